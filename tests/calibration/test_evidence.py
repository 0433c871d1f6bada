"""Which rows say what, row by row of the table; and which candidates may be left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.calibration.evidence import layer_evidence, limit_candidates
from geo.calibration.likelihood import Candidates, Kind, log_likelihood
from geo.calibration.settings import calibration_settings
from geo.calibration.student import log_cdf
from geo.radio import LevelRange
from tests.calibration.simulation import Truth, draw

SETTINGS = calibration_settings()
LTE = LevelRange("RSRP", -140.0, -44.0)
NAN = float("nan")

# technology, locked, level, no service, foreign -> of 4G: kind, level
CASES = [
    ("4G", "", -95.0, False, False, Kind.STRONGEST, -95.0),
    ("4G", "4G", -95.0, False, False, Kind.STRONGEST, -95.0),
    ("4G", "", -140.0, False, False, Kind.BELOW, -140.0),
    ("4G", "", -44.0, False, False, Kind.ABOVE, -44.0),
    ("4G", "", NAN, False, False, Kind.NONE, NAN),
    ("3G", "", -90.0, False, False, Kind.NONE, NAN),
    ("3G", "3G", -90.0, False, False, Kind.NONE, NAN),
    ("3G", "4G", -90.0, False, False, Kind.BELOW, -113.0),
    ("2G", "", NAN, False, False, Kind.NONE, NAN),
    ("", "", NAN, True, False, Kind.BELOW, -113.0),
    ("", "4G", NAN, True, False, Kind.BELOW, -125.0),
    ("4G", "4G", NAN, True, False, Kind.BELOW, -125.0),
    ("", "3G", NAN, True, False, Kind.NONE, NAN),
    ("4G", "", -90.0, False, True, Kind.BELOW, -113.0),
    ("3G", "", -90.0, False, True, Kind.BELOW, -113.0),
    ("4G", "4G", -90.0, False, True, Kind.BELOW, -125.0),
    ("4G", "3G", -90.0, False, True, Kind.NONE, NAN),
    ("", "", -90.0, False, False, Kind.NONE, NAN),
    ("", "4G", -90.0, False, False, Kind.NONE, NAN),
]


@pytest.mark.parametrize("case", CASES, ids=[str(c[:5]) for c in CASES])
def test_what_a_row_says_of_4g(case: tuple) -> None:
    technology, locked, level, silent, foreign, kind, value = case
    found, at = layer_evidence(
        [technology], [locked], np.array([level]), np.array([silent]), np.array([foreign]),
        layer_technology="4G", reported=LTE, settings=SETTINGS,
    )  # fmt: skip
    assert found[0] == kind
    np.testing.assert_equal(at[0], value)


def test_silence_without_a_lock_says_nothing_of_5g() -> None:
    rows = {"level_dbm": np.array([NAN, NAN]), "no_service": np.array([True, True]), "foreign": np.array([False, False])}
    found, _ = layer_evidence(
        ["", ""], ["", "5G"], **rows, layer_technology="5G", reported=LevelRange("SS-RSRP", -156.0, -31.0), settings=SETTINGS
    )
    assert found.tolist() == [Kind.NONE, Kind.BELOW]


@pytest.mark.parametrize(("degrees", "share"), [(5.0, 1.0), (30.0, 1.0), (float("inf"), 1.0), (float("inf"), 0.0), (60.0, 0.0)])
def test_candidates_that_are_left_out_change_nothing(degrees: float, share: float) -> None:
    drawn = draw(np.random.default_rng(1), Truth(side_km=60), (60,), identity_share=share)
    settings = replace(SETTINGS, degrees=degrees, max_shift_db=5.0, spread_db=3.0)
    c = drawn.candidates
    keep = limit_candidates(c, drawn.predicted_dbm, settings)
    if degrees > 30:
        assert keep.mean() < 0.9
    tail = -log_cdf((c.level_dbm[c.observation] - drawn.predicted_dbm - 5.0) / 3.0, degrees)
    assert np.bincount(c.observation, np.where(keep, 0.0, tail)).max() <= 5e-7 * (1 + 1e-6)
    number = np.cumsum(keep) - 1
    kept = np.bincount(c.observation, keep, minlength=len(c.level_dbm)).astype(int)
    small = Candidates(
        c.level_dbm, c.kind, np.where(c.serving >= 0, number[c.serving], -1), np.concatenate([[0], np.cumsum(kept)]), c.site[keep]
    )
    spread = np.full(len(keep), settings.spread_db)
    for shift in (-5.0, 0.0, 5.0):
        mean = drawn.predicted_dbm + shift
        full = log_likelihood(c, mean, spread, settings.law).value
        less = log_likelihood(small, mean[keep], spread[keep], settings.law).value
        np.testing.assert_allclose(less, full, atol=1e-6)
