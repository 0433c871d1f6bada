"""GeoPackage layers: what was given comes back, in EPSG:4326, the same bytes each time."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import Point, box

from geo.errors import CrsError
from geo.io.layers import write_layers
from geo.mapping.palette import palette
from geo.report.qgis import layer_styles

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


def test_styles_are_where_qgis_looks_for_them(tmp_path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    """QGIS asks ``layer_styles`` by table and geometry column, with empty catalogue and schema, for the default."""
    styles = layer_styles([*layers, "nothing"], "vi")
    assert list(styles) == list(layers)
    for name in ("a", "b"):
        write_layers(tmp_path / f"{name}.gpkg", layers, created=DAY, styles=styles)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as file:
        columns = dict(file.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        asked = "SELECT styleQML FROM layer_styles WHERE f_table_catalog='' AND f_table_schema='' AND f_table_name=? AND f_geometry_column=? AND useAsDefault=1"
        for layer, column in columns.items():
            assert file.execute(asked, (layer, column)).fetchall() == [(styles[layer],)]
        assert ("layer_styles", "attributes") in file.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall()


def test_a_style_has_the_map_s_colours_and_a_pattern_for_every_class() -> None:
    made = layer_styles(["dead_zones"], "vi")["dead_zones"]
    renderer = ElementTree.fromstring(made).find("renderer-v2")  # noqa: S314 - this project's own text
    assert renderer is not None
    assert renderer.get("attr") == "class"
    symbols = {symbol.get("name"): symbol for symbol in renderer.iter("symbol")}
    drawn = {}
    for category in renderer.iter("category"):
        symbol = symbols[category.get("symbol")]
        options = [{o.get("name"): o.get("value") for o in layer.find("Option")} for layer in symbol.iter("layer")]
        drawn[category.get("value")] = (symbol.get("type"), options)
        assert category.get("label")
    wanted = {style.key: style for style in palette().areas["zone"] if style.key != "unserved"}
    assert set(drawn) == set(wanted)
    for key, style in wanted.items():
        kind, options = drawn[key]
        red, green, blue = (int(style.line[i : i + 2], 16) for i in (1, 3, 5))
        edge = f"{red},{green},{blue},255"
        assert kind == ("line" if key == "road" else "fill")
        assert edge in (options[0].get("outline_color"), options[0].get("line_color"))
    patterns = [tuple(o.get("style") or o.get("line_style") for o in options) for _, options in drawn.values()]
    assert len(set(patterns)) == len(patterns)


def test_the_tools_of_gdal_read_every_layer_without_complaint(tmp_path: Path, layers: dict[str, gpd.GeoDataFrame], external_tool: Callable[[str], Path]) -> None:
    program = external_tool("gdal").with_name("ogrinfo")
    path = tmp_path / "layers.gpkg"
    write_layers(path, layers, created=DAY)
    said = subprocess.run([str(program), "-ro", "-al", str(path)], check=True, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert said.stderr == ""
    assert [line for line in said.stdout.splitlines() if line.startswith("Feature Count")] == ["Feature Count: 1", "Feature Count: 2"]
    assert "commune_name (String) = =Hoà Bình" in said.stdout
    assert said.stdout.count('ID["EPSG",4326]') == 2
