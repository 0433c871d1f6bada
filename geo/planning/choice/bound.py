"""A proven bound: no plan is worth more, whatever was or was not searched.

The relaxation lets candidates stand in parts. Service of a demand is then worth

    f(X) = max { sum_k steps_k z_k : sum_k z_k <= sum_u y_u, y_u <= min(1, sum_{j provides u} X_j), 0 <= z <= 1 },

concave in the parts X that stand, with known slopes, so that it need not be written out demand by demand: a few variables
theta for groups of demands are held down by tangents of f, made where the last solution lies (Benders cuts in closed form, after
Cordeau, Furini and Ljubic, European Journal of Operational Research 275, 2019, for the maximal covering location problem).
Every solution of the relaxation with some of the tangents is a bound, at whatever moment it is stopped.
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

__all__ = ["Relaxation", "relaxation"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


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


@nb.njit(cache=True)
def _tangent(
    indptr: _I64, indices: npt.NDArray[np.int32], unit_demand: _I64, steps: _F64, standing: _F64, group: _I64,
    value: _F64, slope: _F64, unit_sum: _F64, unit_slope: _F64, demand_sum: _F64,
) -> None:  # fmt: skip
    """Add f at ``standing`` by group of demands to ``value`` and its slopes by candidate and group to ``slope`` (n, groups)."""
    unit_sum[:] = 0.0
    demand_sum[:] = 0.0
    for j in range(len(indptr) - 1):
        if standing[j] > 0.0:
            for p in range(indptr[j], indptr[j + 1]):
                unit_sum[indices[p]] += standing[j]
    for u in range(len(unit_demand)):
        demand_sum[unit_demand[u]] += min(1.0, unit_sum[u])
    most = steps.shape[1]
    for d in range(len(steps)):
        left = demand_sum[d]
        for k in range(most):
            part = min(1.0, left)
            if part <= 0.0:
                break
            value[group[d]] += steps[d, k] * part
            left -= part
    for u in range(len(unit_demand)):
        d = unit_demand[u]
        k = int(np.floor(demand_sum[d] + 1e-9))
        unit_slope[u] = steps[d, k] if unit_sum[u] < 1.0 - 1e-9 and k < most else 0.0
    for j in range(len(indptr) - 1):
        for p in range(indptr[j], indptr[j + 1]):
            u = indices[p]
            if unit_slope[u] > 0.0:
                slope[j, group[unit_demand[u]]] += unit_slope[u]


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
    problem: ChoiceProblem, *, until: float, groups: int = 40, tolerance: float = 1e-5, known: float = -np.inf, threads: int = 2
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

    Raises
    ------
    RuntimeError
        If the solver fails.
    """
    n, t = problem.candidates, problem.years
    count = max(1, min(groups, len(problem.steps)))
    group = _groups(problem, count)
    master = _Master(problem, count, threads)
    indptr, indices = problem.cover.indptr.astype(np.int64), problem.cover.indices.astype(np.int32)
    fixed = np.zeros((n, t))
    for j in np.flatnonzero(~problem.free):
        fixed[j, problem.fixed_year[j] :] = 1.0
    room = (np.zeros(len(problem.unit_demand)), np.zeros(len(problem.unit_demand)), np.zeros(len(problem.steps)))

    def tangents(parts: _F64, theta: _F64 | None) -> float:
        """Add the tangents at a point that lower theta there; return what the parts are worth."""
        standing, worth = np.cumsum(parts, axis=1) + fixed, 0.0
        for at in range(t):
            value, slope = np.zeros(count), np.zeros((n, count))
            here = np.ascontiguousarray(standing[:, at])
            _tangent(indptr, indices, problem.unit_demand, problem.steps, here, group, value, slope, *room)
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
        if done or time.monotonic() >= until:
            return Relaxation(bound, parts, reduced, rounds, converged=done)
        kept = parts if rounds == 1 else 0.5 * (kept + parts)
        tangents(kept, None)  # a tangent between the last points steadies the search

