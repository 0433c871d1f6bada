"""The sealed map as a person uses it: in a browser, without network."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from made_up_province import make_content

from geo.mapping import build_map
from geo.mapping.labels import share_text

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def content():
    return make_content()


@pytest.fixture(scope="module")
def html(content):
    return build_map(content)


@pytest.fixture
def opened(open_map, html):
    return open_map(html)


def pixels(opened, x, y, width, height) -> np.ndarray:
    from rasterio import MemoryFile

    picture = opened.page.screenshot(clip={"x": x, "y": y, "width": width, "height": height})
    with MemoryFile(picture) as memory, memory.open() as image:
        return image.read()


@pytest.fixture(autouse=True)
def _no_georeference_needed():
    import warnings

    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def test_opens_without_a_request_or_a_complaint(opened):
    assert opened.page.title() == "Rà soát vùng lõm sóng 2026 – Tỉnh Giả Định"
    assert opened.page.get_attribute("html", "lang") == "vi"
    assert opened.page.locator(".made-up").first.is_visible()
    opened.assert_quiet()


def test_the_policy_would_stop_what_nobody_named(opened):
    page = opened.page
    page.evaluate("""() => {
        const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.appendChild(s);
        const d = document.createElement('div'); d.innerHTML = '<img src=x onerror="window.ran=1">'; document.body.appendChild(d);
        const i = new Image(); i.src = 'https://example.invalid/a.png'; document.body.appendChild(i);
    }""")
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert sum("Content Security Policy" in message for message in opened.messages) >= 3


def test_every_layer_switches_on(opened, content):
    page = opened.page
    choices = page.locator("#coverage option").all_text_contents()
    assert choices[0] == "Tất cả nhà mạng – công nghệ tốt nhất"
    assert "Mạng Đỏ – 4G" in choices
    assert len(choices) == len(content.layers) + 1
    for number, layer in enumerate(content.layers):
        page.select_option("#coverage", str(number))
        images = page.locator(".leaflet-coverage-pane img, .leaflet-pane img.leaflet-image-layer")
        assert images.count() == 1
        assert page.evaluate("() => { const i = document.querySelector('img.leaflet-image-layer'); return i.complete && i.naturalWidth > 100; }")
        total = sum(layer.counts().values())
        for code, count in layer.counts().items():
            assert page.locator(f'[data-state="{code}"]').text_content() == share_text(count / total).vi
        adds_up = sum(round(1000 * count / total) for count in layer.counts().values()) == 1000
        assert ("Do làm tròn" in page.inner_text("#legend-cells")) != adds_up
    page.select_option("#coverage", "-1")
    assert page.locator("img.leaflet-image-layer").count() == 0
    for box in page.locator("[data-toggle]").all():
        for state in (False, True):
            box.set_checked(state)
    assert page.evaluate("Object.values(vungphu.data.layers).flat().every(n => vungphu.map.hasLayer(window[n]))")
    opened.assert_quiet()


def test_opacity(opened):
    opened.page.locator("#opacity").fill("20")
    assert opened.page.evaluate("document.querySelector('img.leaflet-image-layer').style.opacity") == "0.2"


def test_states_lie_where_they_should(opened, content):
    """The colour on screen at a cell's centre is the colour of its state."""
    page = opened.page
    for key in ("villages", "communes", "names", "roads"):
        page.locator(f'[data-toggle="{key}"]').set_checked(False)
    page.select_option("#areas", "-1")
    page.locator("#opacity").fill("100")
    layer = content.all_operators[0]
    x, y = layer.grid.centres()
    rng = np.random.default_rng(5)
    from geo.crs import to_wgs84

    colours = {1: (0x08, 0x40, 0x8A), 2: (0x6F, 0xB1, 0xE0), 4: (0xEE, 0x74, 0x34)}
    page.mouse.move(5, 5)
    box = page.locator("#map_coverage").bounding_box()
    screen = pixels(opened, box["x"], box["y"], box["width"], box["height"])
    right = checked = 0
    for _ in range(400):
        r, c = rng.integers(2, layer.grid.rows - 2), rng.integers(2, layer.grid.columns - 2)
        around = layer.state[r - 2 : r + 3, c - 2 : c + 3]
        if len(np.unique(around)) > 1 or int(around[0, 0]) not in colours:
            continue
        lon, lat = to_wgs84([x[c]], [y[r]], layer.grid.epsg)
        point = page.evaluate("([lat, lon]) => { const p = vungphu.map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }", [float(lat[0]), float(lon[0])])
        px, py = int(point[0]), int(point[1])
        if not (60 < px < box["width"] - 200 and 60 < py < box["height"] - 40):
            continue
        checked += 1
        right += int(np.abs(screen[:3, py, px].astype(int) - colours[int(around[0, 0])]).max() <= 6)
    assert checked > 60
    assert right == checked


