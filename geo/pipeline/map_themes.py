"""Themes as the map takes them: the tables of verdicts, IPv6 and the yearly plan with the values of their CSV files, and proposals, the
next measurements, and the inventory's masts."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.mapping import ThemeLayer
from geo.mapping.content import ThemeKind
from geo.mapping.themes import MAST_COLUMNS
from geo.pipeline.engine import Workspace
from geo.pipeline.reading import load_frame
from geo.pipeline.results import arranged_frame
from geo.pipeline.sampling_sheets import ROUTES
from geo.pipeline.sentences import read_sentences
from geo.report.tables import arrange, result_table
from geo.rules import Rule

__all__ = ["rule_words", "street_year_frame", "theme_layers", "with_gains"]

#: Theme, the stage that made its frame, and the table whose values it has.
_TABLES: tuple[tuple[ThemeKind, str, str], ...] = (
    ("verdict", "standards", "standards"), ("ipv6", "ipv6", "ipv6"), ("plan", "planning", "operator_plans"), ("proposal", "proposals", "sites_planned"), ("remainder", "planning", "unserved_after_plans"),
    ("sharing", "planning", "sharing"), ("stop", "sampling", "measurements_planned"), ("street", "planning", "undergrounding"), ("street_project", "planning", "undergrounding_projects"),
)  # fmt: skip

#: Letters of the streets' names that the choice of a project shows.
_PROJECT_NAME = 60


def theme_layers(work: Workspace, rules: Sequence[Rule]) -> Iterator[ThemeLayer]:
    """Yield the themes that a run has data for; one without rows is none.

    Parameters
    ----------
    work : Workspace
        Of a stage that comes after ``standards``, ``ipv6``, ``planning``, ``proposals`` and ``sampling``.
    rules : sequence of Rule
        That verdicts were given under: their names in both languages.
    """
    for kind, stage, table in _TABLES:
        frame = load_frame(work.upstream[stage], table)
        if frame is not None and len(frame):
            shown = arranged_frame(arrange(frame, result_table(table)))
            ways = load_frame(work.upstream[stage], ROUTES) if kind == "stop" else None
            words = rule_words(rules) if kind == "verdict" else _project_words(work.upstream[stage]) if kind == "street" else read_sentences(work.upstream[stage], table)
            yield ThemeLayer(kind, with_gains(work, shown) if kind == "proposal" else shown, words, ways, _lines(kind, frame, work.upstream[stage]))
    masts = load_frame(work.upstream["inputs"], "masts")
    if masts is not None and len(masts):
        yield ThemeLayer("mast", pd.DataFrame(masts.reindex(columns=list(MAST_COLUMNS))).astype(object))


def street_year_frame(work: Workspace) -> pd.DataFrame | None:
    """Return the table of what each year puts underground; None where undergrounding is not asked for."""
    frame = load_frame(work.upstream["planning"], "undergrounding_years")
    return None if frame is None or frame.empty else arranged_frame(arrange(frame, result_table("undergrounding_years")))


def _lines(kind: ThemeKind, frame: pd.DataFrame, folder: Path) -> gpd.GeoSeries | None:
    """Return the line of each street, and of each project those of its streets together; None for what is no line."""
    streets = frame if kind == "street" else load_frame(folder, "undergrounding") if kind == "street_project" else None
    if not isinstance(streets, gpd.GeoDataFrame):
        return None
    if kind == "street":
        return gpd.GeoSeries(streets.geometry.to_numpy(), crs=streets.crs)
    of = dict(zip(streets["section_id"].astype(str), streets.geometry, strict=True))
    parts = [[of[section] for section in str(listed).split("; ") if section in of] for listed in frame["section_ids"]]
    return gpd.GeoSeries([shapely.MultiLineString([line for part in found for line in shapely.get_parts(part)]) if found else None for found in parts], crs=streets.crs)


def _project_words(folder: Path) -> Mapping[str, Mapping[str, Bilingual]]:
    """Return the streets of each project, shortened, by which a reader knows it."""
    projects = load_frame(folder, "undergrounding_projects")
    if projects is None or projects.empty:
        return {}
    named = [(str(code), f"{code}: {textwrap.shorten(str(streets), _PROJECT_NAME, placeholder=' …')}" if isinstance(streets, str) and streets else str(code)) for code, streets in zip(projects["project_id"], projects["streets"], strict=True)]
    return {"project_id": {code: Bilingual(words, words) for code, words in named}}


def with_gains(work: Workspace, proposals: pd.DataFrame) -> pd.DataFrame:
    """Return proposals with who gets what at each, which a table of its own states by rank; a registered line has none."""
    gains = load_frame(work.upstream["proposals"], "sites_planned_gains")
    if gains is None or gains.empty:
        return proposals
    shown = arranged_frame(arrange(gains, result_table("sites_planned_gains")))
    more = shown[["rank", *(name for name in shown.columns if name not in proposals.columns)]]
    # rank is a whole number in both, whatever a table without values makes of its column
    of = {int(row["rank"]): row for row in more.to_dict("records")}
    found = [of.get(int(rank), {}) for rank in proposals["rank"]]
    return proposals.assign(**{name: pd.Series([row.get(name) for row in found], index=proposals.index, dtype=object) for name in more.columns if name != "rank"})


def rule_words(rules: Sequence[Rule]) -> Mapping[str, Mapping[str, Bilingual]]:
    """Return the name of each rule, where several bear one name with its document; and what their names and documents are in both languages, by either."""
    names = Counter(rule.title.vi for rule in {rule.id: rule for rule in rules}.values())
    return {
        "rule_id": {
            rule.id: Bilingual(f"{rule.shown_title.vi} ({rule.document.vi})", f"{rule.shown_title.en} ({rule.document.en})") if names[rule.title.vi] > 1 else rule.shown_title
            for rule in rules
        },
        "rule_title": {text: rule.shown_title for rule in rules for text in (rule.shown_title.vi, rule.shown_title.en)},
        "document": {text: rule.document for rule in rules for text in (rule.document.vi, rule.document.en)},
    }
