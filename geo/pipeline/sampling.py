"""The stage that says what to measure next: stops, routes, sheets and GPX for each vehicle-day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual
from geo.io.polygons import projected
from geo.io.rasters import read_array
from geo.io.stage_files import write_frame
from geo.measured import measured_settings
from geo.pipeline.believing import Believed, believe
from geo.pipeline.engine import Stage, Workspace
from geo.pipeline.measured import place_facts
from geo.pipeline.predicting import Predicted, load_coverage
from geo.pipeline.reading import load_frame
from geo.pipeline.sampling_sheets import ROUTES, Sheets
from geo.pipeline.sentences import write_sentences
from geo.pipeline.settings import AnalysisSettings
from geo.project import Project
from geo.report.phrases import number_text, phrases, short_number_text
from geo.sampling import (
    PLANNED_COLUMNS,
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

__all__ = [
    "SAMPLING_FOLDER", "SAMPLING_TABLES", "SAMPLING_UPSTREAM", "Prepared", "hanging_vnd", "plan_measurements", "plan_weights", "prepare", "sampling_lines", "sampling_stage",
]  # fmt: skip

SAMPLING_TABLES = ("measurements_planned",)
SAMPLING_UPSTREAM = (
    "inputs/units.parquet", "inputs/roads.parquet", "calibration", "coverage", "villages/villages.parquet", "villages/communes.parquet",
    "villages/cells_of_villages.npy", "standards/standards.parquet", "proposals/sites_planned.parquet", "proposals/sites_planned_gains.parquet",
)  # fmt: skip
_WORDS = "results/sampling.toml"
#: Folder of the run in which sheets and routes stand.
SAMPLING_FOLDER = "measurements"
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


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a plan is made from.

    Attributes
    ----------
    villages : DataFrame
        Undecided ones that have a cell.
    predicted : Predicted
    believed : Believed
    roads : Roadwork
    lines : RoadLines
        Those that the start leads to.
    every : RoadLines
    start : _Start
    xy : (n, 2) float64 array
        Of the villages, in the grid's CRS.
    unplaced : int
        Undecided villages that have no cell: without a position, or outside the area.
    """

    villages: pd.DataFrame
    predicted: Predicted
    believed: Believed
    roads: Roadwork
    lines: RoadLines
    every: RoadLines
    start: _Start
    xy: _F64
    unplaced: int


