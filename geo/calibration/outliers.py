"""Samples that do not count, each with its reason: found and listed, never dropped in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geo.calibration.settings import CalibrationSettings

__all__ = ["Outliers", "Reason", "SiteChanges", "find_outliers", "older_than_change"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]
_Time = npt.NDArray[np.datetime64]


class Reason(IntEnum):
    """Why a sample does not count; the first that holds, in this order."""

    COUNTS = 0
    NO_POSITION = 1
    NOT_A_LEVEL = 2
    GPS_JUMP = 3
    AIRBORNE = 4
    INDOOR = 5
    SITE_OFF_AIR = 6
    SITE_CHANGED = 7
    UNDATED = 8

    @property
    def code(self) -> str:
        """Code of the finding in ``resources/issues/calibration.toml``; "" of a sample that counts."""
        return _CODES[self]


#: Written out, so that a finding is found by searching for its code.
_CODES = (
    "",
    "calibration_no_position",
    "calibration_not_a_level",
    "calibration_gps_jump",
    "calibration_airborne",
    "calibration_indoor",
    "calibration_site_off_air",
    "calibration_site_changed",
    "calibration_undated",
)


@dataclass(frozen=True, slots=True)
class SiteChanges:
    """Sites and when they went on air.

    Attributes
    ----------
    x_m, y_m : (s,) float64 arrays
        In the run's grid.
    operator : (s,) int64 array
    on_air : (s,) datetime64 array
        NaT: not known; such a site changes nothing.
    off_air : (s,) bool array
        No longer on air, since when is not known.
    """

    x_m: _F64
    y_m: _F64
    operator: _I64
    on_air: _Time
    off_air: _Bool


@dataclass(frozen=True, slots=True)
class Outliers:
    """Reason of each sample.

    Attributes
    ----------
    reason : (n,) int8 array
        :class:`Reason`.
    not_judged : tuple of Reason
        What could not be looked at, because nothing was given to tell it by.
    """

    reason: npt.NDArray[np.int8]
    not_judged: tuple[Reason, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Code to number of samples, those that occur; the samples that count are not among them."""
        return {r.code: n for r in Reason if r and (n := int(np.sum(self.reason == r)))}


def find_outliers(
    x_m: _F64,
    y_m: _F64,
    time: _Time,
    device: _I64,
    operator: _I64,
    level_dbm: _F64,
    silent: _Bool,
    *,
    jumped: _Bool,
    speed_kmh: _F64,
    altitude_m: _F64,
    ground_m: _F64,
    in_building: _Bool | None,
    serving_site: _I64,
    changes: SiteChanges | None,
    reach_m: float,
    since: np.datetime64,
    settings: CalibrationSettings,
) -> Outliers:
    """Return which samples do not count, and why.

    Parameters
    ----------
    x_m, y_m : (n,) float64 arrays
        In the run's grid; NaN: no position.
    time : (n,) datetime64 array
    device, operator : (n,) int64 arrays
    level_dbm : (n,) float64 array
        NaN where the reader found no level or one outside what its technology can report.
    silent : (n,) bool array
        "No service" or a foreign network: evidence without a level.
    jumped : (n,) bool array
        Positions that no vehicle reaches (:func:`geo.samples.position_jumps`).
    speed_kmh, altitude_m, ground_m : (n,) float64 arrays
        Altitude and ground above sea level; NaN unknown.
    in_building : (n,) bool array or None
        Whether the position lies in a building's outline; None: no outlines at hand.
    serving_site : (n,) int64 array
        Site of ``changes`` that served; -1 unknown.
    changes : SiteChanges or None
    reach_m : float
        How far a site's change matters.
    since : datetime64
        Samples without a time are taken for as old as this.
    settings : CalibrationSettings
    """
    reason = np.zeros(len(x_m), dtype=np.int8)
    not_judged: list[Reason] = []

    def mark(rows: _Bool, why: Reason) -> None:
        reason[rows & (reason == 0)] = why

    mark(~(np.isfinite(x_m) & np.isfinite(y_m)), Reason.NO_POSITION)
    mark(np.isnan(level_dbm) & ~silent, Reason.NOT_A_LEVEL)
    mark(jumped, Reason.GPS_JUMP)
    height = altitude_m - ground_m
    if np.isfinite(height).any():
        with np.errstate(invalid="ignore"):
            mark(height >= settings.airborne_m, Reason.AIRBORNE)
    else:
        not_judged.append(Reason.AIRBORNE)
    if in_building is None:
        not_judged.append(Reason.INDOOR)
    else:
        still = _stands_still(x_m, y_m, time, device, speed_kmh, settings)
        mark(still & in_building, Reason.INDOOR)
    if changes is None:
        not_judged += [Reason.SITE_OFF_AIR, Reason.SITE_CHANGED]
    else:
        known = serving_site >= 0
        gone = np.zeros(len(x_m), dtype=bool)
        gone[known] = changes.off_air[serving_site[known]]
        mark(gone, Reason.SITE_OFF_AIR)
        undated = np.isnat(time)
        older = older_than_change(x_m, y_m, np.where(undated, since, time), operator, changes, reach_m)
        mark(older & ~undated, Reason.SITE_CHANGED)
        mark(older & undated, Reason.UNDATED)
    return Outliers(reason, tuple(not_judged))


