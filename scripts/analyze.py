"""The main job: a project file in, the run folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    help="Phân tích trọn vẹn một tệp dự án vào thư mục kết quả; bị ngắt thì chạy lại sẽ làm tiếp. "
    "/ Analyse a project file into its run folder; an interrupted run is taken up again."
)
def main(
    project: ProjectFile,
    out: Out = Path("maps"),
    workers: Workers = None,
    scheduler: Scheduler = "",
    overwrite: Overwrite = False,
    ask_portals: Annotated[
        bool | None,
        typer.Option(
            "--ask-portals/--no-network",
            help="Hỏi tên miền và mở các cổng thông tin qua IPv4 và IPv6; --no-network: không dùng mạng dù tệp dự án cho phép "
            "(mặc định: theo tệp dự án, thường là không). / Ask DNS and visit the portals over IPv4 and IPv6; --no-network: not "
            "even where the project file says so (default: as the project file has it, no network unless it asks).",
            show_default=False,
        ),
    ] = None,
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
            analysis = analyse(
                project, out, executor=executor, observer=progress, overwrite=overwrite, ask_portals=ask_portals
            )
        if analysis.warnings:
            console.note(
                Bilingual(
                    f"{analysis.warnings} dòng có cảnh báo: xem issues.xlsx và phần lưu ý trên bản đồ.",
                    f"{analysis.warnings} rows carry a warning: see issues.xlsx and the notes on the map.",
                )
            )
        verdicts = analysis.results["ipv6"].record.get("verdicts")
        if verdicts:
            ready, unsaid = verdicts.get("ready", 0), sum(verdicts.get(name, 0) for name in ("unknown", "down", "bad_address"))
            rest = sum(verdicts.values()) - ready - unsaid
            console.note(
                Bilingual(
                    f"Cổng thông tin: {ready} dùng được qua IPv6, {rest} chưa, {unsaid} chưa kết luận được.",
                    f"Portals: {ready} ready for IPv6, {rest} not, {unsaid} cannot be said.",
                )
            )
        for place in dict.fromkeys(
            path if path.parent == analysis.folder else path.parent for path in analysis.written
        ):
            console.wrote(place)


if __name__ == "__main__":
    app()
