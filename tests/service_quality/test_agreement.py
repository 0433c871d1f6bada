"""Evidence and the interval beside it never contradict each other; what an interval leaves open is left open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.rules import RuleSet
from geo.service_quality import areas_of, judge_reported
from tests.service_quality.made_up import ON, UNITS, one, rule, samples, verdicts

CODES = [f"100{k:02d}" for k in range(1, 13)]
RULES: dict[str, dict[str, Any]] = {
    "mean": {},
    "slow": {"indicator": "latency", "unit": "ms", "comparator": "<="},
    "share": {"statistic": "share_at_least", "level": 40.0, "threshold": 0.9, "unit": "share"},
    "few": {"statistic": "share_at_most", "level": 40.0, "threshold": 0.1, "unit": "share", "comparator": "<="},
    "percentile": {"statistic": "percentile", "percentile": 0.1},
    "late": {"statistic": "percentile", "percentile": 0.9, "indicator": "latency", "unit": "ms", "comparator": "<="},
    "declared": {"threshold": None, "threshold_from": "package.download_mbps", "factor": 0.8},
}


def contradictions(row: Any) -> list[str]:
    """Return what of a row's evidence its own bounds deny; a bound that is not there reaches anywhere."""
    asked, low, high = row["threshold"], row["low"], row["high"]
    low, high = (-np.inf if np.isnan(low) else low), (np.inf if np.isnan(high) else high)
    # Rounding of the last digits decides nothing.
    e = 1e-9 * max(abs(asked), 1e-6)
    if row["comparator"] in {"<=", "<"}:
        asked, low, high = -asked, -high, -low
    return [
        text for text, holds in (
            ("supported, but the interval reaches below", row["evidence"] == "supported" and low < asked - e),
            ("contradicted, but the interval reaches above", row["evidence"] == "contradicted" and high > asked + e),
            ("not enough, but the whole interval is beyond", row["evidence"] == "not_enough" and (low > asked + e or high < asked - e)),
            ("the value is outside", not low - e <= (-row["value"] if row["comparator"] in {"<=", "<"} else row["value"]) <= high + e),
        ) if holds
    ]  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_evidence_and_interval_never_contradict(seed: int) -> None:
    """Twelve communes of any size, scatter and middle, phones of any number, under every kind of rule."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for k in range(12):
        n, sigma, middle = int(rng.choice([1, 3, 6, 15, 40, 120])), float(rng.choice([0.02, 0.6, 2.0])), float(rng.choice([0.3, 20.0, 40.0, 60.0, 1500.0]))
        of = np.minimum(middle * np.exp(rng.normal(0.0, sigma, n)), 9000.0)
        phones = rng.integers(0, max(n // int(rng.integers(1, 6)), 1), n)
        packages = [50.0, 100.0] if k % 2 else [50.0]
        rows += [
            {"commune_code": CODES[k], "download_mbps": v, "latency_ms": v, "device_id": f"{k}-{p}", "package_download_mbps": packages[p % len(packages)]}
            for v, p in zip(of, phones, strict=True)
        ]
    areas = areas_of(pd.DataFrame({"commune_code": CODES, "province_code": "99"}))
    table = verdicts(samples(rows), *(rule(id=name, **entry) for name, entry in RULES.items()), areas=areas)
    assert (table["n"] > 0).sum() == 13 * len(RULES)
    for row in table.to_dict("records"):
        assert contradictions(row) == [], row


def test_the_upper_bound_of_a_share_is_told() -> None:
    """1 of 400 phones: 0.25 %, at most 1.2 %. Two phones that show 0.1 %: the bound is 100 times that and more, and still a share."""
    asked = rule(statistic="share_at_least", level=40.0, threshold=0.9, unit="share")
    row = one(verdicts(samples([{"download_mbps": 90.0 if i == 0 else 1.0} for i in range(400)]), asked))
    assert row["evidence"] == "contradicted"
    assert row["high"] == pytest.approx(0.01180, abs=1e-4)  # Clopper-Pearson, 90 %
    half = rule(statistic="share_at_least", level=40.0, threshold=0.5, unit="share")
    thousand = one(verdicts(samples([{"download_mbps": 90.0 if i == 0 else 1.0, "device_id": "a" if i else "b"} for i in range(1000)]), half))
    assert thousand["evidence"] == "not_enough"
    assert thousand["high"] > 100 * thousand["value"]
    assert "upper_bound_open" not in thousand["reason"]


def test_a_bound_that_decides_is_told_however_far() -> None:
    """Speeds of nearly nothing, scattered: an upper bound far above the mean, and far below 9,000 Mbit/s, is why the rule is not met."""
    values = [1e-9 * 4**k for k in range(12)]
    far = one(verdicts(samples([{"download_mbps": v} for v in values * 5]), rule(threshold=9000.0)))  # one unseen of 135,000: 15 x 9,000 ln 20 / 60 = 6,740
    assert far["evidence"] == "contradicted"
    assert 100.0 * far["value"] < far["high"] < 9000.0
    near = one(verdicts(samples([{"download_mbps": v} for v in values * 2]), rule(threshold=1.0)))  # 15 ln 20 / 24 = 1.9
    assert (near["evidence"], np.isnan(near["high"])) == ("not_enough", True)


def test_a_period_that_is_not_over_decides_nothing() -> None:
    """Tests of the fourth quarter in a project of 1 November 2026: nobody has them all yet. October is over."""
    quarter = {"download_mbps": 50.0, "tests": 400, "statistic": "mean", "period_start": "2026-10-01", "period_end": "2026-12-31"}
    month = {**quarter, "period_end": "2026-10-31"}
    open_, over = (one(verdicts(samples([row], is_aggregate=True, time=None), rule(operator="any"))) for row in (quarter, month))
    assert (open_["rule_result"], "period_not_over" in open_["reason"]) == ("indicative", True)
    assert (over["rule_result"], "period_not_over" in over["reason"]) == ("meets", False)


def test_a_reported_figure_of_a_period_that_is_not_over_decides_nothing() -> None:
    asked = rule(id="households", indicator="households_fibre", access="fixed", technology=None, statistic="reported", threshold=0.5, unit="share")
    told = pd.DataFrame(
        {"area_code": "10001", "area_level": "commune", "indicator": "households_fibre", "value": 0.9, "low": np.nan, "high": np.nan, "n": 10.0,
         "period": ["2026-Q4", "2026-Q3"], "source_kind": "local_report"}
    )  # fmt: skip
    table = judge_reported(told, areas_of(UNITS), RuleSet((asked,)), on=ON)
    mine = table[table["area_code"] == "10001"].set_index("period")
    assert mine["rule_result"].to_dict() == {"2026-Q4": "indicative", "2026-Q3": "meets"}
    assert mine["reason"].str.contains("period_not_over").to_dict() == {"2026-Q4": True, "2026-Q3": False}
