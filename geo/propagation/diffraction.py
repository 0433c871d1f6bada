"""From the geometry of paths to diffraction loss: the logarithms of delta-Bullington, in whole arrays.

The kernels reduce a path to three numbers that do not depend on the frequency:

- the *parameter*: nu sqrt(lambda / 0.002), with nu of ITU-R P.1812-8 eqs (15) and (20),
- u and v: heights of the antennas above the smooth earth for diffraction, m, eqs (37) and (38).

What is here turns them into Ld of eq (39) for a median atmosphere (a_e), land paths, and the closed form of
the Bullington part of the smooth path (P.1812 attachment 4 of edition -6, 3 of edition -8), which is what
the form over a profile tends to as its steps get small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Diffraction", "bullington_loss_db", "smooth_excess_db"]

Floats = npt.NDArray[np.floating]

#: Below this nu a knife edge takes nothing away, eq (12).
_NU_CLEAR = -0.78
#: Land: relative permittivity and conductivity (S/m), P.1812-8 clause 4.3.3.
_LAND = (22.0, 0.003)
#: hreq = 17.456 sqrt(d1 d2 lambda / d), eq (25).
_CLEARANCE = 17.456


@dataclass(frozen=True, slots=True)
class Diffraction:
    """Constants of one band.

    Attributes
    ----------
    frequency_ghz : float
    earth_radius_km : float
        a_e, effective.
    vertical : bool
        Polarisation.
    """

    frequency_ghz: float
    earth_radius_km: float
    vertical: bool = True

    @property
    def wavelength_m(self) -> float:
        """Wavelength with the Recommendation's speed of light: 0.2998 / f."""
        return 0.2998 / self.frequency_ghz

    @property
    def scale(self) -> float:
        """The factor nu / parameter."""
        return math.sqrt(0.002 / self.wavelength_m)

    @property
    def floor(self) -> float:
        """The parameter at and below which nothing is lost."""
        return _NU_CLEAR / self.scale

    @property
    def grazing_limit(self) -> float:
        """The product u' v' per km of path above which the smooth earth takes nothing away.

        With psi the grazing angle at the point of reflection, u' = d1 tan psi and v' = d2 tan psi are the
        heights above its tangent; the clearance of eq (23) is 2 d1 d2 tan psi / d, and it exceeds eq (25)
        where 4 u' v' > 17.456² lambda d.
        """
        return 0.25 * _CLEARANCE**2 * self.wavelength_m


def bullington_loss_db(parameter: Floats, distance_km: Floats, band: Diffraction) -> Floats:
    """Return the Bullington loss, eqs (12) and (21).

    Parameters
    ----------
    parameter : (..., n) float32 or float64 array
        nu / ``band.scale``; NaN unknown.
    distance_km : (n,) array of the same dtype
    band : Diffraction

    Returns
    -------
    array of the same shape and dtype
        dB; 0 for nu <= −0.78, NaN unknown.
    """
    kind = parameter.dtype.type
    nu = parameter * kind(band.scale)
    clear = nu <= kind(_NU_CLEAR)
    np.maximum(nu, kind(-1.0), out=nu)
    nu -= kind(0.1)
    loss = nu * nu
    loss += kind(1.0)
    np.sqrt(loss, out=loss)
    loss += nu
    np.log(loss, out=loss)
    loss *= kind(20.0 / math.log(10.0))
    loss += kind(6.9)
    loss[clear] = 0.0
    np.multiply(loss, kind(-1.0 / 6.0), out=nu)
    np.exp(nu, out=nu)
    np.subtract(kind(1.0), nu, out=nu)
    nu *= kind(10.0) + kind(0.02) * distance_km
    loss += nu
    return loss


