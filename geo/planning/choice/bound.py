"""A proven bound: no plan is worth more, whatever was or was not searched.

The relaxation lets candidates stand in parts. A demand whose units U_j candidate j provides is worth

    sum_K (steps_K - steps_{K+1}) min(K, number of units provided),

and each of these minima is submodular in what stands, so that for every set C of the demand's units (Nemhauser and Wolsey,
Mathematics of Operations Research 3, 1978)

    min(K, units) <= min(K, |C|) + sum_j (min(K, |C + U_j|) - min(K, |C|)) X_j.

f(X), the sum of the least right sides, is concave in the parts X that stand, with known slopes, so that it need not be written
out demand by demand: a few variables theta for groups of demands are held down by tangents of f, made where the last solution
lies (Benders cuts in closed form, after Cordeau, Furini and Ljubic, European Journal of Operational Research 275, 2019, for the
maximal covering location problem). A third of a mast for three operators is then a third of a first operator, not a whole one,
as it is where units are summed before the steps are taken. Every solution of the relaxation with some of the tangents is a
bound, at whatever moment it is stopped.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numba as nb
import numpy as np
import numpy.typing as npt

from geo.planning.choice.problem import ChoiceProblem
from geo.planning.choice.rows import MONEY_UNIT_VND, cliques, deadline_rows
from geo.planning.choice.solver import new_solver

__all__ = ["Entries", "Relaxation", "entries", "relaxation"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Bits of a mask of units.
_MOST_UNITS = 62


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """What the relaxation says.

    Attributes
    ----------
    bound : float
        No plan is worth more; -inf where no plan exists at all.
    part : (n, t) float64 array
        Part of each candidate built in each year.
    reduced : (n, t) float64 array
        Each part's reduced cost, not negative: what the bound loses at least if the part is moved from its end to the other.
    rounds : int
    converged : bool
        The bound cannot be lowered by further tangents (to the tolerance).
    """

    bound: float
    part: _F64
    reduced: _F64
    rounds: int
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Which candidates provide which units of a demand, demand by demand.

    Attributes
    ----------
    start : (d + 1,) int64 array
    candidate : (e,) int32 array
    mask : (e,) int64 array
        Bit i: the demand's unit i.
    units : (d,) int64 array
        Number of units that somebody may provide.
    """

    start: _I64
    candidate: npt.NDArray[np.int32]
    mask: _I64
    units: _I64


def entries(problem: ChoiceProblem) -> Entries:
    """Return the units of a problem by demand and candidate.

    Raises
    ------
    ValueError
        If a demand has more units than a mask has bits.
    """
    d = len(problem.steps)
    units = np.bincount(problem.unit_demand, minlength=d)
    if len(units) and units.max(initial=0) > _MOST_UNITS:
        raise ValueError(f"a demand has {units.max()} units, at most {_MOST_UNITS} are allowed")
    cover = problem.cover
    unit = cover.indices.astype(np.int64)
    who = np.repeat(np.arange(problem.candidates, dtype=np.int64), np.diff(cover.indptr))
    demand = problem.unit_demand[unit]
    bit = np.int64(1) << (unit - np.searchsorted(problem.unit_demand, demand))
    order = np.lexsort((who, demand))
    demand, who, bit = demand[order], who[order], bit[order]
    first = np.flatnonzero(np.r_[True, (np.diff(demand) != 0) | (np.diff(who) != 0)]) if len(demand) else np.zeros(0, dtype=np.int64)
    mask = np.bitwise_or.reduceat(bit, first) if len(first) else np.zeros(0, dtype=np.int64)
    start = np.searchsorted(demand[first], np.arange(d + 1)).astype(np.int64)
    return Entries(start, who[first].astype(np.int32), mask.astype(np.int64), units.astype(np.int64))


@nb.njit(cache=True)
def _bits(mask: int) -> int:
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@nb.njit(cache=True)
def _right_side(
    k: int, have: int, start: int, stop: int, candidate: npt.NDArray[np.int32], mask: _I64, standing: _F64
) -> float:  # fmt: skip
    """Return the right side of the inequality of the set ``have`` of units at ``standing``."""
    base = min(k, _bits(have))
    total = float(base)
    for e in range(start, stop):
        x = standing[candidate[e]]
        if x > 0.0:
            total += (min(k, _bits(have | mask[e])) - base) * x
    return total


