"""Two operators' layers held against each other: classes by hand, what can be compared, colours that stay apart."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from made_up_province import make_content
from test_palette import MATRICES, lab

from geo.mapping.comparing import CLASSES, comparison_counts, comparison_data
from geo.mapping.palette import palette


def test_classes_by_hand():
    a = np.array([[1, 2, 2], [4, 5, 4], [3, 6, 0]], dtype=np.uint8)
    b = np.array([[4, 1, 6], [2, 4, 3], [1, 4, 2]], dtype=np.uint8)
    # only A at the first cell; only B at the fourth; both at the second; neither at the fifth; what one of the two does not know is not decided
    assert dict(zip(CLASSES, comparison_counts(a, b), strict=True)) == {"only_a": 1, "only_b": 1, "both": 1, "neither": 1, "undecided": 4}
    assert comparison_counts(b, a) == [1, 1, 1, 1, 4]
    assert comparison_counts(np.full((2, 2), 6, dtype=np.uint8), np.full((2, 2), 4, dtype=np.uint8)) == [0, 0, 0, 0, 4], "nobody knows of A: no gap of B alone"


def test_only_layers_of_one_technology_and_grid_of_two_operators_are_compared():
    whole = make_content()
    layer = whole.coverage[0]
    other = dataclasses.replace(layer, operator="Mạng Khác")
    moved = dataclasses.replace(other, grid=dataclasses.replace(layer.grid, x_min=layer.grid.x_min + 500))
    first = len(whole.all_operators)

    def pairs(*layers):
        made = comparison_data(dataclasses.replace(whole, coverage=layers), palette())
        return None if made is None else [pair["of"] for pair in made["pairs"]]

    assert pairs(layer, dataclasses.replace(layer, technology="2G"), other) == [[first, first + 2]]
    assert pairs(layer, dataclasses.replace(other, technology="2G")) is None
    assert pairs(layer, dataclasses.replace(other, use="indoor")) is None
    assert pairs(layer, moved) is None
    assert pairs() is None


@pytest.mark.parametrize("kind", MATRICES)
def test_classes_stay_apart_by_colour_and_by_pattern(kind):
    styles = palette().comparison
    assert tuple(style.key for style in styles) == CLASSES
    assert len({style.pattern for style in styles}) == len(styles)
    for a, b in combinations(styles, 2):
        assert np.linalg.norm(lab(a.fill, MATRICES[kind]) - lab(b.fill, MATRICES[kind])) > 25, (kind, a.key, b.key)
