"""Marks that say "as above" in a cell: ", 〃, nt, như trên."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from geo.io.raw import RawTable
from geo.schemas import FieldType, Schema
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["fill_ditto"]

_MARKS = ('"', "''", "“", "”", "″", "〃", '-"-', "- \" -", "''-''", "-''-", ' " ', '" ', ' "')
_WORDS = ("nt", "n.t", "n.t.", "nt.", "-nt-", "- nt -", "như trên", "Như trên", "NHƯ TRÊN", "-như trên-", "nhu tren", "Nhu tren", "(như trên)", "như trên.", "ditto", "Ditto", "as above")
#: Of codes "nt" may be the beginning of one.
_IN_CODES = frozenset((*_MARKS, "như trên", "Như trên", "NHƯ TRÊN", "ditto", "as above"))


def fill_ditto(raw: RawTable, columns: Mapping[str, int], schema: Schema, log: IssueLog) -> RawTable:
    """Return a table whose marks for "as above" have the value of the row above them, which is stated.

    Below a blank cell, and in the first row, such a mark stays what it is.
    """
    cells = raw.cells
    changed: dict[int, pd.Series] = {}
    for name, place in columns.items():
        column = cells[place]
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        marks = _IN_CODES if schema.fields[name].type is FieldType.CODE else frozenset((*_MARKS, *_WORDS))
        at = np.flatnonzero(column.isin(marks).to_numpy(dtype=bool))
        if not len(at):
            continue
        values, filled = column.astype(object).to_numpy(copy=True), []
        blank = is_blank(column.astype(object))
        for i in at:
            if i and not blank[i - 1] and (i - 1 not in at or i - 1 in filled):
                values[i] = values[i - 1]
                filled.append(int(i))
        if filled:
            changed[place] = pd.Series(values, index=column.index, dtype=object)
            log.add("cells_ditto", raw.source, rows=column.index[filled], column=raw.headers[place], came=None if schema.fields[name].private else [str(v) for v in values[filled]])
    if not changed:
        return raw
    cells = cells.copy()
    for place, column in changed.items():
        cells[place] = column
    return replace(raw, cells=cells)
