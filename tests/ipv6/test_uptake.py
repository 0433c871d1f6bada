"""Shares of IPv6 tests by area, operator and access."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from geo.ipv6 import ipv6_table, uptake_settings, uptake_shares
from geo.service_frames import IPV6_TESTS
from geo.standards import evidence_settings

PROVINCES = pd.Series({"00001": "01", "00002": "01", "00003": "02"})
DAY = pd.Timestamp("2026-10-01")


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    usual: dict[str, Any] = {
        "operator": "A", "access": "mobile", "commune_code": "00001", "lon": np.nan, "lat": np.nan, "time": pd.NaT, "capable": pd.NA, "preferred": pd.NA,
        "is_aggregate": False, "tests": 1, "capable_tests": np.nan, "preferred_tests": np.nan, "asn": "", "device": "", "file": "ipv6.csv", "sheet": "", "row": 2, "period_start": pd.NaT, "period_end": pd.NaT,
    }  # fmt: skip
    frame = pd.DataFrame([{**usual, **row} for row in rows], columns=list(usual))
    types = {"capable": "boolean", "preferred": "boolean", "period_start": "datetime64[ns]", "period_end": "datetime64[ns]"}
    typed = frame.assign(time=pd.to_datetime(frame["time"], utc=True).astype("datetime64[ns, UTC]")).astype(types)
    return IPV6_TESTS.conform(typed)


def spread(n: int, capable: int, **more: Any) -> list[dict[str, Any]]:
    """Return tests in places of their own, kilometres apart."""
    return [{"capable": k < capable, "preferred": k < capable // 2, "lon": 105.0 + 0.02 * k, "lat": 21.0, "period_start": DAY, **more} for k in range(n)]


def shares(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return uptake_shares(frame_of(rows), PROVINCES, uptake_settings(), evidence_settings())


def one(frame: pd.DataFrame, **wanted: str) -> pd.Series:
    wanted = {"indicator": "capable", "area_code": "00001", "operator": "A", "access": "mobile", **wanted}
    found = frame[np.logical_and.reduce([frame[name] == value for name, value in wanted.items()])]
    assert len(found) == 1, found
    return found.iloc[0]


def test_tests_far_apart_are_independent_and_have_exact_bounds() -> None:
    row = one(shares(spread(40, 26)))
    exact = binomtest(26, 40).proportion_ci(0.90, "exact")
    assert (row.value, row.n, row.n_effective) == (0.65, 40, 40.0)
    assert row.low == pytest.approx(exact.low, abs=1e-12)
    assert row.high == pytest.approx(exact.high, abs=1e-12)
    assert row.reason == ""
    assert one(shares(spread(40, 26)), indicator="preferred").value == 13 / 40


def test_one_phone_in_one_place_is_one_test() -> None:
    rows = [{**row, "lon": 105.0} for row in spread(40, 40)]
    row = one(shares(rows))
    assert (row.value, row.n, row.n_effective) == (1.0, 40, 1.0)
    assert row.low == pytest.approx(0.05)  # one success: B⁻¹(0.05; 1, 1)
    days = [{**row, "period_start": DAY + pd.Timedelta(days=k)} for k, row in enumerate(rows)]
    assert one(shares(days)).n_effective == 40.0


def test_a_device_is_one_wherever_it_went() -> None:
    assert one(shares([{**row, "device": "7"} for row in spread(40, 40)])).n_effective == 1.0
    assert one(shares([{**row, "device": str(k), "lon": 105.0} for k, row in enumerate(spread(40, 26))])).n_effective == 40.0


@pytest.mark.parametrize("without", [{"lon": np.nan, "lat": np.nan}, {"lon": np.nan, "lat": np.nan, "period_start": pd.NaT}])
def test_without_a_place_the_whole_commune_of_the_day_is_one(without: dict[str, Any]) -> None:
    row = one(shares([{**row, **without} for row in spread(40, 26)]))
    assert (row.n, row.n_effective) == (40, 1.0)
    assert "place_or_day_not_known" in row.reason


def test_places_are_as_wide_as_they_are_long() -> None:
    # 0.0045 degrees are 250 m at 60 degrees: two tests in each place of 500 m. They all agree, which tells nothing of rho: 1.
    rows = [{**row, "lon": 105.0 + 0.0045 * k, "lat": 60.0} for k, row in enumerate(spread(200, 200))]
    assert one(shares(rows)).n_effective == pytest.approx(200**2 / (2 * 200 + 3), abs=2.0)


def test_what_is_not_known_is_counted_apart() -> None:
    rows = [*spread(10, 5), *[{**row, "capable": pd.NA, "lon": 106.0 + k} for k, row in enumerate(spread(4, 0))]]
    row = one(shares(rows))
    assert (row.value, row.n, row.unknown) == (0.5, 10, 4)
    nothing = one(shares([{**row, "capable": pd.NA} for row in spread(3, 0)]))
    assert (nothing.n, nothing.unknown) == (0, 3)
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_operators_accesses_and_areas_stay_apart_and_come_together() -> None:
    rows = [
        *spread(10, 9), *spread(20, 2, operator="B", access="fixed", lat=21.1), *spread(30, 15, commune_code="00002", lat=21.2),
        *spread(5, 5, commune_code="00003", lat=21.3), *spread(5, 5, commune_code="", lat=21.4),
    ]  # fmt: skip
    found = shares(rows)
    assert one(found).value == 0.9
    assert one(found, operator="B", access="fixed").value == 0.1
    assert one(found, operator="", access="").value == 11 / 30
    assert one(found, operator="", access="mobile").value == 0.9
    assert one(found, operator="", access="").reason == "mix_of_tests"
    province = one(found, area_code="01")
    assert (province.value, province.n, province.area_level) == (24 / 40, 40, "province")
    assert one(found, area_code="02").n == 5
    assert set(found.area_code) == {"01", "02", "00001", "00002", "00003"}
    assert not found.duplicated(["area_code", "indicator", "operator", "access", "source_kind"]).any()


def aggregate(**more: Any) -> dict[str, Any]:
    return {"is_aggregate": True, "tests": 100, "capable_tests": 60.0, "preferred_tests": 50.0, "period_start": DAY, "period_end": DAY + pd.Timedelta(days=30), **more}


def test_ready_made_counts_have_no_bounds() -> None:
    row = one(shares([aggregate(), aggregate(tests=300, capable_tests=90.0)]))
    assert (row.value, row.n, row.source_kind, row.period) == (150 / 400, 400, "aggregate", "2026-10-01/2026-10-31")
    assert np.isnan([row.low, row.high, row.n_effective]).all()
    assert "given_ready_made" in row.reason


def test_ready_made_counts_come_together() -> None:
    rows = [
        aggregate(), aggregate(access="fixed", capable_tests=10.0), aggregate(operator="B", tests=200, capable_tests=20.0),
        aggregate(commune_code="00002", tests=300, capable_tests=300.0),
    ]  # fmt: skip
    found = shares(rows)
    assert one(found, operator="", access="mobile").value == 80 / 300
    assert one(found, operator="A", access="").value == 70 / 200
    both = one(found, operator="", access="")
    assert (both.value, both.n, both.reason) == (90 / 400, 400, "given_ready_made; mix_of_tests")
    province = one(found, area_code="01")
    assert (province.value, province.n, province.reason) == (360 / 400, 400, "given_ready_made; mix_of_tests")
    assert one(found, area_code="01", operator="", access="").value == 390 / 700
    # In the second commune A has one access, and no row of both: the province's sum has it all the same.
    assert found[(found.area_code == "00002") & (found.operator == "A")].access.unique().tolist() == ["mobile"]
    assert one(found, area_code="01", operator="A", access="").n == 500
    assert not found.duplicated(["area_code", "indicator", "operator", "access", "source_kind"]).any()


def test_a_figure_for_all_is_not_added_to_its_parts() -> None:
    rows = [aggregate(), aggregate(operator="B", tests=200, capable_tests=20.0), aggregate(operator="", tests=300, capable_tests=90.0)]
    row = one(shares(rows), operator="")
    assert (row.value, row.n, row.reason) == (90 / 300, 300, "given_ready_made; operator_not_known; counted_once")
    assert one(shares(rows), area_code="01", operator="").n == 300


def test_a_row_without_operator_with_too_few_tests_for_a_total_counts_beside_the_others() -> None:
    rows = [aggregate(), aggregate(operator="B", tests=200, capable_tests=20.0), aggregate(operator="", tests=50, capable_tests=10.0, preferred_tests=0.0)]
    for order in (rows, rows[::-1]):
        row = one(shares(order), operator="")
        assert (row.value, row.n, row.reason) == (90 / 350, 350, "given_ready_made; mix_of_tests")


def test_a_quarter_and_a_month_that_end_together_count_once_the_month() -> None:
    quarter = aggregate(period_start=DAY - pd.Timedelta(days=61), tests=300, capable_tests=30.0, preferred_tests=3.0)
    for order in ([quarter, aggregate()], [aggregate(), quarter]):
        row = one(shares(order))
        assert (row.value, row.n, row.period) == (0.6, 100, "2026-10-01/2026-10-31")
    # B has the quarter alone: what is put together is of two periods, and says so.
    both = one(shares([aggregate(), {**quarter, "operator": "B"}]), operator="")
    assert (both.n, both.period, both.reason) == (400, "2026-08-01/2026-10-31", "given_ready_made; mix_of_tests; periods_pooled")


def test_an_old_total_does_not_hide_newer_operators() -> None:
    old = aggregate(operator="", tests=900, capable_tests=9.0, preferred_tests=0.0, period_start=DAY - pd.Timedelta(days=92), period_end=DAY - pd.Timedelta(days=1))
    row = one(shares([old, aggregate(), aggregate(operator="B", capable_tests=80.0)]), operator="")
    assert (row.value, row.n, row.period) == (0.7, 200, "2026-10-01/2026-10-31")
    newer = aggregate(operator="", tests=900, capable_tests=9.0, preferred_tests=0.0, period_end=DAY + pd.Timedelta(days=61))
    assert one(shares([newer, aggregate()]), operator="").value == 0.01


def test_the_order_of_ready_made_rows_says_nothing() -> None:
    rows = [
        aggregate(), aggregate(access="fixed", capable_tests=10.0), aggregate(access="", tests=200, capable_tests=70.0), aggregate(operator="", access="", tests=250, capable_tests=80.0),
        aggregate(operator="B", access="", tests=50, capable_tests=10.0, preferred_tests=0.0), aggregate(commune_code="00002", period_end=DAY + pd.Timedelta(days=91)),
    ]  # fmt: skip
    found = shares(rows)
    both = one(found, operator="", access="")
    assert (both.value, both.n) == (80 / 250, 250)
    for order in (rows[::-1], rows[3:] + rows[:3]):
        pd.testing.assert_frame_equal(shares(order), found)


def test_only_the_latest_period_counts() -> None:
    old = aggregate(period_start=DAY - pd.Timedelta(days=30), period_end=DAY - pd.Timedelta(days=1), capable_tests=1.0)
    assert one(shares([old, aggregate()])).value == 0.6


def test_networks_are_the_countrys_and_keep_their_operator() -> None:
    rows = [aggregate(asn="7552", commune_code="", access="", operator="A"), aggregate(asn="64500", commune_code="", access="", operator="", capable_tests=np.nan)]
    found = shares(rows)
    row = one(found, area_code="", access="")
    assert (row.area_level, row.source_kind, row.value) == ("country", "network_aggregate", 0.6)
    other = one(found, area_code="", access="", operator="", indicator="preferred")
    # A network whose operator nobody knows is none the less one network, and no row of them all.
    assert (other.value, other.n, other.reason) == (0.5, 200, "given_ready_made; mix_of_tests")


def test_tests_and_ready_made_counts_are_never_mixed() -> None:
    found = shares([*spread(10, 9), aggregate(capable_tests=10.0)])
    assert one(found, source_kind="tests").value == 0.9
    assert one(found, source_kind="aggregate").value == 0.1


def test_nothing_in_nothing_out() -> None:
    assert shares([]).empty
    assert ipv6_table(shares([]), {}).empty


def test_order_of_rows_does_not_matter_and_inputs_stay() -> None:
    rows = [*spread(20, 9), *spread(20, 2, operator="B", lat=21.1), aggregate()]
    given = frame_of(rows)
    before = given.copy()
    found = uptake_shares(given, PROVINCES, uptake_settings(), evidence_settings())
    pd.testing.assert_frame_equal(given, before)
    again = uptake_shares(given.iloc[::-1].reset_index(drop=True), PROVINCES, uptake_settings(), evidence_settings())
    pd.testing.assert_frame_equal(found, again)


def test_bounds_hold_their_level_where_phones_repeat() -> None:
    """150 made-up communes, 25 places with one to nine tests each that agree nine times in ten: 90 % bounds hold, naive ones do not."""
    rng = np.random.default_rng(20261129)
    truth = 0.6
    rows = []
    for commune in range(150):
        for place in range(25):
            mind = rng.random() < truth
            for _ in range(int(rng.integers(1, 10))):
                capable = bool(mind if rng.random() < 0.9 else rng.random() < truth)
                rows.append({"capable": capable, "commune_code": f"{commune:05d}", "lon": 105.0 + 0.02 * place, "lat": 20.0 + 0.01 * commune, "period_start": DAY})
    provinces = pd.Series({f"{k:05d}": "01" for k in range(150)})
    found = uptake_shares(frame_of(rows), provinces, uptake_settings(), evidence_settings())
    mine = found[(found.operator == "A") & (found.access == "mobile") & (found.indicator == "capable") & (found.area_level == "commune")]
    assert len(mine) == 150
    held = int(((mine.low <= truth) & (truth <= mine.high)).sum())
    exact = [binomtest(round(v * n), n).proportion_ci(0.90, "exact") for v, n in zip(mine.value, mine.n, strict=True)]
    naive = sum(ci.low <= truth <= ci.high for ci in exact)
    assert held >= 135  # 90 %
    assert naive < 115  # what pretending independence gives


def test_the_table_has_a_row_per_source() -> None:
    table = ipv6_table(shares([*spread(10, 9), aggregate()]), {"00001": "Xã Mẫu", "01": "Tỉnh Mẫu"})
    mine = table[(table.area_code == "00001") & (table.operator == "A")]
    assert mine[["source_kind", "access", "area_name", "capable_share", "capable_n", "preferred_share"]].values.tolist() == [
        ["aggregate", "mobile", "Xã Mẫu", 0.6, 100, 0.5], ["tests", "mobile", "Xã Mẫu", 0.9, 10, 0.4],
    ]  # fmt: skip
    assert mine.portals.isna().all()
    assert table.area_level.tolist() == sorted(table.area_level, reverse=True)
