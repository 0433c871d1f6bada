"""Bootstrap over seeds: whole provinces are drawn, since points of one province err together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["Interval", "paired_difference", "pooled"]

_F64 = npt.NDArray[np.float64]
_DRAWS = 2000
_SEED = 20_260_726


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN where there is nothing, or a single seed.
    seeds : int
        With anything to say.
    """

    value: float
    low: float
    high: float
    seeds: int


@lru_cache(maxsize=64)
def _weights(seeds: int) -> _F64:
    """Return how often each seed is drawn, (draws, seeds): the same for the same number of seeds."""
    rng = np.random.default_rng(_SEED)
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=_DRAWS).astype(np.float64)


def pooled(sums: _F64, figure: Callable[[_F64], npt.ArrayLike]) -> Interval:
    """Return a figure of the sum over seeds, with percentiles of the figure over drawn seeds.

    Parameters
    ----------
    sums : (seeds, ...) array
    figure : callable
        Takes sums with further leading axes.
    """
    seeds = len(sums)
    value = float(figure(sums.sum(axis=0)))  # type: ignore[arg-type]
    if seeds < 2:
        return Interval(value, np.nan, np.nan, seeds)
    drawn = np.asarray(figure(np.tensordot(_weights(seeds), sums, axes=1)), dtype=np.float64)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Interval(value, np.nan, np.nan, seeds)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high), seeds)


def paired_difference(one: _F64, other: _F64) -> Interval:
    """Return the mean of one - other over the seeds that have both, with its interval."""
    difference = (one - other)[np.isfinite(one - other)]
    seeds = len(difference)
    if seeds < 2:
        return Interval(float(difference.mean()) if seeds else np.nan, np.nan, np.nan, seeds)
    low, high = np.percentile(_weights(seeds) @ difference / seeds, [2.5, 97.5])
    return Interval(float(difference.mean()), float(low), float(high), seeds)
