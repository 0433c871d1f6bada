"""Boundaries: every way a commune's row or polygon can be wrong, one small made-up file each.

All places, names and codes of the small files are made up; they stand where Tuyên Quang is.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Polygon, box

from geo.crs import from_wgs84
from geo.errors import CrsError, InputError
from geo.io.boundaries import read_boundaries
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue, load_toml
from geo.polygons import dissolve_provinces, gaps_between, overlaps_between, shapes_to_plane
from geo.validation import Effect, Finding, IssueLog

GEOD = Geod(ellps="WGS84")
#: What a faultless small scene says all the same: 4 communes are not Tuyên Quang's 124.
QUIET = {"boundary_commune_count"}


def scene() -> gpd.GeoDataFrame:
    """Four square communes of a tenth of a degree, two by two."""
    squares = [box(x, y, x + 0.1, y + 0.1) for y in (22.0, 22.1) for x in (105.0, 105.1)]
    return gpd.GeoDataFrame(
        {
            "code": ["00911", "00922", "00933", "00944"],
            "fullName": ["Xã Một", "Xã Hai", "Phường Ba", "Xã Bốn"],
            "province_code": "08",
            "areaKm2": [GEOD.geometry_area_perimeter(s)[0] / 1e6 for s in squares],
        },
        geometry=squares,
        crs=4326,
    )


def read(
    frame: gpd.GeoDataFrame | Path, folder: Path, *, provinces: tuple[str, ...] = ("08",), **options: object
) -> tuple[gpd.GeoDataFrame, IssueLog]:
    path = frame if isinstance(frame, Path) else folder / "communes.parquet"
    if not isinstance(frame, Path):
        frame.to_parquet(path)
    log = IssueLog(issue_catalogue())
    units = read_boundaries(
        path, file=path.name, options=TableOptions(**options), project_provinces=provinces, log=log  # type: ignore[arg-type]
    )
    return units, log


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def at(frame: gpd.GeoDataFrame, row: int, shape: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """Return the scene with one feature's shape replaced (row as reported, first = 1)."""
    shapes = frame.geometry.to_numpy(dtype=object).copy()
    shapes[row - 1] = shape
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def with_column(frame: gpd.GeoDataFrame, **columns: object) -> gpd.GeoDataFrame:
    return frame.assign(**columns)


def test_a_faultless_layer_is_taken_as_it_is(tmp_path: Path) -> None:
    units, log = read(scene(), tmp_path)
    assert log.codes() == QUIET
    assert list(units.columns) == [
        "commune_code", "commune_name", "province_code", "province_name", "area_km2", "geometry", "file", "sheet", "row",
    ]  # fmt: skip
    assert units["commune_name"].tolist() == ["Xã Một", "Xã Hai", "Phường Ba", "Xã Bốn"]
    assert units["province_name"].unique().tolist() == ["Tỉnh Tuyên Quang"]
    assert units["row"].tolist() == [1, 2, 3, 4]
    assert units.crs.to_epsg() == 4326
    assert units.geometry.geom_equals(scene().geometry).all()
    geodesic = [abs(GEOD.geometry_area_perimeter(g)[0]) / 1e6 for g in scene().geometry]
    np.testing.assert_allclose(units["area_km2"], geodesic, rtol=1e-4)
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(4, 4, 0)]


def test_the_official_number_of_communes_is_known(tmp_path: Path) -> None:
    assert "08: 4 ≠ 124" in one(read(scene(), tmp_path)[1], "boundary_commune_count").title.en


# -- shapes that are not as they should be ---------------------------------------------------------

SQUARE = box(105.0, 22.0, 105.1, 22.1)
BOW_TIE = Polygon([(105.0, 22.0), (105.1, 22.1), (105.1, 22.0), (105.0, 22.1)])
HOLE_OUTSIDE = Polygon(SQUARE.exterior, [box(105.4, 22.4, 105.41, 22.41).exterior])
HOLE_ACROSS = Polygon(SQUARE.exterior, [box(105.09, 22.04, 105.11, 22.06).exterior])
FLAT_SPIKE = Polygon([(105.0, 22.0), (105.1, 22.0), (105.1, 22.1), (105.05, 22.1), (105.05, 22.3), (105.05, 22.1), (105.0, 22.1)])
NEEDLE = Polygon([(105.0, 22.0), (105.1, 22.0), (105.1, 22.1), (105.05, 22.1), (104.95, 22.15), (105.0499, 22.1), (105.0, 22.1)])
TWICE_ROUND = Polygon([*list(SQUARE.exterior.coords), *list(SQUARE.exterior.coords)[1:]])
FIGURE = shapely.GeometryCollection([SQUARE, shapely.LineString([(105, 22), (105.1, 22.1)]), shapely.Point(105, 22)])
NESTED = shapely.GeometryCollection([shapely.GeometryCollection([shapely.MultiPolygon([SQUARE])])])



