"""A planned site laid over a run gives the states that the whole prediction gives with the site in its list. All places are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.compute import Piece, SerialExecutor, run_pieces
from geo.coverage import (
    Coverage,
    CoverageSettings,
    Reason,
    State,
    coverage_settings,
    coverage_states,
    predict,
    prepare_sources,
    radio_defaults,
    technology_rules,
)
from geo.coverage.point import PATTERN_TABLES, PatternTables
from geo.crs import to_wgs84
from geo.grid import Grid
from geo.io.resources import issue_catalogue
from geo.planning.assess import late_lines
from geo.planning.gains import Reach, Service, gained, read_reach, with_site, zone_cells
from geo.planning.reach import planned_corrections, planned_network, reach_tasks, write_reach
from geo.planning.removal import RemovalTask, joint_removals, removal_tasks, write_removal
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog
from tests.test_coverage import EPSG, LAT, LON, ON, X, Y, terrain_of

SIDE, SIZE = 60, 300.0
GRID = Grid(EPSG, X - SIDE / 2 * SIZE, Y + SIDE / 2 * SIZE, SIZE, SIDE, SIDE)
RULES = technology_rules("vn-2026", ON)
SETTINGS = coverage_settings(RULES, neighbour_operators=frozenset({"A"}), levels_dbm={**dict(RULES.levels_dbm), "5G": -110.0}, neighbour_reach_m=2_000.0)
LAYERS = (("A", "4G"), ("B", "4G"))


def log() -> IssueLog:
    return IssueLog(issue_catalogue())


def lines(*rows: tuple[str, str, float, float, str]) -> pd.DataFrame:
    """Lines from (id, operator, metres east, metres north, technologies)."""
    lon, lat = to_wgs84([X + r[2] for r in rows], [Y + r[3] for r in rows], EPSG)
    return pd.DataFrame(
        {
            "line_id": [r[0] for r in rows], "operator": [r[1] for r in rows], "lon": lon, "lat": lat,
            "technologies": [r[4] for r in rows], "height_m": [36.0 + i for i in range(len(rows))], "file": "plan.csv", "sheet": "",
            "row": np.arange(2, len(rows) + 2),
        }
    )  # fmt: skip


EXISTING = lines(
    ("A1", "A", -6000, 3000, "4G"), ("A2", "A", 5500, -4000, "3G,4G"), ("B1", "B", -2000, -6000, "4G"), ("B2", "B", 6500, 5500, "4G,5G"),
)
PLANNED = lines(("P1", "A", 3000, 3500, "4G"), ("P2", "B", -4500, 500, "4G,5G"), ("P3", "A", -8900, -8900, "4G"))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> GroundModel:
    """Hills with a void, so that every rule about what is not known is met."""
    row, column = np.mgrid[0:320, 0:320]
    heights = 300 + 180 * np.sin(row / 9.0) * np.cos(column / 13.0) + 140 * np.sin((row + 2 * column) / 31.0)
    heights[150:160, 190:200] = np.nan
    return terrain_of(tmp_path_factory.mktemp("dem"), heights)


@pytest.fixture(scope="module")
def inside() -> np.ndarray:
    area = np.ones(GRID.shape, dtype=bool)
    area[:, :4] = False
    return area


def predicted(rows: pd.DataFrame, ground: GroundModel, inside: np.ndarray, settings: CoverageSettings = SETTINGS) -> Coverage:
    sites, cells = planned_network(rows)
    prepared = prepare_sources(
        cells, sites, operators=["A", "B"], terrain=ground, grid=GRID, settings=settings, defaults=radio_defaults(), on=ON, log=log(),
        area_type=ground.area_type,
    )  # fmt: skip
    return coverage_states(predict(GRID, inside, prepared, ground, settings), prepared, GRID, inside, settings)


@pytest.fixture(scope="module")
def before(ground: GroundModel, inside: np.ndarray) -> Coverage:
    return predicted(EXISTING, ground, inside)


@pytest.fixture(scope="module")
def reaches(ground: GroundModel, inside: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> list[Reach | None]:
    folder = tmp_path_factory.mktemp("reach")
    tasks, _ = reach_tasks(PLANNED, grid=GRID, inside=inside, ground=ground, settings=SETTINGS, on=ON, log=log())
    records = run_pieces(SerialExecutor(), write_reach, [Piece(t.name, t) for t in tasks], folder)
    return [read_reach(record, folder) for record in records]


def test_fed_back_as_listed_sites_the_states_are_the_same(
    before: Coverage, reaches: list[Reach | None], ground: GroundModel, inside: np.ndarray
) -> None:
    for k, reach in enumerate(reaches):
        assert reach is not None
        service = Service(before, SETTINGS)
        service.lay(reach)
        whole = predicted(pd.concat([EXISTING, PLANNED.iloc[[k]]], ignore_index=True), ground, inside)
        assert whole.layers == before.layers
        # A technology that no list mentioned is one once the site is listed; everywhere else there is no difference.
        told = [i for i, layer in enumerate(before.layers) if (before.reason[i] != Reason.TECHNOLOGY_NOT_LISTED).all()]
        assert len(told) >= 3
        differ = np.stack([service.state[i] != whole.state[i] for i in told])
        changed = np.stack([before.state[i] != whole.state[i] for i in told])
        assert changed.sum() > 50
        # Cells that voids keep unknown may be told by the whole prediction alone: here they stay unknown, never served by mistake.
        open_to_doubt = np.stack([(before.state[i] == State.UNKNOWN) & (before.reason[i] == Reason.TERRAIN) for i in told])
        assert not (differ & ~open_to_doubt).any()
        served = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
        np.testing.assert_array_equal(np.isin(service.state[told], served), np.isin(whole.state[told], served))


def test_all_lines_together_are_all_sites_together(
    before: Coverage, reaches: list[Reach | None], ground: GroundModel, inside: np.ndarray
) -> None:
    service = Service(before, SETTINGS)
    for reach in reaches:
        assert reach is not None
        service.lay(reach)
    backwards = Service(before, SETTINGS)
    for reach in reversed(reaches):
        assert reach is not None
        backwards.lay(reach)
    np.testing.assert_array_equal(service.state, backwards.state)
    whole = predicted(pd.concat([EXISTING, PLANNED], ignore_index=True), ground, inside)
    served = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
    for i, layer in enumerate(before.layers):
        np.testing.assert_array_equal(np.isin(service.state[i], served), np.isin(whole.state[i], served), err_msg=str(layer))


def test_a_site_alone_is_told_by_its_own_gain(before: Coverage, reaches: list[Reach | None]) -> None:
    reach = reaches[0]
    assert reach is not None
    service = Service(before, SETTINGS)
    gain = service.gain(reach)
    old = service.served()
    service.lay(reach)
    new = service.served()
    served = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
    first = np.zeros(GRID.shape, dtype=bool)
    first[reach.rows, reach.columns] = gain.steps["first_operator"]
    np.testing.assert_array_equal(first, ~np.isin(old.any_state, served) & np.isin(new.any_state, served))
    assert set(gain.by_layer) == {("A", "4G")}
    assert gain.from_unserved.sum() <= gain.steps["first_operator"].sum()


CASES = [
    # state, reason, margin, bound: what becomes of it
    (State.PREDICTED_UNSERVED, Reason.NONE, 2.0, 2.0, State.PREDICTED_SERVED),
    (State.PREDICTED_UNSERVED, Reason.NONE, 0.0, 0.0, State.UNCERTAIN),
    (State.PREDICTED_UNSERVED, Reason.NONE, -2.0, -2.0, State.PREDICTED_UNSERVED),
    (State.PREDICTED_UNSERVED, Reason.NONE, -2.0, 0.0, State.UNKNOWN),
    (State.PREDICTED_UNSERVED, Reason.NONE, -np.inf, 3.0, State.UNKNOWN),
    (State.MEASURED_UNSERVED, Reason.NONE, -2.0, -2.0, State.MEASURED_UNSERVED),
    (State.MEASURED_UNSERVED, Reason.NONE, 1.3, 1.3, State.PREDICTED_SERVED),
    (State.UNCERTAIN, Reason.NONE, -2.0, 0.0, State.UNCERTAIN),
    (State.UNCERTAIN, Reason.NONE, 0.0, 3.0, State.UNKNOWN),
    (State.UNKNOWN, Reason.NEIGHBOUR_SITES, 0.0, 0.0, State.UNCERTAIN),
    (State.UNKNOWN, Reason.NEIGHBOUR_SITES, -2.0, -2.0, State.UNKNOWN),
    (State.UNKNOWN, Reason.NEIGHBOUR_SITES, 2.0, 2.0, State.PREDICTED_SERVED),
    (State.UNKNOWN, Reason.UNPLACED_SITES, 0.0, 0.0, State.UNCERTAIN),
    (State.UNKNOWN, Reason.UNPLACED_SITES, -2.0, -2.0, State.UNKNOWN),
    (State.UNKNOWN, Reason.NO_SITE_LIST, 0.0, 0.0, State.UNKNOWN),
    (State.UNKNOWN, Reason.NO_SITE_LIST, 2.0, 2.0, State.PREDICTED_SERVED),
    (State.UNKNOWN, Reason.TERRAIN, 0.0, 0.0, State.UNKNOWN),
    (State.MEASURED_SERVED, Reason.NONE, -2.0, 5.0, State.MEASURED_SERVED),
    (State.OUTSIDE, Reason.NONE, 5.0, 5.0, State.OUTSIDE),
]


def test_every_rule_by_hand() -> None:
    columns = list(zip(*CASES, strict=True))
    state, reason = (np.array([columns[i]], dtype=np.uint8) for i in range(2))
    margin, bound = (np.array([columns[i]], dtype=np.float32) for i in (2, 3))
    assert with_site(state, reason, margin, bound, SETTINGS)[0].tolist() == [int(c[4]) for c in CASES]


def test_steps_by_hand() -> None:
    """Four cells: nobody, A by 4G, A by 3G, both; then B comes everywhere with 4G."""
    layers = (("A", "3G"), ("A", "4G"), ("B", "4G"))
    no, yes = int(State.PREDICTED_UNSERVED), int(State.PREDICTED_SERVED)
    before = np.array([[[no, no, yes, no]], [[no, yes, no, yes]], [[no, no, no, yes]]], dtype=np.uint8)
    after = before.copy()
    after[2] = yes
    gain = gained(layers, before, after, ("3G", "4G"))
    assert gain.steps["first_operator"].tolist() == [[True, False, False, False]]
    assert gain.steps["to_4g"].tolist() == [[True, False, True, False]]
    assert gain.steps["second_operator"].tolist() == [[False, True, True, False]]
    assert gain.steps["third_operator"].tolist() == [[False] * 4]
    assert gain.from_unserved.tolist() == [[True, False, False, False]]
    assert {k: v.tolist() for k, v in gain.by_layer.items()} == {("B", "4G"): [[True, True, True, False]]}
    # 3G that does not count serves nobody
    assert gained(layers, before, after, ("4G",)).steps["first_operator"].tolist() == [[True, False, True, False]]


def test_the_share_of_a_zone_goes_by_its_people() -> None:
    grid = Grid(EPSG, X, Y, 100.0, 3, 3)
    lon, lat = to_wgs84([X, X + 200], [Y - 100, Y], EPSG)
    zone = gpd.GeoDataFrame(
        {"dead_zone_id": ["W1", "I1"], "class": ["white", "indoor_only"]}, geometry=[shapely.box(lon[0], lat[0], lon[1], lat[1])] * 2, crs=4326
    )
    people = np.array([[30.0, 10.0, 5.0], [0, 0, 0], [0, 0, 0]])
    cells = zone_cells(zone, grid, people)
    assert cells.ids == ("W1",)
    assert sorted(zip(cells.rows[0].tolist(), cells.columns[0].tolist(), cells.weight[0].tolist(), strict=True)) == [(0, 0, 30.0), (0, 1, 10.0)]
    hit = np.zeros((1, 1), dtype=bool)
    hit[0, 0] = True
    no, yes = int(State.PREDICTED_UNSERVED), int(State.PREDICTED_SERVED)
    gain = gained((("A", "4G"),), np.full((1, 1, 1), no, np.uint8), np.full((1, 1, 1), yes, np.uint8), ("4G",))
    empty = np.zeros((1, 1, 1), dtype=np.float32)
    assert list(cells.shares(gain, Reach(slice(0, 1), slice(0, 1), (("A", "4G"),), empty, empty))) == [("W1", 0.75)]
    assert list(cells.shares(gain, Reach(slice(0, 1), slice(2, 3), (("A", "4G"),), empty, empty))) == []
    # a zone nobody is known to live in goes by its cells
    assert list(zone_cells(zone, grid, None).shares(gain, Reach(slice(0, 1), slice(0, 1), (("A", "4G"),), empty, empty))) == [("W1", 0.5)]


def test_two_neighbours_that_both_go_leave_their_cells_to_nobody(ground: GroundModel, inside: np.ndarray, tmp_path: Path) -> None:
    """Three sites of one operator close together, two of them removed: the states of a prediction with the third alone; one after the other says too much."""
    trio = lines(("A1", "A", 0, 0, "4G"), ("A2", "A", 900, 300, "4G"), ("A3", "A", -6000, -5000, "4G"), ("B1", "B", 6000, 6000, "4G"))
    sites, cells = planned_network(trio)
    prepared = prepare_sources(
        cells, sites, operators=["A", "B"], terrain=ground, grid=GRID, settings=SETTINGS, defaults=radio_defaults(), on=ON, log=log(),
        area_type=ground.area_type,
    )  # fmt: skip
    levels = predict(GRID, inside, prepared, ground, SETTINGS)
    run = replace(coverage_states(levels, prepared, GRID, inside, SETTINGS), server=levels.server)
    given = {
        "coverage": run, "radio": prepared.table, "ground": ground, "settings": SETTINGS, "ring": np.zeros(GRID.shape, dtype=bool), "at_mast_m": 50.0,
        "tables": PatternTables(*(getattr(prepared.sources, name) for name in PATTERN_TABLES)),
    }  # fmt: skip
    gone = trio.iloc[[1, 0, 3]].reset_index(drop=True)
    apart, joint = removal_tasks(gone, **given), joint_removals(gone, **given)
    assert list(apart) == [0, 1, 2]
    assert list(joint) == [0]  # B takes away one site: its own task says it all
    at = run.layers.index(("A", "4G"))

    def without(*tasks: RemovalTask) -> np.ndarray:
        state = run.state[at].copy()
        for task in tasks:
            for entry in write_removal(task, tmp_path)["layers"]:
                made = np.load(tmp_path / entry["file"])
                window = slice(entry["row"], entry["row"] + made.shape[0]), slice(entry["column"], entry["column"] + made.shape[1])
                state[window] = np.where(made > 0, made, state[window])
        return state

    truth = predicted(trio.iloc[[2, 3]], ground, inside)
    wanted, served = truth.state[truth.layers.index(("A", "4G"))], [State.MEASURED_SERVED, State.PREDICTED_SERVED]
    told = run.state[at] != State.UNKNOWN
    assert np.array_equal(without(joint[0])[told], wanted[told])
    one_by_one = np.isin(without(apart[0], apart[1]), served)
    assert (one_by_one & ~np.isin(wanted, served)).sum() > 20


def test_a_village_that_a_line_reaches_after_its_deadline() -> None:
    """T1 is due in 2027: the line of 2027 is in time, that of 2028 and the one without a year are not; T2 has no deadline."""
    villages = pd.DataFrame({"village_id": ["T1", "T2"], "deadline": [pd.Timestamp("2027-06-30"), pd.NaT]})
    rows = pd.DataFrame({"year": pd.array([2027, 2028, pd.NA, 2028], dtype="Int64")})
    assert late_lines(rows, {0: "T1", 1: "T2; T1", 2: "T1", 3: "T2"}, villages) == {1, 2}
    assert late_lines(rows, {1: "T1"}, None) == set()
    assert late_lines(rows, {1: ""}, villages) == set()


def test_corrections_of_what_was_never_measured() -> None:
    """The group's mean with the error of its least known cell; else the technology's; else none and the largest error."""
    n = 4
    own = Corrections(
        np.array([2.0, 4.0, -3.0, 9.0]), np.zeros(n), np.full(n, -0.2), np.zeros(n), np.zeros(n), np.array([3.0, 5.0, 1.0, 9.0]), np.zeros(n), np.array([1.0, 5.0, 2.0, 7.0]),
        np.arange(29 * n, dtype=float).reshape(29, n), np.zeros(256), np.zeros(256), 1.0, 10.0, 30.0, 6.0, 7.0, 8.0, 0.5, 0.2,
    )  # fmt: skip
    radio = pd.DataFrame({"index": [0, 1, 2, 3], "operator": ["A", "A", "B", "A"], "technology": ["4G", "4G", "4G", "3G"],
                          "frequency_mhz": [1800.0, 1800.0, 1800.0, 2100.0]})
    planned = pd.DataFrame({"index": [2, 0, 1], "operator": ["A", "C", "A"], "technology": ["4G", "4G", "5G"], "frequency_mhz": [1800.0, 1800.0, 3500.0]})
    found, whose = planned_corrections(own, radio, planned)
    assert whose == ["group", "technology", "none"]
    assert found.bias_db[2] == pytest.approx(3.0)
    assert found.height_db.tolist() == pytest.approx([3.0, 0.0, 4.0])
    assert found.bias_db[0] == pytest.approx(1.0)
    assert found.bias_db[1] == 0.0
    assert found.error_sd_db.tolist() == [5.0, 7.0, 5.0]
    assert found.path_variance[:, 1].tolist() == own.path_variance[:, 3].tolist()


def test_what_a_line_lacks_is_filled_as_in_a_site_list_and_told(ground: GroundModel, inside: np.ndarray) -> None:
    _, told = reach_tasks(PLANNED, grid=GRID, inside=inside, ground=ground, settings=SETTINGS, on=ON, log=log())
    sites, cells = planned_network(PLANNED)
    listed = prepare_sources(
        cells, sites, operators=["A", "B"], terrain=ground, grid=GRID, settings=SETTINGS, defaults=radio_defaults(), on=ON, log=log(),
        area_type=ground.area_type,
    ).table  # fmt: skip
    assert len(told) == len(listed) == 4
    both = told.merge(listed, left_on=["line_id", "technology"], right_on=["site_id", "technology"])
    assert both["eirp_dbm_x"].tolist() == both["eirp_dbm_y"].tolist()
    assert both["defaults_x"].tolist() == both["defaults_y"].tolist()
    assert both["defaults_x"].str.contains("azimuth_deg").all()
    # what the line does say is taken: heights of 36, 37 (two technologies) and 38 m
    assert told["antenna_height_m"].tolist() == [36.0, 37.0, 37.0, 38.0]


def test_nothing_changes_where_a_site_is_out_of_reach(ground: GroundModel, inside: np.ndarray) -> None:
    far = PLANNED.iloc[[0]].assign(lon=LON + 2.0, lat=LAT)
    tasks, told = reach_tasks(far, grid=GRID, inside=inside, ground=ground, settings=SETTINGS, on=ON, log=log())
    assert tasks == []
    assert told.empty


def test_paths_over_the_edge_of_the_package() -> None:
    assert read_reach({"name": "x", "cells": 0}, Path("nowhere")) is None
