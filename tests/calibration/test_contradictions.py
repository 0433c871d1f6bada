"""A phone that contradicts the others over the same road is told apart, whatever its number; honest ones never are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.calibration import calibration_settings
from geo.calibration.contradictions import contradictions

SETTINGS = calibration_settings()
LIMIT, LEAST, SIDE = SETTINGS.contradiction_db, int(SETTINGS.contradiction_blocks), SETTINGS.block_m


def _drives(*offsets: float, squares: int = 30, noise_db: float = 3.0, start: tuple[int, ...] = (), seed: int = 1):
    """Each phone drives the same road with its offset, from its own start square on: layer, unit, x, y, level."""
    rng = np.random.default_rng(seed)
    road = -80 - 20 * np.abs(np.sin(np.arange(400) / 9))
    parts = []
    for unit, offset in enumerate(offsets):
        first = start[unit] if start else 0
        at = np.repeat(np.arange(first, first + squares), 4)
        x = at * SIDE + rng.uniform(0.1, 0.9, at.size) * SIDE
        parts.append((np.full(at.size, unit), x, road[at] + offset + rng.normal(0, noise_db, at.size)))
    unit, x, level = (np.concatenate(column) for column in zip(*parts, strict=True))
    return np.zeros(unit.size, dtype=np.int64), unit.astype(np.int64), x, np.zeros(unit.size), level


def test_one_of_three_is_set_aside() -> None:
    found = contradictions(*_drives(0, 40, 0), SETTINGS)
    assert found["unit"].tolist() == [1]
    assert found["blocks"].tolist() == [30]
    assert found["difference_db"].iloc[0] == pytest.approx(40, abs=2)


def test_of_two_both() -> None:
    found = contradictions(*_drives(0, -25), SETTINGS)
    assert sorted(found["unit"]) == [0, 1]
    assert sorted(np.sign(found["difference_db"])) == [-1, 1]


def test_two_wrong_of_five() -> None:
    assert sorted(contradictions(*_drives(0, 40, 1, 23, -1), SETTINGS)["unit"]) == [1, 3]


def test_a_phone_is_wrong_on_one_layer_only() -> None:
    first, second = _drives(0, 40, 0), _drives(0, 0, 0, seed=2)
    both = [np.concatenate([a, b]) for a, b in zip(first, second, strict=True)]
    both[0] = np.repeat([4, 7], first[0].size)
    found = contradictions(*both, SETTINGS)
    assert list(zip(found["layer"], found["unit"], strict=True)) == [(4, 1)]


def test_too_little_shared_ground_says_nothing() -> None:
    apart = contradictions(*_drives(0, 40, start=(0, 30 - LEAST + 1)), SETTINGS)
    assert apart.empty
    assert len(contradictions(*_drives(0, 40, start=(0, 30 - LEAST)), SETTINGS)) == 2


def test_what_has_no_level_or_place_is_not_looked_at() -> None:
    layer, unit, x, y, level = _drives(0, 40, 0)
    level[unit == 1] = np.nan
    assert contradictions(layer, unit, x, y, level, SETTINGS).empty
    layer, unit, x, y, level = _drives(0, 40, 0)
    x[unit == 1] = np.nan
    assert contradictions(layer, unit, x, y, level, SETTINGS).empty


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-LIMIT / 3, LIMIT / 3), min_size=2, max_size=6), st.integers(0, 10**6))
def test_honest_phones_are_never_set_aside(offsets: list[float], seed: int) -> None:
    assert contradictions(*_drives(*offsets, seed=seed), SETTINGS).empty


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.floats(1.6 * LIMIT, 60), st.booleans(), st.integers(0, 10**6))
def test_one_wrong_among_several_is_the_only_one(honest: int, off: float, above: bool, seed: int) -> None:
    offsets = [0.0] * honest + [off if above else -off]
    assert contradictions(*_drives(*offsets, seed=seed), SETTINGS)["unit"].tolist() == [honest]
