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
    parts = [
        _counted(states, level, indicator)
        for level, code in (("province", province), ("commune", commune))
        for indicator, states in _states(portals[code != ""].assign(area_code=code[code != ""])).items()
    ]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(SHARE_COLUMNS))


def _states(portals: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return area and yes, no or not known of everything that is counted."""
    ready = (portals["verdict"] == "ready").astype("boolean").mask(portals["verdict"].isin(UNDECIDED))
    listed = portals["verdict"] != "bad_address"
    states = {"portal_aaaa": portals["has_aaaa"][listed], "portal_ready": ready[listed]}
    for indicator, unit, key in (("zone_ipv6", "zone", "name_servers"), ("mail_ipv6", "mail_domain", "mail_servers")):
        once = portals[portals[unit] != ""].drop_duplicates(["area_code", unit])
        once = once[once[key].isna() | (once[key] > 0)]
        some, open_ = once[f"{key}_with_aaaa"], once[f"{key}_unknown"]
        known = some.notna() & ((some > 0) | (open_ == 0))
        states[indicator] = (some > 0).astype("boolean").where(known.fillna(False).astype(bool), pd.NA)
    return {name: pd.DataFrame({"area_code": portals["area_code"].reindex(state.index), "state": state}) for name, state in states.items()}


def _counted(states: pd.DataFrame, level: str, indicator: str) -> pd.DataFrame:
    groups = states.groupby("area_code", sort=True)["state"]
    total, known = groups.size().to_numpy(np.float64), groups.count().to_numpy(np.float64)
    yes = groups.sum().to_numpy(np.float64)
    unknown = total - known
    found = pd.DataFrame({"area_code": list(groups.groups), "area_level": level, "indicator": indicator, "operator": "", "access": "", "source_kind": "portals"})
    value = np.divide(yes, known, out=np.full(len(found), np.nan), where=known > 0)
    found = found.assign(value=value, low=yes / total, high=(yes + unknown) / total, n=known.astype(np.int64), n_effective=np.nan)
    return found.assign(unknown=unknown.astype(np.int64), period="", reason=np.where(unknown > 0, "some_not_known", ""))[list(SHARE_COLUMNS)]


def ipv6_table(shares: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the table of shares with :data:`IPV6_COLUMNS`: a row per area, kind of source, operator and access.

    Parameters
    ----------
    shares : DataFrame
        Of tests and portals, one below the other.
    names : mapping of str to str
        Name by area code.
    """
    keys = ["area_code", "area_level", "source_kind", "operator", "access"]
    groups = shares.groupby(keys, sort=False)
    said = groups["reason"].agg(lambda texts: "; ".join(dict.fromkeys(part for text in texts for part in text.split("; ") if part)))
    parts = [said.to_frame("reason"), groups["period"].max().to_frame("period")]
    for indicator, short in _SHORT.items():
        mine = shares[shares["indicator"] == indicator].set_index(keys)
        named = {name: f"{short}_{name}" for name in ("low", "high", "n", "n_effective")} | {"value": f"{short}_share"}
        parts.append(mine[list(named)].rename(columns=named))
        if indicator == "portal_ready":
            parts.append((mine["n"] + mine["unknown"]).to_frame("portals"))
    table = pd.concat(parts, axis=1).reset_index()
    table = table.assign(area_name=table["area_code"].map(names).fillna("")).reindex(columns=list(IPV6_COLUMNS))
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
