"""Tiles of the Bing Maps tile system by their quadkey: one digit 0..3 a zoom level, from the world down.

Source: Microsoft, "Bing Maps Tile System"; Ookla's open data name their tiles by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

__all__ = ["quadkey_bounds", "quadkey_tiles"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_FIRST, _LAST = ord("0"), ord("3")


def quadkey_tiles(keys: pd.Series, zoom: int) -> tuple[IntArray, IntArray, BoolArray]:
    """Return column and row of the tiles that quadkeys name, and which keys are of that zoom level.

    Parameters
    ----------
    keys : (n,) Series
        Texts; anything but ``zoom`` digits 0..3 is no quadkey of the level.
    zoom : int
        1 to 31.

    Returns
    -------
    column, row : (n,) int64
        From the west and from the north; 0 where ``good`` is False.
    good : (n,) bool
    """
    texts = pa.array(keys.astype(object).where(keys.notna(), ""), pa.string()).cast(pa.binary())
    lengths = np.diff(np.frombuffer(texts.buffers()[1], dtype=np.int32)[: len(texts) + 1])
    good: BoolArray = lengths == zoom
    column, row = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
    if not good.any():
        return column, row, good
    digits = np.frombuffer(b"".join(texts.filter(pa.array(good)).to_pylist()), dtype=np.uint8).reshape(-1, zoom)
    valid = ((digits >= _FIRST) & (digits <= _LAST)).all(axis=1)
    good[good] = valid
    bits = (digits[valid] - _FIRST).astype(np.int64)
    places = np.int64(1) << np.arange(zoom - 1, -1, -1, dtype=np.int64)
    column[good], row[good] = (bits & 1) @ places, (bits >> 1) @ places
    return column, row, good


def quadkey_bounds(column: IntArray, row: IntArray, zoom: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return west, south, east and north of tiles in degrees (EPSG:4326).

    On the sphere of spherical Mercator: latitude = atan(sinh(pi (1 - 2 row / 2^zoom))).
    """
    count = float(1 << zoom)

    def latitude(line: IntArray) -> FloatArray:
        return np.asarray(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * line / count)))))

    return column / count * 360 - 180, latitude(row + 1), (column + 1) / count * 360 - 180, latitude(row)
