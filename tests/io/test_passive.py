"""Masts, service points, ducts, poles and hung cable: what is counted, what is kept without a place, what is stated. All data are made up."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo.crs import from_wgs84
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.operator_plans import read_operator_plans
from geo.io.passive import read_points, read_routes
from geo.io.planning_areas import read_public_land, read_restricted_areas
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.roads import read_power_lines
from geo.validation import Finding, IssueLog
from tests.made_up_area import PROVINCE, area

CONTEXT = PositionContext(area(), (PROVINCE,))
OPERATORS = operator_catalogue(
    [{"name": "Mạng A", "aliases": ["Mang A"], "mcc_mnc": ["999-01"]}, {"name": "Mạng B", "mcc_mnc": ["999-02"]}], operators=()
)


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def books(log: IssueLog) -> list[tuple[int, int]]:
    return [(c.rows_in, c.rows_used) for c in log.counts]


def table(kind: str, frame: pd.DataFrame, folder: Path, suffix: str = "csv", **options: object) -> tuple[pd.DataFrame, IssueLog]:
    path = folder / f"{kind}.{suffix}"
    if suffix == "xlsx":
        frame.to_excel(path, index=False, sheet_name=str(options.pop("sheet_name", "Sheet1")))
    else:
        frame.to_csv(path, index=False, sep=";")
    log = IssueLog(issue_catalogue())
    given = {"file": path.name, "options": TableOptions(**options), "context": CONTEXT, "catalogue": OPERATORS, "log": log}  # type: ignore[arg-type]
    if kind == "operator_plans":
        return read_operator_plans(path, bands=band_catalogue(), **given), log  # type: ignore[arg-type]
    return (read_points if kind in {"masts", "service_points"} else read_routes)(kind, path, **given), log  # type: ignore[arg-type]


def masts(**changes: object) -> pd.DataFrame:
    """Headers of the provincial system's layer "Cột ăng ten"."""
    frame = pd.DataFrame(
        {
            "STT": [1, 2, 3],
            "Mã cột": ["C001", "C002", "C003"],
            "Tên cột": ["Cột mẫu 1", "Cột mẫu 2", "Cột mẫu 3"],
            "Kinh độ": ["105,01234", "105,05678", "105,15432"],
            "Vĩ độ": ["21,71234", "21,75678", "21,74321"],
            "Đơn vị sử dụng": ["Mang A", "Mạng B", "Mạng A, Mạng B"],
            "Chủ sở hữu cột": ["Mạng A", "Công ty hạ tầng mẫu", ""],
            "Loại cột": ["A2b", "a2A", "Cột loại A1b"],
            "Kiểu cột": ["Dây co", "Tự đứng", ""],
            "Chiều cao cột (m)": ["42", "15,5", ""],
            "Khả năng dùng chung": ["Có", "Không", ""],
            "Các doanh nghiệp dùng chung": ["Mạng B", "", ""],
            "Số GCN kiểm định": ["12/GCN", "", ""],
            "Ngày cấp": ["01/03/2024", "", ""],
            "Hiệu lực đến": ["01/03/2027", "", ""],
        }
    )
    return frame.assign(**changes)


def test_masts_in_the_provincial_layout(tmp_path: Path) -> None:
    result, log = table("masts", masts(), tmp_path)
    assert log.codes() == {"columns_unused", "date_order_taken"}
    assert books(log) == [(3, 3)]
    assert result["users"].tolist() == ["Mạng A; Mạng B", "Mạng B", "Mạng A; Mạng B"]
    assert result["owner"].tolist() == ["Mạng A", "Công ty hạ tầng mẫu", ""]
    assert result["mast_class"].tolist() == ["A2b", "A2a", "A1b"]
    assert result["height_m"].tolist()[:2] == [42.0, 15.5]
    assert result["height_m"].isna().tolist() == [False, False, True]
    assert result["shareable"].tolist()[:2] == [True, False]
    assert pd.isna(result["shareable"][2])
    assert result["certificate_expiry"][0] == pd.Timestamp("2027-03-01")
    assert result["commune_code"].tolist() == ["99000", "99000", "99001"]
    assert not result["planned"].any()