def broken(value: float) -> Polygon:
    """The square with one number replaced."""
    numbers = shapely.get_coordinates(SQUARE)
    numbers[2, 0] = value
    return shapely.set_coordinates(shapely.from_wkb(shapely.to_wkb(SQUARE)), numbers)


# name: (shape of row 1, code, is the row kept, area kept as a share of the square)
SHAPES: dict[str, tuple[shapely.Geometry | None, str, bool, float]] = {
    "bow-tie": (BOW_TIE, "boundary_repaired", True, 0.5),
    "hole outside the outline": (HOLE_OUTSIDE, "boundary_repaired", True, 1.01),
    "hole across the outline": (HOLE_ACROSS, "boundary_repaired", True, 0.98),
    "spike without width": (FLAT_SPIKE, "boundary_repaired", True, 1.0),
    "outline drawn twice": (TWICE_ROUND, "boundary_repaired", True, 1.0),
    "overlapping parts": (shapely.MultiPolygon([SQUARE, box(105.05, 22.0, 105.1, 22.1)]), "boundary_repaired", True, 1.0),
    "needle": (NEEDLE, "boundary_spike", True, 1.0),
    "hole that runs like its outline": (
        Polygon(shapely.LinearRing(SQUARE.exterior), [box(105.04, 22.04, 105.06, 22.06, ccw=True).exterior]),
        "boundary_ring_order", True, 0.96,
    ),
    "heights": (shapely.force_3d(SQUARE, 512.0), "feature_height_ignored", True, 1.0),
    "collection with a polygon": (FIGURE, "feature_collection", True, 1.0),
    "collection within a collection": (NESTED, "feature_collection", True, 1.0),
    "collection without a polygon": (shapely.GeometryCollection([shapely.Point(105, 22)]), "boundary_not_polygon", False, 0),
    "line among polygons": (shapely.LineString([(105, 22), (105.1, 22), (105, 22)]), "boundary_not_polygon", False, 0),
    "point among polygons": (shapely.Point(105, 22), "boundary_not_polygon", False, 0),
    "empty": (Polygon(), "feature_without_shape", False, 0),
    "empty collection": (shapely.GeometryCollection(), "feature_without_shape", False, 0),
    "none": (None, "feature_without_shape", False, 0),
    "without area": (Polygon([(105, 22), (105.1, 22.1), (105, 22)]), "boundary_collapsed", False, 0),
    "all corners in one place": (Polygon([(105, 22)] * 4), "boundary_collapsed", False, 0),
    "smaller than a square metre": (box(105, 22, 105.000001, 22.000001), "boundary_collapsed", False, 0),
    "not a number": (broken(np.nan), "feature_out_of_range", False, 0),
    "infinite": (broken(np.inf), "feature_out_of_range", False, 0),
    "beyond the globe": (box(505.0, 22.0, 505.1, 22.1), "feature_out_of_range", False, 0),
    "metres among degrees": (box(507000, 2433000, 517000, 2444000), "feature_out_of_range", False, 0),
}  # fmt: skip


@pytest.mark.parametrize("way", SHAPES)
def test_ways_a_shape_is_wrong(way: str, tmp_path: Path) -> None:
    shape, code, kept, share = SHAPES[way]
    square_km2 = read(scene(), tmp_path)[0]["area_km2"][0]
    units, log = read(at(scene(), 1, shape), tmp_path)
    finding = one(log, code)
    assert finding.rows.tolist() == [1]
    assert (finding.kind.effect is Effect.ROW_DROPPED) is not kept
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(4, 4 if kept else 3)]
    assert units["row"].tolist() == ([1, 2, 3, 4] if kept else [2, 3, 4])
    assert units.geometry.is_valid.all()
    assert set(units.geom_type) <= {"Polygon", "MultiPolygon"}
    assert not units.geometry.has_z.any()
    if kept:
        assert units["area_km2"][0] == pytest.approx(share * square_km2, rel=0.002)


def test_repair_states_reason_place_and_both_areas(tmp_path: Path) -> None:
    came = one(read(at(scene(), 1, BOW_TIE), tmp_path)[1], "boundary_repaired").came[0]
    assert came.startswith("Self-intersection[105.05 22.05]; ")
    before, after = came.replace(",", ".").removesuffix(" km²").split("; ")[1].split(" → ")
    assert float(before) == pytest.approx(0, abs=0.1)
    assert float(after) == pytest.approx(57.1, abs=0.2)  # half of 0.1° by 0.1° at 22° N


def test_the_needle_is_shown_where_its_tip_is(tmp_path: Path) -> None:
    assert one(read(at(scene(), 1, NEEDLE), tmp_path)[1], "boundary_spike").came[0] == "104.95000, 22.15000"


