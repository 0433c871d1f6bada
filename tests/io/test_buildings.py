"""Buildings: a point for each footprint, duplicates and strangers explained, a million rows in seconds. All made up."""

from __future__ import annotations

import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely import Point, Polygon, box

from geo.crs import from_wgs84
from geo.io.buildings import read_buildings
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.validation import Finding, IssueLog
from tests.made_up_area import PROVINCE, area

CONTEXT = PositionContext(area(), (PROVINCE,))
HOUSE = box(105.01, 21.71, 105.0101, 21.7101)
# a yard open to the south: its centroid lies in the yard, outside the building
YARD = Polygon([(105.15, 21.71), (105.1501, 21.71), (105.1501, 21.7109), (105.1509, 21.7109), (105.1509, 21.71), (105.151, 21.71), (105.151, 21.711), (105.15, 21.711)])


def buildings(shapes: list[shapely.Geometry | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"kind": "house"}, geometry=gpd.GeoSeries(shapes, crs=4326), index=range(len(shapes)))


def read(frame: gpd.GeoDataFrame | Path, folder: Path, **options: object) -> tuple[pd.DataFrame, IssueLog]:
    path = frame if isinstance(frame, Path) else folder / "buildings.parquet"
    if not isinstance(frame, Path):
        frame.to_parquet(path)
    log = IssueLog(issue_catalogue())
    return read_buildings(path, file=path.name, options=TableOptions(**options), context=CONTEXT, log=log), log  # type: ignore[arg-type]


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def booked(log: IssueLog) -> tuple[int, int, int]:
    (count,) = log.counts
    return count.rows_in, count.rows_used, count.rows_dropped


def test_footprints_become_points_inside_them(tmp_path: Path) -> None:
    result, log = read(buildings([HOUSE, YARD, shapely.MultiPolygon([HOUSE])]), tmp_path)
    assert result.columns.tolist() == ["lon", "lat", "building_kind", "footprint_m2", "commune_code", "file", "sheet", "row"]
    assert result["row"].tolist() == [1, 2]
    assert one(log, "building_twice").rows.tolist() == [3]
    assert (result["lon"][0], result["lat"][0]) == pytest.approx((105.01005, 21.71005))
    assert YARD.contains(Point(result["lon"][1], result["lat"][1]))
    assert not YARD.contains(YARD.centroid)
    true_m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(HOUSE)[0])
    assert result["footprint_m2"][0] == pytest.approx(true_m2, rel=1e-3)
    assert result["commune_code"].tolist() == ["99000", "99001"]
    assert result["building_kind"].tolist() == ["house", "house"]
    assert booked(log) == (3, 2, 1)


def test_points_stay_points(tmp_path: Path) -> None:
    result, log = read(buildings([Point(105.01, 21.71), Point(105.02, 21.72)]), tmp_path)
    assert result[["lon", "lat"]].to_numpy().tolist() == [[105.01, 21.71], [105.02, 21.72]]
    assert result["footprint_m2"].isna().all()
    assert booked(log) == (2, 2, 0)


def test_a_table_of_centres(tmp_path: Path) -> None:
    path = tmp_path / "buildings.csv"
    pd.DataFrame({"latitude": [21.71234, 21.72345], "longitude": [105.01234, 105.02345]}).to_csv(path, index=False)
    result, log = read(path, tmp_path)
    assert result["commune_code"].tolist() == ["99000", "99000"]
    assert result["building_kind"].tolist() == ["", ""]
    assert booked(log) == (2, 2, 0)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "building_no_place"),
        (Polygon(), "building_no_place"),
        (shapely.LineString([(105.01, 21.71), (105.02, 21.72)]), "building_no_place"),
        (box(105.7, 21.71, 105.7001, 21.7101), "place_not_of_project"),
        (box(109.7, 12.71, 109.7001, 12.7101), "position_outside"),
    ],
)
def test_ways_a_building_is_wrong(shape: shapely.Geometry | None, code: str, tmp_path: Path) -> None:
    result, log = read(buildings([HOUSE, shape, YARD]), tmp_path)
    assert one(log, code).rows.tolist() == [2]
    assert result["row"].tolist() == [1, 3]
    assert booked(log) == (3, 2, 1)


def test_footprints_in_the_provincial_zone(tmp_path: Path) -> None:
    moved = [shapely.transform(g, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], 9210))) for g in (HOUSE, YARD)]
    result, _ = read(buildings([None, None]).set_geometry(gpd.GeoSeries(moved)).set_crs(9210, allow_override=True), tmp_path)
    assert (result["lon"][0], result["lat"][0]) == pytest.approx((105.01005, 21.71005), abs=5e-8)


def test_no_system_is_refused(tmp_path: Path) -> None:
    result, log = read(buildings([HOUSE, YARD]).set_crs(None, allow_override=True), tmp_path)
    assert [f.kind.code for f in log].count("crs_missing") == 1
    assert result.empty
    assert booked(log) == (2, 0, 2)


@pytest.mark.slow
def test_a_million_footprints(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    n = 1_000_000
    lon, lat = rng.uniform(105.0, 105.6, n), rng.uniform(21.7, 22.3, n)
    frame = gpd.GeoDataFrame(geometry=shapely.box(lon, lat, lon + 1e-4, lat + 1e-4), crs=4326)
    frame.to_parquet(tmp_path / "buildings.parquet")
    start = time.perf_counter()
    result, log = read(tmp_path / "buildings.parquet", tmp_path)
    seconds = time.perf_counter() - start
    rows_in, used, dropped = booked(log)
    assert rows_in == n
    assert used + dropped == n
    assert len(result) > 0.999 * n - 2000
    assert seconds < 60
