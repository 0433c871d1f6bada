"""Dead zones of a review in one form: what kind of gap each is, and its outline on the plane.

A zone's *scope* says which zones of two reviews may be the same one: operator and technology (empty:
all operators together) and family, which is ``road`` for road segments and ``area`` for everything
else. The class is no part of it: a white zone that is served by one operator now is the same zone,
of another class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage import TECHNOLOGIES
from geo.crs import WGS84_EPSG
from geo.errors import CrsError, InputError
from geo.polygons import only_polygons, repair, shapes_to_plane
from geo.text import clean

__all__ = ["ZONE_COLUMNS", "Layer", "acting_layers", "dead_zones", "deciding_layers", "listed", "plane_shapes"]

Shapes = npt.NDArray[np.object_]
Layer = tuple[str, str, str]

ZONE_COLUMNS = (
    "dead_zone_id", "operator", "technology", "family", "class", "population", "evidence", "operators_missing",
    "commune_codes", "lon", "lat", "deadline",
)  # fmt: skip
_TEXTS = ("operator", "technology", "evidence", "operators_missing", "commune_codes")
_NUMBERS = ("population", "lon", "lat")
_ROAD = "road"
#: How a table may say "all operators together" or "any technology".
_ALL = ("all", "*")
_BETWEEN = re.compile(r"[;,]")
_POINT_KINDS = (0, 1, 2, 4, 5)  # points and lines, single and in collections
#: The oldest technology that would fill the gap, by class of zone; any technology fills the others.
_FILLED_BY = {"no_4g": "4G", "voice_only": "3G"}


def dead_zones(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a review's dead zones with the columns :data:`ZONE_COLUMNS`, in the order of their ids.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326, polygons (road segments: lines too), with ``dead_zone_id`` and ``class``. What else is
        missing is unknown: texts become empty, numbers NaN, ``deadline`` None, ``lon`` and ``lat`` a point inside.

    Raises
    ------
    CrsError
        If the zones are not in EPSG:4326.
    InputError
        If a column is missing, or an id is empty or stands twice.
    """
    if frame.crs is None or frame.crs.to_epsg() != WGS84_EPSG:
        raise CrsError(
            "Vùng lõm sóng phải ở hệ EPSG:4326.", "Dead zones must be in EPSG:4326."
        )
    missing = [name for name in ("dead_zone_id", "class") if name not in frame.columns]
    if missing:
        raise InputError(
            f"Bảng vùng lõm sóng thiếu cột {', '.join(missing)}.", f"The dead zones lack column {', '.join(missing)}."
        )
    ids = frame["dead_zone_id"].map(clean)
    twice = sorted(set(ids[ids.duplicated() | (ids == "")]))
    if twice:
        raise InputError(
            f"Mã vùng lõm sóng trống hoặc bị trùng: {', '.join(name or '(trống)' for name in twice[:5])}.",
            f"A dead zone's id is empty or stands twice: {', '.join(name or '(empty)' for name in twice[:5])}.",
        )
    columns: dict[str, object] = {"dead_zone_id": ids.to_numpy(dtype=object), "class": frame["class"].map(clean).to_numpy(dtype=object)}
    columns |= {name: (frame[name].map(clean) if name in frame else pd.Series("", index=frame.index)).to_numpy(dtype=object) for name in _TEXTS}
    for name in ("operator", "technology"):
        columns[name] = np.array(["" if text in _ALL else text for text in np.asarray(columns[name])], dtype=object)
    columns |= {name: (pd.to_numeric(frame[name], errors="coerce") if name in frame else pd.Series(np.nan, index=frame.index)).to_numpy(dtype=np.float64) for name in _NUMBERS}
    days = pd.to_datetime(frame["deadline"], errors="coerce") if "deadline" in frame else pd.Series(pd.NaT, index=frame.index)
    columns["deadline"] = np.array([None if pd.isna(day) else pd.Timestamp(day).date() for day in days], dtype=object)
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object).copy()
    shapes[np.asarray(shapely.is_missing(shapes), dtype=bool)] = shapely.Polygon()
    inside = np.full((len(shapes), 2), np.nan)
    drawn = ~np.asarray(shapely.is_empty(shapes), dtype=bool)
    inside[drawn] = shapely.get_coordinates(shapely.point_on_surface(shapes[drawn]))
    for name, found in (("lon", inside[:, 0]), ("lat", inside[:, 1])):
        given = np.asarray(columns[name], dtype=np.float64)
        columns[name] = np.where(np.isfinite(given), given, found)
    columns["family"] = np.where(np.asarray(columns["class"]) == _ROAD, _ROAD, "area").astype(object)
    zones = gpd.GeoDataFrame({name: columns[name] for name in ZONE_COLUMNS}, geometry=shapes, crs=WGS84_EPSG)
    return zones.sort_values("dead_zone_id", kind="stable", ignore_index=True)


