"""Outlines of zones: polygons that share their edges, simplified together, with the cells that must stay as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes
from scipy.ndimage import binary_dilation

from geo.crs import to_wgs84
from geo.dead_zones.settings import DeadZoneSettings
from geo.dead_zones.zones import Zones
from geo.grid import Grid

__all__ = ["outlines", "outlines_to_wgs84"]

_BOOL = npt.NDArray[np.bool_]
_I64 = npt.NDArray[np.int64]
_SHAPES = npt.NDArray[np.object_]
_EIGHT = np.ones((3, 3), dtype=bool)


def outlines(zones: Zones, grid: Grid, settings: DeadZoneSettings, *, exact: _BOOL | None = None) -> _SHAPES:
    """Return the zones' polygons, simplified by topology: zones that touch keep a common edge.

    Visvalingam-Whyatt over all zones at once (``shapely.coverage_simplify``). Cells of ``exact`` keep their
    four edges, in a zone or beside one, so that no zone loses or swallows the village that stands there: such
    a cell is laid in as four triangles around its centre, which makes its corners points where lines meet, and
    those are never moved. The same is done with every cell of a zone whose area would change by more than the
    settings allow. Parts of a zone that touch in a corner only are parts of a multipolygon.

    Parameters
    ----------
    zones : Zones
    grid : Grid
    settings : DeadZoneSettings
    exact : (rows, columns) bool array, optional

    Returns
    -------
    (n,) object array of Polygon or MultiPolygon
        In the grid's CRS, valid.
    """
    if not len(zones):
        return np.empty(0, dtype=object)
    fixed = np.zeros(grid.shape, dtype=bool) if exact is None else exact & binary_dilation(zones.label >= 0, structure=_EIGHT)
    cells = np.diff(zones.first)
    done = np.zeros(len(zones), dtype=bool)  # all of whose cells are fixed
    while True:
        found = _simplified(zones, fixed, settings.simplify_tolerance_cells)
        off = np.abs(shapely.area(found) / cells - 1.0)
        wrong = (off > settings.simplify_area_share) & ~done
        if not wrong.any():
            break
        done |= wrong
        mine = wrong[zones.zone]
        fixed[zones.row[mine], zones.column[mine]] = True

    def placed(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack([grid.x_min + xy[:, 0] * grid.cell_size, grid.y_max - xy[:, 1] * grid.cell_size])

    return np.asarray(shapely.normalize(shapely.transform(found, placed)), dtype=object)


def outlines_to_wgs84(found: _SHAPES, epsg: int) -> _SHAPES:
    """Return outlines in EPSG:4326; vertices that zones share stay shared to the last bit."""

    def moved(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], epsg))

    return np.asarray(shapely.transform(found, moved), dtype=object)


def _simplified(zones: Zones, fixed: _BOOL, tolerance: float) -> _SHAPES:
    """Return the zones' outlines in cells: x is the column, y the row."""
    free = np.where(fixed, np.int32(-1), zones.label)
    polygons: list[shapely.Polygon] = []
    owner: list[int] = []
    for shape, value in shapes(free + 1, mask=free >= 0, connectivity=4):
        ring, *holes = shape["coordinates"]
        polygons.append(shapely.Polygon(ring, holes))
        owner.append(int(value) - 1)
    whole = np.empty(len(polygons), dtype=object)
    whole[:] = polygons
    # Every corner of a cell becomes a vertex: edges then match wherever zones and cells meet.
    whole = shapely.transform(shapely.segmentize(whole, 1.0), np.rint) if len(whole) else whole
    row, column = np.nonzero(fixed)
    laid = _triangles(row, column)
    parts = shapely.coverage_simplify(np.concatenate([whole, laid]), tolerance)
    return _joined(parts, np.concatenate([np.array(owner, dtype=np.int64), np.repeat(zones.label[row, column], 4)]), len(zones))


def _triangles(row: _I64, column: _I64) -> _SHAPES:
    """Return four triangles per cell, around its centre."""
    x, y = column.astype(np.float64), row.astype(np.float64)
    corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    sides = []
    for i in range(4):
        ring = [corners[i], corners[(i + 1) % 4], (x + 0.5, y + 0.5), corners[i]]
        sides.append(np.stack([np.stack(point, axis=-1) for point in ring], axis=1))
    rings = np.stack(sides, axis=1).reshape(-1, 4, 2)
    return np.asarray(shapely.polygons(rings), dtype=object) if len(rings) else np.empty(0, dtype=object)


def _joined(parts: _SHAPES, owner: _I64, n: int) -> _SHAPES:
    """Return the union of each zone's parts; those of no zone (-1) are left out."""
    out = np.empty(n, dtype=object)
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(n + 1))
    for i in range(n):
        mine = parts[order[edges[i] : edges[i + 1]]]
        out[i] = mine[0] if len(mine) == 1 else shapely.coverage_union_all(mine)
    return out
