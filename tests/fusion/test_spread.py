"""How far residuals spread over the land, not over the samples; what layers lend one another."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from geo.fusion import Variogram, fusion_settings, observations
from geo.fusion.censored import total_variance
from geo.fusion.observations import declustered
from geo.fusion.spread import Spread, common_spread, spread_seen, with_growth, with_spread
from geo.fusion.variogram import pooled_with

SETTINGS = fusion_settings()


def test_squares_count_alike_by_hand() -> None:
    # Three places in one square, one in another: 2/3 each, and 2.
    assert declustered(np.array([0.0, 10.0, 20.0, 500.0]), np.zeros(4), 100.0) == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0])
    assert declustered(np.array([-1.0, 1.0]), np.zeros(2), 100.0).tolist() == [1.0, 1.0]  # either side of 0
    assert declustered(np.zeros(0), np.zeros(0), 100.0).size == 0


def test_a_town_measured_a_thousand_times_is_one_town() -> None:
    rng = np.random.default_rng(1)
    x = np.append(rng.uniform(0, 900, 1000), rng.uniform(0, 100_000, 400))
    y = np.append(rng.uniform(0, 900, 1000), rng.uniform(0, 100_000, 400))
    z = np.append(rng.normal(0, 2, 1000), rng.normal(0, 10, 400))
    given = observations(x, y, z, 1.0)
    seen = spread_seen(given, SETTINGS, side_m=1000.0)
    assert seen.variance == pytest.approx(100.0 - 1.0, rel=0.15)
    assert seen.variance > 2.5 * (np.mean(z**2) - 1.0)
    assert 0.03 < seen.log_se < 0.3  # 400 squares: √(2 / 400) = 0.07


def test_no_service_counts_and_what_cannot_be_is_held_back() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 100_000, (2, 4000))
    z = rng.normal(0, 8, 4000)
    below = z < -6.0
    given = observations(x, y, np.where(below, -6.0, z), 0.0, censored=below)
    assert spread_seen(given, SETTINGS, side_m=1000.0).variance == pytest.approx(64.0, rel=0.1)
    gross = observations(x, y, np.where(np.arange(4000) < 40, 400.0, z), 0.0)
    assert spread_seen(gross, SETTINGS, side_m=1000.0).variance < 64.0 + 0.012 * (5.5 * 8.0) ** 2 * 1.3


def test_weights_of_the_tobit_are_repetitions() -> None:
    z, below = np.array([1.0, -2.0, 0.5, -1.0]), np.array([False, False, False, True])
    twice = np.array([0, 0, 1, 2, 3, 3, 3])
    assert total_variance(z, below, [2.0, 1.0, 1.0, 3.0]) == pytest.approx(total_variance(z[twice], below[twice]), rel=1e-4)


def test_too_few_levels_say_nothing_of_the_spread() -> None:
    few = observations(np.arange(10.0), np.zeros(10), np.ones(10), 0.0)
    seen = spread_seen(few, SETTINGS, side_m=100.0)
    assert math.isnan(seen.variance)
    assert common_spread(seen, Spread(2.0, 0.1), SETTINGS) == 2.0
    assert math.isnan(common_spread(seen, seen, SETTINGS))


def test_a_layer_leans_on_all_as_far_as_it_is_not_known() -> None:
    half = Spread(4.0, SETTINGS.layer_variance_spread)
    assert common_spread(half, Spread(1.0, 0.01), SETTINGS) == pytest.approx(2.0)  # the geometric mean
    assert common_spread(Spread(4.0, 0.0), Spread(1.0, 0.01), SETTINGS) == pytest.approx(4.0)
    assert common_spread(Spread(4.0, math.inf), Spread(1.0, 0.01), SETTINGS) == pytest.approx(1.0)
    assert common_spread(Spread(0.0, math.inf), Spread(1.0, 0.01), SETTINGS) == 1.0
    assert common_spread(Spread(4.0, 0.2), Spread(math.nan, math.nan), SETTINGS) == 4.0


def test_the_shape_of_all_layers_by_hand() -> None:
    pooled = Variogram("exponential", 0.8, 1000.0, 0.2, 0.1, 100.0, 0.05, level_m_per_db=50.0)
    # Its length is known as well as layers differ: half and half. Its total stays 2.
    own = Variogram("exponential", 2.0, 4000.0, 0.0, 0.1, 4000.0 * SETTINGS.layer_length_spread, 0.1, level_m_per_db=10.0)
    mixed = pooled_with(own, pooled, SETTINGS)
    assert mixed.length_m == pytest.approx(2000.0)
    assert mixed.level_m_per_db == pytest.approx(30.0)
    assert (mixed.sill_db2, mixed.nugget_db2) == pytest.approx((1.8, 0.2))
    for unknown in (replace(own, fitted=False), replace(own, model="matern_3_2"), replace(own, length_se=math.nan)):
        found = pooled_with(unknown, pooled, SETTINGS)
        assert found.model == "exponential"
        assert (found.length_m, found.level_m_per_db) == pytest.approx((1000.0, 50.0))
        assert (found.sill_db2, found.nugget_db2) == pytest.approx((1.6, 0.4))
    assert pooled_with(own, replace(pooled, fitted=False), SETTINGS) is own


def test_with_spread_keeps_the_shape() -> None:
    found = with_spread(Variogram("exponential", 3.0, 700.0, 1.0, 0.3, 50.0, 0.1), 8.0)
    assert (found.sill_db2, found.nugget_db2, found.length_m, found.sill_se) == pytest.approx((6.0, 2.0, 700.0, 0.6))
    same = Variogram("exponential", 3.0, 700.0, 1.0)
    assert with_spread(same, math.nan) is same


def test_what_errors_grow_by_joins_the_smooth_part() -> None:
    found = Variogram("exponential", 60.0, 1000.0, 20.0, 1.0, 100.0, 1.0, level_m_per_db=50.0)
    grown = with_growth(found, 1.25)
    assert (grown.sill_db2, grown.nugget_db2, grown.length_m) == (80.0, 20.0, 1000.0)  # 80 in all become 100, the nugget stays
    assert with_growth(found, 1.0) == found
