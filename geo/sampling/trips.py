"""Vehicle-days one after the other: each takes the stops that decide most, given what the days before will have measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely

from geo.sampling.beliefs import Beliefs
from geo.sampling.graph import RoadGraph, Ways
from geo.sampling.routes import Day, Route, best_route, losses, shorter
from geo.sampling.settings import SamplingSettings

__all__ = ["Leg", "RoadPoints", "Roadwork", "Stop", "Trip", "along_roads", "ordered_trips", "plan_trips"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]
_MINUTES = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class RoadPoints:
    """Points of the roads at which what is measured along the way is counted.

    Attributes
    ----------
    x_m, y_m : (n,) float64 arrays
    of_edge : tuple of (k,) int64 arrays
        Positions of the points of each edge of the graph.
    """

    x_m: _F64
    y_m: _F64
    of_edge: tuple[_I64, ...]


def along_roads(graph: RoadGraph, spacing_m: float) -> RoadPoints:
    """Return points in the middle of pieces of every road, of at most ``spacing_m`` each."""
    xy: list[_F64] = []
    of: list[_I64] = []
    count = 0
    for shape, length, line in zip(graph.shapes, graph.length_m.tolist(), graph.line.tolist(), strict=True):
        n = int(np.ceil(length / spacing_m)) if line >= 0 else 0
        if n:
            points = shapely.line_interpolate_point(shapely.LineString(shape), (np.arange(n) + 0.5) * length / n)
            xy.append(shapely.get_coordinates(points))
        of.append(np.arange(count, count + n))
        count += n
    every = np.concatenate(xy) if xy else np.zeros((0, 2))
    return RoadPoints(every[:, 0], every[:, 1], tuple(of))


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """The way to a stop, or back to the start.

    Attributes
    ----------
    edges : tuple of (int, int)
        Edge of the graph and the node where it is entered, in order.
    km, minutes : float
    """

    edges: tuple[tuple[int, int], ...]
    km: float
    minutes: float


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """A village that is visited.

    Attributes
    ----------
    village : int
    leg : Leg
        The way there from the stop before.
    expected_change : float
        Villages expected to be decided by this stop and the way to it, beyond what was measured before: its part of the day's, by what would be
        lost without it. Two stops that decide a village together share it.
    walk_m : float
        From the road to the village, one way.
    """

    village: int
    leg: Leg
    expected_change: float
    walk_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """One vehicle-day.

    Attributes
    ----------
    stops : tuple of Stop
    back : Leg
    minutes : float
        Of the whole day, stops and walks included.
    """

    stops: tuple[Stop, ...]
    back: Leg
    minutes: float


class Roadwork:
    """The graph as trips use it: villages are places 1 … n of it, the start is place 0.

    Parameters
    ----------
    graph : RoadGraph
        Asked for the start and then for each village, in this order.
    points : RoadPoints
    settings : SamplingSettings
    """

    def __init__(self, graph: RoadGraph, points: RoadPoints, settings: SamplingSettings) -> None:
        self.graph, self.points, self.settings = graph, points, settings
        self._legs: dict[tuple[int, int], Leg] = {}
        self._sites: dict[tuple[int, int], _I64] = {}
        walk = 2.0 * graph.away_m[1:] / 1000.0 / settings.walk_kmh * _MINUTES
        self.service = settings.minutes_per_stop + walk
        start = int(graph.at[0])
        if start < 0:
            self.reached = np.zeros(len(graph.at) - 1, dtype=bool)
            return
        first = graph.ways([start])
        to = np.array([first.time(start, int(k)) if k >= 0 else np.inf for k in graph.at[1:]])
        self.reached = 2.0 * to + self.service <= settings.hours_per_day * _MINUTES

    def ways(self, villages: list[int]) -> tuple[Ways, _F64]:
        """Return the ways between the start and villages, and the minutes of each."""
        nodes = [int(self.graph.at[0]), *(int(self.graph.at[v + 1]) for v in villages)]
        ways = self.graph.ways(list(dict.fromkeys(nodes)))
        minutes = ways.minutes[[ways.row[n] for n in nodes]][:, nodes]
        return ways, np.minimum(minutes, minutes.T)

    def leg(self, ways: Ways, a: int, b: int) -> Leg:
        """Return the way between two nodes."""
        if (a, b) not in self._legs:
            edges = tuple(ways.edges(a, b)) if a != b else ()
            used = np.array([e for e, _ in edges], dtype=np.int64)
            self._legs[a, b] = Leg(edges, float(self.graph.length_m[used].sum() / 1000.0), float(self.graph.minutes[used].sum()))
        return self._legs[a, b]

    def sites(self, ways: Ways, a: int, b: int, first: int) -> _I64:
        """Return the sites of measurement on the way between two nodes; ``first`` is the number of the first point of a road."""
        pair = (min(a, b), max(a, b))
        if pair not in self._sites:
            parts = [self.points.of_edge[e] for e, _ in self.leg(ways, *pair).edges]
            self._sites[pair] = np.concatenate(parts) + first if parts else np.zeros(0, dtype=np.int64)
        return self._sites[pair]


def plan_trips(
    beliefs: Beliefs, roads: Roadwork, settings: SamplingSettings, on_day: Callable[[int], None] | None = None, *, weight: _F64 | None = None
) -> list[Trip]:
    """Return the vehicle-days of a plan, fewer than asked for where nothing is left that is worth a stop.

    Parameters
    ----------
    beliefs : Beliefs
    roads : Roadwork
        For the same villages.
    settings : SamplingSettings
    on_day : callable, optional
        Told the number of days planned.
    weight : (villages,) float64 array, optional
        As how many villages each counts where stops are chosen and held against ``least_change``; 1 unless given. What stops are expected to decide stays a
        number of villages.
    """
    plain = np.ones(len(beliefs))
    weigh = plain if weight is None else weight
    measured = np.zeros(beliefs.sites, dtype=bool)
    left = set(np.flatnonzero(roads.reached).tolist())
    trips: list[Trip] = []
    for number in range(settings.days):
        listed = _shortlist(beliefs, measured, sorted(left), settings.candidates, weigh)
        if not listed:
            break
        ways, minutes = roads.ways(listed)
        day = Day(
            minutes, np.concatenate([[0.0], roads.service[listed]]), settings.hours_per_day * _MINUTES, _Worth(beliefs, roads, ways, listed, measured, weigh)
        )
        route = best_route(day, rounds=settings.rounds, least=settings.least_change)
        if not route:
            break
        counted = day if weight is None else replace(day, value=_Worth(beliefs, roads, ways, listed, measured, plain))
        trips.append(_trip(beliefs, roads, ways, [listed[k - 1] for k in route], measured, _parts(losses(counted, route))))
        left -= {listed[k - 1] for k in route}
        if on_day is not None:
            on_day(number + 1)
    return trips


def ordered_trips(beliefs: Beliefs, roads: Roadwork, settings: SamplingSettings, order: list[int]) -> list[Trip]:
    """Return the vehicle-days that visit villages in a given order: each takes the next ones that fit, by the shortest way.

    Parameters
    ----------
    beliefs : Beliefs
    roads : Roadwork
    settings : SamplingSettings
    order : list of int
        Villages; those that no day reaches are passed over.
    """
    measured = np.zeros(beliefs.sites, dtype=bool)
    waiting = [v for v in order if roads.reached[v]]
    if not waiting:
        return []
    ways, minutes = roads.ways(waiting)
    service = np.concatenate([[0.0], roads.service[waiting]])
    trips: list[Trip] = []
    rest = list(range(1, len(waiting) + 1))
    for _ in range(settings.days):
        day = Day(minutes, service, settings.hours_per_day * _MINUTES, lambda _: 0.0)
        route: Route = ()
        for k in list(rest):
            longer = shorter(minutes, (*route, k))
            if day.time(longer) > day.limit:
                continue
            route = longer
            rest.remove(k)
        if not route:
            break
        trips.append(_trip(beliefs, roads, ways, [waiting[k - 1] for k in route], measured))
    return trips


def _parts(lost: list[float]) -> list[float]:
    """Return what parts of a day's worth its stops have; a stop without which no more would be decided has none, and where none has any all have the same."""
    parts = [max(0.0, one) for one in lost]
    return parts if sum(parts) > 0 else [1.0] * len(parts)


