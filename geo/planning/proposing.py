"""From what candidates cover and who lacks what to a plan by years: the choice's problem, what each chosen site gains, what else was asked.

Gains are marginal: each site counts whom it serves beyond all registered lines and the sites before it in the plan's order, so that they add up to
what the plan gains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_array

from geo.coverage import TECHNOLOGIES
from geo.planning.candidates import Options
from geo.planning.choice import NEVER, ChoiceProblem
from geo.planning.choice.value import State
from geo.planning.demand import Demand

__all__ = ["GAINED", "Cover", "Ledger", "choice_problem", "cost_variants", "cover_by_operator", "in_order", "village_problem"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_BOOL = npt.NDArray[np.bool_]

#: What a site of the plan gains, as people.
GAINED = ("first_operator", "to_4g", "second_operator", "third_operator")
_FOURTH = TECHNOLOGIES.index("4G")


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """Cells that an operator's equipment on a place would serve.

    Attributes
    ----------
    served, with_4g : mappings of (place, operator) to (k,) int64 arrays
        With any proposed technology, and with 4G or better; positions of the demand's cells, ascending.
    """

    served: dict[tuple[int, str], _I64]
    with_4g: dict[tuple[int, str], _I64]

    def of(self, place: int, operator: str) -> tuple[_I64, _I64]:
        """Return both; empty where nothing is covered."""
        none = np.zeros(0, dtype=np.int64)
        return self.served.get((place, operator), none), self.with_4g.get((place, operator), none)


def cover_by_operator(matrix: csc_array, columns: pd.DataFrame, places: pd.DataFrame, demand: Demand) -> Cover:
    """Return what an operator's technologies on a place cover together, but for cells that it may serve already for all that is known.

    Parameters
    ----------
    matrix, columns
        See :func:`geo.planning.cover.read_cover`.
    places : DataFrame
        ``place_id``; keys are positions in it.
    demand : Demand
        Whose cells the rows are.
    """
    at = {o: i for i, o in enumerate(demand.operators)}
    number = {str(p): k for k, p in enumerate(places["place_id"])}
    served: dict[tuple[int, str], _I64] = {}
    fourth: dict[tuple[int, str], _I64] = {}
    for j, (place, operator, technology) in enumerate(columns.itertuples(index=False)):
        cells = matrix.indices[matrix.indptr[j] : matrix.indptr[j + 1]].astype(np.int64)
        cells = cells[~demand.unknown[cells, at[str(operator)]]]
        key = number[str(place)], str(operator)
        served[key] = np.union1d(served[key], cells) if key in served else cells
        if TECHNOLOGIES.index(str(technology)) >= _FOURTH:
            fourth[key] = np.union1d(fourth[key], cells) if key in fourth else cells
    return Cover(served, fourth)


def choice_problem(
    demand: Demand,
    steps: _F64,
    to_4g: _F64,
    cover: Cover,
    options: Options,
    *,
    budget_vnd: Sequence[int],
    pairs: _I64,
    deadline: _I64,
) -> ChoiceProblem:
    """Return the problem of :mod:`geo.planning.choice`: its demands are the cells, then the cells without 4G once more.

    Parameters
    ----------
    demand : Demand
    steps, to_4g
        :func:`geo.planning.demand.steps_of`.
    cover : Cover
    options : Options
        Its candidates, in this order.
    budget_vnd : sequence of int
    pairs : (m, 2) int64 array
        :func:`geo.planning.candidates.conflicts`.
    deadline : (d,) int64 array
        Position of the year by which a cell has to be served; -1 none.
    """
    d = len(demand.row)
    asked = ~demand.serving & ~demand.unknown & ((steps > 0).any(axis=1) | (deadline != NEVER))[:, None]
    unit = np.full(demand.serving.shape, -1, dtype=np.int64)
    unit[asked] = np.arange(int(asked.sum()))
    first_4g = int(asked.sum())
    lacking = np.flatnonzero(to_4g > 0)
    unit_4g = np.full(d, -1, dtype=np.int64)
    unit_4g[lacking] = first_4g + np.arange(len(lacking))
    unit_demand = np.concatenate([np.nonzero(asked)[0], d + np.arange(len(lacking))])
    number = {o: i for i, o in enumerate(demand.operators)}
    columns: list[_I64] = []
    for place, who in zip(options.table["place"].tolist(), options.members, strict=True):
        parts = []
        for operator in who:
            served, fourth = cover.of(int(place), operator)
            parts += [unit[served, number[operator]], unit_4g[fourth]]
        units = np.unique(np.concatenate(parts))
        columns.append(units[units >= 0])
    matrix = _columns(columns, len(unit_demand))
    worth = np.vstack([steps, np.column_stack([to_4g[lacking], np.zeros((len(lacking), steps.shape[1] - 1))])])
    return ChoiceProblem.of(
        options.table["cost_vnd"].to_numpy(dtype=np.int64), matrix, worth, np.asarray(budget_vnd, dtype=np.int64), unit_demand=unit_demand,
        conflicts=pairs, deadline=np.concatenate([deadline, np.full(len(lacking), NEVER, dtype=np.int64)]),
        shared=(options.table["action"] != "build").to_numpy(dtype=bool), mast=options.mast, room=options.room,
    )  # fmt: skip


def _columns(columns: Sequence[_I64], rows: int) -> csc_array:
    indptr = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.int64)
    flat = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    return csc_array((np.ones(len(flat), dtype=bool), flat, indptr), shape=(rows, len(columns)))


def village_problem(demand: Demand, cover: Cover, options: Options, *, pairs: _I64) -> tuple[ChoiceProblem, _I64]:
    """Return the problem of serving villages alone, each worth 1, in one year without money, and which villages its demands are.

    Parameters
    ----------
    demand, cover, options, pairs
        See :func:`choice_problem`.
    """
    who = np.flatnonzero(demand.village_cell >= 0)
    at: dict[int, list[int]] = {}
    for n, cell in enumerate(demand.village_cell[who].tolist()):
        at.setdefault(cell, []).append(n)
    wanted = np.array(sorted(at), dtype=np.int64)
    columns = []
    for place, operators in zip(options.table["place"].tolist(), options.members, strict=True):
        cells = np.concatenate([cover.of(int(place), operator)[0] for operator in operators])
        hit = wanted[np.isin(wanted, cells)]
        columns.append(np.array(sorted(n for cell in hit.tolist() for n in at[cell]), dtype=np.int64))
    problem = ChoiceProblem.of(
        options.table["cost_vnd"].to_numpy(dtype=np.int64), _columns(columns, len(who)), np.ones(len(who)), [0], conflicts=pairs,
        shared=(options.table["action"] != "build").to_numpy(dtype=bool), mast=options.mast, room=options.room,
    )  # fmt: skip
    return problem, who


def cost_variants(problem: ChoiceProblem, share: float, count: int, seed: int) -> list[ChoiceProblem]:
    """Return variants whose costs are changed, each candidate's by its own share between -``share`` and +``share``; whole đồng."""
    rng = np.random.default_rng(seed)
    return [
        replace(problem, cost_vnd=np.rint(problem.cost_vnd * rng.uniform(1.0 - share, 1.0 + share, problem.candidates)).astype(np.int64)) for _ in range(count)
    ]


