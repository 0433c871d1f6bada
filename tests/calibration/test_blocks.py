"""Samples put together, and how much a block counts."""

from __future__ import annotations

import numpy as np
import pytest

from geo.calibration.blocks import Correlation, aggregate, effective_weights, fit_correlation
from geo.calibration.likelihood import Kind
from geo.calibration.settings import calibration_settings

SETTINGS = calibration_settings()
ROAD = Correlation(500.0, 0.0, 50.0, 0)


def test_samples_of_a_square_and_cell_become_one_block() -> None:
    x = np.array([10.0, 20.0, 30.0, 40.0, 150.0, 50.0, np.nan])
    kind = np.array([1, 1, 1, 1, 1, 3, 1], np.int8)
    serving = np.array([7, 7, 7, 8, 7, -1, 7])
    level = np.array([-90.0, -91.0, -70.0, -99.0, -80.0, -113.0, -60.0])
    none = np.full(7, -1)
    b = aggregate(x, np.zeros(7), np.zeros(7, int), kind, level, serving=serving, device=none, route=none, block_m=100.0)
    assert len(b.kind) == 4
    first = b.of_sample[0]
    assert b.of_sample.tolist()[:3] == [first] * 3
    assert b.of_sample[6] == -1
    assert b.level_dbm[first] == -90.0  # the median, not the mean
    assert b.samples[first] == 3
    assert b.x_m[first] == 20.0
    assert len(set(b.place.tolist())) == 2
    assert b.kind[b.of_sample[5]] == Kind.BELOW


def weights(x: np.ndarray, samples: np.ndarray, correlation: Correlation = ROAD) -> np.ndarray:
    n = len(x)
    return effective_weights(x, np.zeros(n), np.zeros(n, int), np.arange(n), samples, correlation)


def test_ten_thousand_samples_on_one_road_do_not_drown_the_rest() -> None:
    """100 squares of 100 samples along 10 km, 20 lonely squares of 3."""
    x = np.concatenate([np.arange(100) * 100.0, 1e6 + np.arange(20) * 1e4])
    w = weights(x, np.concatenate([np.full(100, 100), np.full(20, 3)]))
    np.testing.assert_allclose(w[100:], 1.0)
    # exp(-3 d / 500): 1 + 2 sum_k exp(-0.6 k) = coth(0.3) = 3.43 in the middle of the road
    assert w[50] == pytest.approx(np.tanh(0.3), rel=0.02)
    assert w[:100].sum() < 35


def test_by_hand_two_places_and_two_blocks_of_one_place() -> None:
    rho = np.exp(-3 * 100 / 500)
    np.testing.assert_allclose(weights(np.array([0.0, 100.0]), np.array([1, 9])), 1 / (1 + rho))
    shared = effective_weights(np.zeros(2), np.zeros(2), np.zeros(2, int), np.zeros(2, int), np.array([1, 3]), ROAD)
    np.testing.assert_allclose(shared, [0.25, 0.75])
    layers = effective_weights(np.zeros(2), np.zeros(2), np.array([0, 1]), np.array([0, 1]), np.array([1, 3]), ROAD)
    np.testing.assert_allclose(layers, 1.0)


def test_the_range_of_a_made_field_is_found_and_outliers_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 6000, (2, 900))
    d = np.hypot(x[:, None] - x, y[:, None] - y)
    field = np.linalg.cholesky(36 * np.exp(-3 * d / 800) + 9 * np.eye(900)) @ rng.normal(size=900)
    field[:9] += 60.0
    found = fit_correlation(x, y, field, np.zeros(900, int), SETTINGS)
    assert found.range_m == pytest.approx(800, rel=0.35)
    assert found.nugget_share == pytest.approx(0.2, abs=0.15)
    assert found.pairs > 10_000


def test_too_few_pairs_leave_the_start() -> None:
    found = fit_correlation(np.arange(4.0), np.zeros(4), np.ones(4), np.zeros(4, int), SETTINGS)
    assert (found.range_m, found.nugget_share, found.pairs) == (SETTINGS.range_m, SETTINGS.nugget_share, 0)
