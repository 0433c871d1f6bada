"""Whether a file is what it should be: told by its own bytes, whole to its end, never by its name.

A web page that says "not found", a list of errors in JSON and the first half of a raster all come under good names.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import rasterio
from pyarrow import ArrowException
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from geo.errors import InputError
from geo.io.geotiff import open_geotiff
from geo.io.terrain_tiles import open_tile

__all__ = ["check_file", "clean_words", "looks_like", "spoken_answer"]

_CHUNK = 1 << 20
_STARTS = {
    "geotiff": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "zip": (b"PK\x03\x04",),
    "gzip": (b"\x1f\x8b\x08",),
    "parquet": (b"PAR1",),
}
_DTYPES = ("uint8", "int8", "int16", "int32", "uint16", "uint32", "float32", "float64")
_TITLE = re.compile(r"<(title|message)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_SHOWN = 120


def looks_like(start: bytes, kind: str) -> bool:
    """Tell whether a file may be of a kind by its first bytes; too few of them may still be."""
    return any(start.startswith(s) or (len(start) < len(s) and s.startswith(start)) for s in _STARTS[kind])


def spoken_answer(start: bytes) -> str:
    """Return what a text that came in place of data says: a page's title, an error's message, else ""."""
    text = start.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        try:
            content = json.loads(text)
        except ValueError:
            return clean_words(text)
        for name in ("message", "error", "detail"):
            if isinstance(content, dict) and isinstance(content.get(name), str):
                return clean_words(content[name])
        return clean_words(text)
    if text.startswith("<"):
        found = _TITLE.search(text)
        return clean_words(re.sub(r"<[^>]*>", " ", found[2])) if found else ""
    printable = sum(c.isprintable() or c.isspace() for c in text)
    return clean_words(text) if text and "\ufffd" not in text and printable == len(text) else ""


def clean_words(text: str) -> str:
    """Return a stranger's text on one short line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def check_file(path: Path, *, kind: str, label: str, columns: Sequence[str] = (), blocks: int = 64) -> None:
    """Check that a file is whole and of its kind.

    Parameters
    ----------
    path : Path
    kind : str
        ``geotiff`` (opens with its one driver, has a CRS, every block lies in the file, samples of them decode), ``zip`` (every member's
        checksum), ``gzip`` (its checksums), ``parquet`` (footer, columns), ``hgt`` (name and size), ``csv`` (header, columns), ``other``.
    label : str
        Name shown to people.
    columns : sequence of str
        Headers that must be there.
    blocks : int
        Blocks of a raster that are decoded.

    Raises
    ------
    InputError
        If it is not.
    """
    if kind == "geotiff":
        _check_geotiff(path, label, blocks)
    elif kind == "zip":
        _check_zip(path, label)
    elif kind == "gzip":
        _check_gzip(path, label)
    elif kind == "parquet":
        _check_parquet(path, label, columns)
    elif kind == "hgt":
        open_tile(path, label, None)
    elif kind == "csv":
        _check_csv(path, label, columns)
    if path.stat().st_size == 0:
        raise InputError(f"'{label}' rỗng (0 byte).", f"'{label}' is empty (0 bytes).")


def _check_geotiff(path: Path, label: str, blocks: int) -> None:
    open_geotiff(path, label=label, dtypes=_DTYPES)  # opens, has a CRS and a place; the driver is named
    size = path.stat().st_size
    damaged = InputError(
        f"'{label}' là GeoTIFF bị cắt cụt hoặc hỏng: dữ liệu ảnh không đủ.",
        f"'{label}' is a GeoTIFF cut short or damaged: part of its cells is missing.",
    )
    with warnings.catch_warnings(), rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED=False):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with rasterio.open(path.absolute(), driver="GTiff") as dataset:
                windows = [(place, window) for place, window in dataset.block_windows(1)]
                for (row, column), _ in windows:
                    offset = dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=1)
                    length = dataset.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=1)
                    if offset is not None and int(offset) + int(length or 0) > size:
                        raise damaged
                step = max(1, len(windows) // max(1, blocks))
                for _, window in [*windows[::step], windows[-1]]:
                    dataset.read(1, window=Window(window.col_off, window.row_off, window.width, window.height))
        except (RasterioError, MemoryError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise damaged from error


def _check_zip(path: Path, label: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if not archive.infolist():
                raise InputError(f"'{label}' là tệp nén trống.", f"'{label}' is an empty archive.")
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(
            f"'{label}' không phải tệp nén .zip nguyên vẹn.", f"'{label}' is not a whole .zip archive."
        ) from error


def _check_gzip(path: Path, label: str) -> None:
    """Read the start only: unpacking reads it whole and checks its sums."""
    try:
        with gzip.open(path, "rb") as stream:
            stream.read(_CHUNK)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"'{label}' không phải tệp nén .gz nguyên vẹn.", f"'{label}' is not a whole .gz file."
        ) from error


def _check_parquet(path: Path, label: str, columns: Sequence[str]) -> None:
    try:
        names = pq.read_schema(path).names  # its footer is its end: a file cut short has none
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"'{label}' không phải tệp Parquet nguyên vẹn.", f"'{label}' is not a whole Parquet file."
        ) from error
    _require(names, columns, label)


def _check_csv(path: Path, label: str, columns: Sequence[str]) -> None:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"'{label}' không phải bảng CSV.", f"'{label}' is no CSV table.") from error
    _require(header, columns, label)


def _require(names: Sequence[str], columns: Sequence[str], label: str) -> None:
    missing = [column for column in columns if column not in names]
    if missing:
        found = clean_words(", ".join(names))
        raise InputError(
            f"'{label}' thiếu cột {', '.join(missing)}; các cột: {found}.",
            f"'{label}' lacks column {', '.join(missing)}; it has: {found}.",
        )
