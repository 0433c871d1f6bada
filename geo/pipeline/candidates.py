"""The stage that looks for places of further sites and finds what each would serve. It knows nothing of money to spend or years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.features import rasterize
from scipy.sparse import csc_array

from geo.areas import AreaIndex
from geo.compute import Piece, run_pieces
from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual
from geo.grid import Grid
from geo.io.norms import Norms
from geo.io.polygons import projected
from geo.io.rasters import read_array, write_array
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_arrays, write_arrays, write_frame, write_issues
from geo.pipeline.areas import people_of_plans
from geo.pipeline.calibrating import load_corrections
from geo.pipeline.engine import Stage, Workspace
from geo.pipeline.planning import AFTER, COVER_CODES
from geo.pipeline.predicting import load_coverage, load_radio
from geo.pipeline.reading import files_of, load_antennas, load_frame, load_norms
from geo.pipeline.settings import AnalysisSettings
from geo.planning.candidates import (
    PLACE_COLUMNS,
    far_enough,
    mast_places,
    new_places,
    options_of,
    registered_places,
    unknown_roofs,
)
from geo.planning.checks import allowed_classes, area_of
from geo.planning.cover import COLUMN_NAMES, cover_tasks, read_cover, write_cover
from geo.planning.demand import Demand, cell_worth, demand_of, left_unknown, steps_of
from geo.planning.gains import Service
from geo.planning.ground_search import (
    People,
    Sight,
    distance_m,
    gathered,
    highest_of_blocks,
    most_seeing,
    prominence_m,
    slope_deg,
)
from geo.planning.structures import standing_masts
from geo.project import Project
from geo.propagation.ground import GroundModel
from geo.report.phrases import joined, phrases
from geo.validation import IssueLog, Source
from geo.villages.points import village_points

__all__ = ["Found", "candidate_stage", "load_candidates", "operators_of", "write_candidates"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_BOOL = npt.NDArray[np.bool_]

_UPSTREAM = (
    "inputs/units.parquet", "inputs/sites.parquet", "inputs/masts.parquet", "inputs/operator_plans.parquet", "inputs/roads.parquet",
    "inputs/power_lines.parquet", "inputs/public_land.parquet", "inputs/restricted_areas.parquet", "inputs/norms.json", "calibration", "coverage",
    "villages", f"planning/{AFTER}", f"planning/{COVER_CODES}",
)  # fmt: skip
_ARRAYS = ("row", "column", "people", "serving", "without_4g", "village_cell", "facility_cell", "unknown")


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the stage leaves.

    Attributes
    ----------
    places : DataFrame
        Columns :data:`geo.planning.candidates.PLACE_COLUMNS`.
    demand : Demand
    matrix : (cells, columns) csc_array of bool
    columns : DataFrame
        What the matrix's columns are of.
    """

    places: pd.DataFrame
    demand: Demand
    matrix: csc_array
    columns: pd.DataFrame


def candidate_stage(project: Project, settings: AnalysisSettings, title: Bilingual, run: Callable[[Workspace], Mapping[str, Any]]) -> Stage:
    """Return the stage with everything that its result depends on; budget, years and time to look are not of it."""
    return Stage(
        "candidates",
        title,
        run,
        files=files_of(project, ("terrain", "land_cover", "antenna_patterns")),
        settings={
            "asked": settings.objective.asked,
            "coverage": settings.coverage,
            "ground": settings.ground,
            "candidates": settings.candidates,
            "weights": settings.objective.worth,
            "mast_rules": settings.mast_rules,
            "at_mast_m": settings.plan.at_mast_m,
            "first_year": settings.objective.years[:1],
            "operators_per_mast": settings.plan.operators_per_mast,
            "operators": project.operators,
            "date": project.date,
            "same_mast_m": project.settings.same_mast_m,
            "terrain": list(project.inputs.get("terrain", ())),
            "land_cover": list(project.inputs.get("land_cover", ())),
            "antenna_patterns": list(project.inputs.get("antenna_patterns", ())),
        },
        upstream=_UPSTREAM,
    )


