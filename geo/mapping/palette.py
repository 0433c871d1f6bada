"""Colours and symbols, read from ``resources/palette.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin
from types import MappingProxyType
from typing import Any

from geo.errors import ResourceError
from geo.io.resources import load_toml

__all__ = ["PATTERNS", "AreaStyle", "Drawing", "Palette", "StateColour", "Stroke", "Symbol", "palette", "symbol_polygon"]

_HEX = re.compile(r"#[0-9a-f]{6}")
_HATCH_KINDS = ("", "lines", "dots")
_DASH = re.compile(r"([0-9]+ [0-9]+)?", re.ASCII)
#: Shapes that are no regular polygon, clockwise from the upper left.
_OUTLINES = {
    "cross": ((-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3), (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3)),
    "bow_tie": ((-0.9, -0.6), (0, -0.15), (0.9, -0.6), (0.9, 0.6), (0, 0.15), (-0.9, 0.6)),
    "flag": ((-0.5, -0.95), (0.9, -0.45), (-0.2, 0.05), (-0.2, 0.95), (-0.5, 0.95)),
    "arrow_up": ((0, -1), (0.85, -0.1), (0.35, -0.1), (0.35, 0.9), (-0.35, 0.9), (-0.35, -0.1), (-0.85, -0.1)),
}  # fmt: skip
#: Patterns of areas; what each looks like is drawn by the page's ``symbols.js`` and by QGIS.
PATTERNS = ("solid", "diagonal", "back_diagonal", "cross", "dots", "horizontal", "vertical", "line")


@dataclass(frozen=True, slots=True)
class StateColour:
    """Colour of one state; ``hatch`` is drawn over it so that it does not rest on colour alone."""

    code: int
    key: str
    colour: str
    hatch: str = ""
    hatch_kind: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """Symbol of one class of points."""

    key: str
    shape: str
    fill: str
    line: str
    radius_px: float


@dataclass(frozen=True, slots=True)
class AreaStyle:
    """How one class of areas is drawn: a light fill, an edge and a pattern of the edge's colour."""

    key: str
    fill: str
    line: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """How one class of lines is drawn; ``shape`` is the symbol that stands for a line too short to be seen from afar."""

    key: str
    line: str
    weight_px: float
    dash: str
    shape: str
    radius_px: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """How finely things are drawn."""

    simplify_m: float
    road_simplify_m: float
    smallest_hole_km2: float
    coordinate_decimals: int
    largest_image_px: int
    all_images_px2: int
    pixels_per_cell: float
    public_pixels_per_cell: float
    largest_file_bytes: int
    largest_themes_bytes: int
    country_simplify_m: float
    country_decimals: int
    country_smallest_hole_km2: float
    country_themes_bytes: int
    names_bytes: int
    page_bytes: int
    street_simplify_m: float
    most_streets: int


@dataclass(frozen=True, slots=True)
class Palette:
    """All colours and symbols of the map.

    Attributes
    ----------
    states, villages, sites, lines, drawing, areas
        Of cells, points, lines and areas.
    surfaces, points : mapping
        Of themes on communes and of those drawn as points, by kind.
    strokes : mapping
        Of themes drawn as lines, by kind.
    evidence : mapping
        Pattern of each kind of evidence, drawn over the colour of a verdict.
    comparison : tuple of AreaStyle
        Classes of two operators' layers.
    share_cuts : tuple of float
        Where the classes of a share begin, from the second on.
    way : str
        Colour of a vehicle-day's way.
    """

    states: tuple[StateColour, ...]
    villages: tuple[Symbol, ...]
    sites: tuple[Symbol, ...]
    lines: tuple[tuple[str, str], ...]
    drawing: Drawing
    areas: Mapping[str, tuple[AreaStyle, ...]]
    surfaces: Mapping[str, tuple[AreaStyle, ...]]
    points: Mapping[str, tuple[Symbol, ...]]
    strokes: Mapping[str, tuple[Stroke, ...]]
    evidence: Mapping[str, str]
    share_cuts: tuple[float, ...]
    comparison: tuple[AreaStyle, ...]
    way: str


