"""Free-space basic transmission loss (Recommendation ITU-R P.525-4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["free_space_loss_db"]


def free_space_loss_db(
    frequency_mhz: npt.ArrayLike, distance_km: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return the loss between isotropic antennas in free space.

    ITU-R P.525-4, Annex 1, clause 2.3 (point-to-point links): L_bf = 32.4 + 20 log10 f + 20 log10 d.

    Parameters
    ----------
    frequency_mhz : array
        f, MHz, positive.
    distance_km : array
        d, km from antenna to antenna (slant), positive.

    Returns
    -------
    float64 array
        L_bf, dB, broadcast shape. Above 1 m it is what the area kernel uses.

    Raises
    ------
    ValueError
        If a frequency or distance is not positive (NaN passes through).
    """
    f = np.asarray(frequency_mhz, dtype=np.float64)
    d = np.asarray(distance_km, dtype=np.float64)
    if (f <= 0).any() or (d <= 0).any():
        raise ValueError("frequency and distance must be positive")
    return np.asarray(32.4 + 20.0 * np.log10(f) + 20.0 * np.log10(d), dtype=np.float64)
