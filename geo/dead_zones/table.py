"""Columns of dead zones: those that other programs rely on first, then what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import WGS84_EPSG
from geo.dead_zones.priority import PRIORITY_COLUMNS
from geo.dead_zones.reasons import REASON_COLUMNS

__all__ = ["CLASSES", "DEAD_ZONE_COLUMNS", "dead_zone_ids", "zone_frame"]

#: Classes in the order in which they are listed.
CLASSES = ("white", "weak", "voice_only", "no_4g", "single_operator", "indoor_only", "road")

_TEXT, _NUMBER, _COUNT, _DATE = "str", "float64", "Int64", "datetime64[ns]"
_LEADING = {
    "dead_zone_id": _TEXT, "commune_codes": _TEXT, "area_km2": _NUMBER, "population": _NUMBER, "population_low": _NUMBER,
    "population_high": _NUMBER, "villages": _COUNT, "operators_missing": _TEXT, "class": _TEXT, "priority": _NUMBER,
    "evidence": _TEXT, "reason": _TEXT, "lon": _NUMBER, "lat": _NUMBER,
}  # fmt: skip
_FOLLOWING = {
    "operator": _TEXT, "technology": _TEXT, "operators_serving": _TEXT, "commune_shares": _TEXT, "cells": _COUNT, "white_share": _NUMBER,
    "population_in_cells": _NUMBER, "population_unknown_km2": _NUMBER, "draws": _COUNT, "village_ids": _TEXT, "villages_weak": _COUNT,
    "weak_village_ids": _TEXT, "villages_difficult": _COUNT, "deadline": _DATE, "facilities": _COUNT, "facility_ids": _TEXT,
    "facilities_counted": _COUNT, "nearest_site_operator": _TEXT, "nearest_site_id": _TEXT, "nearest_site_km": _NUMBER,
}  # fmt: skip
_TEXTS = ("reason_points", "server_operator", "server_technology", "server_site_id", "ridge_kind", "priority_unknown")
_BASIS = {
    name: _TEXT if name in _TEXTS else _NUMBER
    for name in (*REASON_COLUMNS, *PRIORITY_COLUMNS) if name not in ("reason", "priority")
}  # fmt: skip
_ROAD = {"length_km": _NUMBER, "road_ids": _TEXT, "road_name": _TEXT, "road_class": _TEXT}
_TYPES = {**_LEADING, **_FOLLOWING, **_BASIS, **_ROAD}

#: Columns of every frame of dead zones, before ``geometry``.
DEAD_ZONE_COLUMNS = tuple(_TYPES)
_EMPTY: dict[str, Any] = {_TEXT: "", _NUMBER: np.nan, _COUNT: pd.NA, _DATE: pd.NaT}


def zone_frame(columns: Mapping[str, Any], shapes: npt.NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Return a frame with all columns; those that are not given are empty.

    Parameters
    ----------
    columns : mapping of str to values
        One value per shape, or one for all.
    shapes : (n,) object array of geometries
        EPSG:4326.

    Returns
    -------
    GeoDataFrame
        Columns :data:`DEAD_ZONE_COLUMNS` and ``geometry``.

    Raises
    ------
    KeyError
        If a column is not one of them.
    """
    foreign = set(columns) - set(_TYPES)
    if foreign:
        raise KeyError(f"no columns of dead zones: {sorted(foreign)}")
    index = pd.RangeIndex(len(shapes))
    made: dict[str, Any] = {}
    for name, kind in _TYPES.items():
        given = columns.get(name, _EMPTY[kind])
        if isinstance(given, pd.Series):
            given = given.array
        made[name] = pd.Series(given, index=index, dtype="object").astype(kind)  # type: ignore[call-overload]
    return gpd.GeoDataFrame(made, geometry=gpd.GeoSeries(shapes, index=index, crs=WGS84_EPSG), crs=WGS84_EPSG)


#: Trắng sóng, lõm sóng, chỉ 2G, chưa có 4G, một mạng, trong nhà, đoạn đường.
_INITIALS = {"white": "TS", "weak": "LS", "voice_only": "2G", "no_4g": "C4G", "single_operator": "1M", "indoor_only": "TN", "road": "DD"}


def dead_zone_ids(prefix: list[str], commune_code: list[str]) -> list[str]:
    """Return ids from a prefix (the class), the main commune and a running number, in the order given.

    ``TS-00715-001`` for a white zone; without a known commune ``TS-001``. People read ids in lists and letters, so a class has the
    initials of its Vietnamese name there.
    """
    counted: dict[str, int] = {}
    out = []
    for start, code in zip(prefix, commune_code, strict=True):
        short = _INITIALS.get(start, start)
        stem = f"{short}-{code}" if code else short
        counted[stem] = counted.get(stem, 0) + 1
        out.append(f"{stem}-{counted[stem]:03d}")
    return out
