"""The plan of a finished run against simpler ways, on that run's own arrays: ``python -m tests.sampling.run_arrays RUN PROJECT.toml --seeds 200``.

The truth is drawn from the run's posterior (:func:`geo.fusion.kriging.draw_points`, all villages and points of roads together), or from one whose
deviations are larger by what ``--stated-sd`` says; samples are drawn from the truth, and the product's kriging with them in it decides. Nothing of the
planner's own arithmetic is used to judge it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from geo.fusion.kriging import SmoothField, draw_points, krige, smooth_field
from geo.fusion.tiles import load_field
from geo.io.project import read_project
from geo.pipeline.predicting import layer_names
from geo.pipeline.sampling import Prepared, prepare
from geo.pipeline.settings import AnalysisSettings, analysis_settings
from geo.sampling import OWN_VISIT, YES, Trip, ordered_trips, plan_trips
from tests.sampling.simulate import Outcome

_STAGES = ("inputs", "calibration", "coverage", "villages", "standards")


class Judge:
    """Draws truths of a run, takes samples of them and decides with them."""

    def __init__(self, given: Prepared, folder: Path, settings: AnalysisSettings, stated_sd: float) -> None:
        self._b, self._settings, self._stated = given.believed.beliefs, settings, stated_sd
        every = layer_names(given.predicted.coverage.layers)
        numbers = [given.predicted.coverage.layers.index(layer) for layer in given.believed.layers]
        self._fields = [load_field(str(folder), f"field_{every[k]}", settings.fusion.standardised)[1] for k in numbers]
        self._given, self._cell = given, given.predicted.coverage.grid.cell_size
        b = self._b
        self._x, self._y = np.concatenate([b.villages.x_m, b._roads.x_m]), np.concatenate([b.villages.y_m, b._roads.y_m])
        # Far points of roads tell nothing: those that count for some village are enough.
        self._used = np.array([s < len(b) or bool(b.villages_of[s]) for s in range(b.sites)])

    def truth(self, rng: np.random.Generator) -> np.ndarray:
        """Return the standardised field (layers, sites) in one draw; NaN where nothing is predicted."""
        b, out = self._b, np.full(self._b._expected.shape, np.nan)
        place = self._b.cuts.place_correlation
        common = rng.standard_normal(b.sites)
        for k, fitted in enumerate(self._fields):
            known = np.flatnonzero(np.isfinite(b._expected[k]) & self._used)
            order = rng.permutation(known)
            normal = np.sqrt(place) * common[order] + np.sqrt(1.0 - place) * rng.standard_normal(len(order))
            expected = b._expected[k, order]
            drawn = draw_points(fitted.field, self._x[order], self._y[order], normal[:, None], expected_dbm=expected, cell_size_m=self._cell)[:, 0]
            mean = krige(fitted.field, self._x[order], self._y[order], expected_dbm=expected, cell_size_m=self._cell).mean
            out[k, order] = mean + (drawn - mean) / self._stated
        return out

    def decided(self, truth: np.ndarray, trips: Sequence[Trip], rng: np.random.Generator) -> int:
        """Return how many villages the product decides once the trips' samples are in."""
        b, s = self._b, self._settings
        measured = np.zeros(b.sites, dtype=bool)
        roads = self._given.roads
        for trip in trips:
            for leg in (*(x.leg for x in trip.stops), trip.back):
                for e, _ in leg.edges:
                    measured[roads.points.of_edge[e] + len(b)] = True
            measured[[x.village for x in trip.stops]] = True
        measured &= self._used
        any_served, all_unserved = np.zeros(len(b), dtype=bool), np.ones(len(b), dtype=bool)
        z = ndtri(s.coverage.served_probability), ndtri(s.coverage.unserved_probability)
        own = measured[: len(b)]
        for k, fitted in enumerate(self._fields):
            taken = np.flatnonzero(measured & b.looked_at[k] & np.isfinite(b._expected[k]))
            field, v = fitted.field, fitted.variogram
            stop = taken < len(b)
            noise = (v.nugget_db2 + (s.sampling.sample_noise_db / b._scale[k, taken]) ** 2) / np.where(stop, s.sampling.positions_per_stop, 1)
            value = truth[k, taken] + np.sqrt(noise) * rng.standard_normal(len(taken))
            after = _with(field, self._x[taken], self._y[taken], value, noise, b._expected[k, taken])
            known = np.isfinite(b.villages.expected_dbm[k])
            found = krige(after, b.villages.x_m[known], b.villages.y_m[known], expected_dbm=b.villages.expected_dbm[k, known], cell_size_m=self._cell)
            before = krige(field, b.villages.x_m[known], b.villages.y_m[known], expected_dbm=b.villages.expected_dbm[k, known], cell_size_m=self._cell)
            scale = b.villages.scale_db[k, known]
            margin = b.layers.margin_db[k].copy()
            margin[known] += scale * (found.mean - before.mean)
            sd = np.full(len(b), np.inf)
            sd[known] = np.sqrt(scale**2 * (found.variance + v.nugget_db2) + b.layers.error_sd_db[k, known] ** 2)
            needed = np.where(own, OWN_VISIT, YES)
            any_served |= known & (b.layers.may_serve[k] >= needed) & (margin >= z[0] * sd)
            unserved = known & (b.layers.may_unserve[k] >= needed) & (margin <= z[1] * sd)
            all_unserved &= unserved | b.layers.stays_unserved[k]
        return int((any_served | all_unserved).sum())


