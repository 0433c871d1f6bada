"""Hung cable of the made-up province, and what is known of its streets: some of it, as in any list."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.sample.frame import records, to_metres
from geo.sample.names import OPERATORS, commune_names
from geo.sample.roads import Roads
from geo.sample.sheets import Sheet

__all__ = ["cable_sheet", "told_streets"]


def told_streets(rng: np.random.Generator, streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the streets with what the town knows of each; an empty cell is not known."""
    n = len(streets)
    known = rng.random((n, 3)) < 0.75
    centre = np.where(known[:, 0], np.where(streets["width_m"] > 8, "Có", "Không"), "")
    upgraded = np.where(known[:, 1], np.where(rng.random(n) < 0.35, "Có", "Không"), "")
    year = np.where(rng.random(n) < 0.3, rng.choice([2027, 2028, 2029, 2031], n), 0)
    works = np.where(year > 0, "Có", np.where(known[:, 2], "Không", ""))
    told = streets.drop(columns="geometry").assign(**{"Phố trung tâm": centre, "Nâng cấp": upgraded, "Có kế hoạch thi công": works})
    told["Năm thi công"] = pd.Series([int(y) if y else None for y in year], dtype="object")
    return gpd.GeoDataFrame(told, geometry=np.asarray(streets.geometry), crs=streets.crs)


def cable_sheet(rng: np.random.Generator, roads: Roads) -> Sheet:
    """Return the hung routes: one or more on most streets of the town, and along main roads."""
    rows: list[dict[str, object]] = []

    def put(operator: str, street: str, commune: str, km: float, cables: object) -> None:
        rows.append(
            {
                "TT": len(rows) + 1, "Tên tuyến": f"Tuyến cáp treo Mẫu {len(rows) + 1}", "Doanh nghiệp": operator, "Các tuyến đường của tuyến cáp": street,
                "Tên xã": commune, "Chiều dài tuyến (Km)": round(km, 3), "Số lượng cáp": cables, "Loại cáp (quang/đồng)": "Quang",
                "Đã chỉnh trang": str(rng.choice(["Có", "Không", ""], p=[0.2, 0.6, 0.2])), "Ghi chú": "",
            }
        )  # fmt: skip

    town = commune_names()[0]
    names = list(roads.streets["name"])
    for i, line in enumerate(records(roads.streets)):
        for operator in OPERATORS[: int(rng.integers(1, 4))] if i % 6 != 5 else ():
            put(operator, line.name, town, _km(line.geometry), int(rng.integers(1, 5)) if rng.random() < 0.9 else None)
    put(OPERATORS[0], f"{names[0]}; {names[1]}", town, _km(roads.streets.geometry.iloc[0]) + _km(roads.streets.geometry.iloc[1]), 2)
    put(OPERATORS[1], "Phố Chưa Có Trên Bản Đồ (giả định)", commune_names()[4], 0.6, 1)
    main = roads.roads[roads.roads["kind"] != "village"]
    for k, line in enumerate(records(main.drop_duplicates("name").iloc[:40])):
        for operator in (OPERATORS[k % len(OPERATORS)], OPERATORS[(k + 1) % len(OPERATORS)]):
            put(operator, line.name, "", _km(line.geometry), int(rng.integers(1, 4)))
    return Sheet("cables.xlsx", "Tuyến cáp treo", pd.DataFrame(rows), ("DANH SÁCH TUYẾN CÁP TREO (DỮ LIỆU GIẢ ĐỊNH)",))


def _km(line: shapely.LineString) -> float:
    return float(shapely.transform(line, lambda c: np.column_stack(to_metres(c[:, 0], c[:, 1]))).length) / 1000
