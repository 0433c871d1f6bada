"""What the stage of proposals does and says where the choice ends without a proof: by hand. All places are made up."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array

from geo.io.resources import issue_catalogue
from geo.pipeline import proposals
from geo.pipeline.proposal_tables import Plan, sites_planned, years_of_plan
from geo.planning.choice import NEVER, ChoiceProblem, InfeasiblePlanError, set_cover
from geo.planning.choice.greedy import greedy_plan
from geo.planning.proposal_settings import objective_settings
from geo.planning.proposing import GAINED
from geo.report.phrases import phrases
from geo.validation import IssueLog
from tests.planning.test_proposing import NO, PERHAPS, problem_of, row_of_six, service, two_places

OBJECTIVE = replace(objective_settings({"years": [2027, 2028], "budget_vnd": [1301, 301]}), choice_seconds=5.0)
NONE = np.zeros(0, dtype=np.int64)


def test_a_plan_that_keeps_every_deadline_but_was_not_found_in_time_is_made_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice gives up though nothing stands in the way: one sentence says so, and a plan comes all the same."""
    (_, options, cover), real = two_places(), proposals.choose
    problem = problem_of(row_of_six(), cover, options, deadline=np.array([0, NEVER, NEVER, NEVER]))
    villages = pd.DataFrame({"village_id": ["T1"], "village_name": ["Thôn 1"]})

    def out_of_time(given, settings):
        if (given.deadline != NEVER).any():
            raise InfeasiblePlanError(NONE, NONE, None, 1602)
        return real(given, settings)

    monkeypatch.setattr(proposals, "choose", out_of_time)
    log = IssueLog(issue_catalogue())
    used, choice, told = proposals._chosen(problem, OBJECTIVE, np.array([0, -1, -1, -1]), villages, options, log)
    assert (used.deadline == NEVER).all()
    assert choice.value > 0
    assert told is not None
    assert "(1 nơi) trong thời gian cho phép" in told["vi"]
    assert "(1 places) was found in the time allowed" in told["en"]
    assert log.codes() == {"plan_infeasible"}

    def never(given, settings):
        raise InfeasiblePlanError(NONE, NONE, None, 1602)

    monkeypatch.setattr(proposals, "choose", never)
    with pytest.raises(InfeasiblePlanError):  # without a deadline to drop there is no end to look for
        proposals._chosen(used, OBJECTIVE, np.array([0, -1, -1, -1]), villages, options, log)


@pytest.mark.parametrize(
    ("found", "vi", "en"),
    [
        ({"sites": 3, "bound": 3.0, "cost_vnd": 900}, "ít nhất 3 vị trí", "takes 3 sites at least"),
        ({"sites": 3, "bound": 2.9999999, "cost_vnd": 900}, "ít nhất 3 vị trí", "takes 3 sites at least"),
        ({"sites": 4, "bound": 2.2, "cost_vnd": 900}, "Tìm được 4 vị trí (900 đồng)", "it takes 3 at least, and 4 are not proven"),
        (None, "Chưa tìm được cách ít vị trí nhất", "or the spacing rules leave none"),
    ],
)
def test_fewest_is_claimed_only_where_it_is_proven(found: dict[str, float] | None, vi: str, en: str) -> None:
    every = {"villages": 5, "fewest": None if found is None else {**found, "unreachable": 1}}
    line = proposals._set_line(phrases("results/proposals.toml"), "fewest", every)
    assert vi in line.vi
    assert en in line.en


def test_cheapest_is_claimed_only_where_it_is_proven() -> None:
    said = phrases("results/proposals.toml")
    cheap = {"sites": 2, "cost_vnd": 10**10, "unreachable": 0}
    lines = [proposals._set_line(said, "cheapest", {"villages": 5, "cheapest": {**cheap, "bound": b}}).en for b in (10**10 - 1.0, 9.99e9)]
    assert lines[0].startswith("Cheapest way to serve 5 villages: 10,000,000,000 đồng")
    assert "it takes 9,990,000,000 đồng at least" in lines[1] or "it takes 9,989,9" in lines[1]
    assert [proposals._proven(b) for b in (-np.inf, -1.0, 2.5)] == [0.0, 0.0, 2.5]


def test_what_is_missing_is_named_in_words() -> None:
    line = proposals.proposal_lines({"asked": True, "missing": ["norms", "terrain", "people", "technology", "sites"]})[0]
    assert "còn thiếu: định mức chi phí, địa hình, dân số, công nghệ" in line.vi
    assert "missing: norms of cost, terrain, people, a proposed technology" in line.en


