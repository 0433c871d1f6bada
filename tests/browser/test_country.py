"""The map of the country in a real browser: search, scorecards, links to the provinces' maps, pages of rows, hostile texts."""

from __future__ import annotations

import dataclasses
import itertools

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hostile import WAYS, mixtures
from made_up_country import FILES, make_country
from test_hostile import assert_unharmed

from geo.errors import Bilingual, InputError
from geo.mapping import ThemeLayer, build_map

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def content():
    return make_country()


@pytest.fixture(scope="module")
def html(content):
    return build_map(content)


def test_search_scorecard_and_the_provinces_own_map(open_map, html, content):
    opened = open_map(html, width=360, height=740)
    page = opened.page
    # opens with the standards by commune, and without a figure for communes that nobody reviewed
    assert page.locator("#themes-commune").input_value() == "verdict"
    page.fill("#search", "hoa gia")
    assert page.locator("#found li").first.text_content() == "Tỉnh Hoà Giả tỉnh"
    page.keyboard.press("Enter")
    assert page.inner_text("#card h2") == "Tỉnh Hoà Giả"
    link = page.locator("#card a")
    assert (link.text_content(), link.get_attribute("href")) == ("Mở bản đồ chi tiết: Tỉnh Hoà Giả", FILES[0])
    assert page.locator("#card dd[data-column=review_date] data").get_attribute("value") == "2026-11-01"
    page.fill("#search", "hoa binh")
    page.keyboard.press("Enter")
    assert page.inner_text("#card h2") == content.communes["commune_name"][0]
    assert page.locator("#card dd[data-column=population] data").get_attribute("value") == str(int(content.communes["population"][0]))
    assert page.locator("#card a").get_attribute("href") == FILES[0]
    page.evaluate("vungphu.select('commune', 25, true)")
    assert "chưa có bản đồ chi tiết" in page.inner_text("#card")
    assert page.locator("#card a").count() == 0
    assert page.locator(".province-maps a").count() == 1
    page.click('[data-set-language="en"]')
    assert "no detailed map" in page.inner_text("#card")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.assert_quiet()


def test_many_rows_come_in_pages(open_map, content):
    """1,203 communes: the table shows 500 at a time, sorts all of them, and finds the page of the one that is asked for."""
    n = 1203
    shapes = [shapely.box(105 + 0.01 * (i % 40), 20 + 0.01 * (i // 40), 105.01 + 0.01 * (i % 40), 20.01 + 0.01 * (i // 40)) for i in range(n)]
    communes = gpd.GeoDataFrame(
        pd.DataFrame({"commune_code": [f"{i:05d}" for i in range(n)], "commune_name": [f"Xã {i}" for i in range(n)], "province_code": "99", "population": range(n)}), geometry=shapes, crs=4326
    )
    opened = open_map(build_map(dataclasses.replace(content, communes=communes, themes=())))
    page = opened.page
    pager = page.locator("p.pager:not([hidden])")
    assert page.locator("#communes tbody tr").count() == 500
    assert "Dòng 1 – 500 trong 1.203" in pager.inner_text()
    pager.locator("[data-to=next_rows]").click()
    pager.locator("[data-to=next_rows]").click()
    assert page.locator("#communes tbody tr").count() == 203
    assert page.evaluate("document.activeElement.dataset.to") == "previous_rows"  # what cannot go on gives the focus to what can
    page.locator("#communes thead button", has_text="Dân số").first.click()
    assert page.locator("#communes tbody th").first.inner_text() == "Xã 1202"
    page.evaluate("vungphu.table.reveal('commune', 3)")
    assert page.evaluate("document.activeElement.textContent") == "Xã 3"
    opened.assert_quiet()


def test_each_way_and_five_hundred_mixtures_in_every_place(open_map, content):
    safe = [text for text in (*WAYS.values(), *mixtures(500, seed=20261130)) if "\ud800" not in text]
    turn = itertools.cycle(safe)

    def fill(frame, kept):
        changed = frame.copy()
        for name in frame.columns:
            if name not in kept and not any(isinstance(value, int | float) for value in frame[name].dropna()):
                changed[name] = pd.Series([next(turn) for _ in range(len(frame))], dtype=object, index=frame.index)
        return changed

    communes = fill(content.communes, {"geometry", "commune_code", "province_code"})
    provinces = fill(content.provinces, {"geometry", "map_file", "province_code"})
    themes = tuple(ThemeLayer(one.kind, fill(one.frame, {"area_code", "area_level"}), {"rule_id": {text: Bilingual(text, text) for text in safe[:40]}}) for one in content.themes)
    notices = tuple(Bilingual(text, text) for text in safe)
    opened = open_map(build_map(dataclasses.replace(content, title=safe[0], project_name=safe[1], communes=communes, provinces=provinces, themes=themes, notices=notices, method=notices[:50])))
    page = opened.page
    page.evaluate("""() => {
        for (const kind of ['commune', 'province']) vungphu.tables[kind].rows.forEach((row, i) => vungphu.select(kind, i, false));
        for (const kind of Object.keys(vungphu.data.themes)) {
            vungphu.themes.show('commune', kind);
            document.querySelectorAll('.facets select').forEach(box => { box.selectedIndex = box.options.length - 1; box.dispatchEvent(new Event('change')); });
            vungphu.shapes[kind].forEach((layer, row) => { if (layer) { layer.openTooltip(); vungphu.select(kind, row, false); layer.closeTooltip(); } });
        }
        ['province', 'verdict'].forEach(kind => vungphu.table.open(kind));
    }""")
    page.fill("#search", "img")
    page.fill("#search", "a")
    page.evaluate("vungphu.map.setZoom(9)")
    page.click('[data-set-language="en"]')
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.querySelectorAll('iframe, object, embed, link, base, plaintext, #card img, #table img, [onerror], [onload]').length") == 0
    assert_unharmed(opened)


@pytest.mark.parametrize("path", ["javascript:alert(1)", "https://example.invalid/a.html", "//example.invalid/a.html", "../other/index.html", "a/../../b.html", "/etc/a.html", 'a" onclick="x', "a b/index.html", "data:text/html,x"])
def test_a_link_that_leaves_the_folder_is_refused(content, path):
    with pytest.raises(InputError, match="tương đối"):
        dataclasses.replace(content, provinces=content.provinces.assign(map_file=[path, ""]))
