"""What a plan promises on any small problem, against everything that can be tried: money to the đồng, room on masts, sharing first, honest refusals, substitutes that hold."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from geo.planning.candidates import conflicts, options_of
from geo.planning.choice import (
    NEVER,
    ChoiceProblem,
    InfeasiblePlanError,
    alternatives,
    choose,
    plan_value,
    set_cover,
)
from geo.planning.choice.greedy import feasible, greedy_plan, improved, refilled
from geo.planning.choice.infeasible import explain_infeasible
from geo.planning.choice.value import spent_vnd
from geo.planning.demand import Demand
from geo.planning.proposing import Ledger, cover_by_operator, in_order, village_problem
from tests.planning.test_choice import FAST, _keeps, _random
from tests.planning.test_places import NORMS, place, rules
from tests.planning.test_proposing import OPERATORS, problem_of

SEEDS = st.integers(0, 10**6)


def plans(problem: ChoiceProblem) -> list[tuple[int, ...]]:
    """Every plan that keeps budgets, conflicts, rooms and deadlines."""
    options = [[NEVER] if f != NEVER else [NEVER, *range(problem.years)] for f in problem.fixed_year]
    return [plan for plan in itertools.product(*options) if _keeps(problem, plan)]


def best_of(problem: ChoiceProblem, every: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The plans of most worth."""
    worth = [plan_value(problem, np.array(plan)) for plan in every]
    return [plan for plan, value in zip(every, worth, strict=True) if value >= max(worth) - 1e-9]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_milliards_with_odd_dong_against_budgets_that_just_pay(seed: int) -> None:
    """Each year's budget is what some candidates cost together, a đồng more or less: the solver's tolerance neither spends nor loses one."""
    rng = np.random.default_rng(seed)
    n, years = int(rng.integers(2, 6)), int(rng.integers(1, 3))
    cost = rng.integers(10**6, 4 * 10**10, n)
    budget = [max(0, int(cost[rng.random(n) < 0.5].sum()) + int(rng.integers(-1, 2))) for _ in range(years)]
    problem = ChoiceProblem.of(cost, csc_array(rng.random((6, n)) < 0.5), rng.integers(1, 20, 6).astype(float), budget)
    found = choose(problem, FAST)
    assert (spent_vnd(problem, found.year) == found.spent_vnd).all()
    assert (found.spent_vnd <= problem.budget_vnd).all()
    assert found.value == max(plan_value(problem, np.array(plan)) for plan in plans(problem))


