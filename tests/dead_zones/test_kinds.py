"""Classes of cells by hand: the first that holds, as villages have them, and none that an unknown would have to help."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import Coverage, State
from geo.dead_zones.kinds import UNSERVED, all_kinds, layer_kinds, operator_kinds
from geo.errors import GridMismatchError
from geo.villages import VillageSettings, classify_villages, village_cells
from tests.dead_zones.made_up import EARLY, LATE, covered, place, rules, villages

A2, A3, A4, A5, B2, B3, B4, B5 = ((o, t) for o in "AB" for t in ("2G", "3G", "4G", "5G"))
NONE: dict[tuple[str, str], str] = dict.fromkeys((A3, A4, A5, B3, B4, B5), "x")


def class_of(coverage: Coverage, counting: tuple[str, ...] = rules().counting, **options: Any) -> tuple[str, str]:
    """Class, and who serves alone, of the one cell."""
    found = all_kinds(coverage, counting, **options)
    code = int(found.code[0, 0])
    return (found.kinds[code - 1].name, found.kinds[code - 1].serving) if code else ("", "")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ({}, ("white", "")),
        ({A4: "X", B3: "X"}, ("white", "")),
        ({A4: "?"}, ("", "")),  # undecided, not white
        ({A5: "u"}, ("", "")),
        ({A4: "s"}, ("single_operator", "A")),
        ({B5: "S"}, ("single_operator", "B")),
        ({A4: "s", B4: "u"}, ("", "")),  # B may serve: neither single nor anything else
        ({A4: "s", B4: "?"}, ("", "")),
        ({A4: "s", B4: "s"}, ("", "")),
        ({A3: "s", B3: "s"}, ("no_4g", "")),
        ({A3: "s"}, ("no_4g", "")),  # before single_operator
        ({A3: "s", B5: "u"}, ("", "")),  # 5G of B may be there
        ({A3: "s", A5: "u"}, ("single_operator", "A")),  # so may A's; that B serves nothing is known
        ({A3: "s", B4: "."}, ("", "")),  # outside is not unserved
    ],
)
def test_the_first_class_that_holds(layers: dict[tuple[str, str], str], expected: tuple[str, str]) -> None:
    assert class_of(covered({**NONE, **layers})) == expected


def test_2g_alone_is_voice_only_while_it_counts_and_white_after() -> None:
    layers = {**NONE, A2: "s", B2: "x"}
    assert class_of(covered(layers), rules(EARLY).counting) == ("voice_only", "")
    assert class_of(covered(layers), rules(LATE).counting) == ("white", "")
    # B may have 3G: not voice alone, but no 4G either way
    assert class_of(covered({**layers, B3: "u"}), rules(EARLY).counting) == ("no_4g", "")
    assert class_of(covered({**layers, B4: "u"}), rules(EARLY).counting) == ("", "")
    assert class_of(covered({**layers, B3: "s"}), rules(EARLY).counting) == ("no_4g", "")


def test_what_is_missing_in_each_class() -> None:
    made = covered({**NONE, A2: "s", B2: "x"}, indoors="x")
    found = {(k.name, k.serving): k for k in all_kinds(made, rules(EARLY).counting).kinds}
    named = {key: ([made.layers[i] for i in kind.layers], kind.operators_missing) for key, kind in found.items()}
    assert named == {
        ("white", ""): (list(made.layers), ("A", "B")),
        ("voice_only", ""): ([A3, A4, A5, B3, B4, B5], ("A", "B")),
        ("no_4g", ""): ([A4, A5, B4, B5], ("A", "B")),
        ("single_operator", "A"): ([B2, B3, B4, B5], ("B",)),
        ("single_operator", "B"): ([A2, A3, A4, A5], ("A",)),
        ("indoor_only", ""): ([], ("A", "B")),
    }


def test_an_operator_without_any_layer_that_counts_is_unknown() -> None:
    assert class_of(covered({A4: "x", A3: "x", B2: "x"})) == ("", "")
    assert class_of(covered({A4: "s", A3: "x", B2: "x"})) == ("", "")


def test_an_operator_without_a_4g_layer_is_not_known_to_lack_4g() -> None:
    assert class_of(covered({A3: "s", A4: "x", B3: "x"})) == ("single_operator", "A")
    assert class_of(covered({A3: "s", A4: "x", B3: "x", B4: "x"})) == ("no_4g", "")


def test_the_only_operator_of_a_project_is_not_called_single() -> None:
    assert class_of(covered({A3: "x", A4: "s", A5: "x"})) == ("", "")


def test_indoor_only_is_where_people_live_and_the_street_alone_is_served() -> None:
    both = {**NONE, A4: "s", B4: "s"}
    assert class_of(covered(both, indoors="x")) == ("indoor_only", "")
    assert class_of(covered(both, indoors="s")) == ("", "")
    assert class_of(covered(both, indoors="?")) == ("", "")
    assert class_of(covered(both)) == ("", "")  # no states indoors are known
    assert class_of(covered({**both, B4: "x"}, indoors="x")) == ("single_operator", "A")  # the first that holds
    lived_in = {"population": np.array([[2.0]])}
    assert class_of(covered(both, indoors="x"), **lived_in) == ("indoor_only", "")
    assert class_of(covered(both, indoors="x"), population=np.array([[np.nan]])) == ("indoor_only", "")
    assert class_of(covered(both, indoors="x"), population=np.array([[0.0]])) == ("", "")


def test_maps_of_one_operator_and_one_layer() -> None:
    made = covered({A3: "sxxu?", A4: "xxXux", B4: "sssss"})
    found = operator_kinds(made, "A", rules().counting)
    assert found.code.tolist() == [[0, 1, 1, 0, 0]]
    assert found.measured.tolist() == [[0, 0, 1, 0, 0]]  # of A's layers alone
    assert (found.kinds[0].operators_missing, found.kinds[0].layers) == (("A",), (0, 1))
    alone = layer_kinds(made, made.index("A", "4G"))
    assert alone.code.tolist() == [[1, 1, 1, 0, 1]]
    assert alone.measured.tolist() == [[0, 0, 2, 0, 0]]
    assert not operator_kinds(made, "B", ("3G",)).code.any()  # nothing known of B's 3G


def test_population_of_another_grid_is_refused() -> None:
    with pytest.raises(GridMismatchError):
        all_kinds(covered(NONE), ("4G",), np.zeros((2, 2)))


codes = st.sampled_from([State.PREDICTED_SERVED, State.MEASURED_SERVED, State.UNCERTAIN, State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED, State.UNKNOWN])
LAYERS = (A2, A3, A4, A5, B2, B3, B4, B5)


@settings(deadline=None, max_examples=80)
@given(st.tuples(*[codes] * 8), st.sampled_from([EARLY, LATE]))
def test_a_cell_is_of_the_class_of_a_village_that_stands_on_it(drawn: tuple[State, ...], on: Any) -> None:
    made = covered({name: np.array([[code]], dtype=np.uint8) for name, code in zip(LAYERS, drawn, strict=True)})
    table = villages(place(0, 0)).assign(point_kind="centroid", grid_power=None)
    owned = village_cells(table, made.grid, np.zeros((1, 1), np.int32), ["00001"])
    village = classify_villages(
        table, made, gpd.GeoDataFrame({"operator": [], "site_id": [], "status": [], "lon": [], "lat": []}), cells_of_villages=owned,
        settings=rules(on), village_settings=VillageSettings(10, 4),
    )["class"].iloc[0]  # fmt: skip
    cell = class_of(made, rules(on).counting)[0]
    assert cell == ("" if village in ("undecided", "served") else village)


@settings(deadline=None, max_examples=60)
@given(st.tuples(*[codes] * 8), st.integers(0, 7))
def test_a_layer_that_comes_to_serve_makes_no_cell_white_and_no_layer_s_cell_dead(drawn: tuple[State, ...], which: int) -> None:
    def whites(values: list[State]) -> tuple[bool, bool]:
        made = covered({name: np.array([[code]], dtype=np.uint8) for name, code in zip(LAYERS, values, strict=True)})
        layer = layer_kinds(made, made.layers.index(LAYERS[which]))
        return class_of(made)[0] == "white", bool(layer.code[0, 0])

    before, after = list(drawn), list(drawn)
    after[which] = State.PREDICTED_SERVED
    assert whites(after)[1] is False
    assert whites(before)[1] is (drawn[which] in UNSERVED)
    assert not (whites(after)[0] and not whites(before)[0])
