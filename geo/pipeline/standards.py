"""The stage that holds areas against the rules: speed tests, samples of signal, and what the stages before counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.io.resources import former_areas, issue_catalogue, load_toml
from geo.io.stage_files import write_frame, write_issues
from geo.ipv6 import SHARE_COLUMNS, reported_figures
from geo.pipeline.engine import Workspace
from geo.pipeline.reading import load_frame
from geo.pipeline.settings import AnalysisSettings
from geo.project import Project
from geo.rules import BASES
from geo.service_frames import REPORTED_INDICATORS
from geo.service_quality import (
    CONVERTED_COLUMNS,
    JOINT_COLUMNS,
    Areas,
    areas_of,
    empty_samples,
    figures_of_today,
    judge,
    judge_reported,
    level_samples,
    reported_figures_of,
    roads_of,
    scorecard,
    series,
    shared_sites,
    uptake_samples,
    villages_with_broadband,
)
from geo.validation import IssueLog, Source

__all__ = ["STANDARD_INPUTS", "STANDARD_TABLES", "judge_areas"]

#: What the stage reads of the reading stage.
STANDARD_INPUTS = ("units", "sites", "measurements", "roads", "speed_tests", "ipv6_tests", "declarations", "reported_indicators")
#: Frames of the stage, and the tables that they are written to.
STANDARD_TABLES = ("standards", "scorecard", "scorecard_series")
_ORDER = ("rule_id", "area_level", "operator", "technology", "access", "source_kind", "campaign", "area_code", "period")
_RESULTS = ("meets", "fails", "insufficient_n", "indicative", "not_applicable")
_EVIDENCE = ("supported", "contradicted", "not_enough")


def judge_areas(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Write verdicts and scorecard; return the counts.

    Parameters
    ----------
    work : Workspace
    project : Project
    settings : AnalysisSettings
    """
    folder = work.upstream["inputs"]
    areas_folder = work.upstream.get("villages", folder)  # without a list of sites no village was classed
    inputs = {name: load_frame(folder, name) for name in STANDARD_INPUTS}
    areas = areas_of(inputs["units"])
    given: dict[str, Any] = {"language": project.language, "on": project.date, "settings": settings.service, "evidence": settings.evidence, "declarations": inputs["declarations"], "operators": project.operators}
    tests = inputs["speed_tests"]
    levels = None if inputs["measurements"] is None else level_samples(inputs["measurements"], settings.service, project.operators)
    log = IssueLog(issue_catalogue())
    if levels is not None and levels.others:
        came = "; ".join(f"{name}: {n}" for name, n in levels.others.items())
        log.add("samples_not_of_project", Source("inputs.measurements"), came=came, fields={"operators": ", ".join(project.operators)})
    write_issues(work.folder / "issues.json", log)
    of_levels = [rule for rule in settings.standards.rules if rule.indicator.measured == "level_dbm"]
    of_uptake = [rule for rule in settings.standards.rules if rule.indicator.measured == "ipv6"]
    of_tests = [rule for rule in settings.standards.rules if rule.indicator.measured not in ("level_dbm", "ipv6")]
    speed, uptake = empty_samples() if tests is None else tests, uptake_samples(inputs["ipv6_tests"], inputs["speed_tests"])
    parts = [
        judge(speed, areas, settings.only(of_tests), **given),
        judge(_joined([speed, uptake]), areas, settings.only(of_uptake), **given),
    ]
    if levels is None:
        parts.append(judge(empty_samples(), areas, settings.only(of_levels), **given))
    else:
        with_roads, placed = _on_roads(areas, levels.frame, inputs["roads"], settings)
        parts.append(judge(levels.frame, with_roads, settings.only(of_levels), **given, placed=placed))
    stated, of_former = _stated(inputs["reported_indicators"], areas)
    counted = _joined([_counted(areas_folder, inputs["sites"], areas, project), _portals(work), stated])
    reporting: dict[str, Any] = {"on": project.date, "language": project.language}
    parts.append(judge_reported(counted, areas, settings.standards, **reporting))
    table = _joined(parts).sort_values(list(_ORDER), kind="stable", ignore_index=True)
    judged_former = judge_reported(of_former, areas, settings.standards, **reporting)
    judged_former = judged_former[judged_former["area_level"] == "former_commune"]
    over_time = series(table, judged_former, former_areas(), inputs["units"], placed_by_name=_by_former_name(tests))
    communes = load_frame(areas_folder, "communes" if "villages" in work.upstream else "population")
    people = {} if communes is None else dict(zip(communes["commune_code"].astype(str), communes["population"].astype(float), strict=True))
    kept = [name for name in table.columns if name not in {*JOINT_COLUMNS, *CONVERTED_COLUMNS, "former_place"}]
    write_frame(work.folder / "standards.parquet", table[kept])
    write_frame(work.folder / "scorecard_series.parquet", over_time)
    write_frame(work.folder / "scorecard.parquet", scorecard(table, areas, settings.service, population=people))
    return {
        "speed_tests": 0 if tests is None else len(tests),
        "ipv6_tests": len(uptake),
        "signal_samples": 0 if levels is None else len(levels.frame),
        "signal_samples_left_out": {} if levels is None else levels.left_out,
        "reported_figures": {"today": len(stated), "former": len(of_former)},
        "rows": len(table),
        "rule_result": {word: int((table["rule_result"] == word).sum()) for word in _RESULTS},
        "evidence": {word: int((table["evidence"] == word).sum()) for word in _EVIDENCE},
        "by_basis": _by_basis(table),
        "rules": [
            {"id": rule.id, "from": rule.origin, "replaces": rule.replaces, "basis": rule.stated_basis, "status": rule.status}
            for rule in settings.standards.rules
        ],
    }


