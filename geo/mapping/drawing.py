"""The map itself: folium layers with names that do not change, and the script they make.

Folium writes the script; the page around it is ours. No text of a file goes this way: features
carry row and class numbers only, and the page looks the rest up in its own data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import folium
import numpy as np
import pandas as pd
import shapely
from branca.element import Element, Figure
from folium.map import CustomPane
from folium.raster_layers import ImageOverlay
from folium.utilities import JsCode

from geo.grid import Grid
from geo.mapping.backdrop import feature_collection, label_points, outline, simplified_areas, simplified_lines
from geo.mapping.content import CoverageLayer, MapContent
from geo.mapping.country import CountryShapes, country_shapes
from geo.mapping.figures import village_class_numbers
from geo.mapping.overlay import MercatorFrame, state_png
from geo.mapping.palette import Drawing, Palette

__all__ = ["DrawnMap", "class_numbers", "draw"]

T = TypeVar("T", bound=Element)
Bounds = tuple[float, float, float, float]

_MAP_ID = "coverage"
_OPACITY_PERCENT = 75
_ROAD_WEIGHTS = {"motorway": 3, "trunk": 3, "primary": 3, "national": 3, "secondary": 2, "provincial": 2}


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """What the page needs of the drawn map.

    Attributes
    ----------
    script : str
        JavaScript that makes the map and its layers.
    name : str
        Global name of the map, and id of its element.
    layers : dict
        Global names of the layers by what they show.
    images : tuple of str
        Global names of the coverage images, in the order of ``MapContent.layers``.
    bounds : tuple
        West, south, east, north of what is shown, in degrees.
    anchors : list
        A point to write each commune's name at, or None.
    opacity_percent : int
        Opacity that coverage starts with.
    country : CountryShapes or None
        Outlines that the page's own script draws, of a view of the country.
    """

    script: str
    name: str
    layers: dict[str, list[str]]
    images: tuple[str, ...]
    bounds: Bounds
    anchors: list[tuple[float, float] | None]
    opacity_percent: int
    country: CountryShapes | None = None


def draw(content: MapContent, colours: Palette, *, fallback: Bounds) -> DrawnMap:
    """Return the map as script.

    Parameters
    ----------
    content : MapContent
    colours : Palette
    fallback : tuple
        Bounds to show when nothing has a place.
    """
    drawing = colours.drawing
    country = country_shapes(content.communes, content.provinces, drawing) if content.communes is not None and content.provinces is not None else None
    areas = country.communes if country is not None else None if content.communes is None else simplified_areas(content.communes.geometry, drawing)
    frames: dict[Grid, MercatorFrame] = {}
    largest_px = _largest_side(content.layers, drawing)
    for layer in content.layers:
        pixels = drawing.public_pixels_per_cell if content.edition == "public" else drawing.pixels_per_cell
        frames.setdefault(layer.grid, MercatorFrame(layer.grid, largest_px, pixels))
    bounds = _bounds(content, list(frames.values()), areas) or fallback
    canvas = _named(
        folium.Map(
            location=[(bounds[1] + bounds[3]) / 2, (bounds[0] + bounds[2]) / 2],
            tiles=None,
            zoom_start=9,
            zoom_control=False,
            prefer_canvas=True,
            attribution_control=False,
            zoom_snap=0.1,
            fade_animation=False,
        ),
        _MAP_ID,
    )
    options: dict[str, Any] = canvas.options
    options["renderer"] = JsCode("vungphu.canvas()")
    options["max_zoom"] = 17
    options["min_zoom"] = 4
    for name, z_index in (("coverage", 350), ("lines", 420), ("selected", 430), ("names", 440)):
        _named(CustomPane(name, z_index=z_index), name).add_to(canvas)
    images = [
        _image(state_png(layer.state, frames[layer.grid], colours), frames[layer.grid], number).add_to(canvas)
        for number, layer in enumerate(content.layers)
    ]
    layers: dict[str, list[str]] = {}
    if areas is not None and country is None:
        rows = [{"i": i} for i in range(len(areas))]
        shapes = _geojson(feature_collection(areas, rows), "communes", style="communeStyle", each="onCommune").add_to(canvas)
        edge = outline(areas, drawing)
        edges = _geojson(feature_collection(edge, [{}] * len(edge)), "outline", style="outlineStyle", pane="lines").add_to(canvas)
        layers["communes"] = [shapes.get_name(), edges.get_name()]
    if content.roads is not None:
        lines = simplified_lines(content.roads.geometry, drawing)
        weights = _road_weights(content.roads)
        roads = _geojson(feature_collection(lines, weights), "roads", style="roadStyle", pane="lines").add_to(canvas)
        layers["roads"] = [roads.get_name()]
    for key, frame, classes in (
        ("villages", content.villages, [s.key for s in colours.villages]),
        ("sites", content.sites, [s.key for s in colours.sites]),
    ):
        if frame is not None:
            numbers = class_numbers(key, frame, classes)
            points = _points(frame, numbers, drawing.coordinate_decimals)
            made = _geojson(points, key, point=key[:-1], each="on" + key[:-1].capitalize()).add_to(canvas)
            layers[key] = [made.get_name()]
    root = canvas.get_root()
    if not isinstance(root, Figure):
        raise TypeError(type(root).__name__)
    root.render()
    return DrawnMap(
        script=root.script.render(),
        name=canvas.get_name(),
        layers=layers,
        images=tuple(image.get_name() for image in images),
        bounds=bounds,
        anchors=[] if areas is None else label_points(areas),
        opacity_percent=_OPACITY_PERCENT,
        country=country,
    )


def _largest_side(layers: Sequence[CoverageLayer], drawing: Drawing) -> int:
    """Return the longest side of an image in pixels, so that all of them together stay within the limit."""
    if not layers:
        return drawing.largest_image_px
    square = drawing.all_images_px2 / len(layers)
    slimmest = min(min(layer.grid.shape) / max(layer.grid.shape) for layer in layers)
    return min(drawing.largest_image_px, max(1, int((square / slimmest) ** 0.5)))


def class_numbers(key: str, frame: pd.DataFrame, classes: Sequence[str]) -> list[int]:
    """Return the number of each point's class; what is not among them is the last one."""
    if key == "villages":
        return village_class_numbers(frame, classes)
    numbers = {name: i for i, name in enumerate(classes)}
    return [numbers.get(str(status), len(classes) - 1) for status in frame["status"]]


