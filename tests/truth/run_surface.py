"""What a run says, read from the fixed surface of its folder alone: tables, rasters, manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from scipy.special import ndtri

from geo.grid import Grid
from tests.truth.hidden import LAYERS

__all__ = ["FIGURES", "RunSurface", "derived_sd", "open_run"]

_F64 = npt.NDArray[np.float64]
#: What is known of a layer in a cell, by any method.
FIGURES = ("probability", "level_dbm", "sd_db", "state")


@dataclass(frozen=True, slots=True)
class RunSurface:
    """A finished run.

    Attributes
    ----------
    folder : Path
    grid : Grid
    inside : (rows, columns) bool array
    counting : tuple of str
        Technologies that count.
    levels_dbm : mapping of str to float
        Planning level of each technology.
    cuts : tuple of float
        Probabilities from which a state is served, and up to which it is unserved.
    vehicle_loss_db, weak_households : float
    sd_source : str
        Where the error of the level comes from.
    mark : str
        Changes when any result changes.
    seconds : float
        The run's own time; 0 for what it took over from an earlier one.
    """

    folder: Path
    grid: Grid
    inside: npt.NDArray[np.bool_]
    counting: tuple[str, ...]
    levels_dbm: Mapping[str, float]
    cuts: tuple[float, float]
    vehicle_loss_db: float
    weak_households: float
    sd_source: str
    mark: str
    seconds: float

    @property
    def layers(self) -> dict[str, tuple[str, str]]:
        """Return (operator, technology) by name of the layers that count."""
        return {name: key for name, key in LAYERS.items() if key[1] in self.counting}

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the run as texts, with ``""`` for what is not known."""
        return pd.read_csv(self.folder / "tables" / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")

    def radio_cells(self) -> pd.DataFrame:
        """Return the radio cells that were predicted: operator, technology, lon, lat."""
        frame = pd.read_csv(self.folder / "rasters" / "radio_cells.csv", encoding="utf-8-sig")
        return frame[["operator", "technology", "lon", "lat"]]

    def at(self, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> dict[str, dict[str, _F64]]:
        """Return layer -> figure -> value in cells; cells outside the grid (-1) have none."""
        out: dict[str, dict[str, _F64]] = {}
        for name, (_, technology) in self.layers.items():
            found = {
                "probability": self._raster(f"{name}_probability.tif", row, column),
                "level_dbm": self._raster(f"{name}_rsrp_dbm.tif", row, column),
                "state": self._raster(f"{name}_state.tif", row, column),
            }
            sd_file = f"{name}_sd_db.tif"
            if (self.folder / "rasters" / sd_file).exists():
                found["sd_db"] = self._raster(sd_file, row, column)
            else:
                found["sd_db"] = derived_sd(found["probability"], found["level_dbm"], self.levels_dbm[technology])
            out[name] = found
        return out

    def _raster(self, name: str, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> _F64:
        with rasterio.open(self.folder / "rasters" / name) as dataset:
            if dataset.shape != self.grid.shape or dataset.transform != self.grid.transform:
                raise ValueError(f"{name} lies on another grid than all_state.tif")
            values = dataset.read(1).astype(np.float64)
            if dataset.nodata is not None and np.isfinite(dataset.nodata):
                values[values == dataset.nodata] = np.nan
        return np.where(row >= 0, values[np.maximum(row, 0), np.maximum(column, 0)], np.nan)


def derived_sd(probability: _F64, level_dbm: _F64, threshold_dbm: float) -> _F64:
    """Return the error that a probability implies: (level - threshold) / quantile of P.

    NaN where P is so near to 0, 1/2 or 1 that it implies nothing.
    """
    score = ndtri(np.clip(probability, 1e-9, 1 - 1e-9))
    margin = level_dbm - threshold_dbm
    told = (probability > 1e-5) & (probability < 1 - 1e-5) & (np.abs(margin) > 0.3) & (score * margin > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(told, margin / score, np.nan)


def open_run(folder: Path) -> RunSurface:
    """Open a finished run folder.

    Raises
    ------
    FileNotFoundError
        If the run was not finished.
    """
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    settings: Mapping[str, Any] = content["settings"]["coverage"]
    with rasterio.open(folder / "rasters" / "all_state.tif") as dataset:
        inside = dataset.read(1) != 0
        t = dataset.transform
        grid = Grid(int(dataset.crs.to_epsg()), t.c, t.f, t.a, dataset.height, dataset.width)
    has_sd = any((folder / "rasters" / f"{name}_sd_db.tif").exists() for name in LAYERS)
    return RunSurface(
        folder,
        grid,
        inside,
        tuple(settings["counting"]),
        {name: float(value) for name, value in settings["levels_dbm"].items()},
        (float(settings["served_probability"]), float(settings["unserved_probability"])),
        float(settings["vehicle_loss_db"]),
        float(content["settings"]["villages"]["weak_cluster_households"]),
        "rasters/*_sd_db.tif" if has_sd else "from probability, level and planning level",
        hashlib.sha256(json.dumps(content["outputs"], sort_keys=True).encode()).hexdigest(),
        float(sum(stage["seconds"] for stage in content["run"]["stages"].values())),
    )
