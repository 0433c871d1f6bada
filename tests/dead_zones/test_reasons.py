"""Reasons by hand, with paths made up; and over real hills: the ridge that blocks is found where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from geo.coverage import prepare_sources, radio_defaults
from geo.crs import to_wgs84
from geo.dead_zones import PathLook, Places, StrongestPaths, path_look
from geo.io.resources import issue_catalogue
from geo.propagation.links import predict_links
from geo.propagation.paths import BlockingEdge
from geo.validation import IssueLog
from tests.dead_zones.made_up import EPSG, covered, found_in, place
from tests.test_coverage import LAT, LON, ON, cells, chosen, grid, sites, terrain_of
from tests.test_coverage import X as MIDDLE_X
from tests.test_coverage import Y as MIDDLE_Y

A3, A4, B4 = ("A", "3G"), ("A", "4G"), ("B", "4G")
F64 = npt.NDArray[np.float64]


def edge_at(kind: Any = "terrain", over_line_m: float = 42.0, nu: float = 3.0) -> BlockingEdge:
    return BlockingEdge(7, 3.0, 1.5, 105.51, 22.51, 300.0, 310.0, over_line_m, 2.0, 20.0, nu, kind, 1)


@dataclass
class Made(PathLook):
    """Paths that are made up: level and diffraction by layer, and what blocks them."""

    level_dbm: dict[int, float]
    diffraction_db: dict[int, float]
    blocked: BlockingEdge | None = None
    asked: list[int] = field(default_factory=list)

    def strongest(self, lon: F64, lat: F64, asked: npt.NDArray[np.bool_]) -> StrongestPaths:
        self.asked += np.flatnonzero(asked.any(axis=0)).tolist()
        known = np.array([i in self.level_dbm for i in range(asked.shape[1])])
        level, lost = (np.array([values.get(i, np.nan) for i in range(asked.shape[1])]) for values in (self.level_dbm, self.diffraction_db))
        source = np.where(asked & known, 10 + np.arange(asked.shape[1]), -1)
        return StrongestPaths(source, np.full(asked.shape, 4.5), *(np.broadcast_to(v, asked.shape) for v in (level, lost)))

    def edge(self, lon: float, lat: float, source: int) -> BlockingEdge | None:
        return self.blocked

    def site(self, source: int) -> str:
        return f"site{source}"


def on_air(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Radio cells so many kilometres east of the first cell of the grid."""
    found = [{"operator": o, "technology": t, "site_id": f"s{i}", **place(0, km * 10)} for i, (o, t, km) in enumerate(rows)]
    return pd.DataFrame(found, columns=["operator", "technology", "site_id", "lon", "lat"])


def reason(
    layers: dict[tuple[str, str], str], radio_cells: pd.DataFrame | None, look: Made | None = None, level: float = np.nan, **options: Any
) -> pd.Series:
    """The first zone over all operators; ``level`` is what the coverage has in every layer."""
    made = covered(layers)
    made.level_dbm[...] = level
    found = found_in(made, Places(radio_cells=radio_cells), look=look, scopes=("all",), **options).all
    assert found is not None
    return found.frame.iloc[0]


def test_terrain_where_the_path_would_do_without_what_stands_in_it() -> None:
    # Planning level of 4G -110, of 3G -100. Layers are sorted: 0 is 3G, 1 is 4G.
    look = Made({0: -140.0, 1: -130.0}, {0: 10.0, 1: 25.0}, edge_at())
    got = reason({A3: "x", A4: "x"}, on_air(("A", "3G", 4.5), ("A", "4G", 4.5)), look)
    assert (got["reason"], got["reason_points"]) == ("terrain", "1/1")
    assert (got["server_operator"], got["server_technology"], got["server_site_id"]) == ("A", "4G", "site11")
    assert (got["shortfall_db"], got["diffraction_db"], got["server_km"]) == (20.0, 25.0, 4.5)
    assert (got["ridge_lon"], got["ridge_lat"], got["ridge_height_m"], got["ridge_km"], got["ridge_kind"]) == (105.51, 22.51, 42.0, 1.5, "terrain")


def test_distance_where_free_space_alone_is_too_much() -> None:
    look = Made({1: -130.0}, {1: 19.9}, edge_at())
    got = reason({A3: "x", A4: "x"}, on_air(("A", "4G", 12.0)), look)
    assert got["reason"] == "distance"
    assert np.isnan(got["ridge_lon"])
    assert got["shortfall_db"] == 20.0


def test_the_coverage_s_own_level_counts_where_it_has_one() -> None:
    # The path alone would be enough without the ridge; by the calibrated level it would not.
    look = Made({1: -130.0}, {1: 25.0}, edge_at())
    got = reason({A3: "x", A4: "x"}, on_air(("A", "4G", 4.5)), look, level=-136.0)
    assert (got["reason"], got["shortfall_db"]) == ("distance", 26.0)


