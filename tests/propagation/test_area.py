"""A piece of the grid from its radio cells: by hand, and the laws a coverage map has to keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from geo.coverage import coverage_settings, technology_rules
from geo.crs import from_wgs84, to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.terrain import TerrainWindow
from geo.propagation import area
from geo.propagation.area import MODEL, AreaLevels, _ray_ends, predict_area
from geo.propagation.entry import USES
from geo.propagation.ground import ProfileGround
from geo.propagation.radio_sources import RadioSources, pattern_loss_db
from geo.propagation.settings import CoverageSettings

EPSG = 9210  # VN-2000, TM-3 zone 105°45': its central meridian is where the antennas stand
LON, LAT = 105.75, 22.0
STEP = 1 / 1200
X, Y = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
SETTINGS = coverage_settings(technology_rules("vn-2026", date(2026, 11, 1)), max_radius_m=6000.0, minimum_coupling_loss_db=0.0)


def window(heights: npt.NDArray[np.floating]) -> TerrainWindow:
    """A lattice whose middle node stands at the antenna."""
    rows, columns = heights.shape
    return TerrainWindow(
        np.ascontiguousarray(heights, dtype=np.float32), LON - columns // 2 * STEP, LAT + rows // 2 * STEP, STEP, STEP
    )


def ground(surface: TerrainWindow, clutter_m: float = 0.0) -> ProfileGround:
    heights = surface.heights
    return ProfileGround(heights, heights + np.float32(clutter_m) if clutter_m else heights)


def grid(side: int = 41, size: float = 200.0, dx: float = 0.0) -> Grid:
    return Grid(EPSG, X - side * size / 2 + dx, Y + side * size / 2, size, side, side)


def sources(*cells: dict[str, Any], at: list[tuple[float, float, float, float]] | None = None) -> RadioSources:
    """Radio cells; ``at`` lists (dx_m, dy_m, ground_m, height_m) of antenna places, each cell naming one by "group"."""
    at = at or [(0.0, 0.0, 100.0, 30.0)]
    base = {
        "group": 0, "layer": 0, "frequency_mhz": 900.0, "eirp_dbm": 30.0, "ceiling_dbm": 100.0, "bearing_deg": np.nan,
        "threshold_dbm": -110.0, "sd_db": 8.0, "mechanical_tilt_deg": 0.0, "beamwidth_deg": 65.0, "front_to_back_db": 25.0, "pattern": 0,
    }  # fmt: skip
    rows = sorted(({**base, **cell} for cell in cells), key=lambda row: row["group"])
    x, y = np.array([X + p[0] for p in at]), np.array([Y + p[1] for p in at])
    lon, lat = to_wgs84(x, y, EPSG)
    counts = [sum(row["group"] == g for row in rows) for g in range(len(at))]
    offset = np.arange(-180, 181)
    return RadioSources(
        group_lon=lon, group_lat=lat, group_x_m=x, group_y_m=y, group_ground_m=np.array([p[2] for p in at]),
        group_height_m=np.array([p[3] for p in at]), group_first=np.cumsum([0, *counts]).astype(np.int64),
        **{k: np.array([row[k] for row in rows], np.int64 if k in ("layer", "pattern") else np.float64) for k in base if k != "group"},
        horizontal_loss_db=np.minimum(12 * (offset / 65.0) ** 2, 25).astype(np.float32)[None],
        vertical_loss_db=np.zeros((1, 721), np.float32), pattern_cap_db=np.array([25.0]), index=np.arange(len(rows), dtype=np.int64),
    )  # fmt: skip


def predict(
    surface: TerrainWindow, radio: RadioSources, where: Grid | None = None, *, layers: int = 1, clutter_m: float = 0.0,
    settings: CoverageSettings = SETTINGS, inside: npt.NDArray[np.bool_] | None = None,
) -> AreaLevels:  # fmt: skip
    where = where or grid()
    inside = np.ones(where.shape, bool) if inside is None else inside
    return predict_area(
        window=surface, ground=ground(surface, clutter_m), grid=where, inside=inside, sources=radio, layers=layers, settings=settings
    )


def hills(seed: int, side: int = 241, relief_m: float = 300.0) -> npt.NDArray[np.float64]:
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    made = sum(
        relief_m / s * np.sin(x * s / 30 + random.uniform(0, 6)) * np.cos(y * s / 37 + random.uniform(0, 6)) for s in (1, 2, 4)
    )
    return np.asarray(made + 400.0)


# -- by hand ---------------------------------------------------------------------------------------


def test_levels_over_flat_ground_by_hand() -> None:
    """Three by three kilometres: free space to the slant distance, nothing more within sight of a low earth."""
    radio = sources({"bearing_deg": 90.0})
    got = predict(window(np.full((241, 241), 100.0)), radio, grid(3, 1000.0))
    slant = 92.4 + 20 * np.log10(0.9) + 20 * np.log10(np.hypot(1.0, 0.0285))
    assert got.level_dbm[0, 1, 2] == pytest.approx(30 - slant, abs=0.02)  # due east, main beam
    assert got.level_dbm[0, 1, 0] == pytest.approx(30 - slant - 25, abs=0.02)  # behind
    assert got.level_dbm[0, 0, 1] == pytest.approx(30 - slant - 12 * (90 / 65) ** 2, abs=0.05)  # on the flank
    assert got.margin_sd[0, 0, 1, 2] == pytest.approx((got.level_dbm[0, 1, 2] + 110) / 8, abs=1e-3)
    np.testing.assert_array_equal(got.margin_sd, got.bound_sd)
    assert (got.server == 0).all()
    assert np.isneginf(got.second_dbm).all()
    assert "P.1812" in MODEL


def test_tilt_and_vertical_pattern_by_the_plain_lookup() -> None:
    """The jitted pattern against the plain one, with electrical and mechanical tilt, before and behind the antenna."""
    surface, height = window(np.full((241, 241), 100.0)), 60.0
    below = np.arange(-90, 90.25, 0.25)
    vertical = np.minimum(12 * ((below - 4) / 7) ** 2, 20).astype(np.float32)[None]
    plain = sources({"bearing_deg": 30.0, "mechanical_tilt_deg": 5.0}, at=[(0.0, 0.0, 100.0, height)])
    tilted = replace(plain, vertical_loss_db=vertical)
    flat = predict(surface, replace(plain, horizontal_loss_db=np.zeros((1, 361), np.float32)))
    got = predict(surface, tilted)
    x, y = grid().centres()
    dx, dy = np.meshgrid(x - X, y - Y)
    away = np.hypot(dx, dy)
    angle = np.degrees(np.arctan((height - 1.5) / np.maximum(away, 1) + away / 17e6))
    far = (away > 300) & np.isfinite(got.level_dbm[0])
    expected = pattern_loss_db(tilted, 0, bearing_deg=np.degrees(np.arctan2(dx, dy)), below_horizon_deg=angle)
    np.testing.assert_allclose((flat.level_dbm[0] - got.level_dbm[0])[far], expected[far], atol=0.02)
    assert np.ptp(expected[far]) > 20
    level = replace(tilted, mechanical_tilt_deg=np.zeros(1))
    assert np.abs(predict(surface, level).level_dbm[0] - got.level_dbm[0])[far].max() > 3


def test_the_ceiling_holds_below_the_mast() -> None:
    radio = sources({"ceiling_dbm": -50.0})
    got = predict(window(np.full((241, 241), 100.0)), radio, grid(3, 10.0))
    assert (got.level_dbm == -50).all()


def test_best_second_and_server_by_hand() -> None:
    radio = sources({"eirp_dbm": 20.0}, {"eirp_dbm": 30.0}, {"eirp_dbm": 27.0}, {"eirp_dbm": 40.0, "layer": 1})
    got = predict(window(np.full((241, 241), 100.0)), radio, grid(3, 1000.0), layers=2)
    assert (got.server[0] == 1).all()
    assert (got.server[1] == 3).all()
    np.testing.assert_allclose(got.level_dbm[0] - got.second_dbm[0], 3.0, atol=1e-4)
    np.testing.assert_allclose(got.level_dbm[1] - got.level_dbm[0], 10.0, atol=1e-4)
    assert np.isneginf(got.second_dbm[1]).all()


def test_bands_share_a_sweep_and_keep_their_own_loss() -> None:
    surface = window(hills(1))
    base = float(surface.heights[120, 120])
    place = [(0.0, 0.0, base, 30.0)]
    both = predict(surface, sources({}, {"frequency_mhz": 2600.0, "layer": 1}, at=place), layers=2)
    low = predict(surface, sources({}, at=place))
    high = predict(surface, sources({"frequency_mhz": 2600.0}, at=place))
    np.testing.assert_array_equal(both.level_dbm[0], low.level_dbm[0])
    np.testing.assert_allclose(both.level_dbm[1], high.level_dbm[0], atol=1e-3)  # line of sight is cut off by the lowest band
    more = (both.level_dbm[0] - both.level_dbm[1])[np.isfinite(both.level_dbm[0])]
    free = 20 * np.log10(2600 / 900)
    assert np.isclose(more, free, atol=1e-3).mean() > 0.1  # in clear sight the bands differ as in free space
    assert more.max() > free + 3  # behind hills the higher band loses more
    assert more.min() < free - 3  # close to the ground the lower band does: its Fresnel zone is wider


def test_a_band_outside_the_model_is_only_bounded() -> None:
    got = predict(window(np.full((241, 241), 100.0)), sources({"frequency_mhz": 28_000.0}), grid(3, 1000.0))
    assert np.isneginf(got.level_dbm).all()
    assert np.isneginf(got.margin_sd).all()
    assert np.isfinite(got.bound_sd).all()


# -- laws -------------------------------------------------------------------------------------------


def test_east_and_west_change_places_with_the_terrain() -> None:
    """On the zone's central meridian the mirror is exact, projection and all."""
    heights = hills(2)
    place = [(0.0, 0.0, float(heights[120, 120]), 30.0)]
    there = predict(window(heights), sources({"bearing_deg": 40.0}, at=place))
    back = predict(window(heights[:, ::-1]), sources({"bearing_deg": -40.0}, at=place))
    near = np.isfinite(there.level_dbm)
    np.testing.assert_allclose(back.level_dbm[..., ::-1][near], there.level_dbm[near], atol=0.01)
    assert np.abs(back.level_dbm - there.level_dbm)[near].max() > 10


