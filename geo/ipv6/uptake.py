"""How many can use IPv6, and how many do: shares of tests by area, operator and access.

``capable``: the test reached a server that has IPv6 alone. ``preferred``: with a choice of both it took IPv6. Both are shares of all tests
for which the answer is known. Tests of one phone, or one line, in one place hang together, so bounds stand on the effective number of
tests (:mod:`geo.standards.effective`); shares that came ready-made have value and n, and no bounds.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.binomial import share_bounds
from geo.ipv6.settings import UptakeSettings
from geo.service_quality.overlaps import ALL, counted_once
from geo.standards import EvidenceSettings, clusters_of, effective_sizes

__all__ = ["INDICATORS", "SHARE_COLUMNS", "uptake_shares"]

INDICATORS = ("capable", "preferred")
#: Of every table of shares: a row per area, operator, access, kind of source and indicator.
SHARE_COLUMNS = (
    "area_code", "area_level", "indicator", "operator", "access", "source_kind", "value", "low", "high", "n", "n_effective", "unknown", "period", "reason",
)  # fmt: skip
_PLACE = ["level", "commune", "province", "source_kind"]
_M_PER_DEGREE = 111_195.0  # of a great circle on a sphere of 6,371 km


def uptake_shares(
    tests: pd.DataFrame,
    provinces: pd.Series,
    settings: UptakeSettings,
    evidence: EvidenceSettings,
) -> pd.DataFrame:
    """Return shares of tests, with :data:`SHARE_COLUMNS`, in the order of area, operator, access.

    Rows of ``operator`` or ``access`` "" are all together: the mix of those who tested, reason ``mix_of_tests``. Areas without a test have no row.

    Parameters
    ----------
    tests : DataFrame
        ``operator``, ``access``, ``commune_code``, ``lon``, ``lat``, ``time`` (UTC), ``capable`` and ``preferred`` (nullable flags), ``is_aggregate``, ``tests``, ``capable_tests`` and
        ``preferred_tests`` (of a ready-made count, how many of ``tests``), ``asn``, ``period_start``, ``period_end``; a ``device``, where there is one.
    provinces : Series
        Province code by commune code.
    settings : UptakeSettings
    evidence : EvidenceSettings

    """
    frame = _with_areas(tests, provinces)
    ready = frame["is_aggregate"].to_numpy(dtype=bool)
    rows = _of_tests(frame[~ready], settings, evidence) + _of_aggregates(frame[ready])
    out = pd.DataFrame(rows, columns=list(SHARE_COLUMNS))
    order = {"country": 0, "province": 1, "commune": 2}
    out["_level"] = out["area_level"].map(order)
    out = out.sort_values(["_level", "area_code", "source_kind", "operator", "access", "indicator"], kind="stable").drop(columns="_level")
    return out.reset_index(drop=True)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of text, empty where there is none."""
    if name not in frame:
        return pd.Series("", index=frame.index, dtype=object)
    return frame[name].astype(object).where(frame[name].notna(), "").astype(str)


def _with_areas(tests: pd.DataFrame, provinces: pd.Series) -> pd.DataFrame:
    frame = tests.copy()
    frame["commune"] = _column(tests, "commune_code").to_numpy()
    frame["province"] = frame["commune"].map(provinces).fillna("").to_numpy()
    for name in ("operator", "access"):
        frame[name] = _column(tests, name).to_numpy()
    return frame


def _groups(frame: pd.DataFrame) -> list[tuple[str, str, npt.NDArray[np.intp], str]]:
    """Return operator and access of what is put together, its rows, and what is to be said of it."""
    every = np.arange(len(frame))
    operator, access = frame["operator"].to_numpy(), frame["access"].to_numpy()
    found = [("", "", every, "mix_of_tests")]
    found += [("", one, every[access == one], "mix_of_tests") for one in sorted({a for a in access if a})]
    for who in sorted({o for o in operator if o}):
        mine = operator == who
        kinds = sorted({a for a in access[mine] if a})
        if len(kinds) != 1 or (access[mine] == "").any():
            found.append((who, "", every[mine], "mix_of_tests"))
        found += [(who, one, every[mine & (access == one)], "") for one in kinds]
    return found


def _of_tests(frame: pd.DataFrame, settings: UptakeSettings, evidence: EvidenceSettings) -> list[tuple[object, ...]]:
    if frame.empty:
        return []
    cluster, poor = _clusters(frame, settings)
    answers = {name: frame[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan) for name in INDICATORS}
    groups = _groups(frame)
    rows: list[tuple[object, ...]] = []
    for level in ("commune", "province"):
        codes, names = pd.factorize(frame[level].to_numpy(), sort=True)
        areas = [str(name) for name in names]
        named = frame[level].to_numpy() != ""
        for operator, access, picked, reason in groups:
            inside = picked[named[picked]]
            if not inside.size:
                continue
            area = codes[inside].astype(np.int64)
            for indicator, answer in answers.items():
                told = np.isfinite(answer[inside])
                rows += _shares(
                    answer[inside][told] > 0, area[told], cluster[inside][told], poor[inside][told], np.bincount(area[~told], minlength=len(areas)),
                    areas, (level, indicator, operator, access, reason), evidence,
                )  # fmt: skip
    return rows


