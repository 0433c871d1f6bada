"""The catalogue, what an area needs of it, and the lines for a project: by hand."""

from __future__ import annotations

import copy
import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.fetching.areas import FetchArea, box_area, province_area
from geo.fetching.asking.answers import content_range, described, retry_after_seconds
from geo.fetching.catalogue import Catalogue, filled, parse_catalogue, plain_name
from geo.fetching.checksums import checksum_in
from geo.fetching.faults import data_size
from geo.fetching.plan import Quarter, last_quarter, parse_quarter, wanted_files
from geo.fetching.snippet import inputs_snippet
from geo.fetching.words import list_lines, terms_lines
from geo.io.resources import load_toml
from tests.fetching.made import one_item

ROOT = Path(__file__).resolve().parents[2]
CONTENT = tomllib.loads((ROOT / "data/catalogue.toml").read_text(encoding="utf-8"))
VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩậắằặẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỷỹáàãéèíìĩóòõúùũýÁÀĐẤẬẶ]")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return parse_catalogue(CONTENT, file="catalogue.toml")


# -- the catalogue that ships ----------------------------------------------------------------------------------------


def test_what_the_catalogue_must_hold(catalogue: Catalogue) -> None:
    inputs = {part.input for item in catalogue.items.values() for part in item.parts}
    assert {"boundaries", "terrain", "population", "buildings", "speed_tests", "sites", "roads", "settlements", "land_cover"} == inputs
    kinds = {item.parts[0].options["kind"] for item in catalogue.items.values() if item.parts[0].input == "terrain"}
    assert kinds == {"ground", "surface"}
    for item in catalogue.items.values():
        if item.parts[0].input == "terrain":
            assert {"ground": "MẶT ĐẤT TRẦN", "surface": "MẶT PHỦ"}[item.parts[0].options["kind"]] in item.kind.vi
        assert VIETNAMESE.search(item.title.vi + item.kind.vi + item.licence.terms.vi), item.code
        assert item.address.startswith("https://")
    assert {c for c, i in catalogue.items.items() if i.licence.non_commercial} == {"terrain_ground_fabdem", "speed_tests_mobile", "speed_tests_fixed"}
    assert {c: catalogue.items[c].licence.name for c in ("population", "land_cover", "osm", "cells_opencellid", "speed_tests_mobile", "terrain_ground_fabdem")} == {
        "population": "CC BY 4.0", "land_cover": "CC BY 4.0", "osm": "ODbL 1.0", "cells_opencellid": "CC BY-SA 4.0",
        "speed_tests_mobile": "CC BY-NC-SA 4.0", "terrain_ground_fabdem": "CC BY-NC-SA 4.0",
    }  # fmt: skip
    assert not any(item.licence.non_commercial or item.key for item in catalogue.chosen([])), "nobody gets these without asking"
    with pytest.raises(InputError, match="has no 'x'; it has: boundaries"):
        catalogue.chosen(["population", "x"])


def test_non_commercial_is_said_in_both_languages(catalogue: Catalogue) -> None:
    lines = terms_lines([catalogue.items["terrain_ground_fabdem"], catalogue.items["population"]])
    assert any("PHI THƯƠNG MẠI" in line.vi and "NON-COMMERCIAL" in line.en for line in lines)
    assert sum(line.en.startswith("Licence ") for line in lines) == 2
    listed = list_lines(catalogue.items.values())
    assert len(listed) == 4 * len(catalogue.items)
    assert any("needs your key (OPENCELLID_KEY); address unverified" in line.en for line in listed)


