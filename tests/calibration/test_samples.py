"""What rows say of layers: phones that choose their technology, what they left, and what they may not teach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.calibration.likelihood import Kind
from geo.calibration.samples import LayerSamples, drives, in_vehicle, layer_samples
from geo.calibration.settings import calibration_settings
from geo.io.catalogues import band_catalogue

SETTINGS = calibration_settings()
LAYERS = (("A", "3G"), ("A", "4G"), ("A", "5G"))


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    base = {
        "operator": "A", "technology": "4G", "locked_technology": "", "level_dbm": -90.0, "no_service": False, "foreign": False, "device": 1,
        "one_device": True, "day": 1, "route": "",
    }  # fmt: skip
    return pd.DataFrame([{**base, **row} for row in given])


def said(frame: pd.DataFrame, moving: bool = False) -> LayerSamples:
    time = np.datetime64("2026-01-01") + frame["day"].to_numpy().astype("timedelta64[D]")
    drive = drives(frame["device"].to_numpy(np.int64), time, frame["route"].to_numpy(str))
    n = len(frame)
    return layer_samples(
        frame, LAYERS, counts=np.ones(n, bool), drive=drive, moving=np.full(n, moving), reported=band_catalogue().levels, settings=SETTINGS
    )


def of(found: LayerSamples, technology: str) -> list[tuple[int, int, float]]:
    mine = found.layer == LAYERS.index(("A", technology))
    return [(int(r), int(k), float(v)) for r, k, v in zip(found.row[mine], found.kind[mine], found.level_dbm[mine], strict=True)]


def test_a_phone_that_has_5g_on_this_drive_left_it_where_it_shows_4g() -> None:
    found = said(rows({"technology": "5G", "level_dbm": -85.0}, {"technology": "4G", "level_dbm": -95.0}))
    assert of(found, "5G") == [(0, Kind.STRONGEST, -85.0), (1, Kind.BELOW, SETTINGS.free_limit_dbm)]
    left = (found.layer == 2) & (found.kind == Kind.BELOW)
    assert not found.speaks[left].any()  # never for the cell it stands in
    assert of(found, "4G") == [(1, Kind.STRONGEST, -95.0)]  # having 5G says nothing of 4G
    assert of(found, "3G") == []


def test_a_named_device_is_the_same_phone_on_another_drive() -> None:
    """Drives that never met 5G would else say nothing of it: it would be known from its good places alone."""
    elsewhere = {"technology": "5G", "level_dbm": -85.0, "day": 2}
    named = said(rows({}, elsewhere))
    assert of(named, "5G") == [(0, Kind.BELOW, SETTINGS.free_limit_dbm), (1, Kind.STRONGEST, -85.0)]
    for other in (
        rows({"one_device": False}, {**elsewhere, "one_device": False}),  # a file of several phones
        rows({"device": 7}, elsewhere),  # another phone
        rows({}, {**elsewhere, "operator": "B"}),  # with another operator's card
        rows({"locked_technology": "4G"}, elsewhere),  # it could not look
        rows({}, elsewhere).drop(columns="one_device"),
    ):
        assert 0 not in [row for row, _, _ in of(said(other), "5G")]


def test_free_phones_show_how_far_down_they_stay() -> None:
    """A hundred levels down to -124: below the lowest fiftieth it is that they leave, not below -113."""
    levels = [{"level_dbm": float(v)} for v in np.linspace(-124.0, -80.0, 200)]
    found = said(rows(*levels, {"technology": "3G", "level_dbm": -80.0}, {"technology": "", "level_dbm": np.nan, "no_service": True}))
    below = [v for _, k, v in of(found, "4G") if k == Kind.BELOW]
    assert below == pytest.approx([np.quantile(np.linspace(-124.0, -80.0, 200), 0.02)] * 2)
    # Few levels, or none so low: the reselection level that is set.
    few = said(rows(*levels[:50], {"technology": "3G", "level_dbm": -80.0}))
    assert [v for _, k, v in of(few, "4G") if k == Kind.BELOW] == [SETTINGS.free_limit_dbm]
    high = [{"level_dbm": float(v)} for v in np.linspace(-105.0, -80.0, 200)]
    good = said(rows(*high, {"technology": "3G", "level_dbm": -80.0}))
    assert [v for _, k, v in of(good, "4G") if k == Kind.BELOW] == [SETTINGS.free_limit_dbm]
    # Locked phones cannot leave: how far down they go says nothing of it.
    locked = said(rows(*({**row, "locked_technology": "4G"} for row in levels), {}, {"technology": "3G", "level_dbm": -80.0}))
    assert [v for _, k, v in of(locked, "4G") if k == Kind.BELOW] == [SETTINGS.free_limit_dbm]


def test_levels_taken_for_want_of_better_do_not_teach() -> None:
    many = [{"day": 3 + i % 5} for i in range(400)]  # 4G on five drives
    found = said(rows(*many, *({"technology": "3G", "level_dbm": -85.0, "day": 3} for _ in range(20)), *({"technology": "3G", "level_dbm": -80.0, "locked_technology": "3G", "device": 2, "day": 20} for _ in range(310))))
    teaches = dict(zip(found.row[found.layer == 0].tolist(), found.teaches[found.layer == 0].tolist(), strict=True))
    assert not any(teaches[i] for i in range(400, 420))
    assert all(teaches[i] for i in range(420, 730))
    alone = said(rows(*many, *({"technology": "3G", "level_dbm": -85.0, "day": 3} for _ in range(20))))
    assert alone.teaches[alone.layer == 0].all()  # nothing else is known of 3G


def test_the_car_is_added_to_levels_and_limits() -> None:
    frame = rows({"technology": "5G", "level_dbm": -85.0}, {"technology": "4G", "level_dbm": -95.0})
    still, moved = said(frame), said(frame, moving=True)
    np.testing.assert_allclose(moved.level_dbm - still.level_dbm, SETTINGS.measured_vehicle_loss_db)


def test_who_moves_by_stated_speed_or_by_positions() -> None:
    x = np.array([0.0, 100.0, 200.0, 0.0, 1.0, 0.0])
    time = np.datetime64("2026-01-01T08:00:00") + np.array([0, 10, 20, 0, 10, 0]).astype("timedelta64[s]")
    device = np.array([1, 1, 1, 2, 2, 3])
    speed = np.array([np.nan, np.nan, 0.0, np.nan, np.nan, np.nan])
    moving, untold = in_vehicle(x, np.zeros(6), time, device, speed, SETTINGS)
    assert moving.tolist() == [True, True, False, False, False, False]  # 36 km/h; stated 0; a walk; one row alone
    assert untold.tolist() == [False, False, False, False, False, True]
