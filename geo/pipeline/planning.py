"""The stage of the yearly plan: inventory, registered lines checked and weighed, what stays unserved, what could be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.compute import Piece, run_pieces
from geo.coverage import border_ring
from geo.errors import Bilingual
from geo.io.inputs import PLANNING_KINDS
from geo.io.norms import undergrounding_asked
from geo.io.rasters import read_array, write_array
from geo.io.resources import issue_catalogue
from geo.io.stage_files import write_frame, write_issues
from geo.pipeline.areas import people_of_plans
from geo.pipeline.calibrating import load_corrections
from geo.pipeline.engine import Stage, Workspace
from geo.pipeline.predicting import load_coverage, load_radio
from geo.pipeline.reading import files_of, load_antennas, load_frame, load_norms
from geo.pipeline.settings import AnalysisSettings
from geo.pipeline.undergrounding import (
    STREET_LAYERS,
    STREET_TABLES,
    undergrounding_frames,
    undergrounding_lines,
)
from geo.planning.assess import Assessed, Ground, assess_lines
from geo.planning.checks import area_of, check_lines
from geo.planning.inventory import certificates, inventory_communes, inventory_summary
from geo.planning.reach import reach_tasks, write_reach
from geo.planning.remainder import propose
from geo.planning.removal import joint_removals, removal_tasks, write_removal
from geo.planning.sharing import sharing_clusters, sharing_rates
from geo.planning.structures import standing_masts
from geo.planning.supported import supported_on
from geo.project import Project
from geo.propagation.ground import GroundModel
from geo.report.phrases import number_text, phrases
from geo.validation import IssueLog, Source

__all__ = ["AFTER", "COVER_CODES", "LINES_IN_ORDER", "PLAN_LAYERS", "PLAN_TABLES", "PLAN_UPSTREAM", "plan_asked", "plan_lines", "plan_stage", "write_plan"]

#: States with every registered line built, and what each line gains beyond those before it, for the proposals.
AFTER, LINES_IN_ORDER = "after_state.npy", "lines_in_order"
#: Land cover of the run's grid, which takes longer to read than a site takes to sweep.
COVER_CODES = "cover_codes.npy"
_WORKS = ("masts", "ducts", "poles", "cables", "service_points")
#: Tables of the stage, in the order of the workbook's sheets; those whose inputs were not given are left out.
PLAN_TABLES = (
    "operator_plans", "operator_plans_by_layer", "operator_plans_by_zone", "unserved_after_plans", "sharing", "sharing_rates", "inventory_communes",
    "inventory_summary", "mast_certificates", *STREET_TABLES,
)  # fmt: skip
#: Those of them whose rows have a place.
PLAN_LAYERS = ("operator_plans", "unserved_after_plans", "sharing", "mast_certificates", *STREET_LAYERS)
PLAN_UPSTREAM = (
    "inputs/units.parquet", "inputs/sites.parquet", "inputs/unplaced.parquet", "inputs/operator_plans.parquet", *(f"inputs/{kind}.parquet" for kind in _WORKS),
    "inputs/restricted_areas.parquet", "inputs/supported_operators.parquet", "inputs/streets.parquet", "inputs/roads.parquet", "inputs/norms.json", "calibration", "coverage", "villages", "dead_zones",
)  # fmt: skip


def write_plan(work: Workspace, project: Project, settings: AnalysisSettings, *, sites: pd.DataFrame, ground: GroundModel | None) -> Mapping[str, Any]:
    """Write the frames of :data:`PLAN_TABLES` and the findings; return the counts. Nothing but that where no plan is asked for.

    Parameters
    ----------
    work : Workspace
    project : Project
    settings : AnalysisSettings
    sites : DataFrame
        The canonical table.
    ground : GroundModel or None
        As the run predicted over it; None without terrain: then nobody's gain can be computed.
    """
    log = IssueLog(issue_catalogue())
    if not plan_asked(project):
        write_issues(work.folder / "issues.json", log)
        return {"asked": False}
    folder = work.upstream["inputs"]
    units, restricted = load_frame(folder, "units"), load_frame(folder, "restricted_areas")
    works = {kind: frame for kind in _WORKS if (frame := load_frame(folder, kind)) is not None}
    norms, lines = load_norms(folder), load_frame(folder, "operator_plans")
    names = dict(zip(units["commune_code"].astype(str), units["commune_name"].astype(str), strict=True))
    structures = standing_masts(sites, works.get("masts"), same_mast_m=project.settings.same_mast_m)
    areas = area_of(*_places(structures), structures["commune_code"].tolist(), names, restricted)
    rules, plan = settings.mast_rules, settings.plan
    clusters = sharing_clusters(structures, areas, rules=rules, settings=plan, norms=norms)
    frames: dict[str, pd.DataFrame] = {"sharing": clusters, "sharing_rates": sharing_rates(structures, clusters, rules, list(names))}
    frames["inventory_summary"] = inventory_summary(
        works, height_bands_m=plan.height_bands_m, on=project.date, certificate_days=plan.certificate_days,
        structures=structures[structures["commune_code"] != ""],
    )  # fmt: skip
    if works:
        frames["inventory_communes"] = inventory_communes(units, works, on=project.date, certificate_days=plan.certificate_days)
    if "masts" in works:
        frames["mast_certificates"] = certificates(works["masts"], on=project.date, certificate_days=plan.certificate_days)
    _state_rules(settings, log)
    small = [] if norms is None else [f"{n.item} {n.mast_class}".strip() for n in norms.norms if n.central_vnd < plan.least_norm_vnd]
    if small and norms is not None:
        log.add("norms_very_small", Source(norms.file), came="; ".join(small), fields={"least": f"{plan.least_norm_vnd:.0f}"})
    buried, underground = undergrounding_frames(
        folder, project, settings.undergrounding, target_share=rules.targets["underground_share_2030"].value, norms=norms, log=log
    )
    frames |= buried
    record: dict[str, Any] = {
        "asked": True,
        "structures": {str(k): int(n) for k, n in structures["basis"].value_counts().sort_index().items()},
        "structures_outside": int((~structures["commune_code"].isin(list(names))).sum()),
        "structures_unlisted": int((structures["commune_code"].isin(list(names)) & (structures["basis"] == "site_list")).sum()),
        "inventory": "masts" in works,
        "sharing": {"clusters": len(clusters), "masts_saved": int(clusters["masts_saved"].sum()), "proven": bool(clusters["proven"].all())},
        "rules": {"origin": rules.origin, "statuses": list(rules.statuses)},
        "money": norms is not None,
        "norms_very_small": small,
        "undergrounding": underground,
    }
    work.progress(1, 3)
    supported = supported_on(load_frame(folder, "supported_operators"), project.date, log)
    record["supported_communes"] = len(supported)
    if lines is not None and len(lines):
        found = _assessed(work, project, settings, lines, structures, areas, restricted, names, ground, log, sites=sites, norms=norms)
        frames |= {
            "operator_plans": found.lines.drop(columns="remarks"), "operator_plans_by_layer": found.by_layer, "operator_plans_by_zone": found.by_zone,
            "unserved_after_plans": propose(found.left, structures, plan, supported=supported),
        }  # fmt: skip
        record["plans"] = dict(found.totals)
        if settings.objective.asked:
            write_array(work.folder / AFTER, found.after.state)
            write_frame(work.folder / f"{LINES_IN_ORDER}.parquet", found.in_order)
        record["proposed_to"] = {str(k): int(n) for k, n in frames["unserved_after_plans"]["proposed_to"].value_counts().sort_index().items()}
    elif settings.objective.asked:
        write_array(work.folder / AFTER, np.asarray(load_coverage(work.upstream["coverage"]).coverage.state, dtype=np.uint8))
    for name in PLAN_TABLES:
        if name in frames:
            write_frame(work.folder / f"{name}.parquet", frames[name])
    write_issues(work.folder / "issues.json", log)
    return record | {"rows": {name: len(frames[name]) for name in PLAN_TABLES if name in frames}}


def plan_asked(project: Project) -> bool:
    """Tell whether a project asks for a plan: by ``[plan]``, or by an input that nothing else reads."""
    return bool(project.plan) or any(project.inputs.get(kind) for kind in PLANNING_KINDS)


def plan_stage(project: Project, settings: AnalysisSettings, title: Bilingual, run: Callable[[Workspace], Mapping[str, Any]]) -> Stage:
    """Return the stage with everything that its result depends on.

    Parameters
    ----------
    project : Project
    settings : AnalysisSettings
    title : Bilingual
    run : callable
        Calls :func:`write_plan`.
    """
    return Stage(
        "planning",
        title,
        run,
        files=files_of(project, ("terrain", "land_cover", "antenna_patterns")),
        settings={
            "coverage": settings.coverage,
            "ground": settings.ground,
            "asked": plan_asked(project),
            "proposals": settings.objective.asked,
            "plan": settings.plan,
            "mast_rules": settings.mast_rules,
            "undergrounding": settings.undergrounding if undergrounding_asked(project.inputs, project.plan) else None,
            "operators": project.operators,
            "date": project.date,
            "same_mast_m": project.settings.same_mast_m,
            "terrain": list(project.inputs.get("terrain", ())),
            "land_cover": list(project.inputs.get("land_cover", ())),
            "antenna_patterns": list(project.inputs.get("antenna_patterns", ())),
        },
        upstream=PLAN_UPSTREAM,
    )


def plan_lines(record: Mapping[str, Any]) -> list[Bilingual]:
    """Return the figures of the stage's record in sentences."""
    said = phrases("results/planning.toml")
    if not record["asked"]:
        return [said.say("said", "not_asked")]
    inside, unlisted = sum(record["structures"].values()) - record["structures_outside"], record["structures_unlisted"]
    lines = [
        said.say(
            "said", "structures" if record["inventory"] else "structures_unlisted", n=number_text(inside), outside=number_text(record["structures_outside"]),
            **({"listed": number_text(inside - unlisted), "unlisted": number_text(unlisted)} if record["inventory"] else {}),
        )
    ]  # fmt: skip
    plans = record.get("plans")
    if plans is None:
        lines.append(said.say("said", "no_plans"))
    else:
        together, alone = plans["together"], plans["sum_of_lines"]
        lines.append(said.say("said", "lines", n=number_text(plans["lines"]), computed=number_text(plans["lines_computed"])))
        if together["population_gained"] is not None:
            lines.append(
                said.say(
                    "said", "people", together=number_text(together["population_gained"]), alone=number_text(alone["population_gained"]),
                    sure=number_text(together["population_from_unserved"]),
                )
            )  # fmt: skip
        if together["villages_gained"] is not None:
            lines.append(said.say("said", "villages", n=number_text(together["villages_gained"])))
        if plans["removed"]["area_lost_km2"]:
            removed, lost = (_lost_text(plans[name]) for name in ("removed", "lost"))
            lines.append(said.say("said", "removed", **removed, **{f"left_{k}": v for k, v in lost.items()}))
        to = {name: number_text(record["proposed_to"].get(name, 0)) for name in ("operator", "public_utility", "budget")}
        left = {name: number_text(plans["left"].get(name, 0)) for name in ("village", "dead_zone")}
        lines.append(said.say("said", "left", **left, **to))
    sharing = record["sharing"]
    lines.append(said.say("said", "sharing", clusters=number_text(sharing["clusters"]), n=number_text(sharing["masts_saved"])))
    lines += undergrounding_lines(record["undergrounding"])
    if record["norms_very_small"]:
        lines.append(said.say("said", "norms_very_small", items="; ".join(record["norms_very_small"])))
    if record["rules"]["origin"] != "project":
        lines.append(said.say("said", "stand_in", name=str(record["rules"]["origin"])))
    return lines


