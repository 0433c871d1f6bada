"""Dates that stand in several columns: "Tháng" and "Năm", "Quý" and "Năm", "Ngày", "Tháng" and "Năm".

They are read together where the kind of table has one field that they can mean: its period, or its date. A cell of a month without a year, or of a year
without a month beside months, is no period: cells merged downwards look like that, and so do totals. Such a row keeps a text that says what is missing.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pandas as pd

from geo.io.raw import RawTable, TableOptions
from geo.schemas import FieldType, Schema
from geo.text import clean, fold
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["join_split_dates"]

_PARTS = {"ngay": "day", "day": "day", "thang": "month", "month": "month", "quy": "quarter", "quarter": "quarter", "nam": "year", "year": "year"}
_GENERIC = frozenset({"", "bao cao", "so lieu", "do", "ky", "ky bao cao", "ky so lieu", "do kiem", "thoi gian", "thoi gian do", "thoi diem", "report", "of report", "data"})
#: Dates that a row is of; without a word for it, month and year of a list of sites may be those of the list.
_OF_THE_ROW = frozenset({"valid_from", "claim_date"})
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MONTH = re.compile(r"(?:thang|t|month)?\s*(\d{1,2})")
_QUARTER = re.compile(r"(?:quy|q|quarter)?\s*([1-4]|iv|i{1,3})")
_YEAR = re.compile(r"(?:nam\s*|year\s*)?(\d{4})")
_DAY = re.compile(r"(?:ngay\s*)?(\d{1,2})")


def join_split_dates(raw: RawTable, schema: Schema, options: TableOptions, log: IssueLog) -> RawTable:
    """Return a table whose dates in several columns stand in one, as if it had come so; stated."""
    chosen = {fold(header) for header in options.columns.values()}
    groups: dict[str, dict[str, int]] = {}
    for place, header in enumerate(raw.headers):
        about, part = _part(fold(header))
        if part and fold(header) not in chosen:
            groups.setdefault("" if about in _GENERIC else about, {}).setdefault(part, place)
    for about, places in groups.items():
        if "year" not in places or not {"month", "quarter"} & set(places):
            continue
        if "day" in places and not _are_days(raw.cells[places["day"]]):
            del places["day"]  # whole dates: what stands beside them says less
            if not about and "day" in schema.fields:
                raw = _left(raw, list(places.values()), log)
                continue
        if target := _target(schema, raw, about, set(places.values()), whole={"day", "month"} <= set(places)):
            raw = _joined(raw, places, target, log)
    return raw


def _part(header: str) -> tuple[str, str]:
    """Return what a folded header is about and which part of a date it names: ``("phat song", "month")`` for "thang phat song"."""
    words = header.split()
    if words and words[0] in _PARTS:
        return " ".join(words[1:]), _PARTS[words[0]]
    if len(words) > 1 and words[-1] in _PARTS:
        return " ".join(words[:-1]), _PARTS[words[-1]]
    return header, ""


def _are_days(cells: pd.Series) -> bool:
    """Tell whether a column holds days of months, and no whole dates."""
    filled = cells[~is_blank(cells)]
    return bool(len(filled)) and all(not isinstance(c, dt.date) and _DAY.fullmatch(_text(c)) is not None for c in filled)


def _target(schema: Schema, raw: RawTable, about: str, own: set[int], *, whole: bool) -> str:
    """Return the header of the field that the columns mean together; empty where none, or more than one, can be meant."""
    dates = [f for f in schema.fields.values() if f.type in {FieldType.DATE, FieldType.TIME}]
    if about:
        keys = {about.replace(" ", ""), *(f"{word}{about.replace(' ', '')}" for word in ("ngay", "thoigian", "thoidiem"))}
        found = [f for f in dates if keys & set(f.aliases)]
    elif whole and "day" in schema.fields:
        found = [schema.fields["day"]]
    elif "period" in schema.fields:
        found = [schema.fields["period"]]
    else:
        found = [f for f in dates if f.name in _OF_THE_ROW]
    if len(found) != 1:
        return ""
    rest = ["" if i in own else header for i, header in enumerate(raw.headers)]
    return "" if found[0].name in schema.match(rest).columns else found[0].label or found[0].name


def _left(raw: RawTable, places: list[int], log: IssueLog) -> RawTable:
    """Return a table without the headers of columns that a column of whole dates makes needless."""
    log.add("columns_unused", raw.source, came=", ".join(raw.headers[i] for i in sorted(places)))
    return replace(raw, headers=tuple("" if i in places else h for i, h in enumerate(raw.headers)))


def _joined(raw: RawTable, places: dict[str, int], target: str, log: IssueLog) -> RawTable:
    parts = {part: [None if b else c for c, b in zip(raw.cells[place], is_blank(raw.cells[place]), strict=True)] for part, place in places.items()}
    names = {part: raw.headers[place] for part, place in places.items()}
    texts = [_one(dict(zip(parts, row, strict=True)), names) for row in zip(*parts.values(), strict=True)]
    cells = raw.cells.copy()
    cells[raw.cells.shape[1]] = pd.Series(texts, index=cells.index, dtype=object)
    order = sorted(places.values())
    log.add("date_from_columns", raw.source, came=", ".join(raw.headers[i] for i in order), fields={"field": target})
    headers = tuple("" if i in order else h for i, h in enumerate(raw.headers))
    return replace(raw, headers=(*headers, target), cells=cells)


def _text(cell: object) -> str:
    text = fold(str(int(cell)) if isinstance(cell, float) and cell.is_integer() else cell)
    return re.sub(r"^(\d+) 0+$", r"\1", text) if re.fullmatch(r"\s*\d+[.,]0+\s*", str(cell)) else text


def _one(parts: dict[str, object], names: dict[str, str]) -> object:
    """Return one row's date or period as a text that reads back as such; what is missing or contradicts itself as a text that does not."""
    if all(cell is None for cell in parts.values()):
        return None
    for cell in (parts.get("month"), parts.get("quarter")):
        own = None if cell is None else str(cell.year) if isinstance(cell, dt.date) else (re.search(r"\d{4}", clean(cell)) or [None])[0]
        if own is not None:  # "03/2026" stands whole under "Tháng"
            beside = None if parts.get("year") is None else _YEAR.fullmatch(_text(parts["year"]))
            agrees = parts.get("year") is None or (beside is not None and beside[1] == own)
            return cell if agrees else "; ".join(f"{names[p]}: {clean(c)}" for p, c in parts.items() if c is not None)
    day, month, quarter, year = (None if parts.get(p) is None else pattern.fullmatch(_text(parts[p])) for p, pattern in (("day", _DAY), ("month", _MONTH), ("quarter", _QUARTER), ("year", _YEAR)))
    said = {p: clean(c) for p, c in parts.items() if c is not None}
    number = None if quarter is None else int(_ROMAN.get(quarter[1], quarter[1]))
    fits = all(found is not None for p, found in (("day", day), ("month", month), ("quarter", quarter), ("year", year)) if p in said)
    if not fits or year is None or (month is None and (number is None or "day" in parts)) or ("day" in parts and day is None):
        return "; ".join(f"{names[p]}: {said.get(p, '?')}" for p in parts)
    if month is not None and number is not None and (int(month[1]) + 2) // 3 != number:
        return "; ".join(f"{names[p]}: {text}" for p, text in said.items())
    if day is not None and month is not None:
        return f"{int(day[1]):02d}/{int(month[1]):02d}/{year[1]}"
    return f"{int(month[1]):02d}/{year[1]}" if month is not None else f"{year[1]}-Q{number}"