def test_more_power_and_taller_clutter() -> None:
    surface = window(hills(3))
    place = [(0.0, 0.0, float(surface.heights[120, 120]), 30.0)]
    weak, strong = (predict(surface, sources({"eirp_dbm": p}, at=place)) for p in (20.0, 26.0))
    near = np.isfinite(weak.level_dbm)
    np.testing.assert_allclose((strong.level_dbm - weak.level_dbm)[near], 6.0, atol=1e-4)
    assert (strong.margin_sd >= weak.margin_sd).all()
    grown = predict(surface, sources({"eirp_dbm": 20.0}, at=place), clutter_m=15.0)
    assert (weak.level_dbm - grown.level_dbm)[near].mean() > 2
    assert (weak.level_dbm - grown.level_dbm)[near].min() > -1e-3


def test_two_sites_at_one_place_are_the_better_of_both() -> None:
    surface = window(hills(4))
    base = float(surface.heights[120, 120])
    one, two = (0.0, 0.0, base, 30.0), (0.0, 0.0, base, 55.0)
    low, high = predict(surface, sources({}, at=[one])), predict(surface, sources({"eirp_dbm": 27.0}, at=[two]))
    both = predict(surface, sources({}, {"eirp_dbm": 27.0, "group": 1}, at=[one, two]))
    np.testing.assert_array_equal(both.level_dbm, np.maximum(low.level_dbm, high.level_dbm))
    np.testing.assert_array_equal(both.second_dbm, np.minimum(low.level_dbm, high.level_dbm))
    assert set(np.unique(both.server)) == {-1, 0, 1} or set(np.unique(both.server)) == {0, 1}
    again = predict(surface, sources({}, {"group": 1}, at=[one, one]))
    np.testing.assert_array_equal(again.second_dbm, again.level_dbm)
    assert (again.server[np.isfinite(again.level_dbm)] == 0).all()  # a tie goes to the first in the list, everywhere


