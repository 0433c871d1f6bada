"""From samples to blocks, and how much each block counts.

Samples of one square, layer, serving cell, kind, device and route become one block: the median level and their
number. Blocks along a road still err together. A place (square and layer) counts for 1 / sum_j rho(d_ij)
observations, the sum over all places of its layer with rho(d) = (1 - q) exp(-3 d / range) and rho(0) = 1: a
place by itself counts for one, k places much closer than the range for about 1 + (k - 1) q / k ... in all 1 / (1 - q) at most,
places further apart than the range each for one. The blocks of a place share its count in
proportion to their samples. The weights temper the likelihood: their sum is the effective number of observations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from geo.calibration.settings import CalibrationSettings

__all__ = ["Blocks", "Correlation", "aggregate", "effective_weights", "fit_correlation"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of samples.

    Attributes
    ----------
    of_sample : (n,) int64 array
        Block of each sample; -1 where the sample does not count.
    x_m, y_m : (b,) float64 arrays
        Mean place.
    layer, serving, device, route : (b,) int64 arrays
        As given; -1 unknown.
    kind : (b,) int8 array
    level_dbm : (b,) float64 array
        Median of levels (limits of one kind are equal).
    samples : (b,) int64 array
    place : (b,) int64 array
        Number of the square and layer.
    """

    of_sample: _I64
    x_m: _F64
    y_m: _F64
    layer: _I64
    serving: _I64
    device: _I64
    route: _I64
    kind: npt.NDArray[np.int8]
    level_dbm: _F64
    samples: _I64
    place: _I64


