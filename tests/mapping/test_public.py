"""The public edition: squares of 500 m by hand, only what is listed, and no byte of it hangs on where a site stands."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_up_province import EPSG, make_content

from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual
from geo.grid import Grid
from geo.io.resources import load_toml
from geo.mapping import AreaLayer, CoverageLayer, MapContent, ThemeLayer, build_map, public_content
from geo.mapping.areas import AREA_COLUMNS
from geo.mapping.displacement import displacement, seed_of
from geo.mapping.public import coarse_grid, coarse_states

SMALLEST_M = 500.0
SHOWN = load_toml("public_edition.toml")["columns"]


@pytest.fixture(scope="module")
def content() -> MapContent:
    """Five communes of the made-up province, one layer of coverage, every column of a zone filled."""
    whole = make_content()
    areas = tuple(dataclasses.replace(layer, frame=layer.frame.assign(**dict.fromkeys(set(AREA_COLUMNS["zone"]) - set(SHOWN["zones"]), "QQ"))) for layer in whole.areas)
    communes = whole.communes.iloc[:5].reset_index(drop=True)
    villages = whole.villages.iloc[:20].assign(nearest_site_id="S001", nearest_site_name="Trạm Hoà Bình", obstruction="Mạng Đỏ=terrain", best_operator="Mạng Đỏ", margin_db=3.5)
    return dataclasses.replace(whole, communes=communes, villages=villages, coverage=whole.coverage[:1], roads=None, areas=areas, notices=(Bilingual("mang_do.xlsx: S001", "S001"),))


@pytest.fixture(scope="module")
def page(content) -> str:
    return build_map(public_content(content)).decode()


def data_of(page: str) -> Any:
    return json.loads(re.search(r'id="vungphu-data">(.*?)</script>', page, re.DOTALL)[1])


def test_states_of_squares_by_hand():
    state = np.array([[1, 1, 2, 4, 4, 6], [2, 2, 2, 5, 5, 6], [3, 3, 0, 5, 2, 3], [0, 0, 0, 2, 2, 4], [0, 0, 0, 4, 4, 2], [0, 0, 0, 3, 3, 3]], dtype=np.uint8)
    # served 6 of 8 (2 more often than 1); unserved 5 of 9, measured more often; outside; 3 of 9 served, 3 of 9 unserved, 3 uncertain: not decided
    assert coarse_states(state, 3).tolist() == [[2, 5], [0, 3]]
    # a square at the edge counts what of it lies inside; half is not more than half
    assert coarse_states(np.array([[6, 6, 1]], dtype=np.uint8), 2).tolist() == [[6, 1]]
    assert coarse_states(np.array([[2, 4], [2, 4]], dtype=np.uint8), 2).tolist() == [[3]]


@pytest.mark.parametrize(("cell", "wanted"), [(50.0, 500.0), (100.0, 500.0), (150.0, 600.0), (500.0, 500.0), (800.0, 800.0)])
def test_squares_are_whole_cells_and_never_smaller(cell, wanted):
    grid = Grid(9210, 440_000.0, 2_440_000.0, cell, 31, 17)
    made = coarse_grid(grid, SMALLEST_M)
    assert (made.cell_size, made.x_min, made.y_max) == (wanted, grid.x_min, grid.y_max)
    assert made.rows * wanted >= 31 * cell
    assert made.columns * wanted >= 17 * cell


def test_coverage_and_zones_are_drawn_in_squares(content):
    made = public_content(content)
    grid = coarse_grid(content.coverage[0].grid, SMALLEST_M)
    assert {layer.grid for layer in made.layers} == {grid}
    drawn = 0
    for layer in made.areas:
        assert layer.kind == "zone"
        for shape in layer.frame.geometry:
            x, y = from_wgs84(*shapely.get_coordinates(shape).T, grid.epsg)
            drawn += 1
            for place, edge in ((x, grid.x_min), (y, grid.y_max)):
                steps = (place - edge) / grid.cell_size
                assert np.abs(steps - np.round(steps)).max() < 1e-3
    assert drawn == sum(len(layer.frame) for layer in content.areas if layer.kind == "zone")
    # a square that the zone fills by more than half is drawn, a neighbour that it touches is not
    x, y = np.array([0.0, 1.4, 1.4, 0.0]) * grid.cell_size + grid.x_min + 10 * grid.cell_size, grid.y_max - np.array([10.0, 10.0, 10.6, 10.6]) * grid.cell_size
    zone = content.areas[0].frame.iloc[[0]].set_geometry([shapely.Polygon(np.column_stack(to_wgs84(x, y, grid.epsg)))], crs=4326)
    one = public_content(dataclasses.replace(content, areas=(AreaLayer("zone", zone),))).areas[0].frame.geometry.iloc[0]
    assert shapely.area(shapely.transform(one, lambda c: np.column_stack(from_wgs84(c[:, 0], c[:, 1], grid.epsg)))) == pytest.approx(grid.cell_size**2, rel=1e-4)


def test_only_what_is_listed_is_shown(content, page):
    data = data_of(page)
    assert data["sites"] is None
    assert list(data["themes"]) == ["verdict"]
    assert list(data["areas"]["tables"]) == ["zone"]
    columns = {name: {column["key"] for column in table["columns"]} for name, table in (("communes", data["communes"]), ("villages", data["villages"]), ("zones", data["areas"]["tables"]["zone"]), ("verdicts", data["themes"]["verdict"]["table"]))}
    each = tuple(f"_{figure}" for figure in SHOWN["communes_each"])
    assert {name for name in columns["communes"] if not name.endswith(each)} <= set(SHOWN["communes"]) | set(SHOWN["communes_each"])
    for name in ("villages", "zones", "verdicts"):
        assert columns[name] <= set(SHOWN[name]), name
    assert data["sources"] == []
    assert "Bản công khai" in html.unescape(page)
    counted = content.themes[0].frame.assign(indicator="sites_shared")
    made = public_content(dataclasses.replace(content, themes=(ThemeLayer("verdict", counted.iloc[:5]), *content.themes[1:])))
    assert len(made.themes[0].frame) == 0
    assert "5 dòng đối chiếu tính trên số trạm" in made.areas_missing[-1].vi


def forbidden_columns() -> set[str]:
    """Names of columns that say something of sites, paths, servers, levels or proposals: all that a table has beyond what is listed."""
    tables = ["results/columns.toml", "results/planning.toml", "results/proposals.toml", "results/dead_zones.toml"]
    names = {name for file in tables for part in load_toml(file).values() if isinstance(part, dict) for name in part.get("columns", {})}
    names |= {name for part, entries in load_toml("strings/map.toml").items() if part.endswith("columns") for name in entries}
    names |= {name for kind in AREA_COLUMNS.values() for name in kind} | set(load_toml("tables/stations.toml")["fields"]) | set(load_toml("tables/cells.toml")["fields"])
    kinds = re.compile(r"site|server|rsrp|margin|obstruction|ridge|diffraction|shortfall|nearest|best_|mast|azimuth|tilt|antenna|power_dbm|prob|reason_points|line_id|cluster_|remainder|spacing|_vnd|x_vn2000|rank|funding")
    return {name for name in names if kinds.search(name)} - {"cluster_basis"}


def test_no_site_no_place_of_one_and_no_such_column_stands_in_the_text(content, page):
    names = forbidden_columns()
    assert {"site_id", "nearest_site_km", "server_site_id", "best_rsrp_dbm", "margin_db", "obstruction", "ridge_km", "keep_site_id", "line_id", "mast_class", "probability"} <= names
    text = html.unescape(page)
    data = data_of(page)
    tables = [data["communes"], data["villages"], data["areas"]["tables"]["zone"], data["themes"]["verdict"]["table"]]
    # a single word may stand in a sentence, but is no column
    assert not names & {column["key"] for table in tables for column in table["columns"]}
    found = {name for name in re.findall(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+", text) if name in names}
    assert found == set()
    words = set(re.findall(r"[\w-]+", text))
    hidden = {layer.kind: layer.frame.iloc[:, 0] for layer in content.themes}
    assert not words & {*content.sites["site_id"], *hidden["plan"], *hidden["sharing"], *hidden["mast"], "QQ", "mang_do"}
    proposed = next(layer.frame for layer in content.themes if layer.kind == "proposal")
    assert not words & {*proposed["site_id"], "giả"}, "neither a proposed place nor a reason or an instruction"
    assert {"proposal", "stop", "street", "street_project"} <= set(hidden)
    streets = next(layer for layer in content.themes if layer.kind == "street")
    assert not words & {*streets.frame["section_id"], "NH001", "NH002"}, "no street of the plan, no project"
    assert "5.000.000.001" in text, "what a year costs has no place"
    assert "6.000.000.000" not in text, "a budget is not listed"
    assert list(data["themes"]) == ["verdict"]
    assert not any(name in text for name in content.sites["site_name"])
    placed = pd.concat([frame[["lon", "lat"]].astype(float) for frame in (content.sites, *(layer.frame for layer in content.themes if "lon" in layer.frame))]).dropna()
    places = {(round(lon, 4), round(lat, 4)) for lon, lat in placed.to_numpy()}
    drawn = {(round(float(lon), 4), round(float(lat), 4)) for lon, lat in re.findall(r"(\d+\.\d+),\s*(\d+\.\d+)", text)}
    assert len(places) > 60
    assert len(drawn) > 500
    assert not places & drawn


def moved(content: MapContent, rng: np.random.Generator) -> MapContent:
    """The same results with every site elsewhere in its square, and everything that follows from where a site stands changed with it."""
    grid, follows = coarse_grid(content.coverage[0].grid, SMALLEST_M), forbidden_columns()

    def within(frame: pd.DataFrame) -> pd.DataFrame:
        lon, lat = (pd.to_numeric(frame[name]).to_numpy(dtype=float) for name in ("lon", "lat"))
        x, y = from_wgs84(lon, lat, grid.epsg)
        x, y = (edge + (np.floor((place - edge) / grid.cell_size) + rng.uniform(0, 1, len(frame))) * grid.cell_size for place, edge in ((x, grid.x_min), (y, grid.y_max)))
        new_lon, new_lat = to_wgs84(x, y, grid.epsg)
        return frame.assign(lon=new_lon, lat=new_lat)

    def other(frame: Any, shown: list[str]) -> Any:
        changed = frame.copy()
        for name in changed.columns:
            if name != "geometry" and (name in follows or name not in shown):
                changed[name] = pd.Series(rng.uniform(0, 9, len(changed)), index=changed.index).round(3).astype(object)
        return changed

    zones = tuple(
        AreaLayer(one.kind, other(one.frame, SHOWN["zones"]), one.operator, one.technology) if one.kind == "zone" else one for one in content.areas
    )
    themes = tuple(ThemeLayer(one.kind, within(one.frame), one.words, one.ways, one.lines) if "lon" in one.frame else one for one in content.themes)
    return dataclasses.replace(
        content, sites=within(content.sites), villages=other(content.villages, SHOWN["villages"]), areas=zones, themes=themes,
        street_years=other(content.street_years, SHOWN["street_years"]).assign(cost_vnd=content.street_years["cost_vnd"]),
        notices=(Bilingual(f"{rng.uniform()}", ""),), sources=(), people=(), priority_weights={"people": float(rng.uniform())}, unknown_reasons=("neighbour_sites",),
    )  # fmt: skip


def test_moving_every_site_within_its_square_changes_no_byte(content, page):
    other = moved(content, np.random.default_rng(20261130))
    metres = np.hypot(*(a - b for a, b in zip(*(from_wgs84(c.sites["lon"], c.sites["lat"], EPSG) for c in (content, other)), strict=True)))
    assert (metres > 1).all()
    assert np.median(metres) > 150
    assert build_map(public_content(other)).decode() == page
    # the proof is able to fail: with the results the edition changes
    state = content.coverage[0].state.copy()
    state[40:50, 40:50] = 5
    worse = CoverageLayer(content.coverage[0].operator, "4G", state, content.coverage[0].grid)
    assert build_map(public_content(dataclasses.replace(content, coverage=(worse,)))).decode() != page


def test_without_coverage_no_zone_is_drawn_and_it_is_said(content):
    made = public_content(dataclasses.replace(content, coverage=(), all_operators=()))
    assert made.areas == ()
    assert "Vùng lõm: không có lưới" in made.areas_missing[-1].vi
    assert isinstance(made.communes, gpd.GeoDataFrame)


def fitted(state: np.ndarray, grid: Grid) -> np.ndarray:
    """Middle of the circle that the edges of a layer's served squares lie on, by least squares: what an outsider would do."""
    served = np.isin(state, (1, 2))
    size, edges = grid.cell_size, []
    for axis in (0, 1):
        r, c = np.nonzero(np.diff(served.astype(int), axis=axis))
        edges.append(np.column_stack([(c + (0.5 if axis == 0 else 1.0)) * size + grid.x_min, grid.y_max - (r + (1.0 if axis == 0 else 0.5)) * size]))
    points = np.concatenate(edges)
    middle = points.mean(axis=0)
    near = points - middle
    solved = np.linalg.lstsq(np.column_stack([2 * near, np.ones(len(near))]), (near**2).sum(axis=1), rcond=None)[0]
    return middle + solved[:2]


