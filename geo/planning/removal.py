"""What is lost where a registered line takes a site away: the cells that it serves best, predicted again without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings, LayerFacts, Reason, State, TileTask
from geo.coverage.point import PatternTables, radio_sources
from geo.io.rasters import write_array
from geo.planning.gains import with_site
from geo.planning.reach import margins
from geo.planning.structures import near_pairs
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel

__all__ = ["RemovalTask", "joint_removals", "removal_tasks", "write_removal"]


@dataclass(frozen=True, slots=True)
class RemovalTask:
    """One site to remove, or several of one operator, and the cells of each layer that they serve best; picklable.

    Attributes
    ----------
    name : str
    tiles : tuple of TileTask
        One per layer of the operator that loses cells; ``inside`` marks these.
    rings : tuple of (rows, columns) bool arrays
        Cells of each tile near a border whose far side has no site list.
    """

    name: str
    tiles: tuple[TileTask, ...]
    rings: tuple[npt.NDArray[np.bool_], ...]


def removal_tasks(
    lines: pd.DataFrame,
    *,
    coverage: Coverage,
    radio: pd.DataFrame,
    tables: PatternTables,
    ground: GroundModel,
    settings: CoverageSettings,
    ring: npt.NDArray[np.bool_],
    at_mast_m: float,
    corrections: Corrections | None = None,
) -> dict[int, RemovalTask]:
    """Return a task for each line that removes a site of the run, by position in ``lines``.

    Parameters
    ----------
    lines : DataFrame
        Those with ``action`` ``remove``; ``operator``, ``lon``, ``lat``.
    coverage : Coverage
        Of the run, with its servers.
    radio : DataFrame
        The run's radio cells (:data:`geo.propagation.radio_table.RADIO_COLUMNS`).
    tables : PatternTables
    ground : GroundModel
    settings : CoverageSettings
    ring : (rows, columns) bool array
        :func:`geo.coverage.border_ring`.
    at_mast_m : float
        The operator's radio cells within this distance of the line are those that go.
    corrections : Corrections, optional
        By the ``index`` of ``radio``. What measurements say of the places themselves is left out.
    """
    gone = _cells_meant(lines, radio, at_mast_m)
    made = {k: _task(f"removal_{k:05d}", str(lines["operator"].iloc[k]), cells, coverage, radio, tables, ground, settings, ring, corrections) for k, cells in gone.items()}
    return {k: task for k, task in made.items() if task is not None}


def joint_removals(
    lines: pd.DataFrame,
    *,
    coverage: Coverage,
    radio: pd.DataFrame,
    tables: PatternTables,
    ground: GroundModel,
    settings: CoverageSettings,
    ring: npt.NDArray[np.bool_],
    at_mast_m: float,
    corrections: Corrections | None = None,
) -> dict[int, RemovalTask]:
    """Return a task for each operator that takes several sites away, by its first such line: all of them gone at once.

    Of two neighbouring sites that go, each alone leaves its cells to the other; both together leave them to nobody.

    Parameters
    ----------
    lines, coverage, radio, tables, ground, settings, ring, at_mast_m, corrections
        See :func:`removal_tasks`.
    """
    gone = _cells_meant(lines, radio, at_mast_m)
    out: dict[int, RemovalTask] = {}
    for operator in dict.fromkeys(str(lines["operator"].iloc[k]) for k in sorted(gone)):
        mine = [k for k in sorted(gone) if lines["operator"].iloc[k] == operator]
        if len(mine) < 2:
            continue
        cells = sorted({c for k in mine for c in gone[k]})
        task = _task(f"removals_{mine[0]:05d}", operator, cells, coverage, radio, tables, ground, settings, ring, corrections)
        if task is not None:
            out[mine[0]] = task
    return out


def _cells_meant(lines: pd.DataFrame, radio: pd.DataFrame, at_mast_m: float) -> dict[int, list[int]]:
    """Return the operator's radio cells that stand where each line takes a site away, by position of the line; lines without any are left out."""
    where = [f[c].to_numpy(dtype=float) for f in (lines, radio) for c in ("lon", "lat")]
    i, j, _ = near_pairs(where[0], where[1], where[2], where[3], within_m=at_mast_m)
    operators, of_cell = lines["operator"].to_numpy(dtype=object), radio["operator"].to_numpy(dtype=object)
    out: dict[int, list[int]] = {}
    for line, cell in zip(i.tolist(), j.tolist(), strict=True):
        if of_cell[cell] == operators[line]:
            out.setdefault(line, []).append(cell)
    return out


