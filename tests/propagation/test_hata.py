"""The Hata family by hand, at its seams and outside its ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.propagation.hata import (
    cost231_hata,
    ehata_median,
    ehata_spread_db,
    extended_hata,
    extended_hata_spread_db,
    okumura_hata,
)

ENVIRONMENTS = ("urban", "suburban", "open")
ALL = (okumura_hata, cost231_hata, extended_hata, ehata_median)


def test_every_model_says_that_it_is_a_baseline() -> None:
    names = {function(900, 5, 50, 1.5).model for function in ALL}
    assert len(names) == 4
    assert all(name.endswith("baseline") for name in names)


def test_okumura_hata_by_hand() -> None:
    # 900 MHz, 5 km, 100 m, 1.5 m: log f = 2.954243, log h_b = 2, log d = 0.698970
    # a = (3.249667 - 0.7) 1.5 - (4.608618 - 0.8) = 3.824500 - 3.808618 = 0.015882
    # L = 69.55 + 77.282985 - 27.64 - 0.015882 + (44.9 - 13.1) 0.698970 = 119.177103 + 22.227246 = 141.404349
    found = okumura_hata(900, 5, 100, 1.5)
    assert found.loss_db == pytest.approx(141.404349, abs=1e-5)
    assert found.valid
    # suburban: 2 [log(900/28)]^2 + 5.4 = 2 * 1.507085^2 + 5.4 = 9.942607
    assert okumura_hata(900, 5, 100, 1.5, environment="suburban").loss_db == pytest.approx(
        131.461742, abs=1e-4
    )
    # open: 4.78 * 8.727550 - 18.33 * 2.954243 + 40.94 = 41.717690 - 54.151268 + 40.94 = 28.506422
    assert okumura_hata(900, 5, 100, 1.5, environment="open").loss_db == pytest.approx(112.897927, abs=1e-4)


def test_large_city_by_hand() -> None:
    # h_m = 1.5: 400 MHz and up: 3.2 (log 17.625)^2 - 4.97 = 3.2 * 1.246129^2 - 4.97 = -0.000919
    #            up to 200 MHz: 8.29 (log 2.31)^2 - 1.1 = 8.29 * 0.363612^2 - 1.1 = -0.003950
    for frequency, correction in ((900.0, -0.000919), (160.0, -0.003950)):
        lf = np.log10(frequency)
        medium = (1.1 * lf - 0.7) * 1.5 - (1.56 * lf - 0.8)
        large = okumura_hata(frequency, 5, 100, 1.5, large_city=True).loss_db
        assert large == pytest.approx(
            okumura_hata(frequency, 5, 100, 1.5).loss_db + medium - correction, abs=1e-5
        )
    assert okumura_hata([200, 250, 350, 400], 5, 100, 1.5, large_city=True).valid.tolist() == [
        True,
        False,
        False,
        True,
    ]


def test_cost231_by_hand() -> None:
    # 1800 MHz, 5 km, 100 m, 1.5 m: log f = 3.255273
    # a = (3.580800 - 0.7) 1.5 - (5.078225 - 0.8) = 4.321200 - 4.278225 = 0.042975
    # L = 46.3 + 110.353738 - 27.64 - 0.042975 + 22.227246 = 151.198009
    assert cost231_hata(1800, 5, 100, 1.5).loss_db == pytest.approx(151.198009, abs=1e-4)
    assert cost231_hata(1800, 5, 100, 1.5, metropolitan=True).loss_db == pytest.approx(154.198009, abs=1e-4)


def test_extended_hata_agrees_with_hata_where_both_stand() -> None:
    """Up to 20 km SM.2028 has Hata's formula with rounder constants: 69.6 and 26.2 for 69.55 and 26.16."""
    d = np.array([1.0, 5, 20])
    for environment in ENVIRONMENTS:
        ours = extended_hata(900, d, 50, 1.5, environment=environment).loss_db
        hata = okumura_hata(900, d, 50, 1.5, environment=environment).loss_db
        np.testing.assert_allclose(ours - hata, 0.05 + 0.04 * np.log10(900), atol=1e-9)
    np.testing.assert_allclose(
        extended_hata(1800, d, 50, 1.5).loss_db, cost231_hata(1800, d, 50, 1.5).loss_db, atol=1e-9
    )


def test_extended_hata_far_away_by_hand() -> None:
    # 900 MHz, 100 km, H_b = 30: alpha = 1 + (0.14 + 0.1683 + 0.0321) (log 5)^0.8 = 1 + 0.3404 * 0.750915 = 1.255611
    # (log 100)^alpha = 2^1.255611 = 2.387682 instead of 2; slope = 44.9 - 6.55 * 1.477121 = 35.224856
    far = extended_hata(900, 100, 30, 1.5).loss_db
    plain = 69.6 + 26.2 * np.log10(900) + 35.224856 * 2.387682 - 13.82 * 1.477121 - 0.015882
    assert far == pytest.approx(plain, abs=2e-3)


