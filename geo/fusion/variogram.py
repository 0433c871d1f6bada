"""How residuals hang together over distance: robust semivariances, and a model fitted to them.

No library carries this one: pairs must be capped by route, the device's noise, which differs from place to
place, be taken off, and the known mean of 0 be used. Places are compared by distance and by the level expected there: a
valley's road says little of the slope above it, however near, and the prediction knows which places are so unlike.

References: N. Cressie, D. Hawkins (1980), Mathematical Geology 12(2), 115-125 (robust estimator);
N. Cressie (1985), Mathematical Geology 17(5), 563-586 (weights n / γ²); Matérn's family: M. Stein (1999),
Interpolation of Spatial Data, 2.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from geo.fusion.kernels import correlation_kernel, pair_counts_kernel, pair_sums_kernel
from geo.fusion.observations import Observations
from geo.fusion.settings import FusionSettings

__all__ = [
    "MODELS",
    "Empirical",
    "Model",
    "Variogram",
    "average_curve",
    "blocks_of_places",
    "correlation",
    "empirical_variogram",
    "fall_back",
    "fit_curve",
    "fit_variogram",
    "pooled_with",
]

_F64 = npt.NDArray[np.float64]
Model = Literal["exponential", "matern_3_2"]
#: In the order of the kernels' numbers.
MODELS: tuple[Model, ...] = ("exponential", "matern_3_2")
#: (E |d|^½)⁴ = 0.457 var(d) for normal d (Cressie & Hawkins 1980, eq. 7), with 0.494 / n for few pairs.
_HAWKINS, _HAWKINS_FEW = 0.457, 0.494
#: Lengths tried at a time, and how often the grid closes in: to a few thousandths.
_LENGTHS, _FINER = 25, 3


@dataclass(frozen=True, slots=True, eq=False)
class Empirical:
    """Robust semivariances by distance class.

    Attributes
    ----------
    distance_m, level_db : (classes,) float64 array
        Mean distance, and mean difference of the expected levels; the last is infinite: the mean square about 0, which is known to be the mean.
    semivariance_db2 : (classes,) float64 array
        Cressie-Hawkins, noise included.
    noise_db2, spot_share : (classes,) float64 array
        Mean device noise of the pairs, and what of the nugget stands in them (1 / spots).
    weight : (classes,) float64 array
        Effective number of pairs, after the caps.
    """

    distance_m: _F64
    level_db: _F64
    semivariance_db2: _F64
    noise_db2: _F64
    spot_share: _F64
    weight: _F64


@dataclass(frozen=True, slots=True)
class Variogram:
    """Covariance of the residuals: sill × correlation(√(distance² + (metres per dB × difference of levels)²) / length), and a nugget.

    Where residuals were divided by a scale (see :func:`geo.fusion.robust.class_scales`) variances are in units
    of its square.

    Attributes
    ----------
    model : {"exponential", "matern_3_2"}
    sill_db2, length_m, nugget_db2 : float
        Variance of the smooth field, its length, and the variance within a cell (device noise taken off).
    sill_se, length_se, nugget_se : float
        Standard errors by jackknife over blocks; NaN for a fall-back.
    level_m_per_db : float
        What one dB of difference in the expected level counts as, m; 0: distance alone counts.
    fitted : bool
        False for the fall-back.
    reason : str
        Why it is the fall-back: ``"few_observations"``, ``"few_classes"``, ``"poor_fit"``; else empty.
    misfit : float
        Weighted sum of squares over classes; smaller is better.
    """

    model: Model
    sill_db2: float
    length_m: float
    nugget_db2: float
    sill_se: float = float("nan")
    length_se: float = float("nan")
    nugget_se: float = float("nan")
    fitted: bool = True
    reason: str = ""
    misfit: float = float("nan")
    level_m_per_db: float = 0.0

    @property
    def nugget_share(self) -> float:
        """The nugget's share of all variance; 0 without any."""
        total = self.sill_db2 + self.nugget_db2
        return self.nugget_db2 / total if total > 0 else 0.0

    @property
    def number(self) -> int:
        """The model's number in the kernels."""
        return MODELS.index(self.model)

    def reach_m(self, least_correlation: float) -> float:
        """Distance at which the correlation falls to ``least_correlation``."""
        low, high = 0.0, 1.0
        while correlation(self.model, np.array([high]))[0] > least_correlation:
            low, high = high, 2.0 * high
        found = brentq(lambda h: float(correlation(self.model, np.array([h]))[0]) - least_correlation, low, high)
        return float(found) * self.length_m


