"""Why no plan is possible: which duties cannot be met, and what they would cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from geo.errors import VungphuError
from geo.planning.choice.problem import NEVER, ChoiceProblem
from geo.planning.choice.rows import MONEY_UNIT_VND, cliques, deadline_rows
from geo.planning.choice.solver import new_solver

__all__ = ["InfeasiblePlanError", "explain_infeasible"]

_I64 = npt.NDArray[np.int64]
#: Of each search, an end by work: whose plan cannot be is named the same in every run.
_NODES = 2_000
_NAMED = 10


class InfeasiblePlanError(VungphuError):
    """No plan keeps budgets, conflicts and deadlines.

    Attributes
    ----------
    unreachable : (k,) int64 array
        Demands with a deadline that no candidate can serve.
    unmet : (k,) int64 array
        A smallest set of demands with a deadline that stays unserved within the budgets.
    needed_vnd : int or None
        Least cost of serving all reachable ones in time, whatever the budgets; None where that is not the matter.
    """

    def __init__(self, unreachable: _I64, unmet: _I64, needed_vnd: int | None, given_vnd: int, names: Sequence[str] | None = None) -> None:
        self.unreachable, self.unmet, self.needed_vnd, self.given_vnd = unreachable, unmet, needed_vnd, given_vnd
        self._names = names
        parts: list[tuple[str, str]] = []
        if len(unreachable):
            listed = _listed(unreachable, names)
            parts.append((
                f"không phương án nào phủ được {len(unreachable)} nơi có hạn: {listed}",
                f"no candidate can serve {len(unreachable)} places with a deadline: {listed}",
            ))  # fmt: skip
        if len(unmet):
            listed = _listed(unmet, names)
            parts.append((
                f"trong ngân sách, quy định khoảng cách và số chỗ trên cột, ít nhất {len(unmet)} nơi không kịp hạn: {listed}",
                f"within the budgets, the spacing rules and the room on masts at least {len(unmet)} places miss their deadline: {listed}",
            ))  # fmt: skip
        if needed_vnd is not None:
            parts.append((
                f"cần ít nhất {_money(needed_vnd, '.')} đồng cho các nơi có hạn, ngân sách cộng lại là {_money(given_vnd, '.')} đồng",
                f"at least {_money(needed_vnd, ',')} đồng are needed for the places with a deadline, the budgets add up to {_money(given_vnd, ',')} đồng",
            ))  # fmt: skip
        super().__init__(
            "Không có kế hoạch nào thỏa: " + "; ".join(vi for vi, _ in parts) + ".",
            "No plan is possible: " + "; ".join(en for _, en in parts) + ".",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with what was found."""
        return type(self), (self.unreachable, self.unmet, self.needed_vnd, self.given_vnd, self._names)

    def named(self, names: Sequence[str]) -> InfeasiblePlanError:
        """Return the same with the demands' names in place of their numbers."""
        return InfeasiblePlanError(self.unreachable, self.unmet, self.needed_vnd, self.given_vnd, names)


def _money(vnd: int, mark: str) -> str:
    return f"{vnd:,}".replace(",", mark)


def _listed(demands: _I64, names: Sequence[str] | None) -> str:
    shown = [str(d) if names is None else names[int(d)] for d in demands[:_NAMED]]
    return ", ".join(shown) + (f", … (+{len(demands) - _NAMED})" if len(demands) > _NAMED else "")


def explain_infeasible(problem: ChoiceProblem, *, threads: int = 2) -> InfeasiblePlanError:
    """Return what stands in the way of every plan."""
    demands = _due(problem)
    rows = [members for members, _ in deadline_rows(problem)]
    unreachable = np.array([d for d, members in zip(demands, rows, strict=True) if not len(members)], dtype=np.int64)
    unmet = _least_unmet(problem, demands, set(unreachable.tolist()), threads)
    needed = _least_cost(problem, threads)
    given = int(problem.budget_vnd.sum())
    return InfeasiblePlanError(unreachable, unmet, needed if len(unmet) else None, given)


