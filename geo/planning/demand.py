"""Who lacks what once every registered line stands: cells with people, and those where a village's point or a facility is.

What is unknown is no lack: an operator of which nobody knows whether it serves a cell is given nothing there, and a cell or village
of which that holds for every operator that might still serve it is no demand at all (:func:`left_unknown` counts them). Uncertain is a lack: the
prediction was made and does not reach.

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

from geo.coverage import TECHNOLOGIES, Reason, State
from geo.planning.gains import Service
from geo.planning.proposal_settings import ObjectiveSettings

__all__ = ["FACILITY_KINDS", "Demand", "cell_worth", "deadline_years", "demand_of", "left_unknown", "steps_of"]

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
        Position of the cell of each village and facility that nobody serves for sure, and some operator is known not to; -1 for the others.
    unknown : (d, operators) bool array
        Nobody knows whether the operator serves the cell.
    """

    operators: tuple[str, ...]
    row: _I64
    column: _I64
    people: _F64
    serving: _BOOL
    without_4g: _BOOL
    village_cell: _I64
    facility_cell: _I64
    unknown: _BOOL

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
    who = _who(service, operators)
    count, lacks = who.serving.sum(axis=0), ~who.serving & ~who.unknown
    lacking = who.inside & (((count < min(_OPERATORS, len(operators))) & lacks.any(axis=0)) | who.without_4g)
    nobody = (count == 0) & lacking
    wanted = lacking & (np.nan_to_num(people) > 0)
    for row, column in (villages, facilities):
        there = row >= 0
        wanted[row[there], column[there]] |= nobody[row[there], column[there]]
    row, column = np.nonzero(wanted)
    number = np.full(service.grid.shape, -1, dtype=np.int64)
    number[row, column] = np.arange(len(row))

    def cells(at: tuple[_I64, _I64]) -> _I64:
        found = np.full(len(at[0]), -1, dtype=np.int64)
        there = np.flatnonzero(at[0] >= 0)
        r, c = at[0][there], at[1][there]
        found[there] = np.where(nobody[r, c], number[r, c], -1)
        return found

    return Demand(
        tuple(operators), row.astype(np.int64), column.astype(np.int64), np.nan_to_num(people[row, column]).astype(np.float64),
        np.ascontiguousarray(who.serving[:, row, column].T), who.without_4g[row, column], cells(villages), cells(facilities),
        np.ascontiguousarray(who.unknown[:, row, column].T),
    )  # fmt: skip


def left_unknown(service: Service, people: _F64, operators: Sequence[str], villages: tuple[_I64, _I64]) -> dict[str, float]:
    """Count what is no demand only because it is unknown: nobody serves it for sure, and of no operator it is known that it does not.

    Parameters
    ----------
    service, people, operators, villages
        See :func:`demand_of`.

    Returns
    -------
    dict
        ``cells`` with people, ``people`` in them, ``villages`` whose cell is such a one.
    """
    who = _who(service, operators)
    left = who.inside & ~who.serving.any(axis=0) & who.unknown.all(axis=0)
    there = villages[0] >= 0
    lived_in = left & (np.nan_to_num(people) > 0)
    return {
        "cells": int(lived_in.sum()), "people": round(float(people[lived_in].sum()), 3), "villages": int(left[villages[0][there], villages[1][there]].sum()),
    }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Who:
    """Cells of the grid: inside the area; served for sure and not known, by operator; served by somebody and by nobody with 4G, as far as anybody knows."""

    inside: _BOOL
    serving: _BOOL
    unknown: _BOOL
    without_4g: _BOOL


def _who(service: Service, operators: Sequence[str]) -> _Who:
    shape, fourth = service.grid.shape, TECHNOLOGIES.index("4G")
    inside, with_4g, lacks_4g = (np.zeros(shape, dtype=bool) for _ in range(3))
    serving, unknown = np.zeros((len(operators), *shape), dtype=bool), np.ones((len(operators), *shape), dtype=bool)
    for state in service.state:
        inside |= state != State.OUTSIDE
    counting = [(i, o, t) for i, (o, t) in enumerate(service.layers) if t in service.settings.counting]
    for operator in dict.fromkeys(o for _, o, _ in counting):
        own = [(i, t) for i, o, t in counting if o == operator]
        served, hidden = _told(service, [i for i, _ in own])
        if operator in operators:
            at = list(operators).index(operator)
            serving[at], unknown[at] = served, hidden
        better = [i for i, t in own if TECHNOLOGIES.index(t) >= fourth]
        if better:
            served, hidden = _told(service, better)
            with_4g |= served
            lacks_4g |= ~served & ~hidden
    return _Who(inside, serving, unknown, serving.any(axis=0) & ~with_4g & lacks_4g)


def _told(service: Service, layers: Sequence[int]) -> tuple[_BOOL, _BOOL]:
    """Return where some of an operator's layers serves, and where nobody knows whether one does: not :func:`geo.coverage.combine`.

    A technology that its list never mentions hides nothing where its others are told; else an operator without 5G would be unknown everywhere.
    """
    state, reason = service.state[layers], service.reason[layers]
    dark = state == State.UNKNOWN
    served: _BOOL = np.asarray(np.isin(state, _SERVED).any(axis=0), dtype=np.bool_)
    hidden = (dark & (reason != Reason.TECHNOLOGY_NOT_LISTED)).any(axis=0) | dark.all(axis=0)
    perhaps = np.isin(state, (*_SERVED, State.UNCERTAIN)).any(axis=0)
    return np.asarray(served, dtype=bool), np.asarray(hidden & ~perhaps, dtype=bool)


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
