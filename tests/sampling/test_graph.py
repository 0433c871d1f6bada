"""Roads as a graph: a grid of three by three streets by hand, ends that stop short, bridges, parallel roads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geo.sampling.graph import RoadLines, road_graph


def roads(*lines, speed: float | list[float] = 60.0) -> RoadLines:
    names = np.array([f"R{i}" for i in range(len(lines))], dtype=object)
    made = np.array([shapely.LineString(line) for line in lines], dtype=object)
    return RoadLines(made, np.broadcast_to(np.asarray(speed, dtype=float), len(lines)).copy(), names, names)


STREETS = roads(
    *[[(0, y), (1000, y), (2000, y)] for y in (0, 1000, 2000)], *[[(x, 0), (x, 1000), (x, 2000)] for x in (0, 1000, 2000)]
)


def graph_of(lines: RoadLines, places, join_m: float = 20.0, walk_m: float = 500.0):
    return road_graph(lines, np.array(places, dtype=float).reshape(-1, 2), join_m=join_m, walk_m=walk_m)


def test_a_grid_of_streets_by_hand() -> None:
    graph = graph_of(STREETS, [(500, 30), (2000, 1500)])
    assert len(graph.x_m) == 9 + 2  # nine crossings, two stops
    assert len(graph.start) == 12 + 2
    assert graph.away_m.tolist() == [30.0, 0.0]
    a, b = graph.at.tolist()
    ways = graph.ways([a, b])
    assert ways.time(a, b) == pytest.approx(3.0)  # 500 + 1000 + 1500 m at 60 km/h
    edges = ways.edges(a, b)
    assert sum(graph.length_m[e] for e, _ in edges) == pytest.approx(3000)
    assert edges[0][1] == a
    # Each edge begins where the one before ended.
    here = a
    for e, entered in edges:
        assert entered == here
        assert here in {int(graph.start[e]), int(graph.end[e])}
        here = int(graph.end[e]) if here == graph.start[e] else int(graph.start[e])
    assert here == b
    assert len(set(graph.component().tolist())) == 1


def test_an_end_that_stops_short_meets_and_one_too_far_does_not() -> None:
    main, branch = [(0, 0), (2000, 0)], [(700, 15), (700, 900)]
    near, far = graph_of(roads(main, branch), [(0, 0), (700, 900)]), graph_of(roads(main, branch), [(0, 0), (700, 900)], join_m=10)
    assert near.ways([near.at[0]]).time(near.at[0], near.at[1]) == pytest.approx((700 + 15 + 885) / 1000)
    assert np.isinf(far.ways([far.at[0]]).time(far.at[0], far.at[1]))


def test_roads_that_cross_without_a_common_vertex_may_be_a_bridge() -> None:
    graph = graph_of(roads([(0, 0), (2000, 0)], [(1000, -500), (1000, 500)]), [(0, 0), (1000, 500)])
    assert np.isinf(graph.ways([graph.at[0]]).time(graph.at[0], graph.at[1]))


def test_of_two_roads_between_two_places_the_faster_is_taken() -> None:
    graph = graph_of(roads([(0, 0), (1000, 0)], [(0, 0), (500, 500), (1000, 0)], speed=[10.0, 60.0]), [(0, 0), (1000, 0)])
    ways = graph.ways([graph.at[0]])
    assert ways.time(*graph.at.tolist()) == pytest.approx(np.sqrt(2))
    assert [graph.line[e] for e, _ in ways.edges(*graph.at.tolist())] == [1]


def test_a_place_too_far_from_every_road_gets_no_node_and_no_roads_give_an_empty_graph() -> None:
    graph = graph_of(STREETS, [(0, 0), (9000, 9000)])
    assert graph.at[1] == -1
    assert graph.away_m[1] > 500
    empty = graph_of(roads(), [(0, 0)])
    assert empty.at.tolist() == [-1]
    assert np.isinf(empty.away_m).all()


def test_random_networks_against_all_vertices_as_nodes() -> None:
    """The other way: every vertex of every line a node, no contraction."""
    rng = np.random.default_rng(5)
    for _ in range(5):
        xy = np.round(rng.uniform(0, 5000, (30, 2)))
        lines = [xy[rng.choice(30, rng.integers(2, 5), replace=False)] for _ in range(25)]
        speed = rng.uniform(20, 60, 25)
        given = roads(*lines, speed=speed.tolist())
        graph = graph_of(given, xy[:6], join_m=0.0)
        number = {tuple(p): i for i, p in enumerate(xy.tolist())}
        pairs = [(number[tuple(p)], number[tuple(q)], np.hypot(*(p - q)) * 0.06 / v) for line, v in zip(lines, speed, strict=True) for p, q in pairwise(line)]
        best: dict[tuple[int, int], float] = {}
        for p, q, t in pairs:
            key = (min(p, q), max(p, q))
            best[key] = min(best.get(key, np.inf), t)
        a, b = np.array(list(best)).T
        whole = dijkstra(coo_array((list(best.values()), (a, b)), shape=(30, 30)).tocsr(), directed=False)
        used = [k for k in range(6) if any((line == xy[k]).all(axis=1).any() for line in lines)]
        for i in used:
            ways = graph.ways([int(graph.at[i])])
            for j in used:
                assert ways.time(int(graph.at[i]), int(graph.at[j])) == pytest.approx(whole[i, j], abs=1e-6)
