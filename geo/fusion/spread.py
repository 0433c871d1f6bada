"""How far residuals really spread: the robust curve tells their shape, not how often they go far.

A variogram that gross errors cannot pull tells how like neighbours are. Its level is that of the well-behaved places: a site
that the list has and that is silent, or the other way round, makes residuals of three and four standard deviations, and such
places are what a list of dead zones is about. So the level is taken from the mean square of all residuals, "no service" among
them, and only what is farther out than any plausible error is held back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geo.fusion.censored import total_variance
from geo.fusion.observations import Observations, declustered
from geo.fusion.settings import FusionSettings
from geo.fusion.variogram import Variogram, blocks_of_places

__all__ = ["Spread", "common_spread", "spread_seen", "with_growth", "with_spread"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of residuals about 0, device noise taken off.

    Attributes
    ----------
    variance : float
        NaN where too few levels say anything.
    log_se : float
        Standard error of its logarithm, by jackknife over blocks of places; NaN with it.
    """

    variance: float
    log_se: float


def spread_seen(given: Observations, settings: FusionSettings, *, side_m: float) -> Spread:
    """Return the variance of residuals about 0 over the ground measured, and how well it is known.

    Residuals beyond ``spread_cut`` robust standard deviations count as that far. Squares of ground count alike.

    Parameters
    ----------
    given : Observations
        Residuals standardised, or in dB; in the order of x.
    settings : FusionSettings
    side_m : float
        Of the squares: the length over which residuals hang together.
    """
    free = ~given.censored
    if int(free.sum()) < settings.minimum_observations:
        return Spread(float("nan"), float("nan"))
    noise, weight = given.noise_variance_db2, declustered(given.x_m, given.y_m, side_m)
    size = np.abs(given.residual_db[free])
    order = np.argsort(size, kind="stable")
    share = np.cumsum(weight[free][order])
    middle = size[order][np.searchsorted(share, 0.5 * share[-1])]
    reach = settings.spread_cut * middle / 0.6745  # the median of |z| of a normal law
    held = np.clip(given.residual_db, -reach, reach) if reach > 0 else given.residual_db

    def variance(kept: np.ndarray) -> float:
        if not (kept & free).any():
            return float("nan")
        device = float(np.average(noise[kept & free], weights=weight[kept & free]))
        return max(total_variance(held[kept], given.censored[kept], weight[kept]) - device, 0.0)

    block = blocks_of_places(given.x_m, given.y_m, settings.blocks)
    whole = variance(np.ones(len(given), dtype=bool))
    left = np.array([variance(block != b) for b in np.unique(block)])
    left = np.log(left[left > 0])  # NaN is not
    if whole <= 0.0 or len(left) < 2:
        return Spread(whole, float("inf"))
    return Spread(whole, float(np.sqrt((len(left) - 1) / len(left) * np.square(left - left.mean()).sum())))


def common_spread(own: Spread, pooled: Spread, settings: FusionSettings) -> float:
    """Return a layer's variance, leaning on that of all layers as far as its own is not known.

    Logarithms of layers' variances lie about that of all with the sd ``layer_variance_spread``; the layer's own counts by how well
    the jackknife says it is known. NaN where neither is known.

    Parameters
    ----------
    own, pooled : Spread
    settings : FusionSettings
    """
    if not pooled.variance > 0.0:
        return own.variance
    if not own.variance > 0.0:
        return pooled.variance
    spread = settings.layer_variance_spread**2
    share = spread / (spread + own.log_se**2) if np.isfinite(own.log_se) else 0.0
    return float(np.exp(share * np.log(own.variance) + (1.0 - share) * np.log(pooled.variance)))


def with_spread(found: Variogram, variance: float) -> Variogram:
    """Return a covariance of the same shape whose sill and nugget make a variance.

    Parameters
    ----------
    found : Variogram
    variance : float
        NaN leaves the covariance as it is.
    """
    total = found.sill_db2 + found.nugget_db2
    if not variance > 0.0 or total <= 0.0:
        return found
    factor = variance / total
    return replace(
        found, sill_db2=found.sill_db2 * factor, nugget_db2=found.nugget_db2 * factor, sill_se=found.sill_se * factor,
        nugget_se=found.nugget_se * factor,
    )  # fmt: skip


def with_growth(found: Variogram, growth: float) -> Variogram:
    """Return a covariance for places that the fit behind the residuals has not seen.

    Residuals are smaller where the corrections were fitted than elsewhere: what is wrong in a coefficient errs together over
    kilometres, and measurements nearby show it. So what the variance grows by joins the smooth part, which kriging takes back
    where anything was measured.

    Parameters
    ----------
    found : Variogram
    growth : float
        See :class:`geo.propagation.corrections.Corrections`.
    """
    return replace(found, sill_db2=found.sill_db2 + (growth - 1.0) * (found.sill_db2 + found.nugget_db2))
