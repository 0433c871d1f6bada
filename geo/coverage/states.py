"""From levels to states: what is served, what is not, and what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt
from scipy.special import ndtr
from shapely.geometry.base import BaseGeometry

from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.propagation.area import AreaLevels
from geo.propagation.settings import CoverageSettings
from geo.propagation.sources import PreparedSources

__all__ = ["Coverage", "Reason", "State", "border_ring", "combine", "coverage_states", "state_counts"]

UInt8 = npt.NDArray[np.uint8]
_F32 = npt.NDArray[np.float32]


class State(IntEnum):
    """State of a cell of the grid for an operator and technology."""

    OUTSIDE = 0
    MEASURED_SERVED = 1
    PREDICTED_SERVED = 2
    UNCERTAIN = 3
    PREDICTED_UNSERVED = 4
    MEASURED_UNSERVED = 5
    UNKNOWN = 6


class Reason(IntEnum):
    """Why a cell is unknown."""

    NONE = 0
    TERRAIN = 1
    NO_LEVEL = 2
    NEIGHBOUR_SITES = 3
    NO_SITE_LIST = 4
    NO_TECHNOLOGY = 5
    TECHNOLOGY_NOT_LISTED = 6


@dataclass(frozen=True, slots=True)
class Coverage:
    """Predicted coverage of all layers on one grid.

    Attributes
    ----------
    grid : Grid
    layers : tuple of (operator, technology)
        First axis of the arrays below.
    level_dbm : (layers, rows, columns) float32 array
        Best server's level; NaN outside, out of every cell's reach, and where voids hide a better one.
    probability : (layers, rows, columns) float32 array
        P that the level at a random point of the cell reaches the planning level; NaN where the state is unknown.
    margin_sd : (layers, rows, columns) float32 array
        (level − planning level) / sd of the best server; -inf out of reach, NaN where the state is unknown.
    state : (layers, rows, columns) uint8 array
        Codes of :class:`State`.
    reason : (layers, rows, columns) uint8 array
        Codes of :class:`Reason` where the state is unknown.
    """

    grid: Grid
    layers: tuple[tuple[str, str], ...]
    level_dbm: _F32
    probability: _F32
    margin_sd: _F32
    state: UInt8
    reason: UInt8

    def index(self, operator: str, technology: str) -> int:
        """Return the position of a layer."""
        return self.layers.index((operator, technology))

    @property
    def operators(self) -> tuple[str, ...]:
        """Operators, sorted."""
        return tuple(sorted({operator for operator, _ in self.layers}))

    def operator_state(self, operator: str, technologies: Sequence[str]) -> UInt8:
        """Return an operator's state over those of the technologies it has layers for."""
        chosen = [i for i, (o, t) in enumerate(self.layers) if o == operator and t in technologies]
        if not chosen:
            inside = self.state.max(axis=0) > State.OUTSIDE
            return np.where(inside, State.UNKNOWN, State.OUTSIDE).astype(np.uint8)
        return combine([self.state[i] for i in chosen])

    def all_state(self, technologies: Sequence[str]) -> UInt8:
        """Return the state over all operators."""
        return combine([self.operator_state(operator, technologies) for operator in self.operators])


def combine(states: Sequence[UInt8]) -> UInt8:
    """Return several layers as one, in three values.

    Any served → served (measured if one of them is); all unserved → unserved (measured if all are);
    else undecided: ``uncertain`` if any layer is uncertain, ``unknown`` if the rest are all unknown.
    Outside where all are.

    Parameters
    ----------
    states : sequence of (rows, columns) uint8 arrays
        At least one.
    """
    stack = np.stack(list(states))
    served = (stack == State.MEASURED_SERVED) | (stack == State.PREDICTED_SERVED)
    unserved = (stack == State.PREDICTED_UNSERVED) | (stack == State.MEASURED_UNSERVED)
    outside = stack == State.OUTSIDE
    out = np.full(stack.shape[1:], State.UNKNOWN, dtype=np.uint8)
    out[(stack == State.UNCERTAIN).any(axis=0)] = State.UNCERTAIN
    all_unserved = (unserved | outside).all(axis=0)
    out[all_unserved] = State.PREDICTED_UNSERVED
    out[((stack == State.MEASURED_UNSERVED) | outside).all(axis=0)] = State.MEASURED_UNSERVED
    out[served.any(axis=0)] = State.PREDICTED_SERVED
    out[(stack == State.MEASURED_SERVED).any(axis=0)] = State.MEASURED_SERVED
    out[outside.all(axis=0)] = State.OUTSIDE
    return out


