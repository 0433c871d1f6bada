"""Patches free of boundaries: fast answers are the exact ones."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import areas
from geo.areas import AreaIndex
from geo.patches import PatchGrid


def index_of(shapes: list[shapely.Geometry]) -> AreaIndex:
    codes = [f"{i:05d}" for i in range(len(shapes))]
    return AreaIndex(
        gpd.GeoDataFrame(
            {"commune_code": codes, "commune_name": codes, "province_code": "99", "province_name": "made up"},
            geometry=shapes, crs=4326,
        )
    )  # fmt: skip


def brute(index: AreaIndex, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """The definition: the lowest code that holds the point, else the nearest within 50 m."""
    shapes = index._shapes
    points = shapely.points(lon, lat)
    out = np.full(len(lon), -1)
    for i, point in enumerate(points):
        holding = np.flatnonzero(shapely.intersects(shapes, point))
        if len(holding):
            out[i] = holding[0]
            continue
        distance = shapely.distance(shapes, point)
        if distance.min() <= 50.0 / 111_320.0:
            out[i] = int(np.argmin(distance))
    return out


coordinate = st.floats(105.0, 105.4, allow_nan=False)


@st.composite
def _star(draw: st.DrawFn) -> shapely.Geometry:
    x, y = draw(st.floats(105.05, 105.35)), draw(st.floats(21.05, 21.35))
    radii = draw(st.lists(st.floats(0.002, 0.09), min_size=3, max_size=9))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = [(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]
    shape = shapely.Polygon(ring)
    if draw(st.booleans()) and shape.is_valid:
        hole = shape.centroid.buffer(draw(st.floats(0.0005, 0.004)), quad_segs=2)
        shape = shape.difference(hole)
    return shape if shape.is_valid and shape.area > 0 and shape.geom_type in {"Polygon", "MultiPolygon"} else shapely.box(x, y, x + 0.01, y + 0.01)


@settings(deadline=None, max_examples=40)
@given(st.lists(_star(), min_size=1, max_size=5), st.integers(0, 2**31))
def test_locate_by_patches_is_locate_by_brute_force(shapes: list[shapely.Geometry], seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = shapely.get_coordinates(shapes)
    near = corners[rng.integers(0, len(corners), 60)] + rng.normal(0, 3e-4, (60, 2))
    lon = np.concatenate([rng.uniform(104.9, 105.5, 100), near[:, 0], corners[:20, 0]])
    lat = np.concatenate([rng.uniform(20.9, 21.5, 100), near[:, 1], corners[:20, 1]])
    index = index_of(shapes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(areas, "_MANY", 1)
        fast = index.locate(lon, lat)
        again = index.locate(lon, lat)
    np.testing.assert_array_equal(fast, again)
    slow = brute(index, lon, lat)
    # where two units are equally near, either is right
    differs = np.flatnonzero(fast != slow)
    for i in differs:
        point = shapely.Point(lon[i], lat[i])
        assert fast[i] >= 0
        assert slow[i] >= 0
        assert shapely.distance(index._shapes[fast[i]], point) == shapely.distance(index._shapes[slow[i]], point) > 0


@settings(deadline=None, max_examples=40)
@given(st.lists(_star(), min_size=1, max_size=4), st.integers(0, 2**31))
def test_no_edge_runs_through_a_patch(shapes: list[shapely.Geometry], seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = PatchGrid(np.array(shapes, dtype=object), smallest=0.002)
    assert grid.usable
    lon, lat = rng.uniform(105.0, 105.4, 400), rng.uniform(21.0, 21.4, 400)
    patch = grid.patch(lon, lat)
    points = shapely.points(lon, lat)
    holds = np.array([shapely.intersects(np.array(shapes, dtype=object), p) for p in points])
    for number in np.unique(patch[patch > 0]):
        assert (holds[patch == number] == holds[patch == number][0]).all()
    assert not holds[patch == -1].any()
    edges = shapely.union_all(shapely.boundary(np.array(shapes, dtype=object)))
    far = ~grid.near_edge(lon, lat)
    assert (shapely.distance(points[far], edges) >= grid.side * 0.999).all()


def test_within_by_patches_is_within_point_by_point() -> None:
    index = index_of([shapely.box(105, 21, 105.1, 21.1), shapely.box(105.5, 21.1, 105.6, 21.2)])  # and nothing between
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(104.7, 105.9, 80_000), rng.uniform(20.7, 21.5, 80_000)
    fast = index.within(lon, lat, margin_m=15_000)
    slow = np.concatenate([index.within(lon[i : i + 1000], lat[i : i + 1000], margin_m=15_000) for i in range(0, 80_000, 1000)])
    np.testing.assert_array_equal(fast, slow)
    assert 0.1 < fast.mean() < 0.9


def test_a_unit_smaller_than_a_cell_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(areas, "_MANY", 1)
    index = index_of([shapely.box(105, 21, 105.4, 21.4), shapely.box(105.60002, 21.60002, 105.60004, 21.60004)])
    assert index.locate([105.60003, 105.65, 105.2, np.nan], [21.60003, 21.65, 21.2, 21.2]).tolist() == [1, -1, 0, -1]


def test_all_communes_by_patches(shared_dir: Path) -> None:
    frame = gpd.read_parquet(shared_dir / "data" / "vietnam" / "communes.parquet").to_crs(4326)
    index = AreaIndex(
        frame.rename(columns={"code": "commune_code", "name": "commune_name"}).assign(province_name=frame["province_code"])
    )
    rng = np.random.default_rng(11)
    corners = shapely.get_coordinates(index._shapes)
    near = corners[rng.integers(0, len(corners), 20_000)] + rng.normal(0, 5e-4, (20_000, 2))
    lon = np.concatenate([rng.uniform(102, 110, 20_000), near[:, 0]])
    lat = np.concatenate([rng.uniform(8, 23.5, 20_000), near[:, 1]])
    exact = index._contain(lon, lat)
    lost = np.flatnonzero(exact < 0)
    exact[lost] = index._snap(lon[lost], lat[lost])
    np.testing.assert_array_equal(index.locate(lon, lat), exact)
    assert 0.3 < (exact >= 0).mean() < 0.95
