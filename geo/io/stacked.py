"""Two tables in one sheet, one above or beside the other, and rows above a header: never lost, never read under another table's header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.coordinates import parse_angle
from geo.errors import InputError
from geo.io.raw import RawTable, TableOptions
from geo.schemas import HeaderMatch, Schema
from geo.text import clean, fold_key
from geo.validation import IssueLog

__all__ = ["require_not_side_by_side", "require_one_table"]

_FIGURE = re.compile(r"[-+]?\d+(?:[.,]\d+)?$")
_YEAR = re.compile(r"(?:19|20)\d\d(?:\.0)?$")
_LETTER = re.compile(r"\s*[^\W\d_]")
_LETTER_RE2 = r"^[\s\pZ]*[A-Za-zÀ-ỹ]"  # RE2 spells spaces beyond ASCII apart
_FILLED_SHARE = 0.5
_PLACED_SHARE = 1 / 3  # of the cells, where both coordinates are numbers
_FEWEST_FIGURES = 2
_FEWEST_HEADERS = 3
_LOOKED_AT = 500
_WORDS_SHARE = 0.2
_FEW_ROWS = 50_000


def require_one_table(
    raw: RawTable, columns: Mapping[str, int], schema: Schema, options: TableOptions, log: IssueLog
) -> int:
    """Refuse a sheet with rows of data above its header or a second, other header below it.

    Where the project file itself names the header row, the rows above it are stated and not used.

    Parameters
    ----------
    raw : RawTable
    columns : mapping
        Field to column, as the header was understood.
    schema : Schema
    options : TableOptions
    log : IssueLog

    Returns
    -------
    int
        Rows above the header that were stated, each dropped.

    Raises
    ------
    InputError
        With the rows, unless the project file names the header row.
    """
    above = [n for n, row in enumerate(raw.above, start=1) if _is_data(row, raw.headers, columns, schema)]
    header = int(raw.cells.index[0]) - 1 if len(raw.cells) else len(raw.above) + 1
    if above and options.header_row is None:
        raise InputError(
            f"{raw.source}: dòng {_ranges(above)} nằm trên dòng tiêu đề {header} mà trông như dữ liệu (hai bảng chồng lên "
            "nhau, hoặc tiêu đề nằm giữa bảng). Hãy tách mỗi bảng ra một tệp hoặc một trang, tiêu đề ở trên cùng.",
            f"{raw.source}: rows {_ranges(above)} stand above the header in row {header} and look like data (two tables one "
            "above the other, or a header inside a table). Put each table into a file or sheet of its own, header first.",
        )
    if above:
        log.add("rows_above_header", raw.source, rows=above,
                came=[""] * len(above) if schema.private else [_shown(raw.above[n - 1]) for n in above],
                fields={"header": header})  # fmt: skip
    if below := _other_headers(raw, columns, schema):
        raise InputError(
            f"{raw.source}: dòng {_ranges(below)} là tiêu đề khác với tiêu đề ở dòng {header}: hai bảng chồng lên nhau. Hãy "
            "tách mỗi bảng ra một tệp hoặc một trang.",
            f"{raw.source}: row {_ranges(below)} is a header unlike the one in row {header}: two tables one above the other. "
            "Put each table into a file or sheet of its own.",
        )
    return len(above)


def require_not_side_by_side(raw: RawTable, match: HeaderMatch) -> None:
    """Refuse a sheet whose columns stand there twice under the same headers: of the second table no row would be read.

    Raises
    ------
    InputError
        With both ranges of columns.
    """
    keys = [fold_key(h) for h in raw.headers]
    shifts: dict[int, list[int]] = {}
    for places in match.rivals.values():
        first, *others = sorted(places)
        for other in others:
            if keys[first] == keys[other]:
                shifts.setdefault(other - first, []).append(first)
    for shift, columns in shifts.items():
        if len(columns) >= _FEWEST_HEADERS and 2 * len(columns) >= len(match.columns):
            ranges = [f"{_letters(min(columns) + by)}–{_letters(max(columns) + by)}" for by in (0, shift)]
            raise InputError(
                f"{raw.source}: các cột {ranges[0]} lặp lại ở {ranges[1]} với cùng tiêu đề: hai bảng đặt cạnh nhau. Hãy tách mỗi bảng ra một tệp hoặc một "
                "trang, hoặc xếp bảng thứ hai xuống dưới bảng thứ nhất dưới cùng một tiêu đề.",
                f"{raw.source}: columns {ranges[0]} stand again in {ranges[1]} under the same headers: two tables side by side. Put each table into a file or "
                "sheet of its own, or the second one's rows below the first's under one header.",
            )


def _letters(place: int) -> str:
    """Return a column's letters as a spreadsheet program shows them."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _ranges(rows: Sequence[int]) -> str:
    parts = np.split(np.asarray(rows), np.flatnonzero(np.diff(rows) > 1) + 1)
    return ", ".join(f"{p[0]}–{p[-1]}" if len(p) > 1 else f"{p[0]}" for p in parts)


