"""The lists that leave the department: complete, in the ministry's split, and nobody's secrets in another's hands."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from geo.coverage import SPLITS, Coverage, Reason, State
from geo.errors import InputError
from geo.report.lists import (
    MINISTRY_FILE,
    ListFacts,
    ministry_list,
    operator_file_names,
    operator_list,
    village_lists,
)
from geo.report.tables import arrange, csv_bytes, in_words, result_table
from geo.villages import (
    classify_facilities,
    classify_villages,
    find_clusters,
    operator_service,
    weak_clusters,
)
from geo.villages.obstructions import Obstruction
from tests.villages.made_up import (
    GRID,
    SETTINGS,
    covered,
    facilities,
    facts,
    houses,
    place,
    rules,
    sites,
    villages,
)

DAY = date(2026, 11, 1)
A, B = "Mạng A", "Mạng B"
LEVELS = {(A, "3G"): -131.7, (A, "4G"): -143.9, (B, "3G"): -126.3, (B, "4G"): -137.1}
COMMUNES = pd.DataFrame({"commune_code": ["00001", "00002"], "commune_name": ["=1+1", "Xã Hai"]})
#: Village, its cell, what A and B have there; each owns its cell and the one east of it.
TABLE = villages(
    {**place(0, 0), "village_id": "V1", "households": 40.0, "population": 160.0, "grid_power": True, "difficult_area": True},
    {**place(1, 0), "village_id": "V2", "households": np.nan, "grid_power": False, "difficult_area": True, "commune_code": "00002"},
    {**place(2, 0), "village_id": "V3", "households": 25.0, "population": 99.0, "grid_power": True, "difficult_area": False},
    {**place(0, 2), "village_id": "V4", "grid_power": pd.NA, "difficult_area": True},
    {**place(1, 2), "village_id": "V5", "village_name": "Bản =cmd", "grid_power": True, "difficult_area": False},
    {**place(2, 2), "village_id": "V6", "grid_power": False, "difficult_area": False},
)  # fmt: skip
OWNED = np.array([[0, 0, 3], [1, 1, 4], [2, 2, 5]], np.int32)
#: V1 white, V2 weak (its eastern cell has 20 houses), V3 served by A alone, V4 white, V5 undecided, V6 served by both.
STATES = {
    (A, "3G"): [[4, 2, 4], [2, 4, 4], [4, 2, 2]],
    (A, "4G"): [[4, 2, 4], [4, 4, 3], [1, 2, 2]],
    (B, "3G"): [[5, 4, 4], [4, 4, 4], [4, 4, 2]],
    (B, "4G"): [[5, 4, 4], [6, 4, 4], [4, 4, 2]],
}
SITES = sites(
    {**place(2, 1), "operator": A, "site_id": "SECRET-A1", "site_name": "Trạm đồi A"},
    {**place(0, 1), "operator": B, "site_id": "SECRET-B1", "site_name": "Trạm đồi B"},
)


def blocked(lon: float, lat: float) -> tuple[Obstruction, ...]:
    where = (2.34, 45.4, 105.123456, 22.5)
    return (
        Obstruction(B, "4G", "SECRET-B1", 5.0, "blocked_terrain", *where),
        Obstruction(A, "4G", "SECRET-A1", 6.0, "clear", *where),
    )


@lru_cache(maxsize=4)
def results(silent: str = "") -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Villages, each operator's view and the weak clusters; of a silent operator no list was given."""
    coverage: Coverage = covered({layer: np.array(state) for layer, state in STATES.items()})
    level, state, reason = coverage.level_dbm.copy(), coverage.state.copy(), coverage.reason.copy()
    for i, layer in enumerate(coverage.layers):
        level[i] = LEVELS[layer] + np.arange(9).reshape(3, 3)
        if layer[0] == silent:
            level[i], state[i], reason[i] = np.nan, State.UNKNOWN, Reason.NO_SITE_LIST
    coverage = replace(coverage, level_dbm=level, state=state, reason=reason)
    shared: dict[str, Any] = {
        "settings": rules(), "obstructions": blocked,
        "measured": facts((0, B, "3G", 17, "2026-03-05"), (2, A, "4G", 23, "2026-04-06")),
    }  # fmt: skip
    got = classify_villages(
        TABLE, coverage, SITES, cells_of_villages=OWNED, village_settings=SETTINGS, buildings=houses((1, 1, 20), (0, 0, 5)), **shared
    )
    clusters = find_clusters(
        TABLE, coverage, cells_of_villages=OWNED, settings=rules(), village_settings=SETTINGS, buildings=houses((1, 1, 20), (0, 0, 5))
    )
    return got, operator_service(got, coverage, SITES, **shared), weak_clusters(got, clusters, coverage, rules())


