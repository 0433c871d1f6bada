"""P.1812: laws that hold on every path."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.propagation.p1812 import P1812Result, Path, basic_transmission_loss, bullington_loss_db

SEEDS = st.integers(0, 2**32 - 1)
MANY = settings(deadline=None, max_examples=60)


def random_path(seed: int, *, sea: bool = True) -> Path:
    """Return a path of 0.3 to 300 km over rough ground, unequal steps, any zones, clutter."""
    rng = np.random.default_rng(seed)
    points = int(rng.integers(3, 120))
    length = 10 ** rng.uniform(math.log10(0.3), math.log10(300))
    steps = rng.uniform(0.3, 1.0, points - 1)
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    distance *= length / distance[-1]
    relief = 10 ** rng.uniform(0, 3)
    height = relief * np.cumsum(rng.normal(0, 1, points)) / math.sqrt(points) + rng.normal(
        0, relief / 20, points
    )
    zone = np.repeat(rng.choice([1, 3, 4] if sea else [3, 4], 6), -(-points // 6))[:points]
    return Path(
        distance_km=distance,
        terrain_height_m=np.maximum(height - height.min() * rng.integers(0, 2), -50.0),
        clutter_height_m=rng.choice([0.0, 5.0, 15.0, 30.0], points),
        radio_zone=zone,
        tx_height_agl_m=float(10 ** rng.uniform(0, 2.5)),
        rx_height_agl_m=float(10 ** rng.uniform(0, 1.5)),
        delta_n=float(rng.uniform(30, 70)),
        n0=float(rng.uniform(300, 390)),
        centre_lat_deg=float(rng.uniform(-80, 80)),
    )


def random_question(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed + 1)
    return {
        "frequency_ghz": float(10 ** rng.uniform(math.log10(0.03), math.log10(6.0))),
        "time_percent": float(rng.choice([1.0, 5.0, 10.0, 30.0, 50.0])),
        "polarisation": str(rng.choice(["horizontal", "vertical"])),
    }


def run(path: Path, seed: int, **changes: Any) -> P1812Result:
    return basic_transmission_loss(path, **(random_question(seed) | changes))


@given(SEEDS)
@MANY
def test_everything_is_finite_and_never_below_line_of_sight(seed: int) -> None:
    found = run(random_path(seed), seed, location_percent=float(seed % 99 + 1), resolution_m=100.0)
    values = asdict(found)
    assert all(math.isfinite(v) for v in values.values() if not isinstance(v, str)), values
    assert found.basic_loss_db >= found.line_of_sight_db
    assert found.diffraction_median_db >= found.bullington_actual_median_db >= 0
    assert found.diffraction_beta_db >= found.bullington_actual_beta_db >= 0
    assert found.bullington_smooth_median_db >= 0
    assert found.free_space_db >= 92.4 + 20 * math.log10(found.frequency_ghz * found.path_km) - 1e-9
    assert 0 <= found.time_factor <= 1
    assert found.tx_horizon_km + found.rx_horizon_km <= found.path_km * (1 + 1e-12)
    assert found.tx_horizon_index <= found.rx_horizon_index
    assert found.diffraction_tx_height_m > 0
    assert found.diffraction_rx_height_m > 0
    assert (
        found.median_location_db <= min(found.troposcatter_db, found.modified_diffraction_ducting_db) + 1e-9
    )


@given(SEEDS)
@MANY
def test_median_loss_is_never_below_free_space(seed: int) -> None:
    assert (
        run(random_path(seed), seed, time_percent=50.0).basic_loss_db
        >= run(random_path(seed), seed).free_space_db
    )


@given(SEEDS)
@MANY
def test_the_way_back_has_the_same_loss(seed: int) -> None:
    """At 50 % of locations: location variability belongs to the receiver alone."""
    path = random_path(seed)
    there, back = run(path, seed), run(path.reversed(), seed)
    assert abs(there.basic_loss_db - back.basic_loss_db) < 1e-8
    for one, other in (("tx_horizon_km", "rx_horizon_km"), ("duct_tx_height_m", "duct_rx_height_m"),
                       ("diffraction_tx_height_m", "diffraction_rx_height_m"),
                       ("duct_tx_coupling_db", "duct_rx_coupling_db")):  # fmt: skip
        assert math.isclose(getattr(there, one), getattr(back, other), rel_tol=1e-9, abs_tol=1e-8), one


@given(SEEDS)
@MANY
def test_the_way_back_with_coordinates(seed: int) -> None:
    """The centre is laid off with the profile's length, which here agrees with the coordinates."""
    rng = np.random.default_rng(seed)
    path = random_path(seed)
    lat, lon, bearing = rng.uniform(-60, 60), rng.uniform(-170, 170), rng.uniform(0, 2 * math.pi)
    angle, phi = path.path_km / 6371, math.radians(lat)
    lat_r = math.asin(math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(bearing))
    turn = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(phi), math.cos(angle) - math.sin(phi) * math.sin(lat_r)
    )
    path = replace(
        path, centre_lat_deg=None, tx_lat_deg=lat, tx_lon_deg=lon,
        rx_lat_deg=math.degrees(lat_r), rx_lon_deg=lon + math.degrees(turn),
    )  # fmt: skip
    assert math.isclose(path.centre_latitude_deg, path.reversed().centre_latitude_deg, abs_tol=1e-7)
    assert abs(run(path, seed).basic_loss_db - run(path.reversed(), seed).basic_loss_db) < 1e-6


