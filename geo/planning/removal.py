"""What is lost where a registered line takes a site away: the cells that it serves best, predicted again without it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
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

__all__ = ["RemovalTask", "removal_tasks", "write_removal"]


@dataclass(frozen=True, slots=True)
class RemovalTask:
    """One site to remove and the cells of each layer that it serves best; picklable.

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
    if coverage.server is None:
        return {}
    where = [f[c].to_numpy(dtype=float) for f in (lines, radio) for c in ("lon", "lat")]
    i, j, _ = near_pairs(where[0], where[1], where[2], where[3], within_m=at_mast_m)
    operators, of_cell = lines["operator"].to_numpy(dtype=object), radio["operator"].to_numpy(dtype=object)
    out: dict[int, RemovalTask] = {}
    for k in range(len(lines)):
        gone = [int(c) for line, c in zip(i, j, strict=True) if line == k and of_cell[c] == operators[k]]
        if not gone:
            continue
        indexes = radio["index"].to_numpy(dtype=np.int64)[gone]
        left = radio.drop(index=radio.index[gone])
        tiles, rings = [], []
        for layer, (operator, technology) in enumerate(coverage.layers):
            if operator != operators[k]:
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
            learnt = None if corrections is None else _of(corrections, own["index"].to_numpy(dtype=np.int64))
            tiles.append(
                TileTask(
                    name=f"layer_{layer:03d}", grid=grid, row=window[0].start, column=window[1].start, inside=np.ascontiguousarray(lost[window]),
                    ring=np.zeros(grid.shape, dtype=bool), sources=None if sources is None else sources.near(grid.bounds, settings.max_radius_m),
                    facts=LayerFacts((coverage.layers[layer],)), ground=ground, settings=settings, corrections=learnt,
                )
            )  # fmt: skip
            near = ring[window] if operator not in settings.neighbour_operators else np.zeros(grid.shape, dtype=bool)
            rings.append(np.ascontiguousarray(near))
        if tiles:
            out[k] = RemovalTask(f"removal_{k:05d}", tuple(tiles), tuple(rings))
    return out


def _of(corrections: Corrections, index: npt.NDArray[np.int64]) -> Corrections:
    named: dict[str, Any] = {f.name: getattr(corrections, f.name)[index] for f in fields(Corrections)[:6]}
    return replace(corrections, **named, path_variance=corrections.path_variance[:, index])


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
