"""Sites that together serve a cell neither serves alone, by hand; and people as the communes count them. All places are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from geo.compute import Piece, SerialExecutor, run_pieces
from geo.coverage import Coverage, Reason, State, as_communes_count
from geo.grid import Grid
from geo.io.rasters import read_array, write_array
from geo.pipeline import together as stage
from geo.pipeline.planning import AFTER, COVER_CODES
from geo.planning.cover import cover_tasks, read_cover, write_cover
from geo.planning.gains import Service
from geo.planning.together import joint_tasks, together, write_joint
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from tests.planning.test_cover import at
from tests.planning.test_gains import ON, SETTINGS, lines, log
from tests.planning.test_places import place
from tests.test_coverage import EPSG, X, Y, terrain_of

#: 21 cells across, the middle one at the origin: two masts at the same distance from it.
SIDE, SIZE, AWAY = 21, 300.0, 2400.0
GRID = Grid(EPSG, X - SIDE / 2 * SIZE, Y + SIDE / 2 * SIZE, SIZE, SIDE, SIDE)
MIDDLE = (SIDE // 2, SIDE // 2)
PAIR = lines(("P1", "A", -AWAY, 0, "4G"), ("P2", "A", AWAY, 0, "4G")).assign(height_m=36.0)
PLACES = pd.concat([place(name, *at(east, 0), height_m=36.0, technologies="A=4G") for name, east in (("G1", -AWAY), ("G2", AWAY))], ignore_index=True)
RADIO = pd.DataFrame({"index": [0], "operator": ["A"], "technology": ["4G"], "frequency_mhz": [1800.0]})
SD, RHO = 5.0, 0.2
EVERY = np.ones(GRID.shape, dtype=bool)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> GroundModel:
    """A plain, so that both masts are the same to the middle."""
    return terrain_of(tmp_path_factory.mktemp("dem"), np.full((200, 200), 300.0))


def corrections(bias_db: float) -> Corrections:
    """Every level off by the same, with an error of 5 dB of which two masts share a fifth."""
    none = np.zeros(1)
    return Corrections(np.array([bias_db]), *[none] * 7, np.zeros((29, 1)), np.zeros(256), np.zeros(256), 1.0, 10.0, 30.0, SD, SD, SD, 0.5, RHO)


def run(ground: GroundModel, folder: Path, rows: pd.DataFrame, step: list[int], bias_db: float | None) -> list[dict]:
    learnt = {} if bias_db is None else {"corrections": corrections(bias_db), "radio": RADIO}
    tasks = joint_tasks(rows, step, grid=GRID, inside=EVERY, ground=ground, settings=SETTINGS, on=ON, log=log(), **learnt)
    return run_pieces(SerialExecutor(), write_joint, [Piece(t.name, t) for t in tasks], folder)


def margin(folder: Path, records: list[dict], step: int) -> np.ndarray:
    out = np.full(GRID.shape, -np.inf)
    for record in records:
        part = read_array(folder / f"{record['name']}_{step}_margin_sd.npy")[0]
        out[record["row"] : record["row"] + part.shape[0], record["column"] : record["column"] + part.shape[1]] = part
    return out


def run_of(state: State = State.PREDICTED_UNSERVED, reason: Reason = Reason.NONE) -> Coverage:
    states = np.full((1, *GRID.shape), state, dtype=np.uint8)
    empty = np.zeros(states.shape, dtype=np.float32)
    return Coverage(GRID, (("A", "4G"),), empty, empty, empty, states, np.full(states.shape, reason, dtype=np.uint8))


def service(state: State = State.PREDICTED_UNSERVED, reason: Reason = Reason.NONE) -> Service:
    return Service(run_of(state, reason), SETTINGS)


@pytest.fixture(scope="module")
def bias(ground: GroundModel, tmp_path_factory: pytest.TempPathFactory) -> float:
    """What puts the middle 0.9 standard deviations above the planning level of each mast alone: P = 0.816, not served for sure."""
    folder = tmp_path_factory.mktemp("none")
    found = margin(folder, run(ground, folder, PAIR.iloc[[0]], [1], 0.0), 1)[MIDDLE]
    return float((0.9 - found) * SD)


def test_two_masts_serve_what_neither_serves_alone(ground: GroundModel, bias: float, tmp_path: Path) -> None:
    """The better of two levels, 4.5 dB above the planning level each, error 5 dB, correlation 0.2: mean 7.02 dB, sd 4.32 dB, P = 0.948."""
    records = run(ground, tmp_path / "both", PAIR, [1, 2], bias)
    first, both = (margin(tmp_path / "both", records, step) for step in (1, 2))
    second = margin(tmp_path / "second", run(ground, tmp_path / "second", PAIR.iloc[[1]], [1], bias), 1)
    assert (first[MIDDLE], second[MIDDLE]) == pytest.approx((0.9, 0.9), abs=0.03)
    assert both[MIDDLE] == pytest.approx((4.5 + 2.523) / 4.317, abs=0.03)
    assert norm.cdf(both[MIDDLE]) == pytest.approx(0.948, abs=0.004)
    # the whole plain: Clark's two moments, from the margins of each mast alone
    m1, m2, a = SD * first, SD * second, np.sqrt(2 * SD**2 * (1 - RHO))
    p = norm.cdf((m1 - m2) / a)
    mean = m1 * p + m2 * (1 - p) + a * norm.pdf((m1 - m2) / a)
    square = (m1**2 + SD**2) * p + (m2**2 + SD**2) * (1 - p) + (m1 + m2) * a * norm.pdf((m1 - m2) / a)
    near = np.abs(m1 - m2) < 4 * a
    np.testing.assert_allclose(both[near], (mean / np.sqrt(square - mean**2))[near], atol=2e-3)
    # the matrix of the choice has the middle in no column, and yet the two sites serve it
    write_array(tmp_path / "cells.npy", np.array([[MIDDLE[0]], [MIDDLE[1]]], dtype=np.int32))
    tasks = cover_tasks(
        PLACES, grid=GRID, cells=tmp_path / "cells.npy", cover_codes=None, ground=ground, settings=SETTINGS, on=ON, log=log(), operators=("A",),
        corrections=corrections(bias), radio=RADIO,
    )  # fmt: skip
    found = run_pieces(SerialExecutor(), write_cover, [Piece(t.name, t) for t in tasks], tmp_path / "cover")
    matrix, columns = read_cover(found, tmp_path / "cover", 1)
    assert (len(columns), matrix.nnz) == (2, 0)
    people = np.zeros(GRID.shape)
    people[MIDDLE] = 7.0
    at_middle = (np.array([MIDDLE[0], -1]), np.array([MIDDLE[1], -1]))
    gains = together(service(), records, tmp_path / "both", steps=3, people=people, villages=at_middle)
    nothing = {"first_operator": 0.0, "to_4g": 0.0, "second_operator": 0.0, "third_operator": 0.0, "villages": 0.0}
    assert gains == [nothing, nothing, {**nothing, "first_operator": 7.0, "villages": 1.0}]


def test_without_corrections_the_best_of_them_serves(ground: GroundModel, tmp_path: Path) -> None:
    """To the last bit: then sites together serve what one of them serves."""
    records = run(ground, tmp_path / "both", PAIR, [1, 2], None)
    alone = [margin(tmp_path / n, run(ground, tmp_path / n, PAIR.iloc[[k]], [1], None), 1) for k, n in enumerate("ab")]
    np.testing.assert_array_equal(margin(tmp_path / "both", records, 1), alone[0])
    np.testing.assert_array_equal(margin(tmp_path / "both", records, 2), np.maximum(*alone))


def test_lines_stand_first_and_years_add_up(ground: GroundModel, bias: float, tmp_path: Path) -> None:
    """Whom a line serves together with others is the lines' gain; a cell of which nobody knows anything counts once it is served."""
    records = run(ground, tmp_path, PAIR, [0, 2], bias)
    people = np.full(GRID.shape, 2.0)
    people[0, 0] = np.nan
    none = np.zeros(0, dtype=np.int64)
    served = [norm.cdf(margin(tmp_path, records, step)) >= SETTINGS.served_probability for step in (0, 2)]
    assert 0 < served[0].sum() < served[1].sum()
    for before in (service(), service(State.UNKNOWN, Reason.TERRAIN), service(State.UNCERTAIN)):
        lines_, idle, last = together(before, records, tmp_path, steps=3, people=people, villages=(none, none))
        assert lines_["first_operator"] == np.nansum(people[served[0]])
        assert idle["first_operator"] == 0.0
        assert lines_["first_operator"] + last["first_operator"] == np.nansum(people[served[1]])
        assert lines_["to_4g"] == 0.0, "whoever had nothing gains a first operator, not 4G"
    # served by 3G before: to 4G, and no first operator
    states = np.stack([np.full(GRID.shape, s, dtype=np.uint8) for s in (State.PREDICTED_SERVED, State.PREDICTED_UNSERVED)])
    empty = np.zeros(states.shape, dtype=np.float32)
    old = Service(Coverage(GRID, (("A", "3G"), ("A", "4G")), empty, empty, empty, states, np.zeros_like(states)), replace(SETTINGS, counting=("3G", "4G")))
    found = together(old, records, tmp_path, steps=3, people=people, villages=(none, none))
    assert (found[0]["first_operator"], found[0]["to_4g"]) == (0.0, np.nansum(people[served[0]]))


