"""Tables of service: speed tests, IPv6 tests, portals, declared speeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo.sample.names import OPERATORS, PROVINCE_CODE, PROVINCE_NAME, commune_code, commune_names
from geo.sample.settlements import Settlements
from geo.sample.sheets import Sheet
from geo.sample.truth import Levels

__all__ = ["service_sheets"]

_TESTS = 3_000
_TOWN_TESTS = 1_150
_SHARE = {"Mạng A": 0.46, "Mạng B": 0.33, "Mạng C": 0.21}
_FAST = {"Mạng A": 1.15, "Mạng B": 0.95, "Mạng C": 0.68}


def _mobile(
    rng: np.random.Generator, level: float, technology: str, operator: str
) -> tuple[float, float, float]:
    """Return download, upload (Mbit/s) and ping (ms) at an indoor level."""
    luck = float(np.exp(rng.normal(-0.08, 0.45)))
    if technology == "5G":
        down = float(np.clip(90 + 9 * (level + 112), 20, 720))
        return down * luck * _FAST[operator], 0.22 * down * luck, float(16 + rng.gamma(2, 4))
    if technology == "4G":
        down = float(np.clip(3 + 1.25 * (level + 120), 0.6, 62))
        return down * luck * _FAST[operator], 0.36 * down * luck, float(28 + rng.gamma(2, 9))
    down = float(np.clip(0.3 + 0.16 * (level + 108), 0.2, 5.5))
    return down * luck, 0.3 * down * luck, float(70 + rng.gamma(2, 25))


def _speed_tests(rng: np.random.Generator, settlements: Settlements, levels: Levels) -> Sheet:
    buildings = settlements.buildings
    owner = settlements.hamlets["village"].to_numpy()[buildings["hamlet"].to_numpy()]
    commune = settlements.villages["commune"].to_numpy()[owner]
    town = np.flatnonzero(commune == 0)
    rural = np.flatnonzero(commune > 0)
    lon, lat = buildings["lon"].to_numpy(), buildings["lat"].to_numpy()
    rows: list[tuple[object, ...]] = []
    while len(rows) < _TESTS:
        in_town = len(rows) < _TOWN_TESTS
        k = int(rng.choice(town if in_town else rural))
        operator = str(rng.choice(OPERATORS, p=list(_SHARE.values())))
        begin, days = ("2026-10-01", 31) if in_town else ("2026-08-01", 92)
        plan = float("nan")
        when = pd.Timestamp(begin) + pd.Timedelta(minutes=int(rng.integers(days * 24 * 60)))
        if rng.random() < 0.22:
            access, technology = "Cố định", "FTTH"
            plan = float(rng.choice([100, 150, 200, 300, 500], p=[0.2, 0.25, 0.3, 0.17, 0.08]))
            down = plan * float(np.clip(rng.normal(0.9 if commune[k] == 0 else 0.82, 0.14), 0.15, 1.1))
            up, ping = down * float(rng.uniform(0.6, 0.95)), float(6 + rng.gamma(2, 4))
        else:
            access = "Di động"
            inside = float(rng.choice([0.0, 11.0], p=[0.4, 0.6])) + float(rng.normal(0, 3))
            seen = {t: float(levels.level_dbm[(operator, t)][k]) - inside for t in ("5G", "4G", "3G")}
            usable = [t for t, floor in (("5G", -110), ("4G", -119), ("3G", -107)) if seen[t] > floor]
            if not usable:
                continue
            technology = "4G" if usable[0] == "5G" and rng.random() < 0.6 and "4G" in usable else usable[0]
            down, up, ping = _mobile(rng, seen[technology], technology, operator)
        rows.append(
            (
                when,
                operator,
                access,
                technology,
                commune_code(int(commune[k])),
                round(float(lon[k]) + float(rng.normal(0, 8e-5)), 5),
                round(float(lat[k]) + float(rng.normal(0, 8e-5)), 5),
                round(down, 2),
                round(up, 2),
                round(ping, 1),
                plan,
                f"may-gia-dinh-{k:05d}-{operator[-1]}",
            )
        )
    columns = ["Thời gian", "Nhà mạng", "Loại truy nhập", "Công nghệ", "Mã xã", "Kinh độ", "Vĩ độ"]
    columns += ["Tải xuống (Mbit/s)", "Tải lên (Mbit/s)", "Ping (ms)"]
    # The phone is the house's, one per operator; its name says that it is made up.
    columns += ["Tốc độ gói cước (Mbit/s)", "Thiết bị"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("Thời gian", kind="stable")
    frame["Thời gian"] = frame["Thời gian"].dt.strftime("%Y-%m-%d %H:%M")
    return Sheet("speed_tests.xlsx", "Kết quả đo", frame)


def _ipv6(rng: np.random.Generator) -> Sheet:
    rows = []
    for k in range(len(commune_names())):
        for operator in OPERATORS:
            for access in ("mobile", "fixed"):
                tests = int(rng.integers(280, 520) if k == 0 else rng.integers(0, 90))
                share = {"Mạng A": 0.72, "Mạng B": 0.6, "Mạng C": 0.4}[operator] - (
                    0.12 if access == "fixed" else 0
                )
                capable = int(rng.binomial(tests, share))
                preferred = int(rng.binomial(capable, 0.95))
                rows.append((commune_code(k), operator, access, "2026-10", tests, capable, preferred))
    columns = ["commune_code", "operator", "access", "period", "tests", "ipv6_capable", "ipv6_preferred"]
    return Sheet("ipv6.csv", "", pd.DataFrame(rows, columns=columns))


def _portals(rng: np.random.Generator) -> Sheet:
    rows = [
        ("P001", f"Cổng thông tin điện tử {PROVINCE_NAME}", "https://tinh-mau.example", "province", ""),
        (
            "P002",
            f"Cổng dịch vụ công {PROVINCE_NAME}",
            "https://dich-vu-cong.tinh-mau.example",
            "province",
            "",
        ),
    ]
    for k, name in enumerate(commune_names()):
        rows.append(
            (
                f"P{k + 3:03d}",
                f"Trang thông tin {name}",
                f"https://xa-{k + 1:02d}.tinh-mau.example",
                "commune",
                commune_code(k),
            )
        )
    frame = pd.DataFrame(rows, columns=["portal_id", "name", "url", "level", "commune_code"])
    has_name = rng.random(len(frame)) < 0.62
    frame["aaaa_record"] = np.where(has_name, "yes", "no")
    frame["ipv6_reachable"] = np.where(has_name & (rng.random(len(frame)) < 0.85), "yes", "no")
    frame["checked_on"] = "2026-10-20"
    return Sheet("portals.csv", "", frame)


def _declared() -> Sheet:
    """Return declared speeds: of the town for itself, of the rest for the province, as codes of their areas."""
    town = commune_code(0)
    rows: list[tuple[object, ...]] = []
    for operator in OPERATORS:
        f = _FAST[operator]
        rows += [
            (operator, "3G", PROVINCE_CODE, 1.0, 0.25, 0.5, "2024-01-01"),
            (operator, "4G", town, round(40 * f), round(14 * f), 5.0, "2025-07-01"),
            (operator, "4G", PROVINCE_CODE, round(15 * f), round(5 * f), 2.5, "2025-07-01"),
            (operator, "5G", PROVINCE_CODE, round(180 * f), round(40 * f), 30.0, "2026-01-01"),
            (operator, "FTTH", PROVINCE_CODE, 150.0, 100.0, 80.0, "2025-07-01"),
        ]
    columns = ["operator", "technology", "service_area", "download_mbps", "upload_mbps", "download_min_mbps"]
    return Sheet("declared.csv", "", pd.DataFrame(rows, columns=[*columns, "valid_from"]))


def service_sheets(rng: np.random.Generator, settlements: Settlements, at_houses: Levels) -> list[Sheet]:
    """Return the tables of service, without deliberate flaws; ``at_houses`` are the levels at each house."""
    return [_speed_tests(rng, settlements, at_houses), _ipv6(rng), _portals(rng), _declared()]
