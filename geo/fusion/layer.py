"""Measurements and calibrated prediction of one layer as one: mean, error, probability, state, joint draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from geo.errors import InputError
from geo.fusion.evidence import Evidence, cell_evidence, fused_states
from geo.fusion.fitting import FittedField
from geo.fusion.kriging import draw_points, krige
from geo.fusion.observations import Observations
from geo.fusion.settings import FusionSettings

__all__ = ["Cells", "FusedLayer", "cells", "fuse", "joint_draws", "served_share"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of a grid with the calibrated prediction; build with :func:`cells`.

    Attributes
    ----------
    x_m, y_m : (n,) float64 array
        Centres, metres.
    size_m : float
    prediction_dbm : (n,) float64 array
        NaN where not known; -inf out of every radio cell's reach.
    error_variance_db2 : (n,) float64 array
        Of the prediction beside the field: covariance of the corrections, missing metadata.
    scale : (n,) float64 array
        Spread of the field in the cell, over the pooled one (:func:`geo.fusion.robust.class_scales`).
    """

    x_m: _F64
    y_m: _F64
    size_m: float
    prediction_dbm: _F64
    error_variance_db2: _F64
    scale: _F64

    def __len__(self) -> int:
        return len(self.x_m)

    @property
    def expected_dbm(self) -> _F64:
        """The prediction where there is one; 0 elsewhere, where nothing is said."""
        return np.where(np.isfinite(self.prediction_dbm), self.prediction_dbm, 0.0)

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> Cells:
        """Return those of an index or mask."""
        return Cells(
            self.x_m[which], self.y_m[which], self.size_m, self.prediction_dbm[which],
            self.error_variance_db2[which], self.scale[which],
        )  # fmt: skip


def cells(
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    size_m: float,
    prediction_dbm: npt.ArrayLike,
    error_variance_db2: npt.ArrayLike = 0.0,
    *,
    scale: npt.ArrayLike = 1.0,
) -> Cells:
    """Return checked cells; single values are taken for all. See :class:`Cells`.

    Raises
    ------
    InputError
        For centres that are not finite, a size, error or scale that cannot be.
    """
    x = np.ascontiguousarray(x_m, dtype=np.float64)
    given = (y_m, prediction_dbm, error_variance_db2, scale)
    y, prediction, error, spread = (
        np.ascontiguousarray(np.broadcast_to(np.asarray(v, dtype=np.float64), x.shape)) for v in given
    )
    known = ~np.isnan(prediction)
    good = np.isfinite(x).all() and np.isfinite(y).all() and size_m > 0 and bool((spread > 0).all())
    if not (good and np.isfinite(spread).all() and (error[known] >= 0).all() and np.isfinite(error[known]).all()):
        raise InputError(
            "Ô lưới không hợp lệ: tâm ô phải hữu hạn, kích thước và hệ số biến động dương, phương sai sai số không âm ở nơi có dự báo.",
            "Cells are not valid: centres must be finite, size and scale positive, error variances not negative where there is a prediction.",
        )
    return Cells(x, y, float(size_m), prediction, error, spread)


@dataclass(frozen=True, slots=True, eq=False)
class FusedLayer:
    """A layer after fusion, one value per cell.

    Attributes
    ----------
    correction_db : (n,) float64 array
        Mean of the field; exactly 0 out of reach of every measurement.
    level_dbm : (n,) float64 array
        Prediction + correction.
    field_variance_db2 : (n,) float64 array
        Kriging variance of the smooth field at a random point of the cell, nugget excluded.
    within_variance_db2 : (n,) float64 array
        Fitted nugget (device noise taken off), else location variability.
    sd_db : (n,) float64 array
        √(field + within + error of the prediction); NaN where the prediction is.
    probability : (n,) float64 array
        P(level at a random point of the cell ≥ threshold).
    state : (n,) uint8 array
        Codes of :class:`geo.coverage.states.State`.
    nearest_m : (n,) float64 array
        Distance of the nearest measurement; infinite out of reach.
    evidence : Evidence
    """

    correction_db: _F64
    level_dbm: _F64
    field_variance_db2: _F64
    within_variance_db2: _F64
    sd_db: _F64
    probability: _F64
    state: npt.NDArray[np.uint8]
    nearest_m: _F64
    evidence: Evidence


