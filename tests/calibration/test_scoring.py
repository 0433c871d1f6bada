"""Folds that hold out what they should, and scores by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from geo.calibration.blocks import Correlation
from geo.calibration.calibration import calibrate
from geo.calibration.chain import _growth
from geo.calibration.likelihood import Candidates, Kind
from geo.calibration.scoring import (
    brier,
    leave_out,
    nearest_m,
    predicted_level,
    probability_of_level,
    score_table,
    spatial_folds,
)
from geo.calibration.settings import calibration_settings
from tests.calibration.simulation import Truth, draw
from tests.calibration.test_recovery import BIAS

SETTINGS = calibration_settings()
RANGE = Correlation(400.0, 0.1, 40.0, 1)


def test_blocks_keep_their_distance_and_every_row_is_tested_once() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 8000, (2, 400))
    folds = list(spatial_folds(x, y, RANGE, SETTINGS, folds=5))
    np.testing.assert_array_equal(sum(f.test.astype(int) for f in folds), 1)
    for fold in folds:
        assert not (fold.train & fold.test).any()
        d = np.hypot(x[fold.train][:, None] - x[fold.test], y[fold.train][:, None] - y[fold.test])
        assert d.min() > 400.0
        assert (~fold.train & ~fold.test).any()  # the buffer is not empty
        block = set(zip((x[fold.test] // 800).tolist(), (y[fold.test] // 800).tolist(), strict=True))
        other = set(zip((x[fold.train] // 800).tolist(), (y[fold.train] // 800).tolist(), strict=True))
        assert not block & other


def test_blocks_that_are_too_narrow_or_alone_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        list(spatial_folds(np.zeros(3), np.zeros(3), RANGE, replace(SETTINGS, block_ranges=1.0), folds=2))
    with pytest.raises(ValueError, match="held out"):
        list(spatial_folds(np.zeros(3), np.zeros(3), RANGE, SETTINGS, folds=2))


def test_whole_sites_are_left_out() -> None:
    folds = list(leave_out(np.array([2, 2, 5, -1, 5, 7]), least=2))
    assert [f.name for f in folds] == ["2", "5"]
    assert folds[0].test.tolist() == [True, True, False, False, False, False]
    assert folds[0].train.tolist() == [False, False, True, True, True, True]
    assert [f.name for f in leave_out(["a", "", "a"])] == ["a"]


def test_the_nearest_training_sample_by_hand() -> None:
    train = np.array([True, False, False])
    np.testing.assert_allclose(nearest_m(np.array([0.0, 3.0, 0.0]), np.array([0.0, 4.0, 2.0]), train), [0, 5, 2])
    assert np.isinf(nearest_m(np.zeros(1), np.zeros(1), np.array([False]))).all()


def test_the_median_of_the_best_by_hand() -> None:
    """One candidate: its mean. Two equal ones: where T(x)^2 = 1/2."""
    law = replace(SETTINGS, site_correlation=0.0, place_correlation=0.0)
    c = Candidates(np.zeros(3), np.zeros(3, np.int8), np.full(3, -1), np.array([0, 1, 3, 3]), np.array([0, 0, 1]))
    mean, spread = np.array([-100.0, -90.0, -90.0]), np.full(3, 8.0)
    found = predicted_level(c, mean, spread, law)
    np.testing.assert_allclose(found[:2], [-100, -90 + 8 * stats.t(5).ppf(np.sqrt(0.5))], atol=1e-6)
    assert found[2] == -np.inf
    p = probability_of_level(c, np.full(3, -95.0), mean, spread, law)
    cdf = stats.t(5).cdf
    np.testing.assert_allclose(p, [1 - cdf(5 / 8), 1 - cdf(-5 / 8) ** 2, 0.0], atol=1e-12)


def test_brier_by_hand_and_its_parts_add_up() -> None:
    p, came = np.array([0.05, 0.05, 0.85, 0.85]), np.array([False, False, True, False])
    found = brier(p, came)
    assert found.score == pytest.approx((2 * 0.0025 + 0.0225 + 0.7225) / 4)
    assert found.resolution == pytest.approx((0.25**2 + 0.25**2) / 2)
    assert found.score == pytest.approx(found.reliability - found.resolution + found.uncertainty)
    assert found.calibration_error == pytest.approx((0.05 + 0.35) / 2)
    assert brier(np.empty(0), np.empty(0, bool)).n == 0


def test_score_by_hand() -> None:
    table = score_table(
        np.array([-90.0, -100.0, np.nan]), np.array([-87.0, -104.0, -90.0]), {"terrain": ["clear", "obstructed", ""]},
        good_db=3.0, probability=np.array([0.9, 0.2, 0.4]), outcome=np.array([True, False, False]),
    )  # fmt: skip
    row = table.set_index(["division", "stratum"])
    assert row.loc[("all", "all"), "n"] == 2
    assert row.loc[("all", "all"), "bias_db"] == pytest.approx(-0.5)
    assert row.loc[("all", "all"), "rmse_db"] == pytest.approx(np.sqrt(12.5))
    assert row.loc[("all", "all"), "within_share"] == 0.5
    assert row.loc[("all", "all"), "n_outcomes"] == 3
    assert row.loc[("terrain", "clear"), "bias_db"] == 3.0


def test_held_out_probabilities_are_calibrated_on_made_up_data() -> None:
    """Half of the rows fitted, the other half scored: probabilities come true, levels are not biased."""
    drawn = draw(np.random.default_rng(11), Truth(site_sd_db=0.0, sites=4, side_km=25), (1600,))
    settings = calibration_settings(site_correlation=0.7)
    train = np.arange(1600) % 2 == 0
    found = calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, train.astype(float), settings, choice=BIAS)
    correction = found.correct(drawn.features)
    mean = drawn.predicted_dbm + correction.shift_db
    heard = drawn.candidates.kind != Kind.BELOW
    p = probability_of_level(drawn.candidates, np.full(1600, -105.0), mean, correction.spread_db, found.settings)
    level = np.where(heard, drawn.candidates.level_dbm, -113.0)
    parts = brier(p[~train], (level >= -105)[~train], bins=5)
    assert parts.calibration_error < 0.06
    assert parts.resolution > 0.01
    median = predicted_level(drawn.candidates, mean, correction.spread_db, found.settings)
    judged = ~train & (median > -113)  # below the limit nobody knows which side the level lies on
    below = (level < median)[judged]
    assert below.mean() == pytest.approx(0.5, abs=0.05)
    # the strongest mean alone is a biased prediction of what the phone shows
    strongest = np.maximum.reduceat(mean, drawn.candidates.first[:-1])
    assert (level < strongest)[judged].mean() < below.mean() - 0.1


def _held(**changed: object) -> pd.DataFrame:
    """Two rows: 12 and -4 dB off where held out, 6 and 4 where seen; said sd 4 and 8, and 3 and 4; half of all taught."""
    told = {"level_dbm": [-88.0, -104.0], "mean_dbm": [-100.0, -100.0], "sd_db": [4.0, 8.0], "known_mean_dbm": [-94.0, -100.0],
            "known_sd_db": [3.0, 4.0], "weight": [1.0, 3.0], "taught_share": [0.5, 0.5]}  # fmt: skip
    return pd.DataFrame({**told, **changed})


def test_growth_by_hand() -> None:
    # Held out: (1 x 9 + 3 x 0.25) / 4; seen: (1 x 4 + 3 x 1) / 4; the ratio is (1 + 2 e) / (1 - e).
    ratio = 9.75 / 7.0
    e = (ratio - 1.0) / (2.0 + ratio)
    assert (1 + 2 * e) / (1 - e) == pytest.approx(ratio)
    assert _growth(_held()) == pytest.approx((1 + e) / (1 - e))
    assert _growth(_held(taught_share=[0.25, 0.25])) < _growth(_held())  # the less a fold had learnt, the more of it is the fold's
    assert _growth(_held(weight=[1.0, 30.0])) == 1.0  # errors that were smaller held out: chance, never less than 1
    assert _growth(None) == 1.0
    assert _growth(_held(known_mean_dbm=[-88.0, -104.0])) == 1.0  # no error at all where seen: nothing to compare with


def test_growth_of_a_fit_by_least_squares_is_that_of_unseen_samples() -> None:
    """30 coefficients from 120 samples, folds of two thirds: over many draws the mean square elsewhere over that at the samples."""
    rng = np.random.default_rng(5)
    found, true = [], []
    for _ in range(300):
        a, b, more = rng.normal(size=(120, 30)), rng.normal(size=120), rng.normal(size=(400, 30))
        whole = np.linalg.lstsq(a, b)[0]
        parts = []
        for k in range(3):
            test = np.arange(120) % 3 == k
            fold = np.linalg.lstsq(a[~test], b[~test])[0]
            parts.append(pd.DataFrame({"level_dbm": b[test], "mean_dbm": a[test] @ fold, "known_mean_dbm": a[test] @ whole}))
        held = pd.concat(parts).assign(sd_db=1.0, known_sd_db=1.0, weight=1.0, taught_share=2 / 3)
        found.append(_growth(held))
        true.append(np.mean((rng.normal(size=400) - more @ whole) ** 2) / np.mean((b - a @ whole) ** 2))
    assert np.mean(found) == pytest.approx(np.mean(true), rel=0.1)
