"""What a planned site would reach: the area prediction of the product, asked of that site alone.

A planned site becomes a row of the site list and goes the way of every listed site: the same filling of
what the list lacks, the same sweep over the terrain, the same margins. Only who else is there comes later
(:mod:`geo.planning.gains`), so that thousands of planned sites and candidates need one small sweep each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from geo.coverage import CoverageSettings, LayerFacts, TileTask, margins, prepare_sources, radio_defaults
from geo.crs import from_wgs84
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary
from geo.io.rasters import write_array
from geo.network import assemble
from geo.propagation.corrections import COEFFICIENTS, PATH_VARIANCES, Corrections
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog

__all__ = ["ReachTask", "margins", "planned_corrections", "planned_network", "reach_tasks", "reach_window", "write_reach"]

_F64 = npt.NDArray[np.float64]

#: Frequencies that differ by no more than this share are one band (900 and 850 MHz are, 1800 and 2100 are not).
_SAME_BAND_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class ReachTask:
    """One planned site and the window of the grid that it may reach; picklable.

    Attributes
    ----------
    name : str
        File-name safe, unique within the run.
    tile : TileTask
        Its layers are the site's own, ``tile.facts.layers``.
    """

    name: str
    tile: TileTask


def planned_network(lines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sites and radio cells as if the lines were rows of a site list, on air.

    Parameters
    ----------
    lines : DataFrame
        ``line_id`` (unique), ``operator``, ``lon``, ``lat``, ``technologies`` (``"4G,5G"``), ``height_m`` (NaN unknown),
        ``file``, ``sheet``, ``row``. What a site list says and a plan does not is missing, and filled as it is there.

    Returns
    -------
    sites, cells : DataFrame
        The canonical tables (:data:`geo.network.SITE_COLUMNS`, :data:`geo.network.CELL_COLUMNS`).
    """
    rows = pd.DataFrame(
        {
            "site_id": lines["line_id"].astype("str"),
            "operator": lines["operator"].astype("str"),
            "lon": lines["lon"].astype(float),
            "lat": lines["lat"].astype(float),
            "status": "on_air",
            "on_air_date": pd.NaT,
            "technologies": lines["technologies"].astype("str"),
            "structure_height_m": lines["height_m"].astype(float),
            **{name: lines[name] for name in ("file", "sheet", "row")},
        }
    ).reset_index(drop=True)
    network = assemble(rows)
    return network.sites, network.cells


def reach_tasks(
    lines: pd.DataFrame,
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
) -> tuple[list[ReachTask], pd.DataFrame]:
    """Return one task per planned site that reaches the area, and the table of the radio cells they are taken to have.

    Parameters
    ----------
    lines : DataFrame
        See :func:`planned_network`; lines without position, operator or a technology are the caller's to leave out.
    grid : Grid
        Of the run.
    inside : (rows, columns) bool array
        Cells of the area.
    ground : GroundModel
    settings : CoverageSettings
    on : date
    log : IssueLog
        Receives what :func:`geo.coverage.prepare_sources` states of them.
    patterns : AntennaLibrary, optional
    corrections : Corrections, optional
        Of the run, by the ``index`` of ``radio``; see :func:`planned_corrections`.
    radio : DataFrame, optional
        The run's radio cells (:data:`geo.propagation.radio_table.RADIO_COLUMNS`).
    cover_codes : (rows, columns) uint8 array, optional
        Land cover of the run's grid, so that it is not read once per site.

    Returns
    -------
    tasks : list of ReachTask
        In the order of ``lines``, named ``line_00000`` by position.
    radio_cells : DataFrame
        ``line_id``, ``operator``, ``technology``, ``frequency_mhz``, ``antenna_height_m``, ``eirp_dbm``, ``defaults``
        and ``learnt_from`` (whose corrections were taken, empty without any).
    """
    tasks: list[ReachTask] = []
    told: list[pd.DataFrame] = []
    x, y = from_wgs84(lines["lon"].to_numpy(float), lines["lat"].to_numpy(float), grid.epsg)
    for i in range(len(lines)):
        window = reach_window(grid, float(x[i]), float(y[i]), settings.max_radius_m)
        if window is None or not inside[window].any():
            continue
        sites, cells = planned_network(lines.iloc[[i]])
        prepared = prepare_sources(
            cells, sites, operators=[str(lines["operator"].iloc[i])], terrain=ground, grid=grid, settings=settings,
            defaults=radio_defaults(), on=on, log=log, area_type=ground.area_type, patterns=patterns,
        )  # fmt: skip
        if not prepared.sources.groups:
            continue
        own = sorted({int(k) for k in prepared.sources.layer})
        place = {k: n for n, k in enumerate(own)}
        sources = replace(prepared.sources, layer=np.array([place[int(k)] for k in prepared.sources.layer], dtype=np.int64))
        learnt, whose = None, [""] * len(sources.index)
        if corrections is not None and radio is not None:
            learnt, whose = planned_corrections(corrections, radio, prepared.table)
        rows, columns = window
        tile = TileTask(
            name=f"line_{i:05d}",
            grid=grid.window(rows, columns),
            row=rows.start,
            column=columns.start,
            inside=np.ascontiguousarray(inside[window]),
            ring=np.zeros(inside[window].shape, dtype=bool),
            sources=sources,
            facts=LayerFacts(tuple(prepared.layers[k] for k in own)),
            ground=ground,
            settings=settings,
            corrections=learnt,
            cover_codes=None if cover_codes is None else np.ascontiguousarray(cover_codes[window]),
        )
        tasks.append(ReachTask(tile.name, tile))
        shown = ["operator", "technology", "frequency_mhz", "antenna_height_m", "eirp_dbm", "defaults"]
        told.append(prepared.table[shown].assign(line_id=str(lines["line_id"].iloc[i]), learnt_from=whose))
    columns_of = ["line_id", "operator", "technology", "frequency_mhz", "antenna_height_m", "eirp_dbm", "defaults", "learnt_from"]
    table = pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=columns_of)
    return tasks, table[columns_of]


