"""The whole chain over real mountains: masts of two operators and terrain are real, the people are made up and called so.

From the project file to ``sites_planned``; then the gain of every chosen site is computed once more, site by site in the plan's order, by laying its
reach over the states of the run, and has to be the plan's figure.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from test_planning import NORMS, stages

from geo.compute import Piece, SerialExecutor, run_pieces
from geo.coverage import State
from geo.io.project import read_project
from geo.io.rasters import read_array
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_frame
from geo.pipeline.candidates import load_candidates
from geo.pipeline.predicting import load_coverage
from geo.pipeline.reading import load_terrain
from geo.pipeline.settings import analysis_settings
from geo.planning.candidates import read_pairs
from geo.planning.cover import place_lines
from geo.planning.gains import Service, read_reach
from geo.planning.reach import reach_tasks, write_reach
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog

WEST, SOUTH, SIDE = 8.52, 46.56, 0.08
NAME = "Gotthard (địa hình thật, dân số giả định)"
PROJECT = """
[project]
name = "{name}"
operators = ["228-01", "228-02"]
date = 2026-11-01
cell_size_m = 200
language = "vi"

[inputs]
boundaries = "communes.geojson"
sites = "sites.csv"
cells = "cells.csv"
settlements = "villages.csv"
population = "population.tif"
terrain = {{ path = "{terrain}", kind = "surface" }}

[rules]
extra = "extra.toml"

[settings]
neighbour_operators = ["228-01", "228-02"]

[plan]
costs = "norms.toml"
years = [2027, 2028]
budget_vnd = [6000000100, 4000000100]
places_most = 60
choice_seconds = 10
cost_variants = 0
curve_points = 0
substitutes = 0
"""
EXTRA = """
[[operator]]
name = "228-01"
mcc_mnc = ["228-01"]

