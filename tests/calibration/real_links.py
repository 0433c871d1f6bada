"""The real path-loss links and the drive test, as observations: one known transmitter each, levels = minus the loss.

No terrain of those places is at hand: the "straight line" is P.1812 over the line between the ends' elevations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pyproj import Geod

from geo.calibration.blocks import Correlation, effective_weights
from geo.calibration.calibration import Calibration, calibrate
from geo.calibration.likelihood import Candidates, Kind
from geo.calibration.settings import CalibrationSettings
from geo.calibration.terms import LinkFeatures, TermChoice
from geo.propagation.hata import extended_hata
from geo.propagation.p1812 import Path as TerrainPath
from geo.propagation.p1812 import basic_transmission_loss

TERMS = TermChoice(diffraction=True, clutter=False, device=False, site=True, by_group=False, split_spread=False)


@dataclass(frozen=True)
class Links:
    """Arrays per place: medians of what was measured there."""

    city: np.ndarray
    mast: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    km: np.ndarray
    mhz: np.ndarray
    loss_db: np.ndarray
    free_db: np.ndarray
    hata_db: np.ndarray
    line_db: np.ndarray
    samples: np.ndarray
    height_m: np.ndarray  # of the transmitter above the phone

    def __len__(self) -> int:
        return len(self.loss_db)


def straight_line_db(km: np.ndarray, mhz: np.ndarray, base_m: np.ndarray, mobile_m: np.ndarray, antennas: np.ndarray) -> np.ndarray:
    """P.1812 over the line between the ends' elevations (base, mobile); antennas (n, 2) above ground."""
    out = np.empty(len(km))
    share = np.linspace(0, 1, 21)
    for i, d in enumerate(km):
        path = TerrainPath(
            distance_km=share * d, terrain_height_m=base_m[i] + share * (mobile_m[i] - base_m[i]), radio_zone=4,
            tx_height_agl_m=max(antennas[i, 0], 1.0), rx_height_agl_m=max(antennas[i, 1], 1.0), delta_n=45.0, n0=325.0, centre_lat_deg=10.0,
        )  # fmt: skip
        out[i] = basic_transmission_loss(path, frequency_ghz=mhz[i] / 1000).basic_loss_db
    return out


def _links(frame: pd.DataFrame) -> Links:
    """``frame``: city, fixed and mobile ends' lon, lat, elevation, height, mhz, loss; places are medians."""
    key = ["city", "fixed_lon", "fixed_lat", "lon", "lat", "mhz"]
    g = frame.groupby(key, sort=True).agg(
        loss=("loss", "median"), samples=("loss", "size"), elevation=("elevation", "median"), height=("height", "median"),
        fixed_elevation=("fixed_elevation", "median"), fixed_height=("fixed_height", "median"),
    ).reset_index()  # fmt: skip
    _azimuth, _, metres = Geod(ellps="WGS84").inv(g.fixed_lon, g.fixed_lat, g.lon, g.lat)
    metres = np.maximum(metres, 20.0)
    km = metres / 1000
    mhz = g.mhz.to_numpy(float)
    slant = np.hypot(km, (g.fixed_elevation + g.fixed_height - g.elevation - g.height).to_numpy() / 1000)
    hata = extended_hata(mhz, km, g.fixed_height, np.maximum(g.height, 1.0), environment="urban").loss_db
    antennas = g[["fixed_height", "height"]].to_numpy(float)
    line = straight_line_db(km, mhz, g.fixed_elevation.to_numpy(float), g.elevation.to_numpy(float), antennas)
    mast = (g.city + " " + g.fixed_lat.round(4).astype(str) + " " + g.fixed_lon.round(4).astype(str)).to_numpy(str)
    origin = pd.factorize(g.city)[0] * 1e6  # cities do not see each other
    zero = g.groupby("city")[["fixed_lon", "fixed_lat"]].transform("median")
    az0, _, m0 = Geod(ellps="WGS84").inv(zero.fixed_lon, zero.fixed_lat, g.lon, g.lat)
    return Links(
        g.city.to_numpy(str), mast, origin + m0 * np.sin(np.radians(az0)), m0 * np.cos(np.radians(az0)), slant, mhz,
        g.loss.to_numpy(float), 32.4 + 20 * np.log10(mhz * slant), hata, line, g.samples.to_numpy(int),
        (g.fixed_elevation + g.fixed_height - g.elevation - g.height).to_numpy(float),
    )  # fmt: skip


