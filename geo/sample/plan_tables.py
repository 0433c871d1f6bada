"""What operators have registered for 2027 and the underground routes they report."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84
from geo.sample.frame import records, to_degrees, to_metres
from geo.sample.listing import Listing
from geo.sample.names import OPERATORS, commune_code, commune_names
from geo.sample.roads import Roads
from geo.sample.settlements import Settlements
from geo.sample.sheets import Sheet
from geo.sample.site_tables import CURRENT_EPSG

__all__ = ["plan_sheets"]

_LINES = {"Mạng A": 14, "Mạng B": 11, "Mạng C": 9}


def _plans(
    rng: np.random.Generator, settlements: Settlements, listing: Listing, white: npt.NDArray[np.bool_]
) -> Sheet:
    villages = settlements.villages
    sites = listing.sites[listing.sites["commune"] >= 0]
    rows: list[tuple[object, ...]] = []
    for operator in OPERATORS:
        others = sites[sites["operator"] != operator]
        own = sites[sites["operator"] == operator]
        for k in range(_LINES[operator]):
            kind = ("white", "any", "share", "upgrade", "town")[k % 5]
            if kind in {"white", "any"}:
                pool = np.flatnonzero(white) if kind == "white" else np.arange(len(villages))
                village = villages.iloc[int(rng.choice(pool))]
                x, y = to_metres(village["lon"], village["lat"])
                lon, lat = to_degrees(x + rng.normal(0, 250), y + rng.normal(0, 250))
                row = (
                    "Xây mới",
                    float(lon),
                    float(lat),
                    int(village["commune"]),
                    "A2b",
                    int(rng.choice([36, 42, 45])),
                    "4G",
                    "",
                )
            elif kind == "town":
                village = villages[villages["commune"] == 0].iloc[int(rng.integers(1, 15))]
                x, y = to_metres(village["lon"], village["lat"])
                lon, lat = to_degrees(x + rng.normal(0, 120), y + rng.normal(0, 120))
                mast = str(rng.choice(["A2b", "A2a", "A1a"]))
                height = 36 if mast == "A2b" else 15
                row = ("Xây mới", float(lon), float(lat), 0, mast, height, "4G, 5G", "Trong khu vực đô thị")
            else:
                site = (others if kind == "share" else own).iloc[
                    int(rng.integers(len(others if kind == "share" else own)))
                ]
                action = "Dùng chung" if kind == "share" else "Nâng cấp"
                note = "" if kind == "share" else f"Bổ sung 5G tại trạm {site['site_id']}"
                height = int(site["mast_height_m"])
                row = (
                    action,
                    float(site["lon"]),
                    float(site["lat"]),
                    int(site["commune"]),
                    site["mast_class"],
                    height,
                    "4G" if kind == "share" else "5G",
                    note,
                )
            rows.append((operator, *row))
    frame = pd.DataFrame(
        rows, columns=["o", "action", "lon", "lat", "commune", "class", "height", "technology", "note"]
    )
    table = pd.DataFrame(
        {
            "STT": np.arange(1, len(frame) + 1),
            "Mã đăng ký": [f"DK27-{i + 1:03d}" for i in range(len(frame))],
            "Doanh nghiệp": frame["o"],
            "Năm": 2027,
            "Hình thức": frame["action"],
            "Kinh độ": np.round(frame["lon"], 6),
            "Vĩ độ": np.round(frame["lat"], 6),
            "Mã xã": [commune_code(k) for k in frame["commune"]],
            "Loại cột": frame["class"],
            "Chiều cao cột (m)": frame["height"],
            "Công nghệ": frame["technology"],
            "Ghi chú": frame["note"],
        }
    )
    return Sheet(
        "operator_plans_2027.xlsx",
        "Đăng ký 2027",
        table,
        ("ĐĂNG KÝ PHÁT TRIỂN HẠ TẦNG NĂM 2027 (DỮ LIỆU GIẢ ĐỊNH)",),
    )


def _ends(line: shapely.LineString) -> tuple[list[float], list[float]]:
    c = shapely.get_coordinates(line)
    return [float(c[0, 0]), float(c[-1, 0])], [float(c[0, 1]), float(c[-1, 1])]


def _ducts(rng: np.random.Generator, roads: Roads) -> Sheet:
    main = roads.roads[roads.roads["kind"] != "village"]
    main = main[shapely.length(main.geometry.to_numpy()) > 0.02].iloc[:8]  # degrees: a sieve, not a length
    streets = roads.streets.rename(columns={"street_id": "road_id"})
    lines = gpd.GeoDataFrame(
        pd.concat([streets[["name", "geometry"]], main[["name", "geometry"]]], ignore_index=True),
        crs="EPSG:4326",
    )
    rows: list[dict[str, object]] = []
    names = commune_names()
    for i, line in enumerate(records(lines)):
        for operator in OPERATORS[: 1 + int(rng.integers(0, 3))] if i < len(streets) else OPERATORS[:1]:
            lon, lat = _ends(line.geometry)
            east, north = from_wgs84(np.asarray(lon), np.asarray(lat), CURRENT_EPSG)
            planar = shapely.transform(line.geometry, lambda c: np.column_stack(to_metres(c[:, 0], c[:, 1])))
            pipes = int(rng.choice([2, 3, 4, 6]))
            used = int(rng.integers(1, pipes + 1))
            shared = i < len(streets) and rng.random() < 0.35
            rows.append(
                {
                    "TT": len(rows) + 1,
                    "Tên tuyến": f"Tuyến ngầm Mẫu {len(rows) + 1}",
                    "Tên DN": operator,
                    "Điểm đầu": f"Đầu {line.name}",
                    "X điểm đầu": round(float(north[0]), 2),
                    "Y điểm đầu": round(float(east[0]), 2),
                    "Xã phường điểm đầu": names[0] if i < len(streets) else "",
                    "Điểm cuối": f"Cuối {line.name}",
                    "X điểm cuối": round(float(north[1]), 2),
                    "Y điểm cuối": round(float(east[1]), 2),
                    "Xã phường điểm cuối": names[0] if i < len(streets) else "",
                    "Các tuyến đường của tuyến cáp": line.name,
                    "Chiều dài tuyến (Km)": round(float(planar.length) / 1000, 3),
                    "Trên/Dưới hè đường": "Trên hè" if i < len(streets) else "Dưới lề",
                    "Khoảng cách so với lề đường (m)": round(float(rng.uniform(0.4, 2.5)), 1),
                    "2 tuyến cáp ngầm": "Không",
                    "Số lượng ống cáp": pipes,
                    "Số lượng ống cáp đang sử dụng": used,
                    "Loại cáp (quang/đồng)": "Quang",
                    "Dung lượng cáp sử dụng": f"{int(rng.choice([24, 48, 96]))} FO",
                    "Loại công trình hạ tầng kỹ thuật (N1, N2)": "N2" if shared else "N1",
                    "Dùng chung hạ tầng, phương thức ngầm": "Dùng chung cống bể" if shared else "",
                    "Ghi chú": "",
                }
            )
    titles = (
        "DANH SÁCH TUYẾN CÁP NGẦM (DỮ LIỆU GIẢ ĐỊNH)",
        "Hệ tọa độ VN-2000, kinh tuyến trục 105°45', múi chiếu 3°",
    )
    return Sheet("ducts.xlsx", "Tuyến cáp ngầm", pd.DataFrame(rows), titles)


def plan_sheets(
    rng: np.random.Generator,
    settlements: Settlements,
    listing: Listing,
    roads: Roads,
    white: npt.NDArray[np.bool_],
) -> list[Sheet]:
    """Return registered plans and ducts; ``white`` says which villages truly have no signal."""
    return [_plans(rng, settlements, listing, white), _ducts(rng, roads)]
