"""What of a table is printed: what a person reads, names beside codes; the record stays in the file."""

from __future__ import annotations

import io
from datetime import date
from fnmatch import fnmatchcase

import numpy as np
import openpyxl
import pandas as pd
import pytest

from geo.io.resources import load_toml
from geo.report.tables import arrange, csv_bytes, result_table, tables_workbook

DAY = date(2026, 11, 1)
FILES = ("columns", "dead_zones", "disagreement", "standards", "ipv6", "planning", "proposals", "undergrounding", "annexes")
TABLES = [(file, name) for file in FILES for name, table in load_toml(f"results/{file}.toml").items() if "columns" in table and "title" in table]


def blank(name: str, **values: object) -> dict[str, object]:
    return {column.name: np.nan for column in result_table(name).columns} | values


def book_of(*tables: tuple[str, list[dict[str, object]]], language: str = "vi") -> openpyxl.Workbook:
    arranged = [arrange(pd.DataFrame(rows), result_table(name), ["Mạng A"]) for name, rows in tables]
    return openpyxl.load_workbook(io.BytesIO(tables_workbook(arranged, language=language, created=DAY, title="Rà soát")))


def printed(sheet) -> list[str]:
    """Return the headers on paper."""
    last = openpyxl.utils.range_boundaries(sheet.print_area.rpartition("!")[2])[2] if sheet.print_area else sheet.max_column
    return [sheet.cell(1, j).value for j in range(1, last + 1)]


@pytest.mark.parametrize(("file", "name"), TABLES)
def test_the_paper_of_a_table_names_columns_that_there_are(file: str, name: str) -> None:
    table, more = result_table(name), load_toml("results/columns.toml")
    own = {column.name for column in table.columns}
    also = set(more["more"]["columns"]) | {f"x_{figure}" for figure in more["each"]["columns"]} | {f"x_{figure}" for figure in load_toml(f"results/{file}.toml")[name].get("each", {})}
    for entry in set(table.paper) - {"|", "commune_name"}:
        assert any(fnmatchcase(column, entry) for column in own | also), entry
    if "commune_name" in table.paper:
        assert own & {"commune_name", "commune_code", "commune_codes"}
    assert len(set(table.paper) - {"|"}) == len([entry for entry in table.paper if entry != "|"])


@pytest.mark.parametrize("name", ["standards", "scorecard", "scorecard_series"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_name_of_a_rule_is_printed_and_its_id_stands_behind(name: str, language: str) -> None:
    row = blank(name, rule_id="vn-4g-download", rule_title="Tốc độ tải xuống 4G", area_name="Xã Đầu", area_code="00001")
    (sheet, about) = book_of((name, [row]), language=language).worksheets
    headers = [cell.value for cell in sheet[1]]
    shown = {cell.value for cell in sheet[2] if cell.column <= len(printed(sheet))}
    assert {"Tốc độ tải xuống 4G", "Xã Đầu"} <= shown
    assert not {"vn-4g-download", "00001"} & shown
    assert {"vn-4g-download", "00001"} <= {cell.value for cell in sheet[2]}, "nothing is lost"
    said = {row[2]: (row[1], row[6]) for row in about.iter_rows(min_row=2, values_only=True)}
    assert said["rule_id"] == {"vi": ("Mã quy định", "không in"), "en": ("Rule id", "not printed")}[language]
    assert said["rule_title"][1] == {"vi": "in", "en": "printed"}[language]
    assert [row[1] for row in about.iter_rows(min_row=3, values_only=True)] == headers, "in the order of the sheet"


def test_communes_of_a_table_are_named_and_programs_find_what_they_found() -> None:
    communes = [blank("communes", commune_code="00001", commune_name="Xã Đầu"), blank("communes", commune_code="00002", commune_name="Xã Hai")]
    zones = [blank("dead_zones", dead_zone_id="TS-1", commune_codes="00001; 00002; 00009"), blank("dead_zones", dead_zone_id="TS-2")]
    book = book_of(("communes", communes), ("dead_zones", zones))
    sheet = book["Vùng lõm"]
    at = printed(sheet).index("Tên xã") + 1
    assert [sheet.cell(row, at).value for row in (2, 3)] == ["Xã Đầu; Xã Hai; 00009", None], "an unknown code is not dropped"
    headers = [cell.value for cell in sheet[1]]
    assert len(set(headers)) == len(headers) == len(result_table("dead_zones").columns) + 1
    rows = [row for row in book["Ý nghĩa các cột"].iter_rows(min_row=2, values_only=True) if row[:2] == ("Vùng lõm", "Tên xã")]
    assert [row[2] for row in rows] == [""], "it has no name in the CSV"
    content = csv_bytes(arrange(pd.DataFrame(zones), result_table("dead_zones"))).decode("utf-8-sig")
    assert content.splitlines()[0].split(",") == [column.name for column in result_table("dead_zones").columns]
    # a workbook that holds no communes prints their codes
    assert "00001; 00002; 00009" in {cell.value for cell in book_of(("dead_zones", zones))["Vùng lõm"][2] if cell.column <= len(result_table("dead_zones").paper)}


def test_figures_of_each_operator_are_on_paper_where_the_table_asks_for_them() -> None:
    row = blank("communes", commune_code="00001", commune_name="Xã Đầu", mang_a_4g_population_served_share=0.5, mang_a_4g_area_served_share=0.25)
    sheet = book_of(("communes", [row]))["Xã"]
    headers = printed(sheet)
    assert [header for header in headers if header.startswith("Mạng A 4G")] == ["Mạng A 4G: Dân số có sóng (%)"]
    assert sheet.max_column == len(result_table("communes").columns) + 2
    assert "cột sau chỉ có trong tệp" in sheet.oddFooter.center.text


def test_rows_are_not_places_where_several_operators_use_a_mast() -> None:
    """A reader who counts rows is told what he counts: beside the sheet, and at the column."""
    rows = [blank("sites_planned", rank=i, site_id=site, source="proposed") for i, site in enumerate(("COT_1", "COT_1", "G00001"), start=1)]
    about = book_of(("sites_planned", rows))["Ý nghĩa các cột"]
    said = {row[2]: row[3] for row in about.iter_rows(min_row=2, values_only=True)}
    assert "không phải dòng lặp" in said[""]
    assert "cùng một vị trí" in said["site_id"]
    assert result_table("plan_years").columns[3].caption.vi == "Số vị trí"
    assert result_table("plan_years").columns[-1].caption.vi == "Số đề xuất (dòng)"


def test_the_price_of_a_person_says_which_people() -> None:
    column = next(column for column in result_table("sites_planned_gains").columns if column.name == "cost_per_person_vnd")
    assert column.caption.vi == "Đồng trên một người có sóng lần đầu"
    assert "không tính" in column.meaning.vi
