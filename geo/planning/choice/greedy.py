"""A good plan, soon: the most worth per đồng first, then exchanges as long as they help. No proof; that is the bound's."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from geo.planning.choice.problem import NEVER, ChoiceProblem
from geo.planning.choice.value import State, plan_value, spent_vnd

__all__ = ["feasible", "greedy_plan", "improved", "refilled", "useful", "within_budget"]

_I64 = npt.NDArray[np.int64]


def _neighbours(problem: ChoiceProblem) -> list[_I64]:
    pairs = np.vstack([problem.conflicts, problem.conflicts[:, ::-1]])
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    bounds = np.searchsorted(pairs[:, 0], np.arange(problem.candidates + 1))
    return [pairs[bounds[j] : bounds[j + 1], 1] for j in range(problem.candidates)]


def feasible(problem: ChoiceProblem, year: _I64) -> bool:
    """Tell whether a plan keeps every budget, conflict, mast's room and deadline."""
    if (spent_vnd(problem, year) > problem.budget_vnd).any():
        return False
    standing = np.where(problem.free, year, problem.fixed_year)
    free_pair = problem.free[problem.conflicts].any(axis=1) if len(problem.conflicts) else np.zeros(0, dtype=bool)
    both = (standing[problem.conflicts] != NEVER).all(axis=1) if len(problem.conflicts) else np.zeros(0, dtype=bool)
    if (both & free_pair).any():
        return False
    crowded = np.flatnonzero(problem.room_left(standing != NEVER) < 0)
    if np.isin(problem.mast[problem.free & (year != NEVER)], crowded).any():
        return False
    state = State(problem, year)
    return all(state.met(at)[problem.deadline == at].all() for at in range(problem.years))


def _filled(
    problem: ChoiceProblem, year: _I64, near: list[_I64], *, per_cost: bool, banned: _I64 | None = None
) -> _I64:
    """Return a plan with what else the budgets allow, the best first, year by year; deadlines before worth."""
    year = year.copy()
    state, left = State(problem, year), problem.budget_vnd - spent_vnd(problem, year)
    open_ = problem.free & (year == NEVER)
    if banned is not None:
        open_[banned] = False
    for j in np.flatnonzero(np.where(problem.free, year, problem.fixed_year) != NEVER):
        open_[near[j]] = False
    room = problem.room_left(np.where(problem.free, year, problem.fixed_year) != NEVER)
    open_[np.isin(problem.mast, np.flatnonzero(room <= 0))] = False
    cost = np.maximum(problem.cost_vnd.astype(np.float64), 1.0)

    def take(j: int, at: int) -> None:
        year[j] = at
        left[at] -= problem.cost_vnd[j]
        open_[j] = False
        open_[near[j]] = False
        mast = int(problem.mast[j])
        if mast != NEVER:
            room[mast] -= 1
            if room[mast] <= 0:
                open_[problem.mast == mast] = False
        state.build(j, at)

    rows = problem.cover.tocsr() if (problem.deadline != NEVER).any() else None
    for at in range(problem.years):
        due = problem.deadline == at
        while rows is not None and (due & ~state.met(at)).any():
            lacking = (due & ~state.met(at))[problem.unit_demand]
            helps = np.asarray(rows[lacking].sum(axis=0)).ravel().astype(np.float64)
            # The year with the most left that still is in time.
            when = int(np.argmax(left[: at + 1]))
            helps[~open_ | (problem.cost_vnd > left[when])] = 0.0
            best = int(np.argmax(helps / cost))
            if helps[best] <= 0:
                break
            take(best, when)
    for at in range(problem.years):
        while True:
            gain = state.gains(at)
            gain[~open_ | (problem.cost_vnd > left[at])] = 0.0
            if not gain.any():
                break
            rank = gain / cost if per_cost else gain
            best = int(np.lexsort((-problem.cost_vnd, problem.shared, rank))[-1])
            if gain[best] <= 0:
                break
            take(best, at)
    return year


