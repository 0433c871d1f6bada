"""Vector files: GeoPackage, GeoJSON, Shapefile (zipped too), KML (zipped too) and GeoParquet, as raw tables with geometry.

Drivers are named by the file's own first bytes, never left to guess: a "GeoPackage" that is really
an OGR virtual file could read any other file.
"""

from __future__ import annotations

import codecs
import warnings
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
from pyarrow import ArrowException
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from geo.errors import InputError
from geo.io.kml import KML_SUFFIXES, read_kml
from geo.io.old_text import MendedFrame, decode_frame, mend_frame
from geo.io.raw import FileLimits, RawTable, TableOptions
from geo.io.workbook import check_archive
from geo.old_letters import encoding_named
from geo.schemas import Schema
from geo.text import clean, fold_key
from geo.validation import IssueLog, Source

__all__ = ["VECTOR_SUFFIXES", "read_vectors"]

VECTOR_SUFFIXES = frozenset({".gpkg", ".geojson", ".json", ".shp", ".zip", ".parquet", ".geoparquet", *KML_SUFFIXES})
#: What pyogrio raises for damaged files (UnboundLocalError: its own, for a .prj that cannot be read).
_DAMAGE = (
    CRSError, DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, ShapelyError, UnboundLocalError,
)  # fmt: skip
#: Tables that QGIS keeps in a GeoPackage beside the data.
_OF_QGIS = frozenset({"layer_styles", "qgis_projects"})
_SQLITE = b"SQLite format 3\x00"
_CELL_BYTES = 16
_SHAPE = b"\x00\x00\x27\x0a"
_ZIPPED = "/vsizip/{"
_LONGEST_PAGE = 64  # bytes of a .cpg that are read: it holds one name


def read_vectors(
    path: Path, file: str, schema: Schema, options: TableOptions, log: IssueLog, limits: FileLimits
) -> list[RawTable]:
    """Read a vector file, one raw table per layer that is wanted.

    Raises
    ------
    InputError
        If the content is not what the name says, is damaged, or a named layer is not there.
    """
    source = Source(file)
    suffix = path.suffix.lower()
    if suffix in {".parquet", ".geoparquet"}:
        return [_mended(_read_parquet(path, source, limits), options)]
    if suffix in KML_SUFFIXES:
        found = [_mended(table, options) for table in read_kml(path, source, limits)]
        chosen = [_named(folder, [t.source.sheet for t in found], source) for folder in options.sheet]
        return _fitting([t for t in found if not chosen or t.source.sheet in chosen], schema, options, source, log)
    location = _checked_location(path, source, suffix, limits)
    try:
        with warnings.catch_warnings():  # what it says is said again when the layer is read
            warnings.simplefilter("ignore")
            layers = [str(name) for name, _ in pyogrio.list_layers(location) if str(name) not in _OF_QGIS]
        chosen = [_named(layer, layers, source) for layer in options.sheet] or layers
        if not layers:
            raise InputError(f"{source}: không có lớp nào.", f"{source}: there is no layer.")
        tables = [_read_layer(location, path, file, layer, len(layers) > 1, options, log) for layer in chosen]
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source}: chữ không phải UTF-8; hãy lưu lại thành UTF-8 hoặc ghi 'encoding' trong tệp dự án.",
            f"{source}: its texts are not UTF-8; save it as UTF-8 or give 'encoding' in the project file.",
        ) from error
    except _DAMAGE as error:
        raise _damaged(source, error) from error
    return _fitting(tables, schema, options, source, log)


def _fitting(tables: list[RawTable], schema: Schema, options: TableOptions, source: Source, log: IssueLog) -> list[RawTable]:
    """Return the layers that hold this kind of data, of several that nobody chose."""
    if len(tables) > 1 and not options.sheet:
        fitting = [t for t in tables if not schema.missing(_columns(schema, t, options))]
        aside = [t.source.sheet for t in tables if t not in fitting] if fitting else []
        if aside:
            log.add("sheets_left_aside", source, came=", ".join(aside), fields={"kind": schema.kind})
        tables = fitting or tables[:1]
    return tables


def _columns(schema: Schema, table: RawTable, options: TableOptions) -> dict[str, int]:
    chosen = {n: h for n, h in options.columns.items() if any(fold_key(h) == fold_key(x) for x in table.headers)}
    found = dict(schema.match(table.headers, chosen).columns)
    if table.geometry is not None:
        found["geometry"] = -1
    return found


