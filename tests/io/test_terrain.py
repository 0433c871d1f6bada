"""Terrain tiles: where heights lie, what is void, and every way a tile can be wrong."""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning

from geo.crs import from_wgs84
from geo.errors import CrsError, InputError, MissingInputError, VungphuError
from geo.io.resources import issue_catalogue
from geo.io.terrain import Terrain, open_terrain
from geo.validation import IssueLog


def from_origin(west: float, north: float, width: float, height: float) -> Affine:
    return Affine(width, 0, west, 0, -height, north)


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


def write_tif(path: Path, values: Any, transform: Affine, *, crs: Any = "EPSG:4326", **profile: Any) -> Path:
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[None]
    options = {"driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(path, "w", **{**options, "dtype": bands.dtype, "crs": crs, "transform": transform, **profile}) as f:
        f.write(bands)
    return path


def write_hgt(path: Path, values: np.ndarray) -> Path:
    path.write_bytes(values.astype(">i2").tobytes())
    return path


def ramp() -> np.ndarray:
    """Heights of a 1201² tile: row + 2 × column, the node of the first row and column is 0."""
    return (np.arange(1201)[:, None] + 2 * np.arange(1201)[None, :]).astype(np.int16)


def opened(paths: list[Path], log: IssueLog, **options: Any) -> Terrain:
    return open_terrain(paths, **{"kind": "ground", "log": log, **options})


NINE = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]], dtype=np.int16)


# -- by hand: three by three ----------------------------------------------------------------------


def test_a_geotiff_height_belongs_to_the_centre_of_its_cell(tmp_path: Path, log: IssueLog) -> None:
    # Cells of 1 degree, corner at 105 E 24 N: centres at 105.5, 106.5, 107.5 and 23.5, 22.5, 21.5.
    terrain = opened([write_tif(tmp_path / "a.tif", NINE, from_origin(105, 24, 1, 1))], log)
    got = terrain.sample([105.5, 106.5, 106.0, 106.0, 107.5], [23.5, 22.5, 23.5, 23.0, 21.5])
    np.testing.assert_array_equal(got, [10, 50, 15, 30, 90])
    assert np.isnan(terrain.sample([105.4, 107.6, 106.5], [22.5, 22.5, 24.0])).all()


def test_pixel_is_point_means_the_same_node(tmp_path: Path, log: IssueLog) -> None:
    # GDAL moves the origin of such files by half a cell when it reads and when it writes them.
    area = write_tif(tmp_path / "area.tif", NINE, from_origin(104.5, 24.5, 1, 1))
    point = tmp_path / "point.tif"
    options = {"driver": "GTiff", "count": 1, "dtype": "int16", "width": 3, "height": 3, "crs": "EPSG:4326"}
    with rasterio.open(point, "w", transform=from_origin(104.5, 24.5, 1, 1), **options) as f:
        f.update_tags(AREA_OR_POINT="Point")
        f.write(NINE, 1)
    raw = {}
    for path in (area, point):
        with rasterio.Env(GTIFF_POINT_GEO_IGNORE=True), rasterio.open(path) as f:
            raw[path] = f.transform.c
    assert raw[area] != raw[point]  # the files do differ
    for path in (area, point):
        np.testing.assert_array_equal(opened([path], log).sample([105.0, 106.0], [24.0, 23.0]), [10, 50])


@pytest.mark.parametrize(
    ("name", "west", "south"),
    [("N22E105.hgt", 105, 22), ("s36w072.HGT", -72, -36), ("N00E000.hgt", 0, 0), ("S01W001.SRTMGL3.hgt", -1, -1)],
)
def test_an_hgt_tile_lies_where_its_name_says(tmp_path: Path, log: IssueLog, name: str, west: int, south: int) -> None:
    terrain = opened([write_hgt(tmp_path / name, ramp())], log)
    step = 1 / 1200
    lon = np.array([west, west + 1, west, west + 1, west + 5 * step])
    lat = np.array([south + 1, south + 1, south, south, south + 1 - 2.5 * step])
    np.testing.assert_allclose(terrain.sample(lon, lat), [0, 2400, 1200, 3600, 12.5], atol=1e-6)
    assert terrain.bounds == pytest.approx((west, south, west + 1, south + 1))