@lru_cache(maxsize=1)
def palette() -> Palette:
    """Return the palette that ships with the package.

    Raises
    ------
    ResourceError
        If a colour or shape is not one that can be drawn.
    """
    entries = load_toml("palette.toml")
    try:
        return Palette(
            states=tuple(StateColour(code=int(code), **_colours(entry)) for code, entry in sorted(entries["states"].items())),
            villages=_symbols(entries["villages"]),
            sites=_symbols(entries["sites"]),
            lines=tuple(_colours(entries["lines"]).items()),
            drawing=Drawing(**entries["drawing"]),
            areas=MappingProxyType({kind: _area_styles(styles) for kind, styles in entries["areas"].items()}),
            surfaces=MappingProxyType({kind: _area_styles(styles) for kind, styles in entries["surfaces"].items()}),
            points=MappingProxyType({kind: _symbols(symbols) for kind, symbols in entries["points"].items()}),
            strokes=MappingProxyType({kind: _strokes(strokes) for kind, strokes in entries["strokes"].items()}),
            evidence=MappingProxyType(_patterns(entries["evidence"])),
            share_cuts=_rising(entries["share_cuts"]["from"]),
            comparison=_area_styles(entries["comparison"]),
            way=str(_colours(entries["way"])["line"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ResourceError(f"palette.toml hỏng: {error}.", f"palette.toml is broken: {error}.") from error


def _symbols(entries: dict[str, Any]) -> tuple[Symbol, ...]:
    found = tuple(Symbol(key=key, **_colours(entry)) for key, entry in entries.items())
    for symbol in found:
        symbol_polygon(symbol.shape)
    return found


def _strokes(entries: dict[str, Any]) -> tuple[Stroke, ...]:
    found = tuple(Stroke(key=key, **_colours(entry)) for key, entry in entries.items())
    for stroke in found:
        symbol_polygon(stroke.shape)
        if not _DASH.fullmatch(stroke.dash):
            raise ValueError(f"dash = {stroke.dash}")
    return found


def _area_styles(entries: dict[str, Any]) -> tuple[AreaStyle, ...]:
    found = tuple(AreaStyle(key=key, **_colours(entry)) for key, entry in entries.items())
    for style in found:
        if style.pattern not in PATTERNS:
            raise ValueError(f"pattern = {style.pattern}")
    return found


def _patterns(entries: dict[str, str]) -> dict[str, str]:
    for name, pattern in entries.items():
        if pattern not in PATTERNS:
            raise ValueError(f"{name} = {pattern}")
    return entries


def _rising(cuts: list[float]) -> tuple[float, ...]:
    found = tuple(float(cut) for cut in cuts)
    if list(found) != sorted(set(found)):
        raise ValueError(f"share_cuts = {cuts}")
    return found


def _colours(entry: dict[str, Any]) -> dict[str, Any]:
    for name, value in entry.items():
        if isinstance(value, str) and value.startswith("#") and not _HEX.fullmatch(value):
            raise ValueError(f"colour {name} = {value}")
    if entry.get("hatch_kind", "") not in _HATCH_KINDS:
        raise ValueError(f"hatch_kind = {entry['hatch_kind']}")
    return entry


def symbol_polygon(shape: str) -> tuple[tuple[float, float], ...]:
    """Return the corners of a symbol of radius 1, x to the right, y down; empty for a circle.

    Raises
    ------
    ResourceError
        If the shape is not known.
    """
    if shape in {"circle", "ring"}:
        return ()
    regular = {"triangle": (3, -90.0), "triangle_down": (3, 90.0), "diamond": (4, 0.0), "square": (4, 45.0), "pentagon": (5, -90.0), "hexagon": (6, 0.0)}
    if shape in regular:
        corners, start = regular[shape]
        return tuple(_on_circle(start + 360.0 * i / corners) for i in range(corners))
    if shape in _OUTLINES:
        return _OUTLINES[shape]
    if shape == "star":
        return tuple((round(reach * x, 3), round(reach * y, 3)) for i in range(10) for reach in (0.44 if i % 2 else 1.0,) for x, y in (_on_circle(-90.0 + 36.0 * i),))
    if shape == "saltire":
        half = cos(pi / 4)
        return tuple((round((x - y) * half, 3), round((x + y) * half, 3)) for x, y in _OUTLINES["cross"])
    raise ResourceError(f"Không có ký hiệu '{shape}'.", f"There is no symbol '{shape}'.")


def _on_circle(angle_deg: float) -> tuple[float, float]:
    return round(cos(angle_deg * pi / 180), 3), round(sin(angle_deg * pi / 180), 3)
