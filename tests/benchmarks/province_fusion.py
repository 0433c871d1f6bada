"""A made-up province's fusion, measured in a process of its own.

Run as ``python -m tests.benchmarks.province_fusion '{"cells": 1400000, ...}'``; prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.fusion import Observations, cells, fit_field, fuse, fusion_settings, joint_draws, observations

_F64 = npt.NDArray[np.float64]
CELL_M = 100.0


def drives(rng: np.random.Generator, count: int, side_m: float) -> tuple[_F64, _F64, npt.NDArray[np.int64]]:
    """Return places 100 m apart on winding routes of 500 places."""
    routes = max(count // 500, 1)
    heading = rng.uniform(0, 2 * np.pi, (routes, 1)) + np.cumsum(rng.normal(0, 0.1, (routes, 500)), axis=1)
    start = rng.uniform(0, side_m, (2, routes, 1))
    path = start + CELL_M * np.cumsum(np.stack((np.cos(heading), np.sin(heading))), axis=2)
    path = side_m - np.abs(np.mod(path, 2 * side_m) - side_m)  # reflected at the border
    return path[0].ravel(), path[1].ravel(), np.repeat(np.arange(routes), 500)


def made_up_layer(seed: int, count: int, side_m: float, censored_share: float) -> Observations:
    """Return residuals of a field made of 400 random waves, with noise; the lowest are censored."""
    rng = np.random.default_rng(seed)
    x, y, route = drives(rng, count, side_m)
    smooth = np.zeros(len(x))
    for _ in range(400):
        radius = np.sqrt(1.0 / rng.uniform(0.02, 1) ** 2 - 1.0) / 800.0  # spectrum of an exponential covariance
        angle = rng.uniform(0, 2 * np.pi)
        smooth += np.cos(radius * (np.cos(angle) * x + np.sin(angle) * y) + rng.uniform(0, 2 * np.pi))
    residual = smooth * np.sqrt(2.0 / 400.0) * 7.0 + rng.normal(0, 3, len(x))
    limit = np.quantile(residual, censored_share)
    below = residual < limit
    return observations(
        x, y, np.where(below, limit, residual), 1.0, samples=20, spots=1, censored=below, route=route,
        level_dbm=-105.0 + np.where(below, limit, residual),
    )  # fmt: skip


def run(job: dict[str, Any]) -> dict[str, float]:
    """Return seconds and peak memory of one layer."""
    columns = int(np.sqrt(job["cells"]))
    side_m = columns * CELL_M
    given = made_up_layer(1, job["observations"], side_m, job["censored_share"])
    settings = fusion_settings()
    x, y = (a.ravel() for a in np.meshgrid((np.arange(columns) + 0.5) * CELL_M, (np.arange(columns) + 0.5) * CELL_M))
    cut = {"threshold_dbm": -105.0, "served_probability": 0.9, "unserved_probability": 0.1}
    warm = made_up_layer(2, 500, 10_000.0, 0.1)
    few = cells(x[:10], y[:10], CELL_M, -105.0, 4.0)
    warm_fit = fit_field(warm, settings, within_variance_db2=4.0)
    fuse(warm, warm_fit, few, settings, **cut)
    joint_draws(warm_fit, few, settings, draws=2)  # compiled now
    where = cells(x, y, CELL_M, -105.0, 4.0)
    times = [time.perf_counter()]
    fitted = fit_field(given, settings, within_variance_db2=4.0, workers=job["workers"])
    times.append(time.perf_counter())
    layer = fuse(given, fitted, where, settings, workers=job["workers"], **cut)
    times.append(time.perf_counter())
    zone = (np.abs(x - side_m / 2) < 1500) & (np.abs(y - side_m / 2) < 1500)
    joint_draws(fitted, where.take(zone), settings)
    times.append(time.perf_counter())
    return {
        "cells": len(x), "observations": len(given), "sill_db2": fitted.variogram.sill_db2, "length_m": fitted.variogram.length_m,
        "nugget_db2": fitted.variogram.nugget_db2, "reached_share": float(np.isfinite(layer.nearest_m).mean()),
        "fit_s": times[1] - times[0], "fuse_s": times[2] - times[1], "draws_s": times[3] - times[2], "drawn_cells": int(zone.sum()),
        "cpu_s": time.process_time(), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def beside(count: int, targets: int) -> dict[str, Any]:
    """Return seconds of the same local kriging by fusion and by PyKrige, on the same points with the same covariance."""
    from pykrige.ok import OrdinaryKriging

    from geo.fusion import Variogram, krige, smooth_field

    rng = np.random.default_rng(3)
    side_m = 1000.0 * np.sqrt(count / 50_000 * 14_000)  # as dense as the province
    x, y, _ = drives(rng, count, side_m)
    z = rng.normal(0, 8, len(x))
    u, w = rng.uniform(0, side_m, (2, targets))
    v = Variogram("exponential", 50.0, 800.0, 9.0)
    plain = fusion_settings(per_octant=24)  # the nearest 24, as PyKrige takes them
    field = smooth_field(x, y, z, np.full(len(x), 9.0), v, plain)
    krige(field, u[:2], w[:2])
    out: dict[str, Any] = {"observations": len(x), "targets": targets}
    start = time.perf_counter()
    krige(field, u, w)
    out["fusion_s"] = time.perf_counter() - start
    oracle = OrdinaryKriging(
        x, y, z, variogram_model="exponential", exact_values=False,
        variogram_parameters={"psill": 50.0, "range": 2400.0, "nugget": 9.0},  # its range is three lengths
    )  # fmt: skip
    for backend in ("loop", "C"):
        start = time.perf_counter()
        oracle.execute("points", u, w, n_closest_points=24, backend=backend)
        out[f"pykrige_{backend}_s"] = time.perf_counter() - start
    return out


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(beside(**asked["beside"]) if "beside" in asked else run(asked)))
