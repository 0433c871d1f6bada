"""Reads every input of a project and says what is wrong with it, all at once."""

from __future__ import annotations

from pathlib import Path

import typer
from _console import (
    Console,
    Language,
    Out,
    ProjectFile,
    Quiet,
    Verbose,
    command_line,
    ending,
)

app = command_line()


@app.command(
    help="Đọc mọi dữ liệu của dự án và ghi issues.xlsx: tệp, trang, dòng, cột, giá trị nhận được, giá trị cho "
    "phép, cần làm gì. / Read every input of a project and write issues.xlsx: file, sheet, row, column, what "
    "came, what is allowed, what to do."
)
def main(
    project: ProjectFile,
    out: Out = Path("maps"),
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Exit with 0 when an analysis may start, with 2 when there are errors."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.errors import Bilingual
        from geo.io.files import write_bytes
        from geo.io.inputs import read_inputs
        from geo.io.project import read_project
        from geo.io.resources import issue_catalogue
        from geo.io.run_folder import RunFolder, run_name
        from geo.pipeline.settings import settings_refusal
        from geo.pipeline.showing import kind_name
        from geo.report.issues import issues_workbook
        from geo.validation import IssueLog, Severity

        read = read_project(project)
        console.language = read.language
        log = IssueLog(issue_catalogue())
        folder = RunFolder(out / run_name(read.name))
        folder.check_writable()
        said: set[str] = set()

        def reading(kind: str) -> None:
            if kind not in said:  # a kind may come as a raster and as a table
                said.add(kind)
                name = kind_name(kind)
                console.note(Bilingual(f"Đang đọc: {name.vi} ({kind})", f"Reading: {name.en} ({kind})"))

        read_inputs(read, log, progress=reading)
        refused = settings_refusal(read)
        path = folder.path / "issues.xlsx"
        write_bytes(path, issues_workbook(log, created=read.date, title=read.name))
        counts = {s: sum(f.count for f in log.of_severity(s)) for s in Severity}
        rows_in = sum(c.rows_in for c in log.counts)
        used = sum(c.rows_used for c in log.counts)
        errors = counts[Severity.ERROR] + (refused is not None)
        console.note(
            Bilingual(
                f"{rows_in} dòng vào, {used} dòng dùng được, {rows_in - used} dòng không dùng (đều có lý do); "
                f"{errors} lỗi, {counts[Severity.WARNING]} cảnh báo.",
                f"{rows_in} rows in, {used} used, {rows_in - used} not used (each explained); "
                f"{errors} errors, {counts[Severity.WARNING]} warnings.",
            )
        )
        console.wrote(path)
        if errors:
            if refused is not None:
                console.error(refused)
            for finding in log.of_severity(Severity.ERROR):
                title = finding.title
                console.error(Bilingual(f"{finding.source}: {title.vi}", f"{finding.source}: {title.en}"))
            raise typer.Exit(2)


if __name__ == "__main__":
    app()
