"""The choice from end to end: a plan, a bound that no plan passes, and the gap between them."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.planning.choice.bound import Relaxation, relaxation
from geo.planning.choice.exact import Exact, seconds_left, solve_exact
from geo.planning.choice.greedy import feasible, greedy_plan, improved
from geo.planning.choice.infeasible import explain_infeasible
from geo.planning.choice.problem import NEVER, ChoiceProblem, merged
from geo.planning.choice.value import plan_value, spent_vnd, value_by_step

__all__ = ["Choice", "ChoiceSettings", "choose", "in_question"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Shares of the time that are left at each step: exchanges after the greedy plan, the relaxation's bound, and the core.
_EXCHANGE_SHARE, _BOUND_SHARE, _CORE_SHARE = 0.1, 0.5, 0.5
#: The preference for sharing, all of it together, is so small a part of the least worth that a plan can have.
_TIE_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class ChoiceSettings:
    """How long and how exactly to look.

    Attributes
    ----------
    seconds : float
        At most about so long; a safeguard, since what the clock stops differs from machine to machine; inf: never looked at.
    gap : float
        Relative difference between bound and plan at which to stop.
    groups : int
        Of demands in the bound (:func:`geo.planning.choice.bound.relaxation`).
    exact_entries : int
        Largest number of ones in the cover, times years, that is handed to the solver as a whole.
    nodes : int
        Most nodes of each search by branching: work that is the same on every machine.
    exchanges : int or None
        Most exchanges after the greedy plan; None: as long as they help.
    rounds : int or None
        Most rounds of the relaxation; None: until its bound stands.
    threads : int
    seed : int
    """

    seconds: float = 600.0
    gap: float = 0.0
    groups: int = 40
    exact_entries: int = 400_000
    nodes: int = 2_000
    exchanges: int | None = None
    rounds: int | None = None
    threads: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A plan and what is proven of it.

    Attributes
    ----------
    year : (n,) int64 array
        Year of each candidate that is built, ``NEVER`` for the others and for fixed ones.
    value : float
        What the plan is worth, fixed candidates included.
    bound : float
        No plan is worth more.
    gap : float
        (bound - value) / bound; 0 where the plan is proven the best.
    by_step : (t, k) float64 array
        Worth by year and step.
    spent_vnd : (t,) int64 array
    greedy_value : float
        What the greedy plan alone was worth.
    relaxed_bound : float
        Bound of the relaxation alone.
    left : int
        Candidates that the bound left in question.
    repeatable : bool
        No part was stopped by the clock, so that the same input gives the same plan again.
    seconds : float
    """

    year: _I64
    value: float
    bound: float
    gap: float
    by_step: _F64
    spent_vnd: _I64
    greedy_value: float
    relaxed_bound: float
    left: int
    repeatable: bool
    seconds: float


def in_question(relaxed: Relaxation, known: float) -> npt.NDArray[np.bool_]:
    """Return the parts (n, t) that a better plan may use.

    A part at 0 whose use costs the bound more than it lies above the worth of a known plan is in no better one.
    """
    slack = max(relaxed.bound - known, 0.0) + 1e-7 * max(1.0, abs(relaxed.bound))
    return np.asarray((relaxed.part > 1e-9) | (relaxed.reduced <= slack))


def _left(small: ChoiceProblem, relaxed: Relaxation, plan: _I64, known: float) -> npt.NDArray[np.bool_]:
    """Return the parts (n, t) of a better plan, and those of the known one."""
    left = np.ones_like(relaxed.part, dtype=bool)
    if np.isfinite(known):
        left = in_question(relaxed, known)
        chosen = np.flatnonzero(plan != NEVER)
        left[chosen, plan[chosen]] = True
    return np.asarray(left & small.free[:, None])


class _Search:
    """Searches by branching over some of the candidates, and whether the clock ended one of them."""

    def __init__(self, problem: ChoiceProblem, small: ChoiceProblem, settings: ChoiceSettings, until: float) -> None:
        self.small, self.settings, self.until = small, settings, until
        self.repeatable = True
        least = problem.steps[problem.steps > 0].min(initial=np.inf)
        self.prefer = _TIE_SHARE * least / max(1, problem.candidates) if problem.shared.any() and np.isfinite(least) else 0.0

    def solve(self, allowed: npt.NDArray[np.bool_], plan: _I64, known: float, *, share: float) -> Exact:
        """Return the best plan over the allowed parts (n, t) within a share of the time that is left."""
        rest = merged(self.small, allowed.any(axis=1) | ~self.small.free)
        found = solve_exact(
            rest, allowed, seconds=share * seconds_left(self.until), begin=plan if np.isfinite(known) else None, gap=self.settings.gap,
            nodes=self.settings.nodes, threads=self.settings.threads, prefer=self.prefer,
        )  # fmt: skip
        self.repeatable &= not found.clock
        return found


