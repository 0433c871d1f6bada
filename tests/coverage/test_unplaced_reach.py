"""A site on air that nobody can place: around its commune nothing is said to be unserved by its operator."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.coverage import LayerFacts, Reason, State, piece_states, unplaced_reach
from geo.crs import to_wgs84
from geo.grid import Grid
from geo.network import UNPLACED_COLUMNS
from geo.propagation.area import AreaLevels
from geo.propagation.settings import CoverageSettings, coverage_settings, technology_rules

EPSG = 9210
GRID = Grid.covering((500_000.0, 2_400_000.0, 504_000.0, 2_401_000.0), cell_size=100.0, epsg=EPSG)  # 40 x 10 cells
LAYERS = (("A", "3G"), ("A", "4G"), ("B", "4G"))


def _units() -> gpd.GeoDataFrame:
    """Four communes of a kilometre, from west to east: 00001 to 00004."""
    shapes = []
    for i in range(4):
        x = 500_000.0 + 1000.0 * i + np.array([0, 1000, 1000, 0])
        lon, lat = to_wgs84(x, 2_400_000.0 + np.array([0, 0, 1000, 1000]), EPSG)
        shapes.append(shapely.Polygon(np.column_stack([lon, lat])))
    return gpd.GeoDataFrame({"commune_code": [f"0000{i + 1}" for i in range(4)]}, geometry=shapes, crs=4326)


def _unplaced(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [(operator, "X", technologies, codes, "f.xlsx", "", 2) for operator, technologies, codes in rows],
        columns=list(UNPLACED_COLUMNS),
    )


def _columns(mask: np.ndarray) -> tuple[int, int, int]:
    """Return first and last column set, and how many cells are."""
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(columns[-1]), int(mask.sum())


def test_reach_around_the_commune_that_the_row_names() -> None:
    found = unplaced_reach(_unplaced(("A", "4G", "00002")), LAYERS, _units(), GRID, 500.0)
    assert found is not None
    assert not found[0].any()
    assert not found[2].any()
    first, last, cells = _columns(found[1])
    assert first in {4, 5}  # columns 10 to 19 are the commune; an edge may be touched by the projection's last digits
    assert last in {24, 25}
    assert cells >= 200


def test_no_technology_means_any_no_operator_everybody_no_commune_everywhere() -> None:
    every = unplaced_reach(_unplaced(("A", "", "00001")), LAYERS, _units(), GRID, 0.0)
    assert every is not None
    assert [bool(layer.any()) for layer in every] == [True, True, False]
    nobody = unplaced_reach(_unplaced(("", "4G", "00004;00001")), LAYERS, _units(), GRID, 0.0)
    assert nobody is not None
    assert [bool(layer.any()) for layer in nobody] == [False, True, True]
    assert nobody[1][:, 2].all()
    assert nobody[1][:, 37].all()
    assert not nobody[1][:, 15:25].any()
    anywhere = unplaced_reach(_unplaced(("B", "", "")), LAYERS, _units(), GRID, 0.0)
    assert anywhere is not None
    assert anywhere[2].all()


def test_a_commune_beyond_the_area_is_the_borders_matter() -> None:
    found = unplaced_reach(_unplaced(("A", "4G", "09999")), LAYERS, _units(), GRID, 500.0)
    assert found is not None
    assert not found.any()
    assert unplaced_reach(_unplaced(), LAYERS, _units(), GRID, 500.0) is None
    assert unplaced_reach(None, LAYERS, _units(), GRID, 500.0) is None


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


def test_only_unserved_becomes_unknown(settings: CoverageSettings) -> None:
    inside, ring = np.ones((1, 4), bool), np.zeros((1, 4), bool)
    facts = LayerFacts((("A", "4G"),))
    here = np.array([[[True, True, True, False]]])
    found = piece_states(_levels([3.0, 0.0, -3.0, -3.0]), facts, inside, ring, settings, unplaced=here)
    assert found.state[0, 0].tolist() == [
        State.PREDICTED_SERVED, State.UNCERTAIN, State.UNKNOWN, State.PREDICTED_UNSERVED,
    ]  # fmt: skip
    assert found.reason[0, 0].tolist() == [0, 0, Reason.UNPLACED_SITES, 0]
    assert np.isnan(found.probability[:, 0, 0, 2]).all()
    # What was measured there stays: no site anywhere makes a measured silence served.
    measured = np.full((1, 1, 4), State.MEASURED_UNSERVED, dtype=np.uint8)
    told = piece_states(_levels([3.0, 0.0, -3.0, -3.0]), facts, inside, ring, settings, unplaced=here, measured=measured)
    assert (told.state == State.MEASURED_UNSERVED).all()
