"""'No service' is an upper limit: beside numerical integration, and in the fit of the covariance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from geo.fusion import Variogram, fit_field, fit_variogram, fusion_settings, krige, smooth_field
from geo.fusion.censored import below_limit, settle_censored, total_variance
from tests.fusion.made_up import covariance, made_up

FIELD = Variogram("exponential", 50.0, 1000.0, 4.0)
TIGHT = fusion_settings(censored_tolerance=1e-7, censored_sweeps=200, neighbours=32, per_octant=32, least_correlation=1e-6)


@pytest.mark.parametrize("limit", [-25.0, -5.0, 0.0, 12.0, 60.0])
def test_one_place_by_integration(limit: float) -> None:
    sd, rough = np.sqrt(50.0), 2.0
    density = lambda t: norm.pdf(t, 0, sd) * norm.cdf((limit - t) / rough)  # noqa: E731
    total, first, second = (quad(lambda t, k=k: t**k * density(t), -80, 80, points=[limit])[0] for k in range(3))
    mean, variance = first / total, second / total - (first / total) ** 2
    field = smooth_field(np.zeros(1), np.zeros(1), np.array([limit]), np.array([4.0]), FIELD, TIGHT)
    settled = settle_censored(field, np.array([True]), TIGHT)
    found = krige(settled.field, np.array([0.0, 500.0]), np.zeros(2))
    rho = np.exp(-0.5)
    assert settled.settled
    assert found.mean == pytest.approx([mean, rho * mean], abs=2e-3)
    assert found.variance == pytest.approx([variance, 50.0 - rho**2 * (50.0 - variance)], abs=2e-3)
    assert settled.silent[0] == (limit == 60.0)


def test_far_limits_stay_finite() -> None:
    value, noise = below_limit(np.zeros(4), np.full(4, 50.0), np.full(4, 4.0), np.array([-500.0, -250.0, 100.0, 1e6]))
    assert np.isfinite(value).all()
    assert np.isfinite(noise).all()
    assert np.all(noise >= 4.0)
    assert value[0] == pytest.approx(-500.0, rel=0.01)  # so far below, it is all but a level at the limit


def test_four_places_by_integration() -> None:
    """Two levels and two limits; the exact moments over a fine lattice of the two hidden values."""
    x, y = np.array([0.0, 400.0, 800.0, 500.0]), np.array([0.0, 100.0, 0.0, 600.0])
    z, below = np.array([-2.0, -6.0, 3.0, -4.0]), np.array([False, True, False, True])
    u, w = np.array([450.0, 1200.0]), np.array([300.0, -200.0])
    settled = settle_censored(smooth_field(x, y, z, np.full(4, 4.0), FIELD, TIGHT), below, TIGHT)
    found = krige(settled.field, u, w)
    every_x, every_y = np.append(x, u), np.append(y, w)
    k = covariance(FIELD, every_x, every_y, every_x, every_y)
    k[:4, :4] += 4.0 * np.eye(4)
    # Given the levels, the two hidden noisy values and the targets are normal; then cut off below the limits.
    seen, rest = np.flatnonzero(~below), [1, 3, 4, 5]
    gain = np.linalg.solve(k[np.ix_(seen, seen)], k[np.ix_(seen, rest)]).T
    mu, s = gain @ z[seen], k[np.ix_(rest, rest)] - gain @ k[np.ix_(seen, rest)]
    a, b = np.meshgrid(np.linspace(-60, -6, 900), np.linspace(-60, -4, 900), indexing="ij")
    weight = multivariate_normal(mu[:2], s[:2, :2]).pdf(np.dstack((a, b)))
    edge = np.ones(900)
    edge[[0, -1]] = 0.5
    weight *= np.outer(edge, edge)
    weight /= weight.sum()
    hidden = np.array([np.sum(weight * a), np.sum(weight * b)])
    spread = np.array([[np.sum(weight * p * q) for q in (a - hidden[0], b - hidden[1])] for p in (a - hidden[0], b - hidden[1])])
    onto = s[2:, :2] @ np.linalg.inv(s[:2, :2])
    mean = mu[2:] + onto @ (hidden - mu[:2])
    variance = np.diag(s[2:, 2:] - onto @ s[:2, 2:] + onto @ spread @ onto.T)
    np.testing.assert_allclose(found.mean, mean, atol=0.05)
    np.testing.assert_allclose(found.variance, variance, rtol=0.02)
    as_number = krige(smooth_field(x, y, z, np.full(4, 4.0), FIELD, TIGHT), u, w)
    assert abs(as_number.mean[0] - mean[0]) > 0.5  # the limit taken for a level is wrong


def test_spread_of_levels_known_only_below_a_limit() -> None:
    rng = np.random.default_rng(1)
    level = rng.normal(0, 8, 20_000)
    below = level < -3.0
    assert total_variance(np.where(below, -3.0, level), below) == pytest.approx(64.0, rel=0.05)
    assert total_variance(level, np.zeros(20_000, dtype=bool)) == pytest.approx(np.mean(level**2), rel=1e-4)


def test_the_covariance_is_fitted_with_the_places_without_service() -> None:
    """Levels alone are a choice of the good places: their sill is far too small, and so is every error."""
    settings = fusion_settings()
    alone, whole = [], []
    for seed in range(4):
        truth = made_up(seed, villages=1, limit=lambda x, y: np.full(len(x), -5.0))
        assert 0.15 < truth.given.censored.mean() < 0.4
        alone.append(fit_variogram(truth.given, settings, within_variance_db2=4.0).sill_db2)
        whole.append(fit_field(truth.given, settings, within_variance_db2=4.0).variogram.sill_db2)
    assert np.mean(alone) < 32.0
    assert np.mean(whole) == pytest.approx(50.0, rel=0.25)


def test_where_hardly_any_level_is_left_the_default_is_taken_and_said() -> None:
    truth = made_up(1, villages=1, limit=lambda x, y: np.full(len(x), 14.0))
    assert truth.given.censored.mean() > 0.93
    found = fit_field(truth.given, fusion_settings(), within_variance_db2=4.0).variogram
    assert not found.fitted
    assert found.reason in {"poor_fit", "few_classes", "few_observations"}
    assert np.isfinite(found.sill_db2)
