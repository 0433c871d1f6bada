"""Two real runs of the made-up small project under two rules: what the register finds again is what the second run found."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely
from rasterio.features import shapes
from scipy.ndimage import label
from tiny import tiny_project

from geo.compute import make_executor
from geo.coverage import State
from geo.crs import to_wgs84
from geo.errors import InputError
from geo.io.files import digest, read_json
from geo.io.rasters import read_raster
from geo.io.reviews import open_review
from geo.pipeline.analysis import analyse
from geo.pipeline.explain import explain
from geo.pipeline.reviews import compare_reviews, review_view
from geo.polygons import shapes_to_wgs84

LAYERS = [("Mạng A", "4G", "outdoor"), ("Mạng B", "4G", "outdoor"), ("Mạng A", "3G", "outdoor"), ("Mạng A", "5G", "outdoor")]
ABSENT = 'absent_technologies = { "Mạng A" = ["5G"], "Mạng B" = ["5G"] }\n'


def add_zones(folder: Path) -> int:
    """Put dead zones into a run folder: 8-connected cells that every operator leaves unserved."""
    raster = read_raster(folder / "rasters/all_state.tif")
    parts, count = label(np.isin(raster.values, (4, 5)), np.ones((3, 3)))
    found: dict[int, list[shapely.Geometry]] = {}
    for shape, value in shapes(parts.astype(np.int32), mask=parts > 0, transform=raster.grid.transform, connectivity=8):
        found.setdefault(int(value), []).append(shapely.geometry.shape(shape))
    names = [f"DZ{value:03d}" for value in sorted(found)]
    outlines = shapes_to_wgs84(np.array([shapely.union_all(found[value]) for value in sorted(found)], dtype=object), raster.grid.epsg)
    with (folder / "tables/dead_zones.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([("dead_zone_id", "class", "operators_missing", "evidence"), *((name, "white", "Mạng A; Mạng B", "predicted") for name in names)])
    gpd.GeoDataFrame({"dead_zone_id": names}, geometry=outlines, crs=4326).to_file(folder / "layers.gpkg", layer="dead_zones", driver="GPKG")
    return count


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folders = []
    for day, settings in (
        ("2026-11-01", 'levels_dbm = { "4G" = -75, "3G" = -65, "5G" = -120 }\nserved_probability = 0.8\n'),
        ("2027-11-01", 'levels_dbm = { "4G" = -90, "3G" = -80, "5G" = -110 }\n'),
    ):
        folder = tmp_path_factory.mktemp("project")
        project = tiny_project(folder)
        project.write_text(project.read_text(encoding="utf-8").replace("2026-11-01", day) + ABSENT + settings, encoding="utf-8")
        run = analyse(project, folder / "maps", executor=make_executor(workers=1)).folder
        assert add_zones(run) > 0
        folders.append(run)
    return folders[0], folders[1]


def test_states_found_again_are_those_of_a_run_under_that_rule(runs: tuple[Path, Path]) -> None:
    old, new = (review_view(open_review(run)) for run in runs)
    assert old.grid is not None
    x, y = old.grid.centres()
    lon, lat = to_wgs84(*(v.ravel() for v in np.meshgrid(x, y)), old.grid.epsg)
    for one, other in ((old, new), (new, old)):
        here, there = one.at(LAYERS, lon, lat), other.at(LAYERS, lon, lat)
        again = one.under(other.rule, here)
        for layer in LAYERS:
            found, truth = again[layer].state, there[layer].state
            told = found != State.UNKNOWN
            assert (found[told] == truth[told]).all()
            lost = ~told & (truth != State.UNKNOWN)
            assert np.isnan(here[layer].level_dbm[lost]).all(), "only where no level is stated"
            assert told.mean() > 0.5
        assert any((here[layer].state != there[layer].state).mean() > 0.02 for layer in LAYERS), "else there was nothing to find"


def test_the_whole_comparison(runs: tuple[Path, Path]) -> None:
    compared = compare_reviews(*runs)
    rows = compared.table
    assert read_zones(runs[1]) == sorted(rows["dead_zone_id"][rows["dead_zone_id"] != ""])
    assert any("lưới dân số của kỳ mới" in line.vi for line in compared.summary), "found by the project file, and unchanged"
    explained = rows[rows["causes"] != ""]
    assert set(explained["causes"]) == {"rule"}, "sites, terrain and software are the same"
    assert not rows["flags"].str.contains("cause_not_found").any()
    assert {"only", "no_change"} <= set(rows["rule_effect"])
    assert not (rows["state"] == "resolved").any()


def test_the_register_stands_among_the_tables_and_is_explained(runs: tuple[Path, Path]) -> None:
    new = runs[1]
    compared = compare_reviews(*runs)
    book = openpyxl.load_workbook(new / "tables.xlsx", read_only=True)
    assert book.sheetnames[-2:] == ["Sổ theo dõi vùng lõm sóng", "Ý nghĩa các cột"]
    assert book["Sổ theo dõi vùng lõm sóng"].max_row == len(compared.table) + 1
    assert new / "tables.xlsx" in compared.written
    manifest = read_json(new / "manifest.json")
    assert manifest["outputs"]["tables.xlsx"] == digest(new / "tables.xlsx")
    assert read_json(new / "register.json")["new"]["manifest_sha256"] == digest(new / "manifest.json")
    before = {path.name: path.read_bytes() for path in compared.written}
    assert before == {path.name: path.read_bytes() for path in compare_reviews(*runs).written}
    row = compared.table.iloc[0]
    said = [line.vi for section in explain(new, row["register_id"]) for line in section.lines]
    assert said[0] == row["remark_vi"]
    assert any(line.startswith("So kỳ 01/11/2027 ") for line in said)
    assert "quy tắc" in said[0], "the reviews have two rules"
    with pytest.raises(InputError, match=str(row["register_id"])):
        explain(new, str(row["register_id"])[:-1] + "x")


def test_a_terrain_is_no_population(runs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--population dem\.tif: ") as caught:
        compare_reviews(*runs, out=tmp_path / "z", population=runs[1].parents[1] / "dem.tif")
    assert "terrain" in caught.value.message.en
    assert "không phải số người mỗi ô" in caught.value.message.vi


def read_zones(folder: Path) -> list[str]:
    with (folder / "tables/dead_zones.csv").open(encoding="utf-8-sig") as stream:
        return sorted(row["dead_zone_id"] for row in csv.DictReader(stream))


def test_people_of_a_raster_that_changed_since_are_not_taken(runs: tuple[Path, Path], tmp_path: Path) -> None:
    raster = runs[1].parents[1] / "population.tif"
    content = raster.read_bytes()
    try:
        raster.write_bytes(content + b"\0")
        compared = compare_reviews(*runs, out=tmp_path / "x")
    finally:
        raster.write_bytes(content)
    assert any("từng thôn" in line.vi for line in compared.summary)
    assert any("--population" in line.vi for line in compare_reviews(*runs, out=tmp_path / "y", population=raster).summary)
