"""Terrain heights: SRTM tiles and GeoTIFF tiles as one lazy surface over longitude and latitude.

Conventions
-----------
- A height belongs to a *node*. An ``.hgt`` tile has its nodes on whole multiples of its step, corners
  included (1201² or 3601² nodes, rows from north to south, big-endian int16, the name gives the
  south-west node); two neighbours share their edge nodes. A GeoTIFF's node is the centre of its cell,
  whether the file says "pixel is area" or "pixel is point" (see :mod:`geo.io.geotiff`).
- Void codes −32767 and −32768 (both, in every tile), the file's own nodata and heights that no land
  has become NaN where they are read. A missing tile is NaN, never sea level.
- Where tiles overlap, the first listed one that knows a height wins.
- A point *stands on a void* when its nearest node is void. :meth:`Terrain.sample` is stricter: NaN if
  any node that bilinear interpolation would use is void.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import from_wgs84, to_wgs84
from geo.errors import InputError
from geo.io.geotiff import raster_limits
from geo.io.resources import load_toml
from geo.io.terrain_tiles import WGS84, Bounds, TerrainTile, open_tile
from geo.validation import IssueLog, Source

__all__ = ["Terrain", "TerrainKind", "TerrainWindow", "open_terrain"]

FloatArray = npt.NDArray[np.float64]
TerrainKind = Literal["ground", "surface"]
_Interpolation = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

_BUCKET = 1024


@dataclass(frozen=True, slots=True)
class _Layer:
    """Tiles that lie on one lattice of nodes (same CRS, step and phase), in the order listed."""

    crs: str
    west: float
    north: float
    step_x: float
    step_y: float
    tiles: tuple[TerrainTile, ...]
    offsets: tuple[tuple[int, int], ...]  # (row, column) of each tile's first node in the lattice

    def to_lattice(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return fractional (row, column) of points in the layer's CRS.

        Positions within a billionth of a node are that node: the division of degrees by 1/1200
        would otherwise give nodes a neighbour with a weight of 1e-13, and that neighbour may be void.
        """
        row, column = (self.north - y) / self.step_y, (x - self.west) / self.step_x
        return _snap(row), _snap(column)

    def read(self, row: int, column: int, rows: int, columns: int, limits: tuple[float, float]) -> FloatArray:
        """Return a window of the lattice; NaN where no tile knows the height."""
        out = np.full((rows, columns), np.nan)
        for tile, (tile_row, tile_column) in zip(self.tiles, self.offsets, strict=True):
            top, left = max(row, tile_row), max(column, tile_column)
            bottom = min(row + rows, tile_row + tile.rows)
            right = min(column + columns, tile_column + tile.columns)
            if top >= bottom or left >= right:
                continue
            part = out[top - row : bottom - row, left - column : right - column]
            holes = np.isnan(part)
            if not holes.any():
                continue
            values = tile.read(
                slice(top - tile_row, bottom - tile_row), slice(left - tile_column, right - tile_column)
            )
            values[(values < limits[0]) | (values > limits[1])] = np.nan
            part[holes] = values[holes]
        return out


