"""Tiles put together one layer at a time: what is written without terrain, and what nobody wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo.coverage import (
    LayerFacts,
    LayerTask,
    Reason,
    State,
    Tiles,
    tile_tasks,
    write_layer,
    write_stacks,
    write_tile,
)
from geo.grid import Grid
from geo.io.rasters import read_array, read_raster
from geo.propagation.entry import USES
from tests.test_coverage import chosen

GRID = Grid(9210, 500_000.0, 2_400_000.0, 100.0, 7, 5)
FACTS = LayerFacts((("A", "4G"), ("B", "3G")))


def test_without_terrain_every_layer_is_unknown_and_no_number_is_made_up(tmp_path: Path) -> None:
    inside = np.ones(GRID.shape, bool)
    inside[:4] = False
    inside[5, 2] = False
    tasks = tile_tasks(GRID, inside, FACTS, None, chosen(tile_cells=2))
    assert len(tasks) == 6  # rows 4 to 6 in two bands of tiles; the bands above hold nothing
    records = [write_tile(task, tmp_path / "pieces") for task in tasks]
    assert sum(record["cells"] for record in records) == inside.sum()
    assert [sum(record["path_open"][i] for record in records) for i in range(2)] == [inside.sum()] * 2
    tiles = Tiles.of(GRID, tasks, tmp_path / "pieces")
    rasters = str(tmp_path / "rasters")
    for name, layer in (("all", None), ("a_4g", 0), ("b_3g", 1)):
        record = write_layer(LayerTask(name, layer, tiles, rasters), tmp_path / "pieces")
        assert record.get("second_margin_db_median") is None
    write_stacks(tiles, 2, tmp_path)
    expected = np.where(inside, State.UNKNOWN, State.OUTSIDE)
    np.testing.assert_array_equal(read_array(tmp_path / "state.npy"), np.stack([expected] * 2))
    np.testing.assert_array_equal(read_array(tmp_path / "all_by_use.npy"), np.stack([expected] * len(USES)))
    np.testing.assert_array_equal(read_array(tmp_path / "reason.npy", mapped=True)[1], np.where(inside, Reason.TERRAIN, 0))
    for name in ("level_dbm", "probability", "margin_sd"):
        values = read_array(tmp_path / f"{name}.npy")
        assert values.shape == (2, *GRID.shape)
        assert np.isnan(values).all()
    assert (read_raster(tmp_path / "rasters" / "a_4g_server.tif").values == -1).all()
    for name in ("all_state", "all_indoor_state", "all_vehicle_state", "b_3g_state"):
        np.testing.assert_array_equal(read_raster(tmp_path / "rasters" / f"{name}.tif").values, expected)


def test_a_grid_without_a_tile_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no tile"):
        Tiles(GRID, (), str(tmp_path)).read("state", 0)
