"""Stretches of road by hand: cut where the state changes, joined over features, short and undecided ones told."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.coverage import State
from geo.crs import to_wgs84
from geo.dead_zones import DEAD_ZONE_COLUMNS
from geo.dead_zones.roads import RoadSegments, road_segments
from geo.dead_zones.settings import dead_zone_settings
from geo.errors import CrsError, GridMismatchError
from tests.dead_zones.made_up import EPSG, X, Y, covered, found_in, grid_of, states


def roads(*lines: list[tuple[float, float]], **columns: Any) -> gpd.GeoDataFrame:
    """Lines through (column, row) in cells from the grid's north-western corner."""
    shapes = []
    for line in lines:
        xy = np.array(line, dtype=float)
        lon, lat = to_wgs84(X + xy[:, 0] * 100, Y - xy[:, 1] * 100, EPSG)
        shapes.append(shapely.LineString(np.column_stack([lon, lat])))
    base = {"road_id": [f"r{i}" for i in range(len(lines))], "road_name": "", "road_class": "district"}
    return gpd.GeoDataFrame({**base, **columns}, index=range(len(lines)), geometry=shapes, crs=4326)


def segments(picture: str, given: gpd.GeoDataFrame, least_km: float = 0.0) -> RoadSegments:
    state = states(picture)
    return road_segments(given, state, grid_of(state.shape), dead_zone_settings(least_road_km=least_km))


def km(found: RoadSegments) -> list[float]:
    return [round(v, 4) for v in found.lines["length_km"]]


def test_a_road_is_cut_where_the_state_changes() -> None:
    found = segments("sxx?Xu", roads([(0.0, 0.5), (6.0, 0.5)]))
    assert km(found) == [0.2, 0.1]
    assert {name: round(v, 4) for name, v in found.km.items()} == {"outside": 0, "served": 0.1, "uncertain": 0.1, "unserved": 0.3, "unknown": 0.1}
    first = found.lines.geometry.iloc[0]
    np.testing.assert_allclose(sorted(first.coords), [(X + 100, Y - 50), (X + 300, Y - 50)], atol=2e-3)
    assert found.cells[["line", "row", "column"]].to_numpy().tolist() == [[0, 0, 1], [0, 0, 2], [1, 0, 4]]


def test_short_stretches_are_counted_and_not_listed() -> None:
    found = segments("sxx?Xu", roads([(0.0, 0.5), (6.0, 0.5)]), 0.15)
    assert km(found) == [0.2]
    assert (found.short, round(found.short_km, 4)) == (1, 0.1)
    assert round(found.km["unserved"], 4) == 0.3


def test_beyond_the_grid_and_outside_the_area_nothing_is_said() -> None:
    found = segments("x.x", roads([(-2.0, 0.5), (4.0, 0.5)]))
    assert km(found) == [0.1, 0.1]
    assert round(found.km["outside"], 4) == 0.4


def test_a_slanting_road_is_measured_cell_by_cell() -> None:
    found = segments("xs\nsx", roads([(0.0, 0.0), (2.0, 2.0)]))  # through the corner: never in the served cells
    assert km(found) == [round(0.2 * 2**0.5, 4)]
    found = segments("xs\nsx", roads([(0.2, 0.0), (2.0, 1.8)]))
    assert km(found) == [round(0.08 * 2**0.5, 4), round(0.08 * 2**0.5, 4)]
    assert round(found.km["served"], 4) == round(0.02 * 2**0.5, 4)


def test_stretches_of_one_road_that_meet_are_one_over_features_too() -> None:
    parts = ([(0.0, 0.5), (2.0, 0.5)], [(4.0, 0.5), (2.0, 0.5)], [(2.0, 0.5), (2.0, 2.0)])
    named = roads(*parts, road_name=["Đường A", "Đường A", "Đường B"])
    found = segments("xxxx\nxxxx", named, 0.3)
    assert found.lines["road_ids"].tolist() == ["r0; r1"]
    assert found.lines["road_name"].tolist() == ["Đường A"]
    assert km(found) == [0.4]
    assert (found.short, round(found.short_km, 4)) == (1, 0.15)
    # Without names the id tells what is one road; a served cell between them keeps stretches apart.
    assert km(segments("xxxx\nxxxx", roads(*parts[:2]))) == [0.2, 0.2]
    assert km(segments("xxxx\nxxxx", roads(*parts[:2], road_id="q"))) == [0.4]
    assert km(segments("xsxx\nxxxx", roads(*parts[:2], road_id="q"))) == [0.1, 0.2]


