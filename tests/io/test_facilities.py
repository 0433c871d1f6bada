"""Facilities: kinds by their Vietnamese names, and the same accounting as all places. All places are made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo.io.facilities import read_facilities
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.validation import Finding, IssueLog
from tests.made_up_area import PROVINCE, area

CONTEXT = PositionContext(area(), (PROVINCE,))


def facilities(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "Mã cơ sở": ["C1", "C2", "C3"],
            "Tên cơ sở": ["Trường mẫu số 1", "Trạm y tế mẫu", "UBND xã mẫu"],
            "Loại": ["Trường tiểu học", "Trạm y tế", "Trụ sở UBND xã"],
            "Kinh độ": ["105,01234", "105,05678", "105,15432"],
            "Vĩ độ": ["21,71234", "21,75678", "21,74321"],
        }
    )
    return frame.assign(**changes)


def read(frame: pd.DataFrame, folder: Path, **options: object) -> tuple[pd.DataFrame, IssueLog]:
    path = folder / "facilities.csv"
    frame.to_csv(path, index=False, sep=";")
    log = IssueLog(issue_catalogue())
    return read_facilities(path, file=path.name, options=TableOptions(**options), context=CONTEXT, log=log), log  # type: ignore[arg-type]


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def test_a_list_with_decimal_commas(tmp_path: Path) -> None:
    result, log = read(facilities(), tmp_path)
    assert log.codes() == set()
    assert result.columns.tolist() == [
        "facility_id", "facility_name", "kind", "commune_code", "lon", "lat", "file", "sheet", "row",
    ]  # fmt: skip
    assert result["kind"].tolist() == ["school", "clinic", "commune_office"]
    assert result["commune_code"].tolist() == ["99000", "99000", "99001"]
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(3, 3)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [("THCS", "school"), ("mầm non", "school"), ("Tram y te", "clinic"), ("Bệnh viện", "hospital"), ("UBND", "commune_office"),
     ("Đồn biên phòng", "border_post"), ("school", "school"), ("Bưu điện văn hóa xã", "post_office"), ("Chợ", "market")],
)  # fmt: skip
def test_kinds_by_their_names(said: str, kind: str, tmp_path: Path) -> None:
    assert read(facilities(Loại=said), tmp_path)[0]["kind"].tolist() == [kind] * 3


def test_a_kind_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    result, log = read(facilities(Loại=["Trường tiểu học", "Xưởng may", ""]), tmp_path)
    assert result["kind"].tolist() == ["school", "", ""]
    assert one(log, "choice_unknown").rows.tolist() == [3]
    assert one(log, "facility_kind_missing").rows.tolist() == [3, 4]


def test_a_list_of_one_kind_says_it_in_the_project_file(tmp_path: Path) -> None:
    result, log = read(facilities().drop(columns="Loại"), tmp_path, extra={"kind": "school"})
    assert result["kind"].tolist() == ["school"] * 3
    assert log.codes() == set()
    result, log = read(facilities().drop(columns="Loại"), tmp_path)
    assert result["kind"].tolist() == [""] * 3
    assert one(log, "facility_kind_missing").rows.tolist() == []


def test_twins_are_of_one_kind(tmp_path: Path) -> None:
    frame = pd.concat([facilities(), facilities().iloc[[0, 0]]], ignore_index=True)
    frame.loc[3, "Mã cơ sở"], frame.loc[4, "Mã cơ sở"] = "C8", "C9"
    frame.loc[4, "Loại"] = "Trạm y tế"
    result, log = read(frame, tmp_path)
    assert one(log, "place_twice").rows.tolist() == [5]
    assert one(log, "places_one_point").rows.tolist() == [2, 5, 6]
    assert result["row"].tolist() == [2, 3, 4, 6]
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(5, 4, 1)]


def test_ids_are_made_and_stay(tmp_path: Path) -> None:
    frame = facilities().drop(columns="Mã cơ sở")
    first, log = read(frame, tmp_path)
    one(log, "place_id_made")
    again, _ = read(frame.iloc[::-1], tmp_path)
    assert first["facility_id"].tolist() == again["facility_id"].tolist()[::-1]
