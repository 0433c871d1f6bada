"""A THIRD MADE-UP LAW of propagation, for scoring only, with lists that are wrong as operators' lists are.

Nothing of it is in ``geo``, and it differs in kind from the sample's law and from the second one:

* two slopes of distance in line of sight (3GPP TR 38.901 Table 7.4.1-1, RMa), bent at the breakpoint;
* cascaded knife edges, at most three (after ITU-R P.526 section 4.4.1), bounded by what hillsides scatter;
* woods along the last kilometres of the path, exponential saturation (after ITU-R P.833), and a row of houses or trees
  that is there or not, by chance that falls with the angle from which the wave comes;
* shadowing that is alike for masts seen in like directions, drawn out along the valleys, of 60 m to 2 km,
  stronger in woods, towns and behind ridges, with a tenth of the ground where it is twice as strong;
* panel antennas with side lobes and nulls, electrical tilts, feeders and powers that no list holds (:class:`Ingredients`);
* a tenth of the sites turned by 30 to 180 degrees, a third of the masts 5 to 10 m off in height, carriers that are
  listed and silent, on top of what the sample's lists already have wrong.

Points of one position have one level: everything is drawn when the law is made. Every ingredient can be switched off by
itself, and what the others draw stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit
from scipy import ndimage
from scipy.signal import lfilter
from scipy.special import ndtr

from geo.sample.drives import Drives, build_drives
from geo.sample.frame import FloatArray, Lattice, bilinear, to_degrees, to_metres
from geo.sample.land import BUILT, CROP, GRASS, SHRUB, TREE, WATER
from geo.sample.names import OPERATORS
from geo.sample.network import CARRIERS, Network
from geo.sample.roads import Roads
from geo.sample.terrain import Terrain
from geo.sample.truth import TECHNOLOGIES, Levels, RadioTruth

__all__ = ["Ingredients", "ThirdLaw", "build_third_drives", "build_third_law"]

REACH_M = 26_000.0
RECEIVER_M = 1.5
TILE_M = 30.0
#: Share of the variance of the shadowing: common to all directions, by the bearing, by twice the bearing, each mast's own.
SHARES = (0.2, 0.3, 0.15, 0.35)
_EARTH_M = 8_495_000.0
_NEAR_M, _NEAR_STEP_M = 1_200.0, 20.0
#: By cover: spread of the shadowing (dB), chance of a screen before the phone, its loss (dB).
_SPREAD_DB = {TREE: 6.0, SHRUB: 5.0, GRASS: 4.0, CROP: 4.0, BUILT: 7.0, WATER: 4.0}
_SCREEN = {TREE: 0.4, SHRUB: 0.35, GRASS: 0.2, CROP: 0.25, BUILT: 0.75, WATER: 0.1}
_SCREEN_DB = {TREE: 6.0, SHRUB: 8.0, GRASS: 7.0, CROP: 7.0, BUILT: 14.0, WATER: 5.0}


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What the law is made of; an ingredient is switched off by its zero.

    Attributes
    ----------
    edges_cap_db : float
        What hillsides scatter bounds the loss by knife edges.
    woods : float
        Factor of the loss in woods along the path.
    screens : float
        Factor of the chance of a screen before the phone.
    roughness_db : float
        Loss per doubling of the relief beyond 150 m about the phone.
    shadow : float
        Factor of the shadowing's spread.
    stretch : float
        How much longer the shadowing is along the valleys (they run north-west to south-east) than across.
    burst : float
        Factor of the spread on a tenth of the ground; 1: normal tails.
    lobes : bool
        Side lobes and nulls; otherwise a parabola (3GPP TR 38.901 Table 7.3-1).
    electrical_tilt : float
        Factor of the tilts that no list holds.
    power_db, feeder_db : mapping of operator to float
        Radiated beyond what the list says, and lost in the feeder.
    cell_sd_db : float
        What each cell radiates other than it should.
    turned_share, height_share, silent_share : float
        Sites turned by 30 to 180 degrees, masts 5 to 10 m higher or lower, carriers listed and silent.
    gps_sd_m : float
        Error of a drive's positions, drifting over a minute.
    tile_cells : int
        Size of the fields' tiles, cells of 30 m.
    """

    edges_cap_db: float = 42.0
    woods: float = 1.0
    screens: float = 1.0
    roughness_db: float = 1.5
    shadow: float = 1.0
    stretch: float = 3.5
    burst: float = 2.0
    lobes: bool = True
    electrical_tilt: float = 1.0
    power_db: dict[str, float] = field(default_factory=lambda: dict(zip(OPERATORS, (0.0, 1.0, -3.0), strict=True)))
    feeder_db: dict[str, float] = field(default_factory=lambda: dict(zip(OPERATORS, (0.5, 3.0, 2.0), strict=True)))
    cell_sd_db: float = 1.5
    turned_share: float = 0.10
    height_share: float = 0.33
    silent_share: float = 0.03
    gps_sd_m: float = 10.0
    tile_cells: int = 2048


