"""Three by three cells of 100 m with two operators, and what is needed to class a place in the middle."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from affine import Affine
from rasterio.io import MemoryFile

from geo.coverage import Coverage, CoverageSettings, Reason, coverage_settings, technology_rules
from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.io.files import write_bytes
from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.ground import GroundModel, ground_settings
from geo.validation import IssueLog
from geo.villages import classify_villages, village_settings

EPSG = 9210
LON, LAT = 105.5, 22.5
X, Y = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
GRID = Grid(EPSG, X, Y, 100.0, 3, 3)
LATE, EARLY = date(2026, 11, 1), date(2026, 6, 1)
SETTINGS = village_settings(weak_cluster_households=10, persons_per_household=4)
ALL_MINE = np.zeros(GRID.shape, np.int32)

A2, A3, A4, B3, B4 = ("A", "2G"), ("A", "3G"), ("A", "4G"), ("B", "3G"), ("B", "4G")


@lru_cache(maxsize=4)
def rules(on: date = LATE) -> CoverageSettings:
    return coverage_settings(technology_rules("vn-2026", on))


def place(row: float, column: float) -> dict[str, float]:
    """The centre of a cell."""
    lon, lat = to_wgs84([X + (column + 0.5) * 100], [Y - (row + 0.5) * 100], EPSG)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


def villages(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "village_id": "v", "village_name": "Bản", "commune_code": "00001", **place(1, 1), "point_kind": "centroid",
        "households": np.nan, "population": np.nan, "grid_power": pd.NA, "difficult_area": pd.NA,
    }  # fmt: skip
    return pd.DataFrame([{**base, "village_id": f"v{i}", **row} for i, row in enumerate(rows)])


def facilities(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {"facility_name": "Trường", "kind": "school", "commune_code": "00001", **place(1, 1)}
    return pd.DataFrame([{**base, "facility_id": f"f{i}", **row} for i, row in enumerate(rows)])


def covered(layers: dict[tuple[str, str], Any], reason: Reason = Reason.TERRAIN, by_use: Any = None) -> Coverage:
    """Coverage from state codes, one number for all cells or an array; levels and probabilities that go with them."""
    names = tuple(sorted(layers))
    state = np.stack([np.broadcast_to(np.asarray(layers[n], np.uint8), GRID.shape) for n in names]).copy()
    served, unserved = np.isin(state, (1, 2)), np.isin(state, (4, 5))
    level = np.select([served, state == 3, unserved], [-80.0, -110.0, -140.0], np.nan).astype(np.float32)
    probability = np.select([served, state == 3, unserved], [0.99, 0.5, 0.01], np.nan).astype(np.float32)
    margin = np.select([served, state == 3, unserved], [2.3, 0.0, -2.3], np.nan).astype(np.float32)
    uses = None if by_use is None else np.broadcast_to(np.asarray(by_use, np.uint8)[:, None, None], (3, *GRID.shape)).copy()
    return Coverage(GRID, names, level, probability, margin, state, np.where(state == 6, reason, 0).astype(np.uint8), uses)


def sites(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {"operator": "A", "status": "on_air", "site_name": ""}
    frame = pd.DataFrame([{**base, "site_id": f"s{i}", **row} for i, row in enumerate(rows)])
    return frame if len(frame) else pd.DataFrame({k: pd.Series(dtype=t) for k, t in (("operator", str), ("site_id", str), ("status", str), ("lon", float), ("lat", float))})


def houses(*cells: tuple[int, int, int]) -> pd.DataFrame:
    """Buildings: row, column, how many."""
    return pd.DataFrame([place(r, c) for r, c, n in cells for _ in range(n)], columns=["lon", "lat"])


def classed(table: pd.DataFrame, coverage: Coverage, *, on: date = LATE, owned: Any = None, **options: Any) -> pd.DataFrame:
    return classify_villages(
        table, coverage, options.pop("sites", sites()), cells_of_villages=ALL_MINE if owned is None else owned,
        settings=options.pop("settings", rules(on)), village_settings=SETTINGS, **options,
    )  # fmt: skip


def one(states: dict[tuple[str, str], Any], **options: Any) -> pd.Series:
    """The village in the middle cell that owns all nine."""
    return classed(villages({}), covered(states), **options).iloc[0]


def facts(*rows: tuple[int, str, str, int, str]) -> pd.DataFrame:
    """What was measured: place, operator, technology, samples, last time."""
    frame = pd.DataFrame(rows, columns=["place", "operator", "technology", "samples", "last_time"])
    return frame.assign(last_time=[pd.Timestamp(text) for text in frame["last_time"]])


def ridged(folder: Path) -> GroundModel:
    """Ground at 100 m with a ridge of 400 m from north to south, 1.4 km west of the grid; 3 arc-seconds."""
    step, side = 1 / 1200, 240
    heights = np.full((side, side), 100.0, np.float32)
    column = int((LON - 1400 / 102900 - (LON - side / 2 * step)) / step)
    heights[:, column - 1 : column + 2] = 400.0
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=1, dtype="float32", height=side, width=side, crs="EPSG:4326", nodata=-9999,
            transform=Affine(step, 0, LON - side / 2 * step, 0, -step, LAT + side / 2 * step),
        ) as f:  # fmt: skip
            f.write(heights, 1)
        write_bytes(folder / "dem.tif", memory.read())
    terrain = open_terrain([folder / "dem.tif"], kind="ground", log=IssueLog(issue_catalogue()))
    return GroundModel(terrain, None, ground_settings())
