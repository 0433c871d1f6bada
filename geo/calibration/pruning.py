"""Which candidates can matter: the others are let go, with a bound on what that costs each observation's log likelihood.

Under the law (a normal copula with factors) all levels hang together positively, given the serving cell's too, and even in the
strong sense (MTP2; Karlin and Rinott, J. Multivariate Analysis 10, 1980), so that for cells D that go and cells K that stay

    0 <= log P(K <= y) - log P(K, D <= y) <= sum over D of -log P(c <= y | b <= y)

with b any cell that stays, or none. Far sites go by the second, cells in the shadow of a stronger one of their own mast by the
first (two normals, correlated as cells of a site are). The sum is kept below the tolerance. Heavy tails keep more far candidates than
a normal law would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.calibration.likelihood import Candidates, ErrorLaw, Kind
from geo.calibration.settings import CalibrationSettings
from geo.calibration.student import log_density, normal_score

__all__ = ["Merged", "limit_candidates", "merge_far"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]
_NODES, _WEIGHTS = (a.astype(np.float64) for a in np.polynomial.legendre.leggauss(12))


@njit(cache=True, nogil=True, error_model="numpy")
def _phi(q: float) -> float:
    return 0.5 * math.erfc(-q * 0.7071067811865476)


@njit(cache=True, nogil=True, error_model="numpy")
def _above_and_below(c: float, b: float, rho: float, nodes: _F64, weights: _F64) -> float:
    """Return P(Z_c > c, Z_b <= b) of two normals: by the angle of the correlation (Drezner and Wesolowsky 1990)."""
    # Z_b <= b and Z_c > c: the lower left of (-Z_c, Z_b), which have the correlation -rho.
    half = 0.5 * math.asin(-rho)
    total = 0.0
    for i in range(len(nodes)):
        s = math.sin(half * (nodes[i] + 1.0))
        total += weights[i] * math.exp(-0.5 * (c * c + b * b + 2.0 * c * b * s) / (1.0 - s * s))
    return max(_phi(-c) * _phi(b) + half * total / (2.0 * math.pi), 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _cost_kernel(
    h: _F64, highest: _F64, first: _I64, site: _I64, kept: _Bool, anchor: _I64, rho_site: float, rho_place: float,
    nodes: _F64, weights: _F64, cost: _F64,
) -> None:  # fmt: skip
    """Fill what it costs at most to let each candidate go; infinite for those that must stay.

    ``anchor`` is the candidate whose level is known (-1: none): all else is taken given it. ``h`` has the scores where a correction
    makes them lowest, ``highest`` where it makes them highest: the one that another is in the shadow of may be anywhere between.
    """
    for i in range(len(first) - 1):
        lo, hi = first[i], first[i + 1]
        v = anchor[i]
        j = lo
        while j < hi:
            end = j + 1
            while end < hi and site[end] == site[j]:
                end += 1
            own = 0.0 if v < 0 else rho_site if site[v] == site[j] else rho_place
            rest = math.sqrt(1.0 - own * own)
            tied = (rho_site - own * own) / (1.0 - own * own)
            best = -1
            for c in range(j, end):
                if c != v and (best < 0 or h[c] < h[best]):
                    best = c
            for c in range(j, end):
                if kept[c]:
                    cost[c] = math.inf
                    continue
                q = (h[c] - own * highest[v]) / rest if v >= 0 else h[c]
                found = 0.5 * math.erfc(q * 0.7071067811865476)
                if c != best and tied > 0.0:
                    b = (highest[best] - own * h[v]) / rest if v >= 0 else highest[best]
                    lower = _phi(b)
                    if lower > 1e-12:
                        found = min(found, _above_and_below(q, b, min(tied, 0.999), nodes, weights) / lower)
                cost[c] = -math.log1p(-found) if found < 1.0 else math.inf
            j = end


def limit_candidates(
    candidates: Candidates,
    predicted_dbm: _F64,
    settings: CalibrationSettings,
    *,
    spread_db: _F64 | None = None,
    law: ErrorLaw | None = None,
) -> _Bool:
    """Return which candidates can matter: the others change no log likelihood by more than the tolerance.

    Never let go is a known serving cell, and a site's strongest cell while a weaker one stays. Where the
    serving cell is not known, a candidate's share of the density counts as well.

    Parameters
    ----------
    candidates : Candidates
    predicted_dbm : (m,) float64 array
    settings : CalibrationSettings
        ``max_shift_db`` is the largest correction that is still to come (the bound holds up to it, for all candidates alike
        or for single ones), ``tolerance`` the cost.
    spread_db : (m,) float64 array, optional
        Scale of the error; the settings' unless given.
    law : ErrorLaw, optional
        Instead of the settings'.
    """
    law = law or settings.law
    owner, m = candidates.observation, len(candidates.site)
    spread = np.full(m, settings.spread_db) if spread_db is None else spread_db
    x = (candidates.level_dbm[owner] - predicted_dbm) / spread
    away = x - settings.max_shift_db / spread
    h, highest = normal_score(away, law.degrees), normal_score(x + settings.max_shift_db / spread, law.degrees)
    kept = np.zeros(m, dtype=bool)
    kept[candidates.serving[candidates.serving >= 0]] = True
    anchor = np.where(candidates.kind == Kind.SERVING, candidates.serving, -1).astype(np.int64)
    open_ = (candidates.kind == Kind.STRONGEST) & (np.diff(candidates.first) > 0)
    anchor[open_] = _likeliest(candidates, log_density(x, law.degrees))[open_]
    kept[anchor[anchor >= 0]] = True
    cost = np.empty(m)
    _cost_kernel(
        np.asarray(h, np.float64), np.asarray(highest, np.float64), candidates.first.astype(np.int64),
        candidates.site.astype(np.int64), kept, anchor, law.site_correlation, law.place_correlation, _NODES, _WEIGHTS, cost,
    )  # fmt: skip
    if open_.any():
        share = _density_share(candidates, x, away, law, settings.max_shift_db / spread)
        cost = np.where(open_[owner], cost + share, cost)
    return _affordable(candidates, cost, settings.tolerance)


def _likeliest(candidates: Candidates, share: _F64) -> _I64:
    """Return the candidate of the largest share of each observation; -1 without any."""
    order = np.lexsort((share, candidates.observation))
    filled = np.diff(candidates.first) > 0
    last = np.maximum(candidates.first[1:] - 1, 0)
    return np.where(filled, order[last] if len(order) else -1, -1).astype(np.int64)


def _density_share(candidates: Candidates, x: _F64, away: _F64, law: ErrorLaw, shift: _F64) -> _F64:
    """Return a bound on each candidate's share of the density of the maximum, over the strongest's; inf where it is no bound."""
    owner = candidates.observation
    nearest = np.full(len(candidates.level_dbm), np.inf)
    np.minimum.at(nearest, owner, np.abs(x) + shift)
    with np.errstate(over="ignore"):
        share = np.exp(np.minimum(log_density(away, law.degrees) - log_density(nearest, law.degrees)[owner], 700.0))
    return np.where(away > 0, share, np.inf)


def _affordable(candidates: Candidates, cost: _F64, tolerance: float) -> _Bool:
    """Return which candidates stay: of each observation the dearest, the sum of the others' cost staying below the tolerance."""
    owner = candidates.observation
    order = np.lexsort((cost, owner))
    ranked = cost[order]
    # Only what is cheap by itself can go; few enough to be added up without loss.
    cheap = ranked <= tolerance
    total = np.cumsum(np.where(cheap, ranked, 0.0))
    first = candidates.first[owner[order]]
    before = np.where(first > 0, total[np.maximum(first - 1, 0)], 0.0)
    keep = np.ones(len(order), dtype=bool)
    keep[order[cheap & (total - before <= tolerance)]] = False
    return keep


