"""The calibration of a run: fitted once, applied to any path, with the error of the correction itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from geo.calibration.correlations import Correlations
from geo.calibration.fit import Posterior, fit_terms
from geo.calibration.identify import device_ties
from geo.calibration.likelihood import Candidates, Kind, log_likelihood
from geo.calibration.settings import CalibrationSettings
from geo.calibration.student import spread_factor
from geo.calibration.term_kernels import variance_kernel
from geo.calibration.terms import LinkFeatures, Term, TermChoice, build_design, clutter_factor

__all__ = ["Calibration", "Correction", "Note", "calibrate", "compare_degrees", "held_out_value", "serving_residuals"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be stated: a code of ``resources/issues/calibration.toml`` and its fields."""

    code: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Correction:
    """What the calibration says of paths.

    Attributes
    ----------
    shift_db : (m,) float64 array
        To be added to the predicted level.
    sd_db : (m,) float64 array
        Standard deviation of the shift, with that of sites that were never measured.
    spread_db : (m,) float64 array
        Scale of the error about the shifted level (Student's t).
    error_sd_db : (m,) float64 array
        Standard deviation of both together: the error of a calibrated level at a random place.
    """

    shift_db: _F64
    sd_db: _F64
    spread_db: _F64
    error_sd_db: _F64


@dataclass(frozen=True, slots=True)
class Calibration:
    """Corrections with their errors.

    Attributes
    ----------
    terms : tuple of Term
    posterior : Posterior
    choice : TermChoice
    settings : CalibrationSettings
        ``settings.degrees``, ``settings.site_correlation`` and ``settings.place_correlation`` are those used.
    learned_share : (p,) float64 array
        1 - posterior over prior variance of each term.
    observations : mapping of str to int
        Number of each kind.
    effective_n : float
        Sum of the weights.
    notes : tuple of Note
    """

    terms: tuple[Term, ...]
    posterior: Posterior
    choice: TermChoice
    settings: CalibrationSettings
    learned_share: _F64
    observations: Mapping[str, int]
    effective_n: float
    notes: tuple[Note, ...]

    @property
    def correlations(self) -> Correlations:
        """What cells of a site, and sites, share of the error at a place, with their errors."""
        return self.posterior.correlations

    @property
    def place_sd_db(self) -> _F64:
        """Standard deviation of the error that all sites share at a place, by spread class, (k,)."""
        share = float(np.sqrt(self.settings.place_correlation))
        return np.asarray(share * spread_factor(self.settings.degrees) * self.posterior.spread_db)

    def term(self, family: str, member: str = "") -> tuple[float, float]:
        """Return a term's estimate and standard deviation; KeyError if it was not fitted."""
        for i, found in enumerate(self.terms):
            if found == Term(family, member):
                return float(self.posterior.estimate[i]), float(np.sqrt(self.posterior.covariance[i, i]))
        raise KeyError((family, member))

    def correct(self, features: LinkFeatures, *, with_device: bool = False) -> Correction:
        """Return the correction of paths, those of the fit or any others.

        Parameters
        ----------
        features : LinkFeatures
            Names of groups, sites and clutter are looked up; those never measured have no shift and their
            family's spread as error.
        with_device : bool
            Whether the devices' offsets enter: for a score against what a phone showed, not for a map.
        """
        design = build_design(features, self.settings, self.choice, terms=self.terms)
        keep = np.array([t.family != "device" or with_device for t in self.terms], dtype=np.float64)
        p, matrix = len(self.terms), design.matrix
        shift = matrix @ (keep * self.posterior.estimate)
        variance = np.empty(len(features))
        variance_kernel(
            matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data,
            np.ascontiguousarray(self.posterior.covariance[:p, :p] * np.outer(keep, keep)), variance,
        )  # fmt: skip
        variance += self.unseen(features)
        spread = self.posterior.spread_db[design.spread_class]
        own = (spread * spread_factor(self.settings.degrees)) ** 2
        both = np.sqrt(variance + own)
        return Correction(np.asarray(shift), np.sqrt(variance), spread, both)

    def unseen(self, features: LinkFeatures) -> _F64:
        """Return the variance of members of a family that the fit never saw."""
        variance = np.zeros(len(features))
        distance = np.log10(np.maximum(features.distance_km, 1e-3) / self.settings.reference_km)
        for family, member, names, entry in (
            ("bias_group", features.group, features.groups, np.ones(len(features))),
            ("slope_group", features.group, features.groups, distance),
            ("diffraction_group", features.group, features.groups, np.nan_to_num(features.diffraction_db)),
            ("clutter", features.clutter, features.clutters, clutter_factor(features, self.settings)),
            ("site", features.site, features.sites, np.ones(len(features))),
        ):
            sd = self.posterior.family_sd.get(family)
            if sd is None:
                continue
            seen = {t.member for t in self.terms if t.family == family}
            table = np.array([*(name in seen for name in names), False], dtype=bool)
            variance += np.where(table[member], 0.0, (sd * entry) ** 2)
        return variance