def correlation(model: Model, scaled: npt.ArrayLike) -> _F64:
    """Return the correlation at a distance over the length, any shape.

    Exponential exp(−h); Matérn 3/2 (1 + √3 h) exp(−√3 h).
    """
    values = np.asarray(scaled, dtype=np.float64)
    out = np.empty(values.size)
    correlation_kernel(MODELS.index(model), np.ascontiguousarray(values.ravel()), out)
    return out.reshape(values.shape)


def empirical_variogram(
    given: Observations, settings: FusionSettings, *, scale: npt.ArrayLike = 1.0
) -> tuple[Empirical, tuple[Empirical, ...]]:
    """Return robust semivariances of the uncensored observations, over all and leaving out each block.

    Each distance class holds every pair in it, weighted so that no route weighs more than ``pairs_per_route``.
    More than ``variogram_observations`` places are thinned by chance, the same way each time.

    Parameters
    ----------
    given : Observations
    settings : FusionSettings
    scale : (n,) array or float
        Residuals and noise are divided by it first.

    Returns
    -------
    Empirical, tuple of Empirical
        Classes with too little weight are left out; the same ones in all.
    """
    divisor = np.broadcast_to(np.asarray(scale, dtype=np.float64), len(given))
    chosen = np.flatnonzero(~given.censored)
    if len(chosen) > settings.variogram_observations:
        rng = np.random.default_rng(settings.seed)
        chosen = np.sort(rng.choice(chosen, settings.variogram_observations, replace=False))
    kept = given.take(chosen)  # x rises, as the kernels want it
    z = kept.residual_db / divisor[chosen]
    noise = kept.noise_variance_db2 / divisor[chosen] ** 2
    _, route = np.unique(kept.route, return_inverse=True)
    route = route.astype(np.int64)
    block = blocks_of_places(kept.x_m, kept.y_m, settings.blocks)
    last = min(settings.last_lag_m, 0.5 * max(np.ptp(kept.x_m), np.ptp(kept.y_m), 4.0 * settings.first_lag_m))
    edges = np.concatenate(([0.0], np.geomspace(settings.first_lag_m, last, settings.lag_classes))) ** 2
    unlike = settings.first_level_lag_db * 2.0 ** np.arange(settings.level_lag_classes - 1)
    levels = np.concatenate(([0.0], unlike, [np.inf])) ** 2
    classes = settings.lag_classes * settings.level_lag_classes
    counts = np.zeros((int(route.max()) + 1, classes), dtype=np.int64)
    pair_counts_kernel(kept.x_m, kept.y_m, kept.expected_dbm, route, edges, levels, counts)
    sums = np.zeros((settings.blocks + 1, classes + 1, 7))
    pair_sums_kernel(
        kept.x_m, kept.y_m, kept.expected_dbm, z, noise, 1.0 / kept.spots, route, block, edges, levels, counts,
        settings.pairs_per_route, sums[:, :-1],
    )  # fmt: skip
    # The last class: each residual beside the mean, 0. A route weighs what its pairs may.
    alone = np.minimum(1.0, np.sqrt(2.0 * settings.pairs_per_route) / np.bincount(route)[route])
    parts = np.column_stack((alone, alone**2, alone * np.sqrt(np.abs(z)), 0.0 * alone, alone * noise, alone / kept.spots, 0.0 * alone))
    np.add.at(sums[:, -1], block, parts)
    sums[-1, -1] = parts.sum(axis=0)
    enough = np.square(sums[-1, :, 0]) >= settings.minimum_pairs * sums[-1, :, 1]
    enough &= sums[-1, :, 0] > 0
    every = sums[-1][enough]
    without = tuple(_means(every - part[enough], every) for part in sums[:-1] if part.any())
    return _means(every, every), without


def blocks_of_places(x: _F64, y: _F64, count: int) -> npt.NDArray[np.int64]:
    """Return blocks of like size (0, 1, …) of places in the order of x: strips by x, each cut by y."""
    strips = max(int(np.sqrt(count)), 1)
    each = count // strips
    out = np.empty(len(x), dtype=np.int64)
    strip = np.arange(len(x)) * strips // max(len(x), 1)  # x rises
    for s in range(strips):
        inside = np.flatnonzero(strip == s)
        rank = np.argsort(np.argsort(y[inside], kind="stable"), kind="stable")
        out[inside] = s * each + rank * each // max(len(inside), 1)
    return out


def _means(sums: _F64, every: _F64) -> Empirical:
    """Return class means; where leaving out a block leaves nothing, those of all stand in."""
    sums = np.where((sums[:, 0] > 1e-6 * every[:, 0])[:, None], sums, every)
    weight = sums[:, 0] ** 2 / sums[:, 1]
    root, distance, noise, spot, level = (sums[:, f] / sums[:, 0] for f in (2, 3, 4, 5, 6))
    semivariance = 0.5 * root**4 / (_HAWKINS + _HAWKINS_FEW / weight)
    semivariance[-1] *= 2.0  # not a difference of two
    distance[-1] = np.inf
    return Empirical(distance, level, semivariance, noise, spot, weight)