def _shortlist(beliefs: Beliefs, measured: _Bool, left: list[int], most: int, weight: _F64) -> list[int]:
    """Return the villages where a visit alone is expected to decide most."""
    worth = []
    for village in left:
        with_it = measured.copy()
        with_it[village] = True
        worth.append(sum(weight[i] * (beliefs.chance(i, with_it) - beliefs.chance(i, measured)) for i in beliefs.villages_of[village]))
    order = np.argsort(-np.array(worth), kind="stable")[:most]
    return sorted(left[k] for k in order.tolist() if worth[k] > 0)


class _Worth:
    """Worth of a route: villages expected to be decided beyond what was measured before, each with its weight.

    Routes that are weighed differ little from one another: only villages near what differs from the route last asked for again are worked out anew.
    """

    def __init__(self, beliefs: Beliefs, roads: Roadwork, ways: Ways, listed: list[int], measured: _Bool, weight: _F64 | None = None) -> None:
        self._weight = np.ones(len(beliefs)) if weight is None else weight
        self._beliefs, self._roads, self._ways, self._measured = beliefs, roads, ways, measured.copy()
        self._nodes = [int(roads.graph.at[0]), *(int(roads.graph.at[v + 1]) for v in listed)]
        self._listed = listed
        self._known: dict[Route, float] = {(): 0.0}
        self._base: Route = ()
        self._base_sites, self._base_worth = self._measured, 0.0
        self._chance = np.array([beliefs.chance(i, measured) for i in range(len(beliefs))])

    def __call__(self, route: Route) -> float:
        if route not in self._known:
            self._known[route] = self._base_worth + sum(float(self._weight[i]) * change for i, change in self._changes(self._sites(route)))
        elif route != self._base:
            sites = self._sites(route)
            for village, change in self._changes(sites):
                self._chance[village] += change
            self._base, self._base_sites, self._base_worth = route, sites, self._known[route]
        return self._known[route]

    def _sites(self, route: Route) -> _Bool:
        """Return what is measured once the route is driven."""
        sites, first = self._measured.copy(), len(self._beliefs)
        for a, b in pairwise((0, *route, 0)):
            sites[self._roads.sites(self._ways, self._nodes[a], self._nodes[b], first)] = True
        sites[[self._listed[k - 1] for k in route]] = True
        return sites

    def _changes(self, sites: _Bool) -> list[tuple[int, float]]:
        """Return by how much the chance of each village differs from that of the base."""
        differ = np.flatnonzero(sites != self._base_sites)
        touched = sorted({i for s in differ.tolist() for i in self._beliefs.villages_of[s]})
        return [(i, self._beliefs.chance(i, sites) - float(self._chance[i])) for i in touched]


