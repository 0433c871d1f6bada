"""Many areas and many looks: which areas to challenge, and what looking again costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["q_values", "spent_error"]

_F64 = npt.NDArray[np.float64]


def q_values(p_values: npt.ArrayLike) -> _F64:
    """Return for each area the least false-discovery share at which it would be on the list; NaN stays NaN and counts for nothing.

    Y. Benjamini, Y. Hochberg (1995), JRSS B 57, 289-300: q = min over ranks r' ≥ r of p_(r') m / r'. They control the list of areas to
    challenge, nothing else: an area's own evidence is its own test. Equal p-values get equal q-values. Valid for independent areas and those that err
    in the same direction (Y. Benjamini, D. Yekutieli 2001, Annals of Statistics 29, 1165-1188).

    Parameters
    ----------
    p_values : (n,) float array
        0 to 1, or NaN where an area was not tested.
    """
    p = np.asarray(p_values, dtype=np.float64)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if not known.size:
        return out
    order = known[np.argsort(p[known], kind="stable")]
    # The rank of equal ones is that of the last of them.
    rank = np.searchsorted(p[order], p[order], side="right")
    scaled = p[order] * len(order) / rank
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def spent_error(n_seen: npt.ArrayLike, n_planned: float, error_share: float) -> _F64:
    """Return the error share that each look at a growing sample may spend, so that all looks together spend no more than ``error_share``.

    Cumulative spending of O'Brien and Fleming's kind, alpha*(t) = 2 − 2 Φ(z_{alpha/2} / √t) with t = n / n planned, at most 1
    (K. Lan, D. DeMets 1983, Biometrika 70, 659-663). Each look is tested at its own increment, which by Bonferroni is safe whatever the looks share;
    looks after the planned number of samples may spend nothing.

    Parameters
    ----------
    n_seen : (looks,) float array
        Samples at each look, rising.
    n_planned : float
        Fixed before the first look.
    error_share : float

    Raises
    ------
    ValueError
        If the numbers fall, or nothing is planned.
    """
    seen = np.asarray(n_seen, dtype=np.float64)
    if n_planned <= 0 or (np.diff(seen) < 0).any() or (seen < 0).any():
        raise ValueError("numbers of samples rise from look to look, and some are planned")
    t = np.minimum(seen / n_planned, 1.0)
    with np.errstate(divide="ignore"):
        spent = np.where(t > 0, 2.0 - 2.0 * ndtr(ndtri(1.0 - error_share / 2.0) / np.sqrt(np.where(t > 0, t, 1.0))), 0.0)
    return np.diff(np.concatenate([[0.0], spent]))
