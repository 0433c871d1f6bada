"""Files in old encodings as the readers get them: what is converted, what is named, what is refused."""

from __future__ import annotations

import datetime as dt
import io
import os

import geopandas as gpd
import openpyxl
import pytest

from geo.errors import InputError, MissingInputError
from geo.io.project import input_files, read_project
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.tables import load_schema, read_tables
from geo.report.issues import issue_lines, issues_workbook
from geo.validation import IssueLog, RowCount, Source
from tests.old_text import cp1258_bytes, to_mojibake, to_tcvn3, to_vni

HEADER = "Tên thôn,Kinh độ,Vĩ độ,Xã"
ROWS = ("Bản Lầu,105.1,21.9,Xã Hoà Bình", "Nà Phặc,105.2,21.8,Xã Nghĩa Đàn", "Khuổi Nấm,105.3,21.7,Xã Mường Khến")
NAMES = ["Bản Lầu", "Nà Phặc", "Khuổi Nấm"]


def _read(path, log, **options):
    (table,) = read_tables(path, file=path.name, schema=load_schema("settlements"), options=TableOptions(**options), log=log)
    return table


def _codes(log):
    return sorted({f.kind.code for f in log})


@pytest.mark.parametrize("encode", [lambda t: to_tcvn3(t).encode("latin-1"), lambda t: to_vni(t).encode("latin-1"), cp1258_bytes])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_text_file_in_bytes_of_an_old_encoding(tmp_path, log, encode, delimiter):
    path = tmp_path / "thon.csv"
    path.write_bytes(encode("\n".join((HEADER, *ROWS)).replace(",", delimiter)))
    table = _read(path, log)
    assert table.frame["village_name"].tolist() == NAMES
    assert table.frame["commune_name"].tolist() == [r.split(",")[3] for r in ROWS]
    assert table.headers["village_name"] == "Tên thôn"
    found = [f for f in log if f.kind.code == "text_old_letters_converted"]
    assert [(f.column, f.rows.tolist(), f.count) for f in found] == [("Tên thôn", [2, 3, 4], 3), ("Xã", [2, 3, 4], 3)]
    assert found[0].came[0].endswith("→ Bản Lầu")
    assert _codes(log) == ["headers_old_letters_converted", "text_old_letters_converted"]


def test_a_byte_that_is_no_utf8_far_down_is_found(tmp_path, log):
    good = "\n".join(f"Thôn Nà {i},105.1,21.9,Xã Hoà Bình" for i in range(12_000))
    path = tmp_path / "thon.csv"
    path.write_bytes(f"{HEADER}\n{good}\n".encode() + to_tcvn3("Bản Lầu,105.1,21.9,Xã Nghĩa Đàn\n").encode("latin-1"))
    table = _read(path, log)
    assert len(table.frame) == 12_001
    assert table.frame["village_name"].iloc[-1] == "Bản Lầu"
    assert set(table.frame["commune_name"]) == {"Xã Hoà Bình", "Xã Nghĩa Đàn"}
    assert {tuple(f.rows) for f in log} == {(12_002,)}  # the rest was UTF-8 all along


def test_bytes_that_nothing_explains_are_refused(tmp_path, log):
    path = tmp_path / "thon.csv"
    path.write_bytes("name,lon,lat,xa\nŁódź,19.5,51.7,Źródło\nGdańsk,18.6,54.3,Święto\n".encode("cp1250"))
    with pytest.raises(InputError) as caught:
        _read(path, log)
    assert "TCVN3, VNI" in caught.value.message.en


def test_a_column_of_both_kinds_in_a_workbook(tmp_path, log):
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        [to_tcvn3("Danh sách thôn, bản")], HEADER.split(","), [to_tcvn3("Bản Lầu"), 105.1, 21.9, "Xã Hoà Bình"],
        ["Nà Phặc", 105.2, 21.8, "Xã Nghĩa Đàn"], ["Lèn", 105.3, 21.7, "Xã Mường Khến"], [to_tcvn3("Khuổi Nấm"), 105.3, 21.7, "Lèn"],
    ):  # fmt: skip
        page.append(row)
    book.save(tmp_path / "thon.xlsx")
    table = _read(tmp_path / "thon.xlsx", log)
    assert table.frame["village_name"].tolist() == ["Bản Lầu", "Nà Phặc", "Lèn", "Khuổi Nấm"]
    assert table.preamble == ("Danh sách thôn, bản",)
    said = {(f.kind.code, f.column, tuple(f.rows)) for f in log}
    assert ("text_old_letters_converted", "Tên thôn", (3, 6)) in said
    assert ("text_old_letters_unclear", "Tên thôn", (5,)) in said  # "Lèn", or "Lốn" in TCVN3
    unclear = next(f for f in log if f.kind.code == "text_old_letters_unclear")
    assert "TCVN3" in unclear.title.vi
    assert 'encoding = "tcvn3"' in unclear.action.en


