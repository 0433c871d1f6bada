"""Writing XLSX: typed cells, text that stays text, the same bytes each time.

No cell is ever a formula or a link, whatever it holds. Text cells carry the format "Text", so that
a code keeps its zeros and a text that begins with ``=`` stays a text even when somebody edits it.
Each sheet prints on A4 across, or A3 where it is wide: header and page numbers on every page, one page wide where its letters can be
read so, else on pages side by side with the first columns on each. No sheet shrinks below seven tenths. A sheet may have columns that
are kept for the record and stay off the paper; they stand behind those that are printed.

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
#: Pixels between the margins of a sheet across, 96 to an inch, less what the widths of letters differ by between programs.
_ACROSS_PX = {_A4: 0.97 * 96 * (297 / 25.4 - 2 * _MARGIN_IN), _A3: 0.97 * 96 * (420 / 25.4 - 2 * _MARGIN_IN)}
#: Letters of 11 points are printed at no less than this (7.7 points).
_SMALLEST_PRINT = 0.7
#: Lines of a cell that a wide sheet takes before it goes from A4 to A3; and that pages side by side take.
_FEW_LINES = 3
#: Pixels of a letter of the font that widths are counted in, and of the space about a cell.
_LETTER_PX, _AROUND_PX = 7.0, 5.0
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
    """One sheet: a header, rows of ``str``, ``int``, ``float``, ``bool``, ``date`` or ``None``.

    Attributes
    ----------
    name : str
    columns : sequence of SheetColumn
    rows : sequence of sequence
    printed : int or None
        So many first columns are printed, those behind them are kept for the record alone; None: all.
    naming : int
        So many first columns name a row: they come again on each of several pages side by side.
    parts : sequence of int
        Positions of columns with which a page beside another begins where it can.
    unprinted : str
        Said at the foot of each page where columns are not printed.
    """

    name: str
    columns: Sequence[SheetColumn]
    rows: Sequence[Sequence[object]]
    printed: int | None = None
    naming: int = 2
    parts: Sequence[int] = ()
    unprinted: str = ""


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
        record = book.add_format({"text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#EEEEEE", "font_color": "#555555"})
        formats = {
            # Texts stand off the number before them, which ends where they begin.
            text: book.add_format({"num_format": text, "valign": "top", **({"indent": 1} if text in _OF_TEXTS else {})})
            for text in sorted({column.number_format for sheet in sheets for column in sheet.columns})
        }
        wrapped = book.add_format({"num_format": _TEXT, "valign": "top", "text_wrap": True, "indent": 1})
        for sheet, name in zip(sheets, _sheet_names(sheets), strict=True):
            page = book.add_worksheet(name)
            width = len(sheet.columns) if sheet.printed is None else min(sheet.printed, len(sheet.columns))
            widths = _widths(sheet, width)
            for j, column in enumerate(sheet.columns):
                page.write_string(0, j, _cell_text(column.header), header if j < width else record)
                page.set_column(j, j, widths[j])
            _set_height(page, 0, _header_lines(sheet, widths, width))
            for i, row in enumerate(sheet.rows, start=1):
                # What is kept for the record stands on one line, so that no row is higher for it.
                lines = [_lines(value, wide - 1.0 - _INDENT) if j < width and isinstance(value, str) else 1 for j, (value, wide) in enumerate(zip(row, widths, strict=True))]
                _set_height(page, i, max(lines, default=1))
                for j, value in enumerate(row):
                    _write_cell(page, i, j, value, wrapped if lines[j] > 1 else formats[sheet.columns[j].number_format])
            _set_print(page, sheet, widths[:width], title)
            page.freeze_panes(1, 0)
            if sheet.columns:
                page.autofilter(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)
    return stream.getvalue()


def _widths(sheet: Sheet, printed: int) -> list[float]:
    """Return the width of each column: what it holds, on as few lines as keep the printed ones one page wide, and the longest word of its header."""
    heads = [max((len(word) for word in column.header.split()), default=0) + _BUTTON for column in sheet.columns]
    shown = sheet.rows[:: -(-len(sheet.rows) // _LOOKED_AT) or 1]  # spread over all: later rows may be of another kind
    bodies = [max((_shown_length(row[j], column.number_format) for row in shown), default=0) + 1.5 + (_INDENT if column.number_format in _OF_TEXTS else 0.0) for j, column in enumerate(sheet.columns)]
    words = [_longest_word([row[j] for row in shown], body) for j, body in enumerate(bodies)]

    def made(lines: int) -> list[float]:
        return [
            max(_NARROWEST, head, word, column.least_width, min(_WIDEST, body / lines + (2.0 if lines > 1 else 0.0)))
            for head, word, body, column in zip(heads, words, bodies, sheet.columns, strict=True)
        ]  # fmt: skip

    for paper, most in ((_A4, _FEW_LINES), (_A3, _MOST_LINES)):
        for lines in range(1, most + 1):
            widths = made(lines)
            if _pixels(widths[:printed]) * _SMALLEST_PRINT <= _ACROSS_PX[paper]:
                return _with_record(sheet, widths, printed)
    return _with_record(sheet, made(_FEW_LINES), printed)


def _with_record(sheet: Sheet, widths: Sequence[float], printed: int) -> list[float]:
    """Return widths of which those behind the printed columns let their headers stand on as many lines as the printed ones take."""
    lines = _header_lines(sheet, widths, printed)

    def wide(header: str, width: float) -> float:
        while width < _WIDEST and _lines(header, width - _BUTTON) > lines:
            width += 1.0
        return width

    return [width if j < printed else wide(column.header, width) for j, (column, width) in enumerate(zip(sheet.columns, widths, strict=True))]


def _header_lines(sheet: Sheet, widths: Sequence[float], printed: int) -> int:
    return max((_lines(column.header, wide - _BUTTON) for column, wide in zip(sheet.columns[:printed], widths, strict=False)), default=1)


def _pixels(widths: Sequence[float]) -> float:
    """Return how wide columns are on a screen of 96 dots to an inch."""
    return sum(_LETTER_PX * width + _AROUND_PX for width in widths)


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


def _set_print(page: xlsxwriter.worksheet.Worksheet, sheet: Sheet, widths: Sequence[float], title: str) -> None:
    """Set how a sheet prints: A4 across, A3 for wide ones, the header on every page, pages side by side rather than letters that nobody reads.

    ``widths`` are of the columns that are printed.
    """
    page.set_landscape()
    page.hide_gridlines(0)  # on paper a column of numbers ends where one of texts begins
    paper = _A4 if _pixels(widths) * _SMALLEST_PRINT <= _ACROSS_PX[_A4] else _A3
    page.set_paper(paper)
    page.set_margins(left=_MARGIN_IN, right=_MARGIN_IN, top=_MARGIN_IN, bottom=_FOOT_MARGIN_IN)
    page.repeat_rows(0)
    starts = _page_starts(widths, sheet.naming, sheet.parts, _ACROSS_PX[paper] / _SMALLEST_PRINT)
    if starts:  # breaks of one's own hold only beside a scale of one's own
        page.set_print_scale(round(100 * _SMALLEST_PRINT))
        page.set_v_pagebreaks(starts)
        page.repeat_columns(0, sheet.naming - 1)
    else:
        page.fit_to_pages(1, 0)
    more = len(sheet.columns) - len(widths)
    if more:
        page.print_area(0, 0, max(1, len(sheet.rows)), len(widths) - 1)
    name, said = (writable(" ".join(text.split()))[:_LONGEST_FOOT].replace("&", "&&") for text in (title, sheet.unprinted if more else ""))  # "&" begins a code in a footer
    page.set_footer(f"&L{name}&C&A{' – ' if said else ''}{said}&R&P / &N")


def _page_starts(widths: Sequence[float], naming: int, parts: Sequence[int], room: float) -> list[int]:
    """Return the columns with which further pages begin, each page with the naming columns and no wider than ``room`` pixels; none where one page holds all.

    A page begins with a part where the parts on it fit; a part that no page holds is cut.
    """
    if _pixels(widths) <= room:
        return []
    again = _pixels(widths[:naming])
    starts: list[int] = []
    first, begins = naming, sorted({p for p in parts if naming < p < len(widths)})
    while first < len(widths) and again + _pixels(widths[first:]) > room:
        fits = first + 1
        while fits < len(widths) and again + _pixels(widths[first : fits + 1]) <= room:
            fits += 1
        first = max((p for p in begins if first < p <= fits), default=fits)
        starts.append(first)
    return [start for start in starts if start < len(widths)]


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
