"""Two reviews under two rules: what of the difference is the rule's doing.

A level does not change when a rule does. So the states of a review's cells can be found again under the
other review's rule, from its own levels and errors, and two reviews made by different rules are compared
twice: both under the old rule, both under the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from geo.coverage import State
from geo.register.evidence import Shares
from geo.register.layers import LayerSample
from geo.register.settings import RegisterSettings
from geo.register.zones import Layer

__all__ = ["RuleSet", "recomputable_places", "restated", "rule_effect", "verdicts"]

FloatArray = npt.NDArray[np.float64]

#: The error is read off level and probability where the level lies at least so many sd from the threshold
#: (nearer the quotient is all rounding) and the probability is not yet 0 or 1 in float32.
_SURE = (0.05, 5.0)
_NOT_RECOMPUTABLE = "not_recomputable"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What turns levels into states.

    Attributes
    ----------
    levels_dbm : mapping of str to float
        Level needed, by technology; a technology without one has no state.
    counting : tuple of str
        Technologies that count as service.
    served_probability, unserved_probability : float
    operators : tuple of str
        Whom "every operator" means.
    """

    levels_dbm: Mapping[str, float]
    counting: tuple[str, ...]
    served_probability: float
    unserved_probability: float
    operators: tuple[str, ...] = ()

    def same_cut(self, other: RuleSet, technology: str) -> bool:
        """Tell whether two rules give a layer of the technology the same states."""
        return (
            self.levels_dbm.get(technology) == other.levels_dbm.get(technology)
            and self.served_probability == other.served_probability
            and self.unserved_probability == other.unserved_probability
        )


def restated(
    sample: LayerSample, technology: str, own: RuleSet, other: RuleSet, model_error_sd_db: float
) -> LayerSample:
    """Return a layer's cells with the states that another rule gives them.

    P = Phi((level - threshold) / sd), as states are decided in the first place. The sd of each cell is read off
    its own level and probability, (level - own threshold) / Phi^-1(P); where the two cannot tell it, it is the
    median of the sample's others, else ``model_error_sd_db``.

    What cannot be found again is unknown: a cell whose level is not stated (a void may hide a better server)
    where the threshold falls; where it rises, such a cell that was unserved stays so, and out of every radio cell's
    reach it does under any threshold. A cell that was unknown
    may turn out to be served or uncertain, never unserved: why it was unknown is not stored; and near a border without
    the neighbour's sites nothing becomes unserved by prediction. Measured cells stay
    measured where the level is still on their side, else they become uncertain: their level is the fused one.

    Parameters
    ----------
    sample : LayerSample
    technology : str
    own, other : RuleSet
        Of the review that the sample is from, and the rule to apply.
    model_error_sd_db : float
    """
    if own.same_cut(other, technology):
        return sample
    state = sample.state.copy()
    threshold, wanted = own.levels_dbm.get(technology), other.levels_dbm.get(technology)
    inside = sample.state != State.OUTSIDE
    if wanted is None:
        state[inside] = State.UNKNOWN
        return _with(sample, state)
    if threshold == wanted:
        p = sample.probability
    else:
        sd = _sd_db(sample, threshold, model_error_sd_db)
        p = ndtr((sample.level_dbm - wanted) / sd)
        hopeless = np.isnan(p) & np.isin(sample.state, (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED))
        if threshold is None or wanted <= threshold:
            hopeless &= False if sample.out_of_reach is None else sample.out_of_reach
        p = np.where(hopeless, 0.0, p)
    was_unknown = sample.state == State.UNKNOWN
    cut = np.full(state.shape, State.UNCERTAIN, dtype=np.uint8)
    cut[p >= other.served_probability] = State.PREDICTED_SERVED
    cut[p <= other.unserved_probability] = State.PREDICTED_UNSERVED
    silent = was_unknown if sample.neighbours_open is None else was_unknown | sample.neighbours_open
    silent = silent & (sample.state != State.MEASURED_UNSERVED)
    cut[np.isnan(p) | (silent & (cut == State.PREDICTED_UNSERVED))] = State.UNKNOWN
    for measured, predicted in (
        (State.MEASURED_SERVED, State.PREDICTED_SERVED),
        (State.MEASURED_UNSERVED, State.PREDICTED_UNSERVED),
    ):
        mine = sample.state == measured
        cut[mine] = np.where(cut[mine] == predicted, measured, np.where(cut[mine] == State.UNKNOWN, State.UNKNOWN, State.UNCERTAIN))
    state[inside] = cut[inside]
    return _with(sample, state)


def _with(sample: LayerSample, state: npt.NDArray[np.uint8]) -> LayerSample:
    return replace(sample, state=state)


def _sd_db(sample: LayerSample, threshold: float | None, model_error_sd_db: float) -> FloatArray:
    if threshold is None:
        return np.full(sample.level_dbm.shape, model_error_sd_db)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = ndtri(sample.probability)
        sd = (sample.level_dbm - threshold) / z
        told = (np.abs(z) >= _SURE[0]) & (np.abs(z) <= _SURE[1]) & (sd > 0) & np.isfinite(sd)
        told &= sample.state != State.UNKNOWN  # there P holds the chance of a site without a place as well
    usual = float(np.median(sd[told])) if told.any() else model_error_sd_db
    return np.where(told, sd, usual)


def verdicts(shares: Shares, recomputable: npt.NDArray[np.bool_], settings: RegisterSettings) -> npt.NDArray[np.object_]:
    """Return what a rule says of each place: served, unserved, undecided, unknown or not_recomputable.

    Served from ``served_share`` of its people on, else the largest of the other three, the more cautious of equals.

    Parameters
    ----------
    shares : Shares
    recomputable : (places,) bool array
        Every layer needed is there.
    settings : RegisterSettings
    """
    served = np.round(shares.served, 9) >= settings.served_share
    others = np.round([shares.unknown, shares.uncertain, shares.unserved], 9)
    lacking = ~np.isfinite(shares.unserved) | ~recomputable
    largest = np.argmax(np.where(np.isfinite(others), others, -1.0), axis=0)
    words = np.array(["unknown", "undecided", "unserved"], dtype=object)[largest]
    return np.where(lacking, _NOT_RECOMPUTABLE, np.where(served, "served", words)).astype(object)


def rule_effect(was_old: str, is_old: str, was_new: str, is_new: str) -> str:
    """Return what the change of rules does to a place.

    Parameters
    ----------
    was_old, is_old : str
        Verdicts on the old and the new review, both under the old rule.
    was_new, is_new : str
        The same under the new rule.

    Returns
    -------
    str
        ``none`` (a change, under either rule), ``no_change`` (none, under either rule), ``only`` (a change that
        neither rule shows by itself), ``partly`` (one rule shows a change, the other does not), ``hides`` (a change under a rule by
        itself, none from old review to new one), ``not_recomputable``.
    """
    if _NOT_RECOMPUTABLE in {was_old, is_old, was_new, is_new}:
        return _NOT_RECOMPUTABLE
    by_old, by_new = was_old != is_old, was_new != is_new
    if was_old == is_new:
        return "hides" if by_old or by_new else "no_change"
    if not by_old and not by_new:
        return "only"
    return "none" if by_old and by_new else "partly"


def recomputable_places(
    needs: Sequence[tuple[Layer, ...]], samples: Mapping[Layer, LayerSample]
) -> npt.NDArray[np.bool_]:
    """Return which places have all their layers."""
    return np.array([bool(need) and all(layer in samples for layer in need) for need in needs], dtype=bool)
