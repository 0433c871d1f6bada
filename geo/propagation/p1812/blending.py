"""How time shares and mechanisms are put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating
from geo.propagation.p1812.normal import inverse_complementary_normal

__all__ = ["Blend", "blend", "softened_maximum_db", "time_interpolation"]


def time_interpolation(time_percent: npt.ArrayLike, beta0_percent: npt.ArrayLike) -> FloatArray:
    """Return F_i: 1 for p <= beta_0, else I(p/100)/I(beta_0/100) (ITU-R P.1812-8, eq. (40))."""
    p, beta0 = floating(time_percent), floating(beta0_percent)
    ratio = inverse_complementary_normal(p / 100.0) / inverse_complementary_normal(beta0 / 100.0)
    return np.asarray(np.where(p <= beta0, ratio.dtype.type(1.0), ratio))


def softened_maximum_db(first_db: npt.ArrayLike, second_db: npt.ArrayLike) -> FloatArray:
    """Return 2.5 ln[exp(a/2.5) + exp(b/2.5)] as maximum plus correction, which cannot overflow."""
    a, b = floating(first_db), floating(second_db)
    return np.asarray(np.maximum(a, b) + 2.5 * np.log1p(np.exp(-np.abs(a - b) / 2.5)))


def _power_sum_db(first_db: FloatArray, second_db: FloatArray) -> FloatArray:
    """Return -5 log10(10^(-0.2 a) + 10^(-0.2 b)) as minimum minus correction."""
    step = 10.0 ** (-0.2 * np.abs(first_db - second_db))
    return np.asarray(np.minimum(first_db, second_db) - 5.0 * np.log10(1.0 + step))


@dataclass(frozen=True, slots=True)
class Blend:
    """The blended losses, dB.

    Attributes
    ----------
    angle_factor, distance_factor : floating array
        F_j, F_k, eqs (57), (58).
    minimum_line_of_sight_db : floating array
        L_minb0p, eq. (59).
    minimum_ducting_db : floating array
        L_minbap, eq. (60).
    diffraction_ducting_db : floating array
        L_bda, eq. (61).
    modified_db : floating array
        L_bam, eq. (62).
    loss_db : floating array
        L_bc, eq. (63).
    """

    angle_factor: FloatArray
    distance_factor: FloatArray
    minimum_line_of_sight_db: FloatArray
    minimum_ducting_db: FloatArray
    diffraction_ducting_db: FloatArray
    modified_db: FloatArray
    loss_db: FloatArray


def blend(
    *,
    path_km: npt.ArrayLike,
    angular_distance_mrad: npt.ArrayLike,
    sea_fraction: npt.ArrayLike,
    time_percent: npt.ArrayLike,
    beta0_percent: npt.ArrayLike,
    time_factor: npt.ArrayLike,
    line_of_sight_db: npt.ArrayLike,
    line_of_sight_beta_db: npt.ArrayLike,
    diffraction_db: npt.ArrayLike,
    total_diffraction_median_db: npt.ArrayLike,
    total_diffraction_db: npt.ArrayLike,
    ducting_db: npt.ArrayLike,
    troposcatter_db: npt.ArrayLike,
) -> Blend:
    """Return the loss of all mechanisms together, for p % of time and 50 % of locations.

    ITU-R P.1812-8, clause 4.6, eqs (57) to (63):

    - F_j = 1 - 0.5 {1 + tanh[2.4 (theta - 0.3)/0.3]}, F_k = 1 - 0.5 {1 + tanh[1.5 (d - 20)/20]};
    - L_minb0p = L_b0p + (1 - omega) L_dp for p < beta_0, otherwise
      L_bd50 + [L_b0beta + (1 - omega) L_dp - L_bd50] F_i;
    - L_minbap = 2.5 ln[exp(L_ba/2.5) + exp(L_b0p/2.5)];
    - L_bda = L_bd where L_minbap > L_bd, else L_minbap + (L_bd - L_minbap) F_k;
    - L_bam = L_bda + (L_minb0p - L_bda) F_j; L_bc = -5 log10(10^(-0.2 L_bs) + 10^(-0.2 L_bam)).

    Parameters
    ----------
    path_km, angular_distance_mrad, sea_fraction : array
        d, theta, omega.
    time_percent, beta0_percent, time_factor : array
        p, beta_0, F_i.
    line_of_sight_db, line_of_sight_beta_db : array
        L_b0p, L_b0beta.
    diffraction_db : array
        L_dp, without free space.
    total_diffraction_median_db, total_diffraction_db : array
        L_bd50, L_bd.
    ducting_db, troposcatter_db : array
        L_ba, L_bs.
    """
    theta, d = floating(angular_distance_mrad), floating(path_km)
    los, bd50, bd = (
        floating(line_of_sight_db),
        floating(total_diffraction_median_db),
        floating(total_diffraction_db),
    )
    over_land = (1.0 - floating(sea_fraction)) * floating(diffraction_db)
    angle = 1.0 - 0.5 * (1.0 + np.tanh(2.4 * (theta - 0.3) / 0.3))
    distance = 1.0 - 0.5 * (1.0 + np.tanh(1.5 * (d - 20.0) / 20.0))
    usual = bd50 + (floating(line_of_sight_beta_db) + over_land - bd50) * floating(time_factor)
    lowest_los = np.where(floating(time_percent) < floating(beta0_percent), los + over_land, usual)
    lowest_duct = softened_maximum_db(ducting_db, los)
    bda = np.where(lowest_duct > bd, bd, lowest_duct + (bd - lowest_duct) * distance)
    bam = bda + (lowest_los - bda) * angle
    return Blend(
        angle_factor=np.asarray(angle),
        distance_factor=np.asarray(distance),
        minimum_line_of_sight_db=np.asarray(lowest_los),
        minimum_ducting_db=lowest_duct,
        diffraction_ducting_db=np.asarray(bda),
        modified_db=np.asarray(bam),
        loss_db=_power_sum_db(floating(troposcatter_db), bam),
    )
