"""Hostile texts in every place where a file's text is shown: nothing runs, nothing blanks the map."""

from __future__ import annotations

import dataclasses
import html as html_module
import itertools
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hostile import WAYS, mixtures
from made_up_province import make_content

from geo.errors import Bilingual
from geo.grid import Grid
from geo.mapping import (
    AreaLayer,
    CoverageLayer,
    DataSource,
    MapContent,
    MeasurementCount,
    PeopleFigure,
    ThemeLayer,
    build_map,
)
from geo.mapping.escape import vn_safe

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def calm() -> MapContent:
    return make_content()


@pytest.fixture(scope="module")
def small(calm) -> MapContent:
    """Three communes and what lies in them, so that a page per way stays quick."""
    grid = Grid(9210, 440_000.0, 2_440_000.0, 1000.0, 40, 40)
    layer = CoverageLayer("A", "4G", np.full(grid.shape, 2, dtype=np.uint8), grid)
    return dataclasses.replace(
        calm, communes=calm.communes.iloc[:3], villages=calm.villages.iloc[:6], sites=calm.sites.iloc[:4],
        coverage=(layer,), all_operators=(dataclasses.replace(layer, operator="", technology=""),),
    )  # fmt: skip


def hostile_content(calm: MapContent, texts: list[str]) -> MapContent:
    """Put the texts, in turn, into every text column, name, title, note and source."""
    turn = itertools.cycle(texts)

    def fill(frame: Any) -> Any:
        changed = frame.copy()
        for column in changed.columns:
            if column in {"geometry", "lon", "lat", "commune_code"} or changed[column].dtype.kind in "fiub":
                continue
            changed[column] = pd.Series([next(turn) for _ in range(len(changed))], dtype=object, index=changed.index)
        heading = texts[0].encode("utf-8", "replace").decode("utf-8")  # pandas has no column of a lone surrogate
        changed[heading] = pd.Series([next(turn) for _ in range(len(changed))], dtype=object, index=changed.index)  # a column's name, too
        return changed

    def fill_theme(one: ThemeLayer) -> ThemeLayer:
        kept = {"area_code", "area_level", "lon", "lat"}  # what puts a row on the map
        frame = one.frame.copy()
        for column in frame.columns:
            if column not in kept and not any(isinstance(value, int | float) for value in frame[column].dropna()):
                frame[column] = pd.Series([next(turn) for _ in range(len(frame))], dtype=object, index=frame.index)
        named = {text: Bilingual(text, text) for text in texts}
        return ThemeLayer(one.kind, frame, {"rule_id": named, "project_id": named}, one.ways, one.lines)

    coverage = tuple(
        CoverageLayer(texts[i % len(texts)], texts[(i + 1) % len(texts)], layer.state, layer.grid)
        for i, layer in enumerate(calm.coverage)
        if texts[i % len(texts)]
    )
    if coverage:  # a rival of the first, so that two operators can be compared
        coverage = (*coverage, CoverageLayer(f"{coverage[0].operator}2", coverage[0].technology, coverage[0].state, coverage[0].grid))
    return MapContent(
        title=texts[0], project_name=texts[-1], version=texts[0], date=calm.date, made_up=True,
        communes=fill(calm.communes), villages=fill(calm.villages), sites=fill(calm.sites), roads=fill(calm.roads),
        coverage=coverage, all_operators=calm.all_operators, model=Bilingual(texts[0], texts[-1]),
        areas=tuple(AreaLayer(one.kind, fill(one.frame), texts[0], texts[-1]) for one in calm.areas),
        areas_missing=tuple(Bilingual(text, text) for text in texts),
        themes=tuple(fill_theme(one) for one in calm.themes),
        street_years=calm.street_years,
        people=tuple(PeopleFigure(Bilingual(text, text), Bilingual(text, text), Bilingual(text, text), 1.0) for text in texts),
        priority_weights=dict.fromkeys(texts, 1.0),
        measurements=(MeasurementCount(texts[0], texts[-1], 5),),
        notices=tuple(Bilingual(text, text) for text in texts),
        sources=tuple(DataSource(text, 1, text, Bilingual(text, text)) for text in texts),
    )  # fmt: skip


