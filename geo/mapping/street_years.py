"""What each year puts underground, as a table of the page: figures of the whole area, without a place."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd

from geo.io.resources import load_toml
from geo.mapping.area_words import described_columns
from geo.mapping.figures import columns_of
from geo.mapping.labels import Label, label, label_of, number_text, share_text

__all__ = ["STREET_YEAR_COLUMNS", "street_years"]

_FILE, _TABLE = "results/undergrounding.toml", "undergrounding_years"
#: Columns of ``undergrounding_years.csv`` that the page shows beside the year; the others stay in the table of results.
STREET_YEAR_COLUMNS = (
    "projects", "sections", "length_km", "cable_km", "sections_tidied", "tidied_km", "cost_vnd", "cost_underground_vnd", "cost_tidy_vnd", "budget_vnd", "underground_share", "path_share", "target_share", "km_to_target",
)  # fmt: skip

#: Of them those that a year does; today's row says none.
_OF_YEARS = frozenset({"projects", "sections", "length_km", "cable_km", "sections_tidied", "tidied_km", "cost_vnd", "cost_underground_vnd", "cost_tidy_vnd", "path_share"})


def street_years(frame: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return the table under the headers of the table of results; None where nothing was asked for.

    Parameters
    ----------
    frame : DataFrame or None
        Columns of ``undergrounding_years.csv``, those of :data:`STREET_YEAR_COLUMNS` that it has are shown; the row without a year is today's.
    """
    if frame is None or frame.empty:
        return None
    shown = frame[[name for name in STREET_YEAR_COLUMNS if name in frame.columns]]
    columns = columns_of(shown, (), described_columns(_FILE, _TABLE))
    rows = [
        {
            "name": label("street_years.today") if pd.isna(year) else label_of(str(int(year))),
            "figures": [_figure(value, str(column.key), str(column.kind), not_said=column.key == "budget_vnd" or (pd.isna(year) and column.key in _OF_YEARS)) for column, value in zip(columns, values, strict=True)],
        }
        for year, values in zip(frame["year"], shown.astype(object).itertuples(index=False), strict=True)
    ]
    return {"columns": [label("facets.year"), *(column.label for column in columns)], "rows": rows}


@lru_cache(maxsize=1)
def _decimals() -> dict[str, int]:
    """Return the digits behind the point that the table of results keeps of each column."""
    return {name: int(entry.get("decimals", 0)) for name, entry in load_toml(_FILE)[_TABLE]["columns"].items()}


def _figure(value: Any, name: str, kind: str, *, not_said: bool) -> Label:
    """Return a figure; what nobody set, or what is not counted of today, is no unknown figure."""
    if pd.isna(value):
        return label("street_years.not_said" if not_said else "street_years.not_known")
    return label_of(share_text(float(value)) if kind == "share" else number_text(float(value), _decimals()[name]))
