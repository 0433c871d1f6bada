"""Composition of the error, probability, evidence, states and joint draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from geo.coverage.states import State
from geo.fusion import (
    Evidence,
    FusedLayer,
    Observations,
    Variogram,
    cells,
    fit_field,
    fuse,
    fusion_settings,
    joint_draws,
    observations,
    served_share,
)
from geo.fusion.evidence import cell_evidence, fused_states
from tests.fusion.made_up import covariance

SETTINGS = fusion_settings()
FIELD = Variogram("exponential", 50.0, 500.0, 9.0)
NOBODY = observations([], [], [], [])


def fused(given: Observations, where: object, variogram: Variogram | None = FIELD, **more: object) -> FusedLayer:
    fitted = fit_field(given, SETTINGS, within_variance_db2=4.0, variogram=variogram)
    return fuse(given, fitted, where, SETTINGS, **{"threshold_dbm": -105.0, "served_probability": 0.9, "unserved_probability": 0.1, **more})  # type: ignore[arg-type]


def test_no_measurement_leaves_the_calibrated_model_and_its_default_error() -> None:
    prediction, error = np.array([-80.0, -105.0, -130.0, -np.inf, np.nan]), np.array([4.0, 0.0, 9.0, 0.0, np.nan])
    found = fused(NOBODY, cells(np.arange(5) * 100.0, np.zeros(5), 100.0, prediction, error), None)
    assert found.correction_db.tolist() == [0.0] * 5
    np.testing.assert_array_equal(found.level_dbm, prediction)
    # 8 dB of the model, location variability within the cell, error of the metadata: each once.
    np.testing.assert_array_equal(found.sd_db[:3], np.sqrt(64.0 + 4.0 + error[:3]))
    np.testing.assert_allclose(found.probability[:4], [*ndtr((prediction[:3] + 105.0) / found.sd_db[:3]), 0.0])
    assert found.state.tolist() == [
        State.PREDICTED_SERVED, State.UNCERTAIN, State.PREDICTED_UNSERVED, State.PREDICTED_UNSERVED, State.UNKNOWN,
    ]  # fmt: skip
    assert np.isnan(found.sd_db[4])
    assert np.isinf(found.nearest_m).all()


def test_one_measured_cell_by_hand() -> None:
    # A cell so small beside the field that it is a point; sill 50, nugget 9, ten spots, no device noise.
    one = observations([50.0], [50.0], [10.0], 0.0, samples=10, spots=10, level_dbm=[-90.0])
    found = fused(one, cells([50.0, 1e6], [50.0, 50.0], 0.001, [-100.0, -100.0], [4.0, 4.0]))
    assert found.correction_db == pytest.approx([10.0 * 50.0 / 50.9, 0.0], rel=1e-5)
    assert found.field_variance_db2 == pytest.approx([50.0 - 2500.0 / 50.9, 50.0], rel=1e-3)
    assert found.within_variance_db2.tolist() == [9.0, 9.0]
    assert found.sd_db == pytest.approx(np.sqrt(found.field_variance_db2 + 9.0 + 4.0))
    assert found.probability == pytest.approx(ndtr((found.level_dbm + 105.0) / found.sd_db))
    assert found.state.tolist() == [State.MEASURED_SERVED, State.UNCERTAIN]


def test_a_scale_multiplies_field_and_nugget_alike() -> None:
    one = observations([0.0], [0.0], [10.0], 0.0)
    fitted = fit_field(one, SETTINGS, within_variance_db2=4.0, variogram=FIELD, scale=2.0)
    where = cells([0.0, 1e6], [0.0, 0.0], 0.001, -100.0, 1.0, scale=[2.0, 0.5])
    found = fuse(one, fitted, where, SETTINGS, threshold_dbm=-105.0, served_probability=0.9, unserved_probability=0.1)
    assert found.correction_db == pytest.approx([10.0 * 50.0 / 59.0, 0.0], rel=1e-5)  # 5 units × 2
    assert found.field_variance_db2[1] == 50.0 * 0.25
    assert found.within_variance_db2.tolist() == [36.0, 2.25]


def test_evidence_belongs_to_the_cell_it_lies_in() -> None:
    # Cells of 100 m around (50, 50), (150, 50) and (50, 250); a place on an edge goes east and north.
    given = observations(
        [10.0, 99.9, 100.0, 160.0, 40.0, 60.0, 260.0], [10.0, 99.9, 0.0, 60.0, 250.0, 260.0, 50.0], 0.0, 0.0,
        samples=[1, 2, 3, 4, 5, 6, 7], spots=[1, 2, 3, 4, 5, 6, 7],
        level_dbm=[-90, -120, -105, -100, -113, np.nan, -90], censored=[False, False, False, False, True, False, False],
    )  # fmt: skip
    found = cell_evidence(given, np.array([50.0, 150.0, 50.0]), np.array([50.0, 50.0, 250.0]), 100.0, -105.0)
    assert found.samples.tolist() == [3.0, 7.0, 5.0]
    assert found.share_served.tolist() == [pytest.approx(1 / 3), 1.0, 0.0]
    # "No service" at a limit above the threshold has no verdict; and nothing measured is not zero per cent.
    above = cell_evidence(given, np.array([50.0]), np.array([250.0]), 100.0, -115.0)
    assert above.samples.tolist() == [0.0]
    assert np.isnan(above.share_served[0])


@pytest.mark.parametrize(
    ("probability", "samples", "spots", "share", "explained", "state"),
    [
        (0.95, 5, 2, 1.0, 0.6, State.MEASURED_SERVED),
        (0.95, 4, 2, 1.0, 0.6, State.PREDICTED_SERVED),  # too few
        (0.95, 50, 1, 1.0, 0.6, State.PREDICTED_SERVED),  # a parked car
        (0.95, 5, 2, 1.0, 0.4, State.PREDICTED_SERVED),  # too weak: still the model
        (0.95, 5, 2, 0.8, 0.6, State.PREDICTED_SERVED),  # not on the same side of the cut
        (0.95, 5, 2, 0.4, 0.6, State.UNCERTAIN),  # contradicted by its own samples
        (0.95, 4, 2, 0.0, 0.6, State.PREDICTED_SERVED),  # ... of which there must be enough
        (0.50, 99, 9, 1.0, 0.9, State.UNCERTAIN),
        (0.05, 5, 2, 0.0, 0.6, State.MEASURED_UNSERVED),
        (0.05, 0, 0, np.nan, 0.9, State.PREDICTED_UNSERVED),  # beside a road, however well known
        (0.05, 5, 2, 0.6, 0.6, State.UNCERTAIN),
        (np.nan, 99, 9, 1.0, 0.9, State.UNKNOWN),
    ],
)
def test_the_rule_of_measured(probability: float, samples: float, spots: float, share: float, explained: float, state: State) -> None:
    own = Evidence(np.array([float(samples)]), np.array([float(spots)]), np.array([share]))
    found = fused_states(
        np.array([probability]), own, np.array([explained]), SETTINGS, served_probability=0.9, unserved_probability=0.1
    )
    assert found.tolist() == [state]


place = st.tuples(st.integers(0, 30), st.integers(0, 30), st.floats(-30, 30), st.booleans())


@settings(deadline=None, max_examples=40)
@given(st.lists(place, max_size=25), st.floats(-140, -60))
def test_silence_is_never_absence(rows: list[tuple[int, int, float, bool]], predicted: float) -> None:
    x, y, residual, below = (np.array([row[k] for row in rows]) for k in range(4))
    given_ = observations(
        x * 37.0, y * 41.0, residual, 1.0, samples=10, spots=5, censored=below.astype(bool), level_dbm=predicted + residual
    )
    u, w = (a.ravel() for a in np.meshgrid(np.arange(14) * 100.0 - 50, np.arange(14) * 100.0 - 50))
    prediction = np.where(np.arange(196) % 3 == 0, np.nan, predicted)
    found = fused(given_, cells(u, w, 100.0, prediction, 1.0))
    assert np.all((found.state == State.UNKNOWN) == np.isnan(prediction))
    measured = np.isin(found.state, (State.MEASURED_SERVED, State.MEASURED_UNSERVED))
    assert not measured[found.evidence.samples == 0].any()
    assert np.all(np.isnan(found.probability) == np.isnan(prediction))
    assert not np.isnan(found.correction_db).any()


def test_draws_are_as_the_exact_covariance() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1500, (2, 15))
    given_ = observations(x, y, rng.normal(0, 8, 15), 1.0)
    u, w = (a.ravel() for a in np.meshgrid(np.arange(6) * 100.0 + 300, np.arange(6) * 100.0 + 300))
    k = covariance(FIELD, given_.x_m, given_.y_m, given_.x_m, given_.y_m) + 10.0 * np.eye(15)
    c = covariance(FIELD, given_.x_m, given_.y_m, u, w)
    mean = c.T @ np.linalg.solve(k, given_.residual_db)
    exact = covariance(FIELD, u, w, u, w) - c.T @ np.linalg.solve(k, c)
    where = cells(u, w, 1e-6, 0.0)
    for earlier, tolerance in ((36, 1.6), (SETTINGS.earlier_draws, 1.8)):
        chosen = fusion_settings(earlier_draws=earlier, least_correlation=1e-6, outlier_cut=1e6)
        fitted = fit_field(given_, chosen, within_variance_db2=4.0, variogram=FIELD)
        drawn = joint_draws(fitted, where, chosen, draws=20_000)
        # Standard error of a covariance of 50 from 20,000 draws: 0.5.
        np.testing.assert_allclose(np.cov(drawn), exact, atol=tolerance)
        np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=0.25)


def test_few_earlier_cells_change_the_covariance_little() -> None:
    """The approximation itself, without chance: covariance implied by limits of 24, on a dead zone of 400 cells."""
    u, w = (a.ravel() for a in np.meshgrid(np.arange(20) * 100.0, np.arange(20) * 100.0))
    fitted = fit_field(NOBODY, SETTINGS, within_variance_db2=4.0, variogram=FIELD)
    drawn = joint_draws(fitted, cells(u, w, 1e-6, 0.0), SETTINGS, draws=4000)
    exact = covariance(FIELD, u, w, u, w)
    # Sum over the zone: what an error in the covariances would show up in most.
    assert drawn.sum(axis=0).var() == pytest.approx(exact.sum(), rel=0.1)
    assert np.abs(np.cov(drawn) - exact).mean() < 1.0


def test_draws_agree_with_the_layer() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 3000, (2, 40))
    given_ = observations(x, y, rng.normal(0, 8, 40), 1.0)
    u, w = (a.ravel() for a in np.meshgrid(np.arange(15) * 100.0 + 50, np.arange(15) * 100.0 + 50))
    where = cells(u, w, 100.0, np.linspace(-115, -95, 225), 6.0)
    fitted = fit_field(given_, SETTINGS, within_variance_db2=4.0, variogram=FIELD)
    layer = fused(given_, where)
    drawn = joint_draws(fitted, where, SETTINGS, draws=4000)
    share = served_share(drawn, layer.within_variance_db2, -105.0)
    np.testing.assert_allclose(share.mean(axis=1), layer.probability, atol=0.035)
    np.testing.assert_allclose(drawn.mean(axis=1), layer.level_dbm, atol=0.6)
    # At a random point of the cell, as the layer: also where a measurement stands in the midst of a cell.
    np.testing.assert_allclose(drawn.var(axis=1), layer.field_variance_db2 + 6.0, rtol=0.12)
    assert joint_draws(fitted, where, SETTINGS).shape == (225, SETTINGS.draws)
    assert joint_draws(fitted, where, SETTINGS).tobytes() == joint_draws(fitted, where, SETTINGS).tobytes()
    mixed = rng.permutation(225)
    np.testing.assert_array_equal(joint_draws(fitted, where.take(mixed), SETTINGS), joint_draws(fitted, where, SETTINGS)[mixed])


def test_cells_of_one_site_share_its_error() -> None:
    still = Variogram("exponential", 1e-9, 500.0, 9.0)
    fitted = fit_field(NOBODY, SETTINGS, within_variance_db2=4.0, variogram=still)
    where = cells(np.arange(4) * 1e5, np.zeros(4), 100.0, -100.0, [4.0, 9.0, 4.0, 0.0])
    drawn = joint_draws(fitted, where, SETTINGS, shared_by=np.array([7, 7, 8, 8]), draws=5000)
    assert np.corrcoef(drawn[:3])[0] == pytest.approx([1.0, 1.0, 0.0], abs=0.05)
    assert drawn.std(axis=1) == pytest.approx([2.0, 3.0, 2.0, 0.0], abs=0.1)
    together = joint_draws(fitted, where, SETTINGS, draws=5000)
    assert np.corrcoef(together[0], together[2])[0, 1] > 0.99
