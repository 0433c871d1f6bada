"""Radio cells as plain arrays, with the tables of their antennas' patterns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

__all__ = ["AZIMUTH_STEPS", "ELEVATION_STEPS", "RadioSources", "pattern_loss_db"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Entries of a horizontal table: -180 to 180 degrees off the azimuth, every degree.
AZIMUTH_STEPS = 361
#: Entries of a vertical table: -90 to 90 degrees below the horizon, every quarter of a degree.
ELEVATION_STEPS = 721
_PER_DEGREE = 4.0
_TABLES = ("horizontal_loss_db", "vertical_loss_db", "pattern_cap_db")


@dataclass(frozen=True, slots=True)
class RadioSources:
    """Radio cells as plain arrays, grouped by place and antenna height.

    Level of a radio cell at a point = ``eirp_dbm`` − path loss − pattern loss (:func:`pattern_loss_db`),
    never above ``ceiling_dbm``.

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
        Downlink frequency; EIRP of what the phone measures, in the pattern's main direction.
    ceiling_dbm : (n,) float64 array
        Greatest level that a phone can see: power of what it measures at the antenna connector less the
        minimum coupling loss.
    bearing_deg : (n,) float64 array
        Main direction clockwise from *grid* north; NaN omnidirectional in azimuth.
    beamwidth_deg, front_to_back_db : (n,) float64 arrays
        Horizontal 3 dB beamwidth and maximum attenuation (the tables below say more).
    threshold_dbm : (n,) float64 array
        Planning level; NaN none.
    sd_db : (n,) float64 array
        Standard deviation of the prediction for this radio cell.
    pattern : (n,) int64 array
        Row of the pattern tables.
    mechanical_tilt_deg : (n,) float64 array
        Positive down; at an angle az off the azimuth it tilts by its cosine's share.
    horizontal_loss_db : (p, 361) float32 array
        Loss at -180 ... 180 degrees off the azimuth, before the cap.
    vertical_loss_db : (p, 721) float32 array
        Loss at -90 ... 90 degrees *below* the horizon, electrical tilt in it, before the cap.
    pattern_cap_db : (p,) float64 array
        Maximum attenuation A_m of the two together.
    index : (n,) int64 array
        Place of the radio cell in the run's whole list (:meth:`near` keeps it).
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
    pattern: _I64
    mechanical_tilt_deg: _F64
    horizontal_loss_db: _F32
    vertical_loss_db: _F32
    pattern_cap_db: _F64
    index: _I64

    @property
    def groups(self) -> int:
        """Number of places with antennas."""
        return len(self.group_lon)

    def near(self, bounds: tuple[float, float, float, float], reach_m: float) -> RadioSources:
        """Return the groups within ``reach_m`` of a box in the grid's CRS; the tables stay as they are."""
        dx = np.maximum(0.0, np.maximum(bounds[0] - self.group_x_m, self.group_x_m - bounds[2]))
        dy = np.maximum(0.0, np.maximum(bounds[1] - self.group_y_m, self.group_y_m - bounds[3]))
        chosen = np.flatnonzero(np.hypot(dx, dy) <= reach_m)
        counts = np.diff(self.group_first)[chosen]
        members = np.concatenate(
            [np.arange(self.group_first[g], self.group_first[g + 1]) for g in chosen] or [np.empty(0, np.int64)]
        )
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return self._taken(chosen, members, first)

    def alone(self, group: int, layers: npt.ArrayLike) -> RadioSources:
        """Return one group with its radio cells of some layers; the tables stay as they are."""
        members = np.arange(self.group_first[group], self.group_first[group + 1])
        members = members[np.isin(self.layer[members], layers)]
        return self._taken(np.array([group]), members, np.array([0, len(members)], dtype=np.int64))

    def _taken(self, groups: _I64, members: _I64, first: _I64) -> RadioSources:
        picked = {
            f.name: getattr(self, f.name)[groups if f.name.startswith("group_") else members]
            for f in fields(self)
            if f.name != "group_first" and f.name not in _TABLES
        }
        tables = {name: getattr(self, name) for name in _TABLES}
        return RadioSources(group_first=first, **picked, **tables)


def pattern_loss_db(
    sources: RadioSources,
    cell: npt.ArrayLike,
    *,
    bearing_deg: npt.ArrayLike,
    below_horizon_deg: npt.ArrayLike,
) -> _F64:
    """Return how much weaker radio cells radiate towards a direction than in their main direction.

    A = min[ H(az) + V(el − m cos az), A_m ] (3GPP TR 36.814 Table A.2.1.1-2, combined pattern; the
    mechanical tilt m turned by the azimuth), H and V linear between the entries of the tables. A radio
    cell without azimuth has H = 0 and V as in its main direction (cos az = 1).

    Parameters
    ----------
    sources : RadioSources
    cell : int array
        Which radio cells; broadcast against the directions.
    bearing_deg : float array
        Direction towards the receiver, clockwise from grid north, any turn.
    below_horizon_deg : float array
        Angle of the ray below the horizon at the antenna, -90 to 90.

    Returns
    -------
    float64 array
        dB, 0 to the pattern's cap; NaN where a direction is NaN.

    Raises
    ------
    IndexError
        If there is no such radio cell or pattern.
    ValueError
        If an angle lies more than 90 degrees off the horizon or the tables have another shape.
    """
    if (
        sources.horizontal_loss_db.shape[1:] != (AZIMUTH_STEPS,)
        or sources.vertical_loss_db.shape[1:] != (ELEVATION_STEPS,)
        or not len(sources.horizontal_loss_db) == len(sources.vertical_loss_db) == len(sources.pattern_cap_db)
    ):
        raise ValueError("pattern tables need 361 horizontal and 721 vertical entries and one cap each")
    index, bearing, below = np.broadcast_arrays(
        np.asarray(cell, dtype=np.int64),
        np.asarray(bearing_deg, dtype=np.float64),
        np.asarray(below_horizon_deg, dtype=np.float64),
    )
    if (index < 0).any() or (np.abs(below) > 90.0).any():
        raise ValueError("radio cells are counted from 0 and angles lie within 90 degrees of the horizon")
    pattern = sources.pattern[index]
    main = sources.bearing_deg[index]
    omnidirectional = np.isnan(main)
    offset = np.where(omnidirectional, 0.0, (bearing - main + 180.0) % 360.0 - 180.0)
    tilt = sources.mechanical_tilt_deg[index] * np.cos(np.radians(offset))
    across = _between(sources.horizontal_loss_db, pattern, offset + 180.0)
    along = _between(sources.vertical_loss_db, pattern, (np.clip(below - tilt, -90.0, 90.0) + 90.0) * _PER_DEGREE)
    both = np.where(omnidirectional, 0.0, across) + along
    return np.asarray(np.where(np.isnan(both), np.nan, np.minimum(both, sources.pattern_cap_db[pattern])))


def _between(table: _F32, row: _I64, position: _F64) -> _F64:
    """Return the entries of a table, linear between columns; NaN where the position is."""
    known = np.nan_to_num(position)
    left = np.clip(np.floor(known), 0, table.shape[1] - 2).astype(np.int64)
    share = known - left
    value = (1.0 - share) * table[row, left] + share * table[row, left + 1]
    return np.asarray(np.where(np.isnan(position), np.nan, value), dtype=np.float64)