@settings(max_examples=40, deadline=None)
@given(SEEDS)
@example(1_000_166)  # an idle mast less, and no share more
@example(1_000_284)
def test_of_plans_of_one_worth_none_builds_less(seed: int) -> None:
    """Whoever brings the same worth with fewer new masts has not been passed over; existing and committed sites are in nobody's plan."""
    rng = np.random.default_rng(seed)
    problem = _random(rng)
    # Worth that often comes out alike, so that there is something to prefer.
    problem = replace(problem, steps=np.minimum(problem.steps, 1.0), deadline=np.full(len(problem.steps), NEVER))
    every = plans(problem)
    found = choose(problem, FAST)
    assert tuple(found.year) in every
    assert (found.year[~problem.free] == NEVER).all()
    assert found.by_step.sum() == pytest.approx(found.value)

    def builds(plan: tuple[int, ...]) -> int:
        return int((~problem.shared & (np.array(plan) != NEVER)).sum())

    best = best_of(problem, every)
    assert tuple(found.year) in best
    if problem.shared.any():
        assert builds(tuple(found.year)) == min(builds(plan) for plan in best)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_what_makes_a_plan_impossible_is_named_as_it_is(seed: int) -> None:
    """Places that no candidate serves; of the others as few as have to miss their year; the least money that would serve them; and without these a plan exists."""
    rng = np.random.default_rng(seed)
    problem = _random(rng)
    problem = replace(problem, deadline=np.where(rng.random(len(problem.steps)) < 0.7, rng.integers(0, problem.years, len(problem.steps)), NEVER))
    if plans(problem):
        return
    told = explain_infeasible(problem, threads=1)
    with pytest.raises(InfeasiblePlanError):
        choose(problem, FAST)
    dense = problem.cover.toarray()
    serves = np.array([dense[problem.unit_demand == d].any(axis=0) for d in range(len(problem.steps))])
    standing = (problem.fixed_year != NEVER)[None, :] & (problem.fixed_year[None, :] <= problem.deadline[:, None])
    due = (problem.deadline != NEVER) & ~(serves & standing).any(axis=1)
    assert told.unreachable.tolist() == np.flatnonzero(due & ~(serves & problem.free).any(axis=1)).tolist()
    reachable = np.setdiff1d(np.flatnonzero(due), told.unreachable)

    def without(missed: tuple[int, ...]) -> ChoiceProblem:
        deadline = problem.deadline.copy()
        deadline[[*told.unreachable, *missed]] = NEVER
        return replace(problem, deadline=deadline)

    fewest = next(k for k in range(len(reachable) + 1) if any(plans(without(missed)) for missed in itertools.combinations(reachable.tolist(), k)))
    assert len(told.unmet) == fewest
    assert plans(without(tuple(told.unmet.tolist())))
    rich = replace(without(()), budget_vnd=np.full(problem.years, int(problem.cost_vnd.sum())))
    least = min((int(spent_vnd(rich, np.array(plan)).sum()) for plan in plans(rich)), default=None)
    assert told.needed_vnd == (least if len(told.unmet) else None)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_every_plan_on_the_way_and_every_substitute_keeps_the_rules(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = _random(rng)
    problem = replace(problem, deadline=np.full(len(problem.steps), NEVER))
    year = greedy_plan(problem)
    exchanged = improved(problem, year, until=np.inf, seed=seed, most=20)
    dearer = replace(problem, cost_vnd=problem.cost_vnd + rng.integers(0, 5, problem.candidates))
    for given_, plan in ((problem, year), (problem, exchanged), (dearer, refilled(dearer, exchanged))):
        assert _keeps(given_, tuple(plan))
        assert feasible(given_, plan)
    worth = plan_value(problem, exchanged)
    for one in alternatives(problem, exchanged):
        other = exchanged.copy()
        other[one.candidate] = NEVER
        if one.instead != NEVER:
            other[one.instead] = exchanged[one.candidate]
        assert _keeps(problem, tuple(other))
        assert plan_value(problem, other) - worth == pytest.approx(one.value_change)
        assert spent_vnd(problem, other).sum() - spent_vnd(problem, exchanged).sum() == one.cost_change_vnd


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans())
def test_the_fewest_and_the_cheapest_against_every_set(seed: int, by_cost: bool) -> None:
    """With conflicts and rooms, and without any set where these leave none."""
    problem = _random(np.random.default_rng(seed))
    whole = replace(problem, budget_vnd=np.array([int(problem.cost_vnd.sum())]), deadline=np.full(len(problem.steps), NEVER), fixed_year=np.minimum(problem.fixed_year, 0))
    dense = whole.cover.toarray()
    serves = np.array([dense[whole.unit_demand == d].any(axis=0) for d in range(len(whole.steps))])
    reachable = serves.any(axis=1)

    def everybody(plan: tuple[int, ...]) -> bool:
        stands = (np.array(plan) != NEVER) | ~whole.free
        return bool((serves[:, stands].any(axis=1) | ~reachable).all())

    price = whole.cost_vnd if by_cost else np.ones(whole.candidates, dtype=np.int64)
    sums = [int(price[np.array(plan) != NEVER].sum()) for plan in plans(whole) if everybody(plan)]
    if not sums:
        with pytest.raises(RuntimeError, match="no set serves everybody"):
            set_cover(whole, by_cost=by_cost, threads=1)
        return
    found = set_cover(whole, by_cost=by_cost, threads=1)
    assert (found.cost_vnd if by_cost else found.number) == min(sums)
    assert found.unreachable.tolist() == np.flatnonzero(~reachable).tolist()


