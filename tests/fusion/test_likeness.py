"""What the measurements of one technology say of another: by hand, against dense algebra, and where phones choose."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.fusion import tiles
from geo.fusion.fitting import FittedField
from geo.fusion.kriging import draw_points, krige, smooth_field
from geo.fusion.likeness import Likeness, Neighbour, find_likeness, joined_field, likeness_matrix
from geo.fusion.settings import fusion_settings
from geo.fusion.tiles import JoinTask, load_field, write_joined
from geo.fusion.variogram import Variogram
from geo.io.files import write_json
from geo.io.rasters import write_array

SETTINGS = fusion_settings()
LENGTH_M = 1000.0
CURVE = Variogram("exponential", 1.0, LENGTH_M, 0.1, fitted=True)
LAYERS = (("Mạng A", "3G"), ("Mạng A", "4G"))


def fitted(x: np.ndarray, y: np.ndarray, value: np.ndarray, noise: float = 0.1, curve: Variogram = CURVE) -> FittedField:
    field = smooth_field(x, y, value, np.full(len(x), noise), curve, SETTINGS)
    return FittedField(field, curve, 0.0, 0, 0, 0, True)


def smooth(seed: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A field of mean 0 and variance 1 over the land, from many waves."""
    rng = np.random.default_rng(seed)
    k = rng.normal(0, 2.5 / LENGTH_M, (200, 2))
    phase = rng.uniform(0, 2 * np.pi, 200)
    return np.sqrt(2.0 / 200) * np.cos(x[:, None] * k[:, 0] + y[:, None] * k[:, 1] + phase).sum(axis=1)


def test_one_measurement_of_another_technology_by_hand() -> None:
    # sill 1, noise 0.1, 500 m away, correlation 0.8: weight 0.8 exp(-0.5) / 1.1.
    other = Neighbour(fitted(np.array([500.0]), np.zeros(1), np.array([2.0])), np.zeros(1))
    none = fitted(*(np.zeros(0) for _ in range(3)))
    field = joined_field(none, [other], np.array([[1.0, 0.8], [0.8, 1.0]]), SETTINGS)
    found = krige(field, np.zeros(1), np.zeros(1))
    weight = 0.8 * np.exp(-0.5) / 1.1
    assert found.mean[0] == pytest.approx(2.0 * weight)
    assert found.variance[0] == pytest.approx(1.0 - 1.1 * weight**2)
    assert np.isinf(found.nearest_m[0])  # nothing of its own was measured


def test_the_others_spread_is_brought_to_ones_own() -> None:
    wide = Variogram("exponential", 4.0, LENGTH_M, 0.4, fitted=True)
    other = Neighbour(fitted(np.array([0.0, 9.0]), np.zeros(2), np.array([2.0, 5.0]), 0.4, wide), np.array([0.0, np.nan]))
    field = joined_field(fitted(np.array([4000.0]), np.zeros(1), np.ones(1)), [other], np.array([[1.0, 0.9], [0.9, 1.0]]), SETTINGS)
    kept = field.kind == 1
    assert (field.value[kept].tolist(), field.noise[kept].tolist()) == ([1.0], [pytest.approx(0.1)])  # no prediction at the second: it is left out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_dense_cokriging(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))  # fewer than an octant may give
    x, y, z, noise = rng.uniform(0, 2000, n), rng.uniform(0, 2000, n), rng.normal(size=n), rng.uniform(0.05, 0.5, n)
    kind = rng.integers(0, 3, n)
    between = likeness_matrix(("a", "b", "c"), [Likeness(("a", "b"), 0.8, 0.0, 9, 9), Likeness(("a", "c"), 0.6, 0.0, 9, 9), Likeness(("b", "c"), 0.5, 0.0, 9, 9)])
    tx, ty = rng.uniform(0, 2000, 2)
    field = smooth_field(x, y, z, noise, CURVE, SETTINGS, kind=kind, between=between)
    found = krige(field, np.array([tx]), np.array([ty]))
    among = np.exp(-np.hypot(x[:, None] - x, y[:, None] - y) / LENGTH_M) * between[kind][:, kind] + np.diag(noise)
    across = np.exp(-np.hypot(x - tx, y - ty) / LENGTH_M) * between[0, kind]
    weight = np.linalg.solve(among, across)
    assert found.mean[0] == pytest.approx(weight @ z, abs=1e-9)
    assert found.variance[0] == pytest.approx(1.0 - weight @ across, abs=1e-9)
    drawn = draw_points(field, np.array([tx]), np.array([ty]), np.array([[0.0, 1.0]]))[0]
    assert drawn[0] == pytest.approx(found.mean[0], abs=1e-9)
    assert drawn[1] - drawn[0] == pytest.approx(np.sqrt(found.variance[0]), abs=1e-9)


def land(seed: int, n: int = 4000, side_m: float = 30_000.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, side_m, n), rng.uniform(0, side_m, n)


