"""Building entry loss by hand and as a distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.propagation.p2109 import MODEL, entry_loss_db, entry_loss_spread

KINDS = ("traditional", "thermally_efficient")


def test_model_is_named() -> None:
    assert MODEL == "ITU-R P.2109-2"


def test_median_by_hand() -> None:
    # 1 GHz, lf = 0, median, level: A = 12.64, B = 9.1, C = -3:
    # 10 log(10^1.264 + 10^0.91 + 10^-0.3) = 10 log(18.365383 + 8.128305 + 0.501187) = 10 log 26.994875 = 14.312813
    assert entry_loss_db(1.0) == pytest.approx(14.312813, abs=1e-5)
    # thermally efficient: A = 28.19, B = 27.8: 10 log(659.1739 + 602.5596 + 0.5012) = 31.011400
    assert entry_loss_db(1.0, building="thermally_efficient") == pytest.approx(31.0114, abs=1e-4)
    # 20 degrees: A = 12.64 + 4.24 = 16.88: 10 log(48.7528 + 8.1283 + 0.5012) = 17.587779
    assert entry_loss_db(1.0, 0.5, 20.0) == pytest.approx(17.5878, abs=1e-4)
    assert entry_loss_db(1.0, 0.5, -20.0) == entry_loss_db(1.0, 0.5, 20.0)


def test_ninetieth_percentile_by_hand() -> None:
    # z = 1.2815516: A = 1.2815516 * 9.6 + 12.64 = 24.942895, B = 1.2815516 * 4.5 + 9.1 = 14.866982
    # 10 log(312.0969 + 30.6689 + 0.5012) = 25.356319
    assert entry_loss_db(1.0, 0.9) == pytest.approx(25.3563, abs=2e-4)


def test_table_of_medians_and_ninetieth_percentiles() -> None:
    frequencies = [0.7, 0.9, 1.8, 2.1, 2.6, 3.5]
    table = {
        "traditional": (
            [14.10, 14.24, 14.84, 15.02, 15.29, 15.72],
            [24.60, 25.12, 26.82, 27.24, 27.85, 28.74],
        ),
        "thermally_efficient": (
            [31.58, 31.16, 30.55, 30.54, 30.61, 30.89],
            [46.67, 46.54, 47.15, 47.50, 48.12, 49.27],
        ),
    }
    for building, (medians, high) in table.items():
        np.testing.assert_allclose(entry_loss_db(frequencies, 0.5, 0.0, building), medians, atol=0.00501)
        np.testing.assert_allclose(entry_loss_db(frequencies, 0.9, 0.0, building), high, atol=0.00501)


def test_moments_are_those_of_the_distribution() -> None:
    """Against a fine sum over quantiles (midpoint rule on the probability)."""
    share = (np.arange(400_000) + 0.5) / 400_000
    for building in KINDS:
        for frequency in (0.08, 0.7, 1.8, 3.5, 100.0):
            drawn = entry_loss_db(frequency, share, 0.0, building)
            found = entry_loss_spread(frequency, 0.0, building)
            assert found.mean_db == pytest.approx(drawn.mean(), abs=2e-3)
            assert found.spread_db == pytest.approx(drawn.std(), abs=5e-3)
            assert found.median_db == entry_loss_db(frequency, 0.5, 0.0, building)


def test_moments_of_arrays() -> None:
    found = entry_loss_spread([[0.7], [1.8]], [0.0, 10.0, 20.0], "traditional")
    assert found.median_db.shape == found.mean_db.shape == found.spread_db.shape == (2, 3)
    for values in (found.median_db, found.mean_db):
        assert (np.diff(values, axis=1) > 0).all()
    assert found.mean_db[1, 2] == pytest.approx(float(entry_loss_spread(1.8, 20.0).mean_db))


@given(st.floats(0.08, 100), st.floats(0.001, 0.998), st.floats(-90, 90), st.sampled_from(KINDS))
@settings(deadline=None, max_examples=150)
def test_high_percentiles_grow_with_probability_and_elevation(
    f: float, p: float, e: float, kind: str
) -> None:
    loss = float(entry_loss_db(f, p, e, kind))
    assert np.isfinite(loss)
    assert entry_loss_db(f, p, abs(e) * 0.5, kind) <= loss + 1e-9
    if p >= 0.5:  # below the median B falls with P faster than A rises: not a law there
        assert entry_loss_db(f, p + 0.001, e, kind) >= loss - 1e-9


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: entry_loss_db(0.07), "0.08 to 100"),
        (lambda: entry_loss_db(np.nan), "0.08 to 100"),
        (lambda: entry_loss_db(1.0, 0.0), "below 1"),
        (lambda: entry_loss_db(1.0, 1.0), "below 1"),
        (lambda: entry_loss_db(1.0, 0.5, 91.0), "-90 to 90"),
        (lambda: entry_loss_db(1.0, building="tent"), "allowed are"),
        (lambda: entry_loss_spread(200.0), "0.08 to 100"),
    ],
)
def test_outside_the_ranges_is_refused(call, word: str) -> None:
    with pytest.raises(InputError, match=word):
        call()
