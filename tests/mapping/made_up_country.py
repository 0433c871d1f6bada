"""A small made-up country for the map's tests: the made-up province's communes in two provinces, one of which has a map and a review."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from geo.mapping import MapContent, ThemeLayer

from made_up_province import make_content  # isort: skip

FILES = ("tinh-gia-dinh%20%C4%90%E1%BB%8F/index.html", "")


def make_country(**changes: Any) -> MapContent:
    """Return the content of a map of the made-up country; ``changes`` replace its parts."""
    one = make_content()
    communes = one.communes.copy()
    communes["province_code"] = ["99" if i < 18 else "98" for i in range(len(communes))]
    figures = [name for name in communes.columns if name not in {"commune_code", "commune_name", "province_code", "geometry"}]
    communes.loc[communes["province_code"] == "98", figures] = None
    provinces = gpd.GeoDataFrame(
        pd.DataFrame(
            {
                "province_name": ["Tỉnh Hoà Giả", "Tỉnh Chưa Có"], "province_code": ["99", "98"], "review_date": ["2026-11-01", None], "communes": [18, 12],
                "population": [int(communes["population"].sum()), None], "villages_white": [7, None], "map_file": FILES,
            }
        ).astype(object),
        geometry=[None, None], crs=4326,
    )  # fmt: skip
    kept = {"verdict", "ipv6"}
    themes = tuple(ThemeLayer(layer.kind, layer.frame, layer.words) for layer in one.themes if layer.kind in kept)
    values: dict[str, Any] = {
        "title": "Rà soát phủ sóng cả nước (giả định)", "project_name": "Rà soát phủ sóng cả nước", "version": one.version, "date": one.date, "made_up": True,
        "communes": communes, "provinces": provinces, "themes": themes, "method": one.notices[:1], "notices": one.notices, "sources": one.sources,
    }  # fmt: skip
    return MapContent(**{**values, **changes})