def test_a_layer_that_runs_clockwise_throughout_is_no_fault(tmp_path: Path) -> None:
    turned = scene().set_geometry(scene().geometry.reverse())
    assert read(turned, tmp_path)[1].codes() == QUIET
    mixed = at(scene(), 3, scene().geometry[2].reverse())
    assert one(read(mixed, tmp_path)[1], "boundary_ring_order").rows.tolist() == [3]


def test_unclosed_rings_of_geojson_are_closed_and_stated(tmp_path: Path) -> None:
    scene().to_file(tmp_path / "communes.geojson", driver="GeoJSON")
    content = json.loads((tmp_path / "communes.geojson").read_text(encoding="utf-8"))
    content["features"][1]["geometry"]["coordinates"][0].pop()
    content["features"][2]["geometry"]["coordinates"][0] = [[105.0, 22.1]]
    path = tmp_path / "unclosed.geojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    units, log = read(path, tmp_path)
    assert one(log, "geometry_ring_closed").rows.tolist() == [2]
    assert one(log, "feature_without_shape").rows.tolist() == [3]
    assert units["row"].tolist() == [1, 2, 4]


# -- attributes ------------------------------------------------------------------------------------


def test_codes_that_lost_their_zeros(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), code=[911, 922, 933, 944], province_code=8), tmp_path)
    assert units["commune_code"].tolist() == ["00911", "00922", "00933", "00944"]
    assert units["province_code"].tolist() == ["08"] * 4
    restored = [f for f in log if f.kind.code == "code_zeros_restored"]
    assert {f.column for f in restored} == {"code", "province_code"}
    assert all(f.rows.tolist() == [1, 2, 3, 4] for f in restored)


def test_codes_read_as_decimals_because_one_is_missing(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), code=[911.0, np.nan, 933.0, 944.0]), tmp_path)
    assert units["commune_code"].tolist() == ["00911", "00933", "00944"]
    assert one(log, "required_value_missing").rows.tolist() == [2]


def test_codes_written_as_decimals_in_text(tmp_path: Path) -> None:
    units, _ = read(with_column(scene(), code=["911.0", "922.0", "933.0", "944.0"]), tmp_path)
    assert units["commune_code"].tolist() == ["00911", "00922", "00933", "00944"]


def test_codes_of_another_kind_are_kept_and_stated(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), code=["CH-001", "00922", "00933", "00944"]), tmp_path)
    assert one(log, "boundary_code_unusual").rows.tolist() == [1]
    assert "CH-001" in set(units["commune_code"])


def test_one_commune_in_several_rows_is_joined(tmp_path: Path) -> None:
    frame = with_column(scene(), code=["00911", "00911", "00933", "00944"], fullName=["Xã Một", "xa mot", "Phường Ba", "Xã Bốn"])
    units, log = read(frame, tmp_path)
    assert one(log, "boundary_parts_joined").rows.tolist() == [1, 2]
    assert len(units) == 3
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(4, 4)]
    assert units["area_km2"][0] == pytest.approx(2 * 114.2, rel=0.01)
    assert shapely.hausdorff_distance(units.geometry[0], box(105.0, 22.0, 105.2, 22.1)) < 1e-9


def test_the_same_commune_twice_is_used_once(tmp_path: Path) -> None:
    frame = at(with_column(scene(), code=["00911", "00911", "00933", "00944"]), 2, scene().geometry[0])
    units, log = read(frame, tmp_path)
    assert one(log, "boundary_duplicate").rows.tolist() == [2]
    assert units["row"].tolist() == [1, 3, 4]


def test_one_code_for_two_communes_is_an_error(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), code=["00911", "00911", "00933", "00944"]), tmp_path)
    assert one(log, "boundary_code_conflict").rows.tolist() == [2]
    assert log.has_errors
    assert units["row"].tolist() == [1, 3, 4]


def test_province_comes_by_name_where_there_is_no_code(tmp_path: Path) -> None:
    frame = scene().drop(columns="province_code").assign(**{"Tỉnh/TP": ["Tỉnh Tuyên Quang", "tuyen quang", "TUYÊN QUANG", "Tuyên Quang"]})
    units, log = read(frame, tmp_path)
    assert units["province_code"].tolist() == ["08"] * 4
    assert log.codes() == QUIET


def test_province_is_never_taken_from_the_commune_code(tmp_path: Path) -> None:
    frame = scene().drop(columns="province_code")
    units, log = read(frame, tmp_path, provinces=())
    assert units["province_code"].tolist() == [""] * 4
    assert one(log, "boundary_province_unknown").rows.tolist() == [1, 2, 3, 4]


def test_province_of_the_project_is_assumed_only_aloud(tmp_path: Path) -> None:
    units, log = read(scene().drop(columns="province_code"), tmp_path)
    assert one(log, "boundary_province_assumed").fields["province"] == "08"
    assert units["province_code"].tolist() == ["08"] * 4


