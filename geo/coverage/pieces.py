"""Cutting the grid into pieces of work, predicting one, and putting them together again.

A piece is a tile of the grid with everything that reaches it; pieces do not depend on each other, and
the best server of a cell is decided inside one piece, so the result does not depend on how the grid
is cut or in which order pieces finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.crs import to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.rasters import read_array, write_array
from geo.io.terrain import Terrain, TerrainWindow
from geo.propagation.area import AreaLevels, RadioSources, predict_area
from geo.propagation.settings import CoverageSettings
from geo.propagation.sources import PreparedSources

__all__ = ["TileTask", "assemble", "predict", "predict_tile", "read_tiles", "tile_tasks", "write_tile"]


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
    terrain : Terrain
    settings : CoverageSettings
    """

    name: str
    grid: Grid
    row: int
    column: int
    inside: npt.NDArray[np.bool_]
    sources: RadioSources
    layers: int
    terrain: Terrain
    settings: CoverageSettings


def tile_tasks(
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    prepared: PreparedSources,
    terrain: Terrain,
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
    terrain : Terrain
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
                terrain=terrain,
                settings=settings,
            )
        )
    return tasks


def predict_tile(task: TileTask) -> AreaLevels:
    """Return the best server's level and margins over a tile (a pure function of the task and the terrain)."""
    x, y = task.grid.centres()
    all_x, all_y = np.meshgrid(x, y)
    lon, lat = to_wgs84(all_x.ravel(), all_y.ravel(), task.grid.epsg)
    lon, lat = lon.reshape(task.grid.shape), lat.reshape(task.grid.shape)
    every_lon = np.concatenate([lon.ravel(), task.sources.group_lon])
    every_lat = np.concatenate([lat.ravel(), task.sources.group_lat])
    window: TerrainWindow = task.terrain.read_window(
        (float(every_lon.min()), float(every_lat.min()), float(every_lon.max()), float(every_lat.max()))
    )
    cell_row, cell_column = window.to_lattice(lon, lat)
    group_row, group_column = window.to_lattice(task.sources.group_lon, task.sources.group_lat)
    return predict_area(
        heights=window.heights,
        cell_row=cell_row,
        cell_column=cell_column,
        group_row=group_row,
        group_column=group_column,
        x_m=x,
        y_m=y,
        inside=task.inside,
        sources=task.sources,
        layers=task.layers,
        settings=task.settings,
    )


def write_tile(task: TileTask, folder: Path) -> dict[str, Any]:
    """Predict a tile, write it into ``folder`` and return a small record (for ``compute.run_pieces``)."""
    levels = predict_tile(task)
    write_array(folder / f"{task.name}.npy", np.stack([levels.level_dbm, levels.margin_sd, levels.bound_sd]))
    return {
        "name": task.name,
        "row": task.row,
        "column": task.column,
        "cells": int(task.inside.sum()),
        "sites": task.sources.groups,
    }


def read_tiles(tasks: Sequence[TileTask], folder: Path) -> list[AreaLevels]:
    """Return the tiles that :func:`write_tile` wrote."""
    return [AreaLevels(*read_array(folder / f"{task.name}.npy")) for task in tasks]


def assemble(
    grid: Grid, layers: int, tasks: Sequence[TileTask], levels: Sequence[AreaLevels]
) -> AreaLevels:
    """Return the whole grid's levels from its tiles; -inf where no tile was predicted.

    Raises
    ------
    GridMismatchError
        If a tile does not fit.
    """
    shape = (layers, *grid.shape)
    whole = AreaLevels(*(np.full(shape, -np.inf, dtype=np.float32) for _ in range(3)))
    for task, part in zip(tasks, levels, strict=True):
        target = (
            slice(None),
            slice(task.row, task.row + task.grid.rows),
            slice(task.column, task.column + task.grid.columns),
        )
        if part.level_dbm.shape != (layers, *task.grid.shape):
            raise GridMismatchError(
                f"Mảnh {task.name} không khớp lưới.", f"Piece {task.name} does not fit the grid."
            )
        whole.level_dbm[target] = part.level_dbm
        whole.margin_sd[target] = part.margin_sd
        whole.bound_sd[target] = part.bound_sd
    return whole


def predict(
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    prepared: PreparedSources,
    terrain: Terrain,
    settings: CoverageSettings,
) -> AreaLevels:
    """Predict all tiles one after the other in this process."""
    tasks = tile_tasks(grid, inside, prepared, terrain, settings)
    return assemble(grid, len(prepared.layers), tasks, [predict_tile(task) for task in tasks])
