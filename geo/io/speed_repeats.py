"""Speed tests against each other: rows and uploads that repeat, devices that ran dry.

A test is told from others by its moment. Tests of which only the day is told are not: of sixty a day in one commune, in whole Mbit/s, half have the same figures as
another one. None of a table is dropped for that, and of an upload that is given again those that stand in an earlier file as often, all of their day together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.validation import IssueLog, Source

__all__ = ["SeenDays", "SeenTests", "state_collapse", "without_repeated"]

BoolArray = npt.NDArray[np.bool_]

_SAME = (
    "operator", "technology", "access", "time", "lon", "lat", "commune_code", "download_mbps", "upload_mbps", "latency_ms",
    "tests", "devices", "statistic", "period_start", "period_end",
)  # fmt: skip


@dataclass(slots=True)
class SeenDays:
    """Tests of the files read before that tell their day alone: digests, and how often each stood in a file."""

    counts: list[pd.Series] = field(default_factory=list)

    def repeated(self, tests: pd.DataFrame, *, fewest: int) -> BoolArray:
        """Return which tests an earlier call was given: all of a day, or all there are, ``fewest`` at least, each as often as it stands here.

        Parameters
        ----------
        tests : DataFrame
            What tells one test from another; ``time`` is the day.
        fewest : int
        """
        again = np.zeros(len(tests), dtype=bool)
        if tests.empty:
            return again
        keys = pd.Series(pd.util.hash_pandas_object(tests, index=False).to_numpy())
        day = pd.Series(tests["time"].to_numpy())
        nth = keys.groupby(keys).cumcount()
        for earlier in self.counts:
            there = (nth < keys.map(earlier).fillna(0)).to_numpy(dtype=bool)
            whole = pd.Series(there).groupby(day).transform("all").to_numpy(dtype=bool) & (day.map(day.value_counts()) >= fewest).to_numpy(dtype=bool)
            again |= whole | (there.all() and len(tests) >= fewest)
        self.counts.append(keys.value_counts())
        return again


@dataclass(slots=True)
class SeenTests:
    """Rows of the files read before, as 64-bit digests: the same upload given twice counts once."""

    digests: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    days: SeenDays = field(default_factory=SeenDays)

    def repeated(self, frame: pd.DataFrame, day_only: BoolArray, *, fewest: int) -> BoolArray:
        """Return which rows an earlier call was given; rows that cannot be told apart from others never are.

        Of tests of which only the ``day_only`` is told, those of a whole day, or of all days: ``fewest`` at least, and each as often as it stands here.
        """
        keys = pd.util.hash_pandas_object(frame[list(_SAME)], index=False).to_numpy()
        known = _recognisable(frame, day_only)
        again = np.zeros(len(frame), dtype=bool)
        for earlier in self.digests:
            again |= np.isin(keys, earlier) & known
        self.digests.append(np.unique(keys[known]))
        again[day_only] = self.days.repeated(frame.loc[day_only, [*_SAME, "device_id"]], fewest=fewest)
        return again


def _recognisable(frame: pd.DataFrame, day_only: BoolArray) -> BoolArray:
    """Return which rows can be told from others: single tests by their moment, sums by what they sum up."""
    return (frame["is_aggregate"] | frame["time"].notna()).to_numpy(dtype=bool) & ~day_only


def without_repeated(
    source: Source, result: pd.DataFrame, seen: SeenTests, *, day_only: BoolArray, traffic: bool, fewest: int, log: IssueLog
) -> pd.DataFrame:
    """Drop rows that repeat another: in this table (a missing latency is taken over), or in a file read before.

    Parameters
    ----------
    source : Source
    result : DataFrame
    seen : SeenTests
    day_only : (n,) bool array
        Single tests of which the day alone is told.
    traffic : bool
        A log of bit rates.
    fewest : int
        So many tests of a day, or of a file, tell an upload given again.
    log : IssueLog
    """
    # A logger writes a second's rates again when its ping comes back: the same transfer, now with latency.
    keys = [c for c in (*_SAME, "device_id") if not (traffic and c == "latency_ms")]
    recognised = _recognisable(result, day_only)
    again = result.duplicated(keys).to_numpy(dtype=bool) & recognised
    alike = result.duplicated(keys, keep=False).to_numpy(dtype=bool) & day_only
    if alike.any():
        log.add("speed_alike", source, rows=result["row"].to_numpy()[alike], fields={"count": int(alike.sum())})
    if again.any():
        if traffic:
            groups = result.groupby(keys, dropna=False, sort=False)["latency_ms"].transform("first")
            result = result.assign(latency_ms=result["latency_ms"].where(result["latency_ms"].notna() | ~recognised, groups))
        result, day_only = log.drop(result, again, "speed_duplicate", source), day_only[~again]
    return log.drop(result, seen.repeated(result, day_only, fewest=fewest), "speed_in_another_file", source)


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
