"""The stage that writes what is printed: the atlas, the leader's page, the draft of the plan.

It is asked for by its own command. A run folder that has them keeps them as long as they belong to its results: the
analysis takes them over if their stage is complete under the same key, and drops them if it is not, so that no printed
page ever lies beside figures that are not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from geo.io.files import write_bytes
from geo.io.run_folder import RunFolder
from geo.mapping import MapContent
from geo.pipeline.engine import Stage, Workspace
from geo.pipeline.map_areas import register_digest
from geo.pipeline.people_figures import FIGURES
from geo.pipeline.reading import load_frame, load_norms
from geo.pipeline.results import arranged_frame
from geo.pipeline.showing import sentence
from geo.report.atlas import build_atlas
from geo.report.leader import build_summary
from geo.report.plan_document import build_plan
from geo.report.printed import Printed
from geo.report.tables import arrange, result_table

__all__ = ["ATLAS", "PLAN", "SUMMARY", "ReportOptions", "options_made", "printed_of", "report_stage"]

ATLAS, SUMMARY, PLAN = "atlas.pdf", "summary.pdf", "plan.docx"
_STAGE = "report"
_MEASUREMENTS = "measurements_planned"
#: Norms of what the plan proposes; the others are of upkeep and of cable.
_ACTIONS = ("build", "share", "upgrade")


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How the atlas is printed.

    Attributes
    ----------
    paper : {"A3", "A4"}
    language : {"vi", "en"}
    """

    paper: str
    language: Literal["vi", "en"]


def report_stage(
    options: ReportOptions, shown: Stage, content: Callable[[Workspace], MapContent], folder: Path, *, if_made: bool
) -> Stage:
    """Return the stage of the printed pages.

    Parameters
    ----------
    options : ReportOptions
    shown : Stage
        That builds the map: what it depends on these pages depend on, and on what plans left.
    content : callable
        Returns what the map shows.
    folder : Path
        The run folder, whose register is printed.
    if_made : bool
        Take what is there, and make nothing.
    """
    return Stage(
        _STAGE,
        sentence("stages", _STAGE),
        lambda work: _write(work, options, content(work)),
        settings={"map": shown.settings, "paper": options.paper, "language": options.language, "register": register_digest(folder)},
        upstream=(*(item for item in shown.upstream if not item.startswith(("planning", "proposals", "sampling"))), "planning", "proposals", "sampling"),
        if_made=if_made,
    )


def options_made(run: RunFolder) -> ReportOptions | None:
    """Return with which options the run folder's pages were printed; None where there are none."""
    for folder in sorted(run.stages.glob(f"{_STAGE}-*")):
        record = run.finished(folder)
        if record is not None:
            return ReportOptions(str(record["paper"]), "en" if record["language"] == "en" else "vi")
    return None


def _write(work: Workspace, options: ReportOptions, content: MapContent) -> Mapping[str, Any]:
    printed = printed_of(work.upstream, replace(content, language=options.language))
    files = {ATLAS: build_atlas(printed, paper=options.paper), SUMMARY: build_summary(printed), PLAN: build_plan(printed)}
    for name, made in files.items():
        write_bytes(work.public / name, made)
    return {"paper": options.paper, "language": options.language, "bytes": {name: len(made) for name, made in files.items()}}


def printed_of(folders: Mapping[str, Path], content: MapContent) -> Printed:
    """Return what is printed of a run.

    Parameters
    ----------
    folders : mapping
        Of the stages ``inputs``, ``villages``, ``planning``, ``proposals`` and ``sampling``.
    content : MapContent
    """
    provinces = _table(folders, "villages", "provinces")
    totals = None if provinces is None else provinces[provinces["area_level"].eq("total")]
    planned = load_frame(folders["sampling"], _MEASUREMENTS) if "sampling" in folders else None
    norms = load_norms(folders["inputs"]) if "inputs" in folders else None
    return Printed(
        content=content,
        totals=None if totals is None or not len(totals) else {str(name): value for name, value in totals.iloc[0].items()},
        people=dict(zip(FIGURES, content.people, strict=False)),
        plans=_table(folders, "planning", "operator_plans"),
        remainder=_table(folders, "planning", "unserved_after_plans"),
        inventory=_table(folders, "planning", "inventory_communes"),
        sharing=_table(folders, "planning", "sharing"),
        planned=_table(folders, "proposals", "sites_planned"),
        planned_years=_table(folders, "proposals", "plan_years"),
        sharing_rates=_table(folders, "planning", "sharing_rates"),
        planned_gains=_table(folders, "proposals", "sites_planned_gains"),
        plan_villages=_table(folders, "proposals", "plan_villages"),
        price_curve=_table(folders, "proposals", "plan_price_curve"),
        norm_sources=() if norms is None else tuple((n.source, n.year) for n in norms.norms if n.item in _ACTIONS),
        measurements=planned,
        street_projects=_table(folders, "planning", "undergrounding_projects"),
        street_years=_table(folders, "planning", "undergrounding_years"),
        stops_planned=None if planned is None else int(planned["stop"].nunique()),
    )


def _table(folders: Mapping[str, Path], stage: str, name: str) -> pd.DataFrame | None:
    """Return a table with the values that its CSV has."""
    frame = load_frame(folders[stage], name) if stage in folders else None
    return None if frame is None else arranged_frame(arrange(frame, result_table(name)))
