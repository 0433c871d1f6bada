"""The last stages: the map in its two editions, from what the stages before left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from geo.dead_zones.priority import TERMS
from geo.mapping import DataSource, MapContent, public_content
from geo.pipeline.calibrating import OBSERVATIONS
from geo.pipeline.engine import PUBLIC, Workspace
from geo.pipeline.map_areas import area_layers, register_layer
from geo.pipeline.map_themes import street_year_frame, theme_layers
from geo.pipeline.people_figures import people_figures
from geo.pipeline.predicting import load_coverage
from geo.pipeline.reading import files_of, load_frame, load_issues
from geo.pipeline.results import arranged_frame, result_frames
from geo.pipeline.settings import AnalysisSettings
from geo.pipeline.showing import kind_name, map_content, notices, write_map
from geo.pipeline.steps import made_up, network_of
from geo.project import Project
from geo.report.tables import arrange, result_table
from geo.validation import IssueLog

__all__ = ["LOGGED", "MAP", "PUBLIC_MAP", "content_of", "write_internal_map", "write_public_map"]

MAP = "index.html"
#: The public edition, when a run was asked for it: in a folder of its own, which can be passed on as it is.
PUBLIC_MAP = "public/index.html"
#: Stages that state findings.
LOGGED = ("inputs", "calibration", "coverage", "villages", "dead_zones", "ipv6", "standards", "planning", "candidates", "proposals")
#: Finding that 5G levels may be the LTE anchor's.
_ANCHOR = "sample_five_g_anchor"


def write_internal_map(work: Workspace, project: Project, settings: AnalysisSettings, run: Path | None) -> Mapping[str, Any]:
    """Write the internal edition; return its size and how much it shows.

    Parameters
    ----------
    work : Workspace
        Of a stage that comes after ``planning`` and ``tables``.
    project : Project
    settings : AnalysisSettings
    run : Path or None
        The run folder, whose register the map shows.
    """
    return write_map(work, content_of(work, project, settings, run), MAP)


def write_public_map(work: Workspace, project: Project, settings: AnalysisSettings) -> Mapping[str, Any]:
    """Write the public edition; return its size and how much it shows.

    Warnings name files, rows and sites, so that of the notices only those on rules and settings are in it.

    Parameters
    ----------
    work : Workspace
        Of a stage that comes after all those of the internal map.
    project : Project
    settings : AnalysisSettings
    """
    read, counted = work.records["inputs"], work.records["villages"]
    said = notices(
        (),
        present={
            "terrain": int("terrain" in read["rasters"]),
            "population_raster": counted["communes_with_population_shares"],
            "population": counted["communes_with_population"],
            "settlements": read["rows"].get("settlements", 0),
        },
        defaults_used={},
        rules=settings.rules,
    )
    return write_map(work, public_content(content_of(work, project, settings, None), notices=said), PUBLIC_MAP)


def content_of(work: Workspace, project: Project, settings: AnalysisSettings, run: Path | None) -> MapContent:
    """Return what the map shows, and the atlas after it.

    Parameters
    ----------
    work : Workspace
        Of a stage that comes after ``planning`` and ``tables``.
    project : Project
    settings : AnalysisSettings
    run : Path or None
        The run folder, whose register belongs to it.
    """
    folder = work.upstream["inputs"]
    sites, _ = network_of(folder)
    found = result_frames(work.upstream)
    frames = {name: arranged_frame(arrange(found[name], result_table(name))) for name in ("communes", "villages") if name in found}
    logs = [load_issues(work.upstream[name]) for name in LOGGED]
    read = work.records["inputs"]
    language: Literal["vi", "en"] = "en" if project.language == "en" else "vi"
    changes, stale = (None, None) if run is None else register_layer(run, work.upstream["tables"] / PUBLIC / "tables" / "dead_zones.csv")
    areas = list(area_layers(work))
    areas[1:1] = [] if changes is None else [changes]
    return map_content(
        name=project.name,
        day=project.date,
        language=language,
        made_up=made_up(project),
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
        areas=areas,
        areas_missing=[] if stale is None else [stale],
        themes=list(theme_layers(work, settings.standards.rules)),
        people=people_figures(work, settings.coverage),
        street_years=street_year_frame(work),
        priority_weights={term: getattr(settings.priorities, f"{term}_weight") for term in TERMS},
        five_g_anchor=any(finding.kind.code == _ANCHOR for finding in logs[0].findings),
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
