"""What hangs over a street and what lies under it: routes of cables and ducts put on street sections.

A route lies along a section when it is drawn there, or when its list names the street. Names are the list's own and can be wrong: one
that is in several communes, or lies far from the route that names it, decides nothing. A route that no section takes may hang over
any of them, so that streets of its commune without a listed cable are not called free of cable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84, local_utm_epsg
from geo.planning.undergrounding_settings import UndergroundingSettings
from geo.text import fold_key

__all__ = ["RouteParts", "hung_cable", "plane_lines", "route_parts", "street_epsg"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_SEPARATORS = re.compile(r"[;,+\n]|\s(?:và|and)\s")


@dataclass(frozen=True, slots=True, eq=False)
class RouteParts:
    """Parts of routes that lie along sections.

    Attributes
    ----------
    section, route : (n,) int64 arrays
        Positions in the two tables.
    km : (n,) float64 array
        Of the route along the section; NaN where the route's length is not known.
    named : (n,) bool array
        Put there by the street's name, not by a drawn line: with several streets named, each has its share by length.
    without : (m,) int64 array
        Routes that no section takes.
    """

    section: _I64
    route: _I64
    km: _F64
    named: npt.NDArray[np.bool_]
    without: _I64


def plane_lines(geometry: Sequence[object], epsg: int) -> npt.NDArray[np.object_]:
    """Return shapes in EPSG:4326 as shapes in a metric plane; None stays None."""
    out = np.full(len(geometry), None, dtype=object)
    for i, shape in enumerate(geometry):
        if isinstance(shape, shapely.Geometry) and not shapely.is_empty(shape):
            out[i] = shapely.transform(shape, lambda c: np.column_stack(from_wgs84(c[:, 0], c[:, 1], epsg)))
    return out


def street_epsg(sections: gpd.GeoDataFrame) -> int:
    """Return the UTM zone of the middle of the sections: distances of metres do not depend on the choice."""
    west, south, east, north = (float(v) for v in sections.total_bounds)
    return local_utm_epsg((west + east) / 2, (south + north) / 2)


def route_parts(sections: gpd.GeoDataFrame, routes: pd.DataFrame, settings: UndergroundingSettings) -> RouteParts:
    """Return which routes lie along which sections.

    Parameters
    ----------
    sections : GeoDataFrame
        EPSG:4326: ``road_name``, ``commune_code``, LineStrings.
    routes : DataFrame
        ``street``, ``commune_code``, ``length_km``, ``geometry`` (:func:`geo.io.passive.read_routes`).
    settings : UndergroundingSettings
    """
    epsg = street_epsg(sections)
    lines, drawn = plane_lines(list(sections.geometry), epsg), plane_lines(list(routes["geometry"]), epsg)
    named = _named(sections)
    length = np.asarray(shapely.length(lines), dtype=np.float64)
    tree = shapely.STRtree(lines)
    out: list[tuple[int, int, float, bool]] = []
    without: list[int] = []
    for k, (street, commune, km) in enumerate(zip(routes["street"].astype(str), routes["commune_code"].astype(str), routes["length_km"], strict=True)):
        found = _by_name(street, commune, drawn[k], lines, named, sections, settings)
        if len(found):
            share = length[found] / length[found].sum()
            out += [(int(i), k, float(km) * float(s), True) for i, s in zip(found, share, strict=True)]
            continue
        overlap = _by_line(drawn[k], lines, tree, length, settings)
        if not overlap:
            without.append(k)
            continue
        whole = max(float(shapely.length(drawn[k])), sum(overlap.values()))
        out += [(i, k, float(km) * m / whole, False) for i, m in sorted(overlap.items())]
    section, route, km_along, by_name = zip(*out, strict=True) if out else ((), (), (), ())
    return RouteParts(
        np.array(section, dtype=np.int64), np.array(route, dtype=np.int64), np.array(km_along, dtype=np.float64), np.array(by_name, dtype=bool),
        np.array(without, dtype=np.int64),
    )  # fmt: skip


def _named(sections: gpd.GeoDataFrame) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for i, name in enumerate(sections["road_name"].astype(str)):
        if name.strip():
            found.setdefault(fold_key(name), []).append(i)
    return found


def _by_name(
    street: str, commune: str, drawn: object, lines: npt.NDArray[np.object_], named: dict[str, list[int]], sections: gpd.GeoDataFrame, settings: UndergroundingSettings
) -> _I64:
    """Return the sections that a route names; none where a name may mean streets of several communes, or one far away."""
    codes = sections["commune_code"].astype(str).to_numpy()
    out: list[int] = []
    for part in _SEPARATORS.split(street):
        meant = named.get(fold_key(part), []) if part.strip() else []
        if commune and any(codes[i] == commune for i in meant):
            meant = [i for i in meant if codes[i] == commune]
        if len({codes[i] for i in meant}) > 1:
            continue
        if isinstance(drawn, shapely.Geometry) and meant and min(float(shapely.distance(lines[i], drawn)) for i in meant) > 1000.0 * settings.named_km:
            continue
        out += [i for i in meant if i not in out]
    return np.array(sorted(out), dtype=np.int64)


def _by_line(drawn: object, lines: npt.NDArray[np.object_], tree: shapely.STRtree, length: _F64, settings: UndergroundingSettings) -> dict[int, float]:
    """Return the sections along which a drawn route lies, and for how many metres."""
    if not isinstance(drawn, shapely.Geometry) or float(shapely.length(drawn)) <= 0:
        return {}
    found: dict[int, float] = {}
    own = float(shapely.length(drawn))
    for i in sorted(tree.query(drawn, predicate="dwithin", distance=settings.along_m).tolist()):
        along = float(shapely.length(shapely.intersection(drawn, shapely.buffer(lines[i], settings.along_m, cap_style="flat"))))
        if along >= settings.along_share * min(own, float(length[i])):
            found[i] = along
    return found


def hung_cable(
    sections: gpd.GeoDataFrame, cables: pd.DataFrame | None, poles: pd.DataFrame | None, settings: UndergroundingSettings, *, operators: Sequence[str], elsewhere: gpd.GeoDataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return what hangs over each section, and the cables that no section takes (None where no list was given).

    Parameters
    ----------
    sections : GeoDataFrame
    cables, poles : DataFrame or None
        Rows of what is planned are left out.
    settings : UndergroundingSettings
    operators : sequence of str
        Of the project; where the cables of one are not listed, a street without a listed cable is not known to have none.
    elsewhere : GeoDataFrame or None
        Other roads (``road_name``, lines): a route that lies along one of them, or names none but them, hangs there.

    Returns
    -------
    DataFrame
        In the order of the sections: ``cables`` (NaN not known), ``cables_least`` (as listed), ``operators`` (names listed), ``operators_n`` (NaN not
        known), ``cable_km`` (NaN where a cable's length is not known), ``tidied`` (NA not known), ``by_name`` (some cable was put there by name).
    DataFrame or None
    """
    if cables is None:
        nothing = {"cables": np.nan, "cables_least": 0.0, "operators": "", "operators_n": np.nan, "cable_km": np.nan, "tidied": pd.NA, "by_name": False}
        return _typed([nothing] * len(sections)), None
    hung = cables[~cables["planned"].astype(bool)].reset_index(drop=True)
    parts = route_parts(sections, hung, settings)
    left = hung.iloc[parts.without]
    if elsewhere is not None and len(elsewhere) and len(left):
        left = left[~_elsewhere(sections, elsewhere, left, settings)]
    complete = bool(operators) and set(operators) <= set(hung["operator"].astype(str))
    somewhere = set(left["commune_code"].astype(str))
    carried = _carried(sections, poles, settings)
    rows = []
    for i, commune in enumerate(sections["commune_code"].astype(str)):
        mine = parts.section == i
        own = hung.iloc[parts.route[mine]]
        counts, who = own["cables"].to_numpy(dtype=float), own["operator"].astype(str)
        # More may hang there: an operator's list is missing, a cable is put nowhere, or poles carry something that no list names.
        loose = not complete or "" in somewhere or commune in somewhere or (own.empty and carried[i])
        told = own["tidied"].astype("boolean")
        rows.append(
            {
                "cables": np.nan if loose or np.isnan(counts).any() else float(counts.sum()), "cables_least": float(np.where(np.isnan(counts), 1.0, counts).sum()),
                "operators": "; ".join(sorted(set(who) - {""})), "operators_n": np.nan if loose or (who == "").any() else float(len(set(who))),
                "cable_km": np.nan if own.empty and loose else float(parts.km[mine].sum()), "tidied": pd.NA if own.empty or told.isna().any() else bool(told.all()),
                "by_name": bool(parts.named[mine].any()),
            }
        )  # fmt: skip
    return _typed(rows), left


