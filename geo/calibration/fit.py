"""The fit: most probable corrections by Newton's method, their covariance, spreads by empirical Bayes.

Each family's spread tau and the terms are fitted in turn: given tau, the terms' posterior is approximated
by a normal law at its top (Laplace); given that, tau^2 is its members' sum of squares over the number of members that the data
tell (MacKay, Neural Computation 4, 1992; the same fixed point as EM, reached sooner), with the start counted as a few members.
The log likelihood of each observation is tempered by its weight. What sites and the cells of a site share of the error is
estimated last (:mod:`geo.calibration.correlations`), and the terms fitted again with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.calibration.climb import Problem, Top, climb, robust_start
from geo.calibration.correlations import Correlations, estimate_correlations, held
from geo.calibration.likelihood import Candidates, ErrorLaw, Kind
from geo.calibration.settings import CalibrationSettings
from geo.calibration.terms import FAMILIES, Design, Term, family_start

__all__ = ["Posterior", "fit_terms"]

_F64 = npt.NDArray[np.float64]
_LOGGER = logging.getLogger(__name__)
_ROUNDS = 60
_SETTLED = 0.01  # relative change of every tau at which the rounds end
_NEAR = 1e-3  # decrement that will do while the taus still move
_MOVED = 0.1  # a correlation that moves by more is estimated again, about the terms that belong to it


@dataclass(frozen=True, slots=True)
class Posterior:
    """Result of the fit.

    Attributes
    ----------
    estimate : (p,) float64 array
        Terms, in the design's order.
    spread_db : (k,) float64 array
        Scale of the error by spread class.
    covariance : (p + k, p + k) float64 array
        Of the terms and the logarithms of the scales, with what they would move if the correlations moved.
    family_sd : mapping of str to float
        tau of each family that occurs.
    converged : bool
    steps, rounds : int
        Newton steps and rounds of empirical Bayes.
    decrement : float
        Half the squared Newton decrement at the end.
    log_evidence : float
        Laplace's approximation, given the correlations; compares degrees of freedom or choices of terms on the same data.
    correlations : Correlations
        What cells of a site, and sites, share of the error.
    """

    estimate: _F64
    spread_db: _F64
    covariance: _F64
    family_sd: Mapping[str, float]
    converged: bool
    steps: int
    rounds: int
    decrement: float
    log_evidence: float
    correlations: Correlations


@dataclass(frozen=True, slots=True)
class _Settled:
    """Terms and spreads that belong to each other."""

    top: Top
    prior_sd: _F64
    family_sd: Mapping[str, float]
    settled: bool
    steps: int
    rounds: int


def fit_terms(
    candidates: Candidates,
    predicted_dbm: _F64,
    design: Design,
    weight: _F64,
    settings: CalibrationSettings,
    *,
    law: ErrorLaw | None = None,
    start: tuple[tuple[Term, ...], Posterior] | None = None,
) -> Posterior:
    """Return the most probable terms and scales with their covariance.

    Parameters
    ----------
    candidates : Candidates
    predicted_dbm : (m,) float64 array
        Level of each candidate by the model; finite.
    design : Design
    weight : (n,) float64 array
        Effective number of observations that each stands for, 0 to 1 (:mod:`geo.calibration.blocks`).
    settings : CalibrationSettings
        Correlations whose standard deviation is not 0 are estimated.
    law : ErrorLaw, optional
        Instead of the settings'; the correlations' estimates begin there.
    start : terms and Posterior, optional
        An earlier fit to begin at.

    Raises
    ------
    ValueError
        If a predicted level is not finite or a weight negative.
    """
    if not np.isfinite(predicted_dbm).all():
        raise ValueError("candidates of unknown level cannot be weighed")
    if not (weight >= 0).all():
        raise ValueError("weights are not negative")
    counted = replace(candidates, kind=np.where(weight > 0, candidates.kind, Kind.NONE).astype(np.int8))
    problem = Problem(
        counted, np.asarray(predicted_dbm, np.float64), design, np.asarray(weight, np.float64), law or settings.law,
        float(np.log(settings.spread_db)), settings.spread_log_sd,
    )  # fmt: skip
    theta, sd = _start(problem, settings, start)
    found = _settle(problem, theta, sd, settings)
    steps, rounds = found.steps, found.rounds
    shared = held(problem.law)
    for _ in range(3):
        estimated = estimate_correlations(problem, found.top, found.prior_sd, settings)
        if estimated is None:
            break
        shared = estimated
        moved = max(
            abs(shared.place.value - problem.law.place_correlation), abs(shared.site.value - problem.law.site_correlation)
        )
        problem = replace(problem, law=shared.law(problem.law))
        found = _settle(problem, found.top.theta, found.family_sd, settings)
        steps, rounds = steps + found.steps, rounds + found.rounds
        if moved < _MOVED:
            break
    top, p = found.top, problem.size
    converged = found.settled and top.decrement < settings.convergence
    if not converged:
        _LOGGER.warning("calibration has not converged: %d steps, decrement %.1e", steps, top.decrement)
    covariance = np.asarray(np.linalg.inv(top.hessian), dtype=np.float64) + shared.moves
    return Posterior(
        top.theta[:p], np.exp(top.theta[p:]), covariance, found.family_sd, converged, steps, rounds, top.decrement,
        top.log_evidence(found.prior_sd), shared,
    )  # fmt: skip


def _start(
    problem: Problem, settings: CalibrationSettings, start: tuple[tuple[Term, ...], Posterior] | None
) -> tuple[_F64, dict[str, float]]:
    """Return where to begin: an earlier fit's terms where it has them."""
    design = problem.design
    sd = {f: family_start(f, settings) for f in dict.fromkeys(design.family_of)}
    if start is None:
        return robust_start(problem), sd
    terms, posterior = start
    known = dict(zip(terms, posterior.estimate.tolist(), strict=True))
    theta = problem.centre
    theta[: problem.size] = [known.get(term, 0.0) for term in design.terms]
    if len(posterior.spread_db) == len(design.spread_classes):
        theta[problem.size :] = np.log(posterior.spread_db)
    else:
        theta[problem.size :] = np.log(posterior.spread_db).mean()
    return theta, {f: float(posterior.family_sd.get(f, before)) for f, before in sd.items()}


