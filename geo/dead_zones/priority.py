"""Priority of dead zones: a weighted mean of terms, every term beside it.

Each term lies between 0 and 1 and is worked out for its zone alone, so that a zone more or less in the list changes
no other's priority:

============  ==============================================================================
people        p / (p + people_half), p the central figure of people
villages      v / (v + villages_half), v the villages of special difficulty
facilities    f / (f + facilities_half), f the schools and clinics
deadline      1 once it is past, else half / (half + days left); 0 where a list of villages has none in the zone
cost          half / (half + VND per person): what is cheap for its people comes first
============  ==============================================================================

The amount called half is where a term is 1/2. Priority = sum of weight × term / sum of weights, over the terms that
are known. An unknown term is not counted, which is not the same as 0, and it is named in ``priority_unknown``;
without any known term the priority is NaN.
"""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.dead_zones.settings import PrioritySettings
from geo.errors import InputError

__all__ = ["PRIORITY_COLUMNS", "TERMS", "with_priority"]

_F64 = npt.NDArray[np.float64]

TERMS = ("people", "villages", "facilities", "deadline", "cost")
#: What is written beside a zone.
PRIORITY_COLUMNS = ("priority", *(f"priority_{term}" for term in TERMS), "priority_unknown")


def with_priority(
    zones: gpd.GeoDataFrame, settings: PrioritySettings, *, on: date, cost_vnd: pd.Series | None = None
) -> gpd.GeoDataFrame:
    """Return the zones with their priority and its terms.

    Parameters
    ----------
    zones : GeoDataFrame
        ``dead_zone_id``, ``population``, ``villages``, ``villages_weak``, ``villages_difficult``,
        ``facilities_counted``, ``deadline``.
    settings : PrioritySettings
    on : date
        Days to a deadline are counted from it.
    cost_vnd : Series, optional
        What serving a zone costs, VND, by ``dead_zone_id``; zones without an entry have no known cost.

    Returns
    -------
    GeoDataFrame
        A copy with :data:`PRIORITY_COLUMNS`.

    Raises
    ------
    InputError
        If a weight is negative, or a half not positive.
    """
    weights = np.array([getattr(settings, f"{term}_weight") for term in TERMS], dtype=np.float64)
    halves = [settings.people_half, settings.villages_half, settings.facilities_half, settings.deadline_half_days, settings.cost_half_vnd]
    if (weights < 0).any() or not weights.any() or min(halves) <= 0:
        raise InputError(
            "Trọng số ưu tiên không được âm và không được đều bằng 0; các mức nửa phải dương.",
            "Weights of the priority must not be negative nor all 0; the amounts called half must be positive.",
        )
    found = _terms(zones, settings, on, cost_vnd)
    terms = np.column_stack([found[term] for term in TERMS])
    known = np.isfinite(terms)
    # Added up term by term: a product of matrices would round by how many zones there are.
    weighed, total = (np.cumsum(each, axis=1)[:, -1] for each in (known * weights, np.where(known, terms, 0.0) * weights))
    out = zones.copy()
    out["priority"] = np.divide(total, weighed, out=np.full(len(zones), np.nan), where=weighed > 0)
    for i, term in enumerate(TERMS):
        out[f"priority_{term}"] = terms[:, i]
    unknown = ["; ".join(term for term, there in zip(TERMS, row, strict=True) if not there) for row in known]
    out["priority_unknown"] = pd.Series(unknown, index=zones.index, dtype="str")
    return out


def _terms(zones: gpd.GeoDataFrame, settings: PrioritySettings, on: date, cost_vnd: pd.Series | None) -> dict[str, _F64]:
    people, villages, weak, difficult, facilities = (
        zones[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("population", "villages", "villages_weak", "villages_difficult", "facilities_counted")
    )
    days = (zones["deadline"] - pd.Timestamp(on)).dt.total_seconds().to_numpy(dtype=np.float64) / 86400.0
    deadline = settings.deadline_half_days / (settings.deadline_half_days + np.maximum(days, 0.0))
    nobody = np.isnan(days) & (villages == 0) & (weak == 0)
    cost = np.full(len(zones), np.nan)
    if cost_vnd is not None:
        cost = zones["dead_zone_id"].map(cost_vnd).to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_person = cost / people  # nobody there: without end, a term of 0
    return {
        "people": _saturating(people, settings.people_half),
        "villages": _saturating(difficult, settings.villages_half),
        "facilities": _saturating(facilities, settings.facilities_half),
        "deadline": np.where(nobody, 0.0, deadline),
        "cost": settings.cost_half_vnd / (settings.cost_half_vnd + per_person),
    }


def _saturating(amount: _F64, half: float) -> _F64:
    return np.asarray(amount / (amount + half), dtype=np.float64)
