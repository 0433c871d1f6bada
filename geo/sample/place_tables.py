"""Tables of people and places: villages, facilities, population per commune."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo.sample.names import commune_code, commune_names
from geo.sample.settlements import Settlements
from geo.sample.sheets import Sheet
from geo.sample.units import Units

__all__ = ["place_sheets"]


def _villages(settlements: Settlements) -> Sheet:
    villages = settlements.villages
    names = commune_names()
    frame = pd.DataFrame(
        {
            "STT": np.arange(1, len(villages) + 1),
            "Mã thôn": villages["village_id"].to_numpy(),
            "Tên thôn, bản": villages["name"].to_numpy(),
            "Mã xã": [commune_code(k) for k in villages["commune"]],
            "Tên xã": [names[k] for k in villages["commune"]],
            "Kinh độ": villages["lon"].to_numpy(),
            "Vĩ độ": villages["lat"].to_numpy(),
            "Loại điểm": np.where(villages["point_kind"] == "culture_house", "Nhà văn hóa", "Tâm"),
            "Số hộ": villages["households"].to_numpy(),
            "Số khẩu": villages["population"].to_numpy(),
            "Có điện lưới": np.where(villages["grid_power"], "Có", "Không"),
            "Đặc biệt khó khăn": np.where(villages["difficult_area"], "Có", "Không"),
            "Ghi chú": "",
        }
    )
    return Sheet("villages.xlsx", "Thôn", frame, ("DANH SÁCH THÔN, BẢN TỈNH MẪU (DỮ LIỆU GIẢ ĐỊNH)",))


def _facilities(settlements: Settlements) -> Sheet:
    facilities = settlements.facilities
    frame = pd.DataFrame(
        {
            "facility_id": facilities["facility_id"],
            "kind": facilities["kind"],
            "name": facilities["name"],
            "commune_code": [commune_code(k) for k in facilities["commune"]],
            "lon": facilities["lon"],
            "lat": facilities["lat"],
        }
    )
    return Sheet("facilities.csv", "", frame)


def _population(rng: np.random.Generator, units: Units, settlements: Settlements) -> Sheet:
    villages = settlements.villages
    people = villages.groupby("commune")[["population", "households"]].sum()
    drift = 1 + rng.normal(0, 0.015, len(people))
    frame = pd.DataFrame(
        {
            "commune_code": units.communes["code"],
            "commune_name": units.communes["fullName"],
            "population": np.rint(people["population"].to_numpy() * drift).astype(int),
            "households": people["households"].to_numpy(),
            "year": 2025,
        }
    )
    return Sheet("commune_population.csv", "", frame)


def place_sheets(rng: np.random.Generator, units: Units, settlements: Settlements) -> list[Sheet]:
    """Return the tables of people and places, without deliberate flaws."""
    return [_villages(settlements), _facilities(settlements), _population(rng, units, settlements)]
