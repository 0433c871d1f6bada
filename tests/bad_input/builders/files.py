"""Paths that lead elsewhere, archives that are traps, and files that cannot be reached."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.builders.places import at, no_sites
from tests.bad_input.builders.rasters import no_terrain
from tests.bad_input.made_up_project import Check, MadeUpProject


def _vrt(target: str) -> str:
    return (
        '<VRTDataset rasterXSize="10" rasterYSize="10"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>105,0.1,0,22,0,-0.1</GeoTransform><VRTRasterBand dataType=\"Int16\" band=\"1\">"
        f"<SimpleSource><SourceFilename>{target}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )


def _ogr_vrt(target: str) -> str:
    return f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


def no_units(inputs: Inputs) -> None:
    assert inputs.units is None


@way("path_vrt_named_tif")
def _(p: MadeUpProject) -> Check | None:
    p.terrain()
    p.write("hidden.tif", (p.folder / "dem.tif").read_bytes())
    p.write("dem.tif", _vrt("hidden.tif"))
    return no_terrain


@way("path_vrt_named_gpkg")
def _(p: MadeUpProject) -> Check | None:
    p.write("xa.gpkg", _ogr_vrt("communes.geojson"))
    p.inputs["boundaries"] = "xa.gpkg"
    return no_units


@way("path_vrt_named_shp")
def _(p: MadeUpProject) -> Check | None:
    p.write("xa.shp", _ogr_vrt("communes.geojson"))
    p.write("xa.dbf", b"")
    p.write("xa.shx", b"")
    p.inputs["boundaries"] = "xa.shp"
    return no_units


@way("path_vrt_named_geojson")
def _(p: MadeUpProject) -> Check | None:
    p.write("xa.geojson", _ogr_vrt("communes.geojson"))
    p.inputs["boundaries"] = "xa.geojson"
    return no_units


@way("path_vrt_inside_zip")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "xa.zip", "w") as archive:
        archive.writestr("xa.shp", _ogr_vrt(str(p.folder / "communes.geojson")))
        archive.writestr("xa.dbf", b"")
        archive.writestr("xa.shx", b"")
    p.inputs["boundaries"] = "xa.zip"
    return no_units


@way("path_virtual")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["terrain"] = {"path": "/vsicurl/http://example.org/dem.tif", "kind": "ground"}
    return no_terrain


@way("path_address")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "https://example.org/sites.csv"
    return no_sites


@way("path_zip_slip")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "xa.zip", "w") as archive:
        archive.writestr("../xa.shp", b"")
        archive.writestr("../xa.dbf", b"")
    p.inputs["boundaries"] = "xa.zip"
    return no_units


@way("path_zip_absolute_member")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "dem.zip", "w") as archive:
        archive.writestr("C:\\dem\\N21E105.hgt", bytes(10))
    p.inputs["terrain"] = {"path": "dem.zip", "kind": "ground"}
    return no_terrain


@way("path_zip_without_shapefile")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "xa.zip", "w") as archive:
        archive.writestr("doc.txt", "x")
    p.inputs["boundaries"] = "xa.zip"
    return no_units


@way("path_zip_of_several_shapefiles")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "xa.zip", "w") as archive:
        for name in ("xa.shp", "huyen.shp"):
            archive.writestr(name, b"")
    p.inputs["boundaries"] = "xa.zip"
    return no_units


@way("path_zip_with_password")
def _(p: MadeUpProject) -> Check | None:
    p.shapefile(p.plain_points(), "tram", zipped=True)
    path = p.folder / "tram.zip"
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at_ = content.find(mark)
        while at_ >= 0:
            content[at_ + place] |= 1
            at_ = content.find(mark, at_ + 4)
    path.write_bytes(bytes(content))
    p.inputs["sites"] = "tram.zip"
    return no_sites


@way("path_shapefile_alone")
def _(p: MadeUpProject) -> Check | None:
    p.shapefile(p.plain_points(), "tram", without=[".dbf", ".shx"])
    p.inputs["sites"] = "tram.shp"
    return no_sites


@way("path_symbolic_link")
def _(p: MadeUpProject) -> Check | None:
    p.write("store/list.csv", p.csv_text())
    (p.folder / "sites.csv").symlink_to(p.folder / "store/list.csv")
    return at()


@way("path_link_to_itself")
def _(p: MadeUpProject) -> Check | None:
    (p.folder / "loop.csv").symlink_to(p.folder / "loop.csv")
    p.inputs["sites"] = "loop.csv"
    return no_sites


@way("path_device")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "/dev/zero"
    return no_sites


@way("path_pipe")
def _(p: MadeUpProject) -> Check | None:
    os.mkfifo(p.folder / "pipe.csv")
    p.inputs["sites"] = "pipe.csv"
    return no_sites


@way("path_folder")
def _(p: MadeUpProject) -> Check | None:
    (p.folder / "lists").mkdir()
    p.inputs["sites"] = "lists"
    return no_sites


@way("path_not_there")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "trạm.xlsx"
    return no_sites


@way("path_pattern_finds_nothing")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "ds/*.csv"
    return no_sites


@way("path_too_long")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "a" * 300 + ".csv"
    return no_sites


@way("path_null_letter")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = "sites\x00.csv"
    return no_sites


@way("path_accents_and_spaces")
def _(p: MadeUpProject) -> Check | None:
    p.write("Dữ liệu nhà mạng (bản 2)/Trạm đã rà soát.csv", p.csv_text())
    p.inputs["sites"] = "Dữ liệu nhà mạng (bản 2)/Trạm đã rà soát.csv"
    return at()


@way("path_brackets_and_braces")
def _(p: MadeUpProject) -> Check | None:
    p.shapefile(p.plain_points(), "tram", zipped=True)
    (p.folder / "tram.zip").rename(p.folder / "tram {1} [a].zip")
    p.inputs["sites"] = "tram {1} [a].zip"
    return at()


@way("path_excel_lock_file")
def _(p: MadeUpProject) -> Check | None:
    p.write("ds/sites.csv", p.csv_text())
    p.write("ds/~$sites.csv", b"\x06lock")
    p.inputs["sites"] = "ds/*.csv"
    return at()


@way("path_disguised_json")
def _(p: MadeUpProject) -> Check | None:
    p.write("xa.geojson", json.dumps({"cells": ["x"], "nothing": "here"}))
    p.inputs["boundaries"] = "xa.geojson"
    return no_units


# -- small files that hold huge ones -----------------------------------------------------------


@way("bomb_workbook")
def _(p: MadeUpProject) -> Check | None:
    p.workbook()
    with zipfile.ZipFile(p.folder / "sites.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"<row/>" * 12_000_000)
    return no_sites


@way("bomb_zip_declares_little")
def _(p: MadeUpProject) -> Check | None:
    # The archive's directory says one byte; the member is 60 MB.
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("N21E105.hgt", bytes(60_000_000))
    content = stream.getvalue().replace((60_000_000).to_bytes(4, "little"), (2 * 1201 * 1201).to_bytes(4, "little"))
    p.write("dem.zip", content)
    p.inputs["terrain"] = {"path": "dem.zip", "kind": "ground"}
    return None


@way("bomb_zipped_tile")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "dem.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("N21E105.hgt", bytes(60_000_000))
    p.inputs["terrain"] = {"path": "dem.zip", "kind": "ground"}
    return no_terrain


@way("bomb_columns_in_text")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", "Kinh độ,Vĩ độ" + "," * 1_000_000 + "\n")
    return no_sites


@way("bomb_columns_in_later_row")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text() + "," * 1_000_000 + "x\n")
    return no_sites


@way("bomb_columns_in_sheet")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(change=lambda book: book.active.cell(row=2, column=16_384, value="x"))
    return no_sites


@way("bomb_last_row_of_sheet")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(change=lambda book: book.active.cell(row=60_000, column=3, value="x"))
    return at()


@way("bomb_cell")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(name="x" * 3_000_000)
    return None


@way("bomb_deep_json")
def _(p: MadeUpProject) -> Check | None:
    p.write("xa.geojson", '{"type":"FeatureCollection","features":' + "[" * 200_000 + "]" * 200_000 + "}")
    p.inputs["boundaries"] = "xa.geojson"
    return no_units


@way("bomb_entities")
def _(p: MadeUpProject) -> Check | None:
    # "Billion laughs": a workbook whose shared texts expand each other.
    p.workbook()
    source = p.folder / "sites.xlsx"
    laughs = '<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(10)
    )
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(p.folder / "new.xlsx", "w") as new:
        for item in old.namelist():
            content = old.read(item)
            if item.endswith("sharedStrings.xml"):
                content = content.decode().replace("Trạm 1", "&k;").split("?>", 1)[-1].encode()
                content = laughs.encode() + b"]>" + content
            new.writestr(item, content)
    (p.folder / "new.xlsx").replace(source)
    return None


@way("bomb_parquet")
def _(p: MadeUpProject) -> Check | None:
    # A hundred kilobytes that unpack to 200 million rows of one value.
    table = pa.table({"Kinh độ": pa.array(np.full(2_000_000, 105.1))})
    writer = pq.ParquetWriter(p.folder / "sites.parquet", table.schema, compression="zstd")
    for _ in range(100):
        writer.write_table(table)
    writer.close()
    p.inputs["sites"] = "sites.parquet"
    return no_sites


@way("damaged_parquet")
def _(p: MadeUpProject) -> Check | None:
    pd.DataFrame({"a": range(1000)}).to_parquet(p.folder / "sites.parquet")
    path = p.folder / "sites.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    p.inputs["sites"] = "sites.parquet"
    return no_sites


@way("damaged_geopackage")
def _(p: MadeUpProject) -> Check | None:
    p.points().to_file(p.folder / "tram.gpkg", driver="GPKG")
    path = p.folder / "tram.gpkg"
    path.write_bytes(path.read_bytes()[:20_000])
    p.inputs["sites"] = "tram.gpkg"
    return no_sites


@way("damaged_geojson")
def _(p: MadeUpProject) -> Check | None:
    path = p.folder / "communes.geojson"
    path.write_text(path.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    return no_units


@way("damaged_shapefile_zip")
def _(p: MadeUpProject) -> Check | None:
    p.shapefile(p.plain_points(), "tram", zipped=True)
    path = p.folder / "tram.zip"
    path.write_bytes(path.read_bytes()[:300])
    p.inputs["sites"] = "tram.zip"
    return no_sites


@way("layer_named_is_absent")
def _(p: MadeUpProject) -> Check | None:
    p.points().to_file(p.folder / "tram.gpkg", driver="GPKG", layer="tram")
    p.inputs["sites"] = {"path": "tram.gpkg", "sheet": "bts"}
    return no_sites


@way("layer_of_lines")
def _(p: MadeUpProject) -> Check | None:
    import shapely

    frame = p.points()
    shapes = frame.geometry.to_numpy().copy()
    shapes[1] = shapely.LineString([(105.1, 21.8), (105.2, 21.9)])
    frame.set_geometry(shapes, crs=4326).to_file(p.folder / "tram.geojson", driver="GeoJSON")
    p.inputs["sites"] = "tram.geojson"
    return None


@way("layer_without_shapes")
def _(p: MadeUpProject) -> Check | None:
    import pyogrio

    pyogrio.write_dataframe(pd.DataFrame({"commune_code": ["99000"], "commune_name": ["Xã Mẫu"]}), p.folder / "xa.gpkg", driver="GPKG")
    p.inputs["boundaries"] = "xa.gpkg"
    return None
