"""Folders as strangers would hand them in: what each file becomes, and that nothing is lost without a word. All rows are made up."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from geo.io.folder_project import propose_project
from geo.io.folder_proposal import Proposal, project_text, temporary_project
from geo.io.inputs import read_inputs
from geo.io.kml import read_kml
from geo.io.population_raster import open_population_raster
from geo.io.project import read_project
from geo.io.raw import FileLimits
from geo.io.resources import issue_catalogue, load_table, load_toml, resource_names
from geo.schemas import Schema
from geo.text import fold_key
from geo.validation import IssueLog, Source
from tests.old_text import to_tcvn3

TODAY = dt.date(2026, 11, 1)
COMMUNES = load_table("areas/communes.csv").query("province_code == '08'").head(4)
WEST, SOUTH, SIDE = 105.0, 22.0, 0.1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that holds boundaries of four communes."""
    shapes = [shapely.box(WEST + SIDE * k, SOUTH, WEST + SIDE * (k + 1), SOUTH + SIDE) for k in range(4)]
    frame = gpd.GeoDataFrame({"Mã xã": list(COMMUNES["code"]), "Tên xã": list(COMMUNES["name"])}, geometry=shapes, crs="EPSG:4326")
    frame.to_file(tmp_path / "xa.geojson", driver="GeoJSON")
    return tmp_path


def sites(number: int = 6, first: int = 0) -> pd.DataFrame:
    k = np.arange(first, first + number)
    return pd.DataFrame(
        {"Mã trạm": [f"T{i:03d}" for i in k], "Nhà mạng": "Viettel", "Công nghệ": "4G", "Kinh độ": (WEST + 0.0137 + 0.0193 * k).round(6), "Vĩ độ": (SOUTH + 0.0311 + 0.0007 * k).round(6)}
    )


def proposed(folder: Path) -> Proposal:
    return propose_project(folder, today=TODAY)


def left(found: Proposal, file: str) -> str:
    (why,) = [f.why for f in found.left if f.file == file]
    assert why.vi != why.en
    return why.en


def rows(found: Proposal, kind: str = "sites") -> list[int]:
    return [t.rows for t in found.taken if t.kind == kind]


def test_names_of_columns_under_a_merged_one_are_read(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["DANH SÁCH TRẠM"])
    sheet.append(["STT", "Nhà mạng", "Mã trạm", "Công nghệ", "Tọa độ", None])
    sheet.append([None, None, None, None, "Kinh độ", "Vĩ độ"])
    sheet.merge_cells("E2:F2")
    for row in sites().itertuples(index=False):
        sheet.append([1, "Viettel", row[0], "4G", row[3], row[4]])
    book.save(folder / "tram.xlsx")
    assert rows(proposed(folder)) == [6]


def test_who_signed_below_a_list_is_no_operator_and_the_rows_are_counted(folder: Path) -> None:
    foot = pd.DataFrame([["Tổng cộng: 6", "", "", "", ""], ["NGƯỜI LẬP BIỂU", "GIÁM ĐỐC", "", "", ""]], columns=sites().columns)
    pd.concat([sites().astype(object), foot]).to_excel(folder / "tram.xlsx", index=False)
    found = proposed(folder)
    assert found.operators == ("Viettel",)
    assert rows(found) == [6]
    assert any("6 of 8 rows are used; 2 rows: " in n.en for n in found.notes)


def test_a_list_of_which_no_row_can_be_used_is_left_with_the_reason(folder: Path) -> None:
    sites().assign(**{"Kinh độ": "?", "Vĩ độ": "?"}).to_excel(folder / "tram.xlsx", index=False)
    found = proposed(folder)
    assert not rows(found)
    assert "no row can be used (6 rows: " in left(found, "tram.xlsx")


