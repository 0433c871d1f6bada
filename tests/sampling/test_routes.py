"""Routes of a day: small instances against every route there is."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from geo.sampling.routes import Day, best_route, losses, shorter


def day_of(rng: np.random.Generator, n: int, limit: float) -> Day:
    """Places on a plane; each shows some of 12 villages, with a chance, and so do the others near it: submodular."""
    xy = rng.uniform(0, 60, (n + 1, 2))
    minutes = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    chance = rng.uniform(0, 1, (n + 1, 12)) * (rng.uniform(size=(n + 1, 12)) < 0.3)

    def value(route: tuple[int, ...]) -> float:
        return float((1.0 - np.prod(1.0 - chance[list(route)], axis=0)).sum()) if route else 0.0

    return Day(minutes, np.r_[0.0, np.full(n, 15.0)], limit, value)


def best_of_all(day: Day) -> float:
    n = len(day.service) - 1
    routes = (r for k in range(n + 1) for r in permutations(range(1, n + 1), k))
    return max(day.value(r) for r in routes if day.time(r) <= day.limit)


def test_small_days_against_every_route() -> None:
    rng = np.random.default_rng(11)
    shares = []
    for _ in range(12):
        day = day_of(rng, 6, rng.uniform(120, 240))
        route = best_route(day, rounds=2, least=1e-6)
        assert day.time(route) <= day.limit
        assert len(set(route)) == len(route)
        best = best_of_all(day)
        shares.append(1.0 if best == 0 else day.value(route) / best)
    assert min(shares) > 0.85
    assert np.mean(shares) > 0.97
    assert np.mean(np.array(shares) > 1 - 1e-9) >= 0.5


def test_exchange_leaves_a_greedy_trap() -> None:
    """One stop is worth most, per minute too, and fills the day; two lesser ones are worth more together."""
    minutes = np.array([[0, 30, 25, 25], [30, 0, 55, 55], [25, 55, 0, 50], [25, 55, 50, 0]], dtype=float)
    worth = {1: 1.0, 2: 0.8, 3: 0.8}
    day = Day(minutes, np.array([0.0, 0, 0, 0]), 100.0, lambda route: sum(worth[k] for k in route))
    assert set(best_route(day, rounds=0, least=0.01)) == {1}
    assert set(best_route(day, rounds=1, least=0.01)) == {2, 3}


def test_a_stop_that_others_make_idle_is_left_out() -> None:
    """Place 1 is put in first, for it shows most per minute; 2 and 3 together show all that it shows, and more."""
    minutes = np.full((4, 4), 10.0)
    np.fill_diagonal(minutes, 0.0)
    shows = {1: {"a", "b", "c"}, 2: {"a", "b", "d", "e"}, 3: {"c", "f"}}
    day = Day(minutes, np.array([0.0, 1.0, 30.0, 30.0]), 120.0, lambda route: float(len(set().union(*(shows[k] for k in route)))))
    assert set(best_route(day, rounds=0, least=0.5)) == {2, 3}
    assert losses(day, (1, 2, 3)) == [0.0, 2.0, 1.0]


@pytest.mark.parametrize("seed", range(8))
def test_without_any_stop_of_a_route_what_a_stop_must_add_is_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    day = day_of(rng, 9, 300.0)
    route = best_route(day, rounds=1, least=0.4)
    assert route
    assert min(losses(day, route)) >= 0.4


def test_what_does_not_fit_or_is_not_worth_it_is_left_out() -> None:
    minutes = np.array([[0, 10, np.inf], [10, 0, np.inf], [np.inf, np.inf, 0]])
    day = Day(minutes, np.array([0.0, 5.0, 5.0]), 30.0, lambda route: 0.3 * len(route))
    assert best_route(day, rounds=2, least=0.1) == (1,)
    assert best_route(day, rounds=2, least=0.5) == ()
    assert best_route(Day(minutes, day.service, 24.0, day.value), rounds=2, least=0.1) == ()
    assert day.time((1,)) == 25.0
    assert day.time(()) == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_the_order_is_nearly_the_shortest(seed: int) -> None:
    xy = np.random.default_rng(seed).uniform(0, 10, (7, 2))
    minutes = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    day = Day(minutes, np.zeros(7), 0.0, lambda _: 0.0)
    found = shorter(minutes, (4, 2, 6, 1, 3, 5))
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert day.time(found) <= 1.05 * min(day.time(p) for p in permutations(range(1, 7)))
