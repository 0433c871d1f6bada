"""The catalogue of open data: what there is, from whom, under which licence, at which address, and how it is told whole.

It is data that people may edit (``data/catalogue.toml``), so it is checked whole before anything is asked: every fault in one message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from geo.errors import Bilingual, InputError
from geo.fetching.areas import Box

__all__ = ["PLACEHOLDERS", "Catalogue", "Item", "Licence", "Part", "filled", "parse_catalogue", "plain_name"]

#: What may stand in braces in addresses, file names and members; anything else in braces is left alone.
PLACEHOLDERS = ("lat", "lon", "lat_end", "lon_end", "tile", "province", "area", "year", "quarter", "day", "key")
_CONTENTS = ("geotiff", "zip", "gzip", "parquet")
_PER = ("country", "province", "tile", "listed", "quarter")
_FORMS = ("as_is", "geojson", "csv", "parquet", "vector")
_STATUS = ("found", "unverified")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,150}")
_BRACES = re.compile(r"\{([a-z_]+)\}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms under which data may be used.

    Attributes
    ----------
    code, name, address : str
    non_commercial, share_alike : bool
    terms : Bilingual
        What it asks, in words.
    source : str
        Where it was seen.
    """

    code: str
    name: str
    address: str
    non_commercial: bool
    share_alike: bool
    terms: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes of a downloaded file, or of some members of an archive: one input of a project.

    Attributes
    ----------
    input : str
        Kind of input of a project file.
    form : str
        ``as_is``; ``geojson``: members joined to one file; ``csv``, ``parquet``: rows of the area alone; ``vector``: features of the area.
    options : mapping
        What the project file must say beside the path (``kind = "ground"``).
    members : str
        Regular expression of the members of an archive, with placeholders; empty: the only file there is.
    member_degrees : int
        Above 0: one expression for each tile of that size.
    file : str
        Name of the result; empty: the member's or the file's own.
    columns : tuple of str
        Headers of longitude and latitude, or the one of the quadkey.
    header : tuple of str
        Headers of a table that comes without any.
    stamps : mapping
        ``geojson``: property to a regular expression with one group, found in the member's path.
    use : bool
        Whether the project's ``[inputs]`` name it at once; if not, the line stands there as a remark.
    remark : Bilingual
    """

    input: str
    form: str = "as_is"
    options: Mapping[str, str] = field(default_factory=dict)
    members: str = ""
    member_degrees: int = 0
    file: str = ""
    columns: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)
    use: bool = True
    remark: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One set of open data.

    Attributes
    ----------
    code : str
    title, kind : Bilingual
        What it is; what kind of data, such as bare earth or surface.
    publisher, page, attribution : str
    licence : Licence
    address, file : str
        With placeholders.
    content : str
        What the file must be: geotiff, zip, gzip, parquet.
    per : str
        country, province, tile, listed (tiles with names of their own), quarter.
    tile_degrees : int
    tiles : mapping
        Name to box of listed tiles.
    size_bytes, unpacked_bytes : int
        Expected size of one file as it comes and unpacked.
    sea : bool
        Whether a missing tile is normal (open sea).
    sha256 : str
        Given by the publisher for a file that never changes.
    checksum_address, checksum_kind : str
        Where the publisher gives a checksum, and which (md5, sha256).
    key : str
        Environment variable that holds the user's key; empty: none is needed.
    refusals : mapping
        Words by which the server says no, and what they mean.
    hosts : tuple of str
        Other hosts that it may lead to.
    default : bool
        Whether it is fetched when no item is named.
    status, source : str
        Whether the address was found in public documentation, and where.
    parts : tuple of Part
    """

    code: str
    title: Bilingual
    kind: Bilingual
    publisher: str
    page: str
    attribution: str
    licence: Licence
    address: str
    file: str
    content: str
    per: str
    size_bytes: int
    unpacked_bytes: int
    status: str
    source: str
    parts: tuple[Part, ...]
    tile_degrees: int = 0
    tiles: Mapping[str, Box] = field(default_factory=dict)
    sea: bool = False
    sha256: str = ""
    checksum_address: str = ""
    checksum_kind: str = ""
    key: str = ""
    refusals: Mapping[str, Bilingual] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    default: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All items by their code, in the order of the file."""

    items: Mapping[str, Item]

    def chosen(self, codes: Sequence[str]) -> list[Item]:
        """Return the items named, or those for a beginning when none is.

        Raises
        ------
        InputError
            If there is no such item.
        """
        wrong = [code for code in codes if code not in self.items]
        if wrong:
            raise InputError(
                f"Danh mục không có '{wrong[0]}'; có: {', '.join(self.items)}.",
                f"The catalogue has no '{wrong[0]}'; it has: {', '.join(self.items)}.",
            )
        return [self.items[c] for c in dict.fromkeys(codes)] if codes else [i for i in self.items.values() if i.default]


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the placeholders known filled in; other braces are left alone."""
    return _BRACES.sub(lambda hit: values.get(hit[1], hit[0]), template)


