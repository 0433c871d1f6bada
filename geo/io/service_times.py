"""When tests were made: UTC, and the days that a table of sums stands for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import plain_times
from geo.errors import InputError
from geo.io.month_first import settle_day_order
from geo.io.raw import TableOptions
from geo.io.resources import load_toml
from geo.io.sample_times import day_and_clock
from geo.io.tables import Table
from geo.text import clean, fold
from geo.validation import IssueLog
from geo.values import is_blank, parse_times

__all__ = ["TimeRules", "parse_periods", "settle_periods", "settle_utc", "time_rules"]

BoolArray = npt.NDArray[np.bool_]

_OFFSET = re.compile(r"(?<=\d)\s*([+-])(\d{2}):?(\d{2})$")
_EPOCH_SECONDS = (6e8, 4e9)  # 1989 to 2096
_EPOCH_MILLISECONDS = (6e11, 4e12)
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
_ZONE = re.compile(r"(?:UTC|GMT)\s*([+-]\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MONTHS = (1, 12)
_QUARTERS = frozenset({"quy", "quarter", "quy bao cao"})
_SETTINGS = ("utc_offset_h", "earliest_date", "future_tolerance_h", "max_age_days")


@dataclass(frozen=True, slots=True)
class TimeRules:
    """What moments are believed.

    Attributes
    ----------
    utc_offset_h : float
        Of times that name no zone.
    earliest : Timestamp
        Local; before it no clock was set.
    latest : Timestamp or None
        Local; after it lies the future.
    old : Timestamp or None
        Local; what is older is stated.
    stated : bool
        Whether the project file gives the zone.
    """

    utc_offset_h: float
    earliest: pd.Timestamp
    latest: pd.Timestamp | None = None
    old: pd.Timestamp | None = None
    stated: bool = False


def time_rules(options: TableOptions, as_of: pd.Timestamp | None) -> TimeRules:
    """Return what moments are believed: ``resources/speed_tests.toml``, the project's date and its ``utc_offset_h``.

    Raises
    ------
    InputError
        If ``utc_offset_h`` is no number.
    """
    values = {name: load_toml("speed_tests.toml")[name]["value"] for name in _SETTINGS}
    offset = options.extra.get("utc_offset_h", values["utc_offset_h"])
    if isinstance(offset, bool) or not isinstance(offset, int | float):
        raise InputError(
            f"utc_offset_h = {offset!r}: cần một số, ví dụ 7.", f"utc_offset_h = {offset!r}: a number is needed, such as 7."
        )
    earliest, stated = pd.Timestamp(str(values["earliest_date"])), "utc_offset_h" in options.extra
    if as_of is None:
        return TimeRules(float(offset), earliest, stated=stated)
    # The project's date is a day: all of it, and the tolerance, still count.
    return TimeRules(
        float(offset), earliest, as_of + pd.Timedelta(hours=float(values["future_tolerance_h"])),
        as_of - pd.Timedelta(days=float(values["max_age_days"])), stated,
    )  # fmt: skip


def settle_utc(table: Table, frame: pd.DataFrame, rules: TimeRules, log: IssueLog) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows whose time can be believed, and their times (datetime64[ns, UTC], NaT where there is none).

    Times without a zone are local, or of the zone that the header names ("(UTC+7)") unless the project file gives one; those
    with one, or counted since 1970, are brought to UTC. Rows with a
    date that cannot be, lies in the future, or before any logger existed are dropped.
    """
    cells = day_and_clock(frame)
    none = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns, UTC]")
    if cells is None:
        log.add("speed_time_missing", table.source)
        return frame, none
    header = table.header("time" if "time" in frame.columns else "day")
    stated = None if rules.stated else _zone_in_header(header)
    cells = settle_day_order(table.source, header, cells, log)
    utc, zoned, bad = _utc(cells, rules.utc_offset_h if stated is None else stated)
    local = utc + pd.Timedelta(hours=rules.utc_offset_h)
    stamps = local.to_numpy(dtype="datetime64[ns]")
    wrong = bad | (stamps < rules.earliest.to_datetime64())
    if rules.latest is not None:
        wrong |= stamps > rules.latest.to_datetime64()
    known = ~np.isnat(stamps)
    plain = known & ~zoned & ~wrong
    if plain.any() and stated is None:
        log.add("speed_time_zone_taken", table.source, column=header, fields={"hours": f"{rules.utc_offset_h:+g}"})
    missing = ~known & ~bad
    if missing.any():
        log.add("speed_time_missing", table.source, rows=() if missing.all() else frame.index[missing], column=header)
    if rules.old is not None:
        old = known & ~wrong & (stamps < rules.old.to_datetime64())
        if old.any():
            span = f"{pd.Timestamp(stamps[old].min()):%Y-%m-%d} … {pd.Timestamp(stamps[old].max()):%Y-%m-%d}"
            log.add("speed_old", table.source, rows=() if old.all() else frame.index[old], column=header, came=span,
                    fields={"oldest": f"{rules.old:%Y-%m-%d}"})
    latest = "" if rules.latest is None else f"{rules.latest:%Y-%m-%d}"
    kept = log.drop(frame, wrong, "speed_time_impossible", table.source, column=header,
                    came=None if not wrong.any() else cells.astype(object),
                    fields={"earliest": f"{rules.earliest:%Y-%m-%d}", "latest": latest or "—"})
    return kept, utc[~wrong].dt.tz_localize("UTC")


