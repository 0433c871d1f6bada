"""How far the best of a tile's radio cells lies above the planning level, outdoors, in standard deviations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from geo.coverage.pieces import TileTask, predict_tile

__all__ = ["margins"]


def margins(tile: TileTask) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.floating[Any]]]:
    """Return margin and bound outdoors of every layer of a tile, in standard deviations.

    Parameters
    ----------
    tile : TileTask

    Returns
    -------
    margin, bound : (layers, rows, columns) float arrays
        (level - planning level) / sd, -inf where nothing is in reach, and the most it may be where the path is not all known.
    """
    levels = predict_tile(tile)
    if levels.best is None:
        return levels.margin_sd[0], levels.bound_sd[0]
    threshold = np.array([tile.settings.levels_dbm.get(t, np.nan) for _, t in tile.facts.layers])[:, None, None]
    common = 0.0 if tile.corrections is None else tile.corrections.common_sd_db
    mean, variance = levels.best.moments[0].astype(np.float64), levels.best.moments[1].astype(np.float64)
    known = np.isfinite(mean) & np.isfinite(threshold)
    with np.errstate(invalid="ignore"):
        margin = np.where(known, (mean - threshold) / np.sqrt(variance + common**2), -np.inf)
        most = (levels.best.bound_dbm - threshold) / tile.settings.model_error_sd_db
    return margin, np.fmax(margin, np.where(np.isfinite(threshold) & (levels.best.bound_dbm > -np.inf), most, -np.inf))