def about(language: str = "vi", **changes: Any) -> ListFacts:
    return replace(ListFacts("Rà soát (giả định)", DAY, "vi", rules(), SETTINGS), language=language, **changes)


def book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def rows(sheet: Any) -> list[dict[str, Any]]:
    header, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in body]


def ministry(language: str = "vi", **changes: Any) -> openpyxl.Workbook:
    got, view, _ = results()
    return book(ministry_list(got, view, COMMUNES, about(language, **changes)))


def operator(name: str, language: str = "vi", silent: str = "") -> bytes:
    return operator_list(name, *results(silent), COMMUNES, about(language))


def test_the_made_up_villages_are_what_they_are_meant_to_be() -> None:
    got, _, clusters = results()
    assert got["class"].tolist() == ["white", "weak", "single_operator", "white", "undecided", "served"]
    assert clusters["village_id"].tolist() == ["V2"]


# -- the ministry


def test_the_summary_by_hand() -> None:
    sheet = ministry()["Tổng hợp"]
    header, *body = sheet.iter_rows(values_only=True)
    assert header[:2] == ("Phân loại", "Số thôn")
    assert [row[:7] for row in body] == [
        # all; with power in a difficult area, with power elsewhere, without in one, without elsewhere; not known
        ("Trắng sóng", 2, 1, 0, 0, 0, 1),
        ("Lõm sóng", 1, 0, 0, 1, 0, 0),
        ("Cộng trắng sóng và lõm sóng", 3, 1, 0, 1, 0, 1),
        ("Chưa đủ căn cứ kết luận", 1, 0, 1, 0, 0, 0),
        ("Chỉ có 2G", 0, 0, 0, 0, 0, 0),
        ("Chưa có 4G", 0, 0, 0, 0, 0, 0),
        ("Một nhà mạng", 1, 0, 1, 0, 0, 0),
        ("Có sóng", 1, 0, 0, 0, 1, 0),
        ("Tổng số thôn, bản", 6, 1, 2, 1, 1, 1),
        ("Trong tổng số: điểm đại diện có sóng, chưa kết luận được có lõm sóng hay không", 0, 0, 0, 0, 0, 0),
        # V3 and V6: nobody knows where their households are
        ("Trong tổng số: điểm đại diện có sóng, không xét được lõm sóng (không biết hộ ở đâu)", 2, 0, 1, 0, 1, 0),
    ]
    # households: of V1 40, of V4 none is known; V2's are counted from 20 houses
    assert [row[7:11] for row in body[:3]] == [(40, 1, 160, 1), (20, 0, None, 1), (60, 1, 160, 2)]


def test_villages_that_may_be_weak_have_a_count_of_their_own() -> None:
    """They are served at their point, so "Có sóng" holds them; without this row nobody would see them."""
    got, view, _ = results()
    may = got.assign(cluster_basis=["buildings"] * 6, weak=pd.array([None, True, None, None, None, None], dtype="boolean"))
    found = {row["Phân loại"]: row["Số thôn"] for row in rows(book(ministry_list(may, view, COMMUNES, about()))["Tổng hợp"])}
    # V1 and V4 are white, V5 is undecided at its point: they are no served villages
    assert found["Trong tổng số: điểm đại diện có sóng, chưa kết luận được có lõm sóng hay không"] == 2
    assert found["Có sóng"] == 1
    assert found["Tổng số thôn, bản"] == 6
    notes = str(list(book(ministry_list(may, view, COMMUNES, about()))["Ghi chú"].iter_rows(values_only=True)))
    assert "2 thôn có sóng ở điểm đại diện" in notes


def test_the_parts_add_up_to_the_totals_and_to_the_rows_listed() -> None:
    for language, names in (("vi", ("Tổng hợp", "Trắng sóng", "Lõm sóng")), ("en", ("Summary", "White", "Weak"))):
        made = ministry(language)
        _, *body = made[names[0]].iter_rows(values_only=True)
        for row in body:
            assert sum(row[2:7]) == row[1]
        body = body[:-2]  # the last two rows count again villages of the rows above
        single = [row for row in body if row[0] not in {body[2][0], body[-1][0]}]
        for column in range(1, 7):
            assert sum(row[column] for row in single) == body[-1][column] == body[-1][column]
            assert body[0][column] + body[1][column] == body[2][column]
        assert body[-1][1] == len(TABLE)
        for position, name in enumerate(names[1:]):
            assert len(rows(made[name])) == body[position][1]


