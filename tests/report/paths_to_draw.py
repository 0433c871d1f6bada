"""Made-up paths that are hard to draw: very short, very long, flat, a cliff, an edge at either end."""

from __future__ import annotations

import numpy as np

from geo.errors import Bilingual
from geo.propagation.paths import PathLoss, Profile, atmosphere, evaluate_path

LONG_NAME = "Trạm bưu điện văn hóa xã Nguyễn-Văn-Linh-mở-rộng-lần-thứ-hai (giả định) & <b>\"'${x}`\\"
TITLE = Bilingual(f"Mạng A 4G, trạm {LONG_NAME}, cell A10 → Thôn 1", f"Mạng A 4G, site {LONG_NAME}, cell A10 → Thôn 1")


def path(length_km: float, ground_m: object, clutter_m: object = 0.0, *, height_m: float = 30.0, frequency_mhz: float = 1800.0) -> PathLoss:
    ground = np.asarray(ground_m, dtype=float)
    d = np.linspace(0.0, length_km, ground.size)
    over = ground + np.asarray(clutter_m, dtype=float)
    over[[0, -1]] = ground[[0, -1]]
    profile = Profile(d, 105.0 + d / 100.0, np.full(d.size, 22.0), ground, over)
    return evaluate_path(profile, tx_height_m=height_m, rx_height_m=1.5, frequency_mhz=frequency_mhz, air=atmosphere(8.5e6))


def hard_paths() -> dict[str, PathLoss]:
    x = np.linspace(0.0, 1.0, 201)
    return {
        "short": path(0.1, np.full(4, 400.0)),
        "long": path(60.0, 20.0 + 5.0 * np.sin(60.0 * x), frequency_mhz=900.0, height_m=60.0),
        "flat": path(5.0, np.full(112, 10.0), 12.0, frequency_mhz=2600.0),
        "cliff": path(6.0, np.where(x < 0.5, 2900.0, 100.0)),
        "near the antenna": path(7.0, np.where((x > 0.01) & (x < 0.03), 480.0, 400.0)),
        "near the phone": path(7.0, np.where((x > 0.97) & (x < 0.99), 480.0, 400.0)),
        "mountain": path(12.0, 300.0 + 2500.0 * np.exp(-(((x - 0.7) / 0.1) ** 2)), 15.0, height_m=45.0),
        "below the sea": path(3.0, np.full(60, -3.0)),
    }
