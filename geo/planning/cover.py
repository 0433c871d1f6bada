"""What each candidate place would serve: the review's own coverage functions, asked for the cells that lack something.

All that operators could put on a place shares one sweep over the terrain. A cell is covered by a layer of the place (an operator's
technology there) where the probability of the planning level reaches the cut of the run, as :func:`geo.planning.gains.with_site` has it, so
that the matrix says of a cell what the run would say if the site stood in its list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_array
from scipy.special import ndtr

from geo.coverage import (
    CoverageSettings,
    LayerFacts,
    RadioSources,
    TileTask,
    margins,
    prepare_sources,
    radio_defaults,
)
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary
from geo.io.rasters import read_array, write_array
from geo.planning.candidates import read_pairs
from geo.planning.reach import planned_corrections, planned_network, reach_window
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog

__all__ = ["COLUMN_NAMES", "CoverTask", "cover_tasks", "only", "place_lines", "read_cover", "write_cover"]

_I64 = npt.NDArray[np.int64]

#: What a column of the matrix is of.
COLUMN_NAMES = ("place_id", "operator", "technology")
#: Places in one piece of work.
_PLACES_PER_PIECE = 8


@dataclass(frozen=True, slots=True)
class _PlaceRadio:
    """The radio cells of one place; their layers are numbered from 0."""

    place_id: str
    sources: RadioSources
    layers: tuple[tuple[str, str], ...]
    corrections: Corrections | None


@dataclass(frozen=True, slots=True)
class CoverTask:
    """Some places and where the cells are asked for; small and picklable.

    Attributes
    ----------
    name : str
    places : tuple
    grid : Grid
        Of the run.
    cells : Path
        ``(2, d)`` int32 array of the cells' rows and columns.
    cover_codes : Path or None
        Land cover of the run's grid.
    ground : GroundModel
    settings : CoverageSettings
    """

    name: str
    places: tuple[_PlaceRadio, ...]
    grid: Grid
    cells: Path
    cover_codes: Path | None
    ground: GroundModel
    settings: CoverageSettings


def place_lines(places: pd.DataFrame) -> pd.DataFrame:
    """Return a planned site for each operator that could come to each place, as :func:`geo.planning.reach.planned_network` takes them.

    Parameters
    ----------
    places : DataFrame
        Columns :data:`geo.planning.candidates.PLACE_COLUMNS`.
    """
    rows = [
        {
            "line_id": f"{place['place_id']} {operator}", "place_id": place["place_id"], "operator": operator, "lon": place["lon"], "lat": place["lat"],
            "technologies": technologies, "height_m": place["height_m"], "file": "", "sheet": "", "row": 0,
        }
        for place in places.to_dict("records")
        for operator, technologies in read_pairs(str(place["technologies"])).items()
    ]  # fmt: skip
    names = ["line_id", "place_id", "operator", "lon", "lat", "technologies", "height_m", "file", "sheet", "row"]
    return pd.DataFrame(rows, columns=names).astype({"lon": float, "lat": float, "height_m": float})


def only(sources: RadioSources, members: _I64) -> RadioSources:
    """Return some radio cells, in their order; groups without any fall out."""
    group = np.searchsorted(sources.group_first, members, side="right") - 1
    kept, count = np.unique(group, return_counts=True)
    tables = {"horizontal_loss_db", "vertical_loss_db", "pattern_cap_db", "group_first"}
    picked = {
        f.name: getattr(sources, f.name)[kept if f.name.startswith("group_") else members] for f in fields(sources) if f.name not in tables
    }
    return replace(sources, group_first=np.concatenate([[0], np.cumsum(count)]).astype(np.int64), **picked)


def cover_tasks(
    places: pd.DataFrame,
    *,
    grid: Grid,
    cells: Path,
    cover_codes: Path | None,
    ground: GroundModel,
    settings: CoverageSettings,
    on: date,
    log: IssueLog,
    operators: Sequence[str],
    patterns: AntennaLibrary | None = None,
    corrections: Corrections | None = None,
    radio: pd.DataFrame | None = None,
) -> list[CoverTask]:
    """Return the work of finding what places cover, in pieces.

    Parameters
    ----------
    places : DataFrame
        Columns :data:`geo.planning.candidates.PLACE_COLUMNS`.
    grid : Grid
    cells, cover_codes : Path
        See :class:`CoverTask`.
    ground : GroundModel
    settings : CoverageSettings
    on : date
    log : IssueLog
        Receives what :func:`geo.coverage.prepare_sources` states of them.
    operators : sequence of str
    patterns : AntennaLibrary, optional
    corrections, radio : optional
        See :func:`geo.planning.reach.planned_corrections`.
    """
    lines = place_lines(places)
    if lines.empty:
        return []
    sites, radio_cells = planned_network(lines)
    prepared = prepare_sources(
        radio_cells, sites, operators=list(operators), terrain=ground, grid=grid, settings=settings, defaults=radio_defaults(), on=on, log=log,
        area_type=ground.area_type, patterns=patterns,
    )  # fmt: skip
    table, sources = prepared.table, prepared.sources
    place_of = dict(zip(lines["line_id"], lines["place_id"], strict=True))
    whose = table["site_id"].map(place_of).to_numpy(dtype=object)
    learnt = None
    if corrections is not None and radio is not None and len(table):
        kinds = table.drop_duplicates(["operator", "technology", "frequency_mhz"]).reset_index(drop=True)
        small, _ = planned_corrections(corrections, radio, kinds.assign(index=np.arange(len(kinds))))
        key = {k: n for n, k in enumerate(zip(kinds["operator"], kinds["technology"], kinds["frequency_mhz"], strict=True))}
        kind_of = np.array([key[k] for k in zip(table["operator"], table["technology"], table["frequency_mhz"], strict=True)], dtype=np.int64)
        learnt = small, kind_of
    members: dict[str, list[int]] = {}
    for position, place in enumerate(whose.tolist()):
        members.setdefault(str(place), []).append(position)
    found: list[_PlaceRadio] = []
    for place in places["place_id"].astype(str):
        if place not in members:
            continue
        mine = np.array(members[place], dtype=np.int64)
        own = sorted({int(k) for k in sources.layer[mine]})
        number = {k: n for n, k in enumerate(own)}
        part = only(sources, mine)
        part = replace(part, layer=np.array([number[int(k)] for k in part.layer], dtype=np.int64), index=np.arange(len(mine), dtype=np.int64))
        part = _own_patterns(part)
        found.append(_PlaceRadio(place, part, tuple(prepared.layers[k] for k in own), None if learnt is None else learnt[0].take(learnt[1][mine])))
    return [
        CoverTask(f"cover_{start // _PLACES_PER_PIECE:05d}", tuple(found[start : start + _PLACES_PER_PIECE]), grid, cells, cover_codes, ground, settings)
        for start in range(0, len(found), _PLACES_PER_PIECE)
    ]


def _own_patterns(sources: RadioSources) -> RadioSources:
    """Return radio cells with only the patterns that they use, so that a piece of work stays small."""
    used, number = np.unique(sources.pattern, return_inverse=True)
    tables: dict[str, Any] = {name: getattr(sources, name)[used] for name in ("horizontal_loss_db", "vertical_loss_db", "pattern_cap_db")}
    return replace(sources, pattern=number.astype(np.int64), **tables)


def write_cover(task: CoverTask, folder: Path) -> dict[str, Any]:
    """Find which cells each layer of each place covers and write their numbers (for ``compute.run_pieces``).

    ``<name>_indices.npy`` holds the cells of all columns one after the other, as int32; the record tells how many each has.
    """
    rows, columns = (np.asarray(v, dtype=np.int64) for v in read_array(task.cells))
    codes = None if task.cover_codes is None else read_array(task.cover_codes, mapped=True)
    number = np.full(task.grid.shape, -1, dtype=np.int32)
    number[rows, columns] = np.arange(len(rows), dtype=np.int32)
    parts: list[npt.NDArray[np.int32]] = []
    heads: list[dict[str, Any]] = []
    for place in task.places:
        covered = _covered(task, place, number, codes)
        for layer, indices in zip(place.layers, covered, strict=True):
            parts.append(indices)
            heads.append({"place_id": place.place_id, "operator": layer[0], "technology": layer[1], "cells": len(indices)})
    write_array(folder / f"{task.name}_indices.npy", np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32))
    return {"name": task.name, "columns": heads}


def _covered(
    task: CoverTask, place: _PlaceRadio, number: npt.NDArray[np.int32], codes: npt.NDArray[np.uint8] | None
) -> list[npt.NDArray[np.int32]]:
    """Return the cells that each layer of a place covers, ascending."""
    nothing = [np.zeros(0, dtype=np.int32) for _ in place.layers]
    window = reach_window(task.grid, float(place.sources.group_x_m[0]), float(place.sources.group_y_m[0]), task.settings.max_radius_m)
    if window is None:
        return nothing
    wanted = number[window] >= 0
    r, c = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
    if not r.size:
        return nothing
    rows = slice(window[0].start + int(r[0]), window[0].start + int(r[-1]) + 1)
    columns = slice(window[1].start + int(c[0]), window[1].start + int(c[-1]) + 1)
    numbers = number[rows, columns]
    tile = TileTask(
        name=place.place_id, grid=task.grid.window(rows, columns), row=rows.start, column=columns.start, inside=np.ascontiguousarray(numbers >= 0),
        ring=np.zeros(numbers.shape, dtype=bool), sources=place.sources, facts=LayerFacts(place.layers), ground=task.ground, settings=task.settings,
        corrections=place.corrections, cover_codes=None if codes is None else np.ascontiguousarray(codes[rows, columns]),
    )  # fmt: skip
    margin = margins(tile)[0].astype(np.float32)  # as a reach is kept: the last digit decides alike
    served = (ndtr(margin.astype(np.float64)) >= task.settings.served_probability) & tile.inside
    return [np.ascontiguousarray(np.sort(numbers[layer])) for layer in served]


def read_cover(records: Sequence[Mapping[str, Any]], folder: Path, cells: int) -> tuple[csc_array, pd.DataFrame]:
    """Return the matrix, cells x columns of bool, and what its columns are of (:data:`COLUMN_NAMES`), from :func:`write_cover`'s records."""
    heads = [head for record in records for head in record["columns"]]
    indices = [read_array(folder / f"{record['name']}_indices.npy") for record in records]
    indptr = np.concatenate([[0], np.cumsum([head["cells"] for head in heads])]).astype(np.int64)
    flat = np.concatenate(indices) if indices else np.zeros(0, dtype=np.int32)
    matrix = csc_array((np.ones(len(flat), dtype=bool), flat, indptr), shape=(cells, len(heads)))
    return matrix, pd.DataFrame(heads, columns=[*COLUMN_NAMES, "cells"])[list(COLUMN_NAMES)].astype("str")
