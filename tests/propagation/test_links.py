"""Paths from measured points to radio cells: the same levels as everywhere else, in parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.coverage import prepare_sources, radio_defaults
from geo.crs import to_wgs84
from geo.io.resources import issue_catalogue
from geo.propagation.diffraction import Diffraction
from geo.propagation.ground import GroundModel
from geo.propagation.links import predict_links
from geo.propagation.p2108 import statistical_terrestrial_loss_db
from geo.propagation.radio_sources import RadioSources
from geo.propagation.sweep import Antenna, Profiles, whole_path_loss
from geo.validation import IssueLog
from tests.test_coverage import (
    EPSG,
    LAT,
    LON,
    ON,
    X,
    Y,
    _hills,
    at,
    cells,
    chosen,
    grid,
    run,
    sites,
    terrain_of,
)

SETTINGS = chosen(minimum_coupling_loss_db=0.0)


def prepared(terrain: GroundModel, *rows: dict[str, Any]) -> tuple[RadioSources, tuple[tuple[str, str], ...]]:
    got = prepare_sources(
        cells(*rows), sites({}), operators=("A",), terrain=terrain, grid=grid(3), settings=SETTINGS, defaults=radio_defaults(),
        on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    return got.sources, got.layers


def test_a_path_is_the_whole_path_in_parts(tmp_path: Path) -> None:
    terrain = terrain_of(tmp_path, _hills(3))
    radio, layers = prepared(terrain, {"azimuth_deg": 40.0}, {"azimuth_deg": 200.0, "frequency_mhz": 900.0})
    x, y = np.array([X + 1500.0, X - 2200.0, X]), np.array([Y + 900.0, Y - 3000.0, Y - 4000.0])
    lon, lat = to_wgs84(x, y, EPSG)
    links = predict_links(terrain, radio, lon, lat, [layers.index(("A", "4G"))] * 3, epsg=EPSG, settings=SETTINGS)
    assert links.point.tolist() == [0, 0, 1, 1, 2, 2]
    assert links.source.tolist() == [0, 1] * 3
    np.testing.assert_allclose(links.distance_km[::2], np.hypot(x - X, y - Y) / 1000, rtol=1e-6)
    eirp = radio.eirp_dbm[np.argsort(radio.index)][links.source]
    np.testing.assert_allclose(
        links.level_dbm, eirp - links.free_space_db - links.diffraction_db - links.pattern_db, atol=1e-9
    )
    window, ground = terrain.read_window((LON - 0.1, LAT - 0.1, LON + 0.1, LAT + 0.1))
    row, column = window.to_lattice(lon, lat)
    (site_row,), (site_column,) = window.to_lattice([LON], [LAT])
    for i in range(2):
        ghz = radio.frequency_mhz[radio.index == i][0] / 1000
        loss, lift = whole_path_loss(
            Profiles(ground.ground_m, ground.ground_m), Antenna(site_row, site_column, float(radio.group_ground_m[0]), 30.0),
            row=row, column=column, distance_km=np.hypot(x - X, y - Y) / 1000, step_km=0.045, rx_height_m=1.5,
            bands=[Diffraction(ghz, 8500.0)], dtype=np.float64,
        )  # fmt: skip
        np.testing.assert_allclose(links.diffraction_db[links.source == i], loss[0], atol=1e-3)
        np.testing.assert_array_equal(links.obstructed[links.source == i], lift > 0)
    assert (links.diffraction_db > 6).any()
    above = radio.group_ground_m[0] + 30.0 - terrain.terrain.sample(lon, lat) - 1.5 + 5e5 / SETTINGS.effective_earth_radius_m * links.distance_km[::2] ** 2
    np.testing.assert_allclose(links.height_m[::2], above, atol=0.5)
    assert np.ptp(above) > 20


def test_links_agree_with_the_map(tmp_path: Path) -> None:
    """The strongest path at the centres of the grid's cells, against the swept map: other samples, same hills."""
    terrain = terrain_of(tmp_path, _hills(5))
    rows = [{"azimuth_deg": 0.0}, {"azimuth_deg": 120.0, **at(900.0, 400.0)}, {"azimuth_deg": 240.0}]
    coverage, got = run(cells(*rows), sites({}), terrain, grid(31, 250.0), setting=SETTINGS)
    x, y = grid(31, 250.0).centres()
    all_x, all_y = (v.ravel() for v in np.meshgrid(x, y))
    lon, lat = to_wgs84(all_x, all_y, EPSG)
    layer = coverage.index("A", "4G")
    links = predict_links(terrain, got.sources, lon, lat, np.full(lon.size, layer), epsg=EPSG, settings=SETTINGS)
    best = np.full(lon.size, -np.inf)
    np.maximum.at(best, links.point, links.level_dbm)
    far = np.hypot(all_x - X, all_y - Y) > 600
    off = (best - coverage.level_dbm[layer].ravel())[far]
    assert abs(np.median(off)) < 0.2
    assert np.percentile(np.abs(off), 90) < 4


