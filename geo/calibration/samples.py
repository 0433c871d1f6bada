"""From rows of logs to what each says of each layer, as a level outdoors; who may teach the prediction and who may not.

A phone without a lock takes the best technology that it finds. So

- a row on a lower technology says that a better one which the same phone reported elsewhere (a device that the log names: on
  any drive; else on the same drive) was left there: a bound at the reselection level. Without it a new technology would be known
  from its good places alone: the drives that never met it would say nothing. The bound speaks in the statistics and never for
  the cell it stands in: the network may have sent the phone down for a call;
- where free phones are seen on a technology well below the reselection level that is set, they leave it only there: their own
  lowest levels are the bound. With the higher one a silence would say too little beside the levels that were heard below it,
  and what is heard is a choice of the good places: weak layers came out 4 dB too strong.
- levels on a technology that such a phone only takes where it finds nothing better are a choice of the bad places.
  They are true where they stand, and the field takes them; the corrections, which speak for everywhere, are not fitted to them
  unless a layer has nothing else.

Phones that move faster than one walks are taken to be in a vehicle, whose loss is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration.evidence import layer_evidence
from geo.calibration.likelihood import Kind
from geo.calibration.settings import CalibrationSettings
from geo.propagation.settings import TECHNOLOGIES
from geo.radio import LevelRange

__all__ = ["LayerSamples", "drives", "in_vehicle", "layer_samples"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]
_M_PER_S_TO_KMH = 3.6


@dataclass(frozen=True, slots=True)
class LayerSamples:
    """What rows say of layers; a row may say something of several.

    Attributes
    ----------
    row : (n,) int64 array
        Row of the measurements.
    layer : (n,) int64 array
    kind : (n,) int8 array
        :class:`geo.calibration.likelihood.Kind`.
    level_dbm : (n,) float64 array
        Level or limit outdoors: loss of the vehicle added.
    teaches : (n,) bool array
        Whether the corrections may be fitted to it.
    speaks : (n,) bool array
        Whether it may say something of the state of its own cell.
    """

    row: _I64
    layer: _I64
    kind: npt.NDArray[np.int8]
    level_dbm: _F64
    teaches: _Bool
    speaks: _Bool


def drives(device: _I64, time: npt.NDArray[np.datetime64], route: npt.NDArray[np.str_]) -> _I64:
    """Return a number for each drive: one device on one day and one stated route.

    Parameters
    ----------
    device : (n,) int64 array
    time : (n,) datetime64 array
        NaT is a day of its own.
    route : (n,) array of str
    """
    day = np.asarray(time, dtype="datetime64[D]").astype(np.int64)
    keys = pd.MultiIndex.from_arrays([device, day, route])
    return np.asarray(pd.factorize(keys, sort=True)[0], dtype=np.int64)


def in_vehicle(
    x_m: _F64, y_m: _F64, time: npt.NDArray[np.datetime64], device: _I64, speed_kmh: _F64, settings: CalibrationSettings
) -> tuple[_Bool, _Bool]:
    """Return which rows were taken on the move, and which cannot be told.

    The stated speed decides; else the distance to the same device's row before and after, over the time between.

    Parameters
    ----------
    x_m, y_m : (n,) float64 arrays
    time : (n,) datetime64 array
    device : (n,) int64 array
    speed_kmh : (n,) float64 array
        NaN unknown.
    settings : CalibrationSettings
    """
    speed = speed_kmh.copy()
    known = np.flatnonzero(~np.isnat(time) & np.isfinite(x_m) & np.isfinite(y_m))
    order = known[np.lexsort((time[known], device[known]))]
    if len(order) > 1:
        stamps = time[order].astype("datetime64[ns]").view(np.int64)
        seconds = np.asarray(np.diff(stamps), dtype=np.float64) / 1e9
        same = (np.diff(device[order]) == 0) & (seconds > 0) & (seconds <= settings.vehicle_gap_s)
        away = np.hypot(np.diff(x_m[order]), np.diff(y_m[order]))
        step = np.where(same, away / np.where(seconds > 0, seconds, 1.0) * _M_PER_S_TO_KMH, np.nan)
        derived = np.fmax(np.append(step, np.nan), np.insert(step, 0, np.nan))
        missing = np.isnan(speed[order])
        speed[order[missing]] = derived[missing]
    with np.errstate(invalid="ignore"):
        return speed >= settings.vehicle_speed_kmh, np.isnan(speed)


def layer_samples(
    measured: pd.DataFrame,
    layers: Sequence[tuple[str, str]],
    *,
    counts: _Bool,
    drive: _I64,
    moving: _Bool,
    reported: Mapping[str, LevelRange],
    settings: CalibrationSettings,
) -> LayerSamples:
    """Return what the rows say of every layer.

    Parameters
    ----------
    measured : DataFrame
        The canonical table of samples; without ``one_device`` no device is taken to be the same phone on two drives.
    layers : sequence of (operator, technology)
    counts : (n,) bool array
        Rows that count at all (:func:`geo.calibration.find_outliers`).
    drive : (n,) int64 array
        See :func:`drives`.
    moving : (n,) bool array
        Taken in a vehicle.
    reported : mapping of str to LevelRange
        What a phone can report, by technology.
    settings : CalibrationSettings
    """
    operator = measured["operator"].to_numpy(dtype=str)
    technology = measured["technology"].to_numpy(dtype=str)
    locked = measured["locked_technology"].to_numpy(dtype=str)
    level = measured["level_dbm"].to_numpy(dtype=np.float64)
    silent, foreign = measured["no_service"].to_numpy(dtype=bool), measured["foreign"].to_numpy(dtype=bool)
    device = measured["device"].to_numpy(dtype=np.int64)
    named = measured["one_device"].to_numpy(dtype=bool) if "one_device" in measured else np.zeros(len(measured), dtype=bool)
    home = _home(operator, foreign, device)
    own = np.where(foreign, home, operator)
    rank = np.array([TECHNOLOGIES.index(t) if t in TECHNOLOGIES else -1 for t in technology.tolist()])
    loss = np.where(moving, settings.measured_vehicle_loss_db, 0.0)
    size = int(drive.max(initial=-1)) + 1
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    for i, (name, wanted) in enumerate(layers):
        rows = np.flatnonzero(counts & (own == name))
        if rows.size == 0 or wanted not in reported:
            continue
        mine = TECHNOLOGIES.index(wanted)
        free = locked[rows] == ""
        on = free & (technology[rows] == wanted) & ~silent[rows] & ~foreign[rows]
        limit = _left_below(level[rows[on]], settings)
        kind, value = layer_evidence(
            technology[rows], locked[rows], level[rows], silent[rows], foreign[rows],
            layer_technology=wanted, reported=reported[wanted], settings=replace(settings, free_limit_dbm=limit),
        )  # fmt: skip
        found = np.bincount(drive[rows[on]], minlength=size) > 0
        able = np.isin(device[rows], device[rows[on]]) & named[rows]
        left = (kind == Kind.NONE) & free & (found[drive[rows]] | able)
        left &= silent[rows] | ((rank[rows] >= 0) & (rank[rows] < mine))
        kind[left], value[left] = Kind.BELOW, limit
        # Of a free phone's rows: the share on something better, on this drive.
        better = np.bincount(drive[rows[free & (rank[rows] > mine)]], minlength=size)
        every = np.bincount(drive[rows[free]], minlength=size)
        chosen = free & (better > settings.chosen_share * np.maximum(every, 1))[drive[rows]]
        told = np.flatnonzero(kind > 0)
        parts.append(
            (rows[told], np.full(told.size, i), kind[told], value[told] + loss[rows[told]], ~chosen[told], ~left[told])
        )
    if not parts:
        none = np.empty(0, np.int64)
        return LayerSamples(none, none, none.astype(np.int8), np.empty(0), none.astype(bool), none.astype(bool))
    row, layer, kinds, levels, teaches, speaks = (np.concatenate(column) for column in zip(*parts, strict=True))
    return LayerSamples(
        row.astype(np.int64), layer.astype(np.int64), kinds.astype(np.int8), levels.astype(np.float64),
        _unless_alone(layer, teaches.astype(bool), settings), speaks.astype(bool),
    )  # fmt: skip


def _left_below(level_dbm: _F64, settings: CalibrationSettings) -> float:
    """Return the level below which free phones leave a technology: what is set, or where they are seen on it lower still."""
    known = level_dbm[np.isfinite(level_dbm)]
    if known.size < settings.left_samples:
        return settings.free_limit_dbm
    return min(settings.free_limit_dbm, float(np.quantile(known, settings.left_quantile)))


def _home(operator: npt.NDArray[np.str_], foreign: _Bool, device: _I64) -> npt.NDArray[np.str_]:
    """Return the operator at home of each row's device: the one it shows most; empty if it shows none."""
    out = np.full(len(operator), "", dtype=operator.dtype if operator.dtype.kind == "U" else "U1")
    at_home = ~foreign & (operator != "")
    if not foreign.any() or not at_home.any():
        return out
    counted = pd.DataFrame({"device": device[at_home], "operator": operator[at_home]}).value_counts().reset_index()
    first = counted.sort_values(["device", "count", "operator"], ascending=[True, False, True]).drop_duplicates("device")
    named = dict(zip(first["device"].tolist(), first["operator"].tolist(), strict=True))
    out[foreign] = np.array([named.get(d, "") for d in device[foreign].tolist()])
    return out


def _unless_alone(layer: npt.NDArray[np.generic], teaches: _Bool, settings: CalibrationSettings) -> _Bool:
    """Return who teaches, with all of a layer's rows where too few unchosen ones are at hand."""
    out = teaches.copy()
    for one in np.unique(layer):
        mine = layer == one
        if int((teaches & mine).sum()) < settings.unchosen_samples:
            out[mine] = True
    return out
