"""Result rasters: Cloud-Optimised GeoTIFFs on the run's grid, and the arrays of unfinished pieces.

Float layers have NaN as nodata, numbers of radio cells (int32) -1; state layers are uint8 codes with a colour table and no nodata value
(0 = outside and 6 = unknown are classes of their own). The same content gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster

from geo.crs import parse_crs
from geo.errors import GridMismatchError, InputError
from geo.grid import Grid
from geo.io.files import replacing
from geo.io.geotiff import open_geotiff, require_file
from geo.io.resources import load_toml

__all__ = ["ResultRaster", "read_array", "read_raster", "state_colours", "write_array", "write_raster", "write_stack"]

_BLOCK = 256


@dataclass(frozen=True, slots=True)
class ResultRaster:
    """A layer read back.

    Attributes
    ----------
    values : (rows, columns) float32, uint8 or int32 array
        Float layers: NaN = no data.
    grid : Grid
    """

    values: npt.NDArray[Any]
    grid: Grid


def write_raster(
    path: Path,
    values: npt.NDArray[Any],
    grid: Grid,
    *,
    colours: Mapping[int, tuple[int, int, int, int]] | None = None,
    unit: str = "",
    meanings: Mapping[int, str] | None = None,
    overviews: Literal["average", "mode", "nearest"] | None = None,
) -> None:
    """Write a layer as a Cloud-Optimised GeoTIFF, at once.

    Parameters
    ----------
    path : Path
        Ends in ``.tif``.
    values : (rows, columns) array
        Floats are stored as float32 with nodata NaN, uint8 codes as they are, int32 numbers with nodata -1.
    grid : Grid
    colours : mapping, optional
        Code to (red, green, blue, alpha) for uint8 layers; by default those of the map for codes of states, which are the
        ones whose meanings are given.
    unit : str
        Unit of the values (``"dBm"``).
    meanings : mapping, optional
        Code to words for uint8 layers; stored as the file's tags ``CODE_0``, ``CODE_1`` ...
    overviews : str, optional
        How smaller copies are made; by default averages of floats, the most frequent of codes and numbers.

    Raises
    ------
    GridMismatchError
        If the array does not have the grid's shape.
    ValueError
        If the values are neither floats nor uint8 nor int32.
    """
    if values.shape != grid.shape:
        raise GridMismatchError(
            f"Mảng {values.shape} không khớp lưới {grid.shape}.", f"Array {values.shape} does not fit grid {grid.shape}."
        )
    codes, numbers = values.dtype == np.uint8, values.dtype == np.int32
    if not codes and not numbers and not np.issubdtype(values.dtype, np.floating):
        raise ValueError(f"layers are float, uint8 or int32, not {values.dtype}")
    stored = np.ascontiguousarray(values if codes or numbers else values.astype(np.float32, copy=False))
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "height": grid.rows,
        "width": grid.columns,
        "count": 1,
        "dtype": stored.dtype.name,
        "crs": f"EPSG:{grid.epsg}",
        "transform": grid.transform,
    }
    if not codes:
        profile["nodata"] = -1 if numbers else float("nan")
    with (
        replacing(path) as temporary,
        rasterio.Env(GDAL_NUM_THREADS=1, GDAL_PAM_ENABLED=False),
        MemoryFile() as memory,
    ):
        with memory.open(**profile) as target:
            target.write(stored, 1)
            if unit:
                target.units = (unit,)
            shown = colours if colours is not None or not meanings else state_colours()
            if shown and codes:
                target.write_colormap(1, dict(sorted(shown.items())))
            if meanings and codes:
                target.update_tags(**{f"CODE_{code}": words for code, words in sorted(meanings.items())})
        with memory.open(driver="GTiff") as source:
            copy_raster(
                source,
                temporary,
                driver="COG",
                compress="DEFLATE",
                level="6",
                blocksize=str(_BLOCK),
                bigtiff="IF_SAFER",
                num_threads="1",
                overview_resampling=overviews or ("mode" if codes or numbers else "average"),
            )


@lru_cache(maxsize=1)
def state_colours() -> Mapping[int, tuple[int, int, int, int]]:
    """Return the map's colour of each state's code, red, green, blue and alpha; outside is white, since TIFF's tables have no alpha."""
    states = {int(code): str(entry["colour"]) for code, entry in load_toml("palette.toml")["states"].items()}
    return MappingProxyType({0: (255, 255, 255, 255), **{code: (int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16), 255) for code, c in states.items()}})


def read_raster(path: Path, *, label: str = "") -> ResultRaster:
    """Read a layer that :func:`write_raster` wrote.

    Raises
    ------
    MissingInputError, InputError
        If the file is absent, unreadable, or not a square-celled raster in an EPSG system.
    """
    name = label or path.name
    header = open_geotiff(path, label=name, dtypes=("float32", "uint8", "int32"))
    epsg = parse_crs(header.crs).to_epsg()
    size = header.transform.a
    if epsg is None or abs(size + header.transform.e) > 1e-9 * size:
        raise InputError(f"'{name}' không phải lớp kết quả.", f"'{name}' is not a result layer.")
    try:
        with rasterio.open(path.absolute(), driver="GTiff") as source:
            values = source.read(1)
    except RasterioError as error:
        raise InputError(f"Không đọc được '{name}' (tệp hỏng).", f"Cannot read '{name}' (damaged).") from error
    grid = Grid(int(epsg), header.transform.c, header.transform.f, size, header.rows, header.columns)
    return ResultRaster(values, grid)


def write_array(path: Path, values: npt.NDArray[Any]) -> None:
    """Write an array of a piece of work (``.npy``), at once."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.ascontiguousarray(values), allow_pickle=False)


def write_stack(path: Path, layers: Iterable[npt.NDArray[Any]], count: int) -> None:
    """Write arrays of one shape and type as one ``.npy`` of ``count`` layers, at once, holding one at a time.

    Raises
    ------
    ValueError
        If there are none, or more or fewer than ``count``, or their shapes or types differ.
    """
    first: npt.NDArray[Any] | None = None
    written = 0
    with replacing(path) as temporary, temporary.open("wb") as stream:
        for layer in layers:
            if first is None:
                first = layer[:0]
                shape = (count, *layer.shape)
                header = {"descr": np.lib.format.dtype_to_descr(layer.dtype), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(stream, header)
            if (count, *layer.shape) != shape or layer.dtype != first.dtype:
                raise ValueError("layers of a stack share one shape and type")
            stream.write(np.ascontiguousarray(layer).data)
            written += 1
        if first is None or written != count:
            raise ValueError(f"{written} layers instead of {count}")


def read_array(path: Path, *, mapped: bool = False) -> npt.NDArray[Any]:
    """Read an array that :func:`write_array` or :func:`write_stack` wrote.

    Parameters
    ----------
    path : Path
    mapped : bool
        Leave it on disk and read what is looked at; it cannot be written to.

    Raises
    ------
    MissingInputError, InputError
        If the file is absent or not such an array.
    """
    require_file(path)
    try:
        if mapped:
            found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return found
        with path.open("rb") as stream:
            values: npt.NDArray[Any] = np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"Không đọc được '{path.name}' (tệp hỏng).", f"Cannot read '{path.name}' (damaged).") from error
    return values
