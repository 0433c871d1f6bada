"""What a page says: its title, and a sketch of its words by which two pages are told apart.

The sketch is the least hashes of all runs of words (A. Broder 1997, On the resemblance and containment of documents, "bottom-k"): the
share of the least ``k`` of two sketches together that both have estimates the share of runs that two pages share, with a standard
error of √(r (1 − r) / k).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from hashlib import blake2b
from html.parser import HTMLParser
from typing import Literal

from geo.ipv6.settings import PageSettings
from geo.text import clean, fold

__all__ = ["Page", "read_page", "resemblance", "same_page"]

_LONGEST_TITLE = 200
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
#: WHATWG Encoding Standard: pages that call themselves Latin-1 or ASCII are windows-1252.
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252"}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEAD_BYTES = 4096
_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


class Page:
    """A page's title, plain, and the sketch of its words."""

    __slots__ = ("sketch", "title")

    def __init__(self, title: str, sketch: tuple[int, ...]) -> None:
        self.title = title
        self.sketch = sketch


class _Words(HTMLParser):
    """Collects the title and what a reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.text: list[str] = []
        self._titled = False
        self._in_title = False
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self._titled and "svg" not in self._silent:
            self._in_title = True
        elif tag == "body":
            self._silent.clear()  # a head that was not closed
        elif tag in _SILENT and tag not in _VOID:
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._in_title:
            self._in_title, self._titled = False, True
        elif tag in self._silent:
            while self._silent and self._silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        elif not self._silent:
            self.text.append(data)


def read_page(content: bytes, content_type: str, settings: PageSettings) -> Page:
    """Return what a page says; what is no text has neither title nor words.

    Parameters
    ----------
    content : bytes
        Perhaps the beginning only.
    content_type : str
        The header, may be empty.
    settings : PageSettings
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind and not (kind.startswith("text/") or "html" in kind or "xml" in kind):
        return Page("", ())
    words = _Words()
    # No page, however broken, may stop a run: what the parser cannot take it reads as text, and refuses with these alone.
    try:
        words.feed(_decoded(content, content_type))
        words.close()
    except (AssertionError, ValueError, RecursionError):
        return Page("", ())
    title = clean(re.sub(r"<[^>]*>", " ", "".join(words.title)))[:_LONGEST_TITLE]
    return Page(title, _sketch(fold(" ".join(words.text)).split(), settings))


def _decoded(content: bytes, content_type: str) -> str:
    for mark, name in _BOMS:
        if content.startswith(mark):
            return content[len(mark) if name == "utf-8" else 0 :].decode(name, "replace")
    for said in _charsets(content, content_type):
        try:
            name = codecs.lookup(said.decode("ascii", "replace")).name
            if not codecs.lookup(name)._is_text_encoding:
                continue
            name = "utf-8" if name.startswith("utf-16") else name  # a page whose tag can be read is not UTF-16 (HTML, 13.2.3.2)
            return content.decode(_READ_AS.get(name, name), "replace")
        except (LookupError, UnicodeError):
            continue
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 4:  # cut within a letter
            return content.decode("utf-8", "replace")
        return content.decode("cp1258", "replace")


def _charsets(content: bytes, content_type: str) -> Iterator[bytes]:
    for place in (content_type.encode("latin-1", "replace"), content[:_HEAD_BYTES]):
        found = _CHARSET.search(place)
        if found:
            yield found.group(1)


def _sketch(words: list[str], settings: PageSettings) -> tuple[int, ...]:
    n = settings.run_words
    runs = {" ".join(words[k : k + n]) for k in range(max(len(words) - n + 1, 0))}
    hashes = sorted(int.from_bytes(blake2b(run.encode("utf-8"), digest_size=6).digest(), "big") for run in runs)
    return tuple(hashes[: settings.kept])


def resemblance(one: tuple[int, ...], other: tuple[int, ...], settings: PageSettings) -> float:
    """Return the estimated share of runs of words that two pages share; NaN where one has too few."""
    if min(len(one), len(other)) < settings.least_runs:
        return float("nan")
    together = sorted({*one, *other})[: settings.kept]
    both = set(one) & set(other)
    return sum(value in both for value in together) / len(together)


def same_page(one: Page, other: Page, settings: PageSettings) -> Literal["same", "another", "not_told"]:
    """Tell whether two pages are one: by resemblance, and by title where that leaves it open.

    Equal titles are the same page whatever the words (a list of news may be another each time); other titles are another page only if the
    words are others too; without words the titles alone do not tell unless both are there.
    """
    alike = resemblance(one.sketch, other.sketch, settings)
    titles = fold(one.title), fold(other.title)
    if all(titles) and titles[0] == titles[1]:
        return "same"
    if alike >= settings.like_share:
        return "same"
    if alike < settings.unlike_share:
        return "another"
    if alike != alike and all(titles):
        return "another"
    return "not_told"
