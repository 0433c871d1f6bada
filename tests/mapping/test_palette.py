"""Colours stay apart for people who see them differently: simulated after Machado et al. (2009), severity 1."""

from itertools import combinations

import numpy as np
import pytest

from geo.errors import ResourceError
from geo.mapping.content import STATE_CODES
from geo.mapping.palette import palette, symbol_polygon

MATRICES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour: str, matrix: object) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as seen through a matrix on linear RGB."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", MATRICES)
def test_states_stay_apart(kind):
    for a, b in combinations(palette().states, 2):
        distance = np.linalg.norm(lab(a.colour, MATRICES[kind]) - lab(b.colour, MATRICES[kind]))
        assert distance > 25, (kind, a.key, b.key, distance)


def test_every_state_has_a_colour_and_what_is_not_certain_a_hatch():
    states = {state.code: state for state in palette().states}
    assert tuple(states) == STATE_CODES
    assert all(bool(states[code].hatch) == (code in {3, 6}) for code in STATE_CODES)


def test_village_classes_differ_in_shape_not_only_in_colour():
    shapes = [symbol.shape for symbol in palette().villages if symbol.key != "other"]
    assert len(set(shapes)) == len(shapes)


def test_symbols_fit_their_radius():
    for symbol in (*palette().villages, *palette().sites):
        assert all(np.hypot(x, y) < 1.1 for x, y in symbol_polygon(symbol.shape))
    with pytest.raises(ResourceError):
        symbol_polygon("star")
