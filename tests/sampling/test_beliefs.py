"""What measuring takes off the error: held against the product's own kriging with the measurement in it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from geo.fusion.kriging import krige, smooth_field
from geo.fusion.settings import fusion_settings
from geo.fusion.variogram import Variogram
from geo.sampling.beliefs import OWN_VISIT, YES, Beliefs, EarlierMeasurements, Measurable, VillageLayers
from geo.sampling.chances import Cuts
from geo.sampling.settings import sampling_settings

VARIOGRAM = Variogram("exponential", 1.0, 1000.0, 0.05, level_m_per_db=50.0)
FUSION = fusion_settings().standardised
CELL = 100.0
SCALE = 8.0
INDEPENDENT = Cuts(0.9, 0.1, 0.0, 0.0)


def scene(*, earlier: int = 5, settings=None, may=YES, cuts=INDEPENDENT, **given) -> tuple[Beliefs, EarlierMeasurements, np.ndarray]:
    """Three villages in a row, 600 m apart, with points of a road south of them; one layer."""
    rng = np.random.default_rng(2)
    x, y = np.array([0.0, 600.0, 1200.0]), np.zeros(3)
    road_x, road_y = np.array([0.0, 300.0, 600.0]), np.full(3, -200.0)
    expected, road_expected = np.array([[-112.0, -110.0, -109.0]]), np.array([[-110.0, -108.0, -111.0]])
    seen = rng.uniform(-900, 1500, (earlier, 2))
    lift = rng.uniform(-114, -106, earlier) * VARIOGRAM.level_m_per_db
    before = EarlierMeasurements(VARIOGRAM, seen[:, 0], seen[:, 1], lift, np.full(earlier, 0.1))
    field = smooth_field(before.x_m, before.y_m, np.zeros(earlier), before.noise, VARIOGRAM, FUSION, expected_dbm=lift / VARIOGRAM.level_m_per_db)
    variance = krige(field, x, y, expected_dbm=expected[0], cell_size_m=CELL).variance
    shape = (1, 3)
    layers = VillageLayers(
        np.array([[-2.0, 0.0, 1.0]]), variance[None], np.full(shape, 1.5), np.full(shape, may, dtype=np.int8), np.full(shape, may, dtype=np.int8),
        np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64),
    )
    made = Beliefs(
        Measurable(x, y, expected, np.full(shape, SCALE)), layers, Measurable(road_x, road_y, road_expected, np.full((1, 3), SCALE)), [before],
        driven=given.pop("driven", np.array([True])), cuts=cuts, settings=settings or sampling_settings(), cell_size_m=CELL, **given,
    )  # fmt: skip
    return made, before, variance


def visited(beliefs: Beliefs, *sites: int) -> np.ndarray:
    out = np.zeros(beliefs.sites, dtype=bool)
    out[list(sites)] = True
    return out


@pytest.mark.parametrize("earlier", [0, 5])
@pytest.mark.parametrize("road", [(), (3,), (3, 4, 5)])
def test_points_of_roads_take_off_what_kriging_with_them_takes_off(earlier: int, road: tuple[int, ...]) -> None:
    beliefs, before, variance = scene(earlier=earlier)
    noise = VARIOGRAM.nugget_db2 + (2.0 / SCALE) ** 2
    at = [s - 3 for s in road]
    x = np.concatenate([before.x_m, np.array([0.0, 300.0, 600.0])[at]])
    y = np.concatenate([before.y_m, np.full(len(at), -200.0)])
    expected = np.concatenate([before.lift_m / VARIOGRAM.level_m_per_db, np.array([-110.0, -108.0, -111.0])[at]])
    field = smooth_field(x, y, np.zeros(len(x)), np.concatenate([before.noise, np.full(len(at), noise)]), VARIOGRAM, FUSION, expected_dbm=expected)
    after = krige(field, np.array([0.0]), np.array([0.0]), expected_dbm=-112.0, cell_size_m=CELL).variance[0]
    found = beliefs.outlook(0, visited(beliefs, *road))
    assert found.shift_sd_db[0] ** 2 == pytest.approx(SCALE**2 * (variance[0] - after), abs=0.02)
    assert found.rest_sd_db[0] ** 2 == pytest.approx(SCALE**2 * (after + VARIOGRAM.nugget_db2) + 1.5**2, abs=0.02)


def test_a_stop_takes_off_what_kriging_with_its_positions_takes_off() -> None:
    beliefs, before, variance = scene()
    noise = VARIOGRAM.nugget_db2 + (2.0 / SCALE) ** 2
    left = []
    for seed in range(200):  # positions at random in the cell
        spots = np.random.default_rng(seed).uniform(-CELL / 2, CELL / 2, (4, 2))
        field = smooth_field(
            np.concatenate([before.x_m, spots[:, 0]]), np.concatenate([before.y_m, spots[:, 1]]), np.zeros(len(before.x_m) + 4),
            np.concatenate([before.noise, np.full(4, noise)]), VARIOGRAM, FUSION,
            expected_dbm=np.concatenate([before.lift_m / VARIOGRAM.level_m_per_db, np.full(4, -112.0)]),
        )
        left.append(krige(field, np.array([0.0]), np.array([0.0]), expected_dbm=-112.0, cell_size_m=CELL).variance[0])
    found = beliefs.outlook(0, visited(beliefs, 0))
    assert found.rest_sd_db[0] ** 2 == pytest.approx(SCALE**2 * (np.mean(left) + VARIOGRAM.nugget_db2) + 1.5**2, rel=0.06)
    assert found.shift_sd_db[0] ** 2 + found.rest_sd_db[0] ** 2 == pytest.approx(SCALE**2 * (variance[0] + VARIOGRAM.nugget_db2) + 1.5**2)


def test_nothing_measured_changes_nothing_and_more_never_knows_less() -> None:
    beliefs, *_ = scene()
    assert beliefs.expected(visited(beliefs)) == 0.0
    rest = [beliefs.outlook(0, visited(beliefs, *s)).rest_sd_db[0] for s in ((), (3,), (3, 4), (0, 3, 4), (0, 1, 3, 4, 5))]
    assert all(b < a for a, b in pairwise(rest))


def test_a_stop_at_one_village_tells_something_of_the_next_and_nothing_far_away() -> None:
    beliefs, *_ = scene(settings=replace(sampling_settings(), least_correlation=0.4))
    one = beliefs.outlook(1, visited(beliefs, 0)).shift_sd_db[0]
    assert 0.0 < one < beliefs.outlook(1, visited(beliefs, 1)).shift_sd_db[0]
    assert beliefs.outlook(2, visited(beliefs, 0)).shift_sd_db[0] == 0.0
    assert beliefs.villages_of[0] == [0, 1]


def test_layers_that_are_not_looked_at_tell_nothing() -> None:
    beliefs, *_ = scene(driven=np.array([False]))
    assert beliefs.outlook(0, visited(beliefs, 3, 4, 5)).shift_sd_db[0] == pytest.approx(0.0, abs=1e-4)
    other, *_ = scene(stopped=np.array([[False, True, True]]))
    assert other.outlook(0, visited(other, 0)).shift_sd_db[0] == pytest.approx(0.0, abs=1e-4)


def test_what_needs_samples_in_the_village_is_not_proven_from_the_road() -> None:
    beliefs, *_ = scene(may=OWN_VISIT)
    assert beliefs.chance(0, visited(beliefs, 3, 4, 5)) == 0.0
    assert beliefs.chance(0, visited(beliefs, 0)) > 0.3
    assert scene()[0].chance(0, visited(beliefs, 3, 4, 5)) > 0.05


def test_a_layer_that_is_not_predicted_is_left_out() -> None:
    beliefs, *_ = scene()
    blind = Beliefs(
        Measurable(beliefs.villages.x_m, beliefs.villages.y_m, np.full((1, 3), np.nan), np.full((1, 3), np.nan)), beliefs.layers,
        Measurable(np.zeros(0), np.zeros(0), np.zeros((1, 0)), np.zeros((1, 0))), beliefs._fields, driven=np.array([True]), cuts=beliefs.cuts,
        settings=sampling_settings(), cell_size_m=CELL,
    )  # fmt: skip
    assert blind.outlook(0, np.array([True, False, False])).shift_sd_db[0] == 0.0
