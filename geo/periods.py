"""Periods as people write them: months, quarters, halves of years, years, and from one of them to another; and the last day of what ends with them."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.text import clean, fold
from geo.values import is_blank, parse_times

__all__ = ["is_serial_day", "last_days_in_words", "parse_periods"]

BoolArray = npt.NDArray[np.bool_]

_QUARTER = re.compile(
    r"(?:q|quy|quarter)\s*(?P<q1>iv|i{1,3}|[1-4])\s+(?:cua\s+)?(?:nam\s*)?(?P<y1>\d{4})|(?P<q2>iv|i{1,3})\s+(?:nam\s*)?(?P<y2>\d{4})"
    r"|(?:nam\s*)?(?P<y3>\d{4})\s*(?:q|quy|quarter)\s*(?P<q3>iv|i{1,3}|[1-4])"
)
_QUARTERS_TOLD = re.compile(r"(?:q|quy)\s*(iv|i{1,3}|[1-4])\s+(?:va\s+)?(?:q|quy)?\s*(iv|i{1,3}|[1-4])\s+(?:nam\s*)?(\d{4})")  # "Quý I + II/2026"
_BARE_QUARTER = re.compile(r"([1-4])\s+(?:nam\s*)?(\d{4})|(\d{4})\s+([1-4])")  # under a header that says quarters
_MONTH = re.compile(r"(?:(?:thang|t|month)\s*)?(\d{1,2})\s+(?:nam\s*)?(\d{4})|(\d{4})\s+(\d{1,2})")
_HALF = re.compile(r"(?P<count>[369]) thang(?: (?P<which>dau|cuoi))?(?: nam)? (?P<year>\d{4})")
_YEAR = re.compile(r"(?:ca )?(?:nam\s*|year\s*)?(\d{4})")
_BETWEEN = re.compile(r"\s*(?:/|–|—|\bđến\b|\bto\b|\s-\s|(?<=/\d{4})-(?=\d{1,2}/))\s*", re.IGNORECASE)
_CUT_YEAR = re.compile(r"\d{4}[.,]\d")
_SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]0+)?")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MONTHS = (1, 12)
# What leads to the day on which something ends: "chậm nhất", "đến hết"; after "trước" the period itself is too late.
_UNTIL = frozenset(
    ("truoc", "den", "toi", "het", "den het", "toi het", "cuoi", "den cuoi", "cham nhat", "muon nhat", "khong qua", "khong muon hon", "khong cham hon", "trong", "hoan thanh", "hoan thanh trong",
     "hoan thanh truoc", "han", "thoi han", "truoc ngay", "den ngay", "ngay", "by", "before", "until", "end of", "by end of")
)  # fmt: skip
_LONGEST_UNTIL = 3
_BEFORE = frozenset(("truoc", "before"))


def parse_periods(cells: pd.Series, *, quarters: bool = False) -> tuple[pd.Series, pd.Series, BoolArray]:
    """Return first and last day of periods as people write them, and which cells are none.

    Read are months (``"2026-10"``, ``"10/2026"``, ``"T10/2026"``, ``"Tháng 10 năm 2026"``), quarters (``"2026-Q3"``, ``"Quý III/2026"``),
    ``"6 tháng đầu năm 2026"``, years, single days, and from one to the other of them (``"01/2026 – 03/2026"``).

    Parameters
    ----------
    cells : Series
    quarters : bool
        Whether the header says that these are quarters: then ``"3/2026"`` is the third.
    """
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    blank = is_blank(pd.Series(uniques)) if len(uniques) else np.zeros(0, dtype=bool)
    spans = [(None, None) if b else _period(u, quarters=quarters) for u, b in zip(uniques, blank, strict=True)]
    bad = np.array([*(s[0] is None and not b for s, b in zip(spans, blank, strict=True)), False], dtype=bool)[codes]
    first = np.array([*(s[0] or np.datetime64("NaT") for s in spans), np.datetime64("NaT")], dtype="datetime64[ns]")
    last = np.array([*(s[1] or np.datetime64("NaT") for s in spans), np.datetime64("NaT")], dtype="datetime64[ns]")
    return pd.Series(first[codes], index=cells.index), pd.Series(last[codes], index=cells.index), bad


def is_serial_day(value: object) -> bool:
    """Tell whether a text is a spreadsheet's number of a day."""
    return _SERIAL.fullmatch(clean(value)) is not None


