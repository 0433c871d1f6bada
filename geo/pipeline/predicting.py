"""The stage that predicts coverage: the grid, tiles that survive an interruption, states, rasters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Geod

from geo.compute import Piece, SerialExecutor, run_pieces
from geo.coverage import (
    Coverage,
    CoverageSettings,
    LayerFacts,
    LayerTask,
    PreparedSources,
    Tiles,
    TileTask,
    combined_chance,
    mean_chance,
    moved_masts,
    prepare_sources,
    radio_defaults,
    tile_tasks,
    unit_index,
    unplaced_kinds,
    unplaced_within,
    write_layer,
    write_levels,
    write_moved,
    write_stacks,
    write_tile,
)
from geo.coverage.gathering import STACKS
from geo.coverage.point import PATTERN_TABLES, PatternTables
from geo.crs import ProvinceZones, local_utm_epsg
from geo.errors import InputError
from geo.fusion import FusionSettings
from geo.fusion.tiles import (
    FieldTask,
    FusedTask,
    JoinTask,
    ScaleTask,
    keep_fields,
    write_field,
    write_fused,
    write_joined,
    write_scales,
)
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary
from geo.io.files import read_json, write_bytes, write_json
from geo.io.land_cover import LandCover
from geo.io.polygons import projected
from geo.io.rasters import read_array, write_array
from geo.io.stage_files import read_frame, write_frame, write_issues
from geo.io.terrain import Terrain
from geo.numbers import vietnamese
from geo.pipeline.engine import Workspace
from geo.propagation.corrections import Corrections
from geo.propagation.entry import USES
from geo.propagation.ground import GroundModel, GroundSettings, check_ground, state_ground
from geo.report.tables import arrange, csv_bytes, result_table
from geo.text import fold

__all__ = ["Fusing", "Predicted", "layer_names", "load_coverage", "load_radio", "predict_coverage", "run_grid"]


def layer_names(layers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return a file-name and column-name safe name per layer: ``("Mạng A", "4G")`` gives ``mang_a_4g``.

    Operators whose names fold to the same text are numbered.
    """
    operators = list(dict.fromkeys(operator for operator, _ in layers))
    names: dict[str, str] = {}
    for operator in operators:
        base = fold(operator).replace(" ", "_") or "operator"
        name, number = base, 1
        while name in names.values():
            number += 1
            name = f"{base}_{number}"
        names[operator] = name
    return tuple(f"{names[operator]}_{technology.lower()}" for operator, technology in layers)


def run_grid(units: gpd.GeoDataFrame, cell_size_m: float, zones: Mapping[str, ProvinceZones]) -> Grid:
    """Return the grid of a run: the province's VN-2000 TM-3 zone, else the local UTM zone.

    Parameters
    ----------
    units : GeoDataFrame
        Communes of the area, EPSG:4326.
    cell_size_m : float
    zones : mapping
        Province code to its zones; used when the area is one province that has an entry.
    """
    codes = sorted(set(units["province_code"]))
    if len(codes) == 1 and codes[0] in zones:
        epsg = zones[codes[0]].current_epsg
    else:
        west, south, east, north = (float(v) for v in units.total_bounds)
        epsg = local_utm_epsg((west + east) / 2, (south + north) / 2)
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(projected(units, epsg)))
    return Grid.covering((left, bottom, right, top), cell_size=cell_size_m, epsg=epsg)


