"""What trips do for areas on the way: radio availability of communes and roads that has no verdict yet.

Areas are no reason for a route: villages come first, and what a route drives anyway is counted. Of the statistics of :mod:`geo.service_quality` a team's
own drive adds to shares from signal samples alone; subscribers' speed tests and operators' reports are other kinds of source, to which no measuring trip adds.

A phone in one square of the pieces that count as one cluster is one effective sample, however long it stays. With k of n effective samples at or
above the level, m more hold X of them, X ~ beta-binomial(m, k + ½, n − k + ½) (Jeffreys' prior; A. Gelman et al. 2013, Bayesian Data Analysis, 2.4), and the
area is decided where the exact test at the level decides k + X of n + m (:mod:`geo.standards.shares`): a sum over X.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import betabinom

from geo.binomial import share_p_values

__all__ = ["AREA_LEVELS", "area_chance", "open_areas"]

_F64 = npt.NDArray[np.float64]
AREA_LEVELS = ("commune", "road")
_SOURCE = "drive_test"
_SHARES = ("share_at_least", "share")
_JEFFREYS = 0.5


def open_areas(standards: pd.DataFrame | None) -> pd.DataFrame:
    """Return the rows that more signal samples can decide, with ``samples_needed`` beyond those there are.

    Parameters
    ----------
    standards : DataFrame or None
        As ``tables/standards.csv`` has it.
    """
    if standards is None or standards.empty:
        return pd.DataFrame(columns=["area_code", "area_level", "operator", "technology", "samples_needed"])
    asked = (
        (standards["evidence"] == "not_enough")
        & (standards["source_kind"] == _SOURCE)
        & standards["statistic"].isin(_SHARES)
        & standards["area_level"].isin(AREA_LEVELS)
        & np.isfinite(standards["n_needed"].to_numpy(dtype=np.float64, na_value=np.nan))
        & np.isfinite(standards["threshold"].to_numpy(dtype=np.float64, na_value=np.nan))
    )
    found = standards[asked.to_numpy(dtype=bool)].copy()
    found["samples_needed"] = found["n_needed"].to_numpy(dtype=np.float64) - found["n"].to_numpy(dtype=np.float64)
    kept: pd.DataFrame = found[found["samples_needed"] > 0].reset_index(drop=True)
    return kept


def area_chance(row: Mapping[str, Any], more: int, error_share: float) -> float:
    """Return how likely ``more`` effective samples decide an area.

    Parameters
    ----------
    row : mapping
        ``value``, ``n_effective``, ``threshold``, ``comparator`` of :func:`open_areas`.
    more : int
    error_share : float
        Of the exact tests.
    """
    n, share, threshold = (float(row[name]) for name in ("n_effective", "value", "threshold"))
    if more <= 0 or not n > 0:
        return 0.0
    k = share * n
    hits = np.arange(more + 1, dtype=np.float64)
    weight = betabinom.pmf(hits, more, k + _JEFFREYS, n - k + _JEFFREYS)
    many, few = share_p_values(k + hits, np.full(more + 1, n + more), np.full(more + 1, threshold))
    return float(weight[(many <= error_share) | (few <= error_share)].sum())
