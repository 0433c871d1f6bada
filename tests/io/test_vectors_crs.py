"""A layer's CRS as it stands in the file: withdrawn codes are refused, not replaced."""

from __future__ import annotations

import warnings
from datetime import date

import geopandas as gpd
import pyogrio
import pytest
import shapely

from geo.io.layers import write_layers
from geo.validation import Severity
from tests.made_up_area import area


@pytest.fixture
def withdrawn():
    """Write layers in EPSG:6957, which the library would replace on writing, too."""
    before = pyogrio.get_gdal_config_option("OSR_USE_NON_DEPRECATED")
    pyogrio.set_gdal_config_options({"OSR_USE_NON_DEPRECATED": "NO"})
    yield gpd.GeoDataFrame({"Mã trạm": ["T1"]}, geometry=[shapely.Point(2_400_000, 600_000)], crs="EPSG:6957")
    pyogrio.set_gdal_config_options({"OSR_USE_NON_DEPRECATED": before})


@pytest.mark.parametrize("name", ["tram.gpkg", "tram.geojson", "tram.shp"])
def test_withdrawn_zones_are_refused_in_every_format(tmp_path, withdrawn, network_of, log, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        withdrawn.rename(columns={"Mã trạm": "ma_tram"}).to_file(tmp_path / name)
    pyogrio.set_gdal_config_options({"OSR_USE_NON_DEPRECATED": None})  # as it is on a fresh start
    network = network_of([tmp_path / name], area(), operator="Viettel")
    assert network.sites.empty
    (refused,) = log.of_severity(Severity.ERROR)
    assert "9210" in refused.title.vi


def test_what_qgis_keeps_beside_the_data_is_no_table_of_ours(tmp_path, network_of, log):
    """A GeoPackage with styles, as QGIS saves one and as layers.gpkg is, is read as the data alone."""
    sites = gpd.GeoDataFrame({"Mã trạm": ["T1"]}, geometry=[shapely.Point(105.5, 22.2)], crs=4326)
    write_layers(tmp_path / "tram.gpkg", {"sites": sites}, created=date(2026, 11, 1), styles={"sites": "<qgis/>"})
    assert "layer_styles" in pyogrio.list_layers(tmp_path / "tram.gpkg")[:, 0]
    network = network_of([tmp_path / "tram.gpkg"], area(), operator="Viettel")
    assert network.sites["site_id"].tolist() == ["T1"]
    assert log.of_severity(Severity.ERROR) == []
    assert not [finding for finding in log.findings if "layer_styles" in str(finding.source)], "nothing is said of it"
    assert [str(count.source) for count in log.counts if count.rows_in] == ["tram.gpkg"]