def _settle(problem: Problem, theta: _F64, begin: Mapping[str, float], settings: CalibrationSettings) -> _Settled:
    """Fit terms and spreads in turn until they belong to each other."""
    design, sd = problem.design, dict(begin)
    families = np.array(design.family_of, dtype=object)
    steps, rounds, settled = 0, 0, False
    while True:
        prior_sd = np.concatenate(
            [[sd[f] for f in design.family_of], np.full(len(design.spread_classes), settings.spread_log_sd)]
        )
        top = climb(problem, theta, prior_sd, settings, convergence=None if settled else max(_NEAR, settings.convergence))
        theta, steps, rounds = top.theta, steps + top.steps, rounds + 1
        if settled or rounds >= _ROUNDS:
            return _Settled(top, prior_sd, sd, settled, steps, rounds)
        covariance = np.linalg.inv(top.hessian)
        change = 0.0
        for family, before in sd.items():
            if not FAMILIES[family]:
                continue
            mine = np.flatnonzero(families == family)
            learnt = len(mine) - float(np.trace(covariance[np.ix_(mine, mine)])) / before**2
            start, square = family_start(family, settings), float(np.sum(theta[mine] ** 2))
            new = np.sqrt((settings.pooling_count * start**2 + square) / (settings.pooling_count + max(learnt, 0.0)))
            change = max(change, abs(new / before - 1.0))
            sd[family] = float(new)
        settled = change < _SETTLED  # one more climb, to the top that belongs to the last spreads
