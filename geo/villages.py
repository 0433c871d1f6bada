"""Villages: class, best server and the clusters of households around the point.

The class is the first that holds (codes; what people read comes from the strings):

``white``            the point is unserved by every operator
``undecided``        nobody serves for sure, somebody is uncertain or unknown
``weak``             the point is served, a cluster of at least N households is not
``voice_only``       served by 2G alone, while 2G counts, and all better technologies are known unserved
``no_4g``            the best is 3G, and 4G and 5G are known unserved
``single_operator``  one operator serves, all others are known unserved
``served``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize
from scipy.ndimage import find_objects, label
from scipy.spatial import cKDTree

from geo.coverage import TECHNOLOGIES, Coverage, CoverageSettings, Reason, State
from geo.crs import from_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.polygons import projected
from geo.io.resources import load_toml

__all__ = ["VILLAGE_COLUMNS", "VillageSettings", "classify_villages", "village_cells", "village_settings"]

_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
_EIGHT = np.ones((3, 3), dtype=int)
_GIVEN = (
    "village_id",
    "village_name",
    "commune_code",
    "lon",
    "lat",
    "point_kind",
    "households",
    "population",
    "grid_power",
    "difficult_area",
)
VILLAGE_COLUMNS = (
    *_GIVEN,
    "class",
    "weak",
    "single_operator",
    "operators_serving",
    "operators_undecided",
    "best_operator",
    "best_technology",
    "best_rsrp_dbm",
    "probability",
    "margin_db",
    "evidence",
    "last_measured",
    "cluster_basis",
    "nearest_site_id",
    "nearest_site_km",
    "obstruction",
    "deadline",
    "service_not_counting",
)


@dataclass(frozen=True, slots=True)
class VillageSettings:
    """Settings of the village classes.

    Attributes
    ----------
    weak_cluster_households : float
        N: an unserved cluster of at least so many households makes a village weak.
    persons_per_household : float
        Turns people of a pixel into households where the list gives none.
    """

    weak_cluster_households: float
    persons_per_household: float


def village_settings(**replaced: float) -> VillageSettings:
    """Return the default settings; keywords replace single fields."""
    values = {name: float(entry["value"]) for name, entry in load_toml("defaults.toml")["villages"].items()}
    return VillageSettings(**{**values, **replaced})


def village_cells(
    settlements: pd.DataFrame,
    grid: Grid,
    unit_index: npt.NDArray[np.int32],
    commune_codes: Sequence[str],
    hamlets: gpd.GeoDataFrame | None = None,
) -> npt.NDArray[np.int32]:
    """Return for each grid cell the village it belongs to, by position in ``settlements``; -1 none.

    A village with a polygon has the cells whose centre the polygon holds. The other cells of a commune
    go to the nearest village of the commune, unless that one has a polygon.

    Parameters
    ----------
    settlements : DataFrame
        village_id, commune_code, lon, lat.
    grid : Grid
    unit_index : (rows, columns) int32 array
        See :func:`geo.coverage.unit_index`.
    commune_codes : sequence of str
        Code of each position in ``unit_index``.
    hamlets : GeoDataFrame, optional
        Polygons, EPSG:4326, with village_id.
    """
    if unit_index.shape != grid.shape:
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    out = np.full(grid.shape, -1, dtype=np.int32)
    x, y = from_wgs84(settlements["lon"].to_numpy(float), settlements["lat"].to_numpy(float), grid.epsg)
    placed = np.isfinite(x) & np.isfinite(y)
    row, column = grid.locate(x, y)
    codes = np.asarray(commune_codes, dtype=object)
    own = settlements["commune_code"].to_numpy(dtype=object)
    unit_of = {code: i for i, code in enumerate(codes)}
    unit = np.array([unit_of.get(code, -1) for code in own], dtype=np.int64)
    lost = (unit < 0) & (row >= 0)  # no commune in the list: the one the point lies in
    unit[lost] = unit_index[row[lost], column[lost]]
    with_polygon = np.zeros(len(settlements), dtype=bool)
    if hamlets is not None and len(hamlets):
        with_polygon = settlements["village_id"].isin(hamlets["village_id"]).to_numpy()
    centre_x, centre_y = grid.centres()
    cell_row, cell_column = np.nonzero(unit_index >= 0)
    of_cell = unit_index[cell_row, cell_column]
    order = np.argsort(of_cell, kind="stable")
    edges = np.searchsorted(of_cell[order], np.arange(len(codes) + 1))
    for i in np.unique(unit[placed & (unit >= 0)]):
        members = np.flatnonzero(placed & (unit == i))
        part = order[edges[i] : edges[i + 1]]
        if not part.size:
            continue
        r, c = cell_row[part], cell_column[part]
        tree = cKDTree(np.column_stack([x[members], y[members]]))
        nearest = members[tree.query(np.column_stack([centre_x[c], centre_y[r]]))[1]]
        out[r, c] = np.where(with_polygon[nearest], -1, nearest)
    if hamlets is not None and with_polygon.any():
        position = {v: i for i, v in reversed(list(enumerate(settlements["village_id"])))}
        known = hamlets[hamlets["village_id"].isin(position)].sort_values("village_id", kind="stable")
        shapes = projected(known, grid.epsg)
        pairs = [
            (s, position[v])
            for s, v in zip(shapes, known["village_id"], strict=True)
            if s is not None and not s.is_empty
        ]
        if pairs:
            burnt = rasterize(pairs, out_shape=grid.shape, transform=grid.transform, fill=-1, dtype="int32")
            out = np.where(burnt >= 0, burnt, out).astype(np.int32)
    return out


def classify_villages(
    settlements: pd.DataFrame,
    coverage: Coverage,
    sites: pd.DataFrame,
    *,
    cells_of_villages: npt.NDArray[np.int32],
    settings: CoverageSettings,
    village_settings: VillageSettings,
    buildings: pd.DataFrame | None = None,
    population: npt.NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Return ``villages.csv``: class, flags and what they rest on, in the order of ``settlements``.

    Parameters
    ----------
    settlements : DataFrame
        The canonical table.
    coverage : Coverage
    sites : DataFrame
        The canonical table; off-air and planned ones are not "nearest".
    cells_of_villages : (rows, columns) int32 array
        See :func:`village_cells`.
    settings : CoverageSettings
    village_settings : VillageSettings
    buildings : DataFrame, optional
        ``lon``, ``lat`` of building points or footprint centres, EPSG:4326.
    population : (rows, columns) float64 array, optional
        People per cell; NaN unknown.

    Returns
    -------
    DataFrame
        Columns :data:`VILLAGE_COLUMNS`. ``weak`` and ``single_operator`` are True, False or NA (cannot
        be said). ``households`` and ``population`` are the list's; where it gives none they are counted
        from the buildings and the population in the village's cells. ``operators_undecided`` says who
        and why: ``"A=uncertain; B=terrain"``. ``service_not_counting`` names what serves the point by a
        technology that no longer counts. A village without position, or outside the area, is undecided.
    """
    grid, n = coverage.grid, len(settlements)
    if cells_of_villages.shape != grid.shape or (population is not None and population.shape != grid.shape):
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    x, y = from_wgs84(settlements["lon"].to_numpy(float), settlements["lat"].to_numpy(float), grid.epsg)
    row, column = grid.locate(x, y)
    out = settlements[list(_GIVEN)].reset_index(drop=True).copy()
    points = [_Point(coverage, settings, int(r), int(c)) for r, c in zip(row, column, strict=True)]
    basis, largest, largest_open, counted = _clusters(
        coverage, settings, village_settings, cells_of_villages, out, buildings, population, grid
    )
    out["households"] = counted["households"]
    out["population"] = counted["population"]
    weak: list[bool | None] = []
    classes: list[str] = []
    single: list[bool | None] = []
    for i, point in enumerate(points):
        flag = _weak(point, basis[i], largest[i], largest_open[i], village_settings.weak_cluster_households)
        weak.append(flag)
        single.append(point.single)
        classes.append(point.village_class(flag))
    out["class"] = classes
    out["weak"] = pd.array(weak, dtype="boolean")
    out["single_operator"] = pd.array(single, dtype="boolean")
    out["operators_serving"] = ["; ".join(p.serving) for p in points]
    out["operators_undecided"] = ["; ".join(f"{o}={why}" for o, why in p.undecided) for p in points]
    best = pd.DataFrame(
        [p.best() for p in points],
        columns=["best_operator", "best_technology", "best_rsrp_dbm", "probability", "margin_db"],
    )
    out = pd.concat([out, best], axis=1)
    out["evidence"] = ["predicted" if p.predicted else "none" for p in points]
    out["last_measured"] = pd.array([pd.NaT] * n, dtype="datetime64[ns]")
    out["cluster_basis"] = basis
    out["nearest_site_id"], out["nearest_site_km"] = _nearest(x, y, sites, grid)
    out["obstruction"] = ""
    out["deadline"] = ""
    out["service_not_counting"] = ["; ".join(p.not_counting) for p in points]
    return out[list(VILLAGE_COLUMNS)]


