"""Whether a village is weak where its cells are undecided: clusters formed in every joint draw, three by three."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import label

from geo.villages import find_clusters
from geo.villages.chances import OpenVillage, cluster_chances, open_cells
from tests.villages.made_up import (
    A3,
    A4,
    ALL_MINE,
    B4,
    SETTINGS,
    classed,
    covered,
    houses,
    place,
    rules,
    villages,
)

#: Served in the middle, undecided around it.
RING = np.full((3, 3), 3)
RING[1, 1] = 2


def drawn(below: Any) -> Callable[..., np.ndarray]:
    """Draws that are the same for all layers: (3, 3, draws) shares below the planning level."""
    every = np.asarray(below, dtype=float)
    return lambda layer, row, column: every[row, column]


def ring(table: pd.DataFrame | None = None, **options: Any) -> pd.Series:
    return classed(villages({}) if table is None else table, covered({A4: RING, B4: 4}), **options).iloc[0]


def test_without_draws_it_stays_open() -> None:
    got = ring(buildings=houses((0, 0, 12)))
    assert (got["class"], np.isnan(got["weak_probability"]), pd.isna(got["weak"])) == ("single_operator", True, True)


@pytest.mark.parametrize(("often", "weak"), [(0, False), (1, False), (5, None), (9, True), (10, True)])
def test_the_share_of_draws_decides_at_the_cuts_of_the_states(often: int, weak: bool | None) -> None:
    below = np.zeros((3, 3, 10))
    below[0, 0, :often] = 1.0
    got = ring(buildings=houses((0, 0, 12)), draws=drawn(below))
    assert got["weak_probability"] == pytest.approx(often / 10)
    assert pd.isna(got["weak"]) if weak is None else got["weak"] == weak
    if weak:
        assert (got["class"], got["cluster_households"], got["weak_clusters"]) == ("weak", 12, 1)
        assert (got["cluster_lon"], got["cluster_lat"]) == pytest.approx((place(0, 0)["lon"], place(0, 0)["lat"]), abs=1e-9)


def test_no_cell_is_sure_and_the_village_is() -> None:
    # Half the draws leave out the one side, half the other: each cell 50 %, some cluster of 12 always.
    below = np.zeros((3, 3, 10))
    below[0, 0, :5] = below[2, 2, 5:] = 1.0
    got = ring(buildings=houses((0, 0, 12), (2, 2, 12)), draws=drawn(below))
    assert got["weak_probability"] == 1.0
    # Which it is cannot be named: it is not called weak without a place to point at.
    assert pd.isna(got["weak"])


def test_neighbours_that_fall_together_make_a_cluster_and_those_apart_do_not() -> None:
    crowd = houses((0, 0, 6), (0, 1, 6))
    together, apart = np.zeros((3, 3, 10)), np.zeros((3, 3, 10))
    together[0, :2, :5] = 1.0
    apart[0, 0, :5] = apart[0, 1, 5:] = 1.0
    assert ring(buildings=crowd, draws=drawn(together))["weak_probability"] == 0.5
    assert ring(buildings=crowd, draws=drawn(apart))["weak_probability"] == 0.0
    # Corners touch; a served cell between parts.
    corner, parted = np.zeros((3, 3, 1)), np.zeros((3, 3, 1))
    corner[0, 0], corner[0, 1] = 1.0, 0.49  # less than half of the cell is below
    parted[0, 0] = parted[0, 2] = 1.0
    assert ring(buildings=houses((0, 0, 6), (0, 1, 6)), draws=drawn(corner))["weak_probability"] == 0.0
    assert ring(buildings=houses((0, 0, 6), (0, 2, 6)), draws=drawn(parted))["weak_probability"] == 0.0
    diagonal = np.zeros((3, 3, 1))
    diagonal[0, 1] = diagonal[1, 2] = 1.0
    assert ring(buildings=houses((0, 1, 6), (1, 2, 6)), draws=drawn(diagonal))["weak_probability"] == 1.0


def test_layers_multiply() -> None:
    # Two undecided layers, each half below in every draw: a quarter of the cell is, less than half.
    states = {A3: RING, A4: RING, B4: 4}
    got = classed(villages({}), covered(states), buildings=houses((0, 0, 12)), draws=lambda _, r, c: np.full((len(r), 4), 0.6)).iloc[0]
    assert got["weak_probability"] == 0.0
    alone = ring(buildings=houses((0, 0, 12)), draws=lambda layer, r, c: np.full((len(r), 4), 1.0 if layer else 0.6))
    assert alone["weak_probability"] == 1.0


def test_what_is_not_known_is_not_said() -> None:
    unknown = ring(buildings=houses((0, 0, 12)), draws=lambda _, r, c: np.full((len(r), 4), np.nan))
    assert np.isnan(unknown["weak_probability"])
    assert pd.isna(unknown["weak"])
    # Too few households to matter: settled by the states, nothing is drawn.
    def never(layer: int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        assert len(row) == 1, "asked for cells that matter to nothing"  # the village's own point, for its probability
        return np.zeros((len(row), 2))

    few = ring(buildings=houses((0, 0, 9)), draws=never)
    assert (few["weak"], np.isnan(few["weak_probability"])) == (False, True)


def test_a_village_whose_point_nobody_serves_for_sure_has_no_flag_but_a_probability() -> None:
    below = np.zeros((3, 3, 4))
    below[0, 0] = 1.0
    got = classed(villages({}), covered({A4: 3, B4: 4}), buildings=houses((0, 0, 12)), draws=drawn(below)).iloc[0]
    assert (got["class"], got["weak_probability"]) == ("undecided", 1.0)
    assert pd.isna(got["weak"])


def test_forest_between_hamlets_joins_them_only_when_near() -> None:
    mask, weight = np.ones((1, 12), dtype=bool), np.zeros((1, 12))
    weight[0, 0] = weight[0, 11] = 6.0
    near = open_cells(mask, weight, 10.0)
    assert near[0].tolist() == [True] * 4 + [False] * 4 + [True] * 4
    assert not open_cells(mask, weight, 12.1).any()
    assert not open_cells(np.zeros((2, 2), dtype=bool), np.ones((2, 2)), 1.0).any()


def test_many_villages_in_parts_are_the_same_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    field = rng.random((40, 40, 30))
    asked = [
        OpenVillage(i, (r, c), rng.random((6, 6)) < 0.7, rng.integers(0, 6, (6, 6)).astype(float))
        for i, (r, c) in enumerate([(0, 0), (8, 8), (20, 1), (33, 30)])
    ]
    monkeypatch.setattr("geo.villages.chances._AT_A_TIME", 50)
    chance, shares = cluster_chances(asked, drawn(field), [0], 10.0)
    for i, one in enumerate(asked):
        r, c = one.corner
        below = (field[r : r + 6, c : c + 6] >= 0.5) & one.cells[..., None]
        holds = []
        for j in range(30):
            labels, n = label(below[..., j], structure=np.ones((3, 3)))
            holds.append(any(one.households[labels == k].sum() >= 10.0 for k in range(1, n + 1)))
        assert chance[i] == pytest.approx(np.mean(holds))
        np.testing.assert_allclose(shares[i], below.mean(axis=2))


def test_clusters_of_draws_are_listed_with_the_others() -> None:
    below = np.zeros((3, 3, 10))
    below[0, 0] = 1.0
    found = find_clusters(
        villages({}), covered({A4: RING, B4: 4}), cells_of_villages=ALL_MINE, settings=rules(), village_settings=SETTINGS,
        buildings=houses((0, 0, 12)), draws=drawn(below),
    )  # fmt: skip
    assert [(c.village, c.households) for c in found.unserved] == [(0, 12.0)]
    assert found.largest.tolist() == [0.0]