def _task(
    name: str,
    operator: str,
    gone: list[int],
    coverage: Coverage,
    radio: pd.DataFrame,
    tables: PatternTables,
    ground: GroundModel,
    settings: CoverageSettings,
    ring: npt.NDArray[np.bool_],
    corrections: Corrections | None,
) -> RemovalTask | None:
    """Return the task of some radio cells of an operator; None where they serve no cell best."""
    if coverage.server is None:
        return None
    indexes = radio["index"].to_numpy(dtype=np.int64)[gone]
    left = radio.drop(index=radio.index[gone])
    tiles, rings = [], []
    for layer, (whose, technology) in enumerate(coverage.layers):
        if whose != operator:
            continue
        lost = np.isin(np.asarray(coverage.server[layer]), indexes)
        rows, columns = np.flatnonzero(lost.any(axis=1)), np.flatnonzero(lost.any(axis=0))
        if not rows.size:
            continue
        window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
        grid = coverage.grid.window(*window)
        # A radio cell of unknown technology may be of any layer of its operator.
        own = left[(left["operator"] == operator) & left["technology"].isin([technology, ""])].drop_duplicates("index")
        own = own.assign(
            threshold_dbm=np.where(own["technology"] == technology, settings.levels_dbm.get(technology, np.nan), np.nan),
            eirp_dbm=own["eirp_dbm"].fillna(np.inf),
        )
        sources = radio_sources(own.reset_index(drop=True), tables, grid, np.zeros(len(own), dtype=np.int64)) if len(own) else None
        learnt = None if corrections is None else corrections.take(own["index"].to_numpy(dtype=np.int64))
        tiles.append(
            TileTask(
                name=f"layer_{layer:03d}", grid=grid, row=window[0].start, column=window[1].start, inside=np.ascontiguousarray(lost[window]),
                ring=np.zeros(grid.shape, dtype=bool), sources=None if sources is None else sources.near(grid.bounds, settings.max_radius_m),
                facts=LayerFacts((coverage.layers[layer],)), ground=ground, settings=settings, corrections=learnt,
            )
        )  # fmt: skip
        near = ring[window] if operator not in settings.neighbour_operators else np.zeros(grid.shape, dtype=bool)
        rings.append(np.ascontiguousarray(near))
    return RemovalTask(name, tuple(tiles), tuple(rings)) if tiles else None


def write_removal(task: RemovalTask, folder: Path) -> dict[str, Any]:
    """Predict the cells without the site and write their states, 0 where nothing changes (for ``compute.run_pieces``)."""
    layers = []
    for tile, ring in zip(task.tiles, task.rings, strict=True):
        shape = tile.grid.shape
        margin = bound = np.full(shape, -np.inf, dtype=np.float32)
        if tile.sources is not None and tile.sources.groups:
            found = margins(tile)
            margin, bound = found[0][0].astype(np.float32), found[1][0].astype(np.float32)
        nobody, none = np.full(shape, State.PREDICTED_UNSERVED, dtype=np.uint8), np.full(shape, Reason.NONE, dtype=np.uint8)
        state = with_site(nobody, none, margin, bound, tile.settings)
        state[ring & (state == State.PREDICTED_UNSERVED)] = State.UNKNOWN
        state[~tile.inside] = State.OUTSIDE
        write_array(folder / f"{task.name}_{tile.name}_state.npy", state)
        layers.append({"layer": list(tile.facts.layers[0]), "file": f"{task.name}_{tile.name}_state.npy", "row": tile.row, "column": tile.column})
    return {"name": task.name, "layers": layers}
