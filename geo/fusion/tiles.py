"""Fusion over a whole grid: one field per layer, then tile by tile to finished states.

The field is that of *standardised* residuals: (measured − expected best level) over the standard deviation that the
calibrated law gives to the best server's level there. So a place behind a hill, whose level is told less well,
counts and is foretold as what it is, and layers and places share one covariance. Where an operator's technologies err alike,
each field has the measurements of the others in it (:mod:`geo.fusion.likeness`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.coverage.gathering import Tiles
from geo.coverage.pieces import TileTask, write_states
from geo.coverage.states import State, piece_states
from geo.fusion.fitting import FittedField, fit_covariance, fit_field
from geo.fusion.kriging import smooth_field
from geo.fusion.layer import FusedLayer, cells, fuse
from geo.fusion.likeness import Likeness, Neighbour, find_likeness, joined_field, likeness_matrix
from geo.fusion.observations import Observations, observations
from geo.fusion.robust import class_scales
from geo.fusion.settings import FusionSettings
from geo.fusion.spread import Spread, common_spread, spread_seen, with_growth, with_spread
from geo.fusion.variogram import Variogram, fit_variogram, pooled_with
from geo.grid import Grid
from geo.io.files import read_json, write_json
from geo.io.rasters import read_array, write_array
from geo.propagation.area import AreaLevels
from geo.propagation.entry import USES, entry_loss
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings
from geo.radio import TECHNOLOGIES

__all__ = ["FieldTask", "FusedTask", "JoinTask", "ScaleTask", "joined_layers", "keep_fields", "load_field", "write_field", "write_fused", "write_joined", "write_scales"]

_F64 = npt.NDArray[np.float64]
_COLUMNS = ("x_m", "y_m", "residual_db", "noise_variance_db2", "samples", "spots", "censored", "route", "level_dbm", "expected_dbm")
_FIELD = ("x_m", "y_m", "value", "noise", "lift_m")
#: What of a field with other technologies' observations is kept beside it: the layer of each observation, by its kind.
_JOINED = "joined"
#: File of the covariance of all layers together.
_POOLED = "pooled_variogram"


@dataclass(frozen=True, slots=True)
class ScaleTask:
    """The spread by kind of ground, from all layers together; picklable.

    Attributes
    ----------
    tiles : Tiles
        Of the predicted levels (:func:`geo.coverage.pieces.write_levels`).
    layers : tuple of (operator, technology)
    measured : str
        See :func:`write_field`.
    settings : FusionSettings
    """

    tiles: Tiles
    layers: tuple[tuple[str, str], ...]
    measured: str
    settings: FusionSettings


def write_scales(task: ScaleTask, folder: Path) -> dict[str, Any]:
    """Return how much more or less the residuals vary on each kind of ground, over what the law says (for ``run_pieces``).

    All layers are put together: each kind of ground is measured where roads go, and a layer alone has few of the rare ones.
    """
    every = read_array(Path(task.measured), mapped=True)
    parts, codes = [], []
    for i in range(len(task.layers)):
        mine = np.asarray(every[:, np.asarray(every[0]) == i], dtype=np.float64)
        mean, variance, code = _at_places(task.tiles, i, mine[1], mine[2])
        known = np.isfinite(mean)
        scale, here = np.sqrt(variance[known]), np.count_nonzero(known)
        parts.append(
            np.stack([
                mine[1][known], mine[2][known], (mine[3] - mean)[known] / scale, mine[4][known] / scale**2, mine[8][known],
                mine[6][known], mean[known], np.full(here, i), mine[7][known], mine[10][known],
            ])
        )  # fmt: skip
        codes.append(code[known])
    x, y, residual, noise, route, spots, expected, layer, censored, teaches = np.concatenate(parts, axis=1)
    code = np.concatenate(codes)
    order = np.lexsort((route, noise, residual, y, x))
    given = Observations(
        x[order], y[order], residual[order], noise[order], spots[order], spots[order], censored[order] > 0,
        route[order].astype(np.int64), np.full(len(x), np.nan), expected[order],
    )  # fmt: skip
    found = class_scales(given, code[order], task.settings)
    scale = found.of(code[order])
    pooled = _pooled(given, layer[order], scale, task)
    write_json(folder / f"{_POOLED}.json", _written(pooled))
    like = _likeness(given, layer[order], scale, (teaches > 0)[order], task, float(pooled["shape"]["length_m"]))
    return _written({
        "pooled": pooled,
        "likeness": [_written(asdict(each)) for each in like],
        "scale": {str(c): round(v, 6) for c, v in found.scale.items()},
        "effective": {str(c): v for c, v in found.effective.items()},
    })


def _likeness(
    given: Observations, layer: _F64, scale: _F64, teaches: npt.NDArray[np.bool_], task: ScaleTask, stretch_m: float
) -> tuple[Likeness, ...]:
    """Return how like the technologies are: from levels that were not chosen, gross errors counting no more than surprises."""
    free = teaches & ~given.censored
    own = scale * _own_spread(given, layer, scale)
    cut = task.settings.outlier_cut
    z = np.clip(given.residual_db / own, -cut, cut)[free]
    return find_likeness(
        given.x_m[free], given.y_m[free], z, layer[free].astype(np.int64), task.layers, task.settings, stretch_m=stretch_m
    )


def _pooled(given: Observations, layer: _F64, scale: _F64, task: ScaleTask) -> dict[str, Any]:
    """Return the covariance of all layers together, for which pairs are those within a layer, and their spread.

    Layers are laid side by side, too far apart for any pair between them, and as many pairs looked at as in one layer.
    """
    settings, plain = task.settings.standardised, scale
    # Each by its own spread, else the layers that err most would shape the curve of all.
    scale = scale * _own_spread(given, layer, scale)
    wide = np.ptp(given.x_m) + 2.0 * settings.last_lag_m if len(given) else 0.0
    apart = replace(
        given, x_m=given.x_m + wide * layer, residual_db=given.residual_db / scale, noise_variance_db2=given.noise_variance_db2 / scale**2,
        route=given.route * len(task.layers) + layer.astype(np.int64),
    )  # fmt: skip
    apart = apart.take(np.lexsort((apart.y_m, apart.x_m)))
    many = replace(settings, variogram_observations=int(settings.variogram_observations * len(task.layers) ** 0.5))
    shape = fit_variogram(apart, many, within_variance_db2=settings.fallback_nugget_share)
    # Blocks of the land, the same for all layers.
    spread = spread_seen(
        replace(given, residual_db=given.residual_db / plain, noise_variance_db2=given.noise_variance_db2 / plain**2), settings,
        side_m=shape.length_m,
    )  # fmt: skip
    return {"shape": asdict(shape), "spread": asdict(spread)}


def _written(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON can hold: what is not known of a fall-back (NaN, or an endless error) is null."""
    return {
        name: _written(value) if isinstance(value, Mapping)
        else None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in content.items()
    }  # fmt: skip


