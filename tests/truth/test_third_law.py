"""The third law: what it must hold, that its lists are wrong, and that it is another law than the two before it."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from geo.sample.drives import Drives
from geo.sample.frame import to_degrees, to_metres
from geo.sample.land import GRASS, TREE
from geo.sample.network import Network
from geo.sample.terrain import Terrain
from geo.sample.truth import build_radio_truth
from tests.truth import third_law
from tests.truth.second_law import build_second_law
from tests.truth.test_second_law import KEY, LATTICE, ONE, network, places, terrain
from tests.truth.third_law import (
    Ingredients,
    ThirdLaw,
    beam_db,
    build_third_drives,
    build_third_law,
    edges_db,
    knife_db,
    two_slopes_db,
    woods_db,
)

SMALL = 256
#: Nothing that is drawn: propagation alone.
PLAIN: dict[str, Any] = {
    "shadow": 0.0, "screens": 0.0, "cell_sd_db": 0.0, "turned_share": 0.0, "height_share": 0.0, "silent_share": 0.0,
    "electrical_tilt": 0.0, "tile_cells": SMALL,
}  # fmt: skip


def law(net: Network = ONE, land: Terrain | None = None, cover: np.ndarray | None = None, **ingredients: Any) -> ThirdLaw:
    ground = np.full(LATTICE.shape, GRASS, dtype=np.uint8) if cover is None else cover
    part = Ingredients(**{"tile_cells": SMALL, **ingredients})
    return build_third_law(np.random.default_rng(7), land or terrain(), ground, net, part)


def test_a_place_has_one_level_however_it_is_asked_for() -> None:
    truth = law(silent_share=0.0)
    lon, lat = places()
    every = truth.levels(lon, lat).level_dbm[KEY]
    np.testing.assert_array_equal(truth.levels(lon[5:9], lat[5:9]).level_dbm[KEY], every[5:9])
    np.testing.assert_array_equal(law(silent_share=0.0).levels(lon, lat).level_dbm[KEY], every)
    assert (truth.levels(lon, lat).cell[KEY] == 0).all()
    assert np.isneginf(truth.levels(lon, lat).level_dbm[("Mạng B", "4G")]).all()
    none = truth.levels(lon, lat, own_masts=pd.Series([False]))
    assert np.isneginf(none.level_dbm[KEY]).all()


def test_two_slopes_by_hand() -> None:
    """TR 38.901 Table 7.4.1-1 with 35 m, 1.5 m, 1.8 GHz: the line of sight bends at 1,981 m."""
    high = np.full(4, 35.0)
    loss = two_slopes_db(np.array([1000.0, 1980.0, 4000.0, 8000.0]), high, 1800.0)
    house = 5.0**1.72
    by_hand = 20 * np.log10(40 * np.pi * 1000 * 1.8 / 3) + 0.03 * house * 3 - 0.044 * house + 2 * np.log10(5.0)
    assert loss[0] == pytest.approx(by_hand)
    assert loss[3] - loss[2] == pytest.approx(40 * np.log10(2))
    turn = 2 * np.pi * 35 * 1.5 * 1.8e9 / 2.998e8
    below, above = two_slopes_db(np.array([turn - 1e-6, turn + 1e-6]), high[:2], 1800.0)
    assert below == pytest.approx(above, abs=1e-6)


def test_edges_and_woods_by_hand() -> None:
    assert knife_db(np.array([0.0]))[0] == pytest.approx(6.02, abs=0.02)  # half of the field
    none = np.array([[-5.0, -1e9, -1e9], [1.0, -1e9, -1e9], [1.0, 0.5, -1e9], [500.0, 100.0, 100.0]])
    loss = edges_db(none, 0.16, np.full(4, 5000.0), 42.0)
    assert loss[0] == pytest.approx(0.0, abs=1e-3)
    assert loss[1] == pytest.approx(float(knife_db(np.array([2.5]))[0]), abs=0.1)
    assert 10 < loss[2] - loss[1] < 25
    assert loss[3] == pytest.approx(42.0, abs=0.2)
    assert (edges_db(none, 0.16, np.full(4, 5000.0), 0.0) == 0).all()
    deep = woods_db(np.array([0.0, 10.0, 1e5]), 1800.0)
    assert deep[0] == 0
    assert deep[1] == pytest.approx(10 * 0.09 * np.sqrt(1.8), rel=0.03)
    assert deep[2] == pytest.approx(1.15 * 1800**0.43)


def test_a_ridge_costs_behind_it_and_woods_cost_behind_them() -> None:
    lon, _ = LATTICE.centres()
    at_lon, at_lat = places()
    flat = law(**PLAIN).levels(at_lon, at_lat).level_dbm[KEY]
    line = np.abs(at_lat - 22.1) < 0.05
    ridge = np.full(LATTICE.shape, 300.0)
    ridge[(lon > 105.15) & (lon < 105.155)] = 700.0
    cut = law(land=terrain(ridge), **PLAIN, roughness_db=0.0).levels(at_lon, at_lat).level_dbm[KEY]
    np.testing.assert_allclose(cut[at_lon < 105.145], flat[at_lon < 105.145], atol=1e-3)
    assert (flat - cut)[(at_lon > 105.16) & line].min() > 15
    assert (flat - cut)[at_lon > 105.16].max() < 43
    cover = np.full(LATTICE.shape, GRASS, dtype=np.uint8)
    cover[(lon > 105.15) & (lon < 105.16)] = TREE
    wooded = law(cover=cover, **PLAIN).levels(at_lon, at_lat).level_dbm[KEY]
    just_behind = (at_lon > 105.16) & (at_lon < 105.168) & line
    assert (flat - wooded)[just_behind].min() > 5
    np.testing.assert_allclose(wooded[at_lon < 105.14], flat[at_lon < 105.14], atol=1e-3)
    assert (law(cover=cover, **PLAIN, woods=0.0).levels(at_lon, at_lat).level_dbm[KEY] == flat).all()


def test_panels_have_nulls_and_a_back() -> None:
    cell = next(network([(105.1, 22.1)], width=65.0).cells.itertuples())
    ahead = np.full(4, 90.0)
    down = beam_db(cell, ahead, np.array([4.0, 7.5, 7.9, 11.0]), 4.0, lobes=True)
    assert down[0] == pytest.approx(0.0, abs=0.01)
    assert down[1] == pytest.approx(3.0, abs=0.3)  # half power at half of 7 degrees
    assert down[3] > 10
    null = beam_db(cell, ahead[:2], np.array([4.0 + 7 / 0.886, 4.0 + 10.0]), 4.0, lobes=True)
    assert null[0] > null[1] + 2
    assert beam_db(cell, np.array([270.0]), np.array([4.0]), 4.0, lobes=True)[0] == pytest.approx(27.0, abs=0.1)


def test_shadowing_is_alike_in_like_directions_long_along_the_valleys_and_heavy_tailed() -> None:
    truth = law(tile_cells=512)
    v, u = (g.ravel() for g in np.mgrid[0:512:3, 0:512:3])
    east, also_east, west = (truth._unit_shadow(k, u, v, np.full(u.size, b)) for k, b in ((1, 1.5), (1, 1.7), (1, -1.6)))
    assert east.std() == pytest.approx(1.0, abs=0.15)
    assert np.corrcoef(east, also_east)[0, 1] > 0.95
    north, south = (truth._unit_shadow(1, u, v, np.full(u.size, b)) for b in (0.0, np.pi))
    common, once, twice, own = third_law.SHARES
    assert common + once + twice + own == pytest.approx(1.0)
    for one, other in ((east, west), (north, south)):  # of one mast, on either side of it
        assert np.corrcoef(one, other)[0, 1] == pytest.approx(common - once + twice + own, abs=0.2)
    field = np.mean([[np.mean(f[:-12, :-12] * f[12:, 12:]), np.mean(f[:-12, 12:] * f[12:, :-12])] for f in truth.directed], axis=0)
    assert field[0] > field[1] + 0.1  # 509 m south-east against 509 m south-west
    strong = truth._burst(u, v) * east
    assert np.mean(truth._burst(u, v) ** 2) == pytest.approx(1.0, abs=0.05)
    assert np.mean(strong**4) / np.mean(strong**2) ** 2 > np.mean(east**4) / np.mean(east**2) ** 2 + 0.8


def test_what_stands_differs_from_the_lists_and_each_part_by_itself() -> None:
    net = network([(105.1, 22.1)] * 1000, width=65.0)
    truth = law(net)
    listed, standing = net.cells, truth.standing
    assert truth.network is net
    assert (listed["azimuth_deg"] == 90.0).all()
    turn = (standing["azimuth_deg"] - listed["azimuth_deg"] + 180) % 360 - 180
    assert (turn != 0).mean() == pytest.approx(0.10, abs=0.03)
    assert np.abs(turn[turn != 0]).between(30, 180).all()
    tilt = standing["tilt_deg"] - listed["tilt_deg"]
    assert tilt.between(0, 5).all()
    assert (tilt == 0).mean() == pytest.approx(0.2, abs=0.04)
    assert standing["silent"].mean() == pytest.approx(0.03, abs=0.02)
    higher = truth.higher_m[1:]
    assert (higher != 0).mean() == pytest.approx(0.33, abs=0.05)
    assert np.abs(higher[higher != 0]).min() >= 5
    assert np.abs(higher).max() <= 10
    assert standing["extra_db"].std() == pytest.approx(1.5, abs=0.15)
    without = law(net, turned_share=0.0).standing
    assert (without["azimuth_deg"] == 90.0).all()
    pd.testing.assert_frame_equal(without.drop(columns="azimuth_deg"), standing.drop(columns="azimuth_deg"))


def test_drives_are_where_their_receivers_say() -> None:
    n = 4000
    lon, lat = to_degrees(np.zeros(n), np.arange(n) * 20.0)
    made = Drives(pd.DataFrame({"lon": lon, "lat": lat, "level_dbm": -90.0}), ())
    with mock.patch.object(third_law, "build_drives", return_value=made):
        found = build_third_drives(np.random.default_rng(1), law(), None).table  # type: ignore[arg-type]
        still = build_third_drives(np.random.default_rng(1), law(gps_sd_m=0.0), None).table  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="ThirdLaw"):
            build_third_drives(np.random.default_rng(1), None, None)  # type: ignore[arg-type]
    x, y = to_metres(found["lon"].to_numpy(), found["lat"].to_numpy())
    off = y - np.arange(n) * 20.0
    assert np.std(x) == pytest.approx(10.0, abs=2.0)
    assert np.std(off) == pytest.approx(10.0, abs=2.0)
    assert np.corrcoef(off[1:], off[:-1])[0, 1] > 0.8
    assert (found["level_dbm"] == -90.0).all()
    assert np.abs(to_metres(still["lon"].to_numpy(), still["lat"].to_numpy())[0]).max() < 0.5


def test_it_is_another_law_than_the_two_before_it() -> None:
    lon, lat = places()
    cover = np.full(LATTICE.shape, TREE, dtype=np.uint8)
    third = law(cover=cover, silent_share=0.0).levels(lon, lat).level_dbm[KEY]
    for other in (build_radio_truth, build_second_law):
        levels = other(np.random.default_rng(7), terrain(), cover, ONE).levels(lon, lat).level_dbm[KEY]
        assert np.std(third - levels) > 6.0
