"""Building entry loss (Recommendation ITU-R P.2109-2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from geo.errors import InputError

__all__ = ["MODEL", "BuildingKind", "EntryLossSpread", "entry_loss_db", "entry_loss_spread"]

#: Name and edition of the model, for every output.
MODEL = "ITU-R P.2109-2"

_F64 = npt.NDArray[np.float64]

#: Thermally efficient: metallised glass or foil-backed panels; everything else is traditional.
BuildingKind: TypeAlias = Literal["traditional", "thermally_efficient"]

# Table 1: r, s, t, u, v, w, x, y, z.
_COEFFICIENTS: dict[BuildingKind, tuple[float, ...]] = {
    "traditional": (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
    "thermally_efficient": (28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
}


@dataclass(frozen=True, slots=True)
class EntryLossSpread:
    """The distribution of the entry loss in three numbers.

    Attributes
    ----------
    median_db, mean_db, spread_db : float64 array
        Median, mean and standard deviation, broadcast shape. The distribution is not normal.
    """

    median_db: _F64
    mean_db: _F64
    spread_db: _F64


def _check(frequency_ghz: _F64, elevation_deg: _F64, building: str) -> None:
    if building not in _COEFFICIENTS:
        raise InputError(
            f"P.2109: building = {building!r}; chỉ cho phép: {', '.join(_COEFFICIENTS)}.",
            f"P.2109: building = {building!r}; allowed are: {', '.join(_COEFFICIENTS)}.",
        )
    if not ((frequency_ghz >= 0.08) & (frequency_ghz <= 100.0)).all():
        raise InputError(
            "P.2109: frequency_ghz phải từ 0,08 đến 100 GHz.",
            "P.2109: frequency_ghz must be 0.08 to 100 GHz.",
        )
    if not (np.abs(elevation_deg) <= 90.0).all():
        raise InputError(
            "P.2109: elevation_deg phải từ -90 đến 90 độ.", "P.2109: elevation_deg must be -90 to 90 degrees."
        )


def _loss_db(f: _F64, deviate: _F64, elevation_deg: _F64, building: BuildingKind) -> _F64:
    """Return eq. (1) at a standard normal deviate."""
    r, s, t, u, v, w, x, y, z = _COEFFICIENTS[building]
    lf = np.log10(f)
    mu1 = r + s * lf + t * lf**2 + 0.212 * np.abs(elevation_deg)
    a = deviate * (u + v * lf) + mu1
    b = deviate * (y + z * lf) + w + x * lf
    return np.asarray(10.0 * np.log10(10.0 ** (0.1 * a) + 10.0 ** (0.1 * b) + 10.0**-0.3))


def entry_loss_db(
    frequency_ghz: npt.ArrayLike,
    probability_share: npt.ArrayLike = 0.5,
    elevation_deg: npt.ArrayLike = 0.0,
    building: BuildingKind = "traditional",
) -> _F64:
    """Return L_BEL, the building entry loss not exceeded with probability P.

    ITU-R P.2109-2, clause 3, eqs (1) to (10), lf = log10 f: L = 10 log10(10^0.1A + 10^0.1B + 10^0.1C),
    A = F^-1(P) sigma1 + mu1, B = F^-1(P) sigma2 + mu2, C = -3; mu1 = L_h + L_e, L_h = r + s lf + t lf^2,
    L_e = 0.212 |elevation|, mu2 = w + x lf, sigma1 = u + v lf, sigma2 = y + z lf, coefficients of Table 1
    by the kind of building. It is the loss over positions all through the building; the gain of a high
    floor is not in it.

    Parameters
    ----------
    frequency_ghz : array
        f, 0.08 to 100 GHz.
    probability_share : array
        P, above 0 and below 1.
    elevation_deg : array
        Elevation of the path at the facade, -90 to 90 degrees; its sign does not matter.
    building : {"traditional", "thermally_efficient"}

    Returns
    -------
    float64 array
        dB, broadcast shape; below 0 is possible at very small P.

    Raises
    ------
    InputError
        Outside these ranges.
    """
    f, p = np.asarray(frequency_ghz, np.float64), np.asarray(probability_share, np.float64)
    elevation = np.asarray(elevation_deg, np.float64)
    _check(f, elevation, building)
    if not ((p > 0) & (p < 1)).all():
        raise InputError(
            "P.2109: probability_share phải lớn hơn 0 và nhỏ hơn 1.",
            "P.2109: probability_share must be above 0 and below 1.",
        )
    return _loss_db(f, np.asarray(ndtri(p)), elevation, building)


def entry_loss_spread(
    frequency_ghz: npt.ArrayLike,
    elevation_deg: npt.ArrayLike = 0.0,
    building: BuildingKind = "traditional",
) -> EntryLossSpread:
    """Return median, mean and standard deviation of the building entry loss.

    Moments of the distribution whose quantiles are :func:`entry_loss_db`, i.e. of its value at a standard
    normal deviate, by Gauss-Hermite quadrature (within 1e-3 dB of a fine integral, measured over the band).

    Parameters
    ----------
    frequency_ghz, elevation_deg, building
        As of :func:`entry_loss_db`.

    Raises
    ------
    InputError
        Outside the ranges.
    """
    f, elevation = np.asarray(frequency_ghz, np.float64), np.asarray(elevation_deg, np.float64)
    _check(f, elevation, building)
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    weights = weights / weights.sum()
    losses = _loss_db(f[..., None], nodes, elevation[..., None], building)
    mean = np.sum(losses * weights, axis=-1)
    variance = np.sum((losses - mean[..., None]) ** 2 * weights, axis=-1)
    return EntryLossSpread(
        median_db=_loss_db(f, np.zeros(()), elevation, building),
        mean_db=np.asarray(mean),
        spread_db=np.asarray(np.sqrt(variance)),
    )