@njit(cache=True)
def _at(raster: npt.NDArray[np.float32], row: float, column: float) -> Any:
    i = min(max(int(row), 0), raster.shape[0] - 2)
    j = min(max(int(column), 0), raster.shape[1] - 2)
    u, v = min(max(row - i, 0.0), 1.0), min(max(column - j, 0.0), 1.0)
    top = raster[i, j] * (1 - v) + raster[i, j + 1] * v
    return top * (1 - u) + (raster[i + 1, j] * (1 - v) + raster[i + 1, j + 1] * v) * u


@njit(cache=True)
def _edge(height: npt.NDArray[np.float64], first: int, last: int, step: float) -> Any:
    """Return the place of the greatest clearance ratio between two ends, and the ratio (nu times root of the wavelength)."""
    best, most = -1, -1e9
    total = (last - first) * step
    for i in range(first + 1, last):
        d1, d2 = (i - first) * step, (last - i) * step
        line = height[first] + (height[last] - height[first]) * d1 / total
        ratio = (height[i] - line) * np.sqrt(2.0 * total / (d1 * d2))
        if ratio > most:
            best, most = i, ratio
    return best, most


@njit(cache=True)
def _paths(
    ground: npt.NDArray[np.float32],
    canopy: npt.NDArray[np.float32],
    row0: float,
    column0: float,
    top_m: float,
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
    distance_m: npt.NDArray[np.float64],
    step_m: float,
) -> npt.NDArray[np.float64]:
    """Return (n, 5): ratios of the main edge and of those before and behind it, metres in woods, angle of arrival (degrees)."""
    out = np.empty((rows.size, 5))
    height = np.empty(5 + int(distance_m.max() / step_m))
    for p in range(rows.size):
        total = distance_m[p]
        count = max(4, int(total / step_m) + 1)
        step = total / (count - 1)
        for i in range(count):
            share = i / (count - 1)
            height[i] = _at(ground, row0 + share * (rows[p] - row0), column0 + share * (columns[p] - column0))
            height[i] += share * (1.0 - share) * total * total / (2.0 * _EARTH_M)
        height[0] = top_m
        height[count - 1] += RECEIVER_M
        main, ratio = _edge(height, 0, count - 1, step)
        before = behind = -1e9
        seen = 0
        if ratio > 0.0:
            seen = main
            if main > 1:
                _, before = _edge(height, 0, main, step)
            if main < count - 2:
                _, behind = _edge(height, main, count - 1, step)
        out[p, 0], out[p, 1], out[p, 2] = ratio, before, behind
        slope = (height[seen] - height[count - 1]) / ((count - 1 - seen) * step)
        low = height[count - 1]
        wood = 0.0
        for k in range(int(_NEAR_M / _NEAR_STEP_M)):
            back = (k + 0.5) * _NEAR_STEP_M
            if back >= (count - 1 - seen) * step:
                break
            share = 1.0 - back / total
            row, column = row0 + share * (rows[p] - row0), column0 + share * (columns[p] - column0)
            i = min(max(int(np.rint(row)), 0), canopy.shape[0] - 1)
            j = min(max(int(np.rint(column)), 0), canopy.shape[1] - 1)
            over = low + slope * back - _at(ground, row, column)
            if over < canopy[i, j]:
                wood += _NEAR_STEP_M
            elif over > 40.0:
                break
        out[p, 3] = wood * np.sqrt(1.0 + slope * slope)
        out[p, 4] = np.degrees(np.arctan(slope))
    return out


def knife_db(nu: FloatArray) -> FloatArray:
    """Return the loss of one knife edge (ITU-R P.526 eq. (31))."""
    v = np.maximum(nu, -0.78) - 0.1
    return np.asarray(np.where(nu > -0.78, 6.9 + 20 * np.log10(np.sqrt(v * v + 1) + v), 0.0), dtype=np.float64)