def test_a_line_given_twice_is_one_road() -> None:
    line = [(0.0, 0.5), (3.0, 0.5)]
    found = segments("xxx", roads(line, line[::-1], road_id=["b", "a"], road_name="QL"))
    assert km(found) == [0.3]
    assert found.lines["road_ids"].tolist() == ["a; b"]


def test_roads_in_another_system_or_on_another_grid_are_refused() -> None:
    given = roads([(0.0, 0.5), (3.0, 0.5)])
    with pytest.raises(CrsError):
        road_segments(given.to_crs(32648), states("xxx"), grid_of((1, 3)), dead_zone_settings())
    with pytest.raises(GridMismatchError):
        road_segments(given, states("xxx"), grid_of((1, 4)), dead_zone_settings())


def test_no_road_and_no_dead_road() -> None:
    nothing = segments("sss", roads([(0.0, 0.5), (3.0, 0.5)]))
    assert (len(nothing.lines), len(nothing.cells), nothing.short) == (0, 0, 0)
    empty = segments("xxx", roads())
    assert (len(empty.lines), sum(empty.km.values())) == (0, 0.0)


def test_roads_among_the_dead_zones() -> None:
    layers = {("A", "4G"): "xxXXsx", ("B", "4G"): "xxXXxu"}
    given = roads([(0.0, 0.5), (6.0, 0.5)], road_name=["Đường A"], road_class=["commune"])
    whole = found_in(covered(layers), roads=given, scopes=("all",))
    found = whole.roads
    assert found is not None
    row = found.frame.iloc[0]
    assert len(found.frame) == 1
    assert (row["class"], row["dead_zone_id"], row["operators_missing"], row["evidence"]) == ("road", "DD-001", "A; B", "both")
    assert round(row["length_km"], 4) == 0.4
    assert (row["road_name"], row["road_class"], row["road_ids"]) == ("Đường A", "commune", "r0")
    assert np.isnan([row["population"], row["area_km2"], row["priority"]]).all()
    assert row.geometry.geom_type == "LineString"
    assert row.geometry.distance(shapely.Point(row["lon"], row["lat"])) < 1e-7
    assert round(found.km["unknown"], 4) == 0.1
    table = whole.table()
    assert table["class"].tolist() == [*whole.all.frame["class"], "road"]  # type: ignore[union-attr]
    assert list(table.columns) == list(DEAD_ZONE_COLUMNS)
    assert table["villages"].dtype == "Int64"


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1))
@example(754901)  # a ring road, which has no end to begin at
def test_every_metre_is_told_once_whatever_the_order_and_direction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = rng.choice([State.PREDICTED_SERVED, State.UNCERTAIN, State.PREDICTED_UNSERVED, State.UNKNOWN, State.OUTSIDE], (6, 6))
    state = state.astype(np.uint8)
    lines = [rng.uniform(-1, 7, (rng.integers(2, 6), 2)).round(rng.integers(0, 3)).tolist() for _ in range(4)]
    lines = [line for line in lines if len({tuple(p) for p in line}) > 1]
    given = roads(*lines)  # type: ignore[arg-type]
    chosen, grid = dead_zone_settings(least_road_km=0.0987), grid_of((6, 6))  # no cell is exactly so long
    found = road_segments(given, state, grid, chosen)
    whole = sum(float(np.hypot(*np.diff(np.array(line), axis=0).T).sum()) for line in lines) / 10
    assert sum(found.km.values()) == pytest.approx(whole, abs=1e-4)
    # A line that runs back over itself is listed once; nothing is listed that is not there.
    assert found.lines["length_km"].sum() + found.short_km <= found.km["unserved"] + 1e-6
    x, y = grid.centres()
    for line, row, column in found.cells[["line", "row", "column"]].itertuples(index=False):
        assert state[row, column] == State.PREDICTED_UNSERVED
        cell = shapely.box(x[column] - 50.01, y[row] - 50.01, x[column] + 50.01, y[row] + 50.01)
        assert found.lines.geometry.iloc[line].intersects(cell)
    turned = given.iloc[::-1].assign(geometry=[shapely.reverse(g) for g in given.geometry.iloc[::-1]])
    again = road_segments(turned, state, grid, chosen)
    assert again.lines["road_ids"].tolist() == found.lines["road_ids"].tolist()
    assert again.lines.geometry.to_wkb().tolist() == found.lines.geometry.to_wkb().tolist()
    assert again.km == pytest.approx(found.km, abs=1e-9)
