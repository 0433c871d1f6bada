"""Claim, measurement and model of one cell, and the class that follows.

==============  =============================  ===========================================================
claim           what decides                   class
==============  =============================  ===========================================================
claimed         measured served                ``agree_served_measured``
                predicted served               ``agree_served_predicted``
                measured unserved              ``claimed_measured_unserved``: contradicted by measurement
                predicted unserved             ``claimed_predicted_unserved``
                samples differ, or uncertain   ``claimed_undecided``
                nothing known                  ``claimed_unknown``
not claimed     measured / predicted unserved  ``agree_unserved_measured``, ``agree_unserved_predicted``
                measured / predicted served    ``served_not_claimed_measured``, ``served_not_claimed_predicted``
                samples differ, or uncertain   ``not_claimed_undecided``
                nothing known                  ``not_claimed_unknown``
not given       whatever                       ``not_given``
==============  =============================  ===========================================================

What was measured in the cell decides where there is enough of it, the model elsewhere. Not given is no claim, and
not claimed is no denial: neither is ever taken for "no coverage".
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from geo.coverage.states import State
from geo.disagreement.settings import DisagreementSettings

__all__ = ["CONTRADICTIONS", "Claim", "Disagreement", "Measured", "Modelled", "classify", "measured_verdict", "modelled_verdict"]

_F64 = npt.NDArray[np.float64]
_U8 = npt.NDArray[np.uint8]


class Claim(IntEnum):
    """What the operator says of a cell."""

    NOT_GIVEN = 0
    CLAIMED = 1
    NOT_CLAIMED = 2


class Measured(IntEnum):
    """What the samples in the cell itself say."""

    NONE = 0
    SERVED = 1
    UNSERVED = 2
    MIXED = 3


class Modelled(IntEnum):
    """What the model says."""

    UNKNOWN = 0
    SERVED = 1
    UNSERVED = 2
    UNCERTAIN = 3


class Disagreement(IntEnum):
    """Class of a cell; ``name.lower()`` is the code that tables show."""

    OUTSIDE = 0
    AGREE_SERVED_MEASURED = 1
    AGREE_SERVED_PREDICTED = 2
    CLAIMED_MEASURED_UNSERVED = 3
    CLAIMED_PREDICTED_UNSERVED = 4
    CLAIMED_UNDECIDED = 5
    CLAIMED_UNKNOWN = 6
    AGREE_UNSERVED_MEASURED = 7
    AGREE_UNSERVED_PREDICTED = 8
    SERVED_NOT_CLAIMED_MEASURED = 9
    SERVED_NOT_CLAIMED_PREDICTED = 10
    NOT_CLAIMED_UNDECIDED = 11
    NOT_CLAIMED_UNKNOWN = 12
    NOT_GIVEN = 13

    @property
    def code(self) -> str:
        """Code in tables."""
        return self.name.lower()


#: Classes in which claim and finding differ; their zones are drawn.
CONTRADICTIONS = (
    Disagreement.CLAIMED_MEASURED_UNSERVED,
    Disagreement.CLAIMED_PREDICTED_UNSERVED,
    Disagreement.SERVED_NOT_CLAIMED_MEASURED,
    Disagreement.SERVED_NOT_CLAIMED_PREDICTED,
)


def _table() -> _U8:
    """Return the class by claim, measurement and model."""
    table = np.zeros((len(Claim), len(Measured), len(Modelled)), dtype=np.uint8)
    table[Claim.NOT_GIVEN] = Disagreement.NOT_GIVEN
    words = {
        Claim.CLAIMED: (
            Disagreement.AGREE_SERVED_MEASURED, Disagreement.CLAIMED_MEASURED_UNSERVED, Disagreement.AGREE_SERVED_PREDICTED,
            Disagreement.CLAIMED_PREDICTED_UNSERVED, Disagreement.CLAIMED_UNDECIDED, Disagreement.CLAIMED_UNKNOWN,
        ),
        Claim.NOT_CLAIMED: (
            Disagreement.SERVED_NOT_CLAIMED_MEASURED, Disagreement.AGREE_UNSERVED_MEASURED,
            Disagreement.SERVED_NOT_CLAIMED_PREDICTED, Disagreement.AGREE_UNSERVED_PREDICTED,
            Disagreement.NOT_CLAIMED_UNDECIDED, Disagreement.NOT_CLAIMED_UNKNOWN,
        ),
    }  # fmt: skip
    for claim, (measured, measured_not, served, unserved, undecided, unknown) in words.items():
        table[claim, Measured.SERVED] = measured
        table[claim, Measured.UNSERVED] = measured_not
        table[claim, Measured.MIXED] = undecided
        table[claim, Measured.NONE, Modelled.SERVED] = served
        table[claim, Measured.NONE, Modelled.UNSERVED] = unserved
        table[claim, Measured.NONE, Modelled.UNCERTAIN] = undecided
        table[claim, Measured.NONE, Modelled.UNKNOWN] = unknown
    return table


_CLASS = _table()


def classify(claim: _U8, measured: _U8, modelled: _U8, inside: npt.NDArray[np.bool_]) -> _U8:
    """Return the class of each cell, codes of :class:`Disagreement`.

    Parameters
    ----------
    claim, measured, modelled : (rows, columns) uint8 arrays
        Codes of :class:`Claim`, :class:`Measured`, :class:`Modelled`.
    inside : (rows, columns) bool array
    """
    return np.where(inside, _CLASS[claim, measured, modelled], Disagreement.OUTSIDE).astype(np.uint8)


def measured_verdict(state: _U8, share: _F64, samples: _F64, spots: _F64, settings: DisagreementSettings) -> _U8:
    """Return what was measured in each cell: the states ``measured_*``, else the share of its own spots.

    Parameters
    ----------
    state : (rows, columns) uint8 array
        Codes of :class:`geo.coverage.states.State`.
    share : (rows, columns) float64 array
        Of the cell's spots, at or above the planning level; NaN without any.
    samples, spots : (rows, columns) float64 arrays
        With a verdict; with fewer than the settings ask for the share says nothing.
    settings : DisagreementSettings
    """
    enough = (samples >= settings.least_samples) & (spots >= settings.least_spots) & np.isfinite(share)
    out = np.where(enough, Measured.MIXED, Measured.NONE).astype(np.uint8)
    with np.errstate(invalid="ignore"):
        out[enough & (share >= settings.served_share)] = Measured.SERVED
        out[enough & (share <= settings.unserved_share)] = Measured.UNSERVED
    out[state == State.MEASURED_SERVED] = Measured.SERVED
    out[state == State.MEASURED_UNSERVED] = Measured.UNSERVED
    return out


def modelled_verdict(state: _U8) -> _U8:
    """Return what the model says of each cell, by its state (measured states are the fused model's own)."""
    table = np.full(len(State), Modelled.UNKNOWN, dtype=np.uint8)
    table[[State.MEASURED_SERVED, State.PREDICTED_SERVED]] = Modelled.SERVED
    table[[State.MEASURED_UNSERVED, State.PREDICTED_UNSERVED]] = Modelled.UNSERVED
    table[State.UNCERTAIN] = Modelled.UNCERTAIN
    return table[state]
