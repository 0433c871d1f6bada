"""A small map of the sea and the two archipelagos, with the area of the main map marked in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geo.errors import Bilingual
from geo.mapping.archipelagos import Archipelago, Frame
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.labels import label

__all__ = ["inset_drawing"]

_WIDTH = 190.0
_MARGIN_DEG = 0.5
_LINE_HEIGHT = 10.5
_LETTER_WIDTH = 5.6
_SEA = (112.5, 13.2)
_SMALLEST_AREA = 5.0
_DOTS = ((0.0, 0.0), (-5.0, 2.5), (4.0, -3.0), (2.5, 4.0))


def inset_drawing(bounds: tuple[float, float, float, float], frame: Frame, archipelagos: Sequence[Archipelago]) -> dict[str, Any]:
    """Return positions and texts of the inset in its own units (equirectangular, 1° the same both ways).

    Parameters
    ----------
    bounds : tuple
        West, south, east, north of the main map in degrees.
    frame : Frame
    archipelagos : sequence of Archipelago
    """
    scale = _WIDTH / (frame.east - frame.west)
    height = round((frame.north - frame.south) * scale, 1)

    def x(lon: float) -> float:
        return round((lon - frame.west) * scale, 1)

    def y(lat: float) -> float:
        return round((frame.north - lat) * scale, 1)

    west, south, east, north = bounds
    left, right = max(west, frame.west), min(east, frame.east)
    top, bottom = min(north, frame.north), max(south, frame.south)
    return {
        "width": _WIDTH,
        "height": height,
        "title": label("inset.caption"),
        "caption": label("inset.caption"),
        "area_label": label("inset.area"),
        "meridians": [{"at": x(lon), "text": _degrees(lon, "E")} for lon in _whole(frame.west, frame.east)],
        "parallels": [{"at": y(lat), "text": _degrees(lat, "N")} for lat in _whole(frame.south, frame.north)],
        "area": {
            "x": x(left),
            "y": y(top),
            "width": max(_SMALLEST_AREA, round(x(right) - x(left), 1)),
            "height": max(_SMALLEST_AREA, round(y(bottom) - y(top), 1)),
        },
        "sea": {"x": x(_SEA[0]), "y": y(_SEA[1]), "label": label("inset.sea")},
        "points": [
            {
                "x": _kept_inside(x(entry.lon), entry.label),
                "dots": [{"x": round(x(entry.lon) + dx, 1), "y": round(y(entry.lat) + dy, 1)} for dx, dy in _DOTS],
                "lines_vi": _lines(entry.label.vi, y(entry.lat)),
                "lines_en": _lines(entry.label.en, y(entry.lat)),
            }
            for entry in archipelagos
        ],
    }


def _kept_inside(x: float, text: Bilingual) -> float:
    """Move the middle of a label so that its longest line stays inside."""
    longest = max(len(line) for part in (text.vi, text.en) for line in _broken(part))
    half = min(_WIDTH / 2, longest * _LETTER_WIDTH / 2 + 2)
    return round(min(max(x, half), _WIDTH - half), 1)


def _broken(text: str) -> list[str]:
    """Break a label before its bracket."""
    name, bracket, rest = text.partition("(")
    return [name.strip(), bracket + rest] if bracket else [text]


def _whole(low: float, high: float) -> list[float]:
    first = int(low // 5 + 1) * 5
    return [float(value) for value in range(first, int(high) + 1, 5) if low + _MARGIN_DEG < value < high - _MARGIN_DEG]


def _degrees(value: float, letter: str) -> SafeText:
    return vn_safe(f"{value:.0f}°{letter}")


def _lines(text: str, y: float) -> list[dict[str, Any]]:
    """Set a label's lines below the dots."""
    return [{"text": vn_safe(part), "y": round(y + 15.0 + i * _LINE_HEIGHT, 1)} for i, part in enumerate(_broken(text))]
