"""Antenna patterns by hand, their laws, and tables against the formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.io.antenna_patterns import AntennaPattern
from geo.propagation.antenna import (
    PatternTable,
    SectorPattern,
    horizontal_loss_db,
    measured_table,
    parametric_table,
    sector_loss_db,
    vertical_loss_db,
)
from geo.propagation.radio_sources import RadioSources, pattern_loss_db
from geo.propagation.settings import radio_defaults

PATTERNS = radio_defaults().patterns
NAMES = st.sampled_from(sorted(PATTERNS))
AZIMUTH = st.floats(-180, 180)
ELEVATION = st.floats(-80, 80)
TILT = st.floats(-5, 12)


def sources(
    *tables: PatternTable, bearing_deg: float = 0.0, mechanical_tilt_deg: float = 0.0
) -> RadioSources:
    """One radio cell per table; only what patterns need is filled."""
    n = len(tables)
    one, none = np.zeros(n), np.empty(0)
    return RadioSources(
        group_lon=none, group_lat=none, group_x_m=none, group_y_m=none, group_ground_m=none, group_height_m=none,
        group_first=np.zeros(1, np.int64), layer=np.zeros(n, np.int64), frequency_mhz=one, eirp_dbm=one, ceiling_dbm=one,
        bearing_deg=np.full(n, bearing_deg), beamwidth_deg=one, front_to_back_db=one, threshold_dbm=one, sd_db=one,
        pattern=np.arange(n), mechanical_tilt_deg=np.full(n, mechanical_tilt_deg),
        horizontal_loss_db=np.stack([t.horizontal_loss_db for t in tables]),
        vertical_loss_db=np.stack([t.vertical_loss_db for t in tables]), pattern_cap_db=np.array([t.cap_db for t in tables]),
        index=np.arange(n),
    )  # fmt: skip


# -- by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "beamwidth", "a_m", "elevation", "side_lobe"),
    [("tr36942", 65, 20, 0, 0), ("tr36814", 70, 25, 10, 20), ("tr38901", 65, 30, 65, 30)],
)
def test_named_patterns(name: str, beamwidth: float, a_m: float, elevation: float, side_lobe: float) -> None:
    assert PATTERNS[name] == SectorPattern(beamwidth, a_m, elevation, side_lobe)
    assert sector_loss_db(beamwidth / 2, 0.0, PATTERNS[name]) == pytest.approx(3.0, abs=1e-9)  # half power
    assert sector_loss_db(180.0, 0.0, PATTERNS[name]) == a_m


def test_horizontal_cut_by_hand() -> None:
    loss = horizontal_loss_db([0, 32.5, -32.5, 65, 180, 360, np.nan], beamwidth_deg=65, front_to_back_db=25)
    np.testing.assert_allclose(loss, [0, 3, 3, 12, 25, 0, 0])
    with pytest.raises(ValueError, match="positive"):
        horizontal_loss_db(0, beamwidth_deg=0, front_to_back_db=25)


def test_the_loss_for_an_unknown_azimuth_is_what_its_source_says() -> None:
    antenna = radio_defaults().antenna
    phi = np.linspace(-60, 60, 100_001)
    losses = horizontal_loss_db(phi, beamwidth_deg=antenna.beamwidth_deg, front_to_back_db=antenna.front_to_back_db)
    assert losses.mean() == pytest.approx(antenna.unknown_azimuth_loss_db, abs=0.05)
    assert losses.std() == pytest.approx(radio_defaults().missing_sd_db["azimuth_deg"], abs=0.1)


def test_vertical_cut_by_hand() -> None:
    loss = vertical_loss_db([6, 11, 1, 16, 90, -90], tilt_deg=6, beamwidth_deg=10, side_lobe_db=20)
    np.testing.assert_allclose(loss, [0, 3, 3, 12, 20, 20])
    np.testing.assert_array_equal(vertical_loss_db([0, 40], tilt_deg=6, beamwidth_deg=0, side_lobe_db=0), [0, 0])
    with pytest.raises(ValueError, match="negative"):
        vertical_loss_db(0, tilt_deg=0, beamwidth_deg=-1, side_lobe_db=20)


def test_both_cuts_add_up_to_the_maximum_attenuation() -> None:
    pattern = PATTERNS["tr36814"]
    assert sector_loss_db(35.0, 5.0, pattern) == pytest.approx(3 + 3)
    assert sector_loss_db(90.0, 60.0, pattern) == 25  # 19.8 + 20
    assert sector_loss_db(np.nan, 5.0, pattern) == pytest.approx(3.0)  # no azimuth: the vertical part alone


def test_mechanical_tilt_leaves_the_sides_and_lifts_the_back() -> None:
    wide = SectorPattern(65, 60, 10, 20)
    front, side, back = (float(sector_loss_db(az, 0.0, wide, mechanical_tilt_deg=5)) for az in (0, 90, 180))
    assert front == pytest.approx(3.0)
    assert side == pytest.approx(float(horizontal_loss_db(90, beamwidth_deg=65, front_to_back_db=60)))
    assert back == 60
    # At the back the beam points up by as much: 5 degrees above the horizon it is strongest.
    table = parametric_table(SectorPattern(360, 60, 10, 20), electrical_tilt_deg=0)
    cell = sources(table, mechanical_tilt_deg=5)
    assert pattern_loss_db(cell, 0, bearing_deg=180, below_horizon_deg=-5) == pytest.approx(3.0, abs=1e-5)  # H alone
    assert pattern_loss_db(cell, 0, bearing_deg=180, below_horizon_deg=5) == pytest.approx(3 + 12, abs=1e-5)


def test_a_radio_cell_without_azimuth_keeps_its_vertical_cut() -> None:
    table = parametric_table(PATTERNS["tr36814"], electrical_tilt_deg=2)
    cell = sources(table, bearing_deg=np.nan, mechanical_tilt_deg=3)
    loss = pattern_loss_db(cell, 0, bearing_deg=[0, 77, 180, 300], below_horizon_deg=10)
    np.testing.assert_allclose(loss, 3.0, atol=1e-5)  # 10 - 2 - 3 = 5 degrees off a beam of 10
    askew = PatternTable(np.full(361, 2, np.float32), np.ones(721, np.float32), 25.0)
    assert pattern_loss_db(sources(askew, bearing_deg=np.nan), 0, bearing_deg=0, below_horizon_deg=0) == 1
    assert pattern_loss_db(sources(askew), 0, bearing_deg=0, below_horizon_deg=0) == 3


def test_lookup_refuses_what_it_cannot_answer() -> None:
    cell = sources(parametric_table(PATTERNS["panel"], electrical_tilt_deg=0))
    with pytest.raises(ValueError, match="90 degrees"):
        pattern_loss_db(cell, 0, bearing_deg=0, below_horizon_deg=91)
    with pytest.raises(IndexError):
        pattern_loss_db(cell, 1, bearing_deg=0, below_horizon_deg=0)
    with pytest.raises(ValueError, match="counted from 0"):
        pattern_loss_db(cell, -1, bearing_deg=0, below_horizon_deg=0)
    assert np.isnan(pattern_loss_db(cell, 0, bearing_deg=0, below_horizon_deg=np.nan))
    with pytest.raises(ValueError, match="positive"):
        parametric_table(SectorPattern(0, 25), electrical_tilt_deg=0)
    short = PatternTable(np.zeros(360, np.float32), np.zeros(721, np.float32), 25.0)
    with pytest.raises(ValueError, match="361"):
        pattern_loss_db(sources(short), 0, bearing_deg=0, below_horizon_deg=0)


def measured(horizontal: np.ndarray, vertical: np.ndarray, tilt_deg: float = 0.0) -> AntennaPattern:
    return AntennaPattern("made up", "made_up.msi", 1800.0, 17.0, tilt_deg, horizontal, vertical)


def test_measured_cuts_come_out_as_they_went_in() -> None:
    at = np.arange(360)
    off = np.minimum(at, 360 - at)
    horizontal = np.where(at < 180, 12 * (off / 65) ** 2, 12 * (off / 80) ** 2).clip(0, 28)  # left is wider than right
    steps = np.arange(1440) / 4
    below = np.where(steps > 180, steps - 360, steps)
    vertical = (12 * ((below - 4) / 7) ** 2).clip(0, 35)
    table = measured_table(measured(horizontal, vertical, 4.0))
    assert table.cap_db == 35
    cell = sources(table, bearing_deg=100.0)
    for az in (0, 30, 179, 181, 330):
        got = pattern_loss_db(cell, 0, bearing_deg=100 + az, below_horizon_deg=4)
        assert got == pytest.approx(horizontal[az], abs=1e-5), az
    for el in (-20, 0, 4, 11, 60):
        got = pattern_loss_db(cell, 0, bearing_deg=100, below_horizon_deg=el)
        assert got == pytest.approx(vertical[int(4 * el) % 1440], abs=1e-5), el
    lowered = sources(measured_table(measured(horizontal, vertical, 4.0), tilt_change_deg=2.5))
    assert pattern_loss_db(lowered, 0, bearing_deg=0, below_horizon_deg=6.5) == pytest.approx(0, abs=1e-5)
    assert table.beamwidth_deg == pytest.approx(33 + 40, abs=1)
    assert not table.omnidirectional
    assert measured_table(measured(np.zeros(360), vertical)).omnidirectional
    assert measured_table(measured(np.zeros(360), vertical)).beamwidth_deg == 360


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=80)
@given(NAMES, AZIMUTH, ELEVATION, TILT, TILT)
def test_never_stronger_than_in_the_main_direction(name: str, az: float, el: float, tilt: float, lean: float) -> None:
    pattern = PATTERNS[name]
    loss = float(sector_loss_db(az, el, pattern, electrical_tilt_deg=tilt, mechanical_tilt_deg=lean))
    assert 0 <= loss <= pattern.front_to_back_db
    main = sector_loss_db(0.0, tilt + lean, pattern, electrical_tilt_deg=tilt, mechanical_tilt_deg=lean)
    assert main == pytest.approx(0.0, abs=1e-9)


@settings(deadline=None, max_examples=80)
@given(NAMES, AZIMUTH, ELEVATION, TILT, TILT, st.integers(-2, 2))
def test_left_and_right_are_alike_and_a_full_turn_changes_nothing(
    name: str, az: float, el: float, tilt: float, lean: float, turns: int
) -> None:
    pattern = PATTERNS[name]

    def loss(azimuth: float) -> float:
        return float(sector_loss_db(azimuth, el, pattern, electrical_tilt_deg=tilt, mechanical_tilt_deg=lean))

    assert loss(az) == pytest.approx(loss(-az), abs=1e-8)
    assert loss(az) == pytest.approx(loss(az + 360 * turns), abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["panel", "panel_low", "tr36814", "tr38901"]), TILT, TILT)
def test_tilts_move_the_maximum_down(name: str, tilt: float, lean: float) -> None:
    below = np.linspace(-30, 30, 6001)
    loss = sector_loss_db(0.0, below, PATTERNS[name], electrical_tilt_deg=tilt, mechanical_tilt_deg=lean)
    assert below[np.argmin(loss)] == pytest.approx(tilt + lean, abs=0.01)


@settings(deadline=None, max_examples=150)
@given(NAMES, AZIMUTH, ELEVATION, TILT.map(lambda t: round(t, 1)), TILT, st.floats(-400, 400))
def test_tables_give_what_the_formulas_give(
    name: str, az: float, el: float, tilt: float, lean: float, bearing: float
) -> None:
    pattern = PATTERNS[name]
    assume(abs(el - lean * np.cos(np.radians(az))) <= 90)  # a vertical cut ends straight up and straight down
    cell = sources(parametric_table(pattern, electrical_tilt_deg=tilt), bearing_deg=bearing, mechanical_tilt_deg=lean)
    got = float(pattern_loss_db(cell, 0, bearing_deg=bearing + az, below_horizon_deg=el))
    expected = float(sector_loss_db(az, el, pattern, electrical_tilt_deg=tilt, mechanical_tilt_deg=lean))
    # Within one entry (a quarter of a degree) of where the side-lobe limit sets in the table cuts the corner.
    limit = pattern.elevation_beamwidth_deg * np.sqrt(pattern.side_lobe_db / 12)
    away = abs(abs(el - tilt - lean * np.cos(np.radians(az))) - limit)
    corner = pattern.elevation_beamwidth_deg > 0 and away <= 0.26
    assert got == pytest.approx(expected, abs=0.3 if corner else 0.01)


def test_a_box_keeps_its_patterns() -> None:
    whole = sources(*(parametric_table(PATTERNS[n], electrical_tilt_deg=3) for n in sorted(PATTERNS)))
    nothing = whole.near((0, 0, 1, 1), 10)
    assert nothing.groups == 0
    assert nothing.pattern.shape == (0,)
    np.testing.assert_array_equal(nothing.horizontal_loss_db, whole.horizontal_loss_db)
    np.testing.assert_array_equal(nothing.vertical_loss_db, whole.vertical_loss_db)
