"""Claims on the grid, and what adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geo.calibration.blocks import Correlation
from geo.crs import to_wgs84
from geo.disagreement import (
    Claim,
    Disagreement,
    Measured,
    amounts,
    areas_of,
    cell_area_km2,
    claim_layer,
    claimed_layers,
    claims_by_area,
    three_way,
)
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.polygons import area_km2
from tests.disagreement.made_up import (
    ALONE,
    GRID,
    INSIDE,
    SETTINGS,
    claim_from,
    claim_of,
    claims,
    compared,
    of_shape,
    samples,
    units,
)

# -- claims on the grid ----------------------------------------------------------------------------


def test_a_cell_is_claimed_where_a_polygon_holds_its_centre() -> None:
    layer = claim_of({"cells": [(0, 0), (1, 1)]}, {"cells": [(1, 1), (1, 2)], "level_dbm": -105.0})
    assert (layer.claim == Claim.CLAIMED).tolist() == [[True, False, False], [False, True, True], [False, False, False]]
    assert (layer.claim == Claim.NOT_CLAIMED).sum() == 6
    assert layer.given
    assert np.isnan(layer.level_dbm[0, 0])
    assert layer.level_dbm[1, 1] == -105.0


def test_the_highest_level_claimed_stands_whatever_the_order() -> None:
    rows = [{"cells": [(0, 0), (0, 1)], "level_dbm": -115.0}, {"cells": [(0, 0)], "level_dbm": -95.0}, {"cells": [(0, 0)]}]
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        layer = claim_of(*(rows[i] for i in order))
        assert layer.level_dbm[0, :2].tolist() == [-95.0, -115.0]


def test_no_polygon_of_the_layer_is_no_claim_at_all() -> None:
    given = claims({"cells": [(0, 0)]}, {"cells": [(0, 0)], "operator": "B", "technology": "5G"})
    assert claimed_layers(given) == (("A", "4G"), ("B", "5G"))
    layer = claim_layer(given, "A", "5G", GRID)
    assert (layer.claim == Claim.NOT_GIVEN).all()
    assert not layer.given
    assert np.isnat(layer.claim_date)


def test_what_a_claim_denies_is_not_claimed_and_a_contradiction_is_counted() -> None:
    layer = claim_of({"cells": [(0, 0), (0, 1)]}, {"cells": [(0, 1), (2, 2)], "claimed": False})
    assert (layer.claim == Claim.CLAIMED).sum() == 2
    assert layer.contradictory_cells == 1
    denied = claim_of({"cells": [(0, 1)], "claimed": False})
    assert denied.given
    assert (denied.claim == Claim.NOT_CLAIMED).all()
    assert not denied.indoor_only


def test_use_and_date_of_a_claim() -> None:
    days = [pd.Timestamp("2026-01-31"), pd.NaT, pd.Timestamp("2026-06-30")]
    layer = claim_of(*({"cells": [(0, i)], "claim_date": d, "use": "indoor"} for i, d in enumerate(days)))
    assert layer.claim_date == days[2]
    assert layer.indoor_only
    assert not claim_of({"cells": [(0, 0)], "use": "indoor"}, {"cells": [(0, 1)]}).indoor_only


# -- area ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [GRID, Grid(3405, 400_000, 2_400_000, 50.0, 300, 4), Grid(32648, 100_000, 1_200_000, 1000.0, 3, 5)])
def test_areas_are_those_of_the_cells_as_polygons(grid: Grid) -> None:
    found = cell_area_km2(grid)
    assert found.shape == grid.shape
    for row, column in {(0, 0), (grid.rows - 1, grid.columns - 1), (grid.rows // 2, 1)}:
        left, top = grid.x_min + column * grid.cell_size, grid.y_max - row * grid.cell_size
        box = shapely.box(left, top - grid.cell_size, left + grid.cell_size, top)
        shape = shapely.transform(box, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], grid.epsg)))
        assert found[row, column] == pytest.approx(float(area_km2(np.array([shape], dtype=object))[0]), rel=1e-6)


# -- comparing -------------------------------------------------------------------------------------


def test_nine_cells_by_hand() -> None:
    """Claimed above, not claimed below the middle row; states and samples of every kind."""
    claim = claim_of({"cells": [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]})
    state = [[2, 4, 3], [6, 4, 4], [2, 5, 6]]
    cells = samples((1, 1, -80.0), (0, 0, -120.0), (1, 2, -80.0))
    found = compared(state, claim, cells)
    names = [[Disagreement(int(c)).code for c in row] for row in found.disagreement]
    assert names == [
        ["claimed_measured_unserved", "claimed_predicted_unserved", "claimed_undecided"],
        ["claimed_unknown", "agree_served_measured", "served_not_claimed_measured"],
        ["served_not_claimed_predicted", "agree_unserved_measured", "not_claimed_unknown"],
    ]
    others = compared(state, claim, samples({"row": 1, "column": 1, "level_dbm": -80.0, "operator": "B"}))
    assert others.disagreement[1, 1] == Disagreement.CLAIMED_PREDICTED_UNSERVED  # another network's samples say nothing


def test_the_model_before_fusion_can_stand_beside_the_measurements() -> None:
    claim = claim_of({"cells": [(0, 0)]})
    fused, before = np.full(GRID.shape, 5, np.uint8), np.full(GRID.shape, 2, np.uint8)
    found = compared(fused, claim, predicted=before)
    assert found.measured[0, 0] == Measured.UNSERVED
    table = three_way(found, cell_area_km2(GRID))
    assert set(table["modelled"]) == {"served"}
    assert set(three_way(compared(fused, claim), cell_area_km2(GRID))["modelled"]) == {"unserved"}


def test_unequal_grids_are_refused() -> None:
    with pytest.raises(GridMismatchError):
        compared(np.zeros((3, 3)), claim_of({"cells": [(0, 0)]}), inside=np.ones((2, 3), dtype=bool))
    with pytest.raises(GridMismatchError):
        compared(np.zeros((3, 3)), claim_of({"cells": [(0, 0)]}), predicted=np.zeros((3, 2), np.uint8))


def test_people_that_are_not_known_are_never_zero() -> None:
    people = np.array([10.0, np.nan, np.nan, 0.0])
    found = amounts(np.array([0, 0, 1, 2]), 4, np.ones(4), people)
    np.testing.assert_array_equal(found.population, [10.0, np.nan, 0.0, 0.0])
    np.testing.assert_array_equal(found.population_unknown_km2, [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_array_equal(found.cells, [2, 1, 1, 0])
    nobody = amounts(np.array([0, 0]), 2, np.ones(2), None)
    np.testing.assert_array_equal(nobody.population, [np.nan, 0.0])


# -- what adds up ----------------------------------------------------------------------------------

_SIZE = (4, 5)
PLACES = units(of_shape(*_SIZE), 3)
_PEOPLE = hnp.arrays(np.float64, _SIZE, elements=st.sampled_from([0.0, 1.0, 7.0, 250.0, np.nan]))


@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(np.uint8, _SIZE, elements=st.integers(1, 6)), hnp.arrays(np.bool_, _SIZE), hnp.arrays(np.bool_, _SIZE), _PEOPLE,
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from([-80.0, -120.0])), max_size=8), st.booleans(),
)  # fmt: skip
def test_classes_are_a_partition_of_area_and_people(
    state: Any, claimed: Any, inside: Any, people: Any, tested: Any, known: bool
) -> None:
    grid = of_shape(*_SIZE)
    layer = compared(state, claim_from(claimed), samples(*tested, grid=grid), grid=grid, inside=inside)
    area = cell_area_km2(grid)
    given_people = people if known else None
    counted = np.where(np.isfinite(people), people, 0.0) if known else np.zeros(_SIZE)
    table = three_way(layer, area, given_people)
    assert table["cells"].sum() == inside.sum()
    assert table["area_km2"].sum() == pytest.approx(area[inside].sum())
    assert table["population"].sum() == pytest.approx(counted[inside].sum())  # NaN is left out of the sum
    unknown = np.isnan(people) if known else np.ones(_SIZE, dtype=bool)
    assert table["population_unknown_km2"].sum() == pytest.approx(area[inside & unknown].sum())
    index = np.where(inside, np.arange(5)[None, :] // 3, -1)  # west and east
    for level in ("commune", "province"):
        rows = claims_by_area(layer, areas_of(PLACES, index, level), area, given_people, ALONE, SETTINGS)
        for kind in (k for k in Disagreement if k):
            mine = table[table["class"] == kind.code]
            assert rows[f"{kind.code}_km2"].sum() == pytest.approx(mine["area_km2"].sum())
            assert rows[f"{kind.code}_population"].sum() == pytest.approx(mine["population"].sum())
        names = [f"{kind.code}_km2" for kind in Disagreement if kind]
        np.testing.assert_allclose(rows[names].sum(axis=1), rows["area_km2"])
        people_names = [f"{kind.code}_population" for kind in Disagreement if kind]
        np.testing.assert_allclose(rows[people_names].sum(axis=1), rows["population"].fillna(0.0))
        if claimed.any():
            by_class = [f"{k.code}_km2" for k in Disagreement if k.code.startswith("claimed_") or k.code.startswith("agree_served")]
            np.testing.assert_allclose(rows[by_class].sum(axis=1), rows["claimed_km2"])
        else:
            assert rows["claimed_km2"].isna().all()
            assert (rows["evidence"] == "").all()


def test_a_cell_of_no_commune_is_of_no_province() -> None:
    places = pd.concat([units(), units().assign(commune_code=["98001", "98002"], province_code="98", province_name="Tỉnh Mẫu Hai (giả định)")])
    index = np.array([[0, 1, -1], [2, 3, -1]])
    provinces = areas_of(places, index, "province")
    assert provinces.codes.tolist() == ["98", "99"]
    assert provinces.names.tolist() == ["Tỉnh Mẫu Hai (giả định)", "Tỉnh Mẫu (giả định)"]
    assert provinces.index.tolist() == [[1, 1, -1], [0, 0, -1]]
    communes = areas_of(places, index)
    assert communes.index.tolist() == index.tolist()
    assert communes.names.tolist()[0] == "Xã Mẫu Tây"


def test_communes_and_their_province_by_hand() -> None:
    """West: one column, three cells; east: two columns, six cells; one cell lies in no commune."""
    claim = claim_of({"cells": [(0, 0), (1, 0), (0, 1), (0, 2)], "claim_date": pd.Timestamp("2026-06-30")})
    layer = compared(4, claim, samples((0, 0, -80.0), (0, 1, -120.0)), inside=INSIDE & (np.arange(9).reshape(3, 3) != 8))
    people = np.array([[5.0, 7.0, np.nan], [0.0, 1.0, 1.0], [2.0, 2.0, 90.0]])
    index = np.array([[0, 1, 1], [0, 1, 1], [0, 1, -1]])
    area = np.full((3, 3), 0.01)
    rows = claims_by_area(layer, areas_of(units(), index), area, people, ALONE, SETTINGS)
    assert rows["area_code"].tolist() == ["99001", "99002"]
    assert rows["area_level"].tolist() == ["commune"] * 2
    np.testing.assert_allclose(rows["area_km2"], [0.03, 0.05])
    np.testing.assert_allclose(rows["claimed_km2"], [0.02, 0.02])
    np.testing.assert_allclose(rows["claimed_share"], [2 / 3, 0.4])
    np.testing.assert_allclose(rows["population"], [7.0, 11.0])
    np.testing.assert_allclose(rows["population_claimed"], [5.0, 7.0])
    np.testing.assert_allclose(rows["population_unknown_km2"], [0.0, 0.01])
    np.testing.assert_allclose(rows["agree_served_measured_km2"], [0.01, 0.0])
    np.testing.assert_allclose(rows["claimed_measured_unserved_population"], [0.0, 7.0])
    assert np.isnan(rows["claimed_predicted_unserved_population"][1])  # its one cell: nobody knows
    assert rows["tests"].tolist() == [2, 2]
    assert rows["successes"].tolist() == [2, 0]
    assert rows["reliability_share"].tolist() == [1.0, 0.0]
    assert rows["claim_date"].tolist() == [pd.Timestamp("2026-06-30")] * 2
    assert rows["rule_applies"].tolist() == [False, False]
    whole = claims_by_area(layer, areas_of(units(), index, "province"), area, people, ALONE, SETTINGS)
    assert whole[["area_code", "area_name"]].to_numpy().tolist() == [["99", "Tỉnh Mẫu (giả định)"]]
    assert whole["n_effective"].tolist() == pytest.approx([2.0])
    assert whole["reliability_share"].tolist() == pytest.approx([0.5])
    near = claims_by_area(layer, areas_of(units(), index, "province"), area, people, Correlation(1e6, 0.0, 50.0, 0), SETTINGS)
    assert near["n_effective"].tolist() == pytest.approx([1.0], rel=1e-3)