def test_voids_are_unknown_never_heights(tmp_path: Path, log: IssueLog) -> None:
    values = NINE.copy()
    values[0, 0], values[2, 2], values[0, 2], values[2, 0] = -32767, -32768, -9999, 9500
    terrain = opened([write_tif(tmp_path / "a.tif", values, from_origin(105, 24, 1, 1), nodata=-9999)], log)
    corners = ([105.5, 107.5, 107.5, 105.5], [23.5, 21.5, 23.5, 21.5])
    assert np.isnan(terrain.sample(*corners)).all()
    terrain.inspect(log)
    counts = {f.kind.code: f.fields.get("count") for f in log}
    assert counts == {"terrain_void": "3", "terrain_height_implausible": "1"}  # codes are no heights
    # on the known node itself, and on the line between two known nodes, the void has no weight
    np.testing.assert_array_equal(terrain.sample([106.5, 106.5], [23.5, 23.0]), [20, 35])
    assert np.isnan(terrain.sample([106.4], [23.5]))


def test_ground_is_unknown_exactly_where_the_nearest_node_is_void(tmp_path: Path, log: IssueLog) -> None:
    values = NINE.copy()
    values[0, 0] = -32768
    terrain = opened([write_tif(tmp_path / "a.tif", values, from_origin(105, 24, 1, 1))], log)
    got = terrain.ground_height([105.9, 106.1, 106.5], [23.5, 23.5, 22.5])
    assert np.isnan(got[0])
    np.testing.assert_array_equal(got[1:], [20, 50])  # the one known node on the line; a node itself
    assert np.isnan(terrain.sample([106.1], [23.5]))


def test_implausible_heights_are_unknown_and_said(tmp_path: Path, log: IssueLog) -> None:
    values = np.full((5, 5), 100, dtype=np.float32)
    values[1, 1], values[2, 2], values[3, 3] = 12000, -600, np.nan
    terrain = opened([write_tif(tmp_path / "a.tif", values, from_origin(105, 24, 1, 1))], log)
    assert np.isnan(terrain.sample([106.5, 107.5, 108.5], [22.5, 21.5, 20.5])).all()
    terrain.inspect(log)
    said = {f.kind.code: f for f in log}
    assert said["terrain_height_implausible"].fields["count"] == "2"
    assert said["terrain_height_implausible"].came[0] == "12000"
    assert said["terrain_void"].fields["count"] == "1"


def test_missing_tile_is_unknown_not_sea(tmp_path: Path, log: IssueLog) -> None:
    west = write_hgt(tmp_path / "N22E104.hgt", np.full((1201, 1201), 700))
    east = write_hgt(tmp_path / "N22E106.hgt", np.full((1201, 1201), 800))
    terrain = opened([west, east], log)
    np.testing.assert_array_equal(terrain.sample([104.5, 105.5, 106.5], [22.5] * 3), [700, np.nan, 800])
    window = terrain.read_window((104.9, 22.4, 106.1, 22.6))
    np.testing.assert_array_equal(window.sample([104.95, 105.5, 106.05], [22.5] * 3), [700, np.nan, 800])
    terrain.inspect(log, (104.0, 22.0, 107.0, 23.0))
    share = next(f for f in log if f.kind.code == "terrain_area_missing").fields["share"]
    assert float(share.split()[0]) == pytest.approx(33.3, abs=1)


def test_neighbours_share_their_edge_without_a_seam(tmp_path: Path, log: IssueLog) -> None:
    west = write_hgt(tmp_path / "N22E105.hgt", ramp())
    east = write_hgt(tmp_path / "N22E106.hgt", (ramp() + 2400).astype(np.int16))
    terrain = opened([west, east], log)
    assert log.findings == []
    lon = 106 + np.linspace(-3, 3, 61) / 1200
    np.testing.assert_allclose(terrain.sample(lon, np.full(61, 23.0)), 2400 + np.linspace(-6, 6, 61), atol=1e-5)


# -- several tiles over one place ------------------------------------------------------------------


def test_first_listed_tile_wins_and_its_voids_are_filled_by_the_second(tmp_path: Path, log: IssueLog) -> None:
    first = np.full((3, 3), 100, dtype=np.int16)
    first[0, 0] = -32767
    a = write_tif(tmp_path / "a.tif", first, from_origin(105, 24, 1, 1))
    b = write_tif(tmp_path / "b.tif", np.full((3, 3), 200, dtype=np.int16), from_origin(106, 24, 1, 1))
    c = write_tif(tmp_path / "c.tif", np.full((3, 3), 300, dtype=np.int16), from_origin(105, 24, 1, 1))
    np.testing.assert_array_equal(opened([a, b, c], log).sample([105.5, 106.5, 108.5], [23.5] * 3), [300, 100, 200])
    assert {f.kind.code for f in log} == {"terrain_tiles_overlap"}
    np.testing.assert_array_equal(opened([b, a, c], log).sample([106.5], [23.5]), [200])


