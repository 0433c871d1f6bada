"""The choice itself as a mixed-integer programme, solved by HiGHS over the candidates that can still matter.

x_jt builds candidate j in year t, X_jt = sum_{s <= t} x_js stands, v_dKt is the smaller of K and the units provided at demand d:

    max  sum_dKt (steps_dK - steps_{d,K+1}) v_dKt
    s.t. sum_t x_jt <= 1,  sum_j cost_j x_jt <= budget_t,  one of each clique,  one in time for each deadline,
         v_dKt <= |C| + sum_j (min(K, |C + U_j|) - |C|) X_jt  for each set C of fewer than K units,  0 <= v <= K,  x binary.

Steps do not rise, so v needs no integrality. With as many units as K the rows fall apart into one per unit.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import highspy
import numpy as np
import numpy.typing as npt

from geo.planning.choice.bound import entries
from geo.planning.choice.problem import NEVER, ChoiceProblem
from geo.planning.choice.rows import MONEY_UNIT_VND, cliques, deadline_rows
from geo.planning.choice.solver import new_solver

__all__ = ["Exact", "seconds_left", "solve_exact"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]

#: How the solver says that the most nodes were made.
_NODES = (highspy.HighsModelStatus.kSolutionLimit,)


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """What the solver ended with.

    Attributes
    ----------
    year : (n,) int64 array or None
        The best plan it found; None where it found none.
    bound : float
        No plan among those allowed is worth more; -inf where there is none.
    proven : bool
        The plan is the best of those allowed, or there is none.
    clock : bool
        The clock ended the search.
    """

    year: _I64 | None
    bound: float
    proven: bool
    clock: bool = False


class _Rows:
    """A sparse matrix, row by row."""

    def __init__(self) -> None:
        self.starts = [0]
        self.columns: list[npt.NDArray[np.int32]] = []
        self.values: list[_F64] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, low: float, high: float, columns: npt.ArrayLike, values: npt.ArrayLike) -> None:
        self.columns.append(np.asarray(columns, dtype=np.int32))
        self.values.append(np.asarray(values, dtype=np.float64))
        self.starts.append(self.starts[-1] + len(self.columns[-1]))
        self.low.append(low)
        self.high.append(high)


def solve_exact(
    problem: ChoiceProblem,
    allowed: _Bool,
    *,
    seconds: float,
    begin: _I64 | None = None,
    gap: float = 0.0,
    nodes: int = 1_000_000,
    threads: int = 2,
    prefer: float = 0.0,
) -> Exact:
    """Return the best plan over the allowed candidates and years.

    Parameters
    ----------
    problem : ChoiceProblem
        Merged (:func:`geo.planning.choice.problem.merged`).
    allowed : (n, t) bool array
        Candidates that may be built, by year; the others stay out.
    seconds : float
        At most so long.
    begin : (n,) int64 array, optional
        A plan to start from.
    gap : float
        Relative difference between plan and bound at which to stop.
    nodes : int
        At most so many.
    threads : int
    prefer : float
        Worth of choosing sharing instead of building, per candidate: so small that it decides ties alone.
    """
    n, t = allowed.shape
    free = np.flatnonzero(problem.free & allowed.any(axis=1))
    number = np.full((n, t), -1, dtype=np.int64)
    open_ = np.zeros((n, t), dtype=bool)
    open_[free] = allowed[free]
    number[open_] = np.arange(int(open_.sum()))
    columns = int(open_.sum())
    inf = highspy.kHighsInf
    rows = _Rows()
    for j in free:
        mine = number[j][open_[j]]
        rows.add(-inf, 1.0, mine, np.ones(len(mine)))
    for at in range(t):
        here = free[open_[free, at]]
        rows.add(-inf, problem.budget_vnd[at] / MONEY_UNIT_VND, number[here, at], problem.cost_vnd[here] / MONEY_UNIT_VND)
    for clique, limit in cliques(problem):
        mine = number[clique][open_[clique]]
        if len(mine):
            rows.add(-inf, limit, mine, np.ones(len(mine)))
    for members, last in deadline_rows(problem):
        mine = number[members, : last + 1][open_[members, : last + 1]]
        if not len(mine):
            return Exact(None, -np.inf, proven=True)
        rows.add(1.0, inf, mine, np.ones(len(mine)))
    cost = [np.repeat(-prefer, columns) * ~problem.shared[np.nonzero(open_)[0]]]
    who = entries(problem)
    constant = 0.0
    upper = columns
    tops: list[_F64] = []
    for demand in range(len(problem.steps)):
        here = slice(who.start[demand], who.start[demand + 1])
        candidates, masks = who.candidate[here], who.mask[here]
        fixed = problem.fixed_year[candidates]
        for at in range(t):
            standing = int(np.bitwise_or.reduce(masks[(fixed != NEVER) & (fixed <= at)], initial=0))
            have = standing.bit_count()
            constant += float(problem.steps[demand, :have].sum())
            mine, provides = _open_parts(number[candidates, : at + 1], masks & ~standing)
            units = int(np.bitwise_or.reduce(provides, initial=0))
            for k, weight in _weights(problem.steps[demand, have:], units.bit_count()):
                for top, limits in _limits(k, units, provides):
                    for limit, more in limits:
                        named = more > 0
                        rows.add(-inf, float(limit), np.r_[upper, mine[named]], np.r_[1.0, -more[named].astype(np.float64)])
                    cost.append(np.array([weight]))
                    tops.append(np.array([float(top)]))
                    upper += 1
    if not upper:  # nothing is left to decide
        return Exact(np.full(n, NEVER, dtype=np.int64), constant, proven=True)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = upper, len(rows.low)
    model.col_cost_ = np.concatenate(cost)
    model.col_lower_, model.col_upper_ = np.zeros(upper), np.concatenate([np.ones(columns), *tops])
    model.row_lower_, model.row_upper_ = np.array(rows.low), np.array(rows.high)
    model.offset_ = constant
    model.sense_ = highspy.ObjSense.kMaximize
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(rows.starts, dtype=np.int32)
    model.a_matrix_.index_ = np.concatenate(rows.columns) if rows.columns else np.zeros(0, dtype=np.int32)
    model.a_matrix_.value_ = np.concatenate(rows.values) if rows.values else np.zeros(0)
    kinds = [highspy.HighsVarType.kInteger] * columns + [highspy.HighsVarType.kContinuous] * (upper - columns)
    model.integrality_ = kinds
    solver = new_solver(threads=threads, time_limit=max(seconds, 0.1), mip_rel_gap=gap, mip_abs_gap=1e-7, mip_max_nodes=nodes)
    solver.passModel(model)
    if begin is not None:
        _start(solver, begin, number, columns)
    solver.run()
    found = _read(solver, number, problem)
    # The preference takes at most so much off any plan's worth.
    return replace(found, bound=found.bound + prefer * int((~problem.shared[free]).sum()))


def _open_parts(numbers: _I64, masks: _I64) -> tuple[_I64, _I64]:
    """Return the columns of candidates' parts that may be built and what they provide, ascending."""
    row, year = np.nonzero((numbers >= 0) & (masks != 0)[:, None])
    return numbers[row, year], masks[row]


