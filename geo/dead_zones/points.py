"""Points that stand for a zone: where most people live, else the innermost place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from geo.crs import to_wgs84
from geo.dead_zones.settings import DeadZoneSettings
from geo.dead_zones.zones import Zones
from geo.grid import Grid

__all__ = ["ZonePoints", "zone_points"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class ZonePoints:
    """Centres of cells that stand for zones, sorted by zone; a zone's first one is its representative point.

    Attributes
    ----------
    zone : (m,) int64 array
    row, column : (m,) int64 arrays
    x_m, y_m : (m,) float64 arrays
        In the grid's CRS.
    lon, lat : (m,) float64 arrays
        EPSG:4326 degrees.
    """

    zone: _I64
    row: _I64
    column: _I64
    x_m: _F64
    y_m: _F64
    lon: _F64
    lat: _F64

    @property
    def first(self) -> _I64:
        """Position of every zone's representative point."""
        return np.flatnonzero(np.r_[True, np.diff(self.zone) != 0]) if len(self.zone) else np.empty(0, dtype=np.int64)


def zone_points(zones: Zones, grid: Grid, population: _F64 | None, settings: DeadZoneSettings) -> ZonePoints:
    """Return up to ``reason_points`` points of each zone.

    The first is the centre of the cell with most people, of equal ones (and where nobody lives, or nobody knows)
    the innermost: farthest from the zone's edge, then nearest to its middle, then the northernmost and
    westernmost. Each further one is the first by the same rule among the cells at least ``reason_spacing_m`` from all
    points chosen before.

    Parameters
    ----------
    zones : Zones
    grid : Grid
    population : (rows, columns) float64 array or None
        People per cell; NaN unknown.
    settings : DeadZoneSettings
    """
    people = np.zeros(len(zones.row)) if population is None else np.nan_to_num(np.asarray(zones.of(population), dtype=np.float64))
    inward = zones.of(_from_edge(zones.label))
    count = np.maximum(np.diff(zones.first), 1)
    zone = zones.zone
    middle_row, middle_column = (zones.sums(v) / count for v in (zones.row, zones.column))
    off = np.hypot(zones.row - middle_row[zone], zones.column - middle_column[zone])
    # Rounded: which of two equal distances is the smaller one must not hang on the last bit.
    order = np.lexsort((zones.column, zones.row, np.round(off, 6), -np.round(inward, 6), -people, zone))
    spacing = settings.reason_spacing_m / grid.cell_size
    chosen: list[int] = []
    for i in range(len(zones)):
        ranked = order[zones.first[i] : zones.first[i + 1]]
        chosen.append(int(ranked[0]))
        if settings.reason_points < 2 or not _reaches(zones, i, spacing):
            continue
        row, column = zones.row[ranked], zones.column[ranked]
        nearest = np.full(len(ranked), np.inf)
        last = 0
        for _ in range(settings.reason_points - 1):
            nearest = np.minimum(nearest, np.hypot(row - row[last], column - column[last]))
            far = nearest >= spacing
            if not far.any():
                break
            last = int(np.argmax(far))
            chosen.append(int(ranked[last]))
    at = np.array(chosen, dtype=np.int64)
    centre_x, centre_y = grid.centres()
    x, y = centre_x[zones.column[at]], centre_y[zones.row[at]]
    lon, lat = to_wgs84(x, y, grid.epsg)
    return ZonePoints(zone[at], zones.row[at], zones.column[at], x, y, lon, lat)


def _reaches(zones: Zones, i: int, spacing: float) -> bool:
    """Tell whether two cells of a zone can lie so far apart."""
    mine = slice(zones.first[i], zones.first[i + 1])
    return bool(np.hypot(np.ptp(zones.row[mine]), np.ptp(zones.column[mine])) >= spacing)


def _from_edge(label: _I32) -> _F64:
    """Return how far cells lie from their zone's edge, in cells; 0 on it, and outside."""
    edge = label < 0
    edge[[0, -1], :] = True
    edge[:, [0, -1]] = True
    across, along = label[:, 1:] != label[:, :-1], label[1:] != label[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= along
    edge[:-1] |= along
    return np.asarray(distance_transform_edt(~edge), dtype=np.float64)
