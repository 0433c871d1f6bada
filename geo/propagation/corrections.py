"""What measurements taught of the prediction, radio cell by radio cell, as plain arrays.

The corrections themselves come from :mod:`geo.calibration`; here stands what a prediction needs of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.propagation.radio_sources import RadioSources

__all__ = ["COEFFICIENTS", "COLUMNS", "PATH_VARIANCES", "Corrections"]

_F64 = npt.NDArray[np.float64]

#: What a correction is linear in; the error stands behind them among the columns of a radio cell.
COEFFICIENTS = ("bias_db", "slope_db", "diffraction", "deep_diffraction", "deepest_diffraction", "height_db", "height_slope_db")
#: The variance over the typical path, then the upper triangle of the coefficients' covariance.
PATH_VARIANCES = 1 + len(COEFFICIENTS) * (len(COEFFICIENTS) + 1) // 2
#: Columns of a radio cell as the kernels take them: coefficients, error, variances.
COLUMNS = len(COEFFICIENTS) + 1 + PATH_VARIANCES


@dataclass(frozen=True, slots=True)
class Corrections:
    """Corrections of a run's radio cells, by ``RadioSources.index``, and the law of the error that remains.

    Corrected level = level + ``bias_db`` + ``slope_db`` log10(d / ``reference_km``) − ``diffraction`` L_d −
    ``deep_diffraction`` max(0, L_d − ``deep_from_db``) − ``deepest_diffraction`` max(0, L_d − ``deepest_from_db``), L_d
    the diffraction loss, + (``height_db`` + ``height_slope_db`` log10(d / ``reference_km``)) log10(h / ``height_reference_m``), h how far the
    phone lies below the antenna, taken between ``height_least_m`` and ``height_most_m``; then the shift by the ground cover about the phone. The error about it has the scale of its
    kind of path (antenna in sight, hidden by terrain, far down in its shadow), and, constant for a radio cell,
    ``error_sd_db``. Over paths unlike those that were measured, farther or deeper in the shadow, the coefficients' own error adds up.

    Attributes
    ----------
    bias_db, slope_db, diffraction, deep_diffraction, deepest_diffraction, height_db, height_slope_db : (n,) float64 arrays
        dB, dB per decade, shares, dB per decade of height, and that per decade of distance.
    error_sd_db : (n,) float64 array
        Error of the correction itself over the typical path, of a site never measured, and of fields that the list lacks.
    path_variance : (29, n) float64 array
        Variance of the correction over the typical path (dB²), then the upper triangle, row by row, of the covariance of the seven
        coefficients, in their order above. All 0: the same error over every path.
    clutter_shift_db, clutter_sd_db : (256,) float64 arrays
        By land cover code, at the reference frequency; 0 is unknown cover.
    reference_km, deep_from_db, deepest_from_db : float
    clear_sd_db, obstructed_sd_db, deep_sd_db : float
        Standard deviation of the error of one radio cell's level at a random place.
    site_correlation, place_correlation : float
        Of the errors of two radio cells of one mast, and of two masts, at one place.
    common_sd_db : float
        Error that all levels have in common and that no measurement of the same kind can show: what is not known of the
        measuring vehicle.
    held_out_growth : float
        How much greater squares of errors are on blocks of the map that the fit did not see than on the same blocks where it
        did, 1 or more: far from measurements the error is that of the unseen.
    clutter_exponent, clutter_reference_ghz : float
        The cover costs (f / reference) to this power of its shift.
    height_reference_m, height_least_m, height_most_m : float
    """

    bias_db: _F64
    slope_db: _F64
    diffraction: _F64
    deep_diffraction: _F64
    deepest_diffraction: _F64
    height_db: _F64
    height_slope_db: _F64
    error_sd_db: _F64
    path_variance: _F64
    clutter_shift_db: _F64
    clutter_sd_db: _F64
    reference_km: float
    deep_from_db: float
    deepest_from_db: float
    clear_sd_db: float
    obstructed_sd_db: float
    deep_sd_db: float
    site_correlation: float
    place_correlation: float
    common_sd_db: float = 0.0
    clutter_exponent: float = 0.0
    clutter_reference_ghz: float = 2.0
    held_out_growth: float = 1.0
    height_reference_m: float = 50.0
    height_least_m: float = 20.0
    height_most_m: float = 200.0

    def take(self, index: npt.NDArray[np.integer]) -> Corrections:
        """Return the corrections of some radio cells, in the order asked for."""
        named: dict[str, Any] = {name: getattr(self, name)[index] for name in (*COEFFICIENTS, "error_sd_db")}
        return replace(self, **named, path_variance=self.path_variance[:, index])

    def of(self, sources: RadioSources) -> _F64:
        """Return the columns of radio cells, (cells, 8 + 29), in their order."""
        columns = [getattr(self, name) for name in (*COEFFICIENTS, "error_sd_db")]
        return np.ascontiguousarray(np.stack([*columns, *self.path_variance], axis=1)[sources.index])

    @property
    def law(self) -> _F64:
        """What is the same for all radio cells, as the kernels take it, (11,)."""
        return np.array(
            [
                self.reference_km,
                self.deep_from_db,
                self.deepest_from_db,
                self.clear_sd_db**2,
                self.obstructed_sd_db**2,
                self.deep_sd_db**2,
                self.site_correlation,
                self.place_correlation,
                self.height_reference_m,
                self.height_least_m,
                self.height_most_m,
            ]
        )

    def __post_init__(self) -> None:
        n = len(self.bias_db)
        for name in (*COEFFICIENTS, "error_sd_db"):
            values = getattr(self, name)
            if values.shape != (n,) or not np.isfinite(values).all():
                raise ValueError(f"{name} needs one finite value per radio cell")
        if self.path_variance.shape != (PATH_VARIANCES, n) or not np.isfinite(self.path_variance).all():
            raise ValueError(f"path_variance needs {PATH_VARIANCES} finite values per radio cell")
        if not 0 < self.height_least_m <= self.height_reference_m <= self.height_most_m:
            raise ValueError("heights: 0 < least <= reference <= most")
        if not (0.0 <= self.place_correlation <= self.site_correlation < 1.0):
            raise ValueError("correlations of errors: 0 <= between masts <= within a mast < 1")
        if min(self.clear_sd_db, self.obstructed_sd_db, self.deep_sd_db, self.reference_km) <= 0 or (self.error_sd_db < 0).any():
            raise ValueError("spreads and the reference distance are positive, errors not negative")
        if not 1.0 <= self.held_out_growth < np.inf:
            raise ValueError("errors are not smaller where nothing was fitted")