def choose(problem: ChoiceProblem, settings: ChoiceSettings | None = None) -> Choice:
    """Return the best plan found with its bound.

    A greedy plan and exchanges give a worth; the relaxation a bound. The core, candidates that the relaxation or the plan uses, is
    solved as a mixed-integer programme: its plan counts, its bound does not, since it knows a part of the candidates alone.
    Parts whose reduced cost alone would bring the bound below the worth cannot be in a better plan and drop out; if what is
    left is small enough it is solved too, and that bound holds for all. Of plans of the same worth that with fewer new masts is taken, as far as the solver got to compare them.

    Parameters
    ----------
    problem : ChoiceProblem
    settings : ChoiceSettings, optional

    Raises
    ------
    InfeasiblePlanError
        If no plan keeps budgets, conflicts and deadlines; says what stands in the way.
    """
    settings = settings or ChoiceSettings()
    began = time.monotonic()
    until = began + settings.seconds
    small = merged(problem)
    plan = greedy_plan(small)
    greedy_value = plan_value(problem, plan) if feasible(small, plan) else -np.inf
    exchange_until = began + _EXCHANGE_SHARE * settings.seconds
    plan = improved(small, plan, until=exchange_until, seed=settings.seed, most=settings.exchanges)
    repeatable = time.monotonic() < exchange_until
    known = plan_value(small, plan) if feasible(small, plan) else -np.inf
    bound_until = time.monotonic() + _BOUND_SHARE * seconds_left(until)
    relaxed = relaxation(small, until=bound_until, groups=settings.groups, known=known, threads=settings.threads, most=settings.rounds)
    repeatable &= relaxed.converged or time.monotonic() < bound_until
    if relaxed.bound == -np.inf:
        raise explain_infeasible(problem, threads=settings.threads)
    bound, search = relaxed.bound, _Search(problem, small, settings, until)

    def open_gap() -> bool:
        return bound - known > max(settings.gap, 1e-12) * abs(bound)

    def entries(parts: npt.NDArray[np.bool_]) -> int:
        return int(np.diff(small.cover.indptr)[np.asarray(parts.any(axis=1))].sum()) * problem.years

    def taken(found: Exact) -> None:
        nonlocal plan, known
        if found.year is None or not feasible(small, found.year):
            return
        better = plan_value(small, found.year)
        # As the search weighs it: at equal worth what builds less, not what has more sites to share.
        builds_less = (~problem.shared[found.year != NEVER]).sum() < (~problem.shared[plan != NEVER]).sum()
        if better > known or (better >= known - 1e-9 * abs(known) and builds_less):
            plan, known = found.year, better

    left = _left(small, relaxed, plan, known)
    if open_gap() and entries(left) > settings.exact_entries:
        core = (relaxed.part > 1e-9).any(axis=1) | (plan != NEVER)
        taken(search.solve(small.free[:, None] & core[:, None] & np.ones_like(left), plan, known, share=_CORE_SHARE))
        left = _left(small, relaxed, plan, known)
    open_candidates = int(left.any(axis=1).sum())
    if (open_gap() or problem.shared.any()) and entries(left) <= settings.exact_entries and seconds_left(until) > 0:
        found = search.solve(left, plan, known, share=1.0)
        taken(found)
        bound = min(bound, max(found.bound, known))
        if found.proven and found.year is None and not np.isfinite(known):
            raise explain_infeasible(problem, threads=settings.threads)
    if not np.isfinite(known):
        raise explain_infeasible(problem, threads=settings.threads)
    value = plan_value(problem, plan)
    bound = max(bound, value)
    return Choice(
        year=plan, value=value, bound=bound, gap=(bound - value) / bound if bound > 0 else 0.0, by_step=value_by_step(problem, plan),
        spent_vnd=spent_vnd(problem, plan), greedy_value=greedy_value, relaxed_bound=relaxed.bound, left=open_candidates,
        repeatable=repeatable and search.repeatable, seconds=time.monotonic() - began,
    )  # fmt: skip
