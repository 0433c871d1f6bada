"""Samples that do not count: each reason with a sample that has it and one that has it not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geo.calibration.outliers import Reason, SiteChanges, find_outliers
from geo.calibration.settings import calibration_settings
from geo.io.resources import issue_catalogue

SETTINGS = calibration_settings(indoor_samples=3)
N = 8
DAY = np.datetime64("2026-06-01T08:00:00", "ns")


def judged(**replaced: Any) -> Any:
    rows: dict[str, Any] = {
        "x_m": np.arange(N) * 100.0, "y_m": np.zeros(N), "time": DAY + np.arange(N) * np.timedelta64(1, "s"),
        "device": np.zeros(N, int), "operator": np.zeros(N, int), "level_dbm": np.full(N, -90.0),
        "silent": np.zeros(N, bool), "jumped": np.zeros(N, bool), "speed_kmh": np.full(N, 40.0),
        "altitude_m": np.full(N, 110.0), "ground_m": np.full(N, 100.0), "in_building": np.zeros(N, bool),
        "serving_site": np.full(N, -1), "changes": None, "reach_m": 250.0,
        "since": np.datetime64("2024-01-01", "ns"), "settings": SETTINGS,
    }  # fmt: skip
    return find_outliers(**{**rows, **replaced})


def at(*rows: int) -> np.ndarray:
    return np.isin(np.arange(N), rows)


def test_good_samples_count_and_what_could_not_be_judged_is_said() -> None:
    found = judged()
    assert found.counts == {}
    assert found.not_judged == (Reason.SITE_OFF_AIR, Reason.SITE_CHANGED)
    blind = judged(in_building=None, altitude_m=np.full(N, np.nan))
    assert blind.not_judged[:2] == (Reason.AIRBORNE, Reason.INDOOR)


@pytest.mark.parametrize(
    ("replaced", "reason", "rows"),
    [
        ({"x_m": np.where(at(2), np.nan, 0.0)}, Reason.NO_POSITION, [2]),
        ({"level_dbm": np.where(at(1, 3), np.nan, -90.0), "silent": at(3)}, Reason.NOT_A_LEVEL, [1]),
        ({"jumped": at(5)}, Reason.GPS_JUMP, [5]),
        ({"altitude_m": np.where(at(4), 400.0, np.nan)}, Reason.AIRBORNE, [4]),
    ],
)
def test_a_reason_takes_its_rows_only(replaced: dict[str, Any], reason: Reason, rows: list[int]) -> None:
    found = judged(**replaced)
    assert np.flatnonzero(found.reason).tolist() == rows
    assert found.counts == {reason.code: len(rows)}


def test_indoors_is_standing_still_in_a_building() -> None:
    x = np.array([0, 100, 100, 102, 101, 200, 300, 400.0])
    slow = np.where((x >= 100) & (x < 103), 0.5, 40.0)
    inside = at(1, 2, 3, 4, 6)
    assert np.flatnonzero(judged(x_m=x, speed_kmh=slow, in_building=inside).reason).tolist() == [1, 2, 3, 4]
    assert judged(x_m=x, speed_kmh=slow, in_building=at()).counts == {}  # a jam in the street
    assert judged(x_m=x, speed_kmh=np.full(N, 40.0), in_building=inside).counts == {}
    phones = np.array([0, 0, 1, 2, 3, 0, 0, 0])
    assert judged(x_m=x, speed_kmh=slow, in_building=inside, device=phones).counts == {}


def test_samples_older_than_a_change_within_reach_do_not_count() -> None:
    sites = SiteChanges(
        np.array([0.0, 700.0]), np.zeros(2), np.array([0, 0]),
        np.array(["2026-07-01", "2026-05-01"], dtype="datetime64[ns]"), np.array([False, False]),
    )  # fmt: skip
    found = judged(changes=sites)
    assert np.flatnonzero(found.reason == Reason.SITE_CHANGED).tolist() == [0, 1, 2]  # within 250 m, before July
    assert judged(changes=sites, operator=np.ones(N, int)).counts == {}
    late = judged(changes=sites, time=np.full(N, np.datetime64("2026-08-01", "ns")))
    assert late.counts == {}
    undated = judged(changes=sites, time=np.full(N, np.datetime64("NaT", "ns")))
    assert np.flatnonzero(undated.reason == Reason.UNDATED).tolist() == [0, 1, 2, 5, 6, 7]


def test_a_site_that_went_off_air_takes_its_samples_along() -> None:
    sites = SiteChanges(np.zeros(1), np.zeros(1), np.zeros(1, int), np.array(["NaT"], dtype="datetime64[ns]"), np.array([True]))
    found = judged(changes=sites, serving_site=np.where(at(3), 0, -1))
    assert found.counts == {Reason.SITE_OFF_AIR.code: 1}


def test_every_reason_has_its_sentence() -> None:
    catalogue = issue_catalogue()
    for reason in Reason:
        if reason:
            assert catalogue[reason.code].title.vi