def _changed(path: str, value: Any) -> dict[str, Any]:
    content = copy.deepcopy(CONTENT)
    *folders, last = path.split(".")
    place: Any = content
    for name in folders:
        place = place[int(name)] if name.isdigit() and isinstance(place, list) else place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("items.population.licence", "none", "lacks a licence declared"),
        ("items.population.title", {"vi": "x"}, "lacks 'title' in Vietnamese or English"),
        ("items.population.address", "http://example.org/x", "an https:// address"),
        ("items.population.address", "https://a:b" + "@example.org/x", "without a password"),
        ("items.population.address", "https://[x/", "an https:// address"),
        ("items.population.content", "exe", "only geotiff"),
        ("items.population.per", "week", "only country"),
        ("items.population.size_bytes", -1, "whole number from 0"),
        ("items.population.size_bytes", None, "lacks size_bytes"),
        ("items.population.parts", [], "lacks 'parts'"),
        ("items.population.sha256", "abc", "64 hexadecimal digits"),
        ("items.population.status", None, "lacks 'status'"),
        ("items.land_cover.tile_degrees", 0, "per = tile needs tile_degrees"),
        ("items.buildings.tiles", {}, "per = listed needs tiles"),
        ("items.buildings.tiles.311", [3, 2, 1], "is no box"),
        ("items.buildings.parts.0.columns", ["lon"], "csv needs 2 columns"),
        ("items.boundaries.parts.0.members", "(", "no regular expression"),
        ("items.boundaries.parts.0.stamps.province_code", "x", "exactly one group"),
        ("items.cells_opencellid.key", None, "{key} in the address and 'key' go together"),
        ("items.cells_opencellid.refusals.INVALID_TOKEN", {"vi": "x"}, "lacks 'INVALID_TOKEN' in Vietnamese or English"),
        ("items.osm.checksum_kind", "crc", "only md5"),
        ("licences.mit.terms", None, "licences.mit] lacks 'terms'"),
        ("items", {}, "the catalogue is empty"),
        ("items", {"x": 1}, "must consist of tables"),
    ],
)  # fmt: skip
def test_a_wrong_catalogue_is_said(path: str, value: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)) as raised:
        parse_catalogue(_changed(path, value), file="my.toml")
    assert raised.value.message.vi.startswith("my.toml: ")
    assert VIETNAMESE.search(raised.value.message.vi)


def test_names_that_are_plain_on_every_system() -> None:
    for good in ("a.tif", "N21E105.hgt.gz", "x_y-z=1.csv", "2026-01-01_tiles.parquet"):
        assert plain_name(good)
    for bad in ("", "../a", "a/b", "a\\b", ".hidden", "con", "NUL.txt", "com1.csv", "a.", "a:b", "a b", "á.tif", "x" * 200):
        assert not plain_name(bad), bad
    with pytest.raises(InputError, match="no usable file name"):
        wanted_files(one_item("https://example.org/{year}", file="../{year}"), None, Quarter(2026, 1))


def test_only_known_braces_are_filled() -> None:
    assert filled(r"{lat}_{5}_{other}_\d{2}", {"lat": "N21"}) == r"N21_{5}_{other}_\d{2}"


# -- areas and tiles -------------------------------------------------------------------------------------------------


def test_tiles_of_boxes() -> None:
    area = FetchArea(((104.9, 20.9, 106.0, 21.1), (-0.5, -0.5, 0.5, 0.5)))
    assert area.cells(1) == [(-1, -1), (-1, 0), (0, -1), (0, 0), (20, 104), (20, 105), (21, 104), (21, 105)]
    assert area.cells(3) == [(-3, -3), (-3, 0), (0, -3), (0, 0), (18, 102), (18, 105), (21, 102), (21, 105)]
    assert area.touches((106.0, 20, 107, 22)) is False, "an edge in common is no ground in common"
    assert area.touches((105.9, 20, 107, 22)) is True


@given(west=st.floats(100, 117), south=st.floats(7, 23), width=st.floats(0.001, 3), height=st.floats(0.001, 3), step=st.sampled_from([1, 3, 10]),
       x=st.floats(0, 1), y=st.floats(0, 1))  # fmt: skip
def test_every_point_of_a_box_lies_on_one_of_its_tiles(west: float, south: float, width: float, height: float, step: int, x: float, y: float) -> None:
    area = FetchArea(((west, south, west + width, south + height),))
    lon, lat = west + x * width, south + y * height
    tiles = area.cells(step)
    assert any(la <= lat <= la + step and lo <= lon <= lo + step for la, lo in tiles)
    assert all(area.touches((lo, la, lo + step, la + step)) for la, lo in tiles)


def test_provinces_have_boxes_and_a_margin() -> None:
    codes = [p["code"] for p in load_toml("provinces.toml")["province"]]
    assert sorted(load_toml("province_boxes.toml")["boxes_deg"]) == sorted(codes)
    ((west, south, east, north),) = province_area(["08", "08"], margin_m=11132.0).boxes
    assert (round(south, 6), round(north, 6)) == (21.39, 23.5)
    assert west == pytest.approx(104.33 - 0.1 / 0.91775, abs=1e-4)
    assert east > 105.7
    assert len(province_area(["56"], margin_m=0).boxes) > 40, "Trường Sa is fetched island by island"
    with pytest.raises(InputError, match="no province '8'"):
        province_area(["8"], margin_m=0)