def test_masts_in_metres_and_a_sheet_of_what_is_planned(tmp_path: Path) -> None:
    east, north = from_wgs84([105.01234, 105.05678, 105.15432], [21.71234, 21.75678, 21.74321], 9210)
    frame = masts().drop(columns=["Kinh độ", "Vĩ độ"]).assign(**{"Tọa độ X": north, "Tọa độ Y": east, "Mã xã": ["99000", "99000", "99001"]})
    result, log = table("masts", frame, tmp_path, "xlsx", sheet_name="QH_COTANTEN", crs="EPSG:9210")
    assert result["planned"].all()
    assert result["lon"].tolist() == pytest.approx([105.01234, 105.05678, 105.15432], abs=1e-6)
    assert books(log) == [(3, 3)]
    assert table("masts", frame, tmp_path, crs="EPSG:9210", extra={"planned": True})[0]["planned"].all()
    said = frame.assign(**{"Giai đoạn": ["Hiện trạng", "Quy hoạch", ""]})
    assert table("masts", said, tmp_path, crs="EPSG:9210")[0]["planned"].tolist() == [False, True, False]


def test_a_mast_without_coordinates_counts_in_the_commune_that_it_names(tmp_path: Path) -> None:
    frame = masts(**{"Kinh độ": ["105,01234", "", ""], "Vĩ độ": ["21,71234", "", ""], "Tên xã": ["", "Xã Đồng Mẫu 1", "Xã Không Có"]})
    result, log = table("masts", frame, tmp_path)
    assert result["commune_code"].tolist() == ["99000", "99001", ""]
    assert result["lon"].isna().tolist() == [False, True, True]
    assert one(log, "asset_without_position").rows.tolist() == [3, 4]
    assert one(log, "asset_nowhere").rows.tolist() == [4]
    assert books(log) == [(3, 3)]


def test_unknown_classes_are_not_guessed_and_wrong_dates_are_stated(tmp_path: Path) -> None:
    frame = masts(**{"Loại cột": ["A2b", "Cột to", ""], "Ngày cấp": ["01/03/2024", "", "05/05/2026"], "Hiệu lực đến": ["01/03/2023", "", "05/05/2028"]})
    result, log = table("masts", frame, tmp_path)
    assert result["mast_class"].tolist() == ["A2b", "", ""]
    assert one(log, "choice_unknown").rows.tolist() == [3]
    assert one(log, "asset_class_missing").rows.tolist() == [3, 4]
    assert one(log, "certificate_ends_before").rows.tolist() == [2]


def test_a_certificate_until_a_month_or_a_year_lasts_to_its_last_day(tmp_path: Path) -> None:
    result, _ = table("masts", masts(**{"Ngày cấp": ["2024", "", ""], "Hiệu lực đến": ["2027", "12/2027", "01/02/2028"]}), tmp_path)
    assert result["certificate_expiry"].tolist() == [pd.Timestamp("2027-12-31"), pd.Timestamp("2027-12-31"), pd.Timestamp("2028-02-01")]
    assert result["certificate_date"][0] == pd.Timestamp("2024-01-01")
    result, _ = table("masts", masts(**{"Hiệu lực đến": [2027, 2028, 2029]}), tmp_path, "xlsx")  # numbers
    assert result["certificate_expiry"].dt.strftime("%m-%d").tolist() == ["12-31"] * 3


def test_repeated_rows_are_read_once_and_the_books_hold(tmp_path: Path) -> None:
    frame = pd.concat([masts(), masts().iloc[[1]]], ignore_index=True)
    result, log = table("masts", frame, tmp_path)
    assert result["mast_id"].tolist() == ["C001", "C002", "C003"]
    assert one(log, "duplicate_row").rows.tolist() == [5]
    assert books(log) == [(4, 3)]


