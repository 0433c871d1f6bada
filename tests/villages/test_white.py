"""P(white): bounds by hand, joint draws by hand, and that the ones hold the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.villages.places import PlaceLayers
from geo.villages.white import Draws, WhiteProbability, white_probability
from tests.villages.made_up import A2, A3, A4, B4, classed, covered, rules, villages

ROW, COLUMN = np.array([1, 0, -1]), np.array([1, 2, -1])


def white(probability: dict, draws: Draws | None = None, **changes: object) -> WhiteProbability:
    """Unserved layers with given probabilities, at the middle, a corner and outside the grid."""
    coverage = covered(dict.fromkeys(probability, 4))
    for layer, value in probability.items():
        coverage.probability[coverage.index(*layer)] = value
    coverage = replace(coverage, **changes)
    return white_probability(PlaceLayers.at(coverage, ROW, COLUMN), ROW, COLUMN, rules(), draws)


def test_bounds_by_hand() -> None:
    got = white({A3: 0.1, A4: 0.2, B4: 0.05, A2: 0.9})  # 2G does not count
    np.testing.assert_allclose(got.low, [0.65, 0.65, np.nan], atol=1e-6)
    np.testing.assert_allclose(got.high, [0.8, 0.8, np.nan], atol=1e-6)
    assert np.isnan(got.joint).all()
    assert white({A3: 0.6, A4: 0.7}).low[0] == 0


def test_a_layer_that_is_not_known_may_serve() -> None:
    got = white({A3: 0.1, A4: np.nan}, lambda layer, row, column: np.ones((len(row), 2)))
    assert got.low[0] == 0
    assert got.high[0] == pytest.approx(0.9)
    assert np.isnan(got.joint[0])
    assert white({A4: np.nan}).high[0] == 1


def test_voids_that_may_hide_a_server_lower_the_lower_bound_alone() -> None:
    level = covered(dict.fromkeys((A3, A4), 4)).level_dbm.copy()
    level[0] = np.nan
    got = white({A3: 0.01, A4: 0.02}, level_dbm=level)
    assert got.low[0] == pytest.approx(1 - 0.1 - 0.02)
    assert got.high[0] == pytest.approx(0.98)
    nothing_near = covered(dict.fromkeys((A3, A4), 4)).margin_sd.copy()
    nothing_near[0] = -np.inf
    assert white({A3: 0.0, A4: 0.02}, level_dbm=level, margin_sd=nothing_near).low[0] == pytest.approx(0.98)


def test_joint_draws_by_hand() -> None:
    """Behind one ridge both fail together; on two slopes one fails where the other holds."""
    together = white({A4: 0.5, B4: 0.5}, lambda layer, row, column: np.tile([1.0, 0.0], (len(row), 1)))
    assert together.joint[:2].tolist() == [0.5, 0.5]
    assert np.isnan(together.joint[2])
    apart = white({A4: 0.5, B4: 0.5}, lambda layer, row, column: np.tile([[1.0, 0.0], [0.0, 1.0]][layer], (len(row), 1)))
    assert apart.joint[0] == 0.0
    shares = white({A4: 0.4, B4: 0.5}, lambda layer, row, column: np.tile([[0.4, 0.8], [0.5, 0.5]][layer], (len(row), 1)))
    assert shares.joint[0] == pytest.approx((0.4 * 0.5 + 0.8 * 0.5) / 2)


def test_draws_are_asked_once_per_layer_for_each_cell_with_a_place_in_the_area() -> None:
    asked = []

    def draws(layer: int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        asked.append((layer, row.tolist(), column.tolist()))
        return np.where(row == 1, 0.5, 1.0)[:, None] * np.ones((1, 3))

    coverage = covered({A2: 4, A4: 3, B4: 3})
    row, column = np.array([1, 0, -1, 1]), np.array([1, 2, -1, 1])
    got = white_probability(PlaceLayers.at(coverage, row, column), row, column, rules(), draws)
    assert asked == [(1, [0, 1], [2, 1]), (2, [0, 1], [2, 1])]
    np.testing.assert_array_equal(got.joint, [0.25, 0.5, np.nan, 0.25])  # 1.0 of the draws is beyond the bound that needs none


def test_draws_of_different_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        white({A4: 0.5, B4: 0.5}, lambda layer, row, column: np.ones((len(row), 2 + layer)))
    with pytest.raises(ValueError, match="one shape"):
        white({A4: 0.5}, lambda layer, row, column: np.ones(len(row)))


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 3))
def test_the_joint_probability_lies_between_the_bounds(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    below = {layer: rng.choice([0.0, 1.0, rng.random()], size=40) for layer in (A3, A4, B4)[:count]}
    names = sorted(below)
    got = white(
        {layer: float(1 - share.mean()) for layer, share in below.items()},
        lambda layer, row, column: np.tile(below[names[layer]], (len(row), 1)),
    )
    assert got.low[0] - 1e-6 <= got.joint[0] <= got.high[0] + 1e-6


def test_the_table_has_them_at_its_end() -> None:
    got = classed(villages({}), covered({A4: 4, B4: 4}), draws=lambda layer, row, column: np.full((len(row), 2), 0.992))
    assert list(got.columns[-4:]) == ["white_probability", "white_probability_low", "white_probability_high", "weak_probability"]
    assert got.iloc[0, -4:-1].tolist() == pytest.approx([0.992**2, 0.98, 0.99])
    assert np.isnan(classed(villages({}), covered({A4: 4, B4: 4}))["white_probability"][0])
