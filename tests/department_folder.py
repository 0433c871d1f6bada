"""A department's folder as it comes: made-up lists under the headers of the provincial systems, in several states of order.

Headers: the labels and field names of two provincial systems (stations, underground cable routes, service points; antenna masts),
as public code carries them. All rows are made up.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.crs import from_wgs84
from tests.old_text import to_tcvn3
from tests.pipeline.tiny import EXTRA, SIDE, SOUTH, WEST, tiny_project

ZONE = 9210
STATIONS = (
    "Tt", "Tên DN", "Tên trạm", "Mã trạm", "Tọa độ X", "Tọa độ Y", "Huyện, T/phố", "Xã, phường", "Địa chỉ", "Họ và tên chủ sở hữu đất, nhà",
    "Loại anten (Tự đứng/Dây co)", "Cột khác", "Độ cao trạm (m)", "Loại trạm (Loại 1/Loại 2)", "Độ cao tầng", "Công suất (w)", "Vùng phủ (m)",
    "Góc ngẩng anten", "Thời gian xây dựng", "Thời gian phát sóng", "Giấy phép xây dựng (Có/Không)", "Chấp thuận của Sở (Chưa có/Đã có)",
    "Số công văn của Sở", "Đã lắp thiết bị 3G/4G", "Giấy kiểm định công trình", "Ngày cấp", "Ngày hết hạn", "Số công văn hồ sơ kiểm định",
    "Ngày nộp hồ sơ", "Người cung cấp thông tin", "Ghi chú",
)  # fmt: skip
MASTS = (
    "STT", "Mã cột angten", "Tên cột angten", "Địa chỉ", "Kinh độ", "Vĩ độ", "Đơn vị sử dụng", "Chủ sở hữu cột", "Huyện/Thành phố", "Loại cột angten",
    "Kiểu cột", "Chiều cao cột (m)", "Chiều cao công trình (m)", "Khả năng dùng chung", "Doanh nghiệp dùng chung", "Thời điểm đưa vào hoạt động",
    "Số giấy chứng nhận kiểm định", "Chủng loại thiết bị phát", "Số angten phát", "Số máy phát", "Tổng công suất phát từng angten",
    "Băng tần hoạt động", "Độ cao từng angten", "Giới hạn an toàn", "Chênh lệch độ cao", "Ngày cấp giấy chứng nhận", "Có giá trị đến", "Tình trạng GCN",
    "Tài liệu",
)  # fmt: skip
ROUTES = (
    "TT", "Tên tuyến", "Tên DN", "Điểm đầu", "XDiemDau", "YDiemDau", "XaPhuongDiemDau", "Điểm cuối", "XDiemCuoi", "YDiemCuoi", "XaPhuongDiemCuoi",
    "Các tuyến đường của tuyến cáp", "Chiều dài tuyến (Km)", "Trên/Dưới hè đường", "Khoảng cách so với lề đường (m)", "2 tuyến cáp ngầm",
    "Số lượng ống cáp", "Số lượng ống cáp đang sử dụng", "Loại cáp (quang/đồng)", "Dung lượng cáp sử dụng",
    "Loại công trình hạ tầng kỹ thuật (N1, N2)", "Dùng chung hạ tầng, phương thức ngầm", "Ghi chú",
)  # fmt: skip
POINTS = ("STT", "SoHieu", "TenDiem", "TenDoanhNghiep", "SoDienThoai", "ToaDoX", "ToaDoY", "MaHuyenTXTP", "MaXaPhuongTT")

#: What each file is, as a person who opens it would say; sheets apart.
EXPECTED = {
    "boundaries": {"Ranh giới/ranh_gioi.zip"},
    "settlements": {"Danh sách thôn bản 2026.xlsx"},
    "sites": {"BTS/Mạng A.xlsx", "BTS/mang b.xlsx"},
    "masts": {"HTTĐ.xlsx"},
    "ducts": {"HTTĐ.xlsx"},
    "service_points": {"diem dich vu.csv"},
    "measurements": {"do kiem/xa 1.csv"},
    "population": {"gridded.tif"},
    "terrain": {"N21E105/DTM 2024.tif"},
    "roads": {"roads.geojson"},
}


def _places(number: int) -> tuple[np.ndarray, np.ndarray]:
    k = np.arange(number)
    return WEST + 0.004137 + (k % 9) * 0.0101, SOUTH + 0.004719 + (k // 9) * 0.0217


def _stations(operator: str, first: int, number: int) -> pd.DataFrame:
    lon, lat = (v[first : first + number] for v in _places(first + number))
    east, north = from_wgs84(lon, lat, ZONE)
    communes = [f"Xã Thử {1 + int(x > WEST + SIDE) + 2 * int(y > SOUTH + SIDE)}" for x, y in zip(lon, lat, strict=True)]
    blank = {name: [""] * number for name in STATIONS}
    return pd.DataFrame(
        blank
        | {
            "Tt": np.arange(1, number + 1), "Tên DN": operator, "Tên trạm": [f"Trạm Thử {first + k}" for k in range(number)],
            "Mã trạm": [f"{first + k:05d}" for k in range(number)],
            "Tọa độ X": [f"{v:.2f}".replace(".", ",") for v in north], "Tọa độ Y": [f"{v:.2f}".replace(".", ",") for v in east],
            "Xã, phường": communes, "Loại anten (Tự đứng/Dây co)": "Dây co", "Độ cao trạm (m)": "42", "Độ cao tầng": "0",
            "Thời gian phát sóng": "15/03/2019", "Đã lắp thiết bị 3G/4G": "3G, 4G", "Ghi chú": "giả định",
        }
    )  # fmt: skip


def _titled(frame: pd.DataFrame, path: Path, sheet: str, title: str) -> None:
    """Write a table under two title rows, as offices do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        frame.to_excel(book, sheet_name=sheet, index=False, startrow=3)
        book.sheets[sheet].write_string(0, 0, title)
        book.sheets[sheet].write_string(1, 0, "(số liệu giả định)")