def test_service_points(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"TT": [1, 2], "Tên điểm": ["Điểm mẫu 1", "Điểm mẫu 2"], "Doanh nghiệp": ["Mạng A", "Mạng X"], "Loại điểm": ["Đ1", "Không có người phục vụ"],
         "Điện thoại": ["0912345678", ""], "Kinh độ": [105.012, 105.052], "Vĩ độ": [21.712, 21.752]}
    )  # fmt: skip
    result, log = table("service_points", frame, tmp_path)
    assert result["point_class"].tolist() == ["Đ1", "Đ2"]
    assert result["operator"].tolist() == ["Mạng A", "Mạng X"]
    assert one(log, "operator_unknown").rows.tolist() == [3]
    assert "phone" not in result.columns


def ducts(**changes: object) -> pd.DataFrame:
    """The layout of the provincial report grid of underground cable routes."""
    east, north = from_wgs84([105.01, 105.03, 105.11, 105.12], [21.71, 21.71, 21.74, 21.75], 9210)
    frame = pd.DataFrame(
        {
            "TT": [1, 2], "Tên tuyến": ["Tuyến mẫu 1", "Tuyến mẫu 2"], "Tên DN": ["Mạng A", "Mạng B"],
            "Điểm đầu": ["Ngã tư mẫu", "Cầu mẫu"], "X điểm đầu": north[[0, 2]], "Y điểm đầu": east[[0, 2]],
            "Xã phường điểm đầu": ["Xã Hoà Bình 0", "Xã Đồng Mẫu 1"],
            "Điểm cuối": ["Chợ mẫu", "Trường mẫu"], "X điểm cuối": north[[1, 3]], "Y điểm cuối": east[[1, 3]],
            "Các tuyến đường của tuyến cáp": ["Đường mẫu", "Phố mẫu"], "Chiều dài tuyến (Km)": ["2,3", ""],
            "Số lượng ống cáp": [4, 2], "Số lượng ống cáp đang sử dụng": [1, 3],
            "Loại công trình hạ tầng kỹ thuật (N1, N2)": ["N2", "N1"], "Dùng chung hạ tầng, phương thức ngầm": ["Cống bể", ""],
        }
    )  # fmt: skip
    return frame.assign(**changes)


def test_ducts_have_two_ends_and_a_length(tmp_path: Path) -> None:
    result, log = table("ducts", ducts(), tmp_path, "xlsx", crs="EPSG:9210")
    assert books(log) == [(2, 2)]
    assert result["work_class"].tolist() == ["N2", "N1"]
    assert result["end_lon"].tolist() == pytest.approx([105.03, 105.12], abs=1e-6)
    assert result["commune_code"].tolist() == ["99000", "99001"]
    assert result["length_basis"].tolist() == ["stated", "straight"]
    straight = pd.Series([105.11, 21.74, 105.12, 21.75])
    assert result["length_km"][0] == 2.3
    assert result["length_km"][1] == pytest.approx(1.515, abs=0.01), straight
    assert one(log, "route_length_straight").rows.tolist() == [3]
    assert one(log, "conduits_used_exceed").rows.tolist() == [3]
    assert result.geometry.geom_type.tolist() == ["LineString", "LineString"]


def test_a_length_below_the_straight_line_is_stated(tmp_path: Path) -> None:
    _, log = table("ducts", ducts(**{"Chiều dài tuyến (Km)": [1.2, 1.6]}), tmp_path, "xlsx", crs="EPSG:9210")
    assert one(log, "route_shorter_than_straight").rows.tolist() == [2]


