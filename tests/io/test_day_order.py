"""Whether the day or the month comes first, settled for each column. Made-up cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from geo.io.month_first import settle_day_order
from geo.io.raw import Siblings, TableOptions
from geo.io.resources import issue_catalogue
from geo.io.tables import convert, load_schema, read_tables
from geo.validation import IssueLog, Source
from geo.values import parse_times

HEAD = "Thời gian,Nhà mạng,Công nghệ,Mã xã,Tải xuống (Mbit/s),Tải lên (Mbit/s),Ping (ms)"


def table(*days: str) -> str:
    return HEAD + "\n" + "".join(f"{day} 08:00:00,Viettel,4G,99001,30,5,30\n" for day in days)


def tables(folder: Path, *contents: str, siblings: bool = True) -> list[tuple[list[str], list[tuple[str, list[int]]]]]:
    """Return the days of each file as read, and what was said of their order."""
    files = []
    for i, content in enumerate(contents):
        (folder / f"{i}.csv").write_text(content, encoding="utf-8")
        files.append((folder / f"{i}.csv", f"{i}.csv", TableOptions()))
    shared, out = Siblings(tuple(files)) if siblings else None, []
    for path, name, options in files:
        log = IssueLog(issue_catalogue())
        (read,) = read_tables(path, file=name, schema=load_schema("speed_tests"), options=replace(options, siblings=shared), log=log)
        cells = settle_day_order(read.source, "Thời gian", read.frame["time"], log)
        out.append(([f"{t:%Y-%m-%d}" for t in parse_times(cells)[0]], [(f.kind.code, [int(r) for r in f.rows]) for f in log if "order" in f.kind.code or "month" in f.kind.code]))
    return out


def test_a_file_that_reads_both_ways_has_the_order_of_files_of_its_form(tmp_path: Path) -> None:
    both, american, vietnamese = table("03/01/2026", "03/02/2026"), table("03/25/2026", "03/26/2026"), table("25/03/2026")
    assert tables(tmp_path, both, american)[0] == (["2026-03-01", "2026-03-02"], [("date_order_of_file", [])])
    assert tables(tmp_path, both, american, siblings=False)[0] == (["2026-01-03", "2026-02-03"], [("date_order_taken", [])])
    assert tables(tmp_path, both, vietnamese)[0] == (["2026-01-03", "2026-02-03"], [("date_order_taken", [])])
    assert tables(tmp_path, both, american, vietnamese)[0] == (["2026-01-03", "2026-02-03"], [("date_orders_differ", []), ("date_order_taken", [])])
    other_form = american.replace("Tải lên (Mbit/s)", "UL (Mbit/s)")
    assert tables(tmp_path, both, other_form)[0][1] == [("date_order_taken", [])]


def of_columns(folder: Path, sheets: dict[str, list[tuple[str, str]]]) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """Return the dates of masts' two columns, sheet by sheet, and what was said of which column."""
    with pd.ExcelWriter(folder / "a.xlsx") as book:
        for name, rows in sheets.items():
            mast = {"Mã cột": [f"{name}{i}" for i in range(len(rows))], "Kinh độ": 105.3, "Vĩ độ": 22.1, "Ngày cấp": [r[0] for r in rows], "Hiệu lực đến": [r[1] for r in rows]}
            pd.DataFrame(mast).to_excel(book, sheet_name=name, index=False)
    log, schema = IssueLog(issue_catalogue()), load_schema("masts")
    read = [convert(t, schema, log) for t in read_tables(folder / "a.xlsx", file="a.xlsx", schema=schema, options=TableOptions(), log=log)]
    days = [[f"{d:%Y-%m-%d}" for d in frame[name]] for frame in read for name in ("certificate_date", "certificate_expiry")]
    return days, [(f.kind.code, f.column) for f in log if "order" in f.kind.code or "month" in f.kind.code]


def test_columns_and_sheets_of_one_file_have_one_order(tmp_path: Path) -> None:
    days, said = of_columns(tmp_path, {"A": [("03/25/2026", "03/01/2027"), ("04/01/2026", "04/02/2027")]})
    assert days == [["2026-03-25", "2026-04-01"], ["2027-03-01", "2027-04-02"]]
    assert said == [("date_order_of_file", "Hiệu lực đến"), ("date_month_first", "Ngày cấp")]
    days, said = of_columns(tmp_path, {"A": [("03/25/2026", "03/26/2027")], "B": [("04/01/2026", "04/02/2027")]})
    assert days[2:] == [["2026-04-01"], ["2027-04-02"]]
    assert {c for c, _ in said} == {"date_month_first", "date_order_of_file"}


def test_columns_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    days, said = of_columns(tmp_path, {"A": [("03/25/2026", "26/03/2027")], "B": [("04/01/2026", "05/02/2027")]})
    assert days == [["2026-03-25"], ["2027-03-26"], ["2026-01-04"], ["2027-02-05"]]
    assert said[0] == ("date_orders_differ", "Ngày cấp; Hiệu lực đến")
    assert {c for c, _ in said[1:]} == {"date_month_first", "date_order_taken"}


def settled(cells: list[object], dtype: str = "str") -> tuple[list[object], list[tuple[str, list[int]]]]:
    log = IssueLog(issue_catalogue())
    out = settle_day_order(Source("a.csv"), "Ngày", pd.Series(cells, dtype=dtype, index=range(2, len(cells) + 2)), log)
    return [None if pd.isna(c) else str(c) for c in out], [(f.kind.code, [int(r) for r in f.rows]) for f in log]


def test_one_date_that_can_only_be_american_turns_the_column() -> None:
    assert settled(["03/25/2026", "03/01/2026", None]) == (["25/03/2026", "01/03/2026", None], [("date_month_first", [2, 3])])
    assert settled(["3/25/26 8:05", "3/1/26 8:05"]) == (["25/3/26 8:05", "1/3/26 8:05"], [("date_month_first", [])])


def test_a_column_that_reads_both_ways_is_vietnamese_and_it_is_said() -> None:
    assert settled(["03/01/2026", "05/04/2026"]) == (["03/01/2026", "05/04/2026"], [("date_order_taken", [])])


@pytest.mark.parametrize("cells", [["25/03/2026", "01/02/2026"], ["01/01/2026", "02/02/2026"], ["2026-01-02", "2026-03-04"], [46266.0, None, pd.NA], [pd.NaT, pd.NA], ["08.30.15", "08.31.16"], ["08:05", None], []])
def test_nothing_is_said_where_nothing_is_open(cells: list[object]) -> None:
    assert settled(cells, "str" if all(c is None or isinstance(c, str) for c in cells) else "object")[1] == []


def test_a_column_that_contradicts_itself_names_the_rows() -> None:
    assert settled(["03/25/2026", "25/03/2026", "01/02/2026"]) == (["03/25/2026", "25/03/2026", "01/02/2026"], [("date_order_contradictory", [2])])
    assert settled([pd.Timestamp("2026-01-25"), "9/28/2026"], "object")[1] == [("date_order_contradictory", [3])]
