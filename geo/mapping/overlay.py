"""Rasters as images on a web map: reprojected to EPSG:3857 with the nearest cell, one colour per state.

The image is only for looking at. Each pixel's centre is brought back to the raster's own system by
the pinned operation of :mod:`geo.crs` and takes the state of the cell it falls in; states are never
mixed.
"""

from __future__ import annotations

import base64
import warnings
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from scipy.interpolate import RectBivariateSpline

from geo.crs import from_wgs84, to_wgs84
from geo.errors import CrsError
from geo.grid import Grid
from geo.mapping.palette import Palette

__all__ = ["MercatorFrame", "state_png"]

_RADIUS_M = 6378137.0  # EPSG:3857: sphere with the equatorial radius of WGS 84
_LATTICE_PX = 32
_HATCH_PERIOD_PX = 8
_EDGE_POINTS = 65


@dataclass(frozen=True)
class MercatorFrame:
    """Image frame in EPSG:3857 over a grid, and which cell each pixel shows.

    Parameters
    ----------
    grid : Grid
    largest_px : int
        Longest side of the image.
    pixels_per_cell : float
        Pixels along a cell's side, before the limit; above 1 so that no cell is lost.
    """

    grid: Grid
    largest_px: int
    pixels_per_cell: float

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Outer edges west, south, east, north in degrees (EPSG:4326)."""
        x_min, y_min, x_max, y_max = self.grid.bounds
        along_x, along_y = np.linspace(x_min, x_max, _EDGE_POINTS), np.linspace(y_min, y_max, _EDGE_POINTS)
        x = np.concatenate([along_x, along_x, np.full(_EDGE_POINTS, x_min), np.full(_EDGE_POINTS, x_max)])
        y = np.concatenate([np.full(_EDGE_POINTS, y_min), np.full(_EDGE_POINTS, y_max), along_y, along_y])
        lon, lat = to_wgs84(x, y, self.grid.epsg)
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            raise CrsError(
                f"Lưới vượt ra ngoài phạm vi của EPSG:{self.grid.epsg}, không vẽ được lên bản đồ.",
                f"The grid leaves the domain of EPSG:{self.grid.epsg} and cannot be drawn on the map.",
            )
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    @cached_property
    def _mercator(self) -> tuple[float, float, float, float]:
        west, south, east, north = self.bounds
        x = np.radians([west, east]) * _RADIUS_M
        y = np.log(np.tan(np.pi / 4 + np.radians([south, north]) / 2)) * _RADIUS_M
        return float(x[0]), float(y[0]), float(x[1]), float(y[1])

    @cached_property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the image: square pixels, within the limit."""
        x0, y0, x1, y1 = self._mercator
        longest = min(self.largest_px, ceil(max(self.grid.shape) * self.pixels_per_cell))
        pixel = max(x1 - x0, y1 - y0) / longest
        return max(1, round((y1 - y0) / pixel)), max(1, round((x1 - x0) / pixel))

    @cached_property
    def cells(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Row and column of the grid's cell under each pixel's centre, -1 outside; shape of the image.

        The projection is computed on every 32nd pixel and interpolated linearly between: with cells
        of 50 m or more the error is below a tenth of a cell.
        """
        rows, columns = self.shape
        x0, y0, x1, y1 = self._mercator
        px, py = (x1 - x0) / columns, (y1 - y0) / rows
        lattice_x = _lattice(columns)
        lattice_y = _lattice(rows)
        lon = np.degrees((x0 + lattice_x * px) / _RADIUS_M)
        lat = np.degrees(2 * np.arctan(np.exp((y1 - lattice_y * py) / _RADIUS_M)) - np.pi / 2)
        at_lon, at_lat = np.meshgrid(lon, lat)
        x, y = from_wgs84(at_lon.ravel(), at_lat.ravel(), self.grid.epsg)
        centre_x, centre_y = np.arange(columns) + 0.5, np.arange(rows) + 0.5
        full = [
            RectBivariateSpline(lattice_y, lattice_x, values.reshape(at_lon.shape), kx=1, ky=1)(centre_y, centre_x)
            for values in (x, y)
        ]
        return self.grid.locate(full[0], full[1])


def _lattice(pixels: int) -> npt.NDArray[np.float64]:
    return np.linspace(0.0, float(pixels), max(2, ceil(pixels / _LATTICE_PX) + 1))


def state_png(state: npt.NDArray[np.uint8], frame: MercatorFrame, colours: Palette) -> str:
    """Return the states as a palette PNG in a ``data:`` address.

    Parameters
    ----------
    state : (rows, columns) uint8 array
        On the frame's grid; 0 is transparent.
    frame : MercatorFrame
    colours : Palette

    Returns
    -------
    str
        ``data:image/png;base64,...``, placed at ``frame.bounds``.
    """
    row, column = frame.cells
    pixels = np.where(row >= 0, state[row, column], 0).astype(np.uint8)
    table: dict[int, tuple[int, int, int, int]] = {0: (0, 0, 0, 0)}
    across, down = np.arange(pixels.shape[1])[None, :], np.arange(pixels.shape[0])[:, None]
    masks = {
        "lines": (across + down) % _HATCH_PERIOD_PX < 2,
        "dots": (across % _HATCH_PERIOD_PX < 2) & (down % _HATCH_PERIOD_PX < 2),
    }
    following = max(entry.code for entry in colours.states) + 1
    for entry in colours.states:
        table[entry.code] = _rgba(entry.colour)
        if entry.hatch:
            table[following] = _rgba(entry.hatch)
            pixels[(pixels == entry.code) & masks[entry.hatch_kind]] = following
            following += 1
    return "data:image/png;base64," + base64.b64encode(_png(pixels, table)).decode("ascii")


def _rgba(colour: str) -> tuple[int, int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16), 255


def _png(pixels: npt.NDArray[np.uint8], table: dict[int, tuple[int, int, int, int]]) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the page places the image, not the file
        with rasterio.MemoryFile() as memory:
            with memory.open(
                driver="PNG", height=pixels.shape[0], width=pixels.shape[1], count=1, dtype="uint8", zlevel=9, nbits=4
            ) as image:
                image.write(pixels, 1)
                image.write_colormap(1, table)
            return bytes(memory.read())