def _by_basis(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return the rows of each result, apart for law, targets, scorecards and what is not confirmed: those are never added up."""
    return {
        basis: {word: int(((table["basis"] == basis) & (table["rule_result"] == word)).sum()) for word in _RESULTS}
        for basis in (*BASES, "reference") if (table["basis"] == basis).any()
    }  # fmt: skip


def _on_roads(
    areas: Areas, levels: pd.DataFrame, roads: Any, settings: AnalysisSettings
) -> tuple[Areas, Mapping[str, Any]]:
    """Return the areas with the roads that samples were taken on, and which road that is for each sample."""
    if roads is None or roads.empty or levels.empty:
        return areas, {}
    codes, of = roads_of(levels["lon"].to_numpy(np.float64), levels["lat"].to_numpy(np.float64), roads, settings.service)
    met = np.unique(of[of >= 0])
    number = np.full(len(codes) + 1, -1, dtype=np.int64)
    number[met] = np.arange(len(met))
    # Roads that nobody drove are not listed one by one; number[-1] stays -1.
    named = dict(zip(roads["road_id"].astype(str), roads["road_name"].fillna("").astype(str), strict=True)) if "road_name" in roads.columns else {}
    return Areas({**areas.codes, "road": tuple(codes[i] for i in met)}, areas.province_of, {**areas.names, "road": named}), {"road": number[of]}


def _counted(folder: Path, sites: pd.DataFrame | None, areas: Areas, project: Project) -> pd.DataFrame:
    """Return the figures that the stages before counted."""
    communes = list(areas.codes["commune"])
    villages = load_frame(folder, "villages")
    parts = [
        villages_with_broadband(pd.DataFrame({"commune_code": [], "class": [], "best_technology": []}) if villages is None else villages, communes, project.date)
    ]
    if sites is not None:
        parts.append(shared_sites(sites, project.operators, communes, project.date))
    return _joined(parts)


def _stated(reported: pd.DataFrame | None, areas: Areas) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what communes and provinces report as figures of today's, and what former communes reported as their own."""
    empty = REPORTED_INDICATORS.empty() if reported is None else reported
    former = reported_figures_of(empty, "former_commune")
    today = [reported_figures_of(empty, level) for level in ("commune", "province")]
    converted = figures_of_today(former, former_areas(), areas.codes["commune"])
    # Where somebody gave the figure for today's commune itself, that one counts.
    joined = _joined([*today, converted])
    again = joined.duplicated(["area_code", "area_level", "indicator", "period", "source_kind"])
    return joined[~again].drop(columns="former_place", errors="ignore").reset_index(drop=True), former


def _by_former_name(tests: pd.DataFrame | None) -> frozenset[tuple[str, str]]:
    """Return communes and months whose tests of before the change had no position, so that a former commune's name placed them."""
    if tests is None or tests.empty:
        return frozenset()
    until = pd.Timestamp(load_toml("reported_indicators.toml")["former_until"]["value"])
    end = pd.to_datetime(tests["period_end"])
    old = tests["lon"].isna() & (end <= until)
    return frozenset(zip(tests["commune_code"][old].astype(str), end[old].dt.strftime("%Y-%m"), strict=True))


def _portals(work: Workspace) -> pd.DataFrame:
    """Return the shares of portals that answer over IPv6."""
    shares = load_frame(work.upstream["ipv6"], "ipv6_shares") if "ipv6" in work.upstream else None
    given = pd.DataFrame(columns=list(SHARE_COLUMNS)) if shares is None else shares
    return reported_figures(given, {"portal_ready": "portals_ipv6"})


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if not part.empty]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]
