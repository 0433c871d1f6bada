"""What the page's scripts read of areas: tables, sets, styles, all texts escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from geo.mapping.area_words import area_entries, class_words
from geo.mapping.areas import AreaSet, PreparedAreas
from geo.mapping.content import AreaKind
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.figures import Plain, columns_of, rows_of
from geo.mapping.labels import Label, label, label_of
from geo.mapping.palette import AreaStyle, Palette

__all__ = ["FIRST_COLUMNS", "area_data", "packed", "packed_values", "table_columns"]

#: Columns that a table opens with; the others are a box away. Communes open with all but those of single operators.
FIRST_COLUMNS: Mapping[str, frozenset[str]] = {
    "villages": frozenset(
        {
            "village_name", "village_id", "commune_code", "class", "weak", "single_operator", "households", "population", "operators_serving",
            "operators_undecided", "best_operator", "best_technology", "best_rsrp_dbm", "probability", "evidence", "last_measured",
            "nearest_site_km", "deadline",
        }
    ),
    "zone": frozenset(
        {
            "dead_zone_id", "class", "population", "population_low", "population_high", "area_km2", "length_km", "villages",
            "operators_missing", "reason", "evidence", "priority", "nearest_site_id", "nearest_site_km", "deadline", "commune_codes", "road_name",
        }
    ),
    "claim": frozenset(
        {
            "disagreement_id", "class", "operator", "technology", "population", "area_km2", "evidence", "tests", "share_served",
            "last_measured", "claim_date", "reason", "commune_codes",
        }
    ),
    "change": frozenset(
        {
            "register_id", "state", "flags", "dead_zone_id", "class_old", "class_new", "operators_missing", "first_listed", "deadline",
            "population_old", "population_new", "causes", "last_measured", "commune_codes",
        }
    ),
}  # fmt: skip


#: From so many distinct texts on their order is worth writing down: communes that come again under every rule.
_MANY_TEXTS = 100


def _pair(text: Label) -> list[SafeText]:
    """Return a text as the page's data holds it."""
    return [text.vi, text.en]


def table_columns(frame: Any, operators: Sequence[str], known: Mapping[str, Any] | None = None, first: frozenset[str] | None = None) -> list[dict[str, Any]]:
    """Return how the page shows each column of a frame; ``more`` marks what a table does not open with."""
    return [
        {
            "key": column.key,
            "kind": column.kind,
            "label": _pair(column.label),
            "about": _pair(column.about),
            "group": _pair(column.group) if column.group else None,
            "figure": column.figure,
            "decimals": column.decimals,
            "more": int(first is not None and str(column.key) not in first),
        }
        for column in columns_of(frame, operators, known)
    ]


def area_data(prepared: PreparedAreas, colours: Palette, weights: Mapping[str, float]) -> dict[str, Any]:
    """Return tables and sets of areas.

    Parameters
    ----------
    prepared : PreparedAreas
    colours : Palette
    weights : mapping
        Weights of the terms of a zone's priority, by term; empty where they are not given.
    """
    return {
        "tables": {kind: _table(kind, prepared) for kind in prepared.tables},
        "styles": {kind: [_style(kind, style) for style in colours.areas[kind]] for kind in prepared.tables},
        "sets": [_set(one) for one in prepared.sets],
        "unit": 10**-colours.drawing.coordinate_decimals,
        "weights": {str(vn_safe(term)): float(weight) for term, weight in weights.items()},
    }


def _table(kind: AreaKind, prepared: PreparedAreas) -> dict[str, Any]:
    frame = prepared.tables[kind]
    return {
        "columns": table_columns(frame, (), area_entries(kind), FIRST_COLUMNS[kind]),
        **packed(frame),
        "classes": [number for one in prepared.sets if one.layer.kind == kind for number in one.classes],
    }


def packed(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table's rows column by column, as the page's scripts unpack them."""
    return {"packed": [_packed(values) for values in zip(*rows_of(frame), strict=True)], "n": len(frame)}


def packed_values(values: pd.Series) -> list[Plain]:
    """Return a column's values as the page has them: texts escaped, unknown as None."""
    return [row[0] for row in rows_of(values.to_frame())]


def _packed(values: Sequence[Plain]) -> dict[str, Any]:
    """Return a column as the page unpacks it: one value for all, values with how often each stands in a row, numbers of distinct texts (or first and length of stretches of them), or the values as they are.

    Villages and zones are thousands of rows whose texts repeat: this is a third of what the rows take. Verdicts come sorted by
    rule, so that most of their columns are a few runs.
    """
    distinct = list(dict.fromkeys((type(value), value) for value in values))
    if len(distinct) == 1:
        return {"all": values[0]}
    begins = [i for i, value in enumerate(values) if i == 0 or (type(value), value) != (type(values[i - 1]), values[i - 1])]
    if len(begins) * 3 <= len(values):
        ends = [*begins[1:], len(values)]
        return {"run": [values[i] for i in begins], "long": [end - begin for begin, end in zip(begins, ends, strict=True)]}
    if len(distinct) * 2 > len(values) or not any(kind is SafeText for kind, _ in distinct):
        return {"is": list(values)}
    numbers = {key: i for i, key in enumerate(distinct)}
    at = [numbers[type(value), value] for value in values]
    turns = [i for i, number in enumerate(at) if i == 0 or number != at[i - 1] + 1]
    if len(distinct) >= _MANY_TEXTS and len(turns) * 6 <= len(at):  # the same communes over and over, in the same order
        ends = [*turns[1:], len(at)]
        return {"of": [value for _, value in distinct], "seq": [part for i, end in zip(turns, ends, strict=True) for part in (at[i], end - i)]}
    return {"of": [value for _, value in distinct], "at": at}


def _style(kind: AreaKind, style: AreaStyle) -> dict[str, Any]:
    return {"fill": style.fill, "line": style.line, "pattern": style.pattern, "label": _pair(label_of(class_words(kind, style.key)))}


def _set(one: AreaSet) -> dict[str, Any]:
    whose = f"{one.layer.operator} {one.layer.technology}".strip()
    return {
        "kind": one.layer.kind,
        "shapes": one.shapes,
        "first": one.first,
        "n": len(one.layer.frame),
        "whose": _pair(label_of(whose) if whose else label("areas.of_all")),
    }
