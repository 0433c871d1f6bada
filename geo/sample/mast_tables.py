"""The passive inventory of the made-up province: masts as they stand and as an earlier plan had them, poles, service points, restricted areas."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from geo.sample.frame import records, to_degrees, to_metres
from geo.sample.listing import Listing
from geo.sample.names import OPERATORS, commune_code, commune_names
from geo.sample.roads import Roads
from geo.sample.settlements import Settlements
from geo.sample.sheets import Sheet

__all__ = ["mast_sheets", "restricted_text"]

_MADE_UP = "DỮ LIỆU GIẢ ĐỊNH"
_TODAY = pd.Timestamp("2026-11-01")


def mast_sheets(rng: np.random.Generator, listing: Listing, settlements: Settlements, roads: Roads) -> list[Sheet]:
    """Return the inventory's sheets: masts and their planned twin in one workbook, poles and service points in one each."""
    return [*_masts(rng, listing, settlements), _poles(rng, roads), _points(rng, settlements)]


def _masts(rng: np.random.Generator, listing: Listing, settlements: Settlements) -> list[Sheet]:
    home = listing.sites[listing.sites["commune"] >= 0]
    rows = []
    for number, (_, part) in enumerate(home.groupby("mast", sort=True), start=1):
        users = sorted(part["operator"])
        first = part.iloc[0]
        issued = _TODAY - pd.Timedelta(days=int(rng.integers(30, 1_500)))
        known = rng.random() < 0.85
        rows.append(
            {
                "STT": number,
                "Mã cột": f"C{number:04d}",
                "Tên cột": f"Cột Mẫu {number}",
                "Địa chỉ": f"{commune_names()[int(first['commune'])]} (giả định)",
                "Kinh độ": round(float(part["lon"].mean()), 6),
                "Vĩ độ": round(float(part["lat"].mean()), 6),
                "Mã xã": commune_code(int(first["commune"])),
                "Đơn vị sử dụng": users[0],
                "Chủ sở hữu cột": str(rng.choice([*users, "Công ty hạ tầng Mẫu"])),
                "Loại cột": str(first["mast_class"]) if rng.random() < 0.96 else "",
                "Kiểu cột": str(rng.choice(["Tự đứng", "Dây co"])),
                "Chiều cao cột (m)": int(first["mast_height_m"]),
                "Khả năng dùng chung": "Có" if rng.random() < 0.7 else "Không" if rng.random() < 0.5 else "",
                "Các doanh nghiệp dùng chung": ", ".join(users[1:]),
                "Số GCN kiểm định": f"{int(rng.integers(1, 900))}/GCN" if known else "",
                "Ngày cấp": issued.date() if known else None,
                "Hiệu lực đến": (issued + pd.Timedelta(days=5 * 365 if rng.random() < 0.5 else 3 * 365)).date() if known else None,
                "Ghi chú": "",
            }
        )  # fmt: skip
    standing = pd.DataFrame(rows)
    # The last plan: the masts of then, and some that were never built.
    kept = standing[rng.random(len(standing)) < 0.94].copy()
    chosen = settlements.villages.iloc[np.sort(rng.choice(len(settlements.villages), 24, replace=False))]
    x, y = to_metres(chosen["lon"].to_numpy(), chosen["lat"].to_numpy())
    lon, lat = to_degrees(x + rng.normal(0, 300, len(chosen)), y + rng.normal(0, 300, len(chosen)))
    new = pd.DataFrame(
        {
            "Mã cột": [f"QH{k + 1:03d}" for k in range(len(chosen))], "Tên cột": [f"Cột quy hoạch Mẫu {k + 1}" for k in range(len(chosen))],
            "Kinh độ": np.round(lon, 6), "Vĩ độ": np.round(lat, 6), "Mã xã": [commune_code(int(c)) for c in chosen["commune"]],
            "Đơn vị sử dụng": [str(rng.choice(OPERATORS)) for _ in range(len(chosen))], "Loại cột": "A2b", "Chiều cao cột (m)": 42,
        }
    )  # fmt: skip
    names = ["STT", "Mã cột", "Tên cột", "Kinh độ", "Vĩ độ", "Mã xã", "Đơn vị sử dụng", "Loại cột", "Chiều cao cột (m)"]
    planned = pd.concat([kept, new], ignore_index=True)
    planned["STT"] = np.arange(1, len(planned) + 1)
    return [
        Sheet("masts.xlsx", "Cột ăng ten", standing, (f"DANH SÁCH CỘT ĂNG TEN ({_MADE_UP})",)),
        Sheet("masts.xlsx", "QH_Cột ăng ten", planned[names], (f"QUY HOẠCH CỘT ĂNG TEN KỲ TRƯỚC ({_MADE_UP})",)),
    ]