def test_what_a_province_needs(catalogue: Catalogue) -> None:
    area, quarter = province_area(["08"], margin_m=15000), Quarter(2026, 1)

    def of(code: str) -> list[str]:
        return [w.address.rpartition("/")[2] for w in wanted_files(catalogue.items[code], area, quarter)]

    assert of("terrain_ground_fabdem") == ["N20E100-N30E110_FABDEM_V1-2.zip"]
    assert of("land_cover") == ["ESA_WorldCover_10m_2021_v200_N21E102_Map.tif", "ESA_WorldCover_10m_2021_v200_N21E105_Map.tif"]
    assert of("terrain_surface_srtm") == [f"{lat}{lon}.hgt.gz" for lat in ("N21", "N22", "N23") for lon in ("E104", "E105")]
    assert of("speed_tests_mobile") == ["2026-01-01_performance_mobile_tiles.parquet"]
    assert of("buildings") == ["313_buildings.csv.gz", "36d_buildings.csv.gz"]
    (fabdem,) = wanted_files(catalogue.items["terrain_ground_fabdem"], area, quarter)
    assert fabdem.parts[0].members[0] == r"(?:^|/)N21E104_FABDEM_V1-2\.tif$"
    assert len(fabdem.parts[0].members) == 6
    far = wanted_files(catalogue.items["terrain_ground_fabdem"], box_area("109.5,9.5,110.5,10.5"), quarter)
    assert [(w.name[:7], len(w.parts[0].members)) for w in far] == [("N00E100", 1), ("N00E110", 1), ("N10E100", 1), ("N10E110", 1)]
    two = wanted_files(catalogue.items["boundaries"], province_area(["08", "11"], margin_m=0), quarter)
    assert (two[0].parts[0].members[0], two[0].parts[0].file) == (r"(?:^|/)(?:08|11)_[^/]+/wards/[^/]+\.geojson$", "communes_08_11.geojson")
    for code, area_given, sentence in (("land_cover", None, "comes in tiles"), ("boundaries", box_area("1,2,3,4"), "needs the province")):
        with pytest.raises(InputError, match=sentence):
            wanted_files(catalogue.items[code], area_given, quarter)
    with pytest.raises(InputError, match="has no tile in this area"):
        wanted_files(catalogue.items["buildings"], box_area("1,2,3,4"), quarter)


def test_a_file_per_province() -> None:
    item = one_item("https://example.org/{province}.tif", per="province", file="people_{province}.tif")
    area = province_area(["08", "11"], margin_m=0)
    assert [(w.name, w.address, w.record) for w in wanted_files(item, area, Quarter(2026, 1))] == [
        ("people_08.tif", "https://example.org/08.tif", "people_08.tif"), ("people_11.tif", "https://example.org/11.tif", "people_11.tif"),
    ]  # fmt: skip


def test_quarters() -> None:
    assert [parse_quarter(t) for t in ("2026-1", "2026-Q1", "q1/2026", "1/2026", "2026 q1")] == [Quarter(2026, 1)] * 5
    assert Quarter(2025, 4).first_day == dt.date(2025, 10, 1)
    for text in ("2026-5", "2026", "Q0/2026", "x"):
        with pytest.raises(InputError, match="write it like 2026-1"):
            parse_quarter(text)
    assert last_quarter(dt.date(2026, 11, 30), ready_days=45) == Quarter(2026, 3)
    assert last_quarter(dt.date(2026, 11, 1), ready_days=45) == Quarter(2026, 2)
    assert last_quarter(dt.date(2026, 2, 14), ready_days=45) == Quarter(2025, 3)
    assert last_quarter(dt.date(2026, 2, 15), ready_days=45) == Quarter(2025, 4)


# -- what servers say ------------------------------------------------------------------------------------------------


def test_validators_must_be_strong() -> None:
    day, later = "Mon, 30 Nov 2026 00:00:00 GMT", "Mon, 30 Nov 2026 00:01:00 GMT"

    def of(**headers: str) -> str:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return described(named, address="a", host="h", total=1, strong_date_seconds=60).validator

    assert of(ETag='"abc"', Last_Modified=day, Date=later) == '"abc"'
    assert of(ETag='W/"abc"', Last_Modified=day, Date=later) == "", "a weak ETag says that the date may be weak too"
    assert of(Last_Modified=day, Date=later) == day
    assert of(Last_Modified=day, Date=day) == "", "it may change within the same second"
    assert of(ETag="abc", Last_Modified=day) == of(Last_Modified="nonsense", Date=later) == of() == ""


