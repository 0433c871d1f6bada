"""The likelihood's inner loop: value, slopes and second derivatives of an observation in one pass over plain arrays.

Everything is a function of the candidates' x = (y - m) / s and of their normal scores h(x) = Phi^-1(T(x)). With the error
a that all sites share at a place (weight sqrt(rho_place)) and the error t of a site, normal about sqrt(rho_place) a with variance
rho_site - rho_place, the cells of a site are independent; so ::

    G_j(a) = int N(t; sqrt(rho_place) a, rho_site - rho_place) prod_c Phi((h_c - t) / sqrt(1 - rho_site)) dt
    L      = int phi(a) prod_j G_j(a) da            (nothing above the level)

and where a cell serves, its factor Phi is replaced by its density in h, times dh/dx / s. Both integrals are trapezoidal sums over
lattices that never move (a = i step, t = m delta), so that the sums are smooth in every parameter; the integrands are
log-concave, so that the lattice is climbed to the top and left where e^-16 of it remains. The centres sqrt(rho_place) a lie on
the lattice of t (or it on theirs), so that a run's product, multiplied out once, serves every a with weights from one table. Derivatives are those of a mixture over
the nodes (and, where it is not known who serves, over the candidates): mean of the components' slopes; mean of
their second derivatives plus covariance of their slopes. A candidate may stand for several that are alike (``count``, not
whole as a rule): its factor to that power.

A kernel calls no kernel of another file: numba's disk cache does not notice a change over there.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["LawNumbers", "link_kernel"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I8 = npt.NDArray[np.int8]

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)
_CUT = 18.0  # e^-18 of the top: 1.5e-8
_MOST = 8  # cells of a run that are multiplied out on the lattice
_SAME = 1e-3  # sites that share no more than their place, to 3 % of a standard deviation
_END = 80.0  # e^-80: where a table of weights ends
_FAR = 42.0  # no normal score lies beyond
# As written, -1, 0 and 1 would be types of their own, and all be compiled for each of them.
_NONE, _FIRST_CELL, _ONE = cast(int, np.int64(-1)), cast(int, np.int64(0)), cast(int, np.int64(1))
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


class _Lattice(NamedTuple):
    """Lattice of a site's error: points m delta, |m| < half; a = i step has its centre at i apart / every of them.

    ``weight[|every m - apart i|]`` is what point m counts for about the centre of a = i step.
    """

    delta: float
    half: int
    every: int
    apart: int
    weight: _F64


# Rows of _Room.by_cell: numbers of each candidate, of each run (BASE, DEEPEST, UPPER), sums (SLOPE, SHARE) and scratch.
(
    _X, _H, _FIRST, _SECOND, _LIFT, _LIFT_SLOPE, _LOG_FIRST, _LOG_SCALE, _COUNTS, _BASE, _U, _U_SERVING,
    _RATIO, _BENT, _DEEPEST, _UPPER, _TOTAL, _APART, _AWAY, _PART, _SLOPE, _SHARE,
) = range(22)  # fmt: skip


class _Room(NamedTuple):
    """Room for one observation's numbers; k candidates, n lattice points. Few arrays: compiling takes long for many.

    ``by_cell`` (22, k): X standardised level, H its score, FIRST and SECOND dh/dx and d2h/dx2, LIFT and LIFT_SLOPE d log(dh/dx) / dx
    and its slope, BASE log G of a run, U d log G / dh (U_SERVING where one serves), RATIO and BENT d log factor / dh at a lattice
    point and its slope, UPPER the score whose density is asked of a run that none is said to serve, TOTAL the log
    weight of each cell as the serving one.
    """

    by_cell: _F64
    spread_class: _I64
    edges: _I64  # of the runs
    curve: _F64  # second derivatives within runs
    curve_serving: _F64
    product: _F64  # of a run's factors on the lattice and its derivatives; variants: run, or k + serving cell
    by_one: _F64
    by_two: _F64
    multiplied: npt.NDArray[np.bool_]
    by_class: _F64
    hessian: _F64
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
        return float(found if x >= 0.0 else -found)
    t = s / step - i
    f, g = table[i, 0], table[i + 1, 0]
    df, dg = step * table[i, 1], step * table[i + 1, 1]
    bf, bg = step * step * table[i, 2], step * step * table[i + 1, 2]
    c = 0.5 * bf
    d = 10.0 * (g - f) - 6.0 * df - 4.0 * dg - 1.5 * bf + 0.5 * bg
    e = -15.0 * (g - f) + 8.0 * df + 7.0 * dg + 1.5 * bf - bg
    w = 6.0 * (g - f) - 3.0 * (df + dg) - 0.5 * (bf - bg)
    found = f + t * (df + t * (c + t * (d + t * (e + t * w))))
    return float(found if x >= 0.0 else -found)


@njit(cache=True, nogil=True, error_model="numpy")
def _room(k: int, n: int, classes: int) -> _Room:
    return _Room(
        np.empty((22, k)), np.empty(k, np.int64), np.empty(k + 1, np.int64), np.zeros((k, k)), np.zeros((k, k)),
        np.empty((n, 2 * k)), np.empty((n, 2 * k, _MOST)), np.empty((n, 2 * k, _MOST, _MOST)), np.zeros((2 * k, n), np.bool_),
        np.empty(classes), np.empty((k, k)), np.empty((k, classes)),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _lattice(law: LawNumbers) -> _Lattice:
    """Return the lattice of a site's error: about 2.5 steps of the width that one cell leaves of it."""
    var, rest = max(law.rho_site - law.rho_place, _SAME), 1.0 - law.rho_site
    delta = 2.5 * law.step * math.sqrt(var * rest / (var + rest))
    unit, every, apart = delta, 1, 1
    if law.rho_place > 0.0:
        between = math.sqrt(law.rho_place) * law.step
        if between >= delta:
            apart = math.ceil(between / delta)
            unit = delta = between / apart
        else:
            every = int(delta / between)
            unit, delta = between, every * between
    weight = np.empty(int(math.sqrt(2.0 * _END * var) / unit) + 1)
    for i in range(len(weight)):
        off = i * unit
        weight[i] = delta / math.sqrt(2.0 * math.pi * var) * math.exp(-0.5 * off * off / var)
    return _Lattice(delta, int(_FAR / delta), every, apart, weight)


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
        room.by_cell[_X, i], room.by_cell[_H, i] = x, h
        room.by_cell[_LOG_SCALE, i] = math.log(spread[lo + i])
        room.by_cell[_COUNTS, i] = count[lo + i]
        room.spread_class[i] = spread_class[lo + i]
        if nu == np.inf:
            room.by_cell[_FIRST, i], room.by_cell[_SECOND, i], room.by_cell[_LIFT, i], room.by_cell[_LIFT_SLOPE, i], room.by_cell[_LOG_FIRST, i] = 1.0, 0.0, 0.0, 0.0, 0.0
        else:
            off = nu + x * x
            fall = -(nu + 1.0) * x / off
            room.by_cell[_LOG_FIRST, i] = law.log_constant - 0.5 * (nu + 1.0) * math.log1p(x * x / nu) + 0.5 * h * h + _HALF_LOG_2PI
            first = math.exp(room.by_cell[_LOG_FIRST, i])
            room.by_cell[_LIFT, i] = fall + h * first
            room.by_cell[_FIRST, i], room.by_cell[_SECOND, i] = first, first * room.by_cell[_LIFT, i]
            room.by_cell[_LIFT_SLOPE, i] = -(nu + 1.0) * (nu - x * x) / (off * off) + first * first + h * room.by_cell[_SECOND, i]
        if i == 0 or not tied or site[lo + i] != site[lo + i - 1]:
            room.edges[runs] = i
            runs += 1
    room.edges[runs] = hi - lo
    return runs