def _shown(row: Sequence[object]) -> str:
    return "; ".join(t for c in row if (t := clean(c)))


def _places(columns: Mapping[str, int], schema: Schema) -> list[int]:
    """Return the columns of coordinates: of the first way to give a position that stands in several columns."""
    for group in schema.one_of:
        for way in group:
            if len(way) > 1 and all(name in columns for name in way):
                return [columns[name] for name in way]
    return []


def _is_data(row: Sequence[object], headers: Sequence[str], columns: Mapping[str, int], schema: Schema) -> bool:
    texts = [clean(c) for c in row]
    texts += [""] * (len(headers) - len(texts))
    if len(schema.match(texts).columns) >= _FEWEST_HEADERS:
        return False
    filled = sum(bool(t) for t, h in zip(texts, headers, strict=False) if h)
    wide = sum(bool(h) for h in headers)
    figures = [t for t in texts if _FIGURE.match(t)]
    values = [float(t.replace(",", ".")) for t in figures]
    if len(figures) == sum(map(bool, texts)) and all(b - a == 1 for a, b in pairwise(values)):
        return False  # nothing, or the numbers of the columns
    placed = [parse_angle(texts[j]) for j in _places(columns, schema)]
    if placed and all(angle is not None for angle in placed) and filled >= max(_FEWEST_HEADERS, wide * _PLACED_SHARE):
        return True
    return filled >= wide * _FILLED_SHARE and sum(not _YEAR.match(t) for t in figures) >= _FEWEST_FIGURES


def _other_headers(raw: RawTable, columns: Mapping[str, int], schema: Schema) -> list[int]:
    """Return rows below the header that are headers themselves and mean other columns."""
    cells = raw.cells
    aliases = {alias for field in schema.fields.values() for alias in field.aliases}
    suspects: set[int] = set()
    for place in set(columns.values()):
        column = cells[place]
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        words = _begin_with_letter(column.iloc[:_LOOKED_AT])
        if len(column) > _FEW_ROWS and words.mean() > _WORDS_SHARE:
            continue  # in a long list a header shows where numbers stand
        at = np.flatnonzero(_begin_with_letter(column))
        suspects.update(int(i) for i in at if fold_key(column.iloc[int(i)]) in aliases)
    found = []
    for i in sorted(suspects):
        match = schema.match([clean(c) for c in cells.iloc[i]])
        if len(match.columns) < _FEWEST_HEADERS or schema.missing(match.columns):
            continue
        if any(columns.get(name) != place for name, place in match.columns.items()):
            found.append(int(cells.index[i]))
    return found


def _begin_with_letter(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.StringDtype):
        # Through Arrow: pandas would walk over a long list cell by cell, several times.
        found = pc.match_substring_regex(pa.array(column.array, from_pandas=True), _LETTER_RE2)
        return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=bool)
    return np.fromiter((isinstance(c, str) and _LETTER.match(c) is not None for c in column), dtype=bool, count=len(column))
