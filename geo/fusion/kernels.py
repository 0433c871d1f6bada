"""Jitted arithmetic of fusion on plain arrays and scalars; nothing here checks its input.

All kernels stand in one file because numba's disk cache does not notice a change in another one.

Observations come in the order of their buckets (:class:`geo.fusion.neighbours.Buckets`); ``weight_m`` is what an
observation's noise adds to its distance where neighbours are ranked. A model is its number in
:data:`geo.fusion.variogram.MODELS`. ``lift_m`` and ``tl`` are the third coordinate of observations and targets: the level
expected there, in metres. ``kind`` says of which layer an observation is (0: the one that is asked for) and ``between`` how like
the fields of two layers are, (kinds, kinds).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["correlation_kernel", "draw_kernel", "impute_kernel", "krige_kernel", "pair_counts_kernel", "pair_sums_kernel"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

_ROOT_3 = math.sqrt(3.0)
#: The two-point Gauss-Legendre rule on half a side: nodes at ± half / sqrt(3).
_GAUSS = 1.0 / math.sqrt(3.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _correlation(model: int, scaled: float) -> float:
    """Correlation at a distance over the length: 0 exponential, 1 Matérn 3/2."""
    if model == 0:
        return math.exp(-scaled)
    s = _ROOT_3 * scaled
    return (1.0 + s) * math.exp(-s)


@njit(cache=True, nogil=True, error_model="numpy")
def correlation_kernel(model: int, scaled: _F64, out: _F64) -> None:
    """Write the correlation at each distance over the length (1-D arrays)."""
    for i in range(scaled.shape[0]):
        out[i] = _correlation(model, scaled[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _to_cell(model: int, length: float, dx: float, dy: float, dl: float, half: float) -> float:
    """Correlation of a point with a random point of a square cell, its centre (dx, dy) away (2 × 2 Gauss)."""
    if half <= 0.0:
        return _correlation(model, math.sqrt(dx * dx + dy * dy + dl * dl) / length)
    u = half * _GAUSS
    total = 0.0
    for sx in (-u, u):
        for sy in (-u, u):
            total += _correlation(model, math.sqrt((dx + sx) ** 2 + (dy + sy) ** 2 + dl * dl) / length)
    return total / 4.0


@njit(cache=True, nogil=True, error_model="numpy")
def _near(
    tx: float, ty: float, tl: float, without: int, x: _F64, y: _F64, lift_m: _F64, kind: _I64, weight_m: _F64, starts: _I64,
    columns: int, rows: int, x0: float, y0: float, side: float, reach: float, limit: int, key: _F64, held: _I64, filled: _I64, near: _I64,
    order: _F64,
) -> tuple[int, float]:  # fmt: skip
    """Write the neighbours of a point to ``near``; return their number and the distance of the nearest one of kind 0.

    The best of each octant first, then the second best, up to ``limit``; so that one dense road on one side
    does not crowd out what lies on the others. Ties go to the lower index.
    """
    per = key.shape[1]
    filled[:] = 0
    nearest = math.inf
    cx, cy = math.floor((tx - x0) / side), math.floor((ty - y0) / side)
    for ring in range(math.ceil(reach / side) + 1):
        if ring > 1:
            worst = 0.0
            for o in range(8):
                worst = max(worst, key[o, per - 1] if filled[o] == per else math.inf)
            if (ring - 1) * side > worst:
                break  # nothing farther out can displace anything
        for r in range(max(cy - ring, 0), min(cy + ring, rows - 1) + 1):
            step = 1 if ring == 0 or r == cy - ring or r == cy + ring else 2 * ring
            for c in range(cx - ring, cx + ring + 1, step):
                if c < 0 or c >= columns:
                    continue
                for j in range(starts[r * columns + c], starts[r * columns + c + 1]):
                    dx, dy = x[j] - tx, y[j] - ty
                    apart = dx * dx + dy * dy
                    h = math.sqrt(apart + (lift_m[j] - tl) ** 2)
                    if h > reach or j == without:
                        continue
                    if kind[j] == 0:
                        nearest = min(nearest, math.sqrt(apart))
                    value = h + weight_m[j]
                    o = (4 if dx >= 0.0 else 0) + (2 if dy >= 0.0 else 0) + (1 if abs(dx) > abs(dy) else 0)
                    n = filled[o]
                    if n == per:
                        last = key[o, per - 1]
                        if value > last or (value == last and j > held[o, per - 1]):
                            continue
                        n -= 1
                    else:
                        filled[o] = n + 1
                    while n > 0 and (key[o, n - 1] > value or (key[o, n - 1] == value and held[o, n - 1] > j)):
                        key[o, n], held[o, n] = key[o, n - 1], held[o, n - 1]
                        n -= 1
                    key[o, n], held[o, n] = value, j
    count = 0
    for rank in range(per):
        first = count
        for o in range(8):
            if filled[o] <= rank:
                continue
            value, j = key[o, rank], held[o, rank]
            n = count
            if count == limit:
                if n == first or value > order[n - 1] or (value == order[n - 1] and j > near[n - 1]):
                    continue
                n -= 1
            else:
                count += 1
            while n > first and (order[n - 1] > value or (order[n - 1] == value and near[n - 1] > j)):
                order[n], near[n] = order[n - 1], near[n - 1]
                n -= 1
            order[n], near[n] = value, j
        if count == limit:
            break
    return count, nearest


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(
    count: int, px: _F64, py: _F64, pl: _F64, pk: _I64, noise: _F64, between: _F64, model: int, length: float, sill: float, least: float,
    low: _F64,
) -> None:  # fmt: skip
    """Write the Cholesky factor of sill × correlation × likeness of the layers + diag(noise).

    A pivot of at most ``least`` × sill belongs to a place that says nothing new (a duplicate without noise): it
    gets an infinite diagonal, by which the solves pass over it.
    """
    for i in range(count):
        for j in range(i):
            h = math.sqrt((px[i] - px[j]) ** 2 + (py[i] - py[j]) ** 2 + (pl[i] - pl[j]) ** 2)
            total = sill * between[pk[i], pk[j]] * _correlation(model, h / length)
            for m in range(j):
                total -= low[i, m] * low[j, m]
            low[i, j] = total / low[j, j]
        pivot = sill + noise[i]
        for m in range(i):
            pivot -= low[i, m] * low[i, m]
        if pivot > least * sill:
            low[i, i] = math.sqrt(pivot)
        else:
            for m in range(i):
                low[i, m] = 0.0
            low[i, i] = math.inf


@njit(cache=True, nogil=True, error_model="numpy")
def krige_kernel(
    tx: _F64, ty: _F64, tl: _F64, without: _I64, half: float, x: _F64, y: _F64, lift_m: _F64, z: _F64, noise: _F64, kind: _I64, between: _F64, weight_m: _F64,
    starts: _I64, columns: int, rows: int, x0: float, y0: float, side: float, reach: float, limit: int, per_octant: int,
    model: int, length: float, sill: float, least: float, mean: _F64, variance: _F64, nearest: _F64, used: _I64,
) -> None:  # fmt: skip
    """Write mean, variance, distance of the nearest observation and number of neighbours of each target.

    Simple kriging with mean 0. With L L' = K, a = L⁻¹ c and b = L⁻¹ z the mean is a'b and the variance
    sill − a'a: no back-substitution. Out of reach: exactly 0 and exactly the sill.
    """
    key, held = np.empty((8, per_octant)), np.empty((8, per_octant), dtype=np.int64)
    filled, near, order = np.empty(8, dtype=np.int64), np.empty(limit, dtype=np.int64), np.empty(limit)
    pk = np.empty(limit, dtype=np.int64)
    px, py, pl, pn, a, b = np.empty(limit), np.empty(limit), np.empty(limit), np.empty(limit), np.empty(limit), np.empty(limit)
    low = np.empty((limit, limit))
    for t in range(tx.shape[0]):
        skip = without[t] if without.shape[0] else -1
        count, nearest[t] = _near(
            tx[t], ty[t], tl[t], skip, x, y, lift_m, kind, weight_m, starts, columns, rows, x0, y0, side, reach, limit, key, held, filled,
            near, order,
        )  # fmt: skip
        used[t] = count
        mean[t], variance[t] = 0.0, sill
        if count == 0:
            continue
        for i in range(count):
            px[i], py[i], pl[i], pn[i], pk[i] = x[near[i]], y[near[i]], lift_m[near[i]], noise[near[i]], kind[near[i]]
        _factor(count, px, py, pl, pk, pn, between, model, length, sill, least, low)
        total, reduction = 0.0, 0.0
        for i in range(count):
            ai = sill * between[0, pk[i]] * _to_cell(model, length, px[i] - tx[t], py[i] - ty[t], pl[i] - tl[t], half)
            bi = z[near[i]]
            for m in range(i):
                ai -= low[i, m] * a[m]
                bi -= low[i, m] * b[m]
            a[i], b[i] = ai / low[i, i], bi / low[i, i]
            total += a[i] * b[i]
            reduction += a[i] * a[i]
        mean[t] = total
        variance[t] = max(sill - reduction, 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _below(rng: np.random.Generator, top: float) -> float:
    """Draw a standard normal number below ``top``: by rejection (C. Robert 1995, Statistics and Computing 5)."""
    if top > -0.5:
        while True:
            value = rng.standard_normal()
            if value < top:
                return float(value)
    rate = 0.5 * (-top + math.sqrt(top * top + 4.0))
    while True:
        away = -top + rng.standard_exponential() / rate
        if rng.random() <= math.exp(-0.5 * (away - rate) ** 2):
            return float(-away)


@njit(cache=True, nogil=True, error_model="numpy")
def impute_kernel(
    rng: np.random.Generator, which: _I64, limit: _F64, sweeps: int, x: _F64, y: _F64, lift_m: _F64, z: _F64, noise: _F64, kind: _I64,
    between: _F64, weight_m: _F64, starts: _I64, columns: int, rows: int, x0: float, y0: float, side: float, reach: float, limit_n: int,
    per_octant: int, model: int, length: float, sill: float, least: float,
) -> None:  # fmt: skip
    """Draw each of ``which`` below its limit given all others, one after the other (Gibbs); changes ``z``."""
    tx, ty, tl, without = np.empty(1), np.empty(1), np.empty(1), np.empty(1, dtype=np.int64)
    mean, variance, nearest, used = np.empty(1), np.empty(1), np.empty(1), np.empty(1, dtype=np.int64)
    for _ in range(sweeps):
        for i in range(which.shape[0]):
            j = which[i]
            tx[0], ty[0], tl[0], without[0] = x[j], y[j], lift_m[j], j
            krige_kernel(
                tx, ty, tl, without, 0.0, x, y, lift_m, z, noise, kind, between, weight_m, starts, columns, rows, x0, y0, side, reach, limit_n,
                per_octant, model, length, sill, least, mean, variance, nearest, used,
            )  # fmt: skip
            sd = math.sqrt(variance[0] + noise[j])
            if sd > 0.0:
                z[j] = mean[0] + sd * _below(rng, (limit[i] - mean[0]) / sd)
            else:
                z[j] = min(mean[0], limit[i])


@njit(cache=True, nogil=True, error_model="numpy")
def draw_kernel(
    tx: _F64, ty: _F64, tl: _F64, half: float, normal: _F64, earlier: int, x: _F64, y: _F64, lift_m: _F64, z: _F64, noise: _F64, kind: _I64, between: _F64, weight_m: _F64,
    starts: _I64, columns: int, rows: int, x0: float, y0: float, side: float, reach: float, limit: int, per_octant: int,
    model: int, length: float, sill: float, least: float, out: _F64,
) -> None:  # fmt: skip
    """Write joint draws (targets × draws) of the smooth field at random points of cells, in the order given.

    Each is drawn from its normal distribution given its neighbours among the observations and the ``earlier``
    nearest of those drawn before it; among targets, distances are those of the centres.
    """
    key, held = np.empty((8, per_octant)), np.empty((8, per_octant), dtype=np.int64)
    filled, near, order = np.empty(8, dtype=np.int64), np.empty(limit, dtype=np.int64), np.empty(limit)
    size = limit + earlier
    pk = np.zeros(size, dtype=np.int64)
    px, py, pl, pn, a, w = np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    low = np.empty((size, size))
    before, far = np.empty(earlier, dtype=np.int64), np.empty(earlier)
    # Points drawn so far, in lists by bucket.
    targets, draws = normal.shape
    left, right, bottom, top = tx.min(), tx.max(), ty.min(), ty.max()
    pace = max(math.sqrt(max((right - left) * (top - bottom), 1.0) * 4.0 / targets), max(right - left, top - bottom) / 1000.0)
    across, down = int((right - left) / pace) + 1, int((top - bottom) / pace) + 1
    head, link = np.full(across * down, -1, dtype=np.int64), np.full(targets, -1, dtype=np.int64)
    for t in range(targets):
        count, _ = _near(
            tx[t], ty[t], tl[t], -1, x, y, lift_m, kind, weight_m, starts, columns, rows, x0, y0, side, reach, limit, key, held, filled,
            near, order,
        )  # fmt: skip
        for i in range(count):
            px[i], py[i], pl[i], pn[i], pk[i] = x[near[i]], y[near[i]], lift_m[near[i]], noise[near[i]], kind[near[i]]
        found = 0
        cx, cy = int((tx[t] - left) / pace), int((ty[t] - bottom) / pace)
        for ring in range(max(across, down)):
            if (ring - 1) * pace > reach or (found == earlier and (ring - 1) * pace > far[found - 1]):
                break
            for r in range(max(cy - ring, 0), min(cy + ring, down - 1) + 1):
                step = 1 if ring == 0 or r == cy - ring or r == cy + ring else 2 * ring
                for c in range(cx - ring, cx + ring + 1, step):
                    if c < 0 or c >= across:
                        continue
                    j = head[r * across + c]
                    while j >= 0:
                        h = math.sqrt((tx[j] - tx[t]) ** 2 + (ty[j] - ty[t]) ** 2 + (tl[j] - tl[t]) ** 2)
                        n = found
                        if h <= reach and (found < earlier or h < far[found - 1]):
                            if found < earlier:
                                found += 1
                            else:
                                n -= 1
                            while n > 0 and far[n - 1] > h:
                                far[n], before[n] = far[n - 1], before[n - 1]
                                n -= 1
                            far[n], before[n] = h, j
                        j = link[j]
        for i in range(found):
            px[count + i], py[count + i], pl[count + i], pn[count + i] = tx[before[i]], ty[before[i]], tl[before[i]], 0.0
            pk[count + i] = 0
        both = count + found
        _factor(both, px, py, pl, pk, pn, between, model, length, sill, least, low)
        reduction = 0.0
        for i in range(both):
            ai = sill * between[0, pk[i]] * _to_cell(model, length, px[i] - tx[t], py[i] - ty[t], pl[i] - tl[t], half if i < count else 0.0)
            for m in range(i):
                ai -= low[i, m] * a[m]
            a[i] = ai / low[i, i]
            reduction += a[i] * a[i]
        for i in range(both - 1, -1, -1):
            wi = a[i]
            for m in range(i + 1, both):
                wi -= low[m, i] * w[m]
            w[i] = wi / low[i, i]
        sd = math.sqrt(max(sill - reduction, 0.0))
        given = 0.0
        for i in range(count):
            given += w[i] * z[near[i]]
        for d in range(draws):
            total = given + sd * normal[t, d]
            for i in range(found):
                total += w[count + i] * out[before[i], d]
            out[t, d] = total
        link[t] = head[cy * across + cx]
        head[cy * across + cx] = t


@njit(cache=True, nogil=True, error_model="numpy")
def _distance_class(squared: float, edges_squared: _F64) -> int:
    """Class of a squared distance: edges[c] <= h < edges[c + 1]; -1 beyond the last."""
    last = edges_squared.shape[0] - 1
    if squared >= edges_squared[last]:
        return -1
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if squared >= edges_squared[middle]:
            low = middle
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def pair_counts_kernel(
    x: _F64, y: _F64, level: _F64, route: _I64, edges_squared: _F64, level_edges_squared: _F64, counts: _I64
) -> None:
    """Count pairs by route and class (of distance, within it of level); a pair counts for both its routes. ``x`` must rise."""
    levels = level_edges_squared.shape[0] - 1
    farthest = math.sqrt(edges_squared[-1])
    for i in range(x.shape[0]):
        for j in range(i + 1, x.shape[0]):
            if x[j] - x[i] > farthest:
                break
            c = _distance_class((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2, edges_squared)
            if c < 0:
                continue
            c = c * levels + _distance_class((level[i] - level[j]) ** 2, level_edges_squared)
            counts[route[i], c] += 1
            if route[j] != route[i]:
                counts[route[j], c] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def pair_sums_kernel(
    x: _F64, y: _F64, level: _F64, z: _F64, noise: _F64, spot: _F64, route: _I64, block: _I64, edges_squared: _F64,
    level_edges_squared: _F64, counts: _I64, cap: float, sums: _F64,
) -> None:  # fmt: skip
    """Add up pairs by distance class: (blocks + 1, classes, 7) sums; the last row takes all, the others those that touch a block.

    Fields: weight, weight², and weighted sqrt |difference|, distance, mean noise, mean share of the nugget, difference of
    the levels. Classes and ``level_edges_squared`` as in :func:`pair_counts_kernel`; its last edge is infinite. No route
    weighs more than ``cap`` pairs in a class. ``x`` must rise.
    """
    farthest = math.sqrt(edges_squared[-1])
    every = sums.shape[0] - 1
    part = np.empty(7)
    levels = level_edges_squared.shape[0] - 1
    for i in range(x.shape[0]):
        for j in range(i + 1, x.shape[0]):
            if x[j] - x[i] > farthest:
                break
            squared = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2
            c = _distance_class(squared, edges_squared)
            if c < 0:
                continue
            between = (level[i] - level[j]) ** 2
            c = c * levels + _distance_class(between, level_edges_squared)
            weight = min(1.0, cap / max(counts[route[i], c], counts[route[j], c]))
            part[0], part[1] = weight, weight * weight
            part[2], part[3] = weight * math.sqrt(abs(z[i] - z[j])), weight * math.sqrt(squared)
            part[4], part[5] = weight * 0.5 * (noise[i] + noise[j]), weight * 0.5 * (spot[i] + spot[j])
            part[6] = weight * math.sqrt(between)
            for f in range(7):
                sums[every, c, f] += part[f]
                sums[block[i], c, f] += part[f]
                if block[j] != block[i]:
                    sums[block[j], c, f] += part[f]
