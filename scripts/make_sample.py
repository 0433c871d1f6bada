"""Make the made-up sample province again, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, Verbose, command_line, ending

from geo.errors import Bilingual, InputError

app = command_line()


@app.command()
def main(
    folder: Annotated[Path, typer.Argument(help="Thư mục ghi dữ liệu mẫu. / Folder for the sample.")] = Path(
        "data/sample"
    ),
    seed: Annotated[
        int | None,
        typer.Option(help="Số gốc; mặc định là của bộ mẫu kèm theo. / Seed; by default the committed one."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Ghi thêm sự thật để chấm điểm. / Also write the truth for scoring.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Ghi đè tệp đã có. / Replace existing files.")
    ] = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Tạo tỉnh mẫu (dữ liệu giả định, khoảng một phút). / Make the sample province (made-up data, a minute)."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        if (folder / "project.toml").exists() and not overwrite:
            raise InputError(
                f"Thư mục '{folder}' đã có dữ liệu mẫu; dùng --overwrite để ghi đè.",
                f"Folder '{folder}' already holds a sample; use --overwrite to replace it.",
            )
        console.note(
            Bilingual("Đang tạo tỉnh mẫu, khoảng một phút …", "Making the sample province, about a minute …")
        )
        from geo.sample import DEFAULT_SEED, build, build_truth_rasters, write, write_truth

        sample = build(DEFAULT_SEED if seed is None else seed)
        sizes = write(sample, folder)
        total = f"{sum(sizes.values()) / 1e6:.2f}"
        console.note(Bilingual(f"{len(sizes)} tệp, {total} MB.", f"{len(sizes)} files, {total} MB."))
        console.wrote(folder)
        if truth is not None:
            rasters, lattice = build_truth_rasters(sample)
            write_truth(sample, rasters, lattice, truth)
            console.wrote(truth)


if __name__ == "__main__":
    app()