def test_former_province_is_stated(tmp_path: Path) -> None:
    frame = scene().drop(columns="province_code").assign(province=["Tỉnh Hà Giang", *["Tỉnh Tuyên Quang"] * 3])
    units, log = read(frame, tmp_path)
    finding = one(log, "boundary_province_former")
    assert finding.rows.tolist() == [1]
    assert "Hà Giang" in finding.came[0]
    assert units["row"].tolist() == [1, 2, 3, 4]
    assert units["province_code"].tolist() == ["08"] * 4


def test_province_code_and_name_that_differ(tmp_path: Path) -> None:
    frame = with_column(scene(), province=["Tỉnh Lào Cai", *["Tỉnh Tuyên Quang"] * 3])
    units, log = read(frame, tmp_path)
    assert one(log, "boundary_province_differs").rows.tolist() == [1]
    assert units["province_name"].tolist() == ["Tỉnh Tuyên Quang"] * 4


def test_only_the_projects_provinces_are_used_and_the_rest_is_explained(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), province_code=["08", "08", "15", "15"]), tmp_path)
    finding = one(log, "boundary_not_of_project")
    assert finding.rows.tolist() == [3, 4]
    assert finding.came.tolist() == ["15 Phường Ba", "15 Xã Bốn"]
    assert units["row"].tolist() == [1, 2]
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(4, 2, 2)]


def test_a_file_of_another_province_is_refused(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), province_code="15"), tmp_path)
    assert "15" in one(log, "boundary_none_of_project").title.en
    assert units.empty
    assert log.has_errors
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(4, 0, 4)]


def test_a_layer_of_provinces_is_refused(tmp_path: Path) -> None:
    units, log = read(with_column(scene(), code=["01", "04", "08", "11"]), tmp_path)
    one(log, "boundary_provinces_layer")
    assert units.empty
    assert list(units.columns)[:5] == ["commune_code", "commune_name", "province_code", "province_name", "area_km2"]


def test_former_names_are_kept(tmp_path: Path) -> None:
    units, _ = read(with_column(scene(), merged_from=["Xã Cũ, Xã Cổ", "", None, ""]), tmp_path)
    assert units["former_names"].tolist() == ["Xã Cũ, Xã Cổ", "", "", ""]


@pytest.mark.parametrize(
    ("header", "factor"), [("areaKm2", 1), ("Diện tích (ha)", 100), ("Diện tích tự nhiên (km²)", 1), ("Diện tích (m2)", 1e6)]
)
def test_official_area_in_its_own_unit(header: str, factor: float, tmp_path: Path) -> None:
    areas = scene()["areaKm2"] * factor * [1.0, 1.04, 1.06, 0.9]
    frame = scene().drop(columns="areaKm2").assign(**{header: areas})
    finding = one(read(frame, tmp_path)[1], "boundary_area_differs")
    assert finding.rows.tolist() == [3, 4]
    assert finding.came[1].startswith("Xã Bốn (00944): ")
    assert "(+11,1 %)" in finding.came[1]


def test_an_official_area_of_nothing_is_not_compared(tmp_path: Path) -> None:
    assert read(with_column(scene(), areaKm2=[0, np.nan, *scene()["areaKm2"][2:]]), tmp_path)[1].codes() == QUIET


# -- files and headers -----------------------------------------------------------------------------

VIETNAMESE = {"code": "Mã xã", "fullName": "Tên xã, phường", "province_code": "Mã tỉnh", "areaKm2": "Diện tích (km2)"}


def test_vietnamese_headers(tmp_path: Path) -> None:
    units, log = read(scene().rename(columns=VIETNAMESE), tmp_path)
    assert log.codes() == QUIET
    assert units["commune_name"].tolist()[0] == "Xã Một"


@pytest.mark.filterwarnings("ignore:Column names longer than 10", "ignore:Normalized/laundered")
@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp", ".zip", ".parquet"])
def test_every_format_gives_the_same_communes(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"ranh giới{suffix}"
    headers = VIETNAMESE if suffix in {".gpkg", ".geojson"} else {}
    frame = scene().rename(columns=headers)
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".zip":
        frame.to_file(tmp_path / "communes.shp", encoding="utf-8")
        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted(tmp_path.glob("communes.*")):
                archive.write(part, part.name)
    else:
        frame.to_file(path, encoding="utf-8" if suffix == ".shp" else None)
    units, log = read(path, tmp_path)
    assert units["commune_code"].tolist() == ["00911", "00922", "00933", "00944"]
    assert units["commune_name"].tolist() == ["Xã Một", "Xã Hai", "Phường Ba", "Xã Bốn"]
    assert units["province_code"].tolist() == ["08"] * 4
    assert log.codes() <= QUIET | {"boundary_province_assumed"}


def test_the_communes_layer_of_several_is_found(tmp_path: Path) -> None:
    path = tmp_path / "all.gpkg"
    scene().to_file(path, layer="xa")
    gpd.GeoDataFrame({"ten_song": ["Lô"]}, geometry=[shapely.LineString([(105, 22), (105.1, 22)])], crs=4326).to_file(path, layer="song")
    units, log = read(path, tmp_path)
    assert len(units) == 4
    assert units["sheet"].unique().tolist() == ["xa"]
    assert one(log, "sheets_left_aside").came.tolist() == ["song"]


def test_a_table_without_shapes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "communes.csv"
    scene().drop(columns="geometry").to_csv(path, index=False)
    with pytest.raises(InputError, match="geometry"):
        read(path, tmp_path)


def test_a_layer_without_codes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="commune_code"):
        read(scene().drop(columns="code"), tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "no.parquet", tmp_path)


