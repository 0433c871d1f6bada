"""The tables behind the map: columns with their meaning, rows as plain values, sums for the summary.

Figures pass through unchanged: what ``communes.csv`` holds is what the page holds, and the page only
formats it. Texts are escaped here, once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Bilingual
from geo.mapping.content import MapContent
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.labels import Label, column_entries, count_text, label, label_of, phrase, share_text
from geo.text import fold_key

__all__ = ["Column", "Plain", "Summary", "SummaryLine", "columns_of", "rows_of", "summary", "village_class_numbers"]

Plain = SafeText | int | float | bool | None
# kinds of figures that a table may hold once more per operator and technology
_OPERATOR_KINDS = frozenset({"share", "count"})
_TECHNOLOGIES = frozenset({"2g", "3g", "4g", "5g"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table on the page.

    Attributes
    ----------
    key : SafeText
        Name in the CSV file.
    kind : str
        How to format it: text, code, count, number, share, flag, date, class, evidence, point_kind, cluster_basis,
        reasons, site_status.
    label, about : Label
        Header, and where the figure comes from (may be empty).
    group : Label or None
        Operator and technology, for the columns of one of them.
    figure : str
        Key of the figure without operator and technology.
    decimals : int
        Decimals that the column's figures need, at most 2.
    """

    key: SafeText
    kind: str
    label: Label
    about: Label
    group: Label | None
    figure: SafeText
    decimals: int


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One figure of the summary and what it counts; no value where the text says it all."""

    key: SafeText
    value: Label | None
    text: Label


@dataclass(frozen=True, slots=True)
class Summary:
    """The few figures that the page opens with; what cannot be computed is left out.

    Attributes
    ----------
    caveat : Label
        What the figures rest on: a forecast, and whether anybody checked it.
    undecided : Label or None
        How much of the villages and people the forecast leaves open.
    people, villages : tuple of SummaryLine
        Empty where the tables do not hold what is needed.
    people_base, villages_base : Label or None
        Of how many.
    left_out : Label or None
        How many communes the sums leave out for want of figures.
    """

    caveat: Label
    undecided: Label | None = None
    people: tuple[SummaryLine, ...] = ()
    people_base: Label | None = None
    left_out: Label | None = None
    villages: tuple[SummaryLine, ...] = ()
    villages_base: Label | None = None


def columns_of(frame: pd.DataFrame, operators: Sequence[str], known: Mapping[str, Any] | None = None) -> tuple[Column, ...]:
    """Describe the columns of a frame (geometry left out).

    Parameters
    ----------
    frame : DataFrame
    operators : sequence of str
        Operators' names as shown, to recognise them in column names such as
        ``viettel_4g_population_served_share``.
    known : mapping, optional
        What is known of the columns; by default what the map's strings say of communes, villages and sites.
    """
    entries = column_entries() if known is None else known
    return tuple(_column(str(name), frame[name], operators, entries) for name in frame.columns if name != "geometry")


def _column(name: str, values: pd.Series, operators: Sequence[str], known: Mapping[str, Any]) -> Column:
    entry: dict[str, Any] | None = known.get(name)
    group: Label | None = None
    figure = name
    if entry is None:
        endings = [key for key in known if known[key]["kind"] in _OPERATOR_KINDS and name.endswith("_" + key)]
        if endings:
            figure = max(endings, key=len)
            entry = known[figure]
            group = label_of(_group_name(name[: -len(figure) - 1], operators))
    if entry is None:
        return Column(vn_safe(name), _guessed_kind(name, values), label_of(name), label_of(""), None, vn_safe(name), _decimals(values))
    return Column(
        key=vn_safe(name),
        kind=entry["kind"],
        label=label_of(Bilingual(entry["vi"], entry["en"])),
        about=label_of(Bilingual(entry.get("about_vi", ""), entry.get("about_en", ""))),
        group=group,
        figure=vn_safe(figure),
        decimals=_decimals(values),
    )


def _decimals(values: pd.Series) -> int:
    if values.dtype == object:  # numbers of several tables put together
        values = values.dropna()
        if not len(values) or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            return 0
        values = values.astype("float64")
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return 0
    known = values.dropna().to_numpy(dtype="float64")
    known = known[np.isfinite(known)]
    return next((decimals for decimals in (0, 1) if np.array_equal(known, np.round(known, decimals))), 2)


def _group_name(prefix: str, operators: Sequence[str]) -> str:
    operator, _, technology = prefix.rpartition("_")
    if technology.casefold() not in _TECHNOLOGIES:
        operator, technology = prefix, ""
    named = {fold_key(name): name for name in operators}
    return f"{named.get(fold_key(operator), operator)} {technology.upper()}".strip()


def _guessed_kind(name: str, values: pd.Series) -> str:
    if name.endswith("_share"):
        return "share"
    if pd.api.types.is_bool_dtype(values):
        return "flag"
    if pd.api.types.is_integer_dtype(values):
        return "count"
    return "number" if pd.api.types.is_numeric_dtype(values) else "text"


def rows_of(frame: pd.DataFrame) -> list[list[Plain]]:
    """Return the rows of a frame (geometry left out) as plain values, texts escaped, unknown as None."""
    columns = [_plain_column(frame[name].to_numpy(dtype=object)) for name in frame.columns if name != "geometry"]
    return [list(row) for row in zip(*columns, strict=True)]


def _plain_column(values: npt.NDArray[np.object_]) -> list[Plain]:
    """Return a column's values; a text that stands in it a hundred thousand times is escaped once."""
    known: dict[str, Plain] = {}
    out: list[Plain] = []
    for value in values:
        if type(value) is not str:
            out.append(_plain(value))
            continue
        if value not in known:
            known[value] = _plain(value)
        out.append(known[value])
    return out


