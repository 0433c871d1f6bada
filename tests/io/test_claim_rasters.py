"""Coverage claims that come as rasters. All places are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from geo.crs import from_wgs84, to_wgs84
from geo.errors import CrsError, InputError
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.coverage_claims import read_coverage_claims
from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog
from tests.made_up_area import PROVINCE, area

CONTEXT = PositionContext(area(), (PROVINCE,))
DEGREES = Affine(0.01, 0, 104.9, 0, -0.01, 22.4)  # 80 x 80 cells reach beyond the area on all sides


def written(folder: Path, values: np.ndarray, *, transform: Affine = DEGREES, crs: str | None = "EPSG:4326", nodata: float | None = None) -> Path:
    path = folder / "claim.tif"
    profile: dict[str, Any] = {
        "driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype.name,
        "crs": crs, "transform": transform, "nodata": nodata,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)
    return path


def read(path: Path, **options: Any) -> tuple[gpd.GeoDataFrame, IssueLog]:
    extra = {k: options.pop(k) for k in ("technology", "level_dbm") if k in options}
    log = IssueLog(issue_catalogue())
    given = TableOptions(operator=options.pop("operator", "Viettel"), extra={"technology": "4G", **extra}, **options)
    frame = read_coverage_claims(
        path, file=path.name, options=given, context=CONTEXT, catalogue=operator_catalogue(), bands=band_catalogue(), log=log
    )
    return frame, log


def square(value: float = 1, dtype: str = "uint8") -> np.ndarray:
    values = np.zeros((80, 80), dtype=dtype)
    values[40:43, 20:24] = value
    return values


WHERE = shapely.box(105.1, 21.97, 105.14, 22.0)


def test_cells_above_zero_are_claimed(tmp_path: Path) -> None:
    frame, log = read(written(tmp_path, square()))
    assert log.codes() == set()
    assert frame[["operator", "technology"]].to_numpy().tolist() == [["Viettel", "4G"]]
    assert frame.geometry.iloc[0].symmetric_difference(WHERE).area < 1e-12
    assert frame["level_dbm"].isna().all()


def test_cells_touching_at_a_corner_and_holes_are_valid_and_only_what_is_near_is_read(tmp_path: Path) -> None:
    values = square()
    values[43, 24] = 1
    values[41, 21] = 0
    values[0, 0] = 1  # beyond the area
    frame, _ = read(written(tmp_path, values))
    shape = frame.geometry.iloc[0]
    assert shape.is_valid
    assert shape.area == pytest.approx(12e-4)
    assert shape.bounds == pytest.approx((105.1, 21.96, 105.15, 22.0))


def test_levels_are_claimed_from_the_level_given(tmp_path: Path) -> None:
    values = np.full((80, 80), np.nan, dtype="float32")
    values[40:43, 20:24] = -110.0
    values[40, 20] = -110.5
    frame, log = read(written(tmp_path, values), level_dbm=-110)
    assert log.codes() == set()
    assert frame.geometry.iloc[0].area == pytest.approx(11e-4)
    assert frame["level_dbm"].tolist() == [-110.0]
    with pytest.raises(InputError, match="level_dbm"):
        read(written(tmp_path, values))
    with pytest.raises(InputError, match="leave level_dbm out"):
        read(written(tmp_path, square()), level_dbm=-110)


def test_nodata_is_not_claimed(tmp_path: Path) -> None:
    values = np.where(square() == 1, 1, 255).astype("uint8")
    frame, _ = read(written(tmp_path, values, nodata=255))
    assert frame.geometry.iloc[0].area == pytest.approx(12e-4)


def test_several_codes_are_said(tmp_path: Path) -> None:
    values = square()
    values[40, 20:24] = 3
    frame, log = read(written(tmp_path, values))
    assert frame.geometry.iloc[0].area == pytest.approx(12e-4)
    assert [f.came.tolist() for f in log] == [["1, 3"]]
    assert log.codes() == {"claim_raster_classes"}


def test_the_provincial_zone(tmp_path: Path) -> None:
    x, y = from_wgs84([105.1, 105.14], [22.0, 21.97], 9210)
    left, top = np.floor(x[0] / 100) * 100, np.ceil(y[0] / 100) * 100
    rows, columns = int(np.ceil((top - y[1]) / 100)), int(np.ceil((x[1] - left) / 100))
    values = np.ones((rows, columns), dtype="uint8")
    frame, _ = read(written(tmp_path, values, transform=Affine(100, 0, left, 0, -100, top), crs="EPSG:9210"))
    edge = shapely.segmentize(shapely.box(left, top - 100 * rows, left + 100 * columns, top), 50)
    true = shapely.transform(edge, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], 9210)))
    assert frame.geometry.iloc[0].symmetric_difference(true).area < 1e-5 * true.area
    assert true.buffer(0.001).contains(WHERE)


@pytest.mark.parametrize(
    ("values", "transform", "code"),
    [
        (np.zeros((80, 80), "uint8"), DEGREES, "claim_raster_empty"),
        (square(), Affine(0.01, 0, 8.0, 0, -0.01, 47.0), "raster_outside_area"),
        (np.ones((3, 3), "uint8"), Affine(0.01, 0, 105.6, 0, -0.01, 21.699), "claim_raster_empty"),  # beside the area
    ],
)
def test_nothing_claimed_here_is_no_claim(values: np.ndarray, transform: Affine, code: str, tmp_path: Path) -> None:
    frame, log = read(written(tmp_path, values, transform=transform))
    assert log.codes() == {code}
    assert frame.empty
    assert "technology" in frame.columns


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="names no coordinate system"):
        read(written(tmp_path, square(), crs=None))
    assert len(read(written(tmp_path, square(), crs=None), crs="EPSG:4326")[0]) == 1
    frame, log = read(written(tmp_path, square()), operator="")
    assert log.codes() == {"operator_missing"}
    assert frame.empty
    path = tmp_path / "claim.tif"
    path.write_bytes(b"II*\0 not really")
    with pytest.raises(InputError, match="GeoTIFF"):
        read(path)