def aggregate(
    x_m: _F64,
    y_m: _F64,
    layer: _I64,
    kind: npt.NDArray[np.int8],
    level_dbm: _F64,
    *,
    serving: _I64,
    device: _I64,
    route: _I64,
    block_m: float,
) -> Blocks:
    """Return the blocks of samples; those of kind 0 are left out.

    Parameters
    ----------
    x_m, y_m : (n,) float64 arrays
        In the run's grid.
    layer, serving, device, route : (n,) int64 arrays
    kind : (n,) int8 array
        :class:`geo.calibration.likelihood.Kind`.
    level_dbm : (n,) float64 array
    block_m : float
    """
    counted = np.flatnonzero((kind > 0) & np.isfinite(x_m) & np.isfinite(y_m) & (layer >= 0))
    frame = pd.DataFrame(
        {
            "column": np.floor(x_m[counted] / block_m).astype(np.int64),
            "row": np.floor(y_m[counted] / block_m).astype(np.int64),
            "layer": layer[counted],
            "kind": kind[counted],
            "serving": serving[counted],
            "device": device[counted],
            "route": route[counted],
            "limit": np.where(np.isin(kind[counted], (1, 2)), 0.0, level_dbm[counted]),
        }
    )
    groups = frame.groupby(list(frame.columns), sort=True)
    number = groups.ngroup().to_numpy(dtype=np.int64)
    of_sample = np.full(len(x_m), -1, dtype=np.int64)
    of_sample[counted] = number
    values = pd.DataFrame({"x": x_m[counted], "y": y_m[counted], "level": level_dbm[counted]}).groupby(number, sort=True)
    keys = groups.size().reset_index(name="samples")
    place = keys.groupby(["column", "row", "layer"], sort=True).ngroup().to_numpy(dtype=np.int64)
    mean = values[["x", "y"]].mean()

    def whole(name: str) -> _I64:
        return keys[name].to_numpy(dtype=np.int64)

    return Blocks(
        of_sample, mean["x"].to_numpy(np.float64), mean["y"].to_numpy(np.float64), whole("layer"), whole("serving"),
        whole("device"), whole("route"), np.asarray(keys["kind"], dtype=np.int8),
        values["level"].median().to_numpy(np.float64), whole("samples"), np.asarray(place, dtype=np.int64),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Correlation:
    """Exponential correlation of residuals along the ground.

    Attributes
    ----------
    range_m : float
        Practical range: the correlated part is down to 5 % there.
    nugget_share : float
        Share of the variance that is not correlated at all.
    sill_db2 : float
    pairs : int
        Pairs that it rests on; 0: not fitted, the settings' start.
    """

    range_m: float
    nugget_share: float
    sill_db2: float
    pairs: int


def effective_weights(
    x_m: _F64, y_m: _F64, layer: _I64, place: _I64, samples: _I64, correlation: Correlation
) -> _F64:
    """Return how many observations each block counts for, above 0 and at most 1.

    Parameters
    ----------
    x_m, y_m : (b,) float64 arrays
    layer, place, samples : (b,) int64 arrays
    correlation : Correlation
    """
    weight = np.zeros(len(x_m))
    for one in np.unique(layer):
        mine = np.flatnonzero(layer == one)
        _, first, inside = np.unique(place[mine], return_index=True, return_inverse=True)
        total = np.bincount(inside, samples[mine])
        xy = np.column_stack([x_m[mine][first], y_m[mine][first]])
        weight[mine] = samples[mine] / total[inside] / _crowding(xy, correlation)[inside]
    return weight


def _crowding(xy: _F64, correlation: Correlation) -> _F64:
    """Return 1 + the sum of the correlations with all other places within 1.5 ranges."""
    tree = cKDTree(xy)
    pairs = tree.query_pairs(1.5 * correlation.range_m, output_type="ndarray")
    distance = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    rho = (1.0 - correlation.nugget_share) * np.exp(-3.0 * distance / correlation.range_m)
    crowd = np.bincount(pairs.ravel(), np.repeat(rho, 2), minlength=len(xy))
    return np.asarray(1.0 + crowd)


def fit_correlation(
    x_m: _F64, y_m: _F64, residual_db: _F64, group: _I64, settings: CalibrationSettings, *, bins: int = 30
) -> Correlation:
    """Return range and nugget of residuals within groups (one layer and site), by a robust variogram.

    Cressie and Hawkins (Mathematical Geology 12, 1980): 2 gamma(h) = (mean sqrt |z_i - z_j|)^4 / (0.457 + 0.494 / N_h),
    fitted with gamma = c0 + c (1 - exp(-3 h / a)), bins weighted by sqrt(N_h) / gamma. Lags reach one and a half times the
    starting range: beyond, trends that the terms leave would pass for correlation.

    Parameters
    ----------
    x_m, y_m, residual_db : (n,) float64 arrays
    group : (n,) int64 array
    settings : CalibrationSettings
        ``range_m`` and ``nugget_share`` are returned where fewer than 30 pairs, or too few bins, are at hand.
    bins : int
    """
    longest = 1.5 * settings.range_m
    lags, roots = [], []
    for one in np.unique(group):
        mine = np.flatnonzero((group == one) & np.isfinite(residual_db))
        if len(mine) < 2:
            continue
        xy = np.column_stack([x_m[mine], y_m[mine]])
        pairs = cKDTree(xy).query_pairs(longest, output_type="ndarray")
        lags.append(np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T))
        roots.append(np.sqrt(np.abs(residual_db[mine][pairs[:, 0]] - residual_db[mine][pairs[:, 1]])))
    lag = np.concatenate(lags) if lags else np.empty(0)
    root = np.concatenate(roots) if roots else np.empty(0)
    known = residual_db[np.isfinite(residual_db)]
    sill = float(np.var(known)) if len(known) > 1 else float("nan")
    start = Correlation(settings.range_m, settings.nugget_share, sill, 0)
    which = np.minimum((lag / longest * bins).astype(np.int64), bins - 1)
    count = np.bincount(which, minlength=bins)
    filled = count >= 5
    if len(lag) < 30 or filled.sum() < 4:
        return start
    with np.errstate(invalid="ignore", divide="ignore"):
        gamma = 0.5 * (np.bincount(which, root, minlength=bins) / count) ** 4 / (0.457 + 0.494 / count)
        centre = np.bincount(which, lag, minlength=bins) / count
    h, g, w = centre[filled], gamma[filled], np.sqrt(count[filled]) / gamma[filled]

    def misfit(p: _F64) -> _F64:
        nugget, part, reach = np.exp(p)
        return np.asarray(w * (nugget + part * (1.0 - np.exp(-3.0 * h / reach)) - g))

    low, high = np.log([1e-3, 1e-3, settings.block_m]), np.log([1e4, 1e4, 4.0 * longest])
    begin = np.log([max(0.2 * g.max(), 2e-3), max(0.8 * g.max(), 2e-3), settings.range_m])
    found = np.exp(least_squares(misfit, np.clip(begin, low, high), bounds=(low, high)).x)
    return Correlation(float(found[2]), float(found[0] / (found[0] + found[1])), float(found[0] + found[1]), len(lag))
