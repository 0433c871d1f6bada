"""A made-up run folder and truth of a few hundred cells, whose true law is known exactly."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from scipy.special import ndtr

from geo.crs import to_wgs84
from geo.grid import Grid
from tests.truth.hidden import LAYERS, HiddenTruth

__all__ = ["GRID", "LEVELS_DBM", "MadeUp", "made_up", "write_run"]

_F64 = npt.NDArray[np.float64]
GRID = Grid(9210, 430_000.0, 2_440_000.0, 100.0, 30, 30)
LEVELS_DBM = {"2G": -95.0, "3G": -100.0, "4G": -110.0, "5G": -110.0}
SD_DB = 6.0
CUTS = (0.9, 0.1)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Mean level of each layer in each cell, and truth drawn about it.

    Attributes
    ----------
    mean_dbm : dict of layer to (rows, columns) array
    truth : HiddenTruth
    """

    mean_dbm: Mapping[str, _F64]
    truth: HiddenTruth


def made_up(seed: int = 1, points: int = 4) -> MadeUp:
    """Return means that vary from layer to layer and truth with a normal error of ``SD_DB`` at every place."""
    rng = np.random.default_rng(seed)
    mean = {name: rng.normal(LEVELS_DBM[t], 9.0, GRID.shape) for name, (_, t) in LAYERS.items()}
    inside = np.ones(GRID.shape, dtype=bool)
    inside[0] = False
    row, column = (np.repeat(v, points) for v in np.nonzero(inside))
    truth = _places(rng, mean, row, column)
    truth["terrain"], truth["cover"] = rng.integers(0, 2, len(truth)), rng.integers(0, 6, len(truth))
    few = rng.choice(len(row), 30, replace=False)
    villages = _places(rng, mean, row[few], column[few]).drop(columns=["row", "column"])
    villages.insert(0, "village_id", [f"v{k}" for k in range(30)])
    villages.insert(1, "commune_code", ["99001"] * 15 + ["99002"] * 15)
    villages["population"], villages["households"] = 400, 100
    villages["terrain"], villages["cover"] = 0, rng.integers(0, 6, 30)
    home = np.repeat(np.arange(30), 40)
    houses = _places(rng, mean, row[few][home], column[few][home]).drop(columns=["row", "column"])
    houses["village"], houses["hamlet"], houses["seen_from"], houses["people"] = home, home, home, 10.0
    people = _places(rng, mean, row[few], column[few])[["lon", "lat", "row", "column"]]
    people["commune_code"], people["people"] = villages["commune_code"].to_numpy(), 100.0
    return MadeUp(mean, HiddenTruth(truth, villages, houses, people))


def _places(
    rng: np.random.Generator, mean: Mapping[str, _F64], row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> pd.DataFrame:
    x = GRID.x_min + (column + rng.random(len(row))) * GRID.cell_size
    y = GRID.y_max - (row + rng.random(len(row))) * GRID.cell_size
    lon, lat = to_wgs84(x, y, GRID.epsg)
    frame = pd.DataFrame({"lon": lon, "lat": lat, "row": row, "column": column})
    levels = {name: (m[row, column] + rng.normal(0, SD_DB, len(row))).astype(np.float32) for name, m in mean.items()}
    return frame.assign(**levels)


def write_run(
    folder: Path, made: MadeUp, *, sd_db: float = SD_DB, shift_db: float = 0.0, with_sd: bool = True, classes: list[str] | None = None
) -> Path:
    """Write what a run writes that says mean + shift and ``sd_db`` in each cell."""
    rasters, tables = folder / "rasters", folder / "tables"
    rasters.mkdir(parents=True)
    tables.mkdir()

    def raster(name: str, values: npt.NDArray[np.float32] | npt.NDArray[np.uint8]) -> None:
        profile = {"driver": "GTiff", "height": GRID.rows, "width": GRID.columns, "count": 1, "dtype": values.dtype.name,
                   "crs": "EPSG:9210", "transform": GRID.transform, "nodata": np.nan if values.dtype == np.float32 else None}  # fmt: skip
        with rasterio.open(rasters / name, "w", **profile) as dataset:
            dataset.write(values, 1)

    inside = np.ones(GRID.shape, dtype=np.uint8)
    inside[0] = 0
    raster("all_state.tif", (3 * inside).astype(np.uint8))
    for name, (_, technology) in LAYERS.items():
        level = made.mean_dbm[name] + shift_db
        chance = ndtr((level - LEVELS_DBM[technology]) / sd_db)
        state = np.select([inside == 0, chance >= CUTS[0], chance <= CUTS[1]], [0, 2, 4], 3)
        for kind, values in (("probability", chance), ("rsrp_dbm", level), ("sd_db", np.full(GRID.shape, sd_db))):
            if kind != "sd_db" or with_sd:
                raster(f"{name}_{kind}.tif", np.where(inside, values, np.nan).astype(np.float32))
        raster(f"{name}_state.tif", state.astype(np.uint8))
    villages = made.truth.villages
    _table(tables / "villages.csv", [{"village_id": v, "class": (classes or ["served"] * len(villages))[k], "weak": ["TRUE", "FALSE", ""][k % 3]}
                                     for k, v in enumerate(villages["village_id"])])  # fmt: skip
    _table(tables / "communes.csv", [
        {"commune_code": c, "population": 6000, "population_unserved_share": 0.1, "population_uncertain_share": 0.2, "population_unknown_share": 0.05}
        for c in ("99001", "99002")])  # fmt: skip
    x, y = GRID.x_min + 1500.0, GRID.y_max - 1500.0
    lon, lat = to_wgs84(np.array([x]), np.array([y]), GRID.epsg)
    _table(rasters / "radio_cells.csv", [{"index": k, "operator": o, "technology": t, "lon": lon[0], "lat": lat[0]} for k, (o, t) in enumerate(LAYERS.values())])
    settings = {
        "coverage": {"counting": ["3G", "4G", "5G"], "levels_dbm": LEVELS_DBM, "served_probability": CUTS[0], "unserved_probability": CUTS[1],
                     "vehicle_loss_db": 9.0},
        "villages": {"weak_cluster_households": 10.0},
    }  # fmt: skip
    manifest = {"settings": settings, "outputs": {"a": f"{sd_db} {shift_db}"}, "run": {"stages": {"coverage": {"seconds": 2.5}}}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def _table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