@given(SEEDS)
@MANY
def test_more_clutter_never_lowers_the_loss(seed: int) -> None:
    """Clutter enters only Bullington over the real profile, which grows with every height."""
    rng = np.random.default_rng(seed)
    path = random_path(seed)
    assert path.clutter_height_m is not None
    more = replace(
        path, clutter_height_m=path.clutter_height_m + rng.choice([0.0, 0.0, 10.0], len(path.distance_km))
    )
    low, high = run(path, seed), run(more, seed)
    assert high.bullington_actual_median_db >= low.bullington_actual_median_db - 1e-9
    assert high.basic_loss_db >= low.basic_loss_db - 1e-9


@given(SEEDS)
@MANY
def test_bullington_grows_with_every_height(seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = random_path(seed)
    low = path.profile_height_m
    high = low + rng.choice([0.0, 0.0, 3.0], low.size)
    a, b = low[0] + path.tx_height_agl_m, low[-1] + path.rx_height_agl_m
    losses = bullington_loss_db(path.distance_km, np.stack([low, high]), a, b, 8500.0, 0.3)
    assert losses[1] >= losses[0] - 1e-9


@given(SEEDS)
@MANY
def test_rarer_is_stronger(seed: int) -> None:
    """Line of sight, troposcatter and ducting grow with the share of time, F_i falls.

    The whole loss grows too wherever diffraction at a_beta is not above that at a_e: eqs (41) and (57)
    to (63) are then monotonic in all their terms.
    """
    path = random_path(seed)
    found = [run(path, seed, time_percent=p) for p in (1.0, 3.0, 10.0, 25.0, 50.0)]
    names = ["line_of_sight_db", "troposcatter_db", "ducting_db"]
    if found[0].diffraction_beta_db <= found[0].diffraction_median_db:
        names += ["diffraction_db", "minimum_line_of_sight_db", "diffraction_ducting_db", "basic_loss_db"]
    for name in names:
        values = [getattr(one, name) for one in found]
        assert (np.diff(values) >= -1e-8).all(), name
    assert (np.diff([one.time_factor for one in found]) <= 1e-12).all()


@given(SEEDS)
@MANY
def test_more_locations_never_lower_the_loss(seed: int) -> None:
    path = random_path(seed)
    found = [
        run(path, seed, location_percent=p, resolution_m=100.0).basic_loss_db
        for p in (1.0, 20.0, 50.0, 80.0, 99.0)
    ]
    assert (np.diff(found) >= 0).all()


@given(SEEDS, st.floats(-400, 4000))
@MANY
def test_over_land_only_differences_of_height_count(seed: int, lift: float) -> None:
    path = random_path(seed, sea=False)
    lifted = replace(path, terrain_height_m=path.terrain_height_m + lift)
    assert abs(run(path, seed).basic_loss_db - run(lifted, seed).basic_loss_db) < 1e-6


@given(SEEDS)
@MANY
def test_single_precision_agrees(seed: int) -> None:
    path = random_path(seed)
    double, single = run(path, seed), run(path, seed, dtype=np.float32)
    assert abs(double.basic_loss_db - single.basic_loss_db) <= 0.05


@given(SEEDS)
@MANY
def test_the_form_of_the_smooth_profile_matters_little(seed: int) -> None:
    """On fine steps the closed form is the limit of the profile form."""
    path = random_path(seed)
    fine = np.linspace(0, path.path_km, 2001)
    path = replace(
        path,
        distance_km=fine,
        terrain_height_m=np.interp(fine, path.distance_km, path.terrain_height_m),
        clutter_height_m=None,
        radio_zone=4,
    )
    profile, closed = run(path, seed), run(path, seed, lbulls="closed_form")
    assert abs(profile.basic_loss_db - closed.basic_loss_db) < 0.1
