"""Figures that communes report: forms of tables, units, places of before and after 01/07/2025, faults row by row."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo.areas import AreaIndex
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.reported_indicators import read_reported_indicators, settle_repeats
from geo.io.resources import former_areas, issue_catalogue
from geo.validation import IssueLog

# Real codes: Thắng Mố took four former communes whole; 00829 is both a former code and one of today.
FORMER = former_areas()
CODE = next(c for c, places in FORMER.sources.items() if len(places) >= 3 and all(len(FORMER.today[p]) == 1 for p in places) and c in FORMER.codes)
PLACES = FORMER.sources[CODE]
GONE = [p for p in PLACES if FORMER.codes[p] != CODE]
PROVINCE = FORMER.today_provinces[CODE]


def read(tmp_path: Path, text: str, *, former: bool = True, **options: object) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / "bc.csv"
    path.write_text(text, encoding="utf-8")
    units = gpd.GeoDataFrame(
        {"commune_code": [CODE, "99999"], "commune_name": [FORMER.today_names[CODE], "Xã Bịa"], "province_code": PROVINCE, "province_name": "Tỉnh Thử"},
        geometry=[shapely.box(105, 21, 106, 22), shapely.box(106, 21, 107, 22)], crs=4326,
    )  # fmt: skip
    log = IssueLog(issue_catalogue())
    context = PositionContext(AreaIndex(units, former=FORMER if former else None), (PROVINCE,))
    frame = read_reported_indicators(path, file="bc.csv", options=TableOptions(extra=options), context=context, log=log, as_of=pd.Timestamp("2026-11-01"))
    return frame, log


def codes(log: IssueLog) -> set[str]:
    return {finding.kind.code for finding in log if not finding.kind.code.startswith("former_area")}


@pytest.mark.parametrize("cell", ["≥ 40", ">40", "> 40", "40 trở lên", "trên 40", "40+", "< 95", "dưới 95%", "ít nhất 40", "95% trở lên", "tối thiểu 40", "không dưới 40"])
def test_a_bound_is_no_value(tmp_path: Path, cell: str) -> None:
    """"40 or more" says neither 40 nor how much more."""
    frame, log = read(tmp_path, f"Mã xã,Kỳ số liệu,Tỷ lệ hộ có cáp quang (%)\n{CODE},2026,{cell}\n99999,2026,80\n")
    assert frame["value"].tolist() == [0.8]
    (found,) = [f for f in log if f.kind.code == "reported_bound"]
    assert ([int(r) for r in found.rows], list(found.came)) == ([2], [cell])
    assert "number_unreadable" not in codes(log)


def test_a_column_per_indicator_in_percent_with_decimal_commas(tmp_path: Path) -> None:
    frame, log = read(tmp_path, f'Mã xã,Kỳ số liệu,Số hộ,Tỷ lệ hộ có cáp quang (%),TB BRDĐ/100 dân,Tỷ lệ thôn có cáp quang\n{CODE},2026,3100,"79,6","91,5",100%\n99999,2026,,,,0%\n')
    got = frame.set_index(["area_code", "indicator"])
    assert got.loc[(CODE, "households_fibre"), ["value", "n"]].tolist() == [pytest.approx(0.796), 3100]
    assert got.loc[(CODE, "mobile_broadband_subscribers"), "value"] == 91.5
    assert got.loc[(CODE, "villages_fibre"), "value"] == 1.0
    assert got.loc[("99999", "villages_fibre"), "value"] == 0.0  # a 0 that was written is one
    assert len(frame) == 4
    assert codes(log) == set()
    assert set(frame["source_kind"]) == {"local_report"}


def test_a_row_per_indicator_in_shares(tmp_path: Path) -> None:
    frame, log = read(tmp_path, f"Mã xã,Kỳ,Chỉ tiêu,Giá trị,Mẫu số,Nguồn số liệu\n{CODE},10/2026,Hộ gia đình có cáp quang,0.82,1000,Doanh nghiệp\n{CODE},10/2026,Chỉ tiêu lạ,1,,Xã\n99999,10/2026,Thuê bao băng rộng cố định trên 100 dân,21.5,,Xã\n")
    assert frame[["indicator", "value", "n", "source_kind"]].to_numpy().tolist()[0] == ["households_fibre", 0.82, 1000, "operator_statement"]
    assert frame["value"].tolist()[1] == 21.5
    assert codes(log) == {"choice_unknown", "reported_nothing_said"}


def test_what_1_means_is_told_by_column_or_project_or_said(tmp_path: Path) -> None:
    head = "Mã xã,Kỳ,Hộ có cáp quang\n"
    frame, log = read(tmp_path, head + f"{CODE},2026,1\n99999,2026,0\n")
    assert (frame["value"].tolist(), codes(log)) == ([1.0, 0.0], {"reported_taken_as_shares"})
    frame, log = read(tmp_path, head + f"{CODE},2026,1\n99999,2026,0\n", measure="percent")
    assert (frame["value"].tolist(), codes(log)) == ([0.01, 0.0], set())
    frame, log = read(tmp_path, head + f"{CODE},2026,1\n99999,2026,85\n")
    # Nothing says percent but the other row: 1 may be all of them, or one in a hundred.
    assert (frame["value"].tolist(), codes(log)) == ([0.85], {"percent_or_share", "reported_nothing_said"})


def test_what_cannot_be_is_unknown_and_named(tmp_path: Path) -> None:
    frame, log = read(tmp_path, f"Mã xã,Kỳ,Tỷ lệ hộ có cáp quang (%),TB BRDĐ/100 dân\n{CODE},2026,120,-3\n99999,2027,80,90\n12345,2026,80,90\n99999,,80,9000\n")
    assert frame[["area_code", "indicator", "value"]].to_numpy().tolist() == [["99999", "households_fibre", 0.8]]
    assert codes(log) == {"reported_value_impossible", "speed_period_impossible", "reported_place_unknown", "speed_period_unknown", "reported_nothing_said"}
    wrong = {f.column: (f.rows.tolist(), list(f.came)) for f in log if f.kind.code == "reported_value_impossible"}
    assert wrong == {"Tỷ lệ hộ có cáp quang (%)": ([2], ["120"]), "TB BRDĐ/100 dân": ([2, 5], ["-3", "9000"])}
    assert [(a.rows_in, a.rows_used) for a in log.counts] == [(4, 1)]


def old_table(rows: list[tuple[str, str]], year: str = "2024") -> str:
    return "Mã xã,Tên xã,Kỳ,Tỷ lệ hộ có cáp quang (%)\n" + "".join(f"{c},{n},{year},{50 + i}\n" for i, (c, n) in enumerate(rows))


def test_codes_of_before_the_change_are_those_of_former_communes(tmp_path: Path) -> None:
    """One code is borne by a former commune and one of today: beside others that are gone, and of 2024, it is the former one's."""
    rows = [(FORMER.codes[p], FORMER.names[p]) for p in PLACES]
    frame, _ = read(tmp_path, old_table(rows))
    assert set(frame["area_level"]) == {"former_commune"}
    assert sorted(frame["former_place"]) == sorted(PLACES)
    named, _ = read(tmp_path, "Tên xã,Huyện,Kỳ,Tỷ lệ hộ có cáp quang (%)\n" + "".join(f"{FORMER.names[p]},{FORMER.districts[p]},2024,50\n" for p in PLACES))
    assert sorted(named["former_place"]) == sorted(PLACES)


