"""Ranks, reported figures and the commune scorecard: by hand, and ranks against made-up truths."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.rules import read_rules
from geo.rules import RuleSet
from geo.service_quality import (
    REPORTED_COLUMNS,
    SCORE_COLUMNS,
    areas_of,
    judge_reported,
    rank_areas,
    scorecard,
    service_settings,
    shared_sites,
    villages_with_broadband,
)
from tests.service_quality.made_up import ON, UNITS, one, rule, samples, verdicts

SETTINGS = service_settings()
NAN = float("nan")


# -- ranks ----------------------------------------------------------------------------------------


def test_ranks_by_hand() -> None:
    """Five areas: one surely best, two that cannot be told apart, one surely last, one without bounds."""
    value = np.array([90.0, 50.0, 52.0, 10.0, 70.0])
    found = rank_areas(value, value - np.array([5, 5, 5, 5, NAN]), value + np.array([5, 5, 5, 5, NAN]), more_is_better=True, ranked_share=0.5)
    np.testing.assert_array_equal(found.rank, [1, 3, 2, 4, NAN])
    np.testing.assert_array_equal(found.best, [1, 2, 2, 4, NAN])
    np.testing.assert_array_equal(found.worst, [1, 3, 3, 4, NAN])
    np.testing.assert_array_equal(found.ties, [0, 1, 1, 0, NAN])
    least = rank_areas(value, value - 5.0, value + 5.0, more_is_better=False, ranked_share=0.5)
    np.testing.assert_array_equal(least.rank, [5, 2, 3, 1, 4])


def test_bounds_that_overlap_are_not_apart_though_the_values_lie_outside() -> None:
    """45 to 55 and 51 to 61: neither value lies within the other's bounds, yet either may be the better."""
    value = np.array([50.0, 56.0])
    found = rank_areas(value, value - 5.0, value + 5.0, more_is_better=True, ranked_share=1.0)
    assert (found.best.tolist(), found.worst.tolist(), found.ties.tolist()) == ([1, 1], [2, 2], [1, 1])


def test_equal_values_share_the_better_rank() -> None:
    value = np.array([3.0, 3.0, 1.0, 5.0])
    found = rank_areas(value, value, value, more_is_better=True, ranked_share=0.5)
    np.testing.assert_array_equal(found.rank, [2, 2, 4, 1])
    np.testing.assert_array_equal(found.worst, [3, 3, 4, 1])


def test_what_may_have_nearly_any_rank_is_not_ranked() -> None:
    value = np.array([1.0, 2.0, 3.0, 40.0])
    found = rank_areas(value, value - 10, value + 10, more_is_better=True, ranked_share=0.5)
    assert found.ranked.tolist() == [False, False, False, True]
    assert np.isnan(found.rank[:3]).all()
    alone = rank_areas(np.array([1.0]), np.array([0.0]), np.array([2.0]), more_is_better=True, ranked_share=0.5)
    assert not alone.ranked[0]


def test_true_ranks_lie_within_what_ranks_may_be() -> None:
    """40 runs of 12 communes of 30 to 60 skewed samples: all true ranks at once in at least 90 % of the runs; ranks by value are never all right."""
    rng = np.random.default_rng(3)
    units = pd.DataFrame({"commune_code": [f"{i:05d}" for i in range(12)], "province_code": "99"})
    base = samples([{}])
    held = right = 0
    runs = 40
    for _ in range(runs):
        truth = 40.0 * np.exp(rng.normal(0, 0.5, 12))
        of = np.repeat(np.arange(12), rng.integers(30, 61, 12))
        frame = base.iloc[np.zeros(len(of), dtype=int)].reset_index(drop=True)
        frame["download_mbps"] = truth[of] * np.exp(rng.normal(-0.32, 0.8, len(of)))
        frame["commune_code"], frame["device_id"] = np.char.zfill(of.astype(str), 5), np.arange(len(of)).astype(str)
        table = verdicts(frame, rule(), areas=areas_of(units))
        table = table[table["area_level"] == "commune"].sort_values("area_code")
        found = rank_areas(*(table[n].to_numpy() for n in ("value", "joint_low", "joint_high")), more_is_better=True, ranked_share=1.0)  # type: ignore[arg-type]
        true = 12 - np.argsort(np.argsort(truth))
        held += bool(((true >= found.best) & (true <= found.worst)).all())
        right += bool((true == found.rank).all())
    assert held >= 0.9 * runs - 2 * np.sqrt(0.09 * runs)
    assert right < 0.5 * runs


# -- reported figures -----------------------------------------------------------------------------


def reported(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(REPORTED_COLUMNS))


