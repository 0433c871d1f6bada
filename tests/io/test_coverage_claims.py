"""Operators' coverage claims: whose and of what, every shape that is wrong explained. All places are made up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from geo.crs import from_wgs84
from geo.errors import CrsError, InputError
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.coverage_claims import CLAIM_COLUMNS, read_coverage_claims, stated_level_dbm
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.polygons import area_km2
from geo.validation import Effect, Finding, IssueLog, Severity
from tests.bad_input.made_up_project import MadeUpProject
from tests.bad_input.made_up_project import read as read_project_inputs
from tests.made_up_area import PROVINCE, area

CONTEXT = PositionContext(area(), (PROVINCE,))
AS_OF = pd.Timestamp("2026-11-01")
SHAPES = [box(105.02, 21.72, 105.12, 21.82), box(105.2, 21.8, 105.3, 21.9), box(105.3, 22.0, 105.35, 22.05)]


def claims(**changes: object) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {"Nhà mạng": ["Viettel", "Viettel", "VNPT"], "Công nghệ": ["4G", "5G", "LTE"]}, geometry=SHAPES, crs=4326
    )
    return frame.assign(**changes)


def bare() -> gpd.GeoDataFrame:
    return claims().drop(columns=["Nhà mạng", "Công nghệ"])


def at(frame: gpd.GeoDataFrame, row: int, shape: shapely.Geometry | None) -> gpd.GeoDataFrame:
    shapes = frame.geometry.to_numpy(dtype=object).copy()
    shapes[row - 1] = shape
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def read(
    given: gpd.GeoDataFrame | Path, folder: Path, *, name: str = "claims.parquet", operators: tuple[str, ...] = (), **options: Any
) -> tuple[gpd.GeoDataFrame, IssueLog]:
    path = given if isinstance(given, Path) else folder / name
    if not isinstance(given, Path):
        given.to_parquet(path)
    extra = {k: options.pop(k) for k in ("technology", "use", "level_dbm", "date") if k in options}
    log = IssueLog(issue_catalogue())
    frame = read_coverage_claims(
        path, file=path.name, options=TableOptions(extra=extra, **options), context=CONTEXT,
        catalogue=operator_catalogue(operators=operators), bands=band_catalogue(), log=log, as_of=AS_OF,
    )  # fmt: skip
    assert tuple(frame.columns) == CLAIM_COLUMNS
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.is_valid.all()
    assert frame["claimed"].dtype == bool
    return frame, log


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


# -- whose and of what -----------------------------------------------------------------------------


def test_columns_say_whose_and_of_what(tmp_path: Path) -> None:
    frame, log = read(claims(), tmp_path)
    assert log.codes() == set()
    assert frame["operator"].tolist() == ["Viettel", "Viettel", "VinaPhone"]
    assert frame["technology"].tolist() == ["4G", "5G", "4G"]
    assert frame.geometry.geom_equals(gpd.GeoSeries(SHAPES, crs=4326)).all()
    assert frame["claimed"].all()
    assert frame["use"].tolist() == ["", "", ""]
    assert frame["level_dbm"].isna().all()
    assert frame["claim_date"].isna().all()
    assert frame["row"].tolist() == [1, 2, 3]
    assert [(c.kind, c.rows_in, c.rows_used) for c in log.counts] == [("coverage_claims", 3, 3)]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
def test_every_format(suffix: str, tmp_path: Path) -> None:
    frame = claims().rename(columns={"Nhà mạng": "operator", "Công nghệ": "tech"})
    frame.to_file(tmp_path / f"claims{suffix}", encoding="utf-8" if suffix == ".shp" else None)
    found, log = read(tmp_path / f"claims{suffix}", tmp_path)
    assert log.codes() == set()
    assert found["operator"].tolist() == ["Viettel", "Viettel", "VinaPhone"]
    np.testing.assert_allclose(area_km2(found.geometry.to_numpy()), area_km2(np.array(SHAPES, dtype=object)), rtol=1e-9)


def test_the_options_say_what_columns_do_not(tmp_path: Path) -> None:
    frame, log = read(bare(), tmp_path, operator="mobifone", technology="NR", use="indoor", level_dbm=-105, date=dt.date(2026, 6, 30))
    assert log.codes() == set()
    assert frame[["operator", "technology", "use"]].drop_duplicates().to_numpy().tolist() == [["MobiFone", "5G", "indoor"]]
    assert frame["level_dbm"].tolist() == [-105.0] * 3
    assert frame["claim_date"].tolist() == [pd.Timestamp("2026-06-30")] * 3
    given = claims(**{"Nhà mạng": ["Viettel", "", None], "Công nghệ": ["", "5G", None], "Ngày": ["01/02/2026", "", ""]})
    frame, log = read(given, tmp_path, operator="MobiFone", technology="3G", date="2026-06-30")
    assert frame["operator"].tolist() == ["Viettel", "MobiFone", "MobiFone"]  # a row's own word comes first
    assert frame["technology"].tolist() == ["3G", "5G", "3G"]
    assert frame["claim_date"].dt.strftime("%m-%d").tolist() == ["02-01", "06-30", "06-30"]


def test_a_claim_of_several_technologies_is_one_of_each(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Công nghệ": ["3G/4G", "5G", "4G"]}), tmp_path)
    assert list(zip(frame["row"], frame["technology"], strict=True)) == [(1, "3G"), (1, "4G"), (2, "5G"), (3, "4G")]
    assert frame.geometry.iloc[0].equals(frame.geometry.iloc[1])
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 3)]
    frame, _ = read(bare(), tmp_path, operator="Viettel", technology="3G,4G")
    assert frame["technology"].tolist() == ["3G", "4G"] * 3


@pytest.mark.parametrize(
    ("name", "operator", "technology"),
    [
        ("viettel_4G_2026", "Viettel", "4G"), ("Viettel4g", "Viettel", "4G"), ("vung-phu-VinaPhone-LTE", "VinaPhone", "4G"),
        ("MOBIFONE NR", "MobiFone", "5G"), ("Mạng A 3G", "Mạng A", "3G"),
    ],
)  # fmt: skip
def test_the_name_says_it_where_nothing_else_does(name: str, operator: str, technology: str, tmp_path: Path) -> None:
    frame, log = read(bare(), tmp_path, name=f"{name}.parquet", operators=("Viettel", "Mạng A"))
    assert set(frame["operator"]) == {operator}
    assert set(frame["technology"]) == {technology}
    found = [f for f in log if f.kind.code == "claim_from_name"]
    assert [f.fields["found"] for f in found] == [operator, technology]
    assert all(f.kind.severity is Severity.WARNING for f in found)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("claims_4G", "operator_missing"), ("viettel_vinaphone_4G", "operator_missing"), ("Viettel", "claim_technology_missing"),
        ("viettel_3G_4G", "claim_technology_missing"), ("viettel_2024", "claim_technology_missing"), ("Viettel SA", "claim_technology_missing"),
        ("viettel_24gio", "claim_technology_missing"), ("Unitel_4G", "operator_missing"),  # a foreign network claims nothing here
    ],
)  # fmt: skip
def test_a_name_that_is_not_clear_says_nothing(name: str, code: str, tmp_path: Path) -> None:
    frame, log = read(bare(), tmp_path, name=f"{name}.parquet")
    assert one(log, code).kind.effect is Effect.FILE_REFUSED
    assert frame.empty
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(3, 0, 3)]


def test_layers_name_theirs(tmp_path: Path) -> None:
    path = tmp_path / "Viettel.gpkg"
    for layer in ("phủ 4G", "phủ 5G", "VinaPhone 5G"):
        bare().to_file(path, layer=layer, driver="GPKG")
    frame, _ = read(path, tmp_path)
    pairs = frame[["sheet", "operator", "technology"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["phủ 4G", "Viettel", "4G"], ["phủ 5G", "Viettel", "5G"], ["VinaPhone 5G", "VinaPhone", "5G"]]


def test_a_name_that_says_otherwise_is_stated_and_the_row_counts(tmp_path: Path) -> None:
    frame, log = read(claims(), tmp_path, name="viettel_4G.parquet")
    assert frame["operator"].tolist() == ["Viettel", "Viettel", "VinaPhone"]
    found = {f.fields["found"]: f.rows.tolist() for f in log if f.kind.code == "claim_name_differs"}
    assert found == {"Viettel": [3], "4G": [2]}


def test_rows_that_do_not_say_are_dropped_with_their_reason(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Nhà mạng": ["Viettel", "", "VNPT"], "Công nghệ": ["4G", "4G", "vệ tinh"]}), tmp_path)
    assert one(log, "operator_blank").rows.tolist() == [2]
    assert one(log, "claim_technology_unclear").rows.tolist() == [3]
    assert one(log, "claim_technology_unclear").came.tolist() == ["vệ tinh"]
    assert frame["row"].tolist() == [1]
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 1)]


def test_a_technology_that_is_not_understood_is_not_replaced_by_the_option(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Công nghệ": ["", "vệ tinh", "4G/vệ tinh"]}), tmp_path, technology="3G")
    assert frame[["row", "technology"]].to_numpy().tolist() == [[1, "3G"]]
    assert one(log, "claim_technology_unclear").rows.tolist() == [2, 3]


def test_a_file_of_unreadable_technologies_is_refused_with_what_came(tmp_path: Path) -> None:
    _, log = read(claims(**{"Công nghệ": ["sóng", "sóng", "tốt"]}), tmp_path)
    assert one(log, "claim_technology_missing").came.tolist() == ["sóng, tốt"]


def test_operators_the_catalogue_lacks_keep_their_name_and_virtual_ones_ride(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Nhà mạng": ["Mạng Giả Định", "iTel", "45204"]}), tmp_path)
    assert frame["operator"].tolist() == ["Mạng Giả Định", "VinaPhone", "Viettel"]
    assert one(log, "operator_unknown").came.tolist() == ["Mạng Giả Định"]
    assert one(log, "claim_virtual_operator").rows.tolist() == [2]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"technology": "6G"}, "technology = '6G'"), ({"use": "trên mây"}, "use = 'trên mây'"), ({"level_dbm": -300}, "level_dbm = -300"),
        ({"level_dbm": "mạnh"}, "level_dbm = mạnh"), ({"level_dbm": True}, "level_dbm = True"), ({"date": "hôm qua"}, "date = 'hôm qua'"),
    ],
)  # fmt: skip
def test_options_that_are_not_understood(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(claims(), tmp_path, **options)
    assert says in caught.value.message.vi
    assert says in caught.value.message.en


# -- what is claimed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("≥ -105 dBm", -105), (">-105", -105), ("-105 ... -95", -105), ("-95 đến -105 dBm", -105), ("RSRP >= −110 dBm", -110), ("-97,5", -97.5),
        ("< -105", np.nan), ("dưới -105 dBm", np.nan), ("Tốt", np.nan), ("4G outdoor", np.nan), ("-5", np.nan), ("-1500", np.nan), ("-200", np.nan),
        ("105", np.nan), ("", np.nan),
    ],
)  # fmt: skip
def test_levels_in_words(text: str, level: float) -> None:
    assert stated_level_dbm(text, -140, -20) == pytest.approx(level, nan_ok=True)


def test_quality_and_level_are_kept(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Mức phủ": ["≥ -105 dBm", "Tốt", ""], "Môi trường": ["Ngoài trời", "Trong nhà", ""]}), tmp_path)
    assert frame["quality"].tolist() == ["≥ -105 dBm", "Tốt", ""]
    assert frame["level_dbm"].tolist()[0] == -105
    assert frame["level_dbm"].isna().tolist() == [False, True, True]
    assert frame["use"].tolist() == ["outdoor", "indoor", ""]
    assert one(log, "claim_level_from_quality").rows.tolist() == [1]
    frame, log = read(claims(**{"Mức thu": [-100, -300, None], "Mức phủ": ["-90", "-95", ""]}), tmp_path)
    assert frame["level_dbm"].tolist()[:2] == [-100, -95]  # its own column first
    assert one(log, "number_out_of_range").rows.tolist() == [2]
    assert one(log, "claim_level_from_quality").rows.tolist() == [2]
    _, log = read(claims(**{"Môi trường": ["Ngoài trời", "dưới hầm", ""]}), tmp_path)
    assert one(log, "choice_unknown").rows.tolist() == [2]


def test_a_polygon_that_says_there_is_no_coverage_is_no_claim(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Mức phủ": ["Tốt", "Không phủ sóng", "none"]}), tmp_path)
    assert frame["claimed"].tolist() == [True, False, False]
    assert frame["quality"].tolist() == ["Tốt", "Không phủ sóng", "none"]
    assert one(log, "claim_denied").rows.tolist() == [2, 3]
    frame, _ = read(claims(**{"Phủ sóng": ["Có", "Không", ""]}), tmp_path)
    assert frame["claimed"].tolist() == [True, False, True]
    frame, log = read(claims(**{"Mức phủ": ["1", "2", "0"]}), tmp_path)
    assert frame["claimed"].all()
    assert one(log, "claim_quality_codes").came.tolist() == ["0, 1, 2"]


def test_a_claim_of_a_later_date_is_a_plan(tmp_path: Path) -> None:
    frame, log = read(claims(**{"Ngày cập nhật": ["30/06/2026", "01/01/2027", "giữa năm"]}), tmp_path)
    assert one(log, "claim_in_future").rows.tolist() == [2]
    assert one(log, "claim_in_future").fields["date"] == "2026-11-01"
    assert one(log, "date_unreadable").rows.tolist() == [3]
    assert frame["row"].tolist() == [1, 3]
    assert frame["claim_date"].isna().tolist() == [False, True]


# -- shapes ----------------------------------------------------------------------------------------

BOW = Polygon([(105.0, 21.7), (105.1, 21.8), (105.1, 21.7), (105.0, 21.8)])
WAYS: dict[str, tuple[shapely.Geometry | None, str, int]] = {
    "line": (LineString([(105.01, 21.71), (105.02, 21.72)]), "claim_not_polygon", 0),
    "point": (Point(105.01, 21.71), "claim_not_polygon", 0),
    "collection without a polygon": (shapely.GeometryCollection([Point(105.01, 21.71)]), "claim_not_polygon", 0),
    "collection with a polygon": (shapely.GeometryCollection([SHAPES[0], Point(105.01, 21.71)]), "feature_collection", 1),
    "none": (None, "feature_without_shape", 0),
    "empty": (Polygon(), "feature_without_shape", 0),
    "heights": (shapely.force_3d(SHAPES[0], 300.0), "feature_height_ignored", 1),
    "crosses itself": (BOW, "claim_repaired", 1),
    "no area": (Polygon([(105.1, 21.7), (105.1, 21.8), (105.1, 21.9)]), "claim_collapsed", 0),
    "not a number": (shapely.transform(SHAPES[0], lambda xy: np.where(xy == 105.02, np.nan, xy)), "feature_out_of_range", 0),
    "metres among degrees": (box(507000, 2433000, 508000, 2434000), "feature_out_of_range", 0),
    "far away": (box(109.0, 12.0, 109.1, 12.1), "claim_outside_area", 0),
    "beside the area, within its frame widened": (box(104.9, 21.6, 104.99, 21.69), "claim_outside_area", 0),
    "latitude first": (shapely.transform(SHAPES[0], lambda xy: xy[:, ::-1]), "feature_swapped", 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_a_polygon_is_wrong(way: str, tmp_path: Path) -> None:
    shape, code, rows = WAYS[way]
    frame, log = read(at(claims(), 1, shape), tmp_path)
    finding = one(log, code)
    assert finding.rows.tolist() == [1]
    assert (finding.kind.effect is Effect.ROW_DROPPED) == (rows == 0)
    assert (frame["row"] == 1).sum() == rows
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 2 + rows)]
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert not frame.geometry.has_z.any()


def test_a_bow_tie_becomes_its_two_halves_and_both_areas_are_stated(tmp_path: Path) -> None:
    frame, log = read(at(claims(), 1, BOW), tmp_path)
    assert isinstance(frame.geometry.iloc[0], MultiPolygon)
    assert "→" in one(log, "claim_repaired").came[0]
    half = float(area_km2(np.array([box(105.0, 21.7, 105.1, 21.8)], dtype=object))[0]) / 2
    assert float(area_km2(frame.geometry.to_numpy()[:1])[0]) == pytest.approx(half, rel=1e-3)


def test_a_claim_larger_than_the_area_meets_it(tmp_path: Path) -> None:
    frame, log = read(at(claims(), 1, box(104.0, 20.0, 107.0, 23.0)), tmp_path)
    assert log.codes() == set()
    assert len(frame) == 3


def test_the_provincial_zone_is_brought_to_wgs84(tmp_path: Path) -> None:
    shapes = [shapely.transform(g, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], 9210))) for g in SHAPES]
    frame, log = read(claims().set_geometry(gpd.GeoSeries(shapes)).set_crs(9210, allow_override=True), tmp_path)
    one(log, "layer_transformed")
    assert shapely.hausdorff_distance(frame.geometry.to_numpy(), np.array(SHAPES, dtype=object)).max() < 5e-8


def test_systems_that_cannot_be(tmp_path: Path) -> None:
    frame, log = read(claims().set_crs(None, allow_override=True), tmp_path)
    assert one(log, "crs_missing").kind.effect is Effect.FILE_REFUSED
    assert frame.empty
    assert log.counts[0].rows_dropped == 3
    frame, _ = read(claims().set_crs(None, allow_override=True), tmp_path, crs="EPSG:4326")
    assert len(frame) == 3
    frame, log = read(claims().set_crs(3405, allow_override=True), tmp_path)
    one(log, "layer_crs_contradicted")
    assert frame.empty
    with pytest.raises(CrsError, match=r"claims\.parquet"):
        read(claims(), tmp_path, crs="EPSG:6956")


def test_a_table_is_no_claim(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    claims().drop(columns="geometry").to_csv(path, index=False)
    with pytest.raises(InputError, match="geometry"):
        read(path, tmp_path)


def test_nothing_left_is_an_empty_frame_with_all_columns(tmp_path: Path) -> None:
    far = claims().set_geometry(gpd.GeoSeries([box(109.0, 12.0, 109.1, 12.1)] * 3, crs=4326))
    frame, log = read(far, tmp_path)
    assert frame.empty
    assert one(log, "claim_outside_area").rows.tolist() == [1, 2, 3]
    frame, log = read(claims().iloc[:0], tmp_path)
    assert frame.empty
    one(log, "table_without_rows")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([*WAYS.values(), (SHAPES[0], "", 1)]), min_size=1, max_size=6), st.data())
def test_books_balance_whatever_comes(tmp_path_factory: pytest.TempPathFactory, ways: list[Any], data: st.DataObject) -> None:
    n = len(ways)
    operator = data.draw(st.lists(st.sampled_from(["Viettel", "", None, "iTel", "x"]), min_size=n, max_size=n))
    technology = data.draw(st.lists(st.sampled_from(["4G", "3G, 4G", "", "?", "sóng"]), min_size=n, max_size=n))
    given = gpd.GeoDataFrame(
        {"operator": pd.Series(operator, dtype=object), "technology": technology, "Ghi chú": "x"},
        geometry=gpd.GeoSeries([w[0] for w in ways], crs=4326), crs=4326,
    )  # fmt: skip
    frame, log = read(given, tmp_path_factory.mktemp("claims"))  # closing the books raises on a difference
    assert [c.rows_in for c in log.counts] == [n]
    named = {r for f in log if f.kind.effect is Effect.ROW_DROPPED for r in f.rows.tolist()}
    refused = any(f.kind.effect is Effect.FILE_REFUSED for f in log)
    assert set(frame["row"]) == (set() if refused else set(range(1, n + 1)) - named)
    assert (frame["operator"] != "").all()
    assert frame["technology"].isin(["2G", "3G", "4G", "5G"]).all()


# -- through the project file ----------------------------------------------------------------------


def test_a_project_names_its_claims(tmp_path: Path) -> None:
    project = MadeUpProject(tmp_path / "project")
    bare().to_file(project.folder / "a.gpkg", driver="GPKG")
    claims().to_file(project.folder / "b.geojson")
    project.inputs["coverage_claims"] = [
        {"path": "a.gpkg", "operator": "Viettel", "technology": "4G", "level_dbm": -110, "use": "outdoor", "date": "2026-06-30"},
        "b.geojson",
    ]
    inputs, log, _ = read_project_inputs(project.save())
    found = inputs.coverage_claims
    assert found is not None
    assert isinstance(found, gpd.GeoDataFrame)
    assert found["file"].tolist() == ["a.gpkg"] * 3 + ["b.geojson"] * 3
    assert found["level_dbm"].iloc[:3].tolist() == [-110.0] * 3
    assert found["claim_date"].iloc[0] == pd.Timestamp("2026-06-30")
    assert log.codes() <= {"terrain_missing", "settlements_missing", "population_missing"}


def test_a_claim_that_cannot_be_used_stops_the_run_and_the_rest_is_still_read(tmp_path: Path) -> None:
    project = MadeUpProject(tmp_path / "project")
    bare().set_crs(None, allow_override=True).to_parquet(project.folder / "a.parquet")
    claims().to_file(project.folder / "b.geojson")
    project.inputs["coverage_claims"] = [{"path": "a.parquet", "operator": "Viettel", "technology": "4G"}, "b.geojson"]
    inputs, log, _ = read_project_inputs(project.save())
    assert log.has_errors
    assert one(log, "crs_missing").source.file == "a.parquet"
    assert inputs.coverage_claims is not None
    assert set(inputs.coverage_claims["file"]) == {"b.geojson"}
    project.inputs["coverage_claims"] = {"path": "b.geojson", "tecnology": "4G"}
    inputs, log, _ = read_project_inputs(project.save())
    assert "technology" in one(log, "file_unreadable").title.en  # the option that is meant is named
    assert inputs.coverage_claims is None
