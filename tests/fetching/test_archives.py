"""Archives from strangers, and tables cut to an area: first by hand."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely

from geo.errors import InputError
from geo.io.cutting import cut_csv, cut_parquet, cut_vector, join_geojson
from geo.io.file_kinds import check_file, looks_like, spoken_answer
from geo.io.unpacking import decode_gzip, open_archive
from tests.fetching.made import geotiff, gz, ookla, zipped

BOX = [(105.0, 22.0, 106.0, 23.0)]


def _linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a.tif")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def _patched(content: bytes, change: Callable[[bytearray, int, int], None]) -> bytes:
    """Change a field of the only member, in its own header and in the archive's list."""
    raw = bytearray(content)
    change(raw, raw.index(b"PK\x03\x04"), raw.index(b"PK\x01\x02"))
    return bytes(raw)


def _encrypted(raw: bytearray, local: int, listed: int) -> None:
    raw[local + 6] |= 1
    raw[listed + 8] |= 1


def _small(raw: bytearray, local: int, listed: int) -> None:
    struct.pack_into("<I", raw, local + 22, 10)
    struct.pack_into("<I", raw, listed + 24, 10)


def _other_sum(raw: bytearray, local: int, listed: int) -> None:
    raw[local + 14] ^= 1
    raw[listed + 16] ^= 1


BAD = {
    "climbs out": (zipped({"../a.tif": b"x"}), "unsafe path '../a.tif'"),
    "climbs out inside": (zipped({"b/../../a.tif": b"x"}), "unsafe path"),
    "climbs out as Windows writes": (zipped({"..\\a.tif": b"x"}), "unsafe path"),
    "an absolute path": (zipped({"/a.tif": b"x"}), "unsafe path"),
    "a drive": (zipped({"C:a.tif": b"x"}), "unsafe path"),
    "a link": (_linked(), "unsafe path"),
    "a harmless member beside a harmful one": (zipped({"a.tif": b"x", "../../b": b"y"}), "unsafe path"),
    "a password": (_patched(zipped({"a.tif": b"x" * 50}), _encrypted), "is encrypted"),
    "a bomb that says so": (zipped({"a.tif": b"\0" * 2_000_000}), "unpacks to more than 1 MB"),
    "a bomb that says it is small": (_patched(zipped({"a.tif": b"\0" * 2_000_000}), _small), "cut short or damaged|unpacks to more"),
    "many small ones that are a bomb together": (zipped({f"{i}/{i}a.tif": b"\0" * 300_000 for i in range(5)}), "unpacks to more"),
    "too many": (zipped({f"{i}.txt": b"" for i in range(60)}), "holds 60 files, more than 50"),
    "two of one name": (zipped({"a/x.tif": b"1", "b/x.tif": b"2"}), "two files named 'x.tif'"),
    "another checksum": (_patched(zipped({"a.tif": b"x" * 50}), _other_sum), "cut short or damaged"),
    "cut short": (zipped({"a.tif": bytes(range(256)) * 40})[:-30], "cut short or damaged"),
    "no archive": (b"PK\x03\x04" + b"rubbish" * 20, "cut short or damaged"),
}


def unpack(path: Path, folder: Path) -> list[Path]:
    with open_archive(path, patterns=[r"\.tif$"], most_bytes=1_000_000, most_members=50, label=path.name) as archive:
        return [archive.extract(member, folder) for member in archive.matching(r"\.tif$")]


@pytest.mark.parametrize("name", BAD)
def test_archives_that_are_refused(name: str, tmp_path: Path) -> None:
    content, sentence = BAD[name]
    (tmp_path / "x.zip").write_bytes(content)
    folder = tmp_path / "inside" / "deep"
    folder.mkdir(parents=True)
    with pytest.raises(InputError, match=sentence):
        unpack(tmp_path / "x.zip", folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["inside", "x.zip"]
    assert sorted(p.name for p in (tmp_path / "inside").iterdir()) == ["deep"]
    assert sum(p.stat().st_size for p in folder.iterdir()) <= 1_000_000


def test_a_good_archive_lands_under_bare_names(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"a/b/x.tif": b"1", "a/y.txt": b"2", "a..b/z.tif": b"3"}))
    assert {p.name: p.read_bytes() for p in unpack(tmp_path / "x.zip", tmp_path)} == {"x.tif": b"1", "z.tif": b"3"}