FIBRE_ENTRY: dict[str, Any] = {
    "indicator": "households_fibre", "technology": [], "access": "fixed", "statistic": "reported", "threshold": 0.8, "unit": "share", "basis": "scorecard",
}  # fmt: skip
FIBRE = rule(**FIBRE_ENTRY)


def judged(frame: pd.DataFrame, *rules: object, on: date = ON) -> pd.DataFrame:
    return judge_reported(frame, areas_of(UNITS), RuleSet(tuple(rules)), on=on)  # type: ignore[arg-type]


def test_a_reported_figure_meets_or_fails_and_shows_nothing_of_its_truth() -> None:
    table = judged(reported(("10001", "commune", "households_fibre", 0.8, NAN, NAN, 0, "2025", "operator_report"), ("10002", "commune", "households_fibre", 0.79, NAN, NAN, 0, "2025", "operator_report")), FIBRE)
    assert table["rule_result"].tolist() == ["meets", "fails", "not_applicable"]
    assert set(table["evidence"]) == {"not_enough"}
    assert table["reason"].tolist() == ["reported_without_spread", "reported_without_spread", "not_reported_here"]


def test_a_figure_between_bounds() -> None:
    def word(low: float, high: float) -> tuple[str, str]:
        row = judged(reported(("10001", "commune", "households_fibre", (low + high) / 2, low, high, 10, "2025", "")), FIBRE).iloc[0]
        return row["rule_result"], row["evidence"]

    assert [word(0.8, 0.9), word(0.1, 0.7), word(0.5, 0.9), word(0.8, 0.8)] == [
        ("meets", "supported"), ("fails", "contradicted"), ("indicative", "not_enough"), ("meets", "supported"),
    ]  # fmt: skip


def test_nothing_reported_is_said() -> None:
    table = judged(reported(), FIBRE)
    assert table[["area_code", "rule_result", "reason"]].to_numpy().tolist() == [[code, "not_applicable", "not_reported"] for code in UNITS["commune_code"]]
    of_villages = judged(reported(), *(r for r in read_rules("vn-2026").rules if r.indicator.name in {"villages_mobile_broadband", "sites_shared"}))
    assert set(of_villages["reason"]) == {"villages_not_counted", "sites_not_counted"}
    whole = judged(reported(), rule(**{**FIBRE_ENTRY, "area_level": "province"}))
    assert whole[["area_code", "reason"]].to_numpy().tolist() == [["99", "not_reported"]]
    rest = judged(reported(), *read_rules("vn-2026").rules)
    assert set(rest["rule_result"]) == {"not_applicable"}
    assert not ((rest["status"] == "unverified") & (rest["basis"] == "legal")).any()
    with pytest.raises(InputError, match="lack columns: low"):
        judged(reported().drop(columns="low"), FIBRE)


def test_each_indicator_of_communes_has_a_row_for_each_commune_that_says_why() -> None:
    """Of the set of eleven nothing was given but the villages and sites of one commune: no commune is absent from the scorecard."""
    rules = [r for r in read_rules("vn-2026").rules if r.id.startswith("commune_")]
    counted = reported(
        ("10001", "commune", "villages_mobile_broadband", 0.5, 0.5, 0.5, 4, "2026-11-01", ""), ("10001", "commune", "sites_shared", 0.5, 0.5, 0.5, 2, "2026-11-01", "operator_report"),
    )  # fmt: skip
    empty = samples([{"download_mbps": 1.0, "technology": "2G", "commune_code": ""}]).iloc[:0]
    table = pd.concat([judged(counted, *rules), verdicts(empty, *rules)])
    card = scorecard(table, areas_of(UNITS), SETTINGS)
    assert len(rules) == 11
    for one_rule in rules:
        mine = card[card["rule_id"] == one_rule.id].set_index("area_code")
        assert mine.index.tolist() == UNITS["commune_code"].tolist(), one_rule.id
        silent = mine.loc[mine["value"].isna(), "reason"]
        assert len(silent) == (2 if one_rule.indicator.name in set(counted["indicator"]) else 3)
        assert set(silent) == {{"villages_mobile_broadband": "no_villages_here", "sites_shared": "no_sites_here", "download": "no_samples"}.get(one_rule.indicator.name, "not_reported")}


def test_villages_with_broadband() -> None:
    """Of five villages one is white, one has 2G alone, one is undecided: 2 of the 4 known, 2/5 to 3/5 of all."""
    villages = pd.DataFrame(
        {"commune_code": ["10001"] * 5 + ["10002"], "class": ["served", "no_4g", "white", "voice_only", "undecided", "undecided"], "best_technology": ["4G", "3G", "4G", "2G", "4G", "4G"]}
    )
    found = villages_with_broadband(villages, ["10001", "10002", "10003"], ON)
    assert found[["area_code", "value", "low", "high", "n"]].iloc[0].tolist() == ["10001", 0.5, 0.4, 0.6, 5.0]
    assert np.isnan(found["value"].iloc[1])
    assert len(found) == 2  # a commune without villages has no share
    row = judged(found, *read_rules("vn-2026").get("commune_villages_mobile_broadband")).iloc[0]
    assert (row["rule_result"], row["evidence"], row["basis"]) == ("fails", "contradicted", "scorecard")


