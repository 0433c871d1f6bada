"""What each stage of an analysis does: it takes its inputs and settings together and hands them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from geo.coverage import prepare_sources, radio_defaults
from geo.dead_zones import look_from_table
from geo.grid import Grid
from geo.io.resources import issue_catalogue
from geo.pipeline.areas import class_areas
from geo.pipeline.calibrating import MEASURED, calibrate_run, ground_used, load_corrections
from geo.pipeline.candidates import write_candidates
from geo.pipeline.claims import compare_claims
from geo.pipeline.drawing import run_draws
from geo.pipeline.engine import Workspace
from geo.pipeline.measured import counted, place_facts
from geo.pipeline.planning import write_plan
from geo.pipeline.predicting import Fusing, load_coverage, load_radio, predict_coverage, run_grid
from geo.pipeline.proposals import propose
from geo.pipeline.reading import (
    empty_network,
    load_antennas,
    load_frame,
    load_land_cover,
    load_population_raster,
    load_terrain,
)
from geo.pipeline.sampling import plan_measurements
from geo.pipeline.settings import AnalysisSettings
from geo.pipeline.showing import state_ended
from geo.pipeline.zones import write_zones
from geo.project import Project
from geo.propagation.ground import GroundModel
from geo.report.lists import ListFacts
from geo.validation import IssueLog
from geo.villages import Obstructions, path_obstructions

__all__ = [
    "class_places", "hold_claims", "learn", "look_for_candidates", "made_up", "network_of", "outline_zones", "plan", "plan_trips", "predict", "propose_sites",
]


def network_of(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sites and cells of the reading stage; empty tables where none were given."""
    sites, cells = load_frame(folder, "sites"), load_frame(folder, "cells")
    return empty_network() if sites is None or cells is None else (sites, cells)


def _grounds(project: Project, settings: AnalysisSettings) -> list[tuple[str, GroundModel]]:
    """Return the ways of counting what stands on the ground: as the project has it, and with cover at the phone alone."""
    terrain, cover = load_terrain(project), load_land_cover(project)
    if terrain is None:
        return []
    own = GroundModel(terrain, cover, settings.ground)
    if terrain.kind != "ground" or cover is None or not settings.ground.clutter_in_profile:
        return [("as_set", own)]
    bare = replace(settings.ground, clutter_in_profile=False)
    return [("as_set", own), ("at_phone", GroundModel(terrain, cover, bare))]