def _weights(steps: _F64, units: int) -> Iterator[tuple[int, float]]:
    """Yield k and the worth of the smaller of k and the units provided: the steps, written as such minima."""
    most = min(len(steps), units)
    for k in range(1, most + 1):
        weight = float(steps[k - 1] - (steps[k] if k < most else 0.0))
        if weight > 0:
            yield k, weight


def _limits(k: int, units: int, provides: _I64) -> Iterator[tuple[int, list[tuple[int, _I64]]]]:
    """Yield variables that add up to min(k, units provided): the most of each, and its rows as a limit and what each part adds to it.

    See :mod:`geo.planning.choice.bound` for the inequalities; for all units together they fall apart into one per unit.
    """
    single = [1 << i for i in range(units.bit_length()) if units >> i & 1]
    if k == len(single):
        for bit in single:
            yield 1, [(0, (provides & bit != 0).astype(np.int64))]
        return
    sets = [sum(chosen) for size in range(k) for chosen in itertools.combinations(single, size)]
    yield k, [(have.bit_count(), np.minimum(k, np.bitwise_count(provides | have).astype(np.int64)) - have.bit_count()) for have in sets]


def _start(solver: highspy.Highs, begin: _I64, number: _I64, columns: int) -> None:
    values = np.zeros(columns)
    chosen = np.flatnonzero(begin != NEVER)
    at = number[chosen, begin[chosen]]
    values[at[at >= 0]] = 1.0
    solver.setSolution(columns, np.arange(columns, dtype=np.int32), values)


def _read(solver: highspy.Highs, number: _I64, problem: ChoiceProblem) -> Exact:
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Exact(None, -np.inf, proven=True)
    if status not in {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit, *_NODES}:
        raise RuntimeError(f"the choice ended with {solver.modelStatusToString(status)}")
    year = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        values = np.asarray(solver.getSolution().col_value)
        taken = (number >= 0) & (values[np.maximum(number, 0)] > 0.5)
        year = np.where(taken.any(axis=1), taken.argmax(axis=1), NEVER).astype(np.int64)
        year[~problem.free] = NEVER
    return Exact(year, float(info.mip_dual_bound), proven=status == highspy.HighsModelStatus.kOptimal, clock=status == highspy.HighsModelStatus.kTimeLimit)


def seconds_left(until: float) -> float:
    """Return the seconds until ``time.monotonic()`` reaches ``until``, not negative."""
    return max(0.0, until - time.monotonic())
