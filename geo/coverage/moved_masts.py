"""What a site without a place may serve: masts of its operator, set down where it may stand, and predicted like any other.

At places drawn in the communes that its row may mean stands a mast of its operator that has the technologies it is said to have,
one drawn for each place, with its antennas as they are. The chance that the site serves a cell is the mean over the places of P, the
probability that the level reaches the planning level, over the terrain and with what measurements taught. A flat radius, and the
chance by distance alone, were tried: both leave open what lies deep in a valley, which hardly any place of the commune can serve.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt
from scipy.special import ndtr

from geo.coverage.pieces import TileTask
from geo.coverage.states import LayerFacts
from geo.coverage.tile_margins import margins
from geo.coverage.unplaced import UnplacedKind, ground_of
from geo.crs import to_wgs84
from geo.grid import Grid
from geo.io.rasters import read_array, write_array
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings
from geo.propagation.sources import PreparedSources

__all__ = ["MovedMasts", "mean_chance", "moved_masts", "write_moved"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Layer = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MovedMasts:
    """Masts that stand for the sites of one kind.

    Attributes
    ----------
    tasks : tuple of TileTask
        One per place and set of layers, for :func:`write_moved`; their layers are the kind's own.
    open_layers : tuple of (operator, technology)
        Layers of which no mast of any operator has a place: nobody can say what such a site serves in its reach.
    reach : (rows, columns) bool array
        Cells that a radio cell may reach from where the sites may stand.
    """

    tasks: tuple[TileTask, ...]
    open_layers: tuple[_Layer, ...]
    reach: npt.NDArray[np.bool_]


def moved_masts(
    kinds: Sequence[UnplacedKind],
    prepared: PreparedSources,
    units: gpd.GeoDataFrame,
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    ground: GroundModel,
    settings: CoverageSettings,
    corrections: Corrections | None = None,
) -> list[MovedMasts | None]:
    """Return the masts that stand for each kind of site; None for those beyond the area.

    There are ``unplaced_places`` places per kind, fewer (down to ``unplaced_places_least``) where there are so many kinds that they would pass ``unplaced_places_in_all``.
    An operator that has no mast with a technology that a row names borrows those of the others; a row that names none stands for a mast of its
    operator, whatever that has. The same kind has the same places in every run.

    Parameters
    ----------
    kinds : sequence of UnplacedKind
    prepared : PreparedSources
        Of the whole run.
    units : GeoDataFrame
        Communes of the area, EPSG:4326, with ``commune_code``.
    grid : Grid
        Of the run, in metres.
    inside : (rows, columns) bool array
    ground : GroundModel
    settings : CoverageSettings
    corrections : Corrections, optional
        A mast that nobody measured where it is said to stand errs as much as the least known cell of the run.
    """
    least = int(settings.unplaced_places_least)
    places = max(least, min(int(settings.unplaced_places), int(settings.unplaced_places_in_all) // max(len(kinds), 1)))
    if corrections is not None and len(corrections.error_sd_db):
        corrections = replace(corrections, error_sd_db=np.full_like(corrections.error_sd_db, corrections.error_sd_db.max()))
    # Read once: of a single mast's time nine tenths went there.
    codes = None if corrections is None or ground.land_cover is None or not kinds else ground.land_cover.to_grid(grid)
    found: list[MovedMasts | None] = []
    for number, kind in enumerate(kinds):
        where = ground_of(kind.commune_codes, units, grid)
        if where is None:
            found.append(None)
            continue
        sets, open_layers = _layer_sets(kind, prepared)
        tasks: list[TileTask] = []
        for n, (layers, donors, borrowed) in enumerate(sets):
            name = f"unplaced_{number:04d}_{n}"
            rng = np.random.default_rng(zlib.crc32(f"{kind.operator}|{layers}|{kind.commune_codes}".encode()))
            tasks += _tasks(name, layers, donors, borrowed, where, places, prepared, grid, inside, ground, settings, corrections, rng)
        tasks = [
            replace(task, cover_codes=None if codes is None else np.ascontiguousarray(codes[task.row : task.row + task.grid.rows, task.column : task.column + task.grid.columns]))
            for task in tasks
        ]
        reach = distance_transform_edt(~where) * grid.cell_size <= settings.max_radius_m
        found.append(MovedMasts(tuple(tasks), open_layers, reach))
    return found


def write_moved(task: TileTask, folder: Path) -> dict[str, Any]:
    """Predict a mast where it was set down and write P of its layers (for ``compute.run_pieces``).

    Where terrain voids hide a path the most that it may bring counts: what is not known may serve.
    """
    margin, bound = margins(task)
    chance = np.where(task.inside, ndtr(np.fmax(np.fmax(margin, bound), -40.0)), 0.0).astype(np.float32)
    write_array(folder / f"{task.name}_chance.npy", chance)
    return {"name": task.name, "row": task.row, "column": task.column, "layers": [list(layer) for layer in task.facts.layers]}


def mean_chance(
    moved: MovedMasts | None, records: Mapping[str, Mapping[str, Any]], folder: Path, layers: Sequence[_Layer], grid: Grid
) -> _F64 | None:
    """Return the chance that one site of a kind serves each cell, (layers, rows, columns); None for one beyond the area.

    Parameters
    ----------
    moved : MovedMasts or None
    records : mapping of str to mapping
        What :func:`write_moved` returned, by name.
    folder : Path
        Where it wrote.
    layers : sequence of (operator, technology)
    grid : Grid
    """
    if moved is None:
        return None
    total, count = np.zeros((len(layers), *grid.shape)), np.zeros(len(layers))
    for task in moved.tasks:
        record = records[task.name]
        part = read_array(folder / f"{task.name}_chance.npy", mapped=True)
        rows, columns = slice(record["row"], record["row"] + part.shape[1]), slice(record["column"], record["column"] + part.shape[2])
        for i, layer in enumerate(record["layers"]):
            which = layers.index((layer[0], layer[1]))
            total[which, rows, columns] += part[i]
            count[which] += 1
    out = total / np.maximum(count, 1.0)[:, None, None]
    for layer in moved.open_layers:
        out[layers.index(layer)] = moved.reach
    return out


def _layer_sets(kind: UnplacedKind, prepared: PreparedSources) -> tuple[list[tuple[list[_Layer], _I64, list[_Layer]]], tuple[_Layer, ...]]:
    """Return layers, masts and the masts' own layers: all the kind's at once where masts have them all, else one by one."""
    sources = prepared.sources
    group_of = np.repeat(np.arange(sources.groups), np.diff(sources.group_first))
    wanted = [layer for layer in prepared.layers if kind.serves(layer)]

    def having(asked: Sequence[_Layer]) -> _I64:
        groups = [np.unique(group_of[(sources.layer == prepared.layers.index(layer)) & np.isfinite(sources.eirp_dbm)]) for layer in asked]
        return np.array(sorted(set.intersection(*({int(g) for g in each} for each in groups))), dtype=np.int64)

    if not kind.technologies:  # a mast of the operator, whatever it has
        own = [layer for layer in wanted if having([layer]).size]
        if not own:
            return [], tuple(wanted)
        return [(own, np.unique(np.concatenate([having([layer]) for layer in own])), own)], ()  # what none of its masts has, this one has not
    if wanted and (together := having(wanted)).size:
        return [(wanted, together, wanted)], ()
    sets, open_layers = [], []
    for layer in wanted:
        like = [layer, *(other for other in prepared.layers if other[1] == layer[1])]
        source = next((other for other in like if having([other]).size), None)
        if source is None:
            open_layers.append(layer)
        else:
            sets.append(([layer], having([source]), [source]))
    return sets, tuple(open_layers)


def _tasks(
    name: str, layers: list[_Layer], donors: _I64, own: list[_Layer], where: npt.NDArray[np.bool_], places: int, prepared: PreparedSources,
    grid: Grid, inside: npt.NDArray[np.bool_], ground: GroundModel, settings: CoverageSettings, corrections: Corrections | None, rng: np.random.Generator,
) -> list[TileTask]:  # fmt: skip
    """Return a task per place: a mast drawn from the donors, set down in a cell drawn from the ground."""
    cells = np.argwhere(where)
    chosen = cells[rng.choice(len(cells), size=places, replace=len(cells) < places)]
    jitter = rng.uniform(0.0, 1.0, (places, 2))
    left, _, _, top = grid.bounds
    x, y = left + (chosen[:, 1] + jitter[:, 0]) * grid.cell_size, top - (chosen[:, 0] + jitter[:, 1]) * grid.cell_size
    lon, lat = to_wgs84(x, y, grid.epsg)
    height = ground.sample(lon, lat)
    masts = rng.choice(donors, size=places)
    place = {prepared.layers.index(source): i for i, source in enumerate(own)}
    tasks = []
    for i in range(places):
        window = _window(grid, float(x[i]), float(y[i]), settings.max_radius_m)
        here = np.ascontiguousarray(inside[window])
        sources = _moved(prepared.sources, int(masts[i]), place, (lon[i], lat[i], x[i], y[i], height[i]))
        tasks.append(
            TileTask(
                name=f"{name}_{i:03d}", grid=grid.window(*window), row=window[0].start, column=window[1].start, inside=here,
                ring=np.zeros(here.shape, dtype=bool), sources=sources, facts=LayerFacts(tuple(layers)), ground=ground,
                settings=settings, corrections=corrections,
            )
        )  # fmt: skip
    return tasks


def _moved(sources: RadioSources, group: int, place: Mapping[int, int], at: Sequence[float]) -> RadioSources:
    """Return a mast's radio cells of some layers, standing elsewhere."""
    alone = sources.alone(group, list(place))
    moved = dict(zip(("group_lon", "group_lat", "group_x_m", "group_y_m", "group_ground_m"), (np.array([v]) for v in at), strict=True))
    return replace(alone, layer=np.array([place[int(k)] for k in alone.layer], dtype=np.int64), **moved)


def _window(grid: Grid, x: float, y: float, reach_m: float) -> tuple[slice, slice]:
    """Return rows and columns whose cells come within reach of a point on the grid."""
    left, _, _, top = grid.bounds
    columns = [int((v - left) // grid.cell_size) for v in (x - reach_m, x + reach_m)]
    rows = [int((top - v) // grid.cell_size) for v in (y + reach_m, y - reach_m)]
    return slice(max(0, rows[0]), min(grid.rows, rows[1] + 1)), slice(max(0, columns[0]), min(grid.columns, columns[1] + 1))
