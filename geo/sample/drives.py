"""Drive tests: phones in cars on roads, each logging its best server.

The levels are the truth's, less the car's loss, plus the phone's own offset and noise, rounded to
whole decibels. Villages off the roads are never measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from geo.sample.frame import FloatArray, to_degrees, to_metres
from geo.sample.names import OPERATORS, VIRTUAL_OPERATOR, operator_plmn
from geo.sample.network import CARRIERS
from geo.sample.roads import Roads
from geo.sample.truth import TECHNOLOGIES, Levels, RadioTruth

__all__ = ["Drives", "build_drives"]

_SPACING_M = 95.0
_FLOOR_DBM = {"3G": -115.0, "4G": -126.0, "5G": -118.0}
_LOG_ROWS = 620
_SNAP_DEG = 2.0**-18
_VILLAGE_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Drives:
    """What the phones logged.

    Attributes
    ----------
    table : DataFrame
        time, lon, lat, operator, mcc_mnc, technology, level_dbm, quality_db, channel, node, local_id,
        pci, locked_technology, device, speed_kmh, session; level NaN and technology "" without service.
    logs : tuple of DataFrame
        The same columns; one automatic phone on one route each, for the text logs.
    """

    table: pd.DataFrame
    logs: tuple[pd.DataFrame, ...]


def _dense(line: FloatArray, network: shapely.STRtree) -> tuple[FloatArray, FloatArray]:
    """Return points every ``_SPACING_M`` along a line given in degrees, moved onto the nearest road."""
    x, y = to_metres(line[:, 0], line[:, 1])
    path = shapely.LineString(np.column_stack([x, y]))
    at = shapely.line_interpolate_point(path, np.arange(0, path.length, _SPACING_M))
    nearest = network.geometries[network.nearest(at)]
    on_road = shapely.line_interpolate_point(nearest, shapely.line_locate_point(nearest, at))
    return to_degrees(shapely.get_x(on_road), shapely.get_y(on_road))


def _phone(
    rng: np.random.Generator,
    truth: RadioTruth,
    levels: Levels,
    where: tuple[FloatArray, FloatArray],
    clock: tuple[pd.DatetimeIndex, FloatArray],
    phone: tuple[str, str, int, float],
    session: int,
) -> pd.DataFrame:
    """Return one phone's rows on one drive; ``phone`` is (operator of the card, lock, device, loss in dB)."""
    card, lock, device, loss_db = phone
    network = "Mạng B" if card == VIRTUAL_OPERATOR else card
    n = where[0].size
    cells = truth.network.cells
    noise = rng.normal(0, 1.7, (3, n))
    seen = {t: levels.level_dbm[(network, t)] - loss_db + noise[k] for k, t in enumerate(TECHNOLOGIES)}
    usable = {t: seen[t] > _FLOOR_DBM[t] for t in TECHNOLOGIES}
    technology = np.full(n, "", dtype=object)
    for t in ("3G", "4G") if device % 2 else TECHNOLOGIES:  # every other phone has no 5G
        technology[usable[t] & (lock in {"", t})] = t
    frame = pd.DataFrame({"time": clock[0], "lon": where[0], "lat": where[1]})
    for axis in ("lon", "lat"):
        frame[axis] = np.round((frame[axis] + rng.normal(0, 3e-5, n)) / _SNAP_DEG) * _SNAP_DEG
    frame["operator"] = card
    frame["mcc_mnc"] = np.where(technology == "", "", operator_plmn(network))
    frame["technology"] = technology
    level, cell = np.full(n, np.nan), np.full(n, -1)
    for t in TECHNOLOGIES:
        on = technology == t
        level[on] = np.clip(np.rint(seen[t][on]), -140, -44)
        cell[on] = levels.cell[(network, t)][on]
    frame["level_dbm"] = level
    quality = np.clip(np.rint(-6 - 0.22 * np.clip(-85 - level, 0, None) + rng.normal(0, 2, n)), -20, -3)
    frame["quality_db"] = quality
    found = cells.iloc[np.maximum(cell, 0)].reset_index(drop=True)
    channels = {key: carrier.channel for key, carrier in CARRIERS.items()}
    frame["channel"] = [channels.get((network, c), 0) for c in found["carrier"]]
    for column in ("node", "local_id", "pci"):
        frame[column] = found[column]
    for column in ("channel", "node", "local_id", "pci"):
        frame[column] = frame[column].astype("Int32").mask(cell < 0)
    frame["locked_technology"] = lock
    frame["device"] = device
    frame["speed_kmh"] = np.rint(clock[1])
    frame["session"] = session
    return frame


def build_drives(rng: np.random.Generator, truth: RadioTruth, roads: Roads) -> Drives:
    """Return the drive tests of 2026."""
    lines = list(roads.routes)
    village = roads.roads[roads.roads["kind"] == "village"].geometry
    lines += [shapely.get_coordinates(g) for g in village if rng.random() < _VILLAGE_SHARE]
    planar = [
        shapely.LineString(np.column_stack(to_metres(*shapely.get_coordinates(g).T)))
        for g in roads.roads.geometry
    ]
    network = shapely.STRtree(planar)
    points = [_dense(line, network) for line in lines]
    lon, lat = np.concatenate([p[0] for p in points]), np.concatenate([p[1] for p in points])
    levels = truth.levels(lon, lat)
    starts = np.cumsum([0, *[p[0].size for p in points]])
    offsets = {device: float(v) for device, v in zip(range(1, 13), rng.normal(0, 2.2, 12), strict=True)}
    table, logs = [], []
    # one drive a day, in order of their numbers: no phone is in two cars at once
    dates = pd.date_range("2026-03-02", "2026-10-24", freq="D")
    dates = dates[np.sort(rng.choice(len(dates), len(points), replace=False))]
    for index, (plon, plat) in enumerate(points):
        n = plon.size
        if n < 4:
            continue
        part = slice(int(starts[index]), int(starts[index + 1]))
        here = Levels(
            {k: v[part] for k, v in levels.level_dbm.items()}, {k: v[part] for k, v in levels.cell.items()}
        )
        speed = np.clip(rng.normal(34 if index < len(roads.routes) else 19, 6, n), 6, 60)
        begin = dates[index] + pd.Timedelta(minutes=int(rng.integers(7 * 60, 16 * 60)))
        clock = (begin + pd.to_timedelta(np.cumsum(np.rint(_SPACING_M / (speed / 3.6))), unit="s"), speed)
        car_db = float(rng.normal(7.0, 1.4))
        locked = index % 3 == 0
        for order, operator in enumerate(OPERATORS):
            device = 1 + (2 * order + index) % 6 + (6 if locked else 0)
            lock = "4G" if locked and index % 6 else "3G" if locked else ""
            phone = (operator, lock, device, car_db - offsets[device])
            table.append(_phone(rng, truth, here, (plon, plat), clock, phone, index + 1))
        if index in _LOG_ROUTES:
            card = _LOG_ROUTES[index]
            keep = slice(0, _LOG_ROWS)
            short = Levels(
                {k: v[keep] for k, v in here.level_dbm.items()}, {k: v[keep] for k, v in here.cell.items()}
            )
            phone = (card, "", 9, car_db + 1.0)
            times = (clock[0][keep] + pd.Timedelta(seconds=1), clock[1][keep])
            logs.append(_phone(rng, truth, short, (plon[keep], plat[keep]), times, phone, index + 1))
    frame = pd.concat(table, ignore_index=True)
    return Drives(frame, tuple(logs))


_LOG_ROUTES = {12: "Mạng A", 17: "Mạng B", 21: "Mạng C", 25: VIRTUAL_OPERATOR}
