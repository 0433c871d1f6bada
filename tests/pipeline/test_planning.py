"""The plan of a tiny made-up project, end to end: a line fed back as a listed site changes communes.csv by what the plan said it gains."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from tiny import tiny_project

from geo.compute import SerialExecutor
from geo.crs import from_wgs84
from geo.io.project import read_project
from geo.io.rasters import read_array, write_array
from geo.io.resources import issue_catalogue, load_toml
from geo.io.run_folder import RunFolder
from geo.io.stage_files import read_arrays, read_frame, read_issues, write_arrays, write_frame
from geo.pipeline.analysis import Analysis, analyse, analysis_stages
from geo.pipeline.candidates import load_candidates, operators_of
from geo.pipeline.engine import StageResult, Workspace, run_stages
from geo.pipeline.planning import plan_asked, plan_lines
from geo.pipeline.proposals import proposal_lines, propose
from geo.pipeline.reading import RefusedInputsError
from geo.pipeline.sentences import read_sentences
from geo.pipeline.settings import analysis_settings
from geo.project import Project, ProjectSettings

#: Where the lines stand: beyond the ridge, which the tiny project's sites do not reach well.
LINES = (
    ("D1", "Mạng A", 2027, "Xây mới", 105.675, 21.825, "A2b", 42, "4G"),
    ("D2", "Mạng B", 2027, "Xây mới", 105.6752, 21.8252, "A1a", 30, "4G"),
    ("D3", "Mạng B", 2028, "Dùng chung", 105.615, 21.83, "", 38, "4G"),
    ("D4", "Mạng B", 2028, "Tháo dỡ", 105.62, 21.81, "", "", ""),
    ("D5", "Mạng X", 2028, "Xây mới", 105.62, 21.86, "A2b", 42, "4G"),
)
#: A site of the tiny project, taken away.
REMOVED = (("R1", "Mạng B", 2028, "Tháo dỡ", 105.685, 21.88, "", "", ""),)
EMPTY = Project(
    path=Path("p.toml"), name="Thử", provinces=(), operators=(), date=dt.date(2026, 11, 1), cell_size_m=100.0, language="vi", inputs={},
    rules_catalogue="vn-2026", extra={}, extra_path=None, plan={}, settings=ProjectSettings(0.95, 1, 1, 1, 1, 1, 1, 1),
)  # fmt: skip
#: A budget for one new mast in a year and, to the đồng, for shares beside it in the first year alone.
BUDGET = (1_000_000_002 + 300, 1_000_000_002)
PROPOSING = f"""
years = [2027, 2028]
budget_vnd = [{BUDGET[0]}, {BUDGET[1]}]
places_most = 14
ground_block_m = 1000
road_near_m = 5000
choice_seconds = 2
cost_variants = 2
curve_points = 2
"""
HEADERS = ("Mã đăng ký", "Doanh nghiệp", "Năm", "Hình thức", "Kinh độ", "Vĩ độ", "Loại cột", "Chiều cao cột (m)", "Công nghệ")
NORMS = "\n".join(
    f'[[norm]]\nitem = "{item}"\nlow_vnd = {low}\ncentral_vnd = {low * 2}\nhigh_vnd = {low * 3}\nsource = "giả định"\nyear = 2026\n'
    for item, low in (("build", 500_000_001), ("share", 150), ("upgrade", 170), ("remove", 200), ("mast_year", 1000), ("move", 300))
)
SITES_PLANNED = (
    "rank", "year", "action", "source", "funding", "site_id", "lon", "lat", "x_vn2000", "y_vn2000", "commune_code", "mast_class", "height_m", "operators",
    "population_gained", "villages_gained", "cost_vnd", "cost_low", "cost_high", "reason",
)  # fmt: skip
#: What is certain of the gain, and what may be served already.
SPLIT = ("population_gained_certain", "population_gained_uncertain", "villages_gained_certain", "villages_gained_uncertain", "measure_first")
DESIGN = (
    "line_id", "operator", "year", "action", "lon", "lat", "commune_code", "mast_class", "class_allowed", "spacing_ok", "must_share_with",
    "dead_zones_served", "villages_gained", "population_gained", "remark",
)  # fmt: skip


def planned_project(folder: Path, lines=LINES, *, norms: str = NORMS, weak: bool = True, settings: str = 'levels_dbm = { "5G" = -110 }', plan: str = "") -> Path:
    project = tiny_project(folder, cell_size_m=500)
    # Weak cells of one technology, so that there is somebody left to serve.
    changes = [("sites.csv", '"3G,4G"', '"4G"'), *([("cells.csv", ",38,46,17,", ",38,12,17,")] if weak else [])]
    for name, old, new in changes:
        text = (folder / name).read_text(encoding="utf-8").replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    with (folder / "plans.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADERS)
        writer.writerows(lines)
    (folder / "norms.toml").write_text(norms, encoding="utf-8")
    zone = shapely.box(105.674, 21.824, 105.677, 21.827)
    gpd.GeoDataFrame({"Tên khu vực": ["Khu mẫu"], "Loại khu vực": ["Di tích"]}, geometry=[zone], crs=4326).to_file(folder / "restricted.geojson", driver="GeoJSON")
    masts = ["Mã cột,Kinh độ,Vĩ độ,Đơn vị sử dụng,Loại cột,Chiều cao cột (m),Hiệu lực đến", "C1,105.615,21.83,Mạng A,A2b,42,01/06/2027", "C2,105.6152,21.8302,Mạng B,A2b,36,"]
    (folder / "masts.csv").write_text("\n".join(masts) + "\n", encoding="utf-8")
    land = ["Mã khu đất,Tên khu đất,Loại,Kinh độ,Vĩ độ,Chiều cao công trình (m)", "L1,Nhà văn hóa thử,Nhà,105.668,21.86,9", "L2,Bãi đất thử,Đất,105.664,21.81,", "L3,Trụ sở thử,Nhà,105.667,21.861,"]
    (folder / "land.csv").write_text("\n".join(land) + "\n", encoding="utf-8")
    inputs = 'operator_plans = "plans.csv"\nmasts = "masts.csv"\nrestricted_areas = "restricted.geojson"\npublic_land = "land.csv"\n'
    # The table has other people than the raster, by commune; of one it says nothing.
    (folder / "people.csv").write_text("commune_code,population\n99001,210\n99002,230\n99003,90\n", encoding="utf-8")
    text = project.read_text(encoding="utf-8").replace('population = "population.tif"', 'population = ["population.tif", "people.csv"]')
    text = text.replace("[rules]", f"{inputs}\n[rules]") + f'{settings}\n\n[plan]\ncosts = "norms.toml"\n{plan}'
    project.write_text(text, encoding="utf-8")
    return project


def with_sites(project: Path, lines) -> None:
    """Put lines into the site list, as if they stood."""
    listed = project.parent / "sites.csv"
    rows = [f'{i},{o},{lon},{lat},on_air,{height},"{technology}"' for i, o, _, _, lon, lat, _, height, technology in lines]
    listed.write_text(listed.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")


def stages(project: Path, out: Path, *, upto: str = "planning") -> dict[str, StageResult]:
    """Run the stages up to the plan's; the files for people take longer than all of them."""
    read = read_project(project)
    found = analysis_stages(read, analysis_settings(read))
    last = next(i for i, stage in enumerate(found) if stage.name == upto)
    folder = RunFolder(out)
    with folder.locked():
        return run_stages(found[: last + 1], folder, executor=SerialExecutor())


