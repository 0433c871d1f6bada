"""A site on air that nobody can place: where it may serve, nothing is said to be unserved by its operator."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.coverage import (
    LayerFacts,
    Reason,
    State,
    UnplacedKind,
    combined_chance,
    piece_states,
    unplaced_kinds,
    unplaced_within,
)
from geo.crs import to_wgs84
from geo.grid import Grid
from geo.network import UNPLACED_COLUMNS
from geo.propagation.area import AreaLevels
from geo.propagation.settings import CoverageSettings, coverage_settings, technology_rules

EPSG = 9210
GRID = Grid.covering((500_000.0, 2_400_000.0, 504_000.0, 2_401_000.0), cell_size=100.0, epsg=EPSG)  # 40 x 10 cells
LAYERS = (("A", "3G"), ("A", "4G"), ("B", "4G"))


def _units() -> gpd.GeoDataFrame:
    """Four communes of a kilometre, from west to east: 00001 to 00004; 5 m short of their cells' edges."""
    shapes = []
    for i in range(4):
        x = 500_000.0 + 1000.0 * i + np.array([5, 995, 995, 5])
        lon, lat = to_wgs84(x, 2_400_000.0 + np.array([5, 5, 995, 995]), EPSG)
        shapes.append(shapely.Polygon(np.column_stack([lon, lat])))
    return gpd.GeoDataFrame({"commune_code": [f"0000{i + 1}" for i in range(4)]}, geometry=shapes, crs=4326)


