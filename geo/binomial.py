"""Exact bounds and tests of a share, for numbers of samples that need not be whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv

__all__ = ["share_bounds", "share_p_values"]

_F64 = npt.NDArray[np.float64]
#: Share of one sample that a sum of floating-point numbers may be off.
_ROUNDING = 1e-9


def share_bounds(successes: npt.ArrayLike, n: npt.ArrayLike, error_share: float) -> tuple[_F64, _F64]:
    """Return exact bounds, each missed with a chance of ``error_share`` at most: B⁻¹(e; k, n − k + 1) and B⁻¹(1 − e; k + 1, n − k).

    C. Clopper, E. Pearson (1934), Biometrika 26, 404-413; B the beta distribution.

    Parameters
    ----------
    successes, n : array_like of float
        0 ≤ successes ≤ n; n = 0 gives NaN.
    error_share : float
    """
    k, m = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    none = ~(m > 0)
    k, m = np.where(none, 0.0, k), np.where(none, 1.0, m)
    k = np.clip(k, 0.0, m)
    low = np.where(k <= _ROUNDING, 0.0, betaincinv(np.maximum(k, _ROUNDING), m - k + 1.0, error_share))
    high = np.where(k >= m - _ROUNDING, 1.0, betaincinv(k + 1.0, np.maximum(m - k, _ROUNDING), 1.0 - error_share))
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def share_p_values(successes: npt.ArrayLike, n: npt.ArrayLike, threshold: npt.ArrayLike) -> tuple[_F64, _F64]:
    """Return P(at least so many) and P(at most so many) if the share were the threshold; 1 for n = 0.

    P(X ≥ k) = I_t(k, n − k + 1), P(X ≤ k) = I_{1−t}(n − k, k + 1), I the regularised incomplete beta function.

    Parameters
    ----------
    successes, n, threshold : array_like of float
    """
    k, m, t = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (successes, n, threshold)))
    none = ~(m > 0)
    k, m = np.where(none, 0.0, np.minimum(k, np.where(none, 1.0, m))), np.where(none, 1.0, m)
    many = np.where(k <= _ROUNDING, 1.0, betainc(np.maximum(k, _ROUNDING), m - k + 1.0, t))
    few = np.where(k >= m - _ROUNDING, 1.0, betainc(np.maximum(m - k, _ROUNDING), k + 1.0, 1.0 - t))
    return np.where(none, 1.0, many), np.where(none, 1.0, few)
