"""Result tables: settled columns, plain values, and text that no spreadsheet program runs."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import AccountingError
from geo.io.resources import load_toml
from geo.report.tables import arrange, code_words, csv_bytes, result_table, tables_workbook

DAY = date(2026, 11, 1)
PAYLOADS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0"]  # fmt: skip


def communes(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {column.name: np.nan for column in result_table("communes").columns}
    row |= {"commune_code": "00001", "commune_name": "Hoà Bình", "province_code": "01", "villages": 3}
    return pd.DataFrame([row | changes])


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_listed_columns_are_those_of_the_design() -> None:
    expected = {
        "communes": "commune_code, commune_name, province_code, area_km2, population, population_served_share, "
        "population_unserved_share, population_uncertain_share, population_unknown_share, area_served_share, "
        "area_unserved_share, area_uncertain_share, area_unknown_share, villages, villages_white, villages_weak, villages_undecided",
        "villages": "village_id, village_name, commune_code, lon, lat, point_kind, households, population, grid_power, "
        "difficult_area, class, weak, single_operator, operators_serving, operators_undecided, best_operator, "
        "best_technology, best_rsrp_dbm, probability, margin_db, evidence, last_measured, cluster_basis, "
        "nearest_site_id, nearest_site_km, obstruction, deadline",
    }
    for name, columns in expected.items():
        assert [column.name for column in result_table(name).columns] == columns.split(", ")


def test_a_table_by_hand() -> None:
    frame = communes(
        area_km2=12.345678, population=1234.0, population_served_share=0.123456, area_served_share=-0.0,
        viettel_4g_area_served_share=0.5, remark="thêm",
    )  # fmt: skip
    content = csv_bytes(arrange(frame, result_table("communes")))
    assert (
        content
        == (
            "\ufeffcommune_code,commune_name,province_code,area_km2,population,population_served_share,"
            "population_unserved_share,population_uncertain_share,population_unknown_share,area_served_share,"
            "area_unserved_share,area_uncertain_share,area_unknown_share,villages,villages_white,villages_weak,villages_undecided,viettel_4g_area_served_share,remark\r\n"
            "00001,Hoà Bình,01,12.35,1234,0.1235,,,,0.0,,,,3,,,,0.5,thêm\r\n"
        ).encode()
    )


def test_unknown_is_empty_and_never_zero() -> None:
    for unknown in (np.nan, None, pd.NA, pd.NaT, np.inf):
        (row,) = read(csv_bytes(arrange(communes(area_km2=unknown), result_table("communes"))))
        assert row["area_km2"] == ""


def test_flags_and_dates() -> None:
    row: dict[str, object] = {column.name: np.nan for column in result_table("villages").columns}
    row |= {"weak": True, "single_operator": np.bool_(False), "grid_power": pd.NA, "last_measured": pd.Timestamp("2026-03-02 23:59"), "deadline": ""}  # fmt: skip
    (got,) = read(csv_bytes(arrange(pd.DataFrame([row]), result_table("villages"))))
    assert [got[k] for k in ("weak", "single_operator", "grid_power", "last_measured", "deadline")] == [
        "TRUE", "FALSE", "", "2026-03-02", "",
    ]  # fmt: skip


def test_a_table_without_rows_keeps_its_header() -> None:
    content = csv_bytes(arrange(communes().iloc[:0], result_table("communes")))
    assert content.decode("utf-8-sig").count("\n") == 1


def test_a_missing_column_is_a_defect() -> None:
    with pytest.raises(AccountingError, match="area_km2"):
        arrange(communes().drop(columns="area_km2"), result_table("communes"))


def test_the_input_frame_is_not_changed() -> None:
    frame = communes()
    before = frame.copy(deep=True)
    arrange(frame, result_table("communes"))
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_is_a_formula_in_csv(payload: str) -> None:
    (row,) = read(
        csv_bytes(arrange(communes(commune_name=payload, commune_code=payload), result_table("communes")))
    )
    assert row["commune_name"] == "'" + payload
    assert row["commune_code"] == "'" + payload


def test_negative_numbers_are_not_quoted() -> None:
    frame = communes(area_km2=-97.5)
    assert read(csv_bytes(arrange(frame, result_table("communes"))))[0]["area_km2"] == "-97.5"


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@settings(deadline=None, max_examples=60)
def test_any_text_comes_back_from_csv(names: list[str]) -> None:
    frame = pd.concat([communes(commune_name=name) for name in names], ignore_index=True)
    rows = read(csv_bytes(arrange(frame, result_table("communes"))))
    got = [row["commune_name"] for row in rows]
    assert [text.removeprefix("'") for text in got] == [name.removeprefix("'") for name in names]
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for text in got)


def workbook(frame: pd.DataFrame, language: str = "vi") -> openpyxl.Workbook:
    arranged = arrange(frame, result_table("communes"))
    return openpyxl.load_workbook(
        io.BytesIO(tables_workbook([arranged], language=language, created=DAY, title="x"))
    )


def test_a_workbook_by_hand() -> None:
    book = workbook(communes(area_km2=12.345678, population=1234.0))
    assert book.sheetnames == ["Xã", "Ý nghĩa các cột"]
    sheet = book["Xã"]
    assert [sheet.cell(2, j).value for j in range(1, 5)] == ["00001", "Hoà Bình", 12.35, 1234]
    assert sheet.cell(2, 5).value is None
    assert (sheet.cell(2, 1).number_format, sheet.cell(2, 3).number_format) == ("@", "0.00")
    assert "01" in [cell.value for cell in sheet[2]], "what is not printed stands behind"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:Q2"
    assert workbook(communes(), "en").sheetnames == ["Communes", "Columns"]


def test_every_column_has_its_meaning_in_both_languages() -> None:
    book = workbook(communes(viettel_4g_area_served_share=0.5, remark=1))
    listed = list(book["Ý nghĩa các cột"].iter_rows(min_row=3, values_only=True))
    assert [row[1] for row in listed] == [cell.value for cell in book["Xã"][1]]
    rows = {row[2]: row[3:5] for row in listed}
    assert rows["viettel_4g_area_served_share"] == (
        "VIETTEL 4G: Phần diện tích (0..1) có sóng",
        "VIETTEL 4G: Share of area (0..1) served",
    )
    assert sorted(row[2] for row in listed) == sorted(column.name for column in arrange(communes(viettel_4g_area_served_share=0.5, remark=1), result_table("communes")).columns)
    assert all(vi and en for vi, en in rows.values())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_is_a_formula_or_link_in_xlsx(payload: str) -> None:
    sheet = workbook(communes(commune_name=payload))["Xã"]
    assert sheet.cell(2, 2).data_type == "s"
    assert sheet.cell(2, 2).hyperlink is None
    arranged = arrange(communes(commune_name=payload), result_table("communes"))
    content = tables_workbook([arranged], language="vi", created=DAY)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_the_same_content_gives_the_same_bytes() -> None:
    arranged = arrange(communes(), result_table("communes"))
    first, second = (tables_workbook([arranged], language="vi", created=DAY) for _ in range(2))
    assert first == second
    assert b"2026-11-01" in zipfile.ZipFile(io.BytesIO(first)).read("docProps/core.xml")


def test_the_resource_is_complete(project_root: Path) -> None:
    content = tomllib.loads((project_root / "geo/resources/results/columns.toml").read_text(encoding="utf-8"))
    kinds = {"text", "code", "integer", "number", "share", "flag", "date"}
    for section in ("communes", "villages", "each"):
        for name, entry in content[section]["columns"].items():
            assert entry["kind"] in kinds, name
            assert entry["vi"], name
            assert entry["en"], name


def villages_book(language: str) -> openpyxl.Workbook:
    row: dict[str, object] = {column.name: None for column in result_table("villages").columns}
    row |= {
        "village_id": "01", "class": "no_4g", "point_kind": "culture_house", "evidence": "predicted", "cluster_basis": "buildings",
        "weak": True, "grid_power": False, "last_measured": "2026-10-05", "service_not_counting": "Mạng A 2G",
        "operators_undecided": "Mạng A=uncertain; Mạng B=neighbour_sites+terrain", "mang_a_4g_state": "predicted_served",
    }  # fmt: skip
    arranged = arrange(pd.DataFrame([row]), result_table("villages"), ["Mạng A", "Mạng B"])
    return openpyxl.load_workbook(io.BytesIO(tables_workbook([arranged], language=language, created=DAY)))


def test_a_workbook_is_in_the_words_of_its_language() -> None:
    vietnamese = {a.value: b for a, b in zip(*villages_book("vi")["Thôn"].iter_rows(), strict=True)}
    assert not any("_" in header for header in vietnamese)
    shown = {header: cell.value for header, cell in vietnamese.items() if cell.value is not None}
    assert shown["Phân loại"] == "chưa có 4G"
    assert shown["Căn cứ"] == "dự báo"
    assert shown["Điểm đại diện"] == "nhà văn hóa"
    assert (shown["Có cụm lõm sóng"], shown["Có điện lưới"]) == ("có", "không")
    assert shown["Nhà mạng chưa kết luận"] == "Mạng A (chưa chắc chắn); Mạng B (thiếu danh sách trạm của tỉnh bên, thiếu địa hình)"
    assert shown["Mạng A 4G: Trạng thái"] == "Dự báo: có sóng"
    assert vietnamese["Đo gần nhất"].number_format == "dd/mm/yyyy"
    assert vietnamese["Số hộ"].value is None
    english = {a.value: b for a, b in zip(*villages_book("en")["Villages"].iter_rows(), strict=True)}
    assert (english["Class"].value, english["Has a weak cluster"].value) == ("no 4G", "yes")
    assert english["Last measured"].number_format == "yyyy-mm-dd"


def test_the_codes_of_the_csv_stay() -> None:
    row: dict[str, object] = {column.name: None for column in result_table("villages").columns}
    row |= {"class": "no_4g", "weak": True, "operators_undecided": "Mạng A=uncertain"}
    (got,) = read(csv_bytes(arrange(pd.DataFrame([row]), result_table("villages"), ["Mạng A"])))
    assert (got["class"], got["weak"], got["operators_undecided"]) == ("no_4g", "TRUE", "Mạng A=uncertain")


def test_every_class_and_column_has_words(project_root: Path) -> None:
    words = tomllib.loads((project_root / "geo/resources/strings/map.toml").read_text(encoding="utf-8"))
    assert set(words["class_names"]) == set(words["villages"]) - {"other"}
    for name in ("communes", "villages", "facilities", "provinces", "dead_zones", "disagreement", "claims_by_commune", "ipv6", "ipv6_portals"):
        for column in result_table(name).columns:
            assert "_" not in column.caption.vi + column.caption.en, column.name
        captions = [column.caption.vi for column in result_table(name).columns]
        assert len(set(captions)) == len(captions), name
    content = tomllib.loads((project_root / "geo/resources/results/columns.toml").read_text(encoding="utf-8"))
    assert set(content["each"]["columns"]) | set(content["more"]["columns"]) <= set(words["columns"])


def test_columns_of_classes_of_claims_are_headed_in_words() -> None:
    row: dict[str, object] = {column.name: None for column in result_table("claims_by_commune").columns}
    got = arrange(pd.DataFrame([{**row, "claimed_measured_unserved_km2": 1.5, "unheard_of_km2": 2.0}]), result_table("claims_by_commune"))
    said = {column.name: column.caption.vi for column in got.columns}
    assert said["claimed_measured_unserved_km2"] == "Công bố có sóng, đo không có sóng: Diện tích của loại, km²"
    assert said["unheard_of_km2"] == "unheard_of_km2"  # a column that nobody described keeps its name


def test_codes_of_the_csv_stand_beside_their_words() -> None:
    """All codes of a column of its own, those that occur of words that several share; a meaning has none of them."""
    nothing = {column.name: np.nan for column in result_table("villages").columns}
    table = arrange(pd.DataFrame([nothing | {"class": "no_4g", "evidence": "both"}, nothing | {"class": "white", "evidence": "measured"}]), result_table("villages"))
    lines = arrange(pd.DataFrame([{column.name: "" for column in result_table("unserved_after_plans").columns}]).replace("", np.nan), result_table("unserved_after_plans"))
    content = tables_workbook([table, lines], language="vi", created=DAY)
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Ý nghĩa các cột"]
    rows = {(row[0], row[2]): row for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert rows["Thôn", "class"][5] == "white = trắng sóng; no_4g = chưa có 4G"
    assert rows["Còn lại sau đăng ký", "proposed_to"][5].startswith("operator = ")
    assert rows["Thôn", "village_name"][5] == ""
    assert not any("no_4g" in str(text) for row in rows.values() for text in row[3:5])


def test_rows_of_all_have_a_word_in_the_workbook_and_none_in_the_csv() -> None:
    """The reader sees what a row of all years is; a program finds it empty. Counts beside lengths have no digits of lengths."""
    blank = {column.name: 0.0 for column in result_table("plan_years").columns}
    years = arrange(pd.DataFrame([blank | {"year": 2027}, blank | {"year": np.nan}]), result_table("plan_years"))
    assert [row["year"] for row in read(csv_bytes(years))] == ["2027", ""]
    for language, word in (("vi", "Cả kỳ"), ("en", "All years")):
        book = openpyxl.load_workbook(io.BytesIO(tables_workbook([years], language=language, created=date(2026, 11, 1))))
        assert [row[0] for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)] == [2027, word]
    words = {table: next(c.blank.vi for c in result_table(table).columns if c.blank is not None) for table in ("sharing_rates", "undergrounding_years")}
    assert words == {"sharing_rates": "Mọi nhà mạng", "undergrounding_years": "Hiện trạng"}
    assert {c.number_format for c in result_table("inventory_summary").columns if c.name in {"existing", "planned", "difference"}} == {"General"}


def test_every_rule_of_distance_that_is_shipped_has_words() -> None:
    shipped = {rule["id"] for rules in load_toml("planning.toml")["sets"].values() for rule in rules.get("mast_spacing", [])}
    assert shipped
    assert not [rule for rule in shipped if code_words("spacing_rules", rule).vi == rule]


def test_no_file_of_the_machine_is_named_to_a_reader() -> None:
    """Texts on the map and in tables name sheets and records, not paths of the run folder."""
    texts = [str(text) for name in ("results/people.toml", "results/explain.toml", "results/analysis.toml") for entries in load_toml(name).values() for text in entries.values()]
    texts += [str(text) for text in load_toml("strings/map.toml")["street_years"].values()]
    assert len(texts) > 50
    assert not [text for text in texts if "manifest.json" in text or "tables/" in text]
    assert "ngầm hóa chỉ nêu tổng theo năm" in load_toml("strings/map.toml")["public"]["edition"]["vi"], "the public edition has these totals"


def test_rows_of_people_add_up_to_the_rounded_sum() -> None:
    """Three sites of 0.4 people are one person, not none; each source by itself; the total of years is no further year."""
    nothing = {column.name: "" if column.kind in {"text", "code"} else np.nan for column in result_table("sites_planned").columns}
    people = [0.4, 0.4, 7.5, 0.4]
    frame = pd.DataFrame([nothing | {"source": s, "population_gained": p, "population_gained_certain": 0.0, "population_gained_uncertain": p} for s, p in zip(("proposed", "proposed", "operator_plan", "proposed"), people, strict=True)])
    rows = read(csv_bytes(arrange(frame, result_table("sites_planned"))))
    assert [r["population_gained"] for r in rows] == ["0", "1", "8", "0"]
    assert [r["population_gained_uncertain"] for r in rows] == ["0", "1", "8", "0"]
    blank = {column.name: 0.0 for column in result_table("plan_years").columns}
    years = pd.DataFrame([blank | {"year": year, "population_first_operator_certain": c, "population_first_operator_uncertain": u} for year, c, u in ((2027, 0.4, 0.6), (2028, 0.4, 0.6), (np.nan, 0.8, 1.2))])
    rows = read(csv_bytes(arrange(years, result_table("plan_years"))))
    assert [(r["population_first_operator"], r["population_first_operator_certain"], r["population_first_operator_uncertain"]) for r in rows] == [("1", "0", "1"), ("1", "1", "0"), ("2", "1", "1")]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 1e4), min_size=1, max_size=40), st.integers(1, 5))
def test_however_rows_are_cut_into_years_their_sums_are_those_of_the_years(people: list[float], every: int) -> None:
    column = result_table("sites_planned_gains")
    nothing = {c.name: "" if c.kind in {"text", "code"} else np.nan for c in column.columns}
    frame = pd.DataFrame([nothing | {"population_to_4g": p} for p in people])
    at = [c.name for c in column.columns].index("population_to_4g")
    rows = [int(row[at]) for row in arrange(frame, column).rows]  # type: ignore[call-overload]
    cuts = [people[k : k + every] for k in range(0, len(people), every)]
    blank = {c.name: 0.0 for c in result_table("plan_years").columns}
    years = pd.DataFrame([blank | {"year": 2027.0 + k, "population_to_4g": sum(cut)} for k, cut in enumerate(cuts)] + [blank | {"year": np.nan, "population_to_4g": sum(people)}])
    at = [c.name for c in result_table("plan_years").columns].index("population_to_4g")
    told = [int(row[at]) for row in arrange(years, result_table("plan_years")).rows]  # type: ignore[call-overload]
    assert told[:-1] == [sum(rows[k : k + every]) for k in range(0, len(rows), every)]
    assert told[-1] == sum(rows)
    assert abs(sum(rows) - sum(people)) <= 0.5 + 1e-6
    assert all(abs(row - p) < 1.0 + 1e-6 and row >= 0 for row, p in zip(rows, people, strict=True))
