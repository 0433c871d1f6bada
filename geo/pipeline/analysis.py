"""The main job: from a project file to the run folder, by stages that resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from geo.compute import Executor
from geo.coverage import MODEL, prepare_sources, radio_defaults
from geo.dead_zones import look_from_table
from geo.grid import Grid
from geo.io.files import write_bytes
from geo.io.fingerprints import fingerprint
from geo.io.inputs import province_zones
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.io.run_folder import RunFolder, run_name
from geo.mapping import DataSource
from geo.pipeline.areas import class_areas
from geo.pipeline.calibrating import MEASURED, OBSERVATIONS, calibrate_run, ground_used, load_corrections
from geo.pipeline.claims import CLAIM_TABLES, compare_claims
from geo.pipeline.drawing import run_draws
from geo.pipeline.engine import Observer, Stage, StageResult, Workspace, run_stages
from geo.pipeline.manifest import manifest
from geo.pipeline.measured import counted, place_facts
from geo.pipeline.predicting import Fusing, load_coverage, load_radio, predict_coverage, run_grid
from geo.pipeline.reading import (
    RefusedInputsError,
    empty_network,
    files_of,
    load_antennas,
    load_frame,
    load_issues,
    load_land_cover,
    load_population_raster,
    load_terrain,
    reading_settings,
    write_inputs,
)
from geo.pipeline.results import arranged_frame, write_result_layers, write_result_tables
from geo.pipeline.settings import AnalysisSettings, analysis_settings
from geo.pipeline.showing import kind_name, notices, sentence, state_ended, write_map
from geo.pipeline.zones import SCOPED, write_zones
from geo.project import Project
from geo.propagation.ground import GroundModel
from geo.propagation.p2108 import MODEL as END_MODEL
from geo.propagation.p2109 import MODEL as INDOOR_MODEL
from geo.report.issues import issues_workbook
from geo.report.lists import ListFacts
from geo.report.tables import arrange, result_table
from geo.validation import IssueLog, Severity
from geo.villages import Obstructions, path_obstructions

__all__ = ["Analysis", "analyse", "analysis_stages"]

ISSUES = "issues.xlsx"
MAP = "index.html"
#: Stages that state findings.
#: Tables whose rows are areas by name, and places nowhere.
_UNPLACED = ("provinces", "claims_by_commune")
_LOGGED = ("inputs", "calibration", "coverage", "villages", "dead_zones")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a run left behind.

    Attributes
    ----------
    project : Project
    folder : Path
    written : tuple of Path
        Every result, the map last.
    results : mapping of str to StageResult
    warnings : int
        Rows (or whole tables) that carry a warning.
    """

    project: Project
    folder: Path
    written: tuple[Path, ...]
    results: Mapping[str, StageResult]
    warnings: int


def analyse(
    project_file: Path,
    out: Path,
    *,
    executor: Executor,
    observer: Observer | None = None,
    overwrite: bool = False,
) -> Analysis:
    """Run all stages of a project, or those that are missing, and publish the results.

    Parameters
    ----------
    project_file : Path
    out : Path
        The run folder is made in it, named after the project.
    executor : Executor
    observer : Observer, optional
    overwrite : bool
        Take over a run folder that belongs to another project.

    Raises
    ------
    ProjectFileError
        If the project file is wrong; nothing is written.
    RefusedInputsError
        If the inputs hold errors; only ``issues.xlsx`` is written.
    InputError
        If another run holds the folder, or it belongs to another project.
    """
    started = datetime.now(UTC)
    project = read_project(project_file)
    settings = analysis_settings(project)
    run = RunFolder(out / run_name(project.name))
    with run.locked():
        run.claim(project.path, project.name, overwrite=overwrite)
        run.sweep()
        try:
            results = run_stages(
                analysis_stages(project, settings), run, executor=executor, observer=observer
            )
        except RefusedInputsError as refusal:
            write_bytes(run.path / ISSUES, _issues(project, [refusal.log]))
            run.discard()
            raise
        files = {name: path for result in results.values() for name, path in result.public().items()}
        ordered = {name: files[name] for name in sorted(files, key=lambda name: (name == MAP, name))}
        logs = [load_issues(results[name].folder) for name in _LOGGED]
        content = manifest(
            project=_project_facts(project),
            results=list(results.values()),
            log=logs[0],
            later=logs[1:],
            facts=_facts(project, settings, results),
            started=started,
            finished=datetime.now(UTC),
        )
        written = run.publish(ordered, content)
        run.prune([result.folder for result in results.values()])
    paths = [run.path / name for name in written if name != MAP] + [run.path / MAP]
    warnings = sum(finding.count for log in logs for finding in log.of_severity(Severity.WARNING))
    return Analysis(project, run.path, tuple(paths), results, warnings)