def fuse(
    given: Observations,
    fitted: FittedField,
    where: Cells,
    settings: FusionSettings,
    *,
    threshold_dbm: float,
    served_probability: float,
    unserved_probability: float,
    workers: int = 1,
) -> FusedLayer:
    """Return mean, error, probability and state of each cell.

    sd² = kriging variance of the smooth field + variance within the cell + error variance of the prediction:
    each part once. P = Φ((level − threshold) / sd).

    Parameters
    ----------
    given : Observations
        The same as ``fitted`` comes from; here they say what was measured in the cells themselves.
    fitted : FittedField
    where : Cells
    settings : FusionSettings
    threshold_dbm : float
        Planning level.
    served_probability, unserved_probability : float
    workers : int
        Threads; the result is the same to the bit for any number.
    """
    squared = where.scale**2
    kriged = krige(
        fitted.field, where.x_m, where.y_m, expected_dbm=where.expected_dbm, cell_size_m=where.size_m, workers=workers
    )  # fmt: skip
    correction, variance = kriged.mean * where.scale, kriged.variance * squared
    within = fitted.variogram.nugget_db2 * squared
    known = ~np.isnan(where.prediction_dbm)
    sd = np.where(known, np.sqrt(variance + within + where.error_variance_db2), np.nan)
    level = where.prediction_dbm + correction
    probability = _at_least(level, sd, threshold_dbm)
    evidence = cell_evidence(given, where.x_m, where.y_m, where.size_m, threshold_dbm)
    sill = fitted.variogram.sill_db2
    explained = 1.0 - kriged.variance / sill if sill > 0 else np.zeros(len(where))
    state = fused_states(
        probability, evidence, explained, settings,
        served_probability=served_probability, unserved_probability=unserved_probability,
    )  # fmt: skip
    return FusedLayer(correction, level, variance, within, sd, probability, state, kriged.nearest_m, evidence)


def _at_least(level: _F64, sd: npt.ArrayLike, threshold_dbm: float) -> _F64:
    """Φ((level − threshold) / sd); a step where the sd is 0."""
    margin = level - threshold_dbm
    spread = np.broadcast_to(np.asarray(sd, dtype=np.float64), margin.shape)
    step = np.where(margin >= 0, np.inf, -np.inf)
    score = np.divide(margin, spread, out=np.where(np.isnan(margin), np.nan, step), where=spread > 0)
    return np.asarray(ndtr(np.where(np.isnan(spread), np.nan, score)), dtype=np.float64)


def joint_draws(
    fitted: FittedField,
    where: Cells,
    settings: FusionSettings,
    *,
    shared_by: npt.NDArray[np.integer] | None = None,
    draws: int | None = None,
    rng: np.random.Generator | None = None,
) -> _F64:
    """Return joint draws (cells, draws) of the level less what varies within a cell: neighbours err together.

    Cells are drawn one after the other in a random order, each given its nearest measurements and the nearest
    cells drawn before it (sequential simulation: Chilès & Delfiner 2012, 7.6.1; the order and the limit make it
    the approximation of A. Vecchia 1988, JRSS B 50(2)). With no more cells and measurements than the limits it is
    exact. The error of the prediction is drawn once per group.

    Parameters
    ----------
    fitted : FittedField
    where : Cells
        Those of interest; what is drawn for a cell depends on which others are asked for with it.
    settings : FusionSettings
    shared_by : (n,) int array, optional
        Cells of one group share the prediction's error, each by its own sd (radio cell, site, …); by default all do.
    draws : int, optional
    rng : numpy.random.Generator, optional
        By default a new one from the settings' seed.
    """
    count = settings.draws if draws is None else draws
    chance = np.random.default_rng(settings.seed) if rng is None else rng
    order = np.lexsort((where.y_m, where.x_m))
    order = order[chance.permutation(len(order))]
    normal = chance.standard_normal((len(order), count))
    drawn = np.empty_like(normal)
    drawn[order] = draw_points(
        fitted.field, where.x_m[order], where.y_m[order], normal, expected_dbm=where.expected_dbm[order],
        cell_size_m=where.size_m,
    )
    groups = np.zeros(len(where), dtype=np.int64) if shared_by is None else np.unique(shared_by, return_inverse=True)[1]
    common = chance.standard_normal((int(groups.max()) + 1 if len(where) else 0, count))
    drawn *= where.scale[:, None]
    drawn += where.prediction_dbm[:, None]
    drawn += np.sqrt(where.error_variance_db2)[:, None] * common[groups]
    return drawn


def served_share(level_dbm: _F64, within_variance_db2: _F64, threshold_dbm: float) -> _F64:
    """Return the share of each cell at or above the threshold in each draw (cells, draws).

    Parameters
    ----------
    level_dbm : (n, draws) float64 array
        From :func:`joint_draws`.
    within_variance_db2 : (n,) float64 array
        Variance within the cell (``FusedLayer.within_variance_db2``); its mean over draws is the layer's P.
    threshold_dbm : float
    """
    return _at_least(level_dbm, np.sqrt(within_variance_db2)[:, None], threshold_dbm)
