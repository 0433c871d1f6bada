"""The province and its thirty communes: land nearest by travel to thirty valley seats.

Because the way over a ridge is long, borders follow ridges, as they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes
from rasterio.transform import Affine
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from geo.sample.frame import FloatArray, Lattice, to_degrees, to_metres
from geo.sample.names import COMMUNE_COUNT, PROVINCE_CODE, commune_code, commune_names
from geo.sample.terrain import Terrain, gaussian_field

__all__ = ["Units", "build_units", "travel_graph"]

_RADIUS_M = 31_300.0
_SEAT_SPACING_M = 7_300.0


@dataclass(frozen=True, slots=True)
class Units:
    """Administrative units.

    Attributes
    ----------
    communes : GeoDataFrame
        code, name, fullName, nameEn, areaKm2, province_code; polygons in EPSG:4326.
    label : (rows, columns) int64 array
        Commune index of each coarse cell, -1 outside the province.
    seat_lon, seat_lat : (30,) float64 arrays
        Valley seat of each commune; the first is the town.
    """

    communes: gpd.GeoDataFrame
    label: npt.NDArray[np.int64]
    seat_lon: FloatArray
    seat_lat: FloatArray


def travel_graph(height_m: FloatArray, lattice: Lattice) -> sparse.csr_matrix:
    """Return the graph of eight-neighbour steps with cost = metres x (1 + (grade / 11 %)²)."""
    rows, columns = lattice.shape
    width, depth = lattice.cell_m
    index = np.arange(rows * columns).reshape(rows, columns)
    starts, ends, costs = [], [], []
    for di, dj in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, rows - di), slice(max(0, -dj), columns - max(0, dj)))
        b = (slice(di, rows), slice(max(0, dj), columns - max(0, -dj)))
        length = np.hypot(di * depth, dj * width)
        grade = np.abs(height_m[a] - height_m[b]) / length
        starts.append(index[a].ravel())
        ends.append(index[b].ravel())
        costs.append((length * (1 + (grade / 0.11) ** 2)).ravel())
    start, end, cost = np.concatenate(starts), np.concatenate(ends), np.concatenate(costs)
    n = rows * columns
    return sparse.csr_matrix(
        (np.concatenate([cost, cost]), (np.concatenate([start, end]), np.concatenate([end, start]))),
        shape=(n, n),
    )


def _province_mask(rng: np.random.Generator, lattice: Lattice) -> npt.NDArray[np.bool_]:
    lon, lat = lattice.centres()
    x, y = to_metres(lon, lat)
    angle = np.arctan2(y, x)
    radius = np.full(angle.shape, _RADIUS_M)
    for k in range(2, 7):
        radius += (
            _RADIUS_M * 0.1 / k * 2 * rng.uniform(0.4, 1) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
        )
    radius += 350 * gaussian_field(rng, lattice.shape, 5)
    return np.asarray(np.hypot(x, y) < radius)


def _choose_seats(
    rng: np.random.Generator, terrain: Terrain, mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    lon, lat = terrain.coarse.centres()
    x, y = to_metres(lon, lat)
    flat = mask & (terrain.slope_deg < 6)
    weight = np.where(
        flat, np.exp(-terrain.coarse_height_m / 260) * (1 + np.log1p(terrain.drainage_km2)), 0
    ).ravel()
    near_centre = weight * np.exp(-((np.hypot(x, y).ravel() / 6_000) ** 2))
    seats = [int(np.argmax(near_centre))]
    spacing = _SEAT_SPACING_M
    x, y = x.ravel(), y.ravel()
    while len(seats) < COMMUNE_COUNT:
        free = np.ones(weight.size, dtype=bool)
        for k in seats:
            free &= np.hypot(x - x[k], y - y[k]) > spacing
        chance = np.where(free, weight, 0.0)
        if chance.sum() == 0:
            spacing *= 0.94
            continue
        seats.append(int(rng.choice(weight.size, p=chance / chance.sum())))
    town = seats[0]
    rest = sorted(seats[1:], key=lambda k: float(np.hypot(x[k] - x[town], y[k] - y[town])))
    return np.asarray([town, *rest], dtype=np.int64)


def build_units(rng: np.random.Generator, terrain: Terrain) -> Units:
    """Return thirty communes that cover the province without gaps or overlaps."""
    lattice = terrain.coarse
    mask = _province_mask(rng, lattice)
    seats = _choose_seats(rng, terrain, mask)
    graph = travel_graph(terrain.coarse_height_m, lattice)
    _, _, source = csgraph.dijkstra(graph, indices=seats, min_only=True, return_predecessors=True)
    order = {int(k): i for i, k in enumerate(seats)}
    label = np.asarray([order[int(k)] for k in source], dtype=np.int64).reshape(lattice.shape)
    label[~mask] = -1
    label = _largest_parts(label)

    to_lonlat = Affine(lattice.step_deg, 0, lattice.west_deg, 0, -lattice.step_deg, lattice.north_deg)
    parts: dict[int, list[shapely.Geometry]] = {i: [] for i in range(COMMUNE_COUNT)}
    closed = _without_holes(label)
    for shape, value in shapes(closed.astype(np.int16), mask=closed >= 0, transform=to_lonlat):
        parts[int(value)].append(shapely.geometry.shape(shape))
    polygons = np.asarray([shapely.union_all(parts[i]) for i in range(COMMUNE_COUNT)])
    # cell edges become vertices of both neighbours, so that the cover stays one when it is simplified
    polygons = shapely.transform(
        shapely.segmentize(polygons, lattice.step_deg * 1.01), lambda c: np.round(c, 7)
    )
    planar = shapely.transform(polygons, lambda c: _planar(np.asarray(c)))
    planar = shapely.coverage_simplify(planar, 480.0)
    area_km2 = shapely.area(planar) / 1e6
    polygons = shapely.transform(planar, lambda c: _geographic(np.asarray(c)))
    names = commune_names()
    short = [name.split(" ", 1)[1] for name in names]
    communes = gpd.GeoDataFrame(
        {
            "code": [commune_code(i) for i in range(COMMUNE_COUNT)],
            "name": short,
            "fullName": list(names),
            "nameEn": [f"Sample {i + 1:02d} (made up)" for i in range(COMMUNE_COUNT)],
            "areaKm2": np.round(area_km2, 2),
            "province_code": PROVINCE_CODE,
        },
        geometry=polygons,
        crs="EPSG:4326",
    )
    lon, lat = lattice.centres()
    return Units(communes, label, lon.ravel()[seats], lat.ravel()[seats])


def _without_holes(label: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return labels for drawing: stray parts inside the province go to the nearest commune."""
    inside = ndimage.binary_fill_holes(label >= 0)
    nearest = ndimage.distance_transform_edt(label < 0, return_distances=False, return_indices=True)
    return np.where(inside & (label < 0), label[tuple(nearest)], label)


def _planar(coordinates: FloatArray) -> FloatArray:
    return np.column_stack(to_metres(coordinates[:, 0], coordinates[:, 1]))


def _geographic(coordinates: FloatArray) -> FloatArray:
    degrees = np.column_stack(to_degrees(coordinates[:, 0], coordinates[:, 1]))
    return np.asarray(np.round(degrees, 5), dtype=np.float64)


def _largest_parts(label: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return labels with each commune's stray parts left out of the province."""
    out = np.full_like(label, -1)
    for i in range(COMMUNE_COUNT):
        parts, count = ndimage.label(label == i)
        sizes = ndimage.sum_labels(np.ones(label.shape), parts, np.arange(1, count + 1))
        out[parts == 1 + int(np.argmax(sizes))] = i
    return out
