"""A made-up province for the planning of measurements: roads, villages, prediction and a hidden truth, all arrays.

What is hidden is drawn from a Gaussian field; what the planner believes comes from a few made-up drives by the product's own
kriging, and so does what is decided after a trip (:func:`geo.fusion.layer.fuse`): the planner's own arithmetic judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from geo.coverage import State
from geo.fusion.fitting import FittedField
from geo.fusion.kriging import smooth_field
from geo.fusion.layer import cells, fuse
from geo.fusion.observations import observations
from geo.fusion.settings import fusion_settings
from geo.fusion.variogram import Variogram, correlation
from geo.sampling.beliefs import YES, Beliefs, EarlierMeasurements, Measurable, VillageLayers
from geo.sampling.chances import Cuts
from geo.sampling.graph import RoadLines, road_graph
from geo.sampling.settings import SamplingSettings, sampling_settings
from geo.sampling.trips import Roadwork, Trip, along_roads, ordered_trips, plan_trips

THRESHOLD_DBM, CELL_M = -110.0, 100.0
VARIOGRAM = Variogram("exponential", 1.0, 1200.0, 0.03, level_m_per_db=50.0)
CUTS = Cuts(0.9, 0.1, 0.5, 0.6)
ERROR_SD_DB, LAYERS = 1.5, 2
_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.MEASURED_UNSERVED, State.PREDICTED_UNSERVED)
_FUSION = fusion_settings().standardised


@dataclass(frozen=True, slots=True, eq=False)
class Province:
    """Made-up arrays; (layers, n) where a layer matters."""

    settings: SamplingSettings
    roads: Roadwork
    village_xy: np.ndarray
    area: np.ndarray
    spots_xy: np.ndarray  # (villages, positions, 2)
    expected: np.ndarray  # villages
    scale: np.ndarray
    road_expected: np.ndarray
    road_scale: np.ndarray
    spot_truth_db: np.ndarray  # (layers, villages, positions): hidden, less the prediction
    road_truth_db: np.ndarray
    driven_before: np.ndarray
    seed: int


def _network(rng: np.random.Generator, side_m: float, junctions: int) -> list[tuple[np.ndarray, np.ndarray]]:
    xy = rng.uniform(0.05, 0.95, (junctions, 2)) * side_m
    triangles = Delaunay(xy).simplices
    pairs = np.unique(np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0)
    length = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((length, (pairs[:, 0], pairs[:, 1])), shape=(junctions, junctions))).tocoo()
    kept = {(int(a), int(b)) for a, b in zip(tree.row, tree.col, strict=True)}
    order = np.argsort(length)
    kept |= {(int(a), int(b)) for a, b in pairs[order[: junctions // 2]]}
    return [(xy[a], xy[b]) for a, b in sorted(kept)]


def province(
    seed: int, *, villages: int = 160, side_m: float = 40_000.0, junctions: int = 40, truth_factor: float = 1.0, days: int = 2, rounds: int = 1
) -> Province:
    """Return a made-up province.

    ``truth_factor`` is the true standard deviation of the field over what the planner believes: 1 honest, 1 / 0.7 with one 30 % too small.
    """
    rng = np.random.default_rng([seed, 5])
    settings = replace(
        sampling_settings(), days=days, rounds=rounds, road_point_m=400.0, near_road_points=8, near_stops=4, drive_technologies=("4G",)
    )
    lines = np.array([shapely.LineString(pair) for pair in _network(rng, side_m, junctions)], dtype=object)
    longs = shapely.length(lines)
    on = rng.choice(len(lines), villages, p=longs / longs.sum())
    base = shapely.get_coordinates(shapely.line_interpolate_point(lines[on], rng.uniform(0, 1, villages) * longs[on]))
    turn, away = rng.uniform(0, 2 * np.pi, villages), rng.uniform(0, 600, villages)
    xy = base + np.column_stack([np.cos(turn), np.sin(turn)]) * away[:, None]
    xy = (np.floor(xy / CELL_M) + 0.5) * CELL_M  # the middle of its cell speaks for a village
    xy = np.unique(xy, axis=0)
    seats = rng.uniform(0, side_m, (10, 2))
    area = cKDTree(seats).query(xy)[1]
    start = seats[np.argmin(np.hypot(*(seats - side_m / 2).T))]
    names = np.array([str(i) for i in range(len(lines))], dtype=object)
    graph = road_graph(RoadLines(lines, np.full(len(lines), 30.0), names, names), np.vstack([start, xy]), join_m=20.0, walk_m=1e5)
    points = along_roads(graph, settings.road_point_m)
    road_xy = np.column_stack([points.x_m, points.y_m])
    masts = [rng.uniform(0, side_m, (max(int(14 * (side_m / 40_000.0) ** 2), 3), 2)) for _ in range(LAYERS)]
    rough = [(rng.normal(size=(6, 2)) / 2500.0, rng.uniform(0, 2 * np.pi, 6)) for _ in range(LAYERS)]

    def expected(at: np.ndarray) -> np.ndarray:
        out = []
        for mast, (wave, phase) in zip(masts, rough, strict=True):
            km = np.maximum(cKDTree(mast).query(at)[0], 50.0) / 1000.0
            out.append(-84.0 - 32.0 * np.log10(km) + 3.0 * np.sin(at @ wave.T + phase).sum(axis=1))
        return np.stack(out)

    n, m = len(xy), settings.positions_per_stop
    spots = xy[:, None, :] + rng.uniform(-0.5, 0.5, (n, m, 2)) * CELL_M
    every = np.concatenate([spots.reshape(-1, 2), road_xy])
    level = np.concatenate([np.repeat(expected(xy), m, axis=1), expected(road_xy)], axis=1)
    common = rng.standard_normal(len(every))
    truth = []
    for k in range(LAYERS):
        place = np.column_stack([every, level[k] * VARIOGRAM.level_m_per_db])
        apart = np.linalg.norm(place[:, None] - place[None], axis=2)
        root = np.linalg.cholesky(correlation(VARIOGRAM.model, apart / VARIOGRAM.length_m) + 1e-8 * np.eye(len(every)))
        own = rng.standard_normal(len(every))
        truth.append(truth_factor * (root @ (np.sqrt(CUTS.place_correlation) * common + np.sqrt(1 - CUTS.place_correlation) * own)))
    field = np.stack(truth)
    scale = 9.0
    before = rng.uniform(size=len(graph.shapes)) < 0.25
    seen = np.zeros(len(road_xy), dtype=bool)
    for e in np.flatnonzero(before):
        seen[points.of_edge[e]] = True
    error = truth_factor * ERROR_SD_DB * rng.standard_normal(LAYERS)
    spot_truth = scale * field[:, : n * m].reshape(LAYERS, n, m) + error[:, None, None]
    return Province(
        settings, Roadwork(graph, points, settings), xy, area, spots, expected(xy), np.full((LAYERS, n), scale), expected(road_xy),
        np.full((LAYERS, len(road_xy)), scale), spot_truth, scale * field[:, n * m :] + error[:, None], seen, seed,
    )  # fmt: skip


def states(of: Province, stops: np.ndarray, roads: np.ndarray) -> np.ndarray:
    """Return the product's states (layers, villages) after stops and points of roads were measured."""
    x, y = np.array([p[0] for p in of.village_xy]), np.array([p[1] for p in of.village_xy])
    out = []
    for k in range(LAYERS):
        given, fitted = field_of(of, k, stops, roads)
        where = cells(x, y, CELL_M, of.expected[k], ERROR_SD_DB**2, scale=of.scale[k])
        found = fuse(given, fitted, where, _FUSION, threshold_dbm=THRESHOLD_DBM, served_probability=CUTS.served_probability, unserved_probability=CUTS.unserved_probability)
        out.append(found.state)
    return np.stack(out)


