"""Village classes by hand: the first that holds, and nothing claimed that is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import Coverage, CoverageSettings, Reason, coverage_settings, technology_rules
from geo.crs import from_wgs84, to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.villages import VILLAGE_COLUMNS, classify_villages, village_cells, village_settings

EPSG = 9210
X, Y = (float(v[0]) for v in from_wgs84([105.5], [22.5], EPSG))
GRID = Grid(EPSG, X, Y, 100.0, 9, 9)
LATE, EARLY = date(2026, 11, 1), date(2026, 6, 1)
SETTINGS = village_settings(weak_cluster_households=10, persons_per_household=4)


def rules(on: date = LATE) -> CoverageSettings:
    return coverage_settings(technology_rules("vn-2026", on))


def place(row: float, column: float) -> dict[str, float]:
    """The centre of a cell."""
    lon, lat = to_wgs84([X + (column + 0.5) * 100], [Y - (row + 0.5) * 100], EPSG)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


def villages(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "village_id": "v", "village_name": "Bản", "commune_code": "00001", **place(4, 4), "point_kind": "centroid", "households": np.nan,
        "population": np.nan, "grid_power": pd.NA, "difficult_area": pd.NA, "file": "v.csv", "sheet": "",
    }  # fmt: skip
    return pd.DataFrame([{**base, "village_id": f"v{i}", "row": i + 2, **row} for i, row in enumerate(rows)])


def covered(layers: dict[tuple[str, str], Any], reason: Reason = Reason.TERRAIN) -> Coverage:
    """Coverage from state codes: one number for all cells, or an array."""
    names = tuple(sorted(layers))
    state = np.stack([np.broadcast_to(np.asarray(layers[n], np.uint8), GRID.shape) for n in names]).copy()
    level = np.select([state == 2, state == 3, state == 4], [-80.0, -110.0, -140.0], np.nan).astype(np.float32)
    probability = np.select([state == 2, state == 3, state == 4], [0.99, 0.5, 0.01], np.nan).astype(np.float32)
    why = np.where(state == 6, reason, 0).astype(np.uint8)
    return Coverage(GRID, names, level, probability, probability.copy(), state, why)


def sites(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {"operator": "A", "status": "on_air"}
    frame = pd.DataFrame([{**base, "site_id": f"s{i}", **row} for i, row in enumerate(rows)])
    return frame if len(frame) else pd.DataFrame({k: pd.Series(dtype=t) for k, t in (("operator", str), ("site_id", str), ("status", str), ("lon", float), ("lat", float))})


def classified(
    table: pd.DataFrame, coverage: Coverage, *, on: date = LATE, owned: np.ndarray | None = None, **options: Any
) -> pd.DataFrame:
    if owned is None:
        owned = village_cells(table, GRID, np.zeros(GRID.shape, np.int32), ["00001"])
    return classify_villages(
        table, coverage, options.pop("sites", sites()), cells_of_villages=owned, settings=rules(on), village_settings=SETTINGS, **options
    )


def one(states: dict[tuple[str, str], Any], **options: Any) -> pd.Series:
    return classified(villages({}), covered(states), **options).iloc[0]


A3, A4, A5, B3, B4 = ("A", "3G"), ("A", "4G"), ("A", "5G"), ("B", "3G"), ("B", "4G")
NONE = {A3: 4, A4: 4, A5: 4, B3: 4, B4: 4}

# -- classes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "expected", "single", "serving", "undecided"),
    [
        ({}, "white", False, "", ""),
        ({A4: 5, B4: 5}, "white", False, "", ""),
        ({A4: 3}, "undecided", None, "", "A=uncertain"),
        ({B4: 6}, "undecided", None, "", "B=terrain"),
        ({A4: 3, A3: 6, B4: 6}, "undecided", None, "", "A=terrain+uncertain; B=terrain"),
        ({A4: 2}, "single_operator", True, "A", ""),
        ({A4: 1}, "single_operator", True, "A", ""),
        ({A4: 2, B4: 3}, "served", None, "A", "B=uncertain"),
        ({A4: 2, B4: 6}, "served", None, "A", "B=terrain"),
        ({A4: 2, B4: 2}, "served", False, "A; B", ""),
        ({A3: 2}, "no_4g", True, "A", ""),
        ({A3: 2, B3: 2}, "no_4g", False, "A; B", ""),
        ({A3: 2, B3: 2, B4: 3}, "served", False, "A; B", ""),  # 4G is not known to be absent
        ({A3: 2, A5: 6}, "single_operator", True, "A", ""),  # nor is 5G
    ],
)
def test_the_first_class_that_holds(
    states: dict[Any, int], expected: str, single: bool | None, serving: str, undecided: str
) -> None:
    got = one({**NONE, **states})
    assert got["class"] == expected
    assert (None if got["single_operator"] is pd.NA else got["single_operator"]) == single
    assert (got["operators_serving"], got["operators_undecided"]) == (serving, undecided)
    assert list(got.index) == list(VILLAGE_COLUMNS)


def test_2g_is_voice_while_it_counts_and_nothing_but_a_note_after() -> None:
    states = {**NONE, ("A", "2G"): 2, ("B", "2G"): 4}
    before, after = one(states, on=EARLY), one(states, on=LATE)
    assert (before["class"], before["best_technology"], before["service_not_counting"]) == ("voice_only", "2G", "")
    assert (after["class"], after["service_not_counting"]) == ("white", "A 2G")
    assert after["best_technology"] != "2G"
    assert one({**states, ("A", "3G"): 2}, on=EARLY)["class"] == "no_4g"


def test_best_server_level_probability_and_margin() -> None:
    got = one({**NONE, A4: 2, B3: 3})
    assert (got["best_operator"], got["best_technology"]) == ("A", "4G")
    assert got["best_rsrp_dbm"] == pytest.approx(-80)
    assert got["probability"] == pytest.approx(0.99)
    assert got["margin_db"] == pytest.approx(30)
    assert got["evidence"] == "predicted"
    nothing = one(dict.fromkeys(NONE, 6))
    assert (nothing["best_operator"], nothing["evidence"], nothing["class"]) == ("", "none", "undecided")
    assert np.isnan(nothing["best_rsrp_dbm"])
    assert np.isnan(nothing["probability"])


def test_the_newest_generation_that_serves_is_best_however_strong_an_older_one_is() -> None:
    def best(states: dict[Any, int], levels: dict[Any, float]) -> tuple[str, str, float]:
        made = covered({**NONE, **states})
        level = made.level_dbm.copy()
        for layer, dbm in levels.items():
            level[made.index(*layer)] = dbm
        got = classified(villages({}), replace(made, level_dbm=level)).iloc[0]
        return got["best_operator"], got["best_technology"], round(float(got["best_rsrp_dbm"]), 3)

    assert best({A3: 2, B4: 2}, {A3: -50.0, B4: -95.0}) == ("B", "4G", -95)  # RSCP and RSRP do not compare
    assert best({A4: 2, B4: 2}, {A4: -90.0, B4: -85.0}) == ("B", "4G", -85)
    assert best({A3: 2, A4: 3}, {A3: -90.0, A4: -100.0}) == ("A", "3G", -90)  # served before uncertain
    assert best({A3: 3, B4: 3}, {A3: -90.0, B4: -112.0}) == ("B", "4G", -112)
    assert best({A5: 6, B3: 2}, {A5: -60.0, B3: -90.0}) == ("B", "3G", -90)  # of 5G nothing is said


@pytest.mark.parametrize("code", [4, 6])
def test_where_nobody_serves_the_smallest_shortfall_is_best(code: int) -> None:
    """Unserved, or unknown because a neighbour's list is missing: then no probability is known at all."""
    level = {A3: -114.9, A4: -150.0, A5: -166.9, B3: -115.0, B4: -149.0}
    made = covered(dict.fromkeys(level, code), Reason.NEIGHBOUR_SITES)
    levels = np.stack([np.full(GRID.shape, level[layer], np.float32) for layer in made.layers])
    chance = np.full_like(made.probability, 0.0 if code == 4 else np.nan)

    def best(**levels_dbm: float) -> pd.Series:
        rules_now = replace(rules(), levels_dbm=levels_dbm)
        table = villages({})
        owned = village_cells(table, GRID, np.zeros(GRID.shape, np.int32), ["00001"])
        here = replace(made, level_dbm=levels, probability=chance)
        return classify_villages(
            table, here, sites(), cells_of_villages=owned, settings=rules_now, village_settings=SETTINGS
        ).iloc[0]

    got = best(**{"3G": -100.0, "4G": -110.0, "5G": -110.0})
    assert (got["best_operator"], got["best_technology"]) == ("A", "3G")
    assert got["margin_db"] == pytest.approx(-14.9, abs=0.01)
    assert best(**{"4G": -110.0})["best_operator"] == "B", "no margin of 3G and 5G is known"
    blank = best()
    assert (blank["best_operator"], blank["best_technology"]) == ("", "")
    assert np.isnan(blank["best_rsrp_dbm"])