@njit(cache=True, nogil=True, error_model="numpy")
def _alone(c: int, v: int, centre: float, rest: float, room: _Room, u: _F64, curve: _F64) -> float:
    """Return log G of a run of cell c only, given the place; fill its slope and second derivative by h."""
    q, n, total = (room.by_cell[_H, c] - centre) / rest, room.by_cell[_COUNTS, c], 0.0
    u[c], curve[c, c] = 0.0, 0.0
    if c == v:
        u[c], curve[c, c] = -q / rest, -1.0 / (rest * rest)
        total, n = -0.5 * q * q - _HALF_LOG_2PI - math.log(rest), n - 1.0
    if n > 0.0:
        found = _log_phi(q)
        hazard = math.exp(-0.5 * q * q - _HALF_LOG_2PI - found)
        u[c] += n * hazard / rest
        curve[c, c] -= n * hazard * (q + hazard) / (rest * rest)
        total += n * found
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _factors(run: int, v: int, m: int, grid: _Lattice, rest: float, room: _Room) -> float:
    """Return the log product of a run's factors at a lattice point; each one's first and second derivative stay in the room."""
    total = 0.0
    for c in range(room.edges[run], room.edges[run + 1]):
        q, n = (room.by_cell[_H, c] - m * grid.delta) / rest, room.by_cell[_COUNTS, c]
        r, bend = 0.0, 0.0
        if c == v:
            r, bend, n = -q, -1.0, n - 1.0
            total -= 0.5 * q * q + _HALF_LOG_2PI
        if n > 0.0:
            found = _log_phi(q)
            hazard = math.exp(-0.5 * q * q - _HALF_LOG_2PI - found)
            r += n * hazard
            bend -= n * hazard * (q + hazard)
            total += n * found
        room.by_cell[_RATIO, c], room.by_cell[_BENT, c] = r, bend
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _moments(lo: int, hi: int, mass: float, rest: float, u: _F64, curve: _F64) -> None:
    """Make slopes and second derivatives of the logarithm out of sums over the lattice."""
    for c in range(lo, hi):
        u[c] /= mass
        for d in range(lo, c + 1):
            curve[c, d] = (curve[c, d] / mass - u[c] * u[d]) / (rest * rest)
            curve[d, c] = curve[c, d]
    for c in range(lo, hi):
        u[c] /= rest


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(run: int, v: int, i: int, law: LawNumbers, grid: _Lattice, room: _Room, u: _F64, curve: _F64) -> float:
    """Return log G of a run given the place, in logarithms, wherever its mass lies; fill its slopes and second derivatives by h."""
    lo, hi = room.edges[run], room.edges[run + 1]
    var, rest = law.rho_site - law.rho_place, math.sqrt(1.0 - law.rho_site)
    centre = math.sqrt(law.rho_place) * i * law.step
    reach = math.sqrt(2.0 * _CUT * var)
    lowest = max(math.ceil((min(centre, room.by_cell[_DEEPEST, run]) - reach) / grid.delta), 1 - grid.half)
    highest = min(int((max(centre, room.by_cell[_H, v] if v >= 0 else room.by_cell[_UPPER, run]) + reach) / grid.delta), grid.half - 1)
    u[lo:hi], curve[lo:hi, lo:hi] = 0.0, 0.0
    mass, top = 0.0, -np.inf
    for m in range(lowest, highest + 1):
        off = m * grid.delta - centre
        value = _factors(run, v, m, grid, rest, room) - 0.5 * off * off / var
        if value < top - _CUT:
            continue
        if value > top:
            shrink = math.exp(top - value)
            mass *= shrink
            u[lo:hi] *= shrink
            curve[lo:hi, lo:hi] *= shrink
            top = value
        w = math.exp(value - top)
        mass += w
        for c in range(lo, hi):
            u[c] += w * room.by_cell[_RATIO, c]
            curve[c, c] += w * room.by_cell[_BENT, c]
            for d in range(lo, c + 1):
                curve[c, d] += w * room.by_cell[_RATIO, c] * room.by_cell[_RATIO, d]
    _moments(lo, hi, mass, rest, u, curve)
    found = top + math.log(mass * grid.delta) - 0.5 * math.log(var) - _HALF_LOG_2PI
    return found - math.log(rest) if v >= 0 else found


