"""What operators claim goes through a run: held against the prediction, and kept as a layer for the next comparison."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tiny import SIDE, SOUTH, WEST, tiny_project

from geo.compute import make_executor
from geo.io.reviews import open_review
from geo.pipeline.analysis import analyse


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    project = tiny_project(folder)
    whole, east = shapely.box(WEST, SOUTH, WEST + 2 * SIDE, SOUTH + 2 * SIDE), shapely.box(WEST + SIDE, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    gpd.GeoDataFrame(
        {"operator": ["Mạng A", "Mạng A"], "technology": ["4G", "4G"], "Mức phủ": ["có", "không phủ sóng"], "date": ["2026-09-30", ""]},
        geometry=[whole.difference(east), east], crs=4326,
    ).to_file(folder / "claims.geojson", driver="GeoJSON")  # fmt: skip
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("[rules]", 'coverage_claims = { path = "claims.geojson", date = 2026-09-30 }\n\n[rules]'), encoding="utf-8")
    return analyse(project, folder / "maps", executor=make_executor(workers=1)).folder


def test_the_claimed_area_is_a_layer_and_what_is_denied_is_not(run: Path) -> None:
    layer = gpd.read_file(run / "layers.gpkg", layer="coverage_claims")
    assert layer[["operator", "technology", "claim_date"]].to_numpy().tolist() == [["Mạng A", "4G", "2026-09-30"]]
    assert layer.crs.to_epsg() == 4326
    assert layer.geometry[0].area == pytest.approx(3 * SIDE**2, rel=1e-6)


def test_the_claim_is_held_against_what_is_known(run: Path) -> None:
    found = pd.read_csv(run / "tables" / "claims_by_commune.csv", dtype=str)
    given = found[found["claim_given"] == "TRUE"]
    assert set(zip(given["operator"], given["technology"], strict=True)) == {("Mạng A", "4G")}
    # The commune in the south-east was denied, the others claimed whole.
    share = given.set_index("area_code")["claimed_share"].astype(float)
    assert share[["99001", "99002", "99003", "99004"]].tolist() == pytest.approx([1.0, 0.0, 1.0, 1.0], abs=0.02)
    assert len(pd.read_csv(run / "tables" / "disagreement.csv")) > 0  # beyond the ridge, too, was claimed


def test_the_next_comparison_finds_it(run: Path) -> None:
    layer = open_review(run).layer("coverage_claims", "claims")
    assert layer is not None
    assert len(layer) == 1
