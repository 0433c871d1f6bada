"""One Markdown page and one CSV per table out of the scores of all seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.truth.point_tables import (
    ALL,
    PointCube,
    brier_table,
    calibration_table,
    interval_table,
    loss_table,
    reliability_table,
)
from tests.truth.seed_figures import paired_table, seed_figures
from tests.truth.seed_scores import PRODUCT
from tests.truth.seeds import COMPARED, SeedScores
from tests.truth.village_tables import (
    confusion_table,
    false_alarm_table,
    list_table,
    people_table,
    village_loss_table,
)

__all__ = ["markdown", "page", "tables", "write_report"]

_SHOWN_LOSSES = 25


def tables(scores: Sequence[SeedScores]) -> dict[str, pd.DataFrame]:
    """Return all tables by name, in the order of the report."""
    facts = scores[0].facts
    for other in scores[1:]:
        for name in ("law", "cell_size_m", "methods", "levels_dbm", "counting", "settings", "ablations"):
            if other.facts[name] != facts[name]:
                raise ValueError(f"seeds {facts['seed']} and {other.seed} were run with different {name}")
    methods, layers = list(facts["methods"]), list(facts["layers"])
    others = [m for m in methods if m != PRODUCT]
    baselines = [m for m in COMPARED if m != PRODUCT]
    runs = [m for m in methods if m not in ("circles", "kriging")]
    cube = PointCube([s.points for s in scores], methods, layers)
    villages, communes = [s.villages for s in scores], [s.communes for s in scores]
    figures = seed_figures(cube, [s.seed for s in scores], villages, communes, PRODUCT)
    unsaid = pd.concat([s.unsaid for s in scores]).groupby(["method", "layer"], as_index=False)[["points", "unsaid"]].sum()
    return {
        "losses": loss_table(cube, PRODUCT, baselines),
        "village_losses": village_loss_table(villages, PRODUCT, baselines),
        "lists": list_table(villages, methods),
        "confusion": confusion_table(villages, runs),
        "equal_false_alarms": false_alarm_table(villages, methods, PRODUCT),
        "calibration": calibration_table(cube),
        "reliability": reliability_table(cube),
        "intervals": interval_table(cube),
        "brier": brier_table(cube),
        "people": people_table(communes, methods),
        "paired": paired_table(figures, PRODUCT, others),
        "seeds": figures,
        "unsaid": unsaid.assign(share=unsaid["unsaid"] / unsaid["points"]),
    }


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return ""
        return f"{value:.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}"
    return str(value)


def markdown(frame: pd.DataFrame) -> str:
    """Return a table in Markdown; what is not a number is empty."""
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|" + "---|" * len(frame.columns)]
    lines += ["| " + " | ".join(_text(v) for v in row) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)


def _counts(frame: pd.DataFrame, column: str) -> str:
    found = frame[column].value_counts()
    return ", ".join(f"{name or 'nothing said'}: {n}" for name, n in found.items())


def page(found: Mapping[str, pd.DataFrame], scores: Sequence[SeedScores]) -> str:
    """Return the report."""
    facts = scores[0].facts
    seconds = pd.DataFrame([s.facts["seconds"] for s in scores])
    methods = list(facts["methods"])
    own = {name: frame[frame["method"] == PRODUCT] for name, frame in found.items() if "method" in frame.columns}
    calibration, intervals = own["calibration"], own["intervals"]
    together, by_layer = calibration[calibration["layer"] == ALL], calibration[calibration["layer"] != ALL]
    held, held_by_layer = intervals[intervals["layer"] == ALL], intervals[intervals["layer"] != ALL]
    paired = found["paired"]
    white = found["lists"].query("list == 'white' and split == 'all'")
    lists = ["method", "list", "split", "stratum", "villages", "true", "listed", "hits", "precision", "precision_low", "precision_high",
             "recall", "recall_low", "recall_high", "true_left_undecided", "left_undecided"]  # fmt: skip
    seeds = found["seeds"]
    per_seed = ["seed", "method", "brier", "resolution", "calibration_error", "bias", "held_90", "white_true", "white_listed", "white_precision",
                "white_recall", "white_found", "white_left_undecided", "weak_precision", "weak_recall", "left_undecided", "people_true",
                "people_expected", "people_expected_communes"]  # fmt: skip
    whole = found["brier"][(found["brier"][list(PointCube.AXES)] == ALL).all(axis=1)]
    parts = [
        f"# Hidden truth, law: {facts['law']}, {len(scores)} seeds",
        f"Seeds {', '.join(str(s.seed) for s in scores)}; cells of {facts['cell_size_m']:g} m; made-up provinces, nothing of them is real. "
        f"Settings of the product's run: {'; '.join(facts['settings']) or 'as shipped'}. Methods: {', '.join(methods)}"
        + "".join(f"; {name}: {'; '.join(lines)}" for name, lines in facts["ablations"].items())
        + f". Error of the level: {facts['sd_source']}. Intervals are 95 %, bootstrap over whole seeds"
        + (" (fewer than 10 seeds: they are too narrow)." if len(scores) < 10 else "."),
        "Points of a province err together; `n_effective` counts what they are worth, with seeds as clusters, `by_chance` the calibration error "
        "that chance alone would show. A verdict with `?` is one whose interval crosses the limit. Calibration error and coverage are of random "
        "points in random cells, all operators and technologies that count; `near` is the product's own |mean - planning level| <= 10 dB.",
        "## Where the product loses",
        f"Brier score of P less that of the best of {', '.join(m for m in COMPARED if m != PRODUCT)} in the stratum. "
        f"{_counts(found['losses'], 'loses')} of {len(found['losses'])} strata. The first {_SHOWN_LOSSES}; all in `losses.csv`.",
        markdown(found["losses"].head(_SHOWN_LOSSES)),
        "Villages, by the chance that nobody serves the point (within one true class a method that always says the same can win: "
        "read `white` and the others together):",
        markdown(found["village_losses"]),
        "## Against each other method, by seed",
        "`gain` is positive where the product is better; `better` is yes only if the interval excludes zero.",
        markdown(paired.drop(columns="what")),
        "".join(f"- `{name}`: {what}.\n" for name, what in dict(zip(paired["figure"], paired["what"], strict=True)).items()),
        "## Villages",
        markdown(white[lists]),
        "The product, by stratum, and its `weak` (\"as seen\": each house counted for the nearest village of its commune):",
        markdown(own["lists"][own["lists"]["split"].ne(ALL) & own["lists"]["list"].eq("white") | own["lists"]["split"].eq(ALL)][lists]),
        "Confusion:",
        markdown(found["confusion"]),
        "White villages found at equal false alarms (all seeds together; `at` per seed):",
        markdown(found["equal_false_alarms"]),
        "## Calibration of the product's probabilities",
        f"Limit 0.05. Layers together: {_counts(together, 'within_0.05')}; each layer by itself: {_counts(by_layer, 'within_0.05')} "
        f"({int((by_layer['few'] != '').sum())} of {len(by_layer)} rest on few effective points).",
        markdown(together.drop(columns="method")),
        "The ten worst by layer that do not rest on few points:",
        markdown(by_layer[by_layer["few"] == ""].sort_values("calibration_error", ascending=False).head(10).drop(columns="method")),
        "Other methods, all points:",
        markdown(found["calibration"][(found["calibration"][["layer", "distance", "near"]] == ALL).all(axis=1)]),
        "## 90 % intervals of the level",
        f"Limits 0.88 to 0.92. Layers together: {_counts(held, '0.88_to_0.92')}; each layer by itself: {_counts(held_by_layer, '0.88_to_0.92')}.",
        markdown(held.drop(columns="method")),
        "Other methods, all points:",
        markdown(found["intervals"][(found["intervals"][["layer", "distance", "near"]] == ALL).all(axis=1)]),
        "## Brier score and its parts",
        markdown(whole[["method", "n", "brier", "low", "high", "reliability", "resolution", "uncertainty", "within_bins"]]),
        "## People without any operator",
        "Mean over seeds. `listed`: unserved for sure; `expected`: by probabilities; `table_listed`: from the run's communes.csv. "
        "`commune_error`: sum over communes of absolute errors.",
        markdown(found["people"]),
        "## Seeds",
        markdown(seeds[seeds["method"] == PRODUCT][per_seed]),
        "All methods in `seeds.csv`.",
        "## What was left unsaid",
        markdown(found["unsaid"].groupby("method", as_index=False)[["points", "unsaid"]].sum()),
        "## Seconds per seed",
        "Of the last run; what was there already took no time.",
        markdown(pd.DataFrame([{name: v for name, v in seconds.mean().items()} | {"together": seconds.sum(axis=1).mean()}])),
    ]
    return "\n\n".join(parts) + "\n"


def write_report(scores: Sequence[SeedScores], folder: Path) -> Path:
    """Write ``report.md`` and the tables; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    found = tables(scores)
    for name, frame in found.items():
        frame.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")
    out = folder / "report.md"
    out.write_text(page(found, scores), encoding="utf-8")
    return out
