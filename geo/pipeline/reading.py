"""The stage that reads the inputs, and what later stages take from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from geo.errors import InputError
from geo.io.antenna_patterns import AntennaLibrary, read_antenna_patterns
from geo.io.files import read_json, write_json
from geo.io.fingerprints import companions
from geo.io.inputs import READ_KINDS, read_inputs
from geo.io.land_cover import LandCover, join_land_cover, open_land_cover
from geo.io.norms import Norm, Norms, undergrounding_asked
from geo.io.population_raster import PopulationRaster, open_population_raster
from geo.io.project import InputFile, input_files
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_frame, read_issues, write_frame, write_issues
from geo.io.terrain import Terrain, open_terrain
from geo.network import CELL_COLUMNS, SITE_COLUMNS
from geo.pipeline.engine import Workspace
from geo.planning.several_lists import one_row_per_mast
from geo.project import Project
from geo.validation import IssueLog, Severity

__all__ = [
    "RefusedInputsError",
    "empty_network",
    "files_of",
    "load_antennas",
    "load_frame",
    "load_issues",
    "load_land_cover",
    "load_norms",
    "load_population_raster",
    "load_terrain",
    "reading_settings",
    "write_inputs",
]

_ISSUES = "issues.json"
_NORMS = "norms.json"
_RASTER_SUFFIXES = (".tif", ".tiff")


class RefusedInputsError(InputError):
    """The inputs hold errors: nothing is analysed.

    Attributes
    ----------
    log : IssueLog
        Everything that was found.
    """

    def __init__(self, log: IssueLog) -> None:
        self.log = log
        found = log.of_severity(Severity.ERROR)
        rows = sum(finding.count for finding in found)
        first = found[0]
        super().__init__(
            f"Dữ liệu có {len(found)} lỗi ({rows} chỗ), chưa phân tích; lỗi đầu tiên, {first.source}: "
            f"{first.title.vi}. Xem hết trong issues.xlsx.",
            f"The inputs have {len(found)} errors ({rows} places), nothing was analysed; the first, {first.source}: "
            f"{first.title.en}. All of them are in issues.xlsx.",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the log."""
        return type(self), (self.log,)


def _named(project: Project, kind: str) -> list[InputFile]:
    """Return the files of a kind; none where the reader will have to say that they are missing."""
    try:
        return input_files(project, kind)
    except InputError:
        return []


def files_of(project: Project, kinds: tuple[str, ...] = READ_KINDS) -> dict[str, Path]:
    """Return every file that reading depends on: label to path, companions such as ``.dbf`` with them."""
    found: dict[str, Path] = {}
    for kind in kinds:
        for item in _named(project, kind):
            for path in (item.path, *companions(item.path)):
                if path.is_file():
                    found[item.file if path == item.path else f"{item.file}:{path.name}"] = path
    costs = project.plan.get("costs")
    if "operator_plans" in kinds and isinstance(costs, str) and (project.folder / costs).is_file():
        found[costs] = project.folder / costs
    return found


def reading_settings(project: Project) -> Mapping[str, object]:
    """Return what reading depends on besides the files."""
    return {
        "inputs": {kind: list(entries) for kind, entries in project.inputs.items()},
        "provinces": project.provinces,
        "operators": project.operators,
        "date": project.date,
        "settings": project.settings,
        "extra": project.extra,
        "costs": project.plan.get("costs"),
        "undergrounding": undergrounding_asked(project.inputs, project.plan),
        "proposed": {key: project.plan.get(key) for key in ("ground_class", "building_class", "discreet_class")} if project.plan.get("budget_vnd") else None,
    }


