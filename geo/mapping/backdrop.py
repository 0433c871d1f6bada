"""Lines and areas for drawing: simplified together so that neighbours keep one border, rounded to a metre.

Nothing is measured on what this module returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.mapping.palette import Drawing

__all__ = ["feature_collection", "label_points", "outline", "simplified_areas", "simplified_lines", "steps"]

_METRES_PER_DEGREE = 111_320.0
Geometries = npt.NDArray[np.object_]


def simplified_areas(areas: gpd.GeoSeries, drawing: Drawing, *, times: float = 1.0) -> Geometries:
    """Return polygons simplified as one coverage; None where there is no polygon.

    Parameters
    ----------
    areas : GeoSeries, EPSG:4326
    drawing : Drawing
    times : float
        So many times the tolerance of ``drawing``.

    Returns
    -------
    (n,) object array of Polygon, MultiPolygon or None
        Aligned with ``areas``, coordinates rounded.
    """
    out = np.full(len(areas), None, dtype=object)
    polygons = np.array([_polygonal(shape) for shape in areas], dtype=object)
    present = np.flatnonzero([shape is not None for shape in polygons])
    if not len(present):
        return out
    given = polygons[present]
    factor = _shrink(given)
    flat = shapely.transform(given, lambda c: c * [factor, 1.0])
    simple = shapely.coverage_simplify(flat, times * drawing.simplify_m / _METRES_PER_DEGREE)
    out[present] = _rounded(shapely.transform(simple, lambda c: c / [factor, 1.0]), drawing)
    return out


def simplified_lines(lines: gpd.GeoSeries, drawing: Drawing, *, times: float = 1.0, within_m: float | None = None) -> Geometries:
    """Return lines simplified one by one, by what roads are or within ``within_m``; None where there is no line."""
    given = np.array([None if _is_missing(shape) else shape for shape in lines], dtype=object)
    simple = shapely.simplify(given, times * (drawing.road_simplify_m if within_m is None else within_m) / _METRES_PER_DEGREE)
    return _rounded(simple, drawing)


def outline(areas: Geometries, drawing: Drawing) -> Geometries:
    """Return the outer edge of all areas together, without the slivers between neighbours."""
    present = [shapely.make_valid(shape, method="structure", keep_collapsed=False) for shape in areas if shape is not None]
    if not present:
        return np.empty(0, dtype=object)
    union = shapely.union_all(present)
    smallest = drawing.smallest_hole_km2 * 1e6 / _METRES_PER_DEGREE**2
    parts = [part for part in shapely.get_parts(union) if part.geom_type == "Polygon"]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    kept = [shapely.LineString(ring.coords) for ring in rings if shapely.Polygon(ring).area >= smallest]
    return np.array(kept or [shapely.LineString(ring.coords) for ring in rings], dtype=object)


def label_points(areas: Geometries) -> list[tuple[float, float] | None]:
    """Return a point inside the largest part of each area, (lon, lat); None where there is none."""
    found: list[tuple[float, float] | None] = []
    for shape in areas:
        if shape is None:
            found.append(None)
            continue
        largest = max(shapely.get_parts(shape), key=lambda part: float(part.area))
        point = largest.representative_point()
        found.append((round(point.x, 5), round(point.y, 5)))
    return found


def feature_collection(shapes: Geometries, properties: Sequence[dict[str, int]]) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection of the shapes that exist.

    Properties are whole numbers only (row numbers, class numbers): no text of a file goes this way.
    """
    features = [
        {"type": "Feature", "properties": numbers, "geometry": _listed(shapely.geometry.mapping(shape))}
        for shape, numbers in zip(shapes, properties, strict=True)
        if shape is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def steps(shape: Any, decimals: int) -> list[Any] | None:
    """Return an outline as whole numbers: ``[0, rings by polygon]`` or ``[1, lines]``; None where there is none.

    A ring or line is a flat list of lon and lat in units of the last decimal, first the place, then steps. Several lines may be given
    as an array of them.
    """
    if shape is None or (not isinstance(shape, np.ndarray) and shape.is_empty):
        return None
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    if parts[0].geom_type == "LineString":
        return [1, [_path(part.coords, decimals) for part in parts]]
    return [0, [[_path(ring.coords, decimals) for ring in (part.exterior, *part.interiors)] for part in parts]]


def _path(coordinates: Any, decimals: int) -> list[int]:
    whole = np.round(np.asarray(coordinates)[:, :2] * 10**decimals).astype(np.int64)
    moves: list[int] = np.concatenate([whole[:1], np.diff(whole, axis=0)]).ravel().tolist()
    return moves


def _listed(mapping: Any) -> Any:
    if isinstance(mapping, dict):
        return {key: _listed(value) for key, value in mapping.items()}
    if isinstance(mapping, list | tuple):
        return [_listed(value) for value in mapping]
    return mapping


def _is_missing(shape: Any) -> bool:
    return shape is None or shape.is_empty


def _polygonal(shape: Any) -> Any:
    """Return the polygons of a shape as one valid geometry, None if it has none."""
    if _is_missing(shape):
        return None
    if shape.geom_type in {"Polygon", "MultiPolygon"} and shape.is_valid:
        return shape
    parts = [p for p in shapely.get_parts(shapely.get_parts(shapely.make_valid(shape))) if p.geom_type == "Polygon"]
    return shapely.union_all(parts) if parts else None


def _shrink(shapes: Geometries) -> float:
    """Return the factor that makes a degree of longitude as long as one of latitude, mid-area."""
    _, south, _, north = shapely.total_bounds(shapes)
    return max(0.05, cos(radians((south + north) / 2)))


def _rounded(shapes: Geometries, drawing: Drawing) -> Geometries:
    rounded: Geometries = shapely.transform(shapes, lambda c: np.round(c, drawing.coordinate_decimals))
    return rounded