def edges_db(ratios: FloatArray, wavelength_m: float, distance_m: FloatArray, cap_db: float) -> FloatArray:
    """Return the loss of at most three edges (after ITU-R P.526 section 4.4.1), bounded softly."""
    main, before, behind = (knife_db(ratios[:, k] / np.sqrt(wavelength_m)) for k in range(3))
    others = np.where(main > 6.0, before + behind + 10.0 + 0.04 * distance_m / 1000, 0.0)
    loss = np.maximum(main + (1 - np.exp(-main / 6.0)) * np.where(before + behind > 0, others, 0.0), 0.0)
    if cap_db <= 0:
        return np.zeros_like(loss)
    least = 10 ** (-cap_db / 10)
    return np.asarray(10 * np.log10((1 + least) / (10 ** (-loss / 10) + least)), dtype=np.float64)


def two_slopes_db(distance_m: FloatArray, height_m: FloatArray, frequency_mhz: float) -> FloatArray:
    """Return the loss in line of sight (3GPP TR 38.901 Table 7.4.1-1, RMa, houses of 5 m); ``height_m`` above the phone's ground."""
    h, f = np.clip(height_m, 10.0, 150.0), frequency_mhz / 1000
    turn = 2 * np.pi * h * RECEIVER_M * f * 1e9 / 2.998e8

    def first(d: FloatArray) -> FloatArray:
        house = 5.0**1.72
        free = 20 * np.log10(40 * np.pi * d * f / 3)
        return free + min(0.03 * house, 10.0) * np.log10(d) - min(0.044 * house, 14.77) + 0.002 * np.log10(5.0) * d

    beyond = first(turn) + 40 * np.log10(np.maximum(distance_m, turn) / turn)
    return np.asarray(np.where(distance_m <= turn, first(distance_m), beyond), dtype=np.float64)


def woods_db(metres: FloatArray, frequency_mhz: float) -> FloatArray:
    """Return the loss in woods: Am (1 - exp(-d gamma / Am)) (ITU-R P.833 section 2), Am = 1.15 f^0.43, gamma 0.09 dB/m at 1 GHz."""
    most, per_m = 1.15 * frequency_mhz**0.43, 0.09 * (frequency_mhz / 1000) ** 0.5
    return np.asarray(most * -np.expm1(-metres * per_m / most), dtype=np.float64)


def beam_db(cell: Any, bearing_deg: FloatArray, depression_deg: FloatArray, tilt_deg: float, lobes: bool) -> FloatArray:
    """Return the loss off the main beam of a panel: a sinc with filled nulls upright, 27 dB behind."""
    across = np.zeros(bearing_deg.shape)
    if float(cell.width_deg) < 360:
        off = (bearing_deg - float(cell.azimuth_deg) + 180) % 360 - 180
        across = np.minimum(12 * (off / float(cell.width_deg)) ** 2, 27.0)
    high = 14.0 if float(cell.gain_dbi) <= 15 else 7.0
    angle = depression_deg - tilt_deg
    if not lobes:
        return np.asarray(np.minimum(across + np.minimum(12 * (angle / high) ** 2, 20.0), 30.0), dtype=np.float64)
    lobe = np.sinc(0.886 * angle / high) ** 2
    return np.asarray(np.minimum(across - 10 * np.log10(0.98 * lobe + 0.02 / (1 + (angle / 30) ** 2)), 35.0), dtype=np.float64)


