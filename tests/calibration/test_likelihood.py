"""The likelihood against cases by hand, dense integration, simulation and finite differences."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from geo.calibration.likelihood import Candidates, ErrorLaw, Kind, curvature, log_likelihood
from geo.calibration.student import log_cdf, log_density, normal_score, slope_of_log_density

PLAIN = ErrorLaw(5.0, 0.0, 21)
TIED = ErrorLaw(5.0, 0.7, 41)


def one(kind: Kind, level: float, sites: list[int], serving: int = -1) -> Candidates:
    return Candidates(
        np.array([level]), np.array([kind], np.int8), np.array([serving]), np.array([0, len(sites)]), np.array(sites)
    )


def value(candidates: Candidates, means: list[float], spread: float = 8.0, law: ErrorLaw = PLAIN) -> float:
    return float(log_likelihood(candidates, np.array(means), np.full(len(means), spread), law).value[0])


def test_one_candidate_is_the_plain_t_law() -> None:
    expected = stats.t.logpdf((-95 + 100) / 8, 5) - np.log(8)
    for kind, serving in ((Kind.SERVING, 0), (Kind.STRONGEST, -1)):
        for law in (PLAIN, TIED):
            assert value(one(kind, -95, [3], serving), [-100], law=law) == pytest.approx(expected, abs=1e-12)


def test_two_candidates_by_hand() -> None:
    f, cdf = stats.t(5).pdf, stats.t(5).cdf
    a, b = (-95 + 100) / 8, (-95 + 92) / 8
    assert value(one(Kind.SERVING, -95, [0, 1], 0), [-100, -92]) == pytest.approx(np.log(f(a) / 8 * cdf(b)), abs=1e-12)
    both = f(a) * cdf(b) / 8 + f(b) * cdf(a) / 8
    assert value(one(Kind.STRONGEST, -95, [0, 1]), [-100, -92]) == pytest.approx(np.log(both), abs=1e-12)


def test_all_censored_and_the_ceiling() -> None:
    cdf = stats.t(5).cdf
    p = cdf((-125 + 130) / 8) * cdf((-125 + 120) / 8)
    assert value(one(Kind.BELOW, -125, [0, 1]), [-130, -120]) == pytest.approx(np.log(p), abs=1e-12)
    assert value(one(Kind.ABOVE, -125, [0, 1]), [-130, -120]) == pytest.approx(np.log1p(-p), abs=1e-12)
    alone = 1 - cdf((-44 + 50) / 8)
    assert value(one(Kind.ABOVE, -44, [0, 0], 1), [-40, -50], law=TIED) == pytest.approx(np.log(alone), abs=1e-12)


def test_no_candidate_at_all() -> None:
    assert value(one(Kind.BELOW, -125, []), []) == 0.0
    assert value(one(Kind.NONE, np.nan, [1]), [-100]) == 0.0


def test_the_density_of_the_maximum_integrates_to_one() -> None:
    def density(y: float) -> float:
        return float(np.exp(value(one(Kind.STRONGEST, y, [0, 0, 1]), [-100, -98, -95], law=TIED)))

    assert integrate.quad(density, -400, 300, points=[-95], limit=400)[0] == pytest.approx(1.0, abs=2e-6)


@pytest.mark.parametrize("rho", [0.3, 0.8, 0.9])
def test_cells_of_a_site_share_their_error(rho: float) -> None:
    """Against a multivariate normal: the copula's law is that of the normal scores."""
    law = ErrorLaw(5.0, rho, 41)
    x = np.array([(-100 + 103) / 8, (-100 + 96) / 8])
    scores = normal_score(x, 5.0)
    expected = np.log(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(scores))
    assert value(one(Kind.BELOW, -100, [4, 4]), [-103, -96], law=law) == pytest.approx(expected, abs=2e-6)
    free = value(one(Kind.BELOW, -100, [4, 5]), [-103, -96], law=law)
    assert free < expected - 0.05  # independent errors make silence less likely


@pytest.mark.slow
def test_a_cell_that_cannot_matter_leaves_the_plain_law() -> None:
    """A neighbour 900 dB below: what is integrated must be what is known in closed form, far into the tail."""
    for level in (-60.0, -95.0, -140.0):
        for kind, serving in ((Kind.SERVING, 0), (Kind.BELOW, -1), (Kind.STRONGEST, -1)):
            law = ErrorLaw(float("inf"), 0.8, 41)
            tied = value(one(kind, level, [1, 1], serving), [-100, -1000], law=law)
            assert tied == pytest.approx(value(one(kind, level, [1], serving), [-100], law=law), abs=1e-6)


