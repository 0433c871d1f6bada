"""Stretches of road without signal from any operator: lines cut where the state of the cells below them changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage import State
from geo.crs import from_wgs84
from geo.dead_zones.kinds import SERVED, UNSERVED
from geo.dead_zones.settings import DeadZoneSettings
from geo.errors import CrsError, GridMismatchError
from geo.grid import Grid

__all__ = ["ROAD_STATES", "RoadSegments", "road_segments"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_U8 = npt.NDArray[np.uint8]

#: What a piece of road is, in the order of the codes below.
ROAD_STATES = ("outside", "served", "uncertain", "unserved", "unknown")
_OUTSIDE, _SERVED, _UNCERTAIN, _UNSERVED, _UNKNOWN = range(5)
_DECIMALS = 3  # millimetres: ends of lines that meet are found equal by them
#: Shorter pieces are rounding where a line runs through the corner of a cell, and part no stretch.
_SLIVER_M = 0.01
_SEGMENT_DEG = 0.005  # about 500 m: lines straight on the map are so on the grid to a millimetre


@dataclass(frozen=True, slots=True, eq=False)
class RoadSegments:
    """Stretches without signal.

    Attributes
    ----------
    lines : GeoDataFrame
        Grid's CRS, LineStrings: ``road_ids`` (joined by "; "), ``road_name``, ``road_class``, ``length_km``; sorted
        by place. ``row``, ``column``: the cell at its middle; ``x_m``, ``y_m``: that place.
    cells : DataFrame
        Which cells the stretches run through: ``line`` (position in ``lines``), ``row``, ``column``, ``length_km``.
    km : mapping of str to float
        Length of all roads by :data:`ROAD_STATES`; ``unserved`` holds what is listed and what is not.
    short : int
        Stretches too short to be listed.
    short_km : float
    """

    lines: gpd.GeoDataFrame
    cells: pd.DataFrame
    km: Mapping[str, float]
    short: int
    short_km: float


def road_segments(roads: gpd.GeoDataFrame, state: _U8, grid: Grid, settings: DeadZoneSettings) -> RoadSegments:
    """Return the stretches of roads whose cells are unserved by all operators.

    A line is cut at the edges of cells; neighbouring pieces of one state are one stretch. Stretches of one road that
    meet end to end are joined, over features too: those with the same name and class, without a name those with
    the same id. What is uncertain or unknown is not unserved, and is told in ``km``.

    Parameters
    ----------
    roads : GeoDataFrame
        As :func:`geo.io.roads.read_roads` returns it: EPSG:4326, ``road_id``, ``road_name``, ``road_class``, LineStrings.
    state : (rows, columns) uint8 array
        State over all operators, codes of :class:`geo.coverage.State`.
    grid : Grid
        In metres; lengths are measured in its CRS.
    settings : DeadZoneSettings

    Raises
    ------
    CrsError
        If ``roads`` is not in EPSG:4326.
    """
    if roads.crs is None or roads.crs.to_epsg() != 4326:
        raise CrsError("Đường giao thông phải ở hệ EPSG:4326.", "Roads must be in EPSG:4326.")
    if state.shape != grid.shape:
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    pieces = _pieces(roads, state, grid)
    km = {name: float(pieces.length_m[pieces.code == code].sum()) / 1000.0 for code, name in enumerate(ROAD_STATES)}
    lines = _joined(roads, _stretches(pieces), grid)
    listed = lines["length_km"].to_numpy() >= settings.least_road_km
    short = lines[~listed]
    lines = lines[listed].reset_index(drop=True)
    cells = _cells_under(lines["cells"])
    return RoadSegments(lines.drop(columns="cells"), cells, km, len(short), float(short["length_km"].sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Straight pieces of lines within one cell, in the order in which lines run."""

    line: _I64
    start: _F64
    end: _F64
    row: _I64
    column: _I64
    code: _I64

    @property
    def length_m(self) -> _F64:
        along = self.end - self.start
        return np.asarray(np.hypot(along[:, 0], along[:, 1]), dtype=np.float64)


