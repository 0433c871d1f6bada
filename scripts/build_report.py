"""What is printed: the atlas, a page per commune, and the one page for the leadership."""

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
    help="Lập atlas.pdf (bản đồ tổng hợp, xếp hạng xã, vùng lõm, thay đổi, kế hoạch, mỗi xã một trang, nguồn và lưu ý) và summary.pdf (một trang cho lãnh "
    "đạo, tiếng Việt và tiếng Anh), plan.docx (dự thảo kế hoạch) trong thư mục kết quả. Các bước trước được làm nếu còn thiếu. / Print atlas.pdf (overview, communes by rank, dead zones, "
    "changes, plans, a page per commune, inputs and notes) summary.pdf (one page for the leadership, in Vietnamese and English) and plan.docx (a draft of the plan) into the run folder. Earlier "
    "stages are run where they are missing."
)
def main(
    project: ProjectFile,
    paper: Annotated[
        Literal["A3", "A4"], typer.Option(help="Khổ giấy của tập bản đồ, in ngang. / Paper of the atlas, lying.", case_sensitive=False)
    ] = "A3",
    language: Annotated[
        Literal["vi", "en"] | None,
        typer.Option(help="Ngôn ngữ của tập bản đồ và của trang tóm tắt thứ nhất (mặc định theo tệp dự án). / Language of the atlas and of the first summary."),
    ] = None,
    out: Out = Path("maps"),
    workers: Workers = None,
    scheduler: Scheduler = "",
    overwrite: Overwrite = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Run what is missing, print the pages, and name the files."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.io.project import read_project
        from geo.pipeline.analysis import analyse
        from geo.pipeline.reporting import ATLAS, PLAN, SUMMARY, ReportOptions

        executor = make_executor(workers=workers, address=scheduler)
        of_project = read_project(project).language
        console.language = of_project
        options = ReportOptions(paper, language or ("en" if of_project == "en" else "vi"))
        with StageProgress(console) as progress:
            analysis = analyse(project, out, executor=executor, observer=progress, overwrite=overwrite, report=options)
        for path in analysis.written:
            if path.name in {ATLAS, PLAN, SUMMARY}:
                console.wrote(path)


if __name__ == "__main__":
    app()
