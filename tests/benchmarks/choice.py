"""The choice at the size of a province: ``python -m tests.benchmarks.choice [--candidates 3000] [--demands 10000] [--seconds 600]``.

Terrain, people and masts are those of the sample project; the candidates are its masts and the most prominent of points drawn at
random, and sight over the terrain stands in for the propagation that would take hours. With more demands than the sample has
cells with people, each cell is taken apart into points around its middle. It is made up and says so. Prints the gap, seconds on
the clock and of processor (those count on a shared machine), peak memory and a digest of the plan.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from scipy.sparse import csc_array
from scipy.spatial import cKDTree

from geo.crs import from_wgs84, to_wgs84
from geo.io.inputs import read_inputs
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.planning.choice import NEVER, ChoiceProblem, ChoiceSettings, choose
from geo.validation import IssueLog

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
_EPSG, _STEP_M = 9210, 60.0
_OPERATORS, _YEARS, _BUDGET_VND = 3, 3, 40_000_000_000
_F64 = npt.NDArray[np.float64]


class _Ground:
    """Heights on a plane grid of the sample's zone."""

    def __init__(self) -> None:
        with rasterio.open(SAMPLE / "dem.tif", driver="GTiff") as source:
            heights, inverse = source.read(1).astype(np.float64), ~source.transform
            (west, south, east, north) = source.bounds
        x, y = from_wgs84(np.array([west, east]), np.array([south, north]), _EPSG)
        self.low = np.array([x.min(), y.min()])
        self.size = ((np.array([x.max(), y.max()]) - self.low) // _STEP_M).astype(int)
        gx, gy = np.meshgrid(self.low[0] + _STEP_M * np.arange(self.size[0]), self.low[1] + _STEP_M * np.arange(self.size[1]))
        lon, lat = to_wgs84(gx.ravel(), gy.ravel(), _EPSG)
        column, row = inverse * (lon, lat)
        column = np.clip(column.astype(int), 0, heights.shape[1] - 1)
        row = np.clip(row.astype(int), 0, heights.shape[0] - 1)
        found = np.nan_to_num(heights[row, column])
        self.heights = np.where(found < -1000, 0.0, found).reshape(gx.shape).astype(np.float32)

    def at(self, x: _F64, y: _F64) -> _F64:
        i = np.clip(((x - self.low[0]) / _STEP_M).astype(np.int64), 0, self.size[0] - 1)
        j = np.clip(((y - self.low[1]) / _STEP_M).astype(np.int64), 0, self.size[1] - 1)
        return self.heights[j, i].astype(np.float64)

    def seen(self, ax: _F64, ay: _F64, mast_m: float, bx: _F64, by: _F64) -> npt.NDArray[np.bool_]:
        """Tell whether nothing rises more than 5 m over the line between mast and place."""
        z0, z1 = self.at(ax, ay) + mast_m, self.at(bx, by) + 1.5
        out, distance = np.ones(len(ax), dtype=bool), np.hypot(ax - bx, ay - by)
        for q in np.linspace(0.03, 0.97, 28):
            ground = self.at(ax + (bx - ax) * q, ay + (by - ay) * q) + distance**2 * q * (1 - q) / (2 * 8.5e6)
            out &= ground - (z0 + (z1 - z0) * q) < 5.0
        return out


def _covers(ground: _Ground, tree: cKDTree, places: _F64, stands: _F64, mast_m: float, reach_m: float) -> tuple[npt.NDArray, npt.NDArray]:
    rows, columns = [], []
    for j, (x, y) in enumerate(stands):
        near = np.sort(np.array(tree.query_ball_point((x, y), reach_m), dtype=np.int64))
        near = near[ground.seen(np.full(len(near), x), np.full(len(near), y), mast_m, places[near, 0], places[near, 1])]
        rows.append(near)
        columns.append(np.full(len(near), j))
    return np.concatenate(rows), np.concatenate(columns)


def _places(count: int, rng: np.random.Generator) -> tuple[_F64, _F64]:
    """Return points with people (x, y) and how many."""
    with rasterio.open(SAMPLE / "population.tif", driver="GTiff") as source:
        people, transform = source.read(1), source.transform
    row, column = np.nonzero(people > 0)
    weight = people[row, column].astype(np.float64)
    each = max(1, -(-count // len(row)))
    row, column, weight = np.repeat(row, each), np.repeat(column, each), np.repeat(weight / each, each)
    shift = rng.uniform(0, 1, (2, len(row))) if each > 1 else np.full((2, len(row)), 0.5)
    lon, lat = transform * (column + shift[0], row + shift[1])
    chosen = np.sort(rng.choice(len(row), min(count, len(row)), replace=False, p=weight / weight.sum()))
    x, y = from_wgs84(lon[chosen], lat[chosen], _EPSG)
    return np.column_stack([x, y]), weight[chosen]


def sample_like(candidates: int, demands: int, seed: int = 1) -> ChoiceProblem:
    """Return a problem over the sample's terrain: three operators, three years, masts to share and new ones."""
    rng, ground = np.random.default_rng(seed), _Ground()
    places, people = _places(demands, rng)
    tree = cKDTree(places)
    sites = read_inputs(read_project(SAMPLE / "project.toml"), IssueLog(issue_catalogue())).network.sites
    sites = sites[sites["status"].isin(["on_air", "unknown"]) & sites["operator"].notna() & sites["lon"].notna()]
    owner = pd.Categorical(sites["operator"]).codes.astype(np.int64) % _OPERATORS
    sx, sy = from_wgs84(sites["lon"].to_numpy(dtype=float), sites["lat"].to_numpy(dtype=float), _EPSG)
    masts = np.column_stack([sx, sy])
    have = np.zeros((len(places), _OPERATORS), dtype=bool)
    served, by = _covers(ground, tree, places, masts, 35.0, 5000.0)
    have[served, owner[by]] = True
    low, high = places.min(axis=0), places.max(axis=0)
    drawn = rng.uniform(low, high, (40_000, 2))
    around = [ground.at(drawn[:, 0] + dx, drawn[:, 1] + dy) for dx in (-800, 0, 800) for dy in (-800, 0, 800)]
    top = np.argsort(np.mean(around, axis=0) - ground.at(drawn[:, 0], drawn[:, 1]), kind="stable")[: candidates - len(masts)]
    stands = np.vstack([masts, drawn[top]])
    kept = np.r_[owner, np.full(len(top), -1)]
    i, j = _covers(ground, tree, places, stands, 40.0, 6000.0)
    parts = [(i[ok] * _OPERATORS + o, j[ok]) for o in range(_OPERATORS) for ok in [~have[i, o] & (kept[j] != o)]]
    rows, columns = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    cover = csc_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(len(places) * _OPERATORS, len(stands)))
    weights, count = np.array([1.0, 0.1, 0.05]), have.sum(axis=1)
    steps = np.zeros((len(places), _OPERATORS))
    for d in range(len(places)):
        left = weights[count[d] :]
        steps[d, : len(left)] = left * people[d]
    cost = np.where(kept >= 0, 600_000_000, rng.integers(1500, 3500, len(stands)) * 1_000_000).astype(np.int64)
    return ChoiceProblem.of(
        cost, cover, steps, np.full(_YEARS, _BUDGET_VND), unit_demand=np.repeat(np.arange(len(places)), _OPERATORS),
        conflicts=cKDTree(stands).query_pairs(300.0, output_type="ndarray"), shared=kept >= 0,
    )  # fmt: skip


def main() -> None:
    """Measure one problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("candidates", 3000), ("demands", 10_000), ("seed", 1), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--gap", type=float, default=0.005)
    asked = parser.parse_args()
    problem = sample_like(asked.candidates, asked.demands, asked.seed)
    print(f"made up over the sample's terrain: {problem.candidates} candidates, {len(problem.steps)} demands, {problem.cover.nnz} ones in the cover")
    clock, processor = time.monotonic(), time.process_time()
    found = choose(problem, ChoiceSettings(seconds=asked.seconds, gap=asked.gap, threads=asked.threads))
    clock, processor = time.monotonic() - clock, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"greedy {found.greedy_value:.1f}, plan {found.value:.1f}, bound {found.bound:.1f} (relaxation {found.relaxed_bound:.1f}), gap {found.gap:.2%}")
    print(f"{(found.year != NEVER).sum()} sites, {found.spent_vnd.tolist()} of {problem.budget_vnd.tolist()} dong, {found.left} candidates left in question")
    print(f"{clock:.0f} s on the clock, {processor:.0f} s of processor, peak {memory:.2f} GB, stopped by work alone: {found.repeatable}")
    print(f"plan {hashlib.sha256(found.year.tobytes()).hexdigest()[:16]}")


if __name__ == "__main__":
    main()
