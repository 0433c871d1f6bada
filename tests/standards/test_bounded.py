"""Bounds without a law: against the exact binomial, against drawn weights, and where samples show nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from geo.standards import clusters_of, evidence_settings, mean_evidence
from geo.standards.bounded import WeightedValues, bound_of, chance_at_most

ONE = np.ones(1)


def weighted(x: np.ndarray, size: float | None = None) -> WeightedValues:
    given = clusters_of(np.zeros(len(x)), np.arange(len(x)), 1)
    return WeightedValues.of(x, given, ONE * (len(x) if size is None else size), ONE > 0)


@pytest.mark.parametrize(("n", "k", "threshold"), [(20, 19, 0.95), (20, 15, 0.95), (59, 59, 0.95), (10, 3, 0.5), (30, 1, 0.1), (140, 120, 0.9)])
def test_of_zeros_and_ones_it_is_the_exact_binomial(n: int, k: int, threshold: float) -> None:
    x, t = np.repeat([1.0, 0.0], [k, n - k]), ONE * threshold
    assert chance_at_most(weighted(x), t, -t)[0] == pytest.approx(binom.sf(k - 1, n, threshold), rel=0.02)
    assert 1.0 - chance_at_most(weighted(x), t, 1.0 - t)[0] == pytest.approx(binom.cdf(k, n, threshold), rel=0.02)
    exact = binomtest(k, n).proportion_ci(confidence_level=0.9, method="exact")
    low, high = (bound_of(weighted(x), lambda m, end=end: end - m, tail, ONE * 0.5, ONE * 0.1, ONE)[0] for end, tail in ((0.0, 0.05), (1.0, 0.95)))
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=0.003)


def test_the_chance_equals_drawn_weights() -> None:
    rng = np.random.default_rng(1)
    x = np.exp(rng.normal(size=15))
    weights = rng.gamma(0.6, size=(200_000, 15)), rng.exponential(size=200_000)
    for m, unseen in ((1.0, -2.0), (1.5, -3.0), (x.sum() / 15, 0.0), (2.0, 13.0), (3.0, 12.0)):
        drawn = (weights[0] @ (x - m) + weights[1] * unseen <= 0.0).mean()
        assert chance_at_most(weighted(x, 9.0), ONE * m, ONE * unseen)[0] == pytest.approx(drawn, abs=0.006)


def test_a_histogram_of_many_changes_little_and_never_narrows() -> None:
    rng = np.random.default_rng(2)
    x = np.exp(rng.normal(size=150))
    x[:9] = 0.0
    few, many = weighted(x), WeightedValues.of(np.tile(x, 2), clusters_of(np.zeros(300), np.arange(300), 1), ONE * 150, ONE > 0)
    assert len(many.value) < 200
    assert many.per_area(many.shape * many.value)[0] == pytest.approx(x.sum())
    a, b = (bound_of(w, lambda m: 20.0 - m, 0.95, ONE * 1.5, ONE * 0.2, ONE * 20)[0] for w in (few, many))
    assert a <= b < a * 1.002
    a, b = (bound_of(w, lambda m: -m, 0.05, ONE * 1.5, ONE * 0.2, ONE * 20)[0] for w in (few, many))
    assert a * 0.998 < b <= a


def test_a_kind_that_was_not_met_is_not_ruled_out() -> None:
    """30 tests of 16: one in twenty may have 500, and then the mean is 40. 300 of them do rule it out."""
    settings = evidence_settings()
    for n, word in ((30, "not_enough"), (300, "contradicted")):
        x = 16.0 + 0.001 * np.arange(n)
        assert mean_evidence(x, clusters_of(np.zeros(n), np.arange(n), 1), 40.0, settings).evidence[0] == word
    # A setting that knows better: nothing is faster than 80.
    known = evidence_settings(greatest_ratio=2.0, greatest_lasting_ratio=2.0)
    assert mean_evidence(np.full(30, 16.0), clusters_of(np.zeros(30), np.arange(30), 1), 40.0, known).evidence[0] == "contradicted"


def test_only_failed_tests() -> None:
    """All zeros: 15 times the threshold with a chance of one in fifteen gives the threshold, and (14/15)^n ≤ 5 % from 44 tests on."""
    settings = evidence_settings()
    for n, word in ((43, "not_enough"), (44, "contradicted")):
        found = mean_evidence(np.zeros(n), clusters_of(np.zeros(n), np.arange(n), 1), 40.0, settings)
        assert (found.mean[0], found.evidence[0]) == (0.0, word)
        assert found.low[0] == pytest.approx(0.0, abs=1e-5)
        assert found.high[0] == pytest.approx(600.0 * (1.0 - 0.05 ** (1.0 / n)), rel=0.02)
    assert np.isfinite(mean_evidence(np.zeros(20), clusters_of(np.zeros(20), np.arange(20), 1), 40.0, settings).n_needed[0])
