"""A SECOND MADE-UP LAW of propagation, for scoring only: a product tuned to the sample's own law fails on it.

Nothing of it is in ``geo``. Where the sample's law has free space, knife edges over a stretched band, veils of
ground cover that grow with frequency and heavy-tailed shadowing with a field common to all sites, this one has

* a power law of distance whose exponent falls with the antenna's effective height (after the form of M. Hata 1980);
* one obstacle loss, saturating exponentially with how far the ground rises into the first Fresnel zone;
* losses by the cover at the receiver with other figures and no frequency in them, without smoothing;
* normal shadowing of one standard deviation, of exponential correlation over 300 m, correlated by 0.5 between masts
  of one square of 8 km and by nothing between others: no field is common to all sites;
* an error of 3 dB (standard deviation) in what each site really radiates, which no list knows.

Points of one position have one level: everything is drawn when the law is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from geo.sample.frame import FloatArray, Lattice, bilinear, to_metres
from geo.sample.land import BUILT, CROP, GRASS, SHRUB, TREE, WATER
from geo.sample.names import OPERATORS
from geo.sample.network import CARRIERS, Network
from geo.sample.terrain import Terrain, gaussian_field
from geo.sample.truth import TECHNOLOGIES, Levels

__all__ = ["SecondLaw", "build_second_law"]

REACH_M = 26_000.0
RECEIVER_M = 1.5
CORRELATION_M = 300.0
SITE_CORRELATION = 0.5
SQUARE_M = 8_000.0
SHADOW_SD_DB = 7.0
SITE_SD_DB = 3.0
OBSTACLE_CAP_DB = 28.0
OBSTACLE_SCALE = 2.4
_REFERENCE_M = 100.0
_COVER_DB = {TREE: 7.0, SHRUB: 4.0, GRASS: 0.0, CROP: 1.0, BUILT: 13.0, WATER: -2.0}
_POOL = 12


@njit(cache=True)
def _intrusion(
    raster: npt.NDArray[np.float32],
    row0: float,
    column0: float,
    top_m: float,
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
    distance_m: npt.NDArray[np.float64],
    receiver_m: float,
    step_m: float,
) -> npt.NDArray[np.float64]:
    """Return, per receiver, the largest height above the line of sight over the square root of d1 d2 / d."""
    out = np.empty(rows.size)
    last_row, last_column = raster.shape[0] - 1, raster.shape[1] - 1
    for p in range(rows.size):
        total = distance_m[p]
        count = max(3, int(total / step_m) + 1)
        end_row = min(max(int(np.rint(rows[p])), 0), last_row)
        end_column = min(max(int(np.rint(columns[p])), 0), last_column)
        low = raster[end_row, end_column] + receiver_m
        most = -1e9
        for i in range(1, count - 1):
            share = i / (count - 1)
            row = min(max(int(np.rint(row0 + share * (rows[p] - row0))), 0), last_row)
            column = min(max(int(np.rint(column0 + share * (columns[p] - column0))), 0), last_column)
            near, far = share * total, (1.0 - share) * total
            bulge = near * far / (2.0 * 8_495_000.0)
            over = raster[row, column] + bulge - (top_m + share * (low - top_m))
            most = max(most, over / np.sqrt(near * far / total))
        out[p] = most
    return out


def obstacle_db(intrusion: FloatArray, wavelength_m: float) -> FloatArray:
    """Return the loss of an obstacle: 0 until it enters the first Fresnel zone, then towards the cap."""
    depth = np.maximum(0.0, intrusion / np.sqrt(wavelength_m) + 0.6)
    return np.asarray(OBSTACLE_CAP_DB * -np.expm1(-depth / OBSTACLE_SCALE), dtype=np.float64)


def distance_db(distance_m: FloatArray, effective_height_m: FloatArray, frequency_mhz: float) -> FloatArray:
    """Return the power law: free space to 100 m, from there an exponent of 3.3 (10 m) to 2.5 (200 m)."""
    free = 32.45 + 20 * np.log10(_REFERENCE_M / 1000) + 20 * np.log10(frequency_mhz)
    exponent = 3.3 - 0.61 * np.log10(np.clip(effective_height_m, 10.0, 200.0) / 10.0)
    return np.asarray(free + 10 * exponent * np.log10(np.maximum(distance_m, 30.0) / _REFERENCE_M), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SecondLaw:
    """Everything that decides a level; stands in for :class:`geo.sample.truth.RadioTruth`.

    Attributes
    ----------
    network : Network
    terrain : Terrain
    lattice : Lattice
        6 arc-seconds, on which truth rasters are written.
    fields : (k, rows, columns) float32 array
        Unit fields at the terrain's lattice.
    cover_db : float64 array
        Loss by the cover at the receiver, at the terrain's lattice.
    of_square, of_mast : (n, 3) int64 arrays
        Number of the field and its shifts in rows and columns, for each square and each mast.
    square : (masts,) int64 array
        Square of each mast.
    site_db : (sites,) float64 array
        What each site radiates more than its cells say.
    """

    network: Network
    terrain: Terrain
    lattice: Lattice
    fields: npt.NDArray[np.float32]
    cover_db: FloatArray
    of_square: npt.NDArray[np.int64]
    of_mast: npt.NDArray[np.int64]
    square: npt.NDArray[np.int64]
    site_db: FloatArray

    def levels(self, lon: FloatArray, lat: FloatArray, *, own_masts: pd.Series | None = None) -> Levels:
        """Return the best true levels at points, as :meth:`geo.sample.truth.RadioTruth.levels` does."""
        sites, cells = self.network.sites, self.network.cells
        counted = sites["radiates"] if own_masts is None else own_masts
        lattice = self.terrain.lattice
        x, y = to_metres(lon, lat)
        row, column = lattice.position(lon, lat)
        i, j = lattice.cell(lon, lat)
        cover, ground = self.cover_db[i, j], self.terrain.height_m[i, j]
        raster = self.terrain.height_m.astype(np.float32)
        operator = sites["operator"].to_numpy()
        keys = [(o, t) for o in OPERATORS for t in TECHNOLOGIES]
        best = {key: np.full(x.size, -np.inf, dtype=np.float32) for key in keys}
        server = {key: np.full(x.size, -1, dtype=np.int32) for key in keys}
        for mast in np.unique(sites.loc[counted, "mast"].to_numpy()).tolist():
            group = sites[counted & (sites["mast"] == mast)]
            first = group.iloc[0]
            mx, my = to_metres(first["lon"], first["lat"])
            distance = np.hypot(x - mx, y - my)
            near = np.flatnonzero((distance < REACH_M) & (distance > 1.0))
            if near.size == 0:
                continue
            mine = cells[cells["site"].isin(group.index)]
            mrow, mcolumn = lattice.position(first["lon"], first["lat"])
            foot = float(bilinear(self.terrain.height_m, lattice, first["lon"], first["lat"]))
            top = foot + float(mine["height_m"].mean())
            d = np.maximum(distance[near], 30.0)
            intrusion = _intrusion(
                raster, float(mrow), float(mcolumn), top, row[near], column[near], d, RECEIVER_M, 120.0
            )
            shadow = SHADOW_SD_DB * self._unit_shadow(mast, i[near], j[near])
            bearing = np.degrees(np.arctan2(x[near] - mx, y[near] - my))
            depression = np.degrees(np.arctan2(top - ground[near] - RECEIVER_M, d))
            effective = top - ground[near]
            for cell in mine.itertuples(index=True):
                name = operator[cell.site]
                carrier = CARRIERS[(name, cell.carrier)]
                loss = distance_db(d, effective, carrier.frequency_mhz) + cover[near] + shadow
                loss += obstacle_db(intrusion, 299.792458 / carrier.frequency_mhz)
                radiated = 10 * np.log10(cell.power_w * 1000) + carrier.reference_share_db + cell.gain_dbi - 2.0
                level = radiated + self.site_db[cell.site] - _off_beam_db(cell, bearing, depression) - loss
                key = (name, carrier.technology)
                better = level > best[key][near]
                best[key][near[better]] = level[better]
                server[key][near[better]] = cell.Index
        return Levels(best, server)

    def _unit_shadow(self, mast: int, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> FloatArray:
        rows, columns = self.fields.shape[1:]

        def drawn(entry: npt.NDArray[np.int64]) -> FloatArray:
            return np.asarray(self.fields[entry[0], (i + entry[1]) % rows, (j + entry[2]) % columns], dtype=np.float64)

        common, own = drawn(self.of_square[self.square[mast]]), drawn(self.of_mast[mast])
        return np.asarray(np.sqrt(SITE_CORRELATION) * common + np.sqrt(1 - SITE_CORRELATION) * own)


def _off_beam_db(cell: Any, bearing_deg: FloatArray, depression_deg: FloatArray) -> FloatArray:
    """Return the loss off the main beam (3GPP TR 38.901 Table 7.3-1: 30 dB at most; 12 degrees high here)."""
    across = np.zeros(bearing_deg.shape)
    if float(cell.width_deg) < 360:
        off = (bearing_deg - float(cell.azimuth_deg) + 180) % 360 - 180
        across = np.minimum(12 * (off / float(cell.width_deg)) ** 2, 30.0)
    down = np.minimum(12 * ((depression_deg - float(cell.tilt_deg)) / 12.0) ** 2, 20.0)
    return np.asarray(np.minimum(across + down, 30.0), dtype=np.float64)


def build_second_law(
    rng: np.random.Generator, terrain: Terrain, land_cover: npt.NDArray[np.uint8], network: Network
) -> SecondLaw:
    """Return the law of one province; takes the place of :func:`geo.sample.truth.build_radio_truth`."""
    length = CORRELATION_M / float(np.mean(terrain.lattice.cell_m))
    fields = [gaussian_field(rng, terrain.lattice.shape, length, 0.5).astype(np.float32) for _ in range(_POOL)]
    table = np.zeros(256)
    for code, loss in _COVER_DB.items():
        table[code] = loss
    sites = network.sites
    masts = int(sites["mast"].max()) + 1
    x, y = to_metres(sites["lon"].to_numpy(), sites["lat"].to_numpy())
    across, up = np.floor(x / SQUARE_M).astype(np.int64), np.floor(y / SQUARE_M).astype(np.int64)
    _, number = np.unique(across * 10_000 + up, return_inverse=True)
    square = np.zeros(masts, dtype=np.int64)
    square[sites["mast"].to_numpy()] = number
    rows, columns = terrain.lattice.shape

    def drawn(count: int) -> npt.NDArray[np.int64]:
        return np.column_stack([rng.integers(0, n, count) for n in (_POOL, rows, columns)])

    return SecondLaw(
        network,
        terrain,
        terrain.lattice.coarser(2),
        np.asarray(fields, dtype=np.float32),
        table[land_cover],
        drawn(int(number.max()) + 1),
        drawn(masts),
        square,
        rng.normal(0.0, SITE_SD_DB, len(sites)),
    )
