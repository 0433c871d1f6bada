"""Radio-climatic zones of a path, the incidence of ducting, effective Earth radii."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating

__all__ = [
    "COASTAL",
    "EARTH_RADIUS_KM",
    "INLAND",
    "SEA",
    "ZoneSummary",
    "cell_lengths_km",
    "coast_distances_km",
    "ducting_incidence_percent",
    "effective_earth_radius_km",
    "inland_factor",
    "longest_run_km",
    "path_centre_deg",
    "summarise_zones",
]

#: Codes of the radio-climatic zones (ITU-R P.1812-8, clause 3.2: sea, coastal land A1, inland A2).
SEA, COASTAL, INLAND = 1, 3, 4

#: Mean radius of the Earth in P.1812.
EARTH_RADIUS_KM = 6371.0

#: Factor of the effective Earth radius exceeded for beta0 % of the time, eq. (7b).
_K_BETA = 3.0

#: Distance to the coast of a terminal on a path without sea (the value of the reference cases).
_NO_COAST_KM = 500.0


@dataclass(frozen=True, slots=True)
class ZoneSummary:
    """What the zones along a path amount to.

    Attributes
    ----------
    sea_fraction : float
        omega, share of the path over sea.
    longest_land_km, longest_inland_km : float
        d_tm, longest unbroken run over land (coastal or inland); d_lm, over inland.
    """

    sea_fraction: float
    longest_land_km: float
    longest_inland_km: float


def cell_lengths_km(distance_km: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the length that each profile point stands for: half of each neighbouring step.

    Parameters
    ----------
    distance_km : (n,) array
        d_i from the transmitter, increasing.

    Returns
    -------
    (n,) float64 array
        s_i; their sum is the length of the path.
    """
    half = np.diff(np.asarray(distance_km, dtype=np.float64)) / 2.0
    return np.asarray(np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half]))


