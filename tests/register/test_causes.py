"""What changed between two manifests, which sites did, and what of it may have caused a change."""

from __future__ import annotations

import copy
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.register import Change, PlaceFacts, SiteNear, changed_sites, files_by_kind, manifest_changes
from geo.register.causes import causes_of
from geo.register.changes import KINDS
from geo.register.sites import near_sites
from tests.register.made_up_ground import outline

MANIFEST: dict[str, Any] = {
    "vungphu": "0.1.0",
    "project": {"operators": ["Mạng A", "Mạng B"], "cell_size_m": 100.0},
    "software": {"numpy": "2.4.6"},
    "model": {"name": "P.1812", "score": None},
    "rules": {"catalogue": "vn-2026", "used": [{"id": "planning_level_4g", "threshold": -110.0, "source": "a"}]},
    "settings": {
        "coverage": {"levels_dbm": {"4G": -110.0}, "served_probability": 0.9, "counting": ["3G", "4G"], "model_error_sd_db": 8.0,
                     "absent_technologies": {}, "neighbour_operators": []},
        "ground": {"end_loss": "none"}, "villages": {"weak_cluster_households": 10.0}, "reading": {"reach_m": 15000.0},
    },
    "inputs": [
        {"file": "dem/a.tif", "sha256": "1", "tables": []},
        {"file": "sites.csv", "sha256": "2", "tables": [{"kind": "stations"}]},
        {"file": "drive/x.txt", "sha256": "3", "tables": [{"kind": "measurements"}]},
        {"file": "speed.csv", "sha256": "4", "tables": [{"kind": "speed_tests"}]},
        {"file": "villages.csv", "sha256": "5", "tables": [{"kind": "settlements"}]},
    ],
    "stages": [
        {"name": "inputs", "settings": {"inputs": {"terrain": [{"path": "dem/*.tif"}], "sites": [{"path": "sites.csv"}],
                                                   "cells": [{"path": "sites.csv"}], "measurements": [{"path": "drive/*.txt"}]}}},
        {"name": "coverage", "counts": {"operators_without_sites": []}},
    ],
}  # fmt: skip


def after(*changes: tuple[str, Any]) -> list[tuple[str, str, str, str]]:
    new = copy.deepcopy(MANIFEST)
    for path, value in changes:
        at: Any = new
        *way, last = [int(p) if p.isdigit() else p for p in path.split("/")]
        for part in way:
            at = at[part]
        at[last] = value
    return [(c.kind, c.subject, c.old, c.new) for c in manifest_changes(MANIFEST, new)]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("inputs/0/sha256", "9", ("input", "files.terrain", "dem/a.tif", "dem/a.tif")),
        ("inputs/2/sha256", "9", ("measurement", "files.measurements", "drive/x.txt", "drive/x.txt")),
        ("inputs/4/sha256", "9", ("input", "files.settlements", "villages.csv", "villages.csv")),
        ("rules/used/0/threshold", -113.0, ("rule", "planning_level_4g.threshold", "-110", "-113")),
        ("rules/catalogue", "vn-2027", ("rule", "catalogue", "vn-2026", "vn-2027")),
        ("rules/used", [], ("rule", "planning_level_4g", "listed", "")),
        ("settings/coverage/levels_dbm/4G", -113.0, ("rule", "coverage.levels_dbm.4G", "-110", "-113")),
        ("settings/coverage/served_probability", 0.95, ("rule", "coverage.served_probability", "0.9", "0.95")),
        ("settings/coverage/counting", ["4G"], ("rule", "coverage.counting", "3G, 4G", "4G")),
        ("settings/coverage/model_error_sd_db", 6.0, ("model", "coverage.model_error_sd_db", "8", "6")),
        ("settings/coverage/absent_technologies", {"Mạng A": ["5G"]}, ("input", "coverage.absent_technologies.Mạng A", "", "5G")),
        ("settings/coverage/neighbour_operators", ["Mạng A"], ("input", "coverage.neighbour_operators", "", "Mạng A")),
        ("settings/ground/end_loss", "p2108", ("model", "ground.end_loss", "none", "p2108")),
        ("settings/villages/weak_cluster_households", 20.0, ("rule", "villages.weak_cluster_households", "10", "20")),
        ("settings/reading/reach_m", 9.0, ("input", "reading.reach_m", "15000", "9")),
        ("settings/fusion", {"draws": 200}, ("model", "fusion.draws", "", "200")),
        ("settings/dead_zones", {"minimum_people": 5}, ("rule", "dead_zones.minimum_people", "", "5")),
        ("project/operators", ["Mạng A"], ("rule", "project.operators", "Mạng A, Mạng B", "Mạng A")),
        ("project/cell_size_m", 50.0, ("model", "project.cell_size_m", "100", "50")),
        ("vungphu", "0.2.0", ("model", "software.vungphu", "0.1.0", "0.2.0")),
        ("software/numpy", "2.5", ("model", "software.numpy", "2.4.6", "2.5")),
        ("model/name", "P.1812+", ("model", "model.name", "P.1812", "P.1812+")),
        ("stages/1/counts/operators_without_sites", ["Mạng B"], ("input", "site_list.Mạng B", "given", "missing")),
    ],
)
def test_each_difference_has_its_kind(path: str, value: Any, expected: tuple[str, str, str, str]) -> None:
    assert after((path, value)) == [expected]


