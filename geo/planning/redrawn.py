"""Who lacks what in each joint draw of the field: the demand of the plan, served otherwise.

In a draw an operator's layer serves a share of each cell. One spot of the cell is drawn with it, for each layer by itself as
for people without signal (:mod:`geo.dead_zones.people`): the spot is served or it is not, so that operators are counted
as the plan counts them, and over many cells and draws the shares come out. Where the field cannot be drawn the run's word stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.coverage import TECHNOLOGIES, State
from geo.planning.candidates import Options
from geo.planning.demand import Demand
from geo.planning.proposing import Cover

__all__ = ["DrawnLayer", "as_planned", "drawn_demand", "drawn_options"]

_F64 = npt.NDArray[np.float64]
_BOOL = npt.NDArray[np.bool_]
_UINT8 = npt.NDArray[np.uint8]

_SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
_FOURTH = TECHNOLOGIES.index("4G")


@dataclass(frozen=True, slots=True, eq=False)
class DrawnLayer:
    """A layer at the demand's cells.

    Attributes
    ----------
    operator, technology : str
    below : (d, draws) float array
        Share of each cell below the planning level, 0 to 1; NaN not drawn.
    """

    operator: str
    technology: str
    below: npt.NDArray[np.floating]


def as_planned(below: npt.NDArray[np.floating], before: _UINT8, after: _UINT8) -> npt.NDArray[np.floating]:
    """Return shares with every registered line built: the draws are of the run, which knows nothing of the lines.

    Where lines change a cell's state, the state that they make stands in every draw; so does "served" where nothing can be drawn.

    Parameters
    ----------
    below : (d, draws) float array
        Of the run (:class:`geo.fusion.draws.LayerDraws`).
    before, after : (d,) uint8 arrays
        States of the layer in the run, and with the lines; codes of :class:`geo.coverage.State`.
    """
    out, changed, served = below.copy(), before != after, np.isin(after, _SERVED)
    out[changed] = np.where(after[changed] == State.UNKNOWN, np.nan, 1.0)[:, None]
    out[changed & served] = 0.0
    out[served[:, None] & ~np.isfinite(out)] = 0.0
    return out


def drawn_demand(demand: Demand, layers: Sequence[DrawnLayer], draw: int, spot: _F64) -> Demand:
    """Return the demand as one draw of the field serves it; of an operator that is unknown at a cell nothing is claimed there.

    Parameters
    ----------
    demand : Demand
    layers : sequence of DrawnLayer
        Those that count as service.
    draw : int
    spot : (layers, d) float64 array
        Where in the cell's shares the spot lies, 0 to below 1, evenly distributed.
    """
    d = len(demand.row)
    serving, with_4g, lacks_4g = demand.serving.copy(), np.zeros(d, dtype=bool), np.zeros(d, dtype=bool)
    for operator in dict.fromkeys(layer.operator for layer in layers):
        own = [i for i, layer in enumerate(layers) if layer.operator == operator]
        served, drawn = _at_spot(layers, own, draw, spot)
        if operator in demand.operators:
            at = demand.operators.index(operator)
            told = drawn & ~demand.unknown[:, at]
            serving[told, at] = served[told]
        served, drawn = _at_spot(layers, [i for i in own if TECHNOLOGIES.index(layers[i].technology) >= _FOURTH], draw, spot)
        with_4g |= served
        lacks_4g |= drawn & ~served
    somebody, told_4g = serving.any(axis=1), with_4g | lacks_4g
    without = np.where(told_4g, ~with_4g, demand.without_4g) & somebody
    return replace(demand, serving=serving, without_4g=np.asarray(without, dtype=bool))


def _at_spot(layers: Sequence[DrawnLayer], own: Sequence[int], draw: int, spot: _F64) -> tuple[_BOOL, _BOOL]:
    """Return where one of some layers serves the spot, and where one of them was drawn at all."""
    served, drawn = np.zeros(spot.shape[1], dtype=bool), np.zeros(spot.shape[1], dtype=bool)
    for i in own:
        below = layers[i].below[:, draw]
        told = np.isfinite(below)
        served |= told & (spot[i] >= np.where(told, below, 1.0))
        drawn |= told
    return served, drawn


def drawn_options(options: Options, cover: Cover, drawn: _BOOL) -> _BOOL:
    """Return of which options at least one cell that they serve was drawn; of the others the draws say nothing.

    Parameters
    ----------
    options : Options
    cover : Cover
    drawn : (d,) bool array
        Cells of which some layer was drawn.
    """
    return np.array(
        [any(drawn[cover.of(int(place), operator)[0]].any() for operator in who) for place, who in zip(options.table["place"].tolist(), options.members, strict=True)],
        dtype=bool,
    )  # fmt: skip
