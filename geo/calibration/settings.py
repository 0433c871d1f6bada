"""What calibration needs to be told; the values stand in ``resources/defaults.toml`` under ``[calibration]``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from geo.calibration.likelihood import ErrorLaw
from geo.io.resources import load_toml

__all__ = ["CalibrationSettings", "calibration_settings"]


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """Settings of the fit, the evidence and the score.

    Attributes
    ----------
    locked_limit_dbm, free_limit_dbm : float
        What "no service" bounds the strongest level by, where the phone was locked to the technology and
        where it was not.
    camp_floor_2g_dbm, camp_floor_3g_dbm : float
        Lowest level at which a phone stays on such a cell: a phone locked to it is silent below.
    degrees, site_correlation, nodes : float
        See :class:`geo.calibration.likelihood.ErrorLaw`.
    spread_db, spread_log_sd : float
        Scale of the error before any measurement, and how sure that is (standard deviation of its logarithm).
    bias_sd_db, slope_sd_db, diffraction_sd : float
        Prior standard deviations of what all groups share: bias, dB per decade of distance, weight on diffraction.
    deep_diffraction_sd, deep_from_db, deepest_from_db : float
        Further weights on what of the diffraction loss lies beyond ``deep_from_db`` and beyond ``deepest_from_db``.
    height_sd_db, height_slope_sd_db : float
        Prior standard deviations of what a decade of the antenna's height above the phone adds to the level, and that per decade of distance ...
    height_reference_m, height_least_m, height_most_m : float
        ... counted from the first, between the other two.
    clutter_exponent, clutter_reference_ghz : float
        What stands about the phone costs (f / reference) to this power of what it costs at the reference frequency.
    bias_group_sd_db, slope_group_sd_db, diffraction_group_sd, clutter_sd_db, device_sd_db, site_sd_db : float
        Where the standard deviations of the pooled families start ...
    pooling_count : float
        ... and how many members that start counts for.
    reference_km : float
        Distance at which the slope's term is zero.
    learned_share : float
        A parameter of which less is learnt (1 - posterior over prior variance) stands at its prior: stated.
    device_blocks : float
        Blocks that tie a device to a group.
    block_m : float
        Side of the squares that samples are put together in.
    range_m, nugget_share : float
        Correlation along the ground before one is fitted.
    max_shift_db : float
        Corrections are no larger when it is decided which candidates can matter ...
    tolerance : float
        ... to the log likelihood of one observation.
    max_steps, convergence : float
        Newton steps at most; decrement at which the fit has converged.
    buffer_ranges, block_ranges : float
        Width of the buffer and side of the scoring blocks, in fitted ranges.
    good_db : float
        Error that counts as good in the score.
    contradiction_db, contradiction_blocks : float
        A phone that lies further from the others, in the median over at least so many shared blocks, is set aside.
    indoor_speed_kmh, indoor_samples : float
        A device that stays slower for so many samples on end ...
    indoor_radius_m : float
        ... within this distance stands still; inside a building's outline that is indoors.
    airborne_m : float
        Height above the ground from which a sample is airborne.
    place_correlation : float
        Correlation of the errors of two sites at one place (canopy, car, valley), before it is estimated ...
    site_correlation_sd, place_correlation_sd : float
        ... and how sure that and the sites' are: standard deviations of the normal laws that the estimates are shrunk
        to. 0: the value is held.
    vehicle_speed_kmh : float
        From this speed on a phone is taken to be in a vehicle ...
    vehicle_gap_s : float
        ... by its own speed, or by positions no further apart in time.
    measured_vehicle_loss_db, measured_vehicle_sd_db : float
        Loss of the measuring vehicle, added to what was measured in it, and how well that is known.
    chosen_share : float
        A free phone that spends more of a drive on a better technology takes this one only where it has to.
    untaught_share : float
        Of what other operators' measurements move an operator that nobody measured, as its error.
    left_quantile, left_samples : float
        Free phones leave a technology below this quantile of their levels on it, if that is lower than ``free_limit_dbm``
        and so many levels are there to tell.
    unchosen_samples : float
        With fewer of the others a layer's corrections are fitted to all of them.
    sample_noise_db : float
        Standard deviation of one sample: fading that its averaging leaves, the phone's own error, rounding.
    spot_m : float
        Samples in one square of this side are one position.
    change_reach_m : float
        How far the change of a site makes older samples worthless.
    typical_km, typical_diffraction_db : float
        The path at which the error of the corrections is asked for.
    fit_blocks, compare_blocks : float
        Blocks that the corrections are fitted to, and by which ways of counting what stands on the ground are compared;
        more are thinned.
    score_folds : float
        Times that spatial blocks are held out for the score.
    fit_reach_db : float
        Candidates weaker than the strongest by more are left out of the fit.
    free_technologies : tuple of str
        What a phone without a lock is taken to look for.
    """

    locked_limit_dbm: float
    free_limit_dbm: float
    camp_floor_2g_dbm: float
    camp_floor_3g_dbm: float
    degrees: float
    site_correlation: float
    nodes: float
    spread_db: float
    spread_log_sd: float
    bias_sd_db: float
    slope_sd_db: float
    diffraction_sd: float
    deep_diffraction_sd: float
    deep_from_db: float
    deepest_from_db: float
    height_sd_db: float
    height_slope_sd_db: float
    height_reference_m: float
    height_least_m: float
    height_most_m: float
    bias_group_sd_db: float
    slope_group_sd_db: float
    diffraction_group_sd: float
    clutter_sd_db: float
    clutter_exponent: float
    clutter_reference_ghz: float
    device_sd_db: float
    site_sd_db: float
    pooling_count: float
    reference_km: float
    learned_share: float
    device_blocks: float
    block_m: float
    range_m: float
    nugget_share: float
    max_shift_db: float
    tolerance: float
    max_steps: float
    convergence: float
    buffer_ranges: float
    block_ranges: float
    good_db: float
    contradiction_db: float
    contradiction_blocks: float
    indoor_speed_kmh: float
    indoor_samples: float
    indoor_radius_m: float
    airborne_m: float
    place_correlation: float
    site_correlation_sd: float
    place_correlation_sd: float
    vehicle_speed_kmh: float
    vehicle_gap_s: float
    measured_vehicle_loss_db: float
    measured_vehicle_sd_db: float
    chosen_share: float
    untaught_share: float
    left_quantile: float
    left_samples: float
    unchosen_samples: float
    sample_noise_db: float
    spot_m: float
    change_reach_m: float
    typical_km: float
    typical_diffraction_db: float
    fit_blocks: float
    compare_blocks: float
    score_folds: float
    fit_reach_db: float
    free_technologies: tuple[str, ...]

    @property
    def law(self) -> ErrorLaw:
        """The law of the error."""
        return ErrorLaw(self.degrees, self.site_correlation, int(self.nodes), self.place_correlation)


def calibration_settings(**replaced: Any) -> CalibrationSettings:
    """Return the settings of the package's defaults; keywords replace single ones.

    Raises
    ------
    TypeError
        If a keyword is no setting.
    """
    entries = load_toml("defaults.toml")["calibration"]
    values: dict[str, Any] = {
        f.name: float(entries[f.name]["value"]) for f in fields(CalibrationSettings) if f.name != "free_technologies"
    }
    values["free_technologies"] = tuple(entries["free_technologies"]["value"])
    return CalibrationSettings(**{**values, **replaced})
