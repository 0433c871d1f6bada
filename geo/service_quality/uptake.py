"""IPv6 tests as samples of service, so that rules on IPv6 use are held against them as against the speed tests that say it."""

from __future__ import annotations

import pandas as pd

from geo.service_quality.samples import SAMPLE_COLUMNS, empty_samples

__all__ = ["uptake_samples"]

_SAME = ("operator", "access", "time", "lon", "lat", "commune_code", "period_start", "period_end", "file", "sheet", "row")
#: Degrees: a metre.
_SAME_PLACE_DIGITS = 5
_UNTOLD = ("download_mbps", "upload_mbps", "latency_ms", "package_download_mbps", "package_upload_mbps")


def uptake_samples(tests: pd.DataFrame | None, speed: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return single IPv6 tests as samples: ``ipv6`` is whether the test, with a choice of both, took IPv6 (``preferred``).

    Counts that came ready-made are left out: no test of theirs can be told from another; they stand in the table of IPv6 shares.

    Parameters
    ----------
    tests : DataFrame or None
        :data:`geo.service_frames.IPV6_TESTS`.
    speed : DataFrame, optional
        Speed tests (:data:`geo.service_quality.samples.SAMPLE_COLUMNS`): where one of them tells IPv6 at the same moment and place on the
        same network, it is the same test, given in two files, and stands once.

    Returns
    -------
    DataFrame
        :data:`geo.service_quality.samples.SAMPLE_COLUMNS`.
    """
    single = empty_samples() if tests is None else tests[~tests["is_aggregate"].to_numpy(dtype=bool)]
    if tests is None or single.empty:
        return empty_samples()
    told = {name: single[name] for name in _SAME}
    # Numbers of devices mean something within their own table alone.
    device = single["device"].astype("str").map(lambda number: f"ipv6 {number}" if number else "")
    nothing = {name: pd.Series(float("nan"), index=single.index, dtype="float64") for name in _UNTOLD}
    made = pd.DataFrame(
        {
            **told, **nothing, "technology": "", "device_id": device, "ipv6": single["preferred"].astype("boolean"),
            "is_aggregate": False, "tests": 1, "devices": 1, "statistic": "", "source_kind": "crowd_test", "campaign": "",
        }
    )  # fmt: skip
    return made.loc[~_told_before(made, speed), list(SAMPLE_COLUMNS)].reset_index(drop=True)


def _told_before(made: pd.DataFrame, speed: pd.DataFrame | None) -> pd.Series:
    """Tell rows that a dated speed test with IPv6 told says as well."""
    nobody = pd.Series(False, index=made.index)
    if speed is None or speed.empty:
        return nobody
    told = speed[speed["ipv6"].notna() & speed["time"].notna()]
    known = set(_keys(told))
    return pd.Series([key in known for key in _keys(made)], index=made.index) & made["time"].notna()


def _keys(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    place = rows[["lon", "lat"]].astype("float64").round(_SAME_PLACE_DIGITS).fillna(0.0)
    return list(zip(rows["operator"], rows["access"], rows["time"], rows["commune_code"], place["lon"], place["lat"], strict=True))