def test_utf8_taken_for_another_page_is_put_right(tmp_path, log):
    path = tmp_path / "thon.csv"
    path.write_text(to_mojibake("\n".join((HEADER, *ROWS))), encoding="utf-8")
    assert _read(path, log).frame["village_name"].tolist() == NAMES


def test_the_project_file_has_the_last_word(tmp_path, log):
    path = tmp_path / "thon.csv"
    path.write_bytes(to_tcvn3(f"{HEADER}\nLốn,105.1,21.9,A\n").encode("latin-1"))
    assert _read(path, log, encoding="TCVN3").frame["village_name"].tolist() == ["Lốn"]
    path.write_bytes(to_tcvn3(f"{HEADER}\nLốn,105.1,21.9,A\n").encode("utf-8"))  # its letters saved as Unicode since
    assert _read(path, log, encoding="abc").frame["village_name"].tolist() == ["Lốn"]


def test_sheets_and_columns_that_are_not_used_say_nothing(tmp_path, log):
    book = openpyxl.Workbook()
    book.active.title = "Ghi chú"
    book.active.append([to_tcvn3("Hướng dẫn điền biểu mẫu")])
    page = book.create_sheet("Thôn")
    for row in ([*HEADER.split(","), "Họ tên"], *([*r.split(","), to_tcvn3("Nguyễn Thị Nấm")] for r in ROWS)):
        page.append(row)
    book.save(tmp_path / "thon.xlsx")
    _read(tmp_path / "thon.xlsx", log)
    assert "text_old_letters_converted" not in _codes(log)


def test_a_shapefile_named_in_bytes_is_read_with_its_parts(tmp_path, log):
    frame = gpd.GeoDataFrame({"tenthon": NAMES}, geometry=gpd.points_from_xy([105.1, 105.2, 105.3], [21.9, 21.8, 21.7]), crs=4326)
    frame.to_file(tmp_path / "thon.shp", encoding="utf-8")
    for part in tmp_path.iterdir():
        os.rename(part, os.fsencode(tmp_path) + b"/th\xabn" + os.fsencode(part.suffix))  # "thôn" in TCVN3
    (path,) = (p for p in tmp_path.iterdir() if p.suffix == ".shp")
    (table,) = read_tables(path, file="th?n.shp", schema=load_schema("settlements"), options=TableOptions(columns={"village_name": "tenthon"}), log=log)
    assert table.frame["village_name"].tolist() == NAMES
    (said,) = log
    assert (said.kind.code, said.came[0]) == ("file_name_not_unicode", "thôn.shp")


def test_a_file_named_in_old_letters_is_suggested(tmp_path):
    (tmp_path / f"{to_tcvn3('thôn bản')}.csv").write_text(HEADER, encoding="utf-8")
    (tmp_path / "project.toml").write_text(
        '[project]\nname = "Thử"\ndate = 2026-11-01\n[inputs]\nsettlements = "Thôn bản.csv"\n', encoding="utf-8"
    )
    with pytest.raises(MissingInputError) as caught:
        input_files(read_project(tmp_path / "project.toml"), "settlements")
    assert f"có phải '{to_tcvn3('thôn bản')}.csv'?" in caught.value.message.vi


def test_converted_letters_are_one_line_per_column_and_not_sent_back() -> None:
    log, source = IssueLog(issue_catalogue()), Source("tram.xlsx")
    log.counts.append(RowCount("stations", source, 5, 5, 0))
    log.add("text_old_letters_converted", source, rows=[2, 3, 4, 6], column="Tên trạm", came=["a → á", "b → ă", "c → ạ", "d → đ"], fields={"encoding": "TCVN3", "count": 4})
    assert list(issue_lines(log.findings[0])) == [("2-4; 6", "a → á; b → ă; c → ạ; d → đ", 4)]
    book = openpyxl.load_workbook(io.BytesIO(issues_workbook(log, created=dt.date(2026, 11, 1), title="Thử")))
    assert not [name for name in book.sheetnames if name.startswith("Gửi lại")]
