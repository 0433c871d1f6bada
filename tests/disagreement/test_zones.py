"""Zones by hand: what touches is one, what is small is counted, and why claim and finding differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geo.crs import to_wgs84
from geo.disagreement import (
    CONTRADICTIONS,
    REASONS,
    SIEVED_COLUMNS,
    ZONE_COLUMNS,
    ComparedLayer,
    Disagreement,
    cell_area_km2,
    find_zones,
    layer_facts,
)
from geo.grid import Grid
from geo.polygons import area_km2
from tests.disagreement.made_up import (
    EPSG,
    GRID,
    SETTINGS,
    X,
    Y,
    claim_from,
    claim_of,
    compared,
    of_shape,
    samples,
)

ALL = [(r, c) for r in range(3) for c in range(3)]
SMALL = SETTINGS
CODES = ("99001", "99002")


def sites(*rows: dict[str, Any]) -> pd.DataFrame:
    """Sites at ``east`` and ``south`` metres of the grid's corner; what is not named is A's 4G on air since 2020."""
    plain = {"operator": "A", "technologies": "3G,4G", "status": "on_air", "on_air_date": pd.Timestamp("2020-01-01"), "east": 50.0, "south": 50.0}
    frame = pd.DataFrame([{**plain, **row} for row in rows], columns=list(plain))
    lon, lat = to_wgs84(X + frame["east"].to_numpy(float), Y - frame["south"].to_numpy(float), EPSG)
    return frame.assign(lon=lon, lat=lat, on_air_date=frame["on_air_date"].astype("datetime64[ns]"))


def zones(
    layer: ComparedLayer, *, grid: Grid = GRID, people: Any = None, communes: Any = None, settings: Any = SMALL, listed: Any = None,
    obstructed: Any = None, planning_dbm: float = -110.0,
) -> tuple[Any, pd.DataFrame]:  # fmt: skip
    facts = layer_facts("A", "4G", grid, planning_dbm=planning_dbm, sites=listed, obstructed=obstructed)
    index = np.zeros(grid.shape, dtype=int) if communes is None else np.asarray(communes)
    counted = None if people is None else np.broadcast_to(np.asarray(people, dtype=float), grid.shape)
    area = np.full(grid.shape, 0.01)
    found, sieved = find_zones(layer, grid, area, counted, index, CODES, facts, settings)
    assert tuple(found.columns) == (*ZONE_COLUMNS, "geometry")
    assert tuple(sieved.columns) == SIEVED_COLUMNS
    assert found.crs.to_epsg() == 4326
    assert found.geometry.is_valid.all()
    assert set(found["reason"]) <= set(REASONS)
    return found, sieved


# -- zones -----------------------------------------------------------------------------------------


def test_a_zone_by_hand() -> None:
    """Three claimed cells, one beside another and one at a corner, are predicted unserved; a fourth is served."""
    claim = claim_of({"cells": [(0, 0), (0, 1), (1, 2), (2, 0)], "claim_date": pd.Timestamp("2026-05-01")})
    layer = compared([[4, 4, 6], [6, 6, 4], [2, 6, 6]], claim, samples({"row": 0, "column": 1, "level_dbm": -120.0, "samples": 1}))
    found, sieved = zones(layer, people=[[3.0, np.nan, 0], [0, 0, 2.0], [9, 0, 0]], communes=[[0, 1, 1], [0, 1, 1], [0, 1, 1]])
    assert len(found) == 1
    zone = found.iloc[0]
    assert zone["class"] == "claimed_predicted_unserved"
    assert zone["evidence"] == "predicted"
    assert (zone["cells"], zone["area_km2"]) == (3, pytest.approx(0.03))
    assert (zone["population"], zone["population_unknown_km2"]) == (5.0, pytest.approx(0.01))
    assert zone["commune_codes"] == "99001; 99002"
    assert (zone["tests"], zone["share_served"]) == (1, 0.0)
    assert zone["last_measured"] == pd.Timestamp("2026-06-01")
    assert zone["claim_date"] == pd.Timestamp("2026-05-01")
    assert zone["reason"] == "not_told"
    assert np.isnan(zone["reason_share"])
    assert zone.geometry.contains(shapely.Point(zone["lon"], zone["lat"]))
    assert float(area_km2(np.array([zone.geometry], dtype=object))[0]) == pytest.approx(cell_area_km2(GRID)[[0, 0, 1], [0, 1, 2]].sum(), rel=1e-6)
    assert sieved["zones"].tolist() == [0, 0, 0, 0]
    assert sieved["class"].tolist() == [k.code for k in CONTRADICTIONS]


def test_small_zones_are_counted_and_left_out_unless_people_live_there() -> None:
    claim = claim_of({"cells": [(0, 0), (0, 2), (2, 0)]})
    layer = compared([[4, 2, 4], [2, 2, 2], [4, 2, 2]], claim, settings=SETTINGS)
    found, sieved = zones(layer, people=[[49, 0, 50], [0, 0, 0], [np.nan, 0, 0]])
    mine = found[found["class"] == "claimed_predicted_unserved"]
    assert mine["population"].tolist() == [50.0]
    gone = sieved.set_index("class").loc["claimed_predicted_unserved"]
    assert (gone["zones"], gone["cells"], gone["population"]) == (2, 2, 49.0)
    assert (gone["area_km2"], gone["population_unknown_km2"]) == (pytest.approx(0.02), pytest.approx(0.01))
    nobody, gone_too = zones(layer)
    assert (nobody["class"] == "claimed_predicted_unserved").sum() == 0
    assert np.isnan(gone_too.set_index("class").loc["claimed_predicted_unserved", "population"])


def test_measured_zones_are_drawn_from_a_smaller_size_on() -> None:
    layer = compared(6, claim_of({"cells": [(0, 0), (2, 2)]}), samples((0, 0, -120.0)))
    found, _ = zones(layer)
    assert found[["class", "cells", "evidence", "tests"]].to_numpy().tolist() == [["claimed_measured_unserved", 1, "measured", 2]]


def test_a_zone_of_people_nobody_counted_is_not_a_zone_without_people() -> None:
    layer = compared(4, claim_of({"cells": ALL}))
    assert np.isnan(zones(layer)[0]["population"]).tolist() == [True]
    assert zones(layer, people=0.0)[0]["population"].tolist() == [0.0]


def test_nothing_to_draw_is_an_empty_frame() -> None:
    found, sieved = zones(compared(2, claim_of({"cells": ALL})))
    assert len(found) == 0
    assert sieved[["zones", "cells"]].sum().tolist() == [0, 0]
    assert sieved["population"].tolist() == [0.0] * 4


def test_the_id_depends_on_the_place_and_class_only() -> None:
    state = [[4, 4, 2], [2, 2, 2], [4, 4, 4]]
    first, _ = zones(compared(state, claim_of({"cells": ALL})), settings=SETTINGS, people=60.0)
    again, _ = zones(compared(state, claim_of({"cells": ALL})), people=[[60.0] * 3, [0] * 3, [99.0] * 3])
    assert sorted(first["disagreement_id"]) == sorted(again["disagreement_id"])
    assert first["disagreement_id"].is_unique
    assert again["population"].tolist() == [297.0, 120.0]  # most people first
    other, _ = zones(compared([[2, 4, 4], [2, 2, 2], [4, 4, 4]], claim_of({"cells": ALL})), people=60.0)
    assert len(set(first["disagreement_id"]) & set(other["disagreement_id"])) == 1


_SIZE = (7, 8)
NO_SAMPLES = samples()


@settings(deadline=None, max_examples=50)
@given(
    hnp.arrays(np.uint8, _SIZE, elements=st.sampled_from([2, 4, 6])), hnp.arrays(np.bool_, _SIZE),
    hnp.arrays(np.float64, _SIZE, elements=st.sampled_from([0.0, 30.0, np.nan])),
)  # fmt: skip
def test_zones_and_what_is_sieved_are_the_class(state: Any, claimed: Any, people: Any) -> None:
    grid = of_shape(*_SIZE)
    layer = compared(state, claim_from(claimed), NO_SAMPLES, grid=grid)
    found, sieved = zones(layer, grid=grid, people=people)
    for kind in CONTRADICTIONS:
        mine = layer.disagreement == kind
        drawn, gone = found[found["class"] == kind.code], sieved[sieved["class"] == kind.code]
        for name, whole in (("cells", mine.sum()), ("area_km2", 0.01 * mine.sum()), ("population", np.nansum(people[mine]))):
            assert drawn[name].sum() + gone[name].sum() == pytest.approx(whole)
        unknown = 0.01 * np.isnan(people[mine]).sum()
        assert drawn["population_unknown_km2"].sum() + gone["population_unknown_km2"].sum() == pytest.approx(unknown)
        # Every drawn cell lies in its zone, and no cell of two zones touches.
        row, column = np.nonzero(mine)
        lon, lat = to_wgs84(X + (column + 0.5) * 100, Y - (row + 0.5) * 100, EPSG)
        inside = np.array([shapely.contains_xy(g, lon, lat) for g in drawn.geometry]).reshape(len(drawn), len(row))
        assert inside.sum() == drawn["cells"].sum()
        assert (inside.sum(axis=0) <= 1).all()
        for i in range(len(drawn)):
            for k in range(i):
                apart = np.maximum(np.abs(row[inside[i]][:, None] - row[inside[k]]), np.abs(column[inside[i]][:, None] - column[inside[k]]))
                assert apart.min() > 1
    assert found["disagreement_id"].is_unique


# -- reasons ---------------------------------------------------------------------------------------

DATED = {"claim_date": pd.Timestamp("2026-06-30")}


def reason(state: int, claim: dict[str, Any], cells: pd.DataFrame | None = None, **options: Any) -> tuple[str, float]:
    """The reason of the one zone of nine cells."""
    layer = compared(state, claim_of(claim), cells)
    found, _ = zones(layer, **options)
    assert len(found) == 1
    return str(found["reason"].iloc[0]), float(found["reason_share"].iloc[0])


MEASURED = samples(*((r, c, -120.0) for r, c in ALL))
MEASURED_SERVED = samples(*((r, c, -80.0) for r, c in ALL))
FEW = samples(*({"row": r, "column": c, "level_dbm": -120.0, "samples": 1} for r, c in ALL))
BARE: dict[str, Any] = {"cells": [(5, 5)]}  # beyond the grid: given, and claims no cell of it


@pytest.mark.parametrize(
    ("name", "claim", "cells", "options"),
    [
        ("claim_level", {"level_dbm": -115.0}, None, {}),
        ("not_told", {"level_dbm": -110.0}, None, {}),
        ("not_told", {"level_dbm": -105.0}, None, {}),
        ("not_told", {"level_dbm": -115.0}, None, {"planning_dbm": np.nan}),
        ("measured_before_claim", DATED, MEASURED, {}),
        ("not_told", {"claim_date": pd.Timestamp("2026-05-30")}, MEASURED, {}),
        ("not_told", DATED, None, {}),  # nothing was measured at all
        ("no_site_in_reach", {}, None, {"listed": sites({"east": 20_000.0})}),
        ("no_site_in_reach", {}, None, {"listed": sites({"technologies": "3G"})}),
        ("no_site_in_reach", {}, None, {"listed": sites({"status": "off_air", "east": 20_000.0})}),
        ("not_told", {}, None, {"listed": sites({"operator": "B"})}),  # no list of A: nothing can be told
        ("not_told", {}, None, {"listed": sites({"technologies": ""})}),  # may have it
        ("not_told", {}, None, {"listed": sites({"status": "unknown"})}),
        ("not_told", {}, None, {"listed": sites({})}),
        ("site_not_on_air", {}, None, {"listed": sites({"status": "planned"}, {"east": 5000.0})}),
        ("not_told", {}, None, {"listed": sites({"status": "planned", "east": 5000.0}, {})}),
        ("not_told", {}, None, {"listed": sites({"status": "planned", "technologies": "3G"}, {"east": 5000.0})}),
        ("not_told", {}, None, {"listed": sites({"status": "planned", "technologies": ""}, {"east": 5000.0})}),  # of what is not said
        ("not_told", DATED, FEW, {}),  # too few samples to be what the finding rests on
        ("terrain", {}, None, {"obstructed": np.ones((3, 3))}),
        ("not_told", {}, None, {"obstructed": np.zeros((3, 3))}),
        ("not_told", {}, None, {"obstructed": np.full((3, 3), np.nan)}),
        ("claim_level", {"level_dbm": -115.0, **DATED}, MEASURED, {"obstructed": np.ones((3, 3))}),  # the first that holds
    ],
)  # fmt: skip
def test_why_a_claim_is_not_found(name: str, claim: dict[str, Any], cells: pd.DataFrame | None, options: dict[str, Any]) -> None:
    found, share = reason(4, {"cells": ALL, **claim}, cells, **options)
    assert found == name
    assert share == pytest.approx(np.nan if name == "not_told" else 1.0, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "claim", "cells", "options"),
    [
        ("claim_use", {"use": "indoor"}, None, {}),
        ("not_told", {"use": "outdoor"}, None, {}),
        ("not_told", {}, None, {}),
        ("site_newer_than_claim", DATED, None, {"listed": sites({"on_air_date": pd.Timestamp("2026-07-01")})}),
        ("site_newer_than_claim", DATED, MEASURED_SERVED, {"listed": sites({"on_air_date": pd.Timestamp("2026-07-01")})}),
        ("not_told", DATED, None, {"listed": sites({})}),
        ("not_told", DATED, None, {"listed": sites({"on_air_date": pd.NaT})}),
        ("not_told", {}, None, {"listed": sites({"on_air_date": pd.Timestamp("2026-07-01")})}),  # the claim has no date
        ("not_told", DATED, None, {"listed": sites({"on_air_date": pd.Timestamp("2026-07-01"), "east": 20_000.0})}),
        ("not_told", DATED, None, {"listed": sites({"on_air_date": pd.Timestamp("2026-07-01"), "status": "planned"})}),
        ("not_told", DATED, None, {"listed": sites({"on_air_date": pd.Timestamp("2026-07-01"), "east": 900.0}, {})}),  # not the nearest
    ],
)  # fmt: skip
def test_why_service_is_not_claimed(name: str, claim: dict[str, Any], cells: pd.DataFrame | None, options: dict[str, Any]) -> None:
    assert reason(2, {**BARE, **claim}, cells, **options)[0] == name


def test_a_claim_for_a_higher_level_explains_service_beyond_it() -> None:
    for level, name in ((-95.0, "claim_level"), (-110.0, "not_told"), (-115.0, "not_told")):
        layer = compared(2, claim_of({"cells": [(0, 0)], "level_dbm": level}))
        found, _ = zones(layer)
        assert found[["class", "reason"]].to_numpy().tolist() == [["served_not_claimed_predicted", name]]


def test_a_reason_must_hold_for_half_of_the_cells() -> None:
    ridge = np.zeros((3, 3))
    ridge.flat[:4] = 1
    assert reason(4, {"cells": ALL}, obstructed=ridge)[0] == "not_told"
    ridge.flat[4] = 1
    assert reason(4, {"cells": ALL}, obstructed=ridge) == ("terrain", pytest.approx(5 / 9))
    four = compared(4, claim_of({"cells": ALL[:4]}), inside=np.arange(9).reshape(3, 3) < 4)
    half, _ = zones(four, obstructed=np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1.0]]))
    assert half[["reason", "cells", "reason_share"]].to_numpy().tolist() == [["terrain", 4, 0.5]]


def test_only_contradictions_have_zones() -> None:
    assert {k.code for k in CONTRADICTIONS} == {
        "claimed_measured_unserved", "claimed_predicted_unserved", "served_not_claimed_measured", "served_not_claimed_predicted"
    }  # fmt: skip
    undecided, _ = zones(compared(3, claim_of({"cells": ALL})))
    assert len(undecided) == 0
    assert Disagreement.CLAIMED_UNDECIDED not in CONTRADICTIONS
