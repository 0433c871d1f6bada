"""How likely an observation of a layer is: the serving cell is a chosen maximum, silence is a bound.

The true level of candidate c is l_c = m_c + s_c e_c: e_c is Student's t. At one place the errors are tied by a Gaussian
copula of two factors, e_c = T^-1(Phi(sqrt(rho_p) a + sqrt(rho_s - rho_p) b_j + sqrt(1 - rho_s) z_c)): a is what all sites share
at the place (canopy, car, valley), b_j what the cells of site j share besides (the path); each keeps its t law whatever the
correlations are. With x_c = (y - m_c) / s_c and G(x) = P(all e_c <= x_c):

- serving cell s known, level y: dG/dx_s / s_s (all others are weaker or unheard);
- serving cell unknown: the density of the maximum, dG/dy;
- nothing heard above a limit: G at the limit;
- at the ceiling of what can be reported: 1 - G; a known cell stands alone, 1 - T(x_s).

The integrals over a and b_j are those of :mod:`geo.calibration.likelihood_kernels`; gradients and second derivatives are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from geo.calibration.likelihood_kernels import LawNumbers, link_kernel
from geo.calibration.student import log_constant, score_table

__all__ = ["Candidates", "Derivatives", "ErrorLaw", "Kind", "Likelihood", "curvature", "derivatives", "log_likelihood"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_REACH = 6.0  # standard deviations that the nodes are counted over, either way


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
        rho_s of two cells of one site at one place, 0 to below 1.
    nodes : int
        Nodes on 6 standard deviations either way of the lattices that the shared errors are integrated over.
    place_correlation : float
        rho_p of cells of two sites at one place, 0 to ``site_correlation``.
    """

    degrees: float
    site_correlation: float
    nodes: int
    place_correlation: float = 0.0

    def __post_init__(self) -> None:
        if not (self.degrees > 0 and 0 <= self.place_correlation <= self.site_correlation < 1 and self.nodes >= 2):
            raise ValueError(
                "degrees of freedom are positive, the correlations lie in [0, 1), that of a place is at most that of a site, "
                "there are two nodes at least"
            )

    @property
    def numbers(self) -> LawNumbers:
        """The law as the kernels read it."""
        table, table_step = score_table(self.degrees)
        step = 2.0 * _REACH / (self.nodes - 1)
        constant = log_constant(self.degrees)
        return LawNumbers(self.degrees, constant, self.place_correlation, self.site_correlation, step, table, table_step)


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
    count : (m,) float64 array, optional
        How many candidates alike each stands for (:func:`geo.calibration.pruning.merge_far`); 1 unless given, and always for
        one that serves.
    """

    level_dbm: _F64
    kind: npt.NDArray[np.int8]
    serving: _I64
    first: _I64
    site: _I64
    count: _F64 | None = None

    def __post_init__(self) -> None:
        n, m = len(self.level_dbm), len(self.site)
        if not (len(self.kind) == len(self.serving) == len(self.first) - 1 == n and self.first[-1] == m):
            raise ValueError("the columns of observations and candidates do not fit each other")
        known = self.serving >= 0
        owner = self.observation
        if self.count is not None and not (len(self.count) == m and (self.count >= 1).all() and (self.count[self.serving[known]] == 1).all()):
            raise ValueError("every candidate stands for one at least, a serving one for itself")
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
    def arrays(self) -> tuple[_F64, npt.NDArray[np.int8], _I64, _I64, _I64, _F64]:
        """The columns as the kernels read them: level, kind, serving, first, site, count."""
        return (
            np.asarray(self.level_dbm, np.float64), np.asarray(self.kind, np.int8), np.asarray(self.serving, np.int64),
            np.asarray(self.first, np.int64), np.asarray(self.site, np.int64),
            np.ones(len(self.site)) if self.count is None else np.asarray(self.count, np.float64),
        )  # fmt: skip

    def take(self, rows: npt.NDArray[np.bool_], links: npt.NDArray[np.bool_] | None = None) -> tuple[Candidates, _I64]:
        """Return the chosen observations with the chosen ones of their candidates, and which candidates those are.

        Parameters
        ----------
        rows : (n,) bool array
        links : (m,) bool array, optional
            All unless given; a serving cell must be among them.
        """
        chosen = rows[self.observation] if links is None else links & rows[self.observation]
        counts = np.bincount(self.observation[chosen], minlength=len(rows))[rows]
        place = np.where(chosen, np.cumsum(chosen) - 1, -1)
        serving = self.serving[rows]
        serving = np.where(serving >= 0, place[np.maximum(serving, 0)], -1)
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        count = None if self.count is None else self.count[chosen]
        taken = Candidates(self.level_dbm[rows], self.kind[rows], serving, first, self.site[chosen], count)
        return taken, np.flatnonzero(chosen)

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
    found, _ = _evaluate(candidates, mean_dbm, spread_db, law, pairs=False)
    return found


def curvature(
    candidates: Candidates, mean_dbm: _F64, spread_db: _F64, law: ErrorLaw
) -> tuple[_I64, _I64, _F64]:
    """Return the second derivatives of the log likelihood by the means.

    Returns
    -------
    row, column, value : (k,) arrays
        Entries of the matrix between candidates of one observation.
    """
    _, value = _evaluate(candidates, mean_dbm, spread_db, law, pairs=True)
    sizes = np.diff(candidates.first)
    return np.repeat(np.arange(len(candidates.site)), np.repeat(sizes, sizes)), _columns(candidates), value


def _evaluate(
    candidates: Candidates, mean_dbm: _F64, spread_db: _F64, law: ErrorLaw, *, pairs: bool
) -> tuple[Likelihood, _F64]:
    m = len(candidates.site)
    if not len(mean_dbm) == len(spread_db) == m:
        raise ValueError("every candidate needs a mean and a scale")
    if not (spread_db > 0).all():
        raise ValueError("scales are positive")
    found = derivatives(
        candidates, np.asarray(mean_dbm, np.float64), np.asarray(spread_db, np.float64), np.zeros(m, np.int64), 1, law, pairs=pairs
    )
    owner, sizes = candidates.observation, np.diff(candidates.first)
    x = (candidates.level_dbm[owner] - mean_dbm) / spread_db
    known = (candidates.kind != Kind.NONE)[owner]
    by_spread = np.where(known, -np.where(known, x, 0.0) * found.slope - found.share, 0.0)
    second = found.pairs
    if pairs:
        spans = np.repeat(sizes, sizes)
        row = np.repeat(np.arange(m), spans)
        second = second / (spread_db[row] * spread_db[_columns(candidates)])
    return Likelihood(found.value, -found.slope / spread_db, by_spread), second


def _columns(candidates: Candidates) -> _I64:
    """Return the second candidate of each pair of candidates of one observation."""
    sizes = np.diff(candidates.first)
    pair_first = np.concatenate([[0], np.cumsum(sizes**2)])
    within = np.arange(int(pair_first[-1])) - np.repeat(pair_first[:-1], sizes**2)
    return np.asarray(np.repeat(candidates.first[:-1], sizes**2) + within % np.maximum(np.repeat(sizes, sizes**2), 1), np.int64)


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Log likelihoods and their derivatives by each candidate's x = (y - m) / s, the scale beside it held.

    Attributes
    ----------
    value : (n,) float64 array
    slope, share : (m,) float64 arrays
        First derivative, and part of a density.
    cross : (m, classes) float64 array
        Mean of slope times "the serving cell is of this class".
    pairs : (sum of k^2,) float64 array
        Second derivatives, k by k for each observation's k candidates; empty if not asked for.
    pair_first : (n + 1,) int64 array
    """

    value: _F64
    slope: _F64
    share: _F64
    cross: _F64
    pairs: _F64
    pair_first: _I64


def derivatives(
    candidates: Candidates, mean_dbm: _F64, spread_db: _F64, spread_class: _I64, classes: int, law: ErrorLaw, *, pairs: bool
) -> Derivatives:
    """Return log likelihoods and their derivatives by x, unchecked.

    Parameters
    ----------
    candidates : Candidates
    mean_dbm, spread_db : (m,) float64 arrays
    spread_class : (m,) int64 array
    classes : int
    law : ErrorLaw
    pairs : bool
        Whether second derivatives are wanted.
    """
    m, n = len(candidates.site), len(candidates.level_dbm)
    pair_first = np.concatenate([[0], np.cumsum(np.diff(candidates.first) ** 2)]).astype(np.int64)
    found = Derivatives(
        np.empty(n), np.empty(m), np.empty(m), np.empty((m, classes)), np.empty(int(pair_first[-1]) if pairs else 0), pair_first
    )
    link_kernel(
        *candidates.arrays, mean_dbm, spread_db, spread_class, law.numbers, pair_first,
        found.value, found.slope, found.share, found.cross, found.pairs,
    )  # fmt: skip
    return found
