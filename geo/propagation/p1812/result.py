"""The loss of one path with everything that led to it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["P1812Result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class P1812Result:
    """Basic transmission loss by ITU-R P.1812 and every intermediate value.

    Names end in their unit; ``_median`` belongs to the median effective Earth radius a_e, ``_beta`` to
    a_beta, exceeded for beta_0 % of the time. Equation numbers are those of ITU-R P.1812-8.
    """

    #: Model and edition.
    model: str
    #: False where the path is shorter than 0.25 km, for which the model was not made.
    in_range: bool

    # -- what was asked
    frequency_ghz: float
    time_percent: float
    location_percent: float
    path_km: float
    wavelength_m: float

    # -- zones and refractivity (2)-(7)
    sea_fraction: float
    longest_land_km: float
    longest_inland_km: float
    centre_lat_deg: float
    tau: float
    beta0_percent: float
    earth_radius_median_km: float
    earth_radius_beta_km: float
    tx_coast_distance_km: float
    rx_coast_distance_km: float

    # -- profile (76)-(95)
    tx_height_amsl_m: float
    rx_height_amsl_m: float
    line_of_sight: bool
    highest_elevation_mrad: float
    direct_elevation_mrad: float
    tx_horizon_mrad: float
    rx_horizon_mrad: float
    angular_distance_mrad: float
    tx_horizon_km: float
    rx_horizon_km: float
    tx_horizon_index: int
    rx_horizon_index: int
    smooth_v1: float
    smooth_v2: float
    smooth_tx_m: float
    smooth_rx_m: float
    obstruction_m: float
    smooth_tx_diffraction_m: float
    smooth_rx_diffraction_m: float
    smooth_tx_duct_m: float
    smooth_rx_duct_m: float
    duct_tx_height_m: float
    duct_rx_height_m: float
    roughness_m: float

    # -- line of sight (8)-(11)
    slant_km: float
    free_space_db: float
    line_of_sight_db: float
    line_of_sight_beta_db: float

    # -- diffraction (12)-(43)
    diffraction_tx_height_m: float
    diffraction_rx_height_m: float
    bullington_line_of_sight_median: bool
    bullington_tx_slope_median: float
    bullington_rx_slope_median: float
    bullington_edge_km_median: float
    bullington_nu_median: float
    bullington_edge_median_db: float
    bullington_actual_median_db: float
    bullington_smooth_median_db: float
    spherical_median_db: float
    bullington_line_of_sight_beta: bool
    bullington_tx_slope_beta: float
    bullington_rx_slope_beta: float
    bullington_edge_km_beta: float
    bullington_nu_beta: float
    bullington_edge_beta_db: float
    bullington_actual_beta_db: float
    bullington_smooth_beta_db: float
    spherical_beta_db: float
    diffraction_median_db: float
    diffraction_beta_db: float
    time_factor: float
    diffraction_db: float
    total_diffraction_median_db: float
    total_diffraction_db: float

    # -- troposcatter (44), (45)
    troposcatter_frequency_db: float
    troposcatter_db: float

    # -- ducting (46)-(56)
    duct_low_frequency_db: float
    duct_tx_shielding_db: float
    duct_rx_shielding_db: float
    duct_tx_coupling_db: float
    duct_rx_coupling_db: float
    duct_fixed_db: float
    duct_specific_db_per_mrad: float
    duct_angular_distance_mrad: float
    duct_alpha: float
    duct_mu2: float
    duct_mu3: float
    duct_beta_percent: float
    duct_gamma: float
    duct_variable_db: float
    ducting_db: float

    # -- blending (57)-(63)
    angle_factor: float
    distance_factor: float
    minimum_line_of_sight_db: float
    minimum_ducting_db: float
    diffraction_ducting_db: float
    modified_diffraction_ducting_db: float
    median_location_db: float

    # -- locations, entry, field strength (64)-(70)
    location_spread_db: float
    location_height_factor: float
    entry_loss_db: float
    spread_db: float
    basic_loss_db: float
    field_strength_dbuv_m: float
