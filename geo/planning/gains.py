"""Whom planned sites gain: the states of the run with a site's margins laid over them.

The best server of a cell is the best of all radio cells, so a further site needs nothing of the others but the states
that they made. A cell's state with the site is what the run would state if the site stood in its list: served where
the site serves, uncertain where it might, unknown where its path is not known and could decide. Two places keep the
run's word where the whole prediction could say more: a cell that voids of the terrain keep unknown, and a
technology that no list mentions, whose absence a plan does not prove.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from scipy.special import ndtr

from geo.coverage import TECHNOLOGIES, Coverage, CoverageSettings, Reason, State, combine
from geo.grid import Grid
from geo.io.polygons import projected
from geo.io.rasters import read_array

__all__ = ["STEPS", "Gain", "Reach", "Served", "Service", "ZoneCells", "gained", "read_reach", "with_site", "zone_cells"]

UInt8 = npt.NDArray[np.uint8]
_F32 = npt.NDArray[np.float32]
_BOOL = npt.NDArray[np.bool_]

#: What a person may gain, as the objective of the plan weighs it.
STEPS = ("first_operator", "to_4g", "second_operator", "third_operator")
_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
#: Reasons for which a cell stays unknown whatever a planned site does short of serving it.
_CLOSED = (Reason.TERRAIN, Reason.NO_LEVEL, Reason.NO_SITE_LIST, Reason.NO_TECHNOLOGY, Reason.TECHNOLOGY_NOT_LISTED)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a planned site may change anything, and how well it does there.

    Attributes
    ----------
    rows, columns : slice
        Of the run's grid.
    layers : tuple of (operator, technology)
    margin_sd, bound_sd : (layers, rows, columns) float32 arrays
        See :func:`geo.planning.reach.write_reach`.
    """

    rows: slice
    columns: slice
    layers: tuple[tuple[str, str], ...]
    margin_sd: _F32
    bound_sd: _F32


def read_reach(record: Mapping[str, Any], folder: Path) -> Reach | None:
    """Return what :func:`geo.planning.reach.write_reach` left of a site; None where it changes no cell."""
    if not record["cells"]:
        return None
    margin, bound = (read_array(folder / f"{record['name']}_{name}.npy") for name in ("margin_sd", "bound_sd"))
    row, column = int(record["row"]), int(record["column"])
    return Reach(
        slice(row, row + margin.shape[1]),
        slice(column, column + margin.shape[2]),
        tuple((str(o), str(t)) for o, t in record["layers"]),
        margin,
        bound,
    )


def with_site(state: UInt8, reason: UInt8, margin_sd: _F32, bound_sd: _F32, settings: CoverageSettings) -> UInt8:
    """Return a layer's states with a further site.

    Parameters
    ----------
    state, reason : (rows, columns) uint8 arrays
        Of the run; codes of :class:`geo.coverage.State` and :class:`geo.coverage.Reason`.
    margin_sd, bound_sd : (rows, columns) float32 arrays
        Of the site.
    settings : CoverageSettings
        For the two cuts.
    """
    low = ndtr(np.asarray(margin_sd, dtype=np.float64))
    high = ndtr(np.asarray(np.fmax(margin_sd, bound_sd), dtype=np.float64))
    served, might = settings.served_probability, settings.unserved_probability
    out = state.copy()
    open_ = ~np.isin(state, (State.OUTSIDE, *_SERVED))
    out[open_ & (low >= served)] = State.PREDICTED_SERVED
    rest = open_ & (low < served)
    closed = (state == State.UNKNOWN) & np.isin(reason, _CLOSED)
    # What hides the site's path could make it serve: then nobody knows.
    hidden = rest & ~closed & (high >= served)
    out[hidden] = State.UNKNOWN
    rest &= ~closed & ~hidden
    out[rest & (low > might)] = State.UNCERTAIN
    unknown_now = rest & (low <= might) & (high > might) & (state != State.UNCERTAIN)
    out[unknown_now] = State.UNKNOWN
    return out


