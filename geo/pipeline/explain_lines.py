"""What the parts of an explanation share: sections, figures of a table in words, levels at a place, rows, files and method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.coverage import Reason, State
from geo.errors import Bilingual
from geo.mapping.labels import count_text, date_text, phrase, share_text
from geo.numbers import vietnamese_figure
from geo.pipeline.chain import RunChains
from geo.pipeline.chain_words import LayerStory, chance_text, layer_stories
from geo.pipeline.completed import CompletedRun
from geo.pipeline.reading import load_issues
from geo.pipeline.showing import model_name
from geo.report.phrases import joined, number_text, phrases
from geo.report.tables import ResultColumn, arrange, in_words, result_table

__all__ = [
    "Section", "Sourced", "claims_at", "codes_text", "column_words", "cuts", "decimal", "figures", "is_population", "level_lines", "named_class",
    "origin", "place_of_row", "place_sections", "say", "section", "shown", "stories",
]  # fmt: skip

#: A row of the inputs with what it is here.
Sourced = tuple[Bilingual, pd.Series]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines."""

    title: Bilingual
    lines: tuple[Bilingual, ...]


def say(part: str, entry_name: str, /, **fields: object) -> Bilingual:
    """Return a sentence of ``results/explain.toml``."""
    return phrases("results/explain.toml").say(part, entry_name, **fields)


def section(name: str, lines: Sequence[Bilingual]) -> Section:
    """Return a section with its heading of ``results/explain.toml``."""
    return Section(say("sections", name), tuple(lines))


def decimal(text: str) -> Bilingual:
    """Return a number with each language's decimal mark."""
    return Bilingual(vietnamese_figure(text), text)


def _number(value: float, decimals: int, unit: str = "") -> Bilingual:
    if not np.isfinite(value):
        return say("lines", "unknown")
    text = number_text(value, decimals)
    return Bilingual(text.vi + unit, text.en + unit)


def named_class(village: str, class_name: str) -> Bilingual:
    """Return a code with its class in words."""
    named = phrase(f"class_names.{class_name}")
    return Bilingual(f"{village} ({named.vi})", f"{village} ({named.en})")


def column_words(table: str, name: str, value: object) -> Bilingual:
    """Return a value of a table's column as a person reads it."""
    column = next(c for c in result_table(table).columns if c.name == name)
    return _words(value, column)


def _words(value: object, column: ResultColumn) -> Bilingual:
    return Bilingual(str(in_words(value, column, "vi")), str(in_words(value, column, "en")))


def figures(run: CompletedRun, table: str, frame: pd.DataFrame, position: int, without: tuple[str, ...] = ()) -> list[Bilingual]:
    """Return the figures of a row as people read them; what is not known is counted, not listed."""
    operators = list(dict.fromkeys(operator for operator, _ in run.predicted.coverage.layers))
    arranged = arrange(frame.iloc[[position]], result_table(table), operators)
    lines, empty = [], 0
    for column, value in zip(arranged.columns, arranged.rows[0], strict=True):
        if column.name in without:
            continue
        if value is None:
            empty += 1
            continue
        lines.append(say("lines", "figure", caption=column.caption, value=shown(value, column), column=column.name))
    if empty:
        lines.append(say("lines", "left_out", n=empty))
    return lines


def shown(value: object, column: ResultColumn) -> Bilingual:
    """Return a value of a result table in words or as a number of each language."""
    if isinstance(value, bool | str):
        return _words(value, column)
    if isinstance(value, int | float):
        if column.kind == "share":
            return share_text(value)
        return count_text(value) if column.kind == "integer" else decimal(f"{value:.{column.decimals}f}")
    return date_text(str(value))


# -- levels at a place


def place_sections(
    run: CompletedRun, chains: RunChains, lon: float, lat: float, heading: str = "levels", *, layers: Iterable[tuple[str, str]] | None = None
) -> list[Section]:
    """Return the levels at a place, then how each came about; one empty list outside the grid.

    Parameters
    ----------
    run : CompletedRun
    chains : RunChains
    lon, lat : float
    heading : str
        Of ``results/explain.toml``.
    layers : iterable of (operator, technology), optional
        Those whose chains are told; by default all.
    """
    levels = list(level_lines(run, lon, lat))
    if not levels:
        return []
    out = [section(heading, [*levels, cuts(run)])]
    for story in stories(run, chains, lon, lat, layers=layers):
        table = [say("lines", "fact", name=caption, value=value) for caption, value in story.rows]
        out.append(Section(story.title, (*table, *story.lines)))
    return out


