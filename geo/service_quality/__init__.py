"""From samples and rules to verdicts: does each area meet the standard, and what do the samples show?"""

from geo.service_quality.samples import (
    DECLARATION_COLUMNS,
    SAMPLE_COLUMNS,
    empty_declarations,
    empty_samples,
)
from geo.service_quality.settings import ServiceSettings, service_settings
from geo.service_quality.verdicts import JOINT_COLUMNS, STANDARD_COLUMNS, Areas, areas_of, judge

__all__ = [
    "DECLARATION_COLUMNS",
    "JOINT_COLUMNS",
    "SAMPLE_COLUMNS",
    "STANDARD_COLUMNS",
    "Areas",
    "ServiceSettings",
    "areas_of",
    "empty_declarations",
    "empty_samples",
    "judge",
    "service_settings",
]
