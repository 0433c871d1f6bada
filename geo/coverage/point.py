"""What reaches one point: every radio cell's level as the area sweep has it, and its path looked at closely."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Geod

from geo.coverage.pieces import TileTask, predict_tile
from geo.coverage.states import LayerFacts
from geo.crs import from_wgs84
from geo.grid import Grid
from geo.io.terrain import TerrainWindow
from geo.propagation.corrections import Corrections
from geo.propagation.entry import end_loss
from geo.propagation.ground import GroundModel, ProfileGround
from geo.propagation.paths import PathLoss, Profile, atmosphere, cut_profile, evaluate_path
from geo.propagation.radio_sources import RadioSources, pattern_loss_db
from geo.propagation.settings import TECHNOLOGIES, CoverageSettings

__all__ = [
    "PATTERN_TABLES",
    "CellSignal",
    "PatternTables",
    "Unknown",
    "cell_signals",
    "cells_in_reach",
    "choose_cells",
    "radio_sources",
]

_F64 = npt.NDArray[np.float64]
_F32 = npt.NDArray[np.float32]

#: Fields of :class:`PatternTables`, and names of the files that hold them.
PATTERN_TABLES = ("horizontal_loss_db", "vertical_loss_db", "pattern_cap_db")
#: Degrees around the box of a path: more than the node that bilinear heights need beyond it.
_BESIDE_DEG = 0.002
_COVERED_MHZ = (30.0, 6000.0)
_TALLEST_M, _LOWEST_M = 3000.0, 1.0

#: Why nothing can be said of a path.
Unknown = Literal["void_site", "void_point", "void_path", "frequency", "antenna_height", "foot"]


@dataclass(frozen=True, slots=True)
class PatternTables:
    """Antenna patterns of a run (see :class:`geo.propagation.radio_sources.RadioSources`)."""

    horizontal_loss_db: _F32
    vertical_loss_db: _F32
    pattern_cap_db: _F64


@dataclass(frozen=True, slots=True, eq=False)
class CellSignal:
    """One radio cell at one point.

    Attributes
    ----------
    cell : Series
        Its row of the run's table of radio cells.
    distance_km, bearing_deg : float
        In the grid's plane; from true north, at the antenna.
    threshold_dbm : float
        Planning level; NaN none.
    sweep_dbm : float
        Level of the area sweep at the centre of the point's grid cell; NaN unknown.
    corrected_dbm : float
        The same after the corrections that measurements taught, the cover about the phone with them; NaN without any.
    profile : Profile or None
        None at the antenna's foot.
    path : PathLoss or None
        None where the loss is unknown.
    unknown : str or None
        Why it is.
    azimuth_loss_db, tilt_loss_db : float
        What the antenna's pattern takes across and along (their sum is capped, across first); NaN unknown.
    end_loss_db : float
        Median clutter loss at the phone (ITU-R P.2108), where the run was made with it.
    """

    cell: pd.Series
    distance_km: float
    bearing_deg: float
    threshold_dbm: float
    sweep_dbm: float
    profile: Profile | None
    path: PathLoss | None
    unknown: Unknown | None
    azimuth_loss_db: float
    tilt_loss_db: float
    end_loss_db: float = 0.0
    corrected_dbm: float = math.nan

    @property
    def held_dbm(self) -> float:
        """Level that is held against the threshold: the corrected one where there is one, else that of the path itself."""
        return self.corrected_dbm if math.isfinite(self.corrected_dbm) else self.level_dbm

    @property
    def uncapped_dbm(self) -> float:
        """EIRP less path loss, pattern loss and loss at the phone's end; NaN unknown."""
        if self.path is None:
            return math.nan
        pattern_db = self.azimuth_loss_db + self.tilt_loss_db
        return float(self.cell["eirp_dbm"]) - self.path.loss_db - pattern_db - self.end_loss_db

    @property
    def level_dbm(self) -> float:
        """Level outdoors, never above the cell's ceiling; NaN unknown."""
        level = self.uncapped_dbm
        return level if math.isnan(level) else min(level, float(self.cell["ceiling_dbm"]))


