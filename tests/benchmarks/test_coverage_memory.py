"""Memory of the coverage stage over a province, and how its time grows.

The long runs are left out unless asked for: ``python -m pytest tests/benchmarks -m slow -s -n0``, or all slow
proofs together: ``python3 scripts/run_tests.py --slow``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MOST_MB = 1_500
#: A province of 14,000 km² at 50 m, 3,000 radio cells of nine layers.
PROVINCE = {"area_km2": 14_000, "cells": 3_000, "cell_size_m": 50, "later": True, "villages": 2_000, "workers": 2}


def measure(**options: Any) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.big_province", json.dumps(options)],
        check=True, capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_a_province_at_fifty_metres_stays_below_one_and_a_half_gigabytes() -> None:
    found = measure(**PROVINCE)
    print()
    print(
        f"coverage stage: {found['seconds']:,.0f} s, {found['cells_inside']:,} cells of {found['grid_cells']:,}, {found['tiles']} tiles, "
        f"{found['layers']} layers; peak main {found['main_mb']:,} MB (before the stage {found['before_mb']:,}), "
        f"worker {found['worker_mb']:,} MB (at most: it counts what the parent held when it began); "
        f"villages {found['villages_seconds']:.0f} s, {found['villages_mb']:,} MB; map {found['map_seconds']:.0f} s, {found['map_mb']:,} MB, "
        f"{found['map_bytes'] / 2**20:.1f} MiB; "
        f"folder {found['stage_folder_mb']:,} MB; states {found['states']}"
    )
    assert found["cells_inside"] == pytest.approx(5_600_000, rel=0.01)
    assert found["layers"] == 9
    assert max(found["main_mb"], found["worker_mb"], found["map_mb"]) < MOST_MB


@pytest.mark.slow
def test_time_grows_with_the_cells_and_with_the_square_of_the_radius() -> None:
    # Sites stand in the middle, so that every radius lies inside the area; one piece, so that none is swept twice.
    whole = {"area_km2": 6_400, "cell_size_m": 200, "tile_cells": 1024, "sites_within": 0.4}
    measure(**whole, max_radius_m=3_000, cells=3)  # compiles the kernels if nobody did
    print()
    # Beyond what the stage takes with next to no radio cells, or with the same ones that reach next to nowhere.
    for name, values, nothing, fixed, expected, off in (
        ("cells", (300, 600, 1_200), 3, {"max_radius_m": 10_000}, 1.0, 0.2),
        ("max_radius_m", (7_500, 10_600, 15_000), 500, {"cells": 600}, 2.0, 0.3),
    ):
        idle = min(measure(**whole, **fixed, **{name: nothing})["cpu_seconds"] for _ in range(2))
        seconds = [measure(**whole, **fixed, **{name: value})["cpu_seconds"] - idle for value in values]
        exponent = float(np.polyfit(np.log(values), np.log(seconds), 1)[0])
        shown = [round(s, 2) for s in seconds]
        print(f"{name}: {values} in {shown} s of CPU (beyond {idle:.1f} s at {nothing}): exponent {exponent:.2f}")
        assert exponent == pytest.approx(expected, abs=off)


@pytest.mark.slow
def test_the_stage_s_memory_hardly_grows_with_the_layers_of_the_grid() -> None:
    """Small and without a clock: a grid of 640,000 cells in nine layers, two radio cells' worth of work."""
    found = measure(area_km2=5_000, cells=9, cell_size_m=100, max_radius_m=3_000)
    every_layer_mb = found["grid_cells"] * found["layers"] * 30 / 2**20  # bytes of all arrays of one cell in one layer
    assert found["layers"] == 9
    assert found["main_mb"] - found["before_mb"] < 0.6 * every_layer_mb