def reach_window(grid: Grid, x: float, y: float, reach_m: float) -> tuple[slice, slice] | None:
    """Return rows and columns whose cells come within reach of a point; None if there are none."""
    left, _, _, top = grid.bounds
    first_column = max(0, int((x - reach_m - left) // grid.cell_size))
    last_column = min(grid.columns, int((x + reach_m - left) // grid.cell_size) + 1)
    first_row = max(0, int((top - y - reach_m) // grid.cell_size))
    last_row = min(grid.rows, int((top - y + reach_m) // grid.cell_size) + 1)
    if not (np.isfinite(x) and np.isfinite(y)) or first_row >= last_row or first_column >= last_column:
        return None
    return slice(first_row, last_row), slice(first_column, last_column)


def planned_corrections(
    corrections: Corrections, radio: pd.DataFrame, planned: pd.DataFrame
) -> tuple[Corrections, list[str]]:
    """Return corrections for radio cells that no measurement can have met, and whose they are.

    What measurements taught belongs to groups of radio cells; a planned one is taken as a further cell of its operator,
    technology and band: the mean of the group's corrections (its sites' own errors cancel), with the error of
    the group's least known cell. Without such a group those of the technology on any operator; without these no shift at all, and the
    largest error that any cell of the run has.

    Parameters
    ----------
    corrections : Corrections
    radio : DataFrame
        The run's radio cells, ``index`` pointing into ``corrections``.
    planned : DataFrame
        ``index``, ``operator``, ``technology``, ``frequency_mhz`` of the planned ones.

    Returns
    -------
    corrections : Corrections
        By the ``index`` of ``planned``.
    learnt_from : list of str
        ``"group"``, ``"technology"`` or ``"none"``, in the order of ``planned``.
    """
    n = len(planned)
    table = radio.drop_duplicates("index")
    index = table["index"].to_numpy(dtype=np.int64)
    values = {name: np.zeros(n) for name in (*COEFFICIENTS, "error_sd_db")}
    variance = np.zeros((PATH_VARIANCES, n))
    whose: list[str] = []
    places, bands = planned["index"].to_numpy(dtype=np.int64), planned["frequency_mhz"].to_numpy(dtype=float)
    for at, operator, technology, frequency in zip(places, planned["operator"], planned["technology"], bands, strict=True):
        same = (table["technology"] == technology).to_numpy(dtype=bool)
        own = same & (table["operator"] == operator).to_numpy(dtype=bool)
        own &= np.abs(table["frequency_mhz"].to_numpy(dtype=float) / frequency - 1.0) <= _SAME_BAND_SHARE
        chosen, name = (own, "group") if own.any() else (same, "technology") if same.any() else (np.zeros(len(table), bool), "none")
        whose.append(name)
        members = index[chosen]
        if members.size:
            for field in COEFFICIENTS:
                values[field][at] = float(getattr(corrections, field)[members].mean())
        of = members if members.size else index
        least = int(of[np.argmax(corrections.error_sd_db[of])])
        values["error_sd_db"][at] = float(corrections.error_sd_db[least])
        variance[:, at] = corrections.path_variance[:, least]
    named: dict[str, Any] = {**values, "path_variance": variance}
    return replace(corrections, **named), whose


def write_reach(task: ReachTask, folder: Path) -> dict[str, Any]:
    """Predict a planned site and write its margins outdoors, cut to the part that it can change (for ``compute.run_pieces``).

    ``<name>_margin_sd.npy`` and ``<name>_bound_sd.npy`` are (layers, rows, columns) float32 arrays: (level − planning level) / sd
    of the site's best radio cell, and what it may be at most where its path is not all known; -inf where nothing is in reach.
    """
    margin, bound = margins(task.tile)
    settings = task.tile.settings
    low = float(ndtri(settings.unserved_probability))
    touched = (np.maximum(margin, bound) > low).any(axis=0) & task.tile.inside
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    if not rows.size:
        return {"name": task.name, "cells": 0, "layers": [list(layer) for layer in task.tile.facts.layers]}
    part = (slice(None), slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    outside = ~task.tile.inside[part[1:]]
    for name, values in (("margin_sd", margin), ("bound_sd", bound)):
        kept = values[part].astype(np.float32)
        kept[:, outside] = -np.inf
        write_array(folder / f"{task.name}_{name}.npy", np.ascontiguousarray(kept))
    return {
        "name": task.name,
        "cells": int(touched.sum()),
        "row": task.tile.row + int(rows[0]),
        "column": task.tile.column + int(columns[0]),
        "layers": [list(layer) for layer in task.tile.facts.layers],
    }
