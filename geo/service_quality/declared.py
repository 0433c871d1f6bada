"""What operators declare, sample by sample: the value in force on its day, of its commune, else of its province, else for everywhere.

Of one area the declaration that began last; of those of one day the one that names the technology and the access before one for any. Where
those of one day differ nobody can tell which holds: there is none. The order of rows says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.service_quality.samples import DECLARATION_COLUMNS

__all__ = ["declared_values"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]


def declared_values(
    declarations: pd.DataFrame,
    column: str,
    *,
    operator: str,
    technology: str,
    access: str,
    day: _I64,
    places: Mapping[str, tuple[_I64, Sequence[str]]],
) -> _F64:
    """Return the declared value that each sample is held against; NaN where none was declared.

    Parameters
    ----------
    declarations : DataFrame
        :data:`~geo.service_quality.samples.DECLARATION_COLUMNS`.
    column : str
        ``vd_mbps``, ``vu_mbps`` or ``vdmin_mbps``.
    operator, technology, access : str
        Of the samples; a declaration without a technology or access is for any.
    day : (n,) int64 array
        Of each sample, since 1970.
    places : mapping of str to (areas, codes)
        By level, the wider one first: each sample's area, and the areas' codes. What is declared for no area holds
        everywhere; for an area of the operator's own numbering nowhere, since nobody can tell where it is.

    Raises
    ------
    InputError
        If a column is missing.
    """
    missing = [name for name in DECLARATION_COLUMNS if name not in declarations.columns]
    if missing:
        raise InputError(f"Bảng công bố thiếu cột: {', '.join(missing)}.", f"Declarations lack columns: {', '.join(missing)}.")
    out = np.full(len(day), np.nan)
    own = declarations[
        (declarations["operator"].astype("str") == operator)
        & declarations["technology"].astype("str").isin([technology, ""])
        & declarations["access"].astype("str").isin([access, ""])
    ]
    if own.empty:
        return out
    value = pd.to_numeric(own[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    begins = pd.to_datetime(own["valid_from"], errors="coerce").to_numpy(dtype="datetime64[D]")
    begin = np.where(np.isnat(begins), np.iinfo(np.int64).min, begins.astype(np.int64))
    codes = own["service_area_code"].astype("str").fillna("").to_numpy(dtype=object)
    named = (own["technology"].astype("str") != "").to_numpy(dtype=np.int64) * 2 + (own["access"].astype("str") != "").to_numpy(dtype=np.int64)
    everywhere = (np.zeros(len(day), dtype=np.int64), ("",))
    for area, listed in (everywhere, *places.values()):
        number = {code: i for i, code in enumerate(listed)}
        of = np.array([number.get(code, -1) for code in codes], dtype=np.int64)
        usable = (of >= 0) & np.isfinite(value)
        order = np.flatnonzero(usable)[np.lexsort((named[usable], begin[usable], of[usable]))]
        if not order.size:
            continue
        holds = _undisputed(np.column_stack([of, begin, named])[order], value[order])
        # The last declaration of the area that begins on the sample's day or before.
        keys = _keys(of[order], begin[order])
        at = np.searchsorted(keys, _keys(area, day), side="right") - 1
        found = (at >= 0) & (area >= 0)
        found[found] = of[order][at[found]] == area[found]
        out[found] = holds[at[found]]
    return out


def _undisputed(sorted_keys: _I64, value: _F64) -> _F64:
    """Return the values, NaN where another declaration of the same area, day and kind has a different one."""
    begins = np.r_[True, (sorted_keys[1:] != sorted_keys[:-1]).any(axis=1)]
    group = np.cumsum(begins) - 1
    low, high = np.full(group[-1] + 1, np.inf), np.full(group[-1] + 1, -np.inf)
    np.minimum.at(low, group, value)
    np.maximum.at(high, group, value)
    return np.where((low == high)[group], value, np.nan)


def _keys(area: _I64, day: _I64) -> npt.NDArray[np.float64]:
    """Return numbers that sort by area, then by day."""
    return np.asarray(area * 1e7 + np.clip(day, -1_000_000, 1_000_000), dtype=np.float64)