class _Point:
    """What the layers say at one point."""

    def __init__(self, coverage: Coverage, settings: CoverageSettings, row: int, column: int) -> None:
        self._settings = settings
        self._rows: list[tuple[str, str, State, Reason, float, float]] = []
        for i, (operator, technology) in enumerate(coverage.layers):
            state, reason, level, probability = State.UNKNOWN, Reason.TERRAIN, np.nan, np.nan
            if row >= 0 and coverage.state[i, row, column] != State.OUTSIDE:
                state = State(int(coverage.state[i, row, column]))
                reason = Reason(int(coverage.reason[i, row, column]))
                level = float(coverage.level_dbm[i, row, column])
                probability = float(coverage.probability[i, row, column])
            elif row < 0 or coverage.state[i, row, column] == State.OUTSIDE:
                reason = Reason.NONE
            self._rows.append((operator, technology, state, reason, level, probability))
        self.operators = coverage.operators
        self._counting = [r for r in self._rows if r[1] in settings.counting]

    def _states(self, operator: str) -> list[State]:
        return [r[2] for r in self._counting if r[0] == operator]

    @property
    def predicted(self) -> bool:
        """Whether anything at all is known here."""
        return any(r[2] != State.UNKNOWN for r in self._counting)

    @property
    def serving(self) -> list[str]:
        """Operators that serve by a technology that counts."""
        return [o for o in self.operators if any(s in _SERVED for s in self._states(o))]

    @property
    def unserved(self) -> list[str]:
        """Operators known not to serve."""
        return [o for o in self.operators if self._states(o) and all(s in _UNSERVED for s in self._states(o))]

    @property
    def undecided(self) -> list[tuple[str, str]]:
        """Operators that neither serve for sure nor are known not to, with the reason."""
        found = []
        for operator in self.operators:
            if operator in self.serving or operator in self.unserved:
                continue
            why = set()
            for _, _, state, reason, _, _ in (r for r in self._counting if r[0] == operator):
                if state == State.UNCERTAIN:
                    why.add("uncertain")
                elif state == State.UNKNOWN:
                    why.add(reason.name.lower() if reason != Reason.NONE else "outside")
            found.append((operator, "+".join(sorted(why)) or "no_technology"))
        return found

    @property
    def single(self) -> bool | None:
        """One serves and all others are known not to; None when that cannot be said."""
        serving = self.serving
        if len(serving) > 1 or not self.operators:
            return False
        if len(serving) == 1:
            return True if len(self.unserved) == len(self.operators) - 1 else None
        return False if len(self.unserved) == len(self.operators) else None

    @property
    def not_counting(self) -> list[str]:
        """Operators and technologies that serve here but no longer count."""
        return [f"{r[0]} {r[1]}" for r in self._rows if r[1] not in self._settings.counting and r[2] in _SERVED]

    def _only(self, allowed: set[str]) -> bool:
        """Whether one of the technologies serves and all others that count are known not to."""
        served = {r[1] for r in self._counting if r[2] in _SERVED}
        others = [r for r in self._counting if r[1] not in allowed]
        return bool(served) and served <= allowed and all(r[2] in _UNSERVED for r in others)

    def village_class(self, weak: bool | None) -> str:
        """Return the first class that holds."""
        if not self.serving:
            return "white" if self.operators and len(self.unserved) == len(self.operators) else "undecided"
        if weak is True:
            return "weak"
        if self._only({"2G"}):
            return "voice_only"
        if self._only({"2G", "3G"}):
            return "no_4g"
        return "single_operator" if self.single else "served"

    def best(self) -> tuple[str, str, float, float, float]:
        """Return operator, technology, level, probability and margin of the best server that counts.

        The newest generation that serves, else the newest that is uncertain; within it the strongest
        operator. Where none does, the one that falls short of its planning level by the least (whether that makes it
        unserved or unknown); blank where no margin is known. The first of equals: layers are sorted.
        """
        levelled = [r for r in self._counting if np.isfinite(r[4])]
        for states in (_SERVED, (State.UNCERTAIN,)):
            among = [r for r in levelled if r[2] in states]
            if among:
                newest = max(TECHNOLOGIES.index(r[1]) for r in among)
                return self._figures(max((r for r in among if r[1] == TECHNOLOGIES[newest]), key=lambda r: r[4]))
        # Nobody serves: who comes nearest to it. Levels of two technologies do not compare, margins do.
        figures = [f for f in map(self._figures, levelled) if np.isfinite(f[4])]
        return max(figures, key=lambda f: f[4], default=("", "", np.nan, np.nan, np.nan))

    def _figures(self, row: tuple[str, str, State, Reason, float, float]) -> tuple[str, str, float, float, float]:
        operator, technology, _, _, level, probability = row
        return (operator, technology, level, probability, level - self._settings.levels_dbm.get(technology, np.nan))


