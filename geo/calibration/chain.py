"""The whole way from blocks of samples and their paths to corrections, and to how good they are where nobody measured.

Fit, then the correlation of what is left along the ground, by which the next fit weighs its blocks; and, where it is asked
for, the same fit with blocks of the map held out in turn, scored there.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration.best_server import best_server_moments
from geo.calibration.blocks import Blocks, Correlation, effective_weights, fit_correlation
from geo.calibration.calibration import Calibration, Note, calibrate, serving_residuals
from geo.calibration.likelihood import Candidates, Kind
from geo.calibration.observations import HeardCells, Observations, RadioFacts, assemble_observations
from geo.calibration.scoring import nearest_m, score_table, spatial_folds
from geo.calibration.settings import CalibrationSettings
from geo.calibration.terms import LinkFeatures
from geo.propagation.links import Links

__all__ = ["MeasurementFit", "fit_measurements"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_KM = (1.0, 2.0, 4.0, 8.0)
_NEAREST_M = (500.0, 1000.0, 2000.0, 5000.0)


@dataclass(frozen=True, slots=True)
class MeasurementFit:
    """A calibration and what is known of it.

    Attributes
    ----------
    calibration : Calibration
    correlation : Correlation
        Of what it leaves, along the ground.
    site_correlation, place_correlation : float
        Of the errors of two cells of one site, and of two sites, at one place.
    score : DataFrame or None
        Of held-out blocks of the map (:func:`geo.calibration.scoring.score_table`); None where it was not asked for or all
        measurements lie together.
    held_out_growth : float
        See :class:`geo.propagation.corrections.Corrections`; 1 where nothing was held out.
    tied, left_out : mapping of str to int
        See :class:`geo.calibration.observations.Observations`.
    notes : tuple of Note
    """

    calibration: Calibration
    correlation: Correlation
    site_correlation: float
    place_correlation: float
    score: pd.DataFrame | None
    held_out_growth: float
    tied: Mapping[str, int]
    left_out: Mapping[str, int]
    notes: tuple[Note, ...]

    def facts(self) -> dict[str, Any]:
        """Return what a manifest says of it, as plain numbers; None is not known."""
        rows = None
        if self.score is not None:
            plain = self.score.round(4).astype(object).where(self.score.notna(), None)
            rows = [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]
        estimate = self.calibration.posterior.estimate
        return {
            "effective_n": round(self.calibration.effective_n, 1),
            "range_m": round(self.correlation.range_m, 1),
            "site_correlation": round(self.site_correlation, 4),
            "place_correlation": round(self.place_correlation, 4),
            "held_out_growth": round(self.held_out_growth, 4),
            "tied": dict(self.tied),
            "left_out": dict(self.left_out),
            "spread_db": [round(float(s), 3) for s in self.calibration.posterior.spread_db],
            "terms": {
                f"{t.family} {t.member}".strip(): round(float(estimate[i]), 3)
                for i, t in enumerate(self.calibration.terms)
                if t.family not in ("site", "device")
            },
            "score": rows,
        }


def fit_measurements(
    blocks: Blocks,
    links: Links,
    facts: RadioFacts,
    heard: HeardCells,
    *,
    clutter: _I64,
    clutters: tuple[str, ...],
    devices: tuple[str, ...],
    settings: CalibrationSettings,
    correlation: Correlation | None = None,
    scored: bool = True,
    begun: Calibration | None = None,
) -> MeasurementFit:
    """Fit the corrections to blocks of samples.

    Parameters
    ----------
    blocks : Blocks
        Those that teach.
    links : Links
        ``point`` is the block.
    facts : RadioFacts
    heard : HeardCells
    clutter : (b,) int64 array
    clutters, devices : tuple of str
    settings : CalibrationSettings
    correlation : Correlation, optional
        Along the ground, by which blocks are weighed; that of the settings unless given.
    scored : bool
        Whether to estimate what errors have in common, hold blocks of the map out and score the corrections there.
    begun : Calibration, optional
        An earlier fit at which the climb begins.
    """
    seen = assemble_observations(
        blocks, _strong(links, len(blocks.kind), settings), facts, heard, clutter=clutter, clutters=clutters, devices=devices
    )
    start = correlation or Correlation(settings.range_m, settings.nugget_share, float("nan"), 0)
    weight = _weights(blocks, seen.block, start)
    # A comparison of grounds asks which explains the levels better; what errors have in common is estimated once, at the end.
    found = calibrate(
        seen.candidates, seen.predicted_dbm, seen.features, weight, settings if scored else _held(settings), start=begun
    )
    residual = serving_residuals(found, seen.candidates, seen.predicted_dbm, seen.features)
    site = np.where(seen.candidates.serving >= 0, seen.candidates.site[np.maximum(seen.candidates.serving, 0)], -1)
    layer = blocks.layer[seen.block]
    left = fit_correlation(
        blocks.x_m[seen.block], blocks.y_m[seen.block], residual, layer * (int(site.max(initial=0)) + 2) + site + 1, settings
    )
    held = _hold_out(blocks, seen, weight, left, found, settings) if scored else None
    score = None if held is None else _scored(held, settings)
    law = found.settings
    return MeasurementFit(
        found, left, law.site_correlation, law.place_correlation, score, _growth(held), seen.tied, seen.left_out, found.notes
    )


def _held(settings: CalibrationSettings) -> CalibrationSettings:
    """Return settings that hold the correlations at one place where they are."""
    return replace(settings, place_correlation_sd=0.0, site_correlation_sd=0.0)


def _strong(links: Links, blocks: int, settings: CalibrationSettings) -> Links:
    """Return the paths that can matter to the fit: those not much weaker than the block's strongest, and unknown ones."""
    best = np.full(blocks, -np.inf)
    known = np.isfinite(links.level_dbm)
    np.maximum.at(best, links.point[known], links.level_dbm[known])
    kept = ~known | (links.level_dbm > best[links.point] - settings.fit_reach_db)
    return Links(*(getattr(links, f.name)[kept] for f in fields(Links)))