@pytest.mark.parametrize("content", [gz(b"x" * 100)[:-3], gz(b"x" * 100)[:-8] + b"12345678", gz(b"x" * 100) + b"rubbish"])
def test_damaged_gzip(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(InputError, match="cut short or damaged"):
        decode_gzip(tmp_path / "x.gz", tmp_path / "x", most_bytes=1000, label="x.gz")


def test_gzip_up_to_the_limit_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gz(b"x" * 1000))
    decode_gzip(tmp_path / "x.gz", tmp_path / "x", most_bytes=1000, label="x.gz")
    assert (tmp_path / "x").read_bytes() == b"x" * 1000
    with pytest.raises(InputError, match="unpacks to more"):
        decode_gzip(tmp_path / "x.gz", tmp_path / "y", most_bytes=999, label="x.gz")


# -- what a file is -------------------------------------------------------------------------------------------------


def test_first_bytes() -> None:
    assert looks_like(b"II*\0more", "geotiff")
    assert looks_like(b"MM\0+", "geotiff")
    assert looks_like(b"II", "geotiff"), "too few to tell"
    assert not looks_like(b"PK\x03\x04", "geotiff")
    assert not looks_like(b"<!doctype", "zip")


def test_what_an_answer_says() -> None:
    assert spoken_answer(b"\xef\xbb\xbf <HTML><Title> Kh\xc3\xb4ng\n\x1b[31m t\xe1\xbb\x93n t\xe1\xba\xa1i </title>") == "Không [31m tồn tại"
    assert spoken_answer(b'{"error": "no <b>", "x": 1}') == "no <b>"
    assert spoken_answer(b'{"status": 5}') == '{"status": 5}'
    assert spoken_answer(b'{"cut": "of') == '{"cut": "of'
    assert spoken_answer(b"<html><body>nothing") == ""
    assert spoken_answer(b"Rate limit exceeded\n") == "Rate limit exceeded"
    assert spoken_answer(b"x" * 500) == "x" * 119 + "…"
    assert spoken_answer(b"\x89PNG\r\n\x1a\n\xff\xfe") == ""


