"""What changed since the last review: the register of dead zones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, Verbose, command_line, ending

app = command_line()


@app.command(
    help="So sánh hai kỳ rà soát: vùng lõm sóng nào mới, vẫn còn, quá hạn, tái lõm, đã xử lý (có đo hoặc nghiệm thu) hay mới chỉ dự báo là "
    "đã xử lý, và vì sao. Ghi sổ theo dõi vào thư mục của kỳ mới: tables/register.csv, register.xlsx, register.gpkg. "
    "/ Compare two reviews: which dead zones are new, persisting, overdue, reopened, resolved (measured or accepted) or resolved by prediction "
    "alone, and why. Writes the register into the new review's folder."
)
def main(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Thư mục kết quả của kỳ trước. / The old run folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Thư mục kết quả của kỳ mới. / The new run folder.")],
    acceptances: Annotated[
        Path | None,
        typer.Option(
            help="Bảng nghiệm thu, thời hạn (CSV, XLSX): mã theo dõi, mã vùng, mã thôn hoặc tọa độ; kết quả, ngày, thời hạn, nhà mạng. "
            "/ Table of acceptances, claims and deadlines."
        ),
    ] = None,
    deadline_days: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS=DAYS",
            help="Số ngày từ khi vào sổ đến hạn, theo loại vùng, ví dụ white=365; lặp lại được. / Days from listing to deadline by class.",
        ),
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(help="Lưới dân số dùng cho cả hai kỳ (mặc định: của kỳ mới). / Population raster for both reviews."),
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(help="Thư mục có sổ theo dõi của kỳ trước, nếu không nằm trong OLD. / Folder with the old register, if not in OLD."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Thư mục ghi sổ (mặc định: NEW). / Folder for the register (default: NEW).")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Thay sổ đã so với một kỳ khác. / Replace a register made against another review."),
    ] = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Print the counts by state on stdout in both languages (or that of --lang), then the files written."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.errors import Bilingual
        from geo.pipeline.reviews import compare_reviews

        compared = compare_reviews(
            old,
            new,
            out=out,
            old_register=register,
            acceptances=acceptances,
            population=population,
            deadline_days=_days(deadline_days or []) or None,
            overwrite=overwrite,
        )
        console.language = compared.language
        for language in (lang,) if lang else ("vi", "en"):
            for line in compared.summary:
                typer.echo(line.text(language))
        if compared.findings:
            console.note(
                Bilingual(
                    f"{compared.findings} chỗ trong bảng nghiệm thu cần xem lại: register_issues.xlsx.",
                    f"{compared.findings} places of the table of acceptances need a look: register_issues.xlsx.",
                )
            )
        if out is None:
            console.note(
                Bilingual(
                    "Chạy lại analyze.py với dự án của kỳ mới để bản đồ vẽ các thay đổi này (chỉ dựng lại bản đồ).",
                    "Run analyze.py with the new review's project again to see these changes on the map (only the map is built anew).",
                )
            )
        for path in compared.written:
            console.wrote(path)


def _days(given: list[str]) -> dict[str, float]:
    """Return days by class of zone from ``CLASS=DAYS``; which classes there are, the comparison knows."""
    from geo.errors import InputError

    days: dict[str, float] = {}
    for text in given:
        name, _, number = (part.strip() for part in text.partition("="))
        if name in days:
            raise InputError(
                f"--deadline-days: loại '{name}' được nêu hai lần.", f"--deadline-days: class '{name}' is given twice."
            )
        try:
            days[name] = float(number)
        except ValueError:
            days[name] = -1.0
        if not name or not 0 < days[name] < 1e5:
            raise InputError(
                f"--deadline-days {text}: cần LOẠI=SỐ NGÀY, ví dụ white=365.", f"--deadline-days {text}: CLASS=DAYS is needed, such as white=365."
            )
    return days


if __name__ == "__main__":
    app()