def test_a_list_of_villages_is_known_by_its_header_or_the_column_is_named(folder: Path) -> None:
    rows = pd.DataFrame({"STT": [1, 2], "Xã": "Xã Thử", "Kinh độ": [105.01, 105.02], "Vĩ độ": 22.01, "Số hộ": [30, 40], "Dân số": [120, 160]})
    rows.assign(**{"Tên thôn, tổ": ["Thôn A", "Tổ B"]}).to_excel(folder / "a.xlsx", index=False)
    rows.assign(**{"Nơi": ["Thôn C", "Tổ D"], "Số hộ": [31, 41]}).to_excel(folder / "b.xlsx", index=False)
    found = propose_project(folder, today=TODAY)
    assert [(t.kind, t.rows) for t in found.taken if t.file == "a.xlsx"] == [("settlements", 2)]
    (why,) = [e.why for e in found.left if e.file == "b.xlsx"]
    assert "Tên thôn" in why.vi


@pytest.mark.parametrize("header", ["Tên trạm", "Cột của riêng Sở"])
def test_nothing_is_inferred_from_the_example_row_of_a_template(folder: Path, header: str) -> None:
    """Wherever its mark stands, also in a column of which no field is read."""
    example = pd.DataFrame({"Mã trạm": ["MAU0001"], "Nhà mạng": "Mạng A", "Công nghệ": "4G", "Kinh độ": 105.123456, "Vĩ độ": 21.123456, header: "VÍ DỤ (bịa) – xóa hoặc để nguyên"})
    pd.concat([example, sites()]).to_excel(folder / "tram_bts.xlsx", index=False)
    found = propose_project(folder, today=TODAY)
    assert found.operators == ("Viettel",)
    assert [t.rows for t in found.taken if t.kind == "sites"] == [6]


def test_codes_of_country_and_network_are_whole_numbers(folder: Path) -> None:
    sites().drop(columns="Nhà mạng").assign(MCC=452, MNC=4.0).to_excel(folder / "tram.xlsx", index=False)
    assert proposed(folder).operators == ("Viettel",)


def test_a_column_for_each_technology_is_read(folder: Path) -> None:
    ticks = {"2G": ["x", "", "không", "1", "0", "2"], "Trạm 4G": "x", "5G": ["", "", "", "", "", "dự kiến"]}
    sites().drop(columns="Công nghệ").assign(**ticks).to_excel(folder / "tram.xlsx", index=False)
    log = IssueLog(issue_catalogue())
    with temporary_project(folder, project_text(proposed(folder))) as path:
        network = read_inputs(read_project(path), log).network
    assert network is not None
    assert network.cells.groupby("technology").size().to_dict() == {"2G": 3, "4G": 6}
    assert {"technology_from_columns", "technology_unreadable"} <= log.codes()


PLACE = "<Placemark><name>T{0}</name><ExtendedData><Data name='Công nghệ'><value>4G</value></Data></ExtendedData><Point><coordinates>105.0{0}3,22.05,7</coordinates></Point></Placemark>"
KML = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Trạm</name>{}</Document></kml>'
FOLDERS = "".join(f"<Folder><name>{name}</name>{PLACE.format(k)}{PLACE.format(k + 1)}</Folder>" for name, k in (("Viettel", 1), ("VinaPhone", 4)))


def test_folders_of_google_earth_are_each_an_operator_s(folder: Path) -> None:
    with zipfile.ZipFile(folder / "tram.kmz", "w") as archive:
        archive.writestr("doc.kml", KML.format(FOLDERS))
    found = proposed(folder)
    assert [dict(t.options) for t in found.taken if t.kind == "sites"] == [{"sheet": n, "operator": n} for n in ("Viettel", "VinaPhone")]
    assert rows(found) == [2, 2]


