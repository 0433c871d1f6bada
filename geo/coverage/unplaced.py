"""Where a site may stand whose place nobody knows, and what it may serve from there.

A list that names a site on air without a usable position says that its operator serves something, and not where. Within
the reach of a typical cell of the commune that the row names, "unserved" is not said of its operator and technology; in the
whole area where it names none. What is served, uncertain or measured stays as it is: one more site only adds to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt

from geo.grid import Grid
from geo.io.polygons import projected

__all__ = ["unplaced_reach"]

_Bool = npt.NDArray[np.bool_]


def unplaced_reach(
    unplaced: pd.DataFrame | None,
    layers: Sequence[tuple[str, str]],
    units: gpd.GeoDataFrame,
    grid: Grid,
    reach_m: float,
) -> _Bool | None:
    """Return where sites without a place forbid to say "unserved".

    Parameters
    ----------
    unplaced : DataFrame or None
        ``geo.network.UNPLACED_COLUMNS``: an empty operator or technology means any, no commune the whole area.
    layers : sequence of (operator, technology)
    units : GeoDataFrame
        Communes of the area, EPSG:4326, with ``commune_code``.
    grid : Grid
        In metres.
    reach_m : float
        Reach of a typical cell, from any cell that the commune touches.

    Returns
    -------
    (layers, rows, columns) bool array, or None where nothing is without a place
    """
    if unplaced is None or unplaced.empty:
        return None
    out = np.zeros((len(layers), *grid.shape), dtype=np.bool_)
    known: dict[str, _Bool] = {}
    for operator, technologies, codes in zip(
        *(unplaced[c].astype(str) for c in ("operator", "technologies", "commune_codes")), strict=True
    ):
        chosen = [
            i for i, (o, t) in enumerate(layers)
            if operator in {"", o} and (not technologies or t in technologies.split(","))
        ]  # fmt: skip
        if chosen and codes not in known:
            known[codes] = _within_reach(codes, units, grid, reach_m)
        for i in chosen:
            out[i] |= known[codes]
    return out


def _within_reach(codes: str, units: gpd.GeoDataFrame, grid: Grid, reach_m: float) -> _Bool:
    if not codes:
        return np.ones(grid.shape, dtype=np.bool_)
    meant = units[units["commune_code"].isin(codes.split(";"))]
    if meant.empty:
        return np.zeros(grid.shape, dtype=np.bool_)  # beyond the area: its border has a rule of its own
    shapes = [shape for shape in projected(meant, grid.epsg) if not shape.is_empty]
    touched = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, all_touched=True, dtype="uint8")
    return np.asarray(distance_transform_edt(touched == 0) * grid.cell_size <= reach_m, dtype=np.bool_)
