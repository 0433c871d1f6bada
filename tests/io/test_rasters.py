"""Result rasters: what is written comes back, the same content gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from geo.errors import GridMismatchError, InputError
from geo.grid import Grid
from geo.io.files import is_temporary
from geo.io.rasters import read_array, read_raster, write_array, write_raster, write_stack
from geo.mapping.palette import palette

COLOURS = {0: (0, 0, 0, 0), 2: (0, 120, 60, 255), 4: (200, 30, 30, 255), 6: (150, 150, 150, 255)}


@pytest.fixture
def grid() -> Grid:
    return Grid(9210, 500_000.0, 2_500_000.0, 100.0, 300, 520)


def levels(grid: Grid) -> np.ndarray:
    values = np.linspace(-140, -40, grid.rows * grid.columns).reshape(grid.shape).astype(np.float32)
    values[10:20, 10:20] = np.nan
    return values


def states(grid: Grid) -> np.ndarray:
    return np.random.default_rng(3).choice(np.array([0, 2, 4, 6], np.uint8), grid.shape)


def test_levels_come_back_on_their_grid(tmp_path: Path, grid: Grid) -> None:
    write_raster(tmp_path / "a.tif", levels(grid), grid, unit="dBm")
    back = read_raster(tmp_path / "a.tif")
    assert back.grid == grid
    assert back.values.dtype == np.float32
    np.testing.assert_array_equal(back.values, levels(grid))
    with rasterio.open(tmp_path / "a.tif", driver="GTiff") as f:
        assert np.isnan(f.nodata)
        assert f.units == ("dBm",)
        assert f.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert f.overviews(1)


def test_states_keep_their_codes_and_colours(tmp_path: Path, grid: Grid) -> None:
    write_raster(tmp_path / "s.tif", states(grid), grid, colours=COLOURS)
    np.testing.assert_array_equal(read_raster(tmp_path / "s.tif").values, states(grid))
    with rasterio.open(tmp_path / "s.tif", driver="GTiff") as f:
        assert f.nodata is None  # 0 is "outside", 6 "unknown": classes, not gaps
        table = f.colormap(1)
        assert {code: table[code] for code in (2, 4, 6)} == {code: COLOURS[code] for code in (2, 4, 6)}


def test_codes_carry_their_meanings(tmp_path: Path, grid: Grid) -> None:
    meanings = {0: "ngoài vùng / outside", 6: "chưa có dữ liệu / unknown"}
    for name, given in (("a", meanings), ("b", dict(reversed(meanings.items())))):
        write_raster(tmp_path / f"{name}.tif", states(grid), grid, meanings=given)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with rasterio.open(tmp_path / "a.tif", driver="GTiff") as f:
        tags = f.tags()
        assert (tags["CODE_0"], tags["CODE_6"]) == (meanings[0], meanings[6])
        # codes of states have the map's colours without being asked: QGIS then shows what the map shows
        states_of = {state.code: tuple(int(state.colour[i : i + 2], 16) for i in (1, 3, 5)) for state in palette().states}
        table = f.colormap(1)
        assert {code: table[code] for code in states_of} == {code: (*colour, 255) for code, colour in states_of.items()}
        assert table[0] == (255, 255, 255, 255), "outside is white, not black: a TIFF's table has no alpha"
    write_raster(tmp_path / "c.tif", levels(grid), grid, meanings=meanings)
    with rasterio.open(tmp_path / "c.tif", driver="GTiff") as f:
        assert "CODE_0" not in f.tags(), "levels are no codes"


def test_twice_the_same_bytes(tmp_path: Path, grid: Grid) -> None:
    seen = []
    for name in ("a", "b"):
        write_raster(tmp_path / f"{name}.tif", levels(grid), grid)
        write_raster(tmp_path / f"{name}_s.tif", states(grid), grid, colours=COLOURS)
        seen.append([hashlib.sha256((tmp_path / f"{name}{s}.tif").read_bytes()).hexdigest() for s in ("", "_s")])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][1]
    assert not [p for p in tmp_path.iterdir() if is_temporary(p) or p.suffix != ".tif"]  # no side-car files


def test_wrong_shapes_and_types_are_refused(tmp_path: Path, grid: Grid) -> None:
    with pytest.raises(GridMismatchError):
        write_raster(tmp_path / "a.tif", np.zeros((3, 3), np.float32), grid)
    with pytest.raises(ValueError, match="int64"):
        write_raster(tmp_path / "a.tif", np.zeros(grid.shape, np.int64), grid)
    assert list(tmp_path.iterdir()) == []


def test_tiny_grid_and_failing_write(tmp_path: Path) -> None:
    small = Grid(32648, 0.0, 100.0, 100.0, 1, 1)
    write_raster(tmp_path / "one.tif", np.array([[7.5]]), small)
    assert read_raster(tmp_path / "one.tif").values == 7.5
    before = (tmp_path / "one.tif").read_bytes()
    with pytest.raises(GridMismatchError):
        write_raster(tmp_path / "one.tif", np.zeros((2, 2)), small)
    assert (tmp_path / "one.tif").read_bytes() == before


def test_a_damaged_layer_is_refused(tmp_path: Path, grid: Grid) -> None:
    write_raster(tmp_path / "a.tif", levels(grid), grid)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError):
        read_raster(tmp_path / "a.tif")


def test_arrays_of_pieces(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_array(tmp_path / "x.npy", values)
    np.testing.assert_array_equal(read_array(tmp_path / "x.npy"), values)
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:60])
    with pytest.raises(InputError, match="damaged"):
        read_array(tmp_path / "x.npy")
    with pytest.raises(InputError):
        read_array(tmp_path / "absent.npy")


def test_a_stack_is_read_layer_by_layer_from_disk(tmp_path: Path) -> None:
    layers = [np.full((2, 3), k, dtype=np.float32) for k in range(4)]
    write_stack(tmp_path / "s.npy", iter(layers), 4)
    got = read_array(tmp_path / "s.npy", mapped=True)
    assert isinstance(got, np.memmap)
    np.testing.assert_array_equal(got, np.stack(layers))
    np.testing.assert_array_equal(read_array(tmp_path / "s.npy"), np.load(tmp_path / "s.npy"))
    with pytest.raises(ValueError, match="read-only"):
        got[0, 0, 0] = 9


@pytest.mark.parametrize(
    ("layers", "count"),
    [
        ([], 0),
        ([np.zeros((2, 3))], 2),
        ([np.zeros((2, 3))] * 2, 1),
        ([np.zeros((2, 3)), np.zeros((3, 2))], 2),
        ([np.zeros((2, 3)), np.zeros((2, 3), dtype=np.float32)], 2),
    ],
)
def test_a_stack_of_unlike_or_missing_layers_leaves_nothing(tmp_path: Path, layers: list[np.ndarray], count: int) -> None:
    with pytest.raises(ValueError, match="layers"):
        write_stack(tmp_path / "s.npy", layers, count)
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_radio_cells_keep_all_digits_and_minus_one_for_none(tmp_path: Path) -> None:
    values = np.array([[-1, 0, 2**24 + 1]], dtype=np.int32)  # more than float32 can count
    grid = Grid(9210, 500_000.0, 2_400_000.0, 100.0, 1, 3)
    write_raster(tmp_path / "server.tif", values, grid)
    with rasterio.open(tmp_path / "server.tif") as source:
        assert (source.nodata, source.dtypes[0]) == (-1, "int32")
    np.testing.assert_array_equal(read_raster(tmp_path / "server.tif").values, values)
    with pytest.raises(ValueError, match="int64"):
        write_raster(tmp_path / "server.tif", values.astype(np.int64), grid)


def test_the_tools_of_gdal_read_it_without_complaint(tmp_path: Path, grid: Grid, external_tool: Callable[[str], Path]) -> None:
    program = external_tool("gdal")
    write_raster(tmp_path / "a.tif", states(grid), grid, colours=COLOURS)
    said = subprocess.run([str(program), "-json", "-checksum", str(tmp_path / "a.tif")], check=True, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert said.stderr == ""
    found = json.loads(said.stdout)
    assert found["size"] == [grid.shape[1], grid.shape[0]]
    assert f'ID["EPSG",{grid.epsg}]' in found["coordinateSystem"]["wkt"]
    assert found["bands"][0]["colorInterpretation"] == "Palette"
