"""Cutting the grid into pieces of work, predicting one, and putting them together again.

A piece is a tile of the grid with everything that reaches it; pieces do not depend on each other, and
the best server of a cell is decided inside one piece, so the result does not depend on how the grid
is cut or in which order pieces finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.crs import to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.rasters import read_array, write_array
from geo.propagation.area import AreaLevels, RadioSources, predict_area
from geo.propagation.entry import USES
from geo.propagation.ground import GroundModel
from geo.propagation.settings import CoverageSettings
from geo.propagation.sources import PreparedSources

__all__ = ["TileTask", "assemble", "predict", "predict_tile", "read_tiles", "tile_tasks", "write_tile"]

#: Points along each side of a piece by which its extent in degrees is found.
_EDGE = 17


@dataclass(frozen=True, slots=True)
class TileTask:
    """One tile of the grid and what reaches it; picklable.

    Attributes
    ----------
    name : str
        File-name safe, unique within the run: ``r00128_c00000``.
    grid : Grid
        Of the tile.
    row, column : int
        Where the tile's first cell lies in the whole grid.
    inside : (rows, columns) bool array
        Cells to predict.
    sources : RadioSources
        Radio cells in reach.
    layers : int
        Number of layers.
    ground : GroundModel
    settings : CoverageSettings
    """

    name: str
    grid: Grid
    row: int
    column: int
    inside: npt.NDArray[np.bool_]
    sources: RadioSources
    layers: int
    ground: GroundModel
    settings: CoverageSettings


def tile_tasks(
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    prepared: PreparedSources,
    ground: GroundModel,
    settings: CoverageSettings,
) -> list[TileTask]:
    """Return one task per tile that holds any cell to predict.

    Parameters
    ----------
    grid : Grid
        In metres.
    inside : (rows, columns) bool array
        Cells of the area.
    prepared : PreparedSources
    ground : GroundModel
    settings : CoverageSettings
    """
    if inside.shape != grid.shape:
        raise GridMismatchError(
            f"Mặt nạ {inside.shape} không khớp lưới {grid.shape}.", f"Mask {inside.shape} does not fit grid {grid.shape}."
        )
    tasks = []
    for rows, columns in grid.blocks(settings.tile_cells):
        part = np.ascontiguousarray(inside[rows, columns])
        if not part.any():
            continue
        window = grid.window(rows, columns)
        tasks.append(
            TileTask(
                name=f"r{rows.start:05d}_c{columns.start:05d}",
                grid=window,
                row=rows.start,
                column=columns.start,
                inside=part,
                sources=prepared.sources.near(window.bounds, settings.max_radius_m),
                layers=len(prepared.layers),
                ground=ground,
                settings=settings,
            )
        )
    return tasks


def predict_tile(task: TileTask) -> AreaLevels:
    """Return the best server's level and margins over a tile (a pure function of the task and the files of its ground)."""
    left, bottom, right, top = task.grid.bounds
    # Neighbouring rays and samples lie up to a spacing beyond the cells whose values they make.
    beyond = 2.0 * (task.settings.ray_spacing_m + task.settings.profile_step_m)
    across = np.linspace(left - beyond, right + beyond, _EDGE)
    along = np.linspace(bottom - beyond, top + beyond, _EDGE)
    x = np.concatenate([across, across, np.full(_EDGE, left - beyond), np.full(_EDGE, right + beyond)])
    y = np.concatenate([np.full(_EDGE, bottom - beyond), np.full(_EDGE, top + beyond), along, along])
    lon, lat = to_wgs84(x, y, task.grid.epsg)
    every_lon = np.concatenate([lon, task.sources.group_lon])
    every_lat = np.concatenate([lat, task.sources.group_lat])
    window, ground = task.ground.read_window(
        (float(every_lon.min()), float(every_lat.min()), float(every_lon.max()), float(every_lat.max()))
    )
    return predict_area(
        window=window,
        ground=ground,
        grid=task.grid,
        inside=task.inside,
        sources=task.sources,
        layers=task.layers,
        settings=task.settings,
    )


def write_tile(task: TileTask, folder: Path) -> dict[str, Any]:
    """Predict a tile, write it into ``folder`` and return a small record (for ``compute.run_pieces``)."""
    levels = predict_tile(task)
    floats = [levels.level_dbm, levels.second_dbm, *levels.margin_sd, *levels.bound_sd]
    write_array(folder / f"{task.name}.npy", np.stack(floats))
    write_array(folder / f"{task.name}_server.npy", levels.server)
    return {
        "name": task.name,
        "row": task.row,
        "column": task.column,
        "cells": int(task.inside.sum()),
        "sites": task.sources.groups,
    }


def read_tiles(tasks: Sequence[TileTask], folder: Path) -> list[AreaLevels]:
    """Return the tiles that :func:`write_tile` wrote."""
    return [_read_tile(folder, task.name) for task in tasks]


def _read_tile(folder: Path, name: str) -> AreaLevels:
    level, second, *rest = read_array(folder / f"{name}.npy")
    uses = len(USES)
    margin, bound = np.stack(rest[:uses]), np.stack(rest[uses:])
    return AreaLevels(level, margin, bound, second, read_array(folder / f"{name}_server.npy"))


def assemble(
    grid: Grid, layers: int, tasks: Sequence[TileTask], levels: Sequence[AreaLevels]
) -> AreaLevels:
    """Return the whole grid's levels from its tiles; -inf where no tile was predicted.

    Raises
    ------
    GridMismatchError
        If a tile does not fit.
    """
    whole = AreaLevels.empty(layers, grid.shape)
    for task, part in zip(tasks, levels, strict=True):
        target = (
            ...,
            slice(task.row, task.row + task.grid.rows),
            slice(task.column, task.column + task.grid.columns),
        )
        if part.level_dbm.shape != (layers, *task.grid.shape):
            raise GridMismatchError(
                f"Mảnh {task.name} không khớp lưới.", f"Piece {task.name} does not fit the grid."
            )
        for field in fields(AreaLevels):
            getattr(whole, field.name)[target] = getattr(part, field.name)
    return whole


def predict(
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    prepared: PreparedSources,
    ground: GroundModel,
    settings: CoverageSettings,
) -> AreaLevels:
    """Predict all tiles one after the other in this process."""
    tasks = tile_tasks(grid, inside, prepared, ground, settings)
    return assemble(grid, len(prepared.layers), tasks, [predict_tile(task) for task in tasks])
