"""From a calibration to radio cells: levels and their error over any path, as the calibration itself says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.calibration.calibration import Calibration, calibrate
from geo.calibration.corrections import corrections_of, typical_shift_db
from geo.calibration.observations import RadioFacts
from geo.calibration.settings import calibration_settings
from geo.calibration.terms import LinkFeatures, TermChoice, build_design
from geo.propagation.corrections import COEFFICIENTS, Corrections
from tests.calibration.simulation import Truth, draw

SETTINGS = calibration_settings(site_correlation=0.7, place_correlation=0.0, site_correlation_sd=0.0, place_correlation_sd=0.0)
TYPICAL_KM, TYPICAL_DB = 3.0, 5.0


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    drawn = draw(np.random.default_rng(4), Truth(bias_db=(-8.0, -3.0), slope_db=-4.0, diffraction=-0.2, height_db=9.0, height_slope_db=4.0), (200, 120))
    return calibrate(drawn.candidates, drawn.predicted_dbm, drawn.features, drawn.weight, SETTINGS, choice=TermChoice(clutter=False, device=False))


@pytest.fixture(scope="module")
def facts(fitted: Calibration) -> RadioFacts:
    """Cells of measured groups and sites, of a site never measured, and of a group never measured."""
    groups = tuple(t.member for t in fitted.terms if t.family == "bias_group")
    sites = tuple(t.member for t in fitted.terms if t.family == "site")
    n = 4
    return RadioFacts(
        np.array([0, 1, 0, 2]), np.array([0, 1, len(sites), len(sites)]), np.array([""] * n), np.full(n, np.nan), np.full(n, np.nan),
        (*groups, "never measured"), (*sites, "never measured"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(fitted: Calibration, facts: RadioFacts) -> Corrections:
    lacking = np.array([0.0, 2.0, 0.0, 0.0])
    return corrections_of(
        fitted, facts, lacking, cover_codes=(), cover_names=(), site_correlation=0.7, place_correlation=0.3, common_sd_db=0.0,
        typical_km=TYPICAL_KM, typical_diffraction_db=TYPICAL_DB,
    )  # fmt: skip


def paths(facts: RadioFacts, km: float, loss_db: float, height_m: float = 50.0) -> LinkFeatures:
    n = len(facts.group)
    none = np.full(n, -1, dtype=np.int64)
    return LinkFeatures(
        facts.group, facts.site, none, none, np.full(n, km), np.full(n, loss_db), np.full(n, loss_db > 0), facts.groups, facts.sites,
        height_m=np.full(n, height_m),
    )  # fmt: skip


def features_of(km: float, loss_db: float, height_m: float, law: Corrections) -> np.ndarray:
    decades, raised = np.log10(km / law.reference_km), np.log10(np.clip(height_m, 20.0, 200.0) / 50.0)
    return np.array(
        [1.0, decades, -loss_db, -max(loss_db - law.deep_from_db, 0.0), -max(loss_db - law.deepest_from_db, 0.0), raised, raised * decades]
    )


def _whole(law: Corrections) -> np.ndarray:
    """Return the covariance of each radio cell's coefficients, (7, 7, n)."""
    whole = np.zeros((7, 7, law.path_variance.shape[1]))
    row, column = np.triu_indices(7)
    whole[row, column] = whole[column, row] = law.path_variance[1:]
    return whole


@pytest.mark.parametrize("km", [0.3, 3.0, 12.0])
@pytest.mark.parametrize("loss_db", [0.0, 5.0, 27.0, 55.0])
@pytest.mark.parametrize("height_m", [-40.0, 50.0, 120.0, 900.0])
def test_level_and_error_over_any_path_are_the_calibrations_own(
    fitted: Calibration, facts: RadioFacts, found: Corrections, km: float, loss_db: float, height_m: float
) -> None:
    said = fitted.correct(paths(facts, km, loss_db, height_m))
    f = features_of(km, loss_db, height_m, found)
    columns = np.stack([getattr(found, name) for name in COEFFICIENTS])
    assert abs(columns[5:]).min() > 1.0
    np.testing.assert_allclose(f @ columns, said.shift_db, atol=1e-8)
    np.testing.assert_allclose(np.einsum("i,ijn,j->n", f, _whole(found), f), said.sd_db**2, rtol=1e-6)


def test_at_the_typical_path_nothing_is_added(fitted: Calibration, facts: RadioFacts, found: Corrections) -> None:
    heights = np.geomspace(20.0, 200.0, 400)
    said = np.min([fitted.correct(paths(facts, TYPICAL_KM, TYPICAL_DB, h)).sd_db ** 2 for h in heights], axis=0)
    reference = fitted.correct(paths(facts, TYPICAL_KM, TYPICAL_DB)).sd_db ** 2
    assert (said < 0.995 * reference).any(), "the reference is not the height that was measured"
    np.testing.assert_allclose(found.path_variance[0], said, rtol=1e-4)
    np.testing.assert_allclose(found.error_sd_db**2, said + np.array([0.0, 4.0, 0.0, 0.0]), rtol=1e-4)


