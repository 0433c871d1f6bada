"""Ranks of areas whose figures are uncertain: what a rank may be, and who cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Ranks", "rank_areas"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks, 1 the best; arrays of one length.

    Attributes
    ----------
    rank : float64
        By value, equal values share the better one; NaN for areas without a value, and those that cannot be ranked.
    best, worst : float64
        What the true rank may be, of all areas at once; NaN without bounds.
    ties : float64
        Other areas that it cannot be told apart from.
    ranked : bool
        False where the area has no bounds, or its rank may be nearly anything.
    """

    rank: _F64
    best: _F64
    worst: _F64
    ties: _F64
    ranked: npt.NDArray[np.bool_]


def rank_areas(value: _F64, low: _F64, high: _F64, *, more_is_better: bool, ranked_share: float) -> Ranks:
    """Return ranks and what they may be.

    An area is surely better than another where their bounds lie apart. Its best possible rank is one more than there are areas surely
    better than it, its worst the number of areas less those surely worse (M. Klein, T. Wright, J. Wieczorek 2020, JRSS A 183,
    589-606): with bounds that hold for all areas at once, all true ranks lie within at once.

    Parameters
    ----------
    value, low, high : (n,) float64 array
        Joint bounds; NaN where there are none: such an area is not compared.
    more_is_better : bool
    ranked_share : float
        An area whose rank may be anything over more than this part of the areas is not ranked.
    """
    sign = 1.0 if more_is_better else -1.0
    v = value * sign
    lo, hi = (low, high) if more_is_better else (-high, -low)
    known = np.isfinite(v) & np.isfinite(lo) & np.isfinite(hi)
    count = int(known.sum())
    nan = np.full(len(v), np.nan)
    rank, best, worst, ties = nan.copy(), nan.copy(), nan.copy(), nan.copy()
    if count:
        sorted_lo, sorted_hi, sorted_v = np.sort(lo[known]), np.sort(hi[known]), np.sort(v[known])
        best[known] = 1.0 + count - np.searchsorted(sorted_lo, hi[known], side="right")
        worst[known] = float(count) - np.searchsorted(sorted_hi, lo[known], side="left")
        ties[known] = worst[known] - best[known]
        rank[known] = 1.0 + count - np.searchsorted(sorted_v, v[known], side="right")
    # A span of one rank of one area, or of two, tells nothing.
    told = known & (count > 1) & (ties + 1.0 <= np.maximum(ranked_share * count, 1.0))
    return Ranks(np.where(told, rank, np.nan), best, worst, ties, told)
