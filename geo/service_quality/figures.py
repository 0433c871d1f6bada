"""One rule's statistic over areas: value, bounds and evidence, from samples or from aggregates of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.rules import Rule
from geo.standards import (
    Clusters,
    Comparator,
    EvidenceSettings,
    clusters_of,
    mean_evidence,
    percentile_evidence,
    share_evidence,
)

__all__ = ["Figures", "figures_of_aggregates", "figures_of_samples", "of_the_statistic"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What samples give of a rule's statistic, by area; arrays of equal length.

    Attributes
    ----------
    value, low, high : float64
        NaN where there is none.
    joint_low, joint_high : float64
        Bounds that hold for all areas at once.
    n, n_effective, n_needed : float64
        Needed: NaN not told, infinite where measuring cannot settle it.
    threshold : float64
    evidence : object
    p_contradicted : float64
        NaN where nothing was tested.
    several : bool
        The value is a ratio: the samples have several values to be held against.
    reason : object
        Code of why there is no value; empty.
    """

    value: _F64
    low: _F64
    high: _F64
    joint_low: _F64
    joint_high: _F64
    n: _F64
    n_effective: _F64
    n_needed: _F64
    threshold: _F64
    evidence: npt.NDArray[np.object_]
    p_contradicted: _F64
    several: _Bool
    reason: npt.NDArray[np.object_]

    def chosen(self, other: Figures, where: _Bool) -> Figures:
        """Return these figures, and another's ``where``."""
        names = [name for name in self.__dataclass_fields__ if name != "several"]
        mixed = {name: np.where(where, getattr(other, name), getattr(self, name)) for name in names}
        return Figures(**mixed, several=np.where(where, other.several, self.several))


def _comparator(rule: Rule) -> Comparator:
    return ">=" if rule.at_least else "<="


def figures_of_samples(
    rule: Rule,
    value: _F64,
    area: _I64,
    cluster: _I64,
    areas: int,
    evidence: EvidenceSettings,
    *,
    asked: _F64 | None = None,
    level: _F64 | None = None,
    compared: int = 1,
) -> Figures:
    """Return a rule's figures from single samples.

    Parameters
    ----------
    rule : Rule
    value : (n,) float64 array
        Known ones; −inf where there was no service.
    area, cluster : (n,) int64 array
        Areas 0 … ``areas`` − 1.
    areas : int
    evidence : EvidenceSettings
    asked : (n,) float64 array, optional
        What each sample is held against (declared, or of the package), for rules that take their threshold from it.
    level : (n,) float64 array, optional
        The level of each sample, for shares whose level is taken from elsewhere.
    compared : int
        Figures of one area that are held against each other (operators), where there are more of them than areas.
    """
    if rule.threshold_from.startswith("package."):  # a line is no faster than what was bought, whatever others may be
        most = evidence.greatest_package_ratio
        evidence = replace(evidence, greatest_ratio=most, greatest_lasting_ratio=most)
    given = clusters_of(area, cluster, areas)
    busy = max(int((given.count > 0).sum()), compared, 1)
    joint = replace(evidence, error_share=evidence.error_share / busy)
    if asked is None:
        threshold = np.full(areas, np.nan if rule.threshold is None else rule.threshold)
        return _figures(rule, value, level, given, threshold, evidence, joint)
    low, high = _extremes(asked, area, areas)
    single = low == high
    threshold = np.where(np.isfinite(low), np.where(single, low * rule.factor, rule.factor), np.nan)
    whole = _figures(rule, value, level, given, np.where(single, threshold, 1.0), evidence, joint)
    several = np.isfinite(low) & ~single
    if not several.any():
        return replace(whole, threshold=threshold)
    ratio = _figures(rule, value / asked, level, given, np.full(areas, rule.factor), evidence, joint)
    return replace(whole.chosen(replace(ratio, several=np.ones(areas, dtype=bool)), several), threshold=threshold)