def write_inputs(work: Workspace, project: Project) -> Mapping[str, Any]:
    """Read all inputs and keep frames and findings; return the counts.

    Raises
    ------
    RefusedInputsError
        If anything found is an error.
    """
    log = IssueLog(issue_catalogue())
    done: list[str] = []

    def advance(kind: str) -> None:
        work.progress(len(done), len(READ_KINDS))
        done.append(kind)

    inputs = read_inputs(project, log, progress=advance)
    if log.has_errors:
        raise RefusedInputsError(log)
    planning = dict(inputs.planning)
    if "masts" in planning:
        planning["masts"] = one_row_per_mast(planning["masts"], same_mast_m=project.settings.same_mast_m, log=log)
    frames: dict[str, pd.DataFrame | None] = {
        "units": inputs.units,
        "sites": None if inputs.network is None else inputs.network.sites,
        "cells": None if inputs.network is None else inputs.network.cells,
        "unplaced": None if inputs.network is None else inputs.network.unplaced,
        "measurements": inputs.measurements,
        "path_loss": inputs.path_loss,
        "speed_tests": inputs.speed_tests,
        "ipv6_tests": inputs.ipv6_tests,
        "portals": inputs.portals,
        "declarations": inputs.declarations,
        "reported_indicators": inputs.reported_indicators,
        "coverage_claims": inputs.coverage_claims,
        "settlements": inputs.settlements,
        "population": inputs.population,
        "facilities": inputs.facilities,
        "buildings": inputs.buildings,
        "roads": inputs.roads,
        "streets": inputs.streets,
        **planning,
    }
    for name, frame in frames.items():
        if frame is not None:
            write_frame(work.folder / f"{name}.parquet", frame)
    if inputs.norms is not None:
        write_json(work.folder / _NORMS, {"file": inputs.norms.file, "norms": [asdict(norm) for norm in inputs.norms.norms]})
    write_issues(work.folder / _ISSUES, log)
    return {
        "rows": {name: len(frame) for name, frame in frames.items() if frame is not None},
        "rasters": [
            name
            for name, part in (
                ("terrain", inputs.terrain),
                ("population", inputs.population_raster),
                ("land_cover", inputs.land_cover),
            )
            if part is not None
        ],
    }


def load_frame(folder: Path, name: str) -> Any:
    """Return a frame of the reading stage, None where the input was not given."""
    path = folder / f"{name}.parquet"
    return read_frame(path) if path.is_file() else None


def load_norms(folder: Path) -> Norms | None:
    """Return the norms of cost that the reading stage kept; None where the project gives none."""
    if not (folder / _NORMS).is_file():
        return None
    content = read_json(folder / _NORMS)
    return Norms(str(content["file"]), tuple(Norm(**entry) for entry in content["norms"]))


def load_issues(folder: Path) -> IssueLog:
    """Return the findings that a stage left."""
    return read_issues(folder / _ISSUES, issue_catalogue())


def empty_network() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sites and cells without a row."""
    return pd.DataFrame(columns=list(SITE_COLUMNS)), pd.DataFrame(columns=list(CELL_COLUMNS))


def load_terrain(project: Project) -> Terrain | None:
    """Return the terrain again; what is wrong with it was stated when the inputs were read."""
    tiles = _named(project, "terrain")
    if not tiles:
        return None
    kind = tiles[0].options.extra.get("kind")
    return open_terrain(
        [tile.path for tile in tiles],
        kind=None if kind is None else str(kind),
        log=IssueLog(issue_catalogue()),
        labels=[tile.file for tile in tiles],
        crs=tiles[0].options.crs or None,
    )


def load_antennas(project: Project) -> AntennaLibrary | None:
    """Return the makers' antenna files again; what is wrong with them was stated when the inputs were read."""
    files = _named(project, "antenna_patterns")
    return read_antenna_patterns(files, IssueLog(issue_catalogue())) if files else None


def load_land_cover(project: Project) -> LandCover | None:
    """Return the land cover again; what is wrong with it was stated when the inputs were read."""
    log = IssueLog(issue_catalogue())
    return join_land_cover(
        [
            open_land_cover(item.path, log=log, label=item.file, crs=item.options.crs or None, scan=False)
            for item in _named(project, "land_cover")
        ]
    )


def load_population_raster(project: Project) -> PopulationRaster | None:
    """Return the population raster again; what is wrong with it was stated when the inputs were read."""
    rasters = [item for item in _named(project, "population") if item.path.suffix.lower() in _RASTER_SUFFIXES]
    if not rasters:
        return None
    item = rasters[-1]
    return open_population_raster(
        item.path, log=IssueLog(issue_catalogue()), label=item.file, crs=item.options.crs or None
    )
