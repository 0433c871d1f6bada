"""A table as it came: cells untouched, rows numbered as the spreadsheet program numbers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.coordinates import angle_part, join_angle_parts
from geo.errors import InputError
from geo.io.old_text import LetterNote
from geo.schemas import Schema
from geo.text import clean
from geo.validation import Source

__all__ = ["FileLimits", "RawTable", "Siblings", "TableOptions", "combine_angles", "find_header", "header_texts", "join_headers"]

_HEADER_DEPTH = 40


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Sizes beyond which a file is refused before it is unpacked (a small file can hold a huge one)."""

    unpacked_bytes: int = 2_000_000_000
    ratio: float = 200.0
    columns: int = 2_000


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What the project file may say about one input; empty means: find out.

    Attributes
    ----------
    sheet : tuple of str
        Sheets or layers to read.
    header_row : int or None
        Row of the header as the spreadsheet program numbers it.
    encoding, delimiter : str
    columns : mapping
        Field name to header.
    crs : str
    operator : str
        The operator whose list this is, where no column says it.
    extra : mapping
        Options of one kind of input (``kind``, ``year`` ...).
    siblings : Siblings or None
        All files of the input, where there are several.
    """

    sheet: tuple[str, ...] = ()
    header_row: int | None = None
    encoding: str = ""
    delimiter: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    crs: str = ""
    operator: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)
    siblings: Siblings | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Siblings:
    """All files of one input with their names and options, and what was found in those that were looked into."""

    files: tuple[tuple[Path, str, TableOptions], ...]
    known: dict[Path, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells of one sheet, layer or text file below its header.

    Attributes
    ----------
    source : Source
    path : Path
    headers : tuple of str
        Header texts as they came, one per column of ``cells``.
    cells : DataFrame
        Columns 0..n-1, index = row number in the file.
    preamble : tuple of str
        Texts above the header (titles, zone declarations, units).
    geometry : GeoSeries or None
        Aligned with ``cells``; its CRS as declared by the file, possibly None.
    refused_rows : int
        Rows already dropped, each with a finding (wrong number of cells).
    above : tuple of rows
        The cells above the header, from the first row of the file.
    letters : tuple of LetterNote
        What became of cells in old Vietnamese encodings; those of rows up to the header are among them.
    """

    source: Source
    path: Path
    headers: tuple[str, ...]
    cells: pd.DataFrame
    preamble: tuple[str, ...] = ()
    geometry: gpd.GeoSeries | None = None
    refused_rows: int = 0
    above: tuple[tuple[object, ...], ...] = ()
    letters: tuple[LetterNote, ...] = ()


def find_header(rows: list[list[object]], schema: Schema, options: TableOptions) -> tuple[int, int]:
    """Return the first and last index in ``rows`` of the header (two or three rows when groups stand above names).

    The row under which most fields of the schema are recognised wins; the earliest among equals.

    Raises
    ------
    InputError
        If the project file names a header row that the table does not have.
    """
    if options.header_row is not None:
        index = options.header_row - 1
        if not 0 <= index < len(rows):
            raise InputError(
                f"header_row = {options.header_row}: bảng chỉ có {len(rows)} dòng.",
                f"header_row = {options.header_row}: the table has {len(rows)} rows only.",
            )
        return index, index + _names_angle_parts(rows, index)
    best, best_score = (0, 0), 0.0
    for i, row in enumerate(rows[:_HEADER_DEPTH]):
        score = _score([clean(c) for c in row], schema, options)
        if score > best_score or (score == best_score and best[0] < i == best[1]):  # what stood above it was a title
            best, best_score = (i, i), score
        if i + 1 < len(rows):
            joined = join_headers(row, rows[i + 1], schema)
            two = _score(joined, schema, options)
            if two > best_score + (0.0 if _names_only(rows[i + 1], joined, schema) else 1.5):
                best, best_score = (i, i + 1), two
            if i + 2 < len(rows):
                deep = join_headers(list(joined), rows[i + 2], schema)
                three = _score(deep, schema, options)
                if three > best_score and _names_only(rows[i + 2], deep, schema):
                    best, best_score = (i, i + 2), three
    return best if best[0] != best[1] else (best[0], best[0] + _names_angle_parts(rows, best[0]))


