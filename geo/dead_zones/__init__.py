"""Dead zones: areas and stretches of road without signal, as polygons and lines with people, reason and priority.

How to call
-----------
::

    households = households_on_grid(villages, cells_of_villages, grid, buildings=..., population=people,
                                    persons_per_household=village_settings.persons_per_household)
    places = Places(unit_index=index, commune_codes=tuple(units["commune_code"]), population=people, villages=villages,
                    cells_of_villages=cells_of_villages, households=households, facilities=facilities, sites=sites,
                    radio_cells=prepared.table)              # whatever is not known stays None, and is said
    look = path_look(ground, prepared.sources, grid=grid, settings=settings, radio_cells=prepared.table)
                                                             # or, of a completed run, look_from_table(...)
    found = find_dead_zones(coverage, settings, places, on=project.date, roads=roads, draws=draws, look=look,
                            weak_cluster_households=village_settings.weak_cluster_households)
    found.all.frame            # GeoDataFrame, EPSG:4326, DEAD_ZONE_COLUMNS; .outline the same in the grid's CRS
    found.all.label            # which cell belongs to which row
    found.all.sieved           # what was too small to list: zones, cells, km2, people
    found.all.totals           # people over all zones, with the interval of the sum
    found.by_operator["A"], found.by_layer["A", "4G"], found.roads
    found.table()              # rows of dead_zones.csv
    state_findings(found, log)

``draws`` is a :class:`UnservedDraws`, a callable of layer, rows and columns. Priorities are worked out again with
costs by :func:`with_priority`.
"""

from geo.dead_zones.find import SCOPES, DeadZones, RoadSet, ZoneSet, find_dead_zones
from geo.dead_zones.findings import state_findings
from geo.dead_zones.paths import PathLook, StrongestPaths, look_from_table, path_look
from geo.dead_zones.people import UnservedDraws
from geo.dead_zones.priority import with_priority
from geo.dead_zones.roads import ROAD_STATES, road_segments
from geo.dead_zones.settings import (
    DeadZoneSettings,
    PrioritySettings,
    dead_zone_settings,
    priority_settings,
)
from geo.dead_zones.surroundings import Places
from geo.dead_zones.table import CLASSES, DEAD_ZONE_COLUMNS
from geo.dead_zones.weak import households_on_grid

__all__ = [
    "CLASSES",
    "DEAD_ZONE_COLUMNS",
    "ROAD_STATES",
    "SCOPES",
    "DeadZoneSettings",
    "DeadZones",
    "PathLook",
    "Places",
    "PrioritySettings",
    "RoadSet",
    "StrongestPaths",
    "UnservedDraws",
    "ZoneSet",
    "dead_zone_settings",
    "find_dead_zones",
    "households_on_grid",
    "look_from_table",
    "path_look",
    "priority_settings",
    "road_segments",
    "state_findings",
    "with_priority",
]
