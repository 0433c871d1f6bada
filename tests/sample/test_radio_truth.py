"""The truth on a small flat land: laws that hold whatever the draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.sample.frame import Lattice, to_degrees, to_metres
from geo.sample.land import GRASS, TREE
from geo.sample.network import Network
from geo.sample.terrain import Terrain, gaussian_field
from geo.sample.truth import RadioTruth, build_radio_truth

LATTICE = Lattice(105.0, 22.2, 1 / 1200, 240, 240)
COARSE = LATTICE.coarser(3)
KEY = ("Mạng A", "4G")


def terrain() -> Terrain:
    flat = np.full(LATTICE.shape, 300.0)
    rough = np.linspace(0.0, 25.0, COARSE.columns) * np.ones(COARSE.shape)
    return Terrain(LATTICE, flat, COARSE, np.full(COARSE.shape, 300.0), np.ones(COARSE.shape), rough)


def network(power_w: float = 40.0, azimuth: float = 90.0, width: float = 65.0) -> Network:
    lon, lat = to_degrees(*to_metres(105.1, 22.1))
    sites = pd.DataFrame(
        {
            "site_id": ["A1"],
            "operator": ["Mạng A"],
            "mast": [1],
            "lon": [float(lon)],
            "lat": [float(lat)],
            "radiates": [True],
        }
    )
    cells = pd.DataFrame(
        {
            "cell_id": ["A1-1"], "site": [0], "sector": [1], "carrier": ["L1800"], "technology": ["4G"],
            "azimuth_deg": [azimuth], "height_m": [40.0], "tilt_deg": [0], "power_w": [power_w],
            "gain_dbi": [17.0], "width_deg": [width],
        }
    )  # fmt: skip
    return Network(sites, cells)


@pytest.fixture(scope="module")
def truth() -> RadioTruth:
    cover = np.full(LATTICE.shape, GRASS, dtype=np.uint8)
    cover[:120] = TREE
    return build_radio_truth(np.random.default_rng(7), terrain(), cover, network())


def grid(step: int = 8) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = LATTICE.centres()
    return lon[::step, ::step].ravel(), lat[::step, ::step].ravel()


def test_double_power_is_three_decibels_everywhere(truth: RadioTruth) -> None:
    lon, lat = grid()
    once = truth.levels(lon, lat).level_dbm[KEY]
    twice = replace(truth, network=network(power_w=80.0)).levels(lon, lat).level_dbm[KEY]
    assert np.allclose(twice - once, 3.0103, atol=1e-3)


def test_a_sector_favours_its_own_side(truth: RadioTruth) -> None:
    lon, lat = grid()
    towards_east = truth.levels(lon, lat).level_dbm[KEY]
    towards_west = replace(truth, network=network(azimuth=270.0)).levels(lon, lat).level_dbm[KEY]
    east = lon > 105.12
    assert np.median((towards_east - towards_west)[east]) > 10
    assert np.median((towards_east - towards_west)[lon < 105.08]) < -10


def test_other_operators_and_technologies_have_nothing(truth: RadioTruth) -> None:
    levels = truth.levels(*grid())
    for key, level in levels.level_dbm.items():
        assert np.isneginf(level).all() == (key != KEY)
        assert (levels.cell[key] == (0 if key == KEY else -1)).all()


def test_a_silent_site_serves_nobody(truth: RadioTruth) -> None:
    silent = network()
    silent.sites["radiates"] = False
    assert np.isneginf(replace(truth, network=silent).levels(*grid()).level_dbm[KEY]).all()


def test_woods_cost_and_the_answer_repeats(truth: RadioTruth) -> None:
    omni = replace(truth, network=network(width=360.0), spread_db=np.zeros_like(truth.spread_db))
    x, y = to_metres(105.1, 22.1)
    north, south = to_degrees(x, y + 4_000), to_degrees(x, y - 4_000)
    lon, lat = np.array([north[0], south[0]]), np.array([north[1], south[1]])
    level = omni.levels(lon, lat).level_dbm[KEY]
    assert 8 < level[1] - level[0] < 14  # woods against grass at 1,800 MHz, all else equal
    assert np.array_equal(level, omni.levels(lon, lat).level_dbm[KEY])


def test_shadowing_is_stronger_on_rough_land_and_heavy_tailed(truth: RadioTruth) -> None:
    lon, lat = grid(2)
    plain = replace(truth, spread_db=np.zeros_like(truth.spread_db)).levels(lon, lat).level_dbm[KEY]
    shadow = truth.levels(lon, lat).level_dbm[KEY] - plain
    smooth, rough = shadow[lon < 105.06], shadow[lon > 105.14]
    assert rough.std() > 1.25 * smooth.std()
    assert ((shadow / shadow.std()) ** 4).mean() > 3.5


def test_fields_have_unit_variance_and_the_asked_for_reach() -> None:
    field = gaussian_field(np.random.default_rng(3), (400, 400), 8.0, 0.5)
    assert field.std() == pytest.approx(1.0)
    near = np.corrcoef(field[:, :-2].ravel(), field[:, 2:].ravel())[0, 1]
    far = np.corrcoef(field[:, :-60].ravel(), field[:, 60:].ravel())[0, 1]
    assert near > 0.6
    assert abs(far) < 0.25
