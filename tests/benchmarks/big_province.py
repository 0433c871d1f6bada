"""A made-up province of any size on made-up hills, and the coverage stage over it, measured in a process of its own.

Run as ``python -m tests.benchmarks.big_province '{"area_km2": 14000, ...}'``; prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from rasterio.io import MemoryFile
from scipy.ndimage import gaussian_filter

from geo.calibration import calibration_settings
from geo.compute import ProcessExecutor, SerialExecutor
from geo.coverage import coverage_settings, technology_rules
from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.io.files import write_bytes
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_frame
from geo.io.terrain import Terrain, open_terrain
from geo.pipeline.areas import class_areas
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import load_coverage, predict_coverage
from geo.pipeline.results import arranged_frame
from geo.pipeline.showing import map_content, write_map
from geo.propagation.ground import ground_settings
from geo.report.lists import ListFacts
from geo.report.tables import arrange, result_table
from geo.validation import IssueLog
from geo.villages import village_settings

EPSG = 9210
LON, LAT = 105.5, 22.0
ON = date(2026, 11, 1)
OPERATORS = ("Mạng A", "Mạng B", "Mạng C")
BANDS = {"3G": 2100.0, "4G": 1800.0, "5G": 2600.0}
_STEP = 1 / 1200


def made_up_terrain(folder: Path, half_width_m: float, half_height_m: float) -> Terrain:
    """Write hills of some hundred metres on a lattice of 3 arc-seconds and open them."""
    rows, columns = int(2 * half_height_m / 92) + 60, int(2 * half_width_m / 85) + 60
    rng = np.random.default_rng(1)
    heights = np.zeros((rows, columns), dtype=np.float32)
    for smooth, metres in ((40, 500), (12, 150), (3, 30)):
        part = gaussian_filter(rng.standard_normal((rows, columns), dtype=np.float32), smooth)
        heights += metres * part / part.std()
    heights -= heights.min()
    corner = Affine(_STEP, 0, LON - columns / 2 * _STEP, 0, -_STEP, LAT + rows / 2 * _STEP)
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", count=1, dtype="float32", height=rows, width=columns, crs="EPSG:4326",
                         nodata=-9999, transform=corner, tiled=True) as target:  # fmt: skip
            target.write(heights, 1)
        write_bytes(folder / "hills.tif", memory.read())
    return open_terrain([folder / "hills.tif"], kind="ground", log=IssueLog(issue_catalogue()))


def made_up_network(count: int, half_width_m: float, half_height_m: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sites with three radio cells each, of three technologies, on an ellipse."""
    rng = np.random.default_rng(2)
    x0, y0 = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
    angle, away = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    lon, lat = to_wgs84(x0 + half_width_m * away * np.cos(angle), y0 + half_height_m * away * np.sin(angle), EPSG)
    sites = pd.DataFrame(
        {
            "site_id": [f"S{k:05d}" for k in range(count)], "operator": [OPERATORS[k % 3] for k in range(count)], "site_name": "",
            "lon": lon, "lat": lat, "status": "on_air", "on_air_date": pd.NaT, "structure_height_m": 42.0, "owner": "", "mast_id": "",
            "commune_code": "", "technologies": "3G,4G,5G", "file": "s.csv", "sheet": "", "row": np.arange(count) + 2,
        }
    ).astype({"on_air_date": "datetime64[ns]"})  # fmt: skip
    cells = sites.loc[np.repeat(np.arange(count), 3), ["site_id", "operator", "lon", "lat", "status", "sheet"]].reset_index(drop=True)
    technology = np.tile(np.array(list(BANDS)), count)
    cells = cells.assign(
        cell_id=[f"C{k}" for k in range(3 * count)], technology=technology, band="", frequency_mhz=[BANDS[t] for t in technology],
        arfcn=np.nan, pci=np.nan, azimuth_deg=np.tile([0.0, 120.0, 240.0], count), antenna_height_m=38.0, power_dbm=43.0,
        tilt_deg=4.0, antenna_gain_dbi=17.0, bandwidth_mhz=20.0, file="c.csv", row=np.arange(3 * count) + 2,
    )  # fmt: skip
    return sites, cells


def made_up_units(half_width_m: float, half_height_m: float) -> gpd.GeoDataFrame:
    """Return an ellipse cut into communes of some 100 km²."""
    x0, y0 = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
    turn = np.linspace(0, 2 * np.pi, 721)[:-1]
    ellipse = shapely.Polygon(np.column_stack([x0 + half_width_m * np.cos(turn), y0 + half_height_m * np.sin(turn)]))
    side = 10_000.0
    boxes = [
        shapely.box(x, y, x + side, y + side)
        for x in np.arange(x0 - half_width_m, x0 + half_width_m, side)
        for y in np.arange(y0 - half_height_m, y0 + half_height_m, side)
    ]
    parts = [p for p in shapely.intersection(np.array(boxes), ellipse) if p.area > 0]
    codes = [f"{k + 1:05d}" for k in range(len(parts))]
    return gpd.GeoDataFrame(
        {"commune_code": codes, "commune_name": codes, "province_code": "99", "province_name": "", "area_km2": 1.0},
        geometry=parts, crs=EPSG,
    ).to_crs(4326)  # fmt: skip


