"""What rows say about where they are: communes and provinces held against the coordinates.

Names are evidence, never keys: a row whose commune says another place keeps its coordinates, and it is said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo.areas import AreaIndex
from geo.io.tables import Table
from geo.validation import IssueLog

__all__ = ["communes_meant", "state_named_areas"]


def communes_meant(rows: pd.DataFrame, area: AreaIndex, provinces: Sequence[str]) -> list[frozenset[int]]:
    """Return, row by row, the communes that code or name may mean; empty where none is named or known."""
    codes = rows["commune_code"] if "commune_code" in rows.columns else pd.Series("", index=rows.index)
    names = rows["commune_name"] if "commune_name" in rows.columns else pd.Series("", index=rows.index)
    memory: dict[tuple[object, object], frozenset[int]] = {}
    out = []
    for key in zip(codes, names, strict=True):
        if key not in memory:
            memory[key] = area.communes_meant(key[0], key[1], provinces)
        out.append(memory[key])
    return out


def state_named_areas(
    table: Table, rows: pd.DataFrame, area: AreaIndex, provinces: Sequence[str], log: IssueLog
) -> None:
    """State rows whose commune is another than their coordinates', or is none of the boundaries'; provinces likewise.

    Parameters
    ----------
    table : Table
    rows : DataFrame
        With ``lon`` and ``lat`` (EPSG:4326) and the columns that name areas, index = row number in the file.
    area : AreaIndex
    provinces : sequence of str
        Provinces of the project; empty: all of ``area``.
    log : IssueLog
    """
    named = {"commune_code", "commune_name", "province_code", "province_name"} & set(rows.columns)
    if not named or rows.empty:
        return
    located = area.locate(rows["lon"], rows["lat"])
    if {"commune_code", "commune_name"} & named:
        _state_communes(table, rows, area, communes_meant(rows, area, provinces), located, log)
    field = "province_name" if "province_name" in named else "province_code"
    if field in named:
        texts = rows[field].fillna("").astype(str)
        known = texts.map({n: bool(area.province_meant(n)) for n in texts.unique()}).to_numpy(dtype=bool)
        bad = (located >= 0) & ~known & (texts != "").to_numpy(dtype=bool)
        if bad.any():
            log.add("province_not_found", table.source, rows=rows.index[bad], column=table.header(field),
                    came=list(texts[bad]))


def _state_communes(
    table: Table,
    rows: pd.DataFrame,
    area: AreaIndex,
    meant: list[frozenset[int]],
    located: np.ndarray,
    log: IssueLog,
) -> None:
    field = "commune_name" if "commune_name" in rows.columns else "commune_code"
    texts = rows[field].fillna("").astype(str)
    bad = np.array([bool(m) and int(w) not in m for m, w in zip(meant, located, strict=True)], dtype=bool)
    if bad.any():
        names = [area.names[w] if w >= 0 else "—" for w in located[bad]]
        came = [f"{text} → {name}" for text, name in zip(texts[bad], names, strict=True)]
        log.add("commune_mismatch", table.source, rows=rows.index[bad], column=table.header(field), came=came)
    # A border site may name a commune beyond the boundaries: only rows inside are judged.
    lost = np.array([not m for m in meant], dtype=bool) & (located >= 0) & (texts != "").to_numpy(dtype=bool)
    if lost.any():
        log.add("commune_not_found", table.source, rows=rows.index[lost], column=table.header(field),
                came=list(texts[lost]))
