"""Every combination of claim, measurement and model, by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from geo.coverage import State
from geo.disagreement import (
    CONTRADICTIONS,
    Claim,
    Disagreement,
    Measured,
    Modelled,
    classify,
    disagreement_settings,
    measured_verdict,
    modelled_verdict,
)

SETTINGS = disagreement_settings()


def one(claim: Claim, measured: Measured, modelled: Modelled) -> Disagreement:
    arrays = (np.full((1, 1), v, dtype=np.uint8) for v in (claim, measured, modelled))
    return Disagreement(int(classify(*arrays, np.ones((1, 1), dtype=bool))[0, 0]))


@pytest.mark.parametrize(
    ("claim", "measured", "modelled", "code"),
    [
        ("CLAIMED", "SERVED", "UNSERVED", "agree_served_measured"),
        ("CLAIMED", "UNSERVED", "SERVED", "claimed_measured_unserved"),
        ("CLAIMED", "UNSERVED", "UNKNOWN", "claimed_measured_unserved"),
        ("CLAIMED", "MIXED", "SERVED", "claimed_undecided"),
        ("CLAIMED", "NONE", "SERVED", "agree_served_predicted"),
        ("CLAIMED", "NONE", "UNSERVED", "claimed_predicted_unserved"),
        ("CLAIMED", "NONE", "UNCERTAIN", "claimed_undecided"),
        ("CLAIMED", "NONE", "UNKNOWN", "claimed_unknown"),
        ("NOT_CLAIMED", "SERVED", "UNKNOWN", "served_not_claimed_measured"),
        ("NOT_CLAIMED", "UNSERVED", "SERVED", "agree_unserved_measured"),
        ("NOT_CLAIMED", "MIXED", "UNSERVED", "not_claimed_undecided"),
        ("NOT_CLAIMED", "NONE", "SERVED", "served_not_claimed_predicted"),
        ("NOT_CLAIMED", "NONE", "UNSERVED", "agree_unserved_predicted"),
        ("NOT_CLAIMED", "NONE", "UNCERTAIN", "not_claimed_undecided"),
        ("NOT_CLAIMED", "NONE", "UNKNOWN", "not_claimed_unknown"),
        ("NOT_GIVEN", "UNSERVED", "UNSERVED", "not_given"),
    ],
)
def test_classes_by_hand(claim: str, measured: str, modelled: str, code: str) -> None:
    assert one(Claim[claim], Measured[measured], Modelled[modelled]).code == code


def test_every_combination_has_a_class_and_says_what_it_rests_on() -> None:
    seen = set()
    for claim, measured, modelled in itertools.product(Claim, Measured, Modelled):
        kind = one(claim, measured, modelled)
        seen.add(kind)
        assert kind is not Disagreement.OUTSIDE
        assert ("measured" in kind.code) == (claim is not Claim.NOT_GIVEN and measured in {Measured.SERVED, Measured.UNSERVED})
        assert (kind in CONTRADICTIONS) == (kind.code.startswith("served_not_claimed") or kind.code in {"claimed_measured_unserved", "claimed_predicted_unserved"})
        assert ("not_claimed" in kind.code or "agree_unserved" in kind.code) == (claim is Claim.NOT_CLAIMED)
    assert seen == set(Disagreement) - {Disagreement.OUTSIDE}


def test_outside_is_outside() -> None:
    ones = np.ones((2, 2), dtype=np.uint8)
    inside = np.array([[True, False], [False, True]])
    assert (classify(ones, ones, ones, inside) == 0).tolist() == [[False, True], [True, False]]


def test_silence_is_never_absence() -> None:
    """Nothing measured and nothing modelled is unknown, whatever is claimed; no claim is no denial."""
    for claim in (Claim.CLAIMED, Claim.NOT_CLAIMED):
        assert one(claim, Measured.NONE, Modelled.UNKNOWN).code.endswith("unknown")
    for measured, modelled in itertools.product(Measured, Modelled):
        assert one(Claim.NOT_GIVEN, measured, modelled) is Disagreement.NOT_GIVEN


@pytest.mark.parametrize(
    ("state", "share", "tests", "spots", "verdict"),
    [
        (State.UNKNOWN, np.nan, 0, 0, "NONE"),
        (State.PREDICTED_SERVED, 0.0, 4, 2, "NONE"),  # five samples are asked for
        (State.PREDICTED_SERVED, 0.0, 5, 1, "NONE"),  # at two places
        (State.PREDICTED_SERVED, 0.0, 5, 2, "UNSERVED"),
        (State.UNCERTAIN, 0.1, 5, 2, "UNSERVED"),
        (State.UNCERTAIN, 0.11, 5, 2, "MIXED"),
        (State.UNCERTAIN, 0.89, 5, 2, "MIXED"),
        (State.UNKNOWN, 0.9, 5, 2, "SERVED"),
        (State.UNKNOWN, np.nan, 50, 20, "NONE"),  # no planning level: no verdict
        (State.MEASURED_SERVED, np.nan, 0, 0, "SERVED"),
        (State.MEASURED_UNSERVED, 0.05, 9, 3, "UNSERVED"),
        (State.OUTSIDE, np.nan, 0, 0, "NONE"),
    ],
)
def test_what_was_measured(state: State, share: float, tests: float, spots: float, verdict: str) -> None:
    arrays = (np.full((1, 1), v, dtype=float) for v in (share, tests, spots))
    found = measured_verdict(np.full((1, 1), state, dtype=np.uint8), *arrays, SETTINGS)
    assert Measured(int(found[0, 0])).name == verdict


def test_what_is_modelled() -> None:
    states = np.array([list(State)], dtype=np.uint8)
    words = [Modelled(int(c)).name for c in modelled_verdict(states)[0]]
    assert words == ["UNKNOWN", "SERVED", "SERVED", "UNCERTAIN", "UNSERVED", "UNSERVED", "UNKNOWN"]