def test_a_table_of_before_that_names_today_s_alone_was_brought_to_them(tmp_path: Path) -> None:
    frame, log = read(tmp_path, old_table([(CODE, FORMER.today_names[CODE]), ("99999", "Xã Bịa")]))
    assert (set(frame["area_level"]), codes(log)) == ({"commune"}, {"reported_on_today_s"})
    frame, log = read(tmp_path, old_table([(CODE, FORMER.today_names[CODE]), ("99999", "Xã Bịa")], "2026"))
    assert (set(frame["area_level"]), codes(log)) == ({"commune"}, set())


def test_the_province_s_own_row(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, f"Mã tỉnh,Tên xã,Kỳ,Hộ có cáp quang (%)\n{PROVINCE},,2026,83\n,Tỉnh Thử,2025,80\n")
    assert frame[["area_level", "area_code", "value"]].to_numpy().tolist() == [["province", PROVINCE, 0.83], ["province", PROVINCE, 0.8]]


def test_repeats_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    frame, log = read(tmp_path, f"Mã xã,Kỳ,Hộ có cáp quang (%)\n{CODE},2026,80\n{CODE},2026,80\n99999,2026,70\n99999,2026,71\n99999,2025,60\n")
    settled = settle_repeats(frame, log)
    assert settled[["area_code", "value"]].to_numpy().tolist() == [[CODE, 0.8], ["99999", 0.6]]
    assert codes(log) == {"reported_row_repeated", "reported_rows_differ"}


def test_one_value_with_two_wholes_keeps_the_value_whatever_the_order(tmp_path: Path) -> None:
    head = "Mã xã,Kỳ,Số hộ,Tỷ lệ hộ có cáp quang (%)\n"
    for rows in ((f"{CODE},2026,3100,79.6", f"{CODE},2026,3000,79.6"), (f"{CODE},2026,3000,79.6%", f"{CODE},2026,3100,79.6")):
        frame, log = read(tmp_path, head + "\n".join(rows) + "\n")
        settled = settle_repeats(frame, log)
        assert settled["value"].tolist() == [pytest.approx(0.796)]
        assert settled["n"].isna().all()
        assert {"reported_wholes_differ", "reported_row_repeated"} <= codes(log)
    frame, log = read(tmp_path, head + f"{CODE},2026,,79.6\n{CODE},2026,3000,79.6\n")
    assert settle_repeats(frame, log)["n"].tolist() == [3000]
