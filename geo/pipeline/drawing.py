"""Joint draws of a run, for the stages that need them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.crs import from_wgs84
from geo.fusion.draws import LayerDraws
from geo.pipeline.calibrating import load_corrections
from geo.pipeline.predicting import Predicted, layer_names, load_radio
from geo.pipeline.settings import AnalysisSettings

__all__ = ["run_draws"]

#: Two operators' lists of one mast differ by so much.
_ONE_MAST_M = 60.0


def run_draws(upstream: Mapping[str, Path], settings: AnalysisSettings, predicted: Predicted) -> LayerDraws | None:
    """Return draws of a run's layers; None where nothing was measured: a default error says nothing of what belongs together.

    Parameters
    ----------
    upstream : mapping
        Folders of the stages ``calibration`` and ``coverage``.
    settings : AnalysisSettings
    predicted : Predicted
    """
    learnt = load_corrections(upstream["calibration"])
    if learnt is None:
        return None
    coverage = predicted.coverage
    names = tuple(f"field_{name}" for name in layer_names(coverage.layers))
    levels = tuple(settings.coverage.levels_dbm.get(technology, float("nan")) for _, technology in coverage.layers)
    radio = load_radio(upstream["coverage"])
    masts = None if radio is None else _masts(radio[0], coverage.grid.epsg)
    return LayerDraws(
        upstream["coverage"], names, levels, coverage.grid, settings.fusion, learnt[0].place_correlation, learnt[0].site_correlation, masts
    )


def _masts(radio: pd.DataFrame, epsg: int) -> npt.NDArray[np.int64]:
    """Return the mast of each radio cell by its number: places no further apart than lists of one mast are."""
    x, y = from_wgs84(radio["lon"].to_numpy(float), radio["lat"].to_numpy(float), epsg)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(_ONE_MAST_M, output_type="ndarray")
    n = len(radio)
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    group = connected_components(joined, directed=False)[1]
    number = radio["index"].to_numpy(dtype=np.int64)
    out = np.full(int(number.max()) + 1, -1, dtype=np.int64)
    out[number] = group
    return out
