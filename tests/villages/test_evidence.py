"""What a class rests on: by hand for each class, and that the word keeps its promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.coverage import State
from geo.errors import AccountingError
from geo.villages.places import evidence_of
from tests.villages.made_up import (
    A2,
    A3,
    A4,
    B3,
    B4,
    EARLY,
    LATE,
    classed,
    covered,
    facts,
    houses,
    one,
    villages,
)

ALL = {A3: 4, A4: 4, B3: 4, B4: 4}
MEASURED = dict.fromkeys(ALL, 5)
UNKNOWN = dict.fromkeys(ALL, 6)


@pytest.mark.parametrize(
    ("states", "expected", "evidence"),
    [
        (ALL, "white", "predicted"),
        (MEASURED, "white", "measured"),
        ({**MEASURED, B4: 4}, "white", "both"),
        ({**ALL, B4: 5}, "white", "both"),
        (UNKNOWN, "undecided", "none"),
        ({**UNKNOWN, A4: 3}, "undecided", "predicted"),
        ({**UNKNOWN, A3: 5, A4: 5}, "undecided", "measured"),
        ({**UNKNOWN, A3: 5, A4: 5, B3: 3}, "undecided", "both"),
        ({**ALL, A4: 2}, "single_operator", "predicted"),
        ({**ALL, A4: 1}, "single_operator", "both"),  # that B does not serve is a prediction
        ({**ALL, A4: 1, B3: 5, B4: 5}, "single_operator", "measured"),
        ({**ALL, A4: 2, B3: 5, B4: 5}, "single_operator", "both"),
        ({**ALL, A4: 2, A3: 5}, "single_operator", "predicted"),  # A's 3G does not decide it
        ({**ALL, A4: 2, B4: 2}, "served", "predicted"),
        ({**ALL, A4: 1, B4: 2}, "served", "measured"),  # one measured server is enough
        ({**ALL, A4: 2, B4: 2, B3: 5}, "served", "predicted"),
        ({**ALL, A3: 1}, "no_4g", "both"),
        ({**ALL, A3: 1, A4: 5, B4: 5}, "no_4g", "measured"),
        ({**ALL, A3: 2, A4: 5, B4: 4}, "no_4g", "both"),
        ({**ALL, A3: 2}, "no_4g", "predicted"),
    ],
)
def test_evidence_by_hand(states: dict[Any, int], expected: str, evidence: str) -> None:
    got = one(states)
    assert (got["class"], got["evidence"]) == (expected, evidence)


@pytest.mark.parametrize(
    ("states", "evidence"),
    [({A2: 2}, "predicted"), ({A2: 1}, "both"), ({A2: 1, A3: 5, A4: 5, B3: 5, B4: 5}, "measured")],
)
def test_evidence_of_2g_alone(states: dict[Any, int], evidence: str) -> None:
    got = one({**ALL, **states}, on=EARLY)
    assert (got["class"], got["evidence"]) == ("voice_only", evidence)


def test_no_4g_rests_on_whoever_serves_2g_included() -> None:
    """3G is open, so the class is not voice_only; that somebody serves at all is A's 2G, predicted or measured."""
    got = one({**ALL, A2: 2, A3: 3, A4: 5, B3: 3, B4: 5}, on=EARLY)
    assert (got["class"], got["evidence"]) == ("no_4g", "both")
    got = one({**ALL, A2: 1, A3: 2, A4: 5, B3: 2, B4: 5}, on=EARLY)
    assert (got["class"], got["evidence"]) == ("no_4g", "measured")


def test_a_measured_layer_that_no_longer_counts_is_no_evidence() -> None:
    got = one({**ALL, A2: 1})
    assert (got["class"], got["evidence"], got["service_not_counting"]) == ("white", "predicted", "A 2G")


