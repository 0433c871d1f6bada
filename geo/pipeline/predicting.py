"""The stage that predicts coverage: the grid, tiles that survive an interruption, states, rasters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod

from geo.compute import Piece, run_pieces
from geo.coverage import (
    Coverage,
    CoverageSettings,
    PreparedSources,
    Reason,
    State,
    assemble,
    coverage_states,
    prepare_sources,
    radio_defaults,
    read_tiles,
    state_counts,
    tile_tasks,
    unit_index,
    write_tile,
)
from geo.crs import ProvinceZones, local_utm_epsg
from geo.errors import InputError
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary
from geo.io.files import read_json, write_json
from geo.io.land_cover import LandCover
from geo.io.polygons import projected
from geo.io.rasters import read_array, read_raster, write_array, write_raster
from geo.io.stage_files import write_frame, write_issues
from geo.io.terrain import Terrain
from geo.pipeline.engine import PUBLIC, Workspace
from geo.propagation.ground import GroundModel, GroundSettings, check_ground, state_ground
from geo.text import fold

__all__ = ["Predicted", "layer_names", "load_coverage", "predict_coverage", "run_grid"]

_ARRAYS = ("margin_sd", "reason")


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
) -> Mapping[str, Any]:
    """Predict all layers over the area and write states, levels and rasters; return the counts.

    Parameters
    ----------
    work : Workspace
    frames : mapping
        ``units``, ``sites`` and ``cells`` (empty frames where none were given).
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
            f"Không ô lưới {grid.cell_size:g} m nào nằm trong ranh giới; hãy kiểm tra ranh giới và cell_size_m.",
            f"No cell of {grid.cell_size:g} m lies within the boundaries; check the boundaries and cell_size_m.",
        )
    defaults_used: dict[str, int] = {}
    predicted: dict[str, int] = {}
    without: tuple[str, ...] = ()
    tiles = 0
    clutter: Mapping[str, Any] | None = None
    if terrain is None:
        names = list(operators) or sorted({*frames["sites"]["operator"], *frames["cells"]["operator"]} - {""})
        layers = tuple(sorted((name, technology) for name in names for technology in settings.counting))
        _require_layers(layers)
        coverage = _unknown(grid, inside, layers)
    else:
        check_ground(ground_settings, kind=terrain.kind, land_cover=land_cover is not None)
        ground = GroundModel(terrain, land_cover, ground_settings)
        use = ground.use(_reach(frames["units"], settings.max_radius_m))
        state_ground(ground, use, log)
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
        _require_layers(prepared.layers)
        _store_radio(work.folder, prepared)
        tasks = tile_tasks(grid, inside, prepared, ground, settings)
        tiles = len(tasks)
        pieces = [Piece(task.name, task) for task in tasks]
        run_pieces(work.executor, write_tile, pieces, work.pieces, on_done=work.progress)
        levels = assemble(grid, len(prepared.layers), tasks, read_tiles(tasks, work.pieces))
        coverage = coverage_states(levels, prepared, grid, inside, settings)
        defaults_used = dict(prepared.defaults_used.counts)
        predicted = dict(prepared.defaults_used.cells)
        without = tuple(sorted(prepared.without_sites))
    _store(work, coverage, index, settings)
    write_issues(work.folder / "issues.json", log)
    return {
        "grid": asdict(grid),
        "cells_inside": int(inside.sum()),
        "layers": [list(layer) for layer in coverage.layers],
        "tiles": tiles,
        "radio_cells": predicted,
        "operators_without_sites": list(without),
        "defaults_used": defaults_used,
        "clutter": clutter,
        "states": {
            "all": state_counts(coverage.all_state(settings.counting)[inside]),
            **{
                name: state_counts(coverage.state[i][inside])
                for i, name in enumerate(layer_names(coverage.layers))
            },
        },
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
            "Không biết nhà mạng nào: hãy ghi operators trong tệp dự án hoặc đưa danh sách trạm.",
            "No operator is known: name operators in the project file or give a list of sites.",
        )


def _unknown(grid: Grid, inside: npt.NDArray[np.bool_], layers: tuple[tuple[str, str], ...]) -> Coverage:
    """Return coverage of which nothing is known, for want of terrain."""
    shape = (len(layers), *grid.shape)
    empty = np.full(shape, np.nan, dtype=np.float32)
    state = np.broadcast_to(np.where(inside, State.UNKNOWN, State.OUTSIDE), shape).astype(np.uint8)
    reason = np.broadcast_to(np.where(inside, Reason.TERRAIN, Reason.NONE), shape).astype(np.uint8)
    return Coverage(grid, layers, empty, empty.copy(), empty.copy(), state, reason)


def _store_radio(folder: Path, prepared: PreparedSources) -> None:
    """Write the radio cells predicted and the tables of their antennas' patterns (see RadioSources)."""
    write_frame(folder / "radio_cells.parquet", prepared.table)
    for name in ("horizontal_loss_db", "vertical_loss_db", "pattern_cap_db"):
        write_array(folder / f"{name}.npy", getattr(prepared.sources, name))


def _store(
    work: Workspace, coverage: Coverage, index: npt.NDArray[np.int32], settings: CoverageSettings
) -> None:
    rasters = work.public / "rasters"
    for i, name in enumerate(layer_names(coverage.layers)):
        write_raster(rasters / f"{name}_rsrp_dbm.tif", coverage.level_dbm[i], coverage.grid, unit="dBm")
        write_raster(rasters / f"{name}_probability.tif", coverage.probability[i], coverage.grid)
        write_raster(rasters / f"{name}_state.tif", coverage.state[i], coverage.grid)
    write_raster(rasters / "all_state.tif", coverage.all_state(settings.counting), coverage.grid)
    for name in _ARRAYS:
        write_array(work.folder / f"{name}.npy", getattr(coverage, name))
    write_array(work.folder / "index.npy", index)
    write_json(work.folder / "layers.json", [list(layer) for layer in coverage.layers])


def load_coverage(folder: Path) -> Predicted:
    """Return what :func:`predict_coverage` wrote into a stage's folder."""
    layers = tuple(
        (str(operator), str(technology)) for operator, technology in read_json(folder / "layers.json")
    )
    rasters = folder / PUBLIC / "rasters"
    stacks: dict[str, list[npt.NDArray[Any]]] = {"rsrp_dbm": [], "probability": [], "state": []}
    grid: Grid | None = None
    for name in layer_names(layers):
        for kind, stack in stacks.items():
            raster = read_raster(rasters / f"{name}_{kind}.tif")
            grid = raster.grid
            stack.append(raster.values)
    if grid is None:
        raise ValueError("a coverage result without layers")
    coverage = Coverage(
        grid,
        layers,
        np.stack(stacks["rsrp_dbm"]),
        np.stack(stacks["probability"]),
        read_array(folder / "margin_sd.npy"),
        np.stack(stacks["state"]),
        read_array(folder / "reason.npy"),
    )
    return Predicted(coverage, read_array(folder / "index.npy"))
