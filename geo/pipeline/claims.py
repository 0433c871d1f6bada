"""The stage that holds operators' coverage claims against measurements and prediction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.calibration import Correlation
from geo.disagreement import disagreement_settings, find_disagreement
from geo.io.rasters import read_array
from geo.io.stage_files import write_frame
from geo.measured import (
    OBSERVATION_COLUMNS,
    CountedObservations,
    count_observations,
    measured_cells,
    measured_settings,
)
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import Predicted
from geo.pipeline.settings import AnalysisSettings

__all__ = ["CLAIM_TABLES", "compare_claims"]

#: Frames of the stage, and the tables that they are written to.
CLAIM_TABLES = ("disagreement", "claims_by_commune")


def compare_claims(
    work: Workspace,
    *,
    claims: gpd.GeoDataFrame | None,
    predicted: Predicted,
    units: gpd.GeoDataFrame,
    sites: pd.DataFrame,
    observed: CountedObservations | None,
    range_m: float | None,
    areas: Path,
    settings: AnalysisSettings,
) -> Mapping[str, Any]:
    """Write where claim, measurement and model differ, and how reliable each claim is by commune; return the counts.

    Parameters
    ----------
    work : Workspace
    claims : GeoDataFrame or None
        None: no operator claims anything, and nothing is written.
    predicted : Predicted
    units, sites : DataFrame
    observed : CountedObservations or None
    range_m : float or None
        Range of the correlation along the ground that the calibration found.
    areas : Path
        Folder of the stage that classed the villages, for its people.
    settings : AnalysisSettings
    """
    if claims is None or claims.empty:
        return {"claims": 0}
    coverage = predicted.coverage
    calibration = settings.calibration
    people = areas / "people.npy"
    seen = observed or count_observations(
        pd.DataFrame({name: [] for name in OBSERVATION_COLUMNS}), coverage.grid.epsg, planning_dbm=settings.coverage.levels_dbm,
        settings=measured_settings(), layers=coverage.layers,
    )  # fmt: skip
    cells = measured_cells(seen, coverage.grid)
    found = find_disagreement(
        claims, coverage, np.asarray(predicted.index), units, cells,
        disagreement_settings(
            served_share=settings.coverage.served_probability, unserved_share=settings.coverage.unserved_probability
        ),
        correlation=Correlation(range_m or calibration.range_m, calibration.nugget_share, float("nan"), 0),
        people=read_array(people) if people.is_file() else None,
        sites=sites,
        planning_dbm=settings.coverage.levels_dbm,
    )  # fmt: skip
    write_frame(work.folder / "disagreement.parquet", found.zones)
    write_frame(work.folder / "claims_by_commune.parquet", found.by_area)
    return {"claims": len(claims), "zones": len(found.zones), "areas": len(found.by_area)}
