"""A path as a picture: terrain with Earth's bulge, what stands on it, line of sight, Fresnel zone, the blocking edge.

Plain SVG: attributes only (no style sheet, no script, nothing loaded), so that a browser, Word and a printer
show the same. Every text goes through :func:`geo.mapping.escape.vn_safe`. Shades differ in lightness and lines
in their dashes, so that the picture can be read in black and white.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.errors import Bilingual
from geo.mapping.escape import vn_safe
from geo.propagation.paths import BlockingEdge, PathLoss
from geo.report.phrases import Phrases, number_text, phrases
from geo.villages.obstructions import edge_kind

__all__ = ["NARROW", "WIDE", "PictureSize", "distance_text", "edge_in_short", "edge_sentence", "profile_picture"]

_F64 = npt.NDArray[np.float64]
_FONT = "Segoe UI, Roboto, Noto Sans, Liberation Sans, DejaVu Sans, Arial, sans-serif"
#: Width of a letter in sizes of the font, generously.
_LETTER, _BOLD_LETTER = 0.55, 0.6
_ZONE_POINTS = 81
# a number and its unit stay on one line
_UNIT, _NO_BREAK = re.compile(r"(?<=\d) (?=(?:dBm|dB|m|km|MHz|%|°)(?:\W|$))"), "\u00a0"
_LEAST_BULGE_PX = 1.0
_INK, _QUIET, _GRID = "#1c1c1c", "#4c4c4c", "#d9d9d9"
_EARTH, _GROUND, _GROUND_LINE = "#75675a", "#b39b7d", "#5c4a36"
_CLUTTER, _CLUTTER_LINE = "#cfe3b4", "#3f6b1f"
_ZONE, _RAY, _EDGE = "#1f5fa8", "#08306b", "#b00020"
_LEAST_RANGE_M = 20.0
#: An edge nearer to the phone than this is also placed from there.
_NEAR_PHONE_KM = 0.5
_MARGIN_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class PictureSize:
    """How large a picture is drawn, in CSS pixels; letters keep their size whatever the width.

    Attributes
    ----------
    width : float
    plot_height : float
        Of the part with the terrain.
    font : float
    """

    width: float
    plot_height: float
    font: float


#: For a desk and for paper; for a phone held upright.
WIDE, NARROW = PictureSize(960.0, 340.0, 15.0), PictureSize(340.0, 230.0, 12.5)


def _words() -> Phrases:
    return phrases("results/signal.toml")


def edge_in_short(edge: BlockingEdge, *, surface: bool = False) -> Bilingual:
    """Return :func:`edge_sentence`, and less where nothing stands in the way."""
    return _words().say("edge", "clear_short") if edge.view == "clear" else edge_sentence(edge, surface=surface)


def edge_sentence(edge: BlockingEdge, *, surface: bool = False) -> Bilingual:
    """Return in words what stands in the way, where and how high; no full stop.

    Parameters
    ----------
    edge : BlockingEdge
    surface : bool
        Whether the terrain holds trees and houses (see :func:`geo.villages.obstructions.edge_kind`).
    """
    return _words().say(
        "edge",
        edge_kind(edge, surface=surface),
        where=_where(edge),
        height=_metres(abs(edge.over_line_m)),
        radius=_metres(edge.fresnel_radius_m),
    )


def _where(edge: BlockingEdge) -> Bilingual:
    """Return how far from the site an edge is, and from the phone where that says more."""
    near = edge.from_rx_km < _NEAR_PHONE_KM and edge.from_rx_km < edge.distance_km
    away = distance_text(edge.distance_km)
    return _words().say("edge", "near_phone", away=away, rest=distance_text(edge.from_rx_km)) if near else away


def distance_text(km: float) -> Bilingual:
    """Return a distance with its unit: metres below a kilometre."""
    metres = km < 0.9995
    number = number_text(1000.0 * km) if metres else number_text(km, 1)
    unit = "m" if metres else "km"
    return Bilingual(f"{number.vi} {unit}", f"{number.en} {unit}")


def _metres(value: float) -> Bilingual:
    return number_text(value, 0 if value >= 9.95 else 1)


def profile_picture(
    path: PathLoss,
    *,
    title: Bilingual,
    notes: Sequence[Bilingual],
    language: str,
    size: PictureSize = WIDE,
    surface: bool = False,
    headed: bool = True,
) -> str:
    """Return the picture of a path as SVG.

    Parameters
    ----------
    path : PathLoss
    title : Bilingual
        From which cell to which place; wrapped.
    notes : sequence of Bilingual
        Lines under the title; wrapped.
    language : str
        ``"vi"`` or ``"en"``.
    size : PictureSize
    surface : bool
        Whether the terrain holds trees and houses.
    headed : bool
        Whether title and notes stand above the picture; a page that says them itself leaves them out.
    """
    drawing = _Drawing(path, size, language, surface)
    body = list(drawing.head(title, notes)) if headed else []
    body += drawing.plot()
    body += drawing.legend()
    said = _words().say(
        "picture", "described", length=distance_text(path.profile.length_km), edge=edge_sentence(path.edge, surface=surface)
    )
    width, height = _px(size.width), _px(drawing.bottom)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="{_FONT}" font-size="{_px(size.font)}">\n'
        f"<title>{vn_safe(title.text(language))}</title>\n<desc>{vn_safe(said.text(language))}</desc>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _px(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _wrapped(text: str, width: float, letter: float) -> list[str]:
    """Return lines that fit a width; a word that does not fit is cut."""
    most = max(8, int(width / letter))
    lines: list[str] = []
    line = ""
    for word in _UNIT.sub(_NO_BREAK, text).split(" "):
        rest = word
        while rest:
            room = most - len(line) - bool(line)
            if len(rest) <= room:
                line, rest = f"{line} {rest}".strip(), ""
            elif line:
                lines.append(line)
                line = ""
            else:
                lines.append(rest[:most])
                rest = rest[most:]
    return [*lines, line] if line else lines


def _nice_step(span: float, most: int) -> float:
    """Return the least of 1, 2, 5 times a power of ten that gives at most so many steps."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor * most >= span * (1 - 1e-9))