@dataclass(frozen=True, slots=True)
class Served:
    """Who serves the cells of a window, from the states of its layers.

    Attributes
    ----------
    any_state : (rows, columns) uint8 array
        Over all operators and the technologies that count, in three values (:func:`geo.coverage.combine`).
    operators : (rows, columns) int8 array
        Number of operators that serve for sure.
    rank : (rows, columns) int8 array
        Best technology that serves: 0 none, 1 for 2G ... 4 for 5G.
    """

    any_state: UInt8
    operators: npt.NDArray[np.int8]
    rank: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Gain:
    """What a site changes in a window of the grid.

    Attributes
    ----------
    steps : mapping of str to (rows, columns) bool array
        Cells that make each of :data:`STEPS`, and ``any_4g_less``: reached by more than 2G now.
    from_unserved : (rows, columns) bool array
        Cells of ``first_operator`` that were known to be unserved before (others were uncertain or unknown).
    by_layer : mapping of (operator, technology) to (rows, columns) bool array
        Cells that the layer serves now and did not before.
    """

    steps: Mapping[str, _BOOL]
    from_unserved: _BOOL
    by_layer: Mapping[tuple[str, str], _BOOL]


class Service:
    """States of all layers that planned sites are laid over, one after the other or each alone.

    Parameters
    ----------
    coverage : Coverage
        Of the run; its arrays may be files.
    settings : CoverageSettings
        For the cuts and the technologies that count.
    """

    def __init__(self, coverage: Coverage, settings: CoverageSettings) -> None:
        self.layers = coverage.layers
        self.grid = coverage.grid
        self.settings = settings
        self.state: UInt8 = np.array(coverage.state, dtype=np.uint8)
        self.reason: UInt8 = np.asarray(coverage.reason, dtype=np.uint8)

    def copy(self) -> Service:
        """Return a service of its own states."""
        out = object.__new__(Service)
        out.layers, out.grid, out.settings, out.reason = self.layers, self.grid, self.settings, self.reason
        out.state = self.state.copy()
        return out

    def served(self, rows: slice = slice(None), columns: slice = slice(None)) -> Served:
        """Return who serves the cells of a window."""
        return _served(self.layers, self.state[:, rows, columns], self.settings.counting)

    def known_unserved(self, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> _BOOL:
        """Return of which cells every operator is known not to serve; at the others somebody is uncertain or unknown, or serves."""
        return np.asarray(np.isin(_served(self.layers, self.state[:, row, column], self.settings.counting).any_state, _UNSERVED), dtype=np.bool_)

    def changed(self, reach: Reach) -> dict[int, UInt8]:
        """Return the states of the layers that a site changes, in its window, by position of the layer."""
        out: dict[int, UInt8] = {}
        for k, layer in enumerate(reach.layers):
            if layer in self.layers:
                i = self.layers.index(layer)
                window = (i, reach.rows, reach.columns)
                out[i] = with_site(self.state[window], self.reason[window], reach.margin_sd[k], reach.bound_sd[k], self.settings)
        return out

    def gain(self, reach: Reach, changed: Mapping[int, UInt8] | None = None) -> Gain:
        """Return what a site alone changes; ``changed`` may give the states it makes."""
        states = self.state[:, reach.rows, reach.columns]
        after = states.copy()
        for i, state in (self.changed(reach) if changed is None else changed).items():
            after[i] = state
        return gained(self.layers, states, after, self.settings.counting)

    def lay(self, reach: Reach) -> None:
        """Take a site for built from now on."""
        for i, state in self.changed(reach).items():
            self.state[i, reach.rows, reach.columns] = state

    def lay_states(self, reach: Reach, changed: Mapping[int, UInt8]) -> None:
        """Put states in place that were found elsewhere."""
        for i, state in changed.items():
            self.state[i, reach.rows, reach.columns] = state


def _served(layers: Sequence[tuple[str, str]], state: UInt8, counting: Sequence[str]) -> Served:
    operators = sorted({o for o, _ in layers})
    shape = state.shape[1:]
    count, rank = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int8)
    inside = (state != State.OUTSIDE).any(axis=0)
    every: list[UInt8] = []
    for operator in operators:
        own = [i for i, (o, t) in enumerate(layers) if o == operator and t in counting]
        if not own:
            every.append(np.where(inside, State.UNKNOWN, State.OUTSIDE).astype(np.uint8))
            continue
        serves = np.zeros(shape, dtype=bool)
        for i in own:
            mine = np.isin(state[i], _SERVED)
            serves |= mine
            np.maximum(rank, mine.astype(np.int8) * np.int8(TECHNOLOGIES.index(layers[i][1]) + 1), out=rank)
        count += serves
        every.append(combine([state[i] for i in own]))
    return Served(combine(every), count, rank)


