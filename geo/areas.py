"""Administrative units as places that points are tested against: which commune, which province, how near.

Boundaries are taken as they are drawn: neighbours may overlap or leave slivers between them. A point
in an overlap belongs to the unit with the lower code; a point in a sliver, within ``snap_m`` of a
unit, belongs to the nearest one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from geo.crs import ProvinceZones, from_wgs84, local_utm_epsg
from geo.errors import CrsError
from geo.former_areas import FormerAreas, FormerMatch, Matched
from geo.patches import PatchGrid
from geo.text import fold, fold_unit_name, same_unit_name

__all__ = ["AreaIndex", "AreaMeant"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_SNAP_M = 50.0
_BRACKETS = re.compile(r"\([^)]*\)?")
_METRES_PER_DEGREE = 111_320.0
_MANY = 20_000  # fewer points are tested one by one
_NOT_ASKED = -2
_NO_FORMER = FormerMatch(Matched.NONE)


@dataclass(frozen=True, slots=True)
class AreaMeant:
    """What a row's code or names mean.

    Attributes
    ----------
    units : frozenset of int
        Indices of today's communes; several where the row does not say which.
    match : FormerMatch
        The former communes by which they were found; none where today's were named.
    near : tuple of int
        Former communes that became others, whose names differ from the row's by accents only (positions in ``FormerAreas``).
    """

    units: frozenset[int] = frozenset()
    match: FormerMatch = _NO_FORMER
    near: tuple[int, ...] = ()


_NOTHING = AreaMeant()


def _plain(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()


class AreaIndex:
    """The communes of a project, by place, by code and by name.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in EPSG:4326 with ``commune_code``, ``commune_name``, ``province_code`` and
        ``province_name``; ``former_names`` (texts of what was merged) is used where present.
    zones : mapping
        Province code to its VN-2000 zones; provinces without an entry have none.
    former : FormerAreas, optional
        Communes before 01/07/2025: what they became is meant where a row names one.

    Raises
    ------
    CrsError
        If the units are not in EPSG:4326.
    """

    def __init__(
        self,
        units: gpd.GeoDataFrame,
        zones: Mapping[str, ProvinceZones] | None = None,
        former: FormerAreas | None = None,
    ) -> None:
        if units.crs is None or units.crs.to_epsg() != 4326:
            raise CrsError(
                "Ranh giới phải ở hệ EPSG:4326 trước khi lập chỉ mục.",
                "Boundaries must be in EPSG:4326 before they are indexed.",
            )
        ordered = units.sort_values("commune_code", kind="stable")
        self._shapes = np.asarray(ordered.geometry.to_numpy(), dtype=object)
        self.codes = ordered["commune_code"].to_numpy(dtype=object)
        self.names = ordered["commune_name"].to_numpy(dtype=object)
        self.provinces = ordered["province_code"].to_numpy(dtype=object)
        self.zones = dict(zones or {})
        self.former = former
        self._province_names = dict(zip(ordered["province_code"], ordered["province_name"], strict=True))
        self._former = ordered["former_names"].to_numpy(dtype=object) if "former_names" in ordered else None
        self._buffers: dict[tuple[tuple[str, ...], float], shapely.Geometry] = {}
        self._answers: IntArray = np.zeros(0, dtype=np.int64)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in degrees."""
        return tuple(float(v) for v in shapely.total_bounds(self._shapes))  # type: ignore[return-value]

    @cached_property
    def plane_epsg(self) -> int:
        """Local UTM zone of the middle of the area, for widening by metres."""
        west, south, east, north = self.bounds
        return local_utm_epsg((west + east) / 2, (south + north) / 2)

    @cached_property
    def province_codes(self) -> tuple[str, ...]:
        """Codes of the provinces present, sorted."""
        return tuple(sorted(set(self.provinces)))

    def _to_plane(self, geometry: Any) -> Any:
        project = Transformer.from_crs(4326, self.plane_epsg, always_xy=True)
        return shapely.transform(geometry, lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1])))

    def _widened(self, provinces: tuple[str, ...], margin_m: float) -> shapely.Geometry:
        """Return the provinces' area on the plane, widened, prepared for many tests."""
        key = (provinces, margin_m)
        if key not in self._buffers:
            chosen = self._shapes[np.isin(self.provinces, provinces)]
            if margin_m > 0:
                # A twentieth of the margin in simplification keeps the cost low and the edge close enough;
                # unit by unit, because the union of thousands of detailed shapes takes minutes.
                coarse = shapely.simplify(chosen, margin_m / 20 / _METRES_PER_DEGREE, preserve_topology=False)
                coarse = np.where(shapely.is_empty(coarse), shapely.boundary(chosen), shapely.make_valid(coarse))
                shape = shapely.union_all(shapely.buffer(self._to_plane(coarse), margin_m))
            else:
                shape = self._to_plane(shapely.make_valid(shapely.union_all(shapely.make_valid(chosen))))
            shapely.prepare(shape)
            self._buffers[key] = shape
        return self._buffers[key]

    def within(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, provinces: Iterable[str] = (), margin_m: float
    ) -> BoolArray:
        """Return which points lie in the provinces (all, if none are named) widened by ``margin_m``."""
        chosen = tuple(sorted(set(provinces))) or self.province_codes
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        inside = np.zeros(lon.shape, dtype=bool)
        with np.errstate(invalid="ignore"):
            fit = (np.abs(lon) <= 180) & (np.abs(lat) < 89)
        west, south, east, north = self.bounds
        pad_lat = margin_m / _METRES_PER_DEGREE * 1.1 + 0.01
        pad_lon = pad_lat / max(0.05, float(np.cos(np.radians(max(abs(south), abs(north))))))
        with np.errstate(invalid="ignore"):
            fit &= (lon >= west - pad_lon) & (lon <= east + pad_lon) & (lat >= south - pad_lat) & (lat <= north + pad_lat)
        if fit.sum() >= _MANY and chosen == self.province_codes and self._grid and margin_m >= self._sure_m:
            known = np.flatnonzero(fit)
            patch, unit = self._in_patches(lon[known], lat[known])
            # In a unit, or in a cell that one of their edges touches: far less than the margin away.
            sure = known[(patch == 0) | (unit >= 0)]
            inside[sure] = True
            fit[sure] = False
        if fit.any():
            x, y = from_wgs84(lon[fit], lat[fit], self.plane_epsg)
            inside[fit] = shapely.contains_xy(self._widened(chosen, margin_m), x, y)
        return inside

    def locate(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> IntArray:
        """Return the index into ``codes`` of the commune that holds each point, -1 where none does."""
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        found = np.full(lon.shape, -1, dtype=np.int64)
        known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        if len(known) == 0:
            return found
        x, y = lon[known], lat[known]
        if len(known) < _MANY or self._grid is None:
            unit = self._contain(x, y)
            lost = np.flatnonzero(unit < 0)
        else:
            patch, unit = self._in_patches(x, y)
            edge = np.flatnonzero(patch == 0)
            unit[edge] = self._contain(x[edge], y[edge])
            lost = np.flatnonzero(unit < 0)
            lost = lost[self._grid.near_edge(x[lost], y[lost])]
        if len(lost):
            unit[lost] = self._snap(x[lost], y[lost])
        found[known] = unit
        return found

    def meets(self, shapes: npt.NDArray[np.object_]) -> BoolArray:
        """Return which valid shapes (EPSG:4326) have a point in common with any unit; missing and empty ones have none."""
        found = np.zeros(len(shapes), dtype=bool)
        found[self._tree.query(shapes, predicate="intersects")[0]] = True
        return found

    def _contain(self, x: FloatArray, y: FloatArray) -> IntArray:
        """Return the unit with the lowest code that holds each point, -1 where none does."""
        found = np.full(len(x), len(self._shapes), dtype=np.int64)
        if len(x):
            points = np.asarray(shapely.points(x, y), dtype=object)
            unit, point = shapely.STRtree(points).query(self._shapes, predicate="intersects")
            np.minimum.at(found, point, unit)  # lower code where boundaries overlap
        found[found == len(self._shapes)] = -1
        return found

    @cached_property
    def _grid(self) -> PatchGrid | None:
        grid = PatchGrid(self._shapes, smallest=2 * _SNAP_M / _METRES_PER_DEGREE)
        self._answers = np.full(grid.patches + 1, _NOT_ASKED, dtype=np.int64)
        return grid if grid.usable else None

    @property
    def _sure_m(self) -> float:
        """How far from an edge a point may be that shares a cell with it, doubled."""
        return 0.0 if self._grid is None else 2 * self._grid.side * _METRES_PER_DEGREE * float(np.sqrt(2))

    def _in_patches(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        """Return each point's patch and the unit that holds all of it, -1 where none does or it is no patch."""
        if self._grid is None:
            return np.zeros(len(x), dtype=np.int64), np.full(len(x), -1, dtype=np.int64)
        patch = self._grid.patch(x, y)
        safe = np.maximum(patch, 0)
        open_ = np.flatnonzero((self._answers[safe] == _NOT_ASKED) & (patch > 0))
        if len(open_):
            asked, first = np.unique(patch[open_], return_index=True)
            self._answers[asked] = self._contain(x[open_[first]], y[open_[first]])
        unit = self._answers[safe]
        unit[patch <= 0] = -1
        return patch, unit

    def _snap(self, x: FloatArray, y: FloatArray) -> IntArray:
        """Return the nearest unit of points that lie in none, -1 where none is within reach."""
        reach = _SNAP_M / _METRES_PER_DEGREE
        points = np.asarray(shapely.points(x, y), dtype=object)
        nearest = np.full(len(points), -1, dtype=np.int64)
        # Which points are near any unit at all is quickly asked the other way round.
        _, near = shapely.STRtree(points).query(self._shapes, predicate="dwithin", distance=reach * 1.001)
        near = np.unique(near)
        which, unit = self._tree.query_nearest(points[near], max_distance=reach, all_matches=False)
        nearest[near[which]] = unit
        return nearest

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._shapes)

    @cached_property
    def _by_name(self) -> dict[str, frozenset[int]]:
        index: dict[str, set[int]] = {}
        for i, name in enumerate(self.names):
            for key in {fold(name), fold_unit_name(name)}:
                index.setdefault(key, set()).add(i)
        if self._former is not None:
            for i, text in enumerate(self._former):
                # What stands in brackets names others: "(phần còn lại sau khi nhập vào xã A, xã B)".
                for part in _BRACKETS.sub(" ", str(text or "")).split(","):
                    key = fold_unit_name(part)
                    if key:
                        index.setdefault(key, set()).add(i)
        return {key: frozenset(value) for key, value in index.items()}

    def has_former_codes(self, codes: Iterable[object]) -> bool:
        """Tell whether a column holds codes of former communes of the area that no commune bears today."""
        if self.former is None:
            return False
        numbers = {_plain(c).zfill(5) for c in codes if _plain(c)} - set(self._by_code) - set(self.former.today_names)
        return any(self._of_former(self.former.by_code(n), ()).units for n in numbers)

    @cached_property
    def _by_code(self) -> dict[str, int]:
        return {code: i for i, code in enumerate(self.codes)}

    def communes_meant(
        self, code: object, name: object, provinces: Iterable[str] = (), district: object = ""
    ) -> frozenset[int]:
        """Return the indices of the communes that a row's code or name may mean; empty if none is known.

        A known code decides; a name is evidence only and may mean several communes.
        """
        return self.meant(code, name, provinces, district).units

    def meant(
        self,
        code: object,
        name: object,
        provinces: Iterable[str] = (),
        district: object = "",
        *,
        former_codes: bool = False,
    ) -> AreaMeant:
        """Return the communes that a row's code, or name and district, may mean, and by which former communes.

        A code of today decides unless the row's name or district says that it is a former commune's (most codes were
        kept by one of the communes that were merged). A row with a district is of the time before 01/07/2025, and so is a
        column in which some codes are of no commune of today (``former_codes``).
        """
        number, text, place = _plain(code), _plain(name), _plain(district)
        chosen = tuple(sorted(set(provinces)))
        found = self._by_code.get(number.zfill(5)) if number else None
        old = self._of_former(self.former.by_code(number), chosen) if self.former and number else _NOTHING
        if found is not None:
            today = AreaMeant(frozenset((found,)))
            if old.units <= today.units or (text and same_unit_name(text, self.names[found])):
                return today
            fits = self.former is not None and any(same_unit_name(text, self.former.names[p]) for p in old.match.places)
            if fits or place or (former_codes and not text):
                return old
            return AreaMeant(today.units | old.units, old.match) if text else today
        if old.units:
            return old
        if not text:
            return _NOTHING
        return self._by_name_meant(text, chosen, place)

    def _by_name_meant(self, name: str, provinces: tuple[str, ...], district: str) -> AreaMeant:
        if self.former is None:
            return self._by_names(name, provinces, district, _NOTHING)
        match = self.former.find(name, district, "", provinces or self.province_codes)
        meant = self._by_names(name, provinces, district, self._of_former(match, provinces))
        if not meant.units or not match.near:
            return meant
        here = {self.codes[u] for u in meant.units}
        return replace(meant, near=tuple(p for p in match.near if not set(self.former.today[p]) <= here))

    def _by_names(self, name: str, provinces: tuple[str, ...], district: str, old: AreaMeant) -> AreaMeant:
        """Return what a name means among today's communes and the former ones that bear it."""
        if district and old.units:
            return old
        index = self._by_name
        hits = index.get(fold(name)) or index.get(fold_unit_name(name)) or frozenset()
        if provinces:
            hits = frozenset(i for i in hits if self.provinces[i] in provinces)
        if not hits:
            return old
        if old.match.how is Matched.SPELLING or old.units <= hits:
            return AreaMeant(hits)
        return AreaMeant(hits | old.units, old.match)

    def units_near(self, meant: AreaMeant) -> frozenset[int]:
        """Return today's communes that a row may mean if an accent of its name is wrong."""
        return self._of_former(FormerMatch(Matched.NAME, meant.near), ()).units

    def _of_former(self, match: FormerMatch, provinces: tuple[str, ...]) -> AreaMeant:
        """Return what former communes became, as far as it lies in the area."""
        if self.former is None or not match.places:
            return _NOTHING
        units: set[int] = set()
        for code in self.former.today_of(match):
            found = self._by_code.get(code)
            name = self.former.today_names[code]
            if found is None or not same_unit_name(self.names[found], name):  # a list may number a commune otherwise
                key, province = fold_unit_name(name), self.former.today_provinces[code]
                same = {i for i in self._by_name.get(key, frozenset()) if self.provinces[i] == province
                        and fold_unit_name(self.names[i]) == key}  # fmt: skip
                found = same.pop() if len(same) == 1 else None
            if found is not None and (not provinces or self.provinces[found] in provinces):
                units.add(found)
        return AreaMeant(frozenset(units), match) if units else _NOTHING

    def province_meant(self, text: object) -> str:
        """Return the code of the province that a text names by code or name, empty if none."""
        plain = str(text or "").strip()
        if plain.zfill(2) in self._province_names and plain.isdigit():
            return plain.zfill(2)
        key = fold_unit_name(plain)
        for code, name in self._province_names.items():
            if key and key == fold_unit_name(name):
                return str(code)
        became = self.former.provinces_meant(plain) if self.former and key else frozenset()
        return next((code for code in sorted(became) if code in self._province_names), "")
