"""From samples and rules to verdicts: does each area meet the standard, and what do the samples show?"""

from geo.service_quality.availability import LevelSamples, level_samples, roads_of
from geo.service_quality.former import (
    CONVERTED_COLUMNS,
    SERIES_COLUMNS,
    figures_of_today,
    reported_figures_of,
    series,
)
from geo.service_quality.ranks import Ranks, rank_areas
from geo.service_quality.reported import (
    REPORTED_COLUMNS,
    judge_reported,
    shared_sites,
    villages_with_broadband,
)
from geo.service_quality.samples import (
    DECLARATION_COLUMNS,
    SAMPLE_COLUMNS,
    empty_declarations,
    empty_samples,
)
from geo.service_quality.scorecard import SCORE_COLUMNS, scorecard
from geo.service_quality.settings import ServiceSettings, service_settings
from geo.service_quality.uptake import uptake_samples
from geo.service_quality.verdicts import JOINT_COLUMNS, STANDARD_COLUMNS, Areas, areas_of, judge

__all__ = [
    "CONVERTED_COLUMNS",
    "DECLARATION_COLUMNS",
    "JOINT_COLUMNS",
    "REPORTED_COLUMNS",
    "SAMPLE_COLUMNS",
    "SCORE_COLUMNS",
    "SERIES_COLUMNS",
    "STANDARD_COLUMNS",
    "Areas",
    "LevelSamples",
    "Ranks",
    "ServiceSettings",
    "areas_of",
    "empty_declarations",
    "empty_samples",
    "figures_of_today",
    "judge",
    "judge_reported",
    "level_samples",
    "rank_areas",
    "reported_figures_of",
    "roads_of",
    "scorecard",
    "series",
    "service_settings",
    "shared_sites",
    "uptake_samples",
    "villages_with_broadband",
]
