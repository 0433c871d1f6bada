"""Settings of the evidence; values, units and sources stand in ``resources/defaults.toml``, ``[evidence]``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from geo.io.resources import load_toml

__all__ = ["EvidenceSettings", "evidence_settings"]


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What is asked of samples before they say something.

    Attributes
    ----------
    error_share : float
        Greatest chance of a wrong ``supported``, and of a wrong ``contradicted``.
    prior_correlation : float
        Correlation of two samples of one cluster before any is known.
    prior_clusters : float
        Clusters at which what the samples say of it counts half.
    least_effective : float
        Below so many effective samples a mean of speeds says nothing.
    greatest_ratio : float
        One value that nobody measured is at most so many times the threshold (or what was seen, where that is more).
    greatest_lasting_ratio : float
        The same of the values of one cluster, but for one of them.
    greatest_package_ratio : float
        In place of both where each sample is held against the line's own package.
    power : float
        Chance of a decision that ``n_needed`` asks for.
    most_needed : float
        Beyond so many samples a question "cannot be settled by measuring".
    false_share : float
        Greatest share of areas wrongly on the list to challenge.
    """

    error_share: float
    prior_correlation: float
    prior_clusters: float
    least_effective: float
    greatest_ratio: float
    greatest_lasting_ratio: float
    greatest_package_ratio: float
    power: float
    most_needed: float
    false_share: float


def evidence_settings(**replaced: float) -> EvidenceSettings:
    """Return the default settings; keywords replace single ones."""
    entries = load_toml("defaults.toml")["evidence"]
    values = {f.name: float(entries[f.name]["value"]) for f in fields(EvidenceSettings)}
    return EvidenceSettings(**{**values, **replaced})
