"""Themes of the map: verdicts and IPv6 by commune, registered plans, proposals by year, what stays unserved, sharing, the inventory's masts,
the next measurements, streets whose hung cable goes underground.

A theme is one table of results. The page draws it on the communes or as points, and a reader chooses by its *facets* (rule,
operator, technology, year, owner) what of it is shown, so that a thousand combinations are one layer and one table. What is
drawn and what the table twin lists are the same rows; the figures are those of the CSV file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from geo.errors import Bilingual
from geo.mapping.content import ThemeKind, ThemeLayer
from geo.mapping.labels import count_text, phrase

__all__ = ["COUNTRY_ROW_BYTES", "EXPLAINED", "MAST_COLUMNS", "REPEATED", "ROW_BYTES", "SPECS", "Link", "PreparedThemes", "ThemeSpec", "class_keys", "prepare_themes"]


@dataclass(frozen=True, slots=True)
class Link:
    """What a row leads to: codes of other tables' rows.

    Attributes
    ----------
    word : str
        Heading, a key of the strings' ``themes``.
    column : str
        Column that lists the codes.
    kinds : tuple of str
        Kind of the rows; with ``by`` one per value of that column.
    by : str
        Column whose value chooses among ``kinds``: ``village`` the first, anything else the second.
    """

    word: str
    column: str
    kinds: tuple[str, ...]
    by: str = ""


@dataclass(frozen=True, slots=True)
class ThemeSpec:
    """What a kind of theme is.

    Attributes
    ----------
    resource, table : str
        File and table of results that describe its columns.
    csv : str
        File that holds the same figures.
    place : {"commune", "point"}
    name, code : str
        Columns that name a row and that identify it (with ``facets`` and ``period`` where those are what tells rows apart).
    facets : tuple of str
        Columns that a reader chooses by, in order. On communes one value of each is shown, as points one or all.
    period : str
        Column of the period: of several in one area the latest is shown unless a reader chooses one.
    figures : tuple of str
        Shares among which a reader chooses what is coloured; empty where classes are.
    first : frozenset of str
        Columns that the table opens with.
    links : tuple of Link
    also : tuple of str
        Columns that identify a row together with ``code``, where none does alone.
    titles : tuple of str
        Keys of the strings' ``themes`` that name a row by its columns: the second where ``name`` is empty.
    sums : tuple of str
        Columns that the legend adds up; named here, since a page without the theme holds no column of it.
    more : str
        Further table of the same file whose columns the frame has too.
    strokes : bool
        Whether rows are drawn as lines (``ThemeLayer.lines``).
    counted : tuple of str
        Columns that say what several rows are of, the first that a row has: the legend counts those, not rows.
    """

    resource: str
    table: str
    csv: str
    place: str
    name: str
    code: str
    facets: tuple[str, ...]
    first: frozenset[str]
    period: str = ""
    figures: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    also: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    more: str = ""
    strokes: bool = False
    counted: tuple[str, ...] = ()


SPECS: dict[ThemeKind, ThemeSpec] = {
    "verdict": ThemeSpec(
        "results/standards.toml", "standards", "tables/standards.csv", "commune", "area_code", "area_code",
        ("rule_id", "operator", "technology", "access", "source_kind", "campaign"),
        frozenset({"area_code", "rule_result", "evidence", "value", "low", "high", "unit", "threshold", "n", "n_minimum", "n_effective", "n_needed", "period", "rule_due", "reason", "rule_title", "basis"}),
        period="period", links=(Link("commune", "area_code", ("commune",)),),
    ),
    "ipv6": ThemeSpec(
        "results/ipv6.toml", "ipv6", "tables/ipv6.csv", "commune", "area_name", "area_code", ("source_kind", "operator", "access"),
        frozenset(
            {"area_name", "operator", "access", "period", "capable_share", "capable_low", "capable_high", "capable_n", "preferred_share", "preferred_n", "portals",
             "portals_ready_share", "portals_ready_n", "reason"}
        ),
        period="period", figures=("capable_share", "preferred_share", "portals_ready_share", "portals_aaaa_share", "zones_ipv6_share", "mail_ipv6_share"),
        links=(Link("commune", "area_code", ("commune",)),),
    ),
    "plan": ThemeSpec(
        "results/planning.toml", "operator_plans", "tables/operator_plans.csv", "point", "line_id", "line_id", ("operator", "year", "technologies"),
        frozenset(
            {"line_id", "operator", "year", "action", "commune_code", "mast_class", "class_allowed", "spacing_ok", "must_share_with", "dead_zones_served", "villages_gained",
             "population_gained", "population_from_unserved", "cost_vnd", "remark"}
        ),
        links=(Link("commune", "commune_code", ("commune",)), Link("zones_served", "dead_zones_served", ("zone",)), Link("villages_served", "village_ids_gained", ("village",))),
    ),
    "proposal": ThemeSpec(
        "results/proposals.toml", "sites_planned", "tables/sites_planned.csv; tables/sites_planned_gains.csv", "point", "site_id", "rank", ("year", "source", "action"),
        frozenset({"rank", "site_id", "year", "action", "source", "funding", "commune_code", "operators", "population_gained", "population_gained_certain", "population_gained_uncertain", "villages_gained", "villages_gained_certain", "villages_gained_uncertain", "measure_first", "cost_vnd", "reason"}),
        links=(Link("commune", "commune_code", ("commune",)), Link("villages_served", "village_ids_gained", ("village",))), titles=("title_proposal",),
        sums=("cost_vnd", "population_gained", "villages_gained", "population_gained_uncertain", "villages_gained_uncertain"), more="sites_planned_gains",
    ),
    "remainder": ThemeSpec(
        "results/planning.toml", "unserved_after_plans", "tables/unserved_after_plans.csv", "point", "name", "remainder_id", ("operator", "class"),
        frozenset({"remainder_id", "kind", "name", "commune_code", "class", "state_after", "population", "population_left", "proposed_to", "operator", "reason"}),
        links=(Link("commune", "commune_code", ("commune",)), Link("stands_for", "remainder_id", ("village", "zone"), by="kind")),
    ),
    "sharing": ThemeSpec(
        "results/planning.toml", "sharing", "tables/sharing.csv", "point", "cluster_id", "cluster_id", (),
        frozenset({"cluster_id", "operators", "distance_m", "keep_site_id", "removable_site_ids", "masts", "masts_saved", "saving_vnd", "commune_code", "proven"}),
        links=(Link("commune", "commune_code", ("commune",)), Link("sites_of", "site_ids", ("site",))),
    ),
    "mast": ThemeSpec(
        "tables/masts.toml", "masts", "", "point", "mast_id", "mast_id", ("owner",),
        frozenset({"mast_id", "mast_name", "owner", "users", "mast_class", "planned", "height_m", "shareable", "commune_code", "certificate_expiry"}),
        links=(Link("commune", "commune_code", ("commune",)),),
    ),
    "stop": ThemeSpec(
        "results/columns.toml", "measurements_planned", "tables/measurements_planned.csv", "point", "stop", "stop", ("day", "operator", "technology"),
        frozenset({"stop", "day", "area_code", "village_id", "operator", "technology", "tests_needed", "expected_change", "km", "instruction"}),
        links=(Link("commune", "area_code", ("commune",)), Link("village_of", "village_id", ("village",))), also=("area_code", "road_id", "operator", "technology"),
        titles=("title_stop", "title_way"), sums=("km", "tests_needed", "expected_change"), counted=("stop", "road_id", "area_code"),
    ),
    "street": ThemeSpec(
        "results/undergrounding.toml", "undergrounding", "tables/undergrounding.csv", "point", "street_name", "section_id", ("year", "project_id"),
        frozenset({"rank", "section_id", "street_name", "commune_code", "project_id", "action", "year", "length_km", "cable_km", "cables", "operators", "score", "cost_vnd", "remark"}),
        links=(Link("commune", "commune_code", ("commune",)), Link("project_of", "project_id", ("street_project",))), titles=("title_street", "title_section"),
        sums=("length_km", "cable_km", "cost_vnd"), strokes=True,
    ),
    "street_project": ThemeSpec(
        "results/undergrounding.toml", "undergrounding_projects", "tables/undergrounding_projects.csv", "point", "streets", "project_id", ("year",),
        frozenset({"project_id", "streets", "commune_codes", "sections", "length_km", "cable_km", "operators", "score", "year", "cost_vnd", "remark"}),
        links=(Link("commune", "commune_codes", ("commune",)), Link("sections_of", "section_ids", ("street",))), titles=("title_street_project", "title_project"),
        sums=("length_km", "cable_km", "cost_vnd"), strokes=True,
    ),
}  # fmt: skip
#: Columns that a scorecard leaves out where they have the value of the other one: a frame of two tables has some figures twice.
REPEATED: dict[ThemeKind, dict[str, str]] = {
    "proposal": {f"population_first_operator{part}": f"population_gained{part}" for part in ("", "_certain", "_uncertain")},
}
#: Columns whose figures a scorecard explains in a sentence of its own (``themes.kept`` of the strings).
EXPLAINED: dict[ThemeKind, tuple[str, ...]] = {"proposal": ("kept_share", "kept_share_draws")}
#: What the map shows of a mast of the inventory.
MAST_COLUMNS = (
    "mast_id", "mast_name", "owner", "users", "mast_class", "planned", "mast_kind", "height_m", "building_height_m", "shareable", "in_use_since", "certificate_no",
    "certificate_date", "certificate_expiry", "commune_code", "lon", "lat", "address", "note", "file", "sheet", "row",
)  # fmt: skip
#: Levels of areas whose rows the page holds; verdicts on roads stay in the table of results.
_LEVELS = ("commune", "province")
_BASES = ("legal", "target", "scorecard", "reference")
#: About what a row takes on the page once columns are packed (measured on the sample's verdicts).
ROW_BYTES = 60
#: The same of a view of the country, whose rows have fewer columns (measured on 3,321 communes under the sample's rules).
COUNTRY_ROW_BYTES = 40


@dataclass(frozen=True, slots=True)
class PreparedThemes:
    """Themes with the rows that the page holds, in the order in which their facets are offered, and what it does not hold."""

    layers: tuple[ThemeLayer, ...]
    left_out: tuple[Bilingual, ...]


def prepare_themes(layers: Sequence[ThemeLayer], *, largest_bytes: int, row_bytes: int = ROW_BYTES, most_lines: int | None = None) -> PreparedThemes:
    """Return themes ready for the page; of verdicts those on roads are left out, and rules from the end while they take too much.

    Of streets those that no year takes are left out, the lowest ranks first, where there are more than ``most_lines``.

    Parameters
    ----------
    layers : sequence of ThemeLayer
    largest_bytes, row_bytes : int
        Room for the verdicts, and what one takes of it.
    most_lines : int or None
        Rows that a theme of lines may have; None: all of them.
    """
    out: list[ThemeLayer] = []
    said: list[Bilingual] = []
    for layer in layers:
        frame = layer.frame
        if "area_level" in frame.columns:
            other = ~frame["area_level"].isin(_LEVELS)
            frame = frame[~other]
            if layer.kind == "verdict" and other.any():
                said.append(phrase("about.verdicts_elsewhere", n=count_text(int(other.sum()))))
            frame = _in_order(layer.kind, frame)
        if layer.kind == "verdict":
            frame, dropped = _fitting(frame, largest_bytes // row_bytes)
            if dropped:
                said.append(phrase("about.verdicts_left_out", n=count_text(dropped)))
        lines = layer.lines
        if lines is not None and most_lines is not None and len(frame) > most_lines:
            kept = _planned_first(frame)[:most_lines]
            said.append(phrase("about.streets_left_out", n=count_text(len(frame) - most_lines), csv=SPECS[layer.kind].csv))
            frame, lines = frame.iloc[kept], lines.iloc[kept]
        if len(frame):
            out.append(ThemeLayer(layer.kind, frame.reset_index(drop=True), layer.words, layer.ways, lines))
    return PreparedThemes(tuple(out), tuple(said))


def _planned_first(frame: pd.DataFrame) -> list[int]:
    """Return rows in their order, those that a year takes first."""
    planned = frame["year"].notna().to_numpy(dtype=bool)
    return sorted(range(len(frame)), key=lambda i: (not planned[i], i))


def _in_order(kind: ThemeKind, frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows by facet, the province before its communes; the rules that a reader asks for first come first.

    Rows that stand together have most columns in common, which is what keeps the page small. Texts are compared one by one: a text of
    a file may hold what a table of pandas cannot.
    """
    spec = SPECS[kind]
    weights = _weights(frame) if kind == "verdict" else {}
    names = [name for name in (*spec.facets, "area_level", "area_code", spec.period) if name and name in frame.columns]
    columns = {name: _texts(frame[name]) for name in names}

    def place(i: int) -> tuple[object, ...]:
        return tuple(
            weights[columns[name][i]] if name == "rule_id" else columns[name][i] != "province" if name == "area_level" else columns[name][i] for name in names
        )

    return frame.iloc[sorted(range(len(frame)), key=place)]


