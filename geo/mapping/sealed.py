"""The sealed map: what a vice-chairman, an operator and a commune look at, as one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import Bilingual
from geo.mapping.archipelagos import frame_of_vietnam, placed_archipelagos
from geo.mapping.area_page import FIRST_COLUMNS, area_data, packed, table_columns
from geo.mapping.area_words import area_names
from geo.mapping.areas import PreparedAreas, prepare_areas
from geo.mapping.comparing import comparison_data
from geo.mapping.content import (
    AREA_KINDS,
    THEME_KINDS,
    CoverageLayer,
    DataSource,
    MapContent,
    MeasurementCount,
    PeopleFigure,
)
from geo.mapping.drawing import DrawnMap, class_numbers, draw
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.figures import Column, columns_of, summary
from geo.mapping.inset import inset_drawing
from geo.mapping.labels import (
    Label,
    count_text,
    date_text,
    label,
    label_of,
    pattern,
    phrase,
    section,
    share_text,
)
from geo.mapping.page import assemble
from geo.mapping.palette import Palette, Symbol, palette, symbol_polygon
from geo.mapping.street_years import street_years
from geo.mapping.theme_page import put_off, symbol_data, theme_data, theme_names
from geo.mapping.themes import COUNTRY_ROW_BYTES, ROW_BYTES, SPECS, PreparedThemes, prepare_themes

__all__ = ["build_map"]

#: Words of a view of the country, and those that take the place of a province's.
_COUNTRY = {
    "province": "search.province", "card_province": "country.province", "table_provinces": "country.table", "open_province": "country.open",
    "no_province_map": "country.no_map", "origin_province": "country.origin_province", "caption_provinces": "country.caption_provinces",
    "origin_commune": "country.origin_commune", "theme_origin": "country.origin_theme", "caption_communes": "country.caption_communes",
    "caption_themes": "country.caption_themes",
}  # fmt: skip
#: Words of the public edition that take the place of the internal one's.
_PUBLIC = {
    "origin_commune": "public.origin", "origin_village": "public.origin", "origin_zone": "public.origin", "theme_origin": "public.origin_theme",
    "caption_communes": "public.caption", "caption_villages": "public.caption", "caption_areas": "public.caption", "caption_themes": "public.caption",
}  # fmt: skip
#: Words that the public edition has no use for: of kinds that it never holds, and of files and commands that a reader does not have.
_INTERNAL = frozenset(
    {"explain", "caption_masts", "card_site", "origin_site", "origin_claim", "origin_change", "theme_origin_mast", "theme_sites_of", "theme_zones_served", "theme_villages_served", "theme_stands_for",
     "theme_village_of", "theme_measured_here", "theme_note_proposal", "theme_note_stop", "theme_kept", "theme_note_part_unknown", "theme_project_of", "theme_sections_of", "theme_note_line", "theme_note_line_project",
     "theme_note_lines_lost", "theme_note_street", "theme_note_street_project", "theme_streets_here", "theme_no_year_yet", "theme_zoom_to"}
    | {f"{part}_{kind}{'s' * (part == 'table')}" for part in ("card", "table") for kind in THEME_KINDS if kind != "verdict"}
)
_URGENT = frozenset({"white", "weak", "undecided"})
# words of the template, by the name it uses
_SAY = {
    "made_up": "page.made_up", "made_up_long": "page.made_up_long", "skip_to_table": "page.skip_to_table",
    "language": "page.language", "print": "page.print", "to_table": "page.to_table", "to_sources": "page.to_sources",
    "valid_for": "page.valid_for", "version": "page.version", "no_script": "page.no_script", "search": "search.label", "north": "page.north",
    "summary": "summary.heading", "card_hint": "card.hint", "coverage_choice": "layers.coverage",
    "opacity": "layers.opacity", "coverage": "legend.coverage",
    "lines": "legend.lines", "method": "legend.method", "table": "table.heading", "table_note": "table.communes", "choose_table": "table.choose",
    "areas": "layers.areas", "area_classes": "areas.classes", "people_heading": "people.heading", "people_note": "people.note",
    "people_name": "people.name", "people_figure": "people.figure", "people_counts": "people.counts", "people_where": "people.where",
    "people_others": "summary.people_others", "people_link": "summary.people_link",
    "table_missing": "table.missing", "operator_columns": "table.operator_columns", "more_columns": "table.more_columns", "about": "about.heading",
    "notices": "about.notices", "sources": "about.sources", "source_kind": "about.source_kind", "source_name": "about.source_name",
    "source_rows": "about.source_rows", "source_date": "about.source_date", "no_sources": "about.no_sources",
    "years": "years.label", "measurements": "legend.measurements", "no_measurements": "legend.no_measurements", "missing": "about.missing",
    "sealed": "about.sealed", "software": "about.software", "province_maps": "country.maps", "province_maps_note": "country.maps_note",
    "no_review": "country.no_review", "street_years": "street_years.heading", "street_years_link": "street_years.link", "street_years_note": "street_years.caption",
}  # fmt: skip
# words that the scripts use
_WORDS = {
    "rounded": "legend.rounded", "yes": "values.yes", "no": "values.no", "unknown": "page.unknown", "close": "page.close", "zoom_in": "page.zoom_in",
    "zoom_out": "page.zoom_out", "map_region": "page.map_region", "found": "search.found", "nothing": "search.none",
    "commune": "search.commune", "village": "search.village", "placeholder": "search.placeholder",
    "no_coverage": "layers.no_coverage", "coverage": "legend.coverage", "cells": "legend.cells", "people": "card.people",
    "part_unknown": "card.unknown", "served": "card.served", "unserved": "card.unserved", "uncertain": "card.uncertain", "card_commune": "card.commune",
    "card_village": "card.village", "card_site": "card.site", "by_operator": "card.by_operator",
    "villages_here": "card.villages_here", "no_villages_here": "card.no_villages_here", "origin": "card.origin",
    "origin_commune": "card.origin_commune", "origin_village": "card.origin_village", "origin_site": "card.origin_site",
    "forecast": "summary.forecast_short", "zoom_here": "card.zoom_here", "row_here": "card.row_here", "explain": "card.explain",
    "zone": "search.zone", "card_zone": "card.zone", "card_claim": "card.claim", "card_change": "card.change", "origin_zone": "card.origin_zone",
    "origin_claim": "card.origin_claim", "origin_change": "card.origin_change", "no_areas": "layers.no_areas", "zones": "areas.zones",
    "claims": "areas.claims", "changes": "areas.changes", "areas_count": "areas.count", "people_lacking": "areas.people",
    "people_here": "areas.people_here", "interval": "areas.interval", "no_interval": "areas.no_interval", "not_known": "areas.not_known",
    "priority": "areas.priority", "weight": "areas.weight", "term": "areas.term", "value": "areas.value", "whole": "areas.whole",
    "area_communes": "areas.communes", "area_villages": "areas.villages", "zones_here": "areas.zones_here", "to_zone": "areas.to_zone",
    "table_communes": "table.communes", "table_villages": "table.villages", "table_zones": "table.zones", "table_claims": "table.claims",
    "table_changes": "table.changes", **{f"table_{kind}s": f"themes.{kind}" for kind in THEME_KINDS}, **{f"card_{kind}": f"themes.{kind}" for kind in THEME_KINDS},
    "caption_themes": "table.caption_themes", "caption_masts": "table.caption_masts",
    **{
        f"theme_{name}": f"themes.{name}"
        for name in (
            "none_on_communes", "none_as_points", "all", "latest", "period", "figure", "result", "evidence", "no_row", "note_verdict", "note_ipv6", "note_point",
            "note_lost", "note_elsewhere", "threshold_unknown", "verdicts_here", "result_of", "evidence_of", "value_of", "interval_of", "others_here", "kept", "origin",
            "origin_mast", "village_of", "measured_here", "note_proposal", "note_stop", "note_part_unknown", "zones_served", "villages_served", "sites_of", "stands_for", "commune", "not_said", "without",
            "asks", "due", "samples_of", "samples_minimum", "samples_needed", "due_on", "project_of", "sections_of", "note_line", "note_line_project", "note_lines_lost", "note_street", "note_street_project", "streets_here", "no_year_yet", "zoom_to",
        )
    },
    "previous_rows": "table.previous_rows", "next_rows": "table.next_rows", "rows_shown": "table.rows_shown",
    "years_all": "years.all", "years_until": "years.until", "years_undated": "years.undated", "years_later": "years.later",
    **{name: f"card.{name}" for name in ("split", "split_white", "split_weak", "split_power_difficult", "split_power_other", "split_no_power_difficult", "split_no_power_other", "split_split_unknown")},
    **{f"compare_{name}": f"compare.{name}" for name in ("choice", "with", "technology", "none", "heading", "note")},
    "caption_communes": "table.caption", "caption_villages": "table.caption_villages",
    "caption_areas": "table.caption_areas",
}  # fmt: skip


def build_map(content: MapContent) -> bytes:
    """Return the map as one HTML file that loads nothing.

    Parameters
    ----------
    content : MapContent

    Returns
    -------
    bytes
        UTF-8 HTML; identical content gives identical bytes.

    Raises
    ------
    CrsError
        If a coverage grid cannot be brought to the map.
    ResourceError
        If a text, colour or template that ships with the package is missing.
    """
    colours = palette()
    frame = frame_of_vietnam()
    drawn = draw(content, colours, fallback=(frame.west, frame.south, frame.east, frame.north))
    room = (colours.drawing.country_themes_bytes, COUNTRY_ROW_BYTES) if content.of_country else (colours.drawing.largest_themes_bytes, ROW_BYTES)
    themes = prepare_themes(content.themes, largest_bytes=room[0], row_bytes=room[1], most_lines=colours.drawing.most_streets)
    data = _data(content, drawn, colours, themes)
    taken = len(drawn.script) + colours.drawing.names_bytes + len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8")) + colours.drawing.page_bytes
    areas = prepare_areas(content.areas, colours, room_bytes=colours.drawing.largest_file_bytes - taken)
    data["areas"] = area_data(areas, colours, content.priority_weights)
    data["named"] = _named(data)
    columns = put_off(data["themes"])
    return assemble(
        {**_shown(content, drawn, areas, themes, colours), "comparing": data["compare"] is not None},
        {
            "language": vn_safe(content.language),
            "title": vn_safe(content.title),
            "project": vn_safe(content.project_name),
            "version": vn_safe(content.version),
            "date": label_of(date_text(content.date.isoformat())),
            "made_up": content.made_up,
            "map_id": vn_safe(drawn.name),
            "opacity_percent": drawn.opacity_percent,
        },
        script=drawn.script,
        data=data,
        colours=colours,
        columns=columns,
    )


def _shown(content: MapContent, drawn: DrawnMap, areas: PreparedAreas, themes: PreparedThemes, colours: Palette) -> dict[str, Any]:
    """Return what the template shows."""
    frame = frame_of_vietnam()
    archipelagos = placed_archipelagos(content.communes)
    return {
        "say": {name: label(key) for name, key in {**_SAY, **_hint(content)}.items()},
        "edition": label("public.edition") if content.edition == "public" else None,
        "country": _province_maps(content),
        "summary": summary(content),
        "layers": bool(content.layers),
        "states": [{"code": state.code, "label": label(f"states.{state.key}")} for state in colours.states],
        "cuts": _cuts(content),
        "toggles": [
            {"key": vn_safe(key), "label": label(f"layers.{key}")}
            for key, present in (
                ("communes", content.communes), ("names", content.communes), ("roads", content.roads),
            )
            if present is not None
        ],
        "area_sets": len(areas.sets),
        "theme_places": [
            {"key": vn_safe(place), "label": label(f"themes.{name}")}
            for place, name in (("commune", "on_communes"), ("point", "as_points"))
            if any(SPECS[layer.kind].place == place for layer in themes.layers)
        ],
        "people": [_people_row(figure) for figure in content.people],
        "street_years": street_years(content.street_years),
        "villages": _point_legend("villages", content.villages, colours.villages, "legend.village_classes", "villages"),
        "sites": _point_legend("sites", content.sites, colours.sites, "legend.sites", "site_status"),
        "lines": [
            {"key": vn_safe(key), "label": label(f"legend.{key}_line")}
            for key, _ in colours.lines
            if (content.roads if key == "road" else content.communes) is not None
        ],
        "method": _method(content),
        "has_table": bool(_table_names(content, themes)),
        "tables": [vn_safe(name) for name in _table_names(content, themes)],
        "has_operator_columns": any(column.group for column in _columns(content.communes, content)),
        "notices": [label_of(notice) for notice in content.notices],
        "inputs": [_source(source) for source in content.sources],
        "has_dates": int(any(source.date for source in content.sources)),
        "measurements": [_measurement(entry) for entry in content.measurements],
        "missing": _missing(content, areas, themes),
        "inset": inset_drawing(drawn.bounds, frame, archipelagos) if frame.touches(drawn.bounds) and not content.of_country else None,
    }  # fmt: skip


def _hint(content: MapContent) -> dict[str, str]:
    if content.of_country:
        note = {"province_maps_note": "country.maps_note_public"} if content.edition == "public" else {}
        return {"card_hint": "country.hint", "search": "country.search", **note}
    return {"card_hint": "public.hint", "street_years_note": "street_years.caption_public"} if content.edition == "public" else {}


def _province_maps(content: MapContent) -> list[dict[str, Any]]:
    """Return the name, the path of the map and the day of each province's review."""
    if content.provinces is None:
        return []
    frame = content.provinces
    days = frame["review_date"] if "review_date" in frame.columns else [None] * len(frame)
    return [
        {"name": vn_safe(name), "file": vn_safe(file), "date": label_of(date_text(str(day))) if isinstance(day, str) and day else None}
        for name, file, day in zip(frame["province_name"], frame["map_file"], days, strict=True)
    ]