@njit(cache=True, nogil=True, error_model="numpy")
def _run(run: int, v: int, i: int, law: LawNumbers, grid: _Lattice, room: _Room, u: _F64, curve: _F64) -> float:
    """Return log G of a run given the place a = i step; fill its slopes and second derivatives by h. Cell v serves (-1: none)."""
    lo, hi = room.edges[run], room.edges[run + 1]
    centre = math.sqrt(law.rho_place) * i * law.step
    if hi - lo == 1:
        return _alone(lo, v, centre, math.sqrt(1.0 - law.rho_place), room, u, curve)
    if hi - lo > _MOST:
        return _walk(run, v, i, law, grid, room, u, curve)
    var, rest = law.rho_site - law.rho_place, math.sqrt(1.0 - law.rho_site)
    middle, width, variant = centre, math.sqrt(var), run
    precision = 1.0 / var + 1.0 / (rest * rest)
    if v < 0 and room.by_cell[_UPPER, run] > centre:
        middle = (centre / var + room.by_cell[_UPPER, run] / (rest * rest)) / precision
    elif v >= 0:
        middle, width = (centre / var + room.by_cell[_H, v] / (rest * rest)) / precision, 1.0 / math.sqrt(precision)
        variant = room.by_cell.shape[1] + v
    reach = math.sqrt(2.0 * _CUT) * width
    least = min(middle if v >= 0 else centre, room.by_cell[_DEEPEST, run])
    lowest = max(math.ceil((least - reach) / grid.delta), 1 - grid.half)
    highest = min(math.floor((middle + reach) / grid.delta), grid.half - 1)
    mass = 0.0
    u[lo:hi], curve[lo:hi, lo:hi] = 0.0, 0.0
    for m in range(lowest, highest + 1):
        off = abs(grid.every * m - grid.apart * i)
        if off >= len(grid.weight):
            continue
        at = m + grid.half
        if not room.multiplied[variant, at]:
            product = math.exp(_factors(run, v, m, grid, rest, room))
            room.product[at, variant] = product
            for c in range(lo, hi):
                room.by_one[at, variant, c - lo] = product * room.by_cell[_RATIO, c]
                for d in range(lo, c + 1):
                    room.by_two[at, variant, c - lo, d - lo] = product * room.by_cell[_RATIO, c] * room.by_cell[_RATIO, d]
                room.by_two[at, variant, c - lo, c - lo] += product * room.by_cell[_BENT, c]
            room.multiplied[variant, at] = True
        w = grid.weight[off]
        mass += w * room.product[at, variant]
        for c in range(hi - lo):
            u[lo + c] += w * room.by_one[at, variant, c]
            for d in range(c + 1):
                curve[lo + c, lo + d] += w * room.by_two[at, variant, c, d]
    if mass < 1e-20:  # what the table's end cuts off might count
        return _walk(run, v, i, law, grid, room, u, curve)
    _moments(lo, hi, mass, rest, u, curve)
    return math.log(mass) - math.log(rest) if v >= 0 else math.log(mass)


