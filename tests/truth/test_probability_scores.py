"""Scores of probabilities: by hand, by what a perfect or an empty forecast must get, and by laws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.truth.probability_scores import (
    bin_of,
    bin_sums,
    brier_parts,
    calibration_error,
    effective_number,
    noise_floor,
    signed_bias,
)

_F64 = npt.NDArray[np.float64]


def perfect(seed: int, n: int = 50_000) -> tuple[_F64, npt.NDArray[np.bool_]]:
    """Return probabilities and what came of them, drawn by themselves."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, n)
    return p, rng.random(n) < p


def test_bins_by_hand() -> None:
    assert bin_of(np.array([0.0, 0.0999, 0.1, 0.95, 1.0])).tolist() == [0, 0, 1, 9, 9]


def test_scores_by_hand() -> None:
    # Two in the bin of 0.2 (one seen), two in that of 0.8 (both seen).
    sums = bin_sums(np.array([0.2, 0.2, 0.8, 0.8]), np.array([True, False, True, True]))
    assert sums[:, 2].tolist() == pytest.approx([2, 0.4, 1, 0.68])
    assert sums[:, 8].tolist() == pytest.approx([2, 1.6, 2, 0.08])
    assert sums.sum(axis=1).tolist() == pytest.approx([4, 2.0, 3, 0.76])
    assert calibration_error(sums) == pytest.approx(0.5 * 0.3 + 0.5 * 0.2)
    assert signed_bias(sums) == pytest.approx(-0.25)
    parts = brier_parts(sums)
    assert parts.brier == pytest.approx(0.19)
    assert parts.reliability == pytest.approx(0.5 * 0.09 + 0.5 * 0.04)
    assert parts.resolution == pytest.approx(0.5 * 0.0625 + 0.5 * 0.0625)
    assert parts.uncertainty == pytest.approx(0.1875)
    assert parts.within == pytest.approx(0.0)


def test_a_perfect_forecast_errs_by_chance_alone() -> None:
    sums = np.stack([bin_sums(*perfect(seed)) for seed in range(20)])
    found = float(calibration_error(sums.sum(axis=0)))
    assert 0.3 * noise_floor(sums) < found < 3 * noise_floor(sums)
    assert found < 0.002


def test_a_forecast_that_is_too_hopeful_shows_by_how_much() -> None:
    p, seen = perfect(1)
    hopeful = np.minimum(p + 0.1, 1.0)
    moved = float(np.mean(hopeful - p))
    sums = bin_sums(hopeful, seen)
    assert signed_bias(sums) == pytest.approx(moved, abs=0.005)
    assert calibration_error(sums) == pytest.approx(moved, abs=0.005)
    doubtful = bin_sums(np.maximum(p - 0.1, 0.0), seen)
    assert signed_bias(doubtful) == pytest.approx(-moved, abs=0.01)
    # Too sure on both sides: no bias, and an error nevertheless.
    stated = np.clip(0.5 + 1.6 * (p - 0.5), 0, 1)
    sure = bin_sums(stated, seen)
    assert abs(float(signed_bias(sure))) < 0.01
    assert calibration_error(sure) == pytest.approx(float(np.mean(np.abs(stated - p))), abs=0.005)


def test_a_constant_forecast_has_no_resolution() -> None:
    _, seen = perfect(2)
    parts = brier_parts(bin_sums(np.full(len(seen), 0.7), seen))
    assert parts.resolution == pytest.approx(0.0, abs=1e-12)
    assert parts.reliability == pytest.approx((0.7 - seen.mean()) ** 2)
    assert parts.brier == pytest.approx(parts.reliability + parts.uncertainty)
    known = brier_parts(bin_sums(seen.astype(float), seen))
    assert known.brier == 0.0
    assert known.resolution == pytest.approx(known.uncertainty)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_parts_add_up_and_seeds_by_adding(rows: list[tuple[float, bool]]) -> None:
    p, seen = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    sums = bin_sums(p, seen)
    parts = brier_parts(sums)
    assert parts.brier == pytest.approx(float(np.mean((p - seen) ** 2)))
    assert parts.brier == pytest.approx(float(parts.reliability - parts.resolution + parts.uncertainty + parts.within))
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0
    half = len(p) // 2
    apart = bin_sums(p[:half], seen[:half]) + bin_sums(p[half:], seen[half:])
    np.testing.assert_allclose(apart, sums)
    assert abs(float(signed_bias(sums))) <= float(calibration_error(sums)) + 1e-12


def test_what_is_not_known_is_no_probability() -> None:
    with pytest.raises(ValueError, match="known"):
        bin_sums(np.array([0.5, np.nan]), np.array([True, False]))
    empty = bin_sums(np.zeros(0), np.zeros(0, dtype=bool))
    assert np.isnan([calibration_error(empty), signed_bias(empty), brier_parts(empty).brier, brier_parts(empty).resolution]).all()


def test_points_of_a_seed_that_err_together_are_worth_less() -> None:
    alone = np.stack([bin_sums(*perfect(seed, 400)) for seed in range(60)])
    assert 60 * 400 * 0.5 < effective_number(alone) <= 60 * 400
    # Each point ten times: a tenth of what there is.
    tenfold = np.stack([bin_sums(*(np.repeat(v, 10) for v in perfect(seed, 400))) for seed in range(60)])
    assert effective_number(tenfold) == pytest.approx(60 * 400, rel=0.6)
    assert effective_number(tenfold) < 60 * 4000 / 4
    assert noise_floor(tenfold) == pytest.approx(noise_floor(alone))
    assert np.isnan(effective_number(alone[:1]))
    assert np.isnan(noise_floor(alone[:1]))


def test_the_noise_floor_is_the_error_that_chance_shows() -> None:
    errors, floors = [], []
    for trial in range(30):
        sums = np.stack([bin_sums(*perfect(100 * trial + seed, 200)) for seed in range(10)])
        errors.append(float(calibration_error(sums.sum(axis=0))))
        floors.append(noise_floor(sums))
    assert np.mean(floors) == pytest.approx(np.mean(errors), rel=0.15)
