"""What printed maps are drawn from, brought once into the coordinate system of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84, local_utm_epsg
from geo.mapping.content import AreaLayer, MapContent

__all__ = ["Ground", "ground_of", "zone_layer"]

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Shapes and places in metres of one coordinate system.

    Attributes
    ----------
    epsg : int
    communes : object array
        In the order of the content's communes; None for one without a shape.
    whole : geometry or None
        All communes together.
    zones : DataFrame
        Dead zones of all operators together, the most urgent first, as the table has them; empty where there are none.
    zone_shapes : object array
    zones_of : mapping of str to list of int
        Rows of ``zones`` by commune code.
    roads : object array
    road_classes : list of str
    villages, sites : (n, 2) float64 arrays
        NaN where a position is not known.
    """

    epsg: int
    communes: Geometries
    whole: Any
    zones: pd.DataFrame
    zone_shapes: Geometries
    zones_of: dict[str, list[int]]
    roads: Geometries
    road_classes: list[str]
    villages: Floats
    sites: Floats
    zone_tree: shapely.STRtree
    road_tree: shapely.STRtree
    commune_tree: shapely.STRtree

    def seen(self, tree: shapely.STRtree, bounds: tuple[float, float, float, float]) -> list[int]:
        """Return the numbers of the shapes that a rectangle may show, in their order."""
        return sorted(int(i) for i in tree.query(shapely.box(*bounds)))


def ground_of(content: MapContent) -> Ground:
    """Return what the maps of a content are drawn from."""
    epsg = _epsg(content)
    communes = _shapes(None if content.communes is None else content.communes.geometry.to_numpy(), epsg)
    layer = zone_layer(content)
    zones, shapes = pd.DataFrame(), _shapes(None, epsg)
    if layer is not None:
        order = np.argsort(-pd.to_numeric(layer.frame["priority"], errors="coerce").fillna(-1.0).to_numpy(float), kind="stable")
        zones = pd.DataFrame(layer.frame.drop(columns="geometry")).iloc[order].reset_index(drop=True)
        shapes = _shapes(layer.frame.geometry.to_numpy()[order], epsg)
    zones_of: dict[str, list[int]] = {}
    for row, codes in enumerate(zones["commune_codes"] if len(zones) else ()):
        for code in str(codes).split("; "):
            zones_of.setdefault(code, []).append(row)
    roads = _shapes(None if content.roads is None else content.roads.geometry.to_numpy(), epsg)
    classes = [] if content.roads is None else [str(value) for value in content.roads["road_class"]]
    known = [shape for shape in communes if shape is not None]
    return Ground(
        epsg, communes, shapely.union_all(known) if known else None, zones, shapes, zones_of, roads, classes,
        _points(content.villages, epsg), _points(content.sites, epsg), _tree(shapes), _tree(roads), _tree(communes),
    )  # fmt: skip


def zone_layer(content: MapContent) -> AreaLayer | None:
    """Return the dead zones of all operators together; None where the run has none."""
    return next((a for a in content.areas if a.kind == "zone" and not a.operator and not a.technology), None)


def _epsg(content: MapContent) -> int:
    for layer in (*content.all_operators, *content.coverage):
        return layer.grid.epsg
    if content.communes is not None and len(content.communes):
        west, south, east, north = content.communes.total_bounds
        return local_utm_epsg((west + east) / 2, (south + north) / 2)
    return 32648


def _shapes(shapes: Sequence[Any] | None, epsg: int) -> Geometries:
    out = np.full(0 if shapes is None else len(shapes), None, dtype=object)
    for i, shape in enumerate(() if shapes is None else shapes):
        if shape is None or shape.is_empty:
            continue
        sound = shape if shape.is_valid else shapely.make_valid(shape)
        out[i] = shapely.transform(sound, lambda c: np.column_stack(from_wgs84(c[:, 0], c[:, 1], epsg)))
    return out


def _tree(shapes: Geometries) -> shapely.STRtree:
    return shapely.STRtree(shapes)


def _points(frame: pd.DataFrame | None, epsg: int) -> Floats:
    if frame is None or not len(frame):
        return np.empty((0, 2))
    lon, lat = (pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan) for name in ("lon", "lat"))
    out = np.full((len(frame), 2), np.nan)
    known = np.isfinite(lon) & np.isfinite(lat)
    if known.any():
        out[known] = np.column_stack(from_wgs84(lon[known], lat[known], epsg))
    return out
