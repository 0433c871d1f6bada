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
from geo.propagation.entry import USES
from geo.propagation.settings import CoverageSettings
from geo.propagation.sources import PreparedSources

__all__ = [
    "Coverage",
    "LayerFacts",
    "PieceStates",
    "Reason",
    "State",
    "border_ring",
    "combine",
    "coverage_states",
    "piece_states",
    "state_counts",
]

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
    UNPLACED_SITES = 7


@dataclass(frozen=True, slots=True)
class Coverage:
    """Predicted coverage of all layers on one grid.

    The arrays may be memory-mapped: take one layer of them at a time.

    Attributes
    ----------
    grid : Grid
    layers : tuple of (operator, technology)
        First axis of the arrays below.
    level_dbm : (layers, rows, columns) float32 array
        Best server's level; NaN outside, out of every cell's reach, and where voids may hide a better one.
    probability : (layers, rows, columns) float32 array
        P that the level at a random point of the cell reaches the planning level; NaN where the state is unknown (but where
        that is for a site without a place: then P has the chance in it that this one serves), and where it is uncertain and voids may hide a better server. Where they may and the state is certain all the
        same, it is that of the best server whose path is known: at least so much.
    margin_sd : (layers, rows, columns) float32 array
        (level − planning level) / sd of the best server; -inf out of reach, NaN where the state is unknown.
    state : (layers, rows, columns) uint8 array
        Codes of :class:`State`.
    reason : (layers, rows, columns) uint8 array
        Codes of :class:`Reason` where the state is unknown.
    all_by_use : (uses, rows, columns) uint8 array or None
        State over all operators and the technologies that count, for the uses of
        :data:`geo.propagation.entry.USES`.
    server : (layers, rows, columns) int32 array or None
        ``RadioSources.index`` of the best server; -1 none.
    sd_db : (layers, rows, columns) float32 array or None
        Standard deviation of the level at a random point of the cell; NaN where no level is stated.
    """

    grid: Grid
    layers: tuple[tuple[str, str], ...]
    level_dbm: _F32
    probability: _F32
    margin_sd: _F32
    state: UInt8
    reason: UInt8
    all_by_use: UInt8 | None = None
    server: npt.NDArray[np.int32] | None = None
    sd_db: _F32 | None = None

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
            inside = np.zeros(self.grid.shape, dtype=bool)
            for state in self.state:
                inside |= state > State.OUTSIDE
            return np.where(inside, State.UNKNOWN, State.OUTSIDE).astype(np.uint8)
        return combine([self.state[i] for i in chosen])

    def all_state(self, technologies: Sequence[str]) -> UInt8:
        """Return the state over all operators."""
        return combine([self.operator_state(operator, technologies) for operator in self.operators])

    def unknown_reasons(self, technologies: Sequence[str]) -> tuple[Reason, ...]:
        """Return why cells are unknown outdoors over all operators: the reasons of their layers, that of most cells first."""
        unknown = (self.all_state(technologies) if self.all_by_use is None else self.all_by_use[0]) == State.UNKNOWN
        bits = np.zeros(int(np.count_nonzero(unknown)), dtype=np.uint8)  # one per reason
        for i, (_, technology) in enumerate(self.layers):
            if technology in technologies:
                bits |= np.left_shift(1, self.reason[i][unknown]).astype(np.uint8)
        cells = {reason: int(np.count_nonzero(bits & (1 << reason))) for reason in Reason if reason is not Reason.NONE}
        return tuple(sorted((r for r, n in cells.items() if n), key=lambda r: (-cells[r], r)))


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
    shape = states[0].shape
    # Of each cell: does any layer measure, serve, doubt; is every layer unserved, measured so, outside?
    measured, served, uncertain = (np.zeros(shape, dtype=bool) for _ in range(3))
    unserved, measured_unserved, outside = (np.ones(shape, dtype=bool) for _ in range(3))
    for state in states:
        beyond = state == State.OUTSIDE
        against = (state == State.MEASURED_UNSERVED) | beyond
        measured |= state == State.MEASURED_SERVED
        served |= state == State.PREDICTED_SERVED
        uncertain |= state == State.UNCERTAIN
        unserved &= against | (state == State.PREDICTED_UNSERVED)
        measured_unserved &= against
        outside &= beyond
    out = np.full(shape, State.UNKNOWN, dtype=np.uint8)
    out[uncertain] = State.UNCERTAIN
    out[unserved] = State.PREDICTED_UNSERVED
    out[measured_unserved] = State.MEASURED_UNSERVED
    out[served] = State.PREDICTED_SERVED
    out[measured] = State.MEASURED_SERVED
    out[outside] = State.OUTSIDE
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


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """What decides states besides levels; small and picklable.

    Attributes
    ----------
    layers : tuple of (operator, technology)
    without_sites : frozenset of str
        Operators whose site list is missing.
    unlisted : frozenset of (operator, technology)
        See :class:`geo.propagation.sources.PreparedSources`.
    """

    layers: tuple[tuple[str, str], ...]
    without_sites: frozenset[str] = frozenset()
    unlisted: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, prepared: PreparedSources) -> LayerFacts:
        """Return the facts of prepared sources."""
        return cls(prepared.layers, prepared.without_sites, prepared.unlisted)


