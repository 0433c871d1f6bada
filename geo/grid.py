"""The place of a raster: one value, shared by all rasters of a run.

Rows run from north to south, columns from west to east. A cell is an area; its value stands for
the whole cell, its *centre* is ``transform * (column + 0.5, row + 0.5)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import numpy.typing as npt
from affine import Affine

from geo.errors import GridMismatchError, InputError

__all__ = ["Grid", "require_same_grid"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Coordinate system, transform and shape of a north-up raster.

    Attributes
    ----------
    epsg : int
        Coordinate reference system.
    x_min, y_max : float
        Outer corner of the first cell (west, north), in the CRS's unit.
    cell_size : float
        Width and height of a cell in the CRS's unit (square cells).
    rows, columns : int
    """

    epsg: int
    x_min: float
    y_max: float
    cell_size: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not (self.cell_size > 0 and self.rows > 0 and self.columns > 0):
            raise InputError(
                f"Lưới không hợp lệ: cỡ ô {self.cell_size}, {self.rows} hàng, {self.columns} cột.",
                f"Invalid grid: cell size {self.cell_size}, {self.rows} rows, {self.columns} columns.",
            )

    @classmethod
    def covering(
        cls, bounds: tuple[float, float, float, float], *, cell_size: float, epsg: int
    ) -> Grid:
        """Return the smallest grid over ``(x_min, y_min, x_max, y_max)``, aligned to whole cells."""
        x_min, y_min, x_max, y_max = bounds
        left, top = floor(x_min / cell_size), ceil(y_max / cell_size)
        right, bottom = ceil(x_max / cell_size), floor(y_min / cell_size)
        return cls(epsg, left * cell_size, top * cell_size, cell_size, max(1, top - bottom), max(1, right - left))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.rows, self.columns)

    @property
    def transform(self) -> Affine:
        """Affine transform from (column, row) of corners to (x, y)."""
        return Affine(self.cell_size, 0.0, self.x_min, 0.0, -self.cell_size, self.y_max)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(x_min, y_min, x_max, y_max)."""
        return (
            self.x_min,
            self.y_max - self.rows * self.cell_size,
            self.x_min + self.columns * self.cell_size,
            self.y_max,
        )

    def centres(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return x of the columns' centres, shape (columns,), and y of the rows' centres, shape (rows,)."""
        x = self.x_min + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.cell_size
        y = self.y_max - (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell_size
        return x, y

    def locate(
        self, x: npt.ArrayLike, y: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return row and column of points; -1 in both for points outside or NaN.

        A point on an inner edge belongs to the cell east or south of it.
        """
        with np.errstate(invalid="ignore"):
            column = np.floor((np.asarray(x, dtype=np.float64) - self.x_min) / self.cell_size)
            row = np.floor((self.y_max - np.asarray(y, dtype=np.float64)) / self.cell_size)
            inside = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
        return (
            np.where(inside, row, -1).astype(np.int64),
            np.where(inside, column, -1).astype(np.int64),
        )

    def blocks(self, size: int) -> Iterator[tuple[slice, slice]]:
        """Yield (rows, columns) slices that tile the grid in squares of at most ``size`` cells."""
        for top in range(0, self.rows, size):
            for left in range(0, self.columns, size):
                yield slice(top, min(top + size, self.rows)), slice(left, min(left + size, self.columns))

    def window(self, rows: slice, columns: slice) -> Grid:
        """Return the grid of a block."""
        return Grid(
            self.epsg,
            self.x_min + columns.start * self.cell_size,
            self.y_max - rows.start * self.cell_size,
            self.cell_size,
            rows.stop - rows.start,
            columns.stop - columns.start,
        )


def require_same_grid(*grids: Grid) -> Grid:
    """Return the one grid that all share.

    Raises
    ------
    GridMismatchError
        If any two differ.
    """
    first = grids[0]
    for other in grids[1:]:
        if other != first:
            raise GridMismatchError(
                f"Hai lưới khác nhau: {first} và {other}.", f"Two grids differ: {first} and {other}."
            )
    return first
