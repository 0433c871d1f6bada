"""What ends stand on and what paths run over: by hand on 3 x 3 nodes first. Terrain and land cover are made up."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.errors import GridMismatchError, ProjectFileError
from geo.io.land_cover import LandCover, clutter_heights_m, land_cover_classes, open_land_cover
from geo.io.resources import issue_catalogue, load_toml
from geo.io.terrain import Terrain, TerrainKind, TerrainWindow, open_terrain
from geo.propagation.ground import (
    GroundModel,
    ProfileGround,
    area_types,
    check_ground,
    ground_settings,
    profile_ground,
    state_ground,
)
from geo.validation import IssueLog

NAN = np.nan
STEP = 0.001
GROUND = [[100, 110, 120], [90, NAN, 130], [80, 70, 60]]
#: Forest 15 m, houses 10 m, open 0 m, unknown.
CODES = [[10, 50, 30], [10, 10, 80], [95, 0, 40]]
CLUTTER = [[15, 10, 0], [15, 15, 0], [15, 0, 0]]


def window(heights: Any) -> TerrainWindow:
    return TerrainWindow(np.asarray(heights, dtype=np.float32), 105.0, 21.0, STEP, STEP)


def heights(ground: Any, cover: Any, kind: TerrainKind, **replaced: Any) -> ProfileGround:
    codes = None if cover is None else np.asarray(cover, dtype=np.uint8)
    return profile_ground(window(ground), codes, kind, ground_settings(**replaced))


# -- by hand ---------------------------------------------------------------------------------------


def test_clutter_stands_on_bare_earth() -> None:
    got = heights(GROUND, CODES, "ground")
    np.testing.assert_array_equal(got.ground_m, GROUND)
    np.testing.assert_array_equal(got.over_m, [[115, 120, 120], [105, NAN, 130], [95, 70, 60]])
    assert got.unknown_nodes == 1
    assert got.ground_m.dtype == got.over_m.dtype == np.float32


def test_a_surface_gets_no_clutter_and_its_ends_stand_below() -> None:
    got = heights(GROUND, CODES, "surface")
    np.testing.assert_array_equal(got.over_m, GROUND)
    np.testing.assert_array_equal(got.ground_m, [[85, 100, 120], [75, NAN, 130], [65, 70, 60]])
    assert got.unknown_nodes == 1


def test_canopy_given_twice_changes_nothing() -> None:
    bare = heights(GROUND, CODES, "ground")
    surface = heights(np.asarray(GROUND) + CLUTTER, CODES, "surface")
    np.testing.assert_array_equal(surface.ground_m, bare.ground_m)
    np.testing.assert_array_equal(surface.over_m, bare.over_m)
    assert surface.unknown_nodes == bare.unknown_nodes


def test_without_land_cover_both_are_the_terrain_itself() -> None:
    for kind in ("ground", "surface"):
        got = heights(GROUND, None, kind)  # type: ignore[arg-type]
        np.testing.assert_array_equal(got.ground_m, GROUND)
        assert got.over_m is got.ground_m
        assert got.unknown_nodes == 0


def test_open_land_needs_no_second_array() -> None:
    got = heights(GROUND, np.full((3, 3), 40), "ground")
    assert got.over_m is got.ground_m
    assert got.unknown_nodes == 0
    half = heights(GROUND, np.zeros((3, 3)), "surface")
    assert half.over_m is half.ground_m
    assert half.unknown_nodes == 8, "the void node has no height that a class could change"


def test_land_cover_left_out_on_request() -> None:
    got = heights(GROUND, CODES, "ground", clutter_in_profile=False)
    assert got.over_m is got.ground_m
    np.testing.assert_array_equal(got.ground_m, GROUND)
    assert got.unknown_nodes == 0


def test_land_cover_of_another_shape_is_refused() -> None:
    with pytest.raises(GridMismatchError):
        heights(GROUND, [[10]], "ground")


def test_heights_of_the_classes_are_those_of_the_recommendation() -> None:
    defaults = {"water": 0, "open": 0, "suburban": 10, "forest": 15}  # P.1812: where only land cover is known
    for entry in land_cover_classes().values():
        assert entry.clutter_height_m == defaults[entry.clutter]
        assert entry.source
        assert entry.status in {"standard", "setting"}
    assert [c for c, entry in land_cover_classes().items() if entry.built_up] == [50]
    assert {c for c in land_cover_classes() if clutter_heights_m(np.array([c], np.uint8))[0] > 0} == {10, 50, 95}


# -- laws ------------------------------------------------------------------------------------------

CODE = st.sampled_from([0, 10, 20, 40, 50, 80, 95])
HEIGHT = st.one_of(st.integers(-400, 8800).map(float), st.just(NAN))


@settings(deadline=None, max_examples=60)
@given(
    ground=arrays(np.float32, (4, 5), elements=HEIGHT.map(np.float32)),
    codes=arrays(np.uint8, (4, 5), elements=CODE),
)
def test_laws(ground: np.ndarray, codes: np.ndarray) -> None:
    before = ground.copy()
    bare = heights(ground, codes, "ground")
    surface = heights(bare.over_m, codes, "surface")
    np.testing.assert_array_equal(surface.ground_m, bare.ground_m)
    np.testing.assert_array_equal(surface.over_m, bare.over_m)
    for got in (bare, surface):
        np.testing.assert_array_equal(np.isnan(got.ground_m), np.isnan(ground))
        np.testing.assert_array_equal(np.isnan(got.over_m), np.isnan(ground))
        known = ~np.isnan(ground)
        assert (got.over_m[known] >= got.ground_m[known]).all()
        assert got.unknown_nodes == np.count_nonzero(known & (codes == 0))
    np.testing.assert_array_equal(ground, before)


# -- terrain and land cover on disk ----------------------------------------------------------------


def raster(path: Path, values: Any, west: float, north: float, step: float, **profile: Any) -> Path:
    values = np.asarray(values)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype=values.dtype,
        crs="EPSG:4326", transform=Affine(step, 0, west, 0, -step, north), **profile,
    ) as f:  # fmt: skip
        f.write(values, 1)
    return path


def terrain(path: Path, values: Any, kind: str) -> Terrain:
    """Nodes from 105.0, 21.0 on: centres of the cells of a GeoTIFF."""
    file = raster(path, np.asarray(values, np.float32), 105.0 - STEP / 2, 21.0 + STEP / 2, STEP, nodata=-9999)
    return open_terrain([file], kind=kind, log=IssueLog(issue_catalogue()))


def cover(path: Path, values: Any, step: float = STEP) -> LandCover:
    file = raster(path, np.asarray(values, np.uint8), 105.0 - STEP / 2, 21.0 + STEP / 2, step)
    return open_land_cover(file, log=IssueLog(issue_catalogue()), scan=False)


NODES = np.nan_to_num(np.asarray(GROUND, np.float64), nan=-9999)


def test_a_window_of_the_model_by_hand(tmp_path: Path) -> None:
    model = GroundModel(terrain(tmp_path / "t.tif", NODES, "ground"), cover(tmp_path / "c.tif", CODES), ground_settings())
    got_window, got = model.read_window((105.0, 20.998, 105.002, 21.0))
    assert got_window.heights.shape == (5, 5), "a node beyond on each side"
    np.testing.assert_array_equal(got.ground_m[1:4, 1:4], GROUND)
    np.testing.assert_array_equal(got.over_m[1:4, 1:4], np.asarray(GROUND) + CLUTTER)
    rim = np.ones((5, 5), dtype=bool)
    rim[1:4, 1:4] = False
    assert np.isnan(got.ground_m[rim]).all()
    assert np.isnan(got.over_m[rim]).all()
    assert got.unknown_nodes == 1


def test_sites_stand_on_the_estimated_ground(tmp_path: Path) -> None:
    surface = np.where(NODES < 0, NODES, NODES + CLUTTER)
    land = cover(tmp_path / "c.tif", CODES)
    bare = GroundModel(terrain(tmp_path / "g.tif", NODES, "ground"), land, ground_settings())
    above = GroundModel(terrain(tmp_path / "s.tif", surface, "surface"), land, ground_settings())
    lon = [105.0, 105.002, 105.0, 105.0015, 105.0005, 105.001, 104.0, NAN]
    lat = [21.0, 21.0, 20.9985, 20.998, 21.0, 20.999, 21.0, 21.0]
    # Nodes; halfway between 90 and 80; between 70 and 60; between 100 and 110; a void; outside; nowhere.
    np.testing.assert_allclose(bare.sample(lon, lat), [100, 120, 85, 65, 105, NAN, NAN, NAN], atol=1e-4)
    np.testing.assert_allclose(above.sample(lon, lat), [100, 120, 85, 65, 105, NAN, NAN, NAN], atol=1e-4)
    np.testing.assert_allclose(above.ground_height(lon, lat), bare.ground_height(lon, lat), atol=1e-4)
    alone = GroundModel(above.terrain, None, ground_settings())
    np.testing.assert_allclose(alone.sample(lon[:2], lat[:2]), [115, 120], atol=1e-4)


def test_sites_and_cells_of_the_window_stand_on_the_same_ground(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    land = cover(tmp_path / "c.tif", rng.choice(np.array([0, 10, 40, 50, 80], np.uint8), (300, 300)), STEP / 5)
    model = GroundModel(terrain(tmp_path / "s.tif", rng.integers(0, 900, (60, 60)), "surface"), land, ground_settings())
    lon, lat = rng.uniform(105.001, 105.055, 200), rng.uniform(20.945, 20.999, 200)
    around, ground = model.read_window((105.0, 20.941, 105.059, 21.0))
    standing = TerrainWindow(ground.ground_m, around.west, around.north, around.step_lon, around.step_lat)
    np.testing.assert_allclose(model.sample(lon, lat), standing.sample(lon, lat), atol=2e-3)
    assert (model.terrain.sample(lon, lat) - model.sample(lon, lat)).max() > 5


def test_windows_cut_differently_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    land = cover(tmp_path / "c.tif", rng.choice(np.array([0, 10, 40, 50, 80], np.uint8), (500, 500)), STEP / 10)
    for kind in ("ground", "surface"):
        model = GroundModel(terrain(tmp_path / f"{kind}.tif", rng.integers(0, 900, (60, 60)), kind), land, ground_settings())
        whole_window, whole = model.read_window((105.001, 20.942, 105.057, 20.999))
        for west, south in rng.uniform([105.002, 20.944], [105.04, 20.98], (12, 2)):
            part_window, part = model.read_window((west, south, west + 0.0153, south + 0.0171))
            top = round((whole_window.north - part_window.north) / STEP)
            left = round((part_window.west - whole_window.west) / STEP)
            held = (slice(top, top + part.ground_m.shape[0]), slice(left, left + part.ground_m.shape[1]))
            np.testing.assert_array_equal(part.ground_m, whole.ground_m[held])
            np.testing.assert_array_equal(part.over_m, whole.over_m[held])


def test_the_model_travels(tmp_path: Path) -> None:
    model = GroundModel(terrain(tmp_path / "t.tif", NODES, "surface"), cover(tmp_path / "c.tif", CODES), ground_settings())
    bounds = (105.0, 20.998, 105.002, 21.0)
    text = pickle.dumps(model)
    assert len(text) < 10_000
    np.testing.assert_array_equal(pickle.loads(text).read_window(bounds)[1].over_m, model.read_window(bounds)[1].over_m)  # noqa: S301


# -- what counts twice is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "land_cover", "replaced", "said"),
    [
        ("ground", True, {}, None),
        ("ground", False, {}, None),
        ("surface", True, {}, None),
        ("surface", False, {}, None),
        (None, True, {}, None),
        ("ground", True, {"end_loss": "p2108", "clutter_in_profile": False}, None),
        ("ground", False, {"end_loss": "p2108"}, None),
        ("ground", True, {"end_loss": "p2108"}, "exclude each other"),
        ("surface", True, {"end_loss": "p2108"}, 'does not go with terrain of kind = "surface"'),
        ("surface", False, {"end_loss": "p2108"}, 'does not go with terrain of kind = "surface"'),
        ("surface", False, {"end_loss": "p2108", "clutter_in_profile": False}, 'end_loss = "p2108" does not go'),
        ("surface", True, {"clutter_in_profile": False}, "cannot be left out"),
        ("ground", True, {"end_loss": "p2109"}, '"none" or "p2108"'),
    ],
)
def test_exclusion(kind: Any, land_cover: bool, replaced: dict[str, Any], said: str | None) -> None:
    if said is None:
        check_ground(ground_settings(**replaced), kind=kind, land_cover=land_cover)
        return
    with pytest.raises(ProjectFileError) as caught:
        check_ground(ground_settings(**replaced), kind=kind, land_cover=land_cover)
    assert said in caught.value.message.en
    assert caught.value.message.vi
    assert caught.value.message.vi != caught.value.message.en
    assert caught.value.message.en.count(". ") == 0, "one sentence"


# -- what is said ----------------------------------------------------------------------------------

HERE = (105.0, 20.998, 105.002, 21.0)


@pytest.mark.parametrize(
    ("kind", "codes", "replaced", "source", "ends", "share", "said"),
    [
        ("ground", None, {}, "none", "terrain", None, {"ground_without_clutter"}),
        ("surface", None, {}, "surface model", "surface", None, {"ground_surface_without_cover"}),
        ("ground", CODES, {}, "land cover over ground", "terrain", 1 / 9, {"ground_class_unknown"}),
        ("surface", CODES, {}, "surface model", "estimated ground", 1 / 9, {"ground_class_unknown", "ground_estimated"}),
        ("ground", [[10] * 3] * 3, {}, "land cover over ground", "terrain", 0.0, set()),
        ("ground", CODES, {"clutter_in_profile": False}, "none", "terrain", None, {"ground_cover_unused"}),
        ("ground", None, {"end_loss": "p2108"}, "none", "terrain", None, {"ground_without_clutter", "ground_end_loss"}),
    ],
)
def test_the_source_of_clutter_and_what_is_stated(
    tmp_path: Path, kind: str, codes: Any, replaced: dict[str, Any], source: str, ends: str, share: Any, said: set[str]
) -> None:
    land = None if codes is None else cover(tmp_path / "c.tif", codes)
    model = GroundModel(terrain(tmp_path / "t.tif", NODES, kind), land, ground_settings(**replaced))
    use = model.use(HERE)
    assert (use.source, use.ends) == (source, ends)
    assert use.unknown_share == pytest.approx(share) if share is not None else use.unknown_share is None
    log = IssueLog(issue_catalogue())
    state_ground(model, use, log)
    assert log.codes() == said
    chosen = IssueLog(issue_catalogue())
    state_ground(model, use, chosen, cover_at_phone=True)
    assert chosen.codes() == said - {"ground_cover_unused"}
    for finding in log:
        assert "{" not in finding.title.vi + finding.title.en
        assert finding.title.vi != finding.title.en
        code, severity = finding.kind.code, finding.kind.severity
        assert severity == ("info" if code == "ground_estimated" else "warning"), "what makes levels too good is on the map"


def test_land_cover_that_ends_early_is_counted(tmp_path: Path) -> None:
    model = GroundModel(terrain(tmp_path / "t.tif", np.ones((9, 9)), "ground"), cover(tmp_path / "c.tif", CODES), ground_settings())
    use = model.use((105.0, 20.995, 105.005, 21.0))
    assert use.nodes == 36
    assert use.unknown_share == pytest.approx(28 / 36), "8 of 36 nodes have a class"
    log = IssueLog(issue_catalogue())
    state_ground(model, use, log)
    assert "77.8 %" in next(iter(log)).title.en


# -- area type -------------------------------------------------------------------------------------


def test_area_types_by_hand(tmp_path: Path) -> None:
    # 0.2 degrees in cells of 0.001; a town of built-up land, a village of 3 in 10 columns, forest, nothing known.
    codes = np.full((200, 200), 10, dtype=np.uint8)
    codes[:100, :100] = 50
    codes[:100, 100:] = np.where(np.arange(100) % 10 < 3, 50, 40)
    codes[100:, 100:] = 0
    land = cover(tmp_path / "c.tif", codes)
    lon = [105.05, 105.15, 105.05, 105.15, 110.0, NAN]
    lat = [20.95, 20.95, 20.85, 20.85, 20.95, 20.95]
    model = GroundModel(terrain(tmp_path / "t.tif", NODES, "ground"), land, ground_settings())
    got = model.area_type(lon, lat)
    assert got.tolist() == ["urban", "suburban", "rural", "", "", ""]
    assert got.dtype == object
    assert area_types(None, lon, lat, ground_settings()).tolist() == [""] * 6
    # On the corner of the four a quarter is town, 3/40 village, a quarter forest, a quarter unknown: 0.325 / 0.75.
    corner = area_types(land, [105.1 - STEP / 2], [20.9 + STEP / 2], ground_settings())
    assert corner.tolist() == ["suburban"]
    assert area_types(land, [105.1], [20.9], ground_settings(urban_built_share=0.4)).tolist() == ["urban"]
    assert area_types(land, [105.1], [20.9], ground_settings(area_known_share=0.8)).tolist() == [""]


def test_the_surroundings_are_a_circle(tmp_path: Path) -> None:
    # Built-up beyond 1,000 m alone: a fifth of the square around the circle.
    lat = 21.0 - np.arange(60)[:, None] * STEP
    lon = 105.0 + np.arange(60)[None, :] * STEP
    east = (lon - 105.03) * 111_320 * np.cos(np.radians(20.97))
    north = (lat - 20.97) * 110_700
    land = cover(tmp_path / "c.tif", np.where(np.hypot(east, north) > 1075, 50, 40))
    assert area_types(land, [105.03], [20.97], ground_settings()).tolist() == ["rural"]
    assert area_types(land, [105.03], [20.97], ground_settings(area_radius_m=1300)).tolist() == ["suburban"]


def test_every_default_has_unit_source_and_status() -> None:
    entries = load_toml("defaults.toml")["ground"]
    for entry in entries.values():
        assert set(entry) == {"value", "unit", "status", "source"}
        assert entry["source"]
        assert entry["status"] in {"standard", "setting", "unverified"}
    assert ground_settings().clutter_in_profile is True
    assert ground_settings().end_loss == "none"