def _weak(point: _Point, basis: str, largest: float, largest_open: float, threshold: float) -> bool | None:
    """Return the flag: None without households, or while undecided cells could make the cluster large enough."""
    if basis not in ("buildings", "population"):
        return None
    if not point.serving:
        return False if len(point.unserved) == len(point.operators) else None
    if largest >= threshold:
        return True
    return False if largest_open < threshold else None


def _clusters(
    coverage: Coverage,
    settings: CoverageSettings,
    village_settings: VillageSettings,
    cells_of_villages: npt.NDArray[np.int32],
    villages: pd.DataFrame,
    buildings: pd.DataFrame | None,
    population: npt.NDArray[np.float64] | None,
    grid: Grid,
) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64], pd.DataFrame]:
    """Return basis, largest unserved cluster, the same with undecided cells, and households and population."""
    n = len(villages)
    owned = cells_of_villages >= 0
    place = cells_of_villages[owned].astype(np.int64)
    houses = _per_cell(buildings, grid)
    people = None if population is None else np.where(np.isfinite(population), population, 0.0)
    zero = np.zeros(n)
    per_village_houses = zero if houses is None else np.bincount(place, houses[owned], minlength=n)
    per_village_people = zero if people is None else np.bincount(place, people[owned], minlength=n)
    known_people = (
        zero if population is None else np.bincount(place, np.isfinite(population[owned]), minlength=n)
    )
    given = villages["households"].to_numpy(dtype=np.float64, na_value=np.nan)
    given_people = villages["population"].to_numpy(dtype=np.float64, na_value=np.nan)
    state = coverage.all_state(settings.counting)
    unserved = np.isin(state, _UNSERVED)
    open_ = ~np.isin(state, _SERVED) & (state != State.OUTSIDE)
    windows = find_objects(cells_of_villages + 1, max_label=n)
    basis, largest, largest_open = [""] * n, np.zeros(n), np.zeros(n)
    for i in range(n):
        if windows[i] is None:
            continue
        window = windows[i]
        mine = cells_of_villages[window] == i
        if houses is not None and per_village_houses[i] > 0:
            basis[i] = "buildings"
            scale = given[i] / per_village_houses[i] if np.isfinite(given[i]) else 1.0
            weight = houses[window] * scale
        elif people is not None and per_village_people[i] > 0:
            basis[i] = "population"
            scale = (
                given[i] / per_village_people[i]
                if np.isfinite(given[i])
                else 1.0 / village_settings.persons_per_household
            )
            weight = people[window] * scale
        else:
            basis[i] = "cells"
            continue
        largest[i] = _largest(mine & unserved[window], weight)
        largest_open[i] = _largest(mine & open_[window], weight)
    counted_houses = np.where(per_village_houses > 0, per_village_houses, np.nan)
    counted_people = np.where(known_people > 0, per_village_people, np.nan)
    counted = pd.DataFrame(
        {
            "households": np.where(np.isnan(given), counted_houses, given),
            "population": np.where(np.isnan(given_people), counted_people, given_people),
        }
    )
    return basis, largest, largest_open, counted


