"""Clusters of households that nobody serves: where they are and how many live there.

Households lie on buildings, else on populated cells of the population raster, within the village's cells.
A cluster is a set of unserved cells that touch each other, corners included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import find_objects, label

from geo.coverage import Coverage, CoverageSettings, State
from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.villages.chances import OpenVillage, cluster_chances, open_cells
from geo.villages.places import SERVED, UNSERVED, evidence_of
from geo.villages.settings import VillageSettings
from geo.villages.white import Draws

__all__ = ["CLUSTER_COLUMNS", "Cluster", "VillageClusters", "find_clusters", "weak_clusters"]

_F64 = npt.NDArray[np.float64]
_EIGHT = np.ones((3, 3), dtype=int)

#: Columns of :func:`weak_clusters`.
CLUSTER_COLUMNS = (
    "village_id", "village_name", "commune_code", "cluster", "households", "cells", "lon", "lat", "evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Unserved cells of a village that touch each other.

    Attributes
    ----------
    village : int
        Position in the list.
    households : float
    row, column : (n,) int64 arrays
        All its cells, in the grid's order.
    centre : int
        Position in ``row`` and ``column`` of the cell with households that lies nearest to their centre of
        gravity: the middle of a bent cluster would lie outside it.
    """

    village: int
    households: float
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    centre: int

    def place(self, grid: Grid) -> tuple[float, float]:
        """Return longitude and latitude of the centre, EPSG:4326."""
        x, y = grid.centres()
        lon, lat = to_wgs84([x[self.column[self.centre]]], [y[self.row[self.centre]]], grid.epsg)
        return float(lon[0]), float(lat[0])

    def states(self, coverage: Coverage, technologies: tuple[str, ...]) -> list[State]:
        """Return the states of all layers that count in all its cells."""
        counting = [i for i, (_, technology) in enumerate(coverage.layers) if technology in technologies]
        found = [coverage.state[i][self.row, self.column] for i in counting]
        return [State(int(code)) for code in np.concatenate(found)] if found else []


@dataclass(frozen=True, slots=True, eq=False)
class VillageClusters:
    """Households of villages and their clusters.

    Attributes
    ----------
    basis : tuple of str
        What households lie on: ``buildings``, ``population``, ``cells`` (nothing, so clusters are not known)
        or empty (no cell is the village's).
    largest, largest_open : (n,) float64 arrays
        Households of the largest unserved cluster, and of the largest one if undecided cells were unserved too.
    unserved : tuple of Cluster
        Those of at least N households, by village, the largest first. Where the draws alone say that there is one: what
        is unserved in most of them, of any size.
    chance : (n,) float64 array
        P that there is an unserved cluster of at least N households, from joint draws; NaN where the states settle it,
        where nothing was drawn or a layer is not known.
    households, population : (n,) float64 arrays
        The list's, else counted in the village's cells; NaN not known.
    """

    basis: tuple[str, ...]
    largest: _F64
    largest_open: _F64
    unserved: tuple[Cluster, ...]
    chance: _F64
    households: _F64
    population: _F64

    def by_village(self) -> dict[int, list[Cluster]]:
        """Return the clusters of each village that has any, the largest first."""
        found: dict[int, list[Cluster]] = {}
        for cluster in self.unserved:
            found.setdefault(cluster.village, []).append(cluster)
        return found


def find_clusters(
    villages: pd.DataFrame,
    coverage: Coverage,
    *,
    cells_of_villages: npt.NDArray[np.int32],
    settings: CoverageSettings,
    village_settings: VillageSettings,
    buildings: pd.DataFrame | None = None,
    population: _F64 | None = None,
    draws: Draws | None = None,
) -> VillageClusters:
    """Return the households of villages and their unserved clusters.

    Parameters
    ----------
    villages : DataFrame
        households, population (NaN not given).
    coverage : Coverage
    cells_of_villages : (rows, columns) int32 array
        See :func:`geo.villages.village_cells`.
    settings : CoverageSettings
    village_settings : VillageSettings
    buildings : DataFrame, optional
        ``lon``, ``lat``, EPSG:4326.
    population : (rows, columns) float64 array, optional
        People per cell; NaN unknown.
    draws : callable, optional
        Joint draws of the field, by which clusters are looked for where the states leave it open.
    """
    n, grid = len(villages), coverage.grid
    owned = cells_of_villages >= 0
    place = cells_of_villages[owned].astype(np.int64)
    houses = _per_cell(buildings, grid)
    people = None if population is None else np.where(np.isfinite(population), population, 0.0)
    zero = np.zeros(n)
    houses_of = zero if houses is None else np.bincount(place, houses[owned], minlength=n)
    people_of = zero if people is None else np.bincount(place, people[owned], minlength=n)
    known = zero if population is None else np.bincount(place, np.isfinite(population[owned]), minlength=n)
    given = villages["households"].to_numpy(dtype=np.float64, na_value=np.nan)
    given_people = villages["population"].to_numpy(dtype=np.float64, na_value=np.nan)
    state = coverage.all_state(settings.counting)
    unserved = np.isin(state, UNSERVED)
    open_ = ~np.isin(state, SERVED) & (state != State.OUTSIDE)
    windows = find_objects(cells_of_villages + 1, max_label=n)
    basis, largest, largest_open = [""] * n, np.zeros(n), np.zeros(n)
    clusters: list[Cluster] = []
    asked: list[OpenVillage] = []
    threshold = village_settings.weak_cluster_households
    for i in range(n):
        window = windows[i]
        if window is None:
            continue
        if houses is not None and houses_of[i] > 0:
            basis[i] = "buildings"
            weight = houses[window] * (given[i] / houses_of[i] if np.isfinite(given[i]) else 1.0)
        elif people is not None and people_of[i] > 0:
            basis[i] = "population"
            per_person = 1.0 / village_settings.persons_per_household
            weight = people[window] * (given[i] / people_of[i] if np.isfinite(given[i]) else per_person)
        else:
            basis[i] = "cells"
            continue
        mine = cells_of_villages[window] == i
        corner = window[0].start, window[1].start
        found = _clusters(i, mine & unserved[window], weight, corner)
        largest[i] = max((cluster.households for cluster in found), default=0.0)
        largest_open[i] = _largest(mine & open_[window], weight)
        clusters += [c for c in found if c.households >= threshold]
        if draws is not None and largest[i] < threshold <= largest_open[i]:
            asked.append(OpenVillage(i, corner, open_cells(mine & open_[window], weight, threshold), weight))
    chance = np.full(n, np.nan)
    if draws is not None and asked:
        counting = [k for k, (_, technology) in enumerate(coverage.layers) if technology in settings.counting]
        found_chance, shares = cluster_chances(asked, draws, counting, threshold)
        chance[[one.village for one in asked]] = found_chance
        for one, p, share in zip(asked, found_chance, shares, strict=True):
            if p >= 1.0 - settings.unserved_probability:
                clusters += _clusters(one.village, share > 0.5, one.households, one.corner)[:1]
        clusters.sort(key=lambda cluster: cluster.village)  # stable: the largest of a village stays first
    return VillageClusters(
        tuple(basis), largest, largest_open, tuple(clusters), chance,
        np.where(np.isnan(given), np.where(houses_of > 0, houses_of, np.nan), given),
        np.where(np.isnan(given_people), np.where(known > 0, people_of, np.nan), given_people),
    )  # fmt: skip


