"""Radio availability: which samples of signal count for which technology, and on which road."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.io.rules import read_rules
from geo.service_quality import Areas, service_settings
from geo.service_quality.availability import level_samples, roads_of
from tests.service_quality.made_up import one, verdicts

SETTINGS = service_settings()


def measured(*rows: dict[str, Any]) -> pd.DataFrame:
    usual = {
        "time": "2026-10-05 10:00", "lon": 105.0, "lat": 21.0, "operator": "Mạng A", "technology": "4G", "locked_technology": "", "level_dbm": -90.0,
        "no_service": False, "foreign": False, "device": 0, "commune_code": "10001", "file": "log.txt", "sheet": "",
    }  # fmt: skip
    frame = pd.DataFrame([{**usual, "row": i + 2, **row} for i, row in enumerate(rows)])
    return frame.assign(time=pd.to_datetime(frame["time"], format="ISO8601"))


SILENT = {"level_dbm": np.nan, "no_service": True, "technology": ""}


def test_a_level_counts_for_the_technology_that_is_shown() -> None:
    found = level_samples(measured({}, {"technology": "3G", "level_dbm": -99.0}, {"technology": "4G", "level_dbm": np.nan}, {"technology": ""}, {"foreign": True}), SETTINGS)
    assert found.frame[["technology", "level_dbm"]].to_numpy().tolist() == [["4G", -90.0], ["3G", -99.0]]
    assert found.left_out == {"foreign": 1, "no_level": 1, "unknown": 1}
    assert str(found.frame["time"].iloc[0]) == "2026-10-05 03:00:00+00:00"  # UTC
    assert found.frame["free_phone"].tolist() == [True, True]


def test_a_network_that_is_not_of_the_project_is_nobody_s_verdict() -> None:
    """A name that no catalogue knows as foreign: left out and counted by its name; without named operators everybody counts."""
    rows = measured({}, {"operator": "Foreign Net"}, {**SILENT, "operator": "Foreign Net", "locked_technology": "4G"}, {"foreign": True, "operator": "Xa"}, {**SILENT, "operator": ""})
    found = level_samples(rows, SETTINGS, ("Mạng A", "Mạng B"))
    assert set(found.frame["operator"]) == {"Mạng A"}
    assert found.others == {"Foreign Net": 2}
    assert found.left_out == {"foreign": 1, "not_of_project": 2, "no_level": 0, "unknown": 1}  # silence of a phone that showed three networks is nobody's
    every = level_samples(rows, SETTINGS)
    assert set(every.frame["operator"]) == {"Mạng A", "Foreign Net"}
    assert every.others == {}


def test_no_service_is_a_level_below_any() -> None:
    """A phone locked to 4G that hears nothing has no 4G; a free one has none of what it was seen to have."""
    locked = level_samples(measured({"locked_technology": "4G"}, {**SILENT, "locked_technology": "4G"}), SETTINGS).frame
    assert locked[["technology", "level_dbm", "free_phone"]].to_numpy().tolist() == [["4G", -90.0, False], ["4G", -np.inf, False]]
    free = level_samples(measured({}, {"technology": "3G"}, {"technology": "5G", "device": 1}, SILENT), SETTINGS).frame
    silent = free[np.isinf(free["level_dbm"])]
    assert sorted(silent["technology"]) == ["3G", "4G"]
    assert silent["free_phone"].all()


def test_no_service_belongs_to_the_phone_s_only_operator() -> None:
    alone = level_samples(measured({}, {**SILENT, "operator": ""}), SETTINGS)
    assert alone.frame["operator"].tolist() == ["Mạng A", "Mạng A"]
    two = level_samples(measured({}, {"operator": "Mạng B"}, {**SILENT, "operator": ""}), SETTINGS)
    assert (len(two.frame), two.left_out["unknown"]) == (2, 1)


def test_availability_by_hand() -> None:
    """19 of 20 at -100 dBm or above are 95 %; the level is recalled, so the figure is for reference."""
    rows = [{"technology": "3G", "level_dbm": -100.0, "lon": 105.0 + 0.01 * i} for i in range(19)] + [{"technology": "3G", "level_dbm": -100.1}]
    (asked,) = read_rules("vn-2026").get("qcvn81_availability_3g")
    row = one(verdicts(level_samples(measured(*rows), SETTINGS).frame, asked), "99")
    assert (row["value"], row["n"], row["threshold"], row["rule_result"], row["basis"]) == (0.95, 20, 0.95, "indicative", "reference")
    assert {"rule_unverified", "no_campaign", "phones_not_locked"} <= set(row["reason"].split("; "))
    assert row["places"] == 19


def test_samples_are_placed_on_the_nearest_road_within_reach() -> None:
    """At 21° N 0.0001° of longitude are 10.4 m."""
    roads = gpd.GeoDataFrame(
        {"road_id": ["QL2", "QL2", "DT1"]},
        geometry=[shapely.LineString([(105, 21), (105, 21.01)]), shapely.LineString([(105, 21.01), (105, 21.02)]), shapely.LineString([(105.001, 21), (105.001, 21.02)])],
        crs=4326,
    )
    lon = np.array([105.0001, 105.0009, 105.0005, np.nan, 105.0001])
    lat = np.array([21.005, 21.005, 21.005, 21.0, 21.015])
    codes, of = roads_of(lon, lat, roads, SETTINGS)
    assert codes == ("DT1", "QL2")
    assert of.tolist() == [1, 0, -1, -1, 1]  # 52 m from either is beyond 30 m
    assert roads_of(lon, lat, roads.iloc[:0], SETTINGS)[0] == ()


def test_a_road_has_its_own_row() -> None:
    frame = level_samples(measured({"technology": "3G", "level_dbm": -90.0}, {"technology": "3G", "level_dbm": -120.0, "commune_code": ""}), SETTINGS).frame
    areas = Areas({"commune": ("10001",), "province": ("99",), "road": ("QL2",)}, {"10001": "99"})
    (asked,) = read_rules("vn-2026").get("qcvn81_availability_3g")
    table = verdicts(frame, asked, areas=areas, placed={"road": np.array([0, 0])})
    assert (one(table, "QL2")["value"], one(table)["value"]) == (0.5, 1.0)
    assert one(table, "QL2")["low"] == pytest.approx(0.0, abs=0.06)
