"""What errors have in common at one place, estimated: between cells of a site and between sites.

Canopy, car and valley lie on every path to a phone; taken for errors of the single sites they would make the strongest of ten
sites 3 dB better than it is. The correlation between sites shows in how the chosen maximum behaves: how often another
site serves than the predicted one (that tells the errors which sites do not share) beside how far levels
scatter (that tells all of the error). It is found where the evidence (Laplace, given the families' spreads) times a normal prior is
highest: the prior of two sites is 3GPP's 0.5. Mean and standard deviation are those of the parabola through the points
about that top, cut off at 0 and at the largest value that is possible. What the terms move with a correlation is added to
their covariance: they are not better known than it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from geo.calibration.climb import Problem, Top, climb
from geo.calibration.likelihood import ErrorLaw
from geo.calibration.settings import CalibrationSettings

__all__ = ["CorrelationEstimate", "Correlations", "estimate_correlations", "held"]

_F64 = npt.NDArray[np.float64]
_APART = 0.02  # that of a site stays so far above that of a place
_HIGHEST = 0.97
_FIRST_STEP = 0.12
_CLOSE = 0.02  # nearer than this to a value that was tried, no other is
_TRIES = 8
_NEAR = 1e-4  # decrement that will do for an evidence


@dataclass(frozen=True, slots=True)
class CorrelationEstimate:
    """A correlation with its error.

    Attributes
    ----------
    value : float
    sd : float
        0: it was held.
    learnt_share : float
        1 - its variance over that of its prior; 0: it stands at its prior.
    """

    value: float
    sd: float
    learnt_share: float


@dataclass(frozen=True, slots=True)
class Correlations:
    """Correlations of the errors at one place.

    Attributes
    ----------
    site, place : CorrelationEstimate
        Of two cells of one site, and of cells of two sites.
    moves : (p + k, p + k) float64 array or 0.0
        What their errors add to the covariance of the terms and scales.
    """

    site: CorrelationEstimate
    place: CorrelationEstimate
    moves: _F64 | float = field(default=0.0, repr=False)

    def law(self, like: ErrorLaw) -> ErrorLaw:
        """Return the law with these correlations."""
        return replace(like, site_correlation=self.site.value, place_correlation=self.place.value)


def held(law: ErrorLaw) -> Correlations:
    """Return a law's correlations, held."""
    return Correlations(
        CorrelationEstimate(law.site_correlation, 0.0, 0.0), CorrelationEstimate(law.place_correlation, 0.0, 0.0)
    )


def estimate_correlations(
    problem: Problem, top: Top, prior_sd: _F64, settings: CalibrationSettings
) -> Correlations | None:
    """Return the correlations about a fit, or None where both are held.

    Parameters
    ----------
    problem : Problem
        ``law`` has the values to begin at.
    top : Top
        The fit with that law.
    prior_sd : (p + k,) float64 array
        Of the terms and scales, held.
    settings : CalibrationSettings
        ``site_correlation`` and ``place_correlation`` are the priors' means, ``..._sd`` their standard deviations.
    """
    if settings.site_correlation_sd == 0 and settings.place_correlation_sd == 0:
        return None
    law = problem.law
    several_sites, several_cells = _what_shows(problem)
    place = CorrelationEstimate(law.place_correlation, 0.0, 0.0)
    site = CorrelationEstimate(law.site_correlation, 0.0, 0.0)
    moves = np.zeros((len(top.theta), len(top.theta)))
    if settings.place_correlation_sd > 0:
        asked = _Asked(settings.place_correlation, settings.place_correlation_sd, 0.0, law.site_correlation - _APART)
        if several_sites:
            place, slope = _search(
                problem, top, prior_sd, settings, asked, lambda v: replace(law, place_correlation=v), law.place_correlation
            )
            moves += place.sd**2 * np.outer(slope, slope)
        else:
            place = CorrelationEstimate(law.place_correlation, settings.place_correlation_sd, 0.0)
        law = replace(law, place_correlation=place.value)
    if settings.site_correlation_sd > 0:
        asked = _Asked(settings.site_correlation, settings.site_correlation_sd, law.place_correlation + _APART, _HIGHEST)
        if several_cells:
            site, slope = _search(
                problem, top, prior_sd, settings, asked, lambda v: replace(law, site_correlation=v), law.site_correlation
            )
            moves += site.sd**2 * np.outer(slope, slope)
        else:
            site = CorrelationEstimate(law.site_correlation, settings.site_correlation_sd, 0.0)
    return Correlations(site, place, moves)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A correlation's prior and what it can be."""

    mean: float
    sd: float
    low: float
    high: float


