"""Zones by hand: corners connect, unknown cells part, the sieve counts what it drops, outlines keep what they must."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from geo.crs import EQUAL_AREA_EPSG, transform
from geo.dead_zones.kinds import KindMap, ZoneKind
from geo.dead_zones.outlines import outlines, outlines_to_wgs84
from geo.dead_zones.settings import dead_zone_settings
from geo.dead_zones.zones import Zones, cell_areas_km2, label_zones, sieve
from geo.grid import Grid
from geo.polygons import area_km2
from tests.dead_zones.made_up import EPSG, X, Y, covered, found_in, grid_of

SETTINGS = dead_zone_settings()
ONE = (ZoneKind("white", (0,), ("A",)), ZoneKind("no_4g", (0,), ("A",)))


def kinds_of(code: npt.ArrayLike) -> KindMap:
    array = np.asarray(code, dtype=np.uint8)
    return KindMap(array, ONE, np.zeros_like(array))


def zones_of(picture: str) -> Zones:
    return label_zones(kinds_of([[int(c) for c in line.strip()] for line in picture.strip().splitlines()]))


# -- connected cells -------------------------------------------------------------------------------


def test_cells_that_touch_in_a_corner_are_one_zone() -> None:
    zones = zones_of(
        """100
           010
           001"""
    )
    assert len(zones) == 1
    assert zones.label.tolist() == [[0, -1, -1], [-1, 0, -1], [-1, -1, 0]]


def test_zones_are_of_one_kind_each_and_come_by_kind_then_by_their_first_cell() -> None:
    zones = zones_of(
        """2011
           2000
           0022
           1020"""
    )
    assert zones.kind.tolist() == [0, 0, 1, 1]
    assert zones.label.tolist() == [[2, -1, 0, 0], [2, -1, -1, -1], [-1, -1, 3, 3], [1, -1, 3, -1]]
    assert zones.sums(np.ones(len(zones.row))).tolist() == [2, 1, 2, 3]
    assert zones.take(np.array([False, True, False, True])).label.max() == 1
    again = zones.reordered(np.array([3, 0, 1, 2]))
    assert again.kind.tolist() == [1, 0, 0, 1]
    assert np.array_equal(again.label == 0, zones.label == 3)


def test_an_unknown_or_uncertain_cell_between_parts_two_zones() -> None:
    for letter in "u?s":
        found = found_in(covered({("A", "4G"): f"xx{letter}xx"}), scopes=("all",)).all
        assert found is not None
        assert found.frame["cells"].tolist() == [2, 2], letter
    whole = found_in(covered({("A", "4G"): "xxXxx"}), scopes=("all",)).all
    assert whole is not None
    assert whole.frame["cells"].tolist() == [5]
    assert whole.frame["evidence"].tolist() == ["both"]


def test_a_hole_is_no_part_of_the_zone_nor_of_its_outline() -> None:
    zones = zones_of(
        """1111
           1001
           1111"""
    )
    (shape,) = outlines(zones, grid_of((3, 4)), SETTINGS)
    assert shape.area == pytest.approx(10 * 1e4)
    assert len(shape.interiors) == 1
    assert not shape.contains(shapely.Point(X + 150, Y - 150))


# -- the sieve -------------------------------------------------------------------------------------


def test_a_zone_needs_the_area_or_the_people_and_what_is_dropped_is_counted() -> None:
    kinds = kinds_of(
        [[1, 1, 1, 0, 1, 0],
         [0, 0, 0, 0, 0, 0],
         [1, 1, 0, 1, 1, 0],
         [0, 0, 0, 0, 0, 0],
         [2, 0, 0, 0, 0, 1]]
    )  # fmt: skip
    people = np.array(
        [[0, 0, 0, 9, 5, 9],
         [9, 9, 9, 9, 9, 9],
         [2, 2, 9, 1, np.nan, 9],
         [9, 9, 9, 9, 9, 9],
         [7, 9, 9, 9, 9, np.nan]]
    )  # fmt: skip
    chosen = dead_zone_settings(least_area_km2=0.03, least_people=5)
    kept, dropped = sieve(label_zones(kinds), kinds, np.full(kinds.code.shape, 0.01), people, chosen)
    assert [(int(r), int(c)) for r, c in zip(kept.row, kept.column, strict=True)] == [(0, 0), (0, 1), (0, 2), (0, 4), (4, 0)]
    assert dropped["class"].tolist() == ["white", "no_4g"]
    assert dropped["zones"].tolist() == [3, 0]
    assert dropped["cells"].tolist() == [5, 0]
    assert dropped["area_km2"].to_numpy() == pytest.approx([0.05, 0.0])
    assert dropped["population"].iloc[0] == 5.0  # 2 + 2 + 1: what is not known is no people, and is said
    assert np.isnan(dropped["population"].iloc[1])
    assert dropped["population_unknown_km2"].to_numpy() == pytest.approx([0.02, 0.0])


def test_without_population_the_area_alone_decides() -> None:
    kinds = kinds_of([[1, 1, 0, 1]])
    chosen = dead_zone_settings(least_area_km2=0.02, least_people=1)
    kept, dropped = sieve(label_zones(kinds), kinds, np.full((1, 4), 0.01), None, chosen)
    assert len(kept) == 1
    assert np.isnan(dropped["population"].iloc[0])
    assert dropped["population_unknown_km2"].iloc[0] == pytest.approx(0.01)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.1), st.floats(0, 20))
def test_listed_and_dropped_together_are_all_cells_all_people_all_area(seed: int, km2: float, least: float) -> None:
    rng = np.random.default_rng(seed)
    kinds = kinds_of(rng.integers(0, 3, (9, 9)))
    people, area = rng.gamma(0.5, 4, (9, 9)), rng.uniform(0.009, 0.011, (9, 9))
    kept, dropped = sieve(label_zones(kinds), kinds, area, people, dead_zone_settings(least_area_km2=km2, least_people=least))
    dead = kinds.code > 0
    assert len(kept.row) + dropped["cells"].sum() == dead.sum()
    assert kept.of(people).sum() + dropped["population"].sum() == pytest.approx(people[dead].sum())
    assert kept.of(area).sum() + dropped["area_km2"].sum() == pytest.approx(area[dead].sum())
    assert ((kept.sums(kept.of(area)) >= km2) | (kept.sums(kept.of(people)) >= least)).all()


# -- areas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [Grid(EPSG, X, Y, 100.0, 70, 45), Grid(32648, 700_000.0, 2_500_000.0, 5000.0, 40, 33), grid_of((1, 1)), grid_of((1, 40)), grid_of((40, 1))])
def test_cells_have_the_area_of_their_corners_in_equal_area(grid: Grid) -> None:
    rows, columns = np.unique([0, grid.rows // 2, grid.rows - 1]), np.unique([0, grid.columns // 3, grid.columns - 1])
    found = cell_areas_km2(grid)
    assert found.shape == grid.shape
    for row in rows:
        for column in columns:
            left, top, size = grid.x_min + column * grid.cell_size, grid.y_max - row * grid.cell_size, grid.cell_size
            cell = shapely.segmentize(shapely.box(left, top - size, left + size, top), size / 10)
            true = shapely.transform(cell, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1], grid.epsg, EQUAL_AREA_EPSG))).area / 1e6
            assert found[row, column] == pytest.approx(true, rel=2e-6)


def test_the_area_of_a_zone_is_that_of_its_polygon_in_equal_area() -> None:
    picture = "\n".join(["x" * 6] * 5)
    found = found_in(covered({("A", "4G"): picture}), scopes=("all",)).all
    assert found is not None
    assert found.frame["area_km2"].iloc[0] == pytest.approx(float(area_km2(found.frame.geometry.to_numpy())[0]), rel=1e-6)
    assert found.frame["area_km2"].iloc[0] == pytest.approx(0.30, rel=1e-3)


# -- outlines --------------------------------------------------------------------------------------


def patches(seed: int, side: int = 60, smooth: float = 2.0) -> KindMap:
    """Two kinds of patches that touch each other, with ragged edges."""
    rng = np.random.default_rng(seed)
    f, g = (gaussian_filter(rng.standard_normal((side, side)), smooth) for _ in range(2))
    return kinds_of(np.where(f > 0.6 * f.std(), 1, np.where(g > 0.6 * g.std(), 2, 0)))


def test_a_staircase_becomes_a_slope_and_a_single_cell_stays_a_square() -> None:
    stairs = np.tril(np.ones((30, 30), dtype=int))
    grid = grid_of((30, 32))
    code = np.zeros((30, 32), dtype=int)
    code[:, :30], code[2, 31] = stairs, 1
    shapes = outlines(label_zones(kinds_of(code)), grid, SETTINGS)
    big, small = sorted(shapes, key=lambda s: -s.area)
    assert shapely.get_num_coordinates(big) < 12
    assert big.area == pytest.approx(stairs.sum() * 1e4, rel=0.05)
    assert small.equals(shapely.box(X + 3100, Y - 300, X + 3200, Y - 200))


def test_without_tolerance_outlines_are_the_cells() -> None:
    kinds = patches(3, 25)
    zones, grid = label_zones(kinds), grid_of((25, 25))
    shapes = outlines(zones, grid, dead_zone_settings(simplify_tolerance_cells=0.0))
    assert shapely.area(shapes) == pytest.approx(np.diff(zones.first) * 1e4)
    x, y = grid.centres()
    for i, shape in enumerate(shapes):
        assert np.array_equal(shapely.contains_xy(shape, *np.meshgrid(x, y)), zones.label == i)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.75, 1.5, 4.0]))
@example(1009, 4.0)  # a coarse outline reached over a cell to one that had to stay
def test_outlines_are_valid_share_their_edges_and_cut_no_village(seed: int, tolerance: float) -> None:
    kinds = patches(seed)
    grid = grid_of(kinds.code.shape)
    zones = label_zones(kinds)
    rng = np.random.default_rng(seed)
    exact = rng.random(grid.shape) < 0.03
    chosen = dead_zone_settings(simplify_tolerance_cells=tolerance)
    shapes = outlines(zones, grid, chosen, exact=exact)
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert (np.abs(shapely.area(shapes) / 1e4 / np.diff(zones.first) - 1) <= chosen.simplify_area_share + 1e-9).all()
    # A place anywhere in a cell that has to stay is in its zone's polygon and in no other.
    row, column = np.nonzero(exact)
    u, v = rng.uniform(0.01, 0.99, (2, len(row)))
    places = shapely.points(grid.x_min + (column + u) * 100, grid.y_max - (row + v) * 100)
    owner = zones.label[row, column]
    point, zone = shapely.STRtree(shapes).query(places, predicate="within")
    assert sorted(zip(point.tolist(), zone.tolist(), strict=True)) == [(i, int(z)) for i, z in enumerate(owner) if z >= 0]
    on_earth = outlines_to_wgs84(shapes, EPSG)
    assert shapely.is_valid(on_earth).all()
    assert shapely.coverage_is_valid(on_earth)


def test_no_zone_no_outline() -> None:
    assert len(outlines(zones_of("00\n00"), grid_of((2, 2)), SETTINGS)) == 0
