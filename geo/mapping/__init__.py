"""Maps: one sealed HTML file per project, drawn with folium, shown without any network."""

from geo.mapping.content import CoverageLayer, DataSource, MapContent, MeasurementCount
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.sealed import build_map

__all__ = ["CoverageLayer", "DataSource", "MapContent", "MeasurementCount", "SafeText", "build_map", "vn_safe"]
