"""Writing XLSX: typed cells, text that stays text, the same bytes each time.

No cell is ever a formula or a link, whatever it holds. Text cells carry the format "Text", so that
a code keeps its zeros and a text that begins with ``=`` stays a text even when somebody edits it.
Each sheet prints on A4 across: header and page numbers on every page, one page wide where its letters can be read so, else on as
few pages side by side as keep them readable, with the first columns on each.

What XML cannot hold, controls and marks of direction are shown as U+FFFD (:func:`geo.text.writable`):
one such letter in one cell, name or title would make the whole file unreadable, or read backwards.
"""

from __future__ import annotations

import io
import math
import re
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
_A4, _A3 = 9, 8
_MARGIN_IN = 0.4
_FOOT_MARGIN_IN = 0.6
#: Letters of 11 points that fit across A4 at full size, between the margins.
_ACROSS = 149.0
#: A sheet that A4 would print smaller than this (letters of 6.6 points) prints on A3, where the same width has letters 1.41 times as high ...
_SMALLEST_ON_A4 = 0.6
#: ... down to this in sizes of A4, which on A3 are letters of 6.2 points, while its texts stand on few lines ...
_SMALLEST_PRINT = 0.4
_FEW_LINES = 3
#: ... and to this (5 points) before rows become towers or pages lie side by side, as those of still wider sheets do.
_SMALLEST_OF_ALL = 0.32
#: Columns that name a row, on each page of those that lie side by side.
_REPEATED = 2
#: The widest a column may be, in letters, and on how many lines at most its texts stand so that the sheet is one page wide.
_WIDEST = 60.0
_MOST_LINES = 6
_LONGEST_WORD = 16.0  # longer ones (addresses, lists of codes) are broken
_NARROWEST = 6.0
_BUTTON = 3.0  # of the filter, beside the header's longest word
_LONGEST_FOOT = 90
_LOOKED_AT = 200
_LINE_PT = 15.0
_TALLEST_PT = 409.0


_TEXT = "@"
_OF_TEXTS = (_TEXT, "General")
_INDENT = 1.0


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """Header and number format of a column.

    Attributes
    ----------
    header : str
    number_format : str
        Excel's; ``"@"`` is text.
    least_width : float
        Letters that have room in any case: for a column that somebody fills in.
    """

    header: str
    number_format: str = "@"
    least_width: float = 0.0


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
            # Texts stand off the number before them, which ends where they begin.
            text: book.add_format({"num_format": text, "valign": "top", **({"indent": 1} if text in _OF_TEXTS else {})})
            for text in sorted({column.number_format for sheet in sheets for column in sheet.columns})
        }
        wrapped = book.add_format({"num_format": _TEXT, "valign": "top", "text_wrap": True, "indent": 1})
        for sheet, name in zip(sheets, _sheet_names(sheets), strict=True):
            page = book.add_worksheet(name)
            widths = _widths(sheet)
            for j, column in enumerate(sheet.columns):
                page.write_string(0, j, _cell_text(column.header), header)
                page.set_column(j, j, widths[j])
            _set_height(page, 0, max((_lines(column.header, width - _BUTTON) for column, width in zip(sheet.columns, widths, strict=True)), default=1))
            for i, row in enumerate(sheet.rows, start=1):
                lines = [_lines(value, width - 1.0 - _INDENT) if isinstance(value, str) else 1 for value, width in zip(row, widths, strict=True)]
                _set_height(page, i, max(lines, default=1))
                for j, value in enumerate(row):
                    _write_cell(page, i, j, value, wrapped if lines[j] > 1 else formats[sheet.columns[j].number_format])
            _set_print(page, widths, title)
            page.freeze_panes(1, 0)
            if sheet.columns:
                page.autofilter(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)
    return stream.getvalue()


