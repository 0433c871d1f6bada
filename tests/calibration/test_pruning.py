"""Candidates that cannot matter go, those far off are counted by one: what that changes, against all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.calibration.calibration import calibrate
from geo.calibration.likelihood import Candidates, Kind, Likelihood, log_likelihood
from geo.calibration.pruning import limit_candidates, merge_far
from geo.calibration.settings import calibration_settings
from tests.calibration.simulation import Drawn, Truth, draw
from tests.calibration.test_recovery import SITES

SETTINGS = calibration_settings()
DEFAULT = replace(SETTINGS.law, place_correlation=0.45, nodes=41)


def everyone(c: Candidates) -> np.ndarray:
    return np.ones(len(c.kind), bool)


@pytest.mark.parametrize("place", [0.0, 0.4])
@pytest.mark.parametrize(("degrees", "share"), [(5.0, 1.0), (30.0, 1.0), (float("inf"), 1.0), (float("inf"), 0.0), (60.0, 0.0)])
def test_candidates_that_are_left_out_change_nothing(degrees: float, share: float, place: float) -> None:
    drawn = draw(np.random.default_rng(1), Truth(side_km=60), (60,), identity_share=share)
    settings = replace(SETTINGS, degrees=degrees, max_shift_db=5.0, spread_db=3.0, place_correlation=place, nodes=41, tolerance=1e-6)
    c = drawn.candidates
    keep = limit_candidates(c, drawn.predicted_dbm, settings)
    if degrees > 30:
        assert keep.mean() < 0.9
    small, link = c.take(everyone(c), keep)
    spread = np.full(len(keep), settings.spread_db)
    for shift in (-5.0, 0.0, 5.0):
        mean = drawn.predicted_dbm + shift
        full = log_likelihood(c, mean, spread, settings.law).value
        less = log_likelihood(small, mean[link], spread[link], settings.law).value
        np.testing.assert_allclose(less, full, atol=2e-6)


def test_a_dear_candidate_stays() -> None:
    """Two sites at the level: neither can go; a third 80 dB below can, at the tail's price."""
    c = Candidates(np.array([-90.0]), np.array([Kind.BELOW], np.int8), np.array([-1]), np.array([0, 3]), np.arange(3))
    settings = replace(SETTINGS, max_shift_db=0.0, tolerance=1e-3)
    assert limit_candidates(c, np.array([-90.0, -92.0, -170.0]), settings).tolist() == [True, True, False]


def merged(c: Candidates, mean: np.ndarray, spread: np.ndarray, tolerance: float) -> tuple[Candidates, np.ndarray, np.ndarray]:
    found = merge_far(c, mean, spread, DEFAULT, tolerance=tolerance)
    small, link = c.take(everyone(c), found.stays)
    return replace(small, count=found.count[link]), link, found.cost


def drawn_far(share: float) -> Drawn:
    return draw(np.random.default_rng(3), Truth(side_km=40, between=0.45, site_sd_db=0.0), (300,), identity_share=share)


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_far_candidates_counted_by_one_say_what_they_said(share: float) -> None:
    """Of all observations the value within its bound; the slopes by bias and scale within 1 % of what an observation tells."""
    drawn = drawn_far(share)
    c, spread = drawn.candidates, np.full(len(drawn.predicted_dbm), 7.0)
    mean = drawn.predicted_dbm - 8.0
    small, link, cost = merged(c, mean, spread, 0.05)
    assert len(small.site) < 0.5 * len(c.site)
    assert cost.max() <= 0.4
    n = len(c.kind)

    def slopes(found: Likelihood) -> np.ndarray:
        return np.array([found.slope_mean.sum(), found.slope_log_spread.sum()]) / n

    for shift, scale in ((0.0, 1.0), (-4.0, 1.0), (4.0, 1.0), (0.0, 0.8), (0.0, 1.25)):
        full = log_likelihood(c, mean + shift, scale * spread, DEFAULT)
        less = log_likelihood(small, mean[link] + shift, scale * spread[link], DEFAULT)
        if shift == 0.0 and scale == 1.0 and share == 1.0:  # strict where it is known who serves
            assert (np.abs(less.value - full.value) <= cost + 1e-6).all()
        # An observation tells about 1/60 per dB^2 of the bias and 1.5 of the logarithm of the scale.
        wrong = np.abs(slopes(less) - slopes(full))
        assert wrong[0] < 0.1 / 60
        assert wrong[1] < 0.02
    full = slopes(log_likelihood(c, mean, spread, DEFAULT))
    less, dropped = (slopes(log_likelihood(some, mean[link], spread[link], DEFAULT)) for some in (small, replace(small, count=None)))
    assert abs(dropped - full)[1] > 3 * abs(less - full)[1]  # letting them go says that the scale is larger


def test_a_fit_of_merged_candidates_is_that_of_all() -> None:
    drawn = drawn_far(0.7)
    settings = replace(SETTINGS, place_correlation_sd=0.0, site_correlation_sd=0.0, place_correlation=0.45)
    full = calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, drawn.weight, settings, choice=SITES)
    small, link, _ = merged(drawn.candidates, drawn.predicted_dbm - 8.0, np.full(len(drawn.predicted_dbm), 7.0), 0.05)
    less = calibrate(small, drawn.predicted_dbm[link], drawn.features.take(link), drawn.weight, settings, choice=SITES)
    assert less.term("bias")[0] == pytest.approx(full.term("bias")[0], abs=0.15)
    assert less.posterior.spread_db == pytest.approx(full.posterior.spread_db, rel=0.01)
    assert less.term("bias")[1] == pytest.approx(full.term("bias")[1], rel=0.05)


def test_a_count_is_so_many_candidates_alike() -> None:
    """Three sites of one mean, or one that counts for three."""
    law = replace(DEFAULT, place_correlation=0.3)
    for kind in (Kind.BELOW, Kind.STRONGEST, Kind.ABOVE):
        three = Candidates(np.array([-95.0]), np.array([kind], np.int8), np.array([-1]), np.array([0, 4]), np.arange(4))
        one = Candidates(
            np.array([-95.0]), np.array([kind], np.int8), np.array([-1]), np.array([0, 2]), np.arange(2), np.array([1.0, 3.0])
        )
        full = log_likelihood(three, np.array([-97.0, -100, -100, -100]), np.full(4, 7.0), law)
        less = log_likelihood(one, np.array([-97.0, -100]), np.full(2, 7.0), law)
        assert less.value[0] == pytest.approx(full.value[0], abs=1e-9)
        assert less.slope_mean[1] == pytest.approx(full.slope_mean[1:].sum(), abs=1e-9)
        assert less.slope_log_spread[1] == pytest.approx(full.slope_log_spread[1:].sum(), abs=1e-9)


def test_a_serving_cell_counts_for_itself() -> None:
    with pytest.raises(ValueError, match="stands for one"):
        Candidates(np.array([-95.0]), np.array([1], np.int8), np.array([0]), np.array([0, 2]), np.arange(2), np.array([2.0, 1.0]))
