"""Levels over a piece of the grid from the radio cells in reach of it.

One pass over geometry serves all radio cells at one place and height: the dominant edge of a profile
does not depend on the frequency (see single_edge.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.errors import GridMismatchError
from geo.propagation.kernels import area_kernel
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings

__all__ = ["MODEL", "AreaLevels", "RadioSources", "predict_area"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]

#: Name and edition of the model, for every output.
MODEL = "free space + single knife edge (ITU-R P.525-4, P.526-15), baseline"


@dataclass(frozen=True, slots=True)
class AreaLevels:
    """Best server over a piece of the grid, per layer.

    Attributes
    ----------
    level_dbm : (layers, rows, columns) float32 array
        Level of the best server whose whole path is known; -inf if there is none in reach.
    margin_sd : (layers, rows, columns) float32 array
        Greatest (level − planning level) / sd over the same radio cells; -inf if none.
    bound_sd : (layers, rows, columns) float32 array
        The same over all radio cells in reach, those whose path crosses a terrain void counted with
        what is known of it (an upper bound); +inf where a radio cell without planning level reaches.
        Never less than ``margin_sd``.
    """

    level_dbm: _F32
    margin_sd: _F32
    bound_sd: _F32


def predict_area(
    *,
    heights: _F32,
    cell_row: _F64,
    cell_column: _F64,
    group_row: _F64,
    group_column: _F64,
    x_m: _F64,
    y_m: _F64,
    inside: npt.NDArray[np.bool_],
    sources: RadioSources,
    layers: int,
    settings: CoverageSettings,
) -> AreaLevels:
    """Return the best server's level over a piece of the grid.

    level = EIRP − free-space loss (P.525) − single knife-edge loss (P.526) − pattern loss, but never above
    the radio cell's ceiling: received power = sent power − max(path loss − gains, minimum coupling loss)
    (3GPP TR 36.942).

    Parameters
    ----------
    heights : (m, k) float32 array
        Terrain lattice, m; NaN void.
    cell_row, cell_column : (rows, columns) float64 arrays
        Position of the grid cells' centres in the lattice.
    group_row, group_column : (g,) float64 arrays
        Position of the antennas in the lattice (may lie outside: then their paths are unknown).
    x_m : (columns,) float64 array
    y_m : (rows,) float64 array
        Centres of the grid cells, metres of the grid's CRS.
    inside : (rows, columns) bool array
        Cells to predict.
    sources : RadioSources
    layers : int
        Number of (operator, technology) pairs.
    settings : CoverageSettings

    Raises
    ------
    GridMismatchError
        If the arrays' shapes do not fit together.
    """
    shape = (len(y_m), len(x_m))
    if not (inside.shape == cell_row.shape == cell_column.shape == shape) or len(group_row) != sources.groups:
        raise GridMismatchError(
            "Các mảng của một mảnh lưới không cùng kích thước.", "The arrays of a piece of the grid differ in shape."
        )
    if sources.layer.size and not (sources.layer.min() >= 0 and sources.layer.max() < layers):
        raise GridMismatchError("Chỉ số lớp nằm ngoài danh sách.", "A layer index is not in the list.")
    level = np.full((layers, *shape), -np.inf, dtype=np.float32)
    margin = np.full((layers, *shape), -np.inf, dtype=np.float32)
    bound = np.full((layers, *shape), -np.inf, dtype=np.float32)
    area_kernel(
        np.ascontiguousarray(heights, dtype=np.float32),
        np.ascontiguousarray(cell_row, dtype=np.float64),
        np.ascontiguousarray(cell_column, dtype=np.float64),
        np.ascontiguousarray(x_m, dtype=np.float64),
        np.ascontiguousarray(y_m, dtype=np.float64),
        np.ascontiguousarray(inside, dtype=np.bool_),
        sources.group_x_m,
        sources.group_y_m,
        np.ascontiguousarray(group_row, dtype=np.float64),
        np.ascontiguousarray(group_column, dtype=np.float64),
        sources.group_ground_m,
        sources.group_height_m,
        sources.group_first,
        sources.layer,
        sources.frequency_mhz,
        sources.eirp_dbm,
        sources.ceiling_dbm,
        sources.bearing_deg,
        sources.beamwidth_deg,
        sources.front_to_back_db,
        sources.threshold_dbm,
        sources.sd_db,
        float(settings.max_radius_m),
        float(settings.profile_step_m),
        float(settings.receiver_height_m),
        float(settings.effective_earth_radius_m),
        level,
        margin,
        bound,
    )
    return AreaLevels(level, margin, bound)