@pytest.mark.parametrize(
    ("path", "value"),
    [("inputs/0/file", "dem/b.tif"), ("inputs/3/sha256", "9"), ("rules/used/0/source", "b"), ("model/score", 3.0), ("project/operators", ["Mạng B", "Mạng A"])],
)
def test_what_dead_zones_do_not_rest_on_is_no_change(path: str, value: Any) -> None:
    assert after((path, value)) == []


def test_a_file_may_be_of_two_kinds_and_come_or_go() -> None:
    assert files_by_kind(MANIFEST) == {
        "terrain": {"dem/a.tif": "1"}, "sites": {"sites.csv": "2"}, "cells": {"sites.csv": "2"}, "measurements": {"drive/x.txt": "3"},
        "settlements": {"villages.csv": "5"},
    }  # fmt: skip
    assert after(("inputs/1/sha256", "9")) == [("site", "files.cells", "sites.csv", "sites.csv"), ("site", "files.sites", "sites.csv", "sites.csv")]
    more = [*MANIFEST["inputs"], {"file": "drive/y.txt", "sha256": "7", "tables": [{"kind": "measurements"}]}]
    assert after(("inputs", more)) == [("measurement", "files.measurements", "", "drive/y.txt")]


# -- sites


def sites(*rows: tuple[str, float, float], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["site_id", "lon", "lat"]).assign(operator="Mạng A", status="on_air", technologies="3G,4G", structure_height_m=40.0)
    return frame.assign(**columns)


def cells(*rows: tuple[str, str, float], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["site_id", "cell_id", "azimuth_deg"])
    base = {"operator": "Mạng A", "technology": "4G", "lon": 105.5, "lat": 22.5, "antenna_height_m": 38.0, "frequency_mhz": 1842.5, "eirp_dbm": 20.0,
            "ground_m": 300.0, "index": 0, "pattern": 3}  # fmt: skip
    return frame.assign(**{**base, **columns}).astype(str)


def differing(old: pd.DataFrame, new: pd.DataFrame, old_cells: Any = None, new_cells: Any = None, **options: Any) -> list[tuple[str, ...]]:
    found = changed_sites(old, new, old_cells, new_cells, moved_m=1.0, plane_epsg=9210, **options)
    return list(found[["site_id", "change", "what"]].itertuples(index=False, name=None))


def test_sites_new_removed_and_changed() -> None:
    old = sites(("A1", 105.5, 22.5), ("A2", 105.6, 22.5), ("A3", 105.7, 22.5))
    new = sites(("A4", 105.5, 22.6), ("A2", 105.6, 22.5), ("A3", 105.7, 22.5001))
    assert differing(old, new) == [("A1", "removed", ""), ("A3", "changed", "position"), ("A4", "new", "")]
    assert differing(old, old.iloc[::-1]) == []
    assert differing(old, old.assign(status=["on_air", "off_air", "on_air"])) == [("A2", "changed", "status")]
    assert differing(old, old.assign(structure_height_m=[40.001, np.nan, 45.0])) == [("A2", "changed", "structure_height_m"), ("A3", "changed", "structure_height_m")]