@pytest.mark.parametrize("typed", ["Hoa Binh", "hoa binh", "Hoà Bình", "Hòa Bình", "HOÀ BÌNH", "xa hoa binh", "90001"])
def test_search_finds_with_and_without_accents(opened, typed):
    page = opened.page
    page.fill("#search", typed)
    assert page.locator("#found li").first.text_content().startswith("Xã Hoà Bình")
    page.keyboard.press("Enter")
    assert page.locator("#card h2").text_content() == "Xã Hoà Bình"
    assert page.locator("#found").is_hidden()
    opened.assert_quiet()


def test_search_by_arrow_keys_finds_a_village(opened):
    page = opened.page
    page.fill("#search", "thon hoa gia")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator('#found li[aria-selected="true"]').text_content()
    page.keyboard.press("Enter")
    assert chosen.startswith(page.locator("#card h2").text_content())
    assert page.locator("#card").get_attribute("data-kind") == "village"


def test_nothing_found_is_said(opened):
    opened.page.fill("#search", "zzzz")
    assert "Không thấy" in opened.page.locator("#found-count").text_content()


def as_written(table: pd.DataFrame) -> list[dict[str, str]]:
    """The figures as communes.csv has them."""
    text = table.to_csv(index=False)
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).to_dict("records")


def same(shown: str, written: str) -> bool:
    if shown == written:
        return True
    try:
        return float(shown) == float(written)
    except ValueError:
        return False


@pytest.mark.parametrize("row", [0, 14, 29])
def test_a_click_opens_the_right_scorecard_with_the_figures_of_the_table(opened, content, row):
    page = opened.page
    for key in ("villages", "names"):
        page.locator(f'[data-toggle="{key}"]').set_checked(False)
    page.select_option("#areas", "-1")
    point = content.communes.geometry.iloc[row].representative_point()
    at = page.evaluate("([lat, lon]) => { const p = vungphu.map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }", [point.y, point.x])
    page.locator("#map_coverage").click(position={"x": at[0], "y": at[1]})
    written = as_written(content.communes.drop(columns="geometry"))[row]
    assert page.locator("#card h2").text_content() == written["commune_name"]
    shown = dict(page.evaluate("Array.from(document.querySelectorAll('#card [data-column]'), n => [n.dataset.column, n.querySelector('data').getAttribute('value')])"))
    assert set(shown) == set(written) - {"commune_name"}
    for key, value in shown.items():
        assert (value is None and written[key] == "") or same(value, written[key]), key
    # villages by power and difficulty are one small table, a row each for white and weak ones together
    assert page.locator("#card tr", has=page.locator('td[data-column="villages_white_power_difficult"]')).locator("td").count() == 2
    assert page.locator('#card dd[data-column^="villages_white_"]').count() == 0
    assert f"commune_code = {written['commune_code']}" in page.locator("#card details").last.text_content()
    assert page.locator("#communes tr.selected th").text_content() == written["commune_name"]
    opened.assert_quiet()


def test_the_table_holds_every_figure(opened, content):
    page = opened.page
    page.check("#operator-columns")
    shown = page.evaluate(
        "Array.from(document.querySelectorAll('#communes tbody tr'), tr => Object.fromEntries(Array.from(tr.children, "
        "c => [c.dataset.column, c.querySelector('data') ? c.querySelector('data').getAttribute('value') : c.textContent])))"
    )
    written = as_written(content.communes.drop(columns="geometry"))
    assert len(shown) == len(written)
    for line, expected in zip(shown, written, strict=True):
        assert set(line) == set(expected)
        assert all((value is None and expected[key] == "") or same(value, expected[key]) for key, value in line.items())


def test_the_table_sorts_and_keeps_what_is_not_known_last(opened, content):
    page = opened.page
    values = "Array.from(document.querySelectorAll('#communes tbody [data-column=population] data'), n => n.getAttribute('value'))"
    header = page.locator("#communes thead button", has_text="Dân số (người)")
    header.click()
    down = page.evaluate(values)
    known = sorted((v for v in content.communes["population"] if v == v), reverse=True)
    assert [float(v) for v in down[:-1]] == known
    assert down[-1] is None
    page.locator("#communes thead button", has_text="Dân số (người)").click()
    up = page.evaluate(values)
    assert [float(v) for v in up[:-1]] == known[::-1]
    assert up[-1] is None
    assert page.locator('#communes th[aria-sort="ascending"]').count() == 1


def test_keyboard_alone_reaches_a_scorecard(opened):
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#communes tbody th') !== null"):
            break
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.locator("#card h2").text_content() == name
    assert page.evaluate("document.activeElement.id") == "card"


