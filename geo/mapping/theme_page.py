"""What the page's scripts read of themes: tables, facets, classes with their colours and words, all texts escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.io.resources import load_toml
from geo.mapping.area_page import packed, packed_values, table_columns
from geo.mapping.area_words import code_words, described_columns
from geo.mapping.backdrop import simplified_lines, steps
from geo.mapping.content import ThemeKind, ThemeLayer
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.labels import Label, column_entries, label, label_of, pattern, phrase, section
from geo.mapping.palette import Palette, Stroke, Symbol, symbol_polygon
from geo.mapping.themes import EXPLAINED, REPEATED, SPECS, PreparedThemes, class_keys

__all__ = ["put_off", "stroke_data", "symbol_data", "theme_data", "theme_entries", "theme_names"]

#: Kinds of codes that a theme's columns may hold, by their section in the files of results.
_FILES = ("results/standards.toml", "results/ipv6.toml", "results/planning.toml", "results/proposals.toml", "results/undergrounding.toml")
_KEYED = {"mast": "mast_classes", "plan": "plan_standing", "proposal": "proposal_classes", "sharing": "sharing_classes", "stop": "stop_classes", "street": "street_classes", "street_project": "street_project_classes"}
#: Rows from which on a theme's long columns are put off; the page's scripts have the same number.
_MANY = 20_000
#: Columns whose values are codes, or numbers that name something and have no thousands, where the file of results does not say so.
_CODED = {
    "rule_due": "date", "rule_valid_from": "date", "rule_valid_to": "date", "year": "code", "works_year": "code", "row": "code", "rank": "code", "stop": "code", "day": "code", "action": "plan_actions", "mast_class": "mast_class", "source": "proposal_sources", "funding": "proposal_funding",
}  # fmt: skip


def _pair(text: Label) -> list[SafeText]:
    return [text.vi, text.en]


@lru_cache(maxsize=len(SPECS))
def theme_entries(kind: ThemeKind) -> Mapping[str, Any]:
    """Return what is known of the columns of a kind of themes, in the form of the map's ``columns``."""
    if kind == "mast":
        return section("mast_columns")
    spec = SPECS[kind]
    entries = (described_columns(spec.resource, spec.more, _CODED) if spec.more else {}) | described_columns(spec.resource, spec.table, _CODED)
    known = column_entries()
    return MappingProxyType(entries | {name: known[name] for name in ("lon", "lat") if name in entries})


def theme_names() -> dict[str, dict[str, Label]]:
    """Return the words of every code that themes carry: section to code to words."""
    return code_words(_FILES) | {
        "indicators": {code: label_of(Bilingual(entry["vi"], entry["en"])) for code, entry in load_toml("indicators.toml").items() if isinstance(entry, Mapping)},
        **{name: {code: label(f"{name}.{code}") for code in section(name)} for name in ("mast_kinds", "mast_class")},
    }


def theme_data(prepared: PreparedThemes, colours: Palette) -> dict[str, Any]:
    """Return tables and descriptions of themes, by kind in the order of the layers.

    Parameters
    ----------
    prepared : PreparedThemes
    colours : Palette
    """
    return {str(vn_safe(layer.kind)): _theme(layer, colours) for layer in prepared.layers}


