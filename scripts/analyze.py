"""The main job: a project file in, the run folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, StageProgress, Verbose, command_line, ending

app = command_line()


@app.command(
    help="Phân tích trọn vẹn một tệp dự án vào thư mục kết quả; bị ngắt thì chạy lại sẽ làm tiếp. "
    "/ Analyse a project file into its run folder; an interrupted run is taken up again."
)
def main(
    project: Annotated[Path, typer.Argument(metavar="PROJECT.toml", help="Tệp dự án. / The project file.")],
    out: Annotated[
        Path, typer.Option(help="Thư mục chứa các thư mục kết quả. / Folder that holds the run folders.")
    ] = Path("maps"),
    workers: Annotated[
        int | None,
        typer.Option(help="Số tiến trình (mặc định: mọi bộ xử lý). / Processes (default: every processor)."),
    ] = None,
    scheduler: Annotated[
        str, typer.Option(help="Bộ điều phối Dask, ví dụ tcp://10.0.0.5:8786. / A Dask scheduler.")
    ] = "",
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Thay kết quả của dự án khác. / Replace another project's results."),
    ] = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Run all stages, or those that are missing, and print what was written, the map last."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.errors import Bilingual
        from geo.io.project import read_project
        from geo.pipeline.analysis import analyse

        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(project, out, executor=executor, observer=progress, overwrite=overwrite)
        if analysis.warnings:
            console.note(
                Bilingual(
                    f"{analysis.warnings} dòng có cảnh báo: xem issues.xlsx và phần lưu ý trên bản đồ.",
                    f"{analysis.warnings} rows carry a warning: see issues.xlsx and the notes on the map.",
                )
            )
        for place in dict.fromkeys(
            path if path.parent == analysis.folder else path.parent for path in analysis.written
        ):
            console.wrote(place)


if __name__ == "__main__":
    app()