def prepare(upstream: Mapping[str, Path], settings: AnalysisSettings) -> Prepared | tuple[str, int]:
    """Return what a plan is made from, or why there is none and how many villages are undecided."""
    villages, roads = load_frame(upstream["villages"], "villages"), load_frame(upstream["inputs"], "roads")
    if villages is None or villages.empty:
        return "no_villages", 0
    predicted, sampling = load_coverage(upstream["coverage"]), settings.sampling
    undecided = (villages["class"] == "undecided").to_numpy(dtype=bool)
    owned = read_array(upstream["villages"] / "cells_of_villages.npy")
    row, column = village_points(villages["lon"].to_numpy(float), villages["lat"].to_numpy(float), predicted.coverage, owned)
    chosen = undecided & (row >= 0)
    open_ones = villages[chosen].reset_index(drop=True)
    if open_ones.empty:
        return ("nothing_placed", int(undecided.sum())) if undecided.any() else ("nothing_undecided", 0)
    if roads is None or roads.empty:
        return "no_roads", len(open_ones)
    epsg = predicted.coverage.grid.epsg
    every = _lines(roads, epsg, sampling)
    xy = np.column_stack(from_wgs84(open_ones["lon"].to_numpy(float), open_ones["lat"].to_numpy(float), epsg))
    start = _start(upstream["villages"], villages, every, epsg, sampling)
    lines = every.take(start.network)
    graph = road_graph(lines, np.vstack([start.xy, xy]), join_m=sampling.join_m, walk_m=sampling.walk_m)
    points = along_roads(graph, sampling.road_point_m)
    believed = believe(upstream, settings, predicted, row=row[chosen], column=column[chosen], road_x_m=points.x_m, road_y_m=points.y_m)
    return Prepared(open_ones, predicted, believed, Roadwork(graph, points, sampling), lines, every, start, xy, int((undecided & ~chosen).sum()))


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
    given, sampling = prepare(work.upstream, settings), settings.sampling
    if isinstance(given, tuple):
        return {"planned": False, "why": given[0], "undecided": given[1]}
    open_ones, predicted, believed, on_roads, start = given.villages, given.predicted, given.believed, given.roads, given.start
    graph, lines, epsg = on_roads.graph, given.lines, predicted.coverage.grid.epsg
    work.progress(1, sampling.days + 2)
    hangs = hanging_vnd(*(load_frame(work.upstream["proposals"], name) for name in ("sites_planned", "sites_planned_gains")))
    money: _F64 | None = None if hangs is None else np.array([hangs.get(str(v), 0.0) for v in open_ones["village_id"]], dtype=np.float64)
    trips = plan_trips(
        believed.beliefs, on_roads, sampling, on_day=lambda done: work.progress(1 + done, sampling.days + 2), weight=None if money is None else plan_weights(money, sampling.plan_weight)
    )  # fmt: skip
    left = _left(graph, on_roads, believed, trips, given.every, given.xy)
    record: dict[str, Any] = {
        "planned": bool(trips), "undecided": len(open_ones) + given.unplaced, "left": {"unplaced": given.unplaced, **left}, "measured": believed.measured,
        "start": {"given": bool(sampling.start), "found_in": start.found_in, "away_m": round(start.away_m, 1)},
        "plan": None if hangs is None else _hanging(hangs, open_ones, trips, sampling.plan_weight),
    }  # fmt: skip
    if not trips:
        return {**record, "why": "nothing_reached", "walk_m": sampling.walk_m}
    tests = _tests(work, settings, predicted, open_ones, believed)
    words, spoken = phrases(_WORDS), _spoken(project)

    told: list[Bilingual] = []  # what the table says in one language, for the map in both

    def say(layer: int, needed: int) -> str:
        operator, technology = believed.layers[layer]
        told.append(words.say(
            "row", "village", operator=operator, technology=technology, tests=needed, positions=sampling.positions_per_stop,
            apart=number_text(measured_settings().spot_m),
        ))  # fmt: skip
        return told[-1].text(spoken)

    road_of = list(zip(map(str, lines.road_id), map(str, lines.name), strict=True))
    stops = planned_stops(trips, believed.beliefs, on_roads, layers=believed.layers, tests=tests, road_of=road_of, say=say)
    units = load_frame(work.upstream["inputs"], "units")
    names = dict(zip(units["commune_code"].astype(str), units["commune_name"].astype(str), strict=True))
    areas, area_change = _areas(work, settings, predicted, believed, on_roads, trips, lines, spoken, names, told)
    table = planned_table(stops, open_ones, names, areas, plan_cost_vnd=money)
    write_frame(work.folder / "measurements_planned.parquet", table)
    write_sentences(work.folder, "measurements_planned", "instruction", told)
    lon, lat = to_wgs84(np.array([start.xy[0]]), np.array([start.xy[1]]), epsg)
    sheets = Sheets(project, sampling, believed, graph, open_ones, names, epsg, (float(lon[0]), float(lat[0])), made_up=made_up)
    sheets.write(work.public / SAMPLING_FOLDER, trips, stops)
    write_frame(work.folder / f"{ROUTES}.parquet", sheets.routes(trips))
    km = [sum(s.leg.km for s in trip.stops) + trip.back.km for trip in trips]
    return {
        **record,
        "walk_m": sampling.walk_m,
        "start": {**record["start"], "lon": round(float(lon[0]), 6), "lat": round(float(lat[0]), 6)},
        "days": len(trips),
        "days_asked": sampling.days,
        "least_change": sampling.least_change,
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


def hanging_vnd(planned: pd.DataFrame | None, gains: pd.DataFrame | None) -> dict[str, float] | None:
    """Return the money of proposed sites that hangs on the verdict on each undecided village that they are to serve first; None where nothing is proposed.

    A site's cost is shared alike by all villages that it serves first: the part of those that are surely unserved hangs on nothing.

    Parameters
    ----------
    planned, gains : DataFrame or None
        :func:`geo.pipeline.proposal_tables.sites_planned`.

    Returns
    -------
    dict of str to float or None
        By ``village_id``, in đồng.
    """
    if planned is None or gains is None:
        return None
    cost = dict(zip(planned["rank"].astype(int), planned["cost_vnd"].astype(float), strict=True))
    out: dict[str, float] = {}
    for rank, all_, open_ in gains[["rank", "village_ids_gained", "village_ids_uncertain"]].itertuples(index=False):
        among = [v for v in str(all_).split("; ") if v]
        for village in (v for v in str(open_).split("; ") if v):
            out[village] = out.get(village, 0.0) + cost[int(rank)] / len(among)
    return out


def plan_weights(money_vnd: _F64, plan_weight: float) -> _F64:
    """Return as how many villages each undecided village counts: 1, and ``plan_weight`` more for the mean money of those on which any hangs.

    Parameters
    ----------
    money_vnd : (villages,) float64 array
        :func:`hanging_vnd`; 0 none.
    plan_weight : float
    """
    some = money_vnd[money_vnd > 0]
    return np.ones(len(money_vnd)) if not some.size else np.asarray(1.0 + plan_weight * money_vnd / some.mean(), dtype=np.float64)


def _hanging(hangs: Mapping[str, float], villages: pd.DataFrame, trips: Sequence[Trip], weight: float) -> dict[str, Any]:
    """Return how many villages money hangs on, and on how many of them the trips stop."""
    visited = set(villages["village_id"].astype(str).iloc[[s.village for t in trips for s in t.stops]])
    return {
        "weight": weight, "villages": len(hangs), "vnd": round(sum(hangs.values())), "visited": len(visited & set(hangs)),
        "visited_vnd": round(sum(v for k, v in hangs.items() if k in visited)),
    }  # fmt: skip


def sampling_lines(record: Mapping[str, Any]) -> list[Bilingual]:
    """Return what the stage's record says, in sentences."""
    said, n = phrases(_WORDS), number_text
    if ("undecided" in record and "left" not in record) or record.get("why") in {"no_villages", "nothing_undecided", "no_roads"}:
        return [said.say("said", record["why"], n=n(record["undecided"]))]
    left = {name: n(record["left"][name]) for name in ("unplaced", "far", "apart", "long", "closed", "other")}
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
        if record["days"] < record["days_asked"]:
            out.insert(1, said.say("said", "fewer_days", asked=n(record["days_asked"]), days=n(record["days"]), least=short_number_text(record["least_change"], 3)))
        if record["areas"]["rows"]:
            out.append(said.say("said", "areas", change=n(record["areas"]["expected_change"], 1), n=n(record["areas"]["rows"])))
    if record["plan"] is not None and record["plan"]["villages"]:
        named = record["plan"]
        figures = {name: n(named[name]) for name in ("villages", "vnd", "visited", "visited_vnd")}
        out.append(said.say("said", "plan_weighed" if named["weight"] else "plan_not_weighed", **figures, left=n(named["villages"] - named["visited"]), weight=short_number_text(named["weight"], 2)))
    start = record["start"]
    if not start["given"]:
        out.append(said.say("said", "start_found", name=start["found_in"]) if start["found_in"] else said.say("said", "start_found_in_the_middle"))
    elif start["away_m"] > record["walk_m"]:
        out.append(said.say("said", "start_far", km=n(start["away_m"] / 1000.0, 1)))
    if not record["measured"]:
        out.append(said.say("said", "not_measured"))
    return out


def _spoken(project: Project) -> Literal["vi", "en"]:
    return "en" if project.language == "en" else "vi"


def _lines(roads: gpd.GeoDataFrame, epsg: int, settings: SamplingSettings) -> RoadLines:
    shapes = projected(roads, epsg)
    speed = roads["road_class"].astype(str).map(settings.speed_kmh).fillna(settings.speed_kmh["other"]).to_numpy(dtype=np.float64)
    kept = np.isfinite(shapely.length(shapes)) & (shapely.length(shapes) > 0)
    return RoadLines(shapes[kept], speed[kept], roads["road_id"].to_numpy(dtype=object)[kept], roads["road_name"].to_numpy(dtype=object)[kept])


def _start(folder: Path, villages: pd.DataFrame, lines: RoadLines, epsg: int, settings: SamplingSettings) -> _Start:
    """Return the start on the nearest road: the project's, else the middle of the villages of the commune with the most people."""
    name = ""
    if settings.start:
        lon, lat = settings.start
    else:
        communes = load_frame(folder, "communes")
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
    commune_names: Mapping[str, str],
    told: list[Bilingual],
) -> tuple[pd.DataFrame, float]:
    """Return rows for the communes and roads that the drive may decide, and how many of them are expected to be decided; ``told`` gets their instructions."""
    asked = open_areas(load_frame(work.upstream["standards"], "standards"), settings.evidence.error_share)
    asked = asked[asked["technology"].isin(list(settings.sampling.drive_technologies))]
    # A verdict may be of any network that somebody reports on; a phone is sent out for the project's alone.
    asked = asked[asked["operator"].isin({operator for operator, _ in predicted.coverage.layers})].reset_index(drop=True)
    driven = _driven(work, settings, predicted, roads, trips, lines)
    words, rows, total = phrases(_WORDS), [], 0.0
    for one in asked.to_dict("records"):
        found = driven.get((str(one["area_level"]), str(one["area_code"])))
        if found is None:
            continue
        chance = area_chance({str(k): v for k, v in one.items()}, found.squares, settings.evidence.error_share)
        needed = int(np.ceil(float(one["samples_needed"])))
        told.append(words.say(
            "row", str(one["area_level"]), operator=str(one["operator"]), technology=str(one["technology"]), tests=number_text(needed),
            squares=number_text(found.squares), side=number_text(settings.service.piece_m),
        ))  # fmt: skip
        instruction = told[-1].text(spoken)
        road = str(one["area_code"]) if one["area_level"] == "road" else ""
        rows.append((pd.NA, found.day, str(one["area_code"]), "", road, found.lon, found.lat, str(one["operator"]), str(one["technology"]), needed, chance, np.nan, instruction, "", "" if road else commune_names.get(str(one["area_code"]), ""), np.nan))
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