@njit(cache=True, nogil=True, error_model="numpy")
def _add(p: float, k: int, runs: int, v: int, room: _Room) -> None:
    """Add a component of weight p, of which cell v serves (-1: none), to the sums."""
    for j in range(runs):
        for c in range(room.edges[j], room.edges[j + 1]):
            room.by_cell[_PART, c] = room.by_cell[_U, c] * room.by_cell[_FIRST, c]
            room.hessian[c, c] += p * room.by_cell[_U, c] * room.by_cell[_SECOND, c]
            for d in range(room.edges[j], c + 1):
                room.hessian[c, d] += p * room.curve[c, d] * room.by_cell[_FIRST, c] * room.by_cell[_FIRST, d]
    if v >= 0:
        room.by_cell[_PART, v] += room.by_cell[_LIFT, v]
        room.hessian[v, v] += p * room.by_cell[_LIFT_SLOPE, v]
        room.by_cell[_SHARE, v] += p
    for c in range(k):
        weighted = p * room.by_cell[_PART, c]
        room.by_cell[_SLOPE, c] += weighted
        for d in range(c + 1):
            room.hessian[c, d] += weighted * room.by_cell[_PART, d]
        if v >= 0:
            room.cross[c, room.spread_class[v]] += weighted


@njit(cache=True, nogil=True, error_model="numpy")
def _add_open(reference: float, best: float, k: int, runs: int, i: int, law: LawNumbers, grid: _Lattice, room: _Room) -> float:
    """Add the components of a node, one for each cell that may serve; return their weight.

    A component differs from "none above" in the serving cell's run alone: g_v = g + d_v. So the sum of p_v g_v g_v' is
    P g g' + g D' + D g' + sum of p_v d_v d_v' with P the sum of p_v and D that of p_v d_v.
    """
    whole = 0.0
    for c in range(k):
        room.by_cell[_PART, c] = room.by_cell[_U, c] * room.by_cell[_FIRST, c]
        room.by_cell[_AWAY, c] = 0.0
    room.by_class[:] = 0.0
    for j in range(runs):
        lo, hi = room.edges[j], room.edges[j + 1]
        for v in range(lo, hi):
            if room.by_cell[_TOTAL, v] < best - 1.5 * _CUT:
                continue
            p = math.exp(room.by_cell[_TOTAL, v] - reference)
            _run(j, v, i, law, grid, room, room.by_cell[_U_SERVING], room.curve_serving)
            for c in range(lo, hi):
                room.by_cell[_APART, c] = (room.by_cell[_U_SERVING, c] - room.by_cell[_U, c]) * room.by_cell[_FIRST, c]
                room.hessian[c, c] += p * (room.by_cell[_U_SERVING, c] - room.by_cell[_U, c]) * room.by_cell[_SECOND, c]
            room.by_cell[_APART, v] += room.by_cell[_LIFT, v]
            room.hessian[v, v] += p * room.by_cell[_LIFT_SLOPE, v]
            for c in range(lo, hi):
                room.by_cell[_AWAY, c] += p * room.by_cell[_APART, c]
                room.cross[c, room.spread_class[v]] += p * room.by_cell[_APART, c]
                for d in range(lo, c + 1):
                    both = (room.curve_serving[c, d] - room.curve[c, d]) * room.by_cell[_FIRST, c] * room.by_cell[_FIRST, d]
                    room.hessian[c, d] += p * (both + room.by_cell[_APART, c] * room.by_cell[_APART, d])
            room.by_cell[_SHARE, v] += p
            room.by_class[room.spread_class[v]] += p
            whole += p
    for j in range(runs):
        for c in range(room.edges[j], room.edges[j + 1]):
            room.hessian[c, c] += whole * room.by_cell[_U, c] * room.by_cell[_SECOND, c]
            for d in range(room.edges[j], c + 1):
                room.hessian[c, d] += whole * room.curve[c, d] * room.by_cell[_FIRST, c] * room.by_cell[_FIRST, d]
    for c in range(k):
        room.by_cell[_SLOPE, c] += whole * room.by_cell[_PART, c] + room.by_cell[_AWAY, c]
        for t in range(len(room.by_class)):
            room.cross[c, t] += room.by_class[t] * room.by_cell[_PART, c]
        for d in range(c + 1):
            room.hessian[c, d] += (whole * room.by_cell[_PART, c] + room.by_cell[_AWAY, c]) * room.by_cell[_PART, d] + room.by_cell[_PART, c] * room.by_cell[_AWAY, d]
    return whole