def test_cells_tell_what_sites_do_not() -> None:
    place = sites(("A1", 105.5, 22.5))
    before = cells(("A1", "1", 0.0), ("A1", "2", 120.0))
    assert differing(place, place, before, before.iloc[::-1].assign(index="7", pattern="1", ground_m="310.0")) == [], "numbers and ground are no facts of a site"
    assert differing(place, place, before, before.assign(eirp_dbm="23.0")) == [("A1", "changed", "cells")]
    assert differing(place, place, before, before.iloc[:1]) == [("A1", "changed", "cells removed")]
    assert differing(place, place, before.iloc[:1], before) == [("A1", "changed", "cells added")]
    assert differing(place, place, None, before) == []


def test_a_missing_list_is_no_removal() -> None:
    old = sites(("A1", 105.5, 22.5), ("B1", 105.5, 22.5), operator=["Mạng A", "Mạng B"])
    assert differing(old, old.iloc[:1], without_list={"Mạng B"}) == []


def test_sites_near_a_place() -> None:
    changed = pd.DataFrame({"operator": ["Mạng A", "Mạng B", "Mạng A"], "site_id": ["far", "near", "in"], "lon": [105.6, 105.501, 105.5005],
                            "lat": [22.5, 22.5, 22.4995], "change": "new", "what": ""})  # fmt: skip
    places = gpd.GeoDataFrame({"operator": ["", "Mạng A", ""]}, geometry=[outline([(0, 0)])] * 2 + [None], crs=4326)
    found = near_sites(changed, places, reach_m=5000, plane_epsg=9210)
    assert [near.rows.tolist() for near in found] == [[2, 1], [2], []]
    assert found[0].distance_km[0] == 0
    assert near_sites(changed, places, reach_m=50000, plane_epsg=9210)[0].rows.tolist() == [2, 1, 0]
    assert near_sites(changed.iloc[:0], places, reach_m=5000, plane_epsg=9210)[0].rows.tolist() == []


# -- causes

SITE = (SiteNear("Mạng A", "A9", "new", "", 2.0),)
TERRAIN, PEOPLE = Change("input", "files.terrain", "a", "b"), Change("input", "files.population", "a", "b")
LEVEL, VILLAGE_RULE = Change("rule", "coverage.levels_dbm.4G", "-110", "-113"), Change("rule", "villages.weak_cluster_households", "10", "20")
CATALOGUE = Change("rule", "planning_level_4g.threshold", "-110", "-113")
VERSION, DRIVE = Change("model", "software.vungphu", "0.1", "0.2"), Change("measurement", "files.measurements", "", "x")
ALL = (TERRAIN, PEOPLE, LEVEL, CATALOGUE, VERSION, DRIVE, Change("site", "files.sites", "a", "b"))


def causes(facts: PlaceFacts, *changes: Change) -> tuple[list[str], list[str], bool]:
    found = causes_of(facts, changes)
    return [f"{c.kind} {c.standing}" for c in found.candidates], list(found.excluded), found.single


def test_nothing_changed_nothing_is_blamed() -> None:
    assert causes(PlaceFacts(appears=True)) == ([], [], False)


def test_one_candidate_is_the_cause() -> None:
    assert causes(PlaceFacts(appears=True, levels_changed=True, sites=SITE, samples_gone=0, samples_new=0)) == (["site located"], [], True)


def test_several_are_all_named() -> None:
    found = causes(PlaceFacts(appears=True, levels_changed=True, rule_touches=True, rule_effect="partly", sites=SITE, samples_gone=4, samples_new=0), *ALL)
    assert found == (["site located", "measurement located", "rule located", "input possible", "model possible"], [], False)