def _trip(beliefs: Beliefs, roads: Roadwork, ways: Ways, villages: list[int], measured: _Bool, lost: list[float] | None = None) -> Trip:
    """Return a route as a trip and note what it measures; ``lost``: by what the day's worth is shared among the stops, else by their order."""
    first, graph = len(beliefs), roads.graph
    legs: list[Leg] = []
    changes: list[float] = []
    before = worth = beliefs.expected(measured)
    here, minutes = int(graph.at[0]), 0.0
    for village in villages:
        there = int(graph.at[village + 1])
        legs.append(roads.leg(ways, here, there))
        measured[roads.sites(ways, here, there, first)] = True
        measured[village] = True
        if lost is None:
            after = beliefs.expected(measured)
            changes.append(after - worth)
            worth = after
        here = there
        minutes += legs[-1].minutes + float(roads.service[village])
    back = roads.leg(ways, here, int(graph.at[0]))
    measured[roads.sites(ways, here, int(graph.at[0]), first)] = True
    whole = beliefs.expected(measured)
    if lost is not None:
        changes = [(whole - before) * part / sum(lost) for part in lost]
    elif villages:
        changes[-1] += whole - worth  # the way back measures too; it belongs to the last stop
    stops = tuple(Stop(v, leg, change, float(graph.away_m[v + 1])) for v, leg, change in zip(villages, legs, changes, strict=True))
    return Trip(stops, back, minutes + back.minutes)
