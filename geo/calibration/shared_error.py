"""Cells that share a site in an observation: integrals over the error that they have in common.

G(x) = int phi(a) prod_c Phi(q_c) da, q_c = (g(x_c) - sqrt(rho) a) / sqrt(1 - rho), g = Phi^-1(T): a Gaussian copula of
one factor under Student's t margins. The integrand is smooth and dies out on both sides, so that the trapezoidal
rule converges exponentially (Trefethen and Weideman, SIAM Review 56, 2014): error about exp(-2 (pi s / h)^2) for
steps h and a sharpest feature of width s = sqrt((1 - rho) / rho). The nodes of each run span what its levels call for. With r = d log Phi / dg and E the mean over a
given that all cells lie below, R_c = d log G / dg_c = E[r_c].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, erfc, exp, floor, log, log1p, pi, sqrt

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.calibration.student import log_density, normal_score, slope_of_log_density

__all__ = ["SharedError"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_LOG_ROOT_2PI = 0.5 * log(2.0 * pi)
_ROOT_HALF = sqrt(0.5)
_REACH = 5.7  # standard deviations: 1.2e-8 lies beyond


@njit(cache=True, nogil=True, error_model="numpy")
def _log_normal_cdf(q: float) -> float:
    """Return log Phi(q); below -30 by the first terms of its asymptotic series, good to 1e-8."""
    if q > 8.3:
        return 0.0  # Phi differs from 1 by less than 1e-16
    if q > -30.0:
        return log(0.5 * erfc(-q * _ROOT_HALF))
    s = 1.0 / (q * q)
    return -0.5 * q * q - _LOG_ROOT_2PI - log(-q) + log1p(-s * (1.0 - 3.0 * s * (1.0 - 5.0 * s)))


@njit(cache=True, nogil=True, error_model="numpy")
def _integrate(
    g: _F64, serves: npt.NDArray[np.bool_], start: _I64, k: int, rho: float
) -> tuple[_F64, _F64, _F64, _F64, _F64]:
    """Return log G of each run, its nodes' weights (runs, k), log R, r / R (links, k) and E[dr/dg] / R."""
    runs, links = len(start) - 1, len(g)
    below, posterior = np.empty(runs), np.empty((runs, k))
    log_mean, ratio, bend = np.empty(links), np.empty((links, k)), np.empty(links)
    root, rest = sqrt(rho), sqrt(1.0 - rho)
    hazard, node = np.empty((links, k)), np.empty(k)
    for run in range(runs):
        first, last = start[run], start[run + 1]
        # Given that all cells lie below, a lies about 0, or about sqrt(rho) g of the lowest if that is negative;
        # in a density about sqrt(rho) g of the cell that serves, within sqrt(1 - rho).
        lowest = root * g[first:last].min()
        low, high = min(0.0, lowest) - _REACH, min(0.0, lowest) + _REACH
        high = max(high, lowest + rest * _REACH)
        for c in range(first, last):
            if serves[c]:
                high = max(high, root * g[c] + rest * _REACH)
        low, high = floor(low), ceil(high)  # nodes stay where they are while levels move a little
        step = (high - low) / (k - 1)
        top = -np.inf
        for j in range(k):
            node[j] = low + step * j
            total = log(step) - 0.5 * node[j] * node[j] - _LOG_ROOT_2PI
            for c in range(first, last):
                q = (g[c] - root * node[j]) / rest
                log_phi = _log_normal_cdf(q)
                total += log_phi
                ratio[c, j] = -0.5 * q * q - _LOG_ROOT_2PI - log_phi  # log hazard, for now
            posterior[run, j] = total
            top = max(top, total)
        mass = 0.0
        for j in range(k):
            posterior[run, j] = exp(posterior[run, j] - top)
            mass += posterior[run, j]
        for j in range(k):
            posterior[run, j] /= mass
        below[run] = top + log(mass)
        for c in range(first, last):
            peak = -np.inf
            for j in range(k):
                peak = max(peak, ratio[c, j])
            mean = 0.0
            for j in range(k):
                if ratio[c, j] < peak - 45.0:  # nothing in double precision
                    hazard[c, j], ratio[c, j] = 0.0, 0.0
                    continue
                hazard[c, j] = exp(ratio[c, j])
                ratio[c, j] = exp(ratio[c, j] - peak)
                mean += posterior[run, j] * ratio[c, j]
            log_mean[c] = peak + log(max(mean, 1e-300)) - log(rest)
            bent = 0.0
            for j in range(k):
                if ratio[c, j] == 0.0:
                    continue
                ratio[c, j] /= max(mean, 1e-300)
                q = (g[c] - root * node[j]) / rest
                bent -= posterior[run, j] * ratio[c, j] * (q + hazard[c, j])
            bend[c] = bent / rest
    return below, posterior, log_mean, ratio, bend