def test_a_site_on_a_cliff() -> None:
    """Below the edge lies shadow, on the plateau and far out on the plain there is sight."""
    heights = np.full((241, 241), 100.0)
    heights[:, :123] = 600.0  # the antenna stands two nodes from the edge of a drop of 500 m
    got = predict(window(heights), sources({}, at=[(0.0, 0.0, 600.0, 10.0)]), grid(61, 200.0))
    row = got.level_dbm[0, 30]
    free = 30 - 92.4 - 20 * np.log10(0.9) - 20 * np.log10(np.abs(np.arange(61) - 30) * 0.2 + 1e-9)
    assert (free - row)[32:34].min() > 15  # at the foot
    two_ray = -20 * np.log10(4 * np.pi * 10 * 1.5 / (0.333 * 5000))  # plane earth, 5 km, 10 m and 1.5 m
    assert (free - row)[5] == pytest.approx(two_ray, abs=2)  # the plateau
    assert np.diff((free - row)[33:60]).max() < 0.5  # coming out of the shadow
    assert np.isfinite(row[1:60]).all()


def test_pieces_meet_without_a_seam() -> None:
    surface = window(hills(5))
    place = [(0.0, 0.0, float(surface.heights[120, 120]), 30.0), (1500.0, -900.0, float(surface.heights[90, 140]), 25.0)]
    radio = sources({"bearing_deg": 10.0}, {"group": 1}, at=place)
    whole = predict(surface, radio, grid(40, 200.0))
    for rows, columns in ((slice(0, 17), slice(0, 23)), (slice(17, 40), slice(23, 40)), (slice(5, 6), slice(39, 40))):
        part = predict(surface, radio, grid(40, 200.0).window(rows, columns))
        np.testing.assert_array_equal(part.level_dbm[0], whole.level_dbm[0, rows, columns])
        np.testing.assert_array_equal(part.server[0], whole.server[0, rows, columns])
    mask = np.zeros((40, 40), bool)
    mask[3:9, 30:38] = True
    masked = predict(surface, radio, grid(40, 200.0), inside=mask)
    np.testing.assert_array_equal(masked.level_dbm[0][mask], whole.level_dbm[0][mask])
    assert np.isneginf(masked.level_dbm[0][~mask]).all()


