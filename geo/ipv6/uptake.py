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
        ``operator``, ``access``, ``commune_code``, ``capable``, ``preferred`` (nullable flags), and, where known, ``lon``, ``lat``, ``time``, ``device``,
        ``asn``, ``is_aggregate``, ``tests``, ``capable_share``, ``preferred_share``, ``province_code``. A row with ``is_aggregate`` is a ready-made share
        of ``tests`` tests; without an operator its network's number says whose it is.
    provinces : Series
        Province code by commune code.
    settings : UptakeSettings
    evidence : EvidenceSettings

    Raises
    ------
    ValueError
        If a ready-made share lies outside 0 to 1.
    """
    frame = _with_areas(tests, provinces, settings)
    ready = _flag(frame, "is_aggregate")
    rows = _of_tests(frame[~ready], settings, evidence) + _of_aggregates(frame[ready])
    out = pd.DataFrame(rows, columns=list(SHARE_COLUMNS))
    order = {"country": 0, "province": 1, "commune": 2}
    out["_level"] = out["area_level"].map(order)
    out = out.sort_values(["_level", "area_code", "source_kind", "operator", "access", "indicator"], kind="stable").drop(columns="_level")
    return out.reset_index(drop=True)


def _flag(frame: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    if name not in frame:
        return np.zeros(len(frame), dtype=bool)
    return frame[name].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of text, empty where there is none."""
    if name not in frame:
        return pd.Series("", index=frame.index, dtype=object)
    return frame[name].astype(object).where(frame[name].notna(), "").astype(str)


def _with_areas(tests: pd.DataFrame, provinces: pd.Series, settings: UptakeSettings) -> pd.DataFrame:
    frame = tests.copy()
    frame["commune"] = _column(tests, "commune_code").to_numpy()
    own = _column(tests, "province_code").to_numpy()
    found = frame["commune"].map(provinces).fillna("").to_numpy()
    frame["province"] = np.where(found != "", found, own)
    operator = _column(tests, "operator")
    if "asn" in frame:
        number = pd.to_numeric(frame["asn"], errors="coerce")
        known = number.map(settings.networks)
        operator = operator.where(operator != "", known.fillna(""))
    frame["operator"] = operator.to_numpy()
    frame["access"] = _column(tests, "access").to_numpy()
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
                if indicator not in frame:
                    continue
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
        said = " ".join(text for text in (reason, "place_or_day_not_known" if blurred[k] else "") if text)
        rows.append(
            (areas[k], level, indicator, operator, access, "tests", share[k], low[k], high[k], int(given.count[k]), size[k], int(unknown[k]), "", said)
        )
    return rows


def _clusters(frame: pd.DataFrame, settings: UptakeSettings) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return which tests hang together, and where that is a guess on the safe side because place or day is not known.

    One device is one cluster; without a device, one place and day of an operator and access; without a place the whole commune on that day.
    """
    lat = pd.to_numeric(frame["lat"], errors="coerce").to_numpy(float) if "lat" in frame else np.full(len(frame), np.nan)
    lon = pd.to_numeric(frame["lon"], errors="coerce").to_numpy(float) if "lon" in frame else np.full(len(frame), np.nan)
    placed = np.isfinite(lat) & np.isfinite(lon)
    row = np.where(placed, np.floor(np.nan_to_num(lat) * _M_PER_DEGREE / settings.place_m), -1).astype(np.int64)
    # The width of a row of places is that of its southern edge, so that all of a row have one.
    width = np.cos(np.deg2rad(row * settings.place_m / _M_PER_DEGREE))
    column = np.where(placed, np.floor(np.nan_to_num(lon) * _M_PER_DEGREE * width / settings.place_m), -1).astype(np.int64)
    day = pd.to_datetime(frame["time"], errors="coerce").dt.strftime("%Y-%m-%d") if "time" in frame else pd.Series("", index=frame.index)
    day = day.fillna("")
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
    """Return ready-made shares: of the latest period of each area, operator and access, weighted by tests where several stand there."""
    if frame.empty:
        return []
    work = frame.copy()
    period = pd.to_datetime(work["time"], errors="coerce") if "time" in work else pd.Series(pd.NaT, index=work.index)
    work["period"] = period
    work["weight"] = pd.to_numeric(work["tests"], errors="coerce") if "tests" in work else np.nan
    asn = pd.to_numeric(work["asn"], errors="coerce") if "asn" in work else pd.Series(np.nan, index=work.index)
    work["source_kind"] = np.where(asn.notna(), "network_aggregate", "aggregate")
    # A share of a commune says nothing of its province, nor the other way round; without either it is the country's.
    work["level"] = np.select([work["commune"] != "", work["province"] != ""], ["commune", "province"], "country")
    work["area"] = np.where(work["level"] == "commune", work["commune"], np.where(work["level"] == "province", work["province"], ""))
    rows: list[tuple[object, ...]] = []
    keys = ["level", "area", "operator", "access", "source_kind"]
    for key, every in work.groupby(keys, sort=True):
        level, area, operator, access, kind = (str(part) for part in key)
        group = every[every["period"] == every["period"].max()] if every["period"].notna().any() else every
        latest = group["period"].iloc[0]
        for indicator in INDICATORS:
            share = _given_share(group, indicator)
            if share is None or share.isna().all():
                continue
            value, n, reason = _weighted(share, group["weight"])
            if not operator:
                reason = " ".join(text for text in (reason, "operator_not_known") if text)
            said = "" if latest is pd.NaT or pd.isna(latest) else latest.strftime("%Y-%m-%d")
            rows.append((area, level, indicator, operator, access, kind, value, np.nan, np.nan, n, np.nan, int(share.isna().sum()), said, reason))
    return rows


def _given_share(group: pd.DataFrame, indicator: str) -> pd.Series | None:
    for name in (f"{indicator}_share", indicator):
        if name in group and group[name].notna().any():
            share = pd.to_numeric(group[name].astype("Float64"), errors="coerce").astype("Float64")
            if ((share < 0) | (share > 1)).any():
                raise ValueError(f"{name}: a share lies between 0 and 1")
            return share
    return None


def _weighted(share: pd.Series, weight: pd.Series) -> tuple[float, int | None, str]:
    """Return the mean by tests, their number, and what is to be said of it."""
    known = share.notna()
    value, size = share[known].astype(float), weight[known]
    if (size > 0).all():
        return float(np.average(value, weights=size.astype(float))), int(size.sum()), "given_ready_made"
    if len(value) == 1:
        return float(value.iloc[0]), None, "given_ready_made number_of_tests_not_given"
    return float("nan"), None, "several_shares_without_number_of_tests"
