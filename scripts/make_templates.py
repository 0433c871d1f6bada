"""Writes the Excel templates of the input tables, and the instructions for teams that record signal with a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from _console import Console, Language, Quiet, Verbose, command_line, ending

app = command_line()


@app.command(
    help="Ghi các mẫu Excel (tiêu đề tiếng Việt, chú thích, danh sách chọn, một dòng ví dụ), mục lục và một trang hướng dẫn ghi nhật ký sóng. "
    "/ Write the Excel templates (Vietnamese headers, notes, drop-down lists, one example row), their index and a page of instructions for phone logs."
)
def main(
    folder: Annotated[Path, typer.Argument(help="Thư mục ghi các mẫu. / Folder for the templates.")] = Path("mau-bieu"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Ghi đè tệp đã có. / Replace existing files.")] = False,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Write one workbook per table, unless one of them is there already: somebody may have filled it in."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.errors import Bilingual, InputError
        from geo.io.files import write_bytes
        from geo.io.template_index import INDEX_NAME, template_index
        from geo.io.template_workbook import template_workbook
        from geo.io.templates import templates
        from geo.report.phone_log import phone_log_page

        content = {folder / f"{t.name}.xlsx": template_workbook(t) for t in templates()}
        count = len(content)
        content[folder / INDEX_NAME] = template_index()
        content[folder / "ghi-nhat-ky-song.html"] = phone_log_page()
        there = [path.name for path in content if path.exists()]
        if there and not overwrite:
            raise InputError(
                f"Thư mục '{folder}' đã có {', '.join(there)}, có thể đã điền; dùng --overwrite để ghi đè, hoặc nêu thư mục khác.",
                f"Folder '{folder}' already holds {', '.join(there)}, maybe filled in; use --overwrite to replace them, or name another folder.",
            )
        for path, data in content.items():
            write_bytes(path, data)
        console.note(
            Bilingual(
                f"{count} mẫu Excel; mẫu nào dùng để làm gì: {INDEX_NAME}; và một trang hướng dẫn ghi nhật ký sóng.",
                f"{count} Excel templates; which is for what: {INDEX_NAME}; and a page of instructions for phone logs.",
            )
        )
        console.wrote(folder)


if __name__ == "__main__":
    app()