def cells_in_reach(
    table: pd.DataFrame,
    tables: PatternTables,
    *,
    lon: float,
    lat: float,
    grid: Grid,
    ground: GroundModel,
    settings: CoverageSettings,
    corrections: Corrections | None = None,
) -> pd.DataFrame:
    """Return the radio cells in reach of a point, with the sweep's level there.

    A radio cell of unknown technology stands once in what is returned, however many layers it is in.

    Parameters
    ----------
    table : DataFrame
        Columns of :data:`geo.propagation.radio_table.RADIO_COLUMNS`.
    tables : PatternTables
    lon, lat : float
        EPSG:4326 degrees.
    grid : Grid
        Of the run; the point may lie outside.
    ground : GroundModel
    settings : CoverageSettings
    corrections : Corrections, optional
        What measurements taught of the run's radio cells.

    Returns
    -------
    DataFrame
        Rows of ``table`` within ``max_radius_m``, in its order, with ``distance_km`` to the point,
        ``threshold_dbm`` and ``sweep_dbm``, the level at the centre of the point's grid cell, NaN unknown;
        ``corrected_dbm`` is the same corrected, NaN without corrections.
    """
    same = ["operator", "site_id", "cell_id", "lon", "lat", "antenna_height_m", "frequency_mhz", "azimuth_deg", "file", "sheet", "row"]
    repeated = table["technology"].eq("") & table.duplicated(same)
    placed = table[~repeated & table["lon"].notna() & table["lat"].notna()].reset_index(drop=True)
    x, y = (float(v[0]) for v in from_wgs84([lon], [lat], grid.epsg))
    cell_x, cell_y = from_wgs84(placed["lon"].to_numpy(float), placed["lat"].to_numpy(float), grid.epsg)
    away = np.hypot(cell_x - x, cell_y - y)
    near = placed.assign(distance_km=away / 1000.0)[away <= settings.max_radius_m].reset_index(drop=True)
    threshold = near["technology"].map(lambda t: settings.levels_dbm.get(t, math.nan)).astype(float)
    near = near.assign(threshold_dbm=threshold)
    swept = _swept(near, tables, (x, y), grid, ground, settings)
    corrected = np.full(len(near), np.nan) if corrections is None else _swept(near, tables, (x, y), grid, ground, settings, corrections)
    return near.assign(sweep_dbm=swept, corrected_dbm=corrected)


def _swept(
    near: pd.DataFrame,
    tables: PatternTables,
    place: tuple[float, float],
    grid: Grid,
    ground: GroundModel,
    settings: CoverageSettings,
    corrections: Corrections | None = None,
) -> _F64:
    """Return the sweep's level of every radio cell at the centre of the grid cell that holds a place."""
    level = np.full(len(near), np.nan)
    known = near[near["ground_m"].notna() & near["eirp_dbm"].notna()]
    if known.empty:
        return level
    size = grid.cell_size
    column, row = math.floor((place[0] - grid.x_min) / size), math.floor((grid.y_max - place[1]) / size)
    one = Grid(grid.epsg, grid.x_min + column * size, grid.y_max - row * size, size, 1, 1)
    sources = radio_sources(known, tables, one)
    order = sources.index
    sources = replace(sources, index=known["index"].to_numpy(np.int64)[order])  # by which the corrections know them
    here, each = np.ones((1, 1), dtype=bool), LayerFacts((("", ""),) * len(known))
    task = TileTask("point", one, row, column, here, here, sources, each, ground, settings, corrections)
    found = predict_tile(task).level_dbm[:, 0, 0].astype(np.float64)
    level[known.index[order]] = np.where(np.isfinite(found[sources.layer]), found[sources.layer], np.nan)
    return level


