"""What stands below or beside headers: units, rows of units, parts of merged columns, three rows; tables side by side; marks for "as above". Made-up tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.header_units import header_factor
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.tables import convert, load_schema, read_tables
from geo.validation import IssueLog

HEAD = ["Nhà mạng", "Mã trạm", "Kinh độ", "Vĩ độ", "Công nghệ", "Độ cao trạm (m)", "Trạng thái"]
ROWS = [["Mạng A", f"T{i}", round(105.12345 + i / 10, 5), 21.75678, "4G", 42, "Đang phát sóng"] for i in range(3)]


def read(folder: Path, rows: list[list[object]], kind: str = "stations", merged: tuple[str, ...] = ()) -> tuple[pd.DataFrame, list[tuple[str, list[int], str]]]:
    """Return the values of a sheet and what was said: codes, rows, columns."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(folder / "a.xlsx")
    log, schema = IssueLog(issue_catalogue()), load_schema(kind)
    (table,) = read_tables(folder / "a.xlsx", file="a.xlsx", schema=schema, options=TableOptions(), log=log)
    frame = convert(table, schema, log)
    return frame, [(f.kind.code, [int(r) for r in f.rows], f.column) for f in log]


@pytest.mark.parametrize(
    ("header", "unit", "came", "factor"),
    [
        ("Độ cao (m)", "m", "m", 1), ("Độ cao (ft)", "m", "ft", 0.3048), ("Vùng phủ [km]", "m", "km", 1000), ("Độ cao (m, so với mặt đất)", "m", "m", 1), ("Độ cao (đơn vị: cm)", "m", "cm", 0.01),
        ("Tần số (GHz)", "MHz", "GHz", 1000), ("Công suất (mW)", "W", "mW", 0.001), ("Công suất (dBm)", "W", "dBm", np.nan), ("Azimuth (rad)", "°", "rad", np.nan), ("Tilt (%)", "°", "%", np.nan),
        ("Dân số (nghìn người)", "người", "nghìn người", 1000), ("Diện tích (ha)", "km²", "ha", 0.01), ("Độ cao", "m", "", 1), ("Độ cao (thiết kế)", "m", "", 1), ("Gain (dBd)", "dBi", "dBd", np.nan),
    ],
)  # fmt: skip
def test_units_in_headers(header: str, unit: str, came: str, factor: float) -> None:
    assert header_factor(header, unit) == (came, pytest.approx(factor, nan_ok=True))


def test_people_have_the_unit_of_the_line_above_the_table() -> None:
    assert header_factor("Dân số", "người", ("BẢNG", "Đơn vị tính: nghìn người")) == ("nghìn người", 1000)
    assert header_factor("Độ cao", "m", ("Đơn vị tính: nghìn người",)) == ("", 1)


def test_numbers_under_another_unit_are_converted_or_unknown(tmp_path: Path) -> None:
    rows = [[*HEAD[:5], "Độ cao trạm (cm)", "Công suất (dBW)"], *([*r[:5], h, 13] for r, h in zip(ROWS, ["4200", "4.250,5", "4300 cm"], strict=True))]
    frame, said = read(tmp_path, rows)
    assert frame["structure_height_m"].tolist() == [42, 42.505, 43]
    assert frame["power_w"].isna().all()
    assert said == [("header_unit_converted", [], "Độ cao trạm (cm)"), ("header_unit_other", [], "Công suất (dBW)")]
    frame, said = read(tmp_path, [rows[0], [*ROWS[0][:5], "42 m", ""]])  # the cell contradicts its header
    assert np.isnan(frame["structure_height_m"].iloc[0])
    assert said == [("number_unreadable", [2], "Độ cao trạm (cm)")]


def test_a_row_of_units_is_part_of_the_header(tmp_path: Path) -> None:
    head = [h.replace(" (m)", "") for h in HEAD]
    frame, said = read(tmp_path, [head, ["", "", "(độ)", "(độ)", "", "(km)", ""], *([*r[:5], 0.042, r[6]] for r in ROWS)])
    assert frame["structure_height_m"].tolist() == [42] * 3
    assert frame.index.tolist() == [3, 4, 5]
    assert said == [("header_units_row", [2], ""), ("header_unit_converted", [], "Độ cao trạm (km)")]


