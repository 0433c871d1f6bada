"""Sheets, headers, codes, dates, repeated rows."""

from __future__ import annotations

import datetime as dt
import zipfile

import openpyxl

from geo.io.inputs import Inputs
from geo.io.resources import former_areas
from tests.bad_input.builders import way
from tests.bad_input.builders.numbers import height
from tests.bad_input.builders.places import at, no_sites, sixth_at
from tests.bad_input.made_up_project import COMMUNES, PLACES, Check, MadeUpProject
from tests.made_up_area import units


def site_ids(*expected: str) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert sorted(inputs.network.sites["site_id"]) == sorted(expected)

    return check


def statuses(*expected: str) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.sites.sort_values("row")["status"].tolist() == list(expected)

    return check


FIVE = ("TB1", "TB2", "TB3", "TB4", "TB5")

# -- empty and broken tables -------------------------------------------------------------------


@way("table_zero_bytes")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", b"")
    return no_sites


@way("table_blank_lines_only")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", "\n \n,,,\n")
    return no_sites


@way("table_header_only")
def _(p: MadeUpProject) -> Check | None:
    p.rows = []
    return no_sites


@way("table_empty_workbook")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(sheets={"Sheet1": []})
    return no_sites


@way("table_column_missing")
def _(p: MadeUpProject) -> Check | None:
    p.header[3] = "Độ rộng"
    return no_sites


@way("table_no_header")
def _(p: MadeUpProject) -> Check | None:
    p.header = list(p.rows.pop(0))
    return no_sites


@way("table_row_too_short")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text() + "Viettel,TB9,Trạm 9,105.33333,21.88\n")
    return at()


@way("table_row_too_long")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text() + "Viettel,TB9,Trạm 9,105,33333,21.88888,4G,42,Tắt\n")
    return at()


@way("table_cut_off")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text()[:-45])
    return at(PLACES[:4])


@way("table_quote_never_closed")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text().replace("Trạm 3", '"Trạm 3'))
    return no_sites


@way("table_delimiter_line")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", "sep=;\n" + p.csv_text(";"))
    return at()


@way("table_line_ends_of_old_macs")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text().replace("\n", "\r"))
    return at()


@way("table_blank_lines_between")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="")
    p.write("sites.csv", p.csv_text().replace("Viettel,TB3", "\n,,,,,,,\nViettel,TB3"))
    return at()


@way("table_line_break_in_cell")
def _(p: MadeUpProject) -> Check | None:
    p.rows[0][2] = "Trạm 1\nthôn Mẫu"
    p.add_site(lat="")
    return at()


# -- a name that says another format -----------------------------------------------------------


@way("format_html_named_xls")
def _(p: MadeUpProject) -> Check | None:
    # What many web systems call "export to Excel".
    p.write("sites.xls", "<html><table><tr><td>Kinh độ</td></tr></table></html>")
    p.inputs["sites"] = "sites.xls"
    return no_sites


@way("format_csv_named_xlsx")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.xlsx", p.csv_text())
    p.inputs["sites"] = "sites.xlsx"
    return no_sites


@way("format_xlsx_named_csv")
def _(p: MadeUpProject) -> Check | None:
    p.workbook()
    (p.folder / "sites.xlsx").rename(p.folder / "sites.csv")
    p.inputs["sites"] = "sites.csv"
    return no_sites


@way("format_zip_named_xlsx")
def _(p: MadeUpProject) -> Check | None:
    with zipfile.ZipFile(p.folder / "sites.xlsx", "w") as archive:
        archive.writestr("sites.csv", p.csv_text())
    p.inputs["sites"] = "sites.xlsx"
    return no_sites


@way("format_with_password")
def _(p: MadeUpProject) -> Check | None:
    # An encrypted workbook is an OLE container; its first bytes are enough to know.
    p.write("sites.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1016 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 3040)
    p.inputs["sites"] = "sites.xlsx"
    return no_sites


@way("format_workbook_cut_off")
def _(p: MadeUpProject) -> Check | None:
    p.workbook()
    path = p.folder / "sites.xlsx"
    path.write_bytes(path.read_bytes()[:-300])
    return no_sites


@way("format_not_read")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.docx", b"PK\x03\x04")
    p.inputs["sites"] = "sites.docx"
    return no_sites


@way("format_kml")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.kml", "<kml/>")
    p.inputs["sites"] = "sites.kml"
    return no_sites


# -- sheets ------------------------------------------------------------------------------------


@way("sheet_merged_cells")
def _(p: MadeUpProject) -> Check | None:
    def change(book: openpyxl.Workbook) -> None:
        book.active.merge_cells("A2:A6")

    p.workbook(change=change)
    return at()


@way("sheet_title_rows")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="")
    title = [["SỞ MẪU (GIẢ ĐỊNH)"], [], ["DANH SÁCH TRẠM BTS"], ["(Kèm theo công văn giả định)"]]
    p.workbook(sheets={"DS": [*title, *p.typed()]}, change=lambda b: b.active.merge_cells("A3:H3"))
    return at()


