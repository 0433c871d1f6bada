"""Which files of the catalogue an area, a province or a quarter needs, and what shall become of each."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from geo.errors import InputError
from geo.fetching.areas import FetchArea, latitude_name, longitude_name
from geo.fetching.catalogue import Item, Part, filled, plain_name

__all__ = ["Quarter", "Wanted", "WantedPart", "last_quarter", "parse_quarter", "wanted_files"]


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three months."""

    year: int
    number: int

    @property
    def first_day(self) -> dt.date:
        """The day on which it begins."""
        return dt.date(self.year, 3 * self.number - 2, 1)


@dataclass(frozen=True, slots=True)
class WantedPart:
    """One result of a file.

    Attributes
    ----------
    part : Part
    members : tuple of str
        Regular expressions of the members of an archive; each must find something.
    file : str
        Name of the result; empty: the member's or the file's own.
    tiles : tuple of str
        What each expression is of (``N21E104``), where there is one per tile.
    """

    part: Part
    members: tuple[str, ...]
    file: str
    tiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to fetch.

    Attributes
    ----------
    item : Item
    name : str
        File name, in the item's folder, in the folder of unfinished files and in a mirror.
    address : str
        Complete but for ``{key}``.
    checksum_address : str
    values : mapping
        What the placeholders were filled with.
    parts : tuple of WantedPart
    area : FetchArea or None
        Rows and features outside are left out, where a part is cut.
    """

    item: Item
    name: str
    address: str
    checksum_address: str
    values: Mapping[str, str]
    parts: tuple[WantedPart, ...]
    area: FetchArea | None

    @property
    def record(self) -> str:
        """Name of the record of where it came from: another area, another record, where the area decides what comes of the file."""
        cut = any(w.part.form != "as_is" or w.part.member_degrees or "{province}" in w.part.members for w in self.parts)
        return f"{self.name}.{self.values['area']}" if cut else self.name

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.item.code}/{self.name}"


def parse_quarter(text: str) -> Quarter:
    """Return the quarter that ``2026-1``, ``2026-Q1`` or ``Q1/2026`` names.

    Raises
    ------
    InputError
        If the text is none.
    """
    clean = text.strip().upper()
    found = re.fullmatch(r"(\d{4})[-/ ]?Q?([1-4])", clean) or re.fullmatch(r"Q?([1-4])[-/ ](\d{4})", clean)
    if found is None:
        raise InputError(
            f"--quarter '{text}': viết như 2026-1 (quý 1 năm 2026).", f"--quarter '{text}': write it like 2026-1 (first quarter of 2026)."
        )
    one, two = int(found[1]), int(found[2])
    return Quarter(one, two) if one > 4 else Quarter(two, one)


def last_quarter(today: dt.date, *, ready_days: int) -> Quarter:
    """Return the last quarter that ended so many days ago or earlier."""
    day = today - dt.timedelta(days=ready_days)
    quarter = Quarter(day.year, (day.month - 1) // 3 + 1)
    return Quarter(quarter.year - 1, 4) if quarter.number == 1 else Quarter(quarter.year, quarter.number - 1)


def wanted_files(item: Item, area: FetchArea | None, quarter: Quarter) -> list[Wanted]:
    """Return the files of an item, from the south-west on.

    Raises
    ------
    InputError
        If the item needs a province or an area that was not given, or has nothing there.
    """
    if item.per in {"tile", "listed"} and area is None:
        raise InputError(
            f"'{item.code}' được phát hành theo mảnh: hãy nêu --province hoặc --bbox.",
            f"'{item.code}' comes in tiles: give --province or --bbox.",
        )
    if any("{province}" in text for text in _templates(item)) and not (area and area.provinces):
        raise InputError(f"'{item.code}' cần mã tỉnh: hãy nêu --province.", f"'{item.code}' needs the province: give --province.")
    found = [_wanted(item, values, area) for values in _places(item, area, quarter)]
    if not found:
        raise InputError(
            f"'{item.code}' không có mảnh nào ở vùng này.", f"'{item.code}' has no tile in this area."
        )
    return found


def _templates(item: Item) -> list[str]:
    return [item.address, item.file, *(p.members for p in item.parts), *(p.file for p in item.parts)]


def _places(item: Item, area: FetchArea | None, quarter: Quarter) -> list[dict[str, str]]:
    general = {"year": str(quarter.year), "quarter": str(quarter.number), "day": quarter.first_day.isoformat()}
    general["area"] = "all" if area is None else "_".join(area.provinces) or "bbox_" + "_".join(f"{v:g}" for v in area.boxes[0])
    if area is not None and area.provinces:
        general["province"] = "_".join(area.provinces)
    if item.per == "tile" and area is not None:
        return [general | _corners(lat, lon, item.tile_degrees) for lat, lon in area.cells(item.tile_degrees)]
    if item.per == "listed" and area is not None:
        return [general | {"tile": name} for name, box in item.tiles.items() if area.touches(box)]
    if item.per == "province" and area is not None:
        return [general | {"province": code} for code in area.provinces]
    return [general]


def _corners(lat: int, lon: int, degrees: int) -> dict[str, str]:
    return {
        "lat": latitude_name(lat), "lon": longitude_name(lon),
        "lat_end": latitude_name(lat + degrees), "lon_end": longitude_name(lon + degrees),
    }  # fmt: skip


def _wanted(item: Item, values: dict[str, str], area: FetchArea | None) -> Wanted:
    parts = tuple(_part(part, item, values, area) for part in item.parts)
    name = filled(item.file, values)
    for text in (name, *(part.file for part in parts if part.file)):
        if not plain_name(text):
            raise InputError(
                f"'{item.code}': '{text}' không dùng được làm tên tệp; hãy sửa danh mục.",
                f"'{item.code}': '{text}' is no usable file name; mend the catalogue.",
            )
    return Wanted(item, name, filled(item.address, values), filled(item.checksum_address, values), values, parts, area)


def _part(part: Part, item: Item, values: dict[str, str], area: FetchArea | None) -> WantedPart:
    """Return what is wanted of an archive: one expression, or one for each small tile of the area that lies in the file's own."""
    file = filled(part.file, values)
    if not part.members:
        return WantedPart(part, (), file)
    codes = "|".join(re.escape(code) for code in values.get("province", "").split("_"))
    patterns = {name: re.escape(value) for name, value in values.items()} | {"province": f"(?:{codes})"}
    if not part.member_degrees or area is None:
        return WantedPart(part, (filled(part.members, patterns),), file)
    large = item.tile_degrees
    cells = [
        (lat, lon)
        for lat, lon in area.cells(part.member_degrees)
        if item.per != "tile" or _corners(lat // large * large, lon // large * large, large).items() <= values.items()
    ]
    members = tuple(filled(part.members, patterns | _corners(lat, lon, part.member_degrees)) for lat, lon in cells)
    return WantedPart(part, members, file, tuple(latitude_name(lat) + longitude_name(lon) for lat, lon in cells))