def _cuts(content: MapContent) -> Label | None:
    if content.served_at_least is None or content.unserved_at_most is None:
        return None
    return label("legend.cuts", served=share_text(content.served_at_least), unserved=share_text(content.unserved_at_most))


def _point_legend(key: str, frame: pd.DataFrame | None, symbols: Sequence[Symbol], heading: str, words: str) -> dict[str, Any] | None:
    if frame is None:
        return None
    counts = np.bincount(class_numbers(key, frame, [s.key for s in symbols]), minlength=len(symbols))
    entries = [
        {
            "label": label(f"{words}.{symbol.key}"),
            "count": label_of(count_text(int(counts[number]))),
            "symbol": {"group": vn_safe(key), "number": number, "points": _polygon(symbol)},
        }
        for number, symbol in enumerate(symbols)
        if counts[number] or symbol.key != "other"
    ]
    if key == "villages":
        entries.reverse()  # the most urgent first
    return {"heading": label(heading, n=count_text(len(frame))), "classes": entries}


def _polygon(symbol: Symbol) -> SafeText:
    return vn_safe(" ".join(f"{x:g},{y:g}" for x, y in symbol_polygon(symbol.shape)))


def _method(content: MapContent) -> list[Label]:
    if content.of_country:
        return [label_of(sentence) for sentence in content.method]
    lines = [label_of(Bilingual(f"{phrase('legend.model').vi}: {content.model.vi}", f"{phrase('legend.model').en}: {content.model.en}")) if content.model else label("legend.model_missing")]
    lines.extend(label_of(sentence) for sentence in content.method)
    if not content.measurements:
        lines.append(label("legend.no_measurements"))
    else:
        samples = phrase("legend.samples", n=count_text(sum(entry.samples for entry in content.measurements)))
        heading = phrase("legend.measurements")
        lines.append(label_of(Bilingual(f"{heading.vi}: {samples.vi}", f"{heading.en}: {samples.en}")))
    lines.extend(label("legend.projection", epsg=str(epsg)) for epsg in sorted({layer.grid.epsg for layer in content.layers}))
    return lines


