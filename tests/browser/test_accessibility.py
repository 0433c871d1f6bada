"""axe-core finds nothing on the three kinds of map, in both languages, at both sizes; the keyboard alone reaches every figure."""

from __future__ import annotations

import dataclasses

import pytest
from made_up_country import make_country
from made_up_province import make_content

from geo.mapping import build_map, public_content

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1366, 768), "phone": (360, 740)}


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    whole = make_content()
    content = dataclasses.replace(whole, coverage=whole.coverage[:1], communes=whole.communes.iloc[:8].reset_index(drop=True), villages=whole.villages.iloc[:16], sites=whole.sites.iloc[:4])
    return {"province": build_map(content), "public": build_map(public_content(content)), "country": build_map(make_country())}


def found_by_axe(page: object) -> list[str]:
    """Return what axe finds, however grave: rule, element and why."""
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    return [f"{one['impact']} {one['id']}: {node['target']} {node['failureSummary']}" for one in violations for node in one["nodes"]]


def assert_nothing_found(open_map, content: bytes, sizes: list[str], languages: list[str]) -> None:
    found = []
    for size in sizes:
        width, height = SIZES[size]
        opened = open_map(content, width=width, height=height)
        for language in languages:
            opened.page.click(f'[data-set-language="{language}"]')
            opened.page.evaluate("vungphu.select('commune', 0, false)")
            opened.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            opened.page.fill("#search", "a")  # the list of what is found is open, the theme's legend too
            opened.page.evaluate("vungphu.themes.show('commune', 'verdict')")
            found += [f"{width} {language} {line}" for line in found_by_axe(opened.page)]
        opened.assert_quiet()
    assert found == []


@pytest.mark.parametrize(("kind", "size", "language"), [("province", "desktop", "vi"), ("public", "phone", "en"), ("country", "phone", "vi")])
def test_axe_finds_nothing(open_map, pages, kind, size, language):
    assert_nothing_found(open_map, pages[kind], [size], [language])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["province", "public", "country"])
def test_axe_finds_nothing_in_either_language_at_either_size(open_map, pages, kind):
    assert_nothing_found(open_map, pages[kind], list(SIZES), ["vi", "en"])


@pytest.mark.slow
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["vi", "en"])
def test_axe_finds_nothing_in_any_theme(open_map, pages, size, language):
    opened = open_map(pages["province"], width=SIZES[size][0], height=SIZES[size][1])
    opened.page.click(f'[data-set-language="{language}"]')
    kinds = opened.page.evaluate("Object.keys(vungphu.data.themes)")
    found = []
    for kind in kinds:
        opened.page.evaluate("kind => { vungphu.themes.show(vungphu.data.themes[kind].place, kind); vungphu.table.open(kind); vungphu.select(kind, 0, false); }", kind)
        opened.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found += [f"{kind} {line}" for line in found_by_axe(opened.page)]
    assert len(kinds) == 10
    assert found == []


def test_the_test_would_see_it(open_map, pages):
    """A page with an unnamed button and pale text is caught."""
    opened = open_map(pages["country"])
    opened.page.evaluate("""() => { const made = document.createElement('button'); document.querySelector('nav').appendChild(made);
        document.querySelector('h1').style.color = '#dddddd'; }""")
    found = found_by_axe(opened.page)
    assert any("button-name" in line for line in found)
    assert any("color-contrast" in line for line in found)


#: What a person can reach by Tab: controls, links and what scrolls, as far as they are shown.
REACHABLE = """Array.from(document.querySelectorAll('a[href], button:not([disabled]), select, input, summary, [tabindex="0"]'))
    .filter(node => node.tabIndex >= 0 && node.checkVisibility({ visibilityProperty: true }))"""


@pytest.mark.parametrize("kind", ["province", "country"])
def test_the_keyboard_alone_reaches_every_figure(open_map, pages, kind):
    opened = open_map(pages[kind])
    page = opened.page
    page.evaluate(f"window.wanted = new Set({REACHABLE})")
    count = page.evaluate("window.wanted.size")
    assert count > 50
    for _ in range(count + 5):
        page.keyboard.press("Tab")
        page.evaluate("window.wanted.delete(document.activeElement)")
    assert page.evaluate("Array.from(window.wanted, node => node.outerHTML.slice(0, 120))") == []

    # from the row's name to its scorecard, with the row's own figures, and back
    page.locator("#communes tbody button").nth(3).focus()
    row = page.evaluate("Object.fromEntries(Array.from(document.activeElement.closest('tr').querySelectorAll('[data-column] data'), d => [d.closest('[data-column]').dataset.column, d.getAttribute('value')]))")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "card"
    card = page.evaluate("Object.fromEntries(Array.from(document.querySelectorAll('#card dd[data-column] data, #card td[data-column] data'), d => [d.parentNode.dataset.column, d.getAttribute('value')]))")
    assert len(row) > 8
    assert {name: card[name] for name in row} == row
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "close"
    page.keyboard.press("Escape")
    assert page.locator("#card").is_hidden()
    assert page.evaluate("document.activeElement === document.querySelectorAll('#communes tbody button')[3]")
    # arrows choose another table, and its figures are there
    page.locator("#tables [aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("vungphu.table.current()") != "commune"
    assert page.locator("[role=tabpanel]:not([hidden]) tbody tr").count() > 0
    opened.assert_quiet()
