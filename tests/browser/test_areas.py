"""Dead zones, claims and the register on the map: seen, clicked, listed, linked both ways, kept in the address."""

from __future__ import annotations

import pytest
from made_up_province import make_content

from geo.mapping import build_map
from geo.mapping.labels import phrase
from geo.mapping.palette import palette

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def content():
    return make_content()


@pytest.fixture(scope="module")
def html(content):
    return build_map(content)


def on_map(page) -> list[str]:
    """Ids of the areas that are drawn."""
    return page.evaluate(
        "Object.entries(vungphu.shapes).flatMap(([kind, list]) => ['zone', 'claim', 'change'].includes(kind) ? list.map((layer, row) => "
        "layer && vungphu.map.hasLayer(layer) ? vungphu.card.name(kind, row) : null) : []).filter(name => name !== null)"
    )


def in_table(page, table: str) -> list[str]:
    return page.locator(f"#{table} tbody th").all_text_contents()


def test_zones_are_seen_clicked_listed_and_linked(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    zones = content.areas[0].frame

    # seen at once, every class with its number, pattern swatch and words
    assert on_map(page) == zones["dead_zone_id"].tolist()
    shown = [line.split("\n")[0].strip() for line in page.locator("#area-classes label").all_inner_texts()]
    counts = page.locator("#area-classes .amount").all_inner_texts()
    of_class = zones["class"].value_counts()
    assert dict(zip(shown, counts, strict=True)) == {phrase(f"zone_class.{key}").vi: str(n) for key, n in of_class.items()}
    swatches = page.evaluate("Array.from(document.querySelectorAll('#area-classes canvas'), c => c.toDataURL())")
    assert len(set(swatches)) == len(of_class)
    assert f"n = {len(zones)} vùng; số liệu ngày 01/11/2026" in page.inner_text("#area-note")

    # a click on the polygon, away from its hole
    page.evaluate("() => { ['villages', 'names'].forEach(k => { const b = document.querySelector(`[data-toggle=${k}]`); b.click(); }); }")
    page.evaluate("vungphu.zoomTo('zone', 0)")
    west, south, *_ = zones.geometry[0].bounds
    at = page.evaluate("([lat, lon]) => { const p = vungphu.map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }", [south + 0.005, west + 0.005])
    page.locator("#map_coverage").click(position={"x": at[0], "y": at[1]})
    card = page.inner_text("#card")
    row = zones.iloc[0]
    assert page.inner_text("#card h2") == row["dead_zone_id"]
    for said in (
        "Trắng sóng: không nhà mạng nào phủ", "Số người thiếu dịch vụ này: 40 (khoảng 90 %: 20 – 90)", "Mạng Đỏ; Mạng Xanh; Mạng Vàng", "địa hình che", "dự báo",
        "S001", "3,2", "31/12/2026", "chi phí trên đầu người", "dead_zone_id = " + row["dead_zone_id"],
    ):  # fmt: skip
        assert said in card or said in page.locator("#card details").text_content(), said
    terms = page.locator("#card table tr").evaluate_all("rows => rows.map(r => Array.from(r.children, c => c.textContent))")
    assert terms[1:] == [["số người", "0,40", "0,40"], ["thôn đặc biệt khó khăn", "0,10", "0,20"], ["trường học, cơ sở y tế", "0,00", "0,10"],
                         ["thời hạn", "0,00", "0,10"], ["chi phí trên đầu người", "–", "0,20"], ["Độ ưu tiên", "0,123", ""]]  # fmt: skip

    # from the zone to its village and back, by keyboard
    first = content.villages.set_index("village_id")["village_name"][row["village_ids"].split("; ")[0]]
    page.locator("#card ul.villages button", has_text=first).first.press("Enter")
    assert page.inner_text("#card h2") == first
    page.locator("#card ul.villages button", has_text=row["dead_zone_id"]).press("Enter")
    assert page.inner_text("#card h2") == row["dead_zone_id"]

    # to the table twin and from it to the map
    page.locator("#card .tools button", has_text="Xem trong bảng").click()
    assert page.evaluate("document.activeElement.textContent") == row["dead_zone_id"]
    assert in_table(page, "zones") == zones["dead_zone_id"].tolist()
    figures = page.evaluate("Array.from(document.querySelectorAll('#zones [data-column=population] data'), n => Number(n.value))")
    assert figures == zones["population"].tolist()
    page.locator("#zones tbody th button").nth(3).press("Enter")
    assert page.inner_text("#card h2") == zones["dead_zone_id"][3]
    page.locator("#zones thead button", has_text="Độ ưu tiên (0..1)").press("Enter")
    assert in_table(page, "zones") == zones.sort_values("priority", ascending=False)["dead_zone_id"].tolist()

    # a class that is hidden is neither on the map nor in the table; selecting one of it brings it back
    page.locator("#area-classes label", has_text="Trắng sóng").locator("input").uncheck()
    rest = zones.loc[zones["class"] != "white", "dead_zone_id"].tolist()
    assert on_map(page) == rest
    assert sorted(in_table(page, "zones")) == sorted(rest)
    page.evaluate("vungphu.select('zone', 1, true)")
    assert zones["dead_zone_id"][1] in on_map(page)

    # the villages' table, and the commune's card that names the zone
    page.locator('#tables [data-table="village"]').click()
    assert page.locator("#villages tbody tr").count() == len(content.villages)
    assert page.locator("#zones").is_hidden()
    page.locator('#tables [data-table="village"]').press("ArrowLeft")
    assert page.locator("#communes").is_visible()
    page.evaluate("vungphu.select('commune', 0, false)")
    assert row["dead_zone_id"] in page.locator("#card ul.villages").first.inner_text()

    # operators, layers, claims and changes; no interval is said to be none
    options = page.locator("#areas option").all_text_contents()
    assert options == ["Vùng lõm – mọi nhà mạng gộp lại", "Sổ theo dõi: thay đổi so với kỳ trước – mọi nhà mạng gộp lại",
                       "Vùng phủ công bố so với đo và dự báo – Mạng Đỏ 4G", "Vùng lõm – Mạng Đỏ", "Vùng lõm – Mạng Đỏ 4G", "Không vẽ vùng"]  # fmt: skip
    for number, layer in enumerate(content.areas):
        page.select_option("#areas", str(number))
        drawn = layer.frame[~layer.frame.geometry.isna()]
        assert on_map(page) == drawn.iloc[:, 0].tolist()
    page.evaluate("vungphu.select('zone', 8, true)")
    assert page.locator("#areas").input_value() == "3"
    assert "40 (số người trong các ô; không có khoảng tin cậy)" in page.inner_text("#card")
    page.evaluate("vungphu.select('zone', 10, true)")
    assert "Số người thiếu dịch vụ này: chưa biết" in page.inner_text("#card")
    page.evaluate("vungphu.select('claim', 0, true)")
    assert "Công bố có sóng, đo không có sóng" in page.inner_text("#card")
    page.evaluate("vungphu.select('change', 0, true)")
    card = page.inner_text("#card")
    assert "mới; doanh nghiệp báo đã phủ" in card
    assert "trạm; số đo" in card
    assert "Vùng mới." in card
    assert "New." not in card
    page.select_option("#areas", "-1")
    assert on_map(page) == []

    # English
    page.evaluate("vungphu.select('zone', 0, true)")
    page.click('[data-set-language="en"]')
    card = page.inner_text("#card")
    for said in ("White: served by no operator", "People who lack this: 40 (90% interval: 20 – 90)", "terrain in the way", "Priority and its terms (0..1)"):
        assert said in card, said
    assert "Vùng" not in page.inner_text("#area-legend")
    opened.assert_quiet()


def test_what_is_shown_stands_in_the_address(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    code = content.areas[0].frame["dead_zone_id"][2]
    page.select_option("#coverage", "2")
    page.uncheck('[data-toggle="roads"]')
    page.evaluate("vungphu.table.open('zone')")
    page.evaluate("vungphu.select('zone', 2, true)")
    page.evaluate("() => { vungphu.map.setZoom(12.3, {animate: false}); }")
    page.click('[data-set-language="en"]')
    page.wait_for_timeout(400)  # the address follows a moment later
    kept, view = page.evaluate("[window.location.hash, [vungphu.map.getZoom(), vungphu.map.getCenter().lat]]")
    page.goto("about:blank")
    page.goto(opened.address + kept)
    assert page.inner_text("#card h2") == code
    assert page.locator("#coverage").input_value() == "2"
    assert not page.is_checked('[data-toggle="roads"]')
    assert page.locator("#zones").is_visible()
    assert page.get_attribute("html", "lang") == "en"
    assert page.evaluate("[vungphu.map.getZoom(), vungphu.map.getCenter().lat]") == pytest.approx(view, abs=1e-3)
    opened.assert_quiet()


def test_the_phone_shows_the_whole_province_at_once_and_after_it_is_turned(open_map, html):
    inside = """() => { const size = vungphu.map.getSize(), [[s, w], [n, e]] = vungphu.data.bounds;
        const a = vungphu.map.latLngToContainerPoint([n, w]), b = vungphu.map.latLngToContainerPoint([s, e]);
        return a.x >= 0 && a.y >= 0 && b.x <= size.x && b.y <= size.y && b.x - a.x > size.x * 0.5 || b.y - a.y > size.y * 0.7 && a.x >= 0 && b.x <= size.x; }"""
    cut = """() => { const frame = vungphu.map.getContainer().getBoundingClientRect();
        return Array.from(document.querySelectorAll('.leaflet-tooltip.name:not(.hidden):not(.sea-name) > div')).filter(node => {
            const box = node.getBoundingClientRect(); return box.left < frame.left || box.right > frame.right; }).map(node => node.textContent); }"""
    opened = open_map(html, width=360, height=740, touch=True)
    for width, height in ((360, 740), (740, 360), (320, 568)):
        opened.page.set_viewport_size({"width": width, "height": height})
        opened.page.wait_for_timeout(150)
        assert opened.page.evaluate(inside), (width, height)
        assert opened.page.evaluate(cut) == [], (width, height)
    opened.assert_quiet()


def test_every_class_is_told_by_pattern_not_by_colour_alone():
    for styles in palette().areas.values():
        named = [(style.pattern, style.fill) for style in styles]
        assert len(set(named)) == len(named)
    zones = {style.key: style for style in palette().areas["zone"]}
    assert len({style.pattern for style in zones.values()}) == len(zones)
