"""Scores of stated probabilities, from sums per bin, so that seeds are pooled by adding.

Calibration error: sum over ten bins of n_b / n |mean P in b - share seen in b|. Brier score and its parts after
A. H. Murphy 1973 (J. Appl. Meteor. 12, 595-600), with what bins leave over stated (D. B. Stephenson et al. 2008,
Weather and Forecasting 23, 752-757): Brier = reliability - resolution + uncertainty + within bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "BrierParts", "bin_of", "bin_sums", "brier_parts", "calibration_error", "effective_number", "noise_floor", "signed_bias"]

BINS = 10
_F64 = npt.NDArray[np.float64]
#: Mean of |z| of a standard normal z.
_MEAN_ABSOLUTE = float(np.sqrt(2 / np.pi))
_FEWEST_CLUSTERS = 2


def bin_of(probability: _F64) -> npt.NDArray[np.int64]:
    """Return the bin of each probability, 0 to 9; 1 belongs to the last."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def bin_sums(probability: _F64, seen: npt.NDArray[np.bool_]) -> _F64:
    """Return sums of shape (4, 10): number, P, seen, squared error; rows without a probability are an error.

    Raises
    ------
    ValueError
        If a probability is not between 0 and 1.
    """
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("probabilities must lie between 0 and 1, and be known")
    which, o = bin_of(probability), seen.astype(np.float64)
    values = (np.ones(len(o)), probability, o, (probability - o) ** 2)
    return np.asarray([np.bincount(which, weights=v, minlength=BINS) for v in values])


def calibration_error(sums: _F64) -> _F64:
    """Return the calibration error of sums of shape (..., 4, 10), or NaN where there are none."""
    total = sums[..., 0, :].sum(axis=-1)
    gap = np.abs(sums[..., 1, :] - sums[..., 2, :]).sum(axis=-1)
    return np.divide(gap, total, out=np.full(np.shape(total), np.nan), where=total > 0)


def signed_bias(sums: _F64) -> _F64:
    """Return mean P less the share seen: positive is too hopeful."""
    total = sums[..., 0, :].sum(axis=-1)
    gap = (sums[..., 1, :] - sums[..., 2, :]).sum(axis=-1)
    return np.divide(gap, total, out=np.full(np.shape(total), np.nan), where=total > 0)


@dataclass(frozen=True, slots=True)
class BrierParts:
    """The Brier score and what it is made of.

    Attributes
    ----------
    brier, reliability, resolution, uncertainty, within : array
        brier = reliability - resolution + uncertainty + within.
    """

    brier: _F64
    reliability: _F64
    resolution: _F64
    uncertainty: _F64
    within: _F64


def brier_parts(sums: _F64) -> BrierParts:
    """Return the Brier score and its parts of sums of shape (..., 4, 10), or NaN where there are none."""
    n, p, o, squared = (sums[..., k, :] for k in range(4))
    with np.errstate(divide="ignore", invalid="ignore"):
        total = n.sum(axis=-1)
        base = o.sum(axis=-1) / total
        share = np.where(n > 0, n / total[..., None], 0.0)
        stated, seen = np.where(n > 0, p / n, 0.0), np.where(n > 0, o / n, 0.0)
        reliability = (share * (stated - seen) ** 2).sum(axis=-1)
        resolution = (share * (seen - base[..., None]) ** 2).sum(axis=-1)
        brier, uncertainty = squared.sum(axis=-1) / total, base * (1 - base)
    nothing = np.where(total > 0, 0.0, np.nan)
    reliability, resolution = reliability + nothing, resolution + nothing
    return BrierParts(brier, reliability, resolution, uncertainty, brier - (reliability - resolution + uncertainty))


def effective_number(sums_by_seed: _F64) -> float:
    """Return how many independent points the points of several seeds are worth; NaN for a single seed.

    The variance of the mean of P - seen, with whole seeds as clusters, against that of independent points (for which the
    squared errors stand). Never more than the number of points.

    Parameters
    ----------
    sums_by_seed : (seeds, 4, 10) array
    """
    n = sums_by_seed[:, 0].sum(axis=-1)
    gap = (sums_by_seed[:, 1] - sums_by_seed[:, 2]).sum(axis=-1)
    held = n > 0
    count = int(held.sum())
    if count < _FEWEST_CLUSTERS:
        return float("nan")
    n, gap, total = n[held], gap[held], n.sum()
    mean = gap.sum() / total
    clustered = count / (count - 1) * float(np.sum((gap - n * mean) ** 2)) / total**2
    alone = float(sums_by_seed[:, 3].sum()) / total - mean**2
    if clustered <= 0:
        return float(total)
    return float(min(total, alone / clustered))


def noise_floor(sums_by_seed: _F64) -> float:
    """Return the calibration error that chance alone would show: bins' standard errors by seed x E|z|.

    NaN for a single seed.
    """
    n, gap = sums_by_seed[:, 0], sums_by_seed[:, 1] - sums_by_seed[:, 2]
    seeds = (n > 0).sum(axis=0)
    total = n.sum(axis=0)
    if int((n.sum(axis=-1) > 0).sum()) < _FEWEST_CLUSTERS or total.sum() == 0:
        return float("nan")
    mean = np.divide(gap.sum(axis=0), total, out=np.zeros(BINS), where=total > 0)
    spread = np.sum(np.where(n > 0, gap - n * mean, 0.0) ** 2, axis=0) * seeds / np.maximum(seeds - 1, 1)
    return float(_MEAN_ABSOLUTE * np.sqrt(spread).sum() / total.sum())
