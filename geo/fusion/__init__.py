"""Measurements and prediction as one: local kriging of residuals, with its own error, down to the cell."""

from __future__ import annotations

from geo.fusion.evidence import Evidence
from geo.fusion.fitting import FittedField, fit_field
from geo.fusion.kriging import Kriged, SmoothField, krige, leave_one_out, smooth_field
from geo.fusion.layer import Cells, FusedLayer, cells, fuse, joint_draws, served_share
from geo.fusion.observations import Observations, observations
from geo.fusion.robust import ClassScales, class_scales
from geo.fusion.settings import FusionSettings, fusion_settings
from geo.fusion.variogram import Variogram, empirical_variogram, fit_variogram

__all__ = [
    "Cells",
    "ClassScales",
    "Evidence",
    "FittedField",
    "FusedLayer",
    "FusionSettings",
    "Kriged",
    "Observations",
    "SmoothField",
    "Variogram",
    "cells",
    "class_scales",
    "empirical_variogram",
    "fit_field",
    "fit_variogram",
    "fuse",
    "fusion_settings",
    "joint_draws",
    "krige",
    "leave_one_out",
    "observations",
    "served_share",
    "smooth_field",
]