@pytest.mark.parametrize(
    ("centre", "north", "west", "evidence"),
    [(1, 5, 5, "measured"), (2, 5, 5, "both"), (1, 5, 4, "both"), (1, 4, 4, "both"), (2, 4, 5, "both"), (2, 4, 4, "predicted")],
)
def test_weak_rests_on_the_server_of_the_point_and_on_every_cell_of_the_cluster(
    centre: int, north: int, west: int, evidence: str
) -> None:
    """The cluster is the north-west corner and the cell south of it; all layers there have to be measured."""
    a4, others = np.full((3, 3), 2), np.full((3, 3), 4)
    a4[1, 1] = centre
    a4[0, 0], a4[1, 0] = north, west
    others[0, 0], others[1, 0] = north, west
    states = {A4: a4, A3: others, B3: others, B4: others}
    got = one(states, buildings=houses((0, 0, 6), (1, 0, 5)))
    assert (got["class"], got["evidence"]) == ("weak", evidence)


def test_cells_beside_the_cluster_are_no_evidence() -> None:
    a4 = np.full((3, 3), 2)
    a4[0, 0], a4[2, 2] = 4, 5  # the far corner is measured, but two houses make no cluster
    got = one({A4: a4}, buildings=houses((0, 0, 11), (2, 2, 2)))
    assert (got["class"], got["evidence"], got["weak_clusters"]) == ("weak", "predicted", 1)


CODES = st.sampled_from([1, 2, 3, 4, 5, 6])


@settings(deadline=None, max_examples=100)
@given(codes=st.lists(CODES, min_size=5, max_size=5), early=st.booleans())
def test_measured_classes_hold_without_any_prediction_and_predicted_ones_without_measurements(
    codes: list[int], early: bool
) -> None:
    states = dict(zip([A2, A3, A4, B3, B4], codes, strict=True))
    on = EARLY if early else LATE
    got = one(states, on=on)
    assume(got["class"] != "undecided")
    forgotten = {"measured": (2, 3, 4), "predicted": (1, 5), "both": ()}[got["evidence"]]
    kept = {layer: 6 if code in forgotten else code for layer, code in states.items()}
    assert one(kept, on=on)["class"] == got["class"]
    if got["evidence"] == "both":
        by_measurements_alone = {layer: 6 if code in (2, 3, 4) else code for layer, code in states.items()}
        assert one(by_measurements_alone, on=on)["class"] != got["class"]


def test_evidence_of_nothing_asked() -> None:
    assert evidence_of([], []) == "predicted"
    assert evidence_of([State.MEASURED_SERVED, State.PREDICTED_SERVED], []) == "measured"


# -- samples and dates -----------------------------------------------------------------------------


def test_samples_and_last_day_are_of_the_village_and_of_what_counts() -> None:
    table = villages({}, {}, {})
    measured = facts(
        (0, "A", "4G", 30, "2026-05-02 08:00"), (0, "B", "4G", 12, "2026-06-03 18:30"), (0, "A", "2G", 9, "2026-10-01"),
        (1, "A", "4G", 0, "2026-10-01"),
    )  # fmt: skip
    got = classed(table, covered(ALL), measured=measured)
    assert got["samples"].tolist() == [42, 0, 0]
    assert got["last_measured"][0] == pd.Timestamp("2026-06-03 18:30")
    assert got["last_measured"][1:].isna().all()
    unasked = classed(table, covered(ALL))
    assert unasked["samples"].isna().all(), "nobody looked is not nothing measured"
    assert unasked["last_measured"].isna().all()


def test_facts_of_no_village_are_a_defect() -> None:
    with pytest.raises(AccountingError, match="place"):
        classed(villages({}), covered(ALL), measured=facts((1, "A", "4G", 3, "2026-05-02")))
    with pytest.raises(AccountingError, match="samples"):
        classed(villages({}), covered(ALL), measured=facts((0, "A", "4G", 3, "2026-05-02")).drop(columns="samples"))


def test_deadlines_come_from_the_list_and_before_it_from_the_register() -> None:
    table = villages({}, {}, {}).assign(deadline=["2025-11-30", "", "2025-09-15"])
    register = pd.Series([pd.Timestamp("2026-12-31")], index=["v2"])
    got = classed(table, covered(ALL), deadlines=register)["deadline"]
    assert got.dt.strftime("%Y-%m-%d").fillna("").tolist() == ["2025-11-30", "", "2026-12-31"]
    assert classed(villages({}), covered(ALL))["deadline"].isna().all()
    assert "deadline" in table
    assert table["deadline"].tolist() == ["2025-11-30", "", "2025-09-15"]