def test_a_site_never_measured_is_told_less_well(found: Corrections) -> None:
    assert found.error_sd_db[2] > found.error_sd_db[0]
    assert found.error_sd_db[3] > found.error_sd_db[2]


def test_cover_counts_by_frequency() -> None:
    settings = calibration_settings(clutter_exponent=0.5, clutter_reference_ghz=2.0)
    zero, none = np.zeros(2, dtype=np.int64), np.full(2, -1, dtype=np.int64)
    paths = LinkFeatures(
        zero, zero, np.array([0, 1]), none, np.ones(2), np.zeros(2), np.zeros(2, bool), ("g",), ("s",), ("10", "50"), (), np.array([0.5, 8.0])
    )
    design = build_design(paths, settings, TermChoice())
    clutter = [i for i, t in enumerate(design.terms) if t.family == "clutter"]
    assert design.matrix.toarray()[:, clutter].tolist() == [[0.5, 0.0], [0.0, 2.0]]
    assert build_design(paths.take(np.array([1])), settings, TermChoice(), terms=design.terms).matrix.toarray()[0, clutter].tolist() == [0.0, 2.0]
    plain = LinkFeatures(*(getattr(paths, n) for n in ("group", "site", "clutter", "device", "distance_km", "diffraction_db", "obstructed", "groups", "sites", "clutters", "devices")))
    assert build_design(plain, settings, TermChoice()).matrix.toarray()[:, clutter].tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_an_operator_that_nobody_measured_keeps_its_doubt(fitted: Calibration, facts: RadioFacts, found: Corrections) -> None:
    """Half of what the others move it by is its error too; nothing else changes."""
    one = corrections_of(
        fitted, facts, np.zeros(4), cover_codes=(), cover_names=(), site_correlation=0.7, place_correlation=0.3, common_sd_db=0.0,
        typical_km=TYPICAL_KM, typical_diffraction_db=TYPICAL_DB, untaught=np.array([False, False, False, True]),
    )  # fmt: skip
    moved = fitted.correct(paths(facts, TYPICAL_KM, TYPICAL_DB)).shift_db
    np.testing.assert_allclose(one.bias_db, found.bias_db)
    assert one.error_sd_db[3] == pytest.approx(np.hypot(found.error_sd_db[3], SETTINGS.untaught_share * moved[3]))
    assert one.error_sd_db[2] == pytest.approx(found.error_sd_db[2])
    # High above the phone the others' height moves it further: half of that, too.
    f = features_of(12.0, 27.0, 150.0, found)
    more = np.einsum("i,ijn,j->n", f, _whole(one) - _whole(found), f)
    np.testing.assert_allclose(more, [0.0, 0.0, 0.0, (SETTINGS.untaught_share * (f[5] * found.height_db[3] + f[6] * found.height_slope_db[3])) ** 2], atol=1e-9)
    assert more[3] > 1.0
    level = features_of(12.0, 27.0, 50.0, found)
    np.testing.assert_allclose(np.einsum("i,ijn,j->n", level, _whole(one) - _whole(found), level), 0.0, atol=1e-12)


def test_what_goes_beyond_a_plausible_shift_is_doubt_as_a_whole(fitted: Calibration, facts: RadioFacts, found: Corrections) -> None:
    """The others moved by more than can be: that excess is a mistake of their inputs, nothing an operator never measured is known by."""
    narrow = replace(fitted, settings=replace(fitted.settings, max_shift_db=1.0))
    typical = {"typical_km": TYPICAL_KM, "typical_diffraction_db": TYPICAL_DB}
    one = corrections_of(
        narrow, facts, np.zeros(4), cover_codes=(), cover_names=(), site_correlation=0.7, place_correlation=0.3, common_sd_db=0.0,
        untaught=np.array([False, False, False, True]), **typical,
    )  # fmt: skip
    moved = abs(float(fitted.correct(paths(facts, TYPICAL_KM, TYPICAL_DB)).shift_db[3]))
    assert moved > 2.0
    assert one.error_sd_db[3] == pytest.approx(np.hypot(found.error_sd_db[3], SETTINGS.untaught_share + moved - 1.0))


def test_the_shift_over_the_typical_path(fitted: Calibration, facts: RadioFacts, found: Corrections) -> None:
    for loss_db in (TYPICAL_DB, 30.0, 60.0):  # before the knee, beyond it, beyond the second
        moved = fitted.correct(paths(facts, TYPICAL_KM, loss_db)).shift_db
        np.testing.assert_allclose(typical_shift_db(found, typical_km=TYPICAL_KM, typical_diffraction_db=loss_db), moved)
