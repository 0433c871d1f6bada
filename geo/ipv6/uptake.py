"""How many can use IPv6, and how many do: shares of tests by area, operator and access.

``capable``: the test reached a server that has IPv6 alone. ``preferred``: with a choice of both it took IPv6. Both are shares of all tests
for which the answer is known. Tests of one phone, or one line, in one place hang together, so bounds stand on the effective number of
tests (:mod:`geo.standards.effective`); shares that came ready-made have value and n, and no bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    rows: list[tuple[object, ...]] = []
    for level in ("commune", "province"):
        names = frame[level].to_numpy()
        areas = sorted({name for name in names if name})
        place = pd.Series(range(len(areas)), index=areas, dtype="int64")
        for operator, access, picked, reason in _groups(frame):
            inside = picked[names[picked] != ""]
            if not inside.size:
                continue
            area = place.reindex(names[inside]).to_numpy(dtype=np.int64)
            for indicator in INDICATORS:
                answer = frame[indicator].astype("boolean").iloc[inside]
                told = answer.notna().to_numpy()
                rows += _shares(
                    answer[told].to_numpy(dtype=bool), area[told], cluster[inside][told], poor[inside][told], np.bincount(area[~told], minlength=len(areas)),
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
    """Return ready-made shares: of the latest period of each area, operator and access; tests of several rows are put together."""
    if frame.empty:
        return []
    work = frame.copy()
    work["source_kind"] = np.where(_column(work, "asn") != "", "network_aggregate", "aggregate")
    # A count of a commune says nothing of its province, nor the other way round; one without a place is the country's.
    work["level"] = np.where(work["commune"] != "", "commune", "country")
    rows: list[tuple[object, ...]] = []
    for key, every in work.groupby(["level", "commune", "operator", "access", "source_kind"], sort=True):
        level, area, operator, access, kind = (str(part) for part in key)
        latest = every["period_end"].max()
        group = every if pd.isna(latest) else every[every["period_end"] == latest]
        period = "" if pd.isna(latest) else f"{group['period_start'].min():%Y-%m-%d}/{latest:%Y-%m-%d}"
        reason = "given_ready_made" if operator else "given_ready_made; operator_not_known"
        for indicator in INDICATORS:
            counted = group[f"{indicator}_tests"].to_numpy(dtype=np.float64)
            tests = group["tests"].to_numpy(dtype=np.float64)
            known = np.isfinite(counted) & (tests > 0)
            if known.any():
                n = tests[known].sum()
                left = int(tests[~known].sum())
                rows.append((area, level, indicator, operator, access, kind, counted[known].sum() / n, np.nan, np.nan, int(n), np.nan, left, period, reason))
    return rows
