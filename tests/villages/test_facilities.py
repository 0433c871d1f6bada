"""Facilities by hand: classes as of villages, service indoors never better than outdoors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.coverage import Coverage
from geo.villages import FACILITY_COLUMNS, classify_facilities
from geo.villages.obstructions import Obstruction
from tests.villages.made_up import A3, A4, B3, B4, covered, facilities, facts, place, rules, sites

ALL = {A3: 4, A4: 4, B3: 4, B4: 4}


def classed(table: pd.DataFrame, coverage: Coverage, **options: Any) -> pd.DataFrame:
    return classify_facilities(table, coverage, options.pop("sites", sites()), settings=rules(), **options)


@pytest.mark.parametrize(
    ("states", "expected", "evidence"),
    [
        ({}, "white", "predicted"),
        (dict.fromkeys(ALL, 5), "white", "measured"),
        ({A4: 3}, "undecided", "predicted"),
        (dict.fromkeys(ALL, 6), "undecided", "none"),
        ({A4: 2}, "single_operator", "predicted"),
        ({A4: 1, B4: 6}, "served", "measured"),
        ({A3: 2, B3: 2}, "no_4g", "predicted"),
    ],
)
def test_classes_and_evidence(states: dict[Any, int], expected: str, evidence: str) -> None:
    got = classed(facilities({}), covered({**ALL, **states})).iloc[0]
    assert list(got.index) == list(FACILITY_COLUMNS)
    assert (got["class"], got["evidence"]) == (expected, evidence)


@pytest.mark.parametrize(
    ("outdoors", "indoors", "expected"),
    [
        (2, 2, "served"), (2, 4, "unserved"), (2, 3, "undecided"), (2, 6, "undecided"), (1, 2, "served"),
        (4, 4, "unserved"), (4, 6, "unserved"), (5, 2, "unserved"),  # measurements changed what is said outdoors
        (3, 4, "unserved"), (3, 2, "undecided"), (6, 2, "undecided"), (6, 6, "undecided"), (6, 4, "unserved"),
    ],
)  # fmt: skip
def test_indoors_is_never_better_than_outdoors(outdoors: int, indoors: int, expected: str) -> None:
    got = classed(facilities({}), covered({A4: outdoors}, by_use=[outdoors, outdoors, indoors]))
    assert got["indoor"].tolist() == [expected]


def test_without_states_of_uses_nothing_is_said_of_indoors() -> None:
    assert classed(facilities({}), covered({A4: 2}))["indoor"].tolist() == [""]


def test_facilities_outside_or_without_a_place_are_undecided() -> None:
    table = facilities({"lon": np.nan, "lat": np.nan}, place(40, 0))
    got = classed(table, covered(ALL, by_use=[4, 4, 4]), sites=sites(place(0, 0)))
    assert got["class"].tolist() == ["undecided", "undecided"]
    assert got["indoor"].tolist() == ["undecided", "undecided"]
    assert got["operators_undecided"].tolist() == ["A=outside; B=outside"] * 2
    assert got["nearest_site_id"].tolist() == ["", "s0"]


def test_a_facility_in_full() -> None:
    state = np.full((3, 3), 4)
    state[1, 1] = 2
    table = facilities({"kind": "clinic", "facility_name": "Trạm y tế"}, place(0, 0))
    listed = sites({**place(1, 2), "site_name": "Trạm 1", "operator": "B"}, {**place(1, 1), "status": "planned"})
    asked = []

    def obstructions(lon: float, lat: float) -> tuple[Obstruction, ...]:
        asked.append((lon, lat))
        return (Obstruction("A", "4G", "s1", 2.0, "clear", 1.0, -20.0, 105.0, 22.0),)

    got = classed(
        table, covered({**ALL, A4: state}), sites=listed, obstructions=obstructions,
        measured=facts((0, "A", "4G", 7, "2026-04-01")),
    )  # fmt: skip
    first = got.iloc[0]
    assert (first["facility_kind"], first["class"], first["operators_serving"], first["best_technology"]) == (
        "clinic", "single_operator", "A", "4G",
    )  # fmt: skip
    assert (first["nearest_site_id"], first["nearest_site_name"], first["nearest_operator"]) == ("s0", "Trạm 1", "B")
    assert first["nearest_site_km"] == pytest.approx(0.1, abs=1e-6)
    assert (first["samples"], first["last_measured"]) == (7, pd.Timestamp("2026-04-01"))
    assert got["obstruction"].tolist() == ["", "A 4G s1=clear+2.0 km"]
    assert len(asked) == 1
    assert "class" not in table
