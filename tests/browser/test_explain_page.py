"""The page of paths in a real browser: quiet, nothing cut off, no label over another, at a desk and on a phone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

from paths_to_draw import LONG_NAME, TITLE, hard_paths

from geo.errors import Bilingual
from geo.report.path_page import PathEntry, PathPage, path_page
from geo.report.profile import NARROW, WIDE, edge_sentence, profile_picture

pytestmark = pytest.mark.browser

# Pairs of labels of one picture that lie over each other, and labels that stick out of their picture.
OVERLAPS = """
() => {
  const wrong = [];
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    texts.forEach(([text, a], i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.bottom > frame.bottom + 1) wrong.push('out: ' + text);
      for (const [other, b] of texts.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const along = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && along > 4) wrong.push(text + ' | ' + other);
      }
    });
  }
  return wrong;
}
"""


def page(language: str) -> bytes:
    entries = []
    for loss in hard_paths().values():
        edge = edge_sentence(loss.edge)
        pictures = [
            profile_picture(loss, title=TITLE, notes=[edge], language=language, size=size, headed=headed)
            for size, headed in ((WIDE, True), (NARROW, True))
        ]
        short = (TITLE, Bilingual("5,7 km", "5.7 km"), Bilingual("-101,3 dBm", "-101.3 dBm"), Bilingual("hơn 8,7 dB", "8.7 dB above"), edge)
        entries.append(PathEntry(TITLE, short, (edge,), ((TITLE, Bilingual("-12,3 dB", "-12.3 dB")),), pictures[0], pictures[1]))
    name = Bilingual(LONG_NAME, LONG_NAME)
    return path_page(PathPage(name, name, (name,), tuple(entries), (name,), (name,), made_up=True, language=language))


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_labels_stand_apart_and_nothing_is_cut(open_page, width: int, language: str) -> None:
    opened = open_page(page(language), width=width)
    assert opened.page.evaluate(OVERLAPS) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    shown = "document.querySelectorAll('.{} svg')[0].getBoundingClientRect().width"
    assert (opened.page.evaluate(shown.format("wide")) > 0) == (width == 1280)
    assert (opened.page.evaluate(shown.format("narrow")) > 0) == (width == 360)
    sizes = "[...document.querySelectorAll('.narrow text')].map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"
    if width == 360:
        assert min(s for s in opened.page.evaluate(sizes) if s > 0) >= 10.0
    opened.assert_quiet()


def test_the_picture_opens_by_itself(chromium, tmp_path) -> None:
    file = tmp_path / "path.svg"
    file.write_text(profile_picture(hard_paths()["mountain"], title=TITLE, notes=[], language="vi"), encoding="utf-8")
    browser_page = chromium.new_page(viewport={"width": 1280, "height": 800})
    browser_page.goto(file.as_uri())
    assert browser_page.evaluate("document.documentElement.tagName") == "svg"
    assert browser_page.evaluate("document.querySelectorAll('parsererror').length") == 0
    assert browser_page.evaluate("document.querySelectorAll('text').length") > 10
    browser_page.close()
