"""What a row of a log says of one layer (an operator's technology), and what it does not.

===================================================  =======================================================
row                                                  of the layer's technology T it says
===================================================  =======================================================
a level on T                                         the level of the strongest (or the named) cell; at the
                                                     lower end of what can be reported: nothing above it; at
                                                     the upper end: at least that
a level on another technology, no lock               nothing: the phone may have chosen it
the same, the phone was locked to T                  T was left: nothing above the reselection level
no service, locked to T                              nothing above the phone's detection limit, or the
                                                     lowest level at which it may stay on T
no service, locked to another technology             nothing
no service, no lock                                  nothing above the reselection level, if an unlocked
                                                     phone is taken to look for T (setting)
a foreign network, with or without level             as no service: no domestic network was heard
neither level nor "no service", or no technology     nothing
===================================================  =======================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.calibration.likelihood import Kind
from geo.calibration.settings import CalibrationSettings
from geo.radio import LevelRange

__all__ = ["layer_evidence"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]


def layer_evidence(
    technology: npt.ArrayLike,
    locked: npt.ArrayLike,
    level_dbm: _F64,
    no_service: _Bool,
    foreign: _Bool,
    *,
    layer_technology: str,
    reported: LevelRange,
    settings: CalibrationSettings,
) -> tuple[npt.NDArray[np.int8], _F64]:
    """Return the kind of evidence of each row for one technology of its operator, and level or limit.

    The rows are the layer's operator's own, or foreign and without service ones of a phone whose home network it is.

    Parameters
    ----------
    technology, locked : (n,) arrays of str
        Technology camped on and technology locked to; empty: unknown, not locked.
    level_dbm : (n,) float64 array
        NaN unknown.
    no_service, foreign : (n,) bool arrays
    layer_technology : str
    reported : LevelRange
        What a phone can report on this technology.
    settings : CalibrationSettings

    Returns
    -------
    kind : (n,) int8 array
        :class:`Kind`; levels are :attr:`Kind.STRONGEST` until their cell is known.
    level_dbm : (n,) float64 array
        NaN for :attr:`Kind.NONE`.
    """
    on = np.asarray(technology).astype(str) == layer_technology
    named = np.asarray(technology).astype(str) != ""
    lock = np.asarray(locked).astype(str)
    mine, free = lock == layer_technology, lock == ""
    silent = no_service | foreign
    kind = np.full(len(level_dbm), Kind.NONE, dtype=np.int8)
    level = np.full(len(level_dbm), np.nan)

    def say(rows: _Bool, what: Kind, values: _F64 | float) -> None:
        kind[rows] = what
        level[rows] = values[rows] if isinstance(values, np.ndarray) else values

    heard = on & ~silent & np.isfinite(level_dbm)
    say(heard, Kind.STRONGEST, level_dbm)
    say(heard & (level_dbm <= reported.low), Kind.BELOW, reported.low)
    say(heard & (level_dbm >= reported.high), Kind.ABOVE, reported.high)
    say(named & ~on & ~silent & mine, Kind.BELOW, settings.free_limit_dbm)
    floor = {"2G": settings.camp_floor_2g_dbm, "3G": settings.camp_floor_3g_dbm}.get(layer_technology, -np.inf)
    say(silent & mine, Kind.BELOW, max(settings.locked_limit_dbm, floor))
    if layer_technology in settings.free_technologies:
        say(silent & free, Kind.BELOW, settings.free_limit_dbm)
    return kind, level
