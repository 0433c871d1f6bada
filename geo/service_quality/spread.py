"""How the samples of each area are spread: over different things, over phones, round the clock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.service_quality.samples import NONE

__all__ = ["different_pairs", "hour_span", "largest_share", "limited_by_largest"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


def different_pairs(area: _I64, of: _I64) -> tuple[_I64, _I64]:
    """Return the area of each different pair, and how often it occurs; ``of`` is not negative."""
    span = int(of.max(initial=0)) + 1
    pairs, sizes = np.unique(area * span + of, return_counts=True)
    return pairs // span, sizes.astype(np.int64)


def largest_share(area: _I64, device: _I64, count: int) -> _F64:
    """Return the share of the known phone with most samples; 0 without any."""
    known = device != NONE
    out, total = np.zeros(count), np.bincount(area, minlength=count)
    if known.any():
        where, sizes = different_pairs(area[known], device[known])
        np.maximum.at(out, where, sizes.astype(np.float64))
    return np.divide(out, total, out=np.zeros(count), where=total > 0)


def limited_by_largest(n: _F64, n_effective: _F64, share_of_largest: _F64) -> npt.NDArray[np.bool_]:
    """Tell where the phone with most samples, counted for being the largest, takes a larger part of 1 / n_effective than one of two phones alike would.

    Of k phones alike it is 1 / (k + 1) (:mod:`geo.standards.effective`).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        part = n_effective * (np.square(share_of_largest) - 1.0 / np.square(n))
    return np.asarray(part > 1.0 / 3.0)


def hour_span(area: _I64, hour: _I64, count: int) -> _F64:
    """Return how many hours of the day lie between the first and the last on the shortest way round the clock."""
    seen = np.zeros((count, 24), dtype=bool)
    known = hour != NONE
    seen[area[known], hour[known]] = True
    out = np.zeros(count)
    for i in np.flatnonzero(seen.any(axis=1)):
        hours = np.flatnonzero(seen[i])
        out[i] = 24.0 - np.diff(np.append(hours, hours[0] + 24)).max()
    return out
