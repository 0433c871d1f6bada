"""A made-up project small enough to analyse in a second: 10 km by 10 km, four communes, a ridge, two operators."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine

WEST, SOUTH, SIDE = 105.60, 21.80, 0.05
NAME = "Tỉnh Thử (giả định)"

PROJECT = """
[project]
name = "{name}"
province = "99"
operators = ["Mạng A", "Mạng B"]
date = 2026-11-01
cell_size_m = {cell_size_m}
language = "{language}"

[inputs]
boundaries = "communes.geojson"
sites = "sites.csv"
cells = "cells.csv"
settlements = "villages.csv"
population = "population.tif"
terrain = {{ path = "dem.tif", kind = "ground" }}
roads = "roads.geojson"

[rules]
extra = "extra.toml"

[settings]
tile_cells = 16
neighbour_reach_m = 500
"""

EXTRA = """
[[province]]
code = "99"
name = "Tỉnh Thử (giả định)"
zone_epsg = 9210
former_zone_epsg = []
made_up = true

[[operator]]
name = "Mạng A"
mcc_mnc = ["999-01"]

[[operator]]
name = "Mạng B"
mcc_mnc = ["999-02"]
"""


def _communes() -> gpd.GeoDataFrame:
    rows = [(i, j) for j in range(2) for i in range(2)]
    return gpd.GeoDataFrame(
        {
            "commune_code": [f"9900{k + 1}" for k in range(4)],
            "commune_name": [f"Xã Thử {k + 1}" for k in range(4)],
            "province_code": "99",
            "province_name": NAME,
        },
        geometry=[
            shapely.box(WEST + i * SIDE, SOUTH + j * SIDE, WEST + (i + 1) * SIDE, SOUTH + (j + 1) * SIDE)
            for i, j in rows
        ],
        crs=4326,
    )


def _raster(path: Path, values: np.ndarray, step: float, nodata: float) -> None:
    margin = 0.2 if path.name == "dem.tif" else 0.0
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=values.dtype,
        crs="EPSG:4326", transform=Affine(step, 0, WEST - margin, 0, -step, SOUTH + 2 * SIDE + margin), nodata=nodata,
    ) as target:  # fmt: skip
        target.write(values, 1)


def tiny_project(folder: Path, *, name: str = NAME, language: str = "vi", cell_size_m: int = 250) -> Path:
    """Write the project's files into ``folder`` and return the project file."""
    folder.mkdir(parents=True, exist_ok=True)
    _communes().to_file(folder / "communes.geojson", driver="GeoJSON")
    step = 0.5 / 200
    column = np.arange(200)
    ridge = 200 + 600 * np.exp(-(((column - 100) / 4) ** 2))  # from north to south through the middle
    _raster(folder / "dem.tif", np.tile(ridge, (200, 1)).astype(np.float32), step, -9999)
    people = np.zeros((20, 20), dtype=np.float32)
    people[4:16:3, 2:18:3] = 25
    _raster(folder / "population.tif", people, 2 * SIDE / 20, -1)
    places = [("A1", 105.615, 21.83), ("A2", 105.625, 21.87), ("B1", 105.64, 21.85), ("B2", 105.685, 21.88)]
    sites = ["site_id,operator,lon,lat,status,structure_height_m,technology"]
    cells = ["cell_id,site_id,operator,technology,frequency_mhz,azimuth_deg,antenna_height_m,power_dbm,antenna_gain_dbi,bandwidth_mhz,status"]  # fmt: skip
    for site, lon, lat in places:
        operator = f"Mạng {site[0]}"
        sites.append(f'{site},{operator},{lon},{lat},on_air,40,"3G,4G"')
        cells += [f"{site}{k},{site},{operator},4G,1842.5,{k * 120},38,46,17,10,on_air" for k in range(3)]
    (folder / "sites.csv").write_text("\n".join(sites) + "\n", encoding="utf-8")
    (folder / "cells.csv").write_text("\n".join(cells) + "\n", encoding="utf-8")
    villages = ["village_id,village_name,commune_code,lon,lat,households,population"]
    for k, (lon, lat) in enumerate(
        [(105.62, 21.83), (105.63, 21.88), (105.67, 21.83), (105.69, 21.81), (105.68, 21.87)]
    ):
        commune = 1 + (lon > WEST + SIDE) + 2 * (lat > SOUTH + SIDE)
        villages.append(f"T{k + 1},Thôn {k + 1},9900{commune},{lon},{lat},{40 + k},{150 + k}")
    (folder / "villages.csv").write_text("\n".join(villages) + "\n", encoding="utf-8")
    roads = gpd.GeoDataFrame(
        {"road_id": ["1"], "road_name": ["Đường thử"], "road_class": ["primary"]},
        geometry=[shapely.LineString([(WEST, SOUTH), (WEST + 2 * SIDE, SOUTH + 2 * SIDE)])],
        crs=4326,
    )
    roads.to_file(folder / "roads.geojson", driver="GeoJSON")
    (folder / "extra.toml").write_text(EXTRA, encoding="utf-8")
    project = folder / "project.toml"
    project.write_text(
        PROJECT.format(name=name, language=language, cell_size_m=cell_size_m), encoding="utf-8"
    )
    return project