@pytest.mark.parametrize("true", [0.85, 0.3, -0.4])
def test_likeness_is_found_whatever_the_noise(true: float) -> None:
    x, y = land(1, 12_000)
    first = smooth(2, x, y)
    second = true * first + np.sqrt(1 - true**2) * smooth(3, x, y)
    noise = np.random.default_rng(4).normal(0, 1.0, (2, len(x)))  # as great as the fields: it must not weaken what is found
    layer = np.repeat([0, 1], len(x))
    found = find_likeness(
        np.tile(x, 2), np.tile(y, 2), np.concatenate([first + noise[0], second + noise[1]]), layer, LAYERS, SETTINGS, stretch_m=LENGTH_M
    )
    assert len(found) == 1
    assert found[0].technologies == ("3G", "4G")
    assert found[0].correlation == pytest.approx(true, abs=0.12)
    assert 0.005 < found[0].error < 0.1
    assert abs(found[0].correlation - true) < 3.5 * found[0].error
    assert found[0].surely(true - 0.3)
    assert not found[0].surely(true)


def test_of_little_ground_and_of_other_operators_nothing_is_said() -> None:
    x, y = land(5, 2000, 1500.0)
    z = smooth(6, x, y)
    layer = np.repeat([0, 1], len(x))
    little = find_likeness(np.tile(x, 2), np.tile(y, 2), np.tile(z, 2), layer, LAYERS, SETTINGS, stretch_m=LENGTH_M)
    assert little[0].pairs > 50
    assert little[0].stretches < SETTINGS.likeness_stretches
    assert np.isnan(little[0].correlation)
    x, y = land(5)
    apart = (("Mạng A", "3G"), ("Mạng B", "4G"))
    other = find_likeness(np.tile(x, 2), np.tile(y, 2), np.tile(smooth(6, x, y), 2), np.repeat([0, 1], len(x)), apart, SETTINGS, stretch_m=LENGTH_M)
    assert other[0].pairs == 0
    assert np.isnan(other[0].correlation)


def test_what_no_fields_can_have_together_is_brought_nearer_to_unlike() -> None:
    told = [Likeness(("3G", "4G"), 0.9, 0.0, 9, 9), Likeness(("3G", "5G"), 0.1, 0.0, 9, 9), Likeness(("4G", "5G"), 0.95, 0.0, 9, 9)]
    found = likeness_matrix(("3G", "4G", "5G"), told)
    assert np.linalg.eigvalsh(found)[0] > 0
    assert np.diag(found).tolist() == [1.0] * 3
    assert 0 < found[0, 1] < 0.9
    assert 0 < found[1, 2] < 0.95


