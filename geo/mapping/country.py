"""The country's outlines: communes simplified together as one coverage, provinces joined from them, both as steps between vertices.

3,321 communes as GeoJSON with 5 decimals are 12 MB; simplified to 200 m and written as whole-number steps they are about a tenth. A view of
the country is looked at from afar, and each province's own map has its communes in full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from geo.mapping.backdrop import label_points, outline, simplified_areas, steps
from geo.mapping.palette import Drawing

__all__ = ["CountryShapes", "country_shapes"]


@dataclass(frozen=True, slots=True)
class CountryShapes:
    """Outlines of a view of the country.

    Attributes
    ----------
    communes : (n,) object array
        Simplified polygons or None, aligned with the communes; EPSG:4326.
    commune_steps, province_steps : list
        Of each area its outline as :func:`geo.mapping.backdrop.steps` writes it, None where it has none; provinces as lines.
    province_anchors : list
        A point to write each province's name at, or None.
    unit : float
        Degrees that a step counts.
    """

    communes: npt.NDArray[np.object_]
    commune_steps: list[Any]
    province_steps: list[Any]
    province_anchors: list[tuple[float, float] | None]
    unit: float


def country_shapes(communes: gpd.GeoDataFrame, provinces: gpd.GeoDataFrame, drawing: Drawing) -> CountryShapes:
    """Return the outlines of communes and provinces for a page.

    Parameters
    ----------
    communes : GeoDataFrame, EPSG:4326
        With ``province_code``, which puts a commune into its province.
    provinces : GeoDataFrame, EPSG:4326
        A province whose communes have no outline is drawn by its own.
    drawing : Drawing
    """
    coarse = replace(
        drawing, simplify_m=drawing.country_simplify_m, coordinate_decimals=drawing.country_decimals, smallest_hole_km2=drawing.country_smallest_hole_km2
    )
    areas = simplified_areas(communes.geometry, coarse)
    own = simplified_areas(provinces.geometry, coarse)
    of = communes["province_code"].astype(str).to_numpy() if "province_code" in communes.columns else np.full(len(communes), "")
    edges: list[Any] = []
    anchors: list[tuple[float, float] | None] = []
    for code, shape in zip(provinces["province_code"].astype(str), own, strict=True):
        parts = np.array([area for area in areas[of == code] if area is not None], dtype=object)
        if not len(parts):
            parts = np.array([] if shape is None else [shape], dtype=object)
        lines = outline(parts, coarse)
        edges.append(steps(lines, coarse.coordinate_decimals) if len(lines) else None)
        anchors.append(_anchor(parts))
    return CountryShapes(areas, [steps(area, coarse.coordinate_decimals) for area in areas], edges, anchors, 10.0**-coarse.coordinate_decimals)


def _anchor(parts: npt.NDArray[np.object_]) -> tuple[float, float] | None:
    """Return a point for a province's name: that of the commune nearest to the middle of its communes, weighed by area."""
    if not len(parts):
        return None
    weights = np.array([part.area for part in parts])
    middles = np.array([(part.centroid.x, part.centroid.y) for part in parts])
    middle = np.average(middles, axis=0, weights=weights)
    nearest = int(np.argmin(np.hypot(*(middles - middle).T)))
    return label_points(np.array([parts[nearest]], dtype=object))[0]
