"""The second law: what it must hold, and that it is another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.sample.frame import Lattice, to_degrees, to_metres
from geo.sample.land import BUILT, GRASS, TREE
from geo.sample.network import Network
from geo.sample.terrain import Terrain
from geo.sample.truth import build_radio_truth
from tests.truth import second_law
from tests.truth.second_law import SecondLaw, build_second_law, distance_db, obstacle_db

LATTICE = Lattice(105.0, 22.2, 1 / 1200, 300, 300)
KEY = ("Mạng A", "4G")


def terrain(height: np.ndarray | None = None) -> Terrain:
    ground = np.full(LATTICE.shape, 300.0) if height is None else height
    coarse = LATTICE.coarser(3)
    return Terrain(LATTICE, ground, coarse, ground[::3, ::3], np.ones(coarse.shape), np.ones(coarse.shape))


def network(places: list[tuple[float, float]], power_w: float = 40.0, width: float = 360.0) -> Network:
    """Return sites of one operator, each with one cell on a mast of its own."""
    n = len(places)
    sites = pd.DataFrame(
        {
            "site_id": [f"A{k}" for k in range(n)], "operator": "Mạng A", "mast": range(1, n + 1),
            "lon": [p[0] for p in places], "lat": [p[1] for p in places], "radiates": True,
        }
    )  # fmt: skip
    cells = pd.DataFrame(
        {
            "cell_id": [f"A{k}-1" for k in range(n)], "site": range(n), "sector": 1, "carrier": "L1800", "technology": "4G",
            "azimuth_deg": 90.0, "height_m": 40.0, "tilt_deg": 0, "power_w": power_w, "gain_dbi": 17.0, "width_deg": width,
        }
    )  # fmt: skip
    return Network(sites, cells)


def law(net: Network, land: Terrain | None = None, cover: np.ndarray | None = None) -> SecondLaw:
    ground = np.full(LATTICE.shape, GRASS, dtype=np.uint8) if cover is None else cover
    return build_second_law(np.random.default_rng(7), land or terrain(), ground, net)


ONE = network([(105.1, 22.1)])


def places(step: int = 8) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = LATTICE.centres()
    return lon[::step, ::step].ravel(), lat[::step, ::step].ravel()


@pytest.fixture(scope="module")
def truth() -> SecondLaw:
    return law(ONE)


def test_a_place_has_one_level_however_it_is_asked_for(truth: SecondLaw) -> None:
    lon, lat = places()
    every = truth.levels(lon, lat).level_dbm[KEY]
    np.testing.assert_array_equal(truth.levels(lon[5:9], lat[5:9]).level_dbm[KEY], every[5:9])
    np.testing.assert_array_equal(law(ONE).levels(lon, lat).level_dbm[KEY], every)
    assert (truth.levels(lon, lat).cell[KEY] == 0).all()
    assert np.isneginf(truth.levels(lon, lat).level_dbm[("Mạng B", "4G")]).all()
    none = truth.levels(lon, lat, own_masts=pd.Series([False]))
    assert np.isneginf(none.level_dbm[KEY]).all()


def test_double_power_is_three_decibels_and_a_sector_has_a_side(truth: SecondLaw) -> None:
    lon, lat = places()
    once = truth.levels(lon, lat).level_dbm[KEY]
    twice = replace(truth, network=network([(105.1, 22.1)], power_w=80.0)).levels(lon, lat).level_dbm[KEY]
    assert np.allclose(twice - once, 3.0103, atol=1e-3)
    sector = replace(truth, network=network([(105.1, 22.1)], width=65.0)).levels(lon, lat).level_dbm[KEY]
    assert np.median((once - sector)[lon > 105.13]) < 12
    assert np.median((once - sector)[lon < 105.07]) > 25


def test_the_power_law_and_the_obstacle_by_hand() -> None:
    height = np.array([10.0, 10.0, 200.0, 200.0])
    loss = distance_db(np.array([1000.0, 10_000.0, 1000.0, 10_000.0]), height, 1800.0)
    assert loss[1] - loss[0] == pytest.approx(33.0)
    assert loss[3] - loss[2] == pytest.approx(33.0 - 6.1 * np.log10(20))
    assert loss[0] == pytest.approx(32.45 - 20 + 20 * np.log10(1800) + 33.0)
    wave = 0.16
    deep = obstacle_db(np.array([-10.0, -0.6 * np.sqrt(wave), 0.0, 1.0, 1e6]), wave)
    assert deep[:2].tolist() == [0.0, 0.0]
    assert deep[4] == pytest.approx(second_law.OBSTACLE_CAP_DB)
    assert (np.diff(deep[1:]) > 0).all()


def test_a_ridge_costs_behind_it_and_nowhere_else() -> None:
    lon, _ = LATTICE.centres()
    ridge = np.full(LATTICE.shape, 300.0)
    ridge[(lon > 105.15) & (lon < 105.155)] = 700.0
    at_lon, at_lat = places()
    flat = law(ONE).levels(at_lon, at_lat).level_dbm[KEY]
    cut = law(ONE, terrain(ridge)).levels(at_lon, at_lat).level_dbm[KEY]
    behind, before = (at_lon > 105.16) & (np.abs(at_lat - 22.1) < 0.05), at_lon < 105.145
    assert (flat - cut)[behind].min() > 15
    np.testing.assert_allclose(cut[before], flat[before], atol=1e-4)


def test_cover_counts_at_the_receiver_without_regard_to_frequency() -> None:
    cover = np.full(LATTICE.shape, GRASS, dtype=np.uint8)
    cover[::2] = TREE
    cover[::2, ::2] = BUILT
    lon, lat = (v[:, 150:154].ravel() for v in LATTICE.centres())
    bare, covered = law(ONE).levels(lon, lat).level_dbm[KEY], law(ONE, cover=cover).levels(lon, lat).level_dbm[KEY]
    kind = cover[:, 150:154].ravel()
    assert set(np.round((bare - covered)[kind == TREE], 3).tolist()) == {7.0}
    assert set(np.round((bare - covered)[kind == BUILT], 3).tolist()) == {13.0}
    assert np.allclose((bare - covered)[kind == GRASS], 0.0)


def many(count: int = 60) -> tuple[SecondLaw, np.ndarray]:
    """Return a law of masts in two squares, and their unit shadowing over the whole lattice, (masts, n)."""
    x, y = to_metres(105.1, 22.1)
    corner = [np.floor(float(v) / second_law.SQUARE_M) * second_law.SQUARE_M + 4000.0 for v in (x, y)]
    lon, lat = to_degrees(corner[0] + np.repeat([0.0, second_law.SQUARE_M], count // 2), np.full(count, corner[1]))
    found = law(network(list(zip(lon.tolist(), lat.tolist(), strict=True))))
    i, j = (v.ravel() for v in np.mgrid[0:300:2, 0:300:2])
    return found, np.stack([found._unit_shadow(m, i, j) for m in range(1, count + 1)])


def test_shadowing_is_normal_and_shared_by_half_within_a_square_alone() -> None:
    found, unit = many()
    assert found.square[1:].tolist() == [0] * 30 + [1] * 30 or found.square[1:].tolist() == [1] * 30 + [0] * 30
    assert unit.std() == pytest.approx(1.0, abs=0.1)
    assert np.mean((unit - unit.mean()) ** 4) / unit.var() ** 2 == pytest.approx(3.0, abs=0.3)
    r = np.corrcoef(unit)
    # A few masts draw nearly the same piece of one field; the median does not mind.
    assert np.median(r[:30, :30][np.triu_indices(30, 1)]) == pytest.approx(second_law.SITE_CORRELATION, abs=0.1)
    assert abs(np.median(r[:30, 30:])) < 0.1


def test_shadowing_falls_off_exponentially_over_300_m() -> None:
    field = law(ONE).fields.astype(np.float64)
    step = LATTICE.cell_m[0]
    for cells in (2, 4, 7):
        seen = np.mean([np.corrcoef(f[:, cells:].ravel(), f[:, :-cells].ravel())[0, 1] for f in field])
        assert seen == pytest.approx(np.exp(-cells * step / second_law.CORRELATION_M), abs=0.06)


def test_sites_radiate_other_than_their_cells_say() -> None:
    found, _ = many(400)
    assert found.site_db.std() == pytest.approx(second_law.SITE_SD_DB, rel=0.12)
    lon, lat = places()
    plain = replace(law(ONE), site_db=np.zeros(1)).levels(lon, lat).level_dbm[KEY]
    louder = replace(law(ONE), site_db=np.full(1, 2.5)).levels(lon, lat).level_dbm[KEY]
    assert np.allclose(louder - plain, 2.5, atol=1e-4)


def test_it_is_another_law_than_the_sample_s() -> None:
    lon, lat = places()
    cover = np.full(LATTICE.shape, TREE, dtype=np.uint8)
    second = law(ONE, cover=cover).levels(lon, lat).level_dbm[KEY]
    first = build_radio_truth(np.random.default_rng(7), terrain(), cover, ONE).levels(lon, lat).level_dbm[KEY]
    assert np.std(second - first) > 6.0
