"""What a review says of the cells of a place: its layers put together, as far as they would fill the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import rasterize

from geo.coverage import State, combine
from geo.grid import Grid
from geo.register.zones import Layer

__all__ = ["Cells", "LayerSample", "cells_in", "states_of_places"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
DayArray = npt.NDArray[np.datetime64]
UInt8 = npt.NDArray[np.uint8]
_UPPER_EDGE_TOO = np.array([0, 1])


@dataclass(frozen=True, slots=True)
class Cells:
    """Grid cells of places; a cell stands once for each place that it belongs to.

    Attributes
    ----------
    place : (k,) int64 array
        Position of the place.
    row, column : (k,) int64 array
    """

    place: IntArray
    row: IntArray
    column: IntArray


@dataclass(frozen=True, slots=True)
class LayerSample:
    """One layer of one review at cells.

    Attributes
    ----------
    state : (k,) uint8 array
        Codes of :class:`geo.coverage.State`.
    level_dbm, probability : (k,) float64 array
        NaN where not stated.
    measured_on : (k,) datetime64[D] array
        Day of the latest sample of the layer in the cell; NaT without a dated one.
    out_of_reach : (k,) bool array or None
        No radio cell of the layer reaches so far: no level is stated, and none is needed. None: not known.
    neighbours_open : (k,) bool array or None
        So near the border that a neighbour's site might serve, and none of the operator's was given there. None: nowhere.
    """

    state: UInt8
    level_dbm: FloatArray
    probability: FloatArray
    measured_on: DayArray
    out_of_reach: npt.NDArray[np.bool_] | None = None
    neighbours_open: npt.NDArray[np.bool_] | None = None


def cells_in(shapes: npt.NDArray[np.object_], grid: Grid) -> Cells:
    """Return the cells whose centre lies in each shape, the cell at a point inside where there is none.

    Parameters
    ----------
    shapes : (places,) object array
        Polygons in the grid's CRS; an empty one has no cell.
    grid : Grid
    """
    found: list[IntArray] = []
    for i, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            continue
        window = _around(shape, grid)
        cells = np.zeros((0, 2), dtype=np.int64)
        if window is not None:
            part = grid.window(*window)
            burnt = rasterize([shape], out_shape=part.shape, transform=part.transform, dtype="uint8")
            cells = np.argwhere(burnt) + np.array([window[0].start, window[1].start])
        if not len(cells):
            point = shapely.point_on_surface(shape)
            row, column = (int(v) for v in grid.locate(point.x, point.y))
            cells = np.array([[row, column]] if row >= 0 else np.zeros((0, 2)), dtype=np.int64).reshape(-1, 2)
        found.append(np.column_stack([np.full(len(cells), i), cells]))
    every = np.concatenate(found) if found else np.zeros((0, 3), dtype=np.int64)
    place, row, column = every.astype(np.int64).T
    return Cells(place, row, column)


def _around(shape: shapely.Geometry, grid: Grid) -> tuple[slice, slice] | None:
    left, bottom, right, top = shapely.bounds(shape)
    columns = np.floor((np.array([left, right]) - grid.x_min) / grid.cell_size).astype(int) + _UPPER_EDGE_TOO
    rows = np.floor((grid.y_max - np.array([top, bottom])) / grid.cell_size).astype(int) + _UPPER_EDGE_TOO
    (west, east), (north, south) = np.clip(columns, 0, grid.columns), np.clip(rows, 0, grid.rows)
    return (slice(north, south), slice(west, east)) if west < east and north < south else None


def states_of_places(
    places: IntArray, needs: Sequence[tuple[Layer, ...]], samples: Mapping[Layer, LayerSample]
) -> tuple[UInt8, DayArray]:
    """Return state and day of the measurement behind it of each cell, for the place that it belongs to.

    A place's layers are combined as several operators are: one that serves is enough, unserved needs all.
    A layer that the review does not have is unknown, and so is a place without any layer.

    Parameters
    ----------
    places : (k,) int64 array
        Position of each cell's place.
    needs : sequence of tuples of (operator, technology, use)
        The layers of each place.
    samples : mapping
        By layer, at the same cells.

    Returns
    -------
    state : (k,) uint8 array
    measured_on : (k,) datetime64[D] array
        Latest day of the layers that measured what the state says; NaT where the state is not measured, or
        the measurement has no date.
    """
    size = len(places)
    state = np.full(size, State.UNKNOWN, dtype=np.uint8)
    day = np.full(size, np.datetime64("NaT"), dtype="datetime64[D]")
    by_need: dict[tuple[Layer, ...], list[int]] = {}
    for i, need in enumerate(needs):
        by_need.setdefault(need, []).append(i)
    for need, members in by_need.items():
        mine = np.flatnonzero(np.isin(places, members))
        if not len(mine) or not need:
            continue
        unknown = np.full(len(mine), State.UNKNOWN, dtype=np.uint8)
        parts = [samples[layer].state[mine] if layer in samples else unknown for layer in need]
        state[mine] = combine(parts)
        for layer, part in zip(need, parts, strict=True):
            measured = (part == state[mine]) & np.isin(part, (State.MEASURED_SERVED, State.MEASURED_UNSERVED))
            if measured.any():
                hit = mine[measured]
                day[hit] = np.fmax(day[hit], samples[layer].measured_on[hit])
    return state, day