def test_tiles_of_different_resolution_and_crs_are_joined_and_said(tmp_path: Path, log: IssueLog) -> None:
    # A plane in metres, h = x / 100, in UTM 48N; beside it a coarse tile in degrees.
    x = 500_000 + 1000 * np.arange(40)
    fine = write_tif(
        tmp_path / "utm.tif",
        np.tile(x / 100, (40, 1)).astype(np.float32),
        from_origin(499_500, 2_500_500, 1000, 1000),
        crs="EPSG:32648",
    )
    coarse = write_tif(tmp_path / "wide.tif", np.full((5, 5), 1234, dtype=np.int16), from_origin(103, 25, 1, 1))
    terrain = opened([fine, coarse], log)
    assert "terrain_grids_differ" in {f.kind.code for f in log}
    lon, lat = np.array([105.1, 105.2, 104.0]), np.array([22.45, 22.5, 22.5])
    expected = from_wgs84(lon, lat, 32648)[0] / 100
    np.testing.assert_allclose(terrain.sample(lon, lat), [expected[0], expected[1], 1234], atol=0.01)
    window = terrain.read_window((105.1, 22.4, 105.2, 22.5))
    np.testing.assert_allclose(window.sample(lon[:1], lat[:1]), expected[:1], atol=0.05)


def test_window_and_samples_agree(tmp_path: Path, log: IssueLog) -> None:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 3000, (1201, 1201)).astype(np.int16)
    values[rng.random((1201, 1201)) < 0.1] = -32768
    terrain = opened([write_hgt(tmp_path / "N22E105.hgt", values)], log)
    window = terrain.read_window((105.3, 22.3, 105.6, 22.5))
    lon, lat = rng.uniform(105.3, 105.6, 500), rng.uniform(22.3, 22.5, 500)
    here, there = window.sample(lon, lat), terrain.sample(lon, lat)
    assert 0.1 < np.isnan(here).mean() < 0.6
    np.testing.assert_allclose(here, there, atol=1e-3)
    row, column = window.to_lattice([105.3], [22.5])
    assert 1 <= row[0] < 2.001
    assert 1 <= column[0] < 2.001


def test_terrain_travels_to_a_worker(tmp_path: Path, log: IssueLog) -> None:
    terrain = opened([write_hgt(tmp_path / "N22E105.hgt", ramp())], log)
    text = pickle.dumps(terrain)
    assert len(text) < 5_000
    copy = pickle.loads(text)  # noqa: S301
    np.testing.assert_array_equal(copy.sample([105.5], [22.5]), terrain.sample([105.5], [22.5]))


def test_points_without_a_place_and_empty_lists(tmp_path: Path, log: IssueLog) -> None:
    terrain = opened([write_hgt(tmp_path / "N22E105.hgt", ramp())], log)
    assert np.isnan(terrain.sample([np.nan, np.inf], [22.5, 22.5])).all()
    assert np.isnan(terrain.ground_height([np.nan], [22.5])).all()
    assert terrain.sample([], []).shape == (0,)


# -- zipped tiles ----------------------------------------------------------------------------------


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_zipped_tiles_read_like_plain_ones(tmp_path: Path, log: IssueLog) -> None:
    plain = write_hgt(tmp_path / "N22E105.hgt", ramp())
    tif = write_tif(tmp_path / "t.tif", NINE, from_origin(105, 24, 1, 1))
    a = opened([zipped(tmp_path / "x.SRTMGL3.hgt.zip", {"N22E105.hgt": plain.read_bytes()})], log)
    b = opened([zipped(tmp_path / "t.zip", {"dem/t.tif": tif.read_bytes(), "readme.txt": b"x"})], log)
    np.testing.assert_allclose(a.sample([105.25], [22.75]), opened([plain], log).sample([105.25], [22.75]))
    np.testing.assert_array_equal(b.sample([106.5], [22.5]), [50])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["N22E105.hgt", "t.tif", "t.zip", "x.SRTMGL3.hgt.zip"]


