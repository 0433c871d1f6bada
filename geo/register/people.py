"""How much two sets of zones have in common: people first, ground where people are not known.

People stand on points: grid cells, houses or villages with the people of each. A zone holds the people
of the points inside it. One point inside whose people are not known makes the zone's people unknown; a
zone without any point has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array

from geo.crs import EQUAL_AREA_EPSG, from_wgs84
from geo.errors import AccountingError

__all__ = ["Shared", "WeightedPoints", "nobody", "shared"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

#: Sums are rounded, so that neither the order of rows nor of points decides which part is the larger.
_PEOPLE_DECIMALS = 6
_AREA_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class WeightedPoints:
    """People at points.

    Attributes
    ----------
    lon, lat : (n,) float64 array
        EPSG:4326.
    people : (n,) float64 array
        At least 0; NaN where not known.
    basis : str
        What the points are: ``raster``, ``spread``, ``villages`` or "" (there are none).
    """

    lon: FloatArray
    lat: FloatArray
    people: FloatArray
    basis: str = ""

    def __post_init__(self) -> None:
        if not self.lon.shape == self.lat.shape == self.people.shape or self.lon.ndim != 1:
            raise AccountingError("Điểm và số người không khớp nhau.", "Points and people do not belong together.")
        with np.errstate(invalid="ignore"):
            if (self.people < 0).any():
                raise AccountingError("Số người âm.", "People below zero.")

    @property
    def plane(self) -> Shapes:
        """The points in EPSG:6933, as geometries; points without a position are empty."""
        x, y = from_wgs84(self.lon, self.lat, EQUAL_AREA_EPSG)
        return np.asarray(shapely.points(x, y), dtype=object)


def nobody() -> WeightedPoints:
    """Return no points at all: zones are then compared by their ground."""
    return WeightedPoints(np.zeros(0), np.zeros(0), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Shared:
    """What zones of two sets hold, and hold in common.

    Attributes
    ----------
    old_people, new_people : (old,), (new,) float64 array
        NaN where not known.
    old_m2, new_m2 : (old,), (new,) float64 array
    old, new : (pairs,) int64 array
        Positions of the zones of each pair that overlaps.
    people, m2 : (pairs,) float64 array
        In common. The people of points that are not known do not count here.
    """

    old_people: FloatArray
    new_people: FloatArray
    old_m2: FloatArray
    new_m2: FloatArray
    old: IntArray
    new: IntArray
    people: FloatArray
    m2: FloatArray


def shared(old: Shapes, new: Shapes, points: WeightedPoints) -> Shared:
    """Return what two sets of zones have in common.

    Parameters
    ----------
    old, new : (n,) object array
        Valid polygons in EPSG:6933 (see :func:`geo.register.zones.plane_shapes`); empty ones have nothing.
    points : WeightedPoints
    """
    in_old, in_new = (_inside(shapes, points) for shapes in (old, new))
    known = np.nan_to_num(points.people)
    together = (in_old.T @ csr_array(in_new.multiply(known[:, None]))).tocoo()
    people = {(int(i), int(j)): float(v) for i, j, v in zip(together.row, together.col, together.data, strict=True)}
    second, first = shapely.STRtree(old).query(new, predicate="intersects")
    m2 = np.round(shapely.area(shapely.intersection(old[first], new[second])), _AREA_DECIMALS)
    areas = {(int(i), int(j)): float(v) for i, j, v in zip(first, second, m2, strict=True) if v > 0}
    pairs = sorted({*areas, *(pair for pair, count in people.items() if count > 0)})
    return Shared(
        _held(in_old, points.people),
        _held(in_new, points.people),
        np.round(shapely.area(old), _AREA_DECIMALS),
        np.round(shapely.area(new), _AREA_DECIMALS),
        np.array([i for i, _ in pairs], dtype=np.int64),
        np.array([j for _, j in pairs], dtype=np.int64),
        np.round([people.get(pair, 0.0) for pair in pairs], _PEOPLE_DECIMALS).astype(np.float64),
        np.array([areas.get(pair, 0.0) for pair in pairs], dtype=np.float64),
    )


def _inside(shapes: Shapes, points: WeightedPoints) -> csr_array:
    """Return a (points, zones) matrix of ones where a point lies in a zone."""
    size = (len(points.people), len(shapes))
    if 0 in size:
        return csr_array(size, dtype=np.float64)
    zone, point = shapely.STRtree(points.plane).query(shapes, predicate="intersects")
    return csr_array((np.ones(len(zone)), (point, zone)), shape=size)


def _held(inside: csr_array, people: FloatArray) -> FloatArray:
    known = np.isfinite(people)
    held = np.round(inside.T @ np.where(known, people, 0.0), _PEOPLE_DECIMALS)
    held[(inside.T @ (~known).astype(np.float64)) > 0] = np.nan
    return np.asarray(held, dtype=np.float64)
