"""The public edition of a map: what may leave the department, made of the internal one by a list of what is shown.

Nothing of a site is in it, nor of what was computed along a path to one. Coverage and dead zones are drawn in squares of at least
500 m (``resources/public_edition.toml``), and their outlines are displaced (:mod:`geo.mapping.displacement`). The proof is a difference: with the results fixed, sites may move within such a square,
and every column that is not listed may hold anything, without changing a byte of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import ceil
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG, from_wgs84, to_wgs84
from geo.errors import Bilingual
from geo.grid import Grid
from geo.io.resources import load_toml
from geo.mapping.content import AreaLayer, CoverageLayer, MapContent, ThemeLayer
from geo.mapping.displacement import Displacement, displacement, seed_of
from geo.mapping.labels import count_text, phrase

__all__ = ["coarse_grid", "coarse_states", "public_content"]

#: Columns of verdicts whose words are published: what the rules and documents are called.
_NAMED = ("rule_id", "rule_title", "document")
_STATES = 7
#: Points along a square's side at which it is looked whether a zone is there.
_ALONG = 10
_MEASURED_SERVED, _SERVED, _UNCERTAIN, _UNSERVED, _MEASURED_UNSERVED, _UNKNOWN = 1, 2, 3, 4, 5, 6


@lru_cache(maxsize=1)
def _shown() -> Mapping[str, Any]:
    return MappingProxyType(load_toml("public_edition.toml"))


def public_content(content: MapContent, *, notices: Sequence[Bilingual] = ()) -> MapContent:
    """Return the content of the public edition.

    Parameters
    ----------
    content : MapContent
        Of the internal edition.
    notices : sequence of Bilingual
        What a reader has to know: nothing of the internal edition's is taken over, since warnings name files, rows and sites.

    Returns
    -------
    MapContent
        Sites, people's figures by method, claims, the register, plans, sharing, masts, inputs' names and priorities are left out;
        tables have the columns that ``resources/public_edition.toml`` lists.
    """
    columns = _shown()["columns"]
    smallest = float(_shown()["cells"]["smallest_m"])
    grids = {layer.grid for layer in content.layers}
    coarse = {grid: coarse_grid(grid, smallest) for grid in grids}
    cells, seed = _shown()["cells"], seed_of([layer.state for layer in content.layers])
    moves = {grid: displacement(grid, seed=seed, shortest_m=float(cells["displaced_at_least_m"]), longest_m=float(cells["displaced_m"]), apart_m=float(cells["displacement_changes_over_m"])) for grid in grids}
    left_out: list[Bilingual] = [phrase("public.left_out")]
    zones = [layer for layer in content.areas if layer.kind == "zone"]
    fine = next(iter(sorted(grids, key=lambda grid: (coarse[grid].cell_size, grid.x_min, grid.y_max))), None)
    place = None if fine is None else coarse[fine]
    if zones and place is None:
        left_out.append(phrase("public.no_grid"))
        zones = []
    verdicts = [layer for layer in content.themes if layer.kind == "verdict"]
    themes, dropped = _verdicts(verdicts, columns["verdicts"])
    if dropped:
        left_out.append(phrase("public.verdicts_left_out", n=count_text(dropped)))
    return MapContent(
        title=content.title,
        project_name=content.project_name,
        version=content.version,
        date=content.date,
        made_up=content.made_up,
        language=content.language,
        edition="public",
        communes=_communes(content.communes),
        provinces=_communes(content.provinces, "provinces"),
        villages=_listed(content.villages, columns["villages"]),
        roads=None if content.roads is None else _listed(content.roads, [*columns["roads"], "geometry"]),
        coverage=tuple(_coarse(layer, coarse[layer.grid], moves[layer.grid]) for layer in content.coverage),
        all_operators=tuple(_coarse(layer, coarse[layer.grid], moves[layer.grid]) for layer in content.all_operators),
        areas=tuple(_zones(layer, columns["zones"], place, moves[fine]) for layer in zones if place is not None and fine is not None),
        areas_missing=tuple(left_out),
        themes=themes,
        street_years=_listed(content.street_years, columns["street_years"]) if columns["street_years"] else None,
        model=content.model,
        method=content.method,
        model_checked=content.model_checked,
        served_at_least=content.served_at_least,
        unserved_at_most=content.unserved_at_most,
        measurements=content.measurements,
        notices=tuple(notices),
    )


def _listed(frame: Any, columns: Sequence[str]) -> Any:
    return None if frame is None else frame[[name for name in columns if name in frame.columns]]


def _communes(communes: gpd.GeoDataFrame | None, table: str = "communes") -> gpd.GeoDataFrame | None:
    if communes is None:
        return None
    columns = _shown()["columns"]
    each = tuple(columns["communes_each"])
    kept = [name for name in communes.columns if name in columns[table] or name in each or name.endswith(tuple(f"_{figure}" for figure in each))]
    return communes[[*kept, "geometry"]]


def _verdicts(layers: Sequence[ThemeLayer], columns: Sequence[str]) -> tuple[tuple[ThemeLayer, ...], int]:
    """Return verdicts without those that count stations or tell levels, and how many rows that leaves out."""
    hidden = _shown()["verdicts"]
    out, dropped = [], 0
    for layer in layers:
        bad = pd.Series(data=False, index=layer.frame.index)
        for name, key in (("indicator", "indicators_left_out"), ("unit", "units_left_out")):
            if name in layer.frame.columns:
                bad |= layer.frame[name].isin(hidden[key])
        dropped += int(bad.sum())
        frame = _listed(layer.frame[~bad], columns).reset_index(drop=True)
        held = {column: set(frame[column].astype(str)) for column in _NAMED if column in frame.columns and column in layer.words}
        words = {column: {code: text for code, text in layer.words[column].items() if code in codes} for column, codes in held.items()}
        out.append(ThemeLayer("verdict", frame, words))
    return tuple(out), dropped


def coarse_grid(grid: Grid, smallest_m: float) -> Grid:
    """Return the grid of whole cells joined to squares of at least ``smallest_m``, from the same north-west corner; the grid itself if its cells are.

    Its grid lies where the whole cells of the run lie, so that it does not depend on anything inside the area.
    """
    times = ceil(smallest_m / grid.cell_size - 1e-9)
    return Grid(grid.epsg, grid.x_min, grid.y_max, grid.cell_size * times, ceil(grid.rows / times), ceil(grid.columns / times)) if times > 1 else grid


def coarse_states(state: npt.NDArray[np.uint8], times: int) -> npt.NDArray[np.uint8]:
    """Return the state of squares of ``times`` cells: that of more than half of their cells inside the area, else not decided.

    Measured and predicted count together and the more frequent of both is named. Where neither served nor unserved cells are more
    than half the square is unknown if more of it is unknown than uncertain, else uncertain. A square without a cell inside is outside (0).

    Parameters
    ----------
    state : (rows, columns) uint8 array
        Codes 0 to 6.
    times : int
        Cells along a square's side.

    Returns
    -------
    (ceil(rows / times), ceil(columns / times)) uint8 array
    """
    rows, columns = (-(-n // times) for n in state.shape)
    padded = np.zeros((rows * times, columns * times), dtype=np.uint8)
    padded[: state.shape[0], : state.shape[1]] = state
    blocks = padded.reshape(rows, times, columns, times)
    counts = np.stack([(blocks == code).sum(axis=(1, 3)) for code in range(_STATES)])
    inside = counts[1:].sum(axis=0)
    served = counts[_MEASURED_SERVED] + counts[_SERVED]
    unserved = counts[_UNSERVED] + counts[_MEASURED_UNSERVED]
    out: npt.NDArray[np.uint8] = np.select(
        [inside == 0, served * 2 > inside, unserved * 2 > inside],
        [
            np.zeros_like(inside),
            np.where(counts[_MEASURED_SERVED] > counts[_SERVED], _MEASURED_SERVED, _SERVED),
            np.where(counts[_MEASURED_UNSERVED] > counts[_UNSERVED], _MEASURED_UNSERVED, _UNSERVED),
        ],
        default=np.where(counts[_UNKNOWN] > counts[_UNCERTAIN], _UNKNOWN, _UNCERTAIN),
    ).astype(np.uint8)
    return out


def _coarse(layer: CoverageLayer, grid: Grid, move: Displacement) -> CoverageLayer:
    state = move.states(layer.state, layer.grid)
    times = round(grid.cell_size / layer.grid.cell_size)
    said = phrase("public.cells")
    note = said if layer.note is None else Bilingual(f"{said.vi} {layer.note.vi}", f"{said.en} {layer.note.en}")
    return replace(layer, state=coarse_states(state, times) if times > 1 else state, grid=grid, note=note)


def _zones(layer: AreaLayer, columns: Sequence[str], grid: Grid, move: Displacement) -> AreaLayer:
    frame = pd.DataFrame(_listed(layer.frame, columns)).reset_index(drop=True)
    shapes = [_in_squares(shape, grid, move) for shape in layer.frame.geometry]
    return AreaLayer("zone", gpd.GeoDataFrame(frame, geometry=shapes, crs=WGS84_EPSG), layer.operator, layer.technology)


def _in_squares(shape: Any, grid: Grid, move: Displacement | None = None) -> Any:
    """Return the squares that a shape fills by half (a line: runs through for half a side), or the one that it fills most; EPSG:4326.

    What it fills is counted at points a tenth of a side apart: an outline is of cells of some such size anyway.
    """
    if shape is None or shape.is_empty:
        return None
    drawn = shapely.transform(shape, lambda c: np.column_stack(from_wgs84(c[:, 0], c[:, 1], grid.epsg)))
    if move is not None:  # what states shows at a place comes from the place the vector leads to
        drawn = shapely.make_valid(shapely.transform(drawn, lambda c: c - move.at(c[:, 0], c[:, 1])))
    size = grid.cell_size
    if drawn.geom_type in {"LineString", "MultiLineString"}:
        points = [shapely.get_coordinates(shapely.line_interpolate_point(part, np.arange(0.0, part.length, size / _ALONG))) for part in shapely.get_parts(drawn)]
        x, y = np.concatenate(points).T
        whole = _ALONG
    else:
        west, south, east, north = shapely.bounds(drawn)
        steps = [(np.arange(np.floor(low / size) * size, high + size, size / _ALONG) + size / _ALONG / 2) for low, high in ((west, east), (south, north))]
        x, y = (part.ravel() for part in np.meshgrid(*steps))
        shapely.prepare(drawn)
        inside = shapely.contains_xy(drawn, x, y)
        x, y = x[inside], y[inside]
        whole = _ALONG**2
    if not len(x):
        point = shapely.point_on_surface(drawn)
        x, y = np.array([point.x]), np.array([point.y])
    places = np.column_stack([np.floor((x - grid.x_min) / size), np.floor((grid.y_max - y) / size)])
    found, counts = np.unique(places, axis=0, return_counts=True)
    kept = found[counts * 2 >= whole] if (counts * 2 >= whole).any() else found[[int(np.argmax(counts))]]
    left, top = grid.x_min + kept[:, 0] * size, grid.y_max - kept[:, 1] * size
    squares = shapely.union_all(shapely.box(left, top - size, left + size, top))
    return shapely.transform(squares, lambda c: np.column_stack(to_wgs84(c[:, 0], c[:, 1], grid.epsg)))
