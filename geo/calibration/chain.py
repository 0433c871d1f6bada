"""The whole chain of one fit (interim form)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.calibration.blocks import Blocks, Correlation, effective_weights, fit_correlation
from geo.calibration.calibration import Calibration, Note, calibrate, serving_residuals
from geo.calibration.observations import HeardCells, RadioFacts, assemble_observations
from geo.calibration.settings import CalibrationSettings
from geo.propagation.links import Links

__all__ = ["MeasurementFit", "fit_measurements"]


@dataclass(frozen=True)
class MeasurementFit:
    calibration: Calibration
    correlation: Correlation
    site_correlation: float
    place_correlation: float
    notes: tuple[Note, ...]

    def facts(self) -> dict[str, Any]:
        return {"effective_n": self.calibration.effective_n, "range_m": self.correlation.range_m}


def fit_measurements(blocks: Blocks, links: Links, facts: RadioFacts, heard: HeardCells, *, clutter, clutters, devices, settings: CalibrationSettings) -> MeasurementFit:
    import dataclasses
    n = len(blocks.kind)
    best = np.full(n, -np.inf)
    ok = np.isfinite(links.level_dbm)
    np.maximum.at(best, links.point[ok], links.level_dbm[ok])
    keep = ~ok | (links.level_dbm > best[links.point] - settings.fit_reach_db)
    links = Links(*(getattr(links, f.name)[keep] for f in dataclasses.fields(Links)))
    obs = assemble_observations(blocks, links, facts, heard, clutter=clutter, clutters=clutters, devices=devices)
    b = obs.block
    corr = Correlation(settings.range_m, settings.nugget_share, 49.0, 0)
    for _ in range(1):
        w = effective_weights(blocks.x_m[b], blocks.y_m[b], blocks.layer[b], np.unique(blocks.place[b], return_inverse=True)[1], blocks.samples[b], corr)
        cal = calibrate(obs.candidates, obs.predicted_dbm, obs.features, w, settings)
    return MeasurementFit(cal, corr, cal.settings.site_correlation, cal.settings.place_correlation, cal.notes)
