"""The printed atlas: overview, tables, a page per commune, sources; A3 or A4, in one language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from geo.mapping.labels import count_text
from geo.report.book import Book
from geo.report.commune_page import draw_commune, draw_overview
from geo.report.furniture import GREY, heading
from geo.report.paper import Sheet
from geo.report.printed import Printed
from geo.report.table_pages import (
    Block,
    changes_pages,
    plans_pages,
    ranking_pages,
    sources_pages,
    zones_pages,
)

__all__ = ["Atlas", "Page", "build_atlas"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the atlas: mark, title, line under it, level in the list of contents, and what draws it."""

    key: str
    title: str
    level: int
    draw: Callable[[Sheet], None]
    on_map: bool = False


class Atlas:
    """An atlas page by page.

    Parameters
    ----------
    printed : Printed
    paper : str
        A key of :data:`geo.report.paper.PAPERS`.

    Raises
    ------
    InputError
        If there is no such paper.
    """

    def __init__(self, printed: Printed, paper: str) -> None:
        self.book = Book(printed, paper)

    @cached_property
    def pages(self) -> list[Page]:
        """All pages in order."""
        words = self.book.words
        out = [Page("overview", words.say("atlas", "overview"), 0, lambda sheet: draw_overview(self.book, sheet), on_map=True)]
        first = len(out)
        blocks: list[tuple[str, Sequence[Block]]] = [
            ("ranking", ranking_pages(self.book, {})), ("zones", zones_pages(self.book)), ("changes", changes_pages(self.book)), ("plans", plans_pages(self.book)),
        ]  # fmt: skip
        tables = sum(len(parts) for _, parts in blocks)
        numbers = {code: first + tables + 1 + i for i, code in enumerate(self.book.codes)}
        blocks[0] = ("ranking", ranking_pages(self.book, numbers))
        for name, parts in blocks:
            out += self._blocks(name, parts)
        for i, code in enumerate(self.book.codes):
            title = words.say("atlas", "commune", name=self.book.names[code], code=code)
            out.append(Page(f"commune-{i}", title, 1, lambda sheet, i=i: draw_commune(self.book, sheet, i), on_map=True))  # type: ignore[misc]
        return [*out, *self._blocks("sources", sources_pages(self.book))]

    def _blocks(self, name: str, parts: Sequence[Block]) -> list[Page]:
        title = self.book.words.say("atlas", name)
        return [
            Page(f"{name}-{i}", self.book.words.say("atlas", "continued", title=title) if i else title, 1 if i else 0, part)
            for i, part in enumerate(parts)
        ]

    def draw(self) -> bytes:
        """Return the whole atlas as PDF."""
        words, content = self.book.words, self.book.content
        title = f"{words.say('atlas', 'title')} – {content.title}"
        sheet = Sheet.of_paper(self.book.paper, title=title, language=words.language, day=content.date)
        total = len(self.pages)
        for number, page in enumerate(self.pages, start=1):
            sheet.bookmark(page.key, page.title, page.level)
            right = [words.say("atlas", "valid_for", day=f"{content.date:%d/%m/%Y}"), words.say("atlas", "page", n=number, total=total)]
            heading(sheet, words, page.title, f"{words.say('atlas', 'title')} – {content.title}", right, made_up=content.made_up)
            page.draw(sheet)
            self._foot(sheet, on_map=page.on_map)
            sheet.next_page()
        return sheet.content()

    def _foot(self, sheet: Sheet, *, on_map: bool) -> None:
        words, content = self.book.words, self.book.content
        wide, y = sheet.width_mm - 20, sheet.height_mm - 4.5
        model = words.say("map", "no_model") if content.model is None else words.of(content.model)
        samples = words.of(count_text(sum(m.samples for m in content.measurements)))
        method = words.say("map", "method", version=content.version, model=model, cell=self.book.cell_text, samples=samples)
        right = [words.say("atlas", "missing_letters")] if sheet.missing else []
        if on_map and content.sites is not None:
            right.append(words.say("atlas", "internal"))
        used = sheet.text(10 + wide, y, "   ".join(right), 7.5, style="bold", colour=GREY, align="right", width=150) if right else 0.0
        sheet.text(10, y, method, 7.5, colour=GREY, width=wide - used - 4)

def build_atlas(printed: Printed, *, paper: str) -> bytes:
    """Return the atlas as PDF: the same content, the same bytes.

    Parameters
    ----------
    printed : Printed
    paper : {"A3", "A4"}

    Raises
    ------
    InputError
        If the paper is not one of these.
    """
    return Atlas(printed, paper).draw()