def border_ring(
    grid: Grid, inside: npt.NDArray[np.bool_], reach_m: float, border: BaseGeometry | None = None
) -> npt.NDArray[np.bool_]:
    """Return the cells that lie within ``reach_m`` of the area's border (to about half a cell).

    Parameters
    ----------
    grid : Grid
        In metres.
    inside : (rows, columns) bool array
        The area.
    reach_m : float
    border : geometry in the grid's CRS, optional
        The part of the border with land and people beyond it; by default all of it. A coast or a side
        whose neighbour's sites are given is left out by giving the rest.
    """
    if inside.shape != grid.shape:
        raise GridMismatchError("Mặt nạ không khớp lưới.", "The mask does not fit the grid.")
    if border is None:
        padded = np.pad(inside, 1, constant_values=False)
        distance = distance_transform_edt(padded)[1:-1, 1:-1] - 0.5
    else:
        if border.is_empty:
            return np.zeros(grid.shape, dtype=bool)
        line = rasterize([border], out_shape=grid.shape, transform=grid.transform, all_touched=True, dtype="uint8")
        distance = distance_transform_edt(line == 0) if line.any() else np.full(grid.shape, np.inf)
    return np.asarray(inside & (distance * grid.cell_size <= reach_m), dtype=np.bool_)


def coverage_states(
    levels: AreaLevels,
    prepared: PreparedSources,
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    settings: CoverageSettings,
    *,
    border: BaseGeometry | None = None,
) -> Coverage:
    """Return states and probabilities from predicted levels.

    P = Phi((level − planning level) / sd). Served for P ≥ ``served_probability``, unserved for
    P ≤ ``unserved_probability``, uncertain between. Where terrain voids hide a path, the state is
    stated only if the best and the worst case agree; else it is unknown. Unserved near a border whose
    far side has no site list becomes unknown. An operator without site list is unknown everywhere, and so is
    a technology that no list of its operator mentions: a list that cannot say 5G does not deny it.

    Parameters
    ----------
    levels : AreaLevels
        Of the whole grid.
    prepared : PreparedSources
    grid : Grid
    inside : (rows, columns) bool array
    settings : CoverageSettings
    border : geometry in the grid's CRS, optional
        See :func:`border_ring`.
    """
    ring = border_ring(grid, inside, settings.neighbour_reach_m, border)
    count = len(prepared.layers)
    shape = (count, *grid.shape)
    state = np.zeros(shape, dtype=np.uint8)
    reason = np.zeros(shape, dtype=np.uint8)
    probability = np.full(shape, np.nan, dtype=np.float32)
    margin_sd = np.full(shape, np.nan, dtype=np.float32)
    level_dbm = np.full(shape, np.nan, dtype=np.float32)
    for i, (operator, technology) in enumerate(prepared.layers):
        low_p = ndtr(levels.margin_sd[0][i].astype(np.float64))
        high_p = ndtr(np.maximum(levels.margin_sd[0][i], levels.bound_sd[0][i]).astype(np.float64))
        low, high = _cut(low_p, settings), _cut(high_p, settings)
        layer = np.where(low == high, low, np.uint8(State.UNKNOWN)).astype(np.uint8)
        why = np.where(low == high, Reason.NONE, Reason.TERRAIN).astype(np.uint8)
        open_ended = np.isposinf(levels.bound_sd[0][i]) & (why == Reason.TERRAIN)
        why[open_ended] = Reason.NO_TECHNOLOGY if technology in settings.levels_dbm else Reason.NO_LEVEL
        if operator not in settings.neighbour_operators:
            near = ring & (layer == State.PREDICTED_UNSERVED)
            layer[near], why[near] = State.UNKNOWN, Reason.NEIGHBOUR_SITES
        if operator in prepared.without_sites:
            layer[:], why[:] = State.UNKNOWN, Reason.NO_SITE_LIST
        elif (operator, technology) in prepared.unlisted:
            layer[:], why[:] = State.UNKNOWN, Reason.TECHNOLOGY_NOT_LISTED
        layer[~inside], why[~inside] = State.OUTSIDE, Reason.NONE
        state[i], reason[i] = layer, why
        stated = inside & (layer != State.UNKNOWN)
        probability[i][stated] = low_p[stated]
        margin_sd[i][stated] = levels.margin_sd[0][i][stated]
        shown = inside & np.isfinite(levels.level_dbm[i]) & (why != Reason.TERRAIN)
        level_dbm[i][shown] = levels.level_dbm[i][shown]
    return Coverage(grid, prepared.layers, level_dbm, probability, margin_sd, state, reason)


def _cut(probability: npt.NDArray[np.float64], settings: CoverageSettings) -> UInt8:
    out = np.full(probability.shape, State.UNCERTAIN, dtype=np.uint8)
    out[probability >= settings.served_probability] = State.PREDICTED_SERVED
    out[probability <= settings.unserved_probability] = State.PREDICTED_UNSERVED
    return out


def state_counts(state: UInt8) -> Mapping[str, int]:
    """Return the number of cells in each state that occurs, by name."""
    codes, counts = np.unique(state, return_counts=True)
    return {State(int(c)).name.lower(): int(n) for c, n in zip(codes, counts, strict=True)}