def fit_variogram(
    given: Observations,
    settings: FusionSettings,
    *,
    scale: npt.ArrayLike = 1.0,
    within_variance_db2: float,
    model: Model | None = None,
) -> Variogram:
    """Fit each model to the robust semivariances and return the one that fits best.

    γ(h) = nugget × mean(1 / spots) + sill × (1 − ρ(h / length)) + mean noise, by weighted least squares with
    weights n / γ²; h is the distance with the difference of expected levels in it. For a given length and weight of
    the levels sill and nugget are a linear problem with bounds at 0, so that only those two are searched.

    Parameters
    ----------
    given : Observations
    settings : FusionSettings
    scale : (n,) array or float
        See :func:`empirical_variogram`.
    within_variance_db2 : float
        Variance within a cell (location variability) for the fall-back.
    model : {"exponential", "matern_3_2"}, optional
        Only this one.
    """
    if int((~given.censored).sum()) < settings.minimum_observations:
        return fall_back(settings, within_variance_db2, "few_observations")
    every, without = empirical_variogram(given, settings, scale=scale)
    if len(every.weight) - 1 < settings.minimum_classes:
        return fall_back(settings, within_variance_db2, "few_classes")
    found = fit_curve(every, without, settings, model=model)
    # Levels that are a choice of the good places do not scatter about 0: their misfit judges nothing.
    if found.misfit > settings.largest_misfit and not given.censored.any():
        return fall_back(settings, within_variance_db2, "poor_fit")
    return found


def fit_curve(
    every: Empirical,
    without: Sequence[Empirical],
    settings: FusionSettings,
    *,
    model: Model | None = None,
) -> Variogram:
    """Fit models to semivariances that are already there; see :func:`fit_variogram`.

    The standard errors are those beside a known weight of the levels.
    """
    tried = [_fit(every, name, settings) for name in ((model,) if model else MODELS)]
    best = min(tried, key=lambda fit: fit.misfit)
    if not without:
        return best
    again = (_fit(e, best.model, settings, level_m_per_db=best.level_m_per_db) for e in without)
    left = np.array([(f.sill_db2, f.length_m, f.nugget_db2) for f in again])
    se = np.sqrt((len(left) - 1) / len(left) * np.square(left - left.mean(axis=0)).sum(axis=0))
    sill_se, length_se, nugget_se = (float(v) for v in se)
    return replace(best, sill_se=sill_se, length_se=length_se, nugget_se=nugget_se)


def average_curve(several: Sequence[Empirical]) -> Empirical:
    """Return the mean semivariances of several data sets that differ in their values alone."""
    return replace(several[0], semivariance_db2=np.mean([e.semivariance_db2 for e in several], axis=0))


def fall_back(settings: FusionSettings, within_variance_db2: float, reason: str) -> Variogram:
    """Return the stated default: the model's error as sill, location variability as nugget, a short length."""
    return Variogram(
        "exponential", settings.fallback_sd_db**2, settings.fallback_length_m, within_variance_db2, fitted=False, reason=reason
    )  # fmt: skip