def load_candidates(folder: Path, operators: Sequence[str]) -> Found:
    """Return what :func:`write_candidates` left; ``operators`` as its record has them."""
    arrays = read_arrays(folder / "demand.npz")
    demand = Demand(tuple(operators), *(arrays[name] for name in _ARRAYS))
    indptr, indices = read_array(folder / "cover_indptr.npy"), read_array(folder / "cover_indices.npy")
    matrix = csc_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=(len(demand.row), len(indptr) - 1))
    return Found(load_frame(folder, "places"), demand, matrix, load_frame(folder, "cover_columns"))


def write_candidates(
    work: Workspace, project: Project, settings: AnalysisSettings, *, sites: pd.DataFrame, ground: GroundModel | None
) -> Mapping[str, Any]:
    """Look for places and compute what they cover; return the counts. Nothing but that where no budget is given.

    Parameters
    ----------
    work : Workspace
    project : Project
    settings : AnalysisSettings
    sites : DataFrame
        The canonical table.
    ground : GroundModel or None
        As the run predicted over it.
    """
    log = IssueLog(issue_catalogue())
    inputs, areas = work.upstream["inputs"], work.upstream["villages"]
    norms, people = load_norms(inputs), people_of_plans(areas, work.upstream["coverage"])
    technologies = [t for t in settings.candidates.proposed_technologies if t in settings.coverage.counting and t in settings.coverage.levels_dbm]
    predicted = load_coverage(work.upstream["coverage"])
    operators = operators_of(project, predicted.coverage.layers)
    # Of an operator without a list nobody knows what it lacks: nothing is proposed to it, and it is said.
    without = [o for o in operators if o in work.records["coverage"].get("operators_without_sites", ())]
    offered = [o for o in operators if o not in without]
    missing = [name for name, lacks in (("norms", norms is None), ("terrain", ground is None), ("people", people is None), ("technology", not technologies), ("sites", not offered)) if lacks]
    if not settings.objective.asked or norms is None or ground is None or people is None or not technologies:
        if settings.objective.asked:
            what = joined(phrases("results/proposals.toml").say("lacks", name) for name in missing)
            log.add("proposals_need", Source("plan"), came=", ".join(missing), fields={"what_vi": what.vi, "what_en": what.en})
        write_issues(work.folder / "issues.json", log)
        return {"asked": settings.objective.asked, "missing": missing if settings.objective.asked else []}
    service = Service(predicted.coverage, settings.coverage)
    service.state = np.array(read_array(work.upstream["planning"] / AFTER), dtype=np.uint8)
    grid = service.grid
    villages, facilities = load_frame(areas, "villages"), load_frame(areas, "facilities")
    near = _array(areas / "cells_of_villages.npy")
    village_cells = _cells_of(villages, predicted.coverage, near)
    demand = demand_of(service, people, operators, villages=village_cells, facilities=_cells_of(facilities, predicted.coverage, None))
    unknown = {**left_unknown(service, people, operators, village_cells), "operators": without}
    steps, to_4g = steps_of(demand, cell_worth(demand, villages, facilities, settings.objective), settings.objective)
    worth = np.zeros(grid.shape)
    worth[demand.row, demand.column] = steps.sum(axis=1) + to_4g
    heights = _heights(ground, grid)
    places, looked_at, unknown["buildings"], ground_left = _places(work, project, settings, offered, sites=sites, heights=heights, inside=np.asarray(predicted.index) >= 0, grid=grid)
    _say_unknown(unknown, log)
    places = _most_promising(places, grid, heights, worth, demand, norms, settings)
    work.progress(1, 10)
    write_array(work.folder / "demand_cells.npy", np.stack([demand.row, demand.column]).astype(np.int32))
    codes = None
    learnt, radio = load_corrections(work.upstream["calibration"]), load_radio(work.upstream["coverage"])
    if learnt is not None and ground.land_cover is not None:
        codes = work.upstream["planning"] / COVER_CODES
        if not codes.is_file():  # no line was computed
            codes = work.folder / COVER_CODES
            write_array(codes, ground.land_cover.to_grid(grid))
    tasks = cover_tasks(
        places, grid=grid, cells=work.folder / "demand_cells.npy", cover_codes=codes, ground=ground, settings=settings.coverage, on=project.date,
        log=IssueLog(log.catalogue), operators=offered, patterns=load_antennas(project), corrections=None if learnt is None else learnt[0],
        radio=None if radio is None else radio[0],
    )  # fmt: skip
    records = run_pieces(work.executor, write_cover, [Piece(t.name, t) for t in tasks], work.pieces, on_done=work.progress)
    matrix, columns = read_cover(records, work.pieces, len(demand.row))
    write_array(work.folder / "cover_indptr.npy", matrix.indptr.astype(np.int64))
    write_array(work.folder / "cover_indices.npy", matrix.indices.astype(np.int32))
    write_arrays(work.folder / "demand.npz", {name: getattr(demand, name) for name in _ARRAYS})
    write_frame(work.folder / "cover_columns.parquet", columns[list(COLUMN_NAMES)])
    write_frame(work.folder / "places.parquet", places)
    write_issues(work.folder / "issues.json", log)
    count = demand.count
    return {
        "asked": True, "missing": [], "operators": list(operators), "unknown": unknown, "places_looked_at": looked_at, "ground_left": ground_left, "places": {str(k): int(n) for k, n in places["kind"].value_counts().sort_index().items()},
        "demand": {
            "cells": len(demand.row), "people": round(float(demand.people.sum()), 3),
            **{f"served_by_{k}": round(float(demand.people[count == k].sum()), 3) for k in range(3)},
            "without_4g": round(float(demand.people[demand.without_4g].sum()), 3), "villages": int((demand.village_cell >= 0).sum()),
        },
        "cover": {"columns": matrix.shape[1], "entries": int(matrix.nnz)},
        "given": {kind: load_frame(inputs, kind) is not None for kind in ("roads", "power_lines", "public_land", "restricted_areas")},
    }  # fmt: skip


