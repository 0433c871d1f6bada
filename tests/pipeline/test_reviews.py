"""Whole comparisons of made-up run folders: files, chains of reviews, rules, causes, and what is refused."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely

from geo.errors import InputError
from geo.io.files import read_json
from geo.pipeline.map_areas import register_digest, register_layer
from geo.pipeline.reviews import ReviewsCompared, compare_reviews
from tests.register.made_up_runs import POOR, Run, block, centre, marks, write

ROOT = Path(__file__).resolve().parents[2]
FIRST = Run(zones={"DZ1": block(1, 1, 4, 4), "DZ2": block(8, 1, 10, 11)}, people=dict.fromkeys(block(0, 0, 12, 12), 1))
SECOND, THIRD = date(2027, 11, 1), date(2028, 11, 1)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "tables" / "register.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def pair(folder: Path, old: Run, new: Run, **options: Any) -> tuple[ReviewsCompared, dict[str, dict[str, str]]]:
    """Both runs written and compared; rows of the register by the zone that they were, new ones by their own."""
    one, other = write(folder / "old", old), write(folder / "new", new)
    compared = compare_reviews(one, other, **options)
    rows = {}
    for row in rows_of(options.get("out") or other):
        was = [part.partition("=")[2] for part in row["previous_ids"].split("; ") if part.startswith(old.day.isoformat())]
        rows[was[0] if was else row["dead_zone_id"]] = row
    return compared, rows


def second(**changes: Any) -> Run:
    return replace(FIRST, **{"day": SECOND, "zones": {"N1": block(1, 1, 4, 4), "N2": block(8, 1, 10, 11)}, **changes})


def test_nothing_changed(tmp_path: Path) -> None:
    compared, rows = pair(tmp_path, FIRST, second())
    assert [row["state"] for row in rows.values()] == ["persisting", "persisting"]
    assert rows["DZ1"]["register_id"] == "99-20261101-001"
    assert (rows["DZ1"]["shared_share"], rows["DZ1"]["matched_by"], rows["DZ1"]["population_new"]) == ("1.0", "people", "9")
    assert (rows["DZ1"]["causes"], rows["DZ1"]["cause_single"], rows["DZ1"]["rule_effect"]) == ("", "", "")
    assert rows["DZ1"]["previous_ids"] == "2026-11-01=DZ1; 2027-11-01=N1"
    assert [path.name for path in compared.written] == ["register.csv", "register.xlsx", "register.gpkg", "register.json"]


def test_the_map_takes_the_register_of_the_run_and_no_other(tmp_path: Path) -> None:
    pair(tmp_path, FIRST, second(zones={"N1": block(1, 1, 4, 4)}))
    folder, zones = tmp_path / "new", tmp_path / "new/tables/dead_zones.csv"
    layer, why = register_layer(folder, zones)
    assert why is None
    assert layer is not None
    assert layer.kind == "change"
    assert layer.frame["state"].tolist() == [row["state"] for row in rows_of(folder)]
    assert layer.frame["population_new"].tolist()[0] == 9  # a number, not its text
    assert layer.frame["dead_zone_id"].isna().tolist() == [row["dead_zone_id"] == "" for row in rows_of(folder)]
    key = register_digest(folder)
    zones.write_bytes(zones.read_bytes() + b"\r\n")
    layer, why = register_layer(folder, zones)
    assert layer is None
    assert why is not None
    assert "compare_reviews.py" in why.vi
    assert register_digest(folder) == key
    (folder / "register.json").write_bytes(b"{}")
    assert register_digest(folder) != key
    assert register_layer(tmp_path / "old", zones) == (None, None)
    assert register_digest(tmp_path / "old") is None


def test_the_files(tmp_path: Path) -> None:
    run = second(zones={"N1": block(1, 1, 4, 4)})
    before_old = None
    compared, _ = pair(tmp_path, FIRST, run)
    before_old = marks(tmp_path / "old")
    content = (tmp_path / "new/tables/register.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfregister_id,dead_zone_id,state,")
    layer = gpd.read_file(tmp_path / "new/register.gpkg")
    assert layer.crs.to_epsg() == 4326
    assert layer["register_id"].tolist() == ["99-20261101-001", "99-20261101-002"]
    assert layer.geometry.notna().all(), "a closed zone keeps its last outline"
    book = openpyxl.load_workbook(tmp_path / "new/register.xlsx")
    assert book.sheetnames == ["Sổ theo dõi vùng lõm sóng", "Ý nghĩa các cột"]
    shown = {a.value: b.value for a, b in zip(*list(book.worksheets[0].iter_rows(max_row=2)), strict=True)}
    assert not any("_" in header for header in shown)
    assert shown["Tình trạng"] == "vẫn còn"
    facts = read_json(tmp_path / "new/register.json")
    assert facts["states"] == {"persisting": 1, "resolved_predicted": 1}
    assert facts["people"] == "spread"
    again = compare_reviews(tmp_path / "old", tmp_path / "new")
    assert marks(tmp_path / "old") == before_old, "the old review is only read"
    assert (tmp_path / "new/tables/register.csv").read_bytes() == content
    first = {path.name: path.read_bytes() for path in compared.written}
    assert first == {path.name: path.read_bytes() for path in again.written}
    assert not any("đã được sửa" in line.vi for line in again.summary)
    assert [line.vi for line in again.summary][:3] == ["Kỳ 01/11/2027 so với kỳ 01/11/2026: 2 vùng trong sổ.", "  1 vẫn còn", "  1 đã xử lý theo dự báo, chưa đo"]


def test_another_folder_for_the_register(tmp_path: Path) -> None:
    write(tmp_path / "old", FIRST)
    new = write(tmp_path / "new", second())
    before = marks(new)
    compared = compare_reviews(tmp_path / "old", new, out=tmp_path / "so")
    assert marks(new) == before
    assert compared.written[0] == tmp_path / "so/tables/register.csv"
    third = write(tmp_path / "third", second(day=THIRD))
    assert compare_reviews(new, third, old_register=tmp_path / "so").table["register_id"].tolist() == ["99-20261101-001", "99-20261101-002"]


def test_resolved_by_prediction_by_measurement_and_by_acceptance(tmp_path: Path) -> None:
    gone = second(zones={})
    assert pair(tmp_path / "a", FIRST, gone)[1]["DZ1"]["state"] == "resolved_predicted"
    seen = replace(gone, measured=block(1, 1, 2, 4), samples=[("2027-05-01", cell, -90.0) for cell in block(1, 1, 2, 4)])
    row = pair(tmp_path / "b", FIRST, seen)[1]["DZ1"]
    assert (row["state"], row["basis"], row["measured_share"], row["last_measured"]) == ("resolved", "measured", "0.3333", "2027-05-01")
    early = replace(seen, samples=[("2026-05-01", cell, -90.0) for cell in block(1, 1, 2, 4)])
    row = pair(tmp_path / "c", FIRST, early)[1]["DZ1"]
    assert (row["state"], row["flags"].split("; ")[-1]) == ("resolved_predicted", "measured_too_early")
    listed = tmp_path / "acceptances.csv"
    listed.write_text("Mã vùng lõm sóng,Kết quả nghiệm thu,Ngày nghiệm thu\nDZ1,Đạt,05/03/2027\n", encoding="utf-8")
    rows = pair(tmp_path / "d", FIRST, gone, acceptances=listed)[1]
    assert (rows["DZ1"]["state"], rows["DZ1"]["basis"], rows["DZ2"]["state"]) == ("resolved", "acceptance", "resolved_predicted")
    assert rows["DZ1"]["remark_vi"].startswith("Đã xử lý theo nghiệm thu ngày 05/03/2027.")


def test_samples_that_are_gone_cannot_date_a_measurement(tmp_path: Path) -> None:
    gone = second(zones={}, measured=block(1, 1, 4, 4), samples=[("2027-05-01", cell, -90.0) for cell in block(1, 1, 4, 4)])
    write(tmp_path / "old", FIRST)
    new = write(tmp_path / "new", gone)
    shutil.rmtree(new / ".stages")
    compared = compare_reviews(tmp_path / "old", new)
    assert compared.table["state"].tolist() == ["resolved_predicted"] * 2
    assert any("không có ngày đo" in line.vi for line in compared.summary)


def test_silence_is_never_absence(tmp_path: Path) -> None:
    rows = pair(tmp_path / "a", FIRST, second(zones={}, without_list=("Mạng A", "Mạng B")))[1]
    assert [row["state"] for row in rows.values()] == ["unknown", "unknown"]
    assert rows["DZ1"]["causes"] == "input"
    assert "site_list.Mạng A given -> missing" in rows["DZ1"]["cause_evidence"]
    assert pair(tmp_path / "b", FIRST, second(zones={}, rasters=False))[1]["DZ1"]["state"] == "unknown"
    one = second(zones={}, without_list=("Mạng B",), levels=dict.fromkeys(block(1, 1, 4, 4), POOR))
    assert pair(tmp_path / "c", FIRST, one)[1]["DZ1"]["state"] == "unknown", "one operator unserved, the other not known"


def test_villages_speak_where_there_are_no_rasters(tmp_path: Path) -> None:
    village = {"village_id": "T1", "cell": (2, 2), "class": "served", "operators_serving": "Mạng A", "evidence": "measured", "last_measured": "2027-05-01", "population": 40}
    run = second(zones={}, rasters=False, villages=[village], people=None)
    compared, rows = pair(tmp_path, replace(FIRST, people=None), run)
    assert (rows["DZ1"]["state"], rows["DZ1"]["basis"]) == ("resolved", "measured")
    assert rows["DZ2"]["state"] == "unknown"
    assert any("không có raster" in line.vi for line in compared.summary)


def test_three_reviews_keep_the_ids_and_a_zone_comes_back(tmp_path: Path) -> None:
    pair(tmp_path, FIRST, second(zones={"N2": block(8, 1, 10, 5), "N3": block(8, 7, 10, 11), "N9": block(5, 8, 7, 10)}))
    third = write(tmp_path / "third", second(day=THIRD, zones={"M1": block(1, 1, 4, 3), "M2": block(8, 1, 10, 11)}))
    table = compare_reviews(tmp_path / "new", third).table.set_index("register_id")
    assert table["state"].to_dict() == {
        "99-20261101-001": "reopened", "99-20261101-002": "persisting", "99-20271101-001": "merged", "99-20271101-002": "resolved_predicted",
    }  # fmt: skip
    assert table.loc["99-20271101-001", ["merged_into", "split_from"]].tolist() == ["99-20261101-002"] * 2
    assert table.loc["99-20261101-001", "dead_zone_id"] == "M1"
    assert (table.loc["99-20261101-001", "first_listed"], table.loc["99-20261101-001", "opened"]) == (date(2026, 11, 1), THIRD)
    fourth = write(tmp_path / "fourth", second(day=date(2029, 11, 1), zones={"K1": block(5, 8, 7, 10)}))
    table = compare_reviews(third, fourth).table.set_index("register_id")
    assert table["state"].to_dict() == {
        "99-20261101-001": "resolved_predicted", "99-20261101-002": "resolved_predicted", "99-20271101-001": "merged", "99-20271101-002": "reopened",
    }  # fmt: skip


def test_texts_that_look_like_formulas_stay_texts_and_come_back_as_they_were(tmp_path: Path) -> None:
    name = "=HYPERLINK(1)"
    rows = pair(tmp_path, replace(FIRST, zones={name: block(1, 1, 4, 4)}), second(zones={name: block(1, 1, 4, 4)}))[1]
    assert list(rows) == [name]
    assert rows[name]["dead_zone_id"] == "'" + name
    third = write(tmp_path / "third", second(day=THIRD, zones={"M1": block(1, 1, 4, 4)}))
    table = compare_reviews(tmp_path / "new", third).table
    assert table["previous_ids"].tolist() == [f"2026-11-01={name}; 2027-11-01={name}; 2028-11-01=M1"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sites": [*Run().sites, ("A2", "Mạng A", (2, 9))]}, ("site", "site located: Mạng A/A2 new 0.5 km")),
        ({"sites": [*Run().sites, ("A2", "Mạng A", (2, 60))]}, ("", "")),
        ({"inputs": {"dem.tif": "9", "sites.csv": "2"}}, ("input", "input possible: files.terrain dem.tif -> dem.tif")),
        ({"version": "0.2.0"}, ("model", "model possible: software.vungphu 0.1.0 -> 0.2.0")),
        ({"samples": [("2027-05-01", (2, 2), -90.0)], "inputs": {**Run().inputs, "drive.csv": "5"}}, ("measurement", "measurement located: 1 samples, files.measurements - -> drive.csv")),
        ({"inputs": {"dem.tif": "9", "sites.csv": "2"}, "version": "0.2.0"}, ("input; model", "input possible: files.terrain dem.tif -> dem.tif | model possible: software.vungphu 0.1.0 -> 0.2.0")),
    ],
)  # fmt: skip
def test_a_change_carries_its_cause(tmp_path: Path, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    row = pair(tmp_path, FIRST, second(zones={"N2": block(8, 1, 10, 11)}, **changes))[1]["DZ1"]
    assert (row["causes"], row["cause_evidence"]) == expected
    assert row["cause_single"] == ("" if not row["causes"] else "TRUE" if ";" not in row["causes"] else "FALSE")
    assert ("cause_not_found" in row["flags"]) == (not row["causes"])


def test_equal_levels_rule_the_terrain_out(tmp_path: Path) -> None:
    """The zone is gone though no level changed there: the threshold or the way of drawing zones, not the terrain."""
    run = second(zones={"N2": block(8, 1, 10, 11)}, levels=dict.fromkeys(block(1, 1, 4, 4), POOR), inputs={"dem.tif": "9", "sites.csv": "2"}, version="0.2.0")
    row = pair(tmp_path, FIRST, run)[1]["DZ1"]
    assert (row["causes"], row["causes_excluded"], row["state"]) == ("model", "input", "remnant")


# -- two rules

UNDER = -121.0  # P = 0.085 under -110: unserved; 0.45 under -120: uncertain; 0.89 under -131


def test_a_change_that_only_the_rule_makes(tmp_path: Path) -> None:
    levels = dict.fromkeys(block(1, 1, 4, 4), UNDER)
    old, new = replace(FIRST, levels=levels), second(zones={"N2": block(8, 1, 10, 11)}, levels=levels, threshold_dbm=-135.0)
    compared, rows = pair(tmp_path / "a", old, new)
    row = rows["DZ1"]
    assert [row[f"{review}_review_{rule}_rule"] for rule in ("old", "new") for review in ("old", "new")] == ["unserved", "unserved", "served", "served"]
    assert (row["state"], row["rule_effect"], row["causes"], row["cause_single"]) == ("resolved_predicted", "only", "rule", "TRUE")
    assert "rule_only" in row["flags"]
    assert "chỉ do đổi quy tắc" in row["remark_vi"]
    assert any("1 thay đổi chỉ do quy tắc" in line.vi for line in compared.summary)
    back = pair(tmp_path / "b", replace(old, zones={"DZ2": block(8, 1, 10, 11)}, threshold_dbm=-135.0), replace(new, zones=FIRST.zones, threshold_dbm=-110.0))[1]
    assert (back["DZ1"]["state"], back["DZ1"]["rule_effect"]) == ("new", "only")


def test_a_change_that_either_rule_shows_is_not_the_rules(tmp_path: Path) -> None:
    old = replace(FIRST, levels=dict.fromkeys(block(1, 1, 4, 4), -140.0))
    new = second(zones={"N2": block(8, 1, 10, 11)}, threshold_dbm=-113.0, sites=[*Run().sites, ("A2", "Mạng A", (2, 9))])
    row = pair(tmp_path, old, new)[1]["DZ1"]
    assert (row["rule_effect"], row["causes"], row["causes_excluded"]) == ("none", "site", "rule")


def test_a_change_that_one_rule_shows(tmp_path: Path) -> None:
    levels = dict.fromkeys(block(1, 1, 4, 4), -123.0)  # much better than before, and unserved still under -110
    new = second(zones={"N2": block(8, 1, 10, 11)}, levels=levels, threshold_dbm=-135.0, sites=[*Run().sites, ("A2", "Mạng A", (2, 9))])
    row = pair(tmp_path, replace(FIRST, levels=dict.fromkeys(block(1, 1, 4, 4), -150.0)), new)[1]["DZ1"]
    assert [row[f"{review}_review_{rule}_rule"] for rule in ("old", "new") for review in ("old", "new")] == ["unserved", "unserved", "unserved", "served"]
    assert (row["rule_effect"], row["causes"], row["cause_single"]) == ("partly", "site; rule", "FALSE")


def test_what_cannot_be_found_again_is_said(tmp_path: Path) -> None:
    new = second(zones={"N2": block(8, 1, 10, 11)}, threshold_dbm=-135.0, no_rasters_of=("Mạng B",))
    compared, rows = pair(tmp_path, FIRST, new)
    row = rows["DZ1"]
    assert (row["new_review_old_rule"], row["old_review_old_rule"], row["rule_effect"]) == ("not_recomputable", "unserved", "not_recomputable")
    assert row["causes"] == "rule"
    assert "không tính lại được" in row["remark_vi"]
    assert any("2 vùng không tính lại được" in line.vi for line in compared.summary)


# -- deadlines and claims


def test_overdue(tmp_path: Path) -> None:
    listed = tmp_path / "han.csv"
    listed.write_text("village_id,deadline\nT1,2027-06-30\n", encoding="utf-8")
    village = {"village_id": "T1", "cell": (2, 2), "class": "white", "population": 9}
    rows = pair(tmp_path / "a", FIRST, second(villages=[village]), acceptances=listed)[1]
    assert (rows["DZ1"]["state"], rows["DZ1"]["deadline"], rows["DZ1"]["deadline_basis"], rows["DZ2"]["state"]) == ("overdue", "2027-06-30", "stated", "persisting")
    rows = pair(tmp_path / "c", FIRST, second(deadlines={"N2": "2027-06-30"}))[1]
    assert [(row["state"], row["deadline_basis"]) for row in rows.values()] == [("persisting", ""), ("overdue", "zone")]
    rows = pair(tmp_path / "b", FIRST, second(), deadline_days={"white": 100.0})[1]
    assert [row["state"] for row in rows.values()] == ["overdue", "overdue"]


def test_claimed_by_a_layer(tmp_path: Path) -> None:
    write(tmp_path / "old", FIRST)
    new = write(tmp_path / "new", second())
    from tests.register.made_up_runs import polygon

    claims = gpd.GeoDataFrame({"operator": ["Mạng A"], "technology": ["4G"]}, geometry=[polygon(block(0, 0, 5, 5))], crs=4326)
    claims.to_file(new / "layers.gpkg", layer="coverage_claims", driver="GPKG")
    table = compare_reviews(tmp_path / "old", new).table
    assert table["state"].tolist() == ["claimed_not_shown", "persisting"]


# -- people


def test_people_of_villages_where_nothing_better_is_known(tmp_path: Path) -> None:
    people = [{"village_id": "T1", "cell": (8, 2), "population": 90, "class": "white"}, {"village_id": "T2", "cell": (8, 9), "population": 10, "class": "white"}]
    run = second(zones={"few": block(8, 5, 10, 11), "many": block(8, 1, 10, 4)}, people=None, villages=people)
    compared, rows = pair(tmp_path, replace(FIRST, people=None, villages=people), run)
    assert (rows["DZ2"]["dead_zone_id"], rows["DZ2"]["shared_share"]) == ("many", "0.9")
    assert rows["DZ1"]["matched_by"] == "", "no village in it, and no successor"
    assert any("từng thôn" in line.vi for line in compared.summary)


def test_ground_alone_is_said(tmp_path: Path) -> None:
    compared, rows = pair(tmp_path, replace(FIRST, people=None), second(people=None))
    assert rows["DZ1"]["matched_by"] == "area"
    assert "by_area" in rows["DZ1"]["flags"]
    assert any("so theo diện tích" in line.vi for line in compared.summary)


# -- what is refused


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "old", FIRST), write(tmp_path / "new", second())


def refused(*arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        compare_reviews(*arguments, **options)
    return caught.value.message.en


def test_folders_that_cannot_be_compared(two: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = two
    (tmp_path / "empty").mkdir()
    assert "is not a complete run folder" in refused(old, tmp_path / "empty")
    assert "is not a complete run folder" in refused(old, tmp_path / "nowhere")
    assert "are the same run" in refused(old, old)
    assert "are the same run" in refused(old, shutil.copytree(old, tmp_path / "copy"))
    assert "is older than the old one" in refused(new, old)
    other = write(tmp_path / "other", second(provinces=("98",)))
    assert "of different provinces: 'old' of 99, 'other' of 98" in refused(old, other)
    (tmp_path / "other/manifest.json").write_text("{}", encoding="utf-8")
    assert "is damaged" in refused(old, other)


def test_runs_without_dead_zones(two: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = two
    shutil.copy(write(tmp_path / "x", second(zones={"N1": block(1, 1, 4, 4)})) / "layers.gpkg", new / "layers.gpkg")
    assert "no layer of layers.gpkg has the outline of dead zone N2;" in refused(old, new)
    (new / "layers.gpkg").write_bytes(b"x")
    assert "damaged" in refused(old, new)
    (new / "layers.gpkg").unlink()
    assert "dead zone N1, N2;" in refused(old, new)
    (new / "tables/dead_zones.csv").unlink()
    assert "no table of dead zones" in refused(old, new)


def test_roads_may_have_a_layer_of_their_own(tmp_path: Path) -> None:
    road = shapely.LineString([centre((6, 0)), centre((6, 11))])
    for name, run in (("old", FIRST), ("new", second())):
        folder = write(tmp_path / name, replace(run, zones={**run.zones, "road-1": []}, classes={"road-1": "road"}))
        gpd.GeoDataFrame({"dead_zone_id": ["road-1"]}, geometry=[road], crs=4326).to_file(folder / "layers.gpkg", layer="dead_zone_roads", driver="GPKG")
    table = compare_reviews(tmp_path / "old", tmp_path / "new").table
    assert table[["family", "state", "matched_by"]].to_numpy().tolist() == [["area", "persisting", "people"]] * 2 + [["road", "persisting", "people"]]


def test_a_register_that_is_not_the_old_runs(two: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = two
    compare_reviews(old, new)
    third = write(tmp_path / "third", second(day=THIRD))
    shutil.copy(write(tmp_path / "again", second(zones={"N1": block(1, 1, 4, 4)})) / "tables/dead_zones.csv", new / "tables/dead_zones.csv")
    shutil.copy(tmp_path / "again/layers.gpkg", new / "layers.gpkg")
    assert "was it run again?" in refused(new, third)
    (new / "register.json").unlink()
    assert "lacks register.json" in refused(new, third)


def test_a_register_saved_by_another_program(two: tuple[Path, Path], tmp_path: Path) -> None:
    compare_reviews(*two, deadline_days={"white": 800.0})
    third = write(tmp_path / "third", second(day=THIRD))
    path = two[1] / "tables/register.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert text.count("2029-01-09") == 2
    path.write_text(text.replace("2029-01-09", "2028-03-04"), encoding="utf-8-sig")
    compared = compare_reviews(two[1], third)
    assert compared.table["state"].tolist() == ["overdue", "overdue"]
    assert any("đã được sửa" in line.vi for line in compared.summary)
    path.write_text(text.replace("2029-01-09", "04/03/2028"), encoding="utf-8-sig")
    assert "column deadline: '04/03/2028' is no day" in refused(two[1], third)
    path.write_text(text.replace("99-20261101-002", "99-20261101-001"), encoding="utf-8-sig")
    assert "has an id twice" in refused(two[1], third)


def test_a_register_against_another_review_is_not_replaced(two: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = two
    compare_reviews(old, new)
    other = write(tmp_path / "other", replace(FIRST, zones={"Z": block(1, 1, 4, 4)}))
    assert "already has a register made against another review" in refused(other, new)
    assert len(compare_reviews(other, new, overwrite=True).table) == 2
    assert "cannot be written into the old review's folder" in refused(old, new, out=old)


def test_a_list_of_acceptances_that_cannot_be_used(two: tuple[Path, Path], tmp_path: Path) -> None:
    listed = tmp_path / "a.csv"
    listed.write_text("lon,lat,accepted,accepted_on\n108.0001,22.5001,yes,2027-03-05\n", encoding="utf-8")
    assert "cannot be used" in refused(*two, acceptances=listed)
    assert (two[1] / "register_issues.xlsx").is_file()
    assert not (two[1] / "tables/register.csv").exists()
    assert "not found" in refused(*two, acceptances=tmp_path / "nowhere.csv")


# -- the command


def run_command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/compare_reviews.py"), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_says_the_counts_in_both_languages(two: tuple[Path, Path], tmp_path: Path) -> None:
    lon, lat = centre((2, 2))
    listed = tmp_path / "a.csv"
    listed.write_text(f"lon,lat,Nhà mạng,accepted,accepted_on\n{lon},{lat},Mạng A,Không đạt,2027-03-05\n,,,,\n,,Mạng A,Đạt,2027-03-05\n", encoding="utf-8")
    assert "Thiếu OLD" in run_command(folder=tmp_path).stderr
    done = run_command("old", "new", "--acceptances", "a.csv", "--deadline-days", "road=10", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Kỳ 01/11/2027 so với kỳ 01/11/2026: 2 vùng trong sổ." in done.stdout
    assert "Review of 2027-11-01 against that of 2026-11-01: 2 zones in the register." in done.stdout
    assert "  2 vẫn còn" in done.stdout
    assert "  2 persisting" in done.stdout
    assert done.stdout.splitlines()[-1] == str(Path("new") / "register.json")
    assert "1 chỗ trong bảng nghiệm thu" in done.stderr
    english = run_command("old", "new", "--lang", "en", folder=tmp_path)
    assert "Kỳ" not in english.stdout
    wrong = run_command("old", "old", folder=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "cùng một lần chạy" in wrong.stderr
    bad = run_command("old", "new", "--deadline-days", "white", folder=tmp_path)
    assert bad.returncode == 2
    assert "white=365" in bad.stderr
    strange = run_command("old", "new", "--deadline-days", "foo=3", folder=tmp_path)
    assert (strange.returncode, strange.stdout) == (2, "")
    assert strange.stderr.count("\n") == 1
    assert "'foo'" in strange.stderr
    assert "white, weak, voice_only, no_4g, single_operator, indoor_only, road" in strange.stderr
    assert "Traceback" not in bad.stderr + wrong.stderr


@pytest.mark.slow
def test_a_deadline_given_twice_or_two_in_one_is_refused(two: tuple[Path, Path], tmp_path: Path) -> None:
    twice = run_command("old", "new", "--deadline-days", "road=3", "--deadline-days", "road=5", folder=tmp_path)
    assert twice.returncode == 2
    assert "hai lần" in twice.stderr
    strange = run_command("old", "new", "--deadline-days", "white=3;road=5", folder=tmp_path)
    assert (strange.returncode, strange.stdout) == (2, "")


def test_a_change_of_class_alone_is_a_change_with_a_cause(tmp_path: Path) -> None:
    row = pair(tmp_path, FIRST, second(classes={"N1": "single_operator"}, version="0.2.0"))[1]["DZ1"]
    assert (row["state"], row["class_old"], row["class_new"], row["causes"]) == ("persisting", "white", "single_operator", "model")
    assert "class_changed" in row["flags"]
    assert row["remark_vi"].startswith("Vẫn còn. Đổi loại: trắng sóng thành một nhà mạng. Nguyên nhân: mô hình")


def test_the_order_of_rows_in_tables_and_layers_changes_no_byte(tmp_path: Path) -> None:
    villages = [{"village_id": f"T{k}", "cell": (k, k), "population": 5 + k, "class": "white"} for k in range(1, 6)]
    samples = [("2027-05-01", cell, -90.0) for cell in block(1, 1, 2, 4)]
    new = second(zones={"N2": block(8, 1, 10, 5), "N3": block(8, 7, 10, 11), "N4": block(5, 5, 7, 7)}, villages=villages, samples=samples, measured=block(1, 1, 2, 4))
    written = []
    for name, turn in (("a", 1), ("b", -1)):
        runs = [
            replace(run, zones=dict(list(run.zones.items())[::turn]), villages=run.villages[::turn], samples=run.samples[::turn], sites=run.sites[::turn])
            for run in (FIRST, new)
        ]
        pair(tmp_path / name, *runs)
        written.append((tmp_path / name / "new/tables/register.csv").read_bytes())
    assert written[0] == written[1]
    assert written[0].count(b"\r\n") == 5