def header_texts(rows: list[list[object]], first: int, last: int, schema: Schema) -> list[str]:
    """Return the headers of the rows from ``first`` to ``last``, of which the upper ones group the columns of those below."""
    texts = [clean(c) for c in rows[first]]
    for lower in rows[first + 1 : last + 1]:
        texts = join_headers(list(texts), lower, schema)
    return texts


def _names_only(lower: list[object], joined: list[str], schema: Schema) -> bool:
    """Tell whether a row holds nothing but names of columns (``"Kinh độ"``, ``"Vĩ độ"`` under a merged ``"Tọa độ"``): a row of data never does."""
    places = [i for i, cell in enumerate(lower) if clean(cell)]
    if len(places) < 2 or not all(isinstance(lower[i], str) and not any(c.isdigit() for c in str(lower[i])) for i in places):
        return False
    return all(schema.match([joined[i]]).columns for i in places)


def _names_angle_parts(rows: list[list[object]], index: int) -> int:
    """Return 1 if the row below a header splits its coordinates into degrees, minutes and seconds, else 0."""
    if index + 1 >= len(rows):
        return 0
    axes = {angle_part(c)[0] for c in rows[index]} - {""}
    below = [angle_part(c)[1] for c in rows[index + 1]]
    return int(axes == {"lon", "lat"} and min(below.count("d"), below.count("m")) == len(axes))


def combine_angles(raw: RawTable) -> RawTable:
    """Return a table with coordinates split over columns (degrees, minutes, seconds) in one column each.

    The parts stand side by side, each header naming axis and part (``"Kinh độ (phút)"``), or the parts
    alone behind the axis. The combined column takes the place of the degrees.
    """
    places: dict[str, dict[str, int]] = {}
    last = ""
    for place, header in enumerate(raw.headers):
        axis, part = angle_part(header)
        last = axis or (last if part in {"m", "s"} else "")
        if last and (part or axis):
            places.setdefault(last, {}).setdefault(part or "d", place)
    split = {axis: parts for axis, parts in places.items() if {"d", "m"} <= set(parts)}
    if set(split) != {"lon", "lat"}:
        return raw
    headers, cells = list(raw.headers), raw.cells.copy()
    for axis, parts in split.items():
        columns = [cells[parts[p]] if p in parts else pd.Series([None] * len(cells), index=cells.index) for p in "dms"]
        joined = [join_angle_parts(*row) for row in zip(*columns, strict=True)]
        cells[parts["d"]] = pd.Series(joined, index=cells.index, dtype=object)
        headers[parts["d"]] = "Kinh độ" if axis == "lon" else "Vĩ độ"
        for part in set(parts) - {"d"}:
            headers[parts[part]] = ""
    return replace(raw, headers=tuple(headers), cells=cells)


def join_headers(upper: list[object], lower: list[object], schema: Schema) -> list[str]:
    """Return headers of two rows as one: the group's text carried right, then the name under it.

    Where only the lower name means something to the schema (``"Kinh độ"`` under ``"Vị trí"``), it stands alone.
    """
    width = max(len(upper), len(lower))
    joined: list[str] = []
    group = ""
    for i in range(width):
        above = clean(upper[i]) if i < len(upper) else ""
        below = clean(lower[i]) if i < len(lower) else ""
        if above:
            group = above
        elif not below:
            group = ""
        both = f"{above or group} {below}".strip() if below else above
        alone = below and not schema.match([both]).columns and bool(schema.match([below]).columns)
        joined.append(below if alone else both)
    return joined


def _score(headers: list[str], schema: Schema, options: TableOptions) -> float:
    if not any(headers):
        return 0.0
    chosen = {n: h for n, h in options.columns.items() if n in schema.fields and h in headers}
    found = schema.match(headers, chosen).columns
    return len(found) - 0.25 * len(schema.missing(found))
