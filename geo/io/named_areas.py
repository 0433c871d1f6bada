"""What rows say about where they are: communes and provinces held against the coordinates.

Names are evidence, never keys: a row whose commune says another place keeps its coordinates, and it is said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo.areas import AreaIndex, AreaMeant
from geo.former_areas import Matched
from geo.io.tables import Table
from geo.validation import AreaRecord, IssueLog

__all__ = ["areas_meant", "communes_meant", "state_former_areas", "state_named_areas"]


def communes_meant(rows: pd.DataFrame, area: AreaIndex, provinces: Sequence[str]) -> list[frozenset[int]]:
    """Return, row by row, the communes that code or name may mean; empty where none is named or known."""
    return [m.units for m in areas_meant(rows, area, provinces)]


def areas_meant(rows: pd.DataFrame, area: AreaIndex, provinces: Sequence[str]) -> list[AreaMeant]:
    """Return, row by row, what code or name may mean, and by which former communes."""
    blank = pd.Series("", index=rows.index)
    columns = [rows[n] if n in rows.columns else blank for n in ("commune_code", "commune_name", "district_name")]
    former_codes = area.has_former_codes(columns[0].unique())
    memory: dict[tuple[object, ...], AreaMeant] = {}
    out = []
    for key in zip(*columns, strict=True):
        if key not in memory:
            memory[key] = area.meant(key[0], key[1], provinces, key[2], former_codes=former_codes)
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
        meant = areas_meant(rows, area, provinces)
        _state_communes(table, rows, area, [m.units for m in meant], located, log)
        state_former_areas(table, rows, area, meant, located, log)
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


def state_former_areas(
    table: Table, rows: pd.DataFrame, area: AreaIndex, meant: Sequence[AreaMeant], located: np.ndarray, log: IssueLog
) -> None:
    """State rows that name a commune from before 01/07/2025, and keep what each was matched with for the report's sheet."""
    if area.former is None:
        return
    blank = pd.Series("", index=rows.index)
    names = ("commune_code", "commune_name", "district_name")
    code, name, district = (rows[n].fillna("").astype(str) if n in rows.columns else blank for n in names)
    groups: dict[tuple[str, str, str], list[int]] = {}
    for i, key in enumerate(zip(code, name, district, strict=True)):
        if meant[i].match.places or (meant[i].near and int(located[i]) not in meant[i].units):
            groups.setdefault(key, []).append(i)
    said: dict[str, list[tuple[int, str]]] = {}
    for key, places in groups.items():
        found = meant[places[0]]
        came = ", ".join(t for t in key if t)
        former = tuple(area.former.label(p) for p in found.match.places)
        near = tuple(area.former.label(p) for p in found.near)
        today = tuple(f"{area.names[u]} ({area.codes[u]})" for u in sorted(found.units))
        for i in places:
            where = int(located[i])
            # A point settles which of several it is; without one the row stays undecided.
            settled = where in found.units
            kind = "former_area_one" if len(found.units) == 1 else "former_area_settled" if settled else "former_area_several"
            if found.match.how is Matched.SPELLING and not settled:
                kind = "former_area_spelling"
            named = f"{area.names[where]} ({area.codes[where]})" if settled else "; ".join(today)
            if found.match.places:
                said.setdefault(kind, []).append((int(rows.index[i]), f"{came} → {named}"))
            if near and not settled:
                said.setdefault("former_area_accents", []).append((int(rows.index[i]), f"{came} → {named} (≠ {'; '.join(near)})"))
        numbers = tuple(int(rows.index[i]) for i in places)
        log.areas.append(AreaRecord(table.source, numbers, came, found.match.how.value if former else Matched.NAME.value, former, today, near))
    column = table.header("commune_name" if "commune_name" in rows.columns else "commune_code")
    for kind, found_rows in said.items():
        log.add(kind, table.source, rows=[r for r, _ in found_rows], column=column, came=[t for _, t in found_rows],
                fields={"count": len(found_rows)})  # fmt: skip
