"""The truth behind the levels: what a phone would receive anywhere in the made-up province.

It owes nothing to the product's models. Free space, the rubber-band terrain loss, loss by the ground
cover about the receiver, antenna patterns, and shadowing that is correlated in space, differs between
sites, is stronger where the land is rough and wooded, and has heavy tails.

It was fixed before any calibration existed. Changing it changes every score that was ever reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from geo.sample.diffraction import terrain_loss
from geo.sample.frame import FloatArray, Lattice, bilinear, records, to_metres
from geo.sample.land import BUILT, CROP, GRASS, SHRUB, TREE, WATER
from geo.sample.names import OPERATORS
from geo.sample.network import CARRIERS, Network
from geo.sample.terrain import Terrain, gaussian_field

__all__ = ["SERVICE_LEVEL_DBM", "TECHNOLOGIES", "Levels", "RadioTruth", "build_radio_truth"]

TECHNOLOGIES = ("3G", "4G", "5G")
#: Level from which the truth tables call a point served; the levels are given beside it.
SERVICE_LEVEL_DBM = {"3G": -100.0, "4G": -110.0, "5G": -110.0}
_REACH_M = 26_000.0
_RECEIVER_M = 1.5
_POOL = 18


@dataclass(frozen=True, slots=True)
class Levels:
    """Best level and its cell at points, per (operator, technology).

    Attributes
    ----------
    level_dbm : dict of (operator, technology) to (n,) float32 array
        RSCP, RSRP or SS-RSRP outdoors at 1.5 m; -inf beyond every cell's reach.
    cell : dict of (operator, technology) to (n,) int32 array
        Row of ``Network.cells``; -1 where there is none.
    """

    level_dbm: dict[tuple[str, str], npt.NDArray[np.float32]]
    cell: dict[tuple[str, str], npt.NDArray[np.int32]]


@dataclass(frozen=True, slots=True)
class RadioTruth:
    """Everything that decides a level.

    Attributes
    ----------
    network : Network
    terrain : Terrain
    lattice : Lattice
        6 arc-seconds, for the fields.
    spread_db : float64 array
        Local standard deviation of the shadowing.
    burst : float64 array
        Factor of mean 1 that gives the shadowing its tails.
    shared : float64 array
        Unit field common to all sites.
    pool : (k, rows, columns) float32 array
        Unit fields from which each mast draws its own.
    cover_db : float64 array
        Loss at 2 GHz by the cover about the receiver, at the terrain's lattice.
    bearings : (masts, 5, 2) float64 array
        Harmonics of each mast's loss by bearing.
    draws : (masts, 4) int64 array
        Field numbers and shifts of each mast.
    """

    network: Network
    terrain: Terrain
    lattice: Lattice
    spread_db: FloatArray
    burst: FloatArray
    shared: FloatArray
    pool: npt.NDArray[np.float32]
    cover_db: FloatArray
    bearings: FloatArray
    draws: npt.NDArray[np.int64]

    def levels(self, lon: FloatArray, lat: FloatArray, *, own_masts: pd.Series | None = None) -> Levels:
        """Return the best true levels at points.

        Parameters
        ----------
        lon, lat : (n,) float64 arrays
        own_masts : Series of bool, optional
            Sites to count, aligned with ``network.sites``; those that radiate by default.
        """
        sites, cells = self.network.sites, self.network.cells
        counted = sites["radiates"] if own_masts is None else own_masts
        x, y = to_metres(lon, lat)
        row, column = self.terrain.lattice.position(lon, lat)
        cover = bilinear(self.cover_db, self.terrain.lattice, lon, lat)
        field_row, field_column = self.lattice.position(lon, lat)
        spread = bilinear(self.spread_db * self.burst, self.lattice, lon, lat)
        shared = bilinear(self.shared, self.lattice, lon, lat)
        raster = self.terrain.height_m.astype(np.float32)
        ground = bilinear(self.terrain.height_m, self.terrain.lattice, lon, lat)
        keys = [(o, t) for o in OPERATORS for t in TECHNOLOGIES]
        best = {key: np.full(x.size, -np.inf, dtype=np.float32) for key in keys}
        server = {key: np.full(x.size, -1, dtype=np.int32) for key in keys}
        for mast in np.unique(sites.loc[counted, "mast"].to_numpy()).tolist():
            group = sites[counted & (sites["mast"] == mast)]
            first = group.iloc[0]
            mx, my = to_metres(first["lon"], first["lat"])
            distance = np.hypot(x - mx, y - my)
            near = np.flatnonzero((distance < _REACH_M) & (distance > 1.0))
            if near.size == 0:
                continue
            mine = cells[cells["site"].isin(group.index)]
            operator = sites["operator"].to_numpy()
            pairs = sorted({(operator[s], c) for s, c in zip(mine["site"], mine["carrier"], strict=True)})
            wavelengths = np.asarray([299.792458 / CARRIERS[p].frequency_mhz for p in pairs])
            mrow, mcolumn = self.terrain.lattice.position(first["lon"], first["lat"])
            top = float(bilinear(self.terrain.height_m, self.terrain.lattice, first["lon"], first["lat"]))
            top += float(mine["height_m"].mean())
            d = np.maximum(distance[near], 30.0)
            terrain_db = terrain_loss(
                raster, float(mrow), float(mcolumn), top, row[near], column[near], d, _RECEIVER_M, wavelengths
            )
            bearing = np.arctan2(x[near] - mx, y[near] - my)
            unit = self._unit_shadow(mast, field_row[near], field_column[near], bearing, shared[near])
            shadow = np.multiply(spread[near], unit)
            slant = np.hypot(d, top - ground[near] - _RECEIVER_M)
            depression = np.degrees(np.arctan2(top - ground[near] - _RECEIVER_M, d))
            rough = 4.0 + 4.5 * np.log10(np.maximum(d, 300.0) / 300.0)
            for k, pair in enumerate(pairs):
                carrier = CARRIERS[pair]
                free = 32.45 + 20 * np.log10(slant / 1000) + 20 * np.log10(carrier.frequency_mhz)
                veil = cover[near] * (carrier.frequency_mhz / 2000) ** 0.28
                loss = free + terrain_db[:, k] + rough + veil + shadow
                key = (pair[0], carrier.technology)
                wanted = mine[(mine["carrier"] == pair[1]) & (operator[mine["site"].to_numpy()] == pair[0])]
                for index, cell in zip(wanted.index, records(wanted), strict=True):
                    radiated = (
                        10 * np.log10(cell.power_w * 1000) + carrier.reference_share_db + cell.gain_dbi - 2.0
                    )
                    level = radiated - _pattern_db(cell, np.degrees(bearing), depression) - loss
                    better = level > best[key][near]
                    best[key][near[better]] = level[better]
                    server[key][near[better]] = index
        return Levels(best, server)

    def _unit_shadow(
        self, mast: int, row: FloatArray, column: FloatArray, bearing: FloatArray, shared: FloatArray
    ) -> FloatArray:
        """Return a field of variance about 1: shared by all sites, the mast's own, and by bearing."""
        a, b, shift_row, shift_column = self.draws[mast % len(self.draws)]
        rows, columns = self.lattice.shape
        i = (np.rint(row).astype(np.int64) + shift_row) % rows
        j = (np.rint(column).astype(np.int64) + shift_column) % columns
        own = (self.pool[a][i, j] + self.pool[b][j % rows, i % columns]) / np.sqrt(2)
        around = np.zeros(row.size)
        for k, (cosine, sine) in enumerate(self.bearings[mast % len(self.bearings)], start=1):
            around += cosine * np.cos(k * bearing) + sine * np.sin(k * bearing)
        return np.asarray(
            np.sqrt(0.42) * shared + np.sqrt(0.42) * own + np.sqrt(0.16) * around, dtype=np.float64
        )