def pooled_with(own: Variogram, pooled: Variogram, settings: FusionSettings) -> Variogram:
    """Return a layer's covariance whose shape leans on that of all layers as far as its own is not known.

    The logarithm of a layer's length lies about that of all with the sd ``layer_length_spread``; its own counts by how well
    the jackknife says it is known. The same share of its own nugget and weight of levels counts. Its total variance stays.

    Parameters
    ----------
    own : Variogram
        A fall-back says nothing: its total variance alone counts.
    pooled : Variogram
    settings : FusionSettings
    """
    if not pooled.fitted:
        return own
    spread, error = settings.layer_length_spread**2, (own.length_se / own.length_m) ** 2
    share = spread / (spread + error) if own.fitted and own.model == pooled.model and np.isfinite(error) else 0.0
    mixed = {
        name: share * getattr(own, name) + (1.0 - share) * getattr(pooled, name) for name in ("nugget_share", "level_m_per_db")
    }
    length = float(np.exp(share * np.log(own.length_m) + (1.0 - share) * np.log(pooled.length_m)))
    total = own.sill_db2 + own.nugget_db2
    nugget = total * mixed["nugget_share"]
    return replace(
        own, model=pooled.model, length_m=length, sill_db2=total - nugget, nugget_db2=nugget, level_m_per_db=mixed["level_m_per_db"]
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """An empirical variogram as the fits take it: noise off, and the weight of each class."""

    every: Empirical
    wanted: _F64
    total: _F64
    pairs: _F64

    @classmethod
    def of(cls, every: Empirical) -> _Curve:
        pairs = every.weight.copy()
        # The mean square is one number of many places: it counts as the class with most pairs.
        pairs[-1] = pairs[:-1].max()
        wanted = np.maximum(every.semivariance_db2 - every.noise_db2, 0.0)
        return cls(every, wanted, np.maximum(every.semivariance_db2, 1e-12), pairs / pairs.sum())

    def rise(self, model: Model, length_m: _F64, level_m_per_db: float) -> _F64:
        """Return 1 − ρ of each class at each length, (lengths, classes)."""
        apart = np.hypot(self.every.distance_m[:-1], level_m_per_db * self.every.level_db[:-1])
        out: _F64 = np.ones((len(length_m), len(self.pairs)))
        out[:, :-1] -= correlation(model, apart / length_m[:, None])
        return out

    def solved(self, rise: _F64, curve: _F64) -> tuple[_F64, _F64]:
        """Return (lengths, 2) sill and nugget, neither negative, and (lengths,) weighted squares about the curve."""
        root = np.sqrt(self.pairs) / curve
        a, b, y = rise * root, self.every.spot_share * root, self.wanted * root
        aa, ab, bb, ay, by = (a * a).sum(axis=1), a @ b, float(b @ b), a @ y, float(b @ y)
        det = aa * bb - ab * ab
        with np.errstate(divide="ignore", invalid="ignore"):
            both = np.stack([(bb * ay - ab * by) / det, (aa * by - ab * ay) / det], axis=1)
            only_sill = np.stack([np.maximum(ay / aa, 0.0), np.zeros_like(aa)], axis=1)
        only_nugget = np.stack([np.zeros_like(aa), np.full_like(aa, max(by / bb, 0.0))], axis=1)
        tried = np.stack([both, only_sill, only_nugget])
        valid = np.isfinite(tried).all(axis=2) & (tried >= 0).all(axis=2)
        s, n = tried[..., 0], tried[..., 1]
        with np.errstate(invalid="ignore"):
            cost = float(y @ y) - 2.0 * (s * ay + n * by) + s * s * aa + 2.0 * s * n * ab + n * n * bb
        cost = np.where(valid, np.maximum(cost, 0.0), np.inf)
        best = cost.argmin(axis=0)
        each = np.arange(len(aa))
        return tried[best, each], cost[best, each]

    def about(self, rise: _F64, found: _F64) -> _F64:
        """Return the fitted semivariances, noise included, never all but 0."""
        fitted = found[0] * rise + found[1] * self.every.spot_share + self.every.noise_db2
        return np.asarray(np.maximum(fitted, 1e-3 * self.total), dtype=np.float64)

    def misfit(self, about: _F64) -> float:
        return float((self.pairs * np.square(self.every.semivariance_db2 / about - 1.0)).sum())


def _fit(every: Empirical, model: Model, settings: FusionSettings, *, level_m_per_db: float | None = None) -> Variogram:
    """Fit one model: rounds of a search on ever finer grids of lengths, for each weight of the levels."""
    curve = _Curve.of(every)
    finite = np.isfinite(every.distance_m)
    bounds = (np.log(every.distance_m[finite].min() / 2.0), np.log(every.distance_m[finite].max()))
    if level_m_per_db is not None:
        weights = [level_m_per_db]
    elif np.ptp(every.level_db[finite]) > 0:
        weights = [0.0, *np.geomspace(settings.least_level_m_per_db, settings.most_level_m_per_db, settings.level_weights)]
    else:
        weights = [0.0]
    tried = []
    for weight in weights:
        about, found, length, rise = curve.total, np.zeros(2), 1.0, np.ones((1, len(curve.pairs)))
        for _ in range(settings.fit_rounds):
            low, high = bounds
            for _ in range(_FINER):
                grid = np.linspace(low, high, _LENGTHS)
                rises = curve.rise(model, np.exp(grid), weight)
                each, costs = curve.solved(rises, about)
                at = int(np.argmin(costs))
                low, high = float(grid[max(at - 1, 0)]), float(grid[min(at + 1, _LENGTHS - 1)])
                length, found, rise = float(np.exp(grid[at])), each[at], rises[at]
            about = curve.about(rise, found)
        misfit = curve.misfit(about)
        tried.append(Variogram(model, float(found[0]), length, float(found[1]), misfit=misfit, level_m_per_db=float(weight)))
    return min(tried, key=lambda fit: fit.misfit)

