"""The figures of people without signal, each by hand on a grid of 3 x 3 cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.coverage import Coverage
from geo.grid import Grid
from geo.pipeline.people_figures import FIGURES, figures_of, people_table
from geo.report.tables import arrange, result_table

GRID = Grid(9210, 500_000.0, 2_400_000.0, 100.0, 3, 3)
#: Two operators: served, uncertain, unserved in rows; the second one is unknown in the last column.
STATE = np.array([[[2, 2, 2], [3, 3, 3], [4, 4, 4]], [[4, 4, 6], [4, 4, 6], [4, 5, 6]]], np.uint8)
PROBABILITY = np.array([[[0.99] * 3, [0.5] * 3, [0.05] * 3], [[0.0, 0.1, np.nan]] * 3], np.float32)
PEOPLE = np.array([[10.0, 0.0, 0.0], [20.0, 0.0, 40.0], [100.0, 200.0, np.nan]])


def coverage() -> Coverage:
    nothing = np.zeros_like(PROBABILITY)
    return Coverage(GRID, (("A", "4G"), ("B", "4G")), nothing, PROBABILITY, nothing, STATE, np.zeros_like(STATE))


def figures(**changes: object) -> dict[str, tuple[float | None, float | None, float | None]]:
    communes = pd.DataFrame({"population": [1000.0, 500.0, np.nan], "population_unserved_share": [0.33, 0.0, np.nan]})
    villages = pd.DataFrame({"class": ["white", "white", "weak", "served"], "population": [120.0, np.nan, 80.0, 900.0]})
    zones = pd.DataFrame({"class": ["white", "weak", "no_4g"], "population": [180.4, 20.4, 77.0], "population_in_cells": [290.0, 30.0, 99.0]})
    record = {
        "totals": [{"class": "all", "population": 9.0}, {"class": "unserved", "population": 199.0, "population_low": 150.0, "population_high": 260.0}],
        "sieved": [{"class": "white", "population": 10.0}],
    }
    given = {"communes": communes, "villages": villages, "zones": zones, "record": record, "people": PEOPLE, **changes}
    found = figures_of(coverage(), ["4G"], **given)  # type: ignore[arg-type]
    return {name: (one.people, one.low, one.high) for name, one in zip(FIGURES, found, strict=True)}


def test_by_hand() -> None:
    found = figures()
    assert found["state"][0] == pytest.approx(330.0)
    # both operators unserved: the last row's first two cells; the unknown third may be served
    assert found["grid"][0] == 300.0
    assert found["sieved"][0] == 10.0
    assert found["cells"][0] == 320.0
    assert found["zones"] == (199.0, 150.0, 260.0)
    assert found["zone_rows"][0] == 200.0
    # 10 x 0.01 x 1 + 20 x 0.5 x 1 + 100 x 0.95 x 1 + 200 x 0.95 x 0.9; of the cell with 40 people B is not known
    assert found["expected"][0] == pytest.approx(0.1 + 10.0 + 95.0 + 171.0, abs=1e-4)
    assert found["white_villages"][0] == 120.0
    assert found["weak_villages"][0] == 80.0


def test_the_expectation_says_what_it_is_if_all_err_together() -> None:
    one = figures_of(coverage(), ["4G"], communes=pd.DataFrame({"population": [1.0], "population_unserved_share": [0.0]}), villages=None, zones=None,
                     record={}, people=PEOPLE)[FIGURES.index("expected")]  # fmt: skip
    # 10 x 0.01 + 20 x 0.5 + 100 x 0.95 + 200 x 0.9
    assert "285 người" in one.counts.vi
    assert "285 people" in one.counts.en


def test_what_is_not_known_is_no_zero() -> None:
    unknown = pd.DataFrame({"population": [np.nan], "population_unserved_share": [np.nan]})
    found = figures(communes=unknown, villages=None, zones=None, record={}, people=None)
    assert set(found.values()) == {(None, None, None)}
    no_one = figures(villages=pd.DataFrame({"class": ["white"], "population": [np.nan]}))
    assert no_one["white_villages"][0] is None, "a white village whose people are not known is not nobody"


def test_where_no_cell_is_known_nobody_is_counted_as_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "STATE", np.full_like(STATE, 6))
    monkeypatch.setitem(globals(), "PROBABILITY", np.full_like(PROBABILITY, np.nan))
    villages = pd.DataFrame({"class": ["undecided"] * 2, "population": [120.0, 80.0]})
    zeros = {"totals": [{"class": "unserved", "population": 0.0}], "sieved": [{"class": "white", "population": 0.0}]}
    communes = pd.DataFrame({"population": [1000.0], "population_unserved_share": [0.0]})
    assert set(figures(villages=villages, record=zeros, communes=communes).values()) == {(None, None, None)}
    one = figures_of(coverage(), ["4G"], communes=communes, villages=villages, zones=None, record=zeros, people=PEOPLE)[FIGURES.index("expected")]
    assert "– người" not in one.counts.vi
    assert "không phải 0" in one.counts.vi


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_table_has_every_figure_with_what_it_counts(language: str) -> None:
    made = figures_of(coverage(), ["4G"], communes=pd.DataFrame({"population": [1.0], "population_unserved_share": [0.0]}), villages=None, zones=None,
                      record={}, people=None)  # fmt: skip
    table = arrange(people_table(made, language), result_table("people"))
    assert [row[0] for row in table.rows] == list(FIGURES)
    assert all(row[1] and row[5] and row[6] for row in table.rows)