def operators_of(project: Project, layers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the operators to propose to: the project's, else those that the coverage was made of."""
    return tuple(project.operators) or tuple(dict.fromkeys(o for o, _ in layers))


def _say_unknown(unknown: Mapping[str, Any], log: IssueLog) -> None:
    if unknown["cells"] or unknown["villages"]:
        log.add("proposals_unknown_left", Source("plan"), fields={k: str(round(unknown[k])) for k in ("cells", "people", "villages")})
    if unknown["buildings"]:
        log.add("proposals_roof_unknown", Source("inputs.public_land"), fields={"n": str(unknown["buildings"])})
    if unknown["operators"]:
        log.add("proposals_without_list", Source("plan"), fields={"operators": ", ".join(unknown["operators"])})


def _array(path: Path) -> Any:
    return read_array(path) if path.is_file() else None


def _cells_of(frame: pd.DataFrame | None, coverage: Any, near: Any) -> tuple[_I64, _I64]:
    if frame is None:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    return village_points(frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float), coverage, near)


def _heights(ground: GroundModel, grid: Grid) -> _F64:
    x, y = np.meshgrid(*grid.centres())
    lon, lat = to_wgs84(x.ravel(), y.ravel(), grid.epsg)
    return np.asarray(ground.ground_height(lon, lat), dtype=np.float64).reshape(grid.shape)


