"""Levels corrected by measurements, and the best of several servers as a random level: by hand and by drawing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from geo.crs import to_wgs84
from geo.grid import Grid
from geo.propagation.area import AreaLevels, predict_area
from geo.propagation.corrections import Corrections
from geo.propagation.grid_kernels import best_of_two_kernel
from geo.propagation.radio_sources import RadioSources
from tests.propagation.test_area import SETTINGS, X, Y, grid, ground, hills, sources, window

FLAT = window(np.full((241, 241), 100.0))


def corrections(n: int, **changed: Any) -> Corrections:
    zero = np.zeros(n)
    made = {
        "bias_db": zero, "slope_db": zero, "diffraction": zero, "deep_diffraction": zero, "deepest_diffraction": zero, "height_db": zero, "height_slope_db": zero,
        "error_sd_db": zero, "path_variance": np.zeros((29, n)), "clutter_shift_db": np.zeros(256), "clutter_sd_db": np.zeros(256), "reference_km": 1.0,
        "deep_from_db": 20.0, "deepest_from_db": 40.0, "clear_sd_db": 6.0, "obstructed_sd_db": 8.0, "deep_sd_db": 9.0,
        "site_correlation": 0.8, "place_correlation": 0.4,
    }  # fmt: skip
    return Corrections(**{**made, **changed})


def corrected(radio: RadioSources, found: Corrections | None, where: Grid | None = None, surface: Any = FLAT, layers: int = 1) -> AreaLevels:
    where = where or grid(5, 1000.0)
    return predict_area(
        window=surface, ground=ground(surface), grid=where, inside=np.ones(where.shape, bool), sources=radio, layers=layers,
        settings=SETTINGS, corrections=found,
    )  # fmt: skip


def test_nothing_learnt_leaves_the_levels_to_the_bit() -> None:
    surface = window(hills(3))
    radio = sources({"bearing_deg": 20.0}, {"eirp_dbm": 28.0, "frequency_mhz": 1800.0}, {"eirp_dbm": 30.0, "group": 1},
                    at=[(0.0, 0.0, 500.0, 30.0), (1500.0, 900.0, 480.0, 40.0)])  # fmt: skip
    plain, same = corrected(radio, None, surface=surface), corrected(radio, corrections(3), surface=surface)
    assert np.isfinite(plain.level_dbm).any()
    np.testing.assert_array_equal(plain.level_dbm, same.level_dbm)
    np.testing.assert_array_equal(plain.server, same.server)
    np.testing.assert_array_equal(plain.second_dbm, same.second_dbm)


def test_bias_and_slope_by_hand() -> None:
    radio = sources({})
    plain = corrected(radio, None).level_dbm[0]
    got = corrected(radio, corrections(1, bias_db=np.array([-3.0]), slope_db=np.array([-10.0])))
    x, y = grid(5, 1000.0).centres()
    away = np.hypot(*np.meshgrid(x - X, y - Y)) / 1000.0
    expected = plain - 3.0 - 10.0 * np.log10(np.maximum(away, 1e-3))
    np.testing.assert_allclose(got.level_dbm[0], expected, atol=2e-4)
    assert got.best is not None
    np.testing.assert_allclose(got.best.moments[0, 0], expected, atol=2e-4)
    np.testing.assert_allclose(got.best.moments[1, 0], 36.0)
    assert (got.best.bound_dbm == -np.inf).all()


def test_each_stretch_of_diffraction_has_its_weight() -> None:
    surface, where = window(hills(5)), grid(41, 200.0)
    radio = sources({"frequency_mhz": 5000.0}, at=[(0.0, 0.0, 590.0, 30.0)])
    free = {"diffraction": np.array([-1.0]), "deep_diffraction": np.array([0.0]), "deepest_diffraction": np.array([0.0])}
    plain, without = corrected(radio, None, where, surface), corrected(radio, corrections(1, **free), where, surface)
    loss = (without.level_dbm - plain.level_dbm)[0].astype(float)
    assert (loss > 41).sum() >= 3
    assert ((loss > 22) & (loss < 38)).sum() >= 3
    weights = {"diffraction": np.array([0.5]), "deep_diffraction": np.array([-0.25]), "deepest_diffraction": np.array([-0.5])}
    got = corrected(radio, corrections(1, **weights), where, surface)
    change = 0.5 * loss - 0.25 * np.maximum(loss - 20, 0) - 0.5 * np.maximum(loss - 40, 0)
    np.testing.assert_allclose(plain.level_dbm[0] - got.level_dbm[0], change, atol=1e-3)
    assert got.best is not None
    spread = np.round(np.sqrt(got.best.moments[1, 0]), 3)
    assert set(spread[loss > 21]) == {9.0}
    between = spread[(loss > 7) & (loss < 19)]
    assert set(between) <= {6.0, 8.0}  # a line that just clears the ground loses up to some dB too
    assert (between == 8.0).mean() > 0.8
    assert (spread[loss < 3] == 6.0).mean() > 0.8


def test_height_of_the_antenna_above_the_phone_by_hand() -> None:
    """From a mast of 30 m on a slope: 20 m at least, 200 m at most, the Earth's bulge counted; error by the same."""
    drop = np.linspace(-1600.0, 1600.0, 241)
    surface, where = window(2000.0 + np.repeat(drop[:, None], 241, axis=1)), grid(9, 400.0)
    radio = sources({}, at=[(0.0, 0.0, 2000.0, 30.0)])
    variance = np.zeros((29, 1))
    variance[1 + 7 + 6 + 5 + 4 + 3] = 4.0  # of the weight on the height
    plain = corrected(radio, corrections(1), where, surface)
    got = corrected(radio, corrections(1, height_db=np.array([10.0]), height_slope_db=np.array([4.0]), path_variance=variance), where, surface)
    x, y = where.centres()
    away = np.maximum(np.hypot(*np.meshgrid(x - X, y - Y)) / 1000.0, 1e-3)
    raised = (got.level_dbm - plain.level_dbm)[0] / (10.0 + 4.0 * np.log10(away))
    assert raised.min() == pytest.approx(np.log10(20 / 50), abs=1e-4)
    assert raised.max() == pytest.approx(np.log10(200 / 50), abs=1e-4)
    lon, lat = to_wgs84(*(a.ravel() for a in np.meshgrid(x, y)), where.epsg)
    ahead = np.interp(surface.to_lattice(lon, lat)[0], np.arange(241), 2000.0 + drop).reshape(where.shape)
    below = 2030.0 - ahead - SETTINGS.receiver_height_m + 5e5 / SETTINGS.effective_earth_radius_m * away**2
    np.testing.assert_allclose(raised, np.log10(np.clip(below, 20, 200) / 50), atol=2e-3)
    assert ((raised > -0.35) & (raised < 0.55)).sum() >= 3
    assert got.best is not None
    np.testing.assert_allclose(got.best.moments[3, 0], 2.0 * np.abs(raised), atol=1e-3)
    variance = np.zeros((29, 1))
    variance[-1] = 4.0  # of the weight on the height and a decade of distance
    far = corrected(radio, corrections(1, path_variance=variance), where, surface)
    assert far.best is not None
    np.testing.assert_allclose(far.best.moments[3, 0], 2.0 * np.abs(raised * np.log10(away)), atol=1e-3)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.8])
