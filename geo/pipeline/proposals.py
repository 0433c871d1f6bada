"""The stage that chooses sites within the yearly budgets, says how far the plan may be from the best, and what else could be chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Bilingual
from geo.io.rasters import read_array
from geo.io.resources import issue_catalogue
from geo.io.stage_files import write_frame, write_issues
from geo.pipeline.candidates import Found, load_candidates
from geo.pipeline.engine import Stage, Workspace
from geo.pipeline.planning import AFTER, LINES_IN_ORDER
from geo.pipeline.predicting import load_coverage
from geo.pipeline.proposal_tables import Plan, sites_planned, years_of_plan
from geo.pipeline.reading import files_of, load_frame, load_norms
from geo.pipeline.redrawing import REDRAWN_UPSTREAM, kept_over_draws
from geo.pipeline.sentences import write_sentences
from geo.pipeline.settings import AnalysisSettings
from geo.pipeline.together import beside_together, plan_together
from geo.planning.candidates import Options, conflicts, options_of
from geo.planning.choice import (
    NEVER,
    Choice,
    ChoiceProblem,
    ChoiceSettings,
    InfeasiblePlanError,
    alternatives,
    choose,
    exchanges_within,
    kept_shares,
    price_curve,
    set_cover,
)
from geo.planning.demand import Demand, cell_worth, deadline_years, steps_of
from geo.planning.gains import Service
from geo.planning.proposal_settings import ObjectiveSettings
from geo.planning.proposing import (
    Cover,
    choice_problem,
    cost_variants,
    cover_by_operator,
    in_order,
    village_problem,
)
from geo.planning.supported import supported_on
from geo.project import Project
from geo.propagation.ground import GroundModel
from geo.report.phrases import Phrases, joined, number_text, phrases
from geo.report.tables import arranged_rows
from geo.validation import IssueLog, Source

__all__ = ["PROPOSAL_LAYERS", "PROPOSAL_TABLES", "proposal_lines", "proposal_stage", "propose"]

_I64 = npt.NDArray[np.int64]

PROPOSAL_TABLES = ("sites_planned", "sites_planned_gains", "plan_years", "plan_substitutes", "plan_villages", "plan_price_curve")
#: Those of them whose rows have a place.
PROPOSAL_LAYERS = ("sites_planned",)
_UPSTREAM = (
    "inputs/units.parquet", "inputs/operator_plans.parquet", "inputs/supported_operators.parquet", "inputs/norms.json", "villages", "planning/operator_plans.parquet",
    f"planning/{LINES_IN_ORDER}.parquet", "candidates", *REDRAWN_UPSTREAM,
)  # fmt: skip
#: Of the changes of costs and of the spots that are drawn in cells; any number, always the same.
_SEED = 20260101


def proposal_stage(project: Project, settings: AnalysisSettings, title: Bilingual, run: Callable[[Workspace], Mapping[str, Any]]) -> Stage:
    """Return the stage with everything that its result depends on (the machine's speed besides, where the time to look runs out)."""
    return Stage(
        "proposals",
        title,
        run,
        files=files_of(project, ("terrain", "land_cover", "antenna_patterns")),
        settings={
            "objective": settings.objective, "mast_rules": settings.mast_rules, "at_mast_m": settings.plan.at_mast_m, "coverage": settings.coverage, "fusion": settings.fusion, "operators": project.operators, "language": project.language,
            "ground": settings.ground, "date": project.date, "provinces": project.provinces, "extra": project.extra,
        },
        upstream=_UPSTREAM,
    )  # fmt: skip


def propose(work: Workspace, project: Project, settings: AnalysisSettings, *, ground: GroundModel | None = None) -> Mapping[str, Any]:
    """Choose, and write the frames of :data:`PROPOSAL_TABLES`; return the counts. Nothing but that where nothing can be proposed.

    Parameters
    ----------
    work : Workspace
    project : Project
    settings : AnalysisSettings
    ground : GroundModel or None
        As the run predicted over it; None: what the plan gains together is not computed.
    """
    log = IssueLog(issue_catalogue())
    looked = work.records["candidates"]
    norms = load_norms(work.upstream["inputs"])
    if not looked["asked"] or looked["missing"] or norms is None:
        write_issues(work.folder / "issues.json", log)
        return {"asked": looked["asked"], "missing": looked["missing"]}
    inputs, objective = work.upstream["inputs"], settings.objective
    found = load_candidates(work.upstream["candidates"], looked["operators"])
    villages, facilities = (load_frame(work.upstream["villages"], name) for name in ("villages", "facilities"))
    options = options_of(found.places, norms)
    cover = cover_by_operator(found.matrix, found.columns, found.places, found.demand)
    pairs = conflicts(found.places, options, settings.mast_rules, at_mast_m=settings.plan.at_mast_m)
    deadline, asked_by = deadline_years(found.demand, villages, objective.years)

    def ask(demand: Demand, due: _I64) -> ChoiceProblem:
        steps, to_4g = steps_of(demand, cell_worth(demand, villages, facilities, objective), objective)
        return choice_problem(demand, steps, to_4g, cover, options, budget_vnd=objective.budget_vnd, pairs=pairs, deadline=due)

    problem = ask(found.demand, deadline)
    problem, choice, infeasible = _chosen(problem, objective, asked_by, villages, options, log)
    work.progress(1, 4)
    order = in_order(problem, choice.year)
    kept = _kept(problem, choice, objective)
    # Without deadlines, as where costs change: a village that a draw serves asks for nothing.
    free = np.full(len(deadline), NEVER, dtype=np.int64)
    kept_draws = kept_over_draws(work, settings, found, choice.year, options=options, cover=cover, ask=lambda demand: ask(demand, free), seed=_SEED)
    work.progress(2, 4)
    plan = Plan(
        found.places, found.demand, cover, options, choice, order, objective, kept, kept_draws, villages, deadline, given=looked["given"],
        lines=load_frame(work.upstream["planning"], "operator_plans"), gains=load_frame(work.upstream["planning"], LINES_IN_ORDER),
        cells_of_villages=_cells_of_villages(work, found), unserved=_unserved(work, settings, found.demand),
        # What is wrong with the list is said where the registered lines are checked.
        supported=supported_on(load_frame(inputs, "supported_operators"), project.date, IssueLog(issue_catalogue())),
    )  # fmt: skip
    joint = None if ground is None else plan_together(
        work, project, settings, chosen=[(int(options.table["place"].iloc[j]), options.members[j], int(choice.year[j])) for j in order],
        places=found.places, lines=plan.lines, computed=plan.gains, ground=ground,
    )  # fmt: skip
    language: Literal["vi", "en"] = "en" if project.language == "en" else "vi"
    planned, gains = sites_planned(plan, project, load_frame(inputs, "units"), language)
    frames = {"sites_planned": planned, "sites_planned_gains": gains, "plan_years": beside_together(years_of_plan(plan, planned, gains), joint)}
    frames["plan_substitutes"] = _substitutes(problem, plan, gains)
    work.progress(3, 4)
    frames["plan_villages"], frames["plan_price_curve"], every = _villages(found, cover, options, pairs, objective, villages)
    for name in PROPOSAL_TABLES:
        write_frame(work.folder / f"{name}.parquet", frames[name])
    # The table speaks the project's language; the map is read in the other one too.
    either = [sites_planned(plan, project, load_frame(inputs, "units"), one)[0]["reason"].astype(str) for one in ("vi", "en")]
    write_sentences(work.folder, "sites_planned", "reason", map(Bilingual, *either))
    write_issues(work.folder / "issues.json", log)
    return {
        "asked": True, "missing": [], "rows": {name: len(frames[name]) for name in PROPOSAL_TABLES},
        "choice": {
            "value": round(float(choice.value), 3), "bound": round(float(choice.bound), 3), "gap": round(float(choice.gap), 6), "greedy_value": round(choice.greedy_value, 3),
            "relaxed_bound": round(choice.relaxed_bound, 3), "in_question": choice.left, "repeatable": choice.repeatable, "seconds_given": objective.choice_seconds,
            "candidates": problem.candidates, "units": len(problem.unit_demand), "demands": len(problem.steps), "entries": int(problem.cover.nnz),
            "conflicts": len(pairs),
        },
        "together": None if joint is None else [{k: round(v, 3) for k, v in step.items()} for step in joint],
        "years": arranged_rows(frames["plan_years"], "plan_years"),
        "cheapest_vnd": int(options.table["cost_vnd"].min()) if len(options.table) else None,
        "budget_vnd": list(objective.budget_vnd), "spent_vnd": [int(v) for v in choice.spent_vnd],
        "actions": {str(k): int(n) for k, n in gains["action"].value_counts().sort_index().items()},
        "infeasible": infeasible, "every_village": every, "unknown": looked["unknown"],
        **{name: looked[name] for name in ("places", "places_looked_at", "ground_left")},
    }  # fmt: skip


def _cells_of_villages(work: Workspace, found: Found) -> _I64:
    """Return the village that each cell of the demand belongs to; -1 none."""
    path = work.upstream["villages"] / "cells_of_villages.npy"
    if not path.is_file():
        return np.full(len(found.demand.row), -1, dtype=np.int64)
    return np.asarray(read_array(path)[found.demand.row, found.demand.column], dtype=np.int64)


def _unserved(work: Workspace, settings: AnalysisSettings, demand: Demand) -> npt.NDArray[np.bool_]:
    """Return which cells of the demand nobody serves for sure with every registered line built; who is at the others may have coverage already."""
    service = Service(load_coverage(work.upstream["coverage"]).coverage, settings.coverage)
    service.state = np.asarray(read_array(work.upstream["planning"] / AFTER), dtype=np.uint8)
    return service.known_unserved(demand.row, demand.column)


def _chosen(
    problem: ChoiceProblem, objective: ObjectiveSettings, asked_by: _I64, villages: pd.DataFrame | None, options: Options, log: IssueLog
) -> tuple[ChoiceProblem, Choice, dict[str, str] | None]:
    """Return the choice; where the deadlines cannot all be kept, that without those which cannot, and what stood in the way.

    Where a plan with all of them may exist but none was found in time, that without any.
    """
    cheapest = int(options.table["cost_vnd"].min()) if len(options.table) else 0
    if len(options.table) and max(objective.budget_vnd) < cheapest:
        given = {"largest": number_text(max(objective.budget_vnd)), "cheapest": number_text(cheapest)}
        log.add("budget_below_cheapest", Source("plan.budget_vnd"), fields={k: v.en for k, v in given.items()})
    settings = ChoiceSettings(seconds=objective.choice_seconds, gap=objective.choice_gap)
    told = None
    while True:
        try:
            return problem, choose(problem, settings), told
        except InfeasiblePlanError as error:
            failed = np.concatenate([error.unreachable, error.unmet])
            if not (problem.deadline != NEVER).any() or villages is None:
                raise
            if len(failed):
                names = ["" if k < 0 or k >= len(villages) else _named(villages, int(k)) for k in asked_by]
                found = error.named([*names, *[""] * (len(problem.steps) - len(names))]).message
            else:
                failed = np.flatnonzero(problem.deadline != NEVER)
                found = phrases("results/proposals.toml").say("said", "deadlines_not_found", n=number_text(len(failed)))
            log.add("plan_infeasible", Source("inputs.settlements"), came=found.en, fields={"why_vi": found.vi, "why_en": found.en})
            told = {"vi": found.vi, "en": found.en} if told is None else {"vi": f"{told['vi']} {found.vi}", "en": f"{told['en']} {found.en}"}
            deadline = problem.deadline.copy()
            deadline[failed] = NEVER
            problem = replace(problem, deadline=deadline)


def _named(villages: pd.DataFrame, k: int) -> str:
    return f"{villages['village_name'].iloc[k]} ({villages['village_id'].iloc[k]})"


def _kept(problem: ChoiceProblem, choice: Choice, objective: ObjectiveSettings) -> npt.NDArray[np.float64]:
    """Return in what share of the changes of costs each candidate is chosen; NaN where none was looked at."""
    if not objective.cost_variants or not (choice.year != NEVER).any():
        return np.full(problem.candidates, np.nan)
    loose = replace(problem, deadline=np.full(len(problem.steps), NEVER, dtype=np.int64))  # dearer sites may make a duty impossible
    variants = cost_variants(loose, objective.cost_change_share, objective.cost_variants, _SEED)
    most = exchanges_within(loose, objective.variant_exchanges, len(variants), 1e6 * objective.variant_million_ones)
    # A cheaper site that serves the same takes its place: then it is not kept.
    return kept_shares(variants, choice.year, exchanges=most, seed=_SEED, equal_counts=False)


def _substitutes(problem: ChoiceProblem, plan: Plan, gains: pd.DataFrame) -> pd.DataFrame:
    """Return the next-best candidates for each chosen one, in the plan's order."""
    rank = dict(zip(plan.order, gains["rank"].tolist(), strict=True))
    table = plan.options.table
    rows = []
    found = alternatives(problem, plan.choice.year, count=plan.objective.substitutes, place=table["place"].to_numpy(dtype=np.int64)) if plan.objective.substitutes else []
    for entry in sorted(found, key=lambda e: rank[e.candidate]):
        other = entry.instead
        place = None if other == NEVER else plan.places.iloc[int(table["place"].iloc[other])]
        rows.append(
            {
                "rank": rank[entry.candidate], "site_id": plan.site_id(entry.candidate), "instead_site_id": "" if place is None else plan.site_id(other),
                "action": "" if place is None else table["action"].iloc[other], "operators": "" if place is None else table["operators"].iloc[other],
                "lon": np.nan if place is None else float(place["lon"]), "lat": np.nan if place is None else float(place["lat"]),
                "value_change": entry.value_change, "cost_change_vnd": entry.cost_change_vnd,
            }
        )  # fmt: skip
    columns = ["rank", "site_id", "instead_site_id", "action", "operators", "lon", "lat", "value_change", "cost_change_vnd"]
    return pd.DataFrame(rows, columns=columns)


def _villages(
    found: Found, cover: Cover, options: Options, pairs: _I64, objective: ObjectiveSettings, villages: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return what serves every village (fewest sites, least money), and what each further village costs."""
    problem, who = village_problem(found.demand, cover, options, pairs=pairs)
    sets: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for name, by_cost in (("fewest", False), ("cheapest", True)):
        try:
            done = set_cover(problem, by_cost=by_cost, nodes=objective.village_nodes)
        except RuntimeError:  # the rules of spacing leave none, or none was found
            sets[name] = None
            continue
        sets[name] = {"sites": done.number, "cost_vnd": done.cost_vnd, "bound": _proven(done.bound), "unreachable": len(done.unreachable)}
        rows += [
            {"kind": name, "village_id": "", "site_id": _site_id(found.places, options, int(j)), "action": options.table["action"].iloc[j],
             "operators": options.table["operators"].iloc[j], "cost_vnd": int(options.table["cost_vnd"].iloc[j]),
             "villages": int(problem.cover[:, [j]].sum()), "lon": _place(found.places, options, int(j))[0], "lat": _place(found.places, options, int(j))[1]}
            for j in np.flatnonzero(done.chosen)
        ]  # fmt: skip
        if not by_cost and villages is not None:
            rows += [
                {"kind": "unreachable", "village_id": str(villages["village_id"].iloc[who[k]]), "site_id": "", "action": "", "operators": "",
                 "cost_vnd": np.nan, "villages": 1, "lon": float(villages["lon"].iloc[who[k]]), "lat": float(villages["lat"].iloc[who[k]])}
                for k in done.unreachable
            ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["kind", "village_id", "site_id", "action", "operators", "cost_vnd", "villages", "lon", "lat"])
    curve = _curve(problem, sets, objective)
    return table, curve, {"villages": len(who), **sets}


def _proven(bound: float) -> float:
    """Return a bound to keep; 0, which always holds, where the search was too short for any."""
    return round(max(0.0, float(bound)), 3) if np.isfinite(bound) else 0.0


def _set_line(said: Phrases, name: str, every: Mapping[str, Any]) -> Bilingual:
    """Return what is said of the fewest sites or the least money: what is not proven is not claimed."""
    found = every[name]
    if found is None:
        return said.say("said", f"{name}_not_found", villages=number_text(every["villages"]))
    figure = found["sites"] if name == "fewest" else found["cost_vnd"]
    # The solver's own rounding: no site, and no đồng in a million, lies in it.
    least = int(np.ceil(found["bound"] - 1e-6 * max(1.0, found["bound"])))
    numbers = {
        "villages": number_text(every["villages"] - found["unreachable"]), "left": number_text(found["unreachable"]), "n": number_text(found["sites"]),
        "cost": number_text(found["cost_vnd"]), "bound": number_text(least),
    }  # fmt: skip
    proven = least >= figure if name == "fewest" else found["bound"] >= figure * (1.0 - 1e-6)
    return said.say("said", name if proven else f"{name}_unproven", **numbers)


def _curve(problem: ChoiceProblem, sets: Mapping[str, Any], objective: ObjectiveSettings) -> pd.DataFrame:
    columns = ["budget_vnd", "spent_vnd", "sites", "villages", "price_per_village_vnd", "gap"]
    most = sets.get("cheapest")
    if not objective.curve_points or most is None or not most["cost_vnd"]:
        return pd.DataFrame(columns=columns)
    totals = sorted({-(-most["cost_vnd"] * k // objective.curve_points) for k in range(1, objective.curve_points + 1)})
    settings = ChoiceSettings(
        seconds=float("inf"), gap=objective.choice_gap, nodes=objective.village_nodes, exchanges=objective.variant_exchanges, rounds=objective.village_nodes
    )
    rows, before = [], (0.0, 0)
    for total, done in price_curve(problem, totals, settings):
        spent, served = int(done.spent_vnd.sum()), float(done.value)
        more = served - before[0]
        rows.append(
            {
                "budget_vnd": total, "spent_vnd": spent, "sites": int((done.year != NEVER).sum()), "villages": round(served),
                "price_per_village_vnd": round((spent - before[1]) / more) if more > 0 else np.nan, "gap": done.gap,
            }
        )  # fmt: skip
        before = served, spent
    return pd.DataFrame(rows, columns=columns)


def _place(places: pd.DataFrame, options: Options, j: int) -> tuple[float, float]:
    row = places.iloc[int(options.table["place"].iloc[j])]
    return float(row["lon"]), float(row["lat"])


def _site_id(places: pd.DataFrame, options: Options, j: int) -> str:
    row = places.iloc[int(options.table["place"].iloc[j])]
    return str(row["structure_id"]) if row["kind"] == "mast" else str(row["place_id"])


def proposal_lines(record: Mapping[str, Any]) -> list[Bilingual]:
    """Return the figures of the stage's record in sentences."""
    said = phrases("results/proposals.toml")
    if not record["asked"]:
        return [said.say("said", "not_asked")]
    if record["missing"]:
        return [said.say("said", "missing", what=joined(said.say("lacks", name) for name in record["missing"]))]
    choice, lines = record["choice"], [_looked_at(said, record)]
    lines.append(said.say("said", "chosen", **{k: number_text(record["actions"].get(k, 0)) for k in ("share", "upgrade", "build")}))
    for row in (r for r in record["years"] if r["year"] is not None):
        numbers = {k: number_text(row[k] or 0) for k in ("budget_vnd", "spent_vnd", "sites", "proposals", "villages_gained", *_STEPS)}
        lines.append(said.say("said", "year", year=int(row["year"]), **numbers))
    whole = next((r for r in record["years"] if r["year"] is None), None)
    if whole is not None and (whole["population_first_operator"] or whole["villages_gained"]):
        lines.append(said.say("said", "split", **{k: number_text(whole[k] or 0) for k in _SPLIT}))
    if record["cheapest_vnd"] is not None and max(record["budget_vnd"]) < record["cheapest_vnd"]:
        lines.append(said.say("said", "too_poor", most=number_text(max(record["budget_vnd"])), cheapest=number_text(record["cheapest_vnd"])))
    if record["together"] is not None:
        whole, joint = record["years"][-1], record["together"][1:]
        lines.append(
            said.say(
                "said", "together", people=number_text(sum(s["first_operator"] for s in joint)), villages=number_text(sum(s["villages"] for s in joint)),
                counted=number_text(whole["population_first_operator"] or 0), counted_villages=number_text(whole["villages_gained"] or 0),
            )
        )  # fmt: skip
    gap = number_text(100.0 * choice["gap"], 2)
    lines.append(said.say("said", "proven" if choice["gap"] <= 0 else "gap", gap=gap, value=number_text(choice["value"], 1), bound=number_text(choice["bound"], 1)))
    every = record["every_village"]
    lines += [_set_line(said, name, every) for name in ("fewest", "cheapest")]
    unknown = record["unknown"]
    if unknown["cells"] or unknown["villages"]:
        lines.append(said.say("said", "unknown_left", **{k: number_text(unknown[k]) for k in ("cells", "people", "villages")}))
    if unknown["buildings"]:
        lines.append(said.say("said", "roof_unknown", n=number_text(unknown["buildings"])))
    if unknown["operators"]:
        lines.append(said.say("said", "without_list", operators=", ".join(unknown["operators"])))
    if record["infeasible"]:
        lines.append(Bilingual(record["infeasible"]["vi"], record["infeasible"]["en"]))
    return lines


def _looked_at(said: Phrases, record: Mapping[str, Any]) -> Bilingual:
    """Return how many places there were to choose from, and what left no new ground."""
    found = record["places_looked_at"]
    numbers = {
        "mast": found.get("mast", 0), "public": found.get("public_building", 0) + found.get("public_land", 0), "ground": found.get("new_ground", 0),
        "n": sum(record["places"].values()),
    }  # fmt: skip
    line = said.say("said", "looked_at", **{name: number_text(n) for name, n in numbers.items()})
    if numbers["ground"]:
        return line
    # Cells were left and yet no place: the rules of distance, or the classes and heights of areas, take each of them.
    why = next((name for name, cells in record["ground_left"].items() if not cells), "rules")
    return joined([line, said.say("no_ground", why)], " ")


_SPLIT: Sequence[str] = ("population_first_operator_certain", "population_first_operator_uncertain", "villages_gained_certain", "villages_gained_uncertain", "sites_measure_first")
_STEPS: Sequence[str] = ("population_first_operator", "population_to_4g", "population_second_operator", "population_third_operator")
