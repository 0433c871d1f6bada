"""What lies in a folder: every file looked at once, its tables by their headers and first rows, its rasters by their values.

Nothing is judged here; what a file is taken for is told by :mod:`geo.io.folder_roles`.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.windows import Window

from geo.errors import Bilingual, InputError
from geo.io.delimited import read_delimited
from geo.io.example_rows import without_example_rows
from geo.io.files import digest, is_temporary, write_bytes
from geo.io.raw import FileLimits, RawTable, TableOptions
from geo.io.resources import issue_catalogue, load_toml
from geo.io.vectors import read_vectors
from geo.io.workbook import check_archive, read_workbook
from geo.recognition import likely_text
from geo.schemas import Field, FieldType, HeaderMatch, Schema
from geo.text import fold_key, without_unit
from geo.validation import IssueLog, Source

__all__ = ["FoundFile", "RasterLook", "TableLook", "folder_rules", "look_at_folder", "unpack", "whole_table"]

#: Subfolder into which archives of tables and rasters are unpacked.
UNPACKED = "giai-nen"
_SHAPES = {0: "point", 4: "point", 1: "line", 5: "line", 3: "polygon", 6: "polygon"}
_WINDOW, _WINDOWS = 128, 5  # cells along an axis, windows along an axis


@dataclass(frozen=True, slots=True)
class TableLook:
    """One sheet, layer or text table.

    Attributes
    ----------
    sheet : str
        Empty where the file has one only.
    raw : RawTable
        Headers and the first rows.
    shape : str
        ``table``, ``point``, ``line`` or ``polygon``.
    rows : int
        Rows that were read.
    cut : bool
        Whether the file holds more rows than ``raw``; :func:`whole_table` reads them.
    """

    sheet: str
    raw: RawTable
    shape: str
    rows: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class RasterLook:
    """Values of a raster, of a long one those of windows all over it.

    Attributes
    ----------
    distinct : tuple of float
        Empty where they are many.
    low, high : float
    zero_share : float
        Share of values that are 0 or, if greater, of neighbours of a cell with a value that have none.
    smooth : float
        Correlation of neighbours along the smoother axis.
    whole : bool
        Whether all values are whole numbers.
    part : bool
        Whether only a part of it was looked at.
    """

    distinct: tuple[float, ...]
    low: float
    high: float
    zero_share: float
    smooth: float
    whole: bool
    part: bool = False


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of the folder.

    Attributes
    ----------
    path : Path
    file : str
        Relative to the folder, forward slashes.
    kind : str
        Of ``[suffixes]``: workbook, text, vector, raster, antenna, toml, record (of fetched data) ...; ``""`` where the suffix says nothing.
    tables : tuple of TableLook
    raster : RasterLook or None
    content : mapping
        Of a TOML file.
    refused : Bilingual or None
        Why it could not be read.
    hidden : tuple of str
        Sheets that are hidden in the workbook; they are not read.
    """

    path: Path
    file: str
    kind: str
    tables: tuple[TableLook, ...] = ()
    raster: RasterLook | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    refused: Bilingual | None = None
    hidden: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def folder_rules() -> Mapping[str, Any]:
    """Return ``resources/folder.toml``."""
    return load_toml("folder.toml")


class _EveryHeader(Schema):
    """Knows every header of every kind, so that a header row is found whatever the table holds; looked up, not searched for."""

    __slots__ = ()

    def match(self, headers: Sequence[str], chosen: Mapping[str, str] | None = None) -> HeaderMatch:
        """Find which headers any kind knows."""
        columns: dict[str, int] = {}
        for place, header in enumerate(headers):
            for key in (fold_key(header), fold_key(without_unit(header))):
                if key in self.fields:
                    columns.setdefault(key, place)
                    break
        return HeaderMatch(columns, {}, ())