@nb.njit(cache=True)
def _tangent(
    start: _I64, candidate: npt.NDArray[np.int32], mask: _I64, units: _I64, steps: _F64, standing: _F64, group: _I64, value: _F64, slope: _F64
) -> None:  # fmt: skip
    """Add f at ``standing`` by group of demands to ``value`` and its slopes by candidate and group to ``slope`` (n, groups)."""
    unit_sum = np.zeros(64)
    for d in range(len(steps)):
        most = min(steps.shape[1], units[d])
        if most == 0:
            continue
        lo, hi, g = start[d], start[d + 1], group[d]
        unit_sum[: units[d]] = 0.0
        for e in range(lo, hi):
            x = standing[candidate[e]]
            if x > 0.0:
                for i in range(units[d]):
                    if mask[e] >> i & 1:
                        unit_sum[i] += x
        full = 0
        for i in range(units[d]):
            if unit_sum[i] >= 1.0 - 1e-9:
                full |= 1 << i
        for k in range(1, most + 1):
            weight = steps[d, k - 1] - (steps[d, k] if k < most else 0.0)
            if weight <= 0.0:
                continue
            best_set, best = full, _right_side(k, full, lo, hi, candidate, mask, standing)
            if k < units[d]:  # for all units the full ones are the best set
                tried = 1 << units[d] if units[d] <= 8 else 1
                for have in range(tried):
                    if _bits(have) < k:
                        found = _right_side(k, have, lo, hi, candidate, mask, standing)
                        if found < best - 1e-12:
                            best_set, best = have, found
            value[g] += weight * best
            base = min(k, _bits(best_set))
            if base < k:
                for e in range(lo, hi):
                    more = min(k, _bits(best_set | mask[e])) - base
                    if more > 0:
                        slope[candidate[e], g] += weight * more


def _groups(problem: ChoiceProblem, groups: int) -> _I64:
    """Return a group of each demand: those of the same first candidate together, groups of about the same worth."""
    rows = problem.cover.tocsr()
    first = np.full(len(problem.steps), problem.candidates, dtype=np.int64)
    filled = np.diff(rows.indptr) > 0
    heads = np.full(len(problem.unit_demand), problem.candidates, dtype=np.int64)
    heads[filled] = rows.indices[rows.indptr[:-1][filled]]
    np.minimum.at(first, problem.unit_demand, heads)
    order = np.argsort(first, kind="stable")
    worth = np.cumsum(problem.steps.sum(axis=1)[order])
    out = np.zeros(len(order), dtype=np.int64)
    if len(order) and worth[-1] > 0:
        out[order] = np.minimum((worth / worth[-1] * groups).astype(np.int64), groups - 1)
    return out


class _Master:
    """The relaxation in the solver: parts of candidates by year, and what groups of demands are worth in each year."""

    def __init__(self, problem: ChoiceProblem, groups: int, threads: int) -> None:
        self.problem, self.groups = problem, groups
        n, t = problem.candidates, problem.years
        self.solver = new_solver(threads=threads)
        top = highspy.kHighsInf
        upper = np.repeat(problem.free.astype(np.float64), t)
        self.solver.addVars(n * t, np.zeros(n * t), upper)
        self.solver.addVars(groups * t, np.zeros(groups * t), np.full(groups * t, top))
        theta = np.arange(n * t, n * t + groups * t, dtype=np.int32)
        self.solver.changeColsCost(len(theta), theta, np.ones(len(theta)))
        self.solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        free = np.flatnonzero(problem.free)
        for j in free:
            self._row(-top, 1.0, j * t + np.arange(t), np.ones(t))
        for at in range(t):
            cost = problem.cost_vnd[free] / MONEY_UNIT_VND
            self._row(-top, problem.budget_vnd[at] / MONEY_UNIT_VND, free * t + at, cost)
        for clique, limit in cliques(problem):
            columns = (clique[:, None] * t + np.arange(t)).ravel()
            self._row(-top, limit, columns, np.ones(len(columns)))
        for members, last in deadline_rows(problem):
            columns = (members[:, None] * t + np.arange(last + 1)).ravel()
            self._row(1.0, top, columns, np.ones(len(columns)))

    def _row(self, low: float, high: float, columns: _I64, values: _F64) -> None:
        self.solver.addRow(low, high, len(columns), columns.astype(np.int32), values)

    def cut(self, group: int, at: int, limit: float, slope: _F64) -> None:
        """Hold theta of a group and year below ``limit`` + slope · what stands."""
        t = self.problem.years
        named = np.flatnonzero((slope > 0) & self.problem.free)
        columns = np.r_[self.problem.candidates * t + group * t + at, (named[:, None] * t + np.arange(at + 1)).ravel()]
        values = np.r_[1.0, np.repeat(-slope[named], at + 1)]
        self._row(-highspy.kHighsInf, limit, columns, values)

    def solve(self) -> tuple[float, _F64, _F64, _F64] | None:
        """Return the bound, parts (n, t), reduced costs (n, t) and theta (groups, t); None where nothing is feasible."""
        self.solver.run()
        status = self.solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the relaxation ended with {self.solver.modelStatusToString(status)}")
        found = self.solver.getSolution()
        n, t = self.problem.candidates, self.problem.years
        values, duals = np.asarray(found.col_value), np.asarray(found.col_dual)
        parts = np.clip(values[: n * t].reshape(n, t), 0.0, 1.0)
        theta = values[n * t :].reshape(self.groups, t)
        return self.solver.getInfo().objective_function_value, parts, np.abs(duals[: n * t].reshape(n, t)), theta