def _source(source: DataSource) -> dict[str, Any]:
    return {
        "kind": label_of(source.kind or ""),
        "name": vn_safe(source.name),
        "rows": label_of("–" if source.rows is None else count_text(source.rows)),
        "date": label_of(date_text(source.date) if source.date else "–"),
    }


def _measurement(entry: MeasurementCount) -> dict[str, Any]:
    dates = [date_text(day.isoformat()) for day in (entry.first, entry.last) if day is not None]
    period = Bilingual(" – ".join(day.vi for day in dates), " – ".join(day.en for day in dates))
    return {
        "name": vn_safe(f"{entry.operator} {entry.technology}".strip()),
        "samples": label("legend.samples", n=count_text(entry.samples)),
        "period": label_of(period) if dates else None,
    }


def _people_row(figure: PeopleFigure) -> dict[str, Label]:
    value = phrase("areas.not_known") if figure.people is None else count_text(figure.people)
    if figure.low is not None and figure.high is not None:
        value = phrase("areas.interval", n=value, low=count_text(figure.low), high=count_text(figure.high))
    return {
        "name": label_of(figure.name), "value": label_of(value), "counts": label_of(figure.counts), "where": label_of(figure.where),
    }  # fmt: skip


def _table_names(content: MapContent, themes: PreparedThemes) -> list[str]:
    """Return the ids of the tables that the page has, in their order."""
    frames = {"communes": content.communes, "provinces": content.provinces, "villages": content.villages}
    names = [name for name, frame in frames.items() if frame is not None and len(frame)]
    areas = [kind for kind in AREA_KINDS if any(layer.kind == kind and len(layer.frame) for layer in content.areas)]
    return [*names, *(f"{kind}s" for kind in areas), *(f"{layer.kind}s" for layer in themes.layers)]


