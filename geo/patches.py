"""Where no boundary runs: a grid over polygons whose connected free cells all have one answer.

Most points of a long list lie well inside some polygon. Two points that can be joined without
crossing any edge lie in the same polygons, so that one exact test answers for a whole patch; only
points in cells that an edge touches need one of their own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

__all__ = ["PatchGrid"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_CELLS = 12_000_000  # 12 MB of flags, 48 MB of labels
_MANY_CELLS = 64  # an edge over more cells than this is marked by itself
_EDGE_CELLS = 400_000_000  # beyond this much work the grid is not worth it


class PatchGrid:
    """Cells that polygon edges touch, and the patches of cells between them.

    The cell of a point is found by rounding down the same way for points and for the ends of
    edges. Rounding is monotone, so that every point of an edge lies in the range of cells between
    those of its ends: all of that range is marked, and what is not marked is free for certain.

    Parameters
    ----------
    shapes : (n,) array of Polygon or MultiPolygon
    smallest : float
        Smallest side of a cell, in the unit of the coordinates.
    """

    def __init__(self, shapes: npt.NDArray[np.object_], smallest: float) -> None:
        self._west, self._south, east, north = (float(v) for v in shapely.total_bounds(shapes))
        wide, high = max(east - self._west, smallest), max(north - self._south, smallest)
        self.side = max(float(np.sqrt(wide * high / _CELLS)), wide / _CELLS, high / _CELLS, smallest)
        self._shape = (int(high / self.side) + 2, int(wide / self.side) + 2)
        self.marked = np.zeros(self._shape, dtype=bool)
        self.usable = self._mark(shapes)
        self._labels = np.zeros((0, 0), dtype=np.int32)
        self.patches = 0
        if self.usable:
            self._labels, self.patches = ndimage.label(~self.marked)

    def _cell(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        column = np.floor((x - self._west) / self.side).astype(np.int64)
        row = np.floor((y - self._south) / self.side).astype(np.int64)
        return row, column

    def _mark(self, shapes: npt.NDArray[np.object_]) -> bool:
        kinds = shapely.get_type_id(shapes)
        if not np.isin(kinds, [3, 6]).all():  # Polygon, MultiPolygon
            return False
        rings = shapely.get_rings(shapely.get_parts(shapes))
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        row, column = self._cell(xy[:, 0], xy[:, 1])
        self.marked[row, column] = True
        same = ring[1:] == ring[:-1]
        crosses = np.flatnonzero(same & ((row[1:] != row[:-1]) | (column[1:] != column[:-1])))
        top, bottom = np.minimum(row[crosses], row[crosses + 1]), np.maximum(row[crosses], row[crosses + 1])
        left, right = np.minimum(column[crosses], column[crosses + 1]), np.maximum(column[crosses], column[crosses + 1])
        high, wide = bottom - top + 1, right - left + 1
        count = high * wide
        if int(count.sum()) > _EDGE_CELLS:
            return False
        short = count <= _MANY_CELLS
        start = np.repeat(np.cumsum(count[short]) - count[short], count[short])
        nth = np.arange(int(count[short].sum())) - start
        across = np.repeat(wide[short], count[short])
        self.marked[np.repeat(top[short], count[short]) + nth // across, np.repeat(left[short], count[short]) + nth % across] = True
        for t, b, lo, hi in zip(top[~short], bottom[~short], left[~short], right[~short], strict=True):
            self.marked[t : b + 1, lo : hi + 1] = True
        return True

    def patch(self, x: FloatArray, y: FloatArray) -> IntArray:
        """Return the patch of each point: 1 to ``patches``, 0 where an edge touches its cell, -1 beyond the grid.

        Beyond the grid there is no polygon. Coordinates must be finite.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            column = np.floor((x - self._west) / self.side)
            row = np.floor((y - self._south) / self.side)
            there = (row >= 0) & (row < self._shape[0]) & (column >= 0) & (column < self._shape[1])
        if there.all():
            return self._labels[row.astype(np.int64), column.astype(np.int64)].astype(np.int64)
        found = np.full(len(x), -1, dtype=np.int64)
        found[there] = self._labels[row[there].astype(np.int64), column[there].astype(np.int64)]
        return found

    def near_edge(self, x: FloatArray, y: FloatArray) -> BoolArray:
        """Return which points have an edge in their cell or one beside it; others are a cell's side from any."""
        near = np.zeros(len(x), dtype=bool)
        with np.errstate(invalid="ignore", over="ignore"):
            column = np.floor((x - self._west) / self.side)
            row = np.floor((y - self._south) / self.side)
            there = (row >= -1) & (row <= self._shape[0]) & (column >= -1) & (column <= self._shape[1])
        r, c = row[there].astype(np.int64), column[there].astype(np.int64)
        found = np.zeros(len(r), dtype=bool)
        for down in (-1, 0, 1):
            for over in (-1, 0, 1):
                inside = (r + down >= 0) & (r + down < self._shape[0]) & (c + over >= 0) & (c + over < self._shape[1])
                found[inside] |= self.marked[r[inside] + down, c[inside] + over]
        near[there] = found
        return near
