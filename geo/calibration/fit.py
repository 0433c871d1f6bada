"""The fit: most probable corrections by Newton's method, their covariance, spreads by empirical Bayes.

Each family's spread tau and the terms are fitted in turn: given tau, the terms' posterior is approximated
by a normal law at its top (Laplace); given that, tau^2 is its members' sum of squares over the number of members that the data
tell (MacKay, Neural Computation 4, 1992; the same fixed point as EM, reached sooner), with the start counted as a few members. The log likelihood of each observation is tempered by its weight.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from geo.calibration.likelihood import Candidates, ErrorLaw, Kind
from geo.calibration.likelihood_kernels import term_kernel
from geo.calibration.settings import CalibrationSettings
from geo.calibration.terms import FAMILIES, Design, family_start

__all__ = ["Posterior", "Problem", "fit_terms"]

_F64 = npt.NDArray[np.float64]
_LOGGER = logging.getLogger(__name__)
_ROUNDS = 60
_SETTLED = 0.01  # relative change of every tau at which the rounds end


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
        Of the terms and the logarithms of the scales.
    family_sd : mapping of str to float
        tau of each family that occurs.
    converged : bool
    steps, rounds : int
        Newton steps and rounds of empirical Bayes.
    decrement : float
        Half the squared Newton decrement at the end.
    log_evidence : float
        Laplace's approximation; compares degrees of freedom or choices of terms on the same data.
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


@dataclass(frozen=True, slots=True)
class Problem:
    """What is climbed: observations, terms, and the law of the error.

    Attributes
    ----------
    candidates : Candidates
    predicted_dbm : (m,) float64 array
    design : Design
    weight : (n,) float64 array
    law : ErrorLaw
    log_spread_prior, log_spread_sd : float
        Of the logarithm of every scale.
    """

    candidates: Candidates
    predicted_dbm: _F64
    design: Design
    weight: _F64
    law: ErrorLaw
    log_spread_prior: float
    log_spread_sd: float

    @property
    def size(self) -> int:
        """Number of terms."""
        return len(self.design.terms)

    @property
    def centre(self) -> _F64:
        """Prior mean of the terms and the logarithms of the scales."""
        return np.concatenate([np.zeros(self.size), np.full(len(self.design.spread_classes), self.log_spread_prior)])

    def each(self, theta: _F64) -> tuple[_F64, _F64, _F64]:
        """Return each observation's log likelihood, and the weighted slope and second derivatives of their sum."""
        matrix, size = self.design.matrix, len(theta)
        value, slope, second = np.empty(len(self.weight)), np.zeros(size), np.zeros((size, size))
        term_kernel(
            *self.candidates.arrays, self.predicted_dbm, self.design.spread_class, self.weight,
            matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data, theta,
            len(self.design.spread_classes), self.law.numbers, value, slope, second,
        )  # fmt: skip
        return value, slope, second

    def at(self, theta: _F64, prior_sd: _F64) -> tuple[float, _F64, _F64]:
        """Return the log posterior up to a constant, its gradient and minus its second derivatives."""
        value, slope, second = self.each(theta)
        away = theta - self.centre
        total = float(self.weight @ value - 0.5 * np.sum((away / prior_sd) ** 2))
        return total, slope - away / prior_sd**2, np.diag(1.0 / prior_sd**2) - 0.5 * (second + second.T)