def radio_sources(
    cells: pd.DataFrame, tables: PatternTables, grid: Grid, layer: npt.NDArray[np.int64] | None = None
) -> RadioSources:
    """Return radio cells of a run's table as the sweep takes them.

    Parameters
    ----------
    cells : DataFrame
        Columns of :data:`geo.propagation.radio_table.RADIO_COLUMNS`, and ``threshold_dbm``, the planning level.
    tables : PatternTables
    grid : Grid
    layer : (n,) int64 array, optional
        Layer of each row; by default every radio cell is a layer of its own.

    Returns
    -------
    RadioSources
        ``index`` is the row's position in ``cells``.
    """
    place = cells[["lon", "lat", "antenna_height_m"]].to_numpy(np.float64)
    order = np.lexsort(place.T[::-1])
    place = place[order]
    first = np.flatnonzero(np.r_[True, (np.diff(place, axis=0) != 0).any(axis=1)][: len(place)])

    def column(name: str) -> _F64:
        return np.ascontiguousarray(cells[name].to_numpy(np.float64)[order])

    nothing = np.full(len(cells), np.nan)
    x, y = from_wgs84(place[first, 0], place[first, 1], grid.epsg)
    return RadioSources(
        group_lon=place[first, 0].copy(),
        group_lat=place[first, 1].copy(),
        group_x_m=np.asarray(x),
        group_y_m=np.asarray(y),
        group_ground_m=column("ground_m")[first],
        group_height_m=place[first, 2].copy(),
        group_first=np.r_[first, len(cells)].astype(np.int64),
        layer=np.arange(len(cells), dtype=np.int64) if layer is None else layer[order],
        frequency_mhz=column("frequency_mhz"),
        eirp_dbm=column("eirp_dbm"),
        ceiling_dbm=column("ceiling_dbm"),
        bearing_deg=column("bearing_deg"),
        beamwidth_deg=nothing,
        front_to_back_db=nothing,
        threshold_dbm=column("threshold_dbm"),
        sd_db=column("sd_db"),
        pattern=cells["pattern"].to_numpy(np.int64)[order],
        mechanical_tilt_deg=column("mechanical_tilt_deg"),
        horizontal_loss_db=tables.horizontal_loss_db,
        vertical_loss_db=tables.vertical_loss_db,
        pattern_cap_db=tables.pattern_cap_db,
        index=order.astype(np.int64),
    )


def choose_cells(near: pd.DataFrame, strongest: int, *, counting: Collection[str] = TECHNOLOGIES) -> pd.DataFrame:
    """Return the strongest radio cells over all operators and the best of each operator, best first.

    Levels are the corrected ones where there are such. Strong is what lies high above the planning level of its own technology: a 2G carrier and an LTE
    reference signal are not compared in dBm. Technologies that do not count as service come after those that
    do, radio cells without planning level after those with one, those of unknown level last, both by distance.

    Parameters
    ----------
    near : DataFrame
        Of :func:`cells_in_reach`.
    strongest : int
        How many over all operators.
    counting : collection of str
        Technologies that count as service on the date.
    """
    held = near["corrected_dbm"].fillna(near["sweep_dbm"]) if "corrected_dbm" in near else near["sweep_dbm"]
    margin = held - near["threshold_dbm"]
    counts = near["technology"].isin(list(counting))
    rank = np.where(margin.notna(), np.where(counts, 0, 1), np.where(near["sweep_dbm"].notna(), 2, 3))
    order = np.lexsort((near["distance_km"].to_numpy(), -margin.fillna(0.0).to_numpy(), rank))
    ranked = near.iloc[order]
    chosen = set(ranked.index[:strongest]) | set(ranked.drop_duplicates("operator").index)
    return ranked[ranked.index.isin(chosen)]


