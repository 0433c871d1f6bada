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
from geo.periods import is_serial_day, parse_periods
from geo.text import fold
from geo.validation import IssueLog
from geo.values import parse_times, without_day

__all__ = ["TimeRules", "settle_periods", "settle_utc", "time_rules"]

BoolArray = npt.NDArray[np.bool_]

_OFFSET = re.compile(r"(?<=\d)\s*([+-])(\d{2}):?(\d{2})$")
_EPOCH_SECONDS = (6e8, 4e9)  # 1989 to 2096
_EPOCH_MILLISECONDS = (6e11, 4e12)
_ZONE = re.compile(r"(?:UTC|GMT)\s*([+-]\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
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
    short = without_day(cells)
    if short.any():  # the first of the month is as good a guess as any other day
        log.add("time_without_day", table.source, rows=frame.index[short], column=header, came=list(cells[short].astype(str)))
        cells = cells.mask(short)
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
    missing = ~known & ~bad & ~short
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
    days = [isinstance(c, dt.date | np.datetime64) or is_serial_day(c) for c in cells[longer]]
    longer[longer] = ~np.array(days, dtype=bool)
    return times.dt.normalize().mask(longer, first), times.dt.normalize().mask(longer, last), bad & ~longer