def test_equal_levels_rule_out_what_acts_through_levels() -> None:
    facts = PlaceFacts(appears=True, levels_changed=False, rule_touches=False, sites=SITE, samples_gone=0, samples_new=0)
    assert causes(facts, TERRAIN, DRIVE) == ([], ["site", "measurement", "input"], False)
    assert causes(facts, TERRAIN, PEOPLE) == (["input possible"], ["site"], True), "people are not in the level"
    assert causes(facts, VERSION) == (["model possible"], ["site"], True), "zones may be drawn in another way"
    assert causes(facts, Change("model", "ground.end_loss", "a", "b")) == ([], ["site", "model"], False)
    assert causes(facts, Change("input", "coverage.neighbour_operators", "", "A")) == (["input possible"], ["site"], True), "it decides states"
    unknown = PlaceFacts(appears=True, sites=SITE)
    assert causes(unknown, TERRAIN, DRIVE) == (["site located", "measurement possible", "input possible"], [], False)


def test_a_change_by_the_rule_alone_rules_out_the_rest() -> None:
    facts = PlaceFacts(appears=True, levels_changed=True, rule_touches=True, rule_effect="only", sites=SITE, samples_gone=2, samples_new=1)
    assert causes(facts, *ALL) == (["rule shown"], ["site", "measurement", "input", "model"], True)


def test_a_rule_without_effect_here_is_ruled_out() -> None:
    untouched = PlaceFacts(appears=False, levels_changed=True, rule_touches=False, rule_effect="none", sites=SITE, samples_gone=0, samples_new=0)
    assert causes(untouched, LEVEL, CATALOGUE) == (["site located"], ["rule"], True)
    either = PlaceFacts(appears=True, levels_changed=True, rule_touches=True, rule_effect="none", sites=SITE, samples_gone=0, samples_new=0)
    assert causes(either, LEVEL) == (["site located"], ["rule"], True)
    shape = PlaceFacts(appears=False, levels_changed=True, rule_touches=True, rule_effect="none", sites=SITE, samples_gone=0, samples_new=0)
    assert causes(shape, LEVEL) == (["site located", "rule located"], [], False), "it may have moved the outline"
    assert causes(untouched, LEVEL, VILLAGE_RULE)[0] == ["site located", "rule possible"], "that rule cannot be found again"
    assert causes(PlaceFacts(appears=True, rule_touches=None, rule_effect="not_recomputable"), LEVEL)[0] == ["rule possible"]


def test_sites_that_cannot_be_compared_stay_a_candidate() -> None:
    files = Change("site", "files.cells", "a", "b")
    assert causes(PlaceFacts(appears=True), files) == ([], ["site"], False), "no site within reach changed"
    assert causes(PlaceFacts(appears=True, sites_known=False), files) == (["site possible"], [], True)
    assert causes(PlaceFacts(appears=True, sites_known=False, levels_changed=False), files) == ([], ["site"], False)


def test_a_list_that_is_missing_is_named() -> None:
    gone = Change("input", "site_list.Mạng B", "given", "missing")
    assert causes(PlaceFacts(appears=True, lists_missing=("Mạng B",)), gone, TERRAIN)[0] == ["input located"]


@given(
    st.lists(st.sampled_from([*ALL, VILLAGE_RULE]), unique=True), st.sampled_from([None, True, False]), st.sampled_from([None, True, False]),
    st.sampled_from(["", "none", "only", "partly", "hides", "not_recomputable"]), st.booleans(), st.sampled_from([None, 0, 3]), st.booleans(),
)  # fmt: skip
def test_every_kind_that_changed_is_a_candidate_or_ruled_out_never_both(
    changes: list[Change], levels: bool | None, touches: bool | None, effect: str, near: bool, samples: int | None, appears: bool
) -> None:
    facts = PlaceFacts(appears, levels, touches, effect, SITE if near else (), samples_gone=samples, samples_new=None if samples is None else 0)
    found = causes_of(facts, changes)
    left, out = {c.kind for c in found.candidates}, set(found.excluded)
    assert not left & out
    changed = {c.kind for c in changes} | ({"site"} if near else set()) | ({"measurement"} if samples else set())
    assert left | out == changed | ({"rule"} if effect == "only" else set())
    assert list(found.excluded) == [k for k in KINDS if k in out]
    if effect != "only" and levels is not False and touches is None and effect != "none":
        nothing_near = {"site"} if not near else set()
        assert out <= nothing_near, "nothing is ruled out without a reason"
    again = causes_of(facts, changes[::-1])
    assert [(c.kind, c.standing) for c in again.candidates] == [(c.kind, c.standing) for c in found.candidates]
