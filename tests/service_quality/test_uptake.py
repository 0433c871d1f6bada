"""IPv6 tests under the rules on IPv6 use."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo.service_quality import SAMPLE_COLUMNS, uptake_samples
from tests.service_quality.made_up import one, rule, samples, verdicts


def _tests(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {
        "operator": "Mạng A", "access": "fixed", "commune_code": "10001", "lon": 105.0, "lat": 21.0, "time": "2026-10-05 03:00", "capable": True, "preferred": True,
        "is_aggregate": False, "tests": 1, "capable_tests": 1.0, "preferred_tests": 1.0, "asn": "", "device": "", "period_start": None, "period_end": None,
        "file": "ipv6.csv", "sheet": "",
    }  # fmt: skip
    frame = pd.DataFrame([{**usual, "device": f"{i}", "row": i + 2, **row} for i, row in enumerate(rows)])
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    for name in ("capable", "preferred"):
        frame[name] = frame[name].astype("boolean")
    return frame


RULE = rule(indicator="ipv6", technology=[], access=None, statistic="share", threshold=0.8, unit="share", basis="target")


def test_use_is_what_was_preferred_and_what_is_not_known_is_no_no() -> None:
    found = uptake_samples(_tests({}, {}, {}, {"preferred": False}, {"preferred": None}, {"capable": True, "preferred": False, "commune_code": "10002"}))
    assert tuple(found.columns) == SAMPLE_COLUMNS
    assert np.isnan(found["download_mbps"].to_numpy(dtype=float)).all()
    table = verdicts(found, RULE)
    row = one(table, operator="Mạng A", access="fixed")
    assert (row["value"], row["n"], row["rule_result"]) == (0.75, 4, "fails")
    assert one(table, "10002", operator="Mạng A", access="fixed")["value"] == 0.0


def test_ready_made_counts_are_no_samples() -> None:
    found = uptake_samples(_tests({}, {"is_aggregate": True, "tests": 900, "preferred": None, "preferred_tests": 450.0}))
    assert found["row"].tolist() == [2]
    assert uptake_samples(None).empty
    assert uptake_samples(_tests({"is_aggregate": True})).empty
    assert tuple(uptake_samples(None).columns) == SAMPLE_COLUMNS


def test_a_phone_of_this_table_is_not_that_of_another() -> None:
    """Number 0 of the speed tests and number 0 of the IPv6 tests are two phones: two clusters of one place. Without a number nothing is made up."""
    speed = samples([{"ipv6": True, "access": "fixed", "device_id": "0"}])
    both = pd.concat([speed, uptake_samples(_tests({"device": "0"}))], ignore_index=True)
    row = one(verdicts(both, RULE), operator="Mạng A", access="fixed")
    assert (row["n"], row["n_effective"]) == (2, 2.0)
    assert set(both["device_id"]) == {"0", "ipv6 0"}
    assert uptake_samples(_tests({"device": ""}))["device_id"].tolist() == [""]


def test_a_test_given_in_two_files_stands_once() -> None:
    tests = _tests({}, {"lon": 105.01}, {"time": "2026-10-06 03:00"}, {"operator": "Mạng B"})
    speed = samples([{"ipv6": True, "access": "fixed"}, {"ipv6": None, "access": "fixed", "time": "2026-10-06 03:00"}])
    assert uptake_samples(tests, speed)["row"].tolist() == [3, 4, 5]  # the first is known; where the speed test does not tell IPv6 nothing is twice
    assert len(uptake_samples(tests, None)) == 4
    undated = _tests({"time": None})
    assert len(uptake_samples(undated, speed.assign(time=pd.NaT))) == 1