def learn(
    work: Workspace, project: Project, settings: AnalysisSettings, zones: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Learn from the measurements (:func:`geo.pipeline.calibrating.calibrate_run`)."""
    folder = work.upstream["inputs"]
    sites, cells = network_of(folder)
    units, measured = load_frame(folder, "units"), load_frame(folder, "measurements")
    grid = run_grid(units, project.cell_size_m, zones)
    grounds = _grounds(project, settings)
    prepared = None
    if grounds and measured is not None:
        prepared = prepare_sources(
            cells, sites, operators=project.operators, terrain=grounds[0][1], grid=grid, settings=settings.coverage,
            defaults=radio_defaults(), on=project.date, log=IssueLog(issue_catalogue()), area_type=grounds[0][1].area_type,
            patterns=load_antennas(project),
        )  # fmt: skip
    return calibrate_run(
        work, measured=measured, sites=sites, prepared=prepared, grounds=grounds, grid=grid, settings=settings.coverage,
        calibration=settings.calibration, on=project.date, log=IssueLog(issue_catalogue()),
    )  # fmt: skip


def predict(
    work: Workspace, project: Project, settings: AnalysisSettings, zones: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Predict coverage and join it with what was learnt (:func:`geo.pipeline.predicting.predict_coverage`)."""
    folder = work.upstream["inputs"]
    units = load_frame(folder, "units")
    sites, cells = network_of(folder)
    log = IssueLog(issue_catalogue())
    state_ended(settings.ended, sites, cells, project.operators, log)
    learnt = load_corrections(work.upstream["calibration"])
    fusing = None
    if learnt is not None:
        fusing = Fusing(learnt[0], work.upstream["calibration"] / MEASURED, settings.fusion)
    return predict_coverage(
        work,
        frames={"units": units, "sites": sites, "cells": cells, "unplaced": load_frame(folder, "unplaced")},
        terrain=load_terrain(project),
        land_cover=load_land_cover(project),
        antennas=load_antennas(project),
        grid=run_grid(units, project.cell_size_m, zones),
        operators=project.operators,
        settings=settings.coverage,
        ground_settings=ground_used(settings.ground, work.upstream["calibration"]),
        on=project.date,
        log=log,
        fusing=fusing,
    )


def class_places(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Class villages and facilities, sum communes and provinces (:func:`geo.pipeline.areas.class_areas`)."""
    folder = work.upstream["inputs"]
    sites, _ = network_of(folder)
    predicted, units = load_coverage(work.upstream["coverage"]), load_frame(folder, "units")
    return class_areas(
        work,
        predicted=predicted,
        units=units,
        sites=sites,
        settlements=load_frame(folder, "settlements"),
        hamlets=None,
        buildings=load_frame(folder, "buildings"),
        raster=load_population_raster(project),
        population=load_frame(folder, "population"),
        settings=settings.coverage,
        village_settings=settings.villages,
        province_names=dict(zip(units["province_code"], units["province_name"], strict=True)),
        facts=ListFacts(
            project.name, project.date, "en" if project.language == "en" else "vi", settings.coverage, settings.villages,
            made_up(project),
        ),
        log=IssueLog(issue_catalogue()),
        facilities=load_frame(folder, "facilities"),
        measured=place_facts(work.upstream["calibration"], settings, predicted),
        obstructions=_obstructions(work.upstream, project, settings, predicted.coverage.grid),
        draws=run_draws(work.upstream, settings, predicted),
    )


def _ground_used(upstream: Mapping[str, Path], project: Project, settings: AnalysisSettings) -> GroundModel | None:
    """Return the ground that the coverage was predicted over."""
    terrain = load_terrain(project)
    if terrain is None:
        return None
    return GroundModel(terrain, load_land_cover(project), ground_used(settings.ground, upstream["calibration"]))


def _obstructions(
    upstream: Mapping[str, Path], project: Project, settings: AnalysisSettings, grid: Grid
) -> Obstructions | None:
    ground, radio = _ground_used(upstream, project, settings), load_radio(upstream["coverage"])
    if ground is None or radio is None:
        return None
    return path_obstructions(*radio, grid=grid, ground=ground, settings=settings.coverage)


def outline_zones(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Outline dead zones (:func:`geo.pipeline.zones.write_zones`)."""
    folder, areas = work.upstream["inputs"], work.upstream["villages"]
    sites, _ = network_of(folder)
    predicted = load_coverage(work.upstream["coverage"])
    grid = predicted.coverage.grid
    ground, radio = _ground_used(work.upstream, project, settings), load_radio(work.upstream["coverage"])
    look = None
    if ground is not None and radio is not None:
        look = look_from_table(ground, *radio, predicted.coverage.layers, grid=grid, settings=settings.coverage)
    return write_zones(
        work,
        predicted=predicted,
        units=load_frame(folder, "units"),
        sites=sites,
        villages=load_frame(areas, "villages"),
        areas=areas,
        buildings=load_frame(folder, "buildings"),
        facilities=load_frame(folder, "facilities"),
        roads=load_frame(folder, "roads"),
        radio=None if radio is None else radio[0],
        look=look,
        draws=run_draws(work.upstream, settings, predicted),
        settings=settings.coverage,
        village_settings=settings.villages,
        zone_settings=settings.zones,
        priorities=settings.priorities,
        on=project.date,
        log=IssueLog(issue_catalogue()),
    )


def hold_claims(work: Workspace, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Hold operators' claims against what is known (:func:`geo.pipeline.claims.compare_claims`)."""
    folder = work.upstream["inputs"]
    sites, _ = network_of(folder)
    predicted = load_coverage(work.upstream["coverage"])
    return compare_claims(
        work,
        claims=load_frame(folder, "coverage_claims"),
        predicted=predicted,
        units=load_frame(folder, "units"),
        sites=sites,
        observed=counted(work.upstream["calibration"], settings, predicted),
        range_m=work.records["calibration"].get("range_m"),
        areas=work.upstream["villages"],
        settings=settings,
    )


def plan(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Check what operators have registered and what could be shared (:func:`geo.pipeline.planning.write_plan`)."""
    sites, _ = network_of(work.upstream["inputs"])
    return write_plan(work, project, settings, sites=sites, ground=_ground_used(work.upstream, project, settings))


def look_for_candidates(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Look for places of further sites and what they would serve (:func:`geo.pipeline.candidates.write_candidates`)."""
    sites, _ = network_of(work.upstream["inputs"])
    return write_candidates(work, project, settings, sites=sites, ground=_ground_used(work.upstream, project, settings))


def propose_sites(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Choose sites within the yearly budgets (:func:`geo.pipeline.proposals.propose`)."""
    return propose(work, project, settings, ground=_ground_used(work.upstream, project, settings))


def plan_trips(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Say what to measure next (:func:`geo.pipeline.sampling.plan_measurements`)."""
    return plan_measurements(work, project, settings, made_up=made_up(project))


def made_up(project: Project) -> bool:
    """Tell whether the department's own catalogue says that the province is made up."""
    entries = project.extra.get("province", [])
    return isinstance(entries, list) and any(
        isinstance(entry, Mapping)
        and entry.get("made_up") is True
        and str(entry.get("code")) in project.provinces
        for entry in entries
    )