def stories(
    run: CompletedRun, chains: RunChains, lon: float, lat: float, *, layers: Iterable[tuple[str, str]] | None = None
) -> list[LayerStory]:
    """Return how each layer's level at a place came about; none outside the area."""
    cell = run.grid_cell(lon, lat)
    if cell is None or not run.in_area(cell):
        return []
    return layer_stories(chains, cell, layers=None if layers is None else set(layers))


def level_lines(run: CompletedRun, lon: float, lat: float) -> Iterator[Bilingual]:
    """Yield what each layer has at a point, then the levels that it is held against; nothing outside the grid."""
    coverage, cell = run.predicted.coverage, run.grid_cell(lon, lat)
    levels = run.settings["coverage"]["levels_dbm"]
    if cell is None:
        return
    if not run.in_area(cell):
        yield say("lines", "outside")
        return
    for i, (operator, technology) in enumerate(coverage.layers):
        place = (i, *cell)
        level, state = float(coverage.level_dbm[place]), int(coverage.state[place])
        # Out of reach of every radio cell the level is not unknown: there is none.
        none = not math.isfinite(level) and float(coverage.margin_sd[place]) == -math.inf
        yield say(
            "lines",
            "level",
            operator=operator,
            technology=technology,
            state=say("states", str(state)),
            level=_out_of_reach(run, operator, technology) if none else _number(level, 1, " dBm"),
            threshold=_number(float(levels[technology]), 0, " dBm") if technology in levels else say("lines", "no_threshold"),
            probability=chance_text(p) if math.isfinite(p := float(coverage.probability[place])) else say("lines", "unknown"),
            reason=_because(run, Reason(int(coverage.reason[place])), state, float(coverage.probability[place])),
        )
    yield from _threshold_lines(run)


def _out_of_reach(run: CompletedRun, operator: str, technology: str) -> Bilingual:
    """Return why there is no level: the department says that there is no such technology, or no radio cell reaches."""
    if run.coverage_settings.stated_absent(operator, technology):
        return say("lines", "stated_absent")
    return say("lines", "out_of_reach", km=number_text(run.coverage_settings.max_radius_m / 1000.0))


def _threshold_lines(run: CompletedRun) -> Iterator[Bilingual]:
    levels = run.settings["coverage"]["levels_dbm"]
    rules = run.rules("planning_level")
    for technology in sorted({t for _, t in run.predicted.coverage.layers} & {*levels}):
        rule = rules.get(technology)
        if rule is None or float(rule["threshold"]) != float(levels[technology]):
            yield say("lines", "threshold_own", technology=technology, value=_number(float(levels[technology]), 0))
        else:
            yield say(
                "lines",
                "threshold",
                technology=technology,
                value=_number(float(levels[technology]), 0),
                rule=rule["id"],
                status=say("statuses", rule["status"]) if phrases("results/explain.toml").has("statuses", rule["status"]) else rule["status"],
                source=Bilingual(rule.get("source_vi") or say("lines", "elsewhere").vi, rule["source"]),
            )


def _because(run: CompletedRun, reason: Reason, state: int, probability: float) -> Bilingual | str:
    """Return why a state is no clear one."""
    if reason != Reason.NONE:
        return say("lines", "because", reason=phrase(f"reasons.{reason.name.lower()}"))
    if state != State.UNCERTAIN:
        return ""
    if not math.isfinite(probability):
        return say("lines", "hidden")
    settings = run.settings["coverage"]
    if settings["unserved_probability"] < probability < settings["served_probability"]:
        return say("lines", "between")
    return say("lines", "against")


def cuts(run: CompletedRun) -> Bilingual:
    """Return from which probabilities on a cell is served and unserved."""
    coverage = run.settings["coverage"]
    return say(
        "lines",
        "cuts",
        served=decimal(f"{coverage['served_probability']:g}"),
        unserved=decimal(f"{coverage['unserved_probability']:g}"),
    )


