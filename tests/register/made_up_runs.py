"""Made-up run folders, small enough to be read by eye: 12 by 12 cells, two operators, 4G, levels set by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.special import ndtr

from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.io.files import digest, write_bytes, write_json
from geo.io.layers import write_layers
from geo.io.rasters import write_raster
from geo.io.run_folder import RunFolder
from geo.io.stage_files import write_frame
from geo.polygons import shapes_to_wgs84

SIDE = 12
EPSG = 9210
X, Y = (round(float(v[0]) / 100) * 100.0 for v in from_wgs84([105.62], [21.9], EPSG))
GRID = Grid(EPSG, X, Y, 100.0, SIDE, SIDE)
OPERATORS = ("Mạng A", "Mạng B")
PLAIN = {"Mạng A": "mang_a", "Mạng B": "mang_b"}
GOOD, POOR = -85.0, -170.0
SD = 8.0

Cell = tuple[int, int]


def block(top: int, left: int, bottom: int, right: int) -> list[Cell]:
    """Cells from one corner up to and without the other."""
    return [(r, c) for r in range(top, bottom) for c in range(left, right)]


def centre(cell: tuple[float, float]) -> tuple[float, float]:
    lon, lat = to_wgs84([X + (cell[1] + 0.5) * 100], [Y - (cell[0] + 0.5) * 100], EPSG)
    return round(float(lon[0]), 6), round(float(lat[0]), 6)


def polygon(cells: Iterable[Cell]) -> shapely.Geometry:
    boxes = [shapely.box(X + c * 100, Y - (r + 1) * 100, X + (c + 1) * 100, Y - r * 100) for r, c in cells]
    return shapes_to_wgs84(np.array([shapely.union_all(boxes)], dtype=object), EPSG)[0]


@dataclass
class Run:
    """What a made-up run holds; good but in zones, unless ``levels`` says otherwise."""

    day: date = date(2026, 11, 1)
    zones: Mapping[str, list[Cell]] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)
    #: cells (of both operators) with a level of their own
    levels: Mapping[Cell, float] = field(default_factory=dict)
    measured: Iterable[Cell] = ()
    threshold_dbm: float = -110.0
    villages: list[dict[str, Any]] = field(default_factory=list)
    sites: list[tuple[str, str, Cell]] = field(default_factory=lambda: [("A1", "Mạng A", (0, 0)), ("B1", "Mạng B", (0, 1))])
    samples: list[tuple[str, Cell, float]] = field(default_factory=list)
    people: Mapping[Cell, int] | None = None
    without_list: tuple[str, ...] = ()
    no_rasters_of: tuple[str, ...] = ()
    rasters: bool = True
    inputs: Mapping[str, str] = field(default_factory=lambda: {"dem.tif": "1", "sites.csv": "2"})
    version: str = "0.1.0"
    provinces: tuple[str, ...] = ("99",)
    name: str = "Rà soát thử (giả định)"


def manifest(run: Run) -> dict[str, Any]:
    return {
        "vungphu": run.version,
        "project": {"name": run.name, "date": run.day.isoformat(), "provinces": list(run.provinces), "operators": list(OPERATORS), "language": "vi",
                    "cell_size_m": 100.0, "file": "project.toml", "made_up": True},
        "software": {"numpy": "1"},
        "model": {"name": "made up"},
        "rules": {"catalogue": "vn-2026", "used": [{"id": "planning_level_4g", "technology": "4G", "threshold": run.threshold_dbm}]},
        "settings": {
            "coverage": {"levels_dbm": {"4G": run.threshold_dbm}, "counting": ["4G"], "served_probability": 0.9, "unserved_probability": 0.1,
                         "model_error_sd_db": SD, "max_radius_m": 3000},
            "villages": {"persons_per_household": 4.0},
        },
        "inputs": [
            {"file": name, "sha256": sha, "tables": [{"kind": {"sites.csv": "stations", "drive.csv": "measurements"}.get(name, "")}] if name.endswith("csv") else []}
            for name, sha in run.inputs.items()
        ],
        "stages": [
            {"name": "inputs", "key": "0" * 64, "counts": {}, "settings": {"inputs": {"terrain": [{"path": "dem.tif"}], "population": [{"path": "population.tif"}]},
                                                                          "extra": {"operator": [{"name": o} for o in OPERATORS]}}},
            {"name": "coverage", "key": "1" * 64, "settings": {}, "counts": {"layers": [[o, "4G"] for o in OPERATORS], "operators_without_sites": list(run.without_list)}},
        ],
        "outputs": {},
        "run": {"started": f"{run.day}T00:00:00+00:00"},
    }  # fmt: skip


def table(rows: list[dict[str, Any]], columns: Iterable[str]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(columns), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" + stream.getvalue()).encode("utf-8")


ZONE_COLUMNS = ("dead_zone_id", "commune_codes", "area_km2", "population", "population_low", "population_high", "villages", "operators_missing", "class",
                "priority", "evidence", "reason", "lon", "lat", "deadline")  # fmt: skip
VILLAGE_COLUMNS = ("village_id", "village_name", "commune_code", "lon", "lat", "population", "class", "weak", "single_operator", "operators_serving",
                   "operators_undecided", "best_technology", "evidence", "last_measured")  # fmt: skip


def level_of(run: Run) -> npt.NDArray[np.float64]:
    level = np.full((SIDE, SIDE), GOOD)
    for cells in run.zones.values():
        for cell in cells:
            level[cell] = POOR
    for cell, value in run.levels.items():
        level[cell] = value
    return level


def write(folder: Path, run: Run) -> Path:
    """Write a run folder as a finished run leaves it, and return it."""
    folder.mkdir(parents=True)
    zones = []
    for name, cells in run.zones.items():
        lon, lat = centre(cells[0]) if cells else ("", "")
        people = None if run.people is None else sum(run.people.get(cell, 0) for cell in cells)
        zones.append({"dead_zone_id": name, "commune_codes": "99001", "area_km2": len(cells) / 100, "population": "" if people is None else people,
                      "operators_missing": "Mạng A; Mạng B", "class": run.classes.get(name, "white"), "evidence": "predicted", "lon": lon, "lat": lat, "deadline": run.deadlines.get(name, "")})  # fmt: skip
    write_bytes(folder / "tables" / "dead_zones.csv", table(zones, ZONE_COLUMNS))
    villages = [{**v, **dict(zip(("lon", "lat"), centre(v["cell"]), strict=True))} for v in run.villages]
    for village in villages:
        del village["cell"]
    if villages:
        write_bytes(folder / "tables" / "villages.csv", table(villages, VILLAGE_COLUMNS))
    places = [centre(cell) for _, _, cell in run.sites]
    sites = gpd.GeoDataFrame(
        {"site_id": [s for s, _, _ in run.sites], "operator": [o for _, o, _ in run.sites], "status": "on_air", "technologies": "4G"},
        geometry=shapely.points(np.array(places).reshape(-1, 2)), crs=4326,
    )  # fmt: skip
    communes = gpd.GeoDataFrame({"commune_code": ["99001"], "commune_name": ["Xã Thử"], "province_code": ["99"]}, geometry=[polygon(block(0, 0, SIDE, SIDE))], crs=4326)
    drawn = gpd.GeoDataFrame({"dead_zone_id": [n for n, c in run.zones.items() if c]}, geometry=[polygon(c) for c in run.zones.values() if c], crs=4326)
    layers = {"communes": communes, "sites": sites, **({"dead_zones": drawn} if len(drawn) else {})}
    write_layers(folder / "layers.gpkg", layers, created=run.day)
    write_bytes(folder / "rasters" / "radio_cells.csv", table(
        [{"operator": o, "technology": "4G", "site_id": s, "cell_id": f"{s}-1", "lon": p[0], "lat": p[1], "azimuth_deg": 0} for (s, o, _), p in zip(run.sites, places, strict=True)],
        ("operator", "technology", "site_id", "cell_id", "lon", "lat", "azimuth_deg"),
    ))  # fmt: skip
    if run.rasters:
        _write_rasters(folder, run)
    _write_stage(folder, run)
    write_json(folder / "manifest.json", manifest(run))
    return folder


def _write_rasters(folder: Path, run: Run) -> None:
    level = level_of(run)
    probability = ndtr((level - run.threshold_dbm) / SD)
    state = np.select([probability >= 0.9, probability <= 0.1], [2, 4], 3).astype(np.uint8)
    for cell in run.measured:
        state[cell] = {2: 1, 4: 5, 3: 3}[int(state[cell])]
    for operator in OPERATORS:
        name = f"{PLAIN[operator]}_4g"
        mine = np.full_like(state, 6) if operator in run.without_list else state
        write_raster(folder / "rasters" / f"{name}_state.tif", mine, GRID)
        if operator in run.no_rasters_of:
            continue
        known = np.where(mine == 6, np.nan, 1.0)
        write_raster(folder / "rasters" / f"{name}_rsrp_dbm.tif", level * known, GRID)
        write_raster(folder / "rasters" / f"{name}_probability.tif", probability * known, GRID)


def _write_stage(folder: Path, run: Run) -> None:
    run_folder = RunFolder(folder)
    stage = run_folder.stage("inputs", "0" * 64)
    stage.mkdir(parents=True)
    samples = pd.DataFrame(
        [
            {"time": pd.Timestamp(day), **dict(zip(("lon", "lat"), centre(cell), strict=True)), "operator": "Mạng A", "technology": "4G", "level_dbm": level, "no_service": False}
            for day, cell, level in run.samples
        ],
        columns=["time", "lon", "lat", "operator", "technology", "level_dbm", "no_service"],
    ).astype({"no_service": "boolean", "time": "datetime64[ns]", "lon": float, "lat": float, "level_dbm": float, "operator": "str", "technology": "str"})  # fmt: skip
    write_frame(stage / "measurements.parquet", samples)
    if run.people is not None:
        houses = [cell for cell, n in run.people.items() for _ in range(n)]
        spots = np.array([centre(cell) for cell in houses]).reshape(-1, 2)
        write_frame(stage / "buildings.parquet", pd.DataFrame({"lon": spots[:, 0], "lat": spots[:, 1]}))
        write_frame(stage / "population.parquet", pd.DataFrame({"commune_code": ["99001"], "population": [float(len(houses))], "file": "p.csv", "sheet": "", "row": 2}))
        units = gpd.GeoDataFrame({"commune_code": ["99001"], "province_code": ["99"]}, geometry=[polygon(block(0, 0, SIDE, SIDE))], crs=4326)
        write_frame(stage / "units.parquet", units)
    run_folder.finish(stage, {})


def marks(folder: Path) -> dict[str, str]:
    """Every file of a folder with its SHA-256."""
    return {p.relative_to(folder).as_posix(): digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}