def _what_shows(problem: Problem) -> tuple[bool, bool]:
    """Return whether any weighed observation has candidates of several sites, and several cells of one."""
    candidates = problem.candidates
    edges = candidates.site_edges
    owner = candidates.observation[edges[:-1]]
    counted = (problem.weight > 0) & (candidates.kind > 0)
    sites = np.bincount(owner, minlength=len(counted))
    cells = np.diff(edges)
    return bool((sites[counted] > 1).any()), bool((cells[counted[owner]] > 1).any())


def _search(
    problem: Problem, top: Top, prior_sd: _F64, settings: CalibrationSettings, asked: _Asked,
    law_of: Callable[[float], ErrorLaw], begin: float,
) -> tuple[CorrelationEstimate, _F64]:  # fmt: skip
    """Return a correlation and how the terms move with it."""
    tried: dict[float, tuple[float, _F64]] = {}

    def ask(value: float) -> float:
        if value not in tried:
            nearest = min(tried, key=lambda v: abs(v - value)) if tried else None
            theta = top.theta if nearest is None else tried[nearest][1]
            found = climb(replace(problem, law=law_of(value)), theta, prior_sd, settings, convergence=max(_NEAR, settings.convergence))
            prior = -0.5 * ((value - asked.mean) / asked.sd) ** 2
            tried[value] = (found.log_evidence(prior_sd) + prior, found.theta)
        return tried[value][0]

    low, high = asked.low, max(asked.high, asked.low)
    middle = float(np.clip(begin, low, high))
    for value in (middle, max(low, middle - _FIRST_STEP), min(high, middle + _FIRST_STEP)):
        ask(value)
    while len(tried) < _TRIES:
        values = sorted(tried)
        best = max(values, key=ask)
        at = values.index(best)
        if at in (0, len(values) - 1):  # not yet on both sides of the top
            beyond = best - 2 * _FIRST_STEP if at == 0 else best + 2 * _FIRST_STEP
            following = float(np.clip(beyond, low, high))
        else:
            following = float(np.clip(_vertex(tried, values[at - 1 : at + 2]), low, high))
        if min(abs(following - v) for v in values) < _CLOSE:
            break
        ask(following)
    return _summary(tried, asked, low, high)


def _vertex(tried: dict[float, tuple[float, _F64]], three: list[float]) -> float:
    """Return where the parabola through three points is highest."""
    a, b, _ = np.polyfit(three, [tried[v][0] for v in three], 2)
    return float(-b / (2 * a)) if a < 0 else max(three, key=lambda v: tried[v][0])


def _summary(
    tried: dict[float, tuple[float, _F64]], asked: _Asked, low: float, high: float
) -> tuple[CorrelationEstimate, _F64]:
    """Return mean and standard deviation by the parabola about the top, and the slope of the terms there."""
    values = sorted(tried)
    best = max(values, key=lambda v: tried[v][0])
    if len(values) < 3:
        return CorrelationEstimate(best, asked.sd, 0.0), np.zeros_like(tried[best][1])
    three = sorted(sorted(values, key=lambda v: abs(v - best))[:3])
    a, b, c = np.polyfit(np.array(three) - best, [tried[v][0] - tried[best][0] for v in three], 2)
    a = min(a, -0.5 / (4 * asked.sd) ** 2)  # never wider than four priors
    grid = np.linspace(low, high, 2001)
    log_weight = a * (grid - best) ** 2 + b * (grid - best) + c
    weight = np.exp(log_weight - log_weight.max())
    mean = float(np.average(grid, weights=weight))
    sd = float(np.sqrt(np.average((grid - mean) ** 2, weights=weight)))
    slope = (tried[three[-1]][1] - tried[three[0]][1]) / (three[-1] - three[0])
    return CorrelationEstimate(mean, sd, float(np.clip(1.0 - (sd / asked.sd) ** 2, 0.0, 1.0))), slope
