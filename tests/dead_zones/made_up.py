"""Made-up coverage drawn as text, one letter per cell; invented operators A, B, C."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings, State, coverage_settings, technology_rules
from geo.crs import from_wgs84, to_wgs84
from geo.dead_zones import DeadZones, Places, dead_zone_settings, find_dead_zones
from geo.grid import Grid

EPSG = 9210
X, Y = (float(np.round(v[0], -2)) for v in from_wgs84([105.5], [22.5], EPSG))
LATE, EARLY = date(2026, 11, 1), date(2026, 6, 1)
#: Served, unserved, uncertain, unknown, outside; measured ones in capitals.
LETTERS = {
    "s": State.PREDICTED_SERVED, "S": State.MEASURED_SERVED, "x": State.PREDICTED_UNSERVED, "X": State.MEASURED_UNSERVED,
    "?": State.UNCERTAIN, "u": State.UNKNOWN, ".": State.OUTSIDE,
}  # fmt: skip
#: Nothing is too small to be listed.
EVERYTHING = {"least_area_km2": 0.0, "least_people": 0.0, "least_road_km": 0.0}


def grid_of(shape: tuple[int, int]) -> Grid:
    return Grid(EPSG, X, Y, 100.0, *shape)


def states(picture: str) -> npt.NDArray[np.uint8]:
    return np.array([[LETTERS[letter] for letter in line.strip()] for line in picture.strip().splitlines()], dtype=np.uint8)


def covered(layers: Mapping[tuple[str, str], str | npt.NDArray[np.uint8]], indoors: str | None = None) -> Coverage:
    """Coverage from pictures; a single letter stands for all cells."""
    drawn = {name: states(value) if isinstance(value, str) else value for name, value in layers.items()}
    shape = max((value.shape for value in drawn.values()), key=lambda s: s[0] * s[1])
    names = tuple(sorted(drawn))
    state = np.stack([np.broadcast_to(drawn[n], shape) for n in names]).copy()
    level = np.select([state <= 2, state == 3, state < 6], [-80.0, -110.0, -140.0], np.nan).astype(np.float32)
    probability = np.select([state <= 2, state == 3, state < 6], [0.99, 0.5, 0.01], np.nan).astype(np.float32)
    made = Coverage(grid_of(shape), names, level, probability, probability.copy(), state, np.zeros_like(state))
    if indoors is None:
        return made
    outdoors = made.all_state(rules().counting)
    by_use = np.stack([outdoors, outdoors, np.broadcast_to(states(indoors), shape)])
    return Coverage(made.grid, names, level, probability, made.margin_sd, state, made.reason, by_use)


def rules(on: date = LATE) -> CoverageSettings:
    return coverage_settings(technology_rules("vn-2026", on))


def place(row: float, column: float) -> dict[str, float]:
    """The centre of a cell."""
    lon, lat = to_wgs84([X + (column + 0.5) * 100], [Y - (row + 0.5) * 100], EPSG)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


def villages(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "village_id": "v", "village_name": "Bản", "commune_code": "00001", "households": np.nan, "population": np.nan,
        "difficult_area": pd.NA, "weak": pd.NA, "class": "white", "cluster_basis": "", "deadline": "",
    }  # fmt: skip
    return pd.DataFrame([{**base, "village_id": f"v{i}", **row} for i, row in enumerate(rows)])


def found_in(coverage: Coverage, places: Places | None = None, *, on: date = LATE, **options: Any) -> DeadZones:
    """Dead zones with everything listed, unless settings say otherwise."""
    zone_settings = dead_zone_settings(**{**EVERYTHING, **options.pop("zone_settings", {})})
    options.setdefault("weak_cluster_households", 10)
    return find_dead_zones(coverage, rules(on), places or Places(), on=on, zone_settings=zone_settings, **options)