def test_the_best_of_two_equal_levels_by_hand(correlation: float) -> None:
    """Two normals of one mean and spread s: the best lies s sqrt((1 - rho) / pi) above, and varies less."""
    mean, variance, pull, first = best_of_two_kernel(-100.0, 49.0, 7.0, -100.0, 49.0, 7.0, correlation)
    gain = 7.0 * np.sqrt((1.0 - correlation) / np.pi)
    assert mean == pytest.approx(-100.0 + gain, abs=1e-9)
    assert variance == pytest.approx(49.0 - gain**2, abs=1e-6)
    assert pull == pytest.approx(7.0, abs=1e-9)
    assert first == pytest.approx(0.5)


def test_the_best_of_two_against_drawing() -> None:
    rng = np.random.default_rng(4)
    z = rng.standard_normal((2, 400_000))
    for apart, s1, s2, rho in ((0.0, 6.0, 9.0, 0.3), (5.0, 8.0, 8.0, 0.6), (-12.0, 5.0, 10.0, 0.0), (40.0, 6.0, 6.0, 0.4)):
        first, second = -90.0 + s1 * z[0], -90.0 - apart + s2 * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])
        best = np.maximum(first, second)
        mean, variance, _, one = best_of_two_kernel(-90.0, s1**2, s1, -90.0 - apart, s2**2, s2, rho)
        assert mean == pytest.approx(best.mean(), abs=0.03)
        assert np.sqrt(variance) == pytest.approx(best.std(), rel=0.01)
        assert one == pytest.approx(np.mean(first > second), abs=0.003)