def communes(results: Mapping[str, StageResult]):
    return read_frame(results["villages"].folder / "communes.parquet").set_index("commune_code")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("plan")
    return analyse(planned_project(folder / "in", plan=PROPOSING), folder / "maps", executor=SerialExecutor())


def frame(results: Mapping[str, StageResult], name: str):
    return read_frame(results["planning"].folder / f"{name}.parquet")


def test_what_to_measure_next_is_planned_too(run: Analysis) -> None:
    """The whole run has undecided villages and a road: the table, the route and the sheets are published."""
    record = run.results["sampling"].record
    assert record["planned"]
    assert not record["measured"]
    found = {path.relative_to(run.folder).as_posix() for path in run.written}
    assert {"tables/measurements_planned.csv", "measurements/day_01.gpx", "measurements/sheet_vi.html", "measurements/sheet_en.html"} <= found
    text = (run.folder / "tables" / "measurements_planned.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["village_id"] for row in rows} <= {f"T{k}" for k in range(1, 6)}
    assert sum(float(row["expected_change"]) for row in rows) == pytest.approx(record["expected_change"], abs=0.002)
    assert all("khóa" in row["instruction"] for row in rows)
    assert "measurements_planned" in {str(n) for n, _ in pyogrio.list_layers(run.folder / "layers.gpkg")}


def test_fed_back_as_sites_the_communes_change_by_what_the_plan_gains(run: Analysis, tmp_path: Path) -> None:
    """The lines together, over all operators and layer by layer: equal, not only within 3 %."""
    plain = run.results
    back = planned_project(tmp_path / "b")
    with_sites(back, LINES[:3])
    built = stages(back, tmp_path / "other")
    old, new = communes(plain), communes(built)
    people = old["population"].to_numpy()
    assert np.array_equal(people, new["population"].to_numpy())

    def change(column: str) -> float:
        return float((people * (new[column].fillna(0.0) - old[column].fillna(0.0)).to_numpy()).sum())

    totals = plain["planning"].record["plans"]
    gained = totals["together"]["population_gained"]
    assert gained > 100
    assert change("population_served_share") == pytest.approx(gained, rel=1e-6)
    layers = frame(plain, "operator_plans_by_layer").set_index(["operator", "technology"])["population_gained"]
    assert set(layers.index) == {("Mạng A", "4G"), ("Mạng B", "4G")}
    assert change("mang_a_4g_population_served_share") == pytest.approx(float(layers["Mạng A", "4G"].sum()), rel=1e-6)
    two = layers["Mạng B", "4G"]  # of two lines, which may reach the same people
    assert len(two) == 2
    assert two.max() < change("mang_b_4g_population_served_share") <= two.sum() * (1 + 1e-6)
    # each alone counts those whom both reach
    assert totals["sum_of_lines"]["population_gained"] >= gained
    villages = read_frame(built["villages"].folder / "villages.parquet").set_index("village_id")["class"]
    before = read_frame(plain["villages"].folder / "villages.parquet").set_index("village_id")["class"]
    told = {v for ids in frame(plain, "operator_plans")["village_ids_gained"] for v in ids.split("; ") if v}
    assert told
    assert told == {v for v in villages.index if before[v] in {"white", "undecided"} and villages[v] not in {"white", "undecided"}}


def test_norms_that_may_be_in_millions_are_stated(run: Analysis) -> None:
    """The made-up norms of a share, an upgrade, a removal, a move are some hundred đồng; the norm of a mast is one."""
    record = run.results["planning"].record
    assert record["norms_very_small"] == ["share", "upgrade", "remove", "mast_year", "move"]
    assert any("có phải ghi bằng triệu đồng? (share; upgrade" in line.vi for line in plan_lines(record))
    found = [f for f in read_issues(run.results["planning"].folder / "issues.json", issue_catalogue()).findings if f.kind.code == "norms_very_small"]
    assert [f.source.file for f in found] == ["norms.toml"]


def test_what_the_rules_say_of_each_line(run: Analysis) -> None:
    lines = frame(run.results, "operator_plans").set_index("line_id")
    assert lines["class_allowed"].tolist()[:2] == [False, True]
    assert lines.loc["D1", "must_share_with"] == "D2"
    assert "must_share" in lines.loc["D2", "remark"]
    assert lines["spacing_ok"].tolist()[:2] == [True, True]
    assert "operator_not_of_project" in lines.loc["D5", "remark"]
    assert np.isnan(lines.loc["D5", "population_gained"])
    assert lines.loc["D1", ["cost_low_vnd", "cost_vnd", "cost_high_vnd"]].tolist() == [500_000_001, 1_000_000_002, 1_500_000_003]
    assert "azimuth_deg" in lines.loc["D1", "radio_defaults"]
    assert lines.loc["D3", "population_gained"] > 0
    assert lines["spacing_ok"].isna().tolist() == [False, False, True, True, False]
    assert "own_site_not_found" in lines.loc["D4", "remark"]


@pytest.mark.slow
def test_a_site_taken_away_loses_what_the_run_without_it_has_not(tmp_path: Path) -> None:
    project = planned_project(tmp_path / "in", REMOVED, weak=False)
    whole = stages(project, tmp_path / "maps")
    for name in ("sites.csv", "cells.csv"):
        path = project.parent / name
        kept = [row for row in path.read_text(encoding="utf-8").splitlines() if not row.startswith("B2")]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    gone, now = communes(stages(project, tmp_path / "maps")), communes(whole)
    lost = float((now["population"] * (gone["population_served_share"].fillna(0.0) - now["population_served_share"].fillna(0.0))).sum())
    line = frame(whole, "operator_plans").iloc[0]
    assert line["population_gained"] < -50
    assert line["population_gained"] == pytest.approx(lost, rel=1e-6)
    assert line["villages_gained"] <= 0


def unpacked_column(column, n: int) -> list:
    """Return the values of a column of the page's tables, as the page's script unpacks it."""
    if "run" in column:
        return [value for value, times in zip(column["run"], column["long"], strict=True) for _ in range(times)]
    return [column["all"]] * n if "all" in column else [column["of"][at] for at in column["at"]] if "at" in column else list(column["is"])


def test_the_map_has_the_proposals_and_the_stops_of_the_tables(run: Analysis) -> None:
    data = json.loads(re.search(r'id="vungphu-data">(.*?)</script>', (run.folder / "index.html").read_text(encoding="utf-8"), re.DOTALL)[1])
    for kind, name in (("proposal", "sites_planned"), ("stop", "measurements_planned")):
        rows = list(csv.DictReader(io.StringIO((run.folder / "tables" / f"{name}.csv").read_text(encoding="utf-8-sig"))))
        table = data["themes"][kind]["table"]
        keys = [column["key"] for column in table["columns"]]
        assert keys[: len(rows[0])] == list(rows[0])
        assert table["n"] == len(rows) > 0
        for key, packed in zip(keys[: len(rows[0])], table["packed"], strict=False):
            found = unpacked_column(packed, table["n"])
            assert [("" if v is None else html.unescape(v) if isinstance(v, str) else v) for v in found] == [
                row[key] == "TRUE" if isinstance(v, bool) else type(v)(row[key]) if isinstance(v, int | float) else row[key] for v, row in zip(found, rows, strict=True)
            ], key
    assert data["themes"]["stop"]["ways"], "the way of each vehicle-day"
    gains = {row["rank"]: row["village_ids_gained"] for row in csv.DictReader(io.StringIO((run.folder / "tables" / "sites_planned_gains.csv").read_text(encoding="utf-8-sig")))}
    table = data["themes"]["proposal"]["table"]
    at = [column["key"] for column in table["columns"]]
    ranks, ids = (unpacked_column(table["packed"][at.index(name)], table["n"]) for name in ("rank", "village_ids_gained"))
    assert {str(rank): html.unescape(of or "") for rank, of in zip(ranks, ids, strict=True)} == {str(rank): gains.get(str(rank), "") for rank in ranks}


def test_files_for_people(run: Analysis) -> None:
    with (run.folder / "tables" / "operator_plans.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0])[: len(DESIGN)] == DESIGN
    assert [r["line_id"] for r in rows] == [line[0] for line in LINES]
    with (run.folder / "tables" / "sharing.csv").open(encoding="utf-8-sig", newline="") as stream:
        sharing = list(csv.DictReader(stream))
    assert tuple(sharing[0])[:9] == (
        "cluster_id", "site_ids", "operators", "distance_m", "keep_site_id", "removable_site_ids", "saving_vnd", "shared_share", "commune_code",
    )  # fmt: skip
    assert sharing[0]["mast_ids"] == "C1; C2"
    assert sharing[0]["saving_vnd"] == "2000"
    book = openpyxl.load_workbook(io.BytesIO((run.folder / "tables.xlsx").read_bytes()))
    sheet = book["Đăng ký của doanh nghiệp"]
    assert [c.value for c in sheet[1]][:4] == ["Mã đăng ký", "Nhà mạng", "Năm", "Hình thức"]
    assert sheet["D2"].value == "xây mới"
    assert {"operator_plans", "sharing", "unserved_after_plans", "mast_certificates"} <= {str(n) for n, _ in pyogrio.list_layers(run.folder / "layers.gpkg")}
    # The annexes in the provincial layout: what stands, and its planned twin, which reads back as planned.
    masts, twin = book["Cột ăng-ten"], book["QH_Cột ăng-ten"]
    headers = [c.value for c in twin[1]]
    assert [c.value for c in masts[1]][:7] == ["STT", "Mã cột ăng-ten", "Tên cột ăng-ten", "Địa chỉ", "Kinh độ", "Vĩ độ", "Đơn vị sử dụng"]
    assert headers[-2:] == ["Năm thực hiện", "Theo kế hoạch"]
    planned = read_frame(run.results["proposals"].folder / "sites_planned.parquet")
    both = read_sentences(run.results["proposals"].folder, "sites_planned")["reason"]  # for the map, which is read in either language
    assert {(both[text].vi, both[text].en)[one] for text in planned["reason"] for one in (0, 1)} == set(both)
    assert all(both[text].vi != both[text].en for text in planned["reason"])
    assert [row[1].value for row in twin.iter_rows(min_row=2)] == planned["site_id"].tolist()
    assert {row[headers.index("Theo kế hoạch")].value for row in twin.iter_rows(min_row=2)} == {"kế hoạch này"}
    certificates = frame(run.results, "mast_certificates")
    assert certificates["mast_id"].tolist() == ["C1"]
    assert certificates["days_left"].tolist() == [212]
    made = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    stage = next(s for s in made["stages"] if s["name"] == "planning")
    assert stage["counts"]["rules"] == {"origin": "hai_duong_2018", "statuses": ["unverified"]}


#: Columns whose texts are names of files and pages, as they came.
_AS_CAME = {"file", "sheet", "rule_from"}


def test_no_machine_word_in_any_table_that_people_open(run: Analysis) -> None:
    """Every header and every cell of text of the run's workbooks: codes are words there; only columns of ids, and the sheet on columns, have codes."""
    columns: dict[tuple[str, str], str] = {}
    on_paper: set[tuple[str, str]] = set()
    known: set[str] = set()
    described = [load_toml(f"results/{name}.toml") for name in ("columns", "dead_zones", "disagreement", "standards", "ipv6", "planning", "proposals", "undergrounding", "annexes")]
    described.append(load_toml("results/lists.toml")["tables"])
    ids = _AS_CAME | {name for file in described for table in file.values() for name, entry in table.get("columns", {}).items() if entry["kind"] == "code"}
    found = []
    for file in ("tables.xlsx", *(f"lists/{path.name}" for path in sorted((run.folder / "lists").glob("*.xlsx")))):
        book = openpyxl.load_workbook(io.BytesIO((run.folder / file).read_bytes()), read_only=True)
        if "Ý nghĩa các cột" in book.sheetnames:
            for row in book["Ý nghĩa các cột"].iter_rows(min_row=2, values_only=True):
                columns[str(row[0]), str(row[1])] = str(row[2])
                on_paper |= {(str(row[0]), str(row[1]))} if row[6] == "in" else set()
                known |= {pair.partition(" = ")[0] for pair in str(row[5] or "").split("; ") if " = " in pair}
        for sheet in book:
            if sheet.title == "Ý nghĩa các cột":
                continue
            headers, *rows = sheet.iter_rows(values_only=True)
            found += [(file, sheet.title, header) for header in headers if "_" in str(header)]
            for j, header in enumerate(headers):
                name = columns.get((sheet.title, str(header)), "")
                if name in ids:  # ids of the record may be words of programs; what is printed may not
                    texts = {str(row[j]) for row in rows if isinstance(row[j], str)} if (sheet.title, str(header)) in on_paper and name not in _AS_CAME else set()
                    found += [(file, sheet.title, header, text) for text in texts if re.search(r"\b[a-z]+_[a-z0-9_]+|^[a-z]{4,}$", text)]
                    continue
                for text in {row[j] for row in rows if isinstance(row[j], str)}:
                    found += [(file, sheet.title, header, word) for word in re.findall(r"[A-Za-z0-9]+_[A-Za-z0-9_]+", text)]
                    found += [(file, sheet.title, header, word) for word in text.split("; ") if word in known - {"4G", "none"} and word.isascii() and word.islower()]
    assert len(columns) > 300
    assert {"white", "undecided", "operator_plan"} <= known
    assert found == []


def test_a_missing_norm_is_an_error(tmp_path: Path) -> None:
    lacking = planned_project(tmp_path / "in", norms=NORMS.replace('item = "build"', 'item = "build"\nmast_class = "A1a"'))
    with pytest.raises(RefusedInputsError) as caught:
        stages(lacking, tmp_path / "maps")
    assert "norms_missing_item" in caught.value.log.codes()
    assert next(f for f in caught.value.log if f.kind.code == "norms_missing_item").title.en.endswith("build A2b")
    # what may be proposed needs its norms too: a mast on the ground, and the discreet one that an area may ask for
    unpaid = planned_project(tmp_path / "b", LINES[2:3], norms=NORMS.replace('item = "upgrade"', 'item = "build"\nmast_class = "A2a"').replace('item = "build"\nlow', 'item = "build"\nmast_class = "A2b"\nlow'), plan=PROPOSING)
    with pytest.raises(RefusedInputsError) as caught:
        stages(unpaid, tmp_path / "maps2", upto="inputs")
    assert next(f for f in caught.value.log if f.kind.code == "norms_missing_item").title.en == "Norms are missing: build A1b; upgrade"


def proposed(run: Analysis) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    folder = run.results["proposals"].folder
    return tuple(read_frame(folder / f"{name}.parquet") for name in ("sites_planned", "sites_planned_gains", "plan_years"))  # type: ignore[return-value]


def test_the_plan_keeps_its_budget_to_the_dong_and_adds_up(run: Analysis) -> None:
    planned, gains, years = proposed(run)
    with (run.folder / "tables" / "sites_planned.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert tuple(next(csv.reader(stream))) == (*SITES_PLANNED, *SPLIT)
    own = planned[planned["source"] == "proposed"]
    assert len(own) >= 2
    assert set(own["action"]) <= {"share", "upgrade", "build"}
    for year, budget in zip((2027, 2028), BUDGET, strict=True):
        spent = int(own.loc[own["year"] == year, "cost_vnd"].sum())
        assert 0 < spent <= budget
        assert years.set_index("year").loc[year, ["spent_vnd", "budget_vnd"]].tolist() == [spent, budget]
    whole = years[years["year"].isna()].iloc[0]
    assert whole["spent_vnd"] == own["cost_vnd"].sum()
    # rows add up to the plan; weighed and counted in each year of service they are the worth that the bound is held against
    assert whole["population_first_operator"] == pytest.approx(own["population_gained"].sum())
    weights = {"first_operator": 1.0, "to_4g": 0.5, "second_operator": 0.1, "third_operator": 0.05}
    worth = sum((2029 - gains["year"]) * weight * gains[f"population_{name}"] for name, weight in weights.items())
    assert whole["value"] == pytest.approx(worth.sum())  # the tiny project has neither facilities nor villages of special difficulty
    assert whole["bound"] >= whole["value"] > 0
    assert whole["gap"] == pytest.approx((whole["bound"] - whole["value"]) / whole["bound"])
    record = run.results["proposals"].record
    assert record["spent_vnd"] == [int(v) for v in years["spent_vnd"][:2]]
    lines = planned[planned["source"] == "operator_plan"]
    assert set(lines["site_id"]) == {"D1", "D2", "D3", "D5"}  # D4 takes a site away
    assert set(lines["funding"]) == {"operator"}
    looked = run.results["candidates"].record["places_looked_at"]
    assert (looked["public_building"], looked["public_land"]) == (1, 1)
    assert looked["new_ground"] >= 10
    assert planned["rank"].tolist() == list(range(1, len(planned) + 1))
    x, y = from_wgs84(own["lon"].to_numpy(float), own["lat"].to_numpy(float), 9210)
    assert own["x_vn2000"].tolist() == pytest.approx(x.tolist())
    assert own["y_vn2000"].tolist() == pytest.approx(y.tolist())
    assert ((own["x_vn2000"] - 500_000).abs() < 30_000).all()  # easting about the meridian of the zone
    assert own["reason"].str.contains("người|thôn").all()
    assert own.loc[own["action"] == "build", "reason"].str.contains("chưa có lớp lưới điện").all()


def test_what_people_add_up_is_what_the_year_says(run: Analysis) -> None:
    """The tables as files: the rows of a year give the figure of its own row to the last person, and all years that of the plan; so do their parts."""
    read = {name: pd.read_csv(run.folder / "tables" / f"{name}.csv") for name in ("sites_planned", "sites_planned_gains", "plan_years")}
    planned, gains, years = read.values()
    own = planned[planned["source"] == "proposed"].set_index("rank")
    assert (own["population_gained"] == gains.set_index("rank")["population_first_operator"]).all()
    for _, row in years.iterrows():
        mine = own if np.isnan(row["year"]) else own[own["year"] == row["year"]]
        told = gains if np.isnan(row["year"]) else gains[gains["year"] == row["year"]]
        for part in ("", "_certain", "_uncertain"):
            assert mine[f"population_gained{part}"].sum() == row[f"population_first_operator{part}"]
            assert mine[f"villages_gained{part}"].sum() == row[f"villages_gained{part}"]
        for step in ("to_4g", "second_operator", "third_operator"):
            assert told[f"population_{step}"].sum() == row[f"population_{step}"]
        assert mine["measure_first"].eq(True).sum() == row["sites_measure_first"]
    for what in ("population", "villages"):
        assert (planned[f"{what}_gained"].dropna() == (planned[f"{what}_gained_certain"] + planned[f"{what}_gained_uncertain"]).dropna()).all()
    classes = read_frame(run.results["villages"].folder / "villages.parquet").set_index("village_id")["class"]
    ids = {name: {v for ids in gains[f"village_ids_{name}"].dropna() for v in ids.split("; ") if v} for name in ("gained", "uncertain")}
    assert {v for v in ids["gained"] if classes[v] == "undecided"} <= ids["uncertain"] <= ids["gained"]
    assert len(ids["gained"] - ids["uncertain"]) == own["villages_gained_certain"].sum()


def test_fed_back_as_sites_the_communes_change_by_what_the_whole_plan_gains(run: Analysis, tmp_path: Path) -> None:
    """Registered lines and proposed sites together; within 3 % is asked, without measurements it is the same figure."""
    planned, gains, years = proposed(run)
    places = read_frame(run.results["candidates"].folder / "places.parquet").set_index("place_id")
    back = planned_project(tmp_path / "b")
    own = planned[planned["source"] == "proposed"]
    new = [
        (f"P{row['rank']}{k}", operator, 0, "", row["lon"], row["lat"], "", row["height_m"], "4G")
        for row in own.to_dict("records")
        for k, operator in enumerate(row["operators"].split("; "))
    ]
    assert places["height_m"].notna().all()
    with_sites(back, [*LINES[:3], *new])
    built = stages(back, tmp_path / "other", upto="villages")
    before, after = communes(run.results), communes(built)
    people = before["population"].to_numpy()
    change = float((people * (after["population_served_share"].fillna(0.0) - before["population_served_share"].fillna(0.0)).to_numpy()).sum())
    gained = float(planned["population_gained"].sum(skipna=True))
    assert own["population_gained"].sum() > 50
    assert change == pytest.approx(gained, rel=1e-6)
    record = run.results["proposals"].record
    assert change == pytest.approx(run.results["planning"].record["plans"]["together"]["population_gained"] + sum(s["first_operator"] for s in record["together"]), abs=0.002)
    # Without corrections the best of all sites serves, so that what stands together gains what was counted one by one.
    assert record["together"][0]["first_operator"] == pytest.approx(0.0, abs=1e-9)
    for name, counted in (("first_operator", "population_first_operator"), ("to_4g", "population_to_4g"), ("second_operator", "population_second_operator"), ("villages", "villages_gained")):
        assert years[f"together_{name}"].tolist() == pytest.approx(years[counted].tolist(), rel=1e-6, abs=1e-6)
    assert years["together_first_operator"].iloc[-1] > 50
    assert any(line.en.startswith("All proposed sites standing together") for line in proposal_lines(record))
    ids = {v for ids in gains["village_ids_gained"] for v in ids.split("; ") if v}
    classes = [read_frame(r["villages"].folder / "villages.parquet").set_index("village_id")["class"] for r in (run.results, built)]
    assert all(classes[1][v] not in {"white", "undecided"} for v in ids)
    assert len(ids) == own["villages_gained"].sum()


@pytest.mark.slow
def test_fed_back_through_the_commands(tmp_path: Path) -> None:
    """``python -m tests.planning.fed_back``: all proposed sites, and those of the first year; within 3 %, and nearer as far as the file's decimals go."""
    project = planned_project(tmp_path / "p", LINES[:3], plan=PROPOSING)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.planning.fed_back", str(project), "--work", str(tmp_path / "w")], cwd=root, capture_output=True, text=True, check=True
    )
    said = re.findall(r"communes.csv ([+-][\d,.]+) people; the plan together ([+-][\d,.]+) \(([+-][\d.]+) %\)", done.stdout)
    assert len(said) == 3, done.stdout
    changes = [float(change.replace(",", "")) for change, _, _ in said]
    assert 100 < changes[0] < changes[1] <= changes[2]
    assert all(abs(float(off)) < 0.1 for _, _, off in said)


def test_what_else_could_be_chosen(run: Analysis) -> None:
    folder = run.results["proposals"].folder
    planned, gains, _ = proposed(run)
    instead = read_frame(folder / "plan_substitutes.parquet")
    assert set(instead["site_id"]) == set(gains["site_id"])
    lost = instead[instead["instead_site_id"] == ""]
    assert len(lost) == len(gains)
    assert (lost["value_change"] <= 0).all()
    assert gains["kept_share"].between(0, 1).all()
    assert gains["kept_share_draws"].isna().all()  # nothing was measured, so nothing can be drawn
    said = [line.en for line in proposal_lines(run.results["proposals"].record)]
    assert any(line.startswith("2027: ") and "1,000,000,302 đồng" in line for line in said)
    assert any("proven the best" in line or "the gap is" in line for line in said)
    assert len(planned)


@pytest.fixture
def left(run: Analysis, tmp_path: Path) -> Workspace:
    """What the fixture found, with three villages that nobody serves: two at cells that places serve, one at a cell that none does."""
    work = workspace(run, tmp_path, ("villages", "inputs", "planning", "candidates", "coverage", "calibration"))
    folder = work.upstream["candidates"]
    found = load_candidates(folder, run.project.operators)
    arrays = {name: np.concatenate([values, values[:1]]) for name, values in read_arrays(folder / "demand.npz").items() if name not in {"village_cell", "facility_cell"}}
    arrays["serving"][-1] = arrays["without_4g"][-1] = arrays["unknown"][-1] = False  # one more cell, which is in no column of the matrix
    reached = [int(k) for k in np.unique(found.matrix.indices) if not arrays["serving"][k].any()]
    villages = read_frame(work.upstream["villages"] / "villages.parquet")
    cells = [reached[0], reached[-1], len(arrays["row"]) - 1, *[-1] * (len(villages) - 3)]
    write_arrays(folder / "demand.npz", {**arrays, "village_cell": np.array(cells, dtype=np.int64), "facility_cell": np.zeros(0, dtype=np.int64)})
    return work


def test_deadlines_that_cannot_be_kept_are_named_and_the_plan_is_made_without_them(run: Analysis, left: Workspace) -> None:
    villages = read_frame(left.upstream["villages"] / "villages.parquet")
    write_frame(left.upstream["villages"] / "villages.parquet", villages.assign(deadline=pd.Timestamp("2027-12-31")))
    settings = analysis_settings(run.project)
    poor = replace(settings, objective=replace(settings.objective, budget_vnd=(299, 0), cost_variants=0, curve_points=0, substitutes=0))
    record = propose(left, run.project, poor)
    assert record["infeasible"] is not None
    said = record["infeasible"]["en"]
    assert said.startswith("No plan is possible: no candidate can serve 1 places with a deadline: Thôn 3 (T3); within the budgets")
    assert "at least 2 places miss their deadline: Thôn 1 (T1), Thôn 2 (T2)" in said
    assert "Thôn 4" not in said
    assert record["spent_vnd"] == [0, 0]
    told = read_issues(left.folder / "issues.json", issue_catalogue())
    assert {"plan_infeasible", "budget_below_cheapest"} <= told.codes()
    assert next(f for f in told if f.kind.code == "budget_below_cheapest").title.en.endswith("cheapest site (300 đồng)")
    assert any("No plan is possible" in line.en for line in proposal_lines(record))
    assert any(line.en.startswith("The richest year has 299 đồng, the cheapest site costs 300 đồng") for line in proposal_lines(record))


def test_a_deadline_comes_before_worth(run: Analysis, left: Workspace) -> None:
    """A village due in the second year is served by then, and the site that does it says so; the other two are asked for by nobody."""
    villages = read_frame(left.upstream["villages"] / "villages.parquet")
    due = [pd.NaT, pd.Timestamp("2028-03-01"), *[pd.NaT] * (len(villages) - 2)]
    write_frame(left.upstream["villages"] / "villages.parquet", villages.assign(deadline=pd.Series(due, index=villages.index)))
    settings = analysis_settings(run.project)
    record = propose(left, run.project, replace(settings, objective=replace(settings.objective, cost_variants=0)))
    assert record["infeasible"] is None
    gains = read_frame(left.folder / "sites_planned_gains.parquet")
    assert gains["deadline_villages"].str.contains("T2").sum() == 1
    reasons = read_frame(left.folder / "sites_planned.parquet").set_index("rank").loc[gains["rank"], "reason"]
    assert reasons[gains["deadline_villages"].to_numpy() == "T2"].str.contains("có hạn trong kế hoạch: Thôn 2 \\(2028\\)").all()
    every = record["every_village"]
    assert every["villages"] == 3
    assert every["fewest"]["unreachable"] == every["cheapest"]["unreachable"] == 1
    assert 1 <= every["fewest"]["sites"] <= 2
    rows = read_frame(left.folder / "plan_villages.parquet")
    assert rows.loc[rows["kind"] == "unreachable", "village_id"].tolist() == ["T3"]
    assert (rows["kind"] == "fewest").sum() == every["fewest"]["sites"]
    assert rows.loc[rows["kind"] == "cheapest", "cost_vnd"].sum() == every["cheapest"]["cost_vnd"] <= every["fewest"]["cost_vnd"]
    curve = read_frame(left.folder / "plan_price_curve.parquet")
    assert curve["villages"].tolist()[-1] == 2
    assert curve["spent_vnd"].tolist()[-1] == every["cheapest"]["cost_vnd"]
    assert (curve["spent_vnd"] <= curve["budget_vnd"]).all()
    assert curve["villages"].is_monotonic_increasing


def test_the_list_of_supported_operators_decides_what_the_programme_is_asked_for(run: Analysis, left: Workspace) -> None:
    """Every village is of special difficulty: without a list the programme is asked, with one of an operator that is in no proposal it is not, and one out of date says nothing."""
    villages = read_frame(left.upstream["villages"] / "villages.parquet")
    write_frame(left.upstream["villages"] / "villages.parquet", villages.assign(difficult_area=pd.array([True] * len(villages), dtype="boolean")))
    write_array(left.upstream["villages"] / "cells_of_villages.npy", np.zeros_like(read_array(left.upstream["villages"] / "cells_of_villages.npy")))
    settings = analysis_settings(run.project)
    quick = replace(settings, objective=replace(settings.objective, cost_variants=0, draw_variants=0, curve_points=0, substitutes=0))
    code = str(villages["commune_code"].iloc[0])
    base = {"commune_code": [code], "operator": ["Mạng Z"], "valid_from": [pd.NaT], "file": ["s.csv"], "sheet": [""], "row": [2]}

    def asked(until: object) -> tuple[int, bool]:
        frame = pd.DataFrame({**base, "valid_to": [until]}).astype({"valid_from": "datetime64[ns]", "valid_to": "datetime64[ns]"})
        write_frame(left.upstream["inputs"] / "supported_operators.parquet", frame)
        propose(left, run.project, quick)
        planned = read_frame(left.folder / "sites_planned.parquet")
        own = planned[planned["source"] == "proposed"]
        return int((own["funding"] == "public_utility").sum()), bool(own["reason"].str.contains("ở đây đang hỗ trợ Mạng Z").any())

    over, now = asked(pd.Timestamp("2026-10-31")), asked(pd.NaT)
    assert over[0] > 0
    assert (over[1], now) == (False, (0, True))


def workspace(run: Analysis, folder: Path, names: tuple[str, ...]) -> Workspace:
    """Copies of stages that are complete, to be changed."""
    for name in names:
        shutil.copytree(run.results[name].folder, folder / name)
    (folder / "out").mkdir()
    return Workspace(
        folder / "out", {n: folder / n for n in names}, {n: run.results[n].record for n in names}, SerialExecutor(), lambda done, total: None
    )


def test_without_a_budget_nothing_is_proposed() -> None:
    assert "no budget" in proposal_lines({"asked": False, "missing": []})[0].en
    assert "missing: norms" in proposal_lines({"asked": True, "missing": ["norms"]})[0].en


def test_a_project_that_names_no_operators_proposes_to_those_of_the_lists() -> None:
    layers = (("Mạng B", "3G"), ("Mạng B", "4G"), ("Mạng A", "4G"))
    assert operators_of(EMPTY, layers) == ("Mạng B", "Mạng A")
    assert operators_of(replace(EMPTY, operators=("Mạng A",)), layers) == ("Mạng A",)


def test_what_the_plan_leaves_out_as_unknown_is_said(run: Analysis) -> None:
    record = run.results["proposals"].record
    left = run.results["candidates"].record["unknown"]
    assert record["unknown"] == left
    assert (left["operators"], left["buildings"]) == ([], 1)
    assert "proposals_roof_unknown" in read_issues(run.results["candidates"].folder / "issues.json", issue_catalogue()).codes()
    told = {**record, "unknown": {"cells": 12, "people": 1234.0, "villages": 3, "operators": ["Mạng X"], "buildings": 7}}
    said = proposal_lines(told)
    assert any("12 cells with 1,234 people, 3 villages" in line.en and "1.234 người" in line.vi for line in said)
    assert any("not looked at for masts: 7" in line.en for line in said)
    assert any("Nothing is proposed to Mạng X" in line.en for line in said)


def test_what_asks_for_a_plan() -> None:
    def asks(**changes: object) -> bool:
        return plan_asked(replace(EMPTY, **changes))

    assert not asks(inputs={"sites": ({"path": "s.csv"},)})
    assert asks(inputs={"masts": ({"path": "m.csv"},)})
    assert not asks(inputs={"masts": ()})
    assert asks(plan={"years": [2027]})
    assert "no plan" in plan_lines({"asked": False})[0].en
    # masts: those beyond the area, and those that no inventory has, are told apart
    none = {"asked": True, "sharing": {"clusters": 0, "masts_saved": 0}, "undergrounding": None, "norms_very_small": [], "rules": {"origin": "project"}}
    told = {"structures": {"both": 185, "inventory": 19, "site_list": 33}, "structures_outside": 32, "structures_unlisted": 1}
    assert plan_lines(none | told | {"inventory": True})[0].vi == "205 cột hiện có trong địa bàn: 204 theo danh sách hạ tầng, 1 chỉ thấy qua danh sách trạm; ngoài địa bàn 32 cột."
    assert plan_lines(none | told | {"inventory": False})[0].en.startswith("205 masts stand in the area, by the site lists (no inventory")


def test_the_command_prints_the_figures_and_the_tables(run: Analysis) -> None:
    script = Path(__file__).parents[2] / "scripts" / "plan_infrastructure.py"
    done = subprocess.run(
        [sys.executable, str(script), str(run.project.path), "--out", str(run.folder.parent), "--workers", "1", "--lang", "en"],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "5 registered lines, the coverage of 3 could be computed." in lines
    assert any("unverified" in line for line in lines)
    assert any(line.endswith("operator_plans.csv") for line in lines)
