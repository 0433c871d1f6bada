"""Series over the change of 01/07/2025: figures of former communes brought to today's with their range, and today's to the former ones."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.former_areas import FormerAreas
from geo.rules import RuleSet
from geo.service_frames import REPORTED_INDICATORS
from geo.service_quality import (
    SCORE_COLUMNS,
    SERIES_COLUMNS,
    areas_of,
    figures_of_today,
    judge_reported,
    reported_figures_of,
    scorecard,
    series,
    service_settings,
)
from geo.service_quality.former import _last_wholes, joined_figure, part_bounds
from tests.service_quality.made_up import ON, one, rule, samples, verdicts

NAN = float("nan")
# Made up: A is today what P alone was; B took Q and R whole; C took a part of S, D the rest of S and T whole.
FORMER = FormerAreas(
    pd.DataFrame(
        [
            ("00001", "Xã P", "Huyện Một", "Tỉnh Cũ", "10001"), ("00002", "Xã Q", "Huyện Một", "Tỉnh Cũ", "10002"),
            ("00003", "Xã R", "Huyện Hai", "Tỉnh Cũ", "10002"), ("00004", "Xã S", "Huyện Hai", "Tỉnh Cũ", "10003|10004"),
            ("00005", "Xã T", "Huyện Hai", "Tỉnh Cũ", "10004"),
        ],
        columns=["code", "name", "district", "province", "today"],
    ),
    pd.DataFrame({"code": ["10001", "10002", "10003", "10004"], "name": ["Xã A", "Xã B", "Xã C", "Xã D"], "province_code": "99"}),
    {"99": "Tỉnh Mới"},
)  # fmt: skip
UNITS = pd.DataFrame({"commune_code": ["10001", "10002", "10003", "10004"], "commune_name": ["Xã A", "Xã B", "Xã C", "Xã D"], "province_code": "99", "province_name": "Tỉnh Mới"})
FIBRE = rule(id="fibre", indicator="households_fibre", technology=[], access="fixed", operator="any", statistic="reported", threshold=0.8, unit="share", basis="scorecard")


def told(*rows: tuple[str, str, float, float, str]) -> pd.DataFrame:
    """Return reported figures: level, code, value, n, year."""
    frame = pd.DataFrame(rows, columns=["area_level", "area_code", "value", "n", "year"])
    return REPORTED_INDICATORS.conform(
        frame.assign(
            former_place=[FORMER.codes.index(c) if lv == "former_commune" else -1 for lv, c in zip(frame["area_level"], frame["area_code"], strict=True)],
            indicator="households_fibre", period_start=pd.to_datetime(frame["year"] + "-01-01"), period_end=pd.to_datetime(frame["year"] + "-12-31"),
            source_kind="local_report", file="made_up.csv", sheet="", row=range(2, len(frame) + 2),
        )
    )  # fmt: skip


OLD = told(
    ("former_commune", "00001", 0.70, 500, "2024"), ("former_commune", "00002", 0.90, 300, "2024"), ("former_commune", "00003", 0.50, 100, "2024"),
    ("former_commune", "00004", 0.20, 200, "2024"), ("former_commune", "00005", 0.60, 600, "2024"),
)  # fmt: skip


def converted(table: pd.DataFrame) -> pd.DataFrame:
    return figures_of_today(reported_figures_of(table, "former_commune"), FORMER, list(UNITS["commune_code"])).set_index("area_code")


def test_old_to_new_by_hand() -> None:
    """B: (300 x 0.9 + 100 x 0.5) / 400 = 0.8. D: T and none to all of S: 0.6 to (600 x 0.6 + 200 x 0.2) / 800 = 0.5; half of S: 380 / 700."""
    found = converted(OLD)
    assert found["conversion"].tolist() == ["same", "joined", "joined_divided", "joined_divided"]
    assert found.loc["10001", ["value", "n"]].tolist() == [0.70, 500]
    assert found.loc["10002", "value"] == pytest.approx(0.8)
    assert np.isnan(found.loc["10002", "low"])  # nothing is left open
    assert found.loc["10004", ["value", "low", "high"]].tolist() == pytest.approx([380 / 700, 0.5, 0.6])
    assert found.loc["10004", ["parts", "parts_divided", "parts_missing"]].tolist() == [2, 1, 0]


def test_without_what_figures_are_shares_of_the_range_is_from_least_to_greatest() -> None:
    found = converted(OLD.assign(n=NAN))
    assert found.loc["10002", ["value", "low", "high"]].tolist() == pytest.approx([0.7, 0.5, 0.9])
    assert np.isnan(found.loc["10002", "n"])


def test_a_former_commune_without_a_figure_leaves_today_s_unknown() -> None:
    found = converted(OLD[OLD["area_code"] != "00003"])
    assert np.isnan(found.loc["10002", "value"])
    assert found.loc["10002", ["conversion", "parts_missing"]].tolist() == ["incomplete", 1]


def test_a_share_of_nobody_weighs_nothing() -> None:
    """(0.5 × 100 + 0.9 × 300) / 400 = 0.8; a commune of no household beside them changes nothing, and does not make the others weigh alike."""
    value, n, whole = np.array([0.5, 0.9, 0.0]), np.array([100.0, 300.0, 0.0]), np.zeros(3, dtype=bool)
    assert joined_figure(value, n, whole) == joined_figure(value[:2], n[:2], whole[:2])
    assert joined_figure(value, n, whole).value == pytest.approx(0.8)
    assert joined_figure(value[1:], np.zeros(2), whole[1:]).value == 0.45  # nobody anywhere: nothing to weigh by


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1, 1000), st.booleans()), min_size=2, max_size=5), st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_the_range_holds_every_way_of_dividing_and_its_ends_are_reached(parts: list[tuple[float, float, bool]], shares: list[float]) -> None:
    value, n, divided = (np.array([p[i] for p in parts]) for i in range(3))
    divided = divided.astype(bool)
    found = joined_figure(value, n, divided)
    taken = np.where(divided, np.maximum(shares[: len(parts)], 1e-9), 1.0)
    mean = (n * taken * value).sum() / (n * taken).sum()
    assert found.low - 1e-9 <= mean <= found.high + 1e-9
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    corners = [np.where(divided, np.array(c), 1.0) for c in itertools.product((0.0, 1.0), repeat=len(parts))]
    means = [(n * c * value).sum() / (n * c).sum() for c in corners if (n * c).sum() > 0]
    assert (min(means), max(means)) == (pytest.approx(found.low), pytest.approx(found.high))


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.99))
def test_a_part_s_share_lies_in_its_bounds(mine: float, others: float, part: float) -> None:
    low, high = part_bounds(part * mine + (1 - part) * others, part)
    assert low - 1e-9 <= mine <= high + 1e-9
    assert 0 <= low <= high + 1e-12
    assert high <= 1


def run(table: pd.DataFrame, *extra: pd.DataFrame, by_name: frozenset[tuple[str, str]] = frozenset()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return verdicts and series as the stage makes them."""
    areas, rules = areas_of(UNITS), RuleSet((FIBRE,))
    former = reported_figures_of(table, "former_commune")
    today = pd.concat([reported_figures_of(table, "commune").drop(columns="former_place"), figures_of_today(former, FORMER, list(UNITS["commune_code"]))], ignore_index=True)
    standards = pd.concat([judge_reported(today, areas, rules, on=ON), *extra], ignore_index=True)
    own = judge_reported(former, areas, rules, on=ON)
    return standards, series(standards, own[own["area_level"] == "former_commune"], FORMER, UNITS, placed_by_name=by_name)


