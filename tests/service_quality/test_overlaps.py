"""Sums that hold the same tests count once: totals beside their parts, quarters beside their months, whatever the order of rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.service_quality.overlaps import ALL, counted_once
from tests.service_quality.made_up import one, rule, samples, verdicts

ANY = rule(operator="any")
Q3 = {"period_start": "2026-07-01", "period_end": "2026-09-30"}
SEPTEMBER = {"period_start": "2026-09-01", "period_end": "2026-09-30"}


def sums(*rows: dict[str, Any]) -> pd.DataFrame:
    usual = {"is_aggregate": True, "time": None, "statistic": "mean", "device_id": "", "lon": np.nan, "lat": np.nan, **SEPTEMBER}
    return samples([{**usual, **row} for row in rows])


def row_of(*rows: dict[str, Any], **where: Any) -> Any:
    return one(verdicts(sums(*rows), ANY), **where)


A = {"operator": "Mạng A", "download_mbps": 30.0, "tests": 100}
B = {"operator": "Mạng B", "download_mbps": 60.0, "tests": 200}
TOTAL = {"operator": "", "download_mbps": 50.0, "tests": 300}


def test_a_total_beside_its_operators_counts_once() -> None:
    """(30 × 100 + 60 × 200) / 300 = 50: with the row of both together as well, and n is 300, not 600."""
    for rows in ([A, B], [A, B, TOTAL], [TOTAL, B, A]):
        row = row_of(*rows)
        assert (row["value"], row["n"], "counted_once" in row["reason"]) == (50.0, 300, len(rows) == 3)
    other = row_of(A, B, {**TOTAL, "download_mbps": 45.0, "tests": 400})  # holds a third operator, which nobody lists
    assert (other["value"], other["n"]) == (45.0, 400)


def test_a_row_without_operator_that_is_no_total_counts_beside_the_others() -> None:
    row = row_of(A, B, {"operator": "", "download_mbps": 10.0, "tests": 50})
    assert (row["value"], row["n"], "counted_once" in row["reason"]) == (pytest.approx(15500 / 350), 350, False)


def test_a_total_over_technologies_and_one_over_operators() -> None:
    asked = rule(operator="any", technology=None)
    rows = [{**A, "technology": "4G", "tests": 60}, {**A, "technology": "5G", "tests": 40}, {**A, "technology": ""}, {**B, "technology": ""}, {**TOTAL, "technology": ""}]
    for order in (rows, rows[::-1]):
        row = one(verdicts(sums(*order), asked))
        assert (row["value"], row["n"]) == (50.0, 300)
        assert one(verdicts(sums(*order[:0], *[r for r in order if r["operator"]]), asked))["n"] == 300  # A's own total, and B


def test_a_quarter_and_its_month_count_once() -> None:
    quarter = {**A, **Q3, "tests": 400, "download_mbps": 50.0}
    row = row_of(quarter, A)
    assert (row["value"], row["n"], row["period"]) == (50.0, 400, "2026-07-01/2026-09-30")
    assert "counted_once" in row["reason"]
    assert "periods_pooled" not in row["reason"]
    # A quarter with fewer tests than its month cannot be the whole of it.
    assert row_of({**quarter, "tests": 50}, A)["n"] == 100
    year = {**A, "period_start": "2026-01-01", "period_end": "2026-12-31", "tests": 900}
    assert row_of(year, quarter, A, {**A, "period_start": "2027-01-01", "period_end": "2027-03-31"})["n"] == 1000


def test_what_periods_were_pooled_is_said_with_the_gap_between_them() -> None:
    row = row_of({**A, **Q3}, {**A, "period_start": "2026-01-01", "period_end": "2026-03-31"})
    assert (row["n"], row["period"]) == (200, "2026-01-01/2026-03-31; 2026-07-01/2026-09-30")
    assert "periods_pooled" in row["reason"]


def test_sums_that_do_not_tell_their_tests_stand_for_nobody() -> None:
    row = row_of(A, B, {**TOTAL, "tests": 0}, {**A, **Q3, "tests": 0})
    assert (row["value"], row["n"]) == (50.0, 300)


def test_other_places_campaigns_and_statistics_never_meet() -> None:
    assert row_of(A, {**TOTAL, "lon": 105.1, "lat": 21.0})["n"] == 400  # a tile elsewhere in the commune
    assert row_of(A, {**A, **Q3, "statistic": "median", "tests": 500})["value"] == 30.0
    assert row_of(A, {**TOTAL, "campaign": "Đợt 1"})["n"] == 400


def test_tests_without_a_day_give_no_month_its_verdict() -> None:
    rows = [{"download_mbps": 50.0 + i} for i in range(40)]
    monthly = rule(period="month")
    row = one(verdicts(samples(rows, time=None), monthly))
    assert (row["period"], row["rule_result"], row["reason"].split("; ")[0]) == ("", "indicative", "month_not_told")
    assert one(verdicts(samples(rows), monthly))["rule_result"] == "meets"
    assert "day_not_told" in one(verdicts(samples([*rows[:3], {**rows[3], "time": None}]), rule()))["reason"]
    assert "day_not_told" not in one(verdicts(samples(rows), rule()))["reason"]


def test_an_operator_of_the_project_without_a_test_has_its_rows() -> None:
    table = verdicts(samples([{"download_mbps": 50.0}]), rule(), operators=("Mạng A", "Mạng C"))
    for area in ("10001", "10002", "99"):
        row = one(table, area, operator="Mạng C")
        assert (row["rule_result"], row["reason"].split("; ")[0], row["n"], row["evidence"]) == ("insufficient_n", "no_samples", 0, "not_enough")
        assert np.isnan(row["value"])
    assert len(table[table["operator"] == "Mạng A"]) == 4
    assert set(verdicts(samples([{"download_mbps": 50.0}]), ANY, operators=("Mạng C",))["operator"]) == {""}
    assert one(verdicts(samples([{"download_mbps": 50.0}]), rule(threshold=None), operators=("Mạng C",)), operator="Mạng C")["rule_result"] == "not_applicable"


def test_samples_of_other_days_are_not_called_none() -> None:
    later = rule(valid_from=date(2026, 10, 10))
    frame = samples([{"download_mbps": 50.0}, {"download_mbps": 50.0, "time": "2026-10-20", "commune_code": "10002"}, {"download_mbps": 50.0, "operator": "Mạng B"}])
    table = verdicts(frame, later, operators=("Mạng A", "Mạng B", "Mạng C"))
    reasons = {(row.operator, row.area_code): row.reason for row in table.itertuples() if row.n == 0}
    assert reasons[("Mạng A", "10001")] == "samples_of_other_days"
    assert reasons[("Mạng A", "10003")] == "no_samples"
    assert (reasons[("Mạng B", "10001")], reasons[("Mạng B", "10002")], reasons[("Mạng C", "10001")]) == ("samples_of_other_days", "no_samples", "no_samples")
    nobody = verdicts(frame, rule(valid_from=date(2026, 10, 25)))
    assert set(nobody.loc[nobody["area_code"].isin(["99", "10001"]), "reason"]) == {"samples_of_other_days"}


# -- the rule itself ------------------------------------------------------------------------------

BOX = st.tuples(st.integers(0, 1), st.sampled_from([ALL, 0, 1]), st.sampled_from([ALL, 0, 1]), st.integers(0, 5), st.integers(0, 3), st.integers(1, 9))


def kept(rows: list[tuple[int, ...]]) -> list[bool]:
    cell, operator, technology, first, days, tests = (np.array(c, dtype=np.int64) for c in zip(*rows, strict=True))
    return list(counted_once(cell, [operator, technology], first, first + days, tests.astype(np.float64)))


@given(st.lists(BOX, min_size=1, max_size=9), st.randoms())
def test_the_order_of_rows_says_nothing_and_nothing_counts_twice(rows: list[tuple[int, ...]], random: Any) -> None:
    first = dict(zip(rows, kept(rows), strict=True))
    mixed = rows[:]
    random.shuffle(mixed)
    assert dict(zip(mixed, kept(mixed), strict=True)) == first
    whole = [r for r, k in first.items() if k and ALL not in r[1:3]]
    for i, a in enumerate(whole):
        for b in whole[i + 1 :]:
            same = a[:5] == b[:5]
            assert same or a[:3] != b[:3] or a[3] + a[4] < b[3] or b[3] + b[4] < a[3]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 9)), min_size=1, max_size=8, unique_by=lambda r: r[:2]))
def test_a_total_never_changes_what_is_counted(parts: list[tuple[int, int, int]]) -> None:
    """The total of a month's rows, over operators or over all, takes the place of just these rows."""
    rows = [(0, o, 0, 30 * m, 29, n) for o, m, n in parts]
    month = parts[0][1]
    total = (0, ALL, 0, 30 * month, 29, sum(n for _, m, n in parts if m == month))
    stays = kept([*rows, total])
    assert sum(r[5] for r, k in zip([*rows, total], stays, strict=True) if k) == sum(n for *_, n in parts)
