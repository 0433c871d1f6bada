"""Vehicle-days on a made-up province: what they are worth, how long they take, that days share out the work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.sampling.routes import Day, losses
from geo.sampling.trips import Roadwork, _Worth, along_roads, ordered_trips, plan_trips
from tests.sampling.made_up import believed, province


@pytest.fixture(scope="module")
def scene():
    of = province(3, villages=40, side_m=16_000.0, junctions=10, days=2, rounds=1)
    beliefs, roads, which = believed(of)
    return of, beliefs, roads, which


def test_days_keep_their_hours_and_no_village_is_visited_twice(scene) -> None:
    of, beliefs, roads, _ = scene
    settings = replace(of.settings, hours_per_day=4.0)
    roads = Roadwork(roads.graph, roads.points, settings)
    trips = plan_trips(beliefs, roads, settings)
    assert len(trips) == 2
    villages = [s.village for t in trips for s in t.stops]
    assert len(set(villages)) == len(villages)
    for trip in trips:
        assert trip.minutes <= 240 + 1e-6
        legs = [*(s.leg for s in trip.stops), trip.back]
        at = int(roads.graph.at[0])
        for leg in legs:  # one leg begins where the one before ended
            for edge, entered in leg.edges:
                assert entered == at
                at = int(roads.graph.end[edge] if roads.graph.start[edge] == at else roads.graph.start[edge])
        assert at == int(roads.graph.at[0])
        assert sum(leg.minutes for leg in legs) + roads.service[[s.village for s in trip.stops]].sum() == pytest.approx(trip.minutes)


def test_what_stops_add_is_what_the_plan_adds(scene) -> None:
    of, beliefs, roads, _ = scene
    trips = plan_trips(beliefs, roads, of.settings)
    measured = np.zeros(beliefs.sites, dtype=bool)
    for trip in trips:
        for leg in (*(s.leg for s in trip.stops), trip.back):
            for edge, _ in leg.edges:
                measured[roads.points.of_edge[edge] + len(beliefs)] = True
        measured[[s.village for s in trip.stops]] = True
    assert sum(s.expected_change for t in trips for s in t.stops) == pytest.approx(beliefs.expected(measured))


def test_no_stop_is_planned_that_decides_next_to_nothing() -> None:
    """What a stop says of itself is what it is worth: none is below the least. Here one was worth it until its neighbours came along."""
    of = province(7, villages=40, side_m=16_000.0, junctions=10, days=2, rounds=1)
    beliefs, roads, _ = believed(of)
    trips = plan_trips(beliefs, roads, replace(of.settings, least_change=0.4))
    assert trips
    assert min(s.expected_change for t in trips for s in t.stops) >= 0.4


def test_the_worth_of_a_route_does_not_depend_on_what_was_asked_before(scene) -> None:
    _, beliefs, roads, _ = scene
    listed = np.flatnonzero(roads.reached)[:6].tolist()
    ways, _ = roads.ways(listed)
    nothing = np.zeros(beliefs.sites, dtype=bool)
    routes = [(1,), (1, 2), (3, 1, 2), (1, 2), (4, 5), (3, 1, 2), (6,), (4, 5), (), (1,)]
    one = _Worth(beliefs, roads, ways, listed, nothing)
    for route in routes:
        assert one(route) == pytest.approx(_Worth(beliefs, roads, ways, listed, nothing)(route), abs=1e-9)
        sites = one._sites(route)
        assert one(route) == pytest.approx(beliefs.expected(sites), abs=1e-9)


def test_other_orders_keep_the_same_hours(scene) -> None:
    of, beliefs, roads, _ = scene
    settings = replace(of.settings, hours_per_day=4.0, days=1)
    roads = Roadwork(roads.graph, roads.points, settings)
    trips = ordered_trips(beliefs, roads, settings, list(range(len(beliefs)))[::-1])
    assert [t.minutes <= 240 + 1e-6 for t in trips] == [True]
    planned = sum(s.expected_change for t in plan_trips(beliefs, roads, settings) for s in t.stops)
    assert planned > sum(s.expected_change for t in trips for s in t.stops)


def test_points_lie_along_every_road_at_the_spacing(scene) -> None:
    _, _, roads, _ = scene
    points = along_roads(roads.graph, 300.0)
    for length, of_edge in zip(roads.graph.length_m, points.of_edge, strict=True):
        assert len(of_edge) == np.ceil(length / 300.0)
        steps = np.hypot(np.diff(points.x_m[of_edge]), np.diff(points.y_m[of_edge]))
        assert (steps <= 300.0 + 1e-6).all()


def test_villages_that_weigh_more_come_first_and_what_is_decided_stays_a_number_of_villages(scene) -> None:
    """One village weighs as fifty: alone on the shortlist it is the stop. Weights of all kinds: a stop's figure is its part of the villages that the day decides, by what would be lost without it."""
    of, beliefs, roads, _ = scene
    plain = plan_trips(beliefs, roads, of.settings)
    passed_over = next(v for v in range(len(beliefs)) if roads.reached[v] and v not in {s.village for s in plain[0].stops} and beliefs.chance(v, _visited(beliefs, v)) > 0.05)
    weight = np.ones(len(beliefs))
    weight[passed_over] = 50.0
    (first, *_) = plan_trips(beliefs, roads, replace(of.settings, candidates=1, days=1), weight=weight)
    assert [s.village for s in first.stops] == [passed_over]
    settings = replace(of.settings, days=1)
    weight = np.random.default_rng(2).uniform(1.0, 20.0, len(beliefs))
    (trip,) = plan_trips(beliefs, roads, settings, weight=weight)
    listed = sorted(s.village for s in trip.stops)
    ways, minutes = roads.ways(listed)
    nothing = np.zeros(beliefs.sites, dtype=bool)
    day = Day(minutes, np.concatenate([[0.0], roads.service[listed]]), np.inf, _Worth(beliefs, roads, ways, listed, nothing))
    route = tuple(listed.index(s.village) + 1 for s in trip.stops)
    lost = losses(day, route)
    assert len(lost) > 1
    found = [s.expected_change for s in trip.stops]
    assert found == pytest.approx([day.value(route) * part / sum(lost) for part in lost])


def _visited(beliefs, village: int) -> np.ndarray:
    out = np.zeros(beliefs.sites, dtype=bool)
    out[village] = True
    return out