# -- coordinate systems ----------------------------------------------------------------------------


def moved(epsg: int, *, swapped: bool = False) -> gpd.GeoDataFrame:
    """The scene in another CRS, by the pinned operation."""

    def project(lonlat: np.ndarray) -> np.ndarray:
        xy = np.column_stack(from_wgs84(lonlat[:, 0], lonlat[:, 1], epsg))
        return xy[:, ::-1] if swapped else xy

    shapes = [shapely.transform(g, project) for g in scene().geometry]
    return scene().set_geometry(gpd.GeoSeries(shapes)).set_crs(epsg, allow_override=True)


@pytest.mark.parametrize("epsg", [9211, 3405, 4756, 32648])
def test_declared_systems_are_brought_to_wgs84(epsg: int, tmp_path: Path) -> None:
    frame = moved(epsg)
    units, log = read(frame, tmp_path)
    assert log.codes() == QUIET | {"layer_transformed"}
    assert shapely.hausdorff_distance(units.geometry.to_numpy(), scene().geometry.to_numpy()).max() < 5e-8  # 5 mm
    assert str(epsg) in one(log, "layer_transformed").fields["declared"]


def test_vn2000_degrees_are_not_taken_for_wgs84(tmp_path: Path) -> None:
    unmoved = scene().set_crs(4756, allow_override=True)
    units, _ = read(unmoved, tmp_path)
    shift = shapely.distance(shapely.centroid(units.geometry.to_numpy()), shapely.centroid(scene().geometry.to_numpy())) * 111_000
    assert (shift > 150).all()
    assert (shift < 250).all()


def test_the_project_file_has_the_last_word(tmp_path: Path) -> None:
    frame = moved(9211).set_crs(5897, allow_override=True)
    units, log = read(frame, tmp_path, crs="EPSG:9211")
    one(log, "layer_crs_replaced")
    assert shapely.hausdorff_distance(units.geometry.to_numpy(), scene().geometry.to_numpy()).max() < 5e-8


def test_no_system_is_refused(tmp_path: Path) -> None:
    units, log = read(scene().set_crs(None, allow_override=True), tmp_path)
    one(log, "crs_missing")
    assert units.empty
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(4, 0, 4)]
    units, _ = read(scene().set_crs(None, allow_override=True), tmp_path, crs="EPSG:4326")
    assert len(units) == 4


@pytest.mark.parametrize("epsg", [6956, 6957, 6958, 6959])
def test_withdrawn_systems_are_refused(epsg: int, tmp_path: Path) -> None:
    with pytest.raises(CrsError, match=rf"communes\.parquet.*EPSG:{epsg}"):
        read(scene(), tmp_path, crs=f"EPSG:{epsg}")


@pytest.mark.filterwarnings("ignore:You will likely lose important projection information")
def test_a_proj_string_without_datum_link_is_refused(tmp_path: Path) -> None:
    bare = "+proj=tmerc +lat_0=0 +lon_0=106 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m +no_defs"
    with pytest.raises(CrsError, match=r"communes\.parquet.*WGS 84"):
        read(moved(9211), tmp_path, crs=bare)
    with pytest.raises(CrsError, match=r"communes\.parquet.*WGS 84"):
        read(moved(9211).set_crs(bare, allow_override=True), tmp_path)


def test_a_system_that_puts_the_communes_elsewhere_is_refused(tmp_path: Path) -> None:
    for frame in (scene().set_crs(9211, allow_override=True), moved(9211).set_crs(4326, allow_override=True)):
        units, log = read(frame, tmp_path)
        one(log, "layer_crs_contradicted")
        assert units.empty
        assert log.counts[0].rows_dropped == 4


def exchanged(frame: gpd.GeoDataFrame, rows: list[int]) -> gpd.GeoDataFrame:
    for row in rows:
        frame = at(frame, row, shapely.transform(frame.geometry[row - 1], lambda xy: xy[:, ::-1]))
    return frame


