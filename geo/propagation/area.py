"""Levels over a piece of the grid from the radio cells in reach of it.

All radio cells at one place and height share one sweep over the terrain; only the bands take logarithms of
their own, and only the radio cells their pattern and power. A ray begins at the antenna whatever the piece
of the grid is, so that pieces agree where they meet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.crs import to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.terrain import TerrainWindow
from geo.propagation.corrections import COLUMNS, Corrections
from geo.propagation.diffraction import Diffraction
from geo.propagation.entry import USES, end_loss, entry_loss
from geo.propagation.grid_kernels import merge_kernel, merge_mast_kernel, polar_to_grid_kernel
from geo.propagation.ground import ProfileGround
from geo.propagation.kernels import heights_kernel
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings
from geo.propagation.sweep import Antenna, PolarLoss, Profiles, ray_count, sweep_loss

__all__ = ["MODEL", "AreaLevels", "Best", "RadioSources", "predict_area"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_BOOL = npt.NDArray[np.bool_]

#: Name and edition of the model, for every output.
MODEL = "ITU-R P.1812-8, 50 % of time and locations: free space + delta-Bullington diffraction"

#: P.1812-8 eq (8): Lbfs = 92.4 + 20 log f (GHz) + 20 log d (km).
_FREE_SPACE_DB = 92.4
#: What the Recommendation covers, GHz.
_LOWEST_GHZ, _HIGHEST_GHZ = 0.03, 6.0
#: Slant distances are never taken shorter than this, km.
_NEAREST_KM = 1e-3


@dataclass(frozen=True, slots=True)
class AreaLevels:
    """Best server over a piece of the grid, per layer.

    Attributes
    ----------
    level_dbm : (layers, rows, columns) float32 array
        Outdoor level (median) of the best server whose whole path is known; -inf if there is none in reach.
    margin_sd : (uses, layers, rows, columns) float32 array
        Greatest (level − loss of the use − planning level) / sd over the same radio cells, for the uses of
        :data:`geo.propagation.entry.USES`; -inf if none.
    bound_sd : (uses, layers, rows, columns) float32 array
        The same over all radio cells in reach, those whose path is not all known counted with free space
        alone (an upper bound); +inf where a radio cell without planning level reaches. Never less than
        ``margin_sd``.
    second_dbm : (layers, rows, columns) float32 array
        Level of the second-best radio cell; -inf if there is none.
    server : (layers, rows, columns) int32 array
        The best server: its ``RadioSources.index``; -1 none.
    best : Best or None
        The level of the best server as a random one; only of a corrected prediction, whose margins say nothing.
    """

    level_dbm: _F32
    margin_sd: _F32
    bound_sd: _F32
    second_dbm: _F32
    server: npt.NDArray[np.int32]
    best: Best | None = None

    @classmethod
    def empty(cls, layers: int, shape: tuple[int, int], *, calibrated: bool = False) -> AreaLevels:
        """Return levels of which nothing is in reach."""
        one, every = (layers, *shape), (len(USES), layers, *shape)
        return cls(
            np.full(one, -np.inf, dtype=np.float32),
            np.full(every, -np.inf, dtype=np.float32),
            np.full(every, -np.inf, dtype=np.float32),
            np.full(one, -np.inf, dtype=np.float32),
            np.full(one, -1, dtype=np.int32),
            Best.empty(layers, shape) if calibrated else None,
        )


@dataclass(frozen=True, slots=True)
class Best:
    """The level of a layer's best server, of which nobody knows which one it will be.

    The phone takes the strongest of many cells, so an error that helps a cell also helps it to be chosen: the
    expected best lies above the strongest expected, and varies less than one cell's level.

    Attributes
    ----------
    moments : (4, layers, rows, columns) float32 array
        Mean (dBm), variance (dB²), pull (dB, see ``best_of_two_kernel``) over the radio cells whose whole
        path is known, and the part of the standard deviation that their corrections have over paths unlike the measured
        ones (it is in the variance); NaN if none is in reach.
    bound_dbm : (layers, rows, columns) float32 array
        The highest level that a radio cell may have whose path is not all known; -inf if there is none, +inf
        where a radio cell without planning level reaches.
    """

    moments: _F32
    bound_dbm: _F32

    @classmethod
    def empty(cls, layers: int, shape: tuple[int, int]) -> Best:
        """Return a best server of which nothing is in reach."""
        one = (layers, *shape)
        return cls(
            np.full((4, *one), np.nan, dtype=np.float32),
            np.full(one, -np.inf, dtype=np.float32),
        )


@dataclass(frozen=True, slots=True)
class _Sector:
    """The part of the rays of one antenna that a piece of the grid needs."""

    first_ray: int
    held: int
    first: int
    last: int


def predict_area(
    *,
    window: TerrainWindow,
    ground: ProfileGround,
    grid: Grid,
    inside: _BOOL,
    sources: RadioSources,
    layers: int,
    settings: CoverageSettings,
    clutter_at_end: bool = False,
    corrections: Corrections | None = None,
) -> AreaLevels:
    """Return the best server's level over a piece of the grid.

    level = EIRP − free-space loss − diffraction loss (ITU-R P.1812-8, a_e for the median atmosphere) −
    pattern loss, but never above the radio cell's ceiling: received power = sent power −
    max(path loss − gains, minimum coupling loss) (3GPP TR 36.942). The pattern is taken towards the
    antenna's horizon where that hides the receiver.

    Parameters
    ----------
    window : TerrainWindow
        Covers the piece and every antenna in reach.
    ground : ProfileGround
        Of the same window.
    grid : Grid
        The piece, in metres.
    inside : (rows, columns) bool array
        Cells to predict; the others stay -inf.
    sources : RadioSources
        Those in reach.
    layers : int
        Number of layers.
    settings : CoverageSettings
    clutter_at_end : bool
        Whether the phone stands among houses that the terrain does not have: the statistical loss of ITU-R
        P.2108-1 clause 3.2 is taken from every level, and its spread widens the error.
    corrections : Corrections, optional
        What measurements taught (but for the cover about the phone); then ``best`` is gathered and the margins are not.

    Raises
    ------
    GridMismatchError
        If the shapes do not agree.
    ValueError
        If clutter would count twice: in the profile and at the phone.
    """
    if inside.shape != grid.shape or ground.ground_m.shape != window.heights.shape:
        raise GridMismatchError(
            f"Mảnh {grid.shape}, mặt nạ {inside.shape} hoặc địa hình không khớp nhau.",
            f"Piece {grid.shape}, mask {inside.shape} or terrain do not fit each other.",
        )
    if clutter_at_end and ground.over_m is not ground.ground_m:
        raise ValueError("clutter in the profile and clutter loss at the phone would count the same houses twice")
    out = AreaLevels.empty(layers, grid.shape, calibrated=corrections is not None)
    if not inside.any() or sources.groups == 0:
        return out
    wanted = np.ascontiguousarray(inside)
    profiles = Profiles(np.ascontiguousarray(ground.ground_m), _over(ground))
    x_m, y_m = grid.centres()
    all_x, all_y = np.meshgrid(x_m, y_m)
    lon, lat = to_wgs84(all_x.ravel(), all_y.ravel(), grid.epsg)
    row, column = (_fixed(v) for v in window.to_lattice(lon.reshape(grid.shape), lat.reshape(grid.shape)))
    stands_m = np.full(grid.shape, np.nan, dtype=np.float32)
    heights_kernel(profiles.ground_m, row, column, wanted, stands_m)
    rays = ray_count(settings.max_radius_m, min(grid.cell_size, settings.ray_spacing_m))
    samples = math.ceil(settings.max_radius_m / settings.profile_step_m)
    site_row, site_column = (_fixed(v) for v in window.to_lattice(sources.group_lon, sources.group_lat))
    used_loss_db, used_sd_db = _uses(sources, settings)
    mast = _Mast.of(sources, corrections, layers, grid.shape)
    for g in range(sources.groups):
        mast.reach(g, out)
        dx_m, dy_m = x_m - sources.group_x_m[g], y_m - sources.group_y_m[g]
        sector = _sector(dx_m, dy_m, wanted, rays, samples, settings)
        if sector is None:
            continue
        antenna = Antenna(
            float(site_row[g]),
            float(site_column[g]),
            float(sources.group_ground_m[g]),
            float(sources.group_height_m[g]),
        )
        bearing = 2.0 * np.pi * ((sector.first_ray + np.arange(sector.held)) % rays) / rays
        place = (float(sources.group_x_m[g]), float(sources.group_y_m[g]))
        reach_m = samples * settings.profile_step_m
        end_row, end_column = _ray_ends(window, grid.epsg, place, bearing, reach_m)
        members = slice(int(sources.group_first[g]), int(sources.group_first[g + 1]))
        frequencies, band_of = np.unique(sources.frequency_mhz[members], return_inverse=True)
        polar = _swept(
            profiles,
            antenna,
            _fixed((end_row - antenna.row) / samples),
            _fixed((end_column - antenna.column) / samples),
            sector,
            frequencies / 1000.0,
            settings,
        )
        _merge(out, polar, antenna, stands_m, (dx_m / 1000.0, dy_m / 1000.0), wanted, rays, sector, members,
               frequencies, band_of, sources, used_loss_db[:, members], used_sd_db[:, members], settings, clutter_at_end, mast)  # fmt: skip
    mast.reach(sources.groups, out)
    if out.best is not None:
        out.best.moments[1] += np.square(out.best.moments[3])
    return out


@dataclass(slots=True)
class _Mast:
    """Radio cells of one place, gathered apart before they join the others: their errors hang together more."""

    place: npt.NDArray[np.int64]
    layer_of: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    correction: _F64
    law: _F64
    moments: _F32
    bound_dbm: _F32
    begun: int = 0

    @classmethod
    def of(cls, sources: RadioSources, corrections: Corrections | None, layers: int, shape: tuple[int, int]) -> _Mast:
        """Return a mast of which nothing is known yet."""
        if corrections is None:
            none, small = np.empty((len(sources.index), COLUMNS)), np.empty((1, 1, 1), dtype=np.float32)
            return cls(np.arange(sources.groups), sources.layer, sources.group_first, none, np.ones(11), small[None], small)
        moved = (np.diff(sources.group_lon, prepend=np.nan) != 0) | (np.diff(sources.group_lat, prepend=np.nan) != 0)
        best = Best.empty(layers, shape)
        return cls(
            np.cumsum(moved), sources.layer, sources.group_first, corrections.of(sources), corrections.law, best.moments,
            best.bound_dbm,
        )  # fmt: skip

    def reach(self, group: int, out: AreaLevels) -> None:
        """Close the mast before ``group`` if that stands elsewhere: its best joins those of the others."""
        if group == self.begun or (group < len(self.place) and self.place[group] == self.place[self.begun]):
            return
        if out.best is not None:
            members = slice(int(self.first[self.begun]), int(self.first[group]))
            merge_mast_kernel(self.moments, np.unique(self.layer_of[members]), float(self.law[7]), out.best.moments)
        self.begun = group


def _fixed(position: _F64) -> _F64:
    """Return lattice positions or steps as multiples of 2^-34 nodes (about 5 nm).

    Sums of them are exact, so that a position does not depend on where a piece's window begins: pieces agree
    to the last bit however the grid is cut.
    """
    return np.asarray(np.round(position * 2.0**34) / 2.0**34, dtype=np.float64)


def _over(ground: ProfileGround) -> _F32:
    over = np.ascontiguousarray(ground.over_m)
    return np.ascontiguousarray(ground.ground_m) if ground.over_m is ground.ground_m else over


def _uses(sources: RadioSources, settings: CoverageSettings) -> tuple[_F64, _F64]:
    """Return loss and error of every radio cell in every use, (uses, n) each."""
    frequencies, band_of = np.unique(sources.frequency_mhz, return_inverse=True)
    found = [entry_loss(use, frequencies / 1000.0, settings) for use in USES]
    loss, spread = (np.stack([pair[i][band_of] for pair in found]) for i in range(2))
    return loss, np.hypot(sources.sd_db[None, :], spread)


def _swept(
    profiles: Profiles,
    antenna: Antenna,
    row_step: _F64,
    column_step: _F64,
    sector: _Sector,
    frequency_ghz: _F64,
    settings: CoverageSettings,
) -> PolarLoss:
    """Return the sweep of all bands; NaN (nothing known) in bands that the model does not cover."""
    covered = (frequency_ghz >= _LOWEST_GHZ) & (frequency_ghz <= _HIGHEST_GHZ)
    radius_km = settings.effective_earth_radius_m / 1000.0
    bands = [Diffraction(float(f), radius_km) for f in frequency_ghz[covered]]
    step_km = settings.profile_step_m / 1000.0
    if not bands:
        bands = [Diffraction(_HIGHEST_GHZ, radius_km)]
    polar = sweep_loss(
        profiles,
        antenna,
        row_step=row_step,
        column_step=column_step,
        step_km=step_km,
        first=sector.first,
        last=sector.last,
        rx_height_m=settings.receiver_height_m,
        bands=bands,
    )
    if covered.all():
        return polar
    loss = np.full((len(frequency_ghz), *polar.loss_db.shape[1:]), np.nan, dtype=np.float32)
    loss[covered] = polar.loss_db[: int(covered.sum())]
    return PolarLoss(loss, polar.lift, polar.first, polar.step_km)


def _merge(
    out: AreaLevels,
    polar: PolarLoss,
    antenna: Antenna,
    stands_m: _F32,
    offset_km: tuple[_F64, _F64],
    wanted: _BOOL,
    rays: int,
    sector: _Sector,
    members: slice,
    frequencies: _F64,
    band_of: npt.NDArray[np.intp],
    sources: RadioSources,
    used_loss_db: _F64,
    used_sd_db: _F64,
    settings: CoverageSettings,
    clutter_at_end: bool,
    mast: _Mast,
) -> None:
    """Add the radio cells of one antenna place."""
    x_km, y_km = offset_km
    shape = wanted.shape
    loss = np.empty((len(frequencies), *shape), dtype=np.float32)
    lift = np.empty(shape, dtype=np.float32)
    polar_to_grid_kernel(
        polar.loss_db, polar.lift, x_km, y_km, wanted, settings.max_radius_m / 1000.0, polar.step_km,
        sector.first, rays, sector.first_ray, loss, lift,
    )  # fmt: skip
    near = _near(y_km, x_km, settings.max_radius_m / 1000.0)  # nothing beyond it is looked at
    square = (x_km[near[1]] ** 2)[None, :] + (y_km[near[0]] ** 2)[:, None]
    rise = stands_m[near] + (settings.receiver_height_m - antenna.ground_m - antenna.height_m)
    apart = np.nan_to_num(rise) / 1000.0
    distance = np.maximum(np.sqrt(square), _NEAREST_KM)
    spread, slope = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    spread[near] = _FREE_SPACE_DB + 10.0 * np.log10(np.maximum(square + apart * apart, _NEAREST_KM**2))
    slope[near] = rise / distance - (500.0e3 / settings.effective_earth_radius_m) * distance
    end_db = end_sd = np.zeros((1, 1, 1), dtype=np.float32)
    if clutter_at_end:
        end_db, end_sd = np.empty_like(loss), np.empty_like(loss)
        end_db[:, near[0], near[1]], end_sd[:, near[0], near[1]] = end_loss(frequencies / 1000.0, distance)
    merge_kernel(
        loss,
        lift,
        spread,
        slope,
        x_km,
        y_km,
        wanted,
        20.0 * np.log10(frequencies / 1000.0),
        sources.index[members],
        band_of.astype(np.int64),
        sources.layer[members],
        sources.eirp_dbm[members],
        sources.ceiling_dbm[members],
        sources.bearing_deg[members],
        sources.mechanical_tilt_deg[members],
        sources.pattern[members],
        sources.threshold_dbm[members],
        np.ascontiguousarray(used_loss_db),
        np.ascontiguousarray(used_sd_db),
        clutter_at_end,
        end_db,
        end_sd,
        sources.horizontal_loss_db,
        sources.vertical_loss_db,
        sources.pattern_cap_db,
        out.best is not None,
        np.ascontiguousarray(mast.correction[members]),
        mast.law,
        out.level_dbm,
        out.second_dbm,
        out.server,
        out.margin_sd,
        out.bound_sd,
        mast.moments,
        mast.bound_dbm if out.best is None else out.best.bound_dbm,
    )


def _near(y_km: _F64, x_km: _F64, radius_km: float) -> tuple[slice, slice]:
    """Return the rows and columns of a piece that come within a radius of the origin."""
    rows, columns = (np.flatnonzero(np.abs(axis) <= radius_km) for axis in (y_km, x_km))
    if not rows.size or not columns.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _sector(
    dx_m: _F64, dy_m: _F64, wanted: _BOOL, rays: int, samples: int, settings: CoverageSettings
) -> _Sector | None:
    """Return the rays and samples that the wanted cells of a piece need; None if all are out of reach."""
    rows, columns = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
    left, right = dx_m[columns[0]], dx_m[columns[-1]]
    top, bottom = dy_m[rows[0]], dy_m[rows[-1]]
    step = settings.profile_step_m
    near = math.hypot(max(0.0, left, -right), max(0.0, bottom, -top))
    far = math.hypot(max(abs(left), abs(right)), max(abs(top), abs(bottom)))
    if near > settings.max_radius_m:
        return None
    first = max(1, math.floor(near / step))
    last = min(samples, max(first, math.ceil(far / step)))
    if near <= 2.0 * step:
        return _Sector(0, rays, 1, last)
    middle = math.atan2(0.5 * (left + right), 0.5 * (top + bottom))
    turns = [
        (math.atan2(x, y) - middle + math.pi) % (2.0 * math.pi) - math.pi for x in (left, right) for y in (top, bottom)
    ]
    per_ray = rays / (2.0 * math.pi)
    low = math.floor((middle + min(turns)) * per_ray) - 1
    high = math.ceil((middle + max(turns)) * per_ray) + 1
    if high - low + 1 >= rays:
        return _Sector(0, rays, first, last)
    return _Sector(low % rays, high - low + 1, first, last)


def _ray_ends(
    window: TerrainWindow, epsg: int, place: tuple[float, float], bearing: _F64, reach_m: float
) -> tuple[_F64, _F64]:
    """Return lattice positions of the rays' ends.

    Projected exactly at nine points around the antenna and by the polynomial through them elsewhere: within
    0.1 m at 15 km, at a tenth of the time.
    """
    nodes = np.array([-1.0, 0.0, 1.0])
    x, y = np.meshgrid(place[0] + nodes * reach_m, place[1] + nodes * reach_m)
    lon, lat = to_wgs84(x.ravel(), y.ravel(), epsg)
    rows, columns = window.to_lattice(lon.reshape(3, 3), lat.reshape(3, 3))
    across, along = _quadratic(np.sin(bearing)), _quadratic(np.cos(bearing))
    return (
        np.einsum("ij,jn,in->n", rows, across, along),
        np.einsum("ij,jn,in->n", columns, across, along),
    )


def _quadratic(t: _F64) -> _F64:
    """Return Lagrange's weights of the nodes -1, 0, 1 at t, shape (3, n)."""
    return np.stack([0.5 * t * (t - 1.0), 1.0 - t * t, 0.5 * t * (t + 1.0)])
