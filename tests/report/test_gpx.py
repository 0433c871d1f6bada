"""GPX: well formed whatever a village is called, places rounded, nothing of who or when."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from geo.report.gpx import Waypoint, gpx_bytes
from geo.report.measuring_sheet import route_picture

SPACE = {"g": "http://www.topografix.com/GPX/1/1"}


def test_names_of_any_kind_stay_text() -> None:
    name = "Bản <b>&\"'\x0b\ufffe Nà Phặc"
    made = gpx_bytes("Ngày 1", "", [Waypoint(105.1234567, 21.9, name, "]]>")], [(105.0, 21.0), (105.1, 21.1)])
    root = ET.fromstring(made)  # noqa: S314 - our own bytes
    point = root.find("g:wpt", SPACE)
    assert point is not None
    assert point.get("lon") == "105.123457"
    text = point.findtext("g:name", "", SPACE)
    assert "<b>&\"'" in text
    assert text.endswith("Nà Phặc")
    assert "\ufffe" not in text
    assert len(root.findall("g:trk/g:trkseg/g:trkpt", SPACE)) == 2
    assert [child.tag.split("}")[1] for child in root] == ["metadata", "wpt", "trk"]  # the order that GPX 1.1 asks for
    assert b"<time" not in made


def test_a_route_of_one_point_can_be_drawn() -> None:
    import numpy as np

    at = np.array([[10.0, 20.0]])
    picture = route_picture(at, at, at, at[0], [1], "Ngày <1>")
    assert "<1>" not in picture
    assert "nan" not in picture
