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
from tests.truth.seed_figures import FIGURES, paired_table, seed_figures
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


def _crossed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the strata proper: one distance and one nearness each."""
    return frame[(frame["distance"] != ALL) & (frame["near"] != ALL)]


def _short(found: Mapping[str, pd.DataFrame], baselines: Sequence[str]) -> pd.DataFrame:
    """Return what was to be shown, and how it stands."""
    rows = []
    for name, column, what in (
        ("calibration", "within_0.05", "calibration error at most 0.05"),
        ("intervals", "0.88_to_0.92", "90 % intervals hold 88 to 92 %"),
    ):
        own = _crossed(found[name][found[name]["method"] == PRODUCT])
        for layers, part in (("layers together", own[own["layer"] == ALL]), ("each layer by itself", own[own["layer"] != ALL])):
            rows.append((f"{what}, distance x nearness, {layers}", f"{_counts(part, column)} (of {len(part)})"))
    paired = found["paired"]
    for figure in FIGURES:
        mine = paired[(paired["figure"] == figure) & paired["other"].isin(baselines)]
        stands = "; ".join(f"{o}: {b}" for o, b in zip(mine["other"], mine["better"], strict=True))
        rows.append((f"better than each, `{figure}`", stands))
    return pd.DataFrame(rows, columns=["to be shown", "stands"])


_LISTS = [
    "method", "list", "split", "stratum", "villages", "true", "listed", "hits", "precision", "precision_low", "precision_high", "recall",
    "recall_low", "recall_high", "true_left_undecided", "left_undecided",
]  # fmt: skip
_PER_SEED = [
    "seed", "method", "brier", "resolution", "calibration_error", "bias", "held_90", "white_true", "white_listed", "white_precision",
    "white_recall", "white_found", "white_left_undecided", "weak_precision", "weak_recall", "left_undecided", "people_true",
    "people_expected", "people_expected_communes",
]  # fmt: skip
_BRIER = ["method", "n", "brier", "low", "high", "reliability", "resolution", "uncertainty", "within_bins"]


def page(found: Mapping[str, pd.DataFrame], scores: Sequence[SeedScores]) -> str:
    """Return the report."""
    facts = scores[0].facts
    baselines = [m for m in COMPARED if m != PRODUCT]
    own = {name: frame[frame["method"] == PRODUCT] for name, frame in found.items() if "method" in frame.columns}
    together = {name: own[name][own[name]["layer"] == ALL].drop(columns="method") for name in ("calibration", "intervals")}
    by_layer = own["calibration"][(own["calibration"]["layer"] != ALL) & (own["calibration"]["few"] == "")]
    everywhere = {
        name: found[name][(found[name][["layer", "distance", "near"]] == ALL).all(axis=1)] for name in ("calibration", "intervals")
    }
    whole = found["brier"][(found["brier"][list(PointCube.AXES)] == ALL).all(axis=1)]
    lists, white = own["lists"], found["lists"].query("list == 'white' and split == 'all'")
    lists = lists[(lists["list"] == "white") | (lists["split"] == ALL)]
    seconds = pd.DataFrame([s.facts["seconds"] for s in scores])
    timing = pd.DataFrame([{**seconds.mean().to_dict(), "together": seconds.sum(axis=1).mean(), "cpu": float(np.mean([s.facts.get("cpu_seconds", np.nan) for s in scores]))}])
    methods = ", ".join(facts["methods"]) + "".join(f"; {name}: {'; '.join(lines)}" for name, lines in facts["ablations"].items())
    few = " (fewer than 10 seeds: they are too narrow)" if len(scores) < 10 else ""
    shown = ", ".join(baselines)
    parts = [
        f"# Hidden truth, law: {facts['law']}, {len(scores)} seeds",
        f"""Seeds {', '.join(str(s.seed) for s in scores)}; cells of {facts['cell_size_m']:g} m; made-up provinces, nothing of them is real.
Settings of the product's run: {'; '.join(facts['settings']) or 'as shipped'}. Methods: {methods}. Error of the level: {facts['sd_source']}.
Intervals are 95 %, bootstrap over whole seeds{few}.""",
        """Points of a province err together: `n_effective` counts what they are worth, with seeds as clusters, `by_chance` is the calibration error
that chance alone would show. A verdict with `?` is one whose interval crosses the limit. Calibration error and intervals are of random
points in random cells, of all operators and technologies that count; `near` is the product's own |mean - planning level|.""",
        "## Where the product loses",
        f"""Brier score of P less that of the best of {shown} in the stratum. {_counts(found['losses'], 'loses')} of {len(found['losses'])} strata.
The first {_SHOWN_LOSSES}; all in `losses.csv`.""",
        markdown(found["losses"].head(_SHOWN_LOSSES)),
        """Villages, by the chance that nobody serves the point (within one true class a method that always says the same can win: read
`white` and the others together):""",
        markdown(found["village_losses"]),
        "## In short",
        markdown(_short(found, baselines)),
        "## Against each other method, by seed",
        "`gain` is positive where the product is better; `better` is yes only if the interval excludes zero.",
        markdown(found["paired"].drop(columns="what")),
        "\n".join(f"- `{name}`: {what}." for name, (_, what) in FIGURES.items()),
        "## Villages",
        markdown(white[_LISTS]),
        'The product, by stratum, and its `weak` ("as seen": each house counted for the nearest village of its commune):',
        markdown(lists[_LISTS]),
        "Confusion:",
        markdown(found["confusion"]),
        "White villages found at equal false alarms (all seeds together; `at` per seed):",
        markdown(found["equal_false_alarms"]),
        "## Calibration of the product's probabilities",
        markdown(together["calibration"]),
        "The ten worst by layer that do not rest on few points:",
        markdown(by_layer.sort_values("calibration_error", ascending=False).head(10).drop(columns="method")),
        "All methods, all points:",
        markdown(everywhere["calibration"]),
        "## 90 % intervals of the level",
        markdown(together["intervals"]),
        "All methods, all points:",
        markdown(everywhere["intervals"]),
        "## Brier score and its parts",
        markdown(whole[_BRIER]),
        "## People without any operator",
        """Mean over seeds. `listed`: unserved for sure; `expected`: by probabilities; `table_listed`: from the run's communes.csv.
`commune_error`: sum over communes of absolute errors.""",
        markdown(found["people"]),
        "## Seeds",
        markdown(own["seeds"][_PER_SEED]),
        "All methods in `seeds.csv`.",
        "## What was left unsaid",
        markdown(found["unsaid"].groupby("method", as_index=False)[["points", "unsaid"]].sum()),
        "## Seconds per seed",
        "Of the last run; what was there already took no time.",
        markdown(timing),
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
