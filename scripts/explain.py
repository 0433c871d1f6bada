"""Where a figure comes from: cells, rule, rows, files, version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, Verbose, command_line, ending

app = command_line()


@app.command(
    help="Cho biết số liệu của một thôn, xã hoặc trạm từ đâu ra: ô lưới, quy tắc, dòng dữ liệu, tệp, phiên bản. "
    "/ Say where the figures of a village, commune or site come from: grid cells, rule, rows, files, version."
)
def main(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Thư mục kết quả. / The run folder.")],
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="Mã thôn, mã xã hoặc mã trạm. / A village id, commune code or site id.")
    ],
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Print the chain on stdout."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.pipeline.explain import explain

        for section in explain(run, code):
            typer.echo(console.text(section.title))
            for line in section.lines:
                typer.echo(f"  {console.text(line)}")


if __name__ == "__main__":
    app()