def test_a_row_of_data_is_no_row_of_units(tmp_path: Path) -> None:
    frame, said = read(tmp_path, [HEAD, ["m", "km", *ROWS[0][2:]], *ROWS[1:]])
    assert (len(frame), said) == (3, [])


def test_headers_in_three_rows(tmp_path: Path) -> None:
    upper = [["Nhà mạng", "Mã trạm", "Tọa độ", "", *HEAD[4:]], ["", "", "WGS 84", "", "", "", ""], ["", "", "Kinh độ", "Vĩ độ", "", "", ""]]
    frame, said = read(tmp_path, [*upper, *ROWS], merged=("A1:A3", "B1:B3", "C1:D1", "C2:D2", "E1:E3", "F1:F3", "G1:G3"))
    assert frame["lon"].tolist() == [r[2] for r in ROWS]
    assert frame.index.tolist() == [4, 5, 6]
    assert said == []


def test_a_divided_column_is_not_its_first_part(tmp_path: Path) -> None:
    people = [["99001", 2600, 2700, 5300], ["99002", 1100, 1200, 2300]]
    frame, said = read(tmp_path, [["Mã xã", "Dân số", "", ""], ["", "Nam", "Nữ", "Tổng số"], *people], "population")
    assert frame["population"].tolist() == [5300, 2300]
    assert said == [("header_parts_row", [2], ""), ("columns_unused", [], "")]
    with pytest.raises(InputError, match="Dân số 2023, Dân số 2024"):
        read(tmp_path, [["Mã xã", "Dân số", ""], ["", 2023, 2024], *(r[:3] for r in people)], "population")


def test_tables_side_by_side_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"A–G .* I–O"):
        read(tmp_path, [[*HEAD, None, *HEAD], [*ROWS[0], None, *ROWS[1]], [None] * 8 + ROWS[2]])
    frame, said = read(tmp_path, [[*HEAD, "Kinh độ", "Vĩ độ"], *([*r, r[2], r[3]] for r in ROWS)])  # two columns again are rivals
    assert len(frame) == 3
    assert {code for code, _, _ in said} == {"columns_rival"}


def test_marks_for_as_above_have_the_value_above(tmp_path: Path) -> None:
    marks = [['"', "T1", 105.2, 21.75678, "nt", "như trên", "''"], ["nt", "nt", 105.3, 21.75678, "〃", '"', "-nt-"]]
    frame, said = read(tmp_path, [HEAD, ROWS[0], *marks])
    assert frame["operator"].tolist() == ["Mạng A"] * 3
    assert frame["structure_height_m"].tolist() == [42] * 3
    assert frame["status"].tolist() == ["on_air"] * 3
    assert frame["site_id"].tolist() == ["T0", "T1", "nt"], "a code may begin so"
    assert {(code, tuple(rows)) for code, rows, _ in said} == {("cells_ditto", (3, 4))}
    frame, said = read(tmp_path, [HEAD, ["nt", *ROWS[0][1:]], ["", *ROWS[1][1:]], ['"', *ROWS[2][1:]]])
    assert [str(c) for c in frame["operator"]] == ["nt", "None", '"'], "below nothing, and in the first row, it stays"
    assert said == []


@pytest.mark.parametrize("mark", ["'", "’", "`"])
def test_a_number_kept_as_text_is_that_number(tmp_path: Path, mark: str) -> None:
    frame, said = read(tmp_path, [HEAD, [*ROWS[0][:5], f"{mark}42,5", ROWS[0][6]]])
    assert frame["structure_height_m"].tolist() == [42.5]
    assert said == []


def test_a_year_in_a_technology_column_is_no_number_of_transmitters(tmp_path: Path) -> None:
    head = [*HEAD[:4], "2G", "4G", "5G"]
    frame, said = read(tmp_path, [head, [*ROWS[0][:4], "x", 3, 2027], [*ROWS[1][:4], "x", "2020", ""]])
    assert frame["technology"].tolist() == ["2G, 4G", "2G"]
    assert said[:2] == [("technology_unreadable", [3], "4G"), ("technology_unreadable", [2], "5G")]
