"""The likelihood's inner loop: value, slopes and second derivatives of an observation in one pass over plain arrays.

Everything is a function of the candidates' x = (y - m) / s and of their normal scores h(x) = Phi^-1(T(x)). With the error
a that all sites share at a place (weight sqrt(rho_place)) and the error t of a site, normal about sqrt(rho_place) a with variance
rho_site - rho_place, the cells of a site are independent; so ::

    G_j(a) = int N(t; sqrt(rho_place) a, rho_site - rho_place) prod_c Phi((h_c - t) / sqrt(1 - rho_site)) dt
    L      = int phi(a) prod_j G_j(a) da            (nothing above the level)

and where a cell serves, its factor Phi is replaced by its density in h, times dh/dx / s. Both integrals are trapezoidal sums over
lattices that never move (a = i step, t = m delta), so that the sums are smooth in every parameter; the integrands are
log-concave, so that the lattice is climbed to the top and left where e^-18 of it remains. Derivatives are those of a mixture over
the nodes (and, where it is not known who serves, over the candidates): mean of the components' slopes; mean of
their second derivatives plus covariance of their slopes. A candidate may stand for several that are alike (``count``, not
whole as a rule): its factor to that power.

A kernel calls no kernel of another file: numba's disk cache does not notice a change over there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["LawNumbers", "link_kernel", "term_kernel"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I8 = npt.NDArray[np.int8]

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)
_CUT = 10.0  # e^-18 of the top: 1.5e-8
_SAME = 1e-3  # sites that share no more than their place, to 3 % of a standard deviation
_FAR = 42.0  # no normal score lies beyond
_SINGLE, _STRONGEST, _BELOW, _ABOVE = 1, 2, 3, 4  # of geo.calibration.likelihood.Kind


class LawNumbers(NamedTuple):
    """The law of the error as the kernels read it.

    Attributes
    ----------
    degrees, log_constant : float
        Degrees of freedom (infinite: normal) and the logarithm of the density's constant.
    rho_place, rho_site : float
    step : float
        Of the lattices, in standard deviations of what is integrated over.
    table : (k, 3) float64 array
        Normal score by asinh x: value, first and second derivative; empty for the normal law.
    table_step : float
    """

    degrees: float
    log_constant: float
    rho_place: float
    rho_site: float
    step: float
    table: _F64
    table_step: float


class _Room(NamedTuple):
    """Room for one observation's numbers; k candidates, r runs, n lattice points."""

    x: _F64
    h: _F64
    first: _F64  # dh/dx
    second: _F64  # d2h/dx2
    lift: _F64  # d log(dh/dx) / dx
    lift_slope: _F64
    log_first: _F64
    log_scale: _F64
    count: _F64
    spread_class: _I64
    edges: _I64  # of the runs
    base: _F64  # log G of each run
    u: _F64  # d log G / dh
    curve: _F64  # second derivatives within runs
    u_serving: _F64
    curve_serving: _F64
    log_phi: _F64
    hazard: _F64
    filled: npt.NDArray[np.bool_]
    near: _I64
    part: _F64  # slopes of one component
    slope: _F64
    hessian: _F64
    share: _F64
    cross: _F64


@njit(cache=True, nogil=True, error_model="numpy")
def _log_phi(q: float) -> float:
    """Return log Phi(q); below -30 by the first terms of its asymptotic series, good to 1e-8."""
    if q > 8.3:
        return 0.0  # Phi differs from 1 by less than 1e-16
    if q > -30.0:
        return math.log(0.5 * math.erfc(-q * _ROOT_HALF))
    s = 1.0 / (q * q)
    return -0.5 * q * q - _HALF_LOG_2PI - math.log(-q) + math.log1p(-s * (1.0 - 3.0 * s * (1.0 - 5.0 * s)))


