"""Zones that make villages weak: a cluster of households without signal while the village's point is served.

A zone of cells that every operator leaves unserved is ``weak`` if it holds no village's point and a cluster of at
least N households of a weak village; else it is ``white``. So a village is white because its point lies in a white
zone, and weak because its cluster lies in a weak zone or at the edge of a white one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import find_objects, label

from geo.crs import from_wgs84
from geo.dead_zones.surroundings import Places
from geo.dead_zones.zones import Zones
from geo.errors import GridMismatchError
from geo.grid import Grid

__all__ = ["households_on_grid", "weak_clusters"]

_BOOL = npt.NDArray[np.bool_]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I32 = npt.NDArray[np.int32]
_EIGHT = np.ones((3, 3), dtype=int)


def households_on_grid(
    villages: pd.DataFrame,
    cells_of_villages: _I32,
    grid: Grid,
    *,
    buildings: pd.DataFrame | None,
    population: _F64 | None,
    persons_per_household: float,
) -> _F64:
    """Return households per cell, as the clusters of :func:`geo.villages.classify_villages` weigh them.

    A village's households lie on its buildings, else on its people (``cluster_basis``), scaled to its own
    figure; without a figure a building is a household, and people are divided by the size of one.

    Parameters
    ----------
    villages : DataFrame
        Result of :func:`geo.villages.classify_villages`.
    cells_of_villages : (rows, columns) int32 array
        Village of each cell, by position in ``villages``.
    grid : Grid
    buildings : DataFrame or None
        ``lon``, ``lat``, EPSG:4326.
    population : (rows, columns) float64 array or None
        People per cell; NaN unknown.
    persons_per_household : float

    Returns
    -------
    (rows, columns) float64 array
        NaN outside villages and in those with neither basis.
    """
    if cells_of_villages.shape != grid.shape or (population is not None and population.shape != grid.shape):
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    n = len(villages)
    basis = villages["cluster_basis"].to_numpy(dtype=object)
    given = villages["households"].to_numpy(dtype=np.float64, na_value=np.nan)
    out = np.full(grid.shape, np.nan)
    owned = cells_of_villages >= 0
    place = cells_of_villages[owned].astype(np.int64)
    weights: list[tuple[str, _F64 | None, float]] = [
        ("buildings", None if buildings is None else _houses(buildings, grid), 1.0),
        ("population", None if population is None else np.nan_to_num(population), 1.0 / persons_per_household),
    ]
    for name, weight, unscaled in weights:
        mine = basis == name
        if weight is None or not mine.any():
            continue
        total = np.bincount(place, weight[owned], minlength=n)
        scale = np.where(np.isfinite(given) & (total > 0), given / np.where(total > 0, total, 1.0), unscaled)
        chosen = mine[place]
        row, column = np.nonzero(owned)
        out[row[chosen], column[chosen]] = weight[row[chosen], column[chosen]] * scale[place[chosen]]
    return out


def weak_clusters(zones: Zones, places: Places, least_households: float) -> tuple[_I64, _I64]:
    """Return the zones that hold a weak village's cluster, and that village; each pair once.

    Parameters
    ----------
    zones : Zones
        Of cells that every operator leaves unserved.
    places : Places
        Without villages, their cells or households there is nothing to tell: the result is empty.
    least_households : float
        N of :class:`geo.villages.VillageSettings`.
    """
    none = np.empty(0, dtype=np.int64)
    table, owned, households = places.villages, places.cells_of_villages, places.households
    if table is None or owned is None or households is None or not len(zones):
        return none, none
    weak = table["weak"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    windows = find_objects(owned + 1, max_label=len(table))
    pairs: set[tuple[int, int]] = set()
    for i in np.flatnonzero(weak):
        window = windows[i]
        if window is None:
            continue
        # Cells of different zones never touch, so a cluster lies in one zone.
        cluster, n = label((owned[window] == i) & (zones.label[window] >= 0), structure=_EIGHT)
        size = np.bincount(cluster.ravel(), np.nan_to_num(households[window]).ravel(), minlength=n + 1)
        for k in np.flatnonzero(size[1:] >= least_households) + 1:
            pairs.add((int(zones.label[window][cluster == k][0]), int(i)))
    ordered = sorted(pairs)
    return np.array([z for z, _ in ordered], dtype=np.int64), np.array([v for _, v in ordered], dtype=np.int64)


def _houses(buildings: pd.DataFrame, grid: Grid) -> _F64:
    x, y = from_wgs84(buildings["lon"].to_numpy(float), buildings["lat"].to_numpy(float), grid.epsg)
    row, column = grid.locate(x, y)
    hit = row >= 0
    flat = np.bincount(row[hit] * grid.columns + column[hit], minlength=grid.rows * grid.columns)
    return flat.astype(np.float64).reshape(grid.shape)