def relaxation(
    problem: ChoiceProblem, *, until: float, groups: int = 40, tolerance: float = 1e-5, known: float = -np.inf, threads: int = 2,
    most: int | None = None,
) -> Relaxation:
    """Return the bound of the relaxation.

    Parameters
    ----------
    problem : ChoiceProblem
        Best merged (:func:`geo.planning.choice.problem.merged`).
    until : float
        ``time.monotonic()`` at which to stop with what there is; one round is always made.
    groups : int
        Of demands; more make fewer rounds of larger relaxations.
    tolerance : float
        Relative difference between bound and worth of the parts at which no more tangents are made.
    known : float
        Worth of a known plan: a bound within the tolerance of it ends the search too.
    threads : int
        Of the solver.
    most : int, optional
        Rounds to make at most: an end by work, the same on every machine.

    Raises
    ------
    RuntimeError
        If the solver fails.
    """
    n, t = problem.candidates, problem.years
    count = max(1, min(groups, len(problem.steps)))
    group = _groups(problem, count)
    master = _Master(problem, count, threads)
    who = entries(problem)
    fixed = np.zeros((n, t))
    for j in np.flatnonzero(~problem.free):
        fixed[j, problem.fixed_year[j] :] = 1.0

    def tangents(parts: _F64, theta: _F64 | None) -> float:
        """Add the tangents at a point that lower theta there; return what the parts are worth."""
        standing, worth = np.cumsum(parts, axis=1) + fixed, 0.0
        for at in range(t):
            value, slope = np.zeros(count), np.zeros((n, count))
            here = np.ascontiguousarray(standing[:, at])
            _tangent(who.start, who.candidate, who.mask, who.units, problem.steps, here, group, value, slope)
            worth += float(value.sum())
            fixed_part = fixed[:, at] @ slope
            for g in range(count):
                if theta is None or theta[g, at] > value[g] * (1 + 1e-9) + 1e-9:
                    limit = value[g] - float(here @ slope[:, g]) + float(fixed_part[g])
                    master.cut(g, at, limit, slope[:, g])
        return worth

    tangents(np.zeros((n, t)), None)
    kept = np.zeros((n, t))
    best, rounds = -np.inf, 0
    while True:
        found = master.solve()
        if found is None:
            return Relaxation(-np.inf, np.zeros((n, t)), np.zeros((n, t)), rounds, converged=True)
        bound, parts, reduced, theta = found
        rounds += 1
        worth = tangents(parts, theta)
        best = max(best, worth)
        done = bound - max(best, known) <= tolerance * max(1.0, abs(bound))
        if done or rounds == most or time.monotonic() >= until:
            return Relaxation(bound, parts, reduced, rounds, converged=done)
        kept = parts if rounds == 1 else 0.5 * (kept + parts)
        tangents(kept, None)  # a tangent between the last points steadies the search

