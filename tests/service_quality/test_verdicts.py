"""Verdicts by hand: what the document says, what the samples show, and why nothing can be said."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.rules import read_rules
from geo.service_quality import STANDARD_COLUMNS, Areas
from tests.service_quality.made_up import declared, one, rule, samples, verdicts


def speeds(*values: float, **more: object) -> object:
    return samples([{"download_mbps": v} for v in values], **more)


def test_a_mean_by_hand() -> None:
    """Mean of per-sample speeds: (30 + 50 + 70) / 3 = 50 meets 40; three samples show nothing."""
    row = one(verdicts(speeds(30, 50, 70), rule()))
    assert (row["value"], row["n"], row["n_effective"], row["threshold"]) == (50.0, 3, 3.0, 40.0)
    assert (row["rule_result"], row["evidence"], row["basis"]) == ("meets", "not_enough", "legal")
    assert np.isnan(row["low"])
    assert np.isnan(row["q_value"])  # nothing was tested
    assert one(verdicts(speeds(30, 40, 50), rule()))["rule_result"] == "meets"  # 40 is not below 40
    assert one(verdicts(speeds(30, 40, 50), rule(comparator=">")))["rule_result"] == "fails"


def test_columns_are_those_that_programs_rely_on() -> None:
    table = verdicts(speeds(30, 50, 70), rule())
    assert tuple(table.columns[: len(STANDARD_COLUMNS)]) == STANDARD_COLUMNS
    assert STANDARD_COLUMNS[:24] == (
        "area_code", "area_level", "rule_id", "operator", "technology", "access", "period", "source_kind", "statistic", "value", "low", "high", "n",
        "n_effective", "n_needed", "threshold", "rule_result", "evidence", "q_value", "reason", "basis", "status", "document", "clause",
    )  # fmt: skip


def test_a_share_by_hand() -> None:
    """57 of 60 at or above 30 Mbit/s are 95 %: the rule is met, and P(X ≥ 57 | 60, 0.95) = 0.647 shows nothing."""
    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    row = one(verdicts(speeds(*[30.0] * 57, *[29.9] * 3), asked))
    assert (row["value"], row["n"], row["rule_result"], row["evidence"]) == (0.95, 60, "meets", "not_enough")
    assert row["low"] == pytest.approx(0.87589, abs=1e-4)  # Clopper-Pearson, 90 %
    bad = one(verdicts(speeds(*[30.0] * 45, *[29.9] * 15), asked))
    assert (bad["rule_result"], bad["evidence"]) == ("fails", "contradicted")
    assert bad["q_value"] < 0.05
    good = one(verdicts(speeds(*[30.0] * 59), asked))  # 0.95 ** 59 = 0.0485
    assert (good["rule_result"], good["evidence"]) == ("meets", "supported")


def test_a_percentile_by_hand() -> None:
    asked = rule(statistic="percentile", percentile=0.1, threshold=10.0)
    row = one(verdicts(speeds(*np.arange(1.0, 101.0)), asked))  # the tenth of a hundred is 10
    assert (row["statistic"], row["value"], row["rule_result"], row["evidence"]) == ("p10", 10.0, "meets", "not_enough")
    assert one(verdicts(speeds(*np.arange(1.0, 101.0) * 3), asked))["evidence"] == "supported"


def test_a_share_of_yes_and_no() -> None:
    asked = rule(indicator="ipv6", technology=[], statistic="share", threshold=0.8, unit="share", basis="target")
    row = one(verdicts(samples([{"ipv6": i < 3} for i in range(4)] + [{"ipv6": None}]), asked))
    assert (row["value"], row["n"], row["rule_result"]) == (0.75, 4, "fails")  # an unknown one is no "no"


def test_one_phone_in_one_place_is_one_sample() -> None:
    row = one(verdicts(speeds(*[90.0] * 200, device_id="one"), rule()))
    assert (row["n"], row["n_effective"], row["evidence"]) == (200, 1.0, "not_enough")
    assert set(row["reason"].split("; ")) == {"one_phone", "few_places", "one_time_of_day"}
    assert row["rule_result"] == "meets"  # the document counts samples


def test_evidence_of_few_days_says_so() -> None:
    """59 phones on one day show the share for that day; on twelve days there is nothing to add."""
    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    for days, said in ((1, True), (9, True), (12, False)):
        rows = [{"download_mbps": 50.0, "device_id": f"m{i}", "time": f"2026-10-{1 + i % days:02d}T03:00:00Z"} for i in range(59)]
        row = one(verdicts(samples(rows), asked))
        assert (row["evidence"], "few_days" in row["reason"].split("; ")) == ("supported", said), days
    assert "few_days" not in one(verdicts(speeds(30, 50, 70), asked))["reason"]  # nothing is shown, nothing to limit


def test_clusters_are_phones_on_pieces_of_route() -> None:
    """Two instruments, each 3 times in two squares 1 km apart: four clusters. Without phones a day stands for one."""
    rows = [{"download_mbps": 50.0, "device_id": d, "lon": x} for d in ("a", "b") for x in (105.0, 105.01) for _ in range(3)]
    minutes = np.tile(np.repeat(np.array([0, 2], dtype="timedelta64[m]"), 3), 2)
    frame = samples(rows, source_kind="drive_test")
    frame = frame.assign(time=frame["time"] + minutes)
    from geo.service_quality.samples import samples_of
    from geo.service_quality.settings import service_settings

    def clusters(given: object) -> int:
        areas = {"commune": ["10001"]}
        return len(np.unique(samples_of(given, areas, {}, on=date(2026, 1, 1), settings=service_settings()).cluster))

    assert clusters(frame) == 4
    assert clusters(frame.assign(device_id="")) == 2
    later = frame.assign(device_id="", time=frame["time"] + np.repeat(np.array([0, 24], dtype="timedelta64[h]"), 6))
    assert clusters(later) == 4
    nowhere = frame.assign(lon=np.nan, lat=np.nan)
    assert clusters(nowhere) == 2  # two phones on one day
    assert clusters(frame.assign(source_kind="crowd_test")) == 2  # somebody's own phone is one wherever it is
    assert clusters(frame.assign(time=frame["time"] - minutes)) == 2  # and an instrument within one minute
    assert clusters(frame.iloc[::-1]) == 4
    assert clusters(nowhere.assign(device_id="", time=None)) == 1


def test_rows_that_tell_nothing_hang_together() -> None:
    row = one(verdicts(speeds(*[90.0, 91.0] * 100, device_id="", lon=np.nan, lat=np.nan, time=None), rule()))
    assert (row["n"], row["n_effective"], row["evidence"]) == (200, 1.0, "not_enough")
    assert "samples_hang_together" in row["reason"]
    assert np.isnan([row["days"], row["hours"], row["places"], row["devices"]]).all()  # not recorded is not 0


def test_one_minute_of_one_phone_is_one_sample_wherever_it_says_it_was() -> None:
    """Thousands of tests within a minute, at positions all over the commune: with a phone's number and without, of an instrument and of anybody."""
    rng = np.random.default_rng(1)
    n = 2000
    frame = samples([{"download_mbps": 90.0}] * n, device_id="one").assign(lon=105.0 + rng.random(n) / 10, lat=21.0 + rng.random(n) / 10)
    for given in (frame, frame.assign(device_id=""), frame.assign(source_kind="drive_test"), frame.assign(source_kind="drive_test", device_id="")):
        row = one(verdicts(given, rule()))
        assert (row["n"], row["n_effective"], row["evidence"]) == (n, 1.0, "not_enough")
    # A phone of its own for each: 2,000 of them.
    many = one(verdicts(frame.assign(device_id=[f"d{i}" for i in range(n)]), rule()))
    assert (many["n_effective"], many["evidence"]) == (n, "supported")


