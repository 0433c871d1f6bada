"""Which sites stay chosen over the joint draws of the field: by hand, and over a field made up so that one cell is served in half the draws."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array

from geo.compute import SerialExecutor
from geo.coverage import State
from geo.fusion import Variogram, fusion_settings
from geo.fusion.draws import LayerDraws
from geo.grid import Grid
from geo.io.files import write_json
from geo.io.rasters import write_array
from geo.pipeline import redrawing
from geo.pipeline.candidates import Found
from geo.pipeline.engine import Workspace
from geo.planning.candidates import options_of
from geo.planning.choice import NEVER, ChoiceProblem, kept_shares
from geo.planning.demand import Demand, steps_of
from geo.planning.proposing import choice_problem, cover_by_operator
from geo.planning.redrawn import DrawnLayer, as_planned, drawn_demand
from tests.planning.test_choice import _cover
from tests.planning.test_gains import SETTINGS
from tests.planning.test_places import NORMS, place
from tests.planning.test_proposing import OBJECTIVE

NONE = np.zeros(0, dtype=np.int64)
NO, YES, PERHAPS, DARK = (np.uint8(s) for s in (State.PREDICTED_UNSERVED, State.PREDICTED_SERVED, State.UNCERTAIN, State.UNKNOWN))
LINE = Grid(9210, 500_000.0, 2_400_000.0, 5_000.0, 1, 4)  # cells so far apart that each is drawn for itself
LEVEL_DBM = -110.0


def demand_of_four(**changed: Any) -> Demand:
    """Nobody serves four cells of 10, 20, 30 and 40 people, as far as the plan knows."""
    given = {
        "serving": np.zeros((4, 2), dtype=bool), "without_4g": np.zeros(4, dtype=bool), "village_cell": NONE, "facility_cell": NONE,
        "unknown": np.zeros((4, 2), dtype=bool),
    } | changed  # fmt: skip
    return Demand(("A", "B"), np.zeros(4, dtype=np.int64), np.arange(4), np.array([10.0, 20.0, 30.0, 40.0]), **given)


def layer(operator: str, technology: str, *below: float) -> DrawnLayer:
    return DrawnLayer(operator, technology, np.array(below)[:, None])


def test_who_is_served_in_a_draw_by_hand() -> None:
    """A's 4G: everywhere, nowhere, not on 0.4 of the cell, not drawn; the spot lies at 0.39, then at 0.4."""
    layers = [layer("A", "4G", 0.0, 1.0, 0.4, np.nan)]
    known = np.array([[False] * 2, [True, False], [False] * 2, [True, False]])
    for spot, third in ((0.39, False), (0.4, True)):
        found = drawn_demand(demand_of_four(serving=known), layers, 0, np.full((1, 4), spot))
        assert found.serving[:, 0].tolist() == [True, False, third, True]  # cell 1 is lost again; what is not drawn stays as it was
        assert not found.serving[:, 1].any()
    hidden = np.array([[True, False], *[[False] * 2] * 3])
    assert not drawn_demand(demand_of_four(unknown=hidden), layers, 0, np.zeros((1, 4))).serving[0].any()  # unknown stays unknown


def test_who_lacks_4g_in_a_draw_by_hand() -> None:
    """A by 3G everywhere. 4G: A's there; nowhere; only X's, which is not of the project; not drawn, and the plan says that it is lacking."""
    layers = [layer("A", "3G", 0, 0, 0, 0), layer("A", "4G", 0, 1, 1, np.nan), layer("X", "5G", 1, 1, 0, np.nan)]
    found = drawn_demand(demand_of_four(without_4g=np.array([True, False, True, True])), layers, 0, np.full((3, 4), 0.5))
    assert found.serving[:, 0].all()
    assert found.without_4g.tolist() == [False, True, False, True]
    nobody = drawn_demand(demand_of_four(), [layer("A", "4G", 1, 1, 1, 1)], 0, np.full((1, 4), 0.5))
    assert not nobody.without_4g.any()  # who has nobody lacks an operator first


def test_what_registered_lines_change_stands_in_every_draw() -> None:
    below = np.tile([[0.2, 0.7]], (6, 1))
    below[5] = np.nan
    before, after = np.array([NO, NO, YES, NO, NO, YES]), np.array([NO, YES, NO, DARK, PERHAPS, YES])
    np.testing.assert_array_equal(as_planned(below, before, after), [[0.2, 0.7], [0, 0], [1, 1], [np.nan] * 2, [1, 1], [0, 0]])
    assert below[1, 0] == 0.2


def variants(*worth: list[float], cover: csc_array, cost: list[int], budget: int) -> list[ChoiceProblem]:
    return [ChoiceProblem.of(cost, cover, steps, [budget]) for steps in worth]


def test_a_site_is_kept_as_often_as_its_demand_is_there() -> None:
    """Sites 0 and 1 are planned; the people of 0 lack service in every draw, those of 1 in two of four."""
    there, gone = [5.0, 3.0], [5.0, 0.0]
    found = variants(there, gone, gone, there, cover=_cover([0], [1], units=2), cost=[5, 5], budget=10)
    assert kept_shares(found, np.array([0, 0]), exchanges=10).tolist() == [1.0, 0.5]
    assert kept_shares(found, np.array([0, NEVER]), exchanges=10).tolist() == [1.0, 0.0]  # of what is not planned nothing is said
    with pytest.raises(ValueError, match="no variant"):
        kept_shares([], np.array([0, 0]), exchanges=10)