def test_that_the_criteria_are_unverified_is_seen_on_the_summary_and_in_the_notes(project_root: Path) -> None:
    status = tomllib.loads((project_root / "geo/resources/defaults.toml").read_text(encoding="utf-8"))["villages"]["weak_cluster_households"]["status"]
    assert status == "unverified"
    for language, summary, notes, word in (("vi", "Tổng hợp", "Ghi chú", "chưa kiểm chứng"), ("en", "Summary", "Notes", "unverified")):
        made = ministry(language)
        _, *body = made[summary].iter_rows(values_only=True)
        marked = [bool(row[-1]) and word in row[-1].casefold() and "1603/BTTTT-CVT" in row[-1] for row in body]
        assert marked == [True] * 3 + [False] * 6 + [True] * 2
        said = "\n".join(row[1] for row in made[notes].iter_rows(min_row=2, values_only=True))
        assert word in said.casefold()
        assert "1603/BTTTT-CVT" in said
        assert re.search(r"10 (hộ|households)", said)
        assert "DỮ LIỆU GIẢ ĐỊNH" not in str(list(made[notes].iter_rows(values_only=True)))
    assert ministry(made_up=True)["Ghi chú"]["A2"].value == "DỮ LIỆU GIẢ ĐỊNH"


def test_white_villages_as_the_ministry_reads_them() -> None:
    first, last = rows(ministry()["Trắng sóng"])
    assert (first["STT"], first["Mã thôn"], last["STT"], last["Mã thôn"]) == (1, "V1", 2, "V4")
    assert (first["Nhóm"], last["Nhóm"]) == ("Có điện lưới, vùng đặc biệt khó khăn", "Chưa biết điện lưới hoặc vùng đặc biệt khó khăn")
    assert (first["Xã, phường, đặc khu"], first["Số hộ"], first["Số người"]) == ("=1+1", 40, 160)
    assert (first["Có điện lưới"], first["Đặc biệt khó khăn"], first["Phân loại"]) == ("có", "có", "trắng sóng")
    assert (first["Nhà mạng không có sóng"], first["Nhà mạng chưa kết luận"]) == ("Mạng A; Mạng B", None)
    assert (first["3G"], first["4G"], first["5G"]) == ("không có", "không có", "chưa kết luận")  # nobody has a 5G layer
    assert (first["Trạm gần nhất"], first["Nhà mạng của trạm"], first["Cách trạm gần nhất (km)"]) == ("Trạm đồi B", B, 0.1)
    assert first["Bị địa hình che"] == "có"
    assert first["Che khuất"] == (
        "Mạng B 4G SECRET-B1 (sườn núi che, cách trạm 2,3 km, cao hơn đường nhìn thẳng 45 m, kinh độ 105,12346, vĩ độ 22,50000)"
    )
    assert (first["Căn cứ"], first["Số mẫu đo"], first["Đo gần nhất"].date()) == ("đo và dự báo", 17, date(2026, 3, 5))
    assert (last["Căn cứ"], last["Số mẫu đo"], last["Đo gần nhất"], last["Số hộ"]) == ("dự báo", 0, None, None)


def test_villages_are_listed_by_group_before_anything_else() -> None:
    got, view, _ = results()
    swapped = got.assign(grid_power=pd.array([False, False, True, True, True, False], dtype="boolean"))
    listed = rows(book(ministry_list(swapped, view, COMMUNES, about()))["Trắng sóng"])
    assert [(row["STT"], row["Mã thôn"]) for row in listed] == [(1, "V4"), (2, "V1")]


def test_weak_villages_name_their_cluster_and_who_serves_the_point() -> None:
    (row,) = rows(ministry("en")["Weak"])
    assert (row["Village id"], row["Group"], row["Class"]) == ("V2", "No grid power, extremely difficult area", "weak")
    assert (row["3G"], row["4G"]) == ("served", "undecided")
    assert (row["Operators missing"], row["Operators undecided"]) == (None, "Mạng B (terrain missing)")
    assert row["Households of the largest cluster"] == 20
    assert row["Longitude of the largest cluster"] == pytest.approx(place(1, 1)["lon"], abs=1e-6)
    assert row["Terrain blocked"] == "yes"


# -- operators


