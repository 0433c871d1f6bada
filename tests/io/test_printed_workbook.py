"""How a workbook prints: A4 across (A3 where A4 would have too small letters), header on each page, page numbers, one page wide where its letters can be read, and what is kept for the record on none."""

from __future__ import annotations

import io
import itertools
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


#: Pixels between the margins, 96 to an inch: A4 and A3 across.
ACROSS = {9: 96 * (297 / 25.4 - 0.8), 8: 96 * (420 / 25.4 - 0.8)}
SMALLEST = 0.7


def pixels(sheet, columns: range) -> float:
    """Return how wide columns (from 1) are on the screen; a file counts the space about a cell in."""
    wide = {i: column.width for column in sheet.column_dimensions.values() for i in range(column.min, column.max + 1)}
    return sum(7 * wide[i] for i in columns)


def pages(sheet) -> list[range]:
    """Return the columns (from 1) of the pages that lie side by side, without those that come again."""
    last = openpyxl.utils.range_boundaries(sheet.print_area.rpartition("!")[2])[2] if sheet.print_area else sheet.max_column
    starts = [1, *(b.id + 1 for b in sheet.col_breaks.brk), last + 1]
    return [range(a, b) for a, b in itertools.pairwise(starts)]


def test_every_sheet_prints_across_with_its_header_and_page_numbers(sheets):
    assert {sheet.title: int(sheet.page_setup.paperSize) for sheet in sheets} == {"Ít cột": 9, "Vừa": 8, "Nhiều cột": 8, "Trống": 9}  # A4, A3
    for sheet in sheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_options.gridLines is True
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.oddFooter.right.text == "&P / &N"
        assert sheet.oddFooter.left.text == "Rà soát && kế hoạch", "an ampersand begins a code"
        assert sheet.print_area == ""


def test_one_page_wide_where_it_can_be_read_else_the_first_columns_come_again(sheets):
    for name in ("Ít cột", "Vừa"):
        sheet = sheets[name]
        assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
        assert (int(sheet.page_setup.fitToWidth or 1), int(sheet.page_setup.fitToHeight)) == (1, 0), "as many pages down as it takes"
        assert SMALLEST * pixels(sheet, range(1, sheet.max_column + 1)) <= ACROSS[int(sheet.page_setup.paperSize)], "letters of 7.7 points at least"
        assert sheet.print_title_cols is None
    wide = sheets["Nhiều cột"]
    assert wide.print_title_cols == "$A:$B"
    # where sheets are fitted a program looks at no breaks
    assert wide.sheet_properties.pageSetUpPr is None or not wide.sheet_properties.pageSetUpPr.fitToPage
    assert int(wide.page_setup.scale) == 100 * SMALLEST
    first, *others = pages(wide)
    assert len(others) >= 2
    again = pixels(wide, range(1, 3))
    for page in (first, *others):
        room = ACROSS[8] / SMALLEST - (0 if page is first else again)
        assert 0.6 * room < pixels(wide, page) <= room or page is others[-1]


def test_columns_of_the_record_stay_off_the_paper_and_parts_begin_a_page():
    columns = [SheetColumn(f"Cột {i}") for i in range(40)]
    rows = [["giá_trị_dài_vừa"] * 40] * 3  # on one line each
    record = [[*row[:8], "một câu rất dài của hồ sơ, không ai in " * 4] for row in rows]
    short, long = book_of(
        Sheet("Vừa", columns[:9], record, printed=4, unprinted="5 cột & nữa"), Sheet("Nhiều", columns, rows, printed=37, parts=(8, 12, 25))
    )
    assert short.print_area == "'Vừa'!$A$1:$D$4"
    assert (int(short.page_setup.paperSize), short.max_column) == (9, 9), "in the file they all are"
    assert short.oddFooter.center.text == "&A – 5 cột && nữa"
    assert short["D1"].fill.fgColor.rgb != short["E1"].fill.fgColor.rgb, "a reader of the screen sees which"
    assert short.row_dimensions[2].height is None
    assert short.auto_filter.ref == "A1:I4"
    assert long.print_area == "'Nhiều'!$A$1:$AK$4"
    # 12 is the last part that begins where the first page still has room, 25 the last one of the second
    assert [page.start for page in pages(long)] == [1, 13, 26]
    assert long.oddFooter.center.text == "&A"


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


@pytest.mark.parametrize("naming", [1, 2, 5])
def test_columns_wider_than_any_sheet_come_to_an_end(naming):
    """A header may be one word of any length; each column is on a page all the same."""
    columns = [SheetColumn("x" * 250) for _ in range(4)]
    sheet = book_of(Sheet("Rộng", columns, [["y"] * 4], naming=naming))["Rộng"]
    assert [column for page in pages(sheet) for column in page] == [1, 2, 3, 4]
