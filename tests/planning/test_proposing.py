"""Demand, worth and gains of a plan: by hand, and against the choice's own sums. All places are made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from geo.coverage import Coverage, Reason, State
from geo.errors import ProjectFileError
from geo.grid import Grid
from geo.io.norms import Norm, Norms
from geo.planning.candidates import Options, options_of
from geo.planning.choice import NEVER, ChoiceSettings, choose, plan_value
from geo.planning.demand import Demand, cell_worth, deadline_years, demand_of, left_unknown, steps_of
from geo.planning.gains import Service
from geo.planning.proposal_settings import ObjectiveSettings, candidate_settings, objective_settings
from geo.planning.proposing import (
    GAINED,
    Cover,
    Ledger,
    choice_problem,
    cost_variants,
    cover_by_operator,
    in_order,
    village_problem,
)
from geo.planning.rules import plan_settings
from tests.planning.test_gains import SETTINGS
from tests.planning.test_places import NORMS, place
from tests.test_coverage import EPSG

OPERATORS = ("A", "B", "C")
OBJECTIVE = objective_settings({"years": [2027, 2028], "budget_vnd": [1000, 1000]})
NO, YES, PERHAPS, OUT = int(State.PREDICTED_UNSERVED), int(State.PREDICTED_SERVED), int(State.UNCERTAIN), int(State.OUTSIDE)
DARK = int(State.UNKNOWN)


def service(*layers: tuple[str, str, list[int]], why: Reason = Reason.NONE) -> Service:
    """Return the states of a row of cells; the reason of those that are unknown."""
    state = np.array([[row] for _, _, row in layers], dtype=np.uint8)
    empty = np.zeros(state.shape, dtype=np.float32)
    grid = Grid(EPSG, 0.0, 100.0, 100.0, 1, state.shape[2])
    run = Coverage(grid, tuple((o, t) for o, t, _ in layers), empty, empty, empty, state, np.where(state == DARK, why, Reason.NONE).astype(np.uint8))
    return Service(run, replace(SETTINGS, counting=("3G", "4G")))


def places_at(*columns: int) -> tuple[np.ndarray, np.ndarray]:
    found = np.array(columns, dtype=np.int64)
    return np.where(found < 0, -1, 0).astype(np.int64), found


def row_of_six() -> Demand:
    """Nobody; A by 3G; A and B by 4G; all three by 4G; perhaps A; outside. 10, 20, 30, 40, 50, 60 people."""
    found = service(
        ("A", "3G", [NO, YES, NO, NO, NO, OUT]), ("A", "4G", [NO, NO, YES, YES, PERHAPS, OUT]), ("B", "4G", [NO, NO, YES, YES, NO, OUT]),
        ("C", "2G", [YES, NO, NO, NO, NO, OUT]), ("C", "4G", [NO, NO, NO, YES, NO, OUT]),
    )  # fmt: skip
    people = np.array([[10.0, 20, 30, 40, 50, 60]])
    return demand_of(found, people, OPERATORS, villages=places_at(0, 3, 4, -1), facilities=places_at(4, 2))


def test_who_lacks_what_by_hand() -> None:
    demand = row_of_six()
    assert demand.column.tolist() == [0, 1, 2, 4]  # all three operators with 4G lack nothing; outside is nobody's
    assert demand.people.tolist() == [10, 20, 30, 50]
    # 2G does not count; perhaps is not served
    assert demand.serving.tolist() == [[False] * 3, [True, False, False], [True, True, False], [False] * 3]
    assert demand.without_4g.tolist() == [False, True, False, False]
    assert demand.village_cell.tolist() == [0, -1, 3, -1]
    assert demand.facility_cell.tolist() == [3, -1]
    steps, to_4g = steps_of(demand, np.array([0.0, 5, 5, 7]), OBJECTIVE)
    np.testing.assert_allclose(steps, [[10, 1, 0.5], [2, 1, 0], [1.5, 0, 0], [57, 5, 2.5]])
    np.testing.assert_allclose(to_4g, [0, 10, 0, 0])


def test_a_village_where_nobody_is_known_to_live_is_a_demand_all_the_same() -> None:
    found = service(("A", "4G", [NO, YES, NO]), ("B", "4G", [NO, NO, NO]))
    demand = demand_of(found, np.array([[np.nan, 4.0, np.nan]]), ("A", "B"), villages=places_at(0), facilities=places_at())
    assert (demand.column.tolist(), demand.people.tolist(), demand.village_cell.tolist()) == ([0, 1], [0.0, 4.0], [0])


def test_what_is_unknown_is_no_lack() -> None:
    """Nobody told; A not, B untold; A untold, B there by 3G with its 4G untold; A not by 3G, untold by 4G. X has no list and is untold everywhere."""
    layers = (
        ("A", "3G", [DARK, NO, DARK, NO]), ("A", "4G", [DARK, NO, DARK, DARK]), ("B", "3G", [DARK, DARK, YES, DARK]), ("B", "4G", [DARK, DARK, DARK, DARK]),
        ("X", "4G", [DARK] * 4),
    )  # fmt: skip
    people, who, villages = np.array([[10.0, 20, 30, 40]]), ("A", "B", "X"), places_at(0, 1, 3)
    found = service(*layers, why=Reason.TERRAIN)
    demand = demand_of(found, people, who, villages=villages, facilities=places_at(0))
    assert demand.column.tolist() == [1]
    assert demand.unknown.tolist() == [[False, True, True]]
    assert (demand.village_cell.tolist(), demand.facility_cell.tolist()) == ([-1, 0, -1], [-1])
    assert left_unknown(found, people, who, villages) == {"cells": 2, "people": 50.0, "villages": 2}
    # A technology that a list never mentions hides nothing where the operator's others are told.
    silent = demand_of(service(*layers, why=Reason.TECHNOLOGY_NOT_LISTED), people, who, villages=villages, facilities=places_at())
    assert (silent.column.tolist(), silent.unknown[1].tolist()) == ([1, 3], [False, True, True])
    # Nobody is paid for what may be there: X's mast covers the cell and is worth nothing, A's is.
    places = place("G1", 105.0, 21.0, actions="A=build; X=build")
    columns = pd.DataFrame([("G1", "A", "4G"), ("G1", "X", "4G")], columns=["place_id", "operator", "technology"])
    cover = cover_by_operator(csc_array(np.ones((1, 2), dtype=bool)), columns, places, demand)
    problem = problem_of(demand, cover, options_of(places, NORMS))
    assert [plan_value(problem, np.array([0 if k == j else NEVER for k in range(3)])) for j in range(3)] == [40.0, 0.0, 40.0]
    assert Ledger(demand).people(cover, 0, ("A", "X"))["second_operator"] == 0.0


def test_villages_of_special_difficulty_schools_and_clinics_weigh_more() -> None:
    demand = row_of_six()
    villages = pd.DataFrame({"difficult_area": pd.array([True, True, pd.NA, True], dtype="boolean")})
    facilities = pd.DataFrame({"facility_kind": ["clinic", "school"]})
    # village 1 is served, of 2 nobody knows, 3 has no place; the school is served
    assert cell_worth(demand, villages, facilities, OBJECTIVE).tolist() == [50.0, 0, 0, 25.0]
    assert cell_worth(demand, None, pd.DataFrame({"facility_kind": ["market", "school"]}), OBJECTIVE).tolist() == [0.0] * 4


def test_deadlines_by_hand() -> None:
    demand = row_of_six()
    due = pd.DataFrame({"deadline": pd.to_datetime(["2028-06-30", "2027-01-01", "2020-01-01", "2027-12-31"])})
    year, who = deadline_years(demand, due, (2027, 2028))
    assert year.tolist() == [1, -1, -1, 0]  # 2020 is past: the first year
    assert who.tolist() == [0, -1, -1, 2]
    assert deadline_years(demand, due, (2027, 2029))[0].tolist() == [0, -1, -1, 0]  # no year of the plan but the first lies before the end of 2028
    assert deadline_years(demand, due.assign(deadline=pd.Timestamp("2031-01-01")), (2027, 2028))[0].tolist() == [-1] * 4
    assert deadline_years(demand, due.assign(deadline=pd.NaT), (2027, 2028))[0].tolist() == [-1] * 4


def two_places() -> tuple[pd.DataFrame, Options, Cover]:
    places = pd.concat([
        place("G1", 105.0, 21.0, actions="A=build; B=build"), place("M1", 105.1, 21.0, kind="mast", actions="C=share", mast_class=""),
    ], ignore_index=True)  # fmt: skip
    matrix = csc_array(np.array([[1, 1, 0, 1], [1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]], dtype=bool))
    columns = pd.DataFrame([("G1", "A", "4G"), ("G1", "B", "3G"), ("G1", "B", "4G"), ("M1", "C", "4G")], columns=["place_id", "operator", "technology"])
    return places, options_of(places, NORMS), cover_by_operator(matrix, columns, places, row_of_six())


def test_gains_of_each_site_beyond_those_before_by_hand() -> None:
    """Cells: nobody (10), A by 3G (20), A and B (30), nobody (50)."""
    demand, (_, _, cover) = row_of_six(), two_places()
    assert [o.tolist() for o in cover.of(0, "B")] == [[0, 1, 3], [1]]
    ledger = Ledger(demand)
    assert ledger.people(cover, 0, ("A", "B")) == {"first_operator": 60.0, "second_operator": 10.0 + 20.0, "third_operator": 0.0, "to_4g": 20.0}
    assert ledger.people(cover, 1, ("C",)) == {"first_operator": 10.0, "second_operator": 0.0, "third_operator": 30.0, "to_4g": 0.0}
    assert ledger.first_cells(cover, 0, ("A", "B")).tolist() == [0, 3]
    ledger.build(cover, 0, ("A", "B"))
    assert ledger.people(cover, 1, ("C",)) == {"first_operator": 0.0, "second_operator": 0.0, "third_operator": 10.0 + 30.0, "to_4g": 0.0}
    assert ledger.people(cover, 0, ("A", "B")) == dict.fromkeys(("first_operator", "second_operator", "third_operator", "to_4g"), 0.0)
    assert demand.serving.sum() == 3  # what was given stays as it was


def problem_of(demand: Demand, cover: Cover, options: Options, **changed: Any):
    steps, to_4g = steps_of(demand, np.zeros(len(demand.row)), OBJECTIVE)
    given = {"budget_vnd": [1301, 301], "pairs": np.zeros((0, 2), dtype=np.int64), "deadline": np.full(len(demand.row), NEVER)} | changed
    return choice_problem(demand, steps, to_4g, cover, options, **given)


def test_the_choice_is_asked_what_was_meant() -> None:
    demand, (_, options, cover) = row_of_six(), two_places()
    problem = problem_of(demand, cover, options)
    assert problem.shared.tolist() == [False, False, False, True]
    # A alone: the first operator of 10, 4G for 20 (half); twice, once a year
    assert plan_value(problem, np.array([0, NEVER, NEVER, NEVER])) == pytest.approx(2 * (10 + 10))
    # both: 60 first, a second operator for 10 and 20, 4G for 20
    assert plan_value(problem, np.array([NEVER, NEVER, 1, NEVER])) == pytest.approx(60 + 0.1 * 30 + 0.5 * 20)
    assert plan_value(problem, np.array([NEVER, NEVER, 0, 1])) == pytest.approx(2 * 73 + 0.05 * (10 + 30))
    found = choose(problem, ChoiceSettings(seconds=60.0))
    # B alone is worth 72 a year for 1000; with the shared mast for 301 more that is 74.5, a mast for both is 73 and costs as much alone
    assert found.year.tolist() == [NEVER, 0, NEVER, 0]
    assert found.value == pytest.approx(2 * (60 + 2 + 10 + 1 + 1.5))
    assert found.spent_vnd.tolist() == [1301, 0]
    assert found.gap == pytest.approx(0.0, abs=1e-6)  # the preference for sharing leaves so much
    assert in_order(problem, np.array([NEVER, NEVER, 0, 0])) == [2, 3]  # more worth per đồng comes first
    # one đồng too few in the first year: the shared mast waits
    late = choose(problem_of(demand, cover, options, budget_vnd=[1300, 301]), ChoiceSettings(seconds=60.0))
    assert (late.year.tolist(), late.spent_vnd.tolist()) == ([NEVER, 0, NEVER, 1], [1000, 301])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_gains_in_order_add_up_to_the_worth_of_the_plan(seed: int) -> None:
    """For any cells, covers and plan: people by step, weighed and counted in each year of service, are the choice's own figure."""
    rng = np.random.default_rng(seed)
    d, n = int(rng.integers(1, 12)), int(rng.integers(1, 6))
    serving = rng.random((d, 3)) < 0.3
    without = serving.any(axis=1) & (rng.random(d) < 0.5)
    unknown = ~serving & (rng.random((d, 3)) < 0.2)
    nowhere = np.zeros(0, dtype=np.int64)
    demand = Demand(OPERATORS, np.zeros(d, dtype=np.int64), np.arange(d), rng.integers(1, 50, d).astype(float), serving, without, nowhere, nowhere, unknown)
    places = pd.concat([place(f"G{k}", 105.0 + k, 21.0, actions="A=build; B=build; C=build") for k in range(n)], ignore_index=True)
    heads = [(f"G{k}", o, "4G") for k in range(n) for o in OPERATORS]
    cover = cover_by_operator(csc_array(rng.random((d, len(heads))) < 0.3), pd.DataFrame(heads, columns=["place_id", "operator", "technology"]), places, demand)
    options = options_of(places, NORMS)
    problem = problem_of(demand, cover, options, budget_vnd=[10**9, 10**9])
    year = np.full(len(options.members), NEVER, dtype=np.int64)
    for k in range(n):  # one option of each place, or none
        choice = int(rng.integers(5))
        if choice < 4:
            year[4 * k + choice] = int(rng.integers(2))
    weights = dict(zip(GAINED, (1.0, 0.5, 0.1, 0.05), strict=True))
    ledger, worth = Ledger(demand), 0.0
    order = in_order(problem, year)
    assert sorted(order) == np.flatnonzero(year != NEVER).tolist()
    assert (np.diff(year[order]) >= 0).all()
    for j in order:
        at, who = int(options.table["place"].iloc[j]), options.members[j]
        people = ledger.people(cover, at, who)
        ledger.build(cover, at, who)
        worth += (2 - int(year[j])) * sum(weights[name] * people[name] for name in GAINED)
    assert plan_value(problem, year) == pytest.approx(worth)


