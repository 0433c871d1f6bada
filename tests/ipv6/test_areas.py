"""Portals per commune and province, the table that people get, and that every code has words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.io.resources import load_toml
from geo.ipv6 import (
    IPV6_COLUMNS,
    PORTAL_COLUMNS,
    REPORTED_COLUMNS,
    ipv6_table,
    portal_shares,
    reported_figures,
)
from geo.ipv6.addresses import KINDS
from geo.ipv6.answers import NAME_STATUSES, VISIT_STATUSES
from geo.ipv6.hosts import BAD_HOSTS
from geo.ipv6.verdicts import REASONS, REMARKS, VERDICTS
from geo.report.tables import arrange, csv_bytes, result_table

PROVINCES = pd.Series({"00001": "01", "00002": "01", "00003": "02"})


def portals(*rows: dict[str, Any]) -> pd.DataFrame:
    usual: dict[str, Any] = dict.fromkeys(PORTAL_COLUMNS, "") | {"has_aaaa": pd.NA, "likeness": np.nan, "verdict": "unknown"}
    counts = [name for name in PORTAL_COLUMNS if name.startswith(("name_servers", "mail_servers"))]
    usual |= dict.fromkeys(counts, pd.NA)
    frame = pd.DataFrame([{**usual, **row} for row in rows], columns=list(PORTAL_COLUMNS))
    return frame.astype({"has_aaaa": "boolean"} | dict.fromkeys(counts, "Int64"))


def value(frame: pd.DataFrame, area: str, indicator: str) -> tuple[float, float, float, int, int]:
    found = frame[(frame.area_code == area) & (frame.indicator == indicator)]
    assert len(found) == 1
    row = found.iloc[0]
    return row.value, row.low, row.high, row.n, row.unknown


def test_shares_of_portals_by_hand() -> None:
    table = portals(
        {"commune_code": "00001", "verdict": "ready", "has_aaaa": True},
        {"commune_code": "00001", "verdict": "unreachable", "has_aaaa": True},
        {"commune_code": "00001", "verdict": "unknown", "has_aaaa": True},
        {"commune_code": "00001", "verdict": "bad_address"},
        {"commune_code": "00002", "verdict": "no_aaaa", "has_aaaa": False},
        {"province_code": "01", "verdict": "ready", "has_aaaa": True},
        {"commune_code": "00003", "verdict": "down", "has_aaaa": True},
        {"verdict": "ready", "has_aaaa": True},
    )
    found = portal_shares(table, PROVINCES)
    assert value(found, "00001", "portal_ready") == (1 / 2, 1 / 3, 2 / 3, 2, 1)
    assert value(found, "00001", "portal_aaaa") == (1.0, 1.0, 1.0, 3, 0)
    assert value(found, "01", "portal_ready") == (2 / 4, 2 / 5, 3 / 5, 4, 1)
    assert value(found, "00002", "portal_ready") == (0.0, 0.0, 0.0, 1, 0)
    share, low, high, n, unknown = value(found, "02", "portal_ready")
    assert np.isnan(share)
    assert (low, high, n, unknown) == (0.0, 1.0, 0, 1)
    assert set(found.area_code) == {"01", "02", "00001", "00002", "00003"}


@pytest.mark.parametrize(
    ("name_servers", "expected"),
    [((2, 1, 0), (1.0, 1)), ((2, 0, 0), (0.0, 1)), ((2, 0, 1), (np.nan, 0)), ((2, 1, 1), (1.0, 1)), ((pd.NA, pd.NA, pd.NA), (np.nan, 0))],
)
def test_zones_count_once_and_one_server_is_enough(name_servers: tuple[Any, ...], expected: tuple[float, int]) -> None:
    total, some, unknown = name_servers
    row = {"commune_code": "00001", "zone": "xa.example", "name_servers": total, "name_servers_with_aaaa": some, "name_servers_unknown": unknown}
    share, _, _, n, _ = value(portal_shares(portals(row, row), PROVINCES), "00001", "zone_ipv6")
    assert (share, n) == pytest.approx(expected, nan_ok=True)


def test_a_domain_that_takes_no_mail_is_not_counted() -> None:
    row = {"commune_code": "00001", "mail_domain": "xa.example", "mail_servers": 0, "mail_servers_with_aaaa": 0, "mail_servers_unknown": 0}
    assert "mail_ipv6" not in portal_shares(portals(row), PROVINCES).indicator.tolist()


def test_the_table_of_portals() -> None:
    shares = portal_shares(portals({"commune_code": "00001", "verdict": "ready", "has_aaaa": True}, {"commune_code": "00001"}), PROVINCES)
    table = ipv6_table(shares, {"01": "Tỉnh Mẫu"})
    assert table.area_level.tolist() == ["province", "commune"]
    row = table.iloc[0]
    assert (row.source_kind, row.area_name, row.portals, row.portals_ready_share, row.portals_ready_low, row.portals_ready_high) == ("portals", "Tỉnh Mẫu", 2, 1.0, 0.5, 1.0)
    assert row.reason == "some_not_known"
    content = csv_bytes(arrange(table, result_table("ipv6"))).decode("utf-8-sig").splitlines()
    assert content[0].split(",") == list(IPV6_COLUMNS)
    assert len(content) == 3


def test_figures_for_rules() -> None:
    shares = portal_shares(portals({"commune_code": "00001", "verdict": "ready", "has_aaaa": True}, {"commune_code": "00001"}), PROVINCES)
    one = shares.iloc[[0]].assign(indicator="preferred", operator="A", source_kind="tests", value=0.3)
    every = one.assign(operator="", value=0.4)
    found = reported_figures(pd.concat([shares, one, every]), {"portal_ready": "portals_ipv6", "preferred": "ipv6"})
    assert found.columns.tolist() == list(REPORTED_COLUMNS)
    rows = found[["area_code", "indicator", "value", "low", "high", "n", "source_kind"]].values.tolist()
    assert rows == [
        ["01", "portals_ipv6", 1.0, 0.5, 1.0, 1, "portals"], ["00001", "portals_ipv6", 1.0, 0.5, 1.0, 1, "portals"], ["01", "ipv6", 0.4, 0.5, 1.0, 1, "tests"],
    ]  # fmt: skip


def test_nothing_in_nothing_out() -> None:
    assert portal_shares(portals(), PROVINCES).empty


def test_columns_are_those_that_are_described() -> None:
    assert [column.name for column in result_table("ipv6").columns] == list(IPV6_COLUMNS)
    assert [column.name for column in result_table("ipv6_portals").columns] == list(PORTAL_COLUMNS)


def test_every_code_has_words_in_both_languages() -> None:
    codes = load_toml("results/ipv6.toml")["codes"]
    assert set(codes["ipv6_verdict"]) == set(VERDICTS)
    unanswered = {f"dns_{status}" for status in NAME_STATUSES if status not in {"found", "no_data", "no_domain", "chain_loop", "chain_too_long"}}
    wanted = {*REASONS, *VISIT_STATUSES, *KINDS, *BAD_HOSTS, *unanswered, "chain_loop", "chain_too_long"}
    assert set(codes["ipv6_reason"]) == wanted
    mine = {"mix_of_tests", "place_or_day_not_known", "given_ready_made", "operator_not_known", "some_not_known", "counted_once", "periods_pooled"}
    assert set(codes["ipv6_remark"]) == {*REMARKS, *mine}
    for section in codes.values():
        for words in section.values():
            assert words["vi"]
            assert words["en"]
            assert "_" not in words["vi"] + words["en"]