def _plane(lines: npt.NDArray[np.object_], grid: Grid) -> npt.NDArray[np.object_]:
    def moved(xy: _F64) -> _F64:
        # Rounded, so that lines which share an end still do.
        return np.asarray(np.round(np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], grid.epsg)), _DECIMALS), dtype=np.float64)

    # Every line runs the same way however it was drawn, so that it is cut at the same places.
    out = np.asarray(shapely.normalize(shapely.transform(shapely.segmentize(lines, _SEGMENT_DEG), moved)), dtype=object)
    for i in np.flatnonzero(shapely.is_closed(out)):  # normalize leaves a ring as it was drawn
        if shapely.get_coordinates(out[i])[::-1].tolist() < shapely.get_coordinates(out[i]).tolist():
            out[i] = shapely.reverse(out[i])
    return out


def _pieces(roads: gpd.GeoDataFrame, state: _U8, grid: Grid) -> _Pieces:
    kind = np.full(256, _UNKNOWN, dtype=np.int64)
    kind[State.OUTSIDE] = _OUTSIDE
    kind[State.UNCERTAIN] = _UNCERTAIN
    kind[list(SERVED)], kind[list(UNSERVED)] = _SERVED, _UNSERVED
    line, start, end, row, column = _cut(_plane(roads.geometry.to_numpy(), grid), grid)
    code = np.where(row >= 0, kind[state[row, column]], _OUTSIDE)
    return _Pieces(line, start, end, row, column, code)


