"""The sealed map of a project: the internal edition, or the one that may be published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from _console import (
    Console,
    Language,
    Out,
    Overwrite,
    ProjectFile,
    Quiet,
    Scheduler,
    StageProgress,
    Verbose,
    Workers,
    command_line,
    ending,
)

app = command_line()


@app.command(
    help="Dựng bản đồ một tệp: bản nội bộ (index.html) hoặc bản công khai (public/index.html: ô từ 500 m, không có trạm, mức thu, đề xuất). "
    "Các bước trước được làm nếu còn thiếu. / Build the one-file map: the internal edition (index.html) or the public one (public/index.html: squares "
    "of 500 m or more, no sites, levels or proposals). Earlier stages are run where they are missing."
)
def main(
    project: ProjectFile,
    edition: Annotated[
        Literal["internal", "public"],
        typer.Option(help="internal: bản nội bộ; public: bản công khai. / internal, or public: what may be published."),
    ] = "internal",
    out: Out = Path("maps"),
    workers: Workers = None,
    scheduler: Scheduler = "",
    overwrite: Overwrite = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Print the path of the map."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.io.project import read_project
        from geo.pipeline.analysis import MAP, PUBLIC_MAP, analyse

        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(project, out, executor=executor, observer=progress, overwrite=overwrite, public=edition == "public")
        console.wrote(analysis.folder / (PUBLIC_MAP if edition == "public" else MAP))


if __name__ == "__main__":
    app()