@njit(cache=True, nogil=True, error_model="numpy")
def _pull(start: _I64, posterior: _F64, ratio: _F64, share: _F64) -> _F64:
    """Return E[(r_c / R_c) (sum_s share_s r_s / R_s - sum_s share_s)] of each link."""
    out = np.zeros(len(share))
    for run in range(len(start) - 1):
        first, last = start[run], start[run + 1]
        total = 0.0
        for c in range(first, last):
            total += share[c]
        if total == 0.0:
            continue
        for j in range(posterior.shape[1]):
            pull = -total
            for c in range(first, last):
                pull += share[c] * ratio[c, j]
            for c in range(first, last):
                out[c] += posterior[run, j] * ratio[c, j] * pull
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _pairs(
    start: _I64, posterior: _F64, ratio: _F64, push: _F64, own: _F64
) -> tuple[_I64, _I64, _F64]:
    """Return first cell, second cell and d push / dx of all pairs of cells of each run."""
    total = 0
    for run in range(len(start) - 1):
        total += (start[run + 1] - start[run]) ** 2
    row, column, value = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total)
    n = 0
    for run in range(len(start) - 1):
        for c in range(start[run], start[run + 1]):
            for s in range(start[run], start[run + 1]):
                both = 0.0
                for j in range(posterior.shape[1]):
                    both += posterior[run, j] * ratio[c, j] * ratio[s, j]
                row[n], column[n] = c, s
                value[n] = push[c] * push[s] * (both - 1.0) + (own[c] if c == s else 0.0)
                n += 1
    return row, column, value


@dataclass(frozen=True, slots=True)
class SharedError:
    """Integrals of all runs (sites heard by several cells in one observation).

    Attributes
    ----------
    link : (l,) int64 array
        Candidates that share a site with another one.
    below : (l,) float64 array
        log G, at the first cell of each run; 0 at the others.
    log_push : (l,) float64 array
        log of d log G / dx_c.
    """

    link: _I64
    below: _F64
    log_push: _F64
    _start: _I64
    _posterior: _F64
    _ratio: _F64
    _mean: _F64
    _first: _F64
    _second: _F64
    _bend: _F64

    @classmethod
    def of(
        cls,
        x: _F64,
        link: _I64,
        counts: _I64,
        serves: npt.NDArray[np.bool_],
        *,
        degrees: float,
        rho: float,
        nodes: int,
    ) -> SharedError:
        """Work the integrals out.

        Parameters
        ----------
        x : (l,) float64 array
            Standardised levels of the candidates ``link``, run after run.
        link : (l,) int64 array
        counts : (runs,) int64 array
            Cells of each run.
        serves : (l,) bool array
            Cells that are known to serve.
        degrees, rho : float
        nodes : int
        """
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        g = normal_score(x, degrees)
        total, posterior, log_mean, ratio, bend = _integrate(g, serves, start, nodes, rho)
        log_first = log_density(x, degrees) + 0.5 * g * g + _LOG_ROOT_2PI
        first = np.exp(log_first)
        below = np.zeros(len(link))
        below[start[:-1]] = total
        second = slope_of_log_density(x, degrees) + g * first
        return cls(link, below, log_mean + log_first, start, posterior, ratio, np.exp(log_mean), first, second, bend)

    def slopes(self) -> tuple[_I64, _I64, _F64]:
        """Return candidates c and s of one site, and d push_c / dx_s, for all pairs."""
        push = self._mean * self._first
        own = push * (self._first * self._bend + self._second)
        row, column, value = _pairs(self._start, self._posterior, self._ratio, push, own)
        return self.link[row], self.link[column], value

    def lift(self, share: _F64) -> _F64:
        """Return (dD/dx) / D of the density D for the shares that the cells have in it."""
        common = _pull(self._start, self._posterior, self._ratio, share)
        return np.asarray(self._mean * self._first * common + share * (self._first * self._bend + self._second))