def test_sites_on_shared_masts() -> None:
    sites = pd.DataFrame(
        {"operator": ["A", "B", "A", "B", "A"], "status": ["on_air", "on_air", "on_air", "planned", "on_air"], "mast_id": ["m1", "m1", "m2", "m2", "m3"], "commune_code": ["10001"] * 4 + ["10002"]}
    )
    found = shared_sites(sites, ["A", "B"], ["10001", "10002", "10003"], ON)
    assert found[["area_code", "value", "n"]].to_numpy().tolist() == [["10001", pytest.approx(2 / 3), 3.0], ["10002", 0.0, 1.0]]
    assert shared_sites(sites, ["A", "B", "C"], ["10001"], ON).empty  # C gave no list: nobody can tell


# -- the scorecard --------------------------------------------------------------------------------


def three_communes() -> pd.DataFrame:
    rows = [{"download_mbps": v + (i % 5), "commune_code": c} for c, v in (("10001", 100.0), ("10002", 20.0), ("10003", 20.2)) for i in range(40)]
    return verdicts(samples(rows), rule(operator="any", basis="scorecard"))


def test_scorecard_by_hand() -> None:
    card = scorecard(three_communes(), areas_of(UNITS), SETTINGS, population={"10001": 1000.0, "10002": 3000.0, "10003": 0.0})
    assert tuple(card.columns) == SCORE_COLUMNS
    first, last = one(card), one(card, "10003")
    assert (first["rank"], first["rank_note"], first["evidence"], first["value"]) == (1, "", "supported", 102.0)
    assert (last["rule_result"], last["rank_best"], last["rank_worst"], last["rank_note"]) == ("fails", 2, 3, "cannot_be_ranked")
    roll = one(card, "99")
    assert (roll["area_level"], roll["statistic"], roll["n"]) == ("province", "population_weighted", 80)
    assert roll["value"] == pytest.approx(0.25 * 102 + 0.75 * 22)
    a, b = one(card), one(card, "10002")
    assert roll["low"] == pytest.approx(roll["value"] - np.hypot(0.25 * (a["value"] - a["low"]), 0.75 * (b["value"] - b["low"])))
    assert (roll["population_share"], roll["rule_result"]) == (1.0, "indicative")


def test_areas_have_their_names() -> None:
    units = UNITS.assign(commune_name=["Xã Một", "Xã Hai", "Xã Ba"], province_name="Tỉnh Giả")
    places = areas_of(units)
    table = verdicts(samples([{"download_mbps": 50.0}]), rule(operator="any"), areas=places)
    assert (one(table, "10002")["area_name"], one(table, "99")["area_name"]) == ("Xã Hai", "Tỉnh Giả")
    card = scorecard(table, places, SETTINGS, population={"10001": 5.0})
    assert (one(card)["area_name"], one(card, "99")["area_name"]) == ("Xã Một", "Tỉnh Giả")
    told = judge_reported(reported(("10003", "commune", "households_fibre", 0.8, NAN, NAN, 0, "2026", "operator_report")), places, RuleSet((FIBRE,)), on=ON)
    assert told[["area_name", "reason"]].to_numpy().tolist() == [
        ["Xã Ba", "period_not_over; reported_without_spread"], ["Xã Một", "not_reported_here"], ["Xã Hai", "not_reported_here"],
    ]  # fmt: skip
    assert one(verdicts(samples([{"download_mbps": 50.0}]), rule()))["area_name"] == ""  # not known


def test_communes_without_samples_are_not_ranked_and_not_rolled_up() -> None:
    table = verdicts(samples([{"download_mbps": 50.0 + i} for i in range(40)]), rule(operator="any"))
    card = scorecard(table, areas_of(UNITS), SETTINGS, population={"10001": 1000.0, "10002": 3000.0, "10003": NAN})
    assert (one(card, "10002")["rank_note"], one(card, "10002")["rule_result"]) == ("no_value", "insufficient_n")
    assert one(card)["rank_note"] == "only_one"  # 1 of 1 is no rank
    assert np.isnan([one(card)["rank"], one(card)["rank_best"], one(card)["rank_worst"], one(card)["ties"]]).all()
    assert np.isnan(one(card, "99")["population_share"])  # how many live in the third is not known
    assert scorecard(table, areas_of(UNITS), SETTINGS)["area_level"].eq("commune").all()


