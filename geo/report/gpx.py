"""A vehicle-day for navigation devices and telephones: GPX 1.1 (topografix.com/GPX/1/1), stops as waypoints, the way as a track.

Times are left out, and so is whoever drives: the file leaves the office.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from geo.text import clean

__all__ = ["Waypoint", "gpx_bytes"]

_NAMESPACE = "http://www.topografix.com/GPX/1/1"
_DECIMALS = 6
#: What XML 1.0 cannot hold (2.2), even as a reference.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A stop: longitude and latitude (EPSG:4326), a short name, what to do there."""

    lon: float
    lat: float
    name: str
    description: str


def gpx_bytes(name: str, description: str, stops: Sequence[Waypoint], way: Sequence[tuple[float, float]]) -> bytes:
    """Return a GPX file as UTF-8.

    Parameters
    ----------
    name, description : str
        Of the day.
    stops : sequence of Waypoint
    way : sequence of (lon, lat)
        Along the roads, start to end.
    """
    root = ET.Element("gpx", {"version": "1.1", "creator": "vungphu", "xmlns": _NAMESPACE})
    metadata = ET.SubElement(root, "metadata")
    ET.SubElement(metadata, "name").text = _text(name)
    ET.SubElement(metadata, "desc").text = _text(description)
    for stop in stops:
        point = ET.SubElement(root, "wpt", _place(stop.lon, stop.lat))
        ET.SubElement(point, "name").text = _text(stop.name)
        ET.SubElement(point, "desc").text = _text(stop.description)
    track = ET.SubElement(root, "trk")
    ET.SubElement(track, "name").text = _text(name)
    segment = ET.SubElement(track, "trkseg")
    for lon, lat in way:
        ET.SubElement(segment, "trkpt", _place(lon, lat))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _place(lon: float, lat: float) -> dict[str, str]:
    return {"lat": f"{lat:.{_DECIMALS}f}", "lon": f"{lon:.{_DECIMALS}f}"}


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", clean(text))
