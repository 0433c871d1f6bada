"""How good a calibrated model is where it was not fitted: spatial blocks with a buffer, whole sites, whole routes.

Never random rows: neighbours on a road err together, and a model that has seen the one knows the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree
from scipy.special import ndtri

from geo.calibration.blocks import Correlation
from geo.calibration.likelihood import Candidates, Kind, Likelihood, log_likelihood
from geo.calibration.settings import CalibrationSettings

__all__ = [
    "Brier",
    "Fold",
    "brier",
    "leave_out",
    "nearest_m",
    "predicted_level",
    "probability_of_level",
    "score_table",
    "spatial_folds",
]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]
_STEPS = 45
_EXACT_DB, _EXACT_SCORE = 1e-7, 1e-9


@dataclass(frozen=True, slots=True)
class Fold:
    """One round of fitting and scoring; what is in neither lies in the buffer.

    Attributes
    ----------
    name : str
    train, test : (n,) bool arrays
    """

    name: str
    train: _Bool
    test: _Bool


def spatial_folds(
    x_m: _F64, y_m: _F64, correlation: Correlation, settings: CalibrationSettings, *, folds: int
) -> Iterator[Fold]:
    """Yield folds of square blocks, with a buffer between training and test.

    Blocks are ``settings.block_ranges`` fitted ranges wide (at least twice the range), given to the folds in turn in an order
    that is shuffled by a fixed seed; training keeps ``settings.buffer_ranges`` ranges away from every test sample.

    Parameters
    ----------
    x_m, y_m : (n,) float64 arrays
    correlation : Correlation
    settings : CalibrationSettings
    folds : int

    Raises
    ------
    ValueError
        If the blocks are narrower than twice the range, or there are fewer than two of them.
    """
    if settings.block_ranges < 2:
        raise ValueError("scoring blocks are at least twice the fitted range wide")
    side = settings.block_ranges * correlation.range_m
    squares = np.stack([np.floor(x_m / side), np.floor(y_m / side)])
    kinds, block = np.unique(squares, axis=1, return_inverse=True)
    count = kinds.shape[1]
    if count < 2:
        raise ValueError("all samples lie in one block: nothing can be held out")
    turn = np.empty(count, dtype=np.int64)
    turn[np.random.default_rng(0).permutation(count)] = np.arange(count) % folds
    fold_of = turn[np.ravel(block)]
    for k in range(min(folds, count)):
        test = fold_of == k
        yield Fold(f"block {k + 1}", ~test & _away(x_m, y_m, test, settings.buffer_ranges * correlation.range_m), test)


def leave_out(labels: npt.ArrayLike, *, least: int = 1) -> Iterator[Fold]:
    """Yield a fold for each label (a site, a route, a city): it is tested, all the others are trained on.

    Parameters
    ----------
    labels : (n,) array of str or int
        Empty or negative: never tested.
    least : int
        Labels with fewer rows are not tested.
    """
    values = np.asarray(labels)
    known = values != "" if values.dtype.kind in "UOS" else values >= 0
    for label in np.unique(values[known]):
        test = np.asarray(values == label)
        if test.sum() >= least:
            yield Fold(str(label), ~test, test)


def nearest_m(x_m: _F64, y_m: _F64, train: _Bool) -> _F64:
    """Return each sample's distance to the nearest training sample; infinite without any."""
    if not train.any():
        return np.full(len(x_m), np.inf)
    tree = cKDTree(np.column_stack([x_m[train], y_m[train]]))
    return np.asarray(tree.query(np.column_stack([x_m, y_m]))[0], dtype=np.float64)


def _away(x_m: _F64, y_m: _F64, test: _Bool, buffer_m: float) -> _Bool:
    return nearest_m(x_m, y_m, test) > buffer_m


def predicted_level(
    candidates: Candidates, mean_dbm: _F64, spread_db: _F64, settings: CalibrationSettings
) -> _F64:
    """Return the median of the strongest candidate's level: what best service is predicted to be.

    It lies above the strongest mean: a maximum is chosen among errors. Without candidates -inf. ``settings`` are those
    of the calibration (``Calibration.settings``), with the correlations that were found.
    """
    n, owner = len(candidates.level_dbm), candidates.observation
    low, high, level = np.full(n, np.inf), np.full(n, -np.inf), np.full(n, -np.inf)
    np.minimum.at(low, owner, mean_dbm - 40 * spread_db)
    np.maximum.at(high, owner, mean_dbm + 40 * spread_db)
    np.maximum.at(level, owner, mean_dbm)
    empty = np.diff(candidates.first) == 0
    low[empty], high[empty], level[empty] = -1e9, -1e9, -1e9
    for _ in range(_STEPS):
        found = _below(candidates, level, mean_dbm, spread_db, settings)
        under = found.value < np.log(0.5)
        low, high = np.where(under, level, low), np.where(under, high, level)
        # The normal score of the distribution is nearly straight: Newton's step, or half way where that leads out.
        score = ndtri(np.exp(np.minimum(found.value, -1e-12)))
        rise = np.exp(found.value + 0.5 * score**2) * np.sqrt(2 * np.pi) * np.bincount(owner, -found.slope_mean, minlength=n)
        with np.errstate(invalid="ignore", divide="ignore"):
            tried = level - score / rise
        level = np.where((tried > low) & (tried < high), tried, 0.5 * (low + high))
        if (high - low < _EXACT_DB).all() or np.abs(score[~empty]).max(initial=0.0) < _EXACT_SCORE:
            break
    return np.where(empty, -np.inf, level)


