"""Horizontal pattern of a sector antenna (3GPP TR 36.814 and TR 38.901)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["horizontal_loss_db"]


def horizontal_loss_db(
    offset_deg: npt.ArrayLike, *, beamwidth_deg: float, front_to_back_db: float
) -> npt.NDArray[np.float64]:
    """Return how much weaker a sector antenna radiates off its main direction.

    3GPP TR 36.814 Table A.2.1.1-2 (and TR 38.901 Table 7.3-1, horizontal cut):
    A_H(phi) = -min[ 12 (phi / phi_3dB)^2, A_m ]; the loss is -A_H.

    Parameters
    ----------
    offset_deg : array
        phi, direction minus azimuth, degrees, any turn; NaN (azimuth unknown) gives 0: omnidirectional.
    beamwidth_deg : float
        phi_3dB.
    front_to_back_db : float
        A_m.

    Returns
    -------
    float64 array
        dB, 0 to ``front_to_back_db``.

    Raises
    ------
    ValueError
        If the beamwidth or the front-to-back ratio is not positive.
    """
    if not (beamwidth_deg > 0 and front_to_back_db > 0):
        raise ValueError("beamwidth and front-to-back ratio must be positive")
    phi = (np.asarray(offset_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0
    loss = np.minimum(12.0 * (phi / beamwidth_deg) ** 2, front_to_back_db)
    return np.where(np.isnan(phi), 0.0, loss)
