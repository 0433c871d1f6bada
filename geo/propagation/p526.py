"""Diffraction by the delta-Bullington method alone (Recommendation ITU-R P.526-15, clause 4.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.errors import InputError
from geo.numbers import vietnamese
from geo.propagation.free_space import free_space_loss_db
from geo.propagation.p1812.bullington import bullington_loss_db, knife_edge_loss_db
from geo.propagation.p1812.mechanisms import slant_km
from geo.propagation.p1812.smooth_earth import smooth_earth, smooth_earth_diffraction
from geo.propagation.p1812.spherical_earth import FirstTermForm, Polarisation, spherical_earth_loss_db

__all__ = [
    "MODEL",
    "SPEED_OF_LIGHT_M_S",
    "DeltaBullington",
    "delta_bullington",
    "fresnel_radius_m",
    "knife_edge_parameter",
    "single_edge_loss_db",
]

#: Name and edition of the model, for every output.
MODEL = "ITU-R P.526-15 delta-Bullington"

#: Speed of light of ITU's worked examples; P.1812 has 2.998e8 (0.2998/f).
SPEED_OF_LIGHT_M_S = 3e8

# k = 4/3: the median effective Earth radius where no refractivity is given.
_EARTH_RADIUS_KM = 8500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaBullington:
    """Diffraction loss of one path and its parts.

    Attributes
    ----------
    model : str
        Name and edition.
    wavelength_m : float
    tx_modified_m, rx_modified_m : float
        h'_ts, h'_rs: antenna heights over the smooth Earth.
    bullington_actual_db, bullington_smooth_db : float
        L_ba over the real profile, L_bs over the smooth one.
    spherical_db : float
        L_sph over a spherical Earth.
    diffraction_db : float
        L_ba + max(L_sph - L_bs, 0).
    basic_loss_db : float
        Free space over the slant distance, and the diffraction.
    """

    model: str
    wavelength_m: float
    tx_modified_m: float
    rx_modified_m: float
    bullington_actual_db: float
    bullington_smooth_db: float
    spherical_db: float
    diffraction_db: float
    basic_loss_db: float


def delta_bullington(
    distance_km: npt.ArrayLike,
    terrain_height_m: npt.ArrayLike,
    *,
    tx_height_agl_m: float,
    rx_height_agl_m: float,
    frequency_ghz: float,
    earth_radius_km: float = _EARTH_RADIUS_KM,
    polarisation: Polarisation = "vertical",
    sea_fraction: float = 0.0,
    form: FirstTermForm = "exact",
    speed_of_light_m_s: float = SPEED_OF_LIGHT_M_S,
) -> DeltaBullington:
    """Return the diffraction loss of one path by the delta-Bullington method.

    ITU-R P.526-15, clause 4.5 (the diffraction core of ITU-R P.1812-8, clause 4.3, eqs (12) to (39)) at
    one effective Earth radius: L_d = L_ba + max(L_sph - L_bs, 0), where L_ba is Bullington's
    construction over the profile, L_bs the same over heights 0 with the modified antenna heights
    h'_ts = h_ts - h_std, h'_rs = h_rs - h_srd, and L_sph the loss over a spherical Earth.

    Parameters
    ----------
    distance_km, terrain_height_m : (n,) array
        Profile, n >= 3; distances from 0 at the transmitter, strictly increasing.
    tx_height_agl_m, rx_height_agl_m : float
        Antennas above ground, positive.
    frequency_ghz : float
    earth_radius_km : float
        Effective Earth radius.
    polarisation : {"horizontal", "vertical"}
    sea_fraction : float
        Share of the path over sea, 0 to 1.
    form : {"exact", "rounded"}
        P.526's own first term in SI units (ITU's worked examples), or the practical coefficients of
        P.1812, which differ by up to 0.005 dB on the worked examples.
    speed_of_light_m_s : float
        c; 3e8 in ITU's worked examples.

    Raises
    ------
    InputError
        If the profile is not one, holds a number that is none, or an argument is not positive.
    """
    distance = np.asarray(distance_km, dtype=np.float64)
    ground = np.asarray(terrain_height_m, dtype=np.float64)
    profile = distance.ndim == 1 and distance.size >= 3 and ground.shape == distance.shape
    if not (profile and np.isfinite(distance).all() and np.isfinite(ground).all()):
        raise InputError(
            "Mặt cắt cần ít nhất 3 điểm, mỗi điểm có khoảng cách và độ cao là số hữu hạn.",
            "A profile needs at least 3 points, each with a finite distance and height.",
        )
    if distance[0] != 0 or not (np.diff(distance) > 0).all():
        raise InputError(
            "distance_km phải bắt đầu từ 0 và tăng dần thực sự.",
            "distance_km must start at 0 and strictly increase.",
        )
    numbers = {
        "tx_height_agl_m": tx_height_agl_m,
        "rx_height_agl_m": rx_height_agl_m,
        "frequency_ghz": frequency_ghz,
        "earth_radius_km": earth_radius_km,
        "speed_of_light_m_s": speed_of_light_m_s,
    }
    for name, value in numbers.items():
        if not 0 < value < np.inf:
            raise InputError(
                f"{name} là {vietnamese(value)}; phải là số dương.", f"{name} is {value:g}; it must be positive."
            )
    if not 0 <= sea_fraction <= 1:
        raise InputError(
            f"sea_fraction là {vietnamese(sea_fraction)}; phải từ 0 đến 1.",
            f"sea_fraction is {sea_fraction:g}; it must be 0 to 1.",
        )
    if polarisation not in {"horizontal", "vertical"} or form not in {"exact", "rounded"}:
        raise InputError(
            f"polarisation ({polarisation}) phải là horizontal hoặc vertical, form ({form}) là exact hoặc rounded.",
            f"polarisation ({polarisation}) must be horizontal or vertical, form ({form}) exact or rounded.",
        )
    wavelength = speed_of_light_m_s / (frequency_ghz * 1e9)
    span = float(distance[-1])
    tx, rx = float(ground[0] + tx_height_agl_m), float(ground[-1] + rx_height_agl_m)
    smooth = smooth_earth_diffraction(distance, ground, tx, rx, smooth_earth(distance, ground))
    over = (float(tx - smooth.tx_m), float(rx - smooth.rx_m))
    actual = float(bullington_loss_db(distance, ground, tx, rx, earth_radius_km, wavelength))
    level = float(bullington_loss_db(distance, np.zeros_like(ground), *over, earth_radius_km, wavelength))
    spherical = float(
        spherical_earth_loss_db(
            span,
            *over,
            earth_radius_km,
            frequency_ghz,
            polarisation=polarisation,
            sea_fraction=sea_fraction,
            form=form,
            wavelength_m=wavelength,
        )
    )
    loss = actual + max(spherical - level, 0.0)
    free_space = float(free_space_loss_db(1000.0 * frequency_ghz, slant_km(span, tx, rx)))
    return DeltaBullington(
        model=MODEL,
        wavelength_m=wavelength,
        tx_modified_m=over[0],
        rx_modified_m=over[1],
        bullington_actual_db=actual,
        bullington_smooth_db=level,
        spherical_db=spherical,
        diffraction_db=loss,
        basic_loss_db=free_space + loss,
    )


def knife_edge_parameter(
    edge_height_m: npt.ArrayLike,
    tx_part_km: npt.ArrayLike,
    rx_part_km: npt.ArrayLike,
    wavelength_m: npt.ArrayLike,
) -> npt.NDArray[np.float64]:
    """Return nu of one edge: h sqrt{2 (d_1 + d_2)/(lambda d_1 d_2)} (ITU-R P.526-15, eq. (26), SI units).

    Parameters
    ----------
    edge_height_m : array
        h over the straight line between the antennas, the bulge d_1 d_2/(2 a_e) included.
    tx_part_km, rx_part_km : array
        d_1, d_2.
    wavelength_m : array
        lambda.
    """
    h, wavelength = np.asarray(edge_height_m, np.float64), np.asarray(wavelength_m, np.float64)
    d1, d2 = np.asarray(tx_part_km, np.float64), np.asarray(rx_part_km, np.float64)
    return np.asarray(h * np.sqrt(0.002 * (d1 + d2) / (wavelength * d1 * d2)))


def single_edge_loss_db(
    edge_height_m: npt.ArrayLike,
    tx_part_km: npt.ArrayLike,
    rx_part_km: npt.ArrayLike,
    wavelength_m: npt.ArrayLike,
) -> npt.NDArray[np.float64]:
    """Return J(nu) of one edge (ITU-R P.526-15, eqs (26), (31)); parameters of :func:`knife_edge_parameter`."""
    nu = knife_edge_parameter(edge_height_m, tx_part_km, rx_part_km, wavelength_m)
    return np.asarray(knife_edge_loss_db(nu), dtype=np.float64)


def fresnel_radius_m(
    tx_part_km: npt.ArrayLike, rx_part_km: npt.ArrayLike, frequency_ghz: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return the radius of the first Fresnel zone, 17.32 sqrt[d_1 d_2/(f d)] (ITU-R P.526-15, clause 2.1)."""
    d1, d2 = np.asarray(tx_part_km, np.float64), np.asarray(rx_part_km, np.float64)
    return np.asarray(17.32 * np.sqrt(d1 * d2 / (np.asarray(frequency_ghz, np.float64) * (d1 + d2))))
