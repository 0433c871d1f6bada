"""What the matrix says of a place is what the coverage functions say of a site that stands there. All places are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.compute import Piece, SerialExecutor, run_pieces
from geo.coverage import Coverage, Reason, State
from geo.crs import to_wgs84
from geo.io.rasters import write_array
from geo.planning.cover import cover_tasks, place_lines, read_cover, write_cover
from geo.planning.gains import Service, read_reach
from geo.planning.reach import reach_tasks, write_reach
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from tests.planning.test_gains import GRID, LAYERS, ON, SETTINGS, log
from tests.planning.test_places import place
from tests.test_coverage import EPSG, X, Y, terrain_of

OPERATORS = ("A", "B")


def at(east: float, north: float) -> tuple[float, float]:
    lon, lat = to_wgs84([X + east], [Y + north], EPSG)
    return float(lon[0]), float(lat[0])


PLACES = pd.concat(
    [
        place("G1", *at(3000, 3500), height_m=36.0, technologies="A=4G; B=4G,5G"), place("G2", *at(-4500, 500), height_m=48.0, technologies="B=4G"),
        place("M3", *at(3000, 3500), height_m=25.0, technologies="A=4G"), place("G4", *at(90_000, 0), technologies="A=4G"),
    ],
    ignore_index=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> GroundModel:
    row, column = np.mgrid[0:320, 0:320]
    heights = 300 + 180 * np.sin(row / 9.0) * np.cos(column / 13.0) + 140 * np.sin((row + 2 * column) / 31.0)
    heights[150:160, 190:200] = np.nan
    return terrain_of(tmp_path_factory.mktemp("dem"), heights)


def corrections() -> tuple[Corrections, pd.DataFrame]:
    n = 3
    own = Corrections(
        np.array([4.0, -6.0, 2.0]), np.array([-1.0, 0.5, 0.0]), np.full(n, -0.2), np.zeros(n), np.zeros(n), np.full(n, 3.0), np.full(n, -1.0), np.array([2.0, 5.0, 3.0]),
        np.arange(29 * n, dtype=float).reshape(29, n) / 50.0, np.zeros(256), np.zeros(256), 1.0, 10.0, 30.0, 5.0, 6.0, 7.0, 0.5, 0.2,
    )  # fmt: skip
    radio = pd.DataFrame({"index": [0, 1, 2], "operator": ["A", "B", "B"], "technology": ["4G", "4G", "5G"], "frequency_mhz": [1800.0, 1800.0, 3500.0]})
    return own, radio


@pytest.mark.parametrize("measured", [False, True])
def test_the_matrix_is_what_each_site_alone_would_serve(ground: GroundModel, tmp_path: Path, measured: bool) -> None:
    """Every (place, operator, technology) against the reach of a planned site there, laid over a run in which nobody serves: equal cell by cell."""
    learnt = dict(zip(("corrections", "radio"), corrections(), strict=True)) if measured else {}
    rng = np.random.default_rng(5)
    wanted = rng.random(GRID.shape) < 0.3
    wanted[:, :4] = False
    row, column = np.nonzero(wanted)
    write_array(tmp_path / "cells.npy", np.stack([row, column]).astype(np.int32))
    tasks = cover_tasks(
        PLACES, grid=GRID, cells=tmp_path / "cells.npy", cover_codes=None, ground=ground, settings=SETTINGS, on=ON, log=log(), operators=OPERATORS, **learnt
    )
    records = run_pieces(SerialExecutor(), write_cover, [Piece(t.name, t) for t in tasks], tmp_path / "pieces")
    matrix, columns = read_cover(records, tmp_path / "pieces", len(row))
    # the place out of reach is in no column
    assert sorted(columns.itertuples(index=False, name=None)) == [("G1", "A", "4G"), ("G1", "B", "4G"), ("G1", "B", "5G"), ("G2", "B", "4G"), ("M3", "A", "4G")]
    layers = (*LAYERS, ("B", "5G"))
    nobody = np.full((len(layers), *GRID.shape), State.PREDICTED_UNSERVED, dtype=np.uint8)
    empty = np.zeros(nobody.shape, dtype=np.float32)
    run = Coverage(GRID, layers, empty, empty, empty, nobody, np.full(nobody.shape, Reason.NONE, dtype=np.uint8))
    lines = place_lines(PLACES.iloc[:3])
    every = np.ones(GRID.shape, dtype=bool)
    alone, _ = reach_tasks(lines, grid=GRID, inside=every, ground=ground, settings=SETTINGS, on=ON, log=log(), **learnt)
    reaches = run_pieces(SerialExecutor(), write_reach, [Piece(t.name, t) for t in alone], tmp_path / "reach")
    seen = 0
    for line, record in zip(lines.to_dict("records"), reaches, strict=True):
        service = Service(run, SETTINGS)
        reach = read_reach(record, tmp_path / "reach")
        if reach is not None:
            service.lay(reach)
        for technology in line["technologies"].split(","):
            served = service.state[layers.index((line["operator"], technology))] == State.PREDICTED_SERVED
            mine = np.flatnonzero((columns[["place_id", "operator", "technology"]] == [line["place_id"], line["operator"], technology]).all(axis=1))
            told = np.zeros(len(row), dtype=bool)
            told[matrix.indices[matrix.indptr[mine[0]] : matrix.indptr[mine[0] + 1]]] = True
            np.testing.assert_array_equal(told, served[row, column], err_msg=str(line))
            seen += int(told.sum())
    assert seen > 100


def test_pieces_are_small(ground: GroundModel, tmp_path: Path) -> None:
    """A piece carries no grid: thousands of places fit into memory."""
    import pickle

    write_array(tmp_path / "cells.npy", np.zeros((2, 0), dtype=np.int32))
    tasks = cover_tasks(
        PLACES, grid=GRID, cells=tmp_path / "cells.npy", cover_codes=None, ground=ground, settings=SETTINGS, on=ON, log=log(), operators=OPERATORS
    )
    assert len(pickle.dumps(tasks)) < 100_000
    # nobody lacks anything: nothing is swept
    records = run_pieces(SerialExecutor(), write_cover, [Piece(t.name, t) for t in tasks], tmp_path / "pieces")
    assert {head["cells"] for record in records for head in record["columns"]} == {0}