def _plain(value: Any) -> Plain:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return vn_safe(", ".join(map(str, value)))
    if isinstance(value, pd.Timestamp):
        return vn_safe(value.date().isoformat() if value == value.normalize() else value.isoformat(sep=" "))
    if isinstance(value, date):
        return vn_safe(value.isoformat())
    return vn_safe(value) or None


def village_class_numbers(villages: pd.DataFrame, classes: Sequence[str]) -> list[int]:
    """Return the number of each village's class in ``classes``; what is not among them is the last one."""
    numbers = {name: i for i, name in enumerate(classes)}
    return [numbers.get(str(value), len(classes) - 1) for value in villages["class"]]


def summary(content: MapContent) -> Summary:
    """Return the figures of the whole area, summed over the communes and villages that have them."""
    people, people_base, left_out, people_share = _people(content)
    villages, villages_base, villages_share = _villages(content)
    parts = [part for part in (villages_share, people_share) if part is not None]
    undecided = None
    if parts:
        joined = Bilingual("; ".join(part.vi for part in parts), "; ".join(part.en for part in parts))
        undecided = label("summary.undecided", parts=joined)
    return Summary(
        caveat=label("summary.forecast_checked" if content.model_checked else "summary.forecast"),
        undecided=undecided,
        people=people,
        people_base=people_base,
        left_out=left_out,
        villages=villages,
        villages_base=villages_base,
    )


def _line(key: str, count: float, text: str, *, checked: bool, **fields: Bilingual) -> SummaryLine:
    """Return one figure; nothing predicted by a model that nobody checked is said in words, not as 0."""
    if round(count) == 0 and not checked:
        return SummaryLine(vn_safe(key), None, label(f"summary.{text}_none"))
    return SummaryLine(vn_safe(key), label_of(count_text(count)), label(f"summary.{text}", **fields))


def _people(content: MapContent) -> tuple[tuple[SummaryLine, ...], Label | None, Label | None, Bilingual | None]:
    needed = ["population", "population_uncertain_share", "population_unknown_share", "population_unserved_share"]
    if content.communes is None or not set(needed) <= set(content.communes.columns):
        return (), None, None, None
    figures = content.communes[needed].astype("float64").to_numpy(copy=True)
    figures[np.ix_(figures[:, 2] == 1, [1, 3])] = 0.0  # where nothing is known all the people count as unknown
    known = np.isfinite(figures).all(axis=1)
    total = float(figures[known, 0].sum())
    left_out = label("summary.communes_missing", n=count_text(int((~known).sum()))) if not known.all() else None
    if total <= 0:
        given = figures[np.isfinite(figures[:, 0]), 0]
        if not given.sum() > 0:
            return (), None, left_out, None
        base = label("summary.population_alone", n=count_text(float(given.sum())), communes=count_text(len(given)))
        lacking = len(figures) - len(given)
        return (), base, label("summary.communes_missing", n=count_text(lacking)) if lacking else None, None
    uncertain, unknown, unserved = (float((figures[known, 0] * figures[known, i]).sum()) for i in (1, 2, 3))
    why = _reasons(content.unknown_reasons) if unknown > 0 else Bilingual("", "")
    lines = tuple(
        SummaryLine(vn_safe(key), label_of(count_text(people)), label(f"summary.{key}", share=share_text(people / total), why=why))
        for key, people in (("population_uncertain", uncertain), ("population_unknown", unknown))
    )
    last = _line(
        "population_unserved", unserved, "population_unserved", checked=content.model_checked, share=share_text(unserved / total)
    )
    base = label("summary.of_population", n=count_text(total), communes=count_text(int(known.sum())))
    undecided = uncertain + unknown
    part = phrase("summary.undecided_people", n=count_text(undecided), share=share_text(undecided / total))
    return (*lines, last), base, left_out, part


def _reasons(names: Sequence[str]) -> Bilingual:
    """Return a clause that names reasons, and how the one that a setting lifts is lifted; empty where none is known."""
    if not names:
        return Bilingual("", "")
    named = [phrase(f"reasons.{name}") for name in names]
    clause = phrase("summary.because", reasons=Bilingual("; ".join(r.vi for r in named), "; ".join(r.en for r in named)))
    if "neighbour_sites" not in names:
        return clause
    lifted = phrase("summary.neighbour_sites_lifted")
    return Bilingual(f"{clause.vi}. {lifted.vi}", f"{clause.en}. {lifted.en}")


def _villages(content: MapContent) -> tuple[tuple[SummaryLine, ...], Label | None, Bilingual | None]:
    if content.villages is None or not len(content.villages):
        return (), None, None
    classes = [str(value) for value in content.villages["class"]]
    total, undecided = len(classes), classes.count("undecided")
    white, weak = (
        _line(f"villages_{name}", classes.count(name), f"villages_{name}", checked=content.model_checked) for name in ("white", "weak")
    )
    open_line = SummaryLine(vn_safe("villages_undecided"), label_of(count_text(undecided)), label("summary.villages_undecided"))
    lines = [white, open_line, weak]
    if {"weak", "cluster_basis"} <= set(content.villages.columns):
        settled = content.villages["weak"].notna() | ~content.villages["cluster_basis"].isin(["buildings", "population"])
        may = int((~settled & ~content.villages["class"].isin(["white", "undecided"])).sum())
        if may:
            lines.append(SummaryLine(vn_safe("villages_weak_open"), label_of(count_text(may)), label("summary.villages_weak_open")))
    part = phrase("summary.undecided_villages", n=count_text(undecided), total=count_text(total), share=share_text(undecided / total))
    return tuple(lines), label("summary.of_villages", n=count_text(total)), part
