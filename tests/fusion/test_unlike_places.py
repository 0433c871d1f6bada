"""Places near one another whose expected levels differ: kriging, draws and the fit with that difference in the distance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from geo.fusion import (
    Observations,
    Variogram,
    fit_field,
    fit_variogram,
    fusion_settings,
    krige,
    observations,
    smooth_field,
)
from geo.fusion.kriging import draw_points, leave_one_out
from geo.fusion.variogram import MODELS, Model, correlation, empirical_variogram
from tests.fusion.made_up import roads

_F64 = npt.NDArray[np.float64]
SETTINGS = fusion_settings()
WHOLE = fusion_settings(neighbours=64, per_octant=64, earlier_draws=64, least_correlation=1e-9)
FIELD = Variogram("exponential", 50.0, 1000.0, 4.0, level_m_per_db=40.0)


def between(v: Variogram, a: tuple[_F64, _F64, _F64], b: tuple[_F64, _F64, _F64]) -> _F64:
    """Covariance of places (x, y, level)."""
    x, y, level = (p[:, None] - q[None, :] for p, q in zip(a, b, strict=True))
    return v.sill_db2 * correlation(v.model, np.sqrt(x**2 + y**2 + (v.level_m_per_db * level) ** 2) / v.length_m)


def test_one_observation_by_hand() -> None:
    # 300 m away and 10 dB x 40 m: 500 m, half a length. Sill 50, noise 50.
    one = smooth_field(np.zeros(1), np.zeros(1), np.array([10.0]), np.array([50.0]), FIELD, WHOLE, expected_dbm=[-110.0])
    found = krige(one, np.array([300.0, 300.0]), np.zeros(2), expected_dbm=np.array([-100.0, -110.0]))
    assert found.mean == pytest.approx([5.0 * np.exp(-0.5), 5.0 * np.exp(-0.3)])
    assert found.variance == pytest.approx([50.0 - 25.0 * np.exp(-1.0), 50.0 - 25.0 * np.exp(-0.6)])
    assert found.nearest_m == pytest.approx([300.0, 300.0])  # on the ground


def test_beyond_reach_by_level_alone_nothing_is_said() -> None:
    one = smooth_field(np.zeros(1), np.zeros(1), np.array([10.0]), np.ones(1), FIELD, SETTINGS, expected_dbm=[-110.0])
    far = krige(one, np.zeros(1), np.zeros(1), expected_dbm=[0.0])  # 4,400 m: correlation 0.012
    assert (far.mean[0], far.variance[0], far.neighbours[0]) == (0.0, 50.0, 0)


def test_unlike_neighbours_give_way_to_like_ones() -> None:
    # With room for few neighbours, the like one 400 m away is taken before the unlike ones next door.
    x = np.append(np.linspace(20.0, 80.0, 8), 400.0)
    level = np.append(np.full(8, -70.0), -100.0)
    few = replace(SETTINGS, neighbours=1, per_octant=1)
    field = smooth_field(x, np.zeros(9), np.append(np.full(8, -10.0), 7.0), np.ones(9), FIELD, few, expected_dbm=level)
    assert krige(field, np.zeros(1), np.zeros(1), expected_dbm=[-100.0]).mean[0] > 0.0


@pytest.mark.parametrize("model", MODELS)
def test_it_is_the_whole_system(model: Model) -> None:
    rng = np.random.default_rng(1)
    v = Variogram(model, 50.0, 700.0, 4.0, level_m_per_db=40.0)
    given = (*rng.uniform(0, 2000, (2, 60)), rng.uniform(-120, -90, 60))
    asked = (*rng.uniform(0, 2000, (2, 40)), rng.uniform(-120, -90, 40))
    z, noise = rng.normal(0, 8, 60), rng.uniform(0.1, 9, 60)
    field = smooth_field(given[0], given[1], z, noise, v, WHOLE, expected_dbm=given[2])
    found = krige(field, asked[0], asked[1], expected_dbm=asked[2])
    c = between(v, given, asked)
    weights = np.linalg.solve(between(v, given, given) + np.diag(noise), c)
    np.testing.assert_allclose(found.mean, weights.T @ z, atol=1e-10)
    np.testing.assert_allclose(found.variance, 50.0 - np.sum(c * weights, axis=0), atol=1e-10)
    # And each observation from the others, by its own level.
    alone = leave_one_out(field, np.array([0]))
    first, rest = int(field.order[0]), np.delete(np.arange(60), field.order[0])
    one, others = (tuple(a[i] for a in given) for i in ([first], rest))
    w = np.linalg.solve(between(v, others, others) + np.diag(noise[rest]), between(v, others, one)[:, 0])
    assert alone.mean[0] == pytest.approx(float(w @ z[rest]))


def test_draws_hang_together_as_the_covariance_says() -> None:
    rng = np.random.default_rng(2)
    n = 30
    where = (*rng.uniform(0, 1500, (2, n)), rng.uniform(-115, -95, n))
    nobody = smooth_field(*(np.zeros(0) for _ in range(4)), FIELD, WHOLE)
    drawn = draw_points(nobody, where[0], where[1], rng.standard_normal((n, 20_000)), expected_dbm=where[2])
    np.testing.assert_allclose(np.cov(drawn), between(FIELD, where, where), atol=2.5)


def valley(seed: int, level_m_per_db: float, model: Model = "exponential") -> Observations:
    """Residuals of known covariance along roads on which the expected level goes up and down."""
    rng = np.random.default_rng(seed)
    x, y, route = roads(rng, 10, 130, 120.0)
    level = -100.0 + 12.0 * np.sin(2 * np.pi * x / 1700.0) * np.cos(2 * np.pi * y / 1300.0) + rng.normal(0, 3, len(x))
    v = Variogram(model, 50.0, 1000.0, 2.0, level_m_per_db=level_m_per_db)
    where = (x, y, level)
    smooth = np.linalg.cholesky(between(v, where, where) + 1e-9 * np.eye(len(x))) @ rng.standard_normal(len(x))
    return observations(x, y, smooth + np.sqrt(2.0) * rng.standard_normal(len(x)), 0.0, route=route, expected_dbm=level)


def test_the_fit_finds_what_a_db_counts() -> None:
    fits = [fit_variogram(valley(seed, 40.0), SETTINGS, within_variance_db2=4.0, model="exponential") for seed in range(8)]
    assert np.exp(np.mean(np.log([f.level_m_per_db for f in fits]))) == pytest.approx(40.0, rel=0.3)
    assert np.mean([f.length_m for f in fits]) == pytest.approx(1000.0, rel=0.25)
    assert np.mean([f.sill_db2 for f in fits]) == pytest.approx(50.0, rel=0.15)


def test_where_levels_do_not_matter_the_fit_says_so() -> None:
    fits = [fit_variogram(valley(seed, 0.0), SETTINGS, within_variance_db2=4.0, model="exponential") for seed in range(8)]
    assert np.median([f.level_m_per_db for f in fits]) <= 7.5
    level = replace(valley(0, 40.0), expected_dbm=np.zeros(len(valley(0, 40.0))))
    assert fit_variogram(level, SETTINGS, within_variance_db2=4.0).level_m_per_db == 0.0


def test_classes_of_level_by_hand() -> None:
    # Pairs 100 m apart, six of like levels that differ by 1, six with 10 dB between that differ by 9.
    x = np.concatenate([k * 50_000.0 + np.array([0.0, 100.0]) for k in range(12)])
    level = np.tile([0.0, 0.0, 0.0, 10.0], 6)
    z = np.tile([0.5, -0.5, 4.5, -4.5], 6)
    few = replace(SETTINGS, minimum_pairs=6, lag_classes=2, last_lag_m=400.0)
    given = observations(x, np.zeros(24), z, 0.0, route=np.arange(24), expected_dbm=level)
    every, _ = empirical_variogram(given, few)
    assert every.level_db == pytest.approx([0.0, 10.0, 0.0])
    assert every.distance_m == pytest.approx([100.0, 100.0, np.inf])
    assert every.semivariance_db2[:2] == pytest.approx(0.5 * np.array([1.0, 81.0]) / (0.457 + 0.494 / 6))


@pytest.mark.slow
def test_intervals_hold_off_the_road_only_with_the_levels() -> None:
    """Roads keep to the valley (levels near −95); what lies beside them is up to 25 dB lower."""
    held = {True: [0, 0], False: [0, 0]}
    for seed in range(6):
        rng = np.random.default_rng(100 + seed)
        x, y, route = roads(rng, 8, 110, 120.0)
        u, w = x + rng.uniform(-400, 400, len(x)), y + rng.uniform(-400, 400, len(x))
        u, w = u[::4], w[::4]
        level = -95.0 + rng.normal(0, 5, len(x))
        beside = -95.0 - rng.uniform(0, 25, len(u))
        where = (np.append(x, u), np.append(y, w), np.append(level, beside))
        truth = Variogram("exponential", 50.0, 1000.0, 2.0, level_m_per_db=40.0)
        smooth = np.linalg.cholesky(between(truth, where, where) + 1e-9 * np.eye(len(where[0]))) @ rng.standard_normal(len(where[0]))
        z = smooth + np.sqrt(2.0) * rng.standard_normal(len(smooth))
        for with_levels, counts in held.items():
            given = observations(x, y, z[: len(x)], 0.0, route=route, expected_dbm=level if with_levels else 0.0)
            fitted = fit_field(given, SETTINGS, within_variance_db2=2.0)
            found = krige(fitted.field, u, w, expected_dbm=beside if with_levels else 0.0)
            sd = np.sqrt(found.variance + fitted.variogram.nugget_db2)
            counts[0] += int((np.abs(z[len(x) :] - found.mean) < 1.6449 * sd).sum())
            counts[1] += len(u)
    share = {k: a / b for k, (a, b) in held.items()}
    assert share[True] == pytest.approx(0.9, abs=0.035)
    assert share[False] < 0.85