class _Drawing:
    """Places and shapes of one picture; drawn from top to bottom."""

    def __init__(self, path: PathLoss, size: PictureSize, language: str, surface: bool) -> None:
        self.path, self.size, self.language, self.surface = path, size, language, surface
        profile, font = path.profile, size.font
        self.bottom = 0.6 * font
        self.left, self.right = 4.5 * font, size.width - 1.6 * font
        d = profile.distance_km
        self.far = d[-1] - d
        radius_km = path.result.earth_radius_median_km
        self.bulge: _F64 = 500.0 * d * self.far / radius_km
        self.ground, self.over = profile.ground_m + self.bulge, profile.over_m + self.bulge
        tx, rx = self.ground[0] + path.tx_height_m, self.ground[-1] + path.rx_height_m
        self.line: _F64 = (tx * self.far + rx * d) / d[-1]
        # the zone on points of its own, close together at its ends
        self.along: _F64 = d[-1] * 0.5 * (1.0 - np.cos(np.linspace(0.0, np.pi, _ZONE_POINTS)))
        self.middle: _F64 = tx + (rx - tx) * self.along / d[-1]
        self.zone: _F64 = np.sqrt(path.result.wavelength_m * self.along * (d[-1] - self.along) * 1000.0 / d[-1])
        low = float(min(self.ground.min(), self.over.min()))
        high = float(max(self.ground.max(), self.over.max(), (self.middle + self.zone).max()))
        span = max(high - low, _LEAST_RANGE_M)
        self.low, self.high = low - _MARGIN_SHARE * span - 0.25 * float(self.bulge.max()), low + span * (1 + _MARGIN_SHARE)
        self.top = 0.0

    # -- text

    def _text(self, x: float, y: float, text: str, *, anchor: str = "start", size: float = 1.0, colour: str = _INK, more: str = "") -> str:
        return (
            f'<text x="{_px(x)}" y="{_px(y)}" text-anchor="{anchor}" font-size="{_px(size * self.size.font)}" '
            f'fill="{colour}"{more}>{vn_safe(text)}</text>'
        )

    def _say(self, entry: str, **fields: object) -> str:
        return _words().say("picture", entry, **fields).text(self.language)

    def head(self, title: Bilingual, notes: Sequence[Bilingual]) -> Iterator[str]:
        """Yield title and notes, wrapped to the width."""
        font, room = self.size.font, self.size.width - 1.6 * self.size.font
        for line in _wrapped(title.text(self.language), room, 1.15 * font * _BOLD_LETTER):
            self.bottom += 1.5 * font
            yield self._text(0.8 * font, self.bottom, line, size=1.15, more=' font-weight="bold"')
        for note in notes:
            for line in _wrapped(note.text(self.language), room, font * _LETTER):
                self.bottom += 1.35 * font
                yield self._text(0.8 * font, self.bottom, line)

    # -- the plot

    def _x(self, km: float) -> float:
        return self.left + (self.right - self.left) * km / self.path.profile.length_km

    def _y(self, height_m: float) -> float:
        share = (self.high - height_m) / (self.high - self.low)
        return self.top + self.size.plot_height * min(max(share, 0.0), 1.0)

    def _points(self, km: _F64, height_m: _F64) -> str:
        return " ".join(f"{_px(self._x(a))},{_px(self._y(b))}" for a, b in zip(km, height_m, strict=True))

    def _between(self, upper: _F64, lower: _F64, look: str, d: _F64 | None = None) -> str:
        d = self.path.profile.distance_km if d is None else d
        return f'<polygon points="{self._points(d, upper)} {self._points(d[::-1], lower[::-1])}" {look}/>'

    def _curve(self, d: _F64, height_m: _F64, look: str) -> str:
        return f'<polyline points="{self._points(d, height_m)}" fill="none" {look}/>'

    def plot(self) -> list[str]:
        """Return the labels above the plot, the plot and its axes."""
        font = self.size.font
        labels_end, labels_edge = self.bottom + 1.9 * font, self.bottom + 3.4 * font
        self.top = labels_edge + 0.6 * font
        floor = np.full_like(self.line, self.low)
        out = [*self._grid()]
        zone = f'fill="{_ZONE}" fill-opacity="0.12" stroke="none"'
        out.append(self._between(self.middle + self.zone, self.middle - self.zone, zone, self.along))
        out.append(self._between(self.ground, floor, f'fill="{_GROUND}" stroke="none"'))
        if self.path.profile.cluttered:
            look = f'fill="{_CLUTTER}" stroke="{_CLUTTER_LINE}" stroke-width="1.1"'
            out.append(self._between(np.maximum(self.over, self.ground), self.ground, look))
        d = self.path.profile.distance_km
        out.append(self._curve(d, self.ground, f'stroke="{_GROUND_LINE}" stroke-width="1.4"'))
        out.append(self._between(self.low + self.bulge, floor, f'fill="{_EARTH}" stroke="none"'))
        for share, dashes in ((1.0, "2 3"), (0.6, "7 4")):
            look = f'stroke="{_ZONE}" stroke-width="1.2" stroke-dasharray="{dashes}"'
            out += [self._curve(self.along, self.middle + side * share * self.zone, look) for side in (1.0, -1.0)]
        for look in ('stroke="#ffffff" stroke-width="4" stroke-opacity="0.75"', f'stroke="{_RAY}" stroke-width="1.8"'):
            out.append(self._curve(d[[0, -1]], self.line[[0, -1]], look))
        out += self._ends(labels_end)
        out += self._edge(labels_edge)
        self.bottom = self.top + self.size.plot_height
        out += self._axes()
        return out

    def _grid(self) -> Iterator[str]:
        for height in self._ticks(self.low, self.high, max(3, int(self.size.plot_height / (2.4 * self.size.font)))):
            y = _px(self._y(height))
            yield f'<line x1="{_px(self.left)}" y1="{y}" x2="{_px(self.right)}" y2="{y}" stroke="{_GRID}" stroke-width="1"/>'

    @staticmethod
    def _ticks(low: float, high: float, most: int) -> _F64:
        step = _nice_step(high - low, most)
        return np.asarray(np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step, dtype=np.float64)

    def _axes(self) -> Iterator[str]:
        font, length = self.size.font, self.path.profile.length_km
        bottom, left = _px(self.bottom), _px(self.left)
        yield f'<polyline points="{left},{_px(self.top)} {left},{bottom} {_px(self.right)},{bottom}" fill="none" stroke="{_INK}" stroke-width="1.2"/>'
        for height in self._ticks(self.low, self.high, max(3, int(self.size.plot_height / (2.4 * font)))):
            label = number_text(height).text(self.language)
            yield self._text(self.left - 0.65 * font, self._y(height) + 0.35 * font, label, anchor="end", size=0.9)
        ticks = self._ticks(0.0, length, max(3, int((self.right - self.left) / (3.8 * font))))
        decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 2
        metres = length < 1.0
        for km in ticks:
            x = _px(self._x(km))
            yield f'<line x1="{x}" y1="{bottom}" x2="{x}" y2="{_px(self.bottom + 0.35 * font)}" stroke="{_INK}" stroke-width="1.2"/>'
            label = (number_text(1000.0 * km) if metres else number_text(km, decimals)).text(self.language)
            yield self._text(self._x(km), self.bottom + 1.4 * font, label, anchor="middle", size=0.9)
        self.bottom += 2.8 * font
        yield self._text((self.left + self.right) / 2, self.bottom, self._say("x_axis_m" if metres else "x_axis"), anchor="middle", colour=_QUIET)
        middle = _px(self.top + self.size.plot_height / 2)
        turn = f' transform="rotate(-90 {_px(0.95 * font)} {middle})"'
        yield self._text(0.95 * font, float(middle), self._say("y_axis"), anchor="middle", colour=_QUIET, more=turn)

    def _leader(self, x: float, label_y: float, y: float, colour: str) -> str:
        return (
            f'<line x1="{_px(x)}" y1="{_px(label_y + 0.3 * self.size.font)}" x2="{_px(x)}" y2="{_px(y)}" stroke="{colour}" '
            'stroke-width="0.9" stroke-dasharray="1 3"/>'
        )

    def _ends(self, label_y: float) -> Iterator[str]:
        """Yield antenna and phone with their labels in the upper of the two rows above the plot."""
        font, path = self.size.font, self.path
        yield self._leader(self.left, label_y, self._y(self.line[0]), _QUIET)
        yield self._leader(self.right, label_y, self._y(self.line[-1]), _QUIET)
        for x, ground, tip in ((self.left, self.ground[0], self.line[0]), (self.right, self.ground[-1], self.line[-1])):
            a, b = _px(self._y(ground)), _px(self._y(tip))
            yield f'<line x1="{_px(x)}" y1="{a}" x2="{_px(x)}" y2="{b}" stroke="{_INK}" stroke-width="3"/>'
        x, y, half = self.left, self._y(self.line[0]), 0.38 * font
        corners = ((x - half, y - half), (x + half, y - half), (x, y + half))
        yield f'<polygon points="{" ".join(f"{_px(a)},{_px(b)}" for a, b in corners)}" fill="#ffffff" stroke="{_INK}" stroke-width="1.5"/>'
        x, y = self.right, self._y(self.line[-1])
        yield (
            f'<rect x="{_px(x - 0.25 * font)}" y="{_px(y - 0.45 * font)}" width="{_px(0.5 * font)}" height="{_px(0.9 * font)}" '
            f'rx="1.5" fill="#ffffff" stroke="{_INK}" stroke-width="1.5"/>'
        )
        yield self._text(0.8 * font, label_y, self._say("antenna", height=_metres(path.tx_height_m)), size=0.95)
        label = self._say("phone", height=_metres(path.rx_height_m))
        yield self._text(self.size.width - 0.8 * font, label_y, label, anchor="end", size=0.95)

    def _edge_colour(self) -> str:
        return _EDGE if self.path.edge.view != "clear" else _QUIET

    def _edge(self, label_y: float) -> Iterator[str]:
        """Yield the edge, its height over the line, and its label in the lower row above the plot."""
        font, edge = self.size.font, self.path.edge
        colour = self._edge_colour()
        x, tip, line = self._x(edge.distance_km), self._y(self.over[edge.index]), self._y(self.line[edge.index])
        where = distance_text(edge.distance_km)
        text = self._say("above" if edge.over_line_m > 0 else "below", where=where, height=_metres(abs(edge.over_line_m)))
        half = len(text) * _BOLD_LETTER * 0.95 * font / 2
        at = min(max(x, 0.8 * font + half), self.size.width - 0.8 * font - half)
        yield self._leader(x, label_y, min(tip, line), colour)
        yield f'<line x1="{_px(x)}" y1="{_px(line)}" x2="{_px(x)}" y2="{_px(tip)}" stroke="{colour}" stroke-width="3"/>'
        yield f'<circle cx="{_px(x)}" cy="{_px(tip)}" r="{_px(0.33 * font)}" fill="#ffffff" stroke="{colour}" stroke-width="2.5"/>'
        yield self._text(at, label_y, text, anchor="middle", size=0.95, colour=colour, more=' font-weight="bold"')

    # -- the legend

    def legend(self) -> list[str]:
        """Return the legend, in as many columns as fit, and how much heights are stretched."""
        font, edge = self.size.font, self.path.edge
        entries = [
            (self._say("surface" if self.surface else "terrain"), self._patch(_GROUND, _GROUND_LINE)),
            (self._say("line"), self._stroke(_RAY, "")),
            (self._say("zone"), self._stroke(_ZONE, "2 3")),
            (self._say("most"), self._stroke(_ZONE, "7 4")),
            (self._say(f"edge_{edge.view}"), self._mark()),
        ]
        if self.path.profile.cluttered:
            entries.insert(1, (self._say("clutter"), self._patch(_CLUTTER, _CLUTTER_LINE)))
        if float(self.bulge.max()) / (self.high - self.low) * self.size.plot_height >= _LEAST_BULGE_PX:
            entries.append((self._say("bulge", height=_metres(float(self.bulge.max()))), self._patch(_EARTH, _EARTH)))
        widest = max(len(text) for text, _ in entries) * _LETTER * font + 3.2 * font
        room = self.size.width - 1.6 * font
        columns = max(1, int(room / widest))
        out: list[str] = []
        self.bottom += 0.9 * font
        for number, (text, mark) in enumerate(entries):
            x = 0.8 * font + (number % columns) * room / columns
            if number % columns == 0:
                self.bottom += 1.5 * font
            out.append(f'<g transform="translate({_px(x)} {_px(self.bottom - 0.85 * font)})">{mark}</g>')
            out.append(self._text(x + 2.6 * font, self.bottom, text))
        across = (self.right - self.left) / (self.path.profile.length_km * 1000.0)
        times = self.size.plot_height / (self.high - self.low) / across
        if times >= 1.05:
            said = self._say("stretched", times=number_text(times, 0 if times >= 9.95 else 1))
            for line in _wrapped(said, room, font * _LETTER):
                self.bottom += 1.5 * font
                out.append(self._text(0.8 * font, self.bottom, line, colour=_QUIET))
        self.bottom += 0.8 * font
        return out

    def _patch(self, fill: str, line: str) -> str:
        font = self.size.font
        return f'<rect width="{_px(2.0 * font)}" height="{_px(font)}" fill="{fill}" stroke="{line}" stroke-width="1"/>'

    def _stroke(self, colour: str, dashes: str) -> str:
        font = self.size.font
        pattern = f' stroke-dasharray="{dashes}"' if dashes else ""
        return f'<line x1="0" y1="{_px(font / 2)}" x2="{_px(2.0 * font)}" y2="{_px(font / 2)}" stroke="{colour}" stroke-width="1.8"{pattern}/>'

    def _mark(self) -> str:
        font = self.size.font
        return f'<circle cx="{_px(font)}" cy="{_px(font / 2)}" r="{_px(0.33 * font)}" fill="#ffffff" stroke="{self._edge_colour()}" stroke-width="2.5"/>'
