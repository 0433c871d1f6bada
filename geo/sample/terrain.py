"""Ridges and valleys: a landscape cut by its own rivers.

Uplift along north-west to south-east ranges is worn down by implicit stream-power incision
(Braun and Willett 2013, doi:10.1016/j.geomorph.2012.10.008, with n = 1) on a 9 arc-second lattice,
routed by priority flood (Barnes et al. 2014), then brought to 3 arc-seconds. Rivers leave to the
south and east.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import ndimage

from geo.sample.frame import FloatArray, Lattice, terrain_lattice

__all__ = ["COARSE_FACTOR", "Terrain", "build_terrain", "gaussian_field"]

COARSE_FACTOR = 3
_STEPS = 110
_LOWEST_M, _HIGHEST_M = 105.0, 2180.0


@dataclass(frozen=True, slots=True)
class Terrain:
    """The landscape.

    Attributes
    ----------
    lattice : Lattice
        3 arc-seconds.
    height_m : (rows, columns) float64 array
        Bare earth, whole metres.
    coarse : Lattice
        9 arc-seconds, same corner.
    coarse_height_m : float64 array
    drainage_km2 : float64 array
        Upstream area of each coarse cell.
    slope_deg : float64 array
        Slope of the coarse cells.
    """

    lattice: Lattice
    height_m: FloatArray
    coarse: Lattice
    coarse_height_m: FloatArray
    drainage_km2: FloatArray
    slope_deg: FloatArray


def gaussian_field(
    rng: np.random.Generator, shape: tuple[int, int], length_cells: float, smoothness: float = 1.5
) -> FloatArray:
    """Return a stationary Gaussian field of mean 0 and variance 1 (Matérn-like spectrum).

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (rows, columns)
    length_cells : float
        Correlation length in cells.
    smoothness : float
        0.5 gives an exponential correlation, larger is smoother.
    """
    fy = np.fft.fftfreq(shape[0])[:, None]
    fx = np.fft.rfftfreq(shape[1])[None, :]
    k2 = (2 * np.pi * length_cells) ** 2 * (fx**2 + fy**2)
    amplitude = (1 + k2) ** (-(smoothness + 1) / 2)
    amplitude[0, 0] = 0.0
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * amplitude, s=shape)
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float64)


@njit(cache=True)
def _route(
    height: npt.NDArray[np.float64], outlet: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the order of cells from the outlets upward, each cell's receiver, heights with pits filled."""
    rows, columns = height.shape
    n = rows * columns
    receiver = np.full(n, -1, np.int64)
    order = np.empty(n, np.int64)
    filled = height.copy()
    done = np.zeros(n, np.bool_)
    heap = [(0.0, np.int64(0))]
    heap.pop()
    for i in range(rows):
        for j in range(columns):
            if outlet[i, j]:
                k = np.int64(i * columns + j)
                done[k] = True
                receiver[k] = k
                heapq.heappush(heap, (height[i, j], k))
    count = 0
    while len(heap) > 0:
        level, k = heapq.heappop(heap)
        order[count] = k
        count += 1
        i, j = k // columns, k % columns
        for di in range(-1, 2):
            for dj in range(-1, 2):
                a, b = i + di, j + dj
                if a < 0 or b < 0 or a >= rows or b >= columns:
                    continue
                m = np.int64(a * columns + b)
                if done[m]:
                    continue
                done[m] = True
                receiver[m] = k
                filled[a, b] = max(height[a, b], level + 1e-4)
                heapq.heappush(heap, (filled[a, b], m))
    # steepest descent on the filled surface replaces the flood's parent
    for i in range(rows):
        for j in range(columns):
            if outlet[i, j]:
                continue
            best = 0.0
            k = i * columns + j
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    a, b = i + di, j + dj
                    if (di == 0 and dj == 0) or a < 0 or b < 0 or a >= rows or b >= columns:
                        continue
                    drop = (filled[i, j] - filled[a, b]) / np.sqrt(di * di + dj * dj)
                    if drop > best:
                        best = drop
                        receiver[k] = a * columns + b
    return order, receiver, filled


