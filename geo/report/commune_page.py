"""The pages with maps: one of the whole area, one per commune."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.mapping.content import CoverageLayer
from geo.mapping.palette import AreaStyle, Symbol
from geo.report.book import Book
from geo.report.furniture import (
    GREY,
    LEGEND_STEP,
    Cell,
    Column,
    area_swatch,
    inset,
    section,
    signatures,
    state_swatches,
    table,
    zone,
)
from geo.report.labelling import Labels
from geo.report.paper import Sheet
from geo.report.plate import Plate, Window, drawing, whole
from geo.report.print_words import DASH, texts, unknown, zone_class
from geo.text import fold

__all__ = ["draw_commune", "draw_overview"]

_MAP = Window(10.0, 31.0, 282.0, 199.0)
_SIDE_X, _SIDE_WIDTH, _SIDE_Y = 298.0, 112.0, 29.0
_LEGEND_Y = 236.0
_BOTTOM = 287.0
_INSET = 38.0
_SIGNED = 27.0
_STATES = ("served", "unserved", "uncertain", "unknown")
_ATTENTION = ("white", "weak", "undecided")
_OTHER = "other"
_TINY_M = 250.0
#: A commune of which less than a square of this side is seen bears no name.
_NAMED_MM = 3.0
#: Heading, header and last line of a list beside the map, and a row of it.
_LIST_HEAD, _LIST_STEP = 16.5, 4.45


def draw_commune(book: Book, sheet: Sheet, i: int) -> None:
    """Draw the page of a commune: map, legend, figures, its zones and villages."""
    code = book.codes[i]
    ground, words = book.ground, book.words
    own = [] if not book.has_zones else ground.zones_of.get(code, [])
    listed = own[: book.lists["zones_of_a_commune"]]
    shape = ground.communes[i]
    in_frame = 0
    if shape is None:
        sheet.paragraph(_MAP.x + 20, _MAP.y + 40, _MAP.width - 40, words.say("map", "no_shape"), 12)
    else:
        plate = Plate(sheet, _MAP, whole(shape.buffer(_TINY_M).bounds if max(shape.bounds[2] - shape.bounds[0], shape.bounds[3] - shape.bounds[1]) < _TINY_M else shape.bounds))
        in_frame = _draw_map(book, plate, own=i, numbered=listed)
    row = book.content.communes.iloc[i]  # type: ignore[union-attr]
    mine = _villages_of(book, code)
    _legend(book, sheet, row, n_zones=len(own), n_villages=None if mine is None else len(mine), n_sites=in_frame, own=True)
    y = _figures(book, sheet, row, code, i)
    y = _layers(book, sheet, row, y)
    y = _zones(book, sheet, own, listed, y)
    _villages(book, sheet, mine, y)
    signatures(sheet, words, _SIDE_X, _BOTTOM - _SIGNED, _SIDE_WIDTH, _SIGNED)


def draw_overview(book: Book, sheet: Sheet) -> None:
    """Draw the page of the whole area."""
    words, content, ground = book.words, book.content, book.ground
    in_frame = 0
    if ground.whole is None:
        sheet.paragraph(_MAP.x + 20, _MAP.y + 40, _MAP.width - 40, words.say("map", "no_shapes"), 12)
    else:
        in_frame = _draw_map(book, Plate(sheet, _MAP, whole(ground.whole.bounds)), own=None, numbered=[])
    totals = pd.Series(dict(book.printed.totals or {}), dtype=object)
    villages = content.villages
    _legend(
        book, sheet, totals, n_zones=len(ground.zones), n_villages=None if villages is None else len(villages), n_sites=in_frame, own=False
    )
    y = _figures(book, sheet, totals, "", None)
    y = section(sheet, _SIDE_X, y, _SIDE_WIDTH, words.map_says("people.heading"), note="people.csv")
    if book.printed.people:
        columns = [Column(words.map_says("people.name"), 78.0, most=2), Column(words.say("zones", "people"), 34.0, "right")]
        rows = [[words.of(f.name), words.interval(f.people, f.low, f.high)] for f in book.printed.people.values()]
        y = table(sheet, _SIDE_X, y, columns, rows, size=8)
    else:
        y = sheet.paragraph(_SIDE_X, y, _SIDE_WIDTH, words.say("figures", "not_known"), 8.5) + 2
    y = _layers(book, sheet, totals, y)
    if villages is not None and len(villages):
        y = section(sheet, _SIDE_X, y, _SIDE_WIDTH, words.say("legend", "villages", n=words.count(len(villages))), note="villages.csv")
        counts = texts(villages, "class").value_counts()
        present = [s.key for s in reversed(book.colours.villages) if s.key in counts.index]
        rows = [[words.map_says(f"villages.{key}"), words.count(int(counts[key]))] for key in present]
        table(sheet, _SIDE_X, y, [Column("", 90.0), Column("", 22.0, "right")], rows, size=8, head=False)
    signatures(sheet, words, _SIDE_X, _BOTTOM - _SIGNED, _SIDE_WIDTH, _SIGNED)


# -- the map


def _draw_map(book: Book, plate: Plate, *, own: int | None, numbered: Sequence[int]) -> int:
    """Draw the map and return how many sites stand in it."""
    sheet, ground, content, words, window = plate.sheet, book.ground, book.content, book.words, plate.window
    overview = own is None
    with sheet.within(window.x, window.y, window.width, window.height):
        layer = _coverage(content.all_operators)
        if layer is not None and layer.grid.epsg == ground.epsg:
            plate.coverage(layer.state, layer.grid, book.colours)
        styles = {style.key: style for style in book.colours.areas["zone"]}
        for k in reversed(ground.seen(ground.zone_tree, plate.bounds)):
            _draw_zone(plate, ground.zone_shapes[k], styles.get(str(ground.zones["class"].iloc[k])))
        inner = ground.whole if overview else ground.communes[own]
        outside = shapely.difference(shapely.box(*plate.bounds), shapely.simplify(inner, 0.06 * plate.metre_mm))
        sheet.area(plate.rings(outside), fill="#ffffff", opacity=float(drawing()["outside_opacity"]))
        _roads(book, plate)
        near = ground.seen(ground.commune_tree, plate.bounds)
        edges = [ring for k in near if k != own for ring in plate.rings(ground.communes[k])]
        sheet.area(edges, line=dict(book.colours.lines)["commune"], line_width=0.18, dash=(1.6, 0.8))
        sheet.area(plate.rings(ground.whole), line=dict(book.colours.lines)["province"], line_width=0.45)
        if not overview:
            sheet.area(plate.rings(ground.communes[own]), line="#d4009d", line_width=0.6)
        labels = Labels(window)
        for panel in (_scale_place(window), _north_place(window)):
            labels.leave(panel.x, panel.y, panel.width, panel.height)
        shown = _sites(book, plate, small=overview)
        _village_symbols(book, plate, None if own is None else book.codes[own], labels)
        for n, k in enumerate(numbered, start=1):
            _number(plate, ground.zone_shapes[k], inner, n, labels)
        if overview:
            _commune_names(book, plate, near, labels, size=6.5, colour="#1a1a1a")
        else:
            _commune_names(book, plate, [k for k in near if k != own], labels, size=8, colour="#6b6b6b")
        labels.write(sheet)
    step = plate.frame(words.language, (_scale_place(window), _north_place(window)))
    _scale_panel(book, plate)
    sheet.text(10, sheet.height_mm - 8.4, book.crs_line(step), 7.5, colour=GREY, width=sheet.width_mm - 20)
    if layer is None:
        sheet.text(window.x + 3, window.y + 6, words.say("map", "no_coverage"), 9, style="bold", halo=True, width=window.width - 30)
    return shown


def _coverage(layers: Sequence[CoverageLayer]) -> CoverageLayer | None:
    return layers[0] if layers else None


def _draw_zone(plate: Plate, shape: Any, style: AreaStyle | None) -> None:
    if style is None or shape is None:
        return
    if style.pattern == "line":
        strands = plate.strands(shape)
        plate.sheet.lines(strands, "#ffffff", 1.5)
        plate.sheet.lines(strands, style.line, 0.9)
        return
    zone(plate.sheet, plate.rings(shape), style)


def _roads(book: Book, plate: Plate) -> None:
    widths, other = drawing()["road_mm"], float(drawing()["other_road_mm"])
    by_width: dict[float, list[Any]] = {}
    for k in book.ground.seen(book.ground.road_tree, plate.bounds):
        by_width.setdefault(float(widths.get(book.ground.road_classes[k], other)), []).extend(plate.strands(book.ground.roads[k]))
    for width, strands in sorted(by_width.items()):
        plate.sheet.lines(strands, dict(book.colours.lines)["road"], width)


def _sites(book: Book, plate: Plate, *, small: bool) -> int:
    """Draw the sites in the window and return how many."""
    sites = book.content.sites
    if sites is None or not len(sites):
        return 0
    symbols = {symbol.key: symbol for symbol in book.colours.sites}
    places = plate.places(book.ground.sites[:, 0], book.ground.sites[:, 1])
    statuses = [str(value) for value in sites["status"]]
    seen = [k for k in range(len(sites)) if np.isfinite(places[k, 0])]
    for k in seen:
        symbol = symbols.get(statuses[k], symbols["unknown"])
        _symbol(plate, places[k], symbol, small=small)
    return len(seen)


def _symbol(plate: Plate, place: Any, symbol: Symbol, small: bool = False) -> None:
    unit = float(drawing()["overview_symbol_mm_per_px" if small else "symbol_mm_per_px"])
    plate.sheet.symbol(float(place[0]), float(place[1]), symbol.shape, fill=symbol.fill, line=symbol.line, radius=symbol.radius_px * unit)


def _village_symbols(book: Book, plate: Plate, code: str | None, labels: Labels) -> None:
    """Draw villages by class, the most urgent on top; on a page of a commune name those in need of attention."""
    villages = book.content.villages
    if villages is None or not len(villages):
        return
    places = plate.places(book.ground.villages[:, 0], book.ground.villages[:, 1])
    classes = [str(value) for value in villages["class"]]
    communes = [str(value) for value in villages["commune_code"]]
    names = [str(value) for value in villages["village_name"]]
    known = {symbol.key for symbol in book.colours.villages}
    for symbol in book.colours.villages:
        if code is None and symbol.key == "served":
            continue
        for k in range(len(classes)):
            mine = classes[k] if classes[k] in known else _OTHER
            if mine != symbol.key or not np.isfinite(places[k, 0]):
                continue
            _symbol(plate, places[k], symbol, small=code is None)
            if code is None:
                continue
            labels.keep(places[k], 1.6)
            if communes[k] == code and mine in _ATTENTION:
                labels.add(places[k], names[k], 8.0, "#1a1a1a", style="bold", offset=2.4)


def _number(plate: Plate, shape: Any, inner: Any, n: int, labels: Labels) -> None:
    """Write the number of a zone in a circle at a point of it, in the commune if it has one there."""
    if shape is None:
        return
    here = shapely.intersection(shape, inner)
    seen = plate.seen(shape if here.is_empty else here)
    if seen is None:
        return
    parts = sorted(shapely.get_parts([seen]), key=lambda part: (float(part.area), float(part.length)))
    largest = parts[-1]
    point = largest.interpolate(0.5, normalized=True) if largest.geom_type == "LineString" else largest.representative_point()
    x, y = plate.on_sheet(np.array([[point.x, point.y]]))[0]
    labels.circle(x, y, str(n))


def _commune_names(book: Book, plate: Plate, rows: Sequence[int], labels: Labels, *, size: float, colour: str) -> None:
    names = list(book.names.values())
    for k in rows:
        seen = shapely.intersection(book.ground.communes[k], shapely.box(*plate.bounds))
        parts = [p for p in shapely.get_parts([seen]) if p.geom_type == "Polygon" and p.area > (_NAMED_MM * plate.metre_mm) ** 2]
        if not parts:
            continue
        point = max(parts, key=lambda part: float(part.area)).representative_point()
        place = plate.on_sheet(np.array([[point.x, point.y]]))[0]
        labels.add(place, names[k], size, colour, style="italic", centred=True)


def _scale_place(window: Window) -> Window:
    """Return where scale and scale bar stand."""
    return Window(window.x + 2, window.y + window.height - 17, 78, 15)


def _north_place(window: Window) -> Window:
    """Return where the north arrow stands."""
    return Window(window.x + window.width - 19, window.y + 2, 17, 19)


def _scale_panel(book: Book, plate: Plate) -> None:
    sheet, words, window = plate.sheet, book.words, plate.window
    place, x, y = _scale_place(window), window.x + 2, window.y + window.height - 17
    sheet.rectangle(place.x, place.y, place.width, place.height, fill="#ffffff", line="#8a8a8a", line_width=0.12)
    plate.bar(x + 4, y + 1.4, words.language)
    sheet.text(x + 4, y + 12.2, words.say("map", "scale", n=words.number(plate.scale, 0), paper=book.paper), 9, style="bold", width=70)
    right, place = window.x + window.width - 12, _north_place(window)
    sheet.rectangle(place.x, place.y, place.width, place.height, fill="#ffffff", line="#8a8a8a", line_width=0.12)
    plate.north_arrow(right + 1.5, window.y + 6.4, Bilingual(words.say("map", "north"), words.say("map", "north")), words.language)
    sheet.text(right + 1.5, window.y + 19.4, words.say("map", "grid_north"), 5.5, align="middle", colour=GREY, width=16)


# -- legend


def _legend(book: Book, sheet: Sheet, row: pd.Series, *, n_zones: int, n_villages: int | None, n_sites: int, own: bool) -> None:
    words, colours = book.words, book.colours
    column = 60.0
    x, y = _MAP.x, _LEGEND_Y
    sheet.line([(x, y - 1.2), (x + _MAP.width, y - 1.2)], "#1a1a1a", 0.2)
    top = sheet.paragraph(x, y, column - 3, words.say("legend", "coverage", cell=book.cell_text), 8, style="bold", most=3)
    state_swatches(sheet, words, colours, x, max(top + 1.2, y + 8.5), column - 3)
    x += column
    sheet.paragraph(x, y, column - 3, words.say("legend", "zones", n=words.count(n_zones)), 8, style="bold", most=2)
    at = y + 8.5
    for style in colours.areas["zone"]:
        if style.key == "unserved":
            continue
        area_swatch(sheet, style, x, at)
        sheet.text(x + 10, at + 2.7, words.say("legend_zone", style.key), 8, width=column - 13)
        at += LEGEND_STEP
    if own:
        sheet.paragraph(x, at - 0.6, column - 3, words.say("legend", "numbered"), 7, colour=GREY, most=2)
    x += column
    shown = words.say("legend", "none") if n_villages is None else words.count(n_villages)
    sheet.paragraph(x, y, column - 3, words.say("legend", "villages", n=shown), 8, style="bold", most=2)
    at = y + 5.5
    for symbol in reversed(colours.villages):
        if symbol.key == "served" and not own:
            continue
        sheet.symbol(x + 3, at + 1.7, symbol.shape, fill=symbol.fill, line=symbol.line, radius=symbol.radius_px * 0.24)
        sheet.text(x + 8, at + 2.7, words.say("legend_village", symbol.key), 8, width=column - 11)
        at += LEGEND_STEP
    x += column
    sites = book.content.sites
    count = words.say("legend", "none") if sites is None else words.count(n_sites)
    sheet.paragraph(x, y, column - 3, words.say("legend", "sites", n=count), 8, style="bold", most=2)
    at = y + 5.5
    for symbol in colours.sites:
        sheet.symbol(x + 3, at + 1.7, symbol.shape, fill=symbol.fill, line=symbol.line, radius=symbol.radius_px * 0.24)
        sheet.text(x + 8, at + 2.7, words.say("legend_site", symbol.key), 8, width=column - 11)
        at += LEGEND_STEP
    lines = dict(colours.lines)
    entries = [("area", lines["province"], 0.45, ()), ("commune", lines["commune"], 0.18, (1.6, 0.8)), ("road", lines["road"], 0.5, ())]
    if own:
        entries.insert(0, ("this", "#d4009d", 0.6, ()))
    for key, colour, width, dash in entries:
        sheet.line([(x, at + 1.7), (x + 7, at + 1.7)], colour, width, dash)
        sheet.text(x + 9, at + 2.7, words.say("legend", key), 8, width=column - 12)
        at += LEGEND_STEP
    x += column
    bounds = None if book.content.communes is None or not len(book.content.communes) else whole(book.content.communes.total_bounds)
    left = _MAP.x + _MAP.width - _INSET
    sheet.text(left, y + 2.4, words.say("map", "vietnam"), 7.5, style="bold", width=_INSET)
    inset(sheet, words, left, y + 3.6, _INSET, bounds, book.archipelagos)


# -- what stands beside the map


def _figures(book: Book, sheet: Sheet, row: pd.Series, code: str, own: int | None) -> float:
    """Write the figures of a commune or of the whole area, each as its table has it."""
    words = book.words
    entry = "" if own is not None else "_all"
    y = section(sheet, _SIDE_X, _SIDE_Y, _SIDE_WIDTH, words.say("figures", f"heading{entry}"))
    if "population_served_share" not in row.index:
        return sheet.paragraph(_SIDE_X, y, _SIDE_WIDTH, words.say("figures", f"missing{entry}"), 9) + 2
    wide = _SIDE_WIDTH if own is None or book.ground.communes[own] is None else 72.0
    top = y
    facts: list[Sequence[str | Cell]] = [[words.say("figures", "people"), Cell(words.count(row.get("population")), bold=True)], [words.say("figures", "area_km2"), words.number(row.get("area_km2"), 2)]]
    y = table(sheet, _SIDE_X, y, [Column("", wide * 0.6), Column("", wide * 0.4, "right")], facts, size=9, head=False) - 1
    columns = [
        Column(words.say("figures", "state"), wide * 0.44), Column(words.say("figures", "of_people"), wide * 0.28, "right"), Column(words.say("figures", "of_area"), wide * 0.28, "right"),
    ]  # fmt: skip
    rows: list[Sequence[str | Cell]] = [
        [words.say("figures", name), Cell(words.share(row.get(f"population_{name}_share")), bold=True), words.share(row.get(f"area_{name}_share"))]
        for name in _STATES
    ]
    y = table(sheet, _SIDE_X, y, columns, rows, size=9) - 1
    rows = [[words.say("figures", "villages"), Cell(words.count(row.get("villages")), bold=True)]]
    rows += [[f"– {words.say('figures', f'villages_{name}')}", Cell(words.count(row.get(f"villages_{name}")), bold=True)] for name in _ATTENTION]
    y = table(sheet, _SIDE_X, y, [Column("", wide * 0.72), Column("", wide * 0.28, "right")], rows, size=9, head=False)
    if own is not None and wide < _SIDE_WIDTH:
        _locator(book, sheet, own, Window(_SIDE_X + wide + 3, top + 4, _SIDE_WIDTH - wide - 3, y - top - 8))
    said = words.say("figures", "source", code=code) if own is not None else words.say("figures", "source_all")
    caveat = words.say("figures", "forecast_checked" if book.content.model_checked else "forecast")
    return sheet.paragraph(_SIDE_X, y - 1.2, _SIDE_WIDTH, f"{said} {caveat}", 7.5, colour=GREY, most=3) + 1.6


def _locator(book: Book, sheet: Sheet, own: int, window: Window) -> None:
    """Draw where a commune lies in the whole area."""
    sheet.text(window.x, window.y - 1.2, book.words.say("map", "here"), 7.5, style="bold", width=window.width)
    plate = Plate(sheet, window, whole(book.ground.whole.bounds))
    sheet.rectangle(window.x, window.y, window.width, window.height, line=GREY, line_width=0.15)
    with sheet.within(window.x, window.y, window.width, window.height):
        sheet.area(plate.rings(shapely.simplify(book.ground.whole, plate.metre_mm * 0.15)), fill="#eef2f6", line="#1a1a1a", line_width=0.2)
        rings = plate.rings(book.ground.communes[own])
        sheet.area(rings, fill="#d4009d", line="#d4009d", line_width=0.25)


def _layers(book: Book, sheet: Sheet, row: pd.Series, y: float) -> float:
    """Write the shares of people by operator and technology."""
    words, content = book.words, book.content
    y = section(sheet, _SIDE_X, y, _SIDE_WIDTH, words.say("figures", "layers"))
    rows = []
    for layer in content.coverage:
        prefix = fold(f"{layer.operator} {layer.technology}").replace(" ", "_")
        if f"{prefix}_population_served_share" in row.index:
            rows.append([f"{layer.operator} {layer.technology}", *(words.share(row.get(f"{prefix}_population_{name}_share")) for name in _STATES)])
    if not rows:
        return sheet.paragraph(_SIDE_X, y, _SIDE_WIDTH, words.say("figures", "no_layers"), 8.5) + 2
    most = int(book.lists["layers_of_a_commune"])
    columns = [Column(words.say("figures", "layer"), 36.0), *(Column(words.say("ranking", name), 17.0 if name != "unknown" else 25.0, "right") for name in _STATES)]
    y = table(sheet, _SIDE_X, y, columns, rows[:most], size=8.5)
    return _more(book, sheet, len(rows) - most, "communes.csv", y)


def _more(book: Book, sheet: Sheet, n: int, file: str, y: float) -> float:
    if n <= 0:
        return y
    return sheet.paragraph(_SIDE_X, y - 1.6, _SIDE_WIDTH, book.words.say("figures", "more", n=book.words.count(n), file=file), 8, style="italic") + 1.2


def _zones(book: Book, sheet: Sheet, own: Sequence[int], listed: Sequence[int], y: float) -> float:
    """List the zones of a commune, numbered as on the map."""
    words, frame = book.words, book.ground.zones
    y = section(sheet, _SIDE_X, y, _SIDE_WIDTH, words.say("zones", "heading"))
    if not listed:
        return sheet.paragraph(_SIDE_X, y, _SIDE_WIDTH, words.say("zones", "none" if book.has_zones else "missing"), 8.5) + 2
    columns = [
        Column(words.say("zones", "number"), 7.0, "right"), Column(words.say("zones", "id"), 33.0), Column(words.say("zones", "class"), 23.0),
        Column(words.say("zones", "people"), 26.0, "right"), Column(words.say("zones", "priority"), 11.5, "right"), Column(words.say("zones", "villages"), 11.5, "right"),
    ]  # fmt: skip
    rows: list[Sequence[str | Cell]] = []
    for n, k in enumerate(listed, start=1):
        entry = frame.iloc[k]
        rows.append([
            Cell(str(n), bold=True), str(entry["dead_zone_id"]), zone_class(words, entry["class"]),
            words.interval(entry.get("population"), entry.get("population_low"), entry.get("population_high")),
            words.number(entry.get("priority"), 2), words.count(entry.get("villages")),
        ])  # fmt: skip
    y = table(sheet, _SIDE_X, y, columns, rows, size=8.5)
    return _more(book, sheet, len(own) - len(listed), "dead_zones.csv", y)


def _villages_of(book: Book, code: str) -> pd.DataFrame | None:
    villages = book.content.villages
    return None if villages is None else villages[texts(villages, "commune_code") == code]


def _villages(book: Book, sheet: Sheet, mine: pd.DataFrame | None, y: float) -> None:
    """List the villages of a commune that are white, weak or undecided, in that order."""
    words = book.words
    room = _BOTTOM - _SIGNED - 2 - y
    y = section(sheet, _SIDE_X, y, _SIDE_WIDTH, words.say("villages", "heading"))
    if mine is None:
        sheet.paragraph(_SIDE_X, y, _SIDE_WIDTH, words.say("villages", "missing"), 8.5)
        return
    chosen = [k for name in _ATTENTION for k in np.flatnonzero(texts(mine, "class").eq(name).to_numpy())]
    if not chosen:
        sheet.paragraph(_SIDE_X, y, _SIDE_WIDTH, words.map_says("card.no_villages_here"), 8.5)
        return
    fits = max(1, int((room - _LIST_HEAD) / _LIST_STEP))
    most = min(int(book.lists["villages_of_a_commune"]), fits)
    columns = [
        Column(words.say("villages", "name"), 38.0), Column(words.say("villages", "class"), 24.0), Column(words.say("villages", "people"), 14.0, "right"),
        Column(words.say("villages", "why"), 36.0),
    ]  # fmt: skip
    rows = []
    for k in chosen[:most]:
        row = mine.iloc[int(k)]
        open_ = row.get("operators_undecided")
        named = DASH if unknown(open_) or not str(open_) else ", ".join(part.partition("=")[0] for part in str(open_).split("; "))
        rows.append([str(row["village_name"]), words.map_says(f"class_names.{row['class']}"), words.count(row.get("population")), named])
    y = table(sheet, _SIDE_X, y, columns, rows, size=8.5)
    _more(book, sheet, len(chosen) - most, "villages.csv", y)
