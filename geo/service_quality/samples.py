"""Samples of service as plain arrays: who, with what, when, where, and which of them hang together.

*Clusters.* Samples of one phone tell little more than one of them: a cluster is one phone. An instrument (drive tests, official measurements) is one phone
everywhere, and says something of each place: there a cluster is one phone in one square of ``piece_m``, whenever it was there. All that it did within one
``minutes`` lies in one square, whatever its positions say. Where phones have no number, a square and a day are one cluster, in however many files their rows came: a phone's day is
often exported in several, and a file cut in two is no second phone. Without a position time alone sets samples of an instrument, or without phones, apart, and a slow one:
``alone_hours`` are one cluster. Rows that tell neither phone, nor place, nor time all hang together: nothing shows that they are more than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.service_quality.settings import ServiceSettings

__all__ = ["DECLARATION_COLUMNS", "SAMPLE_COLUMNS", "Samples", "empty_declarations", "empty_samples", "samples_of"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]

#: Columns of the frame of speed tests; ``level_dbm`` is added for samples of signal.
SAMPLE_COLUMNS = (
    "operator", "technology", "access", "time", "lon", "lat", "commune_code", "device_id", "download_mbps", "upload_mbps", "latency_ms",
    "package_download_mbps", "package_upload_mbps", "ipv6", "is_aggregate", "tests", "devices", "statistic", "period_start", "period_end",
    "source_kind", "campaign", "file", "sheet", "row",
)  # fmt: skip
DECLARATION_COLUMNS = (
    "operator", "technology", "access", "service_area_code", "vdmin_mbps", "vd_mbps", "vu_mbps", "valid_from", "file", "sheet", "row",
)
_METRES_PER_DEGREE = 111_320.0
_NS_PER_MIN = 60_000_000_000
_NS_PER_DAY = 1440 * _NS_PER_MIN
#: Kinds of sources whose phones are instruments.
_INSTRUMENTS = ("drive_test", "official_measurement")
#: In place of a number where there is none.
NONE = -1
_VALUES = ("download_mbps", "upload_mbps", "latency_ms", "ipv6", "level_dbm", "package_download_mbps", "package_upload_mbps")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples as arrays of equal length; made by :func:`samples_of`.

    Attributes
    ----------
    words : mapping of str to list of str
        Of operator, technology, access, source_kind, campaign and statistic: what the codes stand for.
    codes : mapping of str to (n,) int64 array
    values : mapping of str to (n,) float64 array
        By column; NaN not known; ``ipv6`` 0 or 1; ``level_dbm`` −inf where there was no service.
    aggregate : (n,) bool array
    tests, devices : (n,) float64 array
        Behind each row.
    day : (n,) int64 array
        Local, since 1970 (the last day of an aggregate's period); of undated rows the project's.
    first : (n,) int64 array
        As ``day``; of an aggregate the first day of its period.
    month : (n,) int64 array
        Months since 1970; -1 for undated rows.
    span : (n,) int64 array
        Months that an aggregate's period begins before ``month``; 0 for single samples.
    dated : (n,) bool array
    hour : (n,) int64 array
        Of the local day; -1 where not known.
    place : (n,) int64 array
        Number of its square; -1 without a position.
    device : (n,) int64 array
        -1 not known.
    cluster : (n,) int64 array
    loose : (n,) bool array
        Rows that tell neither phone nor place.
    free : (n,) bool array
        Samples of signal of phones that were free to choose another technology (column ``free_phone``).
    areas : mapping of str to (n,) int64 array
        By level: position among the level's areas, -1 outside of all.
    """

    words: Mapping[str, list[str]]
    codes: Mapping[str, _I64]
    values: Mapping[str, _F64]
    aggregate: _Bool
    tests: _F64
    devices: _F64
    day: _I64
    first: _I64
    month: _I64
    span: _I64
    dated: _Bool
    hour: _I64
    place: _I64
    device: _I64
    cluster: _I64
    loose: _Bool
    free: _Bool
    areas: Mapping[str, _I64]

    def __len__(self) -> int:
        return len(self.aggregate)