def made_up_villages(count: int, half_width_m: float, half_height_m: float) -> pd.DataFrame:
    """Return villages without a commune code, on the ellipse."""
    rng = np.random.default_rng(3)
    x0, y0 = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
    angle, away = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    lon, lat = to_wgs84(x0 + half_width_m * away * np.cos(angle), y0 + half_height_m * away * np.sin(angle), EPSG)
    return pd.DataFrame(
        {
            "village_id": [f"V{k:05d}" for k in range(count)], "village_name": "Thôn giả định", "commune_code": "", "lon": lon, "lat": lat,
            "point_kind": "centroid", "households": 60.0, "population": 200.0, "grid_power": pd.array([None] * count, dtype="boolean"),
            "difficult_area": pd.array([None] * count, dtype="boolean"),
        }
    )  # fmt: skip


def measure(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Run the coverage stage, and villages, communes and map after it, and return seconds and peak memory."""
    area, sites_wanted = float(options["area_km2"]), int(options["cells"]) // 3
    half_height = 1000.0 * np.sqrt(area / np.pi / 1.44)
    half_width = 1.44 * half_height
    rules = technology_rules("vn-2026", ON)
    given = {name: options[name] for name in ("max_radius_m", "tile_cells") if name in options}
    settings = replace(coverage_settings(rules, levels_dbm={"5G": -110.0}, **given), counting=tuple(BANDS))
    terrain = made_up_terrain(folder, half_width + settings.max_radius_m, half_height + settings.max_radius_m)
    within = float(options.get("sites_within", 1.0))  # share of the ellipse's half axes on which sites stand
    sites, cells = made_up_network(sites_wanted, within * half_width, within * half_height)
    units = made_up_units(half_width, half_height)
    x0, y0 = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
    box = (x0 - half_width, y0 - half_height, x0 + half_width, y0 + half_height)
    grid = Grid.covering(box, cell_size=float(options["cell_size_m"]), epsg=EPSG)
    workers = int(options.get("workers", 1))
    executor = SerialExecutor() if workers == 1 else ProcessExecutor(workers)
    work = Workspace(folder / "coverage", {}, {}, executor, lambda _done, _total: None)
    before = _peak_mb(resource.RUSAGE_SELF)
    started, busy = time.perf_counter(), time.process_time()
    record = predict_coverage(
        work, frames={"units": units, "sites": sites, "cells": cells}, terrain=terrain, land_cover=None, antennas=None, grid=grid,
        operators=OPERATORS, settings=settings, ground_settings=ground_settings(), on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip
    out = {
        "cpu_seconds": round(time.process_time() - busy, 2),
        "seconds": round(time.perf_counter() - started, 2), "before_mb": before, "main_mb": _peak_mb(resource.RUSAGE_SELF),
        "worker_mb": _peak_mb(resource.RUSAGE_CHILDREN), "cells_inside": record["cells_inside"], "tiles": record["tiles"],
        "grid_cells": grid.rows * grid.columns, "layers": len(record["layers"]), "states": record["states"]["all"],
        "stage_folder_mb": round(sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20),
    }  # fmt: skip
    if options.get("later"):
        started = time.perf_counter()
        areas = Workspace(folder / "villages", {}, {}, executor, lambda _done, _total: None)
        settlements = made_up_villages(int(options.get("villages", 0)), half_width, half_height)
        class_areas(
            areas, predicted=load_coverage(folder / "coverage"), units=units, sites=sites, settlements=settlements, hamlets=None, buildings=None, raster=None, population=None, settings=settings,
            village_settings=village_settings(), log=IssueLog(issue_catalogue()), province_names={"99": "Tỉnh giả định"},
            facts=ListFacts("x", ON, "vi", settings, village_settings(), made_up=True),
        )  # fmt: skip
        out |= {"villages_seconds": round(time.perf_counter() - started, 2), "villages_mb": _peak_mb(resource.RUSAGE_SELF)}
        started = time.perf_counter()
        frames = {
            name: arranged_frame(arrange(read_frame(areas.folder / f"{name}.parquet"), result_table(name)))
            for name in ("communes", "villages")
        }
        content = map_content(
            name="x", day=ON, language="vi", made_up=True, predicted=load_coverage(folder / "coverage"), units=units, sites=sites, roads=None, settings=settings,
            sources=[], noted=[], uncertainty=record["uncertainty"], learnt={"used": 0, "score": []}, calibration=calibration_settings(), observed=None, **frames,
        )  # fmt: skip
        page = write_map(Workspace(folder / "map", {}, {}, executor, lambda _done, _total: None), content, "index.html")
        out |= {"map_seconds": round(time.perf_counter() - started, 2), "map_mb": _peak_mb(resource.RUSAGE_SELF), "map_bytes": page["bytes"]}
    return out


def _peak_mb(who: int) -> int:
    peak = resource.getrusage(who).ru_maxrss  # KiB; bytes on macOS
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), json.loads(sys.argv[1]))))
