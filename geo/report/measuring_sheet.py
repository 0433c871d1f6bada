"""What a measuring team takes along: one printed page per vehicle-day, with the route, the stops and what to lock.

The sheet leaves the office, so it names places, operators and technologies only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.errors import Bilingual
from geo.io.assets import template_text
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.page import drawing, environment, inline_code, policy
from geo.report.phrases import phrases

__all__ = ["DaySheet", "SheetStop", "measuring_sheet", "route_picture"]

_F64 = npt.NDArray[np.float64]
_FOLDER, _WORDS = "measurements", "results/sampling.toml"
_FONT = "Segoe UI, Roboto, Noto Sans, Liberation Sans, DejaVu Sans, Arial, sans-serif"
_WIDTH, _HEIGHT, _MARGIN, _DOT = 460.0, 320.0, 22.0, 9.0
_WAY, _INK, _PAPER = "#08408a", "#1c1c1c", "#ffffff"
_COLUMNS = ("stop", "time", "place", "way", "measure", "change", "done")


@dataclass(frozen=True, slots=True)
class SheetStop:
    """One row: number, when, where, how to get there, what to measure, what it is expected to decide."""

    number: int
    time: Bilingual
    village: str
    commune: str
    place: Bilingual
    way: Bilingual
    walk: Bilingual
    measure: tuple[Bilingual, ...]
    change: Bilingual


@dataclass(frozen=True, slots=True)
class DaySheet:
    """One page.

    Attributes
    ----------
    title, totals, start, back, gpx : Bilingual
    stops : tuple of SheetStop
    picture : str
        From :func:`route_picture`.
    """

    title: Bilingual
    totals: Bilingual
    start: Bilingual
    back: Bilingual
    gpx: Bilingual
    stops: tuple[SheetStop, ...]
    picture: str


def measuring_sheet(days: Sequence[DaySheet], *, title: str, project: Bilingual, rules: Sequence[Bilingual], language: str, made_up: bool) -> bytes:
    """Return the sheets of all vehicle-days as one UTF-8 HTML page that prints one to a sheet; the same content gives the same bytes.

    Parameters
    ----------
    days : sequence of DaySheet
    title : str
        Of the page.
    project : Bilingual
        What the plan was made from.
    rules : sequence of Bilingual
        What holds at every stop.
    language : {"vi", "en"}
    made_up : bool

    Raises
    ------
    ResourceError
        If a text or template that ships with the package is missing, or a picture holds more than shapes and escaped text.
    """
    words = phrases(_WORDS)

    def safe(text: Bilingual) -> SafeText:
        return vn_safe(text.text(language))

    style = inline_code(template_text(f"{_FOLDER}/page.css"))
    values = {
        "page": {"language": vn_safe(language), "title": vn_safe(title), "policy": policy([], [style]), "style": style},
        "made_up": safe(words.say("sheet", "made_up")) if made_up else None,
        "project": safe(project),
        "lock": safe(words.say("sheet", "lock")),
        "private": safe(words.say("sheet", "private")),
        "method": safe(words.say("sheet", "method")),
        "rules": [safe(rule) for rule in rules],
        "columns": [safe(words.say("columns", name)) for name in _COLUMNS],
        "days": [
            {
                "title": safe(day.title),
                "totals": safe(day.totals),
                "start": safe(day.start),
                "back": safe(day.back),
                "gpx": safe(day.gpx),
                "picture": drawing(day.picture),
                "stops": [
                    {
                        "number": stop.number,
                        "time": safe(stop.time),
                        "village": vn_safe(stop.village),
                        "commune": vn_safe(stop.commune),
                        "place": safe(stop.place),
                        "way": safe(stop.way),
                        "walk": safe(stop.walk),
                        "measure": [safe(line) for line in stop.measure],
                        "change": safe(stop.change),
                    }
                    for stop in day.stops
                ],
            }
            for day in days
        ],
    }
    return environment(_FOLDER).get_template("page.html").render(values).encode("utf-8")


def route_picture(way: _F64, stops: _F64, left_at: _F64, start: _F64, numbers: Sequence[int], title: str) -> str:
    """Return a sketch of a route: the way, the stops by number, dashed from the road to each, a square at the start; north is up.

    Parameters
    ----------
    way : (n, 2) float64 array
        Along the roads, metres.
    stops, left_at : (k, 2) float64 arrays
        The villages, and where the vehicle is left for each.
    start : (2,) float64 array
    numbers : sequence of int
    title : str
    """
    every = np.vstack([way, stops, start[None]])
    low, high = every.min(axis=0), every.max(axis=0)
    scale = float(min((_WIDTH - 2 * _MARGIN) / max(high[0] - low[0], 1.0), (_HEIGHT - 2 * _MARGIN) / max(high[1] - low[1], 1.0)))
    left = 0.5 * (_WIDTH - scale * (high[0] - low[0]))
    top = 0.5 * (_HEIGHT + scale * (high[1] - low[1]))

    def at(xy: _F64) -> tuple[float, float]:
        return left + scale * float(xy[0] - low[0]), top - scale * float(xy[1] - low[1])

    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, way))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" font-family="{_FONT}">',
        f"<title>{vn_safe(title)}</title>",
        f'<polyline points="{points}" fill="none" stroke="{_WAY}" stroke-width="2"/>',
    ]
    x, y = at(start)
    parts.append(f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="{_INK}"/>')
    for xy, road in zip(stops, left_at, strict=True):
        (x, y), (u, v) = at(xy), at(road)
        parts.append(f'<line x1="{u:.1f}" y1="{v:.1f}" x2="{x:.1f}" y2="{y:.1f}" stroke="{_WAY}" stroke-width="1.5" stroke-dasharray="4 3"/>')
    for number, xy in zip(numbers, stops, strict=True):
        x, y = at(xy)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT:.0f}" fill="{_PAPER}" stroke="{_INK}" stroke-width="1.5"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="11" font-weight="bold" fill="{_INK}">{number}</text>')
    parts.append("</svg>")
    return "\n".join(parts)
