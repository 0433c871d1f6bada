"""Lists of acceptances as departments keep them, and what each row is put to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.areas import AreaIndex
from geo.errors import InputError
from geo.io.acceptances import read_acceptances
from geo.io.catalogues import operator_catalogue
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.register import Recorded, claimed_places, recorded_of_places, with_earlier
from geo.register.zones import plane_shapes
from geo.validation import IssueLog
from tests.register.made_up_ground import outline

NOW = date(2027, 11, 1)


def read(path: Path, text: str, *, area: bool = True) -> tuple[pd.DataFrame, set[str]]:
    path = path / "nghiem_thu.csv"
    path.write_text(text, encoding="utf-8")
    log = IssueLog(issue_catalogue())
    units = gpd.GeoDataFrame(
        {"commune_code": ["99001"], "commune_name": ["Xã Thử"], "province_code": ["99"], "province_name": [""]},
        geometry=[shapely.box(105.3, 22.3, 105.7, 22.7)], crs=4326,
    )  # fmt: skip
    catalogue = operator_catalogue([{"name": "Mạng A", "aliases": ["Network A"]}], operators=["Mạng A"])
    frame = read_acceptances(
        path, file=path.name, options=TableOptions(), context=PositionContext(AreaIndex(units)) if area else None, catalogue=catalogue, log=log
    )
    return frame, log.codes()


def test_a_list_in_vietnamese(tmp_path: Path) -> None:
    frame, codes = read(
        tmp_path,
        "Mã theo dõi;Mã vùng lõm sóng;Mã thôn;Kinh độ;Vĩ độ;Nhà mạng;Kết quả nghiệm thu;Ngày nghiệm thu;Thời hạn;Ghi chú\n"
        "99-20261101-001;;;;;;Đạt;05/03/2027;;\n"
        ";DZ7;;;;network a;Không đạt;06/03/2027;31/12/2027;thiếu nguồn\n"
        ";;T1;;;;;;30/11/2027;\n"
        ";;;105,5;22,5;;x;2027-03-07;;\n",
    )
    assert codes == {"position_coarse", "date_order_taken"}, "one decimal of a degree; dates of acceptance that read both ways"
    assert frame["accepted"].tolist() == ["yes", "no", "", "yes"]
    assert frame["operator"].tolist() == ["", "Mạng A", "", ""]
    assert frame["deadline"].dt.date.tolist()[1:3] == [date(2027, 12, 31), date(2027, 11, 30)]
    assert frame["accepted_on"].dt.date.tolist()[0] == date(2027, 3, 5)
    assert (frame["lon"].iloc[3], frame["lat"].iloc[3]) == (105.5, 22.5)
    assert frame["lon"].iloc[:3].isna().all()
    assert frame["row"].tolist() == [2, 3, 4, 5]


def test_a_deadline_is_the_last_day_of_what_its_cell_tells(tmp_path: Path) -> None:
    said = {
        "12/2027": date(2027, 12, 31), "2027": date(2027, 12, 31), "Quý IV/2027": date(2027, 12, 31), "hết năm 2027": date(2027, 12, 31), "trước quý 3/2028": date(2028, 6, 30),
        "chậm nhất 15/12/2027": date(2027, 12, 15), "Trước ngày 15/12/2027": date(2027, 12, 14), "6 tháng đầu năm 2028": date(2028, 6, 30),
    }  # fmt: skip
    frame, codes = read(tmp_path, "Mã theo dõi;Thời hạn\n" + "".join(f"A{i};{text}\n" for i, text in enumerate(said)))
    assert frame["deadline"].dt.date.tolist() == list(said.values())
    assert codes == {"date_last_day"}


def test_a_deadline_that_cannot_be_read_is_no_missing_one(tmp_path: Path) -> None:
    frame, codes = read(tmp_path, "Mã theo dõi;Kết quả nghiệm thu;Ngày nghiệm thu;Thời hạn\nA;;;30 ngày\nB;;;từ 2028\nC;Đạt;15/03/2027;sau 2027\nD;;;\n")
    assert frame["register_id"].tolist() == ["C"]
    assert frame["deadline"].isna().all()
    assert codes == {"date_unreadable", "acceptance_deadline_unread", "acceptance_says_nothing"}


def test_rows_that_cannot_be_used_are_stated(tmp_path: Path) -> None:
    frame, codes = read(
        tmp_path,
        "register_id,lon,lat,accepted,accepted_on,claimed_on,deadline,operator\n"
        "A,,,yes,,,,\n"  # accepted without a day: kept, and stated
        ",,,yes,2027-03-05,,,\n"  # nowhere
        "B,,,,,,,\n"  # says nothing
        "C,,,maybe,2027-03-05,,2027-12-31,\n"  # not readable, but the deadline is
        "D,,,,,2027-04-01,,Mạng Lạ\n",  # a day of a claim is a claim
    )
    assert frame["register_id"].tolist() == ["A", "C", "D"]
    assert frame["claimed"].tolist() == ["", "", "yes"]
    assert codes >= {"acceptance_undated", "acceptance_without_place", "acceptance_says_nothing", "acceptance_operator_unknown"}
    assert len(codes) == 5, "the unreadable word by the code that all tables have"


def test_positions_outside_the_province_refuse_the_list(tmp_path: Path) -> None:
    frame, codes = read(tmp_path, "register_id,lon,lat,accepted,accepted_on\n,108.0001,22.5001,yes,2027-03-05\nA,,,yes,2027-03-05\n")
    assert frame.empty
    assert len(codes) == 1


def test_positions_need_communes(tmp_path: Path) -> None:
    frame, codes = read(tmp_path, "register_id,lon,lat,accepted,accepted_on\n,105.5,22.5,yes,2027-03-05\nA,,,yes,2027-03-05\n", area=False)
    assert frame["register_id"].tolist() == ["A"]
    assert codes == {"acceptance_no_communes"}


@pytest.mark.parametrize("text", ["accepted,accepted_on\nyes,2027-03-05\n", "register_id,note\nA,b\n", "", "\x00\x01"])
def test_a_list_without_place_or_statement_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read(tmp_path, text)


# -- which place a row means

PLACES = pd.DataFrame(
    {
        "register_id": ["R1", "R2", "R3", "R4"],
        "merged_into": ["", "", "R1", ""],
        "previous_ids": ["2026-11-01=DZ1; 2027-11-01=N1", "2026-11-01=DZ2", "2026-11-01=DZ3", "2026-11-01=N1"],
        "operator": ["", "Mạng A", "", ""],
        "operators_missing": ["Mạng A; Mạng B", "", "", ""],
    }
)
OUTLINES = [(outline([(0, 0)]), outline([(0, 1)])), (outline([(0, 0)]), None), (outline([(3, 3)]), None), (None, None)]
POINT = shapely.point_on_surface(outline([(0, 0)]))
VILLAGES = pd.DataFrame({"village_id": ["T1", "T2", "T9"], "lon": [POINT.x, shapely.point_on_surface(outline([(0, 1)])).x, 106.0], "lat": [POINT.y, POINT.y, 22.0]})


def put(*rows: dict[str, Any]) -> tuple[tuple[Recorded, ...], list[str]]:
    base = {"register_id": "", "dead_zone_id": "", "review_on": pd.NaT, "village_id": "", "lon": np.nan, "lat": np.nan, "operator": "", "accepted": "yes",
            "accepted_on": pd.Timestamp("2027-03-05"), "claimed": "", "claimed_on": pd.NaT, "deadline": pd.NaT, "file": "a.csv", "sheet": ""}  # fmt: skip
    log = IssueLog(issue_catalogue())
    frame = pd.DataFrame([{**base, **row, "row": k + 2} for k, row in enumerate(rows)])
    found = recorded_of_places(frame, PLACES, OUTLINES, villages=[VILLAGES], today=NOW, log=log)
    return found, [f.kind.code for f in log]


def accepted(*rows: dict[str, Any]) -> list[str]:
    return [name for name, r in zip(PLACES["register_id"], put(*rows)[0], strict=True) if r.accepted]


def test_each_way_to_name_a_place() -> None:
    assert accepted({"register_id": "R2"}) == ["R2"]
    assert accepted({"dead_zone_id": "DZ2"}) == ["R2"]
    assert accepted({"village_id": "T2"}) == ["R1"], "in the new outline"
    assert accepted({"lon": POINT.x, "lat": POINT.y}) == ["R1", "R2"]
    assert accepted({"lon": POINT.x, "lat": POINT.y, "operator": "Mạng B"}) == ["R1"]
    assert accepted({"register_id": "R3"}) == ["R1"], "it ended there"
    assert accepted({"dead_zone_id": "DZ3"}) == ["R1"]
    assert accepted({"dead_zone_id": "N1", "review_on": pd.Timestamp("2027-11-01")}) == ["R1"], "two reviews have a zone of this id"
    assert accepted({"dead_zone_id": "N1", "review_on": pd.Timestamp("2026-11-01")}) == ["R4"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"register_id": "R7"}, "acceptance_unmatched"),
        ({"dead_zone_id": "N7"}, "acceptance_unmatched"),
        ({"village_id": "T7"}, "acceptance_unmatched"),
        ({"village_id": "T9"}, "acceptance_unmatched"),
        ({"lon": 106.0, "lat": 22.0}, "acceptance_unmatched"),
        ({"dead_zone_id": "N1"}, "acceptance_ambiguous"),
        ({"dead_zone_id": "DZ1", "review_on": pd.Timestamp("2027-11-01")}, "acceptance_unmatched"),
        ({"register_id": "R2", "operator": "Mạng B"}, "acceptance_other_operator"),
        ({"register_id": "R1", "accepted_on": pd.Timestamp("2027-12-01")}, "acceptance_in_future"),
    ],
)
def test_nothing_is_guessed(row: dict[str, Any], code: str) -> None:
    found, codes = put(row)
    assert codes == [code]
    assert all(r == Recorded() for r in found)


def test_rows_about_one_place_together() -> None:
    yes, no = {"register_id": "R1"}, {"register_id": "R1", "accepted": "no"}
    day = lambda text: {"accepted_on": pd.Timestamp(text)}  # noqa: E731
    for rows in ([yes | day("2027-01-05"), no | day("2027-02-05")], [no | day("2027-02-05"), yes | day("2027-01-05")]):
        assert put(*rows)[0][0] == Recorded(False, date(2027, 2, 5))
    assert put(yes | day("2027-02-05"), no | day("2027-02-05"))[0][0].accepted is False, "of two on one day the refusal"
    assert put(yes | {"accepted_on": pd.NaT}, no | day("2027-02-05"))[0][0] == Recorded(False, date(2027, 2, 5))
    deadlines = [{"register_id": "R1", "accepted": "", "deadline": pd.Timestamp(d)} for d in ("2027-12-31", "2028-06-30")]
    found, codes = put(*deadlines)
    assert (found[0].deadline, codes) == (date(2028, 6, 30), ["acceptance_deadline_replaced"])
    assert put({"register_id": "R1", "accepted": "", "claimed": "yes", "claimed_on": pd.Timestamp("2027-04-01")})[0][0] == Recorded(
        claimed=True, claimed_on=date(2027, 4, 1)
    )


def test_what_the_register_knows_is_not_forgotten() -> None:
    rows = pd.DataFrame({"accepted": [True, True, False, None], "accepted_on": [date(2027, 1, 1), date(2027, 1, 1), None, None]}, dtype=object)
    now = (Recorded(), Recorded(False, date(2027, 2, 2)), Recorded(True), Recorded(deadline=NOW))
    assert with_earlier(now, rows) == (Recorded(True, date(2027, 1, 1)), now[1], now[2], now[3])
    later = pd.DataFrame({"accepted": [True], "accepted_on": [date(2027, 3, 3)]}, dtype=object)
    assert with_earlier((Recorded(False, date(2027, 2, 2)),), later)[0] == Recorded(True, date(2027, 3, 3))


def test_claims_drawn_as_polygons() -> None:
    shapes = plane_shapes(np.array([outline([(0, 0), (0, 1)]), outline([(5, 5)])], dtype=object), line_half_width_m=25)
    needs = [(("Mạng A", "4G", "outdoor"),), (("Mạng A", "4G", "outdoor"),)]

    def claimed(cells: list[tuple[int, int]], operator: str = "Mạng A", technology: str = "") -> list[bool]:
        claims = pd.DataFrame({"operator": [operator], "technology": [technology]})
        ground = plane_shapes(np.array([outline(cells)], dtype=object), line_half_width_m=25)
        return claimed_places(shapes, needs, claims, ground, 0.5).tolist()

    assert claimed([(0, 0), (0, 1)]) == [True, False]
    assert claimed([(0, 0), (1, 0)], technology="4G") == [True, False], "half of it"
    assert claimed([(0, 0), (0, 1)], technology="3G") == [False, False]
    assert claimed([(0, 0), (0, 1)], operator="Mạng B") == [False, False]
    quarter = plane_shapes(np.array([outline([(0, c) for c in range(4)])], dtype=object), line_half_width_m=25)
    claims = pd.DataFrame({"operator": ["Mạng A"], "technology": [""]})
    assert claimed_places(quarter, needs[:1], claims, plane_shapes(np.array([outline([(0, 0)])], dtype=object), line_half_width_m=25), 0.5).tolist() == [False]