def test_a_better_site_takes_the_money_and_an_equal_one_stands_for_it() -> None:
    """0 costs all; 1 serves the same and a place more for half, so that there is money for 2. Only where that place lacks nothing is 1 the same as 0."""
    cover = _cover([0], [0, 1], [2], units=3)
    same, more = [9.0, 0.0, 1.0], [9.0, 1.0, 1.0]
    given = {"cover": cover, "cost": [10, 5, 5], "budget": 10}
    assert kept_shares(variants(same, **given), np.array([0, NEVER, NEVER]), exchanges=10)[0] == 1.0
    assert kept_shares(variants(more, **given), np.array([0, NEVER, NEVER]), exchanges=10)[0] == 0.0


def test_exchanges_end_by_work_whatever_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The greedy plan holds 0 (four places) and ends with five; an exchange finds 1 and 2, which serve six."""
    found = variants([1.0] * 6, cover=_cover([1, 2, 3, 4], [0, 1, 2], [3, 4, 5], units=6), cost=[10] * 3, budget=20)
    plan = np.array([0, NEVER, NEVER])
    monkeypatch.setattr("geo.planning.choice.greedy.time.monotonic", lambda: 1e18)
    assert [kept_shares(found, plan, exchanges=n)[0] for n in (0, 10, 10)] == [1.0, 0.0, 0.0]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Three sites that serve a cell each: cell 0 is far below the level, 1 at it, so that half the draws serve it, of 2 nothing can be drawn."""
    shape = (1, *LINE.shape)
    prediction = np.array([-200.0, LEVEL_DBM, np.nan, LEVEL_DBM], dtype=np.float32).reshape(shape)
    state = np.array([NO, PERHAPS, PERHAPS, PERHAPS]).reshape(shape)
    stacks = {
        "state": state, "margin_sd": np.zeros(shape, np.float32), "prediction_dbm": prediction, "scale_db": np.full(shape, 8.0, np.float32),
        "error_sd_db": np.zeros(shape, np.float32),
    }  # fmt: skip
    for name, values in stacks.items():
        write_array(tmp_path / f"{name}.npy", values)
    write_array(tmp_path / "after_state.npy", state)
    write_array(tmp_path / "f0_field.npy", np.zeros((6, 0)))
    write_array(tmp_path / "f0_places.npy", np.zeros((10, 0)))
    write_json(tmp_path / "f0_variogram.json", asdict(Variogram("exponential", 1.0, 300.0, 0.0, 0.0, 0.0, 0.0, misfit=0.0)))
    write_json(tmp_path / "f0_joined.json", {"layers": [0], "between": [[1.0]]})
    draws = LayerDraws(tmp_path, ("f0",), (LEVEL_DBM,), LINE, fusion_settings(draws=50), 0.3)
    monkeypatch.setattr(redrawing, "run_draws", lambda *given: draws)
    monkeypatch.setattr(redrawing, "load_coverage", lambda folder: SimpleNamespace(coverage=SimpleNamespace(layers=(("A", "4G"),), state=state)))
    places = pd.concat([place(f"G{k}", 105.0 + k, 21.0, actions="A=build") for k in range(3)], ignore_index=True)
    columns = pd.DataFrame([(f"G{k}", "A", "4G") for k in range(3)], columns=["place_id", "operator", "technology"])
    demand, matrix, options = demand_of_four(), csc_array(np.eye(4, 3, dtype=bool)), options_of(places, NORMS)
    cover = cover_by_operator(matrix, columns, places, demand)

    def ask(found: Demand) -> ChoiceProblem:
        steps, to_4g = steps_of(found, np.zeros(4), OBJECTIVE)
        nothing = np.full(4, NEVER, dtype=np.int64)
        return choice_problem(found, steps, to_4g, cover, options, budget_vnd=[3000], pairs=np.zeros((0, 2), dtype=np.int64), deadline=nothing)

    return {
        "work": Workspace(tmp_path, dict.fromkeys(("coverage", "calibration", "planning"), tmp_path), {}, SerialExecutor(), lambda done, total: None),
        "settings": SimpleNamespace(objective=replace(OBJECTIVE, draw_variants=40), coverage=replace(SETTINGS, counting=("4G",))),
        "found": Found(places, demand, matrix, columns), "options": options, "cover": cover, "ask": ask, "seed": 1,
    }  # fmt: skip


def test_over_a_field_a_site_is_kept_as_often_as_its_people_lack_service(asked: dict[str, Any]) -> None:
    kept = redrawing.kept_over_draws(year=np.zeros(3, dtype=np.int64), **asked)
    assert kept[0] == 1.0
    drawn = redrawing.run_draws({}, asked["settings"], SimpleNamespace())
    below = replace(drawn, settings=replace(drawn.settings, draws=40))(0, np.zeros(3, dtype=np.int64), np.arange(3))[1]
    assert set(below) == {0.0, 1.0}  # without nugget a cell is served or not
    assert kept[1] == below.mean()
    assert 0.25 < kept[1] < 0.75
    assert np.isnan(kept[2])  # nothing was drawn where it serves: not known, neither 0 nor 1
    np.testing.assert_array_equal(redrawing.kept_over_draws(year=np.zeros(3, dtype=np.int64), **asked), kept)


def test_where_nothing_is_drawn_nothing_is_said(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    year = np.array([0, NEVER, NEVER])
    assert np.isnan(redrawing.kept_over_draws(year=year, **asked)).tolist() == [False, True, True]  # those that are not chosen
    off = SimpleNamespace(objective=replace(OBJECTIVE, draw_variants=0), coverage=asked["settings"].coverage)
    assert np.isnan(redrawing.kept_over_draws(year=year, **{**asked, "settings": off})).all()
    monkeypatch.setattr(redrawing, "run_draws", lambda *given: None)  # nothing was measured
    assert np.isnan(redrawing.kept_over_draws(year=year, **asked)).all()
