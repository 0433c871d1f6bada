"""Bounds and evidence of a figure say the same, or the row would contradict itself.

``supported`` means that the whole interval lies on the rule's side of the threshold, ``contradicted`` that it lies on the other, ``not_enough`` that
the threshold is within. Tests and bounds of :mod:`geo.standards` are each other's inverse but for rounding, and for percentiles, whose
two come from two effective numbers of samples: there the weaker of the two statements stands.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from geo.rules import Rule
from geo.service_quality.figures import Figures

__all__ = ["agreeing", "open_above"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]
#: Part of the threshold that bounds may be off by rounding.
_ROUNDING = 1e-9


def agreeing(rule: Rule, found: Figures, error_share: float) -> Figures:
    """Return figures whose evidence and bounds agree: what the bounds do not bear out is ``not_enough``, and its interval reaches to the threshold.

    Parameters
    ----------
    rule : Rule
    found : Figures
    error_share : float
        Of each of the two statements; a ``contradicted`` that is taken back is no longer on the list of those to challenge.
    """
    asked = found.threshold
    slack = _ROUNDING * np.maximum(np.abs(asked), 1e-6)
    with np.errstate(invalid="ignore"):
        above, below = found.low >= asked - slack, found.high <= asked + slack
    good, bad = (above, below) if rule.at_least else (below, above)
    refuted = (found.evidence == "contradicted") & ~bad
    taken_back = refuted | ((found.evidence == "supported") & ~good)
    evidence = np.where(taken_back, "not_enough", found.evidence).astype(object)
    open_ = evidence == "not_enough"
    with np.errstate(invalid="ignore"):
        lows = {name: np.where(open_ & (getattr(found, name) > asked), asked, getattr(found, name)) for name in ("low", "joint_low")}
        highs = {name: np.where(open_ & (getattr(found, name) < asked), asked, getattr(found, name)) for name in ("high", "joint_high")}
        chance = np.where(refuted, np.maximum(found.p_contradicted, np.nextafter(error_share, 1.0)), found.p_contradicted)
    return replace(found, evidence=evidence, p_contradicted=chance, **lows, **highs)


def open_above(rule: Rule, found: Figures, ratio: float) -> _Bool:
    """Return where an upper bound is so far above the value that it says nothing: few samples, most of the sum in a few of them.

    That happens to means alone: a share ends at 1, and a bound of a percentile is a sample. A bound that decides is told, however far.

    Parameters
    ----------
    rule : Rule
    found : Figures
    ratio : float
        Times the value.
    """
    if rule.statistic != "mean":
        return np.zeros(len(found.value), dtype=bool)
    decides = found.evidence == ("contradicted" if rule.at_least else "supported")
    with np.errstate(invalid="ignore"):
        return np.asarray(~decides & (found.value > 0) & (found.high > ratio * found.value), dtype=bool)