def field_of(of: Province, layer: int, stops: np.ndarray, roads: np.ndarray):
    """Return the observations of a layer and its field as the product lays them out."""
    m = of.settings.positions_per_stop
    noise_db = of.settings.sample_noise_db
    chance = np.random.default_rng([of.seed, 6, layer])  # the same sample comes out the same whoever takes it
    jitter = chance.standard_normal((len(of.village_xy), m)), chance.standard_normal(len(of.road_expected[layer]))
    nugget_db = np.sqrt(VARIOGRAM.nugget_db2) * of.scale[layer, 0]
    spread = np.hypot(noise_db, nugget_db)
    at = np.flatnonzero(stops)
    residual = (of.spot_truth_db[layer, at] + spread * jitter[0][at]).ravel()
    road = of.road_truth_db[layer, roads] + spread * jitter[1][roads]
    xy = np.concatenate([of.spots_xy[at].reshape(-1, 2), np.column_stack([of.roads.points.x_m, of.roads.points.y_m])[roads]])
    expected = np.concatenate([np.repeat(of.expected[layer, at], m), of.road_expected[layer, roads]])
    measured, scale = np.concatenate([residual, road]), of.scale[layer, 0]
    given = observations(
        xy[:, 0], xy[:, 1], measured / scale, (noise_db / scale) ** 2, samples=5.0, spots=1.0, level_dbm=expected + measured, expected_dbm=expected
    )
    laid = smooth_field(
        given.x_m, given.y_m, given.residual_db, given.noise_variance_db2 + VARIOGRAM.nugget_db2 / given.spots, VARIOGRAM, _FUSION,
        expected_dbm=given.expected_dbm,
    )
    return given, FittedField(laid, VARIOGRAM, 0.0, 0, 0, 0, True)