def test_people_of_a_cell_are_its_part_of_the_commune() -> None:
    """3 x 2 by hand: 10 on the grid and 20 in the table double each cell; no figure, or nobody on the grid, changes nothing."""
    people = np.array([[4.0, 6.0, np.nan], [5.0, 0.0, 9.0]])
    index = np.array([[0, 0, 0], [1, 2, -1]], dtype=np.int32)
    found = as_communes_count(people, index, np.array([20.0, np.nan, 30.0]))
    np.testing.assert_array_equal(found, [[8.0, 12.0, np.nan], [5.0, 0.0, 9.0]])
    assert people[0, 0] == 4.0


# -- a row of cells, what stands written down by hand ------------------------------------------------

ROW = Grid(EPSG, X, Y, SIZE, 1, 4)
NOWHERE = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def row_service(*layers: tuple[str, str, list[State]], served_probability: float = 0.9) -> Service:
    states = np.array([[s] for _, _, s in layers], dtype=np.uint8)
    empty = np.zeros(states.shape, dtype=np.float32)
    named = tuple((o, t) for o, t, _ in layers)
    return Service(Coverage(ROW, named, empty, empty, empty, states, np.zeros_like(states)), replace(SETTINGS, served_probability=served_probability))


def stands(folder: Path, *layers: tuple[str, str], name: str = "tile", **steps: list[list[float]]) -> dict[str, Any]:
    """Write what stands in a tile at each step (s0, s1 ...), a row of margins per layer."""
    for step, margins in steps.items():
        for kind in ("margin_sd", "bound_sd"):
            write_array(folder / f"{name}_{step[1:]}_{kind}.npy", np.array(margins, dtype=np.float32)[:, None, :])
    return {"name": name, "row": 0, "column": 0, "layers": [list(layer) for layer in layers], "steps": [int(s[1:]) for s in steps]}


