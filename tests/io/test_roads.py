"""Roads: lines of any format, what is no line explained. All places are made up."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiLineString, Point, box

from geo.crs import from_wgs84
from geo.errors import CrsError, InputError
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.roads import read_roads, read_streets
from geo.validation import Effect, Finding, IssueLog
from tests.made_up_area import PROVINCE, SOUTH, WEST, area

CONTEXT = PositionContext(area(), (PROVINCE,))
LINES = [
    LineString([(105.01, 21.71), (105.12, 21.75), (105.2, 21.8)]),
    LineString([(105.3, 21.9), (105.35, 21.95)]),
    LineString([(105.4, 22.0), (105.5, 22.1)]),
]

#: What ranks a street, where its row tells it.
TOLD = ("centre_street", "upgraded", "heritage", "road_works", "works_year")


def roads(**changes: object) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {"Mã tuyến": ["D1", "D2", "D3"], "Tên đường": ["Quốc lộ Mẫu 1", "Đường Mẫu 2", ""], "Cấp đường": ["Quốc lộ", "Đường xã", "Đường thôn"]},
        geometry=LINES,
        crs=4326,
    )
    return frame.assign(**changes)


def at(frame: gpd.GeoDataFrame, row: int, shape: shapely.Geometry | None) -> gpd.GeoDataFrame:
    shapes = frame.geometry.to_numpy(dtype=object).copy()
    shapes[row - 1] = shape
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def read(frame: gpd.GeoDataFrame | Path, folder: Path, **options: object) -> tuple[gpd.GeoDataFrame, IssueLog]:
    path = frame if isinstance(frame, Path) else folder / "roads.parquet"
    if not isinstance(frame, Path):
        frame.to_parquet(path)
    log = IssueLog(issue_catalogue())
    return read_roads(path, file=path.name, options=TableOptions(**options), context=CONTEXT, log=log), log  # type: ignore[arg-type]


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def test_lines_with_their_class(tmp_path: Path) -> None:
    result, log = read(roads(), tmp_path)
    assert log.codes() == set()
    assert result.columns.tolist() == ["road_id", "road_name", "road_class", *TOLD, "geometry", "file", "sheet", "row"]
    assert result[list(TOLD)].isna().all(axis=None), "what no column says is not known"
    assert result["road_class"].tolist() == ["national", "commune", "village"]
    assert result.geometry.geom_equals(gpd.GeoSeries(LINES, crs=4326)).all()
    assert result.crs.to_epsg() == 4326
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 3)]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
def test_every_format(suffix: str, tmp_path: Path) -> None:
    frame = roads().rename(columns={"Mã tuyến": "road_id", "Tên đường": "name", "Cấp đường": "highway"})
    frame.to_file(tmp_path / f"roads{suffix}", encoding="utf-8" if suffix == ".shp" else None)
    result, _ = read(tmp_path / f"roads{suffix}", tmp_path)
    assert result["road_class"].tolist() == ["national", "commune", "village"]
    assert result["road_name"].tolist() == ["Quốc lộ Mẫu 1", "Đường Mẫu 2", ""]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("motorway", "expressway"), ("primary", "national"), ("Tỉnh lộ", "provincial"), ("huyen lo", "district"),
     ("unclassified", "commune"), ("track", "village"), ("ĐT", "provincial"), ("Đường mòn", "path"), ("national", "national")],
)  # fmt: skip
def test_classes_by_their_names(said: str, kept: str, tmp_path: Path) -> None:
    assert read(roads(**{"Cấp đường": said}), tmp_path)[0]["road_class"].tolist() == [kept] * 3


def test_a_class_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    result, log = read(roads(**{"Cấp đường": ["Quốc lộ", "đường sắt", ""]}), tmp_path)
    assert result["road_class"].tolist() == ["national", "", ""]
    assert one(log, "choice_unknown").rows.tolist() == [2]


SHAPES: dict[str, tuple[shapely.Geometry | None, str, int]] = {
    "polygon": (box(105.01, 21.71, 105.02, 21.72), "road_not_line", 0),
    "point": (Point(105.01, 21.71), "road_not_line", 0),
    "collection without a line": (shapely.GeometryCollection([Point(105.01, 21.71)]), "road_not_line", 0),
    "collection with a line": (shapely.GeometryCollection([LINES[0], Point(105.01, 21.71)]), "feature_collection", 1),
    "none": (None, "feature_without_shape", 0),
    "empty": (LineString(), "feature_without_shape", 0),
    "one point twice": (LineString([(105.01, 21.71), (105.01, 21.71)]), "road_without_length", 0),
    "heights": (shapely.force_3d(LINES[0], 300.0), "feature_height_ignored", 1),
    "not a number": (shapely.transform(LINES[0], lambda xy: np.where(xy == 105.12, np.nan, xy)), "feature_out_of_range", 0),
    "metres among degrees": (LineString([(507000, 2433000), (508000, 2434000)]), "feature_out_of_range", 0),
    "far away": (LineString([(109.0, 12.0), (109.1, 12.1)]), "road_outside_area", 0),
    "latitude first": (shapely.transform(LINES[0], lambda xy: xy[:, ::-1]), "feature_swapped", 1),
}


@pytest.mark.parametrize("way", SHAPES)
def test_ways_a_line_is_wrong(way: str, tmp_path: Path) -> None:
    shape, code, lines = SHAPES[way]
    result, log = read(at(roads(), 1, shape), tmp_path)
    finding = one(log, code)
    assert finding.rows.tolist() == [1]
    assert (finding.kind.effect is Effect.ROW_DROPPED) == (lines == 0)
    assert (result["row"] == 1).sum() == lines
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 2 + lines)]
    assert set(result.geom_type) == {"LineString"}
    assert not result.geometry.has_z.any()


def test_a_feature_of_several_lines_keeps_one_id(tmp_path: Path) -> None:
    result, log = read(at(roads(), 2, MultiLineString([LINES[0], LINES[1]])), tmp_path)
    assert result["road_id"].tolist() == ["D1", "D2", "D2", "D3"]
    assert result["row"].tolist() == [1, 2, 2, 3]
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 3)]


def test_the_whole_layer_with_latitude_first(tmp_path: Path) -> None:
    frame = roads().set_geometry(gpd.GeoSeries([shapely.transform(g, lambda xy: xy[:, ::-1]) for g in LINES], crs=4326))
    result, log = read(frame, tmp_path)
    one(log, "layer_swapped")
    assert result.geometry.geom_equals(gpd.GeoSeries(LINES, crs=4326)).all()


def test_the_provincial_zone_is_brought_to_wgs84(tmp_path: Path) -> None:
    shapes = [shapely.transform(g, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], 9210))) for g in LINES]
    result, log = read(roads().set_geometry(gpd.GeoSeries(shapes)).set_crs(9210, allow_override=True), tmp_path)
    one(log, "layer_transformed")
    assert shapely.hausdorff_distance(result.geometry.to_numpy(), np.array(LINES, dtype=object)).max() < 5e-8


def test_systems_that_cannot_be(tmp_path: Path) -> None:
    result, log = read(roads().set_crs(None, allow_override=True), tmp_path)
    one(log, "crs_missing")
    assert result.empty
    assert log.counts[0].rows_dropped == 3
    result, log = read(roads().set_crs(3405, allow_override=True), tmp_path)
    one(log, "layer_crs_contradicted")
    assert result.empty
    with pytest.raises(CrsError, match=r"roads\.parquet"):
        read(roads(), tmp_path, crs="EPSG:6956")


def test_ids_are_made_from_the_line(tmp_path: Path) -> None:
    frame = roads().drop(columns="Mã tuyến")
    result, log = read(frame, tmp_path)
    one(log, "road_id_made")
    assert result["road_id"].is_unique
    again, _ = read(frame.iloc[::-1], tmp_path)
    assert again["road_id"].tolist() == result["road_id"].tolist()[::-1]


def test_a_table_is_no_road_layer(tmp_path: Path) -> None:
    path = tmp_path / "roads.csv"
    roads().drop(columns="geometry").to_csv(path, index=False)
    with pytest.raises(InputError, match="geometry"):
        read(path, tmp_path)


# -- streets as a table of their ends ----------------------------------------------------------------


def streets(folder: Path, rows: list[tuple[object, ...]]) -> tuple[gpd.GeoDataFrame, IssueLog]:
    columns = ["Mã đường", "Tên đường, phố", "Kinh độ điểm đầu", "Vĩ độ điểm đầu", "Kinh độ điểm cuối", "Vĩ độ điểm cuối", "Phố trung tâm"]
    path = folder / "duong_pho.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    log = IssueLog(issue_catalogue())
    return read_streets(path, file=path.name, options=TableOptions(), context=CONTEXT, log=log), log


def test_a_street_of_a_table_is_straight_between_its_ends_and_says_so(tmp_path: Path) -> None:
    """Two pieces of a street that bends; one without an end and one of no length are no streets."""
    x, y = WEST + 0.02, SOUTH + 0.02
    rows = [
        ("P1", "Phố Mẫu", x, y, x + 0.01, y, "Có"), ("P1", "Phố Mẫu", x + 0.01, y, x + 0.01, y + 0.01, "Có"), ("P2", "Phố Hai", x, y, "", "", ""),
        ("P3", "Phố Ba", x, y, x, y, ""),
    ]  # fmt: skip
    found, log = streets(tmp_path, rows)
    corners = [[x, y, x + 0.01, y], [x + 0.01, y, x + 0.01, y + 0.01]]
    np.testing.assert_allclose([shapely.get_coordinates(line).ravel() for line in found.geometry], corners, atol=1e-9)
    assert found["road_id"].tolist() == ["P1", "P1"]
    assert found["centre_street"].tolist() == [True, True]
    assert list(found.columns) == list(read(roads(), tmp_path)[0].columns)
    (dropped,) = [f for f in log if f.kind.code == "street_without_ends"]
    assert dropped.rows.tolist() == [4, 5]
    assert "street_straight" in log.codes()


def test_a_layer_of_streets_is_read_as_roads_are(tmp_path: Path) -> None:
    path = tmp_path / "streets.parquet"
    roads().to_parquet(path)
    log = IssueLog(issue_catalogue())
    found = read_streets(path, file=path.name, options=TableOptions(), context=CONTEXT, log=log)
    assert found.drop(columns="file").equals(read(roads(), tmp_path)[0].drop(columns="file"))
    assert "street_straight" not in log.codes()