def test_digests_in_headers() -> None:
    def of(**headers: str) -> dict[str, str]:
        return described({k.replace("_", "-"): v for k, v in headers.items()}, address="a", host="h", total=1, strong_date_seconds=60).digests

    assert of(x_goog_hash="crc32c=n03x6A==,md5=XrY7u+Ae7tCTyyK7j1rNww==") == {"md5": "5eb63bbbe01eeed093cb22bb8f5acdc3"}  # "hello world"
    assert of(Content_MD5="XrY7u+Ae7tCTyyK7j1rNww==") == {"md5": "5eb63bbbe01eeed093cb22bb8f5acdc3"}
    sha = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="
    assert of(Repr_Digest=f"sha-256=:{sha}:")["sha256"].startswith("b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")
    assert of(Repr_Digest=f"sha-256=:{sha}:", Content_Encoding="gzip") == {}, "it is of what is inside"
    assert of(Content_MD5="short", x_goog_hash="md5=!!") == {}


def test_ranges_and_pauses() -> None:
    assert content_range({"Content-Range": "bytes 5-9/10"}) == (5, 9, 10)
    assert content_range({"Content-Range": "bytes 5-9/*"}) == (5, 9, None)
    for text in ("", "bytes */10", "bytes 9-5/10", "bytes 5-9", "items 5-9/10"):
        assert content_range({"Content-Range": text}) is None
    now = dt.datetime(2026, 11, 30, 0, 0, 0, tzinfo=dt.UTC)
    assert retry_after_seconds({"Retry-After": "120"}, now) == 120
    assert retry_after_seconds({"Retry-After": "Mon, 30 Nov 2026 00:01:30 GMT"}, now) == 90
    assert retry_after_seconds({"Retry-After": "Sun, 29 Nov 2026 00:00:00 GMT"}, now) == 0
    assert retry_after_seconds({"Retry-After": "soon"}, now) is retry_after_seconds({}, now) is None


def test_lists_of_checksums() -> None:
    one, two = "a" * 32, "b" * 32
    assert checksum_in(f"{one}\n", "md5", ["x"]) == one
    assert checksum_in(f"{one}  other.zip\n{two} *dir/x.zip\n", "md5", ["x.zip"]) == two
    assert checksum_in(f"{one.upper()}  renamed.zip\n", "md5", ["x.zip"]) == one, "the only one there is"
    assert checksum_in(f"{one}  a\n{two}  b\n", "md5", ["x.zip"]) == ""
    assert checksum_in("<html>not found</html>", "md5", ["x.zip"]) == ""
    assert checksum_in("c" * 64 + "  x.zip", "md5", ["x.zip"]) == ""


def test_sizes_in_words() -> None:
    assert [data_size(n).en for n in (12, 1500, 75_215_955, 2_000_000_000)] == ["12 bytes", "1.5 kB", "75.2 MB", "2,000 MB"]
    assert [data_size(n).vi for n in (12, 75_215_955, 2_000_000_000)] == ["12 byte", "75,2 MB", "2.000 MB"]


# -- the lines for a project -----------------------------------------------------------------------------------------


def _record(item: str, entry: dict[str, Any], *, nc: bool = False) -> dict[str, Any]:
    words = {"vi": "v", "en": "e"}
    licence = {"name": "L", "non_commercial": nc, "attribution": "A"}
    return {"item": item, "title": words, "kind": words, "licence": licence, "fetched": "2026-11-30T00:00:00", "inputs": [{"use": True, "remark": None, "options": {}, **entry}]}


def test_lines_for_a_project() -> None:
    records = [
        _record("b_surface", {"input": "terrain", "files": ["x.tif"], "options": {"kind": "surface"}}),
        _record("a_ground", {"input": "terrain", "files": ["y.tif"], "options": {"kind": "ground"}}, nc=True),
        _record("a_ground", {"input": "terrain", "files": ["z.tif"], "options": {"kind": "ground"}}, nc=True),
        _record("roads", {"input": "roads", "files": ['a"b.gpkg']}),
        _record("cells", {"input": "sites", "files": ["c.csv"], "use": False}),
    ]
    text = inputs_snippet(records, folder="dữ liệu")
    assert tomllib.loads(text)["inputs"] == {
        "terrain": [{"path": "dữ liệu/a_ground/y.tif", "kind": "ground"}, {"path": "dữ liệu/a_ground/z.tif", "kind": "ground"}],
        "roads": 'dữ liệu/roads/a"b.gpkg',
    }
    assert '# terrain = { path = "dữ liệu/b_surface/x.tif", kind = "surface" }' in text
    assert '# sites = "dữ liệu/cells/c.csv"' in text
    assert text.count("NON-COMMERCIAL") + text.count("non-commercial") == 1
