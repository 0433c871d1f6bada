"""Cells of one kind that touch each other, as zones; the sieve, with what it drops counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import label

from geo.crs import EQUAL_AREA_EPSG, transform
from geo.dead_zones.kinds import KindMap
from geo.dead_zones.settings import DeadZoneSettings
from geo.grid import Grid

__all__ = ["SIEVED_COLUMNS", "Zones", "cell_areas_km2", "label_zones", "sieve"]

_BOOL = npt.NDArray[np.bool_]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I32 = npt.NDArray[np.int32]

_EIGHT = np.ones((3, 3), dtype=int)
_M2_PER_KM2 = 1e6
#: Metres between the places at which a cell's true area is worked out, and rows that are then filled at a time.
_AREA_STEP_M = 3200.0
_AREA_ROWS = 32

#: Columns of what the sieve dropped, one row per class.
SIEVED_COLUMNS = ("class", "zones", "cells", "area_km2", "population", "population_unknown_km2")


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Connected cells, zone after zone.

    Attributes
    ----------
    label : (rows, columns) int32 array
        Zone of each cell, -1 none.
    kind : (n,) int64 array
        Of each zone: position in the map's kinds.
    row, column : (cells,) int64 arrays
        The zones' cells, sorted by zone, then from north to south and west to east.
    first : (n + 1,) int64 array
        Cells of zone i are ``first[i]`` to ``first[i + 1]``.
    """

    label: _I32
    kind: _I64
    row: _I64
    column: _I64
    first: _I64

    def __len__(self) -> int:
        """Return the number of zones."""
        return len(self.kind)

    @property
    def zone(self) -> _I64:
        """Zone of each cell, aligned with ``row``."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.first))

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the values of a (rows, columns) array at the zones' cells, aligned with ``row``."""
        return np.asarray(values[self.row, self.column])

    def sums(self, per_cell: npt.NDArray[Any]) -> _F64:
        """Return the sum over each zone of values aligned with ``row``."""
        return np.bincount(self.zone, np.asarray(per_cell, dtype=np.float64), minlength=len(self)).astype(np.float64)

    def take(self, kept: _BOOL) -> Zones:
        """Return the zones of a mask, in the same order."""
        cells = kept[self.zone]
        return _zones(self.label.shape, self.row[cells], self.column[cells], np.cumsum(kept)[self.zone[cells]] - 1, self.kind[kept])

    def reordered(self, order: _I64) -> Zones:
        """Return the zones in another order: ``order[i]`` is the old place of the new zone i."""
        place = np.empty(len(self), dtype=np.int64)
        place[order] = np.arange(len(self))
        return _zones(self.label.shape, self.row, self.column, place[self.zone], self.kind[order])


def _zones(shape: tuple[int, ...], row: _I64, column: _I64, zone: _I64, kind: _I64) -> Zones:
    order = np.lexsort((column, row, zone))
    row, column, zone = row[order], column[order], zone[order]
    whole = np.full(shape, -1, dtype=np.int32)
    whole[row, column] = zone
    return Zones(whole, kind, row, column, np.searchsorted(zone, np.arange(len(kind) + 1)).astype(np.int64))


def label_zones(kinds: KindMap) -> Zones:
    """Return the zones of a map: cells of one kind that touch each other, corners included.

    They come in the order of the kinds, then of their first cell (the northernmost row's westernmost).
    """
    rows, columns, zones = [], [], []
    kind: list[int] = []
    for k in range(len(kinds.kinds)):
        mine = kinds.code == k + 1
        if not mine.any():
            continue
        found, n = label(mine, structure=_EIGHT)
        row, column = np.nonzero(mine)
        rows.append(row)
        columns.append(column)
        zones.append(found[row, column].astype(np.int64) - 1 + len(kind))
        kind += [k] * n
    if not kind:
        none = np.empty(0, dtype=np.int64)
        return _zones(kinds.code.shape, none, none, none, none)
    return _zones(
        kinds.code.shape, np.concatenate(rows), np.concatenate(columns), np.concatenate(zones), np.array(kind, dtype=np.int64)
    )


