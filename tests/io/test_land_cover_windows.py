"""Land cover on the terrain's own lattice: the most frequent class of each node's cell. All made up."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.warp import Resampling, reproject

from geo.crs import from_wgs84
from geo.errors import InputError
from geo.io.land_cover import LandCover, join_land_cover, land_cover_classes, open_land_cover
from geo.io.resources import issue_catalogue
from geo.io.terrain import TerrainWindow
from geo.validation import IssueLog

STEP = 0.01
#: Node cells of a window of 3 x 3 nodes whose first node lies at 105.005, 20.995: 105.00 to 105.03, 21.00 to 20.97.
WEST, NORTH = 105.005, 20.995


def cover(path: Path, values: Any, transform: Affine, crs: str = "EPSG:4326", **profile: Any) -> LandCover:
    values = np.asarray(values, dtype=np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype="uint8", crs=crs,
        transform=transform, **profile,
    ) as f:  # fmt: skip
        f.write(values, 1)
    return open_land_cover(path, log=IssueLog(issue_catalogue()), scan=False)


def window(rows: int = 3, columns: int = 3, west: float = WEST, north: float = NORTH, step: float = STEP) -> TerrainWindow:
    return TerrainWindow(np.zeros((rows, columns), dtype=np.float32), west, north, step, step)


def at(cell: float) -> Affine:
    return Affine(cell, 0, 105.0, 0, -cell, 21.0)


def test_the_majority_of_three_by_three_by_hand(tmp_path: Path) -> None:
    values = np.array(
        [
            [10, 10, 40, 50, 50, 50, 80, 80, 30],
            [10, 40, 40, 50, 50, 50, 80, 30, 30],
            [10, 40, 10, 50, 50, 50, 80, 30, 20],
            [0, 0, 0, 0, 0, 0, 77, 77, 77],
            [0, 0, 0, 0, 20, 0, 77, 77, 77],
            [0, 0, 0, 0, 0, 0, 77, 77, 95],
            [60, 60, 60, 20, 20, 30, 255, 255, 255],
            [60, 60, 40, 20, 30, 30, 255, 90, 90],
            [40, 40, 40, 40, 40, 60, 255, 255, 255],
        ]
    )
    got = cover(tmp_path / "c.tif", values, at(STEP / 3)).to_window(window())
    # 5 x 10 and 4 x 40; all 50; 4 x 30 and 4 x 80 tie: the lower code. Nothing known; one known among
    # unknown; codes that do not exist do not vote. 5 x 60 and 4 x 40; 3 x 20, 3 x 30, 2 x 40; two of nine.
    np.testing.assert_array_equal(got, [[10, 50, 30], [0, 20, 95], [60, 20, 90]])
    assert got.dtype == np.uint8


def test_a_row_further_north_is_a_row_further_up(tmp_path: Path) -> None:
    values = [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
    got = cover(tmp_path / "c.tif", values, at(STEP)).to_window(window())
    np.testing.assert_array_equal(got, values)


def test_a_file_with_rows_from_south_to_north_is_refused_and_not_mirrored(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="north-up"):
        cover(tmp_path / "c.tif", [[10, 20], [30, 40]], Affine(STEP, 0, 105.0, 0, STEP, 20.97))


def test_halves_of_cells_count_as_halves(tmp_path: Path) -> None:
    # Raster cells shifted by half a cell: the node's cell holds 1/2 + 1 + 1/2 of three columns.
    values = np.tile(np.array([[10, 50, 20, 40, 40, 50, 50]]), (6, 1))
    got = cover(tmp_path / "c.tif", values, Affine(STEP / 2, 0, 105.0 - STEP / 4, 0, -STEP / 2, 21.0)).to_window(window())
    # Shares: 10 1/2, 50 1, 20 1/2; then 20 1/2, 40 1 1/2; then 40 1/2, 50 1 1/2.
    np.testing.assert_array_equal(got, np.tile([50, 40, 50], (3, 1)))


def test_cells_larger_than_the_nodes(tmp_path: Path) -> None:
    got = cover(tmp_path / "c.tif", [[10, 50], [80, 40]], at(0.02)).to_window(window(4, 4))
    np.testing.assert_array_equal(got, np.kron([[10, 50], [80, 40]], np.ones((2, 2))))


def test_outside_the_file_is_unknown(tmp_path: Path) -> None:
    got = cover(tmp_path / "c.tif", [[10, 10], [10, 10]], at(STEP)).to_window(window(4, 4, WEST - STEP, NORTH + STEP))
    np.testing.assert_array_equal(got, [[0, 0, 0, 0], [0, 10, 10, 0], [0, 10, 10, 0], [0, 0, 0, 0]])
    far = cover(tmp_path / "f.tif", [[10]], Affine(STEP, 0, 10.0, 0, -STEP, 50.0))
    assert not far.to_window(window()).any()
    utm = cover(tmp_path / "u.tif", [[10]], Affine(10, 0, 500_000, 0, -10, 1_000_000), crs="EPSG:32648")
    assert not utm.to_window(window()).any()


def test_the_first_listed_file_that_knows_a_class_decides(tmp_path: Path) -> None:
    first = cover(tmp_path / "a.tif", [[10, 0, 10], [10, 0, 0]], at(STEP))
    second = cover(tmp_path / "b.tif", np.full((3, 3), 80), at(STEP))
    joined = join_land_cover([first, second])
    assert joined is not None
    np.testing.assert_array_equal(joined.to_window(window()), [[10, 80, 10], [10, 80, 80], [80, 80, 80]])
    np.testing.assert_array_equal(joined.sample([105.005, 105.015, 105.2], [20.995, 20.995, 20.9]), [10, 80, 0])
    assert join_land_cover([]) is None


def random_cover(path: Path, crs: str, seed: int, sort: int = 4) -> LandCover:
    rng = np.random.default_rng(seed)
    codes = np.array([0, *sorted(land_cover_classes())], dtype=np.uint8)
    values = np.kron(rng.choice(codes, (60, 70)), np.ones((sort, sort), dtype=np.uint8))
    values[rng.random(values.shape) < 0.4] = 10
    if crs == "EPSG:4326":
        return cover(path, values, Affine(1 / 12000, 0, 105.0, 0, -1 / 12000, 21.02), tiled=True, blockxsize=64, blockysize=64)
    x, y = from_wgs84(np.array([105.0]), np.array([21.02]), crs)
    return cover(path, values, Affine(10, 0, float(x[0]), 0, -10, float(y[0])), crs=crs)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32648", "EPSG:9210"])
@pytest.mark.parametrize("phase", [0.0, 0.5, 0.3137])
def test_windows_cut_differently_agree_at_their_common_nodes(tmp_path: Path, crs: str, phase: float) -> None:
    found = random_cover(tmp_path / "c.tif", crs, 3)
    step = 1 / 3600
    column, row = round(104.995 / step), round(21.025 / step)
    whole = found.to_window(window(110, 120, (column + phase) * step, (row + phase) * step, step))
    assert 0.2 < (whole > 0).mean() < 0.9, "partly outside"
    rng = np.random.default_rng(4)
    for _ in range(25):
        top, left = int(rng.integers(0, 100)), int(rng.integers(0, 110))
        rows, columns = int(rng.integers(1, 110 - top + 1)), int(rng.integers(1, 120 - left + 1))
        # The place written in other last digits, as another cut would have it.
        west = (column + phase) * step + left * step
        north = (row + phase) * step - top * step
        part = found.to_window(window(rows, columns, west, north, step))
        np.testing.assert_array_equal(part, whole[top : top + rows, left : left + columns])


def test_points_on_the_edge_of_a_cell_do_not_flicker_with_the_last_digits(tmp_path: Path) -> None:
    # Nodes a quarter of a cell off: every second point of a node lies on an edge.
    step = 1 / 3600
    values = np.random.default_rng(2).choice(np.array([10, 40, 50, 80], np.uint8), (60, 400))
    found = cover(tmp_path / "c.tif", values, Affine(step, 0, 105.0, 0, -step, 21.0))
    whole = found.to_window(window(40, 380, 105.0 + 1.25 * step, 21.0 - 1.25 * step, step))
    assert (whole > 0).all()
    for left in range(1, 380, 7):
        part = found.to_window(window(40, 3, 105.0 + (1.25 + left) * step, (21.0 / step - 1.25) * step, step))
        np.testing.assert_array_equal(part[:, :1], whole[:, left : left + 1])


def test_strips_of_a_large_window_leave_no_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for crs in ("EPSG:4326", "EPSG:32648"):
        found = random_cover(tmp_path / f"{crs[5:]}.tif", crs, 5)
        step = 1 / 3600
        place = window(70, 80, round(105.001 / step) * step, round(21.018 / step) * step, step)
        whole = found.to_window(place)
        monkeypatch.setattr("geo.io.land_cover._STRIP_CELLS", 3000)
        np.testing.assert_array_equal(found.to_window(place), whole)
        monkeypatch.undo()


def brute(values: npt.NDArray[np.uint8], cell: float, parts: int, rows: int, columns: int, step: float) -> npt.NDArray[np.uint8]:
    """Every point of every cell, one by one, in whole numbers of 1/parts of a node."""
    out = np.zeros((rows, columns), dtype=np.uint8)
    for i in range(rows):
        for j in range(columns):
            votes: dict[int, int] = {}
            for a in range(parts):
                for b in range(parts):
                    r = int(np.floor((i + (a + 0.5) / parts) * step / cell + 1e-6))
                    c = int(np.floor((j + (b + 0.5) / parts) * step / cell + 1e-6))
                    if r < values.shape[0] and c < values.shape[1] and values[r, c]:
                        votes[int(values[r, c])] = votes.get(int(values[r, c]), 0) + 1
            out[i, j] = min((-n, code) for code, n in votes.items())[1] if votes else 0
    return out


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), cells=st.sampled_from([0.4, 1.0, 1.7, 3.0, 10 / 3]))
def test_against_every_point_counted_one_by_one(tmp_path_factory: pytest.TempPathFactory, seed: int, cells: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice(np.array([0, 10, 40, 50, 80], np.uint8), (13, 17))
    found = cover(tmp_path_factory.mktemp("c") / "c.tif", values, at(STEP / cells))
    parts = 2 * max(1, int(np.ceil(cells - 1e-6)))
    np.testing.assert_array_equal(found.to_window(window(6, 7)), brute(values, STEP / cells, parts, 6, 7, STEP))


def test_against_gdal_where_no_class_ties(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    fine = rng.choice(np.array([10, 40, 50, 80], np.uint8), (150, 150))
    found = cover(tmp_path / "c.tif", fine, at(STEP / 3))
    got = found.to_window(window(50, 50))
    oracle = np.zeros((50, 50), dtype=np.uint8)
    reproject(
        fine, oracle, src_transform=at(STEP / 3), src_crs="EPSG:4326", dst_transform=at(STEP), dst_crs="EPSG:4326",
        resampling=Resampling.mode,
    )  # fmt: skip
    votes = np.sort(np.stack([(fine.reshape(50, 3, 50, 3) == c).sum(axis=(1, 3)) for c in (10, 40, 50, 80)]), axis=0)
    clear = votes[-1] > votes[-2]
    assert 0.5 < clear.mean() < 1.0
    np.testing.assert_array_equal(got[clear], oracle[clear])


@pytest.mark.parametrize("crs", ["EPSG:32648", "EPSG:9210", "EPSG:4756"])
def test_another_system_says_the_same_as_points_placed_one_by_one(tmp_path: Path, crs: str) -> None:
    if crs == "EPSG:4756":  # degrees on the other datum
        values = np.random.default_rng(1).choice(np.array([10, 50, 80], np.uint8), (240, 280))
        found = cover(tmp_path / "c.tif", values, Affine(1 / 12000, 0, 105.0, 0, -1 / 12000, 21.02), crs=crs)
    else:
        found = random_cover(tmp_path / "c.tif", crs, 11)
    step = 1 / 3600
    west, north, size, parts = round(105.004 / step) * step, round(21.015 / step) * step, 30, 8
    got = found.to_window(window(size, size, west, north, step))
    offset = (np.arange(parts) + 0.5) / parts - 0.5
    lon = west + (np.arange(size)[:, None] + offset).ravel() * step
    lat = north - (np.arange(size)[:, None] + offset).ravel() * step
    all_lon, all_lat = np.meshgrid(lon, lat)
    codes = found.sample(all_lon.ravel(), all_lat.ravel()).reshape(size, parts, size, parts)
    known = sorted(land_cover_classes())
    counts = np.stack([(codes == code).sum(axis=(1, 3)) for code in known])
    expected = np.where(counts.max(axis=0) > 0, np.array(known)[counts.argmax(axis=0)], 0)
    order = np.sort(counts, axis=0)
    clear = order[-1] - order[-2] > 2  # a point may fall to the other side of an edge by 2 mm
    assert clear.mean() > 0.6
    np.testing.assert_array_equal(got[clear], expected[clear])


def test_it_travels_and_repeats(tmp_path: Path) -> None:
    found = random_cover(tmp_path / "c.tif", "EPSG:32648", 13)
    place = window(40, 40, 105.003, 21.012, 1 / 3600)
    once = found.to_window(place)
    assert once.any()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).to_window(place), once)  # noqa: S301
