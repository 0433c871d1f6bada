"""Displacement of what the public edition draws, so that a station is not found as the middle of a circle.

Over flat ground coverage ends at one distance from its station on every side: the middle of the circle that some dozens of squares of 500 m make
can be fitted to within 30 m. Every outline is therefore moved by a field of vectors that changes over tens of kilometres, so that a circle stays one
and has its middle elsewhere, no further than a square's side. The field is drawn from the full results, which nobody outside has: equal results
give equal bytes, and it hangs on nothing else of a station.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.grid import Grid

__all__ = ["Displacement", "displacement", "seed_of"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Displacement:
    """A smooth field of vectors.

    Attributes
    ----------
    x, y : (k,) float arrays
        Places of the lattice, rising, m.
    polar : (len(y), len(x), 2) float array
        Length, m, and direction, rad. Both are interpolated: a mean of vectors would come near nothing between two that differ, and leave a station
        where it is.
    """

    x: Floats
    y: Floats
    polar: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the vectors (east, north, m) at places in the grid's CRS; shape (..., 2)."""
        column, row = np.broadcast_arrays((x - self.x[0]) / (self.x[1] - self.x[0]), (y - self.y[0]) / (self.y[1] - self.y[0]))
        c, r = np.clip(column.astype(int), 0, len(self.x) - 2), np.clip(row.astype(int), 0, len(self.y) - 2)
        u, v = np.clip(column - c, 0, 1)[..., None], np.clip(row - r, 0, 1)[..., None]
        weights = ((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v)
        corners = (self.polar[r, c], self.polar[r, c + 1], self.polar[r + 1, c], self.polar[r + 1, c + 1])
        mean = sum((w * corner for w, corner in zip(weights, corners, strict=True)), np.zeros(2))
        vectors: Floats = mean[..., :1] * np.stack([np.cos(mean[..., 1]), np.sin(mean[..., 1])], axis=-1)
        return vectors

    def states(self, state: npt.NDArray[np.uint8], grid: Grid) -> npt.NDArray[np.uint8]:
        """Return states (0 outside) moved; the area's own edge stays, and what would come from beyond it is not moved."""
        x, y = grid.centres()
        vectors = self.at(x[None, :], y[:, None])
        place = np.indices(state.shape)
        down, right = (np.round(sign * vectors[..., i] / grid.cell_size).astype(np.int64) for sign, i in ((-1, 1), (1, 0)))
        moved = state[np.clip(place[0] + down, 0, state.shape[0] - 1), np.clip(place[1] + right, 0, state.shape[1] - 1)]
        return np.where((state == 0) | (moved == 0), state, moved)


def seed_of(states: Sequence[npt.NDArray[np.uint8]]) -> int:
    """Return a number that the states determine and that cannot be had without them."""
    whole = hashlib.sha256()
    for state in states:
        whole.update(str(state.shape).encode("ascii"))
        whole.update(np.ascontiguousarray(state).tobytes())
    return int.from_bytes(whole.digest()[:16], "big")


def displacement(grid: Grid, *, seed: int, shortest_m: float, longest_m: float, apart_m: float) -> Displacement:
    """Return a field over a grid.

    Parameters
    ----------
    grid : Grid
        In metres.
    seed : int
    shortest_m, longest_m : float
        Between which every vector's length lies, m.
    apart_m : float
        Distance of the places between which the field changes, m.
    """
    rng = np.random.default_rng(seed)
    x = grid.x_min + apart_m * np.arange(-1, np.ceil(grid.columns * grid.cell_size / apart_m) + 2)
    y = grid.y_max - grid.rows * grid.cell_size + apart_m * np.arange(-1, np.ceil(grid.rows * grid.cell_size / apart_m) + 2)
    length, direction = rng.uniform(shortest_m, longest_m, (len(y), len(x))), rng.uniform(0, 2 * np.pi, (len(y), len(x))) + rng.uniform(0, 2 * np.pi)
    return Displacement(x, y, np.stack([length, direction], axis=-1))
