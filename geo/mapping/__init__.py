"""Maps: one sealed HTML file per project, drawn with folium, shown without any network."""

from geo.mapping.content import (
    AreaLayer,
    CoverageLayer,
    DataSource,
    MapContent,
    MeasurementCount,
    PeopleFigure,
    ThemeLayer,
)
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.public import public_content
from geo.mapping.sealed import build_map

__all__ = [
    "AreaLayer", "CoverageLayer", "DataSource", "MapContent", "MeasurementCount", "PeopleFigure", "SafeText", "ThemeLayer", "build_map", "public_content", "vn_safe",
]  # fmt: skip