def test_others_are_no_less_alike_than_through_the_one_that_is_asked_for() -> None:
    """Else two of them that agree would tell more of it than it does itself."""
    told = [Likeness(("3G", "4G"), 0.9, 0.0, 9, 9), Likeness(("3G", "5G"), 0.8, 0.0, 9, 9), Likeness(("4G", "5G"), float("nan"), float("nan"), 0, 0)]
    between = likeness_matrix(("3G", "4G", "5G"), told)
    assert between[1, 2] == pytest.approx(0.72)
    assert between[0].tolist() == [1.0, 0.9, 0.8]
    asked_of_4g = likeness_matrix(("4G", "3G", "5G"), told[:1])
    assert asked_of_4g.tolist() == [[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]  # of 5G nothing is known: nothing is taken
    field = smooth_field(np.zeros(2), np.zeros(2), np.ones(2), np.full(2, 1e-6), CURVE, SETTINGS, kind=np.array([1, 2]), between=between)
    found = krige(field, np.zeros(1), np.zeros(1))
    one = smooth_field(np.zeros(1), np.zeros(1), np.ones(1), np.full(1, 1e-6), CURVE, SETTINGS, kind=np.ones(1, np.int64), between=between)
    alone = krige(one, np.zeros(1), np.zeros(1))
    assert found.mean[0] <= 1.0
    assert 0.5 * alone.variance[0] < found.variance[0] < alone.variance[0]


def test_what_all_levels_are_off_is_no_likeness() -> None:
    x, y = land(11, 12_000)
    z = [smooth(12, x, y) + 1.5, smooth(13, x, y) + 1.5]  # unlike, but both 1.5 too low: the car
    found = find_likeness(np.tile(x, 2), np.tile(y, 2), np.concatenate(z), np.repeat([0, 1], len(x)), LAYERS, SETTINGS, stretch_m=LENGTH_M)
    assert abs(found[0].correlation) < 0.15
    assert not found[0].surely(0.3)


def test_operators_on_one_ground_are_one_witness() -> None:
    x, y = land(14, 3000, 12_000.0)
    pair = np.concatenate([smooth(15, x, y), 0.6 * smooth(15, x, y) + 0.8 * smooth(16, x, y)])
    one = find_likeness(np.tile(x, 2), np.tile(y, 2), pair, np.repeat([0, 1], len(x)), LAYERS, SETTINGS, stretch_m=LENGTH_M)[0]
    twice = (*LAYERS, ("Mạng B", "3G"), ("Mạng B", "4G"))
    both = find_likeness(np.tile(x, 4), np.tile(y, 4), np.tile(pair, 2), np.repeat([0, 1, 2, 3], len(x)), twice, SETTINGS, stretch_m=LENGTH_M)[0]
    assert (both.correlation, both.error, both.stretches) == (pytest.approx(one.correlation), pytest.approx(one.error), one.stretches)


def test_a_layer_that_was_not_measured_takes_nothing(tmp_path: Path) -> None:
    """Its error is of its bias and slope too, of which the other technology says nothing."""
    names = ("field_a_3g", "field_a_4g")
    for name, count in zip(names, (0, 60), strict=True):
        write_array(tmp_path / f"{name}_own.npy", np.random.default_rng(0).normal(size=(5, count)) ** 2)
        write_json(tmp_path / f"{name}_variogram.json", {**asdict(CURVE), "sill_se": 0.0, "length_se": 0.0, "nugget_se": 0.0, "misfit": 0.0})
    like = Likeness(("3G", "4G"), 0.9, 0.01, 99, 99)
    write_json(tmp_path / "scales.json", {"likeness": [asdict(like)]})
    found = write_joined(JoinTask(names[0], 0, LAYERS, names, None, "scales", SETTINGS), tmp_path)  # type: ignore[arg-type]
    assert found["joined"] == {}
    write_array(tmp_path / f"{names[0]}_places.npy", np.zeros((10, 0)))
    assert load_field(str(tmp_path), names[0], SETTINGS.standardised)[1].field.x_m.size == 0


def test_a_layer_seen_only_where_a_better_one_fails_is_not_taken_for_bad_everywhere() -> None:
    """Free phones show 3G where 4G is bad: alone 3G comes out too weak on all the land, with 4G in it it does not."""
    errors = {"alone": [], "joined": []}
    for seed in range(4):
        x, y = land(seed, 3000, 12_000.0)
        f4 = smooth(8 + seed, x, y)
        f3 = 0.85 * f4 + np.sqrt(1 - 0.85**2) * smooth(90 + seed, x, y)
        driven = np.random.default_rng(1000 + seed).random(len(x)) < 0.4
        chosen = driven & (f4 < -0.8)
        alone = fitted(x[chosen], y[chosen], f3[chosen])
        four = fitted(x[driven], y[driven], f4[driven])
        joined = joined_field(alone, [Neighbour(four, np.zeros(len(four.field.x_m)))], np.array([[1.0, 0.85], [0.85, 1.0]]), SETTINGS)
        rest = ~driven
        for name, field in (("alone", alone.field), ("joined", joined)):
            errors[name].append(f3[rest] - krige(field, x[rest], y[rest]).mean)
    error = {name: np.concatenate(each) for name, each in errors.items()}
    assert error["alone"].mean() > 0.3, "without the correction it fails"
    assert abs(error["joined"].mean()) < 0.25 * error["alone"].mean()
    assert error["joined"].std() < 0.8 * error["alone"].std()


def test_what_phones_chose_by_is_taken_up_sooner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("field_a_3g", "field_a_4g")
    rng = np.random.default_rng(1)
    for name in names:
        write_array(tmp_path / f"{name}_own.npy", np.vstack([rng.uniform(0, 5000.0, (2, 60)), rng.normal(size=(1, 60)), np.ones((2, 60))]))
        write_json(tmp_path / f"{name}_variogram.json", {**asdict(CURVE), "sill_se": 0.0, "length_se": 0.0, "nugget_se": 0.0, "misfit": 0.0})
    monkeypatch.setattr(tiles, "_at_places", lambda _tiles, _layer, x_m, y_m: (np.zeros(len(x_m)), np.ones(len(x_m)), np.zeros(len(x_m), np.uint8)))

    def joined(layer: int, like: Likeness) -> set[str]:
        write_json(tmp_path / "scales.json", {"likeness": [asdict(like)]})
        return set(write_joined(JoinTask(names[layer], layer, LAYERS, names, None, "scales", SETTINGS), tmp_path)["joined"])  # type: ignore[arg-type]

    for correlation, error, by_3g, by_4g in ((0.61, 0.13, {"4G"}, set()), (0.8, 0.1, {"4G"}, {"3G"}), (0.5, 0.15, set(), set())):
        like = Likeness(("3G", "4G"), correlation, error, 99, 99)
        assert (joined(0, like), joined(1, like)) == (by_3g, by_4g)
    assert joined(0, Likeness(("3G", "5G"), 0.9, 0.01, 99, 99)) == set(), "nothing is known of these two"