NO, YES, FAR = State.PREDICTED_UNSERVED, State.PREDICTED_SERVED, -9.0


def test_a_cell_at_just_the_cut_is_served(tmp_path: Path) -> None:
    """The cut is the probability of the second cell's margin to the last bit; the first cell's margin is the next smaller number."""
    margin = np.float32(1.25)
    record = stands(tmp_path, ("A", "4G"), s1=[[np.nextafter(margin, np.float32(0.0)), margin, FAR, FAR]])
    found = together(row_service(("A", "4G", [NO] * 4), served_probability=float(ndtr(np.float64(margin)))), [record], tmp_path, steps=2, people=np.array([[1.0, 10, 100, 1000]]), villages=NOWHERE)
    assert found[1]["first_operator"] == 10.0


def test_what_two_serve_is_one_gain_and_a_second_operator_is_another(tmp_path: Path) -> None:
    """A and B come in one year over cells 0 and 1, C by a mast of the next over cell 1: cell 0 has two operators, cell 1 a third one a year later, nobody is counted twice."""
    both = stands(tmp_path, ("A", "4G"), ("B", "4G"), s1=[[3, 3, FAR, FAR], [3, 3, FAR, FAR]])
    third = stands(tmp_path, ("C", "4G"), name="next", s2=[[FAR, 3, FAR, FAR]])
    before = row_service(*((o, "4G", [NO] * 4) for o in "ABC"))
    found = together(before, [both, third], tmp_path, steps=3, people=np.array([[1.0, 10, 100, 1000]]), villages=(np.array([0, 0, -1]), np.array([1, 2, -1])))
    assert [[step[k] for k in ("first_operator", "second_operator", "third_operator", "villages")] for step in found] == [[0, 0, 0, 0], [11, 11, 0, 1], [0, 0, 10, 0]]
    # The same operator by two masts over one cell: the first year has it, the second adds nothing.
    again = [stands(tmp_path, ("A", "4G"), name=n, **{f"s{k}": [[3, 3, FAR, FAR]]}) for k, n in enumerate("xy", start=1)]
    assert [s["first_operator"] for s in together(before, again, tmp_path, steps=3, people=np.array([[1.0, 10, 100, 1000]]), villages=NOWHERE)] == [0, 11, 0]


