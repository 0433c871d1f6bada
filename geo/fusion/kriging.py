"""Local simple kriging with mean 0: what measurements say of places where nobody measured.

Out of reach of every observation the correction is exactly 0 and its variance exactly the sill: there the
calibrated model stands with its own error. Reference: J.-P. Chilès, P. Delfiner (2012), Geostatistics, 3.2
(simple kriging), 3.6 (neighbourhood by octants).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.fusion.kernels import draw_kernel, krige_kernel
from geo.fusion.settings import FusionSettings
from geo.fusion.variogram import Variogram

__all__ = ["Kriged", "SmoothField", "draw_points", "krige", "leave_one_out", "smooth_field"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
#: Squares of the search per reach, and the most along one side of the area.
_SQUARES_PER_REACH, _SQUARES = 8.0, 2000.0


@dataclass(frozen=True, slots=True, eq=False)
class SmoothField:
    """Observations with their covariance, laid out for the search of neighbours; build with :func:`smooth_field`.

    The arrays are in the order of the squares of the search; ``order`` leads back: item i here was item
    ``order[i]`` there. ``lift_m`` is the third coordinate: the expected level in metres
    (:attr:`geo.fusion.variogram.Variogram.level_m_per_db`). ``kind`` is 0 for the layer's own observations, else the place in
    ``between`` of the layer that they are of; ``between`` (kinds, kinds) are correlations of the fields of two layers at one
    place, ones without other layers.
    """

    x_m: _F64
    y_m: _F64
    lift_m: _F64
    value: _F64
    noise: _F64
    kind: _I64
    between: _F64
    variogram: Variogram
    settings: FusionSettings
    order: _I64
    starts: _I64
    columns: int
    rows: int
    corner: tuple[float, float]
    side_m: float
    reach_m: float

    def with_noise(self, value: _F64, noise: _F64) -> SmoothField:
        """Return the field with other values and noise variances at the same places."""
        return replace(self, value=value, noise=noise)

    @property
    def _handicap(self) -> _F64:
        """What noise adds to a distance where neighbours are ranked, m.

        An observation alone takes sill² ρ² / (sill + noise) off the variance: with ρ = exp(−h / length) the same
        as one without noise at h + length / 2 × ln(1 + noise / sill). One of another layer, whose field has the correlation b
        with this one, is farther by length × ln(1 / b).
        """
        if self.variogram.sill_db2 <= 0.0:
            return np.zeros(len(self.noise))
        other = -np.log(self.between[0])[self.kind]
        return np.asarray(self.variogram.length_m * (0.5 * np.log1p(self.noise / self.variogram.sill_db2) + other))

    def arguments(self) -> tuple[Any, ...]:
        """Return what the kernels take after the targets."""
        s, v = self.settings, self.variogram
        return (
            self.x_m, self.y_m, self.lift_m, self.value, self.noise, self.kind, self.between, self._handicap, self.starts, self.columns,
            self.rows, *self.corner, self.side_m, self.reach_m, s.neighbours, s.per_octant, v.number, v.length_m, v.sill_db2,
            s.least_pivot,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Kriged:
    """What kriging says of places.

    Attributes
    ----------
    mean, variance : (n,) float64 array
        Of the smooth field, nugget excluded.
    nearest_m : (n,) float64 array
        Distance of the nearest observation of the layer's own; infinite out of reach.
    neighbours : (n,) int64 array
        Observations used.
    """

    mean: _F64
    variance: _F64
    nearest_m: _F64
    neighbours: _I64


def smooth_field(
    x_m: _F64,
    y_m: _F64,
    value: _F64,
    noise: _F64,
    variogram: Variogram,
    settings: FusionSettings,
    *,
    expected_dbm: npt.ArrayLike = 0.0,
    kind: _I64 | None = None,
    between: _F64 | None = None,
) -> SmoothField:
    """Lay observations out for kriging.

    Parameters
    ----------
    x_m, y_m : (n,) float64 array
        Metres.
    value : (n,) float64 array
        Residuals, in the units of the variogram (standardised or dB).
    noise : (n,) float64 array
        Variance of each beside the smooth field: nugget / spots + device noise; any, also 0.
    variogram : Variogram
    settings : FusionSettings
    expected_dbm : (n,) array or float
        Level expected at each: of the layer that is asked for, also at other layers' observations.
    kind : (n,) int64 array, optional
        Layer of each, 0 is the one that is asked for; all are its own unless given.
    between : (kinds, kinds) float64 array, optional
        Correlations of the layers' fields at one place, positive; with ``kind``. The covariance of two observations is that of
        one field times theirs: intrinsic coregionalisation, H. Wackernagel (2003), Multivariate Geostatistics, chapter 22.
    """
    lift = _lift(expected_dbm, len(x_m), variogram)
    which = np.zeros(len(x_m), np.int64) if kind is None else kind
    like = np.ones((1, 1)) if between is None else np.ascontiguousarray(between, dtype=np.float64)
    reach = variogram.reach_m(settings.least_correlation)
    if len(x_m) == 0:
        return SmoothField(
            x_m, y_m, lift, value, noise, which, like, variogram, settings, np.zeros(0, np.int64), np.zeros(2, np.int64), 1, 1, (0.0, 0.0), reach, reach
        )  # fmt: skip
    x0, y0 = float(x_m.min()), float(y_m.min())
    across, up = float(np.ptp(x_m)), float(np.ptp(y_m))
    side = max(reach / _SQUARES_PER_REACH, across / _SQUARES, up / _SQUARES)
    columns, rows = int(across / side) + 1, int(up / side) + 1
    square = np.floor((y_m - y0) / side).astype(np.int64) * columns + np.floor((x_m - x0) / side).astype(np.int64)
    order = np.argsort(square, kind="stable")
    starts = np.searchsorted(square[order], np.arange(columns * rows + 1)).astype(np.int64)
    return SmoothField(
        x_m[order], y_m[order], lift[order], value[order], noise[order], which[order], like, variogram, settings, order, starts, columns, rows,
        (x0, y0), side, reach,
    )  # fmt: skip


def _lift(expected_dbm: npt.ArrayLike, count: int, variogram: Variogram) -> _F64:
    """Return the third coordinate of places, m."""
    level = np.broadcast_to(np.asarray(expected_dbm, dtype=np.float64), (count,))
    return np.ascontiguousarray(level * variogram.level_m_per_db if variogram.level_m_per_db else np.zeros(count))


def krige(
    field: SmoothField,
    x_m: _F64,
    y_m: _F64,
    *,
    expected_dbm: npt.ArrayLike = 0.0,
    cell_size_m: float = 0.0,
    workers: int = 1,
    without: _I64 | None = None,
) -> Kriged:
    """Return mean and variance of the smooth field at places; the same to the bit for any number of workers.

    Parameters
    ----------
    field : SmoothField
    x_m, y_m : (n,) float64 array
        Centres.
    expected_dbm : (n,) array or float
        Level expected at each.
    cell_size_m : float
        With a size: at a *random point* of the square cell, so that the field's own variance within the cell is
        counted, once; 0: at the point.
    workers : int
        Threads.
    without : (n,) int64 array, optional
        An observation each place must do without.
    """
    n = len(x_m)
    return _kriged(field, x_m, y_m, _lift(expected_dbm, n, field.variogram), cell_size_m, workers, without)


def _kriged(
    field: SmoothField, x_m: _F64, y_m: _F64, lift_m: _F64, cell_size_m: float, workers: int, without: _I64 | None
) -> Kriged:
    n = len(x_m)
    out = Kriged(np.empty(n), np.empty(n), np.empty(n), np.empty(n, dtype=np.int64))
    omitted = np.empty(0, dtype=np.int64) if without is None else without
    arguments = field.arguments()
    kernel: Any = krige_kernel

    def work(part: slice) -> None:
        kernel(
            x_m[part], y_m[part], lift_m[part], omitted[part] if len(omitted) else omitted, 0.5 * cell_size_m, *arguments,
            out.mean[part], out.variance[part], out.nearest_m[part], out.neighbours[part],
        )  # fmt: skip

    if workers == 1 or n == 0:
        work(slice(0, n))
        return out
    cuts = np.linspace(0, n, 16 * workers + 1).astype(int)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, [slice(a, b) for a, b in pairwise(cuts) if b > a]))
    return out


def leave_one_out(field: SmoothField, which: _I64, *, workers: int = 1) -> Kriged:
    """Return what the other observations say of the field at each of ``which`` (indices into the field)."""
    return _kriged(field, field.x_m[which], field.y_m[which], field.lift_m[which], 0.0, workers, which)


def draw_points(
    field: SmoothField,
    x_m: _F64,
    y_m: _F64,
    normal: _F64,
    *,
    expected_dbm: npt.ArrayLike = 0.0,
    cell_size_m: float = 0.0,
) -> _F64:
    """Return joint draws (n, draws) of the smooth field at places (see :func:`krige`), from standard normal numbers (n, draws).

    Points are drawn one after the other in the order in which they come; each looks at its neighbours among the
    observations and at the nearest ``earlier_draws`` points drawn before it.
    """
    out = np.empty(normal.shape)
    kernel: Any = draw_kernel
    if len(x_m):
        lift = _lift(expected_dbm, len(x_m), field.variogram)
        kernel(x_m, y_m, lift, 0.5 * cell_size_m, normal, field.settings.earlier_draws, *field.arguments(), out)
    return out
