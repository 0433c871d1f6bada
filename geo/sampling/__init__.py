"""Where to measure next: how likely measuring decides villages and areas, and vehicle-days on the roads."""

from geo.sampling.areas import area_chance, open_areas
from geo.sampling.beliefs import (
    NEVER,
    OWN_VISIT,
    YES,
    Beliefs,
    EarlierMeasurements,
    Measurable,
    VillageLayers,
)
from geo.sampling.chances import Cuts, LayerOutlook, layer_chances, village_chance
from geo.sampling.graph import RoadGraph, RoadLines, road_graph, road_networks
from geo.sampling.planned import PLANNED_COLUMNS, PlannedLayer, PlannedStop, planned_stops, planned_table
from geo.sampling.settings import SamplingSettings, sampling_settings
from geo.sampling.trips import Leg, RoadPoints, Roadwork, Stop, Trip, along_roads, ordered_trips, plan_trips

__all__ = [
    "NEVER", "OWN_VISIT", "PLANNED_COLUMNS", "YES", "Beliefs", "Cuts", "EarlierMeasurements", "LayerOutlook", "Leg", "Measurable", "PlannedLayer",
    "PlannedStop", "RoadGraph", "RoadLines", "RoadPoints", "Roadwork", "SamplingSettings", "Stop", "Trip", "VillageLayers", "along_roads", "area_chance",
    "layer_chances", "open_areas", "ordered_trips", "plan_trips", "planned_stops", "planned_table", "road_graph", "road_networks", "sampling_settings", "village_chance",
]  # fmt: skip
