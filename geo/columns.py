"""Whole text columns at once, through Arrow, where every cell is as plain as a program writes it.

Each function answers for the column as a whole or says None; the careful reading, cell by cell, is
in :mod:`geo.values` and must give the same answer. Only speed is gained here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["distinct_rows", "pick_texts", "plain_integers", "plain_numbers", "plain_texts", "plain_times"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

# How programs write moments, as ISO 8601 with what is to be rearranged.
_MOMENTS = (
    (r"^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})$", r"\1 \2"),
    (r"^(\d{2})/(\d{2})/(\d{4}) (\d{2}:\d{2}:\d{2})$", r"\3-\2-\1 \4"),
    (r"^(\d{4})\.(\d{2})\.(\d{2})_(\d{2})\.(\d{2})\.(\d{2})$", r"\1-\2-\3 \4:\5:\6"),
)
_PLAIN_TEXT = r"^[!-~]+(?: [!-~]+)*$"


def _arrow(cells: pd.Series) -> pa.Array | None:
    """Return a text column as Arrow, None for other columns."""
    if not isinstance(cells.dtype, pd.StringDtype):
        return None
    array = pa.array(cells.array, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def plain_numbers(cells: pd.Series) -> FloatArray | None:
    """Return the numbers of a text column that holds nothing but decimal numbers with points.

    Missing cells are NaN. None where a single cell is anything else.
    """
    array = _arrow(cells)
    if array is None:
        return None
    try:
        numbers = pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        return None
    values: FloatArray = numbers.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    known = values if array.null_count == 0 else values[~np.isnan(values)]
    if len(known) != len(array) - array.null_count or not np.isfinite(known).all():
        return None  # "nan" and "inf" are words
    return values


def plain_integers(cells: pd.Series) -> FloatArray | None:
    """Return the whole numbers of a text column that holds nothing else, as float with NaN for missing cells."""
    array = _arrow(cells)
    if array is None or pc.any(pc.match_substring(array, "x", ignore_case=True)).as_py():
        return None  # Arrow reads 0x10
    try:
        numbers = pc.cast(array, pa.int64())
    except pa.ArrowInvalid:
        return None
    values: FloatArray = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def plain_texts(texts: pd.Series) -> BoolArray | None:
    """Return which texts are printable ASCII with single spaces inside only; None for columns of no text."""
    array = _arrow(texts)
    if array is None:
        return None
    plain = pc.fill_null(pc.match_substring_regex(array, _PLAIN_TEXT), False)
    return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=bool)


def plain_times(cells: pd.Series) -> pd.Series | None:
    """Return the moments of a text column that is all of one usual form, to the second.

    Forms: ``2026-09-01 08:00:00`` (or with T), ``01/09/2026 08:00:00`` (day first),
    ``2026.09.01_08.00.00``. None where a single cell is anything else.
    """
    array = _arrow(cells)
    if array is None or len(array) == array.null_count:
        return None
    first = pc.drop_null(array)[0].as_py()
    for pattern, iso in _MOMENTS:
        if not pc.match_substring_regex(pa.array([first]), pattern)[0].as_py():
            continue
        matching = pc.match_substring_regex(array, pattern)
        if not pc.all(matching, skip_nulls=True).as_py():
            return None
        written = array if iso == r"\1 \2" else pc.replace_substring_regex(array, pattern, iso)
        try:
            stamps = pc.cast(written, pa.timestamp("s"))
        except pa.ArrowInvalid:  # 2026-02-30
            return None
        moments = stamps.to_numpy(zero_copy_only=False).astype("datetime64[ns]")
        inside = (moments.astype("datetime64[s]") == stamps.to_numpy(zero_copy_only=False)) | np.isnat(moments)
        return pd.Series(moments, index=cells.index) if inside.all() else None
    return None


def pick_texts(texts: Sequence[object] | npt.NDArray[np.object_], codes: npt.NDArray[np.integer], index: pd.Index) -> pd.Series:
    """Return a text column picked from a few texts by number; -1 picks the empty text."""
    table = pa.array([*texts, ""], pa.string())
    last = len(table) - 1
    if len(codes) and (codes == codes[0]).all():
        picked = pa.repeat(table[int(codes[0]) if codes[0] >= 0 else last], len(codes))
    else:
        picked = table.take(pa.array(np.where(codes < 0, last, codes)))
    array = pd.StringDtype(na_value=np.nan).__from_arrow__(picked)  # type: ignore[attr-defined]
    return pd.Series(array, index=index)


def distinct_rows(columns: Sequence[pd.Series | npt.NDArray[np.generic]], count: int) -> tuple[IntArray, IntArray]:
    """Return for each row the number of its distinct combination, and the first row of each combination.

    Parameters
    ----------
    columns : sequence of (n,) Series or array
        Missing values equal each other.
    count : int
        n, for the case of no columns.
    """
    combined = np.zeros(count, dtype=np.int64)
    kinds = 1
    for column in columns:
        codes, width = _numbered(column)
        if kinds * width > 2**62:
            combined, _ = pd.factorize(combined)
            kinds = int(combined.max(initial=0)) + 1
        combined = combined * width + codes
        kinds *= width
    numbers, values = pd.factorize(combined)
    first = np.zeros(len(values), dtype=np.int64)
    first[numbers[::-1]] = np.arange(count - 1, -1, -1, dtype=np.int64)  # the last written is the first row
    return numbers.astype(np.int64), first


def _numbered(column: pd.Series | npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.integer], int]:
    """Return numbers from 0 that stand for a column's distinct values, and one more than the highest."""
    if isinstance(column, np.ndarray) and column.dtype in (np.dtype(bool), np.dtype(np.int8)):
        values = np.asarray(column).view(np.int8)
        if values.min(initial=0) >= 0:
            return values, int(values.max(initial=0)) + 1
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    return codes + 1, len(uniques) + 1
