"""What stands around a map on paper: headings, tables, legends, the place in the country, room for signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from geo.mapping.archipelagos import Archipelago, frame_of_vietnam
from geo.mapping.palette import AreaStyle, Palette
from geo.report.paper import Sheet, line_height, printable, text_width, wrapped
from geo.report.plate import blended, drawing
from geo.report.print_words import Words

__all__ = ["BAND", "FAINT", "GREY", "LEGEND_STEP", "Cell", "Column", "area_swatch", "banner", "heading", "inset", "insets_height", "section", "signatures", "state_swatches", "table", "table_heights", "zone"]

Bounds = tuple[float, float, float, float]
GREY, FAINT, BAND = "#5b5b5b", "#bdbdbd", "#eef2f6"
_ROW_PAD = 0.7


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table: header, width in mm, side that its texts stand at, lines that a cell may take."""

    title: str
    width: float
    align: Literal["left", "right", "middle"] = "left"
    most: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is more than a text: bold, or a link to a page."""

    text: str
    bold: bool = False
    link: str = ""


def heading(sheet: Sheet, words: Words, title: str, under: str, right: Sequence[str], *, made_up: bool) -> None:
    """Write what stands on top of a page; a red band if the data is invented."""
    x, wide = 10.0, sheet.width_mm - 20
    side = 95.0
    sheet.text(x, 16.5, title, 19, style="bold", width=wide - side - 4)
    sheet.text(x, 23.2, under, 10.5, colour=GREY, width=wide - side - 4)
    for i, line in enumerate(right):
        sheet.text(x + wide, 13.8 + i * 4.7, line, 9.5, align="right", colour="#1a1a1a" if i == 0 else GREY, width=side)
    if made_up:
        banner(sheet, words.map_says("page.made_up"), x + wide / 2 + 38, 15.6)
    sheet.line([(x, 26), (x + wide, 26)], "#1a1a1a", 0.3)


def banner(sheet: Sheet, text: str, x: float, y: float, size: float = 12) -> None:
    """Write the mark of invented data about ``x``."""
    wide = text_width(printable(text)[0], size, "bold") + 8
    sheet.rectangle(x - wide / 2, y - 5.6, wide, 8, fill="#b3001b")
    sheet.text(x, y + 0.1, text, size, style="bold", colour="#ffffff", align="middle")


def section(sheet: Sheet, x: float, y: float, width: float, title: str, *, note: str = "") -> float:
    """Write the heading of a block and return where its content begins."""
    sheet.rectangle(x, y, width, 5.6, fill="#0b3a66")
    room = width - 4
    if note:
        room -= sheet.text(x + width - 2, y + 4.0, note, 7.5, align="right", colour="#ffffff", width=width * 0.5) + 3
    sheet.text(x + 2, y + 4.1, title, 10, style="bold", colour="#ffffff", width=room)
    return y + 6.6


def table_heights(columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]], size: float) -> list[float]:
    """Return the height in mm of each row."""
    step = line_height(size)
    out = []
    for row in rows:
        lines = 1
        for column, cell in zip(columns, row, strict=True):
            if column.most > 1:
                text = cell.text if isinstance(cell, Cell) else cell
                lines = max(lines, len(wrapped(text, size, column.width - 1.6, most=column.most)))
        out.append(lines * step + _ROW_PAD)
    return out


def table(
    sheet: Sheet, x: float, y: float, columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]], *, size: float = 8.5, head: bool = True
) -> float:
    """Draw a table and return where the next thing may begin; a text too long for its cell is set smaller, then cut."""
    wide = sum(column.width for column in columns)
    if head:
        most = max(len(_head_lines(column, size)) for column in columns)
        high = most * line_height(size - 0.5) + 1.2
        sheet.rectangle(x, y, wide, high, fill=BAND)
        left = x
        for column in columns:
            lines = _head_lines(column, size)
            for i, line in enumerate(lines):
                base = y + high - 1.4 - (len(lines) - 1 - i) * line_height(size - 0.5)
                sheet.text(_edge(left, column), base, line, size - 0.5, style="bold", align=column.align, width=column.width - 1.2)
            left += column.width
        y += high
        sheet.line([(x, y), (x + wide, y)], "#1a1a1a", 0.2)
    step = line_height(size)
    for row, high in zip(rows, table_heights(columns, rows, size), strict=True):
        left = x
        for column, cell in zip(columns, row, strict=True):
            text, style = (cell.text, "bold" if cell.bold else "regular") if isinstance(cell, Cell) else (cell, "regular")
            if column.most > 1:
                sheet.paragraph(left + 0.8, y + 0.1, column.width - 1.6, text, size, style=style, most=column.most)
            else:
                sheet.text(_edge(left, column), y + 0.78 * step + 0.1, text, size, style=style, align=column.align, width=column.width - 1.4)
            if isinstance(cell, Cell) and cell.link:
                sheet.link(cell.link, left, y, column.width, high)
            left += column.width
        y += high
        sheet.line([(x, y), (x + wide, y)], FAINT, 0.1)
    return y + 1.6


def _head_lines(column: Column, size: float) -> list[str]:
    return wrapped(column.title, size - 0.5, column.width - 1.2, "bold", most=3)


def _edge(left: float, column: Column) -> float:
    return {"left": left + 0.8, "right": left + column.width - 0.8, "middle": left + column.width / 2}[column.align]


# -- legends

LEGEND_STEP = 4.6


def area_swatch(sheet: Sheet, style: AreaStyle, x: float, y: float) -> None:
    """Draw how a class of areas looks on the map, 8 mm by 3.4 mm."""
    if style.pattern == "line":
        sheet.line([(x, y + 1.7), (x + 8, y + 1.7)], style.line, 0.9)
        return
    ring = [np.array([[x, y], [x + 8, y], [x + 8, y + 3.4], [x, y + 3.4]])]
    zone(sheet, ring, style)


def zone(sheet: Sheet, rings: Sequence[np.ndarray], style: AreaStyle) -> None:
    """Draw an area of a class: a thin fill, the class's pattern, its edge."""
    sheet.area(rings, fill=style.fill, opacity=0.28)
    sheet.pattern(rings, style.pattern, style.line, step=float(drawing()["pattern_step_mm"]))
    sheet.area(rings, line=style.line, line_width=0.35)