def _shares(
    success: npt.NDArray[np.bool_],
    area: npt.NDArray[np.int64],
    cluster: npt.NDArray[np.int64],
    poor: npt.NDArray[np.bool_],
    unknown: npt.NDArray[np.int64],
    areas: Sequence[str],
    labels: tuple[str, str, str, str, str],
    evidence: EvidenceSettings,
) -> list[tuple[object, ...]]:
    level, indicator, operator, access, reason = labels
    given = clusters_of(area, cluster, len(areas))
    value = success.astype(np.float64)
    share = given.means(value)
    known = np.nan_to_num(share)
    size = effective_sizes(value, given, evidence, told=np.minimum(1.0, 4.0 * known * (1.0 - known))).size
    low, high = share_bounds(known * size, size, evidence.error_share)
    blurred = given.per_area(poor.astype(np.float64)) > 0
    rows: list[tuple[object, ...]] = []
    for k in np.flatnonzero((given.count > 0) | (unknown > 0)).tolist():
        said = "; ".join(text for text in (reason, "place_or_day_not_known" if blurred[k] else "") if text)
        rows.append(
            (areas[k], level, indicator, operator, access, "tests", share[k], low[k], high[k], int(given.count[k]), size[k], int(unknown[k]), "", said)
        )
    return rows