def _widths(sheet: Sheet) -> list[float]:
    """Return the width of each column: what it holds, on as few lines as keep the sheet one page wide, and the longest word of its header."""
    heads = [max((len(word) for word in column.header.split()), default=0) + _BUTTON for column in sheet.columns]
    shown = sheet.rows[:: -(-len(sheet.rows) // _LOOKED_AT) or 1]  # spread over all: later rows may be of another kind
    bodies = [max((_shown_length(row[j], column.number_format) for row in shown), default=0) + 1.5 + (_INDENT if column.number_format in _OF_TEXTS else 0.0) for j, column in enumerate(sheet.columns)]
    words = [_longest_word([row[j] for row in shown], body) for j, body in enumerate(bodies)]
    made: list[float] = []
    for most, smallest in ((_FEW_LINES, _SMALLEST_PRINT), (_MOST_LINES, _SMALLEST_OF_ALL)):
        for lines in range(1, most + 1):
            made = [
                max(_NARROWEST, head, word, column.least_width, min(_WIDEST, body / lines + (2.0 if lines > 1 else 0.0)))
                for head, word, body, column in zip(heads, words, bodies, sheet.columns, strict=True)
            ]  # fmt: skip
            if sum(made) <= _ACROSS / smallest:
                return made
    return made


def _longest_word(values: Sequence[object], otherwise: float) -> float:
    """Return the room that the longest word of a column's texts takes; of a column without texts what is given, since numbers are not broken."""
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return otherwise
    return min(_LONGEST_WORD, max((len(word) for text in texts for word in text.split()), default=0) + 1.5)


def _lines(text: str, width: float) -> int:
    """Return on how many lines a text stands in a column so wide: words are kept whole where they fit."""
    if len(text) <= width and "\n" not in text:
        return 1
    found = 0
    for line in text.split("\n"):
        found, room = found + 1, width
        for length in map(len, line.split(" ")):
            rest = float(length)
            if rest > room and room < width:
                found, room = found + 1, width
            while rest > room:  # a word longer than the column is broken
                found, rest, room = found + 1, rest - max(1.0, room), width
            room -= rest + 1
    return found


def _set_height(page: xlsxwriter.worksheet.Worksheet, row: int, lines: int) -> None:
    """Set the height of a row of several lines: Excel finds it by itself, other programs let the text run over the next row."""
    if lines > 1:
        page.set_row(row, min(_TALLEST_PT, _LINE_PT * lines))


def _shown_length(value: object, number_format: str) -> int:
    """Return how many letters a value takes as it is shown; of a text its longest line."""
    if value is None:
        return 0
    if isinstance(value, str):
        return max(len(line) for line in value.split("\n"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return len(number_format) if isinstance(value, date) else len(str(value))
    decimals = re.search(r"\.(0+)", number_format)
    digits = len(decimals[1]) + 1 if decimals else 0
    whole = f"{round(value * (100 if '%' in number_format else 1)):,}" if "," in number_format else f"{round(value * (100 if '%' in number_format else 1))}"
    return len(whole) + digits + number_format.count("%") + (1 if number_format == "General" else 0)


def _set_print(page: xlsxwriter.worksheet.Worksheet, widths: Sequence[float], title: str) -> None:
    """Set how a sheet prints: A4 across, A3 for wide ones, the header on every page, as few pages side by side as keep its letters readable."""
    page.set_landscape()
    page.set_paper(_A4 if sum(widths) <= _ACROSS / _SMALLEST_ON_A4 else _A3)
    page.set_margins(left=_MARGIN_IN, right=_MARGIN_IN, top=_MARGIN_IN, bottom=_FOOT_MARGIN_IN)
    page.repeat_rows(0)
    across = _pages_across(widths)
    page.fit_to_pages(across, 0)
    if across > 1:
        page.repeat_columns(0, _REPEATED - 1)
    name = writable(" ".join(title.split()))[:_LONGEST_FOOT].replace("&", "&&")  # "&" begins a code in a footer
    page.set_footer(f"&L{name}&C&A&R&P / &N")


def _pages_across(widths: Sequence[float]) -> int:
    """Return on how many pages side by side a sheet of these columns prints, the repeated ones on each."""
    fits, again = _ACROSS / _SMALLEST_OF_ALL, sum(widths[:_REPEATED])
    if sum(widths) <= fits:
        return 1
    return max(1, math.ceil((sum(widths) - again) / max(1.0, fits - again)))


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
