"""Made-up truth: a Gaussian field of known covariance, measured on winding roads only, villages anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.fusion import Observations, Variogram, observations
from geo.fusion.variogram import Model, correlation

_F64 = npt.NDArray[np.float64]
SIDE_M = 20_000.0


@dataclass(frozen=True)
class Truth:
    """What was made up: observations on roads, and the level's residual at villages (smooth part, and with the rest)."""

    given: Observations
    x_m: _F64
    y_m: _F64
    smooth_db: _F64
    residual_db: _F64
    variogram: Variogram


def covariance(variogram: Variogram, x: _F64, y: _F64, u: _F64, v: _F64) -> _F64:
    distance = np.hypot(x[:, None] - u[None, :], y[:, None] - v[None, :])
    return variogram.sill_db2 * correlation(variogram.model, distance / variogram.length_m)


def roads(rng: np.random.Generator, routes: int, each: int, step_m: float) -> tuple[_F64, _F64, npt.NDArray[np.int64]]:
    """Return places on winding routes that turn back at the border."""
    x, y, route = [], [], []
    for k in range(routes):
        place, heading = rng.uniform(0, SIDE_M, 2), rng.uniform(0, 2 * np.pi)
        for _ in range(each):
            heading += rng.normal(0, 0.12)
            ahead = place + step_m * np.array([np.cos(heading), np.sin(heading)])
            if not ((ahead >= 0) & (ahead <= SIDE_M)).all():
                heading += np.pi / 2
                continue
            place = ahead
            x.append(place[0])
            y.append(place[1])
            route.append(k)
    return np.array(x), np.array(y), np.array(route)


def made_up(
    seed: int,
    *,
    model: Model = "exponential",
    sill: float = 50.0,
    length_m: float = 1000.0,
    nugget: float = 9.0,
    noise: float = 1.0,
    routes: int = 10,
    each: int = 130,
    villages: int = 300,
    limit: Callable[[_F64, _F64], _F64] | None = None,
    scale: Callable[[_F64, _F64], _F64] | None = None,
    gross_share: float = 0.0,
    freedom: float = np.inf,
    at: tuple[_F64, _F64] | None = None,
) -> Truth:
    """Return one made-up truth.

    ``limit`` gives the residual below which there is no service; ``gross_share`` of the levels are wrong by
    ± 20 to 40 dB; ``freedom`` < inf makes what varies within cells, and the device, Student's t of that variance;
    ``at`` puts the villages there.
    """
    rng = np.random.default_rng(seed)
    x, y, route = roads(rng, routes, each, 120.0)
    n = len(x)
    u, v = rng.uniform(0, SIDE_M, (2, villages)) if at is None else at
    villages = len(u)
    truth = Variogram(model, sill, length_m, nugget)
    every_x, every_y = np.concatenate((x, u)), np.concatenate((y, v))
    matrix = covariance(truth, every_x, every_y, every_x, every_y)
    matrix[np.diag_indices_from(matrix)] += 1e-9 * sill
    spread = np.ones(n + villages) if scale is None else scale(every_x, every_y)
    smooth = spread * (np.linalg.cholesky(matrix) @ rng.standard_normal(n + villages))
    rough = rng.standard_normal(n + villages)
    if np.isfinite(freedom):
        rough = rng.standard_t(freedom, n + villages) * np.sqrt((freedom - 2) / freedom)
    measured = smooth[:n] + np.sqrt(nugget * spread[:n] ** 2 + noise) * rough[:n]
    wrong = rng.uniform(size=n) < gross_share
    measured[wrong] += rng.choice([-1.0, 1.0], int(wrong.sum())) * rng.uniform(20, 40, int(wrong.sum()))
    below = np.zeros(n, dtype=bool)
    if limit is not None:
        bound = limit(x, y)
        below = measured < bound
        measured = np.where(below, bound, measured)
    given = observations(x, y, measured, noise, route=route, censored=below)
    return Truth(given, u, v, smooth[n:], smooth[n:] + np.sqrt(nugget) * spread[n:] * rough[n:], truth)
