"""Paper: pages of a PDF in millimetres from the upper left corner, text that always fits, shapes with patterns.

Nothing is parsed here: a text is a row of letters, never markup, so that no text of a file can become anything else.
Letters that the font does not have are counted and written ``[?×n]``; a text too long is set smaller, then cut with
an ellipsis. Dates and identifiers of the file are those of the project, so that the same pages are the same bytes.

A sheet is laid out once, for A3; on A4 everything is smaller by the ratio of the papers (1 to the root of 2), which is
what these papers are made for. Scales of maps count that in.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from geo.io.assets import installed_bytes
from geo.mapping.palette import symbol_polygon
from geo.text import clean

__all__ = ["PAPERS", "Sheet", "line_height", "printable", "text_width", "wrapped"]

#: Width and height in mm, lying.
PAPERS = {"A3": (420.0, 297.0), "A4": (297.0, 210.0)}
_DESIGN_WIDTH_MM = PAPERS["A3"][0]
_POINTS_PER_MM = 72 / 25.4
_PACKAGE, _FOLDER = "xstatic.pkg.roboto_fontface", "data/fonts/roboto"
_FILES = {"regular": "Roboto-Regular.ttf", "bold": "Roboto-Bold.ttf", "italic": "Roboto-RegularItalic.ttf"}
_SMALLEST = 0.8
_LEADING = 1.25
_ELLIPSIS = "…"
_CIRCLES = ("circle", "ring")


@lru_cache(maxsize=len(_FILES))
def _font(style: str) -> TTFont:
    """Return a font, registered under the name of its file."""
    font = TTFont(f"Vungphu-{style}", io.BytesIO(installed_bytes(_PACKAGE, f"{_FOLDER}/{_FILES[style]}")))
    pdfmetrics.registerFont(font)
    return font


@lru_cache(maxsize=1 << 14)
def printable(text: str) -> tuple[str, int]:
    """Return a text as the fonts can set it, and how many letters they lack.

    Control characters and marks of direction go; a row of ``n`` letters without a glyph becomes ``[?×n]``.
    """
    glyphs = _font("regular").face.charToGlyph
    out: list[str] = []
    missing = run = 0
    for letter in clean(text):
        if glyphs.get(ord(letter)):  # glyph 0 is the box for what a font has not
            if run:
                out.append(f"[?×{run}]")
            run = 0
            out.append(letter)
        else:
            run += 1
            missing += 1
    if run:
        out.append(f"[?×{run}]")
    return "".join(out), missing


@lru_cache(maxsize=256)
def _colour(code: str) -> Color:
    return HexColor(code)


@contextmanager
def _plain_streams() -> Iterator[None]:
    """Have streams compressed and not written out in letters again: a quarter less to keep, and most of the time."""
    before, rl_config.useA85 = rl_config.useA85, 0
    try:
        yield
    finally:
        rl_config.useA85 = before


@lru_cache(maxsize=1 << 15)
def _width(text: str, size: float, style: str) -> float:
    return float(_font(style).stringWidth(text, size))


def text_width(text: str, size: float, style: str = "regular") -> float:
    """Return the width in mm on A3 of a text of ``size`` points that is :func:`printable`."""
    return _width(text, size, style) / _POINTS_PER_MM


def _cut(text: str, size: float, style: str, width_mm: float) -> str:
    """Return as much of a text as fits, with an ellipsis if that is not all."""
    if text_width(text, size, style) <= width_mm:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle].rstrip() + _ELLIPSIS, size, style) <= width_mm:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + _ELLIPSIS


def wrapped(text: str, size: float, width_mm: float, style: str = "regular", most: int | None = None) -> list[str]:
    """Return a text in lines that fit, at most ``most``; a word longer than a line is broken."""
    lines: list[str] = []
    line = ""
    for word in printable(text)[0].split(" "):
        joined = f"{line} {word}" if line else word
        if text_width(joined, size, style) <= width_mm:
            line = joined
            continue
        if line:
            lines.append(line)
        while text_width(word, size, style) > width_mm and len(word) > 1:
            n = len(_cut(word, size, style, width_mm)) - 1
            n = max(1, n)
            lines.append(word[:n])
            word = word[n:]  # noqa: PLW2901
        line = word
    lines.append(line)
    if most is not None and len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        lines = [*lines[: most - 1], _cut(rest, size, style, width_mm)]
        if not lines[-1].endswith(_ELLIPSIS):
            lines[-1] = _cut(lines[-1] + " " + _ELLIPSIS, size, style, width_mm)
    return lines


class Sheet:
    """A PDF that grows page by page.

    Parameters
    ----------
    width_mm, height_mm : float
        Of the paper that everything is laid out for.
    factor : float
        Size of the real paper over that; 1 for the same.
    title : str
    language : {"vi", "en"}
    day : date
        Day that the file states as its own.

    Attributes
    ----------
    missing : int
        Letters on the page in work that no font has.
    """

    def __init__(self, width_mm: float, height_mm: float, *, factor: float = 1.0, title: str, language: str, day: date) -> None:
        self.width_mm, self.height_mm, self.factor = width_mm, height_mm, factor
        self.missing = 0
        self._unit = _POINTS_PER_MM * factor
        for style in _FILES:
            _font(style)
        self._stream = io.BytesIO()
        self._canvas = Canvas(
            self._stream, pagesize=(width_mm * self._unit, height_mm * self._unit), invariant=1, pageCompression=1,
            initialFontName="Vungphu-regular", initialFontSize=9, lang=language,
        )  # fmt: skip
        self._canvas.setTitle(printable(title)[0])
        self._canvas.setAuthor("")
        self._canvas.setSubject("")
        self._canvas.setCreator("vungphu")
        self._canvas.setProducer("vungphu")
        self._canvas.setDateFormatter(lambda *_: f"D:{day:%Y%m%d}000000+00'00'")

    @classmethod
    def of_paper(cls, paper: str, *, title: str, language: str, day: date) -> Sheet:
        """Return a lying sheet that is laid out for A3 and printed on ``paper``."""
        width, height = PAPERS["A3"]
        return cls(width, height, factor=PAPERS[paper][0] / _DESIGN_WIDTH_MM, title=title, language=language, day=day)

    # -- pages

    def next_page(self) -> None:
        """End the page in work."""
        self._canvas.showPage()
        self.missing = 0

    def bookmark(self, key: str, title: str, level: int = 0) -> None:
        """Make the page in work a target of links, and an entry of the list of contents."""
        self._canvas.bookmarkPage(key)
        self._canvas.addOutlineEntry(printable(title)[0], key, level)

    def link(self, key: str, x: float, y: float, width: float, height: float) -> None:
        """Lead from a rectangle to a page that is marked somewhere."""
        left, top = self._at(x, y)
        right, bottom = self._at(x + width, y + height)
        self._canvas.linkAbsolute("", key, Rect=(left, bottom, right, top), Border="[0 0 0]")

    def content(self) -> bytes:
        """End the last page and return the file; nothing can be drawn afterwards."""
        with _plain_streams():
            found: bytes = self._canvas.getpdfdata()
        return found

    # -- text

    def text(
        self, x: float, y: float, text: str, size: float = 9.0, *, style: str = "regular", colour: str = "#1a1a1a", align: str = "left",
        width: float | None = None, halo: bool = False,
    ) -> float:  # fmt: skip
        """Write one line with its base line at ``y``; return its width.

        A text wider than ``width`` (mm) is set smaller, then cut.
        """
        shown, missing = printable(text)
        self.missing += missing
        if width is not None:
            full = text_width(shown, size, style)
            if full > width:
                size = max(size * _SMALLEST, size * width / full)
                shown = _cut(shown, size, style, width)
        wide = text_width(shown, size, style)
        left = x - {"left": 0.0, "right": wide, "middle": wide / 2}[align]
        at = self._at(left, y)
        if halo:
            self._canvas.saveState()
            self._canvas.setStrokeColor(_colour("#ffffff"))
            self._canvas.setLineWidth(0.55 * self._unit)
            self._canvas.setLineJoin(1)
            self._letters(at, shown, size, style, mode=1)
            self._canvas.restoreState()
        self._canvas.setFillColor(_colour(colour))
        self._letters(at, shown, size, style, mode=0)
        return wide

    def _letters(self, at: tuple[float, float], text: str, size: float, style: str, mode: int) -> None:
        letters = self._canvas.beginText(*at)
        letters.setFont(f"Vungphu-{style}", size * self.factor)
        letters.setTextRenderMode(mode)
        letters.textOut(text)
        self._canvas.drawText(letters)

    def paragraph(
        self, x: float, y: float, width: float, text: str, size: float = 9.0, *, style: str = "regular", colour: str = "#1a1a1a",
        most: int | None = None,
    ) -> float:  # fmt: skip
        """Write lines below ``y`` and return where the next thing may begin."""
        self.missing += printable(text)[1]
        step = line_height(size)
        for line in wrapped(text, size, width, style, most):
            y += step
            self.text(x, y - 0.25 * step, line, size, style=style, colour=colour)
        return y

    # -- shapes

    def line(self, points: Sequence[tuple[float, float]], colour: str = "#1a1a1a", width: float = 0.2, dash: Sequence[float] = ()) -> None:
        """Draw a line through points."""
        self.lines([np.asarray(points, dtype=np.float64)], colour, width, dash)

    def rectangle(
        self, x: float, y: float, width: float, height: float, *, fill: str | None = None, line: str | None = None, line_width: float = 0.2,
    ) -> None:  # fmt: skip
        """Draw a rectangle by its upper left corner."""
        self.area([np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])], fill=fill, line=line, line_width=line_width)

    def area(
        self, rings: Sequence[npt.NDArray[np.float64]], *, fill: str | None = None, opacity: float = 1.0, line: str | None = None,
        line_width: float = 0.2, dash: Sequence[float] = (),
    ) -> None:  # fmt: skip
        """Draw rings of (n, 2) points, what lies inside two of them left empty."""
        if not rings or (fill is None and line is None):
            return
        self._pen(line or "#000000", line_width, dash)
        if fill is not None:
            self._canvas.setFillColor(_colour(fill))
        if opacity < 1:
            self._canvas.setFillAlpha(opacity)
        self._canvas.addLiteral(f"{self._path(rings)} {'B*' if fill and line else 'f*' if fill else 'S'}")
        if opacity < 1:
            self._canvas.setFillAlpha(1)

    def lines(self, parts: Sequence[npt.NDArray[np.float64]], colour: str, width: float, dash: Sequence[float] = ()) -> None:
        """Draw lines of (n, 2) points."""
        if not parts:
            return
        self._pen(colour, width, dash)
        self._canvas.addLiteral(f"{self._path(parts, close=False)} S")

    def pattern(self, rings: Sequence[npt.NDArray[np.float64]], pattern: str, colour: str, *, step: float = 1.5, width: float = 0.18) -> None:
        """Fill rings with a pattern of the palette: lines or dots ``step`` mm apart."""
        if not rings or pattern in {"solid", "line"}:
            return
        points = np.concatenate(rings)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        left, top = np.floor(left / step) * step, np.floor(top / step) * step  # patterns of neighbours meet
        self._canvas.saveState()
        self._canvas.addLiteral(f"{self._path(rings)} W* n")
        if pattern == "dots":
            rows = np.arange(top, bottom + step, step)
            columns = np.arange(left, right + step, step)
            dots = [np.array([[x, y], [x, y]]) for j, y in enumerate(rows) for x in columns + (j % 2) * step / 2]
            self._canvas.setLineCap(1)
            self.lines(dots, colour, 2.8 * width)
        else:
            self.lines(_hatching(pattern, left, top, right, bottom, step), colour, width)
        self._canvas.restoreState()

    def symbol(self, x: float, y: float, shape: str, *, fill: str, line: str, radius: float) -> None:
        """Draw a symbol of the palette about a point."""
        if shape in _CIRCLES:
            self._pen(line, 0.45 * radius if shape == "ring" else 0.15)
            self._canvas.setFillColor(_colour(fill))
            self._canvas.circle(*self._at(x, y), radius * self._unit, stroke=1, fill=1)
            return
        corners = np.array(symbol_polygon(shape)) * radius + (x, y)
        self.area([corners], fill=fill, line=line, line_width=0.15)

    def image(self, pixels: npt.NDArray[np.uint8], x: float, y: float, width: float, height: float) -> None:
        """Draw an image of (rows, columns, 3) by its upper left corner."""
        left, bottom = self._at(x, y + height)
        picture: Any = ImageReader(Image.fromarray(pixels))
        with _plain_streams():
            self._canvas.drawImage(picture, left, bottom, width * self._unit, height * self._unit)

    @contextmanager
    def within(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """Keep what is drawn inside a rectangle."""
        ring = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
        self._canvas.saveState()
        self._canvas.addLiteral(f"{self._path([ring])} W n")
        yield
        self._canvas.restoreState()

    def _pen(self, colour: str, width: float, dash: Sequence[float] = ()) -> None:
        self._canvas.setStrokeColor(_colour(colour))
        self._canvas.setLineWidth(width * self._unit)
        self._canvas.setLineJoin(1)
        self._canvas.setDash([d * self._unit for d in dash] if dash else [])

    def _path(self, rings: Sequence[npt.NDArray[np.float64]], *, close: bool = True) -> str:
        """Return rings as the operators of PDF (ISO 32000-1, 8.5.2): m, l and h, to a hundredth of a point."""
        parts: list[str] = []
        for ring in rings:
            x = (ring[:, 0] * self._unit).tolist()
            y = ((self.height_mm - ring[:, 1]) * self._unit).tolist()
            points = [f"{a:.2f} {b:.2f}" for a, b in zip(x, y, strict=True)]
            parts.append(f"{points[0]} m {' l '.join(points[1:])} l{' h' if close else ''}")
        return " ".join(parts)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        """Return points from the lower left corner, as PDF has them, to a thousandth."""
        return round(float(x) * self._unit, 3), round((self.height_mm - float(y)) * self._unit, 3)


def _hatching(pattern: str, left: float, top: float, right: float, bottom: float, step: float) -> list[npt.NDArray[np.float64]]:
    """Return the lines of a pattern over a rectangle, ``step`` mm apart, in line with those of its neighbours."""
    slant = step * 2**0.5
    found: list[tuple[float, float, float, float]] = []
    if pattern in {"diagonal", "cross"}:
        first = np.floor((left + top) / slant) * slant
        found += [(s - top, top, s - bottom, bottom) for s in np.arange(first, right + bottom + slant, slant)]
    if pattern in {"back_diagonal", "cross"}:
        first = np.floor((left - bottom) / slant) * slant
        found += [(s + top, top, s + bottom, bottom) for s in np.arange(first, right - top + slant, slant)]
    if pattern == "horizontal":
        found += [(left, y, right, y) for y in np.arange(top, bottom + step, step)]
    if pattern == "vertical":
        found += [(x, top, x, bottom) for x in np.arange(left, right + step, step)]
    return [np.array([[x0, y0], [x1, y1]]) for x0, y0, x1, y1 in found]


def line_height(size: float) -> float:
    """Return the distance of lines in mm."""
    return size / _POINTS_PER_MM * _LEADING
