"""Shares: exact where samples are independent, honest where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from geo.binomial import share_bounds, share_p_values
from geo.standards import clusters_of, effective_sizes, evidence_settings, share_evidence, share_needed
from tests.standards.made_up import cluster_codes, successes

SETTINGS = evidence_settings()


def alone(success: list[int]) -> np.ndarray:
    return np.array(success, dtype=bool)


def test_nineteen_of_twenty_by_hand() -> None:
    """20 independent samples, 19 good, 95 % asked: P(X ≥ 19) = 0.7358, P(X ≤ 19) = 0.6415; neither is shown."""
    found = share_evidence(alone([1] * 19 + [0]), clusters_of(np.zeros(20), np.arange(20), 1), 0.95, SETTINGS)
    assert found.n_effective[0] == 20.0
    assert found.p_supported[0] == pytest.approx(20 * 0.95**19 * 0.05 + 0.95**20)
    assert found.p_contradicted[0] == pytest.approx(1.0 - 0.95**20)
    assert found.evidence[0] == "not_enough"
    # Five bad of twenty: P(X ≤ 15 | 0.95) = 0.0026.
    bad = share_evidence(alone([1] * 15 + [0] * 5), clusters_of(np.zeros(20), np.arange(20), 1), 0.95, SETTINGS)
    assert bad.evidence[0] == "contradicted"
    assert bad.p_contradicted[0] == pytest.approx(binom.cdf(15, 20, 0.95))
    # All of 59 good: 0.95**59 = 0.0485, all of 58: 0.0510.
    for n, word in ((58, "not_enough"), (59, "supported")):
        assert share_evidence(alone([1] * n), clusters_of(np.zeros(n), np.arange(n), 1), 0.95, SETTINGS).evidence[0] == word


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_tables_of_5_to_300_equal_the_exact_binomial(threshold: float) -> None:
    for n in range(5, 301):
        k = np.arange(n + 1)
        many, few = share_p_values(k, n, threshold)
        np.testing.assert_allclose(many, binom.sf(k - 1, n, threshold), rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(few, binom.cdf(k, n, threshold), rtol=1e-9, atol=1e-300)
        low, high = share_bounds(k, n, 0.05)
        # The words of bounds and tests agree for every count.
        np.testing.assert_array_equal(low >= threshold, many <= 0.05)
        np.testing.assert_array_equal(high < threshold, few < 0.05)


def test_bounds_equal_an_outside_library() -> None:
    for n, k in ((5, 0), (7, 7), (40, 31), (300, 288)):
        interval = binomtest(k, n).proportion_ci(confidence_level=0.9, method="exact")
        low, high = share_bounds(k, n, 0.05)
        assert (float(low), float(high)) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_without_samples_nothing_is_said() -> None:
    found = share_evidence(alone([1, 1]), clusters_of([2, 2], [0, 1], 4), 0.95, SETTINGS)
    assert found.n.tolist() == [0, 0, 2, 0]
    assert found.evidence.tolist() == ["not_enough"] * 4
    assert np.isnan(found.share[0])
    assert np.isnan(found.low[0])
    assert found.p_contradicted[0] == 1.0


def test_at_most_is_the_mirror_of_at_least() -> None:
    rng = np.random.default_rng(1)
    where = clusters_of(np.zeros(60), rng.integers(0, 20, 60), 1)
    bad = rng.random(60) < 0.2
    most, least = share_evidence(bad, where, 0.3, SETTINGS, comparator="<="), share_evidence(~bad, where, 0.7, SETTINGS)
    assert most.evidence[0] == least.evidence[0]
    assert most.p_supported[0] == pytest.approx(least.p_supported[0])
    assert most.n_effective[0] == pytest.approx(least.n_effective[0])
    assert most.low[0] == pytest.approx(1.0 - least.high[0])


def test_one_car_is_one_sample() -> None:
    found = share_evidence(np.zeros(500, bool), clusters_of(np.zeros(500), np.zeros(500), 1), 0.8, SETTINGS)
    assert found.n_effective[0] == 1.0
    assert found.evidence[0] == "not_enough"


def test_effective_sizes_by_hand() -> None:
    """Two cars of 10 with 8 and 2 good: between 1.8, within 3.2 / 18; with two clusters what they say counts 2 / 6, "wholly" the rest."""
    value = np.repeat([1.0, 0.0, 1.0, 0.0], [8, 2, 2, 8])
    where = clusters_of(np.zeros(20), cluster_codes(np.array([10, 10])), 1)
    found = effective_sizes(value, where, SETTINGS)
    seen = (1.8 - 3.2 / 18) / (1.8 + 9 * 3.2 / 18)
    rho = 4 / 6 * 1.0 + 2 / 6 * seen
    assert found.correlation[0] == pytest.approx(rho)
    assert found.size[0] == pytest.approx(1 / ((1 + 9 * rho) / 20 + 99 / 400))
    # As a share of 1/2 every cluster tells; as one of 1 none does.
    same = effective_sizes(np.ones(20), where, SETTINGS, told=0.0)
    assert same.size[0] == pytest.approx(1 / (10 / 20 + 99 / 400))


def test_a_phone_that_made_most_tests_is_not_many() -> None:
    """100 single tests and a phone with 200: of clusters that tell of the correlation there is one, and a binomial of more than 1.5 would not tell its jump."""
    sizes = np.array([200, *[1] * 100])
    where = clusters_of(np.zeros(300), cluster_codes(sizes), 1)
    assert (where.telling[0], where.largest[0]) == (1.0, 200.0)
    good = np.repeat([False, True], [200, 100])
    found = share_evidence(good, where, 0.9, SETTINGS)
    assert found.n_effective[0] < 1.5
    assert found.evidence[0] == "not_enough"  # one bad phone of ten has a chance of 10 %
    # Single samples are what they were: the exact binomial.
    assert effective_sizes(good[:50], clusters_of(np.zeros(50), np.arange(50), 1), SETTINGS).size[0] == 50.0


def test_phones_whose_bad_ones_test_most_are_worth_less() -> None:
    """300 phones of 1 good test, 100 of 9 of which 0 or 6 are good: the clusters' sums say more than their correlation."""
    sizes = np.array([1] * 300 + [9] * 100)
    good = np.concatenate([np.ones(300), *[np.repeat([0.0, 1.0, 0.0], [9, 6, 3])] * 50])
    own = np.array([1.0] * 300 + [0.0, 6 / 9] * 50)
    given = clusters_of(np.zeros(1200, dtype=int), np.repeat(np.arange(400), sizes), 1)
    found = effective_sizes(good, given, SETTINGS)
    mean = (300 + 300) / 1200
    off, variance, m = sizes * (own - mean), mean * (1 - mean) * 1200 / 1199, (300 + 8100) / 1200
    error = np.sqrt(((off**4).sum() / (off**2).sum() ** 2 - 1 / 400) * (1 - 1200 / (400 * m)))
    varied = 400 / 399 * (off**2).sum() / variance * (1 + error)
    assert found.size[0] == pytest.approx(1200**2 / (varied + 80))
    # Of one size the correlation says it all.
    equal = clusters_of(np.zeros(100, dtype=int), np.repeat(np.arange(20), 5), 1)
    assert effective_sizes(np.tile([1.0, 1.0, 0.0, 1.0, 0.0], 20), equal, SETTINGS).correlation[0] < 1 / 3