@njit(cache=True)
def _accumulate(order: npt.NDArray[np.int64], receiver: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    area = np.ones(order.size)
    for index in range(order.size - 1, -1, -1):
        k = order[index]
        if receiver[k] != k:
            area[receiver[k]] += area[k]
    return area


@njit(cache=True)
def _incise(
    height: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
    receiver: npt.NDArray[np.int64],
    area: npt.NDArray[np.float64],
    strength: npt.NDArray[np.float64],
) -> None:
    columns = height.shape[1]
    flat = height.ravel()
    for index in range(order.size):
        k = order[index]
        r = receiver[k]
        if r == k:
            continue
        distance = 1.0 if abs(k - r) == 1 or abs(k - r) == columns else np.sqrt(2.0)
        f = strength[k] * area[k] ** 0.45 / distance
        if flat[k] > flat[r]:
            flat[k] = (flat[k] + f * flat[r]) / (1.0 + f)


def _uplift(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Return uplift per step in metres: ranges that run north-west to south-east."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    warp = 30 * gaussian_field(rng, shape, 40, 2.0)
    across = (columns - columns.mean()) * np.sin(np.pi / 4) - (rows - rows.mean()) * np.cos(np.pi / 4) + warp
    ranges = 0.5 + 0.5 * np.cos(2 * np.pi * across / 96)
    blocks = 0.5 + 0.5 * np.tanh(gaussian_field(rng, shape, 30, 2.0))
    north = 1.0 - 0.35 * rows / shape[0]
    spread = 0.45 + 0.55 * ranges
    return np.asarray(30.0 * spread * (0.5 + 0.5 * blocks) * north, dtype=np.float64)


def build_terrain(rng: np.random.Generator) -> Terrain:
    """Return the landscape of the made-up province and its surroundings."""
    lattice = terrain_lattice()
    coarse = lattice.coarser(COARSE_FACTOR)
    uplift = _uplift(rng, coarse.shape)
    outlet = np.zeros(coarse.shape, dtype=bool)
    outlet[-1, :] = True
    outlet[:, -1] = True
    rough = gaussian_field(rng, coarse.shape, 14, 0.9)
    height = 400.0 + 220.0 * rough + 30.0 * rng.random(coarse.shape) + 8 * uplift
    height[outlet] = 0.0
    strength = 0.16 * np.exp(0.45 * gaussian_field(rng, coarse.shape, 25, 2.0)).ravel()
    uplift[outlet] = 0.0
    for step in range(_STEPS):
        order, receiver, filled = _route(height, outlet)
        area = _accumulate(order, receiver)
        height = filled + uplift
        _incise(height, order, receiver, area, strength)
        if step % 4 == 3:
            height = np.where(outlet, height, ndimage.gaussian_filter(height, 0.5))
    order, receiver, _ = _route(height, outlet)
    area = _accumulate(order, receiver).reshape(coarse.shape)
    cell_km2 = coarse.cell_m[0] * coarse.cell_m[1] / 1e6
    drainage = area * cell_km2
    height, drainage = _bend(rng, height, drainage)
    rough = gaussian_field(rng, coarse.shape, 7, 1.2)
    broad = ndimage.gaussian_filter(height, 24)
    relief = np.sqrt(ndimage.gaussian_filter((height - broad) ** 2, 30))
    local = (height - broad) * (relief.max() / relief) ** 0.62  # relief everywhere, not in one range alone
    height = _scale(0.55 * broad + 1.05 * local)
    height = _widen_valleys(height - 70.0 * np.abs(rough) * np.clip((height - 250) / 400, 0, 1), drainage)
    height = np.maximum(height, _LOWEST_M)

    rows, columns = np.mgrid[0 : lattice.rows, 0 : lattice.columns].astype(np.float64)
    offset = (COARSE_FACTOR - 1) / 2
    fine = ndimage.map_coordinates(
        height, [(rows - offset) / COARSE_FACTOR, (columns - offset) / COARSE_FACTOR], order=3, mode="nearest"
    )
    gradient = np.gradient(height, coarse.cell_m[1], coarse.cell_m[0])
    slope = np.degrees(np.arctan(np.hypot(*gradient)))
    fine = np.clip(np.rint(fine), _LOWEST_M - 20, _HIGHEST_M + 20)
    return Terrain(lattice, fine, coarse, height, drainage, slope)


def _bend(
    rng: np.random.Generator, height: FloatArray, drainage: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return both fields drawn along a smooth random displacement: rivers lose the lattice's straight runs."""
    rows, columns = np.mgrid[0 : height.shape[0], 0 : height.shape[1]].astype(np.float64)
    rows += 2.6 * gaussian_field(rng, height.shape, 9, 2.0)
    columns += 2.6 * gaussian_field(rng, height.shape, 9, 2.0)
    bent = ndimage.map_coordinates(height, [rows, columns], order=1, mode="nearest")
    area = ndimage.map_coordinates(drainage, [rows, columns], order=0, mode="nearest")
    return np.asarray(bent, dtype=np.float64), np.asarray(area, dtype=np.float64)


def _widen_valleys(height: FloatArray, drainage_km2: FloatArray) -> FloatArray:
    """Return heights with flat floors beside the larger rivers."""
    out = height.copy()
    for least_km2, sigma in ((8.0, 0.9), (60.0, 1.8)):
        river = drainage_km2 >= least_km2
        near = ndimage.gaussian_filter(river.astype(np.float64), sigma)
        level = ndimage.gaussian_filter(np.where(river, out, 0.0), sigma) / np.maximum(near, 1e-9)
        weight = np.clip(near * 4.2 * sigma - 0.25, 0.0, 0.92)
        out = np.where(weight > 0, out * (1 - weight) + np.minimum(level, out) * weight, out)
    return np.asarray(ndimage.gaussian_filter(out, 0.5), dtype=np.float64)


def _scale(height: FloatArray) -> FloatArray:
    """Return heights stretched to the province's range, high summits bent down a little."""
    low, high = np.quantile(height, [0.02, 0.9997])
    share = np.clip((height - low) / (high - low), 0.0, 1.08)
    return np.asarray(_LOWEST_M + (_HIGHEST_M - _LOWEST_M) * share**1.0 / 1.08**1.0, dtype=np.float64)
