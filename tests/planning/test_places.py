"""Where sites may be proposed and what may be done there: by hand. All places are made up."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.io.norms import Norm, Norms, proposal_norms
from geo.planning.candidates import (
    PLACE_COLUMNS,
    conflicts,
    far_enough,
    mast_places,
    new_places,
    options_of,
    read_pairs,
    registered_places,
    unknown_roofs,
)
from geo.planning.proposal_settings import candidate_settings
from geo.planning.rules import DistanceRule, MastRules, mast_rules, plan_settings

WANTED, PLAN = candidate_settings({}), plan_settings({})
OPERATORS = ("A", "B", "C")
NORMS = Norms("n.toml", tuple(
    Norm(item, kind, "", cost // 2, cost, cost * 2, "", "made up", 2026)
    for item, kind, cost in (("build", "A2b", 1000), ("build", "A1b", 700), ("build", "A2a", 400), ("share", "", 301), ("upgrade", "", 200), ("share", "A1b", 99))
))  # fmt: skip


def place(place_id: str, lon: float, lat: float, *, kind: str = "new_ground", **given: object) -> pd.DataFrame:
    base = {
        "place_id": place_id, "kind": kind, "structure_id": "", "lon": lon, "lat": lat, "commune_code": "99001", "area": "other", "mast_class": "A2b",
        "height_m": 42.0, "building_height_m": np.nan, "users": "", "limit": 3, "actions": "", "technologies": "", "road_m": np.nan, "prominence_m": np.nan,
        "seen_worth": np.nan,
    }  # fmt: skip
    return pd.DataFrame([{**base, **given}], columns=list(PLACE_COLUMNS))


def rules(metres: float) -> MastRules:
    return MastRules((DistanceRule("r", "", (), 0.0, float("inf"), metres, "", "", "setting"),), (), mast_rules({}, {}).areas, {}, "project")


def structures(**columns: object) -> pd.DataFrame:
    n = len(columns["structure_id"])  # type: ignore[arg-type]
    base = {
        "lon": [105.0 + 0.01 * k for k in range(n)], "lat": [21.0] * n, "commune_code": ["99001"] * n, "mast_class": [""] * n, "height_m": [30.0] * n,
        "building_height_m": [np.nan] * n, "shareable": [pd.NA] * n, "site_ids": [""] * n,
    }  # fmt: skip
    return pd.DataFrame({**base, **columns})


def test_who_may_come_to_a_mast() -> None:
    masts = structures(
        structure_id=["m1", "m2", "m3", "m4"], operators=["A", "A; B", "B", ""], site_ids=["a1", "a2; b2", "b3", ""], shareable=[pd.NA, pd.NA, False, True]
    )
    sites = pd.DataFrame({"operator": ["A", "A", "B", "B"], "site_id": ["a1", "a2", "b2", "b3"], "technologies": ["3G,4G", "3G", "4G,5G", "3G"]})
    lines = pd.DataFrame(
        {"line_id": ["l"], "action": ["share"], "operator": ["C"], "technologies": ["4G"], "lon": [105.01], "lat": [21.0], "year": [2027]}
    )
    found = mast_places(masts, sites, lines, ["other"] * 4, operators=OPERATORS, settings=WANTED, plan=PLAN, by_year=2027).set_index("structure_id")
    told = {k: read_pairs(str(found.loc[k, "actions"])) for k in found.index}
    assert told == {
        "m1": {"B": "share", "C": "share"},  # A has 4G there
        "m2": {"A": "upgrade"},  # B has 4G, C has registered it
        "m3": {"B": "upgrade"},  # nobody else may come to it
        "m4": {"A": "share", "B": "share", "C": "share"},
    }
    assert found["limit"].tolist() == [3, 1, 3, 4]
    assert read_pairs(str(found.loc["m2", "technologies"])) == {"A": "4G"}
    full = mast_places(masts, sites, None, ["other"] * 4, operators=OPERATORS, settings=WANTED, plan=plan_settings({"operators_per_mast": 1}), by_year=2027)
    assert full["structure_id"].tolist() == ["m2", "m3", "m4"]


def test_nobody_is_offered_a_mast_that_is_registered_for_removal() -> None:
    """A leaves m1, where nobody remains, and m2, where B does; m3 it leaves and comes back to; a mast without users stays open."""
    masts = structures(structure_id=["m1", "m2", "m3", "m4"], operators=["A", "A; B", "A", ""], site_ids=["a1", "a2; b2", "a3", ""])
    sites = pd.DataFrame({"operator": ["A", "A", "B", "A"], "site_id": ["a1", "a2", "b2", "a3"], "technologies": ["3G", "3G", "4G", "3G"]})
    lines = pd.DataFrame(
        {"line_id": list("klmn"), "action": ["remove", "remove", "remove", "build"], "operator": ["A"] * 4, "technologies": ["", "", "", "4G"],
         "lon": [105.0, 105.01, 105.02, 105.02], "lat": [21.0] * 4, "year": [2027] * 4}
    )  # fmt: skip
    found = mast_places(masts, sites, lines, ["other"] * 4, operators=OPERATORS, settings=WANTED, plan=PLAN, by_year=2027).set_index("structure_id")
    assert {k: read_pairs(str(found.loc[k, "actions"])) for k in found.index} == {
        "m2": {"C": "share"}, "m3": {"B": "share", "C": "share"}, "m4": {"A": "share", "B": "share", "C": "share"},
    }  # fmt: skip
    assert found["users"].tolist() == ["B", "A", ""]
    assert found["limit"].tolist() == [3, 3, 4]


def test_an_inventorys_user_without_a_listed_site_is_left_alone() -> None:
    masts = structures(structure_id=["m1"], operators=["A"], shareable=[False])
    sites = pd.DataFrame({"operator": [], "site_id": [], "technologies": []}, dtype=object)
    assert mast_places(masts, sites, None, ["other"], operators=("A",), settings=WANTED, plan=PLAN, by_year=2027).empty


def test_the_class_of_a_new_mast_is_what_its_area_allows() -> None:
    areas = gpd.GeoDataFrame(
        {"area_id": ["1", "2", "3", "4"], "area_name": "", "area_kind": ["heritage", "no_mast", "security", "other"], "allowed_classes": ["", "", "", "A2b"],
         "height_limit_m": [np.nan, np.nan, np.nan, 30.0]},
        geometry=[shapely.box(105 + k, 21, 105.5 + k, 21.5) for k in range(4)], crs=4326,
    )  # fmt: skip
    lon, lat = np.array([105.2, 106.2, 107.2, 108.2, 110.0]), np.full(5, 21.2)
    given = {"communes": ["1"] * 5, "areas": ["other"] * 5, "operators": ("A", "B"), "rules": mast_rules({}, {}), "settings": WANTED}
    found = new_places("new_ground", lon, lat, restricted=areas, **given)
    # heritage allows A1 alone; no mast allows none; a military area says nothing: nothing is assumed; 30 m are too few for 42
    assert found[["place_id", "mast_class", "height_m"]].values.tolist() == [["G00001", "A1b", 18.0], ["G00005", "A2b", 42.0]]
    assert read_pairs(str(found["actions"].iloc[0])) == {"A": "build", "B": "build"}
    roofs = new_places("public_building", lon[4:], lat[4:], restricted=None, building_height_m=np.array([12.0]), names=["Trụ sở"], **{**given, "communes": ["1"], "areas": ["other"]})
    assert roofs[["mast_class", "height_m", "structure_id"]].values.tolist() == [["A2a", 21.0, "Trụ sở"]]
    assert unknown_roofs(np.array([12.0, np.nan, 0.0])).tolist() == [False, True, True]
    unknown = new_places("public_building", lon[4:], lat[4:], restricted=None, building_height_m=np.array([np.nan]), names=["Trụ sở"], **{**given, "communes": ["1"], "areas": ["other"]})
    assert unknown.empty


def test_costs_by_the_norms_to_the_dong() -> None:
    places = pd.concat([
        place("G1", 105.0, 21.0, actions="A=build; B=build; C=build"), place("M1", 105.1, 21.0, kind="mast", actions="A=share; B=upgrade", mast_class="A1b"),
    ], ignore_index=True)  # fmt: skip
    options = options_of(places, NORMS)
    assert options.table[["place", "action", "operators", "cost_vnd"]].values.tolist() == [
        [0, "build", "A", 1000], [0, "build", "B", 1000], [0, "build", "C", 1000], [0, "build", "A; B; C", 1000 + 2 * 301],
        [1, "share", "A", 99], [1, "upgrade", "B", 200],
    ]  # fmt: skip
    assert options.members[3] == ("A", "B", "C")
    assert options.table["cost_low_vnd"].tolist()[3] == 500 + 2 * 150
    assert options.table["cost_high_vnd"].tolist()[3] == 2000 + 2 * 602
    with pytest.raises(KeyError, match="build A2c"):
        options_of(place("G1", 105.0, 21.0, actions="A=build", mast_class="A2c"), NORMS)


def test_which_norms_proposals_need() -> None:
    assert proposal_norms({}, buildings=True, areas=True) == []
    assert proposal_norms({"budget_vnd": [1]}, buildings=False, areas=False) == [("build", "A2b"), ("share", ""), ("upgrade", "")]
    assert proposal_norms({"budget_vnd": [1], "ground_class": "A2c"}, buildings=True, areas=True)[:3] == [("build", "A2c"), ("build", "A2a"), ("build", "A1b")]


def test_what_excludes_each_other() -> None:
    """Two new masts 300 m apart under a rule of 400 m, the options of one place, and two shares of a mast with room for one."""
    step = 300.0 / 103_900.0  # about 300 m along the parallel of 21°
    places = pd.concat([
        place("G1", 105.0, 21.0, actions="A=build; B=build"), place("G2", 105.0 + step, 21.0, actions="A=build"),
        place("G3", 105.0 + 3 * step, 21.0, actions="A=build"), place("M1", 105.0, 21.0, kind="mast", actions="A=share; B=share; C=upgrade", limit=1),
    ], ignore_index=True)  # fmt: skip
    options = options_of(places, NORMS)
    number = {(p, o): j for j, (p, o) in enumerate(zip(options.table["place"], options.table["operators"], strict=True))}
    assert len(number) == 3 + 1 + 1 + 3
    pairs = {frozenset(p) for p in conflicts(places, options, rules(400.0), at_mast_m=50.0).tolist()}
    own = {frozenset((number[0, a], number[0, b])) for a, b in (("A", "B"), ("A", "A; B"), ("B", "A; B"))}
    near = {frozenset((number[0, o], number[1, "A"])) for o in ("A", "B", "A; B")}
    assert pairs == own | near
    assert (options.mast.tolist(), options.room.tolist()) == ([-1] * 5 + [0, 0, -1], [1])  # the mast's one place is no pair: it holds for any number
    assert {frozenset(p) for p in conflicts(places, options, rules(300.0 - 5), at_mast_m=50.0).tolist()} == own
    # against what stands: 300 m east of a mast breaks 400 m and keeps 295; masts that stand are asked nothing
    assert far_enough(places, np.array([105.0 - step]), np.array([21.0]), rules(400.0), at_mast_m=50.0).tolist() == [False, True, True, True]
    assert far_enough(places, np.array([105.0 - step, np.nan]), np.array([21.0, np.nan]), rules(295.0), at_mast_m=50.0).all()


def test_a_mast_with_room_for_two_of_three_has_two_places() -> None:
    """Each operator is an option of its own that takes a place; where there is room for all three nobody counts."""
    mast = place("M1", 105.0, 21.0, kind="mast", actions="A=share; B=share; C=share; D=upgrade", limit=2)
    options = options_of(mast, NORMS)
    assert options.table["operators"].tolist() == ["A", "B", "C", "D"]
    assert options.table["cost_vnd"].tolist() == [301] * 3 + [200]
    assert (options.mast.tolist(), options.room.tolist()) == ([0, 0, 0, -1], [2])  # who upgrades stands there already
    assert not len(conflicts(mast, options, rules(400.0), at_mast_m=50.0))
    roomy = options_of(mast.assign(limit=3), NORMS)
    assert (roomy.mast.tolist(), roomy.room.tolist()) == ([-1] * 4, [])
    # A mast with more users than the setting allows is open to upgrades alone.
    full = options_of(place("M1", 105.0, 21.0, kind="mast", actions="D=upgrade", limit=-1), NORMS)
    assert (full.mast.tolist(), full.room.tolist()) == ([-1], [])
    two = options_of(pd.concat([mast.assign(limit=1), place("G1", 105.0, 21.1, actions="A=build"), mast], ignore_index=True), NORMS)
    assert (two.mast.tolist(), two.room.tolist()) == ([0, 0, 0, -1, -1, 1, 1, 1, -1], [1, 2])


def test_a_place_is_free_when_who_leaves_it_has_left() -> None:
    """Four operators may be on a mast with A, B and C. C leaves it: by 2027 there is room for two, later or in no year told for one."""
    masts = structures(structure_id=["m1"], operators=["A; B; C"], site_ids=["a1; b1; c1"])
    sites = pd.DataFrame({"operator": ["A", "B", "C"], "site_id": ["a1", "b1", "c1"], "technologies": ["4G"] * 3})
    for year, room in ((2026, 2), (2027, 2), (2028, 1), (pd.NA, 1)):
        lines = pd.DataFrame(
            {"line_id": ["l"], "action": ["remove"], "operator": ["C"], "technologies": [""], "lon": [105.0], "lat": [21.0], "year": pd.array([year], dtype="Int64")}
        )  # fmt: skip
        found = mast_places(masts, sites, lines, ["other"], operators=("A", "B", "C", "D", "E"), settings=WANTED, plan=PLAN, by_year=2027)
        assert (read_pairs(str(found["actions"].iloc[0])), found["users"].iloc[0], found["limit"].iloc[0]) == ({"D": "share", "E": "share"}, "A; B", room)
    # With room for three it is full until C has gone.
    tight = {"operators": ("A", "B", "C", "D"), "settings": WANTED, "plan": plan_settings({"operators_per_mast": 3})}
    assert mast_places(masts, sites, lines, ["other"], by_year=2027, **tight).empty
    assert len(mast_places(masts, sites, lines.assign(year=2027), ["other"], by_year=2027, **tight)) == 1


def test_two_new_masts_at_one_place_are_one_whatever_the_rules() -> None:
    """No rule of distance holds; a public house 20 m beside new ground, and both 20 m from a mast that stands."""
    step = 20.0 / 103_900.0
    places = pd.concat([place("G1", 105.0, 21.0, actions="A=build"), place("B1", 105.0 + step, 21.0, kind="public_building", actions="B=build")], ignore_index=True)
    none = MastRules((), (), {}, {}, "project")
    assert conflicts(places, options_of(places, NORMS), none, at_mast_m=50.0).tolist() == [[0, 1]]
    assert not len(conflicts(places, options_of(places, NORMS), none, at_mast_m=15.0))
    stands = np.array([105.0 - step]), np.array([21.0])
    assert [far_enough(places, *stands, none, at_mast_m=metres).tolist() for metres in (50.0, 30.0)] == [[False, False], [False, True]]


def test_a_registered_mast_has_room_for_two_of_three() -> None:
    """A builds l1 by 2027: B and C may share it, as far as there is room; l2 is B's and C's at one place; l3 comes later, l4 at a mast that stands."""
    lines = pd.DataFrame(
        {
            "line_id": ["l1", "l2", "l2b", "l3", "l4", "l5"], "action": ["build", "build", "build", "build", "build", "share"], "operator": ["A", "B", "C", "A", "A", "B"],
            "year": pd.array([2027, 2026, 2027, 2028, 2027, 2027], dtype="Int64"), "lon": [106.0, 106.1, 106.1001, 106.2, 105.0, 106.3], "lat": [21.0] * 6,
            "commune_code": ["99001"] * 6, "mast_class": ["A2b"] * 6, "height_m": [42.0] * 6, "building_height_m": [np.nan] * 6, "technologies": ["4G"] * 6,
        }
    )  # fmt: skip
    stands = structures(structure_id=["m1"], operators=["A"])
    given = {"operators": OPERATORS, "settings": WANTED, "by_year": 2027}
    found = registered_places(lines, stands, ["other"] * 6, plan=PLAN, **given).set_index("structure_id")
    assert {k: read_pairs(str(found.loc[k, "actions"])) for k in found.index} == {"l1": {"B": "share", "C": "share"}, "l2": {"A": "share"}}
    assert found["limit"].tolist() == [3, 2]
    assert found["technologies"].tolist() == ["B=4G; C=4G", "A=4G"]
    assert found["users"].tolist() == ["A", "B; C"]
    # Three operators at most: l1 has room for both others; two at most: for one of them, l2 for nobody.
    room = options_of(registered_places(lines, stands, ["other"] * 6, plan=plan_settings({"operators_per_mast": 3}), **given), NORMS)
    assert room.members == (("B",), ("C",), ("A",))
    tight = registered_places(lines, stands, ["other"] * 6, plan=plan_settings({"operators_per_mast": 2}), **given)
    few = options_of(tight, NORMS)
    assert few.members == (("B",), ("C",))
    assert (few.mast.tolist(), few.room.tolist()) == ([0, 0], [1])
    later = lines.assign(year=pd.array([pd.NA] * 6, dtype="Int64"))
    assert registered_places(later, stands, ["other"] * 6, plan=PLAN, **given).empty
