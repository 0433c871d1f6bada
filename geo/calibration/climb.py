"""The top of the posterior of terms and scales, by Newton's method with exact second derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from geo.calibration.likelihood import Candidates, ErrorLaw, Kind, derivatives
from geo.calibration.settings import CalibrationSettings
from geo.calibration.term_kernels import mean_kernel, project_kernel
from geo.calibration.terms import Design

__all__ = ["Problem", "Top", "climb", "robust_start"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is climbed: observations, terms, and the law of the error.

    Attributes
    ----------
    candidates : Candidates
        Those of weight 0 best of kind NONE: they are not looked at then.
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
        matrix, classes, m = self.design.matrix, len(self.design.spread_classes), len(self.predicted_dbm)
        rows = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data
        mean, spread = np.empty(m), np.empty(m)
        mean_kernel(self.predicted_dbm, self.design.spread_class, *rows, theta, classes, mean, spread)
        found = derivatives(self.candidates, mean, spread, self.design.spread_class, classes, self.law, pairs=True)
        slope, second = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        project_kernel(
            self.candidates.arrays[0], self.candidates.arrays[3], self.weight, mean, spread, self.design.spread_class, *rows,
            found.pair_first, found.slope, found.share, found.cross, found.pairs, slope, second,
        )  # fmt: skip
        return found.value, slope, second

    def at(self, theta: _F64, prior_sd: _F64) -> tuple[float, _F64, _F64]:
        """Return the log posterior up to a constant, its gradient and minus its second derivatives."""
        value, slope, second = self.each(theta)
        away = theta - self.centre
        total = float(self.weight @ value - 0.5 * np.sum((away / prior_sd) ** 2))
        return total, slope - away / prior_sd**2, np.diag(1.0 / prior_sd**2) - 0.5 * (second + second.T)


@dataclass(frozen=True, slots=True)
class Top:
    """The top and what the surface is like there.

    Attributes
    ----------
    theta : (p + k,) float64 array
    value : float
        Log posterior up to a constant.
    hessian : (p + k, p + k) float64 array
        Minus its second derivatives, positive definite.
    decrement : float
        Half the squared Newton decrement.
    steps : int
    """

    theta: _F64
    value: float
    hessian: _F64
    decrement: float
    steps: int

    def log_evidence(self, prior_sd: _F64) -> float:
        """Return Laplace's approximation of the logarithm of the integral, up to a constant."""
        return self.value - float(np.log(prior_sd).sum()) - 0.5 * float(np.linalg.slogdet(self.hessian)[1])


def robust_start(problem: Problem) -> _F64:
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


def climb(
    problem: Problem, theta: _F64, prior_sd: _F64, settings: CalibrationSettings, *, convergence: float | None = None
) -> Top:
    """Return the top.

    Newton's method; where the surface is not curved downwards (far tails of Student's t) or a step would
    not climb, the diagonal is strengthened (Levenberg and Marquardt).

    Parameters
    ----------
    problem : Problem
    theta : (p + k,) float64 array
        Where to begin.
    prior_sd : (p + k,) float64 array
    settings : CalibrationSettings
    convergence : float, optional
        Decrement that ends it; the settings' unless given.
    """
    enough = settings.convergence if convergence is None else convergence
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
        if damping == 0.0 and decrement < enough:
            return Top(theta, value, hessian, decrement, step)
        # The scale moves by no more than a factor e at a time: far from the top the surface says little of it.
        move /= max(1.0, float(np.abs(move[problem.size :]).max()))
        tried, tried_slope, tried_hessian = problem.at(theta + move, prior_sd)
        if tried >= value - 1e-9 * abs(value):
            theta, value, slope, hessian = theta + move, tried, tried_slope, tried_hessian
            damping = damping / 8 if damping > 1e-3 else 0.0
        else:
            damping = max(4 * damping, 1e-3)
    return Top(theta, value, _curved(hessian), decrement, int(settings.max_steps))


def _curved(hessian: _F64) -> _F64:
    """Return the matrix made positive definite, for a fit that did not converge (it says so)."""
    values, vectors = np.linalg.eigh(hessian)
    floor = max(float(values.max()) * 1e-10, 1e-12)
    return np.asarray((vectors * np.maximum(values, floor)) @ vectors.T)
