"""Gross errors count less; a field that varies more in some terrain is known there with less certainty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from geo.fusion import Variogram, class_scales, fit_field, fusion_settings, krige, observations, smooth_field
from geo.fusion.robust import reweight
from tests.fusion.made_up import Truth, made_up

SETTINGS = fusion_settings()
_F64 = npt.NDArray[np.float64]


def misfit(truth: Truth, mean: _F64) -> float:
    return float(np.sqrt(np.mean((truth.smooth_db - mean) ** 2)))


def test_a_lone_liar_by_hand() -> None:
    # Nine places say 0; the one in their midst says 40.
    x, y = (a.ravel() for a in np.meshgrid([-100.0, 0.0, 100.0], [-100.0, 0.0, 100.0]))
    z = np.where((x == 0) & (y == 0), 40.0, 0.0)
    field = smooth_field(x, y, z, np.full(9, 4.0), Variogram("exponential", 50.0, 1000.0, 4.0), SETTINGS)
    found = reweight(field, SETTINGS)
    liar = np.flatnonzero(field.value == 40.0)[0]
    assert found.surprising[liar]
    assert found.field.noise[liar] > 40.0  # (40 / 3)² less what is uncertain there
    before, after = (krige(f, np.zeros(1), np.zeros(1)).mean[0] for f in (field, found.field))
    assert before > 8.0
    assert abs(after) < 2.0
    assert not found.surprising[np.arange(9) != liar].any()


def test_sound_data_are_left_alone() -> None:
    truth = made_up(1, villages=1)
    assert fit_field(truth.given, SETTINGS, within_variance_db2=4.0).surprising_share < 0.01


def test_five_per_cent_gross_errors() -> None:
    robust, trusting, none = [], [], []
    for seed in range(6):
        bad, clean = made_up(seed, gross_share=0.05), made_up(seed)
        fitted = fit_field(bad.given, SETTINGS, within_variance_db2=4.0)
        assert 0.03 < fitted.surprising_share < 0.08
        near = krige(fitted.field, bad.x_m, bad.y_m)
        robust.append(misfit(bad, near.mean))
        plain = fit_field(bad.given, fusion_settings(outlier_cut=1e6), within_variance_db2=4.0)
        trusting.append(misfit(bad, krige(plain.field, bad.x_m, bad.y_m).mean))
        sound = fit_field(clean.given, SETTINGS, within_variance_db2=4.0)
        none.append(misfit(clean, krige(sound.field, clean.x_m, clean.y_m).mean))
    assert np.mean(robust) < 1.02 * np.mean(none)
    assert np.mean(trusting) > np.mean(robust)


def terrain(x: _F64, y: _F64) -> npt.NDArray[np.int64]:
    """Bands of open (0) and obstructed (1) ground."""
    return (np.sin(y / 1500.0) > 0).astype(np.int64)


def test_class_scales_by_hand() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 200_000, (2, 4000))
    code = (x > 100_000).astype(int)
    given = observations(x, y, rng.normal(0, 1, 4000) * np.where(code, 10.0, 5.0), 0.0)
    found = class_scales(given, (given.x_m > 100_000).astype(int), SETTINGS)
    assert found.scale[1] / found.scale[0] == pytest.approx(2.0, rel=0.1)
    assert found.of(np.array([[0, 7]])).tolist() == [[found.scale[0], 1.0]]  # never measured: as the rest
    few = class_scales(given.take(slice(0, 3)), np.array([1, 1, 0]), SETTINGS)  # type: ignore[arg-type]
    assert all(abs(np.log(s)) < 0.1 for s in few.scale.values())
    assert class_scales(given.take(np.zeros(0, dtype=int)), np.zeros(0, dtype=int), SETTINGS).scale == {}


def test_a_scale_per_class_helps_where_the_field_is_made_that_way() -> None:
    """Open ground with half the spread: without the scale its intervals are too wide, and those beyond too narrow."""
    held = {with_scale: np.zeros((2, 2)) for with_scale in (True, False)}
    for seed in range(8):
        truth = made_up(seed, villages=400, scale=lambda x, y: np.where(terrain(x, y) == 1, 1.4, 0.6))
        there = terrain(truth.x_m, truth.y_m)
        for with_scale, counts in held.items():
            codes = terrain(truth.given.x_m, truth.given.y_m)
            scales = class_scales(truth.given, codes, SETTINGS)
            own, at = (scales.of(codes), scales.of(there)) if with_scale else (1.0, np.ones(400))
            fitted = fit_field(truth.given, SETTINGS, within_variance_db2=4.0, scale=own)
            found = krige(fitted.field, truth.x_m, truth.y_m)
            sd = at * np.sqrt(found.variance + fitted.variogram.nugget_db2)
            inside = np.abs(truth.residual_db - at * found.mean) < 1.6449 * sd
            for c in range(2):
                counts[c] += inside[there == c].sum(), (there == c).sum()
    share = {k: v[:, 0] / v[:, 1] for k, v in held.items()}
    assert np.all(np.abs(share[True] - 0.9) < 0.04)
    assert share[False][0] > 0.95
    assert share[False][1] < 0.85


def test_a_class_is_its_ground_and_not_its_densest_drive() -> None:
    """A town street measured a thousand times varies by 2, the rest of its class by 10: the class varies as its ground does."""
    rng = np.random.default_rng(9)
    x, y = rng.uniform(0, 200_000, (2, 1200))
    street = np.append(x, rng.uniform(0, 400, 2000)), np.append(y, rng.uniform(0, 400, 2000))
    z = np.append(rng.normal(0, 10, 1200), rng.normal(0, 2, 2000))
    given = observations(*street, z, 0.0)
    code = (given.x_m > 100_000).astype(int)  # the street lies in class 0
    found = class_scales(given, code, SETTINGS)
    assert found.scale[0] / found.scale[1] == pytest.approx(1.0, abs=0.1)
