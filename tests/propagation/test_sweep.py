"""The area sweep against hand calculation, its own plain evaluation, the reference model and the outside job."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.propagation.diffraction import Diffraction, bullington_loss_db, smooth_excess_db
from geo.propagation.kernels import profile_kernel
from geo.propagation.p1812 import Path as RadioPath
from geo.propagation.p1812 import basic_transmission_loss, effective_earth_radius_km
from geo.propagation.sweep import Antenna, Profiles, ray_count, sweep_loss, whole_path_loss
from tests.propagation.job import job, on_grid, rays_around

F64 = npt.NDArray[np.float64]
SIDE = 121
MIDDLE = 60
BANDS = [Diffraction(f, 9378.1) for f in (0.7, 0.9, 1.8, 3.5)]


def flat_earth(frequency_ghz: float) -> Diffraction:
    """A band over an earth so large that nothing bends."""
    return Diffraction(frequency_ghz, 1e12)


# -- by hand ---------------------------------------------------------------------------------------


def test_one_ridge_by_hand() -> None:
    """Five samples a kilometre apart, flat but for one ridge of 100 m at the second: its nu is the edge's own."""
    h = np.zeros((3, 12), np.float32)
    h[:, 4] = 100.0
    band = flat_earth(1.0)
    polar = sweep_loss(
        Profiles(h, h), Antenna(1.0, 2.0, 0.0, 30.0), row_step=np.zeros(1), column_step=np.ones(1), step_km=1.0,
        first=1, last=5, rx_height_m=10.0, bands=[band], dtype=np.float64,
    )  # fmt: skip
    line = 30.0 + (10.0 - 30.0) * 2 / 5  # over the ridge on the way to sample 5
    nu = (100.0 - line) * np.sqrt(0.002 * 5 / (0.2998 * 2 * 3))
    edge = 6.9 + 20 * np.log10(np.sqrt((nu - 0.1) ** 2 + 1) + nu - 0.1)
    bullington = edge + (1 - np.exp(-edge / 6)) * (10 + 0.02 * 5)
    # Seen from 30 m, the ridge rises 35 m a km; from 10 m at sample 5 it rises 30 m a km.
    assert polar.lift[0, 4] == pytest.approx(35.0 - (10.0 - 30.0) / 5)
    # The line fitted to the ground is lowered below the ends: the smooth earth takes nothing away here.
    assert polar.loss_db[0, 0, 4] == pytest.approx(bullington, abs=1e-9)
    assert polar.loss_db[0, 0, 0] == 0  # nothing between the antenna and its first sample
    assert polar.lift[0, 0] == 0


def test_parameter_of_a_clear_path_by_hand() -> None:
    """In line of sight the closest point is that of the Fresnel ellipse, not the highest one."""
    h = np.array([0.0, 12.0, 0.0, 0.0, 14.0, 0.0, 0.0, 0.0, 0.0])
    factor, _, _, lift = profile_kernel(h, h, 8.0, 30.0, 30.0, 0.0)
    over = {1: (12 - 30) * np.sqrt(8 / (1 * 7)), 4: (14 - 30) * np.sqrt(8 / (4 * 4))}
    assert factor == pytest.approx(max(over.values())) == pytest.approx(over[4])
    assert lift == 0
    h[1] = 24.0
    factor, *_ = profile_kernel(h, h, 8.0, 30.0, 30.0, 0.0)
    assert factor == pytest.approx((24 - 30) * np.sqrt(8 / 7))


def test_heights_above_the_smooth_earth_by_hand() -> None:
    """A straight slope fits itself: u and v are the antennas' own heights; a knoll lowers the line."""
    h = np.linspace(100.0, 200.0, 11)
    _, u, v, _ = profile_kernel(h, h, 10.0, 30.0, 1.5, 0.0)
    assert (u, v) == pytest.approx((30.0, 1.5))
    h = np.zeros(11)
    h[5] = 50.0
    # Trapezes: v1 = 2 * 50 = 100, v2 = 50 (2*5 + 4) + 50 (6 + 2*5) = 1500: hst = hsr = (2*100*10 - 1500) / 100 = 5.
    # Above the line from 10 to 10 m the knoll stands 40 m, 8 m a km from either end: 5 - 40/2 = -15.
    _, u, v, _ = profile_kernel(h, h, 10.0, 10.0, 10.0, 0.0)
    assert (u, v) == pytest.approx((25.0, 25.0))