def plane_shapes(shapes: Shapes, *, line_half_width_m: float) -> Shapes:
    """Return outlines (EPSG:4326) as valid polygons in EPSG:6933, where areas are measured.

    Lines become strips of twice ``line_half_width_m``; a missing outline becomes an empty polygon.
    """
    known = np.asarray(shapes, dtype=object).copy()
    known[np.asarray(shapely.is_missing(known), dtype=bool)] = shapely.Polygon()
    plane = shapes_to_plane(known)
    thin = np.isin(shapely.get_type_id(plane), _POINT_KINDS)
    plane[thin] = shapely.buffer(plane[thin], line_half_width_m)
    return repair(only_polygons(plane)[0])[0]


def listed(text: object) -> tuple[str, ...]:
    """Return the parts of a cell that lists several values (``"; "`` in result tables, a comma will do)."""
    return tuple(part for part in (clean(p) for p in _BETWEEN.split(clean(text))) if part)


def deciding_layers(
    zone: Mapping[Any, Any], *, operators: Sequence[str], counting: Sequence[str]
) -> tuple[Layer, ...]:
    """Return the layers (operator, technology, use) any of which would serve the place of a zone.

    The zone's own operator and technology where it has them, else the operators that it misses (all
    operators where it does not say) with the technologies that count and would fill a gap of its class:
    4G and newer for ``no_4g``, 3G and newer for ``voice_only``, any for the others. The use is ``indoor`` for
    ``indoor_only``, else ``outdoor``.

    Parameters
    ----------
    zone : mapping
        ``operator``, ``technology``, ``class``, ``operators_missing``.
    operators : sequence of str
        "Every operator" of the review.
    counting : sequence of str
        Technologies that count as service.
    """
    whose = (str(zone["operator"]),) if zone["operator"] else listed(zone["operators_missing"]) or tuple(operators)
    use = "indoor" if zone["class"] == "indoor_only" else "outdoor"
    if zone["technology"]:
        return tuple((operator, str(zone["technology"]), use) for operator in whose)
    oldest = _FILLED_BY.get(str(zone["class"]), TECHNOLOGIES[0])
    fitting = [t for t in TECHNOLOGIES[TECHNOLOGIES.index(oldest) :] if t in counting]
    return tuple((operator, technology, use) for operator in whose for technology in fitting)


def acting_layers(zone: Mapping[Any, Any], *, operators: Sequence[str], counting: Sequence[str]) -> tuple[Layer, ...]:
    """Return the layers that have a part in whether and where a zone is drawn, those that serve included.

    Of a zone of one operator or layer its own; of one over all operators every layer that counts: where the only
    operator of a ``single_operator`` zone gains or loses ground, so does the zone.

    Parameters
    ----------
    zone : mapping
        ``operator``, ``technology``, ``class``.
    operators, counting : sequence of str
        See :func:`deciding_layers`.
    """
    whose = (str(zone["operator"]),) if zone["operator"] else tuple(operators)
    which = (str(zone["technology"]),) if zone["technology"] else tuple(t for t in TECHNOLOGIES if t in counting)
    uses = ("indoor", "outdoor") if zone["class"] == "indoor_only" else ("outdoor",)
    return tuple((operator, technology, use) for operator in whose for technology in which for use in uses)
