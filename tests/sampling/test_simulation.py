"""By simulation: more villages decided per vehicle-day than area by area or at random, and as many as the plan says.

The light version is a small province; the long one is the full-sized made-up province over 200 seeds, honest and with a
standard deviation stated 30 % too small (``pytest -m slow -s tests/sampling/test_simulation.py``, or
``python -m tests.sampling.simulate --seeds 200``).
"""

from __future__ import annotations

import pytest

from tests.sampling.simulate import SMALL, Outcome, simulate


@pytest.fixture(scope="module")
def small() -> Outcome:
    return simulate(6, **SMALL)


def test_the_plan_decides_more_on_a_small_province(small: Outcome) -> None:
    for other in ("area", "random"):
        low, _ = small.interval(other)
        assert low > 0, small.text()


def test_what_is_promised_comes_about(small: Outcome) -> None:
    assert abs(small.mean("plan") - small.mean("promised")) < 0.25 * small.mean("promised"), small.text()


@pytest.mark.slow
@pytest.mark.parametrize("truth_factor", [1.0, 1 / 0.7])
def test_two_hundred_seeds(truth_factor: float) -> None:
    found = simulate(200, truth_factor=truth_factor)
    print(found.text())
    for other in ("area", "random"):
        low, _ = found.interval(other)
        assert low > 0, found.text()
    # Wrong ones are what the cuts of 0.9 and 0.1 grant at most.
    assert found.wrong_share("plan") < 0.1