def test_rays_are_a_multiple_of_eight_and_close_enough() -> None:
    for radius, spacing in ((15_000, 100), (15_000, 50), (100, 1000), (30_000, 99.9)):
        rays = ray_count(radius, spacing)
        assert rays % 8 == 0
        assert 2 * np.pi * radius / rays <= spacing
        assert rays == 8 or 2 * np.pi * radius / (rays - 8) > spacing


# -- the sweep is its own plain evaluation ----------------------------------------------------------


def terrain(kind: str, seed: int) -> npt.NDArray[np.float32]:
    """Made-up ground of every kind that hulls have trouble with."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(SIDE) - MIDDLE, np.arange(SIDE) - MIDDLE)
    away = np.hypot(x, y)
    rough = np.zeros((SIDE, SIDE))
    for size in (60, 25, 10, 4):
        rough += size * 4 * np.sin(x / size + random.uniform(0, 6)) * np.cos(y / size * random.uniform(0.5, 2))
    made = {
        "hills": rough + random.normal(0, 5, rough.shape),
        "steps": np.round(rough / 60) * 60,  # ties of heights and slopes
        "flat": np.full(rough.shape, 100.0),
        "plane": 3.0 * x + 2.0 * y,  # every slope the same
        "cliff": np.where(x > 5, 900.0, 0.0),
        "dome": 600.0 - 0.15 * away**2,  # every sample is a vertex of the hull
        "bowl": 0.2 * away**2,  # no sample but the last is
        "spikes": np.where(random.random(rough.shape) < 0.03, 500.0, 0.0),
        "comb": np.where((x + y) % 2 == 0, 300.0, -300.0),
        "sea": np.where(rough > 0, rough, 0.0),
    }
    return made[kind].astype(np.float32)


KINDS = ("hills", "steps", "flat", "plane", "cliff", "dome", "bowl", "spikes", "comb", "sea")


def both_ways(
    ground: npt.NDArray[np.float32], over: npt.NDArray[np.float32], antenna: Antenna, *, step_km: float, rx_height_m: float,
    bands: list[Diffraction], dtype: type[np.floating], rays: int = 24, last: int = 55, first: int = 1, stride: float = 1.0,
) -> tuple[F64, F64, F64, F64]:  # fmt: skip
    """Return losses and lifts of the sweep and of the whole path to each of its samples."""
    profiles = Profiles(ground, over)
    row_step, column_step = (stride * v for v in rays_around(rays))
    polar = sweep_loss(
        profiles, antenna, row_step=row_step, column_step=column_step, step_km=step_km, first=first, last=last,
        rx_height_m=rx_height_m, bands=bands, dtype=dtype,
    )  # fmt: skip
    k = np.arange(first, last + 1)
    row, column = antenna.row + row_step[:, None] * k, antenna.column + column_step[:, None] * k
    away = np.broadcast_to(k * step_km, row.shape)
    loss, lift = whole_path_loss(
        profiles, antenna, row=row.ravel(), column=column.ravel(), distance_km=away.ravel(),
        step_km=step_km * (1 + 1e-9), rx_height_m=rx_height_m, bands=bands, dtype=np.float64,
    )  # fmt: skip
    return polar.loss_db, loss.reshape(polar.loss_db.shape), polar.lift, lift.reshape(polar.lift.shape)


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 10**6),
    height=st.floats(1.0, 300.0),
    rx_height=st.floats(1.0, 60.0),
    step=st.sampled_from([0.02, 0.045, 0.1, 0.5, 2.0]),
    canopy=st.sampled_from([0.0, 15.0]),
    at=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    first=st.sampled_from([1, 17]),
)
# Ground that touches the straight line between equal antennas: nothing over nothing, to rounding.
@example(kind="steps", seed=0, height=20.0, rx_height=20.0, step=2.0, canopy=0.0, at=(0.0, 0.0), first=1)
@example(kind="steps", seed=13, height=10.0, rx_height=10.0, step=2.0, canopy=0.0, at=(0.0, 0.0), first=1)
def test_the_sweep_equals_the_plain_evaluation(
    kind: str, seed: int, height: float, rx_height: float, step: float, canopy: float, at: tuple[float, float], first: int
) -> None:
    ground = terrain(kind, seed)
    over = ground
    if canopy:
        over = ground + np.float32(canopy) * (np.random.default_rng(seed).random(ground.shape) < 0.5).astype(np.float32)
    row, column = MIDDLE + at[0], MIDDLE + at[1]
    antenna = Antenna(row, column, float(ground[round(row), round(column)]), height)
    given_ = {"step_km": step, "rx_height_m": rx_height, "bands": BANDS, "first": first}
    loss, plain, lift, plain_lift = both_ways(ground, over, antenna, dtype=np.float64, **given_)  # type: ignore[arg-type]
    assert np.isfinite(plain).all()
    np.testing.assert_allclose(loss, plain, rtol=0, atol=1e-9)
    np.testing.assert_allclose(lift, plain_lift, rtol=1e-9, atol=1e-9)
    single, *_ = both_ways(ground, over, antenna, dtype=np.float32, **given_)  # type: ignore[arg-type]
    np.testing.assert_allclose(single, plain, rtol=0, atol=0.05)


def test_the_kinds_of_ground_reach_every_branch() -> None:
    """Shadow and sight, and long walks along hulls: what the property above rests on."""
    shadowed, smooth = {}, {}
    for kind in KINDS:
        ground = terrain(kind, 1)
        antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), 20.0)
        loss, _, lift, _ = both_ways(
            ground, ground, antenna, step_km=0.5, rx_height_m=1.5, bands=BANDS[:1], dtype=np.float64
        )
        shadowed[kind] = float((lift > 0).mean())
        smooth[kind] = float((loss[0][lift == 0] > 0).mean()) if (lift == 0).any() else 0.0
    assert shadowed["dome"] > 0.5  # hidden by its own curve: hulls of dozens of vertices
    assert shadowed["flat"] < 0.2 < smooth["flat"]  # mostly in sight, and yet the smooth earth takes its part
    assert 0.2 < shadowed["hills"] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_bend_equals_the_reference_model(kind: str) -> None:
    """Against the reference model in plain numpy, another hand's work, profile by profile."""
    ground = terrain(kind, 7)
    over = ground + np.float32(10.0)
    radius = float(effective_earth_radius_km(50.0)[0])
    bands = [Diffraction(f, radius) for f in (0.7, 2.6)]
    profiles, step = Profiles(ground, over), 0.2
    antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), 35.0)
    row_step, column_step = rays_around(8)
    polar = sweep_loss(
        profiles, antenna, row_step=row_step, column_step=column_step, step_km=step, first=1, last=40, rx_height_m=1.5,
        bands=bands, dtype=np.float64,
    )  # fmt: skip
    for ray in range(8):
        for k in (3, 11, 40):
            i = np.arange(k + 1)
            rows, columns = MIDDLE + i * row_step[ray], MIDDLE + i * column_step[ray]
            path = RadioPath(
                distance_km=i * step, terrain_height_m=bilinear(ground, rows, columns), tx_height_agl_m=35.0, rx_height_agl_m=1.5,
                delta_n=50.0, n0=340.0, clutter_height_m=np.full(k + 1, 10.0), centre_lat_deg=22.0,
            )  # fmt: skip
            for b, band in enumerate(bands):
                whole = basic_transmission_loss(path, frequency_ghz=band.frequency_ghz, lbulls="closed_form")
                assert polar.loss_db[b, ray, k - 1] == pytest.approx(whole.diffraction_median_db, abs=1e-6)


