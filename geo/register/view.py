"""What the register asks of a review: the state of cells, by its own rule or another's, and its samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo.coverage import State, border_ring
from geo.crs import from_wgs84
from geo.grid import Grid
from geo.register.layers import LayerSample
from geo.register.rules import RuleSet, restated
from geo.register.zones import Layer

__all__ = ["SAMPLE_COLUMNS", "LayerRasters", "ReviewView", "samples_that_differ"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SAMPLE_COLUMNS = ("time", "lon", "lat", "operator", "technology", "level_dbm", "no_service")
#: What makes two samples the same one.
_KEYS = ("time", "lon", "lat", "operator", "technology")
_INDOOR = "indoor"


@dataclass(frozen=True, slots=True)
class LayerRasters:
    """Rasters of one layer on the review's grid; None where there is none.

    Attributes
    ----------
    state : (rows, columns) uint8 array or None
    level_dbm, probability : (rows, columns) float array or None
    """

    state: npt.NDArray[np.uint8] | None
    level_dbm: npt.NDArray[np.float32] | None = None
    probability: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ReviewView:
    """One review, as far as the register looks at it.

    Attributes
    ----------
    on : date
    rule : RuleSet
    model_error_sd_db : float
    grid : Grid or None
        None if the review has no rasters.
    rasters : callable
        Returns the :class:`LayerRasters` of (operator, technology, use), None where there are none.
    villages : DataFrame or None
        ``villages.csv``.
    village_states : mapping
        Column of ``villages`` with the state by (operator, technology).
    measurements : DataFrame or None
        Columns :data:`SAMPLE_COLUMNS`; None where the samples are not kept.
    without_sites : frozenset of str
        Operators whose site list is missing.
    neighbour_operators : frozenset of str
        Operators whose sites beyond the border were given.
    neighbour_reach_m : float
        How far into the area their absence matters for the others; NaN where not known.
    absent : frozenset of (operator, technology)
        Stated by the department not to be there.
    radio_cells : DataFrame or None
        ``operator``, ``technology`` ("": not known), ``lon``, ``lat`` of the radio cells predicted.
    reach_m : float
        How far a radio cell is predicted at most; NaN where not known.
    """

    on: date
    rule: RuleSet
    model_error_sd_db: float
    grid: Grid | None = None
    rasters: Callable[[Layer], LayerRasters | None] = field(default=lambda _: None)
    villages: pd.DataFrame | None = None
    village_states: Mapping[tuple[str, str], str] = field(default_factory=dict)
    measurements: pd.DataFrame | None = None
    without_sites: frozenset[str] = frozenset()
    neighbour_operators: frozenset[str] = frozenset()
    neighbour_reach_m: float = float("nan")
    absent: frozenset[tuple[str, str]] = frozenset()
    radio_cells: pd.DataFrame | None = None
    reach_m: float = float("nan")
    _kept: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict, repr=False, compare=False)

    def at(self, layers: Sequence[Layer], lon: FloatArray, lat: FloatArray) -> dict[Layer, LayerSample]:
        """Return the layers that the review has, at points (EPSG:4326); outside the grid they are outside.

        Indoors no state is stored: it is cut from the probability, as outdoors.
        """
        found: dict[Layer, LayerSample] = {}
        if self.grid is None:
            return found
        row, column = self.grid.locate(*from_wgs84(lon, lat, self.grid.epsg))
        for layer in layers:
            rasters = self.rasters(layer)
            if rasters is None or (rasters.state is None and (layer[2] != _INDOOR or rasters.probability is None)):
                continue
            probability = _picked(rasters.probability, row, column)
            if layer[2] == _INDOOR or rasters.state is None:
                state = self._cut(probability)
            else:
                state = np.where(row >= 0, rasters.state[row, column], State.OUTSIDE).astype(np.uint8)
            level = _picked(None if layer[2] == _INDOOR else rasters.level_dbm, row, column)
            measured_on = self._measured_on(layer, state, row, column)
            near = self._neighbours_open(layer, rasters.state)
            open_ = None if near is None else (row >= 0) & near[row, column]
            found[layer] = LayerSample(state, level, probability, measured_on, self._out_of_reach(layer, lon, lat), open_)
        return found

    def under(self, rule: RuleSet, samples: Mapping[Layer, LayerSample]) -> dict[Layer, LayerSample]:
        """Return layers with the states of another rule; those that cannot be found again are left out.

        These are layers without levels or probabilities, and indoor ones, whose level is not stored, where the
        rule that applies to their technology differs.
        """
        found: dict[Layer, LayerSample] = {}
        for layer, sample in samples.items():
            same = self.rule.same_cut(rule, layer[1])
            told = np.isfinite(sample.probability).any() or (np.isin(sample.state, (State.UNKNOWN, State.OUTSIDE))).all()
            if same or (layer[2] != _INDOOR and told):
                found[layer] = restated(sample, layer[1], self.rule, rule, self.model_error_sd_db)
        return found

    def _neighbours_open(self, layer: Layer, state: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.bool_] | None:
        """Return where unserved may not be said of a layer: see :func:`geo.coverage.border_ring`."""
        if state is None or self.grid is None or layer[0] in self.neighbour_operators or not np.isfinite(self.neighbour_reach_m):
            return None
        if "ring" not in self._kept:  # the area is that of every layer
            self._kept["ring"] = border_ring(self.grid, state != State.OUTSIDE, self.neighbour_reach_m)
        return self._kept["ring"]

    def _out_of_reach(self, layer: Layer, lon: FloatArray, lat: FloatArray) -> npt.NDArray[np.bool_] | None:
        """Return which points lie further than the greatest reach (and a cell) from every radio cell of a layer."""
        cells, grid = self.radio_cells, self.grid
        if layer[:2] in self.absent:
            return np.ones(len(lon), dtype=np.bool_)
        if cells is None or grid is None or not np.isfinite(self.reach_m) or not len(lon):
            return None
        mine = cells[(cells["operator"] == layer[0]) & (cells["technology"].isin([layer[1], ""]))]
        if mine.empty:
            return None
        tree = cKDTree(np.column_stack(from_wgs84(mine["lon"].to_numpy(float), mine["lat"].to_numpy(float), grid.epsg)))
        away, _ = tree.query(np.column_stack(from_wgs84(lon, lat, grid.epsg)))
        return np.asarray(away > self.reach_m + 2 * grid.cell_size, dtype=np.bool_)

    def _cut(self, probability: FloatArray) -> npt.NDArray[np.uint8]:
        state = np.full(probability.shape, State.UNCERTAIN, dtype=np.uint8)
        state[probability >= self.rule.served_probability] = State.PREDICTED_SERVED
        state[probability <= self.rule.unserved_probability] = State.PREDICTED_UNSERVED
        state[np.isnan(probability)] = State.UNKNOWN
        return state

    def _measured_on(
        self, layer: Layer, state: npt.NDArray[np.uint8], row: IntArray, column: IntArray
    ) -> npt.NDArray[np.datetime64]:
        """Return the day of the latest sample in each cell; where it is measured served, of those that reached the level."""
        samples, grid = self.measurements, self.grid
        nothing = np.full(row.shape, np.datetime64("NaT"), dtype="datetime64[D]")
        if samples is None or grid is None or layer[2] == _INDOOR:
            return nothing
        mine = samples[(samples["operator"] == layer[0]) & (samples["technology"] == layer[1]) & samples["time"].notna()]
        level = mine["level_dbm"].to_numpy(float)
        reached = ~mine["no_service"].fillna(value=False).to_numpy(dtype=bool)
        reached &= level >= self.rule.levels_dbm.get(layer[1], np.inf)  # False for NaN
        any_, served = (self._latest(mine[chosen], row, column) for chosen in (slice(None), reached))
        return np.where(state == State.MEASURED_SERVED, served, any_)

    def _latest(self, samples: pd.DataFrame, row: IntArray, column: IntArray) -> npt.NDArray[np.datetime64]:
        grid = self.grid
        if samples.empty or grid is None:
            return np.full(row.shape, np.datetime64("NaT"), dtype="datetime64[D]")
        r, c = grid.locate(*from_wgs84(samples["lon"].to_numpy(float), samples["lat"].to_numpy(float), grid.epsg))
        cell = np.where(r >= 0, r * grid.columns + c, -1)
        latest = pd.Series(samples["time"].to_numpy()).groupby(cell).max()
        wanted = np.where(row >= 0, row * grid.columns + column, -2)
        return np.asarray(latest.reindex(wanted).to_numpy().astype("datetime64[D]"))


def _picked(values: npt.NDArray[np.float32] | None, row: IntArray, column: IntArray) -> FloatArray:
    if values is None:
        return np.full(row.shape, np.nan)
    return np.where(row >= 0, values[row, column], np.nan).astype(np.float64)


def samples_that_differ(
    old: pd.DataFrame | None, new: pd.DataFrame | None, outlines: npt.NDArray[np.object_], whose: Sequence[str]
) -> npt.NDArray[np.int64] | None:
    """Return how many samples in each outline only one of two reviews has, (n, 2): the old one, the new one; None where one does not keep them.

    Parameters
    ----------
    old, new : DataFrame or None
        Columns :data:`SAMPLE_COLUMNS`.
    outlines : (n,) object array
        EPSG:4326.
    whose : sequence of str
        The operator whose samples count in each; "" for all.
    """
    if old is None or new is None:
        return None
    keys = list(_KEYS)
    both = [frame[keys].assign(again=frame.groupby(keys, dropna=False).cumcount()) for frame in (old, new)]
    joined = both[0].merge(both[1], how="outer", on=[*keys, "again"], indicator=True)
    alone = joined[joined["_merge"] != "both"]
    if alone.empty or not len(outlines):
        return np.zeros((len(outlines), 2), dtype=np.int64)
    points = np.asarray(shapely.points(alone["lon"].to_numpy(float), alone["lat"].to_numpy(float)), dtype=object)
    outline, point = shapely.STRtree(points).query(outlines, predicate="intersects")
    wanted = np.asarray(whose, dtype=object)[outline]
    counts = (wanted == "") | (alone["operator"].to_numpy(dtype=object)[point] == wanted)
    new_one = (alone["_merge"] == "right_only").to_numpy(dtype=bool)[point]
    both_ways = [np.bincount(outline[counts & side], minlength=len(outlines)) for side in (~new_one, new_one)]
    return np.stack(both_ways, axis=1).astype(np.int64)
