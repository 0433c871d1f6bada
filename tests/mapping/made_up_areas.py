"""Made-up areas for the map's tests: dead zones of every class, claims that differ, changes of a register."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.mapping import AreaLayer, PeopleFigure
from geo.mapping.areas import AREA_COLUMNS
from geo.mapping.palette import palette

ZONE_CLASSES = ("white", "white", "weak", "single_operator", "voice_only", "no_4g", "indoor_only", "road")


def _shape(lon: float, lat: float, kind: str) -> Any:
    if kind == "road":
        return shapely.MultiLineString([[(lon, lat), (lon + 0.02, lat + 0.01)], [(lon + 0.03, lat), (lon + 0.04, lat)]])
    if kind == "weak":
        return shapely.MultiPolygon([shapely.box(lon, lat, lon + 0.01, lat + 0.01), shapely.box(lon + 0.02, lat, lon + 0.03, lat + 0.01)])
    hole = shapely.box(lon + 0.01, lat + 0.01, lon + 0.02, lat + 0.02)
    return shapely.box(lon, lat, lon + 0.03, lat + 0.03).difference(hole)


def _zone(i: int, kind: str | None, communes: gpd.GeoDataFrame, villages: pd.DataFrame, **more: Any) -> dict[str, Any]:
    commune = communes.iloc[i * 3]
    own = villages[villages["commune_code"] == commune["commune_code"]]["village_id"].tolist()
    row: dict[str, Any] = dict.fromkeys(AREA_COLUMNS["zone"])
    row |= {
        "dead_zone_id": f"{kind or 'unserved'}-{commune['commune_code']}-{i + 1:03d}", "class": kind, "population": 40 + 10 * i, "population_low": 20 + i,
        "population_high": 90 + 10 * i, "area_km2": round(1.5 + i / 4, 2), "villages": 2, "village_ids": "; ".join(own[:2]), "villages_weak": 0,
        "operators_missing": "Mạng Đỏ; Mạng Xanh; Mạng Vàng", "reason": "terrain", "reason_points": "2/3", "evidence": "predicted",
        "priority": 0.1234 + i / 100, "priority_people": 0.4, "priority_villages": 0.1, "priority_facilities": 0.0, "priority_deadline": 0.0,
        "priority_unknown": "cost", "nearest_site_operator": "Mạng Đỏ", "nearest_site_id": "S001", "nearest_site_km": 3.2, "ridge_kind": "terrain",
        "ridge_km": 1.1, "deadline": "2026-12-31" if i == 0 else None, "commune_codes": f"{commune['commune_code']}; 90030", "draws": 200,
        "population_in_cells": 60 + 10 * i, "lon": 105.3, "lat": 22.1,
    }  # fmt: skip
    point = commune.geometry.representative_point()
    return {**row, **more, "geometry": _shape(round(point.x, 3), round(point.y, 3), kind or "unserved")}


def make_areas(communes: gpd.GeoDataFrame, villages: pd.DataFrame) -> tuple[AreaLayer, ...]:
    """Return zones of all operators, a claim's differences, changes, zones of one operator and of one layer."""

    def frame(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(pd.DataFrame(rows).astype({"class": object} if "class" in rows[0] else {}), geometry="geometry", crs=4326)

    everyone = frame([_zone(i, kind, communes, villages) for i, kind in enumerate(ZONE_CLASSES)])
    one = frame([_zone(i, None, communes, villages, operator="Mạng Đỏ", dead_zone_id=f"mang_do-{i}", population_low=None) for i in range(2)])
    layer = frame([_zone(4, None, communes, villages, operator="Mạng Đỏ", technology="4G", dead_zone_id="mang_do_4g-1", population=None)])
    shapes = list(everyone.geometry)
    claim = dict.fromkeys(AREA_COLUMNS["claim"])
    claims = frame(
        [
            {**claim, "disagreement_id": f"D{i}", "class": kind, "operator": "Mạng Đỏ", "technology": "4G", "population": 30 + i, "evidence": "measured",
             "tests": 12, "share_served": 0.25, "reason": "terrain", "commune_codes": "90001", "claim_date": "2026-08-01", "geometry": shapes[i]}
            for i, kind in enumerate(("claimed_measured_unserved", "served_not_claimed_predicted"))
        ]
    )  # fmt: skip
    change = dict.fromkeys(AREA_COLUMNS["change"])
    changes = frame(
        [
            {**change, "register_id": f"99-2026-{i:03d}", "state": style.key, "flags": "new; claimed", "class_new": "white", "commune_codes": "90001",
             "dead_zone_id": everyone["dead_zone_id"][0] if i == 0 else None, "causes": "site; measurement", "first_listed": "2026-11-01",
             "population_new": 10, "remark_vi": "Vùng mới.", "remark_en": "New.", "geometry": None if style.key == "unknown" else shapes[i % 7]}
            for i, style in enumerate(palette().areas["change"])
        ]
    )  # fmt: skip
    return (
        AreaLayer("zone", everyone), AreaLayer("change", changes), AreaLayer("claim", claims, "Mạng Đỏ", "4G"), AreaLayer("zone", one, "Mạng Đỏ"),
        AreaLayer("zone", layer, "Mạng Đỏ", "4G"),
    )  # fmt: skip


PEOPLE = (
    PeopleFigure(Bilingual("Theo trạng thái ô", "By state"), Bilingual("Đếm ô", "Counts cells"), Bilingual("communes.csv", "communes.csv"), 1230.0),
    PeopleFigure(Bilingual("Theo vùng", "By zone"), Bilingual("Đếm vùng", "Counts zones"), Bilingual("dead_zones.csv", "dead_zones.csv"), 1043.0, 900.0, 1100.0),
    PeopleFigure(Bilingual("Theo thôn", "By village"), Bilingual("Đếm thôn", "Counts villages"), Bilingual("villages.csv", "villages.csv"), None),
)  # fmt: skip