def _weights(blocks: Blocks, chosen: _I64, correlation: Correlation) -> _F64:
    place = np.unique(blocks.place[chosen], return_inverse=True)[1].astype(np.int64)
    return effective_weights(
        blocks.x_m[chosen], blocks.y_m[chosen], blocks.layer[chosen], place, blocks.samples[chosen], correlation
    )


def _part(seen: Observations, chosen: npt.NDArray[np.bool_]) -> tuple[Candidates, _F64, LinkFeatures]:
    """Return some observations with their candidates."""
    c = seen.candidates
    of_link = chosen[c.observation]
    number = np.cumsum(of_link) - 1
    counts = np.diff(c.first)[chosen]
    serving = c.serving[chosen]
    small = Candidates(
        c.level_dbm[chosen], c.kind[chosen], np.where(serving >= 0, number[np.maximum(serving, 0)], -1),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), c.site[of_link],
    )  # fmt: skip
    return small, seen.predicted_dbm[of_link], seen.features.take(of_link)


def _hold_out(
    blocks: Blocks, seen: Observations, weight: _F64, correlation: Correlation, found: Calibration, settings: CalibrationSettings
) -> pd.DataFrame | None:
    """Return what held-out blocks of the map were and were said to be; a fold is fitted to no more than ``compare_blocks``.

    Each fold's climb begins at the fit to all, which is only where it begins: it ends where the fold's own blocks send it.
    """
    x, y = blocks.x_m[seen.block], blocks.y_m[seen.block]
    rng = np.random.default_rng(0)
    parts = []
    try:
        folds = list(spatial_folds(x, y, correlation, settings, folds=int(settings.score_folds)))
    except ValueError:  # all lie in one block: nothing can be held out, and the score says so by its absence
        return None
    for fold in folds:
        train = np.flatnonzero(fold.train)
        if len(train) < 2 or not fold.test.any():
            continue
        if len(train) > settings.compare_blocks:
            train = rng.choice(train, int(settings.compare_blocks), replace=False)
        taught = np.zeros(len(x), dtype=bool)
        taught[train] = True
        candidates, predicted, features = _part(seen, taught)
        fitted = calibrate(candidates, predicted, features, weight[taught], _held(found.settings), start=found)
        told = _held_out(fitted, seen, fold.test, nearest_m(x, y, taught)[fold.test])
        known = _held_out(found, seen, fold.test, np.zeros(int(fold.test.sum())))  # the same by the fit that saw them
        of_row = pd.Series(weight[fold.test]).reindex(told.index)
        parts.append(told.assign(known_mean_dbm=known["mean_dbm"], known_sd_db=known["sd_db"], weight=of_row, taught_share=weight[taught].sum() / weight.sum()))
    every = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return None if every.empty else every  # empty: nothing held out had a level, and silence has no residual


