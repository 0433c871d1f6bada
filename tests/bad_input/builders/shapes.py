"""Polygons that are none, and communes that do not fit together."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import mapping

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.builders.places import at
from tests.bad_input.made_up_project import Check, MadeUpProject
from tests.made_up_area import SIDE, SOUTH, WEST

#: The commune in the middle of the province that the ways below spoil: its south-west corner.
_NUMBER = 14  # third row, third column; feature 15
_X, _Y = WEST + 2 * SIDE, SOUTH + 2 * SIDE


def _ring(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Return a ring from corners in tenths of the commune's side."""
    return [(_X + a * SIDE / 10, _Y + b * SIDE / 10) for a, b in points]


_SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10), (0, 0))


def _spoil(p: MadeUpProject, geometry: object) -> None:
    shape: Any = mapping(geometry) if isinstance(geometry, shapely.Geometry) else geometry

    def change(features: list[dict[str, Any]]) -> None:
        features[_NUMBER]["geometry"] = shape

    p.features(change)


def communes(count: int) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.units is not None
        assert len(inputs.units) == count
        assert inputs.units.geometry.is_valid.all()

    return check


@way("polygon_crosses_itself")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring((0, 0), (10, 10), (10, 0), (0, 10), (0, 0))))
    return communes(36)


@way("polygon_hole_outside")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring(*_SQUARE), [_ring((40, 40), (41, 40), (41, 41), (40, 40))]))
    return communes(36)


@way("polygon_spike")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring((0, 0), (10, 0), (10, 5), (14, 5.001), (10, 5.002), (10, 10), (0, 10), (0, 0))))
    return communes(36)


@way("polygon_ring_order")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring(*_SQUARE[::-1])))
    return communes(36)


@way("polygon_heights")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon([(*c, 250.0) for c in _ring(*_SQUARE)]))
    return communes(36)


@way("polygon_empty")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, {"type": "Polygon", "coordinates": []})
    return communes(35)


@way("polygon_null")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, None)
    return communes(35)


@way("polygon_in_collection")
def _(p: MadeUpProject) -> Check | None:
    square = shapely.Polygon(_ring(*_SQUARE))
    _spoil(p, shapely.GeometryCollection([square, shapely.LineString(_ring((0, 0), (10, 10)))]))
    return communes(36)


@way("polygon_is_a_line")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.LineString(_ring(*_SQUARE)))
    return communes(35)


@way("polygon_layer_of_points")
def _(p: MadeUpProject) -> Check | None:
    p.communes(lambda f: f.assign(geometry=shapely.centroid(f.geometry.to_numpy())))
    return None


@way("polygon_collapsed")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring((0, 0), (10, 0), (5, 0), (0, 0))))
    return communes(35)


@way("polygon_ring_open")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, {"type": "Polygon", "coordinates": [_ring(*_SQUARE[:-1])]})
    return communes(36)


@way("polygon_infinite")
def _(p: MadeUpProject) -> Check | None:
    from tests.made_up_area import units

    frame = units()
    shapes = frame.geometry.to_numpy().copy()
    shapes[_NUMBER] = shapely.Polygon([(_X, _Y), (np.inf, _Y), (_X, _Y + SIDE), (_X, _Y)])
    gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=4326).to_parquet(p.folder / "xa.parquet")
    p.inputs["boundaries"] = "xa.parquet"
    return communes(35)


@way("polygon_repeated")
def _(p: MadeUpProject) -> Check | None:
    p.features(lambda f: f.append(f[_NUMBER]))
    return communes(36)


@way("polygon_in_parts")
def _(p: MadeUpProject) -> Check | None:
    def change(features: list[dict[str, Any]]) -> None:
        whole = features[_NUMBER]
        west, east = _ring((0, 0), (5, 0), (5, 10), (0, 10), (0, 0)), _ring((5, 0), (10, 0), (10, 10), (5, 10), (5, 0))
        features[_NUMBER] = {**whole, "geometry": {"type": "Polygon", "coordinates": [west]}}
        features.append({**whole, "geometry": {"type": "Polygon", "coordinates": [east]}})

    p.features(change)
    return communes(36)


@way("polygon_code_of_another")
def _(p: MadeUpProject) -> Check | None:
    p.features(lambda f: f[_NUMBER]["properties"].update(commune_code="99000"))
    return None


@way("polygon_area_differs")
def _(p: MadeUpProject) -> Check | None:
    p.features(lambda f: f[_NUMBER]["properties"].update(area_km2=250.0))
    return communes(36)


# -- between communes --------------------------------------------------------------------------


@way("coverage_overlap")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring((0, 0), (11, 0), (11, 10), (0, 10), (0, 0))))
    return at()


@way("coverage_sliver")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.Polygon(_ring((0, 0), (9.998, 0), (9.998, 10), (0, 10), (0, 0))))
    return at()


@way("coverage_commune_missing")
def _(p: MadeUpProject) -> Check | None:
    p.features(lambda f: f.pop(_NUMBER + 1))
    return None


@way("coverage_many_communes_missing")
def _(p: MadeUpProject) -> Check | None:
    def change(features: list[dict[str, Any]]) -> None:
        for number in (28, 25, 22, 19, 16, 13, 10, 7):
            features.pop(number)

    p.features(change)
    return None


@way("coverage_commune_elsewhere")
def _(p: MadeUpProject) -> Check | None:
    _spoil(p, shapely.box(108.0, 16.0, 108.1, 16.1))
    return None