def bilinear(z: npt.NDArray[np.float32], rows: F64, columns: F64) -> F64:
    r, c = np.minimum(rows.astype(int), SIDE - 2), np.minimum(columns.astype(int), SIDE - 2)
    fr, fc = rows - r, columns - c
    z64 = z.astype(np.float64)
    top = z64[r, c] * (1 - fc) + z64[r, c + 1] * fc
    bottom = z64[r + 1, c] * (1 - fc) + z64[r + 1, c + 1] * fc
    return top * (1 - fr) + bottom * fr


def test_smooth_earth_against_the_reference_model() -> None:
    """Both sides of the horizon, and far above the path."""
    band = Diffraction(0.9, float(effective_earth_radius_km(50.0)[0]))
    seen = set()
    for d, u, v in [(5.0, 30, 1.5), (40.0, 30, 1.5), (80.0, 10, 10), (3.0, 200, 30), (20.0, 45, 1.5), (12.0, 3, 3)]:
        n = 400
        path = RadioPath(
            distance_km=np.linspace(0, d, n + 1), terrain_height_m=np.zeros(n + 1), tx_height_agl_m=float(u),
            rx_height_agl_m=float(v), delta_n=50.0, n0=340.0, centre_lat_deg=22.0,
        )  # fmt: skip
        whole = basic_transmission_loss(path, frequency_ghz=0.9, lbulls="closed_form")
        expected = max(whole.spherical_median_db - whole.bullington_smooth_median_db, 0.0)
        got = float(smooth_excess_db(np.array([float(u)]), np.array([float(v)]), np.array([d]), band)[0])
        assert got == pytest.approx(expected, abs=1e-9)
        seen.add((expected > 0, d > 40))
    assert {(True, True), (True, False), (False, False)} <= seen