@dataclass(frozen=True, slots=True)
class TerrainWindow:
    """Heights in memory on a regular lattice of longitude and latitude.

    Attributes
    ----------
    heights : (rows, columns) float32 array
        Metres above the model's zero; NaN unknown. Rows from north to south.
    west, north : float
        Longitude and latitude of the first node, degrees.
    step_lon, step_lat : float
        Spacing, degrees, both positive.
    """

    heights: npt.NDArray[np.float32]
    west: float
    north: float
    step_lon: float
    step_lat: float

    def to_lattice(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return fractional (row, column) of points; within a billionth of a node it is that node."""
        row = (self.north - np.asarray(lat, dtype=np.float64)) / self.step_lat
        column = (np.asarray(lon, dtype=np.float64) - self.west) / self.step_lon
        return _snap(row), _snap(column)

    def sample(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
        """Return bilinear heights in metres; NaN outside and where a node with weight is void."""
        row, column = self.to_lattice(lon, lat)
        return _bilinear(self.heights.astype(np.float64), row, column)


@dataclass(frozen=True, slots=True)
class Terrain:
    """A terrain model: tiles that are opened only when read; small and picklable.

    Attributes
    ----------
    kind : {"ground", "surface"}
        Bare earth, or with canopy and buildings.
    limits : (float, float)
        Lowest and highest plausible height, metres.
    """

    kind: TerrainKind
    layers: tuple[_Layer, ...]
    limits: tuple[float, float]
    _step: tuple[float, float]

    @property
    def step_deg(self) -> tuple[float, float]:
        """Spacing of the lattice that :meth:`read_window` returns: longitude, latitude."""
        return self._step

    @property
    def bounds(self) -> Bounds:
        """(west, south, east, north) of all tiles, degrees; there may be gaps inside."""
        boxes = np.array([_degrees(tile) for layer in self.layers for tile in layer.tiles])
        west, south = boxes[:, :2].min(axis=0)
        east, north = boxes[:, 2:].max(axis=0)
        return float(west), float(south), float(east), float(north)

    def sample(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
        """Return bilinear heights of points.

        Parameters
        ----------
        lon, lat : (n,) float64 array
            EPSG:4326 degrees.

        Returns
        -------
        (n,) float64 array
            Metres; NaN outside the tiles, for NaN positions, and where any node with non-zero weight is void.
        """
        return self._gather(lon, lat, _bilinear)

    def ground_height(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
        """Return the height on which a site or a person stands.

        NaN exactly where the point stands on a void (its nearest node is void or missing); beside a
        void the bilinear weights of the known nodes are scaled to 1, so that one missing neighbour
        at less than a step does not make the ground unknown.
        """
        return self._gather(lon, lat, _standing)

    def covers(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which points (EPSG:4326) lie on a tile, to one node; whether its height is known is not asked."""
        lon, lat = np.atleast_1d(np.asarray(lon, dtype=np.float64)), np.atleast_1d(np.asarray(lat, dtype=np.float64))
        covered = np.zeros(lon.size, dtype=bool)
        for layer in self.layers:
            x, y = _project(lon, lat, layer.crs)
            for tile in layer.tiles:
                west, south, east, north = tile.bounds
                covered |= (
                    (x >= west - tile.step_x)
                    & (x <= east + tile.step_x)
                    & (y >= south - tile.step_y)
                    & (y <= north + tile.step_y)
                )
        return covered

    def _gather(self, lon: npt.ArrayLike, lat: npt.ArrayLike, interpolate: _Interpolation) -> FloatArray:
        lon, lat = np.atleast_1d(np.asarray(lon, dtype=np.float64)), np.atleast_1d(np.asarray(lat, dtype=np.float64))
        out = np.full(lon.shape, np.nan)
        for layer in self.layers:
            open_ = np.isnan(out) & np.isfinite(lon) & np.isfinite(lat)
            if not open_.any():
                break
            x, y = _project(lon[open_], lat[open_], layer.crs)
            row, column = layer.to_lattice(x, y)
            found = np.full(row.shape, np.nan)
            for index in _buckets(row, column):
                top, left = int(np.floor(row[index].min())), int(np.floor(column[index].min()))
                bottom, right = int(np.ceil(row[index].max())) + 1, int(np.ceil(column[index].max())) + 1
                window = layer.read(top, left, bottom - top, right - left, self.limits)
                found[index] = interpolate(window, row[index] - top, column[index] - left)
            out[open_] = found
        return out

    def read_window(self, bounds: Bounds) -> TerrainWindow:
        """Return the heights that cover ``bounds``, with at least one node beyond on each side.

        Nodes of a single EPSG:4326 lattice are handed over as they are. Anything else (projected
        tiles, several resolutions) is interpolated bilinearly to the finest spacing.

        Parameters
        ----------
        bounds : (west, south, east, north)
            EPSG:4326 degrees.

        Raises
        ------
        InputError
            If the window is larger than memory should hold, or a tile cannot be read.
        """
        first = self.layers[0]
        step_lon, step_lat = self._step
        origin_lon, origin_lat = (first.west, first.north) if first.crs == WGS84 else (0.0, 0.0)
        left = int(np.floor((bounds[0] - origin_lon) / step_lon)) - 1
        right = int(np.ceil((bounds[2] - origin_lon) / step_lon)) + 1
        top = int(np.floor((origin_lat - bounds[3]) / step_lat)) - 1
        bottom = int(np.ceil((origin_lat - bounds[1]) / step_lat)) + 1
        rows, columns = bottom - top + 1, right - left + 1
        if rows * columns > raster_limits().window_cells:
            raise InputError(
                f"Vùng địa hình cần đọc có {rows} x {columns} điểm, quá lớn cho một lần đọc.",
                f"The terrain window has {rows} x {columns} nodes, too many to read at once.",
            )
        west, north = origin_lon + left * step_lon, origin_lat - top * step_lat
        if len(self.layers) == 1 and first.crs == WGS84:
            heights = first.read(top, left, rows, columns, self.limits)
        else:
            lon, lat = np.meshgrid(west + np.arange(columns) * step_lon, north - np.arange(rows) * step_lat)
            heights = self.sample(lon.ravel(), lat.ravel()).reshape(rows, columns)
        return TerrainWindow(heights.astype(np.float32), west, north, step_lon, step_lat)

    def inspect(
        self, log: IssueLog, bounds: Bounds | None = None, shapes: npt.NDArray[np.object_] | None = None
    ) -> None:
        """Read every tile once (those that meet ``bounds``) and state what is wrong with the heights.

        Findings: voids with their share, implausible heights, tiles that are zero throughout or from
        some row on (a killed writer leaves that), and the part of the area without any tile.

        Parameters
        ----------
        log : IssueLog
        bounds : (west, south, east, north), optional
            EPSG:4326 degrees; all tiles if not given.
        shapes : array of polygons, optional
            EPSG:4326: the area whose parts without a tile are told; all of ``bounds`` if not given.

        Raises
        ------
        InputError
            If a tile cannot be read to its end.
        """
        tiles = [tile for layer in self.layers for tile in layer.tiles]
        for tile in tiles:
            box = _degrees(tile)
            if bounds is None or (
                box[0] <= bounds[2] and box[2] >= bounds[0] and box[1] <= bounds[3] and box[3] >= bounds[1]
            ):
                _inspect_tile(tile, self.limits, log)
        if bounds is not None:
            self._state_gaps(log, bounds, shapes)

    def _state_gaps(self, log: IssueLog, bounds: Bounds, shapes: npt.NDArray[np.object_] | None) -> None:
        lon, lat = (
            a.ravel()
            for a in np.meshgrid(np.linspace(bounds[0], bounds[2], 200), np.linspace(bounds[1], bounds[3], 200))
        )
        if shapes is not None:
            held = np.unique(shapely.STRtree(shapes).query(shapely.points(lon, lat), predicate="intersects")[0])
            if held.size:
                lon, lat = lon[held], lat[held]
        share = 1.0 - self.covers(lon, lat).mean()
        if share > 0:
            log.add(
                "terrain_area_missing",
                Source(self.layers[0].tiles[0].label),
                fields={"share": f"{100 * share:.1f} %"},
            )


def open_terrain(
    paths: Sequence[Path],
    *,
    kind: str | None,
    log: IssueLog,
    labels: Sequence[str] | None = None,
    crs: str | None = None,
) -> Terrain:
    """Check the tiles' headers and return the terrain they make together.

    Parameters
    ----------
    paths : sequence of Path
        ``.hgt``, ``.hgt.zip``, ``.zip`` with one tile inside, or GeoTIFF; first listed wins where they overlap.
    kind : {"ground", "surface"}
        Required: on a surface model no clutter is added along the path.
    log : IssueLog
        Receives what is worth knowing about the set (overlaps, differing grids).
    labels : sequence of str, optional
        Names shown to people, aligned with ``paths``.
    crs : str, optional
        For GeoTIFF tiles that name none.

    Raises
    ------
    InputError
        If ``kind`` is missing or unknown, there is no tile, or a tile is not what it should be.
    """
    if kind not in get_args(TerrainKind):
        came = "chưa khai báo 'kind'" if kind is None else f"ghi kind = '{kind}'"
        raise InputError(
            f'Đầu vào terrain {came}; cần kind = "ground" (mặt đất trần) hoặc "surface" '
            "(mặt phủ gồm tán cây, nhà), ví dụ terrain = { path = \"dem/*.tif\", kind = \"surface\" }.",
            f"Input terrain has {'no' if kind is None else repr(kind) + ' as'} 'kind'; it must be \"ground\" (bare earth) "
            'or "surface" (with canopy and buildings), for example terrain = { path = "dem/*.tif", kind = "surface" }.',
        )
    if not paths:
        raise InputError("Đầu vào terrain không có tệp nào.", "Input terrain names no file.")
    names = list(labels) if labels is not None else [path.name for path in paths]
    tiles = [open_tile(path, name, crs) for path, name in zip(paths, names, strict=True)]
    layers = _group(tiles)
    entries = load_toml("defaults.toml")["terrain"]
    limits = (float(entries["minimum_m"]["value"]), float(entries["maximum_m"]["value"]))
    if len(layers) > 1:
        listing = "; ".join(f"{layer.tiles[0].label}: {layer.crs}, {layer.step_x:.6g}" for layer in layers)
        log.add("terrain_grids_differ", Source(tiles[0].label), came=listing)
    for first, second, share in _overlaps(layers):
        log.add("terrain_tiles_overlap", Source(second), fields={"first": first, "share": f"{100 * share:.0f} %"})
    step = min((_step_degrees(layer) for layer in layers), key=lambda s: s[0] * s[1])
    typed: TerrainKind = "ground" if kind == "ground" else "surface"
    return Terrain(typed, layers, limits, step)


def _group(tiles: Iterable[TerrainTile]) -> tuple[_Layer, ...]:
    """Return tiles joined by lattice, in the order in which each lattice first appears."""
    layers: list[tuple[TerrainTile, list[TerrainTile], list[tuple[int, int]]]] = []
    for tile in tiles:
        for reference, members, offsets in layers:
            offset = _offset(reference, tile)
            if offset is not None:
                members.append(tile)
                offsets.append(offset)
                break
        else:
            layers.append((tile, [tile], [(0, 0)]))
    return tuple(
        _Layer(r.crs, r.west, r.north, r.step_x, r.step_y, tuple(members), tuple(offsets))
        for r, members, offsets in layers
    )


def _offset(reference: TerrainTile, tile: TerrainTile) -> tuple[int, int] | None:
    """Return the (row, column) of a tile's first node in the reference's lattice, None if off it."""
    if tile.crs != reference.crs:
        return None
    span = max(tile.rows, tile.columns)
    if (
        abs(tile.step_x / reference.step_x - 1) * span > 1e-3
        or abs(tile.step_y / reference.step_y - 1) * span > 1e-3
    ):
        return None
    row = (reference.north - tile.north) / reference.step_y
    column = (tile.west - reference.west) / reference.step_x
    if abs(row - round(row)) > 1e-2 or abs(column - round(column)) > 1e-2:
        return None
    return round(row), round(column)


def _overlaps(layers: Sequence[_Layer]) -> list[tuple[str, str, float]]:
    """Return (first, second, share of the smaller) of tiles that share more than their edge nodes."""
    tiles = [(tile, _degrees(tile)) for layer in layers for tile in layer.tiles]
    out = []
    for i, (first, a) in enumerate(tiles):
        for second, b in tiles[i + 1 :]:
            width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            step = max((a[2] - a[0]) / max(1, first.columns - 1), (b[2] - b[0]) / max(1, second.columns - 1))
            if width > 1.5 * step and height > 1.5 * step:
                area = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
                out.append((first.label, second.label, width * height / area))
    return out


def _degrees(tile: TerrainTile) -> Bounds:
    """Return a tile's outermost nodes in longitude and latitude (a box around them)."""
    west, south, east, north = tile.bounds
    if tile.crs == WGS84:
        return west, south, east, north
    x = np.linspace(west, east, 11)
    y = np.linspace(south, north, 11)
    edge_x = np.concatenate([x, x, np.full(11, west), np.full(11, east)])
    edge_y = np.concatenate([np.full(11, south), np.full(11, north), y, y])
    lon, lat = to_wgs84(edge_x, edge_y, tile.crs)
    return float(np.nanmin(lon)), float(np.nanmin(lat)), float(np.nanmax(lon)), float(np.nanmax(lat))


def _step_degrees(layer: _Layer) -> tuple[float, float]:
    if layer.crs == WGS84:
        return layer.step_x, layer.step_y
    tile = layer.tiles[0]
    west, south, east, north = _degrees(tile)
    return (east - west) / max(1, tile.columns - 1), (north - south) / max(1, tile.rows - 1)


def _project(lon: FloatArray, lat: FloatArray, crs: str) -> tuple[FloatArray, FloatArray]:
    return (lon, lat) if crs == WGS84 else from_wgs84(lon, lat, crs)


def _snap(position: FloatArray) -> FloatArray:
    nearest = np.round(position)
    return np.where(np.abs(position - nearest) < 1e-9 * np.maximum(1.0, np.abs(nearest)), nearest, position)


def _buckets(row: FloatArray, column: FloatArray) -> list[npt.NDArray[np.int64]]:
    """Return index arrays of points that lie together, so that one small window serves each."""
    known = np.flatnonzero(np.isfinite(row) & np.isfinite(column))
    if known.size == 0:
        return []
    key_row = np.floor(row[known] / _BUCKET).astype(np.int64)
    key_column = np.floor(column[known] / _BUCKET).astype(np.int64)
    order = np.lexsort((key_column, key_row))
    changed = np.flatnonzero((np.diff(key_row[order]) != 0) | (np.diff(key_column[order]) != 0)) + 1
    return np.split(known[order], changed)


def _corners(
    heights: FloatArray, row: FloatArray, column: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (4, n) heights and bilinear weights of the nodes around points; NaN outside."""
    rows, columns = heights.shape
    r0, c0 = np.floor(row), np.floor(column)
    fr, fc = row - r0, column - c0
    weights = np.stack([(1 - fr) * (1 - fc), (1 - fr) * fc, fr * (1 - fc), fr * fc])
    values = np.full(weights.shape, np.nan)
    for k, (dr, dc) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        r, c = r0 + dr, c0 + dc
        inside = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)  # NaN positions compare False
        values[k, inside] = heights[r[inside].astype(np.int64), c[inside].astype(np.int64)]
    return values, weights


def _bilinear(heights: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
    values, weights = _corners(heights, row, column)
    used = weights > 0
    total = np.where(used, weights * np.where(used, values, 0.0), 0.0).sum(axis=0)
    return np.where(np.isnan(weights).any(axis=0), np.nan, total)


def _standing(heights: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
    values, weights = _corners(heights, row, column)
    known = np.isfinite(values) & (weights > 0)
    weight = np.where(known, weights, 0.0)
    scale = weight.sum(axis=0)
    # The nearest node has the largest weight; it alone decides whether the ground is known.
    nearest_known = np.take_along_axis(np.isfinite(values), weights.argmax(axis=0)[None], axis=0)[0]
    total = np.where(known, weight * np.where(known, values, 0.0), 0.0).sum(axis=0)
    ok = nearest_known & (scale > 0) & np.isfinite(row) & np.isfinite(column)
    return np.where(ok, total / np.where(scale > 0, scale, 1.0), np.nan)


def _inspect_tile(tile: TerrainTile, limits: tuple[float, float], log: IssueLog) -> None:
    source = Source(tile.label)
    void = implausible = zero = 0
    worst = 0.0
    tail = 0  # whole rows of zeros so far at the end
    last_full = False  # whether the row before the tail is mostly not zero
    height = max(1, 4096 * 1024 // tile.columns)
    for top in range(0, tile.rows, height):
        values = tile.read(slice(top, min(top + height, tile.rows)), slice(0, tile.columns))
        with np.errstate(invalid="ignore"):
            odd = (values < limits[0]) | (values > limits[1])
        void += int(np.isnan(values).sum())
        if odd.any():
            implausible += int(odd.sum())
            extreme = values[odd][np.argmax(np.abs(values[odd]))]
            worst = float(extreme) if abs(extreme) > abs(worst) else worst
        zero += int((values == 0).sum())
        nonzero = (values != 0).mean(axis=1)
        filled = np.flatnonzero(nonzero > 0)
        if filled.size:
            tail = len(nonzero) - 1 - int(filled[-1])
            last_full = bool(nonzero[filled[-1]] > 0.5)
        else:
            tail += len(nonzero)
    cells = tile.rows * tile.columns
    if void:
        log.add("terrain_void", source, fields={"count": void, "share": f"{100 * void / cells:.1f} %"})
    if implausible:
        log.add(
            "terrain_height_implausible",
            source,
            came=f"{worst:g}",
            fields={"count": implausible, "low": f"{limits[0]:g}", "high": f"{limits[1]:g}"},
        )
    if zero == cells:
        log.add("terrain_all_zero", source)
    elif tail >= 2 and last_full:
        log.add("terrain_zero_tail", source, fields={"rows": tail})