def test_time_alone_sets_days_apart_and_says_so() -> None:
    """A test every minute for ten hours of three days, neither phone nor place told: three clusters."""
    frame = samples([{"download_mbps": 90.0 + i % 7} for i in range(1800)], device_id="", lon=np.nan, lat=np.nan)
    late = frame.assign(time=frame["time"] + np.array([24 * 60 * (i // 600) + i % 600 for i in range(1800)], dtype="timedelta64[m]"))
    row = one(verdicts(late, rule()))
    assert row["n_effective"] < 4.0
    assert row["evidence"] == "not_enough"
    assert "samples_hang_together" in row["reason"].split("; ")
    # A phone's number alone is no more: it may have stood still.
    row = one(verdicts(late.assign(device_id="one", source_kind="drive_test"), rule()))
    assert row["n_effective"] < 4.0
    assert "samples_hang_together" not in row["reason"].split("; ")


def test_phones_behind_aggregates_that_nobody_told_are_not_zero() -> None:
    def phones(*devices: int) -> float:
        rows = [{"download_mbps": 50.0, "tests": 9, "devices": d, "statistic": "mean"} for d in devices]
        return float(one(verdicts(samples(rows, is_aggregate=True, time=None, period_end="2026-10-31"), rule()))["devices"])

    assert phones(3, 4) == 7
    assert np.isnan([phones(0), phones(3, 0)]).all()


def test_spread_is_told() -> None:
    rows = [{"download_mbps": 50.0, "device_id": f"d{i % 4}", "lon": 105.0 + 0.01 * (i % 5), "time": f"2026-10-0{1 + i % 3} {i % 6:02d}:00"} for i in range(60)]
    row = one(verdicts(samples(rows), rule()))
    assert (row["days"], row["hours"], row["places"], row["devices"]) == (3, 6, 5, 4)
    assert row["reason"] == ""  # 7 to 12 o'clock local time, five hours apart
    assert row["period"] == "2026-10-01/2026-10-03"


def test_elsewhere_a_result_is_indicative() -> None:
    here = rule(area_level="province", source_kinds=["official_measurement"], campaign_required=True, period="campaign")
    table = verdicts(speeds(30, 50, 70, source_kind="official_measurement", campaign="autumn"), here)
    assert one(table, "99")["rule_result"] == "meets"
    commune = one(table)
    assert (commune["area_level"], commune["rule_area_level"]) == ("commune", "province")
    assert (commune["rule_result"], commune["reason"].split("; ")[0]) == ("indicative", "other_area_level")
    crowd = one(verdicts(speeds(30, 50, 70, campaign="autumn"), here), "99")
    assert (crowd["rule_result"], crowd["reason"].split("; ")[0]) == ("indicative", "other_source_kind")
    alone = one(verdicts(speeds(30, 50, 70, source_kind="official_measurement"), here), "99")
    assert (alone["rule_result"], alone["reason"].split("; ")[0]) == ("indicative", "no_campaign")


def test_a_recalled_rule_is_never_legal() -> None:
    for status in ("unverified", "draft"):
        row = one(verdicts(speeds(30, 50, 70), rule(status=status)))
        assert (row["basis"], row["rule_result"], row["status"]) == ("reference", "indicative", status)
        assert f"rule_{status}" in row["reason"]
        assert row["value"] == 50.0


def test_a_target_that_is_not_due_says_when_it_is() -> None:
    row = one(verdicts(speeds(30, 50, 70), rule(basis="target", due=date(2030, 12, 31), valid_to=date(2031, 1, 1))))
    assert (row["rule_result"], row["reason"].split("; ")[0], row["rule_due"], row["rule_valid_to"]) == ("indicative", "target_not_due", "2030-12-31", "2031-01-01")
    assert one(verdicts(speeds(30, 50, 70), rule()))["rule_due"] == ""


def test_fewer_samples_than_the_document_asks() -> None:
    row = one(verdicts(speeds(30, 50, 70), rule(minimum_n=4)))
    assert (row["rule_result"], row["reason"].split("; ")[0]) == ("insufficient_n", "fewer_than_the_document_asks")
    assert row["n_minimum"] == 4
    assert one(verdicts(speeds(30, 50, 70), rule(minimum_n=3)))["rule_result"] == "meets"
    assert np.isnan(one(verdicts(speeds(30, 50, 70), rule()))["n_minimum"])  # none is named: not 0


def test_what_is_settled_needs_no_more_samples() -> None:
    """59 of 59 decide for 0.95 (0.95 ** 59 = 0.0485): nothing more is needed; 58 of 58 do not (0.051), and need more than they are."""
    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    settled, open_ = (one(verdicts(speeds(*[30.0] * n), asked)) for n in (59, 58))
    assert (settled["evidence"], np.isnan(settled["n_needed"])) == ("supported", True)
    assert (open_["evidence"], open_["n_needed"]) == ("not_enough", 59)
    bad = one(verdicts(speeds(*[30.0] * 45, *[29.9] * 15), asked))
    assert (bad["evidence"], np.isnan(bad["n_needed"])) == ("contradicted", True)


def test_silence_is_no_verdict() -> None:
    row = one(verdicts(speeds(30, 50, 70), rule()), "10002")
    assert (row["n"], row["rule_result"], row["evidence"], row["reason"]) == (0, "insufficient_n", "not_enough", "no_samples")
    assert np.isnan(row["value"])
    nobody = verdicts(speeds(30, 50, technology="5G"), rule())
    assert nobody[["area_code", "rule_result", "reason"]].to_numpy().tolist() == [[code, "not_applicable", "no_samples"] for code in ("10001", "10002", "10003")]
    of_province = verdicts(speeds(30, 50, technology="5G"), rule(area_level="province"))
    assert of_province[["area_code", "reason"]].to_numpy().tolist() == [["99", "no_samples"]]


def test_declared_values() -> None:
    """The commune's own value before its province's, and the one in force on the day."""
    asked = rule(threshold=None, threshold_from="declared.vd_mbps")
    said = declared({"vd_mbps": 60.0}, {"vd_mbps": 45.0, "service_area_code": "10001", "valid_from": "2026-01-01"}, {"vd_mbps": 99.0, "service_area_code": "10001", "valid_from": "2026-10-06"})
    table = verdicts(samples([{"download_mbps": 50.0, "commune_code": c} for c in ("10001", "10002") for _ in range(3)]), asked, declarations=said)
    assert (one(table)["threshold"], one(table)["rule_result"]) == (45.0, "meets")
    assert (one(table, "10002")["threshold"], one(table, "10002")["rule_result"]) == (60.0, "fails")
    # The province has both: each sample against its own value, 50/45 and 50/60 on average 0.972.
    both = one(table, "99")
    assert (both["rule_result"], both["threshold"], both["unit"]) == ("indicative", 1.0, "ratio")
    assert both["value"] == pytest.approx((50 / 45 + 50 / 60) / 2)
    assert "several_declared_values" in both["reason"]
    for day, value in (("2026-10-05", 45.0), ("2026-10-06", 99.0), ("2026-10-07", 99.0)):  # from its own day on
        later = verdicts(samples([{"download_mbps": 50.0, "time": f"{day} 03:00"}]), asked, declarations=said)
        assert one(later)["threshold"] == value


def test_without_a_declaration_nothing_applies() -> None:
    asked = rule(threshold=None, threshold_from="declared.vd_mbps")
    for given in (None, declared({"operator": "Mạng B"}), declared({"technology": "3G"}), declared({"valid_from": "2026-10-06"}), declared({"vd_mbps": None})):
        row = one(verdicts(speeds(30, 50, 70), asked, declarations=given))
        assert (row["rule_result"], row["evidence"], row["reason"].split("; ")[0]) == ("not_applicable", "not_enough", "declared_missing")
        assert np.isnan(row["value"])
        assert row["n"] == 3
        assert np.isnan([row["threshold"], row["n_effective"], row["n_needed"]]).all()


def test_the_order_of_declarations_says_nothing() -> None:
    """Of one day the one for 4G goes before the one for any technology; two for 4G that differ are none; a later one settles it."""
    asked = rule(threshold=None, threshold_from="declared.vd_mbps")
    rows = [{"vd_mbps": 40.0}, {"vd_mbps": 90.0, "technology": ""}]
    for order in (rows, rows[::-1]):
        assert one(verdicts(speeds(30, 50, 70), asked, declarations=declared(*order)))["threshold"] == 40.0
    for order in ([*rows, {"vd_mbps": 45.0}], [{"vd_mbps": 45.0}, *rows[::-1]]):
        assert one(verdicts(speeds(30, 50, 70), asked, declarations=declared(*order)))["rule_result"] == "not_applicable"
        assert one(verdicts(speeds(30, 50, 70), asked, declarations=declared(*order, {"vd_mbps": 42.0, "valid_from": "2025-01-01"})))["threshold"] == 42.0


def test_declared_for_everywhere_and_for_nobody_knows_where() -> None:
    asked = rule(threshold=None, threshold_from="declared.vd_mbps")
    everywhere = declared({"vd_mbps": 45.0, "service_area_code": ""}, {"vd_mbps": 60.0, "service_area_code": "10002"})
    table = verdicts(samples([{"download_mbps": 50.0, "commune_code": c} for c in ("10001", "10002")]), asked, declarations=everywhere)
    assert [one(table, a)["threshold"] for a in ("10001", "10002")] == [45.0, 60.0]
    numbered = one(verdicts(speeds(30, 50, 70), asked, declarations=declared({"service_area_code": "1"})))
    assert (numbered["rule_result"], numbered["reason"].split("; ")[0]) == ("not_applicable", "declared_area_unknown")


def test_bit_rates_of_a_phone_in_use_are_no_tests() -> None:
    rows = [{"download_mbps": 50.0}, {"download_mbps": 1.0, "source_kind": "traffic"}]
    table = verdicts(samples(rows), rule())
    assert (one(table)["value"], set(table["source_kind"])) == (50.0, {"crowd_test"})
    named = verdicts(samples(rows), rule(source_kinds=["traffic"]))
    assert one(named, source_kind="traffic")["value"] == 1.0


def test_share_above_the_declared_least_speed() -> None:
    asked = rule(statistic="share_at_least", level_from="declared.vdmin_mbps", threshold=0.5, unit="share")
    said = declared({"vdmin_mbps": 40.0}, {"vdmin_mbps": 60.0, "service_area_code": "10002"})
    table = verdicts(samples([{"download_mbps": 50.0, "commune_code": c} for c in ("10001", "10002") for _ in range(3)]), asked, declarations=said)
    assert [one(table, a)["value"] for a in ("10001", "10002", "99")] == [1.0, 0.0, 0.5]


def test_fixed_lines_against_their_package() -> None:
    """Pd ≥ 0.8 Vd: packages of 100 with a mean of 85 meet 80; several packages are held each against its own."""
    asked = rule(technology=[], access="fixed", threshold=None, threshold_from="package.download_mbps", factor=0.8)
    fixed = {"access": "fixed", "technology": ""}
    row = one(verdicts(samples([{"download_mbps": v, "package_download_mbps": 100.0} for v in (80.0, 85.0, 90.0)], **fixed), asked))
    assert (row["value"], row["threshold"], row["rule_result"]) == (85.0, 80.0, "meets")
    mixed = one(verdicts(samples([{"download_mbps": 90.0, "package_download_mbps": 100.0}, {"download_mbps": 120.0, "package_download_mbps": 200.0}], **fixed), asked))
    assert (mixed["value"], mixed["threshold"], mixed["rule_result"]) == (pytest.approx(0.75), 0.8, "indicative")
    assert "several_packages" in mixed["reason"]
    none = one(verdicts(samples([{"download_mbps": 90.0}], **fixed), asked))
    assert (none["rule_result"], none["reason"].split("; ")[0]) == ("not_applicable", "package_missing")
    part = one(verdicts(samples([{"download_mbps": 90.0}, {"download_mbps": 90.0, "package_download_mbps": 100.0}], **fixed), asked))
    assert (part["rule_result"], part["n"]) == ("indicative", 1)
    assert "package_missing_for_part" in part["reason"]


def test_a_line_held_against_its_package_needs_fewer_tests() -> None:
    """60 lines of 100 Mbit/s at half of the asked 80: none can have 1,200, so the mean is shown to be too low; held against a fixed 80 it is not."""
    fixed = {"access": "fixed", "technology": ""}
    lines = samples([{"download_mbps": 40.0 + (i % 7), "package_download_mbps": 100.0} for i in range(60)], **fixed)
    package = rule(technology=[], access="fixed", threshold=None, threshold_from="package.download_mbps", factor=0.8)
    assert one(verdicts(lines, package))["evidence"] == "contradicted"
    assert one(verdicts(lines, rule(technology=[], access="fixed", threshold=80.0)))["evidence"] == "not_enough"


def test_a_phone_that_made_a_third_of_the_tests_is_named_as_what_limits() -> None:
    """100 of 300 tests of one phone: 1 / n_effective is at least (100² - 1) / 300², so nine samples at most; more of them do not help."""
    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    row = one(verdicts(samples([{"download_mbps": 50.0, "device_id": f"m{max(i - 99, 0)}"} for i in range(300)]), asked))
    assert (row["evidence"], "one_phone_limits" in row["reason"], "one_phone" in row["reason"].split("; ")) == ("not_enough", True, False)
    alike = one(verdicts(samples([{"download_mbps": 50.0, "device_id": f"m{i // 10}"} for i in range(300)]), asked))
    assert (alike["evidence"], "one_phone_limits" in alike["reason"]) == ("not_enough", False)  # 30 phones: too few, none of them more than another


def test_aggregates_have_no_interval() -> None:
    """Weighted by tests: (40 × 100 + 60 × 300) / 400 = 55; never the mean of means, 50."""
    rows = [{"download_mbps": 40.0, "tests": 100, "statistic": "mean"}, {"download_mbps": 60.0, "tests": 300, "statistic": "mean"}]
    given = {"is_aggregate": True, "period_start": "2026-10-01", "period_end": "2026-10-31", "time": None}
    row = one(verdicts(samples(rows, **given), rule(minimum_n=300)))
    assert (row["value"], row["n"], row["rule_result"], row["evidence"]) == (55.0, 400, "meets", "not_enough")
    assert np.isnan([row["low"], row["high"], row["n_effective"], row["n_needed"], row["q_value"]]).all()
    assert "aggregates_without_spread" in row["reason"]
    assert one(verdicts(samples(rows, **given), rule(minimum_n=401)))["rule_result"] == "insufficient_n"
    share = one(verdicts(samples(rows, **given), rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")))
    assert (share["rule_result"], share["reason"].split("; ")[0]) == ("not_applicable", "aggregates_no_share")
    median = [{"download_mbps": 40.0, "tests": 100, "statistic": "median"}]
    assert one(verdicts(samples(median, **given), rule()))["reason"].split("; ")[0] == "aggregates_no_mean"
    p50 = rule(statistic="percentile", percentile=0.5)
    assert one(verdicts(samples(median, **given), p50))["value"] == 40.0
    assert one(verdicts(samples(median * 2, **given), p50))["reason"].split("; ")[0] == "aggregates_no_percentile"
    for word in ("", "unknown"):
        untold = one(verdicts(samples([{"download_mbps": 40.0, "tests": 100, "statistic": word}], **given), rule()))
        assert (untold["rule_result"], "statistic_not_told" in untold["reason"]) == ("indicative", True)


def test_each_sample_is_held_against_the_rules_of_its_day() -> None:
    old = rule(threshold=20.0, valid_to=date(2025, 12, 31))
    new = rule(threshold=60.0, valid_from=date(2026, 1, 1))
    rows = [{"download_mbps": 50.0, "time": t} for t in ("2025-06-01", "2025-12-31 16:59", "2025-12-31 17:00", "2026-10-05")]  # local midnight at 17:00 UTC
    table = verdicts(samples(rows), old, new)
    was, now = one(table, threshold=20.0), one(table, threshold=60.0)
    assert (was["n"], was["rule_result"], now["n"], now["rule_result"]) == (2, "meets", 2, "fails")
    again = one(verdicts(samples(rows), old, new, rules_of=date(2025, 6, 1)))
    assert (again["n"], again["threshold"]) == (4, 20.0)


def test_a_target_is_not_missed_before_its_day() -> None:
    soon = rule(basis="target", due=date(2030, 12, 31))
    row = one(verdicts(speeds(10, 20, 30), soon))
    assert (row["rule_result"], "target_not_due" in row["reason"]) == ("indicative", True)
    assert one(verdicts(speeds(10, 20, 30), rule(basis="target", due=date(2025, 12, 31))))["rule_result"] == "fails"


def test_a_rule_without_a_known_value_applies_to_nothing() -> None:
    levels = samples([{"level_dbm": -80.0, "technology": "5G"} for _ in range(5)])
    shipped = read_rules("vn-2026").get("qcvn126_availability_5g")
    row = one(verdicts(levels, *shipped))
    assert (row["rule_result"], row["reason"].split("; ")[0], row["n"]) == ("not_applicable", "no_level_known", 5)
    assert np.isnan(row["value"])
    row = one(verdicts(speeds(30, 50, 70), rule(threshold=None)))
    assert (row["rule_result"], row["reason"].split("; ")[0]) == ("not_applicable", "no_threshold_known")
    assert "cannot_be_settled" not in one(verdicts(speeds(*np.arange(30.0, 90.0)), rule(threshold=None)))["reason"]


def test_months_and_kinds_of_source_are_not_mixed() -> None:
    rows = [{"download_mbps": 30.0, "time": "2026-09-05"}, {"download_mbps": 50.0}, {"download_mbps": 90.0, "source_kind": "drive_test"}]
    table = verdicts(samples(rows), rule(period="month"))
    mine = table[(table["area_code"] == "10001") & (table["n"] > 0)]
    assert sorted(zip(mine["period"], mine["source_kind"], mine["value"], strict=True)) == [
        ("2026-09", "crowd_test", 30.0), ("2026-10", "crowd_test", 50.0), ("2026-10", "drive_test", 90.0),
    ]  # fmt: skip


def test_all_operators_together_only_where_the_rule_says_so() -> None:
    rows = [{"download_mbps": 30.0}, {"download_mbps": 50.0, "operator": "Mạng B"}]
    each = verdicts(samples(rows), rule())
    assert one(each, operator="Mạng A")["value"] == 30.0
    assert one(verdicts(samples(rows), rule(operator="any")), operator="")["value"] == 40.0


def test_operators_that_cannot_be_told_apart_are_tied() -> None:
    rows = [{"download_mbps": v + i % 7, "operator": o} for o, v in (("Mạng A", 50.0), ("Mạng B", 50.5), ("Mạng C", 90.0)) for i in range(150)]
    table = verdicts(samples(rows), rule())
    assert [one(table, operator=o)["tied_with"] for o in ("Mạng A", "Mạng B", "Mạng C")] == ["Mạng B", "Mạng A", ""]
    few = verdicts(samples(rows[:3] + rows[40:43]), rule())
    assert set(few["tied_with"]) == {""}  # without bounds nothing is compared


def test_bounds_for_ranks_hold_for_all_areas_at_once() -> None:
    """Of three communes each bound may miss in 5 % / 3; of one commune and three operators the same."""
    from geo.binomial import share_bounds

    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    rows = [{"download_mbps": 60.0 if i % 5 else 10.0, "commune_code": c} for c in ("10001", "10002", "10003") for i in range(50)]
    row = one(verdicts(samples(rows), asked))
    low, high = share_bounds(40.0, 50.0, 0.05 / 3)
    assert (row["joint_low"], row["joint_high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert row["joint_low"] < row["low"] < row["high"] < row["joint_high"]
    of_one = [{"download_mbps": 60.0 if i % 5 else 10.0, "operator": o} for o in ("A", "B", "C") for i in range(50)]
    assert one(verdicts(samples(of_one), asked), operator="A")["joint_low"] == pytest.approx(float(low))


def test_what_cannot_be_settled_by_measuring_is_said() -> None:
    rng = np.random.default_rng(1)
    x = np.exp(rng.normal(0, 0.5, 300))
    row = one(verdicts(speeds(*(x / x.mean() * 40.0 * 1.0005)), rule()))
    assert (row["evidence"], np.isnan(row["n_needed"]), "cannot_be_settled" in row["reason"]) == ("not_enough", True, True)
    near = one(verdicts(speeds(*(x / x.mean() * 41.0)), rule()))
    assert (near["evidence"], 300 < near["n_needed"] <= 5000) == ("not_enough", True)
    far = one(verdicts(speeds(*(x / x.mean() * 45.0)), rule()))
    assert (far["evidence"], np.isnan(far["n_needed"])) == ("supported", True)


def test_more_looks_ask_for_more() -> None:
    from geo.service_quality import service_settings

    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    once, often = (one(verdicts(speeds(*[30.0] * 59), asked, settings=service_settings(looks=n))) for n in (1, 4))
    assert (once["evidence"], often["evidence"]) == ("supported", "not_enough")
    assert often["low"] < once["low"]


def test_roads_are_levels_of_their_own() -> None:
    levels = samples([{"level_dbm": v} for v in (-90.0, -130.0, -np.inf, -100.0)])
    asked = rule(indicator="radio_availability", statistic="share_at_least", level=-121.0, threshold=0.95, unit="share", area_level="province")
    areas = Areas({"commune": ("10001",), "province": ("99",), "road": ("R1", "R2")}, {"10001": "99"})
    table = verdicts(levels, asked, areas=areas, placed={"road": np.array([0, 0, 1, -1])})
    assert one(table, "99")["value"] == 0.5  # no service is a level below any
    assert (one(table, "R1")["value"], one(table, "R2")["value"], one(table, "R1")["rule_result"]) == (0.5, 0.0, "indicative")


def test_wrong_frames_are_refused() -> None:
    with pytest.raises(InputError, match="lack columns: campaign"):
        verdicts(speeds(1.0).drop(columns="campaign"), rule())
    with pytest.raises(InputError, match="negative download_mbps in 1 rows"):
        verdicts(speeds(-1.0), rule())
    with pytest.raises(InputError, match="lack columns: vd_mbps"):
        verdicts(speeds(1.0), rule(threshold=None, threshold_from="declared.vd_mbps"), declarations=declared({}).drop(columns="vd_mbps"))


def test_no_samples_at_all() -> None:
    from geo.service_quality import empty_samples

    table = verdicts(empty_samples(), *read_rules("vn-2026").rules)
    assert set(table["rule_result"]) == {"not_applicable"}
    assert not table["basis"].eq("legal").where(table["status"] != "in force", other=False).any()


def test_inputs_stay_as_they_were() -> None:
    frame = speeds(30, 50, 70)
    before = frame.copy()
    verdicts(frame, rule())
    assert frame.equals(before)


def test_a_quarter_is_no_month_and_says_so() -> None:
    """400 tests of a quarter are not 300 of a month."""
    rows = [{"download_mbps": 50.0, "tests": 400, "statistic": "mean", "period_start": "2026-07-01", "period_end": "2026-09-30"}, {"download_mbps": 60.0, "tests": 400, "statistic": "mean", "period_start": "2026-09-01", "period_end": "2026-09-30"}]
    table = verdicts(samples(rows, is_aggregate=True, time=None), rule(operator="any", period="month", minimum_n=300))
    mine = table[(table["area_level"] == "commune") & (table["area_code"] == "10001")].sort_values("period")
    assert mine[["period", "value", "rule_result"]].to_numpy().tolist() == [["2026-09", 60.0, "meets"], ["2026-Q3", 50.0, "indicative"]]
    assert "period_longer_than_a_month" in mine["reason"].iloc[1]
    whole = one(verdicts(samples(rows[:1], is_aggregate=True, time=None), rule(operator="any")))
    assert whole["period"] == "2026-07-01/2026-09-30"  # not its last day alone


def test_samples_that_do_not_say_whose_they_are_decide_nothing_of_an_operator() -> None:
    table = verdicts(samples([{"download_mbps": 50.0 + i, "operator": ""} for i in range(40)]), rule())
    assert (one(table)["rule_result"], one(table)["reason"].split("; ")[0]) == ("indicative", "operator_not_told")
    told = verdicts(samples([{"download_mbps": 50.0 + i, "operator": ""} for i in range(40)]), rule(operator="any"))
    assert one(told)["rule_result"] == "meets"


def test_an_upper_bound_that_says_nothing_is_left_out() -> None:
    """Most of the sum in one of 20 samples: the interval of log-normal means reaches millions."""
    row = one(verdicts(speeds(*[0.001 * 4**k for k in range(12)] * 2), rule(threshold=5.0)))
    assert np.isnan(row["high"])
    assert row["low"] > 0
    assert "upper_bound_open" in row["reason"]
    assert row["joint_high"] > 1e4  # for ranks it stays what it is


def test_tiles_tell_the_tests_behind_them_where_no_percentile_can_be_taken() -> None:
    rows = [{"download_mbps": 50.0, "tests": 70, "statistic": "mean", "period_end": "2026-10-31"}, {"download_mbps": 60.0, "tests": 30, "statistic": "mean", "period_end": "2026-10-31"}]
    row = one(verdicts(samples(rows, is_aggregate=True, time=None), rule(statistic="percentile", percentile=0.1, minimum_n=50)))
    assert (row["n"], row["rule_result"], row["reason"]) == (100, "not_applicable", "aggregates_no_percentile; aggregates_without_spread")


def test_a_title_says_of_itself_that_it_is_not_confirmed() -> None:
    """QCVN 126's share at 30 Mbit/s may be of the supplement's draft: no table, map or page that has the title alone can hide it."""
    shipped = {r.id: r for r in read_rules("vn-2026").rules}
    share, mean = shipped["qcvn126_share_download"], shipped["qcvn126_mean_download"]
    assert (share.status, share.stated_basis, share.level) == ("unverified", "reference", 30.0)
    row = verdicts(samples([{"technology": "5G", "download_mbps": 50.0}]), share).iloc[0]
    assert row["rule_title"] == "Tỷ lệ mẫu tải xuống 5G đạt 30 Mbit/s [chưa kiểm chứng]"
    assert "rule_unverified" in row["reason"]
    assert mean.shown_title == mean.title
    assert all(("[" in r.shown_title.en) == (r.stated_basis == "reference") for r in shipped.values())


def test_a_file_cut_in_pieces_is_no_more_phones_than_it_was() -> None:
    """Thirty tests in each of ten squares of one day: ten clusters in one file, and in four."""
    rows = [{"device_id": "", "lon": 105.0 + 0.01 * (i // 30), "download_mbps": 25.0 + i % 7 + 3 * (i // 30), "time": f"2026-10-05 03:{i % 60:02d}:{i % 17:02d}"} for i in range(300)]
    whole = one(verdicts(samples(rows), rule()))
    cut = one(verdicts(samples([{**row, "file": f"{i % 4}.csv"} for i, row in enumerate(rows)]), rule()))
    assert whole["n_effective"] < 15
    pd.testing.assert_series_equal(whole, cut)
    loose = [{**row, "lon": None, "lat": None} for row in rows]
    pieces = [{**row, "file": f"{i % 4}.csv"} for i, row in enumerate(loose)]
    assert one(verdicts(samples(pieces), rule()))["n_effective"] == one(verdicts(samples(loose), rule()))["n_effective"] == 1.0