def analysis_stages(project: Project, settings: AnalysisSettings) -> list[Stage]:
    """Return the stages of a project, in order."""
    title = {
        name: sentence("stages", name)
        for name in ("inputs", "calibration", "coverage", "villages", "dead_zones", "claims", "tables", "layers", "map")
    }
    zones = {code: zone for code, zone in province_zones(project.extra).items() if code in project.provinces}
    all_zones = province_zones(project.extra)
    predicting = {
        "coverage": settings.coverage,
        "ground": settings.ground,
        "cell_size_m": project.cell_size_m,
        "operators": project.operators,
        "date": project.date,
        "zones": zones,
        "terrain": list(project.inputs.get("terrain", ())),
        "land_cover": list(project.inputs.get("land_cover", ())),
        "antenna_patterns": list(project.inputs.get("antenna_patterns", ())),
        "ended": settings.ended,
    }
    named = {"name": project.name, "language": project.language, "date": project.date}
    return [
        Stage(
            "inputs",
            title["inputs"],
            lambda work: write_inputs(work, project),
            files=files_of(project),
            settings=reading_settings(project),
        ),
        Stage(
            "calibration",
            title["calibration"],
            lambda work: _calibration(work, project, settings, all_zones),
            files=files_of(project, ("terrain", "land_cover", "antenna_patterns")),
            settings={**predicting, "calibration": settings.calibration},
            upstream=(
                "inputs/units.parquet",
                "inputs/sites.parquet",
                "inputs/cells.parquet",
                "inputs/measurements.parquet",
            ),
        ),
        Stage(
            "coverage",
            title["coverage"],
            lambda work: _coverage(work, project, settings, all_zones),
            files=files_of(project, ("terrain", "land_cover", "antenna_patterns")),
            settings={**predicting, "fusion": settings.fusion},
            upstream=("inputs/units.parquet", "inputs/sites.parquet", "inputs/cells.parquet", "calibration"),
        ),
        Stage(
            "villages",
            title["villages"],
            lambda work: _villages(work, project, settings),
            files=files_of(project, ("population", "terrain", "land_cover")),
            settings={
                **named,
                "made_up": _made_up(project),
                "villages": settings.villages,
                "coverage": settings.coverage,
                "fusion": settings.fusion,
                "ground": settings.ground,
                "population": list(project.inputs.get("population", ())),
            },
            upstream=(
                "inputs/units.parquet",
                "inputs/sites.parquet",
                "inputs/settlements.parquet",
                "inputs/population.parquet",
                "inputs/buildings.parquet",
                "inputs/facilities.parquet",
                "calibration",
                "coverage",
            ),
        ),
        Stage(
            "dead_zones",
            title["dead_zones"],
            lambda work: _zones(work, project, settings),
            files=files_of(project, ("terrain", "land_cover")),
            settings={
                "coverage": settings.coverage,
                "villages": settings.villages,
                "fusion": settings.fusion,
                "ground": settings.ground,
                "zones": settings.zones,
                "priorities": settings.priorities,
                "date": project.date,
            },
            upstream=(
                "inputs/units.parquet",
                "inputs/sites.parquet",
                "inputs/buildings.parquet",
                "inputs/facilities.parquet",
                "inputs/roads.parquet",
                "calibration",
                "coverage",
                "villages",
            ),
        ),
        Stage(
            "claims",
            title["claims"],
            lambda work: _claims(work, settings),
            settings={"coverage": settings.coverage, "calibration": settings.calibration},
            upstream=(
                "inputs/units.parquet",
                "inputs/sites.parquet",
                "inputs/coverage_claims.parquet",
                "calibration",
                "coverage",
                "villages/people.npy",
            ),
        ),
        Stage(
            "tables",
            title["tables"],
            lambda work: _tables(work, project),
            settings={**named, "operators": project.operators},
            upstream=("inputs/issues.json", "calibration/issues.json", "coverage/issues.json", "villages", "dead_zones", "claims"),
        ),
        Stage(
            "layers",
            title["layers"],
            lambda work: _layers(work, project),
            settings={"date": project.date},
            upstream=("inputs/units.parquet", "inputs/sites.parquet", "villages", "dead_zones", "claims"),
        ),
        Stage(
            "map",
            title["map"],
            lambda work: _map(work, project, settings),
            settings={
                **named,
                "coverage": settings.coverage,
                "calibration": settings.calibration,
                "made_up": _made_up(project),
            },
            upstream=("inputs", "calibration", "coverage", "villages", "dead_zones"),
        ),
    ]