def test_no_loss_where_nothing_is_near_and_unknown_stays_unknown() -> None:
    band = BANDS[1]
    loss = bullington_loss_db(np.array([-1e30, band.floor, np.nan, 0.0]), np.ones(4), band)
    assert loss[:2].tolist() == [0.0, 0.0]
    assert np.isnan(loss[2])
    edge = 6.9 + 20 * np.log10(np.sqrt(1.01) - 0.1)
    assert loss[3] == pytest.approx(edge + (1 - np.exp(-edge / 6)) * 10.02)


# -- unknown ground ---------------------------------------------------------------------------------


VOID_CASE = {"step_km": 0.1, "rx_height_m": 1.5, "bands": BANDS[:1], "dtype": np.float64, "rays": 8}


def test_beyond_a_void_nothing_is_known_and_before_it_everything() -> None:
    ground = terrain("hills", 3)
    antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), 30.0)
    whole, *_ = both_ways(ground, ground, antenna, **VOID_CASE)  # type: ignore[arg-type]
    holed = ground.copy()
    holed[MIDDLE, MIDDLE + 20] = np.nan  # on the ray due east, which is the third of eight
    loss, plain, lift, _ = both_ways(holed, holed, antenna, **VOID_CASE)  # type: ignore[arg-type]
    unknown = np.isnan(lift)
    assert unknown[2].tolist() == [k >= 20 for k in range(1, 56)]  # sample 20 stands on it; 19 has no weight there
    assert not unknown[[0, 1, 3, 4, 5, 6, 7]].any()
    np.testing.assert_array_equal(loss[0][~unknown], whole[0][~unknown])
    np.testing.assert_array_equal(np.isnan(plain[0]), unknown)
    assert np.flatnonzero(np.isnan(loss[0, 2])).tolist() == [19]  # on the void itself not even a bound


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(KINDS), seed=st.integers(0, 10**6), holes=st.integers(1, 400), height=st.floats(2, 100),
    fill=st.floats(-500, 2000), canopy=st.sampled_from([0.0, 12.0]),
)  # fmt: skip
def test_what_is_known_of_a_path_with_voids_is_a_lower_bound(
    kind: str, seed: int, holes: int, height: float, fill: float, canopy: float
) -> None:
    """Whatever stands in the voids, the loss is not less than that of the known heights."""
    random = np.random.default_rng(seed)
    ground = terrain(kind, seed)
    antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), height)
    at = random.integers(0, SIDE, (2, holes))
    holed, filled = ground.copy(), ground.copy()
    holed[at[0], at[1]] = np.nan
    filled[at[0], at[1]] = fill + random.normal(0, 50, holes)
    holed[MIDDLE, MIDDLE] = filled[MIDDLE, MIDDLE] = ground[MIDDLE, MIDDLE]
    extra = np.float32(canopy)
    bound, _, lift, _ = both_ways(holed, holed if not canopy else holed + extra, antenna, **VOID_CASE)  # type: ignore[arg-type]
    loss, *_ = both_ways(filled, filled if not canopy else filled + extra, antenna, **VOID_CASE)  # type: ignore[arg-type]
    stated = np.isfinite(bound[0])
    assert (bound[0][stated] <= loss[0][stated] + 1e-9).all()
    np.testing.assert_allclose(bound[0][~np.isnan(lift)], loss[0][~np.isnan(lift)], atol=1e-9)


