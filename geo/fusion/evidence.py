"""What was measured in a cell itself, and the state that follows.

The rule of ``measured_*``: a cell is measured only where all of these hold (numbers are settings):

- *how near*: the samples lie in the cell itself; a cell beside a measured road is predicted;
- *how many*: at least ``evidence_samples`` samples at ``evidence_spots`` independent positions, each with a
  verdict (a level, or "no service" with a limit at or below the threshold);
- *how strong*: P is beyond the cut, the cell's own samples are on the same side of the same cut, and the
  measurements have taken away at least ``evidence_variance_share`` of the field's variance there.

A cell that has enough samples of its own, most of which contradict what P says, is ``uncertain``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.coverage.states import State
from geo.fusion.observations import Observations
from geo.fusion.settings import FusionSettings

__all__ = ["Evidence", "cell_evidence", "fused_states"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was measured in each cell.

    Attributes
    ----------
    samples, spots : (n,) float64 array
        With a verdict; 0 where nothing was measured.
    share_served : (n,) float64 array
        Of the spots, at or above the threshold; NaN without any.
    """

    samples: _F64
    spots: _F64
    share_served: _F64


def cell_evidence(given: Observations, x_m: _F64, y_m: _F64, cell_size_m: float, threshold_dbm: float) -> Evidence:
    """Return what was measured in each cell itself.

    Parameters
    ----------
    given : Observations
        Those without a level have no verdict, nor has "no service" at a limit above the threshold.
    x_m, y_m : (n,) float64 array
        Centres of cells of one grid, each once.
    cell_size_m : float
    threshold_dbm : float
    """
    n = len(x_m)
    samples, spots, served = np.zeros(n), np.zeros(n), np.zeros(n)
    verdict = np.isfinite(given.level_dbm) & ~(given.censored & (given.level_dbm > threshold_dbm))
    if n and verdict.any():
        tested = given.take(verdict)
        # A position on the edge of two cells belongs to the one east and north of it.
        left, bottom = x_m.min() - 0.5 * cell_size_m, y_m.min() - 0.5 * cell_size_m
        column = np.floor((tested.x_m - left) / cell_size_m).astype(np.int64)
        row = np.floor((tested.y_m - bottom) / cell_size_m).astype(np.int64)
        across = np.floor((x_m - left) / cell_size_m).astype(np.int64)
        up = np.floor((y_m - bottom) / cell_size_m).astype(np.int64)
        width = int(across.max()) + 1
        key = up * width + across
        order = np.argsort(key, kind="stable")
        wanted = np.where((column >= 0) & (column < width), row * width + column, -1)
        at = np.minimum(np.searchsorted(key[order], wanted), n - 1)
        inside = key[order][at] == wanted
        cell = order[at[inside]]
        above = ~tested.censored & (tested.level_dbm >= threshold_dbm)
        np.add.at(samples, cell, tested.samples[inside])
        np.add.at(spots, cell, tested.spots[inside])
        np.add.at(served, cell, (tested.spots * above)[inside])
    share = np.full(n, np.nan)
    np.divide(served, spots, out=share, where=spots > 0)
    return Evidence(samples, spots, share)


def fused_states(
    probability: _F64,
    evidence: Evidence,
    explained_share: _F64,
    settings: FusionSettings,
    *,
    served_probability: float,
    unserved_probability: float,
) -> npt.NDArray[np.uint8]:
    """Return the state of each cell by the rule above; unknown where the probability is.

    Parameters
    ----------
    probability : (n,) float64 array
        NaN where the prediction is not known: silence is never absence, whatever was measured nearby.
    evidence : Evidence
    explained_share : (n,) float64 array
        Share of the field's variance that the measurements have taken away.
    settings : FusionSettings
    served_probability, unserved_probability : float
        The cuts.
    """
    out = np.full(len(probability), State.UNCERTAIN, dtype=np.uint8)
    served, unserved = probability >= served_probability, probability <= unserved_probability
    out[served], out[unserved] = State.PREDICTED_SERVED, State.PREDICTED_UNSERVED
    enough = (evidence.samples >= settings.evidence_samples) & (evidence.spots >= settings.evidence_spots)
    strong = explained_share >= settings.evidence_variance_share
    share = np.where(enough, evidence.share_served, np.nan)
    out[served & strong & (share >= served_probability)] = State.MEASURED_SERVED
    out[unserved & strong & (share <= unserved_probability)] = State.MEASURED_UNSERVED
    out[(served & (share < 0.5)) | (unserved & (share > 0.5))] = State.UNCERTAIN
    out[np.isnan(probability)] = State.UNKNOWN
    return out