def _zone_in_header(header: str) -> float | None:
    """Return the hours by which a header such as "Thời gian (UTC+7)" says that its times are ahead of UTC, None if it does not."""
    found = _ZONE.search(header)
    return None if found is None else float(found[1]) + float(f"{found[1][0]}1") * int(found[2] or 0) / 60


def _utc(cells: pd.Series, offset_h: float) -> tuple[pd.Series, BoolArray, BoolArray]:
    """Return moments in UTC (without a zone), which cells named their zone, and which are no moments."""
    n = len(cells)
    shift = pd.Timedelta(hours=offset_h)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype) and getattr(cells.dt, "tz", None) is not None:
        known = cells.notna().to_numpy(dtype=bool)
        moments, beyond = parse_times(cells.dt.tz_convert("UTC"))
        return moments, known, beyond
    zoned = np.zeros(n, dtype=bool)
    at_once = plain_times(cells)  # one usual form throughout, without a zone
    if at_once is not None:
        return at_once - shift, zoned, zoned.copy()
    wall, bad = parse_times(cells)
    minutes = np.full(n, offset_h * 60)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return wall - shift, zoned, bad
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    offsets = np.array([*(_minutes(u) for u in uniques), np.nan])[codes]
    zoned = np.isfinite(offsets)
    minutes[zoned] = offsets[zoned]
    return wall - pd.to_timedelta(pd.Series(minutes, index=cells.index), unit="m"), zoned, bad


def _minutes(value: object) -> float:
    """Return the minutes by which a cell's time is ahead of UTC, NaN if the cell does not say."""
    if isinstance(value, dt.datetime):
        ahead = value.utcoffset()
        return np.nan if ahead is None else ahead.total_seconds() / 60
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        return 0.0 if _is_epoch(float(value)) else np.nan
    text = str(value).strip()
    if ":" not in text:
        try:
            return 0.0 if _is_epoch(float(text)) else np.nan
        except ValueError:
            return np.nan
    if text.endswith(("Z", "z")):
        return 0.0
    found = _OFFSET.search(text)
    if found is None:
        return np.nan
    return (1 if found[1] == "+" else -1) * (int(found[2]) * 60 + int(found[3]))


def _is_epoch(number: float) -> bool:
    return _EPOCH_SECONDS[0] <= number < _EPOCH_SECONDS[1] or _EPOCH_MILLISECONDS[0] <= number < _EPOCH_MILLISECONDS[1]


