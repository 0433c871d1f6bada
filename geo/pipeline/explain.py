"""Where a figure comes from: from a village or commune back to cells, rules, rows and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.coverage import Reason
from geo.crs import from_wgs84
from geo.errors import Bilingual, InputError
from geo.io.files import read_json
from geo.io.resources import load_toml
from geo.io.run_folder import MANIFEST, RunFolder
from geo.pipeline.predicting import Predicted, load_coverage
from geo.pipeline.reading import load_frame, load_issues
from geo.report.tables import arrange, result_table
from geo.text import fold

__all__ = ["Section", "explain"]

_NEAR = 5


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines."""

    title: Bilingual
    lines: tuple[Bilingual, ...]


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Any]:
    return load_toml("results/explain.toml")


def _say(section: str, entry_name: str, /, **fields: object) -> Bilingual:
    entry = _sentences()[section][entry_name]

    def filled(language: str) -> str:
        values = {key: v.text(language) if isinstance(v, Bilingual) else v for key, v in fields.items()}
        return str(entry[language]).format_map(values)

    return Bilingual(filled("vi"), filled("en"))


def _section(name: str, lines: list[Bilingual]) -> Section:
    return Section(_say("sections", name), tuple(lines))


class _Run:
    """A completed run, opened for reading."""

    def __init__(self, folder: Path) -> None:
        try:
            self.manifest: Mapping[str, Any] = read_json(folder / MANIFEST)
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise InputError(
                f"'{folder.name}' không phải thư mục kết quả hoàn chỉnh (không đọc được {MANIFEST}); hãy chạy analyze.py.",
                f"'{folder.name}' is not a complete run folder ({MANIFEST} cannot be read); run analyze.py.",
            ) from error
        run = RunFolder(folder)
        keys = {stage["name"]: stage["key"] for stage in self.manifest["stages"]}
        self.folders = {name: run.stage(name, key) for name, key in keys.items()}
        if not all(run.finished(path) is not None for path in self.folders.values()):
            raise InputError(
                f"Thư mục '{folder.name}' không còn các bước trung gian (.stages); hãy chạy lại analyze.py.",
                f"Folder '{folder.name}' lacks its stages (.stages); run analyze.py again.",
            )
        self.settings: Mapping[str, Any] = self.manifest["settings"]

    def input(self, name: str) -> Any:
        return load_frame(self.folders["inputs"], name)

    def result(self, name: str) -> Any:
        return load_frame(self.folders["villages"], name)

    def predicted(self) -> Predicted:
        return load_coverage(self.folders["coverage"])

    def rules(self, indicator: str) -> dict[str, Mapping[str, Any]]:
        used = self.manifest["rules"]["used"]
        return {rule["technology"]: rule for rule in used if rule["indicator"] == indicator}


def explain(folder: Path, code: str) -> list[Section]:
    """Return where the figures of a village or commune come from.

    Parameters
    ----------
    folder : Path
        Run folder.
    code : str
        village_id or commune_code.

    Raises
    ------
    InputError
        If the folder holds no complete run, or no village or commune has the code.
    """
    run = _Run(folder)
    villages, communes = run.result("villages"), run.result("communes")
    sections: list[Section] = []
    if villages is not None:
        for position in np.flatnonzero(villages["village_id"].to_numpy(dtype=object) == code):
            sections += _village(run, villages, int(position))
    for position in np.flatnonzero(communes["commune_code"].to_numpy(dtype=object) == code):
        sections += _commune(run, communes, villages, int(position))
    if not sections:
        near = ", ".join(_near(code, villages, communes)) or "–"
        raise InputError(
            f"Không thôn hay xã nào có mã '{code}'. Mã gần giống, hoặc của tên giống vậy: {near}.",
            f"No village or commune has the code '{code}'. Codes like it, or of such a name: {near}.",
        )
    return sections


def _near(code: str, villages: pd.DataFrame | None, communes: pd.DataFrame) -> list[str]:
    wanted = fold(code)
    found: list[str] = []
    for frame, key, name in (
        (villages, "village_id", "village_name"),
        (communes, "commune_code", "commune_name"),
    ):
        if frame is None or not wanted:
            continue
        hits = [wanted in fold(c) or wanted in fold(n) for c, n in zip(frame[key], frame[name], strict=True)]
        found += [f"{c} ({n})" for c, n in frame.loc[hits, [key, name]].itertuples(index=False)][:_NEAR]
    return found


def _village(run: _Run, villages: pd.DataFrame, position: int) -> list[Section]:
    row = villages.iloc[position]
    source = run.input("settlements").iloc[position]
    head = _say(
        "head", "village", code=row["village_id"], name=row["village_name"], commune=row["commune_code"]
    )
    meaning = _say(
        "classes", row["class"], households=f"{run.settings['villages']['weak_cluster_households']:g}"
    )
    rows = [(_say("lines", "village_row"), source)]
    sites = run.input("sites")
    if sites is not None and row["nearest_site_id"]:
        # The same code may stand in two operators' lists: every row that has it is named.
        for _, site in sites[sites["site_id"] == row["nearest_site_id"]].iterrows():
            km = f"{row['nearest_site_km']:.2f}"
            rows.append(
                (_say("lines", "site_row", site=site["site_id"], operator=site["operator"], km=km), site)
            )
    return [
        Section(head, tuple(_figures("villages", villages, position))),
        _section(
            "reason",
            [_say("lines", "class", name=row["class"], meaning=meaning), _say("lines", "class_order")],
        ),
        _section("levels", list(_levels(run, row))),
        *_origin(run, rows),
    ]


