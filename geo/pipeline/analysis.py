"""The main job: from a project file to the run folder, by stages that resume."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from geo.compute import Executor
from geo.coverage import MODEL, CoverageSettings, coverage_settings, technology_rules
from geo.errors import InputError
from geo.io.files import write_bytes
from geo.io.fingerprints import fingerprint
from geo.io.resources import issue_catalogue
from geo.io.run_folder import MANIFEST, RunFolder, run_name
from geo.io.stage_files import read_issues
from geo.mapping import DataSource
from geo.pipeline.areas import class_areas
from geo.pipeline.engine import Observer, Stage, StageResult, Workspace, run_stages
from geo.pipeline.manifest import manifest
from geo.pipeline.predicting import layer_names, load_coverage, predict_coverage, run_grid
from geo.pipeline.reading import (
    InputsRefused,
    empty_cells,
    empty_sites,
    issues_workbook_of,
    load_frame,
    load_population_raster,
    load_terrain,
    province_zones,
    read_stage,
)
from geo.pipeline.results import arranged_frame, write_result_layers, write_result_tables
from geo.pipeline.showing import kind_name, notices, sentence, write_map
from geo.project import Project
from geo.report.tables import arrange, result_table
from geo.validation import IssueLog
from geo.villages import VillageSettings, village_settings

__all__ = ["Analysis", "analyse", "analysis_stages", "run_folder_of"]