@njit(cache=True, nogil=True, error_model="numpy")
def _score(x: float, table: _F64, step: float) -> float:
    """Return h(x), odd in x: quintic Hermite interpolation in asinh x, straight on beyond the table."""
    if len(table) == 0:
        return x
    s = math.asinh(abs(x))
    i = int(s / step)
    if i >= len(table) - 1:
        i = len(table) - 1
        found = table[i, 0] + table[i, 1] * (s - i * step)
        return found if x >= 0.0 else -found
    t = s / step - i
    f, g = table[i, 0], table[i + 1, 0]
    df, dg = step * table[i, 1], step * table[i + 1, 1]
    bf, bg = step * step * table[i, 2], step * step * table[i + 1, 2]
    c = 0.5 * bf
    d = 10.0 * (g - f) - 6.0 * df - 4.0 * dg - 1.5 * bf + 0.5 * bg
    e = -15.0 * (g - f) + 8.0 * df + 7.0 * dg + 1.5 * bf - bg
    w = 6.0 * (g - f) - 3.0 * (df + dg) - 0.5 * (bf - bg)
    found = f + t * (df + t * (c + t * (d + t * (e + t * w))))
    return found if x >= 0.0 else -found


@njit(cache=True, nogil=True, error_model="numpy")
def _room(k: int, n: int, classes: int) -> _Room:
    return _Room(
        np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k), np.empty(k),
        np.empty(k, np.int64), np.empty(k + 1, np.int64), np.empty(k), np.empty(k), np.zeros((k, k)), np.empty(k),
        np.zeros((k, k)), np.empty((k, n)), np.empty((k, n)), np.zeros((k, n), np.bool_), np.empty(k, np.int64), np.empty(k),
        np.empty(k), np.empty((k, k)), np.empty(k), np.empty((k, classes)),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _load(
    lo: int, hi: int, level: float, mean: _F64, spread: _F64, spread_class: _I64, site: _I64, count: _F64, law: LawNumbers, room: _Room
) -> int:
    """Fill in what depends on each candidate alone; return the number of runs."""
    nu, runs = law.degrees, 0
    tied = law.rho_site - law.rho_place > _SAME
    for i in range(hi - lo):
        x = (level - mean[lo + i]) / spread[lo + i]
        h = _score(x, law.table, law.table_step)
        room.x[i], room.h[i] = x, h
        room.log_scale[i] = math.log(spread[lo + i])
        room.count[i] = count[lo + i]
        room.spread_class[i] = spread_class[lo + i]
        if nu == np.inf:
            room.first[i], room.second[i], room.lift[i], room.lift_slope[i], room.log_first[i] = 1.0, 0.0, 0.0, 0.0, 0.0
        else:
            off = nu + x * x
            fall = -(nu + 1.0) * x / off
            room.log_first[i] = law.log_constant - 0.5 * (nu + 1.0) * math.log1p(x * x / nu) + 0.5 * h * h + _HALF_LOG_2PI
            first = math.exp(room.log_first[i])
            room.lift[i] = fall + h * first
            room.first[i], room.second[i] = first, first * room.lift[i]
            room.lift_slope[i] = -(nu + 1.0) * (nu - x * x) / (off * off) + first * first + h * room.second[i]
        if i == 0 or not tied or site[lo + i] != site[lo + i - 1]:
            room.edges[runs] = i
            runs += 1
    room.edges[runs] = hi - lo
    return runs


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(run: int, m: int, half: int, delta: float, rest: float, room: _Room) -> None:
    """Work out log Phi and its slope at a lattice point for the cells of a run."""
    for c in range(room.edges[run], room.edges[run + 1]):
        q = (room.h[c] - m * delta) / rest
        found = _log_phi(q)
        room.log_phi[c, m + half] = found
        room.hazard[c, m + half] = math.exp(-0.5 * q * q - _HALF_LOG_2PI - found)
    room.filled[run, m + half] = True


