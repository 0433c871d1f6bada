"""How likely an observation of a layer is: the serving cell is a chosen maximum, silence is a bound.

The true level of candidate c is l_c = m_c + s_c e_c: e_c is Student's t, independent between sites; cells of
one site share the path, and their errors are tied by a Gaussian copula of one factor, e_c = T^-1(Phi(sqrt(rho) a +
sqrt(1 - rho) b_c)), so that each keeps its t law whatever rho is. With x_c = (y - m_c) / s_c and G_j(x) =
P(all e_c of site j <= x_c):

- serving cell s known, level y: d/dx_s G_j(s) / s_s times the G_j of the other sites (they are weaker or unheard);
- serving cell unknown: the density of the maximum, d/dy prod_j G_j;
- nothing heard above a limit: prod_j G_j at the limit;
- at the ceiling of what can be reported: 1 - prod_j G_j.

Everything is worked out in logarithms; gradients are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from geo.calibration.shared_error import SharedError
from geo.calibration.student import log_cdf, log_density, slope_of_log_density

__all__ = ["Candidates", "ErrorLaw", "Kind", "Likelihood", "curvature", "log_likelihood"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_STEP = 1e-4  # of the difference quotient in the curvature; x is of order 1


class Kind(IntEnum):
    """What an observation says."""

    #: Nothing of it enters.
    NONE = 0
    #: A level, and whose it is.
    SERVING = 1
    #: A level, the strongest of the layer's, cell not known.
    STRONGEST = 2
    #: No candidate is above the level.
    BELOW = 3
    #: The strongest (or the known cell) is at least the level.
    ABOVE = 4


@dataclass(frozen=True, slots=True)
class ErrorLaw:
    """The law of the prediction's error.

    Attributes
    ----------
    degrees : float
        Degrees of freedom of Student's t; infinity is the normal law.
    site_correlation : float
        rho of two cells of one site at one place, 0 to below 1.
    nodes : int
        Nodes of the rule that integrates over the shared factor.
    """

    degrees: float
    site_correlation: float
    nodes: int

    def __post_init__(self) -> None:
        if not (self.degrees > 0 and 0 <= self.site_correlation < 1 and self.nodes >= 2):
            raise ValueError("degrees of freedom are positive, the correlation lies in [0, 1), there are two nodes at least")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Observations and the radio cells that each could have heard, one after the other.

    Attributes
    ----------
    level_dbm : (n,) float64 array
        Level, limit or ceiling y.
    kind : (n,) int8 array
        :class:`Kind`.
    serving : (n,) int64 array
        Position among all candidates of the one that serves; -1 not known.
    first : (n + 1,) int64 array
        Candidates of observation i are ``first[i]`` to ``first[i + 1]``.
    site : (m,) int64 array
        Site of each candidate; equal ones of an observation stand together.
    """

    level_dbm: _F64
    kind: npt.NDArray[np.int8]
    serving: _I64
    first: _I64
    site: _I64

    def __post_init__(self) -> None:
        n, m = len(self.level_dbm), len(self.site)
        if not (len(self.kind) == len(self.serving) == len(self.first) - 1 == n and self.first[-1] == m):
            raise ValueError("the columns of observations and candidates do not fit each other")
        known = self.serving >= 0
        owner = self.observation
        if (known & ((self.serving < self.first[:-1]) | (self.serving >= self.first[1:]))).any():
            raise ValueError("a serving cell is not among its observation's candidates")
        if ((self.kind == Kind.SERVING) & ~known).any():
            raise ValueError("an observation of a known serving cell does not say which")
        edges = self.site_edges
        whose, site = owner[edges[:-1]], self.site[edges[:-1]]
        span = int(site.max(initial=0) - site.min(initial=0)) + 1
        if len(np.unique(whose * span + site)) != len(edges) - 1:
            raise ValueError("cells of one site do not stand together")

    @property
    def observation(self) -> _I64:
        """Observation of each candidate, (m,)."""
        return np.repeat(np.arange(len(self.level_dbm)), np.diff(self.first))

    @property
    def site_edges(self) -> _I64:
        """Where the run of one site in one observation begins, with the end, (g + 1,)."""
        m = len(self.site)
        if m == 0:
            return np.zeros(1, dtype=np.int64)
        owner = self.observation
        change = (np.diff(self.site) != 0) | (np.diff(owner) != 0)
        return np.concatenate([[0], np.flatnonzero(change) + 1, [m]]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log likelihood of each observation and its slopes.

    Attributes
    ----------
    value : (n,) float64 array
        Density per dB for levels, probability for bounds; 0 for :attr:`Kind.NONE`.
    slope_mean : (m,) float64 array
        By each candidate's mean m_c, 1/dB.
    slope_log_spread : (m,) float64 array
        By the logarithm of each candidate's scale s_c.
    """

    value: _F64
    slope_mean: _F64
    slope_log_spread: _F64


@dataclass(frozen=True, slots=True)
class _Parts:
    """Sums and slopes in x before the kinds are told apart.

    ``below`` (n,): log P(all <= y). ``density`` (n,): log of the wanted slope D, -inf without one.
    ``push`` (m,): d below / dx. ``lift`` (m,): (dD/dx) / D. ``share`` (m,): part of D. ``bend`` (m,): d push / dx of
    cells that share no site; ``group`` has the others.
    """

    below: _F64
    density: _F64
    push: _F64
    lift: _F64
    share: _F64
    bend: _F64
    group: SharedError | None


def log_likelihood(candidates: Candidates, mean_dbm: _F64, spread_db: _F64, law: ErrorLaw) -> Likelihood:
    """Return how likely each observation is.

    Parameters
    ----------
    candidates : Candidates
    mean_dbm, spread_db : (m,) float64 arrays
        m_c and the scale s_c of every candidate.
    law : ErrorLaw

    Raises
    ------
    ValueError
        If the arrays do not fit or a scale is not positive.
    """
    x, log_spread = _standard(candidates, mean_dbm, spread_db)
    wanted = _wanted(candidates, log_spread)
    parts = _parts(candidates, x, wanted, law)
    gradient, value = _gradient(candidates, parts)
    # The density is per dB: the scale of whatever makes it up stands in the denominator.
    density = _has_density(candidates)[candidates.observation]
    spread_slope = -x * gradient - np.where(density, parts.share, 0.0)
    return Likelihood(value, -gradient / spread_db, spread_slope)


def curvature(
    candidates: Candidates, mean_dbm: _F64, spread_db: _F64, law: ErrorLaw
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], _F64, _F64, _F64]:
    """Return the second derivatives of the log likelihood by the means.

    Returns
    -------
    row, column, value : (k,) arrays
        Entries of the matrix between candidates of one site in one observation.
    along : (m,) float64 array
        A vector per observation (its candidates' part) ...
    weight : (n,) float64 array
        ... and a weight, so that weight times the outer product of the vector is the rest.
    """
    x, log_spread = _standard(candidates, mean_dbm, spread_db)
    wanted = _wanted(candidates, log_spread)
    base = _parts(candidates, x, wanted, law)
    owner = candidates.observation
    dense = _has_density(candidates)
    scale, _ = _bound_factor(candidates, base.below)
    alone = np.flatnonzero(base.bend != 0.0)
    rows, columns, values = [alone], [alone], [base.bend[alone] * scale[owner[alone]]]
    if base.group is not None:
        row, column, value = base.group.slopes()
        rows.append(row)
        columns.append(column)
        values.append(value * scale[owner[row]])
    small, link = _with_density(candidates)
    for row, column, value in _lift_slopes(small, x[link], wanted[link], law):
        rows.append(link[row])
        columns.append(link[column])
        values.append(value)
    ceiling = candidates.kind == Kind.ABOVE
    along = np.where(dense[owner], base.lift, np.where(ceiling[owner], base.push, 0.0)) / spread_db
    weight = np.where(dense, -1.0, np.where(ceiling, scale * (1.0 - scale), 0.0))
    row, column = np.concatenate(rows), np.concatenate(columns)
    return row, column, np.concatenate(values) / (spread_db[row] * spread_db[column]), along, weight


def _with_density(candidates: Candidates) -> tuple[Candidates, _I64]:
    """Return the observations with a density and only those of their sites that make it up; and which links these are."""
    owner, edges = candidates.observation, candidates.site_edges
    sizes = np.diff(edges)
    run = np.repeat(np.arange(len(sizes)), sizes)
    chosen = (candidates.kind == Kind.STRONGEST)[owner]
    known = candidates.serving[candidates.kind == Kind.SERVING]
    chosen |= np.isin(run, run[known])
    link = np.flatnonzero(chosen)
    rows = np.flatnonzero(_has_density(candidates))
    number = np.cumsum(chosen) - 1
    counts = np.bincount(owner[link], minlength=len(candidates.kind))[rows]
    serving = candidates.serving[rows]
    small = Candidates(
        candidates.level_dbm[rows], candidates.kind[rows], np.where(serving >= 0, number[np.maximum(serving, 0)], -1),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), candidates.site[link],
    )  # fmt: skip
    return small, link


def _lift_slopes(candidates: Candidates, x: _F64, wanted: _F64, law: ErrorLaw) -> Iterator[tuple[_I64, _I64, _F64]]:
    """Yield the slopes of dD/dx over D between cells of one site, by difference quotients."""
    base = _parts(candidates, x, wanted, law)
    owner, edges = candidates.observation, candidates.site_edges
    sizes = np.diff(edges)
    slot = np.arange(len(x)) - np.repeat(edges[:-1], sizes)
    for k in range(int(sizes.max(initial=0))):
        bent = slot == k
        slopes = []
        for sign in (1.0, -1.0):
            part = _parts(candidates, x + sign * _STEP * bent, wanted, law)
            slopes.append(part.lift * np.exp(part.density - base.density)[owner])
        here = np.flatnonzero(np.repeat(sizes > k, sizes))
        yield here, np.repeat(edges[:-1], sizes)[here] + k, ((slopes[0] - slopes[1]) / (2 * _STEP))[here]


def _standard(candidates: Candidates, mean_dbm: _F64, spread_db: _F64) -> tuple[_F64, _F64]:
    if not len(mean_dbm) == len(spread_db) == len(candidates.site):
        raise ValueError("every candidate needs a mean and a scale")
    if not (spread_db > 0).all():
        raise ValueError("scales are positive")
    return (candidates.level_dbm[candidates.observation] - mean_dbm) / spread_db, np.log(spread_db)


def _has_density(candidates: Candidates) -> npt.NDArray[np.bool_]:
    return np.asarray((candidates.kind == Kind.SERVING) | (candidates.kind == Kind.STRONGEST))


def _wanted(candidates: Candidates, log_spread: _F64) -> _F64:
    """Return log of the weight of each candidate's slope in the density: 1/s_c, or -inf where it is not asked."""
    owner = candidates.observation
    known = candidates.kind == Kind.SERVING
    wanted = np.where((candidates.kind == Kind.STRONGEST)[owner], -log_spread, -np.inf)
    serving = candidates.serving[known]
    wanted[serving] = -log_spread[serving]
    return wanted


def _bound_factor(candidates: Candidates, below: _F64) -> tuple[_F64, _F64]:
    """Return the factor of d below/dx by kind, and the value of bounds; for a ceiling it is -E/(1 - E)."""
    kind = candidates.kind
    factor = np.where(kind == Kind.NONE, 0.0, 1.0)
    value = np.where(kind == Kind.NONE, 0.0, below)
    ceiling = kind == Kind.ABOVE
    if ceiling.any():
        # log(1 - e^b) by the branch that keeps digits (Mächler 2012); b < 0
        b = np.minimum(below[ceiling], -1e-300)
        rest = np.where(b > -0.6931, np.log(-np.expm1(b)), np.log1p(-np.exp(b)))
        factor[ceiling] = -np.exp(b - rest)
        value[ceiling] = rest
    return factor, value


def _gradient(candidates: Candidates, parts: _Parts) -> tuple[_F64, _F64]:
    """Return the slope by x (m,) and the value (n,)."""
    owner = candidates.observation
    factor, value = _bound_factor(candidates, parts.below)
    dense = _has_density(candidates)
    gradient = factor[owner] * parts.push + np.where(dense[owner], parts.lift, 0.0)
    return gradient, np.where(dense, value + parts.density, value)


def _parts(candidates: Candidates, x: _F64, wanted: _F64, law: ErrorLaw) -> _Parts:
    edges, owner = candidates.site_edges, candidates.observation
    n = len(candidates.level_dbm)
    # At the ceiling a known cell stands alone: its own law, whatever the others do.
    only = np.ones(len(x), dtype=bool)
    alone = (candidates.kind == Kind.ABOVE) & (candidates.serving >= 0)
    if alone.any():
        only = ~alone[owner]
        only[candidates.serving[alone]] = True
    sizes = np.diff(edges)
    tied = np.repeat(sizes > 1, sizes) & (law.site_correlation > 0) & ~alone[owner]
    single = ~tied
    below_m, log_push = np.zeros(len(x)), np.full(len(x), -np.inf)
    lift_of_share = np.zeros(len(x))
    below_m[single] = log_cdf(x[single], law.degrees)
    log_push[single] = log_density(x[single], law.degrees) - below_m[single]
    push = np.exp(log_push)
    lift_of_share[single] = slope_of_log_density(x[single], law.degrees) - push[single]
    group = None
    if tied.any():
        link = np.flatnonzero(tied)
        serves = ((candidates.kind == Kind.SERVING)[owner] & np.isfinite(wanted))[link]
        group = SharedError.of(
            x[link], link, sizes[tied[edges[:-1]]], serves,
            degrees=law.degrees, rho=law.site_correlation, nodes=law.nodes,
        )  # fmt: skip
        below_m[link], log_push[link] = group.below, group.log_push
        push[group.link] = np.exp(group.log_push)
    below_m, push = np.where(only, below_m, 0.0), np.where(only, push, 0.0)
    below = np.asarray(np.bincount(owner, below_m, minlength=n), dtype=np.float64)
    terms = wanted + log_push
    density = np.full(n, -np.inf)
    if n:
        filled = np.diff(candidates.first) > 0
        density[filled] = np.logaddexp.reduceat(terms, candidates.first[:-1][filled])
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(terms), np.exp(terms - density[owner]), 0.0)
    lift = share * lift_of_share
    bend = push * lift_of_share
    if group is not None:
        lift[group.link] = group.lift(share[group.link])
    return _Parts(below, density, push, lift, share, bend, group)
