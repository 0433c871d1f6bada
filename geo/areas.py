"""Administrative units as places that points are tested against: which commune, which province, how near.

Boundaries are taken as they are drawn: neighbours may overlap or leave slivers between them. A point
in an overlap belongs to the unit with the lower code; a point in a sliver, within ``snap_m`` of a
unit, belongs to the nearest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from geo.crs import ProvinceZones, from_wgs84, local_utm_epsg
from geo.errors import CrsError
from geo.text import fold, fold_unit_name

__all__ = ["AreaIndex"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_SNAP_M = 50.0
_METRES_PER_DEGREE = 111_320.0


class AreaIndex:
    """The communes of a project, by place, by code and by name.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in EPSG:4326 with ``commune_code``, ``commune_name``, ``province_code`` and
        ``province_name``; ``former_names`` (texts of what was merged) is used where present.
    zones : mapping
        Province code to its VN-2000 zones; provinces without an entry have none.

    Raises
    ------
    CrsError
        If the units are not in EPSG:4326.
    """

    def __init__(self, units: gpd.GeoDataFrame, zones: Mapping[str, ProvinceZones] | None = None) -> None:
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
        self._province_names = dict(zip(ordered["province_code"], ordered["province_name"], strict=True))
        self._former = ordered["former_names"].to_numpy(dtype=object) if "former_names" in ordered else None
        self._buffers: dict[tuple[tuple[str, ...], float], shapely.Geometry] = {}

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

    def _to_plane(self, geometry: shapely.Geometry) -> shapely.Geometry:
        project = Transformer.from_crs(4326, self.plane_epsg, always_xy=True)
        return shapely.transform(geometry, lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1])))

    def _widened(self, provinces: tuple[str, ...], margin_m: float) -> shapely.Geometry:
        """Return the provinces' area on the plane, widened, prepared for many tests."""
        key = (provinces, margin_m)
        if key not in self._buffers:
            chosen = self._shapes[np.isin(self.provinces, provinces)]
            plane = self._to_plane(shapely.make_valid(shapely.union_all(shapely.make_valid(chosen))))
            # A tenth of the margin in simplification keeps the buffer's cost low and its edge close enough.
            shape = shapely.buffer(shapely.simplify(plane, margin_m / 20), margin_m) if margin_m > 0 else plane
            shapely.prepare(shape)
            self._buffers[key] = shape
        return self._buffers[key]

    def within(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, provinces: Iterable[str] = (), margin_m: float
    ) -> BoolArray:
        """Return which points lie in the provinces (all, if none are named) widened by ``margin_m``."""
        chosen = tuple(sorted(set(provinces))) or self.province_codes
        shape = self._widened(chosen, margin_m)
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        inside = np.zeros(lon.shape, dtype=bool)
        with np.errstate(invalid="ignore"):
            fit = (np.abs(lon) <= 180) & (np.abs(lat) < 89)
        west, south, east, north = self.bounds
        pad_lat = margin_m / _METRES_PER_DEGREE * 1.1 + 0.01
        pad_lon = pad_lat / max(0.05, float(np.cos(np.radians(max(abs(south), abs(north))))))
        with np.errstate(invalid="ignore"):
            fit &= (lon >= west - pad_lon) & (lon <= east + pad_lon) & (lat >= south - pad_lat) & (lat <= north + pad_lat)
        if fit.any():
            x, y = from_wgs84(lon[fit], lat[fit], self.plane_epsg)
            inside[fit] = shapely.contains_xy(shape, x, y)
        return inside

    def locate(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> IntArray:
        """Return the index into ``codes`` of the commune that holds each point, -1 where none does."""
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        found = np.full(lon.shape, len(self._shapes), dtype=np.int64)
        known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        if len(known) == 0:
            return np.full(lon.shape, -1, dtype=np.int64)
        points = np.asarray(shapely.points(lon[known], lat[known]), dtype=object)
        unit, point = shapely.STRtree(points).query(self._shapes, predicate="intersects")
        np.minimum.at(found, known[point], unit)  # lower code where boundaries overlap
        lost = known[found[known] == len(self._shapes)]
        if len(lost):
            found[lost] = self._snap(np.asarray(shapely.points(lon[lost], lat[lost]), dtype=object))
        found[found == len(self._shapes)] = -1
        return found

    def _snap(self, points: npt.NDArray[np.object_]) -> IntArray:
        reach = _SNAP_M / _METRES_PER_DEGREE
        nearest = np.full(len(points), -1, dtype=np.int64)
        which, unit = self._tree.query_nearest(points, max_distance=reach, all_matches=False)
        nearest[which] = unit
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
                for part in str(text or "").split(","):
                    key = fold_unit_name(part.split("(")[0])
                    if key:
                        index.setdefault(key, set()).add(i)
        return {key: frozenset(value) for key, value in index.items()}

    @cached_property
    def _by_code(self) -> dict[str, int]:
        return {code: i for i, code in enumerate(self.codes)}

    def communes_meant(self, code: object, name: object, provinces: Iterable[str] = ()) -> frozenset[int]:
        """Return the indices of the communes that a row's code or name may mean; empty if none is known.

        A known code decides; a name is evidence only and may mean several communes.
        """
        text = str(code or "").strip()
        if text and (found := self._by_code.get(text.zfill(5))) is not None:
            return frozenset((found,))
        if name is None or name != name or not str(name).strip():
            return frozenset()
        index = self._by_name
        found_names = index.get(fold(name)) or index.get(fold_unit_name(name)) or frozenset()
        chosen = set(provinces)
        if chosen:
            return frozenset(i for i in found_names if self.provinces[i] in chosen)
        return found_names

    def province_meant(self, text: object) -> str:
        """Return the code of the province that a text names by code or name, empty if none."""
        plain = str(text or "").strip()
        if plain.zfill(2) in self._province_names and plain.isdigit():
            return plain.zfill(2)
        key = fold_unit_name(plain)
        for code, name in self._province_names.items():
            if key and key == fold_unit_name(name):
                return str(code)
        return ""