[[operator]]
name = "228-02"
mcc_mnc = ["228-02"]
"""


def gotthard(folder: Path, shared: Path) -> Path:
    """Write the project: the tile and the masts as they are, 2 x 2 communes, people in the valleys."""
    folder.mkdir(parents=True)
    boxes = [shapely.box(WEST + i * SIDE, SOUTH + j * SIDE, WEST + (i + 1) * SIDE, SOUTH + (j + 1) * SIDE) for j in range(2) for i in range(2)]
    gpd.GeoDataFrame(
        {"commune_code": [f"9900{k + 1}" for k in range(4)], "commune_name": [f"Gotthard {k + 1} (giả định)" for k in range(4)], "province_code": "99", "province_name": NAME},
        geometry=boxes, crs=4326,
    ).to_file(folder / "communes.geojson", driver="GeoJSON")  # fmt: skip
    terrain = shared / "data/terrain/N46E008.tif"
    step = 0.002
    n = round(2 * SIDE / step)
    with rasterio.open(terrain) as dem:
        lon, lat = np.meshgrid(WEST + (np.arange(n) + 0.5) * step, SOUTH + 2 * SIDE - (np.arange(n) + 0.5) * step)
        height = np.array([v[0] for v in dem.sample(np.column_stack([lon.ravel(), lat.ravel()]))], dtype=float).reshape(n, n)
    rng = np.random.default_rng(7)
    people = np.where((height > 0) & (height < 1900), rng.poisson(4.0 * np.exp(-np.maximum(height - 1000, 0) / 400)), 0).astype(np.float32)
    profile = {"driver": "GTiff", "height": n, "width": n, "count": 1, "dtype": "float32", "crs": "EPSG:4326", "transform": Affine(step, 0, WEST, 0, -step, SOUTH + 2 * SIDE), "nodata": -1}
    with rasterio.open(folder / "population.tif", "w", **profile) as out:
        out.write(people, 1)
    at = np.argsort(people.ravel(), kind="stable")[::-1][:400:10]
    rows = ["village_id,village_name,commune_code,lon,lat,households,population"]
    for k, cell in enumerate(at.tolist()):
        x, y = float(lon.ravel()[cell]), float(lat.ravel()[cell])
        commune = 1 + (x > WEST + SIDE) + 2 * (y > SOUTH + SIDE)
        rows.append(f"T{k + 1:02d},Thôn giả định {k + 1},9900{commune},{x:.6f},{y:.6f},{20 + k},{80 + 3 * k}")
    (folder / "villages.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    cells = pd.read_csv(shared / "data/sites/mls_2024-03_228_N46E008.csv")
    lte = cells[(cells["radio"] == "LTE") & cells["net"].isin([1, 2])]
    masts = lte.assign(enb=lte["cell"] // 256).groupby(["net", "enb"], as_index=False)[["lon", "lat"]].median()
    near = masts[masts["lon"].between(WEST - 0.02, WEST + 2 * SIDE + 0.02) & masts["lat"].between(SOUTH - 0.02, SOUTH + 2 * SIDE + 0.02)]
    sites, radio = ["site_id,operator,lon,lat,status,structure_height_m,technology"], ["cell_id,site_id,operator,technology,frequency_mhz,azimuth_deg,antenna_height_m,power_dbm,antenna_gain_dbi,bandwidth_mhz,status"]
    for row in near.itertuples(index=False):
        name, site = f"228-{row.net:02d}", f"S{row.net}-{row.enb}"
        sites.append(f"{site},{name},{row.lon:.6f},{row.lat:.6f},on_air,25,4G")
        radio += [f"{site}-{k},{site},{name},4G,1842.5,{k * 120},24,40,15,10,on_air" for k in range(3)]
    (folder / "sites.csv").write_text("\n".join(sites) + "\n", encoding="utf-8")
    (folder / "cells.csv").write_text("\n".join(radio) + "\n", encoding="utf-8")
    (folder / "norms.toml").write_text(NORMS, encoding="utf-8")
    (folder / "extra.toml").write_text(EXTRA, encoding="utf-8")
    project = folder / "project.toml"
    project.write_text(PROJECT.format(name=NAME, terrain=terrain.as_posix()), encoding="utf-8")
    return project


@pytest.mark.slow
def test_every_chosen_site_gains_what_the_coverage_functions_say(shared_dir: Path, tmp_path: Path) -> None:
    project = gotthard(tmp_path / "in", shared_dir)
    results = stages(project, tmp_path / "maps", upto="proposals")
    read = read_project(project)
    settings = analysis_settings(read)
    planned = read_frame(results["proposals"].folder / "sites_planned.parquet")
    gains = read_frame(results["proposals"].folder / "sites_planned_gains.parquet")
    own = planned[planned["source"] == "proposed"]
    found = load_candidates(results["candidates"].folder, read.operators)
    places = found.places.set_index("place_id", drop=False)
    by_mast = {str(row["structure_id"]): str(row["place_id"]) for row in found.places.to_dict("records") if row["kind"] == "mast"}
    run = load_coverage(results["coverage"].folder).coverage
    after = np.asarray(read_array(results["planning"].folder / "after_state.npy"))
    people = np.nan_to_num(read_array(results["villages"].folder / "people.npy"))
    terrain = load_terrain(read)
    assert terrain is not None
    ground = GroundModel(terrain, None, settings.ground)
    told, anew, hidden = [], [], []
    # The plan pays nothing where nobody knows whether an operator serves already (voids of the terrain): such a cell is no gain of that operator.
    sure = {o: ~np.all([after[i] == State.UNKNOWN for i, (whose, kind) in enumerate(run.layers) if whose == o and kind in settings.coverage.counting], axis=0) for o in read.operators}
    served = np.zeros(run.grid.shape, dtype=bool)
    for row in own.to_dict("records"):
        place = places.loc[by_mast.get(row["site_id"], row["site_id"])].to_dict()
        who = row["operators"].split("; ")
        offered = read_pairs(str(place["technologies"]))
        lines = place_lines(pd.DataFrame([place | {"technologies": "; ".join(f"{o}={offered[o]}" for o in who)}]))
        before = served | (Service(replace(run, state=after), settings.coverage).served().operators > 0)
        tasks, _ = reach_tasks(
            lines, grid=run.grid, inside=np.ones(run.grid.shape, dtype=bool), ground=ground, settings=settings.coverage, on=read.date, log=IssueLog(issue_catalogue())
        )
        new = np.zeros_like(before)
        unsure = np.zeros_like(before)
        for operator, record in zip(lines["operator"], run_pieces(SerialExecutor(), write_reach, [Piece(t.name, t) for t in tasks], tmp_path / "reach" / str(row["rank"])), strict=True):
            alone = Service(replace(run, state=after), settings.coverage)
            reach = read_reach(record, tmp_path / "reach" / str(row["rank"]))
            if reach is not None:
                alone.lay(reach)
            mine = (alone.served().operators > 0) & ~before
            new |= mine & sure[operator]
            unsure |= mine & ~sure[operator]
        served |= new
        told.append(float(row["population_gained"]))
        anew.append(float(people[new].sum()))
        hidden.append(float(people[unsure & ~new].sum()))
    print(f"{NAME}: {len(own)} sites ({own['action'].value_counts().to_dict()}), {sum(told):.1f} people by the plan, {sum(anew):.1f} computed again; largest difference {np.abs(np.subtract(told, anew)).max():.2g}; {sum(hidden):.1f} more where nobody knows whether that operator serves already")
    print(results["candidates"].record["places"], results["candidates"].record["demand"])
    print(results["proposals"].record["choice"])
    assert len(own) >= 5
    assert sum(told) > 100
    assert anew == pytest.approx(told, abs=1e-3)
    assert sum(told) == pytest.approx(float(gains["population_first_operator"].sum()))
    for year, budget in ((2027, 6_000_000_100), (2028, 4_000_000_100)):
        assert own.loc[own["year"] == year, "cost_vnd"].sum() <= budget