def test_latitude_first_throughout_is_put_right_and_stated(tmp_path: Path) -> None:
    units, log = read(exchanged(scene(), [1, 2, 3, 4]), tmp_path)
    assert one(log, "layer_swapped").fields["count"] == "4"
    assert units.geometry.geom_equals(scene().geometry).all()


def test_northing_first_throughout_is_put_right_and_stated(tmp_path: Path) -> None:
    units, log = read(moved(9211, swapped=True), tmp_path)
    one(log, "layer_swapped")
    assert shapely.hausdorff_distance(units.geometry.to_numpy(), scene().geometry.to_numpy()).max() < 5e-8


def test_one_feature_with_latitude_first(tmp_path: Path) -> None:
    units, log = read(exchanged(scene(), [3]), tmp_path)
    assert one(log, "feature_swapped").rows.tolist() == [3]
    assert units.geometry.geom_equals(scene().geometry).all()


def test_a_commune_outside_viet_nam_is_stated(tmp_path: Path) -> None:
    units, log = read(at(scene(), 4, box(8.0, 46.0, 8.1, 46.1)), tmp_path)
    assert one(log, "feature_outside_frame").rows.tolist() == [4]
    assert len(units) == 4


def test_outside_viet_nam_there_is_no_such_frame(tmp_path: Path) -> None:
    frame = with_column(scene(), province_code="CH", areaKm2=np.nan)
    frame = frame.set_geometry(frame.geometry.translate(-97, 24))
    units, log = read(frame, tmp_path, provinces=())
    assert log.codes() == {"boundary_province_unknown"}
    assert len(units) == 4


# -- communes together -----------------------------------------------------------------------------


def test_overlap_is_measured_and_placed(tmp_path: Path) -> None:
    frame = at(scene(), 1, box(105.0, 22.0, 105.11, 22.1))
    _, log = read(frame.drop(columns="areaKm2"), tmp_path)
    finding = one(log, "boundary_overlaps")
    true_km2 = abs(GEOD.geometry_area_perimeter(box(105.1, 22.0, 105.11, 22.1))[0]) / 1e6
    assert float(finding.fields["area"]) == pytest.approx(true_km2, rel=1e-3)
    assert finding.fields["count"] == "1"
    assert finding.rows.tolist() == [1]
    assert "Xã Một (00911) × Xã Hai (00922)" in finding.came[0]
    lon, lat = map(float, finding.came[0].split("; ")[1].split(":")[0].split())
    assert box(105.1, 22.0, 105.11, 22.1).contains(shapely.Point(lon, lat))


def test_two_communes_with_one_shape_overlap_altogether(tmp_path: Path) -> None:
    _, log = read(at(scene(), 2, scene().geometry[0]).drop(columns="areaKm2"), tmp_path)
    assert float(one(log, "boundary_overlaps").fields["area"]) == pytest.approx(114.2, rel=0.01)


def test_a_commune_within_another_overlaps_it(tmp_path: Path) -> None:
    _, log = read(at(scene(), 2, box(105.04, 22.04, 105.06, 22.06)).drop(columns="areaKm2"), tmp_path)
    assert float(one(log, "boundary_overlaps").fields["area"]) == pytest.approx(4.57, rel=0.01)


def block(sliver_deg: float = 0.0, *, without: int | None = None) -> gpd.GeoDataFrame:
    """Nine squares, three by three; the middle one is narrower by ``sliver_deg`` or missing."""
    squares = [box(x / 10, y / 10, (x + 1) / 10, (y + 1) / 10) for y in range(220, 223) for x in range(1050, 1053)]
    squares[4] = box(105.1 + sliver_deg, 22.1, 105.2, 22.2)
    frame = gpd.GeoDataFrame(
        {"code": [f"009{i}1" for i in range(9)], "name": [f"Xã {i}" for i in range(9)], "province_code": "08"},
        geometry=squares,
        crs=4326,
    )
    return frame if without is None else frame.drop(index=without)


def test_sliver_between_communes_is_measured_and_placed(tmp_path: Path) -> None:
    _, log = read(block(0.0002), tmp_path)  # about 20 m wide
    finding = one(log, "boundary_gaps")
    true_km2 = abs(GEOD.geometry_area_perimeter(box(105.1, 22.1, 105.1002, 22.2))[0]) / 1e6
    assert float(finding.fields["area"]) == pytest.approx(true_km2, rel=2e-3)
    assert "Xã 3 (00931)" in finding.came[0]
    assert float(finding.came[0].split("; ")[1].replace(",", ".").removesuffix(" m")) == pytest.approx(20.6, rel=0.1)
    assert "Xã 4 (00941)" in finding.came[0]
    assert "105.1001" in finding.came[0]


