"""What printed pages are made from: the content of the map, and the tables that it does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from geo.mapping.content import MapContent, PeopleFigure

__all__ = ["Printed"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Printed:
    """Everything that an atlas and a leader's page show of a run; what the run does not have is None or empty.

    Attributes
    ----------
    content : MapContent
        Also holds the language of the atlas.
    totals : mapping or None
        Row ``total`` of ``provinces.csv``.
    people : mapping of str to PeopleFigure
        The figures of ``people.csv`` by their keys.
    plans : DataFrame or None
        ``operator_plans.csv``.
    remainder : DataFrame or None
        ``unserved_after_plans.csv``.
    inventory : DataFrame or None
        ``inventory_communes.csv``.
    sharing : DataFrame or None
        ``sharing.csv``.
    sharing_rates : DataFrame or None
        ``sharing_rates.csv``.
    planned, planned_gains, planned_years : DataFrame or None
        ``sites_planned.csv``, ``sites_planned_gains.csv`` and ``plan_years.csv``.
    plan_villages, price_curve : DataFrame or None
        ``plan_villages.csv`` and ``plan_price_curve.csv``.
    norm_sources : sequence of (str, int)
        Source and year of the norms of masts.
    measurements : DataFrame or None
        ``measurements_planned.csv``.
    street_projects, street_years : DataFrame or None
        ``undergrounding_projects.csv`` and ``undergrounding_years.csv``.
    stops_planned : int or None
        Stops of ``measurements_planned.csv``; None where the run plans no measurements.
    """

    content: MapContent
    totals: Mapping[str, Any] | None = None
    people: Mapping[str, PeopleFigure] = field(default_factory=dict)
    plans: pd.DataFrame | None = None
    remainder: pd.DataFrame | None = None
    inventory: pd.DataFrame | None = None
    sharing: pd.DataFrame | None = None
    planned: pd.DataFrame | None = None
    planned_years: pd.DataFrame | None = None
    sharing_rates: pd.DataFrame | None = None
    planned_gains: pd.DataFrame | None = None
    plan_villages: pd.DataFrame | None = None
    price_curve: pd.DataFrame | None = None
    norm_sources: Sequence[tuple[str, int]] = ()
    measurements: pd.DataFrame | None = None
    street_projects: pd.DataFrame | None = None
    street_years: pd.DataFrame | None = None
    stops_planned: int | None = None
