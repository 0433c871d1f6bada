"""Cuts of the states: a probability exactly at a cut lies on its far side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from geo.coverage import State, coverage_settings, technology_rules
from geo.coverage.states import coverage_states
from geo.grid import Grid
from geo.propagation.area import AreaLevels
from geo.propagation.sources import PreparedSources

GRID = Grid(9210, 500_000.0, 2_400_000.0, 100.0, 3, 3)


@pytest.mark.parametrize(
    ("served", "unserved", "expected"),
    [
        (0.75, 0.5, State.PREDICTED_UNSERVED),
        (0.75, np.nextafter(0.5, 0), State.UNCERTAIN),
        (0.5, 0.25, State.PREDICTED_SERVED),
        (np.nextafter(0.5, 1), 0.25, State.UNCERTAIN),
    ],
)
def test_one_half_exactly(served: float, unserved: float, expected: State) -> None:
    """A level at the planning level is reached with probability one half, exactly."""
    settings = replace(
        coverage_settings(technology_rules("vn-2026", date(2026, 11, 1))),
        served_probability=float(served), unserved_probability=float(unserved), neighbour_reach_m=0.0,
    )  # fmt: skip
    prepared = PreparedSources(sources=None, layers=(("A", "4G"),), without_sites=frozenset(), defaults_used=None)  # type: ignore[arg-type]
    even = np.zeros((1, 3, 3), np.float32)
    got = coverage_states(replace(AreaLevels.empty(1, (3, 3)), level_dbm=even - 110, margin_sd=even[None], bound_sd=even[None]), prepared, GRID, np.ones((3, 3), bool), settings)
    assert (got.probability == 0.5).all()
    assert (got.state == expected).all()
