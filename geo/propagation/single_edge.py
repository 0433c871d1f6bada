"""Diffraction over the one edge of a profile that dominates (Recommendation ITU-R P.526-15)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.propagation.kernels import edge_factor_kernel, knife_edge_kernel

__all__ = ["dominant_edge", "knife_edge_loss_db"]

_SPEED_OF_LIGHT_M_S = 299792458.0


def knife_edge_loss_db(nu: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the loss of a single knife edge.

    ITU-R P.526-15, clause 4.1, eq. (31): J(nu) = 6.9 + 20 log10( sqrt((nu - 0.1)^2 + 1) + nu - 0.1 )
    for nu > -0.78, and 0 for nu <= -0.78. (The approximation gives 6.03 dB at nu = 0, where the exact
    Fresnel integral gives 6.02 dB.)

    Parameters
    ----------
    nu : array
        Dimensionless diffraction parameter, eq. (26): nu = h sqrt( (2 / lambda) (1/d1 + 1/d2) ) with
        h, m, the height of the edge above the straight line between the antennas, and d1, d2, m, the
        distances from the two ends.

    Returns
    -------
    float64 array
        J, dB, never negative.
    """
    values = np.asarray(nu, dtype=np.float64)
    out = np.array([knife_edge_kernel(float(v)) for v in values.ravel()], dtype=np.float64)
    return out.reshape(values.shape)


def dominant_edge(
    profile_m: npt.ArrayLike,
    *,
    distance_m: float,
    transmitter_height_m: float,
    receiver_height_m: float,
    frequency_mhz: float,
    effective_earth_radius_m: float,
) -> tuple[float, bool]:
    """Return the diffraction parameter of a profile's dominant edge.

    The principal edge is the point of the profile with the greatest nu, its height including the bulge
    of the earth, d1 d2 / (2 a_e), as in the line-of-sight case of ITU-R P.526-15, clause 4.5.1.

    Parameters
    ----------
    profile_m : (n,) array
        Heights of the ground at equal steps from transmitter to receiver, m, n >= 2; NaN unknown.
    distance_m : float
        Length of the path.
    transmitter_height_m, receiver_height_m : float
        Above the ground at the profile's ends.
    frequency_mhz : float
    effective_earth_radius_m : float
        a_e.

    Returns
    -------
    nu : float
        -inf when there is no point between the ends.
    known : bool
        False when a height was unknown; nu is then a lower bound.

    Raises
    ------
    ValueError
        If the profile has fewer than two points or a length or frequency is not positive.
    """
    heights = np.asarray(profile_m, dtype=np.float32).reshape(1, -1)
    if heights.size < 2 or not (distance_m > 0 and frequency_mhz > 0 and effective_earth_radius_m > 0):
        raise ValueError("a profile needs two points, a positive length and a positive frequency")
    last = heights.size - 1
    altitude_t = float(heights[0, 0]) + transmitter_height_m
    altitude_r = float(heights[0, last]) + receiver_height_m
    if not np.isfinite([altitude_t, altitude_r]).all():
        return -np.inf, False
    # step slightly above the spacing, so that rounding cannot add a sample
    factor, known = edge_factor_kernel(
        heights, 0.0, 0.0, altitude_t, 0.0, float(last), altitude_r, distance_m,
        distance_m / last * (1 + 1e-12), effective_earth_radius_m,
    )
    wavelength = _SPEED_OF_LIGHT_M_S / (frequency_mhz * 1e6)
    return float(factor * np.sqrt(2.0 / wavelength)), bool(known)
