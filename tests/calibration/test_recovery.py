"""The fit finds the truth behind made-up measurements; what a plain fit makes of them is shown beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.calibration.calibration import (
    Calibration,
    calibrate,
    compare_degrees,
    held_out_value,
    serving_residuals,
)
from geo.calibration.climb import Problem
from geo.calibration.likelihood import Kind
from geo.calibration.settings import calibration_settings
from geo.calibration.terms import TermChoice, build_design
from tests.calibration.simulation import Drawn, Truth, draw, strongest_only

SETTINGS = calibration_settings(site_correlation=0.7, place_correlation=0.0, site_correlation_sd=0.0, place_correlation_sd=0.0)
BIAS = TermChoice(slope=False, diffraction=False, clutter=False, device=False, site=False, by_group=False, split_spread=False)
SITES = replace(BIAS, site=True)


def fitted(drawn: Drawn, choice: TermChoice) -> Calibration:
    found = calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, drawn.weight, SETTINGS, choice=choice)
    assert found.posterior.converged
    return found


@pytest.mark.parametrize("share", [1.0, 0.0, 0.5])
def test_the_bias_is_found_where_only_the_best_is_heard(share: float) -> None:
    """Cell known, unknown, and half of each: within 1 dB each time; without the correction off by more."""
    for seed in range(3):
        drawn = draw(np.random.default_rng(seed), Truth(site_sd_db=0.0, sites=9), (500,), identity_share=share)
        found = fitted(drawn, BIAS)
        plain = fitted(strongest_only(drawn), BIAS)
        bias, sd = found.term("bias")
        assert abs(bias + 8) < 1.0
        assert abs(bias + 8) < 3.5 * sd
        assert abs(plain.term("bias")[0] + 8) > 3.0
        assert found.posterior.spread_db[0] == pytest.approx(7.0, abs=1.2)


def test_the_bias_is_found_among_sites_that_err_by_themselves() -> None:
    """Heavy tails and site effects of 3 dB: the mean of several seeds; each within what the fit says of itself."""
    truth = Truth(degrees=4.0)
    found = [fitted(draw(np.random.default_rng(s), truth, (250,), identity_share=0.7), SITES) for s in range(5)]
    plain = [fitted(strongest_only(draw(np.random.default_rng(s), truth, (250,), identity_share=0.7)), SITES) for s in range(5)]
    error = np.array([f.term("bias")[0] + 8 for f in found])
    sd = np.array([f.term("bias")[1] for f in found])
    assert abs(error.mean()) < 1.0
    assert (np.abs(error / sd) < 3).all()
    assert 1.0 < np.mean([f.posterior.family_sd["site"] for f in found]) < 5.0
    assert all(abs(p.term("bias")[0] + 8) > 3.0 for p in plain)


def test_dropping_silence_alone_already_misleads() -> None:
    """The same fit without the rows of no service: the selection of the maximum is not all there is."""
    drawn = draw(np.random.default_rng(1), Truth(site_sd_db=0.0, sites=6, bias_db=(-16.0,)), (400,))
    heard = (drawn.candidates.kind != 3).astype(float)
    assert heard.mean() < 0.8
    full = fitted(drawn, BIAS).term("bias")[0]
    without = calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, heard, SETTINGS, choice=BIAS).term("bias")[0]
    assert abs(full + 16) < 1.0
    assert without > full + 1.0


def test_slope_and_weight_of_diffraction_are_found() -> None:
    truth = Truth(bias_db=(-5.0,), slope_db=-8.0, diffraction=0.4, site_sd_db=0.0, sites=9)
    found = fitted(draw(np.random.default_rng(3), truth, (500,)), replace(BIAS, slope=True, diffraction=True))
    for family, expected, width in (("bias", -5.0, 2.0), ("slope", -8.0, 3.0), ("diffraction", 0.4, 0.2)):
        estimate, sd = found.term(family)
        assert abs(estimate - expected) < min(3 * sd, width)
        assert sd < width / 2


def test_what_the_antennas_height_does_is_found_and_left_alone_where_it_does_nothing() -> None:
    drawn = draw(np.random.default_rng(8), Truth(bias_db=(-5.0,), height_db=12.0, height_slope_db=6.0, site_sd_db=0.0, sites=9), (500,))
    choice = replace(BIAS, slope=True, height=True)
    found = fitted(drawn, choice)
    for family, expected in (("bias", -5.0), ("height", 12.0), ("height_slope", 6.0)):
        estimate, sd = found.term(family)
        assert abs(estimate - expected) < 3 * sd
        assert sd < 3.0
    assert found.posterior.log_evidence > fitted(drawn, replace(choice, height=False)).posterior.log_evidence + 5
    plain = draw(np.random.default_rng(9), Truth(bias_db=(-5.0,), site_sd_db=0.0, sites=9), (500,))
    seen = replace(plain, features=replace(plain.features, height_m=np.random.default_rng(1).uniform(-30, 400, len(plain.features))))
    nothing = fitted(seen, choice)
    assert all(abs(nothing.term(family)[0]) < 3 * nothing.term(family)[1] for family in ("height", "height_slope"))


def test_a_thin_group_borrows_from_the_rest_and_a_thick_one_does_not() -> None:
    biases = (-10.0, -8.0, -9.0, -7.0, 6.0)
    points = (150, 150, 150, 150, 5)
    drawn = draw(np.random.default_rng(5), Truth(bias_db=biases, site_sd_db=0.0, sites=5, side_km=12), points)
    together = fitted(drawn, BIAS)
    bias = {g: together.term("bias")[0] + together.term("bias_group", f"group {g}")[0] for g in range(5)}

    def alone(g: int) -> float:
        weight = np.zeros(len(drawn.weight))
        weight[sum(points[:g]) : sum(points[: g + 1])] = 1.0
        wide = replace(SETTINGS, bias_group_sd_db=50.0, pooling_count=1e6, bias_sd_db=1e-3)
        one = calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, weight, wide, choice=BIAS)
        return one.term("bias")[0] + one.term("bias_group", f"group {g}")[0]

    rest = np.mean([bias[g] for g in range(4)])
    for g in range(4):
        assert abs(bias[g] - biases[g]) < 1.6
        assert abs(bias[g] - alone(g)) < 0.5
    thin = alone(4)
    assert thin - bias[4] > 1.0  # pulled ...
    assert rest < bias[4] < thin  # ... towards the others
    sd = [together.term("bias_group", f"group {g}")[1] for g in (0, 4)]
    assert sd[1] > sd[0]


def test_a_phone_that_alone_measured_an_operator_is_said_to_be_confounded() -> None:
    truth = Truth(bias_db=(-8.0, -8.0), device_db=(0.0, -6.0), site_sd_db=0.0, sites=5, side_km=12)
    choice = replace(BIAS, device=True)
    apart = fitted(draw(np.random.default_rng(7), truth, (120, 120), device_of=((0,), (1,))), choice)
    said = [(n.fields["device"], n.fields["groups"]) for n in apart.notes if n.code == "calibration_device_confounded"]
    assert said == [("phone 0", "group 0"), ("phone 1", "group 1")]
    with pytest.raises(KeyError):
        apart.term("device", "phone 1")
    mixed = fitted(draw(np.random.default_rng(7), truth, (120, 120), device_of=((0, 1), (1,))), choice)
    assert not [n for n in mixed.notes if n.code == "calibration_device_confounded"]
    difference = mixed.term("device", "phone 1")[0] - mixed.term("device", "phone 0")[0]
    assert difference == pytest.approx(-6.0, abs=2.0)


def test_the_correction_carries_its_own_error() -> None:
    drawn = draw(np.random.default_rng(2), Truth(sites=6, side_km=12), (150,))
    found = fitted(drawn, SITES)
    inside = found.correct(drawn.features)
    strange = found.correct(replace(drawn.features, sites=tuple(f"new {i}" for i in range(len(drawn.features.sites)))))
    assert (strange.sd_db > inside.sd_db).all()
    np.testing.assert_allclose(strange.shift_db, found.term("bias")[0])
    tau = found.posterior.family_sd["site"]
    np.testing.assert_allclose(strange.sd_db**2, found.term("bias")[1] ** 2 + tau**2)
    np.testing.assert_allclose(strange.error_sd_db**2, strange.sd_db**2 + strange.spread_db**2 * 5 / 3)


def test_less_weight_leaves_more_doubt() -> None:
    drawn = draw(np.random.default_rng(2), Truth(sites=5, side_km=12, site_sd_db=0.0), (120,))
    full = fitted(drawn, BIAS).term("bias")[1]
    c = calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, drawn.weight / 4, SETTINGS, choice=BIAS)
    assert c.term("bias")[1] == pytest.approx(2 * full, rel=0.15)


def test_the_evidence_prefers_the_tails_that_the_data_have() -> None:
    drawn = draw(np.random.default_rng(9), Truth(degrees=3.0, site_sd_db=0.0, sites=5, side_km=12), (300,))
    args = (drawn.candidates, drawn.predicted_dbm, drawn.features, drawn.weight, SETTINGS)
    found = compare_degrees(*args, (3.0, float("inf")), choice=BIAS)
    assert found[3.0].posterior.log_evidence > found[float("inf")].posterior.log_evidence + 3


def test_one_group_needs_no_group_term_and_what_was_not_measured_is_said() -> None:
    drawn = draw(np.random.default_rng(2), Truth(sites=5, side_km=12, site_sd_db=0.0), (80,))
    still = replace(drawn.features, diffraction_db=np.zeros(len(drawn.features)))
    found = calibrate(
        drawn.candidates, drawn.predicted_dbm, still, drawn.weight, SETTINGS, choice=replace(BIAS, diffraction=True, deep_diffraction=False)
    )
    assert [t.family for t in found.terms] == ["bias", "diffraction"]
    assert [n.fields["term"] for n in found.notes if n.code == "calibration_term_not_identified"] == ["diffraction"]


def test_residuals_and_held_out_values_by_hand() -> None:
    drawn = draw(np.random.default_rng(2), Truth(sites=5, side_km=12, site_sd_db=0.0), (80,), identity_share=0.5)
    found = fitted(drawn, BIAS)
    args = (found, drawn.candidates, drawn.predicted_dbm, drawn.features)
    residual = serving_residuals(*args)
    c = drawn.candidates
    known = c.kind == 1
    bias = found.term("bias")[0]
    np.testing.assert_allclose(residual[known], c.level_dbm[known] - drawn.predicted_dbm[c.serving[known]] - bias)
    assert np.isnan(residual[~known]).all()
    assert residual[known].mean() > 1.0  # a chosen maximum
    worse = replace(found, posterior=replace(found.posterior, estimate=found.posterior.estimate + 10.0))
    assert held_out_value(*args).sum() > held_out_value(worse, *args[1:]).sum() + 20


def test_errors_that_sites_share_mislead_a_fit_that_takes_them_for_independent() -> None:
    """Half of the variance common to all sites (3GPP's 0.5): found within 1.5 dB if said, off by more than 2 if not."""
    said = replace(SETTINGS, place_correlation=0.5, site_correlation=0.85)
    for seed in range(2):
        drawn = draw(np.random.default_rng(seed), Truth(site_sd_db=0.0, sites=6, between=0.5), (250,))
        args = (drawn.candidates, drawn.predicted_dbm, drawn.features, drawn.weight)
        found = calibrate(*args, said, choice=BIAS)
        assert found.posterior.converged
        assert abs(found.term("bias")[0] + 8) < 1.5
        assert fitted(drawn, BIAS).term("bias")[0] + 8 < -2.0


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_gradient_and_curvature_by_terms_and_scales_are_exact(share: float) -> None:
    """Two scale classes, errors shared by sites and cells, all kinds of observations, weights."""
    rng = np.random.default_rng(0)
    drawn = draw(rng, Truth(sites=3), (15,), identity_share=share)
    kind = drawn.candidates.kind.copy()
    kind[:3] = Kind.ABOVE
    candidates = replace(drawn.candidates, kind=kind)
    settings = replace(SETTINGS, place_correlation=0.4)
    design = build_design(drawn.features, settings, replace(SITES, split_spread=True, diffraction=True))
    problem = Problem(candidates, drawn.predicted_dbm, design, rng.uniform(0.2, 1, 15), settings.law, 2.0, 0.5)
    theta, sd = problem.centre, np.full(len(problem.centre), 5.0)
    theta[0], theta[-1] = -6.0, 1.6
    _, slope, found = problem.at(theta, sd)
    for i in range(len(theta)):
        step = np.where(np.arange(len(theta)) == i, 1e-4, 0.0)
        (up, up_slope, _), (down, down_slope, _) = (problem.at(theta + s * step, sd) for s in (1, -1))
        assert slope[i] == pytest.approx((up - down) / 2e-4, abs=1e-5)
        np.testing.assert_allclose(found[:, i], -(up_slope - down_slope) / 2e-4, atol=2e-6)
