"""Semivariances by hand, caps by route, fit on made-up truth, fall-back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.fusion import empirical_variogram, fit_variogram, fusion_settings, observations
from geo.fusion.variogram import MODELS, Model
from tests.fusion.made_up import made_up

SETTINGS = fusion_settings()


def test_semivariances_by_hand() -> None:
    # Three places 100 m apart on a line, far pairs of them: differences 1, 3 at 100 m and 4 at 200 m, six copies far apart.
    x = np.concatenate([k * 50_000.0 + np.array([0.0, 100.0, 200.0]) for k in range(6)])
    z = np.tile([2.0, 3.0, 6.0], 6)
    few = replace(SETTINGS, minimum_pairs=6, lag_classes=2, last_lag_m=400.0)
    every, _ = empirical_variogram(observations(x, np.zeros(18), z, 0.5, route=np.arange(18)), few)
    root = (np.sqrt(1.0) + np.sqrt(3.0)) / 2.0
    assert every.distance_m == pytest.approx([100.0, 200.0, np.inf])
    assert every.weight == pytest.approx([12.0, 6.0, 18.0])
    assert every.semivariance_db2[0] == pytest.approx(0.5 * root**4 / (0.457 + 0.494 / 12))
    assert every.semivariance_db2[1] == pytest.approx(0.5 * 2.0**4 / (0.457 + 0.494 / 6))  # √4 = 2
    about_0 = ((np.sqrt(2.0) + np.sqrt(3.0) + np.sqrt(6.0)) / 3.0) ** 4
    assert every.semivariance_db2[2] == pytest.approx(about_0 / (0.457 + 0.494 / 18))
    assert every.noise_db2 == pytest.approx([0.5, 0.5, 0.5])


def test_one_dense_drive_does_not_speak_for_the_province() -> None:
    rng = np.random.default_rng(1)
    calm = made_up(1, sill=20.0, length_m=1000.0, nugget=1.0, villages=1).given
    # One route with 1500 samples of wild noise beside ten ordinary ones.
    x = rng.uniform(0, 3000, 1500)
    both = observations(
        np.append(calm.x_m, x), np.append(calm.y_m, x), np.append(calm.residual_db, rng.normal(0, 30, 1500)), 1.0,
        route=np.append(calm.route, np.full(1500, 99)),
    )  # fmt: skip
    capped, _ = empirical_variogram(both, replace(SETTINGS, pairs_per_route=300))
    loose, _ = empirical_variogram(both, replace(SETTINGS, pairs_per_route=1e12))
    assert loose.semivariance_db2[0] > 500.0
    assert capped.semivariance_db2[0] < 0.55 * loose.semivariance_db2[0]
    assert capped.semivariance_db2[-1] < 0.2 * loose.semivariance_db2[-1]


@pytest.mark.parametrize("model", MODELS)
def test_it_finds_what_was_made(model: Model) -> None:
    fits = [fit_variogram(made_up(seed, model=model, villages=1).given, SETTINGS, within_variance_db2=4.0) for seed in range(10)]
    assert np.mean([f.sill_db2 for f in fits]) == pytest.approx(50.0, rel=0.15)
    assert np.mean([f.length_m for f in fits]) == pytest.approx(1000.0, rel=0.25)
    assert np.mean([f.nugget_db2 for f in fits]) == pytest.approx(9.0, abs=5.0)
    if model == "matern_3_2":  # the exponential one's cusp is easily taken for a nugget: half of them come out as Matérn
        assert sum(f.model == model for f in fits) > 5
    # The stated uncertainty is the order of the real spread.
    for value, error in (("sill_db2", "sill_se"), ("nugget_db2", "nugget_se")):
        spread, stated = np.std([getattr(f, value) for f in fits]), np.median([getattr(f, error) for f in fits])
        assert 0.4 < stated / spread < 2.5


def test_device_noise_is_taken_off_and_spots_average() -> None:
    quiet = made_up(3, noise=0.0, nugget=9.0, villages=1).given
    rng = np.random.default_rng(3)
    loud = observations(
        quiet.x_m, quiet.y_m, quiet.residual_db + rng.normal(0, 5, len(quiet)), 25.0, route=quiet.route
    )
    a, b = (fit_variogram(g, SETTINGS, within_variance_db2=4.0, model="exponential") for g in (quiet, loud))
    assert b.nugget_db2 == pytest.approx(a.nugget_db2, abs=6.0)
    told_nothing = replace(loud, noise_variance_db2=np.zeros(len(loud)))
    c = fit_variogram(told_nothing, SETTINGS, within_variance_db2=4.0, model="exponential")
    assert c.nugget_db2 == pytest.approx(b.nugget_db2 + 25.0, abs=3.0)
    # The same curve behind averages of four spots means four times the variance within a cell.
    d = fit_variogram(replace(quiet, spots=np.full(len(quiet), 4.0)), SETTINGS, within_variance_db2=4.0, model="exponential")
    assert d.nugget_db2 == pytest.approx(4.0 * a.nugget_db2, rel=1e-3)


def test_too_little_data_falls_back_and_says_why() -> None:
    few = made_up(1, villages=1).given.take(np.arange(20))
    found = fit_variogram(few, SETTINGS, within_variance_db2=4.0)
    assert (found.fitted, found.reason) == (False, "few_observations")
    assert found.sill_db2 == SETTINGS.fallback_sd_db**2 == 64.0
    assert (found.length_m, found.nugget_db2) == (SETTINGS.fallback_length_m, 4.0)
    assert np.isnan(found.sill_se)
    spot = observations(np.zeros(60), np.zeros(60), np.arange(60.0), 1.0)
    assert fit_variogram(spot, SETTINGS, within_variance_db2=4.0).reason == "few_classes"
    scattered = observations(np.arange(60) * 1e6, np.zeros(60), np.arange(60.0), 1.0)
    assert fit_variogram(scattered, SETTINGS, within_variance_db2=4.0).reason == "few_classes"


def test_residuals_without_structure_give_a_nugget() -> None:
    rng = np.random.default_rng(5)
    place = made_up(5, villages=1).given
    found = fit_variogram(replace(place, residual_db=rng.normal(0, 6, len(place))), SETTINGS, within_variance_db2=4.0)
    assert found.fitted
    assert found.nugget_db2 + found.sill_db2 == pytest.approx(35.0, rel=0.12)
    assert found.sill_db2 < 0.25 * found.nugget_db2
