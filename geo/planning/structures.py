"""The masts that stand: the inventory's, and those that only the operators' site lists tell of.

A site list names radio equipment, an inventory names structures; they are put together by place. Distances are geodesic
(Karney's algorithm on WGS 84, as PROJ has it), so that none depends on a projection.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Geod
from scipy.spatial import cKDTree

from geo.crs import from_wgs84, local_utm_epsg
from geo.io.planning_areas import MAST_CLASSES

__all__ = ["STRUCTURE_COLUMNS", "near_pairs", "standing_masts"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_GEOD = Geod(ellps="WGS84")
#: A plane is off by less than this share within a province; what a plane finds is measured again on the ellipsoid.
_PLANE_SLACK = 0.02

_CLASSES = {c.lower(): c for c in MAST_CLASSES}

STRUCTURE_COLUMNS = (
    "structure_id", "lon", "lat", "commune_code", "operators", "owner", "site_ids", "mast_class", "height_m", "building_height_m", "shareable",
    "certificate_expiry", "basis",
)  # fmt: skip


def near_pairs(lon: _F64, lat: _F64, other_lon: _F64, other_lat: _F64, within_m: float) -> tuple[_I64, _I64, _F64]:
    """Return which of two sets of points lie nearer than a distance: positions in both, and metres, sorted by both positions.

    Parameters
    ----------
    lon, lat, other_lon, other_lat : float64 arrays
        EPSG:4326 degrees; NaN is near nothing.
    within_m : float
        Pairs at just this distance are not near.
    """
    here, there = np.isfinite(lon) & np.isfinite(lat), np.isfinite(other_lon) & np.isfinite(other_lat)
    first, second = np.flatnonzero(here), np.flatnonzero(there)
    none = np.zeros(0, dtype=np.int64)
    if not first.size or not second.size or within_m <= 0:
        return none, none, np.zeros(0)
    epsg = local_utm_epsg(float(np.median(lon[first])), float(np.median(lat[first])))
    a = np.column_stack(from_wgs84(lon[first], lat[first], epsg))
    b = np.column_stack(from_wgs84(other_lon[second], other_lat[second], epsg))
    found = cKDTree(a).query_ball_tree(cKDTree(b), within_m * (1.0 + _PLANE_SLACK) + 1.0)
    i = np.concatenate([np.full(len(js), k, dtype=np.int64) for k, js in enumerate(found)])
    j = np.concatenate([np.asarray(js, dtype=np.int64) for js in found])
    i, j = first[i], second[j]
    metres = np.asarray(_GEOD.inv(lon[i], lat[i], other_lon[j], other_lat[j])[2], dtype=np.float64) if i.size else np.zeros(0)
    near = metres < within_m
    i, j, metres = i[near], j[near], metres[near]
    order = np.lexsort((j, i))
    return i[order], j[order], metres[order]


def standing_masts(sites: pd.DataFrame, masts: pd.DataFrame | None, *, same_mast_m: float) -> pd.DataFrame:
    """Return every mast that stands, once.

    Parameters
    ----------
    sites : DataFrame
        The canonical table; off-air and planned sites are left out, their masts may stand but nobody says so.
    masts : DataFrame or None
        The inventory (:func:`geo.io.passive.read_points`); rows that are planned or without a place are left out.
    same_mast_m : float
        A site within this distance of an inventory's mast stands on it (on the nearest).

    Returns
    -------
    DataFrame
        Columns :data:`STRUCTURE_COLUMNS`, sorted by id. ``operators`` and ``site_ids`` are joined by ``"; "``; ``basis`` is ``inventory``,
        ``site_list`` or ``both``.
    """
    listed = _from_sites(sites)
    if masts is None:
        return _finished(listed)
    known = masts[~masts["planned"].to_numpy(dtype=bool) & masts["lon"].notna().to_numpy(dtype=bool)].reset_index(drop=True)
    own = pd.DataFrame(
        {
            "structure_id": known["mast_id"].astype(object), "lon": known["lon"], "lat": known["lat"], "commune_code": known["commune_code"].astype(object),
            "operators": [frozenset(t for t in u.split("; ") if t) for u in known["users"]], "owner": known["owner"].astype(object),
            "site_ids": [frozenset()] * len(known), "mast_class": known["mast_class"].astype(object), "height_m": known["height_m"],
            "building_height_m": known["building_height_m"], "shareable": known["shareable"].astype(object),
            "certificate_expiry": known["certificate_expiry"], "basis": "inventory",
        }
    )  # fmt: skip
    i, j, metres = near_pairs(*_places(listed), *_places(own), within_m=same_mast_m)
    order = np.lexsort((j, metres, i))
    i, j = i[order], j[order]
    nearest, at = np.unique(i, return_index=True)
    for site, mast in zip(nearest.tolist(), j[at].tolist(), strict=True):
        row = listed.iloc[site]
        own.at[mast, "operators"] = own.at[mast, "operators"] | row["operators"]
        own.at[mast, "site_ids"] = own.at[mast, "site_ids"] | row["site_ids"]
        own.at[mast, "basis"] = "both"
        for name in ("mast_class", "owner"):
            if not own.at[mast, name]:
                own.at[mast, name] = row[name]
        for name in ("height_m", "building_height_m"):
            if own[name].isna().iloc[mast]:
                own.at[mast, name] = row[name]
    rest = listed[~np.isin(np.arange(len(listed)), nearest)]
    return _finished(pd.concat([own, rest], ignore_index=True) if len(rest) else own)


def _places(frame: pd.DataFrame) -> tuple[_F64, _F64]:
    return frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)


def _from_sites(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the structures of the site lists by their mast code (:func:`geo.network.shared_masts`)."""
    serving = sites[~sites["status"].isin(["off_air", "planned"]).to_numpy(dtype=bool) & sites["lon"].notna().to_numpy(dtype=bool)]
    rows = []
    for _, part in serving.groupby("mast_id", sort=True):
        ids = sorted(str(s) for s in part["site_id"])
        # Site lists have kinds of mast (self-standing, guyed) under the same header as classes.
        classes = [_CLASSES[str(c).lower()] for c in part["mast_class"].fillna("") if str(c).lower() in _CLASSES]
        owners = [str(c) for c in part["owner"].fillna("") if str(c)]
        rows.append(
            {
                "structure_id": ids[0], "lon": float(part["lon"].median()), "lat": float(part["lat"].median()),
                "commune_code": next((str(c) for c in part["commune_code"] if str(c)), ""), "operators": frozenset(str(o) for o in part["operator"]),
                "owner": owners[0] if owners else "", "site_ids": frozenset(ids), "mast_class": classes[0] if len(set(classes)) == 1 else "",
                "height_m": float(part["structure_height_m"].max()), "building_height_m": float(part["building_height_m"].max()),
                "shareable": pd.NA, "certificate_expiry": pd.NaT, "basis": "site_list",
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(STRUCTURE_COLUMNS)).astype({"lon": float, "lat": float, "height_m": float, "building_height_m": float})


def _finished(frame: pd.DataFrame) -> pd.DataFrame:
    ids = frame["structure_id"].astype(str)
    again = ids.duplicated(keep=False)
    named = ids + [f" @{lat:.5f},{lon:.5f}" if twice else "" for twice, lat, lon in zip(again, frame["lat"], frame["lon"], strict=True)]
    out = frame.assign(
        structure_id=named,
        operators=["; ".join(sorted(o)) for o in frame["operators"]],
        site_ids=["; ".join(sorted(s)) for s in frame["site_ids"]],
        shareable=pd.array(list(frame["shareable"]), dtype="boolean"),
        certificate_expiry=pd.to_datetime(frame["certificate_expiry"]).astype("datetime64[ns]"),
    )
    for name in ("structure_id", "commune_code", "owner", "mast_class", "basis"):
        out[name] = out[name].astype("str")
    return out.sort_values("structure_id", kind="stable").reset_index(drop=True)[list(STRUCTURE_COLUMNS)]
