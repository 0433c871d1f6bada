"""First coverage: levels by hand, states by rule, and laws that no input may break."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rasterio.io import MemoryFile
from scipy.special import ndtr

from geo.coverage import (
    AreaLevels,
    Coverage,
    CoverageSettings,
    PreparedSources,
    Reason,
    State,
    Tiles,
    assemble,
    border_ring,
    combine,
    coverage_settings,
    coverage_states,
    predict,
    predict_tile,
    prepare_sources,
    radio_defaults,
    spread_people,
    state_counts,
    technology_rules,
    tile_tasks,
    unit_index,
    unit_summary,
    write_tile,
)
from geo.crs import from_wgs84, to_wgs84
from geo.errors import GridMismatchError
from geo.grid import Grid
from geo.io.files import write_bytes
from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.diffraction import Diffraction
from geo.propagation.entry import USES
from geo.propagation.free_space import free_space_loss_db
from geo.propagation.ground import GroundModel, ground_settings
from geo.propagation.link_budget import reference_eirp_dbm
from geo.propagation.radio_sources import pattern_loss_db
from geo.propagation.sweep import Antenna, Profiles, whole_path_loss
from geo.validation import IssueLog

EPSG = 9210
LON, LAT = 105.5, 22.5
X, Y = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
ON = date(2026, 11, 1)


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


@pytest.fixture
def flat(tmp_path: Path) -> GroundModel:
    return terrain_of(tmp_path, np.full((200, 200), 100.0))


def terrain_of(folder: Path, heights: np.ndarray, name: str = "dem") -> GroundModel:
    """A terrain of 3 arc-seconds with the middle of the grid in its middle."""
    step = 1 / 1200
    rows, columns = heights.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=1, dtype="float32", height=rows, width=columns, crs="EPSG:4326", nodata=-9999,
            transform=Affine(step, 0, LON - columns / 2 * step, 0, -step, LAT + rows / 2 * step),
        ) as f:  # fmt: skip
            f.write(np.nan_to_num(heights, nan=-9999).astype(np.float32), 1)
        write_bytes(folder / f"{name}.tif", memory.read())
    terrain = open_terrain([folder / f"{name}.tif"], kind="ground", log=IssueLog(issue_catalogue()))
    return GroundModel(terrain, None, ground_settings())


def grid(side: int = 3, size: float = 100.0) -> Grid:
    """A square grid with the origin of this file in the middle of its middle cell."""
    return Grid(EPSG, X - side / 2 * size, Y + side / 2 * size, size, side, side)


def cells(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "cell_id": "c", "site_id": "s", "operator": "A", "technology": "4G", "band": "", "frequency_mhz": 1800.0, "arfcn": np.nan,
        "pci": np.nan, "azimuth_deg": np.nan, "antenna_height_m": 30.0, "power_dbm": 43.0, "power_basis": "per_port", "ports": 1.0,
        "feeder_loss_db": 2.0, "mechanical_tilt_deg": 0.0, "electrical_tilt_deg": 0.0, "antenna_model": "",
        "antenna_gain_dbi": 17.0, "bandwidth_mhz": 10.0, "status": "on_air", "lon": LON, "lat": LAT, "file": "c.csv", "sheet": "",
    }  # fmt: skip
    frame = pd.DataFrame([{**base, "row": i + 2, **row} for i, row in enumerate(rows)])
    return frame if len(frame) else pd.DataFrame(columns=[*base, "row"]).astype({"row": np.int64})


def sites(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "site_id": "s", "operator": "A", "site_name": "", "lon": LON, "lat": LAT, "status": "on_air", "on_air_date": pd.NaT,
        "structure_height_m": np.nan, "owner": "", "mast_id": "", "commune_code": "", "technologies": "4G", "file": "s.csv",
        "sheet": "",
    }  # fmt: skip
    frame = pd.DataFrame([{**base, "row": i + 2, **row} for i, row in enumerate(rows)], columns=[*base, "row"])
    return frame.astype({"row": np.int64, "on_air_date": "datetime64[ns]"})


def at(dx_m: float, dy_m: float) -> dict[str, float]:
    lon, lat = to_wgs84([X + dx_m], [Y + dy_m], EPSG)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


def chosen(**options: Any) -> CoverageSettings:
    return coverage_settings(technology_rules("vn-2026", ON), **{"neighbour_operators": frozenset({"A", "B", "C"}), **options})


def run(
    cell_rows: pd.DataFrame, site_rows: pd.DataFrame, terrain: GroundModel, where: Grid, *, operators: tuple[str, ...] = ("A",),
    setting: CoverageSettings | None = None, log: IssueLog | None = None, inside: np.ndarray | None = None, on: date = ON,
    border: Any = None,
) -> tuple[Coverage, PreparedSources]:  # fmt: skip
    setting = setting or chosen()
    log = log or IssueLog(issue_catalogue())
    inside = np.ones(where.shape, bool) if inside is None else inside
    prepared = prepare_sources(
        cell_rows, site_rows, operators=operators, terrain=terrain, grid=where, settings=setting,
        defaults=radio_defaults(), on=on, log=log,
    )  # fmt: skip
    levels = predict(where, inside, prepared, terrain, setting)
    return coverage_states(levels, prepared, where, inside, setting, border=border), prepared


EIRP = reference_eirp_dbm("4G", power_dbm=43, antenna_gain_dbi=17, feeder_loss_db=2, pilot_share_db=0, blocks=50)
#: Vertical loss 1 km away and 28.5 m below (the earth's bulge adds 0.003 degrees), beam of 7 degrees level.
BELOW_DB = 12 * (1.636 / 7) ** 2
UNKNOWN_AZIMUTH = radio_defaults().antenna.unknown_azimuth_loss_db

# -- by hand: three by three ----------------------------------------------------------------------


def test_levels_on_flat_ground_by_hand(flat: GroundModel) -> None:
    coverage, _ = run(cells({"azimuth_deg": 0.0}), sites({}), flat, grid(3, 1000.0))
    level = coverage.level_dbm[coverage.index("A", "4G")]
    slant_km = np.hypot(1.0, 28.5 / 1000)
    north = EIRP - float(free_space_loss_db(1800, slant_km)) - BELOW_DB
    # Meridian convergence is 0.1 degree here: invisible in the main beam, 0.06 dB on its flanks.
    assert level[0, 1] == pytest.approx(north, abs=0.01)
    assert level[2, 1] == pytest.approx(north + BELOW_DB - 25, abs=0.01)  # the cap holds for both cuts together
    assert level[1, 2] == pytest.approx(north - min(25, 12 * (90 / 65) ** 2), abs=0.1)
    # At the foot of the mast the side lobes are 20 dB down.
    free = EIRP - float(free_space_loss_db(1800, 0.0285)) - 20
    assert level[1, 1] == pytest.approx(free, abs=0.01)
    # A coupling loss of 80 dB leaves less than that: it is the ceiling.
    far, _ = run(cells({"azimuth_deg": 0.0}), sites({}), flat, grid(3, 1000.0), setting=chosen(minimum_coupling_loss_db=80.0))
    ceiling = 43 - 10 * np.log10(12 * 50) - 80
    assert ceiling < free
    assert far.level_dbm[far.index("A", "4G"), 1, 1] == pytest.approx(ceiling, abs=0.01)


def test_unknown_azimuth_is_omnidirectional_and_counted(flat: GroundModel) -> None:
    coverage, prepared = run(cells({}), sites({}), flat, grid(3, 1000.0))
    level = coverage.level_dbm[coverage.index("A", "4G")]
    slant_km = np.hypot(1.0, 28.5 / 1000)
    expected = EIRP - UNKNOWN_AZIMUTH - float(free_space_loss_db(1800, slant_km)) - BELOW_DB
    np.testing.assert_allclose(level[[0, 1, 1, 2], [1, 0, 2, 1]], expected, atol=0.01)
    assert prepared.defaults_used.counts == {"4G.antenna_model": 1, "4G.azimuth_deg": 1}
    assert prepared.sources.sd_db[0] == pytest.approx(np.hypot(8, 3))


def test_probability_and_state_by_hand(flat: GroundModel) -> None:
    coverage, prepared = run(cells({"azimuth_deg": 0.0}), sites({}), flat, grid(3, 1000.0))
    i = coverage.index("A", "4G")
    z = (coverage.level_dbm[i].astype(float) + 110) / 8
    np.testing.assert_allclose(coverage.probability[i], ndtr(z), atol=1e-6)
    assert prepared.sources.sd_db[0] == 8
    assert (coverage.state[i] == State.PREDICTED_SERVED).all()


def levels_of(level: np.ndarray, margin: np.ndarray) -> AreaLevels:
    return replace(AreaLevels.empty(1, (3, 3)), level_dbm=level, margin_sd=margin[None], bound_sd=margin[None])


def test_cuts_of_the_states_are_inclusive() -> None:
    setting = chosen()
    prepared = PreparedSources(sources=None, layers=(("A", "4G"),), without_sites=frozenset(), defaults_used=None)  # type: ignore[arg-type]
    z = np.array([[2.0, 1.2816, 1.28], [0.0, -1.28, -1.2816], [-3.0, -np.inf, 1.3]], np.float32)[None]
    got = coverage_states(levels_of(z * 8 - 110, z), prepared, grid(), np.ones((3, 3), bool), setting)
    np.testing.assert_array_equal(got.state[0], [[2, 2, 3], [3, 3, 4], [4, 4, 2]])
    exact = replace(setting, served_probability=0.5, unserved_probability=0.25)
    assert coverage_states(levels_of(z, np.zeros_like(z)), prepared, grid(), np.ones((3, 3), bool), exact).state[0, 0, 0] == 2
    exact = replace(setting, served_probability=0.75, unserved_probability=0.5)
    even = coverage_states(levels_of(z, np.zeros_like(z)), prepared, grid(), np.ones((3, 3), bool), exact)
    assert (even.state == State.PREDICTED_UNSERVED).all()


def test_a_ridge_shadows_what_lies_behind_it(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    heights[95:97, :] = 400  # a wall about 4 nodes (370 m) north of the middle
    coverage, _ = run(cells({}), sites({}), terrain_of(tmp_path, heights), grid(31, 100.0))
    level = coverage.level_dbm[coverage.index("A", "4G")]
    assert level[0, 15] < level[30, 15] - 20
    assert level[12, 15] > level[8, 15] + 20


def test_levels_behind_hills_are_those_of_the_formulas(tmp_path: Path) -> None:
    """The sweep against the whole profile of each place: the same formula, other samples of the same hills."""
    terrain = terrain_of(tmp_path, _hills(3))
    where = grid(21, 400.0)
    coverage, prepared = run(cells({"azimuth_deg": 0.0}), sites({}), terrain, where)
    level = coverage.level_dbm[coverage.index("A", "4G")]
    x, y = where.centres()
    all_x, all_y = np.meshgrid(x, y)
    lon, lat = (v.reshape(where.shape) for v in to_wgs84(all_x.ravel(), all_y.ravel(), EPSG))
    window, ground = terrain.read_window((LON - 0.1, LAT - 0.1, LON + 0.1, LAT + 0.1))
    row, column = window.to_lattice(lon, lat)
    (site_row,), (site_column,) = window.to_lattice([LON], [LAT])
    stands = terrain.sample(lon.ravel(), lat.ravel()).reshape(where.shape)
    base = float(terrain.sample([LON], [LAT])[0])
    distance = np.hypot(all_x - X, all_y - Y)
    loss, lift = whole_path_loss(
        Profiles(ground.ground_m, ground.over_m), Antenna(site_row, site_column, base, 30.0),
        row=row.ravel(), column=column.ravel(), distance_km=distance.ravel() / 1000, step_km=0.045, rx_height_m=1.5,
        bands=[Diffraction(1.8, 8500.0)],
    )  # fmt: skip
    loss, lift = loss[0].reshape(where.shape), lift.reshape(where.shape)
    far = distance > 500
    rise = stands + 1.5 - base - 30
    slope = rise / np.maximum(distance, 1) - distance / 17e6 + lift / 1000
    pattern = pattern_loss_db(
        prepared.sources, 0, bearing_deg=np.degrees(np.arctan2(all_x - X, all_y - Y)), below_horizon_deg=-np.degrees(np.arctan(slope))
    )
    slant_km = np.maximum(np.hypot(distance, rise) / 1000, 1e-3)
    expected = prepared.sources.eirp_dbm[0] - free_space_loss_db(1800, slant_km) - loss - pattern
    off = (level - expected)[far]
    assert (loss[far] > 6).mean() > 0.3  # hills that shadow
    assert pattern[far].min() < 3 < pattern[far].max() - 10
    assert abs(np.median(off)) < 0.3
    assert np.percentile(np.abs(off), 95) < 6


# -- what serves and what does not -----------------------------------------------------------------


def none_serves(coverage: Coverage) -> bool:
    return bool(np.isin(coverage.state[coverage.index("A", "4G")], [State.PREDICTED_UNSERVED]).all())


@pytest.mark.parametrize(
    ("cell", "site"),
    [
        ({"status": "off_air"}, {}),
        ({"status": "planned"}, {}),
        ({}, {"status": "off_air"}),
        ({"status": "unknown"}, {"status": "planned"}),
        ({}, {"on_air_date": pd.Timestamp("2026-11-02")}),
    ],
)
def test_a_site_that_is_not_on_air_serves_nobody(flat: GroundModel, cell: dict[str, Any], site: dict[str, Any]) -> None:
    coverage, prepared = run(cells(cell), sites(site), flat, grid())
    assert none_serves(coverage)
    assert prepared.sources.groups == 0
    assert np.isnan(coverage.level_dbm).all()
    on_air, _ = run(cells({}), sites({"on_air_date": pd.Timestamp("2026-11-01")}), flat, grid())
    assert not none_serves(on_air)


@pytest.mark.parametrize("status", ["unknown", ""])
def test_unknown_status_serves_by_default_counted_and_not_if_the_project_says_so(flat: GroundModel, status: str) -> None:
    rows = cells({"status": status}), sites({"status": status})
    coverage, prepared = run(*rows, flat, grid())
    assert not none_serves(coverage)
    assert prepared.defaults_used.counts["4G.status"] == 1
    strict, prepared = run(*rows, flat, grid(), setting=chosen(unknown_status_serves=False))
    assert none_serves(strict)
    assert "4G.status" not in prepared.defaults_used.counts


def test_site_without_cells_gets_one_per_technology(flat: GroundModel) -> None:
    coverage, prepared = run(cells(), sites({"technologies": "3G,4G"}), flat, grid())
    for technology in ("3G", "4G"):
        assert (coverage.state[coverage.index("A", technology)] == State.PREDICTED_SERVED).all()
    counts = prepared.defaults_used.counts
    assert counts["4G.power_dbm"] == counts["3G.power_dbm"] == counts["4G.frequency_mhz"] == counts["4G.bandwidth_mhz"] == 1
    assert "3G.bandwidth_mhz" not in counts
    assert prepared.defaults_used.cells == {"3G": 1, "4G": 1}


def test_unknown_technology_leaves_every_layer_of_its_operator_unknown_in_reach(flat: GroundModel) -> None:
    quiet = {"site_id": "t", "status": "off_air"}  # the list does mention 4G
    coverage, _ = run(cells(), sites({"technologies": ""}, quiet), flat, grid())
    for i in range(len(coverage.layers)):
        assert (coverage.state[i] == State.UNKNOWN).all()
    assert (coverage.reason[coverage.index("A", "4G")] == Reason.NO_TECHNOLOGY).all()
    away, _ = run(cells(), sites({"technologies": "", **at(10_000, 0)}, quiet), flat, grid(), setting=chosen(max_radius_m=9_000))
    assert none_serves(away)


def test_height_comes_from_the_structure_before_the_default(flat: GroundModel) -> None:
    rows = cells({"antenna_height_m": np.nan}, {"antenna_height_m": np.nan, "site_id": "t"})
    _, prepared = run(rows, sites({"structure_height_m": 52.0}, {"site_id": "t"}), flat, grid())
    assert sorted(prepared.sources.group_height_m) == [35, 52]
    assert prepared.defaults_used.counts["4G.antenna_height_m"] == 1
    assert prepared.defaults_used.counts["4G.antenna_height_m_from_structure"] == 1


def test_cell_without_position_takes_its_sites_or_is_said(flat: GroundModel, log: IssueLog) -> None:
    nowhere = {"lon": np.nan, "lat": np.nan}
    coverage, _ = run(cells(nowhere), sites({}), flat, grid(), log=log)
    assert not none_serves(coverage)
    assert "cell_without_position" not in log.codes()
    run(cells({**nowhere, "site_id": "lost"}, {}), sites({}), flat, grid(), log=log)
    found = [(f.kind.code, f.source.file, f.rows.tolist()) for f in log if f.kind.code not in ("technology_not_listed", "azimuth_unknown")]
    assert found == [("cell_without_position", "c.csv", [2])]


def test_operator_without_list_is_unknown_never_unserved(flat: GroundModel, log: IssueLog) -> None:
    coverage, prepared = run(cells({}), sites({}), flat, grid(), operators=("A", "B"), log=log)
    assert prepared.without_sites == {"B"}
    assert [f.came[0] for f in log if f.kind.code == "operator_without_sites"] == ["B"]
    assert (coverage.operator_state("B", ("3G", "4G")) == State.UNKNOWN).all()
    assert (coverage.reason[coverage.index("B", "4G")] == Reason.NO_SITE_LIST).all()
    assert (coverage.all_state(("3G", "4G")) == State.PREDICTED_SERVED).all()
    nobody, _ = run(cells({"status": "off_air"}), sites({}), flat, grid(), operators=("A", "B"))
    assert (nobody.all_state(("3G", "4G")) == State.UNKNOWN).all()  # A is known not to serve, B is not


def test_5g_is_unknown_where_it_reaches_until_a_level_is_set(flat: GroundModel, log: IssueLog) -> None:
    five = cells({"technology": "5G", "frequency_mhz": 3700.0, "bandwidth_mhz": 100.0})
    coverage, _ = run(five, sites({}), flat, grid(), log=log)
    i = coverage.index("A", "5G")
    assert (coverage.state[i] == State.UNKNOWN).all()
    assert (coverage.reason[i] == Reason.NO_LEVEL).all()
    assert np.isfinite(coverage.level_dbm[i]).all()
    assert np.isnan(coverage.probability[i]).all()
    assert "technology_without_level" in log.codes()
    own, _ = run(five, sites({}), flat, grid(), setting=chosen(levels_dbm={"5G": -110.0}))
    assert (own.state[own.index("A", "5G")] == State.PREDICTED_SERVED).all()


def test_a_technology_that_no_list_of_the_operator_mentions_is_unknown(flat: GroundModel, log: IssueLog) -> None:
    far = at(5_000, 0)
    rows = cells({}, {"operator": "B", "site_id": "b"}, {"operator": "B", "site_id": "c", "technology": "5G", "status": "off_air", **far})
    listed = sites({}, {"operator": "B", "site_id": "b", "technologies": "3G,4G"}, {"operator": "B", "site_id": "c", "technologies": "5G", **far})
    coverage, prepared = run(rows, listed, flat, grid(), operators=("A", "B", "C"), log=log)
    assert prepared.unlisted == {("A", "3G"), ("A", "5G")}  # C has no list at all: that is said of it
    for technology in ("3G", "5G"):
        i = coverage.index("A", technology)
        assert (coverage.state[i] == State.UNKNOWN).all()
        assert (coverage.reason[i] == Reason.TECHNOLOGY_NOT_LISTED).all()
    assert (coverage.state[coverage.index("B", "5G")] == State.PREDICTED_UNSERVED).all()
    assert [f.came[0] for f in log if f.kind.code == "technology_not_listed"] == ["A 3G", "A 5G"]


def test_what_the_department_states_to_be_absent_is_not_unlisted(flat: GroundModel, log: IssueLog) -> None:
    absent = {"A": ("3G", "4G"), "B": ("5G",), "C": ("3G", "4G", "5G")}
    rows = cells({}, {"operator": "B", "site_id": "b"})
    listed = sites({}, {"operator": "B", "site_id": "b", "technologies": "3G,4G"})
    setting = chosen(absent_technologies=absent, neighbour_operators=frozenset("ABC"))
    coverage, prepared = run(rows, listed, flat, grid(), operators=("A", "B", "C"), setting=setting, log=log)
    assert prepared.unlisted == {("A", "5G")}
    for layer in (("A", "3G"), ("B", "5G"), ("C", "3G"), ("C", "5G")):
        assert (coverage.state[coverage.index(*layer)] == State.PREDICTED_UNSERVED).all(), layer
    assert (coverage.state[coverage.index("A", "5G")] == State.UNKNOWN).all()
    assert (coverage.state[coverage.index("A", "4G")] == State.PREDICTED_SERVED).any(), "the list is believed"
    said = {code: [f.came[0] for f in log if f.kind.code == code] for code in log.codes()}
    assert said["technology_stated_absent"] == ["A 3G", "B 5G", "C 3G", "C 4G", "C 5G"]
    assert said["technology_absent_but_listed"] == ["A 4G"]
    assert said["technology_not_listed"] == ["A 5G"]
    finding = next(f for f in log if f.kind.code == "technology_not_listed")
    assert 'absent_technologies = { "A" = ["5G"] }' in finding.action.en
    assert 'absent_technologies = { "A" = ["5G"] }' in finding.action.vi


def test_reasons_over_all_operators_are_those_of_unknown_cells_the_most_frequent_first() -> None:
    u, n, o = State.UNKNOWN, State.PREDICTED_UNSERVED, Reason
    layers = (("A", "2G"), ("A", "4G"), ("B", "3G"), ("B", "4G"))
    state = np.array([[u, u, u, u], [u, u, u, n], [u, State.PREDICTED_SERVED, n, n], [u, u, n, u]], np.uint8)[:, None, :]
    reason = np.array(
        [
            [o.NO_TECHNOLOGY] * 4,  # does not count
            [o.TERRAIN, o.NO_LEVEL, o.NEIGHBOUR_SITES, 0],
            [o.TECHNOLOGY_NOT_LISTED, 0, 0, 0],
            [o.TECHNOLOGY_NOT_LISTED, o.NO_LEVEL, 0, o.TECHNOLOGY_NOT_LISTED],  # the second cell is served by B
        ],
        np.uint8,
    )[:, None, :]
    level = np.zeros(state.shape, np.float32)
    coverage = Coverage(Grid(EPSG, X, Y, 100.0, 1, 4), layers, level, level, level, state, reason)
    expected = (Reason.TECHNOLOGY_NOT_LISTED, Reason.TERRAIN, Reason.NEIGHBOUR_SITES)
    assert coverage.unknown_reasons(("3G", "4G")) == expected
    known = replace(coverage, all_by_use=np.full((3, 1, 4), State.PREDICTED_UNSERVED, np.uint8))
    assert known.unknown_reasons(("3G", "4G")) == ()


def test_a_blank_code_joins_nothing(flat: GroundModel) -> None:
    listed = sites({"site_id": "", "status": "off_air"}, {"site_id": "", **at(300, 0)}, {"site_id": "t", **at(0, 300)})
    coverage, prepared = run(cells({"site_id": "", "status": ""}), listed, flat, grid())
    assert prepared.sources.groups == 3  # the cell itself, and the two sites on air
    assert prepared.defaults_used.counts["4G.status"] == 1
    assert not none_serves(coverage)


def test_tables_without_a_row_as_a_reader_may_hand_them_over(flat: GroundModel) -> None:
    empty = pd.DataFrame(columns=list(cells({}).columns)), pd.DataFrame(columns=list(sites({}).columns))
    coverage, prepared = run(*empty, flat, grid(), operators=("A", "B"))
    assert prepared.without_sites == {"A", "B"}
    assert (coverage.all_state(("4G",)) == State.UNKNOWN).all()
    half, _ = run(empty[0], sites({}), flat, grid())
    assert (half.state[half.index("A", "4G")] == State.PREDICTED_SERVED).all()


# -- voids -----------------------------------------------------------------------------------------


def test_site_on_a_void_is_not_predicted_and_its_reach_is_unknown(tmp_path: Path, log: IssueLog) -> None:
    heights = np.full((200, 200), 100.0)
    heights[98:103, 98:103] = np.nan
    terrain = terrain_of(tmp_path, heights)
    where = Grid(EPSG, X - 3000, Y + 5000, 100.0, 10, 10)
    coverage, prepared = run(cells({}), sites({}), terrain, where, log=log)
    i = coverage.index("A", "4G")
    assert np.isnan(prepared.sources.group_ground_m).all()
    assert (coverage.state[i] == State.UNKNOWN).all()
    assert (coverage.reason[i] == Reason.TERRAIN).all()
    assert np.isnan(coverage.level_dbm[i]).all()
    finding = next(f for f in log if f.kind.code == "site_void_ground")
    assert (finding.source.file, finding.rows.tolist(), finding.came[0]) == ("c.csv", [2], "A s")
    # another site close by serves: then what the void hides does not matter
    both, _ = run(cells({}, {"site_id": "t", **at(-2500, 4500)}), sites({}, {"site_id": "t"}), terrain, where)
    assert (both.state[i] == State.PREDICTED_SERVED).all()


def test_a_site_outside_the_tiles_is_no_void_and_its_row_is_named_once(flat: GroundModel, log: IssueLog) -> None:
    beyond = {"site_id": "far", "technologies": "3G,4G,5G", **at(11_000, 0)}  # the tile ends 8.5 km east of the middle
    run(cells({}), sites({}, beyond), flat, grid(), log=log)
    assert "site_void_ground" not in log.codes()
    found = next(f for f in log if f.kind.code == "site_outside_terrain")
    assert (found.source.file, found.rows.tolist(), list(found.came)) == ("s.csv", [3], ["A far"])


def test_a_level_is_not_shown_where_a_void_may_hide_a_better_one(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    heights[98:103, 98:103] = np.nan
    rows = cells({}, {"site_id": "t", "power_dbm": -40.0, **at(1500, 1500)})
    coverage, _ = run(rows, sites({}), terrain_of(tmp_path, heights), Grid(EPSG, X + 1000, Y + 2000, 100.0, 5, 5))
    i = coverage.index("A", "4G")
    assert (coverage.state[i] == State.UNKNOWN).all()
    assert np.isnan(coverage.level_dbm[i]).all()
    alone, _ = run(rows.iloc[1:], sites(), terrain_of(tmp_path, heights, "b"), Grid(EPSG, X + 1000, Y + 2000, 100.0, 5, 5))
    assert np.isfinite(alone.level_dbm[i]).all()


def test_ground_cells_on_a_void_are_unknown(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    heights[80:84, :] = np.nan
    coverage, _ = run(cells({}), sites({}), terrain_of(tmp_path, heights), grid(61, 100.0))
    state = coverage.state[coverage.index("A", "4G")]
    assert (state[30:, :] == State.PREDICTED_SERVED).all()
    assert (state[:13, 30] == State.UNKNOWN).all()  # behind the void: the path is not known


def _hills(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 900, (12, 12))
    return np.asarray(np.kron(coarse, np.ones((20, 20)))[:200, :200], dtype=float)


def test_site_beside_a_void_is_not_predicted_and_said(tmp_path: Path, log: IssueLog) -> None:
    heights = np.full((200, 200), 100.0)
    heights[99, 99] = np.nan  # one of the four nodes around the middle of the grid
    coverage, prepared = run(cells(at(5, -5)), sites({}), terrain_of(tmp_path, heights), grid(3, 400.0), log=log)
    assert np.isnan(prepared.sources.group_ground_m).all()
    assert log.codes() == {"site_beside_void", "technology_not_listed", "azimuth_unknown"}
    assert (coverage.state[coverage.index("A", "4G")] == State.UNKNOWN).all()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 50), holes=st.integers(1, 60), power=st.floats(10, 43))
@example(seed=36, holes=45, power=10.0)  # a site beside a hole: its ground must not be made up
def test_removing_terrain_never_decides_anything(tmp_path: Path, seed: int, holes: int, power: float) -> None:
    heights = _hills(seed)
    rng = np.random.default_rng(seed + holes)
    torn = heights.copy()
    for r, c in rng.integers(40, 160, (holes, 2)):
        torn[r : r + 4, c : c + 4] = np.nan
    rows = cells(*({"site_id": f"s{k}", "power_dbm": power, **at(*rng.uniform(-3500, 3500, 2))} for k in range(3)))
    where = grid(35, 200.0)
    whole, _ = run(rows, sites({}), terrain_of(tmp_path, heights, "whole"), where)
    less, _ = run(rows, sites({}), terrain_of(tmp_path, torn, "torn"), where)
    for i in range(len(whole.layers)):
        changed = whole.state[i] != less.state[i]
        assert set(np.unique(less.state[i][changed])) <= {State.UNKNOWN}


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 50),
    power=st.floats(0, 45),
    more=st.floats(0.1, 20),
    raised=st.integers(0, 2),
    missing=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_more_power_never_shrinks_coverage(
    tmp_path: Path, seed: int, power: float, more: float, raised: int, missing: list[bool]
) -> None:
    rng = np.random.default_rng(seed)
    places = [at(*rng.uniform(-3000, 3000, 2)) for _ in range(3)]

    def rows(add: float) -> pd.DataFrame:
        return cells(
            *(
                {
                    "site_id": f"s{k}",
                    "power_dbm": power + (add if k == raised else 0),
                    "azimuth_deg": np.nan if missing[k] else 100.0 * k,
                    "antenna_height_m": np.nan if missing[k] else 25.0,
                    **places[k],
                }
                for k in range(3)
            )
        )

    terrain = terrain_of(tmp_path, _hills(seed))
    less, _ = run(rows(0), sites({}), terrain, grid(25, 250.0))
    plus, _ = run(rows(more), sites({}), terrain, grid(25, 250.0))
    i = less.index("A", "4G")
    assert (plus.level_dbm[i] >= less.level_dbm[i]).all()
    assert (plus.probability[i] >= less.probability[i]).all()
    assert (plus.state[i][less.state[i] == State.PREDICTED_SERVED] == State.PREDICTED_SERVED).all()


def test_a_worse_model_only_enlarges_uncertain(tmp_path: Path) -> None:
    terrain, rows = terrain_of(tmp_path, _hills(4)), cells({"power_dbm": 20.0})
    good, _ = run(rows, sites({}), terrain, grid(31, 250.0))
    bad, _ = run(rows, sites({}), terrain, grid(31, 250.0), setting=chosen(model_error_sd_db=14.0))
    i = good.index("A", "4G")
    changed = good.state[i] != bad.state[i]
    assert changed.any()
    assert (bad.state[i][changed] == State.UNCERTAIN).all()


def test_tiles_rows_order_and_workers_do_not_matter(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    terrain = terrain_of(tmp_path, _hills(7))
    rows = cells(
        *(
            {"site_id": f"s{k}", "operator": "AB"[k % 2], "azimuth_deg": 40.0 * k, **at(*rng.uniform(-4000, 4000, 2))}
            for k in range(8)
        )
    )
    where = grid(50, 150.0)
    inside = np.hypot(*np.mgrid[-25:25, -25:25]) < 24
    results, decided = [], []
    for order, tile in ((np.arange(8), 128), (np.arange(8)[::-1], 17), (rng.permutation(8), 50)):
        # The reach is shorter than a tile: some sites reach a part. Operator B is not known beyond the border.
        ring = {"neighbour_operators": frozenset({"A"}), "neighbour_reach_m": 900.0}
        setting = chosen(tile_cells=tile, max_radius_m=2500, **ring)
        prepared = prepare_sources(
            rows.iloc[order], sites({}), operators=("A", "B"), terrain=terrain, grid=where, settings=setting,
            defaults=radio_defaults(), on=ON, log=IssueLog(issue_catalogue()),
        )  # fmt: skip
        tasks = tile_tasks(where, inside, prepared, terrain, setting)
        assert len({t.name for t in tasks}) == len(tasks)
        if tile == 17:  # through files and pickles, last tile first, as workers would
            folder = tmp_path / "pieces"
            for task in reversed(tasks):
                record = write_tile(pickle.loads(pickle.dumps(task)), folder)  # noqa: S301
                assert record["cells"] > 0
            written = Tiles.of(where, tasks, folder)
        results.append(assemble(where, len(prepared.layers), tasks, [predict_tile(t) for t in tasks]))
        decided.append(coverage_states(results[-1], prepared, where, inside, setting))
    for other in results[1:]:
        for name in ("margin_sd", "level_dbm", "bound_sd", "second_dbm", "server"):
            np.testing.assert_array_equal(getattr(results[0], name), getattr(other, name))
    assert np.isneginf(results[0].level_dbm[:, ~inside]).all()
    for i in range(len(decided[0].layers)):
        for name in ("level_dbm", "margin_sd", "state", "reason"):
            np.testing.assert_array_equal(written.read(name, i), getattr(decided[0], name)[i])
        for use in range(len(USES)):
            assert (written.read("probability", use, i)[~inside] != 0).all()
        np.testing.assert_array_equal(written.read("probability", 0, i), decided[0].probability[i])
    for use in range(len(USES)):
        np.testing.assert_array_equal(written.read("all_by_use", use), decided[0].all_by_use[use])
    np.testing.assert_array_equal(written.read("all_by_use", 0), decided[0].all_state(setting.counting))
    assert len(np.unique(decided[0].state)) > 3


def test_inputs_are_left_as_they_were(flat: GroundModel) -> None:
    a, b = cells({"lon": np.nan}), sites({})
    before = a.copy(deep=True), b.copy(deep=True)
    run(a, b, flat, grid())
    pd.testing.assert_frame_equal(a, before[0])
    pd.testing.assert_frame_equal(b, before[1])


def test_no_row_at_all(flat: GroundModel) -> None:
    coverage, prepared = run(cells(), sites(), flat, grid(), operators=("A",))
    assert prepared.without_sites == {"A"}
    assert (coverage.all_state(("4G",)) == State.UNKNOWN).all()


def test_shapes_must_agree(flat: GroundModel) -> None:
    _, prepared = run(cells({}), sites({}), flat, grid())
    with pytest.raises(GridMismatchError):
        tile_tasks(grid(4), np.ones((3, 3), bool), prepared, flat, chosen())


# -- borders ---------------------------------------------------------------------------------------


def test_unserved_is_not_said_near_a_border_without_the_neighbours_sites(flat: GroundModel) -> None:
    where = grid(41, 1000.0)
    rows = cells({"status": "off_air"}), sites({})
    blind = replace(chosen(), neighbour_operators=frozenset())
    state = run(*rows, flat, where, setting=blind)[0]
    i = state.index("A", "4G")
    assert (state.state[i, :15] == State.UNKNOWN).all()
    assert (state.reason[i, :15] == Reason.NEIGHBOUR_SITES).all()
    assert (state.state[i, 15:26, 15:26] == State.PREDICTED_UNSERVED).all()
    assert (run(*rows, flat, where)[0].state[i] == State.PREDICTED_UNSERVED).all()
    # a neighbour in the east only; the rest is coast
    _, bottom, right, top = where.bounds
    east = shapely.LineString([(right, bottom), (right, top)])
    part = run(*rows, flat, where, setting=blind, border=shapely.buffer(east, 10))[0].state[i]
    assert (part[:, :24] == State.PREDICTED_UNSERVED).all()
    assert (part[:, 27:] == State.UNKNOWN).all()


def test_ring_of_an_area_inside_the_grid() -> None:
    inside = np.zeros((9, 9), bool)
    inside[1:8, 1:8] = True
    ring = border_ring(grid(9, 100.0), inside, 200.0)
    expected = inside.copy()
    expected[3:6, 3:6] = False
    np.testing.assert_array_equal(ring, expected)
    assert not border_ring(grid(9, 100.0), inside, 200.0, shapely.Point()).any()


# -- several operators -----------------------------------------------------------------------------


def test_combination_in_three_values() -> None:
    def layer(*codes: int) -> np.ndarray:
        return np.array([codes], dtype=np.uint8)

    a = layer(2, 4, 4, 4, 3, 0, 1, 5, 5, 6)
    b = layer(4, 4, 6, 3, 6, 0, 2, 5, 4, 6)
    np.testing.assert_array_equal(combine([a, b]), layer(2, 4, 6, 3, 3, 0, 1, 5, 4, 6))
    np.testing.assert_array_equal(combine([b, a]), combine([a, b]))
    np.testing.assert_array_equal(combine([a]), a)


@given(st.lists(st.lists(st.integers(1, 6), min_size=4, max_size=4), min_size=1, max_size=5))
def test_unknown_is_never_absence(rows: list[list[int]]) -> None:
    stack = [np.array([r], dtype=np.uint8) for r in rows]
    got = combine(stack)[0]
    for k in range(4):
        codes = {r[k] for r in rows}
        if codes & {1, 2}:
            assert got[k] in (1, 2)
        elif codes <= {4, 5}:
            assert got[k] in (4, 5)
        else:
            assert got[k] in (3, 6)


# -- units -----------------------------------------------------------------------------------------


def two_units(where: Grid) -> gpd.GeoDataFrame:
    left, bottom, right, top = where.bounds
    middle = (left + right) / 2

    def box(*bounds: float) -> Any:
        def move(points: np.ndarray) -> np.ndarray:
            return np.column_stack(to_wgs84(points[:, 0], points[:, 1], EPSG))

        return shapely.transform(shapely.segmentize(shapely.box(*bounds), 50), move)

    return gpd.GeoDataFrame(
        {"commune_code": ["00002", "00001"], "commune_name": ["B", "A"], "province_code": ["01", "01"], "area_km2": [1.0, 1.0]},
        geometry=[box(left, bottom, middle + 1, top), box(middle - 1, bottom, right, top)],
        crs=4326,
    )


def test_cells_belong_to_the_unit_that_holds_their_centre_the_lower_code_first() -> None:
    where = Grid(EPSG, X, Y, 2.0, 10, 11)  # the middle column lies in both units
    index = unit_index(two_units(where), where)
    assert (index[:, :5] == 0).all()
    assert (index[:, 5] == 1).all()  # code 00001
    assert (index[:, 6:] == 1).all()
    away = Grid(EPSG, X + 1000, Y, 2.0, 2, 2)
    assert (unit_index(two_units(where), away) == -1).all()


def test_summary_by_hand(flat: GroundModel) -> None:
    where = grid(4, 100.0)
    units = two_units(where)
    index = unit_index(units, where)
    coverage, _ = run(cells({}), sites({}), flat, where)
    state = coverage.state.copy()
    state[:] = State.PREDICTED_UNSERVED
    i = coverage.index("A", "4G")
    state[i, :, 0] = [2, 3, 6, 4]  # the western unit has columns 0 and 1
    made = replace(coverage, state=state)
    population = np.zeros((4, 4))
    population[:, 0] = [10, 20, 30, 40]
    population[0, 1] = np.nan
    villages = pd.DataFrame(
        {"commune_code": ["00002", "00002", "00001"], "class": ["white", "undecided", "weak"],
         "weak": pd.array([False, None, True], dtype="boolean")}
    )
    got = unit_summary(units, index, made, ("4G",), population, villages)
    west, east = got.iloc[0], got.iloc[1]
    assert (west["commune_code"], west["population"]) == ("00002", 100)
    names = [f"population_{s}_share" for s in ("served", "uncertain", "unknown", "unserved")]
    np.testing.assert_allclose(west[names].astype(float), [0.1, 0.2, 0.3, 0.4])
    assert west["area_served_share"] == pytest.approx(1 / 8)
    assert (west["villages"], west["villages_white"], west["villages_undecided"], west["villages_weak"]) == (2, 1, 1, 0)
    assert (east["villages"], east["villages_weak"]) == (1, 1)
    assert east["population"] == 0
    assert np.isnan(east["population_served_share"])  # of nobody there is no share
    assert west["A_4G_population_served_share"] == pytest.approx(0.1)
    assert west["A_4G_population_unknown_share"] == pytest.approx(0.3)
    assert west["A_4G_area_unknown_share"] == pytest.approx(1 / 8)
    area = [f"area_{s}_share" for s in ("served", "uncertain", "unknown", "unserved")]
    np.testing.assert_allclose(west[area].astype(float), [1 / 8, 1 / 8, 1 / 8, 5 / 8])
    bare = unit_summary(units, index, made, ("4G",))
    assert bare["population"].isna().all()
    assert bare["villages"].isna().all()
    assert state_counts(state[i])["unknown"] == 1


def test_a_unit_of_which_nothing_is_known_has_no_share_but_unknown(flat: GroundModel) -> None:
    where = grid(4, 100.0)
    units = two_units(where)
    index = unit_index(units, where)
    coverage, _ = run(cells({}), sites({}), flat, where)
    state = coverage.state.copy()
    state[:, :, :2] = State.UNKNOWN  # the western unit
    got = unit_summary(units, index, replace(coverage, state=state), ("4G",), np.ones((4, 4)))
    for prefix in ("", "A_4G_"):
        for basis in ("area", "population"):
            names = [f"{prefix}{basis}_{part}_share" for part in ("served", "unserved", "uncertain", "unknown")]
            np.testing.assert_array_equal(got.loc[0, names].astype(float), [np.nan, np.nan, np.nan, 1])
            np.testing.assert_array_equal(got.loc[1, names].astype(float), [1, 0, 0, 0])


def test_people_of_a_commune_stand_where_its_houses_or_villages_are(flat: GroundModel) -> None:
    where = grid(4, 100.0)
    units = two_units(where)
    index = unit_index(units, where)
    west_cells, east_cells = np.argwhere(index == 0), np.argwhere(index == 1)
    x, y = where.centres()

    def placed(cell: np.ndarray) -> dict[str, float]:
        lon, lat = to_wgs84([x[cell[1]]], [y[cell[0]]], EPSG)
        return {"lon": float(lon[0]), "lat": float(lat[0])}

    first, second, third = placed(west_cells[0]), placed(west_cells[3]), placed(east_cells[0])
    people = pd.Series({"00002": 100.0, "00001": 60.0})
    houses = pd.DataFrame([first, first, first, second])
    villages = pd.DataFrame(
        [{**first, "commune_code": "00002", "population": 5.0, "households": np.nan},
         {**third, "commune_code": "00001", "population": np.nan, "households": 7.0}]
    )  # fmt: skip

    def spread(**given: Any) -> tuple[np.ndarray, list[str]]:
        options = {"buildings": None, "settlements": None, "persons_per_household": 4.0, **given}
        found = spread_people(units, index, where, people, **options)
        return found.people, found.basis.tolist()

    got, basis = spread(buildings=houses, settlements=villages)
    assert basis == ["buildings", "villages"]
    assert (got[tuple(west_cells[0])], got[tuple(west_cells[3])], got[tuple(east_cells[0])]) == (75, 25, 60)
    assert got.sum() == 160
    got, basis = spread()
    assert (basis, np.isnan(got).all()) == (["none", "none"], True)  # never over bare area
    lacking = villages.assign(households=np.nan)
    got, basis = spread(settlements=lacking)
    assert basis == ["villages", "none"]
    nowhere = villages.assign(lon=[first["lon"], np.nan])
    assert spread(settlements=nowhere)[1] == ["villages", "none"]
    assert spread_people(units, index, where, people.drop("00001"), buildings=houses, settlements=villages, persons_per_household=4.0).basis[1] == ""
