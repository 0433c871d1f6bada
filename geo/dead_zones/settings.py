"""Settings of dead zones and of their priority; values, units and sources stand in ``resources/defaults.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geo.io.resources import load_toml

__all__ = ["DeadZoneSettings", "PrioritySettings", "dead_zone_settings", "priority_settings"]


@dataclass(frozen=True, slots=True)
class DeadZoneSettings:
    """What finding dead zones is told (``[dead_zones]``).

    Attributes
    ----------
    least_area_km2, least_people : float
        A zone is listed if it has at least so much of either.
    keep_villages : bool
        A zone with a village's point or a weak village's cluster is listed however small.
    least_road_km : float
        Shorter road segments are counted, not listed.
    simplify_tolerance_cells : float
        Square root of the area, in cells, of the triangles that simplifying an outline may take away.
    simplify_area_share : float
        A zone whose area would change by more keeps its exact outline.
    low_quantile, high_quantile : float
        Ends of the interval of people.
    least_draws : int
        Fewer joint draws are refused.
    block_cells : int
        Cells drawn at a time.
    reason_points : int
        Most points of a zone whose paths are looked at.
    reason_spacing_m : float
        Least distance between them.
    technology_near_km : float
        A site so near that lacks the technology is the reason.
    same_site_m : float
        Radio cells no further apart stand on one site.
    no_operator_km : float
        With no radio cell so near, nobody serves the place.
    """

    least_area_km2: float
    least_people: float
    keep_villages: bool
    least_road_km: float
    simplify_tolerance_cells: float
    simplify_area_share: float
    low_quantile: float
    high_quantile: float
    least_draws: int
    block_cells: int
    reason_points: int
    reason_spacing_m: float
    technology_near_km: float
    same_site_m: float
    no_operator_km: float


@dataclass(frozen=True, slots=True)
class PrioritySettings:
    """Weights of the terms of a zone's priority, and the amounts at which they reach a half (``[priority]``).

    Attributes
    ----------
    people_weight, villages_weight, facilities_weight, deadline_weight, cost_weight : float
        Not negative.
    people_half, villages_half, facilities_half : float
        Persons, villages of special difficulty, facilities.
    deadline_half_days : float
        Days to the deadline.
    cost_half_vnd : float
        VND per person.
    facility_kinds : tuple of str
        Kinds of facilities that count.
    """

    people_weight: float
    villages_weight: float
    facilities_weight: float
    deadline_weight: float
    cost_weight: float
    people_half: float
    villages_half: float
    facilities_half: float
    deadline_half_days: float
    cost_half_vnd: float
    facility_kinds: tuple[str, ...]


def _values(section: str) -> dict[str, Any]:
    return {name: entry["value"] for name, entry in load_toml("defaults.toml")[section].items()}


def dead_zone_settings(**replaced: Any) -> DeadZoneSettings:
    """Return the default settings; keywords replace single fields."""
    return DeadZoneSettings(**{**_values("dead_zones"), **replaced})


def priority_settings(**replaced: Any) -> PrioritySettings:
    """Return the default weights; keywords replace single fields."""
    values = {**_values("priority"), **replaced}
    return PrioritySettings(**{**values, "facility_kinds": tuple(values["facility_kinds"])})