def test_what_is_served_already_is_no_gain(tmp_path: Path) -> None:
    """A serves cells 0 (by 3G) and 1 (by 4G) today; its 4G and B's come over all four: first operator for 2 and 3, a second everywhere, 4G for 0 alone."""
    record = stands(tmp_path, ("A", "4G"), ("B", "4G"), s1=[[3, 3, 3, 3], [3, 3, 3, 3]])
    before = row_service(("A", "3G", [YES, NO, NO, NO]), ("A", "4G", [NO, State.MEASURED_SERVED, NO, State.UNCERTAIN]), ("B", "4G", [NO] * 4))
    people = np.array([[1.0, 10, 100, 1000]])
    found = together(before, [record], tmp_path, steps=2, people=people, villages=(np.zeros(4, dtype=np.int64), np.arange(4)))[1]
    assert found == {"first_operator": 1100.0, "to_4g": 1.0, "second_operator": 1111.0, "third_operator": 0.0, "villages": 2.0}
    assert np.array_equal(before.state[0, 0], [YES, NO, NO, NO]), "the states that were given stay as they were"


def test_a_site_of_a_later_year_does_not_stand_before_it(tmp_path: Path) -> None:
    """Steps 0 (lines), 1 and 3 bring a site each: nothing in step 2, and the tile's last state stands on after step 3."""
    record = stands(tmp_path, ("A", "4G"), s0=[[3, FAR, FAR, FAR]], s1=[[3, 3, FAR, FAR]], s3=[[3, 3, 3, FAR]])
    late = stands(tmp_path, ("A", "4G"), name="late", s4=[[FAR, FAR, FAR, 3]])
    found = together(row_service(("A", "4G", [NO] * 4)), [record, late], tmp_path, steps=5, people=np.array([[1.0, 10, 100, 1000]]), villages=NOWHERE)
    assert [step["first_operator"] for step in found] == [1, 10, 0, 100, 1000]
    # Whom the lines gave 3G the first year's site brings to 4G; whom both years' sites serve first, by 3G and then by 4G, gets one first operator.
    lines_ = stands(tmp_path, ("A", "3G"), name="lines", s0=[[3, FAR, FAR, FAR]], s1=[[3, 3, FAR, FAR]])
    fourth = stands(tmp_path, ("A", "4G"), name="fourth", s1=[[3, FAR, FAR, FAR]], s2=[[3, 3, FAR, FAR]])
    found = together(row_service(*(("A", t, [NO] * 4) for t in ("3G", "4G"))), [lines_, fourth], tmp_path, steps=3, people=np.array([[1.0, 10, 100, 1000]]), villages=NOWHERE)
    assert [(step["first_operator"], step["to_4g"]) for step in found] == [(1, 0), (10, 1), (0, 0)]


