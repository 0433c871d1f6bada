"""Made-up ground for tests of the register: square cells on the equal-area plane, so that areas can be counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo.crs import from_wgs84
from geo.grid import Grid
from geo.polygons import shapes_to_wgs84
from geo.register import WeightedPoints, dead_zones

EPSG = 6933
SIDE_M = 100.0
X, Y = (round(float(v[0]) / SIDE_M) * SIDE_M for v in from_wgs84([105.5], [22.5], EPSG))

Cell = tuple[int, int]


def grid(rows: int, columns: int) -> Grid:
    return Grid(EPSG, X, Y, SIDE_M, rows, columns)


def outline(cells: Iterable[Cell]) -> shapely.Geometry:
    """Polygon (EPSG:4326) of cells (row, column)."""
    boxes = [
        shapely.box(X + c * SIDE_M, Y - (r + 1) * SIDE_M, X + (c + 1) * SIDE_M, Y - r * SIDE_M) for r, c in sorted(cells)
    ]
    return shapes_to_wgs84(np.array([shapely.union_all(boxes)], dtype=object), EPSG)[0]


def zones(cells: Mapping[str, Iterable[Cell]], **columns: Any) -> gpd.GeoDataFrame:
    """Dead zones of a review, by id; further columns as lists in the order of ``cells``, or one value for all."""
    names = list(cells)
    base: dict[str, Any] = {"dead_zone_id": names, "class": "white"}
    frame = gpd.GeoDataFrame({**base, **columns}, index=range(len(names)), geometry=[outline(c) for c in cells.values()], crs=4326)
    return dead_zones(frame)


def points(people: Mapping[Cell, float]) -> WeightedPoints:
    """People in the middle of cells."""
    spots = np.array([[X + (c + 0.5) * SIDE_M, Y - (r + 0.5) * SIDE_M] for r, c in people]).reshape(-1, 2)
    from geo.crs import to_wgs84

    lon, lat = to_wgs84(spots[:, 0], spots[:, 1], EPSG)
    return WeightedPoints(lon, lat, np.array(list(people.values()), dtype=float), "raster")
