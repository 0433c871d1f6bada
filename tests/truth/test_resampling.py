"""The bootstrap over seeds: against what is known of means, and where there is a single seed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.truth.resampling import paired_difference, pooled


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    x = np.random.default_rng(1).normal(3.0, 2.0, 40)
    found = pooled(np.column_stack([x, np.ones(40)]), lambda s: s[..., 0] / s[..., 1])
    assert found.value == pytest.approx(float(x.mean()))
    width = 2 * 1.96 * float(x.std()) / np.sqrt(40)
    assert found.high - found.low == pytest.approx(width, rel=0.08)
    assert found.seeds == 40


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for trial in range(300):
        x = np.random.default_rng(trial).normal(0.0, 1.0, 20)
        found = paired_difference(x, np.zeros(20))
        held += found.low <= 0 <= found.high
    assert 0.89 < held / 300 < 0.98  # of 20 seeds percentiles are a little too narrow


def test_ratios_are_pooled_not_averaged() -> None:
    found = pooled(np.array([[1.0, 1.0], [0.0, 9.0]]), lambda s: s[..., 0] / s[..., 1])
    assert found.value == pytest.approx(0.1)


def test_pairs_take_out_what_seeds_share() -> None:
    rng = np.random.default_rng(3)
    shared = rng.normal(0, 10, 20)
    one, other = shared + 1.0 + rng.normal(0, 0.1, 20), shared + rng.normal(0, 0.1, 20)
    found = paired_difference(one, other)
    assert found.low > 0.8
    assert paired_difference(other, one).high < -0.8
    some = paired_difference(np.array([1.0, np.nan, 3.0]), np.array([0.0, 0.0, 1.0]))
    assert (some.value, some.seeds) == (1.5, 2)


def test_a_single_seed_has_no_interval() -> None:
    found = pooled(np.array([[1.0, 4.0]]), lambda s: s[..., 0] / s[..., 1])
    assert found.value == 0.25
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan(paired_difference(np.array([1.0]), np.array([0.0])).low)
    assert np.isnan(paired_difference(np.array([np.nan]), np.array([0.0])).value)
