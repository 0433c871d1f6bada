"""Bounds against the binomial law itself, effective numbers by hand, and against made-up truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from geo.calibration.blocks import Correlation
from geo.disagreement import Claim, claim_reliability, clopper_pearson, disagreement_settings, evidence_of

SETTINGS = disagreement_settings()
ROAD = Correlation(500.0, 0.0, 50.0, 0)
ALONE = Correlation(1.0, 0.0, 50.0, 0)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), st.sampled_from([0.8, 0.9, 0.95]))
def test_bounds_are_those_of_the_binomial_law(case: tuple[int, int], share: float) -> None:
    n, k = case
    low, high = clopper_pearson(k, n, share)
    exact = binomtest(k, n).proportion_ci(share, method="exact")
    assert (float(low), float(high)) == pytest.approx((exact.low, exact.high), abs=1e-9)
    tail = (1 - share) / 2
    if k > 0:
        assert binom.sf(k - 1, n, float(low)) == pytest.approx(tail, rel=1e-6)  # so many or more, at the lower bound
    if k < n:
        assert binom.cdf(k, n, float(high)) == pytest.approx(tail, rel=1e-6)


def test_bounds_of_effective_sizes() -> None:
    low, high = clopper_pearson([0.0, 2.5, 0.4, 0.0], [0.0, 2.5, 1.0, 1.0], 0.9)
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == (pytest.approx(0.05 ** (1 / 2.5)), 1.0)  # all succeed: low^n = 0.05
    assert 0 < low[2] < 0.4 < high[2] < 1
    assert (low[3], high[3]) == (0.0, pytest.approx(0.95))
    sizes = np.array([5.0, 10.0, 40.0, 160.0])
    widths = np.subtract(*clopper_pearson(0.8 * sizes, sizes, 0.9)[::-1])
    assert (np.diff(widths) < 0).all()


@pytest.mark.parametrize(
    ("good", "n", "threshold", "word"),
    [(59, 59, 0.95, "supported"), (58, 58, 0.95, "not_enough"), (92, 93, 0.95, "supported"), (91, 93, 0.95, "not_enough"),
     (149, 149, 0.98, "supported"), (148, 148, 0.98, "not_enough"), (85, 100, 0.95, "contradicted"), (0, 2, 0.95, "contradicted"),
     (0, 0, 0.95, "not_enough"), (95, 100, 0.95, "not_enough")],
)  # fmt: skip
def test_the_words_by_the_known_sample_sizes(good: int, n: int, threshold: float, word: str) -> None:
    """With no failure 59 tests certify 95 % and 149 certify 98 %; 93 tests allow one failure."""
    low, high = clopper_pearson([good], [n], 0.9)
    assert evidence_of(low, high, np.array([threshold])).tolist() == [word]


def test_a_bound_on_the_threshold_is_on_the_good_side() -> None:
    low, high = np.array([0.95, 0.8, 0.8, np.nan]), np.array([1.0, 0.95, 0.9499, np.nan])
    assert evidence_of(low, high, np.full(4, 0.95)).tolist() == ["supported", "not_enough", "contradicted", "not_enough"]


def cells(x: np.ndarray, share: np.ndarray, *, y: np.ndarray | None = None, tests: int = 3) -> pd.DataFrame:
    """Cells of one row of a grid of 100 m, by position along it."""
    n = len(x)
    return pd.DataFrame(
        {"row": np.zeros(n, dtype=int) if y is None else (y // 100).astype(int), "column": (x // 100).astype(int), "x_m": x,
         "y_m": np.zeros(n) if y is None else y, "tests": tests, "successes": tests * share, "share": share}
    )  # fmt: skip


def rated(table: pd.DataFrame, correlation: Correlation, *, km2: float = 100.0, columns: int = 400, claim: int = 1, areas: np.ndarray | None = None):
    shape = (int(table["row"].max()) + 1 if len(table) else 1, columns)
    place = np.zeros(shape, dtype=int) if areas is None else areas
    return claim_reliability(
        table, np.full(shape, claim, dtype=np.uint8), place, np.full(int(place.max()) + 1, km2), correlation, SETTINGS
    )


def test_cells_far_apart_count_one_each_however_many_samples() -> None:
    table = cells(np.array([50.0, 10_050.0, 20_050.0, 30_050.0]), np.array([1.0, 1.0, 1.0, 0.0]), tests=1000)
    found = rated(table, ROAD)
    assert found.n_effective.tolist() == pytest.approx([4.0])
    assert found.share.tolist() == pytest.approx([0.75])
    assert found.tests.tolist() == [4000]
    assert found.successes.tolist() == [3000]
    assert found.cells.tolist() == [4]
    low, high = clopper_pearson(3, 4, 0.9)
    assert (found.low[0], found.high[0]) == pytest.approx((float(low), float(high)))


def test_two_cells_side_by_side_by_hand() -> None:
    """rho = exp(-3 · 100 / 500); both weigh 1 / (1 + rho); n = 4 w² / (2 w² + 2 w² rho) = 2 / (1 + rho)."""
    rho = np.exp(-0.6)
    found = rated(cells(np.array([50.0, 150.0]), np.array([1.0, 0.0])), ROAD)
    assert found.n_effective.tolist() == pytest.approx([2 / (1 + rho)])
    assert found.share.tolist() == pytest.approx([0.5])


def test_a_crowd_of_failures_does_not_outvote_the_rest() -> None:
    crowd = np.arange(20) * 100.0 + 50
    table = cells(np.concatenate([crowd, [10_050.0, 20_050.0, 30_050.0]]), np.concatenate([np.zeros(20), np.ones(3)]))
    found = rated(table, ROAD)
    assert found.successes[0] / found.tests[0] == pytest.approx(3 / 23)
    assert found.share[0] > 0.25  # 2 km of road are some seven independent cells, not twenty
    assert 6 < found.n_effective[0] < 12


def test_what_is_not_claimed_or_has_no_verdict_does_not_count() -> None:
    table = cells(np.array([50.0, 10_050.0]), np.array([1.0, np.nan]))
    table.loc[1, ["tests", "successes"]] = 0
    found = rated(table, ALONE)
    assert (found.cells[0], found.share[0]) == (1, 1.0)
    for claim in (Claim.NOT_CLAIMED, Claim.NOT_GIVEN):
        none = rated(table, ALONE, claim=claim, km2=0.0)
        assert (none.tests[0], none.n_effective[0], none.evidence[0]) == (0, 0, "")
        assert np.isnan([none.share[0], none.low[0], none.high[0]]).all()
    nothing = rated(table.iloc[:0], ALONE)
    assert nothing.evidence.tolist() == ["not_enough"]


def test_areas_are_told_apart_and_pairs_across_them_do_not_count() -> None:
    areas = np.zeros((1, 400), dtype=int)
    areas[0, 1:] = 1
    areas[0, 300:] = -1
    table = cells(np.array([50.0, 150.0, 30_050.0]), np.array([1.0, 0.0, 0.0]))
    found = rated(table, ROAD, areas=areas)
    assert found.share.tolist() == [1.0, 0.0]
    assert found.n_effective.tolist() == pytest.approx([1.0, 1.0])
    assert found.tests.sum() == 6


@pytest.mark.parametrize(("km2", "threshold", "applies"), [(10.0, 0.95, False), (50.1, 0.95, True), (1000.0, 0.95, True), (1000.1, 0.98, True)])
def test_larger_claims_must_be_more_reliable(km2: float, threshold: float, applies: bool) -> None:
    found = rated(cells(np.array([50.0]), np.array([1.0])), ALONE, km2=km2)
    assert found.threshold.tolist() == [threshold]
    assert found.rule_applies.tolist() == [applies]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=25), st.sampled_from([100.0, 500.0, 3000.0]))
def test_laws_of_the_effective_number(given_cells: list[tuple[int, float]], reach: float) -> None:
    table = dict(given_cells)
    x = np.array(sorted(table)) * 100.0 + 50
    share = np.array([table[k] for k in sorted(table)])
    found = rated(cells(x, share), Correlation(reach, 0.2, 50.0, 0))
    assert 1 - 1e-9 <= found.n_effective[0] <= len(x) + 1e-9
    assert share.min() - 1e-9 <= found.share[0] <= share.max() + 1e-9
    assert found.low[0] <= found.share[0] + 1e-9
    assert found.share[0] <= found.high[0] + 1e-9
    longer = rated(cells(x, share), Correlation(3 * reach, 0.2, 50.0, 0))
    assert longer.n_effective[0] <= found.n_effective[0] + 1e-6 * len(x)


def test_bounds_hold_the_truth_where_roads_are_driven() -> None:
    """Fields of known range on a driven line of 60 km, each cell served with probability 0.85: that is the truth.

    Counting every cell as independent misses it far more often than the ten per cent that the bounds allow.
    """
    rng = np.random.default_rng(11)
    n, length, runs = 600, 500.0, 200
    x = np.arange(n) * 100.0 + 50
    matrix = np.linalg.cholesky(np.exp(-3 * np.abs(x[:, None] - x) / length) + 1e-9 * np.eye(n))
    p = 0.85
    missed = {"weighted": 0, "naive": 0}
    for _ in range(runs):
        served = (matrix @ rng.standard_normal(n) < 1.0364).astype(float)  # P = 0.85 in every cell
        table = cells(x, served)
        found = rated(table, Correlation(length, 0.0, 1.0, 0), columns=n)
        missed["weighted"] += not found.low[0] <= p <= found.high[0]
        low, high = clopper_pearson(served.sum(), n, 0.9)
        missed["naive"] += not low <= p <= high
    print(f"\nbounds miss the truth: cells weighted {missed['weighted'] / runs:.1%}, taken for independent {missed['naive'] / runs:.1%}")
    assert missed["weighted"] / runs <= 0.10
    assert missed["naive"] / runs > 0.25