def test_a_missing_commune_leaves_a_hole(tmp_path: Path) -> None:
    _, log = read(block(without=4), tmp_path)
    assert float(one(log, "boundary_holes").fields["area"]) == pytest.approx(114.1, rel=0.01)
    assert "boundary_gaps" not in log.codes()


def test_a_commune_beside_another_province_only(tmp_path: Path) -> None:
    frame = with_column(block(), province_code=["08"] * 3 + ["15"] * 6)
    frame.loc[8, "province_code"] = "08"
    _, log = read(frame, tmp_path)  # with the neighbours left aside
    assert one(log, "boundary_outside_province").came.tolist() == ["Xã 8 (00981)"]
    _, log = read(frame, tmp_path, provinces=())  # and with them
    assert one(log, "boundary_outside_province").rows.tolist() == [9]


def test_a_commune_far_from_all_others_of_its_province(tmp_path: Path) -> None:
    far = at(block(), 9, box(106.5, 21.0, 106.6, 21.1))
    assert one(read(far, tmp_path)[1], "boundary_outside_province").rows.tolist() == [9]
    near = at(block(), 9, box(105.4, 22.2, 105.5, 22.3))  # an island some 10 km off
    assert "boundary_outside_province" not in read(near, tmp_path)[1].codes()
    far.loc[8, "name"] = "Đặc khu Xa Khơi"
    assert "boundary_outside_province" not in read(far, tmp_path)[1].codes()


