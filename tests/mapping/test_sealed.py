import base64
import hashlib
import html
import json
import re
from datetime import date
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hostile import WAYS
from made_up_province import make_content, unpacked_column

from geo.errors import Bilingual, CrsError, GridMismatchError, InputError, ResourceError
from geo.grid import Grid
from geo.mapping import CoverageLayer, DataSource, MapContent, build_map
from geo.mapping.archipelagos import frame_of_vietnam, placed_archipelagos
from geo.mapping.escape import is_safe
from geo.mapping.labels import section
from geo.mapping.page import assemble
from geo.mapping.palette import palette


@pytest.fixture(scope="module")
def page() -> str:
    return build_map(make_content()).decode("utf-8")


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="vungphu-data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_same_content_gives_the_same_bytes():
    assert build_map(make_content()) == build_map(make_content())


def test_nothing_is_loaded(page):
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", page, flags=re.DOTALL)
    assert markup.count("<script") == 6
    assert not re.findall(r"<(?:link|iframe|object|embed|base|form|audio|video|img|image)\b", markup)
    assert not re.findall(r"\b(?:src|srcset|poster|action|background|data)\s*=\s*[\"']", markup)
    assert all(address.startswith("#") for address in re.findall(r"href\s*=\s*[\"']([^\"']*)", markup))
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    assert all(address.startswith("data:image/png;base64,") for address in re.findall(r"url\(([^)]*)\)", styles))
    assert "@import" not in styles
    assert "sourceMappingURL" not in page


