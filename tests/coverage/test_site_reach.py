"""What sites serve around them at each distance: by hand, over flat ground and behind a ridge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from geo.coverage import PreparedSources, SiteReach, fixed_reach, prepare_sources, radio_defaults, site_reach
from geo.coverage.site_reach import _completed, _falling
from geo.crs import to_wgs84
from geo.io.resources import issue_catalogue
from geo.propagation.ground import GroundModel
from geo.propagation.links import predict_links
from geo.validation import IssueLog
from tests.propagation.test_corrections import corrections
from tests.test_coverage import EPSG, ON, X, Y, _hills, at, cells, chosen, grid, sites, terrain_of

#: Rings at 100 m to 6 km; the made-up terrain reaches 9 km. Levels so weak that the chance falls within.
SETTINGS = chosen(max_radius_m=6000.0, levels_dbm={"3G": -80.0, "4G": -80.0})


def _prepared(terrain: GroundModel, *rows: dict[str, Any]) -> PreparedSources:
    return prepare_sources(
        cells(*rows), sites({}), operators=("A", "B"), terrain=terrain, grid=grid(3), settings=SETTINGS, defaults=radio_defaults(),
        on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip


def _reach(terrain: GroundModel, found: PreparedSources, **options: Any) -> SiteReach:
    return site_reach(terrain, found.sources, found.layers, epsg=EPSG, settings=SETTINGS, **options)


@pytest.fixture
def flat(tmp_path: Path) -> GroundModel:
    return terrain_of(tmp_path, np.full((200, 200), 100.0))


def _level(terrain: GroundModel, found: PreparedSources, layer: int, away_m: np.ndarray, source: int = 0) -> np.ndarray:
    """The level due east of the first mast, by the same paths as everywhere else."""
    lon, lat = to_wgs84(X + away_m, np.full(away_m.shape, Y), EPSG)
    links = predict_links(terrain, found.sources, lon, lat, np.full(away_m.size, layer), epsg=EPSG, settings=SETTINGS)
    return links.level_dbm[links.source == source]


def _never_rising(chance: np.ndarray) -> np.ndarray:
    """Under a mast its antenna's nulls are; a place is not called less likely served than one farther away."""
    return np.array([chance[i:].max() for i in range(chance.size)])


def test_one_mast_on_flat_ground_is_the_chance_of_its_level(flat: GroundModel) -> None:
    found = _prepared(flat, {})
    layer = found.layers.index(("A", "4G"))
    reach = _reach(flat, found)
    assert reach.distance_m[[0, -1]] == pytest.approx([100.0, 6000.0], rel=2e-6)
    by_hand = norm.cdf((_level(flat, found, layer, reach.distance_m) + 80.0) / found.sources.sd_db[0])
    assert 0.05 < by_hand[-1] < 0.5 < by_hand[3] < 1.0
    np.testing.assert_allclose(reach.chance[layer], _never_rising(by_hand), atol=5e-3)
    assert reach.at(layer, [0.0, 6000.1, 9000.0]).tolist() == [reach.chance[layer, 0], 0.0, 0.0]
    between = 0.5 * (reach.distance_m[4] + reach.distance_m[5])
    assert reach.at(layer, between) == pytest.approx(0.5 * (reach.chance[layer, 4] + reach.chance[layer, 5]))


def test_a_mast_is_asked_alone_and_masts_are_averaged(flat: GroundModel) -> None:
    """A mast of 30 dB less beside a strong one stands for itself: the strong one does not serve in its name."""
    weak = {"power_dbm": 13.0, "cell_id": "w", "site_id": "w", **at(700.0, 0.0)}
    alone, both = _prepared(flat, {}), _prepared(flat, {}, weak)
    layer = alone.layers.index(("A", "4G"))
    mean = _reach(flat, both).chance[layer]
    level = _level(flat, alone, layer, _reach(flat, alone).distance_m)
    strong, low = (norm.cdf((level - less + 80.0) / alone.sources.sd_db[0]) for less in (0.0, 30.0))
    np.testing.assert_allclose(mean, _never_rising(0.5 * (strong + low)), atol=5e-3)


