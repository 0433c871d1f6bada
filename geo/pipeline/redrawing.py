"""Which sites of a plan stay chosen over the joint draws of the present field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from geo.io.rasters import read_array
from geo.pipeline.candidates import Found
from geo.pipeline.drawing import run_draws
from geo.pipeline.engine import Workspace
from geo.pipeline.planning import AFTER
from geo.pipeline.predicting import load_coverage
from geo.pipeline.settings import AnalysisSettings
from geo.planning.candidates import Options
from geo.planning.choice import NEVER, ChoiceProblem, exchanges_within, kept_shares
from geo.planning.demand import Demand
from geo.planning.proposing import Cover
from geo.planning.redrawn import DrawnLayer, as_planned, drawn_demand, drawn_options

__all__ = ["REDRAWN_UPSTREAM", "kept_over_draws"]

#: What the draws are made of.
REDRAWN_UPSTREAM = ("calibration", "coverage", f"planning/{AFTER}")


def kept_over_draws(
    work: Workspace,
    settings: AnalysisSettings,
    found: Found,
    year: npt.NDArray[np.int64],
    *,
    options: Options,
    cover: Cover,
    ask: Callable[[Demand], ChoiceProblem],
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return in what share of the draws each chosen option is chosen again, (n,); NaN for the others, and where nothing was drawn.

    Parameters
    ----------
    work : Workspace
        With the folders of :data:`REDRAWN_UPSTREAM`.
    settings : AnalysisSettings
    found : Found
        Demand, and the cells that some candidate serves: no others matter to the choice.
    year : (n,) int64 array
        The plan.
    options : Options
    cover : Cover
    ask : callable
        Makes the choice's problem of a demand.
    seed : int
        Of the spots in cells and the order of exchanges.
    """
    out, count = np.full(len(year), np.nan), settings.objective.draw_variants
    if not count or not (year != NEVER).any():
        return out
    predicted = load_coverage(work.upstream["coverage"])
    draws = run_draws(work.upstream, settings, predicted)
    if draws is None:
        return out
    draws = replace(draws, settings=replace(draws.settings, draws=count))
    coverage, demand = predicted.coverage, found.demand
    after = read_array(work.upstream["planning"] / AFTER, mapped=True)
    reached = np.unique(found.matrix.indices).astype(np.int64)
    row, column = demand.row[reached], demand.column[reached]
    drawn, layers = np.zeros(len(demand.row), dtype=bool), []
    for i, (operator, technology) in enumerate(coverage.layers):
        if technology not in settings.coverage.counting:
            continue
        share = draws(i, row, column)
        drawn[reached] |= np.isfinite(share).any(axis=1)
        below = np.full((len(demand.row), count), np.nan, dtype=np.float32)
        below[reached] = as_planned(share, np.asarray(coverage.state[i, row, column]), np.asarray(after[i, row, column]))
        layers.append(DrawnLayer(operator, technology, below))
    chance = np.random.default_rng(seed)
    most = exchanges_within(ask(demand), settings.objective.variant_exchanges, count, 1e6 * settings.objective.variant_million_ones)
    problems = (ask(drawn_demand(demand, layers, k, chance.random((len(layers), len(demand.row))))) for k in range(count))
    shares = kept_shares(problems, year, exchanges=most, seed=seed)
    told = (year != NEVER) & drawn_options(options, cover, drawn)
    out[told] = shares[told]
    return out
