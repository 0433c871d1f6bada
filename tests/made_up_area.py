"""A made-up province of square communes, for tests that need a place and no real one."""

from __future__ import annotations

import geopandas as gpd
import shapely

from geo.areas import AreaIndex
from geo.crs import ProvinceZones

PROVINCE = "99"
WEST, SOUTH, SIDE = 105.0, 21.7, 0.1
NAMES = ("Hoà Bình", "Đồng Mẫu", "Xuân Mẫu", "Mẫu Sơn", "Tân Mẫu", "Mẫu Thủy")


def units(columns: int = 6, rows: int = 6, west: float = WEST, south: float = SOUTH, code: str = PROVINCE):
    """Return ``columns`` × ``rows`` square communes of 0.1° as a units frame."""
    records = []
    for j in range(rows):
        for i in range(columns):
            number = j * columns + i
            records.append(
                {
                    "commune_code": f"{code}{number:03d}",
                    "commune_name": f"Xã {NAMES[number % len(NAMES)]} {number}",
                    "province_code": code,
                    "province_name": "Tỉnh Mẫu (giả định)",
                    "geometry": shapely.box(
                        west + i * SIDE, south + j * SIDE, west + (i + 1) * SIDE, south + (j + 1) * SIDE
                    ),
                }
            )
    return gpd.GeoDataFrame(records, crs=4326)


def area(current: int = 9210, former: tuple[int, ...] = (9209,), **arguments: object) -> AreaIndex:
    """Return the index of :func:`units` with its zones."""
    frame = units(**arguments)  # type: ignore[arg-type]
    return AreaIndex(frame, {PROVINCE: ProvinceZones(current, former)})


def made_up_box(west: float, south: float, east: float, north: float, name: str = "Khu vực giả định / made-up area"):
    """Return one commune as a box over a place outside Vietnam, labelled as made up."""
    return gpd.GeoDataFrame(
        [{"commune_code": "99999", "commune_name": name, "province_code": "99", "province_name": name,
          "geometry": shapely.box(west, south, east, north)}],
        crs=4326,
    )  # fmt: skip
