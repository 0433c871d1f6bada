"""Settings of fusion; values, units and sources stand in ``resources/defaults.toml``, ``[fusion]``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from geo.io.resources import load_toml

__all__ = ["FusionSettings", "fusion_settings"]


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """What fusion is told.

    Attributes
    ----------
    minimum_observations, minimum_pairs, minimum_classes : int
        With less no variogram is fitted.
    first_lag_m, last_lag_m : float
        Upper edges of the nearest and farthest distance class.
    lag_classes : int
    first_level_lag_db : float
        Upper edge of the nearest class of differences between expected levels; each next class is twice as wide.
    level_lag_classes : int
    least_level_m_per_db, most_level_m_per_db : float
    level_weights : int
        Weights tried of a dB of difference between expected levels, and how many; beside them 0.
    layer_length_spread, layer_variance_spread : float
        By how much layers are taken to differ in the logarithm of their length, and of their variance.
    pairs_per_route : float
        What one route may weigh in a distance class.
    variogram_observations : int
        More are thinned.
    fit_rounds, blocks : int
        Rounds of reweighting; blocks of the jackknife.
    largest_misfit : float
        A worse fit is not taken.
    fallback_length_m, fallback_sd_db : float
        Model of the field where none can be fitted; the sd is ``[coverage] model_error_sd_db``.
    fallback_nugget_share : float
        Share of the nugget in the variance of standardised residuals where none can be fitted.
    neighbours, per_octant : int
    least_correlation, least_pivot : float
        Of what is out of reach; of what is a duplicate.
    likeness_square_m, likeness_stretches : float
        Where, and from how much ground, it is told how like two technologies are (:mod:`geo.fusion.likeness`).
    least_likeness, least_likeness_of_better, most_likeness : float
        Correlation that one technology must surely have to speak for another, and a better one for what phones fell back to; with 1 none does.
    outlier_cut : float
        In sd of what the neighbours foretell.
    outlier_rounds : int
    spread_cut : float
        Robust standard deviations beyond which a residual counts as that far, where the spread is taken.
    censored_sweeps, censored_fits, censored_draws : int
    censored_damping, censored_tolerance : float
    class_weight : float
        Effective observations at which a terrain class's own spread counts half.
    earlier_draws, draws, seed : int
    evidence_samples, evidence_spots : float
    evidence_variance_share : float
    """

    minimum_observations: int
    minimum_pairs: int
    minimum_classes: int
    first_lag_m: float
    last_lag_m: float
    lag_classes: int
    first_level_lag_db: float
    level_lag_classes: int
    least_level_m_per_db: float
    most_level_m_per_db: float
    level_weights: int
    layer_length_spread: float
    layer_variance_spread: float
    pairs_per_route: float
    variogram_observations: int
    fit_rounds: int
    blocks: int
    largest_misfit: float
    fallback_length_m: float
    fallback_sd_db: float
    fallback_nugget_share: float
    neighbours: int
    per_octant: int
    least_correlation: float
    least_pivot: float
    likeness_square_m: float
    likeness_stretches: float
    least_likeness: float
    least_likeness_of_better: float
    most_likeness: float
    outlier_cut: float
    outlier_rounds: int
    spread_cut: float
    censored_sweeps: int
    censored_fits: int
    censored_draws: int
    censored_damping: float
    censored_tolerance: float
    class_weight: float
    earlier_draws: int
    draws: int
    seed: int
    evidence_samples: float
    evidence_spots: float
    evidence_variance_share: float

    @property
    def standardised(self) -> FusionSettings:
        """The same for residuals in units of their own standard deviation: sill and nugget make one."""
        return replace(self, fallback_sd_db=(1.0 - self.fallback_nugget_share) ** 0.5)


def fusion_settings(**replaced: Any) -> FusionSettings:
    """Return the default settings; keywords replace single fields."""
    content = load_toml("defaults.toml")
    values = {name: entry["value"] for name, entry in content["fusion"].items()}
    values["fallback_sd_db"] = content["coverage"]["model_error_sd_db"]["value"]
    return FusionSettings(**{**values, **replaced})
