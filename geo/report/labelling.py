"""Names on a map that do not lie over each other: the first come stay, a later one moves or is left out."""

from __future__ import annotations

from collections.abc import Sequence

from geo.report.paper import Sheet, line_height, printable, text_width
from geo.report.plate import Window

__all__ = ["Labels"]

Box = tuple[float, float, float, float]
_LONGEST_MM = 60.0


class Labels:
    """Names to be written into a window, and the room that they take.

    Parameters
    ----------
    window : Window
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._taken: list[Box] = []
        self._waiting: list[tuple[float, float, str, float, str, str, float, bool]] = []
        self._circles: list[tuple[float, float, str]] = []

    def keep(self, place: Sequence[float], radius: float) -> None:
        """Leave a symbol free."""
        x, y = float(place[0]), float(place[1])
        self._taken.append((x - radius, y - radius, x + radius, y + radius))

    def leave(self, x: float, y: float, width: float, height: float) -> None:
        """Leave a rectangle free."""
        self._taken.append((x, y, x + width, y + height))

    def add(self, place: Sequence[float], text: str, size: float, colour: str, *, style: str = "regular", offset: float = 0.0, centred: bool = False) -> None:
        """Write a name beside a place, or about it."""
        self._waiting.append((float(place[0]), float(place[1]), text, size, colour, style, offset, centred))

    def circle(self, x: float, y: float, text: str) -> None:
        """Write a short text in a circle at a place; it stays there."""
        self._circles.append((float(x), float(y), text))
        self.keep((x, y), 2.4)

    def write(self, sheet: Sheet) -> None:
        """Write all of them."""
        for x, y, text, size, colour, style, offset, centred in self._waiting:
            wide = min(text_width(printable(text)[0], size, style), _LONGEST_MM)
            high = line_height(size)
            tries = [(x - wide / 2, y)] if centred else []
            if not centred:
                tries = [(x + offset, y), (x - offset - wide, y), (x - wide / 2, y - offset - high / 2), (x - wide / 2, y + offset + high / 2)]
            for left, middle in tries:
                box = (left, middle - high / 2, left + wide, middle + high / 2)
                if self._fits(box):
                    self._taken.append(box)
                    sheet.text(left, middle + 0.28 * high, text, size, style=style, colour=colour, width=_LONGEST_MM, halo=True)
                    break
        for x, y, text in self._circles:
            sheet.symbol(x, y, "circle", fill="#ffffff", line="#1a1a1a", radius=2.3)
            sheet.text(x, y + 1.15, text, 8.5, style="bold", align="middle")

    def _fits(self, box: Box) -> bool:
        window = self._window
        if box[0] < window.x or box[2] > window.x + window.width or box[1] < window.y or box[3] > window.y + window.height:
            return False
        return not any(box[0] < t[2] and box[2] > t[0] and box[1] < t[3] and box[3] > t[1] for t in self._taken)
