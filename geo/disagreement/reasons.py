"""Why claim and finding differ in a zone, where it can be told.

The first reason that holds for the settings' share of the zone's cells is given, with that share; else ``not_told``.

Claimed, but found unserved
    ``claim_level``: the claim is made for a lower level than the planning level; both may be right.
    ``measured_before_claim``: nothing was measured there since the claim's date.
    ``no_site_in_reach``: the operator's list has no site of the technology on air within reach.
    ``site_not_on_air``: the nearest site of the technology is planned or off air.
    ``terrain``: the path from the best server is obstructed.

Found served, but not claimed
    ``claim_use``: the claim is for use indoors only.
    ``claim_level``: the claim is made for a higher level than the planning level.
    ``site_newer_than_claim``: the nearest site came on air after the claim's date.

Only what is known speaks: an operator without a site list, a site without a date, a claim without a level or a date
tell nothing. A site whose status or technologies are not known may serve, so that it rules ``no_site_in_reach`` out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.crs import from_wgs84
from geo.disagreement.classes import Disagreement
from geo.disagreement.comparing import ComparedLayer
from geo.disagreement.settings import DisagreementSettings
from geo.grid import Grid

__all__ = ["REASONS", "LayerFacts", "cell_reasons", "layer_facts"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]

#: Codes, in the order in which they are looked for.
REASONS = (
    "claim_use", "claim_level", "measured_before_claim", "no_site_in_reach", "site_not_on_air", "site_newer_than_claim",
    "terrain", "not_told",
)  # fmt: skip
_SERVES = ("on_air", "unknown", "")
_MEASURED = (Disagreement.CLAIMED_MEASURED_UNSERVED, Disagreement.SERVED_NOT_CLAIMED_MEASURED)
_SERVED_NOT_CLAIMED = (Disagreement.SERVED_NOT_CLAIMED_MEASURED, Disagreement.SERVED_NOT_CLAIMED_PREDICTED)


@dataclass(frozen=True, slots=True, eq=False)
class LayerFacts:
    """What may explain a difference; made by :func:`layer_facts`.

    Attributes
    ----------
    planning_dbm : float
        NaN: none.
    listed : bool
        The operator has a site list.
    x_m, y_m : (s,) float64 arrays
        Sites that may be of the technology, in the grid's system.
    named : (s,) bool array
        The list says that the site has the technology (not only that it may).
    serves : (s,) bool array
        On air, or not known not to be.
    on_air : (s,) datetime64[ns] array
    obstructed : (rows, columns) float array or None
        1 where the path from the best server is obstructed, 0 where it is free, NaN not known.
    """

    planning_dbm: float
    listed: bool
    x_m: _F64
    y_m: _F64
    named: _Bool
    serves: _Bool
    on_air: npt.NDArray[np.datetime64]
    obstructed: _F64 | None


def layer_facts(
    operator: str,
    technology: str,
    grid: Grid,
    *,
    planning_dbm: float,
    sites: pd.DataFrame | None = None,
    obstructed: _F64 | None = None,
) -> LayerFacts:
    """Return the facts of one layer.

    Parameters
    ----------
    operator, technology : str
    grid : Grid
        In metres.
    planning_dbm : float
        NaN where the technology has none.
    sites : DataFrame, optional
        The canonical table of all operators (``operator``, ``technologies``, ``status``, ``on_air_date``, ``lon``, ``lat``).
    obstructed : (rows, columns) float array, optional
    """
    empty = np.zeros(0)
    if sites is None or not (sites["operator"] == operator).any():
        no = np.zeros(0, dtype=bool)
        return LayerFacts(planning_dbm, False, empty, empty, no, no, np.zeros(0, dtype="datetime64[ns]"), obstructed)
    own = sites[sites["operator"] == operator]
    texts = own["technologies"].fillna("").astype(str)
    named = texts.str.split(",").map(lambda names: technology in [n.strip() for n in names]).to_numpy(dtype=bool)
    may = named | (texts.str.strip() == "").to_numpy(dtype=bool)
    x, y = from_wgs84(own["lon"].to_numpy(np.float64), own["lat"].to_numpy(np.float64), grid.epsg)
    may &= np.isfinite(x) & np.isfinite(y)
    serves = own["status"].fillna("").astype(str).isin(_SERVES).to_numpy(dtype=bool)
    return LayerFacts(
        planning_dbm, True, x[may], y[may], named[may], serves[may],
        own["on_air_date"].to_numpy(dtype="datetime64[ns]")[may], obstructed,
    )  # fmt: skip


def cell_reasons(
    kind: Disagreement,
    row: npt.NDArray[np.integer],
    column: npt.NDArray[np.integer],
    zone: npt.NDArray[np.integer],
    last_measured: npt.NDArray[np.datetime64],
    layer: ComparedLayer,
    facts: LayerFacts,
    grid: Grid,
    settings: DisagreementSettings,
) -> dict[str, _Bool]:
    """Return for each reason that can hold for a class in which cells it does, in the order of :data:`REASONS`.

    Parameters
    ----------
    kind : Disagreement
        One of the contradictions.
    row, column, zone : (n,) int arrays
        Cells of zones of this class.
    last_measured : (zones,) datetime64 array
        NaT where nothing was measured or its date is not known.
    layer : ComparedLayer
    facts : LayerFacts
    grid : Grid
    settings : DisagreementSettings
    """
    claim = layer.claim
    n = len(row)
    date = claim.claim_date
    dated = not np.isnat(date)
    found: dict[str, _Bool] = {}
    centre_x, centre_y = grid.centres()
    x, y = centre_x[column], centre_y[row]
    nearest, distance = _nearest(facts, facts.serves, x, y)
    if kind in _SERVED_NOT_CLAIMED:
        found["claim_use"] = np.full(n, claim.indoor_only)
        lowest = np.nanmin(claim.level_dbm) if np.isfinite(claim.level_dbm).any() else np.nan
        found["claim_level"] = np.full(n, bool(lowest > facts.planning_dbm))
        newer = np.zeros(n, dtype=bool)
        if dated:
            reached = (nearest >= 0) & (distance <= settings.reach_m)
            newer[reached] = facts.named[nearest[reached]] & (facts.on_air[nearest[reached]] > date)
        found["site_newer_than_claim"] = newer
        return found
    found["claim_level"] = np.asarray(claim.level_dbm[row, column] < facts.planning_dbm)
    if kind in _MEASURED and dated:
        found["measured_before_claim"] = np.asarray(last_measured[zone] < date)
    found["no_site_in_reach"] = facts.listed & (distance > settings.reach_m)
    waiting, waiting_m = _nearest(facts, ~facts.serves & facts.named, x, y)
    found["site_not_on_air"] = (waiting >= 0) & (waiting_m < distance) & (waiting_m <= settings.reach_m)
    if facts.obstructed is not None:
        found["terrain"] = facts.obstructed[row, column] > 0
    return found


def _nearest(facts: LayerFacts, which: _Bool, x: _F64, y: _F64) -> tuple[npt.NDArray[np.int64], _F64]:
    """Return the nearest of some sites (-1: there is none) and its distance (infinite)."""
    chosen = np.flatnonzero(which)
    if not len(chosen):
        return np.full(len(x), -1, dtype=np.int64), np.full(len(x), np.inf)
    distance, at = cKDTree(np.column_stack([facts.x_m[chosen], facts.y_m[chosen]])).query(np.column_stack([x, y]))
    return chosen[at], np.asarray(distance, dtype=np.float64)
