"""Which stops fit into one vehicle-day and in what order: the orienteering problem with a value that has few properties.

A route begins and ends at place 0 and may take no longer than the day. Its worth is a function of the whole route, since the way between stops
measures too and neighbouring stops tell much the same. Expected numbers of decided villages are nearly, not exactly, submodular (a first
measurement near a village may decide nothing where two together do), so nothing is proven of what follows; small instances are
held against all routes (``tests/sampling``).

1. *Insertion.* The stop with most worth per added minute (and, in a second and third try, per its root and alone) is put where it costs least time:
   the greedy rule for a budget (S. Khuller, A. Moss, J. Naor 1999, Information Processing Letters 70(1), 39-45; C. Chekuri, N. Korula, M. Pál 2012,
   ACM Transactions on Algorithms 8(3), for routes).
2. *Order.* After each insertion pieces of the route are reversed and stops moved while that saves time (2-opt, Or-opt).
3. *Exchange.* Each stop in turn is taken out and its time used for others; what is better stays.
4. *Leaving out.* A stop that was worth it when it was put in may add next to nothing beside those that came after: it goes, and its time is used for
   others, until what is lost without any one stop is what a stop must add.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["Day", "Route", "best_route", "losses", "shorter"]

_F64 = npt.NDArray[np.float64]
Route = tuple[int, ...]
#: Powers of the added time that the worth is divided by.
_POWERS = (1.0, 0.5, 0.0)
_MINUTE = 1e-3
_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What a vehicle-day has to choose from.

    Attributes
    ----------
    minutes : (k + 1, k + 1) float64 array
        From place to place; place 0 is where the day begins and ends. Infinite where no road leads.
    service : (k + 1,) float64 array
        Minutes at each place; 0 at place 0.
    limit : float
        Minutes of the day.
    value : callable
        Worth of a route (places in order, without place 0); 0 for none.
    """

    minutes: _F64
    service: _F64
    limit: float
    value: Callable[[Route], float]

    def time(self, route: Route) -> float:
        """Return the minutes of a route, driving and stops."""
        at = (0, *route, 0)
        return float(self.minutes[at[:-1], at[1:]].sum() + self.service[list(route)].sum()) if route else 0.0


def best_route(day: Day, *, rounds: int, least: float) -> Route:
    """Return a route of much worth within the day; empty where no stop is worth ``least``.

    Parameters
    ----------
    day : Day
    rounds : int
        Of exchanges.
    least : float
        Worth that a stop must add.
    """
    tries = [_filled(day, (), power, least) for power in _POWERS]
    route = max(tries, key=lambda r: (round(day.value(r), 9), -day.time(r)))
    for _ in range(rounds):
        before = route
        for stop in route:
            if stop not in route:
                continue
            without = tuple(s for s in route if s != stop)
            for power in _POWERS[:2]:
                other = _filled(day, _filled(day, without, power, least, barred=stop), power, least)
                if _better(day, other, route):
                    route = other
        if route == before:
            break
    for _ in range(rounds):
        needed = _without_idle(day, route, least)
        if needed == route:
            break
        route = _filled(day, needed, 1.0, least)
    return _without_idle(day, route, least)


def losses(day: Day, route: Route) -> list[float]:
    """Return what a route's worth loses without each of its stops, in order.

    Parameters
    ----------
    day : Day
    route : tuple of int
    """
    whole = day.value(route)
    return [whole - day.value(tuple(s for s in route if s != stop)) for stop in route]


def _without_idle(day: Day, route: Route, least: float) -> Route:
    """Return a route without the stops, the idlest first, without which less is lost than a stop must add."""
    while route:
        lost = losses(day, route)
        idle = int(np.argmin(lost))
        if lost[idle] >= least - _TIE:
            break
        route = (*route[:idle], *route[idle + 1 :])
    return route


def _better(day: Day, a: Route, b: Route) -> bool:
    more = day.value(a) - day.value(b)
    return more > _TIE or (more > -_TIE and day.time(a) < day.time(b) - _MINUTE)


def _filled(day: Day, route: Route, power: float, least: float, *, barred: int = 0) -> Route:
    """Return a route with stops, but for a barred one, added while they fit and are worth it."""
    rest = [k for k in range(1, len(day.service)) if k not in route and k != barred]
    while rest:
        spent, worth = day.time(route), day.value(route)
        best: tuple[float, Route] | None = None
        for k in rest:
            added, longer = _inserted(day, route, k)
            if spent + added > day.limit + _MINUTE:
                continue
            gain = day.value(longer) - worth
            score = gain / max(added, _MINUTE) ** power
            if gain >= least and (best is None or score > best[0] + _TIE):
                best = (score, longer)
        if best is None:
            break
        route = _ordered(day, best[1])
        rest = [k for k in rest if k not in route]
    return route


def _inserted(day: Day, route: Route, k: int) -> tuple[float, Route]:
    """Return the time that a stop adds where it adds least, and the route with it there."""
    at = np.array((0, *route, 0))
    added = day.minutes[at[:-1], k] + day.minutes[k, at[1:]] - day.minutes[at[:-1], at[1:]]
    p = int(np.argmin(added))
    return float(added[p] + day.service[k]), (*route[:p], k, *route[p:])


def _ordered(day: Day, route: Route) -> Route:
    """Return the route in an order that takes less time, unless that one is worth less."""
    other = shorter(day.minutes, route)
    return other if other != route and day.value(other) >= day.value(route) - _TIE else route


def shorter(minutes: _F64, route: Route) -> Route:
    """Return a route through the same stops that neither 2-opt nor Or-opt shortens; times are the same both ways.

    Parameters
    ----------
    minutes : (k, k) float64 array
    route : tuple of int
        Without place 0, where it begins and ends.
    """
    at = [0, *route, 0]
    n = len(at)
    improved = True
    while improved:
        improved = False
        for i in range(1, n - 2):
            for j in range(i + 1, n - 1):
                a, b, c, d = at[i - 1], at[i], at[j], at[j + 1]
                if minutes[a, c] + minutes[b, d] < minutes[a, b] + minutes[c, d] - _TIE:
                    at[i : j + 1] = at[i : j + 1][::-1]
                    improved = True
        for i in range(1, n - 1):
            stop = at[i]
            saved = minutes[at[i - 1], stop] + minutes[stop, at[i + 1]] - minutes[at[i - 1], at[i + 1]]
            rest = at[:i] + at[i + 1 :]
            costs = [minutes[p, stop] + minutes[stop, q] - minutes[p, q] for p, q in pairwise(rest)]
            best = int(np.argmin(costs))
            if costs[best] < saved - _TIE:
                at = [*rest[: best + 1], stop, *rest[best + 1 :]]
                improved = True
    return tuple(at[1:-1])
