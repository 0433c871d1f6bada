"""What else could be chosen: a substitute for each site, what further money buys, how many sites serve everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import highspy
import numpy as np
import numpy.typing as npt

from geo.planning.choice.choose import Choice, ChoiceSettings, choose
from geo.planning.choice.greedy import feasible, greedy_plan, improved, refilled, useful
from geo.planning.choice.problem import NEVER, ChoiceProblem, merged
from geo.planning.choice.rows import MONEY_UNIT_VND
from geo.planning.choice.solver import new_solver
from geo.planning.choice.value import State, plan_value, spent_vnd

__all__ = ["Alternative", "CoverResult", "alternatives", "exchanges_within", "kept_shares", "price_curve", "set_cover"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A candidate in place of one that was chosen, in the same year and within the same budget.

    Attributes
    ----------
    candidate, instead : int
        The one that was chosen, and its substitute; ``NEVER``: nothing in its place.
    value_change : float
        Worth of the plan with the substitute less that of the plan.
    cost_change_vnd : int
    """

    candidate: int
    instead: int
    value_change: float
    cost_change_vnd: int


def alternatives(problem: ChoiceProblem, year: _I64, *, count: int = 3, place: _I64 | None = None) -> list[Alternative]:
    """Return, for each chosen candidate, what its loss costs and the best substitutes.

    A substitute is for when a place cannot be had: it stands elsewhere, and each at a place of its own.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
        A feasible plan.
    count : int
        Substitutes of each.
    place : (n,) int64 array, optional
        Where each candidate stands; by default each at a place of its own.
    """
    where = np.arange(problem.candidates, dtype=np.int64) if place is None else place
    worth, left, out = plan_value(problem, year), problem.budget_vnd - spent_vnd(problem, year), []
    for j in np.flatnonzero(problem.free & (year != NEVER)):
        at = int(year[j])
        trial = year.copy()
        trial[j] = NEVER
        lost = plan_value(problem, trial) - worth
        out.append(Alternative(int(j), NEVER, lost, -int(problem.cost_vnd[j])))
        gain = State(problem, trial).gains(at)
        gain[~problem.free | (trial != NEVER) | (problem.cost_vnd > left[at] + problem.cost_vnd[j])] = -1.0
        gain[where == where[j]] = -1.0
        found: set[int] = set()
        for k in np.argsort(-gain, kind="stable"):
            if gain[k] <= 0 or len(found) == count:
                break
            if int(where[k]) in found:
                continue
            trial[k] = at
            if feasible(problem, trial):
                out.append(Alternative(int(j), int(k), lost + float(gain[k]), int(problem.cost_vnd[k] - problem.cost_vnd[j])))
                found.add(int(where[k]))
            trial[k] = NEVER
    return out


def price_curve(problem: ChoiceProblem, totals_vnd: Sequence[int], settings: ChoiceSettings | None = None) -> list[tuple[int, Choice]]:
    """Return what each total budget buys in a single year, ascending: the price of serving ever more.

    Deadlines are left out: they fix what the first money goes to.
    """
    out: list[tuple[int, Choice]] = []
    n = problem.candidates
    for total in sorted(int(v) for v in totals_vnd):
        one = replace(
            problem, budget_vnd=np.array([total], dtype=np.int64), deadline=np.full(len(problem.steps), NEVER, dtype=np.int64),
            fixed_year=np.where(problem.fixed_year == NEVER, NEVER, 0).astype(np.int64).reshape(n),
        )  # fmt: skip
        found = choose(one, settings)
        if out and found.value < out[-1][1].value:  # more money buys at least as much
            found = replace(out[-1][1], bound=max(found.bound, out[-1][1].value))
        out.append((total, found))
    return out


