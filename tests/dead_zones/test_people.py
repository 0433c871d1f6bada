"""People of zones by hand: what errs together spreads wider, unknown is not zero, sums are taken draw by draw."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.dead_zones.kinds import KindMap, ZoneKind
from geo.dead_zones.people import people_totals, zone_people
from geo.dead_zones.settings import dead_zone_settings
from geo.dead_zones.zones import Zones, label_zones
from geo.errors import InputError
from geo.fusion import Variogram, cells, fit_field, fusion_settings, joint_draws, observations, served_share
from tests.dead_zones.made_up import covered, found_in, grid_of, rules

SETTINGS = dead_zone_settings()
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def zones_of(code: Any) -> Zones:
    array = np.asarray(code, dtype=np.uint8)
    return label_zones(KindMap(array, (ZoneKind("", (0,), ()),) * int(array.max()), np.zeros_like(array)))


def people_of(code: Any, population: Any, draws: Any, layers: tuple[tuple[int, ...], ...] = ((0,),), **chosen: Any) -> Any:
    kinds = tuple(ZoneKind("white", each, ("A",)) for each in layers)
    area = np.full(np.shape(code), 0.01)
    counts = None if population is None else np.asarray(population, dtype=float)
    return zone_people(zones_of(code), kinds, area, counts, draws, dead_zone_settings(**chosen))


def of_cells(table: F64) -> Callable[[int, I64, I64], F64]:
    """Draws that are given per layer and cell: (layers, rows, columns, draws)."""
    return lambda layer, row, column: table[layer, row, column]


def two_cells(together: bool) -> Callable[[int, I64, I64], F64]:
    """Each of two cells is all dead in 10 of 100 draws, in the same ones or in others."""
    table = np.zeros((1, 1, 2, 100))
    table[0, 0, 0, :10] = 1.0
    table[0, 0, 1, slice(0, 10) if together else slice(10, 20)] = 1.0
    return of_cells(table)


def test_cells_that_err_together_spread_wider_than_cells_that_do_not() -> None:
    together = people_of([[1, 1]], [[100, 100]], two_cells(True))
    apart = people_of([[1, 1]], [[100, 100]], two_cells(False))
    # Together: 200 in 10 draws, else 0. Apart: 100 in 20 draws, else 0. The mean is 20 in both.
    assert together.drawn.mean() == apart.drawn.mean() == 20.0
    assert (together.low[0], together.central[0], together.high[0]) == (0.0, 0.0, 200.0)
    assert (apart.low[0], apart.central[0], apart.high[0]) == (0.0, 0.0, 100.0)
    assert together.in_cells.tolist() == [200.0]


def test_the_total_is_the_quantile_of_the_sums_not_the_sum_of_quantiles() -> None:
    code, population = [[1, 0, 1]], [[100, 50, 100]]
    table = np.zeros((1, 1, 3, 100))
    table[0, 0, 0, :10] = table[0, 0, 2, 10:20] = 1.0
    found = people_of(code, population, of_cells(table))
    assert found.high.tolist() == [100.0, 100.0]
    totals = people_totals(zones_of(code), ["white", "white"], np.full((1, 3), 0.01), found, SETTINGS).set_index("class")
    assert totals.loc["all", "population_high"] == 100.0
    assert totals.loc["all", "zones"] == 2
    assert totals.loc["all", "draws"] == 100
    table[0, 0, 2] = table[0, 0, 0]
    found = people_of(code, population, of_cells(table))
    totals = people_totals(zones_of(code), ["white", "weak"], np.full((1, 3), 0.01), found, SETTINGS).set_index("class")
    assert totals.loc["all", "population_high"] == 200.0
    assert totals.loc["unserved", "population_high"] == 200.0  # white and weak
    assert totals["zones"].to_dict() == {"white": 1, "weak": 1, "unserved": 2, "all": 2}


def test_shares_of_layers_are_multiplied_draw_by_draw() -> None:
    table = np.zeros((3, 1, 1, 100))
    table[0], table[1], table[2] = 0.5, np.where(np.arange(100) < 50, 1.0, 0.2), 0.0
    found = people_of([[1]], [[100]], of_cells(table), layers=((0, 1),))
    assert sorted(set(found.drawn[0].tolist())) == [10.0, 50.0]
    assert (found.low[0], found.central[0], found.high[0]) == (10.0, 30.0, 50.0)
    # Each kind asks for its own layers only.
    asked: list[tuple[int, int]] = []

    def draws(layer: int, row: I64, column: I64) -> F64:
        asked.append((layer, len(row)))
        return table[layer, row, np.zeros_like(column)]

    both = people_of([[1, 0, 2, 2]], [[1, 0, 1, 1]], draws, layers=((0,), (0, 2)))
    assert asked == [(0, 3), (2, 2)]
    assert both.central.tolist() == [0.5, 0.0]


def test_quantiles_are_those_of_the_settings() -> None:
    table = np.linspace(0, 1, 101).reshape(1, 1, 1, 101)
    found = people_of([[1]], [[1000]], of_cells(table))
    assert (found.low[0], found.central[0], found.high[0]) == pytest.approx((50.0, 500.0, 950.0))
    narrow = people_of([[1]], [[1000]], of_cells(table), low_quantile=0.25, high_quantile=0.75)
    assert (narrow.low[0], narrow.high[0]) == pytest.approx((250.0, 750.0))


def test_without_draws_people_have_no_interval() -> None:
    found = people_of([[1, 1]], [[3, 4]], None)
    assert found.central.tolist() == [7.0]
    assert np.isnan([*found.low, *found.high]).all()
    assert found.drawn is None


def test_unknown_people_are_not_zero_and_the_area_without_a_figure_is_told() -> None:
    table = np.ones((1, 1, 6, 100))
    population = [[10, np.nan, 0, np.nan, np.nan, np.nan]]
    found = people_of([[1, 1, 1, 0, 1, 1]], population, of_cells(table))
    assert found.in_cells[0] == found.central[0] == found.low[0] == found.high[0] == 10.0
    assert np.isnan([found.in_cells[1], found.central[1], found.low[1], found.high[1]]).all()
    assert found.unknown_km2 == pytest.approx([0.01, 0.02])
    nobody = people_of([[1, 1]], None, of_cells(table))
    assert np.isnan([*nobody.in_cells, *nobody.central]).all()
    assert nobody.unknown_km2 == pytest.approx([0.02])
    totals = people_totals(zones_of([[1, 1, 1, 0, 1, 1]]), ["white", "white"], np.full((1, 6), 0.01), found, SETTINGS)
    assert totals.set_index("class").loc["all", "population"] == 10.0


def test_a_zone_known_to_be_empty_has_nobody_for_sure_and_asks_for_no_draw() -> None:
    def never(layer: int, row: I64, column: I64) -> F64:
        raise AssertionError("nobody lives there")

    found = people_of([[1, 1]], [[0, 0]], never)
    assert (found.low[0], found.central[0], found.high[0]) == (0.0, 0.0, 0.0)


def test_what_cannot_be_drawn_has_no_interval_and_leaves_the_total_without_one() -> None:
    table = np.full((1, 1, 3, 100), 0.9)
    table[0, 0, 2] = np.nan
    found = people_of([[1, 0, 1]], [[10, 0, 20]], of_cells(table))
    assert found.central.tolist() == [9.0, 20.0]
    assert np.isnan([found.low[1], found.high[1]]).all()
    totals = people_totals(zones_of([[1, 0, 1]]), ["white", "white"], np.full((1, 3), 0.01), found, SETTINGS).set_index("class")
    assert totals.loc["all", "population"] == 29.0
    assert np.isnan(totals.loc["all", "population_low"])


def test_a_kind_without_layers_is_not_drawn() -> None:
    found = people_of([[1]], [[10]], of_cells(np.zeros((1, 1, 1, 100))), layers=((),))
    assert found.central.tolist() == [10.0]
    assert np.isnan(found.low[0])


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda n: np.zeros((n, 99)), "99"),
        (lambda n: np.zeros((n + 1, 100)), "101"),
        (np.zeros, "draws"),
        (lambda n: np.full((n, 100), 1.1), "0 to 1"),
        (lambda n: np.full((n, 100), -0.1), "0 to 1"),
    ],
)
def test_draws_that_do_not_keep_their_promise_are_refused(answer: Callable[[int], F64], word: str) -> None:
    with pytest.raises(InputError) as raised:
        people_of([[1]], [[10]], lambda layer, row, column: answer(len(row)))
    assert word in str(raised.value) or "1 ô" in str(raised.value)


def test_the_number_of_draws_must_not_change() -> None:
    with pytest.raises(InputError, match="100, then 101"):
        people_of([[1]], [[10]], lambda layer, row, column: np.zeros((len(row), 100 + layer)), layers=((0, 1),))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 7, 20, 1000]))
def test_blocks_change_nothing_but_who_is_asked_together(seed: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    code = (rng.random((8, 9)) < 0.6).astype(int) * rng.integers(1, 3, (8, 9))
    code[0, 0], code[7, 8] = 1, 2
    people = np.where(rng.random((8, 9)) < 0.3, 0.0, rng.gamma(1, 10, (8, 9)))
    people[rng.random((8, 9)) < 0.1] = np.nan
    table = rng.random((2, 8, 9, 100))
    sizes: list[int] = []

    def draws(layer: int, row: I64, column: I64) -> F64:
        sizes.append(len(row))
        assert len(set(zip(row.tolist(), column.tolist(), strict=True))) == len(row)
        return table[layer, row, column]

    layers = ((0,), (0, 1))
    found = people_of(code, people, draws, layers=layers, block_cells=block)
    assert max(sizes, default=0) <= block
    zones = zones_of(code)
    for i in range(len(zones)):
        mine = zones.label == i
        share = table[0] * (table[1] if zones.kind[i] == 1 else 1.0)
        expected = np.nansum(people[mine][:, None] * share[mine], axis=0)
        if np.isfinite(people[mine]).any():
            np.testing.assert_allclose(found.drawn[i], expected, rtol=1e-9, atol=1e-9)
            assert found.low[i] <= found.central[i] <= found.high[i] <= np.nansum(people[mine]) * (1 + 1e-12)
            lived_in = np.count_nonzero(np.nan_to_num(people[mine]) > 0)
            assert found.cut[i] == (lived_in > block and _squares_of(mine & (np.nan_to_num(people) > 0), block) > 1)
        else:
            assert np.isnan(found.central[i])


def _squares_of(mine: npt.NDArray[np.bool_], block: int) -> int:
    side = max(1, int(np.sqrt(block)))
    row, column = np.nonzero(mine)
    return len(set(zip((row // side).tolist(), (column // side).tolist(), strict=True)))


def test_draws_of_a_fused_field_give_wider_ends_the_farther_errors_hang_together() -> None:
    """The interface with geo.fusion: 10 × 10 cells at the threshold, errors of a field of 8 dB."""
    threshold, chosen = -110.0, fusion_settings(draws=200)
    grid = grid_of((10, 10))
    x, y = grid.centres()
    spans = {}
    for length_m in (10.0, 5_000.0):
        nobody = observations([], [], [], [])
        fitted = fit_field(nobody, chosen, within_variance_db2=4.0, variogram=Variogram("exponential", 64.0, length_m, 4.0))

        def draws(layer: int, row: I64, column: I64, fitted: Any = fitted) -> F64:
            where = cells(x[column], y[row], grid.cell_size, threshold - 10.0)
            within = np.full(len(row), fitted.variogram.nugget_db2)
            return 1.0 - served_share(joint_draws(fitted, where, chosen), within, threshold)

        found = found_in(
            covered({("A", "4G"): "\n".join(["x" * 10] * 10)}), draws=draws, scopes=("all",),
            places=_peopled(np.full((10, 10), 10.0)),
        ).all  # fmt: skip
        assert found is not None
        zone = found.frame.iloc[0]
        spans[length_m] = zone["population_high"] - zone["population_low"]
        assert zone["population_low"] < zone["population"] < zone["population_high"] <= 1000.0
        assert zone["draws"] == 200
    assert spans[5_000.0] > 3 * spans[10.0]
    assert rules().levels_dbm["4G"] == threshold


def _peopled(population: F64) -> Any:
    from geo.dead_zones import Places

    return Places(population=population)


def test_a_zone_of_a_hundred_thousand_cells_is_drawn_in_bounded_memory() -> None:
    side, draws = 320, 200
    code, people = np.ones((side, side)), np.ones((side, side))
    zones, kinds, area = zones_of(code), (ZoneKind("white", (0, 1), ("A",)),), np.full((side, side), 0.01)
    share = np.broadcast_to(np.linspace(0.5, 1.0, draws), (side * side, draws))  # takes no memory
    tracemalloc.start()
    try:
        found = zone_people(zones, kinds, area, people, lambda layer, row, column: share[: len(row)], SETTINGS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.cut.tolist() == [True]
    assert found.central[0] == pytest.approx(side * side * 0.75**2, rel=1e-3)
    assert peak < 0.7 * side * side * draws * 8  # all cells at once would take several times as much as this array alone
