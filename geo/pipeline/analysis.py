"""The main job: from a project file to the run folder, by stages that resume."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from geo.compute import Executor
from geo.coverage import MODEL
from geo.io.files import write_bytes
from geo.io.fingerprints import fingerprint
from geo.io.inputs import province_zones
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.io.run_folder import RunFolder, run_name
from geo.io.stage_files import write_frame
from geo.pipeline.candidates import candidate_stage
from geo.pipeline.engine import Observer, Silent, Stage, StageResult, Workspace, run_stages
from geo.pipeline.ipv6 import IPV6_TABLES, ask_about_portals, measure_ipv6, portal_answers
from geo.pipeline.manifest import manifest
from geo.pipeline.map_areas import register_digest
from geo.pipeline.map_stage import LOGGED, MAP, PUBLIC_MAP, content_of, write_internal_map, write_public_map
from geo.pipeline.people_figures import people_figures, people_table
from geo.pipeline.planning import PLAN_LAYERS, PLAN_TABLES, plan_stage
from geo.pipeline.proposals import PROPOSAL_LAYERS, PROPOSAL_TABLES, proposal_stage
from geo.pipeline.reading import (
    RefusedInputsError,
    files_of,
    load_frame,
    load_issues,
    reading_settings,
    write_inputs,
)
from geo.pipeline.register_sheet import with_register_sheet
from geo.pipeline.reporting import ReportOptions, options_made, report_stage
from geo.pipeline.results import (
    PEOPLE,
    result_frames,
    write_result_layers,
    write_result_tables,
)
from geo.pipeline.sampling import sampling_stage
from geo.pipeline.settings import AnalysisSettings, analysis_settings
from geo.pipeline.showing import sentence
from geo.pipeline.standards import STANDARD_INPUTS, STANDARD_TABLES, judge_areas
from geo.pipeline.steps import (
    class_places,
    hold_claims,
    learn,
    look_for_candidates,
    made_up,
    network_of,
    outline_zones,
    plan,
    plan_trips,
    predict,
    propose_sites,
)
from geo.pipeline.zones import SCOPED
from geo.project import Project
from geo.propagation.p2108 import MODEL as END_MODEL
from geo.propagation.p2109 import MODEL as INDOOR_MODEL
from geo.report.annexes import ANNEX_INPUTS, annex_frames
from geo.report.issues import issues_workbook
from geo.validation import IssueLog, Severity

__all__ = ["MAP", "PUBLIC_MAP", "Analysis", "analyse", "analysis_stages", "check_standards"]

ISSUES = "issues.xlsx"
#: Found while reading, about coverage alone.
_OF_COVERAGE = frozenset({"terrain_missing", "sites_not_given", "settlements_missing"})
STANDARDS_WORKBOOK = "standards.xlsx"
#: Tables whose rows are areas by name, and places nowhere.
_UNPLACED = ("provinces", "claims_by_commune", *IPV6_TABLES)


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
    ask_portals: bool | None = None,
    report: ReportOptions | None = None,
    public: bool = False,
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
    ask_portals : bool, optional
        Whether the network is asked about portals; as the project file has it (``[settings.ipv6] ask``, false unless given) if None.
    report : ReportOptions, optional
        Print the atlas and the leader's page, too. Without it those of an earlier run stay if they are of these very results, else they go.
    public : bool
        Make the public edition of the map too. Once it stands in the run folder every run makes it again, so that it is never of an earlier state.

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
            if settings.ask_portals if ask_portals is None else ask_portals:
                _ask_portals(project, settings, run, executor=executor, observer=observer)
            answers = portal_answers(run.path)
            editions = public or (run.path / PUBLIC_MAP).is_file()
            stages = analysis_stages(project, settings, run.path, answers=answers if answers.is_file() else None, public=editions)
            options = report or options_made(run)
            if options is not None:
                shown = next(stage for stage in stages if stage.name == "map")
                stages.append(report_stage(options, shown, lambda work: content_of(work, project, settings, run.path), run.path, if_made=report is None))
            results = run_stages(stages, run, executor=executor, observer=observer)
        except RefusedInputsError as refusal:
            write_bytes(run.path / ISSUES, _issues(project, [refusal.log]))
            run.discard()
            raise
        files = {name: path for result in results.values() for name, path in result.public().items()}
        ordered = {name: files[name] for name in sorted(files, key=lambda name: (name == MAP, name))}
        logs = [load_issues(results[name].folder) for name in LOGGED]
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
        with_register_sheet(run.path)  # one made against these zones still stands beside them
    paths = [run.path / name for name in written if name != MAP] + [run.path / MAP]
    warnings = sum(finding.count for log in logs for finding in log.of_severity(Severity.WARNING))
    return Analysis(project, run.path, tuple(paths), results, warnings)


def check_standards(
    project_file: Path,
    out: Path,
    *,
    executor: Executor,
    observer: Observer | None = None,
    overwrite: bool = False,
) -> Analysis:
    """Run what the verdicts need, and write their tables alone; an analysis takes up from there.

    Parameters
    ----------
    project_file, out, executor, observer, overwrite
        As for :func:`analyse`.

    Raises
    ------
    ProjectFileError, RefusedInputsError, InputError
        As :func:`analyse` does.
    """
    project = read_project(project_file)
    settings = analysis_settings(project)
    run = RunFolder(out / run_name(project.name))
    answers = portal_answers(run.path)
    stages = analysis_stages(project, settings, answers=answers if answers.is_file() else None)
    last = next(i for i, stage in enumerate(stages) if stage.name == "standards")
    wanted = {"inputs", "calibration", "coverage", "villages", "ipv6", "standards"}
    if _without_coverage(project):
        # Nothing to predict from: what was measured and reported is judged all the same, and villages are counted by nobody.
        wanted -= {"calibration", "coverage", "villages"}
    needed = [
        replace(stage, upstream=tuple(name for name in stage.upstream if name.partition("/")[0] in wanted))
        for stage in stages[: last + 1] if stage.name in wanted
    ]  # fmt: skip
    needed.append(
        Stage(
            "standard_tables",
            sentence("stages", "tables"),
            lambda work: _standard_tables(work, project),
            settings={"name": project.name, "language": project.language, "date": project.date, "operators": project.operators},
            upstream=("standards", "ipv6", *(f"{name}/issues.json" for name in LOGGED if name in wanted - {"ipv6", "standards"})),
        )
    )  # fmt: skip
    with run.locked():
        run.claim(project.path, project.name, overwrite=overwrite)
        run.sweep()
        try:
            results = run_stages(needed, run, executor=executor, observer=observer)
        except RefusedInputsError as refusal:
            write_bytes(run.path / ISSUES, _issues(project, [refusal.log]))
            run.discard()
            raise
        names = run.add(results["standard_tables"].public())
        logs = [_of_standards(load_issues(results[name].folder), project) for name in LOGGED if name in results]
    warnings = sum(finding.count for log in logs for finding in log.of_severity(Severity.WARNING))
    return Analysis(project, run.path, tuple(run.path / name for name in names), results, warnings)


def _without_coverage(project: Project) -> bool:
    """Tell whether there is nothing to predict coverage from."""
    return not project.inputs.get("sites") and not project.inputs.get("cells")


def _of_standards(log: IssueLog, project: Project) -> IssueLog:
    """Return a log without what coverage alone lacks, where no coverage is computed: verdicts lack nothing of it."""
    if _without_coverage(project):
        log.findings[:] = [finding for finding in log.findings if finding.kind.code not in _OF_COVERAGE]
    return log


def _ask_portals(
    project: Project, settings: AnalysisSettings, run: RunFolder, *, executor: Executor, observer: Observer | None
) -> None:
    """Read the inputs, or take them as they were read, and ask the network about the portals among them."""
    reading = analysis_stages(project, settings)[:1]
    read = run_stages(reading, run, executor=executor, observer=observer)["inputs"]
    portals = load_frame(read.folder, "portals")
    if portals is None or portals.empty:
        return
    watch = observer if observer is not None else Silent()
    asking = Stage("asking", sentence("stages", "asking"), lambda _: {})
    watch.started(asking, 1, 1)
    begin = time.perf_counter()
    n = ask_about_portals(run.path, portals, settings, lambda done, total: watch.advanced(asking, done, total))
    watch.ended(StageResult(asking, "", run.path, {"portals": n}, {}, reused=False, seconds=time.perf_counter() - begin))


def analysis_stages(
    project: Project, settings: AnalysisSettings, folder: Path | None = None, *, answers: Path | None = None, public: bool = False
) -> list[Stage]:
    """Return the stages of a project, in order.

    ``folder`` is the run folder, whose register the map shows; ``answers`` the file of what portals answered, if there is one;
    ``public`` adds the public edition of the map.
    """
    title = {
        name: sentence("stages", name)
        for name in ("inputs", "calibration", "coverage", "villages", "dead_zones", "claims", "ipv6", "standards", "planning", "candidates", "proposals", "sampling", "tables", "layers", "map", "public_map")
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
    drawn: dict[str, Any] = {
        "priorities": settings.priorities,
        **named,
        "coverage": settings.coverage,
        "calibration": settings.calibration,
        "made_up": made_up(project),
        "standards": settings.standards,
    }
    stages = [
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
            lambda work: learn(work, project, settings, all_zones),
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
            lambda work: predict(work, project, settings, all_zones),
            files=files_of(project, ("terrain", "land_cover", "antenna_patterns")),
            settings={**predicting, "fusion": settings.fusion},
            upstream=("inputs/units.parquet", "inputs/sites.parquet", "inputs/cells.parquet", "calibration"),
        ),
        Stage(
            "villages",
            title["villages"],
            lambda work: class_places(work, project, settings),
            files=files_of(project, ("population", "terrain", "land_cover")),
            settings={
                **named,
                "made_up": made_up(project),
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
            lambda work: outline_zones(work, project, settings),
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
            lambda work: hold_claims(work, settings),
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
            "ipv6",
            title["ipv6"],
            lambda work: measure_ipv6(work, settings, answers),
            files={} if answers is None else {answers.name: answers},
            settings={"allowed_ports": settings.asking.allowed_ports, "allowed_networks": settings.asking.allowed_networks, "mail": settings.asking.check_mail_port},
            upstream=("inputs/units.parquet", "inputs/ipv6_tests.parquet", "inputs/portals.parquet"),
        ),
        Stage(
            "standards",
            title["standards"],
            lambda work: judge_areas(work, project, settings),
            settings={
                "date": project.date,
                "language": project.language,
                "operators": project.operators,
                "standards": settings.standards,
                "service": settings.service,
                "evidence": settings.evidence,
            },
            upstream=(
                *(f"inputs/{name}.parquet" for name in STANDARD_INPUTS),
                "villages/communes.parquet",
                "villages/villages.parquet",
                "ipv6/ipv6_shares.parquet",
            ),
        ),
        plan_stage(project, settings, title["planning"], lambda work: plan(work, project, settings)),
        candidate_stage(project, settings, title["candidates"], lambda work: look_for_candidates(work, project, settings)),
        proposal_stage(project, settings, title["proposals"], lambda work: propose_sites(work, project, settings)),
        sampling_stage(project, settings, title["sampling"], lambda work: plan_trips(work, project, settings)),
        Stage(
            "tables",
            title["tables"],
            lambda work: _tables(work, project, settings),
            settings={**named, "operators": project.operators, "counting": settings.coverage.counting},
            upstream=("inputs/issues.json", "inputs/units.parquet", *(f"inputs/{kind}.parquet" for kind in ANNEX_INPUTS), "calibration/issues.json", "coverage", "villages", "dead_zones", "claims", "standards", "ipv6", "planning", "candidates/issues.json", "proposals", "sampling"),
        ),
        Stage(
            "layers",
            title["layers"],
            lambda work: _layers(work, project),
            settings={"date": project.date, "language": project.language},
            upstream=(
                "inputs/units.parquet", "inputs/sites.parquet", "inputs/coverage_claims.parquet", "villages", "dead_zones", "claims", "planning", "proposals", "sampling",
            ),
        ),
        Stage(
            "map",
            title["map"],
            lambda work: write_internal_map(work, project, settings, folder),
            settings={**drawn, "register": None if folder is None else register_digest(folder)},
            upstream=("inputs", "calibration", "coverage", "villages", "dead_zones", "claims", "tables", "standards", "ipv6", "planning", "candidates/issues.json", "proposals", "sampling"),
        ),
    ]
    if public:
        stages.append(
            Stage(
                "public_map",
                title["public_map"],
                lambda work: write_public_map(work, project, settings),
                settings={**drawn, "rules": settings.rules},
                upstream=("inputs", "calibration", "coverage", "villages", "dead_zones", "claims", "tables", "standards", "ipv6", "planning", "candidates/issues.json", "proposals", "sampling"),
            )
        )
    return stages


def _standard_tables(work: Workspace, project: Project) -> Mapping[str, Any]:
    """Write the tables of verdicts, and what was found in the inputs: rows that were left out are nobody's secret."""
    record = write_result_tables(
        work, frames=_standard_frames(work), operators=project.operators, language=project.language, created=project.date, title=project.name,
        file=STANDARDS_WORKBOOK,
    )  # fmt: skip
    logs = [_of_standards(load_issues(work.upstream[name]), project) for name in LOGGED if name in work.upstream]
    if any(log.findings for log in logs):
        write_bytes(work.public / ISSUES, _issues(project, logs))
    return record