@njit(cache=True, nogil=True, error_model="numpy")
def _integral(kind: int, server: int, k: int, runs: int, law: LawNumbers, grid: _Lattice, room: _Room) -> float:
    """Return the logarithm of the integral over what the sites share; the sums divided by it are left in the room."""
    for c in range(k):
        room.by_cell[_SLOPE, c], room.by_cell[_SHARE, c] = 0.0, 0.0
        room.cross[c, :] = 0.0
        room.hessian[c, : c + 1] = 0.0
    lowest = np.inf
    for j in range(runs):
        deepest = np.inf
        for c in range(room.edges[j], room.edges[j + 1]):
            deepest = min(deepest, room.by_cell[_H, c])
        lowest = min(lowest, deepest)
        room.by_cell[_DEEPEST, j] = deepest
        room.by_cell[_UPPER, j] = deepest if kind == _STRONGEST else -np.inf
        if room.edges[j + 1] - room.edges[j] > 1:
            room.multiplied[j, :] = False
            for c in range(room.edges[j], room.edges[j + 1]):
                room.multiplied[room.by_cell.shape[1] + c, :] = False
    shared = law.rho_place > 0.0
    root = math.sqrt(law.rho_place)
    at = root * (room.by_cell[_H, server] if kind == _SINGLE else min(lowest, 0.0))
    origin = round(min(max(at, -_FAR + 2.0), _FAR - 2.0) / law.step) if shared else 0
    run_v = _NONE
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
                room.by_cell[_BASE, j] = _run(j, _NONE, i, law, grid, room, room.by_cell[_U], room.curve)
                all_below += room.by_cell[_BASE, j]
            total = all_below
            if kind == _STRONGEST:  # dG/dh of each cell is G times its slope: whoever serves, the weights are at hand
                total = -np.inf
                for c in range(k):
                    room.by_cell[_TOTAL, c] = all_below + math.log(room.by_cell[_U, c]) + room.by_cell[_LOG_FIRST, c] - room.by_cell[_LOG_SCALE, c]
                    total = max(total, room.by_cell[_TOTAL, c])
            elif kind == _SINGLE:
                total += _run(run_v, server, i, law, grid, room, room.by_cell[_U], room.curve)
                total += room.by_cell[_LOG_FIRST, server] - room.by_cell[_LOG_SCALE, server]
            node = total
            best = max(best, node)
            if mass == 0.0:
                reference = total
            elif total > reference + 200.0:
                shrink = math.exp(reference - total)
                mass *= shrink
                for c in range(k):
                    room.by_cell[_SLOPE, c] *= shrink
                    room.by_cell[_SHARE, c] *= shrink
                    room.cross[c, :] *= shrink
                    room.hessian[c, : c + 1] *= shrink
                reference = total
            if kind == _STRONGEST:
                mass += _add_open(reference, best, k, runs, i, law, grid, room)
            else:
                p = math.exp(total - reference)
                mass += p
                _add(p, k, runs, server if kind == _SINGLE else -1, room)
            if not shared or (node < best - _CUT and node < before):
                break
            before = node
            i += way
        if not shared:
            break
    for c in range(k):
        room.by_cell[_SLOPE, c] /= mass
        room.by_cell[_SHARE, c] /= mass
        room.cross[c, :] /= mass
    for c in range(k):
        for d in range(c + 1):
            room.hessian[c, d] = room.hessian[c, d] / mass - room.by_cell[_SLOPE, c] * room.by_cell[_SLOPE, d]
            room.hessian[d, c] = room.hessian[c, d]
    return reference + math.log(mass)


