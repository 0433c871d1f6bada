"""Clutter loss at a terminal, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.propagation.p2108 import MODEL, height_gain_loss_db, statistical_terrestrial_loss_db


def test_model_is_named() -> None:
    assert MODEL == "ITU-R P.2108-1"


def test_height_gain_over_open_ground_by_hand() -> None:
    # 1.5 GHz, h = 2, R = 10: K_h2 = 21.8 + 6.2 log 1.5 = 21.8 + 6.2 * 0.176091 = 22.891766
    # A_h = -22.891766 log(2/10) = 22.891766 * 0.698970 = 16.000658
    for kind in ("open", "water"):
        loss = height_gain_loss_db(1.5, 2.0, 10.0, clutter_type=kind)
        assert loss == pytest.approx(16.000658, abs=1e-5)


def test_height_gain_among_buildings_by_hand() -> None:
    # 0.9 GHz, h = 1.5, R = 15, street 27 m: h_dif = 13.5, theta = arctan(13.5/27) = 26.565051 deg
    # nu = 0.342 sqrt(0.9) sqrt(13.5 * 26.565051) = 0.342 * 0.948683 * 18.937397 = 6.144198
    # J = 6.9 + 20 log(sqrt(6.044198^2 + 1) + 6.044198) = 6.9 + 20 log(6.126362 + 6.044198) = 6.9 + 21.706211
    # A_h = 28.606211 - 6.03 = 22.576211
    for kind in ("suburban", "urban", "forest", "dense_urban"):
        loss = height_gain_loss_db(0.9, 1.5, 15.0, clutter_type=kind)
        assert loss == pytest.approx(22.5762, abs=1e-3)
    wider = height_gain_loss_db(0.9, 1.5, 15.0, clutter_type="urban", street_width_m=54.0)
    assert wider < loss


def test_height_gain_at_and_above_the_clutter() -> None:
    for kind in ("open", "urban"):
        np.testing.assert_array_equal(height_gain_loss_db(0.7, [10.0, 11.0], 10.0, clutter_type=kind), 0)
    # just below the top J(0) - 6.03 = 0.0029 dB
    assert height_gain_loss_db(0.7, 9.9999999, 10.0, clutter_type="urban") == pytest.approx(0.00285, abs=1e-4)


def test_statistical_loss_by_hand() -> None:
    # 0.7 GHz, 1 km, 50 %: log f = -0.154902
    # L_l: 10^(0.774510 - 12.5) = 10^-11.725490 = 1.881525e-12; + 10^-16.5 = 3.162e-17 -> 1.881556e-12
    #      -2 log(1.881556e-12) = 23.450966
    # L_s = 32.98 + 0 - 0.464706 = 32.515294
    # A = 10^-4.690193 = 2.0408e-5; B = 10^-6.503059 = 3.1401e-7; -5 log(2.072231e-5) = 23.417809
    assert statistical_terrestrial_loss_db(0.7, 1.0) == pytest.approx(23.417809, abs=1e-5)
    # 95 % at 0.25 km: L_s = 32.515294 + 23.9 log 0.25 = 18.126060, B = 2.370216e-4, A + B = 2.574299e-4
    #       sigma^2 = (16 * 2.0408300e-5 + 36 * 2.370216e-4)/2.574299e-4 = 34.414458, sigma = 5.866384
    #       Q^-1(0.95) = -1.644854: 17.946705 + 5.866384 * 1.644854 = 27.596050
    assert statistical_terrestrial_loss_db(0.7, 0.25, 95.0) == pytest.approx(27.596050, abs=1e-5)
    # 95 % at 1 km: 23.417809 + 4.037705 * 1.644854 = 30.059245, but at 2 km the spread is narrower:
    #       L_s = 39.709911, B = 1.142925e-8: 23.449750 + 4.001399 * 1.644854 = 30.031467, the smaller one
    assert statistical_terrestrial_loss_db(0.7, 1.0, 95.0) == pytest.approx(30.031467, abs=1e-5)


def test_statistical_medians() -> None:
    """Medians at 0.25, 1 and 2 km, two decimals."""
    table = {
        0.7: (17.95, 23.42, 23.45),
        0.9: (18.33, 24.50, 24.54),
        1.8: (19.31, 27.43, 27.55),
        2.6: (19.81, 28.94, 29.13),
        3.5: (20.20, 30.11, 30.38),
    }
    for frequency, row in table.items():
        np.testing.assert_allclose(
            statistical_terrestrial_loss_db(frequency, [0.25, 1, 2]), row, atol=0.00501
        )


def test_statistical_loss_is_never_above_that_at_two_kilometres() -> None:
    at_two = statistical_terrestrial_loss_db(1.8, 2.0, [5.0, 50.0, 95.0])
    np.testing.assert_array_equal(statistical_terrestrial_loss_db(1.8, 30.0, [5.0, 50.0]), at_two[:2])
    near = statistical_terrestrial_loss_db(1.8, [[0.3], [1.0], [1.99], [100.0]], [5.0, 50.0, 95.0])
    assert (near <= at_two).all()


@given(st.floats(0.5, 67), st.floats(0.25, 50), st.floats(0.1, 99.8))
@settings(deadline=None, max_examples=100)
def test_more_places_more_loss(f: float, d: float, p: float) -> None:
    low, high = statistical_terrestrial_loss_db(f, d, [p, p + 0.1])
    assert np.isfinite(low)
    assert low < high


@given(st.floats(0.03, 3), st.floats(0.1, 30), st.floats(1, 30), st.sampled_from(["open", "forest"]))
@settings(deadline=None, max_examples=100)
def test_a_higher_antenna_never_loses_more(f: float, h: float, r: float, kind: str) -> None:
    low, high = height_gain_loss_db(f, [h, h + 0.5], r, clutter_type=kind)
    assert high <= low + 0.003
    assert low >= 0


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: height_gain_loss_db(3.5, 2, 10, clutter_type="open"), "0.03 to 3"),
        (lambda: height_gain_loss_db(1.0, 0, 10, clutter_type="open"), "above 0"),
        (lambda: height_gain_loss_db(1.0, -1, 10, clutter_type="urban"), "above 0"),
        (lambda: height_gain_loss_db(1.0, 2, 0, clutter_type="urban"), "positive"),
        (lambda: height_gain_loss_db(1.0, 2, 10, clutter_type="rocky"), "must be one of"),
        (lambda: height_gain_loss_db(np.nan, 2, 10, clutter_type="urban"), "0.03 to 3"),
        (lambda: statistical_terrestrial_loss_db(0.4, 1), "0.5 to 67"),
        (lambda: statistical_terrestrial_loss_db(1, 0.2), "0.25"),
        (lambda: statistical_terrestrial_loss_db(1, 1, 100), "below 100"),
    ],
)
def test_outside_the_ranges_is_refused(call, word: str) -> None:
    with pytest.raises(InputError, match=word):
        call()