def _tile(rng: np.random.Generator, cells: int, along_m: float, across_m: float) -> npt.NDArray[np.float32]:
    """Return a periodic unit field; rows go south, so that its long axis runs north-west to south-east."""
    fy, fx = np.fft.fftfreq(cells)[:, None], np.fft.rfftfreq(cells)[None, :]
    along, across = (fx + fy) / np.sqrt(2), (fx - fy) / np.sqrt(2)
    k2 = (2 * np.pi / TILE_M) ** 2 * ((along_m * along) ** 2 + (across_m * across) ** 2)
    amplitude = (1 + k2) ** -0.75
    amplitude[0, 0] = 0.0
    found = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((cells, cells))) * amplitude, s=(cells, cells))
    return np.asarray((found - found.mean()) / found.std(), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ThirdLaw:
    """Everything that decides a level; stands in for :class:`geo.sample.truth.RadioTruth`.

    Attributes
    ----------
    network : Network
        What the lists are made from.
    standing : DataFrame
        Cells as they truly are: the network's, with true azimuth_deg and total tilt_deg, and ``extra_db`` and ``silent``.
    terrain : Terrain
    lattice : Lattice
        6 arc-seconds, on which truth rasters are written.
    ingredients : Ingredients
    canopy_m : float32 array
        Height of trees, at the terrain's lattice.
    relief_m : float64 array
        Range of heights within some 0.75 km, at the terrain's lattice.
    land_cover : uint8 array
    directed : (5, n, n) float32 array
        Unit fields of shadowing: all directions, cosine and sine of the bearing and of twice the bearing.
    own, screen : (k, n, n) float32 arrays
        Unit fields of which each mast has pieces.
    strong : (n, n) float32 array
        Unit field that says where the shadowing is stronger.
    draws : (masts, 3) int64 array
        Number of the field and shifts of each mast.
    higher_m : (masts,) float64 array
        What each mast's antennas are higher than listed.
    """

    network: Network
    standing: pd.DataFrame
    terrain: Terrain
    lattice: Lattice
    ingredients: Ingredients
    canopy_m: npt.NDArray[np.float32]
    relief_m: FloatArray
    land_cover: npt.NDArray[np.uint8]
    directed: npt.NDArray[np.float32]
    own: npt.NDArray[np.float32]
    screen: npt.NDArray[np.float32]
    strong: npt.NDArray[np.float32]
    draws: npt.NDArray[np.int64]
    higher_m: FloatArray

    def levels(self, lon: FloatArray, lat: FloatArray, *, own_masts: pd.Series | None = None) -> Levels:
        """Return the best true levels at points, as :meth:`geo.sample.truth.RadioTruth.levels` does."""
        sites, part = self.network.sites, self.ingredients
        counted = sites["radiates"] if own_masts is None else own_masts
        lattice = self.terrain.lattice
        x, y = to_metres(lon, lat)
        row, column = lattice.position(lon, lat)
        i, j = lattice.cell(lon, lat)
        cover = self.land_cover[i, j]
        spread, screened, screen_db = (_by_cover(t)[cover] for t in (_SPREAD_DB, _SCREEN, _SCREEN_DB))
        rough_db = part.roughness_db * np.log2(1 + self.relief_m[i, j] / 150.0)
        ground = bilinear(self.terrain.height_m, lattice, lon, lat)
        raster = self.terrain.height_m.astype(np.float32)
        u, v = (np.floor(c / TILE_M).astype(np.int64) for c in (x, -y))
        burst = self._burst(u, v)
        operator = sites["operator"].to_numpy(dtype=object)
        keys = [(o, t) for o in OPERATORS for t in TECHNOLOGIES]
        best = {key: np.full(x.size, -np.inf, dtype=np.float32) for key in keys}
        server = {key: np.full(x.size, -1, dtype=np.int32) for key in keys}
        for mast in np.unique(sites.loc[counted, "mast"].to_numpy()).tolist():
            group = sites[counted & (sites["mast"] == mast)]
            mine = self.standing[self.standing["site"].isin(group.index) & ~self.standing["silent"]]
            first = group.iloc[0]
            mx, my = to_metres(first["lon"], first["lat"])
            distance = np.hypot(x - mx, y - my)
            near = np.flatnonzero((distance < REACH_M) & (distance > 1.0))
            if near.size == 0 or mine.empty:
                continue
            mrow, mcolumn = lattice.position(first["lon"], first["lat"])
            top = float(bilinear(self.terrain.height_m, lattice, first["lon"], first["lat"]))
            top += max(6.0, float(mine["height_m"].mean()) + float(self.higher_m[mast]))
            d = np.maximum(distance[near], 30.0)
            paths = _paths(raster, self.canopy_m, float(mrow), float(mcolumn), top, row[near], column[near], d, 120.0)
            bearing = np.arctan2(x[near] - mx, y[near] - my)
            above = top - ground[near]
            depression = np.degrees(np.arctan2(above - RECEIVER_M, d))
            chance = part.screens * screened[near] * np.exp(-np.maximum(paths[:, 4], 0.0) / 15.0)
            screen = np.where(self._rank(mast, u[near], v[near]) < chance, screen_db[near], 0.0)
            unit = self._unit_shadow(mast, u[near], v[near], bearing) * burst[near]
            for name, carrier_name in sorted(set(zip(operator[mine["site"].to_numpy()], mine["carrier"], strict=True))):
                carrier = CARRIERS[(name, carrier_name)]
                f = carrier.frequency_mhz
                edges = edges_db(paths[:, :3], 299.792458 / f, d, part.edges_cap_db)
                shadow = part.shadow * (spread[near] + 2.5 * -np.expm1(-edges / 8.0)) * unit
                loss = two_slopes_db(np.hypot(d, above), above, f) + edges + part.woods * woods_db(paths[:, 3], f)
                loss += screen + rough_db[near] + shadow
                wanted = mine[(mine["carrier"] == carrier_name) & (operator[mine["site"].to_numpy()] == name)]
                key = (name, carrier.technology)
                for cell in wanted.itertuples(index=True):
                    radiated = 10 * np.log10(cell.power_w * 1000) + carrier.reference_share_db + cell.gain_dbi + cell.extra_db
                    level = radiated - loss - beam_db(cell, np.degrees(bearing), depression, float(cell.tilt_deg), part.lobes)
                    better = level > best[key][near]
                    best[key][near[better]] = level[better]
                    server[key][near[better]] = cell.Index
        return Levels(best, server)

    def _burst(self, u: npt.NDArray[np.int64], v: npt.NDArray[np.int64]) -> FloatArray:
        """Return the factor of the spread: of mean square 1, ``burst`` times as much on a tenth of the ground."""
        factor = self.ingredients.burst
        strong = self.strong[v % len(self.strong), u % len(self.strong)] > 1.2816
        return np.asarray(np.where(strong, factor, 1.0) / np.sqrt(0.9 + 0.1 * factor**2), dtype=np.float64)

    def _piece(self, fields: npt.NDArray[np.float32], mast: int, u: npt.NDArray[np.int64], v: npt.NDArray[np.int64]) -> FloatArray:
        number, down, right = self.draws[mast]
        n = fields.shape[1]
        return np.asarray(fields[number % len(fields), (v + down) % n, (u + right) % n], dtype=np.float64)

    def _rank(self, mast: int, u: npt.NDArray[np.int64], v: npt.NDArray[np.int64]) -> FloatArray:
        """Return numbers from 0 to 1, alike within some 50 m (after 3GPP TR 38.901 section 7.6.3.3)."""
        return np.asarray(ndtr(self._piece(self.screen, mast, u, v)), dtype=np.float64)

    def _unit_shadow(self, mast: int, u: npt.NDArray[np.int64], v: npt.NDArray[np.int64], bearing: FloatArray) -> FloatArray:
        n = self.directed.shape[1]
        at = self.directed[:, v % n, u % n].astype(np.float64)
        common, once, twice, own = np.sqrt(SHARES)
        out = common * at[0] + once * (np.cos(bearing) * at[1] + np.sin(bearing) * at[2])
        out += twice * (np.cos(2 * bearing) * at[3] + np.sin(2 * bearing) * at[4])
        return np.asarray(out + own * self._piece(self.own, mast, u, v), dtype=np.float64)


def _by_cover(values: dict[int, float]) -> FloatArray:
    table = np.full(256, values[GRASS])
    for code, value in values.items():
        table[code] = value
    return table


def _standing(rngs: list[np.random.Generator], network: Network, part: Ingredients) -> pd.DataFrame:
    """Return the cells as they truly stand."""
    turning, tilting, output, silence = rngs
    sites, cells = network.sites, network.cells.copy()
    of = cells["site"].to_numpy()
    operator = sites["operator"].to_numpy()[of]
    turned = turning.random(len(sites)) < part.turned_share
    turn = np.rint(turning.uniform(30, 180, len(sites)) / 5) * 5 * turning.choice([-1, 1], len(sites))
    cells["azimuth_deg"] = (cells["azimuth_deg"] + np.where(turned, turn, 0.0)[of]) % 360
    # Remote electrical tilts stand in the operator's planning tool, not in the list: none on a fifth of the sites.
    electric = np.where(tilting.random(len(sites)) < 0.2, 0, tilting.integers(1, 6, len(sites)))
    cells["tilt_deg"] = cells["tilt_deg"] + part.electrical_tilt * np.where(cells["width_deg"] < 360, electric[of], 0)
    told = np.array([part.power_db[o] - part.feeder_db[o] for o in operator])
    cells["extra_db"] = told + output.normal(0.0, part.cell_sd_db, len(cells))
    carriers, which = np.unique([f"{s} {c}" for s, c in zip(of, cells["carrier"], strict=True)], return_inverse=True)
    cells["silent"] = (silence.random(len(carriers)) < part.silent_share)[which]
    return cells


def build_third_law(
    rng: np.random.Generator, terrain: Terrain, land_cover: npt.NDArray[np.uint8], network: Network,
    ingredients: Ingredients | None = None,
) -> ThirdLaw:  # fmt: skip
    """Return the law of one province; takes the place of :func:`geo.sample.truth.build_radio_truth`."""
    part = ingredients or Ingredients()
    rngs = rng.spawn(16)
    n, along = part.tile_cells, part.stretch

    def mixed(k: int, *parts: tuple[float, float, float]) -> npt.NDArray[np.float32]:
        """Return a unit field made of several: (share of the variance, length along, length across)."""
        streams = rngs[k].spawn(len(parts))
        found = [np.sqrt(share) * _tile(r, n, a, b) for r, (share, a, b) in zip(streams, parts, strict=True)]
        return np.asarray(np.sum(found, axis=0), dtype=np.float32)

    directed = [mixed(k, (0.45, 350.0 * along, 350.0), (0.35, 120.0, 120.0), (0.2, 2000.0, 2000.0)) for k in range(5)]
    own = [mixed(5 + k, (0.5, 60.0, 60.0), (0.5, 250.0, 250.0)) for k in range(3)]
    screen = [_tile(rngs[8], n, 50.0, 50.0), _tile(rngs[9], n, 50.0, 50.0)]
    trees, masts = rngs[10].spawn(2)
    lattice = terrain.lattice
    lon, lat = lattice.centres()
    x, y = to_metres(lon, lat)
    u, v = (np.floor(c / TILE_M).astype(np.int64) for c in (x, -y))
    grown = np.clip(13.0 + 4.0 * _tile(trees, n, 400.0, 400.0)[v % n, u % n], 5.0, 25.0)
    canopy = np.where(land_cover == TREE, grown, np.where(land_cover == SHRUB, 2.5, 0.0)).astype(np.float32)
    height = terrain.height_m
    relief = ndimage.maximum_filter(height, 17) - ndimage.minimum_filter(height, 17)
    count = int(network.sites["mast"].max()) + 1
    draws = np.column_stack([masts.integers(0, m, count) for m in (6, n, n)])
    taller = rngs[11]
    off = np.where(taller.random(count) < part.height_share, taller.uniform(5, 10, count) * taller.choice([-1, 1], count), 0.0)
    return ThirdLaw(
        network, _standing(rngs[12].spawn(4), network, part), terrain, lattice.coarser(2), part, canopy,
        np.asarray(relief, dtype=np.float64), land_cover, np.asarray(directed), np.asarray(own), np.asarray(screen),
        _tile(rngs[13], n, 200.0, 200.0), draws, off,
    )  # fmt: skip


def build_third_drives(rng: np.random.Generator, truth: RadioTruth | ThirdLaw, roads: Roads) -> Drives:
    """Return drives whose positions err by ``gps_sd_m``, drifting; takes the place of :func:`geo.sample.drives.build_drives`."""
    if not isinstance(truth, ThirdLaw):
        raise TypeError(f"a ThirdLaw is needed, came {type(truth).__name__}")
    made = build_drives(rng, cast(RadioTruth, truth), roads)
    part = truth.ingredients
    drift = np.random.default_rng([len(made.table), 3])

    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        # All phones of one car have their own receivers; one receiver errs alike for some ten fixes.
        x, y = to_metres(frame["lon"].to_numpy(), frame["lat"].to_numpy())
        keep = np.exp(-1 / 10)
        errors = []
        for _ in range(2):
            step = drift.normal(0.0, part.gps_sd_m * np.sqrt(1 - keep**2), len(frame))
            errors.append(_autoregressive(step, keep))
        lon, lat = to_degrees(x + errors[0], y + errors[1])
        return frame.assign(lon=np.round(lon / 2.0**-18) * 2.0**-18, lat=np.round(lat / 2.0**-18) * 2.0**-18)

    return replace(made, table=moved(made.table), logs=tuple(moved(log) for log in made.logs))


def _autoregressive(step: FloatArray, keep: float) -> FloatArray:
    return np.asarray(lfilter([1.0], [1.0, -keep], step), dtype=np.float64)
