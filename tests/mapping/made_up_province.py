"""A small made-up province for the map's tests: 6 x 5 communes, 120 villages, three operators."""

from __future__ import annotations

import copy
from datetime import date
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual
from geo.grid import Grid
from geo.mapping import CoverageLayer, DataSource, MapContent, MeasurementCount

from made_up_areas import PEOPLE, make_areas  # isort: skip
from made_up_themes import make_street_years, make_themes  # isort: skip

EPSG = 9210
OPERATORS = ("Mạng Đỏ", "Mạng Xanh", "Mạng Vàng")
NAMES = (
    "Hoà Bình", "Nà Phặc", "Đồng Tiến", "Bản Thi", "Lũng Cú", "Khâu Vai", "Mường Lạc", "Phố Giả", "Thượng Ảo", "Hạ Ảo",
    "Suối Mơ", "Đèo Gió", "Khe Trống", "Bãi Bằng", "Núi Tượng", "Cây Đa", "Bến Nứa", "Trà Mây", "Pác Ngòi", "Tân Lập",
    "Yên Sương", "Quảng Vắng", "Sơn Hạ", "Sơn Thượng", "Vĩnh Hư", "Lâm Ảo", "An Không", "Kim Mộng", "Phú Tưởng", "Hoà Giả",
)  # fmt: skip
SHARES = ("population_served_share", "population_uncertain_share", "population_unknown_share", "population_unserved_share")


