"""Percentiles by order statistics, the list of areas to challenge, and looks at a growing sample."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control

from geo.standards import clusters_of, evidence_settings, percentile_evidence, q_values, spent_error

SETTINGS = evidence_settings()


def test_order_statistics_by_hand() -> None:
    """Median of 11: the lower bound is the 3rd, the upper the 9th (P(B(11, ½) ≤ 2) = 0.0327, ≤ 3 = 0.1133)."""
    x = np.arange(1.0, 12.0)
    found = percentile_evidence(x[::-1], clusters_of(np.zeros(11), np.arange(11), 1), 0.5, 4.0, SETTINGS)
    assert (found.value[0], found.low[0], found.high[0]) == (6.0, 3.0, 9.0)
    assert binom.cdf(2, 11, 0.5) < 0.05 < binom.cdf(3, 11, 0.5)


def test_too_few_samples_reach_no_bound() -> None:
    found = percentile_evidence(np.arange(5.0), clusters_of(np.zeros(5), np.arange(5), 2), 0.1, 1.0, SETTINGS)
    assert found.low[0] == -np.inf
    assert np.isnan(found.value[1])


def test_the_tenth_percentile_holds_its_level_and_agrees_with_its_words() -> None:
    rng = np.random.default_rng(1)
    area = np.repeat(np.arange(800), 120)
    x = np.exp(rng.normal(size=area.size))
    truth = np.exp(-1.2815515655446004)
    found = percentile_evidence(x, clusters_of(area, np.arange(area.size), 800), 0.1, truth, SETTINGS)
    chance = 2.0 * np.sqrt(0.05 * 0.95 / 800)
    assert (found.low > truth).mean() <= 0.05 + chance
    assert (found.high < truth).mean() <= 0.05 + chance
    for word in ("supported", "contradicted"):
        assert (found.share.evidence == word).mean() <= 0.05 + chance
    assert (found.low[found.share.evidence == "supported"] >= truth).all()
    assert (found.high[found.share.evidence == "contradicted"] < truth).all()


def test_bounds_and_words_stand_on_one_effective_number() -> None:
    """Clusters of 6 that hang together: whatever the threshold, a word is given exactly where the bound says it."""
    rng = np.random.default_rng(6)
    area = np.repeat(np.arange(150), 60)
    cluster = np.arange(area.size) // 6
    x = np.exp(rng.normal(size=area.size // 6)[cluster] + 0.5 * rng.normal(size=area.size))
    for threshold in (0.05, 0.15, 0.3, 0.6, 1.0):
        found = percentile_evidence(x, clusters_of(area, cluster, 150), 0.25, threshold, SETTINGS)
        np.testing.assert_array_equal(found.share.evidence == "supported", found.low >= threshold)
        np.testing.assert_array_equal(found.share.evidence == "contradicted", found.high < threshold)


def test_at_most_for_delays() -> None:
    rng = np.random.default_rng(2)
    x = rng.exponential(20.0, 400)
    where = clusters_of(np.zeros(400), np.arange(400), 1)
    assert percentile_evidence(x, where, 0.95, 200.0, SETTINGS, comparator="<=").share.evidence[0] == "supported"
    assert percentile_evidence(x, where, 0.95, 20.0, SETTINGS, comparator="<=").share.evidence[0] == "contradicted"


def test_q_values_equal_an_outside_library_and_ties_are_equal() -> None:
    rng = np.random.default_rng(3)
    p = np.round(rng.random(50) ** 2, 2)
    np.testing.assert_allclose(q_values(p), false_discovery_control(p), atol=1e-12)
    tied = q_values([0.01, 0.01, 0.5])
    assert tied[0] == tied[1] == pytest.approx(0.015)
    some = q_values([np.nan, 0.02, 0.04, np.nan])
    assert np.isnan(some[[0, 3]]).all()
    assert some[1:3].tolist() == pytest.approx([0.04, 0.04])  # areas that were not tested count for nothing
    assert q_values([]).size == 0


def test_the_list_to_challenge_keeps_its_false_share() -> None:
    rng = np.random.default_rng(4)
    shares = []
    for _ in range(400):
        p = np.concatenate([rng.random(90), rng.beta(0.05, 5.0, 10)])
        listed = q_values(p) <= 0.05
        shares.append(listed[:90].sum() / max(listed.sum(), 1))
    assert np.mean(shares) <= 0.05


def test_looking_again_and_again_spends_the_error_once() -> None:
    spent = spent_error([50, 100, 150, 200, 260], 200, 0.05)
    assert spent.sum() == pytest.approx(0.05)
    assert spent[-1] == 0.0  # beyond the plan nothing is left
    assert (np.diff(spent[:4]) > 0).all()
    assert spent_error([200], 200, 0.05).tolist() == pytest.approx([0.05])
    rng = np.random.default_rng(5)
    looks = np.array([40, 80, 120, 160, 200])
    levels = spent_error(looks, 200, 0.05)
    good = rng.random((4000, 200)) < 0.9
    k = good.cumsum(axis=1)[:, looks - 1]
    p = binom.cdf(k, looks, 0.9)
    assert (p <= levels).any(axis=1).mean() <= 0.05
    assert (p <= 0.05).any(axis=1).mean() > 0.08  # without spending
    for wrong in ([100, 50], [-1.0]):
        with pytest.raises(ValueError, match="rise"):
            spent_error(wrong, 200, 0.05)
