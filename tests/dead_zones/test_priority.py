"""Priority by hand: every term at its half, what is unknown not counted, costs put in later."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.dead_zones import priority_settings, with_priority
from geo.errors import InputError

ON = date(2026, 11, 1)
SETTINGS = priority_settings()


def zones(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    base = {
        "population": np.nan, "villages": pd.NA, "villages_weak": pd.NA, "villages_difficult": pd.NA, "facilities_counted": pd.NA, "deadline": pd.NaT,
    }  # fmt: skip
    table = pd.DataFrame([{**base, "dead_zone_id": f"z{i}", **row} for i, row in enumerate(rows)])
    counts = ["villages", "villages_weak", "villages_difficult", "facilities_counted"]
    table = table.astype({**dict.fromkeys(counts, "Int64"), "population": float, "deadline": "datetime64[ns]"})
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(0, 0)] * len(table), crs=4326)


def terms(row: dict[str, Any], **options: Any) -> pd.Series:
    return with_priority(zones(row), SETTINGS, on=ON, **options).iloc[0]


def test_each_term_is_a_half_at_the_amount_called_so() -> None:
    halfway = {
        "population": SETTINGS.people_half, "villages": 1, "villages_weak": 0, "villages_difficult": int(SETTINGS.villages_half),
        "facilities_counted": int(SETTINGS.facilities_half), "deadline": pd.Timestamp(ON) + pd.Timedelta(days=SETTINGS.deadline_half_days),
    }  # fmt: skip
    cost = pd.Series({"z0": SETTINGS.cost_half_vnd * SETTINGS.people_half})
    got = terms(halfway, cost_vnd=cost)
    for name in ("people", "villages", "facilities", "deadline", "cost"):
        assert got[f"priority_{name}"] == pytest.approx(0.5)
    assert got["priority"] == pytest.approx(0.5)
    assert got["priority_unknown"] == ""


def test_an_unknown_term_is_left_out_and_is_not_0() -> None:
    alone = terms({"population": 800.0})
    assert (alone["priority"], alone["priority_people"]) == (pytest.approx(0.8), pytest.approx(0.8))
    assert alone["priority_unknown"] == "villages; facilities; deadline; cost"
    nothing = terms({})
    assert np.isnan(nothing["priority"])
    known = terms({"population": 800.0, "facilities_counted": 0})
    assert known["priority"] == pytest.approx(0.8 * 0.40 / 0.55)  # no school is known, and counts


def test_deadlines() -> None:
    def term(**row: Any) -> float:
        return float(terms(row)["priority_deadline"])

    assert term(deadline=pd.Timestamp(ON)) == 1.0
    assert term(deadline=pd.Timestamp("2025-01-01")) == 1.0  # past
    assert term(deadline=pd.Timestamp("2026-11-11")) == pytest.approx(0.9)
    assert term(villages=0, villages_weak=0) == 0.0  # no village, nothing promised
    assert np.isnan(term(villages=1, villages_weak=0))  # its deadline is not known
    assert np.isnan(term(villages=0, villages_weak=1))
    assert np.isnan(term())


def test_costs_put_in_later() -> None:
    table = with_priority(zones({"population": 100.0}, {"population": 0.0}, {}, {"population": 100.0}), SETTINGS, on=ON)
    costs = pd.Series({"z0": 2e9, "z1": 2e9, "z2": 2e9})
    again = with_priority(table, SETTINGS, on=ON, cost_vnd=costs)
    found = again["priority_cost"].tolist()
    assert found[:2] == [pytest.approx(1e7 / (1e7 + 2e7)), 0.0]  # nobody to pay for: the dearest there is
    assert np.isnan(found[2:]).all()
    assert again["priority"].iloc[3] == table["priority"].iloc[3]
    assert again["priority"].iloc[0] == pytest.approx((0.4 / 3 + 0.1 / 3) / 0.5)
    assert np.isnan(table["priority_cost"]).all()  # what was given stays as it was


@pytest.mark.parametrize("wrong", [{"people_weight": -0.1}, {"people_half": 0.0}, dict.fromkeys(("people_weight", "villages_weight", "facilities_weight", "deadline_weight", "cost_weight"), 0.0)])
def test_weights_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        with_priority(zones({}), priority_settings(**wrong), on=ON)


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 50), st.integers(0, 50))
def test_more_people_or_schools_never_come_later_and_other_zones_do_not_matter(one: float, other: float, few: int, more: int) -> None:
    rows = [{"population": min(one, other), "facilities_counted": min(few, more)}, {"population": max(one, other), "facilities_counted": max(few, more)}]
    together = with_priority(zones(*rows), SETTINGS, on=ON)["priority"].tolist()
    assert together[0] <= together[1]
    assert [with_priority(zones(row), SETTINGS, on=ON)["priority"].iloc[0] for row in rows] == together
    assert 0.0 <= min(together) <= max(together) <= 1.0
