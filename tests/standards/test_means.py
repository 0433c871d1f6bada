"""Means of skewed speeds: by hand, against simulation, and beside the intervals that fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from geo.standards import clusters_of, evidence_settings, mean_evidence
from tests.standards.made_up import Law, cluster_codes, speeds

SETTINGS = evidence_settings()


def alone(n: int) -> object:
    return clusters_of(np.zeros(n), np.arange(n), 1)


def test_cox_and_the_bound_without_a_law_by_hand() -> None:
    """Twelve independent speeds; Cox written out, the other drawn: random weights with an unseen 0, or an unseen test of 15 times the threshold."""
    x = np.array([3.0, 5.0, 8.0, 2.0, 20.0, 7.0, 6.0, 4.0, 9.0, 12.0, 5.5, 30.0])
    n, log = len(x), np.log(x)
    s2, t = log.var(ddof=1), student.ppf(0.95, n - 1)
    half = t * np.sqrt(s2 / n + s2**2 / (2 * (n - 1)))
    cox = np.exp(log.mean() + s2 / 2 + np.array([-half, half]))
    weights = np.random.default_rng(7).dirichlet(np.ones(n + 1), 200_000)
    free = [np.quantile(weights @ np.append(x, end), tail) for end, tail in ((0.0, 0.05), (15 * 4.0, 0.95))]
    found = mean_evidence(x, alone(n), 4.0, SETTINGS)
    assert found.mean[0] == pytest.approx(x.mean())
    assert found.low[0] == pytest.approx(min(cox[0], free[0]), rel=0.005)
    assert found.high[0] == pytest.approx(max(cox[1], free[1]), rel=0.005)
    assert free[0] < cox[0]
    assert free[1] > cox[1]
    assert found.evidence[0] == "supported"  # 4 lies below both
    assert found.p_supported[0] <= 0.05


@pytest.mark.parametrize("threshold", [2.0, 5.0, 7.5, 9.0, 12.0, 20.0, 40.0])
def test_bounds_and_words_agree(threshold: float) -> None:
    rng = np.random.default_rng(1)
    area = np.repeat(np.arange(60), 40)
    x = np.exp(rng.normal(2.0, 0.9, area.size))
    found = mean_evidence(x, clusters_of(area, np.arange(area.size), 60), threshold, SETTINGS)
    np.testing.assert_array_equal(found.evidence == "supported", found.low >= threshold)
    np.testing.assert_array_equal(found.evidence == "contradicted", found.high <= threshold)


def test_below_the_least_number_nothing_is_said() -> None:
    few = mean_evidence(np.full(9, 50.0), alone(9), 1.0, SETTINGS)
    assert few.evidence[0] == "not_enough"
    assert np.isnan(few.low[0])
    assert few.mean[0] == 50.0
    # A hundred samples of one car are one.
    car = mean_evidence(np.exp(np.random.default_rng(1).normal(size=100)) + 40.0, clusters_of(np.zeros(100), np.zeros(100), 1), 1.0, SETTINGS)
    assert (car.n_effective[0], car.evidence[0]) == (1.0, "not_enough")
    none = mean_evidence(np.zeros(0), clusters_of([], [], 2), 1.0, SETTINGS)
    assert none.evidence.tolist() == ["not_enough"] * 2


def test_failed_tests_count_as_zeros() -> None:
    rng = np.random.default_rng(2)
    x = np.where(rng.random(200) < 0.3, 0.0, 40.0 + rng.normal(0, 2, 200))
    found = mean_evidence(x, alone(200), 35.0, SETTINGS)
    assert found.mean[0] == pytest.approx(x.mean())
    assert found.evidence[0] == "contradicted"
    with pytest.raises(ValueError, match="not negative"):
        mean_evidence([-1.0], alone(1), 1.0, SETTINGS)
    with pytest.raises(ValueError, match="finite"):
        mean_evidence([np.nan], alone(1), 1.0, SETTINGS)


def test_at_most_is_the_other_way_round() -> None:
    rng = np.random.default_rng(3)
    x = np.exp(rng.normal(3.0, 0.5, 150))
    most, least = (mean_evidence(x, alone(150), 40.0, SETTINGS, comparator=c) for c in ("<=", ">="))
    assert (most.evidence[0], least.evidence[0]) == ("supported", "contradicted")
    assert most.p_supported[0] == least.p_contradicted[0]


CASES: list[tuple[Law, float, float, tuple[int, int], tuple[int, int]]] = [
    ("log-normal", 0.6, 0.0, (10, 30), (1, 12)), ("log-normal", 1.0, 0.3, (3, 8), (1, 10)), ("log-normal", 1.0, 0.3, (40, 100), (1, 8)),
    ("log-normal", 1.4, 0.7, (10, 30), (1, 12)), ("log-normal", 0.6, 0.7, (3, 8), (1, 10)), ("gamma", 0.7, 0.0, (40, 100), (1, 8)),
    ("gamma", 1.0, 0.3, (40, 100), (1, 8)), ("gamma", 1.0, 0.7, (10, 30), (1, 12)), ("mixed", 0.5, 0.3, (10, 30), (1, 12)), ("mixed", 0.5, 0.0, (40, 100), (1, 8)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{c[0]} {c[1]} rho {c[2]} clusters {c[3]}" for c in CASES])
def test_each_error_stays_below_its_share_where_the_truth_is_the_threshold(case: tuple[Law, float, float, tuple[int, int], tuple[int, int]]) -> None:
    """1,000 areas a case, mean 1 asked and true; naive t intervals are wrong in 10 to 35 % where samples hang together."""
    law, spread, correlation, clusters, sizes = case
    rng = np.random.default_rng(4)
    areas, cluster, values, start = [], [], [], 0
    for i in range(1000):
        of = rng.integers(sizes[0], sizes[1] + 1, rng.integers(clusters[0], clusters[1] + 1))
        values.append(speeds(rng, law, spread, correlation, of))
        cluster.append(start + cluster_codes(of))
        areas.append(np.full(of.sum(), i))
        start += len(of)
    x, area = np.concatenate(values), np.concatenate(areas)
    found = mean_evidence(x, clusters_of(area, np.concatenate(cluster), 1000), 1.0, SETTINGS)
    chance = 2.0 * np.sqrt(0.05 * 0.95 / 1000)
    for word in ("supported", "contradicted"):
        assert (found.evidence == word).mean() <= 0.05 + chance
    if correlation >= 0.3:
        n = np.bincount(area, minlength=1000)
        mean = np.bincount(area, x) / n
        sd = np.sqrt((np.bincount(area, x**2) - n * mean**2) / np.maximum(n - 1, 1))
        score = (mean - 1.0) / (sd / np.sqrt(n))
        naive = max((score > 1.645).mean(), (score < -1.645).mean())
        assert naive > 0.1


def test_enough_samples_decide() -> None:
    """Effective 300 with a mean 25 % off: at least 80 % decided, up to a spread of one (the mean 1.6 times the median)."""
    rng = np.random.default_rng(5)
    for spread in (0.5, 0.8, 1.0):
        x = speeds(rng, "log-normal", spread, 0.0, np.ones(300 * 400, dtype=int))
        where = clusters_of(np.repeat(np.arange(400), 300), np.arange(300 * 400), 400)
        for threshold, word in ((1.0 / 0.75, "contradicted"), (0.75, "supported")):
            assert (mean_evidence(x, where, threshold, SETTINGS).evidence == word).mean() >= 0.8


def test_what_is_needed() -> None:
    rng = np.random.default_rng(6)
    x = speeds(rng, "log-normal", 0.8, 0.0, np.ones(100, dtype=int)) * 40.0
    near, far = (mean_evidence(x, alone(100), t, SETTINGS).n_needed[0] for t in (x.mean() * 1.1, x.mean() * 1.5))
    assert far < near
    assert np.isinf(mean_evidence(x, alone(100), x.mean() * 1.001, SETTINGS).n_needed[0])  # cannot be settled by measuring
    again = speeds(rng, "log-normal", 0.8, 0.0, np.ones(int(near) * 200, dtype=int)) * x.mean()
    where = clusters_of(np.repeat(np.arange(200), int(near)), np.arange(int(near) * 200), 200)
    assert (mean_evidence(again, where, x.mean() * 1.1, SETTINGS).evidence == "contradicted").mean() > 0.7