# -- where it was read


def claims_at(run: CompletedRun, where: shapely.Geometry) -> tuple[list[Bilingual], list[Sourced]]:
    """Return what operators claim of a place (EPSG:4326), and the rows that say so; nothing where no claims were given."""
    claims = run.input("coverage_claims")
    if not isinstance(claims, gpd.GeoDataFrame) or claims.empty:
        return [], []
    mine = claims[shapely.intersects(np.asarray(claims.geometry.to_numpy(), dtype=object), where)]
    lines, rows = [], []
    for _, claim in mine.iterrows():
        about = {"operator": claim["operator"], "technology": f" {claim['technology']}" if claim["technology"] else ""}
        lines.append(say("lines", "claimed" if bool(claim["claimed"]) else "claimed_not", **about))
        rows.append((say("lines", "claim_row", **about), claim))
    if not lines:
        lines.append(say("lines", "claims_none"))
    return lines, rows


def is_population(run: CompletedRun, name: str) -> bool:
    """Tell whether a file is one that the project gave as population."""
    stages = {stage["name"]: stage for stage in run.manifest["stages"]}
    entries = stages["inputs"]["settings"]["inputs"].get("population", [])
    return any(Path(name).match(str(entry.get("path", ""))) for entry in entries)


def place_of_row(row: pd.Series) -> tuple[str, str, int]:
    """Return file, sheet and row of an input's row."""
    return str(row["file"]), str(row["sheet"]), int(row["row"])


def origin(run: CompletedRun, rows: Sequence[Sourced], files: Iterable[str] | None = None) -> list[Section]:
    """Return the rows with what was found in them, the files, and the method.

    Parameters
    ----------
    run : CompletedRun
    rows : sequence of (Bilingual, Series)
    files : iterable of str, optional
        Those that are named; by default all of the run's.
    """
    once: dict[tuple[Any, ...], Bilingual] = {}
    for what, row in rows:
        text = say(
            "lines", "row", what=what, file=row["file"], sheet=f" [{row['sheet']}]" if row["sheet"] else "", row=int(row["row"])
        )
        once.setdefault((what.vi, place_of_row(row)), text)
    places = {place_of_row(row) for _, row in rows}
    found = [
        say("lines", "finding", file=finding.source, row=number, title=finding.title)
        for name in ("inputs", "coverage")
        for finding in load_issues(run.folders[name])
        for number in sorted(set(finding.rows.tolist()))
        if (finding.source.file, finding.source.sheet, number) in places
    ]
    manifest = run.manifest
    wanted = None if files is None else set(files)
    named = [
        say("lines", "file", file=entry["file"], sha256=entry["sha256"])
        for entry in manifest["inputs"]
        if wanted is None or entry["file"] in wanted
    ]
    return [
        *([section("rows", list(once.values()))] if once else []),
        *([section("findings", found)] if found else []),
        section("method", list(_method(run))),
        section("files", named),
    ]


def _method(run: CompletedRun) -> Iterator[Bilingual]:
    """Yield the model and what is known of its error: that of the measurements held out, or the default that was taken."""
    model, manifest = run.manifest["model"], run.manifest
    if not run.corrected:
        sd = number_text(run.settings["coverage"]["model_error_sd_db"], 1)
        yield say("lines", "model", name=model_name(model["name"]), sd=sd)
    else:
        yield say("lines", "model_corrected", name=model_name(model["name"]))
        whole = next((row for row in model.get("score") or () if row.get("division") == "all"), None)
        if whole is not None:
            yield say(
                "lines", "score", n=count_text(whole["n"]), rmse=number_text(whole["rmse_db"], 1), bias=number_text(whole["bias_db"], 1),
                inside=share_text(whole["within_90_share"]),
            )  # fmt: skip
    yield say("lines", "version", version=manifest["vungphu"], time=manifest["run"]["finished"])


def codes_text(codes: Iterable[str]) -> Bilingual:
    """Return codes in a row."""
    return joined(Bilingual(code, code) for code in codes)
