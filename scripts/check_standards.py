"""Holds areas against standards, targets and scorecards: a project file in, two tables out."""

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
    help="Đối chiếu từng xã, tỉnh, đường với quy chuẩn, mục tiêu và bộ chỉ tiêu; ghi tables/standards.csv, "
    "tables/scorecard.csv, tables/scorecard_series.csv và standards.xlsx. / Hold communes, province and roads against standards, targets and "
    "scorecards; write tables/standards.csv, tables/scorecard.csv, tables/scorecard_series.csv and standards.xlsx."
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
    """Run what the verdicts need, say how many there are of each kind, and print what was written."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.errors import Bilingual
        from geo.io.project import read_project
        from geo.pipeline.analysis import check_standards
        from geo.report.tables import code_words

        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            done = check_standards(project, out, executor=executor, observer=progress, overwrite=overwrite)
        found = done.results["standards"].record
        evidence = found["evidence"]
        console.note(
            Bilingual(
                f"{found['rows']} dòng. Từ mẫu đo, mọi loại quy định: "
                f"{evidence['supported']} ủng hộ, {evidence['contradicted']} bác bỏ, {evidence['not_enough']} chưa đủ.",
                f"{found['rows']} rows. From the samples, under rules of every kind: "
                f"{evidence['supported']} supported, {evidence['contradicted']} contradicted, {evidence['not_enough']} not enough.",
            )
        )
        for basis, result in found["by_basis"].items():
            name = code_words("standards_bases", basis)
            console.note(
                Bilingual(
                    f"{name.vi[:1].upper()}{name.vi[1:]}: {result['meets']} đạt, {result['fails']} không đạt, {result['insufficient_n']} chưa đủ mẫu, "
                    f"{result['indicative']} chỉ để tham khảo, {result['not_applicable']} không áp dụng được.",
                    f"{name.en[:1].upper()}{name.en[1:]}: {result['meets']} meet, {result['fails']} fail, {result['insufficient_n']} have not enough samples, "
                    f"{result['indicative']} are indicative, {result['not_applicable']} not applicable.",
                )
            )
        if done.warnings:
            console.note(Bilingual(f"{done.warnings} dòng có cảnh báo: xem issues.xlsx.", f"{done.warnings} rows carry a warning: see issues.xlsx."))
        for path in done.written:
            console.wrote(path)


if __name__ == "__main__":
    app()
