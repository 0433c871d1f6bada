"""Patterns of sector antennas: the parametric ones of 3GPP and those measured by makers, as tables.

A = min(A_H(az) + A_V(el), A_m) (3GPP TR 36.814 Table A.2.1.1-2, TR 38.901 Table 7.3-1; TR 36.942 has the
horizontal part only). Angles: az off the main direction, wrapped to -180 ... 180 degrees; el below the
horizon, so that tilts are positive downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.io.antenna_patterns import AntennaPattern
from geo.propagation.radio_sources import AZIMUTH_STEPS, ELEVATION_STEPS

__all__ = [
    "PatternTable",
    "SectorPattern",
    "horizontal_loss_db",
    "measured_table",
    "parametric_table",
    "sector_loss_db",
    "vertical_loss_db",
]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SectorPattern:
    """Parameters of a sector antenna.

    Attributes
    ----------
    beamwidth_deg : float
        Horizontal 3 dB beamwidth.
    front_to_back_db : float
        Maximum attenuation A_m, of the horizontal part and of both together.
    elevation_beamwidth_deg : float
        Vertical 3 dB beamwidth; 0: no vertical pattern.
    side_lobe_db : float
        Side-lobe limit SLA_v of the vertical part.
    """

    beamwidth_deg: float
    front_to_back_db: float
    elevation_beamwidth_deg: float = 0.0
    side_lobe_db: float = 0.0


@dataclass(frozen=True, slots=True)
class PatternTable:
    """One antenna with its electrical tilt, as rows of the tables of ``RadioSources``.

    Attributes
    ----------
    horizontal_loss_db : (361,) float32 array
        At -180, -179 ... 180 degrees off the main direction, before the cap.
    vertical_loss_db : (721,) float32 array
        At -90, -89.75 ... 90 degrees below the horizon, before the cap.
    cap_db : float
        A_m.
    """

    horizontal_loss_db: _F32
    vertical_loss_db: _F32
    cap_db: float

    @property
    def beamwidth_deg(self) -> float:
        """Horizontal 3 dB beamwidth; 360 for an antenna that has none (omnidirectional)."""
        weaker = np.asarray(self.horizontal_loss_db, dtype=np.float64) >= 3.0
        middle = AZIMUTH_STEPS // 2
        right, left = np.flatnonzero(weaker[middle:]), np.flatnonzero(weaker[middle::-1])
        return float(right[0] + left[0]) if len(right) and len(left) else 360.0

    @property
    def omnidirectional(self) -> bool:
        """Whether the azimuth makes no difference of 3 dB or more."""
        return bool(np.ptp(self.horizontal_loss_db) < 3.0)


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
    phi = _wrapped(offset_deg)
    loss = np.minimum(12.0 * (phi / beamwidth_deg) ** 2, front_to_back_db)
    return np.where(np.isnan(phi), 0.0, loss)


def vertical_loss_db(
    below_horizon_deg: npt.ArrayLike, *, tilt_deg: npt.ArrayLike, beamwidth_deg: float, side_lobe_db: float
) -> npt.NDArray[np.float64]:
    """Return how much weaker a sector antenna radiates above and below its beam.

    3GPP TR 36.814 Table A.2.1.1-2: A_V(theta) = -min[ 12 ((theta − tilt) / theta_3dB)^2, SLA_v ].

    Parameters
    ----------
    below_horizon_deg : array
        theta, angle of the ray below the horizon.
    tilt_deg : array
        Positive down.
    beamwidth_deg : float
        theta_3dB; 0: no vertical pattern, no loss.
    side_lobe_db : float
        SLA_v.

    Returns
    -------
    float64 array
        dB, 0 to ``side_lobe_db``.

    Raises
    ------
    ValueError
        If the beamwidth or the side-lobe limit is negative.
    """
    if not (beamwidth_deg >= 0 and side_lobe_db >= 0):
        raise ValueError("vertical beamwidth and side-lobe limit must not be negative")
    theta = np.asarray(below_horizon_deg, dtype=np.float64) - np.asarray(tilt_deg, dtype=np.float64)
    if beamwidth_deg == 0:
        return np.where(np.isnan(theta), np.nan, 0.0)
    return np.minimum(12.0 * (theta / beamwidth_deg) ** 2, side_lobe_db)


def sector_loss_db(
    offset_deg: npt.ArrayLike,
    below_horizon_deg: npt.ArrayLike,
    pattern: SectorPattern,
    *,
    electrical_tilt_deg: float = 0.0,
    mechanical_tilt_deg: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Return the loss of a parametric sector antenna towards a direction, by the formulas themselves.

    A = min(A_H + A_V, A_m). An electrical tilt lowers the beam all round; a mechanical tilt m turns the
    antenna, so that it lowers the beam by m cos(az): not at all to the sides, and lifts it at the back.

    Parameters
    ----------
    offset_deg : array
        Direction minus azimuth; NaN: omnidirectional.
    below_horizon_deg : array
    pattern : SectorPattern
    electrical_tilt_deg, mechanical_tilt_deg : float
        Positive down.

    Returns
    -------
    float64 array
        dB, 0 to ``pattern.front_to_back_db``.

    Raises
    ------
    ValueError
        If the pattern has no positive horizontal beamwidth and front-to-back ratio.
    """
    across = horizontal_loss_db(
        offset_deg, beamwidth_deg=pattern.beamwidth_deg, front_to_back_db=pattern.front_to_back_db
    )
    turned = mechanical_tilt_deg * np.cos(np.radians(np.nan_to_num(_wrapped(offset_deg))))
    along = vertical_loss_db(
        below_horizon_deg,
        tilt_deg=electrical_tilt_deg + turned,
        beamwidth_deg=pattern.elevation_beamwidth_deg,
        side_lobe_db=pattern.side_lobe_db,
    )
    return np.minimum(across + along, pattern.front_to_back_db)


