"""Hoàng Sa and Trường Sa: labelled on every map, from the boundaries if they hold them, else as points.

QCVN 80:2024/BTNMT asks for land, sea, islands and archipelagos, the latter with name, governing
province and "Việt Nam". Label points and extent are facts with their source in
``resources/archipelagos.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import geopandas as gpd
import shapely

from geo.errors import Bilingual, ResourceError
from geo.io.resources import load_toml

__all__ = ["Archipelago", "Frame", "frame_of_vietnam", "placed_archipelagos"]

_KEYS = ("hoang_sa", "truong_sa")


@dataclass(frozen=True, slots=True)
class Archipelago:
    """One archipelago and where its label stands, in degrees (EPSG:4326)."""

    commune_code: str
    label: Bilingual
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Extent of the map of Viet Nam in degrees."""

    west: float
    south: float
    east: float
    north: float

    def touches(self, bounds: tuple[float, float, float, float]) -> bool:
        """Tell whether an extent (west, south, east, north) overlaps this one."""
        west, south, east, north = bounds
        return west < self.east and east > self.west and south < self.north and north > self.south


@lru_cache(maxsize=1)
def _resource() -> tuple[Frame, tuple[Archipelago, ...]]:
    entries = load_toml("archipelagos.toml")
    try:
        frame = Frame(*(float(entries["frame"][f"{side}_deg"]) for side in ("west", "south", "east", "north")))
        return frame, tuple(
            Archipelago(entry["commune_code"], Bilingual(entry["label"]["vi"], entry["label"]["en"]), float(entry["lon_deg"]), float(entry["lat_deg"]))
            for entry in (entries[key] for key in _KEYS)
        )
    except KeyError as error:
        raise ResourceError(f"Thiếu {error} trong archipelagos.toml.", f"{error} is missing in archipelagos.toml.") from error


def frame_of_vietnam() -> Frame:
    """Return the extent of the map of Viet Nam."""
    return _resource()[0]


def placed_archipelagos(communes: gpd.GeoDataFrame | None) -> tuple[Archipelago, ...]:
    """Return both archipelagos; those whose commune the boundaries hold are labelled inside it."""
    return tuple(_placed(archipelago, communes) for archipelago in _resource()[1])


def _placed(archipelago: Archipelago, communes: gpd.GeoDataFrame | None) -> Archipelago:
    if communes is None:
        return archipelago
    shapes = [
        shape
        for code, shape in zip(communes["commune_code"], communes.geometry, strict=True)
        if str(code) == archipelago.commune_code and shape is not None and not shape.is_empty
    ]
    if not shapes:
        return archipelago
    west, south, east, north = shapely.total_bounds(shapes)
    return Archipelago(archipelago.commune_code, archipelago.label, round((west + east) / 2, 5), round((south + north) / 2, 5))
