"""What a plan is worth, and what one more candidate would add: the same sums wherever they are asked for."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from geo.planning.choice.problem import NEVER, ChoiceProblem

__all__ = ["State", "plan_value", "spent_vnd", "value_by_step"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


def _provided(problem: ChoiceProblem, year: _I64, at: int) -> npt.NDArray[np.int64]:
    """Return the number of units provided at each demand in a year."""
    standing = (year != NEVER) & (year <= at)
    units = problem.cover @ standing.astype(np.int64) > 0
    return np.bincount(problem.unit_demand[units], minlength=len(problem.steps))


def plan_value(problem: ChoiceProblem, year: _I64) -> float:
    """Return what a plan is worth over all years.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
        Year in which each candidate is built, ``NEVER`` for those that are not; fixed ones stand from their own year.
    """
    return float(value_by_step(problem, year).sum())


def value_by_step(problem: ChoiceProblem, year: _I64) -> _F64:
    """Return what a plan is worth by year and step, (t, k)."""
    standing = np.where(problem.fixed_year == NEVER, year, problem.fixed_year)
    out = np.zeros((problem.years, problem.steps.shape[1]))
    for at in range(problem.years):
        count = _provided(problem, standing, at)
        for k in range(out.shape[1]):
            out[at, k] = problem.steps[count > k, k].sum()
    return out


def spent_vnd(problem: ChoiceProblem, year: _I64) -> _I64:
    """Return what each year costs the budget, in whole đồng."""
    chosen = problem.free & (year != NEVER)
    out = np.zeros(problem.years, dtype=np.int64)
    np.add.at(out, year[chosen], problem.cost_vnd[chosen])
    return out


@nb.njit(cache=True)
def _gains(
    indptr: _I64, indices: npt.NDArray[np.int32], unit_demand: _I64, steps: _F64, covered: npt.NDArray[np.uint8], count: _I64, out: _F64
) -> None:
    """Add to ``out`` what each candidate would add in one year, given the units provided and how many per demand."""
    most = steps.shape[1]
    for j in range(len(indptr) - 1):
        before, more = -1, 0
        gain = 0.0
        for p in range(indptr[j], indptr[j + 1]):
            u = indices[p]
            if covered[u]:
                continue
            d = unit_demand[u]
            if d != before:
                before, more = d, 0
            if count[d] + more < most:
                gain += steps[d, count[d] + more]
            more += 1
        out[j] += gain


@nb.njit(cache=True)
def _stand(
    j: int, indptr: _I64, indices: npt.NDArray[np.int32], unit_demand: _I64, covered: npt.NDArray[np.uint8], count: _I64
) -> None:
    for p in range(indptr[j], indptr[j + 1]):
        u = indices[p]
        if not covered[u]:
            covered[u] = 1
            count[unit_demand[u]] += 1


class State:
    """Units provided in each year under a plan that only grows; what further candidates would add to it.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
        The plan to begin with.
    """

    def __init__(self, problem: ChoiceProblem, year: _I64) -> None:
        self.problem = problem
        cover = problem.cover
        self._indptr = cover.indptr.astype(np.int64)
        self._indices = cover.indices.astype(np.int32)
        self._covered = np.zeros((problem.years, len(problem.unit_demand)), dtype=np.uint8)
        self._count = np.zeros((problem.years, len(problem.steps)), dtype=np.int64)
        standing = np.where(problem.fixed_year == NEVER, year, problem.fixed_year)
        for j in np.flatnonzero(standing != NEVER):
            self.build(int(j), int(standing[j]))

    def build(self, candidate: int, year: int) -> None:
        """Let a candidate stand from a year on."""
        for at in range(year, self.problem.years):
            _stand(candidate, self._indptr, self._indices, self.problem.unit_demand, self._covered[at], self._count[at])

    def gains(self, year: int) -> _F64:
        """Return what each candidate would add if it stood from a year on, (n,)."""
        out = np.zeros(self.problem.candidates)
        for at in range(year, self.problem.years):
            _gains(self._indptr, self._indices, self.problem.unit_demand, self.problem.steps, self._covered[at], self._count[at], out)
        return out

    def met(self, year: int) -> npt.NDArray[np.bool_]:
        """Return which demands have a unit in a year, (d,)."""
        return np.asarray(self._count[year] > 0)
