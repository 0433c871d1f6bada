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
from geo.standards import EvidenceSettings, clusters_of, effective_sizes

__all__ = ["INDICATORS", "SHARE_COLUMNS", "uptake_shares"]

INDICATORS = ("capable", "preferred")
#: Of every table of shares: a row per area, operator, access, kind of source and indicator.
SHARE_COLUMNS = (
    "area_code", "area_level", "indicator", "operator", "access", "source_kind", "value", "low", "high", "n", "n_effective", "unknown", "period", "reason",
)  # fmt: skip
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
    """Return ready-made shares of the latest period, and what they come to together: operators, accesses, a province's communes."""
    if frame.empty:
        return []
    work = frame[["commune", "province", "operator", "access", "period_start", "period_end"]].copy()
    work["source_kind"] = np.where(_column(frame, "asn") != "", "network_aggregate", "aggregate")
    # One without a place is the country's; nobody knows how much of it is the province's.
    work["level"] = np.where(work["commune"] != "", "commune", "country")
    tests = frame["tests"].to_numpy(dtype=np.float64)
    for name in INDICATORS:
        counted = frame[f"{name}_tests"].to_numpy(dtype=np.float64)
        known = np.isfinite(counted) & (tests > 0)
        work[name], work[f"{name}_n"] = np.where(known, counted, 0.0), np.where(known, tests, 0.0)
        work[f"{name}_unknown"] = np.where(known, 0.0, np.maximum(tests, 0.0))
    keys = ["level", "commune", "province", "operator", "access", "source_kind"]
    last = work.groupby(keys)["period_end"].transform("max")
    work = work[last.isna() | (work["period_end"] == last)]
    work["reason"] = "given_ready_made"
    table = _summed(work, keys)
    for over in ("operator", "access"):
        table = pd.concat([table, _put_together(table, keys, over)], ignore_index=True)
    communes = table[(table["level"] == "commune") & (table["province"] != "")]
    if len(communes):
        above = _summed(communes.assign(level="province", commune="", reason=_mixed(communes["reason"])), keys)
        table = pd.concat([table, above], ignore_index=True)
    table = _without_copies(table, keys)
    table = table.assign(area=np.where(table["level"] == "commune", table["commune"], np.where(table["level"] == "province", table["province"], "")))
    return [row for item in table.to_dict("records") for row in _aggregate_rows(item)]


_COUNTS = tuple(f"{name}{end}" for name in INDICATORS for end in ("", "_n", "_unknown"))


def _summed(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    how: dict[str, str] = dict.fromkeys(_COUNTS, "sum") | {"period_start": "min", "period_end": "max", "reason": "max"}
    return rows.groupby(list(keys), sort=True, as_index=False).agg(how)


def _mixed(reason: pd.Series) -> pd.Series:
    return reason.where(reason.str.contains("mix_of_tests"), reason + "; mix_of_tests")


def _put_together(table: pd.DataFrame, keys: Sequence[str], over: str) -> pd.DataFrame:
    """Return the sums over operators, or over accesses; none where a figure for all of them was given: it counts the same tests again."""
    rest = [key for key in keys if key != over]
    named = table[table[over] != ""]
    given = pd.MultiIndex.from_frame(table.loc[table[over] == "", rest])
    several = named[~pd.MultiIndex.from_frame(named[rest]).isin(given)].copy()
    several[over], several["reason"] = "", _mixed(several["reason"])
    return _summed(several, keys)


def _without_copies(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Leave out both accesses of an operator where they are one of them over again."""
    rest = [key for key in keys if key != "access"]
    both = (table["access"] == "") & (table["operator"] != "")
    one = pd.MultiIndex.from_frame(table.loc[table["access"] != "", [*rest, *_COUNTS]])
    again = both & pd.MultiIndex.from_frame(table[[*rest, *_COUNTS]]).isin(one)
    return table[~again]


def _aggregate_rows(item: Mapping[Hashable, Any]) -> list[tuple[object, ...]]:
    period = "" if pd.isna(item["period_end"]) else f"{item['period_start']:%Y-%m-%d}/{item['period_end']:%Y-%m-%d}"
    reason = item["reason"] if item["operator"] or "mix_of_tests" in item["reason"] else f"{item['reason']}; operator_not_known"
    return [
        (
            item["area"], item["level"], name, item["operator"], item["access"], item["source_kind"], item[name] / item[f"{name}_n"], np.nan, np.nan,
            int(item[f"{name}_n"]), np.nan, int(item[f"{name}_unknown"]), period, reason,
        )
        for name in INDICATORS
        if item[f"{name}_n"] > 0
    ]  # fmt: skip