def gained(layers: Sequence[tuple[str, str]], before: UInt8, after: UInt8, counting: Sequence[str]) -> Gain:
    """Return what the states after gain over those before, (layers, rows, columns) each."""
    old, new = _served(layers, before, counting), _served(layers, after, counting)
    fourth = TECHNOLOGIES.index("4G") + 1
    second = TECHNOLOGIES.index("2G") + 1
    first = ~np.isin(old.any_state, _SERVED) & np.isin(new.any_state, _SERVED)
    steps = {
        "first_operator": first,
        "to_4g": (old.rank < fourth) & (new.rank >= fourth),
        "second_operator": (old.operators < 2) & (new.operators >= 2),
        "third_operator": (old.operators < 3) & (new.operators >= 3),
        "above_2g": (old.rank <= second) & (new.rank > second),
    }
    sure = np.isin(old.any_state, _UNSERVED)
    by_layer = {}
    for i, layer in enumerate(layers):
        better = ~np.isin(before[i], _SERVED) & np.isin(after[i], _SERVED)
        if better.any():
            by_layer[layer] = better
    return Gain(steps, first & sure, by_layer)


#: Class of a dead zone to the step that ends it; the others are not asked.
_ENDED_BY = {
    "white": "first_operator", "weak": "first_operator", "road": "first_operator", "voice_only": "above_2g", "no_4g": "to_4g",
    "single_operator": "second_operator",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ZoneCells:
    """The cells of dead zones.

    Attributes
    ----------
    ids : tuple of str
    steps : tuple of str
        What a cell has to gain for the zone to lose it.
    rows, columns, weight : tuples of arrays
        One of each per zone; the weight of a cell is its people, 1 in zones of which no people are known.
    by_people : tuple of bool
    """

    ids: tuple[str, ...]
    steps: tuple[str, ...]
    rows: tuple[npt.NDArray[np.int64], ...]
    columns: tuple[npt.NDArray[np.int64], ...]
    weight: tuple[npt.NDArray[np.float64], ...]
    by_people: tuple[bool, ...]

    def shares(self, gain: Gain, reach: Reach) -> Iterator[tuple[str, float]]:
        """Yield each zone that a site touches with the share of its people (else cells) that gain what the zone lacks."""
        for zone, step, rows, columns, weight in zip(self.ids, self.steps, self.rows, self.columns, self.weight, strict=True):
            r, c = rows - reach.rows.start, columns - reach.columns.start
            here = (r >= 0) & (c >= 0) & (rows < reach.rows.stop) & (columns < reach.columns.stop)
            if not here.any():
                continue
            hit = float(weight[here][gain.steps[step][r[here], c[here]]].sum())
            if hit > 0:
                yield zone, hit / float(weight.sum())


def zone_cells(zones: gpd.GeoDataFrame, grid: Grid, people: npt.NDArray[np.float64] | None) -> ZoneCells:
    """Return the cells of the dead zones over all operators whose end a planned site may bring.

    Parameters
    ----------
    zones : GeoDataFrame
        ``dead_zone_id``, ``class``; EPSG:4326. Classes that signal outdoors does not end (``indoor_only``) are left out.
    grid : Grid
    people : (rows, columns) float64 array or None
    """
    asked = zones[zones["class"].isin(list(_ENDED_BY))].reset_index(drop=True)
    shapes = projected(asked, grid.epsg) if len(asked) else np.empty(0, dtype=object)
    parts: list[tuple[Any, ...]] = []
    for i, shape in enumerate(shapes):
        line = shape.geom_type in {"LineString", "MultiLineString"}
        window = _bounds(grid, shape.bounds)
        if window is None:
            continue
        part = grid.window(*window)
        burnt = rasterize([(shape, 1)], out_shape=part.shape, transform=part.transform, fill=0, dtype="uint8", all_touched=line)
        row, column = np.nonzero(burnt)
        if not row.size:
            continue
        row, column = row + window[0].start, column + window[1].start
        known = None if people is None else np.nan_to_num(people[row, column])
        by_people = known is not None and float(known.sum()) > 0
        weight = known if by_people and known is not None else np.ones(row.size)
        parts.append((str(asked["dead_zone_id"].iloc[i]), _ENDED_BY[str(asked["class"].iloc[i])], row, column, weight, by_people))
    columns = list(zip(*parts, strict=True)) or [()] * 6
    return ZoneCells(*(tuple(c) for c in columns))


def _bounds(grid: Grid, bounds: tuple[float, float, float, float]) -> tuple[slice, slice] | None:
    left, bottom, right, top = bounds
    x_min, _, _, y_max = grid.bounds
    size = grid.cell_size
    columns = slice(max(0, int((left - x_min) // size)), min(grid.columns, int((right - x_min) // size) + 1))
    rows = slice(max(0, int((y_max - top) // size)), min(grid.rows, int((y_max - bottom) // size) + 1))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None