def _damaged(source: Source, error: Exception) -> InputError:
    return InputError(
        f"{source}: tệp hỏng hoặc không đúng định dạng ({str(error)[:120]}).",
        f"{source}: the file is damaged or not of its format ({str(error)[:120]}).",
    )


def _checked_location(path: Path, source: Source, suffix: str, limits: FileLimits) -> str:
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise InputError(f"{source}: tệp rỗng (0 byte).", f"{source}: the file is empty (0 bytes).")
    disguised = InputError(
        f"{source}: nội dung không khớp phần mở rộng '{suffix}'.",
        f"{source}: the content is not what the extension '{suffix}' says.",
    )
    if suffix == ".gpkg" and not head.startswith(_SQLITE):
        raise disguised
    if suffix == ".shp":
        if not head.startswith(_SHAPE):
            raise disguised
        for part in (".dbf", ".shx"):
            if not any(path.with_suffix(s).is_file() for s in (part, part.upper())):
                raise InputError(
                    f"{source}: thiếu tệp {path.stem}{part} đi kèm Shapefile.",
                    f"{source}: the Shapefile's companion {path.stem}{part} is missing.",
                )
    if suffix in {".geojson", ".json"}:
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not start.startswith(b"{"):
            raise disguised
        if b'"type"' not in head and b"'type'" not in head:
            raise disguised
    if suffix == ".zip":
        names = [n for n in check_archive(path, source, limits) if n.lower().endswith(".shp")]
        if not names:
            raise InputError(
                f"{source}: tệp nén không chứa Shapefile (.shp).", f"{source}: the archive holds no Shapefile (.shp)."
            )
        if len(names) > 1:
            raise InputError(
                f"{source}: tệp nén chứa {len(names)} Shapefile ({', '.join(names[:5])}); hãy để mỗi tệp một nơi.",
                f"{source}: the archive holds {len(names)} Shapefiles ({', '.join(names[:5])}); give one each.",
            )
        if not _member_start(path, names[0], source).startswith(_SHAPE):
            raise disguised
        return f"{_ZIPPED}{path}}}/{names[0]}"
    return str(path)


def _member_start(path: Path, member: str, source: Source) -> bytes:
    """Return the first bytes of an archive's member: a ".shp" that is really an OGR virtual file could read any other."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            return stream.read(len(_SHAPE))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{source}: không giải nén được '{member}' (tệp hỏng hoặc có mật khẩu).",
            f"{source}: '{member}' cannot be unpacked (damaged, or with a password).",
        ) from error


def _named(layer: str, layers: list[str], source: Source) -> str:
    for name in layers:
        if name == layer or fold_key(name) == fold_key(layer):
            return name
    raise InputError(
        f"{source}: không có lớp '{layer}'; các lớp: {', '.join(layers)}.",
        f"{source}: there is no layer '{layer}'; layers: {', '.join(layers)}.",
    )


def _read_layer(
    location: str, path: Path, file: str, layer: str, several: bool, options: TableOptions, log: IssueLog
) -> RawTable:
    # A DBF is read byte by byte: what its .cpg says is often wrong, and GDAL's own Windows-1258 loses last letters.
    dbf = path.suffix.lower() in {".shp", ".zip"}
    arguments = {"encoding": "ISO-8859-1" if dbf else options.encoding} if dbf or options.encoding else {}
    source = Source(file, layer if several else "")
    # A withdrawn code must reach parse_crs and be refused there, not be replaced in silence.
    pyogrio.set_gdal_config_options({"OSR_USE_NON_DEPRECATED": "NO"})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        # Shapes that cannot be built at all come as missing ones, for the readers to state.
        frame = pyogrio.read_dataframe(location, layer=layer, on_invalid="ignore", **arguments)
        raw = _as_raw(frame, source, path)
        if raw.geometry is not None and raw.geometry.isna().any():
            closed = _as_raw(pyogrio.read_dataframe(location, layer=layer, on_invalid="fix", **arguments), source, path)
            fixed = (raw.geometry.isna() & ~closed.geometry.isna()).to_numpy(dtype=bool)  # type: ignore[union-attr]
            if fixed.any():
                log.add("geometry_ring_closed", source, rows=raw.cells.index[fixed], column="geometry")
            raw = closed
    texts = dict.fromkeys(str(w.message) for w in said if "closed ring" not in str(w.message))
    if texts:
        log.add("layer_remark", source, came="; ".join(texts))
    return _decoded(raw, location, options) if dbf else _mended(raw, options)


def _mended(raw: RawTable, options: TableOptions) -> RawTable:
    mended = mend_frame(raw.cells, raw.headers, encoding=options.encoding)
    return _with_texts(raw, mended)


def _with_texts(raw: RawTable, mended: MendedFrame) -> RawTable:
    headers = tuple(clean(h) for h in mended.headers)
    return replace(raw, cells=mended.cells, headers=headers, letters=tuple(mended.notes))


def _decoded(raw: RawTable, location: str, options: TableOptions) -> RawTable:
    """Return a DBF's texts, read as bytes, in Unicode: by the project file, by what they prove, by the .cpg."""
    stated = options.encoding if options.encoding and encoding_named(options.encoding) is None else ""
    page = _codec(stated or _code_page(location))
    mended = decode_frame(raw.cells, raw.headers, page=page, encoding=options.encoding)
    if mended.unread and page == "utf-8":
        raise InputError(
            f"{raw.source}: chữ không phải UTF-8; hãy lưu lại thành UTF-8 hoặc ghi 'encoding' trong tệp dự án.",
            f"{raw.source}: its texts are not UTF-8; save it as UTF-8 or give 'encoding' in the project file.",
        )
    return _with_texts(raw, mended)


