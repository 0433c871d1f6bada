"""The stage that plans measurements, over a small made-up run of arrays: what it writes, what it says where there is nothing to plan."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import asdict, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.compute import SerialExecutor
from geo.coverage import Reason, State
from geo.crs import to_wgs84
from geo.errors import ProjectFileError
from geo.grid import Grid
from geo.io.files import write_json
from geo.io.project import read_project
from geo.io.rasters import write_array
from geo.io.stage_files import read_frame, write_frame
from geo.pipeline.engine import Workspace
from geo.pipeline.sampling import hanging_vnd, plan_measurements, plan_weights, sampling_lines
from geo.pipeline.sentences import read_sentences
from geo.pipeline.settings import analysis_settings
from geo.report.tables import arrange, csv_bytes, result_table
from geo.sampling import sampling_settings

GRID = Grid(9210, 400_000.0, 2_420_000.0, 100.0, 60, 80)
LAYERS = (("Mạng A", "4G"), ("Mạng B <b>", "4G"), ("Mạng B <b>", "3G"))
DESIGN = [
    "stop", "day", "area_code", "village_id", "road_id", "lon", "lat", "operator", "technology", "tests_needed", "expected_change", "km", "instruction",
]  # fmt: skip
#: Cells of villages: near the road, 1 km from it, beyond all walking, served, where a layer is hidden by terrain, where a list is missing.
VILLAGES = {"V1": (30, 10), "V2": (20, 40), "V3": (30, 60), "V4": (32, 50), "V5": (31, 30), "V6": (29, 70)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("project") / "project.toml"
    file.write_text('[project]\nname = "Tỉnh <script>"\noperators = ["Mạng A", "Mạng B <b>"]\ndate = 2026-11-01\n', encoding="utf-8")
    return read_project(file)


def made_up_run(folder: Path, *, roads: bool = True, undecided: bool = True, standards: bool = True, placed: bool = True) -> dict[str, Path]:
    """Write the stages' files that the plan reads: a run without measurements."""
    up = {name: folder / name for name in ("inputs", "calibration", "coverage", "villages", "standards", "proposals")}
    for path in up.values():
        path.mkdir(parents=True)
    shape = (len(LAYERS), GRID.rows, GRID.columns)
    level = np.full(shape, -112.0, dtype=np.float32)
    level[1:] = -118.0
    state, reason = np.full(shape, State.UNCERTAIN, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    r, c = VILLAGES["V5"]
    state[1, r, c], reason[1, r, c], level[1, r, c] = State.UNKNOWN, Reason.TERRAIN, np.nan
    r, c = VILLAGES["V6"]
    state[:, r, c], reason[:, r, c] = State.UNKNOWN, Reason.NO_SITE_LIST
    margin = (level + 110.0) / 8.0
    margin[state == State.UNKNOWN] = np.nan
    arrays = {
        "level_dbm": level, "probability": level * np.nan, "margin_sd": margin, "state": state, "reason": reason, "server": np.full(shape, -1, dtype=np.int32),
        "sd_db": np.full(shape, 8.0, dtype=np.float32), "all_by_use": state[:1],
    }  # fmt: skip
    for name, values in arrays.items():
        write_array(up["coverage"] / f"{name}.npy", values)
    write_array(up["coverage"] / "index.npy", np.zeros(shape[1:], dtype=np.int32))
    write_json(up["coverage"] / "layers.json", {"layers": [list(x) for x in LAYERS], "grid": asdict(GRID)})
    x, y = GRID.centres()
    row, column = np.array(list(VILLAGES.values())).T
    lon, lat = to_wgs84(x[column], y[row], GRID.epsg)
    villages = pd.DataFrame({"village_id": list(VILLAGES), "village_name": [f"Bản {v} & <i>" for v in VILLAGES], "commune_code": "99001", "lon": lon, "lat": lat})
    if not placed:
        villages[["lon", "lat"]] = np.nan
    villages["class"] = ["served" if v == "V4" or not undecided else "undecided" for v in VILLAGES]
    write_frame(up["villages"] / "villages.parquet", villages)
    write_frame(up["villages"] / "communes.parquet", pd.DataFrame({"commune_code": ["99001"], "commune_name": ["Xã Thử"], "population": [1000.0]}))
    write_array(up["villages"] / "cells_of_villages.npy", np.full(GRID.shape, -1, dtype=np.int32))
    box = shapely.box(105.0, 21.7, 105.2, 22.0)
    write_frame(up["inputs"] / "units.parquet", gpd.GeoDataFrame({"commune_code": ["99001"], "commune_name": ["Xã Thử"]}, geometry=[box], crs=4326))
    if roads:
        # A road from west to east; one far away that nothing joins.
        lines = [np.column_stack(to_wgs84(np.array(xs), np.array(ys), GRID.epsg)) for xs, ys in (([400_500, 407_500], [2_416_900] * 2), ([430_000, 431_000], [2_430_000] * 2))]
        frame = gpd.GeoDataFrame({"road_id": ["QL1", "X"], "road_name": ["Quốc lộ thử", ""], "road_class": ["national", ""]}, geometry=[shapely.LineString(p) for p in lines], crs=4326)
        write_frame(up["inputs"] / "roads.parquet", frame)
    if standards:
        row = {
            "area_level": "road", "area_code": "QL1", "operator": "Mạng A", "technology": "4G", "statistic": "share_at_least", "evidence": "not_enough",
            "source_kind": "drive_test", "value": 0.99, "n": 40.0, "n_effective": 38.0, "n_needed": 90.0, "threshold": 0.9, "comparator": ">=",
        }  # fmt: skip
        other = {**row, "source_kind": "crowd_test"}
        beside = {**row, "operator": "Foreign Net"}  # of no layer of the run: nobody is sent out for it
        write_frame(up["standards"] / "standards.parquet", pd.DataFrame([row, other, beside]))
    return up


def planned(project, up: dict[str, Path], folder: Path, **sampling):
    settings = replace(analysis_settings(project), sampling=replace(sampling_settings(), **sampling))
    folder.mkdir()
    record = plan_measurements(Workspace(folder, up, {}, SerialExecutor(), lambda done, total: None), project, settings, made_up=True)
    return record, folder


@pytest.fixture(scope="module")
def plan(project, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("run")
    return planned(project, made_up_run(folder / "up"), folder / "stage", days=2, least_change=0.01)


def test_the_table_has_the_columns_of_the_design_and_adds_up(plan) -> None:
    record, folder = plan
    table = read_frame(folder / "measurements_planned.parquet")
    assert list(table.columns) == [*DESIGN, "village_name", "commune_name", "plan_cost_vnd"]
    assert table["plan_cost_vnd"].isna().all()  # nothing is proposed
    assert [c.name for c in result_table("measurements_planned").columns] == list(table.columns)
    assert (table.loc[table["village_id"] != "", ["village_name", "commune_name"]] != "").all(axis=None)
    stops = table[table["village_id"] != ""]
    assert stops["expected_change"].sum() == pytest.approx(record["expected_change"])
    assert 0 < record["expected_change"] < record["undecided"]
    assert stops.groupby("stop")["village_id"].nunique().eq(1).all()
    assert stops["stop"].drop_duplicates().tolist() == list(range(1, record["stops"] + 1))
    back = sum(d["km"] for d in record["by_day"]) - stops["km"].sum()
    assert 0 < back < record["km"]
    assert set(stops["village_id"]) == {"V1", "V2", "V3", "V5"}
    assert (stops["area_code"] == "99001").all()
    assert (stops["road_id"] == "QL1").all()
    assert (stops["tests_needed"] == 5).all()
    # A layer whose path the terrain hides is not predicted at all here: nothing is learnt of it.
    assert set(stops.loc[stops["village_id"] == "V5", "operator"] + " " + stops.loc[stops["village_id"] == "V5", "technology"]) == {"Mạng A 4G", "Mạng B <b> 3G"}
    # every instruction, those of areas on the way too, is there in the other language
    both = read_sentences(folder, "measurements_planned")["instruction"]
    assert set(table["instruction"]) <= set(both)
    assert all(both[text].vi != both[text].en and text in {both[text].vi, both[text].en} for text in table["instruction"])
    assert csv_bytes(arrange(table, result_table("measurements_planned"))).startswith(b"\xef\xbb\xbfstop,day,area_code,")


def test_fewer_days_than_asked_for_say_why(project, plan, tmp_path: Path) -> None:
    whole, _ = plan
    asked = whole["days"] + 1
    record, _ = planned(project, made_up_run(tmp_path / "up", standards=False), tmp_path / "stage", days=asked, least_change=0.01)
    lines = sampling_lines(record)
    assert (record["days"], record["days_asked"]) == (whole["days"], asked)
    assert f"{asked} vehicle-days were asked for and only {whole['days']} are planned" in lines[1].en
    assert "ít nhất 0,01 thôn" in lines[1].vi
    assert not any("were asked for" in line.en for line in sampling_lines({**record, "days_asked": whole["days"]}))


def test_a_road_without_a_verdict_is_decided_on_the_way(plan) -> None:
    record, folder = plan
    table = read_frame(folder / "measurements_planned.parquet")
    road = table[table["stop"].isna()]
    assert road[["area_code", "road_id", "operator", "technology", "tests_needed"]].values.tolist() == [["QL1", "QL1", "Mạng A", "4G", 50]]
    assert 0 < road["expected_change"].iloc[0] < 1
    assert road["km"].isna().all()
    assert record["areas"]["rows"] == 1


def test_what_is_left_is_counted_by_why_and_said_in_both_languages(plan) -> None:
    record, _ = plan
    assert record["left"] == {"unplaced": 0, "closed": 1, "far": 0, "apart": 0, "long": 0, "other": 0}  # V6: no site list, nothing to learn
    said = " ".join(line.en for line in sampling_lines(record))
    assert "not to be decided by measuring since data is missing: 1;" in said
    assert "Nothing was measured so far" in said
    assert "middle of the villages of Xã Thử" in said
    assert all(line.vi != line.en for line in sampling_lines(record))


def test_without_people_the_start_is_not_called_that_of_most_people(plan) -> None:
    record, _ = plan
    said = sampling_lines({**record, "start": {**record["start"], "found_in": ""}})
    line = next(one for one in said if "No start is given" in one.en)
    assert "the middle of all villages of the area" in line.en
    assert "gần giữa mọi thôn của địa bàn." in line.vi
    assert "đông dân" not in line.vi


def test_the_route_is_a_gpx_file_of_the_day(plan) -> None:
    record, folder = plan
    files = sorted((folder / "public" / "measurements").glob("*.gpx"))
    assert len(files) == record["days"]
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    root = ET.parse(files[0]).getroot()  # noqa: S314 - our own file
    names = [p.text for p in root.findall("g:wpt/g:name", space)]
    assert names[0].startswith("1. Bản V")
    points = [(float(p.get("lon")), float(p.get("lat"))) for p in root.findall("g:trk/g:trkseg/g:trkpt", space)]
    assert points[0] == points[-1]
    assert len(points) > 2
    table = read_frame(folder / "measurements_planned.parquet")
    first = table[table["day"] == 1].dropna(subset="stop").drop_duplicates("stop")
    assert [(float(p.get("lon")), float(p.get("lat"))) for p in root.findall("g:wpt", space)] == [
        (round(lon, 6), round(lat, 6)) for lon, lat in zip(first["lon"], first["lat"], strict=True)
    ]


def test_the_map_gets_the_way_of_the_gpx_files(plan) -> None:
    record, folder = plan
    ways = read_frame(folder / "measurement_routes.parquet")
    assert ways["day"].tolist() == list(range(1, record["days"] + 1))
    assert ways.crs.to_epsg() == 4326
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    for day, line in zip(ways["day"], ways.geometry, strict=True):
        root = ET.parse(folder / "public" / "measurements" / f"day_{day:02d}.gpx").getroot()  # noqa: S314 - our own file
        track = [(float(p.get("lon")), float(p.get("lat"))) for p in root.findall("g:trk/g:trkseg/g:trkpt", space)]
        assert np.allclose(shapely.get_coordinates(line), track, atol=1e-6)


def test_the_sheet_says_to_lock_the_technology_and_lets_no_text_out_of_its_place(plan) -> None:
    record, folder = plan
    for language, lock in (("vi", "KHÓA CÔNG NGHỆ"), ("en", "LOCK THE TECHNOLOGY")):
        page = (folder / "public" / "measurements" / f"sheet_{language}.html").read_text(encoding="utf-8")
        assert page.count(lock) == record["days"] == page.count('<article class="day">')
        assert "<script" not in page
        assert "<b>" not in page
        assert "<i>" not in page
        assert "://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert page.count('<th scope="row">') == record["stops"]


def test_nothing_that_leaves_the_office_tells_when_or_who(plan) -> None:
    _, folder = plan
    for path in (folder / "public" / "measurements").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<time>" not in text
        assert "<author" not in text
    assert not re.search(r"\b\d{8,}\b", text)


@pytest.mark.parametrize(
    ("given", "why", "sentence"),
    [
        ({"undecided": False}, "nothing_undecided", "no route is planned"),
        ({"placed": False}, "nothing_placed", "add their coordinates"),
        ({"roads": False}, "no_roads", "The project names no roads"),
    ],
)
def test_without_roads_or_open_villages_there_is_one_sentence_and_no_file(project, tmp_path: Path, given, why: str, sentence: str) -> None:
    record, folder = planned(project, made_up_run(tmp_path / "up", **given), tmp_path / "stage")
    assert record["why"] == why
    lines = sampling_lines(record)
    assert len(lines) == 1
    assert sentence in lines[0].en
    assert list(folder.iterdir()) == []


def test_a_day_too_short_for_any_stop_plans_nothing_and_says_why(project, tmp_path: Path) -> None:
    record, folder = planned(project, made_up_run(tmp_path / "up", standards=False), tmp_path / "stage", hours_per_day=0.4)
    assert not record["planned"]
    assert record["left"]["long"] == 4
    assert "too far for a day: 4;" in sampling_lines(record)[0].en
    assert list(folder.iterdir()) == []


def test_the_same_run_gives_the_same_files(project, plan, tmp_path: Path) -> None:
    _, again = planned(project, made_up_run(tmp_path / "up"), tmp_path / "stage", days=2, least_change=0.01)
    _, folder = plan
    for path in (folder / "public" / "measurements").iterdir():
        assert (again / "public" / "measurements" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sampling = { day = 3 }", "did you mean 'days'"),
        ("sampling = { days = 0 }", "a number above 0"),
        ("sampling = { days = 1.5 }", "a whole number"),
        ("sampling = { hours_per_day = 25 }", "a number up to 24"),
        ("sampling = { start = [21.9] }", "[longitude, latitude]"),
        ("sampling = { start = [21.9, 105.1] }", "longitude comes before latitude"),
        ('sampling = { speed_kmh = { national = "fast" } }', "a table of speeds"),
        ("sampling = { speed_kmh = { highway = 50 } }", "expressway"),
        ('sampling = { drive_technologies = ["6G"] }', "a list of 2G, 3G, 4G, 5G"),
        ("sampling = 3", "a table [settings.sampling]"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "project.toml"
    file.write_text(f'[project]\nname = "x"\ndate = 2026-11-01\n\n[settings]\n{text}\n', encoding="utf-8")
    with pytest.raises(ProjectFileError) as refused:
        analysis_settings(read_project(file))
    assert said in refused.value.message.en


def test_settings_of_the_project_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text('[project]\nname = "x"\ndate = 2026-11-01\n\n[settings.sampling]\ndays = 2\nstart = [105.1, 21.9]\nspeed_kmh = { national = 50 }\n', encoding="utf-8")
    got = analysis_settings(read_project(file)).sampling
    assert (got.days, got.start, got.speed_kmh["national"], got.speed_kmh["other"]) == (2, (105.1, 21.9), 50.0, 22.0)


# -- villages on whose verdict money of the plan hangs ------------------------------------------------


def proposed(up: dict[str, Path], *rows: tuple[int, float, str, str]) -> dict[str, Path]:
    """Write proposed sites as (rank, cost in đồng, villages gained, of these undecided), behind a registered line whose cost nobody knows."""
    columns = ["rank", "cost_vnd", "village_ids_gained", "village_ids_uncertain"]
    gains = pd.DataFrame(rows, columns=columns)
    line = pd.DataFrame({"rank": [1], "cost_vnd": [np.nan]})
    write_frame(up["proposals"] / "sites_planned.parquet", pd.concat([line, gains[["rank", "cost_vnd"]]], ignore_index=True))
    write_frame(up["proposals"] / "sites_planned_gains.parquet", gains[["rank", "village_ids_gained", "village_ids_uncertain"]])
    return up


def test_money_is_shared_by_the_villages_that_a_site_serves_first() -> None:
    """900 for three villages of which two are undecided: 300 on each of them; V2 waits for another site's 100 too; what is certain hangs on nothing."""
    planned = pd.DataFrame({"rank": [1, 2, 3, 4], "cost_vnd": [np.nan, 900.0, 100.0, 70.0]})
    gains = pd.DataFrame({"rank": [2, 3, 4], "village_ids_gained": ["V1; V2; V9", "V2", "V8"], "village_ids_uncertain": ["V1; V2", "V2", ""]})
    assert hanging_vnd(planned, gains) == {"V1": 300.0, "V2": 400.0}
    assert hanging_vnd(None, None) is None
    assert plan_weights(np.array([300.0, 0.0, 100.0]), 0.5).tolist() == [1.75, 1.0, 1.25]  # the mean of those with money, 200, counts half a village more
    assert plan_weights(np.array([300.0, 0.0]), 0.0).tolist() == [1.0, 1.0]
    assert plan_weights(np.zeros(2), 1.0).tolist() == [1.0, 1.0]


def test_the_routes_go_where_money_waits_for_a_verdict(project, plan, tmp_path: Path) -> None:
    """A day that holds one stop alone: without the plan it goes elsewhere than to V3, with the plan's money on V3 it goes there, and the setting takes that back."""
    rows = (2, 900_000_000.0, "V3; V9", "V3"), (3, 5.0, "V6", "V6")
    found = {}
    for name, up, weight in (("none", made_up_run(tmp_path / "a"), 1.0), ("plan", proposed(made_up_run(tmp_path / "b"), *rows), 1.0), ("off", proposed(made_up_run(tmp_path / "c"), *rows), 0.0)):
        record, folder = planned(project, up, tmp_path / name, days=1, hours_per_day=0.75, minutes_per_stop=30.0, plan_weight=weight)
        found[name] = record, read_frame(folder / "measurements_planned.parquet").dropna(subset="stop")
    stops = {name: table["village_id"].drop_duplicates().tolist() for name, (_, table) in found.items()}
    assert stops["none"] == stops["off"] != stops["plan"] == ["V3"]
    assert found["none"][0]["plan"] is None
    assert found["plan"][0]["plan"] == {"weight": 1.0, "villages": 2, "vnd": 450_000_005, "visited": 1, "visited_vnd": 450_000_000}
    assert found["off"][0]["plan"] == {"weight": 0.0, "villages": 2, "vnd": 450_000_005, "visited": 0, "visited_vnd": 0}
    table = found["plan"][1]
    assert table["plan_cost_vnd"].tolist() == [450_000_000.0, *[0.0] * (len(table) - 1)]
    # What is expected to be decided stays a number of villages, and that of the stops adds up.
    assert 0 < found["plan"][0]["expected_change"] <= found["none"][0]["expected_change"]
    assert table["expected_change"].sum() == pytest.approx(found["plan"][0]["expected_change"])
    said = {name: " ".join(line.en for line in sampling_lines(record)) for name, (record, _) in found.items()}
    assert "450,000,005 đồng of the plan hang on them. The routes stop at 1 of them (450,000,000 đồng), 1 have no day yet." in said["plan"]
    assert "counts as 1 + 1 villages" in said["plan"]
    assert "they have no precedence (plan_weight = 0)" in said["off"]
    assert "plan_weight" not in said["none"]
