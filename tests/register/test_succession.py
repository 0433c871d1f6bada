"""Which zone is which, by hand on a few cells, and by every order of rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.errors import CrsError, InputError
from geo.register import dead_zones, find_places, identities_of, register_settings
from geo.register.people import WeightedPoints, shared
from geo.register.zones import deciding_layers, plane_shapes
from tests.register.made_up_ground import SIDE_M, outline, points, zones

SETTINGS = register_settings()
THEN, NOW = date(2026, 11, 1), date(2027, 11, 1)
ROW = [(0, c) for c in range(10)]  # ten cells in a row


def matched(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, people: WeightedPoints | None) -> pd.DataFrame:
    """Places by the zone that they were, "" for new ones."""
    known = identities_of(old, None, on=THEN, prefix="99")
    rows = find_places(known, new, people, SETTINGS, on=NOW, prefix="99").rows
    was = dict(zip(known["register_id"], known["dead_zone_id"], strict=True))
    assert was.keys() == set(rows.loc[rows["known"], "register_id"])
    return rows.assign(was=rows["register_id"].map(was).fillna(""))


def kept(rows: pd.DataFrame) -> dict[str, str]:
    """Old zone to the new zone that keeps its identity."""
    return {w: z for w, z in zip(rows["was"], rows["dead_zone_id"], strict=True) if w and z}


def each(value: float) -> WeightedPoints:
    return points(dict.fromkeys(ROW, value))


@pytest.mark.parametrize(("cells", "same"), [(4, True), (3, True), (2, False)])
def test_a_successor_shares_at_least_thirty_percent_of_the_people(cells: int, same: bool) -> None:
    rows = matched(zones({"a": ROW}), zones({"b": ROW[:cells]}), each(7))
    assert kept(rows) == ({"a": "b"} if same else {})
    old = rows[rows["was"] == "a"].iloc[0]
    assert old["shared_share"] == pytest.approx(cells / 10)
    assert old["matched_by"] == ("people" if same else "")
    assert len(rows) == (1 if same else 2)


def test_people_decide_not_ground() -> None:
    people = points({**dict.fromkeys(ROW, 1.0), (0, 0): 100.0})
    rows = matched(zones({"a": ROW}), zones({"few": [(0, 0)], "wide": ROW[2:]}), people)
    assert kept(rows) == {"a": "few"}
    new = rows[rows["dead_zone_id"] == "wide"].iloc[0]
    assert (new["known"], new["split_from"]) == (False, rows.iloc[0]["register_id"])


@pytest.mark.parametrize("people", [None, points(dict.fromkeys(ROW, 0.0)), points({**dict.fromkeys(ROW, 5.0), (0, 9): float("nan")})])
def test_ground_decides_where_people_are_unknown_or_none(people: WeightedPoints | None) -> None:
    rows = matched(zones({"a": ROW}), zones({"few": [(0, 0)], "wide": ROW[4:]}), people)
    assert kept(rows) == {"a": "wide"}
    assert rows.iloc[0]["matched_by"] == "area"
    assert rows.iloc[0]["shared_share"] == pytest.approx(0.6)


def test_a_point_without_a_figure_outside_the_zone_does_not_matter() -> None:
    people = points({**dict.fromkeys(ROW, 5.0), (3, 3): float("nan")})
    assert matched(zones({"a": ROW}), zones({"b": ROW[4:]}), people).iloc[0]["matched_by"] == "people"


def test_on_a_split_the_part_with_most_people_keeps_the_identity() -> None:
    rows = matched(zones({"a": ROW}), zones({"p": ROW[:4], "q": ROW[5:]}), each(3))
    assert kept(rows) == {"a": "q"}
    part = rows[rows["dead_zone_id"] == "p"].iloc[0]
    assert part["split_from"] == "99-20261101-001"
    assert part["register_id"] == "99-20271101-001"


def test_a_split_into_four_leaves_no_successor_and_four_parts() -> None:
    rows = matched(zones({"a": [*ROW, (0, 10), (0, 11)]}), zones({n: [(0, i), (0, i + 1), (0, i + 2)] for n, i in (("p", 0), ("q", 3), ("r", 6), ("s", 9))}),
                   points({(0, c): 1.0 for c in range(12)}))  # fmt: skip
    assert kept(rows) == {}
    assert rows.loc[rows["dead_zone_id"] != "", "split_from"].tolist() == ["99-20261101-001"] * 4


def test_on_a_merge_the_one_with_most_people_survives_and_the_others_end_in_it() -> None:
    old = zones({"a": ROW[:3], "b": ROW[4:9], "c": [(5, 5)]})
    rows = matched(old, zones({"all": ROW, "c2": [(5, 5)]}), points({**dict.fromkeys(ROW, 2.0), (5, 5): 9.0}))
    assert kept(rows) == {"b": "all", "c": "c2"}
    ended = rows[rows["was"] == "a"].iloc[0]
    survivor = rows[rows["was"] == "b"].iloc[0]
    assert ended["merged_into"] == survivor["register_id"]
    assert survivor["merged_from"] == ended["register_id"]


def test_the_wider_zone_does_not_survive_if_fewer_people_live_there() -> None:
    people = points({(0, 0): 50.0, **dict.fromkeys(ROW[1:], 1.0)})
    assert kept(matched(zones({"small": ROW[:1], "wide": ROW[2:]}), zones({"all": ROW}), people)) == {"small": "all"}


def test_a_class_change_is_the_same_zone_but_not_another_scope() -> None:
    old = zones({"a": ROW}, **{"class": "white"})
    rows = matched(old, zones({"b": ROW}, **{"class": "single_operator"}), each(1))
    assert (rows.iloc[0]["class_old"], rows.iloc[0]["class_new"]) == ("white", "single_operator")
    for other in ({"operator": "Mạng A"}, {"technology": "4G"}, {"class": "road"}):
        assert kept(matched(old, zones({"b": ROW}, **other), each(1))) == {}, other


def test_a_moved_zone_is_another_one() -> None:
    rows = matched(zones({"a": ROW}), zones({"b": [(0, c + 8) for c in range(10)]}), points({(0, c): 1.0 for c in range(20)}))
    assert kept(rows) == {}
    assert rows.loc[rows["dead_zone_id"] == "b", "split_from"].tolist() == [""], "it shares a fifth of either"


def test_a_register_goes_on_and_a_closed_zone_comes_back_as_itself() -> None:
    first = identities_of(zones({"a": ROW, "c": [(5, 5)]}), None, on=THEN, prefix="99")
    places = find_places(first, zones({"c2": [(5, 5)]}), each(1), SETTINGS, on=NOW, prefix="99")
    closed = gpd.GeoDataFrame(places.rows, geometry=list(places.reference), crs=4326).assign(deadline_basis="", state="resolved_predicted")
    known = identities_of(zones({"c2": [(5, 5)]}), closed, on=NOW, prefix="99")
    rows = find_places(known, zones({"again": ROW[2:8], "c3": [(5, 5)]}), each(1), SETTINGS, on=date(2028, 11, 1), prefix="99").rows
    assert dict(zip(rows["register_id"], rows["dead_zone_id"], strict=True)) == {"99-20261101-001": "again", "99-20261101-002": "c3"}
    assert rows["previous_ids"].tolist() == ["2026-11-01=a; 2028-11-01=again", "2026-11-01=c; 2027-11-01=c2; 2028-11-01=c3"]
    assert rows["was_zone"].tolist() == [False, True]


def test_a_zone_that_is_open_comes_before_one_that_had_gone() -> None:
    old = zones({"gone": ROW[:7], "open": ROW[7:]})
    known = identities_of(old, None, on=THEN, prefix="99")
    known.loc[known["dead_zone_id"] == "gone", ["dead_zone_id", "standing"]] = ["", 1]
    rows = find_places(known, zones({"all": ROW}), each(1), SETTINGS, on=NOW, prefix="99").rows
    assert rows["dead_zone_id"].tolist() == ["", "all"], "though it contributes fewer people"
    assert rows.iloc[0]["merged_into"] == rows.iloc[1]["register_id"]


def test_numbers_go_on_and_are_never_given_twice() -> None:
    old = zones({"a": ROW})
    known = identities_of(old, None, on=THEN, prefix="99")
    assert known["register_id"].tolist() == ["99-20261101-001"]
    rows = find_places(known, zones({"x": [(5, 5)], "y": [(7, 7)]}), None, SETTINGS, on=THEN, prefix="99").rows
    assert rows["register_id"].tolist() == ["99-20261101-001", "99-20261101-002", "99-20261101-003"]


def test_the_order_of_rows_and_points_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    cells = [(r, c) for r in range(6) for c in range(6)]
    people = {cell: float(rng.integers(0, 5)) + 0.1 for cell in cells}
    old = {f"o{k}": [cells[i] for i in np.flatnonzero(rng.random(36) < 0.3)] for k in range(5)}
    new = {f"n{k}": [cells[i] for i in np.flatnonzero(rng.random(36) < 0.3)] for k in range(5)}
    expected: Any = None
    for _ in range(6):
        shuffled = [dict(list(d.items())[i] for i in rng.permutation(len(d))) for d in (old, new, people)]
        rows = matched(zones(shuffled[0]), zones(shuffled[1]), points(shuffled[2]))
        got = rows.drop(columns=["lon", "lat"]).to_json()
        expected = expected or got
        assert got == expected


def test_what_zones_share_is_counted_right() -> None:
    a, b = (plane_shapes(np.array([outline(c)], dtype=object), line_half_width_m=25) for c in (ROW[:6], ROW[4:]))
    found = shared(a, b, points({**dict.fromkeys(ROW, 2.0), (0, 5): 3.5}))
    assert (found.old_people[0], found.new_people[0], found.people[0]) == (13.5, 13.5, 5.5)
    assert found.m2[0] == pytest.approx(2 * SIDE_M**2, abs=0.01)
    assert found.old_m2[0] == pytest.approx(6 * SIDE_M**2, abs=0.01)
    apart = shared(a, plane_shapes(np.array([outline([(5, 5)])], dtype=object), line_half_width_m=25), points({}))
    assert len(apart.old) == 0


def test_roads_drawn_as_lines_are_strips() -> None:
    line = shapely.LineString([(105.5, 22.5), (105.51, 22.5)])
    old, new = (gpd.GeoDataFrame({"dead_zone_id": [n], "class": ["road"]}, geometry=[g], crs=4326)
                for n, g in (("a", line), ("b", shapely.LineString([(105.502, 22.5), (105.52, 22.5)]))))  # fmt: skip
    rows = matched(dead_zones(old), dead_zones(new), None)
    assert kept(rows) == {"a": "b"}
    assert rows.iloc[0]["shared_share"] == pytest.approx(0.8, abs=0.03)


def test_zones_that_cannot_be_used_are_refused() -> None:
    frame = gpd.GeoDataFrame({"dead_zone_id": ["a"], "class": ["white"]}, geometry=[outline(ROW)], crs=4326)
    with pytest.raises(CrsError):
        dead_zones(frame.set_crs(9210, allow_override=True))
    with pytest.raises(InputError, match="stands twice: a"):
        dead_zones(pd.concat([frame, frame]))
    with pytest.raises(InputError, match="class"):
        dead_zones(frame.drop(columns="class"))
    with pytest.raises(InputError, match="run again"):
        identities_of(dead_zones(frame), identities_of(zones({"other": ROW}), None, on=THEN, prefix="99"), on=NOW, prefix="99")


def test_an_outline_is_not_changed_and_a_missing_one_shares_nothing() -> None:
    frame = gpd.GeoDataFrame({"dead_zone_id": ["a", "b"], "class": "white"}, geometry=[None, outline(ROW)], crs=4326)
    before = frame.copy()
    rows = matched(dead_zones(frame), zones({"c": ROW}), None)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    assert kept(rows) == {"b": "c"}


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ({}, [("A", "3G"), ("A", "4G"), ("B", "3G"), ("B", "4G")]),
        ({"operators_missing": "B"}, [("B", "3G"), ("B", "4G")]),
        ({"class": "no_4g"}, [("A", "4G"), ("B", "4G")]),
        ({"operator": "A", "technology": "3G", "operators_missing": "B"}, [("A", "3G")]),
        ({"operator": "A"}, [("A", "3G"), ("A", "4G")]),
        ({"class": "indoor_only", "operators_missing": "A"}, [("A", "3G"), ("A", "4G")]),
    ],
)
def test_layers_that_would_fill_the_gap(zone: dict[str, str], expected: list[tuple[str, str]]) -> None:
    base = {"operator": "", "technology": "", "class": "white", "operators_missing": ""}
    use = "indoor" if zone.get("class") == "indoor_only" else "outdoor"
    found = deciding_layers({**base, **zone}, operators=("A", "B"), counting=("3G", "4G"))
    assert list(found) == [(*layer, use) for layer in expected]