def _due(problem: ChoiceProblem) -> list[int]:
    """Return the demands of :func:`deadline_rows`, in its order."""
    rows = problem.cover.tocsr()
    out = []
    for demand in np.flatnonzero(problem.deadline != NEVER):
        units = np.flatnonzero(problem.unit_demand == demand)
        who = np.unique(np.concatenate([rows.indices[rows.indptr[u] : rows.indptr[u + 1]] for u in units])) if len(units) else np.zeros(0, int)
        standing = problem.fixed_year[who]
        if not ((standing != NEVER) & (standing <= problem.deadline[demand])).any():
            out.append(int(demand))
    return out


def _model(problem: ChoiceProblem, threads: int) -> tuple[highspy.Highs, _I64]:
    """Return a solver with the candidates by year, one year each, and the conflicts; columns are n x t."""
    n, t = problem.candidates, problem.years
    solver = new_solver(threads=threads, mip_max_nodes=_NODES)
    solver.addVars(n * t, np.zeros(n * t), np.repeat(problem.free.astype(np.float64), t))
    columns = np.arange(n * t, dtype=np.int64).reshape(n, t)
    solver.changeColsIntegrality(n * t, columns.ravel().astype(np.int32), np.array([highspy.HighsVarType.kInteger] * (n * t)))
    for j in np.flatnonzero(problem.free):
        solver.addRow(-highspy.kHighsInf, 1.0, t, columns[j].astype(np.int32), np.ones(t))
    for clique, limit in cliques(problem):
        mine = columns[clique].ravel()
        solver.addRow(-highspy.kHighsInf, limit, len(mine), mine.astype(np.int32), np.ones(len(mine)))
    return solver, columns


def _least_unmet(problem: ChoiceProblem, demands: list[int], without: set[int], threads: int) -> _I64:
    """Return a smallest set of reachable demands that the budgets leave unserved at their deadline."""
    solver, columns = _model(problem, threads)
    inf = highspy.kHighsInf
    for at in range(problem.years):
        mine = columns[:, at].astype(np.int32)
        solver.addRow(-inf, problem.budget_vnd[at] / MONEY_UNIT_VND, len(mine), mine, problem.cost_vnd / MONEY_UNIT_VND)
    slack: list[int] = []
    number = columns.size
    for demand, (members, last) in zip(demands, deadline_rows(problem), strict=True):
        if demand in without:
            continue
        solver.addVar(0.0, 1.0)
        solver.changeColCost(number, 1.0)
        mine = np.r_[columns[members, : last + 1].ravel(), number]
        solver.addRow(1.0, inf, len(mine), mine.astype(np.int32), np.ones(len(mine)))
        slack.append(demand)
        number += 1
    solver.run()
    values = np.asarray(solver.getSolution().col_value)
    if len(values) < number:
        return np.array(slack, dtype=np.int64)
    return np.array([d for d, v in zip(slack, values[columns.size :], strict=True) if v > 1e-6], dtype=np.int64)


def _least_cost(problem: ChoiceProblem, threads: int) -> int | None:
    """Return the least cost of serving every reachable demand with a deadline, whatever the budgets; None if there is none."""
    solver, columns = _model(problem, threads)
    cost = np.repeat(problem.cost_vnd / MONEY_UNIT_VND, problem.years)
    solver.changeColsCost(columns.size, columns.ravel().astype(np.int32), cost)
    for members, last in deadline_rows(problem):
        if len(members):
            mine = columns[members, : last + 1].ravel()
            solver.addRow(1.0, highspy.kHighsInf, len(mine), mine.astype(np.int32), np.ones(len(mine)))
    solver.run()
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    taken = np.asarray(solver.getSolution().col_value).reshape(problem.candidates, problem.years).sum(axis=1) > 0.5
    return int(problem.cost_vnd[taken].sum())
