"""Names of periods: months, quarters and years as people write them, and their order."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

__all__ = ["covered_days", "period_end", "period_name", "period_start", "whole_months"]

_I64 = npt.NDArray[np.int64]
_EPOCH = date(1970, 1, 1)

_WHOLE = re.compile(r"\d{4}(-(\d{2}|Q[1-4]))?|\d{4}-\d{2}/\d{4}-\d{2}")
_QUARTER_MONTHS = 3


def period_name(first: date, last: date) -> str:
    """Return ``2026``, ``2026-Q3``, ``2026-09``, ``2026-05/2026-08`` for whole months, else ``2026-09-03/2026-09-17``."""
    if first.day != 1 or (last + timedelta(days=1)).day != 1:
        return f"{first}/{last}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%Y-%m}"
    if first.year == last.year and (first.month, last.month) == (1, 12):
        return f"{first:%Y}"
    if first.year == last.year and last.month - first.month == _QUARTER_MONTHS - 1 and last.month % _QUARTER_MONTHS == 0:
        return f"{first:%Y}-Q{last.month // _QUARTER_MONTHS}"
    return f"{first:%Y-%m}/{last:%Y-%m}"


def whole_months(period: str) -> bool:
    """Tell whether a name is of whole months."""
    return bool(_WHOLE.fullmatch(period))


def period_end(period: str) -> str:
    """Return the last day that a period names, as text that sorts; ``""`` for none."""
    last = period.rsplit("; ", maxsplit=1)[-1].rsplit("/", maxsplit=1)[-1]
    if "-Q" in last:
        year, quarter = last.split("-Q")
        last = f"{year}-{int(quarter) * _QUARTER_MONTHS:02d}"
    return last + {len("2026"): "-12-31", len("2026-12"): "-31"}.get(len(last), "")


def period_start(period: str) -> str:
    """Return the first day that a period names, as text that sorts; ``""`` for none."""
    first = period.split("; ", maxsplit=1)[0].split("/", maxsplit=1)[0]
    if "-Q" in first:
        year, quarter = first.split("-Q")
        first = f"{year}-{(int(quarter) - 1) * _QUARTER_MONTHS + 1:02d}"
    return first + {len("2026"): "-01-01", len("2026-12"): "-01"}.get(len(first), "")


def covered_days(area: _I64, first: _I64, last: _I64, areas: int) -> list[str]:
    """Return the days that periods cover, by area: ``2026-01-01/2026-06-30``, two stretches with a gap between them joined by ``"; "``; ``""`` without any.

    Parameters
    ----------
    area, first, last : (n,) int64 array
        Area 0 … ``areas`` − 1 of each period, its days since 1970, both within.
    areas : int
    """
    found: list[list[list[int]]] = [[] for _ in range(areas)]
    for where, begin, end in np.unique(np.column_stack([area, first, last]), axis=0).tolist():
        mine = found[where]
        if mine and begin <= mine[-1][1] + 1:
            mine[-1][1] = max(mine[-1][1], end)
        else:
            mine.append([begin, end])
    return ["; ".join(f"{_EPOCH + timedelta(days=a)}/{_EPOCH + timedelta(days=b)}" for a, b in mine) for mine in found]
