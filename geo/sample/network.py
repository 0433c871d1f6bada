"""The networks as they truly stand: masts, sites and cells of three made-up operators.

Sites follow people and roads, and stand on the higher ground near by; the remotest villages are
left out, as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.sample.frame import FloatArray, bilinear, records, to_degrees, to_metres
from geo.sample.names import OPERATORS
from geo.sample.roads import Roads
from geo.sample.settlements import Settlements
from geo.sample.terrain import Terrain
from geo.sample.units import Units

__all__ = ["CARRIERS", "Carrier", "Network", "build_network"]


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier of one operator.

    Attributes
    ----------
    technology : str
        "3G", "4G" or "5G".
    band : str
        Band name as planners write it.
    channel : int
        UARFCN, EARFCN or NR-ARFCN of the downlink.
    frequency_mhz : float
    reference_share_db : float
        Share of the total power in the reference signal (CPICH, one resource element), negative.
    power_w, gain_dbi : float
        Usual total power and antenna gain.
    """

    technology: str
    band: str
    channel: int
    frequency_mhz: float
    reference_share_db: float
    power_w: float
    gain_dbi: float


CARRIERS: dict[tuple[str, str], Carrier] = {
    ("Mạng A", "U900"): Carrier("3G", "U900", 3012, 942.4, -10.0, 20.0, 15.0),
    ("Mạng A", "L900"): Carrier("4G", "L900", 3625, 942.5, -27.8, 40.0, 15.0),
    ("Mạng A", "L1800"): Carrier("4G", "L1800", 1650, 1850.0, -30.8, 40.0, 17.0),
    ("Mạng A", "N2600"): Carrier("5G", "N2600", 519_200, 2596.0, -32.9, 160.0, 22.0),
    ("Mạng B", "U2100"): Carrier("3G", "U2100", 10_612, 2122.4, -10.0, 20.0, 17.0),
    ("Mạng B", "L1800"): Carrier("4G", "L1800", 1300, 1815.0, -30.8, 40.0, 17.0),
    ("Mạng B", "N3700"): Carrier("5G", "N3700", 650_000, 3750.0, -35.2, 200.0, 24.0),
    ("Mạng C", "U2100"): Carrier("3G", "U2100", 10_712, 2142.4, -10.0, 20.0, 17.0),
    ("Mạng C", "L1800"): Carrier("4G", "L1800", 1450, 1830.0, -30.8, 40.0, 17.0),
    ("Mạng C", "N3800"): Carrier("5G", "N3800", 656_666, 3849.99, -35.2, 200.0, 24.0),
}
_SITES = {"Mạng A": 98, "Mạng B": 86, "Mạng C": 66}
_TOWN_SITES = {"Mạng A": 9, "Mạng B": 8, "Mạng C": 6}
_SEATS = {"Mạng A": 30, "Mạng B": 28, "Mạng C": 22}
_ABROAD = {"Mạng A": 17, "Mạng B": 15, "Mạng C": 12}
_ODD_SHARE = 0.05
_LETTER = {"Mạng A": "A", "Mạng B": "B", "Mạng C": "C"}


@dataclass(frozen=True, slots=True)
class Network:
    """What truly stands and radiates.

    Attributes
    ----------
    sites : DataFrame
        site_id, operator, name, mast (number of the structure), lon, lat, ground_m, mast_height_m,
        commune (-1 in the neighbouring provinces), kind, mast_class, on_air (date), radiates, listed.
    cells : DataFrame
        cell_id, site (row of ``sites``), sector, carrier (key of ``CARRIERS`` without operator),
        technology, azimuth_deg, height_m, tilt_deg, power_w, gain_dbi, width_deg (360 for omni),
        node, local_id, pci.
    """

    sites: pd.DataFrame
    cells: pd.DataFrame


def _hilltop(
    terrain: Terrain, label: npt.NDArray[np.int64], x: float, y: float, reach_m: float, *, home: bool
) -> tuple[float, float]:
    """Return the highest point within ``reach_m`` on the right side of the province's border."""
    dx, dy = np.meshgrid(np.arange(-reach_m, reach_m + 1, 90.0), np.arange(-reach_m, reach_m + 1, 90.0))
    inside = np.hypot(dx, dy) <= reach_m
    px, py = x + dx[inside], y + dy[inside]
    row, column = terrain.coarse.cell(*to_degrees(px, py))
    allowed = (label[row, column] >= 0) == home
    if allowed.any():
        px, py = px[allowed], py[allowed]
    height = bilinear(terrain.height_m, terrain.lattice, *to_degrees(px, py))
    best = int(np.argmax(height))
    return float(px[best]), float(py[best])


