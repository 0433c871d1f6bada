"""How a workbook prints: A4 across (A3 where A4 would have too small letters), header on each page, page numbers, one page wide where its letters can be read."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from geo.io.spreadsheet import Sheet, SheetColumn, workbook_bytes


def book_of(*sheets: Sheet, title: str = "Rà soát & kế hoạch") -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(sheets, created=date(2026, 11, 1), title=title)))


@pytest.fixture(scope="module")
def sheets() -> openpyxl.Workbook:
    few = Sheet("Ít cột", [SheetColumn("Tên"), SheetColumn("Số người có sóng", "#,##0"), SheetColumn("Tỷ lệ", "0.0%")], [["Thôn Giả", 1234567, 0.123456789], ["Thôn " + "rất dài " * 30, 5, None]])
    wide = Sheet("Nhiều cột", [SheetColumn(f"Chỉ số {i} của nhà mạng") for i in range(80)], [["giá trị dài vừa" for _ in range(80)]])
    some = Sheet("Vừa", [SheetColumn(f"Cột {i}") for i in range(20)], [["một câu giải thích khá dài của dòng này" for _ in range(20)]])
    return book_of(few, some, wide, Sheet("Trống", [], []))


def test_every_sheet_prints_across_with_its_header_and_page_numbers(sheets):
    assert {sheet.title: int(sheet.page_setup.paperSize) for sheet in sheets} == {"Ít cột": 9, "Vừa": 8, "Nhiều cột": 8, "Trống": 9}  # A4, A3
    for sheet in sheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
        assert int(sheet.page_setup.fitToHeight) == 0, "as many pages down as it takes"
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.oddFooter.right.text == "&P / &N"
        assert sheet.oddFooter.left.text == "Rà soát && kế hoạch", "an ampersand begins a code"


def test_one_page_wide_where_it_can_be_read_else_the_first_columns_come_again(sheets):
    assert [int(sheet.page_setup.fitToWidth or 1) for sheet in sheets][:2] == [1, 1]
    wide = sheets["Nhiều cột"]
    total = sum(column.width * (column.max - column.min + 1) for column in wide.column_dimensions.values())
    assert total > 149 / 0.32, "letters of 5 points on A3"
    assert int(wide.page_setup.fitToWidth) >= total / (149 / 0.32)
    assert wide.print_title_cols == "$A:$B"
    assert sheets["Ít cột"].print_title_cols is None


def test_a_column_is_as_wide_as_what_it_shows_and_a_long_text_has_its_lines(sheets):
    few = sheets["Ít cột"]
    assert few.column_dimensions["B"].width < 14, "1,234,567 as shown, and the header on several lines"
    assert few.column_dimensions["C"].width < 9, "12.3%, not 0.123456789"
    long = few["A3"]
    assert long.alignment.wrap_text is True
    assert few.row_dimensions[3].height / 15 >= len(long.value) / few.column_dimensions["A"].width
    assert few["A2"].alignment.wrap_text is not True
    assert few.row_dimensions[2].height is None


def test_widths_are_of_all_rows_and_a_column_to_fill_in_has_room():
    """The long texts of a table may begin at its row 1,000; an empty column is no narrow one where somebody writes."""
    rows = [["ngắn", ""]] * 1000 + [["một lý do dài, bằng lời, của một vị trí trong kế hoạch", ""]] * 50
    sheet = book_of(Sheet("Dài", [SheetColumn("Ghi chú"), SheetColumn("Ý kiến", least_width=30.0)], rows))["Dài"]
    assert sheet.column_dimensions["A"].width > 40
    assert sheet.column_dimensions["B"].width >= 30
