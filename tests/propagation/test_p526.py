"""Knife edge, Bullington, spherical Earth and delta-Bullington by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import fresnel

from geo.errors import InputError
from geo.propagation.p526 import (
    MODEL,
    delta_bullington,
    fresnel_radius_m,
    knife_edge_parameter,
    single_edge_loss_db,
)
from geo.propagation.p1812 import (
    bullington,
    bullington_loss_db,
    first_term_loss_db,
    knife_edge_loss_db,
    spherical_earth_loss_db,
)
from geo.propagation.p1812.smooth_earth import smooth_earth, smooth_earth_diffraction
from geo.propagation.p1812.spherical_earth import smooth_bullington_edge, spherical_earth_clearance

# -- knife edge --------------------------------------------------------------------------------------


def test_knife_edge_by_hand() -> None:
    # nu = 0: sqrt(1.01) - 0.1 = 0.904988; 6.9 + 20 log 0.904988 = 6.9 - 0.867 = 6.033
    # nu = 2.4: sqrt(2.3^2 + 1) + 2.3 = 4.807987; 6.9 + 20 log 4.807987 = 6.9 + 13.6393 = 20.5393
    np.testing.assert_allclose(knife_edge_loss_db([0.0, 2.4]), [6.03285, 20.53927], atol=1e-5)
    np.testing.assert_array_equal(knife_edge_loss_db([-0.78, -5.0, -np.inf]), 0)
    assert knife_edge_loss_db(np.nextafter(-0.78, 0)) == pytest.approx(0.00404, abs=1e-5)
    assert knife_edge_loss_db(np.zeros(2, np.float32)).dtype == np.float32
    assert knife_edge_loss_db(1).dtype == np.float64


def test_knife_edge_approximates_the_fresnel_integral() -> None:
    nu = np.linspace(-0.7, 20, 400)
    s, c = fresnel(nu)
    exact = -20 * np.log10(np.sqrt((1 - c - s) ** 2 + (c - s) ** 2) / 2)
    assert np.abs(knife_edge_loss_db(nu) - exact).max() < 0.5


def test_one_edge_by_hand() -> None:
    # 20 m over the line in the middle of 10 km, 0.3 m: nu = 20 sqrt(2 * 10000/(0.3 * 5000 * 5000)) = 1.0328
    assert knife_edge_parameter(20, 5, 5, 0.3) == pytest.approx(1.032796, abs=1e-6)
    assert single_edge_loss_db(20, 5, 5, 0.3) == pytest.approx(float(knife_edge_loss_db(1.0327956)), abs=1e-6)
    # first Fresnel radius there: sqrt(0.3 * 5000 * 5000/10000) = 27.386 m; nu = h sqrt(2)/radius
    assert fresnel_radius_m(5, 5, 0.9993) == pytest.approx(27.386, abs=0.01)
    assert fresnel_radius_m(5, 5, 1.0) == pytest.approx(17.32 * np.sqrt(2.5))


# -- Bullington --------------------------------------------------------------------------------------


def test_bullington_over_one_edge_is_that_edge() -> None:
    """A triangle: the construction must find its top, here on an Earth that is nearly flat."""
    d = np.linspace(0, 10, 11)
    h = np.where(d == 4, 50.0, 0.0)
    found = bullington(d, h, 10.0, 10.0, 1e12, 0.3)
    assert not found.line_of_sight
    assert found.edge_km == pytest.approx(4)
    assert found.tx_slope == pytest.approx(10)  # (50 - 10)/4 m/km
    assert found.rx_slope == pytest.approx(40 / 6)
    nu = 40 * np.sqrt(2 * 10_000 / (0.3 * 4000 * 6000))  # 40 m over the line
    assert found.nu == pytest.approx(nu, rel=1e-9)
    edge = float(knife_edge_loss_db(nu))
    # (21): L_uc + (1 - exp(-L_uc/6)) (10 + 0.02 * 10)
    assert found.loss_db == pytest.approx(edge + (1 - np.exp(-edge / 6)) * 10.2)


def test_bullington_line_of_sight_takes_the_greatest_nu() -> None:
    d = np.array([0, 1.0, 5, 10])
    h = np.array([0, 8.0, 6.0, 0])
    found = bullington(d, h, 10.0, 10.0, 1e12, 0.3)
    assert found.line_of_sight
    # -2 m at 1 km: nu = -2 sqrt(2e4/(0.3*1000*9000)) = -0.172; -4 m at 5 km: -0.207
    assert found.nu == pytest.approx(-2 * np.sqrt(2e4 / (0.3 * 1e3 * 9e3)))
    assert found.edge_km == 1


def test_a_ray_that_just_grazes_its_edge_gives_the_limit() -> None:
    """S_tim = S_tr makes eq. (18) 0/0: flat ground at antenna height over a flat Earth."""
    d = np.linspace(0, 8, 9)
    level = np.full(9, 10.0)
    grazing = bullington(d, level, 10.0, 10.0, np.inf, 0.25)
    assert not grazing.line_of_sight
    assert grazing.nu == 0
    assert grazing.loss_db == pytest.approx(
        float(bullington_loss_db(d, level + 1e-9, 10.0, 10.0, np.inf, 0.25)), abs=1e-6
    )


def test_bullington_of_many_profiles_at_once_is_that_of_each() -> None:
    rng = np.random.default_rng(4)
    d = np.linspace(0, 12, 40)
    h = rng.uniform(0, 120, (5, 40))
    a, b = h[:, 0] + 30, h[:, -1] + 5
    together = bullington_loss_db(d, h, a, b, 8500.0, 0.33)
    alone = [float(bullington_loss_db(d, h[i], a[i], b[i], 8500.0, 0.33)) for i in range(5)]
    np.testing.assert_array_equal(together, alone)
    radii = bullington_loss_db(d, h[0], a[0], b[0], np.array([8500.0, 19113.0]), 0.33)
    np.testing.assert_array_equal(
        radii, [bullington_loss_db(d, h[0], a[0], b[0], r, 0.33) for r in (8500.0, 19113.0)]
    )


# -- spherical Earth -----------------------------------------------------------------------------------


def test_first_term_by_hand() -> None:
    # 1 GHz, 100 km, 30 m and 10 m, a = 8500 km, land, horizontal; 8500^(-1/3) = 0.04899973
    # K = 0.036 * 0.04899973 * (21^2 + 0.054^2)^(-1/4) = 3.8493e-4; beta = 1 - 4.3e-7
    # X = 21.88 * 0.04899973^2 * 100 = 5.253330 -> F = 11 + 7.204347 - 92.458612 = -74.254265
    # Y30 = 0.9575 * 0.04899973 * 30 = 1.407517 -> B <= 2: G = 20 log(1.407517 + 0.278844) = 4.539012
    # Y10 = 0.469172 -> G = 20 log(0.469172 + 0.010328) = -6.384228
    # L = 74.254265 - 4.539012 + 6.384228 = 76.099481
    loss = first_term_loss_db(100.0, 30.0, 10.0, 8500.0, 1.0, polarisation="horizontal")
    assert loss == pytest.approx(76.099481, abs=1e-4)


def test_first_term_with_a_height_above_b_of_two() -> None:
    # Y = 0.9575 * 0.04899973 * 100 = 4.691724: B > 2: G = 17.6 sqrt(3.591724) - 5 log 3.591724 - 8
    #   = 33.355246 - 2.776515 - 8 = 22.578731; the other end and F as above
    loss = first_term_loss_db(100.0, 100.0, 10.0, 8500.0, 1.0, polarisation="horizontal")
    assert loss == pytest.approx(74.254265 - 22.578731 + 6.384228, abs=1e-4)


def test_first_term_floor_of_the_height_gain() -> None:
    """G never falls below 2 + 20 log K: very low antennas at 30 MHz over sea, vertical polarisation."""
    a, f = 8500.0, 0.03
    k = 0.036 * (a * f) ** (-1 / 3) * (79**2 + (90 / f) ** 2) ** -0.25 * np.sqrt(80**2 + (90 / f) ** 2)
    low = first_term_loss_db(50.0, 1e-6, 1e-6, a, f, polarisation="vertical", sea_fraction=1.0)
    lower = first_term_loss_db(50.0, 1e-9, 1e-9, a, f, polarisation="vertical", sea_fraction=1.0)
    assert low == lower
    beta = (1 + 1.6 * k**2 + 0.67 * k**4) / (1 + 4.5 * k**2 + 1.53 * k**4)
    x = 21.88 * beta * (f / a**2) ** (1 / 3) * 50
    distance = -20 * np.log10(x) - 5.6488 * x**1.425
    assert x < 1.6
    assert low == pytest.approx(-distance - 2 * (2 + 20 * np.log10(k)), abs=1e-9)


def test_first_term_floor_over_land_holds_the_ground_s_constants() -> None:
    """Over land, vertical: K = 0.036 (a f)^(-1/3) [21^2 + (0.054/f)^2]^(-1/4) [22^2 + (0.054/f)^2]^(1/2)."""
    a, f = 8500.0, 0.03
    k = 0.036 * (a * f) ** (-1 / 3) * (21**2 + (0.054 / f) ** 2) ** -0.25 * np.sqrt(22**2 + (0.054 / f) ** 2)
    floor = 2 + 20 * np.log10(k)
    low, both = (first_term_loss_db(50.0, h, 1e-9, a, f, polarisation="vertical") for h in (100.0, 1e-9))
    beta = (1 + 1.6 * k**2 + 0.67 * k**4) / (1 + 4.5 * k**2 + 1.53 * k**4)
    b = beta * 0.9575 * beta * (f**2 / a) ** (1 / 3) * 100
    assert both - low == pytest.approx(20 * np.log10(b + 0.1 * b**3) - floor, abs=1e-9)


def test_first_term_is_weighted_with_the_sea() -> None:
    def run(omega: float) -> float:
        return float(
            first_term_loss_db(80.0, 20.0, 20.0, 8500.0, 0.1, polarisation="vertical", sea_fraction=omega)
        )

    assert abs(run(1.0) - run(0.0)) > 0.1
    assert run(0.25) == pytest.approx(0.25 * run(1.0) + 0.75 * run(0.0))


def test_spherical_earth_within_sight() -> None:
    """High antennas: full clearance; lower ones: the interpolation of eq. (27)."""
    assert spherical_earth_loss_db(20.0, 400.0, 400.0, 8500.0, 1.0, polarisation="vertical") == 0
    d, u, v, a, lam = 45.0, 60.0, 50.0, 8500.0, 0.2998
    at = spherical_earth_clearance(d, u, v, a, lam)
    assert at.los_km == pytest.approx(np.sqrt(2 * a) * (np.sqrt(0.06) + np.sqrt(0.05)))
    assert d < at.los_km
    # the point of reflection: equal angles of the two rays to the smooth Earth there
    d1, d2 = float(at.tx_part_km), d - float(at.tx_part_km)
    assert (u - 500 * d1**2 / a) / d1 == pytest.approx((v - 500 * d2**2 / a) / d2, rel=1e-9)
    assert 0 < at.height_m < at.required_m
    tangent = 500 * (d / (np.sqrt(u) + np.sqrt(v))) ** 2
    first = float(first_term_loss_db(d, u, v, tangent, 1.0, polarisation="vertical"))
    loss = float(spherical_earth_loss_db(d, u, v, a, 1.0, polarisation="vertical"))
    assert loss == pytest.approx((1 - float(at.height_m / at.required_m)) * first)
    assert loss > 0


def test_required_clearance_by_hand() -> None:
    # equal heights: d_1 = d_2 = 10 km; 17.456 sqrt(10 * 10 * 0.3/20) = 21.379147; 552 sqrt(0.001 * 1.5) = 21.378868
    at = [
        spherical_earth_clearance(20.0, 90.0, 90.0, 8500.0, 0.3, form=form) for form in ("rounded", "exact")
    ]
    assert [float(one.required_m) for one in at] == pytest.approx([21.379147, 21.378868], abs=1e-6)
    # 90 m less the bulge 500 * 10^2/8500 = 5.882353
    assert at[0].height_m == pytest.approx(84.117647, abs=1e-6)


def test_spherical_earth_joins_at_the_horizon() -> None:
    u, v, a = 30.0, 10.0, 8500.0
    los = float(spherical_earth_clearance(1.0, u, v, a, 0.3).los_km)
    below, above = spherical_earth_loss_db(
        np.array([los - 1e-7, los + 1e-7]), u, v, a, 1.0, polarisation="horizontal"
    )
    assert below == pytest.approx(above, abs=1e-3)


def test_spherical_earth_negative_first_term_is_cut_only_within_sight() -> None:
    """Sea at 30 MHz: a short path has L_ft < 0, which eq. (27) clips and eq. (28) alone does not."""
    d, u, v = 9.0, 3.0, 3.0
    tangent = 500 * (d / (2 * np.sqrt(3))) ** 2
    kind = {"polarisation": "vertical", "sea_fraction": 1.0}
    assert first_term_loss_db(d, u, v, tangent, 0.03, **kind) < 0
    assert d < spherical_earth_clearance(d, u, v, 8500.0, 10.0).los_km
    assert spherical_earth_loss_db(d, u, v, 8500.0, 0.03, **kind) == 0


@given(
    d=st.floats(0.3, 300),
    u=st.floats(1, 3000),
    v=st.floats(1, 3000),
    f=st.floats(0.03, 6),
    radius=st.sampled_from([8500.0, 19113.0]),
)
@settings(deadline=None, max_examples=150)
def test_closed_form_is_the_limit_of_a_fine_smooth_profile(
    d: float, u: float, v: float, f: float, radius: float
) -> None:
    lam = 0.2998 / f
    fine = np.linspace(0, d, 4001)
    profile = float(bullington(fine, np.zeros(4001), u, v, radius, lam).nu)
    closed = float(smooth_bullington_edge(d, u, v, radius, lam))
    if min(closed, profile) > -0.78:
        assert closed == pytest.approx(profile, abs=0.02)


@given(
    st.floats(1, 200),
    st.floats(1, 1000),
    st.floats(1, 1000),
    st.floats(0.03, 6),
    st.sampled_from(["horizontal", "vertical"]),
)
@settings(deadline=None, max_examples=150)
def test_spherical_earth_is_reciprocal_and_finite(d: float, u: float, v: float, f: float, pol: str) -> None:
    there = float(spherical_earth_loss_db(d, u, v, 8500.0, f, polarisation=pol, sea_fraction=0.4))
    back = float(spherical_earth_loss_db(d, v, u, 8500.0, f, polarisation=pol, sea_fraction=0.4))
    assert np.isfinite(there)
    assert there == pytest.approx(back, abs=1e-9)


# -- smooth Earth --------------------------------------------------------------------------------------


def test_smooth_earth_by_hand() -> None:
    # d = 0..4 km, h = 50, 60, 0, 0, 50 m: v1 = 110 + 60 + 0 + 50 = 220
    # v2 = (60 * 2 + 50 * 1) + 60 * (2 + 2) + 0 + 50 * (8 + 3) = 960
    # h_st = (2 * 220 * 4 - 960)/16 = 50, h_sr = (960 - 880)/16 = 5
    d, h = np.arange(5.0), np.array([50.0, 60, 0, 0, 50])
    line = smooth_earth(d, h)
    assert (line.v1, line.v2, line.tx_m, line.rx_m) == (220, 960, 50, 5)
    # antennas at 55 and 52 m: the line at 1 km is 54.25, h_obs = 5.75, a_t = 5.75, a_r = 5.75/3
    # h_stp = 50 - 5.75 * 0.75 = 45.6875, h_srp = 5 - 5.75 * 0.25 = 3.5625
    lowered = smooth_earth_diffraction(d, h, 55.0, 52.0, line)
    assert lowered.obstruction_m == 5.75
    assert (lowered.tx_slope, lowered.rx_slope) == pytest.approx((5.75, 5.75 / 3))
    assert (lowered.tx_m, lowered.rx_m) == pytest.approx((45.6875, 3.5625))
    # nothing over the line: h_st and h_sr themselves, but never above the ground
    clear = smooth_earth_diffraction(d, h, 150.0, 152.0, line)
    assert (clear.tx_m, clear.rx_m) == (50, 5)
    sunk = np.array([20.0, 60, 60, 60, 30])
    below = smooth_earth_diffraction(d, sunk, 200.0, 200.0, smooth_earth(d, sunk))
    assert (below.tx_m, below.rx_m) == (20, 30)


# -- delta-Bullington ----------------------------------------------------------------------------------


def test_delta_bullington_by_hand_over_flat_ground() -> None:
    """Flat ground far within sight: nothing blocks, the loss is free space."""
    d = np.linspace(0, 2, 21)
    flat = delta_bullington(d, np.full(21, 12.0), tx_height_agl_m=60, rx_height_agl_m=60, frequency_ghz=2.0)
    assert flat.model == MODEL
    assert "P.526" in MODEL
    assert flat.wavelength_m == 0.15
    assert (flat.tx_modified_m, flat.rx_modified_m) == pytest.approx((60, 60))
    assert flat.diffraction_db == 0
    assert flat.basic_loss_db == pytest.approx(32.4 + 20 * np.log10(2000) + 20 * np.log10(2))


def test_delta_bullington_beyond_the_horizon_of_flat_ground_is_the_spherical_earth() -> None:
    d = np.linspace(0, 80, 801)
    far = delta_bullington(d, np.zeros(801), tx_height_agl_m=30, rx_height_agl_m=10, frequency_ghz=1.0)
    assert far.bullington_actual_db == far.bullington_smooth_db > 0
    assert far.diffraction_db == pytest.approx(far.spherical_db)
    assert far.spherical_db > far.bullington_smooth_db


def test_exact_and_rounded_forms_are_near_but_not_the_same() -> None:
    d = np.linspace(0, 80, 801)
    forms = [
        delta_bullington(
            d, np.zeros(801), tx_height_agl_m=30, rx_height_agl_m=10, frequency_ghz=1.0, form=form
        )
        for form in ("exact", "rounded")
    ]
    assert 0 < abs(forms[0].spherical_db - forms[1].spherical_db) < 0.005


def test_speed_of_light_enters() -> None:
    d = np.linspace(0, 80, 801)
    kind = {"tx_height_agl_m": 30, "rx_height_agl_m": 10, "frequency_ghz": 1.0}
    slower = delta_bullington(d, np.zeros(801), speed_of_light_m_s=2.998e8, **kind)
    assert slower.wavelength_m == pytest.approx(0.2998)
    assert slower.diffraction_db != delta_bullington(d, np.zeros(801), **kind).diffraction_db


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"distance_km": [0, 1]}, "3 points"),
        ({"distance_km": [0, 1, 1, 2]}, "increase"),
        ({"distance_km": [0.5, 1, 1.5, 2]}, "start at 0"),
        ({"terrain_height_m": [0, np.nan, 0, 0]}, "finite"),
        ({"tx_height_agl_m": 0.0}, "positive"),
        ({"frequency_ghz": -1.0}, "positive"),
        ({"earth_radius_km": np.inf}, "positive"),
        ({"sea_fraction": 1.2}, "0 to 1"),
        ({"polarisation": "both"}, "vertical"),
        ({"form": "rough"}, "rounded"),
    ],
)
def test_wrong_input_is_refused_in_two_languages(change: dict[str, object], word: str) -> None:
    given_values = {
        "distance_km": [0, 1, 2, 3],
        "terrain_height_m": [0, 0, 0, 0],
        "tx_height_agl_m": 10.0,
        "rx_height_agl_m": 10.0,
        "frequency_ghz": 1.0,
    }
    with pytest.raises(InputError, match=word) as caught:
        delta_bullington(**(given_values | change))
    assert caught.value.message.vi != caught.value.message.en
