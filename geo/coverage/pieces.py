"""Cutting the grid into pieces of work, predicting one, deciding its states, writing it.

A piece is a tile of the grid with everything that reaches it; pieces do not depend on each other, and
the best server of a cell is decided inside one piece, so the result does not depend on how the grid
is cut or in which order pieces finish. :mod:`geo.coverage.gathering` puts the tiles together again, one layer
at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from geo.coverage.ground_classes import ground_classes
from geo.coverage.states import LayerFacts, PieceStates, border_ring, piece_states, state_counts
from geo.crs import to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.rasters import write_array
from geo.propagation.area import AreaLevels, RadioSources, predict_area
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.propagation.settings import CoverageSettings
from geo.propagation.sources import PreparedSources

__all__ = ["TILE_ARRAYS", "TileTask", "assemble", "predict", "predict_tile", "tile_tasks", "write_levels", "write_states", "write_tile"]

#: Arrays of a tile, each in a file of its own: ``<tile>_<name>.npy``.
TILE_ARRAYS = (
    "level_dbm",
    "probability",
    "margin_sd",
    "state",
    "reason",
    "second_margin_db",
    "server",
    "sd_db",
    "all_by_use",
)

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
    ring : (rows, columns) bool array
        The tile's part of :func:`geo.coverage.states.border_ring` of the whole grid.
    sources : RadioSources or None
        Radio cells in reach.
    facts : LayerFacts
    ground : GroundModel or None
        None without terrain: nothing is predicted.
    settings : CoverageSettings
    corrections : Corrections or None
        What measurements taught; with them only levels are predicted here, and states decided after fusion.
    unplaced : (layers, rows, columns) float32 array or None
        The tile's part of :func:`geo.coverage.unplaced.unplaced_chance` of the whole grid.
    cover_codes : (rows, columns) uint8 array or None
        Land cover of the tile's cells (:meth:`geo.io.land_cover.LandCover.to_grid`) where somebody has it already: reading it takes
        longer than the sweep of a single site. None: it is read.
    """

    name: str
    grid: Grid
    row: int
    column: int
    inside: npt.NDArray[np.bool_]
    ring: npt.NDArray[np.bool_]
    sources: RadioSources | None
    facts: LayerFacts
    ground: GroundModel | None
    settings: CoverageSettings
    corrections: Corrections | None = None
    unplaced: npt.NDArray[np.float32] | None = None
    cover_codes: npt.NDArray[np.uint8] | None = None


def tile_tasks(
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    prepared: PreparedSources | LayerFacts,
    ground: GroundModel | None,
    settings: CoverageSettings,
    *,
    border: BaseGeometry | None = None,
    corrections: Corrections | None = None,
    unplaced: npt.NDArray[np.float32] | None = None,
) -> list[TileTask]:
    """Return one task per tile that holds any cell to predict.

    Parameters
    ----------
    grid : Grid
        In metres.
    inside : (rows, columns) bool array
        Cells of the area.
    prepared : PreparedSources or LayerFacts
        Facts alone where there is no terrain.
    ground : GroundModel or None
    settings : CoverageSettings
    border : geometry in the grid's CRS, optional
        See :func:`geo.coverage.states.border_ring`.
    corrections : Corrections, optional
    unplaced : (layers, rows, columns) float32 array, optional
        :func:`geo.coverage.unplaced.unplaced_chance`.
    """
    if inside.shape != grid.shape:
        raise GridMismatchError(
            f"Mặt nạ {inside.shape} không khớp lưới {grid.shape}.", f"Mask {inside.shape} does not fit grid {grid.shape}."
        )
    sources = prepared.sources if isinstance(prepared, PreparedSources) else None
    facts = LayerFacts.of(prepared) if isinstance(prepared, PreparedSources) else prepared
    ring = border_ring(grid, inside, settings.neighbour_reach_m, border)
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
                ring=np.ascontiguousarray(ring[rows, columns]),
                sources=None if sources is None else sources.near(window.bounds, settings.max_radius_m),
                facts=facts,
                ground=ground,
                settings=settings,
                corrections=corrections,
                unplaced=None if unplaced is None else np.ascontiguousarray(unplaced[:, rows, columns]),
            )
        )
    return tasks


def predict_tile(task: TileTask) -> AreaLevels:
    """Return the best server's level and margins over a tile (a pure function of the task and the files of its ground).

    Raises
    ------
    ValueError
        If the task has no terrain or no radio cells.
    """
    if task.ground is None or task.sources is None:
        raise ValueError(f"nothing can be predicted of piece {task.name}")
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
    levels = predict_area(
        window=window,
        ground=ground,
        grid=task.grid,
        inside=task.inside,
        sources=task.sources,
        layers=len(task.facts.layers),
        settings=task.settings,
        clutter_at_end=task.ground.settings.end_loss == "p2108",
        corrections=task.corrections,
    )
    if task.corrections is not None and task.ground.land_cover is not None:
        codes = task.ground.land_cover.to_grid(task.grid) if task.cover_codes is None else task.cover_codes
        if codes.shape != task.grid.shape:
            raise GridMismatchError(
                f"Lớp phủ {codes.shape} không khớp mảnh {task.grid.shape}.", f"Land cover {codes.shape} does not fit piece {task.grid.shape}."
            )
        return _with_cover(levels, codes, task.corrections, task.sources)
    return levels