def department_folder(folder: Path) -> Path:
    """Write the folder and return it."""
    made = folder.parent / "made"
    tiny_project(made)
    folder.mkdir()
    shapes = made / "shp"
    shapes.mkdir()
    communes = gpd.read_file(made / "communes.geojson").rename(columns={"commune_code": "MaXP", "commune_name": "ten_xp", "province_code": "MaTinhTP"})
    communes[["MaXP", "ten_xp", "MaTinhTP", "geometry"]].to_file(shapes / "xa.shp", encoding="utf-8")
    (folder / "Ranh giới").mkdir()
    with zipfile.ZipFile(folder / "Ranh giới" / "ranh_gioi.zip", "w") as archive:
        for part in sorted(shapes.iterdir()):
            archive.write(part, part.name)
    (folder / "N21E105").mkdir()
    shutil.copy(made / "dem.tif", folder / "N21E105" / "DTM 2024.tif")
    shutil.copy(made / "population.tif", folder / "gridded.tif")
    shutil.copy(made / "roads.geojson", folder / "roads.geojson")
    (folder / "danh muc.toml").write_text(EXTRA, encoding="utf-8")
    _lists(folder)
    _disorder(folder)
    return folder


def _lists(folder: Path) -> None:
    a = _stations("Mạng A", 0, 14)
    _titled(a, folder / "BTS" / "Mạng A.xlsx", "Trạm", "DANH SÁCH TRẠM BTS CỦA MẠNG A")
    _titled(_stations("", 14, 12).drop(columns=["Tên DN"]), folder / "BTS" / "mang b.xlsx", "Sheet1", "DANH SÁCH TRẠM BTS")
    copies = folder / "sao lưu"
    copies.mkdir()
    a.to_csv(copies / "export (1).csv", index=False, sep=";", encoding="utf-16")
    lon, lat = _places(8)
    masts = pd.DataFrame({name: [""] * 8 for name in MASTS}).assign(
        **{"STT": np.arange(1, 9), "Mã cột angten": [f"C{k}" for k in range(8)], "Kinh độ": lon.round(6), "Vĩ độ": lat.round(6), "Đơn vị sử dụng": "Mạng A",
           "Loại cột angten": "A2b", "Kiểu cột": "Dây co", "Chiều cao cột (m)": 42, "Khả năng dùng chung": "Có"}
    )  # fmt: skip
    east, north = from_wgs84(lon, lat, ZONE)
    routes = pd.DataFrame({name: [""] * 8 for name in ROUTES}).assign(
        **{"TT": np.arange(1, 9), "Tên tuyến": [f"Tuyến thử {k}" for k in range(8)], "Tên DN": "Mạng A", "XDiemDau": north.round(2), "YDiemDau": east.round(2),
           "XaPhuongDiemDau": [f"Xã Thử {1 + int(x > WEST + SIDE) + 2 * int(y > SOUTH + SIDE)}" for x, y in zip(lon, lat, strict=True)],
           "Chiều dài tuyến (Km)": "0,8", "Số lượng ống cáp": 4, "Loại công trình hạ tầng kỹ thuật (N1, N2)": "N1"}
    )  # fmt: skip
    with pd.ExcelWriter(folder / "HTTĐ.xlsx", engine="xlsxwriter") as book:
        masts.to_excel(book, sheet_name="Cột", index=False)
        routes.to_excel(book, sheet_name="Ngầm", index=False)
    points = pd.DataFrame({name: [""] * 8 for name in POINTS}).assign(
        STT=np.arange(1, 9), SoHieu=[f"D{k:02d}" for k in range(8)], TenDiem=[to_tcvn3(f"Điểm bưu điện văn hóa xã Thử {k}") for k in range(8)],
        TenDoanhNghiep=to_tcvn3("Mạng A"), SoDienThoai="0912000000", ToaDoX=north.round(2), ToaDoY=east.round(2), MaXaPhuongTT="99001",
    )  # fmt: skip
    (folder / "diem dich vu.csv").write_bytes(points.to_csv(index=False).encode("cp1252"))
    villages = pd.DataFrame(
        {
            "STT": [1, 2, 3, 4, 5], "Tên thôn, bản": [f"Thôn Thử {k}" for k in range(5)], "Xã": ["Xã Thử 1", "Xã Thử 3", "Xã Thử 2", "Xã Thử 2", "Xã Thử 4"],
            "Kinh độ": [105.62, 105.63, 105.67, 105.69, 105.68], "Vĩ độ": [21.83, 21.88, 21.83, 21.81, 21.87], "Số hộ": [40, 41, 42, 43, 44],
            "Số khẩu": [160, 170, 180, 190, 200], "Có điện lưới": ["Có", "Có", "x", "Không", "Có"],
        }
    )  # fmt: skip
    _titled(villages, folder / "Danh sách thôn bản 2026.xlsx", "Thôn", "TỔNG HỢP THÔN, BẢN")
    (folder / "do kiem").mkdir()
    k = np.arange(30)
    pd.DataFrame(
        {
            "Thời gian": pd.date_range("2026-09-01 08:00:00", periods=30, freq="5s").strftime("%d/%m/%Y %H:%M:%S"), "Nhà mạng": "Mạng A", "Công nghệ": "4G",
            "Kinh độ": (WEST + 0.011 + k * 0.0004).round(6), "Vĩ độ": np.round(SOUTH + 0.0311, 6), "RSRP": -88 - k % 15,
        }
    ).to_csv(folder / "do kiem" / "xa 1.csv", index=False)  # fmt: skip


def _disorder(folder: Path) -> None:
    """Write what lies about in such a folder and is no input."""
    (folder / "BTS" / "~$Mạng A.xlsx").write_bytes(b"\x00" * 165)
    (folder / "Công văn 1603.pdf").write_bytes(b"%PDF-1.4 made up")
    (folder / "To trinh.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1made up")
    shutil.copy(folder / "BTS" / "mang b.xlsx", folder / "sao lưu" / "mang b - Copy.xlsx")
    (folder / "tải dở.xlsx").write_bytes((folder / "HTTĐ.xlsx").read_bytes()[:2_000])
    pd.DataFrame({"Họ tên": ["Người Mẫu"], "Số máy": ["0912000001"], "Ngày trực": ["thứ hai"]}).to_excel(folder / "lịch trực.xlsx", index=False)
    run = folder / "ket-qua-cu"
    run.mkdir()
    (run / "manifest.json").write_text('{"vungphu": "0"}', encoding="utf-8")
    (run / "villages.csv").write_text("village_id,village_name,lon,lat\n1,x,105.6,21.8\n", encoding="utf-8")
