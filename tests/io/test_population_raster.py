"""Population rasters: nobody is lost, nobody is counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.crs import from_wgs84, to_wgs84
from geo.errors import CrsError, GridMismatchError, InputError
from geo.grid import Grid
from geo.io.population_raster import PopulationRaster, open_population_raster
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


def write(path: Path, values: Any, transform: Affine, crs: str | None = "EPSG:32648", **profile: Any) -> Path:
    values = np.asarray(values)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype=values.dtype, crs=crs,
        transform=transform, **profile,
    ) as f:  # fmt: skip
        f.write(values, 1)
    return path


def units(boxes: list[Any], crs: int = 32648) -> gpd.GeoDataFrame:
    """Boxes in ``crs`` as units in EPSG:4326, their sides densified so that they stay straight."""
    shapes = [shapely.segmentize(b, 20) for b in boxes]

    def move(points: np.ndarray) -> np.ndarray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], crs))

    codes = [f"{i:05d}" for i in range(len(boxes))]
    return gpd.GeoDataFrame({"commune_code": codes}, geometry=[shapely.transform(s, move) for s in shapes], crs=4326)


PLACE = Affine(100, 0, 500_000, 0, -100, 2_500_000)
NINE = np.arange(1, 10, dtype=np.float32).reshape(3, 3)


def test_three_by_three_by_hand(tmp_path: Path, log: IssueLog) -> None:
    raster = open_population_raster(write(tmp_path / "p.tif", NINE, PLACE), log=log)
    assert raster.total == 45
    # all; the middle cell; the left half of the first cell; nothing
    found = raster.population_by_unit(
        units(
            [
                shapely.box(500_000, 2_499_700, 500_300, 2_500_000),
                shapely.box(500_100, 2_499_800, 500_200, 2_499_900),
                shapely.box(500_000, 2_499_900, 500_050, 2_500_000),
                shapely.box(600_000, 2_499_900, 600_050, 2_500_000),
            ]
        )
    )
    np.testing.assert_allclose(found["population"], [45, 5, 0.5, np.nan], rtol=1e-4)
    np.testing.assert_allclose(found["known_share"], [1, 1, 1, 0], atol=1e-3)
    assert list(found["commune_code"]) == ["00000", "00001", "00002", "00003"]


def test_same_grid_gives_the_same_counts(tmp_path: Path, log: IssueLog) -> None:
    raster = open_population_raster(write(tmp_path / "p.tif", NINE, PLACE), log=log)
    got = raster.to_grid(Grid(32648, 499_900.0, 2_500_100.0, 100.0, 5, 5))
    expected = np.full((5, 5), np.nan)
    expected[1:4, 1:4] = NINE
    np.testing.assert_allclose(got.values, expected, rtol=1e-9)
    assert (got.inside, got.outside) == (pytest.approx(45), 0.0)


def test_cells_are_split_not_averaged(tmp_path: Path, log: IssueLog) -> None:
    raster = open_population_raster(write(tmp_path / "p.tif", np.full((1, 1), 100.0), PLACE), log=log)
    half = raster.to_grid(Grid(32648, 500_000.0, 2_500_000.0, 50.0, 2, 1))  # the western half only
    np.testing.assert_allclose(half.values, [[25], [25]], rtol=1e-9)
    assert half.outside == pytest.approx(50)


def test_nodata_and_negative_are_unknown_and_said(tmp_path: Path, log: IssueLog) -> None:
    values = np.array([[10, -9999, -3], [np.nan, 0, 5]], dtype=np.float32)
    raster = open_population_raster(write(tmp_path / "p.tif", values, PLACE, nodata=-9999), log=log)
    assert (raster.total, raster.known_cells) == (15, 3)
    said = {f.kind.code: f for f in log}
    assert set(said) == {"population_negative", "population_no_data"}
    assert said["population_negative"].came[0] == "-3"
    grid = raster.to_grid(Grid(32648, 500_000.0, 2_500_000.0, 100.0, 2, 3)).values
    np.testing.assert_allclose(grid, [[10, np.nan, np.nan], [np.nan, 0, 5]], rtol=1e-9)
    unknown = raster.population_by_unit(units([shapely.box(500_101, 2_499_901, 500_299, 2_499_999)]))
    assert np.isnan(unknown["population"][0])  # nobody is not the same as not known
    assert unknown["known_share"][0] == 0


def test_nothing_but_zeros_is_said(tmp_path: Path, log: IssueLog) -> None:
    open_population_raster(write(tmp_path / "p.tif", np.zeros((4, 4), np.float32), PLACE), log=log)
    assert log.codes() == {"population_all_zero"}


def test_unit_partly_beyond_the_raster(tmp_path: Path, log: IssueLog) -> None:
    raster = open_population_raster(write(tmp_path / "p.tif", NINE, PLACE), log=log)
    found = raster.population_by_unit(units([shapely.box(499_700, 2_499_700, 500_300, 2_500_000)]))
    assert found["population"][0] == pytest.approx(45, rel=1e-4)
    assert found["known_share"][0] == pytest.approx(0.5, abs=1e-3)


def test_wrong_rasters_are_refused(tmp_path: Path, log: IssueLog) -> None:
    with pytest.raises(CrsError):
        open_population_raster(write(tmp_path / "a.tif", NINE, PLACE, crs=None), log=log)
    (tmp_path / "v.tif").write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    with pytest.raises(InputError, match="not a readable GeoTIFF"):
        open_population_raster(tmp_path / "v.tif", log=log)
    with pytest.raises(InputError, match="complex64"):
        open_population_raster(write(tmp_path / "c.tif", NINE.astype(np.complex64), PLACE), log=log)
    good = open_population_raster(write(tmp_path / "g.tif", NINE, PLACE), log=log)
    with pytest.raises(GridMismatchError):
        good.to_grid(Grid(4326, 105.0, 23.0, 0.001, 3, 3))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
    size=st.floats(40, 700),
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    seed=st.integers(0, 5),
)
def test_total_is_kept_whatever_the_grid(
    tmp_path: Path, shift: tuple[float, float], size: float, shape: tuple[int, int], seed: int
) -> None:
    path = tmp_path / f"{seed}.tif"
    if not path.exists():
        values = np.random.default_rng(seed).exponential(3, (20, 20)).astype(np.float32)
        values[3:6, 3:6] = np.nan
        write(path, values, Affine(0.002, 0, 105.0, 0, -0.002, 22.5), crs="EPSG:4326")
    raster = open_population_raster(path, log=IssueLog(issue_catalogue()))
    x, y = from_wgs84([105.02], [22.48], 9210)
    got = raster.to_grid(Grid(9210, x[0] + shift[0], y[0] + shift[1], size, *shape))
    assert got.inside + got.outside == pytest.approx(got.total, rel=1e-6)
    assert np.nansum(got.values) == pytest.approx(got.inside, rel=1e-9)
    assert (got.values[np.isfinite(got.values)] >= 0).all()


def burundi(shared_dir: Path, log: IssueLog) -> PopulationRaster:
    return open_population_raster(shared_dir / "data/population/burundi_population_250m.tif", log=log)


def test_burundi_end_to_end(shared_dir: Path, log: IssueLog) -> None:
    raster = burundi(shared_dir, log)
    assert raster.raster.crs == "ESRI:54009"
    assert raster.total == pytest.approx(11_131_281.74, abs=0.01)
    assert {f.kind.code: f.fields["count"] for f in log} == {"population_no_data": "356461"}
    # Two made-up units that together cover the country, and one beyond it.
    boxes = gpd.GeoDataFrame(
        {"commune_code": ["west", "east", "away"]},
        geometry=[shapely.box(28, -5, 30, -2), shapely.box(30, -5, 31.5, -2), shapely.box(20, -5, 21, -4)],
        crs=4326,
    )
    found = raster.population_by_unit(boxes)["population"]
    assert found[:2].sum() == pytest.approx(raster.total, rel=1e-6)
    assert np.isnan(found[2])
    # A grid over the middle of it: what is not on the grid is beyond it.
    middle = Grid.covering((806_000, 9_605_000, 846_000, 9_645_000), cell_size=100, epsg=32735)
    got = raster.to_grid(middle)
    assert 0 < got.inside < raster.total
    assert got.inside + got.outside == pytest.approx(raster.total, rel=1e-6)
    left, bottom, right, top = middle.bounds
    same = raster.population_by_unit(units([shapely.segmentize(shapely.box(left, bottom, right, top), 500)], 32735))
    assert same["population"][0] == pytest.approx(got.inside, rel=1e-3)


def test_heights_given_as_people_are_refused(tmp_path: Path) -> None:
    """30 m cells of 300 m of height would be 333,000 persons/km²; as many people as a dense town has are people."""
    for value, codes in ((300.0, ["population_not_counts"]), (40.0, [])):
        path = tmp_path / f"{value:g}.tif"
        step = 30 / 111_320
        with rasterio.open(path, "w", driver="GTiff", height=40, width=40, count=1, dtype="float32", crs="EPSG:4326",
                           transform=Affine(step, 0, 105.6, 0, -step, 0.02)) as target:  # fmt: skip
            target.write(np.full((40, 40), value, dtype=np.float32), 1)
        log = IssueLog(issue_catalogue())
        open_population_raster(path, log=log, label=path.name)
        assert [finding.kind.code for finding in log.findings] == codes
        if codes:
            assert log.has_errors
            assert float(log.findings[0].came[0]) == pytest.approx(300 / 0.0009, rel=1e-3)