def test_two_antennas_of_a_mast_are_its_best(flat: GroundModel) -> None:
    once = _reach(flat, _prepared(flat, {})).chance
    twice = _reach(flat, _prepared(flat, {}, {"cell_id": "d", "power_dbm": 13.0})).chance
    np.testing.assert_array_equal(once, twice)


def test_what_was_learnt_counts_with_its_error_on_every_kind_of_path(tmp_path: Path) -> None:
    hills = terrain_of(tmp_path, _hills(3))
    found = _prepared(hills, {})
    layer = found.layers.index(("A", "4G"))
    ones = np.ones(len(found.sources.index))
    learnt = corrections(
        len(ones), bias_db=14.0 * ones, slope_db=-10.0 * ones, diffraction=0.25 * ones, deep_diffraction=-0.5 * ones,
        deepest_diffraction=-0.1 * ones, error_sd_db=8.0 * ones, common_sd_db=3.0, deep_sd_db=20.0,
    )  # fmt: skip
    reach = _reach(hills, found, corrections=learnt)
    away, turn = np.repeat(reach.distance_m, 8), np.tile(np.radians(np.arange(0, 360, 45)), reach.distance_m.size)
    lon, lat = to_wgs84(X + away * np.sin(turn), Y + away * np.cos(turn), EPSG)
    links = predict_links(hills, found.sources, lon, lat, np.full(lon.size, layer), epsg=EPSG, settings=SETTINGS)
    lost = links.diffraction_db
    level = links.level_dbm + 14.0 - 10.0 * np.log10(links.distance_km) - 0.25 * lost + 0.5 * np.maximum(lost - 20.0, 0) + 0.1 * np.maximum(lost - 40.0, 0)
    kind = np.where(links.obstructed, np.where(lost > 20.0, 20.0, 8.0), 6.0)
    assert {6.0, 8.0, 20.0} == set(kind.tolist())
    chance = norm.cdf((level + 80.0) / np.sqrt(kind**2 + 64.0 + 9.0)).reshape(-1, 8).mean(axis=1)
    np.testing.assert_allclose(reach.chance[layer], _never_rising(chance), atol=1e-6)


def test_behind_a_ridge_less_is_served(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    (tmp_path / "flat").mkdir()
    even = terrain_of(tmp_path / "flat", heights)
    heights[:, 110:112] = 400.0  # 900 m east of the mast
    ridge = terrain_of(tmp_path, heights)
    open_, shut = (_reach(t, _prepared(t, {})).chance[_prepared(t, {}).layers.index(("A", "4G"))] for t in (even, ridge))
    near, far = slice(0, 4), slice(8, None)
    np.testing.assert_allclose(shut[near], open_[near], atol=0.02)
    assert (shut[far] < open_[far] * 0.85).all()  # three bearings of eight lie behind it


def test_a_layer_without_a_mast_takes_the_best_of_its_technology_else_of_all() -> None:
    nan = np.nan
    chance = np.array([[0.9, 0.2], [0.8, 0.3], [nan, nan], [nan, nan]])
    out = _completed(chance, ["4G", "4G", "4G", "3G"])
    np.testing.assert_array_equal(out, [[0.9, 0.2], [0.8, 0.3], [0.9, 0.3], [0.9, 0.3]])
    np.testing.assert_array_equal(_falling(np.array([[0.4, 0.6, 0.1], [nan, 0.5, nan]])), [[0.6, 0.6, 0.1], [1.0, 1.0, 1.0]])


def test_a_fixed_radius_serves_all_within_and_nothing_beyond() -> None:
    reach = fixed_reach(2, 1500.0)
    assert reach.at(1, [0.0, 1500.0, 1500.1]).tolist() == [1.0, 1.0, 0.0]