class _Sitting:
    """Places one operator's sites one by one, on others' masts where one is near."""

    def __init__(self, rng: np.random.Generator, terrain: Terrain, label: npt.NDArray[np.int64]) -> None:
        self.rng = rng
        self.terrain = terrain
        self.label = label
        self.rows: list[tuple[str, int, float, float, str]] = []

    def place(self, operator: str, x: float, y: float, reach_m: float, share: float, kind: str) -> None:
        """Add a site near (x, y)."""
        near = [
            (float(np.hypot(r[2] - x, r[3] - y)), r)
            for r in self.rows
            if r[0] != operator
            and (r[4] == "abroad") == (kind == "abroad")
            and np.hypot(r[2] - x, r[3] - y) < max(900.0, 1.5 * reach_m)
        ]
        if near and self.rng.random() < share:
            _, other = min(near, key=lambda item: item[0])
            if all(r[0] != operator or r[1] != other[1] for r in self.rows):
                self.rows.append((operator, other[1], other[2], other[3], kind))
                return
        px, py = _hilltop(self.terrain, self.label, x, y, reach_m, home=kind != "abroad")
        px, py = px + self.rng.uniform(-40, 40), py + self.rng.uniform(-40, 40)
        self.rows.append((operator, 1 + max((r[1] for r in self.rows), default=0), px, py, kind))

    def distance(self, operator: str, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return metres from points to the operator's nearest site so far."""
        out = np.full(x.shape, np.inf)
        for row in self.rows:
            if row[0] == operator:
                out = np.minimum(out, np.hypot(x - row[2], y - row[3]))
        return out


def _positions(
    rng: np.random.Generator, terrain: Terrain, units: Units, settlements: Settlements, roads: Roads
) -> list[tuple[str, int, float, float, str]]:
    sitting = _Sitting(rng, terrain, units.label)
    seat_x, seat_y = to_metres(units.seat_lon, units.seat_lat)
    villages = settlements.villages
    vx, vy = to_metres(villages["lon"].to_numpy(), villages["lat"].to_numpy())
    remote = villages["remote"].to_numpy()
    people = villages["population"].to_numpy(dtype=np.float64)
    route = np.vstack(roads.routes)
    rx, ry = to_metres(route[:, 0], route[:, 1])
    lon, lat = terrain.coarse.centres()
    outside = (units.label < 0) & (terrain.slope_deg < 8)
    ox, oy = (v[outside] for v in to_metres(lon, lat))
    ring = np.hypot(ox, oy) < 49_000
    for operator in OPERATORS:
        for k in range(_SEATS[operator]):
            sitting.place(operator, float(seat_x[k]), float(seat_y[k]), 420.0, 0.35, "seat")
        for _ in range(_TOWN_SITES[operator]):
            angle, reach = rng.uniform(0, 2 * np.pi), 2_400 * np.sqrt(rng.random())
            sitting.place(
                operator,
                float(seat_x[0] + reach * np.cos(angle)),
                float(seat_y[0] + reach * np.sin(angle)),
                90.0,
                0.2,
                "town",
            )
        while sum(r[0] == operator for r in sitting.rows) < _SITES[operator]:
            if rng.random() < 0.2:
                k = int(rng.integers(rx.size))
                if sitting.distance(operator, rx[k : k + 1], ry[k : k + 1])[0] > 2_600:
                    sitting.place(operator, float(rx[k]), float(ry[k]), 500.0, 0.4, "road")
                continue
            gap = sitting.distance(operator, vx, vy)
            chance = (
                people**0.8 * np.exp(-((remote / 0.42) ** 2)) * np.clip((gap - 1_500) / 2_500, 0, 1) ** 0.7
            )
            k = int(rng.choice(vx.size, p=chance / chance.sum()))
            sitting.place(operator, float(vx[k]), float(vy[k]), rng.uniform(250, 900), 0.42, "rural")
        abroad = 0
        while abroad < _ABROAD[operator]:
            k = int(rng.choice(np.flatnonzero(ring)))
            if sitting.distance(operator, ox[k : k + 1], oy[k : k + 1])[0] > 4_500:
                sitting.place(operator, float(ox[k]), float(oy[k]), 700.0, 0.3, "abroad")
                abroad += 1
    return sitting.rows


def _carriers(rng: np.random.Generator, operator: str, kind: str) -> list[str]:
    """Return the carriers of a site."""
    likely = {
        "Mạng A": {"U900": 0.85, "L900": 0.5, "L1800": 0.92, "N2600": 0.07},
        "Mạng B": {"U2100": 0.9, "L1800": 0.97, "N3700": 0.05},
        "Mạng C": {"U2100": 0.82, "L1800": 0.9, "N3800": 0.02},
    }[operator]
    if kind == "town":
        likely = {name: 0.65 if name.startswith("N") else p for name, p in likely.items()}
    if kind == "seat":
        likely = {name: 0.3 if name.startswith("N") else 1.0 for name in likely}
    chosen = [name for name, p in likely.items() if rng.random() < p]
    return chosen or [next(name for name in likely if name.startswith("L1800"))]


def _sectors(rng: np.random.Generator, kind: str) -> list[float]:
    """Return azimuths; an empty list means one omnidirectional antenna."""
    u = rng.random()
    start = rng.uniform(0, 360)
    if kind in {"rural", "abroad"} and u < 0.1:
        return []
    if kind in {"rural", "road"} and u < 0.3:
        return [start, start + rng.uniform(130, 220)]
    return [start, start + rng.uniform(100, 140), start + rng.uniform(220, 260)]


def build_network(
    rng: np.random.Generator, terrain: Terrain, units: Units, settlements: Settlements, roads: Roads
) -> Network:
    """Return 250 sites in the province, some in the neighbouring ones, and their cells."""
    rows = _positions(rng, terrain, units, settlements, roads)
    frame = pd.DataFrame(rows, columns=["operator", "mast", "x", "y", "kind"])
    frame["lon"], frame["lat"] = to_degrees(frame["x"], frame["y"])
    first = frame.drop_duplicates("mast").set_index("mast")
    town = first["kind"] == "town"
    height = np.where(
        town, rng.choice([15, 18, 21, 24, 27], len(first)), rng.choice([24, 30, 36, 42, 45], len(first))
    )
    height = np.where(~town & (rng.random(len(first)) < 0.1), rng.choice([12, 55, 60], len(first)), height)
    by_mast = pd.Series(height, index=first.index)
    frame["mast_height_m"] = by_mast.loc[frame["mast"]].to_numpy(dtype=np.float64)
    frame["ground_m"] = np.round(bilinear(terrain.height_m, terrain.lattice, frame["lon"], frame["lat"]), 1)
    row, column = terrain.coarse.cell(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    frame["commune"] = units.label[row, column]
    count = dict.fromkeys(OPERATORS, 0)
    ids, names = [], []
    for site in records(frame):
        count[site.operator] += 1
        letter = _LETTER[site.operator]
        number = count[site.operator]
        ids.append({"A": f"A{number:04d}", "B": f"MB-{number:03d}", "C": f"{number:05d}"}[letter])
        names.append(f"Trạm Mẫu {letter}{number}")
    frame.insert(0, "site_id", ids)
    frame.insert(2, "name", names)
    on_structure = (frame["kind"] == "town") & (frame["mast_height_m"] <= 21)
    frame["mast_class"] = np.where(
        on_structure, rng.choice(["A2a", "A1a", "A1b"], len(frame), p=[0.7, 0.2, 0.1]), "A2b"
    )
    frame["on_air"] = pd.to_datetime("2012-03-01") + pd.to_timedelta(
        rng.integers(0, 5_100, len(frame)), unit="D"
    )
    # 5 % of the listed sites silent, 5 % of all sites on no list
    home = rng.permutation(np.flatnonzero((frame["commune"] >= 0) & ~frame["kind"].isin(["town"])))
    wanted = round(_ODD_SHARE * int((frame["commune"] >= 0).sum()))
    frame["radiates"] = ~frame.index.isin(home[:wanted])
    frame["listed"] = ~frame.index.isin(home[wanted : 2 * wanted])
    cells = _cells(rng, frame)
    keep = [
        "site_id",
        "operator",
        "name",
        "mast",
        "lon",
        "lat",
        "ground_m",
        "mast_height_m",
        "commune",
        "kind",
    ]
    return Network(frame[[*keep, "mast_class", "on_air", "radiates", "listed"]].copy(), cells)


def _cells(rng: np.random.Generator, sites: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for index, site in enumerate(records(sites)):
        azimuths = _sectors(rng, site.kind)
        below = rng.uniform(0.5, 4.0)
        node = 10_000 * (1 + OPERATORS.index(site.operator)) + index
        for slot, name in enumerate(_carriers(rng, site.operator, site.kind)):
            carrier = CARRIERS[(site.operator, name)]
            omni = not azimuths
            if omni and carrier.technology == "5G":
                continue
            tilt = rng.integers(1, 6) if site.kind != "town" else rng.integers(4, 10)
            for sector, azimuth in enumerate(azimuths or [0.0]):
                local = 10 * (slot + 1) + sector + 1
                rows.append(
                    (
                        f"{site.site_id}-{local}",
                        index,
                        sector + 1,
                        name,
                        carrier.technology,
                        round(azimuth % 360 / 5) * 5 % 360,
                        round(max(6.0, site.mast_height_m - below - 1.5 * slot), 1),
                        0 if omni else int(tilt),
                        carrier.power_w * float(rng.choice([0.5, 1.0, 1.0, 1.0])),
                        9.0 if omni else carrier.gain_dbi,
                        360.0 if omni else 65.0,
                        node,
                        local,
                        int((index * 3 + sector) % 504),
                    )
                )
    columns = [
        "cell_id",
        "site",
        "sector",
        "carrier",
        "technology",
        "azimuth_deg",
        "height_m",
        "tilt_deg",
        "power_w",
    ]
    return pd.DataFrame(rows, columns=[*columns, "gain_dbi", "width_deg", "node", "local_id", "pci"])