def test_extended_hata_close_in_by_hand() -> None:
    # 20 m away, 30 m against 10 m: d^2 + (20/1000)^2 = 8e-4 -> L = 32.4 + 20 log 900 + 10 log 8e-4
    close = extended_hata(900, 0.02, 30, 10).loss_db
    assert close == pytest.approx(32.4 + 20 * np.log10(900) + 10 * np.log10(8e-4), abs=1e-9)
    assert extended_hata(900, 0.02, 10, 30).loss_db == close  # the higher one is the base
    # between 0.04 and 0.1 linear in log d
    ends = extended_hata(900, [0.04, 0.1], 30, 1.5).loss_db
    middle = extended_hata(900, np.sqrt(0.04 * 0.1), 30, 1.5).loss_db
    assert middle == pytest.approx(ends.mean(), abs=1e-6)
    early = extended_hata(900, 0.04 * 2.5**0.1, 30, 1.5).loss_db  # a tenth of the way
    assert early == pytest.approx(ends @ [0.9, 0.1], abs=1e-6)


def test_extended_hata_over_open_ground_starts_from_free_space() -> None:
    """At 3 GHz and 0.1 km the formula lies below free space, which then is the end of the straight line."""
    height = (30 - 1.5) ** 2 / 1e6
    ends = 32.4 + 20 * np.log10(3000) + 10 * np.log10(np.array([0.04, 0.1]) ** 2 + height)
    found = extended_hata(3000, [0.04, np.sqrt(0.04 * 0.1), 0.1], 30, 1.5, environment="open").loss_db
    middle = 32.4 + 20 * np.log10(3000) + 10 * np.log10(0.04 * 0.1 + height)
    np.testing.assert_allclose(found, [ends[0], max(ends.mean(), middle), ends[1]], atol=1e-9)


def test_extended_hata_low_base_and_high_mobile() -> None:
    # b(H_b) = 20 log(15/30) below 30 m raises the loss by 6.0206 dB; slope and 13.82 stay at 30 m
    lower = extended_hata(900, 5, 15, 1.5).loss_db - extended_hata(900, 5, 30, 1.5).loss_db
    assert lower == pytest.approx(20 * np.log10(2), abs=1e-9)
    # a mobile above 10 m: min(10, H_m) holds and 20 log(20/10) is gained
    higher = extended_hata(900, 5, 50, 10).loss_db - extended_hata(900, 5, 50, 20).loss_db
    assert higher == pytest.approx(20 * np.log10(2), abs=1e-9)


def test_extended_hata_has_no_steps_in_distance_or_frequency_where_the_report_has_none() -> None:
    for seam in (0.1, 20.0):
        a, b = extended_hata(900, [seam * (1 - 1e-9), seam * (1 + 1e-9)], 50, 1.5).loss_db
        assert a == pytest.approx(b, abs=1e-3)
    for seam in (150.0, 2000.0):
        a, b = extended_hata([seam * (1 - 1e-9), seam * (1 + 1e-9)], 5, 50, 1.5).loss_db
        assert a == pytest.approx(b, abs=1e-6)


def test_extended_hata_spread() -> None:
    np.testing.assert_allclose(
        extended_hata_spread_db([0.01, 0.04, 0.07, 0.1, 0.15, 0.2, 0.4, 0.6, 50]),
        [3.5, 3.5, 10.25, 17, 17, 17, 13, 9, 9],
    )


def test_ehata_by_hand_before_the_break() -> None:
    # 2000 MHz, 5 km, 50 m, 1.5 m: log f = 3.301030: A_1 = 97.622805 + 10.514319 + 48.487020 = 156.624144
    # M = 3.2 * 1.246129^2 - 4.97 = -0.000919; H = 44.9 - 6.55 * 1.698970 = 33.771747
    # L = 156.624144 - 23.479765 + 0.000919 + 33.771747 * 0.698970 = 133.145298 + 23.605438 = 156.750736
    assert ehata_median(2000, 5, 50, 1.5).loss_db == pytest.approx(156.7507, abs=1e-3)
    # suburban: 54.191089 - 33.304938 * 3.301030 + 6.254085 * 10.896799 = 12.40000 less
    lf = np.log10(2000)
    less = 54.191089 - 33.304938 * lf + 6.254085 * lf**2
    suburban = ehata_median(2000, 5, 50, 1.5, environment="suburban").loss_db
    assert suburban == pytest.approx(156.7507 - less, abs=1e-3)
    assert ehata_spread_db(2000) == pytest.approx(4.0976291 - 1.2255656 * lf + 0.68350345 * lf**2)
    assert ehata_spread_db(2000, environment="open") - ehata_spread_db(2000) == pytest.approx(2)


