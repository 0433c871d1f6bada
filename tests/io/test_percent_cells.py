"""Cells that a spreadsheet shows as percent, beside ones that hold what was typed: read as people see them, doubts stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from geo.io.catalogues import operator_catalogue
from geo.io.ipv6_tests import read_ipv6_tests
from geo.io.percent_cells import PercentCell, doubtful_percent
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.reported_indicators import read_reported_indicators
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog
from tests.made_up_area import area

REPORTED = ["Mã xã", "Kỳ", "Tỷ lệ hộ có cáp quang (%)"]
IPV6 = ["Mã xã", "Nhà mạng", "Loại mạng", "Kỳ", "Số mẫu", "Có IPv6 (%)"]


def read(path: Path, kind: str = "reported", **extra: Any) -> tuple[list[float], dict[str, list[int]]]:
    """Return the values in the order of rows, and the rows of the findings about percent."""
    log = IssueLog(issue_catalogue())
    common: dict[str, Any] = {"file": path.name, "options": TableOptions(extra=extra), "context": PositionContext(area(), ("99",)), "log": log, "as_of": pd.Timestamp("2026-11-01")}
    if kind == "reported":
        frame = read_reported_indicators(path, **common)
        by_row = dict(zip(frame["row"], frame["value"], strict=True))
    else:
        frame = read_ipv6_tests(path, **common, catalogue=operator_catalogue())
        by_row = dict(zip(frame["row"], frame["capable_tests"] / frame["tests"], strict=True))
    found = {f.kind.code: [int(r) for r in f.rows] for f in log if f.kind.code.startswith(("percent", "reported_taken", "ipv6_measure"))}
    return [by_row.get(r, float("nan")) for r in range(2, 2 + max([0, *by_row, *[r for rows in found.values() for r in rows]]) - 1)], found


def book(tmp_path: Path, *cells: tuple[object, str], header: str = "", kind: str = "reported", name: str = "bc.xlsx") -> Path:
    """Write a table whose last column has these values and formats."""
    made = openpyxl.Workbook()
    page = made.active
    head = REPORTED if kind == "reported" else IPV6
    page.append([*head[:-1], header or head[-1]])
    for i, (value, form) in enumerate(cells):
        page.append([f"99{i:03d}", "10/2026", value] if kind == "reported" else [f"99{i:03d}", "Viettel", "Di động", "10/2026", 200, value])
        page.cell(i + 2, len(head)).number_format = form
    made.save(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize("kind", ["reported", "ipv6"])
def test_a_cell_of_percent_format_is_what_the_screen_shows(tmp_path: Path, kind: str) -> None:
    """0.95 shown as 95 % beside a typed 80 and a text: each as a person reads it, under a header with "%" or without."""
    for header in ("", "Tỷ lệ hộ có cáp quang" if kind == "reported" else "Tỷ lệ có IPv6"):
        values, found = read(book(tmp_path, (0.95, "0%"), (0.5, "0.00%"), (1, "0%"), (0.005, '0.0"%"\\ 0%'), header=header, kind=kind), kind)
        assert values == pytest.approx([0.95, 0.5, 1.0, 0.005])
        assert found == {}
    values, found = read(book(tmp_path, (0.95, "0%"), (80, "General"), ("79,6%", "@"), kind=kind), kind)
    assert (values, found) == (pytest.approx([0.95, 0.8, 0.796]), {})


@pytest.mark.parametrize("kind", ["reported", "ipv6"])
def test_a_small_number_that_was_typed_under_percent_is_read_as_it_stands_and_stated(tmp_path: Path, kind: str) -> None:
    values, found = read(book(tmp_path, (0.95, "General"), (80, "General"), (0.4, '0.0"%"'), kind=kind), kind)  # a "%" in quotes scales nothing
    assert (values, found) == (pytest.approx([0.0095, 0.8, 0.004]), {"percent_below_one": [2, 4]})
    values, found = read(book(tmp_path, (0.95, "General"), (0.8, "0%"), kind=kind), kind, measure="share")
    assert (values, found) == (pytest.approx([0.95, 0.8]), {})


def test_where_formats_are_not_seen_or_nothing_says_percent_a_small_number_is_unknown(tmp_path: Path) -> None:
    text = "Mã xã,Kỳ,Tỷ lệ hộ có cáp quang\n99000,10/2026,0.95\n99001,10/2026,80\n99002,10/2026,0\n"
    (tmp_path / "bc.csv").write_text(text, encoding="utf-8")
    values, found = read(tmp_path / "bc.csv")
    assert found == {"percent_or_share": [2]}
    assert np.isnan(values[0])
    assert values[1:] == [0.8, 0.0]
    assert read(tmp_path / "bc.csv", measure="percent") == (pytest.approx([0.0095, 0.8, 0.0]), {})
    plain, told = np.array([True, True, True, False]), np.array([0.5, 1.0, 5.0, 0.5])
    for name, kept in (("a.xls", False), ("A.ODS", False), ("a.xlsx", True), ("a.csv", True)):
        stays, lost = doubtful_percent(name, told, plain, told=True)
        assert (stays.tolist(), lost.tolist()) == (([True, True, False, False], [False] * 4) if kept else ([False] * 4, [True, True, False, False]))


def test_percent_cells_say_what_the_screen_shows() -> None:
    assert (str(PercentCell(0.95)), str(PercentCell(1)), float(PercentCell(0.125))) == ("95%", "100%", 0.125)
