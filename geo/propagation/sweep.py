"""The area sweep: diffraction loss at every sample of rays around an antenna.

Rays leave the antenna at equal angles, straight in longitude and latitude, with samples at equal steps.
Delta-Bullington (ITU-R P.1812-8 clause 4.3; P.526-16 clause 4.5.4) asks of a path four extremes: the
steepest rise seen from either end, the greatest clearance or obstruction, and a straight line fitted to
the ground. Walking outwards, the antenna's extremes are running maxima and the line is a running sum; the
receiver's are one tangent to the upper hull of the path so far. A sample so costs O(log n) instead of O(n)
and equals the evaluation of its whole profile to rounding. In line of sight the clearance over the Fresnel
ellipse is not a hull's matter: that one is O(n), vectorised.

Left out: troposcatter and ducting (clauses 4.4 and 4.5), which at the ranges of a radio cell change only losses
that no receiver could hear, other time percentages than 50 %, and paths over sea (the ground's constants are
land's). :mod:`geo.propagation.p1812` has all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.propagation.diffraction import Diffraction, bullington_loss_db, smooth_excess_db
from geo.propagation.kernels import points_kernel, sweep_kernel

__all__ = ["Antenna", "PolarLoss", "Profiles", "ray_count", "sweep_loss", "whole_path_loss"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]

#: Rays worked on at once: their arrays stay in a core's cache.
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Profiles:
    """What paths run over, on one lattice.

    Attributes
    ----------
    ground_m : (rows, columns) float32 array
        What ends of paths stand on; NaN unknown.
    over_m : (rows, columns) float32 array
        What lies between the ends: ground and clutter, or a surface model; NaN unknown. The same object as
        ``ground_m`` where nothing stands on the ground.
    """

    ground_m: _F32
    over_m: _F32

    def __post_init__(self) -> None:
        for array in (self.ground_m, self.over_m):
            if array.dtype != np.float32 or array.ndim != 2 or not array.flags.c_contiguous:
                raise ValueError("heights must be a C-contiguous float32 array of two dimensions")
        if self.ground_m.shape != self.over_m.shape or min(self.ground_m.shape) < 2:
            raise ValueError("the two height arrays must share a shape of at least 2 x 2")

    @property
    def cluttered(self) -> bool:
        """Whether anything stands on the ground."""
        return self.over_m is not self.ground_m


@dataclass(frozen=True, slots=True)
class Antenna:
    """Where rays begin.

    Attributes
    ----------
    row, column : float
        Lattice position.
    ground_m : float
        Ground below it; NaN on a void: nothing can then be said of any path.
    height_m : float
        Above ground.
    """

    row: float
    column: float
    ground_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class PolarLoss:
    """Diffraction loss on rays.

    Attributes
    ----------
    loss_db : (bands, rays, samples) array
        Ld of P.1812-8 eq (39). Beyond an unknown height (``lift`` NaN) a lower bound: the Bullington loss of
        the heights that are known; NaN where the sample's own height is unknown.
    lift : (rays, samples) array
        How much steeper the antenna's horizon rises than the straight line to the receiver, m per km; 0 in
        line of sight; NaN from the first unknown height of a ray outwards.
    first : int
        Which sample the first column is; sample k lies k steps from the antenna.
    step_km : float
    """

    loss_db: Floats
    lift: Floats
    first: int
    step_km: float


def ray_count(radius_m: float, spacing_m: float) -> int:
    """Return how many rays leave at most ``spacing_m`` between neighbours at the radius; a multiple of 8.

    With a multiple of 8 a mirrored or turned terrain gives the mirrored or turned result.
    """
    return 8 * math.ceil(2.0 * math.pi * radius_m / spacing_m / 8.0)


def sweep_loss(
    profiles: Profiles,
    antenna: Antenna,
    *,
    row_step: _F64,
    column_step: _F64,
    step_km: float,
    first: int,
    last: int,
    rx_height_m: float,
    bands: Sequence[Diffraction],
    dtype: type[np.floating] = np.float32,
) -> PolarLoss:
    """Return the diffraction loss at samples ``first`` to ``last`` of every ray.

    Parameters
    ----------
    profiles : Profiles
    antenna : Antenna
    row_step, column_step : (rays,) float64 arrays
        Lattice steps from one sample to the next.
    step_km : float
        Distance from one sample to the next.
    first, last : int
        1 <= first <= last.
    rx_height_m : float
        Receiver above ground.
    bands : sequence of Diffraction
        One effective earth radius for all: the geometry is shared.
    dtype : float32 or float64
        Of the losses. The geometry is always worked out in float64 from the float32 heights.

    Raises
    ------
    ValueError
        If an argument is out of range, or the bands differ in their earth radius.
    """
    _check(step_km, rx_height_m, antenna, bands)
    if not 1 <= first <= last or row_step.shape != column_step.shape or row_step.ndim != 1:
        raise ValueError("samples are counted from 1 and every ray needs both steps")
    rays, samples = len(row_step), last - first + 1
    loss = np.empty((len(bands), rays, samples), dtype=dtype)
    lift = np.empty((rays, samples), dtype=dtype)
    distance = (np.arange(first, last + 1) * step_km).astype(dtype)
    widest = max(bands, key=lambda band: band.wavelength_m)
    parameter = np.empty(min(_CHUNK, rays) * samples, dtype=dtype)
    grazing = np.empty(rays * samples, dtype=np.int64)
    tx_m, rx_m = np.empty(rays * samples, dtype=dtype), np.empty(rays * samples, dtype=dtype)
    found = 0
    with np.errstate(invalid="ignore"):
        for start in range(0, rays, _CHUNK):
            stop = min(start + _CHUNK, rays)
            part = parameter[: (stop - start) * samples].reshape(stop - start, samples)
            count = sweep_kernel(
                profiles.ground_m,
                profiles.over_m,
                profiles.cluttered,
                float(antenna.row),
                float(antenna.column),
                row_step[start:stop],
                column_step[start:stop],
                float(antenna.ground_m),
                float(antenna.height_m),
                float(rx_height_m),
                float(step_km),
                500.0 / widest.earth_radius_km,
                first,
                last,
                widest.floor,
                widest.grazing_limit,
                part,
                lift[start:stop],
                grazing[found:],
                tx_m[found:],
                rx_m[found:],
            )
            grazing[found : found + count] += start * samples
            found += count
            for i, band in enumerate(bands):
                loss[i, start:stop] = bullington_loss_db(part, distance, band)
        # The few samples where the smooth earth can matter, all at once.
        where = grazing[:found]
        away = distance[where % samples]
        for i, band in enumerate(bands):
            loss[i].reshape(-1)[where] += smooth_excess_db(tx_m[:found], rx_m[:found], away, band)
    return PolarLoss(loss, lift, first, step_km)


def whole_path_loss(
    profiles: Profiles,
    antenna: Antenna,
    *,
    row: npt.ArrayLike,
    column: npt.ArrayLike,
    distance_km: npt.ArrayLike,
    step_km: float,
    rx_height_m: float,
    bands: Sequence[Diffraction],
    dtype: type[np.floating] = np.float32,
) -> tuple[Floats, Floats]:
    """Return the diffraction loss to single points, each over a profile of its own, by the definitions.

    Parameters
    ----------
    profiles : Profiles
    antenna : Antenna
    row, column : (n,) float arrays
        Lattice positions of the receivers.
    distance_km : (n,) float array
        Along the ground, positive.
    step_km : float
        Greatest distance between samples; each profile has equal steps.
    rx_height_m : float
    bands : sequence of Diffraction
    dtype : float32 or float64

    Returns
    -------
    loss_db : (bands, n) array
        NaN where any height of the path is unknown.
    lift : (n,) array
        See :class:`PolarLoss`.

    Raises
    ------
    ValueError
        As for :func:`sweep_loss`.
    """
    _check(step_km, rx_height_m, antenna, bands)
    away = np.ascontiguousarray(distance_km, dtype=np.float64).ravel()
    to_row = np.ascontiguousarray(row, dtype=np.float64).ravel()
    to_column = np.ascontiguousarray(column, dtype=np.float64).ravel()
    if not away.size == to_row.size == to_column.size:
        raise ValueError("every point needs a row, a column and a distance")
    parameter, tx_m, rx_m, lift = (np.empty(away.size, dtype=dtype) for _ in range(4))
    widest = bands[0]
    points_kernel(
        profiles.ground_m,
        profiles.over_m,
        profiles.cluttered,
        float(antenna.row),
        float(antenna.column),
        float(antenna.ground_m),
        float(antenna.height_m),
        float(rx_height_m),
        to_row,
        to_column,
        away,
        float(step_km),
        500.0 / widest.earth_radius_km,
        parameter,
        tx_m,
        rx_m,
        lift,
    )
    distance = away.astype(dtype)
    loss = np.empty((len(bands), away.size), dtype=dtype)
    with np.errstate(invalid="ignore"):
        known = np.flatnonzero(parameter == parameter)
        for i, band in enumerate(bands):
            loss[i] = bullington_loss_db(parameter, distance, band)
            loss[i, known] += smooth_excess_db(tx_m[known], rx_m[known], distance[known], band)
    return loss, lift


def _check(step_km: float, rx_height_m: float, antenna: Antenna, bands: Sequence[Diffraction]) -> None:
    if not (step_km > 0 and rx_height_m > 0 and antenna.height_m > 0):
        raise ValueError("steps and antenna heights must be positive")
    if not bands or len({band.earth_radius_km for band in bands}) != 1:
        raise ValueError("bands swept together need one effective earth radius")
    if not all(0.03 <= band.frequency_ghz <= 6.0 for band in bands):
        raise ValueError("ITU-R P.1812 holds from 0.03 to 6 GHz")
