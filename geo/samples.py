"""Rows of a measurement log against each other: repeated rows, clocks that run back, positions that jump.

Everything here takes plain columns in the order of the file and returns masks; what becomes of the
rows is for the reader to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["DeviceNumbers", "SampleSettings", "clock_runs_back", "position_jumps", "repeated"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads the bits of a product
_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """How samples are judged; the values and their sources are in ``resources/measurements.toml``.

    Attributes
    ----------
    max_age_days : float
        Older samples are stated.
    earliest : Timestamp
        Before it the clock was never set.
    future_tolerance_h : float
        How far after the project's date a sample may lie.
    utc_offset_h : float
        Local time minus UTC, for times given in UTC.
    max_speed_kmh, jump_slack_m : float
        A position further from the one before than this speed plus slack is a jump.
    clock_back_s : float
        A clock that runs back by more is stated.
    unordered_share : float
        Above this share a table is not one telephone's log in order of time.
    rssi_share, rssi_rows : float
        From this share, and so many rows, on a level column equal to RSSI is taken for RSSI.
    """

    max_age_days: float
    earliest: pd.Timestamp
    future_tolerance_h: float
    utc_offset_h: float
    max_speed_kmh: float
    jump_slack_m: float
    clock_back_s: float
    unordered_share: float
    rssi_share: float
    rssi_rows: float


class DeviceNumbers:
    """Numbers in place of device identities: in order of first appearance, valid for one run only.

    The identities stay in memory, are never written, and cannot be had from the numbers. One
    object serves all files of a run, so that the same telephone has the same number in each.
    """

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}

    def __repr__(self) -> str:
        return f"DeviceNumbers({len(self._numbers)})"

    def __reduce__(self) -> tuple[type[DeviceNumbers], tuple[()]]:
        """Pickle without the identities: what leaves the process holds none."""
        return type(self), ()

    def number(self, identities: pd.Series) -> IntArray:
        """Return the numbers of a column's identities; missing ones share one number of their own."""
        codes, uniques = pd.factorize(identities, use_na_sentinel=False)
        numbers = np.array(
            [self._numbers.setdefault(None if u != u else u, len(self._numbers)) for u in uniques], dtype=np.int64
        )
        return numbers[codes] if len(numbers) else np.zeros(len(identities), dtype=np.int64)


def repeated(keys: pd.DataFrame, time: pd.Series) -> BoolArray:
    """Return which rows repeat an earlier one in all of ``keys`` and in time; rows without a time never do.

    Parameters
    ----------
    keys : DataFrame
        With ``lon`` and ``lat`` (float64) among its columns.
    time : Series of datetime64[ns]
    """
    moments = time.to_numpy(dtype="datetime64[ns]")
    stamps = moments.view(np.int64)
    # Few rows share even time and place; only they are compared in full.
    mixed = stamps.astype(np.uint64)
    for name in ("lon", "lat"):
        bits = np.ascontiguousarray(keys[name].to_numpy(dtype=np.float64)).view(np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(29)) ^ bits) * _MIX
    shared = pd.Series(mixed).duplicated(keep=False).to_numpy() & ~np.isnat(moments)
    mask = np.zeros(len(keys), dtype=bool)
    if shared.any():
        rest = keys.loc[shared].assign(_time=stamps[shared])
        mask[shared] = rest.duplicated(keep="first").to_numpy()
    return mask


def clock_runs_back(device: IntArray, time: pd.Series, back_s: float) -> BoolArray:
    """Return which rows are earlier than the row before of the same device by more than ``back_s``.

    Parameters
    ----------
    device : (n,) int64
    time : (n,) Series of datetime64[ns]
        In the order of the file; NaT are passed over.
    back_s : float
    """
    stamps = time.to_numpy(dtype="datetime64[ns]")
    known = np.flatnonzero(~np.isnat(stamps))
    order = known[np.argsort(device[known], kind="stable")]
    seconds = stamps[order].view(np.int64) / 1e9
    same = device[order][1:] == device[order][:-1]
    mask = np.zeros(len(stamps), dtype=bool)
    mask[order[1:][same & (seconds[1:] - seconds[:-1] < -back_s)]] = True
    return mask


def position_jumps(
    device: IntArray, time: pd.Series, lon: FloatArray, lat: FloatArray, *, max_speed_kmh: float, slack_m: float
) -> BoolArray:
    """Return which rows lie further from the same device's row before than its speed allows.

    Rows are compared in order of time; the clock's resolution of one second is granted. A single
    stray position is stated once, not again for the way back. Distances are great circles on the
    sphere (haversine), good to 0.6 %.

    Parameters
    ----------
    device : (n,) int64
    time : (n,) Series of datetime64[ns]
        Rows with NaT are not judged.
    lon, lat : (n,) float64
        Degrees, EPSG:4326.
    max_speed_kmh, slack_m : float
    """
    stamps = time.to_numpy(dtype="datetime64[ns]")
    known = np.flatnonzero(~np.isnat(stamps) & np.isfinite(lon) & np.isfinite(lat))
    mask = np.zeros(len(stamps), dtype=bool)
    if len(known) < 2:
        return mask
    ticks = stamps[known].view(np.int64)
    in_order = bool((device[known] == device[known[0]]).all()) and bool((np.diff(ticks) >= 0).all())
    order = known if in_order else known[np.lexsort((ticks, device[known]))]
    seconds = stamps[order].view(np.int64) / 1e9
    jump = (device[order][1:] == device[order][:-1]) & _too_far(
        lon[order], lat[order], seconds, 1, max_speed_kmh, slack_m
    )
    jump = np.concatenate([[False], jump])  # jump[i]: row i is too far from row i - 1
    back = np.zeros(len(order), dtype=bool)
    if len(order) > 2:
        straight = ~_too_far(lon[order], lat[order], seconds, 2, max_speed_kmh, slack_m)
        back[2:] = jump[2:] & jump[1:-1] & straight & (device[order][2:] == device[order][:-2])
        # There and back and there again: every second row is a way back.
        places = np.arange(len(order))
        before = np.maximum.accumulate(np.where(back, -1, places))
        back &= (places - before) % 2 == 1
    mask[order[jump & ~back]] = True
    return mask


def _too_far(
    lon: FloatArray, lat: FloatArray, seconds: FloatArray, step: int, max_speed_kmh: float, slack_m: float
) -> BoolArray:
    """Return for rows ``step`` apart whether they are further from each other than the speed allows."""
    reach = (np.abs(seconds[step:] - seconds[:-step]) + 1.0) * max_speed_kmh / 3.6 + slack_m
    phi = np.radians(lat)
    half_lat, half_lon = (phi[step:] - phi[:-step]) / 2, np.radians(lon[step:] - lon[:-step]) / 2
    a = np.sin(half_lat) ** 2 + np.cos(phi[step:]) * np.cos(phi[:-step]) * np.sin(half_lon) ** 2
    return np.asarray(2 * _EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(a, 1.0))) > reach)
