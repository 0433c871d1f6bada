"""The smooth Earth fitted to a profile, and the effective heights over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating

__all__ = [
    "DuctHeights",
    "SmoothEarth",
    "SmoothEarthDiffraction",
    "duct_heights",
    "smooth_earth",
    "smooth_earth_diffraction",
]


@dataclass(frozen=True, slots=True)
class SmoothEarth:
    """Least-squares line through the ground.

    Attributes
    ----------
    v1, v2 : floating array
        Sums of eqs (85), (86), km m and km^2 m.
    tx_m, rx_m : floating array
        h_st, h_sr: the line at the two terminals, m above mean sea level, eqs (87), (88).
    """

    v1: FloatArray
    v2: FloatArray
    tx_m: FloatArray
    rx_m: FloatArray


@dataclass(frozen=True, slots=True)
class SmoothEarthDiffraction:
    """Smooth Earth for the diffraction model.

    Attributes
    ----------
    obstruction_m : floating array
        h_obs, height of the highest obstruction over the straight line between the antennas, eq. (89a).
    tx_slope, rx_slope : floating array
        alpha_obt, alpha_obr, m/km, eqs (89b), (89c).
    tx_m, rx_m : floating array
        h_std, h_srd, m above mean sea level, eqs (90), (91).
    """

    obstruction_m: FloatArray
    tx_slope: FloatArray
    rx_slope: FloatArray
    tx_m: FloatArray
    rx_m: FloatArray


@dataclass(frozen=True, slots=True)
class DuctHeights:
    """Effective heights for the ducting model, and the roughness of the terrain.

    Attributes
    ----------
    smooth_tx_m, smooth_rx_m : floating
        h_st and h_sr, not above the ground, m above mean sea level, eq. (92).
    tx_m, rx_m : floating
        h_te, h_re, eq. (94).
    roughness_m : floating
        h_m, eq. (95): greatest height of the ground over the smooth Earth between the horizons; may be
        negative.
    """

    smooth_tx_m: FloatArray
    smooth_rx_m: FloatArray
    tx_m: FloatArray
    rx_m: FloatArray
    roughness_m: FloatArray


def smooth_earth(distance_km: npt.ArrayLike, terrain_height_m: npt.ArrayLike) -> SmoothEarth:
    """Return the least-squares line through the ground of one or several profiles.

    ITU-R P.1812-8, attachment 1, eqs (85) to (88): v1 = sum (d_i - d_{i-1})(h_i + h_{i-1}),
    v2 = sum (d_i - d_{i-1}) [h_i (2 d_i + d_{i-1}) + h_{i-1} (d_i + 2 d_{i-1})],
    h_st = (2 v1 d - v2)/d^2, h_sr = (v2 - v1 d)/d^2.

    Parameters
    ----------
    distance_km, terrain_height_m : (..., n) array
    """
    d, h = floating(distance_km), floating(terrain_height_m)
    left, right = d[..., :-1], d[..., 1:]
    low, high = h[..., :-1], h[..., 1:]
    step, span = right - left, d[..., -1]
    v1 = np.sum(step * (high + low), axis=-1)
    v2 = np.sum(step * (high * (2.0 * right + left) + low * (right + 2.0 * left)), axis=-1)
    return SmoothEarth(
        v1=np.asarray(v1),
        v2=np.asarray(v2),
        tx_m=np.asarray((2.0 * v1 * span - v2) / span**2),
        rx_m=np.asarray((v2 - v1 * span) / span**2),
    )


def smooth_earth_diffraction(
    distance_km: npt.ArrayLike,
    terrain_height_m: npt.ArrayLike,
    tx_height_amsl_m: npt.ArrayLike,
    rx_height_amsl_m: npt.ArrayLike,
    line: SmoothEarth,
    *,
    from_rx_km: npt.ArrayLike | None = None,
) -> SmoothEarthDiffraction:
    """Return the smooth Earth lowered below the obstructions and the ground at the terminals.

    ITU-R P.1812-8, attachment 1, eqs (89) to (91). H_i = h_i - [h_ts (d - d_i) + h_rs d_i]/d, interior
    points; h_obs = max H_i, a_t = max H_i/d_i, a_r = max H_i/(d - d_i). For h_obs > 0,
    h_stp = h_st - h_obs a_t/(a_t + a_r), h_srp = h_sr - h_obs a_r/(a_t + a_r), otherwise h_st, h_sr;
    h_std = min(h_stp, h_0), h_srd = min(h_srp, h_n).

    Parameters
    ----------
    distance_km, terrain_height_m : (..., n) array
    tx_height_amsl_m, rx_height_amsl_m : (...) array
        h_ts, h_rs.
    line : SmoothEarth
        Of the same profile.
    from_rx_km : (..., n) array, optional
        d - d_i.
    """
    d, h = floating(distance_km), floating(terrain_height_m)
    span, di = d[..., -1:], d[..., 1:-1]
    dr = span - di if from_rx_km is None else floating(from_rx_km)[..., 1:-1]
    tx, rx = floating(tx_height_amsl_m)[..., None], floating(rx_height_amsl_m)[..., None]
    over_line = h[..., 1:-1] - (tx * dr + rx * di) / span
    obstruction = np.max(over_line, axis=-1)
    tx_slope, rx_slope = np.max(over_line / di, axis=-1), np.max(over_line / dr, axis=-1)
    above = obstruction > 0
    total = np.where(above, tx_slope + rx_slope, obstruction.dtype.type(1.0))
    lowered_tx = np.where(above, line.tx_m - obstruction * tx_slope / total, line.tx_m)
    lowered_rx = np.where(above, line.rx_m - obstruction * rx_slope / total, line.rx_m)
    return SmoothEarthDiffraction(
        obstruction_m=np.asarray(obstruction),
        tx_slope=np.asarray(tx_slope),
        rx_slope=np.asarray(rx_slope),
        tx_m=np.asarray(np.minimum(lowered_tx, h[..., 0])),
        rx_m=np.asarray(np.minimum(lowered_rx, h[..., -1])),
    )


def duct_heights(
    distance_km: FloatArray,
    terrain_height_m: FloatArray,
    tx_height_agl_m: float | np.floating,
    rx_height_agl_m: float | np.floating,
    line: SmoothEarth,
    horizon_indices: tuple[int, int],
) -> DuctHeights:
    """Return effective heights for ducting and the roughness of one profile.

    ITU-R P.1812-8, attachment 1, eqs (92) to (95): h_st and h_sr kept at or below h_0 and h_n,
    m = (h_sr - h_st)/d, h_te = h_tg + h_0 - h_st, h_re = h_rg + h_n - h_sr and
    h_m = max[h_i - (h_st + m d_i)] from the transmitter's to the receiver's horizon point, both included.

    Parameters
    ----------
    distance_km, terrain_height_m : (n,) array
    tx_height_agl_m, rx_height_agl_m : float
        h_tg, h_rg.
    line : SmoothEarth
    horizon_indices : (int, int)
        Profile points of the two horizons, in any order.
    """
    d, h = distance_km, terrain_height_m
    smooth_tx, smooth_rx = np.minimum(line.tx_m, h[0]), np.minimum(line.rx_m, h[-1])
    slope = (smooth_rx - smooth_tx) / d[-1]
    first, last = sorted(horizon_indices)
    between = slice(first, last + 1)
    return DuctHeights(
        smooth_tx_m=np.asarray(smooth_tx),
        smooth_rx_m=np.asarray(smooth_rx),
        tx_m=np.asarray(tx_height_agl_m + h[0] - smooth_tx),
        rx_m=np.asarray(rx_height_agl_m + h[-1] - smooth_rx),
        roughness_m=np.asarray(np.max(h[between] - (smooth_tx + slope * d[between]))),
    )
