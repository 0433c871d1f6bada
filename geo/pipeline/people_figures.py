"""The figures of people without signal that a run states, side by side: what each counts, and why they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Coverage, CoverageSettings
from geo.coverage.states import State
from geo.errors import Bilingual
from geo.io.rasters import read_array
from geo.mapping import PeopleFigure
from geo.mapping.labels import count_text
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import load_coverage
from geo.pipeline.reading import load_frame
from geo.pipeline.results import arranged_frame
from geo.report.phrases import phrases
from geo.report.tables import arrange, result_table

__all__ = ["FIGURES", "figures_of", "people_figures", "people_table"]

_RESOURCE = "results/people.toml"
#: In the order in which one leads to the next.
FIGURES = ("state", "grid", "sieved", "cells", "zones", "zone_rows", "expected", "white_villages", "weak_villages")
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
_ZONES = ("white", "weak")


def people_figures(work: Workspace, settings: CoverageSettings) -> tuple[PeopleFigure, ...]:
    """Return the figures of a run (:func:`figures_of`).

    Parameters
    ----------
    work : Workspace
        Of a stage that comes after ``dead_zones``.
    settings : CoverageSettings
    """
    people = work.upstream["villages"] / "people.npy"
    return figures_of(
        load_coverage(work.upstream["coverage"]).coverage,
        settings.counting,
        communes=arranged_frame(arrange(load_frame(work.upstream["villages"], "communes"), result_table("communes"))),
        villages=load_frame(work.upstream["villages"], "villages"),
        zones=load_frame(work.upstream["dead_zones"], "dead_zones"),
        record=work.records["dead_zones"],
        people=read_array(people) if people.is_file() else None,
    )


def figures_of(
    coverage: Coverage,
    counting: Sequence[str],
    *,
    communes: pd.DataFrame,
    villages: pd.DataFrame | None,
    zones: pd.DataFrame | None,
    record: Mapping[str, Any],
    people: npt.NDArray[np.float64] | None,
) -> tuple[PeopleFigure, ...]:
    """Return every figure of people without signal over all operators.

    Parameters
    ----------
    coverage : Coverage
    counting : sequence of str
        Technologies that count.
    communes : DataFrame
        As ``communes.csv`` has it: the map sums the same rounded figures.
    villages : DataFrame or None
    zones : DataFrame or None
        ``dead_zones`` before it was rounded.
    record : mapping
        What the stage ``dead_zones`` returned: ``totals`` and ``sieved``.
    people : (rows, columns) float64 array or None
        People per cell of the grid.
    """
    total = _row(record.get("totals"), "unserved")
    sieved = _row(record.get("sieved"), "white")
    mine = None if zones is None else zones[zones["class"].isin(_ZONES)]
    grid, expected, together = (None, None, None) if people is None else _on_grid(coverage, counting, people)
    # Where no cell is known every sum of unserved cells is 0, which would read as "nobody".
    inside = coverage.all_state(counting)
    nothing = bool(np.isin(inside, (State.OUTSIDE, State.UNKNOWN)).all())
    found: dict[str, tuple[float | None, float | None, float | None]] = {
        "state": (_scaled(communes), None, None),
        "grid": (grid, None, None),
        "sieved": (_number(sieved.get("population")), None, None),
        "cells": (None if mine is None else _sum(mine["population_in_cells"]), None, None),
        "zones": (_number(total.get("population")), _number(total.get("population_low")), _number(total.get("population_high"))),
        "zone_rows": (None if mine is None else _sum(mine["population"].astype(float).round()), None, None),
        "expected": (expected, None, None),
        **{f"{name}_villages": (_of_class(villages, name), None, None) for name in _ZONES},
    }
    if nothing:
        found |= {name: (None, None, None) for name in found if name not in {f"{z}_villages" for z in _ZONES}}
    together = None if nothing else together
    fields = {} if together is None else {"together": count_text(together)}
    return tuple(
        PeopleFigure(_say("name", name), _say("counts", "expected_unknown" if name == "expected" and together is None else name, **fields), _say("where", name), *found[name])
        for name in FIGURES
    )


def people_table(figures: Sequence[PeopleFigure], language: str) -> pd.DataFrame:
    """Return the figures as the rows of the result table ``people``."""
    return pd.DataFrame(
        [
            {
                "figure": name, "counted_by": one.name.text(language), "people": one.people, "people_low": one.low, "people_high": one.high,
                "counts": one.counts.text(language), "where": one.where.text(language),
            }
            for name, one in zip(FIGURES, figures, strict=True)
        ]
    )  # fmt: skip


def _say(section: str, entry: str, /, **fields: object) -> Bilingual:
    return phrases(_RESOURCE).say(section, entry, **fields)


def _on_grid(coverage: Coverage, counting: Sequence[str], people: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return people in unserved cells, people expected to be unserved, and those where all layers err together.

    With p the probability that a layer serves, the expectation is that of layers that err independently (Π (1 − p)); where
    all err together it is min (1 − p). A layer of which nothing is known may serve: nobody counts for it.
    """
    lived = np.nan_to_num(people)
    state = coverage.all_state(counting)
    unserved = float(lived[np.isin(state, _UNSERVED)].sum())
    apart = np.where(state == State.OUTSIDE, 0.0, 1.0)
    together = apart.copy()
    for i, (_, technology) in enumerate(coverage.layers):
        if technology not in counting:
            continue
        lacks = 1.0 - np.asarray(coverage.probability[i], dtype=np.float64)
        settled = np.where(np.isin(coverage.state[i], _UNSERVED), 1.0, 0.0)  # no probability, yet a state: that of the state
        lacks = np.where(np.isfinite(lacks), lacks, settled)
        apart *= lacks
        together = np.minimum(together, lacks)
    return unserved, float((lived * apart).sum()), float((lived * together).sum())


def _scaled(communes: pd.DataFrame) -> float | None:
    return _sum(communes["population"].astype(float) * communes["population_unserved_share"].astype(float))


def _of_class(villages: pd.DataFrame | None, name: str) -> float | None:
    if villages is None or villages["class"].eq("undecided").all():
        return None
    mine = villages["class"].eq(name)
    return _sum(villages.loc[mine, "population"]) if mine.any() else 0.0


def _sum(values: pd.Series) -> float | None:
    known = values.astype(float).dropna()
    return float(known.sum()) if len(known) or not len(values) else None


def _row(rows: Any, name: str) -> Mapping[str, Any]:
    return next((row for row in rows or () if row["class"] == name), {})


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