def _missing(content: MapContent, areas: PreparedAreas, themes: PreparedThemes) -> list[Label]:
    internal = content.edition == "internal"
    if content.of_country:
        return [label("country.elsewhere"), *_unplaced(content), *(label_of(sentence) for sentence in (*content.areas_missing, *themes.left_out))]
    parts = {
        "communes": content.communes is None,
        "villages": content.villages is None,
        "sites": internal and content.sites is None,
        "roads": content.roads is None,
        "coverage": not content.layers,
        "areas": not any(layer.kind == "zone" for layer in content.areas),
    }
    lines = [label(f"about.missing_{name}") for name, absent in parts.items() if absent]
    for name, frame in (("villages", content.villages), ("sites", content.sites)):
        unplaced = 0 if frame is None else int(frame[["lon", "lat"]].isna().any(axis=1).sum())
        if unplaced:
            lines.append(label(f"about.unplaced_{name}", n=count_text(unplaced)))
    lines.extend(_unplaced(content))
    shown = {layer.kind for layer in themes.layers}
    lines.extend(label(f"about.missing_{kind}") for kind in THEME_KINDS if kind not in shown and (internal or kind == "verdict"))
    lines.extend(label_of(sentence) for sentence in (*content.areas_missing, *areas.left_out, *(themes.left_out if internal else ())))
    return lines


