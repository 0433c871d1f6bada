"""Line of sight, troposcatter and ducting: the mechanisms beside diffraction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating

__all__ = [
    "FREE_SPACE_CONSTANT_DB",
    "Ducting",
    "ducting",
    "free_space_loss_db",
    "multipath_db",
    "slant_km",
    "troposcatter_frequency_db",
    "troposcatter_loss_db",
]

#: Free-space loss at 1 GHz and 1 km as P.1812 rounds it (the exact value is 92.4478 dB).
FREE_SPACE_CONSTANT_DB = 92.4

_LOG10_E = math.log10(math.e)


def slant_km(
    path_km: npt.ArrayLike, tx_height_amsl_m: npt.ArrayLike, rx_height_amsl_m: npt.ArrayLike
) -> FloatArray:
    """Return d_fs = sqrt{d^2 + [(h_ts - h_rs)/1000]^2}, antenna to antenna (ITU-R P.1812-8, eq. (8))."""
    rise = (floating(tx_height_amsl_m) - floating(rx_height_amsl_m)) / 1000.0
    return np.asarray(np.hypot(floating(path_km), rise))


def free_space_loss_db(frequency_ghz: npt.ArrayLike, distance_km: npt.ArrayLike) -> FloatArray:
    """Return L_bfs = 92.4 + 20 log10 f + 20 log10 d_fs (ITU-R P.1812-8, eq. (8)).

    Parameters
    ----------
    frequency_ghz : array
    distance_km : array
        Slant distance.
    """
    return np.asarray(
        FREE_SPACE_CONSTANT_DB
        + 20.0 * np.log10(floating(frequency_ghz))
        + 20.0 * np.log10(floating(distance_km))
    )


def multipath_db(
    time_percent: npt.ArrayLike, tx_horizon_km: npt.ArrayLike, rx_horizon_km: npt.ArrayLike
) -> FloatArray:
    """Return E(p) = 2.6 {1 - exp[-0.1 (d_lt + d_lr)]} log10(p/50) (ITU-R P.1812-8, eq. (9))."""
    reach = floating(tx_horizon_km) + floating(rx_horizon_km)
    return np.asarray(-2.6 * np.expm1(-0.1 * reach) * np.log10(floating(time_percent) / 50.0))


def troposcatter_frequency_db(frequency_ghz: npt.ArrayLike) -> FloatArray:
    """Return L_f = 25 log10 f - 2.5 [log10(f/2)]^2 (ITU-R P.1812-6, eq. (45))."""
    f = floating(frequency_ghz)
    return np.asarray(25.0 * np.log10(f) - 2.5 * np.log10(f / 2.0) ** 2)


def troposcatter_loss_db(
    frequency_ghz: npt.ArrayLike,
    path_km: npt.ArrayLike,
    angular_distance_mrad: npt.ArrayLike,
    n0: npt.ArrayLike,
    time_percent: npt.ArrayLike,
) -> FloatArray:
    """Return L_bs, the loss by troposcatter.

    ITU-R P.1812-6, eq. (44), to which ITU's page on P.1812-7 refers back and which P.1812-8 has as
    implemented: L_bs = 190.1 + L_f + 20 log10 d + 0.573 theta - 0.15 N0 - 10.125 [log10(50/p)]^0.7.

    Parameters
    ----------
    frequency_ghz, path_km, angular_distance_mrad, n0, time_percent : array
        f, d, theta, N0 (N-units at sea level), p (up to 50 %).
    """
    rare = np.maximum(np.log10(50.0 / floating(time_percent)), 0.0) ** 0.7
    return np.asarray(
        190.1
        + troposcatter_frequency_db(frequency_ghz)
        + 20.0 * np.log10(floating(path_km))
        + 0.573 * floating(angular_distance_mrad)
        - 0.15 * floating(n0)
        - 10.125 * rare
    )


@dataclass(frozen=True, slots=True)
class Ducting:
    """The ducting and layer-reflection loss of one path and its parts.

    Attributes
    ----------
    low_frequency_db : floating array
        A_lf, eq. (47a).
    tx_shielding_db, rx_shielding_db : floating array
        A_st, A_sr, eq. (48).
    tx_coupling_db, rx_coupling_db : floating array
        A_ct, A_cr, over-sea duct coupling, eq. (49), never positive.
    fixed_db : floating array
        A_f, eq. (47).
    specific_db_per_mrad : floating array
        gamma_d, eq. (51).
    angular_distance_mrad : floating array
        theta', eq. (52).
    alpha, mu2, mu3 : floating array
        Eqs (55a), (55), (56).
    beta_percent : floating array
        beta, eq. (54); 0 where it is below what the floating type holds (its logarithm is used).
    gamma : floating array
        Eq. (53a).
    variable_db : floating array
        A_p, eq. (53).
    loss_db : floating array
        L_ba, eqs (46), (50).
    """

    low_frequency_db: FloatArray
    tx_shielding_db: FloatArray
    rx_shielding_db: FloatArray
    tx_coupling_db: FloatArray
    rx_coupling_db: FloatArray
    fixed_db: FloatArray
    specific_db_per_mrad: FloatArray
    angular_distance_mrad: FloatArray
    alpha: FloatArray
    mu2: FloatArray
    mu3: FloatArray
    beta_percent: FloatArray
    gamma: FloatArray
    variable_db: FloatArray
    loss_db: FloatArray


def _shielding_db(angle_mrad: np.floating, horizon_km: np.floating, f: np.floating) -> FloatArray:
    """Return the site-shielding loss of one terminal, eq. (48)."""
    x = angle_mrad - 0.1 * horizon_km
    if not x > 0:
        return np.asarray(f * 0.0)
    return np.asarray(20.0 * np.log10(1.0 + 0.361 * x * np.sqrt(f * horizon_km)) + 0.264 * x * np.cbrt(f))


def _coupling_db(
    coast_km: np.floating, horizon_km: np.floating, height_m: np.floating, sea_fraction: np.floating
) -> FloatArray:
    """Return the over-sea surface duct coupling correction of one terminal, eq. (49)."""
    if not (sea_fraction >= 0.75 and coast_km <= horizon_km and coast_km <= 5.0):
        return np.asarray(height_m * 0.0)
    return np.asarray(-3.0 * np.exp(-0.25 * coast_km**2) * (1.0 + np.tanh(0.07 * (50.0 - height_m))))


def ducting(
    *,
    frequency_ghz: np.floating,
    time_percent: np.floating,
    path_km: np.floating,
    earth_radius_km: np.floating,
    tx_horizon_mrad: np.floating,
    rx_horizon_mrad: np.floating,
    tx_horizon_km: np.floating,
    rx_horizon_km: np.floating,
    tx_height_amsl_m: np.floating,
    rx_height_amsl_m: np.floating,
    duct_tx_height_m: np.floating,
    duct_rx_height_m: np.floating,
    roughness_m: np.floating,
    sea_fraction: np.floating,
    tx_coast_distance_km: np.floating,
    rx_coast_distance_km: np.floating,
    tau: np.floating,
    beta0_percent: np.floating,
) -> Ducting:
    """Return the loss by ducting and layer reflection of one path.

    ITU-R P.1812-8, clause 4.5, eqs (46) to (56): L_ba = A_f + gamma_d theta' + A_p with

    - A_f = 102.45 + 20 log10 f + 20 log10(d_lt + d_lr) + A_lf + A_st + A_sr + A_ct + A_cr,
      A_lf = 45.375 - 137 f + 92.5 f^2 below 0.5 GHz, else 0;
    - A_s = 20 log10(1 + 0.361 x sqrt(f d_l)) + 0.264 x f^(1/3) for x = theta - 0.1 d_l > 0, else 0;
    - A_c = -3 exp(-0.25 d_c^2) {1 + tanh[0.07 (50 - h)]} for omega >= 0.75, d_c <= d_l, d_c <= 5, else 0;
    - gamma_d = 5e-5 a_e f^(1/3); theta' = 1000 d/a_e + min(theta_t, 0.1 d_lt) + min(theta_r, 0.1 d_lr);
    - alpha = max(-0.6 - 3.5e-9 d^3.1 tau, -3.4);
      mu2 = {500 d^2/[a_e (sqrt h_te + sqrt h_re)^2]}^alpha, at most 1;
    - mu3 = 1 for h_m <= 10, else exp[-4.6e-5 (h_m - 10)(43 + 6 min(d - d_lt - d_lr, 40))];
    - beta = beta_0 mu2 mu3; Gamma = 1.076 (2.0058 - log beta)^-1.012
      exp{-[9.51 - 4.8 log beta + 0.198 (log beta)^2] 1e-6 d^1.13};
    - A_p = -12 + (1.2 + 3.7e-3 d) log(p/beta) + 12 (p/beta)^Gamma.

    beta goes in by its logarithm, a sum of three, so that it cannot underflow on very rough ground.

    Parameters
    ----------
    frequency_ghz, time_percent, path_km, earth_radius_km : floating
        f, p, d, a_e.
    tx_horizon_mrad, rx_horizon_mrad, tx_horizon_km, rx_horizon_km : floating
        theta_t, theta_r, d_lt, d_lr.
    tx_height_amsl_m, rx_height_amsl_m : floating
        h_ts, h_rs.
    duct_tx_height_m, duct_rx_height_m, roughness_m : floating
        h_te, h_re, h_m.
    sea_fraction, tx_coast_distance_km, rx_coast_distance_km : floating
        omega, d_ct, d_cr.
    tau, beta0_percent : floating
        Eq. (3); beta_0.
    """
    f, d, reach = frequency_ghz, path_km, tx_horizon_km + rx_horizon_km
    low = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else f * 0.0
    tx_shielding = _shielding_db(tx_horizon_mrad, tx_horizon_km, f)
    rx_shielding = _shielding_db(rx_horizon_mrad, rx_horizon_km, f)
    tx_coupling = _coupling_db(tx_coast_distance_km, tx_horizon_km, tx_height_amsl_m, sea_fraction)
    rx_coupling = _coupling_db(rx_coast_distance_km, rx_horizon_km, rx_height_amsl_m, sea_fraction)
    fixed = (
        102.45
        + 20.0 * np.log10(f)
        + 20.0 * np.log10(reach)
        + low
        + tx_shielding
        + rx_shielding
        + tx_coupling
        + rx_coupling
    )
    specific = 5e-5 * earth_radius_km * np.cbrt(f)
    bent = (
        1000.0 * d / earth_radius_km
        + np.minimum(tx_horizon_mrad, 0.1 * tx_horizon_km)
        + np.minimum(rx_horizon_mrad, 0.1 * rx_horizon_km)
    )
    alpha = np.maximum(-0.6 - 3.5e-9 * d**3.1 * tau, -3.4)
    heights = (np.sqrt(duct_tx_height_m) + np.sqrt(duct_rx_height_m)) ** 2
    log_mu2 = np.minimum(alpha * np.log10(500.0 * d * d / (earth_radius_km * heights)), 0.0)
    inner = np.minimum(d - reach, 40.0)
    log_mu3 = -4.6e-5 * np.maximum(roughness_m - 10.0, 0.0) * (43.0 + 6.0 * inner) * _LOG10_E
    log_beta = np.log10(beta0_percent) + log_mu2 + log_mu3
    gamma = (
        1.076
        / (2.0058 - log_beta) ** 1.012
        * np.exp(-(9.51 - 4.8 * log_beta + 0.198 * log_beta**2) * 1e-6 * d**1.13)
    )
    log_ratio = np.log10(time_percent) - log_beta
    variable = -12.0 + (1.2 + 3.7e-3 * d) * log_ratio + 12.0 * 10.0 ** (gamma * log_ratio)
    return Ducting(
        low_frequency_db=np.asarray(low),
        tx_shielding_db=tx_shielding,
        rx_shielding_db=rx_shielding,
        tx_coupling_db=tx_coupling,
        rx_coupling_db=rx_coupling,
        fixed_db=fixed,
        specific_db_per_mrad=specific,
        angular_distance_mrad=bent,
        alpha=alpha,
        mu2=10.0**log_mu2,
        mu3=10.0**log_mu3,
        beta_percent=10.0**log_beta,
        gamma=gamma,
        variable_db=variable,
        loss_db=fixed + specific * bent + variable,
    )
