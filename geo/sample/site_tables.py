"""Station lists in the shapes in which operators really deliver them.

A sends the department's own form with X = northing, B an export with one row per cell, C two sheets
with degrees, minutes and seconds, and an older part in the former zone; the neighbouring provinces'
border sites come as one plain table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from geo.crs import from_wgs84
from geo.sample.frame import to_metres
from geo.sample.listing import Listing
from geo.sample.names import PROVINCE_CODE, commune_code, commune_names
from geo.sample.network import CARRIERS
from geo.sample.sheets import Sheet
from geo.sample.units import Units

__all__ = ["CURRENT_EPSG", "FORMER_EPSG", "OLD_PART_SITES", "dms_text", "site_sheets"]

CURRENT_EPSG, FORMER_EPSG = 9210, 9209
OLD_PART_SITES = 14
_BORDER_M = 14_000.0
_MADE_UP = "DỮ LIỆU GIẢ ĐỊNH"


def dms_text(degrees: float, axis: str, spelling: int) -> str:
    """Return degrees, minutes and seconds in one of the spellings met in practice.

    Parameters
    ----------
    degrees : float
        Positive (north or east).
    axis : str
        ``"N"`` or ``"E"``.
    spelling : int
        0 to 6.
    """
    tenths = round(degrees * 36_000)
    d, rest = divmod(tenths, 36_000)
    m, s10 = divmod(rest, 600)
    s = s10 / 10
    word = {"N": "Bắc", "E": "Đông"}[axis]
    comma = f"{s:04.1f}".replace(".", ",")
    return (
        f"{d}°{m:02d}'{s:04.1f}\"{axis}",
        f"{axis} {d}° {m:02d}′ {s:04.1f}″",
        f"{d}° {m:02d}' {comma}\"",
        f"{d} {m:02d} {s:04.1f}",
        f"{d}d{m:02d}m{s:04.1f}s{axis}",
        f"{d} độ {m:02d} phút {comma} giây {word}",
        f"{d}º{m:02d}’{s:04.1f}’’ {axis}",
    )[spelling]


def _commune_name(index: int) -> str:
    return commune_names()[index]


def _channel_columns(cells: pd.DataFrame, operator: str) -> pd.DataFrame:
    carriers = [CARRIERS[(operator, name)] for name in cells["carrier"]]
    out = cells.copy()
    out["band"] = [c.band for c in carriers]
    out["channel"] = [c.channel for c in carriers]
    out["frequency_mhz"] = [c.frequency_mhz for c in carriers]
    return out


def _form_a(rng: np.random.Generator, sites: pd.DataFrame, cells: pd.DataFrame) -> Sheet:
    east, north = from_wgs84(sites["lon"].to_numpy(), sites["lat"].to_numpy(), CURRENT_EPSG)
    by_site = cells.groupby("site")
    technologies = by_site["technology"].agg(lambda t: ", ".join(sorted(set(t)))).reindex(sites.index)
    n = len(sites)
    built = sites["on_air"] - pd.to_timedelta(rng.integers(40, 300, n), unit="D")
    checked = pd.Timestamp("2026-06-30") - pd.to_timedelta(rng.integers(0, 1_400, n), unit="D")
    frame = pd.DataFrame(
        {
            "STT": np.arange(1, n + 1),
            "Tên DN": "Mạng A",
            "Tên trạm": sites["name"].to_numpy(),
            "Mã trạm": sites["site_id"].to_numpy(),
            "Tọa độ X": np.round(north, 2),
            "Tọa độ Y": np.round(east, 2),
            "Huyện, T/phố": "",
            "Xã, phường": [_commune_name(k) for k in sites["commune"]],
            "Địa chỉ": [f"{_commune_name(k)}, {PROVINCE_CODE} (giả định)" for k in sites["commune"]],
            "Loại anten (Tự đứng/Dây co)": np.where(rng.random(n) < 0.6, "Tự đứng", "Dây co"),
            "Độ cao trạm (m)": sites["mast_height_m"].astype(int).to_numpy(),
            "Loại trạm (Loại 1/Loại 2)": np.where(sites["mast_class"] == "A2b", "Loại 1", "Loại 2"),
            "Công suất (w)": by_site["power_w"].max().reindex(sites.index).to_numpy(),
            "Góc ngẩng anten": by_site["tilt_deg"].max().reindex(sites.index).to_numpy(),
            "Thời gian xây dựng": built.dt.date.to_numpy(),
            "Thời gian phát sóng": sites["on_air"].dt.date.to_numpy(),
            "Giấy phép xây dựng (Có/Không)": np.where(rng.random(n) < 0.86, "Có", "Không"),
            "Chấp thuận của Sở (Chưa có/Đã có)": np.where(rng.random(n) < 0.9, "Đã có", "Chưa có"),
            "Đã lắp thiết bị 3G/4G": technologies.to_numpy(),
            "Giấy kiểm định công trình": np.where(rng.random(n) < 0.93, "Có", "Không"),
            "Ngày cấp": pd.Series(checked).dt.date.to_numpy(),
            "Ghi chú": "",
        }
    )
    titles = (
        f"DANH SÁCH TRẠM BTS CỦA MẠNG A ({_MADE_UP})",
        "Hệ tọa độ VN-2000, kinh tuyến trục 105°45', múi chiếu 3°",
    )
    return Sheet("mang_a.xlsx", "Trạm BTS", frame, titles)


def _cells_a(sites: pd.DataFrame, cells: pd.DataFrame) -> Sheet:
    """Return cells that name their channel number in the column of its technology, and no technology."""
    listed = _channel_columns(cells, "Mạng A")
    columns: dict[str, object] = {
        "cell_id": listed["cell_id"].to_numpy(),
        "site_id": sites["site_id"].loc[listed["site"]].to_numpy(),
    }
    for name, technology in (("uarfcn", "3G"), ("earfcn", "4G"), ("nrarfcn", "5G")):
        columns[name] = np.where(listed["technology"] == technology, listed["channel"], "")
    columns |= {
        "azimuth_deg": np.where(listed["width_deg"] < 360, listed["azimuth_deg"], ""),
        "antenna_height_m": listed["height_m"].to_numpy(),
        "tilt_deg": listed["tilt_deg"].to_numpy(),
        "power_w": listed["power_w"].to_numpy(),
        "antenna_gain_dbi": listed["gain_dbi"].to_numpy(),
        "node": listed["node"].to_numpy(),
        "local_id": listed["local_id"].to_numpy(),
        "pci": listed["pci"].to_numpy(),
    }
    return Sheet("mang_a_cells.csv", "", pd.DataFrame(columns))


def _export_b(sites: pd.DataFrame, cells: pd.DataFrame) -> Sheet:
    listed = _channel_columns(cells, "Mạng B")
    site = sites.loc[listed["site"]]
    frame = pd.DataFrame(
        {
            "Nhà mạng": "Mạng B",
            "Mã trạm": site["site_id"].to_numpy(),
            "Tên trạm": site["name"].to_numpy(),
            "Kinh độ": np.round(site["lon"].to_numpy(), 6),
            "Vĩ độ": np.round(site["lat"].to_numpy(), 6),
            "Mã xã": [commune_code(k) for k in site["commune"]],
            "Mã ô": listed["cell_id"].to_numpy(),
            "Công nghệ": listed["technology"].to_numpy(),
            "Băng tần": listed["band"].to_numpy(),
            "ARFCN": listed["channel"].to_numpy(),
            "Góc phương vị (độ)": np.where(listed["width_deg"] < 360, listed["azimuth_deg"], ""),
            "Độ cao anten (m)": listed["height_m"].to_numpy(),
            "Độ cao cột (m)": site["mast_height_m"].to_numpy(),
            "Góc ngẩng (độ)": listed["tilt_deg"].to_numpy(),
            "Công suất (W)": listed["power_w"].to_numpy(),
            "Tăng ích anten (dBi)": listed["gain_dbi"].to_numpy(),
            "Số nút": listed["node"].to_numpy(),
            "Số thứ tự ô": listed["local_id"].to_numpy(),
            "PCI": listed["pci"].to_numpy(),
            "Ngày phát sóng": site["on_air"].dt.strftime("%d/%m/%Y").to_numpy(),
            "Trạng thái": "Đang phát sóng",
            "Ghi chú": "",
        }
    )
    return Sheet("mang_b.csv", "", frame)


def _lists_c(rng: np.random.Generator, sites: pd.DataFrame, cells: pd.DataFrame) -> list[Sheet]:
    west = sites.sort_values("lon", kind="stable").index[:OLD_PART_SITES]
    new = sites.drop(index=west)
    spelling = rng.integers(0, 7, len(new))
    titles = (f"DANH SÁCH TRẠM MẠNG C ({_MADE_UP})",)
    main = pd.DataFrame(
        {
            "STT": np.arange(1, len(new) + 1),
            "Mã trạm": new["site_id"].to_numpy(),
            "Tên trạm": new["name"].to_numpy(),
            "Kinh độ": [dms_text(v, "E", int(k)) for v, k in zip(new["lon"], spelling, strict=True)],
            "Vĩ độ": [dms_text(v, "N", int(k)) for v, k in zip(new["lat"], spelling, strict=True)],
            "Mã xã": [commune_code(k) for k in new["commune"]],
            "Loại cột": new["mast_class"].to_numpy(),
            "Chiều cao cột (m)": new["mast_height_m"].to_numpy(),
            "Ngày phát sóng": new["on_air"].dt.strftime("%Y-%m-%d").to_numpy(),
            "Trạng thái": "Đang hoạt động",
            "Ghi chú": "",
        }
    )
    listed = _channel_columns(cells, "Mạng C")
    radio = pd.DataFrame(
        {
            "Mã trạm": sites["site_id"].loc[listed["site"]].to_numpy(),
            "Mã cell": listed["cell_id"].to_numpy(),
            "Công nghệ": listed["technology"].to_numpy(),
            "Tần số (MHz)": listed["frequency_mhz"].to_numpy(),
            "Azimuth": np.where(listed["width_deg"] < 360, listed["azimuth_deg"], ""),
            "Độ cao anten (m)": listed["height_m"].to_numpy(),
            "Tilt": listed["tilt_deg"].to_numpy(),
            "Công suất (dBm)": np.round(10 * np.log10(listed["power_w"].to_numpy() * 1000), 1),
            "Tăng ích anten (dBi)": listed["gain_dbi"].to_numpy(),
            "Số nút": listed["node"].to_numpy(),
            "Số thứ tự ô": listed["local_id"].to_numpy(),
            "PCI": listed["pci"].to_numpy(),
        }
    )
    part = sites.loc[west].sort_values("site_id", kind="stable")
    east, north = from_wgs84(part["lon"].to_numpy(), part["lat"].to_numpy(), FORMER_EPSG)
    old = pd.DataFrame(
        {
            "STT": np.arange(1, len(part) + 1),
            "Mã trạm": part["site_id"].to_numpy(),
            "Tên trạm": part["name"].to_numpy(),
            "X (m)": np.round(north, 2),
            "Y (m)": np.round(east, 2),
            "Xã": [_commune_name(k) for k in part["commune"]],
            "Huyện (cũ)": "Huyện Mẫu Cũ",
            "Độ cao cột (m)": part["mast_height_m"].to_numpy(),
            "Ghi chú": "",
        }
    )
    old_titles = (f"DANH SÁCH TRẠM MẠNG C BÀN GIAO TỪ HỒ SƠ CŨ ({_MADE_UP})",)
    return [
        Sheet("mang_c.xlsx", "Trạm", main, titles),
        Sheet("mang_c.xlsx", "Ô phủ sóng", radio),
        Sheet("mang_c_ho_so_cu.xlsx", "Trạm cũ", old, old_titles),
    ]


def _neighbours(sites: pd.DataFrame, cells: pd.DataFrame) -> Sheet:
    rows = []
    for operator, group in sites.groupby("operator", sort=True):
        listed = _channel_columns(cells[cells["site"].isin(group.index)], str(operator))
        site = group.loc[listed["site"]]
        rows.append(
            pd.DataFrame(
                {
                    "operator": operator,
                    "site_id": site["site_id"].to_numpy(),
                    "site_name": site["name"].to_numpy(),
                    "lon": np.round(site["lon"].to_numpy(), 6),
                    "lat": np.round(site["lat"].to_numpy(), 6),
                    "structure_height_m": site["mast_height_m"].to_numpy(),
                    "cell_id": listed["cell_id"].to_numpy(),
                    "technology": listed["technology"].to_numpy(),
                    "band": listed["band"].to_numpy(),
                    "arfcn": listed["channel"].to_numpy(),
                    "azimuth_deg": np.where(listed["width_deg"] < 360, listed["azimuth_deg"], ""),
                    "antenna_height_m": listed["height_m"].to_numpy(),
                    "tilt_deg": listed["tilt_deg"].to_numpy(),
                    "power_w": listed["power_w"].to_numpy(),
                    "antenna_gain_dbi": listed["gain_dbi"].to_numpy(),
                    "status": "on air",
                }
            )
        )
    return Sheet("sites_neighbours.csv", "", pd.concat(rows, ignore_index=True))


def site_sheets(rng: np.random.Generator, listing: Listing, units: Units) -> list[Sheet]:
    """Return every station and cell list as delivered, still without the deliberate flaws.

    Of the neighbouring provinces' sites only those near the border are handed over.
    """
    home = listing.sites["commune"] >= 0
    out: list[Sheet] = []
    for operator in ("Mạng A", "Mạng B", "Mạng C"):
        sites = listing.sites[home & (listing.sites["operator"] == operator)]
        cells = listing.cells[listing.cells["site"].isin(sites.index)]
        if operator == "Mạng A":
            out += [_form_a(rng, sites, cells), _cells_a(sites, cells)]
        elif operator == "Mạng B":
            out.append(_export_b(sites, cells))
        else:
            out += _lists_c(rng, sites, cells)
    x, y = to_metres(listing.sites["lon"].to_numpy(), listing.sites["lat"].to_numpy())
    province = shapely.union_all(
        [
            shapely.Polygon(np.column_stack(to_metres(*shapely.get_coordinates(g).T)))
            for g in units.communes.geometry
        ]
    )
    near = np.asarray(shapely.distance(province, shapely.points(x, y))) < _BORDER_M
    abroad = listing.sites[~home & near]
    out.append(_neighbours(abroad, listing.cells[listing.cells["site"].isin(abroad.index)]))
    return out
