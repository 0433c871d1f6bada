"""Population rasters: people per cell, summed and shared out, never averaged.

Any CRS that :mod:`geo.crs` can link to WGS 84. The file's nodata, non-finite and negative values are
unknown (NaN). Polygons travel to the raster's CRS, densified; the raster itself is never resampled:
on its way to a grid each cell's people are split over equal parts of the cell and each part goes to
the grid cell that holds it, so that the sum stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, cos, fsum, radians
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from geo.crs import from_wgs84, parse_crs, to_wgs84, transform
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.geotiff import GeoTiff, blocks, open_geotiff, raster_limits, read_window
from geo.io.polygons import projected
from geo.io.resources import load_toml
from geo.validation import IssueLog, Source

__all__ = ["PopulationOnGrid", "PopulationRaster", "open_population_raster"]

FloatArray = npt.NDArray[np.float64]
_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
_PARTS_PER_GRID_CELL = 4
_PARTS = (4, 40)
_CHUNK = 4_000_000
_KM_PER_DEGREE = 111.32


@dataclass(frozen=True, slots=True)
class PopulationOnGrid:
    """People per grid cell.

    Attributes
    ----------
    values : (rows, columns) float64 array
        NaN where the raster knows nothing.
    grid : Grid
    total : float
        People in the raster.
    inside, outside : float
        Of these, on the grid and beyond it; ``inside + outside == total`` to rounding.
    """

    values: FloatArray
    grid: Grid
    total: float
    inside: float
    outside: float


@dataclass(frozen=True, slots=True)
class PopulationRaster:
    """A checked raster of people per cell; values are read by windows.

    Attributes
    ----------
    raster : GeoTiff
    total : float
        People in all known cells.
    known_cells : int
    """

    raster: GeoTiff
    total: float
    known_cells: int

    def population_by_unit(self, units: gpd.GeoDataFrame) -> pd.DataFrame:
        """Return people per unit, cells on a boundary counted by the exact share inside.

        Parameters
        ----------
        units : GeoDataFrame
            Polygons, EPSG:4326, with ``commune_code``.

        Returns
        -------
        DataFrame
            commune_code, population (NaN where the raster knows nothing), known_share (share of the
            unit's area, in the raster's CRS, with known cells), in the order of ``units``.
        """
        shapes = projected(units, self.raster.crs)
        population, known = np.full(len(units), np.nan), np.zeros(len(units))
        for members in self._batches(shapes):
            rows, columns = self._window([shapes[i] for i in members])
            if rows.stop <= rows.start or columns.stop <= columns.start:
                continue
            values = _clean(read_window(self.raster, rows, columns))
            step_x, step_y = self.raster.transform.a, -self.raster.transform.e
            left = self.raster.transform.c + columns.start * step_x
            top = self.raster.transform.f - rows.start * step_y
            source = NumPyRasterSource(
                values,
                xmin=left,
                ymin=top - values.shape[0] * step_y,
                xmax=left + values.shape[1] * step_x,
                ymax=top,
                nodata=np.nan,
            )
            features = [
                {"type": "Feature", "properties": {"member": int(i)}, "geometry": shapes[i].__geo_interface__}
                for i in members
            ]
            for found in exact_extract(source, features, ["sum", "count"], include_cols=["member"]):
                cells = float(found["properties"]["count"] or 0.0)
                i = int(found["properties"]["member"])
                if cells > 0:
                    population[i] = float(found["properties"]["sum"])
                    known[i] = min(1.0, cells * step_x * step_y / shapes[i].area)
        return pd.DataFrame(
            {"commune_code": units["commune_code"].to_numpy(), "population": population, "known_share": known}
        )

    def _batches(self, shapes: npt.NDArray[np.object_]) -> Iterator[list[int]]:
        """Yield groups of units whose common window fits in memory."""
        todo = [[i for i, s in enumerate(shapes) if s is not None and not s.is_empty]]
        while todo:
            members = todo.pop()
            if not members:
                continue
            rows, columns = self._window([shapes[i] for i in members])
            size = max(0, rows.stop - rows.start) * max(0, columns.stop - columns.start)
            if size > raster_limits().window_cells // 4 and len(members) > 1:
                middle = len(members) // 2
                todo += [members[middle:], members[:middle]]
            else:
                yield members

    def _window(self, shapes: list[object]) -> tuple[slice, slice]:
        boxes = np.array([s.bounds for s in shapes])  # type: ignore[attr-defined]
        return self._clip(boxes[:, 0].min(), boxes[:, 1].min(), boxes[:, 2].max(), boxes[:, 3].max())

    def _clip(self, west: float, south: float, east: float, north: float) -> tuple[slice, slice]:
        """Return the cells that meet a box in the raster's CRS."""
        t = self.raster.transform
        if not np.isfinite([west, south, east, north]).all():
            return slice(0, self.raster.rows), slice(0, self.raster.columns)
        left, right = int(np.floor((west - t.c) / t.a)), int(np.ceil((east - t.c) / t.a))
        top, bottom = int(np.floor((t.f - north) / -t.e)), int(np.ceil((t.f - south) / -t.e))
        return (
            slice(max(0, top), min(self.raster.rows, bottom)),
            slice(max(0, left), min(self.raster.columns, right)),
        )

    def to_grid(self, grid: Grid) -> PopulationOnGrid:
        """Return people per cell of a grid; the total is kept.

        Each cell's people are split evenly over n × n equal parts of the cell (parts of at most a
        quarter of a grid cell), and each part belongs to the grid cell that holds its centre.

        Parameters
        ----------
        grid : Grid
            In metres.

        Raises
        ------
        GridMismatchError
            If the grid is in degrees.
        """
        if parse_crs(f"EPSG:{grid.epsg}").is_geographic:
            raise GridMismatchError("Lưới phải ở hệ mét.", "The grid must be in metres.")
        rows, columns = self._around(grid)
        parts = self._parts(grid)
        sums = np.zeros(grid.rows * grid.columns)
        counted: list[float] = []
        beyond: list[float] = [0.0]
        for strip_rows, strip_columns in blocks(self.raster, rows, columns):
            values = _clean(read_window(self.raster, strip_rows, strip_columns))
            beyond.append(self._share_out(values, strip_rows.start, strip_columns.start, grid, parts, sums))
            counted.append(float(np.nansum(values)))
        outside = fsum(beyond) + (self.total - fsum(counted))
        values = sums.reshape(grid.shape)
        unknown = ~self._known(grid) & (values == 0)
        inside = float(values.sum())
        values[unknown] = np.nan
        return PopulationOnGrid(values, grid, self.total, inside, outside)

    def _around(self, grid: Grid) -> tuple[slice, slice]:
        """Return the raster's cells that may have a part on the grid."""
        left, bottom, right, top = grid.bounds
        x, y = np.linspace(left, right, 50), np.linspace(bottom, top, 50)
        edge_x = np.concatenate([x, x, np.full(50, left), np.full(50, right)])
        edge_y = np.concatenate([np.full(50, bottom), np.full(50, top), y, y])
        px, py = transform(edge_x, edge_y, grid.epsg, self.raster.crs)
        pad_x, pad_y = 2 * self.raster.transform.a, -2 * self.raster.transform.e
        return self._clip(px.min() - pad_x, py.min() - pad_y, px.max() + pad_x, py.max() + pad_y)

    def _parts(self, grid: Grid) -> int:
        t = self.raster.transform
        size = max(t.a, -t.e)
        if parse_crs(self.raster.crs).is_geographic:
            middle = t.f + t.e * self.raster.rows / 2
            size = max(t.a * cos(radians(middle)), -t.e) * 111_320.0
        return min(max(_PARTS[0], ceil(_PARTS_PER_GRID_CELL * size / grid.cell_size)), _PARTS[1])

    def _share_out(
        self, values: FloatArray, row: int, column: int, grid: Grid, parts: int, sums: FloatArray
    ) -> float:
        """Add a window's people to ``sums`` in place; return those who live beyond the grid."""
        t = self.raster.transform
        r, c = np.nonzero(np.nan_to_num(values) > 0)
        people = values[r, c]
        offsets = (np.arange(parts) + 0.5) / parts
        beyond: list[float] = []
        step = max(1, _CHUNK // (parts * parts))
        for start in range(0, len(people), step):
            rr, cc = r[start : start + step] + row, c[start : start + step] + column
            corner_x, corner_y = [], []
            for dr, dc in ((0, 0), (0, 1), (1, 0), (1, 1)):
                x, y = transform(t.c + (cc + dc) * t.a, t.f + (rr + dr) * t.e, self.raster.crs, grid.epsg)
                corner_x.append(x)
                corner_y.append(y)
            # Within one cell the two systems differ by a bilinear map to far below a part's size.
            down, along = offsets[None, :, None], offsets[None, None, :]

            def spread(
                corner: list[FloatArray], down: FloatArray = down, along: FloatArray = along
            ) -> FloatArray:
                a, b, d, e = (v[:, None, None] for v in corner)
                return np.asarray((1 - down) * ((1 - along) * a + along * b) + down * ((1 - along) * d + along * e))

            grid_row, grid_column = grid.locate(spread(corner_x).ravel(), spread(corner_y).ravel())
            weight = np.repeat(people[start : start + step] / (parts * parts), parts * parts)
            hit = grid_row >= 0
            np.add(
                sums,
                np.bincount(grid_row[hit] * grid.columns + grid_column[hit], weight[hit], minlength=sums.size),
                out=sums,
            )
            beyond.append(float(weight[~hit].sum()))
        return fsum(beyond)

    def _known(self, grid: Grid) -> npt.NDArray[np.bool_]:
        """Return whether a known cell of the raster lies under each grid cell's centre."""
        x, y = grid.centres()
        known = np.zeros(grid.shape, dtype=bool)
        t = self.raster.transform
        for start in range(0, grid.rows, 256):
            part_y = y[start : start + 256]
            all_x, all_y = np.meshgrid(x, part_y)
            px, py = transform(all_x.ravel(), all_y.ravel(), grid.epsg, self.raster.crs)
            with np.errstate(invalid="ignore"):
                column, row = np.floor((px - t.c) / t.a), np.floor((t.f - py) / -t.e)
                hit = (row >= 0) & (row < self.raster.rows) & (column >= 0) & (column < self.raster.columns)
            if not hit.any():
                continue
            r, c = row[hit].astype(np.int64), column[hit].astype(np.int64)
            window = _clean(
                read_window(self.raster, slice(int(r.min()), int(r.max()) + 1), slice(int(c.min()), int(c.max()) + 1))
            )
            flat = np.zeros(len(px), dtype=bool)
            flat[hit] = np.isfinite(window[r - r.min(), c - c.min()])
            known[start : start + 256] = flat.reshape(len(part_y), grid.columns)
        return known


def _clean(values: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        values[values < 0] = np.nan
    return values


def open_population_raster(
    path: Path, *, log: IssueLog, label: str = "", crs: str | None = None
) -> PopulationRaster:
    """Check a raster of people per cell and count them, reading it once by strips.

    Parameters
    ----------
    path : Path
        GeoTIFF with one band.
    log : IssueLog
        Receives negative values, missing cells, a raster of zeros, and one whose values are too many to be people.
    label : str
        Name shown to people.
    crs : str, optional
        For a file that names none.

    Raises
    ------
    MissingInputError, InputError, CrsError
        See :func:`geo.io.geotiff.open_geotiff`.
    """
    raster = open_geotiff(path, label=label, dtypes=_DTYPES, crs=crs)
    _require_link(raster)
    sums: list[float] = []
    negative = known = 0
    lowest = area_km2 = 0.0
    cell_km2 = _cell_areas_km2(raster)
    for rows, columns in blocks(raster):
        values = read_window(raster, rows, columns)
        with np.errstate(invalid="ignore"):
            below = values < 0
        if below.any():
            negative += int(below.sum())
            lowest = min(lowest, float(values[below].min()))
        values = _clean(values)
        here = np.isfinite(values)
        known += int(here.sum())
        area_km2 += float(here.sum(axis=1) @ cell_km2[rows])
        sums.append(float(np.nansum(values)))
    source, cells = Source(raster.label), raster.rows * raster.columns
    if negative:
        log.add("population_negative", source, came=f"{lowest:g}", fields={"count": negative})
    if known < cells:
        log.add(
            "population_no_data",
            source,
            fields={"count": cells - known, "share": f"{100 * (1 - known / cells):.1f} %"},
        )
    total = fsum(sums)
    if known and total == 0:
        log.add("population_all_zero", source)
    density, limit = total / area_km2 if area_km2 > 0 else 0.0, float(load_toml("input_checks.toml")["population"]["density_high_per_km2"]["value"])
    if density > limit:  # no area as a whole is so dense: metres of height, or persons per km², look like this
        log.add("population_not_counts", source, came=f"{density:.0f}", fields={"density": f"{density:.0f}", "limit": f"{limit:.0f}"})
    return PopulationRaster(raster, total, known)


def _cell_areas_km2(raster: GeoTiff) -> FloatArray:
    """Return the area of a cell of each row, near enough to tell people from metres."""
    t = raster.transform
    if not parse_crs(raster.crs).is_geographic:
        return np.full(raster.rows, abs(t.a * t.e) / 1e6)
    lat = t.f + t.e * (np.arange(raster.rows) + 0.5)
    return np.asarray(abs(t.a * t.e) * _KM_PER_DEGREE**2 * np.cos(np.radians(lat)), dtype=np.float64)


def _require_link(raster: GeoTiff) -> None:
    """Fail early if the raster's CRS has no reliable way to WGS 84."""
    t = raster.transform
    lon, lat = to_wgs84([t.c + t.a * raster.columns / 2], [t.f + t.e * raster.rows / 2], raster.crs)
    from_wgs84(lon, lat, raster.crs)
