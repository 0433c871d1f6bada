"""Coverage over terrain that comes in tiles: a seam is not seen, and a missing tile is unknown, never the sea."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.io import MemoryFile

from geo.coverage import State
from geo.io.files import write_bytes
from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.ground import GroundModel, ground_settings
from geo.validation import IssueLog
from tests.test_coverage import LAT, LON, _hills, at, cells, chosen, grid, run, sites, terrain_of

STEP = 1 / 1200
SPLIT = 104  # the seam lies about 370 m east of the middle


def part(folder: Path, heights: np.ndarray, left: int, name: str) -> Path:
    """Write columns ``left`` ... of the terrain that :func:`terrain_of` would write whole."""
    rows, columns = heights.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=1, dtype="float32", height=rows, width=columns, crs="EPSG:4326", nodata=-9999,
            transform=Affine(STEP, 0, LON - 100 * STEP + left * STEP, 0, -STEP, LAT + rows / 2 * STEP),
        ) as f:  # fmt: skip
            f.write(heights.astype(np.float32), 1)
        write_bytes(folder / name, memory.read())
    return folder / name


def model(*paths: Path) -> GroundModel:
    terrain = open_terrain(list(paths), kind="ground", log=IssueLog(issue_catalogue()))
    return GroundModel(terrain, None, ground_settings())


ROWS = cells({"azimuth_deg": 0.0}, {**at(900.0, 300.0), "azimuth_deg": 200.0})
SETTINGS = chosen(max_radius_m=6000.0)


def test_a_seam_between_tiles_is_not_seen(tmp_path: Path) -> None:
    heights = _hills(11)
    whole, _ = run(ROWS, sites({}), terrain_of(tmp_path, heights), grid(31, 200.0), setting=SETTINGS)
    for overlap in (0, 1, 7):
        west = part(tmp_path, heights[:, : SPLIT + overlap], 0, f"w{overlap}.tif")
        east = part(tmp_path, heights[:, SPLIT:], SPLIT, f"e{overlap}.tif")
        for order in ((west, east), (east, west)):
            tiled, _ = run(ROWS, sites({}), model(*order), grid(31, 200.0), setting=SETTINGS)
            np.testing.assert_allclose(tiled.level_dbm, whole.level_dbm, atol=1e-3)
            np.testing.assert_array_equal(tiled.state, whole.state)


def test_a_missing_tile_is_unknown_and_not_the_sea(tmp_path: Path) -> None:
    heights = _hills(11) + 500.0
    rows, weak = cells({"power_dbm": 10.0}), chosen(max_radius_m=6000.0)
    whole, _ = run(rows, sites({}), terrain_of(tmp_path, heights), grid(31, 200.0), setting=weak)
    west = part(tmp_path, heights[:, :SPLIT], 0, "west.tif")
    half, _ = run(rows, sites({}), model(west), grid(31, 200.0), setting=weak)
    layer = whole.index("A", "4G")
    near, far = slice(0, 16), slice(19, 31)  # columns of the grid west and east of the seam
    np.testing.assert_array_equal(half.state[layer][:, near], whole.state[layer][:, near])
    assert np.isnan(half.level_dbm[layer][:, far]).all()
    east = set(np.unique(half.state[layer][:, far]))
    assert State.UNKNOWN in east
    assert east <= {State.UNKNOWN, State.PREDICTED_UNSERVED}  # beyond what even free space could reach
    sea, _ = run(rows, sites({}), model(west, part(tmp_path, np.zeros_like(heights[:, SPLIT:]), SPLIT, "sea.tif")), grid(31, 200.0), setting=weak)
    assert np.isfinite(sea.level_dbm[layer][:, far]).any()
