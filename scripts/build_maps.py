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
    "Các bước trước được làm nếu còn thiếu. Với --country: ghép kết quả đã có của các tỉnh thành bản đồ cả nước (country.html). / Build the one-file "
    "map: the internal edition (index.html) or the public one (public/index.html: squares of 500 m or more, no sites, levels or proposals). Earlier "
    "stages are run where they are missing. With --country: one map of the country from the provinces' finished results (country.html)."
)
def main(
    project: Annotated[
        Path | None, typer.Argument(metavar="PROJECT.toml", help="Tệp dự án (không cần khi có --country). / The project file (not with --country).")
    ] = None,
    edition: Annotated[
        Literal["internal", "public"],
        typer.Option(help="internal: bản nội bộ; public: bản công khai. / internal, or public: what may be published."),
    ] = "internal",
    country: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Thư mục chứa các thư mục kết quả của các tỉnh (thường là maps): ghi country.html vào đó, có liên kết tới bản đồ từng tỉnh. "
            "/ Folder that holds the provinces' run folders: country.html is written into it, with links to each province's map.",
        ),
    ] = None,
    boundaries: Annotated[
        Path | None,
        typer.Option(
            help="Với --country: ranh giới các xã của cả nước, để vẽ cả tỉnh chưa có kết quả. / With --country: communes of the whole country, so "
            "that provinces without results are drawn too."
        ),
    ] = None,
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
        if country is not None:
            _country(console, project, country, boundaries, edition, lang)
            return
        if project is None or boundaries is not None:
            from geo.errors import InputError

            raise InputError(
                "Cần một tệp dự án, hoặc --country THƯ_MỤC (khi đó mới dùng --boundaries).",
                "A project file is needed, or --country FOLDER (and only then --boundaries).",
            )
        from geo.compute import make_executor
        from geo.io.project import read_project
        from geo.pipeline.analysis import MAP, PUBLIC_MAP, analyse

        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(project, out, executor=executor, observer=progress, overwrite=overwrite, public=edition == "public")
        console.wrote(analysis.folder / (PUBLIC_MAP if edition == "public" else MAP))


def _country(
    console: Console, project: Path | None, country: Path, boundaries: Path | None, edition: Literal["internal", "public"], lang: Literal["vi", "en"] | None
) -> None:
    """Write the map of the country and say how much it shows."""
    from geo.errors import Bilingual, InputError
    from geo.numbers import vietnamese
    from geo.pipeline.country import write_country_map

    if project is not None:
        raise InputError("--country dùng kết quả đã có, không nhận tệp dự án.", "--country takes finished results, and no project file.")
    written = write_country_map(country, boundaries=boundaries, edition=edition, language=lang)
    for remark in written.remarks:
        console.note(remark)
    console.note(
        Bilingual(
            f"{written.provinces} tỉnh có kết quả, {written.communes} xã, {written.verdicts} dòng đối chiếu, {vietnamese(written.bytes / 1e6, '.1f')} MB.",
            f"{written.provinces} provinces with results, {written.communes} communes, {written.verdicts} verdicts, {written.bytes / 1e6:.1f} MB.",
        )
    )
    console.wrote(written.path)


if __name__ == "__main__":
    app()