@njit(cache=True, nogil=True, error_model="numpy")
def _at(run: int, v: int, m: int, half: int, delta: float, centre: float, var: float, rest: float, room: _Room) -> float:
    """Return the log integrand of a run at a lattice point."""
    if not room.filled[run, m + half]:
        _fill(run, m, half, delta, rest, room)
    off = m * delta - centre
    total = -0.5 * off * off / var
    for c in range(room.edges[run], room.edges[run + 1]):
        n = room.count[c]
        if c == v:
            q = (room.h[c] - m * delta) / rest
            total += -0.5 * q * q - _HALF_LOG_2PI
            n -= 1.0
        total += n * room.log_phi[c, m + half]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _run(run: int, v: int, centre: float, law: LawNumbers, delta: float, half: int, room: _Room, u: _F64, curve: _F64) -> float:
    """Return log G of a run given the place; fill its slopes and second derivatives by h. Cell v serves (-1: none)."""
    lo, hi = room.edges[run], room.edges[run + 1]
    if hi - lo == 1:
        rest = math.sqrt(1.0 - law.rho_place)
        q, n, total = (room.h[lo] - centre) / rest, room.count[lo], 0.0
        u[lo], curve[lo, lo] = 0.0, 0.0
        if lo == v:
            u[lo], curve[lo, lo] = -q / rest, -1.0 / (rest * rest)
            total, n = -0.5 * q * q - _HALF_LOG_2PI - math.log(rest), n - 1.0
        if n > 0.0:
            found = _log_phi(q)
            hazard = math.exp(-0.5 * q * q - _HALF_LOG_2PI - found)
            u[lo] += n * hazard / rest
            curve[lo, lo] -= n * hazard * (q + hazard) / (rest * rest)
            total += n * found
        return total
    var, rest = law.rho_site - law.rho_place, math.sqrt(1.0 - law.rho_site)
    m = room.near[run]
    top = _at(run, v, m, half, delta, centre, var, rest, room)
    climbing = True
    while climbing:  # log-concave: the top is found by walking up
        climbing = False
        for way in (1, -1):
            while -half < m + way < half:
                tried = _at(run, v, m + way, half, delta, centre, var, rest, room)
                if tried <= top:
                    break
                top, m, climbing = tried, m + way, True
    room.near[run] = m
    mass = 0.0
    for c in range(lo, hi):
        u[c] = 0.0
        for d in range(lo, c + 1):
            curve[c, d] = 0.0
    for way in (1, -1):
        i = m if way == 1 else m - 1
        while -half < i < half:
            value = _at(run, v, i, half, delta, centre, var, rest, room) - top
            if value < -_CUT:
                break
            w = math.exp(value)
            mass += w
            for c in range(lo, hi):
                q = (room.h[c] - i * delta) / rest
                hazard, n = room.hazard[c, i + half], room.count[c]
                r, bend = 0.0, 0.0
                if c == v:
                    r, bend, n = -q, -1.0, n - 1.0
                r += n * hazard
                bend -= n * hazard * (q + hazard)
                room.part[c] = r
                u[c] += w * r
                for d in range(lo, c + 1):
                    curve[c, d] += w * r * room.part[d]
                curve[c, c] += w * bend
            i += way
    for c in range(lo, hi):
        u[c] /= mass
        for d in range(lo, c + 1):
            curve[c, d] = (curve[c, d] / mass - u[c] * u[d]) / (rest * rest)
            curve[d, c] = curve[c, d]
    for c in range(lo, hi):
        u[c] /= rest
    found = top + math.log(mass * delta) - 0.5 * math.log(var) - _HALF_LOG_2PI
    return found - math.log(rest) if lo <= v < hi else found


@njit(cache=True, nogil=True, error_model="numpy")
def _add(p: float, k: int, runs: int, v: int, run_v: int, room: _Room) -> None:
    """Add a component of weight p, of which cell v of run run_v serves (-1: none), to the sums."""
    for j in range(runs):
        serving = j == run_v
        for c in range(room.edges[j], room.edges[j + 1]):
            slope = room.u_serving[c] if serving else room.u[c]
            room.part[c] = slope * room.first[c] + (room.lift[c] if c == v else 0.0)
            room.hessian[c, c] += p * (slope * room.second[c] + (room.lift_slope[c] if c == v else 0.0))
            for d in range(room.edges[j], c + 1):
                within = room.curve_serving[c, d] if serving else room.curve[c, d]
                room.hessian[c, d] += p * within * room.first[c] * room.first[d]
    for c in range(k):
        weighted = p * room.part[c]
        room.slope[c] += weighted
        for d in range(c + 1):
            room.hessian[c, d] += weighted * room.part[d]
        if v >= 0:
            room.cross[c, room.spread_class[v]] += weighted
    if v >= 0:
        room.share[v] += p