def parametric_table(pattern: SectorPattern, *, electrical_tilt_deg: float) -> PatternTable:
    """Return a parametric antenna as a table.

    The horizontal entries are kept before their own limit A_m: the cap on the sum gives the same
    (A_V is never negative) without the kink between two entries.

    Raises
    ------
    ValueError
        If the pattern has no positive horizontal beamwidth and front-to-back ratio.
    """
    if not (pattern.beamwidth_deg > 0 and pattern.front_to_back_db > 0):
        raise ValueError("beamwidth and front-to-back ratio must be positive")
    offset = np.linspace(-180.0, 180.0, AZIMUTH_STEPS)
    below = np.linspace(-90.0, 90.0, ELEVATION_STEPS)
    along = vertical_loss_db(
        below,
        tilt_deg=electrical_tilt_deg,
        beamwidth_deg=pattern.elevation_beamwidth_deg,
        side_lobe_db=pattern.side_lobe_db,
    )
    return PatternTable(
        (12.0 * (offset / pattern.beamwidth_deg) ** 2).astype(np.float32),
        along.astype(np.float32),
        pattern.front_to_back_db,
    )


def measured_table(pattern: AntennaPattern, *, tilt_change_deg: float = 0.0) -> PatternTable:
    """Return a maker's antenna as a table.

    The two cuts are added as for the parametric antenna; the cap is the deepest of the two, so that each
    cut comes out as it was measured. Behind the antenna this takes the front half of the vertical cut.

    Parameters
    ----------
    pattern : AntennaPattern
    tilt_change_deg : float
        Electrical tilt of the radio cell less that of the pattern: the vertical cut is moved by it.
    """
    across = np.roll(pattern.horizontal_loss_db, 180)
    steps = len(pattern.vertical_loss_db)
    at = np.arange(steps) * (360.0 / steps)
    below = np.linspace(-90.0, 90.0, ELEVATION_STEPS) - tilt_change_deg
    along = np.interp(below, at, pattern.vertical_loss_db, period=360.0)
    return PatternTable(
        np.r_[across, across[0]].astype(np.float32),
        along.astype(np.float32),
        float(max(pattern.horizontal_loss_db.max(), pattern.vertical_loss_db.max())),
    )


def _wrapped(angle_deg: npt.ArrayLike) -> _F64:
    return np.asarray((np.asarray(angle_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0)
