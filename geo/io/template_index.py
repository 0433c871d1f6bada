"""Which template is for what: one sheet over all templates, written beside them."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import xlsxwriter

from geo.errors import ResourceError
from geo.io.example_rows import template_texts
from geo.io.templates import Need, templates

__all__ = ["INDEX_NAME", "template_index"]

#: Sorts before the templates.
INDEX_NAME = "00-muc-luc.xlsx"
_CAPTIONS = (
    ("Tệp mẫu", "Template"), ("Bảng", "Table"), ("Dùng để", "What it is for"), ("Ai điền", "Who fills it in"), ("Khai ở [inputs]", "Named in [inputs] as"),
    ("Cột bắt buộc", "Obligatory columns"),
)  # fmt: skip
_WIDTHS = (24, 34, 58, 26, 22, 44)


def template_index() -> bytes:
    """Return the index as XLSX; the same content gives the same bytes.

    It begins as the instructions of a template do: a folder that holds it is read without it.

    Raises
    ------
    ResourceError
        If the resource does not say what a template is for.
    """
    texts = template_texts()
    marks, said = texts["marks"], texts["index"]
    unsaid = [t.name for t in templates() if t.name not in said["tables"]] + [name for name in said["tables"] if name not in {t.name for t in templates()}]
    if unsaid:
        raise ResourceError(f"Mục lục mẫu không khớp: {', '.join(unsaid)}.", f"The index of the templates does not fit: {', '.join(unsaid)}.")
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}) as book:
        book.set_properties({"title": str(said["title"]["vi"]), "created": datetime(marks["edition"].year, marks["edition"].month, marks["edition"].day, tzinfo=UTC)})
        page = book.add_worksheet(str(marks["guide_sheet"]))
        bold, plain = book.add_format({"bold": True, "font_size": 14}), book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#1F4E79", "font_color": "#FFFFFF"})
        cell = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "num_format": "@"})
        link = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "font_color": "#0563C1", "underline": 1})
        page.write_string(0, 0, f"{marks['guide']} – {said['title']['vi']}", bold)
        page.write_string(1, 0, str(said["title"]["en"]), plain)
        wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        for row, line in enumerate((said["about"]["vi"], said["about"]["en"]), start=2):
            page.merge_range(row, 0, row, len(_CAPTIONS) - 1, str(line), wrapped)
            page.set_row(row, 32)
        first = 5
        for j, (vi, en) in enumerate(_CAPTIONS):
            page.set_column(j, j, _WIDTHS[j])
            page.write_string(first, j, f"{vi}\n{en}", head)
        page.set_row(first, 32)
        for i, template in enumerate(templates(), start=first + 1):
            entry = said["tables"][template.name]
            who = said["who"][entry["who"]]
            needed = "; ".join(c.header for c in template.columns if c.need is Need.NEEDED)
            page.write_url(i, 0, f"external:{template.name}.xlsx", link, f"{template.name}.xlsx")
            cells = (
                f"{template.title.vi}\n{template.title.en}", f"{entry['vi']}\n{entry['en']}", f"{who['vi']}\n{who['en']}", template.used_as, needed or "–",
            )  # fmt: skip
            for j, text in enumerate(cells, start=1):
                page.write_string(i, j, text, cell)
            lines = max(sum(-(-len(part) // int(width)) for part in text.split("\n")) for text, width in zip(cells, _WIDTHS[1:], strict=True))
            page.set_row(i, 15.0 * lines)
        page.freeze_panes(first + 1, 1)
        page.repeat_rows(first)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
    return stream.getvalue()
