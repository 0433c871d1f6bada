"""How likely it is that nobody serves a place: from the layers' probabilities, or from joint draws of the field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.coverage import CoverageSettings
from geo.villages.places import UNSERVED, PlaceLayers

__all__ = ["Draws", "WhiteProbability", "joint_shares", "white_probability"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Layer, rows, columns to the share (n, draws) of each cell below the layer's planning level in each draw, NaN unknown.
Draws = Callable[[int, _I64, _I64], _F64]


@dataclass(frozen=True, slots=True, eq=False)
class WhiteProbability:
    """P that a place is unserved by every operator and technology that counts.

    Attributes
    ----------
    joint : (n,) float64 array
        From joint draws; NaN without draws, or where a layer is not known.
    low, high : (n,) float64 arrays
        Bounds that hold however the layers hang together; NaN outside the area.
    """

    joint: _F64
    low: _F64
    high: _F64


def white_probability(
    layers: PlaceLayers,
    row: _I64,
    column: _I64,
    settings: CoverageSettings,
    draws: Draws | None = None,
) -> WhiteProbability:
    """Return how likely it is that nobody serves each place.

    With p the probability that a layer serves a random point of the cell, Fréchet's bounds are
    max(0, 1 − Σ p) ≤ P(white) ≤ min(1 − p): the lower one where failures avoid each other, the upper one
    where they all come together, as behind one ridge. A layer of which nothing is known may serve: it makes the
    lower bound 0 and leaves the upper one. Where voids in the terrain may hide a better server of an unserved
    layer, p is taken up to the cut of ``unserved`` for the lower bound.

    From draws: in draw j the layers' fields are fixed and what is left varies within the cell, each layer for
    itself, so that P(white) is the mean over j of the product of the shares below. Layers that hang together do
    so through the draws: draw j of one and draw j of another have to belong to one joint draw.

    Parameters
    ----------
    layers : PlaceLayers
    row, column : (n,) int64 arrays
        The places' cells; -1 outside the grid.
    settings : CoverageSettings
    draws : callable, optional
        See :data:`Draws`; called once per layer that counts, with the cells of all places within the area, no
        cell twice.

    Raises
    ------
    ValueError
        If draws of two layers differ in number.
    """
    counting = [i for i, (_, technology) in enumerate(layers.layers) if technology in settings.counting]
    n = len(layers)
    inside = ~layers.outside.all(axis=0) if len(layers.layers) else np.zeros(n, dtype=bool)
    if not counting:
        nothing = np.full(n, np.nan)
        return WhiteProbability(nothing, np.where(inside, 0.0, np.nan), np.where(inside, 1.0, np.nan))
    least, most = layers.probability[counting], layers.probability[counting].copy()
    hidden = np.isin(layers.state[counting], UNSERVED) & np.isnan(layers.level_dbm[counting])
    hidden &= np.isfinite(layers.margin_sd[counting])
    most[hidden] = np.maximum(most[hidden], settings.unserved_probability)
    unknown = np.isnan(least)
    low = np.maximum(0.0, 1.0 - np.where(unknown, 1.0, most).sum(axis=0))
    high = 1.0 - np.where(unknown, 0.0, least).max(axis=0)
    joint = np.full(n, np.nan)
    if draws is not None and inside.any():
        cells, of_place = np.unique(np.column_stack([row[inside], column[inside]]), axis=0, return_inverse=True)
        joint[inside] = joint_shares(draws, counting, cells[:, 0], cells[:, 1]).mean(axis=1)[of_place]
    # The draws' own chance is off by some hundredths; the bounds are not.
    joint = np.where(np.isnan(joint), joint, np.clip(joint, low, high))
    return WhiteProbability(
        np.where(unknown.any(axis=0), np.nan, joint), np.where(inside, low, np.nan), np.where(inside, high, np.nan)
    )


def joint_shares(draws: Draws, counting: Sequence[int], row: _I64, column: _I64) -> _F64:
    """Return the share of each cell that nobody serves in each draw, (n, draws); NaN where a layer is not known.

    Parameters
    ----------
    draws : callable
    counting : sequence of int
        Layers of the technologies that count.
    row, column : (n,) int64 arrays
        No cell twice.

    Raises
    ------
    ValueError
        If draws of two layers differ in number.
    """
    product = np.ones((len(row), 1))
    shape: tuple[int, ...] | None = None
    for layer in counting:
        share = np.asarray(draws(layer, row, column), dtype=np.float64)
        if share.ndim != 2 or len(share) != len(row) or shape not in (None, share.shape):
            raise ValueError("draws of all layers need one shape: (places, draws)")
        shape = share.shape
        product = product * share
    return product