def weak_clusters(villages: pd.DataFrame, clusters: VillageClusters, coverage: Coverage, settings: CoverageSettings) -> pd.DataFrame:
    """Return one row per unserved cluster of N households and more in the villages that are weak by them.

    Parameters
    ----------
    villages : DataFrame
        Of :func:`geo.villages.classify_villages`.
    clusters : VillageClusters
        Of :func:`find_clusters`, of the same villages.
    coverage : Coverage
    settings : CoverageSettings

    Returns
    -------
    DataFrame
        Columns :data:`CLUSTER_COLUMNS`; ``cluster`` counts from 1 within a village, ``cells`` is the cluster's
        number of grid cells, ``lon`` and ``lat`` its centre, ``evidence`` says whether it was measured that
        nobody serves it.
    """
    weak = villages["weak"].eq(True).fillna(False).to_numpy(dtype=bool)
    rows: list[tuple[object, ...]] = []
    number = 0
    previous = -1
    for cluster in clusters.unserved:
        number = number + 1 if cluster.village == previous else 1
        previous = cluster.village
        if not weak[cluster.village]:
            continue
        village = villages.iloc[cluster.village]
        rows.append(
            (
                village["village_id"], village["village_name"], village["commune_code"], number, cluster.households,
                len(cluster.row), *cluster.place(coverage.grid), evidence_of([], cluster.states(coverage, settings.counting)),
            )
        )  # fmt: skip
    types = {"cluster": "int64", "households": "float64", "cells": "int64", "lon": "float64", "lat": "float64"}
    return pd.DataFrame(rows, columns=list(CLUSTER_COLUMNS)).astype(types)


def _per_cell(buildings: pd.DataFrame | None, grid: Grid) -> _F64 | None:
    """Return the number of buildings per cell."""
    if buildings is None:
        return None
    x, y = from_wgs84(buildings["lon"].to_numpy(float), buildings["lat"].to_numpy(float), grid.epsg)
    row, column = grid.locate(x, y)
    hit = row >= 0
    flat = np.bincount(row[hit] * grid.columns + column[hit], minlength=grid.rows * grid.columns)
    return flat.astype(np.float64).reshape(grid.shape)


def _largest(mask: npt.NDArray[np.bool_], weight: _F64) -> float:
    """Return the greatest sum of weights over cells that touch each other, corners included."""
    if not mask.any():
        return 0.0
    labels, _ = label(mask, structure=_EIGHT)
    sums = np.bincount(labels.ravel(), np.where(mask, weight, 0.0).ravel())
    return float(sums[1:].max())


def _clusters(village: int, mask: npt.NDArray[np.bool_], weight: _F64, corner: tuple[int, int]) -> list[Cluster]:
    """Return the clusters with any household in a window of the grid, the largest first, of equals the northern one."""
    labels, count = label(mask, structure=_EIGHT)
    found = []
    for number in range(1, count + 1):
        row, column = np.nonzero(labels == number)
        held = weight[row, column]
        total = float(held.sum())
        if total <= 0:
            continue
        off = np.hypot(row - (row * held).sum() / total, column - (column * held).sum() / total)
        centre = int(np.argmin(np.where(held > 0, off, np.inf)))
        found.append(Cluster(village, total, row + corner[0], column + corner[1], centre))
    return sorted(found, key=lambda cluster: -cluster.households)
