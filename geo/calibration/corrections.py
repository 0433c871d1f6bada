"""From a calibration to what a prediction needs of it: one row of corrections per radio cell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from geo.calibration.calibration import Calibration
from geo.calibration.observations import RadioFacts
from geo.calibration.settings import CalibrationSettings
from geo.calibration.student import spread_factor
from geo.calibration.terms import LinkFeatures, build_design
from geo.propagation.corrections import COEFFICIENTS, Corrections

__all__ = ["corrections_of", "typical_shift_db"]

_F64 = npt.NDArray[np.float64]


def corrections_of(
    calibration: Calibration,
    facts: RadioFacts,
    lacking_sd_db: _F64,
    *,
    cover_codes: tuple[int, ...],
    cover_names: tuple[str, ...],
    site_correlation: float,
    place_correlation: float,
    common_sd_db: float,
    typical_km: float,
    typical_diffraction_db: float,
    untaught: npt.NDArray[np.bool_] | None = None,
) -> Corrections:
    """Return the corrections of all radio cells of a run.

    The prediction's correction is linear in what stands in its docstring, so that it is found by asking the
    calibration for paths that differ in one of them. Its error is asked for at one typical path; what it is more over
    others is found from the coefficients' covariance.

    Parameters
    ----------
    calibration : Calibration
    facts : RadioFacts
        Of all radio cells.
    lacking_sd_db : (n,) float64 array
        Error by fields that the list lacks.
    cover_codes, cover_names : tuples
        Land cover codes and what the calibration calls them.
    site_correlation, place_correlation, common_sd_db : float
        See :class:`geo.propagation.corrections.Corrections`.
    typical_km, typical_diffraction_db : float
        The path at which the error of the corrections is asked for, at the antenna's height above the phone that is known best.
    untaught : (n,) bool array, optional
        Radio cells of operators that nobody measured. What the others taught moves them too, and ``untaught_share`` of that move (over the
        typical path, and what its height changes over any other) is added to their error: one operator's drive must not make another's network certain, least of all that it is silent. What
        goes beyond ``max_shift_db`` is a mistake in the others' inputs, and is added whole.
    """
    settings = calibration.settings

    def asked(decades: float, loss_db: float, height_m: float = settings.height_reference_m) -> tuple[_F64, _F64]:
        found = calibration.correct(_typical_paths(facts, settings, decades, loss_db, height_m))
        return found.shift_db, found.sd_db

    bias, _ = asked(0.0, 0.0)
    slope = asked(1.0, 0.0)[0] - bias
    most = float(np.log10(settings.height_most_m / settings.height_reference_m))
    height = (asked(0.0, 0.0, settings.height_most_m)[0] - bias) / most
    height_slope = (asked(1.0, 0.0, settings.height_most_m)[0] - bias - slope) / most - height
    knee, second = settings.deep_from_db, settings.deepest_from_db
    at_knee, at_second = asked(0.0, knee)[0], asked(0.0, second)[0]
    gentle = (bias - at_knee) / knee
    deep = (at_knee - at_second) / (second - knee) - gentle
    deepest = (at_second - asked(0.0, second + knee)[0]) / knee - gentle - deep
    # Diffraction that lifts the level is a misfit of few paths: the loss may shrink to nothing, not below.
    gentle = np.maximum(gentle, -1.0)
    deep = np.maximum(deep, -1.0 - gentle)
    deepest = np.maximum(deepest, -1.0 - gentle - deep)
    decades = float(np.log10(typical_km / settings.reference_km))
    _, error = asked(decades, typical_diffraction_db)
    covariance = _coefficients(calibration, facts)
    over, further = max(typical_diffraction_db - knee, 0.0), max(typical_diffraction_db - second, 0.0)
    at = np.array([1.0, decades, -typical_diffraction_db, -over, -further, 0.0, 0.0])
    typical = np.einsum("i,nij,j->n", at, covariance, at)
    nearer = _at_known_height(at, covariance, decades, settings)
    typical = typical + nearer
    moved = at @ np.stack([bias, slope, gentle, deep, deepest, height, height_slope])
    shift_by_code, sd_by_code = np.zeros(256), np.zeros(256)
    tau = calibration.posterior.family_sd.get("clutter", 0.0)
    # A path of no stated cover was asked for, which has the family's spread; covers that were measured have none.
    error = np.sqrt(np.maximum(error**2 - tau**2 + nearer, 0.0))
    if untaught is not None:
        beyond = np.maximum(np.abs(moved) - settings.max_shift_db, 0.0)
        error = np.where(untaught, np.hypot(error, settings.untaught_share * (np.abs(moved) - beyond) + beyond), error)
        # The typical path lies at the reference height: what the others' height moves elsewhere is doubted path by path.
        by_height = settings.untaught_share * np.stack([height, height_slope], axis=1)
        covariance[:, 5:, 5:] += np.where(untaught[:, None, None], by_height[:, :, None] * by_height[:, None, :], 0.0)
    fitted = {t.member: i for i, t in enumerate(calibration.terms) if t.family == "clutter"}
    for code, name in zip(cover_codes, cover_names, strict=True):
        if name in fitted:
            shift_by_code[code] = calibration.posterior.estimate[fitted[name]]
    unseen = np.ones(256, dtype=bool)
    unseen[[c for c, name in zip(cover_codes, cover_names, strict=True) if name in fitted]] = False
    sd_by_code[unseen] = tau if fitted else 0.0
    factor = spread_factor(settings.degrees)
    spread = calibration.posterior.spread_db * factor
    return Corrections(
        bias, slope, gentle, deep, deepest, height, height_slope, np.hypot(error, lacking_sd_db),
        np.vstack([typical, covariance[:, *np.triu_indices(len(COEFFICIENTS))].T]), shift_by_code, sd_by_code, settings.reference_km,
        knee, second, float(spread[0]), float(spread[min(1, len(spread) - 1)]), float(spread[-1]), site_correlation, place_correlation, common_sd_db,
        settings.clutter_exponent, settings.clutter_reference_ghz,
        height_reference_m=settings.height_reference_m, height_least_m=settings.height_least_m, height_most_m=settings.height_most_m,
    )  # fmt: skip


def _at_known_height(at: _F64, covariance: _F64, decades: float, settings: CalibrationSettings) -> _F64:
    """Return what the variance over the typical path changes by, (n,), 0 or less, where its height is the one that the measurements know best.

    They lie 20 m below their antennas or 300: the error at the reference height would be a floor everywhere, and overstated where they were taken.
    """
    way = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, decades])
    along, across = np.einsum("i,nij,j->n", way, covariance, way), np.einsum("i,nij,j->n", at, covariance, way)
    ends = np.log10(np.array([settings.height_least_m, settings.height_most_m]) / settings.height_reference_m)
    raised = np.clip(-across / np.where(along > 0, along, np.inf), *ends)
    return np.asarray(raised * (2.0 * across + raised * along), dtype=np.float64)


def typical_shift_db(found: Corrections, *, typical_km: float, typical_diffraction_db: float) -> _F64:
    """Return what the correction moves each radio cell's level by over the typical path, (n,), cover apart.

    Beyond ``max_shift_db`` it is no property of a network, but a mistake in list or phone: to be stated.
    """
    over = max(typical_diffraction_db - found.deep_from_db, 0.0)
    further = max(typical_diffraction_db - found.deepest_from_db, 0.0)
    decades = float(np.log10(typical_km / found.reference_km))
    return np.asarray(
        found.bias_db + found.slope_db * decades - found.diffraction * typical_diffraction_db
        - found.deep_diffraction * over - found.deepest_diffraction * further
    )  # fmt: skip


def _typical_paths(
    facts: RadioFacts, settings: CalibrationSettings, decades: float, loss_db: float, height_m: float
) -> LinkFeatures:
    """Return one path per radio cell, all alike, without cover and phone."""
    n = len(facts.group)
    none = np.full(n, -1, dtype=np.int64)
    return LinkFeatures(
        facts.group, facts.site, none, none, np.full(n, settings.reference_km * 10.0**decades), np.full(n, loss_db), np.full(n, loss_db > 0),
        facts.groups, facts.sites, height_m=np.full(n, height_m),
    )  # fmt: skip


def _coefficients(calibration: Calibration, facts: RadioFacts) -> _F64:
    """Return the covariance of each radio cell's coefficients (:data:`geo.propagation.corrections.COEFFICIENTS`), (n, 7, 7).

    A coefficient is a sum of terms (of all, of its group, of its site); what the fit never saw has its family's spread.
    """
    n, settings = len(facts.group), calibration.settings
    knee, second = settings.deep_from_db, settings.deepest_from_db

    def rows(decades: float, loss_db: float, height_m: float = settings.height_reference_m) -> tuple[csr_array, _F64]:
        features = _typical_paths(facts, settings, decades, loss_db, height_m)
        return build_design(features, settings, calibration.choice, terms=calibration.terms).matrix, calibration.unseen(features)

    (bias, unseen), (decade, unseen_slope) = rows(0.0, 0.0), rows(1.0, 0.0)
    (at_knee, unseen_loss), (at_second, _), (beyond, _) = rows(0.0, knee), rows(0.0, second), rows(0.0, second + knee)
    gentle = (bias - at_knee) / knee
    deep = (bias - at_second - gentle * second) / (second - knee)
    deepest = (bias - beyond - gentle * (second + knee) - deep * second) / knee
    most = float(np.log10(settings.height_most_m / settings.height_reference_m))
    height = (rows(0.0, 0.0, settings.height_most_m)[0] - bias) / most
    height_slope = (rows(1.0, 0.0, settings.height_most_m)[0] - decade) / most - height
    parts = [bias, decade - bias, gentle, deep, deepest, height, height_slope]
    p = len(calibration.terms)
    covariance = calibration.posterior.covariance[:p, :p]
    out = np.empty((n, len(parts), len(parts)))
    for i, part in enumerate(parts):
        spread = part @ covariance
        for j in range(i, len(parts)):
            out[:, i, j] = out[:, j, i] = np.asarray(parts[j].multiply(spread).sum(axis=1)).ravel()
    out[:, 0, 0] += unseen
    out[:, 1, 1] += np.maximum(unseen_slope - unseen, 0.0)
    out[:, 2, 2] += np.maximum(unseen_loss - unseen, 0.0) / knee**2
    return out