def test_kinds_are_held_to_their_end(tmp_path: Path) -> None:
    whole = {
        "geotiff": geotiff(105, 22), "zip": zipped({"a": b"b" * 500}), "gzip": gz(b"x" * 500), "parquet": ookla(["0" * 16] * 50),
        "hgt": bytes(2 * 1201 * 1201), "csv": b"lon,lat\n1,2\n",
    }  # fmt: skip
    for kind, content in whole.items():
        path = tmp_path / ("N21E105.hgt" if kind == "hgt" else f"x.{kind}")
        path.write_bytes(content)
        check_file(path, kind=kind, label="x", columns={"csv": ["lon", "lat"], "parquet": ["quadkey"]}.get(kind, []))
        for short in (content[: len(content) // 2], content[:-4], b"") if kind not in {"csv"} else (b"", b"a,b\n"):
            path.write_bytes(short)
            with pytest.raises(InputError):
                check_file(path, kind=kind, label="x", columns=["lon"] if kind == "csv" else [])


def test_a_block_missing_where_no_sample_falls(tmp_path: Path) -> None:
    """Blocks need not lie in order: here the second one lies at the file's end, and only the first and the last are decoded."""
    content = geotiff(105, 22, size=256, compress=None)
    with rasterio.MemoryFile(content) as memory, memory.open(driver="GTiff") as dataset:
        places = [int(dataset.get_tag_item(f"BLOCK_OFFSET_{i % 4}_{i // 4}", "TIFF", bidx=1)) for i in range(16)]
    swapped = [places[0], places[15], *places[2:15], places[1]]
    assert content.count(struct.pack("<16I", *places)) == 1
    path = tmp_path / "x.tif"
    path.write_bytes(content.replace(struct.pack("<16I", *places), struct.pack("<16I", *swapped)))
    check_file(path, kind="geotiff", label="x", blocks=1)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="cut short"):
        check_file(path, kind="geotiff", label="x", blocks=1)


# -- cutting --------------------------------------------------------------------------------------------------------

TABLE = "id,lon,lat,name\n007,105.5,22.5,\"Bản, A\"\n2,105.0,23.0,edge\n3,104.99,22.5,west\n4,,22.5,no place\n5,NaN,x,no place\n6,106,22,corner\n7,105.5,23.01,north\n8,105.5,21.9,south\n9,106.1,22.5,east\n"


def test_rows_of_a_csv_inside(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert cut_csv(io.BytesIO(TABLE.encode()), out, lon="lon", lat="lat", header=(), boxes=BOX, label="t") == 3
    kept = pd.read_csv(out, dtype=str)
    assert kept["id"].tolist() == ["007", "2", "6"]
    assert kept["name"].tolist() == ["Bản, A", "edge", "corner"]
    assert cut_csv(io.BytesIO(b"\xef\xbb\xbf" + TABLE.encode()), out, lon="lon", lat="lat", header=(), boxes=None, label="t") == 9
    assert pd.read_csv(out, dtype=str, keep_default_na=False)["lat"].tolist() == ["22.5", "23.0", "22.5", "22.5", "x", "22", "23.01", "21.9", "22.5"]


def test_a_csv_without_header_or_columns(tmp_path: Path) -> None:
    bare = TABLE.partition("\n")[2].encode()
    out = tmp_path / "out.csv"
    assert cut_csv(io.BytesIO(bare), out, lon="lon", lat="lat", header=["id", "lon", "lat", "name"], boxes=BOX, label="t") == 3
    assert pd.read_csv(out, dtype=str)["id"].tolist() == ["007", "2", "6"]
    with pytest.raises(InputError, match=r"'t' lacks the columns lon, lat; first line: 007, 105\.5"):
        cut_csv(io.BytesIO(bare), out, lon="lon", lat="lat", header=["lon", "lat"], boxes=BOX, label="t")
    with pytest.raises(InputError, match="cannot be read"):
        cut_csv(io.BytesIO(TABLE.encode() + b"1,2\n"), out, lon="lon", lat="lat", header=(), boxes=BOX, label="t")


def test_tiles_of_a_parquet_that_touch(tmp_path: Path) -> None:
    """At zoom 2 the world has 4 x 4 tiles 90 degrees wide; "13" lies 90..180 E, 0..66.5 N, "12" west of it, "31" south of it."""
    pq.write_table(pa.table({"quadkey": ["13", "12", "03", "13x", None, "31"], "tests": [1, 2, 3, 4, 5, 6]}), tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    assert cut_parquet(tmp_path / "in.parquet", out, quadkey="quadkey", zoom=2, boxes=[(100.0, 10.0, 110.0, 20.0)], label="t") == 1
    assert pq.read_table(out)["tests"].to_pylist() == [1]
    assert cut_parquet(tmp_path / "in.parquet", out, quadkey="quadkey", zoom=2, boxes=[(80.0, -10.0, 110.0, 20.0)], label="t") == 3
    assert pq.read_table(out)["tests"].to_pylist() == [1, 2, 6]
    assert cut_parquet(tmp_path / "in.parquet", out, quadkey="quadkey", zoom=2, boxes=[(-179.0, 70.0, -170.0, 80.0)], label="t") == 0, "no key is no place"
    with pytest.raises(InputError, match="lacks the column key"):
        cut_parquet(tmp_path / "in.parquet", out, quadkey="key", zoom=2, boxes=None, label="t")


def test_features_of_a_shapefile_that_touch(tmp_path: Path) -> None:
    lines = [shapely.LineString([(104, 22.5), (105.2, 22.5)]), shapely.LineString([(104, 22.5), (104.9, 22.5)])]
    frame = gpd.GeoDataFrame({"name": ["Đường vào", "ngoài"]}, geometry=lines, crs="EPSG:4326")
    frame.to_file(tmp_path / "a.shp", encoding="UTF-8")
    assert cut_vector(tmp_path / "a.shp", tmp_path / "a.gpkg", boxes=BOX, label="t") == 1
    found = gpd.read_file(tmp_path / "a.gpkg")
    assert found["name"].tolist() == ["Đường vào"]
    assert found.geometry[0].bounds == (104, 22.5, 105.2, 22.5), "whole, not clipped"
    assert cut_vector(tmp_path / "a.shp", tmp_path / "b.gpkg", boxes=[(0.0, 0.0, 1.0, 1.0)], label="t") == 0
    assert not (tmp_path / "b.gpkg").exists()
    frame.to_crs("EPSG:32648").to_file(tmp_path / "c.shp")
    with pytest.raises(InputError, match="EPSG:4326 is needed, the file says EPSG:32648"):
        cut_vector(tmp_path / "c.shp", tmp_path / "c.gpkg", boxes=BOX, label="t")


def test_joined_geojson(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {"code": "00001", "name": "Bản"}, "geometry": {"type": "Point", "coordinates": [105, 22]}}
    members = [("08_x/wards/a.geojson", {"type": "FeatureCollection", "features": [feature]}), ("11_y/wards/b.geojson", feature)]
    streams = [(name, io.BytesIO(json.dumps(content).encode())) for name, content in members]
    assert join_geojson(streams, tmp_path / "out.geojson", stamps={"province_code": r"(\d\d)_"}, label="t") == 2
    found = gpd.read_file(tmp_path / "out.geojson")
    assert found["province_code"].tolist() == ["08", "11"]
    assert found["code"].tolist() == ["00001", "00001"]
    for wrong in (b"<html>", b"{}", b'{"type": "FeatureCollection"}', b'{"type": "Feature", "properties": {}, "geometry": null}', b"[]"):
        with pytest.raises(InputError, match="'m'"):
            join_geojson([("m", io.BytesIO(wrong))], tmp_path / "bad.geojson", stamps={}, label="t")