def longest_run_km(cell_km: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]) -> float:
    """Return the length of the longest unbroken run of points that are ``inside``; 0 if none is."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    if not edges.size:
        return 0.0
    return float(max(cell_km[a:b].sum() for a, b in zip(edges[::2], edges[1::2], strict=True)))


def summarise_zones(distance_km: npt.ArrayLike, radio_zone: npt.ArrayLike) -> ZoneSummary:
    """Return the sea fraction and the longest runs over land of a path.

    ITU-R P.1812-8, clauses 3.2 and 3.6 (omega, d_tm, d_lm).

    Parameters
    ----------
    distance_km, radio_zone : (n,) arrays
        d_i; codes 1 sea, 3 coastal land, 4 inland.
    """
    cell = cell_lengths_km(distance_km)
    zone = np.asarray(radio_zone)
    sea = zone == SEA
    return ZoneSummary(
        sea_fraction=float(cell[sea].sum() / cell.sum()) if sea.any() else 0.0,
        longest_land_km=longest_run_km(cell, ~sea),
        longest_inland_km=longest_run_km(cell, zone == INLAND),
    )


def coast_distances_km(distance_km: npt.ArrayLike, radio_zone: npt.ArrayLike) -> tuple[float, float]:
    """Return the land distance from each terminal to the sea along the path.

    The lengths of the cells from the terminal up to the first point at sea; 0 for a terminal at sea;
    500 km, the value of the reference cases, where the path has no sea (eq. (49) is then not in use).

    Returns
    -------
    d_ct, d_cr : float
    """
    cell = cell_lengths_km(distance_km)
    at_sea = np.flatnonzero(np.asarray(radio_zone) == SEA)
    if not at_sea.size:
        return _NO_COAST_KM, _NO_COAST_KM
    return float(cell[: at_sea[0]].sum()), float(cell[at_sea[-1] + 1 :].sum())


def path_centre_deg(
    tx_lat_deg: float, tx_lon_deg: float, rx_lat_deg: float, rx_lon_deg: float, path_km: float
) -> tuple[float, float]:
    """Return latitude and longitude of the path's centre.

    ITU-R P.1812-8, attachment on great-circle calculations: the point half the profile's length from
    the transmitter along the great circle, on a sphere of 6,371 km.

    Parameters
    ----------
    tx_lat_deg, tx_lon_deg, rx_lat_deg, rx_lon_deg : float
        EPSG:4326 degrees.
    path_km : float
        d, the length of the profile (it, not the coordinates, says how far the centre lies).
    """
    lat_t, lat_r = np.radians(tx_lat_deg), np.radians(rx_lat_deg)
    turn = np.radians(rx_lon_deg - tx_lon_deg)
    cos_path = np.sin(lat_t) * np.sin(lat_r) + np.cos(lat_t) * np.cos(lat_r) * np.cos(turn)
    east = np.cos(lat_t) * np.cos(lat_r) * np.sin(turn)
    north = np.sin(lat_r) - cos_path * np.sin(lat_t)
    same_place = abs(east) < 1e-9 and abs(north) < 1e-9
    bearing = np.radians(rx_lon_deg) if same_place else np.arctan2(east, north)
    angle = path_km / 2.0 / EARTH_RADIUS_KM
    sine = np.sin(lat_t) * np.cos(angle) + np.cos(lat_t) * np.sin(angle) * np.cos(bearing)
    shift = np.arctan2(np.cos(lat_t) * np.sin(angle) * np.sin(bearing), np.cos(angle) - sine * np.sin(lat_t))
    return float(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))), float(tx_lon_deg + np.degrees(shift))


def inland_factor(longest_inland_km: npt.ArrayLike) -> FloatArray:
    """Return tau of ITU-R P.1812-8, eq. (3): 1 - exp(-4.12e-4 d_lm^2.41)."""
    return np.asarray(-np.expm1(-4.12e-4 * floating(longest_inland_km) ** 2.41))


def ducting_incidence_percent(
    centre_lat_deg: npt.ArrayLike, longest_land_km: npt.ArrayLike, longest_inland_km: npt.ArrayLike
) -> FloatArray:
    """Return beta_0, the share of time with a refractivity lapse above 100 N-units/km.

    ITU-R P.1812-8, eqs (2) to (5): mu1 = {10^[-d_tm/(16 - 6.6 tau)] + 10^[-5 (0.496 + 0.354 tau)]}^0.2,
    at most 1; for |phi| <= 70: mu4 = mu1^(-0.935 + 0.0176 |phi|), beta_0 = 10^(-0.015 |phi| + 1.67) mu1 mu4;
    beyond: mu4 = mu1^0.3, beta_0 = 4.17 mu1 mu4.

    Parameters
    ----------
    centre_lat_deg : array
        phi, latitude of the path's centre.
    longest_land_km, longest_inland_km : array
        d_tm, d_lm.

    Returns
    -------
    floating array
        beta_0, % of an average year.
    """
    latitude = np.abs(floating(centre_lat_deg))
    tau = inland_factor(longest_inland_km)
    base = 10.0 ** (-floating(longest_land_km) / (16.0 - 6.6 * tau)) + 10.0 ** (-5.0 * (0.496 + 0.354 * tau))
    mu1 = np.minimum(base**0.2, 1.0)
    low = latitude <= 70.0
    mu4 = mu1 ** np.where(low, -0.935 + 0.0176 * latitude, 0.3)
    scale = np.where(low, 10.0 ** (-0.015 * latitude + 1.67), 4.17)
    return np.asarray(scale * mu1 * mu4)


def effective_earth_radius_km(delta_n: npt.ArrayLike) -> tuple[FloatArray, float]:
    """Return the median effective Earth radius and the one exceeded for beta_0 % of the time.

    ITU-R P.1812-8, eqs (6), (7): k50 = 157/(157 - DN), a_e = 6371 k50, a_beta = 6371 * 3.

    Parameters
    ----------
    delta_n : array
        DN, mean lapse of refractivity through the lowest kilometre, N-units/km, positive, below 157.

    Returns
    -------
    a_e : floating array
        km.
    a_beta : float
        km.
    """
    return np.asarray(EARTH_RADIUS_KM * (157.0 / (157.0 - floating(delta_n)))), EARTH_RADIUS_KM * _K_BETA