@way("sheet_two_header_rows")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="")
    groups = ["Nhà mạng", "Trạm", None, "Vị trí", None, "Công nghệ", "Độ cao trạm (m)", "Trạng thái"]
    names = [None, "Mã trạm", "Tên trạm", "Kinh độ", "Vĩ độ", None, None, None]

    def change(book: openpyxl.Workbook) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:E1", "F1:F2", "G1:G2", "H1:H2"):
            book.active.merge_cells(cells)

    p.workbook(sheets={"DS": [groups, names, *p.typed()[1:]]}, change=change)
    return at()


@way("sheet_hidden")
def _(p: MadeUpProject) -> Check | None:
    def change(book: openpyxl.Workbook) -> None:
        book["Cũ"].sheet_state = "hidden"

    p.workbook(sheets={"DS": p.typed(), "Cũ": p.typed()}, change=change)
    return at()


@way("sheet_all_hidden")
def _(p: MadeUpProject) -> Check | None:
    def change(book: openpyxl.Workbook) -> None:
        book["DS"].sheet_state = "veryHidden"

    p.workbook(sheets={"DS": p.typed(), "Bìa": [["Bìa"]]}, change=change)
    return no_sites


@way("sheet_of_another_kind")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(sheets={"Tổng hợp": [["Xã", "Số trạm"], ["Xã Mẫu", 5]], "DS": p.typed()})
    return at()


@way("sheet_one_per_operator")
def _(p: MadeUpProject) -> Check | None:
    other = [[c if c != "Viettel" else "MobiFone" for c in r] for r in p.typed()]
    p.workbook(sheets={"Viettel": p.typed(), "MobiFone": other})

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.sites["operator"].value_counts().to_dict() == {"Viettel": 5, "MobiFone": 5}

    return check


@way("sheet_named_is_absent")
def _(p: MadeUpProject) -> Check | None:
    p.workbook()
    p.inputs["sites"] = {"path": "sites.xlsx", "sheet": "BTS"}
    return no_sites


@way("sheet_hidden_rows")
def _(p: MadeUpProject) -> Check | None:
    def change(book: openpyxl.Workbook) -> None:
        book.active.row_dimensions[4].hidden = True

    p.workbook(change=change)
    return at()


@way("sheet_total_row")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(sheets={"DS": [*p.typed(), ["Tổng cộng", 5, None, None, None, None, 42, None]]})
    return at()


@way("sheet_signature_below")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(sheets={"DS": [*p.typed(), [], [None, None, None, None, None, None, "Người lập biểu"]]})
    return at()


@way("sheet_header_repeated")
def _(p: MadeUpProject) -> Check | None:
    rows = p.typed()
    p.workbook(sheets={"DS": [*rows[:4], rows[0], *rows[4:]]})
    return at()


@way("sheet_column_numbers_row")
def _(p: MadeUpProject) -> Check | None:
    rows = p.typed()
    p.workbook(sheets={"DS": [rows[0], [f"({i + 1})" for i in range(8)], *rows[1:]]})
    return at()


@way("sheet_numbers_as_text")
def _(p: MadeUpProject) -> Check | None:
    p.workbook(sheets={"DS": [p.header, *([*r[:6], " 42,5 ", r[7]] for r in p.rows)]})
    return height(42.5, 2)


# -- headers -----------------------------------------------------------------------------------


@way("header_twice_and_equal")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Longitude", [r[3] for r in p.rows])
    return at()


@way("header_twice_and_different")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Longitude", [r[3] for r in p.rows[:4]] + ["105.00001"])
    return at()


@way("header_not_known")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Số công văn", ["12/CV"] * 5)
    return at()


@way("header_technologies_as_columns")
def _(p: MadeUpProject) -> Check | None:
    # One column a technology with an x in it, as many provinces' forms have it.
    p.header[5] = "4G"
    p.set_column("4G", ["x"] * 5)
    p.add_column("3G", ["x", "", "x", "", ""])

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.cells.groupby("technology").size().to_dict() == {"3G": 2, "4G": 5}

    return check


@way("header_row_not_there")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "header_row": 99}
    return no_sites


@way("header_row_wrong")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "header_row": 2}
    return no_sites


@way("header_option_names_no_column")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "columns": {"lon": "Kinh tuyến"}}
    return no_sites


