"""The fit: most probable corrections by Newton's method, their covariance, spreads by empirical Bayes.

Each family's spread tau and the terms are fitted in turn: given tau, the terms' posterior is approximated
by a normal law at its top (Laplace); given that, tau^2 is its members' mean square (EM), with the start
counted as a few members. The log likelihood of each observation is tempered by its weight.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse import coo_array, csr_array

from geo.calibration.likelihood import Candidates, ErrorLaw, Kind, Likelihood, curvature, log_likelihood
from geo.calibration.settings import CalibrationSettings
from geo.calibration.terms import FAMILIES, Design, family_start

__all__ = ["Posterior", "fit_terms"]

_F64 = npt.NDArray[np.float64]
_LOGGER = logging.getLogger(__name__)
_STEP = 1e-4
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
class _Problem:
    candidates: Candidates
    predicted_dbm: _F64
    design: Design
    weight: _F64
    law: ErrorLaw
    log_spread_prior: float
    log_spread_sd: float
    nodes: tuple[tuple[float, float], ...] = ((0.0, 0.0),)

    @property
    def size(self) -> int:
        return len(self.design.terms)

    def split(self, theta: _F64) -> tuple[_F64, _F64]:
        """Return the candidates' means and scales."""
        mean = self.predicted_dbm + self.design.matrix @ theta[: self.size]
        return mean, np.exp(theta[self.size :])[self.design.spread_class]

    def value_and_slope(self, theta: _F64, prior_sd: _F64) -> tuple[float, _F64]:
        """Return the log posterior up to a constant, and its gradient."""
        mean, spread = self.split(theta)
        found = self._over_places(mean, spread)[0]
        per_link = self.weight[self.candidates.observation]
        classes = len(self.design.spread_classes)
        slope = np.concatenate(
            [
                self.design.matrix.T @ (per_link * found.slope_mean),
                np.bincount(self.design.spread_class, per_link * found.slope_log_spread, minlength=classes),
            ]
        )
        away = theta - self.centre
        value = float(self.weight @ found.value - 0.5 * np.sum((away / prior_sd) ** 2))
        return value, slope - away / prior_sd**2

    def _over_places(self, mean: _F64, spread: _F64) -> tuple[Likelihood, list[Likelihood], _F64]:
        """Return the likelihood with what all cells of a place share integrated out, its nodes' and their posterior."""
        each = [log_likelihood(self.candidates, mean + shift, spread, self.law) for shift, _ in self.nodes]
        if len(each) == 1:
            return each[0], each, np.ones((1, len(each[0].value)))
        joint = np.stack([found.value + log_weight for found, (_, log_weight) in zip(each, self.nodes, strict=True)])
        value = np.logaddexp.reduce(joint, axis=0)
        posterior = np.exp(joint - value)
        of_link = posterior[:, self.candidates.observation]
        slope = np.sum([p * f.slope_mean for p, f in zip(of_link, each, strict=True)], axis=0)
        slope_spread = np.sum([p * f.slope_log_spread for p, f in zip(of_link, each, strict=True)], axis=0)
        return Likelihood(value, slope, slope_spread), each, posterior

    @property
    def centre(self) -> _F64:
        classes = len(self.design.spread_classes)
        return np.concatenate([np.zeros(self.size), np.full(classes, self.log_spread_prior)])

    def negative_hessian(self, theta: _F64, prior_sd: _F64) -> _F64:
        """Return minus the second derivatives of the log posterior."""
        mean, spread = self.split(theta)
        owner = self.candidates.observation
        m, n, p = len(mean), len(self.weight), self.size
        matrix = self.design.matrix
        whole, each, posterior = self._over_places(mean, spread)

        def outer(along: _F64, weight: _F64) -> _F64:
            gathered = csr_array((along, (owner, np.arange(m))), shape=(n, m)) @ matrix
            return np.asarray((gathered.T @ (gathered * weight[:, None])).toarray())

        terms = np.zeros((p, p))
        for (shift, _), found, share in zip(self.nodes, each, posterior, strict=True):
            row, column, entry, along, weight = curvature(self.candidates, mean + shift, spread, self.law)
            scale = self.weight * share
            inner = coo_array((entry * scale[owner[row]], (row, column)), shape=(m, m)).tocsr()
            terms += (matrix.T @ (inner @ matrix)).toarray() + outer(along, scale * weight)
            if len(each) > 1:
                terms += outer(found.slope_mean, scale)
        if len(each) > 1:
            terms -= outer(whole.slope_mean, self.weight)
        full = np.zeros((len(theta), len(theta)))
        full[:p, :p] = terms
        for k in range(p, len(theta)):
            step = np.zeros(len(theta))
            step[k] = _STEP
            up = self.value_and_slope(theta + step, np.full(len(theta), np.inf))[1]
            down = self.value_and_slope(theta - step, np.full(len(theta), np.inf))[1]
            full[:, k] = (up - down) / (2 * _STEP)
        full[p:, :p] = full[:p, p:].T
        return -0.5 * (full + full.T) + np.diag(1.0 / prior_sd**2)


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
    problem = _Problem(
        candidates, predicted_dbm, design, weight, law or settings.law,
        float(np.log(settings.spread_db)), settings.spread_log_sd, settings.shared_shifts,
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
            square = float(np.sum(theta[mine] ** 2) + np.trace(covariance[np.ix_(mine, mine)]))
            start = family_start(family, settings)
            new = np.sqrt((settings.pooling_count * start**2 + square) / (settings.pooling_count + len(mine)))
            change = max(change, abs(new / before - 1.0))
            sd[family] = float(new)
        settled = change < _SETTLED  # one more climb, to the top that belongs to the last spreads
    converged = settled and decrement < settings.convergence
    if not converged:
        _LOGGER.warning("calibration has not converged: %d steps, decrement %.1e", steps, decrement)
    value, _ = problem.value_and_slope(theta, prior_sd)
    evidence = value - float(np.log(prior_sd).sum()) - 0.5 * float(np.linalg.slogdet(hessian)[1])
    p = problem.size
    return Posterior(theta[:p], np.exp(theta[p:]), covariance, sd, converged, steps, rounds, decrement, evidence)


def _robust_start(problem: _Problem) -> _F64:
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
    problem: _Problem, theta: _F64, prior_sd: _F64, settings: CalibrationSettings
) -> tuple[_F64, _F64, float, int]:
    """Return the top, minus the second derivatives there, the decrement and the number of steps.

    Newton's method; where the surface is not curved downwards (far tails of Student's t) or a step would
    not climb, the diagonal is strengthened (Levenberg and Marquardt).
    """
    value, slope = problem.value_and_slope(theta, prior_sd)
    damping = 0.0
    hessian = problem.negative_hessian(theta, prior_sd)
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
        tried, tried_slope = problem.value_and_slope(theta + move, prior_sd)
        if tried >= value - 1e-9 * abs(value):
            theta, value, slope = theta + move, tried, tried_slope
            hessian = problem.negative_hessian(theta, prior_sd)
            damping = damping / 8 if damping > 1e-3 else 0.0
        else:
            damping = max(4 * damping, 1e-3)
    return theta, _curved(hessian), decrement, int(settings.max_steps)


def _curved(hessian: _F64) -> _F64:
    """Return the matrix made positive definite, for a fit that did not converge (it says so)."""
    values, vectors = np.linalg.eigh(hessian)
    floor = max(float(values.max()) * 1e-10, 1e-12)
    return np.asarray((vectors * np.maximum(values, floor)) @ vectors.T)