def test_the_earth_s_bulge_is_distance_and_trees_are_named() -> None:
    near = on_air(("A", "4G", 4.5))
    assert reason({A4: "x"}, near, Made({0: -130.0}, {0: 25.0}, edge_at("earth")))["reason"] == "distance"
    trees = reason({A4: "x"}, near, Made({0: -130.0}, {0: 25.0}, edge_at("clutter")))
    assert (trees["reason"], trees["ridge_kind"]) == ("terrain", "clutter")


def test_an_edge_that_takes_nothing_or_is_not_known_is_no_ridge() -> None:
    near = on_air(("A", "4G", 4.5))
    for blocked in (edge_at(nu=-0.9, over_line_m=-12.0), None):
        got = reason({A4: "x"}, near, Made({0: -130.0}, {0: 25.0}, blocked))
        assert (got["reason"], got["ridge_kind"]) == ("terrain", "")
        assert np.isnan(got["ridge_lon"])


def test_distance_beyond_the_reach_of_a_radio_cell_needs_no_path() -> None:
    assert reason({A4: "x"}, on_air(("A", "4G", 15.1)))["reason"] == "distance"
    assert reason({A4: "x"}, on_air(("A", "4G", 14.9)))["reason"] == ""  # a path would have to be looked at


def test_nobody_there() -> None:
    far = on_air(("A", "4G", 30.1), ("B", "4G", 31.0))
    assert reason({A4: "x", B4: "x"}, far)["reason"] == "no_operator"
    assert reason({A4: "x", B4: "x"}, on_air(("A", "4G", 29.9)))["reason"] == "distance"
    assert reason({A4: "x", B4: "x"}, on_air())["reason"] == "no_operator"
    assert reason({A4: "x", B4: "x"}, on_air(), zone_settings={"no_operator_km": 1e9})["reason"] == "no_operator"
    # Somebody else's site is no site of theirs.
    assert reason({A4: "x", B4: "x"}, on_air(("C", "4G", 1.0)))["reason"] == "no_operator"


def test_technology_where_2g_after_its_end_is_all_there_is() -> None:
    look = Made({2: -130.0}, {2: 25.0}, edge_at())
    layers = {("A", "2G"): "s", A3: "x", A4: "x"}
    # 2G at 5 km serves, 4G stands at 9 km behind a ridge: what is missing is 4G on the near site.
    got = reason(layers, on_air(("A", "2G", 5.0), ("A", "4G", 9.0)), look)
    assert (got["reason"], got["server_site_id"]) == ("technology", "site12")
    # On the same site: it has the technology, the ridge takes the signal away.
    assert reason(layers, on_air(("A", "2G", 9.0), ("A", "4G", 9.1)), look)["reason"] == "terrain"
    # 2G at 5 km that serves nothing there proves nothing; at 2 km it is near enough.
    silent = {**layers, ("A", "2G"): "x"}
    assert reason(silent, on_air(("A", "2G", 5.0), ("A", "4G", 9.0)), look)["reason"] == "terrain"
    assert reason(silent, on_air(("A", "2G", 2.0), ("A", "4G", 9.0)), look)["reason"] == "technology"
    # A radio cell of unknown technology may be 4G.
    assert reason(silent, on_air(("A", "", 2.0), ("A", "4G", 9.0)), look)["reason"] == "terrain"


def test_where_only_2g_or_3g_serves_the_technology_is_what_is_missing() -> None:
    got = reason({A3: "s", A4: "x"}, on_air(("A", "3G", 6.0)))
    assert (got["class"], got["reason"]) == ("no_4g", "technology")


def test_a_single_operator_is_asked_nothing_of_the_others_are() -> None:
    look = Made({0: -60.0, 1: -130.0}, {0: 0.0, 1: 25.0}, edge_at())
    got = reason({A4: "s", B4: "x"}, on_air(("A", "4G", 1.0), ("B", "4G", 6.0)), look)
    assert (got["class"], got["reason"], got["server_operator"]) == ("single_operator", "terrain", "B")
    assert look.asked == [1]


def test_no_reason_rather_than_a_wrong_one() -> None:
    near = on_air(("A", "4G", 4.5))
    assert reason({A4: "x"}, None, Made({0: -130.0}, {0: 25.0}))["reason"] == ""  # nobody says what is on air
    assert reason({A4: "X"}, near, Made({0: -90.0}, {0: 2.0}))["reason"] == ""  # measured dead, predicted served
    assert reason({A4: "x"}, near, Made({}, {}))["reason"] == ""  # a void in the path
    unknown = reason({A4: "x"}, near, Made({}, {}))
    assert (unknown["reason_points"], unknown["server_site_id"]) == ("", "")


