"""The truth in the form in which results are scored against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.sample.frame import FloatArray, Lattice
from geo.sample.names import OPERATORS, commune_code
from geo.sample.settlements import Settlements
from geo.sample.truth import SERVICE_LEVEL_DBM, TECHNOLOGIES, Levels, RadioTruth
from geo.sample.units import Units

__all__ = ["TruthTables", "grid_truth", "truth_tables"]

_WEAK_HOUSEHOLDS = 10


@dataclass(frozen=True, slots=True)
class TruthTables:
    """The truth as tables.

    Attributes
    ----------
    villages : DataFrame
        village_id, commune_code, lon, lat, one level column per operator and technology (NaN beyond all
        reach), operators_serving (count), served_3g/4g/5g, households_unserved, class, weak.
    hamlets : DataFrame
        village_id, hamlet, main, lon, lat, households, households_unserved, best_4g_dbm.
    ledger : DataFrame
        What the lists state falsely.
    """

    villages: pd.DataFrame
    hamlets: pd.DataFrame
    ledger: pd.DataFrame


def _served(levels: Levels) -> npt.NDArray[np.bool_]:
    """Return (operators, n): served by any technology at the truth's own levels."""
    return np.asarray(
        [
            np.any([levels.level_dbm[(o, t)] >= SERVICE_LEVEL_DBM[t] for t in TECHNOLOGIES], axis=0)
            for o in OPERATORS
        ]
    )


def truth_tables(
    radio: RadioTruth, settlements: Settlements, ledger: pd.DataFrame
) -> tuple[TruthTables, Levels]:
    """Return village and hamlet truth, and the levels at every house."""
    villages, hamlets, buildings = settlements.villages, settlements.hamlets, settlements.buildings
    at_points = radio.levels(villages["lon"].to_numpy(), villages["lat"].to_numpy())
    at_houses = radio.levels(buildings["lon"].to_numpy(), buildings["lat"].to_numpy())
    owner = buildings["hamlet"].to_numpy()
    dark = ~_served(at_houses).any(axis=0)
    unserved = np.bincount(owner, weights=dark, minlength=len(hamlets)).astype(int)
    best = np.max([at_houses.level_dbm[(o, "4G")] for o in OPERATORS], axis=0).astype(np.float64)
    best = np.where(np.isfinite(best), best, -200.0)
    mean = np.bincount(owner, weights=best, minlength=len(hamlets)) / np.bincount(
        owner, minlength=len(hamlets)
    )
    village = hamlets["village"].to_numpy()
    hamlet_table = pd.DataFrame(
        {
            "village_id": villages["village_id"].to_numpy()[village],
            "hamlet": hamlets.groupby("village").cumcount() + 1,
            "main": hamlets["main"],
            "lon": np.round(hamlets["lon"], 6),
            "lat": np.round(hamlets["lat"], 6),
            "households": hamlets["households"],
            "households_unserved": unserved,
            "mean_best_4g_dbm": np.round(mean, 1),
        }
    )
    table = pd.DataFrame(
        {
            "village_id": villages["village_id"],
            "commune_code": [commune_code(k) for k in villages["commune"]],
            "lon": villages["lon"],
            "lat": villages["lat"],
        }
    )
    for operator in OPERATORS:
        for technology in TECHNOLOGIES:
            level = at_points.level_dbm[(operator, technology)].astype(np.float64)
            name = f"{operator.replace('Mạng ', 'mang_').lower()}_{technology.lower()}_dbm"
            table[name] = np.round(np.where(np.isfinite(level), level, np.nan), 1)
    served = _served(at_points)
    for technology in TECHNOLOGIES:
        levels = [at_points.level_dbm[(o, technology)] for o in OPERATORS]
        table[f"served_{technology.lower()}"] = np.max(levels, axis=0) >= SERVICE_LEVEL_DBM[technology]
    table["operators_serving"] = served.sum(axis=0)
    table["households_unserved"] = np.bincount(village, weights=unserved, minlength=len(villages)).astype(int)
    cluster = np.bincount(village, weights=unserved >= _WEAK_HOUSEHOLDS, minlength=len(villages)) > 0
    reached = served.any(axis=0)
    table["weak"] = reached & cluster
    no_4g = reached & ~(table["served_4g"] | table["served_5g"]).to_numpy()
    single = served.sum(axis=0) == 1
    table["class"] = np.select(
        [~reached, reached & cluster, no_4g, single], ["white", "weak", "no_4g", "single_operator"], "served"
    )
    return TruthTables(table, hamlet_table, ledger), at_houses


def grid_truth(radio: RadioTruth, units: Units) -> tuple[dict[tuple[str, str], FloatArray], Lattice]:
    """Return the true best level on the 6 arc-second lattice, NaN outside the province."""
    lattice = radio.lattice
    lon, lat = lattice.centres()
    row, column = radio.terrain.coarse.cell(lon, lat)
    inside = units.label[row, column] >= 0
    levels = radio.levels(lon[inside], lat[inside])
    out = {}
    for key, level in levels.level_dbm.items():
        raster = np.full(lattice.shape, np.nan)
        raster[inside] = np.where(np.isfinite(level), np.maximum(level, -200.0), -200.0)
        out[key] = raster
    return out, lattice