def _with(field: SmoothField, x: np.ndarray, y: np.ndarray, value: np.ndarray, noise: np.ndarray, expected: np.ndarray) -> SmoothField:
    """Return a field with more measurements in it."""
    v = field.variogram
    lift = field.lift_m / v.level_m_per_db if v.level_m_per_db else np.zeros(len(field.x_m))
    every = [np.concatenate(pair) for pair in ((field.x_m, x), (field.y_m, y), (field.value, value), (field.noise, noise))]
    kind = np.concatenate([field.kind, np.zeros(len(x), dtype=np.int64)])
    return smooth_field(*every, v, field.settings, expected_dbm=np.concatenate([lift, expected]), kind=kind, between=field.between)


def compare(run: Path, project: Path, seeds: int, stated_sd: float) -> Outcome:
    """Return what plan, area by area and random order decide of a run's undecided villages, truth by truth."""
    settings = analysis_settings(read_project(project))
    upstream = {name: next((run / ".stages").glob(f"{name}-*")) for name in _STAGES}
    given = prepare(upstream, settings)
    assert isinstance(given, Prepared), given
    beliefs, roads = given.believed.beliefs, given.roads
    judge = Judge(given, upstream["coverage"], settings, stated_sd)
    trips = plan_trips(beliefs, roads, settings.sampling)
    promised = sum(stop.expected_change for trip in trips for stop in trip.stops)
    codes, days, n = given.villages["commune_code"].astype(str).to_numpy(), settings.sampling.days, len(beliefs)
    decided: dict[str, list[float]] = {"plan": [], "area": [], "random": [], "promised": [], "undecided": []}
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 9])
        truth = judge.truth(rng)
        areas = {code: k for k, code in enumerate(rng.permutation(np.unique(codes)).tolist())}
        orders = {"area": sorted(range(n), key=lambda i: (areas[codes[i]], i)), "random": rng.permutation(n).tolist()}
        made = {"plan": trips, **{name: ordered_trips(beliefs, roads, settings.sampling, order) for name, order in orders.items()}}
        for name, chosen in made.items():
            decided[name].append(judge.decided(truth, chosen, np.random.default_rng([seed, 10])) / days)
        decided["promised"].append(promised / days)
        decided["undecided"].append(n / days)
    values = {name: np.array(each) for name, each in decided.items()}
    return Outcome(values, {name: np.full(seeds, np.nan) for name in values}, days)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("project", type=Path)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--stated-sd", type=float, default=1.0, help="standard deviation that the run states over the true one")
    asked = parser.parse_args()
    print(compare(asked.run, asked.project, asked.seeds, asked.stated_sd).text())


if __name__ == "__main__":
    main()