# -- masts with little room, as operators come to them year by year --------------------------------------


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_operators_that_come_to_crowded_masts_in_different_years(seed: int) -> None:
    """Two masts with room for one or two of three, and a new mast that is paid for once: each operator at each place in some year or never, all of it tried."""
    rng = np.random.default_rng(seed)
    d, years = int(rng.integers(1, 7)), 2
    nowhere = np.zeros(0, dtype=np.int64)
    serving = rng.random((d, 3)) < 0.2
    demand = Demand(OPERATORS, np.zeros(d, dtype=np.int64), np.arange(d), rng.integers(1, 50, d).astype(float), serving, serving.any(axis=1) & (rng.random(d) < 0.5), rng.integers(0, d, 2), nowhere, np.zeros((d, 3), dtype=bool))  # fmt: skip
    room = rng.integers(1, 3, 2).tolist()
    places = pd.concat(
        [place(f"M{k}", 105.0 + k, 21.0, kind="mast", actions="A=share; B=share; C=share", limit=room[k]) for k in range(2)] + [place("G1", 107.0, 21.0, actions="A=build; B=build")],
        ignore_index=True,
    )  # fmt: skip
    heads = [(p, o, "4G") for p in places["place_id"] for o in OPERATORS]
    cover = cover_by_operator(csc_array(rng.random((d, len(heads))) < 0.4), pd.DataFrame(heads, columns=["place_id", "operator", "technology"]), places, demand)
    options = options_of(places, NORMS)
    pairs = conflicts(places, options, rules(400.0), at_mast_m=50.0)
    budget = [int(rng.choice([300, 301, 602, 903])), int(rng.choice([301, 602, 1301]))]
    problem = problem_of(demand, cover, options, budget_vnd=budget, pairs=pairs)
    # By hand: who comes to a mast, and when, is as many as it has room for over all years; the new mast is for A, for B or for both, in one year.
    comings = [c for limit in (1, 2) for c in itertools.product((NEVER, 0, 1), repeat=3) if sum(y != NEVER for y in c) <= limit]
    built = [((), NEVER), *((who, y) for who in (("A",), ("B",), ("A", "B")) for y in range(years))]
    most = -np.inf
    for first, second in itertools.product(*([c for c in comings if sum(y != NEVER for y in c) <= room[k]] for k in range(2))):
        for who, when in built:
            spent = [301 * (first.count(y) + second.count(y)) + (when == y) * (1000 + 301 * (len(who) - 1) if who else 0) for y in range(years)]
            if any(s > b for s, b in zip(spent, budget, strict=True)):
                continue
            ledger, worth = Ledger(demand), 0.0
            for y in range(years):
                for place_, comes in ((0, tuple(o for o, c in zip(OPERATORS, first, strict=True) if c == y)), (1, tuple(o for o, c in zip(OPERATORS, second, strict=True) if c == y)), (2, who if when == y else ())):
                    if comes:
                        gained = ledger.people(cover, place_, comes)
                        worth += (years - y) * (gained["first_operator"] + 0.5 * gained["to_4g"] + 0.1 * gained["second_operator"] + 0.05 * gained["third_operator"])
                        ledger.build(cover, place_, comes)
            most = max(most, worth)
    found = choose(problem, FAST)
    assert found.value == pytest.approx(most)
    chosen = [(int(options.table["place"].iloc[j]), o) for j in in_order(problem, found.year) for o in options.members[j]]
    assert len(chosen) == len(set(chosen)), "an operator comes to a place once"
    assert all(sum(p == k for p, _ in chosen) <= room[k] for k in range(2))
    assert (options.table["action"].iloc[[j for j in range(len(found.year)) if found.year[j] != NEVER]] == "build").sum() <= 1
    villages, _ = village_problem(demand, cover, options, pairs=pairs)
    assert villages.room.tolist() == options.room.tolist()
