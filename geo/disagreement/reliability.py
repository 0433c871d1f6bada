"""Is an operator's map reliable: tests that succeed inside the claimed area, with exact bounds.

Arcep's measure: successes / tests inside what the operator claims. Tests along a road hang together, so that a thousand
of them are not a thousand: the unit is the cell, and cells count by how alone they stand.

- share = sum w s / sum w over the cells claimed and tested, s the share of the cell's spots at or above the planning
  level, w = 1 / (1 + sum of the correlations with the other cells) (:func:`geo.calibration.effective_weights`).
- n_effective = (sum w)² / sum_ij w_i w_j rho_ij: as many independent cells have a mean of the same variance. A cell
  counts for one at most, however many samples it has; rho is that of levels, above that of verdicts, so that n
  is rather too small.
- The bounds are Clopper and Pearson's (Biometrika 26, 1934) with n_effective and share · n_effective, as Korn and
  Graubard (Survey Methodology 24, 1998) put effective sizes into them.

Evidence: ``supported`` where the lower bound is at least the share that the rule asks for, ``contradicted`` where the upper
bound lies below it, else ``not_enough``. What all tests have in common, such as one phone's offset, is in no bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.binomial import share_bounds
from geo.calibration.blocks import Correlation, effective_weights
from geo.disagreement.classes import Claim
from geo.disagreement.settings import DisagreementSettings

__all__ = ["EVIDENCE", "Reliability", "claim_reliability", "clopper_pearson", "evidence_of"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

EVIDENCE = ("supported", "contradicted", "not_enough")
_CORRELATED_RANGES = 1.5  # as far as the weights look


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Tests inside what is claimed, by area.

    Attributes
    ----------
    tests, successes : (n,) float64 arrays
        Samples with a verdict; of them at or above the planning level.
    cells : (n,) int64 array
        Cells claimed and tested.
    n_effective : (n,) float64 array
        0 without any.
    share, low, high : (n,) float64 arrays
        NaN without any test.
    threshold : (n,) float64 array
        Share that the rule asks for in a claimed area of this size.
    rule_applies : (n,) bool array
        Whether the area is large enough for the rule; else the threshold is for orientation.
    evidence : (n,) object array of str
        ``not_enough`` without any test; "" where nothing is claimed.
    """

    tests: _F64
    successes: _F64
    cells: _I64
    n_effective: _F64
    share: _F64
    low: _F64
    high: _F64
    threshold: _F64
    rule_applies: npt.NDArray[np.bool_]
    evidence: npt.NDArray[np.object_]


def clopper_pearson(successes: npt.ArrayLike, n: npt.ArrayLike, share: float) -> tuple[_F64, _F64]:
    """Return the exact bounds of a binomial share; n and successes need not be whole.

    low = B⁻¹((1 − share) / 2; k, n − k + 1), 0 for k = 0; high = B⁻¹((1 + share) / 2; k + 1, n − k), 1 for k = n, B the beta
    distribution. NaN for n = 0.

    Parameters
    ----------
    successes, n : array_like of float
        0 <= successes <= n.
    share : float
        Two-sided confidence.
    """
    return share_bounds(successes, n, (1.0 - share) / 2.0)


def evidence_of(low: _F64, high: _F64, threshold: _F64) -> npt.NDArray[np.object_]:
    """Return the word for bounds against what is asked for."""
    with np.errstate(invalid="ignore"):
        words = np.select([low >= threshold, high < threshold], EVIDENCE[:2], EVIDENCE[2])
    return np.asarray(words, dtype=object)


def claim_reliability(
    cells: pd.DataFrame,
    claim: npt.NDArray[np.uint8],
    areas: npt.NDArray[np.integer],
    claimed_km2: _F64,
    correlation: Correlation,
    settings: DisagreementSettings,
) -> Reliability:
    """Return the reliability of one layer's claim in each area.

    Parameters
    ----------
    cells : DataFrame
        The layer's rows of :func:`geo.measured.measured_cells`.
    claim : (rows, columns) uint8 array
    areas : (rows, columns) int array
        Number of each cell's area, -1 for none.
    claimed_km2 : (n,) float64 array
        Claimed in each area.
    correlation : Correlation
        Of the prediction's errors along the ground.
    settings : DisagreementSettings
    """
    n = len(claimed_km2)
    row, column = cells["row"].to_numpy(dtype=np.int64), cells["column"].to_numpy(dtype=np.int64)
    area = areas[row, column].astype(np.int64)
    chosen = (claim[row, column] == Claim.CLAIMED) & (area >= 0) & (cells["tests"].to_numpy(dtype=np.float64) > 0)
    tested, area = cells[chosen], area[chosen]

    def total(weight: npt.NDArray[np.generic] | None) -> _F64:
        return np.bincount(area, weight, minlength=n).astype(np.float64)

    x, y = tested["x_m"].to_numpy(dtype=np.float64), tested["y_m"].to_numpy(dtype=np.float64)
    zeros, ones = np.zeros(len(x), dtype=np.int64), np.ones(len(x), dtype=np.int64)
    weight = effective_weights(x, y, zeros, np.arange(len(x)), ones, correlation) if len(x) else np.zeros(0)
    sums = total(weight)
    known = sums > 0
    size = np.divide(sums**2, _joint_weight(x, y, weight, area, n, correlation), out=np.zeros(n), where=known)
    mean = total(weight * tested["share"].to_numpy(dtype=np.float64))
    share = np.clip(np.divide(mean, sums, out=np.full(n, np.nan), where=known), 0.0, 1.0)
    low, high = clopper_pearson(np.nan_to_num(share) * size, size, settings.bounds_share)
    threshold = np.where(claimed_km2 > settings.wide_km2, settings.wide_share, settings.narrow_share)
    words = evidence_of(low, high, threshold)
    words[~(claimed_km2 > 0)] = ""
    return Reliability(
        total(tested["tests"].to_numpy(dtype=np.float64)), total(tested["successes"].to_numpy(dtype=np.float64)),
        np.bincount(area, minlength=n).astype(np.int64), size, share, low, high, threshold,
        np.asarray(claimed_km2 > settings.narrow_km2), words,
    )  # fmt: skip


def _joint_weight(x: _F64, y: _F64, weight: _F64, area: _I64, n: int, correlation: Correlation) -> _F64:
    """Return sum_ij w_i w_j rho_ij over the cells of each area."""
    out = np.bincount(area, weight**2, minlength=n).astype(np.float64)
    if len(x) > 1:
        pairs = cKDTree(np.column_stack([x, y])).query_pairs(
            _CORRELATED_RANGES * correlation.range_m, output_type="ndarray"
        )
        first, second = pairs[area[pairs[:, 0]] == area[pairs[:, 1]]].T
        distance = np.hypot(x[first] - x[second], y[first] - y[second])
        rho = (1.0 - correlation.nugget_share) * np.exp(-3.0 * distance / correlation.range_m)
        out += 2.0 * np.bincount(area[first], weight[first] * weight[second] * rho, minlength=n)
    return out