def _network(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
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


def _calibration(
    work: Workspace, project: Project, settings: AnalysisSettings, zones: Mapping[str, Any]
) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    sites, cells = _network(folder)
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


def _coverage(
    work: Workspace, project: Project, settings: AnalysisSettings, zones: Mapping[str, Any]
) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    units = load_frame(folder, "units")
    sites, cells = _network(folder)
    log = IssueLog(issue_catalogue())
    state_ended(settings.ended, sites, cells, project.operators, log)
    learnt = load_corrections(work.upstream["calibration"])
    fusing = None
    if learnt is not None:
        fusing = Fusing(learnt[0], work.upstream["calibration"] / MEASURED, settings.fusion)
    return predict_coverage(
        work,
        frames={"units": units, "sites": sites, "cells": cells},
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


def _villages(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    sites, _ = _network(folder)
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
            _made_up(project),
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


def _zones(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    folder, areas = work.upstream["inputs"], work.upstream["villages"]
    sites, _ = _network(folder)
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


def _claims(work: Workspace, settings: AnalysisSettings) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    sites, _ = _network(folder)
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


def _result_frames(work: Workspace) -> dict[str, pd.DataFrame]:
    names = ("communes", "provinces", "villages", "facilities")
    found = {name: load_frame(work.upstream["villages"], name) for name in names}
    found["dead_zones"] = load_frame(work.upstream["dead_zones"], "dead_zones")
    if "claims" in work.upstream:
        found |= {name: load_frame(work.upstream["claims"], name) for name in CLAIM_TABLES}
    return {name: frame for name, frame in found.items() if frame is not None}


def _tables(work: Workspace, project: Project) -> Mapping[str, Any]:
    record = write_result_tables(
        work,
        frames=_result_frames(work),
        operators=project.operators,
        language=project.language,
        created=project.date,
        title=project.name,
    )
    logs = [load_issues(work.upstream[name]) for name in _LOGGED]
    if any(log.findings for log in logs):
        write_bytes(work.public / ISSUES, _issues(project, logs))
    return record


def _issues(project: Project, logs: Sequence[IssueLog]) -> bytes:
    """Return the issues workbook of several logs."""
    every = IssueLog(issue_catalogue())
    for log in logs:
        every.findings.extend(log.findings)
        every.counts.extend(log.counts)
    return issues_workbook(every, created=project.date, title=project.name)


def _layers(work: Workspace, project: Project) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    sites, _ = _network(folder)
    placed = {name: frame for name, frame in _result_frames(work).items() if name not in _UNPLACED}
    scoped = {name: load_frame(work.upstream["dead_zones"], name) for name in SCOPED}
    placed |= {name: frame for name, frame in scoped.items() if frame is not None}
    return write_result_layers(
        work,
        frames=placed,
        units=load_frame(folder, "units"),
        sites=sites,
        created=project.date,
    )


def _map(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    sites, _ = _network(folder)
    frames = {
        name: arranged_frame(arrange(frame, result_table(name)))
        for name, frame in _result_frames(work).items()
    }
    logs = [load_issues(work.upstream[name]) for name in _LOGGED]
    read = work.records["inputs"]
    language: Literal["vi", "en"] = "en" if project.language == "en" else "vi"
    return write_map(
        work,
        name=project.name,
        day=project.date,
        language=language,
        made_up=_made_up(project),
        predicted=load_coverage(work.upstream["coverage"]),
        units=load_frame(folder, "units"),
        communes=frames["communes"],
        villages=frames.get("villages"),
        sites=sites,
        roads=load_frame(folder, "roads"),
        settings=settings.coverage,
        uncertainty=work.records["coverage"]["uncertainty"],
        learnt=work.records["calibration"],
        calibration=settings.calibration,
        observed=load_frame(work.upstream["calibration"], OBSERVATIONS),
        sources=_sources(logs[0], read["rasters"], project),
        noted=notices(
            logs,
            present={
                "terrain": int("terrain" in read["rasters"]),
                "population_raster": work.records["villages"]["communes_with_population_shares"],
                "population": work.records["villages"]["communes_with_population"],
                "settlements": read["rows"].get("settlements", 0),
                "measurements": read["rows"].get("measurements", 0),
                "measurements_used": int(work.records["calibration"]["used"]),
            },
            defaults_used=work.records["coverage"]["defaults_used"],
            rules=settings.rules,
        ),
    )


def _sources(log: IssueLog, rasters: Sequence[str], project: Project) -> list[DataSource]:
    """Return every table with its rows used, then the rasters."""
    tables = [
        DataSource(str(count.source), count.rows_used, kind=kind_name(count.kind)) for count in log.counts
    ]
    pictures = [
        DataSource(label, None, kind=kind_name(kind))
        for kind in rasters
        for label in files_of(project, (kind,))
        if label not in {count.source.file for count in log.counts}
    ]
    return [*tables, *pictures]


def _made_up(project: Project) -> bool:
    """Tell whether the department's own catalogue says that the province is made up."""
    entries = project.extra.get("province", [])
    return isinstance(entries, list) and any(
        isinstance(entry, Mapping)
        and entry.get("made_up") is True
        and str(entry.get("code")) in project.provinces
        for entry in entries
    )


def _project_facts(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "file": project.path.name,
        "sha256": fingerprint(project.path).sha256,
        "provinces": project.provinces,
        "operators": project.operators,
        "date": project.date,
        "cell_size_m": project.cell_size_m,
        "language": project.language,
        "made_up": _made_up(project),
    }


def _facts(
    project: Project, settings: AnalysisSettings, results: Mapping[str, StageResult]
) -> dict[str, Any]:
    return {
        "settings": {
            "reading": project.settings,
            "coverage": settings.coverage,
            "ground": settings.ground,
            "villages": settings.villages,
            "calibration": settings.calibration,
            "fusion": settings.fusion,
            "dead_zones": settings.zones,
            "priorities": settings.priorities,
        },
        "settings_left_to_defaults": sorted(project.defaults_used),
        "rules": {
            "catalogue": project.rules_catalogue,
            "extra": None if project.extra_path is None else project.extra_path.name,
            "extra_sha256": None if project.extra_path is None else fingerprint(project.extra_path).sha256,
            "used": settings.rules,
        },
        "defaults_used": results["coverage"].record["defaults_used"],
        "clutter": results["coverage"].record["clutter"],
        "model": {
            "name": MODEL,
            "indoor": f"{INDOOR_MODEL}, {settings.coverage.building_kind}",
            "end_loss": END_MODEL if settings.ground.end_loss == "p2108" else None,
            "corrected": results["calibration"].record["used"],
            "score": results["calibration"].record.get("score"),
        },
    }
