"""Which cells of the grid belong to which village."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize
from scipy.spatial import cKDTree

from geo.crs import from_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.polygons import projected

__all__ = ["village_cells"]


def village_cells(
    settlements: pd.DataFrame,
    grid: Grid,
    unit_index: npt.NDArray[np.int32],
    commune_codes: Sequence[str],
    hamlets: gpd.GeoDataFrame | None = None,
) -> npt.NDArray[np.int32]:
    """Return for each grid cell the village it belongs to, by position in ``settlements``; -1 none.

    A village with a polygon has the cells whose centre the polygon holds. The other cells of a commune
    go to the nearest village of the commune, unless that one has a polygon.

    Parameters
    ----------
    settlements : DataFrame
        village_id, commune_code, lon, lat.
    grid : Grid
    unit_index : (rows, columns) int32 array
        See :func:`geo.coverage.unit_index`.
    commune_codes : sequence of str
        Code of each position in ``unit_index``.
    hamlets : GeoDataFrame, optional
        Polygons, EPSG:4326, with village_id.
    """
    if unit_index.shape != grid.shape:
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    out = np.full(grid.shape, -1, dtype=np.int32)
    x, y = from_wgs84(settlements["lon"].to_numpy(float), settlements["lat"].to_numpy(float), grid.epsg)
    placed = np.isfinite(x) & np.isfinite(y)
    row, column = grid.locate(x, y)
    codes = np.asarray(commune_codes, dtype=object)
    own = settlements["commune_code"].to_numpy(dtype=object)
    unit_of = {code: i for i, code in enumerate(codes)}
    unit = np.array([unit_of.get(code, -1) for code in own], dtype=np.int64)
    lost = (unit < 0) & (row >= 0)  # no commune in the list: the one the point lies in
    unit[lost] = unit_index[row[lost], column[lost]]
    with_polygon = np.zeros(len(settlements), dtype=bool)
    if hamlets is not None and len(hamlets):
        with_polygon = settlements["village_id"].isin(hamlets["village_id"]).to_numpy()
    centre_x, centre_y = grid.centres()
    cell_row, cell_column = np.nonzero(unit_index >= 0)
    of_cell = unit_index[cell_row, cell_column]
    order = np.argsort(of_cell, kind="stable")
    edges = np.searchsorted(of_cell[order], np.arange(len(codes) + 1))
    for i in np.unique(unit[placed & (unit >= 0)]):
        members = np.flatnonzero(placed & (unit == i))
        part = order[edges[i] : edges[i + 1]]
        if not part.size:
            continue
        r, c = cell_row[part], cell_column[part]
        tree = cKDTree(np.column_stack([x[members], y[members]]))
        nearest = members[tree.query(np.column_stack([centre_x[c], centre_y[r]]))[1]]
        out[r, c] = np.where(with_polygon[nearest], -1, nearest)
    if hamlets is not None and with_polygon.any():
        position = {v: i for i, v in reversed(list(enumerate(settlements["village_id"])))}
        known = hamlets[hamlets["village_id"].isin(position)].sort_values("village_id", kind="stable")
        shapes = projected(known, grid.epsg)
        pairs = [
            (s, position[v])
            for s, v in zip(shapes, known["village_id"], strict=True)
            if s is not None and not s.is_empty
        ]
        if pairs:
            burnt = rasterize(pairs, out_shape=grid.shape, transform=grid.transform, fill=-1, dtype="int32")
            out = np.where(burnt >= 0, burnt, out).astype(np.int32)
    return out