def test_simulated_maxima_follow_the_law() -> None:
    """Drawn without any of the package's functions: cells 0 and 1 share a site."""
    rng = np.random.default_rng(4)
    n, rho = 200_000, 0.7
    shared = rng.normal(size=(n, 1))
    normal = np.concatenate([np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=(n, 2)), rng.normal(size=(n, 1))], 1)
    levels = np.array([-100.0, -98.0, -95.0]) + 8 * stats.t(5).ppf(stats.norm.cdf(normal))
    best = levels.max(axis=1)
    for limit in (-105.0, -95.0, -85.0):
        model = np.exp(value(one(Kind.BELOW, limit, [0, 0, 1]), [-100, -98, -95], law=TIED))
        assert model == pytest.approx((best <= limit).mean(), abs=0.004)
    near, serves = np.abs(best + 92) < 1.0, levels.argmax(axis=1) == 1
    density = np.exp(value(one(Kind.SERVING, -92, [0, 0, 1], 1), [-100, -98, -95], law=TIED))
    assert density == pytest.approx((near & serves).mean() / 2.0, rel=0.04)


def random_problem(rng: np.random.Generator, n: int) -> tuple[Candidates, np.ndarray, np.ndarray]:
    sizes = rng.integers(1, 7, n)
    first = np.concatenate([[0], np.cumsum(sizes)])
    site = np.concatenate([np.sort(rng.integers(0, 4, s)) for s in sizes])
    kind = rng.integers(0, 5, n)
    serving = np.where(np.isin(kind, [Kind.SERVING]) | ((kind == Kind.ABOVE) & (rng.random(n) < 0.5)), first[:-1] + rng.integers(0, sizes), -1)
    level = rng.uniform(-125, -80, n)
    mean = np.repeat(level, sizes) + rng.normal(-4, 10, first[-1])
    candidates = Candidates(level, kind.astype(np.int8), serving, first, site)
    return candidates, mean, rng.uniform(5, 10, first[-1])


@given(st.integers(0, 10_000), st.sampled_from([3.0, 5.0, 30.0, inf]), st.sampled_from([0.0, 0.5, 0.85]))
@settings(deadline=None, max_examples=25)
def test_gradients_are_those_of_finite_differences(seed: int, degrees: float, rho: float) -> None:
    rng = np.random.default_rng(seed)
    candidates, mean, spread = random_problem(rng, 12)
    law = ErrorLaw(degrees, rho, 41)
    found = log_likelihood(candidates, mean, spread, law)
    assert np.isfinite(found.value).all()
    # A measurement's value depends on its own paths alone: one path of each is moved at a time, all measurements at once.
    for nth in range(6):
        moved = candidates.first[:-1] + nth
        has = np.flatnonzero(moved < candidates.first[1:])
        step = np.zeros(len(mean))
        step[moved[has]] = 1e-5
        for arrays, slope in (
            (((mean + step, spread), (mean - step, spread)), found.slope_mean),
            (((mean, spread * np.exp(step)), (mean, spread * np.exp(-step))), found.slope_log_spread),
        ):
            up, down = (log_likelihood(candidates, m, s, law).value for m, s in arrays)
            assert slope[moved[has]] == pytest.approx((up - down)[has] / 2e-5, abs=2e-6, rel=2e-5)
            assert np.delete(up, has).tolist() == np.delete(found.value, has).tolist()


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.8]))
@settings(deadline=None, max_examples=15)
def test_the_curvature_is_that_of_the_gradient(seed: int, rho: float) -> None:
    rng = np.random.default_rng(seed)
    candidates, mean, spread = random_problem(rng, 8)
    law = ErrorLaw(5.0, rho, 41)
    row, column, entry = curvature(candidates, mean, spread, law)
    found = np.zeros((len(mean), len(mean)))
    np.add.at(found, (row, column), entry)
    expected = np.empty_like(found)
    for link in range(len(mean)):
        step = np.zeros(len(mean))
        step[link] = 1e-4
        up = log_likelihood(candidates, mean + step, spread, law).slope_mean
        down = log_likelihood(candidates, mean - step, spread, law).slope_mean
        expected[:, link] = (up - down) / 2e-4
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_far_tails_stay_finite_and_exact() -> None:
    x = np.array([-1e6, -60.0, 0.0, 60.0, 1e6])
    np.testing.assert_allclose(log_cdf(x, 4.0), stats.t(4).logcdf(x), rtol=1e-9)
    np.testing.assert_allclose(log_density(x, 4.0), stats.t(4).logpdf(x), rtol=1e-12)
    assert log_cdf(np.array([-40.0]), inf)[0] == pytest.approx(stats.norm.logcdf(-40.0))
    assert slope_of_log_density(np.array([2.0]), inf)[0] == -2.0


@pytest.mark.parametrize(
    ("kind", "serving", "sites"), [(Kind.SERVING, -1, [0]), (Kind.SERVING, 5, [0]), (Kind.STRONGEST, -1, [0, 1, 0])]
)
def test_what_does_not_fit_is_refused(kind: Kind, serving: int, sites: list[int]) -> None:
    with pytest.raises(ValueError, match=r"serving cell|stand together"):
        one(kind, -90, sites, serving)