def test_ehata_by_hand_beyond_the_break() -> None:
    # 2000 MHz, 100 km, 50 m, 1.5 m: a_100 = 120.78129 - 174.013563 + 118.982268 = 65.749997
    # 20 log(2 k r): k = 2e6 pi 2000/2.997956e8 = 41.916461, r = 100000.011761 m: 138.468293
    # at 100 km -20 n_h + 10 n_h log d = 0: L = 65.749997 + 31.800235 - 23.479765 + 2.689844 + 0.000919 + 138.468293
    assert ehata_median(2000, 100, 50, 1.5).loss_db == pytest.approx(215.229522, abs=1e-5)


def test_ehata_branches_meet_within_two_tenths_of_a_decibel() -> None:
    """The two branches come from different constants: that they meet checks all of them.

    They miss each other by 20 log sqrt(1 + 0.197^2) = 0.165 dB at most: the break is laid off with the
    slant distance of a 200 m mast at 1 km.
    """
    d = np.geomspace(1, 100, 4001)
    for base in (30, 50, 100, 200):
        step = np.diff(ehata_median(1800, d, base, 1.5).loss_db)
        at = int(np.argmin(step))
        assert -0.165 < step[at] < -0.1
        slopes = np.delete(step, at) / np.diff(np.log10(d))[0]
        assert slopes[0] == pytest.approx(44.9 - 6.55 * np.log10(base))
        assert 30 < slopes[-1] < 70


def test_valid_says_where_the_range_ends() -> None:
    assert okumura_hata([149, 150, 1500, 1501], 5, 50, 1.5).valid.tolist() == [False, True, True, False]
    assert okumura_hata(900, [0.99, 1, 20, 20.1], 50, 1.5).valid.tolist() == [False, True, True, False]
    assert okumura_hata(900, 5, [29, 30, 200, 201], 1.5).valid.tolist() == [False, True, True, False]
    assert okumura_hata(900, 5, 50, [0.9, 1, 10, 10.1]).valid.tolist() == [False, True, True, False]
    assert cost231_hata([1499, 1500, 2000, 2001], 5, 50, 1.5).valid.tolist() == [False, True, True, False]
    assert extended_hata([29, 30, 3000, 3001], 5, 50, 1.5).valid.tolist() == [False, True, True, False]
    assert extended_hata(900, [0.01, 100, 101], 50, 1.5).valid.tolist() == [True, True, False]
    assert ehata_median([1499, 1500, 3000, 3001], 5, 50, 1.5).valid.tolist() == [False, True, True, False]
    assert ehata_median(1800, 5, [29, 30], 1.5).valid.tolist() == [False, True]
    for function in ALL:
        outside = function(900, 150, 500, 20)
        assert not outside.valid
        assert np.isfinite(outside.loss_db)


@given(
    st.floats(30, 3000),
    st.floats(0.011, 99),
    st.floats(30, 200),
    st.floats(1, 10),
    st.sampled_from(ENVIRONMENTS),
)
@settings(deadline=None, max_examples=200)
def test_extended_hata_never_beats_free_space_and_is_reciprocal(
    f: float, d: float, hb: float, hm: float, env: str
) -> None:
    loss = float(extended_hata(f, d, hb, hm, environment=env).loss_db)
    free = 32.4 + 20 * np.log10(f) + 10 * np.log10(d**2 + (hb - hm) ** 2 / 1e6)
    assert loss >= free - 1e-9
    assert loss == float(extended_hata(f, d, hm, hb, environment=env).loss_db)


@given(st.floats(1500, 3000), st.floats(1, 90), st.floats(30, 200), st.floats(1, 10))
@settings(deadline=None, max_examples=100)
def test_loss_grows_with_distance(f: float, d: float, hb: float, hm: float) -> None:
    for function in ALL:
        near, far = function(f, [d, d * 1.1], hb, hm).loss_db
        assert near < far, function.__name__


def test_wrong_input_is_refused() -> None:
    for function in ALL:
        for wrong in ((0, 5, 50, 1.5), (900, -1, 50, 1.5), (900, 5, np.nan, 1.5), (900, 5, 50, 0)):
            with pytest.raises(InputError, match="positive"):
                function(*wrong)
    for function in (okumura_hata, extended_hata, ehata_median):
        with pytest.raises(InputError, match="allowed are"):
            function(900, 5, 50, 1.5, environment="rural")
    with pytest.raises(InputError, match="allowed are"):
        ehata_spread_db(1800, environment="rural")