def exchanges_within(problem: ChoiceProblem, most: int, variants: int, ones: float) -> int:
    """Return how many exchanges each variant of a problem may try: ``most``, or fewer where the cover is large.

    An exchange goes through the cover a few times in each year; the clock, which would make every run another, is not asked.

    Parameters
    ----------
    problem : ChoiceProblem
    most : int
    variants : int
    ones : float
        Of the cover, times years, for the exchanges of all variants together.
    """
    return min(most, int(ones // max(1.0, float(problem.cover.nnz) * problem.years * max(1, variants))))


def kept_shares(problems: Iterable[ChoiceProblem], year: _I64, *, exchanges: int, seed: int = 0, equal_counts: bool = True) -> _F64:
    """Return in what share of variants of a problem each candidate of its plan is chosen again, (n,); 0 for the others.

    The choice is a quick one, ended by work: the better of the greedy plan and of the given one without what adds nothing and filled
    up again (that one where they are worth the same), then exchanges. A candidate that adds nothing in a variant is not chosen in it;
    one in whose place another stands that provides exactly the same of what is worth anything there is, unless ``equal_counts`` is False.

    Parameters
    ----------
    problems : iterable of ChoiceProblem
        The same candidates, budgets and conflicts; other costs, worth or units.
    year : (n,) int64 array
        The plan.
    exchanges : int
        Tried in each variant at most.
    seed : int
        Of the order of exchanges.
    equal_counts : bool

    Raises
    ------
    ValueError
        If no variant is given.
    """
    count, total, planned = 0, np.zeros(len(year)), np.flatnonzero(year != NEVER)
    for problem in problems:
        small = merged(problem)
        begin = max((refilled(small, year), greedy_plan(small)), key=lambda plan: plan_value(small, plan))
        again = useful(small, improved(small, begin, until=np.inf, seed=seed, most=exchanges)) != NEVER
        worth = small.cover.tocsr()[np.flatnonzero(small.steps[small.unit_demand, 0] > 0)].tocsc()
        worth.sort_indices()
        provided = [worth.indices[worth.indptr[j] : worth.indptr[j + 1]].tobytes() for j in range(problem.candidates)]
        instead = Counter(provided[j] for j in np.flatnonzero(again & (year == NEVER)))
        for j in planned:
            same = equal_counts and not again[j] and bool(provided[j]) and instead[provided[j]] > 0
            instead[provided[j]] -= int(same)
            total[j] += float(again[j] or same)
        count += 1
    if not count:
        raise ValueError("no variant was given")
    return total / count


@dataclass(frozen=True, slots=True, eq=False)
class CoverResult:
    """The fewest, or the cheapest, candidates that serve every demand that can be served.

    Attributes
    ----------
    chosen : (n,) bool array
    number, cost_vnd : int
    bound : float
        No set has fewer candidates (or costs less, in đồng).
    unreachable : (k,) int64 array
        Demands that no candidate serves.
    """

    chosen: _Bool
    number: int
    cost_vnd: int
    bound: float
    unreachable: _I64


def set_cover(problem: ChoiceProblem, *, by_cost: bool = False, nodes: int = 2_000, threads: int = 2) -> CoverResult:
    """Return the fewest (or cheapest) candidates with which every demand has a unit, whatever the budgets and years.

    Fixed candidates stand and cost nothing; of conflicting ones at most one is taken and no mast takes more than it has room for, where that leaves a solution. The search ends after so many nodes.

    Raises
    ------
    RuntimeError
        If spacing rules and masts' room leave no set that serves everybody that is reachable, or none was found.
    """
    n = problem.candidates
    rows = problem.cover.tocsr()
    solver = new_solver(threads=threads, mip_max_nodes=nodes)
    price = problem.cost_vnd / MONEY_UNIT_VND if by_cost else np.ones(n)
    solver.addVars(n, (~problem.free).astype(np.float64), np.ones(n))
    every = np.arange(n, dtype=np.int32)
    solver.changeColsIntegrality(n, every, np.array([highspy.HighsVarType.kInteger] * n))
    solver.changeColsCost(n, every, np.where(problem.free, price, 0.0))
    seen: set[bytes] = set()
    unreachable = []
    bounds = np.searchsorted(problem.unit_demand, np.arange(len(problem.steps) + 1))
    for demand in range(len(problem.steps)):
        who = np.unique(rows.indices[rows.indptr[bounds[demand]] : rows.indptr[bounds[demand + 1]]]).astype(np.int32)
        if not len(who):
            unreachable.append(demand)
        elif who.tobytes() not in seen:
            seen.add(who.tobytes())
            solver.addRow(1.0, highspy.kHighsInf, len(who), who, np.ones(len(who)))
    for a, b in problem.conflicts:
        if problem.free[a] or problem.free[b]:
            solver.addRow(-highspy.kHighsInf, 1.0, 2, np.array([a, b], dtype=np.int32), np.ones(2))
    for mast, places in enumerate(problem.room_left(~problem.free).tolist()):
        sharers = np.flatnonzero(problem.free & (problem.mast == mast)).astype(np.int32)
        if len(sharers) > places:
            solver.addRow(-highspy.kHighsInf, max(places, 0), len(sharers), sharers, np.ones(len(sharers)))
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise RuntimeError(f"no set serves everybody: {solver.modelStatusToString(solver.getModelStatus())}")
    chosen = (np.asarray(solver.getSolution().col_value) > 0.5) & problem.free
    bound = float(info.mip_dual_bound) * (MONEY_UNIT_VND if by_cost else 1.0)
    return CoverResult(chosen, int(chosen.sum()), int(problem.cost_vnd[chosen].sum()), bound, np.array(unreachable, dtype=np.int64))