def exercise(opened: Any) -> None:
    """Open everything that can be opened."""
    page = opened.page
    for box in page.locator("[data-toggle]").all():
        box.set_checked(True)
    page.check("#operator-columns") if page.locator("#operator-columns").count() else None
    for value in page.locator("#coverage option").evaluate_all("nodes => nodes.map(n => n.value)"):
        page.select_option("#coverage", value)
    page.evaluate("""() => {
        document.querySelectorAll('#areas option').forEach((option, i) => vungphu.areas.show(i));
        for (const [kind, list] of Object.entries(vungphu.shapes))
            list.forEach((layer, row) => { if (!layer) return; layer.openTooltip(); vungphu.select(kind, row, false); layer.closeTooltip(); });
        for (const kind of Object.keys(vungphu.tables)) {
            vungphu.table.open(kind);
            document.querySelectorAll('#more-columns').forEach(box => { if (!box.checked) box.click(); });
            vungphu.table.reveal(kind, 0);
        }
        document.querySelectorAll('#area-classes input').forEach(box => { box.click(); box.click(); });
        for (const [kind, theme] of Object.entries(vungphu.data.themes)) {
            vungphu.themes.show(theme.place, kind);
            document.querySelectorAll('.facets select').forEach((select, i) => {
                const found = document.querySelectorAll('.facets select')[i];
                if (found) { found.value = found.options[found.options.length - 1].value; found.dispatchEvent(new Event('change')); }
            });
            document.querySelectorAll('.theme-legend input').forEach(box => { box.click(); box.click(); });
            vungphu.shapes[kind].forEach((layer, row) => { if (layer) { layer.openTooltip(); vungphu.select(kind, row, false); layer.closeTooltip(); } });
        }
    }""")
    if page.locator("#compare-a option").count() > 1:
        page.evaluate("""() => ['compare-a', 'compare-b', 'compare-technology'].forEach(id => {
            const select = document.getElementById(id);
            if (select) { select.value = select.options[select.options.length - 1].value; select.dispatchEvent(new Event('change')); }
        })""")
        page.wait_for_function("vungphu.compare.drawn === true")
    page.evaluate("const slider = document.getElementById('year'); slider.value = slider.min; slider.dispatchEvent(new Event('input'))")
    page.fill("#search", "img")
    page.fill("#search", "a")
    page.evaluate("vungphu.table.open('commune')")
    page.locator("#communes thead button").first.click()
    page.click('[data-set-language="en"]')
    page.click('[data-set-language="vi"]')
    page.mouse.move(700, 400)
    page.mouse.click(700, 420)
    page.wait_for_timeout(150)


def assert_unharmed(opened: Any) -> None:
    page = opened.page
    assert page.evaluate("window.ran") is None
    assert page.evaluate("vungphu.map.getZoom() > 0 && document.querySelectorAll('canvas').length > 0")
    # no element that this project does not make
    assert page.evaluate("document.querySelectorAll('iframe, object, embed, link, base, plaintext, #card img, #table img, #about img, details[ontoggle], [onerror], [onfocus], [onmouseover], [onload]').length") == 0
    assert page.evaluate("document.scripts.length") == 6
    opened.assert_quiet()


#: Ways of the distinct contexts, tried in every place at each run; the others in every place in the long run, and all in turn at once.
_ALWAYS = {"script element", "single-quoted attribute", "template of the page", "end of a JSON string", "comment", "style that loads", "spreadsheet formula"}


@pytest.mark.parametrize("way", [pytest.param(way, marks=[] if way in _ALWAYS else pytest.mark.slow, id=way) for way in WAYS])
def test_each_way_in_every_place(open_map, small, way):
    text = WAYS[way]
    opened = open_map(build_map(hostile_content(small, [text])))
    exercise(opened)
    assert_unharmed(opened)
    shown = html_module.unescape(vn_safe(text))
    opened.page.evaluate("vungphu.select('commune', 2, false)")
    assert opened.page.locator("#card h2").text_content() == shown
    assert opened.page.locator(".notices li span").first.text_content() == shown


def test_all_ways_at_once(open_map, calm):
    assert set(WAYS) >= _ALWAYS
    opened = open_map(build_map(hostile_content(calm, list(WAYS.values()))))
    exercise(opened)
    assert_unharmed(opened)


HASHES = (
    "#show=commune:<img src=x onerror=ran=1>&table=__proto__&areas=999&coverage=99&view=NaN/1/2", "#lang=<script>&show=__proto__:x&off=constructor",
    "#show=zone:%E0%A4%A&view=10/999/999", "#=&&&=&show=", "#show=constructor:1&table=toString&areas=-5&coverage=-7&view=1e9/1/1",
)  # fmt: skip


def test_the_address_is_text_from_outside(open_map, calm):
    """What stands in the address is taken only as numbers within range and codes that the tables hold."""
    opened = open_map(build_map(calm))
    page = opened.page
    for text in (*HASHES, *("#show=zone:" + way for way in WAYS.values() if "\ud800" not in way and len(way) < 300)):
        page.evaluate("text => { window.location.hash = text; window.dispatchEvent(new HashChangeEvent('hashchange')); }", text)
    page.wait_for_timeout(250)
    assert page.evaluate("vungphu.selected") is None
    assert page.evaluate("vungphu.map.getZoom() >= 4 && vungphu.map.getZoom() <= 17")
    assert_unharmed(opened)


def test_five_hundred_mixtures(open_map, calm):
    texts = mixtures(560, seed=20261122)
    opened = open_map(build_map(hostile_content(calm, texts)))
    exercise(opened)
    assert_unharmed(opened)
    shown = opened.page.locator(".notices li span[lang=vi]").all_text_contents()
    assert shown == [html_module.unescape(vn_safe(text)) for text in texts]


def test_the_test_would_see_it(open_map, calm):
    """A page with one hole in it is caught: the check is able to fail."""
    page = build_map(calm)
    hole = page.replace(b"</header>", b"</header><img src=x onerror=window.ran=1>", 1)
    hole = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", hole)
    opened = open_map(hole)
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.ran") == 1
    with pytest.raises(AssertionError):
        assert_unharmed(opened)