def empty_samples() -> pd.DataFrame:
    """Return a frame of samples without a row."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in SAMPLE_COLUMNS})


def empty_declarations() -> pd.DataFrame:
    """Return a frame of declarations without a row."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in DECLARATION_COLUMNS})


def samples_of(
    frame: pd.DataFrame,
    areas: Mapping[str, Sequence[str]],
    province_of: Mapping[str, str],
    *,
    on: date,
    settings: ServiceSettings,
    placed: Mapping[str, _I64] | None = None,
) -> Samples:
    """Return a frame of samples as arrays.

    Parameters
    ----------
    frame : DataFrame
        :data:`SAMPLE_COLUMNS`, and ``level_dbm`` for samples of signal.
    areas : mapping of str to sequence of str
        Codes of the areas by level; ``commune`` and ``province`` are found from ``commune_code``.
    province_of : mapping of str to str
        Commune to province.
    on : date
        Day of rows that have none.
    settings : ServiceSettings
    placed : mapping of str to (n,) int64 array, optional
        Areas of further levels.

    Raises
    ------
    InputError
        If a column is missing, or a speed is negative.
    """
    missing = [name for name in SAMPLE_COLUMNS if name not in frame.columns]
    if missing:
        raise InputError(f"Mẫu đo thiếu cột: {', '.join(missing)}.", f"Samples lack columns: {', '.join(missing)}.")
    n = len(frame)
    words: dict[str, list[str]] = {}
    codes: dict[str, _I64] = {}
    for name in ("operator", "technology", "access", "source_kind", "campaign", "statistic", "file"):
        cells = frame[name].astype("str").fillna("")
        if name == "statistic":  # aggregates that do not say what they are
            cells = cells.replace("unknown", "")
        found, uniques = pd.factorize(cells, sort=True)
        codes[name], words[name] = found.astype(np.int64), [str(u) for u in uniques]
    values = {name: _numbers(frame, name) for name in _VALUES}
    for name, value in values.items():
        if name != "level_dbm" and (value < 0).any():
            raise InputError(
                f"Mẫu đo có {name} âm ở {int((value < 0).sum())} dòng.", f"Samples have a negative {name} in {int((value < 0).sum())} rows."
            )
    aggregate = _flags(frame, "is_aggregate")
    moment = _nanoseconds(frame["time"])
    local = np.where(moment == _NAT, _NAT, moment + int(settings.utc_offset_h * 60) * _NS_PER_MIN)
    ends = _nanoseconds(frame["period_end"])
    known = local != _NAT
    stamp = np.where(known & ~aggregate, local, np.where(ends != _NAT, ends, local))
    dated = stamp != _NAT
    day = np.where(dated, stamp // _NS_PER_DAY, (on - date(1970, 1, 1)).days)
    month = np.full(n, NONE, dtype=np.int64)
    if dated.any():
        month[dated] = day[dated].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts = _nanoseconds(frame["period_start"])
    begun = aggregate & dated & (starts != _NAT)
    first = np.where(begun, np.minimum(starts // _NS_PER_DAY, day), day)
    span = np.zeros(n, dtype=np.int64)
    if begun.any():
        span[begun] = month[begun] - first[begun].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    hour = np.where(known & ~aggregate, (local // (60 * _NS_PER_MIN)) % 24, NONE)
    place = _squares(frame, settings.piece_m)
    named = frame["device_id"].astype("str").fillna("")
    device, labels = pd.factorize(named, sort=False)
    device = np.where(np.isin(device, np.flatnonzero(np.asarray(labels == ""))), NONE, device).astype(np.int64)
    instrument = np.isin(codes["source_kind"], [i for i, kind in enumerate(words["source_kind"]) if kind in _INSTRUMENTS])
    minute, spell = (np.where(known, local // int(length * _NS_PER_MIN), NONE) for length in (settings.minutes, settings.alone_hours * 60))
    cluster, loose = _clusters(device, place, minute, spell, np.where(dated, day, NONE), codes["file"], instrument)
    located = {level: _positions(frame, level, listed, province_of) for level, listed in areas.items() if level in {"commune", "province"}}
    return Samples(
        words, codes, values, aggregate, _counts(frame, "tests"), _counts(frame, "devices"), day.astype(np.int64), first.astype(np.int64), month, span, dated, hour.astype(np.int64),
        place, device, cluster, loose, _flags(frame, "free_phone"), {**located, **(placed or {})},
    )  # fmt: skip


_NAT = np.iinfo(np.int64).min


def _numbers(frame: pd.DataFrame, name: str) -> _F64:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _flags(frame: pd.DataFrame, name: str) -> _Bool:
    if name not in frame.columns:
        return np.zeros(len(frame), dtype=bool)
    return frame[name].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _counts(frame: pd.DataFrame, name: str) -> _F64:
    return np.nan_to_num(_numbers(frame, name), nan=1.0)


def _nanoseconds(column: pd.Series) -> _I64:
    stamps = pd.to_datetime(column, utc=True, errors="coerce").astype("datetime64[ns, UTC]")
    return stamps.to_numpy(dtype="datetime64[ns]").view(np.int64).copy()


def _squares(frame: pd.DataFrame, side_m: float) -> _I64:
    """Return the numbers of squares of a side; those of one row of the grid have the width of its middle latitude."""
    lon, lat = _numbers(frame, "lon"), _numbers(frame, "lat")
    known = np.isfinite(lon) & np.isfinite(lat)
    step = side_m / _METRES_PER_DEGREE
    row = np.floor(np.where(known, lat, 0.0) / step)
    column = np.floor(np.where(known, lon, 0.0) * np.cos(np.radians((row + 0.5) * step)) / step)
    # Sorted, so that no order of rows decides which of two squares comes first.
    number = pd.factorize(pd.MultiIndex.from_arrays([row, column]), sort=True)[0] if len(frame) else np.zeros(0)
    return np.where(known, number, NONE).astype(np.int64)


def _clusters(device: _I64, place: _I64, minute: _I64, spell: _I64, day: _I64, file: _I64, instrument: _Bool) -> tuple[_I64, _Bool]:
    """Return the number of each row's cluster, and which rows tell nothing but a time that would set them apart."""
    if not len(device):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    by_device, by_place = device != NONE, place != NONE
    owner = by_device & ~instrument
    where = np.where(owner, NONE, _one_square_a_minute(np.where(by_device, device, -2 - file), place, minute))
    who = np.where(by_device, device, NONE)
    when = np.where(owner, NONE, np.where(by_place, np.where(by_device, NONE, day), np.where(spell != NONE, spell, day)))
    # A phone is one cluster as instrument, another as somebody's own.
    number = pd.factorize(pd.MultiIndex.from_arrays([who, where, when, owner]))[0].astype(np.int64)
    return number, ~by_device & ~by_place


def _one_square_a_minute(who: _I64, place: _I64, minute: _I64) -> _I64:
    """Return the squares, for all of one phone's rows within one minute the first of them."""
    out = place.copy()
    both = np.flatnonzero((place != NONE) & (minute != NONE))
    if both.size:
        together = pd.factorize(pd.MultiIndex.from_arrays([who[both], minute[both]]))[0]
        first = np.full(together.max() + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, together, place[both])
        out[both] = first[together]
    return out


def _positions(frame: pd.DataFrame, level: str, listed: Sequence[str], province_of: Mapping[str, str]) -> _I64:
    number = {code: i for i, code in enumerate(listed)}
    communes, uniques = pd.factorize(frame["commune_code"].astype("str").fillna(""))
    of = [number.get(code if level == "commune" else province_of.get(code, ""), NONE) for code in uniques]
    return np.array([*of, NONE], dtype=np.int64)[communes]