def _per_cell(buildings: pd.DataFrame | None, grid: Grid) -> npt.NDArray[np.float64] | None:
    """Return the number of buildings per cell."""
    if buildings is None:
        return None
    x, y = from_wgs84(buildings["lon"].to_numpy(float), buildings["lat"].to_numpy(float), grid.epsg)
    row, column = grid.locate(x, y)
    hit = row >= 0
    flat = np.bincount(row[hit] * grid.columns + column[hit], minlength=grid.rows * grid.columns)
    return flat.astype(np.float64).reshape(grid.shape)


def _largest(mask: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64]) -> float:
    """Return the greatest sum of weights over cells that touch each other, corners included."""
    if not mask.any():
        return 0.0
    labels, _ = label(mask, structure=_EIGHT)
    sums = np.bincount(labels.ravel(), np.where(mask, weight, 0.0).ravel())
    return float(sums[1:].max())


def _nearest(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], sites: pd.DataFrame, grid: Grid
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Return id and distance (km, in the grid's CRS) of the nearest site that is not off air or planned."""
    ids, km = np.full(len(x), "", dtype=object), np.full(len(x), np.nan)
    air = sites[~sites["status"].isin(["off_air", "planned"])].sort_values(["operator", "site_id"], kind="stable")
    site_x, site_y = from_wgs84(air["lon"].to_numpy(float), air["lat"].to_numpy(float), grid.epsg)
    placed = np.isfinite(site_x) & np.isfinite(site_y)
    asked = np.isfinite(x) & np.isfinite(y)
    if placed.any() and asked.any():
        tree = cKDTree(np.column_stack([site_x[placed], site_y[placed]]))
        distance, position = tree.query(np.column_stack([x[asked], y[asked]]))
        ids[asked] = air["site_id"].to_numpy(dtype=object)[placed][position]
        km[asked] = distance / 1000.0
    return ids, km