def test_a_void_in_what_stands_on_the_ground_is_a_void() -> None:
    ground = terrain("hills", 3)
    over = ground + np.float32(5)
    over[MIDDLE - 30, MIDDLE] = np.nan  # due north
    antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), 30.0)
    _, plain, lift, _ = both_ways(ground, over, antenna, **VOID_CASE)  # type: ignore[arg-type]
    assert np.isnan(lift[0]).tolist() == [k >= 30 for k in range(1, 56)]
    np.testing.assert_array_equal(np.isnan(plain[0]), np.isnan(lift))


def test_a_void_in_the_ground_alone_is_a_void_and_bounds_stay_bounds() -> None:
    """A surface may be known where the ground below it is not: then that place hides nothing and fits nothing."""
    ground = terrain("hills", 3)
    over = ground + np.float32(5)
    holed = ground.copy()
    holed[MIDDLE - 30, MIDDLE] = np.nan
    antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), 30.0)
    whole, *_ = both_ways(ground, over, antenna, **VOID_CASE)  # type: ignore[arg-type]
    bound, plain, lift, _ = both_ways(holed, over, antenna, **VOID_CASE)  # type: ignore[arg-type]
    assert np.isnan(lift[0]).tolist() == [k >= 30 for k in range(1, 56)]
    np.testing.assert_array_equal(np.isnan(plain[0]), np.isnan(lift))
    stated = np.isfinite(bound)
    assert (~stated).sum() == 1
    assert (bound[stated] <= whole[stated] + 1e-9).all()


def test_off_the_lattice_and_below_an_unknown_antenna_nothing_is_known() -> None:
    ground = terrain("hills", 5)
    edge = Antenna(2, 2, float(ground[2, 2]), 30)
    loss, plain, lift, _ = both_ways(ground, ground, edge, **VOID_CASE)  # type: ignore[arg-type]
    assert np.isnan(lift[0]).tolist() == [k > 2 for k in range(1, 56)]  # due north: two samples to the edge
    assert np.isnan(loss[0, 0]).tolist() == [k > 2 for k in range(1, 56)]
    assert np.isfinite(lift[2]).all()  # due east
    assert np.isfinite(lift[3]).all()  # south-east
    np.testing.assert_array_equal(np.isnan(plain[0]), np.isnan(lift))
    for nowhere in (Antenna(MIDDLE, MIDDLE, np.nan, 30.0), Antenna(-5.0, MIDDLE, 100.0, 30.0)):
        loss, plain, lift, _ = both_ways(ground, ground, nowhere, **VOID_CASE)  # type: ignore[arg-type]
        assert np.isnan(lift).all()
        assert np.isnan(plain).all()
    on_void, *_ = both_ways(ground, ground, Antenna(MIDDLE, MIDDLE, np.nan, 30.0), **VOID_CASE)  # type: ignore[arg-type]
    assert np.isnan(on_void).all()


