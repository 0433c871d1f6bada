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
from geo.mapping import CoverageLayer, build_map

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
    return dataclasses.replace(make_content(), communes=frame, villages=villages, coverage=tuple(layers), all_operators=(everyone,), roads=None)


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
    assert len(html) <= LARGEST_BYTES
    assert min(times) <= LONGEST_MS, times
    print(f"{len(html) / 1e6:.2f} MB, ready after {min(times)} ms")
