"""A map on paper: a window of the ground at a round scale, with grid, scale bar and north.

The map is drawn in the coordinate system that the run worked in (the province's VN-2000 zone), so that cells of the
coverage are squares, nothing is warped, and the grid's coordinates are those of a planner's documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.errors import Bilingual
from geo.grid import Grid
from geo.io.resources import load_toml
from geo.mapping.palette import Palette
from geo.report.paper import Sheet
from geo.report.phrases import number_text

__all__ = ["Plate", "Window", "blended", "drawing", "state_pixels", "whole"]

Bounds = tuple[float, float, float, float]
Rings = list[npt.NDArray[np.float64]]
_HATCH_PX = 6
_CODES = 8


@lru_cache(maxsize=1)
def drawing() -> Mapping[str, Any]:
    """Return how maps are drawn on paper: section ``map`` of ``paper.toml``."""
    found: Mapping[str, Any] = load_toml("paper.toml")["map"]
    return found


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a sheet, in mm from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class Plate:
    """A window of a sheet with ground under it.

    Parameters
    ----------
    sheet : Sheet
    window : Window
    bounds : tuple
        West, south, east, north in metres of the map's coordinate system: what must be seen.

    Attributes
    ----------
    scale : int
        Denominator, on the paper that is printed.
    metre_mm : float
        Metres in one mm of the sheet.
    bounds : tuple
        What the window shows.
    """

    def __init__(self, sheet: Sheet, window: Window, bounds: Bounds) -> None:
        self.sheet, self.window = sheet, window
        west, south, east, north = bounds
        room = 1 - 2 * float(drawing()["margin_share"])
        needed = max((east - west) / (window.width * room), (north - south) / (window.height * room), 1e-6)
        scales = drawing()["scales"]
        self.scale = int(next((s for s in scales if s * sheet.factor / 1000 >= needed), np.ceil(needed * 1000 / sheet.factor)))
        self.metre_mm = self.scale * sheet.factor / 1000
        middle_x, middle_y = (west + east) / 2, (south + north) / 2
        half_x, half_y = window.width * self.metre_mm / 2, window.height * self.metre_mm / 2
        self.bounds: Bounds = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)

    def on_sheet(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return (n, 2) points of the ground in mm of the sheet."""
        west, _, _, north = self.bounds
        out = np.empty_like(points, dtype=np.float64)
        out[:, 0] = self.window.x + (points[:, 0] - west) / self.metre_mm
        out[:, 1] = self.window.y + (north - points[:, 1]) / self.metre_mm
        return out

    def seen(self, shape: Any) -> Any:
        """Return what of a shape the window shows, as finely as it can be seen; None for nothing."""
        pad = 2 * self.metre_mm  # so that edges of the window do not become edges of the shape
        west, south, east, north = self.bounds
        cut = shapely.clip_by_rect(shape, west - pad, south - pad, east + pad, north + pad)
        if cut.is_empty:
            return None
        plain = shapely.simplify(cut, float(drawing()["simplify_mm"]) * self.metre_mm)
        return cut if plain.is_empty else plain

    def rings(self, shape: Any) -> Rings:
        """Return the rings of polygons in mm of the sheet."""
        found = self.seen(shape)
        if found is None:
            return []
        polygons = [p for p in shapely.get_parts([found]) if p.geom_type == "Polygon"]
        return [self.on_sheet(shapely.get_coordinates(ring)) for ring in shapely.get_rings(polygons)]

    def strands(self, shape: Any) -> Rings:
        """Return the lines of a shape in mm of the sheet."""
        found = self.seen(shape)
        if found is None:
            return []
        parts = [p for p in shapely.get_parts([found]) if p.geom_type in {"LineString", "LinearRing"}]
        return [self.on_sheet(shapely.get_coordinates(part)) for part in parts]

    def places(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return points in mm of the sheet, NaN for those outside the window."""
        west, south, east, north = self.bounds
        inside = (x > west) & (x < east) & (y > south) & (y < north)
        found = self.on_sheet(np.column_stack([x, y]))
        found[~inside] = np.nan
        return found

    # -- what belongs to every map

    def coverage(self, state: npt.NDArray[np.uint8], grid: Grid, colours: Palette) -> None:
        """Draw the states of cells."""
        pixels = state_pixels(state, grid, self.bounds, self.metre_mm, colours)
        self.sheet.image(pixels, self.window.x, self.window.y, self.window.width, self.window.height)

    def frame(self, language: str, panels: Sequence[Window] = ()) -> int:
        """Draw the grid with its coordinates, and the window's edge; return the step of the grid in metres.

        Coordinates keep off ``panels``, which are drawn later.
        """
        sheet, window = self.sheet, self.window
        west, south, east, north = self.bounds
        least = float(drawing()["grid_step_mm"]) * self.metre_mm
        step = int(next((s for s in drawing()["grid_steps_m"] if s >= least), drawing()["grid_steps_m"][-1]))
        with sheet.within(window.x, window.y, window.width, window.height):
            for x in np.arange(np.ceil(west / step) * step, east, step):
                at = window.x + (x - west) / self.metre_mm
                sheet.line([(at, window.y), (at, window.y + window.height)], "#4d4d4d", 0.07)
            for y in np.arange(np.ceil(south / step) * step, north, step):
                at = window.y + (north - y) / self.metre_mm
                sheet.line([(window.x, at), (window.x + window.width, at)], "#4d4d4d", 0.07)
        for x in np.arange(np.ceil(west / step) * step, east, step):
            at = window.x + (x - west) / self.metre_mm
            label = number_text(float(x)).text(language)
            if window.x + 8 < at < window.x + window.width - 8:
                sheet.text(at, window.y - 0.9, label, 6.5, align="middle", colour="#404040")
                sheet.text(at, window.y + window.height + 2.9, label, 6.5, align="middle", colour="#404040")
        for y in np.arange(np.ceil(south / step) * step, north, step):
            at = window.y + (north - y) / self.metre_mm
            label = number_text(float(y)).text(language)
            if not window.y + 4 < at < window.y + window.height - 3:
                continue
            for edge, align in ((window.x + 0.8, "left"), (window.x + window.width - 0.8, "right")):
                if not any(p.y - 1 < at < p.y + p.height + 3 and p.x - 3 < edge < p.x + p.width + 3 for p in panels):
                    sheet.text(edge, at - 0.6, label, 6.5, align=align, colour="#404040", halo=True)
        sheet.rectangle(window.x, window.y, window.width, window.height, line="#1a1a1a", line_width=0.35)
        return step

    def bar(self, x: float, y: float, language: str) -> float:
        """Draw a scale bar of four parts in metres below ``y``; return its length in mm."""
        sheet = self.sheet
        most = float(drawing()["bar_mm"]) * self.metre_mm / 4
        power = 10 ** np.floor(np.log10(most))
        part_m = float(max(m * power for m in (1, 2, 2.5, 5) if m * power <= most))
        part = part_m / self.metre_mm
        for i in range(4):
            sheet.rectangle(x + i * part, y + 3.4, part, 1.6, fill="#1a1a1a" if i % 2 == 0 else "#ffffff", line="#1a1a1a", line_width=0.15)
        for i in range(5) if part > 14 else (0, 2, 4):
            unit = " m" if i == 4 else ""
            sheet.text(x + i * part, y + 2.6, number_text(i * part_m).text(language) + unit, 7, align="middle" if i else "left")
        return 4 * part

    def north_arrow(self, x: float, y: float, letter: Bilingual, language: str) -> None:
        """Draw the direction of the grid's north with its tip at (x, y)."""
        left = np.array([[x, y], [x, y + 8.0], [x - 2.6, y + 10.0]])
        right = np.array([[x, y], [x, y + 8.0], [x + 2.6, y + 10.0]])
        self.sheet.area([left], fill="#1a1a1a", line="#1a1a1a", line_width=0.15)
        self.sheet.area([right], fill="#ffffff", line="#1a1a1a", line_width=0.15)
        self.sheet.text(x, y - 0.8, letter.text(language), 9, style="bold", align="middle")


def state_pixels(state: npt.NDArray[np.uint8], grid: Grid, bounds: Bounds, metre_mm: float, colours: Palette) -> npt.NDArray[np.uint8]:
    """Return the states of a rectangle of the ground as (rows, columns, 3) colours; white outside of the grid.

    What is uncertain is dotted, what is unknown is lined, as on the map on screen.

    Parameters
    ----------
    state : (rows, columns) uint8 array
    grid : Grid
    bounds : tuple
        West, south, east, north in the grid's system.
    metre_mm : float
        Metres in one mm of the sheet.
    colours : Palette
    """
    west, south, east, north = bounds
    pixel_m = max(metre_mm / float(drawing()["pixels_per_mm"]), grid.cell_size / float(drawing()["pixels_per_cell"]))
    x = west + (np.arange(max(1, round((east - west) / pixel_m))) + 0.5) * pixel_m
    y = north - (np.arange(max(1, round((north - south) / pixel_m))) + 0.5) * pixel_m
    column = np.floor((x - grid.x_min) / grid.cell_size).astype(np.int64)
    row = np.floor((grid.y_max - y) / grid.cell_size).astype(np.int64)
    codes = np.zeros((len(y), len(x)), dtype=np.uint8)
    in_row, in_column = (row >= 0) & (row < grid.rows), (column >= 0) & (column < grid.columns)
    codes[np.ix_(in_row, in_column)] = np.asarray(state)[np.ix_(row[in_row], column[in_column])]
    strength = float(drawing()["coverage_strength"])
    colour_of = np.full((2 * _CODES, 3), 255, dtype=np.uint8)  # of a state, then of the marks upon it
    masks = {name: _tiled(name, codes.shape) for name in ("lines", "dots")}
    shown = codes.copy()
    for entry in colours.states:
        colour_of[entry.code] = blended(entry.colour, strength)
        colour_of[entry.code + _CODES] = blended(entry.hatch or entry.colour, strength)
        if entry.hatch_kind:
            shown[(codes == entry.code) & masks[entry.hatch_kind]] += _CODES
    return colour_of[shown]


def _tiled(kind: str, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return where a hatch marks the pixels of an image."""
    i, j = np.ogrid[: 2 * _HATCH_PX, :_HATCH_PX]
    marks = (i + j) % _HATCH_PX == 0 if kind == "lines" else (i % _HATCH_PX < 2) & ((j + (i // _HATCH_PX) * 3) % _HATCH_PX < 2)
    times = (-(-shape[0] // marks.shape[0]), -(-shape[1] // marks.shape[1]))
    return np.tile(marks, times)[: shape[0], : shape[1]]


def blended(colour: str, strength: float) -> tuple[int, int, int]:
    """Return a colour mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    red, green, blue = (round(255 - strength * (255 - part)) for part in parts)
    return red, green, blue


def whole(bounds: Sequence[float]) -> Bounds:
    """Return bounds as four plain numbers."""
    west, south, east, north = map(float, bounds)
    return west, south, east, north
