"""The rubber band over the profile, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geo.sample.diffraction import terrain_loss

_CELL_M = 90.0


def loss(raster: np.ndarray, columns: int, top_m: float = 30.0, mhz: float = 1800.0) -> float:
    """Return the loss from the first column to ``columns`` cells further east."""
    out = terrain_loss(
        raster.astype(np.float32),
        2.0,
        0.0,
        top_m,
        np.array([2.0]),
        np.array([float(columns)]),
        np.array([columns * _CELL_M]),
        1.5,
        np.array([299.792458 / mhz]),
    )
    return float(out[0, 0])


def ridge(height_m: float, at: int, width: int = 41) -> np.ndarray:
    raster = np.zeros((5, width))
    raster[:, at] = height_m
    return raster


def test_a_high_mast_over_a_hollow_loses_nothing() -> None:
    raster = np.full((5, 41), -400.0)
    raster[:, 40] = 0.0
    raster[:, 0] = 0.0
    assert loss(raster, 40, top_m=60.0) == pytest.approx(0.0, abs=1e-6)


def test_an_edge_that_just_touches_the_line_loses_six_decibels() -> None:
    # mast 31.5 m, receiver 1.5 m, edge half way at 16.5 m less the earth's bulge of 0.19 m
    bulge = (20 * _CELL_M) ** 2 / (2 * 8_495_000.0)
    assert loss(ridge(16.5 - bulge, 20), 40, top_m=31.5) == pytest.approx(6.02, abs=0.05)


def test_one_edge_as_lee_gives_it() -> None:
    # 100 m over the line half way along 3,600 m at 1,800 MHz: v = 100 sqrt(4 / (0.16655 * 3600)) = 8.17
    bulge = (20 * _CELL_M) ** 2 / (2 * 8_495_000.0)
    v = 100.0 * np.sqrt(2 * 3_600 / (0.299792458 / 1.8 * 1_800 * 1_800))
    expected = -20 * np.log10(0.225 / v)
    assert loss(ridge(116.5 - bulge, 20), 40, top_m=31.5) == pytest.approx(expected, abs=0.05)


def test_two_separate_hills_cost_more_than_either() -> None:
    both = ridge(120.0, 13)
    both[:, 27] = 120.0
    assert loss(both, 40) > max(loss(ridge(120.0, 13), 40), loss(ridge(120.0, 27), 40)) + 5


@pytest.mark.parametrize("mhz", [900.0, 2100.0, 3700.0])
def test_a_higher_ridge_never_costs_less(mhz: float) -> None:
    costs = [loss(ridge(h, 22), 40, mhz=mhz) for h in range(0, 400, 20)]
    assert np.all(np.diff(costs) >= -1e-6)
    assert costs[-1] > costs[0] + 20


def test_shorter_waves_lose_more_behind_a_ridge() -> None:
    costs = [loss(ridge(150.0, 20), 40, mhz=f) for f in (900.0, 1800.0, 3700.0)]
    assert costs[0] < costs[1] < costs[2]


def test_the_loss_has_a_ceiling() -> None:
    raster = np.zeros((5, 121))
    raster[:, 10:110:20] = 1_500.0
    assert loss(raster, 120) == pytest.approx(60.0)
