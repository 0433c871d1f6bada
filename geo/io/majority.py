"""Class numbers of raster values, the most frequent class of a node's own cell.

Jitted arithmetic on plain arrays; nothing here checks its input.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["count_kernel", "look_up_kernel", "majority_even_kernel", "majority_kernel"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_U8 = npt.NDArray[np.uint8]


@njit(cache=True, nogil=True, error_model="numpy")
def count_kernel(values: _F64, first: int, counts: _I64) -> None:
    """Add how often each whole number ``first + k`` occurs to ``counts[k]``; NaN does not count.

    Parameters
    ----------
    values : (h, w) float64 array
        Whole numbers from ``first`` to ``first + len(counts) - 1``, or NaN.
    counts : (n,) int64 array
    """
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value = values[i, j]
            if value == value:
                counts[int(value) - first] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def look_up_kernel(values: _F64, table: _U8, out: _U8) -> None:
    """Put ``table[value]`` into ``out``; 0 for NaN and for what is no whole number from 0 to 255.

    Parameters
    ----------
    values : (h, w) float64 array
    table : (256,) uint8 array
    out : (h, w) uint8 array
    """
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value = values[i, j]
            code = np.uint8(0)
            if value >= 0.0 and value <= 255.0 and value == np.floor(value):  # false for NaN
                code = table[int(value)]
            out[i, j] = code


@njit(cache=True, nogil=True, error_model="numpy")
def majority_kernel(
    classes: _U8,
    top: int,
    left: int,
    control_row: _F64,
    control_column: _F64,
    spacing: int,
    first_row: int,
    first_column: int,
    parts: int,
    kinds: int,
    out: _U8,
) -> None:
    """Fill ``out`` where it is 0 with the most frequent class among parts × parts points of each node's cell.

    Parameters
    ----------
    classes : (h, w) uint8 array
        Class numbers 1 to ``kinds - 1``, 0 unknown: a part of the raster that starts at (top, left).
    control_row, control_column : (p, q) float64 arrays
        Fractional position in the whole raster of the lattice's every ``spacing``-th cell corner.
    first_row, first_column : int
        Nodes from the first control point to ``out[0, 0]``.
    out : (rows, columns) uint8 array
        Class numbers; ties go to the lower one.
    """
    rows, columns = out.shape
    height, width = classes.shape
    counts = np.zeros(kinds, dtype=np.int64)
    share = 1.0 / (parts * spacing)
    nudge = 1e-6  # a point on an edge belongs to the next cell, whatever the last digits say
    for i in range(rows):
        block_row = (first_row + i) // spacing
        part_row = ((first_row + i) - block_row * spacing) * parts
        for j in range(columns):
            if out[i, j] != 0:
                continue
            block_column = (first_column + j) // spacing
            part_column = ((first_column + j) - block_column * spacing) * parts
            r00, r01 = control_row[block_row, block_column], control_row[block_row, block_column + 1]
            r10, r11 = control_row[block_row + 1, block_column], control_row[block_row + 1, block_column + 1]
            c00, c01 = control_column[block_row, block_column], control_column[block_row, block_column + 1]
            c10, c11 = control_column[block_row + 1, block_column], control_column[block_row + 1, block_column + 1]
            counts[:] = 0
            for a in range(parts):
                down = (part_row + a + 0.5) * share
                row_left, row_right = r00 + down * (r10 - r00), r01 + down * (r11 - r01)
                column_left, column_right = c00 + down * (c10 - c00), c01 + down * (c11 - c01)
                for b in range(parts):
                    along = (part_column + b + 0.5) * share
                    y = row_left + along * (row_right - row_left)
                    x = column_left + along * (column_right - column_left)
                    r = np.floor(y + nudge) - top
                    c = np.floor(x + nudge) - left
                    if r >= 0 and r < height and c >= 0 and c < width:  # false for NaN
                        counts[classes[int(r), int(c)]] += 1
            best = 0
            for k in range(1, kinds):
                if counts[k] > 0 and (best == 0 or counts[k] > counts[best]):
                    best = k
            out[i, j] = best


@njit(cache=True, nogil=True, error_model="numpy")
def _runs_kernel(index: _I64, places: _I64, weights: _I64, runs: _I64) -> None:
    """Put equal neighbours of each row of ``index`` together: places, how often, how many; negative ones left out."""
    count, parts = index.shape
    for i in range(count):
        last = -1
        n = 0
        for a in range(parts):
            place = index[i, a]
            if place < 0:
                continue
            if n > 0 and place == last:
                weights[i, n - 1] += 1
            else:
                places[i, n] = place
                weights[i, n] = 1
                n += 1
            last = place
        runs[i] = n


@njit(cache=True, nogil=True, error_model="numpy")
def majority_even_kernel(classes: _U8, row_index: _I64, column_index: _I64, kinds: int, out: _U8) -> None:
    """Do what :func:`majority_kernel` does where the raster's rows and columns run along the lattice's.

    Parameters
    ----------
    classes : (h, w) uint8 array
        Class numbers, 0 unknown.
    row_index : (rows, parts) int64 array
        Row of ``classes`` under each of a node's points, -1 outside.
    column_index : (columns, parts) int64 array
        The same for columns.
    out : (rows, columns) uint8 array
        Filled where it is 0.
    """
    rows, columns = out.shape
    row_places, row_weights = np.zeros_like(row_index), np.zeros_like(row_index)
    column_places, column_weights = np.zeros_like(column_index), np.zeros_like(column_index)
    row_runs, column_runs = np.zeros(rows, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    _runs_kernel(row_index, row_places, row_weights, row_runs)
    _runs_kernel(column_index, column_places, column_weights, column_runs)
    counts = np.zeros(kinds, dtype=np.int64)
    for i in range(rows):
        for j in range(columns):
            if out[i, j] != 0:
                continue
            counts[:] = 0
            for a in range(row_runs[i]):
                row, weight = row_places[i, a], row_weights[i, a]
                for b in range(column_runs[j]):
                    counts[classes[row, column_places[j, b]]] += weight * column_weights[j, b]
            best = 0
            for k in range(1, kinds):
                if counts[k] > 0 and (best == 0 or counts[k] > counts[best]):
                    best = k
            out[i, j] = best
