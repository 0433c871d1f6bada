"""The whole made-up province from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.sample.drive_files import drive_table, gnettrack_logs, locked_sheet
from geo.sample.drives import build_drives
from geo.sample.flaws import spoil
from geo.sample.frame import FloatArray, Lattice
from geo.sample.hung_cable import cable_sheet, told_streets
from geo.sample.land import build_land_cover, build_population
from geo.sample.listing import Listing, build_listing
from geo.sample.mast_tables import mast_sheets
from geo.sample.network import build_network
from geo.sample.place_tables import place_sheets
from geo.sample.plan_tables import plan_sheets
from geo.sample.roads import Roads, build_roads
from geo.sample.scores import TruthTables, grid_truth, truth_tables
from geo.sample.service_tables import service_sheets
from geo.sample.settlements import Settlements, build_settlements
from geo.sample.sheets import FlawBook, Sheet
from geo.sample.site_tables import site_sheets
from geo.sample.terrain import Terrain, build_terrain
from geo.sample.truth import RadioTruth, build_radio_truth
from geo.sample.units import Units, build_units

__all__ = ["DEFAULT_SEED", "VOID_M", "SampleProvince", "build", "build_truth_rasters"]

DEFAULT_SEED = 2030
VOID_M = -32_768
_HEIGHT_STEP_M = 2


@dataclass(frozen=True, slots=True)
class SampleProvince:
    """The made-up province as it is delivered, and the truth behind it.

    Attributes
    ----------
    seed : int
    units, settlements, roads : tables and shapes
    lattice : Lattice
        3 arc-seconds, of ``dem_m`` and ``land_cover``.
    dem_m : (rows, columns) int16 array
        Delivered heights, in steps of 2 m, with voids.
    land_cover : uint8 array
    population : float32 array
        People per cell of ``population_lattice``.
    sheets : tuple of Sheet
    logs : dict of str to str
        Text logs by file name.
    drive_tests : DataFrame
    flaws : DataFrame
    truth : TruthTables
    radio : RadioTruth
    listing : Listing
    """

    seed: int
    units: Units
    settlements: Settlements
    roads: Roads
    lattice: Lattice
    dem_m: npt.NDArray[np.int16]
    land_cover: npt.NDArray[np.uint8]
    population: npt.NDArray[np.float32]
    population_lattice: Lattice
    sheets: tuple[Sheet, ...]
    logs: dict[str, str]
    drive_tests: pd.DataFrame
    flaws: pd.DataFrame
    truth: TruthTables
    radio: RadioTruth
    listing: Listing


def _delivered_terrain(
    rng: np.random.Generator, terrain: Terrain, units: Units, listing: Listing, book: FlawBook
) -> npt.NDArray[np.int16]:
    """Return heights in steps of 2 m with two void patches: in a steep shadow, and under one site."""
    lattice = terrain.lattice
    dem = (np.rint(terrain.height_m / _HEIGHT_STEP_M) * _HEIGHT_STEP_M).astype(np.int16)
    steep = np.where(units.label >= 0, terrain.slope_deg, 0)
    i, j = (3 * int(k) for k in np.unravel_index(int(np.argmax(steep)), steep.shape))
    site = listing.sites[(listing.sites["commune"] > 0) & (listing.sites["kind"] == "rural")].iloc[-7]
    m, n = (int(k) for k in lattice.cell(site["lon"], site["lat"]))
    for row, column, half in ((i, j, 11), (m, n, 3)):
        for k in range(-half, half + 1):
            reach = round(float(np.sqrt(half**2 - k**2) * rng.uniform(0.6, 1.1)))
            dem[row + k, column - reach : column + reach + 1] = VOID_M
    void = np.argwhere(dem == VOID_M)
    top, left = void.min(axis=0)
    book.note_row("dem.tif", int(top), str(int(left)), "terrain_void", f"{len(void)} cells of {VOID_M}")
    book.note_row("dem.tif", m, str(n), "site_on_void", f"{site['operator']} {site['site_id']}")
    return dem


def build(seed: int = DEFAULT_SEED) -> SampleProvince:
    """Return the made-up province of ``seed``: the same for the same seed.

    Every part draws from a generator of its own, so that a later change of one part leaves the draws of
    the others as they were.
    """
    parts = np.random.default_rng(seed).spawn(18)
    terrain = build_terrain(parts[0])
    units = build_units(parts[1], terrain)
    settlements = build_settlements(parts[2], terrain, units)
    roads = build_roads(parts[3], terrain, units, settlements)
    land_cover = build_land_cover(parts[4], terrain, settlements)
    population, population_lattice = build_population(parts[5], terrain, settlements)
    network = build_network(parts[6], terrain, units, settlements, roads)
    radio = build_radio_truth(parts[7], terrain, land_cover, network)
    listing = build_listing(parts[8], network)
    truth, at_houses = truth_tables(radio, settlements, listing.ledger)
    drives = build_drives(parts[9], radio, roads)

    book = FlawBook()
    sheets = site_sheets(parts[10], listing, units)
    sheets += place_sheets(parts[11], units, settlements)
    sheets += service_sheets(parts[12], settlements, at_houses)
    white = (truth.villages["class"] == "white").to_numpy()
    sheets += plan_sheets(parts[13], settlements, listing, roads, white)
    spoil(parts[14], sheets, book)
    logs = gnettrack_logs(parts[15], drives, book)
    table = drive_table(parts[15], drives, book)
    sheets.append(locked_sheet(drives, book))
    sheets += mast_sheets(parts[16], listing, settlements, roads)
    roads = replace(roads, streets=told_streets(parts[17], roads.streets))
    sheets.append(cable_sheet(parts[17], roads))
    dem = _delivered_terrain(parts[15], terrain, units, listing, book)
    return SampleProvince(
        seed,
        units,
        settlements,
        roads,
        terrain.lattice,
        dem,
        land_cover,
        population,
        population_lattice,
        tuple(sheets),
        logs,
        table,
        book.frame(),
        truth,
        radio,
        listing,
    )


def build_truth_rasters(sample: SampleProvince) -> tuple[dict[tuple[str, str], FloatArray], Lattice]:
    """Return the true best level on a 6 arc-second lattice, NaN outside the province (half a minute)."""
    return grid_truth(sample.radio, sample.units)