def _lost_text(lost: Mapping[str, Any]) -> dict[str, str | Bilingual]:
    return {k: "?" if lost[f"{k}_lost"] is None else number_text(lost[f"{k}_lost"]) for k in ("population", "villages")}


def _places(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)


def _state_rules(settings: AnalysisSettings, log: IssueLog) -> None:
    if settings.mast_rules.origin != "project":
        rules = settings.mast_rules
        documents = "; ".join(dict.fromkeys(r.document for r in (*rules.spacing, *rules.sharing)))
        log.add("mast_rules_stand_in", Source("rules.extra"), came=rules.origin, fields={"documents": documents})


def _assessed(
    work: Workspace,
    project: Project,
    settings: AnalysisSettings,
    lines: pd.DataFrame,
    structures: pd.DataFrame,
    structure_areas: list[str],
    restricted: gpd.GeoDataFrame | None,
    names: Mapping[str, str],
    ground: GroundModel | None,
    log: IssueLog,
    *,
    sites: pd.DataFrame,
    norms: Any,
) -> Assessed:
    """Check the lines, compute what each reaches, and put it together."""
    predicted = load_coverage(work.upstream["coverage"])
    coverage, inside = predicted.coverage, np.asarray(predicted.index) >= 0
    listed = {str(o) for o in sites["operator"]} | {o for text in structures["operators"] for o in str(text).split("; ")}
    # A site that is listed without a place stands somewhere: perhaps here.
    unplaced = load_frame(work.upstream["inputs"], "unplaced")
    somewhere = unplaced is not None and bool(unplaced["operator"].isin(["", *project.operators]).any())
    areas = area_of(*_places(lines), lines["commune_code"].tolist(), names, restricted)
    checks = check_lines(
        lines, structures, rules=settings.mast_rules, settings=settings.plan, areas=areas, structure_areas=structure_areas, restricted=restricted,
        complete=set(project.operators) <= listed and not somewhere,
    )  # fmt: skip
    notes = _notes(lines, coverage.layers, settings, ground)
    computed = np.array([not said for said in notes], dtype=bool)
    removes = (lines["action"] == "remove").to_numpy(dtype=bool)
    tasks: dict[int, Any] = {}
    told = pd.DataFrame(columns=["line_id", "defaults", "learnt_from"])
    radio = load_radio(work.upstream["coverage"])
    learnt = load_corrections(work.upstream["calibration"])
    corrections = None if learnt is None else learnt[0]
    trial = IssueLog(log.catalogue)  # what is missing of planned radio cells stands in the table, line by line
    if ground is not None:
        at = np.flatnonzero(computed & ~removes)
        codes = None if corrections is None or ground.land_cover is None else ground.land_cover.to_grid(coverage.grid)
        if codes is not None and settings.objective.asked:
            write_array(work.folder / COVER_CODES, codes)
        made, told = reach_tasks(
            lines.iloc[at], grid=coverage.grid, inside=inside, ground=ground, settings=settings.coverage, on=project.date, log=trial,
            patterns=load_antennas(project), corrections=corrections, radio=None if radio is None else radio[0],
            cover_codes=codes,
        )  # fmt: skip
        tasks = {int(at[int(task.name.removeprefix("line_"))]): task for task in made}
    pieces = [Piece(f"reach_{k:05d}", task) for k, task in tasks.items()]
    records = run_pieces(work.executor, write_reach, pieces, work.pieces, on_done=work.progress)
    gone: dict[int, Any] = {}
    joint: dict[int, Any] = {}
    if ground is not None and radio is not None and (computed & removes).any():
        at = np.flatnonzero(computed & removes)
        ring = border_ring(coverage.grid, inside, settings.coverage.neighbour_reach_m)
        of_run: dict[str, Any] = {
            "coverage": coverage, "radio": radio[0], "tables": radio[1], "ground": ground, "settings": settings.coverage, "ring": ring,
            "at_mast_m": settings.plan.at_mast_m, "corrections": corrections,
        }  # fmt: skip
        takes, several = removal_tasks(lines.iloc[at], **of_run), joint_removals(lines.iloc[at], **of_run)
        done = run_pieces(work.executor, write_removal, [Piece(t.name, t) for t in (*takes.values(), *several.values())], work.pieces)
        gone = {int(at[k]): record for k, record in zip(takes, done[: len(takes)], strict=True)}
        joint = {int(at[k]): record for k, record in zip(several, done[len(takes) :], strict=True)}
    for k in np.flatnonzero(computed).tolist():
        if k not in tasks and k not in gone and ground is not None:
            notes[k].append("out_of_reach" if not removes[k] else "own_site_not_found")
    places = work.upstream["villages"]
    zones = load_frame(work.upstream["dead_zones"], "dead_zones")
    where = Ground(
        coverage, settings.coverage, people_of_plans(places, work.upstream["coverage"]), load_frame(places, "villages"), _array(places / "cells_of_villages.npy"),
        None if zones is None else zones[(zones["operator"].fillna("") == "") & (zones["technology"].fillna("") == "")],
        _array(places / "people.npy"),
    )  # fmt: skip
    checked = pd.concat([lines.reset_index(drop=True), checks.reset_index(drop=True)], axis=1)
    return assess_lines(
        checked, where, reaches=dict(zip(tasks, records, strict=True)), removals=gone, folder=work.pieces, told=told, notes=notes,
        settings=settings.plan, norms=norms, joint=joint,
    )  # fmt: skip


def _notes(lines: pd.DataFrame, layers: tuple[tuple[str, str], ...], settings: AnalysisSettings, ground: GroundModel | None) -> list[list[str]]:
    """Return per line the codes of what keeps its gain from being computed."""
    operators = {o for o, _ in layers}
    out: list[list[str]] = []
    for operator, technologies, action in lines[["operator", "technologies", "action"]].itertuples(index=False):
        said: list[str] = []
        named = [t for t in str(technologies).split(",") if t]
        if ground is None:
            said.append("no_terrain")
        elif operator not in operators:
            said.append("operator_not_of_project")
        elif action != "remove" and not named:
            said.append("no_technology")
        elif action != "remove" and not any(t in settings.coverage.counting and t in settings.coverage.levels_dbm for t in named):
            said.append("technology_not_counting")
        out.append(said)
    return out


def _array(path: Path) -> Any:
    return read_array(path) if path.is_file() else None
