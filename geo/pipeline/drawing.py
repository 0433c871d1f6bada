"""Joint draws of a run, for the stages that need them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from geo.fusion.draws import LayerDraws
from geo.pipeline.calibrating import load_corrections
from geo.pipeline.predicting import Predicted, layer_names
from geo.pipeline.settings import AnalysisSettings

__all__ = ["run_draws"]


def run_draws(upstream: Mapping[str, Path], settings: AnalysisSettings, predicted: Predicted) -> LayerDraws | None:
    """Return draws of a run's layers; None where nothing was measured: a default error says nothing of what belongs together.

    Parameters
    ----------
    upstream : mapping
        Folders of the stages ``calibration`` and ``coverage``.
    settings : AnalysisSettings
    predicted : Predicted
    """
    learnt = load_corrections(upstream["calibration"])
    if learnt is None:
        return None
    coverage = predicted.coverage
    names = tuple(f"field_{name}" for name in layer_names(coverage.layers))
    levels = tuple(settings.coverage.levels_dbm.get(technology, float("nan")) for _, technology in coverage.layers)
    return LayerDraws(
        upstream["coverage"], names, levels, coverage.grid, settings.fusion, learnt[0].place_correlation
    )