def test_shapes_and_texts_of_a_kml(tmp_path: Path) -> None:
    ring = "<LinearRing><coordinates>{}</coordinates></LinearRing>"
    outer, inner = ring.format("0,0 4,0 4,4 0,4 0,0"), ring.format("1,1,9 2,1,9 2,2,9 1,1,9")
    polygon = f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs><innerBoundaryIs>{inner}</innerBoundaryIs></Polygon>"
    marks = [
        f"<Placemark><name>a</name>{polygon}</Placemark>",
        f"<Placemark><MultiGeometry>{polygon}{polygon.replace('4', '3')}</MultiGeometry></Placemark>",
        "<Placemark><LineString><coordinates>\n0,0\n1,1 </coordinates></LineString><ExtendedData><SchemaData><SimpleData name='Mã xã'>00694</SimpleData></SchemaData></ExtendedData></Placemark>",
        "<Placemark><name>none</name></Placemark>",
    ]
    path = tmp_path / "x.kml"
    path.write_text(KML.format("".join(marks)), encoding="utf-8")
    (table,) = read_kml(path, Source("x.kml"), FileLimits())
    assert table.headers == ("name", "Mã xã")
    assert table.cells.to_numpy().tolist() == [["a", None], [None, None], [None, "00694"], ["none", None]]
    assert table.geometry is not None
    assert [None if g is None else (g.geom_type, round(g.area, 3)) for g in table.geometry] == [("Polygon", 15.5), ("MultiPolygon", 24.0), ("LineString", 0), None]
    assert table.preamble == ("Trạm",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (KML.format("<Placemark><Point><coordinates>x,y</coordinates></Point></Placemark>"), "damaged"), (KML.format(PLACE.format(1))[:-30], "damaged"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + KML.format(FOLDERS), "no KML"), ("<html></html>", "no KML"), (KML.format(""), "no placemark"),
    ],
)  # fmt: skip
def test_a_kml_that_is_none_or_damaged_is_told(folder: Path, text: str, says: str) -> None:
    (folder / "x.kml").write_text(text, encoding="utf-8")
    assert says in left(proposed(folder), "x.kml")


@pytest.mark.slow
@pytest.mark.parametrize("encode", [lambda n: n.encode(), lambda n: to_tcvn3(n).encode("cp1252")], ids=["utf-8", "tcvn3"])
def test_names_in_an_archive_that_are_not_marked_are_read_as_they_were_meant(folder: Path, encode: object) -> None:
    raw = encode("Trạm Viettel/Danh sách.csv")  # type: ignore[operator]
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("A" * len(raw), sites().to_csv(index=False))
    (folder / "x.zip").write_bytes((folder / "x.zip").read_bytes().replace(b"A" * len(raw), raw))
    found = proposed(folder)
    assert [t.file.partition("/x-")[2][9:] for t in found.taken if t.kind == "sites"] == ["Trạm Viettel/Danh sách.csv"]


