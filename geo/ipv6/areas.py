"""IPv6 per commune and province: shares of portals, and the table that people get.

Portals are all there are on the list, not a sample of them: their shares have no interval of chance. Where some could not be judged ``low`` and ``high``
are the shares if none, or all, of these were what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from geo.ipv6.uptake import SHARE_COLUMNS
from geo.ipv6.verdicts import UNDECIDED

__all__ = ["IPV6_COLUMNS", "PORTAL_INDICATORS", "REPORTED_COLUMNS", "ipv6_table", "portal_shares", "reported_figures"]

PORTAL_INDICATORS = ("portal_aaaa", "portal_ready", "zone_ipv6", "mail_ipv6")
IPV6_COLUMNS = (
    "area_code", "area_level", "area_name", "source_kind", "operator", "access", "period",
    "capable_share", "capable_low", "capable_high", "capable_n", "capable_n_effective",
    "preferred_share", "preferred_low", "preferred_high", "preferred_n", "preferred_n_effective",
    "portals", "portals_ready_share", "portals_ready_low", "portals_ready_high", "portals_ready_n",
    "portals_aaaa_share", "portals_aaaa_n", "zones_ipv6_share", "zones_ipv6_n", "mail_ipv6_share", "mail_ipv6_n", "reason",
)  # fmt: skip
#: Of figures that rules are held against.
REPORTED_COLUMNS = ("area_code", "area_level", "indicator", "value", "low", "high", "n", "period", "source_kind")
_SHORT = {"capable": "capable", "preferred": "preferred", "portal_aaaa": "portals_aaaa", "portal_ready": "portals_ready", "zone_ipv6": "zones_ipv6", "mail_ipv6": "mail_ipv6"}


def portal_shares(portals: pd.DataFrame, provinces: pd.Series) -> pd.DataFrame:
    """Return shares of portals, with :data:`geo.ipv6.uptake.SHARE_COLUMNS`; operator and access are empty.

    Indicators: ``portal_aaaa``, has an AAAA record that leads somewhere; ``portal_ready``, verdict ``ready``; ``zone_ipv6``, of the portals' zones those with
    at least one name server that has such a record (RFC 3901, 4); ``mail_ipv6``, the same of mail servers, of the domains that take mail.
    A province's are those of its own bodies and of its communes'.

    Parameters
    ----------
    portals : DataFrame
        As :func:`geo.ipv6.portals.judge_portals` returns it.
    provinces : Series
        Province code by commune code.
    """
    commune = portals["commune_code"].astype(str)
    province = commune.map(provinces).astype(object)
    province = province.where(province.notna(), portals["province_code"]).astype(str)
    rows: list[tuple[object, ...]] = []
    for level, codes in (("province", province), ("commune", commune)):
        for code, group in portals.groupby(codes.to_numpy(), sort=True):
            if not code:
                continue
            for indicator, states in _states(group).items():
                rows += _row(str(code), level, indicator, states)
    return pd.DataFrame(rows, columns=list(SHARE_COLUMNS))


def _states(group: pd.DataFrame) -> dict[str, pd.Series]:
    """Return yes, no or not known of everything that is counted."""
    ready = (group["verdict"] == "ready").astype("boolean").mask(group["verdict"].isin(UNDECIDED))
    listed = group["verdict"] != "bad_address"
    states = {"portal_aaaa": group.loc[listed, "has_aaaa"], "portal_ready": ready[listed]}
    for indicator, unit, key in (("zone_ipv6", "zone", "name_servers"), ("mail_ipv6", "mail_domain", "mail_servers")):
        once = group[group[unit] != ""].drop_duplicates(unit)
        once = once[once[key].isna() | (once[key] > 0)]
        some, open_ = once[f"{key}_with_aaaa"], once[f"{key}_unknown"]
        known = some.notna() & ((some > 0) | (open_ == 0))
        states[indicator] = (some > 0).astype("boolean").where(known.fillna(False).astype(bool), pd.NA)
    return states


def _row(code: str, level: str, indicator: str, states: pd.Series) -> list[tuple[object, ...]]:
    n = len(states)
    if not n:
        return []
    known, yes = int(states.notna().sum()), int(states.fillna(False).sum())
    value = yes / known if known else np.nan
    low, high = yes / n, (yes + n - known) / n
    reason = "some_not_known" if known < n else ""
    return [(code, level, indicator, "", "", "portals", value, low, high, known, np.nan, n - known, "", reason)]


def ipv6_table(shares: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the table of shares with :data:`IPV6_COLUMNS`: a row per area, kind of source, operator and access.

    Parameters
    ----------
    shares : DataFrame
        Of tests and portals, one below the other.
    names : mapping of str to str
        Name by area code.
    """
    rows = []
    keys = ["area_code", "area_level", "source_kind", "operator", "access"]
    for key, group in shares.groupby(keys, sort=False):
        row: dict[str, object] = dict(zip(keys, key, strict=True))
        row["area_name"] = names.get(str(row["area_code"]), "")
        periods = [text for text in group["period"] if text]
        row["period"] = max(periods, default="")
        for item in group.to_dict("records"):
            short = _SHORT[str(item["indicator"])]
            row |= {f"{short}_share": item["value"], f"{short}_n": item["n"], f"{short}_low": item["low"], f"{short}_high": item["high"]}
            row[f"{short}_n_effective"] = item["n_effective"]
            if short == "portals_ready":
                row["portals"] = int(item["n"]) + int(item["unknown"])
        row["reason"] = "; ".join(dict.fromkeys(part for text in group["reason"] for part in text.split("; ") if part))
        rows.append({name: row.get(name) for name in IPV6_COLUMNS})
    table = pd.DataFrame(rows, columns=list(IPV6_COLUMNS))
    order = table["area_level"].map({"country": 0, "province": 1, "commune": 2})
    table = table.assign(_level=order).sort_values(["_level", "area_code"], kind="stable").drop(columns="_level").reset_index(drop=True)
    counts = [name for name in IPV6_COLUMNS if name == "portals" or name.endswith("_n")]
    numbers = [name for name in IPV6_COLUMNS if name.endswith(("_share", "_low", "_high", "_n_effective"))]
    table = table.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(numbers, "Float64"))
    table[numbers] = table[numbers].mask(table[numbers].isna())
    return table


def reported_figures(shares: pd.DataFrame, indicators: Mapping[str, str]) -> pd.DataFrame:
    """Return shares over all operators and accesses as figures that rules are held against, with :data:`REPORTED_COLUMNS`.

    Parameters
    ----------
    shares : DataFrame
        Of tests and portals, one below the other.
    indicators : mapping of str to str
        Name that the rules have for an indicator of this module, such as ``{"portal_ready": "portals_ipv6", "preferred": "ipv6"}``; others are left out.
    """
    mine = shares[shares["indicator"].isin(indicators) & (shares["operator"] == "") & (shares["access"] == "")]
    named = mine.assign(indicator=mine["indicator"].map(indicators))
    return named[list(REPORTED_COLUMNS)].reset_index(drop=True)
