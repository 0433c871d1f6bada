"""Where the made-up province lies: one local plane in metres and the rasters' extents.

The plane is an equirectangular one about 22° N 105.2° E (WGS 84 radii of curvature there). It is the
generator's own and owes nothing to the product's coordinate code; scale error within the sample is
below 0.4 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["FloatArray", "Lattice", "bilinear", "records", "terrain_lattice", "to_degrees", "to_metres"]

FloatArray = npt.NDArray[np.float64]

_LON0, _LAT0 = 105.2, 22.0
_M_PER_DEG_LON, _M_PER_DEG_LAT = 103_263.0, 110_732.0


@dataclass(frozen=True, slots=True)
class Lattice:
    """A north-up raster in degrees.

    Attributes
    ----------
    west_deg, north_deg : float
        Outer corner (cell edge, not centre).
    step_deg : float
        Cell size.
    rows, columns : int
    """

    west_deg: float
    north_deg: float
    step_deg: float
    rows: int
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.rows, self.columns

    @property
    def cell_m(self) -> tuple[float, float]:
        """Cell width and height in metres at the centre of the sample."""
        return self.step_deg * _M_PER_DEG_LON, self.step_deg * _M_PER_DEG_LAT

    def coarser(self, factor: int) -> Lattice:
        """Return the lattice of the same corner with cells ``factor`` times as wide."""
        return Lattice(
            self.west_deg, self.north_deg, self.step_deg * factor, self.rows // factor, self.columns // factor
        )

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of all cell centres, each of shape (rows, columns)."""
        lon = self.west_deg + (np.arange(self.columns) + 0.5) * self.step_deg
        lat = self.north_deg - (np.arange(self.rows) + 0.5) * self.step_deg
        out_lon, out_lat = np.meshgrid(lon, lat)
        return out_lon, out_lat

    def position(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return fractional row and column, 0 at the centre of the first cell."""
        row = (self.north_deg - np.asarray(lat, dtype=np.float64)) / self.step_deg - 0.5
        column = (np.asarray(lon, dtype=np.float64) - self.west_deg) / self.step_deg - 0.5
        return row, column

    def cell(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the row and column of the cell that holds each point, clipped to the raster."""
        row, column = self.position(lon, lat)
        return (
            np.clip(np.rint(row), 0, self.rows - 1).astype(np.int64),
            np.clip(np.rint(column), 0, self.columns - 1).astype(np.int64),
        )


def terrain_lattice() -> Lattice:
    """Return the 3 arc-second lattice that covers the province and some 20 km around it."""
    return Lattice(104.66, 22.49, 1 / 1200, 1176, 1296)


def to_metres(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return x (east) and y (north) in metres on the local plane."""
    return (
        (np.asarray(lon, dtype=np.float64) - _LON0) * _M_PER_DEG_LON,
        (np.asarray(lat, dtype=np.float64) - _LAT0) * _M_PER_DEG_LAT,
    )


def to_degrees(x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of points on the local plane."""
    return (
        np.asarray(x_m, dtype=np.float64) / _M_PER_DEG_LON + _LON0,
        np.asarray(y_m, dtype=np.float64) / _M_PER_DEG_LAT + _LAT0,
    )


def bilinear(
    raster: npt.NDArray[np.floating], lattice: Lattice, lon: npt.ArrayLike, lat: npt.ArrayLike
) -> FloatArray:
    """Return ``raster`` (values at cell centres) at points, clamped at its edges."""
    row, column = lattice.position(lon, lat)
    row = np.clip(row, 0.0, lattice.rows - 1.001)
    column = np.clip(column, 0.0, lattice.columns - 1.001)
    i, j = row.astype(np.int64), column.astype(np.int64)
    u, v = row - i, column - j
    top = raster[i, j] * (1 - v) + raster[i, j + 1] * v
    bottom = raster[i + 1, j] * (1 - v) + raster[i + 1, j + 1] * v
    return np.asarray(top * (1 - u) + bottom * u, dtype=np.float64)


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table as named tuples without the index."""
    yield from frame.itertuples(index=False)
