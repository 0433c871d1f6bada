"""Masts set down where a site without a place may stand: the same prediction as of a listed one, averaged over places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.special import ndtr

from geo.coverage import (
    LayerFacts,
    MovedMasts,
    PreparedSources,
    TileTask,
    UnplacedKind,
    margins,
    mean_chance,
    moved_masts,
    prepare_sources,
    radio_defaults,
    write_moved,
)
from geo.crs import to_wgs84
from geo.io.resources import issue_catalogue
from geo.propagation.corrections import Corrections
from geo.propagation.ground import GroundModel
from geo.validation import IssueLog
from tests.propagation.test_corrections import corrections
from tests.test_coverage import EPSG, ON, X, Y, _hills, at, cells, chosen, grid, sites, terrain_of

#: So weak a planning level that the chance falls within the few kilometres of the grid.
SETTINGS = chosen(max_radius_m=4000.0, levels_dbm={"3G": -75.0, "4G": -75.0}, unplaced_places=6.0, unplaced_places_least=2.0)
GRID = grid(41, 200.0)
INSIDE = np.ones(GRID.shape, dtype=bool)


def _prepared(terrain: GroundModel, *rows: dict[str, Any]) -> PreparedSources:
    return prepare_sources(
        cells(*rows), sites({}), operators=("A", "B"), terrain=terrain, grid=GRID, settings=SETTINGS, defaults=radio_defaults(),
        on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip


def _units(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Communes 00001, 00002 ... from west, south, east, north in metres off the grid's middle."""
    shapes = []
    for west, south, east, north in boxes:
        lon, lat = to_wgs84(X + np.array([west, east, east, west]), Y + np.array([south, south, north, north]), EPSG)
        shapes.append(shapely.Polygon(np.column_stack([lon, lat])))
    return gpd.GeoDataFrame({"commune_code": [f"0000{i + 1}" for i in range(len(boxes))]}, geometry=shapes, crs=4326)


def _moved(terrain: GroundModel, prepared: PreparedSources, units: gpd.GeoDataFrame, *kinds: UnplacedKind, learnt: Corrections | None = None, **more: float) -> list[MovedMasts | None]:
    settings = chosen(**{"max_radius_m": 4000.0, "levels_dbm": {"3G": -75.0, "4G": -75.0}, "unplaced_places": 6.0, "unplaced_places_least": 2.0, **more})
    return moved_masts(kinds, prepared, units, GRID, INSIDE, terrain, settings, learnt)


def _mean(moved: MovedMasts | None, prepared: PreparedSources, folder: Path) -> np.ndarray:
    assert moved is not None
    records = {task.name: write_moved(task, folder) for task in moved.tasks}
    found = mean_chance(moved, records, folder, prepared.layers, GRID)
    assert found is not None
    return found


@pytest.fixture
def flat(tmp_path: Path) -> GroundModel:
    return terrain_of(tmp_path, np.full((200, 200), 100.0))


HERE = UnplacedKind("A", ("4G",), "00001", 1)


def test_a_mast_set_down_is_predicted_as_one_that_is_listed_there(tmp_path: Path) -> None:
    hills = terrain_of(tmp_path, _hills(3))
    prepared = _prepared(hills, {"azimuth_deg": 40.0, "mechanical_tilt_deg": 4.0})
    (moved,) = _moved(hills, prepared, _units((500, 300, 1500, 1300)), HERE)
    assert moved is not None
    assert len(moved.tasks) == 6
    task = moved.tasks[2]
    assert task.sources is not None
    lon, lat = float(task.sources.group_lon[0]), float(task.sources.group_lat[0])
    listed = _prepared(hills, {"azimuth_deg": 40.0, "mechanical_tilt_deg": 4.0, "lon": lon, "lat": lat})
    record = write_moved(task, tmp_path)
    window = GRID.window(slice(record["row"], record["row"] + task.grid.rows), slice(record["column"], record["column"] + task.grid.columns))
    assert window == task.grid
    same = TileTask("listed", window, 0, 0, task.inside, task.ring, listed.sources, LayerFacts(listed.layers), hills, SETTINGS)
    margin = margins(same)[0][listed.layers.index(("A", "4G"))]
    chance = np.load(tmp_path / f"{task.name}_chance.npy")[0]
    np.testing.assert_allclose(chance, ndtr(margin.astype(float)), atol=2e-4)  # as the terrain has it at the place, to a rounding
    assert chance.max() > 0.9
    assert chance.min() < 0.1


