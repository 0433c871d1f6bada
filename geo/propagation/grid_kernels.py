"""Jitted arithmetic from rays to the grid and from losses to levels; nothing here checks its input.

A kernel calls no kernel of another file: numba's disk cache does not notice a change over there.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["best_of_two_kernel", "merge_kernel", "merge_mast_kernel", "polar_to_grid_kernel"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def _bearing(dx: float, dy: float) -> float:
    """Angle clockwise from +y, radians in 0 to 2 pi; polynomial of degree 9, within 2e-7 of atan2."""
    ax, ay = abs(dx), abs(dy)
    large, small = max(ax, ay), min(ax, ay)
    if large == 0.0:
        return 0.0
    t = small / large
    base = 0.0
    if t > 0.4142135623730950:
        t = (t - 1.0) / (t + 1.0)
        base = 0.25 * math.pi
    s = t * t
    angle = base + t + t * s * (
        ((8.05374449538e-2 * s - 1.38776856032e-1) * s + 1.99777106478e-1) * s - 3.33329491539e-1
    )
    if ax > ay:
        angle = 0.5 * math.pi - angle
    if dy < 0.0:
        angle = math.pi - angle
    if dx < 0.0:
        angle = 2.0 * math.pi - angle
    return angle


@njit(cache=True, nogil=True, error_model="numpy")
def polar_to_grid_kernel(
    polar: _F32,
    polar_lift: _F32,
    x_km: _F64,
    y_km: _F64,
    wanted: npt.NDArray[np.bool_],
    radius_km: float,
    step_km: float,
    first: int,
    rays: int,
    first_ray: int,
    loss_db: _F32,
    lift: _F32,
) -> None:
    """Bring polar samples to the grid by bilinear interpolation, in place; +inf beyond the radius.

    ``polar`` is (bands, rays held, samples), the rays held being first_ray, first_ray + 1, ... of ``rays``
    around the circle; ``loss_db`` (bands, rows, columns). A pixel with an unknown sample of weight is NaN.
    Before the first sample the loss falls to 0 at the antenna.
    """
    bands, _, samples = polar.shape
    per_ray, per_step = rays / (2.0 * math.pi), 1.0 / step_km
    reach = radius_km * radius_km
    zero, one = np.float32(0.0), np.float32(1.0)
    for r in range(y_km.size):
        dy = y_km[r]
        for c in range(x_km.size):
            if not wanted[r, c]:
                continue
            dx = x_km[c]
            square = dx * dx + dy * dy
            if square > reach:
                for q in range(bands):
                    loss_db[q, r, c] = np.float32(math.inf)
                continue
            k = math.sqrt(square) * per_step - first
            i = math.floor(k)
            fk = np.float32(k - i)
            near = one
            if i < 0:  # between the antenna and its first sample
                i, fk, near = 0, zero, max(zero, np.float32(k + 1.0))
            i1 = i + 1
            if fk == zero or i1 >= samples:
                i = min(i, samples - 1)
                i1, fk = i, zero
            turn = _bearing(dx, dy) * per_ray
            ray = int(turn)
            fj = np.float32(turn - ray)
            j0 = ray - first_ray
            if j0 < 0:
                j0 += rays
            j0 = j0 if j0 < rays else j0 - rays
            j1 = j0
            if fj > zero:
                j1 = j0 + 1 if j0 + 1 < rays else 0
            e0 = polar_lift[j0, i] + fk * (polar_lift[j0, i1] - polar_lift[j0, i])
            e1 = polar_lift[j1, i] + fk * (polar_lift[j1, i1] - polar_lift[j1, i])
            lift[r, c] = e0 + fj * (e1 - e0)
            for q in range(bands):
                p0 = polar[q, j0, i] + fk * (polar[q, j0, i1] - polar[q, j0, i])
                p1 = polar[q, j1, i] + fk * (polar[q, j1, i1] - polar[q, j1, i])
                loss_db[q, r, c] = near * (p0 + fj * (p1 - p0))


@njit(cache=True, nogil=True, error_model="numpy")
def best_of_two_kernel(
    mean_1: float, variance_1: float, pull_1: float, mean_2: float, variance_2: float, pull_2: float, correlation: float
) -> tuple[float, float, float, float]:
    """Return mean, variance and pull of the greater of two normal levels, and how likely it is the first.

    C. E. Clark (1961), Operations Research 9(2), eq (2) to (4): with a^2 = v1 + v2 - 2 cov, alpha = (m1 - m2) / a,
    E max = m1 Phi(alpha) + m2 Phi(-alpha) + a phi(alpha), and the second moment alike. ``pull`` is the standard
    deviation by which a level hangs together with a further one (his eq (7)): cov(max, x) = rho sd_x pull.
    """
    covariance = correlation * pull_1 * pull_2
    square = variance_1 + variance_2 - 2.0 * covariance
    apart = mean_1 - mean_2
    if apart * apart >= 25.0 * square:  # the weaker one is out of the race: it adds less than 1e-7 dB
        if apart >= 0.0:
            return mean_1, variance_1, pull_1, 1.0
        return mean_2, variance_2, pull_2, 0.0
    a = math.sqrt(square)
    alpha = apart / a
    first = 0.5 * math.erfc(-alpha * math.sqrt(0.5))
    second = 1.0 - first
    density = math.exp(-0.5 * alpha * alpha) / math.sqrt(2.0 * math.pi)
    above = apart * first + a * density  # mean of the maximum over mean_2
    moment = (apart * apart + variance_1) * first + variance_2 * second + apart * a * density
    return mean_2 + above, max(moment - above * above, 0.0), pull_1 * first + pull_2 * second, first


@njit(cache=True, nogil=True, error_model="numpy")
def _beyond_typical(correction: _F64, n: int, decades: float, lost: float, raised: float, law: _F64) -> float:
    """Return the variance of a radio cell's correction over a path, less that over the typical one; not below 0.

    The correction is linear in f = (1, decades, −L, −max(0, L − knee), −max(0, L − second knee), raised, raised × decades): f'Vf.
    """
    f = (1.0, decades, -lost, -max(0.0, lost - law[1]), -max(0.0, lost - law[2]), raised, raised * decades)
    total, at = -correction[n, 8], 9
    for i in range(7):
        row = correction[n, at] * f[i]
        for j in range(i + 1, 7):
            row += 2.0 * correction[n, at + j - i] * f[j]
        total += row * f[i]
        at += 7 - i
    return float(max(total, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def merge_kernel(
    loss_db: _F32,
    lift: _F32,
    spread_db: _F32,
    slope: _F32,
    x_km: _F64,
    y_km: _F64,
    wanted: npt.NDArray[np.bool_],
    band_offset_db: _F64,
    cell: _I64,
    cell_band: _I64,
    cell_layer: _I64,
    cell_eirp_dbm: _F64,
    cell_ceiling_dbm: _F64,
    cell_bearing_deg: _F64,
    cell_tilt_deg: _F64,
    cell_pattern: _I64,
    cell_threshold_dbm: _F64,
    use_loss_db: _F64,
    use_sd_db: _F64,
    ends: bool,
    end_loss_db: _F32,
    end_sd_db: _F32,
    horizontal_db: _F32,
    vertical_db: _F32,
    cap_db: _F64,
    calibrated: bool,
    correction: _F64,
    law: _F64,
    level_dbm: _F32,
    second_dbm: _F32,
    server: npt.NDArray[np.int32],
    margin_sd: _F32,
    bound_sd: _F32,
    mast: _F32,
    bound_dbm: _F32,
) -> None:
    """Add the radio cells of one antenna place to the layers of a piece of the grid, in place (see area.py).

    ``spread_db`` is the free-space loss less its frequency term, ``slope`` the straight line's rise in
    m per km. Where ``lift`` or ``slope`` is NaN the path is not all known, and the level only bounded: by
    ``loss_db`` as far as that is known, free space and the azimuth's pattern.
    ``end_loss_db`` and ``end_sd_db`` (bands, rows, columns) are looked at only if ``ends``.

    With ``calibrated`` the levels are corrected (``correction`` (cells, 37), ``law`` (11,): see corrections.py), margins
    stay as they are, and the level of the best server is gathered as a random one: mean, variance and pull of the
    best of this mast's cells (``mast`` (4, layers, rows, columns), NaN where none is known), beside them the error that
    the corrections themselves have over paths unlike the measured ones, which all cells share (it favours no cell, so it stays
    out of the race), and the best that an unknown path may have (``bound_dbm``).
    """
    uses = use_loss_db.shape[0]
    degrees = 180.0 / math.pi
    lowest, highest = (math.log10(law[9] / law[8]), math.log10(law[10] / law[8])) if calibrated else (0.0, 0.0)
    for r in range(y_km.size):
        for c in range(x_km.size):
            if not wanted[r, c] or loss_db[0, r, c] == math.inf:
                continue
            bearing = _bearing(x_km[c], y_km[r]) * degrees
            up = slope[r, c] + lift[r, c]
            below = -math.atan(up * 1e-3) * degrees if up == up else 0.0
            decades, raised = 0.0, 0.0
            if calibrated:
                near = max(math.sqrt(x_km[c] * x_km[c] + y_km[r] * y_km[r]), 1e-3)
                decades = math.log10(near / law[0])
                if slope[r, c] == slope[r, c]:
                    raised = math.log10(min(max(-slope[r, c] * near, law[9]), law[10]) / law[8])
            for n in range(cell.size):
                pattern, turned = cell_pattern[n], 0.0
                across = 0.0
                if cell_bearing_deg[n] == cell_bearing_deg[n]:
                    turned = (bearing - cell_bearing_deg[n] + 180.0) % 360.0
                    i = min(int(turned), 359)
                    f = turned - i
                    across = horizontal_db[pattern, i] + f * (
                        horizontal_db[pattern, i + 1] - horizontal_db[pattern, i]
                    )
                    turned -= 180.0
                level = cell_eirp_dbm[n] - spread_db[r, c] - band_offset_db[cell_band[n]]
                lost = loss_db[cell_band[n], r, c]
                known = lost == lost and up == up
                if lost != lost:
                    lost = 0.0
                if known:
                    down = below
                    if cell_tilt_deg[n] != 0.0:
                        down -= cell_tilt_deg[n] * math.cos(turned / degrees)
                    v = min(max((down + 90.0) * 4.0, 0.0), 720.0)
                    i = min(int(v), 719)
                    f = v - i
                    along = vertical_db[pattern, i] + f * (vertical_db[pattern, i + 1] - vertical_db[pattern, i])
                    level -= min(across + along, cap_db[pattern]) + lost
                else:
                    level -= min(across, cap_db[pattern]) + lost
                if ends:
                    level -= end_loss_db[cell_band[n], r, c]
                layer, threshold = cell_layer[n], cell_threshold_dbm[n]
                total, common = 1.0, 0.0
                if calibrated:
                    level += correction[n, 0] + correction[n, 1] * decades - correction[n, 2] * lost
                    level -= correction[n, 3] * max(0.0, lost - law[1]) + correction[n, 4] * max(0.0, lost - law[2])
                    by_height = correction[n, 5] + correction[n, 6] * decades
                    # Where the phone stands is not known: the height that helps most, as this is a bound.
                    level += by_height * raised if slope[r, c] == slope[r, c] else max(by_height * lowest, by_height * highest)
                    spread = law[3]
                    if lift[r, c] > 0.0:
                        spread = law[5] if lost > law[1] else law[4]
                    total = correction[n, 7] * correction[n, 7] + spread
                    if known:
                        common = math.sqrt(_beyond_typical(correction, n, decades, lost, raised, law))
                level = min(level, cell_ceiling_dbm[n])
                if calibrated:
                    if threshold != threshold:
                        bound_dbm[layer, r, c] = np.float32(math.inf)
                    elif not known:
                        bound_dbm[layer, r, c] = max(bound_dbm[layer, r, c], np.float32(level))
                    if known and level > -math.inf:
                        if mast[0, layer, r, c] != mast[0, layer, r, c]:
                            mast[0, layer, r, c] = level
                            mast[1, layer, r, c] = total
                            mast[2, layer, r, c] = math.sqrt(total)
                            mast[3, layer, r, c] = common
                        else:
                            mean, variance, pull, first = best_of_two_kernel(
                                mast[0, layer, r, c], mast[1, layer, r, c], mast[2, layer, r, c], level, total,
                                math.sqrt(total), law[6],
                            )  # fmt: skip
                            mast[0, layer, r, c] = mean
                            mast[1, layer, r, c] = variance
                            mast[2, layer, r, c] = pull
                            mast[3, layer, r, c] = first * mast[3, layer, r, c] + (1.0 - first) * common
                elif threshold == threshold:
                    for use in range(uses):
                        sd = use_sd_db[use, n]
                        if ends:
                            sd = math.hypot(sd, end_sd_db[cell_band[n], r, c])
                        margin = np.float32((level - use_loss_db[use, n] - threshold) / sd)
                        bound_sd[use, layer, r, c] = max(bound_sd[use, layer, r, c], margin)
                        if known:
                            margin_sd[use, layer, r, c] = max(margin_sd[use, layer, r, c], margin)
                else:
                    for use in range(uses):
                        bound_sd[use, layer, r, c] = np.float32(math.inf)
                if known:
                    seen = np.float32(level)
                    if seen > level_dbm[layer, r, c]:
                        second_dbm[layer, r, c] = level_dbm[layer, r, c]
                        level_dbm[layer, r, c] = seen
                        server[layer, r, c] = cell[n]
                    elif seen > second_dbm[layer, r, c]:
                        second_dbm[layer, r, c] = seen


@njit(cache=True, nogil=True, error_model="numpy")
def merge_mast_kernel(mast: _F32, layers: _I64, place_correlation: float, best: _F32) -> None:
    """Add one mast's best to the best of all, in place, and clear it; (4, layers, rows, columns) both."""
    _, _, rows, columns = mast.shape
    for k in range(layers.size):
        i = layers[k]
        for r in range(rows):
            for c in range(columns):
                mean = mast[0, i, r, c]
                if mean != mean:
                    continue
                if best[0, i, r, c] != best[0, i, r, c]:
                    for q in range(4):
                        best[q, i, r, c] = mast[q, i, r, c]
                else:
                    found = best_of_two_kernel(
                        best[0, i, r, c], best[1, i, r, c], best[2, i, r, c], mean, mast[1, i, r, c], mast[2, i, r, c],
                        place_correlation,
                    )  # fmt: skip
                    best[0, i, r, c] = found[0]
                    best[1, i, r, c] = found[1]
                    best[2, i, r, c] = found[2]
                    best[3, i, r, c] = found[3] * best[3, i, r, c] + (1.0 - found[3]) * mast[3, i, r, c]
                mast[0, i, r, c] = np.float32(math.nan)
