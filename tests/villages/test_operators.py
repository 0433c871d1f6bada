"""Each operator's own view of a village: its layers, samples, sites and path, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.villages import OPERATOR_COLUMNS, operator_service
from geo.villages.obstructions import Obstruction
from tests.villages.made_up import (
    A2,
    A3,
    A4,
    B3,
    B4,
    classed,
    covered,
    facts,
    houses,
    place,
    rules,
    sites,
    villages,
)

ALL = {A3: 4, A4: 4, B3: 4, B4: 4}


def viewed(states: dict[Any, Any], table: pd.DataFrame | None = None, **options: Any) -> pd.DataFrame:
    table = villages({}) if table is None else table
    coverage = covered({**ALL, **states})
    got = classed(table, coverage, buildings=options.pop("buildings", None))
    return operator_service(got, coverage, options.pop("sites", sites()), settings=rules(), **options)


@pytest.mark.parametrize(
    ("states", "service", "why", "evidence"),
    [
        ({}, "unserved", "", "predicted"),
        ({A3: 5, A4: 5}, "unserved", "", "measured"),
        ({A3: 5, A4: 4}, "unserved", "", "both"),
        ({A4: 3}, "undecided", "uncertain", "predicted"),
        ({A4: 6}, "undecided", "terrain", "predicted"),
        ({A3: 6, A4: 6}, "undecided", "terrain", "none"),
        ({A3: 5, A4: 6}, "undecided", "terrain", "measured"),
        ({A4: 2}, "served", "", "predicted"),
        ({A4: 2, A3: 1}, "served", "", "measured"),
        ({A2: 2}, "unserved", "", "predicted"),  # 2G no longer counts
    ],
)
def test_service_of_one_operator_whatever_the_others_have(
    states: dict[Any, int], service: str, why: str, evidence: str
) -> None:
    for others in (2, 6, 5):
        got = viewed({**states, B3: others, B4: others})
        assert list(got.columns) == list(OPERATOR_COLUMNS)
        assert got["operator"].tolist() == ["A", "B"]
        assert got.iloc[0][["service", "why", "evidence"]].tolist() == [service, why, evidence]


def test_levels_technologies_and_margins() -> None:
    got = viewed({A3: 2, A4: 3, B4: 6}).set_index("operator")
    a, b = got.loc["A"], got.loc["B"]
    assert (a["technology"], a["level_dbm"], a["margin_db"]) == ("3G", -80, 20)
    assert (a["level_3g_dbm"], a["level_4g_dbm"]) == (-80, -110)
    assert np.isnan([a["level_2g_dbm"], a["level_5g_dbm"], b["level_4g_dbm"]]).all()
    assert (a["technologies_served"], a["technologies_unserved"], a["technologies_undecided"]) == ("3G", "", "4G")
    assert (b["technologies_served"], b["technologies_unserved"], b["technologies_undecided"]) == ("", "3G", "4G")


def test_samples_and_sites_are_the_operators_own() -> None:
    listed = sites({**place(1, 2), "operator": "B"}, {**place(0, 0), "operator": "A", "site_name": "Trạm A"})
    measured = facts((0, "A", "4G", 30, "2026-05-02"), (0, "B", "3G", 12, "2026-06-03"))
    got = viewed({}, sites=listed, measured=measured).set_index("operator")
    assert got["nearest_site_id"].to_dict() == {"A": "s1", "B": "s0"}
    assert got["nearest_site_name"].to_dict() == {"A": "Trạm A", "B": ""}
    assert got["nearest_site_km"].to_list() == pytest.approx([0.1 * np.sqrt(2), 0.1], abs=1e-6)
    assert got["samples"].to_dict() == {"A": 30, "B": 12}
    assert got["last_measured"].to_dict() == {"A": pd.Timestamp("2026-05-02"), "B": pd.Timestamp("2026-06-03")}
    assert viewed({}, sites=listed.iloc[:1]).iloc[0]["nearest_site_id"] == ""


def test_the_path_is_the_operators_own_and_asked_where_somebody_is_in_need() -> None:
    asked = []

    def obstructions(lon: float, lat: float) -> tuple[Obstruction, ...]:
        asked.append((round(lon, 5), round(lat, 5)))
        found = (("B", "s2", "clear"), ("A", "s1", "grazed"), ("B", "s9", "blocked_earth"))
        return tuple(Obstruction(o, "4G", s, 3.0, kind, 1.0, 5.0, 105.0, 22.0) for o, s, kind in found)

    table = villages({}, {"village_id": "far", "lon": np.nan, "lat": np.nan})
    got = viewed({}, table, obstructions=obstructions)
    assert got["village_id"].tolist() == ["v0", "v0", "far", "far"]
    assert got["obstruction"].tolist()[:2] == ["A 4G s1=grazed+1.0 km+5 m+105.00000 22.00000", "B 4G s2=clear+3.0 km"]
    served = viewed({A4: 2, B4: 2}, obstructions=obstructions)
    assert served["obstruction"].tolist() == ["", ""]
    a4 = np.full((3, 3), 2)
    a4[0, 0] = 4
    asked.clear()
    viewed({A4: a4}, buildings=houses((0, 0, 20)), obstructions=obstructions)
    assert asked == [(round(place(0, 0)["lon"], 5), round(place(0, 0)["lat"], 5))], "a weak village is asked for at its cluster"


def test_nobody_knows_no_operator() -> None:
    coverage = covered({A4: 4})
    nobody = type(coverage)(coverage.grid, (), *(a[:0] for a in (coverage.level_dbm, coverage.probability, coverage.margin_sd, coverage.state, coverage.reason)))
    got = operator_service(classed(villages({}), coverage), nobody, sites(), settings=rules())
    assert list(got.columns) == list(OPERATOR_COLUMNS)
    assert got.empty
