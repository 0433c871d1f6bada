"""The strongest paths to points that nobody serves, and what stands in them; handed over, so that none needs files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage.point import PatternTables, radio_sources
from geo.crs import from_wgs84
from geo.grid import Grid
from geo.propagation.ground import GroundModel
from geo.propagation.links import predict_links
from geo.propagation.paths import BlockingEdge, atmosphere, blocking_edge, cut_profile
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings

__all__ = ["PathLook", "StrongestPaths", "look_from_table", "path_look"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Degrees around the box of a path: more than the node that bilinear heights need beyond it.
_BESIDE_DEG = 0.002
_LIGHT_M_MHZ = 299.792458
#: Metres below which a point stands at the antenna's foot and there is no profile.
_FOOT_M = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class StrongestPaths:
    """For each point and layer the path with the highest level.

    Attributes
    ----------
    source : (m, layers) int64 array
        The radio cell (``RadioSources.index``); -1 where none is asked for or in reach, or no path is all known.
    distance_km : (m, layers) float64 array
    level_dbm : (m, layers) float64 array
        By the uncalibrated model.
    diffraction_db : (m, layers) float64 array
        What terrain, clutter and the Earth's curve take away; without it the level would be so much higher.
    """

    source: _I64
    distance_km: _F64
    level_dbm: _F64
    diffraction_db: _F64


class PathLook(Protocol):
    """A look at the paths to points."""

    def strongest(self, lon: _F64, lat: _F64, asked: npt.NDArray[np.bool_]) -> StrongestPaths:
        """Return the strongest paths to points (EPSG:4326 degrees).

        ``asked`` (m, layers) tells which layers are asked for, by their positions in ``Coverage.layers``.
        """
        ...

    def edge(self, lon: float, lat: float, source: int) -> BlockingEdge | None:
        """Return what blocks the path from a radio cell to a point; None where its heights are not all known."""
        ...

    def site(self, source: int) -> str:
        """Return the site of a radio cell; empty where it has no code."""
        ...


def path_look(
    ground: GroundModel,
    sources: RadioSources,
    *,
    grid: Grid,
    settings: CoverageSettings,
    radio_cells: pd.DataFrame | None = None,
) -> PathLook:
    """Return a look at the paths of a run.

    Parameters
    ----------
    ground : GroundModel
    sources : RadioSources
        Of the whole run, not those near a tile.
    grid : Grid
    settings : CoverageSettings
    radio_cells : DataFrame, optional
        ``index``, ``site_id`` (:data:`geo.propagation.radio_table.RADIO_COLUMNS`): names of the sites.
    """
    codes: dict[int, str] = {}
    if radio_cells is not None:
        codes = dict(zip(radio_cells["index"].tolist(), radio_cells["site_id"].fillna("").astype(str), strict=True))
    return _Look(ground, sources, grid, settings, codes)


def look_from_table(
    ground: GroundModel,
    radio_cells: pd.DataFrame,
    tables: PatternTables,
    layers: Sequence[tuple[str, str]],
    *,
    grid: Grid,
    settings: CoverageSettings,
) -> PathLook:
    """Return a look at the paths of a run from the table of radio cells and the patterns that it left behind.

    Parameters
    ----------
    ground : GroundModel
    radio_cells : DataFrame
        Columns of :data:`geo.propagation.radio_table.RADIO_COLUMNS`; rows of unknown technology have no level.
    tables : PatternTables
    layers : sequence of (operator, technology)
        Of the coverage.
    grid : Grid
    settings : CoverageSettings
    """
    place = {name: i for i, name in enumerate(layers)}
    pairs = zip(radio_cells["operator"].astype(str), radio_cells["technology"].fillna("").astype(str), strict=True)
    layer = np.array([place.get(pair, -1) for pair in pairs], dtype=np.int64)
    known = radio_cells[layer >= 0].reset_index(drop=True)
    threshold = known["technology"].map(lambda t: settings.levels_dbm.get(t, np.nan)).astype(float)
    known = known.assign(index=np.arange(len(known)), threshold_dbm=threshold)
    sources = radio_sources(known, tables, grid, layer[layer >= 0])
    return path_look(ground, sources, grid=grid, settings=settings, radio_cells=known)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """See :class:`PathLook`."""

    ground: GroundModel
    sources: RadioSources
    grid: Grid
    settings: CoverageSettings
    codes: dict[int, str]

    def strongest(self, lon: _F64, lat: _F64, asked: npt.NDArray[np.bool_]) -> StrongestPaths:
        found = predict_links(self.ground, self.sources, lon, lat, asked, epsg=self.grid.epsg, settings=self.settings)
        known = np.flatnonzero(np.isfinite(found.level_dbm) & np.isfinite(found.diffraction_db))
        layer_of = np.zeros(int(self.sources.index.max(initial=-1)) + 1, dtype=np.int64)
        layer_of[self.sources.index] = self.sources.layer
        place = found.point[known] * asked.shape[1] + layer_of[found.source[known]]
        # The strongest first; of equal ones the nearest, then the first in the run's list.
        order = np.lexsort((found.source[known], found.distance_km[known], -found.level_dbm[known], place))
        first = order[np.flatnonzero(np.r_[True, np.diff(place[order]) != 0])] if len(order) else order
        at, best = place[first], known[first]
        source = np.full(asked.size, -1, dtype=np.int64)
        distance, level, diffraction = (np.full(asked.size, np.nan) for _ in range(3))
        source[at] = found.source[best]
        distance[at], level[at], diffraction[at] = found.distance_km[best], found.level_dbm[best], found.diffraction_db[best]
        shape = asked.shape
        return StrongestPaths(source.reshape(shape), distance.reshape(shape), level.reshape(shape), diffraction.reshape(shape))

    def edge(self, lon: float, lat: float, source: int) -> BlockingEdge | None:
        radio = self.sources
        cell = int(np.flatnonzero(radio.index == source)[0])
        group = int(np.searchsorted(radio.group_first, cell, side="right")) - 1
        tx = (float(radio.group_lon[group]), float(radio.group_lat[group]))
        x, y = (float(v[0]) for v in from_wgs84([lon], [lat], self.grid.epsg))
        length_m = float(np.hypot(x - radio.group_x_m[group], y - radio.group_y_m[group]))
        if length_m < _FOOT_M:
            return None
        (west, east), (south, north) = sorted((tx[0], lon)), sorted((tx[1], lat))
        window, heights = self.ground.read_window(
            (west - _BESIDE_DEG, south - _BESIDE_DEG, east + _BESIDE_DEG, north + _BESIDE_DEG)
        )
        profile = cut_profile(
            window, heights, tx, (lon, lat),
            length_km=length_m / 1000.0, step_m=self.settings.profile_step_m, tx_ground_m=float(radio.group_ground_m[group]),
        )  # fmt: skip
        if profile.unknown.any():
            return None
        return blocking_edge(
            profile,
            tx_height_m=float(radio.group_height_m[group]),
            rx_height_m=self.settings.receiver_height_m,
            wavelength_m=_LIGHT_M_MHZ / float(radio.frequency_mhz[cell]),
            earth_radius_km=atmosphere(self.settings.effective_earth_radius_m).earth_radius_km,
        )

    def site(self, source: int) -> str:
        return self.codes.get(source, "")
