"""Ground and clutter through a project file: settings, what excludes each other, findings, manifest, the stage's key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from geo.compute import SerialExecutor
from geo.errors import ProjectFileError
from geo.io.inputs import read_inputs
from geo.io.land_cover import clutter_heights_m
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.pipeline.analysis import analyse, analysis_stages
from geo.pipeline.keys import canonical_json
from geo.pipeline.reading import load_issues, load_land_cover
from geo.pipeline.settings import AnalysisSettings, analysis_settings
from geo.validation import IssueLog
from tests.pipeline.tiny import SIDE, SOUTH, WEST, tiny_project


def settings_of(folder: Path, text: str = "", inputs: str = "") -> AnalysisSettings:
    path = folder / "p.toml"
    path.write_text(
        f'[project]\nname = "x"\ndate = 2026-11-01\n[inputs]\n{inputs}\n[settings]\n{text}\n', encoding="utf-8"
    )
    return analysis_settings(read_project(path))


GROUND = 'terrain = { path = "d.tif", kind = "ground" }\n'
SURFACE = 'terrain = { path = "d.tif", kind = "surface" }\n'
COVER = 'land_cover = "c.tif"\n'


def test_what_ships_and_what_a_project_sets(tmp_path: Path) -> None:
    ships = settings_of(tmp_path, inputs=GROUND + COVER).ground
    assert (ships.clutter_in_profile, ships.end_loss) == (True, "none")
    own = settings_of(
        tmp_path,
        'clutter_in_profile = false\nend_loss = "p2108"\narea_radius_m = 700\nurban_built_share = 0.6',
        GROUND + COVER,
    ).ground
    assert (own.clutter_in_profile, own.end_loss, own.area_radius_m, own.urban_built_share) == (False, "p2108", 700.0, 0.6)
    assert canonical_json(ships) != canonical_json(own)
    assert settings_of(tmp_path, 'end_loss = "p2108"', GROUND).ground.end_loss == "p2108", "nothing else counts clutter"


@pytest.mark.parametrize(
    ("text", "inputs", "said"),
    [
        ('end_loss = "p2108"', GROUND + COVER, "exclude each other"),
        ('end_loss = "p2108"\nclutter_in_profile = true', GROUND + COVER, "exclude each other"),
        ('end_loss = "p2108"', SURFACE, 'does not go with terrain of kind = "surface"'),
        ('end_loss = "p2108"', SURFACE + COVER, 'does not go with terrain of kind = "surface"'),
        ("clutter_in_profile = false", SURFACE, "cannot be left out"),
        ("clutter_in_profile = true", GROUND, "needs land cover"),
        ('end_loss = "p2109"', GROUND, '"none" or "p2108"'),
        ("end_loss = true", GROUND, '"none" or "p2108"'),
        ('clutter_in_profile = "yes"', GROUND, "true or false"),
        ("urban_built_share = 1.5", GROUND, "urban_built_share = 1.5"),
        ("suburban_built_share = 0.6", GROUND, "must be below urban_built_share"),
        ("area_radius_m = 0", GROUND, "above 0"),
        ('endloss = "none"', GROUND, "did you mean 'end_loss'"),
    ],
)
def test_what_is_not_allowed_is_said(tmp_path: Path, text: str, inputs: str, said: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        settings_of(tmp_path, text, inputs)
    assert said in caught.value.message.en
    if said == "exclude each other":
        assert "lớp phủ land_cover được cộng vào đường truyền" in caught.value.message.vi
    assert caught.value.message.vi != caught.value.message.en


def project_with_cover(folder: Path, kind: str, files: int = 1) -> Path:
    """Write the tiny project with land cover over its western half (two files: over all of it)."""
    project = tiny_project(folder)
    text = project.read_text(encoding="utf-8").replace('kind = "ground"', f'kind = "{kind}"')
    text = text.replace("[rules]", 'land_cover = "cover*.tif"\n\n[rules]')
    project.write_text(text, encoding="utf-8")
    for number in range(files):
        with rasterio.open(
            folder / f"cover{number}.tif", "w", driver="GTiff", height=500, width=300, count=1, dtype="uint8", crs="EPSG:4326",
            transform=Affine(0.001, 0, WEST - 0.25 + number * 0.3, 0, -0.001, SOUTH + 2 * SIDE + 0.2),
        ) as target:  # fmt: skip
            target.write(np.full((500, 300), 10 + 40 * number, dtype=np.uint8), 1)
    return project


def test_several_files_are_one_land_cover(tmp_path: Path) -> None:
    land = load_land_cover(read_project(project_with_cover(tmp_path, "ground", files=2)))
    assert land is not None
    assert [raster.label for raster in land.rasters] == ["cover0.tif", "cover1.tif"]
    np.testing.assert_array_equal(land.sample([WEST, WEST + 0.1], [SOUTH, SOUTH]), [10, 50])
    assert load_land_cover(read_project(tiny_project(tmp_path / "none"))) is None


def manifest_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize(
    ("kind", "source", "ends", "codes"),
    [
        ("ground", "land cover over ground", "terrain", {"ground_class_unknown"}),
        ("surface", "surface model", "estimated ground", {"ground_class_unknown", "ground_estimated"}),
    ],
)
def test_a_run_says_what_clutter_it_used(tmp_path: Path, kind: str, source: str, ends: str, codes: set[str]) -> None:
    done = analyse(project_with_cover(tmp_path, kind), tmp_path / "maps", executor=SerialExecutor())
    said = manifest_of(done.folder)
    assert (said["clutter"]["source"], said["clutter"]["ends"]) == (source, ends)
    assert 0.2 < said["clutter"]["unknown_share"] < 0.8
    assert said["settings"]["ground"]["clutter_in_profile"] is True
    found = {code for code in load_issues(done.results["coverage"].folder).codes() if code.startswith("ground_")}
    assert found == codes
    assert (done.folder / "issues.xlsx").is_file()


def test_the_coverage_stage_depends_on_the_land_cover_and_the_settings(tmp_path: Path) -> None:
    project = read_project(project_with_cover(tmp_path, "ground"))
    stage = {stage.name: stage for stage in analysis_stages(project, analysis_settings(project))}["coverage"]
    assert "cover0.tif" in stage.files
    plain = canonical_json(stage.settings)
    text = project.path.read_text(encoding="utf-8").replace("[settings]", "[settings]\nclutter_in_profile = false")
    project.path.write_text(text, encoding="utf-8")
    other = read_project(project.path)
    again = {stage.name: stage for stage in analysis_stages(other, analysis_settings(other))}["coverage"]
    assert canonical_json(again.settings) != plain


@pytest.mark.slow
def test_canopy_given_twice_changes_no_output(tmp_path: Path) -> None:
    """Bare earth with land cover, and the surface that the two make with the same land cover: one map."""
    rasters: dict[str, dict[str, bytes]] = {}
    for kind in ("ground", "surface", "nothing on it"):
        project = tiny_project(tmp_path / kind)
        with rasterio.open(project.parent / "dem.tif", driver="GTiff") as source:
            heights, profile = np.round(source.read(1)), source.profile
        rng = np.random.default_rng(3)
        codes = np.kron(rng.choice(np.array([0, 10, 40, 50, 80], np.uint8), (50, 50)), np.ones((4, 4), np.uint8))
        if kind == "surface":
            heights = heights + np.nan_to_num(clutter_heights_m(codes))
        for name, values, nodata in (("dem.tif", heights.astype(np.float32), -9999), ("cover.tif", codes, 0)):
            with rasterio.open(
                project.parent / name, "w", **{**profile, "driver": "GTiff", "dtype": values.dtype, "nodata": nodata}
            ) as target:
                target.write(values, 1)
        text = project.read_text(encoding="utf-8")
        if kind != "nothing on it":
            text = text.replace('kind = "ground"', f'kind = "{kind}"').replace("[rules]", 'land_cover = "cover.tif"\n[rules]')
        project.write_text(text, encoding="utf-8")
        done = analyse(project, tmp_path / "maps" / kind, executor=SerialExecutor())
        rasters[kind] = {path.name: path.read_bytes() for path in sorted(done.folder.glob("rasters/*.tif"))}
    assert len(rasters["ground"]) > 3
    assert rasters["surface"] == rasters["ground"]
    assert rasters["nothing on it"] != rasters["ground"], "trees and houses stand in the way"


def test_each_file_of_another_place_is_said(tmp_path: Path) -> None:
    project = project_with_cover(tmp_path, "ground")
    with rasterio.open(
        tmp_path / "cover_far.tif", "w", driver="GTiff", height=9, width=9, count=1, dtype="uint8", crs="EPSG:4326",
        transform=Affine(0.001, 0, 8.0, 0, -0.001, 47.0),
    ) as target:  # fmt: skip
        target.write(np.full((9, 9), 10, dtype=np.uint8), 1)
    log = IssueLog(issue_catalogue())
    read_inputs(read_project(project), log)
    assert [str(f.source) for f in log if f.kind.code == "raster_outside_area"] == ["cover_far.tif"]