def test_the_reason_of_most_points_is_the_zone_s() -> None:
    picture = "\n".join(["x" * 61] * 2)
    population = np.zeros((2, 61))
    population[0, [0, 30, 60]] = 9.0, 8.0, 7.0

    class ByPlace(Made):
        def strongest(self, lon: F64, lat: F64, asked: npt.NDArray[np.bool_]) -> StrongestPaths:
            lost = np.where(lon > lon.min() + 0.01, 5.0, 30.0)[:, None]  # a ridge before the first point alone
            return StrongestPaths(np.full_like(lost, 1, dtype=np.int64), np.full_like(lost, 4.0), np.full_like(lost, -130.0), lost)

    def zone(weights: F64, spacing_m: float) -> pd.Series:
        look = ByPlace({}, {}, edge_at())
        made = covered({A4: picture})
        made.level_dbm[...] = np.nan
        places = Places(population=weights, radio_cells=on_air(("A", "4G", 4.5)))
        found = found_in(made, places, look=look, scopes=("all",), zone_settings={"reason_spacing_m": spacing_m}).all
        assert found is not None
        return found.frame.iloc[0]

    got = zone(population, 2000.0)
    assert (got["reason"], got["reason_points"]) == ("distance", "2/3")
    assert got["lon"] == pytest.approx(place(0, 0)["lon"])  # the representative point: most people
    one = zone(population, 20_000.0)
    assert (one["reason"], one["reason_points"]) == ("terrain", "1/1")


# -- over hills ------------------------------------------------------------------------------------


def ridged() -> np.ndarray:
    """Flat land at 100 m with a ridge of 200 m that runs north and south some 3 km east of the middle."""
    heights = np.full((200, 200), 100.0)
    heights[:, 133:136] = 300.0
    return heights


def test_the_ridge_is_found_where_it_stands(tmp_path: Path) -> None:
    terrain, settings = terrain_of(tmp_path, ridged()), chosen()
    prepared = prepare_sources(
        cells({}), sites({}), operators=("A",), terrain=terrain, grid=grid(3), settings=settings, defaults=radio_defaults(),
        on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    look = path_look(terrain, prepared.sources, grid=grid(3), settings=settings, radio_cells=prepared.table)
    lon, lat = to_wgs84(MIDDLE_X + np.array([5000.0, -5000.0]), [MIDDLE_Y] * 2, EPSG)  # behind the ridge, and before it
    layer = prepared.layers.index(("A", "4G"))
    asked = np.zeros((2, len(prepared.layers)), dtype=bool)
    asked[:, layer] = True
    found = look.strongest(lon, lat, asked)
    links = predict_links(terrain, prepared.sources, lon, lat, [layer, layer], epsg=EPSG, settings=settings)
    np.testing.assert_array_equal(found.level_dbm[:, layer], links.level_dbm)
    assert np.array_equal(found.source >= 0, asked)
    assert found.distance_km[:, layer] == pytest.approx([5.0, 5.0])
    assert found.diffraction_db[0, layer] > 20 > found.diffraction_db[1, layer]
    source = int(found.source[0, layer])
    assert look.site(source) == prepared.table["site_id"].iloc[source]
    edge = look.edge(float(lon[0]), float(lat[0]), source)
    assert edge is not None
    ridge_lon = LON + (134 - 100) / 1200
    assert edge.lon == pytest.approx(ridge_lon, abs=2.5 / 1200)
    assert edge.lat == pytest.approx(LAT, abs=1e-3)
    assert (edge.kind, edge.view) == ("terrain", "blocked")
    assert edge.ground_m == 300.0
    # Over the line from 130 m to 101.5 m, some 2.9 of 5 km on, with the Earth's bulge of a third of a metre.
    line = 130.0 + (101.5 - 130.0) * edge.distance_km / 5.0
    bulge = 500.0 * edge.distance_km * edge.from_rx_km / 8500.0
    assert edge.over_line_m == pytest.approx(300.0 - line + bulge, abs=0.1)
    clear = look.edge(float(lon[1]), float(lat[1]), source)
    assert clear is not None
    assert clear.over_line_m < 0
    nobody = look.strongest(lon, lat, np.zeros_like(asked))
    assert (nobody.source == -1).all()
    assert np.isnan(nobody.level_dbm).all()


def test_a_void_in_the_path_leaves_it_unknown(tmp_path: Path) -> None:
    heights = ridged()
    heights[:, 120:125] = np.nan
    terrain, settings = terrain_of(tmp_path, heights), chosen()
    prepared = prepare_sources(
        cells({}), sites({}), operators=("A",), terrain=terrain, grid=grid(3), settings=settings, defaults=radio_defaults(),
        on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    look = path_look(terrain, prepared.sources, grid=grid(3), settings=settings)
    lon, lat = (float(v[0]) for v in to_wgs84([MIDDLE_X + 5000.0], [MIDDLE_Y], EPSG))
    found = look.strongest(np.array([lon]), np.array([lat]), np.ones((1, len(prepared.layers)), dtype=bool))
    assert (found.source == -1).all()
    assert look.edge(lon, lat, 0) is None
    assert look.site(0) == ""