def read_path_losses(shared: Path) -> Links:
    raw = pd.read_csv(shared / "data" / "measurements" / "path_loss_links.csv")
    a, b = ("latitude", "longitude", "elevation", "hr"), ("tlatitude", "tlongitude", "tantennaelev", "ht")
    beirut = (raw.area == "beirut").to_numpy()
    columns: dict[str, object] = {"city": raw.area, "mhz": raw.frequency, "loss": raw.pathloss}
    for i, name in enumerate(("lat", "lon", "elevation", "height")):
        columns[name] = np.where(beirut, raw[b[i]], raw[a[i]])
        columns[f"fixed_{name}"] = np.where(beirut, raw[a[i]], raw[b[i]])
    frame = pd.DataFrame(columns)
    frame["mhz"] = frame.groupby(["city", "fixed_lat", "fixed_lon"])["mhz"].transform("median")
    return _links(frame)


def read_drive_test(shared: Path) -> Links:
    """RSRP of one eNodeB: 2 W over 600 subcarriers of 10 MHz and 7.7 dBi, loss = EIRP per resource element - RSRP."""
    raw = pd.read_csv(shared / "data" / "measurements" / "lte_drive_test_puebla.csv")
    eirp = 10 * np.log10(2000.0 / 600.0) + 7.7
    return _links(
        pd.DataFrame(
            {"city": "puebla", "mhz": 768.0, "loss": eirp - raw.measured, "lat": raw.rlat, "lon": raw.rlon, "elevation": 0.0,
             "height": 1.5, "fixed_lat": 20.0849, "fixed_lon": -97.9972, "fixed_elevation": 0.0, "fixed_height": 15.0}
        )
    )


def fit(
    links: Links, train: np.ndarray, correlation: Correlation, settings: CalibrationSettings, *, line: bool = True, height: bool = True
) -> tuple[Calibration, np.ndarray]:
    """The calibration of the straight line's P.1812, or of free space, and its prediction of all losses."""
    base = links.line_db if line else links.free_db
    choice = replace(TERMS, diffraction=line, height=height)
    features = features_of(links)
    rows = np.flatnonzero(train)
    n = len(rows)
    city = np.unique(links.city, return_inverse=True)[1]
    weight = effective_weights(
        links.x_m[rows], links.y_m[rows], city[rows], np.arange(n), np.ones(n, int), correlation
    )
    candidates = Candidates(
        -links.loss_db[rows], np.full(n, Kind.SERVING, np.int8), np.arange(n), np.arange(n + 1), features.site[rows]
    )
    found = calibrate(candidates, -base[rows], features.take(rows), weight, settings, choice=choice)
    return found, base - found.correct(features).shift_db


def features_of(links: Links) -> LinkFeatures:
    cities, city = np.unique(links.city, return_inverse=True)
    masts, mast = np.unique(links.mast, return_inverse=True)
    none = np.full(len(links), -1)
    beyond = links.line_db - links.free_db
    return LinkFeatures(
        city, mast, none, none, links.km, beyond, beyond > 6, tuple(cities.tolist()), tuple(masts.tolist()),
        height_m=links.height_m,
    )  # fmt: skip


def log_distance(links: Links, train: np.ndarray) -> np.ndarray:
    """The plain fit: loss = a + b log10 d by least squares."""
    design = np.column_stack([np.ones(len(links)), np.log10(links.km)])
    return design @ np.linalg.lstsq(design[train], links.loss_db[train], rcond=None)[0]
