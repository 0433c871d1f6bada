"""New ground for masts, searched over the terrain: prominent, not steep, in sight of people who lack service.

Sight ranks places, it decides nothing: what a place serves is computed by the coverage model afterwards. A line of sight runs over
the heights of the cells' centres, one sample per cell, with the earth's curvature at the effective radius.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, uniform_filter

from geo.errors import GridMismatchError

__all__ = ["People", "Sight", "distance_m", "gathered", "highest_of_blocks", "most_seeing", "prominence_m", "seen_worth", "slope_deg"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_BOOL = npt.NDArray[np.bool_]

#: What a place that was taken takes of what counts of the worth that it sees.
_FADE = 0.5


def slope_deg(heights_m: _F64, cell_m: float) -> _F64:
    """Return the slope of each cell between its neighbours' centres, degrees; NaN beside what is not known and at the edge.

    Parameters
    ----------
    heights_m : (rows, columns) float64 array
    cell_m : float
    """
    out = np.full(heights_m.shape, np.nan)
    if min(heights_m.shape) >= 3:
        east = (heights_m[1:-1, 2:] - heights_m[1:-1, :-2]) / (2.0 * cell_m)
        north = (heights_m[:-2, 1:-1] - heights_m[2:, 1:-1]) / (2.0 * cell_m)
        out[1:-1, 1:-1] = np.degrees(np.arctan(np.hypot(east, north)))
    return out


def prominence_m(heights_m: _F64, cell_m: float, radius_m: float) -> _F64:
    """Return how far each cell stands above the mean height of the square around it (topographic position index).

    Parameters
    ----------
    heights_m : (rows, columns) float64 array
        NaN not known: left out of the means, and NaN itself.
    cell_m : float
    radius_m : float
        Half a side of the square, at least one cell.
    """
    width = 2 * max(1, round(radius_m / cell_m)) + 1
    known = np.isfinite(heights_m)
    total = uniform_filter(np.where(known, heights_m, 0.0), width, mode="constant")
    share = uniform_filter(known.astype(np.float64), width, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, heights_m - total / share, np.nan))


def distance_m(marked: _BOOL, cell_m: float) -> _F64:
    """Return the distance of each cell's centre to the nearest marked one, metres; infinite where none is marked."""
    if not marked.any():
        return np.full(marked.shape, np.inf)
    return np.asarray(distance_transform_edt(~marked) * cell_m, dtype=np.float64)


