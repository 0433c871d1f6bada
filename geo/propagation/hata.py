"""The Hata family: baselines that know nothing of the terrain.

Each function returns a :class:`BaselineLoss`: the loss, and for every value whether the inputs lie in the
range that the formula was made for. Values outside are computed, never hidden and never unmarked.
The base height is that over the mean ground of the surroundings (3 to 15 km out), not over the mast's foot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from geo.errors import InputError

__all__ = [
    "COST231_MODEL",
    "EHATA_MODEL",
    "EXTENDED_HATA_MODEL",
    "OKUMURA_HATA_MODEL",
    "BaselineLoss",
    "Environment",
    "cost231_hata",
    "ehata_median",
    "ehata_spread_db",
    "extended_hata",
    "extended_hata_spread_db",
    "okumura_hata",
]

#: Names of the models, for every output.
OKUMURA_HATA_MODEL = "Okumura-Hata (1980), baseline"
COST231_MODEL = "COST-231 Hata, baseline"
EXTENDED_HATA_MODEL = "Extended Hata (Report ITU-R SM.2028), baseline"
EHATA_MODEL = "NTIA eHata median without terrain corrections, baseline"

Environment: TypeAlias = Literal["urban", "suburban", "open"]

_F64 = npt.NDArray[np.float64]
_ENVIRONMENTS = ("urban", "suburban", "open")


@dataclass(frozen=True, slots=True)
class BaselineLoss:
    """Loss by a baseline model.

    Attributes
    ----------
    model : str
        Name, with the word "baseline".
    loss_db : float64 array
        Median basic loss, broadcast shape of the inputs.
    valid : bool array
        Whether all inputs are within the model's range; False marks an extrapolation.
    """

    model: str
    loss_db: _F64
    valid: npt.NDArray[np.bool_]


def _arrays(f: npt.ArrayLike, d: npt.ArrayLike, hb: npt.ArrayLike, hm: npt.ArrayLike) -> tuple[_F64, ...]:
    """Return broadcast float64 arrays; all must be positive."""
    arrays = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in (f, d, hb, hm)))
    if not all(((a > 0) & np.isfinite(a)).all() for a in arrays):
        raise InputError(
            "Họ mô hình Hata: tần số, khoảng cách và độ cao ăng-ten phải là số dương.",
            "Hata family: frequency, distance and antenna heights must be positive numbers.",
        )
    return tuple(np.asarray(a) for a in arrays)


def _check_environment(environment: str) -> None:
    if environment not in _ENVIRONMENTS:
        raise InputError(
            f"Họ mô hình Hata: environment = {environment!r}; chỉ cho phép: {', '.join(_ENVIRONMENTS)}.",
            f"Hata family: environment = {environment!r}; allowed are: {', '.join(_ENVIRONMENTS)}.",
        )


def _within(values: _F64, low: float, high: float) -> npt.NDArray[np.bool_]:
    return np.asarray((values >= low) & (values <= high))


def _medium_city_db(lf: _F64, hm: _F64) -> _F64:
    """Return a(h_m) of a small or medium city."""
    return np.asarray((1.1 * lf - 0.7) * hm - (1.56 * lf - 0.8))


def _large_city_db(f: _F64, hm: _F64) -> _F64:
    """Return a(h_m) of a large city; the two formulas meet at 300 MHz."""
    low = 8.29 * np.log10(1.54 * hm) ** 2 - 1.1
    high = 3.2 * np.log10(11.75 * hm) ** 2 - 4.97
    return np.where(f < 300.0, low, high)


def _lighter_cover_db(lf: _F64, environment: Environment) -> _F64:
    """Return what suburban or open ground has less than urban ground (Hata 1980)."""
    if environment == "suburban":
        return np.asarray(2.0 * (lf - np.log10(28.0)) ** 2 + 5.4)
    if environment == "open":
        return np.asarray(4.78 * lf**2 - 18.33 * lf + 40.94)
    return np.zeros_like(lf)


def okumura_hata(
    frequency_mhz: npt.ArrayLike,
    distance_km: npt.ArrayLike,
    base_height_m: npt.ArrayLike,
    mobile_height_m: npt.ArrayLike,
    *,
    environment: Environment = "urban",
    large_city: bool = False,
) -> BaselineLoss:
    """Return the loss by Okumura and Hata.

    M. Hata, "Empirical formula for propagation loss in land mobile radio services", IEEE Trans. Veh.
    Technol. VT-29 (1980): L = 69.55 + 26.16 log f - 13.82 log h_b - a(h_m) + (44.9 - 6.55 log h_b) log d;
    a = (1.1 log f - 0.7) h_m - (1.56 log f - 0.8) in small and medium cities, in large ones
    8.29 (log 1.54 h_m)^2 - 1.1 up to 200 MHz and 3.2 (log 11.75 h_m)^2 - 4.97 from 400 MHz (between them
    the nearer one is taken, split at 300 MHz, and marked not valid). Suburban: less 2 [log(f/28)]^2 + 5.4;
    open: less 4.78 (log f)^2 - 18.33 log f + 40.94.

    Parameters
    ----------
    frequency_mhz, distance_km, base_height_m, mobile_height_m : array
        Positive. Valid are 150 to 1500 MHz, 1 to 20 km, 30 to 200 m, 1 to 10 m.
    environment : {"urban", "suburban", "open"}
    large_city : bool
        a(h_m) of a large city (buildings over 15 m on average).

    Raises
    ------
    InputError
        If a number is not positive or the environment is unknown.
    """
    f, d, hb, hm = _arrays(frequency_mhz, distance_km, base_height_m, mobile_height_m)
    _check_environment(environment)
    lf, lb = np.log10(f), np.log10(hb)
    correction = _large_city_db(f, hm) if large_city else _medium_city_db(lf, hm)
    urban = 69.55 + 26.16 * lf - 13.82 * lb - correction + (44.9 - 6.55 * lb) * np.log10(d)
    valid = _within(f, 150, 1500) & _within(d, 1, 20) & _within(hb, 30, 200) & _within(hm, 1, 10)
    if large_city:
        valid &= (f <= 200.0) | (f >= 400.0)
    return BaselineLoss(
        OKUMURA_HATA_MODEL, np.asarray(urban - _lighter_cover_db(lf, environment)), np.asarray(valid)
    )


def cost231_hata(
    frequency_mhz: npt.ArrayLike,
    distance_km: npt.ArrayLike,
    base_height_m: npt.ArrayLike,
    mobile_height_m: npt.ArrayLike,
    *,
    metropolitan: bool = False,
) -> BaselineLoss:
    """Return the loss by the COST-231 extension of Hata's formula.

    COST Action 231, final report, clause 4.4.1: L = 46.3 + 33.9 log f - 13.82 log h_b - a(h_m)
    + (44.9 - 6.55 log h_b) log d + C_m, a(h_m) of a medium city, C_m = 3 dB in metropolitan centres,
    0 in medium cities and suburban centres.

    Parameters
    ----------
    frequency_mhz, distance_km, base_height_m, mobile_height_m : array
        Positive. Valid are 1500 to 2000 MHz, 1 to 20 km, 30 to 200 m, 1 to 10 m.
    metropolitan : bool
        Whether C_m is 3 dB.

    Raises
    ------
    InputError
        If a number is not positive.
    """
    f, d, hb, hm = _arrays(frequency_mhz, distance_km, base_height_m, mobile_height_m)
    lf, lb = np.log10(f), np.log10(hb)
    loss = 46.3 + 33.9 * lf - 13.82 * lb - _medium_city_db(lf, hm) + (44.9 - 6.55 * lb) * np.log10(d)
    valid = _within(f, 1500, 2000) & _within(d, 1, 20) & _within(hb, 30, 200) & _within(hm, 1, 10)
    return BaselineLoss(COST231_MODEL, np.asarray(loss + (3.0 if metropolitan else 0.0)), np.asarray(valid))


def _extended_urban_db(f: _F64, d: _F64, high: _F64, low: _F64) -> _F64:
    """Return the urban loss of extended Hata from 0.1 km on."""
    lf = np.log10(f)
    mobile = (
        (1.1 * lf - 0.7) * np.minimum(10.0, low)
        - (1.56 * lf - 0.8)
        + np.maximum(0.0, 20.0 * np.log10(low / 10.0))
    )
    base = np.minimum(0.0, 20.0 * np.log10(high / 30.0))
    over = np.log10(np.maximum(high, 30.0))
    far = 1.0 + (0.14 + 1.87e-4 * f + 1.07e-3 * high) * np.log10(np.maximum(d, 20.0) / 20.0) ** 0.8
    log_d = np.log10(d)
    reach = np.where(d > 20.0, np.maximum(log_d, 0.0) ** far, log_d)
    common = (44.9 - 6.55 * over) * reach - 13.82 * over - mobile - base
    below = 69.6 + 26.2 * np.log10(150.0) - 20.0 * np.log10(150.0 / f)
    middle = 69.6 + 26.2 * lf
    upper = 46.3 + 33.9 * lf
    beyond = 46.3 + 33.9 * np.log10(2000.0) + 10.0 * np.log10(f / 2000.0)
    start = np.where(f <= 150.0, below, np.where(f <= 1500.0, middle, np.where(f <= 2000.0, upper, beyond)))
    return np.asarray(start + common)


def extended_hata(
    frequency_mhz: npt.ArrayLike,
    distance_km: npt.ArrayLike,
    base_height_m: npt.ArrayLike,
    mobile_height_m: npt.ArrayLike,
    *,
    environment: Environment = "urban",
) -> BaselineLoss:
    """Return the median loss by extended Hata.

    Report ITU-R SM.2028-2, clause 6.1 (as in SEAMCAT), with H_m the lower and H_b the higher antenna:

    - up to 0.04 km: L0 = 32.4 + 20 log f + 10 log[d^2 + (H_b - H_m)^2/1e6];
    - from 0.1 km, urban: start(f) + (44.9 - 6.55 log max(30, H_b)) (log d)^alpha - 13.82 log max(30, H_b)
      - a(H_m) - b(H_b); a = (1.1 log f - 0.7) min(10, H_m) - (1.56 log f - 0.8) + max(0, 20 log(H_m/10)),
      b = min(0, 20 log(H_b/30)); alpha = 1 to 20 km, beyond it
      1 + (0.14 + 1.87e-4 f + 1.07e-3 H_b) (log d/20)^0.8, an exponent of log d;
      start = 69.6 + 26.2 log 150 - 20 log(150/f) up to 150 MHz, 69.6 + 26.2 log f to 1500,
      46.3 + 33.9 log f to 2000, 46.3 + 33.9 log 2000 + 10 log(f/2000) to 3000 MHz;
    - between: linear in log d; suburban and open as of Hata, with f kept within 150 to 2000 MHz;
    - never below L0.

    Parameters
    ----------
    frequency_mhz, distance_km, base_height_m, mobile_height_m : array
        Positive. Valid are 30 to 3000 MHz, up to 100 km, 30 to 200 m, 1 to 10 m.
    environment : {"urban", "suburban", "open"}

    Raises
    ------
    InputError
        If a number is not positive or the environment is unknown.
    """
    f, d, h1, h2 = _arrays(frequency_mhz, distance_km, base_height_m, mobile_height_m)
    _check_environment(environment)
    high, low = np.maximum(h1, h2), np.minimum(h1, h2)
    lighter = _lighter_cover_db(np.log10(np.clip(f, 150.0, 2000.0)), environment)

    def free_space(at: _F64) -> _F64:
        return np.asarray(32.4 + 20.0 * np.log10(f) + 10.0 * np.log10(at**2 + (high - low) ** 2 / 1e6))

    def beyond(at: _F64) -> _F64:
        return np.maximum(_extended_urban_db(f, at, high, low) - lighter, free_space(at))

    near, far = np.full_like(d, 0.04), np.full_like(d, 0.1)
    share = np.log10(np.clip(d, 0.04, 0.1) / 0.04) / np.log10(0.1 / 0.04)
    between = free_space(near) + share * (beyond(far) - free_space(near))
    loss = np.where(d <= 0.04, free_space(d), np.where(d < 0.1, between, beyond(np.maximum(d, 0.1))))
    valid = _within(f, 30, 3000) & (d <= 100.0) & _within(high, 30, 200) & _within(low, 1, 10)
    return BaselineLoss(EXTENDED_HATA_MODEL, np.maximum(loss, free_space(d)), np.asarray(valid))


def extended_hata_spread_db(distance_km: npt.ArrayLike) -> _F64:
    """Return the standard deviation of extended Hata below the roofs.

    Report ITU-R SM.2028-2, clause 6.1: 3.5 dB to 0.04 km, rising to 17 dB at 0.1 km, 17 dB to 0.2 km,
    falling to 9 dB at 0.6 km, 9 dB beyond; linear between.
    """
    return np.asarray(
        np.interp(np.asarray(distance_km, np.float64), [0.04, 0.1, 0.2, 0.6], [3.5, 17.0, 17.0, 9.0])
    )


_EHATA_COVER = {
    "urban": (0.0, 0.0, 0.0),
    "suburban": (54.191089, -33.304938, 6.254085),
    "open": (40.94, -18.33, 4.78),
}


def ehata_median(
    frequency_mhz: npt.ArrayLike,
    distance_km: npt.ArrayLike,
    base_height_m: npt.ArrayLike,
    mobile_height_m: npt.ArrayLike,
    *,
    environment: Environment = "urban",
) -> BaselineLoss:
    """Return the median loss of NTIA's extended Hata model, without its terrain corrections.

    NTIA Technical Report TR-15-517, in the coefficients of the public NTIA/ehata code (rounded), h_b
    kept within 30 to 200 m, h_m within 1 to 10 m. Up to a break distance d_bp,
    L = A_1 - 13.82 log h_b - M + H log d, A_1 = 97.622805 + 3.185163 log f + 4.449619 (log f)^2,
    H = 44.9 - 6.55 log h_b, M = 3.2 (log 11.75 h_m)^2 - 4.97; beyond it, with r the slant distance in m,
    k = 2 pi/lambda and n_h the far exponent,
    L = a_100 + 31.800235 - 13.82 log h_b + 2.689844 - M - 20 n_h + 10 n_h log d + 20 log(2 k r),
    a_100 = 120.78129 - 52.714929 log f + 10.919011 (log f)^2. The branches miss each other by up to
    0.165 dB at the break, where the loss steps down.

    Parameters
    ----------
    frequency_mhz, distance_km, base_height_m, mobile_height_m : array
        Positive. Valid are 1500 to 3000 MHz, 1 to 100 km, 30 to 200 m, 1 to 10 m.
    environment : {"urban", "suburban", "open"}
        "open" is the model's rural ground.

    Raises
    ------
    InputError
        If a number is not positive or the environment is unknown.
    """
    f, d, hb_given, hm_given = _arrays(frequency_mhz, distance_km, base_height_m, mobile_height_m)
    _check_environment(environment)
    hb, hm = np.clip(hb_given, 30.0, 200.0), np.clip(hm_given, 1.0, 10.0)
    lf, lb, ld = np.log10(f), np.log10(hb), np.log10(d)
    at_1 = 97.622805 + 3.185163 * lf + 4.449619 * lf**2
    at_100 = 120.78129 - 52.714929 * lf + 10.919011 * lf**2
    slope = 44.9 - 6.55 * lb
    mobile = 3.2 * np.log10(11.75 * hm) ** 2 - 4.97
    wave_number = 2e6 * np.pi * f / 2.997956e8
    slant_1, slant = np.hypot(1000.0, 197.0), np.hypot(1000.0 * d, hb - hm)
    far = 2.0 * (-0.74967740 + lb * (3.27488346 - 0.67348507 * lb) - 1.0)
    near = 0.1 * slope - 2.0
    excess_1 = at_1 - 31.800235 - 2.689844 - 20.0 * np.log10(2.0 * wave_number * slant_1)
    log_break = (2.0 * far + 0.1 * (excess_1 - at_100)) / (far - near)
    before = at_1 - 13.82 * lb - mobile + slope * ld
    after = (
        at_100
        + 31.800235
        - 13.82 * lb
        + 2.689844
        - mobile
        - 20.0 * far
        + 10.0 * far * ld
        + 20.0 * np.log10(2.0 * wave_number * slant)
    )
    c0, c1, c2 = _EHATA_COVER[environment]
    loss = np.where(ld <= log_break, before, after) - (c0 + c1 * lf + c2 * lf**2)
    valid = (
        _within(f, 1500, 3000) & _within(d, 1, 100) & _within(hb_given, 30, 200) & _within(hm_given, 1, 10)
    )
    return BaselineLoss(EHATA_MODEL, np.asarray(loss), np.asarray(valid))


def ehata_spread_db(frequency_mhz: npt.ArrayLike, *, environment: Environment = "urban") -> _F64:
    """Return the standard deviation over locations of NTIA's extended Hata model.

    NTIA/ehata: 4.0976291 - 1.2255656 log f + 0.68350345 (log f)^2 in urban ground, 2 dB more elsewhere.
    """
    _check_environment(environment)
    lf = np.log10(np.asarray(frequency_mhz, np.float64))
    urban = 4.0976291 - 1.2255656 * lf + 0.68350345 * lf**2
    return np.asarray(urban + (0.0 if environment == "urban" else 2.0))