def last_days_in_words(cells: pd.Series) -> pd.Series:
    """Return the last day (datetime64[ns]) by which cells say that something ends, NaT where they say none.

    Read are periods (``"Quý IV/2026"``, ``"năm 2026"``), also after words that lead to their end (``"hết năm 2026"``, ``"chậm nhất 12/2026"``), and after
    ``"trước"`` the day before they begin (``"trước quý 3/2027"`` is 30/06/2027). What begins there (``"từ 2027"``, ``"sau 2027"``), or is
    vaguer than a period (``"đầu năm 2027"``), has no last day.
    """
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    days = np.array([*(_last_day(u) for u in uniques), np.datetime64("NaT")], dtype="datetime64[ns]")
    return pd.Series(days[codes], index=cells.index)


def _last_day(value: object) -> np.datetime64:
    words = clean(value).rstrip(".").split()
    before = False
    while words:
        told = next((n for n in range(min(_LONGEST_UNTIL, len(words)), 0, -1) if fold(" ".join(words[:n])) in _UNTIL), 0)
        if not told:
            break
        before |= bool(_BEFORE & set(fold(" ".join(words[:told])).split()))
        words = words[told:]
    first, last = _period(" ".join(words))
    if first is None or last is None:
        return np.datetime64("NaT")
    return first - np.timedelta64(1, "D") if before else last


def _period(value: object, *, quarters: bool = False) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    if isinstance(value, dt.date | np.datetime64):
        # Spreadsheets turn "10/2026" into the first of the month.
        day = pd.Timestamp(value).normalize()
        if quarters:  # and "3/2026" under "Quý" into the first of March
            return _months(day.year, 3 * day.month - 2, 3) if day.day == 1 and day.month <= 4 else (None, None)
        last = day + pd.offsets.MonthEnd(0) if day.day == 1 else day
        return day.to_datetime64(), last.to_datetime64()
    if is_serial_day(value):  # a spreadsheet's day, as a text
        return _period(parse_times(pd.Series([clean(value)[:5]]))[0].iloc[0].to_pydatetime(), quarters=quarters)
    text = re.sub(r"^(\d{4})[.,]0+$", r"\1", clean(value))  # a year that went through a decimal number
    if _CUT_YEAR.fullmatch(text):
        return None, None  # of "2026.1" nobody knows whether it was 2026.10
    folded = re.sub(r"^(20\d\d)(0[1-9]|1[0-2])$", r"\1 \2", fold(text))  # "202603"
    if found := _QUARTER.fullmatch(folded):
        said, year = next((found[f"q{i}"], found[f"y{i}"]) for i in (1, 2, 3) if found[f"q{i}"])
        return _months(int(year), 3 * int(_ROMAN.get(said, said)) - 2, 3)
    if found := _BARE_QUARTER.fullmatch(folded) if quarters else None:
        said, year = (found[1], found[2]) if found[1] else (found[4], found[3])
        return _months(int(year), 3 * int(said) - 2, 3)
    if found := _QUARTERS_TOLD.fullmatch(folded):
        one, next_one = (int(_ROMAN.get(found[i], found[i])) for i in (1, 2))
        return _months(int(found[3]), 3 * one - 2, 6) if next_one == one + 1 else (None, None)
    if quarters and _MONTH.fullmatch(folded):
        return None, None
    if found := _MONTH.fullmatch(folded):
        month, year = (found[1], found[2]) if found[1] else (found[4], found[3])
        return _months(int(year), int(month), 1)
    if found := _HALF.fullmatch(folded):
        count = int(found["count"])
        return _months(int(found["year"]), 13 - count if found["which"] == "cuoi" else 1, count)
    if found := _YEAR.fullmatch(folded):
        return _months(int(found[1]), 1, 12)
    times, bad = parse_times(pd.Series([text]))
    if bad[0] or times.isna().iloc[0]:
        return _span(text, quarters=quarters)
    day = times.iloc[0].normalize()
    return day.to_datetime64(), day.to_datetime64()


def _span(text: str, *, quarters: bool) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    """Return first and last day of a text from one period to another: ``"01/2026 – 03/2026"``, ``"2026-01-01/2026-03-31"``; none for any other text."""
    for cut in _BETWEEN.finditer(text):
        first, last = (_period(part, quarters=quarters) for part in (text[: cut.start()].removeprefix("từ ").removeprefix("Từ "), text[cut.end() :]))
        if first[0] is not None and last[1] is not None and first[0] <= last[1]:
            return first[0], last[1]
    return None, None


def _months(year: int, month: int, count: int) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    if not _MONTHS[0] <= month <= _MONTHS[1] or not 1900 <= year <= 2200:
        return None, None
    start = pd.Timestamp(year, month, 1)
    return start.to_datetime64(), (start + pd.offsets.MonthEnd(count)).to_datetime64()
