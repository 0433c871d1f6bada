"""KML and KMZ, as Google Earth saves them: one raw table per folder of placemarks.

GDAL's driver is not used: it rewrites every letter of a field's name that is not ASCII ("Công nghệ" becomes "C__ng_ngh___"), so no
Vietnamese header survives it. What is read: name, description, ExtendedData (Data, SchemaData) and the shapes of OGC 12-007r2 (KML 2.3),
clauses 9 and 10; longitude and latitude of WGS 84, heights are left out. Links to other files are not followed.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import InputError
from geo.io.raw import FileLimits, RawTable
from geo.io.workbook import check_archive
from geo.text import clean
from geo.validation import Source

__all__ = ["KML_SUFFIXES", "read_kml"]

KML_SUFFIXES = frozenset({".kml", ".kmz"})
_SHAPES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")
_FOLDERS = ("Document", "Folder")


@dataclass
class _Folder:
    """Placemarks of one folder, and the names above it."""

    names: tuple[str, ...]
    rows: list[dict[str, str]] = field(default_factory=list)
    shapes: list[BaseGeometry | None] = field(default_factory=list)


def read_kml(path: Path, source: Source, limits: FileLimits) -> list[RawTable]:
    """Read every folder that holds placemarks.

    Raises
    ------
    InputError
        If the file is damaged, no KML, or declares entities of its own.
    """
    with _opened(path, source, limits) as stream:
        start = stream.read(4096)
        stream.seek(0)
        if b"<kml" not in start or b"<!DOCTYPE" in start or b"<!ENTITY" in start:
            raise InputError(f"{source}: nội dung không phải KML.", f"{source}: the content is no KML.")
        try:
            folders = [f for f in _folders(stream) if f.rows]
        except (ElementTree.ParseError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, shapely.errors.ShapelyError) as error:
            reason = str(error)[:120]
            raise InputError(f"{source}: tệp KML hỏng ({reason}).", f"{source}: the KML is damaged ({reason}).") from error
    if not folders:
        raise InputError(f"{source}: tệp KML không có địa điểm nào.", f"{source}: the KML holds no placemark.")
    names: dict[str, int] = {}
    tables = []
    for folder in folders:
        name = folder.names[-1] if folder.names else ""
        names[name] = names.get(name, 0) + 1
        sheet = f"{name} ({names[name]})" if names[name] > 1 else name
        tables.append(_table(folder, Source(source.file, sheet if len(folders) > 1 else ""), path))
    return tables


def _opened(path: Path, source: Source, limits: FileLimits) -> BinaryIO:
    if path.suffix.lower() == ".kml":
        return path.open("rb")
    names = [n for n in check_archive(path, source, limits) if n.lower().endswith(".kml")]
    if not names:
        raise InputError(f"{source}: tệp KMZ không chứa KML.", f"{source}: the KMZ holds no KML.")
    try:
        with zipfile.ZipFile(path) as archive:
            return io.BytesIO(archive.read(min(names, key=lambda n: (n.lower() != "doc.kml", n.count("/"), n))))
    # zipfile itself raises NotImplementedError for ways of packing that it does not know, RuntimeError for passwords.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{source}: không giải nén được (tệp hỏng hoặc có mật khẩu).", f"{source}: it cannot be unpacked (damaged, or with a password)."
        ) from error


def _folders(stream: BinaryIO) -> Iterator[_Folder]:
    """Yield folders as they close; what has been read is let go, a long file is never held as a tree."""
    open_: list[_Folder] = []
    path: list[str] = []
    # Expat bounds what entities unfold to since its version 2.4.1, and fetches nothing; a document with a DTD was refused above.
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):  # noqa: S314
        tag = _local(element)
        if event == "start":
            path.append(tag)
            if tag in _FOLDERS:
                open_.append(_Folder(open_[-1].names if open_ else ()))
            continue
        path.pop()
        if tag == "name" and path and path[-1] in _FOLDERS and open_:
            open_[-1].names = (*open_[-1].names, clean(element.text))
        elif tag == "Placemark":
            if not open_:
                open_.append(_Folder(()))
            row, shape = _placemark(element)
            open_[-1].rows.append(row)
            open_[-1].shapes.append(shape)
            element.clear()
        elif tag in _FOLDERS:
            yield open_.pop()
            element.clear()
    yield from reversed(open_)


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _placemark(element: ElementTree.Element) -> tuple[dict[str, str], BaseGeometry | None]:
    row: dict[str, str] = {}
    shape: BaseGeometry | None = None
    for child in element:
        tag = _local(child)
        if tag in {"name", "description", "address"}:
            row[tag] = clean(child.text)
        elif tag in _SHAPES:
            shape = _shape(child, tag)
        elif tag == "ExtendedData":
            for part in child.iter():
                if _local(part) == "SimpleData":
                    row[clean(part.get("name"))] = clean(part.text)
                elif _local(part) == "Data":
                    row[clean(part.get("name"))] = clean(next((v.text for v in part if _local(v) == "value"), ""))
    return row, shape


def _shape(element: ElementTree.Element, tag: str) -> BaseGeometry | None:
    if tag == "MultiGeometry":
        parts = [s for child in element if _local(child) in _SHAPES and (s := _shape(child, _local(child))) is not None]
        if not parts:
            return None
        kinds = {p.geom_type for p in parts}
        many = _MANY.get(kinds.pop()) if len(kinds) == 1 else None
        joined: BaseGeometry = shapely.GeometryCollection(parts) if many is None else many(parts)
        return joined
    if tag == "Polygon":
        rings = {name: [_points(r) for b in element if _local(b) == f"{name}BoundaryIs" for r in b if _local(r) == "LinearRing"] for name in ("outer", "inner")}
        return shapely.Polygon(rings["outer"][0], rings["inner"]) if rings["outer"] and len(rings["outer"][0]) > 2 else None
    points = _points(element)
    if tag == "Point":
        return shapely.Point(points[0]) if points else None
    return shapely.LineString(points) if len(points) > 1 else None


_MANY: dict[str, Any] = {
    "Point": shapely.multipoints, "LineString": shapely.multilinestrings, "Polygon": shapely.multipolygons
}  # fmt: skip


def _points(element: ElementTree.Element) -> list[tuple[float, float]]:
    text = next((c.text or "" for c in element if _local(c) == "coordinates"), "")
    pairs = [p.split(",") for p in text.split()]
    return [(float(p[0]), float(p[1])) for p in pairs]


def _table(folder: _Folder, source: Source, path: Path) -> RawTable:
    headers = list(dict.fromkeys(name for row in folder.rows for name in row))
    index = pd.RangeIndex(1, 1 + len(folder.rows), name="row")
    cells = pd.DataFrame([[row.get(h) or None for h in headers] for row in folder.rows], columns=range(len(headers)), dtype=object, index=index)
    shapes = gpd.GeoSeries(folder.shapes, index=index, crs="EPSG:4326")
    return RawTable(source, path, tuple(headers), cells, tuple(n for n in folder.names if n), geometry=shapes)
