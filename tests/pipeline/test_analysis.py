"""The main job on a tiny made-up project: what it writes, when it refuses, and that it always resumes."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pypdf
import pytest
import rasterio
from tiny import NAME, tiny_project

from geo.compute import ProcessExecutor, SerialExecutor
from geo.coverage import State
from geo.crs import from_wgs84, to_wgs84
from geo.errors import InputError, MissingInputError, ProjectFileError
from geo.io.project import read_project
from geo.io.run_folder import RunFolder
from geo.io.stage_files import write_frame
from geo.mapping.labels import count_text, share_text
from geo.mapping.public import coarse_grid
from geo.pipeline.analysis import PUBLIC_MAP, Analysis, analyse
from geo.pipeline.engine import Workspace
from geo.pipeline.map_stage import write_public_map
from geo.pipeline.predicting import load_coverage
from geo.pipeline.reading import RefusedInputsError, load_frame
from geo.pipeline.reporting import ReportOptions
from geo.pipeline.settings import analysis_settings
from tests.interruptible import heed_interrupts

FOLDER = "tinh-thu-gia-dinh"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def run(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyse(project, tmp_path_factory.mktemp("out"), executor=SerialExecutor())


def sums(folder: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file, the manifest without its times."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.name == "manifest.json":
            manifest = json.loads(content)
            del manifest["run"]
            content = json.dumps(manifest, sort_keys=True).encode()
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def manifest_of(analysis: Analysis) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((analysis.folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def test_what_is_written(run: Analysis) -> None:
    names = sorted(p.relative_to(run.folder).as_posix() for p in run.written)
    expected = [
        "index.html",
        "issues.xlsx",
        "layers.gpkg",
        "lists/ministry_villages.xlsx",
        "lists/operator_mang_a.xlsx",
        "lists/operator_mang_b.xlsx",
        "manifest.json",
        "tables.xlsx",
        *(f"tables/{name}.csv" for name in ("communes", "dead_zones", "people", "provinces", "scorecard", "scorecard_series", "standards", "villages")),
    ]
    assert [n for n in names if not n.startswith("rasters/")] == expected
    assert {"rasters/all_state.tif", "rasters/mang_a_4g_rsrp_dbm.tif", "rasters/mang_b_4g_state.tif"} <= set(
        names
    )
    assert run.written[-1].name == "index.html"
    assert all(path.is_file() for path in run.written)
    assert sorted(p.name for p in run.folder.iterdir() if p.is_dir()) == [".stages", "lists", "rasters", "tables"]


def test_the_ridge_is_seen_in_every_output(run: Analysis) -> None:
    """Operator A stands west of the ridge: its 4G serves the west and not the far east."""
    communes = {row["commune_code"]: row for row in rows(run.folder / "tables" / "communes.csv")}
    assert list(communes) == ["99001", "99002", "99003", "99004"]
    west, east = communes["99001"], communes["99002"]
    served = "mang_a_4g_area_served_share"
    assert float(west[served]) > 0.6
    assert float(east[served]) < 0.3
    # The list of sites names 3G, the list of cells has 4G alone: that is no absence of 3G.
    assert float(west["mang_a_3g_area_served_share"]) > 0.3
    with rasterio.open(run.folder / "rasters" / "mang_a_4g_state.tif") as raster:
        assert raster.crs.to_epsg() == 9210
        assert set(raster.read(1).ravel().tolist()) >= {0, 2, 3}
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    meanings = dict(re.findall(r"^\| (\d) \| (.+) \|$", readme, flags=re.MULTILINE))
    assert sorted(meanings) == [str(int(state)) for state in State]
    for name in ("mang_a_4g_state.tif", "all_state.tif", "all_indoor_state.tif"):
        with rasterio.open(run.folder / "rasters" / name) as raster:
            tags = {key.removeprefix("CODE_"): words for key, words in raster.tags().items() if key.startswith("CODE_")}
            assert raster.colormap(1)[4] == (0xEE, 0x74, 0x34, 255), "the map's colour of predicted unserved"
        assert tags == meanings, name
    layers = pyogrio.list_layers(run.folder / "layers.gpkg")[:, 0].tolist()
    assert layers == ["communes", "villages", "dead_zones", "dead_zones_by_operator", "dead_zones_by_layer", "sites", "layer_styles"]
    layer = pyogrio.read_dataframe(run.folder / "layers.gpkg", layer="communes")
    assert layer[served].round(4).tolist() == [float(row[served]) for row in communes.values()]
    book = openpyxl.load_workbook(run.folder / "tables.xlsx")
    header = [cell.value for cell in book["Xã"][1]]
    captions = {row[2]: row[1] for row in book["Ý nghĩa các cột"].iter_rows(min_row=2, values_only=True) if row[0] == "Xã"}
    assert captions[served].startswith("Mạng A 4G: ")
    assert book["Xã"].cell(2, header.index(captions[served]) + 1).value == float(west[served])
    page = (run.folder / "index.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    data = json.loads(re.search(r'id="vungphu-data">(.*?)</script>', page, flags=re.DOTALL)[1])
    zones = rows(run.folder / "tables" / "dead_zones.csv")
    sets = data["areas"]["sets"]
    assert (sets[0]["kind"], sets[0]["n"], len(sets[0]["shapes"])) == ("zone", len(zones), len(zones))
    assert len(sets) > 3, "zones by operator and by layer, too"
    people = {row["figure"]: row["people"] for row in rows(run.folder / "tables" / "people.csv")}
    assert int(people["zone_rows"] or 0) == sum(int(row["population"]) for row in zones if row["class"] in {"white", "weak"} and row["population"])
    assert set(book.sheetnames) >= {"Đối chiếu số người"}


def test_uses_uncertainty_and_the_best_server(run: Analysis) -> None:
    """People indoors and in vehicles, the rasters of each layer, and the counts that the manifest keeps."""
    rasters = run.folder / "rasters"
    for layer in ("mang_a_3g", "mang_a_4g", "mang_b_3g", "mang_b_4g"):
        kinds = ("rsrp_dbm", "probability", "state", "indoor_probability", "vehicle_probability", "second_margin_db", "server")
        assert all((rasters / f"{layer}_{kind}.tif").is_file() for kind in kinds)
    values = {}
    for kind in ("probability", "vehicle_probability", "indoor_probability", "server", "state", "rsrp_dbm", "second_margin_db"):
        with rasterio.open(rasters / f"mang_a_4g_{kind}.tif") as raster:
            values[kind] = raster.read(1)
            assert raster.nodata == {"server": -1, "state": None}.get(kind, pytest.approx(np.nan, nan_ok=True))
    known = np.isfinite(values["probability"]) & np.isfinite(values["indoor_probability"])
    assert (values["indoor_probability"] <= values["probability"])[known].all()
    assert values["indoor_probability"][known].mean() < values["vehicle_probability"][known].mean() < values["probability"][known].mean()
    named = {int(row["index"]): row for row in rows(rasters / "radio_cells.csv")}
    shown = np.isfinite(values["rsrp_dbm"])
    np.testing.assert_array_equal(values["server"] >= 0, shown)
    servers = {named[int(i)]["operator"] + " " + named[int(i)]["technology"] for i in np.unique(values["server"][shown])}
    assert servers == {"Mạng A 4G"}
    assert {named[int(i)]["cell_id"] for i in np.unique(values["server"][shown])} <= {f"A{s}{k}" for s in (1, 2) for k in range(3)}
    margins = values["second_margin_db"]
    assert (margins[np.isfinite(margins)] >= 0).all()
    coverage = next(stage for stage in manifest_of(run)["stages"] if stage["name"] == "coverage")["counts"]
    layer = coverage["uncertainty"]["mang_a_4g"]
    assert layer["cells"] == coverage["cells_inside"] == sum(coverage["states"]["all"].values())
    near = np.abs(values["rsrp_dbm"] + 110) <= 6
    assert layer["near_threshold_share"] == pytest.approx(near.sum() / layer["cells"], abs=1e-6)
    assert 0 < layer["near_threshold_share"] < 1
    assert layer["second_margin_db_median"] == pytest.approx(np.nanmedian(margins), abs=1e-3)
    assert layer["path_without_terrain_share"] == 0
    assert coverage["states_by_use"]["outdoor"] == coverage["states"]["all"]
    with rasterio.open(rasters / "all_indoor_state.tif") as raster:
        indoor = raster.read(1)
    assert int((indoor == 2).sum()) == coverage["states_by_use"]["indoor"]["predicted_served"]
    sums_of = np.zeros(3)
    for row in rows(run.folder / "tables" / "communes.csv"):
        shares = [float(row[f"population_served_{use}share"]) for use in ("indoor_", "vehicle_", "")]
        assert shares == sorted(shares)
        sums_of += shares
    assert sums_of[0] < sums_of[1] < sums_of[2]
    assert list(row)[-2:] == ["population_served_indoor_share", "population_served_vehicle_share"]
    page = html.unescape((run.folder / "index.html").read_text(encoding="utf-8"))
    assert "cách ngưỡng quy hoạch không quá ±6 dB" in page
    for use in ("ngoài trời", "trên xe", "trong nhà"):
        assert f"{use}, công nghệ tốt nhất" in page
    assert "trên xe trừ thêm 9 dB, trong nhà trừ theo ITU-R P.2109 (nhà kiểu thông thường)" in page


def test_villages_have_a_class(run: Analysis) -> None:
    villages = rows(run.folder / "tables" / "villages.csv")
    assert [row["village_id"] for row in villages] == ["T1", "T2", "T3", "T4", "T5"]
    assert all(row["class"] for row in villages)
    communes = rows(run.folder / "tables" / "communes.csv")
    assert sum(int(row["villages"]) for row in communes) == 5


def test_shares_add_up_to_one(run: Analysis) -> None:
    for row in rows(run.folder / "tables" / "communes.csv"):
        shares = [
            float(row[f"population_{state}_share"])
            for state in ("served", "unserved", "uncertain", "unknown")
        ]
        assert sum(shares) == pytest.approx(1.0, abs=3e-4)
        assert float(row["population"]) > 0


def test_the_manifest_books_inputs_rules_defaults_and_time(run: Analysis, project: Path) -> None:
    manifest = manifest_of(run)
    inputs = {entry["file"]: entry for entry in manifest["inputs"]}
    assert set(inputs) >= {
        "communes.geojson",
        "sites.csv",
        "cells.csv",
        "villages.csv",
        "dem.tif",
        "population.tif",
    }
    assert (
        inputs["sites.csv"]["sha256"]
        == hashlib.sha256((project.parent / "sites.csv").read_bytes()).hexdigest()
    )
    for entry in manifest["inputs"]:
        for table in entry["tables"]:
            assert table["rows_in"] == table["rows_used"] + table["rows_dropped"]
    assert inputs["sites.csv"]["tables"][0]["rows_in"] == 4
    assert manifest["project"]["name"] == NAME
    assert manifest["project"]["made_up"] is True
    assert [stage["name"] for stage in manifest["stages"]] == [
        "inputs",
        "calibration",
        "coverage",
        "villages",
        "dead_zones",
        "claims",
        "ipv6",
        "standards",
        "planning",
        "candidates",
        "proposals",
        "sampling",
        "tables",
        "layers",
        "map",
    ]
    assert set(manifest["run"]["stages"]) == {stage["name"] for stage in manifest["stages"]}
    assert any(rule["id"] == "planning_level_4g" for rule in manifest["rules"]["used"])
    assert manifest["settings"]["coverage"]["tile_cells"] == 16
    assert {"gdal (rasterio)", "proj (pyproj)", "numpy", "python"} <= set(manifest["software"])
    assert manifest["model"]["name"].startswith("ITU-R P.1812-8")
    assert manifest["model"]["indoor"] == "ITU-R P.2109-2, traditional"
    assert manifest["model"]["end_loss"] is None
    outputs = {name for name in sums(run.folder) if not name.startswith(".stages/")} - {"manifest.json"}
    assert set(manifest["outputs"]) == outputs
    for name, checksum in manifest["outputs"].items():
        assert hashlib.sha256((run.folder / name).read_bytes()).hexdigest() == checksum


def test_no_output_names_a_place_on_this_machine(run: Analysis, project: Path) -> None:
    for path in run.written:
        if path.suffix in {".json", ".csv", ".html"}:
            text = path.read_text(encoding="utf-8")
            assert str(project.parent) not in text
            assert str(run.folder.parent) not in text


def test_times_stand_only_in_the_manifest(run: Analysis) -> None:
    manifest = manifest_of(run)
    year = time.strftime("%Y-")
    del manifest["run"]
    assert not re.search(year + r"\d\d-\d\dT", json.dumps(manifest))


def test_a_second_run_repeats_nothing_and_changes_nothing(run: Analysis, project: Path) -> None:
    before = sums(run.folder)
    again = analyse(project, run.folder.parent, executor=SerialExecutor())
    assert all(result.reused for result in again.results.values())
    assert sums(run.folder) == before


def test_another_place_and_two_workers_give_the_same_bytes(
    run: Analysis, project: Path, tmp_path: Path
) -> None:
    other = analyse(project, tmp_path, executor=ProcessExecutor(2))
    assert {k: v for k, v in sums(other.folder).items() if not k.endswith("project.json")} == {
        k: v for k, v in sums(run.folder).items() if not k.endswith("project.json")
    }


def test_a_change_repeats_only_what_depends_on_it(project: Path, tmp_path: Path) -> None:
    copy = tiny_project(tmp_path / "p", cell_size_m=500)
    first = analyse(copy, tmp_path / "out", executor=SerialExecutor(), report=ReportOptions("A4", "en"))
    assert {"atlas.pdf", "summary.pdf", "plan.docx"} <= {path.name for path in first.written}
    villages = copy.with_name("villages.csv")
    villages.write_text(villages.read_text(encoding="utf-8").replace("Thôn 1", "Bản Mới"), encoding="utf-8")
    second = analyse(copy, tmp_path / "out", executor=SerialExecutor())
    assert {name for name, result in second.results.items() if result.reused} >= {"calibration", "coverage"}
    assert "Bản Mới" in (second.folder / "tables" / "villages.csv").read_text(encoding="utf-8")
    assert len([p for p in (second.folder / ".stages").iterdir() if p.is_dir()]) == 15
    assert not [*second.folder.glob("*.pdf"), *second.folder.glob("*.docx")], "printed pages never lie beside figures that are not theirs"


def test_printed_pages_hold_the_figures_of_the_run_and_stay(run: Analysis, project: Path, tmp_path: Path) -> None:
    """In a copy of the run's folder that lies to the project as it does."""
    shutil.copytree(run.folder, tmp_path / FOLDER)
    made = analyse(project, tmp_path, executor=SerialExecutor(), report=ReportOptions("A3", "vi"))
    assert [name for name, result in made.results.items() if not result.reused] == ["report"]
    pages = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(made.folder / "atlas.pdf").pages]
    communes = rows(made.folder / "tables" / "communes.csv")
    shown = [page for page in pages if "Như trong tables/communes.csv" in page]
    assert len(shown) == len(communes)
    for page, row in zip(shown, communes, strict=True):
        assert f"{row['commune_name']} (mã {row['commune_code']})" in page
        assert f"Dân số (người) {count_text(float(row['population'])).vi} " in page
        for state, name in (("served", "Có sóng"), ("unserved", "Chưa có sóng"), ("uncertain", "Chưa chắc chắn"), ("unknown", "Chưa có dữ liệu")):
            assert f"{name} {share_text(float(row[f'population_{state}_share'])).vi} {share_text(float(row[f'area_{state}_share'])).vi}" in page
        assert f"Thôn, bản {row['villages']} – trắng sóng {row['villages_white']} – lõm sóng {row['villages_weak']} – chưa đủ căn cứ {row['villages_undecided']}" in page
    assert all("DỮ LIỆU GIẢ ĐỊNH" in page for page in pages)
    outputs = manifest_of(made)["outputs"]
    before = sums(made.folder)
    assert outputs["atlas.pdf"] == before["atlas.pdf"]
    again = analyse(project, tmp_path, executor=SerialExecutor())
    assert again.results["report"].reused
    assert sums(again.folder) == before