def test_everything_switches_to_english_and_back(opened):
    page = opened.page
    page.evaluate("vungphu.select('commune', 3, false)")
    before = page.inner_text("body")
    page.click('[data-set-language="en"]')
    assert page.get_attribute("html", "lang") == "en"
    text = page.inner_text("body")
    for word in ("Figures by commune", "Uncertain", "Villages by class", "Population served (%)", "Sources and notes", "Where do these figures come from?", "All operators – best technology"):
        assert word in text, word
    for word in ("Bảng số liệu theo xã", "Chưa chắc chắn", "Thôn, bản theo phân loại", "Dân số có sóng", "Nguồn và lưu ý"):
        assert word not in text, word
    page.click('[data-set-language="vi"]')
    assert page.inner_text("body") == before
    opened.assert_quiet()


def test_archipelagos_are_labelled(opened):
    page = opened.page
    assert "Quần đảo Hoàng Sa" in page.inner_text("#inset")
    assert "(Khánh Hòa, Việt Nam)" in page.inner_text("#inset")
    page.evaluate("() => { vungphu.map.setView([13, 110], 6, {animate: false}); }")
    labels = page.locator(".sea-name").all_text_contents()
    assert "Quần đảo Hoàng Sa (Đà Nẵng, Việt Nam)" in labels
    assert "Quần đảo Trường Sa (Khánh Hòa, Việt Nam)" in labels


def test_village_and_site_cards(opened, content):
    page = opened.page
    page.check('[data-toggle="sites"]')
    page.evaluate("vungphu.select('site', 2, true)")
    assert page.locator("#card h2").text_content() == content.sites["site_name"][2]
    page.evaluate("vungphu.select('village', 5, true)")
    assert page.locator("#card h2").text_content() == content.villages["village_name"][5]
    # a click on the symbol itself
    page.evaluate("vungphu.select(null)")
    assert page.locator("#card").is_hidden()
    at = page.evaluate("() => { const p = vungphu.map.latLngToContainerPoint(vungphu.villages[5].getLatLng()); return [p.x, p.y]; }")
    page.locator("#map_coverage").click(position={"x": at[0], "y": at[1]})
    assert page.locator("#card h2").text_content() == content.villages["village_name"][5]
    opened.assert_quiet()


@pytest.mark.parametrize(("name", "width", "height"), [("desktop", 1280, 800), ("phone", 360, 740)])
def test_layout_fits(open_map, html, pictures, name, width, height):
    opened = open_map(html, width=width, height=height, touch=name == "phone")
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("#map_coverage").bounding_box()
    assert box["width"] >= width * 0.6
    assert box["height"] >= 320
    assert box["y"] < height * 0.5
    picture = pixels(opened, box["x"], box["y"], box["width"], min(box["height"], height - box["y"]))
    assert len(np.unique(picture.reshape(picture.shape[0], -1), axis=1).T) > 50  # not blank
    if pictures:
        page.screenshot(path=pictures / f"{name}.png")
    if name == "phone":
        at = page.evaluate("() => { const p = vungphu.map.latLngToContainerPoint(vungphu.communes[14].getBounds().getCenter()); return [p.x, p.y]; }")
        page.locator("#map_coverage").tap(position={"x": at[0], "y": at[1]})
    else:
        page.evaluate("vungphu.select('commune', 0, false)")
    assert page.locator("#card").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if pictures:
        page.screenshot(path=pictures / f"{name}_scorecard.png")
        page.screenshot(path=pictures / f"{name}_whole.png", full_page=True)
    opened.assert_quiet()


def test_nothing_to_show_is_still_a_map(open_map):
    from datetime import date

    from geo.mapping import MapContent

    opened = open_map(build_map(MapContent(title="Trống", project_name="P", version="0", date=date(2026, 11, 1))))
    text = opened.page.inner_text("body")
    assert "Không có trong bản đồ này" in text
    assert "Thôn, bản: không có." in text
    opened.assert_quiet()


def test_codes_and_dates_are_words_on_the_scorecard(open_map, content):
    villages = content.villages.assign(
        operators_undecided="Mạng Đỏ=uncertain; Mạng Xanh=neighbour_sites+terrain",
        cluster_basis="buildings",
        service_not_counting="Mạng Đỏ 2G",
        last_measured="2026-10-05",
    )
    page = open_map(build_map(make_content(villages=villages))).page
    page.evaluate("vungphu.select('village', 0, true)")
    shown = {key: page.inner_text(f'#card dd[data-column="{key}"]') for key in ("operators_undecided", "cluster_basis", "last_measured")}
    assert shown["operators_undecided"] == "Mạng Đỏ (chưa chắc chắn); Mạng Xanh (thiếu danh sách trạm của tỉnh bên, thiếu địa hình)"
    assert shown["cluster_basis"] == "nhà"
    assert shown["last_measured"] == "05/10/2026"
    assert "_" not in page.inner_text("#card dl")
    assert "chưa đối chiếu với số đo" in page.inner_text("#card .forecast")
    page.evaluate("vungphu.setLanguage('en')")
    assert "neighbour's sites not given" in page.inner_text('#card dd[data-column="operators_undecided"]')
    assert page.inner_text('#card dd[data-column="last_measured"]') == "2026-10-05"