def _weights(frame: pd.DataFrame) -> dict[str, tuple[bool, int, int]]:
    """Return where each rule stands: with figures by commune first, then by basis, then as they come."""
    rules, levels, bases = (_texts(frame[name]) for name in ("rule_id", "area_level", "basis"))
    counted = {rule for rule, level, known in zip(rules, levels, frame["value"].notna(), strict=True) if known and level == "commune"}
    rank = {name: i for i, name in enumerate(_BASES)}
    first = {rule: rank.get(basis, len(rank)) for rule, basis in zip(reversed(rules), reversed(bases), strict=True)}
    return {rule: (rule not in counted, first[rule], i) for i, rule in enumerate(dict.fromkeys(rules))}


def _fitting(frame: pd.DataFrame, most: int) -> tuple[pd.DataFrame, int]:
    """Return the rows of as many whole rules as fit, and how many rules are left out."""
    rules = _texts(frame["rule_id"])
    ends = {rule: i for i, rule in enumerate(rules, start=1)}
    left_out = [rule for rule, end in ends.items() if end > most]
    return (frame.iloc[: rules.index(left_out[0])], len(left_out)) if left_out else (frame, 0)


def class_keys(kind: ThemeKind, frame: pd.DataFrame) -> list[str]:
    """Return the class of each row, a key of the palette; empty for themes that are coloured by a figure."""
    match kind:
        case "verdict":
            return _texts(frame["rule_result"])
        case "remainder":
            return _texts(frame["proposed_to"])
        case "sharing":
            return ["saves" if saved else "none" for saved in (frame["masts_saved"].fillna(0) > 0)]
        case "mast":
            planned = frame["planned"].fillna(value=False).astype(bool)
            return [_mast_class(name, is_planned) for name, is_planned in zip(_texts(frame["mast_class"]), planned, strict=True)]
        case "proposal":
            return ["registered" if source == "operator_plan" else action for source, action in zip(_texts(frame["source"]), _texts(frame["action"]), strict=True)]
        case "street":
            return [_street(action, remark, year) for action, remark, year in zip(_texts(frame["action"]), _texts(frame["remark"]), frame["year"].notna(), strict=True)]
        case "street_project":
            return ["planned" if planned else "waits" for planned in frame["year"].notna()]
        case "stop":
            return ["stop" if stop else "on_the_way" for stop in _texts(frame["stop"])]
        case "plan":
            return [_standing({str(name): value for name, value in row.items()}) for row in frame.to_dict("records")]
        case _:
            return []


