"""Polygons put right and measured: repair, spikes, overlaps, gaps, and provinces from communes.

Shapes are arrays of shapely polygons. "On the plane" means EPSG:6933 (equal area): areas are exact
there, distances are within a tenth in Vietnam, which is enough to call something a sliver.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from geo.crs import EQUAL_AREA_EPSG, WGS84_EPSG, from_wgs84, to_wgs84
from geo.errors import CrsError

__all__ = [
    "Patches",
    "area_km2",
    "dissolve_provinces",
    "gaps_between",
    "misordered_rings",
    "only_polygons",
    "overlaps_between",
    "repair",
    "shapes_to_plane",
    "shapes_to_wgs84",
    "spike_places",
]

Shapes = npt.NDArray[np.object_]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_M2_PER_KM2 = 1e6
_POLYGON, _MULTIPOLYGON, _COLLECTION = 3, 6, 7


@dataclass(frozen=True, slots=True)
class Patches:
    """Places where a coverage is not one: overlaps of two units, or gaps between several.

    Attributes
    ----------
    area_km2 : (n,) float64
        Largest first.
    lon, lat : (n,) float64
        A point inside each, EPSG:4326.
    units : tuple of tuple of int
        Positions of the units concerned.
    width_m : (n,) float64
        Twice the radius of the largest circle inside; NaN for overlaps.
    """

    area_km2: FloatArray
    lon: FloatArray
    lat: FloatArray
    units: tuple[tuple[int, ...], ...]
    width_m: FloatArray


def shapes_to_wgs84(shapes: Shapes, crs: CRS | int | str, *, swapped: bool = False) -> Shapes:
    """Return shapes in EPSG:4326, every vertex by the pinned operation of :mod:`geo.crs`.

    With ``swapped`` the two coordinates are exchanged first.
    """

    def project(xy: FloatArray) -> FloatArray:
        first, second = (xy[:, 1], xy[:, 0]) if swapped else (xy[:, 0], xy[:, 1])
        return np.column_stack(to_wgs84(first, second, crs))

    return np.asarray(shapely.transform(shapes, project), dtype=object)


def shapes_to_plane(shapes: Shapes) -> Shapes:
    """Return shapes of EPSG:4326 in EPSG:6933 (metres, equal area)."""

    def project(lonlat: FloatArray) -> FloatArray:
        return np.column_stack(from_wgs84(lonlat[:, 0], lonlat[:, 1], EQUAL_AREA_EPSG))

    return np.asarray(shapely.transform(shapes, project), dtype=object)


def area_km2(shapes: Shapes) -> FloatArray:
    """Return areas of shapes in EPSG:4326, measured in EPSG:6933."""
    return np.asarray(shapely.area(shapes_to_plane(shapes)), dtype=np.float64) / _M2_PER_KM2


def only_polygons(shapes: Shapes) -> tuple[Shapes, BoolArray]:
    """Return the polygons of mixed collections, and which shapes were collections.

    A shape without any polygon becomes an empty polygon. Parts are kept apart, not merged.
    """
    kinds = shapely.get_type_id(shapes)
    mixed = kinds == _COLLECTION
    out = shapes.copy()
    for i in np.flatnonzero(mixed):
        parts = _flat(shapes[i])
        out[i] = shapely.multipolygons(parts) if parts else shapely.Polygon()
    other = ~np.isin(kinds, [_POLYGON, _MULTIPOLYGON, _COLLECTION, -1])
    out[other] = shapely.Polygon()
    return out, mixed


def _flat(shape: shapely.Geometry) -> list[shapely.Polygon]:
    parts: list[shapely.Polygon] = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            parts.append(part)
        elif part.geom_type in {"MultiPolygon", "GeometryCollection"}:
            parts.extend(_flat(part))
    return [p for p in parts if not p.is_empty]


def repair(shapes: Shapes) -> tuple[Shapes, Shapes]:
    """Return valid shapes and, for each that was not, why (GEOS's words with the place; else "").

    Crossing outlines become the parts that they enclose, spikes vanish, holes outside the outline
    become parts of their own; what has no area left becomes empty.
    """
    valid = shapely.is_valid(shapes)
    reasons = np.full(len(shapes), "", dtype=object)
    out = shapes.copy()
    broken = np.flatnonzero(~valid)
    if len(broken):
        reasons[broken] = shapely.is_valid_reason(shapes[broken])
        mended = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
        out[broken] = only_polygons(np.asarray(mended, dtype=object))[0]
    return out, reasons


def misordered_rings(shapes: Shapes) -> BoolArray:
    """Return which shapes have a hole that runs like its outline, or outlines that run against the layer's."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    if not len(parts):
        return np.zeros(len(shapes), dtype=bool)
    rings, part = shapely.get_rings(parts, return_index=True)
    left = np.asarray(shapely.is_ccw(rings), dtype=bool)
    outline = np.append(True, part[1:] != part[:-1])
    of_part = np.zeros(len(parts), dtype=bool)
    of_part[part[outline]] = left[outline]
    usual = float(left[outline].mean()) >= 0.5
    wrong = np.where(outline, left != usual, left == of_part[part])
    bad = np.zeros(len(shapes), dtype=bool)
    np.logical_or.at(bad, owner[part], wrong)
    return bad


def spike_places(shapes: Shapes, *, angle_deg: float, length_m: float) -> tuple[IntArray, FloatArray]:
    """Return which shapes have a corner sharper than ``angle_deg`` between two sides over ``length_m``.

    Parameters
    ----------
    shapes : (n,) polygons in EPSG:4326
    angle_deg, length_m : float

    Returns
    -------
    owner : (k,) int64
        Position of the shape of each spike.
    places : (k, 2) float64
        Longitude and latitude of each spike's tip.
    """
    parts, part_owner = shapely.get_parts(shapes, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(lonlat):
        return np.zeros(0, dtype=np.int64), np.zeros((0, 2))
    closing = np.append(ring[1:] != ring[:-1], True)  # the last vertex repeats the first
    lonlat, ring = lonlat[~closing], ring[~closing]
    plane = np.column_stack(from_wgs84(lonlat[:, 0], lonlat[:, 1], EQUAL_AREA_EPSG))
    start = np.flatnonzero(np.append(True, ring[1:] != ring[:-1]))
    end = np.append(start[1:], len(ring)) - 1
    before, after = np.arange(len(ring)) - 1, np.arange(len(ring)) + 1
    before[start], after[end] = end, start
    back, ahead = plane[before] - plane, plane[after] - plane
    size_back, size_ahead = np.hypot(*back.T), np.hypot(*ahead.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        angle = np.degrees(np.arccos(np.clip((back * ahead).sum(axis=1) / (size_back * size_ahead), -1, 1)))
    sharp = (angle < angle_deg) & (np.minimum(size_back, size_ahead) > length_m)
    return part_owner[ring_part[ring[sharp]]].astype(np.int64), lonlat[sharp]


def _middle(patches: Shapes) -> tuple[FloatArray, FloatArray]:
    points = shapely.point_on_surface(patches)
    return to_wgs84(shapely.get_x(points), shapely.get_y(points), EQUAL_AREA_EPSG)


def overlaps_between(plane: Shapes, *, least_km2: float) -> Patches:
    """Return the overlaps of pairs of valid shapes on the plane, those above ``least_km2``.

    Only pairs of which one has an edge that does not match its neighbour's are measured.
    """
    suspect = ~shapely.is_empty(shapely.coverage_invalid_edges(plane))
    first, second = shapely.STRtree(plane).query(plane, predicate="intersects")
    chosen = (first < second) & (suspect[first] | suspect[second])
    first, second = first[chosen], second[chosen]
    common = np.asarray(shapely.intersection(plane[first], plane[second]), dtype=object)
    area = np.asarray(shapely.area(common), dtype=np.float64) / _M2_PER_KM2
    order = np.argsort(-area, kind="stable")
    order = order[area[order] > least_km2]
    lon, lat = _middle(common[order])
    units = tuple((int(first[k]), int(second[k])) for k in order)
    return Patches(area[order], lon, lat, units, np.full(len(order), np.nan))


def gaps_between(plane: Shapes, *, least_km2: float) -> Patches:
    """Return the areas that valid shapes on the plane enclose without covering, those above ``least_km2``."""
    holes = _holes(shapely.union_all(plane))
    area = np.asarray(shapely.area(holes), dtype=np.float64) / _M2_PER_KM2
    order = np.argsort(-area, kind="stable")
    order = order[area[order] > least_km2]
    holes, area = holes[order], area[order]
    lon, lat = _middle(holes)
    width = 2 * shapely.length(shapely.maximum_inscribed_circle(holes))
    hole, unit = shapely.STRtree(plane).query(holes, predicate="intersects")
    around = tuple(tuple(sorted(int(u) for u in unit[hole == k])) for k in range(len(holes)))
    return Patches(area, lon, lat, around, np.asarray(width, dtype=np.float64))


def _holes(shape: shapely.Geometry) -> Shapes:
    parts = shapely.get_parts(shape)
    rings, part = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return np.zeros(0, dtype=object)
    inner = np.append(False, part[1:] == part[:-1])
    return np.asarray(shapely.polygons(rings[inner]), dtype=object)


def dissolve_provinces(units: gpd.GeoDataFrame, *, sliver_width_m: float) -> gpd.GeoDataFrame:
    """Return provinces joined from their communes, gaps narrower than ``sliver_width_m`` closed.

    Parameters
    ----------
    units : GeoDataFrame
        Valid polygons in EPSG:4326 with ``province_code`` and ``province_name``.
    sliver_width_m : float
        Enclosed gaps of this width or more stay open: they may be another unit.

    Returns
    -------
    GeoDataFrame
        ``province_code``, ``province_name``, ``communes`` (int64), ``area_km2`` (EPSG:6933),
        ``closed_km2`` (area of the slivers closed), ``geometry`` (EPSG:4326); one row a province,
        by code.

    Raises
    ------
    CrsError
        If the units are not in EPSG:4326.
    """
    if units.crs is None or units.crs.to_epsg() != WGS84_EPSG:
        raise CrsError(
            "Ranh giới phải ở hệ EPSG:4326 trước khi ghép thành tỉnh.",
            "Boundaries must be in EPSG:4326 before provinces are made of them.",
        )
    rows = []
    for code, part in units.groupby("province_code", sort=True):
        joined = shapely.union_all(np.asarray(part.geometry.to_numpy(), dtype=object))
        holes = _holes(joined)
        plane = shapes_to_plane(holes)
        narrow = 2 * shapely.length(shapely.maximum_inscribed_circle(plane)) < sliver_width_m
        closed = float(shapely.area(plane[narrow]).sum()) / _M2_PER_KM2
        if narrow.any():
            joined = shapely.union_all([joined, *holes[narrow]])
        name = str(part["province_name"].iloc[0])
        size = float(area_km2(np.array([joined], dtype=object))[0])
        rows.append((str(code), name, len(part), size, closed, joined))
    columns = ["province_code", "province_name", "communes", "area_km2", "closed_km2", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=WGS84_EPSG)