def test_only_the_layers_own_cells_in_reach_and_only_known_paths(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    heights[:90, :] = np.nan  # from about 900 m north of the middle on nothing is known
    terrain = terrain_of(tmp_path, heights)
    radio, layers = prepared(terrain, {}, {"technology": "3G", "frequency_mhz": 2100.0}, {**at(300.0, 0.0)})
    lte, umts = layers.index(("A", "4G")), layers.index(("A", "3G"))
    lon, lat = to_wgs84([X + 500, X + 500, X, X, X + 20_000], [Y - 500, Y - 500, Y + 2000, Y - 900, Y], EPSG)
    lon[3] = np.nan
    links = predict_links(terrain, radio, lon, lat, [lte, umts, lte, lte, lte], epsg=EPSG, settings=SETTINGS)
    assert links.point.tolist() == [0, 0, 1, 2, 2]
    assert np.isfinite(links.level_dbm[:3]).all()
    assert np.isnan(links.level_dbm[3:]).all()
    none = predict_links(terrain, radio, lon[:1], lat[:1], [-1], epsg=EPSG, settings=SETTINGS)
    assert len(none) == 0
    with pytest.raises(ValueError, match="every point needs"):
        predict_links(terrain, radio, lon, lat, [lte], epsg=EPSG, settings=SETTINGS)


def test_reach_ends_at_the_radius_within_a_square_too(tmp_path: Path) -> None:
    terrain = terrain_of(tmp_path, np.full((200, 200), 100.0))
    radio, layers = prepared(terrain, {})
    lon, lat = to_wgs84([X + 1990.0, X + 2010.0, X + 3500.0], [Y] * 3, EPSG)
    short = replace(SETTINGS, max_radius_m=2000.0)
    links = predict_links(terrain, radio, lon, lat, [layers.index(("A", "4G"))] * 3, epsg=EPSG, settings=short)
    assert links.point.tolist() == [0]


def test_clutter_loss_at_the_phone_is_in_paths_as_it_is_in_maps(tmp_path: Path) -> None:
    terrain = terrain_of(tmp_path, np.full((200, 200), 100.0))
    ends = replace(terrain, settings=replace(terrain.settings, end_loss="p2108"))
    radio, layers = prepared(terrain, {})
    lon, lat = to_wgs84([X + 1500.0], [Y], EPSG)
    layer = [layers.index(("A", "4G"))]
    plain, lossy = (predict_links(t, radio, lon, lat, layer, epsg=EPSG, settings=SETTINGS) for t in (terrain, ends))
    expected = statistical_terrestrial_loss_db(1.8, 1.5, 50.0)
    assert float(plain.level_dbm[0] - lossy.level_dbm[0]) == pytest.approx(float(expected), abs=0.02)


def test_points_in_any_order_and_squares_give_the_same_paths(tmp_path: Path) -> None:
    terrain = terrain_of(tmp_path, _hills(7))
    radio, layers = prepared(terrain, {}, {**at(2500.0, -2000.0)})
    random = np.random.default_rng(1)
    x, y = X + random.uniform(-6000, 6000, 60), Y + random.uniform(-6000, 6000, 60)
    lon, lat = to_wgs84(x, y, EPSG)
    layer = np.full(60, layers.index(("A", "4G")))
    whole = predict_links(terrain, radio, lon, lat, layer, epsg=EPSG, settings=SETTINGS)
    order = random.permutation(60)
    mixed = predict_links(terrain, radio, lon[order], lat[order], layer, epsg=EPSG, settings=SETTINGS)
    for p in range(60):
        mine, theirs = whole.point == order[p], mixed.point == p
        np.testing.assert_allclose(whole.level_dbm[mine], mixed.level_dbm[theirs], atol=1e-6)
    single = predict_links(terrain, radio, lon[5:6], lat[5:6], layer[:1], epsg=EPSG, settings=SETTINGS)
    np.testing.assert_allclose(single.level_dbm, whole.level_dbm[whole.point == 5], atol=1e-6)


def test_several_layers_at_once_are_the_layers_one_by_one(tmp_path: Path) -> None:
    terrain = terrain_of(tmp_path, _hills(9))
    radio, layers = prepared(
        terrain, {}, {"technology": "3G", "frequency_mhz": 2100.0}, {"azimuth_deg": 200.0}, {"lon": LON + 0.02, "technology": "3G"}
    )
    rng = np.random.default_rng(4)
    lon, lat = to_wgs84(X + rng.uniform(-9000, 9000, 12), Y + rng.uniform(-9000, 9000, 12), EPSG)
    wanted = rng.random((12, len(layers))) < 0.5
    found = predict_links(terrain, radio, lon, lat, wanted, epsg=EPSG, settings=SETTINGS)
    assert len(found) > 10
    of = {int(i): int(layer) for i, layer in zip(radio.index, radio.layer, strict=True)}
    seen = 0
    for k in range(len(layers)):
        alone = predict_links(terrain, radio, lon, lat, np.where(wanted[:, k], k, -1), epsg=EPSG, settings=SETTINGS)
        mine = np.array([of[int(s)] == k for s in found.source])
        for name in ("point", "source", "obstructed"):
            np.testing.assert_array_equal(getattr(found, name)[mine], getattr(alone, name))
        for name in ("level_dbm", "free_space_db", "diffraction_db", "pattern_db", "distance_km"):
            np.testing.assert_allclose(getattr(found, name)[mine], getattr(alone, name), rtol=1e-11, atol=1e-10)
        seen += int(mine.sum())
    assert seen == len(found)
    with pytest.raises(ValueError, match="every point"):
        predict_links(terrain, radio, lon, lat, wanted[:3], epsg=EPSG, settings=SETTINGS)
