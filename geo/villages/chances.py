"""How likely it is that a village has an unserved cluster, where its cells' states leave it open: from joint draws.

Each cell of a hamlet may be undecided and it may yet be all but sure that some cluster of N households is unserved, or that
none is: neighbouring cells err together, so the clusters have to be formed in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, label

from geo.villages.white import Draws, joint_shares

__all__ = ["OpenVillage", "cluster_chances", "open_cells"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]
_EIGHT = np.ones((3, 3), dtype=int)
#: Empty cells that may join houses to one cluster, on either side; farther out a cluster in a draw would be of forest.
_BETWEEN = 3
#: Cells asked for at a time: 200 draws of so many are 32 MB a layer.
_AT_A_TIME = 20_000
#: A cell counts as unserved in a draw from this share below the planning level: that of its middle household.
_HALF = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class OpenVillage:
    """Cells of a village that may be unserved and hang together with households.

    Attributes
    ----------
    village : int
        Position in the list.
    corner : (int, int)
        First row and column of the window.
    cells : (rows, columns) bool array
    households : (rows, columns) float64 array
    """

    village: int
    corner: tuple[int, int]
    cells: _Bool
    households: _F64


def open_cells(mask: _Bool, weight: _F64, threshold: float) -> _Bool:
    """Return the cells of a mask that can be part of a cluster of ``threshold`` households, near the houses only."""
    labels, count = label(mask, structure=_EIGHT)
    if not count:
        return np.zeros(mask.shape, dtype=bool)
    sums = np.bincount(labels.ravel(), np.where(mask, weight, 0.0).ravel())
    enough = sums >= threshold
    enough[0] = False
    near = binary_dilation(weight > 0, structure=_EIGHT, iterations=_BETWEEN)
    return np.asarray(enough[labels] & near, dtype=bool)


def cluster_chances(
    asked: Sequence[OpenVillage], draws: Draws, counting: Sequence[int], threshold: float
) -> tuple[_F64, list[_F64]]:
    """Return how likely each village has a cluster of ``threshold`` households that nobody serves, and where.

    Parameters
    ----------
    asked : sequence of OpenVillage
    draws : callable
        See :data:`geo.villages.white.Draws`.
    counting : sequence of int
        Layers of the technologies that count.
    threshold : float

    Returns
    -------
    (n,) float64 array, list of (rows, columns) float64 arrays
        NaN where a layer is not known in any cell; and for each village the share of draws in which each cell of its window
        is unserved by everybody.
    """
    chance = np.full(len(asked), np.nan)
    shares = [np.zeros(one.cells.shape) for one in asked]
    start = 0
    while start < len(asked):
        stop, total = start, 0
        while stop < len(asked) and (stop == start or total + np.count_nonzero(asked[stop].cells) <= _AT_A_TIME):
            total += int(np.count_nonzero(asked[stop].cells))
            stop += 1
        _of_some(asked[start:stop], draws, counting, threshold, chance[start:stop], shares[start:stop])
        start = stop
    return chance, shares


def _of_some(
    asked: Sequence[OpenVillage], draws: Draws, counting: Sequence[int], threshold: float, chance: _F64, shares: list[_F64]
) -> None:
    places = [np.argwhere(one.cells) for one in asked]
    cells = np.concatenate([place + one.corner for place, one in zip(places, asked, strict=True)])
    nobody = joint_shares(draws, counting, cells[:, 0], cells[:, 1])
    at = 0
    for i, (one, place) in enumerate(zip(asked, places, strict=True)):
        mine = nobody[at : at + len(place)]
        at += len(place)
        if np.isnan(mine).any():
            continue
        below = mine >= _HALF
        shares[i][one.cells] = below.mean(axis=1)
        chance[i] = np.mean([_holds(one, below[:, j], threshold) for j in range(below.shape[1])])


def _holds(one: OpenVillage, below: _Bool, threshold: float) -> bool:
    """Tell whether the unserved cells of one draw make a cluster of enough households."""
    mask = np.zeros(one.cells.shape, dtype=bool)
    mask[one.cells] = below
    if float(one.households[mask].sum()) < threshold:
        return False
    labels, _ = label(mask, structure=_EIGHT)
    sums = np.bincount(labels.ravel(), np.where(mask, one.households, 0.0).ravel())
    return bool(sums[1:].max() >= threshold)
