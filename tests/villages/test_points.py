"""Villages at the area's edge: the nearest cell of their own speaks for them, none farther off."""

from __future__ import annotations

import numpy as np
import pytest

from geo.villages.points import village_points
from tests.villages.made_up import A4, classed, covered, place, villages

#: The first column lies outside the area.
EDGE = np.array([[0, 2, 2], [0, 4, 2], [0, 2, 2]])


def owned(edge: np.ndarray) -> np.ndarray:
    return np.where(edge > 0, 0, -1).astype(np.int32)


def at(row: float, column: float, cells: np.ndarray | None = None) -> tuple[int, int]:
    one = place(row, column)
    found = village_points(np.array([one["lon"]]), np.array([one["lat"]]), covered({A4: EDGE}), owned(EDGE) if cells is None else cells)
    return int(found[0][0]), int(found[1][0])


def test_a_point_within_the_area_keeps_its_cell() -> None:
    assert at(0.2, 2.1) == (0, 2)


def test_beside_it_the_nearest_own_cell_speaks() -> None:
    assert at(1.0, 0.3) == (1, 1)
    assert at(-0.4, 0.3) == (0, 1)
    assert at(0.0, -0.9) == (0, 1)  # off the grid, 1.9 cells from the centre
    assert at(0.0, -1.2)[0] == -1  # farther than two cells: nobody speaks


def test_cells_of_another_village_do_not() -> None:
    assert at(1.0, 0.3, np.full((3, 3), 1, dtype=np.int32)) == (1, 0)


def test_the_class_follows() -> None:
    got = classed(villages({**place(1, 0.3)}), covered({A4: EDGE}), owned=owned(EDGE)).iloc[0]
    assert (got["class"], got["operators_undecided"]) == ("white", "")
    far = classed(villages({**place(1, -1.5)}), covered({A4: EDGE}), owned=owned(EDGE)).iloc[0]
    assert far["class"] == "undecided"


def test_without_position_there_is_no_cell() -> None:
    found = village_points(np.array([np.nan]), np.array([np.nan]), covered({A4: EDGE}), owned(EDGE))
    assert found[0][0] == -1
    assert pytest.approx(found[1][0]) == -1