@pytest.mark.slow
def test_an_archive_within_an_archive_and_several_operators_in_one(folder: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for number, name in enumerate(("Viettel", "VNPT")):
            archive.writestr(f"{name}/tram.csv", sites(3, 3 * number).drop(columns="Nhà mạng").to_csv(index=False))
    with zipfile.ZipFile(folder / "gui.zip", "w") as archive:
        archive.writestr("trong/tram.zip", inner.getvalue())
    found = proposed(folder)
    assert sorted(str(t.options["operator"]) for t in found.taken if t.kind == "sites") == ["Viettel", "VinaPhone"]
    assert rows(found) == [3, 3]


def test_two_editions_of_one_list_and_hidden_sheets_are_told(folder: Path) -> None:
    with pd.ExcelWriter(folder / "tram 2025.xlsx", engine="xlsxwriter") as book:
        sites().to_excel(book, sheet_name="Trạm", index=False)
        sites(3, 10).to_excel(book, sheet_name="Nháp", index=False)
        book.sheets["Nháp"].hide()
    sites().assign(**{"Độ cao anten (m)": 55}).to_excel(folder / "tram moi.xlsx", index=False)
    found = proposed(folder)
    assert "a hidden sheet" in left(found, "tram 2025.xlsx [Nháp]")
    assert any("6 site codes are in both (6 and 6 codes)" in n.en for n in found.notes)
    assert rows(found) == [6, 6]  # which is the later is not told
    (folder / "tram moi.xlsx").rename(folder / "tram 2026.xlsx")
    found = proposed(folder)
    assert [t.file for t in found.taken if t.kind == "sites"] == ["tram 2026.xlsx"]
    assert left(found, "tram 2025.xlsx") == (
        "an earlier edition of 'tram 2026.xlsx' by the names of the files (2025, the other 2026); 6 of 6 site codes are in the later one"
    )


#: As an encrypted workbook begins, and what its directory names.
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016) + "EncryptedPackage".encode("utf-16-le") + bytes(480)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsx", LOCKED, "the workbook has a password; open it in Excel"), ("a.xls", LOCKED, "the workbook has a password; open it in Excel"),
        ("a.xlsx", LOCKED[:1024], "has a password, or is an old .xls named .xlsx"),
        ("a.xls", b"ma;ten\n1;2\n", "this is text (CSV) named .xls"), ("a.xlsx", b"", "the file is empty"), ("a.tab", b"!table\n!version 300\n", "this format is not read"),
        ("a.mdb", b"\0\1\0\0Standard Jet DB", "this format is not read"), ("a.mp4", b"\0", "no data"), ("a.gdb/x.gdbtable", b"\3\0", "this format is not read"),
        ("a.csv", "Tên thôn,Số hộ,Nhân khẩu\nThôn Thử,40,160\n".encode(), "like Villages, but a column is missing: lon"), ("a.tif", b"II*\0", "raster cannot be opened"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_for_what_it_is(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    found = proposed(tmp_path)
    said = left(found, "a.gdb/" if "/" in name else name)
    assert says in said
    assert str(tmp_path) not in said, "the place on this machine goes into no file"


def test_worldpop_s_own_form_is_people_per_cell(folder: Path) -> None:
    """float32, no-data -99999, EPSG:4326, 3 arc-seconds, only settled cells with a value; tiled and packed as published. The content is made up."""
    random = np.random.default_rng(7)
    values = random.lognormal(0, 1, (120, 480)).astype(np.float32)
    values[random.random(values.shape) < 0.8] = -99999
    path = folder / "vnm_pop_2025_CN_100m_R2025A_v1.tif"
    step = 1 / 1200
    with rasterio.open(
        path, "w", driver="GTiff", width=480, height=120, count=1, dtype="float32", nodata=-99999, crs="EPSG:4326", tiled=True, blockxsize=128, blockysize=128,
        compress="deflate", transform=Affine(step, 0, WEST, 0, -step, SOUTH + 0.1),
    ) as data:  # fmt: skip
        data.write(values, 1)
    (taken,) = [t for t in proposed(folder).taken if t.kind == "population"]
    assert taken.file == path.name
    assert "people per cell" in taken.why.en
    people = open_population_raster(path, log=IssueLog(issue_catalogue()))
    assert people.total == pytest.approx(float(values[values >= 0].sum(dtype=float)))
    units = gpd.read_file(folder / "xa.geojson").rename(columns={"Mã xã": "commune_code"})
    by_hand = [float(part[part >= 0].sum(dtype=float)) for part in np.split(values, 4, axis=1)]  # a commune is 120 columns wide
    assert people.population_by_unit(units)["population"].to_numpy() == pytest.approx(by_hand, rel=1e-6)


def test_a_header_with_either_spelling_of_antenna_is_known() -> None:
    """"ăng-ten" is the dictionary's and this project's spelling; lists come with "anten", "angten" and "ăng ten" too."""
    for name in resource_names("tables"):
        for known in Schema.from_toml(name, load_toml(name)).fields.values():
            keys = {fold_key(alias) for alias in known.aliases}
            for key in keys:
                if "angten" in key:
                    assert key.replace("angten", "anten") in keys, (name, known.name, key)
                elif "anten" in key.replace("antenn", ""):
                    assert key.replace("anten", "angten") in keys, (name, known.name, key)