def _named(element: T, name: str) -> T:
    """Replace the random name that branca gives by one that stays."""
    element._id = name
    return element


def _image(address: str, frame: MercatorFrame, number: int) -> ImageOverlay:
    west, south, east, north = frame.bounds
    return _named(
        ImageOverlay(
            image=address,
            bounds=[[round(south, 6), round(west, 6)], [round(north, 6), round(east, 6)]],
            opacity=_OPACITY_PERCENT / 100,
            pane="coverage",
            interactive=False,
            show=False,
        ),
        str(number),
    )


def _geojson(
    data: dict[str, object], name: str, *, style: str = "", each: str = "", point: str = "", pane: str = "overlayPane"
) -> folium.GeoJson:
    """Return a GeoJSON layer whose styles are functions of the page, not one ``case`` per feature."""
    made = _named(folium.GeoJson(data, show=False, on_each_feature=JsCode(f"vungphu.{each}") if each else None), name)
    options: dict[str, Any] = made.options
    options["pane"] = pane
    if style:
        options["style"] = JsCode(f"vungphu.{style}")
    if point:
        options["point_to_layer"] = JsCode(f"vungphu.{point}")
    return made


def _points(frame: pd.DataFrame, numbers: Sequence[int], decimals: int) -> dict[str, object]:
    lon, lat = frame["lon"].to_numpy(dtype="float64"), frame["lat"].to_numpy(dtype="float64")
    placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    # the most urgent class is drawn last, on top
    order = sorted(placed.tolist(), key=lambda i: (numbers[i], i))
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"i": i, "c": numbers[i]},
                "geometry": {"type": "Point", "coordinates": [round(float(lon[i]), decimals), round(float(lat[i]), decimals)]},
            }
            for i in order
        ],
    }


def _road_weights(roads: pd.DataFrame) -> list[dict[str, int]]:
    if "road_class" not in roads.columns:
        return [{"w": 1}] * len(roads)
    return [{"w": _ROAD_WEIGHTS.get(str(value), 1)} for value in roads["road_class"]]


def _bounds(content: MapContent, frames: Sequence[MercatorFrame], areas: np.ndarray | None) -> Bounds | None:
    """Return the bounds of the communes, else of the coverage, else of the points."""
    if areas is not None:
        found = shapely.total_bounds([shape for shape in areas if shape is not None])
        if np.isfinite(found).all():
            return _rounded(found)
    if frames:
        edges = np.array([frame.bounds for frame in frames])
        return _rounded(np.concatenate([edges[:, :2].min(axis=0), edges[:, 2:].max(axis=0)]))
    parts = [frame[["lon", "lat"]].to_numpy(dtype="float64") for frame in (content.villages, content.sites) if frame is not None]
    points = np.concatenate([np.empty((0, 2)), *parts])
    points = points[np.isfinite(points).all(axis=1)]
    return _rounded(np.concatenate([points.min(axis=0), points.max(axis=0)])) if len(points) else None


def _rounded(values: np.ndarray) -> Bounds:
    west, south, east, north = (round(float(value), 5) for value in values)
    return west, south, east, north