def _unplaced(content: MapContent) -> list[Label]:
    if content.communes is None:
        return []
    without = int((content.communes.geometry.isna() | content.communes.geometry.is_empty).sum())
    return [label("about.unplaced_communes", n=count_text(without))] if without else []


def _operators(content: MapContent) -> list[str]:
    """Return the operators' names, by which columns of one of them are known: those of coverage, of a country those of the verdicts."""
    if not content.of_country:
        return sorted({layer.operator for layer in content.coverage})
    frames = [layer.frame["operator"] for layer in content.themes if "operator" in layer.frame.columns]
    return sorted({str(name) for frame in frames for name in frame.dropna().unique()} - {""})


def _columns(frame: pd.DataFrame | None, content: MapContent) -> tuple[Column, ...]:
    if frame is None:
        return ()
    return columns_of(frame, _operators(content))


def _pair(text: Label) -> list[SafeText]:
    return [text.vi, text.en]


def _data(content: MapContent, drawn: DrawnMap, colours: Palette, themes: PreparedThemes) -> dict[str, Any]:
    """Return what the scripts read: escaped texts and numbers only."""
    villages = _table(content.villages, content, FIRST_COLUMNS["villages"])
    if villages is not None and content.villages is not None:
        keys = [symbol.key for symbol in colours.villages]
        villages["classes"] = class_numbers("villages", content.villages, keys)
        villages["labels"] = [_pair(label(f"villages.{key}")) for key in keys]
        villages["urgent"] = [number for number, key in enumerate(keys) if key in _URGENT]
        villages["symbols"] = [symbol_data(symbol) for symbol in colours.villages]
    sites = _table(content.sites, content)
    if sites is not None:
        sites["symbols"] = [symbol_data(symbol) for symbol in colours.sites]
    communes = _table(content.communes, content)
    if communes is not None:
        communes["anchors"] = drawn.anchors
    west, south, east, north = drawn.bounds
    return {
        "map": drawn.name,
        "bounds": [[south, west], [north, east]],
        "layers": drawn.layers,
        "coverage": [_coverage(layer, image) for layer, image in zip(content.layers, drawn.images, strict=True)],
        "checked": content.model_checked,
        "lines": dict(colours.lines),
        "words": {name: _pair(pattern(key)) for name, key in _words(content).items()},
        "date": _pair(label_of(date_text(content.date.isoformat()))),
        "archipelagos": [
            {"lat": entry.lat, "lon": entry.lon, "label": _pair(label_of(entry.label))} for entry in placed_archipelagos(content.communes)
        ],
        "sources": [_pair(_source_line(source)) for source in content.sources],
        "communes": communes,
        "provinces": _provinces(content, drawn),
        "outlines": None if drawn.country is None else {"communes": drawn.country.commune_steps, "provinces": drawn.country.province_steps, "unit": drawn.country.unit},
        "villages": villages,
        "sites": sites,
        "themes": theme_data(themes, colours),
        "compare": comparison_data(content, colours),
        "kinds": _kinds(content),
    }


