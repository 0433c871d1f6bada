"""When samples were taken: local time, whatever clock and spelling they come in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.month_first import settle_day_order
from geo.io.tables import Table
from geo.samples import SampleSettings
from geo.validation import IssueLog
from geo.values import is_blank, parse_times, without_day

__all__ = ["day_and_clock", "settle_times"]

BoolArray = npt.NDArray[np.bool_]
_EPOCH_SECONDS = (6e8, 4e9)  # 1989 to 2096
_EPOCH_MILLISECONDS = (6e11, 4e12)


def settle_times(
    table: Table, frame: pd.DataFrame, settings: SampleSettings, as_of: pd.Timestamp | None, log: IssueLog
) -> pd.Series:
    """Return local times (datetime64[ns], NaT where unknown), what is wrong with them stated.

    Numbers since 1970 and times marked Z are UTC and are shifted; another offset written in a cell
    leaves the wall time that it shows. Times after the project's date or before any logger existed
    become unknown.
    """
    cells = day_and_clock(frame)
    if cells is None:
        log.add("sample_time_missing", table.source)
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
    header = table.header("time" if "time" in frame.columns else "day")
    cells = settle_day_order(table.source, header, cells, log)
    short = without_day(cells)
    if short.any():  # the first of the month is as good a guess as any other day
        log.add("time_without_day", table.source, rows=frame.index[short], column=header, came=list(cells[short].astype(str)))
        cells = cells.mask(short)
    utc = _in_utc(cells)
    times, bad = parse_times(cells)
    if bad.any():
        log.add("date_unreadable", table.source, rows=frame.index[bad], column=header, came=list(cells[bad]))
    if utc.any():
        times = times.mask(utc, times + pd.Timedelta(hours=settings.utc_offset_h))
        log.add("sample_time_shifted", table.source, column=header, rows=() if utc.all() else frame.index[utc],
                fields={"hours": f"{settings.utc_offset_h:+g}"})
    stamps = times.to_numpy(dtype="datetime64[ns]")
    missing = np.isnat(stamps) & ~bad & ~short
    if missing.any():
        log.add("sample_time_missing", table.source, rows=() if missing.all() else frame.index[missing], column=header)
    unset = stamps < settings.earliest.to_datetime64()
    future = np.zeros(len(frame), dtype=bool)
    if as_of is not None:
        latest = as_of + pd.Timedelta(hours=settings.future_tolerance_h)
        future = stamps > latest.to_datetime64()
        old = (stamps < (as_of - pd.Timedelta(days=settings.max_age_days)).to_datetime64()) & ~unset
        if old.any():
            log.add("sample_old", table.source, rows=() if old.all() else frame.index[old], column=header,
                    came=_span(stamps[old]), fields={"days": f"{settings.max_age_days:g}"})
    for code, mask, fields in (
        ("sample_time_unset", unset, {"earliest": f"{settings.earliest:%Y-%m-%d}"}),
        ("sample_time_future", future, {"date": "" if as_of is None else f"{as_of:%Y-%m-%d}",
                                        "hours": f"{settings.future_tolerance_h:g}"}),
    ):  # fmt: skip
        if mask.any():
            log.add(code, table.source, rows=frame.index[mask], column=header, came=list(times[mask].astype(str)),
                    fields=fields)
    lost = unset | future
    return times.mask(lost) if lost.any() else times


def _span(stamps: npt.NDArray[np.datetime64]) -> str:
    return f"{pd.Timestamp(stamps.min()):%Y-%m-%d} … {pd.Timestamp(stamps.max()):%Y-%m-%d}"


def day_and_clock(frame: pd.DataFrame) -> pd.Series | None:
    """Return the cells that hold the time: one column, or day and clock in two."""
    if "time" in frame.columns and "day" not in frame.columns:
        return frame["time"]
    clock = next((c for c in ("clock", "time") if c in frame.columns), None)
    if "day" not in frame.columns:
        return None
    if clock is None:
        return frame["day"]
    day = frame["day"].map(_day_text, na_action="ignore")
    joined = day.astype(object) + " " + frame[clock].map(str, na_action="ignore").astype(object)
    return joined.where(~is_blank(frame[clock]), frame["day"])


def _day_text(value: object) -> str:
    return str(value).removesuffix(" 00:00:00")


def _in_utc(cells: pd.Series) -> BoolArray:
    """Return where cells are times in UTC: seconds or milliseconds since 1970, or marked Z."""
    none = np.zeros(len(cells), dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        zone = getattr(cells.dt, "tz", None)
        return none | (zone is not None and zone.utcoffset(None) == pd.Timedelta(0))
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _epoch(cells)
    texts = cells.astype("str")
    marked = texts.str.endswith("Z", na=False).to_numpy(dtype=bool)
    bare = cells.notna().to_numpy(dtype=bool) & ~texts.str.contains(":", regex=False, na=False).to_numpy(dtype=bool)
    if bare.any():
        none[bare] = _epoch(cells[bare])
    return marked | none


def _epoch(cells: pd.Series) -> BoolArray:
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(invalid="ignore"):
        seconds = (numbers >= _EPOCH_SECONDS[0]) & (numbers < _EPOCH_SECONDS[1])
        return seconds | ((numbers >= _EPOCH_MILLISECONDS[0]) & (numbers < _EPOCH_MILLISECONDS[1]))