def _code_page(location: str) -> str:
    """Return what the .cpg beside a Shapefile says, "" without one."""
    if location.startswith(_ZIPPED):
        archive, _, member = location.removeprefix(_ZIPPED).partition("}/")
        try:
            with zipfile.ZipFile(archive) as packed:
                wanted = member.rpartition(".")[0].lower() + ".cpg"
                name = next((n for n in packed.namelist() if n.lower() == wanted), "")
                return packed.read(name)[:_LONGEST_PAGE].decode("ascii", "ignore").strip() if name else ""
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error):
            return ""
    for suffix in (".cpg", ".CPG"):
        beside = Path(location).with_suffix(suffix)
        if beside.is_file():
            return beside.read_bytes()[:_LONGEST_PAGE].decode("ascii", "ignore").strip()
    return ""


def _codec(page: str) -> str:
    """Return the Python codec that a .cpg or the project file names, "" if it is none."""
    text = page.lower().strip()
    name = f"cp{text}" if text.isdigit() else text.replace("ansi ", "cp").replace("windows-", "cp")
    try:
        return codecs.lookup("iso-8859-" + name[6:] if name.startswith("cp8859") else name).name
    except LookupError:
        return ""


def _as_raw(frame: pd.DataFrame, source: Source, path: Path) -> RawTable:
    numbers = pd.RangeIndex(1, len(frame) + 1, name="row")
    geometry = None
    attributes = frame
    if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns:
        geometry = gpd.GeoSeries(frame.geometry.to_numpy(), index=numbers, crs=frame.crs)
        attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    headers = tuple(str(c) for c in attributes.columns)  # as they came: old letters are looked for first
    cells = attributes.set_axis(range(len(headers)), axis=1)
    cells.index = numbers
    return RawTable(source, path, headers, cells, geometry=geometry)


def _read_parquet(path: Path, source: Source, limits: FileLimits) -> RawTable:
    try:
        footer = pq.read_metadata(path)
        _require_size(footer.num_rows, footer.num_columns, source, limits)
        metadata = footer.metadata or {}
        with np.errstate(invalid="ignore"):  # coordinates that are no numbers are for the readers to state
            frame = gpd.read_parquet(path) if b"geo" in metadata else pd.read_parquet(path)
    except InputError:
        raise
    except (ArrowException, KeyError, OSError, ProjError, ShapelyError, TypeError, ValueError) as error:
        raise _damaged(source, error) from error
    return _as_raw(frame, source, path)


def _require_size(rows: int, columns: int, source: Source, limits: FileLimits) -> None:
    """Refuse a table that would not fit: a few kilobytes can declare a billion equal rows."""
    if columns > limits.columns or rows * columns * _CELL_BYTES > limits.unpacked_bytes:
        raise InputError(
            f"{source}: khai báo {rows} dòng × {columns} cột, quá nhiều để đọc một lần.",
            f"{source}: declares {rows} rows × {columns} columns, too many to read at once.",
        )
