"""Places without service: the level lies below a limit, and that is all that is known.

Each such observation enters as the normal pseudo-observation that gives the smooth field the same mean and
variance as the truncated one does, given everything else: E[l | l < limit] and its variance, iterated until
nothing changes. This is expectation propagation (T. Minka 2001, "Expectation propagation for approximate
Bayesian inference", UAI; C. Rasmussen, C. Williams 2006, Gaussian Processes for Machine Learning, 3.6) with the
neighbourhood of local kriging in place of the whole covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

from geo.fusion.kernels import impute_kernel
from geo.fusion.kriging import SmoothField, leave_one_out
from geo.fusion.settings import FusionSettings

__all__ = ["Censoring", "below_limit", "imputed", "settle_censored", "total_variance"]

_F64 = npt.NDArray[np.float64]
_LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)
#: Noise over sill beyond which a pseudo-observation says nothing.
_SILENT = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Censoring:
    """A field in which censored observations stand as what they say.

    Attributes
    ----------
    field : SmoothField
        With pseudo-values and -noise.
    sweeps : int
    settled : bool
        Whether the last sweep changed nothing beyond the tolerance.
    silent : (n,) bool array
        In the field's order: censored observations that say nothing (the model expects no service there anyway).
    """

    field: SmoothField
    sweeps: int
    settled: bool
    silent: npt.NDArray[np.bool_]


def below_limit(mean: _F64, variance: _F64, noise: _F64, limit: _F64) -> tuple[_F64, _F64]:
    """Return value and noise variance of the pseudo-observation that "value + noise < limit" amounts to.

    With α = (limit − mean) / √(variance + noise), λ = φ(α) / Φ(α) and δ = λ (λ + α) / (variance + noise) the
    field's moments given the limit are those after a normal observation of value mean − λ / (δ √(variance + noise))
    with noise 1 / δ − variance (never below ``noise``).

    Parameters
    ----------
    mean, variance : array
        Of the field, from everything else.
    noise : array
        Variance of what is compared with the limit about the field.
    limit : array
    """
    total = variance + noise
    alpha = (limit - mean) / np.sqrt(total)
    ratio = np.exp(-0.5 * alpha**2 - _LOG_ROOT_2PI - log_ndtr(alpha))
    delta = ratio * (ratio + alpha)
    # Far above the limit λ (λ + α) is a difference of like numbers; it tends to 1. Below, to 0.
    delta = np.clip(np.where(alpha < -30.0, 1.0 - 1.0 / np.maximum(alpha**2, 900.0), delta), 1e-12, 1.0)
    return mean - ratio * np.sqrt(total) / delta, np.maximum(total / delta - variance, np.maximum(noise, 1e-9 * total))


def settle_censored(
    field: SmoothField, censored: npt.NDArray[np.bool_], settings: FusionSettings, *, workers: int = 1
) -> Censoring:
    """Return the field with its censored observations turned into what they say.

    Parameters
    ----------
    field : SmoothField
        ``value`` of a censored observation is the limit, ``noise`` its variance about the smooth field.
    censored : (n,) bool array
        In the field's order.
    settings : FusionSettings
    workers : int
    """
    which = np.flatnonzero(censored)
    sill = field.variogram.sill_db2
    silent = np.zeros(len(censored), dtype=bool)
    if not len(which) or sill <= 0.0:
        silent[which] = True
        return Censoring(field, 0, True, silent)
    limit, own = field.value[which], field.noise[which]
    value, noise = field.value.copy(), field.noise.copy()
    precision = np.full(len(which), 1.0 / (_SILENT * sill))
    pull = np.zeros(len(which))  # precision × value
    value[which], noise[which] = 0.0, 1.0 / precision
    current = field.with_noise(value, noise)
    sweeps, settled = 0, False
    before = np.full(len(which), np.inf)
    damping = settings.censored_damping
    while sweeps < settings.censored_sweeps and not settled:
        rest = leave_one_out(current, which, workers=workers)
        at, spread = below_limit(rest.mean, rest.variance, own, limit)
        precision += damping * (1.0 / spread - precision)
        pull += damping * (at / spread - pull)
        value[which], noise[which] = pull / precision, 1.0 / precision
        current = field.with_noise(value.copy(), noise.copy())
        after = rest.mean + rest.variance / (rest.variance + 1.0 / precision) * (pull / precision - rest.mean)
        settled = bool(np.max(np.abs(after - before)) <= settings.censored_tolerance * np.sqrt(sill))
        before = after
        sweeps += 1
    silent[which] = noise[which] >= 0.1 * _SILENT * sill
    return Censoring(current, sweeps, settled, silent)


def total_variance(residual: _F64, censored: npt.NDArray[np.bool_], weight: npt.ArrayLike = 1.0) -> float:
    """Return the variance about 0 of residuals some of which are only known to lie below a limit (J. Tobin 1958).

    Maximum likelihood: −log σ − r² / 2σ² for a level, log Φ(limit / σ) for a limit, each as often as its weight.
    """
    every = np.broadcast_to(np.asarray(weight, dtype=np.float64), residual.shape)
    limit, often = residual[censored], every[censored]
    square, levels = float(every[~censored] @ np.square(residual[~censored])), float(every[~censored].sum())

    def loss(log_sd: float) -> float:
        sd = float(np.exp(log_sd))
        return levels * log_sd + 0.5 * square / sd**2 - float(often @ log_ndtr(limit / sd))

    rough = 0.5 * np.log(max(square / max(levels, 1e-9), 1e-6))
    return float(np.exp(2.0 * minimize_scalar(loss, bounds=(rough - 3.0, rough + 3.0), method="bounded").x))


def imputed(
    field: SmoothField, censored: npt.NDArray[np.bool_], start: _F64, sweeps: int, rng: np.random.Generator
) -> _F64:
    """Return values in which the censored ones are drawn below their limits, given all others, for the fit.

    Parameters
    ----------
    field : SmoothField
        ``value`` of a censored observation is the limit.
    censored : (n,) bool array
        In the field's order.
    start : (n,) float64 array
        Values to start from, in the field's order.
    sweeps : int
    rng : numpy.random.Generator
    """
    which = np.flatnonzero(censored)
    drawn = field.with_noise(start.copy(), field.noise)
    kernel: Any = impute_kernel
    kernel(rng, which, field.value[which], sweeps, *drawn.arguments())
    return drawn.value
