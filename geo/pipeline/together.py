"""A chosen plan computed at once, with the coverage function that ``communes.csv`` comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from geo.compute import Piece, run_pieces
from geo.io.rasters import read_array
from geo.io.resources import issue_catalogue
from geo.pipeline.areas import people_of_plans
from geo.pipeline.calibrating import load_corrections
from geo.pipeline.engine import Workspace
from geo.pipeline.planning import AFTER, COVER_CODES
from geo.pipeline.predicting import load_coverage, load_radio
from geo.pipeline.reading import load_antennas, load_frame
from geo.pipeline.settings import AnalysisSettings
from geo.planning.cover import place_lines
from geo.planning.gains import Service
from geo.planning.together import TOGETHER, joint_tasks, together, write_joint
from geo.project import Project
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog
from geo.villages.points import village_points

__all__ = ["beside_together", "plan_together"]

_LINE = ["line_id", "operator", "lon", "lat", "technologies", "height_m", "file", "sheet", "row"]


def plan_together(
    work: Workspace, project: Project, settings: AnalysisSettings, *, chosen: Sequence[tuple[int, Sequence[str], int]], places: pd.DataFrame,
    lines: pd.DataFrame | None, computed: pd.DataFrame | None, ground: GroundModel,
) -> list[dict[str, float]]:  # fmt: skip
    """Return what the registered lines (first) and the chosen sites of each year gain, standing together (:func:`geo.planning.together.together`).

    Parameters
    ----------
    work : Workspace
    project : Project
    settings : AnalysisSettings
    chosen : sequence of (place, operators, year)
        Position in ``places``, who goes on air there, position of the year.
    places : DataFrame
        Columns :data:`geo.planning.candidates.PLACE_COLUMNS`.
    lines, computed : DataFrame or None
        Registered lines, and those whose reach was computed (``line_id``).
    ground : GroundModel
    """
    predicted, areas = load_coverage(work.upstream["coverage"]), work.upstream["villages"]
    service = Service(predicted.coverage, settings.coverage)
    after = read_array(work.upstream["planning"] / AFTER)
    service.state = np.array(after, dtype=np.uint8)
    of_place = {(str(places["place_id"].iloc[place]), o): 1 + year for place, who, year in chosen for o in who}
    sites = place_lines(places.iloc[sorted({place for place, _, _ in chosen})])
    step = [of_place.get(key, -1) for key in zip(sites["place_id"], sites["operator"], strict=True)]
    rows, steps = [sites.assign(step=step).query("step >= 0")[[*_LINE, "step"]]], 1 + len(settings.objective.years)
    if lines is not None and computed is not None:
        rows.insert(0, lines[lines["line_id"].isin(computed["line_id"])][_LINE].assign(step=0))
    standing = pd.concat(rows, ignore_index=True) if len(rows) > 1 else rows[0].reset_index(drop=True)
    learnt, radio = load_corrections(work.upstream["calibration"]), load_radio(work.upstream["coverage"])
    codes = next((p for stage in ("planning", "candidates") if (p := work.upstream[stage] / COVER_CODES).is_file()), None)
    tasks = [] if standing.empty else joint_tasks(
        standing, standing["step"].tolist(), grid=service.grid, inside=np.asarray(predicted.index) >= 0, ground=ground, settings=settings.coverage,
        on=project.date, log=IssueLog(issue_catalogue()), patterns=load_antennas(project), corrections=None if learnt is None else learnt[0],
        radio=None if radio is None else radio[0], cover_codes=None if codes is None or learnt is None else read_array(codes),
    )  # fmt: skip
    records: list[Any] = run_pieces(work.executor, write_joint, [Piece(f"joint_{t.name}", t) for t in tasks], work.pieces)
    people = people_of_plans(areas, work.upstream["coverage"])
    villages, near = load_frame(areas, "villages"), areas / "cells_of_villages.npy"
    none = np.zeros(0, dtype=np.int64)
    at = (none, none) if villages is None else village_points(
        villages["lon"].to_numpy(dtype=float), villages["lat"].to_numpy(dtype=float), predicted.coverage, read_array(near) if near.is_file() else None
    )  # fmt: skip
    return together(service, records, work.pieces, steps=steps, people=np.zeros(service.grid.shape) if people is None else people, villages=at)


def beside_together(years: pd.DataFrame, found: Sequence[dict[str, float]] | None) -> pd.DataFrame:
    """Return ``plan_years`` with what the sites gain together beside what the choice counted of each alone (``together_...``; NaN not computed).

    Parameters
    ----------
    years : DataFrame
        :func:`geo.pipeline.proposal_tables.years_of_plan`: a row per year, the whole plan last.
    found : sequence of dict or None
        Of :func:`plan_together`, lines first.
    """
    of_years = None if found is None else [*found[1:], {name: sum(step[name] for step in found[1:]) for name in TOGETHER}]
    return years.assign(**{f"together_{name}": np.nan if of_years is None else [row[name] for row in of_years] for name in TOGETHER})
