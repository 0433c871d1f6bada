"""GeoPackage layers: what was given comes back, in EPSG:4326, the same bytes each time."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import Point, box

from geo.errors import CrsError
from geo.io.layers import write_layers

DAY = date(2026, 11, 1)


@pytest.fixture
def layers() -> dict[str, gpd.GeoDataFrame]:
    communes = gpd.GeoDataFrame(
        {"commune_code": ["00001"], "commune_name": ["=Hoà Bình"], "villages": [3], "area_km2": [1.5]},
        geometry=[box(105, 21, 105.1, 21.1)],
        crs=4326,
    )
    villages = gpd.GeoDataFrame(
        {
            "village_id": ["v1", "v2"],
            "weak": [True, None],
            "flag": pd.array([False, None], dtype="boolean"),
            "seen": [date(2026, 3, 2), None],
            "rsrp_dbm": [-97.5, None],
        },
        geometry=[Point(105.05, 21.05), None],
        crs=4326,
    )
    return {"communes": communes, "villages": villages}


def test_layers_come_back(tmp_path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    path = tmp_path / "layers.gpkg"
    write_layers(path, layers, created=DAY)
    assert pyogrio.list_layers(path)[:, 0].tolist() == ["communes", "villages"]
    communes = gpd.read_file(path, layer="communes")
    assert communes.crs.to_epsg() == 4326
    assert communes.drop(columns="geometry").to_dict("records") == [
        {"commune_code": "00001", "commune_name": "=Hoà Bình", "villages": 3, "area_km2": 1.5}
    ]
    villages = gpd.read_file(path, layer="villages")
    assert villages["village_id"].tolist() == ["v1", "v2"]
    assert villages["weak"].tolist()[0] == 1
    assert villages.iloc[1].isna()[["weak", "flag", "seen", "rsrp_dbm", "geometry"]].all()
    assert [p.name for p in tmp_path.iterdir()] == ["layers.gpkg"]


def test_the_same_layers_give_the_same_bytes(tmp_path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    write_layers(tmp_path / "a.gpkg", layers, created=DAY)
    time.sleep(1.1)  # the clock that OGR would write has passed to another second
    write_layers(tmp_path / "b.gpkg", layers, created=DAY)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as base:
        stamps = {row[0] for row in base.execute("select last_change from gpkg_contents")}
    assert stamps == {"2026-11-01T00:00:00.000Z"}
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_another_crs_is_refused(tmp_path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    with pytest.raises(CrsError, match="villages"):
        write_layers(tmp_path / "a.gpkg", layers | {"villages": layers["villages"].to_crs(3405)}, created=DAY)
    assert list(tmp_path.iterdir()) == []
