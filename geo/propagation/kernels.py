"""Jitted arithmetic on plain arrays and scalars; nothing here checks its input.

All kernels stand in one file because numba's disk cache does not notice a change in another one.
The checked functions around them, with sources and units, are in the other modules of this package.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = [
    "area_kernel",
    "edge_factor_kernel",
    "free_space_kernel",
    "knife_edge_kernel",
    "pattern_kernel",
]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

_SPEED_OF_LIGHT_M_S = 299792458.0


@njit(cache=True, nogil=True, error_model="numpy")
def free_space_kernel(frequency_mhz: float, distance_km: float) -> float:
    """Basic free-space transmission loss, dB (see free_space.py)."""
    return 32.4 + 20.0 * math.log10(frequency_mhz) + 20.0 * math.log10(distance_km)


@njit(cache=True, nogil=True, error_model="numpy")
def knife_edge_kernel(nu: float) -> float:
    """Loss of a single knife edge, dB (see single_edge.py)."""
    if nu <= -0.78:
        return 0.0
    v = nu - 0.1
    loss = 6.9 + 20.0 * math.log10(math.sqrt(v * v + 1.0) + v)
    return max(0.0, loss)


@njit(cache=True, nogil=True, error_model="numpy")
def pattern_kernel(offset_deg: float, beamwidth_deg: float, front_to_back_db: float) -> float:
    """Loss of a sector antenna off its main direction, dB >= 0 (see antenna.py)."""
    offset = (offset_deg + 180.0) % 360.0 - 180.0
    ratio = offset / beamwidth_deg
    return min(12.0 * ratio * ratio, front_to_back_db)


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
        top = heights[r, c] + fc * (heights[r, c + 1] - heights[r, c])
        bottom = heights[r + 1, c] + fc * (heights[r + 1, c + 1] - heights[r + 1, c])
        value = float(top + fr * (bottom - top))
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
def edge_factor_kernel(
    heights: _F32,
    row_t: float,
    column_t: float,
    altitude_t: float,
    row_r: float,
    column_r: float,
    altitude_r: float,
    distance_m: float,
    step_m: float,
    earth_radius_m: float,
) -> tuple[float, bool]:
    """Largest h / sqrt(d1 d2 / d) of a profile, 1/sqrt(m), and whether all of it is known.

    nu = factor * sqrt(2 / wavelength): which edge dominates does not depend on the frequency.
    Void samples are left out, so the factor of a profile with voids is a lower bound.
    """
    factor = -math.inf
    known = True
    n = math.ceil(distance_m / step_m)
    rows, columns = heights.shape
    # A straight line between two inner points never leaves the lattice: no sample needs to be checked.
    low_row, high_row = min(row_t, row_r), max(row_t, row_r)
    low_column, high_column = min(column_t, column_r), max(column_t, column_r)
    inner = low_row >= 0.0 and low_column >= 0.0 and high_row < rows - 1 and high_column < columns - 1
    step_row, step_column, step_altitude = row_r - row_t, column_r - column_t, altitude_r - altitude_t
    curvature = distance_m * distance_m / (2.0 * earth_radius_m)
    for i in range(1, n):
        t = i / n
        row, column = row_t + t * step_row, column_t + t * step_column
        h = math.nan
        if inner:
            r, c = int(row), int(column)
            fr, fc = row - r, column - c
            top = heights[r, c] + fc * (heights[r, c + 1] - heights[r, c])
            bottom = heights[r + 1, c] + fc * (heights[r + 1, c + 1] - heights[r + 1, c])
            h = top + fr * (bottom - top)
        if h != h:
            h = _height(heights, row, column)  # at the edge, or a void with weight or without
            if h != h:
                known = False
                continue
        share = t * (1.0 - t)
        over = h + curvature * share - (altitude_t + t * step_altitude)
        factor = max(factor, over / math.sqrt(share))
    if factor > -math.inf:
        factor /= math.sqrt(distance_m)
    return factor, known


@njit(cache=True, nogil=True, error_model="numpy")
def area_kernel(
    heights: _F32,
    cell_row: _F64,
    cell_column: _F64,
    x_m: _F64,
    y_m: _F64,
    inside: npt.NDArray[np.bool_],
    group_x_m: _F64,
    group_y_m: _F64,
    group_row: _F64,
    group_column: _F64,
    group_ground_m: _F64,
    group_height_m: _F64,
    group_first: _I64,
    cell_layer: _I64,
    cell_frequency_mhz: _F64,
    cell_eirp_dbm: _F64,
    cell_ceiling_dbm: _F64,
    cell_bearing_deg: _F64,
    cell_beamwidth_deg: _F64,
    cell_front_to_back_db: _F64,
    cell_threshold_dbm: _F64,
    cell_sd_db: _F64,
    radius_m: float,
    step_m: float,
    receiver_height_m: float,
    earth_radius_m: float,
    level_dbm: _F32,
    margin_sd: _F32,
    bound_sd: _F32,
) -> None:
    """Add radio cells to the layers of a piece of the grid, in place (see area.py)."""
    rows, columns = inside.shape
    most = 0
    for g in range(group_x_m.size):
        most = max(most, group_first[g + 1] - group_first[g])
    in_sight_dbm = np.empty(most)
    for r in range(rows):
        for c in range(columns):
            if not inside[r, c]:
                continue
            ground = _height(heights, cell_row[r, c], cell_column[r, c])
            altitude_r = ground + receiver_height_m
            for g in range(group_x_m.size):
                dx, dy = x_m[c] - group_x_m[g], y_m[r] - group_y_m[g]
                distance = math.hypot(dx, dy)
                if distance > radius_m:
                    continue
                altitude_t = group_ground_m[g] + group_height_m[g]
                rise = altitude_t - altitude_r
                known = rise == rise
                slant_km = max(1.0, math.hypot(distance, rise) if known else distance) / 1000.0
                bearing = math.degrees(math.atan2(dx, dy))
                first, last = group_first[g], group_first[g + 1]
                # Diffraction only ever takes away: a group that would change nothing in sight is left out.
                matters = False
                frequency, loss = -1.0, 0.0
                for k in range(first, last):
                    if cell_frequency_mhz[k] != frequency:
                        frequency = cell_frequency_mhz[k]
                        loss = free_space_kernel(frequency, slant_km)
                    level = cell_eirp_dbm[k] - loss
                    if cell_bearing_deg[k] == cell_bearing_deg[k]:
                        level -= pattern_kernel(
                            bearing - cell_bearing_deg[k], cell_beamwidth_deg[k], cell_front_to_back_db[k]
                        )
                    in_sight_dbm[k - first] = level
                    level = min(level, cell_ceiling_dbm[k])
                    layer, threshold = cell_layer[k], cell_threshold_dbm[k]
                    if threshold != threshold:
                        bound_sd[layer, r, c] = np.float32(math.inf)
                    elif np.float32((level - threshold) / cell_sd_db[k]) > margin_sd[layer, r, c]:
                        matters = True
                    if np.float32(level) > level_dbm[layer, r, c]:
                        matters = True
                if not matters:
                    continue
                factor = -math.inf
                if known:
                    factor, known = edge_factor_kernel(
                        heights,
                        group_row[g],
                        group_column[g],
                        altitude_t,
                        cell_row[r, c],
                        cell_column[r, c],
                        altitude_r,
                        distance,
                        step_m,
                        earth_radius_m,
                    )
                frequency, loss = -1.0, 0.0
                for k in range(first, last):
                    if cell_frequency_mhz[k] != frequency:
                        frequency, loss = cell_frequency_mhz[k], 0.0
                        if factor > -math.inf:
                            wavelength = _SPEED_OF_LIGHT_M_S / (frequency * 1e6)
                            loss = knife_edge_kernel(factor * math.sqrt(2.0 / wavelength))
                    level = min(in_sight_dbm[k - first] - loss, cell_ceiling_dbm[k])
                    layer, threshold = cell_layer[k], cell_threshold_dbm[k]
                    if threshold == threshold:
                        margin = np.float32((level - threshold) / cell_sd_db[k])
                        bound_sd[layer, r, c] = max(bound_sd[layer, r, c], margin)
                        if known:
                            margin_sd[layer, r, c] = max(margin_sd[layer, r, c], margin)
                    if known:
                        level_dbm[layer, r, c] = max(level_dbm[layer, r, c], np.float32(level))
