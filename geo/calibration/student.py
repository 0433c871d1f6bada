"""Student's t in logarithms: what the error of a prediction follows, far into its tails.

Degrees of freedom may be infinite: the normal law.
"""

from __future__ import annotations

from functools import lru_cache
from math import isinf, lgamma, log, pi

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtri, stdtr

__all__ = ["log_cdf", "log_constant", "log_density", "normal_score", "score_table", "slope_of_log_density", "spread_factor"]

_F64 = npt.NDArray[np.float64]
_LOG_2PI = log(2.0 * pi)
_TABLE_STEP = 0.02
_TABLE_END = 30.0  # asinh: x of 5e12
_LEAST_TAIL = 1e-290


def log_density(x: _F64, degrees: float) -> _F64:
    """Return log t(x) of the standard law (scale 1) with ``degrees`` of freedom, elementwise."""
    if isinf(degrees):
        return np.asarray(-0.5 * (x * x + _LOG_2PI))
    return np.asarray(log_constant(degrees) - 0.5 * (degrees + 1) * np.log1p(x * x / degrees))


def log_constant(degrees: float) -> float:
    """Return log t(0)."""
    if isinf(degrees):
        return -0.5 * _LOG_2PI
    return lgamma(0.5 * (degrees + 1)) - lgamma(0.5 * degrees) - 0.5 * log(degrees * pi)


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


@lru_cache(maxsize=16)
def score_table(degrees: float) -> tuple[_F64, float]:
    """Return g and its first two derivatives by s = asinh x at s = 0, step, 2 step ..., and the step; empty for the normal law.

    g' = t(x) / phi(g) and g'' = g' (d log t / dx + g g') by x. Quintic interpolation between them is good to 1e-14.
    """
    if isinf(degrees):
        return np.empty((0, 3)), _TABLE_STEP
    s = np.arange(0.0, _TABLE_END, _TABLE_STEP)
    x = np.sinh(s)
    x = x[stdtr(degrees, -x) > _LEAST_TAIL]
    g = normal_score(x, degrees)
    first = np.exp(log_density(x, degrees) + 0.5 * (g * g + _LOG_2PI))
    second = first * (slope_of_log_density(x, degrees) + g * first)
    grow = np.sqrt(1.0 + x * x)  # dx / ds
    table = np.stack([g, first * grow, second * grow**2 + first * x], axis=1)
    table.setflags(write=False)
    return table, _TABLE_STEP


def spread_factor(degrees: float) -> float:
    """Return standard deviation over scale, sqrt(nu / (nu - 2)); infinite up to two degrees of freedom."""
    if isinf(degrees):
        return 1.0
    return float(np.sqrt(degrees / (degrees - 2.0))) if degrees > 2 else float("inf")