def _words(content: MapContent) -> dict[str, str]:
    """Return which text stands for each word of the page's scripts."""
    words = {**_WORDS, **_PUBLIC} if content.edition == "public" else _WORDS
    if content.of_country:
        words = {name: key for name, key in {**words, **_COUNTRY}.items() if name != "explain"}
    return {name: key for name, key in words.items() if content.edition != "public" or name not in _INTERNAL}


def _provinces(content: MapContent, drawn: DrawnMap) -> dict[str, Any] | None:
    if content.provinces is None or drawn.country is None:
        return None
    frame = pd.DataFrame(content.provinces.drop(columns=["geometry", "map_file"]))
    table = _table(frame, content)
    return None if table is None else {**table, "anchors": drawn.country.province_anchors, "files": [vn_safe(file) for file in content.provinces["map_file"]]}


def _named(data: Mapping[str, Any]) -> dict[str, dict[str, list[SafeText]]]:
    """Return the words of the codes that the page's tables carry, and of no others."""
    values = {"class": "villages", "site_status": "site_status", "evidence": "values", "point_kind": "values", "cluster_basis": "cluster_basis", "reasons": "reasons"}
    tables = [data["communes"], data["provinces"], data["villages"], data["sites"], *data["areas"]["tables"].values(), *(theme["table"] for theme in data["themes"].values())]
    held: dict[str, set[str]] = {}
    for table in tables:
        if table is not None and table["n"]:  # a table without a row packs no column
            for column, cells in zip(table["columns"], table["packed"], strict=True):
                held.setdefault(str(column["kind"]), set()).update(_codes(cells))
                if column["key"] == "priority":
                    held["priority_terms"] = set(section("priority_terms"))
    of_codes = {**area_names(), **theme_names()}
    return {
        **{name: _named_values(section_name) for name, section_name in values.items() if name in held},
        **{
            name: {str(vn_safe(code)): _pair(words) for code, words in of.items() if vn_safe(code) in held[name]} for name, of in of_codes.items() if name in held
        },
    }


