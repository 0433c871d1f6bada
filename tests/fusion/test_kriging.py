"""Local simple kriging against the whole system, and by the laws it must keep."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pykrige.ok import OrdinaryKriging

from geo.fusion import Variogram, fusion_settings, krige, leave_one_out, smooth_field
from geo.fusion.variogram import MODELS, Model, correlation
from tests.fusion.made_up import covariance

_F64 = npt.NDArray[np.float64]
#: No limit reached: the whole system.
WHOLE = fusion_settings(neighbours=64, per_octant=64, least_correlation=1e-9)
FIELD = Variogram("exponential", 50.0, 700.0, 4.0)


def dense(v: Variogram, x: _F64, y: _F64, z: _F64, noise: _F64, u: _F64, w: _F64) -> tuple[_F64, _F64]:
    """Simple kriging by numpy, all observations at once."""
    c = covariance(v, x, y, u, w)
    weights = np.linalg.solve(covariance(v, x, y, x, y) + np.diag(noise), c)
    return weights.T @ z, v.sill_db2 - np.sum(c * weights, axis=0)


def places(rng: np.random.Generator, n: int, side: float = 2000.0) -> tuple[_F64, _F64, _F64, _F64]:
    return rng.uniform(0, side, n), rng.uniform(0, side, n), rng.normal(0, 8, n), rng.uniform(0.1, 9, n)


def test_one_observation_by_hand() -> None:
    # Sill 50, noise 50: half the residual at the place; one length away another factor 1/e.
    one = smooth_field(np.zeros(1), np.zeros(1), np.array([10.0]), np.array([50.0]), FIELD, WHOLE)
    found = krige(one, np.array([0.0, 700.0]), np.zeros(2))
    assert found.mean == pytest.approx([5.0, 5.0 / np.e])
    assert found.variance == pytest.approx([25.0, 50.0 - 25.0 / np.e**2])
    assert found.nearest_m == pytest.approx([0.0, 700.0])


@pytest.mark.parametrize("model", MODELS)
def test_it_is_the_whole_system_where_no_limit_is_reached(model: Model) -> None:
    rng = np.random.default_rng(1)
    x, y, z, noise = places(rng, 60)
    u, w = rng.uniform(-500, 2500, (2, 40))
    v = Variogram(model, 50.0, 700.0, 4.0)
    found = krige(smooth_field(x, y, z, noise, v, WHOLE), u, w)
    mean, variance = dense(v, x, y, z, noise, u, w)
    np.testing.assert_allclose(found.mean, mean, atol=1e-10)
    np.testing.assert_allclose(found.variance, variance, atol=1e-10)


def test_the_usual_neighbourhood_is_close_to_the_whole_system() -> None:
    rng = np.random.default_rng(2)
    x, y, z, noise = places(rng, 800, 8000.0)
    u, w = rng.uniform(0, 8000, (2, 500))
    found = krige(smooth_field(x, y, z, noise, FIELD, fusion_settings()), u, w)
    mean, variance = dense(FIELD, x, y, z, noise, u, w)
    assert np.sqrt(np.mean((found.mean - mean) ** 2)) < 0.02 * np.sqrt(50.0)
    assert np.all(found.variance >= variance - 1e-9)  # fewer observations never say more
    assert np.sqrt(np.mean((found.variance - variance) ** 2)) < 0.02 * 50.0


def test_one_dense_road_does_not_crowd_out_the_other_side() -> None:
    along = np.arange(-2000.0, 2001.0, 20.0)
    x, y = np.append(along, 0.0), np.append(np.full(len(along), -300.0), 400.0)
    z, noise = np.append(np.zeros(len(along)), 20.0), np.full(len(x), 0.01)
    found = krige(smooth_field(x, y, z, noise, FIELD, fusion_settings()), np.zeros(1), np.zeros(1))
    mean, _ = dense(FIELD, x, y, z, noise, np.zeros(1), np.zeros(1))
    assert mean[0] > 5.0
    assert found.mean[0] == pytest.approx(mean[0], rel=0.03)
    nearest_only = fusion_settings(neighbours=24, per_octant=24)
    assert krige(smooth_field(x, y, z, noise, FIELD, nearest_only), np.zeros(1), np.zeros(1)).neighbours[0] == 24


def test_out_of_reach_the_model_stands_exactly() -> None:
    rng = np.random.default_rng(3)
    field = smooth_field(*places(rng, 30), FIELD, fusion_settings())
    beyond = 2000.0 + FIELD.reach_m(fusion_settings().least_correlation) + 1.0
    found = krige(field, np.array([beyond, -1e7]), np.array([1000.0, 1e7]))
    assert found.mean.tolist() == [0.0, 0.0]
    assert found.variance.tolist() == [50.0, 50.0]
    assert np.isinf(found.nearest_m).all()
    assert found.neighbours.tolist() == [0, 0]
    nobody = smooth_field(*(np.zeros(0) for _ in range(4)), FIELD, fusion_settings())
    assert krige(nobody, np.zeros(1), np.zeros(1)).variance.tolist() == [50.0]


def test_duplicates_and_collinear_places_without_noise_do_not_break_it() -> None:
    x = np.concatenate((np.arange(0.0, 1000.0, 50.0), np.arange(0.0, 1000.0, 50.0)))
    z = np.tile(np.sin(np.arange(20.0)), 2)
    for model in MODELS:
        v = Variogram(model, 50.0, 700.0, 0.0)
        twice = krige(smooth_field(x, np.zeros(40), z, np.zeros(40), v, WHOLE), x[:20] + 13.0, np.full(20, 5.0))
        once = krige(smooth_field(x[:20], np.zeros(20), z[:20], np.zeros(20), v, WHOLE), x[:20] + 13.0, np.full(20, 5.0))
        np.testing.assert_allclose(twice.mean, once.mean, atol=1e-5)
        np.testing.assert_allclose(twice.variance, once.variance, atol=1e-5)


def test_a_random_point_of_the_cell() -> None:
    # Brute force: the covariance with a uniform point is the mean over a fine lattice of the cell.
    rng = np.random.default_rng(4)
    x, y, z, noise = places(rng, 30, 600.0)
    u, w = rng.uniform(0, 600, (2, 15))
    fine = (np.arange(40) + 0.5) / 40 - 0.5
    dx, dy = (d.ravel() * 100.0 for d in np.meshgrid(fine, fine))
    c = np.column_stack([covariance(FIELD, x, y, a + dx, b + dy).mean(axis=1) for a, b in zip(u, w, strict=True)])
    weights = np.linalg.solve(covariance(FIELD, x, y, x, y) + np.diag(noise), c)
    found = krige(smooth_field(x, y, z, noise, FIELD, WHOLE), u, w, cell_size_m=100.0)
    np.testing.assert_allclose(found.mean, weights.T @ z, atol=0.15)
    np.testing.assert_allclose(found.variance, 50.0 - np.sum(c * weights, axis=0), atol=0.35)
    assert np.all(found.variance > krige(smooth_field(x, y, z, noise, FIELD, WHOLE), u, w).variance)


def test_leaving_one_out_is_kriging_without_it() -> None:
    rng = np.random.default_rng(5)
    x, y, z, noise = places(rng, 25)
    field = smooth_field(x, y, z, noise, FIELD, WHOLE)
    found = leave_one_out(field, np.arange(25))
    for i in range(25):
        rest = np.arange(25) != i
        mean, variance = dense(
            FIELD, field.x_m[rest], field.y_m[rest], field.value[rest], field.noise[rest], field.x_m[i : i + 1], field.y_m[i : i + 1]
        )  # fmt: skip
        assert found.mean[i] == pytest.approx(mean[0], abs=1e-9)
        assert found.variance[i] == pytest.approx(variance[0], abs=1e-9)


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    rng = np.random.default_rng(6)
    field = smooth_field(*places(rng, 200), FIELD, fusion_settings())
    u, w = rng.uniform(-3000, 5000, (2, 500))
    one, three = krige(field, u, w, cell_size_m=100.0), krige(field, u, w, cell_size_m=100.0, workers=3)
    for name in ("mean", "variance", "nearest_m", "neighbours"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()


coordinate = st.integers(0, 40).map(lambda k: 50.0 * k)
observation = st.tuples(coordinate, coordinate, st.floats(-30, 30), st.floats(0.01, 50))


def laid_out(rows: list[tuple[float, float, float, float]], model: Model, shift: float = 0.0) -> object:
    x, y, z, noise = (np.array(column) for column in zip(*rows, strict=True))
    return smooth_field(x + shift, y - shift, z, noise, Variogram(model, 50.0, 700.0, 4.0), WHOLE)


@settings(deadline=None, max_examples=60)
@given(st.lists(observation, min_size=1, max_size=30), observation, st.sampled_from(MODELS))
def test_one_more_observation_never_makes_it_less_sure(
    rows: list[tuple[float, float, float, float]], more: tuple[float, float, float, float], model: Model
) -> None:
    u, w = (a.ravel() for a in np.meshgrid(np.linspace(-300, 2300, 9), np.linspace(-300, 2300, 9)))
    before = krige(laid_out(rows, model), u, w, cell_size_m=100.0).variance
    after = krige(laid_out([*rows, more], model), u, w, cell_size_m=100.0).variance
    assert np.all(after <= before + 1e-8)
    assert np.all(after >= 0)
    assert np.all(before <= 50.0)


def test_with_the_limit_reached_one_more_costs_next_to_nothing() -> None:
    # A nearer one takes another's place: the law holds to the last digit only below the limit.
    rng = np.random.default_rng(7)
    x, y, z, noise = places(rng, 400, 4000.0)
    u, w = (a.ravel() for a in np.meshgrid(np.arange(0, 4000.0, 100.0), np.arange(0, 4000.0, 100.0)))
    before = krige(smooth_field(x, y, z, noise, FIELD, fusion_settings()), u, w).variance
    for _ in range(10):
        more = [np.append(a, b) for a, b in zip((x, y, z, noise), (*rng.uniform(0, 4000, 2), 0.0, 3.0), strict=True)]
        after = krige(smooth_field(*more, FIELD, fusion_settings()), u, w).variance
        assert (after - before).max() < 0.005 * FIELD.sill_db2
        assert (after - before).min() < 0


@settings(deadline=None, max_examples=40)
@given(st.lists(observation, min_size=1, max_size=30), st.sampled_from(MODELS))
def test_where_it_lies_does_not_matter(rows: list[tuple[float, float, float, float]], model: Model) -> None:
    u, w = np.linspace(-300.0, 2300.0, 20), np.linspace(2300.0, -300.0, 20)
    here, there = krige(laid_out(rows, model), u, w), krige(laid_out(rows, model, 2.0**21), u + 2.0**21, w - 2.0**21)
    np.testing.assert_allclose(here.mean, there.mean, atol=1e-6)
    np.testing.assert_allclose(here.variance, there.variance, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=30, unique=True), st.sampled_from(MODELS), st.data())
def test_without_noise_the_observed_value_comes_back(
    where: list[tuple[float, float]], model: Model, data: st.DataObject
) -> None:
    x, y = (np.array(c) for c in zip(*where, strict=True))
    z = np.array(data.draw(st.lists(st.floats(-30, 30), min_size=len(x), max_size=len(x))))
    field = smooth_field(x, y, z, np.zeros(len(x)), Variogram(model, 50.0, 700.0, 0.0), WHOLE)
    found = krige(field, x, y)
    np.testing.assert_allclose(found.mean, z, atol=1e-5)
    np.testing.assert_allclose(found.variance, 0.0, atol=1e-5)


def test_correlation_by_hand() -> None:
    assert correlation("exponential", [0.0, 1.0]) == pytest.approx([1.0, np.exp(-1)])
    root = np.sqrt(3.0)
    assert correlation("matern_3_2", [0.0, 1.0]) == pytest.approx([1.0, (1 + root) * np.exp(-root)])
    for model in MODELS:
        reach = Variogram(model, 1.0, 500.0, 0.0).reach_m(0.02)
        assert correlation(model, [reach / 500.0]) == pytest.approx([0.02])


@pytest.mark.parametrize("model", MODELS)
def test_beside_pykrige(model: Model) -> None:
    rng = np.random.default_rng(8)
    x, y, _, _ = places(rng, 40)
    z = rng.normal(0, 8, 40)
    # Ordinary kriging estimates the mean; thousands of far, independent zeros would fix it at 0. Instead the
    # weights of ordinary kriging follow from simple kriging of the values and of a constant.
    v = Variogram(model, 50.0, 700.0, 4.0)
    field = [smooth_field(x, y, value, np.full(40, 4.0), v, WHOLE) for value in (z, np.ones(40))]
    u, w = rng.uniform(0, 2000, (2, 25))
    simple, share = (krige(f, u, w).mean for f in field)
    matrix = np.linalg.inv(covariance(v, x, y, x, y) + 4.0 * np.eye(40))
    mean = matrix.sum(axis=0) @ z / matrix.sum()
    oracle = OrdinaryKriging(
        x, y, z, variogram_model="custom", variogram_parameters=[50.0, 700.0, 4.0], exact_values=False,
        variogram_function=lambda p, h: p[2] + p[0] * (1.0 - correlation(model, np.asarray(h) / p[1])),
    )  # fmt: skip
    expected, _ = oracle.execute("points", u, w)
    np.testing.assert_allclose(simple + (1.0 - share) * mean, np.asarray(expected), atol=1e-6)
