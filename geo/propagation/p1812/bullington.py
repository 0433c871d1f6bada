"""Knife edge and the Bullington construction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.propagation.p1812.arrays import FloatArray, floating

__all__ = ["Bullington", "bullington", "bullington_loss_db", "edge_to_bullington_db", "knife_edge_loss_db"]


def knife_edge_loss_db(nu: npt.ArrayLike) -> FloatArray:
    """Return J(nu), the loss of a single knife edge.

    ITU-R P.1812-8, eq. (12) (ITU-R P.526-15, eq. (31)): 0 for nu <= -0.78, otherwise
    6.9 + 20 log10[ sqrt((nu - 0.1)^2 + 1) + nu - 0.1 ].

    Parameters
    ----------
    nu : array
        Diffraction parameter, dimensionless.

    Returns
    -------
    floating array
        J, dB, never negative.
    """
    value = floating(nu)
    v = np.maximum(value, -0.78) - 0.1
    loss = 6.9 + 20.0 * np.log10(np.sqrt(v * v + 1.0) + v)
    return np.asarray(np.where(value <= -0.78, loss.dtype.type(0.0), loss))


def edge_to_bullington_db(edge_loss_db: npt.ArrayLike, path_km: npt.ArrayLike) -> FloatArray:
    """Return the Bullington loss from that of its one equivalent edge.

    ITU-R P.1812-8, eq. (21): L_bull = L_uc + [1 - exp(-L_uc/6)] (10 + 0.02 d).
    """
    edge = floating(edge_loss_db)
    return np.asarray(edge - np.expm1(-edge / 6.0) * (10.0 + 0.02 * floating(path_km)))


@dataclass(frozen=True, slots=True)
class Bullington:
    """The Bullington construction of one or several profiles, every intermediate value.

    All are floating arrays of the broadcast shape (zero-dimensional for one profile).

    Attributes
    ----------
    tx_slope, line_slope, rx_slope : array
        S_tim, S_tr and S_rim, m/km (eqs (13), (14), (17)); S_rim is computed on every path.
    line_of_sight : bool array
        Whether the line-of-sight branch was taken: S_tim < S_tr.
    edge_km : array
        d_bp (18), distance of the equivalent edge; on line of sight that of the point with the greatest nu.
    nu : array
        Eq. (15) on line of sight, otherwise eq. (20).
    edge_loss_db : array
        L_uc = J(nu).
    loss_db : array
        L_bull, eq. (21).
    """

    tx_slope: FloatArray
    line_slope: FloatArray
    rx_slope: FloatArray
    line_of_sight: npt.NDArray[np.bool_]
    edge_km: FloatArray
    nu: FloatArray
    edge_loss_db: FloatArray
    loss_db: FloatArray


def bullington(
    distance_km: npt.ArrayLike,
    height_m: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_radius_km: npt.ArrayLike,
    wavelength_m: npt.ArrayLike,
    *,
    from_rx_km: npt.ArrayLike | None = None,
) -> Bullington:
    """Return the Bullington construction over one or several profiles.

    ITU-R P.1812-8, clause 4.3.1, eqs (12) to (21). With C = 1/a_p, interior points i:
    S_tim = max[(y_i + 500 C d_i (d - d_i) - a)/d_i], S_tr = (b - a)/d.
    S_tim < S_tr (line of sight): nu = max of
    [y_i + 500 C d_i (d - d_i) - (a (d - d_i) + b d_i)/d] sqrt[0.002 d / (lambda d_i (d - d_i))].
    Otherwise S_rim = max[(y_i + 500 C d_i (d - d_i) - b)/(d - d_i)],
    d_bp = (b - a + S_rim d)/(S_tim + S_rim) and nu by eq. (20) at that point. A ray that just grazes
    its edges (S_tim = S_tr, where eq. (18) is 0/0) takes eq. (15), which gives the limit, nu = 0.

    Parameters
    ----------
    distance_km : (..., n) array
        d_i from the transmitter, d_0 = 0, strictly increasing, n >= 3.
    height_m : (..., n) array
        y_i; the values at the two ends are not used.
    tx_height_m, rx_height_m : (...) array
        a, b: antenna heights over the same datum as y.
    earth_radius_km : (...) array
        a_p.
    wavelength_m : (...) array
        lambda.
    from_rx_km : (..., n) array, optional
        d - d_i, for callers who have it more exactly than a difference in float32.
    """
    dist = floating(distance_km)
    span = dist[..., -1:]
    di = dist[..., 1:-1]
    dr = span - di if from_rx_km is None else floating(from_rx_km)[..., 1:-1]
    y = floating(height_m)[..., 1:-1]
    a, b = floating(tx_height_m)[..., None], floating(rx_height_m)[..., None]
    radius, wavelength = floating(earth_radius_km)[..., None], floating(wavelength_m)[..., None]

    raised = y + 500.0 * di * dr / radius
    over_line = raised - (a * dr + b * di) / span
    nu_i = over_line * np.sqrt(0.002 * span / (wavelength * di * dr))
    tx_slope = np.max((raised - a) / di, axis=-1)
    rx_slope = np.max((raised - b) / dr, axis=-1)
    highest = np.argmax(nu_i, axis=-1)[..., None]

    a, b, wavelength, d = a[..., 0], b[..., 0], wavelength[..., 0], span[..., 0]
    line_slope = (b - a) / d
    clear = tx_slope < line_slope
    total = tx_slope + rx_slope
    edge = (b - a + rx_slope * d) / np.where(total > 0, total, total.dtype.type(1.0))
    blocked = ~clear & (total > 0) & (edge > 0) & (edge < d)
    edge = np.where(blocked, edge, np.take_along_axis(np.broadcast_to(di, nu_i.shape), highest, -1)[..., 0])
    beyond = d - edge
    nu_edge = (a + tx_slope * edge - (a * beyond + b * edge) / d) * np.sqrt(
        0.002 * d / (wavelength * edge * beyond)
    )
    nu = np.where(blocked, nu_edge, np.max(nu_i, axis=-1))
    loss = knife_edge_loss_db(nu)
    return Bullington(
        tx_slope=np.asarray(tx_slope),
        line_slope=np.asarray(line_slope),
        rx_slope=np.asarray(rx_slope),
        line_of_sight=np.asarray(clear),
        edge_km=np.asarray(edge),
        nu=np.asarray(nu),
        edge_loss_db=loss,
        loss_db=edge_to_bullington_db(loss, d),
    )


def bullington_loss_db(
    distance_km: npt.ArrayLike,
    height_m: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_radius_km: npt.ArrayLike,
    wavelength_m: npt.ArrayLike,
) -> FloatArray:
    """Return L_bull of ITU-R P.1812-8, eq. (21); parameters as of :func:`bullington`."""
    return bullington(distance_km, height_m, tx_height_m, rx_height_m, earth_radius_km, wavelength_m).loss_db