def test_unknown_ground_bounds_and_never_decides() -> None:
    heights = hills(6)
    base = float(heights[120, 120])
    whole = predict(window(heights), sources({}, at=[(0.0, 0.0, base, 30.0)]))
    holed = heights.copy()
    holed[100:110, 120:140] = np.nan
    got = predict(window(holed), sources({}, at=[(0.0, 0.0, base, 30.0)]))
    known = np.isfinite(got.level_dbm)
    assert 0.3 < known.sum() / np.isfinite(whole.level_dbm).sum() < 1
    np.testing.assert_array_equal(got.level_dbm[known], whole.level_dbm[known])
    lost = np.isfinite(whole.level_dbm) & ~known
    assert (got.bound_sd[0][lost] >= whole.margin_sd[0][lost] - 0.05).all()
    assert np.isneginf(got.margin_sd[0][lost]).all()
    blind = predict(window(heights), sources({}, at=[(0.0, 0.0, np.nan, 30.0)]))
    assert np.isneginf(blind.level_dbm).all()
    assert (blind.bound_sd[0] >= whole.margin_sd[0] - 0.05)[np.isfinite(whole.margin_sd[0])].all()


def test_indoors_and_in_vehicles_never_better_than_outdoors() -> None:
    surface = window(hills(7))
    got = predict(surface, sources({}, at=[(0.0, 0.0, float(surface.heights[120, 120]), 30.0)]))
    outdoor = got.margin_sd[USES.index("outdoor"), 0]
    strong = np.isfinite(outdoor) & (outdoor > 0)
    for use in ("vehicle", "indoor"):
        assert (got.margin_sd[USES.index(use), 0][strong] < outdoor[strong]).all()


def test_clutter_in_the_profile_and_at_the_phone_exclude_each_other() -> None:
    surface = window(np.full((241, 241), 100.0))
    given = {"window": surface, "grid": grid(3), "inside": np.ones((3, 3), bool), "sources": sources({}), "layers": 1, "settings": SETTINGS}
    predict_area(ground=ground(surface), clutter_at_end=True, **given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="twice"):
        predict_area(ground=ground(surface, 10.0), clutter_at_end=True, **given)  # type: ignore[arg-type]


def test_a_window_that_begins_elsewhere_changes_no_bit() -> None:
    heights = hills(8)
    place = [(130.0, 70.0, float(heights[120, 120]), 30.0)]
    whole = predict(window(heights), sources({"bearing_deg": 70.0}, at=place))
    step = window(heights)
    cut = TerrainWindow(
        np.ascontiguousarray(step.heights[13:-9, 11:-17]), step.west + 11 * STEP, step.north - 13 * STEP, STEP, STEP
    )
    moved = predict(cut, sources({"bearing_deg": 70.0}, at=place))
    np.testing.assert_array_equal(moved.level_dbm, whole.level_dbm)


def test_a_finer_grid_makes_rays_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(area, "ray_count", lambda radius, spacing: asked.append(spacing) or 64)
    surface = window(np.full((241, 241), 100.0))
    for size in (20.0, 100.0, 500.0):
        predict(surface, sources({}), grid(3, size))
    assert asked == [20.0, 100.0, 100.0]


def test_no_cell_no_grid_no_mask() -> None:
    surface = window(np.full((241, 241), 100.0))
    with pytest.raises(GridMismatchError):
        predict(surface, sources({}), inside=np.ones((2, 2), bool))
    nothing = predict(surface, sources({}), inside=np.zeros((41, 41), bool))
    assert np.isneginf(nothing.level_dbm).all()
    far = predict(surface, sources({}, at=[(60_000.0, 0.0, 100.0, 30.0)]))
    assert np.isneginf(far.bound_sd).all()


def test_rays_end_where_the_projection_says() -> None:
    """The polynomial through nine points against the projection itself, off the central meridian too."""
    surface = window(np.zeros((3, 3)))
    bearing = np.linspace(0, 2 * np.pi, 100)
    for dx, reach, within in ((0.0, 15_000.0, 0.1), (90_000.0, 15_000.0, 0.1), (90_000.0, 40_000.0, 2.0)):
        row, column = _ray_ends(surface, EPSG, (X + dx, Y), bearing, reach)
        lon, lat = to_wgs84(X + dx + reach * np.sin(bearing), Y + reach * np.cos(bearing), EPSG)
        true_row, true_column = surface.to_lattice(lon, lat)
        assert np.hypot(row - true_row, column - true_column).max() * 92.5 < within
