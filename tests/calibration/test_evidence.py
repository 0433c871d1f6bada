"""Which rows say what, row by row of the table; and which candidates may be left out."""

from __future__ import annotations

import numpy as np
import pytest

from geo.calibration.evidence import layer_evidence
from geo.calibration.likelihood import Kind
from geo.calibration.settings import calibration_settings
from geo.radio import LevelRange

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


@pytest.mark.parametrize(("technology", "limit"), [("2G", -110.0), ("3G", -115.0), ("4G", -125.0), ("5G", -125.0)])
def test_a_locked_phone_is_silent_where_it_may_not_stay(technology: str, limit: float) -> None:
    """Silence on 3G begins 10 dB above that on 4G: bounded by 4G's limit it would be taken for far deeper than it is."""
    kind, level = layer_evidence(
        [""], [technology], np.array([NAN]), np.array([True]), np.array([False]), layer_technology=technology,
        reported=LevelRange("RSCP", -140.0, -25.0), settings=SETTINGS,
    )  # fmt: skip
    assert (kind[0], level[0]) == (Kind.BELOW, limit)