def test_over_flat_ground_the_middle_of_a_circle_of_coverage_is_not_the_station():
    """Without terrain in the way a station serves a disc; each of 30 stations is a run of its own, with discs of 3 to 8 km."""
    rng = np.random.default_rng(20261130)
    grid = Grid(EPSG, 442_000.0, 2_438_000.0, 100.0, 260, 260)
    gx, gy = np.meshgrid(*grid.centres())
    plain, hidden = [], []
    for _ in range(30):
        at = np.array([455_000.0, 2_425_000.0]) + rng.uniform(-3000, 3000, 2)
        reach = rng.uniform(3000, 8000)
        away = np.hypot(gx - at[0], gy - at[1])
        layer = CoverageLayer("A", "4G", np.select([away < reach, away < 1.1 * reach], [2, 3], 4).astype(np.uint8), grid)
        content = MapContent(title="x", project_name="x", version="0", date=date(2026, 11, 1), coverage=(layer,))
        made = public_content(content).coverage[0]
        assert made.grid.cell_size == SMALLEST_M
        plain.append(np.hypot(*(fitted(coarse_states(layer.state, 5), made.grid) - at)))
        hidden.append(np.hypot(*(fitted(made.state, made.grid) - at)))
    assert np.median(plain) < 60, "squares of 500 m alone give the station away"
    assert np.median(hidden) > 200
    assert np.mean(np.array(hidden) < 100) <= 0.15
    assert np.max(hidden) < 700, "and nothing is moved further than it says"


def test_displacement_is_bounded_smooth_and_keeps_the_areas_edge():
    grid = Grid(EPSG, 440_000.0, 2_440_000.0, 100.0, 240, 300)
    move = displacement(grid, seed=5, shortest_m=300.0, longest_m=500.0, apart_m=40_000.0)
    x, y = grid.centres()
    vectors = move.at(x[None, :], y[:, None])
    assert np.linalg.norm(vectors, axis=-1).max() <= 500.0 + 1e-9
    assert np.linalg.norm(vectors, axis=-1).min() >= 300.0 - 1e-9
    assert np.abs(np.diff(vectors, axis=0)).max() < 10, "100 m further on it is nearly the same"
    state = np.full(grid.shape, 2, dtype=np.uint8)
    state[:, 150:] = 4
    state[:40] = 0
    moved = move.states(state, grid)
    assert ((moved == 0) == (state == 0)).all()
    assert set(np.unique(moved)) == {0, 2, 4}
    assert not (moved == state).all()
    assert seed_of([state]) != seed_of([moved])
    assert seed_of([state]) == seed_of([state.copy()])
