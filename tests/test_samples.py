"""Rows of a log against each other, by hand and against the plain definition."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.samples import DeviceNumbers, clock_runs_back, position_jumps, repeated


def times(*seconds: float | None) -> pd.Series:
    start = pd.Timestamp("2026-09-01 08:00:00")
    stamps = [pd.NaT if s is None else start + pd.Timedelta(seconds=s) for s in seconds]
    return pd.Series(stamps, dtype="datetime64[ns]")


def jumps(device: list[int], time: pd.Series, metres_north: list[float]) -> list[bool]:
    lat = np.array(metres_north) / 111_195.0 + 21.0
    return position_jumps(
        np.array(device), time, np.full(len(lat), 105.0), lat, max_speed_kmh=360, slack_m=100
    ).tolist()  # 100 m/s


def test_repeated_rows_by_hand() -> None:
    keys = pd.DataFrame({"lon": [1.0, 1, 1, 1, 2], "lat": [2.0] * 5, "level": ["-80", "-80", "-81", "-80", "-80"]})
    assert repeated(keys, times(0, 0, 0, 1, 0)).tolist() == [False, True, False, False, False]
    assert not repeated(keys, times(None, None, None, None, None)).any()


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, -0.0, 1.5]), st.sampled_from(["a", "b"])), max_size=12))
def test_repeated_is_duplicated(rows: list[tuple[int, float, str]]) -> None:
    keys = pd.DataFrame({"lon": [abs(r[1]) for r in rows], "lat": [0.5] * len(rows), "level": [r[2] for r in rows]})
    time = times(*[r[0] for r in rows])
    expected = keys.assign(t=time).duplicated().to_numpy()
    assert repeated(keys, time).tolist() == expected.tolist()


def test_clock_that_runs_back() -> None:
    assert clock_runs_back(np.zeros(5, dtype=int), times(0, 10, 4, None, 20), 5).tolist() == [False, False, True, False, False]
    assert not clock_runs_back(np.array([0, 1, 0, 1]), times(0, 100, 10, 110), 5).any()


def test_a_stray_position_is_said_once() -> None:
    assert jumps([0] * 5, times(0, 1, 2, 3, 4), [0, 10, 50_000, 30, 40]) == [False, False, True, False, False]


def test_a_move_that_stays_is_said_once() -> None:
    assert jumps([0] * 4, times(0, 1, 2, 3), [0, 50_000, 50_010, 50_020]) == [False, True, False, False]


def test_two_moves_in_a_row_are_two() -> None:
    assert jumps([0] * 3, times(0, 1, 2), [0, 50_000, 100_000]) == [False, True, True]


def test_two_phones_under_one_number_are_seen() -> None:
    assert jumps([0] * 6, times(*range(6)), [0, 50_000] * 3) == [False, True, False, True, False, True]


def test_speed_and_slack_are_granted_and_devices_kept_apart() -> None:
    # 100 m/s for two seconds (one second of clock resolution) and 100 m of slack
    assert jumps([0, 0], times(0, 1), [0, 299]) == [False, False]
    assert jumps([0, 0], times(0, 1), [0, 301]) == [False, True]
    assert jumps([0, 1], times(0, 1), [0, 50_000]) == [False, False]
    assert jumps([0, 0], times(0, None), [0, 50_000]) == [False, False]
    assert jumps([0, 0, 0], times(2, 0, 1), [200, 0, 100]) == [False, False, False]  # order of the file does not matter


def test_device_numbers_tell_nothing() -> None:
    numbers = DeviceNumbers()
    first = numbers.number(pd.Series(["356938035643809", "490154203237518", "356938035643809", None]))
    second = numbers.number(pd.Series(["490154203237518", "861536030196001"]))
    assert first.tolist() == [0, 1, 0, 2]
    assert second.tolist() == [1, 3]
    assert "3569" not in repr(numbers)
    assert b"356938035643809" not in pickle.dumps(numbers)
