"""Two simple methods that a run must beat: circles about the sites, and kriging of the measured levels alone.

(The third, prediction without measurements, is a run of its own.) Both are fitted on the same drive tests as
the product has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pykrige.ok import OrdinaryKriging
from scipy.optimize import least_squares, minimize
from scipy.spatial import cKDTree
from scipy.special import expit, log_expit, ndtr

from geo.coverage import State
from tests.truth.measured import LayerSamples, squares

__all__ = ["Circles", "Estimate", "PlainKriging", "fit_circles", "fit_plain_kriging"]

_F64 = npt.NDArray[np.float64]
_SQUARE_M = 100.0
_RIDGE = 1e-3
_RADII_KM = np.concatenate([[0.0], np.geomspace(0.2, 26.0, 150)])
_LAGS_M = np.asarray([0.0, 120.0, 200.0, 300.0, 400.0, 500.0, *np.arange(750.0, 6001.0, 250.0)])
_PAIRS = 3000
_NEIGHBOURS = 24
_FEWEST = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a method says of a layer at places.

    Attributes
    ----------
    probability, level_dbm, sd_db, state : (n,) float64 arrays
        NaN: not said.
    """

    probability: _F64
    level_dbm: _F64
    sd_db: _F64
    state: _F64


@dataclass(frozen=True, slots=True)
class Circles:
    """Served within a radius of a site that has the technology.

    Attributes
    ----------
    site_x_m, site_y_m : (n,) float64 arrays
    radius_km : float
        Of least Brier score on the measured squares, as a yes or no; NaN: too little is known, nothing is decided.
    logarithmic : bool
        The chance falls with the logarithm of the distance, or with the distance: what fits better.
    constant, slope : float
        Of the logistic curve.
    """

    site_x_m: _F64
    site_y_m: _F64
    radius_km: float
    logarithmic: bool
    constant: float
    slope: float

    def estimate(self, x_m: _F64, y_m: _F64) -> Estimate:
        """Return yes or no by the circle, and the chance by the curve; an even chance where too little is known."""
        if np.isnan(self.radius_km):
            return _even(len(x_m))
        km = _site_km(self.site_x_m, self.site_y_m, x_m, y_m)
        chance = expit(self.constant + self.slope * _term(km, self.logarithmic))
        nothing = np.full(len(km), np.nan)
        state = np.where(km <= self.radius_km, State.PREDICTED_SERVED, State.PREDICTED_UNSERVED)
        return Estimate(chance, nothing, nothing, state.astype(np.float64))


def _even(count: int) -> Estimate:
    """Return what a method says that knows nothing."""
    nothing = np.full(count, np.nan)
    return Estimate(np.full(count, 0.5), nothing, nothing, np.full(count, float(State.UNCERTAIN)))


def _site_km(site_x_m: _F64, site_y_m: _F64, x_m: _F64, y_m: _F64) -> _F64:
    found, _ = cKDTree(np.column_stack([site_x_m, site_y_m])).query(np.column_stack([x_m, y_m]))
    return np.asarray(found / 1000.0, dtype=np.float64)


def _term(km: _F64, logarithmic: bool) -> _F64:
    return np.log(np.maximum(km, 0.05)) if logarithmic else km


def fit_circles(samples: LayerSamples, site_x_m: _F64, site_y_m: _F64, threshold_dbm: float) -> Circles:
    """Fit radius and curve on squares of measurements (share of the samples at or above the planning level)."""
    x, y, share, _ = squares(samples, _SQUARE_M, (samples.level_dbm >= threshold_dbm).astype(np.float64))
    if len(x) < _FEWEST or not len(site_x_m):
        return Circles(site_x_m, site_y_m, np.nan, False, 0.0, 0.0)
    km = _site_km(site_x_m, site_y_m, x, y)
    brier = [float(np.mean(np.where(km <= r, (1 - share) ** 2, share**2))) for r in _RADII_KM]
    fits = []
    for logarithmic in (False, True):
        term = _term(km, logarithmic)

        def cost(p: _F64, term: _F64 = term) -> float:
            score = p[0] + p[1] * term
            return float(-np.mean(share * log_expit(score) + (1 - share) * log_expit(-score)) + _RIDGE * p[1] ** 2)

        found = minimize(cost, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 2000})
        fits.append((float(found.fun), logarithmic, float(found.x[0]), float(found.x[1])))
    _, logarithmic, constant, slope = min(fits)
    return Circles(site_x_m, site_y_m, float(_RADII_KM[int(np.argmin(brier))]), logarithmic, constant, slope)


