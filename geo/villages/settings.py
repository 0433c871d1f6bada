"""Settings of the village classes."""

from __future__ import annotations

from dataclasses import dataclass

from geo.io.resources import load_toml

__all__ = ["VillageSettings", "village_settings"]


@dataclass(frozen=True, slots=True)
class VillageSettings:
    """Settings of the village classes.

    Attributes
    ----------
    weak_cluster_households : float
        N: an unserved cluster of at least so many households makes a village weak.
    persons_per_household : float
        Turns people of a pixel into households where the list gives none.
    """

    weak_cluster_households: float
    persons_per_household: float


def village_settings(**replaced: float) -> VillageSettings:
    """Return the default settings; keywords replace single fields."""
    values = {name: float(entry["value"]) for name, entry in load_toml("defaults.toml")["villages"].items()}
    return VillageSettings(**{**values, **replaced})
