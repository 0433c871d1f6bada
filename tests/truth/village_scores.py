"""Scores of lists of villages: precision, recall, what is left undecided, and what is found at equal false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from geo.coverage import State

__all__ = ["LIST_SUMS", "found_at", "list_sums", "nobody_probability", "point_class", "ratio"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]
_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
#: What :func:`list_sums` counts, in order.
LIST_SUMS = ("villages", "true", "listed", "hits", "true_undecided", "undecided")


def list_sums(true: _Bool, listed: _Bool, undecided: _Bool) -> _F64:
    """Return the counts :data:`LIST_SUMS`.

    Raises
    ------
    ValueError
        If a village is listed and undecided at once.
    """
    if (listed & undecided).any():
        raise ValueError("a village cannot be on the list and undecided")
    counted = (np.ones(len(true), dtype=bool), true, listed, true & listed, true & undecided, undecided)
    return np.asarray([float(c.sum()) for c in counted])


def ratio(over: npt.ArrayLike, under: npt.ArrayLike) -> _F64:
    """Return a quotient, NaN where nothing is divided by."""
    a, b = np.broadcast_arrays(np.asarray(over, dtype=np.float64), np.asarray(under, dtype=np.float64))
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0)


def found_at(true: _Bool, score: _F64, false_alarms: int) -> float:
    """Return how many true ones stand before the first false one too many, in the order of the score, highest first.

    Ties are broken by chance: of t true and f false ones of one score, t j / (f + 1) stand before the j-th false one.

    Parameters
    ----------
    true : (n,) bool array
    score : (n,) float64 array
        NaN ranks last.
    false_alarms : int
        How many false ones are allowed.
    """
    ranked = np.where(np.isnan(score), -np.inf, score)
    found, allowed = 0.0, false_alarms
    for value in np.unique(ranked)[::-1]:
        group = ranked == value
        t, f = int((group & true).sum()), int((group & ~true).sum())
        if f > allowed:
            return found + t * (allowed + 1) / (f + 1)
        found, allowed = found + t, allowed - f
    return found


def nobody_probability(probability: Mapping[tuple[str, str], _F64], operators: Sequence[str]) -> _F64:
    """Return the chance that no operator serves: operators taken as independent, of each the best technology.

    One rule for all methods; its technologies stand on the same masts, so they are not independent.
    NaN where any is not stated.
    """
    out: _F64 = np.ones(len(next(iter(probability.values()))))
    for operator in operators:
        mine = [1.0 - p for (o, _), p in probability.items() if o == operator]
        out = out * np.min(mine, axis=0)
    return out


def point_class(state: Mapping[tuple[str, str], _F64], operators: Sequence[str]) -> npt.NDArray[np.str_]:
    """Return "served", "white" (every layer of every operator unserved) or "undecided" from codes of states."""
    layers = [s for (o, _), s in state.items() if o in operators]
    served = np.any([np.isin(s, _SERVED) for s in layers], axis=0)
    white = np.all([np.isin(s, _UNSERVED) for s in layers], axis=0)
    return np.select([served, white], ["served", "white"], "undecided")
