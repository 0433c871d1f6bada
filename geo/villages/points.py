"""The cell that speaks for a village: that of its representative point, or at the area's edge the nearest of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.coverage import Coverage, State
from geo.crs import from_wgs84

__all__ = ["village_points"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
#: How far from the point the centre of such a cell may lie, in cells: a cell belongs to the area by its centre, so that a village inside its
#: commune may stand in a cell that does not; and boundaries are drawn to about so much.
_EDGE_CELLS = 2.0


def village_points(
    lon: _F64, lat: _F64, coverage: Coverage, cells_of_villages: npt.NDArray[np.int32] | None
) -> tuple[_I64, _I64]:
    """Return row and column of the cell that speaks for each village; -1 where none does.

    Parameters
    ----------
    lon, lat : (n,) float64 arrays
        EPSG:4326; NaN without position.
    coverage : Coverage
    cells_of_villages : (rows, columns) int32 array or None
        Position of the village that each cell belongs to (:func:`geo.villages.village_cells`); None leaves points as they are.
    """
    grid = coverage.grid
    x, y = from_wgs84(lon, lat, grid.epsg)
    row, column = grid.locate(x, y)
    if cells_of_villages is None or not len(coverage.layers):
        return row, column
    r, c = np.maximum(row, 0), np.maximum(column, 0)
    outside = np.ones(len(row), dtype=bool)
    for i in range(len(coverage.layers)):  # one layer at a time: the arrays may be files
        outside &= (row < 0) | (np.asarray(coverage.state[i][r, c]) == State.OUTSIDE)
    outside &= np.isfinite(x) & np.isfinite(y)
    centre_x, centre_y = grid.centres()
    for i in np.flatnonzero(outside).tolist():
        own_row, own_column = np.nonzero(cells_of_villages == i)
        if not own_row.size:
            continue
        away = np.hypot(centre_x[own_column] - x[i], centre_y[own_row] - y[i])
        best = int(np.argmin(away))
        if away[best] <= _EDGE_CELLS * grid.cell_size:
            row[i], column[i] = own_row[best], own_column[best]
    return row, column
