"""Operators' registered plans checked and weighed, sharing, the inventory, and what stays unserved."""

from __future__ import annotations

from pathlib import Path

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
    help="Thẩm tra đăng ký của doanh nghiệp (loại cột, khoảng cách, dùng chung, vùng lõm và người được phủ thêm), việc dùng chung cột, hiện trạng "
    "hạ tầng thụ động, phần còn lại chưa có sóng, và đề xuất vị trí trong ngân sách từng năm. Các bước trước được làm nếu còn thiếu. / Check operators' registered plans (class, spacing, sharing, "
    "dead zones and people gained), sharing of masts, the passive inventory, what stays unserved, and propose sites within the yearly budgets. Earlier stages are run where they are missing."
)
def main(
    project: ProjectFile,
    out: Out = Path("maps"),
    workers: Workers = None,
    scheduler: Scheduler = "",
    overwrite: Overwrite = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Print the figures of the plan, then the tables that hold them."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.io.project import read_project
        from geo.pipeline.analysis import analyse
        from geo.pipeline.planning import PLAN_TABLES, plan_lines
        from geo.pipeline.proposals import PROPOSAL_TABLES, proposal_lines
        from geo.report.annexes import ANNEXES

        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(project, out, executor=executor, observer=progress, overwrite=overwrite)
        for line in plan_lines(analysis.results["planning"].record):
            console.say(line)
        for line in proposal_lines(analysis.results["proposals"].record):
            console.say(line)
        for path in analysis.written:
            if path.stem in {*PLAN_TABLES, *PROPOSAL_TABLES, *ANNEXES} or path.name == "tables.xlsx":
                console.wrote(path)


if __name__ == "__main__":
    app()