@dataclass(frozen=True, slots=True)
class PlainKriging:
    """Ordinary kriging of measured levels, without any model of propagation.

    Attributes
    ----------
    x_m, y_m, level_dbm : (n,) float64 arrays
    sill_db2, length_m, nugget_db2 : float
        Exponential: nugget + sill (1 - exp(-h / length)).
    threshold_dbm : float
    cuts : tuple of float
    """

    x_m: _F64
    y_m: _F64
    level_dbm: _F64
    sill_db2: float
    length_m: float
    nugget_db2: float
    threshold_dbm: float
    cuts: tuple[float, float]

    def estimate(self, x_m: _F64, y_m: _F64) -> Estimate:
        """Return mean, error, chance and state; an even chance with too few measurements."""
        if len(self.x_m) < _FEWEST:
            return _even(len(x_m))
        kriging = OrdinaryKriging(
            self.x_m, self.y_m, self.level_dbm, variogram_model="exponential", exact_values=False,
            # Its range is where 95 % of the sill are reached: three lengths.
            variogram_parameters={"psill": self.sill_db2, "range": 3 * self.length_m, "nugget": self.nugget_db2},
        )  # fmt: skip
        mean, variance = kriging.execute("points", x_m, y_m, n_closest_points=_NEIGHBOURS, backend="C")
        level, sd = np.asarray(mean, dtype=np.float64), np.sqrt(np.asarray(variance, dtype=np.float64))
        chance = ndtr((level - self.threshold_dbm) / sd)
        served, unserved = self.cuts
        state = np.select([chance >= served, chance <= unserved], [State.PREDICTED_SERVED, State.PREDICTED_UNSERVED], State.UNCERTAIN)
        return Estimate(chance, level, sd, state.astype(np.float64))


def fit_plain_kriging(
    samples: LayerSamples, threshold_dbm: float, cuts: tuple[float, float], rng: np.random.Generator
) -> PlainKriging:
    """Put levels together in squares and fit the variogram: pairs up to 6 km in classes of 80 to 250 m, weighted by their number."""
    x, y, level, _ = squares(samples, _SQUARE_M, samples.level_dbm)
    if len(x) < _FEWEST:
        return PlainKriging(x, y, level, 0.0, 1.0, 0.0, threshold_dbm, cuts)
    some = rng.permutation(len(x))[:_PAIRS]
    i, j = np.triu_indices(len(some), 1)
    h = np.hypot(x[some][i] - x[some][j], y[some][i] - y[some][j])
    half = 0.5 * (level[some][i] - level[some][j]) ** 2
    lag = np.searchsorted(_LAGS_M, h, side="right") - 1
    near = lag < len(_LAGS_M) - 1
    count = np.bincount(lag[near], minlength=len(_LAGS_M) - 1)
    known = count >= 30
    mean_h, gamma = (
        np.bincount(lag[near], weights=v[near], minlength=len(count))[known] / count[known] for v in (h, half)
    )
    total = max(float(np.var(level)), 1.0)

    def off(p: _F64) -> _F64:
        nugget, sill, length = np.exp(p)
        return np.asarray(np.sqrt(count[known]) * (nugget + sill * -np.expm1(-mean_h / length) - gamma) / total)

    start = np.log([0.1 * total, 0.9 * total, 800.0])
    low, high = np.log([1e-3, 1e-3, 50.0]), np.log([4 * total, 4 * total, 20_000.0])
    nugget, sill, length = np.exp(least_squares(off, start, bounds=(low, high)).x)
    return PlainKriging(x, y, level, float(sill), float(length), float(nugget), threshold_dbm, cuts)