def plain_name(name: str) -> bool:
    """Tell whether a text is a file name that means the same on every system: no folder, no hidden file, no device."""
    stem = name.split(".", maxsplit=1)[0].lower()
    device = stem in {"con", "prn", "aux", "nul"} or re.fullmatch(r"(com|lpt)\d", stem) is not None
    return _NAME.fullmatch(name) is not None and not device and not name.endswith(".")


class _Faults:
    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Bilingual] = []

    def add(self, where: str, vi: str, en: str) -> None:
        self.found.append(Bilingual(f"[{where}] {vi}", f"[{where}] {en}"))

    def stop(self) -> None:
        if self.found:
            raise InputError(
                f"{self.file}: " + " ".join(f.vi for f in self.found), f"{self.file}: " + " ".join(f.en for f in self.found)
            )


def parse_catalogue(content: Mapping[str, Any], *, file: str) -> Catalogue:
    """Check a catalogue's content.

    Parameters
    ----------
    content : mapping
        The parsed TOML.
    file : str
        Its name, for messages.

    Raises
    ------
    InputError
        With every fault in one message.
    """
    faults = _Faults(file)
    licences = {
        code: licence
        for code, entry in _tables(content, "licences", faults).items()
        if (licence := _licence(code, entry, faults)) is not None
    }
    items = {
        code: item
        for code, entry in _tables(content, "items", faults).items()
        if (item := _item(code, entry, licences, faults)) is not None
    }
    if not items and not faults.found:
        faults.add("items", "danh mục trống.", "the catalogue is empty.")
    faults.stop()
    return Catalogue(items)


def _tables(content: Mapping[str, Any], name: str, faults: _Faults) -> dict[str, Mapping[str, Any]]:
    found = content.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        faults.add(name, "phải gồm các bảng.", "must consist of tables.")
        return {}
    return found


def _words(where: str, entry: Mapping[str, Any], key: str, faults: _Faults) -> Bilingual:
    value = entry.get(key)
    if not isinstance(value, dict) or not all(isinstance(value.get(language), str) and value[language] for language in ("vi", "en")):
        faults.add(where, f"thiếu '{key}' bằng tiếng Việt hoặc tiếng Anh.", f"lacks '{key}' in Vietnamese or English.")
        return Bilingual("", "")
    return Bilingual(value["vi"], value["en"])


def _text(where: str, entry: Mapping[str, Any], key: str, faults: _Faults, *, allowed: Sequence[str] = (), needed: bool = True) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str) or (needed and not value):
        faults.add(where, f"thiếu '{key}'.", f"lacks '{key}'.")
        return ""
    if allowed and value and value not in allowed:
        faults.add(where, f"{key} = '{value}': chỉ {', '.join(allowed)}.", f"{key} = '{value}': only {', '.join(allowed)}.")
    return value


def _licence(code: str, entry: Mapping[str, Any], faults: _Faults) -> Licence | None:
    where = f"licences.{code}"
    before = len(faults.found)
    licence = Licence(
        code, _text(where, entry, "name", faults), _text(where, entry, "address", faults),
        bool(entry.get("non_commercial", False)), bool(entry.get("share_alike", False)),
        _words(where, entry, "terms", faults), _text(where, entry, "source", faults),
    )  # fmt: skip
    return licence if len(faults.found) == before else None