NOW = told(("commune", "10001", 0.85, 520, "2026"), ("commune", "10002", 0.90, 420, "2026"), ("commune", "10004", 0.70, 700, "2026"))


def test_series_of_both_over_the_change() -> None:
    standards, found = run(pd.concat([OLD, NOW], ignore_index=True))
    assert tuple(found.columns) == SERIES_COLUMNS
    b = found[(found["area_level"] == "commune") & (found["area_code"] == "10002")]
    assert b[["period", "value", "counted_on", "conversion", "error"]].to_numpy().tolist() == [["2024", pytest.approx(0.8), "former", "joined", "none"], ["2026", 0.9, "today", "own", ""]]
    q = found[found["area_code"] == "00002"]
    assert q[["period", "counted_on", "conversion", "error"]].to_numpy().tolist() == [["2024", "former", "own", ""], ["2026", "today", "part", "range"]]
    # Q has 300 of 400 households: of 90 % of all at least (0.9 - 0.25) / 0.75 = 86.7 % of Q's.
    assert q[["value", "low", "high"]].to_numpy()[1].tolist() == pytest.approx([0.9, 0.65 / 0.75, 1.0])
    p = found[(found["area_code"] == "00001") & (found["period"] == "2026")].iloc[0]
    assert (p["value"], p["conversion"], p["error"], p["today_codes"]) == (0.85, "same", "none", "10001")
    s = found[(found["area_code"] == "00004") & (found["period"] == "2026")]
    assert s[["conversion", "error"]].to_numpy().tolist() == [["divided", "not_known"]]
    assert s["value"].isna().all()
    c = found[(found["area_level"] == "commune") & (found["area_code"] == "10003")].iloc[0]
    assert (c["value"], c["error"]) == (0.2, "not_known")  # what S had as a whole: its part need not be alike
    t = found[(found["area_code"] == "00005") & (found["period"] == "2026")].iloc[0]
    assert (t["conversion"], t["error"], t["today_codes"]) == ("part", "not_known", "10004")  # S went there in part: who lives there is not known
    assert set(standards["evidence"]) == {"not_enough"}


