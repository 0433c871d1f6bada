"""Jitted arithmetic on plain arrays and scalars; nothing here checks its input.

A kernel calls no kernel of another file: numba's disk cache does not notice a change over there.
The checked functions around them, with sources and units, are in the other modules of this package.

Geometry only: no kernel takes a logarithm of a loss. What a path over terrain does to a wave depends on
the frequency only through the scale of the diffraction parameter, so one pass serves all bands and the
logarithms follow in whole arrays (see diffraction.py). Distances are in km and heights in m, as in the
Recommendations; ``500 / a_e`` then bends the earth (m per km²).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = [
    "heights_kernel",
    "points_kernel",
    "profile_kernel",
    "sweep_kernel",
]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Promises under which a running maximum may be vectorised: profiles without NaN, no sign of zero asked.
_ORDERED = {"nnan", "nsz"}
#: Steps down a hull from its end before bisection takes over.
_WALK = 8


@njit(cache=True, nogil=True, error_model="numpy")
def _height(heights: _F32, row: float, column: float) -> float:
    """Bilinear height at a lattice position; NaN outside and where a node with weight is void."""
    r0, c0 = math.floor(row), math.floor(column)
    fr, fc = row - r0, column - c0
    r, c = int(r0), int(c0)
    rows, columns = heights.shape
    if r < 0 or c < 0 or r >= rows or c >= columns:
        return math.nan
    if r + 1 < rows and c + 1 < columns:
        top = (1.0 - fc) * heights[r, c] + fc * heights[r, c + 1]
        bottom = (1.0 - fc) * heights[r + 1, c] + fc * heights[r + 1, c + 1]
        value = float((1.0 - fr) * top + fr * bottom)
        if value == value:
            return value
    total = 0.0
    for dr in range(2):
        wr = fr if dr == 1 else 1.0 - fr
        for dc in range(2):
            weight = wr * (fc if dc == 1 else 1.0 - fc)
            if weight > 0.0:
                if r + dr >= rows or c + dc >= columns:
                    return math.nan
                total += weight * float(heights[r + dr, c + dc])
    return float(total)


@njit(cache=True, nogil=True, error_model="numpy")
def heights_kernel(heights: _F32, row: _F64, column: _F64, wanted: npt.NDArray[np.bool_], out: _F32) -> None:
    """Write the bilinear height at each wanted lattice position, NaN where unknown (2-D arrays)."""
    for i in range(row.shape[0]):
        for j in range(row.shape[1]):
            if wanted[i, j]:
                out[i, j] = _height(heights, row[i, j], column[i, j])


@njit(cache=True, nogil=True, error_model="numpy")
def _sample(
    heights: _F32, row: float, column: float, row_step: float, column_step: float, last: int, out: _F64
) -> int:
    """Write bilinear heights at row + i row_step, i = 1..last, NaN where unknown.

    Return the first i that is unknown, or last + 1.
    """
    known = last + 1
    rows, columns = heights.shape
    # As long as a straight line stays between inner points, no sample needs to be checked.
    inner = last if row >= 0.0 and column >= 0.0 and row < rows - 1 and column < columns - 1 else 0
    for start, step, size in ((row, row_step, rows), (column, column_step, columns)):
        if inner > 0 and start + inner * step >= size - 1:
            inner = int((size - 1 - start) / step) - 1
        if inner > 0 and start + inner * step < 0.0:
            inner = int(-start / step) - 1
    for i in range(1, last + 1):
        at_row, at_column = row + i * row_step, column + i * column_step
        h = math.nan
        if i <= inner:
            r, c = int(at_row), int(at_column)
            fr, fc = at_row - r, at_column - c
            # Weights times heights, in float64: a difference of two float32 would be rounded.
            top = (1.0 - fc) * heights[r, c] + fc * heights[r, c + 1]
            bottom = (1.0 - fc) * heights[r + 1, c] + fc * heights[r + 1, c + 1]
            h = float((1.0 - fr) * top + fr * bottom)
        if h != h:
            h = _height(heights, at_row, at_column)  # at the edge, or a void with weight or without
            if h != h and known > last:
                known = i
        out[i] = h
    return known


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_ORDERED)
def _nearest_clearance(
    curved: _F64, height: float, slope: float, step: float, root: _F64, root_back: _F64, k: int, size: int
) -> float:
    """Largest of (curved[i] − height − slope d_i) / sqrt(d_i (d_k − d_i)), i = 1..k−1, in line of sight."""
    best = -1e300
    offset = size - k
    rise = slope * step
    for i in range(1, k):
        value = (curved[i] - height - rise * i) * root[i] * root_back[offset + i]
        best = max(best, value)
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _tangent(x: _F64, y: _F64, edge: _F64, top: int, px: float, py: float) -> int:
    """Vertex (1..top) of an upper hull that a viewer at (px, py), right of it, sees highest, by bisection.

    ``edge[j]`` is the slope from vertex j − 1 to j. The edges, drawn out to px, come higher the farther
    left they lie; sought is the last vertex whose edge passes at or above the viewer (``edge[1]`` is infinite).
    """
    low, high = 1, top  # vertex `low` fulfils it (the first one has no edge)
    while low < high:
        middle = (low + high + 1) // 2
        if y[middle] + edge[middle] * (px - x[middle]) >= py:
            low = middle
        else:
            high = middle - 1
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def _extreme(edge: _F64, top: int, slope: float) -> int:
    """Vertex (1..top) of an upper hull that lies highest above lines of a slope, by bisection."""
    low, high = 1, top
    while low < high:
        middle = (low + high + 1) // 2
        if edge[middle] >= slope:
            low = middle
        else:
            high = middle - 1
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_kernel(
    ground: _F32,
    over: _F32,
    cluttered: bool,
    row: float,
    column: float,
    row_step: _F64,
    column_step: _F64,
    site_ground_m: float,
    tx_height_m: float,
    rx_height_m: float,
    step_km: float,
    bend: float,
    first: int,
    last: int,
    floor: float,
    grazing_limit: float,
    parameter: npt.NDArray[np.floating],
    lift: npt.NDArray[np.floating],
    grazing: _I64,
    grazing_tx_m: npt.NDArray[np.floating],
    grazing_rx_m: npt.NDArray[np.floating],
) -> int:
    """Delta-Bullington geometry at every sample of rays from one antenna, in place (see sweep.py).

    For sample k of a ray (k = first..last, written to column k − first) this equals
    :func:`profile_kernel` over samples 0..k, in O(log k): the antenna's side needs running maxima, the
    receiver's side a tangent to, and the extreme of, the upper hull of what lies before it, and the
    smooth earth running sums. Bending every height by ``bend d²`` makes all sight lines straight.
    (The hulls are kept in line: a call that hands over three arrays costs more than the few steps it does.)

    Heights above the smooth earth are kept only where the smooth earth can matter (flat index, height of
    the antenna, height of the receiver; their number is returned): with u', v' the heights above the
    tangent at the point of reflection, the path clears it if u' v' > ``grazing_limit`` d, and
    v' >= min(u, v) − bend d² / 4, u' >= max(u, v) − bend d².

    Beyond an unknown height the lift is NaN and the parameter that of the known heights alone, which is a
    lower bound: a further height can only steepen what either end sees, and nu rises with both slopes. It is
    NaN where the sample's own height is unknown.
    """
    count = 0
    samples = last - first + 1
    size = last + 1
    h, g, curved = np.empty(size), np.empty(size), np.empty(size)
    cx, cy, ce = np.empty(size + 1), np.empty(size + 1), np.empty(size + 1)
    fx, fy, fe = np.empty(size + 1), np.empty(size + 1), np.empty(size + 1)
    root, root_back = np.empty(size), np.empty(size)
    root[0] = root_back[last] = 0.0
    for i in range(1, size):
        root[i] = 1.0 / math.sqrt(i * step_km)
        root_back[last - i] = root[i]
    a = site_ground_m + tx_height_m
    ce[1] = fe[1] = math.inf  # the first vertex of a hull is where every search ends
    for j in range(row_step.size):
        known = _sample(ground, row, column, row_step[j], column_step[j], last, h)
        if cluttered:
            known = min(known, _sample(over, row, column, row_step[j], column_step[j], last, g))
        if a != a:
            for k in range(first, size):
                parameter[j, k - first] = lift[j, k - first] = math.nan
            continue
        h[0] = site_ground_m
        steepest, steepest_flat = -math.inf, -math.inf
        hull, flat_hull = 0, 0
        sum_1, sum_2 = 0.0, 0.0
        for k in range(1, size):
            d = k * step_km
            hk = h[k]
            sum_1 += hk + h[k - 1]
            sum_2 += hk * (3 * k - 1) + h[k - 1] * (3 * k - 2)
            fall = bend * d * d
            inverse = 1.0 / d
            if k >= first:
                b = hk + rx_height_m
                low = b - fall
                slope = (low - a) * inverse
                nu = floor
                if hull > 0:
                    if steepest < slope:
                        nearest = _nearest_clearance(curved, a, slope, step_km, root, root_back, k, last)
                        nu = max(floor, nearest * math.sqrt(d))
                    else:
                        t = hull
                        if t > _WALK and cy[t - _WALK] + ce[t - _WALK] * (d - cx[t - _WALK]) < low:
                            t = _tangent(cx, cy, ce, t - _WALK, d, low)
                        while cy[t] + ce[t] * (d - cx[t]) < low:
                            t -= 1
                        back = (cy[t] - low) / (d - cx[t])
                        both = steepest + back
                        nu = 0.0
                        if both > 0.0:
                            at = (low - a + back * d) / both
                            if 0.0 < at < d:
                                nu = (steepest - slope) * math.sqrt(d * at / (d - at))
                if k >= known:
                    parameter[j, k - first] = nu if hk == hk else math.nan
                    lift[j, k - first] = math.nan
                else:
                    parameter[j, k - first] = nu
                    lift[j, k - first] = max(0.0, steepest - slope)
                    level = (b - a) * inverse
                    v1, v2 = sum_1 * step_km, sum_2 * step_km * step_km
                    hst = (2.0 * v1 * d - v2) * inverse * inverse
                    hsr = (v2 - v1 * d) * inverse * inverse
                    if steepest_flat > level:
                        t = flat_hull
                        if t > _WALK and fy[t - _WALK] + fe[t - _WALK] * (d - fx[t - _WALK]) < b:
                            t = _tangent(fx, fy, fe, t - _WALK, d, b)
                        while fy[t] + fe[t] * (d - fx[t]) < b:
                            t -= 1
                        a_r = max(0.0, (fy[t] - b) / (d - fx[t]) + level)  # rounding where ground touches the line
                        if t > _WALK and fe[t - _WALK] < level:
                            t = _extreme(fe, t - _WALK, level)
                        while fe[t] < level:
                            t -= 1
                        obstruction = max(0.0, fy[t] - a - level * fx[t])
                        a_t = steepest_flat - level
                        share = obstruction / (a_t + a_r)
                        hst -= share * a_t
                        hsr -= share * a_r
                    u, v = a - min(hst, site_ground_m), b - min(hsr, hk)
                    low_side, high_side = min(u, v) - 0.25 * fall, max(u, v) - fall
                    if low_side <= 0.0 or low_side * high_side <= grazing_limit * d:
                        grazing[count] = j * samples + k - first
                        grazing_tx_m[count], grazing_rx_m[count] = u, v
                        count += 1
            surface = (g[k] if cluttered else hk) - fall
            if surface != surface or hk != hk:
                curved[k] = -1e30  # an unknown height hides nothing
                continue
            curved[k] = surface
            steepest = max(steepest, (surface - a) * inverse)
            steepest_flat = max(steepest_flat, (hk - a) * inverse)
            while hull > 1 and cy[hull] + ce[hull] * (d - cx[hull]) <= surface:
                hull -= 1
            hull += 1
            cx[hull], cy[hull] = d, surface
            if hull > 1:
                ce[hull] = (surface - cy[hull - 1]) / (d - cx[hull - 1])
            while flat_hull > 1 and fy[flat_hull] + fe[flat_hull] * (d - fx[flat_hull]) <= hk:
                flat_hull -= 1
            flat_hull += 1
            fx[flat_hull], fy[flat_hull] = d, hk
            if flat_hull > 1:
                fe[flat_hull] = (hk - fy[flat_hull - 1]) / (d - fx[flat_hull - 1])
    return count


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_ORDERED)
def _profile(
    h: _F64, g: _F64, n: int, d: float, a: float, b: float, bend: float, inverse: _F64
) -> tuple[float, float, float, float]:
    """Return (nu sqrt(lambda / 0.002), hstd, hsrd, lift) of one profile, by the definitions, O(n)."""
    step = d / n
    per_step = 1.0 / step
    stim, srim, obstruction, a_t, a_r = -1e300, -1e300, -1e300, -1e300, -1e300
    v1, v2 = 0.0, 0.0
    for i in range(1, n):
        di = i * step
        rest = d - di
        bulged = g[i] + bend * di * rest
        stim = max(stim, (bulged - a) * inverse[i])
        srim = max(srim, (bulged - b) * inverse[n - i])
        over = h[i] - (a * rest + b * di) / d
        obstruction = max(obstruction, over)
        a_t = max(a_t, over * inverse[i])
        a_r = max(a_r, over * inverse[n - i])
    for i in range(1, n + 1):
        v1 += h[i] + h[i - 1]
        v2 += h[i] * (3 * i - 1) + h[i - 1] * (3 * i - 2)
    stim, srim, a_t, a_r = stim * per_step, srim * per_step, a_t * per_step, a_r * per_step
    v1, v2 = v1 * step, v2 * step * step
    slope = (b - a) / d
    factor = -1e30
    if stim < slope:
        for i in range(1, n):
            di = i * step
            rest = d - di
            over = g[i] + bend * di * rest - (a * rest + b * di) / d
            factor = max(factor, over * math.sqrt(d / (di * rest)))
    elif n > 1:
        factor = 0.0
        if stim + srim > 0.0:
            at = (b - a + srim * d) / (stim + srim)
            if 0.0 < at < d:
                factor = (a + stim * at - (a * (d - at) + b * at) / d) * math.sqrt(d / (at * (d - at)))
    hst = (2.0 * v1 * d - v2) / (d * d)
    hsr = (v2 - v1 * d) / (d * d)
    if obstruction > 0.0 and a_t + a_r > 0.0:
        hst -= obstruction * a_t / (a_t + a_r)
        hsr -= obstruction * a_r / (a_t + a_r)
    return factor, min(hst, h[0]), min(hsr, h[n]), max(0.0, stim - slope)


@njit(cache=True, nogil=True, error_model="numpy")
def profile_kernel(
    ground_m: _F64, over_m: _F64, distance_km: float, tx_height_m: float, rx_height_m: float, bend: float
) -> tuple[float, float, float, float]:
    """Return (parameter, smooth_tx_m, smooth_rx_m, lift) of a profile of equal steps (see diffraction.py)."""
    n = ground_m.size - 1
    inverse = np.empty(n + 1)
    for i in range(1, n + 1):
        inverse[i] = 1.0 / i
    a, b = ground_m[0] + tx_height_m, ground_m[n] + rx_height_m
    factor, low_t, low_r, lift = _profile(ground_m, over_m, n, distance_km, a, b, bend, inverse)
    return factor, a - low_t, b - low_r, lift


@njit(cache=True, nogil=True, error_model="numpy")
def points_kernel(
    ground: _F32,
    over: _F32,
    cluttered: bool,
    row: float,
    column: float,
    site_ground_m: float,
    tx_height_m: float,
    rx_height_m: float,
    point_row: _F64,
    point_column: _F64,
    distance_km: _F64,
    step_km: float,
    bend: float,
    parameter: npt.NDArray[np.floating],
    smooth_tx_m: npt.NDArray[np.floating],
    smooth_rx_m: npt.NDArray[np.floating],
    lift: npt.NDArray[np.floating],
) -> None:
    """Geometry of the whole profile to each point, one by one, in place; NaN where any of it is unknown."""
    most = 1
    for p in range(distance_km.size):
        if distance_km[p] == distance_km[p]:
            most = max(most, math.ceil(distance_km[p] / step_km))
    h, g, inverse = np.empty(most + 1), np.empty(most + 1), np.empty(most + 1)
    for i in range(1, most + 1):
        inverse[i] = 1.0 / i
    a = site_ground_m + tx_height_m
    for p in range(distance_km.size):
        parameter[p] = smooth_tx_m[p] = smooth_rx_m[p] = lift[p] = math.nan
        d = distance_km[p]
        if not (d > 0.0) or site_ground_m != site_ground_m:
            continue
        n = max(1, math.ceil(d / step_km))
        row_step, column_step = (point_row[p] - row) / n, (point_column[p] - column) / n
        if _sample(ground, row, column, row_step, column_step, n, h) <= n:
            continue
        h[0] = site_ground_m
        b = h[n] + rx_height_m
        if cluttered:
            if _sample(over, row, column, row_step, column_step, n, g) <= n:
                continue
            factor, low_t, low_r, up = _profile(h, g, n, d, a, b, bend, inverse)
        else:
            factor, low_t, low_r, up = _profile(h, h, n, d, a, b, bend, inverse)
        parameter[p], smooth_tx_m[p], smooth_rx_m[p], lift[p] = factor, a - low_t, b - low_r, up
