"""What a run leaves behind, as the planning of measurements takes it: beliefs of the undecided villages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from geo.coverage import Coverage, Reason, State
from geo.fusion.kriging import krige
from geo.fusion.tiles import load_field
from geo.fusion.variogram import Variogram
from geo.io.rasters import read_array
from geo.pipeline.drawing import run_draws
from geo.pipeline.predicting import Predicted, layer_names
from geo.pipeline.settings import AnalysisSettings
from geo.sampling import NEVER, OWN_VISIT, YES, Beliefs, Cuts, EarlierMeasurements, Measurable, VillageLayers

__all__ = ["Believed", "believe"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_I8 = npt.NDArray[np.int8]
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
#: Why a state is unknown though levels are told: sites that nobody listed, or placed, may serve.
_SOMEWHERE = (Reason.NEIGHBOUR_SITES, Reason.UNPLACED_SITES)


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """Beliefs with what they are of.

    Attributes
    ----------
    beliefs : Beliefs
    layers : tuple of (operator, technology)
        Those that count, in the order of the beliefs.
    closed : (n,) bool array
        Villages that no measurement decides: every way to it is shut by data that is missing.
    measured : bool
        Whether the run knows any measurement.
    """

    beliefs: Beliefs
    layers: tuple[tuple[str, str], ...]
    closed: npt.NDArray[np.bool_]
    measured: bool


def believe(
    upstream: Mapping[str, Path], settings: AnalysisSettings, predicted: Predicted, *, row: _I64, column: _I64, road_x_m: _F64, road_y_m: _F64
) -> Believed:
    """Return what the run believes of villages, and how measuring there and on roads would change it.

    A run without measurements has no field of its own: its default error is then taken to hang together as where none can be fitted
    (``[fusion] fallback_length_m``, ``fallback_nugget_share``), and errors of layers as ``[calibration]`` starts from.

    Parameters
    ----------
    upstream : mapping
        Folders of the stages ``calibration`` and ``coverage``.
    settings : AnalysisSettings
    predicted : Predicted
    row, column : (n,) int64 arrays
        Cells that speak for the villages, all within the grid.
    road_x_m, road_y_m : (k,) float64 arrays
        Points of roads, in the grid's CRS.
    """
    coverage = predicted.coverage
    counting = [k for k, (_, technology) in enumerate(coverage.layers) if technology in settings.coverage.counting]
    layers = tuple(coverage.layers[k] for k in counting)
    threshold = np.array([settings.coverage.levels_dbm.get(t, np.nan) for _, t in layers], dtype=np.float64)
    x, y = coverage.grid.centres()
    road_row, road_column = coverage.grid.locate(road_x_m, road_y_m)
    on_grid = road_row >= 0
    safe = np.where(on_grid, road_row, 0), np.where(on_grid, road_column, 0)
    draws = run_draws(upstream, settings, predicted)
    folder = upstream["coverage"]
    state, reason = _of(coverage.state, counting, row, column), _of(coverage.reason, counting, row, column)
    margin_sd = _of(coverage.margin_sd, counting, row, column)
    if draws is not None:
        expected, scale, error = (_of(_stack(folder, name), counting, row, column) for name in ("prediction_dbm", "scale_db", "error_sd_db"))
        road_expected, road_scale = (_of(_stack(folder, name), counting, *safe) for name in ("prediction_dbm", "scale_db"))
        fields, margin, variance = _measured_fields(folder, coverage, counting, settings, expected, scale, threshold, x[column], y[row])
        cuts = _cuts(settings, draws.place_correlation, draws.site_correlation if draws.mast is not None else draws.place_correlation)
        server = _of(_stack(folder, "server"), counting, row, column).astype(np.int64)
        alone = -1 - np.arange(len(counting))[:, None]
        mast = np.where(server >= 0, draws.mast[np.maximum(server, 0)], alone) if draws.mast is not None else np.broadcast_to(alone, server.shape)
    else:
        expected, scale = _default_error(coverage, counting, settings, row, column)
        road_expected, road_scale = _default_error(coverage, counting, settings, *safe)
        fields = [_default_field(settings)] * len(counting)
        margin, error = expected - threshold[:, None], np.zeros(expected.shape)
        variance = np.full(expected.shape, 1.0 - settings.fusion.fallback_nugget_share)
        place = settings.calibration.place_correlation
        cuts = _cuts(settings, place, place)
        mast = np.broadcast_to(np.arange(len(counting))[:, None], expected.shape)
    road_expected, road_scale = np.where(on_grid, road_expected, np.nan), np.where(on_grid, road_scale, np.nan)
    stays = np.isin(state, _UNSERVED) & np.isneginf(margin_sd)
    known = np.isfinite(margin) & np.isfinite(scale) & np.isfinite(threshold)[:, None]
    may_serve, may_unserve = _provable(state, reason, margin_sd, known & ~stays, settings)
    # Whatever is not told of a layer, nothing is learnt of it either.
    expected, scale = np.where(known & ~stays, expected, np.nan), np.where(known & ~stays, scale, np.nan)
    of_layers = VillageLayers(
        np.where(known, margin, 0.0), np.where(known, variance, 0.0), np.where(known & np.isfinite(error), error, 0.0), may_serve, may_unserve,
        stays, np.ascontiguousarray(mast),
    )  # fmt: skip
    undecided = np.isin(state, (State.UNCERTAIN, State.UNKNOWN))
    beliefs = Beliefs(
        Measurable(x[column], y[row], expected, scale), of_layers, Measurable(road_x_m, road_y_m, road_expected, road_scale), fields,
        driven=np.array([t in settings.sampling.drive_technologies for _, t in layers], dtype=bool), cuts=cuts, settings=settings.sampling,
        cell_size_m=coverage.grid.cell_size, stopped=undecided & ((may_serve > NEVER) | (may_unserve > NEVER)),
    )  # fmt: skip
    closed = np.asarray(~(may_serve > NEVER).any(axis=0) & ~(stays | (may_unserve > NEVER)).all(axis=0), dtype=np.bool_)
    return Believed(beliefs, layers, closed, draws is not None)


def _provable(
    state: npt.NDArray[np.generic], reason: npt.NDArray[np.generic], margin_sd: _F64, known: npt.NDArray[np.bool_], settings: AnalysisSettings
) -> tuple[_I8, _I8]:
    """Return what a measurement can prove of each layer, after :func:`geo.coverage.states.piece_states`.

    Hidden by terrain: a level above proves service, one below nothing. Where a neighbour's or an unplaced site may
    serve: unserved only by samples of the village itself. Where the cell's own samples contradict the map: only new ones there settle it.
    """
    serve, unserve = np.where(known, YES, NEVER), np.where(known, YES, NEVER)
    unknown = state == State.UNKNOWN
    somewhere = unknown & np.isin(reason, _SOMEWHERE)
    hidden = (unknown & (reason == Reason.TERRAIN)) | ((state == State.UNCERTAIN) & ~np.isfinite(margin_sd))
    unserve[somewhere & known] = OWN_VISIT
    unserve[hidden] = NEVER
    shut = unknown & ~somewhere & (reason != Reason.TERRAIN)
    serve[shut] = unserve[shut] = NEVER
    with np.errstate(invalid="ignore"):
        against = (state == State.UNCERTAIN) & ((margin_sd >= _z(settings.coverage.served_probability)) | (margin_sd <= _z(settings.coverage.unserved_probability)))
    for flags in (serve, unserve):
        flags[against & (flags == YES)] = OWN_VISIT
    return serve.astype(np.int8), unserve.astype(np.int8)


def _z(probability: float) -> float:
    return float(ndtri(probability))


def _cuts(settings: AnalysisSettings, place: float, site: float) -> Cuts:
    return Cuts(settings.coverage.served_probability, settings.coverage.unserved_probability, place, max(site, place))


def _measured_fields(
    folder: Path, coverage: Coverage, counting: list[int], settings: AnalysisSettings, expected: _F64, scale: _F64, threshold: _F64, x_m: _F64, y_m: _F64
) -> tuple[list[EarlierMeasurements], _F64, _F64]:
    """Return each layer's field, the margin after fusion and the variance that is left, at the villages."""
    fields: list[EarlierMeasurements] = []
    margin, variance = np.full(expected.shape, np.nan), np.full(expected.shape, np.nan)
    names = layer_names(coverage.layers)
    for k, layer in enumerate(counting):
        _, fitted = load_field(str(folder), f"field_{names[layer]}", settings.fusion.standardised)
        f = fitted.field
        own = f.kind == 0  # what other technologies say is in the variance that is left, not in the planner's own arithmetic
        fields.append(EarlierMeasurements(fitted.variogram, f.x_m[own], f.y_m[own], f.lift_m[own], f.noise[own]))
        known = np.isfinite(expected[k]) & np.isfinite(scale[k])
        found = krige(f, x_m[known], y_m[known], expected_dbm=expected[k, known], cell_size_m=coverage.grid.cell_size)
        margin[k, known] = expected[k, known] + scale[k, known] * found.mean - threshold[k]
        variance[k, known] = found.variance
    return fields, margin, variance


