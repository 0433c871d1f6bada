"""Clutter loss at a terminal (Recommendation ITU-R P.2108-1).

Added to a basic loss that was computed without the same clutter, never beside clutter heights along a
profile: that would count it twice.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from geo.errors import InputError
from geo.propagation.p1812.bullington import knife_edge_loss_db

__all__ = ["MODEL", "ClutterType", "height_gain_loss_db", "statistical_terrestrial_loss_db"]

#: Name and edition of the model, for every output.
MODEL = "ITU-R P.2108-1"

_F64 = npt.NDArray[np.float64]

#: Kinds of surroundings of clause 3.1.
ClutterType: TypeAlias = Literal["water", "open", "suburban", "urban", "forest", "dense_urban"]

_KINDS = ("water", "open", "suburban", "urban", "forest", "dense_urban")
_OPEN_KINDS = ("water", "open")


def _refuse(name: str, vi: str, en: str) -> InputError:
    return InputError(f"P.2108: {name} {vi}.", f"P.2108: {name} {en}.")


def height_gain_loss_db(
    frequency_ghz: npt.ArrayLike,
    antenna_height_m: npt.ArrayLike,
    clutter_height_m: npt.ArrayLike,
    *,
    clutter_type: ClutterType,
    street_width_m: npt.ArrayLike = 27.0,
) -> _F64:
    """Return A_h, the loss between the clutter's top and an antenna below it, at one end.

    ITU-R P.2108-1, clause 3.1, eqs (2a) to (2g), corrects a loss computed to the clutter's top R:

    - h >= R: 0;
    - water and open ground: A_h = -K_h2 log10(h/R), K_h2 = 21.8 + 6.2 log10 f;
    - the others: A_h = J(nu) - 6.03, nu = 0.342 sqrt(f) sqrt(h_dif theta), h_dif = R - h,
      theta = arctan(h_dif/w_s) in degrees, J of the single knife edge (slightly above 0 at h just below R).

    Parameters
    ----------
    frequency_ghz : array
        f, 0.03 to 3 GHz.
    antenna_height_m : array
        h, m above ground, 0 or more (above 0 for water and open ground).
    clutter_height_m : array
        R, positive.
    clutter_type : {"water", "open", "suburban", "urban", "forest", "dense_urban"}
    street_width_m : array
        w_s; 27 m unless known.

    Returns
    -------
    float64 array
        dB, broadcast shape.

    Raises
    ------
    InputError
        Outside these ranges.
    """
    f, h = np.asarray(frequency_ghz, np.float64), np.asarray(antenna_height_m, np.float64)
    r, width = np.asarray(clutter_height_m, np.float64), np.asarray(street_width_m, np.float64)
    if clutter_type not in _KINDS:
        raise _refuse(
            f"clutter_type = {clutter_type!r}",
            f"phải là một trong: {', '.join(_KINDS)}",
            f"must be one of: {', '.join(_KINDS)}",
        )
    if not ((f >= 0.03) & (f <= 3.0)).all():
        raise _refuse(
            "frequency_ghz",
            "phải từ 0,03 đến 3 GHz cho hiệu chỉnh theo độ cao (3.1)",
            "must be 0.03 to 3 GHz for the height-gain correction (3.1)",
        )
    open_ground = clutter_type in _OPEN_KINDS
    if not ((h > 0) if open_ground else (h >= 0)).all():
        raise _refuse(
            "antenna_height_m", "phải lớn hơn 0", "must be above 0 (0 is allowed among buildings and trees)"
        )
    if not ((r > 0).all() and (width > 0).all()):
        raise _refuse("clutter_height_m, street_width_m", "phải là số dương", "must be positive")
    if open_ground:
        loss = -(21.8 + 6.2 * np.log10(f)) * np.log10(h / r)
    else:
        below = np.maximum(r - h, 0.0)
        angle_deg = np.degrees(np.arctan(below / width))
        edge = knife_edge_loss_db(0.342 * np.sqrt(f) * np.sqrt(below * angle_deg))
        loss = np.asarray(edge - 6.03, dtype=np.float64)
    return np.asarray(np.where(h >= r, 0.0, loss), dtype=np.float64)


def _street_loss_db(f: _F64, d: _F64, deviate: _F64) -> _F64:
    """Return eq. (3a) at distance ``d``: L_s and L_l combined, with their spread."""
    long_db = -2.0 * np.log10(10.0 ** (-5.0 * np.log10(f) - 12.5) + 10.0**-16.5)
    short_db = 32.98 + 23.9 * np.log10(d) + 3.0 * np.log10(f)
    a, b = 10.0 ** (-0.2 * long_db), 10.0 ** (-0.2 * short_db)
    spread = np.sqrt((16.0 * a + 36.0 * b) / (a + b))
    return np.asarray(-5.0 * np.log10(a + b) - spread * deviate)


def statistical_terrestrial_loss_db(
    frequency_ghz: npt.ArrayLike, distance_km: npt.ArrayLike, location_percent: npt.ArrayLike = 50.0
) -> _F64:
    """Return L_ctt, the clutter loss not exceeded for p % of locations, in urban and suburban ground.

    ITU-R P.2108-1, clause 3.2, eqs (3) to (6), one end well below the clutter:
    L_l = -2 log10(10^(-5 log f - 12.5) + 10^-16.5), L_s = 32.98 + 23.9 log d + 3 log f;
    sigma_cb = sqrt[(16 A + 36 B)/(A + B)] with A = 10^(-0.2 L_l), B = 10^(-0.2 L_s);
    L = -5 log10(A + B) - sigma_cb Q^-1(p/100), at most its value at 2 km. Q^-1 is exact here.

    Parameters
    ----------
    frequency_ghz : array
        f, 0.5 to 67 GHz.
    distance_km : array
        d, length of the whole path, at least 0.25 km (1 km where it is added at both ends).
    location_percent : array
        p, above 0 and below 100 %.

    Returns
    -------
    float64 array
        dB, broadcast shape.

    Raises
    ------
    InputError
        Outside these ranges.
    """
    f, d = np.asarray(frequency_ghz, np.float64), np.asarray(distance_km, np.float64)
    p = np.asarray(location_percent, np.float64)
    if not ((f >= 0.5) & (f <= 67.0)).all():
        raise _refuse(
            "frequency_ghz",
            "phải từ 0,5 đến 67 GHz (3.2)",
            "must be 0.5 to 67 GHz for the statistical model (3.2)",
        )
    if not ((d >= 0.25) & (d < np.inf)).all():
        raise _refuse("distance_km", "phải từ 0,25 km trở lên", "must be 0.25 km or more")
    if not ((p > 0) & (p < 100)).all():
        raise _refuse(
            "location_percent", "phải lớn hơn 0 và nhỏ hơn 100 %", "must be above 0 and below 100 %"
        )
    deviate = -ndtri(p / 100.0)
    return np.minimum(_street_loss_db(f, d, deviate), _street_loss_db(f, np.full_like(d, 2.0), deviate))