@way("header_option_names_no_field")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "columns": {"longitude": "Kinh độ"}}
    return no_sites


# -- codes -------------------------------------------------------------------------------------


@way("code_zeros_lost")
def _(p: MadeUpProject) -> Check | None:
    p.communes(lambda f: f.assign(commune_code=f["commune_code"].str.replace("99", "01", n=1), province_code="01"))
    p.features(lambda features: [f["properties"].update(commune_code=int("1" + f["properties"]["commune_code"][2:])) for f in features])
    return None


@way("code_as_decimal_number")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Mã xã", [f"{c}.0" for c in COMMUNES])
    return at()


@way("code_apostrophe")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Mã trạm", [f"'00{i}" for i in range(1, 6)])
    return site_ids("001", "002", "003", "004", "005")


@way("code_with_exponent")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("CGI", ["4.52041E+14"] * 5)
    return None


@way("code_became_a_date")
def _(p: MadeUpProject) -> Check | None:
    # A code like 3-12 typed into Excel is a day in March or December.
    def change(book: openpyxl.Workbook) -> None:
        book.active["B3"] = dt.datetime(2026, 12, 3)  # noqa: DTZ001

    p.workbook(change=change)
    return at()


@way("code_zeros_lost_between_tables")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Mã trạm", [f"00{i}" for i in range(1, 6)])
    p.write("cells.csv", "Nhà mạng,Mã trạm,Mã cell,Công nghệ\nViettel,001,11,4G\nViettel,2,21,4G\n")
    p.inputs["cells"] = "cells.csv"
    return None


@way("code_cell_of_unknown_site")
def _(p: MadeUpProject) -> Check | None:
    p.write("cells.csv", "Nhà mạng,Mã trạm,Mã cell,Công nghệ\nViettel,TB1,11,4G\nViettel,TB77,21,4G\n")
    p.inputs["cells"] = "cells.csv"
    return None


# -- dates -------------------------------------------------------------------------------------


def _dated(p: MadeUpProject, date: str, status: str = "") -> None:
    p.add_column("Ngày phát sóng", ["21/05/2020"] * 5)
    p.rows[2][8], p.rows[2][7] = date, status


@way("date_impossible")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "31/02/2020", "Đang phát sóng")
    return at()


@way("date_no_leap_day")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "29/02/2023", "Đang phát sóng")
    return at()


@way("date_month_first")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "12/31/2020", "Đang phát sóng")
    return at()


@way("date_words")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "quý III năm 2020", "Đang phát sóng")
    return at()


@way("date_serial_number")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "43952")
    return statuses("on_air", "on_air", "on_air", "on_air", "on_air")


@way("date_in_future")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "01/05/2027")
    return statuses("on_air", "on_air", "planned", "on_air", "on_air")


@way("date_in_future_yet_on_air")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "01/05/2027", "Đang phát sóng")
    return statuses("on_air", "on_air", "planned", "on_air", "on_air")


@way("date_before_telephones")
def _(p: MadeUpProject) -> Check | None:
    _dated(p, "01/01/1900")
    return None


@way("status_not_known")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(status="chờ duyệt")
    return None


# -- repeated rows -----------------------------------------------------------------------------


@way("duplicate_exact")
def _(p: MadeUpProject) -> Check | None:
    p.rows.append(list(p.rows[1]))
    return at()


@way("duplicate_but_for_spaces")
def _(p: MadeUpProject) -> Check | None:
    p.rows.append([f"{c} " for c in p.rows[1]])
    return at()


@way("duplicate_file_named_twice")
def _(p: MadeUpProject) -> Check | None:
    p.inputs["sites"] = ["sites.csv", "sites.csv"]
    p.write("sites.csv", p.csv_text())
    return at()


@way("duplicate_list_copied")
def _(p: MadeUpProject) -> Check | None:
    p.write("a.csv", p.csv_text())
    p.write("b.csv", p.csv_text())
    p.inputs["sites"] = ["a.csv", "b.csv"]
    return site_ids(*FIVE)


@way("duplicate_code_apart")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(code="TB1", technology="3G")
    return None


@way("duplicate_code_of_two_operators")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(code="TB1", operator="MobiFone")
    return site_ids("Viettel/TB1", "MobiFone/TB1", *FIVE[1:])


@way("duplicate_near_under_two_codes")
def _(p: MadeUpProject) -> Check | None:
    lon, lat = PLACES[0]
    p.add_site(lon=f"{lon + 0.00002:.5f}", lat=f"{lat:.5f}")
    return None