def test_a_void_beside_the_ray_that_has_no_weight_does_not_matter() -> None:
    ground = terrain("hills", 9)
    antenna = Antenna(MIDDLE, MIDDLE, float(ground[MIDDLE, MIDDLE]), 30.0)
    whole, *_ = both_ways(ground, ground, antenna, **VOID_CASE)  # type: ignore[arg-type]
    holed = ground.copy()
    holed[MIDDLE + 1, MIDDLE + 1 : MIDDLE + 56 : 2] = np.nan  # south of the ray due east, which runs along nodes
    loss, *_ = both_ways(holed, holed, antenna, **VOID_CASE)  # type: ignore[arg-type]
    np.testing.assert_array_equal(loss[0, 2], whole[0, 2])


# -- laws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flip", "mirror"), [(np.fliplr, (-1, 1)), (np.flipud, (1, -1)), (np.rot90, None)])
def test_mirrored_terrain_gives_the_mirrored_map(flip: object, mirror: tuple[int, int] | None) -> None:
    """North-up rasters are easily read upside down; then this holds for one axis only."""
    ground = terrain("hills", 11)
    x = y = np.arange(-40, 41) * 0.1
    plain = on_grid(ground, (MIDDLE, MIDDLE), x, y[::-1], BANDS[:2])
    turned = on_grid(np.ascontiguousarray(flip(ground)), (MIDDLE, MIDDLE), x, y[::-1], BANDS[:2])  # type: ignore[operator]
    expected = np.stack([flip(band) for band in plain])  # type: ignore[operator]
    np.testing.assert_allclose(turned, expected, atol=2e-3)
    assert np.abs(turned - plain).max() > 10  # the terrain is not symmetrical in itself


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS), canopy=st.floats(0, 30), a=st.floats(2, 100), b=st.floats(1, 50))
def test_paths_are_the_same_from_both_ends(seed: int, kind: str, canopy: float, a: float, b: float) -> None:
    """P.1812 is reciprocal at 50 % of time where nothing but the ends' heights is exchanged."""
    h = terrain(kind, seed)[MIDDLE].astype(np.float64)
    g = h + canopy
    there = profile_kernel(h, g, 12.0, a, b, 500 / 9000)
    back = profile_kernel(h[::-1].copy(), g[::-1].copy(), 12.0, b, a, 500 / 9000)
    assert there[0] == pytest.approx(back[0], abs=1e-8)
    assert there[1:3] == pytest.approx((back[2], back[1]), abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS), low=st.floats(0, 20), more=st.floats(0.01, 30))
def test_canopy_never_makes_the_parameter_smaller(seed: int, kind: str, low: float, more: float) -> None:
    h = terrain(kind, seed)[:, MIDDLE].astype(np.float64)
    bare = profile_kernel(h, h + low, 8.0, 30.0, 1.5, 500 / 9000)
    grown = profile_kernel(h, h + low + more, 8.0, 30.0, 1.5, 500 / 9000)
    assert grown[0] >= bare[0] - 1e-9
    assert grown[1:3] == bare[1:3]  # the smooth earth is fitted to the ground alone