def test_one_mast_gains_less_than_two() -> None:
    """Cells of one mast err together more than cells of two: so much less is won by having both."""
    far = sources({"group": 0}, {"group": 1}, at=[(0.0, 0.0, 100.0, 30.0), (1.0, 0.0, 100.0, 30.0)])
    near = sources({}, {"frequency_mhz": 900.1})
    taller = sources({"group": 0}, {"group": 1}, at=[(0.0, 0.0, 100.0, 30.0), (0.0, 0.0, 100.0, 30.5)])
    gains = []
    for radio in (far, near, taller):
        got = corrected(radio, corrections(2))
        assert got.best is not None
        gains.append((got.best.moments[0, 0] - got.level_dbm[0])[0, 0])
    assert gains[0] == pytest.approx(6.0 * np.sqrt(0.6 / np.pi), abs=0.02)
    assert gains[1] == pytest.approx(6.0 * np.sqrt(0.2 / np.pi), abs=0.02)
    assert gains[2] == pytest.approx(gains[1], abs=0.1)  # two heights of one mast are one mast


def test_a_phone_on_unknown_ground_may_stand_at_the_height_that_helps_most() -> None:
    heights = np.full((241, 241), 100.0)
    heights[:, 133:] = np.nan
    radio = sources({})
    plain = corrected(radio, corrections(1), surface=window(heights))
    for weight, gain in ((12.0, 12.0 * np.log10(200 / 50)), (-12.0, -12.0 * np.log10(20 / 50))):
        got = corrected(radio, corrections(1, height_db=np.array([weight])), surface=window(heights))
        assert got.best is not None
        assert plain.best is not None
        hidden = np.isfinite(got.best.bound_dbm[0])
        hidden[:, :-1] = False  # of the nearest the ground itself is known
        assert hidden.sum() == 5
        np.testing.assert_allclose(got.best.bound_dbm[0][hidden] - plain.best.bound_dbm[0][hidden], gain, atol=1e-3)


def test_layers_keep_apart_and_an_empty_one_stays_unknown() -> None:
    radio = sources({"layer": 0}, {"layer": 2, "eirp_dbm": 10.0})
    got = corrected(radio, corrections(2), layers=3)
    assert got.best is not None
    assert np.isnan(got.best.moments[:, 1]).all()
    np.testing.assert_allclose(got.best.moments[0, 0] - got.best.moments[0, 2], 20.0, atol=1e-4)


def test_an_unknown_path_bounds_and_does_not_join() -> None:
    heights = np.full((241, 241), 100.0)
    heights[:, 133:] = np.nan
    got = corrected(sources({}), corrections(1, bias_db=np.array([4.0])), surface=window(heights))
    assert got.best is not None
    hidden = np.isfinite(got.best.bound_dbm[0])
    assert hidden.any()
    assert (~hidden).any()
    assert np.isnan(got.best.moments[0, 0][hidden]).all()
    plain = corrected(sources({}), None)
    # What is known of the path may only take from free space; the bias shifts the bound too.
    assert (got.best.bound_dbm[0][hidden] >= plain.level_dbm[0][hidden] + 4.0 - 1e-3).all()
    x, y = grid(5, 1000.0).centres()
    away = np.hypot(*np.meshgrid(x - X, y - Y)) / 1000.0
    free = 30.0 - 92.4 - 20.0 * np.log10(0.9 * away[hidden])
    assert (got.best.bound_dbm[0][hidden] <= free + 4.0 + 1e-3).all()


def test_pieces_agree_to_the_bit_however_the_grid_is_cut() -> None:
    surface = window(hills(7))
    radio = sources({"bearing_deg": 20.0}, {"eirp_dbm": 28.0, "frequency_mhz": 1800.0, "group": 1}, {"eirp_dbm": 30.0, "group": 2},
                    at=[(0.0, 0.0, 500.0, 30.0), (0.0, 0.0, 500.0, 35.0), (1500.0, 900.0, 480.0, 40.0)])  # fmt: skip
    whole = grid(40, 200.0)
    one = corrected(radio, corrections(3, error_sd_db=np.array([1.0, 2.0, 3.0])), whole, surface)
    assert one.best is not None
    for rows, columns in whole.blocks(13):
        part = whole.window(rows, columns)
        cut = corrected(radio, corrections(3, error_sd_db=np.array([1.0, 2.0, 3.0])), part, surface)
        assert cut.best is not None
        np.testing.assert_array_equal(cut.best.moments, one.best.moments[..., rows, columns])