def _figures(
    rule: Rule, value: _F64, level: _F64 | None, given: Clusters, threshold: _F64, evidence: EvidenceSettings, joint: EvidenceSettings
) -> Figures:
    areas = given.areas
    none = np.full(areas, "", dtype=object)
    off = np.zeros(areas, dtype=bool)
    side = _comparator(rule)
    if rule.statistic == "mean":
        found, wide = (mean_evidence(value, given, threshold, s, comparator=side) for s in (evidence, joint))
        tested = found.n_effective >= evidence.least_effective
        return Figures(
            found.mean, found.low, found.high, wide.low, wide.high, found.n, found.n_effective, found.n_needed, threshold, found.evidence,
            np.where(tested, found.p_contradicted, np.nan), off, none,
        )  # fmt: skip
    if rule.statistic == "percentile":
        assert rule.percentile is not None  # noqa: S101  checked when the rule was read
        seen, wider = (percentile_evidence(value, given, rule.percentile, threshold, s, comparator=side) for s in (evidence, joint))
        share = seen.share
        return Figures(
            seen.value, _finite(seen.low), _finite(seen.high), _finite(wider.low), _finite(wider.high), share.n, share.n_effective,
            share.n_needed, threshold, share.evidence, np.where(share.n > 0, share.p_contradicted, np.nan), off, none,
        )  # fmt: skip
    success = value > 0.5
    if rule.statistic != "share":
        held = np.full(len(value), np.nan if rule.level is None else rule.level) if level is None else level
        success = value >= held if rule.statistic == "share_at_least" else value <= held
    part, wider_part = (share_evidence(success, given, threshold, s, comparator=side) for s in (evidence, joint))
    return Figures(
        part.share, part.low, part.high, wider_part.low, wider_part.high, part.n, part.n_effective, part.n_needed, threshold, part.evidence,
        np.where(part.n > 0, part.p_contradicted, np.nan), off, none,
    )  # fmt: skip


def _finite(bound: _F64) -> _F64:
    return np.where(np.isfinite(bound), bound, np.nan)


def _extremes(asked: _F64, area: _I64, areas: int) -> tuple[_F64, _F64]:
    low, high = np.full(areas, np.inf), np.full(areas, -np.inf)
    np.minimum.at(low, area, asked)
    np.maximum.at(high, area, asked)
    return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)


def of_the_statistic(rule: Rule, statistic: npt.NDArray[np.object_]) -> _Bool:
    """Return which aggregates are what a rule asks for: means (those that do not say what they are too), or its own percentile."""
    if rule.statistic == "mean":
        return np.isin(statistic, ["mean", ""])
    if rule.statistic != "percentile":
        return np.zeros(len(statistic), dtype=bool)
    wanted = f"p{(rule.percentile or 0) * 100:g}"
    return np.isin(statistic, [wanted, "median" if wanted == "p50" else wanted])


def figures_of_aggregates(
    rule: Rule, value: _F64, area: _I64, tests: _F64, statistic: npt.NDArray[np.object_], areas: int, *, asked: _F64 | None = None
) -> Figures:
    """Return a rule's figures from aggregates: means weighted by their tests; no spread, so no bounds and no evidence.

    sum(mean × tests) / sum(tests); no percentile and no share can be had from means, and none from several percentiles.
    One aggregate that is the rule's own percentile is taken as it is.

    Parameters
    ----------
    rule : Rule
    value : (n,) float64 array
        Known ones, of which none counts the tests of another (:func:`~geo.service_quality.overlaps.counted_once`).
    area : (n,) int64 array
    tests : (n,) float64 array
    statistic : (n,) object array of str
        ``mean``, ``median``, ``p5`` …; empty: not told, and taken for a mean.
    areas : int
    asked : (n,) float64 array, optional
        As for :func:`figures_of_samples`.
    """
    wanted = rule.statistic if rule.statistic in {"mean", "percentile"} else ""
    own = of_the_statistic(rule, statistic)
    rows = np.bincount(area, minlength=areas)
    fit = np.bincount(area[own], minlength=areas)
    threshold = np.full(areas, np.nan if rule.threshold is None else rule.threshold)
    several = np.zeros(areas, dtype=bool)
    of = value
    if asked is not None:
        low, high = _extremes(asked, area, areas)
        several = np.isfinite(low) & (low != high)
        threshold = np.where(several, rule.factor, low * rule.factor)
        of = np.where(several[area], value / asked, value)
    weight = np.bincount(area[own], tests[own], minlength=areas)
    total = np.bincount(area[own], (of * tests)[own], minlength=areas)
    mean = np.divide(total, weight, out=np.full(areas, np.nan), where=weight > 0)
    usable = fit > 0 if wanted == "mean" else fit == 1
    reason = np.where(
        (rows > 0) & ~usable, "aggregates_no_share" if not wanted else "aggregates_no_percentile" if wanted != "mean" else "aggregates_no_mean", ""
    ).astype(object)
    unknown = np.full(areas, np.nan)
    # Where no row can be used the tests behind them all are told: they were there.
    n = np.where(fit > 0, weight, np.bincount(area, tests, minlength=areas)) if wanted else np.bincount(area, tests, minlength=areas).astype(np.float64)
    return Figures(
        np.where(usable, mean, np.nan), unknown, unknown, unknown, unknown, n,
        unknown, unknown, threshold, np.full(areas, "not_enough", dtype=object), unknown, several, reason,
    )  # fmt: skip
