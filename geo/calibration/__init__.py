"""Calibration: the prediction's errors learnt from measurements, with their own errors.

How to call
-----------
::

    settings = calibration_settings()                          # defaults.toml [calibration]; keywords replace
    outliers = find_outliers(...)                              # a reason per sample; state outliers.counts
    kind, level = layer_evidence(technology, locked, level_dbm, no_service, foreign,
                                 layer_technology="4G", reported=..., settings=settings)   # per layer, rows that count
    blocks = aggregate(x, y, layer, kind, level, serving=..., device=..., route=..., block_m=settings.block_m)
    links = predict_links(ground, sources, lon, lat, blocks.layer, epsg=..., settings=coverage_settings)
    observations = assemble_observations(blocks, links, facts, heard, clutter=..., clutters=..., devices=...)
    weight = effective_weights(x, y, layer, place, samples, correlation)     # of observations.block
    calibration = calibrate(observations.candidates, observations.predicted_dbm, observations.features, weight, settings)
    residual = serving_residuals(calibration, ...)             # fit_correlation(...), new weights, fit again
    best = best_server_moments(mean, sd, first, site, ...)       # of the strongest of several paths of a place
    correction = calibration.correct(features)                 # of any paths: shift, its sd, scale of the error
    folds = spatial_folds(x, y, correlation, settings, folds=5)  # and leave_out(sites), leave_out(routes)

Everything is a pure function of arrays; ``Note`` and the counts carry codes of ``resources/issues/calibration.toml``.
"""

from geo.calibration.best_server import best_server_moments, merge_strongest
from geo.calibration.blocks import Blocks, Correlation, aggregate, effective_weights, fit_correlation
from geo.calibration.calibration import (
    Calibration,
    Correction,
    Note,
    calibrate,
    compare_degrees,
    held_out_value,
    serving_residuals,
)
from geo.calibration.chain import MeasurementFit, fit_measurements
from geo.calibration.correlations import CorrelationEstimate, Correlations
from geo.calibration.evidence import layer_evidence
from geo.calibration.identify import DeviceTies, device_ties
from geo.calibration.likelihood import Candidates, ErrorLaw, Kind, Likelihood, log_likelihood
from geo.calibration.observations import HeardCells, Observations, RadioFacts, assemble_observations
from geo.calibration.outliers import Outliers, Reason, SiteChanges, find_outliers
from geo.calibration.pruning import Merged, limit_candidates, merge_far
from geo.calibration.scoring import (
    Brier,
    Fold,
    brier,
    leave_out,
    nearest_m,
    predicted_level,
    probability_of_level,
    score_table,
    spatial_folds,
)
from geo.calibration.settings import CalibrationSettings, calibration_settings
from geo.calibration.terms import LinkFeatures, Term, TermChoice

__all__ = [
    "Blocks",
    "Brier",
    "Calibration",
    "CalibrationSettings",
    "Candidates",
    "Correction",
    "Correlation",
    "CorrelationEstimate",
    "Correlations",
    "DeviceTies",
    "ErrorLaw",
    "Fold",
    "HeardCells",
    "Kind",
    "Likelihood",
    "LinkFeatures",
    "MeasurementFit",
    "Merged",
    "Note",
    "Observations",
    "Outliers",
    "RadioFacts",
    "Reason",
    "SiteChanges",
    "Term",
    "TermChoice",
    "aggregate",
    "assemble_observations",
    "best_server_moments",
    "brier",
    "calibrate",
    "calibration_settings",
    "compare_degrees",
    "device_ties",
    "effective_weights",
    "find_outliers",
    "fit_correlation",
    "fit_measurements",
    "held_out_value",
    "layer_evidence",
    "leave_out",
    "limit_candidates",
    "log_likelihood",
    "merge_far",
    "merge_strongest",
    "nearest_m",
    "predicted_level",
    "probability_of_level",
    "score_table",
    "serving_residuals",
    "spatial_folds",
]
