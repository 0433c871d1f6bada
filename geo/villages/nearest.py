"""The site nearest to a place that may be on air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.crs import from_wgs84

__all__ = ["NearestSites", "nearest_sites"]

_SILENT = ("off_air", "planned")


@dataclass(frozen=True, slots=True, eq=False)
class NearestSites:
    """The nearest site of each place; empty texts and NaN where there is none or the place is not known.

    Attributes
    ----------
    site_id, site_name, operator : (n,) object arrays
    km : (n,) float64 array
        In the grid's CRS.
    """

    site_id: npt.NDArray[np.object_]
    site_name: npt.NDArray[np.object_]
    operator: npt.NDArray[np.object_]
    km: npt.NDArray[np.float64]


def nearest_sites(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], sites: pd.DataFrame, epsg: int
) -> NearestSites:
    """Return the nearest site of each place, of those that are neither off air nor planned.

    Parameters
    ----------
    x, y : (n,) float64 arrays
        In the CRS ``epsg``, metres; not finite where the place is not known.
    sites : DataFrame
        operator, site_id, status, lon, lat (EPSG:4326); ``site_name`` where there is one.
    epsg : int
    """
    names = ("site_id", "site_name", "operator")
    found = {name: np.full(len(x), "", dtype=object) for name in names}
    km = np.full(len(x), np.nan)
    air = sites[~sites["status"].isin(_SILENT)].sort_values(["operator", "site_id"], kind="stable")
    site_x, site_y = from_wgs84(air["lon"].to_numpy(float), air["lat"].to_numpy(float), epsg)
    placed = np.isfinite(site_x) & np.isfinite(site_y)
    asked = np.isfinite(x) & np.isfinite(y)
    if placed.any() and asked.any():
        tree = cKDTree(np.column_stack([site_x[placed], site_y[placed]]))
        distance, position = tree.query(np.column_stack([x[asked], y[asked]]))
        for name in names:
            if name in air:
                found[name][asked] = air[name].fillna("").to_numpy(dtype=object)[placed][position]
        km[asked] = distance / 1000.0
    return NearestSites(found["site_id"], found["site_name"], found["operator"], km)