def smooth_excess_db(tx_m: Floats, rx_m: Floats, distance_km: Floats, band: Diffraction) -> Floats:
    """Return max(Lsph − Lbulls, 0) of eq (39): what the smooth earth takes beyond its Bullington part.

    Parameters
    ----------
    tx_m, rx_m : (n,) float32 or float64 arrays
        u and v, positive.
    distance_km : (n,) array of the same dtype
    band : Diffraction

    Returns
    -------
    (n,) array of the same dtype
    """
    kind = tx_m.dtype.type
    out = np.zeros_like(tx_m)
    a, wavelength = band.earth_radius_km, band.wavelength_m
    horizon = kind(math.sqrt(2.0 * a * 0.001)) * (np.sqrt(tx_m) + np.sqrt(rx_m))  # (22)
    far = distance_km >= horizon
    if far.any():
        out[far] = _beyond_horizon(tx_m[far], rx_m[far], distance_km[far], band)
    near = np.flatnonzero(~far)
    u, v, d = tx_m[near], rx_m[near], distance_km[near]
    total = u + v
    c = (u - v) / total
    m = kind(250.0 / a) * d * d / total
    angle = np.arccos(np.clip(kind(1.5) * c * np.sqrt(kind(3.0) * m / (m + kind(1.0)) ** 3), -1.0, 1.0))
    b = kind(2.0) * np.sqrt((m + kind(1.0)) / (kind(3.0) * m)) * np.cos((angle + kind(math.pi)) / kind(3.0))  # (24)
    d1 = kind(0.5) * d * (kind(1.0) + b)
    d2 = d - d1
    bend = kind(500.0 / a)
    clearance = ((u - bend * d1 * d1) * d2 + (v - bend * d2 * d2) * d1) / d  # (23)
    wanted = kind(_CLEARANCE) * np.sqrt(d1 * d2 * kind(wavelength) / d)  # (25)
    less = np.flatnonzero(clearance <= wanted)
    if less.size == 0:
        return out
    u, v, d, d1, d2 = u[less], v[less], d[less], d1[less], d2[less]
    ratio = clearance[less] / wanted[less]
    radius = kind(500.0) * (d / (np.sqrt(u) + np.sqrt(v))) ** 2  # (26)
    spherical = (kind(1.0) - ratio) * np.maximum(_first_term_db(u, v, d, radius, band), kind(0.0))  # (27)
    nu = -clearance[less] * np.sqrt(kind(0.002 / wavelength) * d / (d1 * d2))
    flat = bullington_loss_db(nu / kind(band.scale), d, band)
    out[near[less]] = np.maximum(spherical - flat, kind(0.0))
    return out


def _beyond_horizon(u: Floats, v: Floats, d: Floats, band: Diffraction) -> Floats:
    """Return the same where the path is longer than the distance to the smooth earth's horizons."""
    kind = u.dtype.type
    radius = np.full_like(u, band.earth_radius_km)
    spherical = _first_term_db(u, v, d, radius, band)
    bend = kind(500.0 / band.earth_radius_km)
    slope_t = bend * d - kind(2.0) * np.sqrt(bend * u)
    slope_r = bend * d - kind(2.0) * np.sqrt(bend * v)
    both = slope_t + slope_r
    at = (v - u + slope_r * d) / np.where(both > 0, both, kind(1.0))
    at = np.where(both > 0, at, kind(0.5) * d)
    rise = u + slope_t * at - (u * (d - at) + v * at) / d
    parameter = rise * np.sqrt(d / (at * (d - at)))
    return np.maximum(spherical - bullington_loss_db(parameter, d, band), kind(0.0))


def _first_term_db(u: Floats, v: Floats, d: Floats, radius: Floats, band: Diffraction) -> Floats:
    """Return the first term of the residue series over land, eqs (29) to (36)."""
    kind = u.dtype.type
    f = band.frequency_ghz
    permittivity, conductivity = _LAND
    lossy = (18.0 * conductivity / f) ** 2
    admittance = 0.036 * ((permittivity - 1.0) ** 2 + lossy) ** -0.25
    if band.vertical:
        admittance *= math.sqrt(permittivity**2 + lossy)
    k = kind(admittance) * (radius * kind(f)) ** kind(-1.0 / 3.0)  # (29)
    square = k * k
    beta = (kind(1.0) + kind(1.6) * square + kind(0.67) * square * square) / (
        kind(1.0) + kind(4.5) * square + kind(1.53) * square * square
    )  # (30)
    x = kind(21.88) * beta * (kind(f) / (radius * radius)) ** kind(1.0 / 3.0) * d  # (31)
    y = kind(0.9575) * beta * (kind(f * f) / radius) ** kind(1.0 / 3.0)  # (32)
    distance = np.where(
        x >= kind(1.6),
        kind(11.0) + kind(10.0) * np.log10(x) - kind(17.6) * x,
        kind(-20.0) * np.log10(x) - kind(5.6488) * x ** kind(1.425),
    )  # (33)
    floor = kind(2.0) + kind(20.0) * np.log10(k)
    return -distance - _height_gain_db(beta * y * u, floor) - _height_gain_db(beta * y * v, floor)  # (36)


def _height_gain_db(height: Floats, floor: Floats) -> Floats:
    """Return G(Y) for B = beta Y, eqs (34) and (35)."""
    kind = height.dtype.type
    tall = np.maximum(height - kind(1.1), kind(0.9))
    high = kind(17.6) * np.sqrt(tall) - kind(5.0) * np.log10(tall) - kind(8.0)
    low = kind(20.0) * np.log10(height + kind(0.1) * height**3)
    return np.maximum(np.where(height > kind(2.0), high, low), floor)
