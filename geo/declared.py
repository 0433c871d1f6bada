"""What a list's own titles and headers state about its coordinates: zone, datum, or nothing.

A number counts as central meridian only where a word for one stands before it: "Công văn số
105-30/STTTT về tọa độ VN-2000" states a datum and no meridian.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from geo.crs import VN2000_TM3_EPSG, VN2000_UTM_EPSG
from geo.text import clean, fold

__all__ = ["Declared", "declared_in"]

_ZONE_WIDTH = re.compile(r"m[uú]i\s*(?:chi[eếê]u\s*)?[36](?:\s*(?:°|º|độ|do)|(?!\d))", re.IGNORECASE)
_DATUM = re.compile(r"vn\s*-?\s*2000", re.IGNORECASE)
_MERIDIAN = re.compile(
    r"(?:kinh\s*tuy[eếê]n(?:\s*tr[uụ]c)?|\bktt\w*|central\s+meridian|\bcm\b|<datum>|tm\s*-?\s*<?3>?)"
    r"[^0-9]{0,25}?\b(10[2-9]|11[01])\s*(?:°|º|˚|o|độ|do|d|-|\s|,|\.)?\s*(00|15|30|45|25|5|75|0)?(?!\d)",
    re.IGNORECASE,
)
_DECIMAL_MINUTES = {"25": 15, "5": 30, "75": 45, "0": 0, "00": 0, "15": 15, "30": 30, "45": 45}


@dataclass(frozen=True, slots=True)
class Declared:
    """What texts state.

    Attributes
    ----------
    zones : tuple of int
        EPSG codes, in the order found.
    datum : str
        ``vn2000``, ``wgs84``, ``both`` or empty.
    datum_stated : bool
        Whether the zones' datum was stated, not supposed (a bare "UTM 48N").
    """

    zones: tuple[int, ...] = ()
    datum: str = ""
    datum_stated: bool = True


def _datum(text: str) -> str:
    plain = fold(text).replace(" ", "")
    vn, wgs = "vn2000" in plain, "wgs" in plain
    return "both" if vn and wgs else "vn2000" if vn else "wgs84" if wgs else ""


def declared_in(texts: Sequence[str]) -> Declared:
    """Return what titles and headers state together.

    Recognised: ``EPSG:9210``; a central meridian ("kinh tuyến trục 105°45'", "KTT 105-45", "VN-2000
    105.75") as TM-3 zone, or as UTM zone where the text speaks of UTM or a 6° zone; "UTM 48N". The
    datum may stand in another cell than the zone.
    """
    every = {_datum(t) for t in texts} - {""}
    datum = every.pop() if len(every) == 1 else "both" if every else ""
    found: dict[int, None] = {}
    stated = True
    for text in texts:
        plain = fold(text)
        for code in re.findall(r"epsg\s*(\d{4,5})", plain):
            found[int(code)] = None
        wide = "utm" in plain or re.search(r"\bmui (?:chieu )?6\b", plain) is not None
        own = _datum(text)
        meant = own if own in {"vn2000", "wgs84"} else datum
        for zone in re.findall(r"(?:utm|zone|mui)\s*(?:zone\s*|mui\s*)?(48|49)\s*n?\b", plain):
            found[(32600 + int(zone)) if meant == "wgs84" else {"48": 3405, "49": 3406}[zone]] = None
            stated = stated and meant in {"vn2000", "wgs84"}
        marked = _DATUM.sub("<datum>", _ZONE_WIDTH.sub(" ", clean(text)))
        for degrees, minutes in _MERIDIAN.findall(marked):
            meridian = int(degrees) + _DECIMAL_MINUTES[minutes or "00"] / 60
            for epsg, central in (VN2000_UTM_EPSG if wide else VN2000_TM3_EPSG).items():
                if abs(central - meridian) < 1e-9:
                    found[epsg] = None
    return Declared(tuple(found), datum, stated)
