"""Dead zones as a whole: what stands beside each, ids that do not hang on the order of rows, books that balance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from geo.coverage import Coverage, State
from geo.dead_zones import (
    CLASSES,
    DEAD_ZONE_COLUMNS,
    DeadZones,
    Places,
    ZoneSet,
    households_on_grid,
    state_findings,
)
from geo.errors import GridMismatchError
from geo.io.resources import issue_catalogue, load_toml
from geo.validation import IssueLog
from geo.villages import VillageSettings, classify_villages, village_cells
from tests.dead_zones.made_up import EPSG, LETTERS, covered, found_in, place, rules, villages

A3, A4, B3, B4 = (("A", "3G"), ("A", "4G"), ("B", "3G"), ("B", "4G"))


def over_all(found: DeadZones) -> ZoneSet:
    assert found.all is not None
    return found.all


def frame_of(coverage: Coverage, places: Places | None = None, **options: Any) -> gpd.GeoDataFrame:
    return over_all(found_in(coverage, places, scopes=("all",), **options)).frame


# -- what stands beside a zone ---------------------------------------------------------------------


def test_a_zone_with_all_that_is_known_of_it() -> None:
    #      0  1  2  3
    # 0    x  x  s  s      commune 00002 has the first column, 00001 the rest
    # 1    s  x  s  s
    # 2    s  s  s  X
    made = covered({A4: "xxss\nsxss\nsssX", B4: "xxss\nsxss\nsssX"})
    population = np.array([[10, 30, 1, 1], [1, 20, 1, 1], [1, 1, 1, np.nan]])
    unit = np.ones((3, 4), dtype=np.int32)
    unit[:, 0] = 0
    table = villages(
        {**place(0, 1), "difficult_area": True, "deadline": "2026-12-31"},
        {**place(1, 1), "difficult_area": pd.NA, "deadline": "2026-11-21"},
        {**place(0, 3), "difficult_area": True},
    )
    facilities = pd.DataFrame(
        {"facility_id": ["f1", "f0", "f2"], "kind": ["school", "market", "clinic"], **pd.DataFrame([place(0, 0), place(1, 1), place(2, 2)]).to_dict("list")}
    )
    sites = pd.DataFrame(
        [{"operator": "B", "site_id": "b1", "status": "on_air", **place(0, 3)}, {"operator": "A", "site_id": "a1", "status": "planned", **place(0, 2)}]
    )
    places = Places(
        unit_index=unit, commune_codes=("00002", "00001"), population=population, villages=table, facilities=facilities, sites=sites
    )
    found = over_all(found_in(made, places, scopes=("all",)))
    assert list(found.frame.columns) == [*DEAD_ZONE_COLUMNS, "geometry"]
    assert found.frame.crs.to_epsg() == 4326
    first, second = (found.frame.iloc[i] for i in range(2))
    assert (first["dead_zone_id"], second["dead_zone_id"]) == ("TS-00001-001", "TS-00001-002")
    assert (first["commune_codes"], first["commune_shares"]) == ("00001; 00002", "0.8333; 0.1667")  # 50 and 10 of 60 people
    assert (first["population"], first["population_in_cells"]) == (60.0, 60.0)
    assert np.isnan([first["population_low"], first["population_high"], second["population"]]).all()
    assert second["population_unknown_km2"] == pytest.approx(0.01, rel=1e-3)
    assert (first["villages"], first["village_ids"], first["villages_difficult"]) == (2, "v0; v1", 1)
    assert first["deadline"] == pd.Timestamp("2026-11-21")
    assert (first["facilities"], first["facility_ids"], first["facilities_counted"]) == (2, "f0; f1", 1)
    assert (second["villages"], second["facilities"], second["villages_difficult"]) == (0, 0, 0)
    assert (first["operators_missing"], first["operators_serving"]) == ("A; B", "")
    assert (first["evidence"], second["evidence"]) == ("predicted", "measured")
    # Most people live in row 0, column 1; b1 is two cells away, a1 is not built yet.
    assert (first["lon"], first["lat"]) == (pytest.approx(place(0, 1)["lon"]), pytest.approx(place(0, 1)["lat"]))
    assert (first["nearest_site_operator"], first["nearest_site_id"]) == ("B", "b1")
    assert first["nearest_site_km"] == pytest.approx(0.2, abs=1e-5)
    assert first["white_share"] == 1.0
    assert (first["cells"], found.label.tolist()) == (3, [[0, 0, -1, -1], [-1, 0, -1, -1], [-1, -1, -1, 1]])
    # Deadline in 20 days, one difficult village of two, one school, 60 people; no cost is known.
    terms = {"people": 60 / 260, "villages": 0.5, "facilities": 0.5, "deadline": 90 / 110}
    for name, value in terms.items():
        assert first[f"priority_{name}"] == pytest.approx(value)
    weights = {"people": 0.4, "villages": 0.2, "facilities": 0.15, "deadline": 0.15}
    assert first["priority"] == pytest.approx(sum(weights[t] * terms[t] for t in terms) / sum(weights.values()))
    assert first["priority_unknown"] == "cost"
    assert second["priority_unknown"] == "people; cost"


def test_unknown_stays_unknown() -> None:
    zone = frame_of(covered({A4: "x", B4: "x"})).iloc[0]
    for name in ("population", "priority", "nearest_site_km", "ridge_lon"):
        assert np.isnan(zone[name])
    for name in ("villages", "villages_difficult", "facilities"):
        assert zone[name] is pd.NA
    assert zone["dead_zone_id"] == "TS-001"
    assert (zone["commune_codes"], zone["nearest_site_id"], zone["reason"], zone["village_ids"]) == ("", "", "", "")
    assert zone["priority_unknown"] == "people; villages; facilities; deadline; cost"
    difficult = frame_of(covered({A4: "x", B4: "x"}), Places(villages=villages(place(0, 0)))).iloc[0]
    assert difficult["villages"] == 1
    assert difficult["villages_difficult"] is pd.NA
    assert "villages; " in difficult["priority_unknown"]
    assert np.isnan(difficult["priority_deadline"])


def test_classes_are_listed_in_order_each_with_its_own_zones() -> None:
    # 0: white, 1: no_4g, 2: only A, 3: only B, 4: both, 5: undecided
    made = covered({A3: "xssxs?", A4: "xxsxsx", B3: "xxxssx", B4: "xxxssx"}, indoors="xxxxxx")
    found = over_all(found_in(made, Places(population=np.array([[1, 2, 3, 4, 5, 6]])), scopes=("all",)))
    table = found.frame.set_index("dead_zone_id")
    assert table["class"].tolist() == ["white", "no_4g", "single_operator", "single_operator", "indoor_only"]
    assert table["population_in_cells"].tolist() == [1, 2, 3, 4, 5]
    assert table["operators_missing"].tolist() == ["A; B", "A; B", "B", "A", "A; B"]  # A's and B's zones are two
    assert table["operators_serving"].tolist() == ["", "A", "A", "B", "A; B"]
    assert [CLASSES.index(name) for name in table["class"]] == sorted(CLASSES.index(name) for name in table["class"])
    totals = found.totals.set_index("class")
    assert totals["population"].to_dict() == {"white": 1, "no_4g": 2, "single_operator": 7, "indoor_only": 5, "unserved": 1, "all": 15}


def test_per_operator_and_technology() -> None:
    made = covered({A3: "xxxss", A4: "xxsss", B3: "sxsss", B4: "xxsss"})
    found = found_in(made, Places(population=np.array([[1, 2, 4, 8, 16]])))
    assert sorted(found.by_operator) == ["A", "B"]
    assert sorted(found.by_layer) == [A3, A4, B3, B4]
    a, layer = found.by_operator["A"].frame.iloc[0], found.by_layer[A3].frame.iloc[0]
    assert (a["dead_zone_id"], a["class"], a["operator"], a["technology"], a["operators_missing"]) == ("a-001", "", "A", "", "A")
    assert (a["population"], a["white_share"], a["operators_serving"]) == (3.0, pytest.approx(0.5, rel=1e-5), "B")
    assert (layer["dead_zone_id"], layer["operator"], layer["technology"], layer["population"]) == ("a-3g-001", "A", "3G", 7.0)
    assert found.by_operator["B"].frame["population"].tolist() == [2.0]
    assert len(found.table()) == len(over_all(found).frame)
    only = found_in(made, scopes=("operator",))
    assert (only.all, only.by_layer, only.roads) == (None, {}, None)


def test_arrays_of_another_grid_are_refused() -> None:
    with pytest.raises(GridMismatchError):
        found_in(covered({A4: "xx"}), Places(population=np.zeros((2, 2))))


def test_of_several_sites_on_one_mast_the_first_in_order_is_named() -> None:
    names = [(o, f"s{k}") for k in range(8) for o in "BA"]
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(len(names))
        sites = pd.DataFrame([{"operator": names[i][0], "site_id": names[i][1], "status": "on_air", **place(0, 5)} for i in order])
        zone = frame_of(covered({A4: "xs", B4: "xs"}), Places(sites=sites)).iloc[0]
        assert (zone["nearest_site_operator"], zone["nearest_site_id"]) == ("A", "s0")


# -- weak zones ------------------------------------------------------------------------------------


def weak_setting(point: tuple[int, int], houses: list[tuple[int, int]]) -> tuple[Coverage, Places]:
    """A village with buildings, in and around an unserved corner of 2 × 2 cells."""
    made = covered({A4: "ssss\nssxx\nssxx", B4: "ssss\nssxx\nssxx"})
    table = villages(place(*point)).assign(point_kind="centroid", grid_power=None)
    owned = village_cells(table, made.grid, np.zeros((3, 4), np.int32), ["00001"])
    buildings = pd.DataFrame([place(*house) for house in houses])
    empty = pd.DataFrame({"operator": [], "site_id": [], "status": [], "lon": [], "lat": []})
    classed = classify_villages(
        table, made, empty, cells_of_villages=owned, settings=rules(), village_settings=VillageSettings(10, 4), buildings=buildings
    )
    households = households_on_grid(
        classed, owned, made.grid, buildings=buildings, population=None, persons_per_household=4
    )
    return made, Places(villages=classed, cells_of_villages=owned, households=households)


def test_a_cluster_beside_a_served_point_makes_a_weak_zone() -> None:
    made, places = weak_setting((0, 0), [(1, 2)] * 10)
    zone = frame_of(made, places).iloc[0]
    assert places.villages is not None
    assert places.villages["class"].tolist() == ["weak"]
    assert (zone["class"], zone["dead_zone_id"]) == ("weak", "LS-001")
    assert (zone["villages"], zone["villages_weak"], zone["weak_village_ids"]) == (0, 1, "v0")


def test_too_small_a_cluster_leaves_the_zone_white_and_so_does_a_village_s_point_in_it() -> None:
    made, places = weak_setting((0, 0), [(1, 2)] * 9)
    assert frame_of(made, places)["class"].tolist() == ["white"]
    made, places = weak_setting((2, 3), [(1, 2)] * 10)
    zone = frame_of(made, places).iloc[0]
    assert (zone["class"], zone["villages"], zone["villages_weak"]) == ("white", 1, 0)
    # Houses that lie in no unserved cell make no cluster.
    made, places = weak_setting((0, 0), [(0, 1)] * 10)
    assert frame_of(made, places)["class"].tolist() == ["white"]


def test_a_zone_of_a_village_is_listed_however_small() -> None:
    large = {"least_area_km2": 1.0, "least_people": 1e6}
    for point, houses, kept in (((0, 0), [(1, 2)] * 10, True), ((2, 3), [(0, 0)], True), ((0, 0), [(1, 2)] * 9, False)):
        made, places = weak_setting(point, houses)
        found = over_all(found_in(made, places, scopes=("all",), zone_settings=large))
        assert len(found.frame) == int(kept)
        assert found.sieved.set_index("class").loc["white", "zones"] == int(not kept)
        assert not len(frame_of(made, places, zone_settings={**large, "keep_villages": False}))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_a_village_is_weak_or_white_exactly_where_a_zone_says_so(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = np.where(gaussian_filter(rng.standard_normal((14, 14)), 1.2) > 0.1, LETTERS["x"], LETTERS["s"]).astype(np.uint8)
    made = covered({A4: state, B4: state})
    table = villages(*[place(*rng.uniform(0, 13, 2)) for _ in range(5)]).assign(point_kind="centroid", grid_power=None)
    table["households"] = np.where(rng.random(5) < 0.5, rng.integers(5, 200, 5).astype(float), np.nan)
    owned = village_cells(table, made.grid, np.zeros((14, 14), np.int32), ["00001"])
    buildings = pd.DataFrame([place(*rng.integers(0, 14, 2)) for _ in range(60)]) if rng.random() < 0.5 else None
    population = np.where(rng.random((14, 14)) < 0.5, rng.gamma(1, 8, (14, 14)), np.nan) if rng.random() < 0.7 else None
    empty = pd.DataFrame({"operator": [], "site_id": [], "status": [], "lon": [], "lat": []})
    classed = classify_villages(
        table, made, empty, cells_of_villages=owned, settings=rules(), village_settings=VillageSettings(3, 4), buildings=buildings, population=population
    )
    households = households_on_grid(classed, owned, made.grid, buildings=buildings, population=population, persons_per_household=4)
    places = Places(population=population, villages=classed, cells_of_villages=owned, households=households)
    frame = frame_of(made, places, weak_cluster_households=3)

    def named(column: str) -> set[str]:
        return {code for text in frame[column] for code in text.split("; ") if code}

    ids = classed["village_id"]
    assert named("weak_village_ids") == set(ids[classed["weak"].fillna(False).astype(bool)])
    assert named("village_ids") == set(ids[classed["class"] == "white"])
    weak = frame["class"] == "weak"
    assert (weak == ((frame["villages_weak"] > 0) & (frame["villages"] == 0))).all()


# -- ids and order ---------------------------------------------------------------------------------


def test_ids_count_within_a_class_and_commune_from_north_to_south() -> None:
    made = covered({A4: "xsx\nsss\nxsx", B4: "xsx\nsss\nxss"})
    unit = np.array([[0, 0, 1]] * 3, dtype=np.int32)
    frame = frame_of(made, Places(unit_index=unit, commune_codes=("00009", "00003")))
    assert frame["dead_zone_id"].tolist() == ["TS-00003-001", "TS-00009-001", "TS-00009-002", "1M-00003-001"]
    assert frame["lat"].iloc[1] > frame["lat"].iloc[2]


def made_up_area(seed: int) -> tuple[Coverage, Places, gpd.GeoDataFrame]:
    """Ragged zones of all kinds with everything around them."""
    rng = np.random.default_rng(seed)
    side = 20
    drawn = {}
    for name in (A3, A4, B3, B4):
        field = gaussian_filter(rng.standard_normal((side, side)), 1.5)
        cuts = np.quantile(field, [0.35, 0.42, 0.46])
        codes = [State.PREDICTED_SERVED, State.UNCERTAIN, State.UNKNOWN, State.PREDICTED_UNSERVED]
        drawn[name] = np.array(codes, dtype=np.uint8)[np.searchsorted(cuts, field)]
    made = covered(drawn)
    table = villages(*[{**place(*rng.uniform(0, 19, 2)), "weak": bool(rng.integers(0, 2)), "difficult_area": True} for _ in range(9)])
    owned = rng.integers(-1, 9, (side, side)).astype(np.int32)
    facilities = pd.DataFrame([{"facility_id": f"f{i}", "kind": "school", **place(*rng.uniform(0, 19, 2))} for i in range(9)])
    radio = pd.DataFrame([{"operator": "AB"[i % 2], "technology": ["2G", "3G", "4G"][i % 3], "site_id": f"s{i}", **place(*rng.uniform(-9, 29, 2))} for i in range(9)])
    places = Places(
        unit_index=rng.integers(0, 3, (side, side)).astype(np.int32), commune_codes=("00001", "00002", "00003"),
        population=np.where(rng.random((side, side)) < 0.1, np.nan, rng.gamma(0.5, 9, (side, side)).round()), villages=table, cells_of_villages=owned,
        households=rng.gamma(1, 4, (side, side)), facilities=facilities, sites=radio.assign(status="on_air"), radio_cells=radio,
    )  # fmt: skip
    lines = [shapely.LineString([(place(*rng.uniform(0, 19, 2))["lon"], place(*rng.uniform(0, 19, 2))["lat"]) for _ in range(4)]) for _ in range(5)]
    roads = gpd.GeoDataFrame({"road_id": [f"r{i}" for i in range(5)], "road_name": ["", "", "Đ", "Đ", ""], "road_class": "commune"}, geometry=lines, crs=4326)
    return made, places, roads


def draws_of(shape: tuple[int, int], seed: int) -> Any:
    table = np.random.default_rng(seed).random((4, *shape, 100))
    return lambda layer, row, column: table[layer, row, column]


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    made, places, roads = made_up_area(seed)
    rng = np.random.default_rng(seed)

    def shuffled(table: pd.DataFrame | None) -> tuple[Any, np.ndarray]:
        assert table is not None
        order = rng.permutation(len(table))
        return table.iloc[order], order

    options = {"roads": roads, "draws": draws_of(made.grid.shape, seed)}
    found = found_in(made, places, **options)
    table, order = shuffled(places.villages)
    assert places.cells_of_villages is not None
    place_of = np.append(np.argsort(order), -1).astype(np.int32)
    units = rng.permutation(3)
    assert places.unit_index is not None
    again = found_in(
        made,
        replace(
            places, villages=table, cells_of_villages=place_of[places.cells_of_villages], facilities=shuffled(places.facilities)[0],
            sites=shuffled(places.sites)[0], radio_cells=shuffled(places.radio_cells)[0],
            commune_codes=tuple(places.commune_codes[i] for i in units), unit_index=np.argsort(units).astype(np.int32)[places.unit_index],
        ),
        **{**options, "roads": shuffled(roads)[0]},
    )  # fmt: skip
    sets = [(found.all, again.all), (found.roads, again.roads), *((s, again.by_operator[o]) for o, s in found.by_operator.items())]
    for one, other in sets:
        assert one is not None
        assert other is not None
        pd.testing.assert_frame_equal(pd.DataFrame(one.frame.drop(columns="geometry")), pd.DataFrame(other.frame.drop(columns="geometry")), check_exact=True)
        assert one.frame.geometry.to_wkb().tolist() == other.frame.geometry.to_wkb().tolist()
    assert over_all(found).frame["dead_zone_id"].is_unique


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_books_balance_and_outlines_hold_their_points(seed: int, keep: bool) -> None:
    made, places, _ = made_up_area(seed)
    chosen = {"least_area_km2": 0.08, "least_people": 40.0, "keep_villages": keep}
    found = found_in(made, places, zone_settings=chosen, draws=draws_of(made.grid.shape, seed))
    assert places.population is not None
    for zones, state in [
        (over_all(found), made.all_state(rules().counting)),
        *((s, made.operator_state(o, rules().counting)) for o, s in found.by_operator.items()),
        *((s, made.state[made.layers.index(name)]) for name, s in found.by_layer.items()),
    ]:
        frame, dead = zones.frame, np.isin(state, (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED))
        mine = frame["class"].isin(["white", "weak", ""])
        lost = zones.sieved[zones.sieved["class"].isin(["white", ""])]
        people, cells = frame.loc[mine, "population_in_cells"].sum(), frame.loc[mine, "cells"].sum()
        assert people + lost["population"].sum() == pytest.approx(np.nansum(places.population[dead]))
        assert cells + lost["cells"].sum() == dead.sum()
        assert np.isin(zones.label[~dead], [-1, *np.flatnonzero(~mine)]).all()
        assert (frame["population_low"] <= frame["population"]).all() or frame["population_low"].isna().any()
        assert (frame["population_high"].dropna() <= frame["population_in_cells"][frame["population_high"].notna()] + 1e-9).all()
        inside = shapely.contains_xy(frame.geometry.to_numpy(), frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
        assert inside.all()
        assert shapely.is_valid(zones.outline.to_numpy()).all()
        assert zones.outline.crs.to_epsg() == EPSG
        total = zones.totals.set_index("class").loc["all"]
        assert total["population_low"] >= frame["population_low"].sum() - 1e-9  # a sum of parts spreads less than the sum of spreads
        assert total["population_high"] <= frame["population_high"].sum() + 1e-9


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.booleans())
def test_a_cell_that_comes_to_be_served_makes_no_zone_larger(seed: int, layer: int, many: bool) -> None:
    made, places, _ = made_up_area(seed)
    rng = np.random.default_rng(seed)
    better = made.state.copy()
    chosen = rng.random(made.grid.shape) < (0.2 if many else 0.0)
    chosen.ravel()[rng.integers(0, chosen.size)] = True
    better[layer][chosen & (better[layer] != State.OUTSIDE)] = State.PREDICTED_SERVED
    before, after = (found_in(replace(made, state=state), places, weak_cluster_households=4) for state in (made.state, better))

    def dead(found: DeadZones) -> list[np.ndarray]:
        zones = over_all(found)
        white = np.append(zones.frame["class"].isin(["white", "weak"]).to_numpy(bool), False)
        return [white[zones.label], *(s.label >= 0 for s in (*found.by_operator.values(), *found.by_layer.values()))]

    for one, other in zip(dead(before), dead(after), strict=True):
        assert not (other & ~one).any()


def test_inputs_stay_as_they_were() -> None:
    made, places, roads = made_up_area(1)
    state, population, table = made.state.copy(), np.array(places.population), places.villages.copy()  # type: ignore[union-attr]
    found_in(made, places, roads=roads, draws=draws_of(made.grid.shape, 1))
    assert np.array_equal(made.state, state)
    assert np.array_equal(np.asarray(places.population), population, equal_nan=True)
    pd.testing.assert_frame_equal(places.villages, table)


# -- findings --------------------------------------------------------------------------------------


def test_what_is_left_out_is_stated() -> None:
    made = covered({A4: "xxs\nsss\nssx\nsss\nuxu", B4: "xxs\nsss\nssx\nsss\nuxu"})
    population = np.full((5, 3), 9.0)
    population[0, 0] = population[4, 1] = np.nan
    ends = [tuple(place(4, column).values()) for column in (-0.5, 2.5)]
    roads = gpd.GeoDataFrame({"road_id": ["r"], "road_name": "", "road_class": ""}, geometry=[shapely.LineString(ends)], crs=4326)
    chosen = {"least_area_km2": 0.0, "least_people": 0.0, "least_road_km": 0.2}
    log = IssueLog(issue_catalogue())
    state_findings(found_in(made, Places(population=population), roads=roads, zone_settings=chosen), log)
    said = {f.kind.code: f for f in log.findings}
    assert set(said) == {"dead_zones_without_people", "dead_zones_people_in_part", "dead_zones_without_reason", "dead_roads_short", "dead_roads_undecided"}
    assert said["dead_roads_undecided"].title.vi.startswith("0,2 km trong 0,3 km")
    assert said["dead_roads_undecided"].title.en.startswith("Of 0.3 km of road 0.2 km")
    log = IssueLog(issue_catalogue())
    state_findings(found_in(made, Places(population=population), zone_settings={"least_area_km2": 0.015, "least_people": 1e3}), log)
    said = {f.kind.code: f for f in log.findings}
    assert said["dead_zones_sieved"].title.en.startswith("2 zones are too small for the list of dead zones: 0.02 km², 9 people")
    log = IssueLog(issue_catalogue())
    state_findings(found_in(covered({A4: "x"}), zone_settings={"least_area_km2": 9.0, "least_people": 1.0}), log)
    assert "an unknown number of people" in next(f for f in log.findings if f.kind.code == "dead_zones_sieved").title.en
    log = IssueLog(issue_catalogue())
    wide = covered({A4: "x" * 9})
    state_findings(
        found_in(wide, Places(population=np.ones((1, 9))), draws=lambda layer, row, column: np.ones((len(row), 100)), zone_settings={"block_cells": 4}), log
    )
    assert "dead_zones_drawn_in_parts" in {f.kind.code for f in log.findings}


# -- what the columns mean -------------------------------------------------------------------------


def test_every_column_is_described_in_both_languages_in_order() -> None:
    described = load_toml("results/dead_zones.toml")["dead_zones"]["columns"]
    assert tuple(described) == DEAD_ZONE_COLUMNS
    kinds = {"text", "code", "integer", "number", "share", "date"}
    frame = over_all(found_in(covered({A4: "x"}))).frame
    for name, entry in described.items():
        assert entry["kind"] in kinds
        assert entry["vi"] != entry["en"]
        as_text = entry["kind"] in ("text", "code")
        assert (frame[name].dtype == "str") == as_text, name
        assert (frame[name].dtype.kind == "M") == (entry["kind"] == "date"), name
