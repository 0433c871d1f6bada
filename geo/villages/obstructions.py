"""What stands between a place and the sites that reach it best, as a code that the strings put into words.

An obstruction reads ``Mạng A 4G HG001=blocked_terrain+3.2 km+45 m+105.12345 22.54321``: whose radio cell, what
stands in the way, how far from the site, how high over the line of sight (negative below it), longitude and
latitude. Where nothing does, ``clear`` and the length of the path alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from geo.coverage.point import CellSignal, PatternTables, cell_signals, cells_in_reach, choose_cells
from geo.grid import Grid
from geo.io.resources import load_toml
from geo.propagation.ground import GroundModel
from geo.propagation.paths import BlockingEdge
from geo.propagation.radio_sources import RadioSources
from geo.propagation.settings import CoverageSettings

__all__ = ["Obstruction", "Obstructions", "edge_kind", "path_obstructions"]


@dataclass(frozen=True, slots=True)
class Obstruction:
    """What stands in one path.

    Attributes
    ----------
    operator, technology, site_id : str
        Of the radio cell.
    distance_km : float
        Length of the path.
    kind : str
        ``blocked_terrain``, ``blocked_wooded``, ``blocked_surface``, ``blocked_clutter``, ``blocked_earth``, ``grazed``,
        ``clear``, or ``path_unknown`` where nothing is known of the path.
    from_site_km, over_line_m, lon, lat : float
        Of the edge that blocks; NaN where the path is not known.
    """

    operator: str
    technology: str
    site_id: str
    distance_km: float
    kind: str
    from_site_km: float
    over_line_m: float
    lon: float
    lat: float

    @property
    def code(self) -> str:
        """The text of the tables."""
        named = " ".join(part for part in (self.operator, self.technology, self.site_id) if part)
        if self.kind in {"clear", "path_unknown"}:
            return f"{named}={self.kind}+{self.distance_km:.1f} km"
        height = f"{self.over_line_m:.0f}".replace("-0", "0")
        return f"{named}={self.kind}+{self.from_site_km:.1f} km+{height} m+{self.lon:.5f} {self.lat:.5f}"


#: Longitude and latitude to what stands in the strongest path and in the strongest of each operator, the best first.
Obstructions = Callable[[float, float], tuple[Obstruction, ...]]


def edge_kind(edge: BlockingEdge, *, surface: bool) -> str:
    """Return what an edge is, as the sentences name it.

    Parameters
    ----------
    edge : BlockingEdge
    surface : bool
        Whether the terrain holds trees and houses, so that they cannot be told from the ground (an edge
        higher over the line than any tree is a hillside all the same).
    """
    if edge.view != "blocked":
        return edge.view
    if edge.kind == "terrain" and edge.over_m > edge.ground_m:
        return "blocked_wooded"
    tallest_m = load_toml("paths.toml")["choice"]["tallest_canopy_m"]["value"]
    if edge.kind == "terrain" and surface and edge.over_line_m <= tallest_m:
        return "blocked_surface"
    return f"blocked_{edge.kind}"


def path_obstructions(
    radio: pd.DataFrame,
    tables: PatternTables | RadioSources,
    *,
    grid: Grid,
    ground: GroundModel,
    settings: CoverageSettings,
) -> Obstructions:
    """Return a function that says what stands in the strongest paths to a place.

    Of the radio cells in reach whose technology counts, or is not known, it takes the one furthest above its
    planning level by the area sweep, and the best of each operator (:func:`geo.coverage.point.choose_cells`), and
    evaluates their profiles by ITU-R P.1812. Places without a position have none.

    Parameters
    ----------
    radio : DataFrame
        Columns of :data:`geo.propagation.radio_table.RADIO_COLUMNS`: ``PreparedSources.table``.
    tables : PatternTables or RadioSources
        The patterns of the same radio cells.
    grid : Grid
        Of the run.
    ground : GroundModel
    settings : CoverageSettings
    """
    patterns = PatternTables(tables.horizontal_loss_db, tables.vertical_loss_db, tables.pattern_cap_db)
    table = radio[radio["technology"].isin([*settings.counting, ""])].reset_index(drop=True)
    surface = ground.terrain.kind == "surface" and ground.cover_used is None

    @cache  # villages and operators ask for the same places
    def obstructions(lon: float, lat: float) -> tuple[Obstruction, ...]:
        if not (np.isfinite(lon) and np.isfinite(lat)) or table.empty:
            return ()
        near = cells_in_reach(table, patterns, lon=lon, lat=lat, grid=grid, ground=ground, settings=settings)
        if near.empty:
            return ()
        chosen = choose_cells(near, 1, counting=settings.counting)
        signals = cell_signals(chosen, patterns, lon=lon, lat=lat, grid=grid, ground=ground, settings=settings)
        return tuple(_obstruction(signal, surface) for signal in signals)

    return obstructions


def _obstruction(signal: CellSignal, surface: bool) -> Obstruction:
    cell = signal.cell
    about = (str(cell["operator"]), str(cell["technology"]), str(cell["site_id"]), signal.distance_km)
    if signal.path is None:
        return Obstruction(*about, "path_unknown", np.nan, np.nan, np.nan, np.nan)
    edge = signal.path.edge
    return Obstruction(*about, edge_kind(edge, surface=surface), edge.distance_km, edge.over_line_m, edge.lon, edge.lat)