def state_swatches(sheet: Sheet, words: Words, colours: Palette, x: float, y: float, width: float) -> float:
    """Draw the legend of coverage, and return where the next thing may begin."""
    strength = float(drawing()["coverage_strength"])
    for state in colours.states:
        fill = "#{:02x}{:02x}{:02x}".format(*blended(state.colour, strength))
        sheet.rectangle(x, y, 8, 3.4, fill=fill, line="#8a8a8a", line_width=0.1)
        if state.hatch_kind:
            ring = [np.array([[x, y], [x + 8, y], [x + 8, y + 3.4], [x, y + 3.4]])]
            mark = "#{:02x}{:02x}{:02x}".format(*blended(state.hatch, strength))
            sheet.pattern(ring, "dots" if state.hatch_kind == "dots" else "diagonal", mark, step=1.2, width=0.22)
        sheet.text(x + 10, y + 2.7, words.say("legend_state", state.key), 8, width=width - 11)
        y += LEGEND_STEP
    return y


def insets_height(width: float) -> float:
    """Return how high the inset of the country is."""
    frame = frame_of_vietnam()
    return width * (frame.north - frame.south) / (frame.east - frame.west)


def inset(sheet: Sheet, words: Words, x: float, y: float, width: float, bounds: Bounds | None, archipelagos: Sequence[Archipelago]) -> float:
    """Draw the East Sea with both archipelagos and the place of the map in it; return where the next thing may begin.

    Parameters
    ----------
    bounds : tuple or None
        West, south, east, north of the map in degrees.
    archipelagos : sequence of Archipelago
    """
    frame = frame_of_vietnam()
    unit = width / (frame.east - frame.west)
    high = insets_height(width)

    def at(lon: float, lat: float) -> tuple[float, float]:
        return x + (lon - frame.west) * unit, y + (frame.north - lat) * unit

    sheet.rectangle(x, y, width, high, fill="#eaf3fa", line="#1a1a1a", line_width=0.25)
    with sheet.within(x, y, width, high):
        for lon in range(105, 118, 5):
            sheet.line([at(lon, frame.south), at(lon, frame.north)], "#9db4c6", 0.08)
            sheet.text(at(lon, 0)[0] + 0.4, y + high - 0.7, f"{lon}°{'Đ' if words.language == 'vi' else 'E'}", 5)
        for lat in range(5, 23, 5):
            sheet.line([at(frame.west, lat), at(frame.east, lat)], "#9db4c6", 0.08)
            sheet.text(x + 0.4, at(0, lat)[1] - 0.3, f"{lat}°{'B' if words.language == 'vi' else 'N'}", 5)
        sheet.text(*at(112.6, 12.2), words.say("map", "sea"), 7, style="italic", colour="#31618c", align="middle")
        for entry in archipelagos:
            px, py = at(entry.lon, entry.lat)
            for dx, dy in ((0, 0), (-1.2, 0.6), (1.0, -0.7), (0.6, 1.0)):
                sheet.symbol(px + dx, py + dy, "circle", fill="#1a1a1a", line="#1a1a1a", radius=0.18)
            name, bracket, rest = words.of(entry.label).partition("(")
            for i, line in enumerate([name.strip(), bracket + rest] if bracket else [name]):
                half = min(width / 2, text_width(line, 5.5) / 2 + 0.6)
                sheet.text(min(max(px, x + half), x + width - half), py + 3.6 + i * 2.5, line, 5.5, align="middle", width=width - 1)
        if bounds is not None and frame.touches(bounds):
            west, south, east, north = bounds
            (left, top), (right, bottom) = at(west, north), at(east, south)
            wide, tall = max(1.6, right - left), max(1.6, bottom - top)
            sheet.rectangle(left, top, wide, tall, line="#d4009d", line_width=0.5)
    return y + high + 1.5


def signatures(sheet: Sheet, words: Words, x: float, y: float, width: float, height: float) -> None:
    """Leave room for who made the page and who approves it; no name is filled in."""
    sheet.rectangle(x, y, width, height, line=FAINT, line_width=0.2)
    sheet.text(x + width - 3, y + 5, words.say("signature", "place"), 8.5, style="italic", align="right", width=width - 6)
    for i, entry in enumerate(("maker", "leader")):
        middle = x + width * (1 + 2 * i) / 4
        sheet.text(middle, y + 11, words.say("signature", entry), 9.5, style="bold", align="middle", width=width / 2 - 4)
        sheet.text(middle, y + 15, words.say("signature", "sign"), 8, style="italic", align="middle", colour=GREY, width=width / 2 - 4)