@pytest.mark.slow
def test_each_error_stays_below_its_share_where_bad_phones_test_most() -> None:
    """200 phones of 1 to some 40 tests, more of them the worse they are; the truth is the share of all tests. Before, 10 % were wrong."""

    def drawn(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        z, own = rng.standard_normal((2, count))
        return 1.0 / (1.0 + np.exp(-2.2 - 1.5 * z)), np.maximum(np.round(4.0 * np.exp(0.8 * (-0.9 * z + 0.436 * own))), 1).astype(int)

    rng = np.random.default_rng(12)
    chance, sizes = drawn(rng, 1_000_000)
    truth = float((chance * sizes).sum() / sizes.sum())
    areas = 800
    chance, sizes = drawn(rng, 200 * areas)
    area, cluster = np.repeat(np.arange(areas).repeat(200), sizes), np.repeat(np.arange(200 * areas), sizes)
    found = share_evidence(rng.random(len(area)) < np.repeat(chance, sizes), clusters_of(area, cluster, areas), truth, SETTINGS)
    wrong = [float((found.evidence == word).mean()) for word in ("supported", "contradicted")]
    print(truth, wrong)
    assert max(wrong) <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / areas)


def test_areas_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(2)
    area, cluster, good = rng.integers(0, 5, 400), rng.integers(0, 60, 400), rng.random(400) < 0.9
    every = share_evidence(good, clusters_of(area, cluster, 5), 0.95, SETTINGS)
    for i in range(5):
        mine = area == i
        one = share_evidence(good[mine], clusters_of(np.zeros(mine.sum()), cluster[mine], 1), 0.95, SETTINGS)
        for name in ("n", "n_effective", "share", "low", "high", "p_supported", "p_contradicted", "n_needed"):
            np.testing.assert_allclose(getattr(every, name)[i], getattr(one, name)[0], err_msg=name)


