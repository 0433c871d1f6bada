"""Outlines of zones: polygons that share their edges, simplified together, with the cells that must stay as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes
from scipy.ndimage import binary_dilation, label

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
    fixed = np.zeros(grid.shape, dtype=bool)
    if exact is not None:
        fixed = exact & _around(zones.label >= 0, settings.simplify_tolerance_cells)
    cells, group = np.diff(zones.first), _groups(zones)
    done = np.zeros(len(zones), dtype=bool)  # all of whose cells are fixed
    found = np.empty(len(zones), dtype=object)
    asked = np.ones(len(zones), dtype=bool)
    while asked.any():
        found[asked] = _simplified(zones, asked, fixed, settings.simplify_tolerance_cells)
        wrong = (np.abs(shapely.area(found) / cells - 1.0) > settings.simplify_area_share) & ~done
        done |= wrong
        mine = wrong[zones.zone]
        fixed[zones.row[mine], zones.column[mine]] = True
        asked = np.isin(group, group[wrong])  # zones that touch none of these stay as they are

    def placed(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack([grid.x_min + xy[:, 0] * grid.cell_size, grid.y_max - xy[:, 1] * grid.cell_size])

    return np.asarray(shapely.normalize(shapely.transform(found, placed)), dtype=object)


def outlines_to_wgs84(found: _SHAPES, epsg: int) -> _SHAPES:
    """Return outlines in EPSG:4326; vertices that zones share stay shared to the last bit."""

    def moved(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], epsg))

    return np.asarray(shapely.transform(found, moved), dtype=object)


def _around(cells: _BOOL, tolerance: float) -> _BOOL:
    """Return cells and what lies about them as far as a simplified outline may bulge: a coarse one reaches over its neighbours."""
    return np.asarray(binary_dilation(cells, structure=_EIGHT, iterations=int(np.ceil(2.0 * tolerance)) + 1))


def _groups(zones: Zones) -> _I64:
    """Return for each zone the patch of touching zones that it belongs to."""
    patch, _ = label(zones.label >= 0, structure=_EIGHT)
    start = zones.first[:-1]
    return np.asarray(patch[zones.row[start], zones.column[start]], dtype=np.int64)


def _simplified(zones: Zones, asked: _BOOL, fixed: _BOOL, tolerance: float) -> _SHAPES:
    """Return the outlines of some zones, with all that they touch, in cells: x is the column, y the row."""
    wanted = np.append(asked, False)[zones.label]
    whole, owner = _polygons(np.where(wanted & ~fixed, zones.label, np.int32(-1)))
    near = fixed if asked.all() else fixed & _around(wanted, tolerance)
    row, column = np.nonzero(near)
    parts = shapely.coverage_simplify(np.concatenate([whole, _triangles(row, column)]), tolerance)
    place = np.append(np.where(asked, np.cumsum(asked) - 1, -1), -1)
    return _joined(parts, place[np.concatenate([owner, np.repeat(zones.label[row, column], 4)])], int(asked.sum()))


def _polygons(zone: npt.NDArray[np.int32]) -> tuple[_SHAPES, _I64]:
    """Return the polygons of cells of one zone that share edges, and the zone; every corner of a cell is a vertex."""
    rings: list[npt.NDArray[np.float64]] = []
    polygon: list[int] = []
    owner: list[int] = []
    for shape, value in shapes(zone + 1, mask=zone >= 0, connectivity=4):
        rings += [np.array(ring) for ring in shape["coordinates"]]
        polygon += [len(owner)] * len(shape["coordinates"])
        owner.append(int(value) - 1)
    if not owner:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    of_ring = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    closed = np.asarray(shapely.linearrings(np.concatenate(rings), indices=of_ring))
    made = shapely.polygons(closed, indices=np.array(polygon))
    # Edges then match wherever zones and cells meet.
    dense = shapely.transform(shapely.segmentize(made, 1.0), np.rint)
    return np.asarray(dense, dtype=object), np.array(owner, dtype=np.int64)


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