@njit(cache=True, nogil=True, error_model="numpy")
def _integral(kind: int, server: int, k: int, runs: int, law: LawNumbers, delta: float, half: int, room: _Room) -> float:
    """Return the logarithm of the integral over what the sites share; the sums divided by it are left in the room."""
    for c in range(k):
        room.slope[c], room.share[c] = 0.0, 0.0
        room.cross[c, :] = 0.0
        room.hessian[c, : c + 1] = 0.0
    lowest = np.inf
    for j in range(runs):
        deepest = np.inf
        for c in range(room.edges[j], room.edges[j + 1]):
            deepest = min(deepest, room.h[c])
        lowest = min(lowest, deepest)
        room.near[j] = min(max(round(min(0.0, law.rho_site * deepest) / delta), -half + 2), half - 2)
        if room.edges[j + 1] - room.edges[j] > 1:
            room.filled[j, :] = False
    shared = law.rho_place > 0.0
    root = math.sqrt(law.rho_place)
    at = root * (room.h[server] if kind == _SINGLE else min(lowest, 0.0))
    origin = round(min(max(at, -_FAR + 2.0), _FAR - 2.0) / law.step) if shared else 0
    run_v = -1
    for j in range(runs):
        if room.edges[j] <= server < room.edges[j + 1]:
            run_v = j
    best, reference, mass = -np.inf, -np.inf, 0.0
    for way in (1, -1):
        i = origin if way == 1 else origin - 1
        before = -np.inf
        while abs(i) * law.step < _FAR:
            a = i * law.step
            all_below = math.log(law.step) - 0.5 * a * a - _HALF_LOG_2PI if shared else 0.0
            for j in range(runs):
                if kind == _SINGLE and j == run_v:
                    continue
                room.base[j] = _run(j, -1, root * a, law, delta, half, room, room.u, room.curve)
                all_below += room.base[j]
            node = -np.inf
            for component in range(k if kind == _STRONGEST else 1):
                v, j, total = -1, -1, all_below
                if kind == _STRONGEST:
                    v = component
                    j = 0
                    while room.edges[j + 1] <= v:
                        j += 1
                    total -= room.base[j]
                elif kind == _SINGLE:
                    v, j = server, run_v
                if v >= 0:
                    total += _run(j, v, root * a, law, delta, half, room, room.u_serving, room.curve_serving)
                    total += room.log_first[v] - room.log_scale[v] + math.log(room.count[v])
                if total < best - 2.0 * _CUT:
                    continue
                best = max(best, total)
                node = max(node, total)
                if mass == 0.0:
                    reference = total
                elif total > reference + 200.0:
                    shrink = math.exp(reference - total)
                    mass *= shrink
                    for c in range(k):
                        room.slope[c] *= shrink
                        room.share[c] *= shrink
                        room.cross[c, :] *= shrink
                        room.hessian[c, : c + 1] *= shrink
                    reference = total
                p = math.exp(total - reference)
                mass += p
                _add(p, k, runs, v, j, room)
            if not shared or (node < best - _CUT and node < before):
                break
            before = node
            i += way
        if not shared:
            break
    for c in range(k):
        room.slope[c] /= mass
        room.share[c] /= mass
        room.cross[c, :] /= mass
    for c in range(k):
        for d in range(c + 1):
            room.hessian[c, d] = room.hessian[c, d] / mass - room.slope[c] * room.slope[d]
            room.hessian[d, c] = room.hessian[c, d]
    return reference + math.log(mass)