def _default_error(coverage: Coverage, counting: list[int], settings: AnalysisSettings, row: _I64, column: _I64) -> tuple[_F64, _F64]:
    """Return level and standard deviation of cells where nothing was measured; the default sd where the run states none."""
    level = _of(coverage.level_dbm, counting, row, column)
    sd = np.full(level.shape, np.nan) if coverage.sd_db is None else _of(coverage.sd_db, counting, row, column)
    return level, np.where(np.isfinite(level) & ~np.isfinite(sd), settings.coverage.model_error_sd_db, sd)


def _default_field(settings: AnalysisSettings) -> EarlierMeasurements:
    share, none = settings.fusion.fallback_nugget_share, np.zeros(0)
    return EarlierMeasurements(Variogram("exponential", 1.0 - share, settings.fusion.fallback_length_m, share, fitted=False), none, none, none, none)


def _stack(folder: Path, name: str) -> npt.NDArray[np.generic]:
    return read_array(folder / f"{name}.npy", mapped=True)


def _of(stack: npt.NDArray[np.generic], counting: list[int], row: _I64, column: _I64) -> _F64:
    """Return cells of some layers of a stack, one layer at a time: stacks are files."""
    if not counting:
        return np.zeros((0, len(row)))
    return np.stack([np.asarray(stack[k][row, column], dtype=np.float64) for k in counting])
