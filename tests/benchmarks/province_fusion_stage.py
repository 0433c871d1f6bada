"""The fusion of a whole made-up province as a run does it: scales, fields of nine layers, and every tile to finished states.

``python -m tests.benchmarks.province_fusion_stage ['{"side_cells": 1200, "samples": 1000000, "workers": 2}']`` prints one
line of JSON; without an argument of that province. What the sweep over terrain leaves behind for fusion is made up here: levels, spreads and kinds of ground.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.compute import Piece, make_executor, run_pieces
from geo.coverage import coverage_settings, technology_rules
from geo.coverage.gathering import Tiles
from geo.coverage.pieces import tile_tasks
from geo.coverage.states import LayerFacts
from geo.fusion import fusion_settings
from geo.fusion.tiles import (
    FieldTask,
    FusedTask,
    JoinTask,
    ScaleTask,
    write_field,
    write_fused,
    write_joined,
    write_scales,
)
from geo.grid import Grid
from geo.io.rasters import write_array
from tests.benchmarks.province_fusion import CELL_M, drives

_F64 = npt.NDArray[np.float64]
LAYERS = tuple((f"Mạng {o}", t) for o in "ABC" for t in ("3G", "4G", "5G"))
#: 120 km by 120 km at 100 m, measured a million times.
A_PROVINCE = {"side_cells": 1200, "samples": 1_000_000, "workers": 2}
#: Samples of one drive in one cell of 100 m: one a second at 40 km/h.
SAMPLES_A_CELL = 9


class Waves:
    """A smooth field made of random waves."""

    def __init__(self, seed: int, length_m: float, sd: float, count: int = 60) -> None:
        rng = np.random.default_rng(seed)
        radius = np.sqrt(1.0 / rng.uniform(0.02, 1, count) ** 2 - 1.0) / length_m
        angle = rng.uniform(0, 2 * np.pi, count)
        self.kx, self.ky, self.phase = radius * np.cos(angle), radius * np.sin(angle), rng.uniform(0, 2 * np.pi, count)
        self.size = sd * np.sqrt(2.0 / count)

    def __call__(self, x: _F64, y: _F64) -> _F64:
        out = np.zeros(np.broadcast_shapes(x.shape, y.shape))
        for kx, ky, phase in zip(self.kx, self.ky, self.phase, strict=True):
            out += np.cos(kx * x + ky * y + phase)
        return self.size * out


def made_up(folder: Path, job: dict[str, Any]) -> tuple[list[Any], Tiles, Path]:
    """Write what the sweep leaves behind and the measurements; return the tiles and where they are."""
    side = int(job["side_cells"])
    grid = Grid(9210, 500_000.0, 2_500_000.0, CELL_M, side, side)
    settings = coverage_settings(technology_rules("vn-2026", date(2026, 11, 1)))
    tasks = tile_tasks(grid, np.ones(grid.shape, dtype=bool), LayerFacts(LAYERS), None, settings)
    level = [Waves(10 + i, 1500.0, 12.0) for i in range(len(LAYERS))]
    for task in tasks:
        x, y = task.grid.centres()
        mean = np.stack([wave(x[None, :], y[:, None]) - 100.0 for wave in level])
        variance = np.full_like(mean, 64.0)
        name = task.name
        write_array(folder / f"{name}_best_moments.npy", np.stack([mean, variance]).astype(np.float32))
        write_array(folder / f"{name}_best_bound_dbm.npy", np.full(mean.shape, -np.inf, dtype=np.float32))
        write_array(folder / f"{name}_level_dbm_predicted.npy", mean.astype(np.float32))
        write_array(folder / f"{name}_second_dbm_predicted.npy", (mean - 6.0).astype(np.float32))
        write_array(folder / f"{name}_server_predicted.npy", np.zeros(mean.shape, dtype=np.int32))
        write_array(folder / f"{name}_ground_class.npy", (np.abs(mean[0]).astype(np.uint8) % 12))
    rng = np.random.default_rng(1)
    each = int(job["samples"]) // SAMPLES_A_CELL // len(LAYERS)
    rows = []
    for i, wave in enumerate(level):
        x, y, route = drives(rng, each, side * CELL_M)
        x, y = x + grid.x_min, y + grid.y_max - side * CELL_M
        row, column = grid.locate(x, y)
        mine = row >= 0
        x, y, route, row, column = x[mine], y[mine], route[mine], row[mine], column[mine]
        cx, cy = grid.centres()
        mean = np.array([wave(np.array([a]), np.array([b]))[0] - 100.0 for a, b in zip(cx[column], cy[row], strict=True)])
        value = mean + Waves(50 + i, 900.0, 8.0)(x, y) + rng.normal(0, 2, len(x))
        below = value < -113.0
        one = np.ones(len(x))
        rows.append(np.stack([i * one, x, y, np.where(below, -113.0, value), one, SAMPLES_A_CELL * one, 3 * one, below, route, one, one]))
    write_array(folder / "measured.npy", np.concatenate(rows, axis=1))
    return tasks, Tiles.of(grid, tasks, folder), folder / "measured.npy"


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Return seconds by step and peak memory (of this process and of the largest worker)."""
    settings = fusion_settings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tasks, tiles, measured = made_up(folder, job)
        places = np.load(measured, mmap_mode="r").shape[1]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        executor = make_executor(workers=int(job["workers"]))
        times = [time.perf_counter()]
        run_pieces(executor, write_scales, [Piece("scales", ScaleTask(tiles, LAYERS, str(measured), settings))], folder)
        times.append(time.perf_counter())
        names = tuple(f"field_{i}" for i in range(len(LAYERS)))
        fields = [FieldTask(n, i, tiles, str(measured), "scales", settings) for i, n in enumerate(names)]
        run_pieces(executor, write_field, [Piece(t.name, t) for t in fields], folder)
        joining = [JoinTask(n, i, LAYERS, names, tiles, "scales", settings) for i, n in enumerate(names)]
        run_pieces(executor, write_joined, [Piece(f"{t.name}_others", t) for t in joining], folder)
        times.append(time.perf_counter())
        pieces = [
            Piece(t.name, FusedTask(t, str(folder), str(folder), "scales", names, settings, 1.0)) for t in tasks
        ]
        done = run_pieces(executor, write_fused, pieces, folder)
        times.append(time.perf_counter())
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "cells": int(job["side_cells"]) ** 2, "layers": len(LAYERS), "places": places, "tiles": len(done),
        "scales_s": times[1] - times[0], "fields_s": times[2] - times[1], "tiles_s": times[3] - times[2], "all_s": times[3] - times[0],
        "own_peak_mb": before, "worker_peak_mb": worker, "all_peak_mb": before + int(job["workers"]) * worker,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]) if len(sys.argv) > 1 else A_PROVINCE)))