def test_an_operator_gets_white_villages_and_those_that_it_misses() -> None:
    made = book(operator(B))
    assert made.sheetnames == ["Chưa phủ sóng", "Chưa kết luận", "Cụm hộ lõm sóng", "Ghi chú", "Ý nghĩa các cột"]
    listed = rows(made["Chưa phủ sóng"])
    assert [(row["Mã thôn"], row["Trường hợp"].split(":")[0]) for row in listed] == [
        ("V1", "trắng sóng"), ("V3", "nhà mạng này chưa phủ"), ("V4", "trắng sóng"), ("V5", "nhà mạng này chưa phủ"),
    ]  # fmt: skip
    first = listed[0]
    assert (first["Công nghệ tốt nhất"], first["Mức thu (dBm)"], first["Mức 3G (dBm)"], first["Mức 4G (dBm)"]) == ("3G", -126.3, -126.3, -137.1)
    assert (first["Căn cứ"], first["Số mẫu đo"], first["Đo gần nhất"].date()) == ("đo", 17, date(2026, 3, 5))
    assert (first["Trạm gần nhất"], first["Tên trạm gần nhất"]) == ("SECRET-B1", "Trạm đồi B")
    assert listed[1]["Số mẫu đo"] == 0, "A's samples there are A's"
    (open_,) = rows(made["Chưa kết luận"])
    assert (open_["Mã thôn"], open_["Lý do chưa kết luận"]) == ("V2", "thiếu địa hình")
    (cluster,) = rows(made["Cụm hộ lõm sóng"])
    assert (cluster["Mã thôn"], cluster["Số hộ của cụm"], cluster["Trạm gần nhất"]) == ("V2", 20, "SECRET-B1")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("own", "other"), [(A, B), (B, A)])
def test_nothing_of_another_operator_stands_in_an_operators_list(own: str, other: str, language: str) -> None:
    content = operator(own, language)
    got, view, _ = results()
    foreign = view[view["operator"] == other]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        raw = "\n".join(archive.read(name).decode("utf-8") for name in archive.namelist())
    letter = other[-1]
    for secret in (other, f"SECRET-{letter}1", f"Trạm đồi {letter}"):
        assert secret not in raw
    assert own in raw
    assert f"SECRET-{own[-1]}1" in raw
    held = {round(float(v), 1) for sheet in book(content) for row in sheet.iter_rows(values_only=True) for v in row if isinstance(v, float)}
    levels = foreign[[name for name in foreign if name.endswith("_dbm")]].to_numpy(dtype=float)
    secret_levels = {round(v, 1) for v in levels[np.isfinite(levels)].tolist()}
    assert len(secret_levels) > 5
    assert not held & secret_levels
    mine = view[view["operator"] == own]
    assert held & {round(v, 1) for v in mine["level_dbm"].dropna().tolist()}
    # the villages table says more than may leave: best server, who serves, whose site is nearest
    assert {"best_operator", "operators_serving", "nearest_site_id"} <= set(got.columns)


def test_without_its_list_an_operator_is_asked_and_never_blamed() -> None:
    """Silence is never absence: everything is undecided, nothing unserved, and nobody's list has a white village."""
    made = book(operator(B, silent=B))
    assert rows(made["Chưa phủ sóng"]) == []
    listed = rows(made["Chưa kết luận"])
    assert [row["Mã thôn"] for row in listed] == ["V1", "V3", "V4", "V5", "V6", "V2"]  # by commune
    assert {row["Lý do chưa kết luận"] for row in listed} == {"thiếu danh sách trạm"}
    assert {row["Mức thu (dBm)"] for row in listed} == {None}
    got, view, _ = results(B)
    assert not got["class"].isin(["white", "weak"]).any()
    summary = book(ministry_list(got, view, COMMUNES, about()))
    assert rows(summary["Trắng sóng"]) == rows(summary["Lõm sóng"]) == []
    assert {row["Trường hợp"].split(":")[0] for row in rows(book(operator(A, silent=B))["Chưa phủ sóng"])} == {"nhà mạng này chưa phủ"}


def test_an_operator_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="Mạng X"):
        operator("Mạng X")


# -- the files


def test_every_list_has_its_name() -> None:
    lists = village_lists(*results(), COMMUNES, about())
    assert list(lists) == [MINISTRY_FILE, "lists/operator_mang_a.xlsx", "lists/operator_mang_b.xlsx"]
    assert MINISTRY_FILE == "lists/ministry_villages.xlsx"
    assert lists["lists/operator_mang_b.xlsx"] == operator(B)
    names = operator_file_names(["Hoà", "Hòa", "../../x", "==", "Viettel"])
    assert list(names.values()) == [f"lists/operator_{n}.xlsx" for n in ("hoa", "hoa_2", "x", "unnamed", "viettel")]


def test_the_same_results_give_the_same_bytes() -> None:
    first = village_lists(*results(), COMMUNES, about())
    results.cache_clear()
    assert village_lists(*results(), COMMUNES, about()) == first


