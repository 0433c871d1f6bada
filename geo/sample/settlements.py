"""Villages, their hamlets and houses, and the places that serve them.

A village has a main hamlet and, more often than not, outlying ones over the next spur: where the
centre is served and the outlying houses are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.sample.frame import FloatArray, bilinear, records, to_degrees, to_metres
from geo.sample.names import COMMUNE_COUNT, commune_code
from geo.sample.terrain import Terrain
from geo.sample.units import Units

__all__ = ["Settlements", "build_settlements"]

_VILLAGES = 400
_TOWN_VILLAGES = 18
_SNAP_DEG = 2.0**-17  # about 0.85 m: keeps the file of houses small


@dataclass(frozen=True, slots=True)
class Settlements:
    """Who lives where.

    Attributes
    ----------
    villages : DataFrame
        village_id, name, commune (index), lon, lat, point_kind, households, population, grid_power,
        difficult_area, remote (0..1), height_m.
    hamlets : DataFrame
        village (row of ``villages``), main, lon, lat, households.
    buildings : DataFrame
        hamlet (row of ``hamlets``), lon, lat; one per household.
    facilities : DataFrame
        facility_id, kind, name, commune, lon, lat.
    """

    villages: pd.DataFrame
    hamlets: pd.DataFrame
    buildings: pd.DataFrame
    facilities: pd.DataFrame


def _village_points(rng: np.random.Generator, terrain: Terrain, units: Units) -> pd.DataFrame:
    lattice = terrain.coarse
    lon, lat = lattice.centres()
    x, y = to_metres(lon, lat)
    x, y = x.ravel(), y.ravel()
    inside = (units.label >= 0).ravel()
    height, slope = terrain.coarse_height_m.ravel(), terrain.slope_deg.ravel()
    river = np.log1p(np.clip(terrain.drainage_km2.ravel(), 0, 60))
    valley = inside * np.exp(-((slope / 8) ** 2)) * np.exp(-height / 420) * (0.6 + river)
    upland = inside * np.exp(-((slope / 17) ** 2)) * np.exp(-(((height - 950) / 280) ** 2))
    seat_x, seat_y = to_metres(units.seat_lon, units.seat_lat)
    town = inside * (np.hypot(x - seat_x[0], y - seat_y[0]) < 2_600) * np.exp(-((slope / 8) ** 2))

    chosen: list[int] = []
    kinds: list[str] = []
    free = np.ones(x.size, dtype=bool)

    def take(index: int, spacing_m: float, kind: str) -> None:
        chosen.append(index)
        kinds.append(kind)
        free[np.hypot(x - x[index], y - y[index]) < spacing_m] = False

    for k in range(COMMUNE_COUNT):
        index = int(np.argmin(np.hypot(x - seat_x[k], y - seat_y[k])))
        take(index, 420.0 if k == 0 else 1_000.0, "seat")
    while sum(kind == "town" for kind in kinds) < _TOWN_VILLAGES - 1:
        chance = town * free
        take(int(rng.choice(x.size, p=chance / chance.sum())), 420.0, "town")
    while len(chosen) < _VILLAGES:
        high = rng.random() < 0.28
        chance = (upland if high else valley) * free
        take(int(rng.choice(x.size, p=chance / chance.sum())), 1_150.0, "upland" if high else "valley")
    cells = np.asarray(chosen)
    px = x[cells] + rng.uniform(-110, 110, cells.size)
    py = y[cells] + rng.uniform(-110, 110, cells.size)
    vlon, vlat = to_degrees(px, py)
    seat = np.hypot(px[:, None] - seat_x, py[:, None] - seat_y)
    commune = units.label.ravel()[cells]
    frame = pd.DataFrame(
        {
            "commune": commune,
            "lon": vlon,
            "lat": vlat,
            "kind": kinds,
            "seat_m": seat[np.arange(cells.size), commune],
        }
    )
    frame["height_m"] = bilinear(terrain.height_m, terrain.lattice, vlon, vlat)
    return frame.sort_values(["commune", "seat_m"], kind="stable").reset_index(drop=True)


def _households(rng: np.random.Generator, villages: pd.DataFrame) -> FloatArray:
    remote = villages["remote"].to_numpy()
    size = np.exp(rng.normal(4.25 - 0.6 * remote, 0.42))
    size = np.where(villages["kind"] == "town", rng.uniform(150, 330, len(villages)), size)
    size = np.where(villages["kind"] == "seat", size * 1.7, size)
    return np.asarray(np.clip(np.rint(size), 14, 380), dtype=np.float64)


def _hamlets(
    rng: np.random.Generator, terrain: Terrain, units: Units, villages: pd.DataFrame
) -> pd.DataFrame:
    lattice = terrain.coarse
    rows = []
    for i, village in enumerate(records(villages)):
        total = int(village.households)
        parts = []
        if village.kind not in {"town"} and total >= 30:
            count = int(rng.choice(4, p=[0.14, 0.34, 0.3, 0.22]))
            for _ in range(count):
                x, y = to_metres(village.lon, village.lat)
                for _attempt in range(30):
                    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(1_300, 4_700)
                    lon, lat = to_degrees(x + reach * np.cos(angle), y + reach * np.sin(angle))
                    row, column = lattice.cell(lon, lat)
                    if units.label[row, column] == village.commune and terrain.slope_deg[row, column] < 24:
                        parts.append((float(lon), float(lat), int(rng.integers(10, 29))))
                        break
        while parts and sum(p[2] for p in parts) > 0.6 * total:
            parts.pop()
        main = total - sum(p[2] for p in parts)
        rows.append((i, True, village.lon, village.lat, main))
        rows.extend((i, False, lon, lat, n) for lon, lat, n in parts)
    return pd.DataFrame(rows, columns=["village", "main", "lon", "lat", "households"])


def _buildings(rng: np.random.Generator, hamlets: pd.DataFrame) -> pd.DataFrame:
    n = hamlets["households"].to_numpy(dtype=np.int64)
    hamlet = np.repeat(np.arange(len(hamlets)), n)
    spread = np.repeat(35 + 13 * np.sqrt(n), n)
    stretch = np.repeat(rng.uniform(0.5, 1.7, len(hamlets)), n)
    turn = np.repeat(rng.uniform(0, np.pi, len(hamlets)), n)
    a, b = rng.normal(0, 1, hamlet.size) * spread * stretch, rng.normal(0, 1, hamlet.size) * spread / stretch
    x, y = to_metres(hamlets["lon"].to_numpy()[hamlet], hamlets["lat"].to_numpy()[hamlet])
    lon, lat = to_degrees(x + a * np.cos(turn) - b * np.sin(turn), y + a * np.sin(turn) + b * np.cos(turn))
    return pd.DataFrame(
        {
            "hamlet": hamlet,
            "lon": np.round(lon / _SNAP_DEG) * _SNAP_DEG,
            "lat": np.round(lat / _SNAP_DEG) * _SNAP_DEG,
        }
    )


def _facilities(rng: np.random.Generator, villages: pd.DataFrame) -> pd.DataFrame:
    kinds = {"commune_office": "Ủy ban nhân dân", "clinic": "Trạm y tế", "school": "Trường học"}
    rows: list[tuple[object, ...]] = []
    for k in range(COMMUNE_COUNT):
        local = villages[villages["commune"] == k]
        centre = local.iloc[0]
        wanted = [("commune_office", centre), ("clinic", centre), ("school", centre)]
        extra = min(int(rng.integers(1, 4)), len(local) - 1)
        others = sorted(rng.choice(np.arange(1, len(local)), size=extra, replace=False).tolist())
        wanted += [("school", local.iloc[row]) for row in others]
        for kind, place in wanted:
            x, y = to_metres(place["lon"], place["lat"])
            lon, lat = to_degrees(x + rng.normal(0, 110), y + rng.normal(0, 110))
            number = len(rows) + 1
            name = f"{kinds[kind]} Mẫu số {number}"
            rows.append((f"CS{number:04d}", kind, name, k, round(float(lon), 6), round(float(lat), 6)))
    return pd.DataFrame(rows, columns=["facility_id", "kind", "name", "commune", "lon", "lat"])


def build_settlements(rng: np.random.Generator, terrain: Terrain, units: Units) -> Settlements:
    """Return 400 villages with hamlets, houses and facilities."""
    villages = _village_points(rng, terrain, units)
    seat_km = villages["seat_m"].to_numpy() / 1000
    high = np.clip((villages["height_m"].to_numpy() - 350) / 900, 0, 1)
    remote = np.clip(0.55 * high + 0.07 * seat_km - 0.08 + rng.normal(0, 0.07, len(villages)), 0, 1)
    villages["remote"] = np.where(villages["kind"].isin(["town", "seat"]), 0.0, remote)
    villages["households"] = _households(rng, villages).astype(np.int64)
    person = rng.normal(4.4, 0.35, len(villages)).clip(3.2, 5.8)
    villages["population"] = np.rint(villages["households"] * person).astype(np.int64)
    remote = villages["remote"].to_numpy()
    villages["grid_power"] = rng.random(len(villages)) > 0.22 * remote
    villages["difficult_area"] = remote + rng.normal(0, 0.08, len(villages)) > 0.42
    hamlets = _hamlets(rng, terrain, units, villages)
    buildings = _buildings(rng, hamlets)

    ids, names, seen = [], [], dict.fromkeys(range(COMMUNE_COUNT), 0)
    words = {"town": "Tổ dân phố Mẫu", "upland": "Bản Mẫu", "valley": "Thôn Mẫu", "seat": "Thôn Mẫu"}
    for number, village in enumerate(records(villages), start=1):
        seen[village.commune] += 1
        ids.append(f"{commune_code(village.commune)}-{seen[village.commune]:02d}")
        word = "Tổ dân phố Mẫu" if village.commune == 0 and village.kind != "upland" else words[village.kind]
        names.append(f"{word} {number}")
    villages.insert(0, "village_id", ids)
    villages.insert(1, "name", names)

    centroid = rng.random(len(villages)) < 0.2
    owner = hamlets["village"].to_numpy()[buildings["hamlet"].to_numpy()]
    mean = buildings.groupby(owner)[["lon", "lat"]].mean()
    main = buildings[hamlets["main"].to_numpy()[buildings["hamlet"].to_numpy()]]
    first = main.groupby(hamlets["village"].to_numpy()[main["hamlet"].to_numpy()])[["lon", "lat"]].first()
    for axis in ("lon", "lat"):
        villages[axis] = np.round(np.where(centroid, mean[axis], first[axis]), 6)
    villages["point_kind"] = np.where(centroid, "centroid", "culture_house")
    return Settlements(villages, hamlets, buildings, _facilities(rng, villages))