@lru_cache(maxsize=1)
def _every_header() -> Schema:
    keys: dict[str, None] = {}
    for kind, entry in folder_rules()["kinds"].items():
        if not entry.get("raster"):
            for known in _schema(str(entry.get("schema", kind))).fields.values():
                keys |= dict.fromkeys(known.aliases)
    return _EveryHeader("?", {key: Field(key, FieldType.RAW, (key,)) for key in keys})


@lru_cache(maxsize=64)
def _schema(kind: str) -> Schema:
    return Schema.from_toml(kind, load_toml(f"tables/{kind}.toml"))


def look_at_folder(folder: Path) -> Iterator[FoundFile]:
    """Yield every file of a folder and its subfolders, in order of name, looked at.

    Lock files of office programs, hidden files and folders and what our own runs wrote are passed over: they are yielded with the
    reason, a folder as one.
    """
    for path, refused in sorted(_walk(folder), key=lambda e: os.fsencode(e[0].relative_to(folder).as_posix())):
        label = path.relative_to(folder).as_posix()
        yield _looked(path, label) if refused is None else FoundFile(path, f"{label}/", "folder", refused=refused)


def _walk(folder: Path) -> Iterator[tuple[Path, Bilingual | None]]:
    """Yield files, and folders that are not entered with the reason."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        reasons = {name: _not_entered(here / name) for name in sorted(folders)}
        folders[:] = [name for name, reason in reasons.items() if reason is None]
        yield from ((here / name, reason) for name, reason in reasons.items() if reason is not None)
        yield from ((here / name, None) for name in names)


def _not_entered(folder: Path) -> Bilingual | None:
    if folder.name.startswith("."):
        return Bilingual("thư mục ẩn, không xem", "a hidden folder, not looked into")
    if folder.suffix.lower() == ".gdb":
        return _CANNOT["foreign"]
    if folder.is_symlink():
        return Bilingual("liên kết tới thư mục khác, không xem", "a link to another folder, not followed")
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return None
    # Other programs write files of this name too; ours names the version that wrote it.
    if isinstance(manifest, dict) and "vungphu" in manifest:
        return Bilingual("kết quả của một lần chạy trước, không phải số liệu đầu vào", "results of an earlier run, no input")
    return None


def _kind(name: str) -> str:
    lowered = name.lower()
    if lowered.endswith(".toml"):
        return "toml"
    for kind, suffixes in folder_rules()["suffixes"].items():
        if lowered.endswith(tuple(suffixes)):
            return str(kind)
    return ""


def _looked(path: Path, label: str) -> FoundFile:
    if path.name.startswith("~$"):
        return FoundFile(path, label, "lock", refused=Bilingual("tệp khóa tạm của Excel", "a lock file of Excel"))
    if path.name.startswith(".") or is_temporary(path) or path.name.lower() in {"thumbs.db", "desktop.ini"}:
        return FoundFile(path, label, "hidden", refused=Bilingual("tệp ẩn của hệ thống", "a hidden file of the system"))
    kind = _kind(path.name)
    if not _is_unicode(path):
        return FoundFile(path, label, kind, refused=Bilingual("tên tệp không phải Unicode; hãy đổi tên tệp", "its name is not Unicode; rename it"))
    said = _CANNOT.get(kind)
    if said is not None:
        return FoundFile(path, label, kind, refused=said)
    try:
        if _is_record(path):
            return FoundFile(path, label, "record")
        if kind == "toml":
            content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
            # What fetch_data.py writes for a person to copy from.
            return FoundFile(path, label, "record" if path.name == "inputs.toml" and set(content) == {"inputs"} else kind, content=content)
        if kind == "raster":
            return FoundFile(path, label, kind, raster=_raster_look(path, label))
        if kind == "text" and _is_mapinfo(path):
            return FoundFile(path, label, "foreign", refused=_CANNOT["foreign"])
        if kind in {"workbook", "text", "vector"}:
            tables, hidden = _table_looks(path, label, kind)
            return FoundFile(path, label, kind, tables=tables, hidden=hidden)
        if kind == "archive":
            names = check_archive(path, Source(label), FileLimits())
            if _is_one_shapefile(names):
                return FoundFile(path, label, "vector", tables=_table_looks(path, label, "vector")[0])
            return FoundFile(path, label, kind)
    except InputError as error:
        message = error.message  # the file is named anyway
        return FoundFile(path, label, kind, refused=Bilingual(message.vi.removeprefix(f"{label}: "), message.en.removeprefix(f"{label}: ")))
    except (OSError, ValueError) as error:
        reason = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)[:120]
        return FoundFile(path, label, kind, refused=Bilingual(f"không đọc được ({reason})", f"cannot be read ({reason})"))
    if kind in {"antenna", "parts"}:
        return FoundFile(path, label, kind)
    return FoundFile(path, label, "", refused=Bilingual("không rõ định dạng", "its format is not known"))


def _is_mapinfo(path: Path) -> bool:
    """Tell whether a ``.tab`` is MapInfo's, which names a layer and holds no row."""
    with path.open("rb") as stream:
        return stream.read(16).lstrip().lower().startswith(b"!table")


