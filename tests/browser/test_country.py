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


def test_columns_that_are_put_off_and_shared_outlines_show_the_figures_given(open_map, content):
    """20,400 verdicts: figures come when they are asked for, stretches and classes are looked up, and every commune's colour lies on its outline."""
    n, rules = 680, 30
    shapes = [shapely.box(105 + 0.01 * (i % 40), 20 + 0.01 * (i // 40), 105.01 + 0.01 * (i % 40), 20.01 + 0.01 * (i // 40)) for i in range(n)]
    codes = [f"{i:05d}" for i in range(n)]
    communes = gpd.GeoDataFrame(pd.DataFrame({"commune_code": codes, "commune_name": [f"Xã {i}" for i in range(n)], "province_code": "99"}), geometry=shapes, crs=4326)
    results, kinds = ("meets", "fails", "insufficient_n"), ("supported", "contradicted", "not_enough")
    frame = pd.DataFrame(
        [
            {"area_code": code, "area_level": "commune", "rule_id": f"r{k:02d}", "operator": ("Mạng A", "Mạng & B")[k % 2], "rule_result": results[(i * 7 + k) % 3], "evidence": kinds[(i * 5 + k) % 3],
             "value": None if k == 29 else i + k / 100, "n": i * 3 + k, "basis": "legal", "period": f"2026-{1 + (i + k) % 12:02d}", "reason": ("", "one_phone")[(i + k) % 5 == 0], "n_minimum": 300,
             "rule_due": "2026-12-31" if k == 4 else None}
            for k in range(rules) for i, code in enumerate(codes)
        ]
    ).astype(object)  # fmt: skip
    made = build_map(dataclasses.replace(content, communes=communes, themes=(ThemeLayer("verdict", frame),)))
    opened = open_map(made)
    page = opened.page
    assert made.count(b'id="vungphu-column-') >= 2
    shown = {"value": "row => vungphu.card.value('verdict', row, 'value')", "n": "row => vungphu.card.value('verdict', row, 'n')", "rule_id": "row => vungphu.plain(vungphu.card.value('verdict', row, 'rule_id'))",
             "operator": "row => vungphu.plain(vungphu.card.value('verdict', row, 'operator'))", "area_code": "row => vungphu.plain(vungphu.card.value('verdict', row, 'area_code'))",
             "period": "row => vungphu.plain(vungphu.card.value('verdict', row, 'period'))"}  # fmt: skip
    some = [0, 1, n - 1, n, 5 * n + 17, 20_399, 3, 12_345, 12_344, 0, 29 * n]
    held = page.evaluate(f"Array.from({{length: {n * rules}}}, (_, row) => vungphu.plain(vungphu.card.value('verdict', row, 'rule_id')) + vungphu.plain(vungphu.card.value('verdict', row, 'area_code')))")
    place = {key: row for row, key in enumerate(held)}
    assert len(place) == n * rules, "every row once"
    for at in some:
        row = place[frame["rule_id"][at] + frame["area_code"][at]]
        for name, ask in shown.items():
            assert page.evaluate(ask, row) == (None if pd.isna(frame[name][at]) else frame[name][at]), (name, at)
        classes = page.evaluate("row => [vungphu.data.themes.verdict.classes[row], vungphu.data.themes.verdict.evidences[row]]", row)
        words = page.evaluate("([c, e]) => [vungphu.say(vungphu.data.themes.verdict.styles[c].label), vungphu.say(vungphu.data.themes.verdict.evidence[e].label)]", classes)
        assert words == [page.evaluate("row => vungphu.themes.className('verdict', row)", row), page.evaluate("row => vungphu.themes.evidenceName('verdict', row)", row)]
        assert (words[0], words[1]) == ({"meets": "Đạt", "fails": "Không đạt", "insufficient_n": words[0]}[frame["rule_result"][at]], words[1])
    # one rule of one operator is drawn, a colour on the outline of each commune, from afar and from near
    for zoom in (7, 12):
        page.evaluate("z => { vungphu.map.setView([20.05, 105.2], z, {animate: false}); }", zoom)
        assert page.evaluate("vungphu.themes.rowsOf('verdict').length") == n
        assert page.evaluate("""() => vungphu.themes.rowsOf('verdict').every(row => {
            const over = vungphu.shapes.verdict[row], under = vungphu.shapes.commune[vungphu.rowOf('commune', vungphu.plain(vungphu.card.value('verdict', row, 'area_code')))];
            return over !== under && JSON.stringify(over._parts) === JSON.stringify(under._parts) && over.getBounds().equals(under.getBounds());
        })""")
        # what is clicked is what lies there
        where = page.evaluate("""() => { const box = vungphu.shapes.commune[100].getBounds().getCenter(), at = vungphu.map.latLngToContainerPoint(box), frame = vungphu.map.getContainer().getBoundingClientRect();
            return [frame.x + at.x, frame.y + at.y]; }""") if zoom == 12 else None
        if where:
            page.mouse.click(*where)
            assert page.inner_text("#card h2") == "Xã 100"
    assert page.locator("#card .rule").count() == 1
    assert "văn bản yêu cầu ít nhất 300" in page.inner_text("#card")
    page.evaluate(f"vungphu.select('verdict', {place['r04' + codes[9]]}, false)")
    assert "Hạn của mục tiêu: 31/12/2026" in page.inner_text("#card")
    assert ", ít nhất 300 mẫu, hạn 31/12/2026" in page.inner_text("#theme-note-commune")
    # a rule without any figure stands under "no figures", the others under what they are
    assert page.locator("#facets-commune optgroup").evaluate_all("groups => groups.map(g => g.label + ' ' + g.children.length)") == ["Quy chuẩn pháp lý 29", "Chưa có số liệu theo xã 1"]
    opened.assert_quiet()
