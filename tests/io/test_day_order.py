"""Whether the day or the month comes first, settled for each column. Made-up cells."""

from __future__ import annotations

import pandas as pd
import pytest

from geo.io.month_first import settle_day_order
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog, Source


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