def test_every_script_and_style_is_named_by_its_hash(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert (len(scripts), len(styles)) == (5, 2)
    for directive, parts in (("script-src", scripts), ("style-src", styles)):
        named = re.search(rf"{directive} ([^;]*)", policy)[1].split()
        assert named == [f"'sha256-{base64.b64encode(hashlib.sha256(p.encode()).digest()).decode()}'" for p in parts]


def test_leaflet_and_jquery_are_the_versions_that_folium_names(page):
    assert "Leaflet 1.9.3" in page
    assert "jQuery v3.7.1" in page
    assert not re.search(r"bootstrap|fontawesome|font-awesome|awesome-markers", page, re.IGNORECASE)


def test_frame_of_the_page(page):
    assert page.startswith("<!DOCTYPE html>\n<html lang=\"vi\"")
    assert "<title>Rà soát vùng lõm sóng 2026 &#8211; Tỉnh Giả Định</title>" in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "user-scalable" not in page
    assert "DỮ LIỆU GIẢ ĐỊNH / MADE-UP DATA" in page
    assert "MADE-UP DATA" not in build_map(make_content(made_up=False)).decode()


def test_no_name_is_left_to_chance(page):
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[3]
    assert not re.findall(r"_[0-9a-f]{32}\b", script)


def walk(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
    elif isinstance(value, str):
        yield value


def test_every_text_in_the_data_is_escaped(page):
    texts = list(walk(data_of(page)))
    assert len(texts) > 500
    assert [text for text in texts if not is_safe(text) and not re.fullmatch(r"#[0-9a-f]{6}", text)] == []


def rows_of(table):
    """Rows of a table that the page holds column by column."""
    return list(zip(*(unpacked_column(column, table["n"]) for column in table["packed"]), strict=True))


def test_figures_are_those_of_the_table():
    content = make_content()
    table = data_of(build_map(content).decode())["communes"]
    keys = [column["key"] for column in table["columns"]]
    expected = pd.DataFrame(content.communes.drop(columns="geometry"))
    assert keys == list(expected.columns)
    for row, (_, record) in zip(rows_of(table), expected.iterrows(), strict=True):
        for key, value in zip(keys, row, strict=True):
            if isinstance(record[key], str):
                assert html.unescape(value) == record[key]
            else:
                assert (value is None and np.isnan(record[key])) or value == record[key]


MARK = "QQmarkQQ"


@cache
def two_communes() -> gpd.GeoDataFrame:
    return make_content().communes.iloc[:2]


def page_with(text: str) -> str:
    text = MARK + text + MARK
    communes = two_communes().copy()
    communes["commune_name"] = communes["commune_name"].astype(object)  # pandas' own text type refuses lone surrogates
    communes.loc[0, "commune_name"] = text
    return build_map(
        MapContent(
            title=text, project_name=text, version=text, date=date(2026, 11, 1), communes=communes,
            notices=(Bilingual(text, text),), sources=(DataSource(text, 1, text, Bilingual(text, text)),), model=Bilingual(text, text),
        )
    ).decode()  # fmt: skip


@pytest.fixture(scope="module")
def harmless() -> str:
    return re.sub(f"{MARK}.*?{MARK}", "", page_with("x"), flags=re.DOTALL)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_hostile_texts_leave_no_trace_outside_their_place(way, harmless):
    """The page differs from a harmless one only in letters, digits and references."""
    page = page_with(way)
    found = re.findall(f"{MARK}(.*?){MARK}", page, re.DOTALL)
    assert len(found) >= 10
    assert all(is_safe(text) for text in found)
    assert re.sub(f"{MARK}.*?{MARK}", "", page, flags=re.DOTALL) == harmless


def test_the_template_takes_nothing_but_safe_text():
    shown = {"language": "vi"}
    with pytest.raises(ResourceError, match="vn_safe"):
        assemble({"say": {}}, shown, script="", data={}, colours=palette())


def test_what_is_missing_is_said():
    empty = MapContent(title="T", project_name="P", version="0", date=date(2026, 11, 1))
    text = build_map(empty).decode()
    for sentence in ("Ranh giới và số liệu xã&#58; không có.", "Thôn, bản&#58; không có.", "Lớp phủ sóng&#58; không có.", "Không dùng mẫu đo nào", "Danh sách tệp đầu vào không đi kèm.", "Chưa có bảng số liệu theo xã."):
        assert sentence in text, sentence


def test_points_without_a_place_are_counted():
    assert "1 thôn không có tọa độ" in build_map(make_content()).decode()


def test_both_languages_everywhere():
    for name in ("page", "summary", "search", "layers", "legend", "states", "villages", "site_status", "card", "table", "about", "inset", "columns", "values", "reasons", "cluster_basis", "class_names"):
        for key, entry in section(name).items():
            assert entry["vi"].strip(), (name, key)
            assert entry["en"].strip(), (name, key)
            assert set(re.findall(r"\{\w+\}", entry["vi"])) == set(re.findall(r"\{\w+\}", entry["en"])), (name, key)


def test_archipelagos():
    points = placed_archipelagos(None)
    assert [p.label.vi for p in points] == ["Quần đảo Hoàng Sa (Đà Nẵng, Việt Nam)", "Quần đảo Trường Sa (Khánh Hòa, Việt Nam)"]
    frame = frame_of_vietnam()
    assert all(frame.west < p.lon < frame.east and frame.south < p.lat < frame.north for p in points)
    own = gpd.GeoDataFrame({"commune_code": ["20333"], "commune_name": ["Đặc khu Hoàng Sa"]}, geometry=[shapely.box(111, 16, 112, 17)], crs=4326)
    assert (placed_archipelagos(own)[0].lon, placed_archipelagos(own)[0].lat) == (111.5, 16.5)
    assert placed_archipelagos(own)[1] == points[1]


def test_label_points_lie_within_the_real_boundaries_extent(shared_dir):
    communes = gpd.read_parquet(shared_dir / "data" / "vietnam" / "communes.parquet")
    for point in placed_archipelagos(None):
        west, south, east, north = communes[communes["code"] == point.commune_code].total_bounds
        assert west < point.lon < east
        assert south < point.lat < north


def test_inset_only_where_the_map_of_vietnam_reaches(page):
    assert '<figure id="inset">' in page
    assert "Quần đảo Hoàng Sa" in page
    alps = gpd.GeoDataFrame({"commune_code": ["1"], "commune_name": ["Made-up area"]}, geometry=[shapely.box(8.3, 46.4, 8.9, 46.8)], crs=4326)
    text = build_map(MapContent(title="Alps", project_name="P", version="0", date=date(2026, 11, 1), communes=alps)).decode()
    assert '<figure id="inset">' not in text
    assert len(data_of(text)["archipelagos"]) == 2  # still on the map itself


def test_a_place_outside_vietnam_with_coverage():
    grid = Grid(32632, 450_000.0, 5_170_000.0, 200.0, 100, 120)
    layer = CoverageLayer("228-01", "4G", np.full(grid.shape, 3, dtype=np.uint8), grid)
    found = data_of(build_map(MapContent(title="A", project_name="P", version="0", date=date(2026, 1, 1), coverage=(layer,))).decode())
    assert found["coverage"][0]["counts"]["3"] == 12000
    (south, west), (north, east) = found["bounds"]
    assert 8 < west < east < 9
    assert 46 < south < north < 47


def test_inputs_stay_as_they_were():
    content = make_content()
    before = content.communes.copy(), content.villages.copy(), content.coverage[0].state.copy()
    build_map(content)
    pd.testing.assert_frame_equal(pd.DataFrame(content.communes), pd.DataFrame(before[0]))
    pd.testing.assert_frame_equal(content.villages, before[1])
    assert np.array_equal(content.coverage[0].state, before[2])


def test_content_is_checked():
    content = make_content()
    with pytest.raises(InputError, match="commune_name"):
        make_content(communes=content.communes.drop(columns="commune_name"))
    with pytest.raises(CrsError, match="4326"):
        make_content(communes=content.communes.to_crs(3405))
    with pytest.raises(CrsError, match="4326"):
        make_content(roads=content.roads.set_crs(None, allow_override=True))
    with pytest.raises(InputError, match='"vi"'):
        make_content(language="fr")
    grid = content.coverage[0].grid
    with pytest.raises(GridMismatchError):
        CoverageLayer("A", "4G", np.zeros((2, 2), dtype=np.uint8), grid)
    with pytest.raises(InputError, match="0 to 6"):
        CoverageLayer("A", "4G", np.full(grid.shape, 7, dtype=np.uint8), grid)
    with pytest.raises(InputError, match="uint8"):
        CoverageLayer("A", "4G", np.zeros(grid.shape, dtype=np.int64), grid)


def test_missing_package_files_are_named():
    from geo.io.assets import installed_text, template_text

    with pytest.raises(ResourceError, match="nowhere"):
        template_text("map/nowhere.html")
    with pytest.raises(ResourceError, match="no_such_package"):
        installed_text("no_such_package", "a.js")


def test_the_caveat_stands_before_the_figures(page):
    at = page.index('<p class="forecast" role="note">')
    assert page.index('<section id="side">') < at < page.index('<ul class="summary">')
    assert at < page.index('class="summary-villages_white"')


def test_a_zero_of_an_unchecked_model_is_no_number():
    villages = make_content().villages.assign(**{"class": "undecided"})
    page = build_map(make_content(villages=villages)).decode("utf-8")
    line = re.search(r'<span class="summary-villages_white">(.*?)</span></span>', page)[1]
    assert "<b>" not in line
    assert "chưa thôn nào được dự báo là trắng sóng" in line


def test_a_date_of_the_data_is_shown_where_there_is_one():
    assert "Ngày dữ liệu" in build_map(make_content()).decode("utf-8")
    undated = tuple(DataSource(source.name, source.rows, kind=source.kind) for source in make_content().sources)
    page = build_map(make_content(sources=undated)).decode("utf-8")
    assert "Ngày dữ liệu" not in page
    assert data_of(page)["sources"][0][0] == "Trạm sites_mang_do.xlsx &#91;BTS&#93;"


def test_a_site_of_unknown_status_looks_like_one_on_air_not_like_one_off():
    sites = {symbol.key: symbol for symbol in palette().sites}
    assert sites["unknown"].shape == sites["on_air"].shape != sites["off_air"].shape
    assert len({(symbol.shape, symbol.fill) for symbol in sites.values()}) == len(sites)
    assert "tính như đang phát sóng" in section("site_status")["unknown"]["vi"]


def test_a_grid_cell_is_called_one():
    for name in ("legend", "columns"):
        for key, entry in section(name).items():
            for text in (entry["vi"], entry.get("about_vi", "")):
                assert not re.search(r"\bô (?!lưới)", text), (name, key)
