"""The stage that puts the areas without signal together: polygons with people, reason and priority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import CoverageSettings
from geo.dead_zones import (
    DeadZones,
    DeadZoneSettings,
    PathLook,
    Places,
    PrioritySettings,
    UnservedDraws,
    find_dead_zones,
    households_on_grid,
    state_findings,
)
from geo.dead_zones.find import Scope
from geo.io.rasters import read_array
from geo.io.stage_files import write_frame, write_issues
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import Predicted
from geo.validation import IssueLog
from geo.villages import VillageSettings

__all__ = ["SCOPED", "write_zones"]

#: Frames of the stage besides ``dead_zones``.
_DRAWN: tuple[Scope, ...] = ("all",)
_LOOKED: tuple[Scope, ...] = ("all", "operator")
SCOPED = ("dead_zones_by_operator", "dead_zones_by_layer")


def write_zones(
    work: Workspace,
    *,
    predicted: Predicted,
    units: gpd.GeoDataFrame,
    sites: pd.DataFrame,
    villages: pd.DataFrame | None,
    areas: Path,
    buildings: pd.DataFrame | None,
    facilities: pd.DataFrame | None,
    roads: gpd.GeoDataFrame | None,
    radio: pd.DataFrame | None,
    look: PathLook | None,
    draws: UnservedDraws | None,
    settings: CoverageSettings,
    village_settings: VillageSettings,
    zone_settings: DeadZoneSettings,
    priorities: PrioritySettings,
    on: date,
    log: IssueLog,
) -> Mapping[str, Any]:
    """Find the dead zones over all operators, by operator and by layer, and write them; return the counts.

    Parameters
    ----------
    work : Workspace
    predicted : Predicted
    units, sites, buildings, facilities, roads : DataFrame
        Canonical tables; None where none was given.
    villages : DataFrame or None
        Of :func:`geo.villages.classify_villages`.
    areas : Path
        Folder of the stage that classed the villages: its people and its cells of villages.
    radio : DataFrame or None
        The radio cells that were predicted.
    look : PathLook or None
    draws : UnservedDraws or None
    settings : CoverageSettings
    village_settings : VillageSettings
    zone_settings : DeadZoneSettings
    priorities : PrioritySettings
    on : date
    log : IssueLog
    """
    grid = predicted.coverage.grid
    people, owned = _array(areas / "people.npy"), _array(areas / "cells_of_villages.npy")
    households = None
    if villages is not None and owned is not None:
        households = households_on_grid(
            villages, owned, grid, buildings=buildings, population=people,
            persons_per_household=village_settings.persons_per_household,
        )  # fmt: skip
    places = Places(
        unit_index=np.asarray(predicted.index), commune_codes=tuple(units["commune_code"]), population=people, villages=villages,
        cells_of_villages=owned, households=households, facilities=_named(facilities), sites=sites, radio_cells=radio,
    )  # fmt: skip
    work.progress(1, 3)
    found = find_dead_zones(
        predicted.coverage, settings, places, on=on, weak_cluster_households=village_settings.weak_cluster_households,
        zone_settings=zone_settings, priorities=priorities, roads=roads, draws=draws, look=look, drawn=_DRAWN, looked=_LOOKED,
    )  # fmt: skip
    work.progress(2, 3)
    every = _all(found)
    write_frame(work.folder / "dead_zones.parquet", every)
    by_operator = [zones.frame for _, zones in sorted(found.by_operator.items())]
    by_layer = [zones.frame for _, zones in sorted(found.by_layer.items())]
    for name, frames in zip(SCOPED, (by_operator, by_layer), strict=True):
        if frames:
            write_frame(work.folder / f"{name}.parquet", gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=every.crs))
    state_findings(found, log)
    write_issues(work.folder / "issues.json", log)
    totals = None if found.all is None else found.all.totals
    return {
        "zones_by_class": {str(k): int(n) for k, n in every["class"].value_counts().sort_index().items()},
        "sieved": [] if found.all is None else _rows(found.all.sieved),
        "totals": [] if totals is None else _rows(totals),
        "by_operator": {name: len(zones.frame) for name, zones in sorted(found.by_operator.items())},
        "by_layer": {f"{o} {t}": len(zones.frame) for (o, t), zones in sorted(found.by_layer.items())},
    }


def _array(path: Path) -> npt.NDArray[Any] | None:
    return read_array(path) if path.is_file() else None


def _named(facilities: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return facilities under the names that dead zones ask for."""
    if facilities is None:
        return None
    return facilities.rename(columns={"facility_kind": "kind"})


def _all(found: DeadZones) -> gpd.GeoDataFrame:
    frames = [part.frame for part in (found.all, found.roads) if part is not None]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON has them, what is not known as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): (v.item() if hasattr(v, "item") else v) for k, v in row.items()} for row in plain.to_dict("records")]