def fit_terms(
    candidates: Candidates,
    predicted_dbm: _F64,
    design: Design,
    weight: _F64,
    settings: CalibrationSettings,
    *,
    law: ErrorLaw | None = None,
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
    law : ErrorLaw, optional
        Instead of the settings'.

    Raises
    ------
    ValueError
        If a predicted level is not finite or a weight negative.
    """
    if not np.isfinite(predicted_dbm).all():
        raise ValueError("candidates of unknown level cannot be weighed")
    if not (weight >= 0).all():
        raise ValueError("weights are not negative")
    problem = Problem(
        candidates, np.asarray(predicted_dbm, np.float64), design, np.asarray(weight, np.float64), law or settings.law,
        float(np.log(settings.spread_db)), settings.spread_log_sd,
    )  # fmt: skip
    families = np.array(design.family_of, dtype=object)
    sd = {f: family_start(f, settings) for f in dict.fromkeys(design.family_of)}
    theta = _robust_start(problem)
    steps, rounds, settled = 0, 0, False
    while True:
        prior_sd = np.concatenate(
            [[sd[f] for f in design.family_of], np.full(len(design.spread_classes), settings.spread_log_sd)]
        )
        theta, hessian, decrement, used = _climb(problem, theta, prior_sd, settings)
        steps += used
        covariance = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
        rounds += 1
        if settled or rounds >= _ROUNDS:
            break
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
    converged = settled and decrement < settings.convergence
    if not converged:
        _LOGGER.warning("calibration has not converged: %d steps, decrement %.1e", steps, decrement)
    value, _, _ = problem.at(theta, prior_sd)
    evidence = value - float(np.log(prior_sd).sum()) - 0.5 * float(np.linalg.slogdet(hessian)[1])
    p = problem.size
    return Posterior(theta[:p], np.exp(theta[p:]), covariance, sd, converged, steps, rounds, decrement, evidence)


def _robust_start(problem: Problem) -> _F64:
    """Return a start that outliers do not move: median difference as bias, its spread by the median deviation."""
    candidates = problem.candidates
    theta = problem.centre
    difference = np.full(len(candidates.level_dbm), np.nan)
    known = candidates.kind == Kind.SERVING
    difference[known] = candidates.level_dbm[known] - problem.predicted_dbm[candidates.serving[known]]
    strongest = np.flatnonzero(candidates.kind == Kind.STRONGEST)
    if strongest.size:
        filled = np.diff(candidates.first) > 0
        most = np.full(len(difference), np.nan)
        most[filled] = np.maximum.reduceat(problem.predicted_dbm, candidates.first[:-1][filled])
        difference[strongest] = candidates.level_dbm[strongest] - most[strongest]
    found = difference[np.isfinite(difference) & (problem.weight > 0)]
    families = problem.design.family_of
    if found.size and "bias" in families:
        theta[families.index("bias")] = np.median(found)
    if found.size >= 10:
        deviation = 1.4826 * float(np.median(np.abs(found - np.median(found))))
        low, high = problem.log_spread_prior - 1.0, problem.log_spread_prior + 1.0
        theta[problem.size :] = np.clip(np.log(max(deviation, 0.1)), low, high)
    return theta


def _climb(
    problem: Problem, theta: _F64, prior_sd: _F64, settings: CalibrationSettings
) -> tuple[_F64, _F64, float, int]:
    """Return the top, minus the second derivatives there, the decrement and the number of steps.

    Newton's method; where the surface is not curved downwards (far tails of Student's t) or a step would
    not climb, the diagonal is strengthened (Levenberg and Marquardt).
    """
    value, slope, hessian = problem.at(theta, prior_sd)
    damping = 0.0
    decrement = np.inf
    for step in range(int(settings.max_steps)):
        scale = np.maximum(np.abs(np.diag(hessian)), 1.0 / prior_sd**2)
        try:
            factor = cho_factor(hessian + np.diag(damping * scale))
        except LinAlgError:
            damping = max(4 * damping, 1e-3)
            continue
        move = cho_solve(factor, slope)
        decrement = 0.5 * float(slope @ move)
        if damping == 0.0 and decrement < settings.convergence:
            return theta, hessian, decrement, step
        # The scale moves by no more than a factor e at a time: far from the top the surface says little of it.
        move /= max(1.0, float(np.abs(move[problem.size :]).max()))
        tried, tried_slope, tried_hessian = problem.at(theta + move, prior_sd)
        if tried >= value - 1e-9 * abs(value):
            theta, value, slope, hessian = theta + move, tried, tried_slope, tried_hessian
            damping = damping / 8 if damping > 1e-3 else 0.0
        else:
            damping = max(4 * damping, 1e-3)
    return theta, _curved(hessian), decrement, int(settings.max_steps)


def _curved(hessian: _F64) -> _F64:
    """Return the matrix made positive definite, for a fit that did not converge (it says so)."""
    values, vectors = np.linalg.eigh(hessian)
    floor = max(float(values.max()) * 1e-10, 1e-12)
    return np.asarray((vectors * np.maximum(values, floor)) @ vectors.T)