HGT = b"\0" * (2 * 1201 * 1201)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"../N22E105.hgt": HGT}, "unsafe path"),
        ({"/etc/N22E105.hgt": HGT}, "unsafe path"),
        ({"..\\N22E105.hgt": HGT}, "unsafe path"),
        ({"C:/N22E105.hgt": HGT}, "unsafe path"),
        ({"N22E105.hgt": HGT, "N22E106.hgt": HGT}, "2 terrain files"),
        ({"readme.txt": b"x"}, "0 terrain files"),
        ({"N22E105.hgt": np.random.default_rng(0).bytes(99_000)}, "2,884,802 bytes"),
        ({"N22E105.tif": b"\0" * 40_000_000}, "too much for one terrain tile"),
        ({"x.tif": b"no raster"}, "not a readable GeoTIFF"),
    ],
)
def test_bad_archives_are_refused(tmp_path: Path, log: IssueLog, members: dict[str, bytes], said: str) -> None:
    before = zipped(tmp_path / "x.zip", members)
    with pytest.raises(InputError, match=said):
        opened([before], log)
    assert [p.name for p in tmp_path.iterdir()] == ["x.zip"]


def test_damaged_encrypted_and_lying_archives_are_refused(tmp_path: Path, log: IssueLog) -> None:
    noise = np.random.default_rng(1).integers(0, 1000, (1201, 1201))
    good = zipped(tmp_path / "g.zip", {"N22E105.hgt": noise.astype(">i2").tobytes()}).read_bytes()
    flipped = bytearray(good)
    flipped[1_000_000] ^= 0xFF
    (tmp_path / "flip.zip").write_bytes(flipped)
    with pytest.raises(InputError, match="cannot be unpacked"):
        opened([tmp_path / "flip.zip"], log).sample([105.5], [22.5])
    (tmp_path / "cut.zip").write_bytes(good[: len(good) // 2])
    with pytest.raises(InputError, match=r"not a readable \.zip"):
        opened([tmp_path / "cut.zip"], log)
    central = good.rindex(b"PK\x01\x02")
    secret = bytearray(good)
    secret[central + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(secret)
    with pytest.raises(InputError, match="encrypted"):
        opened([tmp_path / "secret.zip"], log)
    liar = bytearray(zipped(tmp_path / "l.zip", {"a.tif": b"\0" * 5_000_000}).read_bytes())
    central = liar.rindex(b"PK\x01\x02")
    liar[central + 24 : central + 28] = struct.pack("<I", 1000)  # declares 1 kB, holds 5 MB
    (tmp_path / "liar.zip").write_bytes(liar)
    with pytest.raises(InputError):
        opened([tmp_path / "liar.zip"], log)


# -- what must be refused --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "", "dsm", "Ground"])
def test_kind_must_be_said(tmp_path: Path, log: IssueLog, kind: str | None) -> None:
    path = write_tif(tmp_path / "a.tif", NINE, from_origin(105, 24, 1, 1))
    with pytest.raises(InputError, match="'kind'") as caught:
        open_terrain([path], kind=kind, log=log)
    assert "mặt đất trần" in caught.value.message.vi
    assert "bare earth" in caught.value.message.en


def _vrt(path: Path) -> None:
    target = write_tif(path.with_name("secret.tif"), NINE, from_origin(105, 24, 1, 1))
    path.write_text(
        '<VRTDataset rasterXSize="3" rasterYSize="3"><VRTRasterBand dataType="Int16" band="1"><SimpleSource>'
        f"<SourceFilename>{target}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )


def _truncated(path: Path) -> None:
    write_tif(path, np.random.default_rng(0).integers(0, 900, (300, 300)).astype(np.int16), from_origin(105, 24, 1, 1))
    path.write_bytes(path.read_bytes()[:200])


def _sparse(path: Path) -> None:
    options = {"driver": "GTiff", "count": 1, "dtype": "int16", "crs": "EPSG:4326", "tiled": True, "sparse_ok": True}
    with rasterio.open(
        path, "w", **options, width=400_000, height=200_000, transform=from_origin(0, 80, 1e-4, 1e-4), compress="lzw", bigtiff="yes",
        blockxsize=4096, blockysize=4096,
    ):  # fmt: skip
        pass


def _one_huge_block(path: Path) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="int16", crs="EPSG:4326", width=20_000, height=20_000, blockysize=20_000,
        transform=from_origin(0, 80, 1e-4, 1e-4), compress="deflate", sparse_ok=True,
    ):  # fmt: skip
        pass


def _plain(path: Path, values: Any = NINE, transform: Affine | None = None, **options: Any) -> None:
    write_tif(path, values, transform or from_origin(105, 24, 1, 1), **options)


def _withdrawn(path: Path) -> None:
    with rasterio.Env(OSR_USE_NON_DEPRECATED=False):
        _plain(path, crs="EPSG:6956")


WRONG: dict[str, tuple[Any, str]] = {
    "absent": (lambda p: None, "does not exist"),
    "folder": (lambda p: p.mkdir(), "not a file"),
    "empty": (lambda p: p.touch(), "is empty"),
    "text": (lambda p: p.write_text("no raster"), "not a readable GeoTIFF"),
    "vrt": (_vrt, "not a readable GeoTIFF"),
    "truncated": (_truncated, "not a readable GeoTIFF"),
    "sparse": (_sparse, "200000 x 400000 cells"),
    "one huge block": (_one_huge_block, "per block"),
    "rotated": (lambda p: _plain(p, transform=Affine(1, 0.2, 105, 0.2, -1, 24)), "rotated or flipped"),
    "south up": (lambda p: _plain(p, transform=Affine(1, 0, 105, 0, 1, 21)), "rotated or flipped"),
    "three bands": (lambda p: _plain(p, np.stack([NINE] * 3)), "3 bands"),
    "picture": (lambda p: _plain(p, NINE.astype(np.uint8)), "type 'uint8'"),
    "complex": (lambda p: _plain(p, NINE.astype(np.complex64)), "type 'complex64'"),
    "no crs": (lambda p: _plain(p, crs=None), "names no coordinate system"),
    "withdrawn crs": (_withdrawn, "EPSG:6956"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_wrong_tiles_are_refused_with_the_reason(tmp_path: Path, log: IssueLog, case: str) -> None:
    make, said = WRONG[case]
    path = tmp_path / "a.tif"
    make(path)
    with pytest.raises(InputError, match=said) as caught:
        opened([path], log)
    assert "a.tif" in caught.value.message.en or "6956" in said
    assert caught.value.message.vi != caught.value.message.en
    if case == "absent":
        assert isinstance(caught.value, MissingInputError)
    if "crs" in case:
        assert isinstance(caught.value, CrsError)


def test_a_tile_without_any_position_is_refused(tmp_path: Path, log: IssueLog) -> None:
    path = tmp_path / "a.tif"
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="int16", width=3, height=3
    ) as f:
        f.write(NINE, 1)
    with pytest.raises(InputError, match="no position on the ground"):
        opened([path], log)


def test_crs_given_by_the_project_serves_and_must_not_contradict(tmp_path: Path, log: IssueLog) -> None:
    bare = write_tif(tmp_path / "bare.tif", NINE, from_origin(105, 24, 1, 1), crs=None)
    np.testing.assert_array_equal(opened([bare], log, crs="EPSG:4326").sample([106.5], [22.5]), [50])
    full = write_tif(tmp_path / "full.tif", NINE, from_origin(105, 24, 1, 1))
    with pytest.raises(CrsError, match="drop one of them"):
        opened([full], log, crs="EPSG:32648")


@pytest.mark.parametrize("path", ["/vsicurl/http://x/a.tif", "/vsizip/x.zip/a.tif", "s3://x/a.tif"])
def test_virtual_paths_are_refused(log: IssueLog, path: str) -> None:
    with pytest.raises(InputError):
        opened([Path(path)], log)


@pytest.mark.parametrize("name", ["tile.hgt", "N22.hgt", "X22E105.hgt", "N22E1055.hgt", "N95E105.hgt", "N22E190.hgt"])
def test_hgt_without_a_place_in_its_name_is_refused(tmp_path: Path, log: IssueLog, name: str) -> None:
    with pytest.raises(InputError, match="File name"):
        opened([write_hgt(tmp_path / name, ramp())], log)


@pytest.mark.parametrize("size", [1, 100, 2 * 1201 * 1201 - 2, 2 * 1201 * 1201 + 2, 2 * 1000 * 1000])
def test_hgt_of_another_size_is_refused(tmp_path: Path, log: IssueLog, size: int) -> None:
    path = tmp_path / "N22E105.hgt"
    path.write_bytes(b"\1" * size)
    with pytest.raises(InputError, match=rf"has {size} bytes"):
        opened([path], log)


def test_no_tile_at_all(log: IssueLog) -> None:
    with pytest.raises(InputError, match="names no file"):
        opened([], log)


# -- what must be said -----------------------------------------------------------------------------


def codes(path: Path) -> set[str]:
    log = IssueLog(issue_catalogue())
    opened([path], log).inspect(log)
    return log.codes()


def test_zeros_of_a_killed_writer_are_said(tmp_path: Path) -> None:
    land = np.full((1201, 1201), 300, dtype=np.int16)
    assert codes(write_hgt(tmp_path / "N22E105.hgt", land)) == set()
    assert codes(write_hgt(tmp_path / "N22E106.hgt", land * 0)) == {"terrain_all_zero"}
    half = land.copy()
    half[700:] = 0
    assert codes(write_hgt(tmp_path / "N22E107.hgt", half)) == {"terrain_zero_tail"}
    coast = land.copy()  # sea in the south, its shore slanting: nothing to say
    coast[np.add.outer(np.arange(1201), np.arange(1201) // 4) > 1000] = 0
    assert (coast[-100:] == 0).all()
    assert codes(write_hgt(tmp_path / "N22E108.hgt", coast)) == set()


def test_a_tile_cut_in_its_data_is_refused_when_read(tmp_path: Path, log: IssueLog) -> None:
    values = np.random.default_rng(0).integers(0, 900, (600, 600)).astype(np.int16)
    path = write_tif(tmp_path / "a.tif", values, from_origin(105, 24, 0.001, 0.001), tiled=True, compress="deflate")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="not a readable GeoTIFF"):
        opened([path], log).inspect(log)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, 3000),
    flips=st.lists(st.tuples(st.integers(0, 2999), st.integers(1, 255)), max_size=6),
    compress=st.sampled_from(["none", "deflate"]),
)
def test_damaged_bytes_never_end_in_a_traceback(
    tmp_path: Path, cut: int, flips: list[tuple[int, int]], compress: str
) -> None:
    path = tmp_path / f"{compress}.tif"
    if not path.exists():
        write_tif(path, np.arange(900, dtype=np.int16).reshape(30, 30), from_origin(105, 24, 1, 1), compress=compress)
    content = bytearray(path.read_bytes())
    for at, mask in flips:
        content[at % len(content)] ^= mask
    damaged = tmp_path / "damaged.tif"
    damaged.write_bytes(content[: max(0, len(content) - cut)])
    log = IssueLog(issue_catalogue())
    try:
        terrain = opened([damaged], log)
        terrain.inspect(log)
        terrain.sample([110.0], [20.0])
    except VungphuError as error:
        message = error.message
        if not (message.vi and message.en):
            pytest.fail("a message lacks a language")


# -- real tiles ------------------------------------------------------------------------------------


def test_gotthard_36_cells_stand_on_a_void(shared_dir: Path, log: IssueLog) -> None:
    terrain = opened([shared_dir / "data/terrain/N46E008.tif"], log, kind="surface")
    cells = pd.read_csv(shared_dir / "data/sites/mls_2024-03_228_N46E008.csv")
    assert len(cells) == 1742
    ground = terrain.ground_height(cells["lon"], cells["lat"])
    assert int(np.isnan(ground).sum()) == 36
    assert 187 <= np.nanmin(ground) < np.nanmax(ground) <= 4173
    strict = terrain.sample(cells["lon"], cells["lat"])
    assert np.isnan(strict[np.isnan(ground)]).all()
    assert int(np.isnan(strict).sum()) == 52  # 16 more have a void among the four nodes around them
    terrain.inspect(log)
    assert {f.kind.code: f.fields.get("count") for f in log} == {"terrain_void": "103743"}


def test_everest_and_northland(shared_dir: Path, log: IssueLog) -> None:
    everest = opened([shared_dir / "data/terrain/N27E086.hgt"], log)
    assert everest.sample([86.925], [27.9881])[0] > 8700
    plain = opened([shared_dir / "data/terrain/S36E174.hgt"], log)
    packed = opened([shared_dir / "data/terrain/S36E174.SRTMGL3.hgt.zip"], log)
    bounds = (174.0, -36.0, 175.0, -35.0)
    np.testing.assert_array_equal(plain.read_window(bounds).heights, packed.read_window(bounds).heights)
    assert np.nanmin(plain.read_window(bounds).heights) == -27  # sea below zero is kept


def test_only_the_area_itself_counts_as_lacking_terrain(tmp_path: Path, log: IssueLog) -> None:
    terrain = opened([write_hgt(tmp_path / "N22E105.hgt", np.full((1201, 1201), 300))], log)
    bounds = (105.5, 22.5, 106.5, 23.0)
    inside = np.array([shapely.box(105.5, 22.5, 105.9, 22.9)], dtype=object)
    terrain.inspect(log, bounds, inside)
    assert log.findings == []
    terrain.inspect(log, bounds)
    assert log.codes() == {"terrain_area_missing"}