def test_points_outside_or_without_a_place_are_undecided_never_white() -> None:
    table = villages({}, {"lon": np.nan, "lat": np.nan}, place(50, 50))
    got = classified(table, covered(NONE), sites=sites(place(0, 0)))
    assert got["class"].tolist() == ["white", "undecided", "undecided"]
    assert got["operators_undecided"].tolist() == ["", "A=outside; B=outside", "A=outside; B=outside"]
    assert got["evidence"].tolist() == ["predicted", "none", "none"]
    assert got["nearest_site_id"].tolist() == ["s0", "", "s0"]
    assert np.isnan(got["nearest_site_km"][1])


def test_nearest_site_is_one_that_may_be_on_air() -> None:
    listed = sites({**place(4, 4), "status": "off_air"}, {**place(4, 5), "status": "planned"}, place(4, 7), {**place(0, 0), "status": ""})
    got = one(NONE, sites=listed)
    assert got["nearest_site_id"] == "s2"
    assert got["nearest_site_km"] == pytest.approx(0.3, abs=1e-6)
    assert one(NONE)["nearest_site_id"] == ""


# -- weak ------------------------------------------------------------------------------------------


def state_with(corner: int, side: int = 3) -> np.ndarray:
    """Served but for the north-west corner."""
    state = np.full(GRID.shape, 2, np.uint8)
    state[:side, :side] = corner
    return state


