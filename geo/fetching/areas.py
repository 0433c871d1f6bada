"""Where data are wanted: boxes of longitude and latitude, and the tiles of a publisher that they touch.

A tile is named by its south-west corner (``N21``, ``E105``), as SRTM, Copernicus, FABDEM and WorldCover do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from geo.errors import InputError
from geo.io.resources import load_toml

__all__ = ["Box", "FetchArea", "box_area", "latitude_name", "longitude_name", "province_area"]

#: West, south, east, north in degrees (EPSG:4326).
Box = tuple[float, float, float, float]

_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class FetchArea:
    """An area as boxes.

    Attributes
    ----------
    boxes : tuple of Box
        With the margin already around them.
    provinces : tuple of str
        GSO codes; empty for a box that was given.
    """

    boxes: tuple[Box, ...]
    provinces: tuple[str, ...] = ()

    def touches(self, box: Box) -> bool:
        """Tell whether a box shares ground with the area; a common edge is none."""
        west, south, east, north = box
        return any(w < east and west < e and s < north and south < n for w, s, e, n in self.boxes)

    def cells(self, degrees: int) -> list[tuple[int, int]]:
        """Return latitude and longitude of the south-west corners of the tiles touched, from the south-west on."""
        found: set[tuple[int, int]] = set()
        for west, south, east, north in self.boxes:
            rows = range(_below(south, degrees), math.ceil(north), degrees)
            columns = range(_below(west, degrees), math.ceil(east), degrees)
            found.update((lat, lon) for lat in rows for lon in columns)
        return sorted(found)


def _below(value: float, step: int) -> int:
    return math.floor(value / step) * step


def province_area(codes: Sequence[str], *, margin_m: float) -> FetchArea:
    """Return the area of provinces, widened by a margin.

    Parameters
    ----------
    codes : sequence of str
        GSO codes of today's provinces.
    margin_m : float

    Raises
    ------
    InputError
        If there is no such province.
    """
    known: dict[str, list[list[float]]] = load_toml("province_boxes.toml")["boxes_deg"]
    wrong = [code for code in codes if code not in known]
    if wrong:
        raise InputError(
            f"Không có tỉnh mã '{wrong[0]}'; mã tỉnh có 2 chữ số, ví dụ 08. Các mã: {', '.join(sorted(known))}.",
            f"There is no province '{wrong[0]}'; codes have 2 digits, such as 08. Codes: {', '.join(sorted(known))}.",
        )
    unique = tuple(dict.fromkeys(codes))
    boxes = [_widened((b[0], b[1], b[2], b[3]), margin_m) for code in unique for b in known[code]]
    return FetchArea(tuple(boxes), unique)


def box_area(text: str) -> FetchArea:
    """Return the area of ``"west,south,east,north"`` in degrees, as it is given.

    Raises
    ------
    InputError
        If the text is no box.
    """
    try:
        west, south, east, north = (float(part) for part in text.replace(";", ",").split(","))
        good = -180 <= west < east <= 180 and -90 <= south < north <= 90
    except ValueError:
        good = False
    if not good:
        raise InputError(
            f"--bbox '{text}': cần bốn số tây,nam,đông,bắc theo độ, ví dụ 104.3,21.4,105.6,23.4.",
            f"--bbox '{text}': four numbers west,south,east,north in degrees are needed, such as 104.3,21.4,105.6,23.4.",
        )
    return FetchArea(((west, south, east, north),))


def _widened(box: Box, margin_m: float) -> Box:
    west, south, east, north = box
    lat = margin_m / _METRES_PER_DEGREE
    lon = lat / max(0.05, math.cos(math.radians(max(abs(south), abs(north)))))
    return west - lon, south - lat, east + lon, north + lat


def latitude_name(degrees: int) -> str:
    """Return ``N21`` or ``S05``."""
    return f"{'N' if degrees >= 0 else 'S'}{abs(degrees):02d}"


def longitude_name(degrees: int) -> str:
    """Return ``E105`` or ``W050``."""
    return f"{'E' if degrees >= 0 else 'W'}{abs(degrees):03d}"