def _growth(held: pd.DataFrame | None) -> float:
    """Return how much greater squares of errors are where nothing was fitted than where it was, for the fit to all; 1 or more.

    With p coefficients from n samples the mean square is (1 - p / n) sigma² at the samples and (1 + p / n) sigma² elsewhere (H. Akaike,
    Fitting autoregressive models for prediction, 1969: the final prediction error). A fold that learnt from the share s of the
    samples gives (1 + e / s) / (1 - e) on blocks that it has not seen, over the fit to all there, e = p / n of that fit.
    """
    if held is None:
        return 1.0
    square = [
        float(np.average(np.square((held["level_dbm"] - held[mean]) / held[sd]), weights=held["weight"]))
        for mean, sd in (("mean_dbm", "sd_db"), ("known_mean_dbm", "known_sd_db"))
    ]
    if not (square[1] > 0 and np.isfinite(square).all()):
        return 1.0
    ratio = max(square[0] / square[1], 1.0)
    excess = (ratio - 1.0) / (1.0 / float(np.average(held["taught_share"], weights=held["weight"])) + ratio)
    return (1.0 + excess) / (1.0 - excess)


def _scored(every: pd.DataFrame, settings: CalibrationSettings) -> pd.DataFrame:
    """Return the score of what was held out."""
    strata = {name: every[name].to_numpy(dtype=object) for name in ("group", "distance", "clutter", "terrain", "nearest")}
    table = score_table(
        every["level_dbm"].to_numpy(float), every["mean_dbm"].to_numpy(float), strata, good_db=settings.good_db
    )
    inside = np.abs(every["level_dbm"] - every["mean_dbm"]) <= 1.6449 * every["sd_db"]
    classes = {"all": np.full(len(every), "all", dtype=object), **strata}
    held = [
        float(inside[classes[division].astype(str) == stratum].mean())
        for division, stratum in zip(table["division"], table["stratum"], strict=True)
    ]
    return table.assign(within_90_share=held)


def _held_out(fitted: Calibration, seen: Observations, test: npt.NDArray[np.bool_], nearest: _F64) -> pd.DataFrame:
    """Return level, expected best level and its error of held-out observations that have a level."""
    candidates, predicted, features = _part(seen, test)
    found = fitted.correct(features, with_device=True)
    mean, variance = best_server_moments(
        predicted + found.shift_db, found.error_sd_db, candidates.first, candidates.site,
        site_correlation=fitted.settings.site_correlation, place_correlation=fitted.settings.place_correlation,
    )  # fmt: skip
    order = np.lexsort((predicted + found.shift_db, candidates.observation))
    strongest = order[candidates.first[1:] - 1]
    cover = features.clutter[strongest]
    names = np.array([*features.clutters, ""], dtype=object)
    frame = pd.DataFrame(
        {
            "level_dbm": candidates.level_dbm, "mean_dbm": mean, "sd_db": np.sqrt(variance),
            "group": np.array(features.groups, dtype=object)[features.group[strongest]],
            "distance": _binned(features.distance_km[strongest], _KM, "km"), "clutter": names[cover],
            "terrain": np.where(features.obstructed[strongest], "obstructed", "clear"),
            "nearest": _binned(nearest, _NEAREST_M, "m"),
        }
    )  # fmt: skip
    level = np.isin(candidates.kind, (Kind.SERVING, Kind.STRONGEST))
    return frame[level & np.isfinite(mean)]


def _binned(values: _F64, edges: tuple[float, ...], unit: str) -> npt.NDArray[np.object_]:
    names = [f"< {edges[0]:g} {unit}", *(f"{a:g}-{b:g} {unit}" for a, b in itertools.pairwise(edges)), f">= {edges[-1]:g} {unit}"]
    return np.array(names, dtype=object)[np.digitize(values, edges)]