def cell_signals(
    chosen: pd.DataFrame,
    tables: PatternTables,
    *,
    lon: float,
    lat: float,
    grid: Grid,
    ground: GroundModel,
    settings: CoverageSettings,
) -> Iterator[CellSignal]:
    """Yield the radio cells with their paths to a point evaluated by ITU-R P.1812.

    Parameters
    ----------
    chosen : DataFrame
        Rows of :func:`cells_in_reach`.
    tables, lon, lat, grid, ground, settings
        As there.
    """
    x, y = (float(v[0]) for v in from_wgs84([lon], [lat], grid.epsg))
    for _, cell in chosen.iterrows():
        cell_x, cell_y = (float(v[0]) for v in from_wgs84([cell["lon"]], [cell["lat"]], grid.epsg))
        bearing = float(Geod(ellps="WGS84").inv(cell["lon"], cell["lat"], lon, lat)[0]) % 360.0
        known = CellSignal(
            cell, float(cell["distance_km"]), bearing, float(cell["threshold_dbm"]), float(cell["sweep_dbm"]),
            None, None, None, math.nan, math.nan, corrected_dbm=float(cell.get("corrected_dbm", math.nan)),
        )  # fmt: skip
        yield _evaluated(known, tables, (lon, lat), math.degrees(math.atan2(x - cell_x, y - cell_y)), grid, ground, settings)


def _evaluated(
    signal: CellSignal,
    tables: PatternTables,
    place: tuple[float, float],
    grid_bearing_deg: float,
    grid: Grid,
    ground: GroundModel,
    settings: CoverageSettings,
) -> CellSignal:
    cell = signal.cell
    height, frequency = float(cell["antenna_height_m"]), float(cell["frequency_mhz"])
    if signal.distance_km * 1000.0 < _LOWEST_M:
        return replace(signal, unknown="foot")
    window, heights = _window(ground, (float(cell["lon"]), float(cell["lat"])), place)
    profile = cut_profile(
        window,
        heights,
        (float(cell["lon"]), float(cell["lat"])),
        place,
        length_km=signal.distance_km,
        step_m=settings.profile_step_m,
        tx_ground_m=float(cell["ground_m"]),
    )
    signal = replace(signal, profile=profile)
    why = _why_unknown(profile, height, frequency)
    if why is not None:
        return replace(signal, unknown=why)
    path = evaluate_path(
        profile,
        tx_height_m=height,
        rx_height_m=settings.receiver_height_m,
        frequency_mhz=frequency,
        air=atmosphere(settings.effective_earth_radius_m),
    )
    sources = radio_sources(pd.DataFrame([cell]), tables, grid)
    flat = replace(sources, vertical_loss_db=np.zeros_like(sources.vertical_loss_db))
    across, both = (
        float(pattern_loss_db(each, 0, bearing_deg=grid_bearing_deg, below_horizon_deg=path.antenna_below_horizon_deg))
        for each in (flat, sources)
    )
    at_end = 0.0
    if ground.settings.end_loss == "p2108":
        at_end = float(end_loss(np.array([frequency / 1000.0]), np.array([signal.distance_km]))[0][0, 0])
    return replace(signal, path=path, azimuth_loss_db=across, tilt_loss_db=both - across, end_loss_db=at_end)


def _window(
    ground: GroundModel, tx: tuple[float, float], rx: tuple[float, float]
) -> tuple[TerrainWindow, ProfileGround]:
    west, east = sorted((tx[0], rx[0]))
    south, north = sorted((tx[1], rx[1]))
    return ground.read_window((west - _BESIDE_DEG, south - _BESIDE_DEG, east + _BESIDE_DEG, north + _BESIDE_DEG))


def _why_unknown(profile: Profile, height_m: float, frequency_mhz: float) -> Unknown | None:
    if not _COVERED_MHZ[0] <= frequency_mhz <= _COVERED_MHZ[1]:
        return "frequency"
    if not _LOWEST_M <= height_m <= _TALLEST_M:
        return "antenna_height"
    unknown = profile.unknown
    if unknown[0]:
        return "void_site"
    if unknown[-1]:
        return "void_point"
    return "void_path" if unknown.any() else None
