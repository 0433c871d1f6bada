"""Coverage: best-server level, probability and state for every operator and technology.

How to call
-----------
::

    rules = technology_rules("vn-2026", project.date)         # planning levels, technologies that count
    settings = coverage_settings(rules)                        # keywords replace single fields, e.g.
                                                               # levels_dbm={"5G": -110.0}, max_radius_m=20_000,
                                                               # neighbour_operators=frozenset({"Viettel"})
    index = unit_index(units, grid)                            # int32, -1 outside; grid in metres
    inside = index >= 0
    prepared = prepare_sources(cells, sites, operators=project.operators, terrain=ground, grid=grid,
                               settings=settings, defaults=radio_defaults(), on=project.date, log=log)
    # small, in memory: levels = predict(grid, inside, prepared, ground, settings)
    #                   coverage = coverage_states(levels, prepared, grid, inside, settings)
    # a province, resumed, one layer in memory at a time:
    tasks = tile_tasks(grid, inside, prepared, ground, settings)
    run_pieces(executor, write_tile, [Piece(t.name, t) for t in tasks], folder)
    tiles = Tiles.of(grid, tasks, folder)
    run_pieces(executor, write_layer, [Piece(name, LayerTask(name, i, tiles, rasters)) ...], folder)
    write_stacks(tiles, len(prepared.layers), stage_folder)    # .npy, read memory-mapped
    coverage.layers            # (operator, technology), first axis of level_dbm, probability, state, reason
    coverage.all_state(settings.counting)                      # all operators in three values
    summary = unit_summary(units, index, coverage, settings.counting, population=..., village_classes=...)

``prepared.defaults_used`` (counts by ``"4G.power_dbm"``), :data:`MODEL` and ``rules.entries`` belong into
the manifest. Findings (sites on a terrain void, cells without position, operators without a list) go to
``log``. ``ground`` is a :class:`geo.propagation.ground.GroundModel`; it is small and picklable. Villages:
:func:`geo.villages.classify_villages`.

States are decided in each tile (:func:`piece_states`), since nothing of them depends on other tiles but the
distance to the area's border, which is found over the whole grid first.
"""

from geo.coverage.gathering import LayerTask, Tiles, write_layer, write_stacks
from geo.coverage.moved_masts import MovedMasts, mean_chance, moved_masts, write_moved
from geo.coverage.people import SpreadPeople, as_communes_count, spread_people
from geo.coverage.pieces import (
    TileTask,
    assemble,
    predict,
    predict_tile,
    tile_tasks,
    write_levels,
    write_tile,
)
from geo.coverage.states import (
    Coverage,
    LayerFacts,
    Reason,
    State,
    border_ring,
    combine,
    coverage_states,
    piece_states,
    state_counts,
)
from geo.coverage.tile_margins import margins
from geo.coverage.units import SPLITS, province_summary, split_of, unit_index, unit_summary
from geo.coverage.unplaced import UnplacedKind, combined_chance, unplaced_kinds, unplaced_within
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
    "SPLITS",
    "TECHNOLOGIES",
    "AreaLevels",
    "Coverage",
    "CoverageSettings",
    "DefaultsUsed",
    "LayerFacts",
    "LayerTask",
    "MovedMasts",
    "PreparedSources",
    "RadioSources",
    "Reason",
    "SpreadPeople",
    "State",
    "TileTask",
    "Tiles",
    "UnplacedKind",
    "as_communes_count",
    "assemble",
    "border_ring",
    "combine",
    "combined_chance",
    "coverage_settings",
    "coverage_states",
    "margins",
    "mean_chance",
    "moved_masts",
    "piece_states",
    "predict",
    "predict_tile",
    "prepare_sources",
    "province_summary",
    "radio_defaults",
    "split_of",
    "spread_people",
    "state_counts",
    "technology_rules",
    "tile_tasks",
    "unit_index",
    "unit_summary",
    "unplaced_kinds",
    "unplaced_within",
    "write_layer",
    "write_levels",
    "write_moved",
    "write_stacks",
    "write_tile",
]
