"""The plan of a tiny made-up project, end to end: a line fed back as a listed site changes communes.csv by what the plan said it gains."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from tiny import tiny_project

from geo.compute import SerialExecutor
from geo.io.project import read_project
from geo.io.run_folder import RunFolder
from geo.io.stage_files import read_frame
from geo.pipeline.analysis import Analysis, analyse, analysis_stages
from geo.pipeline.engine import StageResult, run_stages
from geo.pipeline.planning import plan_asked, plan_lines
from geo.pipeline.reading import RefusedInputsError
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
HEADERS = ("Mã đăng ký", "Doanh nghiệp", "Năm", "Hình thức", "Kinh độ", "Vĩ độ", "Loại cột", "Chiều cao cột (m)", "Công nghệ")
NORMS = "\n".join(
    f'[[norm]]\nitem = "{item}"\nlow_vnd = {low}\ncentral_vnd = {low * 2}\nhigh_vnd = {low * 3}\nsource = "giả định"\nyear = 2026\n'
    for item, low in (("build", 500_000_001), ("share", 150), ("remove", 200), ("mast_year", 1000), ("move", 300))
)
DESIGN = (
    "line_id", "operator", "year", "action", "lon", "lat", "commune_code", "mast_class", "class_allowed", "spacing_ok", "must_share_with",
    "dead_zones_served", "villages_gained", "population_gained", "remark",
)  # fmt: skip


def planned_project(folder: Path, lines=LINES, *, norms: str = NORMS, weak: bool = True, settings: str = 'levels_dbm = { "5G" = -110 }') -> Path:
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
    inputs = 'operator_plans = "plans.csv"\nmasts = "masts.csv"\nrestricted_areas = "restricted.geojson"\n'
    text = project.read_text(encoding="utf-8").replace("[rules]", f"{inputs}\n[rules]") + f'{settings}\n\n[plan]\ncosts = "norms.toml"\n'
    project.write_text(text, encoding="utf-8")
    return project


def with_sites(project: Path, lines) -> None:
    """Put lines into the site list, as if they stood."""
    listed = project.parent / "sites.csv"
    rows = [f'{i},{o},{lon},{lat},on_air,{height},"{technology}"' for i, o, _, _, lon, lat, _, height, technology in lines]
    listed.write_text(listed.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")


def stages(project: Path, out: Path) -> dict[str, StageResult]:
    """Run the stages up to the plan's; the files for people take longer than all of them."""
    read = read_project(project)
    found = analysis_stages(read, analysis_settings(read))
    last = next(i for i, stage in enumerate(found) if stage.name == "planning")
    folder = RunFolder(out)
    with folder.locked():
        return run_stages(found[: last + 1], folder, executor=SerialExecutor())


def communes(results: Mapping[str, StageResult]):
    return read_frame(results["villages"].folder / "communes.parquet").set_index("commune_code")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("plan")
    return analyse(planned_project(folder / "in"), folder / "maps", executor=SerialExecutor())


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
    certificates = frame(run.results, "mast_certificates")
    assert certificates["mast_id"].tolist() == ["C1"]
    assert certificates["days_left"].tolist() == [212]
    made = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    stage = next(s for s in made["stages"] if s["name"] == "planning")
    assert stage["counts"]["rules"] == {"origin": "hai_duong_2018", "statuses": ["unverified"]}


def test_a_missing_norm_is_an_error(tmp_path: Path) -> None:
    lacking = planned_project(tmp_path / "in", norms=NORMS.replace('item = "build"', 'item = "build"\nmast_class = "A1a"'))
    with pytest.raises(RefusedInputsError) as caught:
        stages(lacking, tmp_path / "maps")
    assert "norms_missing_item" in caught.value.log.codes()
    assert next(f for f in caught.value.log if f.kind.code == "norms_missing_item").title.en.endswith("build A2b")


def test_what_asks_for_a_plan() -> None:
    def asks(**changes: object) -> bool:
        return plan_asked(replace(EMPTY, **changes))

    assert not asks(inputs={"sites": ({"path": "s.csv"},)})
    assert asks(inputs={"masts": ({"path": "m.csv"},)})
    assert not asks(inputs={"masts": ()})
    assert asks(plan={"years": [2027]})
    assert "no plan" in plan_lines({"asked": False})[0].en


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