@pytest.mark.parametrize(("clusters", "sizes"), [((1, 1), (5, 300)), ((2, 5), (1, 20)), ((3, 10), (5, 50)), ((10, 40), (1, 12))])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6, 0.9])
def test_each_error_stays_below_its_share_where_the_truth_is_the_threshold(
    clusters: tuple[int, int], sizes: tuple[int, int], correlation: float
) -> None:
    """800 areas a case; the naive test that takes samples for independent is wrong in up to half of them."""
    rng = np.random.default_rng(3)
    for threshold in (0.8, 0.95):
        areas, cluster, good, start = [], [], [], 0
        for i in range(800):
            of = rng.integers(sizes[0], sizes[1] + 1, rng.integers(clusters[0], clusters[1] + 1))
            good.append(successes(rng, threshold, correlation, of))
            cluster.append(start + cluster_codes(of))
            areas.append(np.full(of.sum(), i))
            start += len(of)
        where = clusters_of(np.concatenate(areas), np.concatenate(cluster), 800)
        found = share_evidence(np.concatenate(good), where, threshold, SETTINGS)
        for word in ("supported", "contradicted"):
            assert (found.evidence == word).mean() <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / 800)
        if correlation >= 0.6 and clusters[1] > 1:
            naive = share_p_values(found.share * found.n, found.n, threshold)
            assert max((p <= 0.05).mean() for p in naive) > 0.1


def test_enough_samples_decide() -> None:
    """Effective 300 with a share 5 points off: at least 80 % decided."""
    rng = np.random.default_rng(4)
    for truth, threshold, word in ((0.90, 0.95, "contradicted"), (0.97, 0.92, "supported"), (0.75, 0.80, "contradicted")):
        good = rng.random(1000 * 300) < truth
        where = clusters_of(np.repeat(np.arange(1000), 300), np.arange(300_000), 1000)
        decided = (share_evidence(good, where, threshold, SETTINGS).evidence == word).mean()
        if truth == 0.75:  # sd of a share of 0.75 is 2.5 points: 5 points are two of them, and no exact test can do more
            assert decided > 0.6
        else:
            assert decided > 0.8


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_one_more_bad_sample_never_helps(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    good = rng.random(n) < 0.9
    where = clusters_of(np.zeros(n), np.arange(n), 1)
    worse = good.copy()
    worse[rng.integers(n)] = False
    a, b = share_evidence(good, where, 0.9, SETTINGS), share_evidence(worse, where, 0.9, SETTINGS)
    assert b.p_supported[0] >= a.p_supported[0] - 1e-12
    assert b.p_contradicted[0] <= a.p_contradicted[0] + 1e-12


def test_what_is_needed_keeps_its_power() -> None:
    for share, threshold in ((0.9, 0.95), (0.99, 0.95), (0.5, 0.8), (0.7, 0.6)):
        n = int(share_needed(share, threshold, SETTINGS))
        k = np.arange(n + 1)
        many, few = share_p_values(k, n, threshold)
        decides = few <= 0.05 if share < threshold else many <= 0.05
        assert binom.pmf(k, n, share)[decides].sum() >= 0.8
        fewer = max(int(0.7 * n), 1)
        k = np.arange(fewer + 1)
        many, few = share_p_values(k, fewer, threshold)
        assert binom.pmf(k, fewer, share)[few <= 0.05 if share < threshold else many <= 0.05].sum() < 0.8


def test_what_measuring_cannot_settle() -> None:
    assert np.isinf(share_needed(0.95, 0.95, SETTINGS))
    assert np.isinf(share_needed(0.949, 0.95, SETTINGS))
    assert np.isnan(share_needed(np.nan, 0.95, SETTINGS))
    # Cars of ten that hang together: the samples needed are that many times more.
    rng = np.random.default_rng(5)
    sizes = np.full(40, 10)
    good = successes(rng, 0.85, 0.5, sizes)
    found = share_evidence(good, clusters_of(np.zeros(400), cluster_codes(sizes), 1), 0.95, SETTINGS)
    sizes_now = effective_sizes(good, clusters_of(np.zeros(400), cluster_codes(sizes), 1), SETTINGS)
    assert sizes_now.samples_for(sizes_now.size)[0] == pytest.approx(400.0)
    needed = share_needed(found.share[0], 0.95, SETTINGS)
    assert 400 < found.n_needed[0] == pytest.approx(needed * 400 / found.n_effective[0], rel=0.02)
    # The largest cluster stays one: more of the others make up for it.
    lump = np.array([60, *[1] * 40])
    alone_in_it = effective_sizes(rng.random(100) < 0.5, clusters_of(np.zeros(100), cluster_codes(lump), 1), SETTINGS)
    n = alone_in_it.samples_for(10.0)[0]
    assert n**2 / (60 * (1 + 59 * alone_in_it.correlation[0]) + 60**2 - 1 + (n - 60)) == pytest.approx(10.0)