def greedy_plan(problem: ChoiceProblem) -> _I64:
    """Return the better of two plans: most worth per đồng first, and most worth first.

    Returns
    -------
    (n,) int64 array
        Year of each candidate; a plan that misses a deadline is returned too (:func:`feasible` tells).
    """
    near, nothing = _neighbours(problem), np.full(problem.candidates, NEVER, dtype=np.int64)
    plans = [_filled(problem, nothing, near, per_cost=per_cost) for per_cost in (True, False)]
    return max(plans, key=lambda plan: (feasible(problem, plan), plan_value(problem, plan)))


def useful(problem: ChoiceProblem, year: _I64) -> _I64:
    """Return a plan without what adds nothing to the rest of it; the dearest of such candidates go first.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
    """
    out, worth = year.copy(), plan_value(problem, year)
    chosen = np.flatnonzero(problem.free & (year != NEVER))
    for j in chosen[np.argsort(-problem.cost_vnd[chosen], kind="stable")]:
        trial = out.copy()
        trial[j] = NEVER
        if plan_value(problem, trial) >= worth:  # the same demands in the same order: the same sum to the last bit
            out = trial
    return out


def within_budget(problem: ChoiceProblem, year: _I64) -> _I64:
    """Return a plan without what its budgets do not pay for: in each year whose loss costs least worth per đồng goes first.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
    """
    out = year.copy()
    while True:
        over = np.flatnonzero(spent_vnd(problem, out) > problem.budget_vnd)
        if not len(over):
            return out
        worth, lost = plan_value(problem, out), {}
        for j in np.flatnonzero(problem.free & (out == over[0])).tolist():
            trial = out.copy()
            trial[j] = NEVER
            lost[j] = (worth - plan_value(problem, trial)) / max(1.0, float(problem.cost_vnd[j]))
        out[min(lost, key=lambda j: (lost[j], j))] = NEVER


def refilled(problem: ChoiceProblem, year: _I64) -> _I64:
    """Return a plan made for another problem, without what adds nothing to this one or it cannot pay for, and with what else the budgets allow.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
        Keeps the conflicts.
    """
    return _filled(problem, useful(problem, within_budget(problem, year)), _neighbours(problem), per_cost=True)


def improved(problem: ChoiceProblem, year: _I64, *, until: float, seed: int = 0, most: int | None = None) -> _I64:
    """Return a plan no worse: one or two candidates out, the budgets filled again, kept where it helps.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
    until : float
        ``time.monotonic()`` at which to stop.
    seed : int
        Of the order in which pairs are tried.
    most : int, optional
        Exchanges to try at most: an end by work, the same on every machine.
    """
    near, rng = _neighbours(problem), np.random.default_rng(seed)
    best, worth = year.copy(), plan_value(problem, year) if feasible(problem, year) else -np.inf
    again, tried = True, 0
    while again and time.monotonic() < until:
        again = False
        chosen = np.flatnonzero(problem.free & (best != NEVER))
        singles = [np.array([j]) for j in rng.permutation(chosen)]
        pairs = [rng.choice(chosen, 2, replace=False) for _ in range(len(chosen))] if len(chosen) > 1 else []
        for out in [*singles, *pairs]:
            if time.monotonic() >= until:
                break
            trial = best.copy()
            if (trial[out] == NEVER).any():
                continue
            if tried == most:
                return best
            tried += 1
            trial[out] = NEVER
            ratio = bool(rng.integers(2))
            trial = _filled(problem, trial, near, per_cost=ratio, banned=out)
            trial = _filled(problem, trial, near, per_cost=ratio)  # they may come back in another year
            found = plan_value(problem, trial) if feasible(problem, trial) else -np.inf
            if found > worth * (1 + 1e-12) + 1e-9:
                best, worth, again = trial, found, True
    return best