def _places(
    work: Workspace, project: Project, settings: AnalysisSettings, operators: Sequence[str], *, sites: pd.DataFrame, heights: _F64, inside: _BOOL,
    grid: Grid,
) -> tuple[pd.DataFrame, dict[str, int], int, dict[str, int]]:  # fmt: skip
    """Return every place that may be looked at, how many of each kind there were, how many public buildings were left out for want of a height, and what each condition left of new ground."""
    inputs, wanted, rules = work.upstream["inputs"], settings.candidates, settings.mast_rules
    units, restricted, lines = load_frame(inputs, "units"), load_frame(inputs, "restricted_areas"), load_frame(inputs, "operator_plans")
    names = dict(zip(units["commune_code"].astype(str), units["commune_name"].astype(str), strict=True))
    structures = standing_masts(sites, load_frame(inputs, "masts"), same_mast_m=project.settings.same_mast_m)
    own = structures[structures["commune_code"].isin(list(names))].reset_index(drop=True)
    lon, lat = own["lon"].to_numpy(dtype=float), own["lat"].to_numpy(dtype=float)
    masts = mast_places(
        own, sites, lines, area_of(lon, lat, own["commune_code"].tolist(), names, restricted), operators=operators, settings=wanted,
        plan=settings.plan, by_year=settings.objective.years[0],
    )  # fmt: skip
    built = None if lines is None else lines[lines["action"] == "build"]
    taken_lon, taken_lat = (
        np.concatenate([structures[c].to_numpy(dtype=float), np.zeros(0) if built is None else built[c].to_numpy(dtype=float)]) for c in ("lon", "lat")
    )
    located = AreaIndex(units, {}, None)
    parts, roofless = [masts], 0
    if lines is not None:
        of_lines = area_of(lines["lon"].to_numpy(dtype=float), lines["lat"].to_numpy(dtype=float), lines["commune_code"].tolist(), names, restricted)
        parts.append(registered_places(lines, structures, of_lines, operators=operators, settings=wanted, plan=settings.plan, by_year=settings.objective.years[0]))

    def add(kind: str, lon: _F64, lat: _F64, **given: Any) -> None:
        at = located.locate(lon, lat)
        communes = [str(located.codes[k]) if k >= 0 else "" for k in at]
        found = new_places(
            kind, lon, lat, communes, area_of(lon, lat, communes, names, restricted), restricted=restricted, operators=operators, rules=rules,
            settings=wanted, **given,
        )  # fmt: skip
        found = found[found["commune_code"] != ""].reset_index(drop=True)
        parts.append(found[far_enough(found, taken_lon, taken_lat, rules, at_mast_m=settings.plan.at_mast_m)].reset_index(drop=True))

    land = load_frame(inputs, "public_land")
    if land is not None and len(land):
        points = shapely.point_on_surface(land.geometry.to_numpy())
        x, y, roof = shapely.get_x(points), shapely.get_y(points), land["building_height_m"].to_numpy(dtype=float)
        called = [str(n) or str(i) for n, i in zip(land["land_name"], land["land_id"], strict=True)]
        house = (land["land_kind"] == "building").to_numpy(dtype=bool)
        roofless = int((unknown_roofs(roof) & house & (located.locate(x, y) >= 0)).sum())
        for kind, mine in (("public_building", np.flatnonzero(house)), ("public_land", np.flatnonzero(~house))):
            add(kind, x[mine], y[mine], names=[called[k] for k in mine], building_height_m=roof[mine] if kind == "public_building" else None)
    row, column, facts, ground_left = _new_ground(
        heights, inside, grid, settings, roads=load_frame(inputs, "roads"), power=load_frame(inputs, "power_lines"), villages=load_frame(work.upstream["villages"], "villages"),
        restricted=restricted, taken=(taken_lon, taken_lat),
    )  # fmt: skip
    x, y = grid.centres()
    add("new_ground", *to_wgs84(x[column], y[row], grid.epsg), facts=facts)
    places = pd.concat(parts, ignore_index=True)[list(PLACE_COLUMNS)]
    return places, {str(k): int(n) for k, n in places["kind"].value_counts().sort_index().items()}, roofless, ground_left


