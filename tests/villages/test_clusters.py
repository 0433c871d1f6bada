"""Which clusters make a village weak, where they are, and how many live there: three by three."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.villages import CLUSTER_COLUMNS, find_clusters, weak_clusters
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


def both(
    states: dict, buildings: pd.DataFrame, table: pd.DataFrame | None = None, owned: np.ndarray = ALL_MINE
) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = villages({}) if table is None else table
    coverage = covered(states)
    got = classed(table, coverage, owned=owned, buildings=buildings)
    clusters = find_clusters(
        table, coverage, cells_of_villages=owned, settings=rules(), village_settings=SETTINGS, buildings=buildings
    )
    return got, weak_clusters(got, clusters, coverage, rules())


def test_the_largest_cluster_and_all_of_them() -> None:
    a4 = np.full((3, 3), 2)
    a4[0, :2] = 4
    a4[2, 2] = 5  # a cluster of its own: the middle is served
    a4[1, 1:] = 2
    got, rows = both({A4: a4}, houses((0, 0, 4), (0, 1, 8), (2, 2, 15), (1, 1, 30)))
    assert list(rows.columns) == list(CLUSTER_COLUMNS)
    village = got.iloc[0]
    assert (village["class"], village["weak_clusters"], village["cluster_households"]) == ("weak", 2, 15)
    assert (village["cluster_lon"], village["cluster_lat"]) == pytest.approx((place(2, 2)["lon"], place(2, 2)["lat"]), abs=1e-9)
    assert rows[["cluster", "households", "cells", "evidence"]].to_numpy().tolist() == [[1, 15, 1, "measured"], [2, 12, 2, "predicted"]]
    # two thirds live in the second cell: it is the nearest to their centre of gravity
    assert rows["lon"][1] == pytest.approx(place(0, 1)["lon"], abs=1e-9)
    assert rows["lat"][1] == pytest.approx(place(0, 1)["lat"], abs=1e-9)


def test_the_centre_of_a_bent_cluster_lies_in_it_and_where_people_live() -> None:
    a4 = np.full((3, 3), 4)
    a4[1, 1:] = 2  # a horseshoe around the served middle, where their centre of gravity is; its bend is empty
    _, rows = both({A4: a4}, houses((0, 2, 10), (2, 0, 10)))
    assert rows["households"].tolist() == [20]
    assert (rows["lon"][0], rows["lat"][0]) == pytest.approx((place(0, 2)["lon"], place(0, 2)["lat"]), abs=1e-9)


def test_a_cluster_ends_where_the_village_does() -> None:
    owned = np.zeros((3, 3), np.int32)
    owned[0, :2] = owned[1, 0] = 1
    table = villages({}, {**place(0, 1), "village_id": "north"})
    a4 = np.full((3, 3), 4)
    a4[0, 1] = a4[1, 1] = 2
    got, rows = both({A4: a4}, houses((1, 0, 9), (2, 0, 11)), table, owned)
    assert got["class"].tolist() == ["weak", "single_operator"]
    assert rows[["village_id", "households"]].to_numpy().tolist() == [["v0", 11]]
    assert got["weak"].tolist() == [True, False]
    assert pd.isna(got["weak_clusters"][1])
    assert np.isnan(got["cluster_households"][1])


def test_white_and_undecided_villages_have_no_weak_clusters() -> None:
    crowd = houses((0, 0, 50))
    for states in ({A4: 4, B4: 4}, {A4: 3, B4: 4}, {A4: 6, B4: 4}):
        got, rows = both(states, crowd)
        assert rows.empty
        assert pd.isna(got["weak_clusters"][0])
        assert np.isnan([got["cluster_lon"][0], got["cluster_lat"][0]]).all()


def test_a_cell_that_anybody_may_serve_ends_a_cluster() -> None:
    """Silence never makes a cluster: unknown to one operator is not unserved by all."""
    a4, b4 = np.full((3, 3), 4), np.full((3, 3), 4)
    a4[1, 1] = 2
    b4[0, 1] = 6
    got, _ = both({A4: a4, B4: b4, A3: 4}, houses((0, 0, 6), (0, 1, 6)))
    assert pd.isna(got["weak"][0])
    b4[0, 1] = 4
    assert both({A4: a4, B4: b4, A3: 4}, houses((0, 0, 6), (0, 1, 6)))[0]["weak"][0]