def _commune(
    run: _Run, communes: pd.DataFrame, villages: pd.DataFrame | None, position: int
) -> list[Section]:
    row = communes.iloc[position]
    head = _say("head", "commune", code=row["commune_code"], name=row["commune_name"])
    predicted = run.predicted()
    states = predicted.coverage.all_state(tuple(run.settings["coverage"]["counting"]))
    codes, counts = np.unique(states[predicted.index == position], return_counts=True)
    cells = [
        _say("lines", "counts", state=_say("states", str(c)), n=int(n))
        for c, n in zip(codes, counts, strict=True)
    ]
    people = [
        entry["file"]
        for entry in run.manifest["inputs"]
        if any(table["kind"] == "population" for table in entry["tables"])
    ]
    rasters = [
        entry["file"] for entry in run.manifest["inputs"] if entry["file"].lower().endswith((".tif", ".tiff"))
    ]
    sources = [*people, *(name for name in rasters if _is_population(run, name))]
    lines = [_say("lines", "population", source=", ".join(sources) or _say("lines", "unknown"))]
    if villages is not None:
        own = villages[villages["commune_code"] == row["commune_code"]]
        listing = (
            ", ".join(f"{v} ({c})" for v, c in own[["village_id", "class"]].itertuples(index=False)) or "–"
        )
        lines.append(_say("lines", "villages", list=listing))
    return [
        Section(head, (*_figures("communes", communes, position), *lines)),
        _section("cells", [*cells, _cuts(run)]),
        *_origin(run, [(_say("lines", "commune_row"), run.input("units").iloc[position])]),
    ]


def _is_population(run: _Run, name: str) -> bool:
    stages = {stage["name"]: stage for stage in run.manifest["stages"]}
    entries = stages["inputs"]["settings"]["inputs"].get("population", [])
    return any(Path(name).match(str(entry.get("path", ""))) for entry in entries)


def _figures(table: str, frame: pd.DataFrame, position: int) -> Iterator[Bilingual]:
    """Yield the figures of a row as the tables have them, with their meaning."""
    arranged = arrange(frame.iloc[[position]], result_table(table))
    for column, value in zip(arranged.columns, arranged.rows[0], strict=True):
        shown = _say("lines", "unknown") if value is None else str(value)
        yield _say("lines", "figure", column=column.name, value=shown, meaning=column.meaning)


def _levels(run: _Run, row: pd.Series) -> Iterator[Bilingual]:
    predicted = run.predicted()
    coverage = predicted.coverage
    x, y = from_wgs84([row["lon"]], [row["lat"]], coverage.grid.epsg)
    at_row, at_column = (int(v[0]) for v in coverage.grid.locate(x, y))
    levels = run.settings["coverage"]["levels_dbm"]
    if at_row >= 0:
        for i, (operator, technology) in enumerate(coverage.layers):
            place = (i, at_row, at_column)
            reason = Reason(int(coverage.reason[place]))
            yield _say(
                "lines",
                "level",
                operator=operator,
                technology=technology,
                state=_say("states", str(int(coverage.state[place]))),
                level=_number(float(coverage.level_dbm[place]), 1),
                threshold=_number(float(levels.get(technology, np.nan)), 0),
                probability=_number(float(coverage.probability[place]), 3),
                reason="" if reason == Reason.NONE else _say("lines", "because", reason=reason.name.lower()),
            )
    for technology, rule in sorted(run.rules("planning_level").items()):
        if technology in {t for _, t in coverage.layers}:
            yield _say(
                "lines",
                "threshold",
                technology=technology,
                value=_number(float(levels[technology]), 0),
                rule=rule["id"],
                status=rule["status"],
                source=rule["source"],
            )
    yield _cuts(run)


def _cuts(run: _Run) -> Bilingual:
    coverage = run.settings["coverage"]
    return _say(
        "lines", "cuts", served=coverage["served_probability"], unserved=coverage["unserved_probability"]
    )


def _number(value: float, decimals: int) -> object:
    return f"{value:.{decimals}f}" if np.isfinite(value) else _say("lines", "unknown")


def _prediction_sd(coverage: Mapping[str, Any]) -> str:
    return f"{hypot(coverage['model_error_sd_db'], coverage['baseline_shortfall_db']):.1f}"


def _origin(run: _Run, rows: list[tuple[Bilingual, pd.Series]]) -> list[Section]:
    """Return the rows with what was found in them, the files, and the method."""
    named = [
        _say(
            "lines",
            "row",
            what=what,
            file=row["file"],
            sheet=f" [{row['sheet']}]" if row["sheet"] else "",
            row=int(row["row"]),
        )
        for what, row in rows
    ]
    places = {(str(row["file"]), str(row["sheet"]), int(row["row"])) for _, row in rows}
    found = [
        _say("lines", "finding", file=finding.source, row=number, title=finding.title)
        for name in ("inputs", "coverage")
        for finding in load_issues(run.folders[name])
        for number in sorted(set(finding.rows.tolist()))
        if (finding.source.file, finding.source.sheet, number) in places
    ]
    model, manifest = run.manifest["model"], run.manifest
    method = [
        _say("lines", "model", name=model["name"], sd=_prediction_sd(run.settings["coverage"])),
        _say("lines", "version", version=manifest["vungphu"], time=manifest["run"]["finished"]),
    ]
    files = [
        _say("lines", "file", file=entry["file"], sha256=entry["sha256"]) for entry in manifest["inputs"]
    ]
    return [
        _section("rows", named),
        *([_section("findings", found)] if found else []),
        _section("method", method),
        _section("files", files),
    ]