def _codes(column: Mapping[str, Any]) -> set[str]:
    """Return the codes that a packed column holds; a cell may list several."""
    values = column["run"] if "run" in column else column["of"] if "of" in column else column["is"] if "is" in column else [column["all"]]
    return {code for value in values if isinstance(value, str) for code in value.split(vn_safe(";") + " ")}


def _kinds(content: MapContent) -> dict[str, list[SafeText]]:
    """Return the columns that name and identify the rows of each table."""
    columns = {
        "commune": (content.communes, "commune_name", "commune_code"),
        "village": (content.villages, "village_name", "village_id"),
        "site": (content.sites, "site_name", "site_id"),
        "province": (content.provinces, "province_name", "province_code"),
    }
    found = {kind: (name, code) for kind, (frame, name, code) in columns.items() if frame is not None}
    areas = {"zone": "dead_zone_id", "claim": "disagreement_id", "change": "register_id"}
    found |= {kind: (code, code) for kind, code in areas.items() if any(layer.kind == kind for layer in content.areas)}
    return {kind: [vn_safe(name), vn_safe(code)] for kind, (name, code) in found.items()}


def _named_values(name: str) -> dict[str, list[SafeText]]:
    return {str(vn_safe(key)): _pair(label(f"{name}.{key}")) for key in section(name)}


def _coverage(layer: CoverageLayer, image: str) -> dict[str, Any]:
    return {
        "image": image,
        "operator": _pair(label("layers.all_operators") if layer.is_all_operators else label_of(layer.operator)),
        "technology": _pair(_technology(layer)),
        "counts": {str(code): count for code, count in layer.counts().items()},
        "note": _pair(label_of(layer.note)) if layer.note else None,
        "cell": layer.grid.cell_size,
    }


def _technology(layer: CoverageLayer) -> Label:
    technology = Bilingual(layer.technology, layer.technology) if layer.technology else phrase("layers.any_technology")
    if not layer.use:
        return label_of(technology)
    use = phrase(f"uses.{layer.use}")
    return label_of(Bilingual(f"{use.vi}, {technology.vi}", f"{use.en}, {technology.en}"))


def _source_line(source: DataSource) -> Label:
    kind = source.kind or Bilingual("", "")
    day = date_text(source.date)
    vi, en = (f" ({text})" if text else "" for text in (day.vi, day.en))
    return label_of(Bilingual(f"{kind.vi} {source.name}{vi}".strip(), f"{kind.en} {source.name}{en}".strip()))


def _table(frame: pd.DataFrame | None, content: MapContent, first: frozenset[str] | None = None) -> dict[str, Any] | None:
    if frame is None:
        return None
    return {"columns": table_columns(frame, _operators(content), first=first), **packed(frame)}