def _read(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return single values as they were before :func:`_written`, but for endless ones, which are not known either."""
    return {name: float("nan") if value is None else value for name, value in content.items()}


def _own_spread(given: Observations, layer: _F64, scale: _F64) -> _F64:
    """Return the robust standard deviation of each layer's levels about 0, at its places; 1 where it has none."""
    out = np.ones(len(given))
    for i in np.unique(layer):
        mine = layer == i
        level = np.abs(given.residual_db / scale)[mine & ~given.censored]
        out[mine] = max(float(np.median(level)) / 0.6745, 0.1) if level.size else 1.0
    return out


def _scales(folder: Path, name: str) -> npt.NDArray[np.float64]:
    """Return the scale of every ground class code, (256,); 1 where none was told."""
    table = np.ones(256)
    for code, value in read_json(folder / f"{name}.json")["scale"].items():
        table[int(code)] = value
    return table


@dataclass(frozen=True, slots=True)
class FieldTask:
    """One layer whose field is to be fitted; picklable.

    Attributes
    ----------
    name : str
        File-name safe, unique.
    layer : int
    tiles : Tiles
        Of the predicted levels (:func:`geo.coverage.pieces.write_levels`).
    measured : str
        File of all layers' places (see :func:`write_field`).
    scales : str
        Name of the piece of :func:`write_scales`, in the same folder.
    settings : FusionSettings
    held_out_growth : float
        See :class:`geo.propagation.corrections.Corrections`.
    """

    name: str
    layer: int
    tiles: Tiles
    measured: str
    scales: str
    settings: FusionSettings
    held_out_growth: float = 1.0


def write_field(task: FieldTask, folder: Path) -> dict[str, Any]:
    """Fit a layer's field to its measurements and write it; return what was found (for ``compute.run_pieces``).

    The file ``measured`` holds an array (11, places): layer, x_m, y_m, level_dbm (or the limit), device noise variance
    dB², samples, spots, censored, route, speaks (whether it says something of its own cell's state), teaches (whether nobody chose
    it by what it is). The field is the layer's own: :func:`write_joined` joins others to it.
    Places where nothing is predicted (no radio cell in reach, or an unknown path) cannot be fused and are counted.
    """
    every = read_array(Path(task.measured), mapped=True)
    mine = np.asarray(every[:, np.asarray(every[0]) == task.layer], dtype=np.float64)
    mean, variance, code = _at_places(task.tiles, task.layer, mine[1], mine[2])
    known = np.isfinite(mean)
    level, speaks = mine[3], mine[9] > 0
    scale = np.sqrt(np.where(known, variance, 1.0)) * _scales(folder, task.scales)[code]
    given = observations(
        mine[1][known], mine[2][known], (level - mean)[known] / scale[known], mine[4][known] / scale[known] ** 2,
        samples=mine[5][known], spots=mine[6][known], censored=mine[7][known] > 0, route=mine[8][known],
        level_dbm=np.where(speaks, level, np.nan)[known], expected_dbm=mean[known],
    )  # fmt: skip
    settings = task.settings.standardised
    pooled = read_json(folder / f"{_POOLED}.json")
    within = settings.fallback_nugget_share
    own = fit_covariance(given, settings, within_variance_db2=within)
    shape = pooled_with(own, Variogram(**_read(pooled["shape"])), settings)
    seen = spread_seen(given, settings, side_m=shape.length_m)
    covariance = with_spread(shape, common_spread(seen, Spread(**_read(pooled["spread"])), settings))
    covariance = with_growth(covariance, task.held_out_growth)
    fitted = fit_field(given, settings, within_variance_db2=within, variogram=covariance)
    field = fitted.field
    write_array(folder / f"{task.name}_own.npy", np.stack([getattr(field, n) for n in _FIELD]))
    write_array(folder / f"{task.name}_places.npy", np.stack([getattr(given, n).astype(np.float64) for n in _COLUMNS]))
    write_json(folder / f"{task.name}_variogram.json", _written(asdict(fitted.variogram)))
    free = given.residual_db[~given.censored]
    return _written({
        "name": task.name,
        "places": int(known.sum()),
        "not_predicted": int((~known).sum()),
        "censored": fitted.censored,
        "silent": fitted.silent,
        "settled": fitted.settled,
        "surprising_share": round(fitted.surprising_share, 6),
        "mean_sd": round(float(free.mean()), 4) if free.size else None,
        "spread_sd": round(float(free.std()), 4) if free.size else None,
        "spread_seen": round(seen.variance, 4),
        "spread_seen_log_se": round(seen.log_se, 4),
        "own_variogram": asdict(own),
        "variogram": asdict(fitted.variogram),
    })


@dataclass(frozen=True, slots=True)
class JoinTask:
    """One layer whose field is to take up those of the operator's other technologies; picklable.

    Attributes
    ----------
    name : str
    layer : int
    layers : tuple of (operator, technology)
    field_names : tuple of str
        One per layer, as :func:`write_field` wrote them.
    tiles : Tiles
    scales : str
        See :class:`FieldTask`.
    settings : FusionSettings
    """

    name: str
    layer: int
    layers: tuple[tuple[str, str], ...]
    field_names: tuple[str, ...]
    tiles: Tiles
    scales: str
    settings: FusionSettings


def write_joined(task: JoinTask, folder: Path) -> dict[str, Any]:
    """Write a layer's field with what like technologies of its operator measured; return whose and how many (for ``run_pieces``)."""
    settings = task.settings.standardised
    found = [Likeness(**{**_read(each), "technologies": tuple(each["technologies"])}) for each in read_json(folder / f"{task.scales}.json")["likeness"]]
    operator, technology = task.layers[task.layer]
    beside = [i for i, (name, _) in enumerate(task.layers) if name == operator and i != task.layer]
    own = _own_field(folder, task.field_names[task.layer], settings)
    # A layer that is hardly measured has its own errors, of bias and slope, which the others say nothing of.
    beside = [i for i in beside if _measured(own, settings) and _measured(_own_field(folder, task.field_names[i], settings), settings)]
    like = {frozenset(each.technologies): each for each in found}
    taken = [i for i in beside if _joins(technology, task.layers[i][1], like, settings)]
    between = likeness_matrix([technology, *(task.layers[i][1] for i in taken)], found)
    others = []
    for i in taken:
        other = _own_field(folder, task.field_names[i], settings)
        others.append(Neighbour(other, _at_places(task.tiles, task.layer, other.field.x_m, other.field.y_m)[0]))
    field = joined_field(own, others, between, settings)
    write_array(folder / f"{task.name}_field.npy", np.stack([*(getattr(field, n) for n in _FIELD), field.kind.astype(np.float64)]))
    write_json(folder / f"{task.name}_{_JOINED}.json", {"layers": [task.layer, *taken], "between": between.tolist()})
    counts = np.bincount(field.kind, minlength=len(taken) + 1)
    return {
        "name": task.name,
        "joined": {task.layers[i][1]: {"correlation": round(float(between[0, k]), 4), "places": int(counts[k])} for k, i in enumerate(taken, 1)},
    }


def _joins(technology: str, other: str, like: Mapping[frozenset[str], Likeness], settings: FusionSettings) -> bool:
    """Tell whether a technology's field takes up another's: sooner where that one is better, since it is what phones chose by."""
    found = like.get(frozenset((technology, other)))
    if found is None:
        return False
    better = {technology, other} <= set(TECHNOLOGIES) and TECHNOLOGIES.index(other) > TECHNOLOGIES.index(technology)
    return found.surely(settings.least_likeness_of_better if better else settings.least_likeness)


def _measured(own: FittedField, settings: FusionSettings) -> bool:
    """Tell whether a layer has as many measurements as a covariance is fitted to."""
    return len(own.field.x_m) >= settings.minimum_observations


def _own_field(folder: Path, name: str, settings: FusionSettings) -> FittedField:
    """Return the field that :func:`write_field` wrote."""
    found = Variogram(**_read(read_json(folder / f"{name}_variogram.json")))
    x, y, value, noise, lift = read_array(folder / f"{name}_own.npy")
    field = smooth_field(x, y, value, noise, found, settings, expected_dbm=_level(lift, found))
    return FittedField(field, found, 0.0, 0, 0, 0, True)


def _level(lift_m: _F64, found: Variogram) -> npt.ArrayLike:
    """Return the expected levels that a field's third coordinate stands for."""
    return lift_m / found.level_m_per_db if found.level_m_per_db else 0.0


def _at_places(
    tiles: Tiles, layer: int, x_m: _F64, y_m: _F64
) -> tuple[_F64, _F64, npt.NDArray[np.uint8]]:
    """Return mean and variance of the best server's level in the cells of places, NaN unknown, and the class of ground."""
    row, column = tiles.grid.locate(x_m, y_m)
    mean, variance = (np.full(len(x_m), np.nan) for _ in range(2))
    code = np.zeros(len(x_m), dtype=np.uint8)
    folder = Path(tiles.folder)
    for name, top, left in tiles.places:
        moments = read_array(folder / f"{name}_best_moments.npy", mapped=True)
        rows, columns = moments.shape[2:]
        here = np.flatnonzero((row >= top) & (row < top + rows) & (column >= left) & (column < left + columns))
        if here.size == 0:
            continue
        at = (layer, row[here] - top, column[here] - left)
        mean[here], variance[here] = moments[0][at], moments[1][at]
        code[here] = read_array(folder / f"{name}_ground_class.npy", mapped=True)[at[1:]]
        bound = read_array(folder / f"{name}_best_bound_dbm.npy", mapped=True)[at]
        hidden = np.isfinite(bound) & (bound > mean[here])
        mean[here[hidden]] = np.nan
    return mean, variance, code


@lru_cache(maxsize=32)
def load_field(folder: str, name: str, settings: FusionSettings) -> tuple[Observations, FittedField]:
    """Return a layer's own places, and its field as :func:`write_joined` wrote it."""
    places = read_array(Path(folder) / f"{name}_places.npy")
    given = Observations(
        places[0], places[1], places[2], places[3], places[4], places[5], places[6] > 0, places[7].astype(np.int64), places[8],
        places[9],
    )  # fmt: skip
    found = Variogram(**_read(read_json(Path(folder) / f"{name}_variogram.json")))
    x, y, value, noise, lift, kind = read_array(Path(folder) / f"{name}_field.npy")
    between = np.array(read_json(Path(folder) / f"{name}_{_JOINED}.json")["between"], dtype=np.float64)
    field = smooth_field(
        x, y, value, noise, found, settings, expected_dbm=_level(lift, found), kind=kind.astype(np.int64), between=between
    )
    return given, FittedField(field, found, 0.0, 0, 0, 0, True)


def joined_layers(folder: str, name: str) -> tuple[int, ...]:
    """Return the layers whose observations a field holds, by their kind; the first is the layer itself."""
    return tuple(int(i) for i in read_json(Path(folder) / f"{name}_{_JOINED}.json")["layers"])


@dataclass(frozen=True, slots=True)
class FusedTask:
    """One tile whose levels are predicted, to be fused and decided; picklable.

    Attributes
    ----------
    tile : TileTask
        Without ground and corrections: levels are there.
    levels, fields : str
        Folders of the predicted levels, and of scales and fields.
    scales : str
        Name of the piece of :func:`write_scales`.
    field_names : tuple of str
        One per layer.
    settings : FusionSettings
    common_sd_db : float
        See :class:`geo.propagation.corrections.Corrections`.
    """

    tile: TileTask
    levels: str
    fields: str
    scales: str
    field_names: tuple[str, ...]
    settings: FusionSettings
    common_sd_db: float


def write_fused(task: FusedTask, folder: Path) -> dict[str, Any]:
    """Fuse a tile, decide its states, write it and return its counts (for ``compute.run_pieces``)."""
    tile, folder_of_levels = task.tile, Path(task.levels)
    read = {
        name: read_array(folder_of_levels / f"{tile.name}_{name}.npy")
        for name in ("level_dbm_predicted", "second_dbm_predicted", "server_predicted", "best_moments", "best_bound_dbm", "ground_class")
    }
    layers, shape = len(tile.facts.layers), tile.grid.shape
    levels = AreaLevels.empty(layers, shape)
    # What the prediction is without the measurements nearby, and its error: joint draws begin with it.
    others = {
        name: np.full((layers, *shape), np.nan, dtype=np.float32)
        for name in ("sd_db", "prediction_dbm", "scale_db", "error_sd_db")
    }
    measured = np.zeros((layers, *shape), dtype=np.uint8)
    margin, bound = levels.margin_sd, levels.bound_sd
    for i, (_, technology) in enumerate(tile.facts.layers):
        threshold = tile.settings.levels_dbm.get(technology, np.nan)
        mean = read["best_moments"][0, i].astype(np.float64)
        where = tile.inside & np.isfinite(mean)
        open_ = read["best_bound_dbm"][i]
        loss, spread = _uses(tile.sources, i, read["server_predicted"][i], tile)
        level, sd = np.full(shape, -np.inf), np.full(shape, np.nan)
        correction = np.zeros(shape)
        if where.any():
            fused, scale, error = _fused_layer(task, i, where, mean, read, threshold)
            level[where], sd[where], correction[where] = fused.level_dbm, fused.sd_db, fused.correction_db
            others["sd_db"][i][where] = fused.sd_db
            others["prediction_dbm"][i][where] = mean[where]
            others["scale_db"][i][where], others["error_sd_db"][i][where] = scale, np.sqrt(error)
            if threshold == threshold:
                measured[i][where] = _own(fused, tile.settings)
        levels.level_dbm[i] = level
        first, second = read["level_dbm_predicted"][i], read["second_dbm_predicted"][i]
        both = where & np.isfinite(second)
        levels.second_dbm[i][both] = level[both] - (first[both] - second[both])
        levels.server[i] = read["server_predicted"][i]
        # Where only cells of unknown path reach, none of them is told better than the layer's usual.
        unknown_sd = np.where(np.isfinite(sd), sd, tile.settings.model_error_sd_db)
        for use in range(len(USES)):
            if threshold == threshold:
                with np.errstate(invalid="ignore"):
                    found = (level - loss[use] - threshold) / np.hypot(unknown_sd, spread[use])
                    most = (open_ + np.maximum(correction, 0.0) - loss[use] - threshold) / np.hypot(unknown_sd, spread[use])
                margin[use, i] = np.where(where, found, -np.inf)
                bound[use, i] = np.fmax(margin[use, i], np.where(open_ > -np.inf, most, -np.inf))
            elif (open_ > -np.inf).any() or where.any():
                bound[use, i] = np.where(where | (open_ > -np.inf), np.inf, -np.inf)
    found = piece_states(levels, tile.facts, tile.inside, tile.ring, tile.settings, measured=measured, unplaced=tile.unplaced)
    stated = np.isfinite(found.level_dbm)
    others["sd_db"][~stated] = np.nan
    return write_states(tile, found, others, folder)


def _fused_layer(
    task: FusedTask, layer: int, where: npt.NDArray[np.bool_], mean: _F64, read: Mapping[str, Any], threshold: float
) -> tuple[FusedLayer, _F64, _F64]:
    """Return a layer of a tile after fusion, and scale and constant error variance of its cells."""
    tile, grid = task.tile, task.tile.grid
    given, fitted = load_field(task.fields, task.field_names[layer], task.settings.standardised)
    x, y = grid.centres()
    row, column = np.nonzero(where)
    variance = read["best_moments"][1, layer][where].astype(np.float64)
    scale = np.sqrt(variance) * _scales(Path(task.fields), task.scales)[read["ground_class"][where]]
    error = np.full(row.size, task.common_sd_db**2)
    settings = tile.settings
    fused = fuse(
        _nearby(given, grid),
        fitted,
        cells(x[column], y[row], grid.cell_size, mean[where], error, scale=scale),
        task.settings,
        threshold_dbm=threshold if threshold == threshold else 0.0,
        served_probability=settings.served_probability,
        unserved_probability=settings.unserved_probability,
    )
    return fused, scale, error


def _nearby(given: Observations, grid: Grid) -> Observations:
    """Return the places within a grid."""
    left, bottom, right, top = grid.bounds
    inside = (given.x_m >= left) & (given.x_m < right) & (given.y_m >= bottom) & (given.y_m < top)
    return given.take(inside)


def _own(fused: FusedLayer, settings: CoverageSettings) -> npt.NDArray[np.uint8]:
    """Return what the cell's own measurements make of it: a measured state, uncertain where they contradict; else 0."""
    told = np.isin(fused.state, (State.MEASURED_SERVED, State.MEASURED_UNSERVED))
    sure = (fused.probability >= settings.served_probability) | (fused.probability <= settings.unserved_probability)
    against = (fused.state == State.UNCERTAIN) & sure
    return np.where(told | against, fused.state, np.uint8(State.OUTSIDE)).astype(np.uint8)


def _uses(
    sources: RadioSources | None, layer: int, server: npt.NDArray[np.int32], tile: TileTask
) -> tuple[_F64, _F64]:
    """Return loss and spread of every use at the server's frequency, (uses, rows, columns); the layer's least loss without one."""
    shape = (len(USES), *server.shape)
    if sources is None or not len(sources.index):
        return np.zeros(shape), np.zeros(shape)
    mine = np.flatnonzero(sources.layer == layer)
    loss, spread = np.zeros(shape), np.zeros(shape)
    if mine.size == 0:
        return loss, spread
    frequency = sources.frequency_mhz[mine] / 1000.0
    place = np.clip(np.searchsorted(sources.index[mine], np.maximum(server, 0)), 0, mine.size - 1)
    for u, use in enumerate(USES):
        lost, sd = entry_loss(use, frequency, tile.settings)
        loss[u] = np.where(server >= 0, lost[place], lost.min())
        spread[u] = np.where(server >= 0, sd[place], sd.max())
    return loss, spread


def keep_fields(pieces: Path, names: tuple[str, ...], folder: Path) -> None:
    """Copy the fields from the pieces into the stage's folder, where later stages draw from them."""
    for name in names:
        for part in ("field", "places"):
            write_array(folder / f"{name}_{part}.npy", read_array(pieces / f"{name}_{part}.npy"))
        for part in ("variogram", _JOINED):
            write_json(folder / f"{name}_{part}.json", read_json(pieces / f"{name}_{part}.json"))
