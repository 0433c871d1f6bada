"""Tables over random points: calibration, intervals, Brier scores, where the product loses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.truth.probability_scores import (
    BINS,
    brier_parts,
    calibration_error,
    effective_number,
    noise_floor,
    signed_bias,
)
from tests.truth.resampling import Interval, pooled
from tests.truth.seed_scores import INTERVAL_SUMS, PROBABILITY_SUMS
from tests.truth.strata import COVERS, DISTANCES, NEARNESS, TERRAINS

__all__ = [
    "ALL",
    "CALIBRATION_LIMIT",
    "FEW",
    "HELD_LIMITS",
    "PointCube",
    "brier_table",
    "calibration_table",
    "interval_table",
    "loss_table",
    "reliability_table",
    "verdict",
]

_F64 = npt.NDArray[np.float64]
ALL = "all"
CALIBRATION_LIMIT = 0.05
HELD_LIMITS = (0.88, 0.92)
#: Fewer effective points than this say little: stated beside the figure.
FEW = 100.0
_SPLITS: Mapping[str, Sequence[str]] = {"distance": DISTANCES, "near": NEARNESS, "terrain": TERRAINS, "cover": COVERS}


class PointCube:
    """Sums of all seeds as one array: (seeds, methods, layers, distances, near, terrain, cover, sums).

    Parameters
    ----------
    points : sequence of DataFrame
        One per seed; see :func:`tests.truth.seed_scores.point_sums`.
    methods, layers : sequences of str
    """

    AXES = ("layer", "distance", "near", "terrain", "cover")

    def __init__(self, points: Sequence[pd.DataFrame], methods: Sequence[str], layers: Sequence[str]) -> None:
        self.methods, self.layers = list(methods), list(layers)
        self.names = {"layer": self.layers, **{k: list(v) for k, v in _SPLITS.items()}}
        self.names["cover"] = [*self.names["cover"], "other"]
        shape = (len(points), len(self.methods), *(len(self.names[a]) for a in self.AXES))
        self.bins = np.zeros((*shape, len(PROBABILITY_SUMS), BINS))
        self.intervals = np.zeros((*shape, len(INTERVAL_SUMS)))
        for seed, frame in enumerate(points):
            at = (np.full(len(frame), seed), self._codes(frame["method"], self.methods))
            at += tuple(self._codes(frame[axis], self.names[axis]) for axis in self.AXES)
            which = frame["bin"].to_numpy()
            for k, name in enumerate(PROBABILITY_SUMS):
                np.add.at(self.bins, (*at, k, which), frame[name].to_numpy())
            for k, name in enumerate(INTERVAL_SUMS):
                np.add.at(self.intervals, (*at, k), frame[name].to_numpy())

    @staticmethod
    def _codes(values: pd.Series, names: Sequence[str]) -> npt.NDArray[np.int64]:
        codes = np.asarray(pd.Index(list(names)).get_indexer(pd.Index(values)), dtype=np.int64)
        if (codes < 0).any():
            raise ValueError(f"unknown name among {sorted(set(values))}")
        return codes

    def of(self, method: str, **where: str) -> tuple[_F64, _F64]:
        """Return sums per seed (seeds, 4, 10) and (seeds, 7) of one method in a stratum; "all" adds an axis up."""
        m = self.methods.index(method)
        bins, intervals = self.bins[:, m], self.intervals[:, m]
        for axis in self.AXES:  # the axis looked at is always the second
            name = where.get(axis, ALL)
            if name == ALL:
                bins, intervals = bins.sum(axis=1), intervals.sum(axis=1)
            else:
                k = self.names[axis].index(name)
                bins, intervals = bins[:, k], intervals[:, k]
        return bins, intervals


def _crossed(cube: PointCube) -> Iterator[dict[str, str]]:
    """Yield the strata of the proof: layer x distance x nearness, each also taken together."""
    for layer in (ALL, *cube.layers):
        for distance in (ALL, *DISTANCES):
            for near in (ALL, *NEARNESS):
                yield {"layer": layer, "distance": distance, "near": near}


def _singles(cube: PointCube) -> Iterator[dict[str, str]]:
    """Yield everything together, each stratum alone, and the pairs in which a loss may hide."""
    yield {}
    for axis in PointCube.AXES:
        yield from ({axis: name} for name in cube.names[axis])
    for one, other in (("distance", "near"), ("distance", "terrain"), ("layer", "distance"), ("layer", "near"), ("terrain", "cover")):
        yield from ({one: a, other: b} for a in cube.names[one] for b in cube.names[other])


def _stratum(where: Mapping[str, str]) -> dict[str, str]:
    return {axis: where.get(axis, ALL) for axis in PointCube.AXES}


def verdict(found: Interval, low: float, high: float) -> str:
    """Return whether a figure lies within limits: yes, no, or with "?" where its interval crosses one of them."""
    if not np.isfinite(found.value):
        return ""
    inside = low <= found.value <= high
    sure = np.isfinite(found.low) and (
        (low <= found.low and found.high <= high) if inside else (found.high < low or found.low > high)
    )
    return ("yes" if inside else "no") + ("" if sure else "?")


def calibration_table(cube: PointCube) -> pd.DataFrame:
    """Return calibration error and bias per method, layer, distance and nearness to the planning level."""
    rows = []
    for method in cube.methods:
        for where in _crossed(cube):
            sums, _ = cube.of(method, **where)
            n = float(sums[:, 0].sum())
            if n == 0:
                continue
            found, bias = pooled(sums, calibration_error), pooled(sums, signed_bias)
            effective = effective_number(sums)
            rows.append(
                {
                    "method": method, **where, "n": int(n), "n_effective": effective, "calibration_error": found.value,
                    "low": found.low, "high": found.high, "by_chance": noise_floor(sums), "bias": bias.value, "bias_low": bias.low,
                    "bias_high": bias.high, "within_0.05": verdict(found, 0.0, CALIBRATION_LIMIT), "few": "few" if not effective >= FEW else "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def reliability_table(cube: PointCube) -> pd.DataFrame:
    """Return what was stated and what was seen per bin, per method, distance and nearness."""
    rows = []
    for method in cube.methods:
        for distance in (ALL, *DISTANCES):
            for near in (ALL, *NEARNESS):
                sums = cube.of(method, distance=distance, near=near)[0].sum(axis=0)
                for b in range(BINS):
                    n, p, o, _ = sums[:, b]
                    if n:
                        rows.append({"method": method, "distance": distance, "near": near, "bin": f"{b / 10:.1f}-{(b + 1) / 10:.1f}",
                                     "n": int(n), "stated": p / n, "seen": o / n})  # fmt: skip
    return pd.DataFrame(rows)


def _over(k: int, under: int) -> Callable[[_F64], _F64]:
    def figure(sums: _F64) -> _F64:
        a, b = sums[..., k], sums[..., under]
        return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b > 0)

    return figure


def interval_table(cube: PointCube) -> pd.DataFrame:
    """Return how many 90 % intervals of the level hold, and the level's own error (where the product states one)."""
    at = {name: k for k, name in enumerate(INTERVAL_SUMS)}
    rows = []
    for method in cube.methods:
        for where in _crossed(cube):
            bins, sums = cube.of(method, **where)
            n, points = float(sums[:, at["intervals"]].sum()), float(bins[:, 0].sum())
            if n == 0:
                continue
            held = pooled(sums, _over(at["held"], at["intervals"]))
            total = sums.sum(axis=0)
            levels = total[at["levels"]] or np.nan
            rows.append(
                {
                    "method": method, **where, "n": int(n), "stated_share": n / points, "held": held.value, "low": held.low,
                    "high": held.high, "0.88_to_0.92": verdict(held, *HELD_LIMITS), "truth_below": total[at["below"]] / n,
                    "truth_above": total[at["above"]] / n, "mean_sd_db": total[at["sd"]] / n,
                    "truth_less_mean_db": total[at["error"]] / levels, "rmse_db": float(np.sqrt(total[at["error2"]] / levels)),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def brier_table(cube: PointCube) -> pd.DataFrame:
    """Return the Brier score and its parts per method and stratum."""
    rows = []
    for method in cube.methods:
        for where in _singles(cube):
            sums, _ = cube.of(method, **where)
            n = float(sums[:, 0].sum())
            if n == 0:
                continue
            parts = brier_parts(sums.sum(axis=0))
            found = pooled(sums, lambda s: brier_parts(s).brier)
            rows.append(
                {
                    "method": method, **_stratum(where), "n": int(n), "brier": found.value, "low": found.low, "high": found.high,
                    "reliability": float(parts.reliability), "resolution": float(parts.resolution),
                    "uncertainty": float(parts.uncertainty), "within_bins": float(parts.within),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def loss_table(cube: PointCube, product: str, others: Sequence[str]) -> pd.DataFrame:
    """Return strata by what the product loses there against the best of the other methods, greatest loss first.

    ``loss`` is the product's Brier score less that of the best other one of the stratum (pooled); its interval is for
    that one. Negative: the product wins. ``points_lost`` is loss x n: how much the stratum weighs.
    """
    rows = []
    for where in _singles(cube):
        mine = cube.of(product, **where)[0]
        n = float(mine[:, 0].sum())
        if n == 0:
            continue
        scores = {m: float(brier_parts(cube.of(m, **where)[0].sum(axis=0)).brier) for m in others}
        best = min(scores, key=lambda m: scores[m])
        both = np.stack([mine[:, 3].sum(axis=-1), cube.of(best, **where)[0][:, 3].sum(axis=-1), mine[:, 0].sum(axis=-1)], axis=-1)
        found = pooled(both, lambda s: _quotient(s[..., 0] - s[..., 1], s[..., 2]))
        parts = brier_parts(mine.sum(axis=0))
        rows.append(
            {
                **_stratum(where), "n": int(n), "n_effective": effective_number(mine), "product_brier": float(parts.brier), "best_other": best,
                "other_brier": scores[best], "loss": found.value, "low": found.low, "high": found.high,
                "loses": _loses(found), "points_lost": found.value * n,
                "calibration_error": float(calibration_error(mine.sum(axis=0))), "bias": float(signed_bias(mine.sum(axis=0))),
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("loss", ascending=False, kind="stable", ignore_index=True)


def _loses(loss: Interval) -> str:
    """Return "loses", "wins" or "equal"; with "?" where the interval holds zero."""
    if loss.value == 0:
        return "equal"
    sure = loss.low > 0 or loss.high < 0  # a single seed has no interval
    return ("loses" if loss.value > 0 else "wins") + ("" if sure else "?")


def _quotient(over: _F64, under: _F64) -> _F64:
    return np.divide(over, under, out=np.full(np.shape(over), np.nan), where=under > 0)
