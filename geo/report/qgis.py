"""Styles for QGIS: layers of ``layers.gpkg`` in the colours, patterns and symbols of the map.

A GeoPackage carries styles in the table ``layer_styles`` (one QML text per layer); QGIS takes the default one when the
layer is added. Properties stand twice, as ``Option`` (QGIS 3.20 and later) and as ``prop`` (earlier 3.x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from xml.etree import ElementTree as Xml

from geo.mapping.area_words import class_words
from geo.mapping.labels import phrase
from geo.mapping.palette import AreaStyle, Symbol, palette

__all__ = ["layer_styles"]

_LIGHT = 102  # of 255: how strongly the fill of an area shows under its pattern
#: Names that QGIS gives to the brushes, by the palette's patterns; a solid area has none of its own.
_BRUSHES = {
    "diagonal": "b_diagonal", "back_diagonal": "f_diagonal", "cross": "diagonal_x", "dots": "dense6", "horizontal": "horizontal", "vertical": "vertical",
}  # fmt: skip
#: Names of QGIS's markers and how far they are turned, degrees, by the palette's shapes.
_MARKERS = {
    "circle": ("circle", 0), "ring": ("circle", 0), "triangle": ("triangle", 0), "triangle_down": ("triangle", 180), "diamond": ("diamond", 0),
    "square": ("square", 0), "hexagon": ("hexagon", 0), "cross": ("cross_fill", 0), "saltire": ("cross_fill", 45),
}  # fmt: skip
_MM_PER_PX = 25.4 / 96
Properties = Mapping[str, str]
_Symbol = tuple[Literal["fill", "line", "marker"], Sequence[tuple[str, Properties]]]


def layer_styles(names: Sequence[str], language: str) -> dict[str, str]:
    """Return the style of each layer that has one, as QML.

    Parameters
    ----------
    names : sequence of str
        Layers of ``layers.gpkg``.
    language : {"vi", "en"}
        Of the legends.
    """
    made = {
        "dead_zones": lambda: _areas("zone", language),
        "dead_zones_by_operator": lambda: _single(_fill(_style("zone", "unserved"))),
        "dead_zones_by_layer": lambda: _single(_fill(_style("zone", "unserved"))),
        "disagreement": lambda: _areas("claim", language),
        "coverage_claims": lambda: _single(_fill(_style("claim", "served_not_claimed_predicted"))),
        "villages": lambda: _points("class", palette().villages, "villages", language),
        "facilities": lambda: _points("class", palette().villages, "villages", language),
        "sites": lambda: _points("status", palette().sites, "site_status", language),
        "communes": lambda: _single(_outline(dict(palette().lines)["commune"])),
    }
    return {name: made[name]() for name in names if name in made}


def _style(kind: Literal["zone", "claim", "change"], key: str) -> AreaStyle:
    return next(style for style in palette().areas[kind] if style.key == key)


def _areas(kind: Literal["zone", "claim", "change"], language: str) -> str:
    styles = palette().areas[kind]
    categories = [(style.key, class_words(kind, style.key).text(language)) for style in styles if style.key not in {"other", "unserved"}]
    symbols = [_line(style) if style.pattern == "line" else _fill(style) for style in styles if style.key not in {"other", "unserved"}]
    return _categorised("state" if kind == "change" else "class", categories, symbols)


def _points(column: str, symbols: Sequence[Symbol], words: str, language: str) -> str:
    named = [symbol for symbol in symbols if symbol.key != "other"]
    return _categorised(column, [(s.key, phrase(f"{words}.{s.key}").text(language)) for s in named], [_marker(s) for s in named])


# -- symbols


def _rgba(colour: str, alpha: int = 255) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + f",{alpha}"


def _fill(style: AreaStyle) -> _Symbol:
    """Return a light fill with an edge, and over it the pattern in the edge's colour."""
    edge = {"outline_color": _rgba(style.line), "outline_style": "solid", "outline_width": "0.4", "outline_width_unit": "MM"}
    layers: list[tuple[str, Properties]] = [("SimpleFill", {"color": _rgba(style.fill, _LIGHT), "style": "solid", **edge})]
    if style.pattern in _BRUSHES:
        layers.append(("SimpleFill", {"color": _rgba(style.line), "style": _BRUSHES[style.pattern], "outline_style": "no"}))
    return "fill", layers


def _line(style: AreaStyle) -> _Symbol:
    return "line", [("SimpleLine", {"line_color": _rgba(style.line), "line_width": "1.2", "line_width_unit": "MM", "line_style": "dash"})]


def _outline(colour: str) -> _Symbol:
    edge = {"outline_color": _rgba(colour), "outline_style": "solid", "outline_width": "0.3", "outline_width_unit": "MM"}
    return "fill", [("SimpleFill", {"color": _rgba("#ffffff", 0), "style": "no", **edge})]


def _marker(symbol: Symbol) -> _Symbol:
    name, angle = _MARKERS[symbol.shape]
    ring = symbol.shape == "ring"
    return "marker", [
        (
            "SimpleMarker",
            {
                "name": name, "angle": str(angle), "color": _rgba(symbol.fill), "outline_color": _rgba(symbol.line), "outline_style": "solid",
                "outline_width": "0.5" if ring else "0.2", "outline_width_unit": "MM", "size": f"{2 * symbol.radius_px * _MM_PER_PX:.2f}",
                "size_unit": "MM",
            },
        )
    ]  # fmt: skip


# -- QML


def _categorised(column: str, categories: Sequence[tuple[str, str]], symbols: Sequence[_Symbol]) -> str:
    root, renderer = _renderer("categorizedSymbol", attr=column)
    listed = Xml.SubElement(renderer, "categories")
    for number, (value, label) in enumerate(categories):
        Xml.SubElement(listed, "category", symbol=str(number), value=value, label=label, render="true", type="string")
    _add_symbols(renderer, symbols)
    return Xml.tostring(root, encoding="unicode")


def _single(symbol: _Symbol) -> str:
    root, renderer = _renderer("singleSymbol")
    _add_symbols(renderer, [symbol])
    return Xml.tostring(root, encoding="unicode")


def _renderer(kind: str, **more: str) -> tuple[Xml.Element, Xml.Element]:
    root = Xml.Element("qgis", version="3.28.0", styleCategories="Symbology")
    return root, Xml.SubElement(root, "renderer-v2", {"type": kind, **more, "enableorderby": "0", "forceraster": "0", "symbollevels": "0"})


def _add_symbols(renderer: Xml.Element, symbols: Sequence[_Symbol]) -> None:
    listed = Xml.SubElement(renderer, "symbols")
    for number, (kind, layers) in enumerate(symbols):
        symbol = Xml.SubElement(listed, "symbol", type=kind, name=str(number), alpha="1", clip_to_extent="1", force_rhr="0")
        for name, properties in layers:
            layer = Xml.SubElement(symbol, "layer", {"class": name, "enabled": "1", "pass": "0", "locked": "0"})
            options = Xml.SubElement(layer, "Option", type="Map")
            for key, value in properties.items():
                Xml.SubElement(options, "Option", name=key, type="QString", value=value)
            for key, value in properties.items():
                Xml.SubElement(layer, "prop", k=key, v=value)
