"""Settings of the register; values, units and sources stand in ``resources/defaults.toml``, ``[register]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geo.io.resources import load_toml

__all__ = ["RegisterSettings", "register_settings"]


@dataclass(frozen=True, slots=True)
class RegisterSettings:
    """What the comparison of two reviews is told.

    Attributes
    ----------
    successor_share : float
        A successor shares at least so much of the old zone's people.
    split_share : float
        A new zone came out of an old one if they share so much of the smaller of the two.
    served_share : float
        From this share of its people on, a place counts as served.
    measured_share : float
        Of the place's people, where service must be measured to be called so.
    claim_share : float
        Of the place's people, within what an operator claims to cover.
    line_half_width_m : float
        Road segments drawn as lines are taken for strips of twice this width.
    site_reach_m : float
        Changes of sites nearer than this may be a cause.
    site_moved_m : float
        A site found further from where it was has moved.
    same_level_db : float
        Levels that differ by less did not change.
    same_extent_share : float
        Outlines that differ by less, as a share of what they cover together, did not change.
    deadline_days : mapping of str to float
        Days from the listing to the deadline, by class of zone; a class without an entry has none.
    """

    successor_share: float
    split_share: float
    served_share: float
    measured_share: float
    claim_share: float
    line_half_width_m: float
    site_reach_m: float
    site_moved_m: float
    same_level_db: float
    same_extent_share: float
    deadline_days: Mapping[str, float]


def register_settings(**replaced: Any) -> RegisterSettings:
    """Return the default settings; keywords replace single fields."""
    values = {name: entry["value"] for name, entry in load_toml("defaults.toml")["register"].items()}
    return RegisterSettings(**{**values, **replaced})
