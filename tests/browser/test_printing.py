"""The map on paper: fitted to the sheet whatever the window, every layer on it, and the screen afterwards as it was before."""

from __future__ import annotations

import dataclasses

import numpy as np
import pypdfium2
import pytest
from made_up_province import make_content

from geo.mapping import build_map
from geo.mapping.palette import palette

pytestmark = pytest.mark.browser

#: A4 within its margins of 12 mm, in the pixels of a style sheet (96 to an inch).
ACROSS, UPRIGHT = (1032, 703), (703, 1032)
VIEW = "[vungphu.map.getZoom(), vungphu.map.getCenter().lat, vungphu.map.getCenter().lng, vungphu.map.getSize().x, vungphu.map.getSize().y, window.location.hash]"
#: West, south, east and north edge of the area within the map, in its pixels, and the map's size.
EDGES = """(() => { const [[s, w], [n, e]] = vungphu.data.bounds, at = (lat, lng) => vungphu.map.latLngToContainerPoint([lat, lng]), size = vungphu.map.getSize();
    return [at(s, w).x, at(s, w).y, at(n, e).x, at(n, e).y, size.x, size.y]; })()"""


@pytest.fixture(scope="module")
def html() -> bytes:
    whole = make_content()
    return build_map(dataclasses.replace(whole, coverage=whole.coverage[:1], themes=(), areas=whole.areas[:1]))


def sheet(page, upright: bool) -> np.ndarray:
    """Return the first sheet that Chromium prints for a reader who turned it so, as RGB, a pixel of the style sheet each.

    What the page itself says of a sheet comes before what its reader asked for, as in the browser's own dialogue.
    """
    document = pypdfium2.PdfDocument(page.pdf(format="A4", landscape=not upright, prefer_css_page_size=True, page_ranges="1"))
    picture = document[0].render(scale=96 / 72).to_numpy()[:, :, 2::-1]
    document.close()
    assert (picture.shape[1] > picture.shape[0]) != upright, "the sheet is turned as its reader asked"
    return picture


def until(page, said: str) -> None:
    """Wait for what the page does at a time of its own."""
    for _ in range(100):
        if page.evaluate(said):
            return
        page.wait_for_timeout(50)
    pytest.fail(said)


