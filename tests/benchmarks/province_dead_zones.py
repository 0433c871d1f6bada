"""Dead zones of a made-up province, measured in a process of its own.

Run as ``python -m tests.benchmarks.province_dead_zones '{"side": 1184, "paths": true}'``; prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter

from geo.coverage import Coverage, State, coverage_settings, prepare_sources, radio_defaults, technology_rules
from geo.crs import from_wgs84, to_wgs84
from geo.dead_zones import DeadZones, Places, dead_zone_settings, find_dead_zones, path_look
from geo.grid import Grid
from geo.io.resources import issue_catalogue
from geo.propagation.ground import GroundModel, ground_settings
from geo.validation import IssueLog
from tests.benchmarks.big_province import EPSG, LAT, LON, ON, OPERATORS, made_up_network, made_up_terrain
from tests.dead_zones.made_up import villages

TECHNOLOGIES = ("3G", "4G", "5G")


def made_up_coverage(side: int) -> Coverage:
    """Return states of nine layers whose fields have most in common, as those behind the same hills have."""
    rng = np.random.default_rng(5)

    def field(smooth: float) -> npt.NDArray[np.float32]:
        found = gaussian_filter(rng.standard_normal((side, side), dtype=np.float32), smooth)
        return np.asarray(found / found.std(), dtype=np.float32)

    common = field(3.5)
    layers = tuple((o, t) for o in OPERATORS for t in TECHNOLOGIES)
    cuts = np.array([-0.9, -0.6], dtype=np.float32)  # of served and uncertain; some two of a thousand cells unknown
    codes = np.array([State.PREDICTED_UNSERVED, State.UNCERTAIN, State.PREDICTED_SERVED], dtype=np.uint8)
    state = np.stack([codes[np.searchsorted(cuts, 0.95 * common + 0.3 * field(3.0))] for _ in layers])
    state[rng.random(state.shape) < 0.0002] = State.UNKNOWN
    level = np.where(state == State.PREDICTED_UNSERVED, np.float32(np.nan), np.float32(-80.0))
    x, y = (float(np.round(v[0], -2)) for v in from_wgs84([LON], [LAT], EPSG))
    grid = Grid(EPSG, x - side * 50.0, y + side * 50.0, 100.0, side, side)
    by_use = np.full((3, side, side), State.PREDICTED_SERVED, dtype=np.uint8)
    return Coverage(grid, layers, level, level, level, state, np.zeros_like(state), by_use)


def drawing(layer: int, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Draws that cost next to nothing: what is measured is the rest."""
    return np.broadcast_to(np.linspace(0.5, 1.0, 200), (len(row), 200))


def measure(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Find the dead zones and return seconds, peak memory and how many there are."""
    side, reach = int(options["side"]), 15_000.0
    coverage = made_up_coverage(side)
    grid, half = coverage.grid, side * 50.0
    settings = coverage_settings(technology_rules("vn-2026", ON), levels_dbm={"5G": -110.0})
    rng = np.random.default_rng(7)
    sites, cells = made_up_network(int(options.get("sites", 1000)), half, half)
    look = None
    log = IssueLog(issue_catalogue())
    terrain = made_up_terrain(folder, half + reach, half + reach)
    ground = GroundModel(terrain, None, ground_settings())
    prepared = prepare_sources(
        cells, sites, operators=OPERATORS, terrain=ground, grid=grid, settings=settings, defaults=radio_defaults(), on=ON, log=log
    )
    if options.get("paths"):
        look = path_look(ground, prepared.sources, grid=grid, settings=settings, radio_cells=prepared.table)
    x, y = rng.uniform(-half, half, (2, 3000))
    lon, lat = to_wgs84(x + grid.x_min + half, y + grid.y_max - half, EPSG)
    settlements = villages(*({"lon": a, "lat": b, "weak": True} for a, b in zip(lon[:1500], lat[:1500], strict=True)))
    unit = (np.arange(side)[:, None] // 100 * (side // 100 + 1) + np.arange(side)[None, :] // 100).astype(np.int32)
    places = Places(
        unit_index=unit, commune_codes=tuple(f"{k:05d}" for k in range(int(unit.max()) + 1)),
        population=rng.gamma(0.1, 6.0, grid.shape), villages=settlements, cells_of_villages=(unit % 1500).astype(np.int32),
        households=rng.gamma(0.1, 2.0, grid.shape), sites=sites, radio_cells=prepared.table,
        facilities=pd.DataFrame({"facility_id": [f"f{k}" for k in range(1500)], "kind": "school", "lon": lon[1500:], "lat": lat[1500:]}),
    )  # fmt: skip
    before, started, busy = _peak_mb(), time.perf_counter(), time.process_time()
    seconds = {}
    found: list[DeadZones] = []
    for scope in ("all", "operator", "layer"):
        at = time.process_time()
        found.append(
            find_dead_zones(
                coverage, settings, places, on=ON, weak_cluster_households=10, look=look, draws=drawing if options.get("draws") else None,
                scopes=(scope,), zone_settings=dead_zone_settings(least_area_km2=0.1),  # type: ignore[arg-type]
            )
        )
        seconds[f"{scope}_cpu_s"] = round(time.process_time() - at, 2)
    assert found[0].all is not None
    frame = found[0].all.frame
    return {
        "cells": side * side, "layers": len(coverage.layers), "seconds": round(time.perf_counter() - started, 2), "cpu_s": round(time.process_time() - busy, 2), **seconds,
        "before_mb": before, "peak_mb": _peak_mb(), "zones": len(frame), "white": int(frame["class"].isin(["white", "weak"]).sum()),
        "operator_zones": sum(len(s.frame) for s in found[1].by_operator.values()),
        "layer_zones": sum(len(s.frame) for s in found[2].by_layer.values()),
        "dead_cells": int((found[0].all.label >= 0).sum()), "reasons": frame["reason"].value_counts().to_dict(),
    }  # fmt: skip


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB; bytes on macOS
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), json.loads(sys.argv[1]))))
