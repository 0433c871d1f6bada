"""What is asked: candidates with their costs, what each would serve, what service is worth, budgets and duties."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

__all__ = ["NEVER", "ChoiceProblem", "merged"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]

#: Year of a candidate that is not built.
NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceProblem:
    """One choice of candidates over years.

    A *demand* is a place or a cluster of people; a *unit* is one operator's service at a demand. A candidate that is built in
    a year provides its units from that year on. In each year a demand is worth the sum of its first k steps, k the number of
    its units that are provided; the plan is worth the sum over demands and years.

    Attributes
    ----------
    cost_vnd : (n,) int64 array
        Of each candidate, in đồng, not negative.
    cover : (u, n) csc_array of bool
        Units that each candidate provides.
    unit_demand : (u,) int64 array
        Demand of each unit, not descending.
    steps : (d, k) float64 array
        Worth, in one year, of the first, second ... operator that comes to a demand; not negative, not rising along a row.
    budget_vnd : (t,) int64 array
        Of each year; what a year leaves is not carried on.
    fixed_year : (n,) int64 array
        Year from which an existing or committed candidate stands at no cost to the budget; ``NEVER`` for those that are free.
    conflicts : (m, 2) int64 array
        Candidates of which at most one may stand.
    deadline : (d,) int64 array
        Year in which some unit of the demand has to be provided; ``NEVER``: none.
    shared : (n,) bool array
        Sharing or upgrade of what stands: preferred where the worth is the same.
    mast : (n,) int64 array
        Mast of which a candidate takes a free place, from whatever year on; ``NEVER``: none that is short of places.
    room : (m,) int64 array
        Free places of each mast, over all years together: nobody who came leaves.
    """

    cost_vnd: _I64
    cover: csc_array
    unit_demand: _I64
    steps: _F64
    budget_vnd: _I64
    fixed_year: _I64
    conflicts: _I64
    deadline: _I64
    shared: _Bool
    mast: _I64
    room: _I64

    @classmethod
    def of(
        cls,
        cost_vnd: npt.ArrayLike,
        cover: csc_array,
        steps: npt.ArrayLike,
        budget_vnd: npt.ArrayLike,
        *,
        unit_demand: npt.ArrayLike | None = None,
        fixed_year: npt.ArrayLike | None = None,
        conflicts: npt.ArrayLike = (),
        deadline: npt.ArrayLike | None = None,
        shared: npt.ArrayLike | None = None,
        mast: npt.ArrayLike | None = None,
        room: npt.ArrayLike = (),
    ) -> ChoiceProblem:
        """Return a checked problem; what is left out is one operator, nothing fixed, no conflict, no deadline, no sharing, room for all.

        Raises
        ------
        ValueError
            If sizes do not fit, or numbers are not what the attributes say.
        """
        cost, worth = np.asarray(cost_vnd), np.asarray(steps, dtype=np.float64)
        worth = worth[:, None] if worth.ndim == 1 else worth
        budget, n, d = np.asarray(budget_vnd), len(cost), len(worth)
        units = np.arange(d, dtype=np.int64) if unit_demand is None else np.asarray(unit_demand, dtype=np.int64)
        matrix = csc_array(cover, dtype=bool)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        matrix.sort_indices()
        found = cls(
            _whole(cost, "cost_vnd"), matrix, units, worth, _whole(budget, "budget_vnd"),
            np.full(n, NEVER, dtype=np.int64) if fixed_year is None else np.asarray(fixed_year, dtype=np.int64),
            np.asarray(conflicts, dtype=np.int64).reshape(-1, 2),
            np.full(d, NEVER, dtype=np.int64) if deadline is None else np.asarray(deadline, dtype=np.int64),
            np.zeros(n, dtype=bool) if shared is None else np.asarray(shared, dtype=bool),
            np.full(n, NEVER, dtype=np.int64) if mast is None else np.asarray(mast, dtype=np.int64), np.asarray(room, dtype=np.int64),
        )  # fmt: skip
        found._check()
        return found

    def _check(self) -> None:
        n, d, t = len(self.cost_vnd), len(self.steps), len(self.budget_vnd)
        sizes = {
            "cover": self.cover.shape == (len(self.unit_demand), n), "fixed_year": len(self.fixed_year) == n,
            "shared": len(self.shared) == n, "deadline": len(self.deadline) == d, "budget_vnd": t > 0, "mast": len(self.mast) == n,
        }  # fmt: skip
        wrong = [name for name, fits in sizes.items() if not fits]
        if wrong:
            raise ValueError(f"sizes do not fit: {', '.join(wrong)}")
        if not (np.isfinite(self.steps).all() and (self.steps >= 0).all() and (np.diff(self.steps, axis=1) <= 0).all()):
            raise ValueError("steps must be finite, not negative and not rise along a row")
        if len(self.unit_demand) and ((np.diff(self.unit_demand) < 0).any() or self.unit_demand[0] < 0 or self.unit_demand[-1] >= d):
            raise ValueError("unit_demand must be numbers of demands that do not descend")
        if (self.room < 0).any():
            raise ValueError("room must not be negative")
        for name, values, most in (("fixed_year", self.fixed_year, t), ("deadline", self.deadline, t), ("conflicts", self.conflicts, n), ("mast", self.mast, len(self.room))):
            if values.size and (values.min() < NEVER or values.max() >= most):
                raise ValueError(f"{name} holds numbers out of range")

    @property
    def years(self) -> int:
        """Number of years."""
        return len(self.budget_vnd)

    @property
    def candidates(self) -> int:
        """Number of candidates."""
        return len(self.cost_vnd)

    def room_left(self, standing: _Bool) -> _I64:
        """Return the places that are left on each mast beside what stands, (m,); negative where it stands too close.

        Parameters
        ----------
        standing : (n,) bool array
            In the last year, fixed candidates included.
        """
        here = self.mast[standing & (self.mast != NEVER)]
        return self.room - np.bincount(here, minlength=len(self.room))

    @property
    def free(self) -> _Bool:
        """Candidates that may be built or left, (n,)."""
        return np.asarray(self.fixed_year == NEVER)


def _whole(values: npt.NDArray[np.generic], name: str) -> _I64:
    """Return money as whole đồng."""
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all() or (numbers < 0).any() or (numbers != np.rint(numbers)).any():
        raise ValueError(f"{name} must be whole đồng, not negative")
    return np.asarray(values).astype(np.int64)


def merged(problem: ChoiceProblem, keep: _Bool | None = None) -> ChoiceProblem:
    """Return the same problem with demands of identical cover as one, and those that nobody can serve left out.

    Demands are alike when the same candidates provide their units, unit by unit, and none or the same deadline is set;
    their steps add up. Plans are worth the same before and after, but for what fixed candidates alone provide being kept too.

    Parameters
    ----------
    problem : ChoiceProblem
    keep : (n,) bool array, optional
        Candidates that still matter; the columns of the others are emptied, their numbers stay.
    """
    cover = problem.cover
    if keep is not None:
        counts = np.diff(cover.indptr)
        entries = np.repeat(keep, counts)
        indptr = np.r_[0, np.cumsum(np.where(keep, counts, 0))]
        cover = csc_array((cover.data[entries], cover.indices[entries], indptr), shape=cover.shape)
    rows = cover.tocsr()
    rows.sort_indices()
    key: dict[tuple[object, ...], int] = {}
    group = np.full(len(problem.steps), -1, dtype=np.int64)
    units: list[_I64] = []
    bounds = np.searchsorted(problem.unit_demand, np.arange(len(problem.steps) + 1))
    for demand in range(len(problem.steps)):
        mine = range(bounds[demand], bounds[demand + 1])
        provided = [rows.indices[rows.indptr[u] : rows.indptr[u + 1]].tobytes() for u in mine]
        useful = sorted(p for p in provided if p)
        if not useful and problem.deadline[demand] == NEVER:
            continue
        name = (int(problem.deadline[demand]), *useful)
        if name not in key:
            key[name] = len(key)
            order = sorted((p, u) for p, u in zip(provided, mine, strict=True) if p)
            units.append(np.array([u for _, u in order], dtype=np.int64))
        group[demand] = key[name]
    told = group >= 0
    steps = np.zeros((len(key), problem.steps.shape[1]))
    np.add.at(steps, group[told], problem.steps[told])
    deadline = np.full(len(key), NEVER, dtype=np.int64)
    deadline[group[told]] = problem.deadline[told]
    taken = np.concatenate(units) if units else np.zeros(0, dtype=np.int64)
    small = csc_array(rows[taken]) if len(taken) else csc_array((0, problem.candidates), dtype=bool)
    small.sort_indices()
    return replace(
        problem, cover=small, steps=steps, deadline=deadline,
        unit_demand=np.repeat(np.arange(len(key)), [len(u) for u in units]).astype(np.int64),
    )  # fmt: skip
