"""What a row of a log says of one layer (an operator's technology), and what it does not.

===================================================  =======================================================
row                                                  of the layer's technology T it says
===================================================  =======================================================
a level on T                                         the level of the strongest (or the named) cell; at the
                                                     lower end of what can be reported: nothing above it; at
                                                     the upper end: at least that
a level on another technology, no lock               nothing: the phone may have chosen it
the same, the phone was locked to T                  T was left: nothing above the reselection level
no service, locked to T                              nothing above the phone's detection limit
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

from geo.calibration.likelihood import Candidates, Kind
from geo.calibration.settings import CalibrationSettings
from geo.calibration.student import log_cdf, log_density
from geo.radio import LevelRange

__all__ = ["layer_evidence", "limit_candidates"]

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
    say(silent & mine, Kind.BELOW, settings.locked_limit_dbm)
    if layer_technology in settings.free_technologies:
        say(silent & free, Kind.BELOW, settings.free_limit_dbm)
    return kind, level


def limit_candidates(candidates: Candidates, predicted_dbm: _F64, settings: CalibrationSettings) -> _Bool:
    """Return which candidates can matter: the others change no log likelihood by more than the tolerance.

    The rule: sites go as a whole, since the errors of their cells hang together, never that of the known serving
    cell. A site may go while, over all cells that go, the sum of -log F((y - p_c - S) / s) stays below half the
    tolerance, S the largest correction; where the serving cell is not known, also its share of the
    density, bounded by its own at the most favourable correction over the strongest's at the least
    favourable one, in sum below the other half. Heavy tails keep far more of them than a normal law would.

    Parameters
    ----------
    candidates : Candidates
    predicted_dbm : (m,) float64 array
    settings : CalibrationSettings
    """
    owner = candidates.observation
    shift, spread, nu = settings.max_shift_db, settings.spread_db, settings.degrees
    away = (candidates.level_dbm[owner] - predicted_dbm - shift) / spread
    cost = -log_cdf(away, nu)
    open_ = (candidates.kind == Kind.STRONGEST)[owner]
    if open_.any():
        strongest = np.full(len(candidates.level_dbm), -np.inf)
        np.maximum.at(strongest, owner, predicted_dbm)
        off = np.abs(candidates.level_dbm - strongest) + shift
        least = log_density(off / spread, nu)[owner]
        with np.errstate(over="ignore"):
            share = np.exp(np.minimum(log_density(away, nu) - least, 700.0))
        cost = np.where(open_, cost + np.where(away > 0, share, np.inf), cost)
    cost[candidates.serving[candidates.serving >= 0]] = np.inf
    edges = candidates.site_edges
    sizes = np.diff(edges)
    of_site = np.add.reduceat(cost, edges[:-1]) if len(cost) else cost
    whose = owner[edges[:-1]]
    order = np.lexsort((of_site, whose))
    ranked = of_site[order]
    # Only what is cheap by itself can go; few enough to be added up without loss.
    cheap = ranked <= settings.tolerance / 2
    total = np.cumsum(np.where(cheap, ranked, 0.0))
    first = np.searchsorted(whose[order], whose[order])
    before = np.where(first > 0, total[np.maximum(first - 1, 0)], 0.0)
    keep_site = np.ones(len(order), dtype=bool)
    keep_site[order[cheap & (total - before <= settings.tolerance / 2)]] = False
    return np.repeat(keep_site, sizes)