def _communes(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Wavy cells over 60 x 50 km that share their borders exactly."""
    columns, rows = 6, 5
    lon = np.linspace(105.2, 105.75, columns + 1)
    lat = np.linspace(22.0, 22.45, rows + 1)
    jitter = rng.uniform(-0.018, 0.018, (rows + 1, columns + 1, 2))

    def corner(r: int, c: int) -> np.ndarray:
        return np.array([lon[c] + jitter[r, c, 0], lat[r] + jitter[r, c, 1]])

    def edge(a: tuple[int, int], b: tuple[int, int]) -> np.ndarray:
        swap = a > b
        start, end = (corner(*b), corner(*a)) if swap else (corner(*a), corner(*b))
        t = np.linspace(0, 1, 40)[:, None]
        across = np.array([-(end - start)[1], (end - start)[0]])
        phase = (start * 1000).sum()
        points = start + t * (end - start) + across * 0.06 * np.sin(t * 9 + phase) * np.sin(np.pi * t)
        return points[::-1] if swap else points

    shapes, records = [], []
    for r in range(rows):
        for c in range(columns):
            ring = [edge((r, c), (r, c + 1)), edge((r, c + 1), (r + 1, c + 1)), edge((r + 1, c + 1), (r + 1, c)), edge((r + 1, c), (r, c))]
            shapes.append(shapely.Polygon(np.concatenate(ring)))
            i = r * columns + c
            parts = rng.dirichlet([8, 1.2, 0.8, 1.0 + 2.0 * (i % 5 == 0)])
            records.append(
                {
                    "commune_code": f"{90001 + i:05d}",
                    "commune_name": ("Phường " if i == 7 else "Xã ") + NAMES[i],
                    "province_code": "99",
                    "area_km2": round(float(rng.uniform(60, 140)), 2),
                    "population": int(rng.integers(1800, 12500)),
                    **dict(zip(SHARES, map(float, parts), strict=True)),
                    "area_served_share": float(parts[0] * 0.8),
                }
            )
    frame = gpd.GeoDataFrame(pd.DataFrame(records), geometry=shapes, crs=4326)
    frame.loc[29, ["population", *SHARES]] = np.nan
    return frame


def _inside(grid: Grid, communes: gpd.GeoDataFrame) -> np.ndarray:
    gx, gy = np.meshgrid(*grid.centres())
    lon, lat = to_wgs84(gx.ravel(), gy.ravel(), grid.epsg)
    area = shapely.union_all(communes.geometry.to_numpy())
    shapely.prepare(area)
    return shapely.contains_xy(area, lon, lat).reshape(grid.shape)


def _states(grid: Grid, inside: np.ndarray, rng: np.random.Generator, *, reach: float) -> np.ndarray:
    x, y = grid.centres()
    gx, gy = np.meshgrid(x, y)
    best = np.full(grid.shape, -np.inf)
    for _ in range(26):
        cx, cy = rng.uniform(x[0], x[-1]), rng.uniform(y[-1], y[0])
        best = np.maximum(best, -np.hypot(gx - cx, gy - cy))
    wave = 1200 * np.sin(gx / 1900) + 1200 * np.cos(gy / 2300)
    level = best + wave + reach
    state = np.select([level > 1200, level > 0, level > -900], [2, 2, 3], default=4).astype(np.uint8)
    along = (np.abs((gx - x[0]) * 0.45 - (y[0] - gy)) < 350) | (np.abs(gx - x.mean() - 4000 * np.sin(gy / 6000)) < 250)
    state[along & (state <= 2)] = 1
    state[along & (state == 4)] = 5
    state[(gx > x[-1] - 6000) & (state == 4)] = 6
    state[~inside] = 0
    return state


def _villages(communes: gpd.GeoDataFrame, everyone: CoverageLayer, rng: np.random.Generator) -> pd.DataFrame:
    records = []
    kinds = {1: "served", 2: "served", 3: "undecided", 4: "white", 5: "white", 6: "undecided", 0: "other"}
    for i, row in communes.iterrows():
        west, south, east, north = row.geometry.bounds
        for k in range(4):
            while True:
                lon, lat = rng.uniform(west, east), rng.uniform(south, north)
                if row.geometry.contains(shapely.Point(lon, lat)):
                    break
            x, y = from_wgs84([lon], [lat], everyone.grid.epsg)
            r, c = everyone.grid.locate(x, y)
            kind = kinds[int(everyone.state[r[0], c[0]])]
            if kind == "served":
                kind = ("served", "weak", "single_operator", "served", "no_4g", "voice_only", "served")[(int(i) * 4 + k) % 7]
            records.append(
                {
                    "village_id": f"V{int(i) * 4 + k:04d}",
                    "village_name": f"Thôn {NAMES[(int(i) * 7 + k * 11) % 30]} {k + 1}",
                    "commune_code": row.commune_code,
                    "lon": lon,
                    "lat": lat,
                    "point_kind": "culture_house",
                    "households": int(rng.integers(20, 180)),
                    "population": int(rng.integers(80, 800)),
                    "grid_power": bool(rng.random() > 0.2),
                    "difficult_area": bool(rng.random() > 0.5),
                    "class": kind,
                    "operators_serving": "Mạng Đỏ, Mạng Xanh" if kind == "served" else "",
                    "best_rsrp_dbm": round(float(rng.uniform(-125, -80)), 1),
                    "probability": round(float(rng.random()), 3),
                    "evidence": "predicted",
                    "nearest_site_km": round(float(rng.uniform(0.4, 9)), 2),
                }
            )
    frame = pd.DataFrame(records)
    frame.loc[len(frame) - 1, ["lon", "lat"]] = np.nan
    return frame


def _sites(communes: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    west, south, east, north = communes.total_bounds
    n = 60
    return pd.DataFrame(
        {
            "site_id": [f"S{i:03d}" for i in range(n)],
            "operator": [OPERATORS[i % 3] for i in range(n)],
            "site_name": [f"Trạm {NAMES[i % 30]}" for i in range(n)],
            "lon": rng.uniform(west + 0.03, east - 0.03, n),
            "lat": rng.uniform(south + 0.03, north - 0.03, n),
            "status": ["off_air" if i % 20 == 0 else "planned" if i % 9 == 0 else "on_air" for i in range(n)],
            "technologies": ["4G,5G" if i % 4 == 0 else "2G,4G" for i in range(n)],
        }
    )


def make_content(**changes: Any) -> MapContent:
    """Return the content of a map of the made-up province, the caller's own; ``changes`` replace its parts."""
    return MapContent(**{**copy.deepcopy(_values()), **changes})


@lru_cache(maxsize=1)
def _values() -> dict[str, Any]:
    rng = np.random.default_rng(20261101)
    communes = _communes(rng)
    x, y = from_wgs84([105.16, 105.80], [21.95, 22.50], EPSG)
    grid = Grid.covering((x.min(), y.min(), x.max(), y.max()), cell_size=150.0, epsg=EPSG)
    inside = _inside(grid, communes)
    layers = tuple(
        CoverageLayer(operator, technology, _states(grid, inside, rng, reach=5200 - 700 * i - (1500 if technology == "5G" else 0)), grid)
        for i, operator in enumerate(OPERATORS)
        for technology in ("4G", "5G")
    )
    best = np.stack([layer.state for layer in layers])
    everyone = np.select(
        [(best == 1).any(0), (best == 2).any(0), (best == 0).all(0), (best == 6).any(0), (best == 3).any(0), (best == 5).all(0)],
        [1, 2, 0, 6, 3, 5],
        default=4,
    ).astype(np.uint8)
    all_operators = CoverageLayer("", "", everyone, grid)
    villages = _villages(communes, all_operators, rng)
    for name in ("white", "weak", "undecided"):
        of_class = villages[villages["class"] == name].groupby("commune_code").size()
        communes[f"villages_{name}"] = communes["commune_code"].map(of_class).fillna(0).astype(int)
        parts = ("power_difficult", "power_other", "no_power_difficult", "no_power_other", "split_unknown") if name != "undecided" else ()
        for i, part in enumerate(parts):  # as in communes.csv: figures of their own, by which a mistaken column shows
            communes[f"villages_{name}_{part}"] = communes[f"villages_{name}"] * (i + 1)
    communes.insert(9, "villages", 4)
    for i, key in enumerate(("mang_do", "mang_xanh", "mang_vang")):
        for technology in ("4g", "5g"):
            communes[f"{key}_{technology}_population_served_share"] = communes["population_served_share"] * (0.95 - 0.1 * i)
    roads = gpd.GeoDataFrame(
        {"road_id": ["R1", "R2"], "road_name": ["Quốc lộ Giả 1", "Đường tỉnh Giả 2"], "road_class": ["primary", "secondary"]},
        geometry=[
            shapely.LineString([(105.2 + 0.0055 * i, 22.42 - 0.004 * i + 0.012 * np.sin(i / 6)) for i in range(101)]),
            shapely.LineString([(105.47 + 0.035 * np.sin(i / 12), 22.02 + 0.0042 * i) for i in range(101)]),
        ],
        crs=4326,
    )
    areas, sites = make_areas(communes, villages), _sites(communes, rng)
    return {
        "title": "Rà soát vùng lõm sóng 2026 – Tỉnh Giả Định",
        "project_name": "Rà soát vùng lõm sóng 2026",
        "version": "0.1.0",
        "date": date(2026, 11, 1),
        "made_up": True,
        "communes": communes,
        "villages": villages,
        "sites": sites,
        "roads": roads,
        "coverage": layers,
        "all_operators": (all_operators,),
        "areas": areas,
        "themes": make_themes(communes, villages, sites, areas[0].frame["dead_zone_id"][0]),
        "people": PEOPLE,
        "street_years": make_street_years(),
        "priority_weights": {"people": 0.4, "villages": 0.2, "facilities": 0.1, "deadline": 0.1, "cost": 0.2},
        "model": Bilingual("Không gian tự do và nhiễu xạ một gờ (bước đầu)", "Free space and single-edge diffraction (first step)"),
        "served_at_least": 0.9,
        "unserved_at_most": 0.1,
        "measurements": (MeasurementCount("Mạng Đỏ", "4G", 12345, date(2026, 9, 1), date(2026, 10, 20)),),
        "notices": (
            Bilingual("Ngưỡng phân loại thôn chưa được kiểm chứng với văn bản gốc.", "The thresholds of the village classes are not verified against the original text."),
            Bilingual("37 trạm không có công suất: dùng giá trị mặc định 46 dBm.", "37 sites without power: the default of 46 dBm was used."),
        ),
        "sources": (
            DataSource("sites_mang_do.xlsx [BTS]", 84, "2026-10-15", Bilingual("Trạm", "Sites")),
            DataSource("communes.parquet", 30, "2025-07-01", Bilingual("Ranh giới", "Boundaries")),
            DataSource("dem/*.tif", None, "", Bilingual("Địa hình", "Terrain")),
        ),
    }


def unpacked_column(column: dict[str, Any], n: int) -> list[Any]:
    """Return the values of a column of the page's tables, as the page's script unpacks it."""
    if "all" in column:
        return [column["all"]] * n
    if "run" in column:
        return [value for value, times in zip(column["run"], column["long"], strict=True) for _ in range(times)]
    if "seq" in column:
        turns = zip(column["seq"][::2], column["seq"][1::2], strict=True)
        return [column["of"][first + i] for first, long in turns for i in range(long)]
    return [column["of"][at] for at in column["at"]] if "at" in column else list(column["is"])
