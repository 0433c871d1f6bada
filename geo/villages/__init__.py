"""Villages and facilities: who serves them, what that rests on, and what stands in the way.

How to call
-----------
::

    owned = village_cells(settlements, grid, index, commune_codes, hamlets)
    blocking = path_obstructions(prepared.table, prepared.sources, grid=grid, ground=ground, settings=settings)
    villages = classify_villages(settlements, coverage, sites, cells_of_villages=owned, settings=settings,
                                 village_settings=village_settings(), buildings=buildings, population=people,
                                 measured=facts, obstructions=blocking, deadlines=register_dates, draws=draws)
    facilities = classify_facilities(places, coverage, sites, settings=settings, measured=facility_facts)
    operators = operator_service(villages, coverage, sites, settings=settings, measured=facts, obstructions=blocking)
    # roll-ups: geo.coverage.unit_summary, geo.coverage.province_summary
    # lists: geo.report.lists.village_lists(villages, operators, ...)

Whatever is optional may be left out: the columns it fills stay blank. Nothing here turns silence into absence:
a layer that is not known never makes a place white, and never makes it served.
"""

from geo.villages.classes import VILLAGE_COLUMNS, classify_villages
from geo.villages.clusters import CLUSTER_COLUMNS, VillageClusters, find_clusters, weak_clusters
from geo.villages.facilities import FACILITY_COLUMNS, classify_facilities
from geo.villages.footprints import village_cells
from geo.villages.measured import MEASURED_COLUMNS
from geo.villages.obstructions import Obstruction, Obstructions, path_obstructions
from geo.villages.operators import OPERATOR_COLUMNS, operator_service
from geo.villages.settings import VillageSettings, village_settings
from geo.villages.white import Draws

__all__ = [
    "CLUSTER_COLUMNS",
    "FACILITY_COLUMNS",
    "MEASURED_COLUMNS",
    "OPERATOR_COLUMNS",
    "VILLAGE_COLUMNS",
    "Draws",
    "Obstruction",
    "Obstructions",
    "VillageClusters",
    "VillageSettings",
    "classify_facilities",
    "classify_villages",
    "find_clusters",
    "operator_service",
    "path_obstructions",
    "village_cells",
    "village_settings",
    "weak_clusters",
]
