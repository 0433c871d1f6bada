"""A completed run, opened for reading: what it found, and the inputs it found it with."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import pandas as pd

from geo.coverage import CoverageSettings
from geo.coverage.point import PATTERN_TABLES, PatternTables
from geo.crs import from_wgs84
from geo.errors import InputError
from geo.io.files import read_json
from geo.io.fingerprints import fingerprint
from geo.io.project import read_project
from geo.io.rasters import read_array
from geo.io.resources import load_toml
from geo.io.reviews import read_register
from geo.io.run_folder import MANIFEST, RunFolder
from geo.io.stage_files import read_frame
from geo.pipeline.calibrating import ground_used, load_corrections
from geo.pipeline.keys import canonical
from geo.pipeline.predicting import Predicted, load_coverage
from geo.pipeline.reading import files_of, load_frame, load_land_cover, load_terrain
from geo.pipeline.zones import SCOPED
from geo.project import Project
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel, GroundSettings

__all__ = ["CompletedRun"]

_GROUND_KINDS = ("terrain", "land_cover")


class CompletedRun:
    """A completed run.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
        If the folder holds no complete run.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.manifest: Mapping[str, Any] = read_json(folder / MANIFEST)
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise InputError(
                f"'{folder.name}' không phải thư mục kết quả hoàn chỉnh (không đọc được {MANIFEST}); hãy chạy analyze.py.",
                f"'{folder.name}' is not a complete run folder ({MANIFEST} cannot be read); run analyze.py.",
            ) from error
        self.run = RunFolder(folder)
        keys = {stage["name"]: stage["key"] for stage in self.manifest["stages"]}
        self.folders = {name: self.run.stage(name, key) for name, key in keys.items()}
        if not all(self.run.finished(path) is not None for path in self.folders.values()):
            raise InputError(
                f"Thư mục '{folder.name}' không còn các bước trung gian (.stages); hãy chạy lại analyze.py.",
                f"Folder '{folder.name}' lacks its stages (.stages); run analyze.py again.",
            )
        self.settings: Mapping[str, Any] = self.manifest["settings"]
        self._grounds: dict[Path | None, GroundModel] = {}

    def input(self, name: str) -> Any:
        """Return an input table as it was read, None where it was not given."""
        return load_frame(self.folders["inputs"], name)

    def result(self, name: str) -> Any:
        """Return a table of results, None where there is none."""
        return load_frame(self.folders["villages"], name)

    def zones(self) -> dict[str, gpd.GeoDataFrame]:
        """Return the dead zones with their outlines: of the table, of single operators, of single layers."""
        found = {name: load_frame(self.folders["dead_zones"], name) for name in ("dead_zones", *SCOPED)}
        return {name: frame for name, frame in found.items() if frame is not None}

    def register(self) -> tuple[gpd.GeoDataFrame, Mapping[str, Any]] | None:
        """Return the register that compare_reviews.py wrote beside the results, as texts, with its facts; None without one."""
        return read_register(self.run.path)

    @cached_property
    def predicted(self) -> Predicted:
        """The coverage that was predicted."""
        return load_coverage(self.folders["coverage"])

    def rules(self, indicator: str) -> dict[str, Mapping[str, Any]]:
        """Return the rules used, by technology."""
        used = self.manifest["rules"]["used"]
        return {rule["technology"]: rule for rule in used if rule["indicator"] == indicator}

    def counted_until(self, technology: str) -> date | None:
        """Return the last day on which a technology counted as service, where the rules ended it before the run's date."""
        catalogue = load_toml(f"rules/{self.manifest['rules']['catalogue']}.toml")
        ends = [
            rule["valid_to"]
            for rule in catalogue["rules"]
            if rule["indicator"] == "technology_counts" and rule["technology"] == technology and "valid_to" in rule
        ]
        last = max(ends, default=None)
        return last if last is not None and last < date.fromisoformat(str(self.manifest["project"]["date"])) else None

    @property
    def language(self) -> str:
        """The project's language."""
        return str(self.manifest["project"]["language"])

    def grid_cell(self, lon: float, lat: float) -> tuple[int, int] | None:
        """Return row and column of the grid cell that holds a point; None outside the grid."""
        grid = self.predicted.coverage.grid
        row, column = (int(v[0]) for v in grid.locate(*from_wgs84([lon], [lat], grid.epsg)))
        return (row, column) if row >= 0 else None

    def in_area(self, cell: tuple[int, int]) -> bool:
        """Tell whether a grid cell belongs to the communes under study."""
        return bool(self.predicted.index[cell] >= 0)

    @property
    def coverage_settings(self) -> CoverageSettings:
        """What the coverage was predicted with."""
        values = {name: value for name, value in self.settings["coverage"].items() if name}
        for name, kind in (("counting", tuple), ("neighbour_operators", frozenset)):
            values[name] = kind(values[name])
        absent = values.get("absent_technologies", {})
        values["absent_technologies"] = {operator: tuple(named) for operator, named in absent.items()}
        return CoverageSettings(**values)

    @property
    def ground_settings(self) -> GroundSettings:
        """What the ground was made with."""
        given = GroundSettings(**{name: value for name, value in self.settings["ground"].items() if name})
        return ground_used(given, self.folders["calibration"])

    @cached_property
    def corrections(self) -> Corrections | None:
        """What measurements taught of the radio cells; None where nothing."""
        learnt = load_corrections(self.folders["calibration"])
        return None if learnt is None else learnt[0]

    @property
    def corrected(self) -> bool:
        """Whether measurements corrected the prediction."""
        return self.corrections is not None

    def radio_cells(self) -> tuple[pd.DataFrame, PatternTables] | None:
        """Return the radio cells that were predicted with their patterns; None where none were (no terrain)."""
        folder = self.folders["coverage"]
        if not (folder / "radio_cells.parquet").is_file():
            return None
        tables = PatternTables(*(read_array(folder / f"{name}.npy") for name in PATTERN_TABLES))
        return read_frame(folder / "radio_cells.parquet"), tables

    # -- the ground

    def ground(self, project_file: Path | None = None) -> GroundModel:
        """Return the terrain and land cover that the run was made with.

        Parameters
        ----------
        project_file : Path, optional
            Where it is not found by itself.

        Raises
        ------
        InputError
            If the project file is not found, or terrain or land cover are no longer what they were.
        """
        if project_file not in self._grounds:
            self._grounds[project_file] = self._read_ground(project_file)
        return self._grounds[project_file]

    def _read_ground(self, project_file: Path | None) -> GroundModel:
        name = str(self.manifest["project"]["file"])
        path = self.run.find_project(name) if project_file is None else project_file
        if path is None:
            raise InputError(
                f"Không thấy tệp dự án '{name}' của lần chạy này nên không đọc lại được địa hình; hãy chỉ ra bằng --project.",
                f"The project file '{name}' of this run was not found, so its terrain cannot be read; name it with --project.",
            )
        project = read_project(path)
        self._require_unchanged(project)
        terrain = load_terrain(project)
        if terrain is None:
            raise InputError(
                "Lần chạy này không có địa hình nên không có mặt cắt nào để xét.",
                "This run has no terrain, so there is no profile to look at.",
            )
        return GroundModel(terrain, load_land_cover(project), self.ground_settings)

    def _require_unchanged(self, project: Project) -> None:
        """See that the ground's files and options are those of the run."""
        then = self._coverage["settings"]
        for kind in _GROUND_KINDS:
            if canonical(list(project.inputs.get(kind, ()))) != then.get(kind, []):
                raise InputError(
                    f"Mục '{kind}' của tệp dự án đã khác với lần chạy; không vẽ, vì hình sẽ không khớp số liệu. "
                    "Hãy chạy lại analyze.py.",
                    f"Entry '{kind}' of the project file is no longer that of the run; nothing is drawn, for it would not fit "
                    "the figures. Run analyze.py again.",
                )
        files = files_of(project, _GROUND_KINDS)
        marks = {entry["file"]: entry["sha256"] for entry in self.manifest["inputs"]}
        patterns = [str(entry.get("path", "")) for kind in _GROUND_KINDS for entry in then.get(kind, [])]
        gone = [
            label
            for label in marks
            if label not in files and any(fnmatch.fnmatch(label, pattern) for pattern in patterns if pattern)
        ]
        changed = [label for label, path in files.items() if marks.get(label) != fingerprint(path).sha256]
        for label in [*gone, *changed]:
            raise InputError(
                f"Tệp '{label}' đã thay đổi hoặc mất từ sau lần chạy; không vẽ, vì hình sẽ không khớp số liệu. "
                "Hãy chạy lại analyze.py.",
                f"File '{label}' was changed or lost since the run; nothing is drawn, for it would not fit the figures. "
                "Run analyze.py again.",
            )

    def operators_without_sites(self) -> tuple[str, ...]:
        """Return the operators of which no site list was given."""
        return cast("tuple[str, ...]", tuple(self._coverage["counts"].get("operators_without_sites", ())))

    @property
    def has_terrain(self) -> bool:
        """Whether the run was made with terrain."""
        return bool(self._coverage["settings"].get("terrain"))

    @property
    def _coverage(self) -> Mapping[str, Any]:
        """The coverage stage, as the manifest has it."""
        found: Mapping[str, Any] = next(stage for stage in self.manifest["stages"] if stage["name"] == "coverage")
        return found
