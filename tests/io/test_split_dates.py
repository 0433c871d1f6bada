"""Months, quarters and years in columns of their own, and periods as people write them. Made-up cells."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.tables import Table, load_schema, read_tables
from geo.periods import parse_periods
from geo.validation import IssueLog


def read(tmp_path: Path, kind: str, text: str, **options: object) -> tuple[Table, IssueLog]:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    log = IssueLog(issue_catalogue())
    (table,) = read_tables(path, file="a.csv", schema=load_schema(kind), options=TableOptions(**options), log=log)  # type: ignore[arg-type]
    return table, log


SUMS = "Mã xã,Nhà mạng,{},Tải xuống (Mbit/s),Số mẫu\n"


@pytest.mark.parametrize(
    ("headers", "cells", "read_as"),
    [
        ("Tháng,Năm", "3,2026", "03/2026"), ("Tháng,Năm", "Tháng 12,Năm 2026", "12/2026"), ("Tháng,Năm", "T5,2026.0", "05/2026"), ("Month,Year", "3,2026", "03/2026"),
        ("Năm,Tháng báo cáo", "2026,7", "07/2026"), ("Quý,Năm", "III,2026", "2026-Q3"), ("Quý,Năm", "Quý 2,2026", "2026-Q2"), ("Quý,Năm", "Quý I/2026,2026", "Quý I/2026"), ("Tháng,Năm", "3/2026,", "3/2026"),
        ("Quý,Tháng,Năm", "1,3,2026", "03/2026"), ("Quý,Tháng,Năm", "2,,2026", "2026-Q2"),
        # what is missing, or says two things, is no period
        ("Tháng,Năm", ",2026", "Tháng: ?; Năm: 2026"), ("Tháng,Năm", "3,", "Tháng: 3; Năm: ?"), ("Quý,Tháng,Năm", "2,3,2026", "Quý: 2; Tháng: 3; Năm: 2026"), ("Tháng,Năm", "3,26", "Tháng: 3; Năm: 26"),
        ("Quý,Tháng,Năm", "V,3,2026", "Quý: V; Tháng: 3; Năm: 2026"),
        ("Tháng,Năm", "3/2025,2026", "Tháng: 3/2025; Năm: 2026"), ("Quý,Năm", "Quý 3/2025,2026", "Quý: Quý 3/2025; Năm: 2026"),
    ],
)  # fmt: skip
def test_month_or_quarter_and_year_are_one_period(tmp_path: Path, headers: str, cells: str, read_as: str) -> None:
    table, log = read(tmp_path, "speed_tests", SUMS.format(headers) + f"99000,Viettel,{cells},30,5\n")
    assert table.frame["period"].tolist() == [read_as]
    (found,) = [f for f in log if f.kind.code == "date_from_columns"]
    assert (list(found.came), dict(found.fields)) == ([headers.replace(",", ", ")], {"field": "Kỳ"})
    assert bool(parse_periods(table.frame["period"])[2][0]) == ("?" in read_as or ":" in read_as)


def test_reported_figures_of_months_are_not_those_of_the_year(tmp_path: Path) -> None:
    """"Năm" alone is a period there, and was taken for one beside "Tháng"."""
    table, log = read(tmp_path, "reported_indicators", "Mã xã,Tháng,Năm,Chỉ tiêu,Giá trị\n99000,3,2026,Hộ,5\n99000,4,2026,Hộ,6\n")
    assert table.frame["period"].tolist() == ["03/2026", "04/2026"]
    assert "columns_rival_differ" not in log.codes()


def test_day_month_and_year_are_one_day_and_whole_dates_stay(tmp_path: Path) -> None:
    head = "Ngày,Tháng,Năm,Giờ,Kinh độ,Vĩ độ,Nhà mạng,Tải xuống (Mbit/s)\n"
    table, _ = read(tmp_path, "speed_tests", head + "3,9,2026,08:00,105.1,21.8,Viettel,30\n")
    assert table.frame[["day", "clock"]].to_numpy().tolist() == [["03/09/2026", "08:00"]]
    table, log = read(tmp_path, "speed_tests", head + "03/09/2026,9,2026,08:00,105.1,21.8,Viettel,30\n")
    assert table.frame["day"].tolist() == ["03/09/2026"]
    assert "period" not in table.frame  # the day says more
    assert [list(f.came) for f in log if f.kind.code == "columns_unused"] == [["Tháng, Năm"]]


def test_months_and_years_are_joined_where_one_field_can_be_meant(tmp_path: Path) -> None:
    sites = "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,{}\nViettel,A,105.1,21.8,3,2020\n"
    assert read(tmp_path, "stations", sites.format("Tháng phát sóng,Năm phát sóng"))[0].frame["on_air_date"].tolist() == ["03/2020"]
    assert "on_air_date" not in read(tmp_path, "stations", sites.format("Tháng,Năm"))[0].frame  # may be of the list
    assert read(tmp_path, "declarations", "Nhà mạng,Công nghệ,Vd,Tháng,Năm\nViettel,4G,40,3,2026\n")[0].frame["valid_from"].tolist() == ["03/2026"]
    told = "Mã xã,Nhà mạng,Kỳ báo cáo,Tháng,Năm,Tải xuống (Mbit/s),Số mẫu\n99000,Viettel,2026-Q3,3,2026,30,5\n"
    assert read(tmp_path, "speed_tests", told)[0].frame["period"].tolist() == ["2026-Q3"]
    given = read(tmp_path, "speed_tests", SUMS.format("Tháng,Năm") + "99000,Viettel,03/2026,2026,30,5\n", columns={"period": "Tháng"})[0]
    assert given.frame["period"].tolist() == ["03/2026"]


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("T3/2026", "2026-03-01", "2026-03-31"), ("03-2026", "2026-03-01", "2026-03-31"), ("Tháng\u00a010/2026", "2026-10-01", "2026-10-31"), ("２０２６", "2026-01-01", "2026-12-31"),
        ("III/2026", "2026-07-01", "2026-09-30"), ("2026 Quý IV", "2026-10-01", "2026-12-31"), ("Quý I + II/2026", "2026-01-01", "2026-06-30"), ("6 tháng đầu năm 2026", "2026-01-01", "2026-06-30"),
        ("6 tháng cuối năm 2026", "2026-07-01", "2026-12-31"), ("9 tháng năm 2026", "2026-01-01", "2026-09-30"), ("Cả năm 2026", "2026-01-01", "2026-12-31"), ("2026.0", "2026-01-01", "2026-12-31"), ("202603", "2026-03-01", "2026-03-31"),
        ("01/2026-03/2026", "2026-01-01", "2026-03-31"), ("từ 01/01/2026 đến 31/03/2026", "2026-01-01", "2026-03-31"), ("2026-01/2026-03", "2026-01-01", "2026-03-31"),
    ],
)  # fmt: skip
def test_periods_as_people_write_them(said: str, first: str, last: str) -> None:
    start, end, bad = parse_periods(pd.Series([said], dtype=object))
    assert [str(start[0])[:10], str(end[0])[:10], bool(bad[0])] == [first, last, False]


@pytest.mark.parametrize("said", ["2026.1", 2026.1, "13/2026", "Quý I, III/2026", "Quý V/2026", "03/2026-01/2026", "T13/2026", "Quý IV", "202613"])
def test_what_may_be_two_periods_is_none(said: object) -> None:
    """A spreadsheet makes 2026.1 of a typed 2026.10."""
    assert parse_periods(pd.Series([said], dtype=object))[2].tolist() == [True]


def test_under_quarters_numbers_are_quarters() -> None:
    start, _, bad = parse_periods(pd.Series(["1/2026", "4/2026", "5/2026", pd.Timestamp("2026-03-01"), pd.Timestamp("2026-05-01")], dtype=object), quarters=True)
    assert start.dt.month.tolist()[:2] == [1, 10]
    assert start.dt.month[3] == 7  # a spreadsheet made a date of "3/2026"
    assert bad.tolist() == [False, False, True, False, True]
