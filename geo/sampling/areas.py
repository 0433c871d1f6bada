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
_SHARES = ("share_at_least", "share_at_most", "share")
_JEFFREYS = 0.5


def open_areas(standards: pd.DataFrame | None, error_share: float) -> pd.DataFrame:
    """Return the rows that more signal samples can decide, with ``samples_needed`` beyond those there are.

    Where nothing was measured nobody knows how many that takes: it is the least number that can show what the rule asks, when all of them do.

    Parameters
    ----------
    standards : DataFrame or None
        As ``tables/standards.csv`` has it.
    error_share : float
        Of the exact tests.
    """
    if standards is None or standards.empty:
        return pd.DataFrame(columns=["area_code", "area_level", "operator", "technology", "samples_needed"])
    asked = (
        (standards["evidence"] == "not_enough")
        & (standards["source_kind"] == _SOURCE)
        & standards["statistic"].isin(_SHARES)
        & standards["area_level"].isin(AREA_LEVELS)
        & np.isfinite(standards["threshold"].to_numpy(dtype=np.float64, na_value=np.nan))
    )
    found = standards[asked.to_numpy(dtype=bool)].copy()
    n, needed, threshold = (found[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("n", "n_needed", "threshold"))
    share = np.where(found["comparator"].isin(["<=", "<"]).to_numpy(dtype=bool), 1.0 - threshold, threshold)
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.where((share > 0.0) & (share < 1.0), np.ceil(np.log(error_share) / np.log(share) - 1e-9), np.nan)
    # NaN, where it cannot be settled by measuring, is not above 0.
    found["samples_needed"] = np.where(n == 0.0, least, needed - n)
    kept: pd.DataFrame = found[found["samples_needed"] > 0].reset_index(drop=True)
    return kept


def area_chance(row: Mapping[str, Any], more: int, error_share: float) -> float:
    """Return how likely ``more`` effective samples decide an area.

    Parameters
    ----------
    row : mapping
        ``value``, ``n``, ``n_effective``, ``threshold``, ``comparator`` of :func:`open_areas`.
    more : int
    error_share : float
        Of the exact tests.
    """
    n, share, threshold = (float(row[name]) for name in ("n_effective", "value", "threshold"))
    n = 0.0 if float(row["n"]) == 0.0 else n
    if more <= 0 or not n >= 0:
        return 0.0
    k = share * n if n > 0 else 0.0  # nothing measured: the prior alone
    hits = np.arange(more + 1, dtype=np.float64)
    weight = betabinom.pmf(hits, more, k + _JEFFREYS, n - k + _JEFFREYS)
    many, few = share_p_values(k + hits, np.full(more + 1, n + more), np.full(more + 1, threshold))
    return float(weight[(many <= error_share) | (few <= error_share)].sum())
