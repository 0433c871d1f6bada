"""Roads between the communes' seats and out to most villages, streets in the town."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csgraph

from geo.sample.frame import FloatArray, to_degrees, to_metres
from geo.sample.settlements import Settlements
from geo.sample.terrain import Terrain
from geo.sample.units import Units, travel_graph

__all__ = ["Roads", "build_roads"]

_EXITS = ((104.72, 22.02), (105.22, 22.44), (105.68, 22.05), (105.18, 21.56))


@dataclass(frozen=True, slots=True)
class Roads:
    """The road network.

    Attributes
    ----------
    roads : GeoDataFrame
        road_id, name, kind (national, provincial, village), lanes; lines in EPSG:4326.
    streets : GeoDataFrame
        street_id, name, width_m, pavement; lines in EPSG:4326.
    routes : tuple of (n, 2) float64 arrays
        Way from the town to every other seat and exit, lon and lat, for drives.
    """

    roads: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    routes: tuple[FloatArray, ...]


def _chase(predecessor: npt.NDArray[np.int32], start: int, stop: set[int]) -> list[int]:
    """Return the cells from ``start`` back to its source or the first cell of ``stop``."""
    path = [start]
    while predecessor[path[-1]] >= 0:
        path.append(int(predecessor[path[-1]]))
        if path[-1] in stop:
            break
    return path


def _curve(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return a smooth line (lon, lat) through lattice steps: simplified, then corners cut twice (Chaikin)."""
    line = shapely.LineString(np.column_stack([x, y])).simplify(170.0)
    points = shapely.get_coordinates(line)
    for _ in range(2):
        if len(points) < 3:
            break
        near = 0.75 * points[:-1] + 0.25 * points[1:]
        far = 0.25 * points[:-1] + 0.75 * points[1:]
        inner = np.empty((2 * len(near), 2))
        inner[0::2], inner[1::2] = near, far
        points = np.vstack([points[:1], inner[1:-1], points[-1:]])
    points = shapely.get_coordinates(shapely.LineString(points).simplify(9.0))
    lon, lat = to_degrees(points[:, 0], points[:, 1])
    return np.asarray(np.round(np.column_stack([lon, lat]), 5), dtype=np.float64)


def _seat_tree(distance: FloatArray) -> list[tuple[int, int]]:
    """Return the shortest tree over the seats and, for each seat, its nearest neighbour besides."""
    tree = csgraph.minimum_spanning_tree(distance).tocoo()
    pairs = {(min(int(a), int(b)), max(int(a), int(b))) for a, b in zip(tree.row, tree.col, strict=True)}
    for k in range(0, distance.shape[0], 2):
        for other in np.argsort(distance[k])[1:4].tolist():
            pairs.add((min(k, other), max(k, other)))
    return sorted(pairs)


def build_roads(rng: np.random.Generator, terrain: Terrain, units: Units, settlements: Settlements) -> Roads:
    """Return roads, streets and the routes that drives follow."""
    lattice = terrain.coarse
    graph = travel_graph(terrain.coarse_height_m, lattice)
    lon, lat = lattice.centres()
    x, y = (v.ravel() for v in to_metres(lon, lat))
    ends = np.asarray(
        [
            np.ravel_multi_index(tuple(int(v) for v in lattice.cell(a, b)), lattice.shape)
            for a, b in [*zip(units.seat_lon, units.seat_lat, strict=True), *_EXITS]
        ]
    )
    cost, predecessor = csgraph.dijkstra(graph, indices=ends, return_predecessors=True)
    seats = len(units.seat_lon)
    pairs = _seat_tree(cost[:seats][:, ends[:seats]])
    for k in range(seats, len(ends)):
        pairs.append((int(np.argmin(cost[k][ends[:seats]])), k))

    trunk = {pair for pair in pairs if pair[0] == 0 or pair[1] >= seats}
    pairs += [
        (0, k) for k in range(1, seats) if (0, k) not in trunk
    ]  # every drive from the town is on a road

    used: set[int] = set()
    lines, names, kinds = [], [], []
    for number, (a, b) in enumerate(pairs, start=1):
        path = _chase(predecessor[a], int(ends[b]), set())
        fresh: list[list[int]] = [[]]
        for cell in path:
            fresh[-1].append(cell)
            if cell in used:
                if len(fresh[-1]) > 2:
                    fresh.append([cell])
                else:
                    fresh[-1] = [cell]
        used.update(path)
        for piece in fresh:
            if len(piece) > 2:
                lines.append(_curve(x[piece], y[piece]))
                national = (a, b) in trunk
                kinds.append("national" if national else "provincial")
                names.append(f"{'Quốc lộ' if national else 'Tỉnh lộ'} Mẫu {number}")

    main = np.asarray(sorted(used))
    reach, back, _ = csgraph.dijkstra(graph, indices=main, min_only=True, return_predecessors=True)
    villages = settlements.villages
    row, column = lattice.cell(villages["lon"].to_numpy(), villages["lat"].to_numpy())
    cells = np.ravel_multi_index((row, column), lattice.shape)
    linked = (rng.random(len(villages)) > 0.75 * villages["remote"].to_numpy()) & (reach[cells] < 14_000)
    for i in np.argsort(reach[cells], kind="stable"):
        if not linked[i]:
            continue
        path = _chase(back, int(cells[i]), used)
        used.update(path)
        if len(path) > 2:
            lines.append(_curve(x[path], y[path]))
            kinds.append("village")
            names.append(f"Đường {villages['name'].iloc[i]}")
    kind = np.asarray(kinds)
    roads = gpd.GeoDataFrame(
        {
            "road_id": [f"D{i + 1:04d}" for i in range(len(lines))],
            "name": names,
            "kind": kind,
            "lanes": np.where(kind == "village", 1, 2),
        },
        geometry=[shapely.LineString(line) for line in lines],
        crs="EPSG:4326",
    )
    routes = []
    for k in range(1, len(ends)):
        path = _chase(predecessor[0], int(ends[k]), set())[::-1]
        if k < seats:
            routes.append(_curve(x[path], y[path]))
    return Roads(roads, _streets(rng, units), tuple(routes))


def _streets(rng: np.random.Generator, units: Units) -> gpd.GeoDataFrame:
    """Return a small turned grid of streets in the town."""
    x0, y0 = to_metres(units.seat_lon[0], units.seat_lat[0])
    turn = np.radians(24.0)
    lines, widths = [], []
    for i in range(12):
        along = i % 2 == 0
        offset = (i // 2 - 2.5) * 230 + rng.uniform(-25, 25)
        half = rng.uniform(500, 1_000)
        ends = np.array([[-half, offset], [0, offset + rng.uniform(-12, 12)], [half, offset]])
        if not along:
            ends = ends[:, ::-1]
        px = x0 + ends[:, 0] * np.cos(turn) - ends[:, 1] * np.sin(turn)
        py = y0 + ends[:, 0] * np.sin(turn) + ends[:, 1] * np.cos(turn)
        lines.append(shapely.LineString(np.round(np.column_stack(to_degrees(px, py)), 5)))
        widths.append(float(rng.choice([7.5, 10.5, 15.0])))
    return gpd.GeoDataFrame(
        {
            "street_id": [f"P{i + 1:02d}" for i in range(12)],
            "name": [f"Phố Mẫu {i + 1}" for i in range(12)],
            "width_m": widths,
            "pavement": [w > 8 for w in widths],
        },
        geometry=lines,
        crs="EPSG:4326",
    )
