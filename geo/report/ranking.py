"""Which ranks communes may have, when their people without signal are known only within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Ranking", "people_unserved", "possible_ranks"]

Floats = npt.NDArray[np.float64]
_SHARES = ("population_unserved_share", "population_uncertain_share", "population_unknown_share")


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Bounds of people without signal, the ranks that they allow, and the order of a table.

    Attributes
    ----------
    least, most : (n,) float64 arrays
        NaN where not known.
    best, worst : (n,) int64 arrays
        1 is the commune with most people unserved; 0 where the commune's own people are not known.
    order : list of int
    says_something : bool
        Whether any commune is kept from any rank.
    known : bool
        Whether any commune's people are known.
    """

    least: Floats
    most: Floats
    best: npt.NDArray[np.int64]
    worst: npt.NDArray[np.int64]
    order: list[int]
    says_something: bool
    known: bool


def people_unserved(communes: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return at least and at most how many people of each commune have no signal; NaN where not known.

    At least those in cells surely unserved, at most also those in uncertain and unknown ones. Where all of a commune is
    unknown, its people may all be unserved, and none may.
    """
    if not {"population", *_SHARES} <= set(communes.columns):
        nothing = np.full(len(communes), np.nan)
        return nothing, nothing.copy()
    people = pd.to_numeric(communes["population"], errors="coerce").to_numpy(float, na_value=np.nan)
    shares = np.column_stack([pd.to_numeric(communes[name], errors="coerce").to_numpy(float, na_value=np.nan) for name in _SHARES])
    shares[np.ix_(shares[:, 2] == 1, [0, 1])] = 0.0
    return people * shares[:, 0], people * np.minimum(shares.sum(axis=1), 1.0)


def possible_ranks(communes: pd.DataFrame, codes: Sequence[str]) -> Ranking:
    """Return the ranks that each commune may have by its people without signal.

    A commune ranks before another for sure if its least is more than the other's most. One whose people are not known may
    stand anywhere, and so may take or leave a rank of every other.

    Parameters
    ----------
    communes : DataFrame
        As in ``communes.csv``.
    codes : sequence of str
        Of the communes; they settle the order where figures are equal.
    """
    least, most = people_unserved(communes)
    n = len(least)
    known = np.isfinite(least) & np.isfinite(most)
    low, high = np.where(known, least, 0.0), np.where(known, most, np.inf)
    before = (low[None, :] > high[:, None]).sum(axis=1)
    after = (high[None, :] < low[:, None]).sum(axis=1)
    best = np.where(known, 1 + before, 0).astype(np.int64)
    worst = np.where(known, n - after, 0).astype(np.int64)
    order = sorted(range(n), key=lambda i: (not known[i], -low[i] if known[i] else 0.0, -high[i] if known[i] else 0.0, codes[i]))
    says = bool((known & ((best > 1) | (worst < n))).any())
    return Ranking(least, most, best, worst, order, says, bool(known.any()))
