"""The field behind a layer's residuals: covariance fitted, outliers weighed, places without service told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.fusion.censored import imputed, settle_censored, total_variance
from geo.fusion.kriging import SmoothField, smooth_field
from geo.fusion.observations import Observations
from geo.fusion.robust import reweight
from geo.fusion.settings import FusionSettings
from geo.fusion.variogram import (
    Empirical,
    Variogram,
    average_curve,
    empirical_variogram,
    fall_back,
    fit_curve,
    fit_variogram,
)

__all__ = ["FittedField", "fit_covariance", "fit_field"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FittedField:
    """What the measurements of a layer say, ready for any cells.

    Attributes
    ----------
    field : SmoothField
        Divided by the scale of each place.
    variogram : Variogram
    surprising_share : float
        Of the levels, those that count less because their neighbours contradict them.
    censored, silent : int
        "No service" places, and those of them that say nothing.
    sweeps : int
    settled : bool
        Of the iteration over the censored ones.
    """

    field: SmoothField
    variogram: Variogram
    surprising_share: float
    censored: int
    silent: int
    sweeps: int
    settled: bool


def fit_covariance(
    given: Observations,
    settings: FusionSettings,
    *,
    within_variance_db2: float,
    scale: npt.ArrayLike = 1.0,
    workers: int = 1,
) -> Variogram:
    """Fit the residuals' covariance; surprising levels are found with it, and it is fitted again without them.

    Parameters
    ----------
    given : Observations
    settings : FusionSettings
    within_variance_db2 : float
        Location variability: the variance within a cell where no nugget can be fitted.
    scale : (n,) array or float
        Spread of the field at each observation; in their order (:func:`geo.fusion.robust.class_scales`).
    workers : int
        Threads.
    """
    divisor = np.ascontiguousarray(np.broadcast_to(np.asarray(scale, dtype=np.float64), len(given)))
    free = np.flatnonzero(~given.censored)
    found = fit_variogram(given, settings, scale=divisor, within_variance_db2=within_variance_db2)
    if not found.fitted:
        return found
    kept = reweight(_laid_out(given.take(free), divisor[free], found, settings), settings, workers=workers)
    if len(free) == len(given) and not kept.surprising.any():
        return found
    plain = np.ones(len(given), dtype=bool)
    plain[free[kept.field.order[kept.surprising]]] = False
    return _fitted_again(given.take(plain), divisor[plain], found, settings, within_variance_db2)


def fit_field(
    given: Observations,
    settings: FusionSettings,
    *,
    within_variance_db2: float,
    scale: npt.ArrayLike = 1.0,
    variogram: Variogram | None = None,
    workers: int = 1,
) -> FittedField:
    """Lay the residuals out with their covariance: outliers count less, censored ones as what they say.

    Parameters
    ----------
    given : Observations
    settings : FusionSettings
    within_variance_db2 : float
        See :func:`fit_covariance`.
    scale : (n,) array or float
        See :func:`fit_covariance`.
    variogram : Variogram, optional
        A known covariance (per unit of scale²) instead of a fitted one.
    workers : int
        Threads.
    """
    divisor = np.ascontiguousarray(np.broadcast_to(np.asarray(scale, dtype=np.float64), len(given)))
    free = np.flatnonzero(~given.censored)
    found = variogram or fit_covariance(
        given, settings, within_variance_db2=within_variance_db2, scale=divisor, workers=workers
    )
    kept = reweight(_laid_out(given.take(free), divisor[free], found, settings), settings, workers=workers)
    base = _laid_out(given, divisor, found, settings)
    noise = np.empty(len(given))
    noise[base.order] = base.noise
    noise[free[kept.field.order]] = kept.field.noise
    base = base.with_noise(base.value, noise[base.order])
    below = given.censored[base.order]
    settled = settle_censored(base, below, settings, workers=workers)
    field = settled.field
    if settled.silent.any():
        says = ~settled.silent
        back = np.argsort(field.order[says], kind="stable")
        x, y, value, noise = (a[says][back] for a in (field.x_m, field.y_m, field.value, field.noise))
        expected = given.expected_dbm[field.order[says][back]]
        field = smooth_field(x, y, value, noise, found, settings, expected_dbm=expected)
    return FittedField(
        field, found, kept.share, int(below.sum()), int(settled.silent.sum()), settled.sweeps, settled.settled
    )


def _laid_out(given: Observations, scale: _F64, found: Variogram, settings: FusionSettings) -> SmoothField:
    noise = found.nugget_db2 / given.spots + given.noise_variance_db2 / scale**2
    return smooth_field(
        given.x_m, given.y_m, given.residual_db / scale, noise, found, settings, expected_dbm=given.expected_dbm
    )  # fmt: skip


def _fitted_again(
    given: Observations,
    scale: _F64,
    found: Variogram,
    settings: FusionSettings,
    within_variance_db2: float,
) -> Variogram:
    """Fit once more, without what surprised, and with the censored ones drawn below their limits.

    Levels alone are a choice of the good places: their spread is too small. So the censored ones are drawn
    given all others (Gibbs), the covariance is fitted to all, and so on; the curves of the later half of the
    rounds are averaged (stochastic EM: G. Celeux, J. Diebolt 1985). The first sill is the censored likelihood's.
    """
    if not given.censored.any():
        return fit_variogram(given, settings, scale=scale, within_variance_db2=within_variance_db2)
    rng = np.random.default_rng(settings.seed)
    if len(given) > settings.variogram_observations:
        chosen = np.sort(rng.choice(len(given), settings.variogram_observations, replace=False))
        given, scale = given.take(chosen), scale[chosen]
    noise = given.noise_variance_db2 / scale**2
    total = total_variance(given.residual_db / scale, given.censored)
    besides = float(np.mean(found.nugget_db2 / given.spots + noise))
    current = replace(
        found,
        sill_db2=max(found.sill_db2, total - besides),
        length_m=min(found.length_m, settings.fallback_length_m),
        nugget_db2=max(found.nugget_db2, within_variance_db2),
    )
    whole = replace(given, censored=np.zeros(len(given), dtype=bool))
    values = given.residual_db / scale - given.censored * np.sqrt(total) * np.abs(rng.standard_normal(len(given)))
    curves: list[tuple[Empirical, tuple[Empirical, ...]]] = []
    for _ in range(settings.censored_fits):
        field = _laid_out(given, scale, current, settings)
        drawn = imputed(field, given.censored[field.order], values[field.order], settings.censored_draws, rng)
        values[field.order] = drawn
        curves.append(empirical_variogram(replace(whole, residual_db=values * scale), settings, scale=scale))
        current = fit_curve(curves[-1][0], (), settings)
    late = curves[len(curves) // 2 :]
    blocks = [average_curve([without[b] for _, without in late]) for b in range(len(late[0][1]))]
    again = fit_curve(average_curve([every for every, _ in late]), blocks, settings)
    return again if again.misfit <= settings.largest_misfit else fall_back(settings, within_variance_db2, "poor_fit")
