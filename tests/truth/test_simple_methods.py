"""The simple methods and what they are given: by hand, and on levels whose law is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from geo.coverage import State
from geo.io.resources import load_toml
from tests.truth.measured import LayerSamples, layer_samples, squares
from tests.truth.simple_methods import fit_circles, fit_plain_kriging

EPSG = 9210
LIMIT_DBM = load_toml("defaults.toml")["calibration"]["locked_limit_dbm"]["value"]


def rows(*given: tuple[str, str, float, bool, int]) -> pd.DataFrame:
    """Return rows of (technology, lock, level, no service, device)."""
    frame = pd.DataFrame(given, columns=["technology", "locked_technology", "level_dbm", "no_service", "device"])
    return frame.assign(lon=105.2, lat=22.0, operator="Mạng A", foreign=False, speed_kmh=30.0)


def said(frame: pd.DataFrame, technology: str, **options: bool) -> list[tuple[float, bool]]:
    found = layer_samples(frame, "Mạng A", technology, epsg=EPSG, vehicle_loss_db=9.0, **options)
    return list(zip(found.level_dbm.tolist(), found.silent.tolist(), strict=True))


def test_what_a_row_says_by_hand() -> None:
    nan = float("nan")
    silent = (LIMIT_DBM + 9.0, True)
    assert said(rows(("4G", "", -100.0, False, 1)), "4G") == [(-91.0, False)]
    assert said(rows(("4G", "", -100.0, False, 1)), "3G") == []
    assert said(rows(("4G", "", nan, False, 1)), "4G") == []
    assert said(rows(("", "4G", nan, True, 1)), "4G") == [silent]
    assert said(rows(("", "4G", nan, True, 1)), "3G") == []
    assert said(rows(("", "", nan, True, 1)), "4G") == [silent]
    assert said(rows(("", "", nan, True, 1)), "5G") == []
    assert said(rows(("4G", "", -100.0, False, 1)).assign(foreign=True), "4G") == []
    assert said(rows(("4G", "", -100.0, False, 1)).assign(operator="Mạng B"), "4G") == []
    assert said(rows(("4G", "", -100.0, False, 1)).assign(speed_kmh=1.0), "4G") == [(-100.0, False)]
    assert said(rows(("4G", "", -100.0, False, 1)).assign(speed_kmh=nan), "4G") == [(-91.0, False)]


def test_guessing_takes_an_older_technology_for_silence_of_phones_that_can() -> None:
    frame = rows(("4G", "", -100.0, False, 1), ("5G", "", -90.0, False, 1), ("4G", "", -95.0, False, 2), ("4G", "4G", -95.0, False, 1))
    assert said(frame, "5G") == [(-81.0, False)]
    # Phone 1 can do 5G and was on 4G once without a lock; phone 2 was never on 5G.
    assert said(frame, "5G", guessing=True) == [(LIMIT_DBM + 9.0, True), (-81.0, False)]
    assert said(frame, "4G", guessing=True) == said(frame, "4G")  # a newer technology says nothing


def test_squares_by_hand() -> None:
    samples = LayerSamples(np.array([10.0, 90.0, 110.0]), np.array([5.0, 5.0, 5.0]), np.array([-100.0, -90.0, -80.0]), np.zeros(3, dtype=bool))
    x, y, value, count = squares(samples, 100.0, samples.level_dbm)
    assert (x.tolist(), y.tolist(), value.tolist(), count.tolist()) == ([50.0, 110.0], [5.0, 5.0], [-95.0, -80.0], [2.0, 1.0])


def drawn(seed: int, constant: float, slope: float, n: int = 4000) -> LayerSamples:
    """Return samples about one site at the origin, served with a chance that falls off as the logistic curve."""
    rng = np.random.default_rng(seed)
    angle, km = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(0, 100, n))
    level = np.where(rng.random(n) < expit(constant + slope * km), -90.0, -120.0)
    return LayerSamples(1000 * km * np.cos(angle), 1000 * km * np.sin(angle), level, np.zeros(n, dtype=bool))


def test_circles_find_radius_and_curve() -> None:
    found = fit_circles(drawn(1, 6.0, -1.5), np.zeros(1), np.zeros(1), -110.0)
    assert not found.logarithmic
    assert found.radius_km == pytest.approx(4.0, rel=0.1)  # where the chance is one half
    assert (found.constant, found.slope) == (pytest.approx(6.0, rel=0.1), pytest.approx(-1.5, rel=0.1))
    said = found.estimate(np.array([0.0, 4000.0, 9000.0]), np.zeros(3))
    assert said.probability == pytest.approx([1.0, 0.5, 0.0], abs=0.05)
    assert said.state[[0, 2]].tolist() == [State.PREDICTED_SERVED, State.PREDICTED_UNSERVED]
    assert np.isnan(said.level_dbm).all()


def test_circles_count_from_the_nearest_site() -> None:
    samples = drawn(2, 6.0, -1.5)
    found = fit_circles(samples, np.array([0.0, 50_000.0]), np.zeros(2), -110.0)
    assert found.estimate(np.array([50_000.0]), np.zeros(1)).probability[0] > 0.95


def test_who_knows_too_little_says_even_chances() -> None:
    few = drawn(3, 6.0, -1.5, n=10)
    for method in (
        fit_circles(few, np.zeros(1), np.zeros(1), -110.0),
        fit_circles(drawn(3, 6.0, -1.5), np.zeros(0), np.zeros(0), -110.0),
        fit_plain_kriging(few, -110.0, (0.9, 0.1), np.random.default_rng(1)),
    ):
        found = method.estimate(np.zeros(3), np.zeros(3))
        assert found.probability.tolist() == [0.5] * 3
        assert found.state.tolist() == [State.UNCERTAIN] * 3


def waves(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a field of variance 64, exponential over 800 m, at places (random waves)."""
    out = np.zeros(len(x))
    for _ in range(600):
        radius = np.sqrt(1.0 / rng.uniform(0.02, 1) ** 2 - 1.0) / 800.0
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        out += np.cos(radius * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return out * np.sqrt(2.0 / 600.0) * 8.0


def test_kriging_knows_a_field_and_its_own_error() -> None:
    rng = np.random.default_rng(5)
    u, v = rng.uniform(0, 12_000, (2, 5000))
    level = -105.0 + waves(rng, u, v) + rng.normal(0, 2.0, len(u))
    known = np.arange(len(u)) < 2500
    samples = LayerSamples(u[known], v[known], level[known], np.zeros(int(known.sum()), dtype=bool))
    found = fit_plain_kriging(samples, -110.0, (0.9, 0.1), rng)
    assert found.sill_db2 == pytest.approx(64.0, rel=0.4)
    assert found.length_m == pytest.approx(800.0, rel=0.5)
    assert found.nugget_db2 < 16.0
    said = found.estimate(u[~known], v[~known])
    off = level[~known] - said.level_dbm
    assert np.std(off) < 0.75 * np.std(level)
    assert np.mean(np.abs(off) <= 1.645 * said.sd_db) == pytest.approx(0.9, abs=0.04)
    seen = level[~known] >= -110.0
    assert np.mean(said.probability) == pytest.approx(np.mean(seen), abs=0.03)
    sure = said.state == State.PREDICTED_SERVED
    assert (said.probability[sure] >= 0.9).all()
    assert seen[sure].mean() > 0.85
