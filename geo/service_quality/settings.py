"""Settings of the verdicts; values, units and sources stand in ``resources/defaults.toml``, ``[service_quality]``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from geo.io.resources import load_toml

__all__ = ["ServiceSettings", "service_settings"]


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How samples become verdicts.

    Attributes
    ----------
    piece_m : float
        Side of the squares in which samples of one phone are one cluster.
    minutes : float
        Whatever its positions say, within so long a phone is in one square.
    alone_hours : float
        How long samples without a position are one cluster.
    utc_offset_h : float
        Local time less UTC.
    least_hours, least_places, least_days, most_of_one_phone : float
        Below, or above, which the spread of an area's samples is said to be narrow.
    road_reach_m : float
        A sample nearer to a road's axis was taken on it.
    looks : float
        Planned looks at the same growing sample.
    ranked_share : float
        An area whose rank may be anything over more than this part of all areas is not ranked.
    open_bound_ratio : float
        An upper bound of more than so many times the value is not stated: it says nothing.
    """

    piece_m: float
    minutes: float
    alone_hours: float
    utc_offset_h: float
    least_hours: float
    least_places: float
    least_days: float
    most_of_one_phone: float
    road_reach_m: float
    looks: float
    ranked_share: float
    open_bound_ratio: float


def service_settings(**replaced: float) -> ServiceSettings:
    """Return the default settings; keywords replace single ones."""
    entries = load_toml("defaults.toml")["service_quality"]
    values = {f.name: float(entries[f.name]["value"]) for f in fields(ServiceSettings)}
    return ServiceSettings(**{**values, **replaced})
