"""Settings of the comparison; values, units and sources stand in ``resources/disagreement.toml``."""

from __future__ import annotations

from dataclasses import dataclass

from geo.fusion.settings import fusion_settings
from geo.io.resources import load_toml

__all__ = ["DisagreementSettings", "disagreement_settings"]


@dataclass(frozen=True, slots=True)
class DisagreementSettings:
    """What the comparison is told.

    Attributes
    ----------
    least_samples, least_spots : float
        Samples and spots with a verdict from which a cell is measured by its own samples.
    served_share, unserved_share : float
        Share of a cell's spots from which its samples say served, and up to which they say unserved.
    zone_km2, zone_people, measured_zone_km2 : float
        A zone is drawn from this area (predicted, measured) or from so many people on.
    reason_share : float
        Share of a zone's cells for which a reason must hold.
    reach_m : float
        Reach of a site.
    wide_km2, wide_share, narrow_km2, narrow_share : float
        Share of tests that must succeed in a claimed area above the first size, else above the second.
    bounds_share : float
        Two-sided confidence of the bounds.
    """

    least_samples: float
    least_spots: float
    served_share: float
    unserved_share: float
    zone_km2: float
    zone_people: float
    measured_zone_km2: float
    reason_share: float
    reach_m: float
    wide_km2: float
    wide_share: float
    narrow_km2: float
    narrow_share: float
    bounds_share: float


def disagreement_settings(**replaced: float) -> DisagreementSettings:
    """Return the default settings; keywords replace single fields."""
    values = {name: float(entry["value"]) for name, entry in load_toml("disagreement.toml").items()}
    coverage, fusion = load_toml("defaults.toml")["coverage"], fusion_settings()
    values |= {
        "least_samples": fusion.evidence_samples,
        "least_spots": fusion.evidence_spots,
        "served_share": float(coverage["served_probability"]["value"]),
        "unserved_share": float(coverage["unserved_probability"]["value"]),
    }
    return DisagreementSettings(**{**values, **replaced})