def _stands_still(
    x_m: _F64, y_m: _F64, time: _Time, device: _I64, speed_kmh: _F64, settings: CalibrationSettings
) -> _Bool:
    """Return which samples belong to a stay: enough samples of a device on end, slow and near their middle."""
    still = np.zeros(len(x_m), dtype=bool)
    usable = np.flatnonzero(np.isfinite(x_m) & np.isfinite(y_m) & ~np.isnat(time))
    order = usable[np.lexsort((time[usable], device[usable]))]
    with np.errstate(invalid="ignore"):
        slow = ~(speed_kmh[order] > settings.indoor_speed_kmh)  # an unknown speed is left to the positions
    least = int(settings.indoor_samples)
    first = 0
    while first < len(order):
        last = first
        while last < len(order) and slow[last] and device[order[last]] == device[order[first]]:
            away = np.hypot(x_m[order[last]] - x_m[order[first]], y_m[order[last]] - y_m[order[first]])
            if away > settings.indoor_radius_m:
                break
            last += 1
        if last - first >= least:
            still[order[first:last]] = True
        first = max(last, first + 1)
    return still


def older_than_change(
    x_m: _F64, y_m: _F64, time: _Time, operator: _I64, changes: SiteChanges, reach_m: float
) -> _Bool:
    """Return which samples are older than the last change of a site of their operator within reach.

    Parameters
    ----------
    x_m, y_m : (n,) float64 arrays
        In the system of ``changes``; NaN: not judged.
    time : (n,) datetime64 array
        None missing.
    operator : (n,) int64 array
    changes : SiteChanges
    reach_m : float
    """
    older = np.zeros(len(x_m), dtype=bool)
    dated = np.flatnonzero(~np.isnat(changes.on_air) & np.isfinite(changes.x_m) & np.isfinite(changes.y_m))
    if not dated.size:
        return older
    for one in np.unique(changes.operator[dated]):
        sites = dated[changes.operator[dated] == one]
        rows = np.flatnonzero((operator == one) & np.isfinite(x_m) & np.isfinite(y_m))
        # The oldest sample tells which sites can matter at all.
        if not rows.size:
            continue
        sites = sites[changes.on_air[sites] > time[rows].min()]
        if not sites.size:
            continue
        tree = cKDTree(np.column_stack([x_m[rows], y_m[rows]]))
        for site in sites:
            near = rows[tree.query_ball_point((changes.x_m[site], changes.y_m[site]), reach_m)]
            older[near[time[near] < changes.on_air[site]]] = True
    return older
