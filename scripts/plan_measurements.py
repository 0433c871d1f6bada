"""What to measure next: stops, routes and sheets of each vehicle-day."""

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
    help="Lập kế hoạch đo: nơi đo để kết luận được nhiều thôn chưa đủ căn cứ nhất, lộ trình từng ngày xe (GPX), số mẫu còn cần, phiếu đo in được. "
    "Số ngày, giờ, tốc độ, nơi xuất phát: sampling trong [settings]. Các bước trước được làm nếu còn thiếu. / Plan measurements: where measuring decides "
    "most undecided villages, the route of each vehicle-day (GPX), samples still needed, sheets to print. Days, hours, speeds and the start: sampling in "
    "[settings]. Earlier stages are run where they are missing."
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
    """Print what the plan is expected to decide, then the files that hold it."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.io.project import read_project
        from geo.pipeline.analysis import analyse
        from geo.pipeline.sampling import SAMPLING_FOLDER, SAMPLING_TABLES, sampling_lines

        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(project, out, executor=executor, observer=progress, overwrite=overwrite)
        for line in sampling_lines(analysis.results["sampling"].record):
            console.say(line)
        for path in analysis.written:
            if path.stem in SAMPLING_TABLES or path.parent.name == SAMPLING_FOLDER or path.name == "tables.xlsx":
                console.wrote(path)


if __name__ == "__main__":
    app()
