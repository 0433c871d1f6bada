"""Speed tests against each other: rows and uploads that repeat, devices that ran dry."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.validation import IssueLog, Source

__all__ = ["SeenTests", "state_collapse", "without_repeated"]

BoolArray = npt.NDArray[np.bool_]

_SAME = (
    "operator", "technology", "access", "time", "lon", "lat", "commune_code", "download_mbps", "upload_mbps", "latency_ms",
    "tests", "devices", "statistic", "period_start", "period_end",
)  # fmt: skip


@dataclass(slots=True)
class SeenTests:
    """Rows of the files read before, as 64-bit digests: the same upload given twice counts once."""

    digests: list[npt.NDArray[np.uint64]] = field(default_factory=list)

    def repeated(self, frame: pd.DataFrame) -> BoolArray:
        """Return which rows an earlier call was given; rows that cannot be told apart from others never are."""
        keys = pd.util.hash_pandas_object(frame[list(_SAME)], index=False).to_numpy()
        known = _recognisable(frame)
        again = np.zeros(len(frame), dtype=bool)
        for earlier in self.digests:
            again |= np.isin(keys, earlier) & known
        self.digests.append(np.unique(keys[known]))
        return again


def _recognisable(frame: pd.DataFrame) -> BoolArray:
    """Return which rows can be told from others: single tests by their time, sums by what they sum up."""
    return (frame["is_aggregate"] | frame["time"].notna()).to_numpy(dtype=bool)


def without_repeated(source: Source, result: pd.DataFrame, seen: SeenTests, *, traffic: bool, log: IssueLog) -> pd.DataFrame:
    """Drop rows that repeat another: in this table (a missing latency is taken over), or in a file read before."""
    # A logger writes a second's rates again when its ping comes back: the same transfer, now with latency.
    keys = [c for c in (*_SAME, "device_id") if not (traffic and c == "latency_ms")]
    recognised = _recognisable(result)
    again = result.duplicated(keys).to_numpy(dtype=bool) & recognised
    if again.any():
        if traffic:
            groups = result.groupby(keys, dropna=False, sort=False)["latency_ms"].transform("first")
            result = result.assign(latency_ms=result["latency_ms"].where(result["latency_ms"].notna() | ~recognised, groups))
        result = log.drop(result, again, "speed_duplicate", source)
    return log.drop(result, seen.repeated(result), "speed_in_another_file", source)


def state_collapse(source: Source, result: pd.DataFrame, *, fewest: int, share: float, log: IssueLog) -> None:
    """State devices whose last tests all move next to nothing: most likely their data allowance was used up."""
    if result.empty or bool(result["is_aggregate"].iloc[0]):
        return
    known = result[(result["device_id"] != "") & result["time"].notna()]
    known = known[known["device_id"].map(known["device_id"].value_counts()) >= 2 * fewest]
    for _, tests in known.groupby("device_id", sort=True):
        ordered = tests.sort_values("time", kind="stable")
        speed = ordered["download_mbps"].fillna(0).to_numpy()
        best = float(np.quantile(speed, 0.9))  # what the device reaches when it works
        last_good = np.flatnonzero(speed >= share * best).max(initial=-1)
        tail = ordered.index[last_good + 1 :]
        # Ping that answers tells this from a place without signal.
        if best > 0 and len(tail) >= fewest and ordered["latency_ms"].loc[tail].notna().mean() > 0.5:
            log.add("speed_collapsed", source, rows=tail, fields={"n": len(tail), "before": f"{best:.3g}"})