def _poles(rng: np.random.Generator, roads: Roads) -> Sheet:
    rows: list[dict[str, object]] = []
    for line in records(roads.streets):
        for operator in OPERATORS[: 1 + int(rng.integers(0, 3))]:
            rows.append(
                {
                    "STT": len(rows) + 1, "Tên tuyến": f"Tuyến cột treo Mẫu {len(rows) + 1}", "Doanh nghiệp": operator, "Tuyến đường": line.name,
                    "Tên xã": commune_names()[0], "Loại cột treo cáp": str(rng.choice(["C1", "C2"])), "Số cột": int(rng.integers(12, 70)),
                    "Chiều dài (km)": round(float(rng.uniform(0.4, 2.4)), 2),
                }
            )  # fmt: skip
    return Sheet("poles.xlsx", "Cột treo cáp", pd.DataFrame(rows), (f"DANH SÁCH TUYẾN CỘT TREO CÁP ({_MADE_UP})",))


def _points(rng: np.random.Generator, settlements: Settlements) -> Sheet:
    chosen = settlements.villages.drop_duplicates("commune").reset_index(drop=True)
    table = pd.DataFrame(
        {
            "TT": np.arange(1, len(chosen) + 1), "Tên điểm": [f"Điểm phục vụ Mẫu {k + 1}" for k in range(len(chosen))],
            "Doanh nghiệp": [str(rng.choice(OPERATORS)) for _ in range(len(chosen))],
            "Loại điểm": [str(rng.choice(["Đ1", "Đ2"], p=[0.8, 0.2])) for _ in range(len(chosen))],
            "Kinh độ": np.round(chosen["lon"].to_numpy(), 6), "Vĩ độ": np.round(chosen["lat"].to_numpy(), 6),
            "Mã xã": [commune_code(int(c)) for c in chosen["commune"]],
        }
    )  # fmt: skip
    return Sheet("service_points.xlsx", "Điểm phục vụ", table, (f"ĐIỂM CUNG CẤP DỊCH VỤ VIỄN THÔNG CÔNG CỘNG ({_MADE_UP})",))


def restricted_text(settlements: Settlements) -> str:
    """Return restricted areas as GeoJSON: squares about villages of the first communes, made up."""
    kinds = [("Khu di tích Mẫu (giả định)", "Di tích", 700.0), ("Quảng trường Mẫu (giả định)", "Cảnh quan", 250.0), ("Khu quân sự Mẫu (giả định)", "Quân sự", 900.0)]
    features = []
    for k, (name, kind, half) in enumerate(kinds):
        village = settlements.villages[settlements.villages["commune"] == k].iloc[0]
        x, y = to_metres(village["lon"], village["lat"])
        lon, lat = to_degrees(np.array([x - half, x + half]), np.array([y - half, y + half]))
        west, east, south, north = (round(float(v), 5) for v in (lon[0], lon[1], lat[0], lat[1]))
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        features.append(
            {"type": "Feature", "properties": {"Tên khu vực": name, "Loại khu vực": kind}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        )
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n"