def test_no_cell_is_a_formula_and_headers_are_frozen_filtered_and_typed() -> None:
    for content in village_lists(*results(), COMMUNES, about()).values():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets/sheet" in name)
        for sheet in book(content):
            assert sheet.freeze_panes == "A2"
            assert sheet.auto_filter.ref
    sheet = ministry()["Trắng sóng"]
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert (formats["Mã thôn"], formats["Số hộ"], formats["Đo gần nhất"], formats["Cách trạm gần nhất (km)"]) == ("@", "#,##0", "dd/mm/yyyy", "0.0")
    assert ministry("en")["White"]["C2"].number_format == "@"


def test_lists_of_no_village_at_all_still_say_what_they_are() -> None:
    got, view, clusters = results()
    lists = village_lists(got.iloc[:0], view.iloc[:0], clusters.iloc[:0], COMMUNES, about())
    assert list(lists) == [MINISTRY_FILE]
    body = rows(book(lists[MINISTRY_FILE])["Tổng hợp"])
    assert {row["Số thôn"] for row in body} == {0}


def test_the_frames_given_stay_as_they_are() -> None:
    given = [frame.copy(deep=True) for frame in (*results(), COMMUNES)]
    village_lists(*results(), COMMUNES, about())
    for frame, before in zip((*results(), COMMUNES), given, strict=True):
        pd.testing.assert_frame_equal(frame, before)


# -- words and the other tables


def test_every_list_column_and_code_has_words_in_both_languages(project_root: Path) -> None:
    words = tomllib.loads((project_root / "geo/resources/results/lists.toml").read_text(encoding="utf-8"))
    for section, entries in words.items():
        for name, entry in entries.items():
            if section == "tables":
                table = result_table(name)
                assert table.title.vi
                assert table.title.en
                for column in table.columns:
                    assert "_" not in column.caption.vi + column.caption.en, (name, column.name)
                    assert column.meaning.vi
                    assert column.meaning.en
            else:
                assert entry["vi"], (section, name)
                assert entry["en"], (section, name)
                assert set(re.findall(r"{(\w+)}", entry["vi"])) == set(re.findall(r"{(\w+)}", entry["en"]))
    codes = tomllib.loads((project_root / "geo/resources/results/columns.toml").read_text(encoding="utf-8"))["codes"]
    assert set(codes["split"]) == set(SPLITS)
    assert all(entry["vi"] and entry["en"] for section in codes.values() for entry in section.values())
    for name in ("facilities", "provinces"):
        for column in result_table(name).columns:
            assert "_" not in column.caption.vi + column.caption.en, column.name


def test_obstructions_in_words() -> None:
    column = next(c for c in result_table("villages").columns if c.name == "obstruction")
    code = "Mạng A 4G HG+1=blocked_wooded+12.3 km+-7 m+105.10000 22.20000"
    assert in_words(code, column, "vi") == (
        "Mạng A 4G HG+1 (sườn núi có cây hoặc nhà che, cách trạm 12,3 km, thấp hơn đường nhìn thẳng 7 m, kinh độ 105,10000, vĩ độ 22,20000)"
    )
    assert in_words("A 4G=clear+3.0 km", column, "en") == "A 4G (the path is free, 3.0 km from the site)"
    assert in_words("uncertain+terrain", column, "en") == "uncertain, terrain missing"
    assert in_words("a remark+1", column, "en") == "a remark+1"


def test_facilities_as_a_table() -> None:
    coverage = covered({("A", "4G"): 2}, by_use=[2, 2, 4])
    got = classify_facilities(facilities({"facility_name": "=1+1"}), coverage, sites(), settings=rules())
    arranged = arrange(got, result_table("facilities"))
    assert [c.name for c in arranged.columns] == [c.name for c in result_table("facilities").columns] + ["service_not_counting"]
    line = csv_bytes(arranged).decode("utf-8-sig").splitlines()[1]
    assert line.startswith("f0,'=1+1,school,00001,")
    assert ",single_operator,TRUE,unserved,A," in line
    column = next(c for c in arranged.columns if c.name == "facility_kind")
    assert (in_words("school", column, "vi"), in_words("school", column, "en")) == ("trường học", "school")


def test_the_columns_added_to_villages_are_described_once_and_not_as_an_operators() -> None:
    got, _, _ = results()
    arranged = arrange(got, result_table("villages"), [A, B])
    described = {column.name: column for column in arranged.columns}
    assert described["white_probability_low"].meaning.en.startswith("Lower bound")
    assert described["white_probability"].kind == "share"
    assert described["weak_clusters"].kind == "integer"
    assert not any(column.meaning.vi.startswith("Cột thêm") for column in arranged.columns)
    assert [GRID.rows, GRID.columns] == [3, 3]
