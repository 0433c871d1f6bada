"""Every item of the catalogue fetched from a publisher on this machine, and read by the readers of a project."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely

from geo.fetching.areas import province_area
from geo.fetching.asking.secret import Secret
from geo.fetching.catalogue import Catalogue, parse_catalogue
from geo.fetching.fetch import Fetcher, Outcome
from geo.fetching.plan import Quarter, Wanted, wanted_files
from geo.fetching.snippet import inputs_snippet
from geo.io.fetched import FetchFolder
from geo.io.inputs import read_inputs
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog, Severity
from tests.fetching.made import commune, geotiff, gz, ookla, quick, shapefile_zip, zipped
from tests.fetching.server import Publisher, publishing

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "data/catalogue.toml").read_text(encoding="utf-8")
AREA = province_area(["08"], margin_m=15000)
QUARTER = Quarter(2026, 1)
KEY = "pk.made+up0123"
NOW = dt.datetime(2026, 11, 30, 1, 2, 3, tzinfo=dt.UTC)
SEA = "N23E105"  # stands for a tile that the publisher does not have


def quadkey(lon: float, lat: float, zoom: int = 16) -> str:
    """Return the key of a tile by the formula of the tile system."""
    x = int((lon + 180) / 360 * 2**zoom)
    y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**zoom)
    return "".join(str((x >> b & 1) + 2 * (y >> b & 1)) for b in range(zoom - 1, -1, -1))


def catalogue_of(publisher: Publisher) -> Catalogue:
    """Return the catalogue that ships, with every publisher moved to this machine."""
    moved = re.sub(r'^((?:checksum_)?address = ")https://', rf"\1{publisher.address}/", TEXT, flags=re.MULTILINE)
    return parse_catalogue(tomllib.loads(moved), file="catalogue.toml")


def path_of(publisher: Publisher, address: str) -> str:
    return Secret(KEY).put_into(address).removeprefix(publisher.address)


def content_of(wanted: Wanted, folder: Path) -> bytes | None:
    """Return a made-up file for an address; None where the publisher has none."""
    code, values = wanted.item.code, wanted.values
    lat, lon = (float(values.get(n, "N0")[1:]) for n in ("lat", "lon"))
    if code == "boundaries":
        wards = {f"geojson/08_tuyen_quang/wards/0000{n}_bia.geojson": commune(f"0000{n}", 105.0 + n / 10, 22.0) for n in range(1, 5)}
        return zipped({**wards, "geojson/08_tuyen_quang/08_tuyen_quang.geojson": b"{}", "geojson/01_ha_noi/wards/00009_x.geojson": commune("00009", 105.8, 21.0)})
    if code == "terrain_surface_copernicus":
        return None if f"{values['lat']}{values['lon']}" == SEA else geotiff(lon, lat + 1, dtype="float32", size=100)
    if code == "terrain_ground_fabdem":
        tiles = {f"{t}_FABDEM_V1-2.tif": geotiff(float(t[4:]), float(t[1:3]) + 1, dtype="float32", size=64) for t in ("N21E104", "N21E105", "N22E104", "N22E105")}
        return zipped({**tiles, "N29E109_FABDEM_V1-2.tif": b"not wanted"})
    if code == "terrain_surface_srtm":
        return gz(np.full(1201 * 1201, 250, dtype=">i2").tobytes())
    if code == "population":
        return geotiff(104, 23, degrees=2, dtype="float32", value=2)
    if code == "land_cover":
        return geotiff(lon, lat + 3, degrees=3, dtype="uint8", value=10)
    if code == "buildings":
        rows = ["21.5,100.0,30.0,0.9,,X"] if values["tile"] == "36d" else ["22.05,105.15,80.5,0.9,,A", "22.06,105.25,40.0,0.7,,B", "18.0,103.0,55.0,0.9,,far"]
        return gz("\n".join(["latitude,longitude,area_in_meters,confidence,geometry,full_plus_code", *rows]).encode())
    if code == "osm":
        roads = gpd.GeoDataFrame(
            {"osm_id": ["1", "2"], "fclass": ["primary", "track"], "name": ["Quốc lộ 2", "Đường xa"]},
            geometry=[shapely.LineString([(105.1, 22.05), (105.3, 22.06)]), shapely.LineString([(108, 16), (108.1, 16)])], crs="EPSG:4326",
        )  # fmt: skip
        places = gpd.GeoDataFrame({"osm_id": ["3"], "fclass": ["village"], "name": ["Bản Bịa"]}, geometry=[shapely.Point(105.2, 22.04)], crs="EPSG:4326")
        return shapefile_zip(folder, {"gis_osm_roads_free_1": roads, "gis_osm_places_free_1": places, "gis_osm_pofw_free_1": places})
    if code == "cells_opencellid":  # no header, as per-country files come
        return gz(b"LTE,452,4,11203,21004,0,105.15,22.05,1000,7,1,1600000000,1650000000,0\nLTE,452,1,1,2,0,106.7,10.8,1000,7,1,1600000000,1650000000,0\n")
    return ookla([quadkey(105.15, 22.05), quadkey(105.25, 22.05), quadkey(106.7, 10.8), "012", ""])


@dataclass
class Fetched:
    catalogue: Catalogue
    folder: FetchFolder
    outcomes: dict[str, list[Outcome]]
    publisher: Publisher

    def fetcher(self) -> Fetcher:
        return Fetcher(self.folder, quick(), "prompt", secrets={"cells_opencellid": Secret(KEY)}, clock=lambda: NOW)

    def record(self, item: str) -> dict[str, object]:
        return next(r for r in self.folder.records() if r["item"] == item)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fetched]:
    with publishing() as publisher, pytest.MonkeyPatch.context() as patched:
        patched.setattr("os.fsync", lambda _handle: None)  # power cuts are not tested here
        catalogue = catalogue_of(publisher)
        found = Fetched(catalogue, FetchFolder(tmp_path_factory.mktemp("project") / "open"), {}, publisher)
        shapes = tmp_path_factory.mktemp("shapes")
        with found.folder.working():
            for item in catalogue.items.values():
                found.outcomes[item.code] = []
                for wanted in wanted_files(item, AREA, QUARTER):
                    content = content_of(wanted, shapes)
                    if content is not None:
                        publisher.files[path_of(publisher, wanted.address)] = content
                    found.outcomes[item.code].append(found.fetcher().fetch(wanted))
        yield found


def test_every_item_was_fetched_and_nothing_else_is_there(fetched: Fetched) -> None:
    states = {code: [o.state for o in outcomes] for code, outcomes in fetched.outcomes.items()}
    assert states == {
        "boundaries": ["fetched"], "terrain_surface_copernicus": [*["fetched"] * 5, "absent"], "terrain_ground_fabdem": ["fetched"],
        "terrain_surface_srtm": ["fetched"] * 6, "population": ["fetched"], "buildings": ["fetched", "empty"], "osm": ["fetched"],
        "land_cover": ["fetched"] * 2, "speed_tests_mobile": ["fetched"], "speed_tests_fixed": ["fetched"], "cells_opencellid": ["fetched"],
    }  # fmt: skip
    assert not (fetched.folder.root / ".unfinished").exists()
    files = {p.relative_to(fetched.folder.root).as_posix() for p in fetched.folder.root.rglob("*") if p.is_file()}
    recorded = {f"{r['item']}/{f['file']}" for r in fetched.folder.records() for f in r["files"]}
    assert {f for f in files if not f.endswith(".source.json")} == recorded
    assert {"boundaries/communes_08.geojson", "osm/osm_roads_08.gpkg", "terrain_surface_srtm/N21E104.hgt", "buildings/buildings_313_08.csv",
            "terrain_ground_fabdem/N22E105_FABDEM_V1-2.tif", "cells_opencellid/opencellid_452_08.csv"} <= recorded  # fmt: skip


def test_what_lies_elsewhere_is_left_out(fetched: Fetched) -> None:
    root = fetched.folder.root
    assert [f["properties"]["code"] for f in json.loads((root / "boundaries/communes_08.geojson").read_bytes())["features"]] == ["00001", "00002", "00003", "00004"]
    assert json.loads((root / "boundaries/communes_08.geojson").read_bytes())["features"][0]["properties"]["province_code"] == "08"
    assert pd.read_csv(root / "buildings/buildings_313_08.csv", dtype=str)["full_plus_code"].tolist() == ["A", "B"]
    assert pq.read_table(root / "speed_tests_mobile/ookla_mobile_2026q1_08.parquet")["quadkey"].to_pylist() == [quadkey(105.15, 22.05), quadkey(105.25, 22.05)]
    cells = (root / "cells_opencellid/opencellid_452_08.csv").read_text(encoding="utf-8").splitlines()
    assert cells[0].replace('"', "").startswith("radio,mcc,net,area,cell")
    assert len(cells) == 2
    assert gpd.read_file(root / "osm/osm_roads_08.gpkg")["name"].tolist() == ["Quốc lộ 2"]
    assert not any("pofw" in p.name for p in root.rglob("*"))
    with rasterio.open(root / "terrain_surface_copernicus/Copernicus_DSM_COG_10_N22_00_E105_00_DEM.tif", driver="GTiff") as tile:
        assert tile.bounds.left == 105


def test_a_record_says_source_licence_date_and_what_the_checksum_is_worth(fetched: Fetched) -> None:
    record = fetched.record("population")
    content = fetched.publisher.files[path_of(fetched.publisher, str(record["address"]))]
    assert record["fetched"] == "2026-11-30T01:02:03+00:00"
    assert record["download"]["bytes"] == len(content)
    assert record["licence"]["name"] == "CC BY 4.0"
    assert record["licence"]["accepted"] == "prompt"
    assert "WorldPop" in record["licence"]["attribution"]
    assert record["checksum"]["from"] == "first_download"
    assert record["checksum"]["value"] == record["download"]["sha256"] == record["files"][0]["sha256"]
    assert "chỉ là mã của lần tải này" in record["checksum"]["meaning"]["vi"]
    assert "does not hold N23E104, N23E105; normal for open sea" in fetched.record("terrain_ground_fabdem")["notes"][0]["en"]
    assert fetched.record("terrain_ground_fabdem")["licence"]["non_commercial"] is True
    assert fetched.record("osm")["notes"][0]["en"].endswith(": the publisher's checksum could not be had.")


def test_the_key_is_asked_with_and_stands_nowhere(fetched: Fetched) -> None:
    asked = [r.path for r in fetched.publisher.asked if "opencellid" in r.path]
    assert asked == ["/opencellid.org/ocid/downloads?token=pk.made%2Bup0123&type=mcc&file=452.csv.gz"]
    for path in fetched.folder.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert KEY.encode() not in content
            assert b"pk.made%2Bup" not in content
    assert KEY not in repr(Secret(KEY))


def test_what_is_there_is_not_asked_for_again(fetched: Fetched) -> None:
    before = len(fetched.publisher.asked)
    with fetched.folder.working():
        for code in ("population", "osm", "land_cover", "boundaries"):
            for wanted in wanted_files(fetched.catalogue.items[code], AREA, QUARTER):
                assert fetched.fetcher().fetch(wanted).state == "present"
        states = [fetched.fetcher().fetch(wanted).state for wanted in wanted_files(fetched.catalogue.items["buildings"], AREA, QUARTER)]
        assert states == ["present", "empty"], "what has nothing here is not fetched again to see it"
    assert len(fetched.publisher.asked) == before


PROJECT = '[project]\nname = "Bịa"\nprovince = "08"\noperators = ["Viettel"]\ndate = 2026-11-01\n'


def test_the_lines_for_a_project_are_read_without_an_error(fetched: Fetched) -> None:
    text = inputs_snippet(fetched.folder.records(), folder=fetched.folder.root.name)
    inputs = tomllib.loads(text)["inputs"]
    assert [entry["kind"] for entry in inputs["terrain"]] == ["ground"] * 4
    assert '#     { path = "open/terrain_surface_copernicus/Copernicus_DSM_COG_10_N21_00_E104_00_DEM.tif", kind = "surface" },' in text
    assert [(e["access"], e["period"]) for e in inputs["speed_tests"]] == [("fixed", "2026-Q1"), ("mobile", "2026-Q1")]
    assert {"sites", "settlements"} & set(inputs) == set()
    assert "NON-COMMERCIAL" in text
    assert '# sites = "open/cells_opencellid/opencellid_452_08.csv"' in text
    path = fetched.folder.root.parent / "project.toml"
    path.write_text(PROJECT + text + '[settings]\nreach_m = 100\n', encoding="utf-8")
    log = IssueLog(issue_catalogue())
    found = read_inputs(read_project(path), log)
    wrong = [(f.kind.code, str(f.source)) for f in log if f.kind.severity is Severity.ERROR]
    assert wrong == []  # a list of sites is not asked for where only tests of service are there
    assert found.units["commune_code"].tolist() == ["00001", "00002", "00003", "00004"]
    assert found.units["province_code"].tolist() == ["08"] * 4
    assert len(found.buildings) == 2
    assert found.roads["road_class"].tolist() == ["national"]
    assert found.terrain.kind == "ground"
    assert sorted(found.speed_tests["access"]) == ["fixed", "fixed", "mobile", "mobile"]
    assert found.speed_tests["period_end"].unique().tolist() == [pd.Timestamp("2026-03-31")]
    assert found.land_cover is not None
    assert found.population_raster is not None


def test_osm_places_can_stand_in_for_villages(fetched: Fetched) -> None:
    path = fetched.folder.root.parent / "places.toml"
    path.write_text(
        PROJECT + '[inputs]\nboundaries = "open/boundaries/communes_08.geojson"\nsettlements = "open/osm/osm_places_08.gpkg"\n', encoding="utf-8"
    )
    found = read_inputs(read_project(path), IssueLog(issue_catalogue()))
    assert found.settlements["village_name"].tolist() == ["Bản Bịa"]
