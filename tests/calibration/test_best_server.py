"""The moments of the strongest candidate: by hand, by drawing, and what must always hold."""

from __future__ import annotations

from itertools import product
from math import erf, exp, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.calibration.best_server import best_server_moments


def moments(mean: list[float], sd: list[float], site: list[int], rho_site: float, rho_place: float) -> tuple[float, float]:
    first = np.array([0, len(mean)])
    m, v = best_server_moments(
        np.array(mean), np.array(sd), first, np.array(site, np.int64), site_correlation=rho_site, place_correlation=rho_place
    )
    return float(m[0]), float(v[0])


def drawn(
    rng: np.random.Generator, mean: np.ndarray, sd: np.ndarray, site: np.ndarray, rho_site: float, rho_place: float, n: int
) -> tuple[float, float, float]:
    """Mean, standard deviation of the maximum, and the standard error of the mean, by drawing."""
    sites, which = np.unique(site, return_inverse=True)
    half = n // 2
    z = sqrt(rho_place) * rng.normal(size=(half, 1))
    z = z + sqrt(rho_site - rho_place) * rng.normal(size=(half, len(sites)))[:, which]
    z = z + sqrt(1 - rho_site) * rng.normal(size=(half, len(mean)))
    best = np.concatenate([(mean + sd * z).max(axis=1), (mean - sd * z).max(axis=1)])
    return float(best.mean()), float(best.std()), float(best.std() / sqrt(half))


def test_one_candidate_and_none() -> None:
    m, v = best_server_moments(
        np.array([-90.0, -np.inf, -95.0, np.nan, -80.0]), np.full(5, 8.0), np.array([0, 1, 1, 2, 3, 5]), np.arange(5),
        site_correlation=0.8, place_correlation=0.5,
    )  # fmt: skip
    np.testing.assert_array_equal(m, [-90, -np.inf, -np.inf, -95, np.nan])
    np.testing.assert_array_equal(v, [64, np.nan, np.nan, 64, np.nan])


@pytest.mark.parametrize("same_site", [True, False])
def test_two_candidates_are_clarks_formula(same_site: bool) -> None:
    """Exact for two normals: E = m_a P + m_b Q + t phi, with the correlation that belongs to the pair."""
    rho = 0.8 if same_site else 0.4
    a, b, s, u = -92.0, -95.0, 9.0, 6.0
    t = sqrt(s * s + u * u - 2 * rho * s * u)
    z = (a - b) / t
    p, phi = 0.5 * (1 + erf(z / sqrt(2))), exp(-z * z / 2) / sqrt(2 * pi)
    mean = a * p + b * (1 - p) + t * phi
    square = (a * a + s * s) * p + (b * b + u * u) * (1 - p) + (a + b) * t * phi
    found = moments([a, b], [s, u], [3, 3] if same_site else [3, 4], 0.8, 0.4)
    assert found == pytest.approx((mean, square - mean**2), rel=1e-9)


def test_fully_shared_errors_leave_the_stronger_alone() -> None:
    assert moments([-90, -93, -99], [8, 8, 8], [0, 0, 0], 1.0, 0.5) == (-90.0, 64.0)


@pytest.mark.parametrize(("rho_site", "rho_place"), [(0.0, 0.0), (0.8, 0.0), (0.5, 0.5), (0.8, 0.25), (0.9, 0.5)])
def test_moments_are_those_of_drawing(rho_site: float, rho_place: float) -> None:
    """Within 0.1 dB and 5 % (and what drawing itself is unsure of): 2 to 30 candidates, equal and very unequal."""
    rng = np.random.default_rng(7)
    worst_mean, worst_sd = 0.0, 0.0
    for sites, cells, width, equal in product((1, 2, 10, 30), (1, 3), (0.0, 4.0, 15.0), (True, False)):
        if sites * cells == 1 or sites * cells > 30:
            continue
        n = sites * cells
        mean = -100 + width * rng.normal(size=n)
        sd = np.full(n, 8.0) if equal else rng.uniform(4.0, 10.0, n)
        site = np.repeat(np.arange(sites), cells)
        expected, deviation, error = drawn(rng, mean, sd, site, rho_site, rho_place, 80_000)
        m, v = moments(mean.tolist(), sd.tolist(), site.tolist(), rho_site, rho_place)
        worst_mean = max(worst_mean, abs(m - expected) - 3 * error)
        worst_sd = max(worst_sd, abs(sqrt(v) / deviation - 1))
    assert worst_mean < 0.1
    assert worst_sd < 0.05


@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([(0.0, 0.0), (0.8, 0.5), (0.9, 0.0)]))
@settings(deadline=None, max_examples=60)
def test_what_must_hold_for_any_candidates(seed: int, n: int, rho: tuple[float, float]) -> None:
    """A shift goes through; the mean is no lower than the strongest's; a place does not depend on its neighbours."""
    rng = np.random.default_rng(seed)
    mean, sd = rng.uniform(-130, -60, n), rng.uniform(2, 12, n)
    site = np.sort(rng.integers(0, 4, n))
    m, v = moments(mean.tolist(), sd.tolist(), site.tolist(), *rho)
    shifted = moments((mean + 7).tolist(), sd.tolist(), site.tolist(), *rho)
    assert shifted == pytest.approx((m + 7, v), rel=1e-7)
    assert m >= mean.max() - 0.05
    assert 0 < v < 1.3 * float(sd.max()) ** 2
    two = best_server_moments(
        np.tile(mean, 2), np.tile(sd, 2), np.array([0, n, 2 * n]), np.tile(site, 2), site_correlation=rho[0], place_correlation=rho[1]
    )
    np.testing.assert_array_equal(np.stack(two), [[m, m], [v, v]])


def test_what_does_not_fit_is_refused() -> None:
    one, first = np.zeros(3), np.array([0, 3])
    for change in (
        {"sd_db": -np.ones(3)}, {"first": np.array([0, 2])}, {"site": np.array([0, 1, 0])}, {"place_correlation": 0.9},
        {"site_correlation": 1.1}, {"first": np.array([0, 4, 3])},
    ):  # fmt: skip
        given_: dict[str, object] = {
            "mean_dbm": one, "sd_db": np.ones(3), "first": first, "site": np.arange(3), "site_correlation": 0.8, "place_correlation": 0.5,
        } | change  # fmt: skip
        with pytest.raises(ValueError, match=r"fit|negative|together|correlated|after"):
            best_server_moments(**given_)  # type: ignore[arg-type]