def test_wrong_arguments_are_refused() -> None:
    ground = terrain("flat", 0)
    given_ = {"row_step": np.ones(1), "column_step": np.ones(1), "step_km": 0.1, "first": 1, "last": 5, "rx_height_m": 1.5}
    antenna, band = Antenna(5, 5, 0, 30), BANDS[0]
    for wrong in ({"first": 0}, {"last": 0}, {"step_km": 0.0}, {"rx_height_m": -1.0}, {"column_step": np.ones(2)}):
        with pytest.raises(ValueError, match=r"must be positive|samples are counted"):
            sweep_loss(Profiles(ground, ground), antenna, bands=[band], **{**given_, **wrong})  # type: ignore[arg-type]
    for bands in ([], [band, Diffraction(0.9, 8000.0)]):
        with pytest.raises(ValueError, match="one effective earth radius"):
            sweep_loss(Profiles(ground, ground), antenna, bands=bands, **given_)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"0\.03 to 6"):
        sweep_loss(Profiles(ground, ground), antenna, bands=[Diffraction(28.0, 8500.0)], **given_)  # type: ignore[arg-type]
    for heights in (ground.astype(np.float64), ground.T[::2], ground[0]):
        with pytest.raises(ValueError, match="float32"):
            Profiles(heights, heights)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="share a shape"):
        Profiles(ground, np.ascontiguousarray(ground[:, :50]))


# -- the outside job --------------------------------------------------------------------------------


def test_whole_paths_of_the_job_agree_with_the_outside_program(shared_dir: Path) -> None:
    """End to end: own reading of the terrain, own profiles, free space and diffraction (ITU-R P.1812, 50 %)."""
    place = job(shared_dir)
    with (shared_dir / "reference_cases" / "golden" / "job_500px.csv").open(encoding="utf-8") as file:
        pixels = list(csv.DictReader(file))
    lat, lon, away = (np.array([float(p[k]) for p in pixels]) for k in ("lat", "lon", "d_km"))
    row, column = (23 - lat) * 1200, (lon - 105) * 1200
    bands = [Diffraction(f, place.earth_radius_km) for f in (0.9, 1.8)]
    loss, _ = whole_path_loss(
        place.profiles, place.antenna, row=row, column=column, distance_km=away, step_km=0.09, rx_height_m=1.5, bands=bands
    )
    ends = bilinear_job(place.profiles.ground_m, row, column)
    slant = np.hypot(away, (ends + 1.5 - place.antenna.ground_m - 45) / 1000)
    for band, mhz, diffraction in zip(bands, (900, 1800), loss, strict=True):
        free = 92.4 + 20 * np.log10(band.frequency_ghz) + 20 * np.log10(slant)
        theirs = np.array([float(p[f"covlib_free_space_{mhz}_db"]) for p in pixels])
        assert np.abs(free - theirs).max() < 0.06  # the last decimals of 92.4 and 92.4478
        off = np.abs(free + diffraction - [float(p[f"covlib_p1812_{mhz}_db"]) for p in pixels])
        assert np.percentile(off, 95) <= 0.1
        assert off.max() <= 0.5


def bilinear_job(z: npt.NDArray[np.float32], row: F64, column: F64) -> F64:
    r, c = row.astype(int), column.astype(int)
    fr, fc = row - r, column - c
    return np.asarray(
        (z[r, c] * (1 - fc) + z[r, c + 1] * fc) * (1 - fr) + (z[r + 1, c] * (1 - fc) + z[r + 1, c + 1] * fc) * fr, np.float64
    )


@pytest.mark.parametrize(("frequency_ghz", "step_km"), [(0.9, 0.1), (0.9, 0.045), (1.8, 0.045)])
def test_the_sweep_stays_close_to_whole_paths_on_the_job(shared_dir: Path, frequency_ghz: float, step_km: float) -> None:
    """With the step of the study's job (its whole paths have 90 m) and with the default step."""
    place, band = job(shared_dir), Diffraction(frequency_ghz, 6371 * 157 / 107)
    off = place.sweep_less_whole_paths(band, rays=944, step_km=step_km, path_step_km=min(step_km, 0.09))
    assert off.size == 70_688
    assert abs(off.mean()) <= 0.3
    assert np.median(np.abs(off)) <= 0.6
    assert np.percentile(np.abs(off), 95) <= 6.0


def test_on_flat_ground_the_sweep_is_the_whole_path(shared_dir: Path) -> None:
    place = job(shared_dir).flattened()
    off = place.sweep_less_whole_paths(Diffraction(0.9, place.earth_radius_km), rays=944, step_km=0.1)
    assert np.abs(off).max() <= 0.3