@njit(cache=True, nogil=True, error_model="numpy")
def _observation(kind: int, server: int, k: int, runs: int, law: LawNumbers, delta: float, half: int, room: _Room) -> float:
    """Return the log likelihood of an observation; slopes and second derivatives by x are left in the room."""
    if kind == _ABOVE and server >= 0:  # a known cell at the ceiling: its own law, whatever the others do
        room.slope[:k], room.share[:k] = 0.0, 0.0
        room.hessian[:k, :k], room.cross[:k] = 0.0, 0.0
        below = _log_phi(room.h[server])
        hazard = math.exp(-0.5 * room.h[server] ** 2 - _HALF_LOG_2PI - below)
        room.slope[server] = hazard * room.first[server]
        room.hessian[server, server] = hazard * room.second[server] - room.slope[server] * (
            (room.h[server] + hazard) * room.first[server]
        )
    elif k == 0:
        below = 0.0 if kind in (_BELOW, _ABOVE) else -np.inf
    else:
        below = _integral(kind, server, k, runs, law, delta, half, room)
    if kind != _ABOVE:
        return below
    # log(1 - e^b) by the branch that keeps digits (Mächler 2012); b < 0
    below = min(below, -1e-300)
    rest = math.log(-math.expm1(below)) if below > -0.6931 else math.log1p(-math.exp(below))
    odds = math.exp(below - rest)
    for c in range(k):
        for d in range(k):
            outer = room.slope[c] * room.slope[d]
            room.hessian[c, d] = -odds * room.hessian[c, d] - odds * (1.0 + odds) * outer
    for c in range(k):
        room.slope[c] *= -odds
    return rest


@njit(cache=True, nogil=True, error_model="numpy")
def _lattice(law: LawNumbers) -> tuple[float, int]:
    """Return step and half width of the lattice of a site's error: in steps of the width that one cell leaves of it."""
    var, rest = law.rho_site - law.rho_place, 1.0 - law.rho_site
    delta = 2.5 * law.step * math.sqrt(max(var, _SAME) * rest / (max(var, _SAME) + rest))
    return delta, int(_FAR / delta)


@njit(cache=True, nogil=True, error_model="numpy")
def link_kernel(
    level: _F64, kind: _I8, serving: _I64, first: _I64, site: _I64, count: _F64, mean: _F64, spread: _F64, law: LawNumbers,
    pair_first: _I64, value: _F64, slope_mean: _F64, slope_log_spread: _F64, pairs: _F64,
) -> None:  # fmt: skip
    """Fill value, slopes by each candidate's mean and log scale, and, where ``pairs`` has room, second derivatives by the means.

    ``pairs[pair_first[i] + k c + d]`` belongs to candidates c and d of observation i, which has k of them.
    """
    most = 1
    for i in range(len(level)):
        most = max(most, first[i + 1] - first[i])
    delta, half = _lattice(law)
    room = _room(most, 2 * half + 1, 1)
    none = np.zeros(len(site), np.int64)
    for i in range(len(level)):
        lo, hi = first[i], first[i + 1]
        k = hi - lo
        if kind[i] == 0:
            value[i] = 0.0
            slope_mean[lo:hi], slope_log_spread[lo:hi] = 0.0, 0.0
            if len(pairs):
                pairs[pair_first[i] : pair_first[i] + k * k] = 0.0
            continue
        runs = _load(lo, hi, level[i], mean, spread, none, site, count, law, room)
        value[i] = _observation(kind[i], serving[i] - lo if serving[i] >= 0 else -1, k, runs, law, delta, half, room)
        for c in range(k):
            slope_mean[lo + c] = -room.slope[c] / spread[lo + c]
            slope_log_spread[lo + c] = -room.x[c] * room.slope[c] - room.share[c]
            if len(pairs):
                for d in range(k):
                    pairs[pair_first[i] + k * c + d] = room.hessian[c, d] / (spread[lo + c] * spread[lo + d])


