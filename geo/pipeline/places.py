"""A place as a planner writes it: the code of a village, facility or dead zone, or longitude and latitude."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.errors import Bilingual, InputError
from geo.io.run_folder import run_name
from geo.pipeline.completed import CompletedRun
from geo.report.phrases import phrases
from geo.text import clean

__all__ = ["Place", "coordinates_of", "degrees_text", "place_of"]

_LOOKS = re.compile(r"^[-+−\d.,;\s°]+$")
_NUMBER = re.compile(r"^[-+]?\d+(?:[.,]\d+)?$")
_PLAIN_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")


@dataclass(frozen=True, slots=True)
class Place:
    """A point with a name.

    Attributes
    ----------
    lon, lat : float
        EPSG:4326 degrees; NaN where a village has no position.
    name : Bilingual
        As it stands in a title.
    folder : str
        File-name safe, for what is written about it.
    """

    lon: float
    lat: float
    name: Bilingual
    folder: str


def place_of(run: CompletedRun, code: str) -> Place | None:
    """Return the place that a code or a pair of coordinates means; None for a commune, a site or an unknown code.

    A dead zone's place is its representative point; an entry of the register means the zone that it is now.

    Raises
    ------
    InputError
        If it looks like coordinates and is not plainly a pair of them.
    """
    for table, key, named in (("villages", "village_id", "village_name"), ("facilities", "facility_id", "facility_name")):
        frame = run.result(table)
        if frame is not None:
            for _, row in frame[frame[key].to_numpy(dtype=object) == code].iterrows():
                name = f"{clean(row[named])} ({code})".strip()
                return Place(float(row["lon"]), float(row["lat"]), Bilingual(name, name), _folder(code))
    for frame, key in ((run.result("communes"), "commune_code"), (run.input("sites"), "site_id")):
        if frame is not None and np.any(frame[key].to_numpy(dtype=object) == code):
            return None
    zone = _zone_of(run, code)
    if zone is not None:
        title = phrases("results/signal.toml").say("place", "zone", code=zone["dead_zone_id"])
        return Place(float(zone["lon"]), float(zone["lat"]), title, _folder(code))
    pair = coordinates_of(code)
    if pair is None:
        return None
    lon, lat = pair
    vi = phrases("results/signal.toml").say("place", "point", lon=degrees_text(lon), lat=degrees_text(lat))
    return Place(lon, lat, vi, f"{lon:.5f}_{lat:.5f}".replace("-", "m"))


def _zone_of(run: CompletedRun, code: str) -> pd.Series | None:
    """Return the dead zone of the run that has an id, or that an entry of the register is now."""
    register = run.register()
    wanted = {code}
    if register is not None:
        wanted |= {str(z) for z in register[0].loc[register[0]["register_id"] == code, "dead_zone_id"] if z}
    for frame in run.zones().values():
        found = np.flatnonzero(frame["dead_zone_id"].isin(wanted).to_numpy(bool))
        if found.size:
            return pd.Series(frame.iloc[int(found[0])])
    return None


def degrees_text(value: float) -> Bilingual:
    """Return degrees with five decimals (a metre), as each language writes them."""
    text = f"{value:.5f}"
    return Bilingual(text.replace(".", ","), text)


def _folder(code: str) -> str:
    """Return a folder name for a code: the code itself where it can be one."""
    if _PLAIN_NAME.match(code) and run_name(code) in {code.lower(), code.lower().replace("_", "-")}:
        return code
    return f"{run_name(code)[:60]}-{hashlib.sha256(code.encode('utf-8')).hexdigest()[:8]}"


def coordinates_of(text: str) -> tuple[float, float] | None:
    """Return longitude and latitude from a text such as ``105.5,22.5`` or ``105,5; 22,5``.

    Longitude comes first; where the first cannot be one's partner (the second lies beyond 90) the order is
    taken the other way. A comma is a decimal mark only where something else parts the two numbers.

    Returns
    -------
    (float, float) or None
        EPSG:4326 degrees; None where the text is no attempt at coordinates.

    Raises
    ------
    InputError
        If it is one, but not plainly readable in a single way, or off the globe.
    """
    plain = clean(text).replace("−", "-").replace("°", " ").strip()
    if not _LOOKS.match(text) or not re.search(r"\d\s*[.,;\s]\s*[-+]?\d", plain):
        return None
    values = _pair(plain)
    if values is None:
        raise InputError(
            f"Không rõ '{text}' là tọa độ nào: hãy viết kinh độ rồi vĩ độ, ví dụ 105.5,22.5 hoặc \"105,5; 22,5\".",
            f"It is not clear which place '{text}' means: write longitude, then latitude, such as 105.5,22.5 or \"105,5; 22,5\".",
        )
    lon, lat = values
    if abs(lon) <= 90 < abs(lat) <= 180:
        lon, lat = lat, lon
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InputError(
            f"'{text}' không phải kinh độ, vĩ độ: kinh độ từ -180 đến 180, vĩ độ từ -90 đến 90 độ.",
            f"'{text}' is no longitude and latitude: longitude is -180 to 180, latitude -90 to 90 degrees.",
        )
    return lon, lat


def _pair(text: str) -> tuple[float, float] | None:
    """Return two numbers; None unless there is one way to read them."""
    for parted in (re.split(r"\s*;\s*", text), re.split(r"(?<=\d)\s*,\s+|\s+,\s*", text), text.split()):
        if len(parted) == 2:
            return _numbers(parted)
    # one comma parts the numbers only where both have a decimal point
    parted = text.split(",")
    if len(parted) == 2 and all("." in part for part in parted):
        return _numbers(parted)
    return None


def _numbers(parts: list[str]) -> tuple[float, float] | None:
    if not all(_NUMBER.match(part) for part in parts):
        return None
    first, second = (float(part.replace(",", ".")) for part in parts)
    return (first, second) if math.isfinite(first + second) else None
