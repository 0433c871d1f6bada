"""Merged cells of a workbook: rows of data get the value, titles and headers give none away."""

from __future__ import annotations

import pytest
from openpyxl import Workbook

from tests.made_up_area import area

HEADER = ["Nhà mạng", "Mã trạm", "Tên trạm", "Kinh độ", "Vĩ độ", "Công nghệ"]
ROWS = [["Viettel", f"T{i}", f"Trạm {i}", 105.1001 + i / 50, 21.8001 + i / 50, "4G"] for i in range(4)]


def _book(folder, rows, *merged):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    path = folder / "sites.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("merged", ["C1:C2", "C1:C3"])
def test_a_header_merged_with_the_rows_under_it_is_no_value_of_theirs(tmp_path, network_of, log, merged):
    network = network_of([_book(tmp_path, [HEADER, *ROWS], merged)], area())
    names = network.sites.set_index("site_id")["site_name"].fillna("").to_dict()
    covered = 1 if merged == "C1:C2" else 2
    assert names == {f"T{i}": "" if i < covered else f"Trạm {i}" for i in range(4)}
    assert "cells_merged" not in log.codes()


def test_a_cell_merged_over_rows_of_data_is_the_value_of_each(tmp_path, network_of, log):
    network = network_of([_book(tmp_path, [HEADER, *ROWS], "A2:A4")], area())
    assert network.sites["operator"].tolist() == ["Viettel"] * 4
    merged = [f for f in log.findings if f.kind.code == "cells_merged"]
    assert [(f.column, f.rows.tolist()) for f in merged] == [("Nhà mạng", [3, 4])]