def _new_ground(
    heights: _F64, inside: _BOOL, grid: Grid, settings: AnalysisSettings, *, roads: gpd.GeoDataFrame | None, power: gpd.GeoDataFrame | None,
    villages: pd.DataFrame | None, restricted: gpd.GeoDataFrame | None, taken: tuple[_F64, _F64],
) -> tuple[_I64, _I64, dict[str, _F64], dict[str, int]]:  # fmt: skip
    """Return the cells of new ground, the most prominent eligible one of each block, with what is known of them, and how many were left after each condition."""
    wanted, size = settings.candidates, grid.cell_size

    def marked(lon: _F64, lat: _F64) -> _BOOL:
        row, column = grid.locate(*from_wgs84(lon, lat, grid.epsg))
        out = np.zeros(grid.shape, dtype=bool)
        out[row[row >= 0], column[row >= 0]] = True
        return out

    left: dict[str, int] = {}
    above = prominence_m(heights, size, wanted.prominence_radius_m)
    with np.errstate(invalid="ignore"):
        eligible = inside & (above >= wanted.least_prominence_m)
        left["prominence"] = int(eligible.sum())
        # A slope that is not known (at the edge of the grid, beside a void) is no reason to build.
        eligible &= slope_deg(heights, size) <= wanted.steepest_deg
    left["slope"] = int(eligible.sum())
    away = np.full(grid.shape, np.nan)
    if roads is not None and len(roads):
        away = distance_m(_burnt(roads, grid), size)
        reached = away <= wanted.road_near_m
        if villages is not None:  # where people live there is a way, drawn or not
            reached |= distance_m(marked(*(villages[c].to_numpy(dtype=float) for c in ("lon", "lat"))), size) <= wanted.village_near_m
        eligible &= reached
        left["roads"] = int(eligible.sum())
    if power is not None and len(power):
        eligible &= distance_m(_burnt(power, grid), size) <= wanted.power_near_m
        left["power_lines"] = int(eligible.sum())
    shortest = min((r.distance_m for r in settings.mast_rules.spacing), default=0.0)
    eligible &= distance_m(marked(*taken), size) + size > shortest  # a first look; the distances themselves are held against the rules later
    left["spacing"] = int(eligible.sum())
    if restricted is not None and len(restricted):
        row, column = np.nonzero(eligible)
        centre_x, centre_y = grid.centres()
        lon, lat = to_wgs84(centre_x[column], centre_y[row], grid.epsg)
        open_to = allowed_classes(lon, lat, restricted, settings.mast_rules)
        proposable = {wanted.ground_class, wanted.discreet_class}
        eligible[row, column] = [bool(proposable & classes) for classes in open_to]
        left["restricted_areas"] = int(eligible.sum())
    row, column = highest_of_blocks(eligible, np.nan_to_num(above, nan=-np.inf), max(1, round(wanted.ground_block_m / size)))
    return row, column, {"road_m": away[row, column], "prominence_m": above[row, column]}, left


def _burnt(lines: gpd.GeoDataFrame, grid: Grid) -> _BOOL:
    shapes = [s for s in projected(lines, grid.epsg) if s is not None and not s.is_empty]
    if not shapes:
        return np.zeros(grid.shape, dtype=bool)
    return np.asarray(rasterize(shapes, out_shape=grid.shape, transform=grid.transform, all_touched=True, dtype="uint8") > 0)


def _most_promising(
    places: pd.DataFrame, grid: Grid, heights: _F64, worth: _F64, demand: Demand, norms: Norms, settings: AnalysisSettings
) -> pd.DataFrame:
    """Return the places nearest to unserved villages, then those that see most for their price, as many as the setting allows, in their order."""
    table = options_of(places, norms).table
    price = table.groupby("place")["cost_vnd"].min().reindex(range(len(places))).to_numpy(dtype=float)
    x, y = from_wgs84(places["lon"].to_numpy(dtype=float), places["lat"].to_numpy(dtype=float), grid.epsg)
    row, column = grid.locate(x, y)
    known = np.flatnonzero(row >= 0)
    antenna = places["height_m"].fillna(settings.candidates.ground_height_m).to_numpy(dtype=float)
    sight = Sight(
        settings.candidates.sight_radius_m, settings.candidates.sight_half_m, settings.coverage.receiver_height_m, settings.coverage.effective_earth_radius_m
    )
    cells = np.unique(demand.village_cell[demand.village_cell >= 0])
    picked, seen = most_seeing(
        heights, grid.cell_size, row[known], column[known], antenna[known], np.maximum(price[known], 1.0),
        gathered(worth, max(1, round(settings.candidates.ground_block_m / grid.cell_size))), sight, most=settings.candidates.places_most,
        wanted=People(demand.row[cells], demand.column[cells], np.ones(len(cells))), each=settings.candidates.places_per_village,
    )  # fmt: skip
    chosen = places.iloc[known[picked]].assign(seen_worth=seen)
    return chosen.sort_index(kind="stable").reset_index(drop=True)
