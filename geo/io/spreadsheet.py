"""Writing XLSX: typed cells, text that stays text, the same bytes each time.

No cell is ever a formula or a link, whatever it holds. Text cells carry the format "Text", so that
a code keeps its zeros and a text that begins with ``=`` stays a text even when somebody edits it.
What XML cannot hold, controls and marks of direction are shown as U+FFFD (:func:`geo.text.writable`):
one such letter in one cell, name or title would make the whole file unreadable, or read backwards.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import xlsxwriter

from geo.text import writable

__all__ = ["Sheet", "SheetColumn", "workbook_bytes"]

_LONGEST_CELL = 32_767
_LONGEST_NAME = 31
_LONGEST_PROPERTY = 255
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_WIDEST = 60.0


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """Header and number format of a column.

    Attributes
    ----------
    header : str
    number_format : str
        Excel's; ``"@"`` is text.
    """

    header: str
    number_format: str = "@"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a header, rows of ``str``, ``int``, ``float``, ``bool``, ``date`` or ``None``."""

    name: str
    columns: Sequence[SheetColumn]
    rows: Sequence[Sequence[object]]


def workbook_bytes(sheets: Sequence[Sheet], *, created: date, title: str = "") -> bytes:
    """Return an XLSX file with a frozen, filtered header on every sheet.

    Parameters
    ----------
    sheets : sequence of Sheet
        Names longer than 31 letters are cut; letters that Excel forbids become spaces.
    created : date
        Date that the file states (never the clock: the same content gives the same bytes).
    title : str
        Title in the file's properties.
    """
    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties(
            {"title": writable(title)[:_LONGEST_PROPERTY], "created": datetime(created.year, created.month, created.day, tzinfo=UTC)}
        )
        header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"}
        )
        formats = {
            text: book.add_format({"num_format": text, "valign": "top"})
            for text in sorted({column.number_format for sheet in sheets for column in sheet.columns})
        }
        for sheet, name in zip(sheets, _sheet_names(sheets), strict=True):
            page = book.add_worksheet(name)
            for j, column in enumerate(sheet.columns):
                page.write_string(0, j, _cell_text(column.header), header)
                page.set_column(j, j, _width(column, [row[j] for row in sheet.rows[:200]]))
            for i, row in enumerate(sheet.rows, start=1):
                for j, value in enumerate(row):
                    _write_cell(page, i, j, value, formats[sheet.columns[j].number_format])
            page.freeze_panes(1, 0)
            if sheet.columns:
                page.autofilter(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)
    return stream.getvalue()


def _width(column: SheetColumn, values: Sequence[object]) -> float:
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    return min(_WIDEST, max(longest, len(column.header)) + 2.0)


def _write_cell(
    page: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object, style: object
) -> None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value, style)
    elif isinstance(value, int | float):
        page.write_number(row, column, value, style)
    elif isinstance(value, date):
        page.write_datetime(row, column, value, style)
    else:
        page.write_string(row, column, _cell_text(str(value)), style)


def _cell_text(text: str) -> str:
    """Return a text as a cell can hold it: Excel counts UTF-16 units, of which a letter beyond U+FFFF has two."""
    shown = writable(text.replace("\r\n", "\n").replace("\r", "\n"))  # Excel's own line end within a cell
    if len(shown) * 2 <= _LONGEST_CELL or len(shown.encode("utf-16-le")) // 2 <= _LONGEST_CELL:
        return shown
    return shown.encode("utf-16-le")[: 2 * (_LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _sheet_names(sheets: Sequence[Sheet]) -> list[str]:
    """Return names that Excel takes: none empty, none twice (it does not tell capitals apart)."""
    names: list[str] = []
    for sheet in sheets:
        base = writable(" ".join(sheet.name.split())).translate(_NOT_IN_NAMES)[:_LONGEST_NAME].strip("' ") or "-"
        name, number = base, 1
        while name.casefold() in {other.casefold() for other in names}:
            number += 1
            end = f" ({number})"
            name = base[: _LONGEST_NAME - len(end)].rstrip("' ") + end
        names.append(name)
    return names