class Ledger:
    """Who is served, as sites of a plan come one after the other.

    Parameters
    ----------
    demand : Demand
    """

    def __init__(self, demand: Demand) -> None:
        self.demand = demand
        self._serving = demand.serving.copy()
        self._without_4g = demand.without_4g.copy()

    def changes(self, cover: Cover, place: int, who: Sequence[str]) -> tuple[_I64, _I64, _I64, _I64]:
        """Return the cells touched, the number of operators there before and after, and the cells that get 4G."""
        number = {o: i for i, o in enumerate(self.demand.operators)}
        parts = [cover.of(place, operator) for operator in who]
        cells = np.unique(np.concatenate([p[0] for p in parts]))
        after = self._serving[cells].copy()
        for operator, (served, _) in zip(who, parts, strict=True):
            after[np.isin(cells, served), number[operator]] = True
        fourth = np.unique(np.concatenate([p[1] for p in parts]))
        return cells, self._serving[cells].sum(axis=1), after.sum(axis=1), fourth[self._without_4g[fourth]]

    def people(self, cover: Cover, place: int, who: Sequence[str]) -> dict[str, float]:
        """Return the people that a site would gain now, by step (:data:`GAINED`)."""
        cells, before, after, fourth = self.changes(cover, place, who)
        people = self.demand.people[cells]
        crossed = {name: float(people[(before < k) & (after >= k)].sum()) for k, name in ((1, "first_operator"), (2, "second_operator"), (3, "third_operator"))}
        return {**crossed, "to_4g": float(self.demand.people[fourth].sum())}

    def first_cells(self, cover: Cover, place: int, who: Sequence[str]) -> _I64:
        """Return the cells that a site would give their first operator."""
        cells, before, after, _ = self.changes(cover, place, who)
        return np.asarray(cells[(before == 0) & (after > 0)], dtype=np.int64)

    def build(self, cover: Cover, place: int, who: Sequence[str]) -> None:
        """Let a site stand from now on. A cell that gets its first operator by 4G lacks none; one that gets it otherwise does."""
        number = {o: i for i, o in enumerate(self.demand.operators)}
        for operator in who:
            served, fourth = cover.of(place, operator)
            new = served[~self._serving[served].any(axis=1)]
            self._without_4g[new] = True
            self._serving[served, number[operator]] = True
            self._without_4g[fourth] = False


def in_order(problem: ChoiceProblem, year: _I64) -> list[int]:
    """Return the chosen candidates in the plan's order: year by year, in each first what adds most worth per đồng to those before.

    Parameters
    ----------
    problem : ChoiceProblem
    year : (n,) int64 array
        The plan.
    """
    state = State(problem, np.full(problem.candidates, NEVER, dtype=np.int64))
    cost = np.maximum(problem.cost_vnd.astype(np.float64), 1.0)
    out: list[int] = []
    for at in range(problem.years):
        left = set(np.flatnonzero(year == at).tolist())
        while left:
            rank = state.gains(at) / cost
            best = min(left, key=lambda j: (-rank[j], j))
            state.build(best, at)
            left.remove(best)
            out.append(best)
    return out