def test_the_chance_is_the_mean_over_the_places_and_nothing_out_of_reach(flat: GroundModel, tmp_path: Path) -> None:
    prepared = _prepared(flat, {})
    (moved,) = _moved(flat, prepared, _units((-4000, -4000, -3700, -3700)), HERE)
    found = _mean(moved, prepared, tmp_path)
    assert moved is not None
    layer = prepared.layers.index(("A", "4G"))
    by_hand = np.zeros(GRID.shape)
    for task in moved.tasks:
        rows, columns = slice(task.row, task.row + task.grid.rows), slice(task.column, task.column + task.grid.columns)
        by_hand[rows, columns] += np.load(tmp_path / f"{task.name}_chance.npy")[0] / 6
    np.testing.assert_allclose(found[layer], by_hand, atol=1e-7)
    assert found[layer, 30:, :11].max() == found[layer].max() > 0.6  # the south-west, where it stands
    assert found[layer, 0, -1] == 0.0
    assert not np.delete(found, layer, axis=0).any()


def test_what_lies_behind_a_ridge_is_served_from_fewer_places(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    heights[:, 106:108] = 500.0  # some 600 m east of the middle
    ridge = terrain_of(tmp_path, heights)
    prepared = _prepared(ridge, {})
    (moved,) = _moved(ridge, prepared, _units((-500, -500, 300, 500)), HERE)
    found = _mean(moved, prepared, tmp_path)[prepared.layers.index(("A", "4G"))]
    east, west = found[20, 20 + 8], found[20, 20 - 9]  # 1.6 km east and 1.8 km west
    assert west > 0.3
    assert east < 0.3 * west


def test_who_has_the_technology_stands_for_it(flat: GroundModel, tmp_path: Path) -> None:
    both = [{"cell_id": "a"}, {"cell_id": "b", "technology": "3G", "frequency_mhz": 2100.0}]
    other = {"cell_id": "c", "site_id": "c", "antenna_height_m": 50.0, **at(600.0, 0.0)}
    prepared = _prepared(flat, *both, other)
    units = _units((0, 0, 1000, 1000))
    (pair, single, anything) = _moved(flat, prepared, units, UnplacedKind("A", ("3G", "4G"), "00001", 1), HERE, UnplacedKind("A", (), "00001", 1), unplaced_places=12.0)
    assert pair is not None
    assert single is not None
    assert anything is not None
    heights = [{float(t.sources.group_height_m[0]) for t in moved.tasks if t.sources is not None} for moved in (pair, single, anything)]
    assert heights == [{30.0}, {30.0, 50.0}, {30.0, 50.0}]  # only the mast with both stands for a site with both
    assert [t.facts.layers for t in pair.tasks] == [(("A", "3G"), ("A", "4G"))] * 12
    chance = _mean(anything, prepared, tmp_path)
    umts, lte = (prepared.layers.index(("A", t)) for t in ("3G", "4G"))
    share = np.mean([float(t.sources.group_height_m[0]) == 30.0 for t in anything.tasks if t.sources is not None])
    assert 0.0 < chance[umts].max() <= share + 1e-6  # a mast that lacks 3G serves nobody with it
    assert chance[lte].max() > 0.6


def test_technologies_are_borrowed_and_where_nobody_has_one_all_is_open(flat: GroundModel, tmp_path: Path) -> None:
    prepared = _prepared(flat, {}, {"cell_id": "b", "site_id": "b", "operator": "B", "technology": "3G", "frequency_mhz": 2100.0, **at(900.0, 0.0)})
    (moved,) = _moved(flat, prepared, _units((0, 0, 1000, 1000)), UnplacedKind("A", ("3G", "4G"), "00001", 1))
    assert moved is not None
    assert sorted({t.facts.layers for t in moved.tasks}) == [(("A", "3G"),), (("A", "4G"),)]
    chance = _mean(moved, prepared, tmp_path)
    assert chance[prepared.layers.index(("A", "3G"))].max() > 0.5  # as a mast of B would serve, for A
    assert not chance[[i for i, (o, _) in enumerate(prepared.layers) if o == "B"]].any()
    alone = _prepared(flat, {})
    (moved,) = _moved(flat, alone, _units((0, 0, 1000, 1000)), UnplacedKind("A", ("3G",), "00001", 1))
    assert moved is not None
    assert (moved.tasks, moved.open_layers) == ((), (("A", "3G"),))
    open_ = _mean(moved, alone, tmp_path)[alone.layers.index(("A", "3G"))]
    assert set(open_.ravel().tolist()) == {0.0, 1.0}
    assert (open_[20, 20], open_[20, 0], open_[40, 0]) == (1.0, 1.0, 0.0)  # 4 km west of it, and 4 km west and 4 km south
    # A row without technologies is a mast of its operator: what none of A's masts has, this one has not.
    (moved,) = _moved(flat, alone, _units((0, 0, 1000, 1000)), UnplacedKind("A", (), "00001", 1))
    assert moved is not None
    assert moved.open_layers == ()
    assert not _mean(moved, alone, tmp_path)[alone.layers.index(("A", "3G"))].any()


def test_the_same_kind_has_the_same_places_whatever_else_is_asked(flat: GroundModel) -> None:
    prepared = _prepared(flat, {})
    units = _units((0, 0, 1000, 1000), (-2000, 0, -1000, 1000))
    there = UnplacedKind("A", ("4G",), "00002", 4)

    def places(moved: MovedMasts | None) -> list[tuple[float, float]]:
        assert moved is not None
        return [(float(t.sources.group_x_m[0]), float(t.sources.group_y_m[0])) for t in moved.tasks if t.sources is not None]

    (alone,) = _moved(flat, prepared, units, HERE)
    (first, second) = _moved(flat, prepared, units, HERE, there)
    assert places(alone) == places(first)
    assert all(X - 10 <= x <= X + 1210 and Y - 210 <= y <= Y + 1210 for x, y in places(first))  # the cells that the commune touches
    assert all(X - 2210 <= x <= X - 790 for x, _ in places(second))
    assert len(set(places(first))) == 6
    few = _moved(flat, prepared, units, HERE, there, unplaced_places_in_all=8.0)
    assert [len(places(m)) for m in few] == [4, 4]
    least = _moved(flat, prepared, units, HERE, there, unplaced_places_in_all=1.0)
    assert [len(places(m)) for m in least] == [2, 2]
    assert _moved(flat, prepared, units, UnplacedKind("A", ("4G",), "09999", 1)) == [None]
    assert mean_chance(None, {}, Path(), prepared.layers, GRID) is None


def test_nobody_measured_it_there(flat: GroundModel) -> None:
    prepared = _prepared(flat, {}, {"cell_id": "d", "site_id": "d", **at(900.0, 0.0)})
    learnt = corrections(2, bias_db=np.array([3.0, 3.0]), error_sd_db=np.array([1.0, 6.0]))
    (moved,) = _moved(flat, prepared, _units((0, 0, 1000, 1000)), HERE, learnt=learnt)
    assert moved is not None
    for task in moved.tasks:
        assert task.corrections is not None
        assert task.corrections.error_sd_db.tolist() == [6.0, 6.0]
        assert task.corrections.bias_db.tolist() == [3.0, 3.0]


def test_a_path_that_is_not_known_may_serve(tmp_path: Path) -> None:
    heights = np.full((200, 200), 100.0)
    heights[:70] = np.nan  # some 2.8 km north of the middle on nothing is known
    holes = terrain_of(tmp_path, heights)
    prepared = _prepared(holes, {})
    (moved,) = _moved(holes, prepared, _units((-300, -300, 300, 300)), HERE)
    found = _mean(moved, prepared, tmp_path)[prepared.layers.index(("A", "4G"))]
    assert found[2, 20] >= found[38, 20]  # 3.6 km north, over the unknown, and as far south
    assert np.isfinite(found).all()