def near(picture: np.ndarray, colour: str, by: int = 24) -> np.ndarray:
    return np.abs(picture.astype(int) - [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).max(axis=2) < by


@pytest.mark.parametrize(("width", "upright"), [(1366, False), (360, True)])
def test_the_map_fits_both_ways_of_a_sheet_and_every_layer_reaches_its_edges(open_map, html, pictures, width, upright):
    opened = open_map(html, width=width, height=768)
    page = opened.page
    before = page.evaluate(VIEW)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    west, south, east, north, across, down = page.evaluate(EDGES)
    assert (min(west, north) >= 10, east <= across - 10, south <= down - 10) == (True, True, True)
    assert max((east - west) / across, (south - north) / down) > 0.9, "as large as the sheet lets it be"
    page.emulate_media(media="print")
    for room in (ACROSS, UPRIGHT):
        page.set_viewport_size({"width": room[0], "height": room[1]})
        assert page.evaluate(EDGES) == [west, south, east, north, across, down], "the sheet's own size changes nothing"
        boxes = {name: page.locator(name).bounding_box() for name in (".map", "#inset", "#side")}
        outer = boxes.pop(".map")
        assert outer["x"] >= 0
        assert outer["x"] + outer["width"] <= room[0]
        for name, box in boxes.items():
            apart = box["x"] + box["width"] <= outer["x"] or box["x"] >= outer["x"] + outer["width"] or box["y"] >= outer["y"] + outer["height"]
            assert apart, f"{name} lies over the map"
        assert page.evaluate("document.documentElement.scrollWidth") <= room[0]
    for hidden in ("#find", "nav", "#coverage", "#opacity"):
        assert page.locator(hidden).is_hidden(), hidden
    for shown in (".made-up", ".map", ".legend", "#communes", "#about"):
        assert page.locator(shown).first.is_visible(), shown
    assert page.evaluate("(() => { const t = document.querySelector('#communes').parentElement; return t.scrollHeight <= t.clientHeight + 1; })()")
    # a head that Chromium repeats on the next sheet has words of its own, not those of buttons, which it leaves out
    head = page.locator("#communes thead th").first
    said = head.evaluate("e => [e.dataset.said, getComputedStyle(e, '::before').content]")
    assert said[0]
    assert said[1] == f'"{said[0]}"'
    assert head.locator("button").is_hidden()
    # of what is not drawn the sheet has no legend
    assert [page.locator(f".symbol-{group}-0").first.is_visible() for group in ("villages", "sites")] == [True, False]
    page.emulate_media(media="null")
    page.set_viewport_size({"width": width, "height": 768})
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(VIEW)[:5] == before[:5]
    # drawn on the screen's own canvas again, and clicked as before
    at = page.evaluate("() => { const p = vungphu.map.latLngToContainerPoint(vungphu.villages[5].getLatLng()); return [p.x, p.y]; }")
    page.locator("#map_coverage").click(position={"x": at[0], "y": at[1]})
    assert page.locator("#card").get_attribute("data-kind") == "village"

    # what Chromium prints, with a card open
    page.evaluate("vungphu.select('commune', 17, false)")  # at the east edge; its card is open
    page.locator("#opacity").fill("100")
    page.wait_for_timeout(200)
    before = page.evaluate(VIEW)
    picture = sheet(page, upright)
    page.wait_for_timeout(200)
    assert page.evaluate(VIEW) == before, "the screen is as it was"
    # the frame of the map, by its ground; all of its width is on the sheet
    ground = near(picture, "#f6f4ef", 3)
    rows, columns = np.flatnonzero(ground.sum(axis=1) > 60), np.flatnonzero(ground.sum(axis=0) > 60)
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    assert (right - left, bottom - top) == (pytest.approx(700, abs=4), pytest.approx(585, abs=4))
    assert right < picture.shape[1] - 40
    # coverage, boundaries and points lie over one another from edge to edge, and none hides another
    lines = dict(palette().lines)
    for k in range(4):
        part = picture[top:bottom, left + 50 + 150 * k : left + 200 + 150 * k]
        assert near(part, palette().states[1].colour).mean() > 0.2, "coverage"
        assert near(part, lines["commune"]).sum() > 60, "boundaries"
        assert near(part, lines["province"]).sum() > 60, "the edge of the area"
        assert near(part, palette().villages[0].fill).sum() > 20, "villages"
    assert near(picture[top:bottom, right - 200 : right], lines["selected"]).sum() > 200, "what is selected"
    frame = picture[top:bottom, left:right]
    drawn = near(frame, lines["province"]) | near(frame, lines["selected"])
    ends = [np.flatnonzero(drawn.sum(axis=axis) >= 3)[-1] for axis in (0, 1)]
    np.testing.assert_allclose(ends, [east, south], atol=4, err_msg="what is drawn lies where the coverage does, as far east and south")
    if pictures:
        from PIL import Image

        Image.fromarray(np.ascontiguousarray(picture)).save(pictures / f"sheet_{width}_{'upright' if upright else 'across'}.png")
    opened.assert_quiet()


def test_whoever_moved_the_map_finds_the_same_view_on_the_sheet(open_map, html):
    opened = open_map(html, width=1366, height=768)
    page = opened.page
    page.evaluate("vungphu.select('commune', 14, true)")
    seen = "(() => { const b = vungphu.map.getBounds(); return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]; })()"
    commune = page.evaluate("(() => { const b = vungphu.communes[14].getBounds(); return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]; })()")
    before = page.evaluate(VIEW)
    # a browser that tells of the medium alone
    page.emulate_media(media="print")
    until(page, "vungphu.printing === true")
    west, south, east, north = page.evaluate(seen)
    assert west < commune[0] < commune[2] < east
    assert south < commune[1] < commune[3] < north
    assert east - west < 4 * (commune[2] - commune[0])
    page.emulate_media(media="screen")
    until(page, "vungphu.printing === false")
    assert page.evaluate(VIEW)[:5] == before[:5]
    opened.assert_quiet()
