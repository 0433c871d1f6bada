"""Dates whose day and month changed places: exported in the American way, or turned by a spreadsheet program that is set to it.

Day comes before month, as in Vietnam, unless the column itself shows otherwise. Two ways are sure: a text such as "9/28/2026" that has no other reading, where no text is
like "28/9/2026"; and a spreadsheet in which all texts are like "28/9/2026" while none of its dates has a day above 12: typed "1/9/2026" became 9 January, what could not be a
date stayed a text. The second is believed only where the dates lie in fewer months once turned back.

A column is read one way; one whose texts all read both ways has the order of its file (:mod:`geo.io.day_orders`). Where every text reads both ways ("9/1/2026") the Vietnamese one is taken, which is said; where some read one way only and others
the other way only, those that cannot have the day first are named and left unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.validation import IssueLog, Source

__all__ = ["column_order", "month_first", "settle_day_order", "with_month_first"]

BoolArray = npt.NDArray[np.bool_]

_TEXT = re.compile(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|(?<=/)\d{2})(?!\d)(.*)", re.DOTALL)
_TWO_NUMBERS = r"^\s*(?P<first>\d{1,2})(?:[/.-](?P<second>\d{1,2})[/.-]\d{4}|/(?P<short>\d{1,2})/\d{2}(?:\D|$))"  # "28/9/2026", "28/9/26"
_YEAR_FIRST = r"^\s*\d{4}-\d\d-\d\d"
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)((?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)")
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class _Cell:
    """A date as it stands: first and second number (of a spreadsheet's date its day and month), and the same cell with both exchanged."""

    text: bool
    first: int
    second: int
    year: int
    turned: str

    def months(self, *, turned: bool) -> tuple[int, int]:
        return self.year, self.first if turned else self.second


def month_first(cells: pd.Series) -> tuple[pd.Series, BoolArray]:
    """Return the cells with day before month, and which of them were turned.

    Parameters
    ----------
    cells : (n,) Series of str or object
        As they came.
    """
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    found = [_cell(str(value)) for value in uniques]
    texts, dates = ([c for c in found if c is not None and c.text is kind] for kind in (True, False))
    english = any(c.second > _MONTHS >= c.first for c in texts)
    small = all(c.first <= _MONTHS for c in dates)
    if english:
        sure = small and not any(c.first > _MONTHS for c in texts)
    else:
        before, after = ({c.months(turned=False) for c in texts} | {c.months(turned=way) for c in dates} for way in (False, True))
        sure = small and bool(texts) and bool(dates) and all(c.first > _MONTHS for c in texts) and len(after) < len(before)
    if not sure:
        return cells, np.zeros(len(cells), dtype=bool)
    turns = np.array([*(c is not None and (english or not c.text) for c in found), False], dtype=bool)
    values = np.array([*(c.turned if c is not None and turn else v for v, c, turn in zip(uniques, found, turns[:-1], strict=True)), None], dtype=object)
    return pd.Series(values[codes], index=cells.index, name=cells.name, dtype=object), turns[codes]


def settle_day_order(source: Source, header: str, cells: pd.Series, log: IssueLog) -> pd.Series:
    """Return a column's cells with day before month, what was done and what cannot be told stated.

    Parameters
    ----------
    source : Source
    header : str
        The column's, for messages.
    cells : (n,) Series
        As they came; numbers and moments have no order.
    log : IssueLog
    """
    found = _both_numbers(cells)
    if found is None:
        return cells
    texts, first, second = found
    day_sure, month_sure = first > _MONTHS, second > _MONTHS
    mixed = bool(pc.any(pc.match_substring_regex(texts, _YEAR_FIRST)).as_py())
    if month_sure.any() or mixed:
        settled, turned = month_first(cells)
        if turned.any():
            log.add("date_month_first", source, rows=() if turned.all() else cells.index[turned], column=header,
                    came=str(cells[turned].iloc[0]), fields={"count": int(turned.sum())})
            return settled
    if month_sure.any():
        against = month_sure & ~day_sure
        log.add("date_order_contradictory", source, rows=cells.index[against], column=header, came=list(cells[against].astype(str)))
    elif not day_sure.any() and (first != second).any():
        came = cells[first != second].iloc[0]
        log.add("date_order_taken", source, column=header, came=str(came))
    return cells


def column_order(cells: pd.Series) -> str:
    """Return what a column's texts tell of their order: ``"day"`` or ``"month"`` first, ``"open"`` where all read both ways; empty where there is none, or two."""
    found = _both_numbers(cells)
    if found is None:
        return ""
    _, first, second = found
    day_sure, month_sure = bool((first > _MONTHS).any()), bool((second > _MONTHS).any())
    if month_sure:
        return "month" if month_first(cells)[1].any() else ""
    return "day" if day_sure else "open" if (first != second).any() else ""


def with_month_first(cells: pd.Series) -> tuple[pd.Series, BoolArray]:
    """Return a column whose texts of dates have the month first, with them as ``2026-09-28``, and which these are."""
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    found = [_cell(str(value)) for value in uniques]
    turns = np.array([*(c is not None and c.text for c in found), False], dtype=bool)
    values = np.array([*(_year_first(str(v)) if turn else v for v, turn in zip(uniques, turns[:-1], strict=True)), None], dtype=object)
    return pd.Series(values[codes], index=cells.index, name=cells.name, dtype=object), turns[codes]


def _year_first(value: str) -> str:
    found = _TEXT.fullmatch(value)
    if found is None:
        return value
    year = found[4] if len(found[4]) > 2 else f"{pd.to_datetime(found[4], format='%y'):%Y}"
    return f"{year}-{int(found[1]):02d}-{int(found[3]):02d}" + re.sub(r"^(\s*)(\d):", r"\g<1>0\2:", found[5])


def _both_numbers(cells: pd.Series) -> tuple[pa.Array, npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """Return a column's texts and the first and second number of those that are dates with the year last (else 0); None where there are none."""
    if pd.api.types.is_numeric_dtype(cells.dtype) or pd.api.types.is_datetime64_any_dtype(cells.dtype) or not len(cells):
        return None
    spread = cells.dtype == object  # a spreadsheet's column: texts, moments, numbers
    texts = pa.array([None if none else str(c) for c, none in zip(cells, cells.isna(), strict=True)] if spread else cells.array, pa.string(), from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if not pc.any(pc.match_substring_regex(texts, _TWO_NUMBERS)).as_py():
        return None
    first, second, short = _numbers(pc.extract_regex(texts, _TWO_NUMBERS))
    return texts, first, np.maximum(second, short)


def _numbers(parts: pa.StructArray) -> list[npt.NDArray[np.int64]]:
    """Return the numbers that a pattern's groups found, 0 where a group found none."""
    found = (pc.struct_field(parts, i) for i in range(parts.type.num_fields))
    return [pc.fill_null(pc.cast(pc.if_else(pc.equal(text, ""), None, text), pa.int64()), 0).to_numpy(zero_copy_only=False) for text in found]


def _cell(value: str) -> _Cell | None:
    if found := _TEXT.fullmatch(value):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        return _Cell(True, first, second, year, f"{found[3]}{found[2]}{found[1]}{found[2]}{found[4]}{found[5]}")
    if found := _DATE.fullmatch(value):
        return _Cell(False, int(found[3]), int(found[2]), int(found[1]), f"{found[1]}-{found[3]}-{found[2]}{found[4]}")
    return None