def undecided(state: np.ndarray) -> np.ndarray:
    """Return which villages are undecided, by the product's definition."""
    return ~np.isin(state, _SERVED).any(axis=0) & ~np.isin(state, _UNSERVED).all(axis=0)


def believed(of: Province) -> tuple[Beliefs, Roadwork, np.ndarray]:
    """Return what the planner is given: beliefs of undecided villages, the roads for them, and which villages they are."""
    nothing = np.zeros(len(of.village_xy), dtype=bool)
    which = np.flatnonzero(undecided(states(of, nothing, of.driven_before)))
    fields, margin, variance = [], [], []
    for k in range(LAYERS):
        given, fitted = field_of(of, k, nothing, of.driven_before)
        where = cells(of.village_xy[which, 0], of.village_xy[which, 1], CELL_M, of.expected[k, which], ERROR_SD_DB**2, scale=of.scale[k, which])
        found = fuse(given, fitted, where, _FUSION, threshold_dbm=THRESHOLD_DBM, served_probability=CUTS.served_probability, unserved_probability=CUTS.unserved_probability)
        margin.append(found.level_dbm - THRESHOLD_DBM)
        variance.append(found.field_variance_db2 / of.scale[k, which] ** 2)
        laid = fitted.field
        fields.append(EarlierMeasurements(VARIOGRAM, laid.x_m, laid.y_m, laid.lift_m, laid.noise))
    n = len(which)
    layers = VillageLayers(
        np.stack(margin), np.stack(variance), np.full((LAYERS, n), ERROR_SD_DB), np.full((LAYERS, n), YES, dtype=np.int8),
        np.full((LAYERS, n), YES, dtype=np.int8), np.zeros((LAYERS, n), dtype=bool), np.tile(np.arange(LAYERS)[:, None], (1, n)),
    )
    points = of.roads.points
    beliefs = Beliefs(
        Measurable(of.village_xy[which, 0], of.village_xy[which, 1], of.expected[:, which], of.scale[:, which]), layers,
        Measurable(points.x_m, points.y_m, of.road_expected, of.road_scale), fields, driven=np.ones(LAYERS, dtype=bool), cuts=CUTS,
        settings=of.settings, cell_size_m=CELL_M,
    )
    graph = of.roads.graph
    rows = np.concatenate([[0], which + 1])
    graph = replace(graph, at=graph.at[rows], away_m=graph.away_m[rows])
    return beliefs, Roadwork(graph, points, of.settings), which


def decided_by(of: Province, trips: list[Trip], which: np.ndarray) -> tuple[int, int]:
    """Return how many of the undecided villages trips decide, and how many of them wrongly (the median spot tells the truth)."""
    stops, roads = np.zeros(len(of.village_xy), dtype=bool), of.driven_before.copy()
    for trip in trips:
        for leg in (*(s.leg for s in trip.stops), trip.back):
            for e, _ in leg.edges:
                roads[of.roads.points.of_edge[e]] = True
        stops[which[[s.village for s in trip.stops]]] = True
    state = states(of, stops, roads)[:, which]
    served = np.isin(state, _SERVED).any(axis=0)
    settled = ~undecided(state)
    level = of.expected[:, which] + np.median(of.spot_truth_db[:, which], axis=2)
    truly = (level >= THRESHOLD_DBM).any(axis=0)
    return int(settled.sum()), int((settled & (served != truly)).sum())


def strategies(of: Province, seed: int) -> dict[str, tuple[float, int]]:
    """Return what each way of choosing decides, and of that wrongly: by plan, area by area, at random; same days, hours and roads."""
    beliefs, roads, which = believed(of)
    rng = np.random.default_rng([seed, 7])
    n = len(which)
    areas = rng.permutation(np.unique(of.area))
    by_area = sorted(range(n), key=lambda i: (int(np.flatnonzero(areas == of.area[which[i]])[0]), i))
    orders = {"area": by_area, "random": rng.permutation(n).tolist()}
    made = {"plan": plan_trips(beliefs, roads, of.settings)}
    made |= {name: ordered_trips(beliefs, roads, of.settings, order) for name, order in orders.items()}
    out = {name: decided_by(of, trips, which) for name, trips in made.items()}
    promised = sum(s.expected_change for t in made["plan"] for s in t.stops)
    return {**out, "promised": (promised, 0), "undecided": (n, 0)}
