"""Sites on air whose place nobody knows: the chance that one of them serves a cell after all.

A list that names a site without a usable position says that its operator serves something, and not where. The site is taken
to stand anywhere in the communes that its row may mean (anywhere in the area where it names none) with the same chance, and to
serve what lies within a typical radius. The chance that a cell of the grid lies so near is the share of these communes
within the radius of the cell; of several sites at least one, 1 - prod(1 - chance). A cell is not said to be unserved if the
chance of service, this one included, is above the cut of ``unserved``.
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

from geo.grid import Grid
from geo.io.polygons import projected

__all__ = ["unplaced_chance"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]


def unplaced_chance(
    unplaced: pd.DataFrame | None,
    layers: Sequence[tuple[str, str]],
    units: gpd.GeoDataFrame,
    grid: Grid,
    radius_m: float,
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
    radius_m : float
        What a typical site serves.

    Returns
    -------
    (layers, rows, columns) float32 array, 0 to 1, or None where nothing is without a place
    """
    if unplaced is None or unplaced.empty:
        return None
    none = np.zeros((len(layers), *grid.shape), dtype=np.float32)
    known: dict[str, _F64] = {}
    for i, (operator, technology) in enumerate(layers):
        beside = np.ones(grid.shape)
        for codes, count in _sites_of(unplaced, operator, technology).items():
            if codes not in known:
                known[codes] = _near(codes, units, grid, radius_m)
            beside *= (1.0 - known[codes]) ** count
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


def _near(codes: str, units: gpd.GeoDataFrame, grid: Grid, radius_m: float) -> _F64:
    """Return the share of the communes that lies within the radius of each cell's centre."""
    meant = units[units["commune_code"].isin(codes.split(";"))] if codes else units
    shapes = [shape for shape in projected(meant, grid.epsg) if not shape.is_empty]
    if not shapes:
        return np.zeros(grid.shape)  # beyond the area: its border has a rule of its own
    ground = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, all_touched=True, dtype="uint8").astype(np.float64)
    if not ground.any():
        return np.zeros(grid.shape)
    reach = int(np.floor(radius_m / grid.cell_size))
    away = np.arange(-reach, reach + 1) * grid.cell_size
    disc = (np.hypot(*np.meshgrid(away, away)) <= radius_m).astype(np.float64)
    share: _F64 = np.clip(fftconvolve(ground, disc, mode="same") / ground.sum(), 0.0, 1.0)
    return share