def _item(code: str, entry: Mapping[str, Any], licences: Mapping[str, Licence], faults: _Faults) -> Item | None:
    where = f"items.{code}"
    before = len(faults.found)
    if not plain_name(code):
        faults.add(where, "tên mục chỉ gồm chữ không dấu, số, gạch.", "an item's name has plain letters, digits and dashes only.")
    licence = licences.get(str(entry.get("licence", "")))
    if licence is None:
        faults.add(where, "thiếu giấy phép đã khai trong [licences].", "lacks a licence declared in [licences].")
    per = _text(where, entry, "per", faults, allowed=_PER)
    address = _address(where, entry, "address", faults)
    checksum = _address(where, entry, "checksum_address", faults, needed=False)
    key = _text(where, entry, "key", faults, needed=False)
    if bool(key) != ("{key}" in address):
        faults.add(where, "{key} trong địa chỉ và 'key' phải đi cùng nhau.", "{key} in the address and 'key' go together.")
    tiles = {str(name): _box(where, box, faults) for name, box in entry.get("tiles", {}).items()}
    degrees = _whole(where, entry, "tile_degrees", faults)
    if (per == "tile") != (degrees > 0) or (per == "listed") != bool(tiles):
        faults.add(where, "per = tile cần tile_degrees, per = listed cần tiles.", "per = tile needs tile_degrees, per = listed needs tiles.")
    parts = tuple(_part(where, part, faults) for part in entry.get("parts", []))
    if not parts:
        faults.add(where, "thiếu 'parts'.", "lacks 'parts'.")
    refusals = {str(w): _words(where, entry.get("refusals", {}), w, faults) for w in entry.get("refusals", {})}
    sha256 = _text(where, entry, "sha256", faults, needed=False)
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        faults.add(where, "sha256 phải là 64 chữ số thập lục phân.", "sha256 must be 64 hexadecimal digits.")
    sizes = [_whole(where, entry, name, faults) for name in ("size_bytes", "unpacked_bytes")]
    if sizes[0] <= 0:
        faults.add(where, "thiếu size_bytes.", "lacks size_bytes.")
    texts = {name: _text(where, entry, name, faults) for name in ("publisher", "page", "attribution", "source")}
    title, kind = _words(where, entry, "title", faults), _words(where, entry, "kind", faults)
    content = _text(where, entry, "content", faults, allowed=_CONTENTS)
    status = _text(where, entry, "status", faults, allowed=_STATUS)
    checksum_kind = _text(where, entry, "checksum_kind", faults, allowed=("md5", "sha256"), needed=bool(checksum))
    file = _text(where, entry, "file", faults)
    if len(faults.found) > before or licence is None:
        return None
    return Item(
        code=code, title=title, kind=kind, licence=licence, address=address, file=file, content=content, per=per,
        size_bytes=sizes[0], unpacked_bytes=sizes[1] or sizes[0], status=status, parts=parts, tile_degrees=degrees, tiles=tiles,
        sea=bool(entry.get("sea", False)), sha256=sha256, checksum_address=checksum, checksum_kind=checksum_kind, key=key,
        refusals=refusals, hosts=tuple(str(h).lower() for h in entry.get("hosts", [])), default=bool(entry.get("default", False)),
        **texts,
    )  # fmt: skip


def _part(where: str, entry: Mapping[str, Any], faults: _Faults) -> Part:
    form = _text(where, entry, "form", faults, allowed=_FORMS, needed=False) or "as_is"
    members = _text(where, entry, "members", faults, needed=False)
    try:
        re.compile(filled(members, dict.fromkeys(PLACEHOLDERS, "x")))
    except re.error as error:
        faults.add(where, f"members không phải biểu thức đúng ({error}).", f"members is no regular expression ({error}).")
    columns = tuple(str(c) for c in entry.get("columns", []))
    if {"csv": 2, "parquet": 1}.get(form, len(columns)) != len(columns):
        faults.add(where, "form = csv cần 2 cột, parquet cần 1.", "form = csv needs 2 columns, parquet 1.")
    return Part(
        input=_text(where, entry, "input", faults), form=form, options={str(k): str(v) for k, v in entry.get("options", {}).items()},
        members=members, member_degrees=_whole(where, entry, "member_degrees", faults), file=_text(where, entry, "file", faults, needed=False),
        columns=columns, header=tuple(str(c) for c in entry.get("header", [])), stamps=_stamps(where, entry, faults), use=bool(entry.get("use", True)), remark=_words(where, entry, "remark", faults) if "remark" in entry else None,
    )  # fmt: skip


def _stamps(where: str, entry: Mapping[str, Any], faults: _Faults) -> dict[str, str]:
    found = {str(k): str(v) for k, v in entry.get("stamps", {}).items()}
    for pattern in found.values():
        try:
            if re.compile(pattern).groups == 1:
                continue
        except re.error:
            pass
        faults.add(where, f"stamps: '{pattern}' phải có đúng một nhóm.", f"stamps: '{pattern}' must have exactly one group.")
    return found


def _whole(where: str, entry: Mapping[str, Any], key: str, faults: _Faults) -> int:
    value = entry.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        faults.add(where, f"{key} = '{value}': cần số nguyên không âm.", f"{key} = '{value}': a whole number from 0 on is needed.")
        return 0
    return value


def _box(where: str, value: object, faults: _Faults) -> Box:
    good = isinstance(value, list) and len(value) == 4 and all(isinstance(v, int | float) for v in value)
    if not (good and value[0] < value[2] and value[1] < value[3]):  # type: ignore[index]
        faults.add(where, f"'{value}' không phải ô tây, nam, đông, bắc.", f"'{value}' is no box west, south, east, north.")
        return 0.0, 0.0, 0.0, 0.0
    west, south, east, north = (float(v) for v in value)  # type: ignore[attr-defined]
    return west, south, east, north


def _address(where: str, entry: Mapping[str, Any], key: str, faults: _Faults, *, needed: bool = True) -> str:
    text = _text(where, entry, key, faults, needed=needed)
    if not text:
        return ""
    try:
        parts = urlsplit(filled(text, dict.fromkeys(PLACEHOLDERS, "x")))
        host, plain = parts.hostname or "", parts.username is None and parts.password is None
    except ValueError:
        host, plain = "", False
    if not (host and plain and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))):
        faults.add(where, f"{key}: cần địa chỉ https:// không kèm mật khẩu.", f"{key}: an https:// address without a password is needed.")
    return text
