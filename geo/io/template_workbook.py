"""A template as a workbook: the table to fill in, and a sheet that explains it.

Every cell of the table is formatted as text: what is typed stays as it was typed, whatever the office PC's language makes of
commas, days and leading zeros, and nothing can become a formula. The readers settle numbers and days by the whole column.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from geo.io.example_rows import template_texts
from geo.io.templates import Need, Template, TemplateColumn

__all__ = ["template_workbook"]

_ROWS = 20_000  # as far as the lists reach
_NEED = {
    Need.NEEDED: ("Bắt buộc", "Obligatory", "#1F4E79", "#FFFFFF"),
    Need.WANTED: ("Nên có", "Wanted", "#9DC3E6", "#000000"),
    Need.FREE: ("Có thì ghi", "If known", "#E8EEF4", "#000000"),
}
_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_LISTS_FROM = 8  # first column of the lists on the sheet of instructions


def template_workbook(template: Template, rows: Sequence[Sequence[str]] = (), *, example: bool = True) -> bytes:
    """Return a template as XLSX; the same content gives the same bytes.

    Parameters
    ----------
    template : Template
    rows : sequence of sequence of str
        Rows below the example, one text per column.
    example : bool
        Whether the example row stands there.
    """
    edition = template_texts()["marks"]["edition"]
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _TEXT) as book:
        book.set_properties({"title": template.title.vi, "created": datetime(edition.year, edition.month, edition.day, tzinfo=UTC)})
        page = book.add_worksheet(template.sheet)
        guide = book.add_worksheet(str(template_texts()["marks"]["guide_sheet"]))
        text = book.add_format({"num_format": "@", "valign": "top"})
        made_up = book.add_format({"num_format": "@", "valign": "top", "italic": True, "font_color": "#7F6000", "bg_color": "#FFF2CC"})
        heads = {
            need: book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": fill, "font_color": ink, "num_format": "@"})
            for need, (_, _, fill, ink) in _NEED.items()
        }
        for j, column in enumerate(template.columns):
            width = max(12.0, min(34.0, max(len(column.header), len(column.example), *(len(v) for v in column.values or ("",))) + 2.0))
            page.set_column(j, j, width, text)
            page.write_string(0, j, column.header, heads[column.need])
            page.write_comment(0, j, _note(column), {"x_scale": 2.6, "y_scale": 1.8, "author": ""})
        filled = [[c.example for c in template.columns], *rows] if example else list(rows)
        for i, row in enumerate(filled, start=1):
            for j, value in enumerate(row):
                if value:
                    page.write_string(i, j, value, made_up if example and i == 1 else text)
                elif example and i == 1:
                    page.write_blank(i, j, None, made_up)
        page.freeze_panes(1, 0)
        page.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(len(template.columns) - 1)}{_ROWS}"})
        _write_guide(book, guide, template)
        _add_lists(book, page, guide, template)
    return stream.getvalue()


def _note(column: TemplateColumn) -> str:
    need = _NEED[column.need]
    return (
        f"{column.meaning.vi}.\n{column.form.vi}.\n{need[0]}.\n\n{column.meaning.en}.\n{column.form.en}.\n{need[1]}."
    )


def _write_guide(book: xlsxwriter.Workbook, guide: xlsxwriter.worksheet.Worksheet, template: Template) -> None:
    marks = template_texts()["marks"]
    bold = book.add_format({"bold": True, "font_size": 14})
    plain = book.add_format({"valign": "top", "num_format": "@"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "num_format": "@"})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#E8EEF4", "num_format": "@"})
    guide.write_string(0, 0, f"{marks['guide']} – {template.title.vi}", bold)
    guide.write_string(1, 0, template.title.en, plain)
    row = 2
    for line in template_texts()["guide"]["lines"]:
        if line.get("positions") and not template.x_header:
            continue
        for language in ("vi", "en"):
            said = str(line[language]).format(
                sheet=template.sheet, used_as=template.used_as, example=marks["example"], x=template.x_header, y=template.y_header
            )
            guide.write_string(row, 0, said, plain)
            row += 1
    row += 1
    for j, caption in enumerate(("Cột", "Bắt buộc", "Ý nghĩa", "Cách ghi", "Ví dụ (bịa)", "Meaning", "Form")):
        guide.write_string(row, j, caption, head)
    heads = {
        need: book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": fill, "font_color": ink, "num_format": "@"})
        for need, (_, _, fill, ink) in _NEED.items()
    }
    for i, column in enumerate(template.columns, start=row + 1):
        vi, en, _, _ = _NEED[column.need]
        texts = (column.header, f"{vi} / {en}", column.meaning.vi, column.form.vi, column.example, column.meaning.en, column.form.en)
        for j, value in enumerate(texts):
            guide.write_string(i, j, value, heads[column.need] if j == 0 else wrapped)
    for j, width in enumerate((26, 24, 40, 32, 26, 40, 32)):
        guide.set_column(j, j, width)
    guide.set_landscape()
    guide.set_paper(9)
    guide.fit_to_pages(1, 0)


def _add_lists(
    book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet, guide: xlsxwriter.worksheet.Worksheet, template: Template
) -> None:
    """Write the lists beside the instructions and tie the table's cells to them."""
    head = book.add_format({"bold": True, "num_format": "@"})
    plain = book.add_format({"num_format": "@"})
    place = _LISTS_FROM
    for j, column in enumerate(template.columns):
        if not column.values:
            continue
        guide.write_string(0, place, f"Danh sách: {column.header}", head)
        guide.set_column(place, place, max(16, *(len(v) + 2 for v in column.values)))
        for i, value in enumerate(column.values, start=1):
            guide.write_string(i, place, value, plain)
        letter = xl_col_to_name(place)
        source = f"='{guide.get_name()}'!${letter}$2:${letter}${len(column.values) + 1}"
        page.data_validation(
            1, j, _ROWS - 1, j,
            {
                "validate": "list", "source": source, "ignore_blank": True, "show_error": column.strict, "error_type": "stop",
                "error_title": "Chọn trong danh sách", "error_message": "Ô này chỉ nhận giá trị trong danh sách. / Choose a value from the list.",
            },
        )  # fmt: skip
        place += 1