@njit(cache=True, nogil=True, error_model="numpy")
def _observation(kind: int, server: int, k: int, runs: int, law: LawNumbers, grid: _Lattice, room: _Room) -> float:
    """Return the log likelihood of an observation; slopes and second derivatives by x are left in the room."""
    if kind == _ABOVE and server >= 0:  # a known cell at the ceiling: its own law, whatever the others do
        room.by_cell[_SLOPE, :k], room.by_cell[_SHARE, :k] = 0.0, 0.0
        room.hessian[:k, :k], room.cross[:k] = 0.0, 0.0
        below = _log_phi(room.by_cell[_H, server])
        hazard = math.exp(-0.5 * room.by_cell[_H, server] ** 2 - _HALF_LOG_2PI - below)
        room.by_cell[_SLOPE, server] = hazard * room.by_cell[_FIRST, server]
        room.hessian[server, server] = hazard * room.by_cell[_SECOND, server] - room.by_cell[_SLOPE, server] * (
            (room.by_cell[_H, server] + hazard) * room.by_cell[_FIRST, server]
        )
    elif k == 0:
        below = 0.0 if kind in (_BELOW, _ABOVE) else -np.inf
    elif k == 1 and room.by_cell[_COUNTS, 0] == 1.0:  # one candidate's own law, whatever would be shared
        v = 0 if kind in (_SINGLE, _STRONGEST) else -1
        below = _alone(_FIRST_CELL, v, 0.0, 1.0, room, room.by_cell[_U], room.curve)
        first, second, slope = room.by_cell[_FIRST, 0], room.by_cell[_SECOND, 0], room.by_cell[_U, 0]
        room.by_cell[_SLOPE, 0], room.by_cell[_SHARE, 0] = slope * first, 0.0
        room.hessian[0, 0] = room.curve[0, 0] * first * first + slope * second
        room.cross[0, :] = 0.0
        if v == 0:
            below += room.by_cell[_LOG_FIRST, 0] - room.by_cell[_LOG_SCALE, 0]
            room.by_cell[_SLOPE, 0] += room.by_cell[_LIFT, 0]
            room.hessian[0, 0] += room.by_cell[_LIFT_SLOPE, 0]
            room.by_cell[_SHARE, 0] = 1.0
            room.cross[0, room.spread_class[0]] = room.by_cell[_SLOPE, 0]
    else:
        below = _integral(kind, server, k, runs, law, grid, room)
    if kind != _ABOVE:
        return below
    # log(1 - e^b) by the branch that keeps digits (Mächler 2012); b < 0
    below = min(below, -1e-300)
    rest = math.log(-math.expm1(below)) if below > -0.6931 else math.log1p(-math.exp(below))
    odds = math.exp(below - rest)
    for c in range(k):
        for d in range(k):
            outer = room.by_cell[_SLOPE, c] * room.by_cell[_SLOPE, d]
            room.hessian[c, d] = -odds * room.hessian[c, d] - odds * (1.0 + odds) * outer
    for c in range(k):
        room.by_cell[_SLOPE, c] *= -odds
    return rest