def probability_of_level(
    candidates: Candidates, threshold_dbm: _F64, mean_dbm: _F64, spread_db: _F64, settings: CalibrationSettings
) -> _F64:
    """Return the probability that the strongest candidate reaches a level, (n,); ``settings`` are the calibration's."""
    return np.asarray(-np.expm1(_below(candidates, threshold_dbm, mean_dbm, spread_db, settings).value))


def _below(
    candidates: Candidates, level_dbm: _F64, mean_dbm: _F64, spread_db: _F64, settings: CalibrationSettings
) -> Likelihood:
    n = len(level_dbm)
    asked = replace(candidates, level_dbm=level_dbm, kind=np.full(n, Kind.BELOW, np.int8), serving=np.full(n, -1))
    return log_likelihood(asked, mean_dbm, spread_db, settings.law)


@dataclass(frozen=True, slots=True)
class Brier:
    """Brier score = reliability - resolution + uncertainty (Murphy, J. Appl. Meteorology 12, 1973), over bins.

    Attributes
    ----------
    score : float
        Mean of (probability - outcome)^2.
    reliability, resolution, uncertainty : float
    calibration_error : float
        Mean |bin's probability - share that came true|, weighted by the bins' sizes.
    n : int
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    calibration_error: float
    n: int


def brier(probability: _F64, outcome: _Bool, *, bins: int = 10) -> Brier:
    """Return the Brier score of probabilities and its parts; NaN without any.

    Parameters
    ----------
    probability : (n,) float64 array
    outcome : (n,) bool array
    bins : int
        Of equal width.
    """
    n = len(probability)
    if n == 0:
        nan = float("nan")
        return Brier(nan, nan, nan, nan, nan, 0)
    which = np.minimum((probability * bins).astype(np.int64), bins - 1)
    count = np.bincount(which, minlength=bins)
    filled = count > 0
    said = np.bincount(which, probability, minlength=bins)[filled] / count[filled]
    came = np.bincount(which, outcome, minlength=bins)[filled] / count[filled]
    share, mean = count[filled] / n, float(outcome.mean())
    return Brier(
        float(np.mean((probability - outcome) ** 2)),
        float(share @ (said - came) ** 2),
        float(share @ (came - mean) ** 2),
        mean * (1 - mean),
        float(share @ np.abs(said - came)),
        n,
    )


def score_table(
    observed_dbm: _F64,
    predicted_dbm: _F64,
    strata: Mapping[str, npt.ArrayLike],
    *,
    good_db: float,
    probability: _F64 | None = None,
    outcome: _Bool | None = None,
) -> pd.DataFrame:
    """Return bias, RMSE and the share within a few dB, in all and by stratum.

    Parameters
    ----------
    observed_dbm, predicted_dbm : (n,) float64 arrays
        NaN observed: only the probability is scored.
    strata : mapping of str to (n,) array
        Name of a division (``distance``, ``clutter``, ``terrain``, ``nearest``) to each row's class; empty: in none.
    good_db : float
    probability : (n,) float64 array, optional
    outcome : (n,) bool array, optional

    Returns
    -------
    DataFrame
        division, stratum, n, bias_db (predicted less observed), rmse_db, sd_db, within_share, and brier, resolution,
        calibration_error, n_outcomes where probabilities are given.
    """
    error = predicted_dbm - observed_dbm
    rows = []
    everyone = np.full(len(error), "all", dtype=object)
    for division, labels in {"all": everyone, **strata}.items():
        values = np.asarray(labels).astype(str)
        for stratum in sorted(set(values.tolist()) - {""}):
            mine = values == stratum
            found = error[mine & np.isfinite(error)]
            row: dict[str, object] = {"division": division, "stratum": stratum, "n": len(found)}
            known = len(found) > 0
            row["bias_db"] = float(found.mean()) if known else np.nan
            row["rmse_db"] = float(np.sqrt(np.mean(found**2))) if known else np.nan
            row["sd_db"] = float(found.std()) if known else np.nan
            row["within_share"] = float(np.mean(np.abs(found) <= good_db)) if known else np.nan
            if probability is not None and outcome is not None:
                judged = mine & np.isfinite(probability)
                parts = brier(probability[judged], outcome[judged])
                row |= {
                    "brier": parts.score, "resolution": parts.resolution,
                    "calibration_error": parts.calibration_error, "n_outcomes": parts.n,
                }  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows)