def houses(*cells: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame([place(r, c) for r, c, n in cells for _ in range(n)])


@pytest.mark.parametrize(
    ("corner", "buildings", "expected"),
    [
        (4, [(0, 0, 6), (1, 1, 4)], True),  # ten in cells that touch at a corner
        (4, [(0, 0, 6), (1, 1, 3)], False),
        (4, [(0, 0, 6), (0, 2, 6)], False),  # two clusters of six
        (4, [(0, 0, 5), (0, 1, 1), (0, 2, 5)], True),
        (4, [(8, 8, 50)], False),  # all of them served
        (3, [(0, 0, 6), (1, 1, 4)], None),  # perhaps
        (6, [(0, 0, 6), (1, 1, 4)], None),
        (3, [(0, 0, 6)], False),  # too few whatever becomes of them
    ],
)
def test_weak_is_an_unserved_cluster_of_n_households(
    corner: int, buildings: list[tuple[int, int, int]], expected: bool | None
) -> None:
    a4 = state_with(corner)
    if corner == 4 and buildings == [(0, 0, 6), (0, 2, 6)]:
        a4[:, 1] = 2  # a served lane between them
    states = {A4: a4, B4: np.full(GRID.shape, 4)}
    got = one(states, buildings=houses(*buildings))
    assert got["cluster_basis"] == "buildings"
    assert (None if got["weak"] is pd.NA else got["weak"]) == expected
    assert got["class"] == ("weak" if expected else "single_operator")


def test_houses_beyond_the_area_leave_weak_as_it_is() -> None:
    """No state is stated beyond the border: what stands there is neither unserved nor undecided."""
    beyond = {A4: state_with(0), B4: state_with(0)}
    got = one(beyond, buildings=houses((0, 0, 50), (5, 5, 3)))
    assert got["cluster_basis"] == "buildings"
    assert (got["weak"], got["class"]) == (False, "served")
    assert one({A4: state_with(3), B4: state_with(3)}, buildings=houses((0, 0, 50), (5, 5, 3)))["weak"] is pd.NA


def test_a_point_in_a_cell_of_the_grid_beyond_the_border_is_outside_with_no_level() -> None:
    state = np.full(GRID.shape, 2, np.uint8)
    state[4, 4] = 0
    got = one({A4: state, B4: state})
    assert (got["class"], got["operators_serving"], got["operators_undecided"]) == ("undecided", "", "A=outside; B=outside")
    assert got["evidence"] == "none"
    assert np.isnan(got["best_rsrp_dbm"])
    assert np.isnan(got["probability"])


def test_cells_that_touch_at_a_corner_are_one_cluster() -> None:
    a4 = np.full(GRID.shape, 2, np.uint8)
    a4[0, 0] = a4[1, 1] = 4
    assert one({A4: a4}, buildings=houses((0, 0, 5), (1, 1, 5)))["weak"]
    a4[1, 1], a4[2, 2] = 2, 4
    assert not one({A4: a4}, buildings=houses((0, 0, 5), (2, 2, 5)))["weak"]


def test_households_of_the_list_lie_on_its_buildings_or_its_people() -> None:
    states = {A4: state_with(4)}
    half = houses((0, 0, 5), (5, 5, 5))
    assert not one(states, buildings=half)["weak"]
    many = classified(villages({"households": 40.0}), covered(states), buildings=half).iloc[0]
    assert bool(many["weak"])  # 20 of the 40 live in the corner
    assert many["households"] == 40
    people = np.zeros(GRID.shape)
    people[0, 0], people[5, 5], people[8, 8] = 44, 100, np.nan
    got = classified(villages({}), covered(states), population=people).iloc[0]
    assert (got["cluster_basis"], bool(got["weak"]), got["population"]) == ("population", True, 144)  # 11 households
    people[0, 0] = 36
    assert not classified(villages({}), covered(states), population=people).iloc[0]["weak"]
    assert one(states, buildings=half)["households"] == 10


def test_without_households_weak_is_never_issued() -> None:
    got = one({A4: state_with(4), B4: np.full(GRID.shape, 2)})
    assert (got["cluster_basis"], got["class"]) == ("cells", "served")
    assert got["weak"] is pd.NA
    outside = classified(villages(place(50, 50)), covered(NONE), owned=np.full(GRID.shape, -1, np.int32)).iloc[0]
    assert outside["cluster_basis"] == ""
    assert np.isnan(got["households"])


def test_white_and_undecided_come_before_weak() -> None:
    buildings = houses((0, 0, 50))
    assert one(NONE, buildings=buildings)["class"] == "white"
    assert not one(NONE, buildings=buildings)["weak"]
    undecided = one({**NONE, A4: 3}, buildings=buildings)
    assert undecided["class"] == "undecided"
    assert undecided["weak"] is pd.NA


# -- which cells are a village's -------------------------------------------------------------------


def test_cells_go_to_the_nearest_village_of_their_commune() -> None:
    table = villages(
        {**place(0, 0), "commune_code": "00001"},
        {**place(8, 0), "commune_code": "00001"},
        {**place(0, 5), "commune_code": "00002"},
        {**place(8, 8), "commune_code": ""},  # by its place
        {"lon": np.nan, "lat": np.nan, "commune_code": "00001"},
    )
    index = np.zeros(GRID.shape, np.int32)
    index[:, 4:] = 1
    index[:, 8] = -1
    index[8, 8] = 1
    got = village_cells(table, GRID, index, ["00001", "00002"])
    np.testing.assert_array_equal(got[:, 3], [0, 0, 0, 0, got[4, 3], 1, 1, 1, 1])
    np.testing.assert_array_equal(got[:2, 4], [2, 2])  # nearer to village 0, but of another commune
    assert got[8, 8] == 3
    assert (got[:8, 8] == -1).all()
    with pytest.raises(GridMismatchError):
        village_cells(table, GRID, index[:3], ["00001", "00002"])


def test_a_hamlet_polygon_is_the_whole_village() -> None:
    table = villages(place(4, 4), place(0, 8))
    corners = [place(3.4, 3.4), place(3.4, 5.6), place(5.6, 5.6), place(5.6, 3.4)]
    polygon = shapely.Polygon([(c["lon"], c["lat"]) for c in corners])
    hamlets = gpd.GeoDataFrame({"village_id": ["v0", "other"]}, geometry=[polygon, polygon], crs=4326)
    got = village_cells(table, GRID, np.zeros(GRID.shape, np.int32), ["00001"], hamlets)
    expected = np.zeros(GRID.shape, bool)
    expected[4:6, 4:6] = True
    np.testing.assert_array_equal(got == 0, expected)
    assert got[0, 8] == 1
    assert got[8, 0] == -1  # nearest to the village with the polygon, but not in it


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=80)
@given(
    codes=st.lists(st.sampled_from([2, 3, 4, 6]), min_size=5, max_size=5),
    worse=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_knowing_less_never_makes_a_village_white_or_single(codes: list[int], worse: list[bool]) -> None:
    names = [A3, A4, A5, B3, B4]
    known = dict(zip(names, codes, strict=True))
    less = {n: (6 if w else c) for (n, c), w in zip(known.items(), worse, strict=True)}
    before, after = one(known), one(less)
    for claim in ("white", "no_4g", "voice_only"):
        if after["class"] == claim:
            assert before["class"] in (claim, "weak")
    if after["single_operator"] is True or (after["single_operator"] is not pd.NA and after["single_operator"]):
        assert bool(before["single_operator"])
