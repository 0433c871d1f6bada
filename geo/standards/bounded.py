"""Bounds of a mean that stand on nothing but the ends between which the values lie, area by area.

Samples x_1 … x_n get random weights, and so does one value more, which was not seen and lies at the worst end:

    P( sum_i G_i (x_i − m) + s G_0 (end − m) ≤ 0 ),   G_i ~ gamma(a, 1), G_0 ~ gamma(1, 1)

is the p-value of "the mean is at most m" (end: the least value) and its complement that of "at least m" (end: the greatest). With a = s = 1 it is
N. Gaffke's bound (2004, Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable, University of Magdeburg; E.
Learned-Miller, P. Thomas 2020, arXiv:1905.06208), and for values of 0 and 1 the exact binomial test of C. Clopper and E. Pearson. n effective samples have a = n_effective / n,
as there; s is how many of them the unseen value counts for. What a sample cannot show, a kind of test so rare that none was met, thus stands in the bound.

The chance is H. Daniels' saddlepoint approximation of a sum of gamma variables (R. Lugannani, S. Rice 1980, Advances in Applied Probability 12, 475-490): its equation, sum a d / (1 − t d) = 0, is
that of the empirical likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from geo.standards.effective import Clusters

__all__ = ["WeightedValues", "bound_of", "chance_at_most"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
#: Ratio of neighbouring values of a histogram, least value of it above 0 in means of the area, and samples of an area from which on one is made.
_STEP, _LEAST, _MANY = 1.05, 0.02, 150
#: Rounds at most; (error / spread)² at which the saddlepoint is found, and deviates by which a bound may be off.
_ROUNDS, _CLOSE, _EXACT = 60, 1e-14, 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class WeightedValues:
    """Values of areas, each with the shape of its gamma weight.

    Attributes
    ----------
    areas : int
    area : (n,) int64 array
    value, shape : (n,) float64 array
    """

    areas: int
    area: _I64
    value: _F64
    shape: _F64

    @classmethod
    def of(cls, values: _F64, given: Clusters, size: _F64, kept: npt.NDArray[np.bool_]) -> WeightedValues:
        """Return samples of the areas that are kept, with shapes that add up to each one's effective number.

        Many samples of one area are put on a histogram, each shared between its two neighbours so that the mean stays: bounds grow by less than 1 part in 1,000.
        """
        each = np.divide(size, given.count, out=np.zeros(given.areas), where=given.count > 0)
        many = (kept & (given.count > _MANY))[given.area]
        few = kept[given.area] & ~many
        parts = [(given.area[few], values[few], each[given.area[few]])]
        if many.any():
            parts.append(_histogram(given.area[many], values[many], each, given.means(values)))
        area, value, shape = (np.concatenate(p) for p in zip(*parts, strict=True))
        return cls(given.areas, area, value, shape)

    def per_area(self, values: _F64) -> _F64:
        """Return sums by area."""
        return np.bincount(self.area, values, minlength=self.areas).astype(np.float64)

    def ends(self) -> tuple[_F64, _F64]:
        """Return the least and the greatest value of each area; infinite without any."""
        low, high = np.full(self.areas, np.inf), np.full(self.areas, -np.inf)
        np.minimum.at(low, self.area, self.value)
        np.maximum.at(high, self.area, self.value)
        return low, high


def _histogram(area: _I64, value: _F64, each: _F64, mean: _F64) -> tuple[_I64, _F64, _F64]:
    unit = np.where(mean > 0, mean, 1.0) * _LEAST
    place = value / unit[area]
    at = np.where(place < 1.0, 0.0, 1.0 + np.log(np.maximum(place, 1.0)) / np.log(_STEP)).astype(np.int64)
    nodes = np.concatenate([[0.0], _STEP ** np.arange(int(at.max()) + 2)])
    upper = np.clip((place - nodes[at]) / (nodes[at + 1] - nodes[at]), 0.0, 1.0)
    count, length = len(each), len(nodes)
    weight = np.bincount(area * length + at, 1.0 - upper, minlength=count * length) + np.bincount(area * length + at + 1, upper, minlength=count * length)
    used = np.flatnonzero(weight)
    where, which = used // length, used % length
    return where, nodes[which] * unit[where], weight[used] * each[where]


def chance_at_most(given: WeightedValues, m: _F64, unseen: _F64) -> _F64:
    """Return P( sum G_i (x_i − m) + G_0 unseen ≤ 0 ) of each area; NaN where m is.

    Parameters
    ----------
    given : WeightedValues
    m : (areas,) float64 array
    unseen : (areas,) float64 array
        s (end − m).
    """
    return np.asarray(ndtr(_deviate(given, m, unseen, np.zeros(given.areas), given.ends())[0]))


def _deviate(given: WeightedValues, m: _F64, unseen: _F64, start: _F64, ends: tuple[_F64, _F64]) -> tuple[_F64, _F64]:
    """Return the normal deviate of the chance, and the saddlepoint t that it was found at."""
    away = given.value - m[given.area]
    least, most = np.minimum(ends[0] - m, unseen), np.maximum(ends[1] - m, unseen)
    inside = (least < 0.0) & (most > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.where(inside, 1.0 / least, -1.0), np.where(inside, 1.0 / most, 1.0)
    t = np.where((start > low) & (start < high), start, 0.0)
    away, extra = np.where(inside[given.area], away, 0.0), np.where(inside, unseen, 0.0)

    def terms() -> tuple[_F64, _F64]:
        slope, own = away / (1.0 - t[given.area] * away), extra / (1.0 - t * extra)
        weighted = given.shape * slope
        return given.per_area(weighted) + own, given.per_area(weighted * slope) + np.square(own)

    for _ in range(_ROUNDS):
        first, second = terms()
        low, high = np.where(first < 0.0, t, low), np.where(first >= 0.0, t, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = t - first / second
        new = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        # In units of the spread: first² / second is about the square of the deviate that is still missing.
        done = ~inside | (np.square(first) <= _CLOSE * second)
        t = np.where(done, t, new)
        if done.all():
            break
    _, second = terms()
    log = given.per_area(given.shape * np.log1p(-t[given.area] * away)) + np.log1p(-t * extra)
    w = np.sign(t) * np.sqrt(np.maximum(2.0 * log, 0.0))
    u = t * np.sqrt(second)
    near = np.abs(w) < 1e-3
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(near, w, w + np.log(u / np.where(near, 1.0, w)) / np.where(near, 1.0, w))
    if near.any():  # its limit, a sixth of the skewness
        square = away * away
        third, second = given.per_area(given.shape * square * away) + extra**3, given.per_area(given.shape * square) + extra**2
        with np.errstate(divide="ignore", invalid="ignore"):
            r = np.where(near, w + third / (3.0 * second**1.5), r)
    outside = np.where(most <= 0.0, np.inf, np.where(least >= 0.0, -np.inf, np.nan))
    return np.where(inside, r, outside), t


def bound_of(given: WeightedValues, unseen: Callable[[_F64], _F64], tail: float, mean: _F64, error: _F64, high: _F64) -> _F64:
    """Return the m at which the chance is ``tail``, between 0 and ``high``, within which it rises from 0 to 1; NaN where they are.

    Parameters
    ----------
    given : WeightedValues
    unseen : callable
        s (end − m) of the areas' m.
    tail : float
    mean, error : (areas,) float64 array
        About what m is distributed like: where to begin.
    high : (areas,) float64 array
        The greatest value.
    """
    wanted = float(ndtri(tail))
    guess = mean + wanted * error
    ends = given.ends()
    t = np.zeros(given.areas)
    left, right = np.where(np.isfinite(high), 0.0, np.nan), high.copy()
    m = np.where((guess > left) & (guess < right), guess, 0.5 * (left + right))
    slope, before, f = 1.0 / np.maximum(error, 1e-12 * high), m, np.zeros(given.areas)
    for k in range(_ROUNDS):
        r, t = _deviate(given, m, unseen(m), t, ends)
        if k:
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = np.where(m == before, slope, (r - wanted - f) / (m - before))
        f = r - wanted
        left, right = np.where(f < 0.0, m, left), np.where(f < 0.0, right, m)
        done = ~(np.abs(f) > _EXACT) | (right - left <= 1e-9 * np.abs(high))
        if done.all():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = m - f / slope
        inside = (secant > left) & (secant < right) & (slope > 0.0)
        before, m = m, np.where(done, m, np.where(inside, secant, 0.5 * (left + right)))
    return np.where(np.isfinite(high), m, np.nan)
