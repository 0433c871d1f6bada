"""Diffraction over a smooth spherical Earth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating

__all__ = [
    "Clearance",
    "FirstTermForm",
    "Polarisation",
    "first_term_loss_db",
    "smooth_bullington_edge",
    "spherical_earth_clearance",
    "spherical_earth_loss_db",
]

Polarisation: TypeAlias = Literal["horizontal", "vertical"]

#: "rounded": the practical coefficients of P.1812; "exact": those of P.526 from which they are rounded.
FirstTermForm: TypeAlias = Literal["rounded", "exact"]

# Relative permittivity and conductivity (S/m) of the two kinds of ground, clause 4.3.3.
_LAND = (22.0, 0.003)
_SEA = (80.0, 5.0)


@dataclass(frozen=True, slots=True)
class Clearance:
    """Where a line of sight over a smooth Earth comes closest to it.

    Values beyond the line-of-sight distance (``distance_km >= los_km``) have no meaning except ``los_km``.

    Attributes
    ----------
    los_km : floating array
        d_los, eq. (22).
    tx_part_km : floating array
        d_1, distance of the point of reflection from the transmitter, eqs (23b), (24).
    height_m : floating array
        h_se, smallest height of the ray over the smooth Earth, eq. (23).
    required_m : floating array
        h_req, clearance for no diffraction, eq. (25).
    """

    los_km: FloatArray
    tx_part_km: FloatArray
    height_m: FloatArray
    required_m: FloatArray


def spherical_earth_clearance(
    distance_km: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_radius_km: npt.ArrayLike,
    wavelength_m: npt.ArrayLike,
    *,
    form: FirstTermForm = "rounded",
) -> Clearance:
    """Return the clearance of a ray over a smooth spherical Earth.

    ITU-R P.1812-8, eqs (22) to (25): d_los = sqrt(2 a_p) [sqrt(0.001 u) + sqrt(0.001 v)];
    c = (u - v)/(u + v), m = 250 d^2/[a_p (u + v)],
    b = 2 sqrt[(m + 1)/(3 m)] cos{pi/3 + arccos[(3 c/2) sqrt(3 m/(m + 1)^3)]/3}, d_1 = d (1 + b)/2;
    h_se = [(u - 500 d_1^2/a_p) d_2 + (v - 500 d_2^2/a_p) d_1]/d; h_req = 17.456 sqrt(d_1 d_2 lambda/d).
    The cosine is evaluated as sin[arcsin(.)/3], the same number without its cancellation for small m.

    Parameters
    ----------
    distance_km, tx_height_m, rx_height_m, earth_radius_km, wavelength_m : array
        d, u, v (over the smooth Earth, positive), a_p, lambda; they broadcast.
    form : {"rounded", "exact"}
        17.456, or 552 sqrt(0.001) = 17.4557... of P.526.
    """
    d, u, v = floating(distance_km), floating(tx_height_m), floating(rx_height_m)
    radius, wavelength = floating(earth_radius_km), floating(wavelength_m)
    los = np.sqrt(2.0 * radius) * (np.sqrt(0.001 * u) + np.sqrt(0.001 * v))
    c = (u - v) / (u + v)
    m = 250.0 * d * d / (radius * (u + v))
    sine = np.clip(1.5 * c * np.sqrt(3.0 * m / (m + 1.0) ** 3), -1.0, 1.0)
    b = 2.0 * np.sqrt((m + 1.0) / (3.0 * m)) * np.sin(np.arcsin(sine) / 3.0)
    d1 = d * (1.0 + b) / 2.0
    d2 = d - d1
    height = ((u - 500.0 * d1 * d1 / radius) * d2 + (v - 500.0 * d2 * d2 / radius) * d1) / d
    factor = 17.456 if form == "rounded" else 552.0 * 0.001**0.5
    required = factor * np.sqrt(np.maximum(d1 * d2, 0.0) * wavelength / d)
    return Clearance(np.asarray(los), np.asarray(d1), np.asarray(height), np.asarray(required))


def _distance_term_db(x: FloatArray) -> FloatArray:
    """Return F(X), eq. (33)."""
    far = 11.0 + 10.0 * np.log10(x) - 17.6 * x
    near = -20.0 * np.log10(x) - 5.6488 * x**1.425
    return np.where(x >= 1.6, far, near)


def _height_term_db(y: FloatArray, beta: FloatArray, k: FloatArray) -> FloatArray:
    """Return G(Y), eqs (34), (35), with its floor 2 + 20 log10 K."""
    big = beta * y
    above = np.maximum(big - 1.1, 0.9)
    high = 17.6 * np.sqrt(above) - 5.0 * np.log10(above) - 8.0
    low = 20.0 * np.log10(big + 0.1 * big**3)
    return np.maximum(np.where(big > 2.0, high, low), 2.0 + 20.0 * np.log10(k))


def _one_ground_db(
    ground: tuple[float, float],
    d: FloatArray,
    u: FloatArray,
    v: FloatArray,
    a: FloatArray,
    f: FloatArray,
    polarisation: Polarisation,
    form: FirstTermForm,
    wavelength: FloatArray,
) -> FloatArray:
    """Return the first-term loss over one kind of ground, eqs (29) to (36)."""
    permittivity, conductivity = ground
    loss_part = 18.0 * conductivity / f
    k = 0.036 * (a * f) ** (-1.0 / 3.0) * ((permittivity - 1.0) ** 2 + loss_part**2) ** -0.25
    if polarisation == "vertical":
        k = k * np.sqrt(permittivity**2 + loss_part**2)
    if form == "exact" and polarisation == "horizontal":
        beta = np.ones_like(k)
    else:
        beta = (1.0 + 1.6 * k**2 + 0.67 * k**4) / (1.0 + 4.5 * k**2 + 1.53 * k**4)
    if form == "rounded":
        x = 21.88 * beta * (f / a**2) ** (1.0 / 3.0) * d
        y = 0.9575 * beta * (f**2 / a) ** (1.0 / 3.0)
    else:
        metres = 1000.0 * a
        x = beta * (np.pi / (wavelength * metres**2)) ** (1.0 / 3.0) * (1000.0 * d)
        y = 2.0 * beta * (np.pi**2 / (wavelength**2 * metres)) ** (1.0 / 3.0)
    return np.asarray(
        -_distance_term_db(x) - _height_term_db(y * u, beta, k) - _height_term_db(y * v, beta, k)
    )


def first_term_loss_db(
    distance_km: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_radius_km: npt.ArrayLike,
    frequency_ghz: npt.ArrayLike,
    *,
    polarisation: Polarisation,
    sea_fraction: npt.ArrayLike = 0.0,
    form: FirstTermForm = "rounded",
    wavelength_m: npt.ArrayLike | None = None,
) -> FloatArray:
    """Return the first term of the spherical-Earth diffraction series.

    ITU-R P.1812-8, clause 4.3.3, eqs (28) to (36), over land (eps_r 22, sigma 0.003 S/m) and sea (80, 5),
    weighted with the sea fraction: L_ft = omega L_sea + (1 - omega) L_land. For each:
    K = 0.036 (a f)^(-1/3) [(eps_r - 1)^2 + (18 sigma/f)^2]^(-1/4), for vertical polarisation times
    [eps_r^2 + (18 sigma/f)^2]^(1/2); beta = (1 + 1.6 K^2 + 0.67 K^4)/(1 + 4.5 K^2 + 1.53 K^4);
    X = 21.88 beta (f/a^2)^(1/3) d; Y = 0.9575 beta (f^2/a)^(1/3) h;
    F = 11 + 10 log X - 17.6 X for X >= 1.6, else -20 log X - 5.6488 X^1.425; B = beta Y,
    G = 17.6 (B - 1.1)^0.5 - 5 log(B - 1.1) - 8 for B > 2, else 20 log(B + 0.1 B^3), at least 2 + 20 log K;
    L = -F(X) - G(Y_t) - G(Y_r).

    Parameters
    ----------
    distance_km, tx_height_m, rx_height_m, earth_radius_km, frequency_ghz : array
        d, u, v, a, f; they broadcast.
    polarisation : {"horizontal", "vertical"}
    sea_fraction : array
        omega, 0 to 1.
    form : {"rounded", "exact"}
        "exact": ITU-R P.526-15, clause 3.1.1 in SI units, X = beta d [pi/(lambda a^2)]^(1/3),
        Y = 2 beta h [pi^2/(lambda^2 a)]^(1/3), beta = 1 for horizontal polarisation.
    wavelength_m : array, optional
        lambda of the exact form; by default 0.2998/f.

    Returns
    -------
    floating array
        L_ft, dB, of either sign.
    """
    d, u, v = floating(distance_km), floating(tx_height_m), floating(rx_height_m)
    a, f, omega = floating(earth_radius_km), floating(frequency_ghz), floating(sea_fraction)
    wavelength = 0.2998 / f if wavelength_m is None else floating(wavelength_m)
    land = _one_ground_db(_LAND, d, u, v, a, f, polarisation, form, np.asarray(wavelength))
    if not (omega > 0).any():
        return land
    sea = _one_ground_db(_SEA, d, u, v, a, f, polarisation, form, np.asarray(wavelength))
    return np.asarray(omega * sea + (1.0 - omega) * land)


def spherical_earth_loss_db(
    distance_km: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_radius_km: npt.ArrayLike,
    frequency_ghz: npt.ArrayLike,
    *,
    polarisation: Polarisation,
    sea_fraction: npt.ArrayLike = 0.0,
    form: FirstTermForm = "rounded",
    wavelength_m: npt.ArrayLike | None = None,
) -> FloatArray:
    """Return L_dsph, the diffraction loss over a smooth spherical Earth.

    ITU-R P.1812-8, clause 4.3.2, eqs (22) to (27): for d >= d_los the first term L_ft(a_p), sign as it
    comes. Below, 0 where h_se > h_req, otherwise (1 - h_se/h_req) max[L_ft(a_em), 0] with
    a_em = 500 [d/(sqrt u + sqrt v)]^2.

    Parameters
    ----------
    distance_km, tx_height_m, rx_height_m, earth_radius_km, frequency_ghz : array
        d, u, v (over the smooth Earth, positive), a_p, f; they broadcast.
    polarisation, sea_fraction, form, wavelength_m
        As of :func:`first_term_loss_db`.
    """
    d, u, v = floating(distance_km), floating(tx_height_m), floating(rx_height_m)
    radius, f = floating(earth_radius_km), floating(frequency_ghz)
    wavelength = np.asarray(0.2998 / f) if wavelength_m is None else floating(wavelength_m)
    at = spherical_earth_clearance(d, u, v, radius, wavelength, form=form)
    beyond = d >= at.los_km
    tangent_radius = 500.0 * (d / (np.sqrt(u) + np.sqrt(v))) ** 2
    first = first_term_loss_db(
        d,
        u,
        v,
        np.where(beyond, radius, tangent_radius),
        f,
        polarisation=polarisation,
        sea_fraction=sea_fraction,
        form=form,
        wavelength_m=wavelength,
    )
    required = np.where(at.required_m > 0, at.required_m, at.required_m.dtype.type(1.0))
    within = np.where(
        at.height_m > at.required_m, 0.0, (1.0 - at.height_m / required) * np.maximum(first, 0.0)
    )
    return np.asarray(np.where(beyond, first, within), dtype=first.dtype)


def smooth_bullington_edge(
    distance_km: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_radius_km: npt.ArrayLike,
    wavelength_m: npt.ArrayLike,
) -> FloatArray:
    """Return nu of the Bullington construction over a smooth Earth, in closed form.

    ITU-R P.1812-8, attachment on a profile-free L_bulls (attachment 4 of -6): below d_los,
    nu = -h_se sqrt[0.002 d/(lambda d_1 (d - d_1))]; beyond it, S_t = 500 C d - 2 sqrt(500 C u),
    S_r = 500 C d - 2 sqrt(500 C v), d_s = (v - u + S_r d)/(S_t + S_r), nu by eq. (20). It is what the
    evaluation over a profile tends to as the spacing goes to 0.

    Parameters
    ----------
    distance_km, tx_height_m, rx_height_m, earth_radius_km, wavelength_m : array
        d, u, v, a_p, lambda; they broadcast.
    """
    d, u, v = floating(distance_km), floating(tx_height_m), floating(rx_height_m)
    radius, wavelength = floating(earth_radius_km), floating(wavelength_m)
    at = spherical_earth_clearance(d, u, v, radius, wavelength)
    half = 500.0 / radius
    tx_slope = half * d - 2.0 * np.sqrt(half * u)
    rx_slope = half * d - 2.0 * np.sqrt(half * v)
    total = tx_slope + rx_slope
    inner = (d > at.los_km) & (total > 0)
    edge = np.where(inner, (v - u + rx_slope * d) / np.where(inner, total, total.dtype.type(1.0)), d / 2.0)
    edge = np.where((edge > 0) & (edge < d), edge, d / 2.0)
    beyond = (u + tx_slope * edge - (u * (d - edge) + v * edge) / d) * np.sqrt(
        0.002 * d / (wavelength * edge * (d - edge))
    )
    parts = at.tx_part_km * (d - at.tx_part_km)
    parts = np.where(parts > 0, parts, parts.dtype.type(1.0))
    within = -at.height_m * np.sqrt(0.002 * d / (wavelength * parts))
    return np.asarray(np.where(d < at.los_km, within, beyond), dtype=within.dtype)