@dataclass(frozen=True, slots=True)
class PieceStates:
    """What is written of a piece of the grid, finished; see :class:`Coverage` for what is not described.

    Attributes
    ----------
    level_dbm, margin_sd, state, reason : (layers, rows, columns) arrays
    probability : (uses, layers, rows, columns) float32 array
        NaN where the state of the use is unknown, but for a site without a place; never above the probability outdoors.
    second_margin_db : (layers, rows, columns) float32 array
        Best server's level less the second best's, of those whose path is known; NaN where no level is stated
        or there is no second.
    server : (layers, rows, columns) int32 array
        ``RadioSources.index`` of the best server where its level is stated, else -1.
    all_by_use : (uses, rows, columns) uint8 array
    path_open : (layers, rows, columns) bool array
        A radio cell whose path is not all known could be the best server.
    """

    level_dbm: _F32
    probability: _F32
    margin_sd: _F32
    state: UInt8
    reason: UInt8
    second_margin_db: _F32
    server: npt.NDArray[np.int32]
    all_by_use: UInt8
    path_open: npt.NDArray[np.bool_]


def coverage_states(
    levels: AreaLevels,
    prepared: PreparedSources,
    grid: Grid,
    inside: npt.NDArray[np.bool_],
    settings: CoverageSettings,
    *,
    border: BaseGeometry | None = None,
) -> Coverage:
    """Return states and probabilities of a whole grid (:func:`piece_states` says how they are found).

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
    found = piece_states(levels, LayerFacts.of(prepared), inside, ring, settings)
    return Coverage(
        grid,
        prepared.layers,
        found.level_dbm,
        found.probability[0],
        found.margin_sd,
        found.state,
        found.reason,
        found.all_by_use,
    )


def piece_states(
    levels: AreaLevels | None,
    facts: LayerFacts,
    inside: npt.NDArray[np.bool_],
    ring: npt.NDArray[np.bool_],
    settings: CoverageSettings,
    *,
    measured: UInt8 | None = None,
    unplaced: npt.NDArray[np.float32] | None = None,
) -> PieceStates:
    """Return states and probabilities of a piece of the grid from its predicted levels.

    P = Phi((level − planning level) / sd). Served for P ≥ ``served_probability``, unserved for
    P ≤ ``unserved_probability``, uncertain between. Where terrain voids hide a path, the state is
    stated only if the best and the worst case agree; else it is unknown. Unserved near a border whose
    far side has no site list becomes unknown, and so does unserved where a site of the layer
    whose place is not known brings the chance of service above the cut: P then holds that chance as well. An operator without site list is unknown everywhere, and so is
    a technology that no list of its operator mentions: a list that cannot say 5G does not deny it. What the
    department states to be absent is neither.

    Parameters
    ----------
    levels : AreaLevels or None
        None without terrain: then every state is unknown.
    facts : LayerFacts
    inside : (rows, columns) bool array
    ring : (rows, columns) bool array
        The piece's part of :func:`border_ring`, which is found over the whole grid.
    settings : CoverageSettings
    measured : (layers, rows, columns) uint8 array, optional
        What the cell's own measurements make of it outdoors, by the rule of :mod:`geo.fusion.evidence`: a measured state,
        or uncertain; 0 nothing. An unknown state stays unknown, but for an unserved one that is measured: what lies
        beyond the border, or stands nobody knows where, cannot make that served.
    unplaced : (layers, rows, columns) float32 array, optional
        The piece's part of :func:`geo.coverage.unplaced.unplaced_chance`.
    """
    count, shape = len(facts.layers), inside.shape
    uses = len(USES) if levels is None else len(levels.margin_sd)
    state, reason = (np.zeros((count, *shape), dtype=np.uint8) for _ in range(2))
    probability = np.full((uses, count, *shape), np.nan, dtype=np.float32)
    margin_sd, level_dbm, second_db = (np.full((count, *shape), np.nan, dtype=np.float32) for _ in range(3))
    server = np.full((count, *shape), -1, dtype=np.int32)
    path_open = np.zeros((count, *shape), dtype=bool)
    by_use: list[dict[str, list[UInt8]]] = [{} for _ in range(uses)]
    for i, (operator, technology) in enumerate(facts.layers):
        for use in range(uses):
            low_p, either_p, layer, why = _decided(levels, use, i, facts, shape, ring, settings, None if unplaced is None else unplaced[i])
            if use == 0 and measured is not None:
                _measure(layer, why, measured[i])
            layer[~inside], why[~inside] = State.OUTSIDE, Reason.NONE
            if technology in settings.counting:
                by_use[use].setdefault(operator, []).append(layer)
            stated = inside & (layer != State.UNKNOWN)
            open_ = inside & (why == Reason.UNPLACED_SITES)
            told = stated | open_
            probability[use, i][stated], probability[use, i][open_] = low_p[stated], either_p[open_]
            if use > 0:
                np.fmin(probability[use, i], probability[0, i], out=probability[use, i], where=told)
                continue
            state[i], reason[i] = layer, why
            if levels is None:
                path_open[i] = inside
                continue
            margin_sd[i][stated] = levels.margin_sd[0][i][stated]
            path_open[i] = inside & (levels.bound_sd[0][i] > levels.margin_sd[0][i])
            # The state may be certain where a hidden path would only make it more so; figures are not.
            hidden = path_open[i] & stated & (layer == State.UNCERTAIN)
            margin_sd[i][hidden] = probability[0, i][hidden] = np.nan
            hidden = path_open[i] & np.isfinite(levels.bound_sd[0][i])  # +inf: no planning level to compare with
            shown = inside & np.isfinite(levels.level_dbm[i]) & ~hidden & (why != Reason.TERRAIN)
            level_dbm[i][shown] = levels.level_dbm[i][shown]
            server[i][shown] = levels.server[i][shown]
            both = shown & np.isfinite(levels.second_dbm[i])
            second_db[i][both] = levels.level_dbm[i][both] - levels.second_dbm[i][both]
    nobody = np.where(inside, State.UNKNOWN, State.OUTSIDE).astype(np.uint8)
    operators = sorted({operator for operator, _ in facts.layers})
    every = [
        combine([combine(found[o]) if o in found else nobody for o in operators] or [nobody])
        for found in by_use
    ]
    return PieceStates(
        level_dbm, probability, margin_sd, state, reason, second_db, server, np.stack(every), path_open
    )


def _decided(
    levels: AreaLevels | None,
    use: int,
    i: int,
    facts: LayerFacts,
    shape: tuple[int, int],
    ring: npt.NDArray[np.bool_],
    settings: CoverageSettings,
    unplaced: npt.NDArray[np.float32] | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], UInt8, UInt8]:
    """Return probability, the same with sites without a place, state and reason of a layer for a use, wherever the area ends."""
    operator, technology = facts.layers[i]
    if levels is None:
        unknown = np.full(shape, State.UNKNOWN, dtype=np.uint8)
        return np.full(shape, np.nan), np.full(shape, np.nan), unknown, np.full(shape, Reason.TERRAIN, dtype=np.uint8)
    margin, bound = levels.margin_sd[use][i], levels.bound_sd[use][i]
    low_p = ndtr(margin.astype(np.float64))
    low = _cut(low_p, settings)
    layer, why = low.copy(), np.zeros(shape, dtype=np.uint8)
    hidden = bound > margin
    if hidden.any():
        high = _cut(ndtr(bound[hidden].astype(np.float64)), settings)
        split = np.zeros(shape, dtype=bool)
        split[hidden] = high != low[hidden]
        layer[split], why[split] = State.UNKNOWN, Reason.TERRAIN
        open_ended = np.isposinf(bound) & split
        why[open_ended] = Reason.NO_TECHNOLOGY if technology in settings.levels_dbm else Reason.NO_LEVEL
    if operator not in settings.neighbour_operators:
        near = ring & (layer == State.PREDICTED_UNSERVED)
        layer[near], why[near] = State.UNKNOWN, Reason.NEIGHBOUR_SITES
    either_p = low_p
    if unplaced is not None and not settings.stated_absent(operator, technology):
        either_p = 1.0 - (1.0 - low_p) * (1.0 - unplaced)
        near = (layer == State.PREDICTED_UNSERVED) & (either_p > settings.unserved_probability)
        layer[near], why[near] = State.UNKNOWN, Reason.UNPLACED_SITES
    if operator in facts.without_sites and not settings.stated_absent(operator, technology):
        layer[:], why[:] = State.UNKNOWN, Reason.NO_SITE_LIST
    elif (operator, technology) in facts.unlisted:
        layer[:], why[:] = State.UNKNOWN, Reason.TECHNOLOGY_NOT_LISTED
    return low_p, either_p, layer, why


def _measure(layer: UInt8, why: UInt8, measured: UInt8) -> None:
    """Put in place what was measured in the cells themselves."""
    somewhere = (why == Reason.NEIGHBOUR_SITES) | (why == Reason.UNPLACED_SITES)
    beyond = somewhere & (measured == State.MEASURED_UNSERVED)
    told = (measured != State.OUTSIDE) & ((layer != State.UNKNOWN) | beyond)
    layer[told] = measured[told]
    why[told] = Reason.NONE


def _cut(probability: npt.NDArray[np.float64], settings: CoverageSettings) -> UInt8:
    out = np.full(probability.shape, State.UNCERTAIN, dtype=np.uint8)
    out[probability >= settings.served_probability] = State.PREDICTED_SERVED
    out[probability <= settings.unserved_probability] = State.PREDICTED_UNSERVED
    return out


def state_counts(state: UInt8) -> Mapping[str, int]:
    """Return the number of cells in each state that occurs, by name."""
    codes, counts = np.unique(state, return_counts=True)
    return {State(int(c)).name.lower(): int(n) for c, n in zip(codes, counts, strict=True)}