def settle_periods(
    table: Table, frame: pd.DataFrame, given: str, rules: TimeRules, log: IssueLog, *, needed: bool
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return rows, first and last day of the period that each stands for (datetime64[ns], NaT unknown).

    From columns of both days, one column of periods (of sums, ``needed``, a column of dates too), or ``given`` for the whole table. Rows of a period
    that cannot be are dropped; where none is told and ``needed``, it is stated.
    """
    unknown = pd.Series(np.datetime64("NaT", "ns"), index=frame.index)
    if {"period_start", "period_end"} <= set(frame.columns):
        both = pd.concat([frame["period_start"].astype(object), frame["period_end"].astype(object)], ignore_index=True).set_axis([*frame.index, *frame.index])
        column = f"{table.header('period_start')}; {table.header('period_end')}"
        both = settle_day_order(table.source, column, both, log)  # one order for both, as they were written together
        start, _, bad_start = _ends(both.iloc[: len(frame)])
        _, end, bad_end = _ends(both.iloc[len(frame) :])
        bad = bad_start | bad_end
        cells = frame["period_start"].astype(object).astype(str) + " – " + frame["period_end"].astype(object).astype(str)
    elif named := next((c for c in ("period", *(("day", "time") if needed else ())) if c in frame.columns), ""):
        cells, column = frame[named], table.header(named)
        start, end, bad = parse_periods(settle_day_order(table.source, column, cells, log), quarters=fold(column) in _QUARTERS)
    elif given:
        one_start, one_end, refused = parse_periods(pd.Series([given]))
        if refused[0]:
            log.add("speed_period_unknown", table.source, came=given)
            return frame, unknown, unknown.copy()
        return frame, unknown.fillna(one_start.iloc[0]), unknown.fillna(one_end.iloc[0])
    else:
        if needed:
            log.add("speed_period_unknown", table.source)
        return frame, unknown, unknown.copy()
    with np.errstate(invalid="ignore"):
        first, last = start.to_numpy(dtype="datetime64[ns]"), end.to_numpy(dtype="datetime64[ns]")
        wrong = bad | (last < first) | (first < rules.earliest.to_datetime64())
        if rules.latest is not None:
            wrong |= first > rules.latest.to_datetime64()
    silent = np.isnat(first) & ~wrong
    if silent.any() and needed:
        log.add("speed_period_unknown", table.source, rows=() if silent.all() else frame.index[silent], column=column)
    kept = log.drop(frame, wrong, "speed_period_impossible", table.source, column=column,
                    came=None if not wrong.any() else cells.astype(object))
    return kept, start[~wrong], end[~wrong]


def _ends(cells: pd.Series) -> tuple[pd.Series, pd.Series, BoolArray]:
    """Return first and last day of what the cells of one end of a period tell (a day, or a month, quarter or year), and which are none."""
    times, bad = parse_times(cells)
    first, last, _ = parse_periods(cells)
    # A spreadsheet's first of a month is a day here: the other end stands beside it.
    longer = (first != last).to_numpy(dtype=bool) & first.notna().to_numpy(dtype=bool)
    days = [isinstance(c, dt.date | np.datetime64) or _SERIAL.fullmatch(clean(c)) is not None for c in cells[longer]]
    longer[longer] = ~np.array(days, dtype=bool)
    return times.dt.normalize().mask(longer, first), times.dt.normalize().mask(longer, last), bad & ~longer


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


def _period(value: object, *, quarters: bool = False) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    if isinstance(value, dt.date | np.datetime64):
        # Spreadsheets turn "10/2026" into the first of the month.
        day = pd.Timestamp(value).normalize()
        if quarters:  # and "3/2026" under "Quý" into the first of March
            return _months(day.year, 3 * day.month - 2, 3) if day.day == 1 and day.month <= 4 else (None, None)
        last = day + pd.offsets.MonthEnd(0) if day.day == 1 else day
        return day.to_datetime64(), last.to_datetime64()
    if _SERIAL.fullmatch(clean(value)):  # a spreadsheet's day, as a text
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
