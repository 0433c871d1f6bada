"""Make the made-up sample province again, byte for byte."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def main(
    folder: Annotated[Path, typer.Argument(help="Thư mục ghi dữ liệu mẫu / folder for the sample.")] = Path(
        "data/sample"
    ),
    seed: Annotated[int | None, typer.Option(help="Số gốc / seed of the generator.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Ghi thêm sự thật để chấm điểm / also write the truth for scoring here."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Ghi đè / replace existing files.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Chỉ báo lỗi / errors only.")] = False,
) -> None:
    """Tạo tỉnh mẫu (dữ liệu giả định) / make the sample province (made-up data). About a minute."""
    logging.basicConfig(
        level=logging.ERROR if quiet else logging.INFO, stream=sys.stderr, format="%(message)s"
    )
    if (folder / "project.toml").exists() and not overwrite:
        typer.echo(
            f"Thư mục '{folder}' đã có dữ liệu mẫu; dùng --overwrite để ghi đè. / "
            f"Folder '{folder}' already holds a sample; use --overwrite to replace it.",
            err=True,
        )
        raise typer.Exit(2)
    from geo.sample import DEFAULT_SEED, build, build_truth_rasters, write, write_truth

    sample = build(DEFAULT_SEED if seed is None else seed)
    sizes = write(sample, folder)
    if not quiet:
        total = sum(sizes.values()) / 1e6
        typer.echo(f"{folder}: {len(sizes)} tệp / files, {total:.2f} MB (dữ liệu giả định / made-up data)")
    if truth is not None:
        rasters, lattice = build_truth_rasters(sample)
        names = write_truth(sample, rasters, lattice, truth)
        if not quiet:
            typer.echo(f"{truth}: {len(names)} tệp sự thật / truth files")


if __name__ == "__main__":
    app()