def test_what_is_reported_is_never_evidence_and_its_range_decides_nothing() -> None:
    """D lies in 0.5 to 0.6 however S's people were divided: below 0.8, and still nobody measured it, nor whether S was alike throughout."""
    standards, _ = run(OLD)
    d, b = one(standards, "10004"), one(standards, "10002")
    assert (d["rule_result"], d["evidence"]) == ("indicative", "not_enough")
    assert d["reason"] == "reported_not_measured; former_divided; former_range"
    assert (b["rule_result"], b["reason"]) == ("meets", "reported_not_measured; former_joined")
    missing, _ = run(OLD[OLD["area_code"] != "00003"])
    gone = one(missing, "10002")
    assert (gone["rule_result"], gone["reason"]) == ("not_applicable", "reported_not_measured; former_incomplete")


def test_the_scorecard_takes_the_latest_period_and_names_who_did_not_report() -> None:
    standards, _ = run(pd.concat([OLD, NOW], ignore_index=True))
    card = scorecard(standards, areas_of(UNITS), service_settings(), population=dict.fromkeys(UNITS["commune_code"], 1.0))
    assert tuple(card.columns) == SCORE_COLUMNS
    communes = card[card["area_level"] == "commune"]
    assert communes[["area_code", "period", "rank_note"]].to_numpy().tolist() == [
        ["10001", "2026", "no_interval"], ["10002", "2026", "no_interval"], ["10003", "2026", "no_value"], ["10004", "2026", "no_interval"],
    ]  # fmt: skip
    assert one(card, "10003")["reason"] == "not_reported_here"
    roll = one(card, "99")
    assert (roll["value"], roll["population_share"]) == (pytest.approx((0.85 + 0.9 + 0.7) / 3), 0.75)


def test_tests_that_a_former_commune_s_name_placed_say_so() -> None:
    rows = [{"download_mbps": 50.0, "tests": 400, "statistic": "mean", "commune_code": c, "period_start": "2025-05-01", "period_end": "2025-05-31"} for c in ("10002", "10004")]
    tests = samples(rows, is_aggregate=True, time=None, lon=NAN, lat=NAN)
    table = verdicts(tests, rule(operator="any", period="month", valid_from=date(2020, 1, 1)), areas=areas_of(UNITS))
    _, found = run(OLD, table, by_name=frozenset({("10002", "2025-05"), ("10004", "2025-05")}))
    found = found[(found["rule_id"] == "made_up") & (found["area_level"] == "commune")]
    assert found[["area_code", "counted_on", "conversion", "error", "parts_missing"]].to_numpy().tolist() == [["10002", "former", "joined", "none", 0], ["10004", "former", "joined_divided", "not_known", 1]]


def test_the_latest_whole_is_that_of_the_period_that_ends_last() -> None:
    """October comes after the third quarter, whose name comes after it as a text."""
    own = pd.DataFrame({"period": ["2026-10", "2026-Q3"], "indicator": "households_fibre", "former_place": [0, 0], "n": [5.0, 9.0]})
    assert _last_wholes(own) == {"households_fibre": {0: 5.0}}