def _cut(lines: npt.NDArray[np.object_], grid: Grid) -> tuple[_I64, _F64, _F64, _I64, _I64]:
    """Return straight pieces that each lie in one cell: line, start, end, row and column (-1 beyond the grid)."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = np.flatnonzero(line[1:] == line[:-1])
    a, b, owner = xy[same], xy[same + 1], line[same].astype(np.int64)
    u, v = ((p - [grid.x_min, grid.y_max]) / [grid.cell_size, -grid.cell_size] for p in (a, b))  # column, row
    segment = [np.arange(len(a)), np.arange(len(a))]
    share = [np.zeros(len(a)), np.ones(len(a))]
    for axis in range(2):
        low, high = np.minimum(u[:, axis], v[:, axis]), np.maximum(u[:, axis], v[:, axis])
        first, last = np.floor(low) + 1, np.ceil(high) - 1  # grid lines strictly between the ends
        count = np.maximum(last - first + 1, 0).astype(np.int64)
        of = np.repeat(np.arange(len(a)), count)
        nth = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        segment.append(of)
        share.append((first[of] + nth - u[of, axis]) / (v[of, axis] - u[of, axis]))
    of, at = np.concatenate(segment), np.concatenate(share)
    order = np.lexsort((at, of))
    of, at = of[order], at[order]
    within = np.flatnonzero((of[1:] == of[:-1]) & (at[1:] > at[:-1]))
    of, t0, t1 = of[within], at[within], at[within + 1]
    place = [np.where(t[:, None] >= 1.0, b[of], a[of] + t[:, None] * (b[of] - a[of])) for t in (t0, t1)]
    middle = (place[0] + place[1]) / 2.0
    row, column = grid.locate(middle[:, 0], middle[:, 1])
    like = _beside_slivers(owner[of], np.hypot(*(place[1] - place[0]).T) > _SLIVER_M)
    return owner[of], place[0], place[1], row[like], column[like]


def _beside_slivers(line: _I64, whole: npt.NDArray[np.bool_]) -> _I64:
    """Return for each piece itself, for slivers the piece before on the same line, else the one after."""
    n = len(line)
    at = np.arange(n)
    before = np.maximum.accumulate(np.where(whole, at, -1)) if n else at
    after = np.minimum.accumulate(np.where(whole, at, n)[::-1])[::-1] if n else at
    held = [np.where((other >= 0) & (other < n), line[np.clip(other, 0, max(n - 1, 0))], -1) == line for other in (before, after)]
    return np.where(held[0], before, np.where(held[1], after, at))


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """A run of unserved pieces of one line: its shape, and the cells below it (row, column, km)."""

    line: int
    shape: shapely.LineString
    cells: list[tuple[int, int, float]]


def _stretches(pieces: _Pieces) -> list[_Stretch]:
    """Return the runs of unserved pieces."""
    lost = pieces.code == _UNSERVED
    if not lost.any():
        return []
    follows = np.r_[False, (pieces.line[1:] == pieces.line[:-1]) & lost[1:] & lost[:-1]]
    starts = np.flatnonzero(lost & ~follows)
    stops = np.flatnonzero(lost & ~np.r_[follows[1:], False]) + 1
    km = pieces.length_m / 1000.0
    return [
        _Stretch(
            int(pieces.line[i]),
            shapely.LineString(np.concatenate([pieces.start[i:j], pieces.end[j - 1 : j]])),
            list(zip(pieces.row[i:j].tolist(), pieces.column[i:j].tolist(), km[i:j].tolist(), strict=True)),
        )
        for i, j in zip(starts, stops, strict=True)
    ]


def _joined(roads: gpd.GeoDataFrame, stretches: list[_Stretch], grid: Grid) -> gpd.GeoDataFrame:
    """Return the stretches, those of one road that meet joined, from north to south; ``cells`` holds what is below."""
    ids, names, classes = (roads[c].fillna("").astype(str).to_numpy(dtype=object) for c in ("road_id", "road_name", "road_class"))
    groups: dict[tuple[str, str, str], dict[bytes, list[_Stretch]]] = {}
    for each in stretches:
        key = (names[each.line], classes[each.line], "" if names[each.line] else ids[each.line])
        # A line given twice is there once.
        wkb = shapely.to_wkb(shapely.normalize(each.shape), byte_order=1)
        groups.setdefault(key, {}).setdefault(wkb, []).append(each)
    rows = []
    for (name, road_class, _), by_shape in groups.items():
        shapes = sorted(by_shape)  # the order in which lines came says nothing
        parts = shapely.from_wkb(shapes)
        merged = shapely.normalize(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts))))
        whole_of, part_of = shapely.STRtree(parts).query(merged, predicate="covers")
        for i, whole in enumerate(merged):
            mine = [by_shape[shapes[k]] for k in sorted(part_of[whole_of == i])]
            of = "; ".join(sorted({str(ids[each.line]) for same in mine for each in same}))
            middle = shapely.line_interpolate_point(whole, 0.5, normalized=True)
            plain = shapely.simplify(whole, _SLIVER_M)  # without the places where it was cut
            below = [cell for same in mine for cell in same[0].cells]
            rows.append((of, name, road_class, whole.length / 1000.0, middle.x, middle.y, below, plain))
    names_of = ["road_ids", "road_name", "road_class", "length_km", "x_m", "y_m", "cells", "geometry"]
    kinds = {"road_ids": "str", "road_name": "str", "road_class": "str", "length_km": float, "x_m": float, "y_m": float}
    frame = gpd.GeoDataFrame(rows, columns=names_of, geometry="geometry", crs=grid.epsg).astype(kinds)
    frame["row"], frame["column"] = grid.locate(frame["x_m"].to_numpy(float), frame["y_m"].to_numpy(float))
    frame["wkb"] = shapely.to_wkb(frame.geometry.to_numpy(), byte_order=1)
    order = ["row", "column", "y_m", "x_m", "road_ids", "wkb"]
    return frame.sort_values(order, ascending=[name != "y_m" for name in order]).drop(columns="wkb").reset_index(drop=True)


def _cells_under(cells: pd.Series) -> pd.DataFrame:
    """Return length by line and cell, sorted."""
    below = [(line, *cell) for line, each in enumerate(cells) for cell in each]
    frame = pd.DataFrame(below, columns=["line", "row", "column", "length_km"])
    frame = frame.astype({"line": np.int64, "row": np.int64, "column": np.int64, "length_km": np.float64})
    return frame.groupby(["line", "row", "column"])[["length_km"]].sum().reset_index()
