"""Two real G-NetTrack logs from end to end: their places moved into a made-up province with one made-up site and no terrain."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.compute import make_executor
from geo.coverage import State
from geo.pipeline.analysis import analyse
from geo.pipeline.predicting import load_coverage

#: From Dakar into a made-up province near 105.6 E 21.8 N.
EAST, NORTH = 123.0, 7.1
AREA = (105.40, 21.60, 105.90, 22.00)
PROJECT = """
[project]
name = "Nhật ký đo thật, nơi giả định"
province = "99"
operators = ["Orange", "Expresso"]
date = 2025-11-01
cell_size_m = 200

[inputs]
boundaries = "area.geojson"
sites = "sites.csv"
settlements = "villages.csv"
measurements = ["orange.txt", "expresso.txt"]

[rules]
extra = "extra.toml"
"""
EXTRA = """
[[province]]
code = "99"
name = "Tỉnh giả định"
zone_epsg = 9210
former_zone_epsg = []
made_up = true

[[operator]]
name = "Orange"
mcc_mnc = ["608-01"]

[[operator]]
name = "Expresso"
mcc_mnc = ["608-03"]
"""


def moved(source: Path, target: Path) -> None:
    """Copy a log with other places and nothing else changed, its quirks included."""
    with source.open(encoding="utf-8", newline="") as f:
        lines = f.read().split("\r\n")
    header = lines[0].split("\t")
    lon, lat = header.index("Longitude"), header.index("Latitude")
    out = [lines[0]]
    for line in lines[1:]:
        cells = line.split("\t")
        if len(cells) > max(lon, lat):
            cells[lon], cells[lat] = f"{float(cells[lon]) + EAST:.6f}", f"{float(cells[lat]) + NORTH:.6f}"
        out.append("\t".join(cells))
    target.write_bytes("\r\n".join(out).encode())


@pytest.fixture(scope="module")
def run(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = shared_dir / "data" / "measurements"
    folder = tmp_path_factory.mktemp("logs")
    for name in ("orange", "expresso"):
        moved(logs / f"gnettrack_{name}_log.txt", folder / f"{name}.txt")
    gpd.GeoDataFrame(
        {"commune_code": ["99001"], "commune_name": ["Xã giả định"], "province_code": ["99"], "province_name": ["Tỉnh giả định"]},
        geometry=[shapely.box(*AREA)], crs=4326,
    ).to_file(folder / "area.geojson", driver="GeoJSON")  # fmt: skip
    (folder / "villages.csv").write_text("village_id,village_name,commune_code,lon,lat\nV1,Thôn xa,99001,105.85,21.62\n", encoding="utf-8")
    (folder / "sites.csv").write_text("site_id,operator,lon,lat,technology,status\nS1,Orange,105.5665,21.766,4G,on_air\n", encoding="utf-8")
    (folder / "extra.toml").write_text(EXTRA, encoding="utf-8")
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    return analyse(folder / "project.toml", folder / "maps", executor=make_executor(workers=1)).folder


def test_without_terrain_or_a_list_of_sites_nothing_is_unserved(run: Path) -> None:
    coverage = load_coverage(next((run / ".stages").glob("coverage-*"))).coverage
    states = np.unique(coverage.state)
    assert not np.isin(states, (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)).any()
    unknown = np.isin(coverage.state, (State.UNKNOWN, State.OUTSIDE))
    assert unknown.mean() > 0.9  # beyond the drives nothing is known, and said so


def test_the_village_out_of_reach_is_undecided(run: Path) -> None:
    village = pd.read_csv(run / "tables" / "villages.csv", dtype=str).iloc[0]
    assert village["class"] == "undecided"
    assert village["evidence"] == "none"


def test_people_get_their_results_and_the_list_of_what_was_odd(run: Path) -> None:
    for name in ("index.html", "tables.xlsx", "layers.gpkg", "issues.xlsx", "manifest.json"):
        assert (run / name).stat().st_size > 1000
    assert "sample_level_not_a_level" in (run / ".stages").joinpath(next(p.name for p in (run / ".stages").glob("inputs-*")), "issues.json").read_text(encoding="utf-8")
