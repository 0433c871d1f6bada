"""Made-up samples, rules and declarations for tests of verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from geo.io.rules import rules_from
from geo.rules import Rule, RuleSet
from geo.service_quality import SAMPLE_COLUMNS, Areas, areas_of, judge, service_settings
from geo.standards import evidence_settings

ON = date(2026, 11, 1)
SETTINGS, EVIDENCE = service_settings(), evidence_settings()
UNITS = pd.DataFrame({"commune_code": ["10001", "10002", "10003"], "province_code": ["99", "99", "99"]})


def rule(**changed: Any) -> Rule:
    entry: dict[str, Any] = {
        "id": "made_up", "indicator": "download", "technology": "4G", "access": "mobile", "area_level": "commune", "statistic": "mean",
        "comparator": ">=", "threshold": 40.0, "unit": "Mbit/s", "basis": "legal", "document": "Made-up", "source": "made up", "status": "in force",
    }  # fmt: skip
    entry |= changed
    (found,) = rules_from([{k: v for k, v in entry.items() if v is not None}], "made_up.toml", ours=True)
    return found


def samples(rows: Sequence[Mapping[str, Any]], **common: Any) -> pd.DataFrame:
    """Return samples: what a row leaves out is usual, and every row has a phone and a place of its own."""
    usual: dict[str, Any] = {
        "operator": "Mạng A", "technology": "4G", "access": "mobile", "time": "2026-10-05 03:00", "lon": 105.0, "lat": 21.0,
        "commune_code": "10001", "download_mbps": float("nan"), "upload_mbps": float("nan"), "latency_ms": float("nan"),
        "package_download_mbps": float("nan"), "package_upload_mbps": float("nan"), "ipv6": None, "is_aggregate": False, "tests": 1,
        "devices": 1, "statistic": "", "period_start": None, "period_end": None, "source_kind": "crowd_test", "campaign": "", "file": "made_up.csv",
        "sheet": "",
    }  # fmt: skip
    frame = pd.DataFrame([{**usual, "device_id": f"d{i}", "row": i + 2, **common, **row} for i, row in enumerate(rows)])
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    return frame[[*SAMPLE_COLUMNS, *(c for c in frame.columns if c not in SAMPLE_COLUMNS)]]


def declared(*rows: Mapping[str, Any]) -> pd.DataFrame:
    usual = {
        "operator": "Mạng A", "technology": "4G", "access": "mobile", "service_area_code": "99", "vdmin_mbps": 5.0, "vd_mbps": 15.0, "vu_mbps": 2.5,
        "valid_from": "2024-01-01", "file": "declared.csv", "sheet": "", "row": 2,
    }  # fmt: skip
    return pd.DataFrame([{**usual, **row} for row in rows])


def verdicts(frame: pd.DataFrame, *rules: Rule, areas: Areas | None = None, **more: Any) -> pd.DataFrame:
    given: dict[str, Any] = {"on": ON, "settings": SETTINGS, "evidence": EVIDENCE, **more}
    return judge(frame, areas or areas_of(UNITS), RuleSet(tuple(rules)), **given)


def one(table: pd.DataFrame, area: str = "10001", **where: Any) -> Any:
    """Return the one row of an area."""
    for name, value in {"area_code": area, **where}.items():
        table = table[table[name] == value]
    assert len(table) == 1, table.T
    return table.iloc[0]
