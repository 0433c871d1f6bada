"""Means of skewed quantities, such as speeds, against what a rule asks for: two bounds that fail differently, and the wider of them.

- Cox's for a log-normal law: with l = log x, mean l̄ and variance s², log of the mean = l̄ + s² / 2 ± t √(s² / n + s⁴ / (2 (n − 1))),
  t of n − 1 degrees of freedom (U. Olsson 2005, Journal of Statistics Education 13(1), with t for z). It is short where the law holds; on a gamma
  law of 260 samples it was wrong in 78 % of made-up communes.
- Gaffke's for any law at all between 0 and a greatest value (:mod:`geo.standards.bounded`): a value that was not met lies at the worst end. No sample
  shows how fast a test may be that nobody made, so the end is a setting: one test is at most ``greatest_ratio`` times the threshold, the tests of one phone
  but for one of them at most ``greatest_lasting_ratio`` times, and neither is less than what was seen. Failed tests are zeros to it, like any other value.

A mean is ``supported`` or ``contradicted`` where both say so; the bounds that are shown are the wider ones. n is the effective number of
samples (:mod:`geo.standards.effective`), of the logarithms for the one and of the values for the other, and below a least number nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

from geo.standards.bounded import WeightedValues, bound_of, chance_at_most
from geo.standards.effective import Clusters, EffectiveSizes, effective_sizes
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
        Not negative. An area with a 0 among its samples (a test that failed) has no logarithms: the bound without a law alone.
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
    of_values, of_logs = effective_sizes(value, given, settings), effective_sizes(log, given, settings)
    size = np.where(zero, of_values.size, np.minimum(of_values.size, of_logs.size))
    enough = size >= settings.least_effective
    cox = _Cox.of(log, given, np.where(enough & ~zero, of_logs.size, np.nan))
    free = _Free.of(value, given, of_values, asked, enough, settings)
    e = settings.error_share
    low, high = np.fmin(free.low(e), cox.bound(e)), np.fmax(free.high(e), cox.bound(1.0 - e))
    chances = [*free.p_values(asked), *cox.p_values(asked)]
    above, below = (np.where(enough, np.fmax(a, b), 1.0) for a, b in (chances[0::2], chances[1::2]))
    good, bad = (above, below) if comparator == ">=" else (below, above)
    evidence = np.select([good <= e, bad <= e], EVIDENCE[:2], EVIDENCE[2]).astype(object)
    return MeanEvidence(
        given.count, size, mean, np.where(enough, np.maximum(low, 0.0), np.nan), np.where(enough, high, np.nan), evidence, good, bad,
        _needed(mean, asked, of_values, of_logs, cox, free, settings),
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

    def p_values(self, threshold: _F64) -> tuple[_F64, _F64]:
        """Return the chances of a mean so high, and so low, if the true one were the threshold; NaN where there is none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = self.centre - np.log(threshold)
            t = np.where(self.error > 0, distance / self.error, np.sign(distance) * np.inf)
            below = np.where(np.isfinite(self.freedom), stdtr(self.freedom, t), np.nan)
        return 1.0 - below, below


@dataclass(frozen=True, slots=True, eq=False)
class _Free:
    """What holds for any law between 0 and the greatest value that is held possible."""

    values: WeightedValues
    mean: _F64
    spread: _F64
    size: _F64
    unseen: _F64
    single: _F64
    cluster: _F64
    enough: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, value: _F64, given: Clusters, sizes: EffectiveSizes, asked: _F64, enough: npt.NDArray[np.bool_], settings: EvidenceSettings) -> _Free:
        weighted = WeightedValues.of(value, given, sizes.size, enough)
        mean = given.means(value)
        spread = np.sqrt(given.means(np.square(value - mean[given.area])))
        own = np.zeros(given.areas)
        np.maximum.at(own, given.area_of, np.bincount(given.cluster, value, minlength=len(given.size)) / given.size)
        most = np.zeros(given.areas)
        np.maximum.at(most, given.area, value)
        single, lasting = settings.greatest_ratio * asked, settings.greatest_lasting_ratio * asked
        # One peak among a phone's tests.
        cluster = lasting + (single - lasting) * np.divide(given.clusters, given.count, out=np.ones(given.areas), where=given.count > 0)
        return cls(weighted, mean, spread, sizes.size, sizes.per_cluster, np.fmax(single, most), np.fmax(cluster, own), enough)

    def at_least(self, m: _F64) -> _F64:
        """Return the weight times the distance of what was not seen below."""
        return np.asarray(-self.unseen * m)

    def at_most(self, m: _F64) -> _F64:
        """Return the same above: one test, or a cluster of the usual size, whichever is more."""
        return np.maximum(self.single - m, self.unseen * (self.cluster - m))

    def low(self, tail: float) -> _F64:
        """Return the bound that is above the mean with a chance of ``tail``."""
        return self._bound(self.at_least, tail)

    def high(self, tail: float) -> _F64:
        """Return the bound that is below the mean with a chance of ``tail``."""
        return self._bound(self.at_most, 1.0 - tail)

    def _bound(self, unseen: Callable[[_F64], _F64], chance: float) -> _F64:
        with np.errstate(divide="ignore", invalid="ignore"):  # an exponential variable, and the error of a mean
            shift = unseen(self.mean) / self.size
            error = np.hypot(shift, self.spread / np.sqrt(self.size))
        return bound_of(self.values, unseen, chance, self.mean + shift, error, np.where(self.enough, self.single, np.nan))

    def p_values(self, threshold: _F64) -> tuple[_F64, _F64]:
        """Return the chances of a mean so high, and so low, if the true one were the threshold."""
        return chance_at_most(self.values, threshold, self.at_least(threshold)), 1.0 - chance_at_most(self.values, threshold, self.at_most(threshold))


def _needed(mean: _F64, asked: _F64, of_values: EffectiveSizes, of_logs: EffectiveSizes, cox: _Cox, free: _Free, settings: EvidenceSettings) -> _F64:
    """Return n at which the mean seen is decided by both ways, in samples of this kind.

    Cox: n = ((z_e + z_power) sd / gap)². Without a law the unseen value is an exponential variable of mean A / n beside the error sd / √n:
    A / n + z_e √(sd² / n + A² / n²) + z_power sd / √n = gap.
    """
    z_error, z_power = float(ndtri(1.0 - settings.error_share)), float(ndtri(settings.power))
    gap = np.abs(mean - asked)
    unseen = np.abs(np.where(mean >= asked, free.at_least(asked), free.at_most(asked)))
    low, high = np.zeros(len(mean)), np.ones(len(mean))  # 1 / √n
    for _ in range(60):
        y = 0.5 * (low + high)
        reach = unseen * y**2 + z_error * np.sqrt(np.square(free.spread * y) + np.square(unseen * y**2)) + z_power * free.spread * y
        low, high = np.where(reach <= gap, y, low), np.where(reach <= gap, high, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_value = of_values.samples_for(np.maximum(1.0 / low**2, settings.least_effective))
        by_log = (z_error + z_power) ** 2 * (cox.variance + 0.5 * cox.variance**2) / np.square(np.log(mean / asked)) + 1.0
        samples = np.ceil(np.fmax(by_value, of_logs.samples_for(by_log)))
    samples = np.where(np.isfinite(samples) & (samples <= settings.most_needed), samples, np.inf)
    return np.where(free.enough & np.isfinite(asked), samples, np.nan)
