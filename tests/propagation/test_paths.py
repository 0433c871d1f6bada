"""One path looked at closely: by hand, against P.1812 called directly, by laws, against outside values."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.io.resources import issue_catalogue
from geo.io.terrain import TerrainWindow, open_terrain
from geo.propagation.ground import GroundModel, ProfileGround, ground_settings
from geo.propagation.p1812 import Path, basic_transmission_loss
from geo.propagation.paths import Atmosphere, Profile, atmosphere, blocking_edge, cut_profile, evaluate_path
from geo.validation import IssueLog

AIR = atmosphere(8.5e6)


def profile(distance_km: object, ground_m: object, clutter_m: object = 0.0) -> Profile:
    d, ground = np.asarray(distance_km, float), np.asarray(ground_m, float)
    over = ground + np.asarray(clutter_m, float)
    over[[0, -1]] = ground[[0, -1]]
    return Profile(d, 105.0 + d / 100.0, np.full(d.size, 22.0), ground, over)


def three_ridges() -> Profile:
    # 10 km in steps of 1 km over land at 100 m; ridges of 180, 260 and 150 m at 2, 5 and 8 km
    ground = np.full(11, 100.0)
    ground[[2, 5, 8]] = 180.0, 260.0, 150.0
    return profile(np.arange(11.0), ground)


def test_three_ridges_by_hand() -> None:
    # Antenna at 100 + 40 = 140 m, phone at 101.5 m. a_e = 8500 km, 900 MHz: lambda = 0.2998/0.9 m.
    # 2 km: line 140 - 0.2 * 38.5 = 132.3, bulge 500 * 2 * 8/8500 = 0.941: 48.641 m above the line
    # 5 km: line 120.75, bulge 500 * 25/8500 = 1.471: 140.721 m
    # 8 km: line 109.2, bulge 0.941: 41.741 m
    loss = evaluate_path(three_ridges(), tx_height_m=40.0, rx_height_m=1.5, frequency_mhz=900.0, air=AIR)
    edge = loss.edge
    assert (edge.index, edge.distance_km, edge.from_rx_km, edge.kind, edge.view, edge.ridges) == (5, 5.0, 5.0, "terrain", "blocked", 3)
    assert edge.over_line_m == pytest.approx(260.0 + 500.0 * 25.0 / 8500.0 - 120.75, abs=1e-6)
    assert edge.over_line_m == pytest.approx(140.721, abs=1e-3)
    assert edge.bulge_m == pytest.approx(1.4706, abs=1e-4)
    assert (edge.ground_m, edge.over_m, edge.lon, edge.lat) == (260.0, 260.0, pytest.approx(105.05), 22.0)
    wavelength = 0.2998 / 0.9
    assert edge.fresnel_radius_m == pytest.approx(math.sqrt(wavelength * 2500.0), abs=1e-6)  # d1 d2/d = 2.5 km
    assert edge.nu == pytest.approx(140.721 * math.sqrt(2.0) / 28.8579, abs=2e-4)  # 6.896
    # Bullington: from the antenna 5 km is steepest (24.3 m/km, 2 km has 20.5), from the phone too (32.0; 8 km has 24.7)
    # J(6.896) = 6.9 + 20 log10(sqrt(6.796^2 + 1) + 6.796) = 6.9 + 20 log10 13.665 = 29.612
    # L = J + (1 - exp(-J/6)) (10 + 0.02 * 10) = 29.612 + 0.9928 * 10.2 = 39.739
    j = 6.9 + 20.0 * math.log10(math.sqrt((edge.nu - 0.1) ** 2 + 1.0) + edge.nu - 0.1)
    assert j == pytest.approx(29.612, abs=0.002)
    assert loss.bullington_db == pytest.approx(j + (1.0 - math.exp(-j / 6.0)) * 10.2, abs=1e-6)
    assert loss.bullington_db == pytest.approx(39.739, abs=0.002)
    # free space over the slant: 92.4 + 20 log10 0.9 + 20 log10 sqrt(100 + 0.0385^2)
    assert loss.free_space_db == pytest.approx(92.4 + 20.0 * math.log10(0.9) + 10.0 * math.log10(100.0 + 0.0385**2), abs=1e-9)
    # the ray leaves the antenna towards its horizon, the ridge at 5 km: up (260 - 140)/5 - 500/8500 * 5 = 23.706 m/km
    assert loss.antenna_below_horizon_deg == pytest.approx(-math.degrees(math.atan(23.70588e-3)), abs=1e-5)


def test_the_parts_add_up_and_are_those_of_the_model_itself() -> None:
    clutter = np.array([0, 8, 8, 0, 0, 15, 15, 0, 8, 8, 0.0])
    cut = profile(np.arange(11.0), three_ridges().ground_m, clutter)
    ours = evaluate_path(cut, tx_height_m=40.0, rx_height_m=1.5, frequency_mhz=1800.0, air=Atmosphere(45.0, 330.0))
    direct = basic_transmission_loss(
        Path(
            distance_km=cut.distance_km,
            terrain_height_m=cut.ground_m,
            clutter_height_m=clutter,
            tx_height_agl_m=40.0,
            rx_height_agl_m=1.5,
            delta_n=45.0,
            n0=330.0,
            centre_lat_deg=22.0,
        ),
        frequency_ghz=1.8,
    )
    assert ours.loss_db == pytest.approx(direct.basic_loss_db, abs=1e-9)
    assert ours.free_space_db == direct.free_space_db
    assert ours.bullington_db == direct.bullington_actual_median_db
    assert ours.bullington_db + ours.smooth_earth_db == pytest.approx(direct.diffraction_median_db, abs=1e-9)
    parts = ours.free_space_db + ours.bullington_db + ours.smooth_earth_db + ours.atmosphere_db
    assert parts == pytest.approx(direct.basic_loss_db, abs=1e-9)
    assert ours.edge.over_m - ours.edge.ground_m == 15.0


def test_the_air_of_an_earth_radius() -> None:
    # a_e = 6371 * 157/(157 - dN): dN = 50 gives 9348.1 km
    assert atmosphere(6371e3 * 157.0 / 107.0).delta_n == pytest.approx(50.0, abs=1e-9)
    assert AIR.earth_radius_km == pytest.approx(8500.0, abs=1e-9)
    loss = evaluate_path(three_ridges(), tx_height_m=40.0, rx_height_m=1.5, frequency_mhz=900.0, air=AIR)
    assert loss.result.earth_radius_median_km == pytest.approx(8500.0, abs=1e-9)
    with pytest.raises(InputError, match="6371"):
        atmosphere(6371e3)


def test_what_the_edge_is() -> None:
    flat = np.full(11, 100.0)
    about = {"tx_height_m": 40.0, "rx_height_m": 1.5, "wavelength_m": 0.1665, "earth_radius_km": 8500.0}
    trees = blocking_edge(profile(np.arange(11.0), flat, np.r_[np.zeros(9), 20.0, 0.0]), **about)
    assert (trees.kind, trees.view, trees.index) == ("clutter", "blocked", 9)
    # 60 km over land of one height: only the bulge of 52.9 m in the middle rises above the line
    bulge = blocking_edge(profile(np.linspace(0.0, 60.0, 61), np.full(61, 100.0)), **about)
    assert (bulge.kind, bulge.view) == ("earth", "blocked")
    assert bulge.over_line_m < bulge.bulge_m
    # 10 m below the line at 5 km where the zone's radius is 20.4 m: nu = -0.69
    grazed = blocking_edge(profile([0, 5, 10.0], [100.0, 120.75 - 500 * 25 / 8500 - 10.0, 100.0]), **about)
    assert (grazed.view, grazed.ridges) == ("grazed", 0)
    assert grazed.nu == pytest.approx(-10.0 * math.sqrt(2.0) / math.sqrt(0.1665 * 2500.0), abs=1e-9)
    clear = blocking_edge(profile([0, 5, 10.0], [100.0, 120.75 - 500 * 25 / 8500 - 12.0, 100.0]), **about)
    assert (clear.view, clear.ridges) == ("clear", 0)


heights = st.lists(st.floats(0.0, 900.0), min_size=3, max_size=40)


@settings(deadline=None, max_examples=60)
@given(heights, st.floats(0.1, 40.0), st.floats(5.0, 80.0), st.sampled_from([450.0, 900.0, 2600.0]), st.floats(0.0, 25.0))
def test_laws_over_random_terrain(ground: list[float], length: float, height: float, frequency: float, canopy: float) -> None:
    cut = profile(np.linspace(0.0, length, len(ground)), ground, canopy)
    there = evaluate_path(cut, tx_height_m=height, rx_height_m=1.5, frequency_mhz=frequency, air=AIR)
    # the edge is the greatest diffraction parameter, worked out point by point
    tx, rx, wavelength = ground[0] + height, ground[-1] + 1.5, 299.8 / frequency
    nu = []
    for d, h in zip(cut.distance_km[1:-1], cut.over_m[1:-1], strict=True):
        over = h + 500.0 * d * (length - d) / 8500.0 - (tx * (length - d) + rx * d) / length
        nu.append(over * math.sqrt(0.002 * length / (wavelength * d * (length - d))))
    assert there.edge.nu == pytest.approx(max(nu), rel=1e-9, abs=1e-9)
    assert nu[there.edge.index - 1] == pytest.approx(max(nu), rel=1e-9, abs=1e-9)
    assert (there.edge.nu > 0) == (there.edge.view == "blocked") == (there.edge.ridges > 0)
    # the parts add up, and none but the air's is a gain
    parts = (there.free_space_db, there.bullington_db, there.smooth_earth_db, there.atmosphere_db)
    assert sum(parts) == pytest.approx(there.loss_db, abs=1e-9)
    assert min(there.bullington_db, there.smooth_earth_db) >= 0.0
    # the way back is as long and as lossy
    back = evaluate_path(cut.reversed(), tx_height_m=1.5, rx_height_m=height, frequency_mhz=frequency, air=AIR)
    assert back.free_space_db == pytest.approx(there.free_space_db, abs=1e-9)
    assert back.bullington_db == pytest.approx(there.bullington_db, abs=1e-7)
    assert back.loss_db == pytest.approx(there.loss_db, abs=1e-6)
    assert back.edge.over_line_m == pytest.approx(there.edge.over_line_m, abs=1e-6) or back.edge.nu == pytest.approx(there.edge.nu, abs=1e-9)


def plane() -> tuple[TerrainWindow, ProfileGround]:
    # height 100 + 1000 (lon - 105) + 500 (22.1 - lat): bilinear heights are exact on a plane
    step = 0.001
    lon, lat = np.meshgrid(105.0 + step * np.arange(101), 22.1 - step * np.arange(101))
    ground = (100.0 + 1000.0 * (lon - 105.0) + 500.0 * (22.1 - lat)).astype(np.float32)
    window = TerrainWindow(ground, 105.0, 22.1, step, step)
    return window, ProfileGround(ground, ground + np.float32(7.0))


def test_a_profile_is_cut_straight_with_equal_steps() -> None:
    window, ground = plane()
    tx, rx = (105.0105, 22.0903), (105.0717, 22.0211)
    cut = cut_profile(window, ground, tx, rx, length_km=1.0, step_m=45.0)
    assert len(cut.distance_km) == 24  # 1000/45 = 22.2: 23 steps
    assert cut.distance_km[-1] == 1.0
    np.testing.assert_allclose(np.diff(cut.distance_km), 1.0 / 23.0, rtol=1e-12)
    np.testing.assert_allclose(cut.ground_m, 100.0 + 1000.0 * (cut.lon - 105.0) + 500.0 * (22.1 - cut.lat), atol=1e-4)
    np.testing.assert_allclose(cut.over_m[1:-1] - cut.ground_m[1:-1], 7.0, atol=1e-4)
    assert list(cut.over_m[[0, -1]]) == list(cut.ground_m[[0, -1]])  # ends stand on the ground
    assert (cut.lon[0], cut.lat[0], cut.lon[-1], cut.lat[-1]) == (*tx, *rx)
    assert len(cut_profile(window, ground, tx, rx, length_km=0.01, step_m=45.0).distance_km) == 3
    assert len(cut_profile(window, ground, tx, rx, length_km=0.9, step_m=45.0).distance_km) == 21  # 20 steps exactly
    back = cut_profile(window, ground, rx, tx, length_km=1.0, step_m=45.0)
    np.testing.assert_allclose(back.reversed().ground_m, cut.ground_m, atol=1e-9)
    with pytest.raises(ValueError, match="positive"):
        cut_profile(window, ground, tx, rx, length_km=0.0, step_m=45.0)


def test_what_is_not_known_stays_unknown() -> None:
    window, ground = plane()
    window.heights[50, 40:60] = np.nan  # ground and window share the heights
    over = replace(ground, over_m=ground.over_m + window.heights * 0)
    cut = cut_profile(window, over, (105.05, 22.09), (105.05, 22.01), length_km=8.0, step_m=45.0)
    assert cut.unknown.any()
    assert not cut.unknown[[0, -1]].any()
    assert cut.lat[np.argmax(cut.unknown)] == pytest.approx(22.05, abs=0.0015)
    with pytest.raises(InputError):
        evaluate_path(cut, tx_height_m=30.0, rx_height_m=1.5, frequency_mhz=900.0, air=AIR)
    known = cut_profile(window, over, (105.05, 22.05), (105.05, 22.01), length_km=4.0, step_m=45.0, tx_ground_m=123.0)
    assert known.ground_m[0] == known.over_m[0] == 123.0


def test_the_job_end_to_end(shared_dir: FilePath) -> None:
    golden = shared_dir / "reference_cases" / "golden"
    terrain = open_terrain([golden / "N22E105.hgt"], kind="ground", log=IssueLog(issue_catalogue()))
    tx = (105.0 + 619.0 / 1200.0, 23.0 - 596.0 / 1200.0)
    window, ground = GroundModel(terrain, None, ground_settings()).read_window((tx[0] - 0.2, tx[1] - 0.2, tx[0] + 0.2, tx[1] + 0.2))
    with (golden / "job_500px.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 500
    for frequency in (900, 1800):
        apart, free = [], []
        for row in rows:
            place = (float(row["lon"]), float(row["lat"]))
            cut = cut_profile(window, ground, tx, place, length_km=float(row["d_km"]), step_m=90.0)
            loss = evaluate_path(cut, tx_height_m=45.0, rx_height_m=1.5, frequency_mhz=frequency, air=Atmosphere(50.0, 340.0))
            apart.append(abs(loss.loss_db - float(row[f"covlib_p1812_{frequency}_db"])))
            free.append(abs(loss.free_space_db - float(row[f"covlib_free_space_{frequency}_db"])))
        assert np.percentile(apart, 95) <= 0.1
        assert max(apart) <= 0.5
        assert max(free) <= 0.01
