"""Percentiles of samples by order statistics: distribution-free, on the effective number of samples.

The q-th percentile is at least t if at least 1 − q of all values are: so the test is that of a share, and the bounds are
the values at which that test turns over (H. David, H. Nagaraja 2003, Order Statistics, 7.1), on the effective number at the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.binomial import share_bounds
from geo.standards.effective import Clusters
from geo.standards.settings import EvidenceSettings
from geo.standards.shares import Comparator, ShareEvidence, share_evidence

__all__ = ["PercentileEvidence", "percentile_evidence"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PercentileEvidence:
    """What samples say of areas' percentiles.

    Attributes
    ----------
    value, low, high : (areas,) float64 arrays
        Percentile (the least value with at least q of the samples at or below it), and bounds; −inf or inf where the samples do not reach.
    share : ShareEvidence
        Of the samples at or above the threshold (at or below for ``"<="``), against 1 − q (or q): it decides.
    """

    value: _F64
    low: _F64
    high: _F64
    share: ShareEvidence


def percentile_evidence(
    values: npt.ArrayLike,
    given: Clusters,
    q: float,
    threshold: npt.ArrayLike,
    settings: EvidenceSettings,
    *,
    comparator: Comparator = ">=",
) -> PercentileEvidence:
    """Return what samples say of each area's q-th percentile against a threshold.

    Parameters
    ----------
    values : (n,) float array
    given : Clusters
        Of the same samples.
    q : float
        Within 0 and 1.
    threshold : (areas,) array or float
    settings : EvidenceSettings
    comparator : {">=", "<="}
        What the rule asks of the percentile.
    """
    value = np.asarray(values, dtype=np.float64)
    asked = np.broadcast_to(np.asarray(threshold, dtype=np.float64), (given.areas,))
    kept = value >= asked[given.area] if comparator == ">=" else value <= asked[given.area]
    share = share_evidence(kept, given, 1.0 - q if comparator == ">=" else q, settings)
    order = np.lexsort((value, given.area))
    starts = np.concatenate([[0], np.cumsum(given.count)]).astype(np.int64)
    middle, low, high = np.full(given.areas, np.nan), np.full(given.areas, -np.inf), np.full(given.areas, np.inf)
    sorted_values = value[order]
    for i in np.flatnonzero(given.count > 0):
        part = sorted_values[starts[i] : starts[i + 1]]
        n = len(part)
        middle[i] = part[max(int(np.ceil(q * n - 1e-9)) - 1, 0)]
        rank = np.arange(0, n + 1, dtype=np.float64) / n * share.n_effective[i]
        lowest, highest = share_bounds(rank, np.full(n + 1, share.n_effective[i]), settings.error_share)
        # Shares at or below x that are consistent with q, each error apart.
        first, last = int(np.argmax(highest >= q)), int(n - np.argmax(lowest[::-1] <= q))
        if first >= 1:
            low[i] = part[first - 1]
        if last < n:
            high[i] = part[last]
    return PercentileEvidence(middle, low, high, share)
