"""Land cover: class codes of ESA WorldCover, read by windows; what the codes mean is in land_cover.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual, ResourceError
from geo.grid import Grid
from geo.io.geotiff import GeoTiff, blocks, open_geotiff, read_window
from geo.io.majority import count_kernel, look_up_kernel, majority_even_kernel, majority_kernel
from geo.io.resources import load_toml
from geo.io.terrain import TerrainWindow
from geo.validation import IssueLog, Source

__all__ = [
    "LandCover",
    "LandCoverClass",
    "built_up_codes",
    "clutter_heights_m",
    "join_land_cover",
    "land_cover_classes",
    "open_land_cover",
]

_BUCKET = 2048
_UNKNOWN = 0
_WGS84 = "EPSG:4326"
_CONTROL = 16  # nodes between the points at which the lattice's positions in the raster are computed
_NUDGE = 1e-6  # a point on an edge belongs to the next cell, whatever its last digits say
_STRIP_CELLS = 4_000_000  # cells of land cover held at once


@dataclass(frozen=True, slots=True)
class LandCoverClass:
    """One class: name, kind of clutter, its representative height, and whether it is built-up land."""

    code: int
    name: Bilingual
    clutter: str
    clutter_height_m: float
    built_up: bool
    source: str
    status: str


@lru_cache(maxsize=1)
def land_cover_classes() -> Mapping[int, LandCoverClass]:
    """Return the classes by code.

    Raises
    ------
    ResourceError
        If land_cover.toml lacks an entry.
    """
    try:
        return {
            int(code): LandCoverClass(
                int(code),
                Bilingual(entry["name"]["vi"], entry["name"]["en"]),
                entry["clutter"],
                float(entry["clutter_height_m"]),
                bool(entry["built_up"]),
                str(entry["source"]),
                str(entry["status"]),
            )
            for code, entry in load_toml("land_cover.toml")["classes"].items()
        }
    except KeyError as error:
        raise ResourceError(
            f"land_cover.toml thiếu mục {error}.", f"land_cover.toml lacks entry {error}."
        ) from error


@dataclass(frozen=True, slots=True)
class LandCover:
    """Checked rasters of class codes; small and picklable.

    Attributes
    ----------
    raster : GeoTiff
    more : tuple of GeoTiff
        Further files; the first listed one that knows a class decides.
    """

    raster: GeoTiff
    more: tuple[GeoTiff, ...] = ()

    @property
    def rasters(self) -> tuple[GeoTiff, ...]:
        """All files, in the order listed."""
        return (self.raster, *self.more)

    def sample(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Return the class code of the cell under each point; 0 outside, for no data and unknown codes.

        Parameters
        ----------
        lon, lat : (n,) float64 array
            EPSG:4326 degrees.
        """
        x, y = np.asarray(lon, dtype=np.float64).ravel(), np.asarray(lat, dtype=np.float64).ravel()
        out = np.zeros(x.shape, dtype=np.uint8)
        for raster in self.rasters:
            open_ = np.flatnonzero(out == _UNKNOWN)
            if open_.size == 0:
                break
            out[open_] = _sample(raster, x[open_], y[open_])
        return out

    def to_window(self, window: TerrainWindow) -> npt.NDArray[np.uint8]:
        """Return the most frequent class in each node's own cell: half a step to each side of the node.

        Every cell is looked at in n × n evenly spread points, n = twice the raster's cells per node
        (rounded up), so that raster cells count by their area. Unknown cells do not vote; ties go to
        the lower code. The points' places depend on the lattice alone, so windows cut differently
        give the same code at the same node. (GDAL's own "mode" is not used: its ties follow the order
        of scanning, and its footprints follow the cut.) In another CRS the places are computed at every
        16th node of the lattice and interpolated bilinearly: 2 mm at 30 m nodes, 0.1 m at 90 m nodes.

        Parameters
        ----------
        window : TerrainWindow
            EPSG:4326.

        Returns
        -------
        (rows, columns) uint8 array
            0 where no point has a known class.

        Raises
        ------
        InputError
            If the values cannot be read.
        """
        out = np.zeros(window.heights.shape, dtype=np.uint8)  # class numbers
        for raster in self.rasters:
            if (out != _UNKNOWN).all():
                break
            _fill(raster, window, out)
        return _numbered()[1][out]

    def to_grid(self, grid: Grid, *, parts: int = 5) -> npt.NDArray[np.uint8]:
        """Return the most frequent class among ``parts`` × ``parts`` points of each cell; ties to the lower code.

        Parameters
        ----------
        grid : Grid
            In metres.
        parts : int

        Returns
        -------
        (rows, columns) uint8 array
            0 where no point has a known class.
        """
        x, y = grid.centres()
        offsets = ((np.arange(parts) + 0.5) / parts - 0.5) * grid.cell_size
        codes = np.array(sorted(land_cover_classes()), dtype=np.uint8)
        out = np.zeros(grid.shape, dtype=np.uint8)
        strip = max(1, 1_000_000 // (grid.columns * parts * parts))
        for start in range(0, grid.rows, strip):
            ys = (y[start : start + strip, None] - offsets[None, :]).ravel()
            xs = (x[:, None] + offsets[None, :]).ravel()
            all_x, all_y = np.meshgrid(xs, ys)
            lon, lat = to_wgs84(all_x.ravel(), all_y.ravel(), grid.epsg)
            rows = len(ys) // parts
            found = self.sample(lon, lat).reshape(rows, parts, grid.columns, parts)
            counts = np.stack([(found == code).sum(axis=(1, 3)) for code in codes])
            out[start : start + rows] = np.where(counts.max(axis=0) > 0, codes[counts.argmax(axis=0)], _UNKNOWN)
        return out


def clutter_heights_m(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the representative clutter height of class codes; NaN for unknown."""
    table = np.full(256, np.nan, dtype=np.float32)
    for code, entry in land_cover_classes().items():
        table[code] = entry.clutter_height_m
    return table[codes]


def built_up_codes() -> tuple[int, ...]:
    """Return the codes of built-up land."""
    return tuple(code for code, entry in sorted(land_cover_classes().items()) if entry.built_up)


def join_land_cover(parts: Sequence[LandCover]) -> LandCover | None:
    """Return several files as one land cover, the first listed one first; None without any."""
    rasters = [raster for part in parts for raster in part.rasters]
    return LandCover(rasters[0], tuple(rasters[1:])) if rasters else None


def _counts(raster: GeoTiff) -> dict[int, int]:
    """Return how often each value stands in the raster, its nodata left out."""
    first, last = np.iinfo(np.int16).min, np.iinfo(np.uint16).max
    counts = np.zeros(last - first + 1, dtype=np.int64)
    plain = raster.scale == 1.0 and raster.offset == 0.0  # else a value need not be whole
    for rows, columns in blocks(raster):
        values = read_window(raster, rows, columns)
        count_kernel(values if plain else np.clip(np.floor(values), first, last), first, counts)
    return {int(k) + first: int(counts[k]) for k in np.flatnonzero(counts)}


def _numbered() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return tables from code to class number (from 1, by rising code; 0 unknown) and back."""
    codes = sorted(land_cover_classes())
    numbers = np.zeros(256, dtype=np.uint8)
    numbers[codes] = np.arange(1, len(codes) + 1, dtype=np.uint8)
    return numbers, np.array([_UNKNOWN, *codes], dtype=np.uint8)


def _codes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return known class codes; 0 for everything else."""
    table = np.zeros(256, dtype=np.uint8)
    codes = list(land_cover_classes())
    table[codes] = codes
    out = np.empty(values.shape, dtype=np.uint8)
    look_up_kernel(values, table, out)
    return out


def _sample(raster: GeoTiff, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return the class code of the raster's cell under each point (EPSG:4326); 0 unknown."""
    row, column = _position(raster, x, y)
    with np.errstate(invalid="ignore"):
        row, column = np.floor(row), np.floor(column)
        hit = (row >= 0) & (row < raster.rows) & (column >= 0) & (column < raster.columns)
    out = np.zeros(x.shape, dtype=np.uint8)
    known = np.flatnonzero(hit)
    if known.size == 0:
        return out
    r, c = row[known].astype(np.int64), column[known].astype(np.int64)
    key = (r // _BUCKET) * (raster.columns // _BUCKET + 1) + c // _BUCKET
    order = np.argsort(key, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        top, left = int(r[part].min()), int(c[part].min())
        window = _codes(
            read_window(raster, slice(top, int(r[part].max()) + 1), slice(left, int(c[part].max()) + 1))
        )
        out[known[part]] = window[r[part] - top, c[part] - left]
    return out


def _position(
    raster: GeoTiff, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return fractional (row, column) of points in a raster, 0 at the outer edge of its first cell."""
    x, y = (lon, lat) if raster.crs == _WGS84 else from_wgs84(lon, lat, raster.crs)
    t = raster.transform
    return (t.f - y) / -t.e, (x - t.c) / t.a


def _anchor(first: float, step: float) -> tuple[int, float]:
    """Return (whole number, phase) of a lattice's node, so that windows of one lattice agree to the last digit.

    Degrees of a node differ in their last digits with the way in which a window was cut.
    """
    whole = floor(first / step + 0.25)
    return whole, round(first / step - whole, 6)


def _fill(raster: GeoTiff, window: TerrainWindow, out: npt.NDArray[np.uint8]) -> None:
    """Put class numbers of one raster where ``out`` is 0."""
    if raster.crs == _WGS84:
        _fill_even(raster, window, out)
    else:
        _fill_turned(raster, window, out)


def _fill_even(raster: GeoTiff, window: TerrainWindow, out: npt.NDArray[np.uint8]) -> None:
    """Fill from a raster in longitude and latitude: rows and columns are looked up apart."""
    column0, phase_x = _anchor(window.west, window.step_lon)
    row0, phase_y = _anchor(-window.north, window.step_lat)
    t = raster.transform
    parts = _parts(max(window.step_lon / t.a, window.step_lat / -t.e))
    offset = (np.arange(parts) + 0.5) / parts - 0.5 + np.array([[phase_x], [phase_y]])
    lon = (column0 + np.arange(out.shape[1])[:, None] + offset[0]) * window.step_lon
    lat = -(row0 + np.arange(out.shape[0])[:, None] + offset[1]) * window.step_lat
    column, row = (lon - t.c) / t.a, (t.f - lat) / -t.e
    held_columns = _span(column, raster.columns)
    if held_columns is None:
        return
    numbers, kinds = _numbered()[0], len(land_cover_classes()) + 1
    strip = max(1, int(_STRIP_CELLS / (held_columns.stop - held_columns.start) / (window.step_lat / -t.e)))
    for start in range(0, out.shape[0], strip):
        held_rows = _span(row[start : start + strip], raster.rows)
        if held_rows is None:
            continue
        majority_even_kernel(
            _classes(raster, held_rows, held_columns, numbers),
            _inside(row[start : start + strip], held_rows),
            _inside(column, held_columns),
            kinds,
            out[start : start + strip],
        )


def _fill_turned(raster: GeoTiff, window: TerrainWindow, out: npt.NDArray[np.uint8]) -> None:
    """Fill from a raster in another CRS: each point of a cell is placed by itself."""
    rows, columns = out.shape
    column0, phase_x = _anchor(window.west, window.step_lon)
    row0, phase_y = _anchor(-window.north, window.step_lat)
    # Corners of the nodes' cells, counted over the whole lattice, every _CONTROL-th of them.
    first_x, first_y = column0 // _CONTROL, row0 // _CONTROL
    last_x, last_y = -(-(column0 + columns) // _CONTROL), -(-(row0 + rows) // _CONTROL)
    lon = (np.arange(first_x, last_x + 1) * _CONTROL + (phase_x - 0.5)) * window.step_lon
    lat = -(np.arange(first_y, last_y + 1) * _CONTROL + (phase_y - 0.5)) * window.step_lat
    all_lon, all_lat = np.meshgrid(lon, lat)
    row, column = (a.reshape(all_lon.shape) for a in _position(raster, all_lon.ravel(), all_lat.ravel()))
    if not (np.isfinite(row) & np.isfinite(column)).any():
        return
    per_node = _cells_per_node(raster, window)
    parts = _parts(per_node)
    numbers, kinds = _numbered()[0], len(land_cover_classes()) + 1
    width = max(1.0, float(np.nanmax(column) - np.nanmin(column)))
    height = max(1, int(_STRIP_CELLS / width / per_node) // _CONTROL)  # in control rows
    for start in range(0, len(lat) - 1, height):
        stop = min(start + height, len(lat) - 1)
        part_row, part_column = row[start : stop + 1], column[start : stop + 1]
        held_rows, held_columns = _span(part_row, raster.rows), _span(part_column, raster.columns)
        if held_rows is None or held_columns is None:
            continue
        top_node = max(0, (first_y + start) * _CONTROL - row0)
        end_node = min(rows, (first_y + stop) * _CONTROL - row0)
        majority_kernel(
            _classes(raster, held_rows, held_columns, numbers),
            held_rows.start,
            held_columns.start,
            np.ascontiguousarray(part_row),
            np.ascontiguousarray(part_column),
            _CONTROL,
            row0 + top_node - (first_y + start) * _CONTROL,
            column0 - first_x * _CONTROL,
            parts,
            kinds,
            out[top_node:end_node],
        )


def _cells_per_node(raster: GeoTiff, window: TerrainWindow) -> float:
    """Return how many of the raster's rows or columns a node's cell spans in the raster's middle.

    There and not in the window: windows cut differently must look at the same points.
    """
    t = raster.transform
    lon, lat = to_wgs84(
        np.array([t.c + t.a * raster.columns / 2]), np.array([t.f + t.e * raster.rows / 2]), raster.crs
    )
    row, column = _position(
        raster, lon + np.array([0, window.step_lon, 0]), lat + np.array([0, 0, window.step_lat])
    )
    spans = np.abs(np.concatenate([row[1:] - row[0], column[1:] - column[0]]))
    return float(spans.max()) if np.isfinite(spans).all() else 1.0


def _parts(cells_per_node: float) -> int:
    """Return the points per side of a node's cell: even, so that halves of raster cells count as halves."""
    return 2 * max(1, ceil(cells_per_node - 1e-6))


def _classes(raster: GeoTiff, rows: slice, columns: slice, numbers: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return class numbers of a part of a raster."""
    out = np.empty((rows.stop - rows.start, columns.stop - columns.start), dtype=np.uint8)
    look_up_kernel(read_window(raster, rows, columns), numbers, out)
    return out


def _inside(position: npt.NDArray[np.float64], held: slice) -> npt.NDArray[np.int64]:
    """Return the index in the part held under each position; -1 outside. On an edge: the next one."""
    index = np.floor(position + _NUDGE).astype(np.int64)
    return np.where((index >= held.start) & (index < held.stop), index - held.start, -1)


def _span(position: npt.NDArray[np.float64], size: int) -> slice | None:
    """Return the raster's rows (or columns) that positions reach; None if none."""
    if not np.isfinite(position).any():
        return None
    low, high = max(0, floor(np.nanmin(position)) - 1), min(size, ceil(np.nanmax(position)) + 2)
    return slice(low, high) if low < high else None


def open_land_cover(
    path: Path, *, log: IssueLog, label: str = "", crs: str | None = None, scan: bool = True
) -> LandCover:
    """Check a raster of land-cover classes.

    Parameters
    ----------
    path : Path
        GeoTIFF, one band of uint8 codes.
    log : IssueLog
        Receives codes that the catalogue does not know, a raster without any class.
    label : str
        Name shown to people.
    crs : str, optional
        For a file that names none.
    scan : bool
        Read it once by strips to find unknown codes.

    Raises
    ------
    MissingInputError, InputError, CrsError
        See :func:`geo.io.geotiff.open_geotiff`.
    """
    raster = open_geotiff(path, label=label, dtypes=("uint8", "int16", "uint16"), crs=crs)
    if scan:
        counts = _counts(raster)
        source, known = Source(raster.label), land_cover_classes()
        strange = {code: n for code, n in counts.items() if code not in known and code != _UNKNOWN}
        if strange:
            listing = ", ".join(f"{code} ({n})" for code, n in sorted(strange.items()))
            allowed = ", ".join(str(code) for code in sorted(known))
            log.add(
                "land_cover_unknown_code",
                source,
                came=listing,
                fields={"count": sum(strange.values()), "allowed": allowed},
            )
        if not any(code in known for code in counts):
            log.add("land_cover_empty", source)
    return LandCover(raster)
