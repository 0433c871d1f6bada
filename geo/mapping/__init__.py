"""Maps: one sealed HTML file per project, drawn with folium, shown without any network."""

from geo.mapping.content import (
    AreaLayer,
    CoverageLayer,
    DataSource,
    MapContent,
    MeasurementCount,
    PeopleFigure,
)
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.sealed import build_map

__all__ = [
    "AreaLayer", "CoverageLayer", "DataSource", "MapContent", "MeasurementCount", "PeopleFigure", "SafeText", "build_map", "vn_safe",
]  # fmt: skip
