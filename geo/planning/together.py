"""What registered lines and chosen sites do together: one prediction of all of them, year by year, laid over the run's states.

The choice counts each site alone: a cell that no single site serves for sure is served by none, and a cell of which nobody knows whether it lacks
anything is no demand. The coverage of a run is of all its sites at once, so what a plan changes in it may be another figure. Here the sites of a
plan are asked as the run asks its own: one network, the same sweep, the best server of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import (
    CoverageSettings,
    LayerFacts,
    State,
    TileTask,
    margins,
    prepare_sources,
    radio_defaults,
    tile_tasks,
)
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary
from geo.io.rasters import read_array, write_array
from geo.planning.cover import only
from geo.planning.gains import Reach, Service, gained
from geo.planning.reach import planned_corrections, planned_network
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog

__all__ = ["TOGETHER", "JointTask", "joint_tasks", "together", "write_joint"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: What a plan gains together, as people, and villages whose point gets its first operator.
TOGETHER = ("first_operator", "to_4g", "second_operator", "third_operator", "villages")
_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)


@dataclass(frozen=True, slots=True)
class JointTask:
    """A tile and the planned sites that reach it; picklable.

    Attributes
    ----------
    tile : TileTask
        With the radio cells of all steps.
    step : (n,) int64 array
        Of each radio cell of ``tile.sources``: it stands from that step on.
    """

    tile: TileTask
    step: _I64

    @property
    def name(self) -> str:
        """Return the tile's name."""
        return self.tile.name


def joint_tasks(
    lines: pd.DataFrame,
    step: Sequence[int],
    *,
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    ground: GroundModel,
    settings: CoverageSettings,
    on: date,
    log: IssueLog,
    patterns: AntennaLibrary | None = None,
    corrections: Corrections | None = None,
    radio: pd.DataFrame | None = None,
    cover_codes: npt.NDArray[np.uint8] | None = None,
) -> list[JointTask]:
    """Return the work of predicting planned sites together, tile by tile; tiles that none of them reaches are left out.

    Parameters
    ----------
    lines : DataFrame
        See :func:`geo.planning.reach.planned_network`.
    step : sequence of int
        Of each row: from which step on it stands.
    grid, inside, ground, settings, on, log, patterns, corrections, radio, cover_codes
        See :func:`geo.planning.reach.reach_tasks`.
    """
    sites, cells = planned_network(lines)
    prepared = prepare_sources(
        cells, sites, operators=list(dict.fromkeys(lines["operator"].astype(str))), terrain=ground, grid=grid, settings=settings,
        defaults=radio_defaults(), on=on, log=log, area_type=ground.area_type, patterns=patterns,
    )  # fmt: skip
    if not prepared.sources.groups:
        return []
    of_line = dict(zip(lines["line_id"].astype(str), step, strict=True))
    of_cell = dict(zip(prepared.table["index"].astype(int), prepared.table["site_id"].astype(str).map(of_line), strict=True))
    learnt = None
    if corrections is not None and radio is not None:
        learnt, _ = planned_corrections(corrections, radio, prepared.table)
    out = []
    for tile in tile_tasks(grid, inside, prepared, ground, settings, corrections=learnt):
        if tile.sources is None or not tile.sources.groups:
            continue
        window = slice(tile.row, tile.row + tile.grid.rows), slice(tile.column, tile.column + tile.grid.columns)
        codes = None if cover_codes is None else np.ascontiguousarray(cover_codes[window])
        own = sorted({int(k) for k in tile.sources.layer})  # of an operator's technologies most are in no plan
        layer = np.searchsorted(own, tile.sources.layer).astype(np.int64)
        facts = LayerFacts(tuple(prepared.layers[k] for k in own))
        made = replace(tile, cover_codes=codes, sources=replace(tile.sources, layer=layer), facts=facts)
        out.append(JointTask(made, np.array([of_cell[int(i)] for i in tile.sources.index], dtype=np.int64)))
    return out


def write_joint(task: JointTask, folder: Path) -> dict[str, Any]:
    """Predict a tile once for each step that brings a site into it, with all sites up to that step (for ``compute.run_pieces``).

    ``<name>_<step>_margin_sd.npy`` and ``..._bound_sd.npy`` are as :func:`geo.planning.reach.write_reach` has them.
    """
    tile = task.tile
    if tile.sources is None:
        raise ValueError(f"nothing stands near piece {task.name}")
    steps = sorted({int(s) for s in task.step})
    for step in steps:
        found = margins(replace(tile, sources=only(tile.sources, np.flatnonzero(task.step <= step))))
        for name, values in zip(("margin_sd", "bound_sd"), found, strict=True):
            kept = values.astype(np.float32)  # as a reach and the matrix are kept: the last digit decides alike
            kept[:, ~tile.inside] = -np.inf
            write_array(folder / f"{task.name}_{step}_{name}.npy", kept)
    return {"name": task.name, "row": tile.row, "column": tile.column, "layers": [list(layer) for layer in tile.facts.layers], "steps": steps}


def _standing(records: Sequence[Mapping[str, Any]], folder: Path, step: int) -> Iterator[Reach]:
    """Yield what stands in each tile at a step: the sites of that step and of all before it."""
    for record in records:
        before = [s for s in record["steps"] if s <= step]
        if not before:
            continue
        margin, bound = (read_array(folder / f"{record['name']}_{before[-1]}_{name}.npy") for name in ("margin_sd", "bound_sd"))
        row, column = int(record["row"]), int(record["column"])
        window = slice(row, row + margin.shape[1]), slice(column, column + margin.shape[2])
        yield Reach(*window, tuple((str(o), str(t)) for o, t in record["layers"]), margin, bound)


def together(
    service: Service,
    records: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    steps: int,
    people: _F64,
    villages: tuple[_I64, _I64],
) -> list[dict[str, float]]:
    """Return what each step gains beyond the one before, all sites standing at once.

    Parameters
    ----------
    service : Service
        States that the sites are laid over: of the run, with every registered line as it was laid alone.
    records : sequence of mapping
        Of :func:`write_joint`.
    folder : Path
        Where it wrote.
    steps : int
        Step 0 is the registered lines; its figures are what these do together beyond each alone.
    people : (rows, columns) float64 array
        NaN not known.
    villages : (row, column) pair of int64 arrays
        Their cells; -1 where none.

    Returns
    -------
    list of dict
        :data:`TOGETHER` for each step; they add up to what the whole plan gains. In a corrected run, where the best server's level is
        worked out anew with each further site, a figure may be below nothing.
    """
    lived, (row, column) = np.nan_to_num(people), villages
    there = row >= 0

    def figures(before: Service, after: Service) -> dict[str, float]:
        gain = gained(service.layers, before.state, after.state, service.settings.counting)
        served = np.isin(before.served().any_state, _SERVED)
        masks = {**gain.steps, "to_4g": gain.steps["to_4g"] & served}
        found = {name: float(lived[masks[name]].sum()) for name in TOGETHER if name in masks}
        return {**found, "villages": float(masks["first_operator"][row[there], column[there]].sum())}

    first, out, told = service, [], dict.fromkeys(TOGETHER, 0.0)
    for step in range(steps):
        after = service.copy()
        for reach in _standing(records, folder, step):
            after.lay(reach)
        now = figures(first, after)
        out.append({name: now[name] - told[name] for name in TOGETHER})
        # What lines do together is told by itself; the years are counted from there on.
        first, told = (after, dict.fromkeys(TOGETHER, 0.0)) if step == 0 else (first, now)
    return out
