"""A real mountain province at full resolution, with made-up coverage and villages: size and time to use."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_up_province import make_content

from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.mapping import AreaLayer, CoverageLayer, build_map
from geo.mapping.areas import AREA_COLUMNS

pytestmark = pytest.mark.browser

LARGEST_BYTES = 5_000_000
LONGEST_MS = 2000


def province(communes: gpd.GeoDataFrame):
    """Return the map's content: real boundaries, everything else made up and labelled so."""
    rng = np.random.default_rng(8)
    frame = communes.rename(columns={"code": "commune_code", "fullName": "commune_name", "areaKm2": "area_km2"})
    frame = frame[["commune_code", "commune_name", "province_code", "area_km2", "geometry"]].reset_index(drop=True)
    frame["population"] = rng.integers(1500, 20000, len(frame))
    for name, share in zip(("served", "uncertain", "unknown", "unserved"), rng.dirichlet([8, 1, 1, 1], len(frame)).T, strict=True):
        frame[f"population_{name}_share"] = share
    west, south, east, north = frame.total_bounds
    x, y = from_wgs84([west, east, west, east], [south, south, north, north], 9211)
    grid = Grid.covering((min(x), min(y), max(x), max(y)), cell_size=100.0, epsg=9211)
    gx, gy = np.meshgrid(*grid.centres())
    at_lon, at_lat = to_wgs84(gx.ravel(), gy.ravel(), 9211)
    whole = shapely.union_all(shapely.simplify(frame.geometry.to_numpy(), 0.002))
    shapely.prepare(whole)
    inside = shapely.contains_xy(whole, at_lon, at_lat).reshape(grid.shape)
    layers = []
    for number in range(8):
        wave = np.sin(gx / (3000 + 400 * number)) + np.cos(gy / (4100 - 300 * number)) + rng.normal(0, 0.15, grid.shape)
        state = np.where(inside, np.select([wave > 0.6, wave > -0.2, wave > -0.6], [1, 2, 3], 4), 0).astype(np.uint8)
        layers.append(CoverageLayer(f"Mạng {number // 2 + 1}", ("4G", "5G")[number % 2], state, grid))
    n = 1700
    chosen = rng.choice(np.flatnonzero(inside.ravel()), n, replace=False)
    lon, lat = at_lon[chosen], at_lat[chosen]
    villages = pd.DataFrame(
        {
            "village_id": [f"V{i:04d}" for i in range(n)],
            "village_name": [f"Thôn {i}" for i in range(n)],
            "commune_code": rng.choice(frame["commune_code"].to_numpy(), n),
            "lon": lon,
            "lat": lat,
            "class": rng.choice(["white", "weak", "undecided", "served", "single_operator"], n),
        }
    )
    everyone = dataclasses.replace(layers[0], operator="", technology="")
    places = at_lon[inside.ravel()], at_lat[inside.ravel()]
    whose = [("", ""), *((operator, "") for operator in sorted({x.operator for x in layers})), *((x.operator, x.technology) for x in layers)]
    areas = tuple(AreaLayer("zone", zones(rng, *places, 400), *names) for names in whose)
    return dataclasses.replace(make_content(), communes=frame, villages=villages, coverage=tuple(layers), all_operators=(everyone,), roads=None, areas=areas)


def zones(rng: np.random.Generator, lon: np.ndarray, lat: np.ndarray, n: int) -> gpd.GeoDataFrame:
    """Return ragged zones of some 30 corners with every column that the map shows filled."""
    chosen = rng.choice(len(lon), n, replace=False)
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    reach = rng.uniform(0.002, 0.006, (n, 30))
    shapes = [shapely.Polygon(np.column_stack([lon[c] + r * np.cos(angle), lat[c] + r * np.sin(angle)])) for c, r in zip(chosen, reach, strict=True)]
    texts = [None, "terrain", "distance", "Mạng 1; Mạng 2; Mạng 3; Mạng 4", "08123; 08124", "V0001; V0002; V0003"]
    frame: dict[str, object] = {name: rng.choice(np.array(texts, dtype=object), n) for name in AREA_COLUMNS["zone"]}
    whole = ("population", "population_low", "population_high", "villages", "facilities", "population_in_cells")
    figures = ("area_km2", "priority", "priority_people", "priority_villages", "nearest_site_km", "server_km", "shortfall_db", "diffraction_db", "ridge_km", "lon", "lat")
    frame |= {name: rng.integers(0, 2000, n) for name in whole} | {name: rng.uniform(0, 99, n).round(4) for name in figures}
    frame |= {"dead_zone_id": [f"white-08{i:03d}-{c % 1000:03d}-{n}" for i, c in enumerate(chosen)], "class": rng.choice(["white", "single_operator", "no_4g"], n)}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=4326)


def test_size_and_time(open_map, shared_dir, pictures, record_property):
    source = shared_dir / "data" / "vietnam" / "communes_tuyen_quang_full_resolution.parquet"
    if not source.exists():
        pytest.skip(f"{source.name} is absent")
    html = build_map(province(gpd.read_parquet(source)))
    times = []
    for _ in range(3):
        opened = open_map(html)
        times.append(opened.page.evaluate("Math.round(vungphu.readyAt)"))
        opened.assert_quiet()
    record_property("bytes", len(html))
    record_property("ready_ms", min(times))
    if pictures:
        opened.page.screenshot(path=pictures / "real_province.png")
    shown = opened.page.locator("#areas option").count() - 1
    left_out = opened.page.locator("#about li", has_text="quá nhiều cho một tệp bản đồ; xem trong layers.gpkg").count()
    assert shown >= 2
    assert shown + left_out == 13, "every layer of zones is on the map or named as missing"
    assert len(html) <= LARGEST_BYTES
    assert min(times) <= LONGEST_MS, times
    print(f"{len(html) / 1e6:.2f} MB, ready after {min(times)} ms")
