"""Rows above a header and second headers below it are said, never lost and never misread."""

from __future__ import annotations

import openpyxl
import pytest

from geo.errors import InputError
from geo.io.raw import TableOptions
from geo.io.tables import load_schema, read_tables

POOR = ["STT", "Nhà mạng", "Mã trạm", "Tên trạm", "Kinh độ", "Vĩ độ"]
RICH = [*POOR, "Công nghệ"]


def _rows(first, last, *more):
    return [[i, "Viettel", f"T{i}", f"Trạm {i}", 104.6 + i / 1000, 22.1 + i / 1000, *more] for i in range(first, last + 1)]


def _read(tmp_path, rows, log, suffix="csv", **options):
    path = tmp_path / f"ds.{suffix}"
    if suffix == "csv":
        path.write_text("\n".join(",".join(str(c) for c in r) for r in rows) + "\n", encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    (table,) = read_tables(path, file=path.name, schema=load_schema("stations"), options=TableOptions(**options), log=log)
    return table


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_rows_above_a_richer_header_refuse_the_list(tmp_path, log, suffix):
    rows = [POOR, *_rows(1, 8), RICH, *_rows(9, 20, "4G")]
    with pytest.raises(InputError, match="rows 2–9 stand above the header in row 10"):
        _read(tmp_path, rows, log, suffix)


def test_rows_above_a_header_that_the_project_names_are_stated(tmp_path, log):
    table = _read(tmp_path, [POOR, *_rows(1, 8), RICH, *_rows(9, 20, "4G")], log, header_row=10)
    assert len(table.frame) == 12
    assert table.rows_in == 20
    (finding,) = [f for f in log.findings if f.kind.code == "rows_above_header"]
    assert finding.rows.tolist() == list(range(2, 10))
    assert finding.came[0].startswith("1; Viettel; T1")


@pytest.mark.parametrize(
    ("suffix", "count"), [("csv", 8), ("csv", 60), ("csv", 60_000), ("xlsx", 8), ("xlsx", 60)]
)
def test_a_second_header_in_another_order_refuses_the_list(tmp_path, log, suffix, count):
    other = ["STT", "Nhà mạng", "Mã trạm", "Tên trạm", "Vĩ độ", "Kinh độ"]
    rows = [POOR, *_rows(1, count), other, *_rows(count + 1, count + 5)]
    with pytest.raises(InputError, match=f"row {count + 2} is a header unlike the one in row 1"):
        _read(tmp_path, rows, log, suffix)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_titles_numbers_of_columns_and_groups_are_no_data(tmp_path, log, suffix):
    title = [
        ["DANH SÁCH TRẠM", "", "", "", "", "", ""],
        ["Đơn vị", "Sở mẫu", "Năm", 2026, "", "Kinh tuyến trục", "106"],
        [1, 2, 3, 4, 5, 6, 7],
        ["", 2019, 2020, 2021, 2022, 2023, 2024],
    ]
    table = _read(tmp_path, [*title, RICH, *_rows(1, 12, "4G")], log, suffix)
    assert len(table.frame) == 12
    assert log.codes() == {"columns_unused"}


def test_a_header_that_comes_again_is_only_stated(tmp_path, log):
    table = _read(tmp_path, [POOR, *_rows(1, 50), POOR, *_rows(51, 60)], log)
    assert len(table.frame) == 60
    assert log.codes() == {"columns_unused", "row_repeats_header"}
