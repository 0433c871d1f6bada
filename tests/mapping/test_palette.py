"""Colours stay apart for people who see them differently: simulated after Machado et al. (2009), severity 1."""

from itertools import combinations, product

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


def themed() -> dict[str, list[tuple[str, str, str]]]:
    """Key, shape and fill of each class of the themes drawn as points or lines, by kind."""
    points = {kind: [(s.key, s.shape, s.fill) for s in symbols] for kind, symbols in palette().points.items()}
    return points | {kind: [(s.key, s.shape, s.line) for s in strokes] for kind, strokes in palette().strokes.items()}


@pytest.mark.parametrize("kind", list(themed()))
def test_no_symbol_of_a_theme_is_taken_for_a_village_or_a_site(kind):
    """The two are drawn on one map: of one shape only where the colours lie far apart however they are seen."""
    for (key, shape, fill), other in product(themed()[kind], (*palette().villages, *palette().sites)):
        if shape == other.shape or {shape, other.shape} == {"circle", "ring"}:
            for sight, matrix in MATRICES.items():
                distance = np.linalg.norm(lab(fill, matrix) - lab(other.fill, matrix))
                assert distance > 25, (kind, key, other.key, sight, distance)


@pytest.mark.parametrize("kind", list(palette().points))
def test_classes_of_a_theme_differ_in_shape_or_in_light_and_dark(kind):
    for a, b in combinations(palette().points[kind], 2):
        if a.shape == b.shape:
            assert abs(lab(a.fill, np.eye(3))[0] - lab(b.fill, np.eye(3))[0]) > 8, (kind, a.key, b.key)


def test_a_new_mast_is_no_white_village_and_a_shared_one_no_village_without_4g():
    proposals, villages = ({s.key: s for s in symbols} for symbols in (palette().points["proposal"], palette().villages))
    for action, village in (("build", "white"), ("share", "no_4g"), ("upgrade", "undecided")):
        a, b = proposals[action], villages[village]
        assert a.shape != b.shape
        assert min(np.linalg.norm(lab(a.fill, matrix) - lab(b.fill, matrix)) for matrix in MATRICES.values()) > 25, action


def test_symbols_fit_their_radius():
    every = [*palette().villages, *palette().sites, *(symbol for symbols in palette().points.values() for symbol in symbols)]
    for symbol in every:
        assert all(np.hypot(x, y) < 1.1 for x, y in symbol_polygon(symbol.shape))
    with pytest.raises(ResourceError):
        symbol_polygon("blob")
