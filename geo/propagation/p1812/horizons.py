"""Radio horizons of the two terminals of a profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.propagation.p1812.arrays import FloatArray

__all__ = ["Horizons", "horizons"]


@dataclass(frozen=True, slots=True)
class Horizons:
    """Horizon angles and distances of one profile over the plain ground.

    Attributes
    ----------
    line_of_sight : bool
        False where an interior point stands strictly above the ray, on the median effective Earth.
    highest_mrad : float
        Greatest elevation angle of an interior point from the transmitter, eq. (77).
    direct_mrad, direct_reverse_mrad : float
        theta_td, theta_rd: elevation of the other terminal, from either end, eqs (78), (81).
    tx_mrad, rx_mrad : float
        theta_t, theta_r.
    tx_km, rx_km : float
        d_lt, d_lr.
    tx_index, rx_index : int
        Profile points of the horizons (on line of sight the same point).
    angular_distance_mrad : float
        theta, eq. (84); may be above 0 on line of sight.
    """

    line_of_sight: bool
    highest_mrad: np.floating
    direct_mrad: np.floating
    direct_reverse_mrad: np.floating
    tx_mrad: np.floating
    rx_mrad: np.floating
    tx_km: np.floating
    rx_km: np.floating
    tx_index: int
    rx_index: int
    angular_distance_mrad: np.floating


def _last_of_greatest(values: FloatArray) -> int:
    return len(values) - 1 - int(np.argmax(values[::-1]))


def horizons(
    distance_km: FloatArray,
    from_rx_km: FloatArray,
    terrain_height_m: FloatArray,
    tx_height_amsl_m: np.floating,
    rx_height_amsl_m: np.floating,
    earth_radius_km: np.floating,
    wavelength_m: np.floating,
) -> Horizons:
    """Return the horizons of one profile.

    ITU-R P.1812-8, attachment 1, eqs (76) to (84), angles in mrad, interior points i:
    theta_i = 1000 atan[(h_i - h_ts)/(1000 d_i) - d_i/(2 a_e)]; the path is trans-horizon where
    max theta_i > theta_td. Then d_lt belongs to the first point that attains the maximum from the
    transmitter, d_lr to the last one from the receiver. On line of sight both horizons are the (last)
    point with the greatest nu_i = [h_i + 500 d_i (d - d_i)/a_e - (h_ts (d - d_i) + h_rs d_i)/d]
    sqrt[0.002 d/(lambda d_i (d - d_i))]. theta = 1000 d/a_e + theta_t + theta_r.

    Parameters
    ----------
    distance_km, from_rx_km, terrain_height_m : (n,) array
        d_i, d - d_i, h_i (ground without clutter).
    tx_height_amsl_m, rx_height_amsl_m : floating
        h_ts, h_rs.
    earth_radius_km, wavelength_m : floating
        a_e, lambda.
    """
    span = distance_km[-1]
    di, dr, h = distance_km[1:-1], from_rx_km[1:-1], terrain_height_m[1:-1]
    hts, hrs, twice = tx_height_amsl_m, rx_height_amsl_m, 2.0 * earth_radius_km
    rise = (hrs - hts) / (1000.0 * span)
    direct = 1000.0 * np.arctan(rise - span / twice)
    direct_reverse = 1000.0 * np.arctan(-rise - span / twice)
    seen = 1000.0 * np.arctan((h - hts) / (1000.0 * di) - di / twice)
    highest = np.max(seen)
    line_of_sight = not highest > direct
    if line_of_sight:
        over_line = h + 500.0 * di * dr / earth_radius_km - (hts * dr + hrs * di) / span
        nearest = _last_of_greatest(over_line * np.sqrt(0.002 * span / (wavelength_m * di * dr)))
        tx_index = rx_index = nearest
        tx_angle, rx_angle = direct, direct_reverse
    else:
        back = 1000.0 * np.arctan((h - hrs) / (1000.0 * dr) - dr / twice)
        tx_index, rx_index = int(np.argmax(seen)), _last_of_greatest(back)
        tx_angle, rx_angle = highest, back[rx_index]
    return Horizons(
        line_of_sight=line_of_sight,
        highest_mrad=highest,
        direct_mrad=direct,
        direct_reverse_mrad=direct_reverse,
        tx_mrad=tx_angle,
        rx_mrad=rx_angle,
        tx_km=di[tx_index],
        rx_km=dr[rx_index],
        tx_index=tx_index + 1,
        rx_index=rx_index + 1,
        angular_distance_mrad=1000.0 * span / earth_radius_km + tx_angle + rx_angle,
    )
