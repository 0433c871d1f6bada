"""Many paths at once: from every radio cell in reach to every place where something was measured.

Each path has its own profile (``sweep.whole_path_loss``), because a measurement stands at a point and not on a
ray. What a calibration may want to correct stays apart: free space, diffraction, pattern, distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.crs import from_wgs84
from geo.propagation.diffraction import Diffraction
from geo.propagation.entry import end_loss
from geo.propagation.ground import GroundModel
from geo.propagation.kernels import heights_kernel
from geo.propagation.radio_sources import RadioSources, pattern_loss_db
from geo.propagation.settings import CoverageSettings
from geo.propagation.sweep import Antenna, Profiles, whole_path_loss

__all__ = ["Links", "predict_links"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_BOOL = npt.NDArray[np.bool_]

#: P.1812-8 eq (8): Lbfs = 92.4 + 20 log f (GHz) + 20 log d (km).
_FREE_SPACE_DB = 92.4
#: What the Recommendation covers, GHz.
_LOWEST_GHZ, _HIGHEST_GHZ = 0.03, 6.0
_NEAREST_KM = 1e-3
#: Side of the squares, m, whose points share a window of the terrain.
_BLOCK_M = 20_000.0


@dataclass(frozen=True, slots=True)
class Links:
    """Paths between points and radio cells, ordered by point, then by radio cell.

    Attributes
    ----------
    point : (n,) int64 array
        Which point.
    source : (n,) int64 array
        Which radio cell: ``RadioSources.index``.
    level_dbm : (n,) float64 array
        Level of what the phone measures outdoors, never above the radio cell's ceiling; NaN where the path
        is not all known.
    free_space_db, diffraction_db, pattern_db : (n,) float64 arrays
        The parts of the loss; level = EIRP − their sum below the ceiling. Where the run takes the median
        clutter loss at the phone (``end_loss``), that stands with free space: it too depends on distance alone.
    distance_km : (n,) float64 array
        Along the ground.
    obstructed : (n,) bool array
        Whether the terrain hides the antenna from the phone.
    height_m : (n,) float64 array
        How far the phone lies below the antenna's horizontal plane, the Earth's curvature included; NaN where the ground is not known.
    """

    point: _I64
    source: _I64
    level_dbm: _F64
    free_space_db: _F64
    diffraction_db: _F64
    pattern_db: _F64
    distance_km: _F64
    obstructed: npt.NDArray[np.bool_]
    height_m: _F64

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self.point)


def predict_links(
    ground: GroundModel,
    sources: RadioSources,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    layer: npt.ArrayLike,
    *,
    epsg: int,
    settings: CoverageSettings,
) -> Links:
    """Return the paths from each point to the radio cells of its layer in reach.

    Parameters
    ----------
    ground : GroundModel
    sources : RadioSources
        Of the whole run; their places in ``epsg``.
    lon, lat : (m,) float arrays
        EPSG:4326 degrees; a point with NaN has no path.
    layer : (m,) int array or (m, layers) bool array
        The layer whose radio cells are asked for; negative: none. Or which layers' are, one column per layer: a
        path is then worked out once for all of them.
    epsg : int
        The run's grid, in metres: distances and bearings are the grid's.
    settings : CoverageSettings

    Raises
    ------
    ValueError
        If the arrays differ in length.
    """
    lon64, lat64 = np.asarray(lon, np.float64).ravel(), np.asarray(lat, np.float64).ravel()
    wanted = _wanted(np.asarray(layer), int(sources.layer.max(initial=-1)) + 1)
    if not lon64.size == lat64.size == len(wanted):
        raise ValueError("every point needs a longitude, a latitude and a layer")
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    usable = np.flatnonzero(np.isfinite(lon64) & np.isfinite(lat64) & wanted.any(axis=1))
    x, y = from_wgs84(lon64[usable], lat64[usable], epsg)
    for inside in _blocks(x, y):
        index = usable[inside]
        parts += _block(ground, sources, index, lon64[index], lat64[index], x[inside], y[inside], wanted[index], settings)
    if not parts:
        none = np.empty(0)
        empty = np.empty(0, np.int64)
        return Links(empty, empty, none, none, none, none, none, np.empty(0, bool), none)
    point, source, level, free, diffraction, pattern, distance, obstructed, height = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    order = np.lexsort((source, point))
    return Links(
        point[order].astype(np.int64),
        source[order].astype(np.int64),
        level[order].astype(np.float64),
        free[order].astype(np.float64),
        diffraction[order].astype(np.float64),
        pattern[order].astype(np.float64),
        distance[order].astype(np.float64),
        obstructed[order].astype(np.bool_),
        height[order].astype(np.float64),
    )


def _wanted(layer: npt.NDArray[np.generic], layers: int) -> _BOOL:
    """Return which layers are asked for at each point, (m, layers)."""
    if layer.ndim == 2 and layer.dtype == np.bool_:
        out = np.zeros((len(layer), max(layers, layer.shape[1])), dtype=bool)
        out[:, : layer.shape[1]] = layer
        return out
    one = layer.astype(np.int64).ravel()
    out = np.zeros((one.size, max(layers, int(one.max(initial=-1)) + 1)), dtype=bool)
    asked = np.flatnonzero(one >= 0)
    out[asked, one[asked]] = True
    return out


def _blocks(x: _F64, y: _F64) -> Iterator[_I64]:
    """Yield positions of points that share a square."""
    if x.size == 0:
        return
    column, row = np.floor(x / _BLOCK_M).astype(np.int64), np.floor(y / _BLOCK_M).astype(np.int64)
    order = np.lexsort((column, row))
    edges = np.flatnonzero((np.diff(row[order]) != 0) | (np.diff(column[order]) != 0)) + 1
    yield from np.split(order, edges)


def _block(
    ground: GroundModel,
    sources: RadioSources,
    index: _I64,
    lon: _F64,
    lat: _F64,
    x: _F64,
    y: _F64,
    wanted: _BOOL,
    settings: CoverageSettings,
) -> list[tuple[npt.NDArray[np.generic], ...]]:
    """Return the paths to the points of a square, one tuple of columns per radio cell."""
    near = sources.near((float(x.min()), float(y.min()), float(x.max()), float(y.max())), settings.max_radius_m)
    if near.groups == 0:
        return []
    every_lon, every_lat = np.concatenate([lon, near.group_lon]), np.concatenate([lat, near.group_lat])
    window, heights = ground.read_window(
        (float(every_lon.min()), float(every_lat.min()), float(every_lon.max()), float(every_lat.max()))
    )
    bare = np.ascontiguousarray(heights.ground_m)
    over = bare if heights.over_m is heights.ground_m else np.ascontiguousarray(heights.over_m)
    profiles = Profiles(bare, over)
    row, column = window.to_lattice(lon, lat)
    stands = np.full((1, len(lon)), np.nan, dtype=np.float32)
    heights_kernel(bare, row[None], column[None], np.ones((1, len(lon)), dtype=bool), stands)
    site_row, site_column = window.to_lattice(near.group_lon, near.group_lat)
    found: list[tuple[npt.NDArray[np.generic], ...]] = []
    for g in range(near.groups):
        members = np.arange(near.group_first[g], near.group_first[g + 1])
        dx, dy = x - near.group_x_m[g], y - near.group_y_m[g]
        distance = np.hypot(dx, dy)
        chosen = np.flatnonzero((distance <= settings.max_radius_m) & wanted[:, near.layer[members]].any(axis=1))
        if chosen.size == 0:
            continue
        away_km = np.maximum(distance[chosen] / 1000.0, _NEAREST_KM)
        frequencies, band_of = np.unique(near.frequency_mhz[members] / 1000.0, return_inverse=True)
        loss, lift = _losses(
            profiles,
            Antenna(site_row[g], site_column[g], near.group_ground_m[g], near.group_height_m[g]),
            row[chosen],
            column[chosen],
            away_km,
            frequencies,
            settings,
        )
        rise = stands[0, chosen] + settings.receiver_height_m - near.group_ground_m[g] - near.group_height_m[g]
        slant_km = np.hypot(away_km, rise / 1000.0)
        slope = rise / away_km - 5e5 / settings.effective_earth_radius_m * away_km
        height = -slope * away_km
        below = -np.degrees(np.arctan((slope + lift) / 1000.0))
        bearing = np.degrees(np.arctan2(dx[chosen], dy[chosen]))
        ends = end_loss(frequencies, away_km)[0] if ground.settings.end_loss == "p2108" else None
        every = pattern_loss_db(near, members[:, None], bearing_deg=bearing, below_horizon_deg=below)
        for member, band, pattern_db in zip(members, band_of, every, strict=True):
            mine = np.flatnonzero(wanted[chosen, near.layer[member]])
            free = _FREE_SPACE_DB + 20.0 * np.log10(frequencies[band] * slant_km[mine])
            if ends is not None:
                free = free + ends[band, mine]
            pattern = pattern_db[mine]
            level = np.minimum(near.eirp_dbm[member] - free - loss[band, mine] - pattern, near.ceiling_dbm[member])
            source = np.full(mine.size, near.index[member])
            found.append(
                (index[chosen[mine]], source, level, free, loss[band, mine], pattern, away_km[mine], lift[mine] > 0, height[mine])
            )
    return found


def _losses(
    profiles: Profiles,
    antenna: Antenna,
    row: _F64,
    column: _F64,
    away_km: _F64,
    frequency_ghz: _F64,
    settings: CoverageSettings,
) -> tuple[_F64, _F64]:
    """Return diffraction loss (bands, n) and lift (n,); NaN in bands that the model does not cover."""
    covered = (frequency_ghz >= _LOWEST_GHZ) & (frequency_ghz <= _HIGHEST_GHZ)
    loss = np.full((len(frequency_ghz), len(row)), np.nan)
    radius_km = settings.effective_earth_radius_m / 1000.0
    bands = [Diffraction(float(f), radius_km) for f in frequency_ghz[covered]] or [Diffraction(_HIGHEST_GHZ, radius_km)]
    found, lift = whole_path_loss(
        profiles,
        antenna,
        row=row,
        column=column,
        distance_km=away_km,
        step_km=settings.profile_step_m / 1000.0,
        rx_height_m=settings.receiver_height_m,
        bands=bands,
        dtype=np.float64,
    )
    loss[covered] = found[: int(covered.sum())]
    return loss, np.asarray(lift, dtype=np.float64)