def _pattern_db(cell: Any, bearing_deg: FloatArray, depression_deg: FloatArray) -> FloatArray:
    """Return the loss off the main beam (3GPP TR 36.814 shape, softened behind by the hillside's echo)."""
    width = float(cell.width_deg)
    across = np.zeros(bearing_deg.shape)
    if width < 360:
        off = (bearing_deg - float(cell.azimuth_deg) + 180) % 360 - 180
        across = np.minimum(12 * (off / width) ** 2, 22.0)
    down = np.minimum(12 * ((depression_deg - float(cell.tilt_deg)) / 11.0) ** 2, 16.0)
    return np.asarray(np.minimum(across + down, 25.0), dtype=np.float64)


def _cover_loss(land_cover: npt.NDArray[np.uint8]) -> FloatArray:
    table = np.full(256, 2.0)
    for code, loss in ((TREE, 13.0), (SHRUB, 5.0), (GRASS, 1.5), (CROP, 2.5), (BUILT, 9.0), (WATER, 0.0)):
        table[code] = loss
    return np.asarray(ndimage.gaussian_filter(table[land_cover], 0.8), dtype=np.float64)


def build_radio_truth(
    rng: np.random.Generator, terrain: Terrain, land_cover: npt.NDArray[np.uint8], network: Network
) -> RadioTruth:
    """Return the fields of the truth."""
    lattice = terrain.lattice.coarser(2)
    rough = ndimage.gaussian_filter(terrain.slope_deg, 4)
    rough = ndimage.zoom(rough, 1.5, order=1)[: lattice.rows, : lattice.columns]
    rough = np.pad(
        rough, ((0, lattice.rows - rough.shape[0]), (0, lattice.columns - rough.shape[1])), mode="edge"
    )
    wooded = ndimage.gaussian_filter((land_cover == TREE).astype(np.float64), 8)[::2, ::2]
    spread = 3.6 + 2.6 * np.clip(rough / 18, 0, 1.3) + 1.6 * wooded[: lattice.rows, : lattice.columns]
    burst = np.exp(0.42 * gaussian_field(rng, lattice.shape, 6, 0.8) - 0.09)
    pool = []
    for _ in range(_POOL + 1):
        quick = gaussian_field(rng, lattice.shape, 2.4, 0.5)
        slow = gaussian_field(rng, lattice.shape, 14.0, 0.8)
        pool.append(np.sqrt(0.62) * quick + np.sqrt(0.38) * slow)
    masts = int(network.sites["mast"].max()) + 1
    weights = 1 / np.arange(1, 6)
    weights = weights / np.sqrt((weights**2).sum())
    bearings = rng.standard_normal((masts, 5, 2)) * weights[None, :, None]
    draws = np.column_stack(
        [
            rng.integers(0, _POOL, masts),
            rng.integers(0, _POOL, masts),
            rng.integers(0, lattice.rows, masts),
            rng.integers(0, lattice.columns, masts),
        ]
    )
    return RadioTruth(
        network,
        terrain,
        lattice,
        spread,
        burst,
        pool[-1],
        np.asarray(pool[:-1], dtype=np.float32),
        _cover_loss(land_cover),
        bearings,
        draws,
    )