def test_an_end_that_cannot_be_used_leaves_the_route(tmp_path: Path) -> None:
    frame = ducts()
    frame["X điểm cuối"] = frame["X điểm cuối"].astype(object)
    frame.loc[1, "X điểm cuối"] = "không rõ"
    result, log = table("ducts", frame, tmp_path, "xlsx", crs="EPSG:9210")
    assert len(result) == 2
    assert result["end_lon"].isna().tolist() == [False, True]
    assert result.geometry.geom_type.tolist() == ["LineString", "Point"]
    assert one(log, "route_end_unusable").rows.tolist() == [3]


def test_poles_and_cables_without_a_place_are_counted(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Tên tuyến": ["T1", "T2"], "Doanh nghiệp": ["Mạng A", "Mạng B"], "Loại cột treo cáp": ["C1", "C2"], "Số cột": [40, 12],
                          "Tên xã": ["Xã Hoà Bình 0", ""], "Chiều dài (km)": [1.5, 0.4]})  # fmt: skip
    result, log = table("poles", frame, tmp_path)
    assert result["poles"].tolist() == [40, 12]
    assert result["work_class"].tolist() == ["C1", "C2"]
    assert result["commune_code"].tolist() == ["99000", ""]
    assert one(log, "asset_without_position").rows.tolist() == []
    cables = frame.drop(columns=["Loại cột treo cáp", "Số cột"]).assign(**{"Số sợi cáp": [6, 3], "Chỉnh trang": ["Có", "Không"]})
    hung, log = table("cables", cables, tmp_path)
    assert hung["cables"].tolist() == [6, 3]
    assert hung["tidied"].tolist() == [True, False]
    assert books(log) == [(2, 2)]


def test_a_layer_of_ducts(tmp_path: Path) -> None:
    path = tmp_path / "ducts.geojson"
    lines = [shapely.LineString([(105.01, 21.71), (105.02, 21.72), (105.03, 21.71)]), shapely.box(105, 21.7, 105.1, 21.8)]
    gpd.GeoDataFrame({"ten_tuyen": ["L1", "L2"], "Ký hiệu": ["N1", "N1"]}, geometry=lines, crs=4326).to_file(path, driver="GeoJSON")
    log = IssueLog(issue_catalogue())
    result = read_routes("ducts", path, file=path.name, options=TableOptions(operator="Mạng A"), context=CONTEXT, catalogue=OPERATORS, log=log)
    assert result["operator"].tolist() == ["Mạng A"]
    assert result["length_basis"].tolist() == ["measured"]
    assert result["length_km"][0] == pytest.approx(3.03, abs=0.03)
    assert one(log, "route_not_line").rows.size == 1
    assert books(log) == [(2, 1)]


def plans(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "Mã đăng ký": ["D1", "D2", "D3", "D4"], "Doanh nghiệp": ["Mạng A", "Mạng B", "", "Mạng A"], "Năm": [2027, 2028, 2027, ""],
            "Hình thức": ["Xây mới", "Dùng chung", "Xây mới", "Sửa chữa"], "Kinh độ": [105.01, 105.05, 105.06, 105.15],
            "Vĩ độ": [21.71, 21.75, 21.75, 21.74], "Loại cột": ["A2b", "", "A2b", "A1a"], "Chiều cao cột (m)": [42, "", 36, 15],
            "Công nghệ": ["4G, 5G", "NR", "4G", ""],
        }
    )  # fmt: skip
    return frame.assign(**changes)


def test_registered_lines(tmp_path: Path) -> None:
    result, log = table("operator_plans", plans(), tmp_path, "xlsx")
    assert result["line_id"].tolist() == ["D1", "D2", "D4"]
    assert result["action"].tolist() == ["build", "share", ""]
    assert result["technologies"].tolist() == ["4G,5G", "5G", ""]
    assert result["year"].tolist()[:2] == [2027, 2028]
    assert result["commune_code"].tolist() == ["99000", "99000", "99001"]
    assert one(log, "plan_operator_missing").rows.tolist() == [4]
    assert one(log, "plan_action_missing").rows.tolist() == [5]
    assert one(log, "plan_year_missing").rows.tolist() == [5]
    assert one(log, "plan_technology_missing").rows.tolist() == [5]
    assert one(log, "choice_unknown").rows.tolist() == [5]
    assert books(log) == [(4, 3)]