def _clusters(frame: pd.DataFrame, settings: UptakeSettings) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return which tests hang together, and where that is a guess on the safe side because place or day is not known.

    One device is one cluster; without a device, one place and day of an operator and access; without a place the whole commune on that day.
    """
    lat, lon = frame["lat"].to_numpy(dtype=np.float64), frame["lon"].to_numpy(dtype=np.float64)
    placed = np.isfinite(lat) & np.isfinite(lon)
    row = np.where(placed, np.floor(np.nan_to_num(lat) * _M_PER_DEGREE / settings.place_m), -1).astype(np.int64)
    # The width of a row of places is that of its southern edge, so that all of a row have one.
    width = np.cos(np.deg2rad(row * settings.place_m / _M_PER_DEGREE))
    column = np.where(placed, np.floor(np.nan_to_num(lon) * _M_PER_DEGREE * width / settings.place_m), -1).astype(np.int64)
    local = frame["period_start"].fillna(frame["time"].dt.tz_localize(None))
    day = local.dt.strftime("%Y-%m-%d").fillna("").astype(object)
    keys = pd.DataFrame(
        {
            "device": _column(frame, "device").to_numpy(), "operator": frame["operator"].to_numpy(), "access": frame["access"].to_numpy(),
            "commune": np.where(placed, "", frame["commune"].to_numpy()), "row": row, "column": column, "day": day.to_numpy(),
        }
    )  # fmt: skip
    has_device = keys["device"].to_numpy() != ""
    for name, blank in (("operator", ""), ("access", ""), ("commune", ""), ("row", -1), ("column", -1), ("day", "")):
        keys[name] = np.where(has_device, blank, keys[name].to_numpy())
    poor = ~has_device & (~placed | (keys["day"].to_numpy() == ""))
    number = keys.groupby(list(keys.columns), sort=False).ngroup()
    return np.asarray(number, dtype=np.int64), np.asarray(poor, dtype=bool)


def _of_aggregates(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return ready-made shares of the latest period, and what they come to together: operators, accesses, a province's communes.

    Each operator and access gives its latest period; of a quarter and a month that end together the month, as the later one. What hold the
    same tests (a row of all operators beside one of each) are never added up: the widest counts (:mod:`geo.service_quality.overlaps`).
    """
    if frame.empty:
        return []
    work = frame[["commune", "province", "operator", "access"]].copy()
    work["network"] = _column(frame, "asn")
    work["source_kind"] = np.where(work["network"] != "", "network_aggregate", "aggregate")
    # One without a place is the country's; nobody knows how much of it is the province's.
    work["level"] = np.where(work["commune"] != "", "commune", "country")
    work["first"], work["last"] = (frame[name].dt.normalize() for name in ("period_start", "period_end"))
    tests = np.maximum(frame["tests"].to_numpy(dtype=np.float64), 0.0)
    rows: list[tuple[object, ...]] = []
    for name in INDICATORS:
        counted = frame[f"{name}_tests"].to_numpy(dtype=np.float64)
        known = np.isfinite(counted) & (tests > 0)
        told = work.assign(known=known, yes=np.where(known, counted, 0.0), n=np.where(known, tests, 0.0), unknown=np.where(known, 0.0, tests))
        latest = _latest(told[tests > 0])
        above = latest[(latest["level"] == "commune") & (latest["province"] != "")]
        for operator, access in ((True, True), (True, False), (False, True), (False, False)):
            rows += _put_together(latest, latest["level"], np.where(latest["level"] == "commune", latest["commune"], ""), name, operator=operator, access=access)
            rows += _put_together(above, "province", above["province"], name, operator=operator, access=access)
    return rows


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the latest period of each place, operator, access and network, those that say something before those that do not."""
    keys = [*_PLACE, "operator", "access", "network", "known"]
    for name in ("last", "first"):
        latest = rows.groupby(keys)[name].transform("max")
        rows = rows[latest.isna() | (rows[name] == latest)]
    return rows


def _put_together(
    rows: pd.DataFrame, level: pd.Series | str, area: pd.Series | npt.NDArray[np.object_], indicator: str, *, operator: bool, access: bool
) -> list[tuple[object, ...]]:
    """Return an indicator's shares by area and, as asked for, by operator and access; of all operators, or accesses, what was given for them or their sum."""
    rows = rows.assign(level=level, area=area)
    named = rows[((rows["operator"] != "") | (not operator)) & ((rows["access"] != "") | (not access))]
    if named.empty:
        return []
    chosen = [name for name, wanted in (("operator", operator), ("access", access)) if wanted]
    named = named[~_superseded(named, chosen)]
    # A network without a known operator is none the less one network: no row of all of them.
    names = named.assign(operator=named["operator"].where((named["operator"] != "") | (named["network"] == ""), "AS" + named["network"]))
    codes = [np.where(names[name] == "", ALL, pd.factorize(names[name], sort=True)[0]).astype(np.int64) for name in ("operator", "access", "network")]
    no_day = np.zeros(len(named), dtype=np.int64)  # the latest of each, whenever it was
    cell = np.asarray(named.groupby([*_PLACE, *chosen, "known"], sort=True).ngroup(), dtype=np.int64)
    once = counted_once(cell, codes, no_day, no_day, (named["n"] + named["unknown"]).to_numpy(dtype=np.float64))
    labels = ["level", "area", "source_kind", *chosen]
    held = named.assign(again=~once, mixed=(named["operator"] != "") & (not operator) | (named["access"] != "") & (not access))
    groups = held[once].groupby(labels, sort=True)
    table = groups.agg(
        yes=("yes", "sum"), n=("n", "sum"), unknown=("unknown", "sum"), first=("first", "min"), last=("last", "max"), firsts=("first", "nunique"), lasts=("last", "nunique"),
        mixed=("mixed", "any"), accesses=("access", "nunique"), an_access=("access", "max"),
    )  # fmt: skip
    table["again"] = held.groupby(labels, sort=True)["again"].any().reindex(table.index)
    table = table.reset_index()
    if operator and not access:  # both accesses, of which there is one only, say nothing more
        table = table[(table["accesses"] > 1) | (table["an_access"] == "")]
    return [_share(item, indicator) for item in table[table["n"] > 0].to_dict("records")]


def _superseded(rows: pd.DataFrame, chosen: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which rows of all operators, or of all accesses, are of an earlier period than the rows of one: these are what holds now."""
    found = np.zeros(len(rows), dtype=bool)
    for name in ("operator", "access"):
        if name in chosen:
            continue
        whole = ((rows[name] == "") & (rows["network"] == "")).to_numpy(dtype=bool)
        keys = [rows[key] for key in (*_PLACE, *chosen, "known", *(["operator"] if name == "access" else []))]
        latest = rows["last"].mask(whole).groupby(keys).transform("max")
        found |= whole & (rows["last"] < latest).to_numpy(dtype=bool)
    return found


def _share(item: Mapping[Hashable, Any], indicator: str) -> tuple[object, ...]:
    period = "" if pd.isna(item["last"]) else f"{item['first']:%Y-%m-%d}/{item['last']:%Y-%m-%d}"
    operator, mixed = item.get("operator", ""), item["mixed"] or item["level"] == "province"
    said = [
        "given_ready_made", "mix_of_tests" if mixed else "operator_not_known" if not operator else "",
        "counted_once" if item["again"] else "", "periods_pooled" if item["firsts"] > 1 or item["lasts"] > 1 else "",
    ]  # fmt: skip
    return (
        item["area"], item["level"], indicator, operator, item.get("access", ""), item["source_kind"], item["yes"] / item["n"], np.nan, np.nan,
        int(item["n"]), np.nan, int(item["unknown"]), period, "; ".join(text for text in said if text),
    )  # fmt: skip
