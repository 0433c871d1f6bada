"""Who lacks what once every registered line stands: cells with people, and those where a village's point or a facility is.

A cell lacks a first, second or third operator, and 4G. What its steps are worth is people times the weights; a demand of
the choice (:mod:`geo.planning.choice`) is a cell with one unit per operator that does not serve it, and, where somebody serves it
without 4G, the same cell once more with one unit that anybody's 4G provides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import TECHNOLOGIES, State
from geo.planning.gains import Service
from geo.planning.proposal_settings import ObjectiveSettings

__all__ = ["FACILITY_KINDS", "Demand", "cell_worth", "deadline_years", "demand_of", "steps_of"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_BOOL = npt.NDArray[np.bool_]

_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
#: Kinds of facility that count (:data:`geo.io.facilities`).
FACILITY_KINDS = ("school", "clinic")
#: Operators that are worth anything to a person.
_OPERATORS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Cells that lack something.

    Attributes
    ----------
    operators : tuple of str
        Of the project.
    row, column : (d,) int64 arrays
        Of the run's grid, row by row.
    people : (d,) float64 array
    serving : (d, operators) bool array
        Who serves the cell for sure.
    without_4g : (d,) bool array
        Somebody serves it, nobody with 4G or better.
    village_cell, facility_cell : (v,) and (f,) int64 arrays
        Position of the cell of each village and facility that nobody serves for sure; -1 for the others.
    """

    operators: tuple[str, ...]
    row: _I64
    column: _I64
    people: _F64
    serving: _BOOL
    without_4g: _BOOL
    village_cell: _I64
    facility_cell: _I64

    @property
    def count(self) -> _I64:
        """Number of operators that serve each cell."""
        return np.asarray(self.serving.sum(axis=1), dtype=np.int64)


def demand_of(
    service: Service,
    people: _F64,
    operators: Sequence[str],
    *,
    villages: tuple[_I64, _I64],
    facilities: tuple[_I64, _I64],
) -> Demand:
    """Return the cells that lack an operator of three, or 4G.

    Parameters
    ----------
    service : Service
        States with every registered line built.
    people : (rows, columns) float64 array
        NaN not known: such cells are no demand.
    operators : sequence of str
    villages, facilities : (row, column) pairs of int64 arrays
        Their cells; -1 where none.
    """
    shape = service.grid.shape
    serving = np.zeros((len(operators), *shape), dtype=bool)
    rank = np.zeros(shape, dtype=np.int8)
    inside = np.zeros(shape, dtype=bool)
    for i, (operator, technology) in enumerate(service.layers):
        inside |= service.state[i] != State.OUTSIDE
        if technology not in service.settings.counting:
            continue
        mine = np.isin(service.state[i], _SERVED)
        if operator in operators:
            serving[list(operators).index(operator)] |= mine
        np.maximum(rank, mine.astype(np.int8) * np.int8(TECHNOLOGIES.index(technology) + 1), out=rank)
    count = serving.sum(axis=0)
    fourth = TECHNOLOGIES.index("4G") + 1
    lacking = inside & ((count < min(_OPERATORS, len(operators))) | (rank < fourth))
    wanted = lacking & (np.nan_to_num(people) > 0)
    for row, column in (villages, facilities):
        there = row >= 0
        wanted[row[there], column[there]] |= lacking[row[there], column[there]] & (count[row[there], column[there]] == 0)
    row, column = np.nonzero(wanted)
    number = np.full(shape, -1, dtype=np.int64)
    number[row, column] = np.arange(len(row))

    def cells(at: tuple[_I64, _I64]) -> _I64:
        found = np.full(len(at[0]), -1, dtype=np.int64)
        there = np.flatnonzero(at[0] >= 0)
        r, c = at[0][there], at[1][there]
        found[there] = np.where(count[r, c] == 0, number[r, c], -1)
        return found

    return Demand(
        tuple(operators), row.astype(np.int64), column.astype(np.int64), np.nan_to_num(people[row, column]).astype(np.float64),
        np.ascontiguousarray(serving[:, row, column].T), (count[row, column] > 0) & (rank[row, column] < fourth), cells(villages), cells(facilities),
    )  # fmt: skip


def steps_of(demand: Demand, extra_people: _F64, settings: ObjectiveSettings) -> tuple[_F64, _F64]:
    """Return what a year of service is worth at each cell.

    Parameters
    ----------
    demand : Demand
    extra_people : (d,) float64 array
        Worth of a first operator besides the people (:func:`cell_worth`).
    settings : ObjectiveSettings

    Returns
    -------
    operators : (d, 3) float64 array
        Of the next operator, the one after it ...; 0 beyond the third that serves.
    to_4g : (d,) float64 array
    """
    weights = (settings.first_operator_weight, settings.second_operator_weight, settings.third_operator_weight)
    steps, count = np.zeros((len(demand.row), _OPERATORS)), demand.count
    for have in range(_OPERATORS):
        mine = count == have
        for k, weight in enumerate(weights[have:]):
            steps[mine, k] = weight * demand.people[mine]
    nobody = count == 0
    steps[nobody, 0] += settings.first_operator_weight * extra_people[nobody]
    return steps, settings.to_4g_weight * demand.people * demand.without_4g


def cell_worth(demand: Demand, villages: pd.DataFrame | None, facilities: pd.DataFrame | None, settings: ObjectiveSettings) -> _F64:
    """Return what a first operator is worth at each cell besides its people, in people: villages of special difficulty, schools, clinics.

    Parameters
    ----------
    demand : Demand
    villages, facilities : DataFrame or None
        ``difficult_area`` (nullable; unknown adds nothing), ``facility_kind``; in the order of the demand's cells.
    settings : ObjectiveSettings
    """
    out = np.zeros(len(demand.row))
    if villages is not None:
        difficult = villages["difficult_area"].astype("boolean").fillna(False).to_numpy(dtype=bool)
        np.add.at(out, demand.village_cell[difficult & (demand.village_cell >= 0)], settings.difficult_village_people)
    if facilities is not None:
        counted = facilities["facility_kind"].isin(FACILITY_KINDS).to_numpy(dtype=bool)
        np.add.at(out, demand.facility_cell[counted & (demand.facility_cell >= 0)], settings.facility_people)
    return out


def deadline_years(demand: Demand, villages: pd.DataFrame | None, years: Sequence[int]) -> tuple[_I64, _I64]:
    """Return the year, as its position, in which each cell has to be served, and the village that asks for it; -1 none.

    A deadline in a year of the plan is kept by a site of that year; one that lies after the plan asks nothing of it, one
    before it asks for the first year.

    Parameters
    ----------
    demand : Demand
    villages : DataFrame or None
        ``deadline`` (NaT none).
    years : sequence of int
        Ascending.
    """
    year, who = np.full(len(demand.row), -1, dtype=np.int64), np.full(len(demand.row), -1, dtype=np.int64)
    if villages is None:
        return year, who
    due = pd.to_datetime(villages["deadline"]).dt.year.to_numpy(dtype=float, na_value=np.nan)
    for k in np.flatnonzero(np.isfinite(due) & (demand.village_cell >= 0)).tolist():
        last = max(0, int(np.searchsorted(np.asarray(years), due[k], side="right")) - 1)
        if due[k] > years[-1]:
            continue
        cell = int(demand.village_cell[k])
        if year[cell] < 0 or last < year[cell]:
            year[cell], who[cell] = last, k
    return year, who