def country() -> gpd.GeoDataFrame:
    """3,321 made-up squares in 34 provinces with the true numbers of communes."""
    provinces = [e["code"] for e in load_toml("provinces.toml")["province"] for _ in range(e["communes"])]
    n = len(provinces)
    squares = [box(104 + 0.05 * (i % 60), 10 + 0.05 * (i // 60), 104.05 + 0.05 * (i % 60), 10.05 + 0.05 * (i // 60)) for i in range(n)]
    return gpd.GeoDataFrame(
        {"code": [f"{i:05d}" for i in range(100, 100 + n)], "name": [f"Xã {i}" for i in range(n)], "province_code": provinces},
        geometry=squares,
        crs=4326,
    )


def test_the_country_has_34_provinces_and_3321_communes(tmp_path: Path) -> None:
    frame = country()
    assert len(frame) == 3321
    assert "boundary_commune_count" not in read(frame, tmp_path, provinces=())[1].codes()
    lost = frame.drop(index=[0, 3000])
    finding = one(read(lost, tmp_path, provinces=())[1], "boundary_commune_count")
    assert finding.fields["differences"] == "01: 125 ≠ 126; 86: 123 ≠ 124"
    # counted although the project uses another province only
    assert one(read(lost, tmp_path)[1], "boundary_commune_count").fields["differences"].startswith("01: 125")


# -- provinces -------------------------------------------------------------------------------------


def test_provinces_are_joined_and_slivers_closed(tmp_path: Path) -> None:
    units, _ = read(block(0.0002), tmp_path)
    provinces = dissolve_provinces(units, sliver_width_m=50)
    sliver_km2 = abs(GEOD.geometry_area_perimeter(box(105.1, 22.1, 105.1002, 22.2))[0]) / 1e6
    assert provinces[["province_code", "province_name", "communes"]].to_numpy().tolist() == [["08", "Tỉnh Tuyên Quang", 9]]
    assert provinces["closed_km2"][0] == pytest.approx(sliver_km2, rel=2e-3)
    assert provinces["area_km2"][0] == pytest.approx(units["area_km2"].sum() + sliver_km2, rel=1e-6)
    assert shapely.hausdorff_distance(provinces.geometry[0], box(105.0, 22.0, 105.3, 22.3)) < 1e-9
    wide = dissolve_provinces(units, sliver_width_m=5)
    assert wide["closed_km2"][0] == 0
    assert len(wide.geometry[0].interiors) == 1


def test_provinces_keep_room_for_other_units(tmp_path: Path) -> None:
    units, _ = read(with_column(block(), province_code=["08"] * 4 + ["15"] + ["08"] * 4), tmp_path, provinces=())
    provinces = dissolve_provinces(units, sliver_width_m=50)
    assert provinces["province_code"].tolist() == ["08", "15"]
    assert provinces["communes"].tolist() == [8, 1]
    assert len(provinces.geometry[0].interiors) == 1


def test_provinces_need_degrees(tmp_path: Path) -> None:
    units, _ = read(block(), tmp_path)
    with pytest.raises(CrsError):
        dissolve_provinces(units.to_crs(3405), sliver_width_m=50)


rectangle = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h),
    st.integers(0, 12), st.integers(0, 12), st.integers(1, 6), st.integers(1, 6),
)  # fmt: skip


@given(st.lists(rectangle, min_size=2, max_size=7))
@settings(deadline=None, max_examples=150)
def test_overlaps_agree_with_every_pair(shapes: list[Polygon]) -> None:
    plane = np.array([shapely.transform(s, lambda xy: xy * 1000.0) for s in shapes], dtype=object)
    found = overlaps_between(plane, least_km2=1e-6)
    brute = {
        (i, j): plane[i].intersection(plane[j]).area / 1e6
        for i in range(len(plane)) for j in range(i + 1, len(plane))
        if plane[i].intersection(plane[j]).area > 0
    }  # fmt: skip
    assert dict(zip(found.units, found.area_km2, strict=True)) == pytest.approx(brute)
    assert list(found.area_km2) == sorted(found.area_km2, reverse=True)


@given(st.lists(rectangle, min_size=3, max_size=9))
@settings(deadline=None, max_examples=100)
def test_gaps_close_the_books_of_areas(shapes: list[Polygon]) -> None:
    plane = np.array([shapely.transform(s, lambda xy: xy * 1000.0) for s in shapes], dtype=object)
    gaps = gaps_between(plane, least_km2=1e-6)
    union = shapely.union_all(plane)
    outlines = shapely.union_all([Polygon(p.exterior) for p in shapely.get_parts(union)])
    filled = outlines.area - union.area
    # an outline inside the hole of another one is counted in that hole
    inside = sum(Polygon(p.exterior).area for p in shapely.get_parts(union) for q in shapely.get_parts(union)
                 for ring in q.interiors if Polygon(ring).contains(p))
    assert gaps.area_km2.sum() == pytest.approx((filled + inside) / 1e6)


@given(st.lists(rectangle, min_size=1, max_size=6))
@settings(deadline=None, max_examples=50)
def test_dissolving_loses_and_invents_nothing(shapes: list[Polygon]) -> None:
    placed = [shapely.transform(s, lambda xy: 105 + xy / 100 - [0, 83]) for s in shapes]
    units = gpd.GeoDataFrame({"province_code": "08", "province_name": "X"}, geometry=placed, crs=4326, index=range(len(placed)))
    result = dissolve_provinces(units, sliver_width_m=50)
    joined = shapely.union_all(shapes_to_plane(np.array(placed, dtype=object)))
    assert result["area_km2"][0] == pytest.approx(joined.area / 1e6 + result["closed_km2"][0], rel=1e-6)


@given(data=st.data())
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_refused_or_accounted_for(data: st.DataObject, tmp_path: Path) -> None:
    source = tmp_path / "good.geojson"
    if not source.exists():
        scene().to_file(source, driver="GeoJSON")
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    damaged = tmp_path / "damaged.geojson"
    damaged.write_bytes(bytes(content))
    refused: InputError | None = None
    try:
        units, log = read(damaged, tmp_path)
    except InputError as error:
        refused = error
    if refused is not None:
        assert refused.message.vi
        assert "damaged.geojson" in refused.message.en
    else:
        assert len(units) <= 4
        assert units.geometry.is_valid.all()
        assert all(c.rows_in == c.rows_used + c.rows_dropped for c in log.counts)


# -- the real files --------------------------------------------------------------------------------


def test_tuyen_quang_at_full_resolution(shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "data" / "vietnam" / "communes_tuyen_quang_full_resolution.parquet"
    units, log = read(path, tmp_path)
    assert len(units) == 124
    assert units["area_km2"].sum() == pytest.approx(13_795.5, rel=1e-4)  # the official total
    assert one(log, "boundary_area_differs").count == 3
    assert float(one(log, "boundary_overlaps").fields["area"]) == pytest.approx(0.0155, rel=0.01)
    province = dissolve_provinces(units, sliver_width_m=50)
    assert province["communes"].tolist() == [124]
    assert len(shapely.get_parts(province.geometry[0])) == 1


@pytest.mark.slow
def test_the_whole_country(shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "data" / "vietnam" / "communes.parquet"
    units, log = read(path, tmp_path, provinces=())
    assert len(units) == 3321
    assert units["province_code"].nunique() == 34
    assert one(log, "boundary_area_differs").count == 189
    assert float(one(log, "boundary_overlaps").fields["area"]) == pytest.approx(10.8, abs=0.1)
    assert log.codes() == {"columns_unused", "boundary_area_differs", "boundary_overlaps", "boundary_gaps", "boundary_holes"}
    provinces = dissolve_provinces(units, sliver_width_m=50)
    counts = {e["code"]: e["communes"] for e in load_toml("provinces.toml")["province"]}
    assert dict(zip(provinces["province_code"], provinces["communes"], strict=True)) == counts
    assert pd.Series(provinces["area_km2"]).sum() == pytest.approx(333_838, rel=1e-4)


def test_one_province_of_the_country(shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "data" / "vietnam" / "communes.parquet"
    units, log = read(path, tmp_path)
    assert len(units) == 124
    assert one(log, "boundary_not_of_project").count == 3197
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(3321, 124, 3197)]