def test_villages_alone() -> None:
    demand, (_, options, cover) = row_of_six(), two_places()
    problem, who = village_problem(demand, cover, options, pairs=np.zeros((0, 2), dtype=np.int64))
    assert who.tolist() == [0, 2]
    assert problem.cover.toarray().tolist() == [[True, True, True, True], [False, True, True, False]]
    assert problem.cost_vnd.tolist() == options.table["cost_vnd"].tolist()


def test_costs_change_each_by_its_own_share() -> None:
    problem = problem_of(row_of_six(), two_places()[2], two_places()[1])
    found = cost_variants(problem, 0.3, 20, seed=1)
    shares = np.array([v.cost_vnd / problem.cost_vnd for v in found])
    assert ((shares > 0.69) & (shares < 1.31)).all()
    assert shares.std(axis=1).min() > 0
    assert [v.cost_vnd.tolist() for v in found] == [v.cost_vnd.tolist() for v in cost_variants(problem, 0.3, 20, seed=1)]


def test_settings_of_proposals() -> None:
    assert not objective_settings({"years": [2027]}).asked
    assert objective_settings({"years": [2027], "budget_vnd": [40e9]}).budget_vnd == (40_000_000_000,)
    assert plan_settings({"places_most": 5, "choice_seconds": 1}).years == ()  # known names
    wrong = [
        ({"second_operator_weight": 2}, "must not rise"), ({"years": [2028, 2027], "budget_vnd": [1, 1]}, "rising years"),
        ({"years": [2027], "budget_vnd": [0.5]}, "whole đồng"), ({"choice_seconds": 0}, "above 0"), ({"cost_variants": 1.5}, "a whole number from 0"),
        ({"choice_gap": 2}, "up to 1"),
    ]  # fmt: skip
    for plan, said in wrong:
        with pytest.raises(ProjectFileError, match=said):
            objective_settings(plan)
    for plan, said in (({"proposed_technologies": ["6G"]}, "a list out of"), ({"ground_class": "B1"}, "A1a, A1b"), ({"places_most": True}, "a whole number above 0")):
        with pytest.raises(ProjectFileError, match=said):
            candidate_settings(plan)
    assert candidate_settings({"proposed_technologies": ["5G", "4G"]}).proposed_technologies == ("4G", "5G")
    assert isinstance(OBJECTIVE, ObjectiveSettings)
    assert Norms("x", (Norm("share", "", "", 1, 1, 1, "", "", 2026),)).missing([("share", "A2b")]) == []
