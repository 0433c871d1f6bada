"""Polygons carried into another coordinate system: densified first, since straight lines do not stay straight."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import from_wgs84
from geo.errors import CrsError

__all__ = ["projected"]

_SEGMENT_DEG = 0.005  # about 500 m: a chord of that length is off by less than a centimetre here


def projected(units: gpd.GeoDataFrame, crs: int | str) -> npt.NDArray[np.object_]:
    """Return the geometries of ``units`` in another CRS, by the pinned operations of :mod:`geo.crs`.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons, EPSG:4326.
    crs : int or str
        EPSG code or definition.

    Returns
    -------
    (n,) object array of shapely geometries

    Raises
    ------
    CrsError
        If ``units`` is not in EPSG:4326.
    """
    if units.crs is None or units.crs.to_epsg() != 4326:
        raise CrsError("Đa giác phải ở hệ EPSG:4326.", "Polygons must be in EPSG:4326.")
    dense = shapely.segmentize(np.asarray(units.geometry.to_numpy(), dtype=object), _SEGMENT_DEG)
    if crs in (4326, "EPSG:4326"):
        return np.asarray(dense, dtype=object)

    def move(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        x, y = from_wgs84(points[:, 0], points[:, 1], crs)
        return np.column_stack([x, y])

    return np.asarray(shapely.transform(dense, move), dtype=object)