def test_scorecard_of_aggregates_has_no_ranks() -> None:
    rows = [{"download_mbps": v, "tests": 400, "statistic": "mean", "commune_code": c} for c, v in (("10001", 40.0), ("10002", 60.0))]
    table = verdicts(samples(rows, is_aggregate=True, time=None, period_end="2026-10-31"), rule(operator="any"))
    card = scorecard(table, areas_of(UNITS), SETTINGS, population={"10001": 1.0, "10002": 1.0, "10003": 1.0})
    assert one(card)["rank_note"] == "no_interval"
    roll = one(card, "99")
    assert (roll["value"], roll["population_share"]) == (50.0, pytest.approx(2 / 3))
    assert np.isnan(roll["low"])


def test_the_latest_month_and_the_latest_version_count() -> None:
    rows = [{"download_mbps": v, "time": t} for v, t in ((10.0, "2026-08-05"), (20.0, "2026-09-05"))]
    card = scorecard(verdicts(samples(rows), rule(operator="any", period="month")), areas_of(UNITS), SETTINGS)
    assert (one(card)["value"], one(card)["period"]) == (20.0, "2026-09")
    old, new = rule(threshold=5.0, valid_from=date(2020, 1, 1), valid_to=date(2026, 8, 31)), rule(threshold=7.0, valid_from=date(2026, 9, 1))
    assert one(scorecard(verdicts(samples(rows), old, new), areas_of(UNITS), SETTINGS))["threshold"] == 7.0
    assert one(scorecard(verdicts(samples(rows[:1]), old, new), areas_of(UNITS), SETTINGS))["threshold"] == 5.0


def test_a_month_and_a_quarter_that_end_together_are_one_row() -> None:
    """Else a commune stands twice, and twice in its province's figure."""
    rows = [{"download_mbps": v, "time": t} for v, t in ((10.0, "2026-08-05"), (20.0, "2026-09-05"))]
    month = verdicts(samples(rows), rule(operator="any", period="month"))
    september = month[month["period"] == "2026-09"]
    quarter = september.assign(period="2026-Q3", value=15.0)
    for order in ((september, quarter), (quarter, september)):
        card = scorecard(pd.concat(order, ignore_index=True), areas_of(UNITS), SETTINGS)
        shown = card[card["value"].notna()]
        assert len(shown)
        assert set(shown["period"]) == {"2026-09"}
        assert not card.duplicated(["rule_id", "area_code", "operator", "technology", "access", "source_kind"]).any()
    alone = scorecard(quarter, areas_of(UNITS), SETTINGS)  # a commune that has the quarter alone keeps it
    assert set(alone.loc[alone["value"].notna(), "period"]) == {"2026-Q3"}


def test_single_tests_and_sums_of_one_kind_of_source_are_one_row_each_commune() -> None:
    """400 tests that somebody summed up beside 2 single ones: the commune counts once in its province, by the figure of most tests."""
    single = [{"download_mbps": 10.0}, {"download_mbps": 20.0}, {"download_mbps": 30.0, "commune_code": "10002"}]
    sums = [{"download_mbps": 50.0, "tests": 400, "is_aggregate": True, "statistic": "mean", "time": None, "device_id": "", "period_start": "2026-10-01", "period_end": "2026-10-31"}]
    for period in ("all", "month"):
        table = verdicts(samples([*single, *sums]), rule(operator="any", period=period))
        assert len(table[(table["area_code"] == "10001") & (table["n"] == 0)]) == 0  # the sums' silence is not the single tests'
        assert len(table[table["area_code"] == "10003"]) == 1
        card = scorecard(table, areas_of(UNITS), SETTINGS, population={"10001": 100, "10002": 300, "10003": 100})
        communes = card[card["area_level"] == "commune"].set_index("area_code")
        assert communes["value"].dropna().to_dict() == {"10001": 50.0, "10002": 30.0}
        assert one(card, "99")["value"] == 35.0  # (100 × 50 + 300 × 30) / 400
        assert one(card, "99")["population_share"] == 0.8


def test_the_last_campaign_stands_on_the_scorecard() -> None:
    rows = [{"download_mbps": 10.0, "campaign": "Đợt 2", "time": "2026-05-05"}, {"download_mbps": 20.0, "campaign": "Đợt 1", "time": "2026-09-05"}, {"download_mbps": 30.0, "time": "2026-10-05"}]
    for order in (rows, rows[::-1]):
        card = scorecard(verdicts(samples(order), rule(operator="any", period="campaign")), areas_of(UNITS), SETTINGS)
        assert card["value"].dropna().tolist() == [20.0]
        assert card["area_code"].tolist() == ["10001", "10002", "10003"]
