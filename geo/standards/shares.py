"""Shares of samples against what a rule asks for: exact, on the effective number of samples.

``supported`` where the share is below the rule's threshold with a chance of at most 5 %, ``contradicted`` the other way round;
one-sided exact binomial tests, each at the level, which say the same as the two-sided 90 % bounds of C. Clopper and E. Pearson
(Biometrika 26, 1934). Effective numbers need not be whole: the binomial is then that of the beta distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import binom

from geo.binomial import share_bounds, share_p_values
from geo.standards.effective import Clusters, effective_sizes
from geo.standards.settings import EvidenceSettings

__all__ = ["EVIDENCE", "Comparator", "ShareEvidence", "share_evidence", "share_needed"]

_F64 = npt.NDArray[np.float64]
Comparator = Literal[">=", "<="]
EVIDENCE = ("supported", "contradicted", "not_enough")


@dataclass(frozen=True, slots=True, eq=False)
class ShareEvidence:
    """What samples say of areas' shares.

    Attributes
    ----------
    n, n_effective : (areas,) float64 arrays
    share, low, high : (areas,) float64 arrays
        NaN without samples; bounds of 90 % where each error may be 5 %.
    evidence : (areas,) object array of str
        ``supported``, ``contradicted``, ``not_enough``.
    p_supported, p_contradicted : (areas,) float64 arrays
        Chance of so many, or so few, at the threshold; 1 without samples.
    n_needed : (areas,) float64 array
        Samples of the same kind in all at which the share seen would be decided; infinite where measuring cannot settle it.
    """

    n: _F64
    n_effective: _F64
    share: _F64
    low: _F64
    high: _F64
    evidence: npt.NDArray[np.object_]
    p_supported: _F64
    p_contradicted: _F64
    n_needed: _F64


def share_evidence(
    success: npt.ArrayLike,
    given: Clusters,
    threshold: npt.ArrayLike,
    settings: EvidenceSettings,
    *,
    comparator: Comparator = ">=",
) -> ShareEvidence:
    """Return what samples say of each area's share against a threshold.

    Parameters
    ----------
    success : (n,) bool array
        Whether each sample is what the rule counts.
    given : Clusters
        Of the same samples.
    threshold : (areas,) array or float
        0 to 1.
    settings : EvidenceSettings
    comparator : {">=", "<="}
        What the rule asks of the share.
    """
    value = np.asarray(success, dtype=np.float64)
    share = given.means(value)
    told = np.minimum(1.0, 4.0 * np.nan_to_num(share) * (1.0 - np.nan_to_num(share)))
    sizes = effective_sizes(value, given, settings, told=told)
    size = sizes.size
    asked = np.broadcast_to(np.asarray(threshold, dtype=np.float64), size.shape)
    k = np.nan_to_num(share) * size
    low, high = share_bounds(k, size, settings.error_share)
    many, few = share_p_values(k, size, asked)
    good, bad = (many, few) if comparator == ">=" else (few, many)
    level = settings.error_share
    evidence = np.select([good <= level, bad <= level], EVIDENCE[:2], EVIDENCE[2]).astype(object)
    needed = sizes.samples_for(share_needed(share, asked, settings))
    needed = np.where(needed > settings.most_needed, np.inf, np.ceil(needed - 1e-9))
    return ShareEvidence(given.count, size, share, low, high, evidence, good, bad, needed)


def share_needed(share: npt.ArrayLike, threshold: npt.ArrayLike, settings: EvidenceSettings) -> _F64:
    """Return how many independent samples decide a true share against a threshold with the wanted chance.

    The least n from which on the exact test at the level decides with ``power`` at this size and the next ten (exact power has teeth); looked for
    about the size that the arcsine transformation gives (J. Cohen 1988, Statistical Power Analysis, 6.4). Infinite for a share equal to the
    threshold, or beyond ``most_needed``; NaN where the share is.

    Parameters
    ----------
    share, threshold : array_like of float
    settings : EvidenceSettings
    """
    p, t = np.broadcast_arrays(np.asarray(share, dtype=np.float64), np.asarray(threshold, dtype=np.float64))
    pairs = np.column_stack([p.ravel(), t.ravel()])
    known = np.isfinite(pairs).all(axis=1)
    unique, which = np.unique(pairs[known], axis=0, return_inverse=True)
    found = np.array([_needed(float(a), float(b), settings) for a, b in unique])
    out = np.full(len(pairs), np.nan)
    out[known] = found[which.ravel()] if len(unique) else np.nan
    return out.reshape(p.shape)


def _needed(p: float, t: float, settings: EvidenceSettings) -> float:
    if p > t:  # the same question of the failures
        p, t = 1.0 - p, 1.0 - t
    if p >= t:
        return np.inf
    z = float(ndtri(1.0 - settings.error_share) + ndtri(settings.power))
    about = (z / (2.0 * (np.arcsin(np.sqrt(t)) - np.arcsin(np.sqrt(p))))) ** 2
    if about > 1.5 * settings.most_needed:
        return np.inf
    # Near the arcsine's size first: of some thousand sizes a fourth has to be looked at.
    found = _first_lasting(np.arange(int(0.85 * about), int(1.2 * about), dtype=np.float64), p, t, settings) if about > 400.0 else 0
    if not found:
        found = _first_lasting(np.arange(max(int(0.5 * about), 1), int(1.6 * about) + 60, dtype=np.float64), p, t, settings, first=True)
    return float(found) if 0 < found <= settings.most_needed else np.inf


def _first_lasting(sizes: _F64, p: float, t: float, settings: EvidenceSettings, *, first: bool = False) -> int:
    """Return the first size from which on eleven decide with ``power``; 0 without any, or if it is the very first and may begin before."""
    # The largest count that is still within the level, at each size; below 0 there is none.
    k = binom.ppf(settings.error_share, sizes, t)
    k = np.where(binom.cdf(k, sizes, t) <= settings.error_share, k, k - 1.0)
    holds = np.asarray(np.where(k >= 0, binom.cdf(k, sizes, p), 0.0) >= settings.power)
    lasting = np.asarray(np.lib.stride_tricks.sliding_window_view(holds, 11).all(axis=1))
    at = int(np.argmax(lasting))
    return int(sizes[at]) if lasting[at] and (at or first) else 0
