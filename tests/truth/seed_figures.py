"""One line of figures per seed and method, and the paired comparison of the product with every other method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from tests.truth.point_tables import PointCube
from tests.truth.probability_scores import brier_parts, calibration_error, signed_bias
from tests.truth.resampling import Interval, paired_difference
from tests.truth.seed_scores import INTERVAL_SUMS
from tests.truth.village_scores import found_at, list_sums, ratio
from tests.truth.village_tables import list_masks, own_false_alarms, people_errors

__all__ = ["FIGURES", "paired_table", "seed_figures"]

#: Figures that methods are compared by: whether less or more is better, and what they are.
FIGURES: dict[str, tuple[Literal["less", "more"], str]] = {
    "brier": ("less", "Brier score of P, all layers and points"),
    "brier_near": ("less", "the same within 10 dB of the planning level (the product's)"),
    "resolution": ("more", "resolution part of the Brier score"),
    "reliability": ("less", "reliability part of the Brier score"),
    "calibration_error": ("less", "calibration error, all points"),
    "rmse_db": ("less", "root mean square error of the level, where the product states one"),
    "white_found_ranked": ("more", "share of white villages found at the false alarms of the product's own list, all by their order"),
    "white_found": ("more", "the same, but of the product its list itself: harder, since an order goes on up to the next false alarm"),
    "white_found_at_5": ("more", "share of white villages found before the sixth false alarm"),
    "nobody_brier": ("less", "squared error of the chance that nobody serves a village"),
    "people_expected_communes": ("less", "people without any operator by probabilities: sum of absolute errors of communes"),
    "people_listed_communes": ("less", "people without any operator for sure (of runs: from communes.csv): sum of absolute errors of communes"),
    "people_expected_province": ("less", "people without any operator by probabilities: absolute error of the province"),
    "people_listed_province": ("less", "people without any operator for sure (of runs: from communes.csv): absolute error of the province"),
}


def seed_figures(
    cube: PointCube, seeds: Sequence[int], villages: Sequence[pd.DataFrame], communes: Sequence[pd.DataFrame], product: str
) -> pd.DataFrame:
    """Return a line per seed and method."""
    out = []
    at = {name: k for k, name in enumerate(INTERVAL_SUMS)}
    for method in cube.methods:
        bins, intervals = cube.of(method)
        near = brier_parts(cube.of(method, near="within 10 dB")[0]).brier
        parts = brier_parts(bins)
        held = ratio(intervals[:, at["held"]], intervals[:, at["intervals"]])
        rmse = np.sqrt(ratio(intervals[:, at["error2"]], intervals[:, at["levels"]]))
        for k, seed in enumerate(seeds):
            rows = villages[k][villages[k]["method"] == method]
            allowed = own_false_alarms(villages[k][villages[k]["method"] == product])
            true, listed, undecided = list_masks(rows, "white")
            score = rows["nobody"].to_numpy(dtype=np.float64)
            whites = float(true.sum())
            ranked = found_at(true, score, allowed)
            sums, weak = list_sums(true, listed, undecided), list_sums(*list_masks(rows, "weak flag"))
            people = people_errors(communes[k][communes[k]["method"] == method])
            known = np.isfinite(score)
            surely = "table_listed" if np.isfinite(people["table_listed"]) else "listed"
            out.append(
                {
                    "seed": seed, "method": method, "brier": parts.brier[k], "brier_near": near[k], "resolution": parts.resolution[k],
                    "reliability": parts.reliability[k], "calibration_error": calibration_error(bins)[k], "bias": signed_bias(bins)[k],
                    "held_90": held[k], "rmse_db": rmse[k], "white_true": whites, "white_listed": float(listed.sum()),
                    "white_precision": float(ratio(sums[3], sums[2])), "white_recall": float(ratio(sums[3], sums[1])),
                    "white_left_undecided": float(ratio(sums[4], sums[1])), "left_undecided": float(ratio(sums[5], sums[0])),
                    "weak_precision": float(ratio(weak[3], weak[2])), "weak_recall": float(ratio(weak[3], weak[1])),
                    "false_alarms_allowed": float(allowed),
                    "white_found": float(ratio(sums[3] if method == product else ranked, whites)),
                    "white_found_ranked": float(ratio(ranked, whites)),
                    "white_found_at_5": float(ratio(found_at(true, score, 5), whites)),
                    "nobody_brier": float(np.mean((score[known] - true[known]) ** 2)) if known.any() else np.nan,
                    "people_true": people["true"], "people_expected": people["expected"], "people_listed": people[surely],
                    "people_expected_communes": people["expected_commune_error"], "people_listed_communes": people[f"{surely}_commune_error"],
                    "people_expected_province": abs(people["expected_province_error"]),
                    "people_listed_province": abs(people[f"{surely}_province_error"]),
                }
            )  # fmt: skip
    return pd.DataFrame(out).sort_values(["seed", "method"], kind="stable", ignore_index=True)


def _better(found: Interval) -> str:
    """Return whether a gain is there: its interval must exclude zero."""
    if not np.isfinite(found.low):
        return "" if not np.isfinite(found.value) else "one seed"
    return "yes" if found.low > 0 else "no: worse" if found.high < 0 else "no: not shown"


def paired_table(figures: pd.DataFrame, product: str, others: Sequence[str]) -> pd.DataFrame:
    """Return, per figure and other method, the product's gain by seed with its 95 % interval (positive: better)."""
    wide = figures.pivot(index="seed", columns="method")
    out = []
    for name, (which, meaning) in FIGURES.items():
        for other in others:
            mine, theirs = (wide[(name, m)].to_numpy(dtype=np.float64) for m in (product, other))
            found = paired_difference(theirs, mine) if which == "less" else paired_difference(mine, theirs)
            if found.seeds == 0:
                continue
            held = np.isfinite(mine - theirs)
            wins = int(((theirs > mine) if which == "less" else (mine > theirs))[held].sum())
            out.append(
                {
                    "figure": name, "other": other, "product_mean": float(mine[held].mean()), "other_mean": float(theirs[held].mean()),
                    "gain": found.value, "low": found.low, "high": found.high, "seeds": found.seeds, "seeds_won": wins,
                    "better": _better(found), "what": meaning,
                }
            )  # fmt: skip
    return pd.DataFrame(out)
