"""What stands below or beside a header's name: a unit in brackets, a row of units, a row that divides a merged column into parts.

A number under a header that names another unit than the field's is converted, which is stated; where no factor leads from one to the other (dBm under a
field of watts) the column is unknown. A cell with a unit of its own is read by :mod:`geo.values` as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from geo.io.raw import RawTable
from geo.text import clean, fold, fold_key
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["header_factor", "with_parts_row", "with_units_row"]

_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_SAYS_UNIT = re.compile(r"^(?:don vi(?: tinh)?|dvt|dv|tinh bang|tinh theo|unit|in)\s+")
_LINE = re.compile(r"(?:don vi(?: tinh)?|dvt)\s+((?:1000|nghin|ngan|trieu)\s*nguoi|nguoi)$")
_NEAR = 20
_METRES = {
    **dict.fromkeys(("m", "met", "meter", "meters", "metre", "metres"), 1.0), **dict.fromkeys(("km", "kilomet", "kilometer", "kilometers", "kilometre", "kilometres"), 1e3),
    **dict.fromkeys(("cm", "xentimet", "centimet", "centimeter", "centimeters", "centimetre", "centimetres"), 1e-2), "dm": 1e-1, **dict.fromkeys(("mm", "milimet", "millimeter", "millimetre"), 1e-3),
    **dict.fromkeys(("ft", "feet", "foot"), 0.3048),
}  # fmt: skip
_SQUARE_METRES = {**dict.fromkeys(("m2", "metvuong"), 1.0), **dict.fromkeys(("ha", "hecta", "hec"), 1e4), **dict.fromkeys(("km2", "kmvuong", "kilometvuong"), 1e6)}
_WATTS = {**dict.fromkeys(("w", "watt", "watts", "oat"), 1.0), "mw": 1e-3, "kw": 1e3}
_LEVELS = dict.fromkeys(("dbm", "dbw", "dbuv", "dbuvm"), float("nan"))
_NUMBERS = {**dict.fromkeys(("nghin", "ngan", "1000", "1000nguoi", "1000ho", "nghinnguoi", "ngannguoi", "nghinho", "nganho", "thousand"), 1e3), **dict.fromkeys(("trieu", "trieunguoi", "million"), 1e6)}
#: By the field's unit, what each unit is of it: a factor; NaN where none leads there.
_FACTORS: dict[str, dict[str, float]] = {
    "m": _METRES,
    "km": {name: factor / 1e3 for name, factor in _METRES.items()},
    "m²": _SQUARE_METRES,
    "ha": {name: factor / 1e4 for name, factor in _SQUARE_METRES.items()},
    "km²": {name: factor / 1e6 for name, factor in _SQUARE_METRES.items()},
    "W": {**_WATTS, **_LEVELS},
    "dBm": {**dict.fromkeys(_WATTS, float("nan")), **_LEVELS, "dbm": 1.0},
    "dBi": {"dbi": 1.0, "db": 1.0, "dbd": float("nan")},
    "MHz": {"mhz": 1.0, "ghz": 1e3, "khz": 1e-3, "hz": 1e-6},
    "°": {**dict.fromkeys(("do", "deg", "degree", "degrees"), 1.0), **dict.fromkeys(("rad", "radian", "radians", "grad", "gon", "mil", "percent"), float("nan"))},
    "người": {**_NUMBERS, **dict.fromkeys(("nguoi", "khau", "nhankhau", "persons", "people"), 1.0)},
    "": _NUMBERS,
    "km/h": {**dict.fromkeys(("kmh", "kmgio", "kph"), 1.0), **dict.fromkeys(("ms", "mgiay"), 3.6)},
}  # fmt: skip
#: What may stand alone in a row of units, beside all of those.
_ALONE = frozenset(("db", "mbps", "kbps", "gbps", "mbits", "kbits", "gbits", "mbs", "nguoi", "ho", "tram", "cot", "cai", "ms", "giay", "nam", "thang", "ngay", "vnd", "dong", "trieudong", "dophutgiay", "vn2000", "wgs84"))


def _unit_key(text: object) -> str:
    """Return the folded name of a unit without words for "unit" before it: ``"(đơn vị: km)"`` is ``"km"``."""
    return _SAYS_UNIT.sub("", fold(text)).replace(" ", "")


def header_factor(header: str, unit: str, above: Sequence[str] = ()) -> tuple[str, float]:
    """Return the unit that a header names in brackets, as it came, and what one of it is of the field's ``unit``.

    Of people also the unit that a line above the table names ("Đơn vị tính: nghìn người"). ``("", 1.0)`` where none is named, or one that means nothing here; a factor of NaN where the two cannot be converted.

    Examples
    --------
    >>> header_factor("Vùng phủ (km)", "m"), header_factor("Độ cao (m, so với mặt đất)", "m"), header_factor("Công suất (dBm)", "W")[1]
    (('km', 1000.0), ('m', 1.0), nan)
    """
    known = _FACTORS.get(unit, {})
    for inside in _BRACKET.findall(clean(header)):
        for part in (inside.rsplit(":", 1)[-1], inside, re.split(r"[,;:]", inside)[0], inside.split()[0] if inside.split() else ""):
            if (key := _unit_key(part)) in known:
                return clean(part), known[key]
            if unit == "°" and clean(part) == "%":
                return "%", float("nan")
    for line in above if unit == "người" else ():
        said = _LINE.search(fold(line))
        if said and (key := said[1].replace(" ", "")) in known:
            return clean(line).rsplit(":", 1)[-1].strip(" ()."), known[key]
    return "", 1.0


def _is_unit(cell: object) -> bool:
    text = clean(cell)
    inside = text.strip("()[] ")
    return inside in {"°", "%"} or (bool(inside) and not inside.isdigit() and (_unit_key(inside) in _ALONE or any(_unit_key(inside) in known for known in _FACTORS.values())))


def _first_row(raw: RawTable) -> int | None:
    """Return the number of the first row below the header that is not blank, None where there is none near it."""
    near = raw.cells.iloc[:_NEAR]
    filled = near.index[~near.isna().all(axis=1).to_numpy(dtype=bool)]
    return None if raw.geometry is not None or not len(filled) else int(filled[0])


def with_parts_row(raw: RawTable, log: IssueLog) -> RawTable:
    """Return a table whose first row divides merged headers ("Dân số" over "Nam", "Nữ", "Tổng") with that row as part of the header; stated.

    The parts are "Dân số Nam" and so on, which mean nothing where only the whole does: read under "Dân số" alone, the first of them was taken for it.
    """
    number = _first_row(raw)
    if number is None:
        return raw
    row = pd.Series(raw.cells.loc[number], dtype=object)
    parts = {int(place): re.sub(r"^(\d{4})\.0$", r"\1", clean(cell)) for place, cell, blank in zip(raw.cells.columns, row, is_blank(row), strict=True) if not blank}
    groups = _groups(raw.headers)
    if len(parts) < 2 or not all(place in groups and _names_a_part(text) for place, text in parts.items()):
        return raw
    headers = list(raw.headers)
    for place, text in parts.items():
        headers[place] = groups[place] if fold(text) in _WHOLES else f"{groups[place]} {text}"
    log.add("header_parts_row", raw.source, rows=[number], came=["; ".join(parts.values())])
    return replace(raw, headers=tuple(headers), cells=raw.cells.drop(index=number))


def _groups(headers: tuple[str, ...]) -> dict[int, str]:
    """Return, of each column under a header that is followed by blank ones, that header."""
    found: dict[int, str] = {}
    for place, header in enumerate(headers):
        if header and place + 1 < len(headers) and not headers[place + 1]:
            found[place] = header
        elif not header and place - 1 in found:
            found[place] = found[place - 1]
    return found


def _names_a_part(text: str) -> bool:
    """Tell whether a cell can name a part of a column: a word without figures, or a year."""
    return re.fullmatch(r"(?:năm\s+)?(?:19|20)\d\d", text, re.IGNORECASE) is not None or (not any(c.isdigit() for c in text) and any(c.isalpha() for c in text))


_WHOLES = frozenset(("tong", "tong so", "tong cong", "chung", "ca hai", "total", "all", "both"))


def with_units_row(raw: RawTable, log: IssueLog) -> RawTable:
    """Return a table whose row of units below the header is part of it, as if each header had its unit in brackets; stated."""
    number = _first_row(raw)
    if number is None:
        return raw
    row = pd.Series(raw.cells.loc[number], dtype=object)
    units = {int(place): row[place] for place, blank in zip(raw.cells.columns, is_blank(row), strict=True) if not blank}
    if len(units) < 2 or not all(isinstance(cell, str) and _is_unit(cell) for cell in units.values()):
        return raw
    headers = list(raw.headers)
    for place, cell in units.items():
        unit = clean(cell).strip("()[] ")
        if headers[place] and not any(fold_key(unit) == fold_key(inside) for inside in _BRACKET.findall(headers[place])):
            headers[place] = f"{headers[place]} ({unit})"
    log.add("header_units_row", raw.source, rows=[number], came=["; ".join(clean(c) for c in units.values())])
    return replace(raw, headers=tuple(headers), cells=raw.cells.drop(index=number))
