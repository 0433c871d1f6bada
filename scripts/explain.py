"""Where a figure comes from: cells, rule, rows, files, version; and why a place has the signal it has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, Verbose, command_line, ending

app = command_line()


@app.command(
    help="Cho biết số liệu của một thôn, cơ sở, xã, trạm, vùng lõm sóng hoặc mục của sổ theo dõi từ đâu ra: mô hình, hiệu chỉnh, số đo có "
    "trọng số, sai số, quy tắc, dòng dữ liệu, tệp, phiên bản. Với một thôn, cơ sở, vùng hoặc điểm còn vẽ mặt cắt đến các cell mạnh nhất và "
    "chia suy hao thành từng phần. / Say where the figures of a village, facility, commune, site, dead zone or register entry come from: "
    "model, corrections, measurements that weigh, error, rule, rows, files, version. For a place also draw the profile to the strongest cells."
)
def main(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Thư mục kết quả. / The run folder.")],
    code: Annotated[
        str,
        typer.Argument(
            metavar="CODE",
            help='Mã thôn, cơ sở, xã, trạm, vùng lõm sóng, mã theo dõi, hoặc kinh độ,vĩ độ như 105.5,22.5 hay "105,5; 22,5". '
            "/ An id of a village, facility, commune, site, dead zone or register entry, or longitude,latitude.",
        ),
    ],
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="Thư mục ghi trang và hình (mặc định: RUN/explain/<mã>). / Folder for the page and its pictures."
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            help="Tệp dự án của lần chạy, nếu không tự tìm thấy. / The run's project file, if it is not found by itself."
        ),
    ] = None,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Print the chain and the paths on stdout, then the files that were written, the page last."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.pipeline.completed import CompletedRun
        from geo.pipeline.explain import explain
        from geo.pipeline.signal import explain_signal, write_signal

        opened = CompletedRun(run)
        console.language = opened.language
        sections = explain(opened, code, project_file=project)
        signal = explain_signal(opened, code, language=lang, project_file=project)
        for section in [*sections, *(signal.sections if signal else [])]:
            typer.echo(console.text(section.title))
            for line in section.lines:
                typer.echo(f"  {console.text(line)}")
        for path in write_signal(signal, run, pictures) if signal else []:
            console.wrote(path)


if __name__ == "__main__":
    app()