def _is_record(path: Path) -> bool:
    """Tell whether a file is the record that fetch_data.py keeps beside what it fetched."""
    if not path.name.endswith(".source.json"):
        return False
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(record, dict) and {"item", "files"} <= set(record)


def _is_one_shapefile(names: Sequence[str]) -> bool:
    """Tell whether an archive holds the parts of one Shapefile and nothing else; it is read as it is then."""
    files = [n.replace("\\", "/") for n in names if not n.endswith(("/", "\\"))]
    files = [n for n in files if not n.startswith("__MACOSX/") and not n.rpartition("/")[2].startswith(".")]
    shapes = [n for n in files if n.lower().endswith(".shp")]
    return len(shapes) == 1 and all(n == shapes[0] or (_kind(n) == "parts" and n.startswith(f"{shapes[0][:-4]}.")) for n in files)


def _is_unicode(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


_CANNOT = {
    "document": Bilingual(
        "văn bản (PDF, Word, bản quét) không đọc được; hãy chép bảng trong đó vào mẫu Excel (make_templates.py)",
        "a document (PDF, Word, a scan) cannot be read; copy its table into an Excel template (make_templates.py)",
    ),
    "picture": Bilingual("ảnh không đọc được như số liệu", "a picture cannot be read as data"),
    "drawing": Bilingual(
        "bản vẽ không đọc được; hãy xuất ra GeoPackage hoặc Shapefile bằng QGIS", "a drawing is not read; export it to GeoPackage or Shapefile with QGIS"
    ),
    "foreign": Bilingual(
        "định dạng này không đọc được; hãy lưu lại thành XLSX (bảng) hoặc GeoPackage (bản đồ, bằng QGIS)",
        "this format is not read; save it as XLSX (a table) or as GeoPackage (a map, with QGIS)",
    ),
    "media": Bilingual("phim, âm thanh, thư điện tử hoặc dự án QGIS: không phải số liệu", "film, sound, mail or a QGIS project: no data"),
    "packed": Bilingual("kiểu nén này không đọc được; hãy giải nén", "this kind of archive is not read; unpack it"),
}


def _table_looks(path: Path, label: str, kind: str) -> tuple[tuple[TableLook, ...], tuple[str, ...]]:
    """Return the tables of a file and the names of hidden sheets."""
    rows = int(folder_rules()["rules"]["sample_rows"]["value"])
    part = kind == "text" and path.stat().st_size > _most_bytes()
    log = IssueLog(issue_catalogue())
    raws = _data_tables(path, label, kind, log, most=_most_bytes())
    # A sheet's name is needed where there are several; the sheets that hold nothing are not among them.
    looks = tuple(
        TableLook(raw.source.sheet, _first_rows(raw, rows), _shape(raw), len(raw.cells), part or len(raw.cells) > rows)
        for raw in raws
        if any(raw.headers) or raw.geometry is not None
    )
    return looks, tuple(f.source.sheet for f in log if f.kind.code == "sheet_hidden")


def whole_table(found: FoundFile, look: TableLook) -> RawTable:
    """Return a table with all its rows; read again only if it was cut.

    Raises
    ------
    InputError
        If the file cannot be read any more.
    """
    if not look.cut:
        return look.raw
    return next((r for r in _data_tables(found.path, found.file, found.kind, IssueLog(issue_catalogue()), most=None) if r.source.sheet == look.sheet), look.raw)


def _most_bytes() -> int:
    return int(float(folder_rules()["rules"]["largest_look_mb"]["value"]) * 1e6)


def _data_tables(path: Path, label: str, kind: str, log: IssueLog, *, most: int | None) -> list[RawTable]:
    """Return the tables of a file without the made-up example rows of our templates: nothing is inferred from those."""
    raws = _raw_tables(path, label, kind, log, most=most)
    return [raw if raw.geometry is not None else replace(raw, cells=without_example_rows(raw.cells)) for raw in raws]


def _raw_tables(path: Path, label: str, kind: str, log: IssueLog, *, most: int | None) -> list[RawTable]:
    options, limits, schema = TableOptions(), FileLimits(), _every_header()
    if kind == "workbook":
        return read_workbook(path, label, schema, options, log, limits)
    if kind == "vector":
        return read_vectors(path, label, schema, options, log, limits)
    if most is None or path.stat().st_size <= most:
        return [read_delimited(path, Source(label), schema, options, log, limits)]
    with path.open("rb") as stream:
        start = stream.read(most)
    with tempfile.TemporaryDirectory() as place:
        part = Path(place) / f"part{path.suffix}"
        part.write_bytes(start[: start.rfind(b"\n") + 1])
        return [read_delimited(part, Source(label), schema, options, log, limits)]


def _first_rows(raw: RawTable, rows: int) -> RawTable:
    return replace(raw, cells=raw.cells.iloc[:rows], geometry=None if raw.geometry is None else raw.geometry.iloc[:rows])


def _shape(raw: RawTable) -> str:
    if raw.geometry is None:
        return "table"
    known = raw.geometry.dropna()
    kinds = pd.Series([_SHAPES.get(int(i), "") for i in shapely.get_type_id(known.iloc[:500].to_numpy(dtype=object))])
    return str(kinds.mode().iloc[0]) if len(kinds) else "table"


def _raster_look(path: Path, label: str) -> RasterLook:
    try:
        with rasterio.open(path, driver="SRTMHGT" if path.suffix.lower() == ".hgt" else "GTiff") as data:
            parts = [data.read(1, window=w, masked=True).astype(float).filled(np.nan) for w in _windows(data.width, data.height)]
    except RasterioError as error:
        reason = str(error).replace(str(path), path.name)[:120]  # the place on this machine goes into no file
        raise InputError(f"{label}: không mở được raster ({reason}).", f"{label}: the raster cannot be opened ({reason}).") from error
    part = len(parts) > 1
    known = np.concatenate([p[np.isfinite(p)] for p in parts])
    if not known.size:
        if part:
            raise InputError(f"{label}: phần đã xem của raster không có giá trị nào.", f"{label}: the part of the raster that was looked at holds no value.")
        raise InputError(f"{label}: raster không có giá trị.", f"{label}: the raster holds no value.")
    distinct = np.unique(known)
    along = (
        _alike(np.concatenate([p[:, :-1].ravel() for p in parts]), np.concatenate([p[:, 1:].ravel() for p in parts])),
        _alike(np.concatenate([p[:-1].ravel() for p in parts]), np.concatenate([p[1:].ravel() for p in parts])),
    )
    return RasterLook(
        tuple(float(v) for v in distinct) if len(distinct) <= 256 else (), float(known.min()), float(known.max()),
        max(float((known == 0).mean()), _empty_share(parts)), max(along), bool((known == np.floor(known)).all()), part,
    )  # fmt: skip


def _windows(width: int, height: int) -> list[Window]:
    """Return the whole of a small raster, of a larger one windows all over it: its middle alone may be sea, or another country."""
    if max(width, height) <= _WINDOW * _WINDOWS:
        return [Window(0, 0, width, height)]

    def starts(size: int) -> list[int]:
        middles = (np.arange(_WINDOWS) + 0.5) * size / _WINDOWS
        return sorted({int(s) for s in np.clip(middles - _WINDOW / 2, 0, max(0, size - _WINDOW))})

    return [Window(x, y, min(_WINDOW, width), min(_WINDOW, height)) for y in starts(height) for x in starts(width)]


def _empty_share(parts: Sequence[npt.NDArray[np.float64]]) -> float:
    """Return how often one of two neighbours has no value where the other has one.

    Settled cells alone with a value lie scattered; what lies outside a raster cut along a border is seen at the border only.
    """
    one = both = 0
    for known in (np.isfinite(p) for p in parts):
        for left, right in ((known[:, :-1], known[:, 1:]), (known[:-1], known[1:])):
            one += int((left ^ right).sum())
            both += int((left & right).sum())
    return one / (one + both) if one + both else 0.0


def _alike(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Return the correlation of neighbours along one axis; 0 where it cannot be told."""
    left, right = one.ravel(), other.ravel()
    both = np.isfinite(left) & np.isfinite(right)
    if both.sum() < 3 or left[both].std() == 0 or right[both].std() == 0:
        return 0.0
    return float(np.corrcoef(left[both], right[both])[0, 1])


def _member_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name as it was meant: one that is not marked as UTF-8 is often UTF-8 all the same, or in an old Vietnamese encoding.

    (PKWARE's APPNOTE 4.4.4, bit 11: without it a name is in code page 437, which no Vietnamese name is.)
    """
    name = member.filename.replace("\\", "/")
    if member.flag_bits & 0x800 or name.isascii():
        return name
    raw = name.encode("cp437", "replace")
    try:
        meant = raw.decode("utf-8")
    except UnicodeDecodeError:
        meant = likely_text(raw.decode("cp1252", "replace"))
    parts = PurePosixPath(meant).parts
    safe = meant.isprintable() and not meant.startswith("/") and not {"..", "."} & set(parts) and "\\" not in meant and ":" not in meant
    return meant if safe else name


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack an archive into a subfolder of ``folder`` and return the files; those that are there already are left as they are.

    Raises
    ------
    InputError
        If the archive is damaged, has a password, is packed in a way that is not known, unpacks to too much, or holds names that
        point outside; nothing of it stays then.
    """
    check_archive(archive, Source(archive.name), FileLimits())
    target = folder / UNPACKED / f"{archive.stem}-{digest(archive)[:8]}"
    found: list[Path] = []
    new: list[Path] = []
    try:
        with zipfile.ZipFile(archive) as content:
            members = [m for m in content.infolist() if not m.is_dir()]
            if any(m.flag_bits & 0x1 for m in members):
                raise InputError("tệp nén đặt mật khẩu: hãy giải nén rồi chạy lại", "the archive has a password: unpack it and run again")
            for member in members:
                path = target / _member_name(member)
                if not path.exists():
                    data = content.read(member)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_bytes(path, data)
                    new.append(path)
                found.append(path)
    except (RuntimeError, zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError) as error:
        for path in new:  # half an archive would be taken for the whole the next time
            path.unlink(missing_ok=True)
        reason = str(error)[:120]
        raise InputError(
            f"không giải nén được, tệp hỏng hoặc kiểu nén lạ ({reason}); hãy giải nén rồi chạy lại",
            f"cannot be unpacked, damaged or packed in an unknown way ({reason}); unpack it and run again",
        ) from error
    return found
