"""Terrain loss of the truth: a rubber band over the profile, each hill it touches an edge.

Written for the truth alone. The band is the upper hull of the profile with the earth's bulge added;
hull points closer than half a kilometre are one hill; each hill costs a knife edge between its two
neighbours on the band (Epstein and Peterson 1953), rounded tops a little more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["terrain_loss"]

_EARTH_M = 8_495_000.0  # 4/3 earth radius
_MERGE_M = 500.0
_CAP_DB = 60.0


@njit(cache=True)
def _edge_db(v: float) -> Any:
    """Return the loss of a knife edge with diffraction parameter ``v`` (Lee's piecewise fit)."""
    if v <= -1.0:
        return 0.0
    if v <= 0.0:
        return -20.0 * np.log10(0.5 - 0.62 * v)
    if v <= 1.0:
        return -20.0 * np.log10(0.5 * np.exp(-0.95 * v))
    if v <= 2.4:
        return -20.0 * np.log10(0.4 - np.sqrt(max(1e-9, 0.1184 - (0.38 - 0.1 * v) ** 2)))
    return -20.0 * np.log10(0.225 / v)


@njit(cache=True)
def _height(raster: npt.NDArray[np.float32], row: float, column: float) -> Any:
    i = min(max(int(row), 0), raster.shape[0] - 2)
    j = min(max(int(column), 0), raster.shape[1] - 2)
    u, v = row - i, column - j
    top = raster[i, j] * (1 - v) + raster[i, j + 1] * v
    bottom = raster[i + 1, j] * (1 - v) + raster[i + 1, j + 1] * v
    return top * (1 - u) + bottom * u


@njit(cache=True)
def terrain_loss(
    raster: npt.NDArray[np.float32],
    row0: float,
    column0: float,
    top_m: float,
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
    distance_m: npt.NDArray[np.float64],
    receiver_m: float,
    wavelength_m: npt.NDArray[np.float64],
) -> npt.NDArray[np.float32]:
    """Return diffraction loss over terrain.

    Parameters
    ----------
    raster : (rows, columns) float32 array
        Ground height in metres.
    row0, column0 : float
        Mast, as fractional raster position.
    top_m : float
        Antenna height above sea level.
    rows, columns, distance_m : (n,) float64 arrays
        Receivers and their distance from the mast.
    receiver_m : float
        Receiver height above ground.
    wavelength_m : (k,) float64 array

    Returns
    -------
    (n, k) float32 array of dB
    """
    out = np.zeros((rows.size, wavelength_m.size), np.float32)
    longest = 2 + int(distance_m.max() / 85.0) if rows.size else 2
    along = np.empty(longest + 2)
    height = np.empty(longest + 2)
    hull = np.empty(longest + 2, np.int64)
    edges = np.empty(longest + 2, np.int64)
    for p in range(rows.size):
        total = distance_m[p]
        n = max(3, int(total / 90.0) + 1)
        for i in range(n):
            share = i / (n - 1)
            along[i] = share * total
            height[i] = _height(
                raster, row0 + share * (rows[p] - row0), column0 + share * (columns[p] - column0)
            )
            height[i] += along[i] * (total - along[i]) / (2.0 * _EARTH_M)
        height[0] = top_m
        height[n - 1] += receiver_m
        count = 0
        for i in range(n):
            while count >= 2:
                a, b = hull[count - 2], hull[count - 1]
                if (height[b] - height[a]) * (along[i] - along[a]) <= (height[i] - height[a]) * (
                    along[b] - along[a]
                ):
                    count -= 1
                else:
                    break
            hull[count] = i
            count += 1
        if count == 2:
            highest = -9.0
            for i in range(1, n - 1):
                line = height[0] + (height[n - 1] - height[0]) * along[i] / total
                v = (height[i] - line) * np.sqrt(2.0 * total / (along[i] * (total - along[i])))
                highest = max(highest, v) if highest > -9.0 else v
            for k in range(wavelength_m.size):
                out[p, k] = _edge_db(highest / np.sqrt(wavelength_m[k]))
            continue
        # hills: runs of hull points no further apart than the merging distance, the highest stands for each
        found = 0
        start = 1
        rounded = 0
        while start < count - 1:
            stop = start
            while stop + 1 < count - 1 and along[hull[stop + 1]] - along[hull[stop]] <= _MERGE_M:
                stop += 1
            best = start
            most = -1e18
            for q in range(start, stop + 1):
                i = hull[q]
                a, b = hull[start - 1], hull[stop + 1]
                over = height[i] - (
                    height[a] + (height[b] - height[a]) * (along[i] - along[a]) / (along[b] - along[a])
                )
                if over > most:
                    most = over
                    best = q
            edges[found] = hull[best]
            found += 1
            rounded += stop - start
            start = stop + 1
        for k in range(wavelength_m.size):
            loss = 0.0
            for e in range(found):
                a = 0 if e == 0 else edges[e - 1]
                b = n - 1 if e == found - 1 else edges[e + 1]
                i = edges[e]
                d1, d2 = along[i] - along[a], along[b] - along[i]
                line = height[a] + (height[b] - height[a]) * d1 / (d1 + d2)
                v = (height[i] - line) * np.sqrt(2.0 * (d1 + d2) / (wavelength_m[k] * d1 * d2))
                loss += _edge_db(max(0.0, v))
            loss += min(6.0, 0.9 * rounded)
            out[p, k] = min(loss, _CAP_DB)
    return out