def highest_of_blocks(eligible: _BOOL, rank: _F64, block: int) -> tuple[_I64, _I64]:
    """Return row and column of the eligible cell of the highest rank in each block of ``block`` x ``block`` cells.

    Parameters
    ----------
    eligible : (rows, columns) bool array
    rank : (rows, columns) float64 array
        Of equals the first counts.
    block : int
        Cells to a side.
    """
    row, column = np.nonzero(eligible)
    if not row.size:
        return row.astype(np.int64), column.astype(np.int64)
    across = -(-eligible.shape[1] // block)
    number = (row // block) * across + column // block
    order = np.lexsort((-rank[row, column], number))
    first = order[np.unique(number[order], return_index=True)[1]]
    return row[first].astype(np.int64), column[first].astype(np.int64)


@dataclass(frozen=True, slots=True)
class People:
    """Where service is worth something, gathered to blocks.

    Attributes
    ----------
    row, column : (n,) int64 arrays
        The block's cell of most worth.
    worth : (n,) float64 array
        Of the whole block.
    """

    row: _I64
    column: _I64
    worth: _F64


def gathered(worth: _F64, block: int) -> People:
    """Return the worth of cells gathered to blocks; blocks without any are left out.

    Parameters
    ----------
    worth : (rows, columns) float64 array
        Not negative.
    block : int
        Cells to a side.
    """
    row, column = highest_of_blocks(worth > 0, worth, block)
    across = -(-worth.shape[1] // block)
    mine_row, mine_column = np.nonzero(worth > 0)
    total = np.bincount((mine_row // block) * across + mine_column // block, weights=worth[mine_row, mine_column])
    return People(row, column, total[(row // block) * across + column // block] if row.size else np.zeros(0))


@nb.njit(cache=True)
def _seen(
    heights: _F64, cell_m: float, row: int, column: int, top_m: float, to_row: _I64, to_column: _I64, worth: _F64, reach: float,
    half: float, receiver_m: float, earth_m: float, out: _F64,
) -> float:  # fmt: skip
    """Return the worth in sight of a place; ``out`` takes how much of each block counts."""
    total = 0.0
    for k in range(len(to_row)):
        out[k] = 0.0
        dr, dc = to_row[k] - row, to_column[k] - column
        cells = math.sqrt(float(dr * dr + dc * dc))
        if cells > reach:
            continue
        end = heights[to_row[k], to_column[k]] + receiver_m
        if end != end:
            continue
        steps = int(max(abs(dr), abs(dc)))
        length = cells * cell_m
        clear = True
        for s in range(1, steps):
            part = s / steps
            r, c = int(row + dr * part + 0.5), int(column + dc * part + 0.5)
            over = heights[r, c] + length * part * length * (1.0 - part) / (2.0 * earth_m)
            if not (over <= top_m + (end - top_m) * part):  # an unknown height hides too
                clear = False
                break
        if clear:
            out[k] = 1.0 / (1.0 + (cells / half) * (cells / half))
            total += worth[k] * out[k]
    return total


@dataclass(frozen=True, slots=True)
class Sight:
    """How far places look.

    Attributes
    ----------
    radius_m : float
        Nobody beyond it counts.
    half_m : float
        At this distance a person counts half: worth / (1 + (d / half)²). In sight is not yet served, near by is.
    receiver_m : float
        Above ground.
    earth_radius_m : float
        Effective.
    """

    radius_m: float
    half_m: float
    receiver_m: float
    earth_radius_m: float


def seen_worth(heights_m: _F64, cell_m: float, place: tuple[int, int], antenna_m: float, people: People, sight: Sight) -> tuple[float, _F64]:
    """Return the worth in sight of a place, and what part of each block's counts (0 out of sight).

    Parameters
    ----------
    heights_m : (rows, columns) float64 array
        Ground; NaN not known: nothing behind it is in sight.
    cell_m : float
    place : (int, int)
        Row and column.
    antenna_m : float
        Above ground.
    people : People
    sight : Sight

    Raises
    ------
    GridMismatchError
        If the place or people lie outside the heights.
    """
    rows, columns = heights_m.shape
    inside = len(people.row) == 0 or (
        people.row.min() >= 0 and people.column.min() >= 0 and people.row.max() < rows and people.column.max() < columns
    )
    if not (0 <= place[0] < rows and 0 <= place[1] < columns and inside):
        raise GridMismatchError("Vị trí nằm ngoài lưới độ cao.", "A place lies outside the grid of heights.")
    parts = np.zeros(len(people.row))
    top = float(heights_m[place]) + antenna_m
    if top != top:
        return 0.0, parts
    found = _seen(
        heights_m, cell_m, place[0], place[1], top, people.row, people.column, people.worth, sight.radius_m / cell_m, sight.half_m / cell_m,
        sight.receiver_m, sight.earth_radius_m, parts,
    )  # fmt: skip
    return float(found), parts


def most_seeing(
    heights_m: _F64, cell_m: float, row: _I64, column: _I64, antenna_m: _F64, price: _F64, people: People, sight: Sight, *, most: int,
    wanted: People | None = None, each: int = 2,
) -> tuple[_I64, _F64]:  # fmt: skip
    """Return the most promising places in order, and the worth that each sees (all of it, whoever else sees it).

    First come, for each place that is wanted served by all means (a village), those that see it from nearest. Then the
    next is always that which sees most for its price of what is left; what it sees loses half of what of it counts, so that
    ridges over many people do not crowd out the only place over a few. Worth only falls, so a place that still leads after its
    figure was made anew is the next (lazy greedy, Minoux 1978).

    Parameters
    ----------
    heights_m : (rows, columns) float64 array
    cell_m : float
    row, column : (n,) int64 arrays
    antenna_m, price : (n,) float64 arrays
        Prices above 0, in any unit.
    people : People
    sight : Sight
    most : int
        Number of places to return at most; those that see nobody are left out.
    wanted : People, optional
        Villages; their worth does not count.
    each : int
        Places for each of them.
    """
    left = People(people.row, people.column, people.worth.astype(np.float64).copy())
    heights = np.ascontiguousarray(heights_m, dtype=np.float64)

    def look(k: int, at: People) -> tuple[float, _F64]:
        return seen_worth(heights, cell_m, (int(row[k]), int(column[k])), float(antenna_m[k]), at, sight)

    first = np.array([look(k, left)[0] for k in range(len(row))])
    chosen: list[int] = []

    def take(k: int, parts: _F64) -> None:
        chosen.append(k)
        left.worth[:] *= 1.0 - _FADE * parts

    if wanted is not None and len(wanted.row) and len(row):
        parts = np.stack([look(k, wanted)[1] for k in range(len(row))])
        for v in range(len(wanted.row)):
            for k in np.argsort(-parts[:, v], kind="stable")[:each].tolist():
                if parts[k, v] > 0 and k not in chosen and len(chosen) < most:
                    take(k, look(k, left)[1])
    heap = [(-first[k] / price[k], k) for k in range(len(row)) if first[k] > 0 and k not in chosen]
    heapq.heapify(heap)
    while heap and len(chosen) < most:
        _, k = heapq.heappop(heap)
        worth, parts = look(k, left)
        now = (-worth / price[k], k)
        if heap and now > heap[0]:
            if worth > 0:
                heapq.heappush(heap, now)
            continue
        take(k, parts)
    picked = np.array(chosen, dtype=np.int64)
    return picked, first[picked]