@dataclass(frozen=True, slots=True)
class Fusing:
    """What the stage is given of measurements.

    Attributes
    ----------
    corrections : Corrections
    measured : Path
        Places of all layers, see :func:`geo.fusion.tiles.write_field`.
    settings : FusionSettings
    """

    corrections: Corrections
    measured: Path
    settings: FusionSettings


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the stage left behind.

    Attributes
    ----------
    coverage : Coverage
    index : (rows, columns) int32 array
        Position of each cell's commune in the units, -1 outside.
    """

    coverage: Coverage
    index: npt.NDArray[np.int32]


def predict_coverage(
    work: Workspace,
    *,
    frames: Mapping[str, Any],
    terrain: Terrain | None,
    land_cover: LandCover | None,
    antennas: AntennaLibrary | None,
    grid: Grid,
    operators: Sequence[str],
    settings: CoverageSettings,
    ground_settings: GroundSettings,
    on: Any,
    log: Any,
    fusing: Fusing | None = None,
) -> Mapping[str, Any]:
    """Predict all layers over the area and write states, levels and rasters; return the counts.

    Parameters
    ----------
    work : Workspace
    frames : mapping
        ``units``, ``sites`` and ``cells`` (empty frames where none were given), ``unplaced`` (may be None).
    terrain : Terrain or None
        Without it every state is unknown.
    land_cover : LandCover or None
    antennas : AntennaLibrary or None
    grid : Grid
    operators : sequence of str
    settings : CoverageSettings
    ground_settings : GroundSettings
    on : date
    log : IssueLog
        Receives findings of this stage.
    fusing : Fusing, optional
        What was learnt from measurements; without it the prediction stands alone.

    Raises
    ------
    InputError
        If no operator is known at all.
    ProjectFileError
        If clutter would count twice.
    """
    index = unit_index(frames["units"], grid)
    inside = index >= 0
    if not inside.any():
        raise InputError(
            f"Không ô lưới {vietnamese(grid.cell_size)} m nào nằm trong ranh giới; hãy kiểm tra ranh giới và cell_size_m.",
            f"No cell of {grid.cell_size:g} m lies within the boundaries; check the boundaries and cell_size_m.",
        )
    defaults_used: dict[str, int] = {}
    predicted: dict[str, int] = {}
    without: tuple[str, ...] = ()
    clutter: Mapping[str, Any] | None = None
    ground: GroundModel | None = None
    prepared: PreparedSources | None = None
    if terrain is None:
        names = list(operators) or sorted({*frames["sites"]["operator"], *frames["cells"]["operator"]} - {""})
        facts = LayerFacts(tuple(sorted((name, technology) for name in names for technology in settings.counting)))
    else:
        check_ground(ground_settings, kind=terrain.kind, land_cover=land_cover is not None)
        ground = GroundModel(terrain, land_cover, ground_settings)
        use = ground.use(_reach(frames["units"], settings.max_radius_m))
        state_ground(ground, use, log, cover_at_phone=fusing is not None and bool(fusing.corrections.clutter_shift_db.any()))
        clutter = asdict(use)
        prepared = prepare_sources(
            frames["cells"],
            frames["sites"],
            operators=operators,
            terrain=ground,
            grid=grid,
            settings=settings,
            defaults=radio_defaults(),
            on=on,
            log=log,
            area_type=ground.area_type,
            patterns=antennas,
        )
        facts = LayerFacts.of(prepared)
        defaults_used = dict(prepared.defaults_used.counts)
        predicted = dict(prepared.defaults_used.cells)
        without = tuple(sorted(prepared.without_sites))
    _require_layers(facts.layers)
    if prepared is not None:
        _store_radio(work, prepared)
    tasks = tile_tasks(
        grid, inside, facts if prepared is None else prepared, ground, settings,
        corrections=None if fusing is None or prepared is None else fusing.corrections,
        unplaced=_unplaced(work, frames, facts.layers, prepared, ground, grid, inside, settings, fusing),
    )  # fmt: skip
    write_array(work.folder / "index.npy", index)
    cells = int(inside.sum())
    del index, inside
    plain = layer_names(facts.layers)
    first, total = len(tasks), len(tasks) + len(plain) + 1

    def show(done: int, _tiles: int) -> None:
        work.progress(done, total)

    def show_layers(done: int, _layers: int) -> None:
        work.progress(first + done, total)

    pieces = [Piece(task.name, task) for task in tasks]
    fields: list[Mapping[str, Any]] = []
    if fusing is None or prepared is None:
        done = run_pieces(work.executor, write_tile, pieces, work.pieces, on_done=show)
    else:
        done, fields = _fused(work, tasks, plain, facts.layers, grid, fusing)
    tiles = Tiles.of(grid, tasks, work.pieces)
    del pieces, tasks[:]
    rasters = str(work.public / "rasters")
    fused = fusing is not None and prepared is not None
    layers = [
        LayerTask("all", None, tiles, rasters), *(LayerTask(n, i, tiles, rasters, fused) for i, n in enumerate(plain))
    ]  # fmt: skip
    pieces = [Piece(f"layer_{task.name}", task) for task in layers]
    made = run_pieces(work.executor, write_layer, pieces, work.pieces, on_done=show_layers)
    write_stacks(tiles, len(plain), work.folder, fused=fused)
    write_json(work.folder / "layers.json", {"layers": [list(layer) for layer in facts.layers], "grid": asdict(grid)})
    write_issues(work.folder / "issues.json", log)
    return {
        "grid": asdict(grid),
        "cells_inside": cells,
        "layers": [list(layer) for layer in facts.layers],
        "tiles": len(done),
        "radio_cells": predicted,
        "operators_without_sites": list(without),
        "defaults_used": defaults_used,
        "clutter": clutter,
        "fields": dict(zip(plain, fields, strict=False)),
        "states": {
            "all": _summed(record["all_states"][0] for record in done),
            **{name: _summed(record["states"][i] for record in done) for i, name in enumerate(plain)},
        },
        "states_by_use": {
            use: _summed(record["all_states"][i] for record in done) for i, use in enumerate(USES)
        },
        "uncertainty": {
            name: _uncertainty(i, technology, facts, ground is not None, settings, cells, done, made[i + 1])
            for i, (name, (_, technology)) in enumerate(zip(plain, facts.layers, strict=True))
        },
    }


def _unplaced(
    work: Workspace, frames: Mapping[str, Any], layers: Sequence[tuple[str, str]], prepared: PreparedSources | None, ground: GroundModel | None,
    grid: Grid, inside: npt.NDArray[np.bool_], settings: CoverageSettings, fusing: Fusing | None,
) -> npt.NDArray[np.float32] | None:  # fmt: skip
    """Return the chance that sites without a place serve each cell; None where there are none, or nothing is predicted."""
    kinds = unplaced_kinds(frames.get("unplaced"), layers)
    if not kinds or prepared is None or ground is None:
        return None
    if settings.unplaced_radius_m > 0:
        return unplaced_within(kinds, layers, frames["units"], grid, settings.unplaced_radius_m)
    corrections = None if fusing is None else fusing.corrections
    moved = moved_masts(kinds, prepared, frames["units"], grid, inside, ground, settings, corrections)
    pieces = [Piece(task.name, task) for each in moved if each is not None for task in each.tasks]
    records = {str(r["name"]): r for r in run_pieces(work.executor, write_moved, pieces, work.pieces)}
    return combined_chance(kinds, (mean_chance(each, records, work.pieces, layers, grid) for each in moved), layers, grid)


def _fused(
    work: Workspace, tasks: Sequence[TileTask], names: Sequence[str], layers: tuple[tuple[str, str], ...], grid: Grid, fusing: Fusing
) -> tuple[list[Any], list[Any]]:
    """Predict all tiles, fit each layer's field to the measurements, join those of like technologies, then fuse and decide every tile."""
    total = 2 * len(tasks) + 2 * len(names)
    levels = run_pieces(
        work.executor, write_levels, [Piece(f"{t.name}_levels", t) for t in tasks], work.pieces,
        on_done=lambda done, _: work.progress(done, total),
    )  # fmt: skip
    tiles = Tiles.of(grid, tasks, work.pieces)
    scales = ScaleTask(tiles, layers, str(fusing.measured), fusing.settings)
    run_pieces(SerialExecutor(), write_scales, [Piece("scales", scales)], work.pieces)
    wanted = [
        FieldTask(f"field_{n}", i, tiles, str(fusing.measured), "scales", fusing.settings, fusing.corrections.held_out_growth) for i, n in enumerate(names)
    ]
    fields = run_pieces(
        work.executor, write_field, [Piece(t.name, t) for t in wanted], work.pieces,
        on_done=lambda done, _: work.progress(len(levels) + done, total),
    )  # fmt: skip
    folder, kept = str(work.pieces), tuple(t.name for t in wanted)
    joining = [JoinTask(n, i, layers, kept, tiles, "scales", fusing.settings) for i, n in enumerate(kept)]
    joined = run_pieces(
        work.executor, write_joined, [Piece(f"{t.name}_others", t) for t in joining], work.pieces,
        on_done=lambda done, _: work.progress(len(levels) + len(names) + done, total),
    )  # fmt: skip
    pieces = [
        Piece(t.name, FusedTask(replace(t, ground=None, corrections=None), folder, folder, "scales", kept, fusing.settings, fusing.corrections.common_sd_db))
        for t in tasks
    ]
    done = run_pieces(
        work.executor, write_fused, pieces, work.pieces,
        on_done=lambda ready, _: work.progress(len(levels) + 2 * len(names) + ready, total),
    )  # fmt: skip
    keep_fields(work.pieces, kept, work.folder)
    return done, [{**field, "joined": of["joined"]} for field, of in zip(fields, joined, strict=True)]


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def _uncertainty(
    i: int,
    technology: str,
    facts: LayerFacts,
    with_terrain: bool,
    settings: CoverageSettings,
    cells: int,
    counts: Sequence[Mapping[str, Any]],
    made: Mapping[str, Any],
) -> dict[str, Any]:
    """Return how far a layer hangs on small differences, on missing terrain and on one radio cell.

    Shares are of the area's cells. ``near_threshold_share``: their level lies within ``near_threshold_db`` of the
    planning level. ``path_without_terrain_share``: a radio cell whose path is not all known could be the best
    server. None where nothing can be said: without planning level or site list.
    """
    operator = facts.layers[i][0]
    listed = operator not in facts.without_sites and facts.layers[i] not in facts.unlisted
    can_be_said = listed and technology in settings.levels_dbm
    near = sum(record["near_threshold"][i] for record in counts)
    open_ = sum(record["path_open"][i] for record in counts)
    return {
        "cells": cells,
        "near_threshold_share": round(near / cells, 6) if can_be_said and with_terrain else None,
        "path_without_terrain_share": round(open_ / cells, 6) if can_be_said else None,
        "second_margin_db_median": made["second_margin_db_median"],
        "second_margin_cells": made["second_margin_cells"],
    }