def put_off(themes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Take the long columns of figures out of large themes, each leaving its number; return them.

    A country's verdicts are some 190,000 rows: read at once, their figures take a good part of the time in which the page opens, and
    a reader looks at those of one rule.
    """
    out: list[dict[str, Any]] = []
    for theme in themes.values():
        table = theme["table"]
        if table["n"] > _MANY:
            keys = [str(column["key"]) for column in table["columns"]]
            for numbers, key in (("classes", "rule_result"), ("evidences", "evidence")):
                at = table["packed"][keys.index(key)].get("at") if key in keys and numbers in theme else None
                if at is not None:  # a number for each distinct text says as much as one for each row
                    of = dict(zip(at, theme[numbers], strict=True))
                    theme[numbers] = {"column": keys.index(key), "of": [of[i] for i in range(len(of))]}
            for place, column in enumerate(table["packed"]):
                if "is" in column or ("at" in column and keys[place] == "reason"):
                    table["packed"][place] = {"later": len(out)}
                    out.append(column)
    return out


def _known(frame: pd.DataFrame, facets: Sequence[str]) -> list[int]:
    """Return whether any area below the province has a figure, for each distinct choice of facets in the order of the rows."""
    values = zip(*(packed_values(frame[name]) for name in facets), strict=True)
    counted = frame["value"].notna() & (frame["area_level"] != "province")
    found: dict[tuple[Any, ...], int] = {}
    for key, known in zip(values, counted, strict=True):
        found[key] = found.get(key, 0) | int(known)
    return list(found.values())


def _theme(layer: ThemeLayer, colours: Palette) -> dict[str, Any]:
    kind, frame, spec = layer.kind, layer.frame, SPECS[layer.kind]
    entries = theme_entries(kind)
    keys = class_keys(kind, frame)
    facets = [name for name in spec.facets if name in frame.columns]
    made: dict[str, Any] = {
        "place": vn_safe(spec.place),
        "csv": vn_safe(spec.csv),
        "name": vn_safe(spec.name),
        "code": vn_safe(spec.code),
        "sums": [vn_safe(name) for name in spec.sums],
        "counted": [vn_safe(name) for name in spec.counted if name in frame.columns],
        "repeats": {str(vn_safe(name)): vn_safe(other) for name, other in REPEATED.get(kind, {}).items() if {name, other} <= set(frame.columns)},
        "explained": [vn_safe(name) for name in EXPLAINED.get(kind, ()) if name in frame.columns],
        "also": [vn_safe(name) for name in spec.also if name in frame.columns],
        "titles": [_pair(pattern(f"themes.{name}")) for name in spec.titles],
        "period": vn_safe(spec.period if spec.period in frame.columns else ""),
        "label": _pair(label(f"themes.{kind}")),
        "about": _pair(label_of(_about(kind))),
        "facets": [
            {
                "key": vn_safe(name),
                "label": _pair(label(f"facets.{name}")),
                "words": {str(vn_safe(code)): _pair(label_of(text)) for code, text in layer.words.get(name, {}).items()},
                "none": _pair(label(_none_of(name, kind))),
            }
            for name in facets
        ],
        "words": _words(layer, facets),
        "links": [
            {"word": vn_safe(f"theme_{link.word}"), "kind": [vn_safe(name) for name in link.kinds], "column": vn_safe(link.column), "by": vn_safe(link.by)}
            for link in spec.links
            if link.column in frame.columns
        ],
        "table": {"columns": table_columns(frame, (), entries, spec.first), **packed(frame)},
    }
    if spec.strokes:
        strokes = colours.strokes[kind]
        numbers = {stroke.key: i for i, stroke in enumerate(strokes)}
        made["strokes"] = [{**stroke_data(stroke), "label": _pair(label_of(_class_words(kind, stroke.key)))} for stroke in strokes]
        made["classes"] = [numbers.get(key, 0) for key in keys]
        made["lines"] = _lines(layer.lines, len(frame), colours)
        return made
    if spec.place == "point":
        symbols = colours.points[kind]
        numbers = {symbol.key: i for i, symbol in enumerate(symbols)}
        made["symbols"] = [{**symbol_data(symbol), "label": _pair(label_of(_class_words(kind, symbol.key)))} for symbol in symbols]
        made["classes"] = [numbers.get(key, len(symbols) - 1) for key in keys]
        if layer.ways is not None:
            made["way"], made["ways"] = colours.way, _ways(layer.ways, colours)
        return made
    styles = colours.surfaces[kind]
    made["styles"] = [
        {"fill": style.fill, "line": style.line, "pattern": style.pattern, "label": _pair(label_of(_class_words(kind, style.key)))} for style in styles
    ]
    if spec.figures:
        made["figures"] = [_figure(name) for name in spec.figures if name in frame.columns and frame[name].notna().any()]
        made["cuts"] = list(colours.share_cuts)
        return made
    numbers = {style.key: i for i, style in enumerate(styles)}
    evidence = {key: i for i, key in enumerate(colours.evidence)}
    made["known"] = _known(frame, facets)
    made["classes"] = [numbers.get(key, len(styles) - 1) for key in keys]
    made["evidence"] = [
        {"pattern": drawn, "label": _pair(label_of(_coded("standards_evidence", key)))} for key, drawn in colours.evidence.items()
    ]
    made["evidences"] = [evidence.get(str(key), len(evidence) - 1) for key in frame["evidence"]]
    return made


def _words(layer: ThemeLayer, facets: Sequence[str]) -> dict[str, dict[str, list[SafeText]]]:
    """Return both languages of the texts that a table has in one, by column and text; of those that it holds."""
    out = {}
    for name, of in layer.words.items():
        if name in layer.frame.columns and name not in facets:
            held = set(layer.frame[name].dropna().astype(str))
            out[str(vn_safe(name))] = {str(vn_safe(text)): _pair(label_of(words)) for text, words in of.items() if text in held and words.vi != words.en}
    return out


def _ways(frame: gpd.GeoDataFrame, colours: Palette) -> list[dict[str, Any]]:
    """Return the line of each vehicle-day, simplified as roads are."""
    decimals = colours.drawing.coordinate_decimals
    lines = simplified_lines(frame.geometry, colours.drawing)
    return [
        {"day": int(day), "path": [[round(float(x), decimals), round(float(y), decimals)] for x, y in shapely.get_coordinates(line)]}
        for day, line in zip(frame["day"], lines, strict=True)
        if line is not None
    ]


def _lines(lines: gpd.GeoSeries | None, rows: int, colours: Palette) -> list[list[Any] | None]:
    """Return the line of each row as steps (:func:`geo.mapping.backdrop.steps`), simplified as roads are; None where there is none."""
    if lines is None:
        return [None] * rows
    return [steps(line, colours.drawing.coordinate_decimals) for line in simplified_lines(lines, colours.drawing, within_m=colours.drawing.street_simplify_m)]


def _none_of(facet: str, kind: ThemeKind) -> str:
    """Return the words for rows that do not say a facet: those of the kind, of the facet, or of all."""
    said = section("facets")
    return next(f"facets.{key}" for key in (f"no_{facet}_{SPECS[kind].table}", f"no_{facet}", "none") if key in said)


def _figure(name: str) -> dict[str, Any]:
    stem = name.removesuffix("_share")
    return {
        "key": vn_safe(name), "label": _pair(label(f"figures.{name}")), "low": vn_safe(f"{stem}_low"), "high": vn_safe(f"{stem}_high"), "n": vn_safe(f"{stem}_n"),
    }  # fmt: skip


def _about(kind: ThemeKind) -> Bilingual:
    if kind == "mast":
        return phrase("themes.about_mast")
    about = load_toml(SPECS[kind].resource)[SPECS[kind].table]["about"]
    return Bilingual(about["vi"], about["en"])


def _class_words(kind: ThemeKind, key: str) -> Bilingual:
    if kind in _KEYED:
        return phrase(f"{_KEYED[kind]}.{key}")
    if kind == "ipv6":
        return phrase(f"share_classes.{key}")
    if kind == "remainder":
        return phrase("themes.not_said") if key == "other" else _coded("remainder_proposed", key)
    return _coded("standards_results", key)


def _coded(name: str, key: str) -> Bilingual:
    for file in _FILES:
        words = load_toml(file).get("codes", {}).get(name, {}).get(key)
        if words is not None:
            return Bilingual(words["vi"][:1].upper() + words["vi"][1:], words["en"][:1].upper() + words["en"][1:])
    return Bilingual(key, key)


def symbol_data(symbol: Symbol) -> dict[str, Any]:
    """Return a symbol as the page draws it."""
    return {
        "corners": symbol_polygon(symbol.shape), "fill": symbol.fill, "line": symbol.line, "radius": symbol.radius_px, "ring": symbol.shape == "ring",
    }  # fmt: skip


def stroke_data(stroke: Stroke) -> dict[str, Any]:
    """Return a line as the page draws it, with the symbol that stands for it where it is seen from afar."""
    return {
        "line": stroke.line, "weight": stroke.weight_px, "dash": stroke.dash,
        "symbol": {"corners": symbol_polygon(stroke.shape), "fill": stroke.line, "line": "#ffffff", "radius": stroke.radius_px, "ring": False},
    }  # fmt: skip
