"""Which sites and radio cells changed between two reviews, and which of them a zone can feel."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84
from geo.io.polygons import projected

__all__ = ["CHANGED_SITE_COLUMNS", "NearSites", "changed_sites", "near_sites"]

CHANGED_SITE_COLUMNS = ("operator", "site_id", "lon", "lat", "change", "what")
_SITE_FACTS = ("status", "technologies", "structure_height_m", "building_height_m")
_CELL_KEYS = ("operator", "technology", "site_id", "cell_id")
_CELL_FACTS = (
    "lon", "lat", "ground_m", "antenna_height_m", "frequency_mhz", "eirp_dbm", "ceiling_dbm", "azimuth_deg", "bearing_deg",
    "mechanical_tilt_deg",
)  # fmt: skip
#: Ground below an antenna belongs to the terrain, bearings follow azimuths: no change of a site.
_NOT_THE_SITE = ("ground_m", "bearing_deg", "ceiling_dbm")
_DECIMALS = 2
_DEGREE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class NearSites:
    """Changed sites in reach of one place, nearest first.

    Attributes
    ----------
    rows : (n,) int64 array
        Positions in the table of changed sites.
    distance_km : (n,) float64 array
    """

    rows: npt.NDArray[np.int64]
    distance_km: npt.NDArray[np.float64]


def changed_sites(
    old_sites: pd.DataFrame,
    new_sites: pd.DataFrame,
    old_cells: pd.DataFrame | None,
    new_cells: pd.DataFrame | None,
    *,
    moved_m: float,
    plane_epsg: int,
    without_list: Collection[str] = (),
) -> pd.DataFrame:
    """Return the sites that are new, removed or changed, with the columns :data:`CHANGED_SITE_COLUMNS`.

    Parameters
    ----------
    old_sites, new_sites : DataFrame
        ``operator``, ``site_id``, ``lon``, ``lat``; ``status``, ``technologies`` and heights where known.
    old_cells, new_cells : DataFrame, optional
        ``rasters/radio_cells.csv`` of both reviews; looked at if both are there.
    moved_m : float
    plane_epsg : int
        CRS in metres for distances.
    without_list : collection of str
        Operators whose list one of the reviews lacks: their sites did not come or go, nothing is known of them.

    Returns
    -------
    DataFrame
        ``change``: new, removed or changed; ``what``: the facts that differ (``"status; cells"``), position now (of a
        removed site: then). Sorted by operator and site.
    """
    old, new = (_by_key(sites, without_list) for sites in (old_sites, new_sites))
    cells = (None, None) if old_cells is None or new_cells is None else (_cells(old_cells), _cells(new_cells))
    rows = []
    for key in sorted({*old.index, *new.index}):
        if key not in old.index or key not in new.index:
            change, place = ("new", new.loc[key]) if key in new.index else ("removed", old.loc[key])
            rows.append((*key, float(place["lon"]), float(place["lat"]), change, ""))
            continue
        one, other = old.loc[key], new.loc[key]
        what = [name for name in _SITE_FACTS if name in old and name in new and not _same(one[name], other[name])]
        x, y = from_wgs84([one["lon"], other["lon"]], [one["lat"], other["lat"]], plane_epsg)
        if np.hypot(x[1] - x[0], y[1] - y[0]) > moved_m:
            what.append("position")
        if cells[0] is not None and cells[1] is not None:
            what += _cells_differ(cells[0].get(key, {}), cells[1].get(key, {}))
        if what:
            rows.append((*key, float(other["lon"]), float(other["lat"]), "changed", "; ".join(what)))
    return pd.DataFrame(rows, columns=list(CHANGED_SITE_COLUMNS))


def _by_key(sites: pd.DataFrame, without_list: Collection[str]) -> pd.DataFrame:
    kept = sites[~sites["operator"].isin(list(without_list))]
    return kept.drop_duplicates(["operator", "site_id"]).set_index(["operator", "site_id"]).sort_index()


def _same(one: object, other: object) -> bool:
    if one == other or (pd.isna(one) and pd.isna(other)):  # type: ignore[call-overload]
        return True
    try:
        return round(float(str(one)), _DECIMALS) == round(float(str(other)), _DECIMALS)
    except ValueError:
        return str(one or "") == str(other or "")


def _cells(table: pd.DataFrame) -> dict[tuple[str, str], dict[tuple[str, str], list[tuple[object, ...]]]]:
    """Return the facts of a site's radio cells: site to (technology, cell) to the rows that bear that name."""
    facts = [name for name in _CELL_FACTS if name not in _NOT_THE_SITE and name in table]
    found: dict[tuple[str, str], dict[tuple[str, str], list[tuple[object, ...]]]] = {}
    values = table[[*_CELL_KEYS, *facts]].to_numpy(dtype=object)
    for operator, technology, site, cell, *rest in values.tolist():
        plain = tuple(_plain(name, value) for name, value in zip(facts, rest, strict=True))
        found.setdefault((str(operator), str(site)), {}).setdefault((str(technology), str(cell)), []).append(plain)
    return {site: {name: sorted(rows, key=repr) for name, rows in of.items()} for site, of in found.items()}


def _plain(name: str, value: object) -> float | None:
    number = pd.to_numeric(value, errors="coerce")  # type: ignore[call-overload]
    return None if pd.isna(number) else round(float(number), _DEGREE_DECIMALS if name in {"lon", "lat"} else _DECIMALS)


def _cells_differ(
    old: dict[tuple[str, str], list[tuple[object, ...]]], new: dict[tuple[str, str], list[tuple[object, ...]]]
) -> list[str]:
    found = []
    if {*old} - {*new}:
        found.append("cells removed")
    if {*new} - {*old}:
        found.append("cells added")
    if any(old[name] != new[name] for name in {*old} & {*new}):
        found.append("cells")
    return found


def near_sites(
    changed: pd.DataFrame, places: gpd.GeoDataFrame, *, reach_m: float, plane_epsg: int
) -> list[NearSites]:
    """Return for each place the changed sites within reach that can matter to it.

    Those of the zone's own operator where it has one, else of any operator.

    Parameters
    ----------
    changed : DataFrame
        From :func:`changed_sites`.
    places : GeoDataFrame
        EPSG:4326, with ``operator``.
    reach_m : float
        From the place's outline.
    plane_epsg : int
        CRS in metres for distances.
    """
    nothing = NearSites(np.zeros(0, dtype=np.int64), np.zeros(0))
    if changed.empty or places.empty:
        return [nothing] * len(places)
    points = np.asarray(
        shapely.points(*from_wgs84(changed["lon"].to_numpy(float), changed["lat"].to_numpy(float), plane_epsg)), dtype=object
    )
    shapes = projected(places, plane_epsg)
    tree = shapely.STRtree(points)
    operators = changed["operator"].to_numpy(dtype=object)
    found = []
    for shape, operator in zip(shapes, places["operator"], strict=True):
        if shape is None or shape.is_empty:
            found.append(nothing)
            continue
        rows = tree.query(shape, predicate="dwithin", distance=reach_m)
        if operator:
            rows = rows[operators[rows] == operator]
        km = shapely.distance(points[rows], shape) / 1000.0
        order = np.lexsort((rows, np.round(km, 6)))
        found.append(NearSites(np.asarray(rows[order], dtype=np.int64), np.asarray(km[order], dtype=np.float64)))
    return found
