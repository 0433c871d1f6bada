"""Villages: Vietnamese lists, positions before names, ids that stay, and every doubt stated. All places are made up."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.areas import AreaIndex
from geo.crs import from_wgs84
from geo.errors import InputError
from geo.io.boundaries import read_boundaries
from geo.io.places import give_ids
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.settlements import read_settlements
from geo.validation import Finding, IssueLog
from tests.made_up_area import PROVINCE, area

CONTEXT = PositionContext(area(), (PROVINCE,))
COLUMNS = [
    "village_id", "village_name", "commune_code", "lon", "lat", "point_kind", "households", "population", "grid_power",
    "difficult_area", "file", "sheet", "row",
]  # fmt: skip


def villages(**changes: object) -> pd.DataFrame:
    """Four villages in the first commune (99000) and the two beside it."""
    frame = pd.DataFrame(
        {
            "Mã thôn": ["T1", "T2", "T3", "T4"],
            "Tên thôn, bản": ["Thôn Một", "Bản Hai", "Thôn Ba", "Bản Bốn"],
            "Mã xã": ["99000", "99000", "99001", "99002"],
            "Kinh độ": [105.01234, 105.05678, 105.15432, 105.23456],
            "Vĩ độ": [21.71234, 21.75678, 21.74321, 21.76543],
            "Loại điểm": ["Nhà văn hóa", "Trung tâm", "NVH", "trung tam"],
            "Số hộ": ["120", "45", "80", "33"],
            "Số khẩu": ["480", "190", "300", "140"],
            "Có điện lưới": ["Có", "Không", "x", "chưa có"],
            "Đặc biệt khó khăn": ["Không", "Có", "0", "1"],
        }
    )
    return frame.assign(**changes)


def read(
    frame: pd.DataFrame | Path, folder: Path, *, context: PositionContext = CONTEXT, **options: object
) -> tuple[pd.DataFrame, IssueLog]:
    path = frame if isinstance(frame, Path) else folder / "villages.csv"
    if not isinstance(frame, Path):
        frame.to_csv(path, index=False)
    log = IssueLog(issue_catalogue())
    result = read_settlements(path, file=path.name, options=TableOptions(**options), context=context, log=log)  # type: ignore[arg-type]
    return result, log


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def booked(log: IssueLog) -> tuple[int, int, int]:
    (count,) = log.counts
    return count.rows_in, count.rows_used, count.rows_dropped


def test_a_list_as_an_office_writes_it(tmp_path: Path) -> None:
    result, log = read(villages(), tmp_path)
    assert log.codes() == set()
    assert list(result.columns) == COLUMNS
    assert result["village_id"].tolist() == ["T1", "T2", "T3", "T4"]
    assert result["commune_code"].tolist() == ["99000", "99000", "99001", "99002"]
    assert result["point_kind"].tolist() == ["culture_house", "centroid", "culture_house", "centroid"]
    assert result["households"].tolist() == [120, 45, 80, 33]
    assert result["grid_power"].tolist() == [True, False, True, False]
    assert result["difficult_area"].tolist() == [False, True, False, True]
    assert result["row"].tolist() == [2, 3, 4, 5]
    assert booked(log) == (4, 4, 0)


def test_a_workbook_with_titles_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "thôn.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        villages().to_excel(book, sheet_name="Thôn", startrow=2, index=False)
        book.sheets["Thôn"].write(0, 0, "DANH SÁCH THÔN, BẢN (DỮ LIỆU GIẢ ĐỊNH)")
        pd.DataFrame({"Ghi chú": ["không phải bảng"]}).to_excel(book, sheet_name="Ghi chú", index=False)
    result, log = read(path, tmp_path)
    assert result["row"].tolist() == [4, 5, 6, 7]
    assert result["sheet"].unique().tolist() == ["Thôn"]
    assert one(log, "sheets_left_aside").came.tolist() == ["Ghi chú"]


def test_points_of_a_layer_in_the_provincial_zone(tmp_path: Path) -> None:
    frame = villages()
    x, y = from_wgs84(frame["Kinh độ"], frame["Vĩ độ"], 9210)
    layer = gpd.GeoDataFrame(frame.drop(columns=["Kinh độ", "Vĩ độ"]), geometry=shapely.points(x, y), crs=9210)
    layer.to_file(tmp_path / "villages.gpkg")
    result, _ = read(tmp_path / "villages.gpkg", tmp_path)
    np.testing.assert_allclose(result[["lon", "lat"]], frame[["Kinh độ", "Vĩ độ"]], atol=5e-8)
    assert result["commune_code"].tolist() == ["99000", "99000", "99001", "99002"]


def test_a_list_without_positions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lon"):
        read(villages().drop(columns=["Kinh độ", "Vĩ độ"]), tmp_path)


# -- places ----------------------------------------------------------------------------------------


def test_position_decides_the_commune_and_the_list_is_told(tmp_path: Path) -> None:
    result, log = read(villages(**{"Mã xã": ["99000", "99001", "99001", "99002"]}), tmp_path)
    finding = one(log, "commune_mismatch")
    assert finding.rows.tolist() == [3]
    assert result["commune_code"].tolist() == ["99000", "99000", "99001", "99002"]


def test_a_point_outside_all_communes_keeps_the_code_its_row_names(tmp_path: Path) -> None:
    west = villages(**{"Kinh độ": [104.98765, 105.05678, 105.15432, 105.23456]})
    result, log = read(west, tmp_path)
    assert one(log, "place_outside_communes").rows.tolist() == [2]
    assert result["commune_code"].tolist() == ["99000", "99000", "99001", "99002"]
    assert booked(log) == (4, 4, 0)


def test_a_name_alone_joins_nothing(tmp_path: Path) -> None:
    west = villages(**{"Kinh độ": [104.98765, 105.05678, 105.15432, 105.23456]}).drop(columns="Mã xã")
    west["Tên xã"] = ["Xã Hòa Bình 0", "Xã Hoà Bình 0", "Xã Đồng Mẫu 1", "xuan mau 2"]
    result, log = read(west, tmp_path)
    assert one(log, "place_outside_communes").came.tolist() == ["Xã Hòa Bình 0"]
    assert result["commune_code"].tolist() == ["", "99000", "99001", "99002"]
    assert "commune_mismatch" in log.codes()  # the point that lies in none


def test_a_point_outside_that_names_no_commune_of_ours_is_left_aside(tmp_path: Path) -> None:
    west = villages(**{"Kinh độ": [104.98765, 105.05678, 105.15432, 105.23456], "Mã xã": ["01234", "99000", "99001", "99002"]})
    result, log = read(west, tmp_path)
    assert one(log, "place_not_of_project").rows.tolist() == [2]
    assert result["row"].tolist() == [3, 4, 5]
    assert booked(log) == (4, 3, 1)


def test_a_point_far_away_and_a_point_without_coordinates(tmp_path: Path) -> None:
    result, log = read(villages(**{"Kinh độ": [108.01234, None, 105.15432, 105.23456]}), tmp_path)
    assert one(log, "position_outside").rows.tolist() == [2]
    assert one(log, "position_missing").rows.tolist() == [3]
    assert result["row"].tolist() == [4, 5]
    assert booked(log) == (4, 2, 2)


def test_a_list_of_another_province_is_refused_and_booked(tmp_path: Path) -> None:
    result, log = read(villages(**{"Kinh độ": [108.1, 108.2, 108.3, 108.4]}), tmp_path)
    one(log, "list_outside_area")
    assert result.empty
    assert list(result.columns) == COLUMNS
    assert booked(log) == (4, 0, 4)


# -- twins and ids ---------------------------------------------------------------------------------


def test_the_same_name_at_the_same_place_counts_once(tmp_path: Path) -> None:
    frame = pd.concat([villages(), villages().iloc[[1]]], ignore_index=True)
    frame.loc[4, ["Mã thôn", "Tên thôn, bản", "Kinh độ"]] = ["T9", "BẢN HAI", 105.05688]  # 10 m east, shouted
    result, log = read(frame, tmp_path)
    finding = one(log, "place_twice")
    assert finding.rows.tolist() == [6]
    assert finding.came.tolist() == ["BẢN HAI = 3"]
    assert result["row"].tolist() == [2, 3, 4, 5]
    assert booked(log) == (5, 4, 1)


def test_three_times_the_same_counts_once(tmp_path: Path) -> None:
    frame = pd.concat([villages(), villages().iloc[[1, 1]]], ignore_index=True)
    result, log = read(frame, tmp_path)
    assert one(log, "place_twice").rows.tolist() == [6, 7]
    assert len(result) == 4


def test_the_same_name_further_off_is_another_village(tmp_path: Path) -> None:
    frame = pd.concat([villages(), villages().iloc[[1]]], ignore_index=True)
    frame.loc[4, ["Mã thôn", "Kinh độ"]] = ["T9", 105.05718]  # 41 m east
    assert "place_twice" not in read(frame, tmp_path)[1].codes()


def test_different_names_at_one_point_are_stated(tmp_path: Path) -> None:
    frame = villages(**{"Kinh độ": [105.01234, 105.01234, 105.15432, 105.23456], "Vĩ độ": [21.71234, 21.71234, 21.74321, 21.76543]})
    result, log = read(frame, tmp_path)
    assert one(log, "places_one_point").rows.tolist() == [2, 3]
    assert len(result) == 4


def test_nameless_rows_are_not_twins(tmp_path: Path) -> None:
    frame = villages(**{"Tên thôn, bản": ["", "", "Thôn Ba", "Bản Bốn"], "Kinh độ": [105.01234, 105.01234, 105.15432, 105.23456],
                        "Vĩ độ": [21.71234, 21.71234, 21.74321, 21.76543]})  # fmt: skip
    result, log = read(frame, tmp_path)
    assert len(result) == 4
    assert one(log, "place_name_missing").rows.tolist() == [2, 3]


def test_ids_are_made_where_there_are_none(tmp_path: Path) -> None:
    result, log = read(villages(**{"Mã thôn": ["T1", "", None, "T4"]}), tmp_path)
    assert one(log, "place_id_made").rows.tolist() == [3, 4]
    assert result["village_id"].tolist()[0] == "T1"
    assert result["village_id"][1].startswith("99000-")
    assert result["village_id"][2].startswith("99001-")


def test_made_ids_stay_when_rows_move_and_spelling_changes(tmp_path: Path) -> None:
    frame = villages().drop(columns="Mã thôn")
    before, _ = read(frame, tmp_path)
    changed = frame.iloc[[3, 1, 0, 2]].assign(**{"Tên thôn, bản": ["BẢN BỐN", "ban hai", "Thôn Một", "Thôn  Ba"]})
    changed["Kinh độ"] += 0.0005
    after, _ = read(changed, tmp_path)
    assert set(before["village_id"]) == set(after["village_id"])
    assert before["village_id"].is_unique


def test_made_ids_of_one_name_in_one_commune_differ(tmp_path: Path) -> None:
    frame = villages(**{"Tên thôn, bản": "Thôn Một", "Mã xã": "99000"}).drop(columns="Mã thôn")
    result, log = read(frame, tmp_path)
    assert result["village_id"].is_unique
    assert "place_id_repeated" not in log.codes()
    again, _ = read(frame.iloc[::-1], tmp_path)
    assert again["village_id"].tolist() == result["village_id"].tolist()[::-1]


def test_a_sheet_for_each_commune(tmp_path: Path) -> None:
    path = tmp_path / "villages.xlsx"
    frame = villages(**{"Mã thôn": ["1", "2", "1", "2"]})
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        frame.iloc[:2].to_excel(book, sheet_name="99000", index=False)
        pd.concat([frame.iloc[2:], frame.iloc[[1]]]).to_excel(book, sheet_name="khác", index=False)
    result, log = read(path, tmp_path)
    assert result["village_id"].tolist() == ["99000-1", "99000-2", "99001-1", "99002-2"]
    twice = one(log, "place_twice")
    assert (twice.source.sheet, twice.rows.tolist()) == ("khác", [4])
    assert [(c.source.sheet, c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [("99000", 2, 2, 0), ("khác", 3, 2, 1)]
    assert sorted(f.source.sheet for f in log if f.kind.code == "place_id_in_commune") == ["99000", "khác"]


def test_ids_are_unique_across_files_too(tmp_path: Path) -> None:
    first, log = read(villages(**{"Mã thôn": ["1", "2", "3", "4"]}).iloc[:2], tmp_path)
    second, _ = read(villages(**{"Mã thôn": ["5", "6", "1", "2"]}).iloc[2:], tmp_path)
    both = pd.concat([first, second.assign(file="other.csv")], ignore_index=True)
    joined = give_ids(both, id_field="village_id", name_field="village_name", column="village_id", log=log)
    assert joined["village_id"].tolist() == ["99000-1", "99000-2", "99001-1", "99002-2"]
    assert sorted(f.source.file for f in log if f.kind.code == "place_id_in_commune") == ["other.csv", "villages.csv"]
    again = give_ids(joined, id_field="village_id", name_field="village_name", column="village_id", log=log)
    assert again["village_id"].tolist() == joined["village_id"].tolist()


def test_ids_that_count_within_a_commune_get_its_code(tmp_path: Path) -> None:
    result, log = read(villages(**{"Mã thôn": ["01", "02", "01", "01"]}), tmp_path)
    assert one(log, "place_id_in_commune").rows.tolist() == [2, 4, 5]
    assert result["village_id"].tolist() == ["99000-01", "99000-02", "99001-01", "99002-01"]


def test_an_id_given_twice_is_told_apart(tmp_path: Path) -> None:
    result, log = read(villages(**{"Mã thôn": ["T1", "T1", "T1-2", "T4"]}), tmp_path)
    assert one(log, "place_id_repeated").rows.tolist() == [3]
    assert result["village_id"].is_unique
    assert result["village_id"].tolist()[0] == "T1"


# -- values ----------------------------------------------------------------------------------------


def test_what_is_not_known_is_not_nought(tmp_path: Path) -> None:
    result, log = read(villages(**{"Số hộ": ["120", "", "không rõ", "0"], "Loại điểm": ["", "Không rõ", "NVH", "NVH"],
                                   "Có điện lưới": ["", "có thể", "Có", "Có"]}), tmp_path)  # fmt: skip
    assert result["households"].tolist()[0] == 120
    assert np.isnan(result["households"][1])
    assert np.isnan(result["households"][2])
    assert result["households"][3] == 0  # told, so kept
    assert one(log, "village_households_unknown").rows.tolist() == [3, 4]
    assert one(log, "village_point_kind_unknown").rows.tolist() == [2, 3]
    assert result["point_kind"].tolist() == ["unknown", "unknown", "culture_house", "culture_house"]
    assert result["grid_power"].isna().tolist() == [True, True, False, False]
    assert one(log, "flag_unreadable").rows.tolist() == [3]


def test_counts_with_thousands_marks_and_broken_ones(tmp_path: Path) -> None:
    result, log = read(villages(**{"Số hộ": ["1.120", "45", "80,5", "abc"], "Số khẩu": ["4.480", "190", "300", "-5"]}), tmp_path)
    assert result["households"].tolist()[:2] == [1120, 45]
    assert result["population"].tolist()[:3] == [4480, 190, 300]
    assert one(log, "number_unreadable").rows.tolist() == [5]
    assert one(log, "number_not_whole").rows.tolist() == [4]
    assert one(log, "number_out_of_range").rows.tolist() == [5]


def test_exchanged_columns_show_in_household_size(tmp_path: Path) -> None:
    frame = villages()
    frame[["Số hộ", "Số khẩu"]] = frame[["Số khẩu", "Số hộ"]]
    finding = one(read(frame, tmp_path)[1], "household_size_implausible")
    assert finding.rows.tolist() == [2, 3, 4, 5]
    assert finding.came.tolist()[0] == "120 / 480"


def test_absent_columns_are_said_once(tmp_path: Path) -> None:
    result, log = read(villages().drop(columns=["Số hộ", "Loại điểm", "Số khẩu", "Có điện lưới", "Đặc biệt khó khăn"]), tmp_path)
    assert one(log, "village_households_unknown").rows.tolist() == []
    assert one(log, "village_point_kind_unknown").rows.tolist() == []
    assert result["grid_power"].isna().all()
    assert result["households"].isna().all()


def test_same_names_as_codes_in_the_sheet_nfd(tmp_path: Path) -> None:
    import unicodedata

    headers = {h: unicodedata.normalize("NFD", h) for h in villages().columns}
    frame = villages(**{"Tên thôn, bản": [unicodedata.normalize("NFD", n) for n in villages()["Tên thôn, bản"]]})
    result, log = read(frame.rename(columns=headers), tmp_path)
    assert log.codes() == set()
    assert result["village_name"].tolist() == ["Thôn Một", "Bản Hai", "Thôn Ba", "Bản Bốn"]


cell = st.sampled_from(["", "T1", "99000", "105.1", "21,75", "-", "Bản Hai", "=1+1", "999", "<b>", "NaN", "x", "12.345", "105°3'Đ"])


@given(st.lists(st.tuples(*[cell] * 10), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_the_cells_the_books_close(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=list(villages().columns))
    result, log = read(frame, tmp_path)
    rows_in, used, dropped = booked(log)
    assert rows_in == used + dropped
    assert used == len(result)
    assert result["village_id"].is_unique
    assert (result["village_id"] != "").all()
    assert result[["lon", "lat"]].notna().to_numpy().all()


# -- real points -----------------------------------------------------------------------------------


def test_legacy_commune_points_stand_in_for_villages(shared_dir: Path, tmp_path: Path) -> None:
    folder = shared_dir / "data" / "vietnam"
    log = IssueLog(issue_catalogue())
    units = read_boundaries(
        folder / "communes.parquet", file="communes.parquet", options=TableOptions(), project_provinces=("08",), log=log
    )
    result, log = read(
        folder / "legacy_commune_points.csv", tmp_path, context=PositionContext(AreaIndex(units), ("08",)),
        columns={"village_id": "wardCode", "village_name": "ward"},
    )  # fmt: skip
    assert booked(log) == (10_040, len(result), 10_040 - len(result))
    assert one(log, "position_missing").count == 5
    source = pd.read_csv(folder / "legacy_commune_points.csv", dtype=str)
    former = source.loc[result["row"].to_numpy() - 2, "provinceCode"]
    own = source["provinceCode"].isin(["02", "08"]).sum()  # Hà Giang and Tuyên Quang became one
    assert former.isin(["02", "08"]).sum() / own > 0.95  # some 3 % of the points are known to be misplaced
    assert former.isin(["02", "08"]).mean() > 0.97
    assert result["commune_code"].isin(units["commune_code"]).all()
