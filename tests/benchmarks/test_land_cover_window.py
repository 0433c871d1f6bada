"""Land cover of 10 m on terrain of 30 m: a window of 40 km by 40 km beside GDAL's own resampling by the most frequent class."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, reproject

from geo.io.land_cover import open_land_cover
from geo.io.resources import issue_catalogue
from geo.io.terrain import TerrainWindow
from geo.validation import IssueLog


@pytest.mark.parametrize(("crs", "cell"), [("EPSG:4326", 1 / 12000), ("EPSG:32648", 10.0)])
def test_a_window_of_forty_kilometres(tmp_path: Path, crs: str, cell: float) -> None:
    rng = np.random.default_rng(1)
    codes = np.kron(rng.choice(np.array([10, 30, 40, 50, 80], np.uint8), (460, 460)), np.ones((10, 10), np.uint8))
    codes[rng.random(codes.shape) < 0.2] = 20
    west, north = (105.0, 21.5) if crs == "EPSG:4326" else (500_000.0, 2_377_500.0)
    with rasterio.open(
        tmp_path / "c.tif", "w", driver="GTiff", height=4600, width=4600, count=1, dtype="uint8", crs=crs,
        transform=Affine(cell, 0, west, 0, -cell, north), tiled=True, compress="deflate",
    ) as target:  # fmt: skip
        target.write(codes, 1)
    cover = open_land_cover(tmp_path / "c.tif", log=IssueLog(issue_catalogue()), scan=False)
    window = TerrainWindow(np.zeros((1333, 1333), np.float32), 105.004, 21.496, 1 / 3600, 1 / 3600)
    mode = np.zeros((1333, 1333), np.uint8)
    onto = Affine(1 / 3600, 0, 105.004 - 0.5 / 3600, 0, -1 / 3600, 21.496 + 0.5 / 3600)

    def ours() -> np.ndarray:
        return cover.to_window(window)

    def gdal() -> np.ndarray:
        with rasterio.open(tmp_path / "c.tif") as source:
            reproject(
                rasterio.band(source, 1), mode, dst_transform=onto, dst_crs="EPSG:4326", resampling=Resampling.mode, num_threads=1
            )
        return mode

    seconds = {}
    for name, run in (("ours", ours), ("gdal", gdal)):
        seconds[name] = np.inf
        for _ in range(3):
            start = time.process_time()
            got = run()
            seconds[name] = min(seconds[name], time.process_time() - start)
        assert (got > 0).mean() > 0.95
    print(f"{crs}: {seconds['ours']:.2f} s, {seconds['ours'] / seconds['gdal']:.2f} of GDAL's")
    assert seconds["ours"] < 4.0 * seconds["gdal"]