@njit(cache=True, nogil=True, error_model="numpy")
def term_kernel(
    level: _F64, kind: _I8, serving: _I64, first: _I64, site: _I64, count: _F64, predicted: _F64, spread_class: _I64, weight: _F64,
    row: _I64, column: _I64, entry: _F64, theta: _F64, classes: int, law: LawNumbers, value: _F64, slope: _F64, hessian: _F64,
) -> None:  # fmt: skip
    """Fill each observation's log likelihood, and add the weighted slope and second derivatives by terms and log scales.

    The design is a sparse matrix by rows: entries ``row[c]`` to ``row[c + 1]`` of ``column`` and ``entry`` belong to
    candidate c. ``theta`` holds the terms, then the logarithm of the scale of each class.
    """
    p = len(theta) - classes
    most, widest = 1, 1
    for i in range(len(level)):
        most = max(most, first[i + 1] - first[i])
        widest = max(widest, row[first[i + 1]] - row[first[i]])
    mean, spread = np.empty(len(predicted)), np.empty(len(predicted))
    scale = np.exp(theta[p:])
    for c in range(len(predicted)):
        total = predicted[c]
        for e in range(row[c], row[c + 1]):
            total += entry[e] * theta[column[e]]
        mean[c], spread[c] = total, scale[spread_class[c]]
    delta, half = _lattice(law)
    room = _room(most, 2 * half + 1, classes)
    slot, used = np.full(p, -1, np.int64), np.empty(min(widest, p) + 1, np.int64)
    by_term, across = np.empty((most, len(used))), np.empty((most, classes))
    for i in range(len(level)):
        lo, hi = first[i], first[i + 1]
        k = hi - lo
        value[i] = 0.0
        if kind[i] == 0 or weight[i] == 0.0:
            continue
        runs = _load(lo, hi, level[i], mean, spread, spread_class, site, count, law, room)
        value[i] = _observation(kind[i], serving[i] - lo if serving[i] >= 0 else -1, k, runs, law, delta, half, room)
        w = weight[i]
        q = 0
        for e in range(row[lo], row[hi]):
            if slot[column[e]] < 0:
                slot[column[e]], used[q] = q, column[e]
                q += 1
        # By the means: slope -g / s and second derivatives M / (s s); by the log scales through x and through the density.
        for c in range(k):
            by_term[c, :q] = 0.0
            s = spread[lo + c]
            for t in range(classes):
                across[c, t] = 0.0
            for d in range(k):
                both = room.hessian[c, d] / (s * spread[lo + d])
                across[c, room.spread_class[d]] += both * spread[lo + d] * room.x[d]
                for e in range(row[lo + d], row[lo + d + 1]):
                    by_term[c, slot[column[e]]] += both * entry[e]
            across[c, room.spread_class[c]] += room.slope[c] / s
        if kind[i] == _SINGLE or kind[i] == _STRONGEST:
            for v in range(k):
                t = room.spread_class[v]
                slope[p + t] -= w * room.share[v]
                hessian[p + t, p + t] += w * room.share[v]
                for d in range(k):
                    hessian[p + t, p + room.spread_class[d]] -= w * room.share[v] * room.share[d]
            for c in range(k):
                for t in range(classes):
                    beyond = room.cross[c, t]
                    for v in range(k):
                        if room.spread_class[v] == t:
                            beyond -= room.slope[c] * room.share[v]
                    across[c, t] += beyond / spread[lo + c]
                    hessian[p + t, p + room.spread_class[c]] += w * room.x[c] * beyond
        for c in range(k):
            s, a = spread[lo + c], p + room.spread_class[c]
            slope[a] -= w * room.x[c] * room.slope[c]
            for t in range(classes):  # through x alone: s_c x_c times the derivative across
                hessian[a, p + t] += w * room.x[c] * s * across[c, t]
            for e in range(row[lo + c], row[lo + c + 1]):
                b, f = column[e], w * entry[e]
                slope[b] -= f * room.slope[c] / s
                for l in range(q):  # noqa: E741
                    hessian[b, used[l]] += f * by_term[c, l]
                for t in range(classes):
                    hessian[b, p + t] += f * across[c, t]
                    hessian[p + t, b] += f * across[c, t]
        for l in range(q):  # noqa: E741
            slot[used[l]] = -1