def calibrate(
    candidates: Candidates,
    predicted_dbm: _F64,
    features: LinkFeatures,
    weight: _F64,
    settings: CalibrationSettings,
    *,
    choice: TermChoice | None = None,
    start: Calibration | None = None,
) -> Calibration:
    """Fit the corrections and say what could not be told from the data.

    Parameters
    ----------
    candidates : Candidates
    predicted_dbm : (m,) float64 array
    features : LinkFeatures
        Of the candidates, in their order.
    weight : (n,) float64 array
    settings : CalibrationSettings
    choice : TermChoice, optional
    start : Calibration, optional
        An earlier fit to begin at: its terms, spreads and correlations.
    """
    choice = choice or TermChoice()
    notes: list[Note] = []
    device, group = _matched(candidates, predicted_dbm, features)
    ties = device_ties(device, group, least=int(settings.device_blocks))
    for one, groups in ties.confounded:
        named = ", ".join(features.groups[g] for g in groups)
        notes.append(Note("calibration_device_confounded", {"device": features.devices[one], "groups": named}))
    notes.extend(Note("calibration_device_untied", {"device": features.devices[one], "least": int(settings.device_blocks)}) for one in ties.untied)
    design = build_design(features, settings, choice, devices=ties.fitted)
    posterior = fit_terms(
        candidates, predicted_dbm, design, weight, settings,
        law=None if start is None else start.posterior.correlations.law(settings.law),
        start=None if start is None else (start.terms, start.posterior),
    )  # fmt: skip
    shared = posterior.correlations
    for code, prior_sd, of in (
        ("calibration_place_correlation_prior", settings.place_correlation_sd, shared.place),
        ("calibration_site_correlation_prior", settings.site_correlation_sd, shared.site),
    ):
        if prior_sd > 0 and of.learnt_share < settings.learned_share:
            notes.append(Note(code, {"value": f"{of.value:.2f}", "sd": f"{of.sd:.2f}"}))
    prior = np.array([posterior.family_sd[f] for f in design.family_of])
    learned = 1.0 - np.diag(posterior.covariance)[: len(prior)] / prior**2
    if not posterior.converged:
        notes.append(Note("calibration_not_converged", {"steps": posterior.steps, "decrement": f"{posterior.decrement:.1e}"}))
    for term, share in zip(design.terms, learned, strict=True):
        if share < settings.learned_share and term.family != "site":  # that a site was hardly measured is no finding
            name = f"{term.family} {term.member}".strip()
            notes.append(Note("calibration_term_not_identified", {"term": name, "share": f"{max(share, 0.0):.0%}"}))
    used = replace(settings, site_correlation=shared.site.value, place_correlation=shared.place.value)
    kinds = {k.name.lower(): int(np.sum(candidates.kind == k)) for k in Kind}
    return Calibration(
        design.terms, posterior, choice, used, learned, kinds, float(weight.sum()), tuple(notes)
    )


def compare_degrees(
    candidates: Candidates,
    predicted_dbm: _F64,
    features: LinkFeatures,
    weight: _F64,
    settings: CalibrationSettings,
    degrees: tuple[float, ...],
    *,
    choice: TermChoice | None = None,
) -> dict[float, Calibration]:
    """Return the calibration for each number of degrees of freedom; the highest evidence is the best supported."""
    return {
        nu: calibrate(candidates, predicted_dbm, features, weight, replace(settings, degrees=nu), choice=choice)
        for nu in degrees
    }


def held_out_value(calibration: Calibration, candidates: Candidates, predicted_dbm: _F64, features: LinkFeatures) -> _F64:
    """Return the log likelihood of observations under the calibrated model, each by itself."""
    found = calibration.correct(features, with_device=True)
    mean = predicted_dbm + found.shift_db
    return log_likelihood(candidates, mean, found.spread_db, calibration.settings.law).value


def serving_residuals(
    calibration: Calibration, candidates: Candidates, predicted_dbm: _F64, features: LinkFeatures
) -> _F64:
    """Return level less calibrated level of the serving cell, NaN where that is not known.

    For the correlation along the ground (:func:`geo.calibration.blocks.fit_correlation`), after which the weights and
    the fit are made again. Their mean lies above zero: what serves is a chosen maximum.
    """
    residual = np.full(len(candidates.level_dbm), np.nan)
    known = np.flatnonzero(candidates.kind == Kind.SERVING)
    link = candidates.serving[known]
    found = calibration.correct(features.take(link), with_device=True)
    residual[known] = candidates.level_dbm[known] - predicted_dbm[link] - found.shift_db
    return residual


def _matched(
    candidates: Candidates, predicted_dbm: _F64, features: LinkFeatures
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return device and group of each observation with a level; -1 elsewhere."""
    n = len(candidates.level_dbm)
    link = np.where(candidates.kind == Kind.SERVING, candidates.serving, -1)
    strongest = np.flatnonzero((candidates.kind == Kind.STRONGEST) & (np.diff(candidates.first) > 0))
    if strongest.size:
        order = np.lexsort((predicted_dbm, candidates.observation))
        link[strongest] = order[candidates.first[1:][strongest] - 1]
    device, group = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    known = link >= 0
    device[known], group[known] = features.device[link[known]], features.group[link[known]]
    return device, group
