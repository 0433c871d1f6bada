"""Terrain tiles, one file each: SRTM ``.hgt``, zipped or not, and GeoTIFF.

An archive is looked at before anything is unpacked (unsafe paths, declared sizes, exactly one tile),
and what is unpacked stays in memory: nothing is ever extracted to the disk.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from affine import Affine

from geo.errors import InputError
from geo.io.geotiff import GeoTiff, open_geotiff, raster_limits, read_window, require_file
from geo.numbers import vietnamese

__all__ = ["WGS84", "Bounds", "TerrainTile", "open_tile"]

FloatArray = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]

WGS84 = "EPSG:4326"
_VOID_CODES = (-32767.0, -32768.0)
_HGT_NAME = re.compile(r"^([NS])(\d{2})([EW])(\d{3})(?![0-9])", re.IGNORECASE)
_HGT_SIDES = {2 * side * side: side for side in (1201, 3601)}
_DTYPES = ("int16", "int32", "uint16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class TerrainTile:
    """One file: where its nodes are, in its own CRS."""

    label: str
    crs: str
    west: float
    north: float
    step_x: float
    step_y: float
    rows: int
    columns: int
    raster: GeoTiff | None = None
    path: Path | None = None
    member: str = ""

    @property
    def bounds(self) -> Bounds:
        """Outermost nodes."""
        return (
            self.west,
            self.north - (self.rows - 1) * self.step_y,
            self.west + (self.columns - 1) * self.step_x,
            self.north,
        )

    def read(self, rows: slice, columns: slice) -> FloatArray:
        """Return raw heights with every void code as NaN; implausible heights are still there."""
        if self.raster is not None:
            values = read_window(self.raster, rows, columns)
        else:
            values = _hgt(self, rows, columns).astype(np.float64)
        for code in _VOID_CODES:
            values[values == code] = np.nan
        return values


def open_tile(path: Path, label: str, crs: str | None) -> TerrainTile:
    """Check one tile's header.

    Parameters
    ----------
    path : Path
        ``.hgt``, ``.zip`` with one tile inside, or GeoTIFF.
    label : str
        Name shown to people.
    crs : str or None
        For a GeoTIFF that names none.

    Raises
    ------
    MissingInputError, InputError, CrsError
        If the tile is not what it should be.
    """
    require_file(path, label)
    suffix = path.suffix.lower()
    if suffix == ".hgt":
        return _hgt_tile(path, label, path.name, path.stat().st_size)
    if suffix == ".zip":
        name, size = _zip_member(path, label)
        if name.lower().endswith(".hgt"):
            return _hgt_tile(path, label, Path(name).name, size, member=name)
        return _tiff_tile(path, label, crs, _unzip(str(path), label, name))
    return _tiff_tile(path, label, crs, None)


def _tiff_tile(path: Path, label: str, crs: str | None, content: bytes | None) -> TerrainTile:
    raster = open_geotiff(path, label=label, dtypes=_DTYPES, content=content, crs=crs)
    transform: Affine = raster.transform
    return TerrainTile(
        label=label,
        crs=raster.crs,
        west=transform.c + transform.a / 2,
        north=transform.f + transform.e / 2,
        step_x=transform.a,
        step_y=-transform.e,
        rows=raster.rows,
        columns=raster.columns,
        raster=raster,
    )


def _hgt_tile(path: Path, label: str, name: str, size: int, *, member: str = "") -> TerrainTile:
    match = _HGT_NAME.match(name)
    if match is None:
        raise InputError(
            f"Tên tệp '{name}' ({label}) không cho biết góc tây nam; tệp .hgt phải có tên như N22E105.hgt.",
            f"File name '{name}' ({label}) does not give the south-west corner; an .hgt file is named like N22E105.hgt.",
        )
    if size not in _HGT_SIDES:
        raise InputError(
            f"'{label}' có {size} byte; tệp .hgt phải có đúng 2.884.802 byte (1201 x 1201) hoặc 25.934.402 byte "
            "(3601 x 3601). Tệp có thể bị cắt cụt, hãy tải lại.",
            f"'{label}' has {size} bytes; an .hgt file has exactly 2,884,802 bytes (1201 x 1201) or 25,934,402 bytes "
            "(3601 x 3601). It may be cut short, download it again.",
        )
    side = _HGT_SIDES[size]
    south = int(match[2]) * (1 if match[1].upper() == "N" else -1)
    west = int(match[4]) * (1 if match[3].upper() == "E" else -1)
    if not (-90 <= south < 90 and -180 <= west < 180):
        raise InputError(
            f"Tên tệp '{name}' nằm ngoài mặt đất (vĩ độ {south}, kinh độ {west}).",
            f"File name '{name}' is not on earth (latitude {south}, longitude {west}).",
        )
    step = 1.0 / (side - 1)
    return TerrainTile(label, WGS84, float(west), float(south + 1), step, step, side, side, path=path, member=member)


def _zip_member(path: Path, label: str) -> tuple[str, int]:
    """Return name and declared size of the one tile of an archive, checked before anything is unpacked."""
    limits = raster_limits()
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                m for m in archive.infolist() if not m.is_dir() and m.filename.lower().endswith((".hgt", ".tif", ".tiff"))
            ]
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(
            f"'{label}' không phải tệp nén .zip đọc được; hãy tải lại.", f"'{label}' is not a readable .zip; download it again."
        ) from error
    if len(members) != 1:
        raise InputError(
            f"'{label}' chứa {len(members)} tệp địa hình; cần đúng 1 tệp .hgt hoặc .tif trong mỗi tệp nén.",
            f"'{label}' holds {len(members)} terrain files; exactly one .hgt or .tif per archive is read.",
        )
    member = members[0]
    parts = re.split(r"[\\/]", member.filename)
    if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in member.filename:
        raise InputError(
            f"'{label}' chứa đường dẫn nguy hiểm '{member.filename}'; tệp bị từ chối.",
            f"'{label}' holds the unsafe path '{member.filename}'; the file is refused.",
        )
    if member.flag_bits & 0x1:
        raise InputError(f"'{label}' được đặt mật khẩu; hãy giải nén trước.", f"'{label}' is encrypted; unpack it first.")
    ratio = member.file_size / max(1, member.compress_size)
    if member.file_size > limits.zip_member_bytes or (
        ratio > limits.zip_ratio and member.file_size not in _HGT_SIDES
    ):
        raise InputError(
            f"'{label}' khai báo {vietnamese(member.file_size / 2**20, '.0f')} MB từ {vietnamese(member.compress_size / 2**20, '.2f')} MB nén; "
            "quá lớn cho một mảnh địa hình nên bị từ chối.",
            f"'{label}' declares {member.file_size / 2**20:.0f} MB from {member.compress_size / 2**20:.2f} MB compressed; "
            "too much for one terrain tile, refused.",
        )
    return member.filename, member.file_size


def _unzip(path: str, label: str, member: str) -> bytes:
    """Return one member's bytes, in memory, never more than it declares."""
    try:
        with zipfile.ZipFile(path) as archive:
            declared = archive.getinfo(member).file_size
            with archive.open(member) as stream:
                content = stream.read(declared + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"'{label}': không giải nén được (tệp hỏng); hãy tải lại.",
            f"'{label}': cannot be unpacked (damaged); download it again.",
        ) from error
    if len(content) != declared:
        raise InputError(
            f"'{label}': kích thước giải nén khác kích thước khai báo; tệp bị từ chối.",
            f"'{label}': unpacked size differs from the declared one; the file is refused.",
        )
    return content


@lru_cache(maxsize=4)
def _unzipped_hgt(path: str, label: str, member: str, _stamp: tuple[int, int]) -> bytes:
    return _unzip(path, label, member)


def _hgt(tile: TerrainTile, rows: slice, columns: slice) -> npt.NDArray[np.int16]:
    """Return a window of an .hgt tile, raw."""
    if tile.path is None:
        raise InputError(f"'{tile.label}': thiếu tệp.", f"'{tile.label}': no file.")
    require_file(tile.path, tile.label)
    shape = (tile.rows, tile.columns)
    if tile.member:
        state = tile.path.stat()
        content = _unzipped_hgt(str(tile.path), tile.label, tile.member, (state.st_mtime_ns, state.st_size))
        values = np.frombuffer(content, dtype=">i2").reshape(shape)
    else:
        if tile.path.stat().st_size != 2 * tile.rows * tile.columns:
            raise InputError(
                f"'{tile.label}' đã thay đổi trong khi chạy; hãy chạy lại.",
                f"'{tile.label}' changed during the run; run again.",
            )
        values = np.memmap(tile.path, dtype=">i2", mode="r", shape=shape)
    return np.array(values[rows, columns], dtype=np.int16)