def _reach(units: gpd.GeoDataFrame, reach_m: float) -> tuple[float, float, float, float]:
    """Return the box (EPSG:4326) that paths to the area may cross: the area and the cells' reach around it."""
    west, south, east, north = (float(v) for v in units.total_bounds)
    geod, middle = Geod(ellps="WGS84"), (west + east) / 2
    high = max(abs(south), abs(north))
    wide = geod.fwd(middle, high, 90.0, reach_m)[0] - middle
    return (
        west - wide,
        geod.fwd(middle, south, 180.0, reach_m)[1],
        east + wide,
        geod.fwd(middle, north, 0.0, reach_m)[1],
    )


def _require_layers(layers: Sequence[tuple[str, str]]) -> None:
    if not layers:
        raise InputError(
            "Không biết nhà mạng nào: hãy ghi operators trong tệp dự án hoặc đưa danh sách trạm; nếu chỉ đối chiếu quy định thì chạy check_standards.py.",
            "No operator is known: name operators in the project file or give a list of sites; to hold areas against rules alone run check_standards.py.",
        )


def _store_radio(work: Workspace, prepared: PreparedSources) -> None:
    """Write the radio cells predicted and the tables of their antennas' patterns (see RadioSources)."""
    write_frame(work.folder / "radio_cells.parquet", prepared.table)
    for name in ("horizontal_loss_db", "vertical_loss_db", "pattern_cap_db"):
        write_array(work.folder / f"{name}.npy", getattr(prepared.sources, name))
    named = arrange(prepared.table, result_table("radio_cells"))
    write_bytes(work.public / "rasters" / "radio_cells.csv", csv_bytes(named))


def load_radio(folder: Path) -> tuple[pd.DataFrame, PatternTables] | None:
    """Return the radio cells that a stage's folder holds with their patterns; None where none were predicted."""
    if not (folder / "radio_cells.parquet").is_file():
        return None
    return read_frame(folder / "radio_cells.parquet"), PatternTables(*(read_array(folder / f"{n}.npy") for n in PATTERN_TABLES))


def load_coverage(folder: Path) -> Predicted:
    """Return what :func:`predict_coverage` wrote into a stage's folder; the arrays stay on disk."""
    content = read_json(folder / "layers.json")
    layers = tuple((str(operator), str(technology)) for operator, technology in content["layers"])
    arrays = {name: read_array(folder / f"{name}.npy", mapped=True) for name in (*STACKS, "all_by_use")}
    return Predicted(Coverage(Grid(**content["grid"]), layers, **arrays), read_array(folder / "index.npy", mapped=True))
