"""What speed tests measured: values that can be, transfers that moved something."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.io.speed_forms import Reading, speed_setting
from geo.io.speed_units import SpeedCells
from geo.text import fold, fold_key

__all__ = ["LATENCY_UNITS", "SPEED_FIELDS", "latency_unit", "settle_values"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

#: Columns of speeds, in the order in which they tell their unit.
SPEED_FIELDS = ("download", "upload", "package_download", "package_upload")
#: How many milliseconds one of each is.
LATENCY_UNITS = {"ms": 1.0, "µs": 1e-3, "s": 1e3}
# In this order: "mili giây" holds "giây".
_UNIT_WORDS = {
    "ms": ("ms", "msec", "msecs", "millisecond", "milliseconds", "mili giay", "miligiay", "mili second"),
    "µs": ("us", "usec", "microsecond", "microseconds", "micro giay", "microgiay"),
    "s": ("s", "sec", "secs", "second", "seconds", "giay"),
}
_IDLE = frozenset(("i", "v"))  # G-NetTrack: idle, voice


def settle_values(
    reading: Reading,
    frame: pd.DataFrame,
    speeds: Mapping[str, SpeedCells],
    limits: Mapping[str, FloatArray],
    technology: pd.Series,
) -> tuple[pd.DataFrame, dict[str, FloatArray]]:
    """Return the rows with a usable value and their speeds and latency, what is wrong with them stated."""
    table, log = reading.table, reading.log
    values = {f: speeds[f].mbps if f in speeds else np.full(len(frame), np.nan) for f in SPEED_FIELDS}
    with np.errstate(invalid="ignore"):
        negative = {f: values[f] < 0 for f in SPEED_FIELDS}
        beyond = {f: values[f] > limits[f] for f in SPEED_FIELDS}
    bad = np.zeros(len(frame), dtype=bool)
    for name in SPEED_FIELDS:
        if name in frame.columns:
            now = negative[name] & ~bad
            bad |= now
            if now.any():
                log.add("speed_negative", table.source, rows=frame.index[now], column=table.header(name),
                        came=list(frame[name][now].astype(str)))
            if beyond[name].any():
                log.add("speed_implausible", table.source, rows=frame.index[beyond[name]], column=table.header(name),
                        came=list(frame[name][beyond[name]].astype(str)),
                        fields={"limit": f"{float(np.unique(limits[name][beyond[name]])[-1]):g}"})
                values[name] = np.where(beyond[name], np.nan, values[name])
    latency = _latency(reading, frame) if "latency_ms" in frame.columns else np.full(len(frame), np.nan)
    with np.errstate(invalid="ignore"):
        values = {f: np.where((v == 0) & f.startswith("package"), np.nan, v) for f, v in values.items()}
    if reading.form.source_kind == "traffic":
        frame, keep = _transfers(reading, frame, values, ~bad, technology)
    else:
        frame, keep = _without_transfer(reading, frame, values, latency, ~bad)
    names = {"download": "download_mbps", "upload": "upload_mbps", "package_download": "package_download_mbps", "package_upload": "package_upload_mbps"}
    out = {names[f]: values[f][keep] for f in SPEED_FIELDS}
    return frame, {**out, "latency_ms": latency[keep]}


def latency_unit(header: str) -> str:
    """Return the unit of time that a header names: one of :data:`LATENCY_UNITS`, empty if none.

    Examples
    --------
    >>> latency_unit("Ping (s)"), latency_unit("Độ trễ (mili giây)"), latency_unit("RTT [µs]"), latency_unit("avg_lat_ms"), latency_unit("Ping")
    ('s', 'ms', 'µs', 'ms', '')
    """
    words = f" {fold(header.replace('µ', 'u').replace('μ', 'u')).replace('_', ' ')} "
    return next((unit for unit, names in _UNIT_WORDS.items() if any(f" {name} " in words for name in names)), "")


def _latency(reading: Reading, frame: pd.DataFrame) -> FloatArray:
    """Return latencies in ms; unknown where there is none, and where no unit is told and none is to be believed."""
    table, log, header = reading.table, reading.log, reading.table.header("latency_ms")
    came = frame["latency_ms"].to_numpy(dtype=np.float64)
    unit = latency_unit(header)
    with np.errstate(invalid="ignore"):
        found = np.where(came > 0, came * LATENCY_UNITS[unit or "ms"], np.nan)  # a ping of 0 is one that was not made
    known = found[np.isfinite(found)]
    if unit not in {"", "ms"} and known.size:
        log.add("speed_latency_converted", table.source, column=header, came=header, fields={"unit": unit, "median": f"{np.median(known):.4g}"})
        with np.errstate(invalid="ignore"):
            beyond = found > speed_setting("latency_max_ms")
        if beyond.any():
            log.add("speed_latency_implausible", table.source, rows=frame.index[beyond], column=header, came=[f"{v:g}" for v in came[beyond]])
            found = np.where(beyond, np.nan, found)
    if known.size and np.median(known) < speed_setting("latency_doubtful_ms"):
        said = f"{np.median(known):.4g}"
        log.add("speed_latency_doubtful" if unit else "speed_latency_unit_unknown", table.source, column=header, came=said)
        return found if unit else np.full(len(found), np.nan)
    return found


def _without_transfer(
    reading: Reading, frame: pd.DataFrame, values: dict[str, FloatArray], latency: FloatArray, keep: BoolArray
) -> tuple[pd.DataFrame, BoolArray]:
    """Return rows that say something, and which they are; ``values`` of transfers that moved nothing become unknown."""
    table, log = reading.table, reading.log
    came = "; ".join(table.header(f) for f in ("download", "upload") if f in frame.columns)
    with np.errstate(invalid="ignore"):
        nothing = {f: values[f] == 0 for f in ("download", "upload")}
    failed = (nothing["download"] | nothing["upload"]) & keep
    as_zero = _failed_as_zero(reading)
    if not as_zero:
        for f, none in nothing.items():
            values[f] = np.where(none, np.nan, values[f])
    if failed.any():
        code = "speed_failed_as_zero" if as_zero else "speed_failed"
        log.add(code, table.source, rows=frame.index[failed], column=came)
    said = np.isfinite(values["download"]) | np.isfinite(values["upload"]) | np.isfinite(latency)
    empty = keep & ~said
    if empty.any():
        log.add("speed_nothing_measured", table.source, rows=frame.index[empty], column=came)
    keep = keep & said
    return frame.loc[keep], keep


def _transfers(
    reading: Reading, frame: pd.DataFrame, values: dict[str, FloatArray], keep: BoolArray, technology: pd.Series
) -> tuple[pd.DataFrame, BoolArray]:
    """Return the rows of a log of bit rates in which something was transferred, and which they are; 0 becomes unknown."""
    table, log = reading.table, reading.log
    came = "; ".join(table.header(f) for f in ("download", "upload") if f in frame.columns)
    idle = np.zeros(len(frame), dtype=bool)
    if "state" in frame.columns:
        states = frame["state"].map({s: fold_key(s) in _IDLE for s in frame["state"].dropna().unique()})
        idle = states.fillna(value=False).to_numpy(dtype=bool, copy=True)
    for f in ("download", "upload"):
        values[f] = np.where(values[f] == 0, np.nan, values[f])
    idle |= ~(np.isfinite(values["download"]) | np.isfinite(values["upload"]))
    idle &= keep
    if idle.any():
        log.add("speed_no_transfer", table.source, rows=frame.index[idle], column=came)
    keep = keep & ~idle
    down = pd.Series(values["download"][keep]).groupby(technology.to_numpy()[keep]).agg(["size", "median"])
    listed = [f"{name or '?'} {median:.3g} ({size})" for name, size, median in down.itertuples()]
    log.add("speed_bit_rates", table.source, column=came, came=str(int(keep.sum())), fields={"medians": ", ".join(listed) or "—"})
    return frame.loc[keep], keep


def _failed_as_zero(reading: Reading) -> bool:
    given = reading.option("failed") or "unknown"
    if given not in {"zero", "unknown"}:
        raise InputError(f"failed = '{given}': được phép \"zero\" hoặc \"unknown\".", f"failed = '{given}': allowed are \"zero\" and \"unknown\".")
    return given == "zero"
