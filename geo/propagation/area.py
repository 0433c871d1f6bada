"""Levels over a piece of the grid from the radio cells in reach of it.

One pass over geometry serves all radio cells at one place and height: the dominant edge of a profile
does not depend on the frequency (see single_edge.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from geo.errors import GridMismatchError
from geo.propagation.kernels import area_kernel
from geo.propagation.settings import CoverageSettings

__all__ = ["MODEL", "AreaLevels", "RadioSources", "predict_area"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Name and edition of the model, for every output.
MODEL = "free space + single knife edge (ITU-R P.525-4, P.526-15), baseline"


@dataclass(frozen=True, slots=True)
class RadioSources:
    """Radio cells as plain arrays, grouped by place and antenna height.

    Attributes
    ----------
    group_lon, group_lat : (g,) float64 arrays
        Antennas' places, EPSG:4326 degrees.
    group_x_m, group_y_m : (g,) float64 arrays
        The same in the grid's CRS.
    group_ground_m : (g,) float64 array
        Ground height; NaN on a terrain void.
    group_height_m : (g,) float64 array
        Antenna above ground.
    group_first : (g + 1,) int64 array
        Cells of group i are ``group_first[i]`` to ``group_first[i + 1]``.
    layer : (n,) int64 array
        Index of the (operator, technology) that the radio cell belongs to.
    frequency_mhz, eirp_dbm : (n,) float64 arrays
        Downlink frequency; EIRP of what the phone measures.
    ceiling_dbm : (n,) float64 array
        Greatest level that a phone can see: power of what it measures at the antenna connector less the
        minimum coupling loss.
    bearing_deg : (n,) float64 array
        Main direction clockwise from *grid* north; NaN omnidirectional.
    beamwidth_deg, front_to_back_db : (n,) float64 arrays
    threshold_dbm : (n,) float64 array
        Planning level; NaN none.
    sd_db : (n,) float64 array
        Standard deviation of the prediction for this radio cell.
    """

    group_lon: _F64
    group_lat: _F64
    group_x_m: _F64
    group_y_m: _F64
    group_ground_m: _F64
    group_height_m: _F64
    group_first: _I64
    layer: _I64
    frequency_mhz: _F64
    eirp_dbm: _F64
    ceiling_dbm: _F64
    bearing_deg: _F64
    beamwidth_deg: _F64
    front_to_back_db: _F64
    threshold_dbm: _F64
    sd_db: _F64

    @property
    def groups(self) -> int:
        """Number of places with antennas."""
        return len(self.group_lon)

    def near(self, bounds: tuple[float, float, float, float], reach_m: float) -> RadioSources:
        """Return the groups within ``reach_m`` of a box in the grid's CRS."""
        dx = np.maximum(0.0, np.maximum(bounds[0] - self.group_x_m, self.group_x_m - bounds[2]))
        dy = np.maximum(0.0, np.maximum(bounds[1] - self.group_y_m, self.group_y_m - bounds[3]))
        chosen = np.flatnonzero(np.hypot(dx, dy) <= reach_m)
        middle = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
        away = np.hypot(self.group_x_m[chosen] - middle[0], self.group_y_m[chosen] - middle[1])
        chosen = chosen[np.argsort(away, kind="stable")]  # near ones first: they spare the far ones
        counts = np.diff(self.group_first)[chosen]
        members = np.concatenate(
            [np.arange(self.group_first[g], self.group_first[g + 1]) for g in chosen] or [np.empty(0, np.int64)]
        )
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        picked = {
            f.name: getattr(self, f.name)[chosen if f.name.startswith("group_") else members]
            for f in fields(self)
            if f.name != "group_first"
        }
        return RadioSources(group_first=first, **picked)


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
