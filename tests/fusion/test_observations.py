"""What comes in is checked and put in an order of its own."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.fusion import cells, fit_field, fuse, fusion_settings, observations
from tests.fusion.made_up import made_up


def test_single_values_stand_for_all() -> None:
    found = observations([3.0, 1.0], [0.0, 0.0], [1.0, 2.0], 0.5, route=["b", "a"])
    assert found.x_m.tolist() == [1.0, 3.0]
    assert found.residual_db.tolist() == [2.0, 1.0]
    assert found.route.tolist() == [0, 1]
    assert found.noise_variance_db2.tolist() == [0.5, 0.5]
    assert found.censored.tolist() == [False, False]


def test_a_row_read_twice_is_one_measurement() -> None:
    found = observations(
        [0.0, 0.0, 0.0, 0.0, 5.0], 0 * np.ones(5), [1.0, 1.0, 1.0, 2.0, 1.0], 0.5, samples=[3, 4, 3, 3, 3],
        route=["a", "a", "b", "a", "a"],
    )  # fmt: skip
    assert found.x_m.tolist() == [0.0, 0.0, 0.0, 5.0]
    assert found.residual_db.tolist() == [1.0, 1.0, 2.0, 1.0]
    assert found.samples.tolist() == [4.0, 3.0, 3.0, 3.0]
    truth = made_up(1, routes=3, each=50, villages=1).given
    twice = truth.take(np.tile(np.arange(len(truth)), 2))
    again = observations(twice.x_m, twice.y_m, twice.residual_db, twice.noise_variance_db2, route=twice.route)
    for f in fields(truth):
        assert getattr(again, f.name).tobytes() == getattr(truth, f.name).tobytes()


@pytest.mark.parametrize(
    "changed", [{"x_m": [np.nan]}, {"residual_db": [np.inf]}, {"noise_variance_db2": [-1.0]}, {"samples": [0.0]}, {"spots": [np.nan]}]
)
def test_what_cannot_be_used_is_refused(changed: dict[str, list[float]]) -> None:
    plain = {"x_m": [0.0], "y_m": [0.0], "residual_db": [1.0], "noise_variance_db2": [1.0]}
    with pytest.raises(InputError, match="1 measurements cannot be used"):
        observations(**{**plain, **changed})


def test_unequal_columns_are_refused() -> None:
    with pytest.raises(InputError, match="one length"):
        observations([0.0, 1.0], [0.0, 1.0, 2.0], 0.0, 0.0)
    with pytest.raises(InputError, match="Cells are not valid"):
        cells([0.0], [0.0], 100.0, -90.0, -1.0)


@settings(deadline=None, max_examples=8)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_change_a_byte(random: object) -> None:
    truth = made_up(2, routes=3, each=60, villages=40, limit=lambda x, y: np.full(len(x), -6.0))
    g = truth.given
    order = np.arange(len(g))
    random.shuffle(order)  # type: ignore[attr-defined]
    columns = {f.name: getattr(g, f.name)[order] for f in fields(g)}
    mixed = observations(
        columns.pop("x_m"), columns.pop("y_m"), columns.pop("residual_db"), columns.pop("noise_variance_db2"), **columns
    )  # fmt: skip
    chosen = fusion_settings(censored_fits=2)
    where = cells(truth.x_m, truth.y_m, 100.0, -105.0, 2.0)
    one, two = (
        fuse(o, fit_field(o, chosen, within_variance_db2=4.0), where, chosen,
             threshold_dbm=-105.0, served_probability=0.9, unserved_probability=0.1)
        for o in (g, mixed)
    )  # fmt: skip
    for name in ("correction_db", "sd_db", "probability", "state"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_inputs_do_not_change() -> None:
    truth = made_up(2, routes=3, each=60, villages=10, limit=lambda x, y: np.full(len(x), -6.0))
    before = [getattr(truth.given, f.name).copy() for f in fields(truth.given)]
    fit_field(truth.given, fusion_settings(censored_fits=2), within_variance_db2=4.0)
    for f, old in zip(fields(truth.given), before, strict=True):
        assert getattr(truth.given, f.name).tobytes() == old.tobytes()
