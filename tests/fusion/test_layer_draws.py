"""Draws of layers belong together: by place, and more where one mast serves both."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.crs import to_wgs84
from geo.fusion import Variogram, fusion_settings
from geo.fusion.draws import LayerDraws
from geo.grid import Grid
from geo.io.files import write_json
from geo.io.rasters import write_array
from geo.pipeline.drawing import _masts

GRID = Grid(9210, 500_000.0, 2_400_000.0, 5_000.0, 20, 20)  # cells so far apart that each is drawn for itself
PLACE, SITE = 0.3, 0.7


@pytest.fixture
def draws(tmp_path: Path) -> LayerDraws:
    """Two layers without measurements; radio cells 0 and 1 stand on one mast, 2 on another."""
    shape = (2, *GRID.shape)
    server = np.zeros(shape, dtype=np.int32)
    server[1, :, :10], server[1, :, 10:] = 1, 2
    stacks = {
        "state": np.full(shape, 3, np.uint8), "margin_sd": np.zeros(shape, np.float32), "prediction_dbm": np.full(shape, -110.0, np.float32),
        "scale_db": np.full(shape, 8.0, np.float32), "error_sd_db": np.zeros(shape, np.float32), "server": server,
    }  # fmt: skip
    for name, values in stacks.items():
        write_array(tmp_path / f"{name}.npy", values)
    known = asdict(Variogram("exponential", 1.0, 300.0, 0.0, 0.0, 0.0, 0.0, misfit=0.0))
    for i in range(2):
        write_array(tmp_path / f"f{i}_field.npy", np.zeros((6, 0)))
        write_array(tmp_path / f"f{i}_places.npy", np.zeros((10, 0)))
        write_json(tmp_path / f"f{i}_variogram.json", known)
        write_json(tmp_path / f"f{i}_joined.json", {"layers": [i], "between": [[1.0]]})
    settings = fusion_settings(draws=400)
    return LayerDraws(tmp_path, ("f0", "f1"), (-110.0, -110.0), GRID, settings, PLACE, SITE, np.array([5, 5, 9]))


def test_one_mast_makes_layers_fail_together(draws: LayerDraws) -> None:
    row, column = (a.ravel() for a in np.meshgrid(np.arange(20), np.arange(20), indexing="ij"))
    first, second = draws(0, row, column), draws(1, row, column)
    # Without nugget a cell is below or not: signs of two normals of correlation r agree with 1/2 + arcsin(r) / pi.
    agree = (first == second).mean(axis=1)
    for mine, correlation in ((column < 10, SITE), (column >= 10, PLACE)):
        assert agree[mine].mean() == pytest.approx(0.5 + np.arcsin(correlation) / np.pi, abs=0.01)
    assert first.mean() == pytest.approx(0.5, abs=0.01)  # each layer alone is as it was


def test_the_same_cells_give_the_same_draws_in_any_order(draws: LayerDraws) -> None:
    row, column = np.array([3, 8, 12]), np.array([4, 15, 2])
    turned = np.array([2, 0, 1])
    np.testing.assert_array_equal(draws(1, row, column)[turned], draws(1, row[turned], column[turned]))


def test_lists_of_one_mast_differ_by_some_metres() -> None:
    lon, lat = to_wgs84([0.0 + 500_000, 500_040.0, 500_090.0, 500_400.0], [2_400_000.0] * 4, 9210)
    radio = pd.DataFrame({"index": [2, 0, 1, 3], "lon": lon, "lat": lat})
    found = _masts(radio, 9210)
    assert found[2] == found[0] == found[1]  # a chain of neighbours is one mast
    assert found[3] != found[0]
