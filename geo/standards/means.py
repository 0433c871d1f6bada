"""Means of skewed quantities, such as speeds, against what a rule asks for: two intervals that fail differently, and their hull.

- Cox's for a log-normal law: with l = log x, mean l̄ and variance s², log of the mean = l̄ + s² / 2 ± t √(s² / n + s⁴ / (2 (n − 1))),
  t of n − 1 degrees of freedom (U. Olsson 2005, Journal of Statistics Education 13(1), with t for z). It is short where the law holds; on a gamma
  law of 260 samples it was wrong in 78 % of made-up communes.
- Hall's for any law: Student's t with the skewness taken out by a cubic transformation (P. Hall 1992, JRSS B 54, 221-228). It needs many samples.

A mean is ``supported`` or ``contradicted`` where both say so; the bounds that are shown are the wider ones. n is the effective number of
samples (:mod:`geo.standards.effective`), of the logarithms for the one and of the values for the other, and below a least number, at which
simulation shows that the hull holds, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

from geo.standards.effective import Clusters, effective_sizes
from geo.standards.settings import EvidenceSettings
from geo.standards.shares import EVIDENCE, Comparator

__all__ = ["MeanEvidence", "mean_evidence"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeanEvidence:
    """What samples say of areas' means.

    Attributes
    ----------
    n, n_effective : (areas,) float64 arrays
        Effective: the smaller of the two.
    mean, low, high : (areas,) float64 arrays
        Arithmetic mean, as rules define it; bounds of 90 % where each error may be 5 %, NaN below the least number.
    evidence : (areas,) object array of str
        ``supported``, ``contradicted``, ``not_enough``.
    p_supported, p_contradicted : (areas,) float64 arrays
        The larger of the two ways; 1 below the least number.
    n_needed : (areas,) float64 array
        Samples of the same kind in all at which the mean seen would be decided; infinite where measuring cannot settle it.
    """

    n: _F64
    n_effective: _F64
    mean: _F64
    low: _F64
    high: _F64
    evidence: npt.NDArray[np.object_]
    p_supported: _F64
    p_contradicted: _F64
    n_needed: _F64


def mean_evidence(
    values: npt.ArrayLike,
    given: Clusters,
    threshold: npt.ArrayLike,
    settings: EvidenceSettings,
    *,
    comparator: Comparator = ">=",
) -> MeanEvidence:
    """Return what samples say of each area's mean against a threshold.

    Parameters
    ----------
    values : (n,) float array
        Not negative. An area with a 0 among its samples (a test that failed) has no logarithms: Hall's interval alone.
    given : Clusters
        Of the same samples.
    threshold : (areas,) array or float
        Positive, in the unit of the values.
    settings : EvidenceSettings
    comparator : {">=", "<="}
        What the rule asks of the mean.

    Raises
    ------
    ValueError
        For negative values or ones that are not finite.
    """
    value = np.asarray(values, dtype=np.float64)
    if value.size and not (np.isfinite(value).all() and value.min() >= 0.0):
        raise ValueError("speeds are finite and not negative")
    asked = np.broadcast_to(np.asarray(threshold, dtype=np.float64), (given.areas,))
    mean = given.means(value)
    zero = given.per_area((value == 0.0).astype(np.float64)) > 0
    log = np.log(np.where(value > 0.0, value, 1.0))
    of_values, of_logs = effective_sizes(value, given, settings).size, effective_sizes(log, given, settings).size
    size = np.where(zero, of_values, np.minimum(of_values, of_logs))
    enough = size >= settings.least_effective
    hall = _Hall.of(value, given, np.where(enough, of_values, np.nan))
    cox = _Cox.of(log, given, np.where(enough & ~zero, of_logs, np.nan))
    e = settings.error_share
    bounds = [np.stack([law.bound(e), law.bound(1.0 - e)]) for law in (hall, cox)]
    low = np.fmin(bounds[0][0], bounds[1][0])
    high = np.fmax(bounds[0][1], bounds[1][1])
    above = np.fmax(hall.p_value(asked), cox.p_value(asked))
    below = np.fmax(1.0 - hall.p_value(asked), 1.0 - cox.p_value(asked))
    above, below = (np.where(np.isfinite(p), p, 1.0) for p in (above, below))
    good, bad = (above, below) if comparator == ">=" else (below, above)
    evidence = np.select([good <= e, bad <= e], EVIDENCE[:2], EVIDENCE[2]).astype(object)
    return MeanEvidence(
        given.count, size, mean, np.where(enough, np.maximum(low, 0.0), np.nan), np.where(enough, high, np.nan), evidence, good, bad,
        _needed(mean, asked, size, given, cox, hall, settings),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Cox:
    centre: _F64
    error: _F64
    freedom: _F64
    variance: _F64

    @classmethod
    def of(cls, log: _F64, given: Clusters, size: _F64) -> _Cox:
        mean = given.means(log)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = given.means(np.square(log - mean[given.area])) * size / (size - 1.0)
            error = np.sqrt(variance / size + np.square(variance) / (2.0 * (size - 1.0)))
        return cls(mean + 0.5 * variance, error, size - 1.0, variance)

    def bound(self, tail: float) -> _F64:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.exp(self.centre + stdtrit(self.freedom, tail) * self.error))

    def p_value(self, threshold: _F64) -> _F64:
        """Return the chance of a mean so high if the true one were the threshold."""
        return _tail(self.centre - np.log(threshold), self.error, self.freedom)


@dataclass(frozen=True, slots=True, eq=False)
class _Hall:
    mean: _F64
    error: _F64
    freedom: _F64
    skewness: _F64
    size: _F64

    @classmethod
    def of(cls, value: _F64, given: Clusters, size: _F64) -> _Hall:
        mean = given.means(value)
        away = value - mean[given.area]
        second, third = given.means(np.square(away)), given.means(away**3)
        with np.errstate(divide="ignore", invalid="ignore"):
            skewness = np.where(second > 0, third / second**1.5, 0.0)
            error = np.sqrt(second / (size - 1.0))
        return cls(mean, error, size - 1.0, skewness, size)

    def bound(self, tail: float) -> _F64:
        """Return the mean less the error times the untransformed quantile: its lower end for a small ``tail``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = stdtrit(self.freedom, 1.0 - tail) - self.skewness / (6.0 * np.sqrt(self.size))
            q = self.skewness / (3.0 * np.sqrt(self.size))
            quantile = np.where(np.abs(q) > 1e-9, (np.cbrt(1.0 + 3.0 * q * wanted) - 1.0) / np.where(q == 0, 1.0, q), wanted)
            return np.asarray(self.mean - self.error * quantile)

    def p_value(self, threshold: _F64) -> _F64:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (self.mean - threshold) / self.error
            t = np.where(self.error > 0, t, np.sign(self.mean - threshold) * np.inf)
            q = self.skewness / (3.0 * np.sqrt(self.size))
            moved = t + q * t**2 + q**2 * t**3 / 3.0 + self.skewness / (6.0 * np.sqrt(self.size))
            return np.asarray(np.where(np.isfinite(self.freedom), 1.0 - stdtr(self.freedom, moved), np.nan))


def _tail(distance: _F64, error: _F64, freedom: _F64) -> _F64:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, distance / error, np.sign(distance) * np.inf)
        return np.asarray(np.where(np.isfinite(freedom), 1.0 - stdtr(freedom, t), np.nan))


def _needed(mean: _F64, asked: _F64, size: _F64, given: Clusters, cox: _Cox, hall: _Hall, settings: EvidenceSettings) -> _F64:
    """Return n at which the mean seen is decided: ((z_e + z_power) sd / gap)² by both ways, the larger, in samples of this kind."""
    z = ndtri(1.0 - settings.error_share) + ndtri(settings.power)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_log = z**2 * (cox.variance + 0.5 * cox.variance**2) / np.square(np.log(mean / asked)) + 1.0
        by_value = np.square(z * hall.error / (mean - asked)) * (hall.size - 1.0) + 1.0
        needed = np.maximum(np.fmax(by_log, by_value), settings.least_effective)
        samples = np.ceil(needed * given.count / size)
    samples = np.where(np.isfinite(samples) & (samples <= settings.most_needed), samples, np.inf)
    return np.where((size >= settings.least_effective) & (mean > 0), samples, np.nan)
