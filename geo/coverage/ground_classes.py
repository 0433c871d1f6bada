"""Kinds of ground on which a prediction errs more or less: what stands there, and how steep it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.crs import to_wgs84
from geo.grid import Grid
from geo.io.land_cover import land_cover_classes
from geo.propagation.ground import GroundModel
from geo.propagation.settings import CoverageSettings

__all__ = ["ground_classes"]

_SLOPES = 4  # flat, hilly, steep, unknown


def ground_classes(ground: GroundModel, grid: Grid, settings: CoverageSettings) -> npt.NDArray[np.uint8]:
    """Return a code for each cell: 4 times the kind of clutter (0 unknown) plus the class of slope (3 unknown).

    The slope is that of the ground between the neighbouring cells' centres.

    Parameters
    ----------
    ground : GroundModel
    grid : Grid
        In metres.
    settings : CoverageSettings
        ``hilly_slope_deg`` and ``steep_slope_deg`` part the slopes.
    """
    x, y = grid.centres()
    size = grid.cell_size
    # A frame of one cell around the grid, so that every cell has its neighbours.
    wide, tall = np.r_[x[0] - size, x, x[-1] + size], np.r_[y[0] + size, y, y[-1] - size]
    all_x, all_y = np.meshgrid(wide, tall)
    lon, lat = to_wgs84(all_x.ravel(), all_y.ravel(), grid.epsg)
    height = ground.ground_height(lon, lat).reshape(all_x.shape)
    east = (height[1:-1, 2:] - height[1:-1, :-2]) / (2.0 * size)
    north = (height[:-2, 1:-1] - height[2:, 1:-1]) / (2.0 * size)
    slope = np.degrees(np.arctan(np.hypot(east, north)))
    steepness = np.digitize(slope, (settings.hilly_slope_deg, settings.steep_slope_deg)).astype(np.uint8)
    steepness[np.isnan(slope)] = _SLOPES - 1
    if ground.land_cover is None:
        return steepness
    kinds = {name: i for i, name in enumerate(sorted({c.clutter for c in land_cover_classes().values()}), start=1)}
    table = np.zeros(256, dtype=np.uint8)
    for code, found in land_cover_classes().items():
        table[code] = kinds[found.clutter]
    return np.asarray(_SLOPES * table[ground.land_cover.to_grid(grid)] + steepness, dtype=np.uint8)
