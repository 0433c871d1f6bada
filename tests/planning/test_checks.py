"""Registered lines against the rules: every answer by hand, at the distance itself and beside it. All data are made up."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.errors import ProjectFileError
from geo.planning.checks import area_of, check_lines
from geo.planning.rules import mast_rules, plan_settings, possible_rules
from geo.planning.structures import near_pairs, standing_masts

GEOD = Geod(ellps="WGS84")
LON, LAT = 105.3, 21.9
RULES = mast_rules({}, {})
SETTINGS = plan_settings({})


def away(metres: float, bearing: float = 90.0) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(LON, LAT, bearing, metres)
    return lon, lat


def masts(*rows: tuple[str, str, float, float], **changes: object) -> pd.DataFrame:
    """Structures from (id, operators, metres east, bearing)."""
    places = [away(m, b) for _, _, m, b in rows]
    return pd.DataFrame(
        {
            "structure_id": [r[0] for r in rows], "lon": [p[0] for p in places], "lat": [p[1] for p in places], "operators": [r[1] for r in rows],
            "shareable": pd.array([pd.NA] * len(rows), dtype="boolean"), "mast_class": "", "height_m": np.nan,
        }
    ).assign(**changes)  # fmt: skip


def lines(*rows: tuple[str, str, str, str, float, float], **changes: object) -> pd.DataFrame:
    """Lines from (id, operator, action, class, metres east, bearing)."""
    places = [away(m, b) for *_, m, b in rows]
    return pd.DataFrame(
        {
            "line_id": [r[0] for r in rows], "operator": [r[1] for r in rows], "action": [r[2] for r in rows], "mast_class": [r[3] for r in rows],
            "height_m": 36.0, "building_height_m": np.nan, "lon": [p[0] for p in places], "lat": [p[1] for p in places],
        }
    ).assign(**changes)  # fmt: skip


def check(new: pd.DataFrame, standing: pd.DataFrame, *, area: str = "other", rules=RULES, restricted=None, complete: bool = True) -> pd.DataFrame:
    return check_lines(
        new, standing, rules=rules, settings=SETTINGS, areas=[area] * len(new), structure_areas=[area] * len(standing), restricted=restricted,
        complete=complete,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("area", "metres", "kept"), [("other", 399.99, False), ("other", 400.01, True), ("urban", 99.99, False), ("urban", 100.01, True), ("urban", 399.0, True)]
)
def test_spacing_to_the_centimetre(area: str, metres: float, kept: bool) -> None:
    found = check(lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "A", metres, 37)), area=area)
    assert found["spacing_ok"].tolist() == [kept]
    assert found["spacing_required_m"].tolist() == [100 if area == "urban" else 400]
    assert ("too_near" in found["remarks"][0]) is not kept


def test_a_distance_that_is_just_kept_is_kept() -> None:
    i, _, metres = near_pairs(np.array([LON]), np.array([LAT]), *(np.array([v]) for v in away(400.0)), within_m=1000.0)
    assert i.tolist() == [0]
    exact = float(metres[0])
    assert not near_pairs(np.array([LON]), np.array([LAT]), *(np.array([v]) for v in away(400.0)), within_m=exact)[0].size


def test_kept_is_said_only_where_all_masts_are_listed() -> None:
    new, far = lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "A", 900, 0))
    assert check(new, far)["spacing_ok"].tolist() == [True]
    silent = check(new, far, complete=False)
    assert silent["spacing_ok"].isna().all()
    assert silent["remarks"].tolist() == ["areas_not_given; masts_not_all_listed"]
    assert check(new, masts(("M1", "A", 90, 0)), complete=False)["spacing_ok"].tolist() == [False]


def test_an_area_that_is_not_known_decides_only_between_the_rules() -> None:
    def ok(metres: float) -> object:
        return check(lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "A", metres, 0)), area="")["spacing_ok"][0]

    assert ok(250) is pd.NA  # urban would keep it, elsewhere not
    assert not ok(99)  # broken by both
    assert ok(401)
    assert "spacing_depends" in check(lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "A", 250, 0)), area="")["remarks"][0]


def test_only_new_masts_keep_a_spacing() -> None:
    new = lines(*((f"L{k}", "A", action, "A2b", 0, 0) for k, action in enumerate(("upgrade", "share", "remove", ""))))
    found = check(new, masts(("M1", "A; B", 10, 0)))
    assert found["spacing_ok"].isna().all()
    assert found["class_allowed"].isna().all()
    assert (found["must_share_with"] == "").all()


def test_who_must_share_with_whom() -> None:
    standing = masts(("M1", "B", 300, 0), ("M2", "A", 350, 90), ("M3", "A; C", 399, 180), ("M4", "B", 401, 270), ("M5", "", 200, 45))
    new = lines(("L1", "A", "build", "A2b", 0, 0), ("L2", "B", "build", "A2b", 380, 30), ("L3", "A", "build", "A2b", 390, 300), ("L4", "C", "share", "", 100, 0))
    found = check(new, standing)
    # M2 is A's own; of M5 nobody is known to use it, so it is looked at
    assert found["must_share_with"][0] == "M1; M3; M5; L2"
    assert "L1" in found["must_share_with"][1].split("; ")
    assert "L1" not in found["must_share_with"][2].split("; ")
    assert found["must_share_with"][3] == ""
    assert "must_share" in found["remarks"][0]


def test_across_the_edge_of_an_urban_area_the_shorter_distance_counts() -> None:
    new, standing = lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "B", 200, 0))
    found = check_lines(new, standing, rules=RULES, settings=SETTINGS, areas=["other"], structure_areas=["urban"], restricted=None, complete=True)
    assert found["must_share_with"].tolist() == [""]
    assert check(new, standing)["must_share_with"].tolist() == ["M1"]


def test_what_stands_there_already_and_what_is_registered_twice() -> None:
    new = lines(("L1", "A", "build", "A2b", 0, 0), ("L2", "A", "build", "A2b", 20, 90), ("L3", "A", "build", "A2b", 5000, 0))
    found = check(new, masts(("M1", "B", 30, 0)))
    assert found["duplicate_of"].tolist() == ["M1; L2", "M1; L1", ""]
    assert "registered_twice" in found["remarks"][1]


def test_lines_that_mean_a_mast_need_one() -> None:
    standing = masts(("M1", "A", 0, 0), ("M2", "B", 3000, 0), shareable=pd.array([pd.NA, False], dtype="boolean"))
    new = lines(
        ("U1", "A", "upgrade", "", 10, 0), ("U2", "B", "upgrade", "", 10, 0), ("R1", "A", "remove", "", 900, 0), ("S1", "B", "share", "", 10, 0),
        ("S2", "A", "share", "", 3010, 0), ("S3", "B", "share", "", 3010, 0), ("S4", "A", "share", "", 900, 0),
    )  # fmt: skip
    said = dict(zip(new["line_id"], check(new, standing)["remarks"], strict=True))
    assert said == {
        "U1": "", "U2": "own_site_not_found", "R1": "own_site_not_found", "S1": "", "S2": "mast_not_shareable",
        "S3": "mast_to_share_not_found; already_there", "S4": "mast_to_share_not_found",
    }  # fmt: skip


def zone(kind: str, allowed: str = "", limit: float = np.nan) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"area_id": ["K"], "area_name": ["Khu mẫu"], "area_kind": [kind], "allowed_classes": [allowed], "height_limit_m": [limit]},
        geometry=[shapely.box(LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01)], crs=4326,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "allowed", "mast_class", "answer"),
    [
        ("heritage", "", "A2b", False), ("heritage", "", "A1b", True), ("no_mast", "", "A1a", False), ("security", "", "A1a", None), ("", "", "A1a", None),
        ("heritage", "A2b", "A2b", True), ("security", "none", "A1a", False), ("urban", "", "A2b", True), ("heritage", "", "", None), ("no_mast", "", "", False),
        ("urban", "", "", True),
    ],
)  # fmt: skip
def test_class_by_area(kind: str, allowed: str, mast_class: str, answer: bool | None) -> None:
    found = check(lines(("L1", "A", "build", mast_class, 0, 0)), masts(("M1", "B", 2000, 0)), restricted=zone(kind, allowed))
    assert found["class_allowed"].tolist() == [pd.NA if answer is None else answer]
    assert found["restricted_areas"].tolist() == ["" if kind == "urban" else f"Khu mẫu ({kind or '?'})"]


def test_outside_every_area_all_classes_are_allowed_and_without_areas_nothing_is_known() -> None:
    new = lines(("L1", "A", "build", "A2b", 9000, 0))
    assert check(new, masts(("M1", "B", 2000, 0)), restricted=zone("no_mast"))["class_allowed"].tolist() == [True]
    unknown = check(new, masts(("M1", "B", 2000, 0)))
    assert unknown["class_allowed"].isna().all()
    assert unknown["remarks"].tolist() == ["areas_not_given"]


def test_height_limits() -> None:
    def allowed(**changes: object) -> object:
        return check(lines(("L1", "A", "build", "A2b", 0, 0), **changes), masts(("M1", "B", 2000, 0)), restricted=zone("urban", limit=45))["class_allowed"][0]

    assert allowed(height_m=45.0)
    assert not allowed(height_m=45.1)
    assert not allowed(height_m=30.0, building_height_m=20.0)
    assert allowed(height_m=np.nan) is pd.NA


def test_rules_by_class_and_height_come_before_those_for_all() -> None:
    rules = mast_rules({"mast_rules": "quang_nam"}, {}).spacing

    def distances(area: str, kind: str, height: float) -> list[float | None]:
        return [None if r is None else r.distance_m for r in possible_rules(rules, area, kind, height)]

    assert distances("urban", "A2a", 15.0) == [150.0]
    assert distances("urban", "A2a", 15.1) == [200.0]
    assert distances("other", "A2a", 20.0) == [350.0]
    assert distances("urban", "A2b", np.nan) == [300.0]
    assert distances("other", "A2b", 42.0) == [None]
    assert distances("urban", "A2a", np.nan) == [200.0, 150.0]
    assert distances("urban", "", 20.0) == [300.0, 200.0, None]
    assert distances("", "A2a", 10.0) == [200.0, 150.0]
    assert "no_spacing_rule" in check(lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "A", 90, 0)), rules=mast_rules({"mast_rules": "quang_nam"}, {}))["remarks"][0]


def test_the_departments_own_rules_replace_those_that_ship() -> None:
    own = {"mast_spacing": [{"id": "ours", "distance_m": 250, "status": "in force", "document": "QĐ mẫu (giả định)"}]}
    rules = mast_rules({}, own)
    assert rules.origin == "project"
    assert [r.id for r in rules.spacing] == ["ours"]
    found = check(lines(("L1", "A", "build", "A2b", 0, 0)), masts(("M1", "A", 251, 0)), rules=rules)
    assert found["spacing_ok"].tolist() == [True]
    assert RULES.origin == "hai_duong_2018"
    # nothing that ships is called legal
    assert RULES.statuses == ("unverified",)
    assert {r.status for r in RULES.areas.values()} <= {"unverified", "setting"}
    assert {t.status for t in RULES.targets.values()} == {"unverified"}


@pytest.mark.parametrize(
    ("plan", "extra", "said"),
    [
        ({"mast_rules": "ha_noi"}, {}, "there is no such set"),
        ({}, {"mast_spacing": [{"id": "x", "distance_m": 0}]}, "Distance rule 'x'"),
        ({}, {"mast_spacing": [{"id": "x", "distance_m": 10, "area": "town"}]}, "Distance rule 'x'"),
        ({}, {"mast_spacing": [{"id": "x", "distance_m": 10, "classes": ["A3"]}]}, "A1a, A1b"),
        ({}, {"mast_sharing": "x"}, "must be a list"),
        ({}, {"mast_spacing": [{"id": "x", "distance_m": 10, "height_over_m": 30, "height_up_to_m": 15}]}, "no mast is of this rule"),
        ({}, {"mast_spacing": [{"id": "x", "distance_m": 10, "status": "valid"}]}, "in force, draft, unverified, setting only"),
        ({}, {"mast_sharing": [{"id": "x", "distance_m": 10}, {"id": "x", "distance_m": 20}]}, "'x' is there twice"),
    ],
)
def test_wrong_rules_are_refused_in_one_sentence(plan: dict[str, object], extra: dict[str, object], said: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        mast_rules(plan, extra)
    assert said in caught.value.message.en


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"yeras": [2027]}, "did you mean 'years'"), ({"zone_served_share": 1.5}, "up to 1"), ({"years": 2027}, "a list of years"),
        ({"years": [2027], "budget_vnd": [1, 2]}, "for each of years"), ({"operators_per_mast": 2.5}, "a number above 0"), ({"costs": 3}, "name of a file"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_in_one_sentence(plan: dict[str, object], said: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        plan_settings(plan)
    assert said in caught.value.message.en


def test_lines_are_held_against_each_other_too() -> None:
    """A registers 300 m apart under a rule of 400 m; B shares the mast that A will build; C's nearest new mast is another's to share; D shares nothing."""
    new = lines(
        ("L1", "A", "build", "A2b", 0, 90), ("L2", "A", "build", "A2b", 300, 90), ("L3", "B", "share", "", 10, 90), ("L4", "C", "build", "A2b", 5000, 90),
        ("L5", "A", "build", "A2b", 5300, 90), ("L6", "D", "share", "", 9000, 90), ("L7", "A", "share", "", 301, 90),
    )  # fmt: skip
    found = check(new, masts(("M", "X", 20_000, 0))).assign(line_id=new["line_id"]).set_index("line_id")["remarks"].str.replace("areas_not_given", "").str.strip("; ")
    assert found.to_dict() == {
        "L1": "line_too_near", "L2": "line_too_near", "L3": "shares_planned_mast", "L4": "must_share", "L5": "must_share",
        "L6": "mast_to_share_not_found", "L7": "mast_to_share_not_found",
    }  # fmt: skip


def test_wards_and_the_departments_layer_are_urban() -> None:
    names = {"1": "Phường Mẫu", "2": "Xã Mẫu", "3": "Đặc khu Mẫu"}
    lon, lat = np.array([LON, LON, LON, LON + 1, LON + 1]), np.full(5, LAT)
    assert area_of(lon, lat, ["1", "2", "3", "2", ""], names, None) == ["urban", "other", "other", "other", ""]
    assert area_of(lon, lat, ["1", "2", "3", "2", ""], names, zone("urban")) == ["urban", "urban", "urban", "other", ""]


def sites(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    places = [away(r[2]) for r in rows]
    return pd.DataFrame(
        {
            "site_id": [r[0] for r in rows], "operator": [r[1] for r in rows], "lon": [p[0] for p in places], "lat": [p[1] for p in places],
            "status": "on_air", "mast_id": [r[3] for r in rows], "commune_code": "99001", "owner": "", "mast_class": "Tự đứng", "structure_height_m": 30.0,
            "building_height_m": np.nan,
        }
    )  # fmt: skip


def test_sites_stand_on_the_inventorys_masts() -> None:
    listed = sites(("S1", "A", 0, "M1"), ("S2", "B", 3, "M1"), ("S3", "A", 900, "M2"), ("S4", "C", 30, "M3")).assign(status=["on_air", "unknown", "on_air", "off_air"])
    lon, lat = away(12)
    inventory = pd.DataFrame(
        {"mast_id": ["C1", "C2"], "lon": [lon, np.nan], "lat": [lat, np.nan], "commune_code": "99001", "users": ["C", "A"], "owner": ["Chủ mẫu", ""],
         "mast_class": ["A2b", "A2b"], "height_m": [42.0, 36.0], "building_height_m": np.nan, "shareable": pd.array([True, pd.NA], dtype="boolean"),
         "certificate_expiry": pd.to_datetime(["2027-01-01", None]), "planned": False}
    )  # fmt: skip
    found = standing_masts(listed, inventory, same_mast_m=25.0)
    assert found[["structure_id", "operators", "site_ids", "basis"]].to_numpy().tolist() == [["C1", "A; B; C", "S1; S2", "both"], ["S3", "A", "S3", "site_list"]]
    assert found["mast_class"].tolist() == ["A2b", ""]
    assert found["height_m"].tolist() == [42.0, 30.0]
    alone = standing_masts(listed, None, same_mast_m=25.0)
    assert alone["site_ids"].tolist() == ["S1; S2", "S3"]
    assert standing_masts(listed, inventory.assign(planned=True), same_mast_m=25.0)["basis"].tolist() == ["site_list"] * 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-3000, 3000), st.floats(0, 360)), min_size=2, max_size=25), st.floats(50, 1500))
def test_near_pairs_are_those_of_a_distance_table(points: list[tuple[float, float]], within: float) -> None:
    places = np.array([away(m, b) for m, b in points])
    i, j, metres = near_pairs(places[:, 0], places[:, 1], places[:, 0], places[:, 1], within_m=within)
    table = {(a, b): GEOD.inv(*places[a], *places[b])[2] for a in range(len(places)) for b in range(len(places))}
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [pair for pair, d in sorted(table.items()) if d < within]
    assert metres.tolist() == [table[a, b] for a, b in zip(i.tolist(), j.tolist(), strict=True)]