def test_more_power_never_lowers_the_best() -> None:
    surface = window(hills(9))
    at = [(0.0, 0.0, 500.0, 30.0), (1500.0, 900.0, 480.0, 40.0)]
    weak = corrected(sources({}, {"group": 1, "eirp_dbm": 20.0}, at=at), corrections(2), surface=surface)
    strong = corrected(sources({}, {"group": 1, "eirp_dbm": 26.0}, at=at), corrections(2), surface=surface)
    assert weak.best is not None
    assert strong.best is not None
    assert (strong.best.moments[0] >= weak.best.moments[0] - 1e-4).all()
    # The chance of reaching any level is no smaller either, though the spread may change.
    for level in (-110.0, -90.0):
        chance = [norm.sf(level, b.moments[0], np.sqrt(b.moments[1])) for b in (weak.best, strong.best)]
        assert (chance[1] >= chance[0] - 1e-3).all()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="correlations"):
        corrections(1, place_correlation=0.9)
    with pytest.raises(ValueError, match="one finite value"):
        corrections(1, bias_db=np.array([np.nan]))
    with pytest.raises(ValueError, match="positive"):
        replace(corrections(1), clear_sd_db=0.0)


def test_the_coefficients_error_adds_up_over_unlike_paths_by_hand() -> None:
    """Slope known to 5 dB a decade about a typical path of 1 km: nothing at 1 km, 2.5 dB² more at √10 km … and independent of who serves."""
    n, where = 1, grid(5, 1000.0)
    variance = np.zeros((29, n))
    variance[1] = 4.0  # of the bias; the typical path has it too
    variance[0] = 4.0
    variance[1 + 7] = 25.0  # of the slope
    got = corrected(sources({}), corrections(n, path_variance=variance), where)
    assert got.best is not None
    x, y = where.centres()
    decades = np.log10(np.maximum(np.hypot(*np.meshgrid(x - X, y - Y)) / 1000.0, 1e-3))
    np.testing.assert_allclose(got.best.moments[1, 0], 36.0 + 25.0 * decades**2, rtol=1e-5)
    np.testing.assert_allclose(got.best.moments[3, 0], 5.0 * np.abs(decades), rtol=1e-4, atol=1e-6)


def test_an_error_that_all_cells_share_wins_no_race() -> None:
    """Two equal cells of two masts: the expected best rises by their own errors only, and the shared one is kept whole."""
    at = [(0.0, 0.0, 100.0, 30.0), (1.0, 0.0, 100.0, 30.0)]
    two = sources({"group": 0}, {"group": 1}, at=at)
    variance = np.zeros((29, 2))
    variance[8] = 400.0
    plain, shared = corrected(two, corrections(2)), corrected(two, corrections(2, path_variance=variance))
    assert plain.best is not None
    assert shared.best is not None
    np.testing.assert_allclose(shared.best.moments[0], plain.best.moments[0], atol=1e-4)
    added = shared.best.moments[1] - plain.best.moments[1]
    np.testing.assert_allclose(added, np.square(shared.best.moments[3]), rtol=1e-3, atol=1e-3)
    assert added.max() > 20.0


def test_a_typical_path_told_worse_takes_nothing_off() -> None:
    variance = np.zeros((29, 1))
    variance[0], variance[1] = 9.0, 4.0
    got = corrected(sources({}), corrections(1, path_variance=variance))
    assert got.best is not None
    np.testing.assert_allclose(got.best.moments[1, 0], 36.0)


def test_path_variance_has_its_shape() -> None:
    with pytest.raises(ValueError, match="path_variance"):
        corrections(2, path_variance=np.zeros((15, 2)))


def test_some_radio_cells_keep_their_own_figures() -> None:
    every = corrections(3, bias_db=np.arange(3.0), height_slope_db=np.array([5.0, 6.0, 7.0]), error_sd_db=np.array([1.0, 2.0, 3.0]),
                        path_variance=np.arange(87.0).reshape(29, 3))  # fmt: skip
    some = every.take(np.array([2, 0]))
    assert some.bias_db.tolist() == [2.0, 0.0]
    assert some.height_slope_db.tolist() == [7.0, 5.0]
    assert some.error_sd_db.tolist() == [3.0, 1.0]
    assert some.path_variance[:2].tolist() == [[2.0, 0.0], [5.0, 3.0]]
