"""Basic transmission loss of one path (Recommendation ITU-R P.1812-8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from geo.errors import InputError
from geo.numbers import vietnamese
from geo.propagation.p1812.arrays import FloatArray, FloatType, rounded_to
from geo.propagation.p1812.blending import blend, time_interpolation
from geo.propagation.p1812.bullington import (
    Bullington,
    bullington,
    edge_to_bullington_db,
    knife_edge_loss_db,
)
from geo.propagation.p1812.horizons import Horizons, horizons
from geo.propagation.p1812.location import location_height_factor
from geo.propagation.p1812.location import location_spread_db as spread_of_locations_db
from geo.propagation.p1812.mechanisms import (
    ducting,
    free_space_loss_db,
    multipath_db,
    slant_km,
    troposcatter_frequency_db,
    troposcatter_loss_db,
)
from geo.propagation.p1812.normal import inverse_complementary_normal
from geo.propagation.p1812.path import Path
from geo.propagation.p1812.refractivity import (
    SEA,
    ducting_incidence_percent,
    effective_earth_radius_km,
    inland_factor,
    summarise_zones,
)
from geo.propagation.p1812.result import P1812Result
from geo.propagation.p1812.smooth_earth import duct_heights, smooth_earth, smooth_earth_diffraction
from geo.propagation.p1812.spherical_earth import (
    Polarisation,
    smooth_bullington_edge,
    spherical_earth_loss_db,
)

__all__ = [
    "MODEL",
    "WAVELENGTH_M_GHZ",
    "SmoothBullington",
    "basic_transmission_loss",
]

#: Name and edition of the model, for every output. The formulas are also those of P.1812-6, and of
#: P.1812-7 with the troposcatter of -6, as ITU's page on -7 advises.
MODEL = "ITU-R P.1812-8"

#: Wavelength times frequency, m GHz, as P.1812 rounds it.
WAVELENGTH_M_GHZ = 0.2998

#: How L_bulls is found: over the profile's own points, or in closed form.
SmoothBullington: TypeAlias = Literal["profile", "closed_form"]

_FREQUENCY_GHZ = (0.03, 6.0)
_TIME_PERCENT = (1.0, 50.0)
_LOCATION_PERCENT = (1.0, 99.0)


def _check_range(name: str, value: float, limits: tuple[float, float], vi: str, en: str, unit: str) -> None:
    if not limits[0] <= value <= limits[1]:
        raise InputError(
            f"{vi} ({name}) là {vietnamese(value)} {unit}; P.1812 chỉ cho phép từ {vietnamese(limits[0])} đến {vietnamese(limits[1])} {unit}.",
            f"{en} ({name}) is {value:g} {unit}; P.1812 allows {limits[0]:g} to {limits[1]:g} {unit}.",
        )


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(
            f"{name} là {value!r}; chỉ cho phép: {', '.join(allowed)}.",
            f"{name} is {value!r}; allowed are: {', '.join(allowed)}.",
        )


@dataclass(frozen=True, slots=True)
class _Diffraction:
    """Delta-Bullington at one effective Earth radius."""

    actual: Bullington
    smooth_db: FloatArray
    spherical_db: FloatArray
    loss_db: FloatArray


def _delta_bullington(
    distance_km: FloatArray,
    from_rx_km: FloatArray,
    height_m: FloatArray,
    antennas_amsl_m: tuple[np.floating, np.floating],
    antennas_smooth_m: tuple[np.floating, np.floating],
    radius_km: np.floating,
    frequency_ghz: np.floating,
    wavelength_m: np.floating,
    sea_fraction: np.floating,
    polarisation: Polarisation,
    lbulls: SmoothBullington,
) -> _Diffraction:
    """Return L_d at one radius: L_bulla + max(L_dsph - L_bulls, 0), eqs (37) to (39)."""
    actual = bullington(
        distance_km, height_m, *antennas_amsl_m, radius_km, wavelength_m, from_rx_km=from_rx_km
    )
    span = distance_km[-1]
    if lbulls == "profile":
        smooth = bullington(
            distance_km,
            np.zeros_like(height_m),
            *antennas_smooth_m,
            radius_km,
            wavelength_m,
            from_rx_km=from_rx_km,
        ).loss_db
    else:
        nu = smooth_bullington_edge(span, *antennas_smooth_m, radius_km, wavelength_m)
        smooth = edge_to_bullington_db(knife_edge_loss_db(nu), span)
    spherical = spherical_earth_loss_db(
        span,
        *antennas_smooth_m,
        radius_km,
        frequency_ghz,
        polarisation=polarisation,
        sea_fraction=sea_fraction,
        wavelength_m=wavelength_m,
    )
    loss = actual.loss_db + np.maximum(spherical - smooth, 0.0)
    return _Diffraction(actual, smooth, spherical, np.asarray(loss))


def _spread(
    path: Path,
    frequency_ghz: float,
    location_percent: float,
    resolution_m: float | None,
    location_spread_db: float | None,
    entry: tuple[float | None, float | None],
) -> tuple[float, float, float, float]:
    """Return sigma_L, u_h, entry loss and the total spread."""
    if resolution_m is not None and location_spread_db is not None:
        raise InputError(
            "resolution_m và location_spread_db loại trừ nhau: chỉ cho một trong hai.",
            "resolution_m and location_spread_db exclude each other: give one of them.",
        )
    if resolution_m is None and location_spread_db is None and location_percent != 50:
        raise InputError(
            f"location_percent là {vietnamese(location_percent)} nhưng không có resolution_m hoặc location_spread_db, "
            "nên không biết độ tản mát theo vị trí; hãy cho một trong hai.",
            f"location_percent is {location_percent:g}, but without resolution_m or location_spread_db the "
            "spread over locations is not known; give one of them.",
        )
    if (entry[0] is None) != (entry[1] is None):
        raise InputError(
            "entry_loss_db và entry_spread_db phải đi cùng nhau.",
            "entry_loss_db and entry_spread_db go together.",
        )
    numbers = {
        "resolution_m": resolution_m,
        "location_spread_db": location_spread_db,
        "entry_spread_db": entry[1],
    }
    for name, value in numbers.items():
        if value is not None and not 0 <= value < np.inf:
            raise InputError(
                f"{name} là {vietnamese(value)}; phải từ 0 trở lên.", f"{name} is {value:g}; it must be 0 or more."
            )
    if entry[0] is not None and not np.isfinite(entry[0]):
        raise InputError(
            f"entry_loss_db là {vietnamese(entry[0])}; phải là một số hữu hạn.",
            f"entry_loss_db is {entry[0]:g}; it must be finite.",
        )
    sigma = 0.0
    if np.asarray(path.radio_zone)[-1] != SEA:
        if resolution_m is not None:
            sigma = float(spread_of_locations_db(frequency_ghz, resolution_m))
        elif location_spread_db is not None:
            sigma = float(location_spread_db)
    height_factor = float(location_height_factor(path.rx_height_agl_m, path.receiver_clutter_m))
    if entry[0] is None or entry[1] is None:
        return sigma, height_factor, 0.0, height_factor * sigma
    return sigma, height_factor, float(entry[0]), float(np.hypot(sigma, entry[1]))


def basic_transmission_loss(
    path: Path,
    *,
    frequency_ghz: float,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    polarisation: Polarisation = "vertical",
    resolution_m: float | None = None,
    location_spread_db: float | None = None,
    entry_loss_db: float | None = None,
    entry_spread_db: float | None = None,
    lbulls: SmoothBullington = "profile",
    dtype: FloatType = np.float64,
) -> P1812Result:
    """Return the loss of one path not exceeded for p % of the time and p_L % of locations.

    Recommendation ITU-R P.1812-8, clause 4 and attachments. The formulas stand in the modules of this
    package; here is their order (clause 4.1): zones and Earth radii, horizons and smooth Earth, line of
    sight, delta-Bullington at both radii, troposcatter, ducting, blending, locations.

    - L_dp = L_d50 + F_i (L_dbeta - L_d50), at p = 50 exactly L_d50 (41); L_bd50 = L_bfs + L_d50 (42);
      L_bd = L_b0p + L_dp (43);
    - L_b = max[L_b0p, L_bc + L_loc - I(p_L/100) s] (69), outdoors L_loc = 0 and s = u_h sigma_L,
      indoors L_loc = median entry loss and s = sqrt(sigma_L^2 + sigma_be^2);
      no sigma_L for a receiver at sea;
    - E_p = 199.36 + 20 log10 f - L_b (70).

    Parameters
    ----------
    path : Path
        Profile, antennas, zones, climate.
    frequency_ghz : float
        f, 0.03 to 6 GHz.
    time_percent : float
        p, 1 to 50 % of an average year.
    location_percent : float
        p_L, 1 to 99 %.
    polarisation : {"horizontal", "vertical"}
        Only the diffraction over the smooth Earth depends on it.
    resolution_m : float, optional
        w_a, side of the square over which locations vary; gives sigma_L.
    location_spread_db : float, optional
        sigma_L itself (broadcasting: 5.5 dB). One of the two is needed unless p_L = 50.
    entry_loss_db, entry_spread_db : float, optional
        Median and standard deviation of the building entry loss (indoors; ITU-R P.2109).
    lbulls : {"profile", "closed_form"}
        How L_bulls is found; the reference values use the profile.
    dtype : type
        float64, or float32 to see what single precision costs.

    Raises
    ------
    InputError
        Where an argument is outside its limits.
    """
    _check_range("frequency_ghz", frequency_ghz, _FREQUENCY_GHZ, "Tần số", "Frequency", "GHz")
    _check_range("time_percent", time_percent, _TIME_PERCENT, "Tỷ lệ thời gian", "Share of time", "%")
    _check_range(
        "location_percent", location_percent, _LOCATION_PERCENT, "Tỷ lệ vị trí", "Share of locations", "%"
    )
    _check_choice("polarisation", polarisation, ("horizontal", "vertical"))
    _check_choice("lbulls", lbulls, ("profile", "closed_form"))
    sigma, height_factor, entry, spread = _spread(
        path,
        frequency_ghz,
        location_percent,
        resolution_m,
        location_spread_db,
        (entry_loss_db, entry_spread_db),
    )

    # What is known of the path, found in float64 and then rounded to the type of the calculation.
    zones = summarise_zones(path.distance_km, path.radio_zone)
    latitude = path.centre_latitude_deg
    coast = path.coast_distances
    distance = rounded_to(path.distance_km, dtype)
    from_rx = rounded_to(path.distance_km[-1] - path.distance_km, dtype)
    ground = rounded_to(path.terrain_height_m, dtype)
    cover = rounded_to(path.profile_height_m, dtype)
    f, p, d = dtype(frequency_ghz), dtype(time_percent), distance[-1]
    omega = dtype(zones.sea_fraction)
    wavelength = WAVELENGTH_M_GHZ / f
    hts, hrs = ground[0] + dtype(path.tx_height_agl_m), ground[-1] + dtype(path.rx_height_agl_m)

    tau = dtype(inland_factor(dtype(zones.longest_inland_km)))
    beta0 = dtype(
        ducting_incidence_percent(
            dtype(latitude), dtype(zones.longest_land_km), dtype(zones.longest_inland_km)
        )
    )
    radius, radius_beta = (dtype(value) for value in effective_earth_radius_km(dtype(path.delta_n)))

    seen: Horizons = horizons(distance, from_rx, ground, hts, hrs, radius, wavelength)
    line = smooth_earth(distance, ground)
    smooth = smooth_earth_diffraction(distance, ground, hts, hrs, line, from_rx_km=from_rx)
    duct = duct_heights(
        distance,
        ground,
        dtype(path.tx_height_agl_m),
        dtype(path.rx_height_agl_m),
        line,
        (seen.tx_index, seen.rx_index),
    )

    slant = slant_km(d, hts, hrs)
    free_space = free_space_loss_db(f, slant)
    los = free_space + multipath_db(p, seen.tx_km, seen.rx_km)
    los_beta = free_space + multipath_db(beta0, seen.tx_km, seen.rx_km)

    over_smooth = (dtype(hts - smooth.tx_m), dtype(hrs - smooth.rx_m))
    median, beta = (
        _delta_bullington(
            distance,
            from_rx,
            cover,
            (hts, hrs),
            over_smooth,
            each,
            f,
            wavelength,
            omega,
            polarisation,
            lbulls,
        )
        for each in (radius, radius_beta)
    )
    time_factor = time_interpolation(p, beta0)
    if time_percent == 50:
        diffraction = median.loss_db
    else:
        diffraction = np.asarray(median.loss_db + time_factor * (beta.loss_db - median.loss_db))
    total_median, total = free_space + median.loss_db, los + diffraction

    scatter = troposcatter_loss_db(f, d, seen.angular_distance_mrad, dtype(path.n0), p)
    ducted = ducting(
        frequency_ghz=f,
        time_percent=p,
        path_km=d,
        earth_radius_km=radius,
        tx_horizon_mrad=seen.tx_mrad,
        rx_horizon_mrad=seen.rx_mrad,
        tx_horizon_km=seen.tx_km,
        rx_horizon_km=seen.rx_km,
        tx_height_amsl_m=hts,
        rx_height_amsl_m=hrs,
        duct_tx_height_m=dtype(duct.tx_m),
        duct_rx_height_m=dtype(duct.rx_m),
        roughness_m=dtype(duct.roughness_m),
        sea_fraction=omega,
        tx_coast_distance_km=dtype(coast[0]),
        rx_coast_distance_km=dtype(coast[1]),
        tau=tau,
        beta0_percent=beta0,
    )
    blended = blend(
        path_km=d,
        angular_distance_mrad=seen.angular_distance_mrad,
        sea_fraction=omega,
        time_percent=p,
        beta0_percent=beta0,
        time_factor=time_factor,
        line_of_sight_db=los,
        line_of_sight_beta_db=los_beta,
        diffraction_db=diffraction,
        total_diffraction_median_db=total_median,
        total_diffraction_db=total,
        ducting_db=ducted.loss_db,
        troposcatter_db=scatter,
    )
    deviate = inverse_complementary_normal(dtype(location_percent / 100.0))
    loss = np.maximum(los, blended.loss_db + dtype(entry) - deviate * dtype(spread))
    field = 199.36 + 20.0 * np.log10(f) - loss

    return P1812Result(
        model=MODEL,
        in_range=path.in_range,
        frequency_ghz=float(frequency_ghz),
        time_percent=float(time_percent),
        location_percent=float(location_percent),
        path_km=float(d),
        wavelength_m=float(wavelength),
        sea_fraction=float(omega),
        longest_land_km=zones.longest_land_km,
        longest_inland_km=zones.longest_inland_km,
        centre_lat_deg=latitude,
        tau=float(tau),
        beta0_percent=float(beta0),
        earth_radius_median_km=float(radius),
        earth_radius_beta_km=float(radius_beta),
        tx_coast_distance_km=coast[0],
        rx_coast_distance_km=coast[1],
        tx_height_amsl_m=float(hts),
        rx_height_amsl_m=float(hrs),
        line_of_sight=seen.line_of_sight,
        highest_elevation_mrad=float(seen.highest_mrad),
        direct_elevation_mrad=float(seen.direct_mrad),
        tx_horizon_mrad=float(seen.tx_mrad),
        rx_horizon_mrad=float(seen.rx_mrad),
        angular_distance_mrad=float(seen.angular_distance_mrad),
        tx_horizon_km=float(seen.tx_km),
        rx_horizon_km=float(seen.rx_km),
        tx_horizon_index=seen.tx_index,
        rx_horizon_index=seen.rx_index,
        smooth_v1=float(line.v1),
        smooth_v2=float(line.v2),
        smooth_tx_m=float(line.tx_m),
        smooth_rx_m=float(line.rx_m),
        obstruction_m=float(smooth.obstruction_m),
        smooth_tx_diffraction_m=float(smooth.tx_m),
        smooth_rx_diffraction_m=float(smooth.rx_m),
        smooth_tx_duct_m=float(duct.smooth_tx_m),
        smooth_rx_duct_m=float(duct.smooth_rx_m),
        duct_tx_height_m=float(duct.tx_m),
        duct_rx_height_m=float(duct.rx_m),
        roughness_m=float(duct.roughness_m),
        slant_km=float(slant),
        free_space_db=float(free_space),
        line_of_sight_db=float(los),
        line_of_sight_beta_db=float(los_beta),
        diffraction_tx_height_m=float(over_smooth[0]),
        diffraction_rx_height_m=float(over_smooth[1]),
        bullington_line_of_sight_median=bool(median.actual.line_of_sight),
        bullington_tx_slope_median=float(median.actual.tx_slope),
        bullington_rx_slope_median=float(median.actual.rx_slope),
        bullington_edge_km_median=float(median.actual.edge_km),
        bullington_nu_median=float(median.actual.nu),
        bullington_edge_median_db=float(median.actual.edge_loss_db),
        bullington_actual_median_db=float(median.actual.loss_db),
        bullington_smooth_median_db=float(median.smooth_db),
        spherical_median_db=float(median.spherical_db),
        bullington_line_of_sight_beta=bool(beta.actual.line_of_sight),
        bullington_tx_slope_beta=float(beta.actual.tx_slope),
        bullington_rx_slope_beta=float(beta.actual.rx_slope),
        bullington_edge_km_beta=float(beta.actual.edge_km),
        bullington_nu_beta=float(beta.actual.nu),
        bullington_edge_beta_db=float(beta.actual.edge_loss_db),
        bullington_actual_beta_db=float(beta.actual.loss_db),
        bullington_smooth_beta_db=float(beta.smooth_db),
        spherical_beta_db=float(beta.spherical_db),
        diffraction_median_db=float(median.loss_db),
        diffraction_beta_db=float(beta.loss_db),
        time_factor=float(time_factor),
        diffraction_db=float(diffraction),
        total_diffraction_median_db=float(total_median),
        total_diffraction_db=float(total),
        troposcatter_frequency_db=float(troposcatter_frequency_db(f)),
        troposcatter_db=float(scatter),
        duct_low_frequency_db=float(ducted.low_frequency_db),
        duct_tx_shielding_db=float(ducted.tx_shielding_db),
        duct_rx_shielding_db=float(ducted.rx_shielding_db),
        duct_tx_coupling_db=float(ducted.tx_coupling_db),
        duct_rx_coupling_db=float(ducted.rx_coupling_db),
        duct_fixed_db=float(ducted.fixed_db),
        duct_specific_db_per_mrad=float(ducted.specific_db_per_mrad),
        duct_angular_distance_mrad=float(ducted.angular_distance_mrad),
        duct_alpha=float(ducted.alpha),
        duct_mu2=float(ducted.mu2),
        duct_mu3=float(ducted.mu3),
        duct_beta_percent=float(ducted.beta_percent),
        duct_gamma=float(ducted.gamma),
        duct_variable_db=float(ducted.variable_db),
        ducting_db=float(ducted.loss_db),
        angle_factor=float(blended.angle_factor),
        distance_factor=float(blended.distance_factor),
        minimum_line_of_sight_db=float(blended.minimum_line_of_sight_db),
        minimum_ducting_db=float(blended.minimum_ducting_db),
        diffraction_ducting_db=float(blended.diffraction_ducting_db),
        modified_diffraction_ducting_db=float(blended.modified_db),
        median_location_db=float(blended.loss_db),
        location_spread_db=sigma,
        location_height_factor=height_factor,
        entry_loss_db=entry,
        spread_db=spread,
        basic_loss_db=float(loss),
        field_strength_dbuv_m=float(field),
    )