@dataclass(frozen=True, slots=True)
class Merged:
    """Candidates of which those far off stand for others.

    Attributes
    ----------
    stays : (m,) bool array
    count : (m,) float64 array
        How many each stands for; 1 for most.
    cost : (n,) float64 array
        Minus the log likelihood of all that goes: the most that an observation's can be wrong by.
    """

    stays: _Bool
    count: _F64
    cost: _F64


@njit(cache=True, nogil=True, error_model="numpy")
def _merge_kernel(
    h: _F64, share: _F64, first: _I64, site: _I64, anchor: _I64, may: _Bool, rho_site: float, rho_place: float,
    tolerance: float, nodes: _F64, weights: _F64, stays: _Bool, count: _F64, gone: _F64,
) -> None:  # fmt: skip
    """Fill who stays, how many each stands for, and the cost of what goes.

    ``may`` tells which candidates may go, ``share`` is a candidate's share of a density of unknown server.
    """
    most = 1
    for i in range(len(first) - 1):
        most = max(most, first[i + 1] - first[i])
    far_cost, far_alone, far_cell, q = np.empty(most), np.empty(most), np.empty(most, np.int64), np.empty(most)
    for i in range(len(first) - 1):
        lo, hi = first[i], first[i + 1]
        v = anchor[i]
        found = 0
        j = lo
        while j < hi:
            end = j + 1
            while end < hi and site[end] == site[j]:
                end += 1
            own = 0.0 if v < 0 else rho_site if site[v] == site[j] else rho_place
            rest = math.sqrt(1.0 - own * own)
            tied = min((rho_site - own * own) / (1.0 - own * own), 0.999)
            best = -1
            for c in range(j, end):
                q[c - lo] = (h[c] - own * h[v]) / rest if v >= 0 else h[c]
                if c != v and (best < 0 or q[c - lo] < q[best - lo]):
                    best = c
            if best >= 0:
                b = q[best - lo]
                lower = _phi(b)
                alone = -math.log1p(-_phi(-b)) if lower > 1e-12 else math.inf
                total, single, weight = alone, True, share[best]
                for c in range(j, end):
                    if c in (best, v):
                        continue
                    extra = math.inf
                    if may[c] and share[c] <= tolerance and lower > 1e-12:
                        above = _phi(-q[c - lo])
                        if tied > 0.0:
                            above = min(above, _above_and_below(q[c - lo], b, tied, nodes, weights) / lower)
                        extra = -math.log1p(-above) if above < 1.0 else math.inf
                    if extra <= tolerance / 4.0:
                        stays[c] = False
                        total += extra
                        gone[i] += extra
                        weight += share[c]
                    else:
                        single = False
                if may[best] and alone > 0.0:
                    count[best] = total / alone
                in_site = v >= 0 and site[v] == site[j]
                if single and not in_site and may[best] and weight <= tolerance and total <= tolerance / 2.0:
                    far_cost[found], far_alone[found], far_cell[found] = total, alone, best
                    found += 1
            j = end
        if found < 2:
            continue
        order = np.argsort(far_cost[:found])
        total, taken = 0.0, 0
        while taken < found and total + far_cost[order[taken]] <= tolerance:
            total += far_cost[order[taken]]
            taken += 1
        if taken < 2 or total == 0.0:
            continue
        # The one at the middle of the cost stands for all.
        sum_, k = 0.0, -1
        while sum_ < 0.5 * total:
            k += 1
            sum_ += far_cost[order[k]]
        for other in range(taken):
            if other != k:
                stays[far_cell[order[other]]] = False
                gone[i] += far_cost[order[other]]
        count[far_cell[order[k]]] = total / far_alone[order[k]]


