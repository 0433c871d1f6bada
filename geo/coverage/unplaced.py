"""Sites on air whose place nobody knows: the chance that one of them serves a cell after all.

A list that names a site without a usable position says that its operator serves something, and not where. The site is taken
to stand anywhere in the communes that its row may mean (anywhere in the area where it names none) with the same chance, and to
serve a place at a distance with the chance that the sites of its layer do (:mod:`geo.coverage.site_reach`). The chance of a cell
of the grid is the mean of that over these communes; of several sites at least one, 1 - prod(1 - chance). A cell is not said to
be unserved if the chance of service, this one included, is above the cut of ``unserved``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize
from scipy.signal import fftconvolve

from geo.coverage.site_reach import SiteReach
from geo.grid import Grid
from geo.io.polygons import projected

__all__ = ["unplaced_chance"]

#: What the transform leaves where the sum is 0.
_NOTHING = 1e-9
_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]


def unplaced_chance(
    unplaced: pd.DataFrame | None,
    layers: Sequence[tuple[str, str]],
    units: gpd.GeoDataFrame,
    grid: Grid,
    reach: SiteReach,
) -> _F32 | None:
    """Return the chance that a site without a place serves each cell.

    Parameters
    ----------
    unplaced : DataFrame or None
        ``geo.network.UNPLACED_COLUMNS``: an empty operator or technology means any, no commune the whole area. Rows of one
        operator's site count once per technology, rows without a site code one by one.
    layers : sequence of (operator, technology)
    units : GeoDataFrame
        Communes of the area, EPSG:4326, with ``commune_code``.
    grid : Grid
        In metres.
    reach : SiteReach
        What a site of each layer serves.

    Returns
    -------
    (layers, rows, columns) float32 array, 0 to 1, or None where nothing is without a place
    """
    if unplaced is None or unplaced.empty:
        return None
    none = np.zeros((len(layers), *grid.shape), dtype=np.float32)
    known: dict[str, tuple[slice, slice, _F64] | None] = {}
    for i, (operator, technology) in enumerate(layers):
        beside = np.ones(grid.shape)
        for codes, count in _sites_of(unplaced, operator, technology).items():
            if codes not in known:
                known[codes] = _ground(codes, units, grid)
            if (ground := known[codes]) is not None:
                beside *= (1.0 - _near(ground, grid, reach, i)) ** count
        none[i] = 1.0 - beside
    return none


def _sites_of(unplaced: pd.DataFrame, operator: str, technology: str) -> Counter[str]:
    """Return how many sites of a layer may stand in which communes."""
    sites: dict[tuple[str, object], str] = {}
    names = ("operator", "technologies", "site_id", "commune_codes")
    for number, (whose, technologies, site, codes) in enumerate(zip(*(unplaced[c].astype(str) for c in names), strict=True)):
        if whose in {"", operator} and (not technologies or technology in technologies.split(",")):
            key = (whose, site or number)
            sites[key] = sites.get(key, "") or codes
    return Counter(sites.values())


def _ground(codes: str, units: gpd.GeoDataFrame, grid: Grid) -> tuple[slice, slice, _F64] | None:
    """Return where the communes lie on the grid, rows and columns of their box and 1 in their cells; None off the grid."""
    meant = units[units["commune_code"].isin(codes.split(";"))] if codes else units
    shapes = [shape for shape in projected(meant, grid.epsg) if not shape.is_empty]
    if not shapes:
        return None  # beyond the area: its border has a rule of its own
    ground = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, all_touched=True, dtype="uint8").astype(np.float64)
    rows, columns = np.flatnonzero(ground.any(axis=1)), np.flatnonzero(ground.any(axis=0))
    if rows.size == 0:
        return None
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return *box, ground[box]


def _near(ground: tuple[slice, slice, _F64], grid: Grid, reach: SiteReach, layer: int) -> _F64:
    """Return the mean chance that a site anywhere on the ground serves each cell."""
    rows, columns, cells = ground
    far = int(np.floor(reach.distance_m[-1] / grid.cell_size))
    away = np.arange(-far, far + 1) * grid.cell_size
    around = reach.at(layer, np.hypot(*np.meshgrid(away, away)))
    mean = np.clip(fftconvolve(cells, around, mode="full") / cells.sum(), 0.0, 1.0)
    mean[mean < _NOTHING] = 0.0
    out: _F64 = np.zeros(grid.shape)
    top, left = rows.start - far, columns.start - far
    bottom, right = min(top + mean.shape[0], grid.rows), min(left + mean.shape[1], grid.columns)
    out[max(top, 0) : bottom, max(left, 0) : right] = mean[max(-top, 0) : bottom - top, max(-left, 0) : right - left]
    return out
