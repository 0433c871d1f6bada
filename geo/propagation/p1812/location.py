"""Location variability: how the loss spreads over the places in one pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating

__all__ = ["location_height_factor", "location_spread_db"]


def location_spread_db(frequency_ghz: npt.ArrayLike, resolution_m: npt.ArrayLike) -> FloatArray:
    """Return sigma_L, the standard deviation of the loss over the places in a square.

    ITU-R P.1812-8, location variability losses: sigma_L = (0.52 + 0.024 f) w_a^0.28.

    Parameters
    ----------
    frequency_ghz : array
        f, GHz.
    resolution_m : array
        w_a, m, side of the square.
    """
    return np.asarray((0.52 + 0.024 * floating(frequency_ghz)) * floating(resolution_m) ** 0.28)


def location_height_factor(rx_height_agl_m: npt.ArrayLike, rx_clutter_height_m: npt.ArrayLike) -> FloatArray:
    """Return u_h, the share of sigma_L that is left at the receiver's height.

    ITU-R P.1812-8, location variability losses: 1 below the clutter height R, 1 - (h_rg - R)/10 within the ten metres
    above it, 0 higher up. Over open ground (R = 0) at 1.5 m it is 0.85.

    Parameters
    ----------
    rx_height_agl_m : array
        h_rg.
    rx_clutter_height_m : array
        R, clutter height of the receiver's own pixel.
    """
    above = floating(rx_height_agl_m) - floating(rx_clutter_height_m)
    return np.asarray(np.clip(1.0 - above / 10.0, 0.0, 1.0))