@njit(cache=True, nogil=True, error_model="numpy")
def link_kernel(
    level: _F64, kind: _I8, serving: _I64, first: _I64, site: _I64, count: _F64, mean: _F64, spread: _F64, spread_class: _I64,
    law: LawNumbers, pair_first: _I64, value: _F64, slope: _F64, share: _F64, cross: _F64, pairs: _F64,
) -> None:  # fmt: skip
    """Fill log likelihoods and their derivatives by each candidate's x; observations of kind 0 count as nothing.

    ``share`` (m,) is a candidate's part of a density, ``cross`` (m, classes) the mean over the components of slope times "the
    serving cell is of this spread class". Where ``pairs`` has room, ``pairs[pair_first[i] + k c + d]`` is the second
    derivative by candidates c and d of observation i, which has k of them.
    """
    most = _ONE
    for i in range(len(level)):
        most = max(most, first[i + 1] - first[i])
    grid, classes = _lattice(law), cross.shape[1]
    room = _room(most, 2 * grid.half + 1, classes)
    for i in range(len(level)):
        lo, hi = first[i], first[i + 1]
        k = hi - lo
        if kind[i] == 0:
            value[i] = 0.0
            slope[lo:hi], share[lo:hi], cross[lo:hi] = 0.0, 0.0, 0.0
            if len(pairs):
                pairs[pair_first[i] : pair_first[i] + k * k] = 0.0
            continue
        runs = _load(lo, hi, level[i], mean, spread, spread_class, site, count, law, room)
        value[i] = _observation(kind[i], serving[i] - lo if serving[i] >= 0 else _NONE, k, runs, law, grid, room)
        for c in range(k):
            slope[lo + c], share[lo + c] = room.by_cell[_SLOPE, c], room.by_cell[_SHARE, c]
            for t in range(classes):
                cross[lo + c, t] = room.cross[c, t]
            if len(pairs):
                for d in range(k):
                    pairs[pair_first[i] + k * c + d] = room.hessian[c, d]
