"""GeoTIFF files as they are given: checked before a value is read, read by windows, closed at once.

Only the driver GTiff opens them (a ``.tif`` that is really a VRT could read any other file), side-car
files are not looked at, and GDAL's transform always describes cells as areas: for files that say
"pixel is point" GDAL has moved the origin by half a cell, so in both cases the value belongs to the
*centre* of its cell.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from geo.crs import parse_crs
from geo.errors import CrsError, InputError, MissingInputError
from geo.io.resources import load_toml
from geo.numbers import vietnamese

__all__ = ["GeoTiff", "RasterLimits", "blocks", "open_geotiff", "raster_limits", "read_window", "require_file"]

_ENVIRONMENT = {
    "GTIFF_POINT_GEO_IGNORE": False,
    "GDAL_PAM_ENABLED": False,
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "OSR_USE_NON_DEPRECATED": False,  # a withdrawn code must reach parse_crs, not be replaced in silence
}
_BLOCK_ITEMS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class RasterLimits:
    """Sizes above which a file is refused before reading it.

    Attributes
    ----------
    raster_cells : int
        Cells of one raster.
    raster_block_bytes : int
        Memory of one block of a raster.
    window_cells : int
        Cells of one window.
    zip_member_bytes : int
        Declared size of a zipped tile.
    zip_ratio : float
        Declared size over compressed size of a zipped tile.
    """

    raster_cells: int
    raster_block_bytes: int
    window_cells: int
    zip_member_bytes: int
    zip_ratio: float


@lru_cache(maxsize=1)
def raster_limits() -> RasterLimits:
    """Return the limits of ``defaults.toml``."""
    entries = {name: entry["value"] for name, entry in load_toml("defaults.toml")["limits"].items()}
    return RasterLimits(**entries)


@dataclass(frozen=True, slots=True)
class GeoTiff:
    """A checked raster file: header only, values are read with :func:`read_window`.

    Attributes
    ----------
    path : Path
    label : str
        Name shown to people (path as the project file gives it).
    content : bytes or None
        The file's bytes where it came out of an archive.
    transform : Affine
        From (column, row) of cell corners to (x, y); no rotation, rows from north to south.
    crs : str
        Definition that :mod:`geo.crs` reads: an authority code or WKT.
    dtype : str
    nodata : float or None
    scale, offset : float
        Applied by :func:`read_window`.
    """

    path: Path
    label: str
    content: bytes | None
    transform: Affine
    rows: int
    columns: int
    crs: str
    dtype: str
    nodata: float | None
    scale: float = 1.0
    offset: float = 0.0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(x_min, y_min, x_max, y_max) of the cells' outer edges."""
        west, north = self.transform.c, self.transform.f
        east, south = (
            west + self.transform.a * self.columns,
            north + self.transform.e * self.rows,
        )
        return west, south, east, north


def require_file(path: Path, label: str = "") -> None:
    """Check that ``path`` is a readable, non-empty file of the local disk.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If it is a folder, empty, or a name that GDAL would not take for a local file.
    """
    name = label or path.name
    if str(path).startswith("/vsi") or "://" in str(path):
        raise InputError(
            f"'{name}': chỉ nhận tệp trên máy này, không nhận đường dẫn ảo hay địa chỉ mạng.",
            f"'{name}': only files on this machine are read, no virtual paths or network addresses.",
        )
    if not path.exists():
        raise MissingInputError(f"Không tìm thấy tệp '{name}'.", f"File '{name}' does not exist.")
    if not path.is_file():
        raise InputError(f"'{name}' không phải là tệp.", f"'{name}' is not a file.")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        raise InputError(
            f"Không đọc được tệp '{name}': {error.strerror}.", f"Cannot read file '{name}': {error.strerror}."
        ) from error
    if size == 0:
        raise InputError(
            f"Tệp '{name}' rỗng (0 byte); hãy tải hoặc xuất lại tệp.",
            f"File '{name}' is empty (0 bytes); download or export it again.",
        )


