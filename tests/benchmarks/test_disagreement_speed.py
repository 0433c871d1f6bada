"""Claims of a province of 14,000 km² at 100 m held against states and samples, layer by layer.

``python -m pytest tests/benchmarks/test_disagreement_speed.py -m slow -s -n0`` prints the figures.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.ndimage import gaussian_filter

from geo.calibration.blocks import Correlation
from geo.coverage import Coverage
from geo.crs import to_wgs84
from geo.disagreement import disagreement_settings, find_disagreement
from geo.grid import Grid
from geo.measured import count_observations, measured_cells, measured_settings
from tests.disagreement.made_up import EPSG, X, Y, claims, units

LAYERS = tuple((o, t) for o in "ABCD" for t in ("3G", "4G", "5G"))


@pytest.mark.slow
def test_a_province_of_twelve_layers() -> None:
    rng = np.random.default_rng(5)
    grid = Grid(EPSG, X, Y, 100.0, 1200, 1200)
    state = np.empty((len(LAYERS), *grid.shape), dtype=np.uint8)
    for i in range(len(LAYERS)):
        field = gaussian_filter(rng.standard_normal(grid.shape), 12)
        state[i] = np.select([field > 0, field > -0.01, field > -0.03], [2, 3, 4], 6)
    blank = np.broadcast_to(np.float32(np.nan), state.shape)
    coverage = Coverage(grid, LAYERS, blank, blank, blank, state, np.broadcast_to(np.uint8(0), state.shape))
    rows = []
    for operator, technology in LAYERS:
        centre = rng.uniform(0, 120_000, (300, 2)) * [1, -1] + [X, Y]
        shape = shapely.union_all(shapely.buffer(shapely.points(centre), rng.uniform(2_000, 6_000, 300)))
        lonlat = shapely.transform(shape, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], EPSG)))
        rows.append((operator, technology, lonlat))
    given = claims(*({"operator": o, "technology": t, "cells": [(0, 0)]} for o, t, _ in rows)).set_geometry([s for *_, s in rows], crs=4326)
    n = 300_000
    road, along = rng.integers(0, 200, n), rng.uniform(0, 60_000, n)
    turn, start = rng.uniform(0, np.pi, 200)[road], rng.uniform(0, 120_000, (2, 200))[:, road]
    x, y = X + np.mod(start[0] + along * np.cos(turn), 120_000), Y - np.mod(start[1] + along * np.sin(turn), 120_000)
    lon, lat = to_wgs84(x, y, EPSG)
    frame = pd.DataFrame(
        {"operator": rng.choice(list("ABCD"), n), "technology": rng.choice(["3G", "4G"], n), "lon": lon, "lat": lat,
         "time": np.datetime64("2026-05-01", "ns"), "kind": "level", "level_dbm": rng.normal(-95, 12, n), "samples": 5, "route": road}
    )  # fmt: skip
    planning = {"3G": -100.0, "4G": -110.0}
    cells = measured_cells(count_observations(frame, EPSG, planning_dbm=planning, settings=measured_settings()), grid)
    people = np.where(rng.uniform(size=grid.shape) < 0.1, np.nan, rng.poisson(1.0, grid.shape))
    index = np.broadcast_to((np.arange(1200) >= 600).astype(np.int32), grid.shape)
    places = units(grid, 600)
    tracemalloc.start()
    begin = time.process_time()
    found = find_disagreement(given, coverage, index, places, cells, disagreement_settings(), correlation=Correlation(500.0, 0.2, 50.0, 0),
                              people=people, planning_dbm=planning)  # fmt: skip
    took, peak_mb = time.process_time() - begin, tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"\n{took:.1f} s of one processor, {peak_mb:.0f} MB; {len(found.zones):,} zones drawn, {int(found.sieved['zones'].sum()):,} counted")
    assert len(found.zones) > 100
    assert found.by_area["population"].notna().all()
    assert peak_mb < 1000
