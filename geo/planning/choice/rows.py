"""Rows that bound and exact choice have in common: what excludes each other, what has to be served by when, money's unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from geo.planning.choice.problem import NEVER, ChoiceProblem

__all__ = ["MONEY_UNIT_VND", "cliques", "deadline_rows"]

_I64 = npt.NDArray[np.int64]

#: Money in the solver, which tells numbers apart to 1e-6 of its unit: a đồng too much is a hundred times that.
MONEY_UNIT_VND = 10_000.0


def cliques(problem: ChoiceProblem) -> Iterator[tuple[_I64, float]]:
    """Yield sets of free candidates of which only so many may stand: pairs grown into cliques, which bound more tightly, and masts with little room.

    A free candidate that excludes a fixed one may not stand at all.
    """
    pairs = {(int(min(a, b)), int(max(a, b))) for a, b in problem.conflicts if a != b}
    near: dict[int, set[int]] = {}
    for a, b in pairs:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    free = problem.free
    barred = [j for j in sorted(near) if free[j] and any(not free[k] for k in near[j])]
    if barred:
        yield np.array(barred, dtype=np.int64), 0.0
    open_ = {(a, b) for a, b in pairs if free[a] and free[b]}
    for a, b in sorted(open_):
        if (a, b) not in open_:
            continue
        clique = [a, b]
        for c in sorted(near[a] & near[b]):
            if free[c] and all(c in near[m] for m in clique):
                clique.append(c)
        members = sorted(clique)
        open_ -= {(x, y) for i, x in enumerate(members) for y in members[i + 1 :]}
        yield np.array(members, dtype=np.int64), 1.0
    for mast, places in enumerate(problem.room_left(~free).tolist()):
        sharers = np.flatnonzero(free & (problem.mast == mast))
        if len(sharers) > places:
            yield sharers, float(max(places, 0))


def deadline_rows(problem: ChoiceProblem) -> Iterator[tuple[_I64, int]]:
    """Yield, for demands that have to be served by a year, the free candidates of which one has to stand, and the year.

    Demands that fixed candidates serve in time are met; one that no candidate can serve yields an empty set.
    """
    due = np.flatnonzero(problem.deadline != NEVER)
    if not len(due):
        return
    rows = problem.cover.tocsr()
    bounds = np.searchsorted(problem.unit_demand, np.arange(len(problem.steps) + 1))
    for demand in due:
        last = int(problem.deadline[demand])
        members = np.unique(rows.indices[rows.indptr[bounds[demand]] : rows.indptr[bounds[demand + 1]]]).astype(np.int64)
        standing = problem.fixed_year[members]
        if ((standing != NEVER) & (standing <= last)).any():
            continue
        yield members[problem.free[members]], last