def test_years_of_registered_lines_in_words_and_spans(tmp_path: Path) -> None:
    lines = plans(**{"Doanh nghiệp": "Mạng A", "Hình thức": "Xây mới", "Công nghệ": "4G", "Năm": ["Năm 2027", "2027-2028", "Quý III/2027", "sau 2028"]})
    result, log = table("operator_plans", lines, tmp_path, "xlsx")
    assert result["year"].tolist()[:3] == [2027, 2028, 2027]
    assert result["year"].isna().tolist() == [False, False, False, True]
    assert one(log, "year_span_last").rows.tolist() == [3]
    assert one(log, "year_unreadable").rows.tolist() == [5]
    assert books(log) == [(4, 4)]


def test_what_is_to_be_removed_needs_no_technology(tmp_path: Path) -> None:
    _, log = table("operator_plans", plans(**{"Hình thức": "Tháo dỡ", "Công nghệ": ""}), tmp_path, "xlsx")
    assert "plan_technology_missing" not in log.codes()


def areas(tmp_path: Path, reader, frame: gpd.GeoDataFrame, **options: object):
    path = tmp_path / "areas.geojson"
    frame.to_file(path, driver="GeoJSON")
    log = IssueLog(issue_catalogue())
    return reader(path, file=path.name, options=TableOptions(**options), context=CONTEXT, log=log), log  # type: ignore[arg-type]


def test_restricted_areas(tmp_path: Path) -> None:
    bow = shapely.Polygon([(105.0, 21.7), (105.02, 21.72), (105.02, 21.7), (105.0, 21.72)])
    box = shapely.box(105.0, 21.7, 105.02, 21.72)
    frame = gpd.GeoDataFrame(
        {"Tên khu vực": ["K1", "K2", "K3", "K4", "K5"], "Loại khu vực": ["Di tích", "Cấm", "", "", "Đô thị"],
         "Loại cột được phép": ["A1", "không", "A1a; A2b", "cột nhỏ", ""]},
        geometry=[bow, box, box, box, shapely.Point(105, 21.7)], crs=4326,
    )  # fmt: skip
    result, log = areas(tmp_path, read_restricted_areas, frame)
    assert result["area_kind"].tolist() == ["heritage", "no_mast", "", ""]
    assert result["allowed_classes"].tolist() == ["A1a,A1b", "none", "A1a,A2b", ""]
    assert result.geometry.is_valid.all()
    assert one(log, "area_shape_mended").rows.size == 1
    assert one(log, "area_classes_unreadable").rows.size == 1
    assert one(log, "area_kind_missing").rows.size == 1
    assert one(log, "area_not_polygon").rows.size == 1
    assert books(log) == [(5, 4)]


def test_public_land_and_power_lines(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"Tên khu đất": ["Đất 1", "Nhà 1"], "Loại": ["Đất công", "Trụ sở"]},
                             geometry=[shapely.box(105.0, 21.7, 105.02, 21.72), shapely.Point(105.05, 21.75)], crs=4326)  # fmt: skip
    result, log = areas(tmp_path, read_public_land, frame)
    assert result["land_kind"].tolist() == ["land", "building"]
    assert books(log) == [(2, 2)]
    lines = gpd.GeoDataFrame({"voltage": ["35 kV", "110000"]}, geometry=[shapely.LineString([(105, 21.7), (105.1, 21.8)])] * 2, crs=4326)
    power, log = areas(tmp_path, read_power_lines, lines)
    assert power["line_class"].tolist() == ["medium", "high"]
    assert power["line_id"].str.startswith("P").all()
    assert books(log) == [(2, 2)]