def cell_areas_km2(grid: Grid) -> _F64:
    """Return the true area of every cell (rows, columns), measured in EPSG:6933.

    Corners are carried over at a cell every 3.2 km and the area taken linearly between: a projection's scale is
    off from a straight line by less than 1e-6 of itself in between.
    """
    step = max(1, int(_AREA_STEP_M / grid.cell_size))
    rows, columns = (np.unique(np.r_[np.arange(0, n, step), n - 1]) for n in grid.shape)
    row, column = (v.ravel() for v in np.meshgrid(rows, columns, indexing="ij"))
    left, top = grid.x_min + column * grid.cell_size, grid.y_max - row * grid.cell_size
    corners = [(left, top), (left + grid.cell_size, top), (left + grid.cell_size, top - grid.cell_size), (left, top - grid.cell_size)]
    xy = [transform(x, y, grid.epsg, EQUAL_AREA_EPSG) for x, y in corners]
    twice = sum(xy[i][0] * xy[(i + 1) % 4][1] - xy[(i + 1) % 4][0] * xy[i][1] for i in range(4))
    area = np.abs(np.asarray(twice)).reshape(len(rows), len(columns)) / 2.0 / _M2_PER_KM2
    if area.size == 1:
        return np.full(grid.shape, area.item())
    # One row or column has no way across: it is repeated.
    across = [v if len(v) > 1 else np.array([v[0], v[0] + 1]) for v in (rows, columns)]
    area = np.broadcast_to(area, tuple(len(v) for v in across))
    between = RegularGridInterpolator(across, area, method="linear")
    out = np.empty(grid.shape)
    every = np.arange(grid.columns)
    for at in range(0, grid.rows, _AREA_ROWS):
        mine = np.arange(at, min(at + _AREA_ROWS, grid.rows))
        out[mine] = between(tuple(np.meshgrid(mine, every, indexing="ij")))
    return out


def sieve(
    zones: Zones,
    kinds: KindMap,
    area_km2: _F64,
    population: _F64 | None,
    settings: DeadZoneSettings,
    kept_anyway: _BOOL | None = None,
) -> tuple[Zones, pd.DataFrame]:
    """Return the zones with enough area or enough people, and what was dropped.

    Where people are unknown only those that are known count: a zone is not listed for people that it may have.

    Parameters
    ----------
    zones : Zones
    kinds : KindMap
    area_km2 : (rows, columns) float64 array
        Of every cell.
    population : (rows, columns) float64 array or None
        People per cell; NaN unknown.
    settings : DeadZoneSettings
    kept_anyway : (n,) bool array, optional
        Zones listed whatever their size.

    Returns
    -------
    Zones, DataFrame
        The second has one row per class of the map, columns :data:`SIEVED_COLUMNS`: dropped zones, their
        cells, area, known people (NaN where no cell of them has a figure) and the area without a figure.
    """
    area = zones.of(area_km2)
    people = np.full(len(zones.row), np.nan) if population is None else np.asarray(zones.of(population), dtype=np.float64)
    known = zones.sums(np.nan_to_num(people))
    kept = (zones.sums(area) >= settings.least_area_km2) | (known >= settings.least_people)
    if kept_anyway is not None:
        kept |= kept_anyway
    lost = ~kept[zones.zone]
    names = np.array([kind.name for kind in kinds.kinds], dtype=object)
    name_of = names[zones.kind] if len(zones) else np.empty(0, dtype=object)
    rows = []
    for name in dict.fromkeys(names.tolist()):
        mine = lost & (name_of == name)[zones.zone]
        counted = np.isfinite(people[mine])
        rows.append(
            (
                name,
                int(np.count_nonzero(~kept & (name_of == name))),
                int(np.count_nonzero(mine)),
                float(area[mine].sum()),
                float(people[mine][counted].sum()) if counted.any() else np.nan,
                float(area[mine][~counted].sum()),
            )
        )
    return zones.take(kept), pd.DataFrame(rows, columns=list(SIEVED_COLUMNS))
