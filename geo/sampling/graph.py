"""The roads as a graph: junctions, how long from one to the next, and the shortest way between stops.

Lines meet where they share a vertex, and where an end of one stops short of another by no more than a stated distance. Two lines that cross
without a common vertex do not meet: it may be a bridge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

__all__ = ["RoadGraph", "RoadLines", "Ways", "road_graph", "road_networks"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
#: Vertices of two lines nearer than this are one point: what reading and projecting loses.
_SAME_M = 0.05
_MINUTES = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class RoadLines:
    """Roads in metres.

    Attributes
    ----------
    lines : (n,) object array of LineString
        In the grid's CRS.
    speed_kmh : (n,) float64 array
    road_id, name : (n,) object arrays of str
    """

    lines: npt.NDArray[np.object_]
    speed_kmh: _F64
    road_id: npt.NDArray[np.object_]
    name: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, which: npt.NDArray[np.bool_]) -> RoadLines:
        """Return some of the roads."""
        return RoadLines(self.lines[which], self.speed_kmh[which], self.road_id[which], self.name[which])


@dataclass(frozen=True, slots=True, eq=False)
class RoadGraph:
    """Junctions and stops with the roads between them; build with :func:`road_graph`.

    Attributes
    ----------
    x_m, y_m : (nodes,) float64 arrays
    start, end : (edges,) int64 arrays
        Nodes; an edge is driven in both directions.
    length_m, minutes : (edges,) float64 arrays
    line : (edges,) int64 array
        Position of its road; -1 a gap that was closed.
    shapes : tuple of (k, 2) float64 arrays
        Vertices of each edge from ``start`` to ``end``.
    at : (places,) int64 array
        Node of each place that was asked for; -1 too far from every road.
    away_m : (places,) float64 array
        How far each place lies from its node; infinite without roads.
    """

    x_m: _F64
    y_m: _F64
    start: _I64
    end: _I64
    length_m: _F64
    minutes: _F64
    line: _I64
    shapes: tuple[_F64, ...]
    at: _I64
    away_m: _F64

    def component(self) -> _I64:
        """Return the number of the connected part of each node."""
        return np.asarray(connected_components(self._matrix(), directed=False)[1], dtype=np.int64)

    def ways(self, nodes: Sequence[int]) -> Ways:
        """Return the shortest ways, by time, from each of some nodes to all others."""
        minutes, before = dijkstra(self._matrix(), directed=False, indices=np.asarray(nodes, dtype=np.int64), return_predecessors=True)
        best: dict[tuple[int, int], int] = {}
        for e, (a, b) in enumerate(zip(self.start.tolist(), self.end.tolist(), strict=True)):
            pair = (min(a, b), max(a, b))
            if pair not in best or self.minutes[e] < self.minutes[best[pair]]:
                best[pair] = e
        return Ways({node: k for k, node in enumerate(nodes)}, np.atleast_2d(minutes), np.atleast_2d(before), best)

    def _matrix(self) -> csr_array:
        """Return the times between neighbouring nodes; of several roads between two the fastest."""
        n = len(self.x_m)
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        order = np.lexsort((self.minutes, high, low))
        low, high, minutes = low[order], high[order], self.minutes[order]
        first = np.ones(len(low), dtype=bool)
        first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        first &= low != high
        # A time of 0 is no edge to the solver.
        return csr_array((np.maximum(minutes[first], 1e-9), (low[first], high[first])), shape=(n, n))


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Shortest ways from some nodes.

    Attributes
    ----------
    row : mapping of int to int
        Row of each node they begin at.
    minutes : (rows, nodes) float64 array
        Infinite where no road leads.
    before : (rows, nodes) int32 array
        The node before each on the way.
    edge : mapping of (int, int) to int
        The edge between two neighbouring nodes, the lower first.
    """

    row: Mapping[int, int]
    minutes: _F64
    before: npt.NDArray[np.int32]
    edge: Mapping[tuple[int, int], int]

    def time(self, a: int, b: int) -> float:
        """Return the minutes from one node to another."""
        return float(self.minutes[self.row[a], b])

    def edges(self, a: int, b: int) -> list[tuple[int, int]]:
        """Return the edges of the way from ``a`` to ``b`` in order, each with the node it is entered at."""
        nodes, row = [b], self.row[a]
        while nodes[-1] != a:
            nodes.append(int(self.before[row, nodes[-1]]))
        nodes.reverse()
        return [(self.edge[min(p, q), max(p, q)], p) for p, q in pairwise(nodes)]


def road_networks(roads: RoadLines, *, join_m: float) -> _I64:
    """Return the network that each road belongs to, the longest first: 0, 1, …; no road leads from one to another."""
    graph = road_graph(roads, np.zeros((0, 2)), join_m=join_m, walk_m=0.0)
    part = graph.component()
    length = np.bincount(part[graph.start], graph.length_m, minlength=int(part.max(initial=-1)) + 1)
    rank = np.empty(len(length), dtype=np.int64)
    rank[np.lexsort((np.arange(len(length)), -length))] = np.arange(len(length))
    out = np.full(len(roads), -1, dtype=np.int64)
    own = graph.line >= 0
    out[graph.line[own]] = rank[part[graph.start[own]]]
    return out