def test_what_is_told_beside_the_choice_never_asks_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept shares, sets of villages and the curve of prices on a clock that jumps a year at every look, and with hardly any time asked for: the same to the last bit."""
    rng = np.random.default_rng(3)
    problem = ChoiceProblem.of(
        rng.integers(20, 60, 40), csc_array(rng.random((90, 40)) < 0.06), rng.integers(1, 9, 90).astype(float), [150, 150], conflicts=[[0, 1], [2, 3], [3, 4]],
    )  # fmt: skip
    village = replace(problem, budget_vnd=np.array([0]))
    year = greedy_plan(problem)
    choice = SimpleNamespace(year=year)

    def told(seconds: float) -> list[object]:
        objective = replace(OBJECTIVE, choice_seconds=seconds, cost_variants=4, curve_points=4)
        sets = {name: set_cover(village, by_cost=by_cost, nodes=objective.village_nodes) for name, by_cost in (("fewest", False), ("cheapest", True))}
        curve = proposals._curve(village, {name: {"cost_vnd": s.cost_vnd} for name, s in sets.items()}, objective)
        return [proposals._kept(problem, choice, objective).tolist(), *(s.chosen.tolist() for s in sets.values()), curve.to_csv()]

    usual = told(600.0)
    assert 0.0 < np.mean(usual[0]) < 1.0
    clock = itertools.count(0.0, 3e7)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    assert told(1e-3) == usual


def test_where_no_new_ground_is_left_what_took_it_is_named() -> None:
    said = phrases("results/proposals.toml")

    def line(found: dict[str, int], **left: int) -> str:
        return proposals._looked_at(said, {"places": {"mast": 3}, "places_looked_at": found, "ground_left": left}).en

    assert line({"mast": 3, "public_building": 1, "public_land": 2, "new_ground": 5}, prominence=9, slope=7) == (
        "3 masts that stand or are registered, 3 public plots and buildings and 5 places of new ground were looked at; the coverage of the 3 most promising was computed."
    )
    assert "power lines given" in line({"mast": 3}, prominence=9, slope=7, roads=4, power_lines=0, spacing=0, restricted_areas=0)
    assert "restricted areas allow no class" in line({"mast": 3}, prominence=9, slope=7, spacing=4, restricted_areas=0)
    assert "classes and heights that areas allow" in line({"mast": 3}, prominence=9, slope=7, spacing=4)


def test_what_a_site_gains_is_split_by_whether_anybody_may_be_there_already() -> None:
    """A mast for A and B gives 10 people and a village who surely have nobody, and 50 and a village of whom A is uncertain, their first operator."""
    (places, options, cover), demand = two_places(), row_of_six()
    states = service(("A", "4G", [NO, NO, NO, NO, PERHAPS, NO]), ("B", "4G", [NO] * 6), ("C", "4G", [NO] * 6))
    unserved = states.known_unserved(demand.row, demand.column)
    assert unserved.tolist() == [True, True, True, False]
    problem = problem_of(demand, cover, options)
    year = np.array([NEVER, NEVER, 0, 1])
    choice = SimpleNamespace(year=year, spent_vnd=np.array([1000, 301]), by_step=np.ones((2, 4)), bound=9.0, gap=0.1)
    villages = pd.DataFrame({"village_id": ["T1", "T2", "T3", "T4"], "village_name": list("NOPQ"), "commune_code": "99001", "difficult_area": pd.array([pd.NA] * 4, dtype="boolean")})
    plan = Plan(
        places, demand, cover, options, choice, [2, 3], OBJECTIVE, np.ones(problem.candidates), np.ones(problem.candidates), villages, np.full(4, NEVER),  # type: ignore[arg-type]
        given=dict.fromkeys(("roads", "power_lines", "public_land", "restricted_areas"), True), lines=None, gains=None, cells_of_villages=np.full(4, -1), unserved=unserved, supported={},
    )  # fmt: skip
    units = pd.DataFrame({"commune_code": ["99001"], "province_code": ["99"]})
    for language, words in (("vi", "60 người có sóng lần đầu (trong đó 50 người ở nơi chưa kết luận được)"), ("en", "60 people get their first operator (50 of them where it is undecided)")):
        planned, gains = sites_planned(plan, SimpleNamespace(extra={}, provinces=("99",)), units, language)  # type: ignore[arg-type]
        assert words in planned["reason"].iloc[0]
        assert ("đo trước, xây sau" if language == "vi" else "measure first, build after") in planned["reason"].iloc[0]
        assert "(" not in planned["reason"].iloc[1].replace("(đang có", "").replace("(there now", "")
    names = ["population_gained", "population_gained_certain", "population_gained_uncertain", "villages_gained_certain", "villages_gained_uncertain", "measure_first"]
    assert planned[names].to_numpy().tolist() == [[60.0, 10.0, 50.0, 1, 1, True], [0.0, 0.0, 0.0, 0, 0, False]]
    assert gains[["village_ids_gained", "village_ids_uncertain"]].to_numpy().tolist() == [["T1; T3", "T3"], ["", ""]]
    years = years_of_plan(plan, planned, gains)
    # one site in both years is two rows and one place
    again = years_of_plan(plan, planned.assign(site_id="X", lon=105.0, lat=22.0), gains)
    assert (years["sites"].tolist(), again["sites"].tolist(), again["proposals"].tolist()) == ([1, 1, 2], [1, 0, 1], [1, 1, 2])
    assert years[["sites", "population_first_operator_certain", "villages_gained_uncertain", "sites_measure_first"]].to_numpy().tolist() == [[1, 10, 1, 1], [1, 0, 0, 0], [2, 10, 1, 1]]


def test_the_programme_is_not_asked_for_an_operator_that_it_does_not_support_there() -> None:
    """A mast for B serves 10 and 50 people who had nobody, at home in a village of special difficulty: its commune has a supported operator, or none that is known."""
    (places, options, cover), demand = two_places(), row_of_six()
    problem = problem_of(demand, cover, options)
    villages = pd.DataFrame(
        {"village_id": ["T1", "T2", "T3", "T4"], "village_name": list("NOPQ"), "commune_code": "99001", "difficult_area": pd.array([False, False, True, False], dtype="boolean")}
    )  # fmt: skip
    units = pd.DataFrame({"commune_code": ["99001"], "province_code": ["99"]})

    def row(option: int, supported: dict[str, str], *, given: pd.DataFrame | None = villages, home: int = 2, people: float = 1.0) -> list[object]:
        year = np.where(np.arange(len(options.members)) == option, 0, NEVER)
        choice = SimpleNamespace(year=year, spent_vnd=np.array([1000, 0]), by_step=np.ones((2, 4)), bound=9.0, gap=0.1)
        plan = Plan(
            places, replace(demand, people=demand.people * people), cover, options, choice, [option], OBJECTIVE, np.ones(problem.candidates), np.ones(problem.candidates), given,  # type: ignore[arg-type]
            np.full(4, NEVER), given=dict.fromkeys(("roads", "power_lines", "public_land", "restricted_areas"), True), lines=None, gains=None,
            cells_of_villages=np.full(4, home), unserved=np.ones(4, dtype=bool), supported=supported,
        )  # fmt: skip
        planned, _ = sites_planned(plan, SimpleNamespace(extra={}, provinces=("99",)), units, "en")  # type: ignore[arg-type]
        return planned[["operators", "funding", "reason"]].iloc[0].tolist()

    _, funding, reason = row(1, {"99001": "B"})
    assert (funding, "programme" in reason) == ("public_utility", False)
    _, funding, reason = row(1, {"99001": "A"})
    assert funding == "budget"
    assert "the public-utility programme supports A here, one operator per area, and does not pay for this site" in reason
    operators, funding, reason = row(2, {"99001": "B"})
    assert (operators, funding) == ("A; B", "public_utility")
    assert "supports B alone here; what the others put on the site is not its to pay" in reason
    assert [row(k, {})[1] for k in (0, 1)] == ["public_utility", "public_utility"]
    assert [row(1, {}, given=None)[1], row(1, {}, home=0)[1], row(1, {}, home=-1)[1]] == ["budget"] * 3
    # Without people the villages count: T3 is of special difficulty, T1 is not; B's mast serves both.
    assert row(1, {"99001": "B"}, people=0.0)[1] == "budget"
    assert row(1, {"99001": "B"}, people=0.0, given=villages.assign(difficult_area=pd.array([True, False, True, False], dtype="boolean")))[1] == "public_utility"


def test_operators_that_come_to_one_mast_are_one_site_of_the_year_of_the_first() -> None:
    """B and C share a mast in two years, A builds elsewhere in the second: two sites, three payments."""
    planned = pd.DataFrame(
        {"source": "proposed", "year": [2027, 2028, 2028], "site_id": ["M1", "M1", "G1"], "lon": [105.1, 105.1, 105.0], "lat": 21.0,
         "measure_first": [False, True, True], **dict.fromkeys(("villages_gained", "villages_gained_certain", "villages_gained_uncertain"), 0)}
    )  # fmt: skip
    names = [f"population_{name}" for name in (*GAINED, "first_operator_certain", "first_operator_uncertain")]
    gains = pd.DataFrame({"year": planned["year"], **dict.fromkeys(names, 1.0)})
    choice = SimpleNamespace(spent_vnd=np.array([301, 1301]), by_step=np.ones((2, 4)), bound=9.0, gap=0.1)
    years = years_of_plan(SimpleNamespace(objective=OBJECTIVE, choice=choice), planned, gains)  # type: ignore[arg-type]
    assert years[["sites", "sites_measure_first", "spent_vnd"]].to_numpy().tolist() == [[1, 0, 301], [1, 2, 1301], [2, 2, 1602]]
