"""Terrain, population and land cover: damaged, empty, turned, or something else under their name."""

from __future__ import annotations

import warnings
import zipfile

import numpy as np
import rasterio
from affine import Affine

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.made_up_project import Check, MadeUpProject

_HEIGHTS = np.linspace(50, 900, 140 * 140, dtype=np.float32).reshape(140, 140)


def no_terrain(inputs: Inputs) -> None:
    assert inputs.terrain is None


def no_population(inputs: Inputs) -> None:
    assert inputs.population_raster is None


# -- missing and implausible values ------------------------------------------------------------


@way("raster_voids")
def _(p: MadeUpProject) -> Check | None:
    heights = _HEIGHTS.astype(np.int16)
    heights[10:20, 10:20] = -32768  # not the file's own nodata value
    heights[30, 30] = -32767
    p.terrain(heights, nodata=-32767)
    return None


@way("raster_undeclared_nodata")
def _(p: MadeUpProject) -> Check | None:
    heights = _HEIGHTS.copy()
    heights[:5] = -9999
    p.terrain(heights)
    return None


@way("raster_heights_in_feet_or_centimetres")
def _(p: MadeUpProject) -> Check | None:
    p.terrain((_HEIGHTS * 100).astype(np.float32))
    return None


@way("raster_all_nodata")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(np.full((140, 140), -32768, dtype=np.int16), nodata=-32768)
    return None


@way("raster_writer_killed")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(np.zeros((140, 140), dtype=np.int16))
    return None


@way("raster_writer_killed_half_way")
def _(p: MadeUpProject) -> Check | None:
    heights = _HEIGHTS.astype(np.int16)
    heights[60:] = 0
    p.terrain(heights)
    return None


@way("raster_people_negative")
def _(p: MadeUpProject) -> Check | None:
    people = np.full((70, 70), 3.5, dtype=np.float32)
    people[:10] = -99999
    p.population(people)
    return None


@way("raster_people_unknown")
def _(p: MadeUpProject) -> Check | None:
    people = np.full((70, 70), 3.5, dtype=np.float32)
    people[:10] = np.nan
    p.population(people)
    return None


@way("raster_people_nobody")
def _(p: MadeUpProject) -> Check | None:
    p.population(np.zeros((70, 70), dtype=np.float32))
    return None


@way("raster_people_infinite")
def _(p: MadeUpProject) -> Check | None:
    people = np.full((70, 70), 3.5, dtype=np.float32)
    people[3, 3] = np.inf
    p.population(people)
    return None


@way("raster_cover_unknown_code")
def _(p: MadeUpProject) -> Check | None:
    codes = np.full((70, 70), 10, dtype=np.uint8)
    codes[:3] = 77
    p.land_cover(codes)
    return None


@way("raster_cover_empty")
def _(p: MadeUpProject) -> Check | None:
    p.land_cover(np.zeros((70, 70), dtype=np.uint8))
    return None


# -- damaged, turned, of another kind ----------------------------------------------------------


@way("raster_cut_off")
def _(p: MadeUpProject) -> Check | None:
    path = p.terrain()
    path.write_bytes(path.read_bytes()[:9_000])
    return None  # its header is whole: the damage is found when the heights are read


@way("raster_values_damaged")
def _(p: MadeUpProject) -> Check | None:
    path = p.population(np.random.default_rng(1).random((300, 300), dtype=np.float32), compress="deflate")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(bytes(content))
    return no_population


@way("raster_zero_bytes")
def _(p: MadeUpProject) -> Check | None:
    p.terrain().write_bytes(b"")
    return no_terrain


@way("raster_header_huge")
def _(p: MadeUpProject) -> Check | None:
    # A few hundred bytes that declare 100 billion cells.
    place = Affine(1e-6, 0, 105, 0, -1e-6, 22)
    with rasterio.open(p.folder / "dem.tif", "w", driver="GTiff", width=320_000, height=320_000, count=1, dtype="int16",
                       crs="EPSG:4326", transform=place, sparse_ok=True, tiled=True, bigtiff="yes"):  # fmt: skip
        pass
    p.inputs["terrain"] = {"path": "dem.tif", "kind": "ground"}
    return no_terrain


@way("raster_turned")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(transform=Affine(0.004, 0.001, 105, 0.001, -0.004, 22.3))
    return no_terrain


@way("raster_south_up")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(transform=Affine(0.005, 0, 104.95, 0, 0.005, 21.65))
    return no_terrain


@way("raster_without_place")
def _(p: MadeUpProject) -> Check | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p.terrain(transform=Affine.identity())
    return no_terrain


@way("raster_picture")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(np.zeros((3, 140, 140), dtype=np.uint8))
    return no_terrain


@way("raster_value_type")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(_HEIGHTS.astype(np.complex64))
    return no_terrain


@way("raster_png_named_tif")
def _(p: MadeUpProject) -> Check | None:
    p.write("dem.tif", b"\x89PNG\r\n\x1a\n" + b"\x00" * 500)
    p.inputs["terrain"] = {"path": "dem.tif", "kind": "ground"}
    return no_terrain


@way("raster_kind_not_said")
def _(p: MadeUpProject) -> Check | None:
    p.terrain()
    p.inputs["terrain"] = "dem.tif"
    return no_terrain


@way("raster_kind_not_known")
def _(p: MadeUpProject) -> Check | None:
    p.terrain()
    p.inputs["terrain"] = {"path": "dem.tif", "kind": "DTM"}
    return no_terrain


@way("raster_part_of_area")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(transform=Affine(0.002, 0, 104.95, 0, -0.005, 22.35))
    return None


@way("raster_elsewhere")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(transform=Affine(0.005, 0, 8.0, 0, -0.005, 47.0))
    return None


@way("raster_tiles_overlap")
def _(p: MadeUpProject) -> Check | None:
    p.terrain()
    p.raster("dem2.tif", _HEIGHTS)
    p.inputs["terrain"] = {"path": "dem*.tif", "kind": "ground"}
    return None


@way("raster_tiles_of_two_grids")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(transform=Affine(0.35 / 140, 0, 104.95, 0, -0.005, 22.35))
    p.raster("dem2.tif", _HEIGHTS[:, :100].copy(), transform=Affine(0.35 / 100, 0, 105.30, 0, -0.005, 22.35))
    p.inputs["terrain"] = {"path": "dem*.tif", "kind": "ground"}
    return None


@way("raster_hgt_cut_off")
def _(p: MadeUpProject) -> Check | None:
    p.write("N21E105.hgt", bytes(2 * 1201 * 1201 - 512))
    p.inputs["terrain"] = {"path": "N21E105.hgt", "kind": "ground"}
    return no_terrain


@way("raster_hgt_renamed")
def _(p: MadeUpProject) -> Check | None:
    p.write("dem.hgt", bytes(2 * 1201 * 1201))
    p.inputs["terrain"] = {"path": "dem.hgt", "kind": "ground"}
    return no_terrain


@way("raster_zip_of_two_tiles")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "dem.zip", "w") as archive:
        archive.writestr("N21E105.hgt", b"")
        archive.writestr("N22E105.hgt", b"")
    p.inputs["terrain"] = {"path": "dem.zip", "kind": "ground"}
    return no_terrain


@way("raster_people_as_picture")
def _(p: MadeUpProject) -> Check | None:
    p.population(np.zeros((4, 70, 70), dtype=np.uint8))
    return no_population


@way("raster_people_elsewhere")
def _(p: MadeUpProject) -> Check | None:
    p.population(transform=Affine(0.01, 0, 8.0, 0, -0.01, 47.0))
    return None
