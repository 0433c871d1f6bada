"""A million observations asked for five thousand places, with their age judged.

``python -m pytest tests/benchmarks/test_measured_speed.py -m slow -s -n0`` prints the figures.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from geo.calibration.outliers import Reason, SiteChanges
from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.measured import count_observations, measured_at_places, measured_cells, measured_settings

EPSG = 9210
X, Y = (float(np.round(v[0], -3)) for v in from_wgs84([105.5], [22.5], EPSG))


@pytest.mark.slow
def test_a_million_observations_and_five_thousand_places() -> None:
    """Seconds, with age: 1,000,000 rows along roads, 5,000 places beside them, 3,000 sites."""
    rng = np.random.default_rng(7)
    n, side = 1_000_000, 120_000.0
    road, along = rng.integers(0, 200, n), rng.uniform(0, 60_000, n)
    turn, start = rng.uniform(0, np.pi, 200)[road], rng.uniform(0, side, (2, 200))[:, road]
    x, y = X + np.mod(start[0] + along * np.cos(turn), side), Y - np.mod(start[1] + along * np.sin(turn), side)
    lon, lat = to_wgs84(x, y, EPSG)
    frame = pd.DataFrame(
        {
            "operator": rng.choice(["A", "B", "C"], n), "technology": rng.choice(["3G", "4G"], n), "lon": lon, "lat": lat,
            "time": np.datetime64("2026-01-01", "ns") + rng.integers(0, 200, n) * np.timedelta64(1, "D"),
            "kind": rng.choice(["level", "below"], n, p=[0.9, 0.1]), "level_dbm": rng.uniform(-125, -70, n), "samples": 1, "route": road,
        }
    )  # fmt: skip
    sites = 3000
    changes = SiteChanges(
        X + rng.uniform(0, side, sites), Y - rng.uniform(0, side, sites), rng.integers(0, 3, sites),
        np.datetime64("2016-01-01", "ns") + rng.integers(0, 3800, sites) * np.timedelta64(1, "D"), np.zeros(sites, bool),
    )  # fmt: skip
    grid = Grid(EPSG, X, Y, 100.0, 1200, 1200)
    at = rng.integers(0, n, 5000)
    begin = time.process_time()
    given = count_observations(frame, EPSG, planning_dbm={"4G": -110.0, "3G": -100.0}, settings=measured_settings(), changes=changes,
                               change_operators=("A", "B", "C"), reach_m=15_000.0)  # fmt: skip
    found = measured_at_places(given, lon[at] + 0.001, lat[at], grid, measured_settings())
    took = time.process_time() - begin
    begin = time.process_time()
    cells = measured_cells(given, grid)
    cells_took = time.process_time() - begin
    assert len(found) == 5000 * 6
    assert (found["near_samples"] > 0).mean() > 0.5
    assert 0 < given.left_out[Reason.SITE_CHANGED.code] < n
    assert took < 20, f"{took:.1f} s of one processor"
    print(f"\nplaces {took:.1f} s; {int(found['near_samples'].sum()):,} samples near; {len(cells):,} cells {cells_took:.1f} s")