@way("duplicate_mast_of_two_operators")
def _(p: MadeUpProject) -> Check | None:
    lon, lat = PLACES[0]
    p.add_site(operator="MobiFone", lon=f"{lon + 0.00008:.5f}", lat=f"{lat:.5f}")

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        masts = inputs.network.sites.set_index("site_id")["mast_id"]
        assert masts["TB1"] == masts["TB9"]

    return check


@way("duplicate_cell")
def _(p: MadeUpProject) -> Check | None:
    p.write("cells.csv", "Nhà mạng,Mã trạm,Mã cell,Công nghệ,Azimuth\nViettel,TB1,11,4G,0\nViettel,TB1,11,4G,120\n")
    p.inputs["cells"] = "cells.csv"
    return None


@way("duplicate_row_of_site_with_other_height")
def _(p: MadeUpProject) -> Check | None:
    p.rows.append([*p.rows[0][:6], "30", p.rows[0][7]])
    return None


@way("duplicate_spelling_of_operator")
def _(p: MadeUpProject) -> Check | None:
    for row, name in zip(p.rows, ("VIETTEL", "viettel ", "Viettel Mẫu", "452-04", "Tập đoàn Viettel"), strict=True):
        row[0] = name
    return None


@way("operator_not_known")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(operator="Mạng Mẫu")
    return sixth_at(105.33333, 21.88888)


# -- old areas ---------------------------------------------------------------------------------


@way("area_old_province_in_boundaries")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = "08"
    p.communes(lambda f: f.drop(columns="province_code").assign(province_name="Hà Giang"))
    return None


@way("area_old_province_code")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = "02"
    p.communes(lambda f: f.assign(province_code="02", commune_code="02" + f["commune_code"].str[2:]))
    return None


@way("area_provinces_for_communes")
def _(p: MadeUpProject) -> Check | None:
    p.communes(lambda f: f.assign(commune_code="99", commune_name=f["province_name"]))
    return None


@way("area_districts_for_communes")
def _(p: MadeUpProject) -> Check | None:
    p.communes(lambda f: f.assign(commune_code=[f"A{i:02d}" for i in range(len(f))]))
    return None


@way("area_old_commune_count")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = "08"
    p.communes(lambda f: f.assign(province_code="08", province_name="Tuyên Quang", commune_code="08" + f["commune_code"].str[2:]))
    return None


def _real_units(p: MadeUpProject) -> list[int]:
    """Give the made-up communes names and codes of today's Tuyên Quang; return a former commune for each of the five sites."""
    former = former_areas()
    ours = [
        i for i in range(len(former))
        if former.provinces[i] == "Tỉnh Hà Giang" and len(former.today[i]) == 1 and former.codes[i] not in former.today_names
    ]  # fmt: skip
    today = sorted({former.today[i][0] for i in ours})[:36]
    p.project["province"] = "08"
    p.communes(lambda f: f.assign(
        province_code="08", province_name="Tuyên Quang", commune_code=today, commune_name=[former.today_names[c] for c in today],
    ))  # fmt: skip
    order = list(units()["commune_code"])
    here = [today[order.index(code)] for code in COMMUNES]
    return [next(i for i in ours if former.today[i] == (code,)) for code in here]


@way("area_old_province_in_list")
def _(p: MadeUpProject) -> Check | None:
    _real_units(p)
    p.add_column("Tỉnh", ["Hà Giang"] * 5)
    return at()


@way("area_old_district_in_list")
def _(p: MadeUpProject) -> Check | None:
    former, places = former_areas(), _real_units(p)
    p.add_column("Huyện", [former.districts[i] for i in places])
    p.add_column("Xã", [former.names[i].replace("Xã ", "X.") for i in places])
    return at()


@way("area_old_commune_in_list")
def _(p: MadeUpProject) -> Check | None:
    former, places = former_areas(), _real_units(p)
    p.add_column("Xã", [former.names[i] for i in places])
    return at()


@way("area_old_commune_unknown")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Xã", ["Xã Tên Cũ"] * 5)
    return at()


@way("area_old_commune_code_in_list")
def _(p: MadeUpProject) -> Check | None:
    former, places = former_areas(), _real_units(p)
    p.add_column("Mã xã", [former.codes[i] for i in places])
    return at()


@way("area_province_unknown_to_project")
def _(p: MadeUpProject) -> Check | None:
    p.project["province"] = "44"
    return None


@way("area_no_province_column")
def _(p: MadeUpProject) -> Check | None:
    p.communes(lambda f: f.drop(columns=["province_code", "province_name"]))
    return at()


@way("area_code_and_name_differ")
def _(p: MadeUpProject) -> Check | None:
    p.features(lambda f: f[4]["properties"].update(province_name="Lào Cai"))
    return at()
