"""How likely a village gets decided by what would be measured: in closed form, but for two sums over shared factors.

Before a measurement nobody knows what it will show, but the spread of what it will show is known (preposterior analysis:
H. Raiffa, R. Schlaifer 1961, Applied Statistical Decision Theory, chapter 4 and 5.5; for Gaussian fields: J.-P. Chilès, P. Delfiner 2012,
Geostatistics, 3.2). Of a layer (operator and technology) at a village:

===========  ===============================================================================================
μ            level now expected less the planning level, dB
s²           its variance now: smooth field + within the cell + error of the corrections
s'²          the same after the measurement; by kriging it depends on where is measured, never on what is found
τ² = s² − s'²  variance of what the expected level will be: μ' ~ N(μ, τ²)
===========  ===============================================================================================

The analysis then says *served* where P' = Φ(μ'/s') ≥ c, that is μ' ≥ z s' with z = Φ⁻¹(c), and *unserved* where
P' ≤ d, that is μ' ≤ Φ⁻¹(d) s'. Between is the band in which a measurement decides nothing: the place lies too near the planning level
for what varies within its cell. So

    p = P(served) = Φ((μ − z_c s') / τ),    q = P(unserved) = Φ((z_d s' − μ) / τ).

A village is decided where one layer serves it or all layers are unserved:

    P(decided) = 1 − E Π (1 − p) + E Π q.

Errors of two layers at one place have a correlation of ρ where their servers stand on two masts, of ρ' on one
mast (:mod:`geo.calibration.correlations`), and so have the shifts μ' − μ: √ρ a + √(ρ' − ρ) b + √(1 − ρ') e, with a of the place, b of place and
mast, e of the layer. Given a and b layers are independent; the expectations over a and b are Gauss-Hermite sums.

What a measurement cannot decide: a layer whose site list, technology or planning level is missing stays unknown; where the terrain
hides a path, a level above the threshold proves service and one below proves nothing; where a neighbour's or an unplaced site may serve,
only samples in the village itself prove that it is unserved. These are flags per layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["Cuts", "LayerOutlook", "layer_chances", "village_chance"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]
_I64 = npt.NDArray[np.int64]


def _rule(nodes: int) -> tuple[_F64, _F64]:
    """Return nodes and weights of the expectation over a standard normal number."""
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return at, weight / weight.sum()


_PLACE, _PLACE_WEIGHT = _rule(20)
_MAST, _MAST_WEIGHT = _rule(10)
#: Of a layer's own error: keeps a correlation of 1 from dividing by 0.
_LEAST_OWN = 1e-6
#: A smaller shift is none, dB.
_LEAST_SHIFT_DB = 1e-6


@dataclass(frozen=True, slots=True)
class Cuts:
    """What decides, and what errors have in common.

    Attributes
    ----------
    served_probability, unserved_probability : float
    place_correlation, site_correlation : float
    """

    served_probability: float
    unserved_probability: float
    place_correlation: float
    site_correlation: float


@dataclass(frozen=True, slots=True, eq=False)
class LayerOutlook:
    """The layers of one village after a measurement that is not made yet.

    Attributes
    ----------
    margin_db : (layers,) float64 array
        μ.
    shift_sd_db : (layers,) float64 array
        τ; 0 where nothing is learnt.
    rest_sd_db : (layers,) float64 array
        s'.
    may_serve, may_unserve : (layers,) bool arrays
        Whether the measurement can prove it.
    stays_unserved : (layers,) bool array
        Unserved whatever is measured: no radio cell reaches.
    mast : (layers,) int64 array
        Layers of one number are served from one mast.
    """

    margin_db: _F64
    shift_sd_db: _F64
    rest_sd_db: _F64
    may_serve: _Bool
    may_unserve: _Bool
    stays_unserved: _Bool
    mast: _I64


def layer_chances(of: LayerOutlook, cuts: Cuts) -> tuple[_F64, _F64]:
    """Return p and q of each layer (see the module's text)."""
    up, down = _scores(of, cuts)
    return np.where(of.stays_unserved, 0.0, ndtr(up)), np.where(of.stays_unserved, 1.0, ndtr(down))


def village_chance(of: LayerOutlook, cuts: Cuts) -> float:
    """Return P(decided) of a village (see the module's text); 0 without layers."""
    if not len(of.margin_db):
        return 0.0
    up, down = _scores(of, cuts)
    place = max(cuts.place_correlation, 0.0)
    site = max(cuts.site_correlation, place)
    own = np.sqrt(max(1.0 - site, _LEAST_OWN))
    shared = np.sqrt(place) * _PLACE[:, None] + np.sqrt(site - place) * _MAST[None, :]
    # Infinite scores are certain whatever the factors.
    not_served = 1.0 - ndtr((up[:, None, None] + shared[None]) / own)
    unserved: Any = ndtr((down[:, None, None] - shared[None]) / own)
    unserved[of.stays_unserved] = 1.0
    none_serves, all_unserved = np.ones(len(_PLACE)), np.ones(len(_PLACE))
    for mast in np.unique(of.mast):
        mine = of.mast == mast
        none_serves *= not_served[mine].prod(axis=0) @ _MAST_WEIGHT
        all_unserved *= unserved[mine].prod(axis=0) @ _MAST_WEIGHT
    return float(1.0 - none_serves @ _PLACE_WEIGHT + all_unserved @ _PLACE_WEIGHT)


def _scores(of: LayerOutlook, cuts: Cuts) -> tuple[_F64, _F64]:
    """Return (μ − z_c s')/τ and (z_d s' − μ)/τ; ±infinity where nothing is learnt, −infinity where it cannot be proven."""
    up = _over(of.margin_db - ndtri(cuts.served_probability) * of.rest_sd_db, of.shift_sd_db)
    down = _over(ndtri(cuts.unserved_probability) * of.rest_sd_db - of.margin_db, of.shift_sd_db)
    up[~of.may_serve | of.stays_unserved] = -np.inf
    down[~of.may_unserve & ~of.stays_unserved] = -np.inf
    return up, down


def _over(distance: _F64, spread: _F64) -> _F64:
    step = np.where(distance >= 0, np.inf, -np.inf)
    out: _F64 = np.divide(distance, spread, out=step, where=spread > _LEAST_SHIFT_DB)
    return out
