"""Student's t in logarithms: what the error of a prediction follows, far into its tails.

Degrees of freedom may be infinite: the normal law.
"""

from __future__ import annotations

from math import isinf, lgamma, log, pi

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtri, stdtr

__all__ = ["log_cdf", "log_density", "normal_score", "slope_of_log_density", "spread_factor"]

_F64 = npt.NDArray[np.float64]
_LOG_2PI = log(2.0 * pi)


def log_density(x: _F64, degrees: float) -> _F64:
    """Return log t(x) of the standard law (scale 1) with ``degrees`` of freedom, elementwise."""
    if isinf(degrees):
        return np.asarray(-0.5 * (x * x + _LOG_2PI))
    constant = lgamma(0.5 * (degrees + 1)) - lgamma(0.5 * degrees) - 0.5 * log(degrees * pi)
    return np.asarray(constant - 0.5 * (degrees + 1) * np.log1p(x * x / degrees))


def slope_of_log_density(x: _F64, degrees: float) -> _F64:
    """Return d log t / dx, elementwise."""
    return np.asarray(-x if isinf(degrees) else -(degrees + 1) * x / (degrees + x * x))


def log_cdf(x: _F64, degrees: float) -> _F64:
    """Return log T(x), accurate in both tails: above 0 through the complement."""
    if isinf(degrees):
        return np.asarray(log_ndtr(x))
    tail = stdtr(degrees, -np.abs(x))
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(x > 0, np.log1p(-tail), np.log(tail)))


def normal_score(x: _F64, degrees: float) -> _F64:
    """Return g(x) = Phi^-1(T(x)): the normal value that is as rare as x."""
    if isinf(degrees):
        return np.asarray(x, dtype=np.float64)
    return np.asarray(-np.sign(x) * ndtri(stdtr(degrees, -np.abs(x))))


def spread_factor(degrees: float) -> float:
    """Return standard deviation over scale, sqrt(nu / (nu - 2)); infinite up to two degrees of freedom."""
    if isinf(degrees):
        return 1.0
    return float(np.sqrt(degrees / (degrees - 2.0))) if degrees > 2 else float("inf")