def road_graph(roads: RoadLines, places: _F64, *, join_m: float, walk_m: float) -> RoadGraph:
    """Return the graph of roads with a node for each place.

    Parameters
    ----------
    roads : RoadLines
    places : (n, 2) float64 array
        In the same CRS; each becomes a node on the nearest road.
    join_m : float
        An end of a road no farther from another road meets it.
    walk_m : float
        A place farther from every road gets no node.
    """
    n = len(places)
    if not len(roads):
        none = np.zeros(0)
        return RoadGraph(none, none, *(np.zeros(0, dtype=np.int64),) * 2, none, none, np.zeros(0, dtype=np.int64), (), np.full(n, -1), np.full(n, np.inf))
    tree = shapely.STRtree(roads.lines)
    cuts: list[list[tuple[float, float, float]]] = [[] for _ in range(len(roads))]  # distance along, x, y
    at_road, away = _project(places, tree, roads.lines, cuts)
    gaps = _gaps(roads.lines, tree, join_m, cuts)
    shared = _shared_vertices(roads.lines)
    numbers: dict[tuple[int, int], int] = {}
    xs: list[float] = []
    ys: list[float] = []

    def node(x: float, y: float) -> int:
        key = (round(x / _SAME_M), round(y / _SAME_M))
        if key not in numbers:
            numbers[key] = len(xs)
            xs.append(x)
            ys.append(y)
        return numbers[key]

    start: list[int] = []
    end: list[int] = []
    line: list[int] = []
    shapes: list[_F64] = []
    for i, road in enumerate(roads.lines):
        for part in _pieces(shapely.get_coordinates(road), cuts[i], shared):
            a, b = node(*part[0].tolist()), node(*part[-1].tolist())
            start.append(a)
            end.append(b)
            line.append(i)
            shapes.append(part)
    for part in gaps:
        start.append(node(*part[0].tolist()))
        end.append(node(*part[1].tolist()))
        line.append(-1)
        shapes.append(part)
    length = np.array([np.hypot(*np.diff(s, axis=0).T).sum() for s in shapes])
    lines = np.array(line, dtype=np.int64)
    slowest = float(roads.speed_kmh.min())
    speed = np.where(lines >= 0, roads.speed_kmh[np.maximum(lines, 0)], slowest)
    reached = [bool(d <= walk_m) for d in away]
    at = np.array([node(float(p[0]), float(p[1])) if ok else -1 for p, ok in zip(list(at_road), reached, strict=True)], dtype=np.int64)
    return RoadGraph(
        np.array(xs), np.array(ys), np.array(start, dtype=np.int64), np.array(end, dtype=np.int64), length, length / 1000.0 / speed * _MINUTES,
        lines, tuple(shapes), at, away,
    )  # fmt: skip


def _project(places: _F64, tree: shapely.STRtree, lines: npt.NDArray[np.object_], cuts: list[list[tuple[float, float, float]]]) -> tuple[_F64, _F64]:
    """Return the point of the nearest road of each place and its distance, and cut the roads there."""
    if not len(places):
        return np.zeros((0, 2)), np.zeros(0)
    points = shapely.points(places)
    which = np.atleast_1d(tree.nearest(points))
    along = shapely.line_locate_point(lines[which], points)
    on = shapely.get_coordinates(shapely.line_interpolate_point(lines[which], along))
    for k, (i, d) in enumerate(zip(which.tolist(), along.tolist(), strict=True)):
        cuts[i].append((d, *on[k].tolist()))
    return on, np.hypot(*(places - on).T)


def _gaps(lines: npt.NDArray[np.object_], tree: shapely.STRtree, join_m: float, cuts: list[list[tuple[float, float, float]]]) -> list[_F64]:
    """Return the short pieces that lead from ends of roads to the nearest other road, and cut that road there."""
    out: list[_F64] = []
    for k in (0, -1):
        ends = shapely.get_point(lines, k)
        own, other = tree.query(ends, predicate="dwithin", distance=max(join_m, _SAME_M))
        keep = own != other
        own, other = own[keep], other[keep]
        away = shapely.distance(ends[own], lines[other])
        order = np.lexsort((other, away, own))
        own, other, away = own[order], other[order], away[order]
        first = np.ones(len(own), dtype=bool)
        first[1:] = own[1:] != own[:-1]
        for i, j in zip(own[first].tolist(), other[first].tolist(), strict=True):
            along = float(shapely.line_locate_point(lines[j], ends[i]))
            on = shapely.get_coordinates(shapely.line_interpolate_point(lines[j], along))[0]
            cuts[j].append((along, float(on[0]), float(on[1])))
            here = shapely.get_coordinates(ends[i])[0]
            if (np.round(here / _SAME_M) != np.round(on / _SAME_M)).any():
                out.append(np.array([here, on]))
    return out


def _shared_vertices(lines: npt.NDArray[np.object_]) -> set[tuple[int, int]]:
    """Return the vertices that more than one line has, or one line twice."""
    keys = np.round(shapely.get_coordinates(lines) / _SAME_M).astype(np.int64)
    found, count = np.unique(keys, axis=0, return_counts=True)
    return {(int(a), int(b)) for a, b in found[count > 1]}


def _pieces(vertices: _F64, cuts: Sequence[tuple[float, float, float]], shared: set[tuple[int, int]]) -> list[_F64]:
    """Cut a line at distances along it and at shared vertices."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(vertices, axis=0).T))])
    added = sorted(set(cuts))
    where = np.concatenate([along, [c[0] for c in added]])
    points = np.concatenate([vertices, np.array([c[1:] for c in added]).reshape(-1, 2)])
    breaks = np.zeros(len(where), dtype=bool)
    breaks[len(along) :] = True
    breaks[0] = breaks[len(along) - 1] = True
    for k, (x, y) in enumerate(np.round(vertices / _SAME_M).astype(np.int64).tolist()):
        breaks[k] |= (x, y) in shared
    order = np.argsort(where, kind="stable")
    points, breaks = points[order], breaks[order]
    at = np.flatnonzero(breaks)
    out = [points[a : b + 1] for a, b in pairwise(at.tolist())]
    return [p for p in out if np.hypot(*np.diff(p, axis=0).T).sum() > 0]
