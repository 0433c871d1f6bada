"""Land cover: codes by place, unknown codes told apart. All made up: no real land cover is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from geo.crs import from_wgs84
from geo.errors import CrsError, InputError
from geo.grid import Grid
from geo.io.land_cover import clutter_heights_m, land_cover_classes, open_land_cover
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


def write(path: Path, values: Any, transform: Affine, crs: str | None = "EPSG:4326", **profile: Any) -> Path:
    values = np.asarray(values)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype=values.dtype, crs=crs,
        transform=transform, **profile,
    ) as f:  # fmt: skip
        f.write(values, 1)
    return path


PLACE = Affine(1, 0, 105, 0, -1, 24)
NINE = np.array([[10, 20, 30], [40, 50, 60], [80, 0, 77]], dtype=np.uint8)


def test_codes_by_hand_and_unknown_ones_flagged(tmp_path: Path, log: IssueLog) -> None:
    cover = open_land_cover(write(tmp_path / "c.tif", NINE, PLACE), log=log)
    got = cover.sample([105.01, 106.5, 107.99, 105.5, 106.5, 107.5, 104.9, np.nan], [23.99, 22.5, 23.01, 21.5, 21.5, 21.5, 22, 22])
    np.testing.assert_array_equal(got, [10, 50, 30, 80, 0, 0, 0, 0])
    said = {f.kind.code: f for f in log}
    assert set(said) == {"land_cover_unknown_code"}
    assert said["land_cover_unknown_code"].came[0] == "77 (1)"


def test_names_and_clutter_of_every_class() -> None:
    classes = land_cover_classes()
    assert sorted(classes) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]
    assert all(c.name.vi and c.name.en and c.name.vi != c.name.en for c in classes.values())
    heights = clutter_heights_m(np.array([[10, 50], [80, 0]], dtype=np.uint8))
    np.testing.assert_array_equal(heights, [[15, 10], [0, np.nan]])


def test_most_frequent_class_of_a_cell(tmp_path: Path, log: IssueLog) -> None:
    # Cells of 10 m over a grid of 100 m in UTM; the first grid cell is 60 % forest, the second all water.
    values = np.full((10, 20), 40, dtype=np.uint8)
    values[:6, :10] = 10
    values[:, 10:] = 80
    path = write(tmp_path / "c.tif", values, Affine(10, 0, 500_000, 0, -10, 2_500_000), crs="EPSG:32648")
    cover = open_land_cover(path, log=log)
    got = cover.to_grid(Grid(32648, 500_000.0, 2_500_000.0, 100.0, 1, 3))
    np.testing.assert_array_equal(got, [[10, 80, 0]])
    assert log.findings == []


def test_a_province_wide_raster_is_read_by_windows(tmp_path: Path, log: IssueLog) -> None:
    rng = np.random.default_rng(2)
    values = rng.choice(np.array(sorted(land_cover_classes()), np.uint8), (3000, 5000))
    path = write(tmp_path / "c.tif", values, Affine(0.0001, 0, 105, 0, -0.0001, 23), tiled=True, compress="deflate")
    cover = open_land_cover(path, log=log)
    r, c = rng.integers(0, 3000, 400), rng.integers(0, 5000, 400)
    np.testing.assert_array_equal(
        cover.sample(105 + (c + 0.5) * 0.0001, 23 - (r + 0.5) * 0.0001), values[r, c]
    )
    x, y = from_wgs84([105.2], [22.9], 9210)
    assert (cover.to_grid(Grid(9210, float(x[0]), float(y[0]), 100.0, 10, 10)) > 0).all()


def test_wrong_rasters_are_refused_and_empty_ones_said(tmp_path: Path, log: IssueLog) -> None:
    with pytest.raises(CrsError):
        open_land_cover(write(tmp_path / "a.tif", NINE, PLACE, crs=None), log=log)
    with pytest.raises(InputError, match="float32"):
        open_land_cover(write(tmp_path / "f.tif", NINE.astype(np.float32), PLACE), log=log)
    open_land_cover(write(tmp_path / "z.tif", NINE * 0, PLACE), log=log)
    assert log.codes() == {"land_cover_empty"}


def test_every_strange_code_is_counted(tmp_path: Path, log: IssueLog) -> None:
    signed = np.array([[10, -5, -5], [10, -32768, 32767], [0, 20, 9]], dtype=np.int16)
    open_land_cover(write(tmp_path / "s.tif", signed, PLACE), log=log)
    large = np.array([[10, 60000, 65535]], dtype=np.uint16)
    open_land_cover(write(tmp_path / "u.tif", large, PLACE, nodata=65535), log=log)
    assert [f.came[0] for f in log] == ["-32768 (1), -5 (2), 9 (1), 32767 (1)", "60000 (1)"]


def test_a_code_too_large_for_a_byte_is_unknown_and_not_another_class(tmp_path: Path, log: IssueLog) -> None:
    cover = open_land_cover(write(tmp_path / "c.tif", np.array([[266, 10, -246]], dtype=np.int16), PLACE), log=log)
    np.testing.assert_array_equal(cover.sample([105.5, 106.5, 107.5], [23.5, 23.5, 23.5]), [0, 10, 0])