@contextmanager
def _dataset(path: Path, label: str, content: bytes | None) -> Iterator[Any]:
    """Open with the one driver; what GDAL cannot open or read is an :class:`InputError`."""
    with rasterio.Env(**_ENVIRONMENT), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            if content is not None:
                with MemoryFile(content) as memory, memory.open(driver="GTiff") as dataset:
                    yield dataset
            else:
                with rasterio.open(path.absolute(), driver="GTiff") as dataset:
                    yield dataset
        except (RasterioError, MemoryError) as error:
            raise InputError(
                f"'{label}' không phải GeoTIFF đọc được (tệp bị cắt cụt, bị hỏng hoặc là định dạng khác); "
                "hãy tải hoặc xuất lại tệp.",
                f"'{label}' is not a readable GeoTIFF (cut short, damaged or another format); "
                "download or export it again.",
            ) from error


def open_geotiff(
    path: Path,
    *,
    label: str = "",
    dtypes: Sequence[str],
    content: bytes | None = None,
    crs: str | None = None,
    limits: RasterLimits | None = None,
) -> GeoTiff:
    """Check a GeoTIFF's header.

    Parameters
    ----------
    path : Path
    label : str
        Name shown to people; the file name if empty.
    dtypes : sequence of str
        Allowed value types.
    content : bytes, optional
        The file's bytes where it came out of an archive; ``path`` then only names it.
    crs : str, optional
        Coordinate system that the project file gives, for a file that names none.
    limits : RasterLimits, optional

    Raises
    ------
    MissingInputError, InputError
        If the file is absent, unreadable, too large, rotated, has not exactly one band or a value
        type that the kind of data cannot have.
    CrsError
        If it names no usable coordinate system.
    """
    name = label or path.name
    limits = limits or raster_limits()
    if content is None:
        require_file(path, name)
    with _dataset(path, name, content) as source:
        rows, columns = int(source.height), int(source.width)
        block_rows, block_columns = source.block_shapes[0]
        transform, count, dtype = source.transform, int(source.count), str(source.dtypes[0])
        nodata, declared = source.nodata, source.crs
        scale, offset = float(source.scales[0]), float(source.offsets[0])
    _require_size(name, rows, columns, block_rows * block_columns * _item_bytes(dtype), limits)
    if count != 1:
        raise InputError(
            f"'{name}' có {count} kênh; cần đúng 1 kênh (ảnh màu không phải dữ liệu số liệu).",
            f"'{name}' has {count} bands; exactly 1 is needed (a picture is not data).",
        )
    if dtype not in dtypes:
        raise InputError(
            f"'{name}' có kiểu giá trị '{dtype}'; cần một trong: {', '.join(dtypes)}.",
            f"'{name}' has values of type '{dtype}'; needed is one of: {', '.join(dtypes)}.",
        )
    if transform.is_identity:
        raise InputError(
            f"'{name}' không có tọa độ (không gắn với mặt đất); hãy xuất lại kèm hệ tọa độ.",
            f"'{name}' carries no position on the ground; export it again with its georeference.",
        )
    if transform.b != 0 or transform.d != 0 or transform.a <= 0 or transform.e >= 0:
        raise InputError(
            f"'{name}' bị xoay hoặc lật; cần lưới hướng bắc (hàng từ bắc xuống nam).",
            f"'{name}' is rotated or flipped; a north-up grid is needed (rows from north to south).",
        )
    if not np.isfinite([scale, offset]).all() or scale == 0:
        raise InputError(
            f"'{name}' khai báo hệ số giá trị không hợp lệ.", f"'{name}' declares an invalid scale of its values."
        )
    return GeoTiff(
        path, name, content, transform, rows, columns, _definition(declared, crs, name), dtype, nodata, scale, offset
    )