def merge_far(
    candidates: Candidates, mean_dbm: _F64, spread_db: _F64, law: ErrorLaw, *, tolerance: float
) -> Merged:
    """Return candidates of which those far below the level are put together: one counts for several.

    Letting them go would bias a fit: each says little, but together they say that the scale is no larger. What all that go
    together say (minus the log likelihood that none is above the level, given the serving cell) is now said by the one of
    them that stands in the middle of it, by its count. Cells go with the strongest of their site, sites with one of
    the far sites. What an observation says can be wrong by ``cost`` at most; slopes err far less. Where it is not known who
    serves, the likeliest is taken to, and the bound is no longer strict.

    Parameters
    ----------
    candidates : Candidates
        Each counting for itself.
    mean_dbm, spread_db : (m,) float64 arrays
        By an earlier fit.
    law : ErrorLaw
    tolerance : float
        Minus log likelihood that far candidates have together, at most; a quarter of it for a single cell.
    """
    owner, m, n = candidates.observation, len(candidates.site), len(candidates.level_dbm)
    x = (candidates.level_dbm[owner] - mean_dbm) / spread_db
    h = normal_score(x, law.degrees)
    anchor = np.where(candidates.kind == Kind.SERVING, candidates.serving, -1).astype(np.int64)
    share = np.zeros(m)
    open_ = (candidates.kind == Kind.STRONGEST) & (np.diff(candidates.first) > 0)
    if open_.any():
        density = np.exp(log_density(x, law.degrees)) / spread_db
        total = np.bincount(owner, density, minlength=n)
        share = np.where(open_[owner], density / total[owner], 0.0)
        anchor[open_] = _likeliest(candidates, share)[open_]
    may = np.ones(m, dtype=bool)
    may[candidates.serving[candidates.serving >= 0]] = False
    may[anchor[anchor >= 0]] = False
    stays, count, gone = np.ones(m, dtype=bool), np.ones(m), np.zeros(n)
    _merge_kernel(
        np.asarray(h, np.float64), share, candidates.first.astype(np.int64), candidates.site.astype(np.int64), anchor, may,
        law.site_correlation, law.place_correlation, tolerance, _NODES, _WEIGHTS, stays, count, gone,
    )  # fmt: skip
    return Merged(stays, np.maximum(count, 1.0), gone)
