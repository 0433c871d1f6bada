"""How a layer's level at one cell of the grid was made: each radio cell before and after its corrections, and the best of them.

Nothing is worked out in another way than the coverage was: the sweep itself is asked for one cell of the grid, once as the
run asked it and once for each radio cell by itself; the terms are what the corrections' own arithmetic does to that level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage.ground_classes import ground_classes
from geo.coverage.pieces import TileTask, predict_tile
from geo.coverage.point import PatternTables, radio_sources
from geo.coverage.states import LayerFacts
from geo.grid import Grid
from geo.propagation.area import AreaLevels
from geo.propagation.corrections import PATH_VARIANCES, Corrections
from geo.propagation.entry import end_loss
from geo.propagation.ground import GroundModel
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings

__all__ = ["VIEWS", "CellTerms", "LayerChain", "layer_chains"]

_F64 = npt.NDArray[np.float64]
#: Kinds of path, each with its own spread of the error.
VIEWS = ("clear", "obstructed", "deep")
_NOTHING = ("", "")
_HEIGHTS = ("height_reference_m", "height_least_m", "height_most_m")


@dataclass(frozen=True, slots=True)
class CellTerms:
    """One radio cell at the centre of a grid cell.

    Attributes
    ----------
    index : int
        ``RadioSources.index`` of the run.
    distance_km, decades : float
        In the grid's plane; log10 of it over the corrections' reference distance.
    predicted_dbm : float
        Level without corrections, its ceiling aside.
    capped_dbm : float
        The same, never above the ceiling: what an uncorrected run has.
    diffraction_db : float
        Loss that the corrections weigh.
    view : str
        One of :data:`VIEWS`.
    bias_db, slope_db, weight_db, deep_db, height_db : float
        What each correction adds to the level: constant, by distance, by diffraction, by what of it lies beyond the knees, by how far the phone lies
        below the antenna. 0 without corrections.
    ceiling_db : float
        What the ceiling takes off, 0 or less.
    level_dbm : float
        Sum of the above: corrected, without the cover about the phone.
    spread_sd_db, error_sd_db, path_sd_db : float
        Of a place on such a path; of the correction over the typical path and of what the list lacks; what the correction's error is more over this path. Uncorrected: error_sd_db alone.
    """

    index: int
    distance_km: float
    decades: float
    predicted_dbm: float
    capped_dbm: float
    diffraction_db: float
    view: str
    bias_db: float
    slope_db: float
    weight_db: float
    deep_db: float
    height_db: float
    ceiling_db: float
    level_dbm: float
    spread_sd_db: float
    error_sd_db: float
    path_sd_db: float


@dataclass(frozen=True, slots=True)
class LayerChain:
    """A layer at a cell of the grid before any measurement near by.

    Attributes
    ----------
    server : CellTerms
        The radio cell of the highest level.
    decides : CellTerms
        Of an uncorrected prediction: the radio cell of the greatest margin in standard deviations, which the probability is of.
    cells : int
        Radio cells of the layer whose level is known here.
    cover_code : int
        Land cover about the phone; 0 unknown.
    cover_db, cover_sd_db : float
        What it adds to the level, and its error.
    choice_db : float
        How far the expected best of several uncertain levels lies above the strongest expected one.
    mean_dbm, sd_db : float
        Of the best server's level: sum of all the above.
    end_sd_db : float
        Spread of the loss at the phone's end of the cell that decides (uncorrected prediction only).
    ground_class : int
        See :func:`geo.coverage.ground_classes.ground_classes`.
    """

    server: CellTerms
    decides: CellTerms
    cells: int
    cover_code: int
    cover_db: float
    cover_sd_db: float
    choice_db: float
    mean_dbm: float
    sd_db: float
    end_sd_db: float
    ground_class: int


def layer_chains(
    table: pd.DataFrame,
    tables: PatternTables,
    layers: Sequence[tuple[str, str]],
    corrections: Corrections | None,
    *,
    grid: Grid,
    cell: tuple[int, int],
    ground: GroundModel,
    settings: CoverageSettings,
) -> list[LayerChain | None]:
    """Return how each layer's level at a cell of the grid was made; None where no radio cell's level is known.

    Parameters
    ----------
    table : DataFrame
        All radio cells of the run, columns of :data:`geo.propagation.radio_table.RADIO_COLUMNS`, in its order.
    tables : PatternTables
    layers : sequence of (operator, technology)
    corrections : Corrections or None
    grid : Grid
        Of the run.
    cell : (int, int)
        Row and column.
    ground : GroundModel
    settings : CoverageSettings
    """
    row, column = cell
    one = grid.window(slice(row, row + 1), slice(column, column + 1))
    number = {layer: i for i, layer in enumerate(layers)}
    named = pd.Series([pair in number for pair in zip(table["operator"], table["technology"], strict=True)], index=table.index, dtype=bool)
    known = table[named & table["eirp_dbm"].notna() & table["ground_m"].notna()].reset_index(drop=True)
    if known.empty:
        return [None] * len(layers)
    known = known.assign(threshold_dbm=known["technology"].map(lambda t: settings.levels_dbm.get(t, math.nan)).astype(float))
    of_layer = np.array([number[o, t] for o, t in zip(known["operator"], known["technology"], strict=True)], dtype=np.int64)
    every = radio_sources(known, tables, one, of_layer)
    every = replace(every, index=known["index"].to_numpy(np.int64)[every.index])
    near = every.near(one.bounds, settings.max_radius_m)
    if not near.groups:
        return [None] * len(layers)
    best = _asked(near, len(layers), one, ground, settings, corrections)
    terms = _terms(near, one, ground, settings, corrections)
    code = 0 if ground.land_cover is None else int(ground.land_cover.to_grid(one)[0, 0])
    kind = int(ground_classes(ground, one, settings)[0, 0])
    at = {int(index): i for i, index in enumerate(near.index)}
    out: list[LayerChain | None] = []
    for i in range(len(layers)):
        server = int(best.server[i, 0, 0])
        if server < 0:
            out.append(None)
            continue
        mine = [terms[j] for j in np.flatnonzero(near.layer == i) if math.isfinite(terms[j].level_dbm)]
        out.append(_chain(mine, terms[at[server]], float(near.frequency_mhz[at[server]]), best, i, corrections, code, kind, ground, near, settings))
    return out


def _asked(
    sources: RadioSources, layers: int, one: Grid, ground: GroundModel, settings: CoverageSettings, corrections: Corrections | None
) -> AreaLevels:
    here = np.ones((1, 1), dtype=bool)
    return predict_tile(TileTask("chain", one, 0, 0, here, here, sources, LayerFacts((_NOTHING,) * layers), ground, settings, corrections))


def _terms(
    near: RadioSources, one: Grid, ground: GroundModel, settings: CoverageSettings, corrections: Corrections | None
) -> list[CellTerms]:
    """Return the terms of every radio cell, each asked for as a layer of its own, without the cover about the phone."""
    n = len(near.index)
    free = replace(near, layer=np.arange(n, dtype=np.int64), ceiling_dbm=np.full(n, np.inf))
    size = int(near.index.max()) + 1
    # The sweep tells a level only. Corrections that weigh the diffraction loss by 1 make it tell that loss, and spreads of
    # 1, 2 and 3 which kind of path it saw; a weight of 1 on the logarithm of the height makes it tell that.
    knee = _knees(corrections)
    nothing, plain = np.zeros(size), np.zeros(256)
    heights = {} if corrections is None else {name: getattr(corrections, name) for name in _HEIGHTS}
    probe = Corrections(
        nothing, nothing, np.ones(size), nothing, nothing, nothing, nothing, nothing, np.zeros((PATH_VARIANCES, size)), plain, plain,
        1.0 if corrections is None else corrections.reference_km, *knee, 1.0, 2.0, 3.0, 0.0, 0.0, **heights,
    )  # fmt: skip
    bare = _asked(free, n, one, ground, settings, None).level_dbm[:, 0, 0].astype(np.float64)
    probed = _asked(free, n, one, ground, settings, probe)
    lifted = _asked(free, n, one, ground, settings, replace(probe, diffraction=nothing, height_db=np.ones(size)))
    if probed.best is None:
        raise ValueError("a corrected prediction has no best server")
    reached = np.isfinite(bare)
    lost, raised = np.full(n, np.nan), np.zeros(n)
    lost[reached] = bare[reached] - probed.level_dbm[reached, 0, 0].astype(np.float64)
    raised[reached] = lifted.level_dbm[reached, 0, 0].astype(np.float64) - bare[reached]
    view = np.nan_to_num(np.sqrt(probed.best.moments[1, :, 0, 0].astype(np.float64)), nan=1.0)
    x, y = one.centres()
    member = np.repeat(np.arange(near.groups), np.diff(near.group_first))
    away = np.maximum(np.hypot(x[0] - near.group_x_m[member], y[0] - near.group_y_m[member]) / 1000.0, 1e-3)
    corrected = None if corrections is None else _asked(replace(free, ceiling_dbm=near.ceiling_dbm), n, one, ground, settings, replace(corrections, clutter_shift_db=plain, clutter_sd_db=plain))
    out = []
    for i, index in enumerate(near.index.tolist()):
        level = float(bare[i]) if math.isfinite(bare[i]) else math.nan
        ceiling = float(near.ceiling_dbm[i])
        about = {
            "index": index, "distance_km": float(away[i]), "decades": math.log10(away[i] / probe.reference_km), "predicted_dbm": level,
            "capped_dbm": min(level, ceiling), "diffraction_db": max(float(lost[i]), 0.0) if math.isfinite(lost[i]) else math.nan,
            "view": VIEWS[min(round(float(view[i])), 3) - 1],
        }  # fmt: skip
        if corrections is None or corrected is None:
            out.append(_uncorrected(about, level, ceiling, float(near.sd_db[i])))
        else:
            out.append(_corrected(about, i, corrections, corrected, ceiling, float(raised[i])))
    return out


def _knees(corrections: Corrections | None) -> tuple[float, float]:
    """Return the losses from which the deeper weights count; without corrections none."""
    return (math.inf, math.inf) if corrections is None else (corrections.deep_from_db, corrections.deepest_from_db)


def _uncorrected(about: dict[str, Any], level: float, ceiling: float, sd_db: float) -> CellTerms:
    return CellTerms(
        **about, bias_db=0.0, slope_db=0.0, weight_db=0.0, deep_db=0.0, height_db=0.0, ceiling_db=min(ceiling - level, 0.0), level_dbm=min(level, ceiling),
        spread_sd_db=0.0, error_sd_db=sd_db, path_sd_db=0.0,
    )  # fmt: skip


def _corrected(about: dict[str, Any], i: int, corrections: Corrections, found: AreaLevels, ceiling: float, raised: float) -> CellTerms:
    n, lost = int(about["index"]), float(about["diffraction_db"])
    bias, slope = float(corrections.bias_db[n]), float(corrections.slope_db[n]) * float(about["decades"])
    weight = -float(corrections.diffraction[n]) * lost
    deep = -float(corrections.deep_diffraction[n]) * max(0.0, lost - corrections.deep_from_db)
    deep -= float(corrections.deepest_diffraction[n]) * max(0.0, lost - corrections.deepest_from_db)
    height = (float(corrections.height_db[n]) + float(corrections.height_slope_db[n]) * float(about["decades"])) * raised
    free = float(about["predicted_dbm"]) + bias + slope + weight + deep + height
    level = float(found.level_dbm[i, 0, 0])
    spread = dict(zip(VIEWS, (corrections.clear_sd_db, corrections.obstructed_sd_db, corrections.deep_sd_db), strict=True))
    common = math.nan if found.best is None else float(found.best.moments[3, i, 0, 0])
    return CellTerms(
        **about, bias_db=bias, slope_db=slope, weight_db=weight, deep_db=deep, height_db=height, ceiling_db=min(ceiling - free, 0.0),
        level_dbm=level if math.isfinite(level) else math.nan, spread_sd_db=float(spread[about["view"]]),
        error_sd_db=float(corrections.error_sd_db[n]), path_sd_db=common,
    )  # fmt: skip


def _chain(
    mine: Sequence[CellTerms],
    server: CellTerms,
    frequency_mhz: float,
    best: AreaLevels,
    i: int,
    corrections: Corrections | None,
    code: int,
    kind: int,
    ground: GroundModel,
    near: RadioSources,
    settings: CoverageSettings,
) -> LayerChain:
    if corrections is None or best.best is None:
        decides, end_sd = _deciding(mine, server, ground, near, settings)
        sd = math.hypot(decides.error_sd_db, end_sd)
        return LayerChain(server, decides, len(mine), code, 0.0, 0.0, 0.0, server.level_dbm, sd, end_sd, kind)
    factor = (frequency_mhz / 1000.0 / corrections.clutter_reference_ghz) ** corrections.clutter_exponent
    covered = ground.land_cover is not None
    cover = factor * float(corrections.clutter_shift_db[code]) if covered else 0.0
    cover_sd = factor * float(corrections.clutter_sd_db[code]) if covered else 0.0
    mean, variance = (float(best.best.moments[q, i, 0, 0]) for q in (0, 1))
    return LayerChain(
        server, server, len(mine), code, cover, cover_sd, mean - cover - server.level_dbm, mean, math.sqrt(variance), 0.0, kind
    )


def _deciding(
    mine: Sequence[CellTerms], server: CellTerms, ground: GroundModel, near: RadioSources, settings: CoverageSettings
) -> tuple[CellTerms, float]:
    """Return the radio cell of the greatest margin in sd with the spread of its loss at the phone's end."""
    at = {int(index): i for i, index in enumerate(near.index)}
    best: tuple[float, CellTerms, float] | None = None
    for cell in mine:
        i = at[cell.index]
        threshold, end_sd = float(near.threshold_dbm[i]), 0.0
        if ground.settings.end_loss == "p2108":
            lost = end_loss(np.array([near.frequency_mhz[i] / 1000.0]), np.array([[cell.distance_km]]))
            end_sd = float(np.asarray(lost[1]).ravel()[0])
        margin = (cell.level_dbm - threshold) / math.hypot(cell.error_sd_db, end_sd)
        if math.isfinite(margin) and (best is None or margin > best[0]):
            best = margin, cell, end_sd
    return (server, 0.0) if best is None else best[1:]
