"""Which commune, which province, how near: against brute force, with overlaps, slivers, borders and nothing at all."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.areas import AreaIndex
from geo.crs import ProvinceZones, from_wgs84
from geo.errors import CrsError
from geo.io.boundaries import read_boundaries
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog
from tests.made_up_area import SIDE, SOUTH, WEST, area, units

REACH_DEG = 50.0 / 111_320.0  # a point in a sliver belongs to the nearest commune within about 50 m
MANY = 25_000  # from 20,000 points on another way is taken, which must give the same


def index(shapes: list[shapely.Geometry], codes: list[str] | None = None, **columns: object) -> AreaIndex:
    n = len(shapes)
    frame = gpd.GeoDataFrame(
        {
            "commune_code": codes or [f"{i:05d}" for i in range(n)],
            "commune_name": [f"Xã {i}" for i in range(n)],
            "province_code": "99",
            "province_name": "Tỉnh Mẫu (giả định)",
        },
        geometry=shapes,
        crs=4326,
    ).assign(**columns)
    return AreaIndex(frame)


def brute(areas: list[shapely.Geometry], x: float, y: float) -> int:
    """The lowest commune that holds the point or has it on its border, else the nearest in reach, else -1."""
    point = shapely.Point(x, y)
    for i, shape in enumerate(areas):
        if shape.intersects(point):
            return i
    distances = [shape.distance(point) for shape in areas]
    return int(np.argmin(distances)) if min(distances) <= REACH_DEG else -1


def test_by_hand() -> None:
    made_up = area()
    lon = [WEST + 0.05, WEST + 0.15, WEST - 1.0, np.nan, WEST + 0.05, np.inf, WEST - 0.0001]
    lat = [SOUTH + 0.05, SOUTH + 0.05, SOUTH, SOUTH, np.nan, SOUTH, SOUTH + 0.05]
    assert made_up.locate(lon, lat).tolist() == [0, 1, -1, -1, -1, -1, 0]  # the last lies 10 m outside
    assert made_up.codes[[0, 1]].tolist() == ["99000", "99001"]
    assert made_up.locate([], []).tolist() == []


def test_a_point_on_the_border_belongs_to_the_lower_code() -> None:
    made_up = area()
    corner = (WEST + SIDE, SOUTH + SIDE)  # of communes 0, 1, 6 and 7
    assert made_up.locate([corner[0]], [corner[1]]).tolist() == [0]
    assert made_up.locate([WEST + SIDE], [SOUTH + 1.5 * SIDE]).tolist() == [6]
    assert made_up.locate([WEST], [SOUTH]).tolist() == [0]


def test_the_order_of_the_file_does_not_matter() -> None:
    squares = [shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)]
    one, other = index(squares, ["00002", "00001"]), index(squares[::-1], ["00001", "00002"])
    for areas in (one, other):
        assert areas.codes[areas.locate([1.5], [1.0])].tolist() == ["00001"]


def test_the_reach_over_slivers_ends() -> None:
    pair = index([shapely.box(0, 0, 1, 1), shapely.box(1.0006, 0, 2, 1)])  # a sliver of 67 m
    offsets = np.array([0.0001, 0.00029, 0.00031, 0.0005])
    assert pair.locate(1 + offsets, [0.5] * 4).tolist() == [0, 0, 1, 1]
    assert pair.locate([-0.0004, -0.0005], [0.5, 0.5]).tolist() == [0, -1]


boxes = st.builds(
    lambda x, y, w, h: shapely.box(x / 100, y / 100, (x + w) / 100, (y + h) / 100),
    st.integers(0, 20), st.integers(0, 20), st.integers(1, 9), st.integers(1, 9),
)  # fmt: skip
near_grid = st.one_of(
    st.integers(-2, 32).map(lambda i: i / 100), st.floats(-0.02, 0.32),
    st.integers(0, 30).flatmap(lambda i: st.sampled_from([-0.0003, 0.0003, 1e-9, -1e-9]).map(lambda d: i / 100 + d)),
)  # fmt: skip


@given(st.lists(boxes, min_size=1, max_size=7), st.lists(st.tuples(near_grid, near_grid), min_size=1, max_size=40))
@settings(deadline=None, max_examples=150)
def test_locate_agrees_with_brute_force(shapes: list[shapely.Polygon], places: list[tuple[float, float]]) -> None:
    x, y = (np.array(v) for v in zip(*places, strict=True))
    found = index(shapes).locate(x, y)
    for k, (a, b) in enumerate(places):
        expected = brute(shapes, a, b)
        if found[k] != expected:  # equally near two of them is all that may differ
            point = shapely.Point(a, b)
            assert expected >= 0
            assert found[k] >= 0
            assert not any(s.intersects(point) for s in shapes)
            assert shapes[found[k]].distance(point) == pytest.approx(shapes[expected].distance(point), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_long_lists_give_what_short_ones_give(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(30):
        x, y, r = rng.uniform(0, 0.5), rng.uniform(0, 0.5), rng.uniform(0.01, 0.12)
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 40)))
        size = r * rng.uniform(0.5, 1.0, len(angle))
        shapes.append(shapely.make_valid(shapely.Polygon(np.column_stack([x + size * np.cos(angle), y + size * np.sin(angle)])), method="structure"))
    shapes.append(shapely.box(0.2, 0.2, 0.2004, 0.5))  # a commune narrower than the reach
    x, y = rng.uniform(-0.05, 0.6, MANY), rng.uniform(-0.05, 0.6, MANY)
    corners = shapely.get_coordinates(shapes)[:2000]
    x[: len(corners)], y[: len(corners)] = corners.T  # right on the borders
    x[-3:], y[-3:] = [np.nan, np.inf, 0.3], [0.3, 0.3, np.nan]
    areas = index(shapes)
    at_once = areas.locate(x, y)
    by_and_by = np.concatenate([index(shapes).locate(x[i : i + 5000], y[i : i + 5000]) for i in range(0, MANY, 5000)])
    np.testing.assert_array_equal(at_once, by_and_by)
    np.testing.assert_array_equal(areas.locate(x, y), at_once)  # asked again
    sample = rng.choice(MANY - 3, 400, replace=False)
    expected = np.array([brute(shapes, x[i], y[i]) for i in sample])
    np.testing.assert_array_equal(at_once[sample], expected)
    assert at_once[-3:].tolist() == [-1, -1, -1]
    inside = areas.within(x, y, margin_m=20_000)
    short = np.concatenate([areas.within(x[i : i + 5000], y[i : i + 5000], margin_m=20_000) for i in range(0, MANY, 5000)])
    np.testing.assert_array_equal(inside, short)


# -- within ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin_m", [500.0, 2_000.0, 15_000.0])
def test_within_is_a_distance_on_the_ground(margin_m: float) -> None:
    rng = np.random.default_rng(7)
    made_up = area()
    x, y = rng.uniform(WEST - 0.3, WEST + 0.9, 4000), rng.uniform(SOUTH - 0.3, SOUTH + 0.9, 4000)
    plane = shapely.transform(
        shapely.union_all(units().geometry.to_numpy()), lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], made_up.plane_epsg))
    )
    distance = shapely.distance(plane, shapely.points(*from_wgs84(x, y, made_up.plane_epsg)))
    inside = made_up.within(x, y, margin_m=margin_m)
    assert inside[distance < 0.94 * margin_m].all()
    assert not inside[distance > 1.06 * margin_m].any()
    assert inside.any()
    assert not inside.all()


def test_within_without_a_margin_is_inside() -> None:
    made_up = area()
    x = np.array([WEST + 0.3, WEST - 0.001, WEST + 0.599, WEST + 0.601])
    assert made_up.within(x, np.full(4, SOUTH + 0.3), margin_m=0).tolist() == [True, False, True, False]


def test_within_names_what_is_not_a_place() -> None:
    made_up = area()
    strange = np.array([np.nan, np.inf, -np.inf, 1e9, 507_000.0, WEST + 0.1])
    with np.errstate(all="raise"):
        assert made_up.within(strange, [SOUTH + 0.1] * 6, margin_m=1000).tolist() == [False] * 5 + [True]
        assert made_up.within([WEST + 0.1], [np.nan], margin_m=1000).tolist() == [False]


def test_within_one_province_of_two() -> None:
    frame = units()
    frame.loc[frame.index >= 18, ["province_code", "province_name"]] = ["98", "Tỉnh Mẫu Hai (giả định)"]
    both = AreaIndex(frame, {"99": ProvinceZones(9210), "98": ProvinceZones(9211, (9209,))})
    assert both.province_codes == ("98", "99")
    x, y = np.array([WEST + 0.3, WEST + 0.3]), np.array([SOUTH + 0.1, SOUTH + 0.5])
    assert both.within(x, y, provinces=["99"], margin_m=2000).tolist() == [True, False]
    assert both.within(x, y, provinces=["98"], margin_m=2000).tolist() == [False, True]
    assert both.within(x, y, provinces=["98", "99"], margin_m=2000).tolist() == [True, True]
    assert both.within(x, y, margin_m=2000).tolist() == [True, True]


@given(st.floats(100.0, 20_000.0), st.floats(1.3, 3.0), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_a_wider_margin_loses_nobody(margin_m: float, factor: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made_up = area()
    x, y = rng.uniform(WEST - 0.5, WEST + 1.1, 300), rng.uniform(SOUTH - 0.5, SOUTH + 1.1, 300)
    narrow, wide = made_up.within(x, y, margin_m=margin_m), made_up.within(x, y, margin_m=margin_m * factor)
    assert (narrow <= wide).all()
    located = made_up.locate(x, y) >= 0
    assert (located <= wide).all()


# -- names and codes -------------------------------------------------------------------------------


def test_a_code_decides_and_a_name_is_evidence() -> None:
    made_up = area()
    assert made_up.communes_meant("99003", "Xã Hoà Bình 0") == {3}
    assert made_up.communes_meant(99003, None) == {3}
    assert made_up.communes_meant("", "Xã Hòa Bình 0") == {0}
    assert made_up.communes_meant(None, "hoa binh 6") == {6}
    assert made_up.communes_meant("12345", "X. Hoà Bình 12") == {12}
    assert made_up.communes_meant("", "") == frozenset()
    assert made_up.communes_meant(np.nan, np.nan) == frozenset()
    assert made_up.communes_meant("", "Xã Không Có") == frozenset()


def test_one_name_may_mean_several_and_a_province_tells_them_apart() -> None:
    shapes = [shapely.box(i, 0, i + 1, 1) for i in range(3)]
    twins = index(shapes, commune_name=["Xã Tân Mẫu", "Phường Tân Mẫu", "Xã Khác"], province_code=["98", "99", "99"])
    assert twins.communes_meant("", "Tân Mẫu") == {0, 1}
    assert twins.communes_meant("", "Phường Tân Mẫu") == {1}
    assert twins.communes_meant("", "Tân Mẫu", ["98"]) == {0}
    assert twins.communes_meant("", "Tân Mẫu", ["97"]) == frozenset()


def test_former_names_are_known_but_not_those_in_brackets() -> None:
    shapes = [shapely.box(i, 0, i + 1, 1) for i in range(2)]
    former = ["Xã Cũ Một, Thị trấn Cũ Hai (phần còn lại sau khi sáp nhập vào xã Ba, xã Bốn), Xã Cũ Ba", ""]
    renamed = index(shapes, former_names=former)
    assert renamed.communes_meant("", "Xã Cũ Một") == {0}
    assert renamed.communes_meant("", "TT Cũ Hai") == {0}
    assert renamed.communes_meant("", "cu ba") == {0}
    assert renamed.communes_meant("", "Xã Bốn") == frozenset()


def test_codes_that_lost_zeros_are_found() -> None:
    north = index([shapely.box(0, 0, 1, 1)], ["00691"])
    assert north.communes_meant("691", "") == {0}


def test_provinces_by_code_or_name() -> None:
    frame = units(code="08").assign(province_name="Tỉnh Tuyên Quang")
    province = AreaIndex(frame)
    for text in ("08", "8", 8, "Tuyên Quang", "tinh tuyen quang", "T. Tuyên Quang"):
        assert province.province_meant(text) == "08"
    for text in ("", None, "Hà Giang", "09", "x"):
        assert province.province_meant(text) == ""


def test_boundaries_must_be_in_degrees() -> None:
    with pytest.raises(CrsError):
        AreaIndex(units().to_crs(3405))
    with pytest.raises(CrsError):
        AreaIndex(units().set_crs(None, allow_override=True))


def test_the_frame_given_is_not_changed() -> None:
    frame = units().iloc[::-1]
    before = frame.copy()
    AreaIndex(frame).locate([WEST + 0.05], [SOUTH + 0.05])
    assert frame.equals(before)


def test_shapes_that_meet_the_area() -> None:
    areas = index([shapely.box(105.0, 21.0, 105.1, 21.1), shapely.box(105.3, 21.0, 105.4, 21.1)])
    shapes = [
        shapely.box(105.05, 21.05, 105.06, 21.06),  # in one
        shapely.box(105.0, 20.0, 105.05, 21.0),  # along its border
        shapely.box(105.15, 21.0, 105.25, 21.1),  # between two, within their common frame
        shapely.box(104.0, 20.0, 106.0, 22.0),  # around all
        shapely.Polygon(),
        None,
    ]
    assert areas.meets(np.array(shapes, dtype=object)).tolist() == [True, True, False, True, False, False]
    assert areas.meets(np.zeros(0, dtype=object)).tolist() == []


# -- a real province -------------------------------------------------------------------------------


def test_tuyen_quang_point_by_point(shared_dir) -> None:
    path = shared_dir / "data" / "vietnam" / "communes_tuyen_quang_full_resolution.parquet"
    frame = read_boundaries(path, file=path.name, options=TableOptions(), project_provinces=("08",), log=IssueLog(issue_catalogue()))
    areas = AreaIndex(frame)
    centres = shapely.point_on_surface(frame.geometry.to_numpy())
    assert areas.locate(shapely.get_x(centres), shapely.get_y(centres)).tolist() == list(range(124))
    rng = np.random.default_rng(3)
    west, south, east, north = areas.bounds
    x, y = rng.uniform(west, east, MANY), rng.uniform(south, north, MANY)
    at_once = areas.locate(x, y)
    by_and_by = np.concatenate([areas.locate(x[i : i + 5000], y[i : i + 5000]) for i in range(0, MANY, 5000)])
    np.testing.assert_array_equal(at_once, by_and_by)
    joined = gpd.sjoin(
        gpd.GeoDataFrame(geometry=shapely.points(x, y), crs=4326), frame[["commune_code", "geometry"]], predicate="intersects"
    )
    lowest = joined.groupby(level=0)["commune_code"].min()
    assert (areas.codes[at_once[lowest.index]] == lowest.to_numpy()).all()
    extra = np.setdiff1d(np.flatnonzero(at_once >= 0), lowest.index)
    near = shapely.distance(frame.geometry.to_numpy()[at_once[extra]], shapely.points(x[extra], y[extra]))
    assert (near <= REACH_DEG).all()