def _item_bytes(dtype: str) -> int:
    digits = "".join(c for c in dtype if c.isdigit())
    return max(1, int(digits or "8") // 8)


def _require_size(name: str, rows: int, columns: int, block_bytes: int, limits: RasterLimits) -> None:
    if rows * columns > limits.raster_cells or block_bytes > limits.raster_block_bytes:
        raise InputError(
            f"'{name}' khai báo {rows} x {columns} ô (mỗi khối {vietnamese(block_bytes / 2**20, '.0f')} MB), vượt giới hạn "
            f"{vietnamese(limits.raster_cells, '.2g')} ô hoặc {vietnamese(limits.raster_block_bytes / 2**20, '.0f')} MB mỗi khối; hãy cắt theo tỉnh, "
            "xuất dạng khối (tiled).",
            f"'{name}' declares {rows} x {columns} cells ({block_bytes / 2**20:.0f} MB per block), above the limit of "
            f"{limits.raster_cells:.2g} cells or {limits.raster_block_bytes / 2**20:.0f} MB per block; cut it to the "
            "province and export it tiled.",
        )


def _definition(declared: Any, given: str | None, name: str) -> str:
    """Return the CRS as a text that travels: an authority code where there is one."""
    if declared:
        crs = parse_crs(declared.to_wkt())
        if given is not None and not crs.equals(CRS.from_user_input(given), ignore_axis_order=True):
            raise CrsError(
                f"'{name}' ghi hệ tọa độ '{crs.name}', dự án ghi '{given}'; hãy bỏ một trong hai.",
                f"'{name}' names coordinate system '{crs.name}', the project '{given}'; drop one of them.",
            )
    elif given is not None:
        crs = parse_crs(given)
    else:
        raise CrsError(
            f"'{name}' không ghi hệ tọa độ; hãy khai báo crs cho tệp này trong tệp dự án, ví dụ \"EPSG:4326\".",
            f"'{name}' names no coordinate system; give its crs in the project file, for example \"EPSG:4326\".",
        )
    epsg = crs.to_epsg(min_confidence=70)
    if epsg is not None:
        return f"EPSG:{epsg}"
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else str(crs.to_wkt())


def read_window(source: GeoTiff, rows: slice, columns: slice) -> npt.NDArray[np.float64]:
    """Return cells as float64 with the file's nodata and non-finite values as NaN.

    Parameters
    ----------
    source : GeoTiff
    rows, columns : slice
        Inside the raster, ``start`` and ``stop`` given.

    Raises
    ------
    InputError
        If the values cannot be read (cut short, damaged) or the window is too large.
    """
    count = (rows.stop - rows.start) * (columns.stop - columns.start)
    if count > raster_limits().window_cells:
        raise InputError(
            f"'{source.label}': cần đọc {vietnamese(count, '.3g')} ô một lúc, vượt giới hạn {vietnamese(raster_limits().window_cells, '.3g')}.",
            f"'{source.label}': {count:.3g} cells would be read at once, above {raster_limits().window_cells:.3g}.",
        )
    window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    with _dataset(source.path, source.label, source.content) as dataset:
        raw = dataset.read(1, window=window)
    values: npt.NDArray[np.float64] = raw.astype(np.float64)
    bad = ~np.isfinite(values)
    if source.nodata is not None:
        bad |= raw == np.asarray(source.nodata).astype(raw.dtype) if _fits(source.nodata, raw.dtype) else False
    if source.scale != 1.0 or source.offset != 0.0:
        values = values * source.scale + source.offset
    values[bad] = np.nan
    return values


def _fits(nodata: float, dtype: np.dtype[Any]) -> bool:
    """Tell whether a nodata value can occur in the type at all (−32768 cannot in uint16)."""
    if np.issubdtype(dtype, np.floating):
        return bool(np.isfinite(nodata))
    info = np.iinfo(dtype)
    return bool(np.isfinite(nodata) and info.min <= nodata <= info.max)


def blocks(source: GeoTiff, rows: slice | None = None, columns: slice | None = None) -> Iterator[tuple[slice, slice]]:
    """Yield full-width strips (or the part named) that each fit comfortably in memory."""
    rows = rows or slice(0, source.rows)
    columns = columns or slice(0, source.columns)
    height = max(1, _BLOCK_ITEMS // max(1, columns.stop - columns.start))
    for top in range(rows.start, rows.stop, height):
        yield slice(top, min(top + height, rows.stop)), columns
