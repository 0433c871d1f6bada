"""Areas against standards and targets: completes what is missing of the analysis and names the tables; asks portals if told to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, StageProgress, Verbose, command_line, ending

app = command_line()


@app.command(
    help="Đối chiếu địa bàn với quy chuẩn, mục tiêu và IPv6: làm tiếp phần phân tích còn thiếu rồi nêu các bảng. Chỉ dùng mạng khi có "
    "--ask-portals hoặc ask = true trong [settings.ipv6]. / Holds areas against standards, targets and IPv6: completes what is missing of the "
    "analysis and names the tables. Uses the network only with --ask-portals, or ask = true in [settings.ipv6]."
)
def main(
    project: Annotated[Path, typer.Argument(metavar="PROJECT.toml", help="Tệp dự án. / The project file.")],
    out: Annotated[
        Path, typer.Option(help="Thư mục chứa các thư mục kết quả. / Folder that holds the run folders.")
    ] = Path("maps"),
    ask_portals: Annotated[
        bool | None,
        typer.Option(
            "--ask-portals/--no-network",
            help="Hỏi tên miền và truy cập cổng thông tin qua IPv4 và IPv6; --no-network: không dùng mạng dù tệp dự án cho phép. "
            "/ Ask DNS and visit the portals over IPv4 and IPv6; --no-network: not even where the project file says so.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Số tiến trình (mặc định: mọi bộ xử lý). / Processes (default: every processor)."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Thay kết quả của dự án khác. / Replace another project's results."),
    ] = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Complete the analysis and print the tables of standards."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.errors import Bilingual
        from geo.io.project import read_project
        from geo.pipeline.analysis import analyse

        executor = make_executor(workers=workers, address="")
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(
                project, out, executor=executor, observer=progress, overwrite=overwrite, ask_portals=ask_portals
            )
        verdicts = analysis.results["ipv6"].record.get("verdicts")
        if verdicts:
            ready, unsaid = verdicts.get("ready", 0), sum(verdicts.get(name, 0) for name in ("unknown", "down", "bad_address"))
            console.note(
                Bilingual(
                    f"Cổng thông tin: {ready} dùng được qua IPv6, {sum(verdicts.values()) - ready - unsaid} chưa, {unsaid} chưa kết luận được.",
                    f"Portals: {ready} ready for IPv6, {sum(verdicts.values()) - ready - unsaid} not, {unsaid} cannot be said.",
                )
            )
        for path in analysis.written:
            if path.stem in {"standards", "ipv6", "ipv6_portals"}:
                console.wrote(path)
        console.wrote(analysis.folder / "tables.xlsx")


if __name__ == "__main__":
    app()
