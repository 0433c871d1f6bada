"""P.1812 for one profile: a worked example with all its rows, and the edge cases."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, asdict
from typing import Any

import numpy as np
import pytest

from geo.errors import InputError
from geo.propagation.p1812 import (
    MODEL,
    P1812Result,
    Path,
    basic_transmission_loss,
    ducting_incidence_percent,
    effective_earth_radius_km,
    inverse_complementary_normal,
    location_height_factor,
    location_spread_db,
)
from geo.propagation.p1812.horizons import horizons
from geo.propagation.p1812.mechanisms import free_space_loss_db
from geo.propagation.p1812.refractivity import (
    cell_lengths_km,
    coast_distances_km,
    path_centre_deg,
    summarise_zones,
)


def make_path(**changes: Any) -> Path:
    """Return a 10 km path over a hill, with changes."""
    values: dict[str, Any] = {
        "distance_km": np.linspace(0, 10, 101),
        "terrain_height_m": 100 + 60 * np.exp(-(((np.linspace(0, 10, 101) - 4) / 0.8) ** 2)),
        "tx_height_agl_m": 40.0,
        "rx_height_agl_m": 1.5,
        "delta_n": 45.0,
        "n0": 330.0,
        "centre_lat_deg": 21.0,
    }
    return Path(**(values | changes))


def loss_of(path: Path, **changes: Any) -> P1812Result:
    return basic_transmission_loss(path, **({"frequency_ghz": 0.9} | changes))


# -- the worked example: short land path, line of sight by ground, blocked by clutter --------------


def worked_example() -> P1812Result:
    path = Path(
        distance_km=np.array([0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        terrain_height_m=np.array([754.4, 754.4, 729.9, 685.3, 634.3, 610.3]),
        clutter_height_m=np.full(6, 10.0),
        radio_zone=np.full(6, 4),
        tx_height_agl_m=60.0,
        rx_height_agl_m=7.0,
        delta_n=45.0,
        n0=326.079979,
        tx_lat_deg=53.1833333333,
        tx_lon_deg=-6.3333333333,
        rx_lat_deg=53.18768858,
        rx_lon_deg=-6.320246243,
        tx_coast_distance_km=500.0,
        rx_coast_distance_km=500.0,
    )
    return basic_transmission_loss(path, frequency_ghz=0.0953, time_percent=10.0, polarisation="horizontal")


WORKED = {
    "sea_fraction": 0,
    "longest_land_km": 1,
    "longest_inland_km": 1,
    "centre_lat_deg": 53.18551669,
    "tau": 0.0004119151397,
    "beta0_percent": 7.244912027,
    "earth_radius_median_km": 8930.776786,
    "earth_radius_beta_km": 19113,
    "wavelength_m": 3.145855194,
    "tx_height_amsl_m": 814.4,
    "rx_height_amsl_m": 617.3,
    "highest_elevation_mrad": -208.2105337,
    "direct_elevation_mrad": -194.6594415,
    "tx_horizon_mrad": -194.6594415,
    "rx_horizon_mrad": 194.5516565,
    "angular_distance_mrad": 0.004187278468,
    "tx_horizon_km": 0.4,
    "rx_horizon_km": 0.6,
    "smooth_v1": 1394.5,
    "smooth_v2": 2005.696,
    "smooth_tx_m": 783.304,
    "smooth_rx_m": 611.196,
    "obstruction_m": -5.66,
    "smooth_tx_diffraction_m": 754.4,
    "smooth_rx_diffraction_m": 610.3,
    "smooth_tx_duct_m": 754.4,
    "smooth_rx_duct_m": 610.3,
    "duct_tx_height_m": 60,
    "duct_rx_height_m": 7,
    "roughness_m": 33.14,
    "diffraction_tx_height_m": 60,
    "diffraction_rx_height_m": 7,
    "free_space_db": 72.14737981,
    "line_of_sight_db": 71.97443875,
    "line_of_sight_beta_db": 71.93980777,
    "bullington_tx_slope_median": -186.2164083,
    "bullington_rx_slope_median": 204.3557278,
    "bullington_edge_km_median": 0.4,
    "bullington_nu_median": 0.2240640828,
    "bullington_edge_median_db": 7.974861503,
    "bullington_actual_median_db": 15.34252882,
    "bullington_smooth_median_db": 0,
    "spherical_median_db": 0,
    "diffraction_median_db": 15.34252882,
    "bullington_actual_beta_db": 15.33794877,
    "bullington_smooth_beta_db": 0,
    "spherical_beta_db": 0,
    "diffraction_beta_db": 15.33794877,
    "time_factor": 0.8790590599,
    "diffraction_db": 15.33850268,
    "total_diffraction_median_db": 87.48990862,
    "total_diffraction_db": 87.31294143,
    "troposcatter_frequency_db": -29.89147169,
    "troposcatter_db": 103.419116,
    "duct_low_frequency_db": 33.15899332,
    "duct_tx_shielding_db": 0,
    "duct_rx_shielding_db": 48.45635622,
    "duct_tx_coupling_db": 0,
    "duct_rx_coupling_db": 0,
    "duct_fixed_db": 163.6472076,
    "duct_specific_db_per_mrad": 0.2039655744,
    "duct_angular_distance_mrad": -194.4874692,
    "duct_alpha": -0.6,
    "duct_mu2": 1,
    "duct_mu3": 0.9552607683,
    "duct_beta_percent": 6.92078023,
    "duct_gamma": 0.9213926703,
    "duct_variable_db": 5.037024795,
    "ducting_db": 129.015484,
    "angle_factor": 0.9912767644,
    "distance_factor": 0.9453186828,
    "minimum_line_of_sight_db": 87.30390133,
    "minimum_ducting_db": 129.015484,
    "diffraction_ducting_db": 87.31294143,
    "modified_diffraction_ducting_db": 87.30398019,
    "median_location_db": 87.30268122,
    "basic_loss_db": 87.30268122,
    "field_strength_dbuv_m": 91.63917679,
}


def test_worked_example_row_by_row() -> None:
    found = worked_example()
    for name, value in WORKED.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-9, abs=1e-7), name
    assert found.line_of_sight, "by the ground"
    assert not found.bullington_line_of_sight_median, "by the clutter"
    assert (found.tx_horizon_index, found.rx_horizon_index) == (2, 2)
    assert found.model == MODEL == "ITU-R P.1812-8"
    assert found.in_range


def test_the_example_follows_from_the_formulas() -> None:
    """A few rows again, from their formulas instead of the table."""
    found = worked_example()
    assert found.earth_radius_median_km == pytest.approx(6371 * 157 / (157 - 45))
    free = 92.4 + 20 * math.log10(0.0953) + 20 * math.log10(math.sqrt(1 + 0.1971**2))
    assert found.free_space_db == pytest.approx(free)
    e = 2.6 * (1 - math.exp(-0.1)) * math.log10(10 / 50)
    assert found.line_of_sight_db == pytest.approx(free + e)
    nu = 0.2240640828 - 0.1
    edge = 6.9 + 20 * math.log10(math.sqrt(nu**2 + 1) + nu)
    assert found.bullington_edge_median_db == pytest.approx(edge)
    assert found.bullington_actual_median_db == pytest.approx(edge + (1 - math.exp(-edge / 6)) * 10.02)
    assert found.field_strength_dbuv_m == pytest.approx(
        199.36 + 20 * math.log10(0.0953) - found.basic_loss_db
    )


def test_result_is_frozen_and_finite() -> None:
    found = worked_example()
    with pytest.raises(FrozenInstanceError):
        found.basic_loss_db = 0.0  # type: ignore[misc]
    assert all(math.isfinite(v) for v in asdict(found).values() if not isinstance(v, str))


# -- small pieces ------------------------------------------------------------------------------------


def test_inverse_normal_by_hand() -> None:
    # x = 0.1: T = sqrt(-2 ln 0.1) = 2.145966; C = (0.010328 T + 0.802853) T + 2.515516698 = 4.285969
    # over ((0.001308 T + 0.189269) T + 1.432788) T + 1 = 4.959261: 2.145966 - 0.864236 = 1.281730
    values = inverse_complementary_normal([0.1, 0.9, 0.5])
    np.testing.assert_allclose(values[:2], [1.281730, -1.281730], atol=5e-6)
    assert abs(values[2]) < 2e-9
    assert inverse_complementary_normal(1e-12) == inverse_complementary_normal(1e-6)
    assert inverse_complementary_normal(1e-6) == pytest.approx(4.7534, abs=1e-3)
    assert inverse_complementary_normal(1.0) == pytest.approx(-inverse_complementary_normal(1e-6), abs=1e-9)


def test_location_spread_and_height_factor_by_hand() -> None:
    # (0.52 + 0.024 * 0.7) 100^0.28 = 0.5368 * 3.630781 = 1.949003
    assert location_spread_db(0.7, 100) == pytest.approx(1.949003, abs=1e-6)
    np.testing.assert_allclose(
        location_spread_db([0.7, 3.5], [[100], [500]]), [[1.95, 2.19], [3.06, 3.44]], atol=0.0051
    )
    # open ground at 1.5 m: 0.85; within and above ten metres over the clutter
    np.testing.assert_allclose(
        location_height_factor([1.5, 1.5, 15, 20, 31], [0, 10, 10, 10, 20]), [0.85, 1, 0.5, 0, 0]
    )


def test_effective_earth_radius_by_hand() -> None:
    median, beta = effective_earth_radius_km([39.25, 45.0])
    np.testing.assert_allclose(median, [6371 * 4 / 3, 6371 * 157 / 112])  # 39.25: the 4/3 Earth
    assert beta == 19113


def test_ducting_incidence_by_hand() -> None:
    # all sea: mu1 = (1 + 10^-2.48)^0.2 > 1, kept at 1, so mu4 = 1: beta0 = 10^(-0.015 * 21 + 1.67) = 22.6464
    assert ducting_incidence_percent(21.0, 0.0, 0.0) == pytest.approx(22.6464, abs=1e-4)
    assert ducting_incidence_percent(-21.0, 0.0, 0.0) == ducting_incidence_percent(21.0, 0.0, 0.0)
    # beyond 70 degrees the constant is 4.17
    assert ducting_incidence_percent(75.0, 0.0, 0.0) == pytest.approx(4.17)
    # long inland path: tau = 1, mu1 = (10^(-100/9.4) + 10^-4.25)^0.2 = 0.141254; at 75: 4.17 mu1^1.3
    mu1 = (10 ** (-100 / 9.4) + 10**-4.25) ** 0.2
    assert ducting_incidence_percent(75.0, 100.0, 100.0) == pytest.approx(4.17 * mu1**1.3, rel=1e-6)
    assert ducting_incidence_percent(21.0, 100.0, 100.0) == pytest.approx(
        10 ** (1.67 - 0.315) * mu1 * mu1 ** (-0.935 + 0.0176 * 21), rel=1e-6
    )
    # the two latitude forms meet at 70 degrees: 10^(1.67 - 1.05) = 4.17, -0.935 + 1.232 = 0.297 against 0.3
    np.testing.assert_allclose(*ducting_incidence_percent([70.0, 70.0001], 0.0, 0.0), rtol=1e-3)


def test_zones_by_hand() -> None:
    d = np.array([0, 1.0, 3, 4, 8, 10])
    zone = np.array([4, 3, 1, 1, 4, 4])
    np.testing.assert_allclose(cell_lengths_km(d), [0.5, 1.5, 1.5, 2.5, 3, 1])
    found = summarise_zones(d, zone)
    assert (found.sea_fraction, found.longest_land_km, found.longest_inland_km) == (0.4, 4.0, 4.0)
    assert coast_distances_km(d, zone) == (2.0, 4.0)
    assert coast_distances_km(d, np.full(6, 4)) == (500.0, 500.0)
    coastal = summarise_zones(d, [4, 3, 3, 4, 1, 4])
    assert (coastal.longest_land_km, coastal.longest_inland_km) == (6.0, 2.5)


def test_path_centre() -> None:
    lat, lon = path_centre_deg(20.0, 105.0, 22.0, 105.0, 2 * math.pi * 6371 / 180)
    assert (lat, lon) == pytest.approx((21.0, 105.0))
    lat, lon = path_centre_deg(0.0, 100.0, 0.0, 110.0, 10 * math.pi * 6371 / 180)
    assert (lat, lon) == pytest.approx((0.0, 105.0))
    # both ends at one place: the bearing is the receiver's longitude, the centre stays near
    assert path_centre_deg(21.0, 105.0, 21.0, 105.0, 1e-6)[0] == pytest.approx(21.0)


def test_free_space_constant() -> None:
    assert free_space_loss_db(1.0, 1.0) == 92.4
    assert free_space_loss_db(2.0, 10.0) == pytest.approx(92.4 + 6.0206 + 20, abs=1e-4)


# -- what may be given -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"distance_km": np.array([0.0, 1.0]), "terrain_height_m": np.zeros(2)}, "at least 3"),
        ({"distance_km": np.linspace(0.1, 10, 101)}, "start at 0"),
        ({"distance_km": np.zeros(101)}, "increase"),
        ({"distance_km": np.linspace(0, 3001, 101)}, "3000"),
        ({"terrain_height_m": np.zeros(100)}, "shape"),
        ({"terrain_height_m": np.where(np.arange(101) == 7, np.nan, 5.0)}, "point 7"),
        ({"distance_km": np.where(np.arange(101) == 7, np.nan, np.arange(101.0))}, "point 7"),
        ({"clutter_height_m": np.where(np.arange(101) == 7, np.inf, 5.0)}, "point 7"),
        ({"surface_height_m": np.where(np.arange(101) == 9, np.nan, 5.0)}, "point 9"),
        ({"clutter_height_m": np.full(101, -1.0)}, "negative"),
        ({"clutter_height_m": np.zeros(101), "surface_height_m": np.zeros(101)}, "exclude each other"),
        ({"radio_zone": 2}, "1 sea, 3 coastal land, 4 inland"),
        ({"radio_zone": np.full(100, 4)}, "101 points"),
        ({"tx_height_agl_m": 0.9}, "tx_height_agl_m"),
        ({"rx_height_agl_m": 3001.0}, "rx_height_agl_m"),
        ({"rx_height_agl_m": math.nan}, "rx_height_agl_m"),
        ({"delta_n": 0.0}, "delta_n"),
        ({"delta_n": 157.0}, "delta_n"),
        ({"n0": math.nan}, "n0"),
        ({"tx_coast_distance_km": -1.0}, "tx_coast_distance_km"),
        ({"rx_clutter_height_m": math.nan}, "rx_clutter_height_m"),
        ({"centre_lat_deg": 81.0}, "-80 to 80"),
        ({"centre_lat_deg": None}, "four coordinates"),
        ({"tx_lat_deg": 20.0}, "four coordinates"),
        (
            {"centre_lat_deg": None, "tx_lat_deg": 20.0, "tx_lon_deg": 105.0, "rx_lat_deg": 20.1},
            "four coordinates",
        ),
        ({"tx_lat_deg": 20.0, "tx_lon_deg": 105.0, "rx_lat_deg": 20.1, "rx_lon_deg": 105.0}, "not both"),
    ],
)
def test_a_path_that_is_none_is_refused_in_two_languages(change: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        make_path(**change)
    assert isinstance(caught.value, ValueError)
    assert caught.value.message.vi != caught.value.message.en


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"frequency_ghz": 0.029}, "0.03 to 6"),
        ({"frequency_ghz": 6.1}, "0.03 to 6"),
        ({"frequency_ghz": math.nan}, "0.03 to 6"),
        ({"time_percent": 0.9}, "1 to 50"),
        ({"time_percent": 51.0}, "1 to 50"),
        ({"location_percent": 0.5, "location_spread_db": 1.0}, "1 to 99"),
        ({"location_percent": 99.5, "location_spread_db": 1.0}, "1 to 99"),
        ({"location_percent": 90.0}, "resolution_m or location_spread_db"),
        ({"resolution_m": 100.0, "location_spread_db": 1.0}, "exclude each other"),
        ({"location_spread_db": -1.0}, "0 or more"),
        ({"entry_loss_db": 10.0}, "go together"),
        ({"entry_loss_db": math.nan, "entry_spread_db": 1.0}, "finite"),
        ({"polarisation": "circular"}, "horizontal, vertical"),
        ({"lbulls": "guess"}, "profile, closed_form"),
    ],
)
def test_questions_outside_the_limits_are_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        loss_of(make_path(), **change)


def test_a_path_keeps_its_own_arrays() -> None:
    ground = np.full(101, 7.0)
    path = make_path(terrain_height_m=ground)
    ground[:] = 1000.0
    assert path.terrain_height_m.max() == 7
    with pytest.raises(ValueError, match="read-only"):
        path.terrain_height_m[0] = 1.0


def test_clutter_and_surface_stand_between_the_ends_only() -> None:
    path = make_path(clutter_height_m=np.full(101, 12.0))
    np.testing.assert_array_equal(path.profile_height_m[1:-1], path.terrain_height_m[1:-1] + 12)
    np.testing.assert_array_equal(path.profile_height_m[[0, -1]], path.terrain_height_m[[0, -1]])
    surface = make_path(surface_height_m=path.terrain_height_m + 12.0)
    np.testing.assert_array_equal(surface.profile_height_m, path.profile_height_m)
    assert loss_of(surface).basic_loss_db == loss_of(path).basic_loss_db
    bare = make_path()
    np.testing.assert_array_equal(bare.profile_height_m, bare.terrain_height_m)
    ends = np.zeros(101)
    ends[[0, -1]] = 25.0
    assert loss_of(make_path(clutter_height_m=ends)).basic_loss_db == loss_of(bare).basic_loss_db


def test_receiver_clutter_for_location_variability() -> None:
    assert make_path().receiver_clutter_m == 0
    assert make_path(clutter_height_m=np.full(101, 12.0)).receiver_clutter_m == 12
    assert make_path(clutter_height_m=np.full(101, 12.0), rx_clutter_height_m=3.0).receiver_clutter_m == 3
    bare = make_path()
    assert make_path(surface_height_m=bare.terrain_height_m + 8).receiver_clutter_m == pytest.approx(8)
    assert make_path(surface_height_m=bare.terrain_height_m - 8).receiver_clutter_m == 0


# -- edge cases --------------------------------------------------------------------------------------


def test_share_of_time_at_and_around_beta0() -> None:
    path = make_path()
    beta0 = loss_of(path).beta0_percent
    assert 1 < beta0 < 50
    below, at, above = (loss_of(path, time_percent=p) for p in (beta0 - 1e-6, beta0, beta0 + 1e-6))
    assert below.time_factor == at.time_factor == 1
    assert 0.999 < above.time_factor < 1
    assert below.diffraction_db == below.diffraction_beta_db != below.diffraction_median_db
    for one in (below, above):
        assert one.minimum_line_of_sight_db == pytest.approx(at.minimum_line_of_sight_db, abs=1e-5)
        assert one.basic_loss_db == pytest.approx(at.basic_loss_db, abs=1e-5)
    # at 50 % exactly the median, F_i itself is only nearly 0
    median = loss_of(path, time_percent=50.0)
    assert median.diffraction_db == median.diffraction_median_db
    assert 0 < abs(median.time_factor) < 1e-8
    assert median.line_of_sight_db == median.free_space_db


def test_line_of_sight_with_clearance_is_free_space() -> None:
    high = make_path(terrain_height_m=np.zeros(101), tx_height_agl_m=200.0, rx_height_agl_m=200.0)
    found = loss_of(high)
    assert found.line_of_sight
    assert found.bullington_nu_median < -0.78
    assert found.diffraction_db == 0
    assert found.basic_loss_db == pytest.approx(found.free_space_db, abs=0.05)
    assert found.basic_loss_db >= found.line_of_sight_db


def test_sub_path_diffraction_without_a_block() -> None:
    near = make_path(
        terrain_height_m=np.where(np.arange(101) == 50, 45.0, 0.0), tx_height_agl_m=50.0, rx_height_agl_m=50.0
    )
    found = loss_of(near)
    assert found.line_of_sight
    assert found.bullington_line_of_sight_median
    assert -0.78 < found.bullington_nu_median < 0
    assert found.diffraction_db > 0


def test_path_all_sea() -> None:
    sea = make_path(terrain_height_m=np.zeros(101), radio_zone=1, rx_height_agl_m=10.0)
    found = loss_of(sea, time_percent=1.0)
    assert (found.sea_fraction, found.longest_land_km, found.longest_inland_km, found.tau) == (1, 0, 0, 0)
    assert found.beta0_percent == pytest.approx(10 ** (-0.015 * 21 + 1.67))
    assert (found.tx_coast_distance_km, found.rx_coast_distance_km) == (0, 0)
    # coupling: -3 [1 + tanh(0.07 (50 - h))], 40 m and 10 m above the sea
    assert found.duct_tx_coupling_db == pytest.approx(-3 * (1 + math.tanh(0.7)))
    assert found.duct_rx_coupling_db == pytest.approx(-3 * (1 + math.tanh(2.8)))
    # the term for omega drops out of eq. (59) below beta0
    assert found.minimum_line_of_sight_db == found.line_of_sight_db
    # a distance that was given does not move a terminal at sea
    given = make_path(
        terrain_height_m=np.zeros(101), radio_zone=1, rx_height_agl_m=10.0, tx_coast_distance_km=500.0
    )
    assert loss_of(given, time_percent=1.0) == found


def test_coupling_needs_a_sea_path_and_a_near_coast() -> None:
    """One condition of eq. (49) after the other; 40 m over flat ground, 40 km, horizon in the middle."""

    def coupling(land_points: int, coast_km: float | None = None, length_km: float = 40.0) -> float:
        zone = np.full(101, 1)
        zone[:land_points] = 3
        path = make_path(
            distance_km=np.linspace(0, length_km, 101),
            terrain_height_m=np.zeros(101),
            radio_zone=zone,
            rx_height_agl_m=40.0,
            tx_coast_distance_km=coast_km,
        )
        return loss_of(path).duct_tx_coupling_db

    # 10 coastal points: 9.5 steps of 0.4 km of land; dct from the zones
    assert coupling(10) == pytest.approx(-3 * math.exp(-0.25 * 3.8**2) * (1 + math.tanh(0.7)))
    assert coupling(10, 2.0) == pytest.approx(-3 * math.exp(-0.25 * 4) * (1 + math.tanh(0.7)))
    assert coupling(10, 4.9) < 0
    assert coupling(10, 5.1) == 0, "beyond 5 km"
    assert coupling(10, 4.9, length_km=9.0) == 0, "beyond the horizon, 4.5 km"
    assert coupling(26, 2.0) == 0, "less than three quarters at sea"
    assert coupling(25, 2.0) < 0


def test_roughness_counts_at_most_forty_kilometres_between_the_horizons() -> None:
    x = np.linspace(0, 150, 301)
    hills = 150 * np.exp(-(((x - 30) / 3) ** 2)) + 150 * np.exp(-(((x - 120) / 3) ** 2))
    for length, inner in ((150, 40.0), (60, None)):
        some = x <= length
        found = loss_of(make_path(distance_km=x[some], terrain_height_m=hills[some]))
        between = length - found.tx_horizon_km - found.rx_horizon_km
        assert found.roughness_m > 10
        assert (between > 40) == (inner is not None)
        expected = math.exp(-4.6e-5 * (found.roughness_m - 10) * (43 + 6 * (inner or between)))
        assert found.duct_mu3 == pytest.approx(expected, rel=1e-9)


def test_path_all_land_has_no_use_for_the_coast() -> None:
    near = make_path(tx_coast_distance_km=0.0, rx_coast_distance_km=0.0)
    assert loss_of(near).basic_loss_db == loss_of(make_path()).basic_loss_db
    assert loss_of(make_path()).sea_fraction == 0
    assert (loss_of(make_path()).duct_tx_coupling_db, loss_of(make_path()).duct_rx_coupling_db) == (0, 0)


def test_mixed_path_weights_the_ground() -> None:
    d = np.linspace(0, 90, 901)
    kind = {"distance_km": d, "terrain_height_m": np.zeros(901)}
    zone = np.where(np.arange(901) < 300, 4, 1)
    spherical = [
        loss_of(make_path(radio_zone=z, **kind), frequency_ghz=0.1).spherical_median_db for z in (4, 1, zone)
    ]
    omega = loss_of(make_path(radio_zone=zone, **kind)).sea_fraction
    assert spherical[0] - spherical[1] > 0.5
    assert spherical[2] == pytest.approx((1 - omega) * spherical[0] + omega * spherical[1], abs=1e-9)
    # below beta0 only the land's share of diffraction is in eq. (59)
    rare = loss_of(make_path(radio_zone=zone, **kind), frequency_ghz=0.1, time_percent=1.0)
    assert rare.beta0_percent > 1
    assert rare.diffraction_db > 5
    assert rare.minimum_line_of_sight_db == pytest.approx(
        rare.line_of_sight_db + (1 - omega) * rare.diffraction_db
    )


def test_equal_heights_over_flat_ground() -> None:
    found = loss_of(
        make_path(terrain_height_m=np.full(101, 30.0), tx_height_agl_m=20.0, rx_height_agl_m=20.0)
    )
    assert found.diffraction_tx_height_m == pytest.approx(found.diffraction_rx_height_m)
    assert found.line_of_sight
    assert found.tx_horizon_km == pytest.approx(5.0)
    assert math.isfinite(found.basic_loss_db)
    assert found.roughness_m == pytest.approx(0, abs=1e-9)


def test_an_exactly_grazing_ray() -> None:
    """No curvature can be asked for; a cone that touches the ray exactly makes S_tim equal S_tr."""
    d = np.array([0, 2.0, 4.0])
    bulge = 500 * 2.0 * 2.0 / float(effective_earth_radius_km(45.0)[0])
    height = np.array([100.0, 120.0 - bulge, 100.0])
    path = make_path(distance_km=d, terrain_height_m=height, tx_height_agl_m=20.0, rx_height_agl_m=20.0)
    found = loss_of(path)
    assert found.bullington_nu_median == pytest.approx(0, abs=1e-9)
    assert found.bullington_edge_median_db == pytest.approx(6.0329, abs=1e-3)


def test_very_short_path_runs_and_is_flagged() -> None:
    short = make_path(
        distance_km=np.array([0, 0.05, 0.1]), terrain_height_m=np.array([5.0, 5.0, 5.0]), rx_height_agl_m=20.0
    )
    found = loss_of(short)
    assert not found.in_range
    assert found.basic_loss_db == pytest.approx(found.free_space_db, abs=0.05)
    assert found.slant_km == pytest.approx(math.hypot(0.1, 0.02))
    # with an edge: free space and the edge
    edge = make_path(
        distance_km=np.array([0, 0.05, 0.1]),
        terrain_height_m=np.array([5.0, 60.0, 5.0]),
        rx_height_agl_m=20.0,
    )
    blocked = loss_of(edge)
    expected = blocked.free_space_db + blocked.bullington_actual_median_db
    assert blocked.basic_loss_db == pytest.approx(expected, abs=0.3)


def test_three_points_are_enough_and_unequal_steps_are_taken_as_they_are() -> None:
    three = make_path(distance_km=np.array([0, 4.0, 10.0]), terrain_height_m=np.array([100.0, 160.0, 100.0]))
    more = make_path(
        distance_km=np.array([0, 1.0, 4.0, 9.0, 10.0]),
        terrain_height_m=np.array([100.0, 100.0, 160.0, 100.0, 100.0]),
    )
    assert loss_of(three).bullington_actual_median_db == loss_of(more).bullington_actual_median_db > 20
    assert loss_of(three).in_range


def test_very_rough_ground_makes_beta_tiny_and_ducting_irrelevant() -> None:
    x = np.linspace(0, 60, 601)
    peaks = np.where(np.abs(x - 30) < 18, 8000.0, 0.0)
    for dtype in (np.float64, np.float32):
        found = loss_of(make_path(distance_km=x, terrain_height_m=peaks), dtype=dtype)
        assert found.duct_beta_percent < 1e-25
        assert math.isfinite(found.ducting_db)
        assert found.ducting_db > 250
        assert found.diffraction_ducting_db == found.total_diffraction_db
        assert math.isfinite(found.basic_loss_db)


def test_smooth_ground_has_no_roughness_loss() -> None:
    flat = loss_of(make_path(terrain_height_m=np.full(101, 3.0)))
    assert flat.roughness_m <= 10
    assert flat.duct_mu3 == 1


def test_alpha_is_kept_above_its_floor() -> None:
    x = np.linspace(0, 1500, 3001)
    far = loss_of(make_path(distance_km=x, terrain_height_m=np.zeros(3001)))
    assert far.duct_alpha == -3.4
    assert math.isfinite(far.basic_loss_db)


def test_negative_first_term_within_sight_is_no_gain() -> None:
    x = np.linspace(0, 9, 91)
    low = make_path(
        distance_km=x, terrain_height_m=np.zeros(91), radio_zone=1, tx_height_agl_m=3.0, rx_height_agl_m=3.0
    )
    found = loss_of(low, frequency_ghz=0.03)
    assert found.spherical_median_db == 0
    assert found.diffraction_db >= 0


def test_horizon_ties_take_the_first_from_the_transmitter_and_the_last_from_the_receiver() -> None:
    """Two equal summits on either side: the horizons are the near ones, never crossed."""
    h = np.zeros(101)
    h[[20, 80]] = 300.0
    found = loss_of(make_path(terrain_height_m=h))
    assert not found.line_of_sight
    assert (found.tx_horizon_index, found.rx_horizon_index) == (20, 80)
    assert (found.tx_horizon_km, found.rx_horizon_km) == pytest.approx((2.0, 2.0))


def test_exact_ties_of_angle_and_clearance() -> None:
    """On a flat Earth, so that they are exact: 10 m at 1 km and 20 m at 2 km from either end."""
    d = np.arange(6.0)
    one = np.float64(1.0)
    blocked = horizons(
        d, d[::-1], np.array([0, 10.0, 20, 20, 10, 0]), 0 * one, 0 * one, np.float64(np.inf), one
    )
    assert not blocked.line_of_sight
    assert (blocked.tx_index, blocked.rx_index) == (1, 4)
    assert (blocked.tx_km, blocked.rx_km) == (1, 1)
    # both middle points come equally near to the ray: the last one
    clear = horizons(d, d[::-1], np.zeros(6), 10 * one, 10 * one, np.float64(np.inf), one)
    assert clear.line_of_sight
    assert (clear.tx_index, clear.rx_index) == (3, 3)
    assert (clear.tx_km, clear.rx_km) == (3, 2)
    # a point exactly on the ray does not block it
    grazing = horizons(d, d[::-1], np.full(6, 10.0), 10 * one, 10 * one, np.float64(np.inf), one)
    assert grazing.line_of_sight


def test_terminal_far_below_clutter_is_only_behind_it() -> None:
    deep = loss_of(make_path(terrain_height_m=np.zeros(101), clutter_height_m=np.full(101, 20.0)))
    open_ground = loss_of(make_path(terrain_height_m=np.zeros(101)))
    assert open_ground.line_of_sight == deep.line_of_sight
    assert not deep.bullington_line_of_sight_median
    assert deep.basic_loss_db > open_ground.basic_loss_db + 10
    for same in (
        "tx_horizon_mrad",
        "roughness_m",
        "smooth_tx_diffraction_m",
        "troposcatter_db",
        "ducting_db",
    ):
        assert getattr(deep, same) == getattr(open_ground, same), same


def test_polarisation_matters_only_over_the_smooth_earth() -> None:
    x = np.linspace(0, 90, 901)
    sea = make_path(distance_km=x, terrain_height_m=np.zeros(901), radio_zone=1)
    by = {p: loss_of(sea, frequency_ghz=0.05, polarisation=p) for p in ("horizontal", "vertical")}
    assert by["horizontal"].spherical_median_db - by["vertical"].spherical_median_db > 3
    assert by["horizontal"].bullington_actual_median_db == by["vertical"].bullington_actual_median_db


# -- locations and entry -----------------------------------------------------------------------------


def test_more_locations_more_loss_by_hand() -> None:
    path = make_path(rx_height_agl_m=1.5)
    median = loss_of(path)
    ninety = loss_of(path, location_percent=90.0, location_spread_db=5.5)
    # open ground at 1.5 m: s = 0.85 * 5.5 = 4.675; I(0.9) = -1.281730
    assert ninety.spread_db == pytest.approx(4.675)
    assert ninety.basic_loss_db - median.basic_loss_db == pytest.approx(1.281730 * 4.675, abs=1e-4)
    by_size = loss_of(path, location_percent=90.0, resolution_m=100.0)
    assert by_size.location_spread_db == pytest.approx((0.52 + 0.024 * 0.9) * 100**0.28)
    assert by_size.location_height_factor == pytest.approx(0.85)
    assert loss_of(path, resolution_m=100.0).basic_loss_db == pytest.approx(median.basic_loss_db, abs=1e-8)


def test_few_locations_never_beat_the_line_of_sight() -> None:
    clear = make_path(terrain_height_m=np.zeros(101), tx_height_agl_m=200.0, rx_height_agl_m=2.0)
    lucky = loss_of(clear, location_percent=1.0, location_spread_db=5.5)
    assert lucky.basic_loss_db == lucky.line_of_sight_db


def test_no_location_term_for_a_receiver_at_sea() -> None:
    zone = np.full(101, 4)
    zone[-1] = 1
    at_sea = make_path(radio_zone=zone)
    assert loss_of(at_sea, location_percent=90.0, location_spread_db=5.5).spread_db == 0


def test_indoors_adds_the_entry_loss_and_its_spread() -> None:
    path = make_path()
    indoors = loss_of(path, entry_loss_db=14.24, entry_spread_db=8.0, location_spread_db=6.0)
    assert indoors.spread_db == pytest.approx(10.0)  # sqrt(6^2 + 8^2)
    assert indoors.basic_loss_db == pytest.approx(loss_of(path).basic_loss_db + 14.24, abs=1e-7)


# -- variants ----------------------------------------------------------------------------------------


def test_closed_form_is_near_the_profile_form() -> None:
    x = np.linspace(0, 90, 901)
    path = make_path(distance_km=x, terrain_height_m=np.zeros(901))
    profile, closed = (loss_of(path, lbulls=way) for way in ("profile", "closed_form"))
    assert profile.bullington_smooth_median_db != closed.bullington_smooth_median_db
    assert profile.bullington_smooth_median_db == pytest.approx(closed.bullington_smooth_median_db, abs=0.01)


def test_single_precision_is_used_when_asked_for() -> None:
    path = make_path(clutter_height_m=np.full(101, 10.0))
    double, single = loss_of(path), loss_of(path, dtype=np.float32)
    assert single.basic_loss_db == float(np.float32(single.basic_loss_db)) != double.basic_loss_db
    assert single.basic_loss_db == pytest.approx(double.basic_loss_db, abs=0.05)
    assert all(
        value == float(np.float32(value))
        for name, value in asdict(single).items()
        if name.endswith("_db") and name not in {"location_spread_db", "spread_db"}
    )


def test_blending_does_not_overflow_in_single_precision() -> None:
    """Losses above 220 dB: 10^(-0.2 L) underflows and exp(L/2.5) overflows float32."""
    x = np.linspace(0, 800, 1601)
    h = np.where(np.abs(x - 400) < 100, 4000.0, 0.0)
    path = make_path(distance_km=x, terrain_height_m=h)
    double, single = (
        loss_of(path, frequency_ghz=6.0, time_percent=1.0, dtype=t) for t in (np.float64, np.float32)
    )
    assert double.basic_loss_db > 250
    assert double.ducting_db > 250
    assert single.basic_loss_db == pytest.approx(double.basic_loss_db, abs=0.05)


def test_reversing_a_path_twice_gives_it_back() -> None:
    zone = np.where(np.arange(101) < 30, 3, 4)
    path = make_path(radio_zone=zone, clutter_height_m=np.arange(101.0), tx_coast_distance_km=2.0)
    back = path.reversed()
    assert (back.tx_height_agl_m, back.rx_height_agl_m) == (1.5, 40.0)
    assert back.rx_coast_distance_km == 2
    np.testing.assert_array_equal(back.terrain_height_m, path.terrain_height_m[::-1])
    np.testing.assert_allclose(back.distance_km, path.distance_km)
    again = back.reversed()
    np.testing.assert_array_equal(again.radio_zone, zone)
    np.testing.assert_array_equal(again.clutter_height_m, path.clutter_height_m)
