"""The stage that says what to measure next: stops, routes, sheets and GPX for each vehicle-day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual
from geo.io.files import write_bytes
from geo.io.polygons import projected
from geo.io.rasters import read_array
from geo.io.stage_files import write_frame
from geo.measured import measured_settings
from geo.pipeline.believing import Believed, believe
from geo.pipeline.engine import Stage, Workspace
from geo.pipeline.measured import place_facts
from geo.pipeline.predicting import Predicted, load_coverage
from geo.pipeline.reading import load_frame
from geo.pipeline.settings import AnalysisSettings
from geo.project import Project
from geo.report.gpx import Waypoint, gpx_bytes
from geo.report.measuring_sheet import DaySheet, SheetStop, measuring_sheet, route_picture
from geo.report.phrases import joined, number_text, phrases
from geo.sampling import (
    PLANNED_COLUMNS,
    PlannedStop,
    RoadGraph,
    RoadLines,
    Roadwork,
    SamplingSettings,
    Trip,
    along_roads,
    area_chance,
    open_areas,
    plan_trips,
    planned_stops,
    planned_table,
    road_graph,
    road_networks,
)
from geo.villages.points import village_points

__all__ = ["SAMPLING_FOLDER", "SAMPLING_TABLES", "SAMPLING_UPSTREAM", "plan_measurements", "sampling_lines", "sampling_stage"]

SAMPLING_TABLES = ("measurements_planned",)
SAMPLING_UPSTREAM = (
    "inputs/units.parquet", "inputs/roads.parquet", "calibration", "coverage", "villages/villages.parquet", "villages/communes.parquet",
    "villages/cells_of_villages.npy", "standards/standards.parquet",
)  # fmt: skip
_WORDS = "results/sampling.toml"
#: Folder of the run in which sheets and routes stand.
SAMPLING_FOLDER = "measurements"
_LANGUAGES: tuple[Literal["vi", "en"], ...] = ("vi", "en")
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


def sampling_stage(project: Project, settings: AnalysisSettings, title: Bilingual, run: Any) -> Stage:
    """Return the stage with everything that its result depends on."""
    return Stage(
        "sampling", title, run,
        settings={
            "sampling": settings.sampling, "coverage": settings.coverage, "fusion": settings.fusion,
            "correlations": settings.calibration.place_correlation, "piece_m": settings.service.piece_m, "error_share": settings.evidence.error_share,
            "name": project.name, "language": project.language, "date": project.date, "extra": dict(project.extra),
        },
        upstream=SAMPLING_UPSTREAM,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    """Where vehicles begin: on a road (the grid's CRS), in whose commune it was found, how far off that road it lay, the roads that lead on."""

    xy: _F64
    found_in: str
    away_m: float
    network: npt.NDArray[np.bool_]


def plan_measurements(work: Workspace, project: Project, settings: AnalysisSettings, *, made_up: bool) -> Mapping[str, Any]:
    """Write table, sheets and GPX of the plan; return the counts. Nothing but why where there is nothing to plan.

    Parameters
    ----------
    work : Workspace
    project : Project
    settings : AnalysisSettings
    made_up : bool
        Whether the province is.
    """
    villages, roads = load_frame(work.upstream["villages"], "villages"), load_frame(work.upstream["inputs"], "roads")
    if villages is None or villages.empty:
        return _nothing("no_villages", 0)
    predicted = load_coverage(work.upstream["coverage"])
    open_ones = villages[villages["class"] == "undecided"].reset_index(drop=True)
    row, column = _cells(work, villages, predicted, (villages["class"] == "undecided").to_numpy(dtype=bool))
    placed = row >= 0
    open_ones, row, column = open_ones[placed].reset_index(drop=True), row[placed], column[placed]
    if open_ones.empty:
        return _nothing("nothing_undecided", 0)
    if roads is None or roads.empty:
        return _nothing("no_roads", len(open_ones))
    epsg, sampling = predicted.coverage.grid.epsg, settings.sampling
    every = _lines(roads, epsg, sampling)
    xy = np.column_stack(from_wgs84(open_ones["lon"].to_numpy(float), open_ones["lat"].to_numpy(float), epsg))
    start = _start(work, villages, every, epsg, sampling)
    lines = every.take(start.network)
    graph = road_graph(lines, np.vstack([start.xy, xy]), join_m=sampling.join_m, walk_m=sampling.walk_m)
    points = along_roads(graph, sampling.road_point_m)
    believed = believe(work.upstream, settings, predicted, row=row, column=column, road_x_m=points.x_m, road_y_m=points.y_m)
    work.progress(1, sampling.days + 2)
    on_roads = Roadwork(graph, points, sampling)
    trips = plan_trips(believed.beliefs, on_roads, sampling, on_day=lambda done: work.progress(1 + done, sampling.days + 2))
    left = _left(graph, on_roads, believed, trips, every, xy)
    record: dict[str, Any] = {
        "planned": bool(trips), "undecided": len(open_ones), "left": left, "measured": believed.measured,
        "start": {"given": bool(sampling.start), "found_in": start.found_in, "away_m": round(start.away_m, 1)},
    }  # fmt: skip
    if not trips:
        return {**record, "why": "nothing_reached", "walk_m": sampling.walk_m}
    tests = _tests(work, settings, predicted, open_ones, believed)
    words, spoken = phrases(_WORDS), _spoken(project)

    def say(layer: int, needed: int) -> str:
        operator, technology = believed.layers[layer]
        return words.say(
            "row", "village", operator=operator, technology=technology, tests=needed, positions=sampling.positions_per_stop,
            apart=number_text(measured_settings().spot_m),
        ).text(spoken)  # fmt: skip

    road_of = list(zip(map(str, lines.road_id), map(str, lines.name), strict=True))
    stops = planned_stops(trips, believed.beliefs, on_roads, layers=believed.layers, tests=tests, road_of=road_of, say=say)
    areas, area_change = _areas(work, settings, predicted, believed, on_roads, trips, lines, spoken)
    table = planned_table(stops, open_ones, areas)
    write_frame(work.folder / "measurements_planned.parquet", table)
    lon, lat = to_wgs84(np.array([start.xy[0]]), np.array([start.xy[1]]), epsg)
    _write_days(work, project, sampling, believed, graph, trips, stops, open_ones, (float(lon[0]), float(lat[0])), made_up=made_up)
    km = [sum(s.leg.km for s in trip.stops) + trip.back.km for trip in trips]
    return {
        **record,
        "walk_m": sampling.walk_m,
        "start": {**record["start"], "lon": round(float(lon[0]), 6), "lat": round(float(lat[0]), 6)},
        "days": len(trips),
        "stops": len(stops),
        "km": round(float(sum(km)), 3),
        "expected_change": round(float(sum(s.expected_change for s in stops)), 6),
        "by_day": [
            {"stops": len(t.stops), "km": round(k, 3), "hours": round(t.minutes / 60.0, 3), "expected_change": round(sum(s.expected_change for s in t.stops), 6)}
            for t, k in zip(trips, km, strict=True)
        ],
        "areas": {"rows": len(areas), "expected_change": round(area_change, 6)},
        "rows": {"measurements_planned": len(table)},
    }


def sampling_lines(record: Mapping[str, Any]) -> list[Bilingual]:
    """Return what the stage's record says, in sentences."""
    said, n = phrases(_WORDS), number_text
    if ("undecided" in record and "left" not in record) or record.get("why") in {"no_villages", "nothing_undecided", "no_roads"}:
        return [said.say("said", record["why"], n=n(record["undecided"]))]
    left = {name: n(record["left"][name]) for name in ("far", "apart", "long", "closed", "other")}
    walk = n(record["walk_m"])
    if not record["planned"]:
        out = [said.say("said", "nothing_reached", n=n(record["undecided"]), walk=walk, **left)]
    else:
        out = [
            said.say(
                "said", "plan", days=n(record["days"]), stops=n(record["stops"]), km=n(record["km"], 1), change=n(record["expected_change"], 1),
                n=n(record["undecided"]),
            ),
            said.say("said", "left", walk=walk, **left),
        ]  # fmt: skip
        if record["areas"]["rows"]:
            out.append(said.say("said", "areas", change=n(record["areas"]["expected_change"], 1), n=n(record["areas"]["rows"])))
    start = record["start"]
    if not start["given"]:
        out.append(said.say("said", "start_found", name=start["found_in"] or said.say("said", "middle_of_communes")))
    elif start["away_m"] > record["walk_m"]:
        out.append(said.say("said", "start_far", km=n(start["away_m"] / 1000.0, 1)))
    if not record["measured"]:
        out.append(said.say("said", "not_measured"))
    return out


def _nothing(why: str, undecided: int) -> dict[str, Any]:
    return {"planned": False, "why": why, "undecided": undecided}


def _spoken(project: Project) -> Literal["vi", "en"]:
    return "en" if project.language == "en" else "vi"


def _cells(work: Workspace, villages: pd.DataFrame, predicted: Predicted, wanted: npt.NDArray[np.bool_]) -> tuple[_I64, _I64]:
    """Return the cells that speak for some of the villages, as their classes were found; -1 where none does."""
    owned = read_array(work.upstream["villages"] / "cells_of_villages.npy")
    row, column = village_points(villages["lon"].to_numpy(float), villages["lat"].to_numpy(float), predicted.coverage, owned)
    return row[wanted], column[wanted]


def _lines(roads: gpd.GeoDataFrame, epsg: int, settings: SamplingSettings) -> RoadLines:
    shapes = projected(roads, epsg)
    speed = roads["road_class"].astype(str).map(settings.speed_kmh).fillna(settings.speed_kmh["other"]).to_numpy(dtype=np.float64)
    kept = np.isfinite(shapely.length(shapes)) & (shapely.length(shapes) > 0)
    return RoadLines(shapes[kept], speed[kept], roads["road_id"].to_numpy(dtype=object)[kept], roads["road_name"].to_numpy(dtype=object)[kept])


def _start(work: Workspace, villages: pd.DataFrame, lines: RoadLines, epsg: int, settings: SamplingSettings) -> _Start:
    """Return the start on the nearest road: the project's, else the middle of the villages of the commune with the most people."""
    name = ""
    if settings.start:
        lon, lat = settings.start
    else:
        communes = load_frame(work.upstream["villages"], "communes")
        inside = villages
        if communes is not None and communes["population"].notna().any():
            most = communes.loc[communes["population"].astype(float).idxmax()]
            mine = villages[villages["commune_code"].astype(str) == str(most["commune_code"])]
            if mine["lon"].notna().any():
                inside, name = mine, str(most["commune_name"])
        lon, lat = float(inside["lon"].mean()), float(inside["lat"].mean())
    x, y = from_wgs84(np.array([lon]), np.array([lat]), epsg)
    point = shapely.Point(float(x[0]), float(y[0]))
    network = road_networks(lines, join_m=settings.join_m)
    away = shapely.distance(lines.lines, point)
    nearest = int(np.argmin(away))
    # A stray piece of road beside the start is no place to begin where the longest network passes too.
    longest = np.flatnonzero(network == 0)
    chosen = int(longest[np.argmin(away[longest])])
    if not (settings.start == () or away[chosen] <= settings.walk_m):
        chosen = nearest
    on = shapely.line_interpolate_point(lines.lines[chosen], shapely.line_locate_point(lines.lines[chosen], point))
    return _Start(shapely.get_coordinates(on)[0], name, float(away[chosen]), network == network[chosen])


def _left(
    graph: RoadGraph, roads: Roadwork, believed: Believed, trips: Sequence[Trip], every: RoadLines, xy: _F64
) -> dict[str, int]:
    """Count the villages without a stop by why."""
    planned = np.zeros(len(believed.closed), dtype=bool)
    planned[[s.village for t in trips for s in t.stops]] = True
    points = shapely.points(xy)
    any_road = shapely.distance(every.lines[shapely.STRtree(every.lines).nearest(points)], points) <= roads.settings.walk_m
    off = graph.at[1:] < 0
    rest = ~planned
    counts: dict[str, int] = {}
    for name, mask in (("closed", believed.closed), ("far", off & ~any_road), ("apart", off), ("long", ~roads.reached)):
        counts[name] = int((rest & mask).sum())
        rest &= ~mask
    return {**counts, "other": int(rest.sum())}


def _tests(work: Workspace, settings: AnalysisSettings, predicted: Predicted, villages: pd.DataFrame, believed: Believed) -> _I64:
    """Return the samples still needed at each stop, (layers, villages): what a verdict rests on, less what there is; never fewer than positions."""
    least = settings.fusion.evidence_samples
    there = np.zeros((len(believed.layers), len(villages)))
    facts = place_facts(work.upstream["calibration"], settings, predicted)
    if facts is not None:
        found = facts(villages)
        number = {layer: k for k, layer in enumerate(believed.layers)}
        layer = [number.get(pair, -1) for pair in zip(found["operator"], found["technology"], strict=True)]
        keep = np.array(layer) >= 0
        there[np.array(layer)[keep], found["place"].to_numpy(dtype=np.int64)[keep]] = found["samples"].to_numpy(dtype=np.float64)[keep]
    return np.ceil(np.maximum(least - there, settings.sampling.positions_per_stop)).astype(np.int64)


def _areas(
    work: Workspace,
    settings: AnalysisSettings,
    predicted: Predicted,
    believed: Believed,
    roads: Roadwork,
    trips: Sequence[Trip],
    lines: RoadLines,
    spoken: Literal["vi", "en"],
) -> tuple[pd.DataFrame, float]:
    """Return rows for the communes and roads that the drive may decide, and how many of them are expected to be decided."""
    asked = open_areas(load_frame(work.upstream["standards"], "standards"))
    asked = asked[asked["technology"].isin(list(settings.sampling.drive_technologies))].reset_index(drop=True)
    driven = _driven(work, settings, predicted, roads, trips, lines)
    words, rows, total = phrases(_WORDS), [], 0.0
    for one in asked.to_dict("records"):
        found = driven.get((str(one["area_level"]), str(one["area_code"])))
        if found is None:
            continue
        chance = area_chance({str(k): v for k, v in one.items()}, found.squares, settings.evidence.error_share)
        needed = int(np.ceil(float(one["samples_needed"])))
        instruction = words.say(
            "row", str(one["area_level"]), operator=str(one["operator"]), technology=str(one["technology"]), tests=number_text(needed),
            squares=number_text(found.squares), side=number_text(settings.service.piece_m),
        ).text(spoken)  # fmt: skip
        road = str(one["area_code"]) if one["area_level"] == "road" else ""
        rows.append((pd.NA, found.day, str(one["area_code"]), "", road, found.lon, found.lat, str(one["operator"]), str(one["technology"]), needed, chance, np.nan, instruction))
        total += chance
    table = pd.DataFrame(rows, columns=list(PLANNED_COLUMNS))
    return table.sort_values(["day", "road_id", "area_code", "operator", "technology"], kind="stable", ignore_index=True), total


@dataclass(slots=True)
class _Driven:
    day: int
    squares: int
    lon: float
    lat: float


def _driven(
    work: Workspace, settings: AnalysisSettings, predicted: Predicted, roads: Roadwork, trips: Sequence[Trip], lines: RoadLines
) -> dict[tuple[str, str], _Driven]:
    """Return the communes and roads that trips pass, with the pieces of road in them that count as one sample each."""
    units = load_frame(work.upstream["inputs"], "units")
    codes = units["commune_code"].astype(str).to_numpy()
    grid, points, graph = predicted.coverage.grid, roads.points, roads.graph
    seen: dict[tuple[str, str], tuple[int, set[tuple[int, int]], int]] = {}
    for day, trip in enumerate(trips, start=1):
        for edge in [e for leg in (*(s.leg for s in trip.stops), trip.back) for e, _ in leg.edges]:
            line = int(graph.line[edge])
            for p in points.of_edge[edge].tolist():
                r, c = grid.locate(points.x_m[p : p + 1], points.y_m[p : p + 1])
                unit = int(predicted.index[r[0], c[0]]) if r[0] >= 0 else -1
                square = (int(points.x_m[p] // settings.service.piece_m), int(points.y_m[p] // settings.service.piece_m))
                for key in ([("commune", str(codes[unit]))] if unit >= 0 else []) + [("road", str(lines.road_id[line]))]:
                    seen.setdefault(key, (day, set(), p))[1].add(square)
    out: dict[tuple[str, str], _Driven] = {}
    for key, (day, squares, p) in seen.items():
        lon, lat = to_wgs84(points.x_m[p : p + 1], points.y_m[p : p + 1], grid.epsg)
        out[key] = _Driven(day, len(squares), float(lon[0]), float(lat[0]))
    return out


def _write_days(
    work: Workspace,
    project: Project,
    sampling: SamplingSettings,
    believed: Believed,
    graph: RoadGraph,
    trips: Sequence[Trip],
    stops: Sequence[PlannedStop],
    villages: pd.DataFrame,
    start: tuple[float, float],
    *,
    made_up: bool,
) -> None:
    """Write a GPX file per vehicle-day and the sheets in both languages."""
    words, spoken = phrases(_WORDS), _spoken(project)
    epsg = load_coverage(work.upstream["coverage"]).coverage.grid.epsg
    names = load_frame(work.upstream["inputs"], "units").set_index("commune_code")["commune_name"].astype(str).to_dict()
    xy = np.column_stack([believed.beliefs.villages.x_m, believed.beliefs.villages.y_m])
    sheets: list[DaySheet] = []
    for day, trip in enumerate(trips, start=1):
        mine = [s for s in stops if s.day == day]
        way = _way(graph, trip)
        file = f"day_{day:02d}.gpx"
        lon, lat = to_wgs84(way[:, 0], way[:, 1], epsg)
        waypoints = []
        for s in mine:
            village = villages.iloc[s.village]
            name = words.say("sheet", "waypoint", stop=s.stop, village=str(village["village_name"]) or str(village["village_id"])).text(spoken)
            waypoints.append(Waypoint(float(village["lon"]), float(village["lat"]), name, joined(_measures(s), "; ").text(spoken)))
        title = words.say("sheet", "gpx_day", day=day, name=project.name).text(spoken)
        totals = words.say(
            "sheet", "totals", stops=number_text(len(mine)), km=number_text(sum(s.km for s in mine) + trip.back.km, 1),
            hours=number_text(trip.minutes / 60.0, 1), change=number_text(sum(s.expected_change for s in mine), 1),
        )  # fmt: skip
        write_bytes(work.public / SAMPLING_FOLDER / file, gpx_bytes(title, totals.text(spoken), waypoints, list(zip(lon.tolist(), lat.tolist(), strict=True))))
        nodes = graph.at[[s.village + 1 for s in mine]]
        left_at = np.column_stack([graph.x_m[nodes], graph.y_m[nodes]])
        picture = route_picture(way, xy[[s.village for s in mine]], left_at, way[0], [s.stop for s in mine], words.say("sheet", "map", day=day).text(spoken))
        sheets.append(
            DaySheet(
                words.say("sheet", "title", day=day, days=len(trips)), totals, words.say("sheet", "start", lon=_degrees(start[0]), lat=_degrees(start[1])),
                words.say("sheet", "back", km=number_text(trip.back.km, 1), minutes=number_text(trip.back.minutes)), words.say("sheet", "gpx", file=file),
                tuple(_sheet_stop(s, villages.iloc[s.village], names) for s in mine), picture,
            )
        )  # fmt: skip
    rules = [words.say("sheet", "lock_why"), *_rules(sampling, believed)]
    about = words.say("sheet", "project", name=project.name, date=Bilingual(f"{project.date:%d/%m/%Y}", project.date.isoformat()))
    for language in _LANGUAGES:
        page = measuring_sheet(sheets, title=project.name, project=about, rules=rules, language=language, made_up=made_up)
        write_bytes(work.public / SAMPLING_FOLDER / f"sheet_{language}.html", page)


def _rules(sampling: SamplingSettings, believed: Believed) -> list[Bilingual]:
    words = phrases(_WORDS)
    counted = {technology for _, technology in believed.layers}
    driven = [t for t in sampling.drive_technologies if t in counted]
    road = words.say("sheet", "lock_road", technologies=", ".join(driven)) if driven else words.say("sheet", "lock_road_none")
    stop = words.say("sheet", "lock_stop", positions=sampling.positions_per_stop, apart=number_text(measured_settings().spot_m))
    return [road, stop, words.say("sheet", "lock_silence"), words.say("sheet", "lock_car")]


def _sheet_stop(stop: PlannedStop, village: pd.Series, names: Mapping[str, str]) -> SheetStop:
    words = phrases(_WORDS)
    hours, minutes = divmod(round(stop.minutes), 60)
    walk = words.say("sheet", "walk", m=number_text(round(stop.walk_m, -1))) if stop.walk_m >= _AT_ROAD_M else words.say("sheet", "off")
    code = str(village["commune_code"])
    way = number_text(stop.km, 1)
    road = f" km, {stop.road_name or stop.road_id}" if stop.road_name or stop.road_id else " km"
    return SheetStop(
        stop.stop, words.say("sheet", "arrival", hours=hours, minutes=f"{minutes:02d}"), str(village["village_name"]) or str(village["village_id"]),
        names.get(code, code), Bilingual(f"{_degrees(village['lat'])}, {_degrees(village['lon'])}", f"{_degrees(village['lat'])}, {_degrees(village['lon'])}"),
        Bilingual(way.vi + road, way.en + road), walk, tuple(_measures(stop)), number_text(stop.expected_change, 2),
    )  # fmt: skip


#: A village nearer to the road is at it.
_AT_ROAD_M = 25.0


def _measures(stop: PlannedStop) -> list[Bilingual]:
    """Return one line for each operator: its technologies with their samples."""
    words = phrases(_WORDS)
    by_operator: dict[str, list[Bilingual]] = {}
    for layer in stop.layers:
        by_operator.setdefault(layer.operator, []).append(words.say("sheet", "technology", technology=layer.technology, tests=layer.tests_needed))
    return [words.say("sheet", "measure", operator=operator, technologies=joined(listed)) for operator, listed in by_operator.items()]


def _degrees(value: float) -> str:
    return f"{float(value):.5f}"


def _way(graph: RoadGraph, trip: Trip) -> _F64:
    """Return the vertices of a trip's way, start to end."""
    parts = []
    for leg in (*(s.leg for s in trip.stops), trip.back):
        for edge, entered in leg.edges:
            shape = graph.shapes[edge]
            parts.append(shape if int(graph.start[edge]) == entered else shape[::-1])
    if not parts:
        node = int(graph.at[0])
        return np.array([[graph.x_m[node], graph.y_m[node]]])
    every = np.concatenate(parts)
    keep = np.ones(len(every), dtype=bool)
    keep[1:] = (every[1:] != every[:-1]).any(axis=1)
    return np.asarray(every[keep], dtype=np.float64)
