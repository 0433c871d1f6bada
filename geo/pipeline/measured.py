"""What was measured, for the stages that ask about places and cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from geo.measured import CountedObservations, count_observations, measured_at_places, measured_settings
from geo.pipeline.calibrating import OBSERVATIONS
from geo.pipeline.predicting import Predicted
from geo.pipeline.reading import load_frame
from geo.pipeline.settings import AnalysisSettings

__all__ = ["counted", "place_facts"]


def counted(folder: Path, settings: AnalysisSettings, predicted: Predicted) -> CountedObservations | None:
    """Return the run's observations; None where nothing was measured. Those that are too old were left out before."""
    observations = load_frame(folder, OBSERVATIONS)
    if observations is None:
        return None
    coverage = predicted.coverage
    return count_observations(
        observations, coverage.grid.epsg, planning_dbm=settings.coverage.levels_dbm, settings=measured_settings(),
        layers=coverage.layers,
    )  # fmt: skip


def place_facts(
    folder: Path, settings: AnalysisSettings, predicted: Predicted
) -> Callable[[pd.DataFrame], pd.DataFrame] | None:
    """Return a function from a table with ``lon`` and ``lat`` to what was measured in the own cell of each row.

    Parameters
    ----------
    folder : Path
        Of the stage ``calibration``.
    settings : AnalysisSettings
    predicted : Predicted
    """
    given = counted(folder, settings, predicted)
    if given is None:
        return None
    grid = predicted.coverage.grid

    def facts(places: pd.DataFrame) -> pd.DataFrame:
        found = measured_at_places(given, places["lon"].to_numpy(float), places["lat"].to_numpy(float), grid, measured_settings())
        return found.rename(columns={"cell_samples": "samples", "cell_last_measured": "last_time"})

    return facts