def _standard_frames(work: Workspace) -> dict[str, pd.DataFrame]:
    frames = {name: load_frame(work.upstream["standards"], name) for name in STANDARD_TABLES}
    # The stage of IPv6 runs for the verdicts: what it found is handed over too, where it found anything.
    return frames | {name: frame for name in IPV6_TABLES if (frame := load_frame(work.upstream["ipv6"], name)) is not None}


def _tables(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    people = people_table(people_figures(work, settings.coverage), "en" if project.language == "en" else "vi")
    write_frame(work.folder / f"{PEOPLE}.parquet", people)
    record = write_result_tables(
        work,
        frames=_with_annexes(work, result_frames({**work.upstream, "tables": work.folder})),
        operators=project.operators,
        language=project.language,
        created=project.date,
        title=project.name,
    )
    logs = [load_issues(work.upstream[name]) for name in LOGGED]
    if any(log.findings for log in logs):
        write_bytes(work.public / ISSUES, _issues(project, logs))
    return record


def _with_annexes(work: Workspace, frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with the annexes behind them, where the run has a plan."""
    if not work.records["planning"]["asked"]:
        return frames
    folder = work.upstream["inputs"]
    units = load_frame(folder, "units")
    works = {kind: frame for kind in ANNEX_INPUTS if (frame := load_frame(folder, kind)) is not None}
    return frames | annex_frames(frames, works, dict(zip(units["commune_code"].astype(str), units["commune_name"].astype(str), strict=True)))


def _issues(project: Project, logs: Sequence[IssueLog]) -> bytes:
    """Return the issues workbook of several logs."""
    every = IssueLog(issue_catalogue())
    for log in logs:
        every.findings.extend(log.findings)
        every.counts.extend(log.counts)
        every.areas.extend(log.areas)
    return issues_workbook(every, created=project.date, title=project.name)


def _layers(work: Workspace, project: Project) -> Mapping[str, Any]:
    folder = work.upstream["inputs"]
    sites, _ = network_of(folder)
    unplaced = {*_UNPLACED, *PLAN_TABLES, *PROPOSAL_TABLES} - {*PLAN_LAYERS, *PROPOSAL_LAYERS}
    placed = {name: frame for name, frame in result_frames(work.upstream).items() if name not in unplaced}
    placed |= {name: frame for name in SCOPED if (frame := load_frame(work.upstream["dead_zones"], name)) is not None}
    return write_result_layers(
        work,
        frames=placed,
        units=load_frame(folder, "units"),
        sites=sites,
        created=project.date,
        claims=load_frame(folder, "coverage_claims"),
        language=project.language,
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
        "made_up": made_up(project),
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
            "service_quality": settings.service,
            "evidence": settings.evidence,
            "ipv6": settings.asking,
            "candidates": settings.candidates,
            "objective": settings.objective,
            "sampling": settings.sampling,
            "undergrounding": settings.undergrounding,
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