def _mast_class(name: str, planned: bool) -> str:
    return f"{name.casefold() or 'unknown'}{'_planned' if planned else ''}"


def _street(action: str, remark: str, planned: bool) -> str:
    """Return what becomes of a street's hung cable; that nobody knows of any is not that there is none."""
    said = set(remark.split("; "))
    if planned and action in {"underground", "tidy"}:
        return action
    return "no_cable" if "no_cable_listed" in said else "unknown" if "cable_unknown" in said else "waits"


def _texts(values: pd.Series) -> list[str]:
    return ["" if value is None or value is pd.NA or value != value else str(value) for value in values]


def _standing(line: dict[str, Any]) -> str:
    """Return where a registered line stands: the first that holds of what its three verdicts say."""
    said = {part for part in str(line.get("remark") or "").split("; ") if part}

    def is_(name: str, wanted: bool) -> bool:
        value = line.get(name)
        return value is not None and value is not pd.NA and bool(value) is wanted

    if is_("class_allowed", wanted=False):
        return "class_not_allowed"
    if is_("spacing_ok", wanted=False):
        return "too_near"
    if "must_share" in said or _given(line.get("must_share_with")):
        return "must_share"
    if said & _THERE or _given(line.get("duplicate_of")):
        return "already_there"
    if line.get("action") != "build":
        return "no_new_mast"
    return "in_order" if is_("class_allowed", wanted=True) and is_("spacing_ok", wanted=True) else "open"


#: Remarks that say that something stands or is registered there already.
_THERE = frozenset({"mast_stands_there", "registered_twice", "already_there"})


def _given(value: object) -> bool:
    return isinstance(value, str) and bool(value)
