"""Search for new ground: heights drawn by hand, and laws that hold for any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GridMismatchError
from geo.planning.ground_search import (
    People,
    Sight,
    distance_m,
    gathered,
    highest_of_blocks,
    most_seeing,
    prominence_m,
    seen_worth,
    slope_deg,
)

#: As far as the eye reaches, everybody in sight counts whole.
LOOK = Sight(1e5, 1e9, 1.5, 8.5e6)


def people(*entries: tuple[int, int, float]) -> People:
    row, column, worth = zip(*entries, strict=True)
    return People(np.array(row, dtype=np.int64), np.array(column, dtype=np.int64), np.array(worth, dtype=np.float64))


def test_prominence_and_slope_by_hand() -> None:
    heights = np.array([[1.0, 1, 1], [1, 10, 1], [1, 1, 1]])
    assert prominence_m(heights, 100.0, 100.0)[1, 1] == pytest.approx(8.0)
    heights[0, 0] = np.nan  # left out of the mean: (7 + 10) / 8
    found = prominence_m(heights, 100.0, 100.0)
    assert found[1, 1] == pytest.approx(10 - 17 / 8)
    assert np.isnan(found[0, 0])
    assert found[0, 1] == pytest.approx(1 - 14 / 5)  # at the edge the mean is over the cells that there are
    ramp = np.tile(np.array([0.0, 100.0, 200.0]), (3, 1))
    slope = slope_deg(ramp, 100.0)
    assert slope[1, 1] == pytest.approx(45.0)
    assert np.isnan(slope[0, 0])


def test_distance_by_hand() -> None:
    marked = np.zeros((3, 4), dtype=bool)
    assert np.isinf(distance_m(marked, 100.0)).all()
    marked[0, 0] = True
    assert distance_m(marked, 100.0)[2, 0] == pytest.approx(200.0)
    assert distance_m(marked, 100.0)[1, 1] == pytest.approx(100.0 * np.sqrt(2))


def test_the_highest_of_each_block() -> None:
    rank = np.array([[1.0, 5, 2], [3, 4, 9], [7, 7, 0]])
    eligible = rank != 5
    row, column = highest_of_blocks(eligible, rank, 2)
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == [(1, 1), (1, 2), (2, 0), (2, 2)]
    assert highest_of_blocks(np.zeros((2, 2), dtype=bool), np.zeros((2, 2)), 2)[0].size == 0


def test_blocks_hold_all_the_worth() -> None:
    worth = np.array([[1.0, 2, 0], [0, 0, 0], [0, 4, 3]])
    found = gathered(worth, 2)
    assert list(zip(found.row.tolist(), found.column.tolist(), found.worth.tolist(), strict=True)) == [(0, 1, 3.0), (2, 1, 4.0), (2, 2, 3.0)]
    assert gathered(np.zeros((2, 2)), 2).worth.size == 0


def test_a_ridge_hides_and_a_mast_looks_over() -> None:
    """People 4 cells away behind a ridge of 20 m half way: an antenna 30 m high sees 1.5 m over the ground past 15.75 m half way, 50 m past 25.75."""
    heights = np.zeros((1, 5))
    heights[0, 2] = 20.0
    crowd = people((0, 4, 7.0), (0, 1, 2.0))
    worth, seen = seen_worth(heights, 100.0, (0, 0), 30.0, crowd, LOOK)
    assert (worth, seen.tolist()) == (pytest.approx(2.0), [0.0, pytest.approx(1.0)])
    assert seen_worth(heights, 100.0, (0, 0), 50.0, crowd, LOOK)[0] == pytest.approx(9.0)
    assert seen_worth(heights, 100.0, (0, 0), 50.0, crowd, replace(LOOK, radius_m=399.0))[0] == pytest.approx(2.0)
    heights[0, 2] = np.nan  # nobody knows what is there: not in sight
    assert seen_worth(heights, 100.0, (0, 0), 50.0, crowd, LOOK)[0] == pytest.approx(2.0)
    assert seen_worth(heights, 100.0, (0, 2), 50.0, crowd, LOOK)[0] == 0.0
    with pytest.raises(GridMismatchError):
        seen_worth(heights, 100.0, (0, 9), 50.0, crowd, LOOK)


def test_who_is_near_counts_more() -> None:
    """At half_m a person counts half, at twice that a fifth."""
    near = replace(LOOK, half_m=100.0)
    worth, parts = seen_worth(np.zeros((1, 5)), 100.0, (0, 0), 30.0, people((0, 1, 10.0), (0, 2, 10.0), (0, 0, 10.0)), near)
    assert parts.tolist() == pytest.approx([0.5, 0.2, 1.0])
    assert worth == pytest.approx(17.0)


def test_the_earth_bends() -> None:
    """Over a flat sea h metres see sqrt(2 a h) far, 1.5 m at the other end 5.05 km: 40 km take 34.95² / (2 · 8500) km = 71.9 m."""
    heights = np.zeros((1, 401))
    crowd = people((0, 400, 1.0))
    assert seen_worth(heights, 100.0, (0, 0), 40.0, crowd, LOOK)[0] == 0.0
    assert seen_worth(heights, 100.0, (0, 0), 71.0, crowd, LOOK)[0] == 0.0
    assert seen_worth(heights, 100.0, (0, 0), 74.0, crowd, LOOK)[0] == pytest.approx(1.0)


def test_a_crowd_does_not_crowd_out_the_few() -> None:
    """Three places over the same 100 people and one over 30 behind a wall: the one is second, not last."""
    heights = np.zeros((3, 9))
    heights[:, 6] = 1000.0
    crowd = people((0, 0, 100.0), (0, 8, 30.0))
    row, column = np.array([1, 1, 1, 1]), np.array([1, 2, 3, 7])
    picked, worth = most_seeing(heights, 100.0, row, column, np.full(4, 30.0), np.ones(4), crowd, LOOK, most=4)
    assert picked.tolist() == [0, 1, 3, 2]
    assert worth.tolist() == pytest.approx([100.0, 100.0, 30.0, 100.0])
    cheap, _ = most_seeing(heights, 100.0, row, column, np.full(4, 30.0), np.array([1.0, 1, 1, 0.1]), crowd, LOOK, most=2)
    assert cheap.tolist() == [3, 0]
    by_all_means, _ = most_seeing(heights, 100.0, row, column, np.full(4, 30.0), np.ones(4), crowd, LOOK, most=2, wanted=people((0, 8, 1.0)), each=2)
    assert by_all_means.tolist() == [3, 0]  # one place alone sees it; of two asked for there is no other
    assert crowd.worth.tolist() == [100.0, 30.0]  # what was given stays as it was


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_more_height_never_sees_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heights = rng.uniform(0, 80, (12, 12))
    crowd = people(*[(int(r), int(c), 1.0) for r, c in rng.integers(0, 12, (15, 2))])
    spot = (int(rng.integers(12)), int(rng.integers(12)))
    low, high = (seen_worth(heights, 100.0, spot, h, crowd, LOOK)[1] for h in (10.0, 35.0))
    assert not (low > high).any()
    flat = seen_worth(np.zeros((12, 12)), 100.0, spot, 10.0, crowd, LOOK)[0]
    assert flat == pytest.approx(15.0)