# -- the stage -----------------------------------------------------------------------------------------


def of_stage(monkeypatch: pytest.MonkeyPatch, folder: Path, learnt: Corrections | None) -> dict[str, Any]:
    """The arguments of the stage over the plain, with people in the middle alone; what it reads of other stages is put in place."""
    people = np.zeros(GRID.shape)
    people[MIDDLE] = 7.0
    before = run_of()
    loaded = {
        "load_coverage": SimpleNamespace(coverage=before, index=np.zeros(GRID.shape, dtype=np.int32)), "load_corrections": None if learnt is None else (learnt, "as_set"),
        "load_radio": (RADIO, None), "load_antennas": None, "people_of_plans": people, "load_frame": None,
    }  # fmt: skip
    for name, value in loaded.items():
        monkeypatch.setattr(stage, name, lambda *_, value=value: value)
    upstream = {name: folder / name for name in ("coverage", "calibration", "villages", "planning", "candidates")}
    upstream["planning"].mkdir(parents=True)
    write_array(upstream["planning"] / AFTER, before.state)
    work = SimpleNamespace(upstream=upstream, executor=SerialExecutor(), pieces=folder / "pieces")
    settings = SimpleNamespace(coverage=SETTINGS, objective=SimpleNamespace(years=(2027, 2028)))
    return {"work": work, "project": SimpleNamespace(date=ON), "settings": settings, "places": PLACES}


def test_a_registered_line_stands_beside_the_proposed_site(ground: GroundModel, bias: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a run with measurements the middle is served by the line's mast and the site's together, in the site's year; not by the site alone, nor with a line that was not computed."""
    line, no_line = (pd.DataFrame({"line_id": names}) for names in (["P1"], []))

    def gained_people(computed: pd.DataFrame | None, year: int) -> list[float]:
        given = of_stage(monkeypatch, tmp_path / f"{year}{0 if computed is None else 1 + len(computed)}", corrections(bias))
        found = stage.plan_together(**given, chosen=[(1, ("A",), year)], lines=PAIR.iloc[[0]], computed=computed, ground=ground)  # type: ignore[arg-type]
        return [step["first_operator"] for step in found]

    assert gained_people(line, 0) == [0.0, 7.0, 0.0]
    assert gained_people(line, 1) == [0.0, 0.0, 7.0]
    assert gained_people(no_line, 0) == gained_people(None, 0) == [0.0, 0.0, 0.0]


def test_ground_cover_is_that_of_the_stages_before(ground: GroundModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of the stage of lines, else of candidates; none where nothing was learnt, since only corrections ask for them."""
    codes = {name: np.full(GRID.shape, k, dtype=np.uint8) for k, name in enumerate(("planning", "candidates"), start=1)}
    seen: list[Any] = []
    monkeypatch.setattr(stage, "joint_tasks", lambda *_, **given: seen.append(given["cover_codes"]) or [])
    for learnt, names in ((corrections(0.0), ("planning", "candidates")), (corrections(0.0), ("candidates",)), (corrections(0.0), ()), (None, ("planning", "candidates"))):
        given = of_stage(monkeypatch, tmp_path / str(len(seen)), learnt)
        for name in names:
            given["work"].upstream[name].mkdir(exist_ok=True)
            write_array(given["work"].upstream[name] / COVER_CODES, codes[name])
        stage.plan_together(**given, chosen=[(0, ("A",), 0)], lines=None, computed=None, ground=ground)
    assert [None if found is None else int(found[0, 0]) for found in seen] == [1, 2, None, None]