def _with_cover(
    levels: AreaLevels, codes: npt.NDArray[np.uint8], corrections: Corrections, sources: RadioSources
) -> AreaLevels:
    """Return levels shifted by the cover about the phone, at the frequency of the best server.

    Cells of one layer on other bands would be shifted by up to a third more or less, some 2 dB in forest: who serves
    is decided without that. What only bounds a level takes the frequency of the layer's that makes it highest.
    """
    assert levels.best is not None  # noqa: S101 - corrections were given
    at_2ghz = corrections.clutter_shift_db.astype(np.float32)[codes]
    factor_of = (sources.frequency_mhz / 1000.0 / corrections.clutter_reference_ghz) ** corrections.clutter_exponent
    served = levels.server >= 0
    place = np.clip(np.searchsorted(sources.index, np.maximum(levels.server, 0)), 0, len(sources.index) - 1)
    factor = np.where(served, factor_of[place], 1.0).astype(np.float32)
    shift, bound = factor * at_2ghz, np.empty(levels.level_dbm.shape, dtype=np.float32)
    for i in range(len(bound)):
        mine = factor_of[sources.layer == i]
        least, most = (float(mine.min()), float(mine.max())) if mine.size else (1.0, 1.0)
        bound[i] = np.where(at_2ghz > 0, most, least) * at_2ghz
    moments = levels.best.moments.copy()
    moments[0] += shift
    moments[1] += np.square(factor * corrections.clutter_sd_db.astype(np.float32)[codes])
    best = replace(levels.best, moments=moments, bound_dbm=levels.best.bound_dbm + bound)
    return replace(levels, level_dbm=levels.level_dbm + shift, second_dbm=levels.second_dbm + shift, best=best)


def write_levels(task: TileTask, folder: Path) -> dict[str, Any]:
    """Predict a tile with corrections and write its levels, for fusion (for ``compute.run_pieces``)."""
    levels = predict_tile(task)
    if levels.best is None or task.ground is None:
        raise ValueError(f"piece {task.name} has no corrections")
    for name in ("level_dbm", "second_dbm", "server"):
        write_array(folder / f"{task.name}_{name}_predicted.npy", getattr(levels, name))
    for name in ("moments", "bound_dbm"):
        write_array(folder / f"{task.name}_best_{name}.npy", getattr(levels.best, name))
    write_array(folder / f"{task.name}_ground_class.npy", ground_classes(task.ground, task.grid, task.settings))
    return {"name": task.name, "row": task.row, "column": task.column, "cells": int(task.inside.sum())}


def write_tile(task: TileTask, folder: Path) -> dict[str, Any]:
    """Predict a tile, decide its states, write it and return its counts (for ``compute.run_pieces``)."""
    levels = None if task.ground is None else predict_tile(task)
    found = piece_states(levels, task.facts, task.inside, task.ring, task.settings, unplaced=task.unplaced)
    sd = np.full(found.level_dbm.shape, np.nan, dtype=np.float32)
    if task.sources is not None and len(task.sources.index):
        place = np.searchsorted(task.sources.index, np.maximum(found.server, task.sources.index[0]))
        sd = np.where(found.server >= 0, task.sources.sd_db.astype(np.float32)[place], np.float32(np.nan))
    return write_states(task, found, {"sd_db": sd}, folder)


def write_states(
    task: TileTask, found: PieceStates, others: Mapping[str, npt.NDArray[Any]], folder: Path
) -> dict[str, Any]:
    """Write a tile's finished states and return its counts.

    Parameters
    ----------
    task : TileTask
    found : PieceStates
    others : mapping of str to array
        Further arrays of the tile, (layers, rows, columns), by name.
    folder : Path
    """
    for name, values in others.items():
        write_array(folder / f"{task.name}_{name}.npy", values)
    for name in (n for n in TILE_ARRAYS if n not in others):
        write_array(folder / f"{task.name}_{name}.npy", getattr(found, name))
    return {
        "name": task.name,
        "row": task.row,
        "column": task.column,
        "cells": int(task.inside.sum()),
        "sites": 0 if task.sources is None else task.sources.groups,
        "states": [dict(state_counts(state[task.inside])) for state in found.state],
        "all_states": [dict(state_counts(state[task.inside])) for state in found.all_by_use],
        "near_threshold": _near_threshold(found, task),
        "path_open": [int(layer.sum()) for layer in found.path_open],
    }


def _near_threshold(found: PieceStates, task: TileTask) -> list[int]:
    """Return per layer the cells whose level lies near the planning level."""
    levels, reach = task.settings.levels_dbm, task.settings.near_threshold_db
    counts = []
    for (_, technology), level in zip(task.facts.layers, found.level_dbm, strict=True):
        off = np.abs(level - np.float32(levels.get(technology, np.nan)))
        counts.append(int(np.count_nonzero(off <= reach)))
    return counts


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
            if field.name == "best":
                continue
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