def _unplaced(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame([(*row, "f.xlsx", "", 2) for row in rows], columns=list(UNPLACED_COLUMNS))


def _chance(*rows: tuple[str, str, str, str], radius_m: float = 150.0) -> np.ndarray:
    return unplaced_within(unplaced_kinds(_unplaced(*rows), LAYERS), LAYERS, _units(), GRID, radius_m)


def test_share_of_the_commune_within_the_radius_by_hand() -> None:
    """150 m reaches the eight cells around a cell: 9 of the commune's 100 cells, 6 at its edge, 3 just beyond, 0 further."""
    found = _chance(("A", "A1", "4G", "00002"))
    assert not found[0].any()
    assert not found[2].any()
    middle = found[1][5]
    np.testing.assert_allclose(middle[7:23], [0, 0, 0.03, 0.06, *[0.09] * 8, 0.06, 0.03, 0, 0], atol=1e-6)
    assert found[1][0, 10] == pytest.approx(0.04)  # the commune's corner


def test_no_technology_means_any_no_operator_everybody_no_commune_everywhere() -> None:
    every = _chance(("A", "A1", "", "00001"))
    assert [bool(layer.any()) for layer in every > 0.01] == [True, True, False]
    nobody = _chance(("", "", "4G", "00004;00001"))
    assert [bool(layer.any()) for layer in nobody > 0.01] == [False, True, True]
    np.testing.assert_allclose(nobody[1][5, [5, 15, 35]], [0.045, 0, 0.045], atol=1e-6)
    anywhere = _chance(("B", "B1", "", ""))
    np.testing.assert_allclose(anywhere[2][5, [5, 20, 35]], 9 / 400, atol=1e-6)


def test_rows_of_one_site_are_one_site_and_sites_add_up() -> None:
    once = _chance(("A", "A1", "4G", "00002"), ("A", "A1", "4G", "00002"), ("A", "A1", "4G", ""))
    np.testing.assert_array_equal(once, _chance(("A", "A1", "4G", "00002")))
    twice = _chance(("A", "A1", "4G", "00002"), ("A", "A2", "4G", "00002"))
    assert twice[1][5, 15] == pytest.approx(1 - 0.91**2)
    assert _chance(("A", "", "4G", "00002"), ("A", "", "4G", "00002"))[1][5, 15] == pytest.approx(1 - 0.91**2)


def test_a_reach_beyond_the_grid_is_cut_at_its_edge() -> None:
    whole = _chance(("A", "A1", "4G", "00001"), radius_m=700.0)[1]
    away = np.hypot(*np.meshgrid(np.arange(10) * 100.0, np.arange(10) * 100.0 - 500.0))
    assert whole[5, 0] == pytest.approx((away <= 700.0).sum() / 100, abs=1e-6)
    assert whole[5, 39] == 0.0


def test_a_commune_beyond_the_area_is_the_borders_matter() -> None:
    assert not _chance(("A", "A1", "4G", "09999")).any()
    assert unplaced_kinds(_unplaced(), LAYERS) == []
    assert unplaced_kinds(None, LAYERS) == []


def test_kinds_by_hand() -> None:
    rows = [
        ("A", "A1", "4G", "00002"), ("A", "A1", "3G", ""),  # one site with both, in 00002
        ("A", "A2", "3G,4G", "00002"),  # the like of it
        ("A", "", "4G", ""), ("A", "", "4G", ""),  # two without a code
        ("A", "A3", "4G", "00001"), ("A", "A3", "", "00001"),  # a row of it names no technology: any
        ("", "X", "4G", "00003"),  # nobody knows whose
        ("B", "B1", "5G", "00001"), ("C", "C1", "4G", "00001"),  # no layer of the run
    ]  # fmt: skip
    assert unplaced_kinds(_unplaced(*rows), LAYERS) == [
        UnplacedKind("A", (), "00001", 1), UnplacedKind("A", ("3G", "4G"), "00002", 2), UnplacedKind("A", ("4G",), "", 2),
        UnplacedKind("A", ("4G",), "00003", 1), UnplacedKind("B", ("4G",), "00003", 1),
    ]  # fmt: skip


def test_chances_add_up_by_hand() -> None:
    kinds = [UnplacedKind("A", ("4G",), "00001", 3), UnplacedKind("A", (), "00002", 1), UnplacedKind("B", (), "00009", 1)]
    one, other = (np.full((3, *GRID.shape), v) for v in (0.2, 0.5))
    found = combined_chance(kinds, [one, other, None], LAYERS, GRID)
    np.testing.assert_allclose(found, 1 - 0.8**3 * 0.5)


@pytest.fixture(scope="module")
def settings() -> CoverageSettings:
    return coverage_settings(technology_rules("vn-2026", dt.date(2026, 11, 1)), counting=("4G",), levels_dbm={"4G": -110.0})


def _levels(margins: list[float]) -> AreaLevels:
    shape = (1, 1, len(margins))
    levels = AreaLevels.empty(1, shape[1:])
    levels.margin_sd[:] = np.array(margins, dtype=np.float32)
    levels.bound_sd[:] = levels.margin_sd
    levels.level_dbm[:] = -110.0 + 8.0 * np.array(margins, dtype=np.float32)
    levels.server[:] = 0
    return levels


def test_only_unserved_becomes_unknown_and_only_where_the_chance_passes_the_cut(settings: CoverageSettings) -> None:
    margins = [3.0, 0.0, -3.0, -3.0, -1.4]  # P of the sites that are placed: 0.999, 0.5, 0.001, 0.001, 0.081
    inside, ring = np.ones((1, 5), bool), np.zeros((1, 5), bool)
    facts = LayerFacts((("A", "4G"),))
    here = np.array([[[0.5, 0.5, 0.5, 0.05, 0.05]]], dtype=np.float32)  # with these: ..., 0.501, 0.051, 0.127
    found = piece_states(_levels(margins), facts, inside, ring, settings, unplaced=here)
    assert found.state[0, 0].tolist() == [
        State.PREDICTED_SERVED, State.UNCERTAIN, State.UNKNOWN, State.PREDICTED_UNSERVED, State.UNKNOWN,
    ]  # fmt: skip
    assert found.reason[0, 0].tolist() == [0, 0, Reason.UNPLACED_SITES, 0, Reason.UNPLACED_SITES]
    # P holds the chance of the site without a place only where that is why the state is unknown.
    np.testing.assert_allclose(found.probability[0, 0, 0], [0.99865, 0.5, 0.50067, 0.00135, 0.12672], atol=1e-5)
    assert np.isnan(found.margin_sd[0, 0, [2, 4]]).all()
    # Beyond the border nobody says what may serve: no figure.
    beyond = piece_states(_levels(margins), facts, inside, ~ring, settings, unplaced=0.0 * here)
    assert beyond.reason[0, 0].tolist() == [0, 0, *[Reason.NEIGHBOUR_SITES] * 3]
    assert np.isnan(beyond.probability[:, 0, 0, 2:]).all()
    # What was measured there stays: no site anywhere makes a measured silence served.
    measured = np.full((1, 1, 5), State.MEASURED_UNSERVED, dtype=np.uint8)
    told = piece_states(_levels(margins), facts, inside, ring, settings, unplaced=here, measured=measured)
    assert (told.state == State.MEASURED_UNSERVED).all()
    np.testing.assert_allclose(told.probability[0, 0, 0], [0.99865, 0.5, 0.00135, 0.00135, 0.08076], atol=1e-5)  # and P has no such site in it
    # What the department states to be absent is not opened by a row that nobody can place.
    absent = coverage_settings(technology_rules("vn-2026", dt.date(2026, 11, 1)), counting=("4G",), levels_dbm={"4G": -110.0}, absent_technologies={"A": ("4G",)})
    denied = piece_states(_levels(margins), facts, inside, ring, absent, unplaced=here)
    assert denied.state[0, 0].tolist() == [State.PREDICTED_SERVED, State.UNCERTAIN, *[State.PREDICTED_UNSERVED] * 3]