def _elsewhere(sections: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, routes: pd.DataFrame, settings: UndergroundingSettings) -> npt.NDArray[np.bool_]:
    """Return which routes are on other roads for certain."""
    others, own = set(_named(roads)), set(_named(sections))
    epsg = street_epsg(sections)
    lines = plane_lines(list(roads.geometry), epsg)
    tree, length = shapely.STRtree(lines), np.asarray(shapely.length(lines), dtype=np.float64)
    out = []
    for street, drawn in zip(routes["street"].astype(str), plane_lines(list(routes["geometry"]), epsg), strict=True):
        said = {fold_key(part) for part in _SEPARATORS.split(street) if part.strip()}
        out.append(bool(said and said <= others - own) or bool(_by_line(drawn, lines, tree, length, settings)))
    return np.array(out, dtype=bool)


def _typed(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = ["cables", "cables_least", "operators", "operators_n", "cable_km", "tidied", "by_name"]
    return pd.DataFrame(rows, columns=columns).astype({"operators": "object", "tidied": "boolean"})


def _carried(sections: gpd.GeoDataFrame, poles: pd.DataFrame | None, settings: UndergroundingSettings) -> npt.NDArray[np.bool_]:
    """Return which sections have poles for cable."""
    found = np.zeros(len(sections), dtype=bool)
    if poles is not None and len(poles):
        found[route_parts(sections, poles[~poles["planned"].astype(bool)].reset_index(drop=True), settings).section] = True
    return found
