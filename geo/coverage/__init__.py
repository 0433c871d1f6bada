"""First coverage: best-server level, probability and state for every operator and technology.

How to call
-----------
::

    rules = technology_rules("vn-2026", project.date)         # planning levels, technologies that count
    settings = coverage_settings(rules)                        # keywords replace single fields, e.g.
                                                               # levels_dbm={"5G": -110.0}, max_radius_m=20_000,
                                                               # neighbour_operators=frozenset({"Viettel"})
    index = unit_index(units, grid)                            # int32, -1 outside; grid in metres
    inside = index >= 0
    prepared = prepare_sources(cells, sites, operators=project.operators, terrain=terrain, grid=grid,
                               settings=settings, defaults=radio_defaults(), on=project.date, log=log)
    tasks = tile_tasks(grid, inside, prepared, terrain, settings)
    # one process:     levels = assemble(grid, len(prepared.layers), tasks, [predict_tile(t) for t in tasks])
    # pieces, resumed: run_pieces(executor, write_tile, [Piece(t.name, t) for t in tasks], folder)
    #                  levels = assemble(grid, len(prepared.layers), tasks, read_tiles(tasks, folder))
    coverage = coverage_states(levels, prepared, grid, inside, settings)
    coverage.layers            # (operator, technology), first axis of level_dbm, probability, state, reason
    coverage.all_state(settings.counting)                      # all operators in three values
    summary = unit_summary(units, index, coverage, settings.counting, population=..., village_classes=...)

``prepared.defaults_used`` (counts by ``"4G.power_dbm"``), :data:`MODEL` and ``rules.entries`` belong into
the manifest. Findings (sites on a terrain void, cells without position, operators without a list) go to
``log``. ``terrain`` is :func:`geo.io.terrain.open_terrain`; it is small and picklable. Villages:
:func:`geo.villages.classify_villages`.

What it is not: there is no land cover in it, no tilt, no vertical pattern, and one edge stands for all
edges of a profile. It is a baseline and it is optimistic: on rugged terrain its loss lies about 10 dB
(standard deviation 5 dB) below that of ITU-R P.1812 at 900 and 1800 MHz, up to 15 km.
"""

from geo.coverage.people import SpreadPeople, spread_people
from geo.coverage.pieces import TileTask, assemble, predict, predict_tile, read_tiles, tile_tasks, write_tile
from geo.coverage.states import Coverage, Reason, State, border_ring, combine, coverage_states, state_counts
from geo.coverage.units import unit_index, unit_summary
from geo.propagation.area import MODEL, AreaLevels, RadioSources
from geo.propagation.settings import (
    TECHNOLOGIES,
    CoverageSettings,
    coverage_settings,
    radio_defaults,
    technology_rules,
)
from geo.propagation.sources import DefaultsUsed, PreparedSources, prepare_sources

__all__ = [
    "MODEL",
    "TECHNOLOGIES",
    "AreaLevels",
    "Coverage",
    "CoverageSettings",
    "DefaultsUsed",
    "PreparedSources",
    "RadioSources",
    "Reason",
    "SpreadPeople",
    "State",
    "TileTask",
    "assemble",
    "border_ring",
    "combine",
    "coverage_settings",
    "coverage_states",
    "predict",
    "predict_tile",
    "prepare_sources",
    "radio_defaults",
    "read_tiles",
    "spread_people",
    "state_counts",
    "technology_rules",
    "tile_tasks",
    "unit_index",
    "unit_summary",
    "write_tile",
]