def test_without_terrain_nothing_is_called_unserved(tmp_path: Path) -> None:
    path = tiny_project(tmp_path / "p", cell_size_m=500)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^(terrain|population) = .*$", "", text), encoding="utf-8")
    done = analyse(path, tmp_path / "out", executor=SerialExecutor())
    for row in rows(done.folder / "tables" / "communes.csv"):
        assert (row["population_unserved_share"], row["population_served_share"]) == ("", "")
        assert [row[f"area_{part}_share"] for part in ("served", "unserved", "uncertain", "unknown")] == ["", "", "", "1.0"]
        assert row["mang_a_4g_area_served_share"] == ""
        assert row["mang_a_4g_area_unknown_share"] == "1.0"
    assert {row["class"] for row in rows(done.folder / "tables" / "villages.csv")} == {"undecided"}
    said = {entry["code"]: entry["severity"] for entry in manifest_of(done)["findings"]}
    assert (said["terrain_missing"], said["population_missing"]) == ("warning", "info")
    assert "settlements_missing" not in said
    page = (done.folder / "index.html").read_text(encoding="utf-8")
    assert "terrain" in json.dumps(manifest_of(done)["stages"]) or page


@pytest.mark.slow
def test_people_per_commune_are_shown_spread_over_villages_or_said_not_to_be(tmp_path: Path) -> None:
    path = tiny_project(tmp_path / "p", cell_size_m=500)
    table = "\n".join(["Mã xã,Dân số", *(f"9900{k + 1},{2000 + k}" for k in range(4))])
    path.with_name("people.csv").write_text(table + "\n", encoding="utf-8")
    text = re.sub(r"(?m)^population = .*$", 'population = "people.csv"', path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    with_villages = analyse(path, tmp_path / "out", executor=SerialExecutor())
    found = {row["commune_code"]: row for row in rows(with_villages.folder / "tables" / "communes.csv")}
    assert [found[f"9900{k + 1}"]["population"] for k in range(4)] == ["2000", "2001", "2002", "2003"]
    assert found["99001"]["population_unknown_share"] != ""
    codes = [entry["code"] for entry in manifest_of(with_villages)["findings"]]
    assert "population_spread_villages" in codes
    path.write_text(re.sub(r"(?m)^settlements = .*$", "", text), encoding="utf-8")
    without = analyse(path, tmp_path / "out", executor=SerialExecutor())
    for row in rows(without.folder / "tables" / "communes.csv"):
        assert row["population"] != ""
        assert (row["population_served_share"], row["population_unknown_share"]) == ("", "")
    assert "population_not_spread" in [entry["code"] for entry in manifest_of(without)["findings"]]
    assert "Tổng dân số 8.006 người ở 4 xã" in (without.folder / "index.html").read_text(encoding="utf-8")


# -- refusals --------------------------------------------------------------------------------------


def test_an_error_in_the_inputs_writes_issues_and_nothing_else(tmp_path: Path) -> None:
    path = tiny_project(tmp_path / "p")
    path.with_name("communes.geojson").write_text("{", encoding="utf-8")
    with pytest.raises(RefusedInputsError) as caught:
        analyse(path, tmp_path / "out", executor=SerialExecutor())
    assert "issues.xlsx" in caught.value.message.vi
    assert "issues.xlsx" in caught.value.message.en
    left = [p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")]
    assert left == [FOLDER, f"{FOLDER}/issues.xlsx"]
    tiny_project(tmp_path / "p")  # mended
    done = analyse(path, tmp_path / "out", executor=SerialExecutor())
    assert (done.folder / "index.html").exists()


def test_an_error_leaves_an_earlier_result_as_it_was(tmp_path: Path) -> None:
    path = tiny_project(tmp_path / "p", cell_size_m=500)
    done = analyse(path, tmp_path / "out", executor=SerialExecutor())
    before = sums(done.folder)
    path.with_name("communes.geojson").write_text("{", encoding="utf-8")
    with pytest.raises(RefusedInputsError):
        analyse(path, tmp_path / "out", executor=SerialExecutor())
    after = sums(done.folder)
    assert {k: v for k, v in after.items() if v != before.get(k)}.keys() == {"issues.xlsx"}
    assert after.keys() == before.keys()


def test_two_projects_of_one_name_do_not_mix(project: Path, run: Analysis, tmp_path: Path) -> None:
    other = tiny_project(tmp_path / "other")
    before = sums(run.folder)
    with pytest.raises(InputError, match="--out"):
        analyse(other, run.folder.parent, executor=SerialExecutor())
    assert sums(run.folder) == before


@pytest.mark.parametrize("error", [MissingInputError, ProjectFileError])
def test_a_wrong_project_file_writes_nothing(tmp_path: Path, error: type[Exception]) -> None:
    path = tmp_path / "p.toml"
    if error is ProjectFileError:
        path.write_text("[project", encoding="utf-8")
    with pytest.raises(error):
        analyse(path, tmp_path / "out", executor=SerialExecutor())
    assert not (tmp_path / "out").exists()


def test_a_site_without_a_place_is_no_absence(run: Analysis, tmp_path: Path) -> None:
    """A row of A's list without coordinates names 99002: nobody says any more that A is unserved there."""
    path = tiny_project(tmp_path / "p")
    with path.with_name("sites.csv").open("a", encoding="utf-8") as file:
        file.write('A9,Mạng A,,,on_air,40,"3G,4G"\n')
    text = path.with_name("sites.csv").read_text(encoding="utf-8").splitlines()
    named = [f"{line},{'commune_code' if k == 0 else '99002' if line.startswith('A9') else ''}" for k, line in enumerate(text)]
    path.with_name("sites.csv").write_text("\n".join(named) + "\n", encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + "unplaced_radius_m = 1500\n", encoding="utf-8")
    other = analyse(path, tmp_path / "out", executor=SerialExecutor())
    before, after = ({r["commune_code"]: r for r in rows(a.folder / "tables" / "communes.csv")} for a in (run, other))
    share = "mang_a_4g_area_unserved_share"
    assert float(before["99002"][share]) > 0.05
    assert float(after["99002"][share]) < 0.01  # the commune's corners, far from most of it
    opened = [float(a["99002"]["mang_a_4g_area_unknown_share"]) for a in (before, after)]
    assert opened[1] - opened[0] == pytest.approx(float(before["99002"][share]) - float(after["99002"][share]), abs=2e-4)
    assert 0 < float(after["99004"][share]) < float(before["99004"][share])  # near 99002, and further
    assert after["99002"]["mang_b_4g_area_unserved_share"] == before["99002"]["mang_b_4g_area_unserved_share"]
    assert after["99001"] == before["99001"]
    with rasterio.open(other.folder / "rasters" / "mang_a_4g_state.tif") as new, rasterio.open(run.folder / "rasters" / "mang_a_4g_state.tif") as old:
        changed = new.read(1) != old.read(1)
        assert set(new.read(1)[changed].tolist()) == {State.UNKNOWN}
    villages = rows(other.folder / "tables" / "villages.csv")
    assert any("unplaced_sites" in r["operators_undecided"] for r in villages)


# -- the command -----------------------------------------------------------------------------------


def command(project_root: Path, *arguments: object) -> list[str]:
    return [sys.executable, str(project_root / "scripts" / "analyze.py"), *map(str, arguments)]


@pytest.fixture
def environment(project_root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(project_root), "PYTHONUTF8": "1"}


def test_the_command_prints_the_map_last(
    project: Path, project_root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    result = subprocess.run(
        command(project_root, project, "--out", tmp_path, "--workers", 1),
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert [Path(line).name for line in result.stdout.splitlines()][-2:] == ["manifest.json", "index.html"]
    assert result.stderr.startswith("[1/15] Đọc và kiểm tra dữ liệu: xong")
    assert "\x1b" not in result.stderr
    quiet = subprocess.run(
        command(project_root, project, "--out", tmp_path, "-q"),
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (quiet.returncode, quiet.stderr, quiet.stdout) == (0, "", result.stdout)


def test_the_command_refuses_in_the_language_asked_for(
    project_root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    path = tiny_project(tmp_path / "p")
    path.with_name("communes.geojson").write_text("{", encoding="utf-8")
    for language, word in ((["--lang", "en"], "Error: The inputs have"), ([], "Lỗi: Dữ liệu có")):
        result = subprocess.run(
            command(project_root, path, "--out", tmp_path / "out", *language),
            env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert result.returncode == 2
        assert word in result.stderr
        assert "Traceback" not in result.stderr
        assert result.stdout == ""


def test_a_second_run_at_the_same_time_is_refused(
    project: Path, project_root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with RunFolder(tmp_path / FOLDER).locked():
        result = subprocess.run(
            command(project_root, project, "--out", tmp_path, "--lang", "en"),
            env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "Another run" in result.stderr
    assert not (tmp_path / FOLDER / "index.html").exists()


def kill_and_resume(
    line: list[str],
    environment: dict[str, str],
    folder: Path,
    kills: int,
    whole_s: float,
    number: signal.Signals,
) -> int:
    """Kill runs of a command at random moments, then let one end; return how many were really killed."""
    moments = random.Random(int.from_bytes(os.urandom(4), "big"))
    killed = 0
    for _ in range(kills):
        process = subprocess.Popen(
            line,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,
        )
        try:
            process.communicate(timeout=moments.uniform(0.2, 0.95) * whole_s)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            killed += process.returncode != 0
            assert "Traceback" not in said
        if (folder / "manifest.json").exists():  # it was faster than the clock: begin anew
            shutil.rmtree(folder)
    subprocess.run(line, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return killed


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="kill"),
        *(pytest.param(number, id=name, marks=pytest.mark.slow) for number, name in ((signal.SIGTERM, "term"), (signal.SIGINT, "int"))),
    ],
)
def test_stopped_at_random_moments_it_resumes_to_the_same_bytes(
    run: Analysis,
    project: Path,
    project_root: Path,
    environment: dict[str, str],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    line = command(
        project_root, project, "--out", tmp_path, "--workers", 2 if number == signal.SIGKILL else 1
    )
    begin = time.monotonic()
    subprocess.run(
        [*line[:-4], "--out", str(tmp_path / "timed"), "--workers", "1"], env=environment, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    whole_s = time.monotonic() - begin
    kills = 2 if number == signal.SIGKILL else 1
    killed = kill_and_resume(line, environment, tmp_path / FOLDER, kills, whole_s, number)
    if number == signal.SIGKILL:
        assert killed > 0, "every run ended before it was killed"
    skipped = {".stages/project.json"}  # tells where the project file lies from here
    got, expected = sums(tmp_path / FOLDER), sums(run.folder)
    assert {k: v for k, v in got.items() if k not in skipped} == {
        k: v for k, v in expected.items() if k not in skipped
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_the_sample_killed_at_20_random_moments_resumes_to_the_same_bytes(
    project_root: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """At 300 m, so that no stage takes most of the time and every one of them is met."""
    shutil.copytree(project_root / "data" / "sample", tmp_path / "sample")
    source = tmp_path / "sample" / "project.toml"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("cell_size_m = 100\n", "cell_size_m = 300\n"), encoding="utf-8")
    assert source.read_text(encoding="utf-8") != text
    begin = time.monotonic()
    line = command(project_root, source, "--out", tmp_path / "whole")
    subprocess.run(line, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    whole_s = time.monotonic() - begin
    (expected,) = (tmp_path / "whole").iterdir()
    folder = tmp_path / "killed" / expected.name
    killed = 0
    line = command(project_root, source, "--out", tmp_path / "killed")
    while killed < 20:
        killed += kill_and_resume(line, environment, folder, 5, whole_s, signal.SIGKILL)
        assert sums(folder) == sums(expected)
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="file-size limits as POSIX has them")
@pytest.mark.parametrize("kilobytes", [40, pytest.param(90, marks=pytest.mark.slow)])
def test_a_full_disk_is_said_and_leaves_nothing_half(
    run: Analysis,
    project: Path,
    project_root: Path,
    environment: dict[str, str],
    tmp_path: Path,
    kilobytes: int,
) -> None:
    """No file may grow beyond a limit: what a full disk does, at two places of the run."""
    line = shlex.join(command(project_root, project, "--out", tmp_path, "--workers", 1, "--lang", "en", "-q"))
    limited = subprocess.run(
        ["sh", "-c", f"ulimit -f {kilobytes * 2}; exec {line}"],
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert limited.returncode == 2, limited.stderr
    assert limited.stderr.count("\n") == 1
    assert re.search(r"[Tt]he disk (is )?full|is the disk full|Cannot read or write '.+'", limited.stderr)
    assert not (tmp_path / FOLDER / "manifest.json").exists()
    assert not [p for p in tmp_path.rglob("*") if ".part-" in p.name]
    subprocess.run(["sh", "-c", line], env=environment, check=True, stdout=subprocess.DEVNULL)
    skipped = {".stages/project.json"}
    got, expected = sums(tmp_path / FOLDER), sums(run.folder)
    assert {k: v for k, v in got.items() if k not in skipped} == {
        k: v for k, v in expected.items() if k not in skipped
    }


def test_the_public_edition_is_made_on_request_stays_up_to_date_and_hangs_on_no_site(run: Analysis, project: Path, tmp_path: Path) -> None:
    """With the results of a finished run fixed, every site moved within its square of 500 m changes not one byte."""
    out = tmp_path / "out"
    shutil.copytree(run.folder, out / FOLDER)
    made = analyse(project, out, executor=SerialExecutor(), overwrite=True, public=True)
    page = (made.folder / PUBLIC_MAP).read_bytes()
    assert all(result.reused for name, result in made.results.items() if name != "public_map")
    assert manifest_of(made)["outputs"][PUBLIC_MAP] == hashlib.sha256(page).hexdigest()
    again = analyse(project, out, executor=SerialExecutor())
    assert again.results["public_map"].reused, "once it is there, a run keeps it up to date"

    read, settings = read_project(project), analysis_settings(read_project(project))
    rng = np.random.default_rng(6)
    folders = {name: result.folder for name, result in made.results.items()}
    for name in ("inputs", "villages", "dead_zones"):
        shutil.copytree(folders[name], tmp_path / name)
        folders[name] = tmp_path / name
    sites = pd.read_parquet(folders["inputs"] / "sites.parquet")
    coverage = load_coverage(folders["coverage"]).coverage
    size = coarse_grid(coverage.grid, 500.0).cell_size
    assert size == 500.0
    x, y = from_wgs84(sites["lon"], sites["lat"], coverage.grid.epsg)
    places = [edge + (np.floor((place - edge) / size) + rng.uniform(0, 1, len(sites))) * size for place, edge in ((x, coverage.grid.x_min), (y, coverage.grid.y_max))]
    sites["lon"], sites["lat"] = to_wgs84(*places, coverage.grid.epsg)
    write_frame(folders["inputs"] / "sites.parquet", sites.assign(site_id=[f"moved-{i}" for i in range(len(sites))]))
    for folder, file in (("villages", "villages"), ("dead_zones", "dead_zones"), ("dead_zones", "dead_zones_by_layer")):
        frame = load_frame(folders[folder], file)
        for column in frame.columns:
            if re.match("nearest_.*km|server_km|ridge_(km|lon|lat|height)|shortfall|diffraction|best_rsrp|margin|probability", column):
                frame[column] = rng.uniform(0, 1, len(frame))
            elif re.match("nearest_|server_|obstruction|reason", column):
                frame[column] = "moved"
        write_frame(folders[folder] / f"{file}.parquet", frame)
    records = {name: result.record for name, result in made.results.items()}
    work = Workspace(tmp_path / "moved", folders, records, SerialExecutor(), lambda _done, _total: None)
    write_public_map(work, read, settings)
    assert (work.public / PUBLIC_MAP).read_bytes() == page
