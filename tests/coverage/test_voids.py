"""Terrain with holes: what they may belie is not stated; a real place with many of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.coverage import State, prepare_sources, radio_defaults, state_counts
from geo.crs import from_wgs84
from geo.grid import Grid
from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.ground import GroundModel, ground_settings
from geo.validation import IssueLog
from tests.test_coverage import ON, at, cells, chosen, grid, run, sites, terrain_of


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


def test_figures_that_a_void_may_belie_are_not_stated(tmp_path: Path) -> None:
    """Two sites, a void before the nearer one: the state may be certain, the best server and its level are not."""
    heights = np.full((200, 200), 100.0)
    holed = heights.copy()
    holed[:, 118] = np.nan  # some 1.6 km east of the middle
    rows = cells({**at(-2000.0, 0.0)}, {**at(2200.0, 0.0), "power_dbm": 49.0})
    where = grid(41, 100.0)
    whole, _ = run(rows, sites({}), terrain_of(tmp_path, heights, "whole"), where)
    got, _ = run(rows, sites({}), terrain_of(tmp_path, holed, "holed"), where)
    i = whole.index("A", "4G")
    stated = np.isfinite(got.level_dbm[i])
    np.testing.assert_allclose(got.level_dbm[i][stated], whole.level_dbm[i][stated], atol=1e-3)
    certain = (got.state[i] == State.PREDICTED_SERVED) & ~stated
    assert certain.sum() > 50  # served whatever the void hides
    assert np.isfinite(got.probability[i][certain]).all()
    unsure = (got.state[i] == State.UNCERTAIN) & ~stated
    assert np.isnan(got.probability[i][unsure]).all()
    assert np.isnan(got.margin_sd[i][unsure]).all()


def test_gotthard_every_cell_is_predicted_or_said(shared_dir: Path, log: IssueLog) -> None:
    raw = pd.read_csv(shared_dir / "data/sites/mls_2024-03_228_N46E008.csv")
    technology = raw["radio"].map({"GSM": "2G", "UMTS": "3G", "LTE": "4G", "NR": "5G"})
    assert technology.notna().all()
    blank = cells(*({} for _ in range(len(raw))))
    rows = blank.assign(
        cell_id=raw["cell"].astype(str), site_id=raw["cell"].astype(str), technology=technology, lon=raw["lon"], lat=raw["lat"],
        frequency_mhz=np.nan, antenna_height_m=np.nan, power_dbm=np.nan, antenna_gain_dbi=np.nan, bandwidth_mhz=np.nan, status="unknown",
    )  # fmt: skip
    terrain = GroundModel(open_terrain([shared_dir / "data/terrain/N46E008.tif"], kind="surface", log=log), None, ground_settings())
    # A made-up area of 12 km in the middle of the tile: there are no boundaries for this place.
    x, y = from_wgs84([8.55], [46.55], 32632)
    where = Grid.covering((x[0] - 6000, y[0] - 6000, x[0] + 6000, y[0] + 6000), cell_size=200, epsg=32632)
    wide = chosen(max_radius_m=80_000)
    everything = prepare_sources(
        rows, sites(), operators=("A",), terrain=terrain, grid=where, settings=wide, defaults=radio_defaults(), on=ON, log=log
    )
    assert len(rows) == 1742
    assert sum(everything.defaults_used.cells.values()) == 1742
    assert {f.kind.code: f.count for f in log if f.kind.code.startswith("site_")} == {
        "site_void_ground": 36,
        "site_beside_void": 16,
    }
    assert int(np.isnan(everything.sources.group_ground_m).sum()) <= 52  # some share one place
    assert sum(n for k, n in everything.defaults_used.counts.items() if k.endswith(".status")) == 1742
    near = replace(wide, max_radius_m=15_000, levels_dbm={**wide.levels_dbm, "5G": -110.0})
    coverage, _ = run(rows, sites(), terrain, where, setting=near)
    counts = state_counts(coverage.state[coverage.index("A", "4G")])
    assert sum(counts.values()) == where.rows * where.columns
    assert counts["unknown"] > 0
    assert counts["predicted_served"] > 0
