"""How far residuals really spread: the robust curve tells their shape, not how often they go far.

A variogram that gross errors cannot pull tells how like neighbours are. Its level is that of the well-behaved places: a site
that the list has and that is silent, or the other way round, makes residuals of three and four standard deviations, and such
places are what a list of dead zones is about. So the level is taken from the mean square of all residuals, "no service" among
them, and only what is farther out than any plausible error is held back.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geo.fusion.censored import total_variance
from geo.fusion.observations import Observations
from geo.fusion.settings import FusionSettings
from geo.fusion.variogram import Variogram

__all__ = ["spread_seen", "widened"]


def spread_seen(given: Observations, settings: FusionSettings) -> float:
    """Return the variance of residuals about 0, noise taken off; NaN with too few levels to say.

    Residuals beyond ``spread_cut`` robust standard deviations count as that far.

    Parameters
    ----------
    given : Observations
        Residuals standardised, or in dB.
    settings : FusionSettings
    """
    free = ~given.censored
    if int(free.sum()) < settings.minimum_observations:
        return float("nan")
    middle = np.median(np.abs(given.residual_db[free]))
    reach = settings.spread_cut * middle / 0.6745  # the median of |z| of a normal law
    held = np.clip(given.residual_db, -reach, reach) if reach > 0 else given.residual_db
    return max(total_variance(held, given.censored) - float(given.noise_variance_db2[free].mean()), 0.0)


def widened(found: Variogram, seen: float) -> Variogram:
    """Return a covariance of the same shape whose sill and nugget make the spread seen; never a narrower one.

    Parameters
    ----------
    found : Variogram
    seen : float
        From :func:`spread_seen`; NaN leaves the covariance as it is.
    """
    total = found.sill_db2 + found.nugget_db2
    if not seen > total or total <= 0.0:
        return found
    factor = seen / total
    return replace(
        found, sill_db2=found.sill_db2 * factor, nugget_db2=found.nugget_db2 * factor, sill_se=found.sill_se * factor,
        nugget_se=found.nugget_se * factor,
    )  # fmt: skip
